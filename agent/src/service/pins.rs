//! PINs: how they stand, and changing them. What can be refused here never reaches the card.

use card::{Error as CardError, PinEntry, SmartCard};
use shared::config::PinRules;
use shared::model::{Card, Csn, PinKind, PinPolicy, PinStatus, PinType, PolicySource, PolicyViolation, Role};
use shared::rpc::events::{Cause, Change, PinEvent};
use shared::rpc::methods::{OnCard, PinChangeParams, TriesParams};
use shared::secret::Pin;
use shared::{Error, ErrorCode, Result};

use crate::errors::{self, Failure};
use crate::registry::{Registry, Target};
use crate::service::authority::Authority;
use crate::service::{Service, rules};
use crate::worker::Turn;

/// The PINs of a card.
pub fn list(service: &Service, params: &OnCard) -> Result<Vec<PinStatus>> {
    let target = service.registry().find(&params.select)?;
    target.ask(move |desk, turn, target| {
        let pins = desk.operate(turn, target, |card| Ok(card.pins()?))?;
        Ok(rules::shown(pins, &desk.policy().config.pin))
    })
}

/// Changes a PIN.
pub fn change(service: &Service, params: PinChangeParams) -> Result<PinStatus> {
    let target = service.registry().find(&params.select)?;
    target.ask(move |desk, turn, target| {
        let PinChangeParams { role, last_try, .. } = &params;
        let rules = desk.policy().config.pin.clone();
        let (current, new) =
            (entry(params.current.as_ref(), target.pin_pad)?, entry(params.new.as_ref(), target.pin_pad)?);
        let changed = desk.operate(turn, target, |card| {
            confirm(card, target)?;
            let pins = card.pins()?;
            fits(find(&pins, *role)?.policy.as_ref(), &rules, new)?;
            if let (PinEntry::Typed(current), PinEntry::Typed(new)) = (current, new)
                && current.bytes() == new.bytes()
            {
                let words = "The new PIN is the same as the current one. Nothing was sent.";
                return Err(Error::new(ErrorCode::PinPolicy, words).into());
            }
            admit(&pins, &rules, *role, current, *last_try)?;
            if !turn.commit() {
                return Err(left());
            }
            card.change_pin(*role, current, new)?;
            Ok(after_setting(card, *role, find(&pins, *role)?.policy.clone()))
        });
        report(desk.registry(), target, *role, changed.as_ref().err());
        let status = changed?;
        desk.touched(target, &[*role], false);
        if let Some(csn) = &target.card.csn {
            desk.registry().publish(Change::PinChanged(event(&target.reader, csn, &status)));
        }
        Ok(status)
    })
}

/// Sets how many tries PIN and PUK have.
pub fn set_tries(service: &Service, params: TriesParams) -> Result<Vec<PinStatus>> {
    let target = service.registry().find(&params.select)?;
    if params.pin_tries == 0 || params.puk_tries == 0 {
        let words = "A PIN without tries could never be used. Nothing was sent.";
        return Err(Error::new(ErrorCode::BadRequest, words));
    }
    if target.pin_pad {
        let words = "This reader keeps PINs to itself, and this takes a PIN and a PUK to be set anew. Use a reader \
                     without keys of its own.";
        return Err(Error::new(ErrorCode::NotSupported, words));
    }
    target.ask(move |desk, turn, target| {
        let TriesParams { pin, puk, pin_tries, puk_tries, .. } = &params;
        let rules = desk.policy().config.pin.clone();
        let authority = Authority::of(&rules, Some(pin), params.management_key.as_ref(), params.last_try)?;
        let set = desk.operate(turn, target, |card| {
            let pins = card.pins()?;
            fits(find(&pins, Role::ADMIN)?.policy.as_ref(), &rules, PinEntry::Typed(puk))?;
            let (pin, puk) = ((*pin_tries, pin), (*puk_tries, puk));
            card.admits(&card::Change::Tries { pin, puk })?;
            authority.prove(card, target, turn)?;
            card.set_tries(pin, puk).map_err(tries_failed)?;
            // They are set; a card that goes now has them.
            Ok(card.pins().unwrap_or(pins))
        });
        report(desk.registry(), target, Role::USER, set.as_ref().err());
        if set.is_ok() {
            desk.touched(target, &[Role::USER, Role::ADMIN], false);
        }
        set
    })
}

/// Why the number of tries was not set. Once it was, PIN and PUK are not those that anybody expects.
fn tries_failed(error: CardError) -> Failure {
    let words = match &error {
        CardError::WriteFailed { .. } => {
            "The tries are set, and PIN and PUK may be those of the factory now. Find out with `kortti card show`, and \
             change them with `kortti pin change`."
        }
        CardError::Transport(_) => {
            "PIN and PUK may be those of the factory now. Look at the card before you try again."
        }
        _ => return error.into(),
    };
    let mut told = match &error {
        CardError::WriteFailed { cause, .. } => errors::card(cause),
        error => errors::card(error),
    };
    told.code = errors::card(&error).code;
    told.message = format!("{} {words}", told.message);
    told.into()
}

/// Presents the primary card PIN, if nothing that can be known beforehand speaks against it.
pub(crate) fn present(
    card: &mut dyn SmartCard,
    target: &Target,
    turn: &Turn,
    rules: &PinRules,
    pin: PinEntry<'_>,
    last_try: bool,
) -> std::result::Result<(), Failure> {
    confirm(card, target)?;
    admit(&card.pins()?, rules, Role::USER, pin, last_try)?;
    if !turn.commit() {
        return Err(left());
    }
    match card.verify(Role::USER, pin) {
        Err(CardError::PinRefused) => {
            let words =
                "The card refuses this as its PIN, for its length or its characters. Nothing was written.";
            Err(Error::new(ErrorCode::PinPolicy, words).into())
        }
        verified => Ok(verified?),
    }
}

/// How a PIN gets to the card: as it came with the request, or from the reader's own keys, where it has them.
pub(crate) fn entry(pin: Option<&Pin>, pin_pad: bool) -> Result<PinEntry<'_>> {
    match (pin, pin_pad) {
        (Some(pin), false) => Ok(PinEntry::Typed(pin)),
        (None, true) => Ok(PinEntry::Pad),
        (None, false) => Err(Error::new(ErrorCode::BadRequest, "The PIN is missing. Nothing was sent.")),
        (Some(_), true) => Err(Error::new(
            ErrorCode::BadRequest,
            "This reader has keys of its own: the PIN is typed there and nowhere else. Nothing was sent.",
        )),
    }
}

/// Whoever asked has gone, and has been told that no PIN is sent.
pub(crate) fn left() -> Failure {
    Error::new(ErrorCode::Busy, "Nobody waits for this any more. Nothing was sent.").into()
}

/// How a PIN stands that has just been set. It is set whether or not the card can still be asked: a card that goes
/// now must not look as if the old PIN were good.
pub(crate) fn after_setting(card: &mut dyn SmartCard, role: Role, policy: Option<PinPolicy>) -> PinStatus {
    let asked = card.pins().ok().and_then(|pins| find(&pins, role).ok().cloned());
    asked.unwrap_or(PinStatus {
        role,
        pin_type: PinType::PrimaryCardPin,
        kind: PinKind::Typed,
        tries_left: None,
        tries_max: None,
        blocked: false,
        policy,
        changed_by: vec![role],
        unblocked_by: vec![Role::ADMIN],
    })
}

/// Why a response that was sent did not unblock the PIN.
pub(crate) fn response_refused(error: &CardError) -> Error {
    match error {
        CardError::ChallengeVoid(_) => Error::new(
            ErrorCode::ChallengeVoid,
            "The card had no challenge any more when the response came, and did not judge it. Start again with \
             `kortti unblock`.",
        ),
        CardError::PinRefused => Error::new(
            ErrorCode::PinPolicy,
            "The response was right, but the card refuses this new PIN, for its length or its characters. The \
             challenge is used up and the PIN is unchanged. Start again with `kortti unblock`, and another PIN.",
        ),
        CardError::PadEnded(_) => {
            let mut error = errors::card(error);
            error.message.push_str(
                " The response was right, but no new PIN was set: the challenge is used up and the PIN is unchanged. \
                 Start again with `kortti unblock`.",
            );
            error
        }
        CardError::Transport(_) => {
            let mut error = errors::card(error);
            error.message.push_str(
                " The response had been sent: whether the new PIN is set is not known. Look at the card before you \
                 try again.",
            );
            error
        }
        error => errors::card(error),
    }
}

/// Makes sure that the card in the transaction is the one that the request was for.
pub(crate) fn confirm(card: &mut dyn SmartCard, target: &Target) -> std::result::Result<Card, Failure> {
    let identity = card.identify()?;
    if identity == target.card {
        return Ok(identity);
    }
    let words = "This is not the card it was a moment ago. Nothing was sent; try again.";
    Err(Error::new(ErrorCode::CardChanged, words).into())
}

/// Refuses what is bound to fail, and the last try unless it was asked for.
pub(crate) fn admit(
    pins: &[PinStatus],
    rules: &PinRules,
    role: Role,
    pin: PinEntry<'_>,
    last_try: bool,
) -> Result<()> {
    let status = find(pins, role)?;
    if status.kind == PinKind::ChallengeResponse {
        return Err(Error::new(ErrorCode::NotSupported, "This is a key, not a PIN that can be typed."));
    }
    if status.blocked {
        return Err(errors::blocked(role));
    }
    let name = if role == Role::ADMIN { "PUK" } else { "PIN" };
    if let PinEntry::Typed(pin) = pin {
        if pin.is_empty() {
            let words = format!("The {name} is empty. Nothing was sent.");
            return Err(Error::new(ErrorCode::PinPolicy, words));
        }
        if let Some(violation) = status.policy.as_ref().and_then(|policy| cannot_be(policy, pin)) {
            let words = format!("This cannot be the {name}: {violation}. Nothing was sent; no try was used.");
            return Err(Error::new(ErrorCode::PinPolicy, words));
        }
    }
    if status.tries_left == Some(1) {
        rules::last_try(rules)?;
    }
    if status.tries_left == Some(1) && !last_try {
        let words = format!(
            "Only one try is left: a wrong {name} blocks it. Nothing was sent. If you are sure of the {name}, say so \
             with --last-try."
        );
        return Err(Error { tries_left: Some(1), ..Error::new(ErrorCode::LastTry, words) });
    }
    Ok(())
}

/// Why this cannot be a PIN that the card has. A policy that is only assumed says what is safe to set; a card may
/// have a longer PIN, with other characters, set by another program, but none is known that has a shorter one.
fn cannot_be(policy: &PinPolicy, pin: &Pin) -> Option<PolicyViolation> {
    let violation = policy.check(pin).err()?;
    let certain = policy.source == PolicySource::Card || matches!(violation, PolicyViolation::TooShort(_));
    certain.then_some(violation)
}

/// Whether a new PIN fits the policy.
pub(crate) fn fits(policy: Option<&PinPolicy>, rules: &PinRules, new: PinEntry<'_>) -> Result<()> {
    // What is typed on the reader is for the card to judge.
    let PinEntry::Typed(new) = new else { return Ok(()) };
    match policy.map_or(Ok(()), |policy| rules::new_pin(policy, rules).check(new)) {
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
