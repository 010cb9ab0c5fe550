//! What is on the card.

use shared::model::{Container, DefaultSource, KeyAlgorithm, KeyFamily, PinType, Role, Space};

use super::Gids;
use super::certificate_file::{FileName, Notation, decode};
use super::cmapfile;
use super::directory::Directory;
use super::store::Address;
use crate::error::{Error, Result};
use crate::smart_card::{Contents, StoredCertificate};
use crate::x509;

/// A certificate's file.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    /// Its name on the card in lower case, by which people call it.
    pub(super) id: String,
    /// Where it is; `None` where the directory's record makes no sense.
    pub(super) at: Option<Address>,
    /// What its name says.
    pub(super) name: FileName,
    /// The container whose certificate it is.
    pub(super) container: Option<u8>,
    /// The certificate, or why there is none.
    pub(super) der: std::result::Result<Vec<u8>, String>,
    /// Whether the file has no object, or an empty one.
    pub(super) missing: bool,
}

impl Stored {
    /// Its place in the card's words.
    pub(super) fn place(&self) -> String {
        format!("mscp/{}", self.id)
    }
}

impl Gids<'_> {
    /// Everything that is on the card.
    pub(super) fn list(&mut self) -> Result<Contents> {
        let directory = self.directory()?;
        let certificates = self.certificates(&directory)?;
        let roots = self.roots(&directory)?;
        let findings = self.findings(&directory, &certificates, roots.as_ref().err())?;
        let containers: Vec<Container> = directory
            .containers
            .valid()
            .map(|(index, record)| container(&directory, &certificates, index, record))
            .collect();
        Ok(Contents {
            space: Space {
                containers_used: count(containers.len()),
                containers_max: None,
                files_used: count(directory.masterfile.files()),
                files_max: None,
            },
            containers,
            certificates: certificates
                .into_iter()
                .map(|stored| StoredCertificate {
                    id: stored.id,
                    container: stored.container,
                    der: stored.der,
                })
                .collect(),
            roots: roots.unwrap_or_default(),
            default_source: Some(DefaultSource::ContainerMap),
            findings,
        })
    }

    /// Every certificate's file, each with the container it belongs to. A name that can mean two containers is
    /// decided by the keys; they are read from the card only then.
    pub(super) fn certificates(&mut self, directory: &Directory) -> Result<Vec<Stored>> {
        let mut all: Vec<Stored> = Vec::new();
        for record in &directory.masterfile.records {
            let id = record.name();
            let Some(name) = FileName::parse(&id).filter(|_| record.directory() == "mscp") else { continue };
            if all.iter().any(|other| other.id == id) {
                continue;
            }
            let at = record.address();
            let (der, missing) = self.certificate_at(at)?;
            let container = self.container_of(directory, &name, der.as_deref().ok())?;
            all.push(Stored { id, at, name, container, der, missing });
        }
        Ok(all)
    }

    fn certificate_at(
        &mut self,
        at: Option<Address>,
    ) -> Result<(std::result::Result<Vec<u8>, String>, bool)> {
        let bytes = match self.file(at)? {
            Ok(bytes) => bytes,
            Err(why) => return Ok((Err(why), false)),
        };
        let der = decode(&bytes).and_then(|der| x509::fields(&der).map(|_| der));
        Ok((der, bytes.is_empty()))
    }

    /// What is in a file; nothing when it has no object. The inner error is a sentence.
    fn file(&mut self, at: Option<Address>) -> Result<std::result::Result<Vec<u8>, String>> {
        let Some(at) = at else { return Ok(Ok(Vec::new())) };
        let bytes = self.try_read(at)?.map(Option::unwrap_or_default);
        Ok(bytes.map_err(|_| "The card does not give out its file.".to_owned()))
    }

    fn container_of(
        &mut self,
        directory: &Directory,
        name: &FileName,
        der: Option<&[u8]>,
    ) -> Result<Option<u8>> {
        let candidates: Vec<u8> =
            name.candidates().filter(|index| directory.containers.get(*index).is_some()).collect();
        let [_, _] = candidates.as_slice() else { return Ok(candidates.first().copied()) };
        let key = der.and_then(x509::public_key);
        for index in candidates {
            if key.is_some() && self.container_key(directory, index)? == key {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }

    /// The public key of a container; `None` when it has none that can be read.
    pub(super) fn container_key(
        &mut self,
        directory: &Directory,
        index: u8,
    ) -> Result<Option<crate::key::PublicKey>> {
        let Some(reference) = directory.keys.reference(index) else { return Ok(None) };
        match self.public_key(reference) {
            Err(error @ Error::Transport(_)) => Err(error),
            result => Ok(result.unwrap_or_default()),
        }
    }

    /// The certificates of `mscp\msroots`; the inner error is a sentence.
    pub(super) fn roots(
        &mut self,
        directory: &Directory,
    ) -> Result<std::result::Result<Vec<Vec<u8>>, String>> {
        let bytes = match self.file(directory.masterfile.find("mscp", "msroots"))? {
            Ok(bytes) => bytes,
            Err(why) => return Ok(Err(why)),
        };
        if bytes.is_empty() {
            return Ok(Ok(Vec::new()));
        }
        let certificates = decode(&bytes).map(|bag| x509::roots(&bag));
        Ok(certificates
            .and_then(|all| if all.is_empty() { Err("Its file holds none.".to_owned()) } else { Ok(all) }))
    }
}

fn container(
    directory: &Directory,
    certificates: &[Stored],
    index: u8,
    record: &cmapfile::Record,
) -> Container {
    let key = directory.keys.get(index);
    let has_key = record.bits() != 0;
    let stated = key.and_then(super::key_map::Record::algorithm);
    let by_size = KeyAlgorithm { family: KeyFamily::Rsa, bits: record.bits() };
    Container {
        index,
        name: record.name(),
        role: Role::USER,
        pin_type: PinType::PrimaryCardPin,
        default: record.is_default(),
        has_key,
        algorithm: has_key.then_some(stated.unwrap_or(by_size)),
        certificate: certificate_of(directory, certificates, index).map(|stored| stored.id.clone()),
        slot: None,
        origin: None,
        pin_use: None,
        touch_use: None,
    }
}

/// The certificate of a container: the one for the kind of key it has, where there are two.
pub(super) fn certificate_of<'a>(
    directory: &Directory,
    certificates: &'a [Stored],
    index: u8,
) -> Option<&'a Stored> {
    let signature = is_signature(directory, index);
    let mut own = certificates.iter().filter(|stored| stored.container == Some(index));
    own.clone().find(|stored| stored.name.signature == signature).or_else(|| own.next())
}

/// Whether a container's key is for signatures only.
pub(super) fn is_signature(directory: &Directory, index: u8) -> bool {
    let by_size = directory
        .containers
        .get(index)
        .is_some_and(|record| record.exchange_bits == 0 && record.signature_bits != 0);
    directory.keys.get(index).map_or(by_size, super::key_map::Record::is_signature)
}

/// How this card writes numbers from 10 on, as far as its certificates show.
pub(super) fn notation(directory: &Directory, certificates: &[Stored]) -> Notation {
    for stored in certificates {
        let FileName { hexadecimal, decimal, .. } = stored.name;
        if stored.container.is_some() && hexadecimal != decimal && stored.container == decimal {
            return Notation::Decimal;
        }
    }
    if directory.masterfile.records.iter().any(super::masterfile::Record::has_upper_case_number) {
        return Notation::UpperHexadecimal;
    }
    Notation::LowerHexadecimal
}

fn count(number: usize) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}
