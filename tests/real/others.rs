//! Other programs use the card too. Nothing is sent to a card that may not be as it was.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

use card::virt::VirtualCard;
use harness::another::Other;
use harness::pcscd::Pcscd;
use harness::stack::Stack;
use serde_json::{Value, json};

use crate::cards::{
    ADMIN_KEY, AUTHENTICATE, CHANGE, PIN, RESET_RETRY, VERIFY, anna, block, pin_is, right_response, sent,
};

/// Another program connects, does this, and lets go.
#[track_caller]
fn briefly(pcscd: &Pcscd, action: &str) {
    let mut other = Other::connects(pcscd, "shared");
    assert_eq!(other.does(action), "done", "{action}");
    other.ends();
}

/// A request as a script makes it, without the looks that `kortti` takes first.
fn request(stack: &Stack, method: &str, params: &Value) -> Value {
    let mut stream = UnixStream::connect(stack.home.path().join("kortti/agent.sock")).unwrap();
    writeln!(stream, "{}", json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params })).unwrap();
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer).unwrap();
    serde_json::from_str(&answer).unwrap()
}

#[test]
fn a_card_that_is_kept_exclusively_is_busy() {
    let card = anna();
    let stack = Stack::with(&card);
    let mark = card.apdus();
    let other = Other::connects(&stack.pcscd, "exclusive");
    for (line, secrets) in
        [("card", &[][..]), ("cert list", &[]), ("unblock start", &[]), ("pin change", &[PIN, "654321"])]
    {
        let error = stack.refused(line, secrets, 8, "busy");
        let named = format!("keeps the card for itself: another-program ({}).", other.pid());
        assert!(error["message"].as_str().unwrap().contains(&named), "{line}: {error}");
    }
    assert_eq!(card.apdus(), mark);
    other.ends();
    assert_eq!(stack.certificates().len(), 2);
}

/// pcsc-lite does not announce that a program has let go of a card: the next request looks again.
#[test]
fn a_card_that_was_kept_when_the_agent_came_is_looked_at_later() {
    let card = anna();
    let stack = Stack::with(&card);
    let other = Other::connects(&stack.pcscd, "exclusive");
    let stack = stack.restart_agent();
    for _ in 0..2 {
        stack.refused("card", &[], 8, "busy");
        assert_eq!(stack.ok("readers", &[])["readers"][0]["state"], "busy");
    }
    other.ends();
    assert_eq!(stack.certificates().len(), 2);
    stack.watch.event("card_identified");
}

#[test]
fn what_waits_for_another_transaction_is_given_up_and_never_sent() {
    let card = anna();
    let stack = Stack::with(&card);
    let mark = card.apdus();
    let mut other = Other::connects(&stack.pcscd, "shared");
    assert_eq!(other.does("transaction"), "done");
    let asked = Instant::now();
    thread::scope(|scope| {
        scope.spawn(|| stack.refused("pin change", &[PIN, "654321"], 8, "busy"));
        scope.spawn(|| {
            let params = json!({ "select": {}, "role": 1, "current": PIN, "new": "654321" });
            let answer = request(&stack, "pin.change", &params);
            assert_eq!(answer["error"]["data"]["code"], "busy", "{answer}");
            assert!(answer.to_string().contains("keeps the card: another-program ("), "{answer}");
        });
    });
    let waited = asked.elapsed();
    assert!((10..40).contains(&waited.as_secs()), "{waited:?}");
    assert_eq!(card.apdus(), mark);
    other.ends();
    // Requests are taken up in their order: once this one is done, those before it are.
    stack.ok("pin list", &[]);
    assert_eq!((sent(&card, mark, VERIFY), sent(&card, mark, CHANGE)), (0, 0));
    assert!(pin_is(&card, PIN));
}

/// A short transaction of another program is waited for.
#[test]
fn a_transaction_that_ends_in_time_is_waited_for() {
    let card = anna();
    let stack = Stack::with(&card);
    let mut other = Other::connects(&stack.pcscd, "shared");
    assert_eq!(other.does("transaction"), "done");
    let mark = card.apdus();
    thread::scope(|scope| {
        let change = scope.spawn(|| stack.ok("pin change", &[PIN, "654321"]));
        // Nothing can tell from outside that the agent waits; a moment later it does, or has not come to it.
        thread::sleep(Duration::from_millis(500));
        assert_eq!(card.apdus(), mark);
        other.ends();
        change.join().unwrap();
    });
    assert!(pin_is(&card, "654321"));
}

/// What another program does with a card whose challenge is out, once the lock is over.
#[test]
fn a_challenge_that_was_disturbed_is_void() {
    let by_program = |action: &'static str| {
        move |pcscd: &Pcscd| {
            briefly(pcscd, action);
        }
    };
    let by_tool = |line: &'static str| {
        move |pcscd: &Pcscd| {
            pcscd.run(line);
        }
    };
    type Disturb = Box<dyn Fn(&Pcscd) + Sync>;
    let disturbances: [(&str, Disturb); 6] = [
        ("a reset", Box::new(by_program("reset"))),
        ("a SELECT of something else", Box::new(by_program("select"))),
        ("a list", Box::new(by_tool("pkcs11-tool -O"))),
        ("a look at the GIDS files", Box::new(by_tool("gids-tool"))),
        ("a reset by OpenSC", Box::new(by_tool("opensc-tool --reset"))),
        (
            "a SELECT of the application",
            Box::new(by_tool("opensc-tool -c default -s 00:A4:04:00:09:A0:00:00:03:97:42:54:46:59")),
        ),
    ];
    thread::scope(|scope| {
        // Half of them at a time, one after the other on the same stack.
        for part in disturbances.chunks(3) {
            scope.spawn(move || {
                let card = anna();
                let mut stack = Stack::with_config("unblock.lock_card_s = 0\n");
                stack.insert(0, &card);
                for (name, disturb) in part {
                    block(&card);
                    let right = right_response(&stack);
                    let mark = card.apdus();
                    disturb(&stack.pcscd);
                    let error = stack.refused("unblock finish", &[&right, "654321"], 9, "challenge_void");
                    stack.watch.event("challenge_void");
                    assert_eq!(stack.ok("unblock status", &[])["state"], "void", "{name}: {error}");
                    assert_nothing_was_sent(&card, mark, name);
                    // A new challenge is good.
                    let right = right_response(&stack);
                    stack.ok("unblock finish", &[&right, "654321"]);
                    stack.ok("pin change", &["654321", PIN]);
                }
            });
        }
    });
}

fn assert_nothing_was_sent(card: &VirtualCard, mark: usize, name: &str) {
    for instruction in [AUTHENTICATE, RESET_RETRY] {
        assert_eq!(sent(card, mark, instruction), 0, "{name}");
    }
    assert!(pin_is(card, PIN), "{name}");
}

/// The request goes straight to `unblock.finish`: without the status that `kortti` asks for first, too, nothing is
/// sent.
#[test]
fn a_script_learns_that_the_challenge_is_void() {
    let card = anna();
    let mut stack = Stack::with_config("unblock.lock_card_s = 0\n");
    stack.insert(0, &card);
    block(&card);
    for action in ["reset", "select"] {
        let right = right_response(&stack);
        let mark = card.apdus();
        briefly(&stack.pcscd, action);
        let params = json!({ "select": {}, "response": right, "new": "654321" });
        let answer = request(&stack, "unblock.finish", &params);
        assert_eq!(answer["error"]["data"]["code"], "challenge_void", "{answer}");
        assert_nothing_was_sent(&card, mark, action);
    }
}

/// Without the lock another program can use the card, and one that leaves it alone does no harm.
#[test]
fn a_challenge_outlives_its_lock() {
    let card = anna();
    let mut stack = Stack::with_config("unblock.lock_card_s = 0\n");
    stack.insert(0, &card);
    block(&card);
    let right = right_response(&stack);
    stack.pcscd.run("opensc-tool -l");
    let mut other = Other::connects(&stack.pcscd, "shared");
    assert_eq!(other.does("transaction"), "done");
    other.ends();
    assert_eq!(stack.ok("unblock status", &[])["locked"], false);
    stack.ok("unblock finish", &[&right, "654321"]);
    assert!(pin_is(&card, "654321"));
}

#[test]
fn the_lock_keeps_other_programs_off() {
    let card = anna();
    let mut stack = Stack::with(&card);
    block(&card);
    // This one has had the card open all along.
    let mut other = Other::connects(&stack.pcscd, "shared");
    let challenge = stack.ok("unblock start", &[]);
    let right = stack.response(&challenge, ADMIN_KEY);
    let mark = card.apdus();
    // pcsc-lite makes its commands wait, and the connection of one that comes now.
    other.begins("select");
    let mut late = Other::starts(&stack.pcscd, "exclusive");
    stack.pcscd.until_logged("Waiting for release of lock");
    assert_eq!(card.apdus(), mark);
    assert_eq!(stack.ok("unblock status", &[])["locked"], true);
    stack.ok("unblock finish", &[&right, "654321"]);
    assert!(pin_is(&card, "654321"));
    assert_eq!(late.answer(), "SharingViolation");
    assert_eq!(other.answer(), "done");
    other.ends();
    stack.pcscd.run("pkcs15-tool --verify-pin --pin 654321");
}
