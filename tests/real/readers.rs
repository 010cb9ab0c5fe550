//! Cards come and go, in two readers, and not every card is one that can be used.

use card::virt::VirtualCard;
use harness::pcscd::READERS;
use harness::stack::Stack;
use serde_json::json;

use crate::cards::{ANNA, BERTA, PIN, anna, berta, demo, pin_is};

#[test]
fn insertion_and_removal_are_seen() {
    let card = anna();
    let mut stack = Stack::new();
    stack.refused("card", &[], 4, "no_card");
    for _ in 0..3 {
        assert_eq!(stack.insert(0, &card)["card"]["csn"], ANNA);
        assert_eq!(stack.ok("status", &[])["readers"][0]["state"], "ready");
        assert_eq!(stack.certificates().len(), 2);
        assert_eq!(stack.remove(0)["csn"], ANNA);
        assert_eq!(stack.ok("status", &[])["readers"][0]["state"], "empty");
        stack.refused("cert list", &[], 4, "no_card");
    }
}

#[test]
fn one_of_two_cards_is_named() {
    let cards: [VirtualCard; 2] = [anna(), berta()];
    let mut stack = Stack::new();
    stack.insert(0, &cards[0]);
    stack.insert(1, &cards[1]);
    for (line, secrets) in [
        ("card", &[][..]),
        ("pin list", &[]),
        ("cert list", &[]),
        ("unblock start", &[]),
        ("pin change", &[PIN, "654321"]),
    ] {
        stack.refused(line, secrets, 2, "several_cards");
    }
    for (options, csn) in [
        (["--reader", READERS[0]], ANNA),
        (["--reader", READERS[1]], BERTA),
        (["--card", ANNA], ANNA),
        (["--card", "c45a0e91"], BERTA),
        (["--card", "{c2931f7d-e0a4-685b-b19c-3d2e6f804a57}"], ANNA),
    ] {
        let words = [&["card", "--json"][..], &options].concat();
        assert_eq!(stack.home.kortti(&words, &[]).code(0).json()["csn"], csn, "{options:?}");
    }
    for (options, code, name) in [
        (["--reader", "Virtual PCD 00"], 4, "no_reader"),
        (["--reader", "virtual pcd 00 00"], 4, "no_reader"),
        (["--card", "FFFFFFFF"], 4, "no_card"),
        (["--card", "7D1F93"], 2, "bad_request"),
    ] {
        let words = [&["card", "--json"][..], &options].concat();
        let run = stack.home.kortti(&words, &[]).code(code);
        assert_eq!(run.json()["error"]["code"], name, "{options:?}");
    }
    // Both are changed at once, each its own.
    std::thread::scope(|scope| {
        for (reader, new) in READERS.into_iter().zip(["111111", "222222"]) {
            let words = ["pin", "change", "--json", "--pin-stdin", "--reader", reader];
            let stack = &stack;
            scope.spawn(move || stack.home.kortti(&words, &[PIN, new]).code(0));
        }
    });
    assert!(pin_is(&cards[0], "111111") && pin_is(&cards[1], "222222"));
    // An unblock in one reader leaves the other one alone.
    let words = ["unblock", "start", "--json", "--reader", READERS[0]];
    stack.home.kortti(&words, &[]).code(0);
    assert_eq!(stack.ok(&format!("card --card {BERTA}"), &[])["csn"], BERTA);
    stack.refused(&format!("card --card {ANNA}"), &[], 8, "busy");
    // A card on its own needs no name.
    stack.remove(0);
    assert_eq!(stack.ok("card", &[])["csn"], BERTA);
}

#[test]
fn cards_that_cannot_be_used_are_told_apart() {
    let mut stack = Stack::new();
    let event = stack.insert(0, &demo("unknown"));
    assert_eq!((&event["event"], &event["state"]), (&json!("card_unusable"), &json!("unknown_card")));
    assert_eq!(stack.ok("readers", &[])["readers"][0]["state"], "unknown_card");
    stack.refused("card", &[], 10, "unknown_card");
    stack.refused("pin change", &[PIN, "654321"], 10, "unknown_card");

    let event = stack.insert(1, &demo("new"));
    assert_eq!((&event["event"], &event["initialised"]), (&json!("card_identified"), &json!(false)));
    assert_eq!(stack.ok("readers", &[])["readers"][1]["state"], "not_initialised");
    assert_eq!(stack.ok("card", &[])["initialised"], false);
    for (line, secrets) in [
        ("cert list", &[][..]),
        ("pin change", &[PIN, "654321"]),
        ("unblock start", &[]),
        ("card repair", &[PIN]),
        ("cert delete 0 --yes", &[PIN]),
    ] {
        stack.refused(line, secrets, 10, "not_initialised");
    }
    stack.remove(0);
    assert_eq!(stack.insert(0, &anna())["card"]["csn"], ANNA);
    // The only card that can be used needs no name.
    assert_eq!(stack.ok("card", &[])["csn"], ANNA);
}
