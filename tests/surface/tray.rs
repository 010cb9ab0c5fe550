//! The tray icon and its menu, as a panel sees them.

use std::fs;
use std::process::Command;
use std::time::Duration;

use harness::bus::Bus;
use harness::driver::Driver;
use harness::panel::{Manner, Panel};
use serde_json::{Value, json};

/// How long nothing must happen where nothing should.
const A_MOMENT: Duration = Duration::from_millis(300);

pub(crate) fn face(state: &str) -> Value {
    json!({"do": "show", "face": {
        "state": state,
        "title": format!("Kortti: {state}"),
        "tooltip": "Reader 1: Anna's card\nPIN: 3 tries left",
        "menu": menu(),
    }})
}

fn menu() -> Value {
    json!([
        {"label": "Reader 1: Anna", "items": [
            "PIN: 3 tries left",
            {"label": "Change PIN…", "action": {"panel": "pin", "reader": "Reader 1"}},
            {"label": "Unblock PIN…", "action": {"panel": "unblock", "reader": "Reader 1", "card": "00FF"}},
            {"label": "Certificates…", "action": {"panel": "certificates", "card": "00FF"}, "enabled": false},
            null,
            {"label": "Release the card", "action": "Reader 1"},
        ]},
        {"label": "Reader 2", "items": [{"label": "Release the card", "action": "Reader 2"}]},
        null,
        {"label": "Notices", "items": [
            {"label": "Pause for an hour", "action": "pause"},
            {"label": "On", "action": false, "checked": true},
        ]},
        {"label": "Information", "action": {"panel": "information"}},
        {"label": "Quit", "action": "quit"},
    ])
}

#[test]
fn each_state_has_its_icon_and_its_words() {
    let bus = Bus::new();
    let panel = Panel::on(&bus);
    let mut driver = Driver::on(Some(&bus));
    for state in ["no-service", "no-reader", "empty", "card", "attention", "blocked"] {
        driver.does(&face(state));
        let icon = format!("kortti-{state}-symbolic");
        let look = panel.shows(&icon);
        let wants_attention = state == "attention" || state == "blocked";
        assert_eq!(look.text("Status"), if wants_attention { "NeedsAttention" } else { "Active" });
        assert_eq!(look.text("AttentionIconName"), icon);
        assert_eq!(look.text("Title"), format!("Kortti: {state}"));
        assert_eq!(look.text("Id"), "kortti");
        assert_eq!(look.tooltip.0, format!("Kortti: {state}"));
        assert_eq!(look.tooltip.1, "Reader 1: Anna's card\nPIN: 3 tries left");
        assert_eq!(look.pixels, [(32, 32, 32 * 32 * 4)]);
        // The panel can find the drawing where it is told to look.
        let folder = look.text("IconThemePath");
        let drawing = fs::read_to_string(format!("{folder}/hicolor/symbolic/apps/{icon}.svg")).unwrap();
        assert!(drawing.contains("<svg"), "{drawing}");
    }
    driver.hears("TrayIs(Shown)");
}

#[test]
fn every_entry_can_be_chosen_and_asks_for_what_it_says() {
    let bus = Bus::new();
    let panel = Panel::on(&bus);
    let mut driver = Driver::on(Some(&bus));
    driver.does(&face("card"));
    let look = panel.shows("kortti-card-symbolic");
    driver.hears_until("TrayIs(Shown)");
    let asked = [
        "Do(Open { panel: Pin, reader: Some(\"Reader 1\"), card: None })",
        "Do(Open { panel: Unblock, reader: Some(\"Reader 1\"), card: Some(\"00FF\") })",
        "Do(Release { reader: \"Reader 1\" })",
        "Do(Release { reader: \"Reader 2\" })",
        "Do(PauseNotices)",
        "Do(SwitchNotices(false))",
        "Do(Open { panel: Information, reader: None, card: None })",
        "Do(Quit)",
    ];
    let paths = look.paths();
    assert_eq!(paths.len(), asked.len(), "{paths:?}");
    for (path, asked) in paths.iter().zip(asked) {
        panel.clicks(&path.iter().map(String::as_str).collect::<Vec<_>>());
        driver.hears_until(asked);
    }
    panel.activates();
    driver.hears_until("Do(Open { panel: Overview, reader: None, card: None })");

    let entry = |path: &[&str]| look.entry(path).unwrap().clone();
    assert!(!entry(&["Reader 1: Anna", "PIN: 3 tries left"]).enabled);
    assert!(!entry(&["Reader 1: Anna", "Certificates…"]).enabled);
    assert_eq!(entry(&["Notices", "On"]).checked, Some(true));
    assert_eq!(entry(&["Quit"]).checked, None);
}

#[test]
fn a_panel_that_comes_at_the_same_moment_has_the_icon() {
    // At a login both start at once. The moments lie so close that one of them is between the question whether there is a
    // panel and the wish to hear of one.
    for moment in 0..40 {
        let bus = Bus::new();
        let mut driver = Driver::on(Some(&bus));
        driver.does(&face("card"));
        std::thread::sleep(Duration::from_micros(250) * moment);
        let panel = Panel::on(&bus);
        panel.shows("kortti-card-symbolic");
        driver.hears_until("TrayIs(Shown)");
    }
}

#[test]
fn the_menu_changes_with_the_cards() {
    let bus = Bus::new();
    let panel = Panel::on(&bus);
    let mut driver = Driver::on(Some(&bus));
    driver.does(&face("card"));
    panel.until(|look| look.entry(&["Reader 2"]).cloned());
    for round in 0..20 {
        let name = format!("Card {round}");
        let menu = json!([{"label": name, "items": [{"label": "Release the card", "action": name}]}]);
        driver.does(
            &json!({"do": "show", "face": {"state": "card", "title": "", "tooltip": "", "menu": menu}}),
        );
        panel.until(|look| look.entry(&[&name, "Release the card"]).cloned());
        panel.clicks(&[&name, "Release the card"]);
        driver.hears_until(&format!("Do(Release {{ reader: {name:?} }})"));
        assert_eq!(panel.until(|look| Some(look.menu.len())), 1);
    }
}

#[test]
fn what_is_written_on_a_card_cannot_do_anything() {
    let bus = Bus::new();
    let panel = Panel::on(&bus);
    let mut driver = Driver::on(Some(&bus));
    let hostile =
        "<img src='http://example.org/'>R&D _x_\u{202E}\u{1b}[31m\n".to_owned() + &"n".repeat(100_000);
    let deep = (0..10).fold(
        json!([{"label": hostile, "action": "quit"}]),
        |items, _| json!([{"label": hostile, "items": items}]),
    );
    let many: Vec<Value> = (0..5_000).map(|number| json!(format!("Line {number}"))).collect();
    let menu = json!([{"label": hostile, "items": deep}, {"label": "Many", "items": many}, "Rest"]);
    let face = json!({"state": "card", "title": hostile, "tooltip": hostile, "menu": menu});
    driver.does(&json!({"do": "show", "face": face}));
    let look = panel.until(|look| look.entry(&["Rest"]).map(|_| look.clone()));
    let start = "<img src='http://example.org/'>R&D _x_ [31m nnn";
    let label = &look.menu[0].label;
    assert!(label.starts_with(start), "{label}");
    assert_eq!(label.chars().count(), 100);
    assert_eq!(look.entry(&["Many"]).unwrap().entries.len(), 100);
    assert!(look.text("Title").starts_with(start));
    let (title, text) = &look.tooltip;
    for shown in [title, text] {
        assert!(shown.starts_with("‹img src='http://example.org/'›R&D _x_ [31m"), "{shown}");
        assert!(shown.len() < 3_000, "{} bytes", shown.len());
    }
}

#[test]
fn a_panel_that_comes_later_gets_the_newest_icon() {
    let bus = Bus::new();
    let mut driver = Driver::on(Some(&bus));
    driver.does(&face("empty"));
    assert_eq!(driver.hears_until("TrayIs(NoHost)").last().unwrap(), "TrayIs(NoHost)");
    driver.does(&face("blocked"));
    let panel = Panel::on(&bus);
    panel.shows("kortti-blocked-symbolic");
    driver.hears("TrayIs(Shown)");
}

#[test]
fn the_icon_survives_the_panel() {
    let bus = Bus::new();
    let mut panel = Panel::on(&bus);
    let mut driver = Driver::on(Some(&bus));
    driver.does(&face("card"));
    driver.hears_until("TrayIs(Shown)");
    for state in ["empty", "card", "attention"] {
        panel.until(|look| look.entry(&["Quit"]).cloned());
        drop(panel);
        driver.hears("TrayIs(NoHost)");
        // What happens meanwhile is not lost.
        driver.does(&face(state));
        panel = Panel::on(&bus);
        panel.shows(&format!("kortti-{state}-symbolic"));
        driver.hears_until("TrayIs(Shown)");
        panel.clicks(&["Quit"]);
        driver.hears("Do(Quit)");
        assert_eq!(panel.count(), 1);
    }
}

#[test]
fn the_icon_survives_the_bus() {
    let mut bus = Bus::new();
    let mut panel = Panel::on(&bus);
    let mut driver = Driver::on(Some(&bus));
    driver.does(&face("card"));
    panel.shows("kortti-card-symbolic");
    for _ in 0..3 {
        driver.hears_until("TrayIs(Shown)");
        bus.kill();
        drop(panel);
        driver.hears_until("TrayIs(NoBus)");
        driver.does(&face("attention"));
        bus.start();
        driver.hears_until("TrayIs(NoHost)");
        panel = Panel::on(&bus);
        panel.shows("kortti-attention-symbolic");
        driver.hears_until("TrayIs(Shown)");
        panel.stays_at_one_for(A_MOMENT);
        panel.clicks(&["Quit"]);
        driver.hears_until("Do(Quit)");
        driver.does(&face("card"));
        panel.shows("kortti-card-symbolic");
        drop(panel);
        driver.hears_until("TrayIs(NoHost)");
        panel = Panel::on(&bus);
        panel.shows("kortti-card-symbolic");
    }
}

#[test]
fn without_a_bus_it_waits_for_one() {
    let mut bus = Bus::down();
    let mut driver = Driver::on(Some(&bus));
    driver.does(&face("card"));
    let mut heard = driver.hears_until("NoticesAre(NoBus)");
    heard.sort();
    assert_eq!(heard, ["NoticesAre(NoBus)", "TrayIs(NoBus)"]);
    driver.hears_nothing_for(A_MOMENT);
    let said = driver.log().lines().filter(|line| line.contains("WARN")).count();
    assert_eq!(said, 2, "{}", driver.log());
    bus.start();
    driver.hears_until("TrayIs(NoHost)");
    let panel = Panel::on(&bus);
    panel.shows("kortti-card-symbolic");
}

#[test]
fn a_panel_that_refuses_or_hangs_stops_nothing_else() {
    for manner in [Manner::Refuses, Manner::Hangs] {
        let bus = Bus::new();
        let bad = Panel::with_manner(&bus, manner);
        let mut driver = Driver::on(Some(&bus));
        driver.does(&face("card"));
        driver.hears_until("TrayIs(NoHost)");
        let notifier = harness::notifier::Notifier::on(&bus);
        driver.does(&json!({"do": "notify", "notice": {"key": "1", "title": "Still here"}}));
        notifier.shows("Still here");
        drop(bad);
        driver.does(&face("blocked"));
        let panel = Panel::on(&bus);
        panel.shows("kortti-blocked-symbolic");
        driver.hears_until("TrayIs(Shown)");
    }
}

#[test]
fn it_goes_and_comes_as_the_configuration_says() {
    let bus = Bus::new();
    let panel = Panel::on(&bus);
    let mut driver = Driver::on(Some(&bus));
    driver.does(&face("card"));
    for _ in 0..3 {
        panel.shows("kortti-card-symbolic");
        driver.hears_until("TrayIs(Shown)");
        driver.does(&json!({"do": "want", "wanted": {"notices": true}}));
        driver.hears_until("TrayIs(Off)");
        panel.is_empty();
        driver.does(&json!({"do": "want", "wanted": {"tray": true}}));
    }
    panel.shows("kortti-card-symbolic");
    driver.ends();
    panel.is_empty();
}

#[test]
fn installed_icons_are_found_by_their_name_alone() {
    let bus = Bus::new();
    let panel = Panel::on(&bus);
    let mut home = harness::programs::Home::new();
    let icons = concat!(env!("CARGO_MANIFEST_DIR"), "/../agent/desktop/icons/hicolor");
    let folder = home.path().join("share/icons");
    fs::create_dir_all(&folder).unwrap();
    assert!(Command::new("cp").args(["-r", icons]).arg(&folder).status().unwrap().success());
    let share = home.path().join("share").display().to_string();
    home.set("DBUS_SESSION_BUS_ADDRESS", &bus.address());
    home.set("XDG_DATA_DIRS", &format!("/nowhere:{share}"));
    let mut driver = Driver::in_home(home, &json!({"tray": true}));
    driver.does(&face("card"));
    let look = panel.shows("kortti-card-symbolic");
    assert_eq!(look.text("IconThemePath"), "");
    assert!(!driver.home().path().join("kortti/icons").exists());
}
