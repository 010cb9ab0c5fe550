//! `pin`: how PINs stand, what they must look like, and a new one instead of an old one.

use serde::Serialize;
use shared::ErrorCode;
use shared::model::{PinKind, PinPolicy, PinStatus, PinType, Role};
use shared::rpc::methods::{OnCard, PinChange, PinChangeParams, PinList, Select};

use crate::args::{self, Global};
use crate::exit::{Failure, failure};
use crate::output::{Output, Row, table, wrap};
use crate::session::Session;
use crate::terminal::Secrets;
use crate::words::{self, tries_sentence};

#[derive(Serialize)]
struct Pins<'a> {
    pins: &'a [PinStatus],
}

#[derive(Serialize)]
struct Policies<'a> {
    policies: &'a [Policy<'a>],
}

#[derive(Serialize)]
struct Policy<'a> {
    role: Role,
    pin_type: PinType,
    policy: &'a PinPolicy,
}

/// `pin …`
pub(super) fn run(verb: args::Pin, global: &Global, output: Output) -> Result<(), Failure> {
    match verb {
        args::Pin::List => {
            let pins = Session::open(global)?.on_card::<PinList>(|select| OnCard { select })?;
            output.show(Pins { pins: &pins }, || pins_table(&pins, output.width))
        }
        args::Pin::Policy { role } => policy(role, global, output),
        args::Pin::Change { which, write } => change(Role(which.role), &write, global, output),
    }
}

/// The PINs of a card, as a table.
pub(super) fn pins_table(pins: &[PinStatus], width: Option<usize>) -> String {
    let rows: Vec<Row> = pins
        .iter()
        .map(|pin| {
            let kind = match pin.kind {
                PinKind::Typed => "PIN",
                PinKind::ChallengeResponse => "key",
            };
            Row::new([
                pin.role.0.to_string(),
                pin.pin_type.to_string(),
                kind.to_owned(),
                words::tries_cell(pin),
                words::roles(&pin.changed_by),
                words::roles(&pin.unblocked_by),
            ])
        })
        .collect();
    table(&["ROLE", "PIN TYPE", "KIND", "TRIES LEFT", "~CHANGED BY", "~UNBLOCKED BY"], &rows, width)
}

fn policy(role: Option<u8>, global: &Global, output: Output) -> Result<(), Failure> {
    let pins = Session::open(global)?.on_card::<PinList>(|select| OnCard { select })?;
    let policies: Vec<Policy<'_>> = pins
        .iter()
        .filter(|pin| role.is_none_or(|role| pin.role == Role(role)))
        .filter_map(|pin| {
            Some(Policy { role: pin.role, pin_type: pin.pin_type, policy: pin.policy.as_ref()? })
        })
        .collect();
    if let (Some(role), true) = (role, policies.is_empty()) {
        return Err(no_such_pin(Role(role)));
    }
    output.show(Policies { policies: &policies }, || policies_table(&policies, output.width))
}

/// The policies as a table, whose last column goes on in the next line.
fn policies_table(policies: &[Policy<'_>], width: Option<usize>) -> String {
    const HEADERS: [&str; 3] = ["ROLE", "PIN TYPE", "A NEW PIN HAS"];
    let [role, pin_type, _] = HEADERS.map(str::len);
    let pin_type = policies.iter().map(|pin| pin.pin_type.to_string().len()).fold(pin_type, usize::max);
    let room = width.map(|width| width.saturating_sub(role + 2 + pin_type + 2));
    let mut rows = Vec::new();
    for pin in policies {
        let mut names = [pin.role.0.to_string(), pin.pin_type.to_string()];
        for line in wrap(&words::policy_sentence(pin.policy), room) {
            let [role, pin_type] = std::mem::take(&mut names);
            rows.push(Row::new([role, pin_type, line]));
        }
    }
    table(&HEADERS, &rows, width)
}

fn change(role: Role, write: &args::Write, global: &Global, output: Output) -> Result<(), Failure> {
    let mut secrets = Secrets::open(&write.secrets)?;
    let mut session = Session::open(global)?;
    let select = session.bind(secrets.terminal())?;
    let pins = session.call::<PinList>(&OnCard { select: select.clone() })?;
    let pin = typed_pin(&pins, role)?;
    let last_try = may_be_tried(pin, write.last_try, &secrets)?;
    let name = if pins.iter().filter(|pin| pin.kind == PinKind::Typed).count() > 1 {
        format!("Current PIN ({})", pin.pin_type)
    } else {
        "Current PIN".to_owned()
    };
    let current = secrets.pin(&name)?;
    let new = secrets.new_pin(pin.policy.as_ref())?;
    let params = PinChangeParams { select, role, current, new, last_try };
    let pin = session.call::<PinChange>(&params)?;
    output.show(&pin, || format!("The PIN is changed. {}\n", tries_sentence(pin.tries_left)))
}

/// The primary card PIN for a write to a bound card, and whether its last try may be used.
///
/// # Errors
/// See [`may_be_tried`] and [`Secrets::pin`].
pub(super) fn primary(
    session: &mut Session,
    select: &Select,
    write: &args::Write,
    secrets: &mut Secrets,
) -> Result<(shared::secret::Pin, bool), Failure> {
    let pins = session.call::<PinList>(&OnCard { select: select.clone() })?;
    let last_try = may_be_tried(typed_pin(&pins, Role::USER)?, write.last_try, secrets)?;
    Ok((secrets.pin("PIN")?, last_try))
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

/// Decides, before anything is typed, whether a PIN or PUK may be tried, and says how many tries it has. The
/// answer is whether its last try may be used.
///
/// # Errors
/// [`ErrorCode::PinBlocked`], and [`ErrorCode::LastTry`] where nobody allowed it.
pub(super) fn may_be_tried(pin: &PinStatus, allowed: bool, secrets: &Secrets) -> Result<bool, Failure> {
    let name = if pin.pin_type == PinType::UnblockOnly { "PUK" } else { "PIN" };
    if pin.blocked || pin.tries_left == Some(0) {
        let message = if pin.unblocked_by.is_empty() {
            format!(
                "The {name} is blocked, and nobody can unblock it. Ask your administrator for another card."
            )
        } else {
            format!("The {name} is blocked. Unblock it with: kortti unblock.")
        };
        return Err(told(ErrorCode::PinBlocked, &message, Some(0)));
    }
    if pin.tries_left == Some(1) && !allowed {
        let Some(terminal) = secrets.terminal() else {
            let message =
                format!("This is the last try. A wrong {name} blocks the card. Allow it with --last-try.");
            return Err(last_try(&message));
        };
        let doubt = if pin.unblocked_by.is_empty() {
            String::from("Nobody can unblock it then.")
        } else {
            format!(
                "If you do not know the {name} for certain, say no, and set a new one with: kortti unblock."
            )
        };
        if terminal.yes(&format!("This is the last try. A wrong {name} blocks the card. {doubt} Go on?"))? {
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

fn no_such_pin(role: Role) -> Failure {
    failure(ErrorCode::NotFound, format!("The card has no PIN with role {}. See: kortti pin list", role.0))
}

#[cfg(test)]
mod tests {
    use shared::model::{PinCharacters, PolicySource};

    use super::*;

    #[test]
    fn policies_fit_a_terminal() {
        let policy = PinPolicy {
            min_length: 4,
            max_length: 16,
            characters: PinCharacters::Ascii,
            source: PolicySource::Assumed,
        };
        let list = [Policy { role: Role::USER, pin_type: PinType::PrimaryCardPin, policy: &policy }];
        assert_eq!(
            policies_table(&list, Some(80)),
            "ROLE  PIN TYPE          A NEW PIN HAS\n\
             1     Primary card PIN  4 to 16 letters, digits or signs. The card does not\n                        \
             publish its policy; this is what cards of its kind take.\n"
        );
        assert_eq!(policies_table(&list, None).lines().count(), 2);
    }
}
