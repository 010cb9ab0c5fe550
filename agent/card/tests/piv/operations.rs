//! What people ask a PIV card for, on every profile that can do it.

use card::virt::{Fault, FaultKind};
use card::{Error, ManagementProof, NewKey, PinEntry, Placement, x509};
use shared::model::{
    DefaultSource, KeyAlgorithm, KeyFamily, KeyOrigin, ManagementKey, ManagementKeyAlgorithm, PinUse, Role,
    TouchUse,
};

use super::answers::Answers;
use super::rig::*;

const YUBIKEY: &str = "yubikey-5.7";
const YUBIKEY_4: &str = "yubikey-4";
const PIVAPPLET: &str = "pivapplet";
const PLAIN: &str = "plain";
/// As the Nitrokey 3: its own form of import, one slot for it, metadata that say nothing.
const NITROKEY: &str = "serial = 7\noptions.vendor-commands = [0xF8, 0xFD, 0xFE]\noptions.label = 'Nitrokey PIV'\noptions.nitrokey-import = true\n\
    options.metadata = 'empty'\noptions.strict-always = true\noptions.algorithms = [7, 0x11]\n\
    options.lists-algorithms = true\noptions.any-object = false\noptions.policies = false";

const FACTORY_KEY: &str = "010203040506070801020304050607080102030405060708";
const AES_256_KEY: &str = "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F";

fn placed(container: u8, replaces: Option<&str>, writes_key: bool, overwrites_key: bool) -> Placement {
    let replaces = replaces.map(str::to_owned);
    Placement { container, replaces, writes_key, overwrites_key, wants_pin: false }
}

fn new_key(family: KeyFamily, bits: u16) -> NewKey {
    NewKey {
        container: None,
        algorithm: KeyAlgorithm { family, bits },
        pin_use: None,
        touch_use: None,
        default: false,
    }
}

fn kind(error: &Error) -> String {
    let text = format!("{error:?}");
    text.split(['(', ' ', '{']).next().unwrap().to_owned()
}

// The management key.

#[test]
fn how_the_management_key_stands() {
    let told = |algorithm, factory, protected, touch| ManagementKey { algorithm, factory, protected, touch };
    let aes_192 = Some(ManagementKeyAlgorithm::Aes192);
    let aes_256 = format!("management-key = '{AES_256_KEY}'");
    for (profile, extra, expected) in [
        (YUBIKEY, "", told(aes_192, Some(true), false, Some(false))),
        (YUBIKEY, "protected = true", told(aes_192, Some(true), true, Some(false))),
        (YUBIKEY, &aes_256, told(Some(ManagementKeyAlgorithm::Aes256), Some(false), false, Some(false))),
        (YUBIKEY_4, "", told(None, None, false, None)),
        (YUBIKEY_4, "protected = true", told(None, None, true, None)),
        (PIVAPPLET, "", told(Some(ManagementKeyAlgorithm::TripleDes), Some(true), false, Some(false))),
        (PLAIN, "", told(None, None, false, None)),
    ] {
        let rig = Rig::new(profile, extra);
        let state = rig.with(|card| card.management_key().unwrap());
        assert_eq!(state, Some(expected), "{profile} {extra}");
    }
}

/// Which proof opens which card, and how many answers to a witness were sent for it.
#[test]
fn the_management_key_is_proved_with_one_try() {
    #[derive(Clone, Copy)]
    enum Proof {
        Stored,
        Factory,
        Key(&'static str),
    }
    use Proof::{Factory, Key, Stored};
    let wrong = "FF02030405060708010203040506070801020304050607FF";
    let own = "A1A2A3A4A5A6A7A8B1B2B3B4B5B6B7B8C1C2C3C4C5C6C7C8";
    let short = "A1A2A3A4A5A6A7A8B1B2B3B4B5B6B7B8";
    let with = |key: &str, more: &str| format!("management-key = '{key}'\n{more}");
    let listed = "options.metadata = 'absent'\noptions.lists-algorithms = true\n\
                  options.management-algorithms = [0x0A]\noptions.algorithms = [7]";
    let unlisted = "options.metadata = 'absent'\noptions.management-algorithms = [0x0A]";
    for (profile, extra, proof, expected, answers) in [
        (YUBIKEY, String::new(), Stored, "ok", 1),
        (YUBIKEY, String::new(), Factory, "ok", 1),
        (YUBIKEY, String::new(), Key(FACTORY_KEY), "ok", 1),
        (YUBIKEY, String::new(), Key(wrong), "WrongManagementKey", 1),
        // Of another length than the card's: not even asked.
        (YUBIKEY, String::new(), Key(AES_256_KEY), "WrongManagementKey", 0),
        (YUBIKEY, with(AES_256_KEY, ""), Key(AES_256_KEY), "ok", 1),
        (YUBIKEY, with(AES_256_KEY, ""), Factory, "WrongManagementKey", 1),
        (YUBIKEY, with(AES_256_KEY, ""), Stored, "ManagementKeyNeeded", 0),
        (YUBIKEY, with(AES_256_KEY, "protected = true"), Stored, "ok", 1),
        (YUBIKEY, with(short, "protected = true"), Stored, "ok", 1),
        (YUBIKEY, with(own, "management-algorithm = '3des'"), Key(own), "ok", 1),
        (YUBIKEY_4, String::new(), Stored, "ManagementKeyNeeded", 0),
        (YUBIKEY_4, String::new(), Factory, "ok", 1),
        (YUBIKEY_4, String::new(), Key(short), "WrongManagementKey", 0),
        (YUBIKEY_4, with(own, "protected = true"), Stored, "ok", 1),
        (PIVAPPLET, String::new(), Stored, "ok", 1),
        (PIVAPPLET, with(AES_256_KEY, ""), Key(AES_256_KEY), "ok", 1),
        (PIVAPPLET, String::new(), Key(wrong), "WrongManagementKey", 1),
        (PLAIN, String::new(), Factory, "ok", 1),
        (PLAIN, with(own, ""), Key(own), "ok", 1),
        (PLAIN, with(own, ""), Factory, "WrongManagementKey", 1),
        // A card that does not tell its cipher, with a key that fits two: the first is refused before a key is tried.
        (YUBIKEY, with(own, unlisted), Key(own), "ok", 1),
        (YUBIKEY, with(own, unlisted), Key(wrong), "WrongManagementKey", 1),
        (PIVAPPLET, with(own, listed), Key(own), "ok", 1),
    ] {
        let rig = Rig::new(profile, &extra);
        let mark = rig.card.apdus();
        let result = rig.with(|card| {
            card.verify(Role::USER, PinEntry::Typed(&pin(PIN))).unwrap();
            let key = if let Key(digits) = proof { bytes(digits) } else { Vec::new() };
            card.authorise(match proof {
                Stored => ManagementProof::Stored,
                Factory => ManagementProof::Factory,
                Key(_) => ManagementProof::Key(&key),
            })
        });
        let result = result.map_or_else(|error| kind(&error), |()| "ok".to_owned());
        assert_eq!(result, expected, "{profile} {extra}");
        assert_eq!(secrets(&rig.card.log_since(mark))[3], answers, "{profile} {extra}");
    }
}

#[test]
fn a_management_key_that_is_made_from_the_pin_opens_the_card() {
    // PBKDF2-HMAC-SHA1 of "123456" with this salt, 10000 times, 24 bytes; computed with OpenSSL.
    let salt = "00112233445566778899AABBCCDDEEFF";
    let key = "997CD46679D4317F227C770EDBF9C11CE3F135CABD2BB3D8";
    let extra =
        format!("management-key = '{key}'\n[[card.object]]\nid = '5FFF00'\nvalue = '80158101008210{salt}'");
    let rig = Rig::new(YUBIKEY_4, &extra);
    let state = rig.with(|card| card.management_key().unwrap()).unwrap();
    assert!(state.protected);
    rig.with(|card| {
        assert!(matches!(card.authorise(ManagementProof::Stored), Err(Error::ManagementKeyNeeded)));
        card.verify(Role::USER, PinEntry::Typed(&pin(PIN))).unwrap();
        card.authorise(ManagementProof::Stored).unwrap();
    });
}

#[test]
fn a_management_key_may_want_a_touch() {
    let extra =
        format!("management-key = '{AES_256_KEY}'\nmanagement-touch = true\noptions.untouched = true");
    let rig = Rig::new(YUBIKEY, &extra);
    let key = bytes(AES_256_KEY);
    let authorised = rig.with(|card| card.authorise(ManagementProof::Key(&key)));
    assert!(matches!(authorised, Err(Error::Untouched)), "{authorised:?}");
    rig.piv(|piv| piv.options_mut().untouched = false);
    rig.with(|card| card.authorise(ManagementProof::Key(&key))).unwrap();
}

/// A card that takes whatever it is shown, and cannot show the key itself.
#[test]
fn a_card_that_does_not_have_the_key_is_found_out() {
    let rig = Rig::new(YUBIKEY, "");
    let mut connection = rig.connect();
    let mut transaction = connection.begin().unwrap();
    let mut impostor = Answers(&mut *transaction, |command: &[u8]| {
        let second = command[1] == 0x87 && command.len() > 20;
        second.then(|| [&[0x7C, 0x12, 0x82, 0x10][..], &[7; 16], &[0x90, 0x00]].concat())
    });
    let mut card = card::edge::open(&mut impostor, None).unwrap();
    let authorised = card.authorise(ManagementProof::Factory);
    assert!(matches!(authorised, Err(Error::Malformed(_))), "{authorised:?}");
}

#[test]
fn nobody_stays_logged_in() {
    for profile in [YUBIKEY, YUBIKEY_4, PIVAPPLET, PLAIN] {
        let rig = Rig::new(profile, "");
        rig.with(|card| card.authorise(ManagementProof::Factory)).unwrap();
        assert!(!rig.piv(|piv| piv.managed() || piv.pin_verified()), "{profile}");
        rig.authorised(|_| ());
        assert!(!rig.piv(|piv| piv.managed() || piv.pin_verified()), "{profile}");
    }
}

/// A card that takes the command to log out for a question, and one that keeps the PIN of before when a later one is
/// wrong, as Nitrokeys do.
#[test]
fn cards_that_stay_logged_in_are_logged_out_nevertheless() {
    for second_is_wrong in [false, true] {
        let rig = Rig::new(YUBIKEY_4, "");
        {
            let mut connection = rig.connect();
            let mut transaction = connection.begin().unwrap();
            let mut verified = 0;
            let mut odd = Answers(&mut *transaction, |command: &[u8]| match command {
                [_, 0x20, 0xFF, 0x80, ..] => Some(vec![0x90, 0x00]),
                [_, 0x20, 0x00, 0x80, 8, ..] => {
                    verified += 1;
                    (verified == 2).then(|| vec![0x63, 0xC2])
                }
                _ => None,
            });
            let mut card = card::edge::open(&mut odd, None).unwrap();
            let own = pin(PIN);
            card.verify(Role::USER, PinEntry::Typed(&own)).unwrap();
            if second_is_wrong {
                card.verify(Role::USER, PinEntry::Typed(&own)).unwrap_err();
            }
            assert!(rig.piv(|piv| piv.pin_verified()));
        }
        assert!(!rig.piv(|piv| piv.pin_verified()), "{second_is_wrong}");
    }
}

// Import.

/// Every kind of key, into the slot that its certificate is for, on every card that takes it; each signs afterwards.
#[test]
fn keys_go_where_they_belong_and_work_there() {
    for (profile, extra, person, slot) in [
        (YUBIKEY, "", &GERDA, 0x9A),
        (YUBIKEY, "", &HANS, 0x9C),
        (YUBIKEY, "", &IDA, 0x82),
        (YUBIKEY, "", &KARIN, 0x9D),
        (YUBIKEY, "", &LARS, 0x9A),
        (YUBIKEY, "", &MONA, 0x9D),
        (YUBIKEY, "", &NILS, 0x9A),
        (YUBIKEY_4, "", &GERDA, 0x9A),
        (YUBIKEY_4, "", &HANS, 0x9C),
        (YUBIKEY_4, "", &NILS, 0x9A),
        (PIVAPPLET, "", &GERDA, 0x9A),
        (PIVAPPLET, "", &HANS, 0x9C),
        (PIVAPPLET, "", &KARIN, 0x9D),
        (PIVAPPLET, "", &NILS, 0x9A),
        (PLAIN, NITROKEY, &NILS, 0x9A),
    ] {
        let name = format!("{profile} {}", person.name);
        let rig = Rig::new(profile, extra);
        let request = Request::with_key(person);
        let shows_keys = matches!((profile, extra), (YUBIKEY | PIVAPPLET, ""));
        let place =
            rig.with(|card| card.place(&request.import())).unwrap_or_else(|error| panic!("{name}: {error}"));
        let tried_out = !shows_keys && slot != 0x9E;
        let expected = Placement { wants_pin: tried_out, ..placed(slot, None, true, !shows_keys) };
        assert_eq!(place, expected, "{name}");
        let id = rig
            .authorised(|card| card.import(&request.import()))
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let contents = rig.contents();
        let stored = contents.certificates.iter().find(|stored| stored.id == id).unwrap();
        assert_eq!((stored.der.as_ref().unwrap(), stored.container), (&person.der(), Some(slot)), "{name}");
        let container = contents.containers.iter().find(|container| container.index == slot).unwrap();
        assert_eq!(container.algorithm, Some(person.public_key().algorithm()), "{name}");
        assert_eq!(container.origin, shows_keys.then_some(KeyOrigin::Imported), "{name}");
        rig.authorised(|card| signed_by(card, slot, &person.public_key()));
    }
}

/// A key that cannot sign is seen from what the card tells of it.
#[test]
fn x25519_keys_are_imported() {
    let rig = Rig::new(YUBIKEY, "");
    let id = rig.authorised(|card| card.import(&Request::with_key(&JON).import())).unwrap();
    assert_eq!(id, "9d");
    let error =
        rig.authorised(|card| card.sign(0x9D, b"message", Some(PinEntry::Typed(&pin(PIN))))).unwrap_err();
    assert!(matches!(error, Error::KeyNotSupported(_)), "{error}");
}

#[test]
fn what_a_card_cannot_take_is_refused_before_anything_is_written() {
    let slot = |person, slot| Request::with_key(person).into_slot(slot);
    let other_key = || Request { private_key: Some(HANS.private_key()), ..Request::certificate(&GERDA) };
    let default = || Request { default: true, ..slot(&GERDA, 0x9C) };
    for (profile, extra, request, expected) in [
        (YUBIKEY, "", Request::with_key(&EXPONENT_3), "KeyNotSupported"),
        (YUBIKEY, "", Request::with_key(&RSA_1536), "KeyNotSupported"),
        (YUBIKEY, "", Request::with_key(&GERDA_HUGE), "CardFull"),
        (YUBIKEY, "", slot(&GERDA, 0xF9), "NotSupported"),
        (YUBIKEY, "", slot(&GERDA, 0x9B), "NotFound"),
        (YUBIKEY, "", slot(&GERDA, 0x96), "NotFound"),
        (YUBIKEY, "", other_key(), "NoMatchingKey"),
        (YUBIKEY, "", default(), "NotSupported"),
        (YUBIKEY, "", Request::certificate(&GERDA), "NoMatchingKey"),
        (YUBIKEY_4, "", Request::with_key(&LARS), "KeyNotSupported"),
        (YUBIKEY_4, "", Request::with_key(&IDA), "KeyNotSupported"),
        (YUBIKEY_4, "", Request::certificate(&JON), "NoMatchingKey"),
        (PIVAPPLET, "", slot(&GERDA, 0x8D), "NotFound"),
        (PIVAPPLET, "", Request::with_key(&JON), "KeyNotSupported"),
        (PLAIN, "", Request::with_key(&GERDA), "NotSupported"),
        (PLAIN, NITROKEY, slot(&NILS, 0x9C), "KeyNotSupported"),
        (PLAIN, NITROKEY, Request::with_key(&GERDA), "KeyNotSupported"),
    ] {
        let rig = Rig::new(profile, extra);
        let before = rig.stored(None);
        let name = x509::common_name(&request.certificate).unwrap();
        for result in [
            rig.with(|card| card.place(&request.import()).map(drop)),
            rig.authorised(|card| card.import(&request.import()).map(drop)),
        ] {
            // Without the PIN a YubiKey 4 cannot tell which keys it has.
            if let Err(error) = result {
                assert_eq!(kind(&error), expected, "{profile} {name}: {error}");
            } else {
                assert_eq!(expected, "NoMatchingKey", "{profile} {name}");
            }
        }
        assert_eq!(rig.stored(None), before, "{profile} {name}");
    }
}

/// Nitrokey would take the standard form's third number for the exponent.
#[test]
fn a_nitrokey_gets_its_own_form() {
    let rig = Rig::new(PLAIN, NITROKEY);
    let mark = rig.card.apdus();
    rig.authorised(|card| card.import(&Request::with_key(&NILS).import())).unwrap();
    let log = rig.card.log_since(mark);
    let sent: usize = log.iter().filter(|e| e.instruction == 0xFE).map(|e| e.length - 5).sum();
    // Two primes of 128 bytes with their headers, and the exponent with its own.
    assert_eq!(sent, 2 * 131 + 5);
    // Without the PIN its key cannot be tried out.
    let rig = Rig::new(PLAIN, NITROKEY);
    let before = rig.stored(None);
    let result = rig.with(|card| {
        card.authorise(ManagementProof::Factory).unwrap();
        card.import(&Request::with_key(&NILS).import())
    });
    assert!(matches!(result, Err(Error::NotSupported(words)) if words.contains("PIN")));
    assert_eq!(rig.stored(None), before);
}

#[test]
fn a_certificate_finds_its_key() {
    let people: &[(u8, &Person)] = &[(0x9A, &NILS), (0x83, &GERDA)];
    for profile in [YUBIKEY, YUBIKEY_4, PIVAPPLET, PLAIN] {
        let rig = Rig::with_people(profile, people, "");
        let request = Request::certificate(&GERDA_RENEWED);
        let place = rig.with(|card| card.place(&request.import()).unwrap());
        assert_eq!(place, placed(0x83, Some("83"), false, false), "{profile}");
        let before = rig.piv(|piv| piv.public_key(0x83));
        assert_eq!(rig.authorised(|card| card.import(&request.import()).unwrap()), "83");
        assert_eq!(rig.piv(|piv| piv.public_key(0x83)), before);
        // What is the same already is not written again.
        let mark = rig.card.apdus();
        rig.authorised(|card| card.import(&request.import()).unwrap());
        assert!(rig.card.log_since(mark).iter().all(|e| e.instruction != 0xDB), "{profile}");
        let with_key = Request { private_key: Some(GERDA.private_key()), ..request };
        let place = rig.with(|card| card.place(&with_key.import()));
        if profile != PLAIN {
            assert_eq!(place.unwrap(), placed(0x83, Some("83"), false, false), "{profile}");
        }
    }
}

/// On cards that do not show their keys, a key without a certificate is found by what it signs.
#[test]
fn a_certificate_finds_a_key_that_is_not_shown() {
    for profile in [YUBIKEY_4, PLAIN] {
        for slot in [0x9A, 0x9D, 0x9E, 0x85] {
            let rig = Rig::with_people(profile, &[(slot, &GERDA)], "");
            rig.authorised(|card| card.delete_certificate(&format!("{slot:02x}")).unwrap());
            let request = Request::certificate(&GERDA);
            // Before the PIN nobody knows; the usual slot stands for all.
            let place = rig.with(|card| card.place(&request.import()).unwrap());
            assert_eq!(place, Placement { wants_pin: true, ..placed(0x9A, None, false, false) }, "{profile}");
            let place = rig.authorised(|card| card.place(&request.import()).unwrap());
            assert_eq!(place, placed(slot, None, false, false), "{profile}");
            let id = rig.authorised(|card| card.import(&request.import()).unwrap());
            assert_eq!(id, format!("{slot:02x}"), "{profile}");
            // Another's certificate does not get in by saying the slot.
            rig.authorised(|card| card.delete_certificate(&id).unwrap());
            let wrong = Request::certificate(&HANS).into_slot(slot);
            let result = rig.authorised(|card| card.import(&wrong.import()));
            assert!(matches!(result, Err(Error::NoMatchingKey)), "{profile} {slot:02X}: {result:?}");
        }
        // A key that wants VERIFY directly before it is used is found where that is all it wants, or by its slot.
        let rig = Rig::with_people(profile, &[(0x9C, &GERDA)], "");
        rig.authorised(|card| card.delete_certificate("9c").unwrap());
        let request = Request::certificate(&GERDA).into_slot(0x9C);
        assert_eq!(rig.authorised(|card| card.import(&request.import()).unwrap()), "9c");
    }
}

/// No certificate goes into a slot on a guess: not where nothing could be tried out, and not where the card's answer is
/// that of an empty slot.
#[test]
fn a_certificate_is_not_written_beside_a_key_that_nobody_has_seen() {
    for profile in [YUBIKEY_4, PLAIN] {
        let rig = Rig::with_people(profile, &[(0x9D, &GERDA)], "");
        rig.authorised(|card| card.delete_certificate("9d").unwrap());
        let before = rig.stored(None);
        let result = rig.with(|card| {
            card.authorise(ManagementProof::Factory).unwrap();
            card.import(&Request::certificate(&GERDA).import())
        });
        assert!(
            matches!(result, Err(Error::NotSupported(words)) if words.contains("PIN")),
            "{profile}: {result:?}"
        );
        assert_eq!(rig.stored(None), before, "{profile}");
    }
    let rig = Rig::new(PLAIN, NITROKEY);
    let before = rig.stored(None);
    {
        let mut connection = rig.connect();
        let mut transaction = connection.begin().unwrap();
        let mut nitrokey = Answers(&mut *transaction, |command: &[u8]| {
            matches!(command, [_, 0x87, 0x11, 0x9D, ..]).then(|| vec![0x64, 0x00])
        });
        let mut card = card::edge::open(&mut nitrokey, None).unwrap();
        authorise(&mut *card).unwrap();
        let result = card.import(&Request::certificate(&GERDA).into_slot(0x9D).import());
        assert!(matches!(result, Err(Error::NoMatchingKey)), "{result:?}");
    }
    assert_eq!(rig.stored(None), before);
}

#[test]
fn of_several_slots_with_one_key_somebody_chooses() {
    let rig = Rig::with_people(YUBIKEY, &[(0x9A, &GERDA), (0x9D, &GERDA)], "");
    let request = Request::certificate(&GERDA_RENEWED);
    let result = rig.with(|card| card.place(&request.import()));
    assert!(matches!(&result, Err(Error::KeyNotSupported(words)) if words.contains("9A, 9D")), "{result:?}");
    let request = request.into_slot(0x9D);
    assert_eq!(rig.authorised(|card| card.import(&request.import()).unwrap()), "9d");
}

#[test]
fn a_taken_slot_is_left_alone_unless_chosen() {
    for (profile, maybe) in [(YUBIKEY, false), (YUBIKEY_4, true), (PIVAPPLET, false)] {
        let rig = Rig::with_people(profile, &[(0x9A, &NILS), (0x82, &HANS)], "");
        let place = rig.with(|card| card.place(&Request::with_key(&GERDA).import()).unwrap());
        // A card that does not show its keys may have one there, and tries a new one out.
        assert_eq!(place, Placement { wants_pin: maybe, ..placed(0x83, None, true, maybe) }, "{profile}");
        let request = Request::with_key(&GERDA).into_slot(0x9A);
        let place = rig.with(|card| card.place(&request.import()).unwrap());
        let expected = Placement { wants_pin: maybe, ..placed(0x9A, Some("9a"), true, true) };
        assert_eq!(place, expected, "{profile}");
        rig.authorised(|card| card.import(&request.import()).unwrap());
        let contents = rig.contents();
        let stored = contents.certificates.iter().find(|stored| stored.id == "9a").unwrap();
        assert_eq!(stored.der.as_ref().unwrap(), &GERDA.der());
        assert!(contents.findings.iter().all(|finding| finding.repair.is_none()), "{:?}", contents.findings);
        rig.authorised(|card| signed_by(card, 0x9A, &GERDA.public_key()));
    }
}

#[test]
fn a_large_certificate_is_compressed() {
    let rig = Rig::new(YUBIKEY, "");
    rig.authorised(|card| card.import(&Request::with_key(&GERDA_LARGE).import()).unwrap());
    assert!(rig.object(0x5F_C10A).unwrap().len() < 1000);
    assert_eq!(rig.contents().certificates.iter().find(|c| c.id == "9c").unwrap().der, Ok(GERDA_LARGE.der()));
}

#[test]
fn a_full_card_is_as_it_was() {
    let rig = Rig::with_people(YUBIKEY, &[(0x9A, &NILS)], "options.memory = 1200");
    let before = rig.stored(None);
    for request in [Request::with_key(&LARS).into_slot(0x9C), Request::with_key(&HANS)] {
        let result = rig.authorised(|card| card.import(&request.import()));
        let cause = match result {
            Err(Error::WriteFailed { cause, restored: true }) => *cause,
            result => panic!("{result:?}"),
        };
        assert!(matches!(cause, Error::CardFull(_)), "{cause}");
        assert_eq!(rig.stored(None), before);
    }
}

#[test]
fn the_container_map_follows_where_it_is_in_use() {
    let rig = Rig::with_people(YUBIKEY, &[(0x9A, &NILS), (0x9C, &HANS)], "mscmap = true");
    let mut request = Request::with_key(&GERDA).into_slot(0x84);
    request.default = true;
    rig.authorised(|card| card.import(&request.import()).unwrap());
    let contents = rig.contents();
    assert_eq!(contents.default_source, Some(DefaultSource::ContainerMap));
    let default = |contents: &card::Contents| -> Vec<u8> {
        contents.containers.iter().filter(|c| c.default).map(|c| c.index).collect()
    };
    assert_eq!(default(&contents), [0x84]);
    assert!(contents.findings.iter().all(|finding| finding.place != "MSCMAP"), "{:?}", contents.findings);

    rig.authorised(|card| card.set_default(0x9C).unwrap());
    assert_eq!(default(&rig.contents()), [0x9C]);
    let removed = rig.authorised(|card| card.delete_container(0x9C).unwrap());
    assert_eq!((removed.default, removed.key_stays), (Some(0x9A), false));
    assert_eq!(default(&rig.contents()), [0x9A]);
    rig.authorised(|card| card.move_key(0x9A, 0x95).unwrap());
    assert_eq!(default(&rig.contents()), [0x95]);
    let contents = rig.contents();
    assert!(contents.findings.iter().all(|finding| finding.place != "MSCMAP"), "{:?}", contents.findings);
    let missing = rig.authorised(|card| card.set_default(0x9A));
    assert!(matches!(missing, Err(Error::NotFound(_))), "{missing:?}");
}

#[test]
fn without_a_container_map_slot_9a_is_the_default() {
    for profile in [YUBIKEY, YUBIKEY_4, PIVAPPLET, PLAIN] {
        let rig = Rig::with_people(profile, &[(0x9A, &NILS), (0x9C, &HANS)], "");
        let before = rig.stored(None);
        rig.authorised(|card| card.set_default(0x9A).unwrap());
        let refused = rig.authorised(|card| card.set_default(0x9C)).unwrap_err();
        assert!(
            matches!(refused, Error::NotSupported(words) if words.contains("9A") && words.contains("cert move"))
        );
        assert_eq!(rig.stored(None), before, "{profile}");
    }
}

#[test]
fn the_chain_is_stored_where_roots_are_in_use() {
    let roots = format!("mscmap = true\nroots = ['''\n{}''']", NILS.certificate);
    for (extra, expected) in [("mscmap = true", 0), (roots.as_str(), 2)] {
        let rig = Rig::new(YUBIKEY, extra);
        let mut request = Request::with_key(&GERDA);
        request.chain = vec![authority(), GERDA.der(), authority()];
        rig.authorised(|card| card.import(&request.import()).unwrap());
        assert_eq!(rig.contents().roots.len(), expected);
    }
    // What does not fit one page stays out.
    let rig = Rig::new(YUBIKEY, &roots);
    let before = rig.object(MSROOTS);
    let mut request = Request::with_key(&GERDA);
    request.chain = vec![authority(), LARS.der(), MONA.der()];
    rig.authorised(|card| card.import(&request.import()).unwrap());
    assert_eq!(rig.object(MSROOTS), before);
}

// New keys.

#[test]
fn keys_are_made_and_sign() {
    for (profile, family, bits, slot) in [
        (YUBIKEY, KeyFamily::Rsa, 2048, 0x9A),
        (YUBIKEY, KeyFamily::Ec, 256, 0x9C),
        (YUBIKEY, KeyFamily::Ec, 384, 0x9E),
        (YUBIKEY, KeyFamily::Ed25519, 255, 0x95),
        (YUBIKEY_4, KeyFamily::Ec, 256, 0x9C),
        (YUBIKEY_4, KeyFamily::Rsa, 1024, 0x9D),
        (PIVAPPLET, KeyFamily::Ec, 256, 0x9C),
        (PLAIN, KeyFamily::Ec, 384, 0x9C),
        (PLAIN, KeyFamily::Rsa, 2048, 0x9A),
    ] {
        let rig = Rig::new(profile, "");
        let new = NewKey { container: Some(slot), ..new_key(family, bits) };
        let shows_keys = profile == YUBIKEY || profile == PIVAPPLET;
        let place = rig.with(|card| card.place_key(&new).unwrap());
        assert_eq!(place, placed(slot, None, true, !shows_keys), "{profile}");
        let mark = rig.card.apdus();
        let certificate = rig.authorised(|card| {
            let key = card.generate(&new).unwrap();
            let certificate = signed_by(card, slot, &key);
            let import = card::Import {
                certificate: &certificate,
                public_key: &key,
                private_key: None,
                chain: &[],
                container: Some(slot),
                default: false,
            };
            assert_eq!(card.import(&import).unwrap(), format!("{slot:02x}"));
            certificate
        });
        // Once, and once more directly before a key that always wants it is used.
        let always = usize::from(slot == 0x9C);
        assert_eq!(secrets(&rig.card.log_since(mark))[0], 1 + always, "{profile} {slot:02X}");
        let contents = rig.contents();
        assert_eq!(
            contents.certificates.iter().find(|c| c.container == Some(slot)).unwrap().der,
            Ok(certificate)
        );
        let container = contents.containers.iter().find(|container| container.index == slot).unwrap();
        assert_eq!(container.origin, shows_keys.then_some(KeyOrigin::Generated), "{profile}");
    }
}

#[test]
fn a_key_that_takes_the_place_of_another_takes_its_certificate_away() {
    for profile in [YUBIKEY, YUBIKEY_4, PLAIN] {
        let rig = Rig::with_people(profile, &[(0x9A, &NILS)], "");
        let new = NewKey { container: Some(0x9A), ..new_key(KeyFamily::Ec, 256) };
        assert_eq!(rig.with(|card| card.place_key(&new).unwrap()), placed(0x9A, Some("9a"), true, true));
        rig.authorised(|card| card.generate(&new).unwrap());
        assert!(rig.contents().certificates.is_empty(), "{profile}");
        // Unless somebody chose, it does not.
        let rig = Rig::with_people(profile, &[(0x9A, &NILS)], "");
        assert_eq!(rig.with(|card| card.place_key(&new_key(KeyFamily::Ec, 256)).unwrap()).container, 0x82);
    }
}

/// A key was made, and the card's answer does not show it: the certificate of the key before is not put back beside it.
#[test]
fn a_new_key_that_is_not_shown() {
    let rig = Rig::with_people(PLAIN, &[(0x9A, &GERDA)], "");
    {
        let mut connection = rig.connect();
        let mut transaction = connection.begin().unwrap();
        let mut mumbling = Answers(&mut *transaction, |command: &[u8]| {
            let made = command[1] == 0x47;
            made.then(|| rig.card.transmit_as_other(command)).map(|_| vec![0x7F, 0x49, 0, 0x90, 0x00])
        });
        let mut card = card::edge::open(&mut mumbling, None).unwrap();
        authorise(&mut *card).unwrap();
        let new = NewKey { container: Some(0x9A), ..new_key(KeyFamily::Ec, 256) };
        let result = card.generate(&new);
        assert!(matches!(result, Err(Error::WriteFailed { restored: false, .. })), "{result:?}");
    }
    assert!(rig.contents().certificates.is_empty());
}

/// The card answers 6F00 to the command that writes a key. Whether the one before is still there is said only where the
/// card shows it; the certificate is back in either case.
#[test]
fn a_key_of_which_nobody_knows_whether_it_was_written() {
    for (profile, known) in [(YUBIKEY, true), (YUBIKEY_4, false)] {
        for instruction in [0xFE, 0x47] {
            let rig = Rig::with_people(profile, &[(0x9D, &GERDA)], "");
            let broken = FaultKind::Status(0x6F00);
            rig.card.inject(Fault { instruction: Some(instruction), ..Fault::at(1, broken) });
            let result = rig.authorised(|card| match instruction {
                0xFE => card.import(&Request::with_key(&HANS).into_slot(0x9D).import()).map(drop),
                _ => {
                    let new = NewKey { container: Some(0x9D), ..new_key(KeyFamily::Ec, 256) };
                    card.generate(&new).map(drop)
                }
            });
            let told = matches!(&result, Err(Error::WriteFailed { restored, .. }) if *restored == known);
            assert!(told, "{profile} {instruction:02X}: {result:?}");
            assert_eq!(rig.contents().certificates[0].der.as_ref(), Ok(&GERDA.der()), "{profile}");
        }
    }
}

#[test]
fn keys_that_a_card_does_not_make() {
    let touch = |kind| NewKey { touch_use: Some(TouchUse::Always), ..kind };
    let always = |kind| NewKey { pin_use: Some(PinUse::Always), ..kind };
    let p256 = || new_key(KeyFamily::Ec, 256);
    let roca = "options.version = [4, 3, 4]";
    for (profile, extra, new, expected) in [
        (YUBIKEY, "", new_key(KeyFamily::Ec, 521), "KeyNotSupported"),
        (YUBIKEY, "", new_key(KeyFamily::Rsa, 1536), "KeyNotSupported"),
        (YUBIKEY_4, "", new_key(KeyFamily::Ed25519, 255), "KeyNotSupported"),
        (YUBIKEY_4, roca, new_key(KeyFamily::Rsa, 2048), "KeyNotSupported"),
        (YUBIKEY_4, roca, p256(), "ok"),
        (YUBIKEY_4, "options.version = [4, 1, 9]", new_key(KeyFamily::Rsa, 1024), "ok"),
        (PLAIN, "", always(p256()), "NotSupported"),
        (PIVAPPLET, "", touch(p256()), "NotSupported"),
        (YUBIKEY, "", NewKey { default: true, container: Some(0x9C), ..p256() }, "NotSupported"),
        (YUBIKEY, "", NewKey { container: Some(0xF9), ..p256() }, "NotSupported"),
        (YUBIKEY, "", NewKey { container: Some(0x9F), ..p256() }, "NotFound"),
    ] {
        let rig = Rig::new(profile, extra);
        let result = rig.authorised(|card| card.generate(&new).map(drop));
        let result = result.map_or_else(|error| kind(&error), |()| "ok".to_owned());
        assert_eq!(result, expected, "{profile} {new:?}");
    }
}

#[test]
fn policies_are_the_keys_own() {
    let rig = Rig::new(YUBIKEY, "");
    let new = NewKey {
        container: Some(0x9D),
        pin_use: Some(PinUse::Always),
        touch_use: Some(TouchUse::Cached),
        ..new_key(KeyFamily::Ec, 256)
    };
    let key = rig.authorised(|card| card.generate(&new).unwrap());
    assert_eq!(rig.piv(|piv| piv.policies(0x9D)), Some((3, 3)));
    let mark = rig.card.apdus();
    rig.authorised(|card| signed_by(card, 0x9D, &key));
    assert_eq!(secrets(&rig.card.log_since(mark))[0], 2);
    rig.piv(|piv| piv.options_mut().untouched = true);
    let result = rig.authorised(|card| card.sign(0x9D, b"message", Some(PinEntry::Typed(&pin(PIN)))));
    assert!(matches!(result, Err(Error::Untouched)), "{result:?}");
    // A key that wants no PIN gets none, and signs without anybody having verified it.
    let new = NewKey { pin_use: Some(PinUse::Never), ..new_key(KeyFamily::Ec, 256) };
    rig.authorised(|card| card.generate(&new).unwrap());
    rig.with(|card| card.sign(0x9A, b"message", None)).unwrap();
}

/// Nobody's PIN is presented by machine unless the card has just accepted it.
#[test]
fn a_pin_that_was_not_accepted_is_not_presented_again() {
    for profile in [YUBIKEY, YUBIKEY_4, PLAIN] {
        for slot in [0x9A, 0x9C] {
            let rig = Rig::with_people(profile, &[(slot, &GERDA)], "");
            let result = rig.with(|card| {
                let wrong = pin("999999");
                card.verify(Role::USER, PinEntry::Typed(&wrong)).unwrap_err();
                card.sign(slot, b"message", Some(PinEntry::Typed(&wrong)))
            });
            assert!(result.is_err());
            assert_eq!(rig.tries(), (2, 3), "{profile}");
        }
        // A card that forgets the PIN gets it once more, and no more than that.
        let rig = Rig::with_people(profile, &[(0x9A, &GERDA)], "");
        let mark = rig.card.apdus();
        for nth in [1, 1] {
            rig.card.inject(Fault::at_instruction(0x87, nth, FaultKind::Status(0x6982)));
        }
        rig.card.inject(Fault::at_instruction(0x87, 2, FaultKind::Status(0x6982)));
        let result = rig.with(|card| {
            card.verify(Role::USER, PinEntry::Typed(&pin(PIN))).unwrap();
            card.sign(0x9A, b"message", Some(PinEntry::Typed(&pin(PIN))))
        });
        assert!(result.is_err(), "{profile}");
        assert_eq!(secrets(&rig.card.log_since(mark))[0], 2, "{profile}");
    }
}

#[test]
fn a_wrong_signature_is_not_returned() {
    let rig = Rig::with_people(YUBIKEY, &[(0x9A, &GERDA)], "");
    let mut connection = rig.connect();
    let mut transaction = connection.begin().unwrap();
    let mut liar = Answers(&mut *transaction, |command: &[u8]| {
        let signature = [&[0x7C, 0x0A, 0x82, 0x08, 0x30, 0x06, 2, 1, 5, 2, 1, 6][..], &[0x90, 0]].concat();
        (command[1] == 0x87).then_some(signature)
    });
    let mut card = card::edge::open(&mut liar, None).unwrap();
    card.verify(Role::USER, PinEntry::Typed(&pin(PIN))).unwrap();
    let result = card.sign(0x9A, b"message", Some(PinEntry::Typed(&pin(PIN))));
    assert!(matches!(result, Err(Error::Malformed(_))), "{result:?}");
}

/// On cards whose other programs go by the key history, a retired key is seen because it counts there.
#[test]
fn the_key_history_counts_what_is_written() {
    let history = |rig: &Rig| rig.object(0x5F_C10C).map(|history| history[2]);
    for (profile, extra, counts) in [
        (PLAIN, "", true),
        (PLAIN, "key-history = true", true),
        (YUBIKEY, "key-history = true", true),
        (YUBIKEY, "", false),
    ] {
        let rig = Rig::new(profile, extra);
        rig.authorised(|card| {
            let new = NewKey { container: Some(0x84), ..new_key(KeyFamily::Ec, 256) };
            let key = card.generate(&new).unwrap();
            let certificate = signed_by(card, 0x84, &key);
            let import = card::Import {
                certificate: &certificate,
                public_key: &key,
                private_key: None,
                chain: &[],
                container: None,
                default: false,
            };
            assert_eq!(card.import(&import).unwrap(), "84");
        });
        assert_eq!(history(&rig), counts.then_some(1), "{profile} {extra}");
        assert!(rig.contents().certificates.iter().any(|stored| stored.id == "84"), "{profile} {extra}");
        rig.authorised(|card| card.delete_certificate("84").unwrap());
        assert_eq!(history(&rig), counts.then_some(0), "{profile} {extra}");
    }
}

// Moving and deleting.

#[test]
fn keys_move_with_their_certificates() {
    let rig = Rig::with_people(YUBIKEY, &[(0x9A, &NILS), (0x9C, &HANS)], "");
    let key = rig.piv(|piv| piv.public_key(0x9A));
    for (from, to, expected) in [
        (0x9A, 0x9C, "NotSupported"),
        (0x9A, 0x9A, "NotSupported"),
        (0x9D, 0x82, "NotFound"),
        (0x9A, 0xF9, "NotSupported"),
        (0x9A, 0x82, "ok"),
    ] {
        let result = rig.authorised(|card| card.move_key(from, to));
        assert_eq!(
            result.map_or_else(|error| kind(&error), |()| "ok".to_owned()),
            expected,
            "{from:02X} {to:02X}"
        );
    }
    assert_eq!(rig.piv(|piv| (piv.public_key(0x9A), piv.public_key(0x82))), (None, key));
    let ids: Vec<String> = rig.contents().certificates.into_iter().map(|stored| stored.id).collect();
    assert_eq!(ids, ["9c", "82"]);
    for profile in [YUBIKEY_4, PIVAPPLET, PLAIN] {
        let rig = Rig::with_people(profile, &[(0x9A, &NILS)], "");
        let result = rig.authorised(|card| card.move_key(0x9A, 0x82));
        assert!(matches!(result, Err(Error::NotSupported(_))), "{profile}: {result:?}");
    }
}

#[test]
fn what_is_deleted_is_gone() {
    for (profile, key_stays) in [(YUBIKEY, false), (YUBIKEY_4, true), (PIVAPPLET, true), (PLAIN, true)] {
        let rig = Rig::with_people(profile, &[(0x9A, &NILS), (0x9C, &HANS)], "");
        let removed = rig.authorised(|card| card.delete_container(0x9C).unwrap());
        assert_eq!((removed.key_stays, removed.default), (key_stays, Some(0x9A)), "{profile}");
        assert_eq!(rig.piv(|piv| piv.public_key(0x9C).is_some()), key_stays, "{profile}");
        let removed = rig.authorised(|card| card.delete_container(0x9A).unwrap());
        assert_eq!((removed.key_stays, removed.default), (key_stays, None), "{profile}");
        assert!(rig.contents().certificates.is_empty());
        let again = rig.authorised(|card| card.delete_container(0x9A));
        assert!(matches!(again, Err(Error::NotFound(_) | Error::NotSupported(_))), "{profile}: {again:?}");

        let rig = Rig::with_people(profile, &[(0x9A, &NILS)], "");
        rig.authorised(|card| card.delete_certificate("9a").unwrap());
        assert!(rig.piv(|piv| piv.public_key(0x9A).is_some()), "{profile}");
        for id in ["9a", "kxc00", "f9"] {
            let missing = rig.authorised(|card| card.delete_certificate(id));
            assert!(missing.is_err(), "{profile} {id}");
        }
    }
    // One that cannot be read can be deleted.
    let rig = Rig::with_people(YUBIKEY, &[(0x9A, &NILS)], "");
    rig.piv(|piv| piv.set_object(0x5F_C105, Some(&[0x70, 0x02, 0x30, 0x82])).unwrap());
    rig.authorised(|card| card.delete_certificate("9a").unwrap());
    assert_eq!(rig.object(0x5F_C105), None);
}

// Repair, identifier, tries.

#[test]
fn a_certificate_follows_its_key() {
    // As another program moves a key: the certificate stays where it was.
    let rig = Rig::with_people(YUBIKEY, &[(0x9A, &NILS)], "mscmap = true");
    let select = [&[0x00, 0xA4, 0x04, 0x00, 0x09][..], &bytes("A00000030800001000"), &[0]].concat();
    rig.authorised(|_| ());
    let moved = rig.with(|card| {
        authorise(card).unwrap();
        rig.card.transmit_as_other(&[0x00, 0xF6, 0x83, 0x9A])
    });
    assert_eq!(moved, [0x90, 0x00], "{select:02X?}");
    let repairs = |rig: &Rig| rig.contents().findings.into_iter().filter(|f| f.repair.is_some()).count();
    assert!(repairs(&rig) > 0);
    let mended = rig.authorised(|card| card.repair().unwrap());
    assert!(!mended.is_empty());
    assert_eq!(repairs(&rig), 0, "{:?}", rig.contents().findings);
    let contents = rig.contents();
    let stored = contents.certificates.iter().find(|stored| stored.id == "83").unwrap();
    assert_eq!((&stored.der, stored.container), (&Ok(NILS.der()), Some(0x83)));
    assert!(rig.authorised(|card| card.repair().unwrap()).is_empty());
}

#[test]
fn a_container_map_is_brought_up_to_date() {
    let rig = Rig::with_people(YUBIKEY, &[(0x9A, &NILS), (0x9C, &HANS), (0x9D, &GERDA)], "mscmap = true");
    rig.piv(|piv| {
        // Replaced, deleted and added by programs that do not know the map.
        let renewed = [&[0x70, 0x82][..], &[0, 0], &GERDA_RENEWED.der(), &[0x71, 1, 0, 0xFE, 0]].concat();
        let mut renewed = renewed;
        let length = u16::try_from(GERDA_RENEWED.der().len()).unwrap().to_be_bytes();
        renewed[2..4].copy_from_slice(&length);
        piv.set_object(0x5F_C10B, Some(&renewed)).unwrap();
        assert!(piv.erase_key(0x9C));
        piv.set_object(0x5F_C10A, None).unwrap();
    });
    let place = |rig: &Rig| rig.contents().findings.into_iter().filter(|f| f.place == "MSCMAP").count();
    assert_eq!(place(&rig), 2);
    assert_eq!(rig.authorised(|card| card.repair().unwrap()).len(), 2);
    assert_eq!(place(&rig), 0, "{:?}", rig.contents().findings);
}

/// A card that does not tell its keys may have one whose certificate is still to come: Windows would no longer find it.
#[test]
fn a_record_is_kept_where_there_may_be_a_key() {
    let rig = Rig::with_people(YUBIKEY_4, &[(0x9A, &GERDA), (0x9D, &HANS)], "mscmap = true");
    rig.piv(|piv| piv.set_object(0x5F_C10B, None).unwrap());
    let before = rig.object(MSCMAP);
    let mended = rig.authorised(|card| card.repair().unwrap());
    assert!(mended.is_empty(), "{mended:?}");
    assert_eq!(rig.object(MSCMAP), before);
}

#[test]
fn a_card_without_an_identifier_gets_one() {
    let rig = Rig::with_people(PIVAPPLET, &[(0x9A, &NILS)], "");
    rig.piv(|piv| piv.set_object(CHUID, None).unwrap());
    assert_eq!(rig.authorised(|card| card.repair().unwrap()).len(), 1);
    assert_eq!(rig.object(CHUID).unwrap().len(), 59);
}

#[test]
fn the_identifier_is_renewed_where_that_is_no_serial_number() {
    for (profile, extra, renewed) in [
        (YUBIKEY, "", true),
        (PIVAPPLET, "", true),
        // The CHUID is the serial number.
        (YUBIKEY_4, "", false),
        (PLAIN, "", false),
        // Signed; missing.
        (
            YUBIKEY,
            "[[card.object]]\nid = '5FC102'\nvalue = '3410000102030405060708090A0B0C0D0E0F3E0101FE00'",
            false,
        ),
        (YUBIKEY, "[[card.object]]\nid = '5FC102'", false),
    ] {
        let rig = Rig::new(profile, extra);
        let (before, csn) = (rig.object(CHUID), rig.with(|card| card.identify().unwrap().csn));
        rig.authorised(|card| card.renew_identifier().unwrap());
        assert_eq!(rig.object(CHUID) != before, renewed, "{profile} {extra}");
        assert_eq!(rig.object(CHUID).map(|chuid| chuid.len()), before.map(|chuid| chuid.len()));
        assert_eq!(rig.with(|card| card.identify().unwrap().csn), csn);
    }
}

#[test]
fn tries_are_set_and_pin_and_puk_with_them() {
    for (profile, pin_, puk_, expected) in [
        (YUBIKEY, "654321", "87654321", "ok"),
        (YUBIKEY, PIN, PUK, "ok"),
        (PIVAPPLET, "654321", "87654321", "ok"),
        (PIVAPPLET, "abcdef", "87654321", "PinRefused"),
        (YUBIKEY, "12345", "87654321", "PinRefused"),
        (YUBIKEY, "654321", "123456789", "PinRefused"),
        (PLAIN, "654321", "87654321", "NotSupported"),
    ] {
        let rig = Rig::new(profile, "");
        let result = rig.authorised(|card| card.set_tries((7, &pin(pin_)), (9, &pin(puk_))));
        let ok = result.is_ok();
        assert_eq!(
            result.map_or_else(|error| kind(&error), |()| "ok".to_owned()),
            expected,
            "{profile} {pin_}"
        );
        if ok {
            assert_eq!(rig.tries(), (7, 9), "{profile}");
            assert!(rig.piv(|piv| piv.pin_is(pin_.as_bytes()) && piv.puk_is(puk_.as_bytes())), "{profile}");
        } else {
            assert!(rig.piv(|piv| piv.pin_is(PIN.as_bytes()) && piv.puk_is(PUK.as_bytes())), "{profile}");
        }
    }
    // A card that refuses what is easy to guess has the factory's PIN now, which is said.
    let rig = Rig::new(YUBIKEY, "options.complexity = true");
    let result = rig.authorised(|card| card.set_tries((7, &pin("111111")), (9, &pin("84729105"))));
    assert!(matches!(result, Err(Error::WriteFailed { restored: false, .. })), "{result:?}");
    assert!(rig.piv(|piv| piv.pin_is(PIN.as_bytes()) && piv.puk_is(b"84729105")));
}
