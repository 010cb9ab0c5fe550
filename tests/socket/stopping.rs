//! The end of the agent: what runs is finished and answered, subscribers are told, and the socket is gone.

use std::thread;
use std::time::{Duration, Instant};

use harness::programs::{AgentProcess, Home};
use harness::wire::Wire;
use serde_json::{Value, json};

/// How long anything may take before a test fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// How the agent is asked to end.
#[derive(Clone, Copy, Debug)]
enum Way {
    Method,
    Signal,
    Command,
}

fn ask_to_end(home: &Home, agent: &AgentProcess, way: Way) {
    match way {
        Way::Method => assert_eq!(Wire::open(home).call("agent.stop", &json!({})), Ok(json!({}))),
        Way::Signal => agent.terminate(),
        Way::Command => drop(home.kortti(&["agent", "stop"], &[]).code(0)),
    }
}

#[track_caller]
fn has_ended(home: &Home, agent: &mut AgentProcess, way: Way) {
    let status = agent.ends_within(PATIENCE);
    assert_eq!(status.and_then(|status| status.code()), Some(0), "{way:?}");
    assert!(!Wire::place(home).exists(), "{way:?}: the socket is left");
}

#[test]
fn what_runs_is_finished_first() {
    for way in [Way::Method, Way::Signal, Way::Command] {
        let home = Home::new();
        home.describe_slow(Duration::from_millis(1500));
        let mut agent = home.agent_with_cards(&["--virtual", "cards.toml"]);
        let mut wire = Wire::open(&home);
        wire.call("pin.list", &json!({})).unwrap();
        let begun = Instant::now();
        wire.request(5, "pin.change", &json!({ "current": "123456", "new": "654321" })).unwrap();
        // The log tells when the card has been sent the PIN.
        while !agent.log().contains("VERIFY") {
            assert!(begun.elapsed() < PATIENCE);
            thread::sleep(Duration::from_millis(5));
        }
        ask_to_end(&home, &agent, way);
        let answer = wire.json();
        assert_eq!(
            (&answer["id"], &answer["result"]["tries_left"]),
            (&json!(5), &json!(3)),
            "{way:?}: {answer}"
        );
        assert!(begun.elapsed() > Duration::from_millis(1500), "the card was not slow");
        assert_eq!(wire.line(), None);
        has_ended(&home, &mut agent, way);
    }
}

/// Nobody is left without an answer or without the last event, however short the time is.
#[test]
fn everybody_is_told() {
    for round in 0..30 {
        let way = [Way::Method, Way::Signal, Way::Command][round % 3];
        let home = Home::new();
        let mut agent = home.agent(&["--virtual"]);
        let mut events = Wire::open(&home);
        events.subscribe();
        let mut idle = Wire::open(&home);
        idle.call("status", &json!({})).unwrap();
        ask_to_end(&home, &agent, way);
        let mut last = Value::Null;
        while let Some(line) = events.line() {
            last = serde_json::from_str(&line).unwrap();
        }
        assert_eq!(last["params"]["event"], "agent_stopping", "round {round}, {way:?}");
        assert_eq!(idle.line(), None);
        has_ended(&home, &mut agent, way);
    }
}

/// Neither a challenge that is out, nor somebody who does not read, nor half a request keeps the agent.
#[test]
fn nobody_can_keep_it() {
    let home = Home::new();
    let mut agent = home.agent_with_cards(&["--virtual"]);
    let mut wire = Wire::open(&home);
    wire.call("unblock.start", &json!({"select": {"reader": "Kortti Virtual Reader 00 00"}})).unwrap();
    wire.send(b"{\"jsonrpc\"").unwrap();
    let asleep = Wire::open(&home);
    asleep.request(1, "subscribe", &json!({})).unwrap();
    let silent: Vec<Wire> = (0..20).map(|_| Wire::open(&home)).collect();
    let begun = Instant::now();
    ask_to_end(&home, &agent, Way::Signal);
    has_ended(&home, &mut agent, Way::Signal);
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
    drop((asleep, silent));
}
