//! The container map where it is in use, and the default container in it (card-piv.md 6).

use shared::model::KeyAlgorithm;

use super::Piv;
use super::container_map::{ContainerMap, Record};
use super::import::NO_DEFAULT;
use super::objects::ObjectId;
use super::place::SlotKey;
use super::slot::Slot;
use crate::edge::container_name;
use crate::error::{Error, Result};
use crate::x509;

impl Piv<'_> {
    /// The container map; `None` on a card where it is not in use, or holds what is none. It is never created: only
    /// Yubico's minidriver knows what else it expects then.
    pub(super) fn container_map(&mut self) -> Result<Option<ContainerMap>> {
        if !self.vendor()?.stores_container_map() {
            return Ok(None);
        }
        Ok(self.get(ObjectId::CONTAINER_MAP)?.and_then(|contents| ContainerMap::parse(&contents)))
    }

    /// Refuses a default where the card keeps none.
    pub(super) fn check_default(&mut self, container: u8) -> Result<()> {
        let slot = self.chosen(container)?;
        if slot != Slot::AUTHENTICATION && self.container_map()?.is_none() {
            return Err(NO_DEFAULT);
        }
        Ok(())
    }

    /// Makes a slot the default one where the card keeps that. Writes nothing when it is already.
    pub(super) fn make_default(&mut self, container: u8) -> Result<()> {
        let slot = self.chosen(container)?;
        let key = self.slot_key(slot)?;
        let der = self.certificate_object(slot)?.and_then(std::result::Result::ok);
        if key == SlotKey::None || key == SlotKey::Unknown && der.is_none() {
            return Err(Error::NotFound(format!("key in slot {slot}")));
        }
        let Some(mut map) = self.container_map()? else {
            return if slot == Slot::AUTHENTICATION { Ok(()) } else { Err(NO_DEFAULT) };
        };
        let of_certificate = || der.as_deref().and_then(x509::public_key).map(|key| key.algorithm());
        let kind = match &key {
            SlotKey::Known(key) | SlotKey::Presumed(key) => Some(key.algorithm()),
            SlotKey::Hidden | SlotKey::Unknown | SlotKey::None => of_certificate(),
        };
        let kind = kind.ok_or(Error::NotSupported("it does not tell what kind of key is there"))?;
        let known = map.get(slot).is_some();
        map.enter(slot, kind, false)?;
        if !known {
            map.set_certificate(slot, der.as_deref());
        }
        map.set_default(Some(slot));
        self.change(|card, undo| card.rewrite(undo, ObjectId::CONTAINER_MAP, &map.encode()))
    }
}

impl ContainerMap {
    /// Makes sure that there is a record for the key of a slot. A new key gets a new name, since Windows keeps what
    /// it knows of a container under its name; whether it is the default one stays.
    ///
    /// # Errors
    /// [`Error::NotSupported`] on a machine without random numbers.
    pub(super) fn enter(&mut self, slot: Slot, kind: KeyAlgorithm, new_key: bool) -> Result<()> {
        if self.get(slot).is_some() && !new_key {
            return Ok(());
        }
        let mut record = Record::new(slot, &container_name::random()?, kind, &[]);
        record.forget_certificate();
        let default = self.default_slot();
        match self.get_mut(slot) {
            Some(old) => *old = record,
            None => self.records.push(record),
        }
        self.set_default(default);
        Ok(())
    }

    /// Makes the record of a slot, where there is one, name this certificate, or none.
    pub(super) fn set_certificate(&mut self, slot: Slot, certificate: Option<&[u8]>) {
        match (self.get_mut(slot), certificate) {
            (Some(record), Some(certificate)) => record.set_certificate(certificate),
            (Some(record), None) => record.forget_certificate(),
            (None, _) => {}
        }
    }

    /// Takes a slot out.
    pub(super) fn remove(&mut self, slot: Slot) {
        let of_slot = |record: &Record| record.is_valid() && record.slot() == Some(slot);
        let places: Vec<usize> = self
            .records
            .iter()
            .enumerate()
            .filter(|(_, record)| of_slot(record))
            .map(|(place, _)| place)
            .collect();
        self.remove_at(&places);
    }

    /// Takes the records at these places out. When the default one is among them, the slot for authentication becomes
    /// that, or the first.
    pub(super) fn remove_at(&mut self, places: &[usize]) {
        let default = self.default_slot();
        let mut place = 0..;
        self.records.retain(|_| place.next().is_none_or(|place| !places.contains(&place)));
        if default.is_some_and(|slot| self.get(slot).is_none()) {
            let first = || self.records.iter().filter(|record| record.is_valid()).find_map(Record::slot);
            let next = self.get(Slot::AUTHENTICATION).and_then(Record::slot).or_else(first);
            self.set_default(next);
        }
    }
}
