//! The session is locked when a card goes, and only then.

use std::time::{Duration, Instant};

use harness::bus::Bus;
use harness::desktop::{Desktop, session};
use harness::logind::Logind;
use harness::programs::Home;

use super::{FIRST, SECOND, insert, remove};

const LOCK: &str = "removal.action = \"lock\"\nremoval.cards = [\"7D1F93C2\"]\n";

fn at_work(bus: &Bus, config: &str) -> (Home, Desktop) {
    let home = session(None, Some(bus));
    home.configure(config);
    let desktop = Desktop::start(&home, &["--headless"]);
    desktop.logs("SessionActive(true)");
    (home, desktop)
}

#[test]
fn the_card_that_counts_is_taken_out() {
    let bus = Bus::new();
    let logind = Logind::on(&bus);
    let home = session(None, Some(&bus));
    home.configure(LOCK);
    let _agent = home.agent(&["--virtual"]);
    let desktop = Desktop::start(&home, &["--headless"]);
    desktop.logs("SessionActive(true)");
    desktop.logs("Snapshot");
    remove(&home, SECOND);
    remove(&home, FIRST);
    logind.was_locked(1);
    insert(&home, FIRST, "anna");
    desktop.logs("CardIdentified");
    remove(&home, FIRST);
    logind.was_locked(2);
    // Told while it runs.
    home.configure("");
    desktop.logs("PolicyChanged");
}

#[test]
fn a_card_that_sleep_takes_away_has_time_to_come_back() {
    let bus = Bus::new();
    let logind = Logind::on(&bus);
    let home = session(None, Some(&bus));
    home.configure(LOCK);
    let _agent = home.agent(&["--virtual"]);
    let desktop = Desktop::start(&home, &["--headless"]);
    desktop.logs("SessionActive(true)");
    desktop.logs("Snapshot");
    logind.sleeps(true);
    desktop.logs("goes to sleep");
    remove(&home, FIRST);
    desktop.logs("CardRemoved");
    logind.sleeps(false);
    desktop.logs("woke up");
    insert(&home, FIRST, "anna");
    desktop.logs("CardIdentified");
    logind.sleeps(true);
    logind.sleeps(false);
    remove(&home, FIRST);
    // This time it does not come back.
    let begin = Instant::now();
    logind.was_locked(1);
    assert!(begin.elapsed() > Duration::from_secs(5), "{:?}", begin.elapsed());
}

#[test]
fn the_agent_dies_and_the_card_is_still_in() {
    let bus = Bus::new();
    let logind = Logind::on(&bus);
    let home = session(None, Some(&bus));
    home.configure(LOCK);
    let agent = home.agent(&["--virtual"]);
    let desktop = Desktop::start(&home, &["--headless"]);
    desktop.logs("SessionActive(true)");
    desktop.logs("Snapshot");
    agent.kill();
    desktop.logs("ended unexpectedly");
    // The one that is started instead has none of these readers: the card does not come back.
    logind.was_locked(1);
}

#[test]
fn a_session_that_cannot_be_locked_is_told_of() {
    let bus = Bus::new();
    let logind = Logind::on(&bus);
    let (home, desktop) = at_work(&bus, "");
    drop((home, desktop));
    let home = session(None, Some(&bus));
    home.configure(LOCK);
    let _agent = home.agent(&["--virtual"]);
    let desktop = Desktop::start(&home, &["--headless"]);
    desktop.logs("Snapshot");
    desktop.logs("SessionActive(true)");
    logind.refuses();
    remove(&home, FIRST);
    desktop.logs("logind does not lock the session");
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let status = home.kortti(&["status"], &[]).code(0).stdout;
        if status.contains("Session  missing: logind does not lock the session") {
            break;
        }
        assert!(Instant::now() < end, "{status}");
    }
}
