//! The container map of Yubico's minidriver, MSCMAP (card-piv.md 6). Records keep the bytes that are not understood.

use sha1::{Digest, Sha1};
use shared::model::{KeyAlgorithm, KeyFamily};

use super::slot::Slot;
use crate::tlv;

/// Tag: the records.
const RECORDS: u32 = 0x81;
/// Bytes of one record.
const RECORD: usize = 107;
/// Bytes of the name in it: 40 UTF-16 units, the last of them NUL.
const NAME: usize = 80;
/// Offset: the slot's key reference.
const SLOT: usize = 80;
/// Offset: AT_KEYEXCHANGE (1), AT_SIGNATURE (2), or a curve.
const KEY_SPEC: usize = 81;
/// Offset: key size in bits, little-endian.
const BITS: usize = 82;
/// Offset: flags.
const FLAGS: usize = 84;
/// Offset: the minidriver's number of the PIN.
const PIN_ID: usize = 85;
/// Offset: SHA-1 of the certificate.
const SHA1: usize = 87;
/// Flag: the record is in use.
const VALID: u8 = 0x01;
/// Flag: the default container.
const DEFAULT: u8 = 0x02;
/// No object of a card holds more.
const MAX_RECORDS: usize = 64;

/// The map as stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ContainerMap {
    /// Its records, at most 64.
    pub(super) records: Vec<Record>,
    /// What follows the last whole record.
    rest: Vec<u8>,
    /// What stands beside the records, as it was.
    beside: Vec<u8>,
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record([u8; RECORD]);

impl ContainerMap {
    /// Reads it; `None` when the object holds no records at all, not even none.
    pub(super) fn parse(contents: &[u8]) -> Option<Self> {
        let mut map = Self::default();
        let mut found = false;
        for object in tlv::objects(contents) {
            if object.tag == RECORDS && !found {
                found = true;
                let mut rest = object.value;
                while let Some((record, after)) = rest.split_first_chunk() {
                    if map.records.len() == MAX_RECORDS {
                        break;
                    }
                    map.records.push(Record(*record));
                    rest = after;
                }
                map.rest = rest.to_vec();
            } else {
                tlv::put(&mut map.beside, object.tag, object.value);
            }
        }
        found.then_some(map)
    }

    /// As stored.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut records: Vec<u8> = self.records.iter().flat_map(|record| record.0).collect();
        records.extend_from_slice(&self.rest);
        let mut contents = tlv::object(RECORDS, &records);
        contents.extend_from_slice(&self.beside);
        contents
    }

    /// Whether there are bytes that belong to no record.
    pub(super) fn torn(&self) -> bool {
        !self.rest.is_empty()
    }

    /// The record of a slot.
    pub(super) fn get(&self, slot: Slot) -> Option<&Record> {
        self.records.iter().find(|record| record.is_valid() && record.slot() == Some(slot))
    }

    /// The record of a slot, to be changed.
    pub(super) fn get_mut(&mut self, slot: Slot) -> Option<&mut Record> {
        self.records.iter_mut().find(|record| record.is_valid() && record.slot() == Some(slot))
    }

    /// The first slot that has the mark of the default container.
    pub(super) fn default_slot(&self) -> Option<Slot> {
        self.records.iter().find(|record| record.is_valid() && record.is_default()).and_then(Record::slot)
    }

    /// Gives the mark to the record of this slot only, or to none.
    pub(super) fn set_default(&mut self, slot: Option<Slot>) {
        for record in &mut self.records {
            let chosen = record.is_valid() && slot.is_some() && record.slot() == slot;
            let flags = record.0.get_mut(FLAGS);
            if let Some(flags) = flags {
                *flags = if chosen { *flags | DEFAULT } else { *flags & !DEFAULT };
            }
        }
    }
}

impl Record {
    /// The record of a slot with this certificate. A name has at most 39 UTF-16 units; what is longer is cut.
    pub(super) fn new(slot: Slot, name: &str, algorithm: KeyAlgorithm, certificate: &[u8]) -> Self {
        let mut record = Self([0; RECORD]);
        let text = name.encode_utf16().take(NAME / 2 - 1).flat_map(u16::to_le_bytes);
        record.0.iter_mut().zip(text).for_each(|(to, from)| *to = from);
        let key_spec = match (algorithm.family, algorithm.bits, slot) {
            (KeyFamily::Ec, 256, Slot::SIGNATURE) => 3,
            (KeyFamily::Ec, 384, Slot::SIGNATURE) => 4,
            (KeyFamily::Ec, 256, _) => 6,
            (KeyFamily::Ec, 384, _) => 7,
            (_, _, Slot::SIGNATURE) => 2,
            _ => 1,
        };
        record.set(SLOT, &[slot.reference()]);
        record.set(KEY_SPEC, &[key_spec]);
        record.set(BITS, &algorithm.bits.to_le_bytes());
        record.set(FLAGS, &[VALID]);
        record.set(PIN_ID, &[1]);
        record.set_certificate(certificate);
        record
    }

    /// Whether it is in use.
    pub(super) fn is_valid(&self) -> bool {
        self.byte(FLAGS) & VALID != 0
    }

    /// Whether it has the mark of the default container.
    pub(super) fn is_default(&self) -> bool {
        self.byte(FLAGS) & DEFAULT != 0
    }

    /// The slot that it speaks of; `None` when there is no such slot.
    pub(super) fn slot(&self) -> Option<Slot> {
        Slot::of(self.byte(SLOT))
    }

    /// Makes it speak of another slot.
    pub(super) fn set_slot(&mut self, slot: Slot) {
        self.set(SLOT, &[slot.reference()]);
    }

    /// Whether it names this certificate.
    pub(super) fn is_of(&self, certificate: &[u8]) -> bool {
        self.0.get(SHA1..) == Some(Sha1::digest(certificate).as_slice())
    }

    /// Makes it name this certificate.
    pub(super) fn set_certificate(&mut self, certificate: &[u8]) {
        self.set(SHA1, &Sha1::digest(certificate));
    }

    /// Whether it names a certificate.
    pub(super) fn has_certificate(&self) -> bool {
        self.0.iter().skip(SHA1).any(|byte| *byte != 0)
    }

    /// Makes it name none.
    pub(super) fn forget_certificate(&mut self) {
        self.set(SHA1, &[0; RECORD - SHA1]);
    }

    fn byte(&self, offset: usize) -> u8 {
        self.0.get(offset).copied().unwrap_or_default()
    }

    fn set(&mut self, offset: usize, bytes: &[u8]) {
        self.0.iter_mut().skip(offset).zip(bytes).for_each(|(to, from)| *to = *from);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RSA: KeyAlgorithm = KeyAlgorithm { family: KeyFamily::Rsa, bits: 2048 };

    fn two() -> ContainerMap {
        let records = vec![
            Record::new(Slot::AUTHENTICATION, "first", RSA, b"certificate"),
            Record::new(Slot::SIGNATURE, "second", RSA, b"other"),
        ];
        ContainerMap { records, rest: Vec::new(), beside: Vec::new() }
    }

    #[test]
    fn one_record_by_its_bytes() {
        let ec = KeyAlgorithm { family: KeyFamily::Ec, bits: 384 };
        let bytes = Record::new(Slot::SIGNATURE, "né", ec, b"certificate").0;
        assert_eq!(&bytes[..6], &[b'n', 0, 0xE9, 0, 0, 0]);
        assert_eq!(&bytes[80..87], &[0x9C, 4, 0x80, 0x01, 0x01, 1, 0]);
        assert_eq!(&bytes[87..], Sha1::digest(b"certificate").as_slice());
    }

    #[test]
    fn there_and_back_with_what_is_not_understood() {
        let mut map = two();
        map.set_default(Some(Slot::SIGNATURE));
        assert_eq!(map.default_slot(), Some(Slot::SIGNATURE));
        let first = map.get(Slot::AUTHENTICATION).unwrap();
        assert!(first.is_of(b"certificate") && !first.is_of(b"other") && !first.is_default());
        for odd in [&[][..], &[7; 30]] {
            for beside in [&[][..], &[0x99, 2, 1, 2, 0xFE, 0]] {
                map.rest = odd.to_vec();
                map.beside = beside.to_vec();
                let bytes = map.encode();
                let again = ContainerMap::parse(&bytes).unwrap();
                assert_eq!((&again, again.torn()), (&map, !odd.is_empty()));
                assert_eq!(again.encode(), bytes);
            }
        }
        map.set_default(None);
        assert_eq!(map.default_slot(), None);
    }

    #[test]
    fn hostile_maps() {
        for contents in [&[][..], &[0x80, 1, 1], &[0x81], &[0x81, 0x82, 0xFF], &[0xFF; 300]] {
            assert_eq!(ContainerMap::parse(contents), None, "{contents:02X?}");
        }
        let huge = ContainerMap::parse(&tlv::object(0x81, &[0xFF; 60_000])).unwrap();
        assert!(huge.records.len() == MAX_RECORDS && huge.torn());
        assert_eq!(huge.records[0].slot(), None);
        assert_eq!(ContainerMap::parse(&[0x81, 0]).unwrap(), ContainerMap::default());
        let long = Record::new(Slot::AUTHENTICATION, &"x".repeat(60), RSA, b"").0;
        assert_eq!(&long[74..82], &[b'x', 0, b'x', 0, 0, 0, 0x9A, 1]);
    }
}
