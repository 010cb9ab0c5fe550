//! Mending what `contents` finds. Nothing that may still be somebody's is deleted: no key at all but those that a
//! journal names, and of the objects that no file names those that hold nothing, or nothing that is not also
//! elsewhere on the card.

use shared::model::Finding;

use super::Gids;
use super::cardcf::{Bump, counters};
use super::certificate_file::{decode, file_name};
use super::change::{Leftovers, Undo, is_atomic, is_spent};
use super::cmapfile::{MAX_CONTAINERS, Record};
use super::contents::{Stored, certificate_of, is_signature, notation};
use super::default::choose;
use super::directory::Directory;
use super::key_map::{self, rsa_algorithm};
use super::store::{Address, KEY_MAP, MASTERFILE};
use crate::error::{Error, Result};
use crate::key::PublicKey;
use crate::x509;

/// What GidsApplet answers for a key file that holds no key (section 8.5).
const NO_KEY: u16 = 0x6F00;

/// What is known of a container's key file.
enum Key {
    Rsa(PublicKey),
    /// There is no file.
    Missing,
    /// The card says, and says it twice, what it says of a file that never got its key.
    Empty,
    /// It is there and holds a key of another kind, or the card does not say.
    Unknown,
}

impl Gids<'_> {
    /// Mends what can be mended. The PIN must have been verified.
    pub(super) fn mend(&mut self) -> Result<Vec<Finding>> {
        self.memory.forget();
        let before = self.list()?.findings;
        self.recover()?;
        self.mend_directory()?;
        self.sweep()?;
        let after = self.list()?.findings;
        Ok(before.into_iter().filter(|finding| !after.contains(finding)).collect())
    }

    /// Writes the directory as it should be.
    fn mend_directory(&mut self) -> Result<()> {
        let before = self.directory()?;
        let Some(map_at) = before.map_at else { return Ok(()) };
        // What cannot be read may be whole: it is not written anew.
        if let Some(name) = before.unreadable.first() {
            return Err(Error::Damaged((*name).to_owned()));
        }
        let mut after = before.clone();
        for stored in self.certificates(&before)?.iter().filter(|stored| stored.missing) {
            after.masterfile.remove("mscp", &stored.id);
        }
        after.equalise();
        self.mend_containers(&mut after)?;
        after.equalise();
        self.find_lost_files(&before, &mut after)?;
        let certificates = self.certificates(&after)?;
        let defaults = after.containers.valid().filter(|(_, record)| record.is_default()).count();
        if defaults != 1 {
            let default =
                after.containers.default_container().or_else(|| choose(&after.containers, &certificates));
            after.containers.set_default(default);
        }

        let mut writes = vec![(MASTERFILE, after.masterfile.encode()), (map_at, after.containers.encode())];
        if !after.keys.records.is_empty() {
            writes.push((KEY_MAP, after.keys.encode()));
        }
        writes.retain(|(at, new)| before.stored_at(*at).unwrap_or_default() != new);
        let counts = |value: &Option<Vec<u8>>| counters(value.as_deref().unwrap_or_default()).is_some();
        let counters_missing = before.cardcf.as_ref().is_some_and(|(_, value)| !counts(value));
        if writes.is_empty() && !counters_missing {
            return Ok(());
        }
        let places: Vec<Address> = writes.iter().map(|(at, _)| *at).collect();
        let journal = match writes.as_slice() {
            [(at, new)] => !is_atomic(before.stored_at(*at).unwrap_or_default(), new),
            _ => true,
        };
        let undo = Undo::of(&before, &places);
        self.change(&before, Bump::Containers, &undo, journal && !writes.is_empty(), |card| {
            writes.iter().try_for_each(|(at, new)| card.put(*at, new)).map(|()| Leftovers::default())
        })
    }

    /// Brings container map and key map in line with the keys that are there.
    fn mend_containers(&mut self, after: &mut Directory) -> Result<()> {
        let certificates = self.certificates(after)?;
        for index in 0..MAX_CONTAINERS {
            let bits = after.containers.get(index).map(Record::bits);
            let claim = certificates.iter().find(|stored| claims(stored, index));
            let claimed = after.keys.get(index).is_some();
            match bits {
                Some(bits) if bits != 0 && claimed => continue,
                None if !claimed && claim.is_none() => continue,
                _ => {}
            }
            match (bits, self.key_of(after, index)?) {
                (_, Key::Rsa(key)) if claimed || bits.is_some() || certificate_has(claim, &key) => {
                    let signature =
                        claim.map_or_else(|| is_signature(after, index), |stored| stored.name.signature);
                    enter(after, index, &key, signature);
                }
                // Created, and cut off before its key came. What the key map has had a key once, whatever the
                // card says of it now.
                (Some(0), key) if matches!(key, Key::Missing) || matches!(key, Key::Empty) && !claimed => {
                    after.containers.set(index, Record::FREE);
                    after.keys.set(index, key_map::Record::FREE);
                }
                (None, Key::Missing) if claimed => after.keys.set(index, key_map::Record::FREE),
                _ => {}
            }
        }
        Ok(())
    }

    fn key_of(&mut self, directory: &Directory, index: u8) -> Result<Key> {
        let Some(reference) = directory.keys.reference(index) else { return Ok(Key::Missing) };
        let mut answer = self.public_key(reference);
        let says_empty = |answer: &Result<_>| matches!(answer, Err(Error::Unexpected { status: NO_KEY, .. }));
        if says_empty(&answer) {
            // The same answer stands for every failure inside the card.
            answer = self.public_key(reference);
        }
        match answer {
            Ok(Some(key @ PublicKey::Rsa { .. })) => Ok(Key::Rsa(key)),
            Ok(None) => Ok(Key::Missing),
            Err(error @ Error::Transport(_)) => Err(error),
            answer if says_empty(&answer) => Ok(Key::Empty),
            Ok(Some(PublicKey::Other { .. })) | Err(_) => Ok(Key::Unknown),
        }
    }

    /// Enters objects again that no file names and that are the certificate of a key without one, or the trusted
    /// roots when the directory has a hole in which they may have been named.
    fn find_lost_files(&mut self, before: &Directory, after: &mut Directory) -> Result<()> {
        let certificates = self.certificates(after)?;
        let notation = notation(after, &certificates);
        for (at, bytes) in self.unnamed(before) {
            let Ok(der) = decode(&bytes) else { continue };
            if x509::public_key(&der).is_some() {
                let certificates = self.certificates(after)?;
                if let Some(index) = self.misses(after, &certificates, &der)? {
                    let name = file_name(index, is_signature(after, index), notation);
                    if after.masterfile.find("mscp", &name.to_ascii_lowercase()).is_none() {
                        after.masterfile.set("mscp", &name, at);
                    }
                }
            } else if before.masterfile.torn
                && after.masterfile.find("mscp", "msroots").is_none()
                && !x509::roots(&der).is_empty()
            {
                after.masterfile.set("mscp", "msroots", at);
            }
        }
        Ok(())
    }

    /// The container whose key this certificate is for, when it has no certificate.
    pub(super) fn misses(
        &mut self,
        directory: &Directory,
        certificates: &[Stored],
        der: &[u8],
    ) -> Result<Option<u8>> {
        let Some(key) = x509::public_key(der) else { return Ok(None) };
        let with_key = directory.containers.valid().filter(|(_, record)| record.bits() != 0);
        let indices: Vec<u8> = with_key.map(|(index, _)| index).collect();
        for index in indices {
            if certificate_of(directory, certificates, index).is_none()
                && self.container_key(directory, index)?.as_ref() == Some(&key)
            {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }

    /// Removes objects that no file names and that nobody can miss.
    fn sweep(&mut self) -> Result<()> {
        let directory = self.directory()?;
        let certificates = self.certificates(&directory)?;
        let mut rubbish = self.unnamed(&directory);
        rubbish.retain(|(at, bytes)| is_rubbish(*at, bytes, &certificates));
        if !rubbish.is_empty() {
            self.bump(&directory, Bump::Files)?;
        }
        rubbish.iter().try_for_each(|(at, _)| self.remove(*at))
    }
}

/// Whether nobody can miss this object that no file names: it is empty, ours and spent, or a certificate that is
/// on the card under a name.
pub(super) fn is_rubbish(at: Address, bytes: &[u8], certificates: &[Stored]) -> bool {
    let kept = |der: Vec<u8>| certificates.iter().any(|stored| stored.der.as_ref() == Ok(&der));
    bytes.is_empty() || is_spent(at, bytes) || decode(bytes).is_ok_and(kept)
}

/// Whether this is a certificate without a container whose name can mean this one.
fn claims(stored: &Stored, index: u8) -> bool {
    stored.container.is_none()
        && !stored.missing
        && stored.name.candidates().any(|candidate| candidate == index)
}

fn certificate_has(stored: Option<&Stored>, key: &PublicKey) -> bool {
    let der = stored.and_then(|stored| stored.der.as_ref().ok());
    der.and_then(|der| x509::public_key(der)).as_ref() == Some(key)
}

/// Enters a container whose key is there: with the name it has, or a new one where that is lost.
fn enter(directory: &mut Directory, index: u8, key: &PublicKey, signature: bool) {
    let bits = key.algorithm().bits;
    let (Some(algorithm), Some(reference)) = (rsa_algorithm(bits), directory.keys.reference(index)) else {
        return;
    };
    let known = directory.containers.get(index).cloned();
    let mut record = known.unwrap_or_else(|| Record::new(&format!("recovered-{index}-{reference:02x}")));
    if signature {
        record.signature_bits = bits;
    } else {
        record.exchange_bits = bits;
    }
    directory.containers.set(index, record);
    directory.keys.set(index, key_map::Record::new(algorithm, signature, reference));
}
