use serde_json::{Value, json};

use crate::harness::Agent;
use crate::values::{CSN, READER, reader, status, status_of};

fn check<'c>(checks: &'c [Value], name: &str) -> &'c Value {
    checks.iter().find(|check| check["name"] == name).unwrap_or_else(|| panic!("no {name}: {checks:?}"))
}

#[test]
fn what_is_wrong_comes_with_what_to_do() {
    let mut status = status().unwrap();
    status["service"] = json!({ "state": "down", "reason": "It does not run. Start pcscd." });
    status["version"] = json!("0.0.9");
    status["desktop"] = json!({
        "tray": { "state": "works", "detail": "The icon is there." },
        "notices": { "state": "missing", "detail": "No daemon." },
        "session": { "state": "off", "detail": "Not asked for." } });
    let shown = json!({ "config": {}, "entries": [], "places": [],
        "problems": [{ "place": "/etc/kortti/config.toml", "line": 7, "reason": "unknown field" }] });
    let agent = Agent::new([("status", Ok(status)), ("config.show", Ok(shown))]);
    let run = agent.run(&["doctor", "--json"], "");
    // The object with the checks, and the object with the error.
    let (first, second) = run.ended(1, &[]).stdout.split_once('\n').unwrap();
    let checks = serde_json::from_str::<Value>(first).unwrap()["checks"].as_array().unwrap().clone();
    for (name, verdict, found, advice) in [
        ("Agent", "bad", "0.0.9, another version", "kortti agent stop"),
        ("Smart card service", "bad", "cannot be used", "Start pcscd."),
        ("Settings", "bad", "config.toml, line 7: unknown field", "Mend the file"),
        ("Tray", "good", "The icon is there.", ""),
        ("Notices", "note", "No daemon.", ""),
        ("Session", "note", "Not asked for.", ""),
    ] {
        let check = check(&checks, name);
        assert_eq!(check["verdict"], verdict, "{check}");
        assert!(check["found"].as_str().unwrap().contains(found), "{check}");
        assert!(check["advice"].as_str().unwrap_or_default().contains(advice), "{check}");
    }
    assert!(second.contains("need you"), "{second}");
    let words = agent.run(&["doctor"], "");
    assert!(words.ended(1, &[]).stdout.contains("BAD  Smart card service"), "{}", words.stdout);
}

#[test]
fn a_report_can_be_posted() {
    let serial = "ACS ACR39U (21134567) 00 00";
    let readers = [reader(READER, CSN), reader(serial, "0102030405060708")];
    let agent = Agent::new([("status", status_of(&readers))]);
    for run in [agent.run(&["doctor"], ""), agent.run(&["doctor", "--json"], "")] {
        let said = run.stdout.clone() + &run.stderr;
        assert!(said.contains("ACS ACR39U (#) 00 00"), "{said}");
        for secret in [CSN, "21134567", "0102030405060708"] {
            assert!(!said.contains(secret), "{secret}\n{said}");
        }
    }
}

#[test]
fn an_agent_that_cannot_be_started_is_a_finding() {
    let agent = Agent::to_be_started("echo 'No place for a socket.' >&2; exit 1");
    let run = agent.run(&["doctor", "--json"], "");
    let line = run.ended(1, &[]).stdout.lines().next().unwrap().to_owned();
    let report: Value = serde_json::from_str(&line).unwrap();
    let checks = report["checks"].as_array().unwrap();
    assert!(check(checks, "Agent")["advice"].as_str().unwrap().contains("No place for a socket."));
    assert_eq!(check(checks, "Smart card service")["verdict"], "note");
}

#[test]
fn readers_as_they_stand() {
    let state = |name: &str, state: &str| json!({ "name": name, "state": state, "detail": "Told." });
    let readers = ["empty", "unknown_card", "mute", "busy", "failed", "forbidden"];
    let listed: Vec<Value> = readers.iter().map(|name| state(name, name)).collect();
    let agent = Agent::new([("status", status_of(&listed))]);
    let run = agent.run(&["doctor", "--json"], "");
    let line = run.ended(1, &[]).stdout.lines().next().unwrap().to_owned();
    let report: Value = serde_json::from_str(&line).unwrap();
    let verdicts: Vec<(String, String)> = report["checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|check| check["name"] == "Reader")
        .map(|check| {
            let found = check["found"].as_str().unwrap();
            (found.split(':').next().unwrap().to_owned(), check["verdict"].as_str().unwrap().to_owned())
        })
        .collect();
    let expected = ["good", "note", "bad", "bad", "bad", "note"];
    let expected: Vec<(String, String)> = readers
        .iter()
        .zip(expected)
        .map(|(name, verdict)| ((*name).to_owned(), verdict.to_owned()))
        .collect();
    assert_eq!(verdicts, expected);
    let none = Agent::new([("status", status_of(&[]))]).run(&["doctor"], "");
    assert!(none.stdout.contains("Plug one in."), "{}", none.everything());
}
