//! Changes that are made whole or not at all.
//!
//! Before the first write of a change that needs several, what it will overwrite is written to the card as one
//! more object that no file names: the journal. Emptying it, one command, is the point from which the change
//! holds. A change that fails is put back at once, as long as the card listens; one that was cut off by pulling
//! the card is put back by the next change or by a repair, which find the journal. A journal counts only while
//! the counters in `cardcf` are those of its change: had another program written since, putting old bytes back
//! would destroy that program's work.
//!
//! A single write needs no journal when it cannot be cut in two: it fits one command, or changes one byte in
//! place (section 3 tells what a torn chain leaves).

use sha2::{Digest, Sha256};

use super::cardcf::{Bump, bumped, counters};
use super::directory::Directory;
use super::key_map::key_file;
use super::store::{Address, MAX_VALUE};
use super::{CHUNK, Gids};
use crate::error::{Error, Result};
use crate::tlv;

/// The journal's object: the last that has a two-byte tag, beyond those that files get.
const JOURNAL: u16 = 0xDF7F;

/// In a journal: the counters of `cardcf` during the change.
const COUNTERS: u32 = 0x80;
/// In a journal: the address and the bytes of an object before the change.
const BEFORE: u32 = 0x81;
/// In a journal: the address of an object that was not there before.
const NEW_OBJECT: u32 = 0x82;
/// In a journal: the reference of a key that was not there before.
const NEW_KEY: u32 = 0x83;
/// The last object of a journal: SHA-256 over everything before it. A torn journal was never begun with.
const DIGEST: u32 = 0x84;

/// What has to be put back when a change does not come to its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Undo {
    /// Objects as they were; `None` for one that was not there.
    pub(super) before: Vec<(Address, Option<Vec<u8>>)>,
    /// The key that is created.
    pub(super) key: Option<u8>,
}

impl Undo {
    /// For overwriting these.
    pub(super) fn of(directory: &Directory, places: &[Address]) -> Self {
        let before = places.iter().map(|at| (*at, directory.stored_at(*at).map(<[u8]>::to_vec))).collect();
        Self { before, key: None }
    }

    fn encode(&self, counters: [u8; 4]) -> Vec<u8> {
        let mut bytes = tlv::object(COUNTERS, &counters);
        for (at, value) in &self.before {
            let place = [at.file.to_be_bytes(), at.object.to_be_bytes()].concat();
            match value {
                Some(value) => tlv::put(&mut bytes, BEFORE, &[place, value.clone()].concat()),
                None => tlv::put(&mut bytes, NEW_OBJECT, &place),
            }
        }
        if let Some(reference) = self.key {
            tlv::put(&mut bytes, NEW_KEY, &[reference]);
        }
        let digest = Sha256::digest(&bytes);
        tlv::put(&mut bytes, DIGEST, &digest);
        bytes
    }

    /// The counters and what to put back; `None` when this is no journal, or not all of one.
    fn decode(bytes: &[u8]) -> Option<([u8; 4], Self)> {
        let mut walk = tlv::objects(bytes);
        let first = walk.next().filter(|object| object.tag == COUNTERS)?;
        let counters = first.value.try_into().ok()?;
        let mut undo = Self::default();
        let mut end = tlv::object(COUNTERS, first.value).len();
        for object in walk {
            match (object.tag, object.value) {
                (BEFORE, [f0, f1, o0, o1, value @ ..]) => {
                    undo.before.push((address(*f0, *f1, *o0, *o1), Some(value.to_vec())));
                }
                (NEW_OBJECT, [f0, f1, o0, o1]) => undo.before.push((address(*f0, *f1, *o0, *o1), None)),
                (NEW_KEY, [reference]) => undo.key = Some(*reference),
                (DIGEST, digest) => {
                    let covered = Sha256::digest(bytes.get(..end)?);
                    return (digest == covered.as_slice()).then_some((counters, undo));
                }
                _ => return None,
            }
            end += tlv::object(object.tag, object.value).len();
        }
        None
    }
}

fn address(f0: u8, f1: u8, o0: u8, o1: u8) -> Address {
    Address { file: u16::from_be_bytes([f0, f1]), object: u16::from_be_bytes([o0, o1]) }
}

/// Whether writing `new` over `old` cannot leave anything but one of the two on the card.
pub(super) fn is_atomic(old: &[u8], new: &[u8]) -> bool {
    let changed = old.iter().zip(new).filter(|(old, new)| old != new).count();
    tlv::object(0xDF00, new).len() <= CHUNK || old.len() == new.len() && changed <= 1
}

/// The journal's place, beside the container map: a file that the PIN may write.
pub(super) fn journal_at(directory: &Directory) -> Option<Address> {
    let at = Address { file: directory.map_at?.file, object: JOURNAL };
    (directory.masterfile.count(at) == 0).then_some(at)
}

impl Gids<'_> {
    /// Makes a change: moves the counters, then runs `body`, and puts back what `undo` says when it fails.
    ///
    /// # Errors
    /// As they come while nothing has been written but the counters; then [`Error::WriteFailed`].
    pub(super) fn change<T>(
        &mut self,
        directory: &Directory,
        bump: Bump,
        undo: &Undo,
        journal: bool,
        body: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        let counters = self.bump(directory, bump)?;
        let place = journal_at(directory).filter(|_| journal);
        match self.journaled(place, &undo.encode(counters), body) {
            Ok(value) => Ok(value),
            Err(cause) => {
                let restored = !matches!(cause, Error::Transport(_)) && self.undo(undo, place, false).is_ok();
                Err(Error::WriteFailed { cause: Box::new(cause), restored })
            }
        }
    }

    fn journaled<T>(
        &mut self,
        place: Option<Address>,
        journal: &[u8],
        body: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        let place = place.filter(|_| journal.len() <= MAX_VALUE);
        let place = match place.map(|at| self.put(at, journal)) {
            // A full card must still be able to have something deleted: go without.
            Some(Err(Error::CardFull(_))) | None => None,
            Some(result) => result.map(|()| place)?,
        };
        let value = body(self)?;
        if let Some(at) = place {
            self.put(at, &[])?;
            // From here the change holds. An empty object that stays behind is swept by the next repair.
            let _ = self.put(at, &[]);
        }
        Ok(value)
    }

    /// Finishes a change whose directory is written already: what fails here leaves rubbish that nothing names.
    ///
    /// # Errors
    /// [`Error::WriteFailed`]
    pub(super) fn clean_up(&mut self, body: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        body(self).map_err(|cause| Error::WriteFailed { cause: Box::new(cause), restored: false })
    }

    /// Moves the counters, and returns those of containers and files. Before the change, so that a change which
    /// is cut off at worst makes programs read the card anew in vain.
    pub(super) fn bump(&mut self, directory: &Directory, bump: Bump) -> Result<[u8; 4]> {
        let Some((at, value)) = &directory.cardcf else { return Ok([0; 4]) };
        let value = bumped(value.as_deref().unwrap_or_default(), bump);
        self.put(*at, &value)?;
        Ok(counters(&value).unwrap_or_default())
    }

    /// Puts everything back: the directory first, then what it no longer names. Reads before it writes, so that
    /// it ends at once when the card still waits for the rest of a chain. With `bump` the counters move, since
    /// programs may have seen what was cut off: only once the directory is back, for that ends the life of the
    /// journal.
    fn undo(&mut self, undo: &Undo, journal: Option<Address>, bump: bool) -> Result<()> {
        self.memory.forget();
        for (at, value) in undo.before.iter().rev() {
            if let Some(value) = value
                && self.read(*at)?.as_ref() != Some(value)
            {
                self.put(*at, value)?;
            }
        }
        let directory = self.directory()?;
        if bump {
            self.bump(&directory, Bump::Containers)?;
        }
        let masterfile = directory.masterfile;
        for (at, value) in &undo.before {
            if value.is_none() && masterfile.count(*at) == 0 {
                self.remove(*at)?;
            }
        }
        if let Some(reference) = undo.key
            && !self.directory()?.uses(reference)
        {
            self.delete_key(reference)?;
        }
        journal.map_or(Ok(()), |at| self.remove(at))
    }

    /// A change that was cut off and can be put back: its journal is whole, and nobody has written since.
    ///
    /// # Errors
    /// Those of the transport.
    pub(super) fn pending(&mut self) -> Result<Option<(Address, Undo)>> {
        let directory = self.directory()?;
        let Some(at) = journal_at(&directory) else { return Ok(None) };
        let Some((journaled, undo)) =
            self.try_read(at)?.unwrap_or_default().as_deref().and_then(Undo::decode)
        else {
            return Ok(None);
        };
        let now = match &directory.cardcf {
            Some((_, value)) => counters(value.as_deref().unwrap_or_default()).unwrap_or_default(),
            None => [0; 4],
        };
        Ok((journaled == now).then_some((at, undo)))
    }

    /// Puts back a change that was cut off. The PIN must have been verified.
    ///
    /// # Errors
    /// Those of writing.
    pub(super) fn recover(&mut self) -> Result<bool> {
        match self.pending()? {
            Some((at, undo)) => self.undo(&undo, Some(at), true).map(|()| true),
            None => Ok(false),
        }
    }

    /// An object that nothing has named is removed, a key that nothing uses is deleted.
    pub(super) fn delete_unused(&mut self, objects: &[Address], keys: &[u8]) -> Result<()> {
        for at in objects {
            self.remove(*at)?;
        }
        for reference in keys {
            self.delete_key(*reference)?;
            tracing::debug!(file = key_file(*reference), "deleted a key file");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Undo {
        Undo {
            before: vec![
                (Address { file: 0xA000, object: 0xDF1F }, Some(vec![1; 300])),
                (Address { file: 0xA010, object: 0xDF23 }, Some(Vec::new())),
                (Address { file: 0xA000, object: 0xDF20 }, None),
            ],
            key: Some(0x84),
        }
    }

    #[test]
    fn a_journal_is_read_back_only_whole() {
        let bytes = sample().encode([1, 2, 3, 4]);
        assert_eq!(Undo::decode(&bytes), Some(([1, 2, 3, 4], sample())));
        for torn in 0..bytes.len() {
            assert_eq!(Undo::decode(&bytes[..torn]), None, "{torn}");
            let mut zeros = bytes.clone();
            zeros[torn..].fill(0);
            if zeros != bytes {
                assert_eq!(Undo::decode(&zeros), None, "{torn}");
            }
        }
    }

    #[test]
    fn one_write_is_atomic_when_it_cannot_be_cut() {
        for (old, new, atomic) in [
            (vec![0; 100], vec![1; 236], true),
            (vec![0; 100], vec![1; 237], false),
            (vec![0; 500], vec![1; 200], true),
            (vec![0; 500], [vec![0; 499], vec![1]].concat(), true),
            (vec![0; 500], [vec![0; 498], vec![1, 1]].concat(), false),
            (vec![0; 499], vec![0; 500], false),
        ] {
            assert_eq!(is_atomic(&old, &new), atomic, "{} {}", old.len(), new.len());
        }
    }
}
