use serde_json::json;

use crate::harness::Agent;
use crate::values::{CSN, access, pin, pins, reader, status, status_of};

const OLD: &str = "13572468";
const NEW: &str = "86427531";

fn agent(tries_left: u8) -> Agent {
    Agent::new([("status", status()), ("card.access", access(tries_left)), ("pin.change", Ok(pin(5)))])
}

#[test]
fn a_pin_is_asked_for_in_order_and_not_shown() {
    let agent = agent(3);
    let mut dialogue = agent.start(&["pin", "change"]);
    dialogue.expect("3 tries left.\r\n").expect("Current PIN: ");
    assert_eq!(dialogue.shows_and_signals(), (false, false));
    dialogue.press(OLD).press("\n");
    dialogue
        .expect("The new PIN: 4 to 16 letters, digits or signs.")
        .expect("New PIN: ")
        .press(NEW)
        .press("\n");
    dialogue.expect("New PIN again: ").press(NEW).press("\n");
    let run = dialogue.finish();
    run.ended(0, &[OLD, NEW]);
    assert_eq!(run.stdout, "The PIN is changed. 5 tries left.\n");
    assert_eq!(run.stderr, "");
    assert_eq!(agent.methods(), ["status", "card.access", "pin.change"]);
    assert_eq!(agent.params("pin.change")["current"], json!(OLD));
}

#[test]
fn keys_that_correct_are_not_part_of_a_pin() {
    let agent = agent(3);
    let mut dialogue = agent.start(&["pin", "change"]);
    dialogue.expect("Current PIN: ").press("99\x7f\x7f").press(OLD).press("\n");
    dialogue.expect("New PIN: ").press("wrong\x15").press(NEW).press("\r");
    dialogue.expect("New PIN again: ").press(NEW).press("\n");
    dialogue.finish().ended(0, &[OLD, NEW]);
    assert_eq!(agent.params("pin.change")["current"], json!(OLD));
    assert_eq!(agent.params("pin.change")["new"], json!(NEW));
}

#[test]
fn what_was_typed_too_early_is_thrown_away() {
    let agent = agent(3);
    let mut dialogue = agent.start(&["pin", "change"]);
    dialogue.expect("Current PIN: ").press(&format!("{OLD}\ntyped too early\n"));
    dialogue.expect("New PIN: ").press(NEW).press("\n");
    dialogue.expect("New PIN again: ").press(NEW).press("\n");
    dialogue.finish().ended(0, &[OLD, NEW]);
    assert_eq!(agent.params("pin.change")["new"], json!(NEW));
}

#[test]
fn only_a_new_pin_is_asked_for_again() {
    let agent = agent(3);
    let mut dialogue = agent.start(&["pin", "change"]);
    dialogue.expect("Current PIN: ").press(OLD).press("\n");
    dialogue.expect("New PIN: ").press("123\n").expect("at least 4 characters");
    dialogue.expect("New PIN: ").press(NEW).press("\n");
    dialogue.expect("New PIN again: ").press(OLD).press("\n").expect("The two are not the same.");
    dialogue.expect("New PIN: ").press("\n");
    let run = dialogue.finish();
    run.ended(7, &[OLD, NEW]);
    assert_eq!(agent.methods(), ["status", "card.access"]);
}

#[test]
fn every_way_out_leaves_the_terminal_as_it_was() {
    for leave in ["ctrl-c", "ctrl-c in a line", "ctrl-d", "TERM", "HUP", "INT", "QUIT"] {
        let agent = agent(3);
        let mut dialogue = agent.start(&["pin", "change"]);
        dialogue.expect("Current PIN: ");
        assert_eq!(dialogue.shows_and_signals(), (false, false));
        match leave {
            "ctrl-c" => dialogue.press("\x03"),
            "ctrl-c in a line" => dialogue.press(OLD).press("\x03"),
            "ctrl-d" => dialogue.press("\x04"),
            signal => dialogue.signal(signal),
        };
        let run = dialogue.finish();
        run.ended(130, &[OLD]);
        assert_eq!(run.stderr, "Cancelled.\n", "{leave}");
        assert_eq!(agent.methods(), ["status", "card.access"], "{leave}");
    }
}

#[test]
fn cancelling_is_told_in_json_too() {
    let agent = agent(3);
    let mut dialogue = agent.start(&["pin", "change", "--json"]);
    dialogue.expect("Current PIN: ").press("\x03");
    let run = dialogue.finish();
    assert_eq!(run.ended(130, &[]).json()["error"]["code"], json!("cancelled"));
}

#[test]
fn the_last_try_is_asked_about() {
    for (answer, goes_on) in [("y", true), ("YES", true), ("n", false), ("No", false), ("", false)] {
        let agent = agent(1);
        let mut dialogue = agent.start(&["pin", "change"]);
        dialogue.expect("This is the last try. A wrong PIN blocks it. If you do not know the PIN for\r\n");
        dialogue.expect("certain, say no, and set a new one with: kortti unblock. Go on? [y/N] ");
        assert_eq!(dialogue.shows_and_signals(), (true, false));
        dialogue.press(answer).press("\n").expect(answer);
        if goes_on {
            dialogue.expect("Current PIN: ").press(OLD).press("\n");
            dialogue.expect("New PIN: ").press(NEW).press("\n");
            dialogue.expect("New PIN again: ").press(NEW).press("\n");
        }
        dialogue.finish().ended(if goes_on { 0 } else { 7 }, &[OLD, NEW]);
        if goes_on {
            assert_eq!(agent.params("pin.change")["last_try"], json!(true));
        } else {
            assert_eq!(agent.methods(), ["status", "card.access"]);
        }
    }
}

#[test]
fn what_is_neither_yes_nor_no_is_erased() {
    let agent = agent(1);
    let mut dialogue = agent.start(&["pin", "change"]);
    for typed in [OLD.to_owned(), "yo".to_owned(), OLD.repeat(20)] {
        // What it stood on is cleared: the two lines of the question, and those that the answer went on in.
        let last = "certain, say no, and set a new one with: kortti unblock. Go on? [y/N] ".len();
        let lines = 1 + (last + typed.len()).div_ceil(80);
        dialogue.expect("Go on? [y/N] ").press(&typed).press("\n");
        dialogue.expect(&format!("{typed}\r\n{}Answer y", "\x1b[1A\r\x1b[2K".repeat(lines)));
    }
    dialogue.expect("Go on? [y/N] ").press("\n");
    let run = dialogue.finish();
    assert!(run.ended(7, &[]).stderr.contains("was not asked for"), "{}", run.everything());
    assert!(!run.stderr.contains(OLD) && !run.stdout.contains(OLD));
    assert_eq!(agent.methods(), ["status", "card.access"]);
}

#[test]
fn of_several_cards_one_is_chosen() {
    let other = "AABBCCDD";
    for (answer, chosen) in
        [("2", Some(("Second", other))), ("1", Some(("First", CSN))), ("3", None), ("", None)]
    {
        let status = status_of(&[reader("First", CSN), reader("Second", other)]);
        let agent = Agent::new([("status", status), ("pin.list", pins(3))]);
        let mut dialogue = agent.start(&["pin", "list"]);
        dialogue.expect(&format!("  2  {other} in Second\r\n")).expect("Which card? Its number: ");
        dialogue.press(answer).press("\n");
        let run = dialogue.finish();
        match chosen {
            Some((reader, card)) => {
                assert!(run.ended(0, &[]).stdout.starts_with("ROLE"), "{}", run.everything());
                let select = json!({ "select": { "reader": reader, "card": card } });
                assert_eq!(agent.params("pin.list"), select);
            }
            None => {
                run.ended(130, &[]);
                assert_eq!(agent.methods(), ["status"]);
            }
        }
    }
    // A script wants an answer, not a question.
    let status = status_of(&[reader("First", CSN), reader("Second", other)]);
    let agent = Agent::new([("status", status)]);
    for verb in ["list", "change"] {
        let run = agent.start(&["pin", verb, "--json"]).finish();
        assert_eq!(run.ended(2, &[]).json()["error"]["code"], json!("several_cards"));
    }
}

#[test]
fn a_terminal_is_no_script() {
    let agent = agent(3);
    let run = agent.start(&["pin", "change", "--pin-stdin"]).finish();
    assert!(run.ended(2, &[]).stderr.contains("is a terminal"), "{}", run.everything());
    assert!(agent.methods().is_empty());
}
