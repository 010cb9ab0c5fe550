//! PINs, and the administrator's challenge and response.

use card::transport::Transaction;
use card::virt::FaultKind;
use card::{Error, PinEntry, SmartCard, UnblockProof, VoidReason, edge};
use shared::model::{PinKind, PinType, PolicySource, Role};

use super::answers::Answers;
use super::rig::{ANNA, PIN, Rig, pin, secrets};

/// What the card of the tests says to its next challenge, computed by hand (card-gids.md 9.6).
const CHALLENGE: [u8; 8] = [0xA8, 0x92, 0xD7, 0x56, 0x01, 0x61, 0x7C, 0x5D];
pub(crate) const RESPONSE: [u8; 8] = [0x2A, 0xE8, 0xBB, 0xC2, 0x33, 0xFC, 0xCF, 0xB6];

fn counters(rig: &Rig) -> Vec<u8> {
    rig.object(0xA010, 0xDF22).unwrap()
}

#[test]
fn how_they_stand() {
    let rig = Rig::new(&[&ANNA]);
    let before = rig.card.apdus();
    let pins = rig.with(|card| card.pins().unwrap());
    assert_eq!(rig.card.apdus() - before, 3);
    let [user, admin] = pins.as_slice() else { panic!("{pins:?}") };
    assert_eq!((user.role, user.pin_type, user.kind), (Role::USER, PinType::PrimaryCardPin, PinKind::Typed));
    assert_eq!((user.tries_left, user.tries_max, user.blocked), (Some(3), Some(3), false));
    let policy = user.policy.as_ref().unwrap();
    assert_eq!((policy.min_length, policy.max_length, policy.source), (4, 16, PolicySource::Assumed));
    assert_eq!((&*user.changed_by, &*user.unblocked_by), (&[Role::USER][..], &[Role::ADMIN][..]));
    assert_eq!(
        (admin.role, admin.pin_type, admin.kind),
        (Role::ADMIN, PinType::Administrator, PinKind::ChallengeResponse)
    );
    assert_eq!((admin.tries_left, admin.policy.as_ref()), (None, None));
    assert_eq!(rig.tries(), 3);

    let rig = Rig::described(&[], "puk = '87654321'\ntries-spent = 3");
    let pins = rig.with(|card| card.pins().unwrap());
    assert_eq!((pins[0].tries_left, pins[0].blocked), (Some(0), true));
    assert_eq!(
        (pins[1].pin_type, pins[1].kind, pins[1].tries_left),
        (PinType::UnblockOnly, PinKind::Typed, Some(3))
    );
}

#[test]
fn verifying() {
    let rig = Rig::new(&[&ANNA]);
    let verify = |role, text: &str| rig.with(|card| card.verify(role, PinEntry::Typed(&pin(text))));
    let mark = rig.card.apdus();
    assert!(matches!(verify(Role::USER, ""), Err(Error::PinRefused)));
    assert!(matches!(verify(Role::USER, &"1".repeat(128)), Err(Error::PinRefused)));
    assert!(matches!(verify(Role::ADMIN, PIN), Err(Error::NotSupported(_))));
    assert!(matches!(verify(Role(3), PIN), Err(Error::NotFound(_))));
    assert_eq!(secrets(&rig.card.log_since(mark)), [0; 4]);

    rig.with(|card| {
        assert!(!card.secret_sent());
        card.verify(Role::USER, PinEntry::Typed(&pin(PIN))).unwrap();
        assert!(card.secret_sent() && rig.logged_in());
    });
    assert!(!rig.logged_in(), "other programs must not find the card verified");

    for left in [2, 1, 0] {
        assert!(matches!(
            verify(Role::USER, "000000"),
            Err(Error::WrongPin { role: Role::USER, tries_left: Some(n) }) if n == left
        ));
        assert_eq!(rig.tries(), left);
    }
    assert!(matches!(verify(Role::USER, PIN), Err(Error::PinBlocked { role: Role::USER })));
    assert!(!rig.logged_in());
}

#[test]
fn fifteen_tries_or_more() {
    let rig = Rig::new(&[]);
    rig.with(|card| {
        rig.fail_at(1, FaultKind::Status(0x63CF));
        let wrong = card.verify(Role::USER, PinEntry::Typed(&pin("000000")));
        assert!(matches!(wrong, Err(Error::WrongPin { tries_left: None, .. })));
    });
}

#[test]
fn changing() {
    let rig = Rig::new(&[&ANNA]);
    let before = counters(&rig);
    let mark = rig.card.apdus();
    rig.with(|card| {
        card.change_pin(Role::USER, PinEntry::Typed(&pin(PIN)), PinEntry::Typed(&pin("abc 9876")))
    })
    .unwrap();
    assert_eq!(secrets(&rig.card.log_since(mark)), [1, 1, 0, 0]);
    assert!(rig.card.gids(|gids| gids.pin_is(b"abc 9876")).unwrap());
    assert!(!rig.logged_in());
    assert_eq!(counters(&rig)[1], before[1].wrapping_add(1));
    assert_eq!(counters(&rig)[2..], before[2..]);

    // The stored PIN is longer than the one typed: without VERIFY the card would take what follows it.
    let mark = rig.card.apdus();
    let wrong = rig.with(|card| {
        card.change_pin(Role::USER, PinEntry::Typed(&pin("abc 98")), PinEntry::Typed(&pin("7612345678")))
    });
    assert!(matches!(wrong, Err(Error::WrongPin { tries_left: Some(2), .. })));
    assert_eq!(secrets(&rig.card.log_since(mark)), [1, 0, 0, 0]);
    assert!(rig.card.gids(|gids| gids.pin_is(b"abc 9876")).unwrap());

    for refused in ["123", "12345678901234567"] {
        let mark = rig.card.apdus();
        let result = rig.with(|card| {
            card.change_pin(Role::USER, PinEntry::Typed(&pin("abc 9876")), PinEntry::Typed(&pin(refused)))
        });
        assert!(matches!(result, Err(Error::PinRefused)), "{refused} {result:?}");
        assert_eq!(secrets(&rig.card.log_since(mark)), [1, 1, 0, 0]);
        assert!(rig.card.gids(|gids| gids.pin_is(b"abc 9876")).unwrap());
        assert_eq!(rig.tries(), 3);
        assert!(!rig.logged_in());
    }
    let mark = rig.card.apdus();
    assert!(matches!(
        rig.with(|card| card.change_pin(
            Role::USER,
            PinEntry::Typed(&pin("abc 9876")),
            PinEntry::Typed(&pin(""))
        )),
        Err(Error::PinRefused)
    ));
    assert_eq!(secrets(&rig.card.log_since(mark)), [0; 4], "an empty PIN never reaches the card");
}

#[test]
fn counters_that_cannot_be_moved_do_not_hinder_a_change() {
    let rig = Rig::new(&[&ANNA]);
    rig.card.inject(card::virt::Fault::at_instruction(0xDB, 1, FaultKind::Status(0x6F00)));
    rig.with(|card| card.change_pin(Role::USER, PinEntry::Typed(&pin(PIN)), PinEntry::Typed(&pin("654321"))))
        .unwrap();
    assert!(rig.card.gids(|gids| gids.pin_is(b"654321")).unwrap());
}

/// A blocked card, and a challenge taken from it over a connection that stays.
pub(crate) fn challenged(rig: &Rig) -> (Box<dyn card::transport::Card>, shared::model::Card) {
    rig.card.gids(|gids| {
        gids.set_pin_tries_left(0);
        gids.fix_random(&CHALLENGE);
    });
    let mut connection = rig.connect();
    let identity = {
        let mut transaction = connection.begin().unwrap();
        let mut card = edge::open(&mut *transaction, None).unwrap();
        let challenge = card.challenge(Role::USER).unwrap();
        assert_eq!((&*challenge.bytes, challenge.marked), (&CHALLENGE[..], true));
        assert!(card.challenge_stands().unwrap());
        card.identify().unwrap()
    };
    (connection, identity)
}

#[test]
fn unblocking_with_a_response() {
    let rig = Rig::new(&[&ANNA]);
    let before = counters(&rig);
    let (mut connection, identity) = challenged(&rig);
    let mark = rig.card.apdus();
    {
        let mut transaction = connection.begin().unwrap();
        let mut card = edge::resume(&mut *transaction, &identity);
        assert!(card.challenge_stands().unwrap());
        card.unblock(Role::USER, UnblockProof::Response(&RESPONSE), PinEntry::Typed(&pin("2468"))).unwrap();
        assert!(card.secret_sent());
    }
    let log = rig.card.log_since(mark);
    assert_eq!(secrets(&log), [0, 0, 1, 1]);
    assert!(log.iter().all(|exchange| (exchange.instruction, exchange.parameters) != (0xA4, 0x0400)));
    assert!(rig.card.gids(|gids| gids.pin_is(b"2468")).unwrap());
    assert_eq!((rig.tries(), rig.logged_in()), (3, false));
    assert_eq!(counters(&rig)[1], before[1].wrapping_add(1));
}

#[test]
fn an_unblock_that_is_cut_off_is_never_begun_again() {
    let unblock = |fault: Option<(usize, FaultKind)>| {
        let rig = Rig::described(&[], "options.admin-tries = 5");
        let (mut connection, identity) = challenged(&rig);
        let mark = rig.card.apdus();
        if let Some((nth, kind)) = fault {
            rig.fail_at(nth, kind);
        }
        let result = {
            let mut transaction = connection.begin().unwrap();
            let mut card = edge::resume(&mut *transaction, &identity);
            card.unblock(Role::USER, UnblockProof::Response(&RESPONSE), PinEntry::Typed(&pin("2468")))
        };
        assert!(secrets(&rig.card.log_since(mark)).iter().all(|count| *count <= 1), "{fault:?}");
        let commands = rig.card.apdus() - mark;
        let done = rig.tries() == 3;
        assert_eq!(rig.card.gids(|gids| gids.pin_is(b"2468")).unwrap(), done, "{fault:?}");
        assert_eq!(rig.card.gids(|gids| gids.admin_tries_left()).unwrap(), Some(5), "{fault:?}");
        rig.reinsert();
        assert!(!rig.logged_in());
        (commands, result.is_ok(), done)
    };
    let (commands, ok, done) = unblock(None);
    assert!(ok && done);
    for nth in 1..=commands {
        for kind in
            [FaultKind::RemovedBefore, FaultKind::RemovedAfter, FaultKind::Reset, FaultKind::Status(0x6F00)]
        {
            let (_, ok, done) = unblock(Some((nth, kind)));
            assert!(done || !ok, "command {nth}, {kind:?}: said to be done");
        }
    }
}

#[test]
fn a_wrong_response_is_sent_once() {
    let rig = Rig::described(&[], "options.admin-tries = 5");
    let (mut connection, identity) = challenged(&rig);
    let mut transaction = connection.begin().unwrap();
    let mark = rig.card.apdus();
    let mut card = edge::resume(&mut *transaction, &identity);
    let short =
        card.unblock(Role::USER, UnblockProof::Response(&RESPONSE[..7]), PinEntry::Typed(&pin("2468")));
    assert!(matches!(short, Err(Error::NotSupported(_))));
    let empty = card.unblock(Role::USER, UnblockProof::Response(&RESPONSE), PinEntry::Typed(&pin("")));
    assert!(matches!(empty, Err(Error::PinRefused)));
    assert_eq!(secrets(&rig.card.log_since(mark)), [0; 4]);
    let wrong = card.unblock(Role::USER, UnblockProof::Response(&[7; 8]), PinEntry::Typed(&pin("2468")));
    assert!(matches!(wrong, Err(Error::WrongResponse { tries_left: Some(4) })), "{wrong:?}");
    let again = card.unblock(Role::USER, UnblockProof::Response(&RESPONSE), PinEntry::Typed(&pin("2468")));
    assert!(matches!(again, Err(Error::ChallengeVoid(VoidReason::Disturbed))), "{again:?}");
    assert_eq!(secrets(&rig.card.log_since(mark)), [0, 0, 0, 2]);
    assert_eq!(rig.tries(), 0);
}

const SELECT: &[u8] = b"\x00\xA4\x04\x00\x09\xA0\x00\x00\x03\x97\x42\x54\x46\x59\x00";

#[test]
fn foreign_use_voids_a_challenge() {
    type Other = fn(&card::virt::VirtualCard);
    let cases: [(&str, Other, bool); 5] = [
        ("nobody", |_| {}, true),
        ("GET DATA", |card| drop(card.transmit_as_other(b"\x00\xCB\xA0\x10\x04\x5C\x02\xDF\x22\x00")), true),
        ("SELECT", |card| drop(card.transmit_as_other(SELECT)), false),
        (
            "another application",
            |card| drop(card.transmit_as_other(b"\x00\xA4\x04\x00\x04\xA0\x00\x00\x01")),
            false,
        ),
        ("reset", |card| card.reset(), false),
    ];
    for (name, other, stands) in cases {
        let rig = Rig::new(&[]);
        let (mut connection, identity) = challenged(&rig);
        rig.card.before_next_transaction(other);
        let mut transaction = connection.begin().unwrap();
        let mut card = edge::resume(&mut *transaction, &identity);
        assert_eq!(card.challenge_stands().unwrap(), stands, "{name}");
        assert!(!card.secret_sent());
    }
}

#[test]
fn a_card_that_keeps_no_mark_cannot_tell_later() {
    let rig = Rig::new(&[]);
    let mut connection = rig.connect();
    let identity = {
        let mut transaction = connection.begin().unwrap();
        let mut card = edge::open(&mut *transaction, None).unwrap();
        let identity = card.identify().unwrap();
        // After those commands that have been remembered come the question whether there is a mark already, MSE,
        // and as the third SELECT of the file.
        rig.fail_at(3, FaultKind::Status(0x6A86));
        assert!(!card.challenge(Role::USER).unwrap().marked);
        assert!(card.challenge_stands().unwrap(), "nobody can have come between yet");
        identity
    };
    let mut transaction = connection.begin().unwrap();
    assert!(!edge::resume(&mut *transaction, &identity).challenge_stands().unwrap());
}

/// A card that gives out `cardid` whichever file is selected.
struct WithoutCurrentFile<'t>(&'t mut dyn Transaction);

impl Transaction for WithoutCurrentFile<'_> {
    fn atr(&self) -> &[u8] {
        self.0.atr()
    }

    fn control(&mut self, code: u32, data: &[u8]) -> card::transport::Result<Vec<u8>> {
        self.0.control(code, data)
    }

    fn transmit(&mut self, command: &[u8]) -> card::transport::Result<Vec<u8>> {
        let mut command = command.to_vec();
        if let [0x00, 0xCB, file @ .., 0x04, 0x5C, 0x02, 0xDF, 0x20, 0x00] = command.as_mut_slice()
            && *file == [0x00, 0x00]
        {
            file.copy_from_slice(&[0xA0, 0x12]);
        }
        self.0.transmit(&command)
    }

    fn keep_alive(&mut self) -> card::transport::Result<()> {
        self.0.keep_alive()
    }
}

#[test]
fn what_a_card_answers_always_is_no_mark() {
    let rig = Rig::new(&[]);
    let mut connection = rig.connect();
    let mut transaction = connection.begin().unwrap();
    let mut without = WithoutCurrentFile(&mut *transaction);
    let mut card = edge::open(&mut without, None).unwrap();
    assert!(!card.challenge(Role::USER).unwrap().marked);
    assert!(card.challenge_stands().unwrap(), "nobody can have come between yet");
}

#[test]
fn only_a_card_that_says_so_has_no_such_pin() {
    // The first GET DATA asks for the state of the PIN, the second for that of the PUK.
    for (nth, status, known) in [
        (1, 0x6A88, true),
        (1, 0x6A82, true),
        (1, 0x6A86, true),
        (1, 0x6984, false),
        (1, 0x6F00, false),
        (1, 0x6982, false),
        (1, 0x6985, false),
        (2, 0x6A88, true),
        (2, 0x6A82, true),
        (2, 0x6A86, true),
        (2, 0x6984, true),
        (2, 0x6F00, false),
        (2, 0x6982, false),
    ] {
        let rig = Rig::described(&[], "puk = '87654321'");
        let pins = rig.with(|card| {
            rig.fail_at(nth, FaultKind::Status(status));
            card.pins()
        });
        match pins {
            Ok(pins) => {
                let kind = if nth == 2 { PinType::Administrator } else { PinType::UnblockOnly };
                assert!(known, "{nth} {status:04X}");
                assert_eq!((pins[nth - 1].tries_left, pins[1].pin_type), (None, kind), "{nth} {status:04X}");
            }
            Err(Error::Unexpected { status: told, .. }) => assert!(!known && told == status),
            Err(error) => panic!("{nth} {status:04X}: {error}"),
        }
    }
}

#[test]
fn a_state_without_the_tries_is_malformed() {
    let cases: [(&[u8], Option<u8>); 7] = [
        (&[0x7F, 0x71, 6, 0x97, 1, 2, 0x93, 1, 3], Some(2)),
        (&[0x7F, 0x71, 4, 0x9F, 0x17, 1, 1], Some(1)),
        (&[0x97, 1, 2, 0x93, 1, 3], Some(2)),
        (&[], None),
        (&[0x7F, 0x71, 0], None),
        (&[0x7F, 0x71, 3, 0x93, 1, 3], None),
        (&[0x7F, 0x71, 4, 0x97, 2, 0, 1], None),
    ];
    for (state, left) in cases {
        let rig = Rig::new(&[]);
        let mut connection = rig.connect();
        let mut transaction = connection.begin().unwrap();
        let mut with_state = Answers(&mut *transaction, |command: &[u8]| {
            (command == b"\x00\xCB\x3F\xFF\x04\x5C\x02\x7F\x71\x00").then(|| [state, &[0x90, 0x00]].concat())
        });
        match edge::open(&mut with_state, None).unwrap().pins() {
            Ok(pins) => assert_eq!(pins[0].tries_left, Some(left.unwrap()), "{state:02X?}"),
            Err(Error::Malformed(_)) => assert_eq!(left, None, "{state:02X?}"),
            Err(error) => panic!("{state:02X?}: {error}"),
        }
    }
}

#[test]
fn an_unblock_is_done_when_the_card_says_so() {
    let rig = Rig::new(&[]);
    let (mut connection, identity) = challenged(&rig);
    let mut transaction = connection.begin().unwrap();
    let mut card = edge::resume(&mut *transaction, &identity);
    assert!(card.challenge_stands().unwrap());
    let mark = rig.card.apdus();
    rig.card.inject(card::virt::Fault::at_instruction(0xCB, 3, FaultKind::Status(0x6F00)));
    card.unblock(Role::USER, UnblockProof::Response(&RESPONSE), PinEntry::Typed(&pin("2468"))).unwrap();
    let last = rig.card.log_since(mark).last().copied().unwrap();
    assert_eq!((last.instruction, last.status), (0xCB, Some(0x6F00)), "the tries were asked for");
}

#[test]
fn unblocking_with_a_puk() {
    let rig = Rig::described(&[&ANNA], "puk = '87654321'\ntries-spent = 3");
    let unblock = |puk: &str, new: &str| {
        rig.with(|card| {
            card.unblock(
                Role::USER,
                UnblockProof::Puk(PinEntry::Typed(&pin(puk))),
                PinEntry::Typed(&pin(new)),
            )
        })
    };
    let mark = rig.card.apdus();
    assert!(matches!(unblock("", "2468"), Err(Error::PinRefused)));
    assert_eq!(secrets(&rig.card.log_since(mark)), [0; 4]);
    let wrong = unblock("11111111", "2468");
    assert!(matches!(wrong, Err(Error::WrongPin { role: Role::ADMIN, tries_left: Some(2) })), "{wrong:?}");
    // Where the card finds the new PIN too long it counts no try of the PUK, and has not looked at it.
    for puk in ["87654321", "11111111"] {
        let refused = unblock(puk, &"2".repeat(25));
        assert!(matches!(refused, Err(Error::PinRefused)), "{refused:?}");
        assert_eq!(rig.card.gids(|gids| gids.puk_tries_left()).unwrap(), Some(2));
    }
    unblock("87654321", "2468").unwrap();
    assert_eq!(secrets(&rig.card.log_since(mark)), [0, 0, 4, 0]);
    assert!(rig.card.gids(|gids| gids.pin_is(b"2468")).unwrap());
    assert!(!rig.logged_in());

    let rig = Rig::new(&[&ANNA]);
    let mark = rig.card.apdus();
    let none = rig.with(|card| {
        card.unblock(
            Role::USER,
            UnblockProof::Puk(PinEntry::Typed(&pin("87654321"))),
            PinEntry::Typed(&pin("2468")),
        )
    });
    assert!(matches!(none, Err(Error::NotSupported(_))));
    assert_eq!(secrets(&rig.card.log_since(mark)), [0; 4]);
}

#[test]
fn a_card_that_does_not_know_how_to_log_out_is_selected_anew() {
    let rig = Rig::new(&[]);
    rig.with(|card| {
        card.verify(Role::USER, PinEntry::Typed(&pin(PIN))).unwrap();
        rig.fail_at(1, FaultKind::Status(0x6A86));
    });
    assert!(!rig.logged_in());
}

#[test]
fn a_card_without_personalisation() {
    let rig = Rig::from_toml(
        "[[reader]]\nname = 'reader'\ncard = 'card'\n[[card]]\nname = 'card'\ninitialised = false",
    );
    rig.with(|card: &mut dyn SmartCard| {
        assert_eq!(card.identify().unwrap().csn, None);
        assert!(matches!(card.contents(), Err(Error::NotInitialised)));
        assert!(matches!(card.freshness(), Err(Error::NotInitialised)));
        assert!(matches!(card.challenge(Role::USER), Err(Error::NotInitialised)));
        assert_eq!(card.pins().unwrap()[0].tries_left, Some(3));
    });
}

/// The counter tells that a PIN was set, by whomever; a wrong one leaves it.
#[test]
fn marks() {
    let rig = Rig::new(&[&ANNA]);
    let counter = || rig.with(|card| card.pin_marks().unwrap().counter).unwrap();
    let before = counter();
    let (wrong, current, new) = (pin("999999"), pin(PIN), pin("654321"));
    let change = |current| {
        rig.with(|card| card.change_pin(Role::USER, PinEntry::Typed(current), PinEntry::Typed(&new)))
    };
    assert!(change(&wrong).is_err());
    assert_eq!(counter(), before);
    change(&current).unwrap();
    assert_eq!(counter(), before.wrapping_add(1));
    let mark = rig.card.apdus();
    rig.with(|card| (card.pins().unwrap(), card.pin_marks().unwrap()));
    assert_eq!(rig.card.apdus() - mark, 4, "SELECT, PIN, PUK, counters");
    rig.card.gids(|gids| gids.set_object(0xA010, 0xDF22, None)).unwrap().unwrap();
    assert_eq!(rig.with(|card| card.pin_marks().unwrap().counter), None);
    assert_eq!(rig.with(|card| card.expiry().unwrap()), None);
}
