//! The smart card service and the agent die and come back.

use std::thread;
use std::time::{Duration, Instant};

use harness::pcscd::{Pcscd, READERS};
use harness::stack::{Stack, home_of};

use crate::cards::{ANNA, AUTHENTICATE, PIN, RESET_RETRY, anna, berta, block, pin_is, right_response, sent};

/// Within which readers must be seen again, on a machine that may be busy: the agent looks for the service every second, and
/// pcscd for a card every 0.4.
const SOON: Duration = Duration::from_secs(10);
/// A service that is away this long is looked for at the longest intervals.
const LONG: Duration = Duration::from_millis(3500);

#[test]
fn the_service_dies_and_returns() {
    let card = anna();
    let mut stack = Stack::with(&card);
    for round in 0..3 {
        stack.kill_service();
        stack.watch.event("service_down");
        stack.refused("readers", &[], 4, "no_service");
        stack.refused("pin change", &[PIN, "654321"], 4, "no_service");
        assert_eq!(stack.ok("status", &[])["service"]["state"], "down");
        stack.pcscd.restart();
        let returned = Instant::now();
        stack.watch.event("service_up");
        stack.watch.event("reader_added");
        let seen = returned.elapsed();
        assert!(seen < SOON, "readers are seen again after {seen:?}");
        println!("round {round}: readers are seen {} ms after the service is back", seen.as_millis());
        let inserted = Instant::now();
        assert_eq!(stack.insert(0, &card)["card"]["csn"], ANNA);
        assert!(inserted.elapsed() < SOON);
        assert_eq!(stack.certificates().len(), 2);
    }
}

#[test]
fn the_service_dies_under_a_challenge() {
    let card = anna();
    let mut stack = Stack::with(&card);
    block(&card);
    let right = right_response(&stack);
    let mark = card.apdus();
    stack.kill_service();
    stack.watch.event("service_down");
    stack.pcscd.restart();
    stack.insert(0, &card);
    stack.refused("unblock finish", &[&right, "654321"], 9, "challenge_void");
    assert_eq!((sent(&card, mark, AUTHENTICATE), sent(&card, mark, RESET_RETRY)), (0, 0));
    let right = right_response(&stack);
    stack.ok("unblock finish", &[&right, "654321"]);
}

#[test]
fn the_agent_is_there_before_the_service() {
    let mut pcscd = Pcscd::start();
    pcscd.kill();
    let home = home_of(&pcscd);
    let _agent = home.agent(&[]);
    let watch = home.watch();
    let down = home.kortti(&["readers", "--json"], &[]).code(4).json();
    assert_eq!(down["error"]["code"], "no_service");
    thread::sleep(LONG);
    pcscd.restart();
    let returned = Instant::now();
    watch.until(|event| event["event"] == "reader_added" && event["reader"] == READERS[1]);
    let seen = returned.elapsed();
    println!("after {LONG:?} without a service, readers are seen {} ms after it is there", seen.as_millis());
    assert!(seen < SOON, "readers are seen after {seen:?}");
    let _inserted = pcscd.insert(1, &berta());
    watch.event("card_identified");
    home.kortti(&["card"], &[]).code(0);
}

#[test]
fn the_agent_dies_under_a_challenge() {
    let card = anna();
    let stack = Stack::with(&card);
    block(&card);
    let right = right_response(&stack);
    let stack = stack.restart_agent();
    let mark = card.apdus();
    stack.refused("unblock finish", &[&right, "654321"], 9, "challenge_void");
    assert_eq!((sent(&card, mark, AUTHENTICATE), sent(&card, mark, RESET_RETRY)), (0, 0));
    assert!(pin_is(&card, PIN));
    let right = right_response(&stack);
    stack.ok("unblock finish", &[&right, "654321"]);
    assert!(pin_is(&card, "654321"));
}

#[test]
fn a_card_that_is_pulled_takes_its_challenge_along() {
    let card = anna();
    let mut stack = Stack::with(&card);
    block(&card);
    let right = right_response(&stack);
    stack.remove(0);
    assert_eq!(stack.ok("unblock status", &[])["state"], "void");
    stack.insert(0, &card);
    let mark = card.apdus();
    stack.refused("unblock finish", &[&right, "654321"], 9, "challenge_void");
    assert_eq!(card.apdus(), mark);
}
