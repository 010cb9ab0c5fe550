//! What is wrong with a card.

use shared::model::Finding;

use super::Gids;
use super::certificate_file::decode;
use super::change::{Journal, journal_at};
use super::contents::Stored;
use super::directory::Directory;
use super::key_map::KeyMap;
use super::repair::is_rubbish;
use super::store::Address;
use crate::error::Result;

/// The lowest object that can be rubbish; below are the files that every card has (section 3.3).
const FIRST_RUBBISH: u16 = 0xDF24;

impl Gids<'_> {
    /// Objects beside the files: (address, bytes), only where the card lists a file as a whole.
    pub(super) fn unnamed(&self, directory: &Directory) -> Vec<(Address, Vec<u8>)> {
        let Some(file) = directory.map_at.map(|at| at.file) else { return Vec::new() };
        let named = |at: &Address| directory.masterfile.count(*at) > 0;
        let objects = self.memory.objects_of(file).filter(|(at, _)| at.object >= FIRST_RUBBISH && !named(at));
        objects.map(|(at, value)| (at, value.to_vec())).collect()
    }

    /// Everything that is not as it should be, each with what a repair does about it.
    pub(super) fn findings(
        &mut self,
        directory: &Directory,
        certificates: &[Stored],
        roots: Option<&String>,
    ) -> Result<Vec<Finding>> {
        let mut found = Vec::new();
        let mut add = |place: &str, text: String, repair: Option<&str>| {
            found.push(Finding { place: place.to_owned(), text, repair: repair.map(str::to_owned) });
        };
        let pending = self.pending()?;
        match &pending {
            Some((_, Journal::Undo(_))) => add(
                "the journal",
                "A change was cut off before it came to its end.".to_owned(),
                Some("Puts the card back to what it was before that change."),
            ),
            Some((_, Journal::Leftovers(_))) => add(
                "the journal",
                "A change was made, and cut off before what it replaced was deleted.".to_owned(),
                Some("Deletes what was replaced."),
            ),
            None => {}
        }
        let Directory { masterfile, containers, keys, cardcf, .. } = directory;
        for name in &directory.unreadable {
            add(name, "The card does not give out this file.".to_owned(), None);
        }
        if masterfile.torn {
            add(
                "masterfile",
                "The directory has a hole.".to_owned(),
                Some("Closes the hole and looks for lost certificates."),
            );
        }
        if directory.map_at.is_none() {
            add("mscp/cmapfile", "The directory does not name the container map.".to_owned(), None);
        }
        if containers.torn {
            add(
                "mscp/cmapfile",
                "The container map ends within an entry.".to_owned(),
                Some("Cuts off the rest."),
            );
        }
        match cardcf {
            None => add("cardcf", "The directory does not name the counters of changes.".to_owned(), None),
            Some((_, Some(value))) if value.len() >= 6 => {}
            Some(_) if directory.unreadable.contains(&"cardcf") => {}
            Some(_) => {
                add("cardcf", "The counters of changes are missing.".to_owned(), Some("Writes them anew."));
            }
        }
        if keys.damaged {
            add(
                "the key map",
                "The key map cannot be read.".to_owned(),
                Some("Writes it anew from the keys."),
            );
        } else if keys.records.len() != containers.records.len() {
            add(
                "the key map",
                format!(
                    "It has {} entries and the container map {}. Other programs may refuse the card.",
                    keys.records.len(),
                    containers.records.len()
                ),
                Some("Makes them equal."),
            );
        }
        let defaults = containers.valid().filter(|(_, record)| record.is_default()).count();
        if defaults > 1 {
            add(
                "mscp/cmapfile",
                "More than one container is the default one.".to_owned(),
                Some("Keeps the first."),
            );
        }
        if defaults == 0 && containers.valid().next().is_some() {
            add("mscp/cmapfile", "No container is the default one.".to_owned(), Some("Chooses one."));
        }
        for (index, record) in containers.valid() {
            let place = format!("container {index}");
            if record.bits() == 0 {
                let repair = match keys.get(index) {
                    Some(_) => "Enters its key if it can be read, and removes it if there is no key file.",
                    None => "Removes it, unless its key is there after all.",
                };
                add(&place, "The container was created and got no key.".to_owned(), Some(repair));
            } else if keys.get(index).is_none() && index_in(keys, index) {
                add(
                    &place,
                    "The key map says that it has no key.".to_owned(),
                    Some("Enters the key, if it is there."),
                );
            }
        }
        for (index, _) in (0..).zip(&keys.records).filter(|(_, key)| key.is_used()) {
            if containers.get(index).is_none() && !keys.damaged {
                add(
                    &format!("container {index}"),
                    "The key map has a key for it, and the container map has no entry.".to_owned(),
                    Some("Enters the container, if its key is there; else frees the entry."),
                );
            }
        }
        for stored in certificates {
            let place = stored.place();
            match (&stored.der, stored.container) {
                (Err(_), _) if stored.missing => add(
                    &place,
                    "The directory names a certificate that is not there.".to_owned(),
                    Some("Takes it out of the directory."),
                ),
                (Err(why), _) => add(&place, format!("The certificate is damaged. {why}"), None),
                (Ok(_), None) => add(
                    &place,
                    "The certificate belongs to no container.".to_owned(),
                    Some("Enters its container, if the key is there."),
                ),
                (Ok(_), Some(_)) => {}
            }
        }
        if let Some(why) = roots {
            add("mscp/msroots", format!("The trusted roots cannot be read. {why}"), None);
        }
        // While a change waits to be put back, its objects are no rubbish.
        let journal = journal_at(directory);
        for (at, bytes) in self.unnamed(directory) {
            if pending.is_some() || masterfile.torn && Some(at) != journal {
                continue;
            }
            let lost = match decode(&bytes) {
                Ok(der) => self.misses(directory, certificates, &der)?.is_some(),
                Err(_) => false,
            };
            let place = format!("object {:04X}", at.object);
            let text = "Nothing names this object: an interrupted write has left it.".to_owned();
            if lost {
                add(&place, text, Some("Enters it again as the certificate of a key that has none."));
            } else if is_rubbish(at, &bytes, certificates) {
                add(&place, text, Some("Deletes it."));
            } else {
                let text = "Nothing names this object, and what it holds is not known. It is left alone.";
                add(&place, text.to_owned(), None);
            }
        }
        Ok(found)
    }
}

/// Whether the key map is long enough to speak of that container.
fn index_in(keys: &KeyMap, index: u8) -> bool {
    usize::from(index) < keys.records.len()
}
