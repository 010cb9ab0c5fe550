use std::io::BufReader;

use serde_json::{Value, json};

use crate::harness::{Agent, error};
use crate::values::{CSN, READER, reader, status, status_of};

fn events(last: impl IntoIterator<Item = Value>) -> Agent {
    let mut snapshot = status().unwrap();
    snapshot["event"] = json!("snapshot");
    let removed = json!({ "event": "card_removed", "reader": READER, "csn": CSN, "cause": "hardware" });
    let other = json!({ "event": "card_inserted", "reader": "Other", "atr": "3B00" });
    let mut replies = vec![("subscribe", Ok(json!({})))];
    for (sequence, mut event) in (1..).zip([snapshot, removed, other].into_iter().chain(last)) {
        event["sequence"] = json!(sequence);
        event["time"] = json!("2026-05-04T12:00:00Z");
        replies.push(("event", Ok(event)));
    }
    Agent::new(replies)
}

fn stopping() -> Agent {
    events(Some(json!({ "event": "agent_stopping" })))
}

#[test]
fn in_words() {
    assert_eq!(
        stopping().run(&["watch"], "").ended(0, &[]).stdout,
        format!(
            "2026-05-04T12:00:00Z  {READER}: GIDS card {CSN}\n\
             2026-05-04T12:00:00Z  {READER}: card {CSN} removed\n\
             2026-05-04T12:00:00Z  Other: card inserted\n\
             2026-05-04T12:00:00Z  The agent stops\n"
        )
    );
    let run = stopping().run(&["watch", "--reader", "Other"], "");
    assert!(
        !run.ended(0, &[]).stdout.contains("removed") && run.stdout.contains("Other"),
        "{}",
        run.everything()
    );
}

/// Each event about what the agent has found out is a sentence.
#[test]
fn what_the_agent_has_found_out() {
    let expiry = json!({ "certificate": "kxc00", "common_name": "Anna\n", "not_after": "2026-07-01T00:00:00Z", "days": 9 });
    let pin =
        |event: &str, cause: &str| json!({ "event": event, "role": 1, "tries_left": 1, "cause": cause });
    let with = |mut event: Value, more: &Value| {
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        event
    };
    let check = |concerns: Value| {
        json!({ "event": "card_checked",
                "check": { "time": "now", "pins": [], "certificates": 0, "concerns": concerns } })
    };
    let change = json!({ "event": "pin_change_required", "role": 2, "reason": "factory" });
    let rows = [
        (check(json!([])), format!("card {CSN} was looked at: all is well")),
        (
            check(
                json!([{ "concern": "pin_blocked", "role": 1 }, with(json!({ "concern": "cert_expiring" }), &expiry)]),
            ),
            format!(
                "card {CSN} was looked at: PIN 1 is blocked; the certificate kxc00, \"Anna\\n\", ends in 9 days"
            ),
        ),
        (pin("pin_changed", "other_program"), format!("PIN 1 of card {CSN} changed by another program")),
        (pin("pin_changed", "user"), format!("PIN 1 of card {CSN} changed")),
        (pin("pin_unblocked", "other_program"), format!("PIN 1 of card {CSN} unblocked by another program")),
        (pin("pin_blocked", "other_program"), format!("PIN 1 of card {CSN} was blocked by another program")),
        (pin("low_tries", "other_program"), format!("PIN 1 of card {CSN}: 1 try left.")),
        (
            change,
            format!(
                "on card {CSN} PUK has to be changed: it is the one that such cards leave the factory with"
            ),
        ),
        (
            with(json!({ "event": "cert_expiring" }), &expiry),
            format!("on card {CSN} the certificate kxc00, \"Anna\\n\", ends in 9 days"),
        ),
        (
            with(json!({ "event": "cert_expired" }), &with(expiry.clone(), &json!({ "days": -3 }))),
            format!("on card {CSN} the certificate kxc00, \"Anna\\n\", expired 2026-07-01"),
        ),
        (
            json!({ "event": "card_expiring", "not_after": "2031-02-28T23:59:59Z", "days": 0 }),
            format!("card {CSN} itself ends today"),
        ),
        (json!({ "event": "card_busy", "holders": [] }), format!("card {CSN} is kept by another program")),
        (json!({ "event": "card_busy", "holders": ["a (1)"] }), format!("card {CSN} is kept by a (1)")),
        (
            json!({ "event": "card_busy", "holders": ["a (1)", "b (2)"] }),
            format!("card {CSN} is kept by one of these: a (1), b (2)"),
        ),
        (json!({ "event": "touch_needed", "cause": "user" }), format!("card {CSN} waits to be touched")),
        (
            json!({ "event": "touch_over", "cause": "user" }),
            format!("card {CSN} waits for no touch any more"),
        ),
    ];
    let mut sentences: Vec<String> =
        rows.iter().map(|(_, sentence)| format!("2026-05-04T12:00:00Z  {READER}: {sentence}")).collect();
    let of_card = |(event, _): (Value, String)| with(event, &json!({ "reader": READER, "csn": CSN }));
    let settings = json!({ "event": "policy_changed", "problems": ["a: line 1: no"] });
    let mut told: Vec<Value> = rows.into_iter().map(of_card).collect();
    told.extend([settings, json!({ "event": "agent_stopping" })]);
    sentences.extend(
        ["The settings were read anew", "Settings were refused: a: line 1: no", "The agent stops"]
            .map(|sentence| format!("2026-05-04T12:00:00Z  {sentence}")),
    );
    let run = events(told.clone()).run(&["watch"], "");
    let lines: Vec<&str> = run.ended(0, &[]).stdout.lines().skip(3).collect();
    assert_eq!(lines, sentences);
    for named in [["--card", "AABBCCDDEEFF"], ["--reader", "Another"]] {
        let run = events(told.clone()).run(&[&["watch"], &named[..]].concat(), "");
        let shown = run.ended(0, &[]).stdout.lines().filter(|line| line.contains(READER)).count();
        assert_eq!(shown, 0, "{}", run.everything());
    }
}

#[test]
fn in_json() {
    let run = stopping().run(&["watch", "--json"], "");
    let lines: Vec<Value> =
        run.ended(0, &[]).stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 4);
    assert_eq!(lines[0]["readers"], json!([reader(READER, CSN)]));
    assert_eq!(
        lines[1],
        json!({ "schema": 1, "sequence": 2, "time": "2026-05-04T12:00:00Z", "event": "card_removed",
                "reader": READER, "csn": CSN, "cause": "hardware" })
    );
}

#[test]
fn each_line_is_there_at_once_and_ctrl_c_ends_it() {
    let agent = events(None);
    let mut running = agent.spawn(&["watch", "--json"]);
    let mut lines = BufReader::new(running.child.stdout.take().unwrap());
    for sequence in 1..=3 {
        let line = running.line(&mut lines);
        assert_eq!(serde_json::from_str::<Value>(&line).unwrap()["sequence"], json!(sequence));
    }
    running.signal("INT");
    assert_eq!(running.child.wait().unwrap().code(), Some(130));
    assert_eq!(running.line(&mut lines), "");
}

#[test]
fn a_reader_that_goes_ends_it() {
    let agent = stopping();
    let mut running = agent.spawn(&["watch"]);
    drop(running.child.stdout.take());
    assert_eq!(running.child.wait().unwrap().code(), Some(0));
}

#[test]
fn an_agent_that_dies_is_told() {
    let mut snapshot = status().unwrap();
    snapshot["event"] = json!("snapshot");
    snapshot["sequence"] = json!(1);
    snapshot["time"] = json!("2026-05-04T12:00:00Z");
    let agent = Agent::new([
        ("subscribe", Ok(json!({}))),
        ("event", Ok(snapshot)),
        ("event", Err(error("system", "It dies."))),
    ]);
    let run = agent.run(&["watch"], "");
    assert_eq!(run.ended(3, &[]).stderr, "The connection to the agent was lost.\n");
    assert_eq!(run.stdout.lines().count(), 1);
}

#[test]
fn the_snapshot_holds_what_is_named() {
    let other = "AABBCCDDEEFF";
    let mute = json!({ "name": "Mute", "state": "mute", "detail": "The card does not answer. Turn it." });
    let mut snapshot = status_of(&[reader(READER, CSN), reader("Other", other), mute]).unwrap();
    snapshot["event"] = json!("snapshot");
    for (named, shown, said) in [
        (&[][..], &[READER, "Other", "Mute"][..], ""),
        (&["--reader", "Other"], &["Other"], ""),
        (&["--card", other], &["Other"], ""),
        (&["--reader", "Mute"], &["Mute"], ""),
        (&["--reader", "Evil\u{7}"], &[], "The reader Evil\\u{7} is not there now; waiting.\n"),
        (&["--card", "00000000"], &[], "The card 00000000 is not there now; waiting.\n"),
        (
            &["--reader", READER, "--card", other],
            &[],
            "The card AABBCCDDEEFF in Test Reader 00 is not there now; waiting.\n",
        ),
    ] {
        // Twice, as when events were missed.
        let events = [snapshot.clone(), snapshot.clone(), json!({ "event": "agent_stopping" })];
        let mut replies = vec![("subscribe", Ok(json!({})))];
        for (sequence, mut event) in (1..).zip(events) {
            event["sequence"] = json!(sequence);
            event["time"] = json!("now");
            replies.push(("event", Ok(event)));
        }
        let run = Agent::new(replies).run(&[&["watch"], named].concat(), "");
        let lines: Vec<&str> = run.ended(0, &[]).stdout.lines().collect();
        assert_eq!(lines.len(), 2 * shown.len() + 1, "{}", run.everything());
        for (line, name) in lines.iter().zip(shown.iter().chain(shown.iter())) {
            assert!(line.starts_with(&format!("now  {name}: ")), "{}", run.everything());
        }
        assert!(!run.stdout.contains("?."), "{}", run.everything());
        assert_eq!(run.stderr, said);
    }
}
