//! The forms of a request, and what is answered to the others.

use harness::programs::Home;
use harness::wire::Wire;
use serde_json::{Value, json};

/// What must never come back.
const QUOTED: &str = "Quoted-58213";

fn hello(id: &str) -> Vec<u8> {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"hello","params":{{"client":"{QUOTED}","protocol":1}}}}"#)
        .into_bytes()
}

fn method(text: &str) -> Vec<u8> {
    format!(r#"{{"jsonrpc":"2.0","id":1,{text}}}"#).into_bytes()
}

/// Each line, and what it is answered with: the id, and 0 or the number of JSON-RPC's error.
#[test]
fn every_line_has_its_answer() {
    let deep = [b"[".repeat(10_000), b"]".repeat(10_000)].concat();
    let inside = |params: &[u8]| {
        [&br#"{"jsonrpc":"2.0","id":1,"method":"status","params":"#[..], params, b"}"].concat()
    };
    let long = |length: usize| format!("\"{}\"", "x".repeat(length));
    let rows: Vec<(Vec<u8>, Value, i64)> = vec![
        (hello("1"), json!(1), 0),
        (hello("-1"), json!(-1), 0),
        (hello("1.5"), json!(1.5), 0),
        (hello("18446744073709551615"), json!(18_446_744_073_709_551_615_u64), 0),
        (hello(r#""seven""#), json!("seven"), 0),
        (hello(r#""\u0041\"""#), json!("A\""), 0),
        (hello("null"), Value::Null, 0),
        (hello(&long(126)), json!("x".repeat(126)), 0),
        (hello(&long(127)), Value::Null, -32600),
        (hello("{}"), Value::Null, -32600),
        (hello("[1]"), Value::Null, -32600),
        (hello("true"), Value::Null, -32600),
        (format!(r#"{{"jsonrpc":"2.0","method":"hello","params":"{QUOTED}"}}"#).into(), Value::Null, -32600),
        (
            format!(r#"{{"jsonrpc":"1.0","id":1,"method":"hello","params":"{QUOTED}"}}"#).into(),
            Value::Null,
            -32600,
        ),
        (format!(r#"{{"id":1,"method":"hello","params":"{QUOTED}"}}"#).into(), Value::Null, -32700),
        (format!(r#"{{"jsonrpc":"2.0","id":1,"params":"{QUOTED}"}}"#).into(), Value::Null, -32700),
        (format!(r#"[{{"jsonrpc":"2.0","id":1,"method":"{QUOTED}"}}]"#).into(), Value::Null, -32700),
        (b"[]".to_vec(), Value::Null, -32700),
        (method(&format!(r#""method":"{QUOTED}""#)), json!(1), -32601),
        (method(r#""method":"""#), json!(1), -32601),
        (method(r#""method":"Hello""#), json!(1), -32601),
        (method(r#""method":"hello ""#), json!(1), -32601),
        (method(r#""method":7"#), Value::Null, -32700),
        (method(r#""method":"h\u0065llo","params":{"client":"","protocol":1}"#), json!(1), 0),
        (method(r#""method":"status""#), json!(1), 0),
        (method(r#""method":"status","params":null"#), json!(1), 0),
        (method(&format!(r#""method":"hello","params":["{QUOTED}",1]"#)), json!(1), 0),
        (method(&format!(r#""method":"hello","params":{{"client":"{QUOTED}"}}"#)), json!(1), -32602),
        (
            method(&format!(r#""method":"hello","params":{{"client":"{QUOTED}","protocol":"1"}}"#)),
            json!(1),
            -32602,
        ),
        (
            method(&format!(r#""method":"hello","params":{{"client":"{QUOTED}","protocol":-1}}"#)),
            json!(1),
            -32602,
        ),
        (
            method(&format!(r#""method":"hello","params":{{"client":"{QUOTED}","protocol":1e99}}"#)),
            json!(1),
            -32602,
        ),
        (
            method(&format!(r#""method":"hello","params":{{"client":"{QUOTED}","protocol":2}}"#)),
            json!(1),
            -32000,
        ),
        (method(&format!(r#""method":"status","later":"{QUOTED}""#)), json!(1), 0),
        (method(&format!(r#""method":"status","method":"{QUOTED}""#)), Value::Null, -32700),
        (b"".to_vec(), Value::Null, -32700),
        (b"\r".to_vec(), Value::Null, -32700),
        (b"null".to_vec(), Value::Null, -32700),
        (QUOTED.into(), Value::Null, -32700),
        (b"\0".to_vec(), Value::Null, -32700),
        (format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"{QUOTED}\0\"}}").into(), Value::Null, -32700),
        (b"\xFF\xFE".to_vec(), Value::Null, -32700),
        ([&hello("1")[..10], b"\xC0\x80", &hello("1")[10..]].concat(), Value::Null, -32700),
        ([b"\xEF\xBB\xBF", &hello("1")[..]].concat(), Value::Null, -32700),
        ([b" \t", &hello("1")[..], b" \r"].concat(), json!(1), 0),
        ([&hello("1")[..], b" x"].concat(), Value::Null, -32700),
        ([hello("1"), hello("2")].concat(), Value::Null, -32700),
        (deep.clone(), Value::Null, -32700),
        (b"[".repeat(10_000), Value::Null, -32700),
        (br#"{"a":"#.repeat(10_000), Value::Null, -32700),
        (inside(&deep), json!(1), -32602),
    ];
    let home = Home::new();
    let agent = home.agent(&["--virtual"]);
    let mut wire = Wire::open(&home);
    for (line, id, code) in &rows {
        let shown = String::from_utf8_lossy(&line[..line.len().min(120)]).into_owned();
        wire.send(&[line, &b"\n"[..]].concat()).unwrap();
        let text = wire.line().unwrap_or_else(|| panic!("{shown}: the connection was closed"));
        let answer: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(answer["jsonrpc"], "2.0", "{shown}");
        assert_eq!(answer.get("id"), Some(id), "{shown}");
        assert_eq!(answer["error"]["code"].as_i64().unwrap_or(0), *code, "{shown}: {answer}");
        assert_eq!(answer.get("result").is_some(), *code == 0, "{shown}: {answer}");
        assert!(!text.contains(QUOTED), "{shown} is quoted: {text}");
        if *code != 0 {
            let error = &answer["error"];
            assert_eq!(error["message"], error["data"]["message"]);
            assert!(error["data"]["code"].is_string());
        }
    }
    assert!(!agent.log().contains(QUOTED), "a request is logged");

    // The same again in one go: as many answers, in the same order.
    let all: Vec<u8> = rows.iter().flat_map(|(line, ..)| [line, &b"\n"[..]].concat()).collect();
    wire.send(&all).unwrap();
    for (line, id, _) in &rows {
        let answer = wire.json();
        assert_eq!(answer.get("id"), Some(id), "{}", String::from_utf8_lossy(&line[..line.len().min(120)]));
    }
}

#[test]
fn requests_are_answered_in_their_order_however_they_arrive() {
    let home = Home::new();
    let _agent = home.agent(&["--virtual"]);
    let mut wire = Wire::open(&home);
    let requests: String = (0..200)
        .map(|id| {
            // Slow and quick ones, wrong and right ones.
            let method = ["status", "card.show", "no.such.method", "pin.list", "cert.list"][id % 5];
            format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"{method}\",\"params\":{{}}}}\r\n")
        })
        .collect();
    let expect = |wire: &mut Wire, count: u64| {
        for id in 0..count {
            assert_eq!(wire.json()["id"], id);
        }
    };
    wire.send(requests.as_bytes()).unwrap();
    expect(&mut wire, 200);
    // In parts that keep to no line.
    for part in requests.as_bytes().chunks(37) {
        wire.send(part).unwrap();
    }
    expect(&mut wire, 200);
    // The end of the requests is not the end of the answers.
    wire.send(requests.as_bytes()).unwrap();
    wire.end_requests();
    expect(&mut wire, 200);
    assert_eq!(wire.line(), None);
}
