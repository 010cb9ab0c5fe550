//! PINs that a window of pinentry asks for, since the settings do not want them in the page.

use std::fs;
use std::thread;

use harness::desktop::{PINENTRY, script};
use harness::programs::Home;
use serde_json::{Value, json};

use crate::server::{Page, Server};

const READER: &str = "Kortti Virtual Reader 00 00";
const CSN: &str = "7D1F93C2A4E05B68B19C3D2E6F804A57";

fn home() -> Home {
    let mut home = Home::new();
    home.configure("[web]\npin_entry = \"pinentry\"\n");
    let path = format!("{}/path:/usr/bin:/bin", home.path().display());
    home.set("PATH", &path);
    script(&home, "pinentry", PINENTRY);
    home
}

fn change(page: &Page<'_>, params: &Value, ask: &[&str]) -> Value {
    let mut whole = json!({ "select": { "reader": READER, "card": CSN }, "role": 1 });
    whole.as_object_mut().unwrap().extend(params.as_object().unwrap().clone());
    page.call(&json!({ "jsonrpc": "2.0", "id": 1, "method": "pin.change", "params": whole, "ask": ask }))
}

fn answers(home: &Home, lines: &[&str]) {
    let _ = fs::remove_file(home.path().join("told"));
    fs::write(home.path().join("answers"), lines.join("\n") + "\n").unwrap();
}

#[test]
fn pins_in_the_request_are_refused_and_asked_for_instead() {
    let home = home();
    let _agent = home.agent_with_cards(&["--virtual"]);
    let server = Server::start(&home);
    let page = server.open();
    assert_eq!(page.method("page.start", &json!({}))["result"]["pin_entry"], "pinentry");
    for secret in ["current", "new", "pin", "puk", "management_key", "password"] {
        let answer = change(&page, &json!({ secret: "123456" }), &[]);
        assert_eq!(answer["error"]["data"]["code"], "forbidden", "{answer}");
    }
    // A member that is there twice is what neither of its values is.
    for twice in [r#""current":"123456","current":null"#, r#""current":null,"curren\u0074":"123456""#] {
        let params = format!(r#"{{"select":{{"reader":"{READER}"}},"role":1,{twice},"new":null}}"#);
        let request = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"pin.change","params":{params}}}"#);
        let code =
            &server.request("POST", "/call", &page.credentials(), &request).json()["error"]["data"]["code"];
        assert!(["bad_request", "forbidden"].map(Value::from).contains(code), "{twice}: {code}");
    }
    let respond = json!({ "challenge": "A892D75601617C5D", "admin_key": "00".repeat(24) });
    assert_eq!(page.method("page.respond", &respond)["error"]["data"]["code"], "forbidden");

    // A new PIN that is typed differently the second time is asked for again.
    answers(&home, &["123456", "8642864", "86428642", "86428642", "86428642"]);
    let answer = change(&page, &json!({}), &["current", "new"]);
    assert_eq!(answer["result"]["tries_left"], 3, "{answer}");
    let told = fs::read_to_string(home.path().join("told")).unwrap();
    for words in [
        format!("http://127.0.0.1:{}", server.port).as_str(),
        CSN,
        READER,
        "It changes the PIN.",
        "Tries left: 3.",
        "SETPROMPT Current PIN",
        "SETPROMPT New PIN",
        "not the same",
    ] {
        assert!(told.contains(words), "{words}\n{told}");
    }

    answers(&home, &["111111", "24680246", "24680246"]);
    let answer = change(&page, &json!({}), &["current", "new"]);
    assert_eq!(
        (&answer["error"]["data"]["code"], &answer["error"]["data"]["tries_left"]),
        (&json!("wrong_pin"), &json!(2))
    );
    // Cancelled: nothing is sent.
    answers(&home, &["cancel"]);
    let answer = change(&page, &json!({}), &["current", "new"]);
    assert_eq!(answer["error"]["data"]["code"], "not_typed");
    let list = home.kortti(&["pin", "list", "--json", "--reader", READER], &[]).code(0).json();
    assert_eq!(list["pins"][0]["tries_left"], 2, "{list}");
    for ask in [&["select"][..], &["current", "current"], &["role"]] {
        assert_eq!(change(&page, &json!({}), ask)["error"]["data"]["code"], "bad_request", "{ask:?}");
    }
}

#[test]
fn the_window_itself_asks_for_the_yes_to_the_last_try() {
    let home = home();
    let _agent = home.agent_with_cards(&["--virtual"]);
    let server = Server::start(&home);
    let page = server.open();
    for _ in 0..2 {
        home.kortti(&["pin", "change", "--pin-stdin", "--reader", READER], &["111111", "222222"]).code(5);
    }
    let left = || {
        home.kortti(&["pin", "list", "--json", "--reader", READER], &[]).code(0).json()["pins"][0]["tries_left"].clone()
    };
    // The page's own yes is not enough.
    answers(&home, &["no"]);
    let answer = change(&page, &json!({ "last_try": true }), &["current", "new"]);
    assert_eq!(answer["error"]["data"]["code"], "not_typed", "{answer}");
    assert_eq!(left(), 1);
    answers(&home, &["yes", "123456", "24680246", "24680246"]);
    let answer = change(&page, &json!({ "last_try": true }), &["current", "new"]);
    assert_eq!(answer["result"]["tries_left"], 3, "{answer}");
    let told = fs::read_to_string(home.path().join("told")).unwrap();
    assert!(told.contains("This is the last try"), "{told}");
}

#[test]
fn a_window_that_names_no_card_asks_for_nothing() {
    let home = home();
    let _agent = home.agent_with_cards(&["--virtual"]);
    let server = Server::start(&home);
    let page = server.open();
    answers(&home, &["123456", "24680246", "24680246"]);
    for select in [json!({}), json!({ "reader": READER }), json!({ "card": CSN })] {
        let answer = page.call(&json!({ "jsonrpc": "2.0", "id": 1, "method": "pin.change",
            "params": { "select": select, "role": 1 }, "ask": ["current", "new"] }));
        assert_eq!(answer["error"]["data"]["code"], "bad_request", "{answer}");
    }
    for ask in [&["puk"][..], &["pin"], &["password"]] {
        assert_eq!(change(&page, &json!({}), ask)["error"]["data"]["code"], "bad_request", "{ask:?}");
    }
    assert!(!home.path().join("told").exists(), "nobody was asked");
}

#[test]
fn a_person_is_asked_one_thing_at_a_time() {
    let home = home();
    script(
        &home,
        "pinentry",
        "echo OK; while read -r line; do if [ \"$line\" = GETPIN ]; then echo >> asked; read -r go < go; echo 'ERR 83886179 no'; else echo OK; fi; done",
    );
    let go = home.path().join("go");
    assert!(std::process::Command::new("mkfifo").arg(&go).status().unwrap().success());
    let _agent = home.agent_with_cards(&["--virtual"]);
    let server = Server::start(&home);
    let page = server.open();
    thread::scope(|scope| {
        let first = scope.spawn(|| change(&page, &json!({}), &["current"]));
        harness::desktop::file(&home, "asked", |text| !text.is_empty());
        let second = change(&page, &json!({}), &["current"]);
        assert_eq!(second["error"]["data"]["code"], "busy", "{second}");
        fs::write(&go, "go\n").unwrap();
        assert_eq!(first.join().unwrap()["error"]["data"]["code"], "not_typed");
    });
}

#[test]
fn without_a_pinentry_the_page_is_told_so() {
    let mut home = home();
    home.set("PATH", "/nowhere");
    let _agent = home.agent_with_cards(&["--virtual"]);
    let server = Server::start(&home);
    let answer = change(&server.open(), &json!({}), &["current", "new"]);
    assert_eq!(answer["error"]["data"]["code"], "system");
    assert!(answer["error"]["message"].as_str().unwrap().contains("pinentry"), "{answer}");
}
