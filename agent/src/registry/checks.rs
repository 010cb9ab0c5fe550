//! What looks at cards showed, for as long as these cards are in.

use std::sync::Arc;

use shared::model::{Card, CheckUp, Csn};
use shared::rpc::events::Change;
use shared::rpc::methods::Select;

use super::{Registry, Slot, Target};
use crate::checkup::Seen;

/// A card that is in and was looked at.
pub(crate) struct Known {
    /// Its reader.
    pub reader: String,
    /// The reader's count of insertions.
    pub generation: u32,
    /// The card.
    pub card: Card,
    /// What was seen.
    pub seen: Arc<Seen>,
}

/// Whom a request is for, as far as it can be told without waiting.
#[derive(Clone, Debug, Default)]
pub(crate) struct Meant {
    /// The reader.
    pub reader: Option<String>,
    /// The card.
    pub csn: Option<Csn>,
    /// What was seen of it.
    pub seen: Option<Arc<Seen>>,
}

impl Registry {
    /// Takes in what was made of a look at a card, and tells it. Where only time has passed it is told when it makes a
    /// difference. False when that card is no longer in its reader.
    pub(crate) fn checked(
        &self,
        known: &Known,
        mut check: CheckUp,
        changes: Vec<Change>,
        looked: bool,
    ) -> bool {
        let mut state = self.lock();
        let is_it = |slot: &&mut Slot| {
            slot.seen.generation == known.generation && slot.view.card.as_ref() == Some(&known.card)
        };
        let Some(slot) = state.slots.get_mut(&known.reader).filter(is_it) else { return false };
        // What was seen meanwhile is newer than what only time was to judge.
        if !looked && slot.known.as_ref().is_none_or(|now| !Arc::ptr_eq(now, &known.seen)) {
            return false;
        }
        let before = slot.view.check.take();
        let told = before.iter().flat_map(|before| before.told.iter().cloned());
        check.told = told.chain(changes.iter().filter_map(ends)).collect();
        check.told.sort();
        check.told.dedup();
        slot.view.check = Some(check.clone());
        slot.known = Some(Arc::clone(&known.seen));
        if looked || before.as_ref() != Some(&check) {
            let (reader, check) = (known.reader.clone(), Box::new(check));
            if let Some(csn) = known.card.csn.clone() {
                state.publish(Change::CardChecked { reader, csn, check });
            }
        }
        changes.into_iter().for_each(|change| state.publish(change));
        true
    }

    /// The cards that are in and were looked at.
    pub(crate) fn known(&self) -> Vec<Known> {
        self.lock().slots.values().filter_map(Slot::known).collect()
    }

    /// What was seen of the card that came into a reader as `generation`.
    pub(crate) fn seen(&self, reader: &str, generation: u32) -> Option<Arc<Seen>> {
        let state = self.lock();
        let slot = state.slots.get(reader).filter(|slot| slot.seen.generation == generation)?;
        slot.known.clone()
    }

    /// The card that came into a reader as `generation`, as a target for what no request asks for.
    pub(crate) fn target(&self, reader: &str, generation: u32) -> Option<Target> {
        let state = self.lock();
        let slot = state.slots.get(reader).filter(|slot| slot.seen.generation == generation)?;
        slot.target(&Select::default())
    }

    /// Whom a request means. A challenge is still its card's when that has gone.
    pub(crate) fn meant(&self, select: &Select) -> Meant {
        let mut state = self.lock();
        if let Ok(target) = state.find(select) {
            let seen = state.slots.get(&target.reader).and_then(|slot| slot.known.clone());
            return Meant { reader: Some(target.reader), csn: target.card.csn, seen };
        }
        let challenged: Vec<(String, Csn)> = state
            .named(select)
            .filter_map(|slot| Some((slot.view.name.clone(), slot.challenged.clone()?)))
            .filter(|(_, csn)| select.card.as_ref().is_none_or(|text| csn.matches(text)))
            .collect();
        match challenged.as_slice() {
            [(reader, csn)] => Meant { reader: Some(reader.clone()), csn: Some(csn.clone()), seen: None },
            _ => {
                let named = select.reader.clone().filter(|name| state.slots.contains_key(name));
                Meant { reader: named, ..Meant::default() }
            }
        }
    }
}

impl Slot {
    fn known(&self) -> Option<Known> {
        Some(Known {
            reader: self.view.name.clone(),
            generation: self.seen.generation,
            card: self.view.card.clone()?,
            seen: self.known.clone()?,
        })
    }
}

/// What an event says of an end, as [`CheckUp::told`] has it.
fn ends(change: &Change) -> Option<String> {
    match change {
        Change::CertExpiring(event) | Change::CertExpired(event) => Some(event.expiry.certificate.clone()),
        Change::CardExpiring { .. } => Some(CheckUp::CARD.to_owned()),
        _ => None,
    }
}
