//! What is known of readers and cards: the agent's snapshot, and every change since.

use shared::model::{CheckUp, Concern, PinStatus, Reader, ReaderState, Role, Service};
use shared::rpc::events::{Change, PinEvent};
use shared::rpc::methods::StatusReply;

/// The agent's view, kept up to date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    /// Why the agent cannot be asked, in words; `None` while it can.
    pub away: Option<String>,
    /// The PC/SC service.
    pub service: Service,
    /// The readers, in the order of their names.
    pub readers: Vec<Reader>,
}

impl Known {
    /// Nothing yet.
    pub(crate) fn nothing() -> Self {
        Self { away: Some("The agent is being started.".to_owned()), service: Service::Up, readers: vec![] }
    }

    /// A reader by its exact name.
    pub(crate) fn reader(&self, name: &str) -> Option<&Reader> {
        self.readers.iter().find(|reader| reader.name == name)
    }

    /// Takes in a change. `few` is how many tries are few.
    pub(crate) fn apply(&mut self, change: &Change, few: u8) {
        match change {
            Change::Snapshot(status) => {
                let StatusReply { service, readers, .. } = (**status).clone();
                *self = Self { away: None, service, readers };
            }
            Change::ServiceUp => self.service = Service::Up,
            Change::ServiceDown { reason } => {
                self.service = Service::Down { reason: reason.clone() };
            }
            Change::ReaderAdded { reader } => {
                self.readers.retain(|other| other.name != *reader);
                self.readers.push(Reader::empty(reader));
                self.readers.sort_by(|a, b| a.name.cmp(&b.name));
            }
            Change::ReaderRemoved { reader } => self.readers.retain(|other| other.name != *reader),
            Change::CardInserted { reader, atr } => self.update(reader, |slot| {
                *slot = Reader {
                    state: ReaderState::Identifying,
                    atr: Some(atr.clone()),
                    ..Reader::empty(reader)
                };
            }),
            Change::CardIdentified { reader, card, initialised } => self.update(reader, |slot| {
                slot.state = if *initialised { ReaderState::Ready } else { ReaderState::NotInitialised };
                slot.card = Some(card.clone());
                slot.detail = None;
            }),
            Change::CardUnusable { reader, state, reason } => self.update(reader, |slot| {
                slot.state = *state;
                slot.card = None;
                slot.detail = Some(reason.clone());
            }),
            Change::CardRemoved { reader, .. } => self.update(reader, |slot| *slot = Reader::empty(reader)),
            Change::CardChecked { reader, check, .. } => {
                self.update(reader, |slot| slot.check = Some((**check).clone()));
            }
            Change::PinChanged(event)
            | Change::PinFailed(event)
            | Change::PinBlocked(event)
            | Change::PinUnblocked(event)
            | Change::LowTries(event) => {
                let is_new = matches!(change, Change::PinChanged(_) | Change::PinUnblocked(_));
                self.pin_is(event, is_new, few);
            }
            _ => {}
        }
    }

    fn update(&mut self, name: &str, act: impl FnOnce(&mut Reader)) {
        if let Some(reader) = self.readers.iter_mut().find(|reader| reader.name == name) {
            act(reader);
        }
    }

    /// Takes in how a PIN stands after what happened to it, until the agent looks at the card again.
    fn pin_is(&mut self, event: &PinEvent, is_new: bool, few: u8) {
        let PinEvent { reader, role, tries_left, .. } = event;
        self.update(reader, |slot| {
            // Nobody has looked at the card yet, and this is known all the same.
            let check = slot.check.get_or_insert_with(|| CheckUp {
                time: String::new(),
                pins: vec![],
                certificates: 0,
                concerns: vec![],
                told: vec![],
            });
            if let Some(pin) = check.pins.iter_mut().find(|pin| pin.role == *role) {
                pin.tries_left = tries_left.or(if is_new { pin.tries_max } else { None });
                pin.blocked = pin.tries_left == Some(0);
            }
            check.concerns.retain(|concern| match concern {
                Concern::PinBlocked { role: other } | Concern::LowTries { role: other, .. } => other != role,
                Concern::PinChangeRequired { role: other, .. } => other != role || !is_new,
                _ => true,
            });
            match *tries_left {
                Some(0) => check.concerns.insert(0, Concern::PinBlocked { role: *role }),
                Some(left) if left <= few => {
                    check.concerns.insert(0, Concern::LowTries { role: *role, tries_left: left });
                }
                _ => {}
            }
        });
    }
}

/// The PIN of a role among those that a look at the card showed.
pub(crate) fn pin_of(reader: &Reader, role: Role) -> Option<&PinStatus> {
    reader.check.as_ref()?.pins.iter().find(|pin| pin.role == role)
}

#[cfg(test)]
mod tests {
    use shared::model::{PinChangeReason, ReaderState};
    use shared::rpc::events::Cause;

    use super::*;
    use crate::samples::{self, R};

    fn seen(changes: &[Change]) -> Known {
        let mut known = Known::nothing();
        known.apply(&samples::snapshot(vec![]), 1);
        changes.iter().for_each(|change| known.apply(change, 1));
        known
    }

    #[test]
    fn a_card_comes_and_goes() {
        let mut changes = vec![Change::ReaderAdded { reader: R.into() }, samples::inserted()];
        assert_eq!(seen(&changes).readers[0].state, ReaderState::Identifying);
        changes.push(samples::identified());
        assert_eq!(seen(&changes).readers[0].card, Some(samples::card()));
        changes.push(samples::checked(3, vec![]));
        assert_eq!(pin_of(&seen(&changes).readers[0], Role::USER).unwrap().tries_left, Some(3));
        changes.push(samples::removed(Cause::Hardware));
        assert_eq!(seen(&changes).readers, [Reader::empty(R)]);
        changes.push(Change::ReaderRemoved { reader: R.into() });
        assert_eq!(seen(&changes).readers, []);
    }

    #[test]
    fn readers_stand_in_the_order_of_their_names() {
        let added = |name: &str| Change::ReaderAdded { reader: name.into() };
        let known = seen(&[added("B"), added("A"), added("C"), added("B")]);
        let names: Vec<&str> = known.readers.iter().map(|reader| reader.name.as_str()).collect();
        assert_eq!(names, ["A", "B", "C"]);
    }

    #[test]
    fn a_blocked_pin_is_known_before_anybody_looked_at_the_card() {
        let blocked = Change::PinBlocked(samples::pin(Role::USER, Some(0), Cause::User));
        let added = Change::ReaderAdded { reader: R.into() };
        let known = seen(&[added, samples::inserted(), samples::identified(), blocked]);
        let concerns = &known.readers[0].check.as_ref().unwrap().concerns;
        assert_eq!(concerns, &[Concern::PinBlocked { role: Role::USER }]);
    }

    #[test]
    fn what_happens_to_a_pin_shows_at_once() {
        let begin = [
            Change::ReaderAdded { reader: R.into() },
            samples::inserted(),
            samples::identified(),
            samples::checked(
                3,
                vec![Concern::PinChangeRequired { role: Role::USER, reason: PinChangeReason::Factory }],
            ),
        ];
        let required = Concern::PinChangeRequired { role: Role::USER, reason: PinChangeReason::Factory };
        let low = Concern::LowTries { role: Role::USER, tries_left: 1 };
        let blocked = Concern::PinBlocked { role: Role::USER };
        let event = |tries| samples::pin(Role::USER, tries, Cause::User);
        for (change, tries, concerns) in [
            (Change::PinFailed(event(Some(2))), Some(2), vec![required.clone()]),
            (Change::PinFailed(event(Some(1))), Some(1), vec![low.clone(), required.clone()]),
            (Change::PinBlocked(event(Some(0))), Some(0), vec![blocked, required]),
            (Change::PinChanged(event(Some(3))), Some(3), vec![]),
            (Change::PinUnblocked(event(None)), Some(3), vec![]),
        ] {
            let mut changes = begin.to_vec();
            changes.push(change.clone());
            let known = seen(&changes);
            let pin = pin_of(&known.readers[0], Role::USER).unwrap();
            assert_eq!((pin.tries_left, pin.blocked), (tries, tries == Some(0)), "{change:?}");
            assert_eq!(known.readers[0].check.as_ref().unwrap().concerns, concerns, "{change:?}");
        }
    }
}
