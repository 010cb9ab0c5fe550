//! Cards, readers and events that the tests of several modules need.

use shared::hex::Hex;
use shared::model::{
    Card, CheckUp, Concern, Csn, Edge, PinCharacters, PinKind, PinPolicy, PinStatus, PinType, PolicySource,
    Reader, Role, Service,
};
use shared::rpc::events::{Cause, Change, PinEvent};
use shared::rpc::methods::StatusReply;

/// The name of the reader.
pub(crate) const R: &str = "Reader 00 00";

pub(crate) fn csn() -> Csn {
    Csn::new(&[0x7D, 0x1F, 0x93, 0xC2, 0xA4, 0xE0, 0x5B, 0x68])
}

pub(crate) fn card() -> Card {
    Card { edge: Edge::Gids, csn: Some(csn()), name: "GIDS card".into(), serial: None }
}

pub(crate) fn pin_status(role: Role, tries_left: Option<u8>) -> PinStatus {
    PinStatus {
        role,
        pin_type: if role == Role::ADMIN { PinType::UnblockOnly } else { PinType::PrimaryCardPin },
        kind: PinKind::Typed,
        tries_left,
        tries_max: Some(3),
        blocked: tries_left == Some(0),
        policy: Some(PinPolicy {
            min_length: 4,
            max_length: 8,
            characters: PinCharacters::Digits,
            complexity: None,
            source: PolicySource::Card,
        }),
        changed_by: vec![role],
        unblocked_by: vec![Role::ADMIN],
    }
}

pub(crate) fn check(tries: u8, concerns: Vec<Concern>) -> CheckUp {
    CheckUp {
        time: "2026-05-04T12:00:00Z".into(),
        pins: vec![pin_status(Role::USER, Some(tries))],
        certificates: 2,
        concerns,
        told: vec![],
    }
}

pub(crate) fn snapshot(readers: Vec<Reader>) -> Change {
    Change::Snapshot(Box::new(StatusReply {
        version: "0.1.0".into(),
        pid: 7,
        r#virtual: true,
        service: Service::Up,
        readers,
        preferred: None,
        desktop: None,
    }))
}

pub(crate) fn inserted() -> Change {
    Change::CardInserted { reader: R.into(), atr: Hex(vec![0x3B, 0]) }
}

pub(crate) fn identified() -> Change {
    Change::CardIdentified { reader: R.into(), card: card(), initialised: true }
}

pub(crate) fn checked(tries: u8, concerns: Vec<Concern>) -> Change {
    Change::CardChecked { reader: R.into(), csn: csn(), check: Box::new(check(tries, concerns)) }
}

pub(crate) fn removed(cause: Cause) -> Change {
    Change::CardRemoved { reader: R.into(), csn: Some(csn()), cause }
}

pub(crate) fn pin(role: Role, tries_left: Option<u8>, cause: Cause) -> PinEvent {
    PinEvent { reader: R.into(), csn: csn(), role, tries_left, cause }
}
