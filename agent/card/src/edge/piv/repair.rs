//! What changes leave behind that are cut off, or made by programs that know only a part of the card, and mending
//! it. Nothing is deleted but certificates that are also elsewhere on the card. The key history is not touched: what
//! it says of keys without certificates nobody else knows.

use shared::model::Finding;

use super::Piv;
use super::container_map::ContainerMap;
use super::objects::ObjectId;
use super::place::SlotKey;
use super::slot::Slot;
use crate::error::Result;
use crate::x509;

/// A certificate in a slot without a key, whose key is in another slot.
struct Stray {
    at: Slot,
    key: Slot,
    /// Whether the slot with the key has the same certificate, too.
    copied: bool,
}

impl Stray {
    fn finding(&self) -> Finding {
        let Self { at, key, copied } = self;
        Finding {
            place: format!("slot {at}"),
            text: format!("Its certificate has no key beside it: the key is in slot {key}."),
            repair: Some(if *copied {
                format!("It is deleted here; slot {key} has it, too.")
            } else {
                format!("It is moved to slot {key}.")
            }),
        }
    }
}

impl Piv<'_> {
    /// What a repair would mend in these slots and in the container map.
    pub(super) fn repairable(&mut self, slots: &[Slot]) -> Result<Vec<Finding>> {
        let mut findings: Vec<Finding> = self.strays(slots)?.iter().map(Stray::finding).collect();
        if let Some((_, stale)) = self.renewed_map(slots)? {
            findings.extend(stale);
        }
        Ok(findings)
    }

    /// Mends all of that; returns what it mended.
    pub(super) fn mend(&mut self) -> Result<Vec<Finding>> {
        let slots = self.slots()?;
        let mut mended = Vec::new();
        for stray in self.strays(&slots)? {
            let certificate = self.get(stray.at.certificate_object())?.unwrap_or_default();
            self.change(|card, undo| {
                card.rewrite(undo, stray.key.certificate_object(), &certificate)?;
                card.rewrite(undo, stray.at.certificate_object(), &[])
            })?;
            mended.push(stray.finding());
        }
        if let Some((map, findings)) = self.renewed_map(&slots)? {
            self.change(|card, undo| card.rewrite(undo, ObjectId::CONTAINER_MAP, &map.encode()))?;
            mended.extend(findings);
        }
        Ok(mended)
    }

    fn strays(&mut self, slots: &[Slot]) -> Result<Vec<Stray>> {
        let mut strays = Vec::new();
        let mut taken = Vec::new();
        for at in slots.iter().copied() {
            // On a card that does not tell, a key may be beside every certificate.
            let Some(Ok(der)) = self.certificate_in(at)? else { continue };
            if self.slot_key(at)? != SlotKey::None {
                continue;
            }
            let Some(public_key) = x509::public_key(&der).map(SlotKey::Known) else { continue };
            for key in slots.iter().copied() {
                if self.slot_key(key)? != public_key || taken.contains(&key) {
                    continue;
                }
                let copied = match self.certificate_in(key)? {
                    None => false,
                    Some(Ok(other)) if other == der => true,
                    Some(_) => continue,
                };
                taken.push(key);
                strays.push(Stray { at, key, copied });
                break;
            }
        }
        Ok(strays)
    }

    /// The container map as it should be, and what is wrong with the one that is there; `None` when nothing is, or it
    /// is not in use.
    fn renewed_map(&mut self, slots: &[Slot]) -> Result<Option<(ContainerMap, Vec<Finding>)>> {
        let Some(mut map) = self.container_map()? else { return Ok(None) };
        let mut findings = Vec::new();
        let mut find = |text: String, repair: &str| {
            findings.push(Finding { place: "MSCMAP".to_owned(), text, repair: Some(repair.to_owned()) });
        };
        let recorded: Vec<Slot> = map
            .records
            .iter()
            .filter(|record| record.is_valid())
            .filter_map(|record| record.slot())
            .collect();
        for slot in recorded.iter().copied() {
            let (key, certificate) = (self.slot_key(slot)?, self.certificate_in(slot)?);
            let Some(record) = map.get_mut(slot) else { continue };
            match certificate {
                _ if key == SlotKey::None => {
                    map.remove(slot);
                    find(format!("It names slot {slot}, which has no key."), "The entry is removed.");
                }
                Some(Ok(der)) if !record.is_of(&der) => {
                    record.set_certificate(&der);
                    let text = format!("It names another certificate than slot {slot} has.");
                    find(text, "It will name the one that is there.");
                }
                None if record.has_certificate() => {
                    record.forget_certificate();
                    let text = format!("It names a certificate in slot {slot}, which has none.");
                    find(text, "The entry will name none.");
                }
                _ => {}
            }
        }
        for slot in slots.iter().copied().filter(|slot| !recorded.contains(slot)) {
            let Some(Ok(der)) = self.certificate_in(slot)? else { continue };
            let (SlotKey::Known(key) | SlotKey::Presumed(key)) = self.slot_key(slot)? else { continue };
            map.enter(slot, key.algorithm(), false)?;
            map.set_certificate(slot, Some(&der));
            let text =
                format!("It does not name slot {slot}: Yubico's minidriver may not find the key there.");
            find(text, "It will name it.");
        }
        Ok((!findings.is_empty()).then_some((map, findings)))
    }
}
