//! `watch`: what happens, one line each, until it is interrupted or nobody reads any more.

use shared::ErrorCode;
use shared::client;
use shared::model::{Card, Csn, Service};
use shared::rpc::events::{Cause, CertEvent, Change, Event, ExpiryEvent, KeyEvent, OnCardEvent, PinEvent};
use shared::rpc::methods::{Select, StatusReply};
use shared::words::{card_number, contents, tries_sentence};

use crate::args::Global;
use crate::exit::{Failure, failure};
use crate::output::{Output, clean, note};
use crate::session::is_named;
use crate::words;

/// `watch`
pub(super) fn run(global: &Global, output: Output) -> Result<(), Failure> {
    #[cfg(unix)]
    end_on_interrupt()?;
    let named = Select { reader: global.reader.clone(), card: global.card.clone() };
    let mut told = false;
    let mut csns = Vec::new();
    for event in client::Client::connect_or_start()?.subscribe()? {
        let mut event = match event {
            // What it says of requests concerns nobody who only watches.
            Err(error) if error.code == ErrorCode::NoAgent => break,
            event => event?,
        };
        if let Change::Snapshot(status) = &mut event.change {
            status.readers.retain(|reader| is_named(reader, &named));
            if let (Some(absent), false) = (absent(status, &named), told) {
                note(&format!("{absent} is not there now; waiting."));
                told = true;
            }
        }
        learn(&mut csns, &event.change, &named);
        if concerns(&event.change, &named, &csns) {
            output.show(&event, || text(&event, &named))?;
        }
        if event.change == Change::AgentStopping {
            return Ok(());
        }
    }
    Err(failure(ErrorCode::NoAgent, "The connection to the agent was lost."))
}

/// What is named and not in a snapshot of which only what is named is left; `None` when it is there, or the
/// service cannot say.
fn absent(status: &StatusReply, named: &Select) -> Option<String> {
    if status.service != Service::Up || !status.readers.is_empty() {
        return None;
    }
    match named {
        Select { reader: Some(reader), card: Some(card) } => Some(format!("The card {card} in {reader}")),
        Select { card: Some(card), .. } => Some(format!("The card {card}")),
        Select { reader: Some(reader), .. } => Some(format!("The reader {reader}")),
        Select { .. } => None,
    }
}

/// Ctrl-C ends this program between two lines, as every line is written at once.
#[cfg(unix)]
fn end_on_interrupt() -> Result<(), Failure> {
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    let at_once = Arc::new(AtomicBool::new(true));
    signal_hook::flag::register_conditional_shutdown(
        signal_hook::consts::SIGINT,
        crate::exit::CANCELLED.into(),
        at_once,
    )
    .map_err(|error| {
        crate::exit::failure(
            shared::ErrorCode::System,
            format!("Signals cannot be used: {}.", crate::words::system(&error)),
        )
    })?;
    Ok(())
}

/// Takes in the serial number of a card that is named by another number: what is said of it later names that only.
fn learn(csns: &mut Vec<Csn>, change: &Change, named: &Select) {
    let cards: Vec<&Card> = match change {
        Change::Snapshot(status) => status.readers.iter().filter_map(|reader| reader.card.as_ref()).collect(),
        Change::CardIdentified { card, .. } => vec![card],
        _ => return,
    };
    let is_named = |card: &&&Card| named.card.as_ref().is_some_and(|text| card.matches(text));
    for csn in cards.iter().filter(is_named).filter_map(|card| card.csn.as_ref()) {
        if !csns.contains(csn) {
            csns.push(csn.clone());
        }
    }
}

/// Whether an event is to be shown: it is left out only when it is known to concern another reader or card than
/// the one named, whose serial number may be one of `csns`.
fn concerns(change: &Change, named: &Select, csns: &[Csn]) -> bool {
    let (reader, csn) = subject(change);
    let fits_reader = match (&named.reader, reader) {
        (Some(named), Some(reader)) => named == reader,
        _ => true,
    };
    let fits_card = match (&named.card, csn) {
        (Some(named), Some(csn)) => csn.matches(named) || csns.contains(csn),
        _ => true,
    };
    fits_reader && fits_card
}

/// The reader and card that an event concerns, as far as it says.
fn subject(change: &Change) -> (Option<&str>, Option<&Csn>) {
    match change {
        Change::ReaderAdded { reader }
        | Change::ReaderRemoved { reader }
        | Change::CardInserted { reader, .. }
        | Change::CardUnusable { reader, .. } => (Some(reader), None),
        Change::CardIdentified { reader, card, .. } => (Some(reader), card.csn.as_ref()),
        Change::CardRemoved { reader, csn, .. }
        | Change::CardBusy { reader, csn, .. }
        | Change::CardReset { reader, csn, .. } => (Some(reader), csn.as_ref()),
        Change::ChallengeVoid { reader, csn, .. }
        | Change::CardChecked { reader, csn, .. }
        | Change::CardExpiring { reader, csn, .. }
        | Change::PinChangeRequired { reader, csn, .. }
        | Change::CertExpiring(ExpiryEvent { reader, csn, .. })
        | Change::CertExpired(ExpiryEvent { reader, csn, .. })
        | Change::LowTries(PinEvent { reader, csn, .. })
        | Change::TouchNeeded(OnCardEvent { reader, csn, .. })
        | Change::TouchOver(OnCardEvent { reader, csn, .. })
        | Change::PinChanged(PinEvent { reader, csn, .. })
        | Change::PinFailed(PinEvent { reader, csn, .. })
        | Change::PinBlocked(PinEvent { reader, csn, .. })
        | Change::PinUnblocked(PinEvent { reader, csn, .. })
        | Change::ChallengeIssued(OnCardEvent { reader, csn, .. })
        | Change::CardRepaired(OnCardEvent { reader, csn, .. })
        | Change::CertImported(CertEvent { reader, csn, .. })
        | Change::CertDeleted(CertEvent { reader, csn, .. })
        | Change::CertMoved(CertEvent { reader, csn, .. })
        | Change::KeyGenerated(KeyEvent { reader, csn, .. })
        | Change::DefaultChanged(CertEvent { reader, csn, .. }) => (Some(reader), Some(csn)),
        _ => (None, None),
    }
}

fn text(event: &Event, named: &Select) -> String {
    let lines: Vec<String> = sentences(&event.change, named)
        .iter()
        .map(|line| format!("{}  {}\n", clean(&event.time), clean(line)))
        .collect();
    lines.concat()
}

fn sentences(change: &Change, named: &Select) -> Vec<String> {
    let pin = |event: &PinEvent, what: &str| {
        let PinEvent { reader, csn, role, cause, .. } = event;
        let by = if *cause == Cause::OtherProgram { " by another program" } else { "" };
        vec![format!("{reader}: {} of card {csn} {what}{by}", words::pin_name(*role))]
    };
    let ends = |event: &ExpiryEvent| {
        vec![format!("{}: on card {} {}", event.reader, event.csn, words::certificate_ends(&event.expiry))]
    };
    let card = |event: &OnCardEvent, what: &str| vec![format!("{}: card {} {what}", event.reader, event.csn)];
    let cert = |event: &CertEvent, what: &str| {
        vec![format!("{}: certificate {} of card {} {what}", event.reader, event.certificate, event.csn)]
    };
    let number = |csn: &Option<Csn>| csn.as_ref().map(|csn| format!(" {csn}")).unwrap_or_default();
    match change {
        Change::Snapshot(status) => snapshot(status, named),
        Change::ServiceUp => vec!["The smart card service is up".into()],
        Change::ServiceDown { reason } => vec![format!("The smart card service is down: {reason}")],
        Change::ReaderAdded { reader } => vec![format!("{reader}: reader connected")],
        Change::ReaderRemoved { reader } => vec![format!("{reader}: reader disconnected")],
        Change::CardInserted { reader, .. } => vec![format!("{reader}: card inserted")],
        Change::CardIdentified { reader, card, initialised } => {
            let empty = if *initialised { "" } else { ", which is empty" };
            let number = card_number(card);
            vec![format!("{reader}: it is {}", format!("{} {number}", card.name).trim_end()) + empty]
        }
        Change::CardUnusable { reader, reason, .. } => {
            vec![format!("{reader}: {reason}")]
        }
        Change::CardRemoved { reader, csn, cause: Cause::Service } => {
            vec![format!("{reader}: card{} can no longer be seen", number(csn))]
        }
        Change::CardRemoved { reader, csn, .. } => vec![format!("{reader}: card{} removed", number(csn))],
        Change::CardChecked { reader, csn, check } => {
            let concerns: Vec<String> = check.concerns.iter().map(words::concern).collect();
            let found = if concerns.is_empty() { "all is well".into() } else { concerns.join("; ") };
            vec![format!("{reader}: card {csn} was looked at: {found}")]
        }
        Change::CardBusy { reader, csn, holders } => {
            let by = match holders.as_slice() {
                [] => "another program".into(),
                [only] => only.clone(),
                several => format!("one of these: {}", several.join(", ")),
            };
            vec![format!("{reader}: card{} is kept by {by}", number(csn))]
        }
        Change::CardReset { reader, csn, .. } => {
            vec![format!("{reader}: card{} reset by another program", number(csn))]
        }
        Change::PinChanged(event) => pin(event, "changed"),
        Change::PinFailed(event) => pin(event, &format!("was wrong. {}", tries_sentence(event.tries_left))),
        Change::PinBlocked(event) if event.cause == Cause::OtherProgram => pin(event, "was blocked"),
        Change::PinBlocked(event) => pin(event, "is blocked"),
        Change::PinUnblocked(event) => pin(event, "unblocked"),
        Change::LowTries(event) => {
            let PinEvent { reader, csn, role, tries_left, .. } = event;
            let (name, tries) = (words::pin_name(*role), tries_sentence(*tries_left));
            vec![format!("{reader}: {name} of card {csn}: {tries}")]
        }
        Change::PinChangeRequired { reader, csn, role, reason } => {
            vec![format!("{reader}: on card {csn} {}", words::must_change(*role, *reason))]
        }
        Change::TouchNeeded(event) => card(event, "waits to be touched"),
        Change::TouchOver(event) => card(event, "waits for no touch any more"),
        Change::CertExpiring(event) | Change::CertExpired(event) => ends(event),
        Change::CardExpiring { reader, csn, not_after, days } => {
            vec![format!("{reader}: card {csn} itself {}", words::ends(not_after, *days))]
        }
        Change::PolicyChanged { problems } => std::iter::once("The settings were read anew".to_owned())
            .chain(problems.iter().map(|problem| format!("Settings were refused: {problem}")))
            .collect(),
        Change::ChallengeIssued(event) => card(event, "gave a challenge"),
        Change::ChallengeVoid { reader, csn, reason } => {
            vec![format!("{reader}: the challenge of card {csn} is void: {reason}")]
        }
        Change::CertImported(event) => cert(event, "imported"),
        Change::CertDeleted(event) => cert(event, "deleted"),
        Change::CertMoved(event) => cert(event, "moved here from another slot"),
        Change::KeyGenerated(KeyEvent { reader, csn, container, .. }) => {
            // Container numbers of this size are slots (SP 800-73-4 part 1, table 4b).
            let place = if *container >= 0x80 {
                format!("slot {container:02X}")
            } else {
                format!("container {container}")
            };
            vec![format!("{reader}: a key was made in {place} of card {csn}")]
        }
        Change::DefaultChanged(event) => cert(event, "is the default now"),
        Change::CardRepaired(event) => card(event, "repaired"),
        Change::AgentStopping => vec!["The agent stops".into()],
        _ => vec!["Something happened that this version does not know".into()],
    }
}

fn snapshot(status: &StatusReply, named: &Select) -> Vec<String> {
    if let Service::Down { reason } = &status.service {
        return vec![format!("The smart card service is down: {reason}")];
    }
    if status.readers.is_empty() && *named == Select::default() {
        return vec!["No reader is connected".into()];
    }
    status.readers.iter().map(|reader| format!("{}: {}", reader.name, contents(reader))).collect()
}

#[cfg(test)]
mod tests {
    use shared::model::Role;
    use shared::rpc::events::Cause;

    use super::*;

    fn pin_failed() -> Change {
        Change::PinFailed(PinEvent {
            reader: "R\n1".into(),
            csn: Csn::new(&[0xAB; 8]),
            role: Role::USER,
            tries_left: Some(2),
            cause: Cause::User,
        })
    }

    #[test]
    fn one_line_each() {
        let event = Event { sequence: 4, time: "2026-05-04T12:00:00Z".into(), change: pin_failed() };
        assert_eq!(
            text(&event, &Select::default()),
            "2026-05-04T12:00:00Z  R\\n1: PIN 1 of card ABABABABABABABAB was wrong. 2 tries left.\n"
        );
    }

    #[test]
    fn events_of_other_cards_are_left_out() {
        let added = Change::ReaderAdded { reader: "R\n1".into() };
        for (change, reader, card, shown) in [
            (pin_failed(), None, None, true),
            (pin_failed(), Some("R\n1"), Some("ABABABAB"), true),
            (pin_failed(), Some("R"), None, false),
            (pin_failed(), None, Some("CDCDCDCD"), false),
            (added.clone(), None, Some("CDCDCDCD"), true),
            (added, Some("R"), None, false),
            (Change::AgentStopping, Some("R"), Some("CDCDCDCD"), true),
        ] {
            let named = Select { reader: reader.map(str::to_owned), card: card.map(str::to_owned) };
            assert_eq!(concerns(&change, &named, &[]), shown, "{change:?} {named:?}");
        }
    }
}
