//! Mending what changes leave behind that are cut off, or that are made by programs which know a part of the card only.
//! No key is deleted, and no certificate but one that is also beside its key. The key history is not touched: what it
//! says of keys whose certificates are elsewhere nobody else knows.

use shared::model::Finding;

use super::contents::Inventory;
use super::findings::{Problem, problems};
use super::objects::ObjectId;
use super::slot::Slot;
use super::{Piv, chuid};
use crate::error::{Error, Result};

impl Piv<'_> {
    /// Mends what it can; returns what it mended.
    pub(super) fn mend(&mut self) -> Result<Vec<Finding>> {
        let before = self.inventory()?;
        let mut mended = self.bring_certificates_to_keys(&before)?;
        // What is left behind may be what the container map names.
        let after = self.inventory()?;
        mended.extend(self.mend_map(&after)?);
        mended.extend(self.give_identifier()?);
        Ok(mended.iter().map(Problem::finding).collect())
    }

    fn bring_certificates_to_keys(&mut self, inventory: &Inventory) -> Result<Vec<Problem>> {
        let mut mended = Vec::new();
        let mut taken: Vec<Slot> = Vec::new();
        for problem in problems(inventory) {
            let Problem::LeftBehind { at, key, .. } = problem else { continue };
            // Of two certificates for one key the second stays where it is.
            if taken.contains(&key) {
                continue;
            }
            taken.push(key);
            let certificate = self.get(at.certificate_object())?.unwrap_or_default();
            self.change(|card, undo| {
                card.rewrite(undo, key.certificate_object(), &certificate)?;
                card.rewrite(undo, at.certificate_object(), &[])
            })?;
            mended.push(problem);
        }
        Ok(mended)
    }

    fn mend_map(&mut self, inventory: &Inventory) -> Result<Vec<Problem>> {
        let Some(Some(mut map)) = inventory.map.clone() else { return Ok(Vec::new()) };
        let mut mended = problems(inventory);
        let (mut gone, mut missing) = (Vec::new(), Vec::new());
        mended.retain(|problem| {
            match problem {
                Problem::RecordWithoutKey(place) => gone.push(*place),
                Problem::RecordOfAnotherCertificate(slot) => {
                    map.set_certificate(*slot, inventory.get(*slot).and_then(|held| held.der()));
                }
                Problem::NotInMap(slot) => missing.push(*slot),
                Problem::SeveralDefaults => map.set_default(map.default_slot()),
                _ => return false,
            }
            true
        });
        map.remove_at(&gone);
        for held in missing.into_iter().filter_map(|slot| inventory.get(slot)) {
            if let Some(key) = held.certified_key() {
                map.enter(held.slot, key.algorithm(), false)?;
                map.set_certificate(held.slot, held.der());
            }
        }
        if !mended.is_empty() {
            self.change(|card, undo| card.rewrite(undo, ObjectId::CONTAINER_MAP, &map.encode()))?;
        }
        Ok(mended)
    }

    fn give_identifier(&mut self) -> Result<Option<Problem>> {
        if self.guid()?.is_some() {
            return Ok(None);
        }
        let mut guid = [0; 16];
        getrandom::fill(&mut guid).map_err(|_| Error::NotSupported("this machine has no random numbers"))?;
        let chuid = match self.get_if_readable(ObjectId::CHUID)? {
            None => Some(chuid::template(guid)),
            // Signed, or damaged in another way: only its issuer can tell what it should be.
            Some(before) => chuid::with_guid(&before, guid),
        };
        let Some(chuid) = chuid else { return Ok(None) };
        self.change(|card, undo| card.rewrite(undo, ObjectId::CHUID, &chuid))?;
        Ok(Some(Problem::NoIdentifier))
    }
}
