//! `surface-driver`: does with the surface of `kortti-desktop` what comes on its standard input, a JSON object per
//! line, and writes what it hears from it, a line each.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use desktop::action::{Action, Panel};
use desktop::notices::{Notice, Urgency};
use desktop::surface::{self, Heard, Surface, Wanted};
use desktop::tray::{Face, Item, TrayState};
use serde_json::Value;

fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::DEBUG)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
    let lines = BufReader::new(std::io::stdin()).lines().map_while(Result::ok);
    let mut commands = lines.map(|line| serde_json::from_str::<Value>(&line).expect("JSON"));
    let start = commands.next().expect("the first command");
    let heard = |heard: Heard| {
        // The test may have ended.
        let _ = writeln!(std::io::stdout(), "{heard:?}");
    };
    let work = move |surface| {
        drive(surface, &mut commands);
        ExitCode::SUCCESS
    };
    surface::run(wanted(&start["wanted"]), heard, work)
}

fn drive(surface: Surface, commands: &mut dyn Iterator<Item = Value>) {
    for command in commands {
        match command["do"].as_str().expect("what to do") {
            "show" => surface.show(face(&command["face"])),
            "notify" => surface.notify(notice(&command["notice"])),
            "withdraw" => surface.withdraw(&text(&command["key"])),
            "want" => surface.want(wanted(&command["wanted"])),
            "lock" => surface.lock_session(),
            "mark" => println!("Mark"),
            "stop" => return surface.stop(),
            other => panic!("{other}"),
        }
    }
}

fn wanted(value: &Value) -> Wanted {
    let is = |name: &str| value[name].as_bool().unwrap_or(false);
    Wanted { tray: is("tray"), notices: is("notices"), session: is("session") }
}

fn face(value: &Value) -> Face {
    Face {
        state: state(&value["state"]),
        title: text(&value["title"]),
        tooltip: text(&value["tooltip"]),
        menu: items(&value["menu"]),
    }
}

fn items(value: &Value) -> Vec<Item> {
    value.as_array().into_iter().flatten().map(item).collect()
}

fn item(value: &Value) -> Item {
    if value.is_null() {
        return Item::Separator;
    }
    if let Some(note) = value.as_str() {
        return Item::Note(note.to_owned());
    }
    let label = text(&value["label"]);
    if value["items"].is_array() {
        return Item::Submenu { label, items: items(&value["items"]) };
    }
    Item::Act {
        label,
        action: action(&value["action"]),
        enabled: value["enabled"].as_bool().unwrap_or(true),
        checked: value["checked"].as_bool(),
    }
}

/// The word for an action without anything else in it, `true` or `false` for the notices, or the reader to release;
/// with a panel, the window.
fn action(value: &Value) -> Action {
    match value {
        Value::Bool(on) => Action::SwitchNotices(*on),
        Value::String(word) if word == "pause" => Action::PauseNotices,
        Value::String(word) if word == "quit" => Action::Quit,
        Value::String(reader) => Action::Release { reader: reader.clone() },
        open => Action::Open {
            panel: match open["panel"].as_str() {
                Some("pin") => Panel::Pin,
                Some("unblock") => Panel::Unblock,
                Some("certificates") => Panel::Certificates,
                _ => Panel::Information,
            },
            reader: open["reader"].as_str().map(str::to_owned),
            card: open["card"].as_str().map(str::to_owned),
        },
    }
}

fn notice(value: &Value) -> Notice {
    let actions = value["actions"].as_array().into_iter().flatten();
    Notice {
        key: text(&value["key"]),
        title: text(&value["title"]),
        body: text(&value["body"]),
        urgency: match value["urgency"].as_str() {
            Some("low") => Urgency::Low,
            Some("critical") => Urgency::Critical,
            _ => Urgency::Normal,
        },
        category: "device.added",
        icon: value.get("icon").map_or(TrayState::Card, state),
        actions: actions.map(|pair| (text(&pair[0]), action(&pair[1]))).collect(),
        default: value.get("default").map(action),
        expires: value["expires"].as_u64().map(Duration::from_millis),
    }
}

fn state(value: &Value) -> TrayState {
    let icon = format!("kortti-{}-symbolic", value.as_str().expect("a state"));
    let known = TrayState::ALL.into_iter().find(|state| state.icon_name() == icon);
    known.expect("a known state")
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
