use std::io::BufReader;

use serde_json::{Value, json};

use crate::harness::Agent;
use crate::values::{CSN, READER, reader, status};

fn events(last: Option<Value>) -> Agent {
    let mut snapshot = status().unwrap();
    snapshot["event"] = json!("snapshot");
    let removed = json!({ "event": "card_removed", "reader": READER, "csn": CSN });
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
                "reader": READER, "csn": CSN })
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
