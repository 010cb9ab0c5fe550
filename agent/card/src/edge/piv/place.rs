//! Which slot a key or a certificate goes to (card-piv.md 5.2 and 17).

use super::Piv;
use super::keys::Trial;
use super::metadata::Told;
use super::slot::Slot;
use crate::error::{Error, Result};
use crate::key::PublicKey;
use crate::x509;

/// What is known of the key in a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SlotKey {
    /// This one: the card tells it, or it was made or tried out in this transaction.
    Known(PublicKey),
    /// There is one, and the card does not tell which.
    Hidden,
    /// The card does not tell whether there is one; the slot has a certificate for this one.
    Presumed(PublicKey),
    /// The card does not tell whether there is one, and the slot has no certificate.
    Unknown,
    /// There is none.
    None,
}

/// Extended key usages that the slot for authentication is for: logon with a smart card (Microsoft), and client
/// authentication (RFC 5280 4.2.1.12).
const LOGON: [&str; 2] = ["1.3.6.1.4.1.311.20.2.2", "1.3.6.1.5.5.7.3.2"];
/// Key usages that the slot for signatures is for.
const SIGNING: [&str; 2] = ["digitalSignature", "nonRepudiation"];
/// Key usages that the slot for enciphered mail is for.
const ENCIPHERING: [&str; 3] = ["keyEncipherment", "dataEncipherment", "keyAgreement"];

/// The slot that a certificate is for, by what it says of its use; `None` when it says nothing of the kind.
pub(super) fn usual_slot(certificate: &[u8]) -> Option<Slot> {
    let fields = x509::fields(certificate).ok()?;
    let has = |usages: &[&str]| fields.key_usage.iter().any(|usage| usages.contains(&usage.as_str()));
    if fields.extended_key_usage.iter().any(|usage| LOGON.contains(&usage.oid.as_str())) {
        Some(Slot::AUTHENTICATION)
    } else if has(&ENCIPHERING) {
        Some(Slot::KEY_MANAGEMENT)
    } else if has(&SIGNING) {
        Some(Slot::SIGNATURE)
    } else {
        None
    }
}

impl Piv<'_> {
    /// The slot that somebody chose.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the card has no such slot, [`Error::NotSupported`] for the attestation's.
    pub(super) fn chosen(&mut self, container: u8) -> Result<Slot> {
        match Slot::of(container) {
            Some(Slot::ATTESTATION) => Err(Error::NotSupported(
                "slot F9 holds its maker's key for attestation, which Kortti leaves alone",
            )),
            Some(slot) if self.vendor()?.has_slot(slot) => Ok(slot),
            _ => Err(Error::NotFound(format!("slot {container:02X}"))),
        }
    }

    /// The slots that the card has, but the attestation's.
    pub(super) fn slots(&mut self) -> Result<Vec<Slot>> {
        let vendor = self.vendor()?;
        Ok(Slot::all().filter(|slot| vendor.has_slot(*slot)).collect())
    }

    /// What is known of the key in a slot.
    pub(super) fn slot_key(&mut self, slot: Slot) -> Result<SlotKey> {
        if let Some((_, key)) = self.proved.as_ref().filter(|(proved, _)| *proved == slot) {
            return Ok(SlotKey::Known(key.clone()));
        }
        match self.metadata(slot.reference())? {
            Told::Absent => return Ok(SlotKey::None),
            Told::Known(metadata) if metadata.public_key.is_some() || metadata.algorithm.is_some() => {
                return Ok(metadata.public_key.map_or(SlotKey::Hidden, SlotKey::Known));
            }
            Told::Known(_) | Told::Unknown | Told::NotSupported => {}
        }
        let key = self.certificate_object(slot)?.and_then(|der| x509::public_key(&der.ok()?));
        Ok(key.map_or(SlotKey::Unknown, SlotKey::Presumed))
    }

    /// Whether the object for a slot's certificate holds anything.
    pub(super) fn has_certificate(&mut self, slot: Slot) -> Result<bool> {
        Ok(self.certificate_object(slot)?.is_some())
    }

    /// The slot for a new key, and whether one that is there, or may be, would be lost. Unless somebody chose, it is
    /// the usual one if that has neither key nor certificate, else the first slot for retired keys without them.
    ///
    /// # Errors
    /// [`Error::CardFull`], and those of [`Piv::chosen`].
    pub(super) fn slot_for_key(&mut self, chosen: Option<u8>, usual: Option<Slot>) -> Result<(Slot, bool)> {
        if let Some(chosen) = chosen {
            let slot = self.chosen(chosen)?;
            return Ok((slot, self.slot_key(slot)? != SlotKey::None));
        }
        let vendor = self.vendor()?;
        let retired = Slot::retired().filter(|slot| vendor.has_slot(*slot));
        for slot in usual.into_iter().chain(retired) {
            if self.has_certificate(slot)? {
                continue;
            }
            match self.slot_key(slot)? {
                SlotKey::None => return Ok((slot, false)),
                SlotKey::Unknown => return Ok((slot, true)),
                SlotKey::Known(_) | SlotKey::Hidden | SlotKey::Presumed(_) => {}
            }
        }
        Err(Error::CardFull("another key"))
    }

    /// The slot whose key a certificate is for. Where neither the card nor a certificate tells, keys are tried out
    /// once the PIN has been verified; until then the usual slot stands for those that may have it.
    ///
    /// # Errors
    /// [`Error::NoMatchingKey`]; [`Error::KeyNotSupported`] when several slots have the key, of which one must be
    /// chosen; those of [`Piv::chosen`].
    pub(super) fn slot_with_key(
        &mut self,
        key: &PublicKey,
        chosen: Option<u8>,
        usual: Option<Slot>,
    ) -> Result<Slot> {
        if let Some(chosen) = chosen {
            let slot = self.chosen(chosen)?;
            return match self.slot_key(slot)? {
                SlotKey::Known(other) if other != *key => Err(Error::NoMatchingKey),
                SlotKey::None => Err(Error::NoMatchingKey),
                _ => Ok(slot),
            };
        }
        let (mut known, mut presumed, mut unknown) = (Vec::new(), Vec::new(), Vec::new());
        for slot in self.slots()? {
            match self.slot_key(slot)? {
                SlotKey::Known(other) if other == *key => known.push(slot),
                SlotKey::Presumed(other) if other == *key => presumed.push(slot),
                SlotKey::Unknown => unknown.push(slot),
                // A certificate for another key is not replaced on suspicion: whoever knows better says the slot.
                SlotKey::Known(_) | SlotKey::Presumed(_) | SlotKey::Hidden | SlotKey::None => {}
            }
        }
        if let Some(slot) = only(&known)?.or(only(&presumed)?) {
            return Ok(slot);
        }
        // The usual one first.
        unknown.sort_by_key(|slot| Some(*slot) != usual);
        if !self.verified {
            return unknown.first().copied().ok_or(Error::NoMatchingKey);
        }
        for slot in unknown {
            if self.try_key(slot, key)? == Trial::Right {
                self.proved = Some((slot, key.clone()));
                return Ok(slot);
            }
        }
        Err(Error::NoMatchingKey)
    }
}

fn only(slots: &[Slot]) -> Result<Option<Slot>> {
    match slots {
        [] => Ok(None),
        [slot] => Ok(Some(*slot)),
        several => {
            let several: Vec<String> = several.iter().map(Slot::to_string).collect();
            let words = format!("it has it several times, in the slots {}; choose one", several.join(", "));
            Err(Error::KeyNotSupported(words))
        }
    }
}
