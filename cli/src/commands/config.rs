//! `config`: the settings, who settled them, and how a person changes their own.

use serde::Serialize;
use serde_json::Value;
use shared::ErrorCode;
use shared::config::{self, Entry, Loaded, Places, Source};
use shared::rpc::methods::{AgentReload, ConfigReply, ConfigShow, Empty};

use crate::args::{Config, Global};
use crate::exit::{Failure, failure, usage};
use crate::output::{Output, Row, note, table};
use crate::session::Session;

#[derive(Serialize)]
struct Changed<'a> {
    key: &'a str,
    /// What is in force now; nothing for a key that nobody sets.
    value: Option<Value>,
}

/// `config …`
pub(super) fn run(verb: Option<Config>, global: &Global, output: Output) -> Result<(), Failure> {
    match verb.unwrap_or(Config::List) {
        Config::List => list(global, output),
        Config::Get { key } => get(&key, global, output),
        Config::Set { key, value } => {
            change(&key, output, |file, loaded| config::set(file, loaded, &key, &value))
        }
        Config::Unset { key } => change(&key, output, |file, loaded| config::unset(file, loaded, &key)),
        Config::Reload => {
            let reply = Session::open(global)?.call::<AgentReload>(&Empty {})?;
            output
                .show(reply, || "The agent has read the settings anew and let go of every card.\n".to_owned())
        }
    }
}

fn list(global: &Global, output: Output) -> Result<(), Failure> {
    let reply = Session::open(global)?.call::<ConfigShow>(&Empty {})?;
    if !output.json {
        for problem in &reply.problems {
            note(&format!("Refused: {problem}. What stood there before is still in force."));
        }
    }
    output.show(&reply, || text(&reply, output.width))
}

fn text(reply: &ConfigReply, width: Option<usize>) -> String {
    let rows: Vec<Row> = reply
        .entries
        .iter()
        .map(|entry| {
            let mut row = Row::new([entry.key.clone(), value_text(&entry.value), source_text(entry)]);
            if entry.locked {
                row.below = format!("locked by {}", entry.place.as_deref().unwrap_or("the policy"));
            }
            row
        })
        .collect();
    table(&["KEY", "~VALUE", "SETTLED BY"], &rows, width)
}

fn source_text(entry: &Entry) -> String {
    match entry.source {
        Source::Managed => "policy",
        Source::System => "machine",
        Source::User => "you",
        Source::Default => "default",
    }
    .to_owned()
}

/// A value as TOML writes it, which is near enough to JSON for everything but tables.
fn value_text(value: &Value) -> String {
    value.to_string()
}

fn get(key: &str, global: &Global, output: Output) -> Result<(), Failure> {
    let reply = Session::open(global)?.call::<ConfigShow>(&Empty {})?;
    let entry = reply.entries.into_iter().find(|entry| entry.key == key).ok_or_else(|| {
        failure(ErrorCode::NotFound, format!("Nobody sets {key}. `kortti config` lists the settings."))
    })?;
    output.show(&entry, || format!("{}\n", value_text(&entry.value)))
}

fn change(
    key: &str,
    output: Output,
    act: impl FnOnce(&std::path::Path, &Loaded) -> shared::Result<()>,
) -> Result<(), Failure> {
    let file =
        Places::own_file().ok_or_else(|| usage("You have no folder for settings: HOME is not set."))?;
    let loaded = config::load(&Places::of_this_user(), &Loaded::default());
    act(&file, &loaded)?;
    // A running agent notices by itself that the file has changed.
    let loaded = config::load(&Places::of_this_user(), &Loaded::default());
    let value = loaded.entries.into_iter().find(|entry| entry.key == key).map(|entry| entry.value);
    let text = match &value {
        Some(value) => format!("{key} is {} now.\n", value_text(value)),
        None => format!("Nobody sets {key} now.\n"),
    };
    output.show(Changed { key, value }, || text)
}
