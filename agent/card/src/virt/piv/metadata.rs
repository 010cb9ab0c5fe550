//! GET METADATA in the dialects of card-piv.md 15.

use super::command::Command;
use super::management::MANAGEMENT_KEY;
use super::options::Metadata;
use super::pins::{PIN, PUK, Reference};
use super::slots::{self, TOUCH_NEVER};
use super::{Answer, FACTORY_PIN, FACTORY_PUK, Piv, status};
use crate::virt::tlv;

/// Tags.
const ALGORITHM: u16 = 0x01;
const POLICIES: u16 = 0x02;
const ORIGIN: u16 = 0x03;
const PUBLIC_KEY: u16 = 0x04;
const IS_FACTORY_VALUE: u16 = 0x05;
const TRIES: u16 = 0x06;

/// The touch policy of a key that always wants one.
const TOUCH_ALWAYS: u8 = 2;

impl Piv {
    /// GET METADATA of a slot, the PIN, the PUK or the management key.
    pub(super) fn get_metadata(&mut self, command: &Command<'_>) -> Answer {
        match self.options.metadata {
            Metadata::Absent => return Err(status::INSTRUCTION),
            // Nitrokey knows the command and next to nothing to say.
            Metadata::Empty if command.p2 == 0x9E => return Ok(tlv::object(POLICIES, &[1, 0])),
            Metadata::Empty => return Ok(Vec::new()),
            Metadata::Yubico | Metadata::PivApplet => {}
        }
        if command.p1 != 0 {
            return Err(status::PARAMETERS);
        }
        match command.p2 {
            PIN => Ok(self.of_pin(&self.pin, FACTORY_PIN)),
            PUK => Ok(self.of_pin(&self.puk, FACTORY_PUK)),
            MANAGEMENT_KEY => Ok(self.of_management_key()),
            slot if self.has_slot(slot) => self.of_slot(slot),
            _ => Err(self.options.empty_slot),
        }
    }

    fn of_pin(&self, reference: &Reference, factory: &[u8]) -> Vec<u8> {
        let default = tlv::object(IS_FACTORY_VALUE, &[u8::from(reference.is(factory))]);
        let tries = tlv::object(TRIES, &[reference.max, reference.left]);
        match self.options.metadata {
            Metadata::Yubico => [tlv::object(ALGORITHM, &[0xFF]), default, tries].concat(),
            _ => [default, tries].concat(),
        }
    }

    fn of_management_key(&self) -> Vec<u8> {
        let key = &self.management;
        let touch = if key.touch { TOUCH_ALWAYS } else { TOUCH_NEVER };
        [
            tlv::object(ALGORITHM, &[key.algorithm]),
            tlv::object(POLICIES, &[0, touch]),
            tlv::object(IS_FACTORY_VALUE, &[u8::from(key.is_factory())]),
        ]
        .concat()
    }

    fn of_slot(&self, number: u8) -> Answer {
        let slot = self.slots.get(&number).ok_or(self.options.empty_slot)?;
        let algorithm = slots::algorithm_of(slot.key.kind()).ok_or(status::INTERNAL)?;
        let origin = match (self.options.metadata, slot.generated) {
            (Metadata::PivApplet, generated) => u8::from(!generated),
            (_, true) => 1,
            (_, false) => 2,
        };
        Ok([
            tlv::object(ALGORITHM, &[algorithm]),
            tlv::object(POLICIES, &[slot.policies.pin, slot.policies.touch]),
            tlv::object(ORIGIN, &[origin]),
            tlv::object(PUBLIC_KEY, &slots::public_key(&slot.key)),
        ]
        .concat())
    }
}
