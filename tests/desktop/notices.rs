//! Notices on the screen.

use std::time::{Duration, Instant};

use harness::bus::Bus;
use harness::desktop::{Desktop, file, script, session};
use harness::notifier::{Hangs, Notifier};
use harness::panel::Panel;
use harness::programs::{AgentProcess, Home};

use super::{FIRST, SECOND, insert, remove, use_a_try};

/// A home in which nothing is in the first reader, with agent and desktop at work.
fn at_work(bus: &Bus, config: &str) -> (Home, AgentProcess, Desktop) {
    let home = session(Some(bus), None);
    home.configure(config);
    let agent = home.agent_with_cards(&["--virtual"]);
    remove(&home, FIRST);
    remove(&home, SECOND);
    let desktop = Desktop::start(&home, &[]);
    desktop.logs("NoticesAre(Works");
    desktop.logs("Snapshot");
    (home, agent, desktop)
}

#[test]
fn a_card_comes_and_goes() {
    let bus = Bus::new();
    let notifier = Notifier::on(&bus);
    let (home, _agent, _desktop) = at_work(&bus, "");
    insert(&home, FIRST, "anna");
    let first = notifier.until(|screen| {
        let mut all = screen.shown.iter();
        all.find(|(_, shown)| shown.body.starts_with("GIDS card 7D1F93C2…")).map(|(id, _)| *id)
    });
    assert_eq!(notifier.shows("Card inserted").0, first);
    remove(&home, FIRST);
    let (second, shown) = notifier.shows("Card removed");
    assert_eq!(second, first, "it takes the place of the one before");
    assert_eq!(shown.body, format!("GIDS card 7D1F93C2… was taken out of {FIRST}"));
    insert(&home, FIRST, "unknown");
    assert_eq!(notifier.shows("Card cannot be used").0, first);
    insert(&home, SECOND, "erik");
    let (other, _) = notifier.shows("Card inserted");
    assert_ne!(other, first);
}

#[test]
fn a_card_is_told_of_at_once() {
    let bus = Bus::new();
    let notifier = Notifier::on(&bus);
    let (home, _agent, _desktop) = at_work(&bus, "");
    let mut fastest = Duration::MAX;
    // The machine may be busy with other tests: what counts is that no step waits for the next beat of a clock. How fast it can be is
    // measured by packaging/bench.
    for _ in 0..10 {
        let begin = Instant::now();
        insert(&home, FIRST, "anna");
        notifier
            .until(|screen| screen.shown.values().any(|shown| shown.title == "Card inserted").then_some(()));
        fastest = fastest.min(begin.elapsed());
        remove(&home, FIRST);
        notifier.shows("Card removed");
    }
    assert!(fastest < Duration::from_millis(400), "{fastest:?}");
}

#[test]
fn a_blocked_pin_is_told_of_until_the_card_goes() {
    let bus = Bus::new();
    let notifier = Notifier::on(&bus);
    let (home, _agent, _desktop) = at_work(&bus, "notify.card_out = false\n");
    script(&home, "kortti-gui", "for word; do printf '%s|' \"$word\"; done >> opened; echo >> opened");
    insert(&home, FIRST, "anna");
    notifier.shows("Card inserted");
    for _ in 0..3 {
        use_a_try(&home, FIRST);
    }
    let (id, shown) = notifier.shows("PIN is blocked");
    assert_eq!(shown.urgency, Some(2));
    notifier.presses(id, Some("Unblock…"));
    file(&home, "opened", |text| text.starts_with("--panel=unblock|"));
    remove(&home, FIRST);
    notifier.is_empty();
}

#[test]
fn what_did_not_come_about_is_told_until_the_end() {
    let bus = Bus::new();
    let notifier = Notifier::on(&bus);
    let (home, _agent, desktop) = at_work(&bus, "notify.card_out = false\n");
    insert(&home, FIRST, "anna");
    let (id, _) = notifier.shows("Card inserted");
    // There is nothing that could be opened.
    notifier.presses(id, Some("Open…"));
    let (_, shown) = notifier.shows("Kortti");
    assert!(shown.body.starts_with("There is nothing to ask or show it with."), "{}", shown.body);
    remove(&home, FIRST);
    notifier.until(|screen| (screen.shown.len() == 1).then_some(()));
    desktop.terminate();
    assert!(desktop.ends().success());
    notifier.is_empty();
}

#[test]
fn what_is_switched_off_is_not_told() {
    let bus = Bus::new();
    let notifier = Notifier::on(&bus);
    let (home, _agent, desktop) = at_work(&bus, "notify.card_in = false\n");
    insert(&home, FIRST, "anna");
    // A card that goes before the agent has looked was never there.
    desktop.logs("CardInserted");
    remove(&home, FIRST);
    notifier.shows("Card removed");
    let screen = notifier.screen();
    assert_eq!((screen.asked, screen.shown.len()), (1, 1));
}

#[test]
fn the_words_and_the_time_can_be_set() {
    let bus = Bus::new();
    let notifier = Notifier::on(&bus);
    let config = "notify.duration_s = 7\nnotify.title.card_out = \"Gone: {card}\"\nnotify.text.card_out = \"<b>Ring 4711</b>\"\n";
    let (home, _agent, _desktop) = at_work(&bus, config);
    insert(&home, FIRST, "anna");
    notifier.until(|screen| {
        screen.shown.values().any(|shown| shown.body.starts_with("GIDS card 7D1F93C2…")).then_some(())
    });
    remove(&home, FIRST);
    let (_, shown) = notifier.shows("Gone: GIDS card 7D1F93C2…");
    assert_eq!((shown.body.as_str(), shown.expires), ("&lt;b&gt;Ring 4711&lt;/b&gt;", 7000));
}

#[test]
fn the_daemon_dies_and_another_one_comes() {
    let bus = Bus::new();
    let notifier = Notifier::on(&bus);
    let (home, _agent, desktop) = at_work(&bus, "");
    insert(&home, FIRST, "anna");
    notifier.shows("Card inserted");
    drop(notifier);
    remove(&home, FIRST);
    desktop.logs("CardRemoved");
    let notifier = Notifier::on(&bus);
    notifier.shows("Card removed");
    desktop.terminate();
    assert!(desktop.ends().success());
    notifier.is_empty();
}

#[test]
fn a_notice_whose_answer_is_on_its_way_at_the_end_goes_too() {
    let bus = Bus::new();
    let notifier = Notifier::that_hangs(&bus, &["actions", "body"], Hangs::ForAWhile);
    let (home, _agent, desktop) = at_work(&bus, "");
    insert(&home, FIRST, "anna");
    notifier.shows("Card inserted");
    desktop.terminate();
    desktop.logs("no notices are wanted");
    notifier.recovers();
    notifier.is_empty();
    assert!(desktop.ends().success());
}

#[test]
fn what_a_look_at_the_card_shows_is_told_and_stands_in_the_menu() {
    let bus = Bus::new();
    let (notifier, panel) = (Notifier::on(&bus), Panel::on(&bus));
    let home = session(Some(&bus), None);
    let _agent = home.agent(&["--virtual"]);
    remove(&home, FIRST);
    remove(&home, SECOND);
    let desktop = Desktop::start(&home, &[]);
    desktop.logs("NoticesAre(Works");
    desktop.logs("Snapshot");
    // Not before: the agent tells of an end once.
    desktop.configure(&home, "");
    insert(&home, FIRST, "anna");
    // One certificate of this card ended in July 2026.
    let (id, shown) = notifier.shows("A certificate has expired");
    assert_eq!(shown.body, "Anna Demo (mail) has expired\nGIDS card 7D1F93C2…");
    notifier.until(|screen| {
        let whole = "GIDS card 7D1F93C2…: 2 certificates, 3 tries left";
        screen.shown.values().any(|shown| shown.body == whole).then_some(())
    });
    let look = panel.shows("kortti-attention-symbolic");
    for words in ["PIN: 3 tries left", "The certificate Anna Demo (mail) has expired"] {
        assert!(look.entry(&[FIRST, words]).is_some(), "{words}: {look:?}");
    }
    script(&home, "kortti-gui", "for word; do printf '%s|' \"$word\"; done >> opened; echo >> opened");
    notifier.presses(id, Some("Certificates…"));
    file(&home, "opened", |text| text.starts_with("--panel=certificates|"));
    remove(&home, FIRST);
    notifier.until(|screen| (screen.shown.len() == 1).then_some(()));
    // It is told once.
    insert(&home, FIRST, "anna");
    desktop.logs("CardChecked");
    notifier.shows("Card inserted");
    assert!(!notifier.screen().shown.values().any(|shown| shown.title == "A certificate has expired"));
}
