//! PIV cards: the management key beside the PIN, slots, and several cards at once.

use std::sync::Arc;
use std::time::Duration;

use card::virt::VirtualReaders;
use shared::ErrorCode;
use shared::model::{AlternativeName, DefaultSource, Edge, KeyAlgorithm, KeyFamily, PinKind, PinType, Role};
use shared::rpc::events::Change;
use shared::rpc::methods::{
    CardAccess, CardRepair, CardShow, CertDefault, CertDelete, CertGenerate, CertList, CertMove, CertPlace,
    CertWriteParams, DeleteParams, GenerateParams, GenerateReply, MoveParams, OnCard, PinChange,
    PinChangeParams, PinList, PinTries, PlaceParams, Product, RepairParams, Select, TriesParams, UnblockPuk,
    UnblockPukParams, UnblockStart, UnblockStartParams,
};
use shared::secret::{KeyText, Pin};

use crate::harness::{CHANGE, OTHER, READER, RESET_RETRY, Rig, VERIFY, executed, pin};

const KEY: &str = "00112233445566778899AABBCCDDEEFF0011223344556677";
const P256: KeyAlgorithm = KeyAlgorithm { family: KeyFamily::Ec, bits: 256 };

/// A reader with a card of this profile, and another, empty one.
fn rig(lines: &str) -> Rig {
    let serial = if lines.contains("5.7") || lines.contains("pivapplet") { "serial = 11223344" } else { "" };
    let toml = format!(
        "[[reader]]\nname = \"{READER}\"\ncard = \"erik\"\n\n[[reader]]\nname = \"{OTHER}\"\n\n\
         [[card]]\nname = \"erik\"\nkind = \"piv\"\npin = \"123456\"\npuk = \"12345678\"\n{serial}\n{lines}\n"
    );
    Rig::on(Arc::new(VirtualReaders::from_description(&toml).unwrap()), Duration::from_secs(600))
}

fn key(text: &str) -> Option<KeyText> {
    Some(KeyText::from(text.as_bytes()))
}

fn generate(pin: Option<Pin>, management_key: Option<KeyText>) -> GenerateParams {
    GenerateParams {
        select: Select::default(),
        algorithm: P256,
        slot: Some("9a".to_owned()),
        subject: "CN=Erik Lind,O=Example".to_owned(),
        alternative_names: Vec::new(),
        product: Product::Certificate,
        days: 30,
        pin_use: None,
        touch_use: None,
        default: false,
        overwrite: false,
        pin,
        management_key,
        last_try: false,
    }
}

/// A key in 9A. A card without metadata cannot tell that there is none yet.
#[track_caller]
fn made(rig: &Rig, key: &str) -> GenerateReply {
    let params = GenerateParams { overwrite: true, ..generate(Some(pin("123456")), self::key(key)) };
    rig.call::<CertGenerate>(&params).unwrap()
}

/// What the card is, what comes with the request, and how it ends.
#[test]
fn a_write_wants_the_management_key() {
    use ErrorCode as E;
    let own = format!("management-key = \"{KEY}\"");
    let protected = format!("{own}\nprotected = true");
    for (profile, lines, pin_text, typed, end) in [
        ("yubikey-5.7", own.as_str(), Some("123456"), Some(KEY), None),
        ("yubikey-5.7", &own, Some("123456"), None, Some(E::ManagementKeyNeeded)),
        ("yubikey-5.7", &own, Some("123456"), Some("0011"), Some(E::BadRequest)),
        ("yubikey-5.7", &own, Some("123456"), Some("factory"), Some(E::WrongManagementKey)),
        ("yubikey-5.7", &protected, Some("123456"), None, None),
        ("yubikey-5.7", &protected, None, None, Some(E::BadRequest)),
        // The card says that it still has the factory's key.
        ("yubikey-5.7", "", Some("123456"), None, None),
        // This one says nothing, and nobody tries it to find out.
        ("yubikey-4", "", Some("123456"), None, Some(E::ManagementKeyNeeded)),
        ("yubikey-4", "", Some("123456"), Some("factory"), None),
        ("yubikey-4", &own, Some("123456"), Some(&KEY.replace("AABB", "AABC")), Some(E::WrongManagementKey)),
        ("yubikey-4", &protected, Some("123456"), None, None),
        ("pivapplet", &own, Some("123456"), Some(KEY), None),
        ("plain", &own, Some("123456"), Some(KEY), None),
    ] {
        let row = format!("{profile} {lines} {pin_text:?} {typed:?}");
        let rig = rig(&format!("profile = \"{profile}\"\n{lines}"));
        let card = rig.card("erik");
        let mark = card.apdus();
        let params = GenerateParams { overwrite: true, ..generate(pin_text.map(pin), typed.and_then(key)) };
        let reply = rig.call::<CertGenerate>(&params);
        assert_eq!(reply.as_ref().err().map(|error| error.code), end, "{row}: {reply:?}");
        let certificates = rig.call::<CertList>(&OnCard::default()).unwrap();
        let there = certificates.iter().any(|certificate| certificate.id == "9a");
        assert_eq!(there, end.is_none(), "{row}");
        if matches!(end, Some(E::ManagementKeyNeeded | E::BadRequest)) {
            assert_eq!(executed_with_data(&card, mark, VERIFY), 0, "{row}: decided without the card");
        } else {
            assert!(executed_with_data(&card, mark, VERIFY) <= 1, "{row}: one entry, one VERIFY");
        }
    }
}

/// VERIFY without data asks how the PIN stands.
fn executed_with_data(card: &card::virt::VirtualCard, mark: usize, instruction: u8) -> usize {
    let log = card.log_since(mark);
    log.iter().filter(|e| e.instruction == instruction && e.executed && e.length > 5).count()
}

#[test]
fn a_card_without_a_management_key_is_given_none() {
    let rig = Rig::new();
    let card = rig.card("anna");
    let mark = card.apdus();
    let repair = RepairParams {
        select: Select::default(),
        pin: Some(pin("123456")),
        management_key: key(KEY),
        last_try: false,
    };
    assert_eq!(rig.call::<CardRepair>(&repair).unwrap_err().code, ErrorCode::NotSupported);
    assert_eq!(executed(&card, mark, VERIFY), 0);
}

#[test]
fn a_key_that_would_be_lost_is_not_overwritten() {
    let rig = rig("profile = \"yubikey-5.7\"");
    let first = made(&rig, "factory");
    let again = generate(Some(pin("123456")), key("factory"));
    let refused = rig.call::<CertGenerate>(&again).unwrap_err();
    assert_eq!(refused.code, ErrorCode::WouldOverwrite);
    assert!(refused.message.contains("9A"), "{refused}");
    let plan = PlaceParams { select: Select::default(), algorithm: P256, slot: Some("9A".to_owned()) };
    let plan = rig.call::<CertPlace>(&plan).unwrap();
    assert!(plan.overwrites_key && plan.slot.as_deref() == Some("9A") && plan.replaces.is_some());
    let allowed = GenerateParams { overwrite: true, ..again };
    let second = rig.call::<CertGenerate>(&allowed).unwrap();
    assert_ne!(first.public_key, second.public_key);
}

#[test]
fn products_of_a_new_key() {
    let rig = rig("profile = \"yubikey-5.7\"");
    let request = GenerateParams {
        product: Product::Request,
        slot: Some("9C".to_owned()),
        ..generate(Some(pin("123456")), None)
    };
    let reply = rig.call::<CertGenerate>(&request).unwrap();
    assert!(reply.request.is_some_and(|pem| pem.starts_with("-----BEGIN CERTIFICATE REQUEST-----\n")));
    assert_eq!((reply.certificate, reply.slot.as_deref()), (None, Some("9C")));
    let x25519 = KeyAlgorithm { family: KeyFamily::X25519, bits: 255 };
    let cannot = GenerateParams {
        algorithm: x25519,
        slot: Some("9D".to_owned()),
        ..generate(Some(pin("123456")), None)
    };
    assert_eq!(rig.call::<CertGenerate>(&cannot).unwrap_err().code, ErrorCode::NotSupported);
    let bare = GenerateParams {
        algorithm: x25519,
        slot: Some("9D".to_owned()),
        product: Product::Key,
        ..generate(Some(pin("123456")), None)
    };
    let reply = rig.call::<CertGenerate>(&bare).unwrap();
    assert!(reply.public_key.starts_with("-----BEGIN PUBLIC KEY-----\n") && reply.certificate.is_none());
    let card = rig.card("erik");
    let mark = card.apdus();
    for subject in ["", "nobody", "CN="] {
        let bad = GenerateParams { subject: subject.to_owned(), ..generate(Some(pin("123456")), None) };
        assert_eq!(rig.call::<CertGenerate>(&bad).unwrap_err().code, ErrorCode::BadRequest, "{subject}");
    }
    assert_eq!(card.apdus(), mark, "decided without the card");
}

#[test]
fn the_slot_decides_which_certificate_is_the_default_one() {
    let rig = rig("profile = \"yubikey-5.7\"");
    let retired = GenerateParams { slot: Some("82".to_owned()), ..generate(Some(pin("123456")), None) };
    let reply = rig.call::<CertGenerate>(&retired).unwrap();
    assert_eq!(reply.certificate.unwrap().id, "82");
    let make_default = CertWriteParams {
        select: Select::default(),
        certificate: "82".to_owned(),
        pin: Some(pin("123456")),
        management_key: None,
        last_try: false,
    };
    let refused = rig.call::<CertDefault>(&make_default).unwrap_err();
    assert_eq!(refused.code, ErrorCode::NotSupported);
    assert!(refused.message.contains("9A"), "{refused}");
    let to_9a = |slot: &str| MoveParams {
        select: Select::default(),
        certificate: "82".to_owned(),
        slot: slot.to_owned(),
        pin: None,
        management_key: key("factory"),
        last_try: false,
    };
    let mark = rig.card("erik").apdus();
    assert_eq!(rig.call::<CertMove>(&to_9a("77")).unwrap_err().code, ErrorCode::BadRequest);
    assert_eq!(rig.card("erik").apdus(), mark, "decided without the card");
    assert_eq!(rig.call::<CertMove>(&to_9a("82")).unwrap_err().code, ErrorCode::WouldOverwrite);
    let moved = rig.call::<CertMove>(&to_9a("9A")).unwrap();
    assert!(moved.id == "9a" && moved.default && moved.has_key);
    let details = rig.call::<CardShow>(&OnCard::default()).unwrap();
    assert_eq!(details.default_source, Some(DefaultSource::Slot9A));
    assert_eq!(details.certificates.iter().filter(|certificate| certificate.id == "82").count(), 0);
}

#[test]
fn deletions() {
    for (profile, key_gone) in [("yubikey-5.7", true), ("yubikey-4", false)] {
        let rig = rig(&format!("profile = \"{profile}\""));
        made(&rig, "factory");
        let delete = DeleteParams {
            select: Select::default(),
            certificate: "9a".to_owned(),
            keep_key: false,
            pin: None,
            management_key: key("factory"),
            last_try: false,
        };
        let reply = rig.call::<CertDelete>(&delete).unwrap();
        let stays = reply.orphans.iter().any(|orphan| orphan.contains("has no certificate any more"));
        assert_eq!(stays, !key_gone, "{profile}: {:?}", reply.orphans);
        let left = rig.call::<CertList>(&OnCard::default()).unwrap();
        assert!(left.iter().all(|certificate| certificate.id != "9a"), "{profile}");
    }
}

#[test]
fn pin_and_puk() {
    let rig = rig("profile = \"yubikey-5.7\"");
    let card = rig.card("erik");
    let pins = rig.call::<PinList>(&OnCard::default()).unwrap();
    let of = |role: Role| pins.iter().find(|pin| pin.role == role).unwrap();
    assert_eq!(
        (of(Role::ADMIN).pin_type, of(Role::ADMIN).kind, of(Role::ADMIN).tries_left),
        (PinType::UnblockOnly, PinKind::Typed, Some(3))
    );
    let start = UnblockStartParams { select: Select::default(), role: Role::USER };
    let told = rig.call::<UnblockStart>(&start).unwrap_err();
    assert!(told.code == ErrorCode::NotSupported && told.message.contains("unblock puk"), "{told}");

    let puk = |current: &str, new: &str| PinChangeParams {
        select: Select::default(),
        role: Role::ADMIN,
        current: Some(pin(current)),
        new: Some(pin(new)),
        last_try: false,
    };
    let wrong = rig.call::<PinChange>(&puk("00000000", "87654321")).unwrap_err();
    assert_eq!((wrong.code, wrong.tries_left), (ErrorCode::WrongPin, Some(2)));
    assert!(wrong.message.contains("PUK"), "{wrong}");
    rig.call::<PinChange>(&puk("12345678", "87654321")).unwrap();

    let unblock = |puk: &str, last_try: bool| UnblockPukParams {
        select: Select::default(),
        role: Role::USER,
        puk: Some(pin(puk)),
        new: Some(pin("654321")),
        last_try,
    };
    let mark = card.apdus();
    for (puk, last_try, end, sent) in [
        ("12345678", false, Some(ErrorCode::WrongPin), 1),
        ("1234", false, Some(ErrorCode::PinPolicy), 0),
        ("12345678", false, Some(ErrorCode::WrongPin), 1),
        ("12345678", false, Some(ErrorCode::LastTry), 0),
        ("87654321", true, None, 1),
    ] {
        let before = card.apdus();
        let end_now = rig.call::<UnblockPuk>(&unblock(puk, last_try)).err().map(|error| error.code);
        assert_eq!(end_now, end, "{puk}");
        assert_eq!(executed(&card, before, RESET_RETRY), sent, "{puk}");
    }
    assert_eq!(executed(&card, mark, CHANGE), 0);
    let tries = TriesParams {
        select: Select::default(),
        pin_tries: 8,
        puk_tries: 5,
        pin: pin("654321"),
        puk: pin("24682468"),
        management_key: None,
        last_try: false,
    };
    let pins = rig.call::<PinTries>(&tries).unwrap();
    let left = |role: Role| pins.iter().find(|pin| pin.role == role).and_then(|pin| pin.tries_left);
    assert_eq!((left(Role::USER), left(Role::ADMIN)), (Some(8), Some(5)));
    rig.call::<PinChange>(&puk("24682468", "13571357")).unwrap();
}

/// What a card cannot do is refused before a PIN is sent, so that a wrong one costs nothing.
#[test]
fn what_cannot_be_done_costs_no_try() {
    let write = |text: &str| CertWriteParams {
        select: Select::default(),
        certificate: text.to_owned(),
        pin: Some(pin("999999")),
        management_key: key("factory"),
        last_try: false,
    };
    for (profile, act) in [("plain", "tries"), ("yubikey-4", "move"), ("plain", "default")] {
        let rig = rig(&format!("profile = \"{profile}\""));
        let slot = if act == "default" { "9c" } else { "9a" };
        let params = GenerateParams {
            overwrite: true,
            slot: Some(slot.to_owned()),
            ..generate(Some(pin("123456")), key("factory"))
        };
        rig.call::<CertGenerate>(&params).unwrap();
        let card = rig.card("erik");
        let mark = card.apdus();
        let CertWriteParams { select, certificate, pin: wrong, management_key, last_try } = write(slot);
        let refused = match act {
            "tries" => {
                let (pin, puk) = (wrong.unwrap(), pin("24682468"));
                let (pin_tries, puk_tries) = (5, 5);
                let params = TriesParams { select, pin_tries, puk_tries, pin, puk, management_key, last_try };
                rig.call::<PinTries>(&params).unwrap_err()
            }
            "move" => {
                let slot = "82".to_owned();
                let params = MoveParams { select, certificate, slot, pin: wrong, management_key, last_try };
                rig.call::<CertMove>(&params).unwrap_err()
            }
            _ => rig.call::<CertDefault>(&write(slot)).unwrap_err(),
        };
        assert_eq!(refused.code, ErrorCode::NotSupported, "{act}: {refused}");
        assert_eq!(executed_with_data(&card, mark, VERIFY), 0, "{act}");
    }
}

/// A certificate that a key signs for itself takes the PIN, also where the management key is enough to make the key.
#[test]
fn a_key_is_not_made_that_could_not_sign() {
    let rig = rig("profile = \"yubikey-5.7\"");
    let card = rig.card("erik");
    for (slot, end) in [("9a", Some(ErrorCode::BadRequest)), ("9e", None)] {
        let mark = card.apdus();
        let params = GenerateParams { slot: Some(slot.to_owned()), ..generate(None, key("factory")) };
        let made = rig.call::<CertGenerate>(&params);
        assert_eq!(made.as_ref().err().map(|error| error.code), end, "{slot}: {made:?}");
        assert_eq!(executed(&card, mark, 0x47), usize::from(end.is_none()), "{slot}");
    }
    let params = GenerateParams { product: Product::Key, ..generate(None, key("factory")) };
    rig.call::<CertGenerate>(&params).unwrap();
}

#[test]
fn access_says_what_a_write_needs() {
    for (lines, protected, factory) in [
        ("profile = \"yubikey-5.7\"", false, Some(true)),
        ("profile = \"yubikey-4\"", false, None),
        (
            &format!("profile = \"yubikey-5.7\"\nmanagement-key = \"{KEY}\"\nprotected = true"),
            true,
            Some(false),
        ),
    ] {
        let rig = rig(lines);
        let access = rig.call::<CardAccess>(&OnCard::default()).unwrap();
        let key = access.management_key.unwrap();
        assert_eq!((key.protected, key.factory, access.pin_pad), (protected, factory, false), "{lines}");
    }
}

/// The same card in another reader is the same card; two cards of one serial number are told apart by the reader.
#[test]
fn cards_are_told_apart() {
    let toml = format!(
        "[[reader]]\nname = \"{READER}\"\ncard = \"erik\"\n\n[[reader]]\nname = \"{OTHER}\"\ncard = \"twin\"\n\n{}{}",
        "[[card]]\nname = \"erik\"\nkind = \"piv\"\nprofile = \"yubikey-5.7\"\nserial = 11223344\n\n",
        "[[card]]\nname = \"twin\"\nkind = \"piv\"\nprofile = \"yubikey-5.7\"\nserial = 11223344\n"
    );
    let readers = Arc::new(VirtualReaders::from_description(&toml).unwrap());
    let rig = Rig::on(Arc::clone(&readers), Duration::from_secs(600));
    let show = |reader: Option<&str>, card: Option<&str>| {
        let select = Select { reader: reader.map(str::to_owned), card: card.map(str::to_owned) };
        rig.call::<CardShow>(&OnCard { select })
    };
    for card in [None, Some("11223344"), Some("00AB4130")] {
        assert_eq!(show(None, card).unwrap_err().code, ErrorCode::SeveralCards, "{card:?}");
        assert_eq!(show(Some(OTHER), card).unwrap().reader, OTHER, "{card:?}");
    }
    let shown = show(Some(READER), None).unwrap();
    assert_eq!((shown.card.edge, shown.card.serial.as_deref()), (Edge::Piv, Some("11223344")));
    let mut events = rig.events();
    readers.remove(OTHER).unwrap();
    readers.remove(READER).unwrap();
    readers.insert(OTHER, Some("erik")).unwrap();
    let identified =
        |change: &Change| matches!(change, Change::CardIdentified { reader, .. } if reader == OTHER);
    // Once as known from before, once as put in again.
    events.by_ref().filter(identified).nth(1);
    let moved = show(None, Some("11223344")).unwrap();
    assert_eq!((moved.reader.as_str(), moved.card), (OTHER, shown.card));
}

/// What a card cannot do is refused before a PIN is spent on it: here always a wrong one.
#[test]
fn no_try_is_spent_on_what_the_card_cannot_do() {
    let protected = format!("management-key = \"{KEY}\"\nprotected = true");
    let (old, plain) = (format!("profile = \"yubikey-4\"\n{protected}"), "profile = \"plain\"");
    let tries = |rig: &Rig| {
        let params = TriesParams {
            select: Select::default(),
            pin_tries: 5,
            puk_tries: 5,
            pin: pin("999999"),
            puk: pin("12345678"),
            management_key: key("factory"),
            last_try: false,
        };
        rig.call::<PinTries>(&params).err()
    };
    let move_it = |rig: &Rig| {
        let params = MoveParams {
            select: Select::default(),
            certificate: "9a".to_owned(),
            slot: "82".to_owned(),
            pin: Some(pin("999999")),
            management_key: None,
            last_try: false,
        };
        rig.call::<CertMove>(&params).err()
    };
    let make_default = |rig: &Rig| {
        let params = CertWriteParams {
            select: Select::default(),
            certificate: "9c".to_owned(),
            pin: Some(pin("999999")),
            management_key: None,
            last_try: false,
        };
        rig.call::<CertDefault>(&params).err()
    };
    type Act<'a> = &'a dyn Fn(&Rig) -> Option<shared::Error>;
    let rows: [(&str, &str, &str, Act<'_>); 3] = [
        ("tries", plain, "factory", &tries),
        ("move", &old, KEY, &move_it),
        ("default", &old, KEY, &make_default),
    ];
    for (name, lines, management_key, act) in rows {
        let rig = rig(lines);
        for slot in ["9A", "9C"] {
            let params = GenerateParams {
                slot: Some(slot.to_owned()),
                overwrite: true,
                ..generate(Some(pin("123456")), key(management_key))
            };
            rig.call::<CertGenerate>(&params).unwrap();
        }
        let card = rig.card("erik");
        let mark = card.apdus();
        let error = act(&rig).unwrap();
        assert_eq!(error.code, ErrorCode::NotSupported, "{name}: {error}");
        assert_eq!(executed_with_data(&card, mark, VERIFY), 0, "{name}");
    }
}

/// What fits no card is refused before the key that it would replace is lost.
#[test]
fn a_key_is_not_lost_to_a_certificate_that_cannot_be() {
    let rig = rig("profile = \"yubikey-5.7\"");
    let first = made(&rig, "factory").public_key;
    let card = rig.card("erik");
    let named = |count: usize, value: &str| GenerateParams {
        alternative_names: vec![AlternativeName { kind: "dns".to_owned(), value: value.to_owned() }; count],
        ..generate(Some(pin("123456")), key("factory"))
    };
    let long = format!("{}.example.org", "a".repeat(63));
    let endless = "a.".repeat(50_000);
    for (row, params) in [
        ("a name too many", named(17, "example.org")),
        ("names too long", named(16, &long)),
        ("an endless name", named(1, &endless)),
        ("no name", named(1, "a b")),
        ("no day", GenerateParams { days: 0, ..named(0, "") }),
        (
            "a subject too long",
            GenerateParams { subject: format!("CN={}", "x".repeat(1 << 20)), ..named(0, "") },
        ),
    ] {
        let mark = card.apdus();
        let error = rig.call::<CertGenerate>(&GenerateParams { overwrite: true, ..params }).unwrap_err();
        assert_eq!(error.code, ErrorCode::BadRequest, "{row}: {error}");
        assert!(error.message.len() < 500, "{row}");
        assert_eq!(executed_with_data(&card, mark, VERIFY), 0, "{row}");
    }
    let listed = rig.call::<CertList>(&OnCard::default()).unwrap();
    assert!(listed.iter().any(|certificate| certificate.id == "9a"), "{first}");
    rig.call::<CertGenerate>(&GenerateParams { overwrite: true, ..named(16, "host.example.org") }).unwrap();
}
