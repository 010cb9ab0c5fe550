//! Whether the session is to be locked because a card went. A pure state machine: it is told what happens and what time
//! it is, and answers with yes or no.
//!
//! A card that a hand took out is gone at once. One that nobody sees any more because the PC/SC service, the agent or the
//! whole machine went to sleep is waited for once they are back, and gone only if it does not come back with them. One
//! that another program made change is waited for too. While its reader holds a card of which nobody knows yet which it
//! is, it is not gone. A reset by another program takes no card away, and neither do settings that hide a reader.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use shared::config::{Removal, RemovalAction};
use shared::model::{Card, Csn, Reader, ReaderState, Service};
use shared::rpc::events::{Cause, Change};

/// How long a card has to come back, once it can.
const RETURN: Duration = Duration::from_secs(10);

/// What is waited for, and which cards are in.
#[derive(Default)]
pub(crate) struct Watch {
    /// By reader, what is in it.
    present: BTreeMap<String, Held>,
    /// The cards that nobody sees any more.
    missing: Vec<Missing>,
    service_is_down: bool,
    agent_is_away: bool,
    asleep: bool,
    /// Until when what goes is put down to the sleep that is just over.
    waking_until: Option<Instant>,
}

/// What a reader holds.
enum Held {
    /// A card of which nobody knows yet which it is.
    Unidentified,
    /// One that is none of ours.
    Foreign,
    /// This one.
    Known(Card),
}

impl Held {
    fn card(self) -> Option<Card> {
        match self {
            Self::Known(card) => Some(card),
            Self::Unidentified | Self::Foreign => None,
        }
    }

    /// What a card that cannot be used, or not yet, is taken for. What keeps it from being identified may pass.
    fn unusable(state: ReaderState) -> Self {
        use ReaderState::{Busy, Failed, Identifying, Mute};
        if matches!(state, Busy | Failed | Identifying | Mute) { Self::Unidentified } else { Self::Foreign }
    }
}

/// A card that nobody sees any more.
struct Missing {
    reader: String,
    card: Option<Card>,
    /// When it counts as taken out; `None` as long as it cannot come back.
    deadline: Option<Instant>,
}

impl Watch {
    /// Takes in a change. Whether the session is to be locked now.
    pub(crate) fn hear(&mut self, change: &Change, rules: &Removal, now: Instant) -> bool {
        let is_locked = self.take(change, rules, now);
        self.wait(now);
        is_locked
    }

    fn take(&mut self, change: &Change, rules: &Removal, now: Instant) -> bool {
        match change {
            Change::Snapshot(status) => {
                self.agent_is_away = false;
                self.service_is_down = status.service != Service::Up;
                self.snapshot(&status.readers);
            }
            Change::ServiceUp => self.service_is_down = false,
            Change::ServiceDown { .. } => self.service_is_down = true,
            Change::ReaderRemoved { reader } => {
                self.present.remove(reader);
            }
            Change::CardInserted { reader, .. } => {
                self.present.insert(reader.clone(), Held::Unidentified);
                // Of a card that was never identified nobody can tell whether it is the same.
                self.missing.retain(|missing| missing.card.is_some() || missing.reader != *reader);
            }
            Change::CardIdentified { reader, card, .. } => {
                self.present.insert(reader.clone(), Held::Known(card.clone()));
                self.missing.retain(|missing| !is_same(missing.card.as_ref(), card));
            }
            Change::CardUnusable { reader, state, .. } => match self.present.get(reader) {
                // It is the card that it was, which may not be used any more.
                Some(Held::Known(_)) => {}
                // A reader that does not work says so too, with no card in it.
                None if *state != ReaderState::Mute => {}
                Some(Held::Unidentified | Held::Foreign) | None => {
                    self.present.insert(reader.clone(), Held::unusable(*state));
                }
            },
            Change::CardRemoved { reader, csn, cause } => {
                let card = self.present.remove(reader).and_then(Held::card);
                if *cause == Cause::User {
                    return false;
                }
                if *cause == Cause::Hardware && !self.asleep && !self.is_waking(now) {
                    return counts(rules, card.as_ref(), csn.as_ref());
                }
                self.missing.push(Missing { reader: reader.clone(), card, deadline: None });
            }
            _ => {}
        }
        false
    }

    /// The connection to the agent is lost: until it is back, nobody sees a card.
    pub(crate) fn agent_is_away(&mut self) {
        self.agent_is_away = true;
        self.missing.iter_mut().for_each(|missing| missing.deadline = None);
        let present = std::mem::take(&mut self.present);
        let missing = |(reader, held): (String, Held)| Missing { reader, card: held.card(), deadline: None };
        self.missing.extend(present.into_iter().map(missing));
    }

    /// The machine is about to sleep, or woke up.
    pub(crate) fn sleeping(&mut self, sleeps: bool, now: Instant) {
        self.asleep = sleeps;
        self.waking_until = (!sleeps).then(|| now + RETURN);
        self.wait(now);
    }

    /// When [`Watch::tick`] is to be called.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.missing.iter().filter_map(|missing| missing.deadline).min()
    }

    /// Takes in that time has passed. Whether the session is to be locked now.
    pub(crate) fn tick(&mut self, rules: &Removal, now: Instant) -> bool {
        let mut gone = Vec::new();
        self.missing.retain(|missing| {
            let is_over = missing.deadline.is_some_and(|deadline| deadline <= now);
            if is_over {
                gone.push(counts(rules, missing.card.as_ref(), None));
            }
            !is_over
        });
        gone.contains(&true)
    }

    fn is_waking(&self, now: Instant) -> bool {
        self.waking_until.is_some_and(|end| now < end)
    }

    fn snapshot(&mut self, readers: &[Reader]) {
        for reader in readers.iter().filter(|reader| reader.state != ReaderState::Empty) {
            let held = match &reader.card {
                Some(card) => Held::Known(card.clone()),
                // It does not work, and nobody knows whether a card is in it.
                None if reader.state == ReaderState::Failed && reader.atr.is_none() => continue,
                None => Held::unusable(reader.state),
            };
            self.present.insert(reader.name.clone(), held);
            self.missing.retain(|missing| match (&missing.card, &reader.card) {
                (Some(_), Some(card)) => !is_same(missing.card.as_ref(), card),
                (None, _) => missing.reader != reader.name,
                (Some(_), None) => true,
            });
        }
    }

    /// From now on a missing card has its time to come back, unless something keeps it from being seen: then that begins
    /// anew when it is over.
    fn wait(&mut self, now: Instant) {
        let nobody_sees = self.service_is_down || self.agent_is_away || self.asleep;
        for missing in &mut self.missing {
            let may_be_in = matches!(self.present.get(&missing.reader), Some(Held::Unidentified));
            missing.deadline =
                if nobody_sees || may_be_in { None } else { missing.deadline.or(Some(now + RETURN)) };
        }
    }
}

fn is_same(missing: Option<&Card>, card: &Card) -> bool {
    missing.is_some_and(|missing| missing.csn == card.csn && missing.serial == card.serial)
}

/// Whether the removal of this card locks the session.
fn counts(rules: &Removal, card: Option<&Card>, csn: Option<&Csn>) -> bool {
    let is_named = |text: &String| {
        card.is_some_and(|card| card.matches(text)) || csn.is_some_and(|csn| csn.matches(text))
    };
    rules.action == RemovalAction::Lock && (rules.cards.is_empty() || rules.cards.iter().any(is_named))
}

#[cfg(test)]
#[path = "removal/tests.rs"]
mod tests;
