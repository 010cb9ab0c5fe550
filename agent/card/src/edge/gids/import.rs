//! Importing a certificate, with its key or to a key that the card has (section 7).

use shared::model::KeyFamily;

use super::Gids;
use super::cardcf::Bump;
use super::certificate_file::{Notation, encode, file_name};
use super::change::{Leftovers, Undo};
use super::contents::{Stored, certificate_of, is_signature, notation};
use super::delete::abandoned;
use super::directory::Directory;
use super::generate::{KeyPlan, RSA_SIZES, place_for_key};
use super::key_map::rsa_algorithm;
use super::store::{Address, KEY_MAP, MASTERFILE, MAX_VALUE, NO_ROOM, USUAL_CARDCF};
use crate::error::{Error, Result};
use crate::key::{PrivateKey, PublicKey};
use crate::smart_card::{Import, Placement};
use crate::x509;

/// What an import writes, decided before the first write.
struct Plan<'a> {
    container: u8,
    key: Option<(KeyPlan, &'a PrivateKey)>,
    /// The name of the certificate's file.
    name: String,
    certificate: NewObject,
    roots: Option<NewObject>,
}

/// A file that gets a new object. The old one is deleted after the directory has been switched over, so that a
/// write that is cut off never costs what was there.
struct NewObject {
    at: Address,
    old: Option<Address>,
    value: Vec<u8>,
}

impl Gids<'_> {
    /// Where an import would go.
    pub(super) fn find_place(&mut self, import: &Import<'_>) -> Result<Placement> {
        let directory = self.directory()?;
        // What was cut off is put back before the import, and may mend what is broken now.
        let pending = self.pending()?.is_some();
        if !pending {
            directory.check()?;
        }
        let certificates = self.certificates(&directory)?;
        encode(import.certificate)?;
        let placement = self.place_in(&directory, &certificates, import)?;
        if !pending {
            self.plan(&directory, &certificates, import, &placement)?;
        }
        Ok(placement)
    }

    fn place_in(
        &mut self,
        directory: &Directory,
        certificates: &[Stored],
        import: &Import<'_>,
    ) -> Result<Placement> {
        if let Some(key) = import.private_key {
            check_key(key, import.public_key)?;
        }
        let with_key = directory.containers.valid().filter(|(_, record)| record.bits() != 0);
        let chosen = |index: &u8| import.container.is_none_or(|chosen| chosen == *index);
        let indices: Vec<u8> = with_key.map(|(index, _)| index).filter(chosen).collect();
        for container in indices {
            if self.container_key(directory, container)?.as_ref() == Some(import.public_key) {
                let replaces =
                    certificate_of(directory, certificates, container).map(|stored| stored.id.clone());
                return Ok(Placement {
                    container,
                    replaces,
                    writes_key: false,
                    overwrites_key: false,
                    wants_pin: false,
                });
            }
        }
        if import.private_key.is_none() {
            return Err(Error::NoMatchingKey);
        }
        let container = place_for_key(directory, certificates, import.container)?;
        Ok(Placement { container, replaces: None, writes_key: true, overwrites_key: false, wants_pin: false })
    }

    /// Imports, reads back and compares.
    pub(super) fn import_certificate(&mut self, import: &Import<'_>) -> Result<String> {
        let before = self.directory_for_change()?;
        let certificates = self.certificates(&before)?;
        let placement = self.place_in(&before, &certificates, import)?;
        let plan = self.plan(&before, &certificates, import, &placement)?;
        let written = self.write(&before, &plan, import, true);
        if !is_full(&written) {
            return written.map(|()| plan.name.to_ascii_lowercase());
        }
        // On a card that is nearly full the certificate may fit when nothing else is written beside it.
        let plan = Plan { roots: None, ..plan };
        let old = plan.certificate.old.filter(|old| plan.key.is_none() && before.masterfile.count(*old) == 1);
        match (self.write(&before, &plan, import, false), old) {
            // A certificate can still be replaced where it is; one that is cut off there is lost.
            (written, Some(at)) if is_full(&written) => self.write_in_place(&before, &plan, at, import)?,
            (written, _) => written?,
        }
        Ok(plan.name.to_ascii_lowercase())
    }

    fn plan<'a>(
        &mut self,
        directory: &Directory,
        certificates: &[Stored],
        import: &Import<'a>,
        placement: &Placement,
    ) -> Result<Plan<'a>> {
        let container = placement.container;
        let key = match import.private_key.filter(|_| placement.writes_key) {
            Some(key) => Some((KeyPlan::new(directory, container, import.public_key.algorithm().bits)?, key)),
            None => None,
        };
        let file = directory.map_at.map_or(USUAL_CARDCF.file, |at| at.file);
        let mut taken: Vec<Address> = self.unnamed(directory).into_iter().map(|(at, _)| at).collect();
        let mut free = || {
            let at = directory.masterfile.free_object(file, &taken)?;
            taken.push(at);
            Some(at)
        };
        let replaced = certificate_of(directory, certificates, container);
        let certificate = NewObject {
            at: free().ok_or(Error::CardFull(NO_ROOM))?,
            old: replaced.and_then(|stored| stored.at),
            value: encode(import.certificate)?,
        };
        let name = match replaced {
            Some(stored) => stored.id.clone(),
            None => free_name(directory, certificates, container)?,
        };
        let mut masterfile = directory.masterfile.clone();
        masterfile.set("mscp", &name, certificate.at);
        masterfile.set("mscp", "msroots", certificate.at);
        if masterfile.encode().len() > MAX_VALUE {
            return Err(Error::CardFull(NO_ROOM));
        }
        let roots_at = free();
        let roots = match self.roots_with(directory, import)? {
            Some(value) => {
                roots_at.map(|at| NewObject { at, old: directory.masterfile.find("mscp", "msroots"), value })
            }
            None => None,
        };
        Ok(Plan { container, key, name, certificate, roots })
    }

    /// The bag of trusted roots with the chain in it; `None` when there is nothing to add, or no room.
    fn roots_with(&mut self, directory: &Directory, import: &Import<'_>) -> Result<Option<Vec<u8>>> {
        let Ok(mut all) = self.roots(directory)? else { return Ok(None) };
        let known = all.len();
        for certificate in import.chain {
            if certificate != import.certificate && !all.contains(certificate) {
                all.push(certificate.clone());
            }
        }
        Ok((all.len() > known).then(|| x509::roots_bag(&all)).filter(|bag| bag.len() <= MAX_VALUE))
    }

    fn write(
        &mut self,
        before: &Directory,
        plan: &Plan<'_>,
        import: &Import<'_>,
        journal: bool,
    ) -> Result<()> {
        let map_at = before.map_at.ok_or_else(|| Error::Damaged("cmapfile".to_owned()))?;
        let mut after = before.clone();
        let key = match &plan.key {
            Some((new, key)) => Some((new, *key, new.enter(&mut after)?)),
            None => None,
        };
        if import.default || before.containers.valid().next().is_none() {
            after.containers.set_default(Some(plan.container));
        }
        let map = after.containers.encode();
        let map_changes = before.stored_at(map_at) != Some(&map);
        after.masterfile.set("mscp", &plan.name, plan.certificate.at);
        let without_roots = after.masterfile.clone();
        if let Some(roots) = &plan.roots {
            after.masterfile.set("mscp", "msroots", roots.at);
        }

        let mut undo = match (&plan.key, map_changes) {
            (Some(_), _) => Undo::of(before, &[KEY_MAP, map_at, MASTERFILE]),
            (None, true) => Undo::of(before, &[map_at, MASTERFILE]),
            (None, false) => Undo::of(before, &[MASTERFILE]),
        };
        undo.key = plan.key.as_ref().map(|(new, _)| new.reference);
        undo.before.push((plan.certificate.at, None));
        undo.before.extend(plan.roots.as_ref().map(|roots| (roots.at, None)));
        let bump = if map_changes { Bump::Containers } else { Bump::Files };

        self.change(before, bump, &undo, journal, |card| {
            if let Some((new, key, opened)) = &key {
                card.make_key(new, map_at, [opened, &after], |card| card.put_key(new.reference, key))?;
            }
            if map_changes {
                card.put(map_at, &map)?;
            }
            card.put(plan.certificate.at, &plan.certificate.value)?;
            let roots_fit = match plan.roots.as_ref().map(|roots| card.put(roots.at, &roots.value)) {
                Some(Err(Error::CardFull(_))) => false,
                Some(result) => result.map(|()| true)?,
                None => true,
            };
            let masterfile = if roots_fit { &after.masterfile } else { &without_roots };
            card.put(MASTERFILE, &masterfile.encode())?;
            card.compare(undo.key, plan.certificate.at, &plan.certificate.value, import.public_key)?;
            if !roots_fit {
                after.masterfile = without_roots;
            }
            // Of roots that do not fit a part may have been written.
            let roots = plan.roots.as_ref().and_then(|new| if roots_fit { new.old } else { Some(new.at) });
            let replaced = [plan.certificate.old, roots];
            let objects = replaced.into_iter().flat_map(|old| abandoned(&after, old)).collect();
            Ok(Leftovers { objects, keys: Vec::new() })
        })
    }

    /// Overwrites the object of a certificate. The trusted roots stay as they are.
    fn write_in_place(
        &mut self,
        before: &Directory,
        plan: &Plan<'_>,
        at: Address,
        import: &Import<'_>,
    ) -> Result<()> {
        let map_at = before.map_at.ok_or_else(|| Error::Damaged("cmapfile".to_owned()))?;
        let mut containers = before.containers.clone();
        if import.default {
            containers.set_default(Some(plan.container));
        }
        let map = containers.encode();
        let map_changes = before.stored_at(map_at) != Some(&map);
        let mut undo = Undo::of(before, &[map_at]);
        undo.before.push((at, self.read(at)?));
        let bump = if map_changes { Bump::Containers } else { Bump::Files };
        self.change(before, bump, &undo, false, |card| {
            card.put(at, &plan.certificate.value)?;
            if map_changes {
                card.put(map_at, &map)?;
            }
            card.compare(None, at, &plan.certificate.value, import.public_key)?;
            Ok(Leftovers::default())
        })
    }

    /// Reads back what was written.
    fn compare(&mut self, key: Option<u8>, at: Address, value: &[u8], public_key: &PublicKey) -> Result<()> {
        if let Some(reference) = key
            && self.public_key(reference)?.as_ref() != Some(public_key)
        {
            return Err(Error::Damaged("the key as it was written".to_owned()));
        }
        if self.read(at)?.as_deref() != Some(value) {
            return Err(Error::Damaged("the certificate as it was written".to_owned()));
        }
        Ok(())
    }
}

/// Whether a write failed for want of room for another object, and everything is as before.
fn is_full(written: &Result<()>) -> bool {
    let Err(Error::WriteFailed { cause, restored: true }) = written else { return false };
    matches!(**cause, Error::CardFull(NO_ROOM))
}

/// Whether a GIDS card can have this key, and whether it is the certificate's.
fn check_key(key: &PrivateKey, public_key: &PublicKey) -> Result<()> {
    if key.algorithm.family != KeyFamily::Rsa {
        return Err(Error::KeyNotSupported("this card takes RSA keys only".to_owned()));
    }
    if !key.matches(public_key) {
        return Err(Error::NoMatchingKey);
    }
    if rsa_algorithm(public_key.algorithm().bits).is_none() {
        return Err(Error::KeyNotSupported(RSA_SIZES.to_owned()));
    }
    // GidsApplet gives out every exponent as three bytes (section 8.4).
    match public_key {
        PublicKey::Rsa { exponent, .. } if exponent.len() == 3 => Ok(()),
        _ => Err(Error::KeyNotSupported("this card takes RSA keys with the exponent 65537 only".to_owned())),
    }
}

/// The name of a new certificate's file, in the notation of the card unless that name is taken.
fn free_name(directory: &Directory, certificates: &[Stored], container: u8) -> Result<String> {
    let signature = is_signature(directory, container);
    let notations = [notation(directory, certificates), Notation::LowerHexadecimal, Notation::Decimal];
    let mut names = notations.into_iter().map(|notation| file_name(container, signature, notation));
    let free = |name: &String| directory.masterfile.find("mscp", &name.to_ascii_lowercase()).is_none();
    names.find(free).ok_or_else(|| {
        Error::Damaged(format!("mscp/{}", file_name(container, signature, Notation::LowerHexadecimal)))
    })
}
