//! What can be refused without the card never reaches it, and one entry is one try.

use shared::ErrorCode;
use shared::model::Role;
use shared::rpc::methods::{
    CertList, CertParams, CertView, OnCard, PinChange, PinChangeParams, PinList, Select, UnblockPuk,
    UnblockPukParams,
};

use crate::harness::{CHANGE, READER, Rig, VERIFY, executed, pin};

fn change(current: &str, new: &str, last_try: bool) -> PinChangeParams {
    PinChangeParams {
        select: Select::default(),
        role: Role::USER,
        current: Some(pin(current)),
        new: Some(pin(new)),
        last_try,
    }
}

/// Tries before, what is asked, how it ends, tries after, and how many VERIFY and CHANGE the card saw.
#[test]
fn a_pin_change_costs_what_it_must() {
    for (tries, current, new, last_try, end, after, verifies, changes) in [
        (3, "123456", "654321", false, None, 3, 1, 1),
        (2, "123456", "6543", false, None, 3, 1, 1),
        (3, "111111", "654321", false, Some(ErrorCode::WrongPin), 2, 1, 0),
        (2, "111111", "654321", false, Some(ErrorCode::WrongPin), 1, 1, 0),
        (1, "111111", "654321", false, Some(ErrorCode::LastTry), 1, 0, 0),
        (1, "123456", "654321", false, Some(ErrorCode::LastTry), 1, 0, 0),
        (1, "123456", "654321", true, None, 3, 1, 1),
        (1, "111111", "654321", true, Some(ErrorCode::WrongPin), 0, 1, 0),
        (0, "123456", "654321", true, Some(ErrorCode::PinBlocked), 0, 0, 0),
        (3, "123456", "123", false, Some(ErrorCode::PinPolicy), 3, 0, 0),
        (3, "123456", "12345678901234567", false, Some(ErrorCode::PinPolicy), 3, 0, 0),
        (3, "123456", "grün12", false, Some(ErrorCode::PinPolicy), 3, 0, 0),
        (3, "123456", "", false, Some(ErrorCode::PinPolicy), 3, 0, 0),
        (3, "123456", "123456", false, Some(ErrorCode::PinPolicy), 3, 0, 0),
        (3, "", "654321", false, Some(ErrorCode::PinPolicy), 3, 0, 0),
        (3, "123", "654321", false, Some(ErrorCode::PinPolicy), 3, 0, 0),
        // The card would split old and new at the stored length and set "56789999".
        (3, "1234", "56789999", false, Some(ErrorCode::WrongPin), 2, 1, 0),
    ] {
        let row = format!("{tries} {current} {new} {last_try}");
        let rig = Rig::new();
        let card = rig.card("anna");
        card.gids(|gids| gids.set_pin_tries_left(tries));
        let mark = card.apdus();
        let changed = rig.call::<PinChange>(&change(current, new, last_try));
        assert_eq!(changed.as_ref().err().map(|error| error.code), end, "{row}");
        assert_eq!(card.gids(|gids| gids.pin_tries_left()), Some(after), "{row}");
        let now = if end.is_none() { new } else { "123456" };
        assert_eq!(card.gids(|gids| gids.pin_is(now.as_bytes())), Some(true), "{row}");
        let verified =
            card.log_since(mark).iter().filter(|e| e.instruction == VERIFY && e.parameters == 0x0080).count();
        assert_eq!(verified, verifies, "{row}");
        assert_eq!(executed(&card, mark, CHANGE), changes, "{row}");
        assert_eq!(card.gids(|gids| gids.pin_verified()), Some(false), "{row}: the card is left logged out");
        match changed {
            Ok(status) => assert_eq!(status.tries_left, Some(3), "{row}"),
            Err(error) if error.code == ErrorCode::WrongPin => {
                assert_eq!(error.tries_left, Some(after), "{row}");
            }
            Err(_) => {}
        }
    }
}

#[test]
fn what_is_not_there_is_said() {
    let rig = Rig::new();
    let wrong_role = PinChangeParams { role: Role(3), ..change("123456", "654321", false) };
    assert_eq!(rig.call::<PinChange>(&wrong_role).unwrap_err().code, ErrorCode::NotFound);
    let key = PinChangeParams { role: Role::ADMIN, ..change("123456", "654321", false) };
    assert_eq!(rig.call::<PinChange>(&key).unwrap_err().code, ErrorCode::NotSupported);
    let puk = UnblockPukParams {
        select: Select::default(),
        role: Role::USER,
        puk: Some(pin("12345678")),
        new: Some(pin("654321")),
        last_try: false,
    };
    assert_eq!(rig.call::<UnblockPuk>(&puk).unwrap_err().code, ErrorCode::NotSupported);
    for (select, code) in [
        (Select { reader: Some("Reader 09 00".into()), card: None }, ErrorCode::NoReader),
        (Select { reader: Some("Reader 00".into()), card: None }, ErrorCode::NoReader),
        (Select { reader: Some("Reader 01 00".into()), card: None }, ErrorCode::NoCard),
        (Select { reader: None, card: Some("FFFFFFFF".into()) }, ErrorCode::NoCard),
        (Select { reader: Some(READER.into()), card: Some("C45A0E91".into()) }, ErrorCode::NoCard),
    ] {
        let error = rig.call::<PinList>(&OnCard { select: select.clone() }).unwrap_err();
        assert_eq!(error.code, code, "{select:?}");
    }
    assert_eq!(rig.card("anna").gids(|gids| gids.pin_tries_left()), Some(3));
}

#[test]
fn one_of_several_cards_must_be_named() {
    let rig = Rig::new();
    let mut events = rig.events();
    rig.readers.insert(crate::harness::OTHER, None).unwrap();
    events.find(|change| matches!(change, shared::rpc::events::Change::CardIdentified { reader, .. } if reader == crate::harness::OTHER));
    assert_eq!(rig.call::<PinList>(&OnCard::default()).unwrap_err().code, ErrorCode::SeveralCards);
    for select in [
        Select { reader: Some(READER.into()), card: None },
        Select { reader: None, card: Some("7d1f93c2 a4e05b68 b19c3d2e 6f804a57".into()) },
        Select { reader: None, card: Some("{c2931f7d-e0a4-685b-b19c-3d2e6f804a57}".into()) },
    ] {
        assert!(rig.call::<PinList>(&OnCard { select }).is_ok());
    }
}

/// The thumbprint that Windows shows names a certificate too; too few digits of it name none.
#[test]
fn a_certificate_is_named_by_its_thumbprints() {
    let readers = std::sync::Arc::new(card::virt::VirtualReaders::demo());
    readers.remove("Kortti Virtual Reader 01 00").unwrap();
    let rig = Rig::on(readers, std::time::Duration::from_secs(600));
    let listed = rig.call::<CertList>(&OnCard::default()).unwrap();
    let [sha1, sha256] = [&listed[0].sha1, &listed[0].sha256].map(|sum| sum.as_ref().unwrap().to_string());
    let view = |text: &str| {
        let params = CertParams { select: Select::default(), certificate: text.to_owned() };
        rig.call::<CertView>(&params).map(|view| view.summary.id).map_err(|error| error.code)
    };
    for named in [&sha1[..8], &sha1.to_lowercase(), &sha256[..8], &sha256, "0", "KXC00"] {
        assert_eq!(view(named).as_ref(), Ok(&listed[0].id), "{named}");
    }
    for unknown in [&sha1[..7], "", "9", "FFFFFFFFFF"] {
        assert_eq!(view(unknown), Err(ErrorCode::NotFound), "{unknown}");
    }
}
