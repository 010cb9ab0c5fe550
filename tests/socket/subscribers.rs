//! Subscribers: a snapshot and then every change, and nobody waits for one that does not read.

use harness::programs::{AgentProcess, Home};
use harness::wire::Wire;
use serde_json::{Value, json};

const READER: &str = "Reader 01 00";
const CARDS: &str = r#"
[[reader]]
name = "Reader 00 00"

[[reader]]
name = "Reader 01 00"
card = "new"
inserted = false

[[card]]
name = "new"
initialised = false
"#;

/// An agent with an empty reader, and a card for it.
fn agent(home: &Home) -> AgentProcess {
    let cards = home.path().join("cards.toml");
    std::fs::write(&cards, CARDS).unwrap();
    home.agent(&["--virtual", cards.to_str().unwrap()])
}

/// Puts the card in and takes it out; `events` sees both.
fn insert_and_remove(hand: &mut Wire, events: &mut Wire, sequence: &mut u64) {
    for (method, until) in [("virtual.insert", "card_identified"), ("virtual.remove", "card_removed")] {
        hand.call(method, &json!({ "reader": READER })).unwrap();
        loop {
            let event = events.event();
            assert_eq!(event["sequence"], *sequence + 1, "{event}");
            *sequence += 1;
            if event["event"] == until {
                break;
            }
        }
    }
}

fn sequence(event: &Value) -> u64 {
    event["sequence"].as_u64().unwrap()
}

#[test]
fn a_snapshot_and_then_every_change() {
    let home = Home::new();
    let _agent = agent(&home);
    let mut hand = Wire::open(&home);
    let mut first = Wire::open(&home);
    let mut at = sequence(&first.subscribe());
    for _ in 0..5 {
        insert_and_remove(&mut hand, &mut first, &mut at);
        // A later subscriber begins where the earlier one is.
        let snapshot = Wire::open(&home).subscribe();
        assert_eq!(sequence(&snapshot), at);
        assert_eq!(snapshot["readers"].as_array().unwrap().len(), 2);
    }
    // What a subscriber still says is not heard, and one line ends the stream.
    first.request(9, "status", &json!({})).unwrap();
    assert_eq!(first.line(), None);
}

#[test]
fn one_that_does_not_read_is_cut_off() {
    let home = Home::new();
    let _agent = agent(&home);
    let mut hand = Wire::open(&home);
    let mut reads = Wire::open(&home);
    let mut sleeps = Wire::open(&home);
    let began = sequence(&sleeps.subscribe());
    let mut at = sequence(&reads.subscribe());
    // Enough to fill the socket's buffer and the agent's queue several times.
    while at < began + 6000 {
        insert_and_remove(&mut hand, &mut reads, &mut at);
    }
    let mut seen = began;
    while let Some(line) = sleeps.line() {
        let Ok(event) = serde_json::from_str::<Value>(&line) else { break };
        assert_eq!(sequence(&event["params"]), seen + 1, "nothing is left out in between");
        seen += 1;
    }
    assert!(seen > began && seen < at, "from {began} to {seen} of {at}");
    insert_and_remove(&mut hand, &mut reads, &mut at);
}

#[test]
fn one_that_hangs_up_is_forgotten() {
    let home = Home::new();
    let agent = agent(&home);
    let threads = || std::fs::read_dir(format!("/proc/{}/task", agent.pid())).unwrap().count();
    let mut hand = Wire::open(&home);
    let mut reads = Wire::open(&home);
    let mut at = sequence(&reads.subscribe());
    insert_and_remove(&mut hand, &mut reads, &mut at);
    let before = threads();
    // Three times as many as there are places.
    for round in 0..200 {
        let mut one = Wire::open(&home);
        loop {
            let _ = one.request(1, "subscribe", &json!({}));
            let answer = one.json();
            if answer["id"] == 1 {
                break;
            }
            // The agent has not noticed yet that the last ones have gone.
            assert_eq!(answer["error"]["data"]["code"], "busy", "round {round}: {answer}");
            one = Wire::open(&home);
        }
        assert_eq!(one.event()["event"], "snapshot");
    }
    let end = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while threads() > before {
        assert!(std::time::Instant::now() < end, "{} threads are left, {before} were", threads());
        insert_and_remove(&mut hand, &mut reads, &mut at);
    }
}
