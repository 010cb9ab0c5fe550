//! Data objects: GET DATA and PUT DATA (card-piv.md 2).

use super::command::Command;
use super::{APPLICATION_ID, Answer, Piv, status};
use crate::virt::tlv;

/// Discovery object and biometric information template, which have tags of their own.
const DISCOVERY: u32 = 0x7E;
const BIT_GROUP: u32 = 0x7F61;
/// The objects of SP 800-73-4, all within this.
const STANDARD: std::ops::RangeInclusive<u32> = 0x5F_C101..=0x5F_C123;
/// Where a YubiKey keeps what anybody puts.
const ANY: std::ops::RangeInclusive<u32> = 0x5F_0000..=0x5F_FFFF;
/// The certificates of the retired slots 82 to 95.
const RETIRED: std::ops::RangeInclusive<u32> = 0x5F_C10D..=0x5F_C120;
/// Yubico's certificate of slot F9.
pub(super) const ATTESTATION: u32 = 0x5F_FF01;
/// Fingerprints, face, printed information and iris: only after the PIN.
const WITH_PIN: [u32; 4] = [0x5F_C103, 0x5F_C108, 0x5F_C109, 0x5F_C121];

impl Piv {
    /// GET DATA: a tag list with one object.
    pub(super) fn get_data(&mut self, command: &Command<'_>) -> Answer {
        if command.p1p2() != 0x3FFF {
            return Err(status::PARAMETERS);
        }
        let id = tlv::only(command.data, 0x5C).and_then(number).ok_or(status::WRONG_DATA)?;
        if !self.knows_object(id) {
            return Err(self.options.unknown_object);
        }
        let found = match self.objects.get(&id) {
            None if id == DISCOVERY && self.options.discovery => Some(self.discovery()),
            found => found.cloned(),
        };
        let wants_pin = WITH_PIN.contains(&id) && (found.is_some() || self.options.pin_before_absence);
        if wants_pin && !self.pin_verified() {
            return Err(status::SECURITY);
        }
        let tag = match id {
            DISCOVERY => 0x7E,
            BIT_GROUP => 0x7F61,
            _ => 0x53,
        };
        match found {
            Some(value) => Ok(tlv::object(tag, &value)),
            None if self.options.empty_objects && tag == 0x53 => Ok(tlv::object(tag, &[])),
            None => Err(status::NOT_FOUND),
        }
    }

    /// PUT DATA; `data` are those of the whole chain. No value deletes.
    pub(super) fn put_data(&mut self, command: &Command<'_>) -> Answer {
        if command.p1p2() != 0x3FFF {
            return Err(status::PARAMETERS);
        }
        self.require_management()?;
        let Some((0x5C, id, rest)) = tlv::split(command.data) else { return Err(status::WRONG_DATA) };
        let id = number(id).ok_or(status::WRONG_DATA)?;
        let value = tlv::only(rest, 0x53).ok_or(status::WRONG_DATA)?;
        if matches!(id, DISCOVERY | BIT_GROUP) || !self.knows_object(id) {
            return Err(self.options.unknown_object);
        }
        self.store_object(id, value)?;
        Ok(Vec::new())
    }

    /// Writes an object past every rule but the limits; without a value deletes it.
    pub(super) fn store_object(&mut self, id: u32, value: &[u8]) -> Result<(), u16> {
        if value.is_empty() {
            self.objects.remove(&id);
            return Ok(());
        }
        let others: usize =
            self.objects.iter().filter(|(other, _)| **other != id).map(|(_, value)| value.len()).sum();
        if value.len() > self.options.object_max || others + value.len() > self.options.memory {
            return Err(status::FULL);
        }
        self.objects.insert(id, value.to_vec());
        Ok(())
    }

    fn knows_object(&self, id: u32) -> bool {
        let last_retired = RETIRED.start() + u32::from(self.options.last_retired.saturating_sub(0x82));
        match id {
            DISCOVERY | BIT_GROUP => true,
            _ if self.options.any_object => ANY.contains(&id),
            _ if RETIRED.contains(&id) => id <= last_retired,
            _ => STANDARD.contains(&id) || self.options.more_objects.contains(&id),
        }
    }

    /// The discovery object: which PINs there are, and which of them is the primary one (2.4).
    fn discovery(&self) -> Vec<u8> {
        let policy = match (&self.global_pin, self.options.global_pin_primary) {
            (None, _) => [0x40, 0x00],
            (Some(_), false) => [0x60, 0x10],
            (Some(_), true) => [0x60, 0x20],
        };
        [tlv::object(0x4F, &APPLICATION_ID), tlv::object(0x5F2F, &policy)].concat()
    }
}

/// An identifier of one to three bytes.
fn number(id: &[u8]) -> Option<u32> {
    let in_range = (1..=3).contains(&id.len());
    in_range.then(|| id.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
}
