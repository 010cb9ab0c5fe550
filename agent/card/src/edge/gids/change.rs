//! Changes that are made whole or not at all.
//!
//! Before the first write of a change that needs several, what it will overwrite is written to the card as one
//! more object that no file names: the journal. Writing over it, one command, is the point from which the change
//! holds; what is written is the list of what the change leaves behind, or nothing. A change that fails before
//! that point is put back at once, as long as the card listens. One that was cut off by pulling the card is put
//! back, or its leftovers are deleted, by the next change or by a repair, which find the journal. A journal counts
//! only while the counters in `cardcf` are those of its change: had another program written since, putting old
//! bytes back would destroy that program's work. A card without counters gets no journal.
//!
//! A single write needs no journal when it cannot be cut in two, and leaves nothing behind: it fits one command,
//! or changes one byte in place (section 3 tells what a torn chain leaves).

use sha2::{Digest, Sha256};

use super::cardcf::{Bump, bumped, counters};
use super::directory::Directory;
use super::key_map::key_file;
use super::store::{Address, CHAIN_END, MAX_VALUE};
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
/// In a journal of leftovers: the address of an object that the change has made useless.
const OLD_OBJECT: u32 = 0x85;
/// In a journal of leftovers: the reference of a key that the change has made useless.
const OLD_KEY: u32 = 0x86;
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

/// What a change that holds has made useless. It is deleted after the change, so that nothing is lost before
/// what takes its place is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Leftovers {
    /// Objects that no file names any more.
    pub(super) objects: Vec<Address>,
    /// Keys that no container has any more.
    pub(super) keys: Vec<u8>,
}

/// What a journal asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Journal {
    /// The change does not hold.
    Undo(Undo),
    /// It holds, and has not been cleaned up.
    Leftovers(Leftovers),
}

impl Undo {
    /// For overwriting these.
    pub(super) fn of(directory: &Directory, places: &[Address]) -> Self {
        let before = places.iter().map(|at| (*at, directory.stored_at(*at).map(<[u8]>::to_vec))).collect();
        Self { before, key: None }
    }
}

impl Journal {
    fn encode(&self, counters: [u8; 4]) -> Vec<u8> {
        let place = |at: &Address| [at.file.to_be_bytes(), at.object.to_be_bytes()].concat();
        let mut bytes = tlv::object(COUNTERS, &counters);
        match self {
            Self::Undo(undo) => {
                for (at, value) in &undo.before {
                    match value {
                        Some(value) => tlv::put(&mut bytes, BEFORE, &[place(at), value.clone()].concat()),
                        None => tlv::put(&mut bytes, NEW_OBJECT, &place(at)),
                    }
                }
                undo.key.iter().for_each(|reference| tlv::put(&mut bytes, NEW_KEY, &[*reference]));
            }
            Self::Leftovers(Leftovers { objects, keys }) => {
                objects.iter().for_each(|at| tlv::put(&mut bytes, OLD_OBJECT, &place(at)));
                keys.iter().for_each(|reference| tlv::put(&mut bytes, OLD_KEY, &[*reference]));
            }
        }
        let digest = Sha256::digest(&bytes);
        tlv::put(&mut bytes, DIGEST, &digest);
        bytes
    }

    /// The counters and what to do; `None` when this is no journal, or not all of one.
    fn decode(bytes: &[u8]) -> Option<([u8; 4], Self)> {
        let mut walk = tlv::objects(bytes);
        let first = walk.next().filter(|object| object.tag == COUNTERS)?;
        let counters = first.value.try_into().ok()?;
        let (mut undo, mut left) = (Undo::default(), Leftovers::default());
        let mut end = tlv::object(COUNTERS, first.value).len();
        for object in walk {
            match (object.tag, object.value) {
                (BEFORE, [f0, f1, o0, o1, value @ ..]) => {
                    undo.before.push((address(*f0, *f1, *o0, *o1), Some(value.to_vec())));
                }
                (NEW_OBJECT, [f0, f1, o0, o1]) => undo.before.push((address(*f0, *f1, *o0, *o1), None)),
                (NEW_KEY, [reference]) => undo.key = Some(*reference),
                (OLD_OBJECT, [f0, f1, o0, o1]) => left.objects.push(address(*f0, *f1, *o0, *o1)),
                (OLD_KEY, [reference]) => left.keys.push(*reference),
                (DIGEST, digest) => {
                    let covered = Sha256::digest(bytes.get(..end)?);
                    let journal = match (undo == Undo::default(), left == Leftovers::default()) {
                        (_, true) => Self::Undo(undo),
                        (true, false) => Self::Leftovers(left),
                        (false, false) => return None,
                    };
                    return (digest == covered.as_slice()).then_some((counters, journal));
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

/// Whether these are bytes of ours that nothing needs once the change they served is done with or given up: a
/// journal, even a torn one, or the end of a refused chain.
pub(super) fn is_spent(at: Address, bytes: &[u8]) -> bool {
    match at.object {
        JOURNAL => tlv::header(bytes) == tlv::header(&tlv::object(COUNTERS, &[0; 4])),
        CHAIN_END => bytes == [0],
        _ => false,
    }
}

/// The journal's place, beside the container map: a file that the PIN may write.
pub(super) fn journal_at(directory: &Directory) -> Option<Address> {
    let at = Address { file: directory.map_at?.file, object: JOURNAL };
    (directory.masterfile.count(at) == 0).then_some(at)
}

impl Gids<'_> {
    /// Makes a change: moves the counters, runs `body`, and puts back what `undo` says when it fails. When it holds,
    /// deletes the leftovers that `body` returns.
    ///
    /// # Errors
    /// As they come while nothing has been written but the counters; then [`Error::WriteFailed`].
    pub(super) fn change(
        &mut self,
        directory: &Directory,
        bump: Bump,
        undo: &Undo,
        journal: bool,
        body: impl FnOnce(&mut Self) -> Result<Leftovers>,
    ) -> Result<()> {
        let counters = self.bump(directory, bump)?;
        let place = journal_at(directory).filter(|_| journal).zip(counters);
        let failed = |cause, restored| Error::WriteFailed { cause: Box::new(cause), restored };
        let (leftovers, journal) = match self.journaled(place, undo, body) {
            Ok(done) => done,
            Err(cause) => {
                let lost = matches!(cause, Error::Transport(_));
                let restored = !lost && self.undo(undo, place.map(|(at, _)| at), false).is_ok();
                return Err(failed(cause, restored));
            }
        };
        self.delete_unused(&leftovers).map_err(|cause| failed(cause, false))?;
        if let Some(at) = journal {
            // Everything is done. What stays behind is swept by the next change or repair.
            let _ = self.remove(at);
        }
        Ok(())
    }

    /// Also returns where the journal of the leftovers is now, if there is one.
    fn journaled(
        &mut self,
        place: Option<(Address, [u8; 4])>,
        undo: &Undo,
        body: impl FnOnce(&mut Self) -> Result<Leftovers>,
    ) -> Result<(Leftovers, Option<Address>)> {
        let undo = Journal::Undo(undo.clone());
        let place = place.map(|(at, counters)| (at, counters, undo.encode(counters)));
        let place = match place.filter(|(_, _, journal)| journal.len() <= MAX_VALUE) {
            Some((at, counters, journal)) => match self.put(at, &journal) {
                // A full card must still be able to have something deleted: go without.
                Err(Error::CardFull(_)) => None,
                result => result.map(|()| Some((at, counters)))?,
            },
            None => None,
        };
        let leftovers = body(self)?;
        let Some((at, counters)) = place else { return Ok((leftovers, None)) };
        // From here the change holds.
        if leftovers == Leftovers::default() {
            self.put(at, &[])?;
        } else {
            self.put(at, &Journal::Leftovers(leftovers.clone()).encode(counters))?;
        }
        Ok((leftovers, Some(at)))
    }

    /// Moves the counters, and returns those of containers and files; `None` when the card keeps none. Before the
    /// change, so that a change which is cut off at worst makes programs read the card anew in vain.
    pub(super) fn bump(&mut self, directory: &Directory, bump: Bump) -> Result<Option<[u8; 4]>> {
        let Some((at, value)) = &directory.cardcf else { return Ok(None) };
        let value = bumped(value.as_deref().unwrap_or_default(), bump);
        self.put(*at, &value)?;
        Ok(counters(&value))
    }

    /// Puts everything back: the directory first, then what it no longer names. Reads before it writes, so that
    /// it ends at once when the card still waits for the rest of a chain. With `bump` the counters move, since
    /// programs may have seen what was cut off: last of all, for that ends the life of the journal.
    fn undo(&mut self, undo: &Undo, journal: Option<Address>, bump: bool) -> Result<()> {
        self.memory.forget();
        for (at, value) in undo.before.iter().rev() {
            if let Some(value) = value
                && self.read(*at)?.as_ref() != Some(value)
            {
                self.put(*at, value)?;
            }
        }
        // A file may be named that has no object (section 4): it has none again.
        for (at, _) in undo.before.iter().filter(|(_, value)| value.is_none()) {
            self.remove(*at)?;
        }
        if let Some(reference) = undo.key
            && !self.directory()?.uses(reference)
        {
            self.delete_key(reference)?;
        }
        if bump {
            let directory = self.directory()?;
            self.bump(&directory, Bump::Containers)?;
        }
        journal.map_or(Ok(()), |at| self.remove(at))
    }

    /// A change that was cut off and can be put back or cleaned up: its journal is whole, and nobody has written
    /// since.
    ///
    /// # Errors
    /// Those of the transport.
    pub(super) fn pending(&mut self) -> Result<Option<(Address, Journal)>> {
        let directory = self.directory()?;
        let Some(at) = journal_at(&directory) else { return Ok(None) };
        let stored = self.try_read(at)?.unwrap_or_default();
        let Some((journaled, journal)) = stored.as_deref().and_then(Journal::decode) else { return Ok(None) };
        let now = directory.cardcf.as_ref().and_then(|(_, value)| counters(value.as_deref()?));
        Ok((now == Some(journaled)).then_some((at, journal)))
    }

    /// Puts back a change that was cut off, or deletes what it has left behind. The PIN must have been verified.
    ///
    /// # Errors
    /// Those of writing.
    pub(super) fn recover(&mut self) -> Result<()> {
        match self.pending()? {
            Some((at, Journal::Undo(undo))) => self.undo(&undo, Some(at), true),
            Some((at, Journal::Leftovers(leftovers))) => {
                self.delete_unused(&leftovers)?;
                self.remove(at)
            }
            None => Ok(()),
        }
    }

    /// Deletes those of the leftovers that really nothing names and nothing uses.
    fn delete_unused(&mut self, leftovers: &Leftovers) -> Result<()> {
        if *leftovers == Leftovers::default() {
            return Ok(());
        }
        let directory = self.directory()?;
        for at in leftovers.objects.iter().filter(|at| directory.masterfile.count(**at) == 0) {
            self.remove(*at)?;
        }
        for reference in leftovers.keys.iter().filter(|reference| !directory.uses(**reference)) {
            self.delete_key(*reference)?;
            tracing::debug!(file = key_file(*reference), "deleted a key file");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples() -> [Journal; 2] {
        let at = |file, object| Address { file, object };
        [
            Journal::Undo(Undo {
                before: vec![
                    (at(0xA000, 0xDF1F), Some(vec![1; 300])),
                    (at(0xA010, 0xDF23), Some(Vec::new())),
                    (at(0xA000, 0xDF20), None),
                ],
                key: Some(0x84),
            }),
            Journal::Leftovers(Leftovers {
                objects: vec![at(0xA010, 0xDF24), at(0xA010, 0xDF30)],
                keys: vec![0x81],
            }),
        ]
    }

    #[test]
    fn a_journal_is_read_back_only_whole() {
        for sample in samples() {
            let bytes = sample.encode([1, 2, 3, 4]);
            assert_eq!(Journal::decode(&bytes), Some(([1, 2, 3, 4], sample)));
            for torn in 0..bytes.len() {
                assert_eq!(Journal::decode(&bytes[..torn]), None, "{torn}");
                let mut zeros = bytes.clone();
                zeros[torn..].fill(0);
                if zeros != bytes {
                    assert_eq!(Journal::decode(&zeros), None, "{torn}");
                }
            }
            let at = Address { file: 0xA010, object: JOURNAL };
            assert!(is_spent(at, &bytes) && is_spent(at, &bytes[..10]));
            assert!(!is_spent(Address { object: JOURNAL - 2, ..at }, &bytes));
        }
    }

    #[test]
    fn leftovers_are_written_with_one_command() {
        let [_, leftovers] = samples();
        assert!(is_atomic(&[1; 500], &leftovers.encode([0; 4])));
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
