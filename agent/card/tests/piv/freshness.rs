//! Whether a card tells that nothing has changed, and is right.

use card::transport::{Card as Connection, Transaction};
use card::virt::FaultKind;
use card::{Freshness, edge};
use shared::model::{Card, Edge};

use super::answers::Answers;
use super::rig::{GERDA, GERDA_RENEWED, HANS, PIN, READER, Rig, bytes, pin};

const PROFILES: [&str; 4] = ["yubikey-5.7", "yubikey-4", "pivapplet", "plain"];

fn two(profile: &str) -> Rig {
    Rig::with_people(profile, &[(0x9A, &GERDA), (0x9C, &HANS)], "key-history = true")
}

/// What an agent does: lists the card, asks for its freshness, and lets the card go.
fn read(connection: &mut dyn Connection) -> Option<Freshness> {
    let mut transaction = connection.begin().unwrap();
    let mut card = edge::open(&mut *transaction, None).unwrap();
    card.identify().unwrap();
    card.contents().unwrap();
    card.freshness().unwrap()
}

fn recall_with(transaction: &mut dyn Transaction, freshness: &Freshness) -> bool {
    let card = Card { edge: Edge::Piv, csn: None, name: String::new(), serial: None };
    edge::recall(transaction, &card, freshness).unwrap()
}

fn recall(connection: &mut dyn Connection, freshness: &Freshness) -> bool {
    recall_with(&mut *connection.begin().unwrap(), freshness)
}

/// Sends as another program, and fetches everything.
fn other(rig: &Rig, command: &str) -> Vec<u8> {
    let mut answer = rig.card.transmit_as_other(&bytes(&command.replace(' ', "")));
    let mut data = Vec::new();
    while let [rest @ .., 0x61, waiting] = answer.as_slice() {
        data.extend_from_slice(rest);
        answer = rig.card.transmit_as_other(&[0, 0xC0, 0, 0, *waiting]);
    }
    data.extend(answer);
    data
}

const SELECT: &str = "00A4040009A0000003080000100000";

#[test]
fn nothing_has_changed() {
    for profile in PROFILES {
        let rig = two(profile);
        let mut connection = rig.connect();
        let freshness = read(&mut *connection).unwrap();
        for _ in 0..20 {
            let mark = rig.card.apdus();
            assert!(recall(&mut *connection, &freshness), "{profile}");
            assert_eq!(rig.card.apdus() - mark, 2, "{profile}");
        }
        // Two readings, two marks: the first is not there any more.
        let again = read(&mut *connection).unwrap();
        if again != freshness {
            assert!(!recall(&mut *connection, &freshness), "{profile}");
        }
    }
}

/// Everything that another program can do between two transactions takes the mark away.
#[test]
fn somebody_came_between() {
    let get_9c = "00CB3FFF055C035FC10A00";
    for profile in PROFILES {
        for (what, commands) in [
            ("selects", &[SELECT][..]),
            ("selects something else", &["00A4040005A000000397"]),
            ("reads", &[SELECT, get_9c]),
            ("reads without selecting", &[get_9c]),
            ("looks at the tries", &["00200080"]),
            ("verifies", &["0020008008313233343536FFFF"]),
            ("sends rubbish", &["00"]),
            ("fetches the rest", &["00C0000000"]),
            ("fetches a part of the rest", &["00C0000010"]),
        ] {
            let rig = two(profile);
            let mut connection = rig.connect();
            let freshness = read(&mut *connection).unwrap();
            for command in commands {
                other(&rig, command);
            }
            let disturbed = !recall(&mut *connection, &freshness);
            // What is no command at all does not reach the application.
            assert!(disturbed || what == "sends rubbish", "{profile}: another program {what}");
        }
    }
}

/// A certificate is replaced by one that begins with the same 256 bytes, behind everybody's back.
#[test]
fn a_certificate_with_the_same_beginning() {
    for profile in PROFILES {
        let rig = Rig::with_people(profile, &[(0x9A, &GERDA)], "key-history = true");
        let id = 0x5F_C105;
        let mut connection = rig.connect();
        let freshness = read(&mut *connection).unwrap();
        let mut object = rig.object(id).unwrap();
        let byte = object.len() - 20;
        object[byte] ^= 1;
        rig.piv(|piv| piv.set_object(id, Some(&object)).unwrap());
        other(&rig, SELECT);
        assert!(!recall(&mut *connection, &freshness), "{profile}");
        // It then reads that very object halfway, and leaves the rest. The lot has fallen on one length of 256, with
        // which even that would look the same.
        for length in 0..=255_u8 {
            rig.card.transmit_as_other(&[0, 0xCB, 0x3F, 0xFF, 5, 0x5C, 3, 0x5F, 0xC1, 0x05, length]);
            let taken_for_ours = recall(&mut *connection, &freshness);
            assert!(!taken_for_ours || length == freshness.0[4], "{profile}: {length}");
        }
    }
}

/// Another agent replaces one certificate and leaves a mark on the other one, as this one did: it is taken for ours
/// only where the lot fell on the same object and the same byte.
#[test]
fn another_agent() {
    let rig = two("yubikey-5.7");
    let renewed = Rig::with_people("yubikey-5.7", &[(0x9C, &GERDA_RENEWED)], "");
    let replacement = renewed.object(0x5F_C10A).unwrap();
    let mut connection = rig.connect();
    let mut mistaken = 0;
    for _ in 0..50 {
        rig.piv(|piv| piv.set_object(0x5F_C10A, None).unwrap());
        let freshness = read(&mut *connection).unwrap();
        rig.piv(|piv| piv.set_object(0x5F_C10A, Some(&replacement)).unwrap());
        let theirs = read(&mut *rig.connect()).unwrap();
        let taken_for_ours = recall(&mut *connection, &freshness);
        assert!(!taken_for_ours || theirs == freshness);
        mistaken += usize::from(taken_for_ours);
    }
    assert!(mistaken < 10, "{mistaken} of 50");
}

#[test]
fn power_and_removal() {
    let rig = two("yubikey-5.7");
    let mut connection = rig.connect();
    let freshness = read(&mut *connection).unwrap();
    rig.card.reset();
    assert!(!recall(&mut *connection, &freshness));
    let freshness = read(&mut *connection).unwrap();
    rig.readers.remove(READER).unwrap();
    rig.readers.insert(READER, None).unwrap();
    assert!(!recall(&mut *rig.connect(), &freshness));
    // The card goes while it is asked.
    let mut connection = rig.connect();
    let freshness = read(&mut *connection).unwrap();
    rig.fail_at(1, FaultKind::RemovedBefore);
    let mut transaction = connection.begin().unwrap();
    let card = Card { edge: Edge::Piv, csn: None, name: String::new(), serial: None };
    assert!(edge::recall(&mut *transaction, &card, &freshness).is_err());
}

/// Two cards in the same reader, one after the other, hold the same certificate: the answer must not be about the
/// other one.
#[test]
fn damaged_and_foreign_marks() {
    let rig = two("yubikey-5.7");
    let mut connection = rig.connect();
    let Freshness(mark) = read(&mut *connection).unwrap();
    for cut in [0, 3, 5, 7, 9, mark.len() - 1] {
        let before = rig.card.apdus();
        assert!(!recall(&mut *connection, &Freshness(mark[..cut].to_vec())), "{cut}");
        assert!(rig.card.apdus() - before <= 2);
        assert_eq!(read(&mut *connection).map(|Freshness(mark)| mark.len() > 64), Some(true));
    }
}

#[test]
fn cards_that_keep_no_mark() {
    // No object is long enough.
    let rig = Rig::new("plain", "");
    assert_eq!(read(&mut *rig.connect()), None);
    // The card gives everything at once, or wants the exact length.
    for status in [[0x90, 0x00], [0x6C, 0x20], [0x67, 0x00]] {
        let rig = two("plain");
        let mut connection = rig.connect();
        let mut transaction = connection.begin().unwrap();
        let mut short = Answers(&mut *transaction, |command: &[u8]| {
            let partial = command[1] == 0xCB && command.len() == 11 && command[10] != 0;
            partial.then(|| status.to_vec())
        });
        let mut card = edge::open(&mut short, None).unwrap();
        card.contents().unwrap();
        let freshness = card.freshness().unwrap();
        // One time in 256 the lot asks for 256 bytes.
        assert!(freshness.is_none_or(|Freshness(mark)| mark[4] == 0), "{status:02X?}");
    }
}

/// A card that gives 256 bytes whatever it was asked for.
#[test]
fn a_card_that_cuts_where_it_likes() {
    let rig = two("yubikey-5.7");
    let mut connection = rig.connect();
    let deaf = |command: &[u8]| {
        let mut command = command.to_vec();
        if command[1] == 0xCB && command.len() == 11 {
            command[10] = 0;
        }
        Some(rig.card.transmit_as_other(&command))
    };
    let freshness = {
        let mut transaction = connection.begin().unwrap();
        let mut card_ = Answers(&mut *transaction, deaf);
        let mut card = edge::open(&mut card_, None).unwrap();
        card.contents().unwrap();
        card.freshness().unwrap().unwrap()
    };
    for _ in 0..3 {
        let mut transaction = connection.begin().unwrap();
        assert!(recall_with(&mut Answers(&mut *transaction, deaf), &freshness));
    }
    other(&rig, SELECT);
    let mut transaction = connection.begin().unwrap();
    assert!(!recall_with(&mut Answers(&mut *transaction, deaf), &freshness));
}

/// Who was logged in is logged out before the mark is left, and not after, which would take it away.
#[test]
fn after_a_login() {
    for profile in PROFILES {
        let rig = two(profile);
        let mut connection = rig.connect();
        let freshness = {
            let mut transaction = connection.begin().unwrap();
            let mut card = edge::open(&mut *transaction, None).unwrap();
            let own = pin(PIN);
            card.verify(shared::model::Role::USER, card::PinEntry::Typed(&own)).unwrap();
            // Nothing was read in this transaction.
            card.freshness().unwrap().unwrap()
        };
        assert!(!rig.piv(|piv| piv.pin_verified()), "{profile}");
        assert!(recall(&mut *connection, &freshness), "{profile}");
    }
}
