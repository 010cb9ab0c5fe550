//! PKCS#12 (RFC 7292): the certificates and private keys in a file, deciphered.
//!
//! The format is read here and not by a crate because of what the crates cannot do: read the BER that Firefox
//! writes, tell an absent password from an empty one, bound the work that a file asks for, and wipe what they
//! deciphered. Ciphers and hashes are those of the RustCrypto crates.

use x509_parser::asn1_rs::oid;
use zeroize::Zeroizing;

use super::FileError;
use super::derivation::Hash;
use super::encryption::decrypt;
use super::password::{Encoded, Work};
use crate::der::{CONTEXT_0, Element, OCTET_STRING, Reader, SEQUENCE, SET};

const DATA: &[u8] = &oid!(raw 1.2.840.113549.1.7.1);
const SIGNED_DATA: &[u8] = &oid!(raw 1.2.840.113549.1.7.2);
const ENVELOPED_DATA: &[u8] = &oid!(raw 1.2.840.113549.1.7.3);
const ENCRYPTED_DATA: &[u8] = &oid!(raw 1.2.840.113549.1.7.6);

const KEY_BAG: &[u8] = &oid!(raw 1.2.840.113549.1.12.10.1.1);
const SHROUDED_KEY_BAG: &[u8] = &oid!(raw 1.2.840.113549.1.12.10.1.2);
const CERTIFICATE_BAG: &[u8] = &oid!(raw 1.2.840.113549.1.12.10.1.3);
const NESTED_BAG: &[u8] = &oid!(raw 1.2.840.113549.1.12.10.1.6);

const X509_CERTIFICATE: &[u8] = &oid!(raw 1.2.840.113549.1.9.22.1);
const LOCAL_KEY_ID: &[u8] = &oid!(raw 1.2.840.113549.1.9.21);

/// How deep bags may nest. Real files do not nest them.
const BAG_DEPTH: u8 = 4;

/// What is in a file, in its order.
#[derive(Default)]
pub(super) struct Contents {
    pub(super) keys: Vec<KeyBag>,
    pub(super) certificates: Vec<CertificateBag>,
}

/// A private key.
pub(super) struct KeyBag {
    /// PrivateKeyInfo of PKCS#8.
    pub(super) info: Zeroizing<Vec<u8>>,
    /// localKeyID, by which it names its certificate.
    pub(super) id: Option<Vec<u8>>,
}

/// A certificate.
pub(super) struct CertificateBag {
    pub(super) der: Vec<u8>,
    pub(super) id: Option<Vec<u8>>,
}

fn damaged(part: &str) -> FileError {
    FileError::Damaged(format!("{part} is malformed"))
}

/// Opens a PFX with the first encoding of the password that is right.
///
/// # Errors
/// [`FileError::WrongPassword`] when none is.
pub(super) fn open(file: &[u8], passwords: &[Encoded]) -> Result<Contents, FileError> {
    let mut work = Work::new();
    let pfx = Pfx::read(file)?;
    for password in passwords {
        if let Some(mac) = &pfx.mac {
            if mac.verify(password, &pfx.content, &mut work)? {
                // The MAC says that password and bytes are right, so what fails now is how the file was made.
                return pfx.contents(password, &mut work).map_err(|error| match error {
                    FileError::WrongPassword => {
                        FileError::Unsupported("its parts are encrypted under different passwords".to_owned())
                    }
                    other => other,
                });
            }
        } else {
            match pfx.contents(password, &mut work) {
                Err(FileError::WrongPassword) => {}
                done => return done,
            }
        }
    }
    // A wrong MAC with a part that deciphers to something sensible: the password is right and the file is not.
    for password in passwords.iter().filter(|_| pfx.mac.is_some()) {
        for part in pfx.parts()? {
            let mut ignored = Contents::default();
            if let Ok(Protection::Password) = read_part(part, password, &mut work, &mut ignored) {
                return Err(FileError::Damaged("its checksum does not fit its content".to_owned()));
            }
        }
    }
    Err(FileError::WrongPassword)
}

struct Pfx {
    /// The AuthenticatedSafe, encoded: what the MAC is over.
    content: Zeroizing<Vec<u8>>,
    mac: Option<MacData>,
}

impl Pfx {
    /// RFC 7292 section 4.
    fn read(file: &[u8]) -> Result<Self, FileError> {
        let malformed = || damaged("its outer part");
        let mut pfx = Reader::new(file).enter(SEQUENCE).ok_or_else(malformed)?;
        pfx.number().filter(|version| *version == 3).ok_or_else(malformed)?;
        let mut safe = pfx.enter(SEQUENCE).ok_or_else(malformed)?;
        match safe.oid().ok_or_else(malformed)? {
            DATA => {}
            SIGNED_DATA => return Err(public_key_protection()),
            _ => return Err(malformed()),
        }
        let content = safe.enter(CONTEXT_0).and_then(|mut content| content.octets()).ok_or_else(malformed)?;
        let mac = match pfx.is_empty() {
            true => None,
            false => Some(pfx.enter(SEQUENCE).ok_or_else(malformed).and_then(MacData::read)?),
        };
        Ok(Self { content, mac })
    }

    /// The ContentInfos of the AuthenticatedSafe.
    fn parts(&self) -> Result<Vec<Reader<'_>>, FileError> {
        let malformed = || damaged("its list of parts");
        let mut safes = Reader::new(&self.content).enter(SEQUENCE).ok_or_else(malformed)?;
        let mut parts = Vec::new();
        while !safes.is_empty() {
            parts.push(safes.enter(SEQUENCE).ok_or_else(malformed)?);
        }
        Ok(parts)
    }

    fn contents(&self, password: &Encoded, work: &mut Work) -> Result<Contents, FileError> {
        let mut contents = Contents::default();
        for part in self.parts()? {
            read_part(part, password, work, &mut contents)?;
        }
        Ok(contents)
    }
}

fn public_key_protection() -> FileError {
    FileError::Unsupported("it is protected by a certificate and not by a password".to_owned())
}

struct MacData {
    hash: Hash,
    digest: Zeroizing<Vec<u8>>,
    salt: Zeroizing<Vec<u8>>,
    iterations: u32,
}

impl MacData {
    fn read(mut mac: Reader<'_>) -> Result<Self, FileError> {
        let malformed = || damaged("its checksum");
        let mut info = mac.enter(SEQUENCE).ok_or_else(malformed)?;
        let algorithm =
            info.enter(SEQUENCE).and_then(|mut algorithm| algorithm.oid()).ok_or_else(malformed)?;
        let unknown = || FileError::Unsupported("its checksum is of a kind that is not supported".to_owned());
        Ok(Self {
            hash: Hash::of(algorithm).ok_or_else(unknown)?,
            digest: info.octets().ok_or_else(malformed)?,
            salt: mac.octets().ok_or_else(malformed)?,
            // DEFAULT 1
            iterations: if mac.is_empty() { 1 } else { mac.number().ok_or_else(malformed)? },
        })
    }

    fn verify(&self, password: &Encoded, content: &[u8], work: &mut Work) -> Result<bool, FileError> {
        let iterations = work.spend(self.iterations, 1)?;
        Ok(self.hash.verify_mac(&password.utf16, &self.salt, iterations, content, &self.digest))
    }
}

/// Whether anything in a part was enciphered, and so has shown that the password is right.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Protection {
    None,
    Password,
}

/// One ContentInfo of the AuthenticatedSafe: bags, plain or enciphered.
fn read_part(
    mut part: Reader<'_>,
    password: &Encoded,
    work: &mut Work,
    contents: &mut Contents,
) -> Result<Protection, FileError> {
    let malformed = || damaged("a part of it");
    let kind = part.oid().ok_or_else(malformed)?;
    let mut content = part.enter(CONTEXT_0).ok_or_else(malformed)?;
    match kind {
        DATA => {
            let bags = content.octets().ok_or_else(malformed)?;
            read_bags(&bags, password, work, contents, BAG_DEPTH)
        }
        ENCRYPTED_DATA => {
            // EncryptedData of RFC 5652 section 8: version, then type, algorithm and [0] IMPLICIT OCTET STRING.
            let mut encrypted = content.enter(SEQUENCE).ok_or_else(malformed)?;
            encrypted.number().ok_or_else(malformed)?;
            let mut info = encrypted.enter(SEQUENCE).ok_or_else(malformed)?;
            info.oid().filter(|kind| *kind == DATA).ok_or_else(malformed)?;
            let algorithm = info.enter(SEQUENCE).ok_or_else(malformed)?;
            let mut bags = info.next().and_then(|content| content.octets()).ok_or_else(malformed)?;
            decrypt(algorithm, password, work, &mut bags)?;
            // One wrong password in 256 leaves something that looks like padding.
            Reader::new(&bags).expect(SEQUENCE).ok_or(FileError::WrongPassword)?;
            read_bags(&bags, password, work, contents, BAG_DEPTH)?;
            Ok(Protection::Password)
        }
        ENVELOPED_DATA => Err(public_key_protection()),
        _ => Err(malformed()),
    }
}

/// SafeContents (RFC 7292 4.2). Bags of other kinds, such as CRLs and secrets, are passed over.
fn read_bags(
    bytes: &[u8],
    password: &Encoded,
    work: &mut Work,
    contents: &mut Contents,
    depth: u8,
) -> Result<Protection, FileError> {
    let malformed = || damaged("a bag in it");
    let depth = depth.checked_sub(1).ok_or_else(malformed)?;
    let mut protection = Protection::None;
    let mut bags = Reader::new(bytes).enter(SEQUENCE).ok_or_else(malformed)?;
    while !bags.is_empty() {
        let mut bag = bags.enter(SEQUENCE).ok_or_else(malformed)?;
        let kind = bag.oid().ok_or_else(malformed)?;
        let mut value = bag.enter(CONTEXT_0).ok_or_else(malformed)?;
        let id = bag.optional(SET).and_then(local_key_id);
        match kind {
            KEY_BAG => {
                let info = value.expect(SEQUENCE).ok_or_else(malformed)?;
                contents.keys.push(KeyBag { info: copy(info.whole), id });
            }
            SHROUDED_KEY_BAG => {
                let info = decrypt_key(value.next().ok_or_else(malformed)?, password, work)?;
                contents.keys.push(KeyBag { info, id });
                protection = Protection::Password;
            }
            CERTIFICATE_BAG => {
                let mut certificate = value.enter(SEQUENCE).ok_or_else(malformed)?;
                if certificate.oid().ok_or_else(malformed)? == X509_CERTIFICATE {
                    let der = certificate
                        .enter(CONTEXT_0)
                        .and_then(|mut der| der.octets())
                        .ok_or_else(malformed)?;
                    contents.certificates.push(CertificateBag { der: der.to_vec(), id });
                }
            }
            NESTED_BAG => {
                let nested = value.expect(SEQUENCE).ok_or_else(malformed)?;
                if read_bags(nested.whole, password, work, contents, depth)? == Protection::Password {
                    protection = Protection::Password;
                }
            }
            _ => {}
        }
    }
    Ok(protection)
}

fn copy(secret: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut own = Zeroizing::new(Vec::with_capacity(secret.len()));
    own.extend_from_slice(secret);
    own
}

/// EncryptedPrivateKeyInfo (RFC 5958 section 3) to PrivateKeyInfo.
///
/// # Errors
/// [`FileError::WrongPassword`] also where the content is damaged.
pub(super) fn decrypt_key(
    encrypted: Element<'_>,
    password: &Encoded,
    work: &mut Work,
) -> Result<Zeroizing<Vec<u8>>, FileError> {
    let malformed = || damaged("its encrypted key");
    let mut info = encrypted.inside();
    let algorithm = info.enter(SEQUENCE).ok_or_else(malformed)?;
    let mut key = info.octets().ok_or_else(malformed)?;
    decrypt(algorithm, password, work, &mut key)?;
    let mut plain = Reader::new(&key).enter(SEQUENCE).ok_or(FileError::WrongPassword)?;
    let well_formed =
        plain.number().is_some() && plain.expect(SEQUENCE).is_some() && plain.expect(OCTET_STRING).is_some();
    if well_formed { Ok(key) } else { Err(FileError::WrongPassword) }
}

/// The value of the attribute localKeyID (RFC 2985 5.5.2) in a set of attributes.
fn local_key_id(attributes: Element<'_>) -> Option<Vec<u8>> {
    let mut attributes = attributes.inside();
    while let Some(attribute) = attributes.next() {
        let mut attribute = attribute.inside();
        if attribute.oid() == Some(LOCAL_KEY_ID) {
            return attribute.enter(SET)?.octets().map(|id| id.to_vec());
        }
    }
    None
}
