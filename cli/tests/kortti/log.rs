use serde_json::{Value, json};

use crate::harness::{Agent, error};
use crate::values::{CSN, READER};

fn records() -> Value {
    json!({ "records": [
        { "time": "2026-05-04T12:00:05.123Z", "method": "pin.change", "reader": READER, "csn": CSN, "about": "1",
          "program": { "pid": 7, "path": "/opt/a\u{1b}[31mb" }, "refused": "wrong_pin", "tries_left": 2 },
        { "time": "2026-05-04T12:00:09.000Z", "method": "cert.delete", "reader": READER, "csn": CSN,
          "about": "kxc01", "program": { "pid": 8 } },
        { "time": "2026-05-04T12:00:10.000Z", "method": "pin.change", "reader": READER, "csn": CSN, "about": "1",
          "program": { "pid": 9 }, "refused": "pin_blocked", "tries_left": 0 },
        { "time": "2026-05-04T12:01:00.000Z", "method": "agent.stop", "program": {} }
    ] })
}

#[test]
fn in_words() {
    let agent = Agent::new([("log.read", Ok(records()))]);
    assert_eq!(
        agent.run(&["log"], "").ended(0, &[]).stdout,
        format!(
            "TIME                     ASKED FOR    ABOUT  OUTCOME                   CARD                              PROGRAM\n\
             2026-05-04 12:00:05 UTC  pin.change   1      wrong_pin; 2 tries left   {CSN}  /opt/a\\u{{1b}}[31mb (7)\n\
             2026-05-04 12:00:09 UTC  cert.delete  kxc01  done                      {CSN}  process 8\n\
             2026-05-04 12:00:10 UTC  pin.change   1      pin_blocked; no try left  {CSN}  process 9\n\
             2026-05-04 12:01:00 UTC  agent.stop          done                                                        not known\n"
        )
    );
    assert_eq!(agent.params("log.read"), json!({ "limit": 100 }));
    let agent = Agent::new([("log.read", Ok(json!({ "records": [] })))]);
    let run = agent.run(&["log", "--limit", "5", "--card", CSN], "");
    assert_eq!(run.ended(0, &[]).stdout, "Nothing is recorded.\n");
    assert_eq!(agent.params("log.read"), json!({ "limit": 5, "card": CSN }));
}

#[test]
fn in_json() {
    let agent = Agent::new([("log.read", Ok(records()))]);
    let run = agent.run(&["log", "--json"], "");
    let mut shown: Value = serde_json::from_str(&run.ended(0, &[]).stdout).unwrap();
    assert_eq!(shown["schema"], json!(1));
    shown.as_object_mut().unwrap().remove("schema");
    assert_eq!(shown, records());
}

#[test]
fn what_is_refused() {
    let agent = Agent::new([("log.read", Err(error("system", "This agent keeps no record.")))]);
    assert_eq!(agent.run(&["log"], "").ended(1, &[]).stderr, "This agent keeps no record.\n");
    for line in [&["log", "--limit", "0"][..], &["log", "--limit", "x"], &["log", "--reader", "R"]] {
        agent.run(line, "").ended(2, &[]);
    }
}
