//! Data objects: GET DATA and PUT DATA (card-gids.md 3 and 12, items 6 and 8).

use super::acl::Operation;
use super::chaining::Part;
use super::command::Command;
use super::files::{APPLICATION, Body, File};
use super::{Answer, Gids, status};
use crate::virt::tlv;

/// EF.ATR: card service data, card capabilities (chaining, no extended length), issuer (1.3).
const EF_ATR: u16 = 0x2F01;
const EF_ATR_OBJECTS: &[u8] = b"\x43\x01\xF4\x47\x03\x08\x01\x80\x46\x0CMySmartLogon";
/// Below this size, in bytes with tag and length, the applet takes an incomplete object for one of no length.
const SMALL: usize = 240;

impl Gids {
    /// GET DATA.
    pub(super) fn get_data(&self, command: &Command<'_>) -> Answer {
        match (command.p1p2(), command.data) {
            (0xFFFF, _) => Err(status::PARAMETERS),
            (APPLICATION, [0x70, 0x08, 0x84, 0x01, reference, 0xA5, 0x03, 0x7F, 0x49, 0x80]) => {
                self.public_key(*reference)
            }
            (APPLICATION, [0x5C, 0x02, high, low]) => self.pin_status(u16::from_be_bytes([*high, *low])),
            (APPLICATION, _) => Err(status::DATA_INVALID),
            (EF_ATR, [0x5C, 0x00]) => Ok(EF_ATR_OBJECTS.to_vec()),
            (EF_ATR, _) => Err(status::NOT_FOUND),
            (_, data) => {
                let id = self.addressed(command)?;
                let file = self.object_file(id, Operation::Read)?;
                let records = records(file)?;
                match tlv::only(data, 0x5C) {
                    Some([]) => Ok(records.concat()),
                    Some([high, low]) => {
                        let tag = u16::from_be_bytes([*high, *low]);
                        records.iter().find(|record| has_tag(record, tag)).cloned().ok_or(status::NOT_FOUND)
                    }
                    _ => Err(status::WRONG_DATA),
                }
            }
        }
    }

    /// One command of PUT DATA into a file of data objects, whole or a link of a chain.
    pub(super) fn put_object(&mut self, command: &Command<'_>, part: Part) -> Result<Part, u16> {
        if command.p1p2() == 0xFFFF {
            return Err(status::PARAMETERS);
        }
        let id = self.addressed(command)?;
        let file = self.object_file(id, Operation::Write)?;
        match part {
            Part::First => {
                records(file)?;
                self.begin_object(id, command)
            }
            Part::Next { tag, written } => self.continue_object(id, tag, written, command),
        }
    }

    fn begin_object(&mut self, id: u16, command: &Command<'_>) -> Result<Part, u16> {
        let header = tlv::header(command.data).ok_or(status::DATA_INVALID)?;
        let total = header.size + header.length;
        let complete = command.data.len() == total;
        if command.data.len() > total || !complete && !command.more() {
            return Err(status::DATA_INVALID);
        }
        if !complete && total < SMALL && self.options.quirks.small_chain_ruins_file {
            self.replace(id, header.tag, Vec::new())?;
            return Ok(Part::Next { tag: header.tag, written: 0 });
        }
        let old = self.record(id, header.tag).map(Vec::len);
        match old {
            // An object that is empty already is removed by being emptied again.
            Some(old) if header.length == 0 && old == total => self.remove(id, header.tag),
            // The same length: overwritten in place, so that a torn chain leaves the old tail.
            Some(old) if old == total => {}
            _ => {
                let mut record = Vec::with_capacity(total);
                record.extend_from_slice(command.data);
                record.resize(total, 0);
                self.replace(id, header.tag, record)?;
            }
        }
        self.overwrite(id, header.tag, 0, command.data);
        Ok(Part::Next { tag: header.tag, written: command.data.len() })
    }

    fn continue_object(
        &mut self,
        id: u16,
        tag: u16,
        written: usize,
        command: &Command<'_>,
    ) -> Result<Part, u16> {
        let size = self.record(id, tag).map_or(0, Vec::len);
        let end = written + command.data.len();
        if end > size || end < size && !command.more() {
            return Err(status::DATA_INVALID);
        }
        self.overwrite(id, tag, written, command.data);
        Ok(Part::Next { tag, written: end })
    }

    /// The file that P1 and P2 name: 0000 is the selected one.
    fn addressed(&self, command: &Command<'_>) -> Result<u16, u16> {
        match command.p1p2() {
            0 => self.session.file.ok_or(status::NOT_ALLOWED),
            id => Ok(id),
        }
    }

    fn object_file(&self, id: u16, operation: Operation) -> Result<&File, u16> {
        let file = self.file(id).ok_or(status::FILE_NOT_FOUND)?;
        if !matches!(file.body, Body::Objects(_)) {
            return Err(status::FILE_KIND);
        }
        if !file.active {
            return Err(status::CONDITIONS);
        }
        self.require(&file.parameters, operation)?;
        Ok(file)
    }

    fn record(&self, id: u16, tag: u16) -> Option<&Vec<u8>> {
        match &self.file(id)?.body {
            Body::Objects(records) => records.iter().find(|record| has_tag(record, tag)),
            Body::Key(_) => None,
        }
    }

    fn records_mut(&mut self, id: u16) -> Option<&mut Vec<Vec<u8>>> {
        match &mut self.file_mut(id)?.body {
            Body::Objects(records) => Some(records),
            Body::Key(_) => None,
        }
    }

    fn overwrite(&mut self, id: u16, tag: u16, at: usize, bytes: &[u8]) {
        let record =
            self.records_mut(id).and_then(|records| records.iter_mut().find(|record| has_tag(record, tag)));
        if let Some(room) = record.and_then(|record| record.get_mut(at..at + bytes.len())) {
            room.copy_from_slice(bytes);
        }
    }

    /// Takes an object out; the last one moves into the hole.
    pub(super) fn remove(&mut self, id: u16, tag: u16) {
        if let Some(records) = self.records_mut(id)
            && let Some(index) = records.iter().position(|record| has_tag(record, tag))
        {
            records.swap_remove(index);
        }
    }

    /// Takes the object of that tag out, if there is one, and appends a record.
    pub(super) fn replace(&mut self, id: u16, tag: u16, record: Vec<u8>) -> Result<(), u16> {
        let old = self.record(id, tag).map(Vec::len);
        let used = self.used() - old.unwrap_or(0) + record.len();
        let max = self.options.max_objects + usize::from(old.is_some());
        let full =
            used > self.options.memory || self.records_mut(id).is_some_and(|records| records.len() >= max);
        if full {
            return Err(status::FULL);
        }
        self.remove(id, tag);
        if let Some(records) = self.records_mut(id) {
            records.push(record);
        }
        Ok(())
    }

    /// Bytes of all data objects.
    fn used(&self) -> usize {
        let sizes = self.files.iter().map(|file| match &file.body {
            Body::Objects(records) => records.iter().map(Vec::len).sum(),
            Body::Key(_) => 0,
        });
        sizes.sum()
    }
}

/// The objects of a file. One record of no length makes the whole file unusable.
fn records(file: &File) -> Result<&[Vec<u8>], u16> {
    match &file.body {
        Body::Objects(records) if records.iter().any(Vec::is_empty) => Err(status::INTERNAL),
        Body::Objects(records) => Ok(records),
        Body::Key(_) => Err(status::FILE_KIND),
    }
}

fn has_tag(record: &[u8], tag: u16) -> bool {
    tlv::header(record).is_some_and(|header| header.tag == tag)
}
