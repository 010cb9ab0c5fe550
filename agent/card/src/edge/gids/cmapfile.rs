//! The container map (section 5.1).

/// Bytes of one record.
const RECORD: usize = 86;
/// Bytes of the name in it: 40 UTF-16 units, the last of them NUL.
const NAME: usize = 80;
/// Flag: the record is in use.
const VALID: u8 = 0x01;
/// Flag: the default container.
const DEFAULT: u8 = 0x02;

/// The most containers there can be: key references run from 81 to FE (section 5.2).
pub(super) const MAX_CONTAINERS: u8 = 126;

/// The container map: a container's index is its place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ContainerMap {
    /// Its records, at most [`MAX_CONTAINERS`].
    pub(super) records: Vec<Record>,
    /// Whether there were bytes that belong to no record.
    pub(super) torn: bool,
}

/// One record. A free one is all zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    name: [u8; NAME],
    flags: u8,
    reserved: u8,
    /// Size of the signature key in bits.
    pub(super) signature_bits: u16,
    /// Size of the key-exchange key in bits.
    pub(super) exchange_bits: u16,
}

impl ContainerMap {
    /// Reads it.
    pub(super) fn parse(bytes: &[u8]) -> Self {
        let chunks = bytes.chunks_exact(RECORD);
        let torn = !chunks.remainder().is_empty() || bytes.len() > RECORD * usize::from(MAX_CONTAINERS);
        Self { records: chunks.take(usize::from(MAX_CONTAINERS)).filter_map(Record::parse).collect(), torn }
    }

    /// As stored.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.records.len() * RECORD);
        for record in &self.records {
            bytes.extend_from_slice(&record.name);
            bytes.extend_from_slice(&[record.flags, record.reserved]);
            bytes.extend_from_slice(&record.signature_bits.to_le_bytes());
            bytes.extend_from_slice(&record.exchange_bits.to_le_bytes());
        }
        bytes
    }

    /// The record of a container that is in use.
    pub(super) fn get(&self, index: u8) -> Option<&Record> {
        self.records.get(usize::from(index)).filter(|record| record.is_valid())
    }

    /// The containers that are in use.
    pub(super) fn valid(&self) -> impl Iterator<Item = (u8, &Record)> {
        (0..).zip(&self.records).filter(|(_, record)| record.is_valid())
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

    /// The first default container.
    pub(super) fn default_container(&self) -> Option<u8> {
        self.valid().find(|(_, record)| record.is_default()).map(|(index, _)| index)
    }

    /// Makes this the only default container, or none.
    pub(super) fn set_default(&mut self, index: Option<u8>) {
        for (place, record) in (0..).zip(&mut self.records) {
            if record.is_valid() && Some(place) == index {
                record.flags |= DEFAULT;
            } else {
                record.flags &= !DEFAULT;
            }
        }
    }
}

impl Record {
    /// A free one.
    pub(super) const FREE: Self =
        Self { name: [0; NAME], flags: 0, reserved: 0, signature_bits: 0, exchange_bits: 0 };

    /// A container that has no key yet. A name has at most 39 UTF-16 units; what is longer is cut.
    pub(super) fn new(name: &str) -> Self {
        let mut units = [0; NAME];
        let text = name.encode_utf16().take(NAME / 2 - 1).flat_map(u16::to_le_bytes);
        units.iter_mut().zip(text).for_each(|(to, from)| *to = from);
        Self { name: units, flags: VALID, ..Self::FREE }
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let (name, bytes) = bytes.split_first_chunk()?;
        let [flags, reserved, s0, s1, x0, x1] = bytes else { return None };
        Some(Self {
            name: *name,
            flags: *flags,
            reserved: *reserved,
            signature_bits: u16::from_le_bytes([*s0, *s1]),
            exchange_bits: u16::from_le_bytes([*x0, *x1]),
        })
    }

    /// Whether it is in use.
    pub(super) fn is_valid(&self) -> bool {
        self.flags & VALID != 0
    }

    /// Whether it has the mark of the default container.
    pub(super) fn is_default(&self) -> bool {
        self.flags & DEFAULT != 0
    }

    /// Size of its key in bits; 0 as long as it has none.
    pub(super) fn bits(&self) -> u16 {
        self.exchange_bits.max(self.signature_bits)
    }

    /// Its name.
    pub(super) fn name(&self) -> String {
        let units =
            self.name.chunks_exact(2).filter_map(|unit| Some(u16::from_le_bytes(unit.try_into().ok()?)));
        let units: Vec<u16> = units.take_while(|unit| *unit != 0).collect();
        String::from_utf16_lossy(&units)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Section 14: one valid default container with an exchange key of 2048 bits.
    const ONE: &str = "330066003600640032006300310061002d0030006200350065002d0034006400370066002d003900610036003\
        1002d0037006300320065003800660031003000340062003900330000000000000000000300000000 08";

    fn golden() -> Vec<u8> {
        shared::hex::decode(ONE.replace(' ', "").as_bytes()).unwrap()
    }

    #[test]
    fn the_golden_bytes() {
        let map = ContainerMap::parse(&golden());
        assert_eq!(map.encode(), golden());
        let record = map.get(0).unwrap();
        assert_eq!(record.name(), "3f6d2c1a-0b5e-4d7f-9a61-7c2e8f104b93");
        assert!(record.is_default() && !map.torn);
        assert_eq!((record.signature_bits, record.exchange_bits, record.bits()), (0, 2048, 2048));

        let mut made = ContainerMap::default();
        let mut record = Record::new("3f6d2c1a-0b5e-4d7f-9a61-7c2e8f104b93");
        record.exchange_bits = 2048;
        made.set(0, record);
        made.set_default(Some(0));
        assert_eq!(made.encode(), golden());
    }

    #[test]
    fn places() {
        let mut map = ContainerMap::parse(&golden());
        map.set(2, Record::new("two"));
        assert_eq!(map.records.len(), 3);
        map.set(0, Record::FREE);
        assert_eq!((map.get(0), map.default_container()), (None, None));
        map.set_default(Some(1));
        assert_eq!(map.default_container(), None, "a free record is no container");
    }

    #[test]
    fn names_and_damage() {
        let long = "x".repeat(60);
        assert_eq!(Record::new(&long).name(), "x".repeat(39));
        for (extra, torn) in [(0, false), (1, true), (85, true), (86, false)] {
            let mut bytes = golden();
            bytes.extend(vec![0; extra]);
            assert_eq!(ContainerMap::parse(&bytes).torn, torn, "{extra}");
        }
        assert_eq!(ContainerMap::parse(&[0xFF; 65535]).records.len(), usize::from(MAX_CONTAINERS));
        assert!(ContainerMap::parse(&[]).records.is_empty());
    }
}
