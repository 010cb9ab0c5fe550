//! Deleting: the directory first, the bytes after (section 7). What is cut off in between leaves nothing but
//! rubbish that no file names.

use super::Gids;
use super::cardcf::Bump;
use super::change::{Leftovers, Undo};
use super::cmapfile::Record;
use super::default::choose;
use super::directory::Directory;
use super::key_map;
use super::store::{Address, KEY_MAP, MASTERFILE};
use crate::error::{Error, Result};
use crate::smart_card::Removed;

impl Gids<'_> {
    /// Deletes one certificate.
    pub(super) fn remove_certificate(&mut self, id: &str) -> Result<()> {
        let mut directory = self.directory_for_change()?;
        let certificates = self.certificates(&directory)?;
        let stored = certificates.iter().find(|stored| stored.id.eq_ignore_ascii_case(id));
        let stored = stored.ok_or_else(|| Error::NotFound(format!("certificate {id}")))?;
        directory.masterfile.remove("mscp", &stored.id);
        let undo = Undo::of(&directory, &[MASTERFILE]);
        self.change(&directory, Bump::Files, &undo, true, |card| {
            card.put(MASTERFILE, &directory.masterfile.encode())?;
            Ok(Leftovers { objects: abandoned(&directory, stored.at), keys: Vec::new() })
        })
    }

    /// Deletes a container with everything that belongs to it.
    pub(super) fn remove_container(&mut self, container: u8) -> Result<Removed> {
        let mut directory = self.directory_for_change()?;
        let missing = || Error::NotFound(format!("container {container}"));
        let was_default = directory.containers.get(container).ok_or_else(missing)?.is_default();
        let map_at = directory.map_at.ok_or_else(missing)?;
        let reference = directory.keys.reference(container);
        let certificates = self.certificates(&directory)?;
        let undo = Undo::of(&directory, &[KEY_MAP, map_at, MASTERFILE]);
        let before = directory.clone();

        let (own, others): (Vec<_>, Vec<_>) =
            certificates.into_iter().partition(|stored| stored.container == Some(container));
        own.iter().for_each(|stored| directory.masterfile.remove("mscp", &stored.id));
        directory.containers.set(container, Record::FREE);
        directory.keys.set(container, key_map::Record::FREE);
        if was_default {
            let default = choose(&directory.containers, &others);
            directory.containers.set_default(default);
        }
        self.change(&before, Bump::Containers, &undo, true, |card| {
            if !own.is_empty() {
                card.put(MASTERFILE, &directory.masterfile.encode())?;
            }
            card.put(map_at, &directory.containers.encode())?;
            card.put(KEY_MAP, &directory.keys.encode())?;
            Ok(Leftovers {
                objects: own.iter().flat_map(|stored| abandoned(&directory, stored.at)).collect(),
                keys: reference.into_iter().filter(|reference| !directory.uses(*reference)).collect(),
            })
        })?;
        Ok(Removed { default: directory.containers.default_container(), key_stays: false })
    }
}

/// The object, when no other record names it: two files may share one.
pub(super) fn abandoned(directory: &Directory, at: Option<Address>) -> Vec<Address> {
    at.into_iter().filter(|at| directory.masterfile.count(*at) == 0).collect()
}
