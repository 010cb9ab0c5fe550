//! Lines that nobody would write. They are made from a seed, so that a failure can be repeated.

use harness::programs::Home;
use harness::wire::Wire;
use serde_json::{Value, json};

const LINES: usize = 20_000;
/// Lines that are sent before their answers are read: as many as surely fit into the socket's buffers.
const BATCH: usize = 20;
/// What the agent may occupy more than after the first tenth.
const GROWTH: u64 = 3 * 1024 * 1024;

/// Requests that are right. `agent.stop` and `subscribe` are not among them: both end the connection.
fn seeds() -> Vec<String> {
    let reader = "Kortti Virtual Reader 01 00";
    let select = json!({ "card": "7D1F93C2" });
    [
        ("hello", json!({ "client": "mutations", "protocol": 1 })),
        ("status", json!({})),
        ("card.show", json!({ "select": select })),
        ("card.repair", json!({ "select": select, "pin": "123456", "last_try": false })),
        ("pin.list", json!({ "select": { "reader": "Kortti Virtual Reader 00 00" } })),
        ("pin.change", json!({ "select": select, "role": 1, "current": "123456", "new": "123456" })),
        ("unblock.start", json!({ "select": select, "role": 1 })),
        ("unblock.status", json!({ "select": select })),
        ("unblock.finish", json!({ "select": select, "response": "B0A16747 47F4EB87", "new": "654321" })),
        ("unblock.cancel", json!({ "select": select })),
        ("unblock.puk", json!({ "role": 1, "puk": "12345678", "new": "654321", "last_try": true })),
        ("cert.list", json!({})),
        ("cert.view", json!({ "select": select, "certificate": "kxc00" })),
        ("cert.inspect", json!({ "file": "MIIDAgEBMAsGCSqGSIb3DQEHAQ==", "password": "\u{e9}\u{1F600}" })),
        ("cert.import", json!({ "file": "LS0tLS1CRUdJTi", "pin": "123456", "default": true })),
        ("cert.default", json!({ "certificate": "1", "pin": "123456" })),
        ("cert.delete", json!({ "certificate": "kxc09", "keep_key": true, "pin": "123456" })),
        ("virtual.insert", json!({ "reader": reader, "card": "torn" })),
        ("virtual.remove", json!({ "reader": reader })),
    ]
    .iter()
    .map(|(method, params)| {
        json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string()
    })
    .collect()
}

/// What parsers stumble over.
const ODD: &[&str] = &[
    "\"",
    "\\",
    "\\u",
    "\\ud800",
    "\\u0000",
    "{",
    "}",
    "[",
    "]",
    "[[[[[[[[",
    ",",
    ":",
    "null",
    "true",
    "-",
    "1e999",
    "0x10",
    "18446744073709551616",
    "-9223372036854775809",
    "1.0000000000000000001",
    "\0",
    "\u{FEFF}",
    "\u{202E}",
    "{}",
    "[]",
    "\"\"",
    "\"params\":{},",
    "\"id\":[],",
    "256",
    "65536",
    "../../etc/passwd",
    "%n%s",
    " ",
];

/// Marsaglia's xorshift with 64 bits: the same lines at each run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(limit.max(1)).unwrap()).unwrap()
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.below(256)).unwrap()
    }

    /// One line, with its end and no other.
    fn line(&mut self, seeds: &[String]) -> Vec<u8> {
        let mut line = seeds[self.below(seeds.len())].clone().into_bytes();
        for _ in 0..=self.below(4) {
            let (at, to) = (self.below(line.len()), self.below(line.len()));
            let (at, to) = (at.min(to), at.max(to));
            match self.below(8) {
                0 if !line.is_empty() => line[at] ^= 1 << self.below(8),
                1 if !line.is_empty() => line[at] = self.byte(),
                2 => drop(line.drain(at..to)),
                3 => line.truncate(at),
                4 => {
                    let again = line[at..to].repeat(1 + self.below(3));
                    line.splice(at..at, again);
                }
                5 => {
                    let other = seeds[self.below(seeds.len())].as_bytes();
                    line.truncate(at);
                    line.extend_from_slice(&other[self.below(other.len())..]);
                }
                6 => {
                    let noise: Vec<u8> = (0..self.below(40)).map(|_| self.byte()).collect();
                    line.splice(at..at, noise);
                }
                _ => drop(line.splice(at..at, ODD[self.below(ODD.len())].bytes())),
            }
        }
        line.iter_mut().filter(|byte| **byte == b'\n').for_each(|byte| *byte = b' ');
        line.push(b'\n');
        line
    }
}

#[test]
fn twenty_thousand_odd_lines() {
    let home = Home::new();
    let agent = home.agent(&["--virtual"]);
    let seeds = seeds();
    let mut random = Random(0x4B6F_7274_7469);
    let mut wire = Wire::open(&home);
    let mut refused = 0;
    let mut before = None;
    for batch in 0..LINES / BATCH {
        let lines: Vec<Vec<u8>> = (0..BATCH).map(|_| random.line(&seeds)).collect();
        wire.send(&lines.concat()).unwrap();
        for line in &lines {
            let shown = || String::from_utf8_lossy(line).into_owned();
            let text = wire.line().unwrap_or_else(|| panic!("no answer to {}", shown()));
            let answer: Value =
                serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text} to {}", shown()));
            assert_eq!(answer["jsonrpc"], "2.0", "{}", shown());
            assert!(answer.get("result").is_some() != answer.get("error").is_some(), "{text} to {}", shown());
            refused += usize::from(answer.get("error").is_some());
        }
        if batch == LINES / BATCH / 10 {
            before = Some(agent.resident());
        }
    }
    assert!(refused > LINES / 10 && refused < LINES, "{refused} of {LINES} lines were refused");
    assert!(Wire::open(&home).call("status", &json!({})).is_ok());
    let grown = agent.resident().saturating_sub(before.unwrap());
    assert!(grown < GROWTH, "the agent occupies {grown} bytes more");
}
