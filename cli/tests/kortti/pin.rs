use serde_json::json;

use crate::harness::{Agent, error};
use crate::values::{CSN, access, admin, pin, pins, puk, reader, select, status, status_of};

const OLD: &str = "13572468";
const NEW: &str = "86427531";

#[test]
fn a_change_asks_first_and_sends_once() {
    let agent = Agent::new([("status", status()), ("card.access", access(3)), ("pin.change", Ok(pin(5)))]);
    let run = agent.run(&["pin", "change", "--pin-stdin"], &format!("{OLD}\r\n{NEW}"));
    run.ended(0, &[OLD, NEW]);
    assert_eq!(run.stdout, "The PIN is changed. 5 tries left.\n");
    assert_eq!(run.stderr, "");
    assert_eq!(agent.methods(), ["status", "card.access", "pin.change"]);
    assert_eq!(agent.params("card.access"), json!({ "select": select() }));
    assert_eq!(
        agent.params("pin.change"),
        json!({ "select": select(), "role": 1, "current": OLD, "new": NEW, "last_try": false })
    );
}

#[test]
fn a_change_in_json() {
    let agent = Agent::new([("status", status()), ("card.access", access(3)), ("pin.change", Ok(pin(5)))]);
    let run = agent.run(&["--json", "pin", "change", "--pin-stdin"], &format!("{OLD}\n{NEW}\n"));
    let mut expected = pin(5);
    expected["schema"] = json!(1);
    assert_eq!(run.ended(0, &[OLD, NEW]).json(), expected);
}

#[test]
fn refused_before_a_secret_is_sent() {
    let two_readers = || status_of(&[reader("A", CSN), reader("B", "AA")]);
    let change = &["pin", "change", "--pin-stdin"][..];
    let both = format!("{OLD}\n{NEW}\n");
    for (arguments, input, status, list, code, said) in [
        (change, &*format!("{OLD}\n123\n"), status(), access(3), 7, "at least 4 characters"),
        (change, &*format!("{OLD}\n12345678901234567\n"), status(), access(3), 7, "at most 16 characters"),
        (change, &*format!("{OLD}\ngrün\n"), status(), access(3), 7, "letters A to Z"),
        (change, &*format!("{OLD}\n\n"), status(), access(3), 7, "new PIN is empty"),
        (change, "\n86427531\n", status(), access(3), 7, "nothing was given"),
        (change, "1357\u{3}2468\n86427531\n", status(), access(3), 7, "cannot be part of it"),
        (change, OLD, status(), access(3), 2, "standard input ended"),
        (change, "", status(), access(3), 2, "standard input ended"),
        (change, &both, status(), access(1), 7, "--last-try"),
        (change, &both, status(), access(0), 6, "kortti unblock"),
        (change, &both, status(), Ok(json!({ "pins": [puk(3), admin()] })), 1, "no PIN with role 1"),
        (change, &both, status(), Err(error("busy", "gpg-agent uses the card.")), 8, "gpg-agent"),
        (change, &both, two_readers(), access(3), 2, "Several cards fit"),
        (&["pin", "change", "--role", "2", "--pin-stdin"], &both, status(), access(3), 10, "is a key"),
        (&["pin", "change"], &both, status(), access(3), 2, "--pin-stdin"),
        (&["pin", "change", OLD], "", status(), access(3), 2, "Usage"),
        (&["unblock", "puk", "--pin-stdin"], &both, status(), access(3), 10, "no PUK"),
        (
            &["card", "repair", "--pin-stdin", "--pin-fd", "3"],
            "",
            status(),
            access(3),
            2,
            "cannot be used with",
        ),
    ] {
        let agent = Agent::new([("status", status), ("card.access", list)]);
        let run = agent.run(arguments, input);
        let secrets: &[&str] = if arguments.contains(&OLD) { &[] } else { &[OLD, NEW] };
        run.ended(code, secrets);
        assert!(run.stderr.contains(said), "{said}\n{}", run.everything());
        assert_eq!(run.stdout, "");
        let sent = agent.methods();
        assert!(sent.iter().all(|method| method == "status" || method == "card.access"), "{sent:?}");
    }
}

#[test]
fn the_last_try_needs_leave() {
    let agent = Agent::new([("status", status()), ("card.access", access(1)), ("pin.change", Ok(pin(5)))]);
    agent
        .run(&["pin", "change", "--pin-stdin", "--last-try"], &format!("{OLD}\n{NEW}\n"))
        .ended(0, &[OLD, NEW]);
    assert_eq!(agent.params("pin.change")["last_try"], json!(true));
}

#[test]
fn a_wrong_pin_is_tried_once() {
    let wrong = json!({ "code": "wrong_pin", "message": "Wrong PIN. 2 tries left.", "tries_left": 2 });
    let agent =
        Agent::new([("status", status()), ("card.access", access(3)), ("pin.change", Err(wrong.clone()))]);
    let input = format!("{OLD}\n{NEW}\n{OLD}\n{NEW}\n");
    let run = agent.run(&["pin", "change", "--pin-stdin"], &input);
    run.ended(5, &[OLD, NEW]);
    assert_eq!(run.stderr, "Wrong PIN. 2 tries left.\n");
    assert_eq!(agent.methods(), ["status", "card.access", "pin.change"]);

    let run = agent.run(&["pin", "change", "--pin-stdin", "--json"], &input);
    assert_eq!(run.ended(5, &[OLD, NEW]).json(), json!({ "schema": 1, "error": wrong }));
    assert_eq!(run.stderr, "");
}

#[test]
fn a_descriptor_gives_the_secrets() {
    let agent = Agent::new([("status", status()), ("card.access", access(3)), ("pin.change", Ok(pin(5)))]);
    std::fs::write(agent.path("secrets"), format!("{OLD}\n{NEW}\n")).unwrap();
    let program = env!("CARGO_BIN_EXE_kortti");
    for shell in [
        format!("exec {program} pin change --pin-fd 7 7<secrets"),
        format!("cat secrets | {program} pin change --pin-fd 7 7<&0 0</dev/null"),
    ] {
        let status = std::process::Command::new("sh")
            .args(["-c", &shell])
            .current_dir(agent.path(""))
            .env("XDG_RUNTIME_DIR", agent.path(""))
            .output()
            .unwrap();
        assert!(status.status.success(), "{status:?}");
        assert_eq!(agent.params("pin.change")["new"], json!(NEW));
    }
    agent.run(&["pin", "change", "--pin-fd", "77"], "").ended(2, &[]);
}

#[test]
fn a_puk_is_a_pin_too() {
    let mut blocked = pin(0);
    blocked["unblocked_by"] = json!([3]);
    let list = |left| Ok(json!({ "pins": [blocked, puk(left)] }));
    let agent = Agent::new([("status", status()), ("card.access", list(2)), ("unblock.puk", Ok(pin(5)))]);
    agent.run(&["unblock", "puk", "--pin-stdin"], &format!("{OLD}\n{NEW}\n")).ended(0, &[OLD, NEW]);
    assert_eq!(
        agent.params("unblock.puk"),
        json!({ "select": select(), "role": 1, "puk": OLD, "new": NEW, "last_try": false })
    );
    for (left, code, said) in [(1, 7, "A wrong PUK blocks"), (0, 6, "The PUK is blocked, and nobody can")] {
        let agent = Agent::new([("status", status()), ("card.access", list(left))]);
        let run = agent.run(&["unblock", "puk", "--pin-stdin"], &format!("{OLD}\n{NEW}\n"));
        assert!(run.ended(code, &[OLD, NEW]).stderr.contains(said), "{}", run.everything());
    }
}

#[test]
fn how_pins_stand() {
    let agent = Agent::new([("status", status()), ("pin.list", pins(3))]);
    assert_eq!(
        agent.run(&["pin", "list"], "").ended(0, &[]).stdout,
        "ROLE  PIN TYPE          KIND  TRIES LEFT  CHANGED BY     UNBLOCKED BY\n\
         1     Primary card PIN  PIN   3 of 5      PIN 1          administrator\n\
         2     Administrator     key   not told    administrator  nobody\n"
    );
    assert_eq!(
        agent.run(&["pin", "list", "--json"], "").json(),
        json!({ "schema": 1, "pins": pins(3).unwrap() })
    );
    assert_eq!(
        agent.run(&["pin", "policy", "--json", "--role", "1"], "").json(),
        json!({ "schema": 1, "policies": [
            { "role": 1, "pin_type": "primary_card_pin", "policy": pin(3)["policy"] }] })
    );
    let text = agent.run(&["pin", "policy"], "").ended(0, &[]).stdout.clone();
    assert!(
        text.contains("4 to 16 letters, digits or signs. The card does not publish its policy"),
        "{text}"
    );
    agent.run(&["pin", "policy", "--role", "2"], "").ended(1, &[]);
}

#[test]
fn a_card_is_let_go_of() {
    let agent = Agent::new([("card.release", Ok(json!({})))]);
    let run = agent.run(&["card", "release", "--reader", "R"], "");
    assert_eq!(run.ended(0, &[]).stdout, "Kortti has let go of the card.\n");
    assert_eq!(agent.params("card.release"), json!({ "select": { "reader": "R" } }));
}
