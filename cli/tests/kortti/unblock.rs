use serde_json::json;

use crate::harness::{Agent, error};
use crate::values::{CSN, READER, access, challenge, good_challenge, pin, reader, select, status, status_of};

const CHALLENGE: &str = "A892D75601617C5D";
const RESPONSE: &str = "B0A1674747F4EB87";
const KEY: &str = "010203040506070801020304050607080102030405060708";
const OTHER_KEY: &str = "0123456789ABCDEFFEDCBA987654321089ABCDEF01234567";
const NEW: &str = "86427531";

#[test]
fn start_says_what_to_read_out() {
    let none = || Ok(json!({ "state": "none" }));
    let agent = Agent::new([
        ("status", status()),
        ("unblock.status", none()),
        ("card.access", access(0)),
        ("unblock.start", Ok(challenge())),
    ]);
    let run = agent.run(&["unblock", "start"], "");
    for part in [
        &format!("CSN              {CSN}\n"),
        "Challenge        A892 D756 0161 7C5D\n",
        "Checksum         FDAD\n",
        "Card kept until  12:15 UTC, which is over\n",
        "leave the card in",
        "kortti unblock finish",
    ] {
        assert!(run.ended(0, &[]).stdout.contains(part), "{part}\n{}", run.everything());
    }
    assert_eq!(
        agent.methods(),
        ["status", "unblock.status", "status", "card.access", "status", "unblock.start"]
    );
    assert_eq!(agent.params("unblock.start"), json!({ "select": select(), "role": 1 }));
    let mut expected = challenge();
    expected["schema"] = json!(1);
    assert_eq!(agent.run(&["unblock", "start", "--json"], "").json(), expected);
}

#[test]
fn finish_sends_a_response_that_can_be_right() {
    for typed in [RESPONSE, "b0a1 6747 47f4 eb87", "B0A1-6747-47F4-EB87 3BEC"] {
        let agent = Agent::new([
            ("status", status()),
            ("unblock.status", good_challenge()),
            ("unblock.finish", Ok(pin(5))),
        ]);
        let run = agent.run(&["unblock", "finish", "--pin-stdin"], &format!("{typed}\n{NEW}\n"));
        run.ended(0, &[typed, NEW]);
        assert_eq!(run.stdout, "The PIN is unblocked, and the new one is set. 5 tries left.\n");
        assert_eq!(agent.methods(), ["status", "unblock.status", "unblock.finish"], "the card was disturbed");
        assert_eq!(
            agent.params("unblock.finish"),
            json!({ "select": select(), "challenge": CHALLENGE, "response": typed, "new": NEW })
        );
    }
}

#[test]
fn finish_says_what_is_answered() {
    let agent = Agent::new([
        ("status", status()),
        ("unblock.status", good_challenge()),
        ("unblock.finish", Err(error("challenge_void", "The challenge is another one."))),
    ]);
    let mut dialogue = agent.start(&["unblock", "finish"]);
    dialogue.expect("Response to the challenge A892 D756 0161 7C5D\r\n").expect("Response: ");
    dialogue.press(RESPONSE).press("\n").expect("New PIN: ").press(NEW).press("\n");
    dialogue.expect("New PIN again: ").press(NEW).press("\n");
    dialogue.finish().ended(9, &[NEW]);
    assert_eq!(agent.params("unblock.finish")["challenge"], json!(CHALLENGE));
}

#[test]
fn finish_sends_nothing_else() {
    let void = || Ok(json!({ "state": "void", "reason": "The card was taken out." }));
    let none = || Ok(json!({ "state": "none" }));
    let good_input = format!("{RESPONSE}\n{NEW}\n");
    for (state, input, code, said) in [
        (void(), &*good_input, 9, "void: The card was taken out."),
        (none(), &*good_input, 9, "No unblock was started"),
        (Err(error("no_card", "No card.")), &*good_input, 4, "No card."),
        (good_challenge(), &*format!("{RESPONSE}3BED\n{NEW}\n"), 7, "checksum does not fit"),
        (good_challenge(), &*format!("B0A1\n{NEW}\n"), 7, "it has 4 digits; it should have 16"),
        (good_challenge(), &*format!("\n{NEW}\n"), 7, "it has 0 digits"),
        (good_challenge(), &*format!("G0A1674747F4EB87\n{NEW}\n"), 7, "only the digits"),
        (good_challenge(), &*format!("{RESPONSE}\n123\n"), 7, "at least 4 characters"),
        (good_challenge(), RESPONSE, 2, "ended before it"),
    ] {
        let agent = Agent::new([("status", status()), ("unblock.status", state)]);
        let run = agent.run(&["unblock", "finish", "--pin-stdin"], input);
        run.ended(code, &[RESPONSE, NEW]);
        assert!(run.stderr.contains(said), "{said}\n{}", run.everything());
        assert_eq!(agent.methods(), ["status", "unblock.status"]);
    }
}

#[test]
fn a_wrong_response_ends_it() {
    let wrong = json!({ "code": "wrong_response", "message": "The response was wrong.", "tries_left": 4 });
    let agent = Agent::new([
        ("status", status()),
        ("unblock.status", good_challenge()),
        ("unblock.finish", Err(wrong.clone())),
    ]);
    let run = agent.run(&["unblock", "finish", "--pin-stdin", "--json"], &format!("{RESPONSE}\n{NEW}\n"));
    assert_eq!(run.ended(5, &[RESPONSE, NEW]).json(), json!({ "schema": 1, "error": wrong }));
}

#[test]
fn the_whole_way_at_a_terminal() {
    for (state, methods) in [
        (
            Ok(json!({ "state": "none" })),
            &[
                "status",
                "unblock.status",
                "status",
                "card.access",
                "status",
                "unblock.start",
                "unblock.status",
                "unblock.finish",
            ][..],
        ),
        (good_challenge(), &["status", "unblock.status", "unblock.status", "unblock.finish"]),
    ] {
        let agent = Agent::new([
            ("status", status()),
            ("unblock.status", state),
            ("unblock.status", good_challenge()),
            ("card.access", access(0)),
            ("unblock.start", Ok(challenge())),
            ("unblock.finish", Ok(pin(5))),
        ]);
        let mut dialogue = agent.start(&["unblock"]);
        dialogue.expect("A892 D756 0161 7C5D\r\n").expect("FDAD\r\n").expect("leave the card in");
        dialogue.expect("Response: ").press("B0A1\n").expect("it has 4 digits");
        dialogue.expect("Response: ").press(RESPONSE).press("\n");
        dialogue.expect(&format!("{RESPONSE}\r\n\x1b[1A\r\x1b[2K")).expect("Checksum of the response: 3BEC.");
        dialogue.expect("4 to 16 letters").expect("New PIN: ").press(NEW).press("\n");
        dialogue.expect("New PIN again: ").press(NEW).press("\n");
        let run = dialogue.finish();
        run.ended(0, &[NEW]);
        assert_eq!(agent.methods(), methods);
        let select = json!({ "reader": READER, "card": CSN });
        assert_eq!(
            agent.params("unblock.finish"),
            json!({ "select": select, "challenge": CHALLENGE, "response": RESPONSE, "new": NEW })
        );
    }
}

#[test]
fn who_stops_half_way_can_go_on() {
    let mut another = good_challenge().unwrap();
    another["challenge"] = json!("0011223344556677");
    for (state, said) in [
        (good_challenge(), "stays good while the card stays in. Go on with: kortti unblock."),
        (good_challenge(), "with: kortti unblock cancel"),
        (
            Ok(json!({ "state": "void", "reason": "The card was taken out." })),
            "void: The card was taken out.",
        ),
        (Ok(another), "another one was taken meanwhile"),
        (Err(error("no_card", "Insert a card.")), "Insert a card."),
    ] {
        let agent = Agent::new([
            ("status", status()),
            ("unblock.status", good_challenge()),
            ("unblock.status", state),
        ]);
        let mut dialogue = agent.start(&["unblock"]);
        dialogue.expect("Response: ").press("\x03");
        let run = dialogue.finish();
        assert!(run.ended(130, &[]).stderr.contains(said), "{}", run.everything());
        assert_eq!(run.stderr.contains("stays good"), said.contains("kortti"), "{}", run.everything());
        assert_eq!(agent.methods(), ["status", "unblock.status", "unblock.status"]);
    }

    let agent = Agent::none();
    let run = agent.run(&["unblock"], "");
    assert!(run.ended(2, &[]).stderr.contains("kortti unblock start"), "{}", run.everything());
}

#[test]
fn nobody_types_a_new_pin_for_a_void_challenge() {
    for verb in [&["unblock"][..], &["unblock", "finish"]] {
        let agent = Agent::new([
            ("status", status()),
            ("unblock.status", good_challenge()),
            ("unblock.status", Ok(json!({ "state": "void", "reason": "The card was taken out." }))),
        ]);
        let mut dialogue = agent.start(verb);
        dialogue.expect("Response: ").press(RESPONSE).press("\n");
        let run = dialogue.finish();
        let said = "The challenge is void: The card was taken out. Nothing was sent.";
        assert!(run.ended(9, &[NEW]).stderr.contains(said), "{}", run.everything());
        assert!(!run.terminal.contains("New PIN"), "{}", run.everything());
    }
}

#[test]
fn a_challenge_that_is_out_is_shown_again() {
    let start = ["unblock", "start"];
    for (more, taken, said) in [
        (&[][..], false, "This is the challenge that is out."),
        (&["--new"], true, "The challenge that was out is void now."),
        (&["--role", "3"], true, "The challenge that was out is void now."),
    ] {
        let arguments = [&start, more].concat();
        for at_terminal in [true, false] {
            let agent = Agent::new([
                ("status", status()),
                ("unblock.status", good_challenge()),
                ("unblock.start", Ok(challenge())),
            ]);
            let run = if at_terminal { agent.start(&arguments).finish() } else { agent.run(&arguments, "") };
            assert!(run.ended(0, &[]).stdout.starts_with(said), "{}", run.everything());
            assert!(run.stdout.contains("A892 D756 0161 7C5D"), "{}", run.everything());
            assert_eq!(agent.methods().contains(&"unblock.start".to_owned()), taken, "{arguments:?}");
        }
    }
    let agent = Agent::new([("status", status()), ("unblock.status", good_challenge())]);
    let run = agent.run(&["unblock", "start", "--json"], "");
    let mut expected = challenge();
    expected["schema"] = json!(1);
    assert_eq!(run.ended(0, &[]).json(), expected);
}

#[test]
fn a_pin_that_is_not_blocked_is_asked_about() {
    for (verb, left, answer, taken) in [
        ("start", 3, Some("y\n"), true),
        ("start", 3, Some("\n"), false),
        ("start", 3, Some("\x03"), false),
        ("start", 0, None, true),
        ("--json", 3, None, true),
        ("walk", 3, Some("n\n"), false),
    ] {
        let agent = Agent::new([
            ("status", status_of(&[reader("First", "AABBCCDD"), reader(READER, CSN)])),
            ("unblock.status", Ok(json!({ "state": "none" }))),
            ("card.access", access(left)),
            ("unblock.start", Ok(challenge())),
        ]);
        let arguments: &[&str] = match verb {
            "walk" => &["unblock"],
            "--json" => &["unblock", "start", "--json", "--card", CSN],
            _ => &["unblock", "start"],
        };
        let mut dialogue = agent.start(arguments);
        if verb != "--json" {
            // Only once.
            dialogue.expect("Which card? Its number: ").press("2\n");
        }
        if let Some(answer) = answer {
            dialogue.expect("The PIN is not blocked (3 tries left).").expect("kept off the card.");
            dialogue.expect("[y/N] ").press(answer);
        }
        let run = dialogue.finish();
        run.ended(if taken { 0 } else { 130 }, &[]);
        assert_eq!(run.terminal.matches("Which card?").count(), usize::from(verb != "--json"));
        assert_eq!(agent.methods().contains(&"unblock.start".to_owned()), taken, "{verb} {answer:?}");
    }
}

#[test]
fn an_administrator_needs_neither_agent_nor_card() {
    let agent = Agent::none();
    std::fs::write(agent.path("key"), format!("{KEY}\n")).unwrap();
    std::fs::write(agent.path("other"), "01234567 89ABCDEF FEDCBA98 76543210 89ABCDEF 01234567").unwrap();
    std::fs::write(agent.path("bad"), "0123").unwrap();
    let respond = |more: &[&str]| agent.run(&[&["unblock", "respond"], more].concat(), "");

    let run = respond(&["--challenge", "A892 D756 0161 7C5D FDAD", "--key-file", "key"]);
    assert_eq!(run.ended(0, &[KEY]).stdout, "Response  B0A1 6747 47F4 EB87\nChecksum  3BEC\n");
    assert!(run.stderr.contains("well-known factory key"), "{}", run.stderr);

    let run = respond(&["--json", "--challenge", "a892d75601617c5d", "--key-file", "other"]);
    assert_eq!(
        run.ended(0, &[OTHER_KEY]).json(),
        json!({ "schema": 1, "challenge": "A892D75601617C5D", "challenge_checksum": "FDAD",
                "response": "2AE8BBC233FCCFB6",
                "response_checksum": run.json()["response_checksum"] })
    );
    assert_eq!(run.stderr, "");

    let long = "A892D75601617C5DA892D75601617C5D";
    for (more, code, said) in [
        (&["--challenge", "A892 D756 0161 7C5D FDAE", "--key-file", "key"][..], 2, "checksum does not fit"),
        (&["--challenge", "A892", "--key-file", "key"], 2, "This is no challenge"),
        (&["--challenge", "A892D75601617C5D", "--key-file", "bad"], 2, "The admin key is not one"),
        (&["--challenge", "A892D75601617C5D", "--key-file", "none"], 2, "none is not there."),
        (&["--challenge", "A892D75601617C5D", "--key-fd", "99"], 2, "Descriptor 99 is not there."),
        (&["--challenge", "A892D75601617C5D"], 2, "--key-file or --key-fd"),
        (&["--key-file", "key"], 2, "--challenge"),
        (&["--challenge", long, "--key-file", "other"], 2, "which cipher the card uses with --cipher"),
        (&["--challenge", long, "--key-file", "other", "--cipher", "3des"], 0, ""),
        (&["--challenge", long, "--key-file", "other", "--cipher", "aes"], 0, ""),
        (
            &["--challenge", "A892D75601617C5D", "--key-file", "other", "--cipher", "aes"],
            2,
            "There is no response",
        ),
        (&["--challenge", "A892D75601617C5D", "--key-file", "key", "--card", CSN], 2, "concerns no card"),
    ] {
        let run = respond(more);
        run.ended(code, &[KEY, OTHER_KEY]);
        assert!(run.stderr.contains(said), "{said}\n{}", run.everything());
    }
}

#[test]
fn an_administrator_at_a_terminal() {
    let agent = Agent::none();
    let mut dialogue = agent.start(&["unblock", "respond"]);
    dialogue.expect("Challenge: ").press("A892 D756 0161 7C5D\n").expect("Checksum of the challenge: FDAD.");
    dialogue.expect("Admin key: ");
    assert_eq!(dialogue.shows_and_signals(), (false, false));
    dialogue.press(KEY).press("\n");
    let run = dialogue.finish();
    assert_eq!(run.ended(0, &[KEY]).stdout, "Response  B0A1 6747 47F4 EB87\nChecksum  3BEC\n");

    // The second question of a run gives up as cleanly as the first.
    let mut dialogue = agent.start(&["unblock", "respond"]);
    dialogue.expect("Challenge: ").press("A892 D756 0161 7C5D\n").expect("Admin key: ").signal("TERM");
    dialogue.finish().ended(130, &[]);
}

#[test]
fn status_and_cancel() {
    let agent = Agent::new([
        ("status", status()),
        ("unblock.status", good_challenge()),
        ("unblock.cancel", Ok(json!({}))),
    ]);
    let run = agent.run(&["unblock", "status"], "");
    assert!(
        run.ended(0, &[]).stdout.contains("Other programs are kept off the card."),
        "{}",
        run.everything()
    );
    assert_eq!(agent.run(&["unblock", "status", "--json"], "").json()["state"], json!("good"));
    let run = agent.run(&["unblock", "cancel"], "");
    assert_eq!(run.ended(0, &[]).stdout, "The challenge is given up.\n");
    assert_eq!(agent.params("unblock.cancel"), json!({ "select": select() }));
    for state in [json!({ "state": "none" }), json!({ "state": "void", "reason": "It was taken out." })] {
        let agent = Agent::new([
            ("status", status()),
            ("unblock.status", Ok(state)),
            ("unblock.cancel", Ok(json!({}))),
        ]);
        let run = agent.run(&["unblock", "cancel"], "");
        assert_eq!(run.ended(0, &[]).stdout, "There is no challenge to give up.\n");
        assert_eq!(agent.run(&["unblock", "cancel", "--json"], "").json(), json!({ "schema": 1 }));
    }
}
