//! PIN, PUK and global PIN.

use card::virt::FaultKind;
use card::{Error, PinEntry, UnblockProof, edge};
use shared::model::{PinCharacters, PinKind, PinType, PolicySource, Role};

use super::answers::Answers;
use super::rig::{PIN, PUK, READER, Rig, pin, secrets};

const PROFILES: [&str; 4] = ["yubikey-5.7", "yubikey-4", "pivapplet", "plain"];

fn verify(rig: &Rig, role: Role, text: &str) -> card::Result<()> {
    let typed = pin(text);
    rig.with(|card| card.verify(role, PinEntry::Typed(&typed)))
}

fn change(rig: &Rig, role: Role, current: &str, new: &str) -> card::Result<()> {
    let (current, new) = (pin(current), pin(new));
    rig.with(|card| card.change_pin(role, PinEntry::Typed(&current), PinEntry::Typed(&new)))
}

fn unblock(rig: &Rig, role: Role, puk: &str, new: &str) -> card::Result<()> {
    let (puk, new) = (pin(puk), pin(new));
    rig.with(|card| card.unblock(role, UnblockProof::Puk(PinEntry::Typed(&puk)), PinEntry::Typed(&new)))
}

fn sent(rig: &Rig, act: impl FnOnce()) -> [usize; 3] {
    let mark = rig.card.apdus();
    act();
    let [verify, change, unblock, ..] = secrets(&rig.card.log_since(mark));
    [verify, change, unblock]
}

#[test]
fn how_they_stand() {
    let (ascii, digits) = (PinCharacters::Ascii, PinCharacters::Digits);
    for (profile, pin_tries, puk_tries, characters, complexity, puk_policy) in [
        ("yubikey-5.7", (Some(3), Some(3)), (Some(3), Some(3)), ascii, None, (6, ascii)),
        ("yubikey-4", (Some(3), None), (None, None), ascii, Some(false), (6, ascii)),
        ("pivapplet", (Some(5), Some(5)), (Some(3), Some(3)), digits, Some(false), (6, digits)),
        ("plain", (Some(3), None), (None, None), digits, None, (8, ascii)),
    ] {
        let rig = Rig::new(profile, "");
        let pins = rig.with(|card| card.pins().unwrap());
        let [user, puk] = pins.as_slice() else { panic!("{profile}: {pins:?}") };
        assert_eq!(
            (user.role, user.pin_type, user.kind),
            (Role::USER, PinType::PrimaryCardPin, PinKind::Typed)
        );
        assert_eq!(
            (user.tries_left, user.tries_max, user.blocked),
            (pin_tries.0, pin_tries.1, false),
            "{profile}"
        );
        let policy = user.policy.as_ref().unwrap();
        assert_eq!((policy.min_length, policy.max_length, policy.source), (6, 8, PolicySource::Assumed));
        assert_eq!((policy.characters, policy.complexity), (characters, complexity), "{profile}");
        assert_eq!((&*user.changed_by, &*user.unblocked_by), (&[Role::USER][..], &[Role::ADMIN][..]));
        assert_eq!((puk.role, puk.pin_type, puk.kind), (Role::ADMIN, PinType::UnblockOnly, PinKind::Typed));
        assert_eq!(
            (puk.tries_left, puk.tries_max, puk.blocked),
            (puk_tries.0, puk_tries.1, false),
            "{profile}"
        );
        let policy = puk.policy.as_ref().unwrap();
        assert_eq!(
            (policy.min_length, policy.max_length, policy.characters),
            (puk_policy.0, 8, puk_policy.1)
        );
        assert_eq!((&*puk.changed_by, &*puk.unblocked_by), (&[Role::ADMIN][..], &[][..]));
    }
}

#[test]
fn a_global_pin() {
    for (profile, primary) in [("plain", false), ("plain", true), ("yubikey-5.7", false)] {
        let rig = Rig::new(
            profile,
            &format!("global-pin = '24682468'\noptions = {{ global-pin-primary = {primary} }}"),
        );
        let pins = rig.with(|card| card.pins().unwrap());
        let roles: Vec<_> = pins.iter().map(|pin| (pin.role, pin.tries_left)).collect();
        let puk = if profile == "plain" { None } else { Some(3) };
        assert_eq!(roles, [(Role::USER, Some(3)), (Role::ADMIN, puk), (Role::GLOBAL, Some(3))]);
        assert!(pins[2].unblocked_by.is_empty());
        verify(&rig, Role::GLOBAL, "24682468").unwrap();
        assert!(!rig.piv(|piv| piv.pin_verified()), "{profile}: logged out");
        assert!(matches!(
            verify(&rig, Role::GLOBAL, "99999999"),
            Err(Error::WrongPin { role: Role::GLOBAL, tries_left: Some(2) })
        ));
        assert_eq!((rig.tries().0, rig.piv(|piv| piv.global_pin_tries_left())), (3, Some(2)));
        change(&rig, Role::GLOBAL, "24682468", "13571357").unwrap();
        assert!(rig.piv(|piv| piv.global_pin_is(b"13571357")));
        assert!(matches!(unblock(&rig, Role::GLOBAL, PUK, "222222"), Err(Error::NotSupported(_))));
    }
    let rig = Rig::new("plain", "");
    assert!(matches!(verify(&rig, Role::GLOBAL, "24682468"), Err(Error::NotFound(_))));
}

#[test]
fn verifying() {
    for profile in PROFILES {
        let rig = Rig::new(profile, "");
        let refused = sent(&rig, || {
            for text in ["", "12345", "123456789"] {
                assert!(matches!(verify(&rig, Role::USER, text), Err(Error::PinRefused)), "{profile} {text}");
            }
            assert!(matches!(verify(&rig, Role::ADMIN, PUK), Err(Error::NotSupported(_))));
            assert!(matches!(verify(&rig, Role(3), PIN), Err(Error::NotFound(_))));
        });
        assert_eq!(refused, [0; 3], "{profile}");
        let own = pin(PIN);
        rig.with(|card| {
            assert!(!card.secret_sent());
            card.verify(Role::USER, PinEntry::Typed(&own)).unwrap();
            assert!(card.secret_sent() && rig.piv(|piv| piv.pin_verified()), "{profile}");
        });
        assert!(!rig.piv(|piv| piv.pin_verified()), "{profile}: other programs must not find it verified");
        // A character that no PIN of the card has: an answer that is no error of the person's, and no try.
        let before = rig.tries();
        let result = verify(&rig, Role::USER, "12345a");
        match profile {
            "plain" | "pivapplet" => {
                assert!(matches!(result, Err(Error::PinRefused)), "{profile} {result:?}");
                assert_eq!(rig.tries(), before);
            }
            _ => assert!(matches!(result, Err(Error::WrongPin { tries_left: Some(2), .. })), "{result:?}"),
        }
    }
}

/// Something that a person enters a PIN for.
type Act = fn(&Rig) -> card::Result<()>;

/// One entry of a person is one command with a PIN, whatever comes back.
#[test]
fn one_command_for_one_entry() {
    for then in [
        FaultKind::Status(0x6F00),
        FaultKind::Status(0x6982),
        FaultKind::Status(0x6C00),
        FaultKind::Status(0x6300),
        FaultKind::RemovedBefore,
        FaultKind::RemovedAfter,
        FaultKind::Reset,
    ] {
        let acts: [(u8, Act); 4] = [
            (0x20, |rig| verify(rig, Role::USER, PIN)),
            (0x24, |rig| change(rig, Role::USER, PIN, "654321")),
            (0x24, |rig| change(rig, Role::ADMIN, PUK, "87654321")),
            (0x2C, |rig| unblock(rig, Role::USER, PUK, "654321")),
        ];
        for (instruction, act) in acts {
            let rig = Rig::new("yubikey-5.7", "");
            let mut fault = card::virt::Fault::at(1, then);
            fault.instruction = Some(instruction);
            rig.card.inject(fault);
            let commands = sent(&rig, || assert!(act(&rig).is_err(), "{then:?} {instruction:X}"));
            assert_eq!(commands.iter().sum::<usize>(), 1, "{then:?} {instruction:X}");
        }
    }
}

#[test]
fn changing() {
    for profile in PROFILES {
        let rig = Rig::new(profile, "");
        change(&rig, Role::USER, PIN, "654321").unwrap();
        assert!(rig.piv(|piv| piv.pin_is(b"654321")), "{profile}");
        change(&rig, Role::ADMIN, PUK, "87654321").unwrap();
        assert!(rig.piv(|piv| piv.puk_is(b"87654321")), "{profile}");
        assert!(!rig.piv(|piv| piv.pin_verified()), "{profile}");
        assert!(matches!(
            change(&rig, Role::USER, "999999", "111222"),
            Err(Error::WrongPin { role: Role::USER, tries_left: Some(_) })
        ));
        let left = rig.tries().1;
        assert!(matches!(
            change(&rig, Role::ADMIN, "99999999", "11112222"),
            Err(Error::WrongPin { role: Role::ADMIN, tries_left: Some(2) })
        ));
        assert_eq!(rig.tries().1, left - 1);
        // What can be refused here does not reach the card, not even beside a present one that is wrong.
        let before = rig.tries();
        let refused = sent(&rig, || {
            for new in ["12345", "123456789", "", "grün12"] {
                assert!(matches!(change(&rig, Role::USER, "999999", new), Err(Error::PinRefused)), "{new}");
            }
            assert!(matches!(change(&rig, Role::USER, "12345", "654321"), Err(Error::PinRefused)));
            if matches!(profile, "pivapplet" | "plain") {
                assert!(matches!(change(&rig, Role::USER, "999999", "abcdef"), Err(Error::PinRefused)));
            }
            if profile == "plain" {
                assert!(matches!(change(&rig, Role::ADMIN, "99999999", "1234567"), Err(Error::PinRefused)));
            }
            assert!(matches!(change(&rig, Role(5), PIN, "654321"), Err(Error::NotFound(_))));
        });
        assert_eq!((refused, rig.tries()), ([0; 3], before), "{profile}");
    }
    let rig = Rig::new("yubikey-5.7", "");
    change(&rig, Role::USER, PIN, "abc d!Z~").unwrap();
    assert!(rig.piv(|piv| piv.pin_is(b"abc d!Z~")));
}

/// 6985: a YubiKey on which values that are easy to guess are forbidden.
#[test]
fn values_that_are_easy_to_guess() {
    let rig = Rig::new("yubikey-5.7", "pin = '735182'\npuk = '48151623'\noptions = { complexity = true }");
    assert!(matches!(change(&rig, Role::USER, "735182", "111111"), Err(Error::PinRefused)));
    assert!(matches!(change(&rig, Role::ADMIN, "48151623", "12345678"), Err(Error::PinRefused)));
    assert!(matches!(unblock(&rig, Role::USER, "48151623", "654321"), Err(Error::PinRefused)));
    assert_eq!(rig.tries(), (3, 3));
    assert!(rig.piv(|piv| piv.pin_is(b"735182") && piv.puk_is(b"48151623")));
}

#[test]
fn unblocking() {
    for profile in PROFILES {
        let spent = if profile == "pivapplet" { 5 } else { 3 };
        let rig = Rig::new(profile, &format!("tries-spent = {spent}"));
        let pins = rig.with(|card| card.pins().unwrap());
        assert_eq!((pins[0].tries_left, pins[0].blocked), (Some(0), true), "{profile}");
        assert!(matches!(
            unblock(&rig, Role::USER, "99999999", "222222"),
            Err(Error::WrongPin { role: Role::ADMIN, tries_left: Some(2) })
        ));
        assert_eq!(sent(&rig, || unblock(&rig, Role::USER, PUK, "222222").unwrap()), [0, 0, 1], "{profile}");
        assert!(rig.piv(|piv| piv.pin_is(b"222222")));
        assert_eq!(rig.tries(), (spent, 3), "{profile}");
        let before = rig.tries();
        let refused = sent(&rig, || {
            assert!(matches!(unblock(&rig, Role::USER, "99999999", "12345"), Err(Error::PinRefused)));
            assert!(matches!(unblock(&rig, Role::USER, "12345", "222222"), Err(Error::PinRefused)));
            assert!(matches!(unblock(&rig, Role::ADMIN, PUK, "222222"), Err(Error::NotSupported(_))));
            assert!(matches!(
                rig.with(|card| {
                    let new = pin("222222");
                    card.unblock(Role::USER, UnblockProof::Response(&[0; 8]), PinEntry::Typed(&new))
                }),
                Err(Error::NotSupported(_))
            ));
        });
        assert_eq!((refused, rig.tries()), ([0; 3], before), "{profile}");
        rig.piv(|piv| piv.set_puk_tries_left(0));
        assert!(matches!(
            unblock(&rig, Role::USER, PUK, "333333"),
            Err(Error::PinBlocked { role: Role::ADMIN })
        ));
    }
}

/// A PUK that nobody can use any more unblocks nothing, however that is known.
#[test]
fn a_blocked_puk() {
    for (profile, extra) in [
        ("yubikey-5.7", "puk-tries-spent = 3"),
        ("pivapplet", "puk-tries-spent = 3"),
        // Blocked on purpose by Yubico's minidriver, on a card that does not tell otherwise.
        ("yubikey-4", "object = [{ id = '5FFF00', value = '8003810101' }]"),
    ] {
        let rig = Rig::new(profile, extra);
        let pins = rig.with(|card| card.pins().unwrap());
        assert_eq!((pins[1].tries_left, pins[1].blocked), (Some(0), true), "{profile}");
        assert!(pins[0].unblocked_by.is_empty() && !pins[0].blocked, "{profile}");
    }
    // What the card itself says counts more than what somebody noted.
    let rig = Rig::new("yubikey-5.7", "object = [{ id = '5FFF00', value = '8003810101' }]");
    let pins = rig.with(|card| card.pins().unwrap());
    assert_eq!((pins[1].tries_left, pins[1].blocked), (Some(3), false));
}

/// YubiKey Bio: GET METADATA knows no PUK, and RESET RETRY COUNTER is unknown.
#[test]
fn a_card_without_a_puk() {
    let rig = Rig::new("yubikey-5.7", "");
    let mut connection = rig.connect();
    let mut transaction = connection.begin().unwrap();
    let mut bio = Answers(&mut *transaction, |command: &[u8]| match command {
        [_, 0xF7, _, 0x81, ..] => Some(vec![0x6A, 0x88]),
        [_, 0x2C, ..] => panic!("sent to a card without a PUK"),
        _ => None,
    });
    let mut card = edge::open(&mut bio, None).unwrap();
    let pins = card.pins().unwrap();
    assert_eq!(pins.iter().map(|pin| pin.role).collect::<Vec<_>>(), [Role::USER]);
    assert!(pins[0].unblocked_by.is_empty());
    let (puk, new) = (pin(PUK), pin("222222"));
    let result = card.unblock(Role::USER, UnblockProof::Puk(PinEntry::Typed(&puk)), PinEntry::Typed(&new));
    assert!(matches!(result, Err(Error::NotSupported(_))), "{result:?}");
}

/// The bytes on the wire are those of card-piv.md 13.
#[test]
fn padding_on_the_wire() {
    let rig = Rig::new("plain", "");
    let mut seen: Vec<Vec<u8>> = Vec::new();
    {
        let mut connection = rig.connect();
        let mut transaction = connection.begin().unwrap();
        let mut watched = Answers(&mut *transaction, |command: &[u8]| {
            if matches!(command[1], 0x20 | 0x24 | 0x2C) && command.len() > 5 {
                seen.push(command.to_vec());
            }
            None
        });
        let mut card = edge::open(&mut watched, None).unwrap();
        let (own, new, puk) = (pin(PIN), pin("654321"), pin(PUK));
        card.verify(Role::USER, PinEntry::Typed(&own)).unwrap();
        card.change_pin(Role::USER, PinEntry::Typed(&own), PinEntry::Typed(&new)).unwrap();
        card.unblock(Role::USER, UnblockProof::Puk(PinEntry::Typed(&puk)), PinEntry::Typed(&new)).unwrap();
    }
    let expected = [
        "0020008008313233343536FFFF",
        "0024008010313233343536FFFF363534333231FFFF",
        "002C0080103132333435363738363534333231FFFF",
    ];
    assert_eq!(seen, expected.map(super::rig::bytes));
}

/// The reader's own keys: the reader fills up and sends, and nothing that this program has held is a PIN.
#[test]
fn typed_on_the_reader() {
    let rig = Rig::in_reader("pin-pad = true", "yubikey-5.7", "");
    let types = |keys: &[&str]| {
        let keys: Vec<_> = keys.iter().map(|keys| (*keys).into()).collect();
        rig.readers.type_on_pad(READER, &keys).unwrap();
    };
    types(&[PIN]);
    rig.with(|card| {
        card.verify(Role::USER, PinEntry::Pad).unwrap();
        assert!(card.secret_sent() && rig.piv(|piv| piv.pin_verified()));
    });
    assert!(!rig.piv(|piv| piv.pin_verified()));
    types(&[PIN, "654321", "654321"]);
    rig.with(|card| card.change_pin(Role::USER, PinEntry::Pad, PinEntry::Pad)).unwrap();
    assert!(rig.piv(|piv| piv.pin_is(b"654321")));
    types(&[PUK, "87654321", "87654321"]);
    rig.with(|card| card.change_pin(Role::ADMIN, PinEntry::Pad, PinEntry::Pad)).unwrap();
    assert!(rig.piv(|piv| piv.puk_is(b"87654321")));
    types(&["87654321", "111222", "111222"]);
    rig.with(|card| card.unblock(Role::USER, UnblockProof::Puk(PinEntry::Pad), PinEntry::Pad)).unwrap();
    assert!(rig.piv(|piv| piv.pin_is(b"111222")));
    types(&["999999"]);
    assert!(matches!(
        rig.with(|card| card.verify(Role::USER, PinEntry::Pad)),
        Err(Error::WrongPin { tries_left: Some(2), .. })
    ));
    types(&["111222", "333333", "444444"]);
    assert!(matches!(
        rig.with(|card| card.change_pin(Role::USER, PinEntry::Pad, PinEntry::Pad)),
        Err(Error::PadEnded(_))
    ));
    let typed = pin("111222");
    assert!(matches!(
        rig.with(|card| card.change_pin(Role::USER, PinEntry::Typed(&typed), PinEntry::Pad)),
        Err(Error::NotSupported(_))
    ));
    assert_eq!(rig.tries(), (2, 3));
}

/// The card has no challenge, and says so without being asked.
#[test]
fn no_challenge() {
    let rig = Rig::new("plain", "");
    rig.with(|card| {
        let mark = rig.card.apdus();
        assert!(matches!(card.challenge(Role::USER), Err(Error::NotSupported(_))));
        assert!(!card.challenge_stands().unwrap());
        assert_eq!(rig.card.apdus(), mark);
    });
}

/// By what one look at a card is compared with another.
#[test]
fn marks() {
    let of = |rig: &Rig| rig.with(|card| (card.pins().unwrap(), card.pin_marks().unwrap()).1);
    let told = &[(Role::USER, true), (Role::ADMIN, true)][..];
    for (profile, factory) in [("yubikey-5.7", told), ("yubikey-4", &[]), ("pivapplet", told), ("plain", &[])]
    {
        let rig = Rig::new(profile, "");
        let marks = of(&rig);
        assert_eq!((marks.counter, &*marks.factory, &*marks.given_up), (None, factory, &[][..]), "{profile}");
        change(&rig, Role::USER, PIN, "735182").unwrap();
        let changed = factory.iter().map(|(role, factory)| (*role, *factory && *role != Role::USER));
        assert_eq!(of(&rig).factory, changed.collect::<Vec<_>>(), "{profile}");
        // A PUK that somebody blocked by mistake has not been given up.
        rig.card.piv(|piv| piv.set_puk_tries_left(0)).unwrap();
        assert_eq!(of(&rig).given_up, [], "{profile}");
        let noted = rig.card.piv(|piv| piv.set_object(0x5F_FF00, Some(&[0x80, 3, 0x81, 1, 1])));
        let noted = noted.unwrap().is_ok() && profile != "plain";
        assert_eq!(of(&rig).given_up, if noted { vec![Role::ADMIN] } else { Vec::new() }, "{profile}");
    }
}

#[test]
fn a_card_says_when_it_expires() {
    for (date, expiry) in [("20310228", Some("2031-02-28T23:59:59Z")), ("20300101", None), ("2031", None)] {
        let rig = Rig::new("yubikey-5.7", "");
        let chuid = [&[0x34, 16][..], &[7; 16], &[0x35, u8::try_from(date.len()).unwrap()], date.as_bytes()];
        rig.card.piv(|piv| piv.set_object(super::rig::CHUID, Some(&chuid.concat()))).unwrap().unwrap();
        assert_eq!(rig.with(|card| card.expiry().unwrap()).as_deref(), expiry, "{date}");
    }
}
