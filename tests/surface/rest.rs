//! What it costs when nothing happens.

use std::collections::BTreeMap;
use std::fs;
use std::thread;
use std::time::Duration;

use harness::bus::Bus;
use harness::driver::Driver;
use harness::logind::Logind;
use harness::notifier::Notifier;
use harness::panel::Panel;
use serde_json::json;

/// How long it is watched.
const REST: Duration = Duration::from_secs(5);

/// How often each thread has gone to sleep so far.
fn sleeps(pid: u32) -> BTreeMap<String, u64> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let status = tasks.map(|task| fs::read_to_string(task.unwrap().path().join("status")).unwrap());
    let line = |status: &str, name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().to_owned()
    };
    status
        .map(|status| {
            let name = format!("{} {}", line(&status, "Pid:"), line(&status, "Name:"));
            (name, line(&status, "voluntary_ctxt_switches:").parse().unwrap())
        })
        .collect()
}

#[test]
fn at_rest_nothing_wakes_up() {
    let (session, system) = (Bus::new(), Bus::new());
    let (panel, notifier, logind) = (Panel::on(&session), Notifier::on(&session), Logind::on(&system));
    let wanted = json!({"tray": true, "notices": true, "session": true});
    let mut driver = Driver::starts(Some(&session), Some(&system), &wanted);
    driver.does(&crate::tray::face("card"));
    driver.does(&json!({"do": "notify", "notice": {"key": "a", "title": "A"}}));
    panel.shows("kortti-card-symbolic");
    notifier.shows("A");
    logind.delayed();
    driver.does(&json!({"do": "lock"}));
    driver.hears_until("LockAsked(Ok(()))");
    // The pause after which what was begun is settled, the time limits of answers included.
    thread::sleep(Duration::from_secs(1));
    let before = sleeps(driver.pid());
    assert!(before.keys().any(|name| name.ends_with("bus")), "{before:?}");
    thread::sleep(REST);
    assert_eq!(sleeps(driver.pid()), before);
}

/// Bytes of memory that it occupies now (VmRSS).
fn resident(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    1024 * line.trim().trim_end_matches(" kB").parse::<u64>().unwrap()
}

#[test]
fn memory_does_not_grow_with_what_was_shown() {
    let bus = Bus::new();
    let (panel, notifier) = (Panel::on(&bus), Notifier::on(&bus));
    let mut driver = Driver::on(Some(&bus));
    let mut round = |number: u32| {
        let state = ["card", "empty"][usize::try_from(number % 2).unwrap()];
        let menu = json!([{"label": format!("Card {number}"), "items": ["PIN: 3 tries left"]}]);
        let face = json!({"state": state, "title": format!("{number}"), "tooltip": "", "menu": menu});
        driver.does(&json!({"do": "show", "face": face}));
        let title = format!("Notice {number}");
        let notice = json!({"key": format!("{}", number % 7), "title": title, "body": title});
        driver.does(&json!({"do": "notify", "notice": notice}));
        notifier.shows(&title);
        if number.is_multiple_of(3) {
            driver.does(&json!({"do": "withdraw", "key": format!("{}", number % 7)}));
        }
        resident(driver.pid())
    };
    let settled = (0..500).map(&mut round).last().unwrap();
    let end = (500..2000).map(&mut round).last().unwrap();
    panel.until(|look| look.entry(&["Card 1999"]).map(|_| ()));
    assert!(end < settled + 1024 * 1024, "{settled} bytes after 500 rounds, {end} after 2000");
}
