use serde_json::{Value, json};

use super::*;

fn ask(bridge: &Bridge, request: &Value) -> Value {
    serde_json::from_slice(&bridge.answer(request.to_string().as_bytes())).unwrap()
}

fn window() -> Bridge {
    Bridge::new(Host::Window, Place::default())
}

#[test]
fn only_what_the_page_needs_is_let_through() {
    for method in [
        "agent.stop",
        "agent.reload",
        "virtual.insert",
        "virtual.remove",
        "desktop.report",
        "subscribe",
        "hello",
        "cert.generate",
        "page.nothing",
        "",
        "status ",
    ] {
        let answer = ask(&window(), &json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": {} }));
        assert_eq!(answer["id"], 7);
        assert_eq!(answer["error"]["code"], -32601, "{method}");
        assert_eq!(answer["error"]["data"]["code"], "bad_request", "{method}");
    }
    for method in FORWARDED {
        assert!(shared::rpc::methods::ALL.contains(method), "{method}");
    }
}

#[test]
fn what_is_no_request_is_answered_all_the_same() {
    for (text, number) in [
        ("", -32700),
        ("{", -32700),
        ("\u{0}", -32700),
        ("{}", -32600),
        ("[]", -32600),
        ("null", -32600),
        (r#"{"id":1}"#, -32600),
        (r#"{"method":"status"}"#, -32600),
        (r#"{"id":1,"method":"status","params":{},"params":{}}"#, -32600),
        (r#"{"id":1,"method":"page.qr","params":{"text":7}}"#, -32000),
    ] {
        let answer: Value = serde_json::from_slice(&window().answer(text.as_bytes())).unwrap();
        assert_eq!(answer["error"]["code"], number, "{text}");
        assert_eq!(answer["error"]["data"]["code"], "bad_request", "{text}");
    }
    let long = format!(r#"{{"id":"{}","method":"status"}}"#, "x".repeat(200));
    let answer: Value = serde_json::from_slice(&window().answer(long.as_bytes())).unwrap();
    assert_eq!(answer["id"], Value::Null);
}

#[test]
fn a_response_is_calculated_here() {
    let respond = |params: Value| {
        ask(&window(), &json!({ "jsonrpc": "2.0", "id": 1, "method": "page.respond", "params": params }))
    };
    let key = "0123456789ABCDEFFEDCBA987654321089ABCDEF01234567";
    let answer =
        respond(json!({ "challenge": "a892 d756 0161 7c5d FDAD", "admin_key": key, "cipher": null }));
    assert_eq!(
        answer["result"],
        json!({ "response": "2AE8BBC233FCCFB6", "checksum": "FF20", "challenge_checksum": "FDAD", "factory_key": null })
    );
    let zeros =
        respond(json!({ "challenge": "A892D75601617C5D", "admin_key": "00".repeat(24), "cipher": "3des" }));
    assert_eq!(zeros["result"]["factory_key"], "all zero");
    for (challenge, key, cipher) in [
        ("A892D75601617C5E FDAD", key, json!(null)),
        ("A892D75601617C5D", "0123", json!(null)),
        ("A892D75601617C5D", key, json!("rot13")),
        ("A892D75601617C5D", key, json!("aes")),
        ("", key, json!(null)),
    ] {
        let answer = respond(json!({ "challenge": challenge, "admin_key": key, "cipher": cipher }));
        assert_eq!(answer["error"]["data"]["code"], "bad_request", "{challenge}");
        assert!(!answer.to_string().contains(key), "{answer}");
    }
}

#[test]
fn a_qr_code_is_a_square() {
    let code = |text: &str| {
        ask(&window(), &json!({ "jsonrpc": "2.0", "id": 1, "method": "page.qr", "params": { "text": text } }))
    };
    let answer = code("CSN: 7D1F93C2A4E05B68B19C3D2E6F804A57");
    let rows = answer["result"]["rows"].as_array().unwrap();
    assert_eq!(answer["result"]["size"], rows.len());
    assert!(rows.iter().all(|row| row.as_str().unwrap().len() == rows.len()));
    assert_eq!(code(&"x".repeat(1001))["error"]["data"]["code"], "bad_request");
}

#[test]
fn a_browser_saves_files_itself() {
    let web = Bridge::new(Host::Web { origin: "http://127.0.0.1:1".into() }, Place::default());
    let params = json!({ "name": "x", "content": "" });
    let answer = ask(&web, &json!({ "jsonrpc": "2.0", "id": 1, "method": "page.save", "params": params }));
    assert_eq!(answer["error"]["data"]["code"], "bad_request");
}

#[test]
fn nothing_is_asked_for_where_the_page_asks_itself() {
    let request =
        json!({ "jsonrpc": "2.0", "id": 1, "method": "pin.change", "params": {}, "ask": ["current"] });
    assert_eq!(ask(&window(), &request)["error"]["data"]["code"], "forbidden");
}
