//! Importing a certificate, with its key or to a key that the card has (card-piv.md 5.2 and 17).
//!
//! The key goes first and the certificate after it, so that no certificate ever stands for a key that is not there;
//! a certificate that stood for a key which is given up is deleted before that. The container map comes last: a
//! repair brings it up to date. Of the chain nothing is stored but on cards where the trusted roots (MSROOTS) are in
//! use, and only as long as those fit one object, which is written whole or not at all.

use zeroize::Zeroizing;

use super::change::Undo;
use super::key_data::key_data;
use super::keys::{Trial, unknown};
use super::metadata::Told;
use super::objects::{MAX_CONTENTS, ObjectId};
use super::place::{SlotKey, usual_slot};
use super::slot::Slot;
use super::vendor::ImportForm;
use super::{Piv, algorithm, certificate_object, roots};
use crate::error::{Error, Result};
use crate::key::{PrivateKey, PublicKey};
use crate::smart_card::{Import, Placement};

/// What an import writes, decided before the first write.
struct Plan {
    slot: Slot,
    key: Option<NewKey>,
    /// What the certificate's object will hold.
    certificate: Vec<u8>,
    /// The same for the container map and the trusted roots, where they are in use.
    map: Option<Vec<u8>>,
    roots: Option<Vec<u8>>,
}

/// A key to write: its algorithm identifier, and the data of the command.
struct NewKey {
    algorithm: u8,
    data: Zeroizing<Vec<u8>>,
}

impl Piv<'_> {
    /// Where an import would go.
    pub(super) fn find_place(&mut self, import: &Import<'_>) -> Result<Placement> {
        let placement = self.place_in(import)?;
        self.plan(import, &placement)?;
        Ok(placement)
    }

    fn place_in(&mut self, import: &Import<'_>) -> Result<Placement> {
        if let Some(key) = import.private_key {
            self.check_key(key, import)?;
        }
        let usual = self.usual(import)?;
        let with_key = match import.private_key {
            None => Ok(self.slot_with_key(import.public_key, import.container, usual)?),
            Some(_) => self.slot_that_has(import.public_key, import.container)?.ok_or(usual),
        };
        let (slot, writes_key, overwrites_key) = match with_key {
            Ok(slot) => (slot, false, false),
            Err(usual) => {
                let (slot, overwrites) = self.slot_for_key(import.container, usual)?;
                // Nor is another key's certificate lost that somebody may only have put there.
                (slot, true, overwrites || self.has_certificate(slot)?)
            }
        };
        if import.default && slot != Slot::AUTHENTICATION && self.container_map()?.is_none() {
            return Err(NO_DEFAULT);
        }
        if writes_key && self.vendor()?.import_form() == ImportForm::Nitrokey && slot != Slot::AUTHENTICATION
        {
            return Err(Error::KeyNotSupported(
                "a Nitrokey takes keys into slot 9A only; choose that slot to give up what is in it"
                    .to_owned(),
            ));
        }
        let replaces = self.has_certificate(slot)?.then(|| slot.certificate_id());
        let wants_pin = match import.container {
            _ if writes_key => self.is_tried_out(slot)?,
            // Which slot has the key is found out by trying those that do not tell.
            None => matches!(self.slot_key(slot)?, SlotKey::Unknown | SlotKey::Hidden),
            Some(_) => false,
        };
        Ok(Placement { container: slot.reference(), replaces, writes_key, overwrites_key, wants_pin })
    }

    /// The slot that is usual for what is imported, on this card.
    fn usual(&mut self, import: &Import<'_>) -> Result<Option<Slot>> {
        let only_slot = self.vendor()?.import_form() == ImportForm::Nitrokey && import.private_key.is_some();
        let must_be_default = import.default && self.container_map()?.is_none();
        Ok(if only_slot || must_be_default {
            Some(Slot::AUTHENTICATION)
        } else {
            usual_slot(import.certificate)
        })
    }

    /// The slot that has this very key already: the chosen one, or any.
    fn slot_that_has(&mut self, key: &PublicKey, chosen: Option<u8>) -> Result<Option<Slot>> {
        let slots = match chosen {
            Some(chosen) => vec![self.chosen(chosen)?],
            None => self.slots()?,
        };
        for slot in slots {
            if matches!(self.slot_key(slot)?, SlotKey::Known(own) | SlotKey::Presumed(own) if own == *key) {
                return Ok(Some(slot));
            }
        }
        Ok(None)
    }

    /// Whether the card can have this key, and whether it is the certificate's.
    fn check_key(&mut self, key: &PrivateKey, import: &Import<'_>) -> Result<()> {
        let vendor = self.vendor()?;
        if !key.matches(import.public_key) {
            return Err(Error::NoMatchingKey);
        }
        if vendor.import_form() == ImportForm::None {
            return Err(Error::NotSupported("it takes no keys; ask whoever issued it"));
        }
        let kind = import.public_key.algorithm();
        algorithm::identifier(kind).ok_or_else(|| unknown(kind))?;
        let kinds = vendor.algorithms();
        if !kinds.contains(&kind) {
            let kinds: Vec<String> = kinds.iter().map(ToString::to_string).collect();
            return Err(Error::KeyNotSupported(format!("it takes {}", kinds.join(", "))));
        }
        key_data(key, vendor.import_form()).map_err(|why| Error::KeyNotSupported(why.to_owned()))?;
        Ok(())
    }

    fn plan(&mut self, import: &Import<'_>, placement: &Placement) -> Result<Plan> {
        let slot = self.chosen(placement.container)?;
        let vendor = self.vendor()?;
        let limit = vendor.object_limit().unwrap_or(MAX_CONTENTS);
        let key = match import.private_key.filter(|_| placement.writes_key) {
            Some(key) => Some(NewKey {
                algorithm: algorithm::identifier(key.algorithm).ok_or_else(|| unknown(key.algorithm))?,
                data: key_data(key, vendor.import_form())
                    .map_err(|why| Error::KeyNotSupported(why.to_owned()))?,
            }),
            None => None,
        };
        let certificate = certificate_object::encode(import.certificate, limit)?;
        let map = match self.container_map()? {
            Some(mut map) => {
                map.enter(slot, import.public_key.algorithm(), key.is_some())?;
                map.set_certificate(slot, Some(import.certificate));
                if import.default || map.default_slot().is_none() {
                    map.set_default(Some(slot));
                }
                let map = map.encode();
                if map.len() > limit {
                    return Err(Error::CardFull("another container"));
                }
                Some(map)
            }
            None => None,
        };
        Ok(Plan { slot, key, certificate, map, roots: self.roots_with(import, limit)? })
    }

    /// The trusted roots with the chain among them; `None` where they are not in use, would stay as they are, or
    /// need more than one object.
    fn roots_with(&mut self, import: &Import<'_>, limit: usize) -> Result<Option<Vec<u8>>> {
        let Some(first) = ObjectId::roots().next() else { return Ok(None) };
        if !self.vendor()?.stores_container_map() || self.get(first)?.is_none() {
            return Ok(None);
        }
        let Ok(mut all) = self.roots()? else { return Ok(None) };
        let known = all.len();
        for certificate in import.chain {
            if certificate != import.certificate && !all.contains(certificate) {
                all.push(certificate.clone());
            }
        }
        let pages = roots::encode(&all, limit).filter(|_| all.len() > known);
        Ok(pages.and_then(|pages| <[Vec<u8>; 1]>::try_from(pages).ok()).map(|[page]| page))
    }

    /// Imports, reads back and compares.
    pub(super) fn import_certificate(&mut self, import: &Import<'_>) -> Result<String> {
        let placement = self.place_in(import)?;
        let plan = self.plan(import, &placement)?;
        match &plan.key {
            Some(_) => self.can_be_tried(plan.slot)?,
            None => self.confirm_key(plan.slot, import).map_err(|error| match error {
                // Its certificate is there, but not the key that it is for.
                Error::NoMatchingKey if import.private_key.is_some() => Error::KeyNotSupported(format!(
                    "slot {} has a certificate for it, and another key or none; delete that certificate first, or \
                     choose another slot",
                    plan.slot
                )),
                error => error,
            })?,
        }
        let removable = self.vendor()?.moves_keys() && self.metadata(plan.slot.reference())? == Told::Absent;
        self.change(|card, undo| card.write(import, &plan, removable, undo))?;
        Ok(plan.slot.certificate_id())
    }

    fn write(&mut self, import: &Import<'_>, plan: &Plan, removable: bool, undo: &mut Undo) -> Result<()> {
        let object = plan.slot.certificate_object();
        if let Some(new) = &plan.key {
            self.rewrite(undo, object, &[])?;
            undo.key_comes(plan.slot, removable);
            let before = self.metadata(plan.slot.reference())?;
            let written = self.import_key(plan.slot, new.algorithm, &new.data);
            self.key_written(undo, plan.slot, &before, written)?;
            undo.key_has_come();
            self.compare_key(plan.slot, import.public_key)?;
        }
        self.rewrite(undo, object, &plan.certificate)?;
        self.note_retired(undo, plan.slot)?;
        if let (Some(roots), Some(at)) = (&plan.roots, ObjectId::roots().next()) {
            match self.rewrite(undo, at, roots) {
                // The chain is left out.
                Err(Error::CardFull(_)) => {}
                result => result?,
            }
        }
        match &plan.map {
            Some(map) => self.rewrite(undo, ObjectId::CONTAINER_MAP, map),
            None => Ok(()),
        }
    }

    /// Whether a new key is tried out with the PIN: the card does not show its keys, and this one wants the PIN.
    fn is_tried_out(&mut self, slot: Slot) -> Result<bool> {
        let shown = matches!(self.metadata(slot.reference())?, Told::Known(_) | Told::Absent);
        Ok(!shown && slot != Slot::CARD_AUTHENTICATION)
    }

    /// On a card that does not show its keys a new one is tried out, which takes the PIN: refused while nothing has
    /// been written.
    fn can_be_tried(&mut self, slot: Slot) -> Result<()> {
        if self.verified || !self.is_tried_out(slot)? {
            return Ok(());
        }
        Err(PIN_TO_TRY)
    }

    /// Reads back the key that was written: from the card where it shows it, else by what it signs.
    fn compare_key(&mut self, slot: Slot, key: &PublicKey) -> Result<()> {
        let right = match self.metadata(slot.reference())? {
            Told::Known(metadata) if metadata.public_key.is_some() => {
                metadata.public_key.as_ref() == Some(key)
            }
            Told::Absent => false,
            Told::Known(_) | Told::Unknown | Told::NotSupported => match self.try_key(slot, key)? {
                Trial::Right => true,
                Trial::Wrong => false,
                // A key that wants VERIFY directly before it is used, or that cannot sign.
                Trial::Untold => slot == Slot::SIGNATURE || crate::key::Scheme::of(key.algorithm()).is_none(),
            },
        };
        if right {
            self.proved = Some((slot, key.clone()));
            return Ok(());
        }
        Err(Error::Damaged("the key as it was written".to_owned()))
    }

    /// Makes sure, as far as the card lets anybody, that the key of a slot is the certificate's. A key that cannot
    /// be tried out is taken on the word of whoever chose the slot, unless a certificate there says otherwise; where
    /// nobody chose it, it has to be tried out.
    fn confirm_key(&mut self, slot: Slot, import: &Import<'_>) -> Result<()> {
        let key = import.public_key;
        let known = self.slot_key(slot)?;
        let guessed = import.container.is_none() && matches!(known, SlotKey::Unknown | SlotKey::Hidden);
        let presumed = match known {
            SlotKey::Known(own) => return if own == *key { Ok(()) } else { Err(Error::NoMatchingKey) },
            SlotKey::None => return Err(Error::NoMatchingKey),
            SlotKey::Presumed(own) => own == *key,
            SlotKey::Unknown | SlotKey::Hidden => true,
        };
        let trial = if self.verified || slot == Slot::CARD_AUTHENTICATION {
            self.try_key(slot, key)?
        } else {
            Trial::Untold
        };
        match trial {
            Trial::Right => {
                self.proved = Some((slot, key.clone()));
                Ok(())
            }
            Trial::Untold if guessed => Err(PIN_TO_TRY),
            Trial::Untold if presumed => Ok(()),
            Trial::Wrong | Trial::Untold => Err(Error::NoMatchingKey),
        }
    }
}

/// What a card wants that does not show its keys.
const PIN_TO_TRY: Error = Error::NotSupported(
    "it does not show its keys, so that the key has to be tried out, which takes the PIN: give the PIN, too",
);

/// What decides on cards without a container map.
pub(super) const NO_DEFAULT: Error = Error::NotSupported(
    "it keeps no default: Windows takes the certificate in slot 9A, and `kortti cert move` moves one there",
);
