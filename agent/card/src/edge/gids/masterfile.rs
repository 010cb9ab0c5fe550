//! The directory of the card: which file is in which data object (section 4).

use super::certificate_file::FileName;
use super::store::Address;

/// Bytes of one record.
const RECORD: usize = 28;
/// The only version there is.
const VERSION: u8 = 0x01;
/// The least object that files get; below are the masterfile and its neighbours (section 4).
const FIRST_OBJECT: u16 = 0xDF21;
/// The greatest object that files get: DF80 would be the beginning of a longer tag in BER, DF7F is the journal and
/// DF7E ends a refused chain.
const LAST_OBJECT: u16 = 0xDF7D;

/// The masterfile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Masterfile {
    /// Its records, in order.
    pub(super) records: Vec<Record>,
    /// Whether there were empty records or a part of one: what an interrupted write leaves.
    pub(super) torn: bool,
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    directory: [u8; 9],
    name: [u8; 9],
    padding: [u8; 2],
    object: u32,
    file: u32,
}

impl Masterfile {
    /// Reads it; `None` when it is no masterfile.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let [VERSION, rest @ ..] = bytes else { return None };
        let chunks = rest.chunks_exact(RECORD);
        let mut torn = !chunks.remainder().is_empty();
        let mut records = Vec::new();
        for chunk in chunks {
            if chunk.iter().all(|byte| *byte == 0) {
                torn = true;
            } else {
                records.extend(Record::parse(chunk));
            }
        }
        Some(Self { records, torn })
    }

    /// As stored.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        for record in &self.records {
            bytes.extend_from_slice(&record.directory);
            bytes.extend_from_slice(&record.name);
            bytes.extend_from_slice(&record.padding);
            bytes.extend_from_slice(&record.object.to_le_bytes());
            bytes.extend_from_slice(&record.file.to_le_bytes());
        }
        bytes
    }

    /// Where a file is; names are compared without case.
    pub(super) fn find(&self, directory: &str, name: &str) -> Option<Address> {
        let record =
            self.records.iter().find(|record| record.directory() == directory && record.name() == name);
        record?.address()
    }

    /// How many records name this object.
    pub(super) fn count(&self, at: Address) -> usize {
        self.records.iter().filter(|record| record.address() == Some(at)).count()
    }

    /// How many files it names.
    pub(super) fn files(&self) -> usize {
        self.records.iter().filter(|record| record.address().is_some()).count()
    }

    /// The lowest object of a file that no record names and that `taken` does not hold.
    pub(super) fn free_object(&self, file: u16, taken: &[Address]) -> Option<Address> {
        (FIRST_OBJECT..=LAST_OBJECT)
            .map(|object| Address { file, object })
            .find(|at| self.count(*at) == 0 && !taken.contains(at))
    }

    /// Points a file at an object, with a new record where it has none.
    pub(super) fn set(&mut self, directory: &str, name: &str, at: Address) {
        let (object, file) = (u32::from(at.object), u32::from(at.file));
        let lower = name.to_ascii_lowercase();
        match self.records.iter_mut().find(|old| old.directory() == directory && old.name() == lower) {
            Some(old) => (old.object, old.file) = (object, file),
            None => self.records.push(Record {
                directory: padded(directory),
                name: padded(name),
                padding: [0; 2],
                object,
                file,
            }),
        }
    }

    /// Takes a file out.
    pub(super) fn remove(&mut self, directory: &str, name: &str) {
        self.records.retain(|record| !(record.directory() == directory && record.name() == name));
    }
}

impl Record {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let (directory, bytes) = bytes.split_first_chunk()?;
        let (name, bytes) = bytes.split_first_chunk()?;
        let (padding, bytes) = bytes.split_first_chunk()?;
        let (object, bytes) = bytes.split_first_chunk()?;
        let (file, _) = bytes.split_first_chunk()?;
        Some(Self {
            directory: *directory,
            name: *name,
            padding: *padding,
            object: u32::from_le_bytes(*object),
            file: u32::from_le_bytes(*file),
        })
    }

    /// The directory's name in lower case; empty for the root.
    pub(super) fn directory(&self) -> String {
        text(&self.directory)
    }

    /// The file's name in lower case; empty where the record describes the directory.
    pub(super) fn name(&self) -> String {
        text(&self.name)
    }

    /// Whether this is a certificate whose number has a capital digit.
    pub(super) fn has_upper_case_number(&self) -> bool {
        let [_, _, _, number @ ..] = self.name;
        FileName::parse(&self.name()).is_some() && number.iter().any(u8::is_ascii_uppercase)
    }

    /// The object; `None` for a directory, and for numbers that no object can have.
    pub(super) fn address(&self) -> Option<Address> {
        let object = u16::try_from(self.object).ok().filter(|object| *object != 0)?;
        Some(Address { file: u16::try_from(self.file).ok()?, object })
    }
}

fn text(name: &[u8; 9]) -> String {
    let end = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
    name.iter().take(end).map(|byte| char::from(byte.to_ascii_lowercase())).collect()
}

/// At most eight characters; the ninth byte stays NUL.
fn padded(text: &str) -> [u8; 9] {
    let mut name = [0; 9];
    name.iter_mut().zip(text.bytes().take(8)).for_each(|(to, from)| *to = from);
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Section 14: the masterfile after initialisation, and the record of the first certificate.
    const FRESH: &str = "01\
        6d736370000000000000000000000000000000000000000000a00000\
        000000000000000000636172646964000000000020df000012a00000\
        000000000000000000636172646170707300000021df000010a00000\
        000000000000000000636172646366000000000022df000010a00000\
        6d7363700000000000636d617066696c6500000023df000010a00000";
    const FIRST: &str = "6d73637000000000006b7863303000000000000024df000010a00000";

    fn bytes(hex: &str) -> Vec<u8> {
        shared::hex::decode(hex.as_bytes()).unwrap()
    }

    #[test]
    fn the_golden_bytes() {
        let mut masterfile = Masterfile::parse(&bytes(FRESH)).unwrap();
        assert!(!masterfile.torn);
        assert_eq!(masterfile.encode(), bytes(FRESH));
        for (directory, name, found) in [
            ("", "cardid", Some((0xA012, 0xDF20))),
            ("", "cardapps", Some((0xA010, 0xDF21))),
            ("", "cardcf", Some((0xA010, 0xDF22))),
            ("mscp", "cmapfile", Some((0xA010, 0xDF23))),
            ("", "cmapfile", None),
            ("mscp", "", None),
        ] {
            assert_eq!(
                masterfile.find(directory, name).map(|at| (at.file, at.object)),
                found,
                "{directory}/{name}"
            );
        }
        let at = masterfile.free_object(0xA010, &[]).unwrap();
        assert_eq!(at, Address { file: 0xA010, object: 0xDF24 });
        masterfile.set("mscp", "kxc00", at);
        assert_eq!(masterfile.encode(), bytes(&format!("{FRESH}{FIRST}")));
        assert_eq!(
            masterfile.free_object(0xA010, &[Address { file: 0xA010, object: 0xDF25 }]).unwrap().object,
            0xDF26
        );
        masterfile.set("mscp", "kxc00", Address { file: 0xA010, object: 0xDF30 });
        assert_eq!((masterfile.records.len(), masterfile.files()), (6, 5));
        masterfile.remove("mscp", "kxc00");
        assert_eq!(masterfile.encode(), bytes(FRESH));
    }

    #[test]
    fn names_have_no_case_and_records_no_order() {
        let upper = "4D5343500000000000434D415046494C4500000024DF000010A00000";
        let masterfile = Masterfile::parse(&bytes(&format!("01{upper}"))).unwrap();
        assert_eq!(masterfile.find("mscp", "cmapfile").unwrap().object, 0xDF24);
        assert_eq!(masterfile.encode(), bytes(&format!("01{upper}")));
    }

    #[test]
    fn damage_is_noticed() {
        for (hex, records, torn) in [
            ("01".to_owned(), 0, false),
            (format!("{FRESH}{}", "00".repeat(28)), 5, true),
            (format!("{FRESH}6d73"), 5, true),
            (format!("01{}", "ff".repeat(28)), 1, false),
        ] {
            let masterfile = Masterfile::parse(&bytes(&hex)).unwrap();
            assert_eq!((masterfile.records.len(), masterfile.torn), (records, torn), "{hex}");
        }
        assert_eq!(Masterfile::parse(&[]), None);
        assert_eq!(Masterfile::parse(&bytes(&FRESH.replacen("01", "02", 1))), None);
    }
}
