//! PINs that are typed on the reader: the virtual reader builds the commands from what it is told, as a reader does.
//! Nothing here hands a PIN to the edge.

use card::virt::{Fault, FaultKind, Keys};
use card::{Error, PadEnd, PinEntry, UnblockProof, edge};
use shared::model::Role;

use super::pins::{RESPONSE, challenged};
use super::rig::{ANNA, PIN, READER, Rig, pin, secrets};

impl Rig {
    /// Lets a person do this on the reader.
    fn types(&self, keys: &[Keys]) {
        self.readers.type_on_pad(READER, keys).unwrap();
    }

    fn pin_is(&self, pin: &str) -> bool {
        self.card.gids(|gids| gids.pin_is(pin.as_bytes())).unwrap()
    }
}

fn keys(text: &str) -> Keys {
    Keys::from(text)
}

#[test]
fn verifying() {
    // What is typed, how often VERIFY reaches the card, what comes of it, and the tries that are left.
    for (typed, sent, expected, left) in [
        (keys(PIN), 1, "Ok(())", 3),
        (keys("000000"), 1, "Err(WrongPin { role: Role(1), tries_left: Some(2) })", 2),
        (keys("123"), 0, "Err(PadEnded(Length))", 3),
        (keys("12345678901234567"), 0, "Err(PadEnded(Length))", 3),
        (Keys::Cancel, 0, "Err(PadEnded(Cancelled))", 3),
        (Keys::Nothing, 0, "Err(PadEnded(TimedOut))", 3),
    ] {
        let rig = Rig::on_pad(&[], "");
        rig.types(&[typed.clone(), keys("not to be typed")]);
        let mark = rig.card.apdus();
        let result = rig.with(|card| {
            let result = card.verify(Role::USER, PinEntry::Pad);
            assert!(card.secret_sent(), "nothing is to be begun again by machine");
            assert_eq!(rig.logged_in(), result.is_ok());
            result
        });
        assert_eq!(format!("{result:?}"), expected, "{typed:?}");
        assert_eq!(secrets(&rig.card.log_since(mark)), [sent, 0, 0, 0], "{typed:?}");
        assert_eq!((rig.tries(), rig.readers.left_to_type(READER)), (left, Ok(1)), "{typed:?}");
        assert!(!rig.logged_in(), "{typed:?}");
    }
}

#[test]
fn changing() {
    let pad = |end| Err(Error::PadEnded(end));
    type Case<'c> = (&'c [Keys], [usize; 4], Result<(), Error>, u8);
    let cases: [Case<'_>; 9] = [
        (&[keys(PIN), keys("98765432"), keys("98765432")], [1, 1, 0, 0], Ok(()), 3),
        (&[keys("000000")], [1, 0, 0, 0], Err(Error::WrongPin { role: Role::USER, tries_left: Some(2) }), 2),
        (&[Keys::Cancel], [0; 4], pad(PadEnd::Cancelled), 3),
        (&[Keys::Nothing], [0; 4], pad(PadEnd::TimedOut), 3),
        (&[keys(PIN), Keys::Cancel], [1, 0, 0, 0], pad(PadEnd::Cancelled), 3),
        (&[keys(PIN), keys("98765432"), Keys::Nothing], [1, 0, 0, 0], pad(PadEnd::TimedOut), 3),
        (&[keys(PIN), keys("98765432"), keys("98765433")], [1, 0, 0, 0], pad(PadEnd::Differ), 3),
        (&[keys(PIN), keys("987")], [1, 0, 0, 0], pad(PadEnd::Length), 3),
        // The stored PIN is longer than the one typed, and what is missing comes next.
        (
            &[keys("12345"), keys("612345"), keys("612345")],
            [1, 0, 0, 0],
            Err(Error::WrongPin { role: Role::USER, tries_left: Some(2) }),
            2,
        ),
    ];
    for (typed, sent, expected, left) in cases {
        let rig = Rig::on_pad(&[&ANNA], "");
        rig.types(typed);
        let mark = rig.card.apdus();
        let result = rig.with(|card| card.change_pin(Role::USER, PinEntry::Pad, PinEntry::Pad));
        assert_eq!(format!("{result:?}"), format!("{expected:?}"), "{typed:?}");
        assert_eq!(secrets(&rig.card.log_since(mark)), sent, "{typed:?}");
        assert_eq!(rig.tries(), left, "{typed:?}");
        assert!(rig.pin_is(if result.is_ok() { "98765432" } else { PIN }), "{typed:?}");
        assert!(!rig.logged_in(), "{typed:?}");
    }
}

#[test]
fn what_a_card_says_to_a_new_pin() {
    for (status, expected) in [
        (0x6700, "Err(PinRefused)"),
        (0x6A80, "Err(PinRefused)"),
        (0x6985, "Err(PinRefused)"),
        (0x6A86, "Err(NotSupported(\"it takes no new PIN from the reader\"))"),
        (0x6F00, "Err(Unexpected { command: \"CHANGE REFERENCE DATA\", status: 28416 })"),
    ] {
        let rig = Rig::on_pad(&[&ANNA], "");
        rig.types(&[keys(PIN), keys("98765432"), keys("98765432")]);
        rig.card.inject(Fault::at_instruction(0x24, 1, FaultKind::Status(status)));
        let result = rig.with(|card| card.change_pin(Role::USER, PinEntry::Pad, PinEntry::Pad));
        assert_eq!(format!("{result:?}"), expected, "{status:04X}");
        assert!(rig.pin_is(PIN) && !rig.logged_in(), "{status:04X}");
    }
}

#[test]
fn unblocking_with_a_puk() {
    let puk = "87654321";
    for (typed, sent, expected, unblocked) in [
        (vec![keys(puk), keys("2468"), keys("2468")], 1, "Ok(())", true),
        (
            vec![keys("11111111"), keys("2468"), keys("2468")],
            1,
            "Err(WrongPin { role: Role(2), tries_left: Some(2) })",
            false,
        ),
        (vec![keys(puk), keys("2468"), keys("2469")], 0, "Err(PadEnded(Differ))", false),
        (vec![keys(puk), Keys::Cancel], 0, "Err(PadEnded(Cancelled))", false),
        (vec![Keys::Nothing], 0, "Err(PadEnded(TimedOut))", false),
    ] {
        let rig = Rig::on_pad(&[], &format!("puk = '{puk}'\ntries-spent = 3"));
        rig.types(&typed);
        let mark = rig.card.apdus();
        let result =
            rig.with(|card| card.unblock(Role::USER, UnblockProof::Puk(PinEntry::Pad), PinEntry::Pad));
        assert_eq!(format!("{result:?}"), expected, "{typed:?}");
        assert_eq!(secrets(&rig.card.log_since(mark)), [0, 0, sent, 0], "{typed:?}");
        assert_eq!((rig.pin_is("2468"), rig.tries() > 0), (unblocked, unblocked), "{typed:?}");
    }
    // A card without a PUK asks nobody for one.
    let rig = Rig::on_pad(&[], "");
    rig.types(&[keys(puk), keys("2468"), keys("2468")]);
    let none = rig.with(|card| card.unblock(Role::USER, UnblockProof::Puk(PinEntry::Pad), PinEntry::Pad));
    assert!(matches!(none, Err(Error::NotSupported(_))));
    assert_eq!(rig.readers.left_to_type(READER), Ok(3));
}

#[test]
fn unblocking_with_a_response() {
    for (typed, expected, sent) in [
        (&[keys("2468"), keys("2468")][..], "Ok(())", [0, 0, 1, 1]),
        (&[Keys::Cancel], "Err(PadEnded(Cancelled))", [0, 0, 0, 1]),
        (&[keys("2468"), keys("2469")], "Err(PadEnded(Differ))", [0, 0, 0, 1]),
    ] {
        let rig = Rig::on_pad(&[&ANNA], "");
        let (mut connection, identity) = challenged(&rig);
        rig.types(typed);
        let mark = rig.card.apdus();
        let result = {
            let mut transaction = connection.begin().unwrap();
            let mut card = edge::resume(&mut *transaction, &identity);
            card.unblock(Role::USER, UnblockProof::Response(&RESPONSE), PinEntry::Pad)
        };
        assert_eq!(format!("{result:?}"), expected, "{typed:?}");
        assert_eq!(secrets(&rig.card.log_since(mark)), sent, "{typed:?}");
        assert_eq!((rig.tries() > 0, rig.pin_is("2468")), (result.is_ok(), result.is_ok()), "{typed:?}");
        assert!(!rig.logged_in(), "the administrator is logged out, whatever the person did: {typed:?}");
    }
}

#[test]
fn a_card_that_goes_while_somebody_types() {
    for (fault, expected) in [
        (FaultKind::RemovedBefore, "Err(Transport(Removed))"),
        (FaultKind::RemovedAfter, "Err(Transport(Removed))"),
        (FaultKind::Reset, "Err(Transport(Reset))"),
    ] {
        let rig = Rig::on_pad(&[], "");
        rig.types(&[keys(PIN)]);
        let mark = rig.card.apdus();
        rig.card.inject(Fault::at_instruction(0x20, 1, fault));
        let result = rig.with(|card| {
            let result = card.verify(Role::USER, PinEntry::Pad);
            assert!(card.secret_sent());
            result
        });
        assert_eq!(format!("{result:?}"), expected);
        assert_eq!(secrets(&rig.card.log_since(mark)), [1, 0, 0, 0], "{fault:?}");
    }
}

#[test]
fn a_reader_without_a_pad() {
    let rig = Rig::new(&[]);
    let mark = rig.card.apdus();
    rig.with(|card| {
        assert!(matches!(card.verify(Role::USER, PinEntry::Pad), Err(Error::NotSupported(_))));
        assert!(!card.secret_sent());
        card.verify(Role::USER, PinEntry::Typed(&pin(PIN))).unwrap();
    });
    assert_eq!(secrets(&rig.card.log_since(mark)), [1, 0, 0, 0]);
}
