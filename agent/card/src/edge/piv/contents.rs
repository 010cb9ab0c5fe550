//! What is on the card.

use std::collections::BTreeSet;

use shared::model::{Container, DefaultSource, PinType, PinUse, Role, Space};

use super::certificate_object::decode;
use super::container_map::ContainerMap;
use super::findings::{Problem, problems};
use super::key_history::KeyHistory;
use super::metadata::{Metadata, Told};
use super::objects::ObjectId;
use super::slot::Slot;
use super::{Piv, vendor::Vendor};
use crate::error::{Error, Result};
use crate::key::PublicKey;
use crate::smart_card::{Contents, StoredCertificate};
use crate::x509;

/// A slot with a key or a certificate.
#[derive(Clone, Debug)]
pub(super) struct Held {
    /// Which.
    pub(super) slot: Slot,
    /// Whether it has a key: as the card tells, or else because there is a certificate for one.
    pub(super) has_key: bool,
    /// What the card tells of the key; nothing on cards that do not.
    pub(super) metadata: Metadata,
    /// The certificate, or why there is none that could be read.
    pub(super) certificate: Option<std::result::Result<Vec<u8>, String>>,
}

impl Held {
    /// The certificate, if it can be read.
    pub(super) fn der(&self) -> Option<&[u8]> {
        self.certificate.as_ref()?.as_deref().ok()
    }

    /// The key that the certificate is for.
    pub(super) fn certified_key(&self) -> Option<PublicKey> {
        self.der().and_then(x509::public_key)
    }

    fn container(&self, default: Option<Slot>) -> Container {
        let slot = self.slot;
        // As the standard has it, where the card does not tell (SP 800-73-4 part 1, table 4b).
        let pin_use = self.metadata.pin_use.unwrap_or(match slot {
            Slot::SIGNATURE => PinUse::Always,
            Slot::CARD_AUTHENTICATION => PinUse::Never,
            _ => PinUse::Once,
        });
        Container {
            index: slot.reference(),
            slot: Some(slot.to_string()),
            name: slot.name(),
            role: if pin_use == PinUse::Never { Role::EVERYONE } else { Role::USER },
            pin_type: match slot {
                Slot::SIGNATURE => PinType::DigitalSignature,
                _ => PinType::PrimaryCardPin,
            },
            default: default == Some(slot),
            has_key: true,
            algorithm: self
                .metadata
                .key_algorithm()
                .or_else(|| self.certified_key().map(|key| key.algorithm())),
            certificate: self.certificate.as_ref().map(|_| slot.certificate_id()),
            origin: self.metadata.origin,
            pin_use: Some(pin_use),
            touch_use: self.metadata.touch_use,
        }
    }
}

/// Everything that was read to list a card.
pub(super) struct Inventory {
    pub(super) vendor: Vendor,
    /// The slots that hold something, the attestation's among them.
    pub(super) held: Vec<Held>,
    /// The slots that were looked at.
    pub(super) seen: BTreeSet<Slot>,
    pub(super) history: Option<KeyHistory>,
    /// The container map; the inner `None` stands for an object that holds none.
    pub(super) map: Option<Option<ContainerMap>>,
    /// Trusted roots, or why there are none that could be read.
    pub(super) roots: std::result::Result<Vec<Vec<u8>>, String>,
}

impl Inventory {
    /// What is in a slot.
    pub(super) fn get(&self, slot: Slot) -> Option<&Held> {
        self.held.iter().find(|held| held.slot == slot)
    }

    /// The slot that the container map names as the default one, if it has a key.
    fn marked_default(&self) -> Option<Slot> {
        let slot = self.map.as_ref()?.as_ref()?.default_slot()?;
        self.get(slot).filter(|held| held.has_key).map(|held| held.slot)
    }
}

impl Piv<'_> {
    /// Everything that is on the card.
    pub(super) fn list(&mut self) -> Result<Contents> {
        let inventory = self.inventory()?;
        let findings = problems(&inventory).iter().map(Problem::finding).collect();
        let marked = inventory.marked_default();
        let default = marked.or(Some(Slot::AUTHENTICATION));
        let containers: Vec<Container> = inventory
            .held
            .iter()
            .filter(|held| held.has_key && held.slot != Slot::ATTESTATION)
            .map(|held| held.container(default))
            .collect();
        let Inventory { vendor, held, history, map, roots, .. } = inventory;
        let roots = roots.unwrap_or_default();
        let certificates: Vec<StoredCertificate> = held
            .into_iter()
            .filter_map(|held| {
                let container =
                    (held.has_key && held.slot != Slot::ATTESTATION).then(|| held.slot.reference());
                Some(StoredCertificate { id: held.slot.certificate_id(), container, der: held.certificate? })
            })
            .collect();
        let others = [history.is_some(), map.is_some(), !roots.is_empty()];
        let others = others.into_iter().filter(|there| *there).count();
        Ok(Contents {
            space: Space {
                containers_used: count(containers.len()),
                containers_max: vendor.containers_max(),
                files_used: count(certificates.len() + others),
                files_max: None,
            },
            containers,
            certificates,
            roots,
            default_source: Some(match marked {
                Some(_) => DefaultSource::ContainerMap,
                None => DefaultSource::Slot9A,
            }),
            findings,
        })
    }

    /// Reads all that there is to list.
    pub(super) fn inventory(&mut self) -> Result<Inventory> {
        let vendor = self.vendor()?;
        let history =
            self.get_if_readable(ObjectId::KEY_HISTORY)?.and_then(|bytes| KeyHistory::parse(&bytes));
        // A certificate can be in a slot without a key, and a key without a certificate, so that where the card tells
        // of keys a slot takes two questions. The slots for retired keys are looked at as far as they can be in use:
        // who writes them by the standard notes that in the key history.
        let retired = match &history {
            Some(history) => !history.is_empty(),
            None => !vendor.keeps_key_history(),
        };
        let mut seen: BTreeSet<Slot> = Slot::all()
            .filter(|slot| vendor.has_slot(*slot))
            .filter(|slot| retired || !slot.is_retired())
            .collect();
        let mut held = Vec::new();
        for slot in Slot::all().filter(|slot| seen.contains(slot)) {
            held.extend(self.held_in(slot)?);
        }
        if vendor.has_slot(Slot::ATTESTATION) {
            seen.insert(Slot::ATTESTATION);
            let certificate = self.certificate_object(Slot::ATTESTATION)?;
            held.extend(certificate.map(|certificate| Held {
                slot: Slot::ATTESTATION,
                has_key: true,
                metadata: Metadata::default(),
                certificate: Some(certificate),
            }));
        }
        let map = if vendor.stores_container_map() {
            self.get_if_readable(ObjectId::CONTAINER_MAP)?.map(|bytes| ContainerMap::parse(&bytes))
        } else {
            None
        };
        // Who writes the roots writes the map as well: both are the minidriver's.
        let roots = if map.is_some() { self.roots()? } else { Ok(Vec::new()) };
        Ok(Inventory { vendor, held, seen, history, map, roots })
    }

    /// What is in a slot; `None` when it holds neither key nor certificate as far as the card tells.
    pub(super) fn held_in(&mut self, slot: Slot) -> Result<Option<Held>> {
        let told = match self.metadata(slot.reference()) {
            Err(Error::Unexpected { .. } | Error::Malformed(_)) => Told::Unknown,
            told => told?,
        };
        let certificate = self.certificate_object(slot)?;
        let (has_key, metadata) = match told {
            Told::Absent => (false, Metadata::default()),
            // Nitrokey tells of slot 9E when it wants the PIN, whether or not there is a key.
            Told::Known(metadata) if metadata.algorithm.is_some() => (true, metadata),
            Told::Known(metadata) => (certificate.is_some(), metadata),
            Told::Unknown | Told::NotSupported => (certificate.is_some(), Metadata::default()),
        };
        let is_held = has_key || certificate.is_some();
        Ok(is_held.then_some(Held { slot, has_key, metadata, certificate }))
    }

    /// The certificate of a slot. What cannot be read is a sentence and hides nothing else.
    pub(super) fn certificate_object(
        &mut self,
        slot: Slot,
    ) -> Result<Option<std::result::Result<Vec<u8>, String>>> {
        let contents = match self.get(slot.certificate_object()) {
            Err(Error::Unexpected { .. } | Error::Malformed(_)) => {
                return Ok(Some(Err("The card does not give out its object.".to_owned())));
            }
            contents => contents?.unwrap_or_default(),
        };
        let certificate = decode(&contents).transpose();
        Ok(certificate.map(|der| der.and_then(|der| x509::fields(&der).map(|_| der))))
    }
}

fn count(number: usize) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}
