//! Looks at a card that no request asks for: when it came in, and after a request has tried a PIN or written. They wait
//! until no request does, and take one transaction.

use card::transport;
use card::{Error as CardError, SmartCard};
use shared::ErrorCode;
use shared::config::CacheMode;
use shared::model::Role;

use super::desk::{ATTEMPTS, Desk};
use super::turn::Turn;
use crate::checkup::{End, Occasion, Seen, lasting};
use crate::errors::Failure;
use crate::registry::Target;
use crate::service::certificates::Cache;
use crate::service::{checks, rules};

/// A look that is to be taken.
pub(super) struct Due {
    /// The reader's count of insertions; at another card nobody wants to look.
    generation: u32,
    /// Whether the contents are to be looked at too, or the PINs alone.
    contents: bool,
    /// Why.
    occasion: Occasion,
    /// Whether it could not be taken when it was due. It is tried again after the next message.
    put_off: bool,
    /// How often the card turned out to be another one without having been moved.
    changes: usize,
}

impl Desk {
    /// Whether there is a look to be taken now.
    pub(super) fn has_to_look(&self) -> bool {
        self.due.as_ref().is_some_and(|due| !due.put_off)
    }

    /// Takes note that something has happened, after which a look that was put off may be taken.
    pub(super) fn may_look(&mut self) {
        if let Some(due) = &mut self.due {
            due.put_off = false;
        }
    }

    /// A card was identified: it is looked at where the settings say so, and where that was not done yet.
    pub(super) fn look_at_insertion(&mut self, generation: u32) {
        let is_due = self.due.as_ref().is_some_and(|due| due.generation == generation);
        if is_due || self.registry().seen(&self.reader, generation).is_some() {
            return;
        }
        let target = self.registry().target(&self.reader, generation);
        let is_wanted =
            |target: &Target| checks::is_wanted(&self.policy().config, &self.reader, &target.card);
        self.due = target.filter(is_wanted).map(|_| Due {
            generation,
            contents: true,
            occasion: Occasion { looked: true, inserted: true, own: None },
            put_off: false,
            changes: 0,
        });
    }

    /// A request has tried a PIN of a card, or written to it, and set these PINs. A card that is looked after is looked
    /// at again: its PINs, and where they may have changed its contents.
    pub(crate) fn touched(&mut self, target: &Target, set: &[Role], contents: bool) {
        let Some(csn) = &target.card.csn else { return };
        self.service.checks().touched(csn, set);
        let due = self.due.take().filter(|due| due.generation == target.generation);
        if due.is_none() && self.registry().seen(&self.reader, target.generation).is_none() {
            return;
        }
        let mut due = due.unwrap_or(Due {
            generation: target.generation,
            contents: false,
            occasion: Occasion { looked: true, inserted: false, own: None },
            put_off: false,
            changes: 0,
        });
        due.contents |= contents;
        due.occasion.own.get_or_insert_default().extend(set);
        self.due = Some(due);
    }

    /// Takes the look that is due.
    pub(super) fn look(&mut self) {
        let Some(due) = self.due.take().filter(|_| !self.service.is_stopping()) else { return };
        let target = self.registry().target(&self.reader, due.generation);
        let Some(target) = target.filter(|target| target.card.csn.is_some()) else { return };
        match self.see(&target, due.contents) {
            Ok(seen) => self.service.looked(&target, seen, &due.occasion),
            Err(Failure::Card(CardError::Transport(transport::Error::Busy))) => {
                self.due = Some(Due { put_off: true, ..due });
            }
            Err(Failure::Told(error)) if error.code == ErrorCode::CardChanged => {
                self.identify(target.generation);
                // One that is another card each time is not looked at for ever.
                let changes = due.changes + 1;
                self.due = self.due.take().filter(|_| changes < ATTEMPTS).map(|due| Due { changes, ..due });
            }
            Err(failure) => {
                let error = shared::Error::from(failure);
                tracing::debug!(reader = self.reader, %error, "a card could not be looked at");
            }
        }
    }

    fn see(&mut self, target: &Target, contents: bool) -> Result<Seen, Failure> {
        let (turn, policy) = (Turn::default(), self.policy());
        let before = self.registry().seen(&self.reader, target.generation).filter(|_| !contents);
        if let Some(before) = before {
            let mut look = |card: &mut dyn SmartCard| Ok((card.pins()?, card.pin_marks()?));
            let (pins, marks) = self.attempts(&turn, target, &mut look).0?;
            let pins = rules::shown(pins, &policy.config.pin);
            return Ok(Seen { time: self.service.checks().time(), pins, marks, ..Seen::clone(&before) });
        }
        let look = |card: &mut dyn SmartCard, cache: &Cache| {
            let (pins, marks, expiry) = (card.pins()?, card.pin_marks()?, card.expiry()?);
            Ok((pins, marks, expiry, cache.listed.clone()))
        };
        let seen = self.consult(&turn, target, Some(look))?;
        if policy.config.cache.mode == CacheMode::None {
            self.cache = None;
        }
        let (pins, marks, expiry, listed) = seen.ok_or(CardError::NotInitialised)?;
        Ok(Seen {
            time: self.service.checks().time(),
            pins: rules::shown(pins, &policy.config.pin),
            marks,
            count: u16::try_from(listed.len()).unwrap_or(u16::MAX),
            certificates: lasting(&listed),
            expiry: expiry.as_deref().and_then(End::parse),
        })
    }
}
