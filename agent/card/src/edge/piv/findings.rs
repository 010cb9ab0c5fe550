//! What is wrong with a card.

use shared::model::{Finding, Role};

use super::Piv;
use super::contents::{Held, Inventory};
use super::metadata::{MANAGEMENT_KEY, Told};
use super::pins::{PIN, PUK};
use super::slot::Slot;
use crate::error::{Error, Result};
use crate::smart_card::PinMarks;

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// A certificate cannot be read, for this reason.
    Damaged(Slot, String),
    /// The certificate in a slot is for another key than the slot's, and that is nowhere on the card.
    OfAnotherKey(Slot),
    /// A slot has a certificate and no key, and its key is nowhere on the card.
    WithoutKey(Slot),
    /// A slot has a certificate whose key is in another slot: a key was moved and its certificate was not.
    LeftBehind {
        /// Where the certificate is.
        at: Slot,
        /// Where its key is.
        key: Slot,
        /// Whether the same certificate is there, too.
        copied: bool,
    },
    /// The object for the container map holds none.
    NoMap,
    /// The container map ends within a record.
    MapTorn,
    /// A record of the container map, by its place, is of a slot that has no key.
    RecordWithoutKey(usize),
    /// The record of a slot names another certificate than the one in the slot, or one where there is none.
    RecordOfAnotherCertificate(Slot),
    /// No record names a slot that has a key and a certificate.
    NotInMap(Slot),
    /// More than one record has the mark of the default container.
    SeveralDefaults,
    /// The pages of the trusted roots cannot be read, for this reason.
    Roots(String),
    /// There is no CHUID, or none with a GUID.
    NoIdentifier,
    /// The key history names so many retired keys with certificates on the card, and there are so many.
    History(u8, usize),
    /// The PIN is the factory's.
    FactoryPin,
    /// The PUK is the factory's.
    FactoryPuk,
    /// The management key is the factory's.
    FactoryKey,
    /// The PUK was blocked on purpose.
    PukBlocked,
    /// The PIN is blocked, and the card erases its keys when the PUK is so, too.
    ErasesKeys,
}

impl Problem {
    /// For people, with what a repair does about it.
    pub(super) fn finding(&self) -> Finding {
        let of = |slot: &Slot| format!("slot {slot}");
        let (place, text, repair) = match self {
            Self::Damaged(slot, why) => (of(slot), format!("The certificate is damaged. {why}"), None),
            Self::OfAnotherKey(slot) => (
                of(slot),
                "The certificate is for another key than the one in this slot, and that key is not on the card."
                    .to_owned(),
                None,
            ),
            Self::WithoutKey(slot) => {
                (of(slot), "The certificate has no key: it is not on the card.".to_owned(), None)
            }
            Self::LeftBehind { at, key, copied } => (
                of(at),
                format!("The key of this certificate is in slot {key}."),
                Some(if *copied {
                    "Deletes it here, since it is there, too.".to_owned()
                } else {
                    format!("Moves it to slot {key}.")
                }),
            ),
            Self::NoMap => ("MSCMAP".to_owned(), "The container map cannot be read.".to_owned(), None),
            Self::MapTorn => ("MSCMAP".to_owned(), "The container map ends within a record.".to_owned(), None),
            Self::RecordWithoutKey(place) => (
                "MSCMAP".to_owned(),
                format!("Record {} of the container map is of a slot that has no key.", place.saturating_add(1)),
                Some("Takes it out.".to_owned()),
            ),
            Self::RecordOfAnotherCertificate(slot) => (
                "MSCMAP".to_owned(),
                format!("The container map names another certificate for slot {slot} than the one that is there."),
                Some("Enters the one that is there.".to_owned()),
            ),
            Self::NotInMap(slot) => (
                "MSCMAP".to_owned(),
                format!("The container map does not name slot {slot}: Windows may not find the key there."),
                Some("Enters it.".to_owned()),
            ),
            Self::SeveralDefaults => (
                "MSCMAP".to_owned(),
                "More than one container is the default one.".to_owned(),
                Some("Keeps the first.".to_owned()),
            ),
            Self::Roots(why) => ("MSROOTS".to_owned(), format!("The trusted roots cannot be read. {why}"), None),
            Self::NoIdentifier => (
                "CHUID".to_owned(),
                "The card has no identifier. Windows, and some other programs, do not work with it.".to_owned(),
                Some("Gives it one.".to_owned()),
            ),
            Self::History(named, found) => (
                "the key history".to_owned(),
                format!("It names {named} retired keys with certificates, and the card has {found}."),
                None,
            ),
            Self::FactoryPin => (
                "the PIN".to_owned(),
                "It is the one that all such cards leave the factory with. Change it.".to_owned(),
                None,
            ),
            Self::FactoryPuk => (
                "the PUK".to_owned(),
                "It is the one that all such cards leave the factory with. Change it.".to_owned(),
                None,
            ),
            Self::FactoryKey => (
                "the management key".to_owned(),
                "It is the one that all such cards leave the factory with: everybody can write to this card."
                    .to_owned(),
                None,
            ),
            Self::PukBlocked => (
                "the PUK".to_owned(),
                "It was blocked on purpose, as Windows does when it takes a YubiKey into use. Should the PIN be \
                 blocked as well, only a reset helps, which deletes all keys and certificates."
                    .to_owned(),
                None,
            ),
            Self::ErasesKeys => (
                "the PUK".to_owned(),
                "The PIN is blocked. Should the PUK be blocked as well, this card erases all its keys for good."
                    .to_owned(),
                None,
            ),
        };
        Finding { place, text, repair }
    }
}

/// What is not as it should be among keys and certificates.
pub(super) fn problems(inventory: &Inventory) -> Vec<Problem> {
    let mut found: Vec<Problem> =
        inventory.held.iter().filter_map(|held| of_certificate(inventory, held)).collect();
    found.extend(of_map(inventory));
    if let Err(why) = &inventory.roots {
        found.push(Problem::Roots(why.clone()));
    }
    found.extend(of_history(inventory));
    found
}

impl Piv<'_> {
    /// What is not as it should be with the card as a whole: its identifier, its PINs, its management key.
    pub(super) fn warnings(&mut self) -> Result<Vec<Problem>> {
        let mut found = Vec::new();
        if self.guid()?.is_none() {
            found.push(Problem::NoIdentifier);
        }
        let erases = self.vendor()?.erases_keys_when_blocked();
        let [pin, puk, key] = [self.told_of(PIN)?, self.told_of(PUK)?, self.told_of(MANAGEMENT_KEY)?];
        for (told, problem) in
            [(&pin, Problem::FactoryPin), (&puk, Problem::FactoryPuk), (&key, Problem::FactoryKey)]
        {
            if matches!(told, Told::Known(metadata) if metadata.factory == Some(true)) {
                found.push(problem);
            }
        }
        let left = |told: &Told| match told {
            Told::Known(metadata) => metadata.tries_left,
            _ => None,
        };
        if left(&puk).is_none_or(|left| left == 0) && self.puk_blocked_on_purpose()? {
            found.push(Problem::PukBlocked);
        }
        if erases && left(&pin) == Some(0) && left(&puk) != Some(0) {
            found.push(Problem::ErasesKeys);
        }
        Ok(found)
    }

    /// What the card tells of PIN and PUK beside how they stand.
    pub(super) fn marks_of_pins(&mut self) -> Result<PinMarks> {
        let [pin, puk] = [self.told_of(PIN)?, self.told_of(PUK)?];
        let factory = |role, told: &Told| match told {
            Told::Known(metadata) => metadata.factory.map(|factory| (role, factory)),
            _ => None,
        };
        let marks = [factory(Role::USER, &pin), factory(Role::ADMIN, &puk)];
        let without_tries = match puk {
            Told::Known(metadata) => metadata.tries_left.is_none_or(|left| left == 0),
            Told::Absent => false,
            Told::Unknown | Told::NotSupported => true,
        };
        let given_up = without_tries && self.puk_blocked_on_purpose()?;
        Ok(PinMarks {
            counter: None,
            factory: marks.into_iter().flatten().collect(),
            given_up: given_up.then_some(Role::ADMIN).into_iter().collect(),
        })
    }

    /// Metadata that nothing else depends on.
    fn told_of(&mut self, reference: u8) -> Result<Told> {
        match self.metadata(reference) {
            Err(Error::Unexpected { .. } | Error::Malformed(_)) => Ok(Told::Unknown),
            told => told,
        }
    }
}

fn of_certificate(inventory: &Inventory, held: &Held) -> Option<Problem> {
    let at = held.slot;
    if let Some(Err(why)) = &held.certificate {
        return Some(Problem::Damaged(at, why.clone()));
    }
    let certified = held.certified_key()?;
    let fits = match &held.metadata.public_key {
        Some(key) => *key == certified,
        // The card does not tell.
        None => held.has_key,
    };
    if fits {
        return None;
    }
    let has_it = |other: &&Held| other.slot != at && other.metadata.public_key.as_ref() == Some(&certified);
    match inventory.held.iter().find(has_it) {
        // One that has a certificate of its own stays as it is.
        Some(other) if other.certificate.is_none() || other.der() == held.der() => {
            Some(Problem::LeftBehind { at, key: other.slot, copied: other.certificate.is_some() })
        }
        _ if held.has_key => Some(Problem::OfAnotherKey(at)),
        _ => Some(Problem::WithoutKey(at)),
    }
}

fn of_map(inventory: &Inventory) -> Vec<Problem> {
    let Some(map) = &inventory.map else { return Vec::new() };
    let Some(map) = map else { return vec![Problem::NoMap] };
    let mut found = Vec::new();
    if map.torn() {
        found.push(Problem::MapTorn);
    }
    let mut defaults = 0;
    for (place, record) in map.records.iter().enumerate().filter(|(_, record)| record.is_valid()) {
        defaults += usize::from(record.is_default());
        let slot = record.slot();
        let held = slot.and_then(|slot| inventory.get(slot)).filter(|held| held.has_key);
        match (slot, held) {
            (Some(slot), Some(held)) => {
                let fits = match &held.certificate {
                    Some(Ok(der)) => record.is_of(der),
                    Some(Err(_)) => true,
                    None => !record.has_certificate(),
                };
                if !fits {
                    found.push(Problem::RecordOfAnotherCertificate(slot));
                }
            }
            (Some(slot), None) if !inventory.seen.contains(&slot) => {}
            // A key may wait there for its certificate.
            (Some(slot), None) if !inventory.vendor.tells_keys() && inventory.get(slot).is_none() => {}
            _ => found.push(Problem::RecordWithoutKey(place)),
        }
    }
    let complete = |held: &&Held| held.has_key && held.der().is_some() && held.slot != Slot::ATTESTATION;
    let unnamed = inventory.held.iter().filter(complete).map(|held| held.slot);
    found.extend(unnamed.filter(|slot| map.get(*slot).is_none()).map(Problem::NotInMap));
    if defaults > 1 {
        found.push(Problem::SeveralDefaults);
    }
    found
}

fn of_history(inventory: &Inventory) -> Option<Problem> {
    let history = inventory.history.as_ref()?;
    let retired = inventory.held.iter().filter(|held| held.slot.is_retired() && held.certificate.is_some());
    let found = retired.count();
    let looked_at = inventory.seen.iter().any(|slot| slot.is_retired());
    (looked_at && found != usize::from(history.on_card)).then_some(Problem::History(history.on_card, found))
}
