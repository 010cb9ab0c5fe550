//! What a card's answers say of tries left: known-bugs.md F.1, every row against a card that answers so.

use card::{Error, PinEntry, UnblockProof};
use shared::model::Role;

use super::rig::{PIN, PUK, Rig, pin};

/// How the PIN stands that is shown: tries left, and blocked; `None` when none is shown.
fn shown(rig: &Rig) -> Option<(Option<u8>, bool)> {
    let before = rig.tries();
    let pins = rig.with(|card| card.pins().unwrap());
    assert_eq!(rig.tries(), before, "a look costs nothing");
    pins.iter().find(|pin| pin.role == Role::USER).map(|pin| (pin.tries_left, pin.blocked))
}

#[test]
fn answers_to_a_query() {
    for (row, extra, expected) in [
        ("63Cx", "tries-spent = 1", Some((Some(2), false))),
        ("63C1", "tries-spent = 2", Some((Some(1), false))),
        ("63CF: 15 or more", "options = { query-answer = 0x63CF }", Some((None, false))),
        ("63CF with 15", "options = { pin-tries = 15 }", Some((None, false))),
        ("63CE", "options = { pin-tries = 14 }", Some((Some(14), false))),
        ("9000: verified, not 0 left", "options = { query-answer = 0x9000 }", Some((None, false))),
        ("63Cx though verified", "options = { query-never-ok = true }", Some((Some(3), false))),
        ("6A80: does not know the question", "options = { query-answer = 0x6A80 }", Some((None, false))),
        ("6300: not told", "options = { query-answer = 0x6300 }", Some((None, false))),
        ("6302: not told by this family", "options = { query-answer = 0x6302 }", Some((None, false))),
        ("6983", "tries-spent = 3", Some((Some(0), true))),
        ("63C0 is blocked", "tries-spent = 3\noptions = { blocked-query = 0x63C0 }", Some((Some(0), true))),
        ("6984: no such PIN", "options = { query-answer = 0x6984 }", None),
        ("6A88: no such PIN", "options = { query-answer = 0x6A88 }", None),
    ] {
        assert_eq!(shown(&Rig::new("plain", extra)), expected, "{row}");
    }
    // The first YubiKeys count in 630x.
    let neo = "options = { version = [1, 0, 4], query-answer = 0x6302 }";
    assert_eq!(shown(&Rig::new("yubikey-4", neo)), Some((Some(2), false)));
    // No PIN is taken for blocked on an answer that means something else.
    let odd = Rig::new("plain", "options = { query-answer = 0x6F00 }");
    assert!(matches!(odd.with(|card| card.pins()), Err(Error::Unexpected { status: 0x6F00, .. })));
}

#[test]
fn after_a_verification() {
    for (profile, never_ok) in
        [("plain", false), ("plain", true), ("yubikey-4", true), ("yubikey-5.7", false)]
    {
        let rig = Rig::new(profile, &format!("options = {{ query-never-ok = {never_ok} }}"));
        let left = rig.with(|card| {
            card.verify(Role::USER, PinEntry::Typed(&pin(PIN))).unwrap();
            card.pins().unwrap().remove(0).tries_left
        });
        // GET METADATA tells also then; where an empty VERIFY answers 9000 the login has to end first.
        assert_eq!(left, Some(3), "{profile} {never_ok}");
    }
}

#[test]
fn metadata_tell_more() {
    for profile in ["yubikey-5.7", "pivapplet"] {
        let rig = Rig::new(profile, "tries-spent = 1\npuk-tries-spent = 2\noptions = { pin-tries = 20 }");
        let pins = rig.with(|card| card.pins().unwrap());
        let told: Vec<_> = pins.iter().map(|pin| (pin.role, pin.tries_left, pin.tries_max)).collect();
        assert_eq!(told, [(Role::USER, Some(19), Some(20)), (Role::ADMIN, Some(1), Some(3))], "{profile}");
    }
    // Empty metadata: unknown, and the PIN is asked for otherwise.
    let rig =
        Rig::new("yubikey-5.7", "options = { metadata = 'empty', label = 'Nitrokey PIV' }\ntries-spent = 1");
    let pins = rig.with(|card| card.pins().unwrap());
    let told: Vec<_> = pins.iter().map(|pin| (pin.role, pin.tries_left, pin.tries_max)).collect();
    assert_eq!(told, [(Role::USER, Some(2), None), (Role::ADMIN, None, None)]);
}

/// Answers to a wrong PIN: what the person is told, and that the try is counted once.
#[test]
fn answers_to_a_wrong_pin() {
    for (row, profile, extra, [verify, change, puk]) in [
        ("63Cx", "plain", "", [Some(2), Some(1), Some(2)]),
        ("630x", "plain", "options = { counter = 'low-nibble' }", [Some(2), Some(1), None]),
        (
            "630x on the first YubiKeys",
            "yubikey-4",
            "options = { counter = 'low-nibble', version = [1, 0, 4] }",
            [Some(2), Some(1), Some(2)],
        ),
        ("6300: asked afterwards", "plain", "options = { counter = 'untold' }", [Some(2), Some(1), None]),
        (
            "6300 with metadata",
            "yubikey-5.7",
            "options = { counter = 'untold' }",
            [Some(2), Some(1), Some(2)],
        ),
        (
            "Nitrokey",
            "plain",
            "options = { counter = 'only-to-verify', label = 'Nitrokey PIV', metadata = 'empty' }",
            [Some(2), Some(1), None],
        ),
        (
            "6300, query does not tell",
            "plain",
            "options = { counter = 'untold', query-answer = 0x6A80 }",
            [None; 3],
        ),
        ("15 and more", "plain", "options = { pin-tries = 20, puk-tries = 20 }", [None; 3]),
    ] {
        let rig = Rig::new(profile, extra);
        let (pin_before, puk_before) = rig.tries();
        let (wrong, new) = (pin("999999"), pin("654321"));
        let (wrong_puk, right_pin) = (pin("99999999"), pin(PIN));
        let result = rig.with(|card| card.verify(Role::USER, PinEntry::Typed(&wrong)));
        assert!(
            matches!(result, Err(Error::WrongPin { role: Role::USER, tries_left }) if tries_left == verify),
            "{row}: {result:?}"
        );
        assert_eq!(rig.tries(), (pin_before - 1, puk_before), "{row}");
        let result =
            rig.with(|card| card.change_pin(Role::USER, PinEntry::Typed(&wrong), PinEntry::Typed(&new)));
        assert!(
            matches!(result, Err(Error::WrongPin { role: Role::USER, tries_left }) if tries_left == change),
            "{row}: {result:?}"
        );
        assert_eq!(rig.tries(), (pin_before - 2, puk_before), "{row}");
        let result = rig.with(|card| {
            card.unblock(Role::USER, UnblockProof::Puk(PinEntry::Typed(&wrong_puk)), PinEntry::Typed(&new))
        });
        assert!(
            matches!(result, Err(Error::WrongPin { role: Role::ADMIN, tries_left }) if tries_left == puk),
            "{row}: {result:?}"
        );
        assert_eq!(rig.tries(), (pin_before - 2, puk_before - 1), "{row}");
        rig.with(|card| card.verify(Role::USER, PinEntry::Typed(&right_pin))).unwrap();
        assert_eq!(rig.tries().0, pin_before, "{row}");
    }
}

/// The last try: some cards say 63C0, some 6983.
#[test]
fn the_last_try() {
    for at_once in [false, true] {
        let rig =
            Rig::new("plain", &format!("tries-spent = 2\noptions = {{ exhausted-at-once = {at_once} }}"));
        let wrong = pin("999999");
        let result = rig.with(|card| card.verify(Role::USER, PinEntry::Typed(&wrong)));
        match (at_once, result) {
            (false, Err(Error::WrongPin { tries_left: Some(0), .. })) => {}
            (true, Err(Error::PinBlocked { role: Role::USER })) => {}
            (_, result) => panic!("{at_once} {result:?}"),
        }
        let right = pin(PIN);
        let result = rig.with(|card| card.verify(Role::USER, PinEntry::Typed(&right)));
        assert!(matches!(result, Err(Error::PinBlocked { role: Role::USER })), "{result:?}");
        assert_eq!(rig.tries(), (0, 3));
        let (puk, new) = (pin(PUK), pin("222222"));
        rig.with(|card| {
            card.unblock(Role::USER, UnblockProof::Puk(PinEntry::Typed(&puk)), PinEntry::Typed(&new))
        })
        .unwrap();
        assert_eq!(rig.tries(), (3, 3));
    }
}
