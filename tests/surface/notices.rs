//! Notices, as a notification daemon sees them.

use std::time::Duration;

use harness::bus::{Bus, Peer};
use harness::driver::Driver;
use harness::notifier::{Hangs, Notifier};
use serde_json::{Value, json};

const ALL: &[&str] = &["actions", "body", "body-markup"];
const A_MOMENT: Duration = Duration::from_millis(300);

const WORKS: &str = "NoticesAre(Works { server: \"stand-in 1.0\", actions: true })";

fn notice(key: &str, title: &str) -> Value {
    json!({"do": "notify", "notice": {
        "key": key,
        "title": title,
        "body": "3 tries left",
        "actions": [["Change PIN…", {"panel": "pin", "card": title}], ["Release", title]],
        "default": {"panel": "information", "card": title},
    }})
}

#[test]
fn a_notice_has_all_that_it_should() {
    let bus = Bus::new();
    let notifier = Notifier::on(&bus);
    let mut driver = Driver::on(Some(&bus));
    let told = json!({
        "key": "00FF",
        "title": "Anna's card",
        "body": "2 certificates\n1 PIN",
        "urgency": "critical",
        "icon": "blocked",
        "expires": 1500,
        "actions": [["Unblock PIN…", {"panel": "unblock"}]],
    });
    driver.does(&json!({"do": "notify", "notice": told}));
    let (_, shown) = notifier.shows("Anna's card");
    assert_eq!(shown.body, "2 certificates\n1 PIN");
    assert_eq!(shown.urgency, Some(2));
    assert_eq!(shown.category.as_deref(), Some("device.added"));
    assert_eq!(shown.desktop_entry.as_deref(), Some("kortti"));
    assert_eq!(shown.expires, 1500);
    let labels: Vec<&str> = shown.actions.iter().map(|(_, label)| label.as_str()).collect();
    assert_eq!(labels, ["Unblock PIN…"]);
    let icon = shown.icon.strip_prefix("file://").unwrap();
    assert!(icon.contains("blocked") && std::path::Path::new(icon).is_file(), "{icon}");
    assert!(driver.hears_until(WORKS).iter().all(|line| !line.contains("NoDaemon")));

    driver.does(&json!({"do": "notify", "notice": {"key": "1", "title": "Low", "urgency": "low"}}));
    let (_, shown) = notifier.shows("Low");
    assert_eq!((shown.urgency, shown.expires, shown.actions), (Some(0), -1, vec![]));
}

#[test]
fn the_same_key_replaces_and_another_does_not() {
    let bus = Bus::new();
    let notifier = Notifier::on(&bus);
    let mut driver = Driver::on(Some(&bus));
    driver.does(&notice("a", "First"));
    let (first, _) = notifier.shows("First");
    driver.does(&notice("b", "Other"));
    let (other, _) = notifier.shows("Other");
    driver.does(&notice("a", "Second"));
    let (second, _) = notifier.shows("Second");
    assert_eq!(first, second);
    assert_ne!(first, other);
    assert_eq!(notifier.screen().shown.len(), 2);

    driver.does(&json!({"do": "withdraw", "key": "a"}));
    notifier.until(|screen| (screen.withdrawn == [first]).then_some(()));
    // Withdrawn twice, or never shown: nobody is asked for that.
    driver.does(&json!({"do": "withdraw", "key": "a"}));
    driver.does(&json!({"do": "withdraw", "key": "c"}));
    driver.does(&notice("a", "Third"));
    let (third, _) = notifier.shows("Third");
    assert_ne!(third, first);
    assert_eq!(notifier.screen().withdrawn, [first]);
}

#[test]
fn a_storm_leaves_the_newest_of_each_key() {
    let bus = Bus::new();
    let notifier = Notifier::on(&bus);
    let mut driver = Driver::on(Some(&bus));
    for round in 0..500 {
        driver.does(&notice(["a", "b"][round % 2], &format!("Round {round}")));
    }
    driver.does(&json!({"do": "withdraw", "key": "b"}));
    driver.does(&notice("a", "Last"));
    notifier.shows("Last");
    let left = notifier.until(|screen| {
        let titles: Vec<&str> = screen.shown.values().map(|shown| shown.title.as_str()).collect();
        (titles == ["Last"]).then_some(screen.asked)
    });
    assert!(left <= 502);
}

#[test]
fn buttons_and_clicks_ask_for_what_they_say() {
    let bus = Bus::new();
    let notifier = Notifier::on(&bus);
    let mut driver = Driver::on(Some(&bus));
    driver.does(&notice("a", "A"));
    driver.does(&notice("b", "B"));
    let (a, _) = notifier.shows("A");
    let (b, _) = notifier.shows("B");
    driver.hears_until(WORKS);
    notifier.presses(a, Some("Change PIN…"));
    driver.hears_until("Do(Open { panel: Pin, reader: None, card: Some(\"A\") })");
    notifier.presses(b, Some("Release"));
    driver.hears("Do(Release { reader: \"B\" })");
    notifier.presses(b, None);
    driver.hears("Do(Open { panel: Information, reader: None, card: Some(\"B\") })");

    // A late click on what was there before means nothing now.
    let (_, old) = notifier.shows("B");
    driver.does(&notice("b", "B2"));
    let (again, _) = notifier.shows("B2");
    assert_eq!(again, b);
    notifier.invokes(b, &old.actions.last().unwrap().0);
    notifier.presses(b, Some("Release"));
    driver.hears("Do(Release { reader: \"B2\" })");

    // Closed is closed.
    let (_, shown) = notifier.shows("A");
    notifier.closes(a);
    notifier.invokes(a, &shown.actions.last().unwrap().0);
    notifier.invokes(a, "default");
    notifier.invokes(999, "default");
    notifier.invokes(0, "default");
    driver.hears_nothing_for(A_MOMENT);
    driver.does(&json!({"do": "withdraw", "key": "a"}));
    driver.does(&notice("a", "A again"));
    notifier.shows("A again");
    assert_eq!(notifier.screen().withdrawn, Vec::<u32>::new());
}

#[test]
fn another_program_cannot_press_a_button() {
    let bus = Bus::new();
    let notifier = Notifier::on(&bus);
    let mut driver = Driver::on(Some(&bus));
    driver.does(&notice("a", "A"));
    let (id, shown) = notifier.shows("A");
    driver.hears_until(WORKS);
    let liar = Peer::comes(&bus.address(), None, |builder, _| Ok(builder));
    liar.does(async {
        let proxy = zbus::fdo::DBusProxy::new(liar.connection()).await.unwrap();
        let names = proxy.list_names().await.unwrap();
        for name in names.iter().filter(|name| name.starts_with(':')) {
            let (path, interface) = ("/org/freedesktop/Notifications", "org.freedesktop.Notifications");
            for key in [shown.actions[1].0.as_str(), "default"] {
                let lie = (id, key);
                let connection = liar.connection();
                connection
                    .emit_signal(Some(name.as_str()), path, interface, "ActionInvoked", &lie)
                    .await
                    .unwrap();
            }
        }
        // What was sent is on its way when this is answered.
        proxy.get_id().await.unwrap();
    });
    notifier.presses(id, Some("Release"));
    driver.hears("Do(Release { reader: \"A\" })");
}

#[test]
fn a_daemon_gets_no_more_than_it_can_do() {
    let hostile = "<b>R&D</b>";
    let told = json!({"do": "notify", "notice": {
        "key": "a", "title": hostile, "body": hostile,
        "actions": [["Release", "A"]], "default": "quit",
    }});
    for (abilities, body, actions) in
        [(&["body"][..], hostile, 0), (ALL, "&lt;b&gt;R&amp;D&lt;/b&gt;", 2), (&["actions"], hostile, 2)]
    {
        let bus = Bus::new();
        let notifier = Notifier::that_can(&bus, abilities);
        let mut driver = Driver::on(Some(&bus));
        driver.does(&told);
        let (_, shown) = notifier.shows(hostile);
        assert_eq!(shown.body, body);
        assert_eq!(shown.actions.len(), actions);
        driver.hears_until(&WORKS.replace("true", if actions > 0 { "true" } else { "false" }));
    }
}

#[test]
fn what_is_written_on_a_card_cannot_do_anything() {
    let bus = Bus::new();
    let notifier = Notifier::on(&bus);
    let mut driver = Driver::on(Some(&bus));
    let hostile = "x\u{202E}\0\u{1b}[31m\n\n".to_owned() + &"<".repeat(1_000_000);
    let actions: Vec<Value> = (0..1000).map(|_| json!(["<".repeat(1000), "A"])).collect();
    let told = json!({"key": hostile, "title": hostile, "body": hostile, "actions": actions});
    driver.does(&json!({"do": "notify", "notice": told}));
    let (_, shown) =
        notifier.until(|screen| screen.shown.iter().next().map(|(id, shown)| (*id, shown.clone())));
    assert!(shown.title.starts_with("x [31m <<<"), "{}", shown.title);
    assert_eq!(shown.title.chars().count(), 120);
    assert!(shown.body.starts_with("x [31m\n\n&lt;"), "{}", shown.body);
    assert!(shown.body.len() < 5_000);
    assert_eq!(shown.actions.len(), 4);
    assert!(shown.actions.iter().all(|(_, label)| label.chars().count() == 60));
}

#[test]
fn what_nobody_shows_waits_for_somebody() {
    let bus = Bus::new();
    let mut driver = Driver::on(Some(&bus));
    driver.hears_until("NoticesAre(NoDaemon)");
    driver.does(&notice("a", "Old"));
    driver.does(&notice("a", "New"));
    driver.does(&notice("b", "Gone"));
    driver.does(&json!({"do": "withdraw", "key": "b"}));
    driver.does(&json!({"do": "mark"}));
    driver.hears_until("Mark");
    let notifier = Notifier::on(&bus);
    notifier.shows("New");
    driver.hears_until(WORKS);
    driver.does(&notice("c", "C"));
    notifier.shows("C");
    assert_eq!(notifier.screen().asked, 2);
}

#[test]
fn a_daemon_may_die_and_come_back() {
    let bus = Bus::new();
    let mut driver = Driver::on(Some(&bus));
    let mut notifier = Notifier::on(&bus);
    for round in 0..5 {
        driver.hears_until(WORKS);
        driver.does(&notice("a", &format!("Round {round}")));
        let (id, _) = notifier.shows(&format!("Round {round}"));
        notifier.presses(id, Some("Release"));
        driver.hears(&format!("Do(Release {{ reader: \"Round {round}\" }})"));
        drop(notifier);
        driver.hears("NoticesAre(NoDaemon)");
        // Nobody wants to read it twice, and the new daemon has numbers of its own.
        driver.does(&notice("b", &format!("Meanwhile {round}")));
        notifier = Notifier::on(&bus);
        let (id, _) = notifier.shows(&format!("Meanwhile {round}"));
        assert_eq!(notifier.screen().asked, 1);
        notifier.presses(id, None);
        driver.hears_until(&format!(
            "Do(Open {{ panel: Information, reader: None, card: Some(\"Meanwhile {round}\") }})"
        ));
        drop(notifier);
        driver.hears("NoticesAre(NoDaemon)");
        notifier = Notifier::on(&bus);
    }
}

#[test]
fn a_daemon_that_dies_of_a_notice_gets_it_once_more() {
    let bus = Bus::new();
    let mut driver = Driver::on(Some(&bus));
    driver.does(&notice("a", "Deadly"));
    for _ in 0..2 {
        let notifier = Notifier::that_hangs(&bus, ALL, Hangs::Once);
        notifier.shows("Deadly");
    }
    let notifier = Notifier::on(&bus);
    driver.does(&notice("b", "Harmless"));
    notifier.shows("Harmless");
    assert_eq!(notifier.screen().asked, 1);
}

#[test]
fn a_daemon_that_hangs_holds_nothing_up() {
    let bus = Bus::new();
    let notifier = Notifier::that_hangs(&bus, ALL, Hangs::Once);
    let mut driver = Driver::on(Some(&bus));
    driver.hears_until(WORKS);
    driver.does(&notice("a", "Unanswered"));
    notifier.shows("Unanswered");
    // Another key does not wait for it.
    driver.does(&notice("b", "Other"));
    let (other, _) = notifier.shows("Other");
    notifier.presses(other, Some("Release"));
    driver.hears("Do(Release { reader: \"Other\" })");
    // The same key waits, and not for ever.
    driver.does(&notice("a", "Next"));
    driver.hears("NoticesAre(NoAnswer)");
    let (next, _) = notifier.shows("Next");
    driver.hears(WORKS);
    notifier.presses(next, Some("Release"));
    driver.hears("Do(Release { reader: \"Next\" })");
}

#[test]
fn an_answer_that_comes_late_is_not_lost() {
    let bus = Bus::new();
    let notifier = Notifier::that_hangs(&bus, ALL, Hangs::ForAWhile);
    let mut driver = Driver::on(Some(&bus));
    driver.hears_until(WORKS);
    for (key, title) in [("a", "Late"), ("b", "Not wanted"), ("c", "Outrun")] {
        driver.does(&notice(key, title));
        notifier.shows(title);
    }
    driver.hears("NoticesAre(NoAnswer)");
    driver.does(&json!({"do": "withdraw", "key": "b"}));
    driver.does(&notice("c", "Newer"));
    notifier.shows("Newer");
    notifier.recovers();
    driver.hears(WORKS);
    let (late, _) = notifier.until(|screen| {
        let titles: Vec<&str> = screen.shown.values().map(|shown| shown.title.as_str()).collect();
        (titles == ["Late", "Newer"])
            .then(|| screen.shown.iter().next().map(|(id, shown)| (*id, shown.clone())).unwrap())
    });
    notifier.presses(late, Some("Release"));
    driver.hears("Do(Release { reader: \"Late\" })");
}

#[test]
fn a_daemon_that_never_answers_is_reported() {
    let bus = Bus::new();
    let notifier = Notifier::that_hangs(&bus, ALL, Hangs::Always);
    let mut driver = Driver::on(Some(&bus));
    driver.does(&notice("a", "Waits"));
    driver.hears_until("NoticesAre(NoAnswer)");
    drop(notifier);
    driver.hears("NoticesAre(NoDaemon)");
    let notifier = Notifier::on(&bus);
    notifier.shows("Waits");
}

#[test]
fn a_notice_that_is_refused_is_gone() {
    let bus = Bus::new();
    let notifier = Notifier::that_hangs(&bus, ALL, Hangs::Refuses);
    let mut driver = Driver::on(Some(&bus));
    driver.does(&notice("a", "Refused"));
    notifier.until(|screen| (screen.asked == 1).then_some(()));
    driver.hears_until(WORKS);
    notifier.hangs(Hangs::Never);
    driver.does(&notice("b", "Taken"));
    notifier.shows("Taken");
    driver.does(&notice("a", "Taken too"));
    notifier.shows("Taken too");
    assert_eq!(notifier.screen().asked, 3);
}

#[test]
fn the_bus_starts_a_daemon_that_it_can_start() {
    let mut bus = Bus::down();
    let mark = tempfile::tempdir().unwrap();
    let mark = mark.path().join("started");
    bus.offers(
        "org.freedesktop.Notifications",
        std::path::Path::new("/bin/sh"),
        &format!("-c \"echo >> {}; exit 1\"", mark.display()),
    );
    bus.start();
    let mut driver = Driver::on(Some(&bus));
    // Nothing is started for nothing: it could be the wrong one while the session begins.
    driver.hears_until("NoticesAre(OnDemand)");
    assert!(!mark.exists());
    driver.does(&notice("a", "A"));
    driver.hears("NoticesAre(NoDaemon)");
    assert_eq!(std::fs::read_to_string(&mark).unwrap(), "\n");
    let notifier = Notifier::on(&bus);
    notifier.shows("A");
}

#[test]
fn notices_survive_the_bus() {
    let mut bus = Bus::new();
    let mut driver = Driver::on(Some(&bus));
    let mut notifier = Notifier::on(&bus);
    for round in 0..3 {
        driver.hears_until(WORKS);
        driver.does(&notice("a", "A"));
        notifier.shows("A");
        bus.kill();
        drop(notifier);
        driver.hears_until("NoticesAre(NoBus)");
        driver.does(&notice("b", &format!("Meanwhile {round}")));
        bus.start();
        notifier = Notifier::on(&bus);
        let (id, _) = notifier.shows(&format!("Meanwhile {round}"));
        driver.hears_until(WORKS);
        notifier.presses(id, Some("Release"));
        driver.hears_until(&format!("Do(Release {{ reader: \"Meanwhile {round}\" }})"));
        assert_eq!(notifier.screen().asked, 1);
        drop(notifier);
        driver.hears_until("NoticesAre(NoDaemon)");
        notifier = Notifier::on(&bus);
    }
}

#[test]
fn switched_off_they_go_and_switched_on_they_come() {
    let bus = Bus::new();
    let notifier = Notifier::on(&bus);
    let mut driver = Driver::on(Some(&bus));
    for round in 0..3 {
        driver.does(&notice("a", &format!("Round {round}")));
        notifier.shows(&format!("Round {round}"));
        driver.does(&json!({"do": "want", "wanted": {"tray": round == 1}}));
        driver.hears_until("NoticesAre(Off)");
        notifier.is_empty();
        driver.does(&notice("b", "Unheard"));
        driver.does(&json!({"do": "want", "wanted": {"notices": true}}));
        driver.hears_until(WORKS);
    }
    assert_eq!(notifier.screen().asked, 3);
}
