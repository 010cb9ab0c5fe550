//! The icon, its words and its menu.

use std::fs;

use harness::bus::Bus;
use harness::desktop::{Desktop, file, script, session};
use harness::panel::{Look, Panel};

use super::{FIRST, SECOND, insert, remove, use_a_try};

/// The labels of the entries in the menu of a reader.
fn entries(look: &Look, reader: &str) -> Vec<String> {
    let entry = look.entry(&[reader]).unwrap_or_else(|| panic!("{reader}: {look:?}"));
    entry.entries.iter().map(|entry| entry.label.clone()).collect()
}

#[test]
fn the_icon_follows_readers_and_cards() {
    let bus = Bus::new();
    let panel = Panel::on(&bus);
    let home = session(Some(&bus), None);
    let agent = home.agent(&["--virtual"]);
    let _desktop = Desktop::start(&home, &[]);
    let look = panel.until(|look| {
        let has_both = look.tooltip.1.contains("7D1F93C2…") && look.tooltip.1.contains("YubiKey");
        (look.text("IconName") == "kortti-card-symbolic" && has_both).then(|| look.clone())
    });
    assert_eq!(look.tooltip.0, "2 cards are in", "{:?}", look.tooltip);
    let first = entries(&look, FIRST);
    assert_eq!(first[..2], ["GIDS card", "CSN 7D1F93C2A4E05B68B19C3D2E6F804A57"]);
    assert!(first.ends_with(
        &["", "Change PIN…", "Unblock PIN…", "Certificates…", "Release the card"].map(str::to_owned)
    ));

    remove(&home, FIRST);
    insert(&home, FIRST, "unknown");
    panel.shows("kortti-attention-symbolic");
    remove(&home, FIRST);
    remove(&home, SECOND);
    let look = panel.shows("kortti-empty-symbolic");
    assert_eq!(entries(&look, FIRST), ["No card; insert one"]);

    insert(&home, FIRST, "anna");
    panel.until(|look| look.entry(&[FIRST, "GIDS card"]).map(|_| ()));
    for _ in 0..3 {
        use_a_try(&home, FIRST);
    }
    let look = panel.shows("kortti-blocked-symbolic");
    assert!(look.tooltip.1.contains("The PIN is blocked"), "{:?}", look.tooltip);
    remove(&home, FIRST);
    panel.shows("kortti-empty-symbolic");
    drop(agent);
}

#[test]
fn without_readers_and_without_an_agent() {
    let bus = Bus::new();
    let panel = Panel::on(&bus);
    let home = session(Some(&bus), None);
    let description = home.path().join("none.toml");
    fs::write(&description, "reader = []\ncard = []\n").unwrap();
    let agent = home.agent(&["--virtual", description.to_str().unwrap()]);
    let desktop = Desktop::start(&home, &[]);
    let look = panel.shows("kortti-no-reader-symbolic");
    assert_eq!(look.menu[0].label, "No reader; connect a smart card reader");
    // The next one starts on the readers of this machine, or on none.
    agent.kill();
    panel.until(|look| (look.text("IconName") != "kortti-no-reader-symbolic").then_some(()));
    desktop.logs_times("Snapshot", 2);
    home.kortti(&["agent", "stop"], &[]).code(0);
    assert!(desktop.ends().success());
}

#[test]
fn what_is_chosen_opens_the_window_where_there_is_one() {
    let bus = Bus::new();
    let panel = Panel::on(&bus);
    let home = session(Some(&bus), None);
    script(&home, "kortti-gui", "for word; do printf '%s|' \"$word\"; done >> opened; echo >> opened");
    let _agent = home.agent(&["--virtual"]);
    let _desktop = Desktop::start(&home, &[]);
    panel.until(|look| look.entry(&[FIRST, "GIDS card"]).map(|_| ()));
    let card = format!("--reader={FIRST}|--card=7D1F93C2A4E05B68B19C3D2E6F804A57|");
    for (path, words) in [
        (&["Open window"][..], "--panel=overview|".to_owned()),
        (&["Information"], "--panel=information|".into()),
        (&[FIRST, "Change PIN…"], format!("--panel=pin|{card}")),
        (&[FIRST, "Unblock PIN…"], format!("--panel=unblock|{card}")),
        (&[FIRST, "Certificates…"], format!("--panel=certificates|{card}")),
    ] {
        panel.clicks(path);
        file(&home, "opened", |text| text.lines().any(|line| line == words));
        fs::remove_file(home.path().join("opened")).unwrap();
    }
}

#[test]
fn notices_are_switched_in_the_menu_and_in_the_file() {
    let bus = Bus::new();
    let panel = Panel::on(&bus);
    let home = session(Some(&bus), None);
    let _agent = home.agent(&["--virtual"]);
    let _desktop = Desktop::start(&home, &[]);
    panel.until(|look| look.entry(&[FIRST, "GIDS card"]).map(|_| ()));
    panel.clicks(&["Notices", "A card goes out"]);
    panel.until(|look| {
        look.entry(&["Notices", "A card goes out"]).filter(|entry| entry.checked == Some(false)).map(|_| ())
    });
    let shown = home.kortti(&["config", "--json"], &[]).code(0).json().to_string();
    assert!(shown.contains("notify.card_out"), "{shown}");
    panel.clicks(&["Notices", "Pause for an hour"]);
    panel.clicks(&["Notices (paused)", "Resume"]);
    panel.clicks(&["Notices", "Show notices"]);
    panel.until(|look| {
        look.entry(&["Notices (off)", "Show notices"])
            .filter(|entry| entry.checked == Some(false))
            .map(|_| ())
    });
    // What is set elsewhere shows here.
    home.configure("");
    panel.until(|look| {
        look.entry(&["Notices", "A card goes out"]).filter(|entry| entry.checked == Some(true)).map(|_| ())
    });
}

#[test]
fn it_starts_with_the_session_or_not() {
    let bus = Bus::new();
    let panel = Panel::on(&bus);
    let home = session(Some(&bus), None);
    let _agent = home.agent(&["--virtual"]);
    let _desktop = Desktop::start(&home, &[]);
    for is_on in [true, false] {
        let is = |value: bool| {
            panel.until(|look| {
                look.entry(&["Start with the session"])
                    .filter(|entry| entry.checked == Some(value))
                    .map(|_| ())
            });
        };
        is(!is_on);
        panel.clicks(&["Start with the session"]);
        is(is_on);
        let state = home.kortti(&["autostart", "status", "--json"], &[]).code(0).json();
        assert_eq!(state["on"], is_on, "{state}");
    }
}

#[test]
fn release_and_quit() {
    let bus = Bus::new();
    let panel = Panel::on(&bus);
    let home = session(Some(&bus), None);
    let agent = home.agent(&["--virtual"]);
    let desktop = Desktop::start(&home, &[]);
    panel.until(|look| look.entry(&[FIRST, "GIDS card"]).map(|_| ()));
    home.kortti(&["unblock", "start", "--reader", FIRST], &[]).code(0);
    panel.clicks(&[FIRST, "Release the card"]);
    let end = std::time::Instant::now() + harness::bus::PATIENCE;
    while home.kortti(&["unblock", "status", "--reader", FIRST, "--json"], &[]).json()["state"] == "good" {
        assert!(std::time::Instant::now() < end);
        std::thread::sleep(super::PAUSE);
    }
    panel.clicks(&["Quit"]);
    assert!(desktop.ends().success());
    assert!(agent.wait().success());
    panel.is_empty();
}

#[test]
fn the_panel_and_the_bus_come_back() {
    let mut bus = Bus::new();
    let home = session(Some(&bus), None);
    let _agent = home.agent(&["--virtual"]);
    let _desktop = Desktop::start(&home, &[]);
    for _ in 0..2 {
        let panel = Panel::on(&bus);
        panel.shows("kortti-card-symbolic");
        drop(panel);
    }
    bus.kill();
    bus.start();
    Panel::on(&bus).shows("kortti-card-symbolic");
}
