//! Deleting: the certificate first, the key after it (card-piv.md 5.1).

use super::Piv;
use super::metadata::Told;
use super::objects::ObjectId;
use super::place::SlotKey;
use super::slot::Slot;
use crate::error::{Error, Result};
use crate::smart_card::Removed;

impl Piv<'_> {
    /// Deletes the certificate of a slot, also one that cannot be read. Its key stays.
    pub(super) fn remove_certificate(&mut self, id: &str) -> Result<()> {
        let missing = || Error::NotFound(format!("certificate {id}"));
        let slot = Slot::parse(id).ok_or_else(missing)?;
        let slot = self.chosen(slot.reference())?;
        if self.get(slot.certificate_object())?.is_none() {
            return Err(missing());
        }
        let map = self.container_map()?.map(|mut map| {
            map.set_certificate(slot, None);
            map.encode()
        });
        self.change(|card, undo| {
            card.rewrite(undo, slot.certificate_object(), &[])?;
            card.note_retired(undo, slot)?;
            match &map {
                Some(map) => card.rewrite(undo, ObjectId::CONTAINER_MAP, map),
                None => Ok(()),
            }
        })
    }

    /// The slot, what is known of its key, and whether that can be deleted.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::NotSupported`] when there is nothing that could be deleted.
    pub(super) fn check_deletion(&mut self, container: u8) -> Result<(Slot, SlotKey, bool)> {
        let slot = self.chosen(container)?;
        let has_certificate = self.get(slot.certificate_object())?.is_some();
        let key = self.slot_key(slot)?;
        let deletes_key = key != SlotKey::None && self.vendor()?.moves_keys();
        if !has_certificate && !deletes_key {
            return Err(match key {
                SlotKey::None | SlotKey::Unknown => Error::NotFound(format!("key in slot {slot}")),
                _ => Error::NotSupported("it cannot delete keys; a new key in that slot takes its place"),
            });
        }
        Ok((slot, key, deletes_key))
    }

    /// Deletes certificate and key of a slot; where the card cannot delete keys, the certificate only.
    pub(super) fn remove_container(&mut self, container: u8) -> Result<Removed> {
        let (slot, key, deletes_key) = self.check_deletion(container)?;
        let map = self.container_map()?.map(|mut map| {
            map.remove(slot);
            map
        });
        self.change(|card, undo| {
            card.rewrite(undo, slot.certificate_object(), &[])?;
            card.note_retired(undo, slot)?;
            if deletes_key {
                card.delete_key(slot)?;
                undo.bind();
                if card.metadata(slot.reference())? != Told::Absent {
                    return Err(Error::Damaged(format!("the deletion of the key in slot {slot}")));
                }
            }
            match &map {
                Some(map) => card.rewrite(undo, ObjectId::CONTAINER_MAP, &map.encode()),
                None => Ok(()),
            }
        })?;
        let default = match &map {
            Some(map) => map.default_slot(),
            None => Some(Slot::AUTHENTICATION).filter(|slot| self.has_certificate(*slot).unwrap_or(false)),
        };
        Ok(Removed { default: default.map(Slot::reference), key_stays: !deletes_key && key != SlotKey::None })
    }
}
