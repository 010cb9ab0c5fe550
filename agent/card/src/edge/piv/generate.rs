//! Keys that the card makes itself (SP 800-73-4 part 2, section 3.3.1; card-piv.md 5).

use shared::model::{KeyFamily, TouchUse};

use super::Piv;
use super::keys::unknown;
use super::metadata::Told;
use super::objects::ObjectId;
use super::slot::Slot;
use super::vendor::{ImportForm, Product};
use super::{algorithm, import::NO_DEFAULT};
use crate::error::{Error, Result};
use crate::key::PublicKey;
use crate::smart_card::{NewKey, Placement};

impl Piv<'_> {
    /// Where a new key would go: into the slot for authentication unless somebody chose, or that is taken.
    pub(super) fn find_place_for_key(&mut self, new: &NewKey) -> Result<Placement> {
        self.check_new_key(new)?;
        let (slot, overwrites_key) = self.slot_for_key(new.container, Some(Slot::AUTHENTICATION))?;
        if new.default && slot != Slot::AUTHENTICATION && self.container_map()?.is_none() {
            return Err(NO_DEFAULT);
        }
        let replaces = self.has_certificate(slot)?.then(|| slot.certificate_id());
        Ok(Placement {
            container: slot.reference(),
            replaces,
            writes_key: true,
            overwrites_key,
            wants_pin: false,
        })
    }

    fn check_new_key(&mut self, new: &NewKey) -> Result<()> {
        let vendor = self.vendor()?;
        algorithm::identifier(new.algorithm).ok_or_else(|| unknown(new.algorithm))?;
        if new.algorithm.family == KeyFamily::Rsa && vendor.makes_weak_rsa() {
            return Err(Error::KeyNotSupported(
                "RSA keys that this firmware makes (4.2.0 to 4.3.4) can be broken (ROCA). Make an EC key, or import \
                 an RSA key that was made elsewhere"
                    .to_owned(),
            ));
        }
        let kinds = vendor.algorithms();
        if !kinds.contains(&new.algorithm) {
            let kinds: Vec<String> = kinds.iter().map(ToString::to_string).collect();
            return Err(Error::KeyNotSupported(format!("it makes {}", kinds.join(", "))));
        }
        // Policies belong to the extension by which keys are imported, and touch to devices with something to touch.
        if (new.pin_use.is_some() || new.touch_use.is_some()) && vendor.import_form() != ImportForm::Standard
        {
            return Err(Error::NotSupported("its slots decide when a key wants the PIN, not its keys"));
        }
        let touch = new.touch_use.is_some_and(|touch| touch != TouchUse::Never);
        if touch && vendor.product == Product::PivApplet {
            return Err(Error::NotSupported("it has nothing to touch"));
        }
        Ok(())
    }

    /// Makes a key. A certificate that stood for another key is deleted before that: afterwards it would stand for a
    /// key that it is not for.
    pub(super) fn make_key(&mut self, new: &NewKey) -> Result<PublicKey> {
        let placement = self.find_place_for_key(new)?;
        let slot = self.chosen(placement.container)?;
        let map = match self.container_map()? {
            Some(mut map) => {
                map.enter(slot, new.algorithm, true)?;
                if new.default || map.default_slot().is_none() {
                    map.set_default(Some(slot));
                }
                Some(map.encode())
            }
            None => None,
        };
        let removable = self.vendor()?.moves_keys() && self.metadata(slot.reference())? == Told::Absent;
        self.change(|card, undo| {
            card.rewrite(undo, slot.certificate_object(), &[])?;
            card.note_retired(undo, slot)?;
            undo.key_comes(slot, removable);
            let before = card.metadata(slot.reference())?;
            let made = card.generate_key(slot, new.algorithm, new.pin_use, new.touch_use);
            let made = card.key_written(undo, slot, &before, made);
            // Also one that the card does not show: the certificate of the one before must not stand beside it.
            if matches!(made, Ok(_) | Err(Error::Malformed(_))) {
                undo.key_has_come();
            }
            let key = made?;
            if let Told::Known(metadata) = card.metadata(slot.reference())?
                && metadata.public_key.is_some_and(|told| told != key)
            {
                return Err(Error::Damaged("the key as it was made".to_owned()));
            }
            if let Some(map) = &map {
                card.rewrite(undo, ObjectId::CONTAINER_MAP, map)?;
            }
            card.proved = Some((slot, key.clone()));
            Ok(key)
        })
    }
}
