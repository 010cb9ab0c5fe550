//! Moving a key to another slot (card-piv.md 5).

use super::Piv;
use super::metadata::Told;
use super::objects::ObjectId;
use super::place::SlotKey;
use crate::error::{Error, Result};

impl Piv<'_> {
    /// Refuses what cannot be moved, or not there.
    pub(super) fn check_move(&mut self, from: u8, to: u8) -> Result<()> {
        let (from, to) = (self.chosen(from)?, self.chosen(to)?);
        if !self.vendor()?.moves_keys() {
            return Err(Error::NotSupported("it cannot move keys"));
        }
        if self.slot_key(from)? == SlotKey::None {
            return Err(Error::NotFound(format!("key in slot {from}")));
        }
        if from == to || self.slot_key(to)? != SlotKey::None || self.has_certificate(to)? {
            return Err(Error::NotSupported("a key can be moved to an empty slot only"));
        }
        Ok(())
    }

    /// Moves a key and its certificate to a slot without either. The certificate is copied first, then the key is
    /// moved, then the certificate deleted where it was: at no time is there a key whose certificate is nowhere, and
    /// a copy that is left over is recognised by having no key beside it.
    pub(super) fn move_container(&mut self, from: u8, to: u8) -> Result<()> {
        self.check_move(from, to)?;
        let (from, to) = (self.chosen(from)?, self.chosen(to)?);
        let key = self.slot_key(from)?;
        let certificate = self.get(from.certificate_object())?.unwrap_or_default();
        let map = self.container_map()?.map(|mut map| {
            if let Some(record) = map.get_mut(from) {
                record.set_slot(to);
            }
            map.encode()
        });
        self.change(|card, undo| {
            card.rewrite(undo, to.certificate_object(), &certificate)?;
            card.move_slot(from, to)?;
            // From here there is nothing to put back: what is left to do is what a repair does.
            undo.bind();
            if card.metadata(from.reference())? != Told::Absent || card.slot_key(to)? != key {
                return Err(Error::Damaged(format!("the key moved from slot {from} to slot {to}")));
            }
            card.rewrite(undo, from.certificate_object(), &[])?;
            card.note_retired(undo, if to.is_retired() { to } else { from })?;
            match &map {
                Some(map) => card.rewrite(undo, ObjectId::CONTAINER_MAP, map),
                None => Ok(()),
            }
        })
    }
}
