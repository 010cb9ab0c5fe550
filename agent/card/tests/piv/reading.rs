//! What a card is, and what is on it.

use card::{Contents, edge};
use shared::model::{Card, DefaultSource, Edge, KeyOrigin, PinType, PinUse, Role, TouchUse};

use super::answers::Answers;
use super::rig::{
    CHUID, GERDA, GERDA_RENEWED, GUID, HANS, KARIN, MSCMAP, NILS, Person, Rig, SERIAL, authority, shown,
    slots,
};

const PROFILES: [&str; 4] = ["yubikey-5.7", "yubikey-4", "pivapplet", "plain"];

fn certificate_object(slot: u8) -> u32 {
    match slot {
        0x9A => 0x5F_C105,
        0x9C => 0x5F_C10A,
        0x9D => 0x5F_C10B,
        0x9E => 0x5F_C101,
        0xF9 => 0x5F_FF01,
        retired => 0x5F_C10D + u32::from(retired - 0x82),
    }
}

fn put(rig: &Rig, id: u32, value: Option<&[u8]>) {
    rig.piv(|piv| piv.set_object(id, value)).unwrap();
}

fn findings(contents: &Contents) -> Vec<(String, String, bool)> {
    contents.findings.iter().map(|f| (f.place.clone(), f.text.clone(), f.repair.is_some())).collect()
}

/// Findings but those of a card that is as it left the factory.
fn wrong(contents: &Contents) -> Vec<(String, String, bool)> {
    let mut all = findings(contents);
    all.retain(|(_, text, _)| !text.contains("leave the factory"));
    all
}

#[test]
fn which_card_it_is() {
    let serial = "00BC614E";
    for (profile, extra, name, csn, printed) in [
        ("yubikey-5.7", "", "YubiKey 5.7.1", serial, Some("12345678")),
        ("yubikey-4", "", "YubiKey 4.3.5", GUID, None),
        ("pivapplet", "", "PivApplet 0.9.0", serial, Some("12345678")),
        ("plain", "", "PIV card", GUID, None),
        // No template at all.
        ("plain", "options = { application-template = false }", "PIV card", GUID, None),
        // The answer to reset does not say YubiKey: the key for attestation does.
        (
            "yubikey-5.7",
            "atr = '3B80800101'\nslot = [{ slot = 'F9', key = '''KEY''' }]",
            "YubiKey 5.7.1",
            serial,
            Some("12345678"),
        ),
        ("yubikey-4", "atr = '3B80800101'", "YubiKey 4.3.5", GUID, None),
        // A version in Yubico's manner, metadata, and no slot for attestation: CanoKey.
        (
            "yubikey-5.7",
            "atr = '3B80800101'\noptions = { version = [5, 7, 0], attestation-slot = false }",
            "CanoKey",
            serial,
            Some("12345678"),
        ),
        // A Nitrokey's serial number is every Nitrokey's.
        (
            "yubikey-5.7",
            "atr = '3B80800101'\noptions = { label = 'Nitrokey PIV', version = [6, 6, 6], metadata = 'empty' }",
            "Nitrokey",
            GUID,
            None,
        ),
        // A version that nothing else of the card bears out.
        ("yubikey-5.7", "atr = '3B80800101'\noptions = { metadata = 'absent' }", "PIV card", GUID, None),
    ] {
        let extra = extra.replace("KEY", GERDA.key);
        let rig = Rig::new(profile, &extra);
        let card = rig.with(|card| card.identify().unwrap());
        assert_eq!(
            (
                card.edge,
                card.name.as_str(),
                card.csn.as_ref().map(shared::model::Csn::as_str),
                card.serial.as_deref()
            ),
            (Edge::Piv, name, Some(csn), printed),
            "{profile} {extra}"
        );
        // It is the same card also when its certificates change, and when it is asked again.
        put(&rig, certificate_object(0x9A), Some(&[0x70, 1, 0x30]));
        assert_eq!(
            rig.with(|card| (card.identify().unwrap(), card.identify().unwrap())),
            (card.clone(), card)
        );
    }
    assert_eq!(SERIAL, 12_345_678);
}

#[test]
fn a_card_without_a_chuid() {
    let identify = |rig: &Rig| -> Card { rig.with(|card| card.identify().unwrap()) };
    let rig = Rig::new("plain", "");
    put(&rig, CHUID, None);
    let card = identify(&rig);
    // The capability container has an identifier of the card's own.
    assert_eq!(card.csn.unwrap().as_str(), &GUID[..28]);
    assert!(wrong(&rig.contents()).iter().any(|(place, ..)| place == "CHUID"));
    put(&rig, 0x5F_C107, None);
    assert_eq!(identify(&rig).csn, None);
    for chuid in
        [&[][..], &[0x34, 2, 1, 2], &[0xFF; 59], &[0x34, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]]
    {
        put(&rig, CHUID, Some(chuid));
        assert_eq!(identify(&rig).csn, None, "{chuid:02X?}");
    }
    let rig = Rig::new("yubikey-5.7", "");
    put(&rig, CHUID, None);
    assert_eq!(identify(&rig).csn.unwrap().as_str(), "00BC614E");
    assert_eq!(rig.with(|card| card.windows_id().unwrap()), None);
}

#[test]
fn what_is_listed() {
    let people: [(u8, &Person); 5] =
        [(0x9A, &GERDA), (0x9C, &HANS), (0x9D, &NILS), (0x9E, &KARIN), (0x83, &GERDA)];
    for profile in PROFILES {
        let rig = Rig::with_people(profile, &people, "");
        // Without a key history, a card on which the standard's tools would keep one has no retired keys.
        let looks = profile != "plain";
        let contents = rig.contents();
        let mut slots = vec!["9A", "9C", "9D", "9E"];
        slots.extend(looks.then_some("83"));
        let listed: Vec<_> = contents.containers.iter().filter_map(|c| c.slot.as_deref()).collect();
        assert_eq!(listed, slots, "{profile}");
        let tells = matches!(profile, "yubikey-5.7" | "pivapplet");
        for (container, (_, person)) in contents.containers.iter().zip(people) {
            let slot = container.slot.clone().unwrap();
            assert_eq!(format!("{:02X}", container.index), slot);
            assert_eq!(container.algorithm, Some(person.public_key().algorithm()), "{profile} {slot}");
            assert_eq!(container.certificate.as_deref(), Some(slot.to_lowercase().as_str()));
            let (name, role, pin_type, pin_use) = match slot.as_str() {
                "9A" => ("PIV Authentication", Role::USER, PinType::PrimaryCardPin, PinUse::Once),
                "9C" => ("Digital Signature", Role::USER, PinType::DigitalSignature, PinUse::Always),
                "9D" => ("Key Management", Role::USER, PinType::PrimaryCardPin, PinUse::Once),
                "9E" => ("Card Authentication", Role::EVERYONE, PinType::PrimaryCardPin, PinUse::Never),
                _ => ("Retired 2", Role::USER, PinType::PrimaryCardPin, PinUse::Once),
            };
            assert_eq!(
                (container.name.as_str(), container.role, container.pin_type, container.pin_use),
                (name, role, pin_type, Some(pin_use)),
                "{profile}"
            );
            assert_eq!(container.default, slot == "9A");
            assert!(container.has_key);
            assert_eq!(container.origin, tells.then_some(KeyOrigin::Imported), "{profile}");
            assert_eq!(container.touch_use, tells.then_some(TouchUse::Never), "{profile}");
            let stored = contents.certificates.iter().find(|c| c.container == Some(container.index)).unwrap();
            assert_eq!(stored.der.as_ref().unwrap(), &person.der());
        }
        assert_eq!(contents.default_source, Some(DefaultSource::Slot9A));
        assert_eq!(wrong(&contents), [], "{profile}");
        assert_eq!(usize::from(contents.space.containers_used), slots.len());
        let guid = shared::hex::decode(GUID.as_bytes());
        assert_eq!(rig.with(|card| card.windows_id().unwrap()), guid, "{profile}");
    }
}

#[test]
fn policies_and_origins_as_the_card_tells() {
    let slot = |slot: &str, pin: &str, touch: &str, generated: bool| {
        format!(
            "[[card.slot]]\nslot = '{slot}'\nkey = '''\n{}'''\npin-policy = '{pin}'\ntouch-policy = '{touch}'\n\
             generated = {generated}\n",
            GERDA.key
        )
    };
    let extra = [
        slot("9A", "always", "cached", true),
        slot("9D", "never", "always", false),
        slot("9E", "once", "never", false),
    ];
    let rig = Rig::new("yubikey-5.7", &extra.concat());
    let told: Vec<_> = rig
        .contents()
        .containers
        .iter()
        .map(|c| {
            (
                c.index,
                c.role,
                c.pin_use.unwrap(),
                c.touch_use.unwrap(),
                c.origin.unwrap(),
                c.certificate.clone(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (0x9A, Role::USER, PinUse::Always, TouchUse::Cached, KeyOrigin::Generated, None),
            (0x9D, Role::EVERYONE, PinUse::Never, TouchUse::Always, KeyOrigin::Imported, None),
            (0x9E, Role::USER, PinUse::Once, TouchUse::Never, KeyOrigin::Imported, None),
        ]
    );
    let rig = Rig::new("pivapplet", &slot("9A", "once", "never", true));
    assert_eq!(rig.contents().containers[0].origin, Some(KeyOrigin::Generated));
}

/// A key without a certificate, a certificate without a key, and both in a slot for retired keys.
#[test]
fn halves() {
    let rig =
        Rig::with_people("yubikey-5.7", &[(0x9A, &GERDA), (0x9C, &HANS), (0x84, &NILS), (0x85, &KARIN)], "");
    for slot in [0x9A, 0x84] {
        put(&rig, certificate_object(slot), None);
    }
    for slot in [0x9C, 0x85] {
        rig.piv(|piv| piv.erase_key(slot));
    }
    let contents = rig.contents();
    let containers: Vec<_> =
        contents.containers.iter().map(|c| (c.index, c.certificate.as_deref())).collect();
    assert_eq!(containers, [(0x9A, None), (0x84, None)]);
    let certificates: Vec<_> = contents.certificates.iter().map(|c| (c.id.as_str(), c.container)).collect();
    assert_eq!(certificates, [("9c", None), ("85", None)]);
    let places: Vec<_> = wrong(&contents).into_iter().map(|(place, ..)| place).collect();
    assert_eq!(places, ["slot 9C", "slot 85"]);
}

#[test]
fn the_maker_s_certificate_for_attestation() {
    let rig = Rig::with_people("yubikey-5.7", &[(0x9A, &GERDA)], "");
    let value = rig.object(certificate_object(0x9A)).unwrap();
    put(&rig, certificate_object(0xF9), Some(&value));
    let contents = rig.contents();
    let listed: Vec<_> = contents.certificates.iter().map(|c| (c.id.as_str(), c.container)).collect();
    assert_eq!(listed, [("9a", Some(0x9A)), ("f9", None)]);
    assert_eq!((contents.containers.len(), wrong(&contents)), (1, Vec::new()));
}

/// One damaged part hides nothing else.
#[test]
fn damaged_parts() {
    for profile in PROFILES {
        let rig = Rig::with_people(profile, &[(0x9A, &GERDA), (0x9C, &HANS)], "");
        let whole = shown(&rig.contents());
        let good = rig.object(certificate_object(0x9A)).unwrap();
        for value in [
            &good[..good.len() / 2],
            &[0x70, 3, 0x30, 0x01, 0x00],
            &[0x70, 0x82, 0xFF, 0xFF, 0x30],
            &[0x70, 4, 0x1F, 0x8B, 0x08, 0x00],
            &[0x70, 2, 0x78, 0x9C],
            &[0x42; 40],
        ] {
            put(&rig, certificate_object(0x9A), Some(value));
            let contents = rig.contents();
            let damaged = contents.certificates.iter().find(|c| c.id == "9a").unwrap();
            assert!(damaged.der.is_err(), "{profile} {value:02X?}");
            assert_eq!(damaged.container, Some(0x9A), "{profile}");
            assert!(contents.certificates.iter().any(|c| c.id == "9c" && c.der.is_ok()));
            assert_eq!(wrong(&contents).len(), 1, "{profile}: {:?}", wrong(&contents));
        }
        // Empty in every way there is.
        for value in [None, Some(&[0x70, 0][..]), Some(&[0x70, 0, 0x71, 1, 0, 0xFE, 0])] {
            put(&rig, certificate_object(0x9A), value);
            let contents = rig.contents();
            assert!(contents.certificates.iter().all(|c| c.id != "9a"), "{profile} {value:02X?}");
            assert_eq!(wrong(&contents), [], "{profile}");
        }
        put(&rig, certificate_object(0x9A), Some(&good));
        assert_eq!(shown(&rig.contents()), whole, "{profile}");
    }
    // An object that the card does not give out.
    let rig = Rig::with_people("plain", &[(0x9A, &GERDA), (0x9C, &HANS)], "");
    for status in [[0x69, 0x82], [0x6F, 0x00], [0x65, 0x81]] {
        let mut connection = rig.connect();
        let mut transaction = connection.begin().unwrap();
        let mut refuses = Answers(&mut *transaction, |command: &[u8]| {
            command.ends_with(&[0x5F, 0xC1, 0x0A, 0]).then(|| status.to_vec())
        });
        let contents = edge::open(&mut refuses, None).unwrap().contents().unwrap();
        let readable: Vec<_> = contents.certificates.iter().map(|c| (c.id.as_str(), c.der.is_ok())).collect();
        assert_eq!(readable, [("9a", true), ("9c", false)]);
    }
}

#[test]
fn compressed_certificates() {
    let gzip = slots(&[(0x9A, &GERDA)]).replace("default", "gzip = true\ndefault");
    for profile in PROFILES {
        let rig = Rig::new(profile, &gzip);
        assert!(rig.object(certificate_object(0x9A)).unwrap().ends_with(&[0x71, 1, 1, 0xFE, 0]));
        assert_eq!(rig.contents().certificates[0].der.as_ref().unwrap(), &GERDA.der(), "{profile}");
    }
}

#[test]
fn the_default_container() {
    let people: [(u8, &Person); 2] = [(0x9C, &HANS), (0x9A, &GERDA)];
    let default = |rig: &Rig| {
        let contents = rig.contents();
        let default: Vec<_> = contents.containers.iter().filter(|c| c.default).map(|c| c.index).collect();
        (default, contents.default_source.unwrap(), wrong(&contents))
    };
    // The first of the people is the map's default.
    let rig = Rig::with_people("yubikey-5.7", &people, "mscmap = true");
    assert_eq!(default(&rig), (vec![0x9C], DefaultSource::ContainerMap, Vec::new()));
    let map = rig.object(MSCMAP).unwrap();
    // A map that names none.
    let mut unmarked = map.clone();
    unmarked[3 + 84] = 1;
    put(&rig, MSCMAP, Some(&unmarked));
    assert_eq!(default(&rig), (vec![0x9A], DefaultSource::Slot9A, Vec::new()));
    // One that names a slot without a key.
    put(&rig, MSCMAP, Some(&map));
    rig.piv(|piv| piv.erase_key(0x9C));
    let (slots, source, found) = default(&rig);
    assert_eq!((slots, source), (vec![0x9A], DefaultSource::Slot9A));
    assert!(found.iter().any(|(place, _, repair)| place == "MSCMAP" && *repair), "{found:?}");
    // No map, and nothing in 9A.
    let rig = Rig::with_people("yubikey-5.7", &[(0x9C, &HANS)], "");
    assert_eq!(default(&rig), (vec![], DefaultSource::Slot9A, Vec::new()));
}

#[test]
fn roots() {
    let roots = format!("mscmap = true\nroots = ['''\n{}''']", include_str!("authority.pem"));
    let rig = Rig::with_people("yubikey-5.7", &[(0x9A, &GERDA)], &roots);
    assert_eq!(rig.contents().roots, [authority()]);
    put(&rig, 0x5F_FF11, Some(&[0x82, 3, 0x30, 1, 1]));
    let contents = rig.contents();
    assert!(contents.roots.is_empty() && contents.certificates.len() == 1);
    assert!(wrong(&contents).iter().any(|(place, ..)| place == "MSROOTS"));
}

/// Each fault of a card is found, once, and nothing else is.
#[test]
fn findings_one_by_one() {
    type Break = fn(&Rig);
    let rows: [(&str, &str, Break, &str, &str, bool); 11] = [
        (
            "yubikey-5.7",
            "",
            |rig| {
                let other = Rig::with_people("yubikey-5.7", &[(0x9A, &HANS)], "");
                put(rig, certificate_object(0x9A), Some(&other.object(certificate_object(0x9A)).unwrap()));
                rig.piv(|piv| piv.erase_key(0x9C));
                put(rig, certificate_object(0x9C), None);
            },
            "slot 9A",
            "another key",
            false,
        ),
        ("yubikey-5.7", "", |rig| assert!(rig.piv(|piv| piv.erase_key(0x9C))), "slot 9C", "no key", false),
        (
            "yubikey-5.7",
            "",
            |rig| {
                let value = rig.object(certificate_object(0x9A)).unwrap();
                put(rig, certificate_object(0x9D), Some(&value));
            },
            "slot 9D",
            "in slot 9A",
            true,
        ),
        (
            "yubikey-5.7",
            "",
            |rig| {
                let value = rig.object(certificate_object(0x9A)).unwrap();
                put(rig, certificate_object(0x9D), Some(&value));
                put(rig, certificate_object(0x9A), None);
            },
            "slot 9D",
            "in slot 9A",
            true,
        ),
        (
            "yubikey-5.7",
            "mscmap = true",
            |rig| {
                let renewed = Rig::with_people("yubikey-5.7", &[(0x9A, &GERDA_RENEWED)], "");
                put(rig, certificate_object(0x9A), Some(&renewed.object(certificate_object(0x9A)).unwrap()));
            },
            "MSCMAP",
            "another certificate for slot 9A",
            true,
        ),
        (
            "yubikey-5.7",
            "mscmap = true",
            |rig| {
                let mut map = rig.object(MSCMAP).unwrap();
                let record: Vec<u8> = map[map.len() - 107..].to_vec();
                map.extend_from_slice(&record);
                let at = map.len() - 107;
                map[at + 80] = 0x9B;
                let length = u16::try_from(map.len() - 3).unwrap();
                let [high, low] = length.to_be_bytes();
                map.splice(..3, [0x81, 0x82, high, low]);
                put(rig, MSCMAP, Some(&map));
            },
            "MSCMAP",
            "Record 3",
            true,
        ),
        (
            "yubikey-5.7",
            "mscmap = true",
            |rig| put(rig, MSCMAP, Some(&[0x55, 1, 1])),
            "MSCMAP",
            "cannot be read",
            false,
        ),
        ("plain", "", |rig| put(rig, CHUID, Some(&[0x30, 1, 1])), "CHUID", "no identifier", true),
        (
            "plain",
            "",
            |rig| put(rig, 0x5F_C10C, Some(&[0xC1, 1, 2, 0xC2, 1, 0, 0xF3, 0, 0xFE, 0])),
            "the key history",
            "names 2 retired keys",
            false,
        ),
        (
            "yubikey-4",
            "",
            |rig| put(rig, 0x5F_FF00, Some(&[0x80, 3, 0x81, 1, 1])),
            "the PUK",
            "blocked on purpose",
            false,
        ),
        (
            "pivapplet",
            "",
            |rig| rig.piv(|piv| piv.set_pin_tries_left(0)),
            "the PUK",
            "erases all its keys",
            false,
        ),
    ];
    for (profile, extra, breaks, place, text, repairable) in rows {
        let rig = Rig::with_people(profile, &[(0x9A, &GERDA), (0x9C, &HANS)], extra);
        assert_eq!(wrong(&rig.contents()), [], "{profile} {extra}");
        breaks(&rig);
        let found = wrong(&rig.contents());
        let [(at, words, repair)] = found.as_slice() else { panic!("{text}: {found:?}") };
        assert!(at == place && words.contains(text) && *repair == repairable, "{text}: {found:?}");
    }
}

#[test]
fn what_everybody_knows() {
    let of = |rig: &Rig| -> Vec<String> {
        findings(&rig.contents()).into_iter().map(|(place, ..)| place).collect()
    };
    let rig = Rig::new("yubikey-5.7", "");
    assert_eq!(of(&rig), ["the PIN", "the PUK", "the management key"]);
    let key = "management-key = '0123456789ABCDEFFEDCBA987654321089ABCDEF01234567'";
    let rig = Rig::new("yubikey-5.7", &format!("pin = '735182'\npuk = '48151623'\n{key}"));
    assert_eq!(of(&rig), [""; 0]);
    // Cards that do not tell are not suspected.
    assert_eq!(of(&Rig::new("plain", "")), [""; 0]);
}

/// How many exchanges a first sight of two certificates takes, from the first SELECT to the mark of freshness.
#[test]
fn exchanges() {
    let short = "max-apdu-data = 256";
    for (profile, reader, history, expected) in [
        ("yubikey-5.7", "", true, 15),
        ("yubikey-5.7", short, true, 19),
        // Yubico's tools keep no key history: all slots are looked at, for keys and for certificates.
        ("yubikey-5.7", "", false, 55),
        ("yubikey-5.7", short, false, 59),
        ("yubikey-4", short, true, 16),
        ("pivapplet", short, true, 17),
        ("plain", short, true, 13),
        ("plain", short, false, 13),
    ] {
        let extra = format!("key-history = {history}\n{}", slots(&[(0x9A, &GERDA), (0x9C, &HANS)]));
        let rig = Rig::in_reader(reader, profile, &extra);
        let mut connection = rig.connect();
        let mut transaction = connection.begin().unwrap();
        let mut card = edge::open(&mut *transaction, Some(Edge::Piv)).unwrap();
        card.identify().unwrap();
        assert_eq!(card.contents().unwrap().certificates.len(), 2);
        assert!(card.freshness().unwrap().is_some());
        assert_eq!(rig.card.apdus(), expected, "{profile} {reader} {history}");
    }
}
