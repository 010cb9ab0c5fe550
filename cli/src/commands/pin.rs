//! `pin`: how PINs stand, what they must look like, and a new one instead of an old one.

use serde::Serialize;
use shared::ErrorCode;
use shared::model::{PinKind, PinPolicy, PinStatus, PinType, Role};
use shared::rpc::methods::{OnCard, PinChange, PinChangeParams, PinList, PinTries, TriesParams};
use shared::words::{pin_kind, pin_name, policy_sentence, tries_sentence};

use super::access::{self, Authority, Wants, may_be_tried, no_such_pin, say, typed_pin};
use crate::args::{self, Global};
use crate::exit::{Failure, failure};
use crate::output::{Output, Row, note, table, wrap};
use crate::session::Session;
use crate::terminal::Secrets;
use crate::words;

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
        args::Pin::Change { which, write } => change(which.role(), &write, global, output),
        args::Pin::Tries { pin_tries, puk_tries, write } => {
            tries((pin_tries, puk_tries), &write, global, output)
        }
    }
}

/// The PINs of a card, as a table.
pub(super) fn pins_table(pins: &[PinStatus], width: Option<usize>) -> String {
    let rows: Vec<Row> = pins
        .iter()
        .map(|pin| {
            Row::new([
                pin.role.0.to_string(),
                pin.pin_type.to_string(),
                pin_kind(pin, pins).to_owned(),
                words::tries_cell(pin),
                words::roles(&pin.changed_by, pins),
                words::roles(&pin.unblocked_by, pins),
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
        for line in wrap(&policy_sentence(pin.policy), room) {
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
    let access = access::access(&mut session, &select)?;
    let pin = typed_pin(&access.pins, role)?;
    let last_try = may_be_tried(pin, &access, write.last_try, &secrets)?;
    let name = pin_name(pin);
    let (current, new) = if access.pin_pad {
        say(&secrets, &format!("Type on the reader: the current {name}, then the new one twice."));
        (None, None)
    } else {
        let same = access.pins.iter().filter(|other| other.kind == PinKind::Typed && pin_name(other) == name);
        let current = match same.count() {
            0 | 1 => secrets.pin(&format!("Current {name}"))?,
            _ => secrets.pin(&format!("Current {name} ({})", pin_kind(pin, &access.pins)))?,
        };
        (Some(current), Some(secrets.new_pin(name, pin.policy.as_ref())?))
    };
    let params = PinChangeParams { select, role, current, new, last_try };
    let pin = session.call::<PinChange>(&params)?;
    output.show(&pin, || format!("The {} is changed. {}\n", pin_name(&pin), tries_sentence(pin.tries_left)))
}

fn tries(
    (pin_tries, puk_tries): (u8, u8),
    write: &args::CardWrite,
    global: &Global,
    output: Output,
) -> Result<(), Failure> {
    let mut secrets = Secrets::open(&write.write.secrets)?;
    let mut session = Session::open(global)?;
    let select = session.bind(secrets.terminal())?;
    let access = access::access(&mut session, &select)?;
    let puk = typed_pin(&access.pins, Role::ADMIN).map_err(|_| {
        failure(ErrorCode::NotSupported, "This card has no PUK, and its tries are for its issuer to set.")
    })?;
    if access.pin_pad {
        let message = "A PIN and a PUK are set anew by this, which a reader with keys of its own cannot. Use a \
                       reader without.";
        return Err(failure(ErrorCode::NotSupported, message));
    }
    note(
        "PIN and PUK are set anew by this: the PIN stays what it is, and the PUK becomes what you type now. If the card \
         is taken out in the middle, they may be the factory's.",
    );
    let wants = Wants { pin: true, ..Wants::default() };
    let Authority { pin, management_key, last_try } =
        access::authorise(&mut session, &select, write, &mut secrets, wants)?;
    // The reader has no keys of its own, so it was typed here.
    let pin = pin.ok_or_else(|| failure(ErrorCode::CardChanged, "The reader was changed meanwhile."))?;
    let puk = secrets.new_pin(pin_name(puk), puk.policy.as_ref())?;
    let params = TriesParams { select, pin_tries, puk_tries, pin, puk, management_key, last_try };
    let pins = session.call::<PinTries>(&params)?;
    output.show(Pins { pins: &pins }, || pins_table(&pins, output.width))
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
            complexity: None,
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
