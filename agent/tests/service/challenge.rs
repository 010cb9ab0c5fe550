//! A challenge is answered once, by the right response, while it is the card's. Anything else sends nothing.

use std::time::Duration;

use card::virt::{Fault, FaultKind};
use shared::ErrorCode;
use shared::model::Role;
use shared::rpc::events::Change;
use shared::rpc::methods::{
    CertList, Challenge, OnCard, PinList, Select, UnblockCancel, UnblockFinish, UnblockFinishParams,
    UnblockStart, UnblockStartParams, UnblockState, UnblockStatus,
};
use shared::secret::ResponseText;
use shared::unblock::{checksum_text, parse_key, respond};

use crate::harness::{ADMIN_KEY, AUTHENTICATE, READER, RESET_RETRY, Rig, executed, pin};

pub(crate) fn start(rig: &Rig) -> Challenge {
    rig.call::<UnblockStart>(&UnblockStartParams { select: Select::default(), role: Role::USER }).unwrap()
}

fn status(rig: &Rig) -> UnblockState {
    rig.call::<UnblockStatus>(&OnCard::default()).unwrap()
}

pub(crate) fn response(challenge: &Challenge) -> String {
    let key = parse_key(ADMIN_KEY.as_bytes()).unwrap();
    let response = respond(&challenge.challenge.0, &key, None).unwrap();
    shared::hex::grouped(&response, 4)
}

pub(crate) fn finish(rig: &Rig, response: &str, new: &str) -> Result<shared::model::PinStatus, ErrorCode> {
    let params = UnblockFinishParams {
        select: Select::default(),
        challenge: None,
        response: ResponseText::from(response.as_bytes()),
        new: Some(pin(new)),
    };
    rig.call::<UnblockFinish>(&params).map_err(|error| error.code)
}

fn blocked() -> Rig {
    blocked_with_lock(Duration::from_secs(600))
}

fn blocked_with_lock(lock: Duration) -> Rig {
    let rig = Rig::with_lock(lock);
    rig.card("anna").gids(|gids| gids.set_pin_tries_left(0));
    rig
}

#[test]
fn the_right_response_unblocks() {
    type Typed = fn(&str, &str) -> String;
    let ways: [(u64, Typed); 3] = [
        (600, |response, _| response.to_owned()),
        (600, |response, sum| format!("{response} {sum}").to_lowercase()),
        (0, |response, _| response.replace(' ', "-")),
    ];
    for (lock, write) in ways {
        let rig = blocked_with_lock(Duration::from_secs(lock));
        let challenge = start(&rig);
        assert_eq!(challenge.checksum, checksum_text(&challenge.challenge.0));
        assert!(matches!(status(&rig), UnblockState::Good { .. }));
        let typed = response(&challenge);
        let sum = checksum_text(&shared::hex::decode(typed.replace(' ', "").as_bytes()).unwrap());
        let pin = finish(&rig, &write(&typed, &sum), "8642").unwrap();
        assert_eq!((pin.tries_left, pin.blocked), (Some(3), false));
        let card = rig.card("anna");
        assert_eq!(card.gids(|gids| gids.pin_is(b"8642")), Some(true));
        assert_eq!(card.gids(|gids| gids.admin_authenticated()), Some(false), "logged out");
        assert!(matches!(status(&rig), UnblockState::Void { .. }), "a challenge is answered once");
        assert!(rig.call::<CertList>(&OnCard::default()).is_ok(), "the card is let go of");
    }
}

#[test]
fn what_cannot_be_right_is_not_sent() {
    let rig = blocked();
    let challenge = start(&rig);
    let card = rig.card("anna");
    let mark = card.apdus();
    let right = response(&challenge);
    for (typed, new, code) in [
        ("", "8642", ErrorCode::BadResponse),
        ("B0A1", "8642", ErrorCode::BadResponse),
        ("B0A1 6747 47F4 EB8G", "8642", ErrorCode::BadResponse),
        ("B0A1 6747 47F4 EB87 0000", "8642", ErrorCode::BadResponse),
        (&right, "123", ErrorCode::PinPolicy),
        (&right, "", ErrorCode::PinPolicy),
        (&right, "12345678901234567", ErrorCode::PinPolicy),
    ] {
        assert_eq!(finish(&rig, typed, new).unwrap_err(), code, "{typed} {new}");
    }
    assert_eq!(executed(&card, mark, AUTHENTICATE), 0);
    assert!(finish(&rig, &right, "8642").is_ok(), "the challenge was still good");
}

#[test]
fn a_wrong_response_is_sent_once_and_uses_the_challenge_up() {
    let rig = blocked();
    start(&rig);
    let card = rig.card("anna");
    let mark = card.apdus();
    assert_eq!(finish(&rig, "0000 0000 0000 0000", "8642").unwrap_err(), ErrorCode::WrongResponse);
    assert_eq!(finish(&rig, "0000 0000 0000 0000", "8642").unwrap_err(), ErrorCode::ChallengeVoid);
    assert_eq!(executed(&card, mark, AUTHENTICATE), 1);
    assert_eq!(executed(&card, mark, RESET_RETRY), 0);
    assert_eq!(card.gids(|gids| gids.pin_is(b"123456")), Some(true));
}

/// Everything that ends a challenge from outside: afterwards nothing is sent and nothing is counted.
#[test]
fn a_void_challenge_sends_nothing() {
    let select = |rig: &Rig| {
        rig.card("anna")
            .transmit_as_other(&[0, 0xA4, 4, 0, 9, 0xA0, 0, 0, 3, 0x97, 0x42, 0x54, 0x46, 0x59, 0]);
    };
    let reset = |rig: &Rig| rig.readers.reset(READER).unwrap();
    let swap = |rig: &Rig| {
        let mut events = rig.events();
        rig.readers.remove(READER).unwrap();
        events.find(|change| matches!(change, Change::ChallengeVoid { .. }));
        rig.readers.insert(READER, Some("anna")).unwrap();
        events.find(|change| matches!(change, Change::CardIdentified { .. }));
    };
    let pull = |rig: &Rig| rig.readers.remove(READER).unwrap();
    let cancel = |rig: &Rig| {
        rig.call::<UnblockCancel>(&OnCard::default()).unwrap();
    };
    type Disturbance = fn(&Rig);
    let cases: [(&str, u64, Disturbance); 7] = [
        ("selected again", 0, select),
        ("selected again under the lock", 600, select),
        ("reset", 0, reset),
        ("reset under the lock", 600, reset),
        ("taken out and put in again", 600, swap),
        ("pulled", 0, pull),
        ("given up", 600, cancel),
    ];
    for (case, lock, disturb) in cases {
        let rig = blocked_with_lock(Duration::from_secs(lock));
        let challenge = start(&rig);
        // Also makes sure that a lock of no time has ended.
        while !matches!(status(&rig), UnblockState::Good { locked, .. } if locked == (lock > 0)) {}
        let card = rig.card("anna");
        let mark = card.apdus();
        disturb(&rig);
        let end = finish(&rig, &response(&challenge), "8642").err();
        assert_eq!(end, Some(ErrorCode::ChallengeVoid), "{case}");
        assert!(matches!(status(&rig), UnblockState::Void { .. }), "{case}");
        assert_eq!(executed(&card, mark, AUTHENTICATE), 0, "{case}");
        assert_eq!(executed(&card, mark, RESET_RETRY), 0, "{case}");
        assert_eq!(card.gids(|gids| gids.pin_tries_left()), Some(0), "{case}");
    }
}

#[test]
fn without_a_challenge_there_is_nothing_to_finish() {
    let rig = blocked();
    assert_eq!(status(&rig), UnblockState::None);
    assert_eq!(finish(&rig, "0000 0000 0000 0000", "8642").unwrap_err(), ErrorCode::ChallengeVoid);
}

#[test]
fn while_it_goes_on_the_card_is_left_alone() {
    let rig = blocked();
    let first = start(&rig);
    let card = rig.card("anna");
    let mark = card.apdus();
    assert_eq!(rig.call::<PinList>(&OnCard::default()).unwrap_err().code, ErrorCode::Busy);
    assert_eq!(card.apdus(), mark);
    assert!(matches!(status(&rig), UnblockState::Good { .. }));
    let second = start(&rig);
    assert_ne!(first.challenge, second.challenge);
    assert!(finish(&rig, &response(&second), "8642").is_ok());
}

/// A card on which the mark cannot be left: the transaction vouches for the challenge, and without it nobody does.
#[test]
fn a_card_that_keeps_no_mark() {
    for (lock, end) in [(600, None), (0, Some(ErrorCode::ChallengeVoid))] {
        let rig = blocked_with_lock(Duration::from_secs(lock));
        let card = rig.card("anna");
        // The second SELECT is the one of the file.
        card.inject(Fault::at_instruction(0xA4, 2, FaultKind::Status(0x6A82)));
        let challenge = start(&rig);
        while lock == 0 && matches!(status(&rig), UnblockState::Good { locked: true, .. }) {}
        let mark = card.apdus();
        assert_eq!(finish(&rig, &response(&challenge), "8642").err(), end, "{lock}");
        assert_eq!(executed(&card, mark, AUTHENTICATE), usize::from(end.is_none()), "{lock}");
    }
}

#[test]
fn a_response_to_another_challenge_is_not_sent() {
    let rig = blocked();
    let first = start(&rig);
    let second = start(&rig);
    let mark = rig.card("anna").apdus();
    let params = |challenge: &Challenge| UnblockFinishParams {
        select: Select::default(),
        challenge: Some(challenge.challenge.clone()),
        response: ResponseText::from(response(challenge).as_bytes()),
        new: Some(pin("8642")),
    };
    let refused = rig.call::<UnblockFinish>(&params(&first)).unwrap_err();
    assert_eq!(refused.code, ErrorCode::ChallengeVoid);
    assert_eq!(executed(&rig.card("anna"), mark, AUTHENTICATE), 0);
    assert!(rig.call::<UnblockFinish>(&params(&second)).is_ok(), "the second challenge is still good");
}

#[test]
fn a_start_that_cannot_succeed_costs_no_challenge() {
    let rig = blocked();
    let challenge = start(&rig);
    let other = UnblockStartParams { select: Select::default(), role: Role(5) };
    assert_eq!(rig.call::<UnblockStart>(&other).unwrap_err().code, ErrorCode::Busy);
    assert!(finish(&rig, &response(&challenge), "8642").is_ok());
}

/// A card that goes at any moment: told as done is done, and what was done is told as done or as not known.
#[test]
fn what_was_set_is_told() {
    for nth in 1.. {
        let rig = blocked();
        let challenge = start(&rig);
        let card = rig.card("anna");
        let mark = card.apdus();
        card.inject(Fault::at(nth, FaultKind::RemovedAfter));
        let told = finish(&rig, &response(&challenge), "8642");
        let set = card.gids(|gids| gids.pin_is(b"8642")) == Some(true);
        assert!(set || told.is_err(), "gone after APDU {nth}");
        let sent = executed(&card, mark, AUTHENTICATE);
        match told {
            Err(ErrorCode::ChallengeVoid) => assert_eq!(sent, 0, "gone after APDU {nth}"),
            Err(_) => assert_eq!(sent, 1, "gone after APDU {nth}"),
            Ok(_) => {}
        }
        if card.log_since(mark).iter().all(|exchange| exchange.status.is_some()) {
            assert!(nth > 4, "the fault did not happen");
            break;
        }
    }
}

#[test]
fn a_wrong_response_is_told_to_subscribers() {
    let rig = blocked();
    let mut events = rig.events();
    start(&rig);
    assert_eq!(finish(&rig, "0000 0000 0000 0000", "8642").unwrap_err(), ErrorCode::WrongResponse);
    events.find(|change| matches!(change, Change::ChallengeVoid { .. }));
}

#[test]
fn another_card_knows_nothing_of_a_challenge() {
    let rig = blocked();
    start(&rig);
    let mut events = rig.events();
    rig.readers.remove(READER).unwrap();
    events.find(|change| matches!(change, Change::ChallengeVoid { .. }));
    assert!(matches!(status(&rig), UnblockState::Void { .. }));
    rig.readers.insert(READER, Some("berta")).unwrap();
    events.find(|change| matches!(change, Change::CardIdentified { .. }));
    assert_eq!(status(&rig), UnblockState::None);
}

/// A card with a PUK takes no response, so nobody is sent to the telephone.
#[test]
fn a_card_with_a_puk_gives_no_challenge() {
    let rig = Rig::new();
    let mut events = rig.events();
    rig.readers.remove(READER).unwrap();
    events.find(|change| matches!(change, Change::CardRemoved { .. }));
    rig.readers.insert(READER, Some("with-puk")).unwrap();
    events.find(|change| matches!(change, Change::CardIdentified { .. }));
    let asked = UnblockStartParams { select: Select::default(), role: Role::USER };
    let error = rig.call::<UnblockStart>(&asked).unwrap_err();
    assert_eq!(error.code, ErrorCode::NotSupported);
    assert!(error.message.contains("kortti unblock puk"));
}
