//! A key in a container of its own: made on the card (section 8.3), or brought along by an import; and signing with
//! it (section 8.6).

use shared::model::{KeyAlgorithm, KeyFamily};

use super::Gids;
use super::cardcf::Bump;
use super::change::{Leftovers, Undo};
use super::cmapfile::{MAX_CONTAINERS, Record};
use super::contents::Stored;
use super::directory::Directory;
use super::key_map::{self, rsa_algorithm, usual_reference};
use super::store::{Address, KEY_MAP};
use crate::edge::container_name;
use crate::error::{Error, Result};
use crate::key::{PublicKey, Signature, digest_info};
use crate::smart_card::{NewKey, Placement};

/// What a key of another size is told.
pub(super) const RSA_SIZES: &str = "this card takes RSA keys of 1024, 2048, 3072 or 4096 bits";

/// Where a new key goes, decided before the first write.
pub(super) struct KeyPlan {
    pub(super) container: u8,
    pub(super) reference: u8,
    bits: u16,
    algorithm: u8,
}

impl KeyPlan {
    /// For an RSA key of that size, in a container that is free.
    ///
    /// # Errors
    /// [`Error::KeyNotSupported`], [`Error::CardFull`].
    pub(super) fn new(directory: &Directory, container: u8, bits: u16) -> Result<Self> {
        let algorithm = rsa_algorithm(bits).ok_or_else(|| Error::KeyNotSupported(RSA_SIZES.to_owned()))?;
        let reference = free_reference(directory, container).ok_or(Error::CardFull("another key"))?;
        Ok(Self { container, reference, bits, algorithm })
    }

    /// Enters container and key. Returns the directory as it is for as long as there is no key yet.
    ///
    /// # Errors
    /// [`Error::NotSupported`] without random numbers.
    pub(super) fn enter(&self, after: &mut Directory) -> Result<Directory> {
        let mut opened = after.clone();
        let mut record = Record::new(&container_name::random()?);
        opened.containers.set(self.container, record.clone());
        opened.equalise();
        record.exchange_bits = self.bits;
        after.containers.set(self.container, record);
        after.keys.set(self.container, key_map::Record::new(self.algorithm, false, self.reference));
        after.equalise();
        Ok(opened)
    }
}

impl Gids<'_> {
    /// Where a new key would go.
    pub(super) fn place_new_key(&mut self, new: &NewKey) -> Result<Placement> {
        let directory = self.directory()?;
        // What was cut off is put back before the key is made, and may mend what is broken now.
        if self.pending()?.is_none() {
            directory.check()?;
        }
        let certificates = self.certificates(&directory)?;
        let plan = plan(&directory, &certificates, new)?;
        Ok(Placement {
            container: plan.container,
            replaces: None,
            writes_key: true,
            overwrites_key: false,
            wants_pin: false,
        })
    }

    /// Makes a key in a new container, which has no certificate yet, and reads it back.
    pub(super) fn generate_key(&mut self, new: &NewKey) -> Result<PublicKey> {
        let before = self.directory_for_change()?;
        let certificates = self.certificates(&before)?;
        let plan = plan(&before, &certificates, new)?;
        let map_at = before.map_at.ok_or_else(|| Error::Damaged("cmapfile".to_owned()))?;
        let mut after = before.clone();
        let opened = plan.enter(&mut after)?;
        if new.default || before.containers.valid().next().is_none() {
            after.containers.set_default(Some(plan.container));
        }
        let mut undo = Undo::of(&before, &[KEY_MAP, map_at]);
        undo.key = Some(plan.reference);
        let mut made = None;
        self.change(&before, Bump::Containers, &undo, true, |card| {
            card.make_key(&plan, map_at, [&opened, &after], |card| {
                made = Some(card.generate_key_pair(plan.reference, plan.algorithm)?);
                Ok(())
            })?;
            card.put(map_at, &after.containers.encode())?;
            let stored = card.public_key(plan.reference)?;
            if stored != made || stored.map(|key| key.algorithm()) != Some(new.algorithm) {
                return Err(Error::Damaged("the key as it was made".to_owned()));
            }
            Ok(Leftovers::default())
        })?;
        made.ok_or(Error::Malformed("GENERATE ASYMMETRIC KEY PAIR"))
    }

    /// Makes a key in a new file, which `fill` puts it into. While there is none the container has no size; the one
    /// with its size remains to be written.
    pub(super) fn make_key(
        &mut self,
        plan: &KeyPlan,
        map_at: Address,
        [opened, after]: [&Directory; 2],
        fill: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<()> {
        self.put(map_at, &opened.containers.encode())?;
        self.put(KEY_MAP, &opened.keys.encode())?;
        self.create_key(plan.reference, plan.algorithm)?;
        fill(self)?;
        self.put(KEY_MAP, &after.keys.encode())
    }

    /// Signs with the key of a container: RSA, PKCS#1 v1.5 with SHA-256. The card pads.
    pub(super) fn sign_with(&mut self, container: u8, message: &[u8]) -> Result<Signature> {
        let directory = self.directory()?;
        let missing = || Error::NotFound(format!("key in container {container}"));
        directory.containers.get(container).ok_or_else(missing)?;
        let reference = directory.keys.reference(container).ok_or_else(missing)?;
        let key = self.public_key(reference)?.ok_or_else(missing)?;
        let KeyAlgorithm { family: KeyFamily::Rsa, bits } = key.algorithm() else {
            return Err(Error::KeyNotSupported("signing works with RSA keys only".to_owned()));
        };
        let algorithm = rsa_algorithm(bits).ok_or_else(|| Error::KeyNotSupported(RSA_SIZES.to_owned()))?;
        let answer = self.sign_padded(reference, algorithm, &digest_info(message))?;
        Signature::verified(&key, message, &answer)
            .ok_or_else(|| Error::Damaged(format!("the key of container {container}")))
    }
}

fn plan(directory: &Directory, certificates: &[Stored], new: &NewKey) -> Result<KeyPlan> {
    if new.algorithm.family != KeyFamily::Rsa {
        return Err(Error::KeyNotSupported("this card takes RSA keys only".to_owned()));
    }
    if new.pin_use.is_some() || new.touch_use.is_some() {
        return Err(Error::NotSupported("its keys all want the PIN once, and none wants a touch"));
    }
    let container = place_for_key(directory, certificates, new.container)?;
    KeyPlan::new(directory, container, new.algorithm.bits)
}

/// The container that somebody chose for a new key, which must be free, or the first that is.
///
/// # Errors
/// [`Error::NotSupported`], [`Error::CardFull`].
pub(super) fn place_for_key(
    directory: &Directory,
    certificates: &[Stored],
    chosen: Option<u8>,
) -> Result<u8> {
    let mut free = (0..MAX_CONTAINERS).filter(|index| is_free(directory, certificates, *index));
    match chosen {
        None => free.next().ok_or(Error::CardFull("another key")),
        Some(chosen) => free
            .find(|index| *index == chosen)
            .ok_or(Error::NotSupported("that container is in use, or beyond the last that a card can have")),
    }
}

/// Whether a container is free and no certificate without a container is named for it: its file would be taken.
fn is_free(directory: &Directory, certificates: &[Stored], index: u8) -> bool {
    let named = certificates
        .iter()
        .any(|stored| stored.container.is_none() && stored.name.candidates().any(|c| c == index));
    directory.containers.get(index).is_none() && directory.keys.get(index).is_none() && !named
}

/// The usual key reference of a container, or the lowest that nothing uses.
fn free_reference(directory: &Directory, container: u8) -> Option<u8> {
    let all = (0..MAX_CONTAINERS).filter_map(usual_reference);
    usual_reference(container).into_iter().chain(all).find(|reference| !directory.uses(*reference))
}
