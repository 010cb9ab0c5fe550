//! Whether the session is to be locked because a card went. A pure state machine: it is told what happens and what time
//! it is, and answers with yes or no.
//!
//! A card that a hand took out is gone at once. One that nobody sees any more because the PC/SC service, the agent or the
//! whole machine went to sleep is waited for once they are back, and gone only if it does not come back with them.
//! A reset by another program takes no card away.

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
    present: BTreeMap<String, Option<Card>>,
    /// The cards that nobody sees any more.
    missing: Vec<Missing>,
    service_is_down: bool,
    agent_is_away: bool,
    asleep: bool,
    /// Until when what goes is put down to the sleep that is just over.
    waking_until: Option<Instant>,
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
        match change {
            Change::Snapshot(status) => {
                self.agent_is_away = false;
                self.service_is_down = status.service != Service::Up;
                self.snapshot(&status.readers);
                self.may_come_back(now);
            }
            Change::ServiceUp => {
                self.service_is_down = false;
                self.may_come_back(now);
            }
            Change::ServiceDown { .. } => {
                self.service_is_down = true;
                self.cannot_come_back();
            }
            Change::CardInserted { reader, .. } => {
                self.present.insert(reader.clone(), None);
                // Of a card that was never identified nobody can tell whether it is the same.
                self.missing.retain(|missing| missing.card.is_some() || missing.reader != *reader);
            }
            Change::CardIdentified { reader, card, .. } => {
                self.present.insert(reader.clone(), Some(card.clone()));
                self.missing.retain(|missing| !is_same(missing.card.as_ref(), card));
            }
            Change::CardRemoved { reader, csn, cause } => {
                let card = self.present.remove(reader).flatten();
                if *cause == Cause::Service || self.asleep || self.is_waking(now) {
                    self.missing.push(Missing { reader: reader.clone(), card, deadline: None });
                    if *cause != Cause::Service {
                        self.may_come_back(now);
                    }
                } else {
                    return counts(rules, card.as_ref(), csn.as_ref());
                }
            }
            _ => {}
        }
        false
    }

    /// The connection to the agent is lost: until it is back, nobody sees a card.
    pub(crate) fn agent_is_away(&mut self) {
        self.agent_is_away = true;
        self.cannot_come_back();
        let present = std::mem::take(&mut self.present);
        let missing = |(reader, card)| Missing { reader, card, deadline: None };
        self.missing.extend(present.into_iter().map(missing));
    }

    /// The machine is about to sleep, or woke up.
    pub(crate) fn sleeping(&mut self, sleeps: bool, now: Instant) {
        self.asleep = sleeps;
        if sleeps {
            self.waking_until = None;
            self.cannot_come_back();
        } else {
            self.waking_until = Some(now + RETURN);
            self.may_come_back(now);
        }
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
            self.present.insert(reader.name.clone(), reader.card.clone());
            self.missing.retain(|missing| match (&missing.card, &reader.card) {
                (Some(_), Some(card)) => !is_same(missing.card.as_ref(), card),
                (None, _) => missing.reader != reader.name,
                (Some(_), None) => true,
            });
        }
    }

    /// From now on a missing card has its time to come back, unless something still keeps it from being seen.
    fn may_come_back(&mut self, now: Instant) {
        if !(self.service_is_down || self.agent_is_away || self.asleep) {
            for missing in &mut self.missing {
                missing.deadline.get_or_insert(now + RETURN);
            }
        }
    }

    fn cannot_come_back(&mut self) {
        self.missing.iter_mut().for_each(|missing| missing.deadline = None);
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
