//! Several cards, and which of them is meant.

use harness::pcscd::READERS;
use harness::stack::Stack;
use serde_json::{Value, json};

use crate::cards::{SERIAL, card, described, slots};

/// The serial number of the GIDS card `anna`.
const ANNA: &str = "7D1F93C2A4E05B68B19C3D2E6F804A57";
/// The printed serial number as CSN.
const SERIAL_CSN: &str = "006DE929";
/// The GUID of a card that has no serial number.
const GUID: &str = "A82C47F1E05B4D93867B21C4F39D0E65";

/// Runs `kortti card` with these options.
fn chosen(stack: &Stack, options: &[&str]) -> Value {
    let words = [&["card", "--json"][..], options].concat();
    stack.home.kortti(&words, &[]).json()
}

#[test]
fn cards_are_told_apart() {
    let yubikey = described("yubikey-5.7", &slots(&["9A"]));
    let old = card(&format!("profile = 'yubikey-4'\nguid = '{GUID}'\n{}", slots(&["9A", "9C"])));
    let gids = card::virt::VirtualReaders::demo().card("anna").unwrap();
    let mut stack = Stack::new();
    assert_eq!(stack.insert(0, &yubikey)["card"]["csn"], SERIAL_CSN);
    assert_eq!(stack.insert(1, &old)["card"]["csn"], GUID);
    stack.refused("cert list", &[], 2, "several_cards");
    for (options, csn) in [
        (["--reader", READERS[0]], SERIAL_CSN),
        (["--reader", READERS[1]], GUID),
        (["--card", SERIAL_CSN], SERIAL_CSN),
        (["--card", SERIAL], SERIAL_CSN),
        (["--card", GUID], GUID),
        (["--card", "a82c47f1"], GUID),
    ] {
        assert_eq!(chosen(&stack, &options)["csn"], csn, "{options:?}");
    }
    assert_eq!(chosen(&stack, &["--card", "7203146"])["error"]["code"], "no_card");

    // A GIDS card takes the place of one of them.
    stack.remove(1);
    assert_eq!(stack.insert(1, &gids)["card"]["csn"], ANNA);
    for (card, edge) in [(SERIAL, "piv"), (SERIAL_CSN, "piv"), (ANNA, "gids")] {
        assert_eq!(chosen(&stack, &["--card", card])["edge"], edge);
    }
    // Each is written to for itself.
    std::thread::scope(|scope| {
        for (reader, new) in READERS.into_iter().zip(["654321", "777777"]) {
            let words = ["pin", "change", "--json", "--pin-stdin", "--reader", reader];
            let stack = &stack;
            scope.spawn(move || stack.home.kortti(&words, &["123456", new]).code(0));
        }
    });
    assert!(yubikey.piv(|piv| piv.pin_is(b"654321")).unwrap());
    assert!(gids.gids(|gids| gids.pin_is(b"777777")).unwrap());
}

#[test]
fn cards_of_the_same_number_are_told_apart_by_their_readers() {
    let cards = [slots(&["9A"]), slots(&["9A", "9C"])].map(|slots| described("yubikey-5.7", &slots));
    let mut stack = Stack::new();
    for (slot, card) in (0..).zip(&cards) {
        stack.insert(slot, card);
    }
    for number in [SERIAL, SERIAL_CSN] {
        assert_eq!(chosen(&stack, &["--card", number])["error"]["code"], "several_cards");
    }
    for (reader, certificates) in READERS.into_iter().zip([1, 2]) {
        for options in [&["--reader", reader][..], &["--reader", reader, "--card", SERIAL]] {
            let card = chosen(&stack, options);
            assert_eq!(card["certificates"].as_array().unwrap().len(), certificates, "{card}");
        }
    }
}

#[test]
fn a_card_in_the_other_reader_is_the_same_card() {
    for (profile, csn) in [("yubikey-5.7", SERIAL_CSN), ("plain", "0C94E2B7A81D4F3695D07B2E6C1FA853")] {
        let card = described(profile, &slots(&["9A", "9D"]));
        let mut stack = Stack::new();
        stack.insert(0, &card);
        let before = stack.ok("card", &[]);
        for slot in [1, 0, 1] {
            assert_eq!(stack.remove(1 - slot)["csn"], csn);
            assert_eq!(stack.insert(slot, &card)["card"]["csn"], csn);
            let mut now = stack.ok(&format!("card --card {csn}"), &[]);
            assert_eq!(now["reader"], READERS[usize::from(slot)]);
            now["reader"] = json!(READERS[0]);
            assert_eq!(now, before, "{profile}");
        }
    }
}
