//! PINs: how they stand, and changing them. What can be refused here never reaches the card.

use card::{Error as CardError, SmartCard};
use shared::model::{Card, Csn, PinKind, PinPolicy, PinStatus, Role};
use shared::rpc::events::{Cause, Change, PinEvent};
use shared::rpc::methods::{OnCard, PinChangeParams};
use shared::secret::Pin;
use shared::{Error, ErrorCode, Result};

use crate::errors::{self, Failure};
use crate::registry::{Registry, Target};
use crate::service::Service;

/// The PINs of a card.
pub fn list(service: &Service, params: &OnCard) -> Result<Vec<PinStatus>> {
    let target = service.registry().find(&params.select)?;
    let worker = target.worker.clone();
    worker.ask(move |desk, turn| desk.operate(turn, &target, |card| Ok(card.pins()?)))
}

/// Changes a PIN.
pub fn change(service: &Service, params: PinChangeParams) -> Result<PinStatus> {
    let target = service.registry().find(&params.select)?;
    let worker = target.worker.clone();
    worker.ask(move |desk, turn| {
        let PinChangeParams { role, current, new, last_try, .. } = &params;
        let changed = desk.operate(turn, &target, |card| {
            confirm(card, &target)?;
            let pins = card.pins()?;
            fits(find(&pins, *role)?.policy.as_ref(), new)?;
            if current.bytes() == new.bytes() {
                let words = "The new PIN is the same as the current one. Nothing was sent.";
                return Err(Error::new(ErrorCode::PinPolicy, words).into());
            }
            admit(&pins, *role, current, *last_try)?;
            card.change_pin(*role, current, new)?;
            Ok(find(&card.pins()?, *role)?.clone())
        });
        report(desk.registry(), &target, *role, changed.as_ref().err());
        let status = changed?;
        if let Some(csn) = &target.card.csn {
            desk.registry().publish(Change::PinChanged(event(&target.reader, csn, &status)));
        }
        Ok(status)
    })
}

/// Presents the primary card PIN, if nothing that can be known beforehand speaks against it.
pub(crate) fn present(
    card: &mut dyn SmartCard,
    target: &Target,
    pin: &Pin,
    last_try: bool,
) -> std::result::Result<(), Failure> {
    confirm(card, target)?;
    admit(&card.pins()?, Role::USER, pin, last_try)?;
    Ok(card.verify(Role::USER, pin)?)
}

/// Makes sure that the card in the transaction is the one that the request was for. If it is not, though nobody
/// took it out, another program has personalised it: it is looked at again.
pub(crate) fn confirm(card: &mut dyn SmartCard, target: &Target) -> std::result::Result<Card, Failure> {
    let identity = card.identify()?;
    if identity == target.card {
        return Ok(identity);
    }
    target.worker.identify(target.generation);
    let words = "This is not the card it was a moment ago. Nothing was sent; try again.";
    Err(Error::new(ErrorCode::CardChanged, words).into())
}

/// Refuses what is bound to fail, and the last try unless it was asked for.
pub(crate) fn admit(pins: &[PinStatus], role: Role, pin: &Pin, last_try: bool) -> Result<()> {
    let status = find(pins, role)?;
    if status.kind == PinKind::ChallengeResponse {
        return Err(Error::new(ErrorCode::NotSupported, "This is a key, not a PIN that can be typed."));
    }
    if status.blocked {
        return Err(errors::blocked());
    }
    if pin.is_empty() {
        return Err(Error::new(ErrorCode::PinPolicy, "The PIN is empty. Nothing was sent."));
    }
    if let Some(violation) = status.policy.as_ref().and_then(|policy| policy.check(pin).err()) {
        let words = format!("This cannot be the PIN: {violation}. Nothing was sent; no try was used.");
        return Err(Error::new(ErrorCode::PinPolicy, words));
    }
    if status.tries_left == Some(1) && !last_try {
        let words = "Only one try is left: a wrong PIN blocks it. Nothing was sent. If you are sure of the PIN, \
                     say so with --last-try.";
        return Err(Error { tries_left: Some(1), ..Error::new(ErrorCode::LastTry, words) });
    }
    Ok(())
}

/// Whether a new PIN fits the policy.
pub(crate) fn fits(policy: Option<&PinPolicy>, new: &Pin) -> Result<()> {
    match policy.map_or(Ok(()), |policy| policy.check(new)) {
        Ok(()) if new.is_empty() => Err(Error::new(ErrorCode::PinPolicy, "The new PIN is empty.")),
        Ok(()) => Ok(()),
        Err(violation) => Err(Error::new(
            ErrorCode::PinPolicy,
            format!("The card does not take this new PIN: {violation}. Nothing was sent."),
        )),
    }
}

/// The PIN of a role.
pub(crate) fn find(pins: &[PinStatus], role: Role) -> Result<&PinStatus> {
    pins.iter()
        .find(|pin| pin.role == role)
        .ok_or_else(|| errors::card(&CardError::NotFound(format!("PIN number {}", role.0))))
}

/// Tells subscribers of a wrong or blocked PIN.
pub(crate) fn report(registry: &Registry, target: &Target, role: Role, error: Option<&Error>) {
    let (Some(error), Some(csn)) = (error, &target.card.csn) else { return };
    if error.code != ErrorCode::WrongPin {
        return;
    }
    let event = PinEvent {
        reader: target.reader.clone(),
        csn: csn.clone(),
        role,
        tries_left: error.tries_left,
        cause: Cause::User,
    };
    registry.publish(Change::PinFailed(event.clone()));
    if error.tries_left == Some(0) {
        registry.publish(Change::PinBlocked(event));
    }
}

/// An event about a PIN, brought about by a request.
pub(crate) fn event(reader: &str, csn: &Csn, status: &PinStatus) -> PinEvent {
    PinEvent {
        reader: reader.to_owned(),
        csn: csn.clone(),
        role: status.role,
        tries_left: status.tries_left,
        cause: Cause::User,
    }
}
