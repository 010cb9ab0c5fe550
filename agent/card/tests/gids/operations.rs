//! Listing, importing, the default container, deleting and repairing, when nothing goes wrong or the card was
//! damaged before.

use card::key::verify;
use card::virt::{Fault, FaultKind};
use card::x509::issue::{Content, request, self_signed};
use card::{Error, Import, NewKey, PinEntry, Placement, Removed, x509};
use shared::model::{Edge, KeyAlgorithm, KeyFamily, PinUse, Role, TouchUse};
use time::macros::datetime;

use super::answers::Answers;
use super::rig::*;

#[test]
fn what_a_first_look_costs() {
    let rig = Rig::new(&[&ANNA, &BO]);
    let mark = rig.card.apdus();
    let contents = rig.with(|card| {
        let identity = card.identify().unwrap();
        assert_eq!((identity.edge, identity.csn.unwrap().as_str()), (Edge::Gids, CARD_ID));
        card.contents().unwrap()
    });
    let cost = rig.card.apdus() - mark;
    assert_eq!(
        shown(&contents),
        [
            "certificate kxc00 Some(0) Ok(Some(\"anna\"))",
            "certificate kxc01 Some(1) Ok(Some(\"bo\"))",
            "container 0 container of anna true true Some(KeyAlgorithm { family: Rsa, bits: 2048 }) Some(\"kxc00\")",
            "container 1 container of bo false true Some(KeyAlgorithm { family: Rsa, bits: 2048 }) Some(\"kxc01\")",
            "roots 0",
        ]
    );
    assert!(contents.findings.is_empty(), "{:?}", contents.findings);
    assert_eq!((contents.space.containers_used, contents.space.files_used), (2, 6));
    assert!(cost <= 12, "{cost} APDUs");

    let mark = rig.card.apdus();
    let fresh = rig.with(|card| card.freshness().unwrap());
    assert_eq!(rig.card.apdus() - mark, 2);
    assert_eq!(rig.with(|card| card.freshness().unwrap()), fresh);
    rig.verified(|card| card.set_default(1)).unwrap();
    assert_ne!(rig.with(|card| card.freshness().unwrap()), fresh);
}

#[test]
fn cards_that_refuse_to_list_a_file_are_read_object_by_object() {
    let whole = Rig::new(&[&ANNA, &BO]);
    for refused in [0x6A80, 0x6D00, 0x6985] {
        let rig = Rig::new(&[&ANNA, &BO]);
        let contents = rig.with(|card| {
            rig.fail_at(1, FaultKind::Status(refused));
            card.identify().unwrap();
            rig.fail_at(1, FaultKind::Status(refused));
            card.contents().unwrap()
        });
        assert_eq!(shown(&contents), shown(&whole.contents()), "{refused:04X}");
    }
}

#[test]
fn small_answers_are_put_together() {
    let rig = Rig::described(&[&ANNA, &BO], "options.answer-part = 61");
    assert_eq!(shown(&rig.contents()), shown(&Rig::new(&[&ANNA, &BO]).contents()));
}

#[test]
fn other_cards_are_not_here() {
    use card::transport::Readers;
    let toml = "[[reader]]\nname = 'reader'\ncard = 'card'\n[[card]]\nname = 'card'\nkind = 'unknown'";
    let rig = Rig::from_toml(toml);
    let mut connection = rig.readers.connect("reader").unwrap();
    let mut transaction = connection.begin().unwrap();
    assert!(matches!(card::edge::open(&mut *transaction, None).err(), Some(Error::UnknownCard)));

    for (status, here) in
        [(0x6A82, false), (0x6999, false), (0x6D00, false), (0x6283, false), (0x6285, false)]
    {
        let rig = Rig::new(&[]);
        rig.fail_at(1, FaultKind::Status(status));
        let mut connection = rig.readers.connect("reader").unwrap();
        let mut transaction = connection.begin().unwrap();
        assert_eq!(card::edge::open(&mut *transaction, None).is_ok(), here, "{status:04X}");
    }
    let rig = Rig::new(&[]);
    rig.fail_at(1, FaultKind::RemovedBefore);
    let mut connection = rig.readers.connect("reader").unwrap();
    let mut transaction = connection.begin().unwrap();
    assert!(matches!(card::edge::open(&mut *transaction, None).err(), Some(Error::Transport(_))));
}

#[test]
fn importing_with_a_key() {
    let rig = Rig::new(&[]);
    let mut request = Request::with_key(&ANNA);
    request.chain = vec![authority()];
    let place = rig.with(|card| card.place(&request.import()).unwrap());
    assert_eq!(
        place,
        Placement { container: 0, replaces: None, writes_key: true, overwrites_key: false, wants_pin: false }
    );
    assert_eq!(rig.verified(|card| card.import(&request.import()).unwrap()), "kxc00");
    let contents = rig.contents();
    let [container] = contents.containers.as_slice() else { panic!() };
    assert!(container.default, "the first one becomes the default one");
    assert_eq!((container.name.len(), container.has_key), (36, true));
    assert_eq!(contents.certificates[0].der.as_ref().unwrap(), &ANNA.der());
    assert_eq!(contents.roots, [authority()]);
    assert!(contents.findings.is_empty(), "{:?}", contents.findings);
    assert!(!rig.logged_in());

    let request = Request::with_key(&BO);
    assert_eq!(rig.verified(|card| card.import(&request.import()).unwrap()), "kxc01");
    let contents = rig.contents();
    assert_eq!(contents.containers.iter().map(|c| c.default).collect::<Vec<_>>(), [true, false]);

    let mut request = Request::with_key(&CARL);
    request.default = true;
    request.chain = vec![authority()];
    rig.verified(|card| card.import(&request.import()).unwrap());
    let contents = rig.contents();
    assert_eq!(contents.containers.iter().map(|c| c.default).collect::<Vec<_>>(), [false, false, true]);
    assert_eq!(contents.roots, [authority()], "what is there is not added again");
    assert!(contents.findings.is_empty());

    // The card can use what it was given.
    let map = rig.object(0xA000, 0xDF20).unwrap();
    assert_eq!(
        shared::hex::Hex(map).to_string(),
        "0101000000079A81B0FFFF000001000000079A82B0FFFF000001000000079A83B0FFFF0000"
    );
}

/// A key of this size in the next free container.
fn new_key(bits: u16) -> NewKey {
    let algorithm = KeyAlgorithm { family: KeyFamily::Rsa, bits };
    NewKey { container: None, algorithm, pin_use: None, touch_use: None, default: false }
}

#[test]
fn making_a_key() {
    let rig = Rig::new(&[&ANNA]);
    let place = rig.with(|card| card.place_key(&new_key(1024)).unwrap());
    assert_eq!(
        place,
        Placement { container: 1, replaces: None, writes_key: true, overwrites_key: false, wants_pin: false }
    );
    let made = rig.verified(|card| card.generate(&new_key(1024)).unwrap());
    assert_eq!(made.algorithm().to_string(), "RSA 1024");
    let contents = rig.contents();
    let [_, container] = contents.containers.as_slice() else { panic!() };
    assert_eq!((container.name.len(), container.has_key, container.default), (36, true, false));
    assert_eq!((container.algorithm, container.certificate.as_ref()), (Some(made.algorithm()), None));
    assert!(contents.findings.is_empty(), "a key without a certificate is nothing unusual");
    assert!(!rig.logged_in());
    let stored = rig.stored();
    assert!(rig.verified(|card| card.repair()).unwrap().is_empty());
    assert_eq!(rig.stored(), stored);

    // What OpenSC and Windows read: a key-exchange key with a reference of its own.
    let map = rig.object(0xA000, 0xDF20).unwrap();
    assert_eq!(shared::hex::Hex(map[13..].to_vec()).to_string(), "01000000069A82B0FFFF0000");

    // The first key of a card becomes the default one, and another when that is wanted.
    let rig = Rig::new(&[]);
    rig.verified(|card| {
        card.generate(&new_key(1024)).unwrap();
        card.generate(&new_key(1024)).unwrap();
        card.generate(&NewKey { default: true, ..new_key(2048) }).unwrap();
    });
    let defaults = || rig.contents().containers.iter().map(|c| c.default).collect::<Vec<_>>();
    assert_eq!(defaults(), [false, false, true]);
    rig.verified(|card| card.delete_container(1)).unwrap();
    let chosen = NewKey { container: Some(1), ..new_key(1024) };
    assert_eq!(rig.with(|card| card.place_key(&chosen).unwrap()).container, 1);
    rig.verified(|card| card.generate(&chosen)).unwrap();
    assert!(rig.contents().findings.is_empty());
    assert_eq!(defaults(), [false, false, true]);
}

#[test]
fn a_certificate_for_a_key_that_was_made() {
    for bits in [1024, 2048] {
        let rig = Rig::new(&[&ANNA]);
        let public_key = rig.verified(|card| card.generate(&new_key(bits)).unwrap());
        let subject: x509::Name = "CN=Änna Virtanen,O=Example".parse().unwrap();
        let content = Content::for_client(&subject, &public_key);
        let (begin, end) = (datetime!(2025-01-01 00:00 UTC), datetime!(2125-01-01 00:00 UTC));
        let certificate = rig.verified(|card| {
            let unsigned = self_signed(&content, begin, end).unwrap();
            let signature = card.sign(1, unsigned.to_be_signed(), None).unwrap();
            let request = request(&content).unwrap();
            let asked = request.signed(&card.sign(1, request.to_be_signed(), None).unwrap());
            openssl(&[("request", &asked)], "req -in request -inform DER -verify -noout");
            let certificate = unsigned.signed(&signature);
            let import = Import {
                certificate: &certificate,
                public_key: &public_key,
                private_key: None,
                chain: &[],
                container: Some(1),
                default: false,
            };
            assert_eq!(card.import(&import).unwrap(), "kxc01");
            certificate
        });
        let pem = openssl(&[("made", &certificate)], "x509 -in made -inform DER");
        openssl(&[("made", pem.as_bytes())], "verify -x509_strict -check_ss_sig -CAfile made made");
        let contents = rig.contents();
        assert_eq!(contents.certificates[1].der.as_ref().unwrap(), &certificate);
        assert_eq!(contents.containers[1].certificate.as_deref(), Some("kxc01"));
        assert!(contents.findings.is_empty());
    }
}

/// Runs OpenSSL, which must succeed, on these files; returns what it wrote.
fn openssl(files: &[(&str, &[u8])], line: &str) -> String {
    let directory = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        std::fs::write(directory.path().join(name), bytes).unwrap();
    }
    let mut openssl = std::process::Command::new("openssl");
    openssl.args(line.split_whitespace()).current_dir(&directory);
    let output = openssl.output().unwrap_or_else(|error| panic!("Install the package openssl: {error}"));
    assert!(output.status.success(), "openssl {line}\n{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn keys_that_cannot_be_made_are_refused_before_the_first_write() {
    let rig = Rig::new(&[&ANNA]);
    let elliptic = KeyAlgorithm { family: KeyFamily::Ec, bits: 256 };
    let mark = rig.card.apdus();
    for (new, why) in [
        (
            new_key(1536),
            "the card does not take this key: this card takes RSA keys of 1024, 2048, 3072 or 4096 bits",
        ),
        (
            NewKey { algorithm: elliptic, ..new_key(0) },
            "the card does not take this key: this card takes RSA keys only",
        ),
        (
            NewKey { pin_use: Some(PinUse::Always), ..new_key(2048) },
            "not supported: its keys all want the PIN once",
        ),
        (
            NewKey { touch_use: Some(TouchUse::Always), ..new_key(2048) },
            "not supported: its keys all want the PIN once",
        ),
        (NewKey { container: Some(0), ..new_key(2048) }, "not supported: that container is in use"),
        (
            NewKey { container: Some(126), ..new_key(2048) },
            "not supported: that container is in use, or beyond",
        ),
    ] {
        let place = rig.with(|card| card.place_key(&new)).unwrap_err().to_string();
        assert!(place.starts_with(why), "{place}");
        assert_eq!(rig.verified(|card| card.generate(&new)).unwrap_err().to_string(), place);
    }
    let log = rig.card.log_since(mark);
    assert!(log.iter().all(|e| !matches!(e.instruction, 0xDB | 0xE0 | 0xE4 | 0x44 | 0x47)));

    // What only the card knows is put back: it has no keys so long, nor room for another file.
    let before = rig.stored();
    let error = rig.verified(|card| card.generate(&new_key(4096))).unwrap_err();
    let Error::WriteFailed { cause, restored: true } = error else { panic!("{error}") };
    assert!(matches!(*cause, Error::KeyNotSupported(_)), "{cause}");
    assert_eq!(rig.stored(), before);
    let rig = Rig::described(&[&ANNA], "options.max-files = 8");
    let error = rig.verified(|card| card.generate(&new_key(1024))).unwrap_err();
    let Error::WriteFailed { cause, restored: true } = error else { panic!("{error}") };
    assert!(matches!(*cause, Error::CardFull(_)), "{cause}");
    let error = rig.with(|card| card.generate(&new_key(1024))).unwrap_err();
    assert!(matches!(error, Error::Unexpected { status: 0x6982, .. }), "the PIN was not verified: {error}");
}

#[test]
fn signing() {
    let rig = Rig::new(&[&ANNA, &BO]);
    rig.verified(|card| {
        for (container, person) in [(0, &ANNA), (1, &BO)] {
            let signature = card.sign(container, b"a random block", None).unwrap();
            assert!(verify(&person.public_key(), b"a random block", signature.bytes()));
        }
        assert!(matches!(card.sign(2, b"", None), Err(Error::NotFound(_))));
    });
    let error = rig.with(|card| card.sign(0, b"", None)).unwrap_err();
    assert!(matches!(error, Error::Unexpected { status: 0x6982, .. }), "{error}");

    // A signature that is not the key's is not given out, nor is one made with a key that is not for signing.
    type Answer = (u8, &'static [u8], fn(&Error) -> bool);
    let answers: [Answer; 3] = [
        (0x2A, &[0x90, 0x00], |error| matches!(error, Error::Damaged(_))),
        (0x2A, &[0x6F, 0x00], |error| matches!(error, Error::Unexpected { status: 0x6F00, .. })),
        (0x22, &[0x69, 0x84], |error| matches!(error, Error::KeyNotSupported(_))),
    ];
    for (instruction, answer, expected) in answers {
        let mut connection = rig.connect();
        let mut transaction = connection.begin().unwrap();
        let mut lying = Answers(&mut *transaction, |command: &[u8]| {
            let wrong =
                if answer == [0x90, 0x00] { [&[7; 254][..], answer].concat() } else { answer.to_vec() };
            (command[1] == instruction).then_some(wrong)
        });
        let mut card = card::edge::open(&mut lying, None).unwrap();
        card.verify(Role::USER, PinEntry::Typed(&pin(PIN))).unwrap();
        let error = card.sign(0, b"a random block", None).unwrap_err();
        assert!(expected(&error), "{answer:02X?}: {error}");
    }
}

/// A key that is too long for the card has no place on it; one that fits finds it full.
#[test]
fn a_key_of_4096_bits() {
    let file = include_bytes!("../files/rsa4096.pfx");
    let credential = card::pfx::open(file, Some(&shared::secret::Password::from(&b"secret"[..]))).unwrap();
    let request = Request {
        public_key: x509::public_key(&credential.certificate).unwrap(),
        certificate: credential.certificate,
        private_key: credential.private_key,
        chain: Vec::new(),
        default: false,
    };
    let rig = Rig::new(&[&ANNA]);
    let before = rig.stored();
    let error = rig.verified(|card| card.import(&request.import())).unwrap_err();
    let Error::WriteFailed { cause, restored: true } = error else { panic!("{error}") };
    assert_eq!(cause.to_string(), "the card does not take this key: it has no keys of this size");
    assert_eq!(rig.stored(), before);

    let larger = Rig::described(&[&ANNA], "options.max-key-bits = 4096");
    larger.verified(|card| card.import(&request.import())).unwrap();
    larger.verified(|card| {
        let signature = card.sign(1, b"long", None).unwrap();
        assert!(verify(&request.public_key, b"long", signature.bytes()));
    });

    // A key that every card can collect finds no room for its file.
    let rig = Rig::new(&[&ANNA]);
    let mut connection = rig.connect();
    let mut transaction = connection.begin().unwrap();
    let mut full = Answers(&mut *transaction, |command: &[u8]| {
        matches!(command, [0x00, 0xDB, 0x3F, 0xFF, ..]).then(|| vec![0x6A, 0x84])
    });
    let mut card = card::edge::open(&mut full, None).unwrap();
    card.verify(Role::USER, PinEntry::Typed(&pin(PIN))).unwrap();
    let error = card.import(&Request::with_key(&BO).import()).unwrap_err();
    let Error::WriteFailed { cause, .. } = error else { panic!("{error}") };
    assert!(matches!(*cause, Error::CardFull(_)), "{cause}");
}

#[test]
fn free_places_are_filled_first() {
    let rig = Rig::new(&[&ANNA, &BO, &CARL]);
    rig.verified(|card| card.delete_container(1)).unwrap();
    let request = Request::with_key(&DORA);
    assert_eq!(rig.with(|card| card.place(&request.import()).unwrap()).container, 1);
    assert_eq!(rig.verified(|card| card.import(&request.import()).unwrap()), "kxc01");
    assert!(rig.contents().findings.is_empty());
}

#[test]
fn importing_to_a_key_that_is_there() {
    let rig = Rig::new(&[&BO, &ANNA]);
    let request = Request::certificate(&ANNA_RENEWED);
    let place = rig.with(|card| card.place(&request.import()).unwrap());
    assert_eq!(
        place,
        Placement {
            container: 1,
            replaces: Some("kxc01".to_owned()),
            writes_key: false,
            overwrites_key: false,
            wants_pin: false,
        }
    );
    rig.verified(|card| card.import(&request.import()).unwrap());
    let contents = rig.contents();
    assert_eq!(contents.certificates[1].der.as_ref().unwrap(), &ANNA_RENEWED.der());
    assert_eq!((contents.certificates.len(), contents.findings.len()), (2, 0));
    let objects = rig.card.gids(|gids| gids.objects().len()).unwrap();
    assert_eq!(objects, Rig::new(&[&BO, &ANNA]).card.gids(|gids| gids.objects().len()).unwrap());

    // With its key, which the card has: it is not written again.
    let mut request = Request::with_key(&ANNA);
    request.default = true;
    assert!(!rig.with(|card| card.place(&request.import()).unwrap()).writes_key);
    rig.verified(|card| card.import(&request.import()).unwrap());
    let contents = rig.contents();
    assert_eq!(contents.certificates[1].der.as_ref().unwrap(), &ANNA.der());
    assert_eq!(contents.containers.iter().map(|c| c.default).collect::<Vec<_>>(), [false, true]);

    // To a container without a certificate.
    rig.verified(|card| card.delete_certificate("kxc01")).unwrap();
    let request = Request::certificate(&ANNA);
    let place = rig.with(|card| card.place(&request.import()).unwrap());
    assert_eq!(
        place,
        Placement {
            container: 1,
            replaces: None,
            writes_key: false,
            overwrites_key: false,
            wants_pin: false
        }
    );
    assert_eq!(rig.verified(|card| card.import(&request.import()).unwrap()), "kxc01");
    assert!(rig.contents().findings.is_empty());
}

#[test]
fn a_full_card_can_have_a_certificate_replaced() {
    // Three files of the system, two certificates, and no room for more.
    let rig = Rig::described(&[&BO, &ANNA], "options.max-objects = 5");
    let request = Request::certificate(&ANNA_RENEWED);
    rig.verified(|card| card.import(&request.import()).unwrap());
    let contents = rig.contents();
    assert_eq!(contents.certificates[1].der.as_ref().unwrap(), &ANNA_RENEWED.der());
    assert!(contents.findings.is_empty());

    let before = rig.stored();
    let request = Request::with_key(&CARL);
    let full = rig.verified(|card| card.import(&request.import())).unwrap_err();
    let Error::WriteFailed { cause, restored } = full else { panic!("{full}") };
    assert!(matches!(*cause, Error::CardFull(_)) && restored, "{cause}");
    assert_eq!(rig.stored(), before);

    rig.verified(|card| card.delete_container(0)).unwrap();
    assert_eq!(rig.contents().certificates.len(), 1);
}

#[test]
fn a_chain_that_does_not_fit_is_left_out() {
    let rig = Rig::described(&[&ANNA], "options.max-objects = 5");
    let mut request = Request::with_key(&BO);
    request.chain = vec![authority()];
    rig.verified(|card| card.import(&request.import()).unwrap());
    let contents = rig.contents();
    assert_eq!((contents.certificates.len(), contents.roots.len()), (2, 0));
    assert!(contents.findings.is_empty(), "{:?}", contents.findings);
}

#[test]
fn no_more_keys_than_the_card_has_files() {
    let rig = Rig::described(&[&ANNA], "options.max-files = 8");
    let before = rig.stored();
    let request = Request::with_key(&BO);
    let full = rig.verified(|card| card.import(&request.import())).unwrap_err();
    assert!(matches!(full, Error::WriteFailed { restored: true, .. }), "{full}");
    assert_eq!(rig.stored(), before);
}

#[test]
fn what_cannot_be_imported_is_refused_before_the_first_write() {
    let rig = Rig::new(&[&ANNA]);
    let mark = rig.card.apdus();
    let refused = |request: &Request| {
        let place = rig.with(|card| card.place(&request.import())).unwrap_err();
        let import = rig.verified(|card| card.import(&request.import())).unwrap_err();
        assert_eq!(place.to_string(), import.to_string());
        place
    };
    assert!(matches!(refused(&Request::certificate(&BO)), Error::NoMatchingKey));
    assert!(matches!(refused(&Request::with_key(&EXPONENT_3)), Error::KeyNotSupported(_)));
    assert!(matches!(refused(&Request::with_key(&RSA_1536)), Error::KeyNotSupported(_)));
    let mut foreign = Request::with_key(&BO);
    foreign.private_key = Some(CARL.private_key());
    assert!(matches!(refused(&foreign), Error::NoMatchingKey));
    let mut elliptic = Request::with_key(&BO);
    elliptic.private_key.as_mut().unwrap().algorithm.family = shared::model::KeyFamily::Ec;
    let error = refused(&elliptic);
    assert!(matches!(&error, Error::KeyNotSupported(why) if why == "this card takes RSA keys only"));
    let mut huge = Request::certificate(&ANNA);
    huge.certificate = vec![0x30; 65_536];
    assert!(matches!(refused(&huge), Error::CardFull(_)));
    let log = rig.card.log_since(mark);
    assert!(log.iter().all(|exchange| !matches!(exchange.instruction, 0xDB | 0xE0 | 0xE4 | 0x44)));
}

#[test]
fn every_limit_of_the_specification_is_found_before_the_first_write() {
    fn record(name: &str, object: u16) -> [u8; 28] {
        let mut record = [0; 28];
        record[..4].copy_from_slice(b"mscp");
        record[9..9 + name.len()].copy_from_slice(name.as_bytes());
        record[20..22].copy_from_slice(&object.to_le_bytes());
        record[24..26].copy_from_slice(&[0x10, 0xA0]);
        record
    }
    type Case = (&'static str, fn(&Rig));
    let cases: [Case; 3] = [
        ("containers", |rig| {
            change(rig, 0xA010, 0xDF23, |map| *map = map[..86].repeat(126));
            change(rig, 0xA000, 0xDF20, |keys| *keys = [&[1][..], &keys[1..].repeat(126)].concat());
        }),
        ("objects", |rig| {
            change(rig, 0xA000, 0xDF1F, |masterfile| {
                masterfile.extend((0xDF25..=0xDF7D).flat_map(|object| record("other", object)));
            });
        }),
        ("the directory", |rig| {
            change(rig, 0xA000, 0xDF1F, |masterfile| {
                masterfile.extend(record("other", 0xDF21).repeat((65_000 - masterfile.len()) / 28));
            });
        }),
    ];
    for (limit, fill) in cases {
        let rig = Rig::described(&[&ANNA], "options.memory = 1000000");
        fill(&rig);
        let mark = rig.card.apdus();
        let request = Request::with_key(&BO);
        let place = rig.with(|card| card.place(&request.import())).unwrap_err();
        let import = rig.verified(|card| card.import(&request.import())).unwrap_err();
        assert!(matches!(place, Error::CardFull(_)), "{limit}: {place}");
        assert_eq!(place.to_string(), import.to_string(), "{limit}");
        let log = rig.card.log_since(mark);
        assert!(log.iter().all(|e| !matches!(e.instruction, 0xDB | 0xE0 | 0xE4 | 0x44)), "{limit}");
    }
}

#[test]
fn a_key_file_that_nobody_uses_makes_room() {
    let rig = Rig::new(&[&ANNA, &BO]);
    // As if a deletion had been cut off before it came to the key: everything but the key file is gone.
    rig.verified(|card| {
        rig.card.inject(Fault::at_instruction(0xE4, 1, FaultKind::Status(0x6F00)));
        assert!(matches!(card.delete_container(1), Err(Error::WriteFailed { restored: false, .. })));
    });
    rig.card.clear_faults();
    assert!(rig.card.gids(|gids| gids.files().contains(&0xB082)).unwrap());
    // Nor does anything tell any more that the key is a leftover.
    rig.set_object(0xA010, 0xDF7F, None);
    rig.verified(|card| card.repair()).unwrap();
    assert!(rig.card.gids(|gids| gids.files().contains(&0xB082)).unwrap(), "a repair guesses about no key");
    let request = Request::with_key(&CARL);
    assert_eq!(rig.verified(|card| card.import(&request.import()).unwrap()), "kxc01");
    assert!(rig.contents().findings.is_empty());
}

#[test]
fn the_default_container() {
    let rig = Rig::new(&[&ANNA, &BO, &CARL]);
    let defaults = || rig.contents().containers.iter().map(|c| c.default).collect::<Vec<_>>();
    rig.verified(|card| card.set_default(2)).unwrap();
    assert_eq!(defaults(), [false, false, true]);
    let mark = rig.card.apdus();
    rig.verified(|card| card.set_default(2)).unwrap();
    assert!(rig.card.log_since(mark).iter().all(|e| e.instruction != 0xDB), "nothing to write");
    for nowhere in [3, 200] {
        assert!(matches!(rig.verified(|card| card.set_default(nowhere)), Err(Error::NotFound(_))));
    }

    // Bo's certificate is not for logon: when Carl's goes, Anna's comes before it wherever it stands.
    let rig = Rig::new(&[&CARL, &BO, &ANNA]);
    assert_eq!(
        rig.verified(|card| card.delete_container(0)).unwrap(),
        Removed { default: Some(2), key_stays: false }
    );
    assert_eq!(
        rig.verified(|card| card.delete_container(2)).unwrap(),
        Removed { default: Some(1), key_stays: false }
    );
    assert_eq!(
        rig.verified(|card| card.delete_container(1)).unwrap(),
        Removed { default: None, key_stays: false }
    );
    assert!(rig.contents().containers.is_empty());
}

#[test]
fn deleting() {
    let rig = Rig::new(&[&ANNA, &BO]);
    rig.verified(|card| card.delete_container(1)).unwrap();
    assert!(rig.contents().findings.is_empty());
    let (files, objects) = rig.card.gids(|gids| (gids.files(), gids.objects().len())).unwrap();
    assert!(!files.contains(&0xB082));
    assert_eq!(objects, Rig::new(&[&ANNA]).card.gids(|gids| gids.objects().len()).unwrap());
    assert!(matches!(rig.verified(|card| card.delete_container(1)), Err(Error::NotFound(_))));

    rig.verified(|card| card.delete_certificate("KXC00")).unwrap();
    let contents = rig.contents();
    assert_eq!((contents.containers.len(), contents.certificates.len()), (1, 0));
    assert_eq!(contents.containers[0].certificate, None);
    assert!(matches!(rig.verified(|card| card.delete_certificate("kxc00")), Err(Error::NotFound(_))));
    assert!(contents.findings.is_empty());
}

#[test]
fn an_object_that_two_files_share_stays() {
    let rig = Rig::new(&[&ANNA, &BO]);
    let mut masterfile = rig.object(0xA000, 0xDF1F).unwrap();
    let mut shared = masterfile[1 + 28 * 5..1 + 28 * 6].to_vec();
    shared[9..14].copy_from_slice(b"other");
    masterfile.extend(shared);
    rig.set_object(0xA000, 0xDF1F, Some(&masterfile));
    rig.verified(|card| card.delete_container(0)).unwrap();
    assert!(rig.object(0xA010, 0xDF24).is_some());
    assert!(rig.contents().findings.is_empty());
}

#[test]
fn nothing_is_written_without_the_pin() {
    let rig = Rig::new(&[&ANNA, &BO]);
    let before = rig.stored();
    let request = Request::with_key(&CARL);
    for error in [
        rig.with(|card| card.set_default(1)).unwrap_err(),
        rig.with(|card| card.delete_container(1)).unwrap_err(),
        rig.with(|card| card.delete_certificate("kxc01")).unwrap_err(),
        rig.with(|card| card.import(&request.import())).unwrap_err(),
    ] {
        assert!(matches!(error, Error::Unexpected { status: 0x6982, .. }), "{error}");
    }
    assert_eq!(rig.stored(), before);
    assert_eq!(rig.tries(), 3);
}

#[test]
fn numbers_from_ten_on_are_read_in_every_notation() {
    // Twelve places, of which 10 is Bo's; so `kxc10` can be his in decimal.
    for (name, container) in [("kxc10", 10), ("kxc0a", 10), ("kxc0A", 10), ("KXC0A", 10), ("kxc01", 1)] {
        let rig = moved(10, name, None);
        let contents = rig.contents();
        let bo = contents.certificates.iter().find(|stored| stored.id == name.to_lowercase()).unwrap();
        let expected = (container == 10).then_some(10);
        assert_eq!(bo.container, expected, "{name}");
    }
    // 10 and 16 are both there: the keys decide.
    for (index, other) in [(10, 16), (16, 10)] {
        let rig = moved(index, "kxc10", Some(other));
        let contents = rig.contents();
        let bo = contents.certificates.iter().find(|stored| stored.id == "kxc10").unwrap();
        assert_eq!(bo.container, Some(index));
    }
    // What is written next follows the card.
    for (name, next) in [("kxc10", "kxc11"), ("kxc0a", "kxc0b"), ("kxc0A", "kxc0b")] {
        let rig = moved(10, name, None);
        let mut map = rig.object(0xA010, 0xDF23).unwrap();
        for place in 1..10 {
            map.copy_within(0..86, place * 86);
            map[place * 86 + 80] = 1;
        }
        rig.set_object(0xA010, 0xDF23, Some(&map));
        let request = Request::with_key(&DORA);
        assert_eq!(rig.verified(|card| card.import(&request.import()).unwrap()), next, "{name}");
        let masterfile = rig.object(0xA000, 0xDF1F).unwrap();
        let written = if name == "kxc0A" { "kxc0B" } else { next };
        assert!(masterfile.windows(5).any(|window| window == written.as_bytes()), "{written}");
    }
}

/// A card with Anna in place 0, Bo in another place under a certificate of that name, and Carl in a third.
fn moved(index: u8, name: &str, third: Option<u8>) -> Rig {
    let rig = Rig::new(&[&ANNA, &BO, &CARL]);
    let move_records = |bytes: &[u8], size: usize| {
        let mut moved = bytes[..size].to_vec();
        let last = usize::from(index.max(third.unwrap_or(0)));
        moved.resize((last + 1) * size, 0);
        let mut put = |to: u8, from: usize| {
            moved[usize::from(to) * size..][..size].copy_from_slice(&bytes[from * size..][..size]);
        };
        put(index, 1);
        if let Some(third) = third {
            put(third, 2);
        }
        moved
    };
    let map = move_records(&rig.object(0xA010, 0xDF23).unwrap(), 86);
    let keys = move_records(&rig.object(0xA000, 0xDF20).unwrap()[1..], 12);
    rig.set_object(0xA010, 0xDF23, Some(&map));
    rig.set_object(0xA000, 0xDF20, Some(&[&[1], &keys[..]].concat()));
    let mut masterfile = rig.object(0xA000, 0xDF1F).unwrap();
    masterfile.truncate(1 + 28 * 7);
    let record = &mut masterfile[1 + 28 * 6..];
    record[9..18].fill(0);
    record[9..9 + name.len()].copy_from_slice(name.as_bytes());
    rig.set_object(0xA000, 0xDF1F, Some(&masterfile));
    rig
}

/// What was done to a card, what is found, and whether a repair ends it.
struct Damage {
    name: &'static str,
    act: fn(&Rig),
    found: &'static str,
    mended: bool,
}

#[test]
fn damage_is_found_and_mended() {
    let cases = [
        Damage {
            name: "two defaults",
            act: |rig| change(rig, 0xA010, 0xDF23, |map| map[86 + 80] = 3),
            found: "More than one container is the default one.",
            mended: true,
        },
        Damage {
            name: "no default",
            act: |rig| change(rig, 0xA010, 0xDF23, |map| map[80] = 1),
            found: "No container is the default one.",
            mended: true,
        },
        Damage {
            name: "key map too long",
            act: |rig| {
                change(rig, 0xA000, 0xDF20, |keys| keys.extend([0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 0, 0]));
            },
            found: "It has 3 entries and the container map 2.",
            mended: true,
        },
        Damage {
            name: "key map too short",
            act: |rig| change(rig, 0xA000, 0xDF20, |keys| keys.truncate(13)),
            found: "It has 1 entries and the container map 2.",
            mended: true,
        },
        Damage {
            name: "no key map",
            act: |rig| rig.set_object(0xA000, 0xDF20, None),
            found: "It has 0 entries and the container map 2.",
            mended: true,
        },
        Damage {
            name: "key map of another kind",
            act: |rig| change(rig, 0xA000, 0xDF20, |keys| keys[0] = 9),
            found: "The key map cannot be read.",
            mended: true,
        },
        Damage {
            name: "a container without sizes whose key is there",
            act: |rig| change(rig, 0xA010, 0xDF23, |map| map[86 + 82..].fill(0)),
            found: "The container was created and got no key.",
            mended: true,
        },
        Damage {
            name: "a container without a key",
            act: |rig| {
                change(rig, 0xA010, 0xDF23, |map| {
                    let mut record = map[..86].to_vec();
                    record[80] = 1;
                    record[82..].fill(0);
                    map.extend(record);
                });
                change(rig, 0xA000, 0xDF20, |keys| keys.extend([0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 0, 0]));
            },
            found: "The container was created and got no key.",
            mended: true,
        },
        Damage {
            name: "a container map cut within an entry",
            act: |rig| change(rig, 0xA010, 0xDF23, |map| map.extend([0; 40])),
            found: "The container map ends within an entry.",
            mended: true,
        },
        Damage {
            name: "a container map that lost a container",
            act: |rig| change(rig, 0xA010, 0xDF23, |map| map[86..].fill(0)),
            found: "The certificate belongs to no container.",
            mended: true,
        },
        Damage {
            name: "a certificate that is not there",
            act: |rig| rig.set_object(0xA010, 0xDF25, None),
            found: "The directory names a certificate that is not there.",
            mended: true,
        },
        Damage {
            name: "a directory with a hole",
            act: |rig| change(rig, 0xA000, 0xDF1F, |masterfile| masterfile[1 + 28 * 6..].fill(0)),
            found: "The directory has a hole.",
            mended: true,
        },
        Damage {
            name: "an object without a name",
            act: |rig| rig.set_object(0xA010, 0xDF40, Some(b"somebody's")),
            found: "Nothing names this object, and what it holds is not known. It is left alone.",
            mended: false,
        },
        Damage {
            name: "an empty object without a name",
            act: |rig| rig.set_object(0xA010, 0xDF40, Some(b"")),
            found: "Nothing names this object: an interrupted write has left it.",
            mended: true,
        },
        Damage {
            name: "a second copy of a certificate",
            act: |rig| {
                let certificate = rig.object(0xA010, 0xDF25).unwrap();
                rig.set_object(0xA010, 0xDF40, Some(&certificate));
            },
            found: "Nothing names this object: an interrupted write has left it.",
            mended: true,
        },
        Damage {
            name: "somebody else's certificate",
            act: |rig| {
                let other = Rig::new(&[&CARL]).object(0xA010, 0xDF24);
                rig.set_object(0xA010, 0xDF40, other.as_deref());
            },
            found: "Nothing names this object, and what it holds is not known. It is left alone.",
            mended: false,
        },
        Damage {
            name: "a torn journal",
            act: |rig| rig.set_object(0xA010, 0xDF7F, Some(&[0x80, 4, 0, 0, 0, 0, 0x81, 0, 0, 0])),
            found: "Nothing names this object: an interrupted write has left it.",
            mended: true,
        },
        Damage {
            name: "the end of a refused chain",
            act: |rig| rig.set_object(0xA010, 0xDF7E, Some(&[0])),
            found: "Nothing names this object: an interrupted write has left it.",
            mended: true,
        },
        Damage {
            name: "somebody else's object where ours would be",
            act: |rig| rig.set_object(0xA010, 0xDF7E, Some(&[0, 1])),
            found: "Nothing names this object, and what it holds is not known. It is left alone.",
            mended: false,
        },
        Damage {
            name: "a certificate without a name",
            act: |rig| change(rig, 0xA000, 0xDF1F, |masterfile| masterfile.truncate(1 + 28 * 6)),
            found: "Nothing names this object: an interrupted write has left it.",
            mended: true,
        },
        Damage {
            name: "no counters",
            act: |rig| rig.set_object(0xA010, 0xDF22, None),
            found: "The counters of changes are missing.",
            mended: true,
        },
        Damage {
            name: "a torn certificate",
            act: |rig| change(rig, 0xA010, 0xDF25, |certificate| certificate[240..].fill(0)),
            found: "The certificate is damaged. Its file was not written to the end. Import it again, or delete it.",
            mended: false,
        },
    ];
    for Damage { name, act, found, mended } in cases {
        let rig = Rig::new(&[&ANNA, &BO]);
        let whole = shown(&rig.contents());
        act(&rig);
        let contents = rig.contents();
        assert!(
            contents.findings.iter().any(|finding| finding.text.starts_with(found)),
            "{name}: {:?}",
            contents.findings
        );
        assert!(contents.findings.iter().any(|finding| finding.repair.is_some()) == mended, "{name}");
        let report = rig.verified(|card| card.repair()).unwrap();
        assert_eq!(
            report.iter().any(|finding| finding.text.starts_with(found)),
            mended,
            "{name}: {report:?}"
        );
        let after = rig.contents();
        assert_eq!(after.findings.is_empty(), mended, "{name}: {:?}", after.findings);
        // Whatever could be brought back was brought back; names that were lost are new.
        let same = shown(&after)
            .iter()
            .zip(&whole)
            .all(|(now, before)| now.replace(" new ", " container of bo ") == *before);
        let lost = name == "a certificate that is not there" || !mended;
        assert!(same || lost, "{name}: {:#?}", shown(&after));
        assert_eq!(after.certificates[0].der.as_ref().unwrap(), &ANNA.der(), "{name}");
        let stored = rig.stored();
        assert!(rig.verified(|card| card.repair()).unwrap().is_empty(), "{name}: nothing is left to do");
        assert_eq!(rig.stored(), stored, "{name}: a second repair takes nothing that the first one spared");
    }
}

/// The first container is entered without sizes and has no certificate; its key is there, and is in the key map.
fn without_sizes() -> Rig {
    let rig = Rig::new(&[&ANNA, &BO]);
    rig.verified(|card| card.delete_certificate("kxc00")).unwrap();
    change(&rig, 0xA010, 0xDF23, |map| map[82..86].fill(0));
    rig
}

#[test]
fn a_key_that_cannot_be_read_is_kept() {
    let asks_for_key = |command: &[u8]| matches!(command, [0x00, 0xCB, 0x3F, 0xFF, 0x0A, 0x70, ..]);
    let other = [&[0x7F, 0x49, 6, 0x86, 4, 4, 1, 2, 3][..], &[0x90, 0x00]].concat();
    for (times, answer) in [
        (1, vec![0x6F, 0x00]),
        (2, vec![0x6F, 0x00]),
        (9, vec![0x6F, 0x00]),
        (9, vec![0x69, 0x82]),
        (9, other),
    ] {
        let rig = without_sizes();
        let before = rig.stored();
        let mut left = times;
        {
            let mut connection = rig.connect();
            let mut transaction = connection.begin().unwrap();
            let mut failing = Answers(&mut *transaction, |command: &[u8]| {
                (asks_for_key(command) && left > 0).then(|| {
                    left -= 1;
                    answer.clone()
                })
            });
            let mut card = card::edge::open(&mut failing, None).unwrap();
            card.verify(Role::USER, PinEntry::Typed(&pin(PIN))).unwrap();
            card.repair().unwrap();
        }
        assert!(times == 1 || rig.stored() == before, "{times} {answer:02X?}: nothing was known of the key");
        for _ in 0..2 {
            rig.verified(|card| card.repair()).unwrap();
            let contents = rig.contents();
            assert!(contents.findings.is_empty(), "{:?}", contents.findings);
            assert!(contents.containers[0].has_key, "{times} {answer:02X?}");
            assert!(rig.card.gids(|gids| gids.files().contains(&0xB081)).unwrap());
        }
    }
}

#[test]
fn a_card_without_counters_gets_no_journal() {
    let torn = |nth| {
        let rig = Rig::new(&[&ANNA, &BO, &CARL, &DORA]);
        change(&rig, 0xA000, 0xDF1F, |masterfile| drop(masterfile.drain(1 + 28 * 3..1 + 28 * 4)));
        rig.fail_at(nth, FaultKind::RemovedAfter);
        let result = rig.with(|card| {
            card.verify(Role::USER, PinEntry::Typed(&pin(PIN)))?;
            card.set_default(1)
        });
        rig.reinsert();
        (rig, result)
    };
    let mut cut_off = 0;
    for nth in 2.. {
        let (rig, result) = torn(nth);
        if result.is_ok() {
            break;
        }
        assert_eq!(rig.object(0xA010, 0xDF7F), None, "nothing would tell later whether it still holds");
        // Another program writes: Anna's container gets another name.
        change(&rig, 0xA010, 0xDF23, |map| map[0] = b'x');
        let _ = rig.verified(|card| card.repair());
        assert_eq!(rig.object(0xA010, 0xDF23).unwrap()[0], b'x', "{nth}");
        cut_off += 1;
    }
    assert!(cut_off > 3);
}

#[test]
fn a_file_that_had_no_object_has_none_again() {
    let rig = Rig::new(&[]);
    rig.set_object(0xA010, 0xDF23, None);
    let before = rig.stored();
    rig.card.inject(Fault::at_instruction(0xE0, 1, FaultKind::Status(0x6A84)));
    let failed = rig.verified(|card| card.import(&Request::with_key(&ANNA).import())).unwrap_err();
    assert!(matches!(failed, Error::WriteFailed { restored: true, .. }), "{failed}");
    assert_eq!(rig.stored(), before);
}

fn change(rig: &Rig, file: u16, object: u16, act: impl FnOnce(&mut Vec<u8>)) {
    let mut value = rig.object(file, object).unwrap();
    act(&mut value);
    rig.set_object(file, object, Some(&value));
}

#[test]
fn a_damaged_certificate_hides_nothing_and_can_be_deleted_or_written_again() {
    let torn = || {
        let rig = Rig::new(&[&ANNA, &BO]);
        change(&rig, 0xA010, 0xDF24, |certificate| certificate[240..].fill(0));
        rig
    };
    let rig = torn();
    let contents = rig.contents();
    assert!(contents.certificates[0].der.is_err());
    assert_eq!(
        (contents.certificates[0].container, contents.certificates[1].der.as_ref().unwrap()),
        (Some(0), &BO.der())
    );
    rig.verified(|card| card.delete_certificate("kxc00")).unwrap();
    assert!(rig.contents().findings.is_empty());

    let rig = torn();
    let request = Request::certificate(&ANNA);
    let place = rig.with(|card| card.place(&request.import()).unwrap());
    assert_eq!(place.replaces.as_deref(), Some("kxc00"));
    rig.verified(|card| card.import(&request.import())).unwrap();
    assert!(rig.contents().findings.is_empty());
    assert_eq!(shown(&rig.contents()), shown(&Rig::new(&[&ANNA, &BO]).contents()));
}

#[test]
fn what_is_damaged_is_not_written_on() {
    let rig = Rig::new(&[&ANNA, &BO]);
    change(&rig, 0xA010, 0xDF23, |map| map.extend([0; 40]));
    let before = rig.stored();
    for result in [
        rig.verified(|card| card.set_default(1)),
        rig.verified(|card| card.delete_container(1).map(|_| ())),
        rig.verified(|card| card.import(&Request::with_key(&CARL).import()).map(|_| ())),
    ] {
        assert!(matches!(result, Err(Error::Damaged(_))), "{result:?}");
    }
    assert_eq!(rig.stored(), before);
}

/// Another program tears a short chain, by which GidsApplet loses a whole file.
#[test]
fn a_file_that_the_card_has_lost_hides_nothing_else() {
    let rig = Rig::new(&[&ANNA, &BO]);
    for apdu in [
        &b"\x00\xA4\x04\x00\x09\xA0\x00\x00\x03\x97\x42\x54\x46\x59\x00"[..],
        b"\x00\x20\x00\x80\x06123456",
        b"\x10\xDB\xA0\x10\x05\xDF\x40\x20\x01\x02",
    ] {
        assert_eq!(rig.card.transmit_as_other(apdu).last_chunk(), Some(&[0x90, 0x00]));
    }
    let before = rig.stored();
    rig.with(|card| {
        assert_eq!(card.identify().unwrap().csn.unwrap().as_str(), CARD_ID);
        assert_eq!(card.pins().unwrap()[0].tries_left, Some(3));
        assert_ne!(card.freshness().unwrap(), card.freshness().unwrap(), "nobody can tell what has changed");
        let contents = card.contents().unwrap();
        assert_eq!((contents.containers.len(), contents.certificates.len()), (0, 2));
        assert!(contents.certificates.iter().all(|stored| stored.der.is_err()));
        assert!(
            contents.findings.iter().any(|finding| finding.place == "cmapfile"),
            "{:?}",
            contents.findings
        );
    });
    for result in [
        rig.verified(|card| card.set_default(1)),
        rig.verified(|card| card.import(&Request::with_key(&CARL).import()).map(drop)),
        rig.with(|card| card.place(&Request::with_key(&CARL).import()).map(drop)),
        rig.verified(|card| card.repair().map(drop)),
    ] {
        assert!(matches!(result, Err(Error::Damaged(_))), "{result:?}");
    }
    assert_eq!(rig.stored(), before);
}

#[test]
fn hostile_objects_do_no_harm() {
    let junk: [&[u8]; 6] =
        [&[], &[0], &[1], &[0xFF; 300], &[0x30, 0x82, 0xFF, 0xFF], &[1, 0, 0xFF, 0xFF, 0x78, 0xDA]];
    for (file, object) in [
        (0xA000, 0xDF1F),
        (0xA000, 0xDF20),
        (0xA010, 0xDF22),
        (0xA010, 0xDF23),
        (0xA010, 0xDF24),
        (0xA012, 0xDF20),
    ] {
        for value in junk {
            let rig = Rig::new(&[&ANNA, &BO]);
            rig.set_object(file, object, Some(value));
            rig.with(|card| {
                let _ = card.identify();
                let _ = card.freshness();
                let _ = card.contents();
                card.verify(Role::USER, PinEntry::Typed(&pin(PIN))).unwrap();
                let _ = card.import(&Request::with_key(&CARL).import());
                let _ = card.repair();
                let _ = card.delete_container(0);
            });
            assert_eq!(rig.tries(), 3);
        }
    }
}
