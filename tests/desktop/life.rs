//! How it begins, goes on and ends.

use std::thread;
use std::time::Instant;

use harness::bus::{Bus, PATIENCE};
use harness::desktop::{Desktop, session};
use harness::panel::Panel;
use harness::programs::Home;
use serde_json::Value;

use super::PAUSE;

/// Waits until `kortti status` says what fits about the desktop.
#[track_caller]
fn told(home: &Home, fits: impl Fn(&Value) -> bool) {
    let end = Instant::now() + PATIENCE;
    loop {
        let status = home.kortti(&["status", "--json"], &[]).code(0).json();
        if fits(&status["desktop"]) {
            return;
        }
        assert!(Instant::now() < end, "{status}");
        thread::sleep(PAUSE);
    }
}

#[test]
fn it_starts_an_agent_and_ends_with_it() {
    let home = session(None, None);
    let desktop = Desktop::start(&home, &["--headless"]);
    desktop.logs("Snapshot");
    home.kortti(&["agent", "status"], &[]).code(0);
    home.kortti(&["agent", "stop"], &[]).code(0);
    assert!(desktop.ends().success());
}

#[test]
fn an_agent_that_dies_is_brought_back_at_once() {
    let bus = Bus::new();
    let panel = Panel::on(&bus);
    let home = session(Some(&bus), None);
    std::fs::write(home.path().join("cards.toml"), "[[reader]]\nname = \"One\"\n").unwrap();
    let desktop = Desktop::start_beside_virtual(&home, "cards.toml", &[]);
    panel.until(|look| look.entry(&["One"]).map(|_| ()));
    std::fs::write(home.path().join("cards.toml"), "[[reader]]\nname = \"Two\"\n").unwrap();
    let pid = home.kortti(&["status", "--json"], &[]).code(0).json()["pid"].as_i64().unwrap();
    let begin = Instant::now();
    let pid = rustix::process::Pid::from_raw(pid.try_into().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    panel.until(|look| look.entry(&["Two"]).map(|_| ()));
    assert!(begin.elapsed() < std::time::Duration::from_secs(15), "{:?}", begin.elapsed());
    home.kortti(&["agent", "stop"], &[]).code(0);
    assert!(desktop.ends().success());
}

#[test]
fn one_per_user() {
    let home = session(None, None);
    let _agent = home.agent(&["--virtual"]);
    let desktop = Desktop::start(&home, &["--headless"]);
    let output = home.program("kortti-desktop").output().unwrap();
    assert_eq!(output.status.code(), Some(23));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "kortti-desktop of this user runs already.\n");
    desktop.terminate();
    assert!(desktop.ends().success());
    let again = Desktop::start(&home, &["--headless"]);
    again.terminate();
    assert!(again.ends().success());
    // The agent goes on.
    home.kortti(&["agent", "status"], &[]).code(0);
}

#[test]
fn the_agent_is_told_what_the_desktop_can_do() {
    let mut bus = Bus::new();
    let home = session(Some(&bus), None);
    let _agent = home.agent(&["--virtual"]);
    let desktop = Desktop::start(&home, &[]);
    told(&home, |desktop| desktop["tray"]["state"] == "missing" && desktop["notices"]["state"] == "missing");
    let panel = Panel::on(&bus);
    told(&home, |desktop| desktop["tray"]["state"] == "works");
    drop(panel);
    bus.kill();
    told(&home, |desktop| desktop["tray"]["detail"] == "there is no session bus");
    desktop.terminate();
    assert!(desktop.ends().success());
    told(&home, Value::is_null);
}

#[test]
fn without_a_bus_and_without_a_display_it_works_all_the_same() {
    for arguments in [&[][..], &["--headless"]] {
        let home = session(None, None);
        let _agent = home.agent(&["--virtual"]);
        let desktop = Desktop::start(&home, arguments);
        desktop.logs("Snapshot");
        let state = if arguments.is_empty() { "missing" } else { "off" };
        told(&home, |desktop| desktop["tray"]["state"] == state && desktop["notices"]["state"] == state);
        told(&home, |desktop| desktop["session"]["detail"] == "there is no system bus, so no logind");
        let said = home.kortti(&["status"], &[]).code(0).stdout;
        assert!(said.contains("\nTray "), "{said}");
    }
}

#[test]
fn what_is_missing_is_said_once_at_the_usual_level() {
    let mut bus = Bus::new();
    let home = session(Some(&bus), None);
    let _agent = home.agent(&["--virtual"]);
    let desktop = Desktop::start_that_logs(&home, "warn", &[]);
    told(&home, |desktop| desktop["tray"]["state"] == "missing" && desktop["notices"]["state"] == "missing");
    for _ in 0..2 {
        let panel = Panel::on(&bus);
        told(&home, |desktop| desktop["tray"]["state"] == "works");
        drop(panel);
        told(&home, |desktop| desktop["tray"]["state"] == "missing");
    }
    bus.kill();
    told(&home, |desktop| desktop["tray"]["detail"] == "there is no session bus");
    desktop.logs("no system bus");
    for words in ["nobody shows tray icons", "no notification daemon runs", "no system bus"] {
        assert_eq!(desktop.log().matches(words).count(), 1, "{words}\n{}", desktop.log());
    }
}

#[test]
fn it_starts_with_the_agent_where_there_is_a_session() {
    let bus = Bus::new();
    let panel = Panel::on(&bus);
    let mut home = session(Some(&bus), None);
    let start_and_stop = |home: &Home, more: &[&str]| {
        home.kortti(&[&["agent", "start", "--virtual"], more].concat(), &[]).code(0);
        let status = home.kortti(&["status", "--json"], &[]).code(0).json();
        assert!(status["desktop"].is_null(), "{status}");
        home.kortti(&["agent", "stop"], &[]).code(0);
        home.has_no_agent();
    };
    // A login over ssh has a session bus, and no display.
    start_and_stop(&home, &[]);
    home.set("DISPLAY", ":99");
    home.kortti(&["agent", "start", "--virtual"], &[]).code(0);
    panel.shows("kortti-card-symbolic");
    home.kortti(&["agent", "start"], &[]).code(0);
    assert_eq!(panel.count(), 1);
    home.kortti(&["agent", "stop"], &[]).code(0);
    panel.is_empty();
    home.has_no_agent();
    start_and_stop(&home, &["--headless"]);
}
