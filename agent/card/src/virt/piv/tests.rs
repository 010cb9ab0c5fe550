//! Dialogues with the card, and what its profiles do differently. Commands and answers are those of card-piv.md;
//! numbers in brackets are its sections.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use p256::ecdsa::signature::hazmat::PrehashVerifier;
use sha2::{Digest, Sha256};

use super::*;
use crate::virt::asymmetric::Key;
use crate::virt::dialogue::{self, bytes, text};

const SELECT_PIV: &[u8] = &[0x00, 0xA4, 0x04, 0x00, 0x09, 0xA0, 0, 0, 0x03, 0x08, 0, 0, 0x10, 0];
const VERIFY_PIN: &[u8] = b"\x00\x20\x00\x80\x08123456\xFF\xFF";
const WRONG_PIN: &[u8] = b"\x00\x20\x00\x80\x08999999\xFF\xFF";
const WRONG_PUK: &[u8] = b"\x00\x2C\x00\x80\x1099999999123456\xFF\xFF";
const EMPTY_VERIFY: &[u8] = &[0x00, 0x20, 0x00, 0x80];
const ALL: [Profile; 4] = [Profile::YubiKey57, Profile::YubiKey4, Profile::PivApplet, Profile::Plain];

fn factory(profile: Profile) -> Piv {
    with(profile, |_| ())
}

/// A selected card with other options.
fn with(profile: Profile, change: impl FnOnce(&mut Options)) -> Piv {
    let mut options = Options::of(profile);
    change(&mut options);
    let mut card = Piv::new(options, 0x01_23_45_67);
    assert_eq!(status(&card.transmit(SELECT_PIV)), 0x9000);
    card
}

/// The same with the management key presented.
fn managed(profile: Profile) -> Piv {
    let mut card = factory(profile);
    authenticate(&mut card);
    card
}

fn authenticate(card: &mut Piv) {
    let algorithm = card.management_algorithm();
    let size = if algorithm == 0x03 { 8 } else { 16 };
    card.fix_random(&[0x5A; 16][..size]);
    let challenge = card.transmit(&[0, 0x87, algorithm, 0x9B, 4, 0x7C, 2, 0x81, 0, 0]);
    let response = card.management.encipher(&challenge[4..4 + size]).unwrap();
    let template = tlv::object(0x7C, &tlv::object(0x82, &response));
    let length = u8::try_from(template.len()).unwrap();
    let answer = card.transmit(&[&[0, 0x87, algorithm, 0x9B, length][..], &template].concat());
    assert_eq!((status(&answer), card.managed()), (0x9000, true));
}

#[track_caller]
fn dialogue(card: &mut Piv, script: &str) {
    dialogue::hold(|apdu| card.transmit(apdu), script);
}

/// In parts of 255 bytes; returns the whole answer.
fn chain(card: &mut Piv, instruction_and_parameters: &str, data: &[u8]) -> (Vec<u8>, u16) {
    let answer = dialogue::chain(|apdu| card.transmit(apdu), 255, instruction_and_parameters, data);
    dialogue::whole(|apdu| card.transmit(apdu), answer)
}

fn whole(card: &mut Piv, command: &str) -> (Vec<u8>, u16) {
    let answer = card.transmit(&bytes(command));
    dialogue::whole(|apdu| card.transmit(apdu), answer)
}

fn status(answer: &[u8]) -> u16 {
    u16::from_be_bytes(*answer.last_chunk().unwrap())
}

fn statuses(card: &mut Piv, commands: &[&[u8]]) -> Vec<u16> {
    commands.iter().map(|command| status(&card.transmit(command))).collect()
}

/// What is signed, as a key of an algorithm takes it: a padded block, a digest or a message.
fn input(algorithm: u8) -> Vec<u8> {
    let digest = Sha256::digest(b"message").to_vec();
    match algorithm {
        0x11 | 0x14 => digest,
        0xE0 => b"message".to_vec(),
        _ => {
            let size = match algorithm {
                0x06 => 128,
                0x07 => 256,
                0x05 => 384,
                _ => 512,
            };
            let mut block = vec![0x00, 0x01];
            block.resize(size - 33, 0xFF);
            [&block[..], &[0], &digest].concat()
        }
    }
}

/// GENERAL AUTHENTICATE with a slot's key on `tag`.
fn use_key(card: &mut Piv, slot: u8, tag: u16, input: &[u8]) -> Result<Vec<u8>, u16> {
    let algorithm = card.key_algorithm(slot).unwrap_or(0x11);
    let template = tlv::object(0x7C, &[tlv::object(0x82, &[]), tlv::object(tag, input)].concat());
    match chain(card, &format!("87{algorithm:02X}{slot:02X}"), &template) {
        (data, 0x9000) => {
            let inner = tlv::only(&data, 0x7C).unwrap();
            Ok(tlv::only(inner, 0x82).unwrap().to_vec())
        }
        (_, status) => Err(status),
    }
}

fn sign(card: &mut Piv, slot: u8) -> Result<Vec<u8>, u16> {
    let input = input(card.key_algorithm(slot).unwrap_or(0x11));
    use_key(card, slot, 0x81, &input)
}

/// Whether a signature of [`input`] is of the key in a slot.
fn is_signature(card: &Piv, slot: u8, signature: &[u8]) -> bool {
    let public = card.public_key(slot).unwrap();
    let algorithm = card.key_algorithm(slot).unwrap();
    let point = tlv::find(&public, 0x86).unwrap_or_default();
    match algorithm {
        0x11 => {
            let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(point).unwrap();
            let signature = p256::ecdsa::Signature::from_der(signature).unwrap();
            key.verify_prehash(&input(algorithm), &signature).is_ok()
        }
        0x14 => {
            let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(point).unwrap();
            let signature = p384::ecdsa::Signature::from_der(signature).unwrap();
            // The digest is shorter than the order.
            key.verify_prehash(&[&[0; 16], &input(algorithm)[..]].concat(), &signature).is_ok()
        }
        0xE0 => {
            let key = ed25519_dalek::VerifyingKey::from_bytes(point.try_into().unwrap()).unwrap();
            key.verify_strict(b"message", &ed25519_dalek::Signature::from_slice(signature).unwrap()).is_ok()
        }
        _ => {
            let number = |tag| num_bigint::BigUint::from_bytes_be(tlv::find(&public, tag).unwrap());
            let opened = num_bigint::BigUint::from_bytes_be(signature).modpow(&number(0x82), &number(0x81));
            opened == num_bigint::BigUint::from_bytes_be(&input(algorithm))
        }
    }
}

/// Section 13, and the vectors below it.
#[test]
fn traces() {
    let mut card = Piv::new(Options::of(Profile::YubiKey57), 0x00A1_B2C3);
    dialogue(
        &mut card,
        "
        00200080                            = 6D00    # nothing is selected
        00A4040009A0000003080000100000      = 61114F0600001000010079074F05A000000308 9000
        00A404000BA00000030800001000010000  = 61114F0600001000010079074F05A000000308 9000
        00200080                            = 63C3
        0020008008 313233343536FFFF         = 9000
        00200080                            = 9000
        0020FF80                            = 9000
        00200080                            = 63C3
        0024008010 313233343536FFFF 363534333231FFFF = 9000
        0024008110 3132333435363738 3837363534333231 = 9000
        002C008010 3837363534333231 313233343536FFFF = 9000
        00CB3FFF055C035FC10500              = 6A82
        00FD000000                          = 050701 9000
        00F8000000                          = 00A1B2C3 9000
        00F7008000                          = 0101FF 050101 06020303 9000
        00F7008100                          = 0101FF 050100 06020303 9000
        00F7009B00                          = 01010A 02020001 050101 9000
        00CB3FFF035C017E00 = 7E12 4F0B A000000308000010000100 5F2F024000 9000
    ",
    );

    // The same key for two ciphers, in both forms.
    let mut card = factory(Profile::YubiKey4);
    card.fix_random(&bytes("A892D75601617C5D A892D75601617C5D"));
    dialogue(
        &mut card,
        "
        0087039B047C02810000          = 7C0A8108A892D75601617C5D 9000
        0087039B0C7C0A8208B0A1674747F4EB87 = 9000
        0087039B047C02800000          = 7C0A8008B0A1674747F4EB87 9000
        0087039B167C148008A892D75601617C5D8108A892D75601617C5D00 = 7C0A8208B0A1674747F4EB87 9000
    ",
    );
    let mut card = factory(Profile::YubiKey57);
    card.fix_random(&bytes("00112233445566778899AABBCCDDEEFF 00112233445566778899AABBCCDDEEFF"));
    dialogue(
        &mut card,
        "
        00870A9B047C02810000 = 7C12811000112233445566778899AABBCCDDEEFF 9000
        00870A9B147C128210C53C74BB02939C2FD3D923078F3E757D = 9000
        00870A9B047C02800000 = 7C128010C53C74BB02939C2FD3D923078F3E757D 9000
        00870A9B267C24801000112233445566778899AABBCCDDEEFF811000112233445566778899AABBCCDDEEFF00 = 7C128210C53C74BB02939C2FD3D923078F3E757D 9000
        00FFFFFF13 089B10 000102030405060708090A0B0C0D0E0F = 9000
    ",
    );
    card.fix_random(&bytes("101112131415161718191A1B1C1D1E1F"));
    dialogue(
        &mut card,
        "
        0087089B047C02810000 = 7C128110101112131415161718191A1B1C1D1E1F 9000
        0087089B147C12821007FEEF74E1D5036E900EEE118E949293 = 9000
        00FFFFFF23 0C9B20 000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F = 9000
    ",
    );
    card.fix_random(&bytes("00112233445566778899AABBCCDDEEFF"));
    dialogue(
        &mut card,
        "
        00870C9B047C02810000 = 7C12811000112233445566778899AABBCCDDEEFF 9000
        00870C9B147C1282108EA2B7CA516745BFEAFC49904B496089 = 9000
    ",
    );
}

#[test]
fn what_each_profile_knows() {
    // Label, version, serial number, metadata of the PIN, move, standard and odd objects, a wrong algorithm for 9B.
    let rows = [
        (Profile::YubiKey57, "", 0x9000, 0x9000, 0x9000, 0x6A88, [0x6A82, 0x6A82, 0x6A82], 0x6A80),
        (Profile::YubiKey4, "", 0x9000, 0x6D00, 0x6D00, 0x6D00, [0x6A82, 0x6A82, 0x6A82], 0x6A80),
        (Profile::PivApplet, "PivApplet v", 0x9000, 0x9000, 0x9000, 0x6D00, [0x6A81, 0x6A82, 0x6A81], 0x6A86),
        (Profile::Plain, "", 0x6D00, 0x6D00, 0x6D00, 0x6D00, [0x6A82, 0x6A82, 0x6A82], 0x6A86),
    ];
    for (profile, label, version, serial, metadata, moving, objects, wrong_algorithm) in rows {
        let mut card = managed(profile);
        let template = card.application_template();
        assert_eq!(
            String::from_utf8_lossy(&template).contains("PivApplet v"),
            !label.is_empty(),
            "{profile:?}"
        );
        let ask = |card: &mut Piv, command: &str| status(&card.transmit(&bytes(command)));
        assert_eq!(ask(&mut card, "00FD000000"), version, "{profile:?}");
        assert_eq!(ask(&mut card, "00F8000000"), serial, "{profile:?}");
        assert_eq!(ask(&mut card, "00F7008000"), metadata, "{profile:?}");
        assert_eq!(ask(&mut card, "00F6FF9A"), moving, "{profile:?}");
        // The certificates of 95 and 82, and Yubico's container map.
        for (id, expected) in ["5FC120", "5FC10D", "5FFF10"].iter().zip(objects) {
            assert_eq!(ask(&mut card, &format!("00CB3FFF055C03{id}00")), expected, "{profile:?} {id}");
        }
        assert_eq!(ask(&mut card, "00870F9B047C02810000"), wrong_algorithm, "{profile:?}");
        let import =
            ask(&mut card, "00FE119A220620 0101010101010101010101010101010101010101010101010101010101010101");
        assert_eq!(import, if profile == Profile::Plain { 0x6D00 } else { 0x9000 }, "{profile:?}");
        let attest = ask(&mut card, "00F99A0000");
        let yubico = matches!(profile, Profile::YubiKey57 | Profile::YubiKey4);
        assert_eq!(attest, if yubico { 0x6A81 } else { 0x6D00 });
        // The answers to reset are well-formed: their last byte makes the exclusive or zero.
        assert_eq!(profile.atr()[1..].iter().fold(0, |sum, byte| sum ^ byte), 0, "{profile:?}");
    }
}

#[test]
fn selecting() {
    for profile in ALL {
        let mut card = factory(profile);
        assert_eq!(
            statuses(&mut card, &[VERIFY_PIN, b"\x00\xA4\x04\x00\x05\xA0\x00\x00\x03\x08"]),
            [0x9000; 2]
        );
        assert!(!card.pin_verified(), "{profile:?}");
        authenticate(&mut card);
        // Yubico's management application, which is not there; the state is dropped all the same.
        assert_eq!(statuses(&mut card, &[VERIFY_PIN]), [0x9000]);
        let other = bytes("00A4040008A000000527471117");
        assert_eq!(statuses(&mut card, &[&other, VERIFY_PIN]), [0x6A82, 0x9000], "{profile:?}");
        assert!(!card.managed());
        for name in ["04A0000003", "0CA0000003080000100001000000", "09A00000030800001001", "00"] {
            let select = bytes(&format!("00A40400{name}"));
            assert_eq!(status(&card.transmit(&select)), 0x6A82, "{name}");
        }
        card.reset();
        assert_eq!(statuses(&mut card, &[VERIFY_PIN, &other]), [0x6D00, 0x6A82]);
    }
    let mut silent = with(Profile::Plain, |options| options.application_template = false);
    assert_eq!(silent.transmit(SELECT_PIV), [0x90, 0x00]);
    dialogue(
        &mut factory(Profile::PivApplet),
        "00A4040009A0000003080000100000 = 61494F0600001000010079074F05A00000030850195069764170706C6574* \
         AC1B 800103800108 80010A80010C 800106800107 800111800114 060100 9000",
    );
}

/// Answers to an empty VERIFY (known-bugs.md F.1), and to wrong tries.
#[test]
fn how_tries_are_told() {
    type Change = fn(&mut Options);
    type Row = (Profile, Change, [u16; 3], &'static [u16], [u16; 2]);
    let plain: Change = |_| ();
    // Empty VERIFY: at first, verified, after a wrong try. Then wrong tries of VERIFY to the end, an empty VERIFY, and
    // VERIFY with the right PIN.
    let rows: [Row; 10] = [
        (Profile::YubiKey57, plain, [0x63C3, 0x9000, 0x63C2], &[0x63C1, 0x63C0], [0x6983, 0x6983]),
        (Profile::YubiKey4, plain, [0x63C3, 0x63C3, 0x63C2], &[0x63C1, 0x63C0], [0x6983, 0x6983]),
        (
            Profile::PivApplet,
            plain,
            [0x63C5, 0x9000, 0x63C4],
            &[0x63C3, 0x63C2, 0x63C1, 0x63C0],
            [0x6983, 0x6983],
        ),
        (Profile::Plain, plain, [0x63C3, 0x9000, 0x63C2], &[0x63C1, 0x63C0], [0x6983, 0x6983]),
        // CanoKey, Nitrokey, an old NEO, others that tell nothing.
        (
            Profile::YubiKey57,
            |options| options.exhausted_at_once = true,
            [0x63C3, 0x9000, 0x63C2],
            &[0x63C1, 0x6983],
            [0x6983, 0x6983],
        ),
        (
            Profile::Plain,
            |options| {
                options.counter = Counter::OnlyToVerify;
                options.blocked_query = 0x63C0;
            },
            [0x63C3, 0x9000, 0x63C2],
            &[0x63C1, 0x63C0],
            [0x63C0, 0x6983],
        ),
        (
            Profile::YubiKey4,
            |options| options.counter = Counter::LowNibble,
            [0x63C3, 0x63C3, 0x63C2],
            &[0x6301, 0x6300],
            [0x6983, 0x6983],
        ),
        (
            Profile::Plain,
            |options| {
                options.counter = Counter::Untold;
                options.query_answer = 0x63CF;
            },
            [0x63CF, 0x9000, 0x63CF],
            &[0x6300, 0x6300],
            [0x63CF, 0x6983],
        ),
        (
            Profile::Plain,
            |options| {
                options.query_answer = 0x6A80;
                options.query_never_ok = true;
            },
            [0x6A80, 0x6A80, 0x6A80],
            &[0x63C1, 0x63C0],
            [0x6A80, 0x6983],
        ),
        (
            Profile::Plain,
            |options| options.query_answer = 0x9000,
            [0x9000, 0x9000, 0x9000],
            &[0x63C1, 0x63C0],
            [0x9000, 0x6983],
        ),
    ];
    for (profile, change, queries, wrong, blocked) in rows {
        let mut card = with(profile, change);
        let seen = statuses(&mut card, &[EMPTY_VERIFY, VERIFY_PIN, EMPTY_VERIFY, WRONG_PIN, EMPTY_VERIFY]);
        assert_eq!([seen[0], seen[2], seen[4]], queries, "{profile:?}");
        let tries: Vec<u16> = wrong.iter().map(|_| status(&card.transmit(WRONG_PIN))).collect();
        assert_eq!(tries, wrong, "{profile:?}");
        assert_eq!(card.pin_tries_left(), 0);
        assert_eq!(statuses(&mut card, &[EMPTY_VERIFY, VERIFY_PIN]), blocked, "{profile:?}");
    }
    // A counter above 15 shows as 15.
    let mut many = with(Profile::YubiKey57, |options| options.pin_tries = 200);
    assert_eq!(statuses(&mut many, &[EMPTY_VERIFY, WRONG_PIN]), [0x63CF, 0x63CF]);
    assert_eq!(many.pin_tries_left(), 199);
    // Wrong CHANGE and RESET RETRY COUNTER of a card that tells the counter to VERIFY only.
    let mut card = with(Profile::Plain, |options| options.counter = Counter::OnlyToVerify);
    let change = b"\x00\x24\x00\x80\x10999999\xFF\xFF123456\xFF\xFF";
    assert_eq!(statuses(&mut card, &[change, WRONG_PUK, WRONG_PIN]), [0x6300, 0x6300, 0x63C1]);
    assert_eq!((card.pin_tries_left(), card.puk_tries_left()), (1, 2));
}

#[test]
fn values_that_cannot_be_pins() {
    // Of VERIFY, of the new PIN, of the new PUK: padded values and the answers in the order of the profiles. The right
    // old value restores the counter, so nothing here uses a try.
    let rows = [
        (
            "letters\u{1}",
            [0x63C2, 0x63C2, 0x6A80, 0x6A80],
            [0x9000, 0x9000, 0x6A80, 0x6A80],
            [0x9000, 0x9000, 0x6A80, 0x9000],
        ),
        ("12345", [0x63C2, 0x63C2, 0x6A80, 0x6A80], [0x6A80; 4], [0x6A80, 0x6A80, 0x6A80, 0x9000]),
        ("87654321", [0x63C2, 0x63C2, 0x63C4, 0x63C2], [0x9000; 4], [0x9000; 4]),
    ];
    for (value, verify, pin, puk) in rows {
        let mut padded = value.as_bytes().to_vec();
        padded.resize(8, 0xFF);
        for (index, profile) in ALL.iter().enumerate() {
            let one =
                |head: &[u8], old: &[u8]| status(&factory(*profile).transmit(&[head, old, &padded].concat()));
            assert_eq!(one(b"\x00\x20\x00\x80\x08", b""), verify[index], "VERIFY {value} {profile:?}");
            let old_pin = b"123456\xFF\xFF";
            assert_eq!(one(b"\x00\x24\x00\x80\x10", old_pin), pin[index], "PIN {value} {profile:?}");
            assert_eq!(one(b"\x00\x24\x00\x81\x10", b"12345678"), puk[index], "PUK {value} {profile:?}");
            assert_eq!(one(b"\x00\x2C\x00\x80\x10", b"12345678"), pin[index], "unblock {value} {profile:?}");
        }
    }
    for (profile, length) in ALL.iter().zip([0x6A80, 0x6A80, 0x6700, 0x6700]) {
        let mut card = factory(*profile);
        let short: [&[u8]; 3] = [
            b"\x00\x20\x00\x80\x06123456",
            b"\x00\x24\x00\x80\x0C123456654321",
            b"\x00\x2C\x00\x80\x0E12345678654321",
        ];
        assert_eq!(statuses(&mut card, &short), [length; 3], "{profile:?}");
        assert_eq!(card.pin_tries_left(), card.options.pin_tries);
    }
    // Complexity (3).
    for (value, expected) in
        [("222222", 0x6985), ("123456", 0x6985), ("876543", 0x6985), ("abcdefgh", 0x6985), ("135792", 0x9000)]
    {
        let mut card = with(Profile::YubiKey57, |options| options.complexity = true);
        let mut command = b"\x00\x24\x00\x80\x10123456\xFF\xFF".to_vec();
        command.extend_from_slice(value.as_bytes());
        command.resize(21, 0xFF);
        assert_eq!(status(&card.transmit(&command)), expected, "{value}");
        assert_eq!(card.pin_is(value.as_bytes()), expected == 0x9000 || value == "123456");
    }
}

#[test]
fn the_puk() {
    for profile in ALL {
        let mut card = factory(profile);
        card.set_pin_tries_left(0);
        let unblock = b"\x00\x2C\x00\x80\x1012345678654321\xFF\xFF";
        assert_eq!(
            statuses(&mut card, &[VERIFY_PIN, WRONG_PUK, unblock]),
            [0x6983, status::tries(card.options.puk_tries - 1), 0x9000]
        );
        assert!(card.pin_is(b"654321") && !card.pin_verified(), "{profile:?}");
        assert_eq!((card.pin_tries_left(), card.puk_tries_left()), (card.options.pin_tries, 3));
        card.set_puk_tries_left(0);
        assert_eq!(statuses(&mut card, &[unblock, b"\x00\x20\x00\x81\x0812345678"]), [0x6983, 0x6A88]);
        // Wrong parameters, a PIN that is not there.
        for command in ["0020018000", "0024018010", "002C018010"] {
            assert_eq!(
                status(&card.transmit(&bytes(&format!(
                    "{}{}",
                    &command[..8],
                    "1031323334353637383132333435363738"
                )))),
                0x6A86
            );
        }
        assert_eq!(status(&card.transmit(&[0, 0x20, 0, 0])), 0x6A88);
    }
}

#[test]
fn the_global_pin() {
    for (primary, policy) in [(false, "6010"), (true, "6020")] {
        let mut card = with(Profile::Plain, |options| options.global_pin_primary = primary);
        card.set_pins(None, None, Some(b"24681357"));
        dialogue(
            &mut card,
            &format!(
                "
                00CB3FFF035C017E00 = 7E124F0BA0000003080000100001005F2F02{policy} 9000
                00CB3FFF055C035FC10900 = 6982
                00200000   = 63C3
                0020000008 3030303030303030 = 63C2
                0020000008 3234363831333537 = 9000
                00200000   = 9000
                00200080   = 63C3
                00CB3FFF055C035FC10900 = 6A82
                0024000010 3234363831333537 3133353738363432 = 9000
                0020FF00   = 9000
                00200000   = 63C3
            "
            ),
        );
        assert!(card.global_pin_is(b"13578642") && card.global_pin_tries_left() == Some(3));
        assert!(!card.pin_verified());
    }
}

#[test]
fn reset_retries_and_erasure() {
    for profile in [Profile::YubiKey57, Profile::YubiKey4, Profile::PivApplet] {
        let mut card = factory(profile);
        let set_retries: &[u8] = &[0x00, 0xFA, 7, 9];
        assert_eq!(statuses(&mut card, &[set_retries, VERIFY_PIN, set_retries]), [0x6982, 0x9000, 0x6982]);
        authenticate(&mut card);
        card.set_pins(Some(b"654321"), Some(b"87654321"), None);
        assert_eq!(statuses(&mut card, &[set_retries, EMPTY_VERIFY]), [0x9000, 0x63C7], "{profile:?}");
        assert!(card.pin_is(b"123456") && card.puk_is(b"12345678"));
        assert_eq!((card.pin_tries_left(), card.puk_tries_left()), (7, 9));

        assert_eq!(chain(&mut card, "47009A", &bytes("AC03800111")).1, 0x9000);
        card.set_object(0x5F_C105, Some(&[1])).unwrap();
        let refused = card.options.reset_refused;
        let reset: &[u8] = &[0x00, 0xFB, 0, 0];
        card.set_pin_tries_left(1);
        assert_eq!(statuses(&mut card, &[reset, WRONG_PIN, reset]), [refused, 0x63C0, refused]);
        assert_eq!(card.slots(), [0x9A]);
        card.set_puk_tries_left(1);
        assert_eq!(statuses(&mut card, &[WRONG_PUK]), [0x63C0]);
        let erases = profile == Profile::PivApplet;
        assert_eq!(card.slots().is_empty(), erases, "{profile:?}");
        assert_eq!(statuses(&mut card, &[reset, VERIFY_PIN]), [0x9000, 0x9000]);
        assert!(card.slots().is_empty() && card.objects().is_empty() && !card.managed());
    }
    let mut nitrokey = with(Profile::YubiKey57, |options| options.reset_by_pin = true);
    nitrokey.set_pin_tries_left(0);
    assert_eq!(statuses(&mut nitrokey, &[&[0x00, 0xFB, 0, 0]]), [0x9000]);
}

#[test]
fn management_keys() {
    for (profile, wrong) in ALL.iter().zip([0x6982, 0x6982, 0x6A80, 0x6982]) {
        let mut card = managed(*profile);
        let algorithm = card.management_algorithm();
        let size = if algorithm == 0x03 { 8 } else { 16 };
        let send = |card: &mut Piv, template: &[u8]| {
            let template = tlv::object(0x7C, template);
            let length = u8::try_from(template.len()).unwrap();
            status(&card.transmit(&[&[0, 0x87, algorithm, 0x9B, length][..], &template].concat()))
        };
        let response = tlv::object(0x82, &vec![7; size]);
        assert_eq!(send(&mut card, &response), 0x6985, "no challenge");
        assert!(card.managed(), "nothing was tried");
        assert_eq!(send(&mut card, &[0x81, 0]), 0x9000);
        assert_eq!(send(&mut card, &response), wrong, "{profile:?}");
        assert!(!card.managed());
        assert_eq!(send(&mut card, &response), 0x6985, "a challenge is for one response");
        // The mutual form, wrong, and with a challenge that is no block.
        let mutual = [tlv::object(0x80, &vec![7; size]), tlv::object(0x81, &vec![7; size])].concat();
        assert_eq!((send(&mut card, &[0x80, 0]), send(&mut card, &mutual)), (0x9000, wrong));
        let odd = [tlv::object(0x80, &vec![7; size]), tlv::object(0x81, &[7])].concat();
        assert_eq!((send(&mut card, &[0x80, 0]), send(&mut card, &odd)), (0x9000, 0x6A80));
        assert_eq!((send(&mut card, &[0x81, 0]), send(&mut card, &mutual)), (0x9000, 0x6985));
        assert_eq!(send(&mut card, &[]), 0x6A80);
        // A SELECT in between voids the challenge.
        assert_eq!(send(&mut card, &[0x81, 0]), 0x9000);
        card.transmit(SELECT_PIV);
        assert_eq!(send(&mut card, &response), 0x6985);
    }

    // SET MANAGEMENT KEY, in all the lengths there are; what is refused leaves the key as it was.
    let set = |card: &mut Piv, touch: u8, algorithm: u8, length: u8| {
        let key = vec![9; length.into()];
        let head = [0, 0xFF, 0xFF, touch, length + 3, algorithm, 0x9B, length];
        status(&card.transmit(&[&head[..], &key].concat()))
    };
    let mut card = factory(Profile::YubiKey57);
    assert_eq!(set(&mut card, 0xFF, 0x0A, 24), 0x6982);
    authenticate(&mut card);
    for (touch, algorithm, length, expected) in [
        (0xFF, 0x0A, 16, 0x6A80),
        (0xFF, 0x0B, 24, 0x6A80),
        (0x00, 0x0A, 24, 0x6A86),
        (0xFF, 0x03, 24, 0x9000),
        (0xFF, 0x08, 16, 0x9000),
        (0xFE, 0x0C, 32, 0x9000),
    ] {
        assert_eq!(set(&mut card, touch, algorithm, length), expected, "{algorithm:02X}");
        let changed = expected == 0x9000;
        assert_eq!(card.management_key_is(&vec![9; length.into()]), changed);
        assert!(!changed || card.management_algorithm() == algorithm);
    }
    assert_eq!(whole(&mut card, "00F7009B00"), (bytes("01010C 02020002 050100"), 0x9000));
    // Nobody touches: the second command fails.
    card.options_mut().untouched = true;
    let mut challenge = card.transmit(&bytes("00870C9B047C02810000"));
    let block: Vec<u8> = challenge.drain(4..20).collect();
    let response = card.management.encipher(&block).unwrap();
    let command = [&bytes("00870C9B147C128210")[..], &response].concat();
    assert_eq!(status(&card.transmit(&command)), 0x6982);
    let mut applet = managed(Profile::PivApplet);
    assert_eq!((set(&mut applet, 0xFE, 0x03, 24), set(&mut applet, 0xFF, 0x0C, 32)), (0x6A86, 0x9000));
    let mut old = managed(Profile::YubiKey4);
    assert_eq!((set(&mut old, 0xFF, 0x0A, 24), set(&mut old, 0xFF, 0x03, 24)), (0x6A80, 0x9000));
}

/// PUT DATA in a chain.
fn put(card: &mut Piv, id: &str, value: &[u8]) -> u16 {
    let data = [bytes(&format!("5C{:02X}{id}", id.len() / 2)), tlv::object(0x53, value)].concat();
    chain(card, "DB3FFF", &data).1
}

#[test]
fn objects_are_written_read_and_deleted() {
    for profile in ALL {
        let mut card = factory(profile);
        let value: Vec<u8> = (0..=255).cycle().take(1500).collect();
        assert_eq!(put(&mut card, "5FC105", &value), 0x6982);
        authenticate(&mut card);
        assert_eq!(put(&mut card, "5FC105", &value), 0x9000, "{profile:?}");
        let expected = tlv::object(0x53, &value);
        assert_eq!(whole(&mut card, "00CB3FFF055C035FC10500"), (expected.clone(), 0x9000));
        // In extended APDUs.
        let mut extended = bytes("00CB3FFF 000005 5C035FC105 0000");
        let answer = card.transmit(&extended);
        if profile == Profile::PivApplet {
            assert_eq!(answer, [0x67, 0x00]);
        } else {
            assert_eq!(answer, [&expected[..], &[0x90, 0x00]].concat());
            let other: Vec<u8> = value.iter().rev().copied().collect();
            let data = [bytes("5C035FC10A"), tlv::object(0x53, &other)].concat();
            extended = bytes("00DB3FFF00");
            extended.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
            extended.extend(data);
            assert_eq!(card.transmit(&extended), [0x90, 0x00]);
            assert_eq!(card.object(0x5F_C10A), Some(other));
        }
        dialogue(&mut card, "00DB3FFF07 5C035FC105 5300 = 9000\n00CB3FFF055C035FC10500 = 6A82");
        assert_eq!(card.object(0x5F_C105), None);
    }
    let mut canokey = managed(Profile::YubiKey57);
    canokey.options_mut().empty_objects = true;
    dialogue(&mut canokey, "00CB3FFF055C035FC10500 = 5300 9000");
}

#[test]
fn objects_that_a_card_does_not_take() {
    let rows = [
        // Container map, attestation, 95's certificate, an object of one's own, discovery, nonsense.
        (Profile::YubiKey57, [0x9000, 0x9000, 0x9000, 0x9000, 0x6A82, 0x6A82]),
        (Profile::PivApplet, [0x6A81, 0x9000, 0x6A81, 0x6A81, 0x6A81, 0x6A81]),
        (Profile::Plain, [0x6A82, 0x6A82, 0x9000, 0x6A82, 0x6A82, 0x6A82]),
    ];
    for (profile, expected) in rows {
        let mut card = managed(profile);
        let ids = ["5FFF10", "5FFF01", "5FC120", "5F1234", "7E", "123456"];
        let answers = ids.map(|id| put(&mut card, id, &[1, 2, 3]));
        assert_eq!(answers, expected, "{profile:?}");
    }
    let mut card = managed(Profile::YubiKey57);
    dialogue(
        &mut card,
        "
        00DB3FFF055C035FC105          = 6A80
        00DB3FFF085C035FC105540101    = 6A80
        00DB3FFF095C045FC1050053020101 = 6A80
        00DB3FFE075C035FC1055300      = 6A86
        00CB3FFF025C0000              = 6A80
        00CB3FFF065C045FC1050000      = 6A80
        00CB3F00055C035FC10500        = 6A86
    ",
    );
    // Sizes.
    assert_eq!(put(&mut card, "5FC105", &[1; 3063]), 0x9000);
    assert_eq!(put(&mut card, "5FC10A", &[1; 3064]), 0x6A84);
    assert_eq!(put(&mut card, "5FC10A", &[1; 4090]), 0x6700);
    card.options_mut().memory = 3100;
    assert_eq!(put(&mut card, "5FC10A", &[1; 38]), 0x6A84);
    assert_eq!(put(&mut card, "5FC10A", &[1; 37]), 0x9000);
    // Overwriting counts once.
    assert_eq!(put(&mut card, "5FC105", &[2; 3063]), 0x9000);
}

#[test]
fn objects_behind_the_pin() {
    for (profile, when_absent) in ALL.iter().zip([0x6A82, 0x6A82, 0x6A82, 0x6982]) {
        let mut card = managed(*profile);
        for id in ["5FC109", "5FC103", "5FC108", "5FC121"] {
            let get = format!("00CB3FFF055C03{id}00");
            assert_eq!(whole(&mut card, &get).1, when_absent, "{profile:?}");
            assert_eq!(put(&mut card, id, &[7]), 0x9000, "written without the PIN");
            assert_eq!(whole(&mut card, &get).1, 0x6982);
            assert_eq!(statuses(&mut card, &[VERIFY_PIN]), [0x9000]);
            assert_eq!(whole(&mut card, &get), (vec![0x53, 1, 7], 0x9000));
            card.pin.verified = false;
        }
    }
}

#[test]
fn chains_and_answers_in_parts() {
    let mut card = managed(Profile::YubiKey57);
    card.set_object(0x5F_C105, Some(&[5; 300])).unwrap();
    let get = "00CB3FFF055C035FC10500";
    dialogue(
        &mut card,
        "
        00CB3FFF055C035FC10500 = 5382012C 05* 6130    # 304 bytes
        00C0000030             = 05* 9000
        00C0000000             = 6985
        00CB3FFF055C035FC10500 = 5382012C 05* 6130
        00200080               = 63C3                 # what waits is lost
        00C0000000             = 6985
        00CB3FFF055C035FC10508 = 5382012C 05050505 6100
        10DB3FFF055C035FC10A   = 9000
        00200080               = 63C3                 # the chain is lost
        00DB3FFF03530101       = 6A80
        10DB3FFF055C035FC10A   = 9000
        10DB3FFE055C035FC10A   = 9000                 # other parameters begin another chain
        00DB3FFE03530101       = 6A86
        10DB3FFF055C035FC10A   = 9000
        00DB3FFF03530101       = 9000
        00CB3FFF055C035FC10A00 = 530101 9000
        10200080083132333435   = 6700
        10200080053132333435   = 9000
        0020008003 36FFFF      = 9000
        04CB3FFF055C035FC10A00 = 6882
        80CB3FFF055C035FC10A00 = 6E00
        00CB3FFF055C035FC10A0000 = 6700
        00CB3F                 = 6700
    ",
    );
    let (data, _) = whole(&mut card, get);
    assert_eq!(data.len(), 304);
}

/// What a host sends to import a key.
fn import(card: &mut Piv, slot: u8, key: &Key, more: &[u8]) -> u16 {
    let algorithm = slots::algorithm_of(key.kind()).unwrap();
    let data = match key {
        Key::Rsa(key) => key.parts().iter().zip(1..).flat_map(|(part, tag)| tlv::object(tag, part)).collect(),
        Key::P256(key) => tlv::object(0x06, &key.to_bytes()),
        Key::P384(key) => tlv::object(0x06, &key.to_bytes()),
        Key::Ed25519(key) => tlv::object(0x07, &key.to_bytes()),
        Key::X25519(key) => tlv::object(0x08, &key.to_bytes()),
    };
    chain(card, &format!("FE{algorithm:02X}{slot:02X}"), &[&data[..], more].concat()).1
}

#[test]
fn keys_of_every_kind() {
    for (profile, algorithms) in ALL.iter().zip([
        &[0x06_u8, 0x07, 0x05, 0x16, 0x11, 0x14, 0xE0, 0xE1][..],
        &[0x06, 0x07, 0x11, 0x14],
        &[0x06, 0x07, 0x11, 0x14],
        &[0x06, 0x07, 0x05, 0x11, 0x14],
    ]) {
        let mut card = factory(*profile);
        assert_eq!(chain(&mut card, "47009A", &bytes("AC03800111")).1, 0x6982);
        authenticate(&mut card);
        for algorithm in [0x05, 0x06, 0x07, 0x11, 0x14, 0x16, 0xE0, 0xE1, 0x53, 0x00] {
            let known = algorithms.contains(&algorithm);
            // Long keys take their time; one card makes them all.
            if known && matches!(algorithm, 0x05 | 0x07 | 0x16) && *profile != Profile::YubiKey57 {
                continue;
            }
            let (data, status) = chain(&mut card, "47009A", &[0xAC, 3, 0x80, 1, algorithm]);
            assert_eq!(status, if known { 0x9000 } else { 0x6A80 }, "{profile:?} {algorithm:02X}");
            if !known {
                continue;
            }
            assert_eq!(tlv::only(&data, 0x7F49).map(<[u8]>::to_vec), card.public_key(0x9A));
            assert_eq!(card.key_algorithm(0x9A), Some(algorithm));
            assert_eq!(sign(&mut card, 0x9A), Err(0x6982), "no PIN");
            assert_eq!(statuses(&mut card, &[VERIFY_PIN]), [0x9000]);
            match sign(&mut card, 0x9A) {
                Ok(signature) => assert!(is_signature(&card, 0x9A, &signature), "{algorithm:02X}"),
                Err(status) => assert_eq!((algorithm, status), (0xE1, 0x6A80)),
            }
            card.pin.verified = false;
        }
        for slot in [0x81, 0x96, 0x9B, 0x80, 0x00] {
            let answer = chain(&mut card, &format!("4700{slot:02X}"), &bytes("AC03800111")).1;
            assert_eq!(answer, 0x6A86, "{slot:02X}");
        }
        let last = chain(&mut card, "470095", &bytes("AC03800111")).1;
        assert_eq!(last, if *profile == Profile::PivApplet { 0x6A86 } else { 0x9000 });
    }
}

#[test]
fn keys_that_are_imported() {
    let kinds = [
        crate::virt::asymmetric::KeyKind::Rsa(1024),
        crate::virt::asymmetric::KeyKind::P256,
        crate::virt::asymmetric::KeyKind::P384,
        crate::virt::asymmetric::KeyKind::Ed25519,
        crate::virt::asymmetric::KeyKind::X25519,
    ];
    let mut card = factory(Profile::YubiKey57);
    let one = Key::generate(kinds[1]).unwrap();
    assert_eq!(import(&mut card, 0x9A, &one, &[]), 0x6982);
    authenticate(&mut card);
    assert_eq!(statuses(&mut card, &[VERIFY_PIN]), [0x9000]);
    for kind in kinds {
        let key = Key::generate(kind).unwrap();
        assert_eq!(import(&mut card, 0x9A, &key, &[]), 0x9000, "{kind:?}");
        assert_eq!(card.public_key(0x9A), Some(slots::public_key(&key)));
        if let Ok(signature) = sign(&mut card, 0x9A) {
            assert!(is_signature(&card, 0x9A, &signature), "{kind:?}");
        }
        // Key agreement, seen from both sides.
        let other = Key::generate(kind).unwrap();
        let agreed = use_key(&mut card, 0x9A, 0x85, &other.point().unwrap_or_default());
        match other.agree(&key.point().unwrap_or_default()) {
            Some(secret) => assert_eq!(agreed.as_deref(), Ok(&secret[..]), "{kind:?}"),
            None => assert_eq!(agreed, Err(0x6A80), "{kind:?}"),
        }
        assert_eq!(use_key(&mut card, 0x9A, 0x85, &[4; 65]), Err(0x6A80), "no point of the curve");
        assert_eq!(use_key(&mut card, 0x9A, 0x83, &[4; 65]), Err(0x6A80));
    }
    for (command, data, expected) in [
        ("FE119A", "0601", 0x6A80),
        ("FE119A", "0720 0101010101010101010101010101010101010101010101010101010101010101", 0x6A80),
        ("FE119A", "0620 FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF", 0x6A80),
        ("FE119A", "061F 01010101010101010101010101010101010101010101010101010101010101", 0x6A80),
        ("FE069A", "010107 02010B 030101 040101 050101", 0x6A80),
        ("FE1181", "0620 0101010101010101010101010101010101010101010101010101010101010101", 0x6A86),
        ("FE539A", "0620 0101010101010101010101010101010101010101010101010101010101010101", 0x6A80),
    ] {
        assert_eq!(chain(&mut card, command, &bytes(data)).1, expected, "{command} {data}");
    }
    // Nitrokey's form: the exponent in the place of dP, and 9A only.
    card.options_mut().nitrokey_import = true;
    let Key::Rsa(rsa) = Key::generate(kinds[0]).unwrap() else { unreachable!() };
    let [p, q, ..] = rsa.parts();
    let form = [tlv::object(1, &p), tlv::object(2, &q), tlv::object(3, &[1, 0, 1])].concat();
    assert_eq!(chain(&mut card, "FE069D", &form).1, 0x6A81);
    assert_eq!(chain(&mut card, "FE069A", &form).1, 0x9000);
    assert_eq!(card.public_key(0x9A), Some(slots::public_key(&Key::Rsa(rsa))));
    let signature = sign(&mut card, 0x9A).unwrap();
    assert!(is_signature(&card, 0x9A, &signature));
}

#[test]
fn when_keys_want_the_pin() {
    let generate = |card: &mut Piv, slot: u8, policies: &str| {
        let template = tlv::object(0xAC, &bytes(&format!("800111{policies}")));
        chain(card, &format!("4700{slot:02X}"), &template).1
    };
    for profile in ALL {
        let mut card = managed(profile);
        for slot in [0x9A, 0x9C, 0x9D, 0x9E, 0x82] {
            assert_eq!(generate(&mut card, slot, ""), 0x9000);
        }
        let use_all = |card: &mut Piv| [0x9A, 0x9D, 0x9E, 0x82].map(|slot| sign(card, slot).is_ok());
        assert_eq!(use_all(&mut card), [false, false, true, false]);
        assert_eq!(sign(&mut card, 0x9C), Err(0x6982));
        assert_eq!(statuses(&mut card, &[VERIFY_PIN]), [0x9000]);
        assert!(sign(&mut card, 0x9C).is_ok());
        assert_eq!(sign(&mut card, 0x9C), Err(0x6982), "the PIN was for one signature");
        assert_eq!(use_all(&mut card), [true; 4], "the others go on");
        // Another command between VERIFY and use: only a card that keeps to the letter minds.
        let get = bytes("00CB3FFF055C035FC10500");
        assert_eq!(statuses(&mut card, &[VERIFY_PIN, &get]), [0x9000, 0x6A82]);
        assert_eq!(sign(&mut card, 0x9C).is_ok(), profile != Profile::Plain, "{profile:?}");
        // Another private key uses the PIN up.
        assert_eq!(statuses(&mut card, &[VERIFY_PIN]), [0x9000]);
        assert!(sign(&mut card, 0x9A).is_ok());
        assert_eq!(sign(&mut card, 0x9C), Err(0x6982));
        // A wrong PIN ends everything.
        assert_eq!(statuses(&mut card, &[VERIFY_PIN]), [0x9000]);
        card.transmit(WRONG_PIN);
        assert_eq!(use_all(&mut card), [false, false, true, false]);

        let answers = [("AA0101", (1, 1)), ("AA0103AB0102", (3, 2)), ("AA0100AB0100", (2, 1))];
        for (policies, expected) in answers {
            let answer = generate(&mut card, 0x9A, policies);
            if profile == Profile::Plain && expected != (2, 1) {
                assert_eq!(answer, 0x6A80);
            } else {
                assert_eq!((answer, card.policies(0x9A)), (0x9000, Some(expected)), "{profile:?}");
            }
        }
        assert_eq!(generate(&mut card, 0x9A, "AA0107"), 0x6A80);
    }
    // A long message for Ed25519 comes in a chain, also on a card that keeps to the letter.
    let mut card = with(Profile::YubiKey57, |options| options.strict_always = true);
    authenticate(&mut card);
    assert_eq!(chain(&mut card, "47009C", &bytes("AC038001E0")).1, 0x9000);
    assert_eq!(statuses(&mut card, &[VERIFY_PIN]), [0x9000]);
    assert!(use_key(&mut card, 0x9C, 0x81, &[7; 1000]).is_ok());
    // Touch.
    assert_eq!(generate(&mut card, 0x9A, "AA0101AB0102"), 0x9000);
    assert!(sign(&mut card, 0x9A).is_ok());
    card.options_mut().untouched = true;
    assert_eq!(sign(&mut card, 0x9A), Err(0x6982));
    // Empty slots and other algorithms.
    assert_eq!(sign(&mut card, 0x82), Err(0x6A88));
    assert_eq!(whole(&mut card, "0087149A 06 7C0482008100 00").1, 0x6A80);
    assert_eq!(whole(&mut card, "00871181 06 7C0482008100 00").1, 0x6A86);
    card.options_mut().untouched = false;
    assert_eq!(use_key(&mut card, 0x9A, 0x81, &[1; 33]), Err(0x6A80), "longer than the order");
}

#[test]
fn metadata() {
    let fixed = Key::from_secret(crate::virt::asymmetric::KeyKind::P256, &[1; 32]).unwrap();
    let point = text(&fixed.point().unwrap());
    let rows = [
        (Profile::YubiKey57, "01010A 02020001 050101", "02", "01", 0x6A88, 0x6A88),
        (Profile::PivApplet, "010103 02020001 050101", "01", "00", 0x6A86, 0x6A86),
    ];
    for (profile, management, imported, generated, empty, unknown) in rows {
        let mut card = managed(profile);
        assert_eq!(import(&mut card, 0x9A, &fixed, &bytes("AA0103AB0102")), 0x9000);
        assert_eq!(chain(&mut card, "47009E", &bytes("AC03800111")).1, 0x9000);
        let expected = format!("010111 02020302 0301{imported} 04438641{point}");
        assert_eq!(whole(&mut card, "00F7009A00"), (bytes(&expected), 0x9000));
        let (other, _) = whole(&mut card, "00F7009E00");
        assert!(other.starts_with(&bytes(&format!("010111 02020101 0301{generated}"))), "{profile:?}");
        assert_eq!(whole(&mut card, "00F7009B00"), (bytes(management), 0x9000));
        assert_eq!(whole(&mut card, "00F7009C00").1, empty);
        assert_eq!(whole(&mut card, "00F7000000").1, unknown);
        assert_eq!(whole(&mut card, "00F7019A00").1, 0x6A86);
        assert_eq!(
            import(
                &mut card,
                0x9A,
                &Key::generate(crate::virt::asymmetric::KeyKind::Rsa(1024)).unwrap(),
                &[]
            ),
            0x9000
        );
        let (rsa, _) = whole(&mut card, "00F7009A00");
        assert!(rsa.starts_with(&bytes("010106")) && rsa.ends_with(&bytes("8203010001")));
    }
    let mut card = factory(Profile::PivApplet);
    card.transmit(WRONG_PIN);
    dialogue(&mut card, "00F7008000 = 050101 06020504 9000\n00F7008100 = 050101 06020303 9000");
    let mut empty = with(Profile::Plain, |options| options.metadata = Metadata::Empty);
    dialogue(&mut empty, "00F7009A00 = 9000\n00F7008000 = 9000\n00F7009E00 = 02020100 9000");
}

#[test]
fn keys_are_moved_and_deleted() {
    let mut card = managed(Profile::YubiKey57);
    assert_eq!(chain(&mut card, "47009A", &bytes("AC03800111")).1, 0x9000);
    let key = card.public_key(0x9A);
    dialogue(
        &mut card,
        "
        00F6829A = 9000
        00F6829A = 6A88
        00F68282 = 6A86
        00F68182 = 6A86
        00F6F982 = 6A86
        00F682F9 = 6A86
    ",
    );
    assert_eq!((card.slots(), card.public_key(0x82)), (vec![0x82], key));
    dialogue(
        &mut card,
        "00F6FF82 = 9000\n00F6FF82 = 6A88\n00A4040009A00000030800001000 = * 9000\n00F6FF82 = 6982",
    );
    assert!(card.slots().is_empty());
}

/// Bytes that nobody would send never take the card down, and never change what they must not.
#[test]
fn nonsense() {
    let mut seed = 0x2545_F491_4F6C_DD1D_u64;
    let mut next = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        u8::try_from(seed >> 56).unwrap()
    };
    let instructions =
        [0x20, 0x24, 0x2C, 0x47, 0x87, 0xA4, 0xC0, 0xCB, 0xDB, 0xF6, 0xF7, 0xF9, 0xFB, 0xFD, 0xFE, 0xFF];
    for profile in ALL {
        let mut card = factory(profile);
        for round in 0..20_000_usize {
            let length = usize::from(next()) % 24;
            let mut command: Vec<u8> = (0..length).map(|_| next()).collect();
            if let [class, instruction, ..] = &mut command[..] {
                *class &= 0x10;
                *instruction = instructions[round % instructions.len()];
            }
            if let Some(lc) = command.get_mut(4).filter(|_| round % 3 > 0) {
                *lc = u8::try_from(length - 5).unwrap();
            }
            assert!(card.transmit(&command).len() >= 2);
        }
        assert!(card.objects().is_empty() && card.slots().is_empty() && !card.managed(), "{profile:?}");
        assert!(card.pin_is(b"123456") && card.puk_is(b"12345678"));
    }
}
