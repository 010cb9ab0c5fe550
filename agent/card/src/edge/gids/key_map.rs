//! The key map: which key file a container has (section 5.3), and the names of algorithms (section 8.1).

use shared::model::{KeyAlgorithm, KeyFamily};

use super::cmapfile::MAX_CONTAINERS;

/// Bytes of one record.
const RECORD: usize = 12;
/// The only version there is.
const VERSION: u8 = 0x01;
/// The high byte of every key file's identifier.
const KEY_FILES: u8 = 0xB0;
/// The key reference of container 0.
const FIRST_REFERENCE: u8 = 0x81;
/// Key type: AT_SIGNATURE.
const SIGNATURE: u8 = 0x9C;
/// Key type: AT_KEYEXCHANGE.
const EXCHANGE: u8 = 0x9A;

/// The key map: one record per record of the container map.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct KeyMap {
    /// Its records.
    pub(super) records: Vec<Record>,
    /// Whether the bytes were no key map.
    pub(super) damaged: bool,
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record([u8; RECORD]);

impl KeyMap {
    /// Reads it. There is none until the first key exists.
    pub(super) fn parse(bytes: Option<&[u8]>) -> Self {
        match bytes {
            None | Some([]) => Self::default(),
            Some([VERSION, rest @ ..]) => {
                let chunks = rest.chunks_exact(RECORD);
                let damaged = !chunks.remainder().is_empty() || chunks.len() > usize::from(MAX_CONTAINERS);
                let records = chunks
                    .take(usize::from(MAX_CONTAINERS))
                    .filter_map(|chunk| Some(Record(chunk.try_into().ok()?)))
                    .collect();
                Self { records, damaged }
            }
            Some(_) => Self { records: Vec::new(), damaged: true },
        }
    }

    /// As stored.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        self.records.iter().for_each(|record| bytes.extend_from_slice(&record.0));
        bytes
    }

    /// The record of a container, when it is in use.
    pub(super) fn get(&self, index: u8) -> Option<&Record> {
        self.records.get(usize::from(index)).filter(|record| record.is_used())
    }

    /// The key reference of a container: as the map says, else the usual one.
    pub(super) fn reference(&self, index: u8) -> Option<u8> {
        let known = self.get(index).and_then(Record::reference);
        known.or_else(|| usual_reference(index))
    }

    /// Whether a container uses this key reference by the map.
    pub(super) fn uses(&self, reference: u8) -> bool {
        self.records.iter().any(|record| record.is_used() && record.reference() == Some(reference))
    }

    /// Puts a record in its place.
    pub(super) fn set(&mut self, index: u8, record: Record) {
        self.grow(usize::from(index) + 1);
        if let Some(place) = self.records.get_mut(usize::from(index)) {
            *place = record;
        }
    }

    /// Makes it at least so long.
    pub(super) fn grow(&mut self, length: usize) {
        if self.records.len() < length {
            self.records.resize(length, Record::FREE);
        }
    }
}

/// The key reference that a container gets (section 5.2).
pub(super) fn usual_reference(index: u8) -> Option<u8> {
    FIRST_REFERENCE.checked_add(index).filter(|reference| *reference < 0xFF)
}

/// The identifier of the file of a key.
pub(super) fn key_file(reference: u8) -> u16 {
    u16::from_be_bytes([KEY_FILES, reference])
}

/// The algorithm identifier of an RSA key; `None` for a size that GIDS has no number for.
pub(super) fn rsa_algorithm(bits: u16) -> Option<u8> {
    match bits {
        1024 => Some(0x06),
        2048 => Some(0x07),
        3072 => Some(0x08),
        4096 => Some(0x09),
        _ => None,
    }
}

impl Record {
    /// A free one.
    pub(super) const FREE: Self = Self([0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0]);

    /// A key in use.
    pub(super) fn new(algorithm: u8, signature: bool, reference: u8) -> Self {
        let kind = if signature { SIGNATURE } else { EXCHANGE };
        Self([1, 0, 0, 0, algorithm, kind, reference, KEY_FILES, 0xFF, 0xFF, 0, 0])
    }

    /// Whether the key is in use.
    pub(super) fn is_used(&self) -> bool {
        let [state, ..] = self.0;
        state == 1
    }

    /// Whether it is a signature key.
    pub(super) fn is_signature(&self) -> bool {
        let [_, _, _, _, _, kind, ..] = self.0;
        kind == SIGNATURE
    }

    /// Its key reference.
    pub(super) fn reference(&self) -> Option<u8> {
        let [_, _, _, _, _, _, reference, files, ..] = self.0;
        (files == KEY_FILES).then_some(reference)
    }

    /// Kind and size of the key.
    pub(super) fn algorithm(&self) -> Option<KeyAlgorithm> {
        let [_, _, _, _, algorithm, ..] = self.0;
        let (family, bits) = match algorithm & 0x0F {
            0x06 => (KeyFamily::Rsa, 1024),
            0x07 => (KeyFamily::Rsa, 2048),
            0x08 => (KeyFamily::Rsa, 3072),
            0x09 => (KeyFamily::Rsa, 4096),
            0x0A => (KeyFamily::Ec, 192),
            0x0B => (KeyFamily::Ec, 224),
            0x0C => (KeyFamily::Ec, 256),
            0x0D => (KeyFamily::Ec, 384),
            0x0E => (KeyFamily::Ec, 521),
            _ => return None,
        };
        Some(KeyAlgorithm { family, bits })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_golden_bytes() {
        let golden = shared::hex::decode(b"0101000000079a81b0ffff0000").unwrap();
        let mut map = KeyMap::parse(Some(&golden));
        assert_eq!(map.encode(), golden);
        assert_eq!(map.get(0), Some(&Record::new(0x07, false, 0x81)));
        assert_eq!(map.get(0).unwrap().algorithm().unwrap().to_string(), "RSA 2048");
        assert!(map.uses(0x81) && !map.uses(0x82) && !map.get(0).unwrap().is_signature());
        map.set(0, Record::FREE);
        assert_eq!(map.encode(), shared::hex::decode(b"01000000000000ffffffff0000").unwrap());
        assert!(!map.uses(0x81));
    }

    #[test]
    fn references() {
        let mut map = KeyMap::default();
        assert_eq!(map.reference(3), Some(0x84));
        map.set(3, Record::new(0x06, true, 0x90));
        assert_eq!((map.reference(3), map.records.len()), (Some(0x90), 4));
        assert_eq!(usual_reference(125), Some(0xFE));
        assert_eq!(usual_reference(126), None);
        assert_eq!(usual_reference(200), None);
    }

    #[test]
    fn damage() {
        for (bytes, records, damaged) in [
            (None, 0, false),
            (Some(&[][..]), 0, false),
            (Some(&[1]), 0, false),
            (Some(&[2]), 0, true),
            (Some(&[1, 0, 0]), 0, true),
            (Some(&[1; 65_533]), 126, true),
        ] {
            let map = KeyMap::parse(bytes);
            assert_eq!((map.records.len(), map.damaged), (records, damaged), "{bytes:?}");
        }
    }
}
