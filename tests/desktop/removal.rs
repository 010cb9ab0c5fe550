//! The session is locked when a card goes, and only then.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use harness::bus::{Bus, PATIENCE};
use harness::desktop::{Desktop, session};
use harness::logind::Logind;
use harness::programs::{AgentProcess, Home};
use rustix::process::{Pid, Signal, kill_process};

use super::{FIRST, PAUSE, SECOND, insert, remove};

const LOCK: &str = "removal.action = \"lock\"\nremoval.cards = [\"7D1F93C2\"]\n";

/// A session that is locked when the card that counts goes; what it needs ends after it.
struct AtWork {
    desktop: Desktop,
    _agent: AgentProcess,
    logind: Logind,
    home: Home,
    _bus: Bus,
}

impl AtWork {
    fn start() -> Self {
        let bus = Bus::new();
        let logind = Logind::on(&bus);
        let home = session(None, Some(&bus));
        home.configure(LOCK);
        let agent = home.agent_with_cards(&["--virtual"]);
        let desktop = Desktop::start(&home, &["--headless"]);
        desktop.logs("SessionActive(true)");
        desktop.logs("Snapshot");
        Self { desktop, _agent: agent, logind, home, _bus: bus }
    }
}

#[test]
fn the_card_that_counts_is_taken_out() {
    let at_work = AtWork::start();
    remove(&at_work.home, SECOND);
    remove(&at_work.home, FIRST);
    at_work.logind.was_locked(1);
    insert(&at_work.home, FIRST, "anna");
    at_work.desktop.logs("CardIdentified");
    remove(&at_work.home, FIRST);
    at_work.logind.was_locked(2);
    // Told while it runs.
    at_work.home.configure("");
    at_work.desktop.logs("PolicyChanged");
}

#[test]
fn a_card_that_sleep_takes_away_has_time_to_come_back() {
    let at_work = AtWork::start();
    at_work.logind.sleeps(true);
    at_work.desktop.logs("goes to sleep");
    remove(&at_work.home, FIRST);
    at_work.desktop.logs("CardRemoved");
    at_work.logind.sleeps(false);
    at_work.desktop.logs("woke up");
    insert(&at_work.home, FIRST, "anna");
    at_work.desktop.logs("CardIdentified");
    at_work.logind.sleeps(true);
    at_work.logind.sleeps(false);
    at_work.desktop.logs_times("woke up", 2);
    remove(&at_work.home, FIRST);
    // This time it does not come back.
    let begin = Instant::now();
    at_work.logind.was_locked(1);
    assert!(begin.elapsed() > Duration::from_secs(5), "{:?}", begin.elapsed());
}

#[test]
fn a_logind_that_goes_while_the_machine_sleeps_leaves_nothing_asleep() {
    let mut bus = Bus::new();
    let home = session(None, Some(&bus));
    home.configure(LOCK);
    let _agent = home.agent(&["--virtual"]);
    let desktop = Desktop::start(&home, &["--headless"]);
    for (times, kills_bus) in [(1, false), (2, true)] {
        let logind = Logind::on(&bus);
        logind.delayed();
        logind.sleeps(true);
        desktop.logs_times("goes to sleep", times);
        if kills_bus {
            bus.kill();
        }
        drop(logind);
        desktop.logs_times("the machine woke up", times);
    }
}

/// Two descriptions of virtual cards: with a card in the reader, and without.
const WITH: &str = "[[reader]]\nname = \"Kortti Virtual Reader 00 00\"\ncard = \"anna\"\n";
const WITHOUT: &str = "[[reader]]\nname = \"Kortti Virtual Reader 00 00\"\n";
const CARD: &str = "[[card]]\nname = \"anna\"\npin = \"123456\"\n\
                    admin-key = \"0123456789ABCDEFFEDCBA987654321089ABCDEF01234567\"\n\
                    cardid = \"7D1F93C2A4E05B68B19C3D2E6F804A57\"\n";

#[test]
fn the_agent_dies_and_its_card_is_still_in_or_not() {
    let bus = Bus::new();
    let logind = Logind::on(&bus);
    let home = session(None, Some(&bus));
    home.configure(LOCK);
    let cards = home.path().join("cards.toml");
    fs::write(&cards, format!("{WITH}{CARD}")).unwrap();
    let desktop = Desktop::start_beside_virtual(&home, "cards.toml", &["--headless"]);
    desktop.logs("SessionActive(true)");
    // It may hear of the agent later than `kortti` does.
    desktop.logs("Snapshot");
    for time in 1..=2 {
        wait_for_card(&home);
        let pid = home.kortti(&["status", "--json"], &[]).code(0).json()["pid"].as_i64().unwrap();
        // The second time the card is pulled meanwhile.
        if time == 2 {
            fs::write(&cards, format!("{WITHOUT}{CARD}")).unwrap();
        }
        let begin = Instant::now();
        kill_process(Pid::from_raw(pid.try_into().unwrap()).unwrap(), Signal::KILL).unwrap();
        if time == 2 {
            logind.was_locked(1);
            assert!(begin.elapsed() > Duration::from_secs(9), "{:?}", begin.elapsed());
        } else {
            desktop.logs_times("Snapshot", 2);
        }
    }
    home.kortti(&["agent", "stop"], &[]).code(0);
    assert!(desktop.ends().success());
}

/// Waits until the agent has identified the card in the first reader.
#[track_caller]
fn wait_for_card(home: &Home) {
    let end = Instant::now() + PATIENCE;
    loop {
        let run = home.kortti(&["readers", "--json"], &[]);
        if run.status.success() && run.json()["readers"][0]["state"] == "ready" {
            return;
        }
        assert!(Instant::now() < end, "{run:?}");
        thread::sleep(PAUSE);
    }
}

#[test]
fn a_session_that_cannot_be_locked_is_told_of() {
    let bus = Bus::new();
    let logind = Logind::on(&bus);
    let home = session(None, Some(&bus));
    home.configure(LOCK);
    let _agent = home.agent_with_cards(&["--virtual"]);
    let desktop = Desktop::start(&home, &["--headless"]);
    desktop.logs("Snapshot");
    desktop.logs("SessionActive(true)");
    logind.refuses();
    remove(&home, FIRST);
    desktop.logs("logind does not lock the session");
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let status = home.kortti(&["status"], &[]).code(0).stdout;
        if status.contains("Session  missing: logind does not lock the session") {
            break;
        }
        assert!(Instant::now() < end, "{status}");
        thread::sleep(PAUSE);
    }
}
