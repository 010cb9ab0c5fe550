//! The files that belong together, as they stand on the card.

use super::Gids;
use super::cmapfile::ContainerMap;
use super::key_map::KeyMap;
use super::masterfile::Masterfile;
use super::store::{Address, DIRECTORY_FILE, KEY_MAP, MASTERFILE};
use crate::error::{Error, Result};

/// Masterfile, container map, key map and counters: parsed, and the bytes they were parsed from.
#[derive(Clone, Debug)]
pub(super) struct Directory {
    pub(super) masterfile: Masterfile,
    pub(super) containers: ContainerMap,
    pub(super) keys: KeyMap,
    /// Where the container map is.
    pub(super) map_at: Option<Address>,
    /// The counters: where they are, and what they are.
    pub(super) cardcf: Option<(Address, Option<Vec<u8>>)>,
    /// What masterfile, container map and key map were; `None` for one that is not there.
    pub(super) stored: Vec<(Address, Option<Vec<u8>>)>,
    /// Files that the card does not give out.
    pub(super) unreadable: Vec<&'static str>,
}

impl Directory {
    /// Whether a container or the key map claims this key.
    pub(super) fn uses(&self, reference: u8) -> bool {
        self.keys.uses(reference)
            || self.containers.valid().any(|(index, _)| self.keys.reference(index) == Some(reference))
    }

    /// What was stored at that address.
    pub(super) fn stored_at(&self, at: Address) -> Option<&[u8]> {
        find(&self.stored, at)
    }

    /// Whether everything is there that a change builds on.
    ///
    /// # Errors
    /// [`Error::Damaged`] when the card has to be repaired first.
    pub(super) fn check(&self) -> Result<()> {
        let broken = [
            (self.masterfile.torn, "masterfile"),
            (self.map_at.is_none() || self.containers.torn, "cmapfile"),
            (self.keys.damaged, "the key map"),
        ];
        let broken = broken.iter().filter(|(broken, _)| *broken).map(|(_, name)| *name);
        match self.unreadable.iter().copied().chain(broken).next() {
            Some(name) => Err(Error::Damaged(name.to_owned())),
            None => Ok(()),
        }
    }

    /// Makes container map and key map equally long: programs refuse cards on which they are not (section 5.3).
    pub(super) fn equalise(&mut self) {
        let length = self.containers.records.len().max(self.keys.records.len());
        self.containers.grow(length);
        self.keys.grow(length);
    }
}

fn find(stored: &[(Address, Option<Vec<u8>>)], at: Address) -> Option<&[u8]> {
    stored.iter().find(|(address, _)| *address == at)?.1.as_deref()
}

impl Gids<'_> {
    /// The masterfile.
    ///
    /// # Errors
    /// [`Error::NotInitialised`], [`Error::Damaged`] and those of the transport.
    pub(super) fn masterfile(&mut self) -> Result<Masterfile> {
        if !self.memory.has(MASTERFILE) {
            self.read_file(DIRECTORY_FILE)?;
        }
        let bytes = self.read(MASTERFILE)?.ok_or(Error::NotInitialised)?;
        Masterfile::parse(&bytes).ok_or_else(|| Error::Damaged("masterfile".to_owned()))
    }

    /// The 16 bytes of `cardid` (section 6).
    ///
    /// # Errors
    /// Those of [`Gids::masterfile`]; [`Error::Damaged`] when the masterfile names none or it is empty.
    pub(super) fn card_id(&mut self) -> Result<Vec<u8>> {
        let damaged = || Error::Damaged("cardid".to_owned());
        let at = self.masterfile()?.find("", "cardid").ok_or_else(damaged)?;
        self.read(at)?.filter(|bytes| !bytes.is_empty()).ok_or_else(damaged)
    }

    /// Everything, as far as it can be read.
    ///
    /// # Errors
    /// Those of [`Gids::masterfile`].
    pub(super) fn directory(&mut self) -> Result<Directory> {
        let masterfile = self.masterfile()?;
        let map_at = masterfile.find("mscp", "cmapfile");
        let cardcf_at = masterfile.find("", "cardcf");
        for at in [map_at, cardcf_at].into_iter().flatten() {
            self.read_file(at.file)?;
        }
        let mut unreadable = Vec::new();
        let mut read = |name, at| {
            let value = self.try_read(at)?;
            if value.is_err() {
                unreadable.push(name);
            }
            Ok::<_, Error>(value.unwrap_or_default())
        };
        let mut stored =
            vec![(MASTERFILE, read("masterfile", MASTERFILE)?), (KEY_MAP, read("the key map", KEY_MAP)?)];
        if let Some(at) = map_at {
            stored.push((at, read("cmapfile", at)?));
        }
        let cardcf = match cardcf_at {
            Some(at) => Some((at, read("cardcf", at)?)),
            None => None,
        };
        let bytes = |at| find(&stored, at);
        let keys = KeyMap::parse(bytes(KEY_MAP));
        let containers = ContainerMap::parse(map_at.and_then(bytes).unwrap_or_default());
        Ok(Directory { masterfile, containers, keys, map_at, cardcf, stored, unreadable })
    }

    /// Everything, read anew for a change: what was cut off earlier is put back first, and what is damaged is
    /// not written on.
    ///
    /// # Errors
    /// Those of [`Gids::directory`]; [`Error::Damaged`] when the card has to be repaired before.
    pub(super) fn directory_for_change(&mut self) -> Result<Directory> {
        self.memory.forget();
        self.directory()?;
        self.recover()?;
        let mut directory = self.directory()?;
        directory.check()?;
        directory.equalise();
        Ok(directory)
    }
}
