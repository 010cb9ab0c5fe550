use std::collections::BTreeMap;

use card::PinMarks;
use serde::{Deserialize, Serialize};
use shared::model::{PinChangeReason, PinStatus, Role};

use super::MOST_CERTIFICATES;

/// Seconds of a day.
pub(super) const DAY: i64 = 86_400;

/// PINs of one card that are remembered; the minidriver model has no more.
const MOST_PINS: usize = 8;

/// What is remembered of a card when it is not there. Nothing in it is secret. Times are seconds since 1970 in UTC.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Remembered {
    /// When it was seen here for the first time.
    first_seen: i64,
    /// When it was seen here last, to the day.
    pub(crate) last_seen: i64,
    /// How its PINs stood; `None` when a request to this agent may have changed that since.
    pub(super) pins: Option<Standing>,
    /// When each PIN was last seen to be set.
    set: BTreeMap<Role, i64>,
    /// Whether it was new here when that called for another PIN, which was not set since.
    pub(super) new_here: bool,
    /// For what reason a person was asked to change each PIN.
    pub(super) asked: BTreeMap<Role, PinChangeReason>,
    /// The last stage that was told of each certificate, by its SHA-256.
    pub(super) certificates: BTreeMap<String, i32>,
    /// The end of the card itself, and the last stage that was told of it.
    pub(super) card: Option<(i64, i32)>,
}

/// How the PINs of a card stood.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Standing {
    /// The card's count of PINs that were set.
    pub(super) counter: Option<u8>,
    /// Each of them.
    pub(super) pins: BTreeMap<Role, Stood>,
}

/// How a PIN stood.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Stood {
    /// Tries that it had left.
    pub(super) tries_left: Option<u8>,
    /// Whether it was blocked.
    pub(super) blocked: bool,
    /// Whether it was the factory's.
    pub(super) factory: Option<bool>,
}

impl Stood {
    /// How a PIN stands.
    pub(super) fn of(pin: &PinStatus, marks: &PinMarks) -> Self {
        let factory = marks.factory.iter().find(|(role, _)| *role == pin.role).map(|(_, factory)| *factory);
        Self { tries_left: pin.tries_left, blocked: pin.blocked, factory }
    }
}

impl Remembered {
    /// Of a card that comes in for the first time. `asks` says that this calls for another PIN.
    pub(super) fn new(now: i64, asks: bool) -> Self {
        Self { first_seen: now, last_seen: now, new_here: asks, ..Self::default() }
    }

    /// Takes note of when it was seen, which need not be written down more than once a day.
    pub(super) fn seen_at(&mut self, now: i64) {
        if !(0..DAY).contains(&now.saturating_sub(self.last_seen)) {
            self.last_seen = now;
        }
    }

    /// Takes note that a request to this agent tried a PIN or wrote, and set these PINs: how they stood says nothing
    /// any more of what others do.
    pub(crate) fn touched(&mut self, set: &[Role], now: i64) {
        self.pins = None;
        for role in set {
            self.was_set(*role, now);
        }
    }

    /// Takes note that a PIN was set, by whomever.
    pub(super) fn was_set(&mut self, role: Role, now: i64) {
        self.set.insert(role, now);
        self.asked.remove(&role);
        self.new_here &= role != Role::USER;
    }

    /// When a PIN expires that may be the same for so many days.
    pub(super) fn expires(&self, role: Role, days: u16) -> i64 {
        let set = self.set.get(&role).copied().unwrap_or(self.first_seen);
        set.saturating_add(i64::from(days) * DAY)
    }

    /// Whether it may have been written by an agent, and is not larger than what one writes.
    pub(crate) fn is_plausible(&self) -> bool {
        let standing = self.pins.as_ref().map_or(0, |standing| standing.pins.len());
        [standing, self.set.len(), self.asked.len()].iter().all(|count| *count <= MOST_PINS)
            && self.certificates.len() <= MOST_CERTIFICATES
            && self.certificates.keys().all(|sha256| sha256.len() == 64)
    }
}
