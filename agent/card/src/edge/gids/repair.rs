//! Mending what `contents` finds. Nothing that may still be somebody's is deleted: a key goes only when neither a
//! container nor the key map nor a certificate claims it, an object only when no file names it and it is not the
//! lost certificate of a key.

use shared::model::Finding;

use super::Gids;
use super::cardcf::{Bump, counters};
use super::certificate_file::{decode, file_name};
use super::change::{Undo, is_atomic};
use super::cmapfile::{MAX_CONTAINERS, Record};
use super::contents::{Stored, certificate_of, is_signature, notation};
use super::default::choose;
use super::directory::Directory;
use super::key_map::{self, rsa_algorithm, usual_reference};
use super::store::{Address, KEY_MAP, MASTERFILE};
use crate::error::{Error, Result};
use crate::key::PublicKey;
use crate::x509;

/// Free places behind the container map in which a lost key is looked for as well.
const BEYOND: usize = 2;

/// What is known of a container's key file.
enum Key {
    Rsa(PublicKey),
    Missing,
    /// It is there and holds no key, or one of another kind, or the card does not say.
    Unknown,
}

impl Gids<'_> {
    /// Mends what can be mended. The PIN must have been verified.
    pub(super) fn mend(&mut self) -> Result<Vec<Finding>> {
        self.memory.forget();
        let before = self.list()?.findings;
        self.recover()?;
        let damaged = self.mend_directory()?;
        let keys = self.sweep(damaged)?;
        let after = self.list()?.findings;
        Ok(before.into_iter().filter(|finding| !after.contains(finding)).chain(keys).collect())
    }

    /// Writes the directory as it should be; tells whether it was so damaged that something in it may be lost.
    fn mend_directory(&mut self) -> Result<bool> {
        let before = self.directory()?;
        let Some(map_at) = before.map_at else { return Ok(true) };
        // What cannot be read may be whole: it is not written anew.
        if let Some(name) = before.unreadable.first() {
            return Err(Error::Damaged((*name).to_owned()));
        }
        let damaged = before.masterfile.torn || before.containers.torn || before.keys.damaged;
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
            return Ok(damaged);
        }
        let places: Vec<Address> = writes.iter().map(|(at, _)| *at).collect();
        let journal = match writes.as_slice() {
            [(at, new)] => !is_atomic(before.stored_at(*at).unwrap_or_default(), new),
            _ => true,
        };
        let undo = Undo::of(&before, &places);
        self.change(&before, Bump::Containers, &undo, journal && !writes.is_empty(), |card| {
            writes.iter().try_for_each(|(at, new)| card.put(*at, new))
        })?;
        Ok(damaged)
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
                // Created, and cut off before its key came.
                (Some(0), Key::Missing | Key::Unknown) => {
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
        match self.public_key(reference) {
            Ok(Some(key @ PublicKey::Rsa { .. })) => Ok(Key::Rsa(key)),
            Ok(None) => Ok(Key::Missing),
            Err(error @ Error::Transport(_)) => Err(error),
            Ok(Some(PublicKey::Other { .. })) | Err(_) => Ok(Key::Unknown),
        }
    }

    /// Enters objects again that no file names and that are the certificate of a key without one, or the trusted
    /// roots when the directory has a hole in which they may have been named.
    fn find_lost_files(&mut self, before: &Directory, after: &mut Directory) -> Result<()> {
        let certificates = self.certificates(after)?;
        let notation = notation(after, &certificates);
        let with_key =
            after.containers.valid().filter(|(_, record)| record.bits() != 0).map(|(index, _)| index);
        let mut alone: Vec<u8> =
            with_key.filter(|index| certificate_of(after, &certificates, *index).is_none()).collect();
        for (at, bytes) in self.unnamed(before) {
            let Ok(der) = decode(&bytes) else { continue };
            if let Some(key) = x509::public_key(&der) {
                for place in 0..alone.len() {
                    let Some(index) = alone.get(place).copied() else { break };
                    let name = file_name(index, is_signature(after, index), notation);
                    let free = after.masterfile.find("mscp", &name.to_ascii_lowercase()).is_none();
                    if free && self.container_key(after, index)?.as_ref() == Some(&key) {
                        after.masterfile.set("mscp", &name, at);
                        alone.remove(place);
                        break;
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

    /// Removes objects that no file names, and the files of keys that nothing claims. From a card whose directory
    /// was damaged only what holds nothing is removed: what was lost may be found by other means.
    fn sweep(&mut self, damaged: bool) -> Result<Vec<Finding>> {
        let directory = self.directory()?;
        if directory.masterfile.torn || directory.map_at.is_none() {
            return Ok(Vec::new());
        }
        let unnamed = self.unnamed(&directory).into_iter();
        let objects: Vec<Address> =
            unnamed.filter(|(_, bytes)| !damaged || bytes.is_empty()).map(|(at, _)| at).collect();
        if !objects.is_empty() {
            self.bump(&directory, Bump::Files)?;
            self.clean_up(|card| card.delete_unused(&objects, &[]))?;
        }
        if damaged {
            return Ok(Vec::new());
        }
        let certificates = self.certificates(&directory)?;
        let mut swept = Vec::new();
        let places = (0..MAX_CONTAINERS).take(directory.containers.records.len() + BEYOND);
        for index in places.filter(|index| directory.containers.get(*index).is_none()) {
            let Some(reference) = usual_reference(index) else { continue };
            let named = certificates.iter().any(|stored| claims(stored, index));
            if !directory.uses(reference) && !named && self.delete_key(reference)? {
                swept.push(Finding {
                    place: format!("key file {:04X}", key_map::key_file(reference)),
                    text: "No container used this key: an interrupted write has left it.".to_owned(),
                    repair: Some("Deletes it.".to_owned()),
                });
            }
        }
        Ok(swept)
    }
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
