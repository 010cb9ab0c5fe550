//! What the tray shows of what is known: the state, and the words for it. A function of its arguments only.

mod menu;

use std::collections::BTreeSet;

use shared::config::Config;
use shared::model::{Concern, Reader, ReaderState, Service};

use crate::known::Known;
use crate::phrases;
use crate::tray::{Face, TrayState};

/// How many readers the tooltip has room for.
const READERS: usize = 6;

/// All that decides what the tray shows.
pub(crate) struct View<'a> {
    /// Readers and cards.
    pub known: &'a Known,
    /// What is in force.
    pub config: &'a Config,
    /// The keys that the person cannot change.
    pub locked: &'a BTreeSet<String>,
    /// Whether notices are paused.
    pub paused: bool,
    /// Whether the program starts with the session; `None` where that cannot be told.
    pub autostart: Option<bool>,
}

/// What the tray shows.
pub(crate) fn face(view: &View<'_>) -> Face {
    let state = state(view.known);
    let title = title(state, view.known);
    let mut lines = vec![format!("Kortti: {title}")];
    lines.extend(tooltip(view.known));
    Face { state, title, tooltip: lines.join("\n"), menu: menu::menu(view) }
}

/// Why there is no service, in the words of whoever knows.
fn no_service(known: &Known) -> Option<&str> {
    match (&known.away, &known.service) {
        (Some(reason), _) | (None, Service::Down { reason }) => Some(reason),
        (None, Service::Up) => None,
    }
}

fn state(known: &Known) -> TrayState {
    if no_service(known).is_some() {
        TrayState::NoService
    } else if known.readers.is_empty() {
        TrayState::NoReader
    } else if known.readers.iter().any(has_blocked_pin) {
        TrayState::Blocked
    } else if known.readers.iter().any(wants_attention) {
        TrayState::Attention
    } else if known.readers.iter().any(|reader| reader.state != ReaderState::Empty) {
        TrayState::Card
    } else {
        TrayState::Empty
    }
}

/// A PIN or PUK that was blocked on purpose concerns nobody; the agent tells which do.
fn has_blocked_pin(reader: &Reader) -> bool {
    let concerns = reader.check.iter().flat_map(|check| &check.concerns);
    concerns.into_iter().any(|concern| matches!(concern, Concern::PinBlocked { .. }))
}

fn wants_attention(reader: &Reader) -> bool {
    let is_usable =
        matches!(reader.state, ReaderState::Empty | ReaderState::Identifying | ReaderState::Ready);
    !is_usable || reader.check.as_ref().is_some_and(|check| !check.concerns.is_empty())
}

fn title(state: TrayState, known: &Known) -> String {
    let cards = known.readers.iter().filter(|reader| reader.state != ReaderState::Empty).count();
    match state {
        TrayState::NoService if known.away.is_some() => "the agent does not run".to_owned(),
        TrayState::NoService => "no smart card service".to_owned(),
        TrayState::NoReader => "no reader".to_owned(),
        TrayState::Empty => "no card".to_owned(),
        TrayState::Card if cards == 1 => "a card is in".to_owned(),
        TrayState::Card => format!("{cards} cards are in"),
        TrayState::Attention => "a card wants attention".to_owned(),
        TrayState::Blocked => "a PIN is blocked".to_owned(),
    }
}

fn tooltip(known: &Known) -> Vec<String> {
    if let Some(reason) = no_service(known) {
        return vec![crate::text::line(reason, phrases::SENTENCE)];
    }
    let mut lines = Vec::new();
    for reader in known.readers.iter().take(READERS) {
        lines.push(format!("{}: {}", phrases::name(&reader.name), phrases::holds(reader)));
        let Some(check) = &reader.check else { continue };
        if check.concerns.is_empty() {
            let pin = check.pins.iter().find(|pin| pin.role == shared::model::Role::USER);
            lines.extend(pin.map(|pin| format!("PIN: {}", phrases::stands(pin))));
        }
        lines.extend(check.concerns.iter().take(3).filter_map(|found| phrases::concern(found, &check.pins)));
    }
    match known.readers.len().saturating_sub(READERS) {
        0 => {}
        1 => lines.push("and 1 more reader".to_owned()),
        more => lines.push(format!("and {more} more readers")),
    }
    lines
}

#[cfg(test)]
#[path = "face/tests.rs"]
mod tests;
