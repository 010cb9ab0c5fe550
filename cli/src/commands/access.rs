//! What authorises a write: how the tries stand, and then what card and reader want, and nothing else.

use shared::ErrorCode;
use shared::model::{ManagementKey, PinKind, PinStatus, Role};
use shared::rpc::methods::{Access, CardAccess, OnCard, Select};
use shared::secret::{KeyText, Pin};
use shared::words::{is_blocked, last_try_warning, pin_name, tries_sentence};

use crate::args;
use crate::exit::{Failure, failure, usage};
use crate::output::note;
use crate::session::Session;
use crate::terminal::Secrets;

/// What goes into a request that writes.
pub(super) struct Authority {
    /// The primary card PIN, where it is wanted and typed here.
    pub pin: Option<Pin>,
    /// The management key, where it is wanted or was given.
    pub management_key: Option<KeyText>,
    /// Whether the last try of the PIN may be used.
    pub last_try: bool,
}

/// What an operation wants of the card beside leave to write.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wants {
    /// The use of a key that wants the PIN.
    pub pin: bool,
    /// The use of a key that wants a touch.
    pub touch: bool,
}

/// How the PINs of a bound card stand, and what a write to it takes.
///
/// # Errors
/// Those of [`CardAccess`].
pub(super) fn access(session: &mut Session, select: &Select) -> Result<Access, Failure> {
    session.call::<CardAccess>(&OnCard { select: select.clone() })
}

/// Asks for what a write to a bound card takes: the management key where nobody but whoever typed it can give it to the
/// card, and the PIN unless such a key is all it takes.
///
/// # Errors
/// See [`may_be_tried`], [`Secrets::pin`] and [`Secrets::management_key`].
pub(super) fn authorise(
    session: &mut Session,
    select: &Select,
    options: &args::CardWrite,
    secrets: &mut Secrets,
    wants: Wants,
) -> Result<Authority, Failure> {
    let access = access(session, select)?;
    let key_is_typed = match &access.management_key {
        Some(key) => options.management_key.is_given() || !opens_without_typing(key),
        None if options.management_key.is_given() => {
            return Err(usage("This card has no management key. Leave out the option that gives one."));
        }
        None => false,
    };
    let pin = if wants.pin || !key_is_typed { Some(typed_pin(&access.pins, Role::USER)?) } else { None };
    if let Some(pin) = pin {
        refuse_blocked(pin)?;
    }
    let management_key =
        if key_is_typed { Some(secrets.management_key(&options.management_key)?) } else { None };
    let is_factory = |key: &KeyText| key.bytes().eq_ignore_ascii_case(b"factory");
    if management_key.as_ref().is_some_and(is_factory)
        || access.management_key.is_some_and(|key| key.factory == Some(true))
    {
        note(FACTORY_KEY);
    }
    let mut authority = Authority { pin: None, management_key, last_try: options.write.last_try };
    if let Some(pin) = pin {
        authority.last_try = may_be_tried(pin, &access, options.write.last_try, secrets)?;
        if access.pin_pad {
            say(secrets, "Type the PIN on the reader.");
        } else {
            authority.pin = Some(secrets.pin("PIN")?);
        }
    }
    if wants.touch || access.management_key.is_some_and(|key| key.touch == Some(true)) {
        say(secrets, "Touch the device when it blinks.");
    }
    Ok(authority)
}

const FACTORY_KEY: &str = "Warning: the management key of the factory opens this card, and everybody knows it. Whoever \
                           sets up cards should give this one a key of its own.";

/// Whether nobody needs to type this key: the card keeps it for whoever has the PIN, or says that it still is the
/// factory's.
fn opens_without_typing(key: &ManagementKey) -> bool {
    key.protected || key.factory == Some(true)
}

/// Tells whoever sits there something that belongs to what was asked, also when nothing is asked here.
pub(super) fn say(secrets: &Secrets, sentence: &str) {
    match secrets.terminal() {
        Some(terminal) => terminal.say(sentence),
        None => note(sentence),
    }
}

/// The PIN of a role.
///
/// # Errors
/// [`ErrorCode::NotFound`], [`ErrorCode::NotSupported`] for a key.
pub(super) fn typed_pin(pins: &[PinStatus], role: Role) -> Result<&PinStatus, Failure> {
    let pin = pins.iter().find(|pin| pin.role == role).ok_or_else(|| no_such_pin(role))?;
    match pin.kind {
        PinKind::Typed => Ok(pin),
        PinKind::ChallengeResponse => {
            let message = format!("Role {} is a key, not a PIN. See: kortti pin list", role.0);
            Err(failure(ErrorCode::NotSupported, message))
        }
    }
}

/// Why a command finds no PIN.
pub(super) fn no_such_pin(role: Role) -> Failure {
    failure(ErrorCode::NotFound, format!("The card has no PIN with role {}. See: kortti pin list", role.0))
}

/// Refuses a PIN or PUK that has no try left.
fn refuse_blocked(pin: &PinStatus) -> Result<(), Failure> {
    if !is_blocked(pin) {
        return Ok(());
    }
    let name = pin_name(pin);
    let message = if pin.unblocked_by.is_empty() {
        format!("The {name} is blocked, and nobody can unblock it. Ask your administrator for another card.")
    } else {
        format!("The {name} is blocked. Unblock it with: kortti unblock")
    };
    Err(told(ErrorCode::PinBlocked, &message, Some(0)))
}

/// Decides, before anything is typed, whether a PIN or PUK may be tried, and says how many tries it has. The
/// answer is whether its last try may be used.
///
/// # Errors
/// [`ErrorCode::PinBlocked`], and [`ErrorCode::LastTry`] where nobody allowed it.
pub(super) fn may_be_tried(
    pin: &PinStatus,
    access: &Access,
    allowed: bool,
    secrets: &Secrets,
) -> Result<bool, Failure> {
    refuse_blocked(pin)?;
    let name = pin_name(pin);
    if pin.tries_left == Some(1) && !allowed {
        let warning = last_try_warning(pin, access);
        let Some(terminal) = secrets.terminal() else {
            return Err(last_try(&format!("{warning} Allow it with --last-try.")));
        };
        let doubt = if pin.unblocked_by.is_empty() {
            let too = if pin.role == Role::ADMIN { ", nor a blocked PIN" } else { "" };
            format!("Nobody can unblock the {name} then{too}.")
        } else {
            format!(
                "If you do not know the {name} for certain, say no, and set a new one with: kortti unblock."
            )
        };
        if terminal.yes(&format!("{warning} {doubt} Go on?"))? {
            return Ok(true);
        }
        return Err(last_try(&format!("The last try was not allowed, so the {name} was not asked for.")));
    }
    if let Some(terminal) = secrets.terminal() {
        terminal.say(&tries_sentence(pin.tries_left));
    }
    Ok(allowed)
}

fn last_try(message: &str) -> Failure {
    told(ErrorCode::LastTry, &format!("{message} Nothing was sent to the card."), Some(1))
}

fn told(code: ErrorCode, message: &str, tries_left: Option<u8>) -> Failure {
    Failure::Error(shared::Error { tries_left, ..shared::Error::new(code, message) })
}
