//! Data objects in access files: GET DATA and PUT DATA of section 3, and what was read in this transaction.

use std::collections::BTreeMap;

use super::keys::APPLICATION;
use super::{CHUNK, Gids};
use crate::apdu::{Command, Data, StatusWord};
use crate::error::{Error, Result};
use crate::key::PublicKey;
use crate::tlv;

/// The file with the directory and the key map, readable by everyone.
pub(super) const DIRECTORY_FILE: u16 = 0xA000;
/// The directory.
pub(super) const MASTERFILE: Address = Address { file: DIRECTORY_FILE, object: 0xDF1F };
/// Which key is where.
pub(super) const KEY_MAP: Address = Address { file: DIRECTORY_FILE, object: 0xDF20 };
/// Where Windows and OpenSC put `cardcf`. The masterfile has the last word; this is for looking at it alone.
pub(super) const USUAL_CARDCF: Address = Address { file: 0xA010, object: 0xDF22 };

/// The largest value that is written; OpenSC has the same limit (section 3).
pub(super) const MAX_VALUE: usize = 65_000;

/// What a card has no room for when it refuses an object.
pub(super) const NO_ROOM: &str = "another file";

/// The object that ends a refused chain; no file gets it.
pub(super) const CHAIN_END: u16 = 0xDF7E;

/// TAG LIST of ISO 7816-4: which objects GET DATA shall return; empty for all.
const TAG_LIST: u8 = 0x5C;

/// Where a data object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Address {
    /// The file's identifier, such as A010.
    pub(super) file: u16,
    /// The object's tag, such as DF24.
    pub(super) object: u16,
}

/// What was read in this transaction. Any write makes it forget everything.
#[derive(Default)]
pub(super) struct Memory {
    objects: BTreeMap<Address, Option<Vec<u8>>>,
    /// Files that were asked for all of their objects; true where that worked.
    files: BTreeMap<u16, bool>,
    keys: BTreeMap<u8, Option<PublicKey>>,
}

impl Memory {
    /// Forgets everything.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// Whether this object was read, or found missing.
    pub(super) fn has(&self, at: Address) -> bool {
        self.objects.contains_key(&at)
    }

    /// The objects of a file that was read as a whole.
    pub(super) fn objects_of(&self, file: u16) -> impl Iterator<Item = (Address, &[u8])> {
        let whole = self.files.get(&file) == Some(&true);
        self.objects
            .iter()
            .filter(move |(at, _)| whole && at.file == file)
            .filter_map(|(at, value)| Some((*at, value.as_deref()?)))
    }

    /// A public key as read before; `Some(None)` when there is none.
    pub(super) fn key(&self, reference: u8) -> Option<Option<PublicKey>> {
        self.keys.get(&reference).cloned()
    }

    /// Remembers a public key.
    pub(super) fn keep_key(&mut self, reference: u8, key: Option<PublicKey>) {
        self.keys.insert(reference, key);
    }
}

impl Gids<'_> {
    /// The value of an object; `None` when the object or its file does not exist.
    ///
    /// # Errors
    /// [`Error::Transport`], [`Error::Unexpected`], and [`Error::Malformed`] for an object that is cut off.
    pub(super) fn read(&mut self, at: Address) -> Result<Option<Vec<u8>>> {
        if let Some(value) = self.memory.objects.get(&at) {
            return Ok(value.clone());
        }
        if self.memory.files.get(&at.file) == Some(&true) {
            return Ok(None);
        }
        let [high, low] = at.object.to_be_bytes();
        let response = self.get_data(at.file, &[TAG_LIST, 2, high, low])?;
        let value = match response.status {
            StatusWord::OK => {
                let value = tlv::find(&response.data, u32::from(at.object));
                Some(value.ok_or(Error::Malformed("GET DATA"))?.to_vec())
            }
            StatusWord::NOT_FOUND | StatusWord::FILE_NOT_FOUND => None,
            status => return Err(Error::Unexpected { command: "GET DATA", status: status.0 }),
        };
        self.memory.objects.insert(at, value.clone());
        Ok(value)
    }

    /// As [`Gids::read`], with an inner error where the card does not give out the object.
    ///
    /// # Errors
    /// [`Error::Transport`]
    pub(super) fn try_read(&mut self, at: Address) -> Result<std::result::Result<Option<Vec<u8>>, Error>> {
        match self.read(at) {
            Err(error @ Error::Transport(_)) => Err(error),
            result => Ok(result),
        }
    }

    /// Reads every object of a file with one command, to save commands later. A card that refuses this, or whose
    /// answer makes no sense, is asked for single objects when they are needed.
    ///
    /// # Errors
    /// [`Error::Transport`]
    pub(super) fn read_file(&mut self, file: u16) -> Result<()> {
        if self.memory.files.contains_key(&file) {
            return Ok(());
        }
        let objects = match self.get_data(file, &[TAG_LIST, 0]) {
            Ok(response) if response.status == StatusWord::OK => all_objects(&response.data),
            Ok(response) if response.status == StatusWord::FILE_NOT_FOUND => Some(BTreeMap::new()),
            Ok(_) | Err(Error::Malformed(_)) => None,
            Err(error) => return Err(error),
        };
        self.memory.files.insert(file, objects.is_some());
        for (object, value) in objects.unwrap_or_default() {
            self.memory.objects.insert(Address { file, object }, Some(value));
        }
        Ok(())
    }

    /// GET DATA as it is.
    pub(super) fn get_data(&mut self, file: u16, query: &[u8]) -> Result<crate::apdu::Response> {
        self.applet.send(&Command {
            name: "GET DATA",
            instruction: 0xCB,
            parameters: file.to_be_bytes(),
            data: Data::Plain(query),
            expects: true,
        })
    }

    /// Creates or replaces an object. An object that has a value is emptied by an empty value, an empty one is
    /// removed by it (section 3).
    ///
    /// # Errors
    /// [`Error::CardFull`] and those of the transport.
    pub(super) fn put(&mut self, at: Address, value: &[u8]) -> Result<()> {
        if value.len() > MAX_VALUE {
            return Err(Error::CardFull("a file of that size"));
        }
        let object = tlv::object(u32::from(at.object), value);
        self.put_data(at.file, Data::Plain(&object))
    }

    /// PUT DATA as it is.
    pub(super) fn put_data(&mut self, file: u16, data: Data<'_>) -> Result<()> {
        self.memory.forget();
        let response = self.applet.send(&Command {
            name: "PUT DATA",
            instruction: 0xDB,
            parameters: file.to_be_bytes(),
            data,
            expects: false,
        })?;
        if response.status != StatusWord::OK && data.bytes().len() > CHUNK {
            self.end_chain(file)?;
        }
        match response.status {
            StatusWord::OK => Ok(()),
            StatusWord::FULL => Err(Error::CardFull(NO_ROOM)),
            status => Err(Error::Unexpected { command: "PUT DATA", status: status.0 }),
        }
    }

    /// Ends a chain that was refused on the way. Until its last command comes the card answers 6884 to everything
    /// but a SELECT of the application, which would end the login as well (section 2). That last command is a
    /// whole small object of its own: where nothing of the chain was kept it is written, and removed again; else
    /// the card refuses it or spoils with it an object that is half written anyway. Never an empty or a partial
    /// one, by which GidsApplet loses the file (section 3).
    fn end_chain(&mut self, file: u16) -> Result<()> {
        let at = Address { file, object: CHAIN_END };
        let object =
            if file == APPLICATION { vec![0x70, 0x00] } else { tlv::object(u32::from(CHAIN_END), &[0]) };
        let response = self.applet.send(&Command {
            name: "PUT DATA",
            instruction: 0xDB,
            parameters: file.to_be_bytes(),
            data: Data::Plain(&object),
            expects: false,
        })?;
        if response.status == StatusWord::OK && file != APPLICATION {
            // Whether it is there, and stays there, is no reason to give up what is being put back.
            match self.remove(at) {
                Err(error @ Error::Transport(_)) => return Err(error),
                _ => self.memory.forget(),
            }
        }
        Ok(())
    }

    /// Removes an object. What it holds now decides how many writes that takes: one too many would create an
    /// empty object.
    ///
    /// # Errors
    /// Those of [`Gids::put`].
    pub(super) fn remove(&mut self, at: Address) -> Result<()> {
        match self.read(at)? {
            None => Ok(()),
            Some(value) if value.is_empty() => self.put(at, &[]),
            Some(_) => {
                self.put(at, &[])?;
                self.put(at, &[])
            }
        }
    }
}

/// Every object of an answer, unless it is malformed or has an object twice.
fn all_objects(bytes: &[u8]) -> Option<BTreeMap<u16, Vec<u8>>> {
    let mut all = BTreeMap::new();
    let mut walk = tlv::objects(bytes);
    for object in &mut walk {
        let tag = u16::try_from(object.tag).ok()?;
        if all.insert(tag, object.value.to_vec()).is_some() {
            return None;
        }
    }
    walk.is_complete().then_some(all)
}

#[cfg(test)]
mod tests {
    use super::all_objects;

    #[test]
    fn an_answer_that_makes_no_sense_is_not_used() {
        for (bytes, count) in [
            (&[][..], Some(0)),
            (&[0xDF, 0x21, 1, 7, 0xDF, 0x22, 0], Some(2)),
            (&[0xDF, 0x21, 1, 7, 0xDF, 0x21, 0], None),
            (&[0xDF, 0x21, 9, 7], None),
            (&[0x5F, 0xC1, 0x05, 0], None),
        ] {
            assert_eq!(all_objects(bytes).map(|all| all.len()), count, "{bytes:02X?}");
        }
    }
}
