//! Other programs use the card too, readers hang, and the service goes and comes.

use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use card::transport::Readers as _;
use card::virt::{Fault, FaultKind};
use shared::ErrorCode;
use shared::model::{ReaderState, Role, Service};
use shared::rpc::events::Change;
use shared::rpc::methods::{
    CertList, Empty, OnCard, PinChange, PinChangeParams, PinList, Select, Status, UnblockStart,
    UnblockStartParams,
};

use crate::harness::{CHANGE, OTHER, READER, Rig, VERIFY, executed, pin};

fn on(reader: &str) -> OnCard {
    OnCard { select: Select { reader: Some(reader.to_owned()), card: None } }
}

fn change() -> PinChangeParams {
    PinChangeParams {
        select: Select::default(),
        role: Role::USER,
        current: Some(pin("123456")),
        new: Some(pin("654321")),
        last_try: false,
    }
}

#[test]
fn at_rest_the_card_is_not_spoken_to() {
    let rig = Rig::new();
    rig.call::<CertList>(&OnCard::default()).unwrap();
    let mark = rig.card("anna").apdus();
    rig.call::<Status>(&Empty {}).unwrap();
    assert_eq!(rig.card("anna").apdus(), mark);
    rig.call::<CertList>(&OnCard::default()).unwrap();
    assert_eq!(rig.card("anna").apdus(), mark + 2, "a warm list costs SELECT and the freshness counters");
}

/// What another program does with the card behind our back is seen at the next look.
#[test]
fn a_changed_card_is_read_again() {
    let rig = Rig::new();
    let card = rig.card("anna");
    assert!(rig.call::<CertList>(&OnCard::default()).unwrap().is_empty());
    let mark = card.apdus();
    card.gids(|gids| gids.set_object(0xA010, 0xDF22, Some(&[0, 0, 1, 0, 1, 0]))).unwrap().unwrap();
    rig.call::<CertList>(&OnCard::default()).unwrap();
    assert!(card.apdus() > mark + 2);
}

/// A reset before the PIN is sent is made good for; after it, nothing that carries a PIN is sent again.
#[test]
fn a_reset_in_the_middle_costs_no_second_try() {
    let rig = Rig::new();
    let card = rig.card("anna");
    let mark = card.apdus();
    rig.call::<PinList>(&OnCard::default()).unwrap();
    let list = card.apdus() - mark;
    for nth in 1..=list {
        card.inject(Fault::at(u32::try_from(nth).unwrap(), FaultKind::Reset));
        assert!(rig.call::<PinList>(&OnCard::default()).is_ok(), "redone after a reset at APDU {nth}");
    }
    for nth in 1.. {
        let rig = Rig::new();
        let card = rig.card("anna");
        let mark = card.apdus();
        card.inject(Fault::at(nth, FaultKind::Reset));
        let changed = rig.call::<PinChange>(&change());
        let verifies =
            card.log_since(mark).iter().filter(|e| e.instruction == VERIFY && e.parameters == 0x0080).count();
        let changes = card.log_since(mark).iter().filter(|e| e.instruction == CHANGE).count();
        assert!(verifies <= 1 && changes <= 1, "reset at APDU {nth}");
        let reached = card.log_since(mark).iter().any(|exchange| exchange.status.is_none());
        if !reached {
            assert!(changed.is_ok());
            break;
        }
        if let Err(error) = changed {
            assert_eq!(error.code, ErrorCode::CardReset, "reset at APDU {nth}");
            assert_eq!(verifies, 1, "reset at APDU {nth} before the PIN is made good for");
        }
    }
}

#[test]
fn a_card_that_another_program_keeps_is_busy() {
    let rig = Rig::new();
    let start = UnblockStartParams { select: Select::default(), role: Role::USER };
    rig.readers.hold(READER, true).unwrap();
    for (holders, named) in [
        (&[][..], "for itself. Try"),
        (&["scdaemon (1234)"], "for itself: scdaemon (1234). Try"),
        (
            &["scdaemon (1234)", "firefox (99)"],
            "for itself, one of these: scdaemon (1234), firefox (99). Try",
        ),
    ] {
        rig.readers.set_holders(READER, holders).unwrap();
        let mut events = rig.events();
        let error = rig.call::<PinList>(&OnCard::default()).unwrap_err();
        assert_eq!(error.code, ErrorCode::Busy);
        let busy = events.find(|change| matches!(change, Change::CardBusy { .. })).unwrap();
        assert!(
            matches!(&busy, Change::CardBusy { reader, csn: Some(_), holders: told } if reader == READER && told == holders),
            "{busy:?}"
        );
        assert!(error.message.contains(named), "{error}");
        let error = rig.call::<UnblockStart>(&start).unwrap_err();
        assert!(error.message.contains(named), "{error}");
    }
    rig.readers.hold(READER, false).unwrap();
    assert!(rig.call::<PinList>(&OnCard::default()).is_ok());
}

/// A program that sits in a transaction is waited for, within limits; what was given up is never done.
#[test]
fn what_was_given_up_is_never_sent() {
    let rig = Rig::new();
    let card = rig.card("anna");
    let (begun, has_begun) = channel();
    let (release, released) = channel::<()>();
    let readers = rig.readers.clone();
    let other = thread::spawn(move || {
        let mut connection = readers.connect(READER).unwrap();
        let transaction = connection.begin().unwrap();
        begun.send(()).unwrap();
        let _ = released.recv();
        drop(transaction);
    });
    has_begun.recv().unwrap();
    let mark = card.apdus();
    let asked = Instant::now();
    rig.readers.set_holders(READER, &["scdaemon (1234)"]).unwrap();
    let mut events = rig.events();
    let error = rig.call::<PinChange>(&change()).unwrap_err();
    assert_eq!(error.code, ErrorCode::Busy);
    assert!(error.message.contains("keeps the card: scdaemon (1234). Nothing was sent"), "{error}");
    events.find(
        |change| matches!(change, Change::CardBusy { holders, .. } if holders[..] == ["scdaemon (1234)"]),
    );
    assert!(asked.elapsed() < Duration::from_secs(20));
    release.send(()).unwrap();
    other.join().unwrap();
    assert!(rig.call::<PinList>(&OnCard::default()).is_ok());
    assert_eq!(executed(&card, mark, VERIFY), 0);
    assert_eq!(card.gids(|gids| gids.pin_is(b"123456")), Some(true));
}

#[test]
fn a_reader_that_hangs_stops_nobody_else() {
    let rig = Rig::new();
    let mut events = rig.events();
    rig.readers.insert(OTHER, None).unwrap();
    events.find(|change| matches!(change, Change::CardIdentified { reader, .. } if reader == OTHER));
    rig.readers.hang(READER, true).unwrap();
    thread::scope(|scope| {
        let hanging = scope.spawn(|| rig.call::<PinList>(&on(READER)));
        for _ in 0..20 {
            assert!(rig.call::<PinList>(&on(OTHER)).is_ok());
        }
        rig.readers.remove_reader(OTHER).unwrap();
        events.find(|change| matches!(change, Change::ReaderRemoved { .. }));
        assert_eq!(rig.call::<Status>(&Empty {}).unwrap().readers.len(), 1);
        rig.readers.hang(READER, false).unwrap();
        assert!(hanging.join().unwrap().is_ok());
    });
}

#[test]
fn the_service_goes_and_comes() {
    let rig = Rig::new();
    let mut events = rig.events();
    rig.readers.set_service(false);
    events.find(|change| matches!(change, Change::ServiceDown { .. }));
    let status = rig.call::<Status>(&Empty {}).unwrap();
    assert!(matches!(status.service, Service::Down { .. }) && status.readers.is_empty());
    assert_eq!(rig.call::<PinList>(&OnCard::default()).unwrap_err().code, ErrorCode::NoService);
    let back = Instant::now();
    rig.readers.set_service(true);
    events.find(|change| matches!(change, Change::CardIdentified { .. }));
    assert!(back.elapsed() < Duration::from_secs(10), "{:?}", back.elapsed());
    assert!(rig.call::<PinList>(&OnCard::default()).is_ok());
}

#[test]
fn cards_that_cannot_be_used_are_shown() {
    let rig = Rig::new();
    let mut events = rig.events();
    rig.readers.insert(OTHER, Some("unknown")).unwrap();
    events.find(|change| matches!(change, Change::CardUnusable { .. }));
    let status = rig.call::<Status>(&Empty {}).unwrap();
    let shown = &status.readers[1];
    assert_eq!(shown.state, ReaderState::UnknownCard);
    assert!(shown.atr.is_some() && shown.detail.is_some());
    assert_eq!(rig.call::<PinList>(&on(OTHER)).unwrap_err().code, ErrorCode::UnknownCard);
    assert!(rig.call::<PinList>(&OnCard::default()).is_ok(), "the only usable card needs no name");
    rig.readers.remove(OTHER).unwrap();
    rig.readers.insert(OTHER, Some("new")).unwrap();
    events.find(|change| matches!(change, Change::CardIdentified { initialised: false, .. }));
    assert_eq!(rig.call::<CertList>(&on(OTHER)).unwrap_err().code, ErrorCode::NotInitialised);
}

/// What kept a card may have passed: the next request looks again, and nobody has to take the card out.
#[test]
fn a_card_that_was_kept_when_it_came_in_is_looked_at_again() {
    let rig = Rig::new();
    let mut events = rig.events();
    rig.readers.hold(OTHER, true).unwrap();
    rig.readers.set_holders(OTHER, &["scdaemon (1234)"]).unwrap();
    rig.readers.insert(OTHER, None).unwrap();
    let busy = events.find(|change| matches!(change, Change::CardBusy { .. })).unwrap();
    assert!(matches!(&busy, Change::CardBusy { csn: None, holders, .. } if holders.len() == 1), "{busy:?}");
    events.find(|change| matches!(change, Change::CardUnusable { state: ReaderState::Busy, .. }));
    let error = rig.call::<PinList>(&on(OTHER)).unwrap_err();
    assert_eq!(error.code, ErrorCode::Busy);
    assert!(error.message.contains("scdaemon (1234)"), "{error}");
    rig.readers.hold(OTHER, false).unwrap();
    assert!(rig.call::<PinList>(&on(OTHER)).is_ok());
}

/// Whoever waits for an operation of Kortti's own is not told that another program keeps the card.
#[test]
fn an_operation_of_our_own_is_no_other_program() {
    let rig = Rig::new();
    rig.readers.set_holders(READER, &["scdaemon (1234)"]).unwrap();
    rig.readers.hang(READER, true).unwrap();
    let (told, ends) = channel();
    thread::scope(|scope| {
        // One of them has the card, whichever came first.
        for _ in 0..2 {
            scope.spawn(|| told.send(rig.call::<PinList>(&on(READER))).unwrap());
        }
        let error = ends.recv().unwrap().unwrap_err();
        rig.readers.hang(READER, false).unwrap();
        assert_eq!(error.code, ErrorCode::Busy);
        assert!(error.message.starts_with("Kortti is busy with this card"), "{error}");
        assert!(ends.recv().unwrap().is_ok());
    });
}

/// A card that hangs while it is identified is waited for once, and then others are served at once.
#[test]
fn a_card_that_hangs_when_it_comes_in_keeps_nobody_waiting() {
    let rig = Rig::new();
    let mut events = rig.events();
    rig.readers.hang(OTHER, true).unwrap();
    rig.readers.insert(OTHER, None).unwrap();
    events.find(|change| matches!(change, Change::CardInserted { .. }));
    assert!(rig.call::<PinList>(&OnCard::default()).is_ok());
    let asked = Instant::now();
    assert!(rig.call::<PinList>(&OnCard::default()).is_ok());
    assert!(asked.elapsed() < Duration::from_secs(4));
    rig.readers.hang(OTHER, false).unwrap();
    events.find(|change| matches!(change, Change::CardIdentified { reader, .. } if reader == OTHER));
}

/// A card that becomes another one while it is in, because an administrator writes its serial number, is looked at
/// again: the next request finds it.
#[test]
fn a_card_that_changes_its_serial_number_is_identified_again() {
    let rig = Rig::new();
    let card = rig.card("anna");
    card.gids(|gids| gids.set_object(0xA012, 0xDF20, Some(&[7; 16]))).unwrap().unwrap();
    assert_eq!(rig.call::<PinChange>(&change()).unwrap_err().code, ErrorCode::CardChanged);
    assert_eq!(card.gids(|gids| gids.pin_is(b"123456")), Some(true));
    assert!(rig.call::<PinChange>(&change()).is_ok());
}

/// The card goes after CHANGE REFERENCE DATA: the PIN is changed, and the answer does not deny it.
#[test]
fn a_pin_that_was_changed_is_told_as_changed() {
    for nth in 1.. {
        let rig = Rig::new();
        let card = rig.card("anna");
        let mark = card.apdus();
        card.inject(Fault::at(nth, FaultKind::RemovedAfter));
        let told = rig.call::<PinChange>(&change());
        let changed = card.gids(|gids| gids.pin_is(b"654321")) == Some(true);
        let sent = executed(&card, mark, VERIFY) > 0;
        match told {
            Ok(_) => assert!(changed, "gone after APDU {nth}"),
            Err(error) => {
                assert_eq!(error.code, ErrorCode::CardRemoved, "gone after APDU {nth}");
                assert_eq!(error.message.contains("not known"), sent, "gone after APDU {nth}: {error}");
            }
        }
        if card.log_since(mark).iter().all(|exchange| exchange.status.is_some()) {
            break;
        }
    }
}

/// An operation whose turn comes when the agent is ending already is not begun.
#[test]
fn nothing_begins_once_the_agent_ends() {
    let rig = Rig::new();
    let card = rig.card("anna");
    let service = rig.service();
    let mark = card.apdus();
    card.before_next_transaction(move |_| {
        let ending = service.clone();
        thread::spawn(move || ending.finish(Duration::from_secs(20)));
        while !service.is_stopping() {
            thread::yield_now();
        }
    });
    assert_eq!(rig.call::<PinChange>(&change()).unwrap_err().code, ErrorCode::NoAgent);
    assert_eq!(card.apdus(), mark);
}
