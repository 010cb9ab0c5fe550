//! What is in a file that a person wants on a card: PKCS#12, or certificates and a key in PEM, or a certificate in
//! DER, or a bag of certificates (`.p7b`).
//!
//! A file is hostile until it has been read: its size, its nesting and the work that it asks for are bounded. Keys
//! are deciphered into buffers that wipe themselves, and copied into nothing else.

mod derivation;
mod encryption;
mod password;
mod pem;
mod pkcs12;
mod private_key;

use std::collections::HashSet;

use shared::rpc::MAX_FILE;
use shared::secret::Password;

use crate::der::{INTEGER, OID, Reader, SEQUENCE};
use crate::key::PrivateKey;
use crate::x509::{self, describe, leaves, order_chain, public_key, roots};
use password::{Work, encodings};
use pkcs12::CertificateBag;

/// The contents of a file, ready to be imported.
#[derive(Debug)]
pub struct Credential {
    /// The certificate to import, DER: with a key, the one that belongs to it.
    pub certificate: Vec<u8>,
    /// Its private key, if the file has one.
    pub private_key: Option<PrivateKey>,
    /// Its issuers among the file's other certificates, DER, nearest first.
    pub chain: Vec<Vec<u8>>,
}

/// Why a file cannot be imported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// The file has a password, and none was given.
    #[error("the file needs a password")]
    PasswordNeeded,
    /// The password is not the file's.
    #[error("the password is wrong")]
    WrongPassword,
    /// The file is damaged; the text says how.
    #[error("the file is damaged: {0}")]
    Damaged(String),
    /// The file is neither a certificate nor PKCS#12.
    #[error("the file is neither a certificate nor a PKCS#12 file")]
    NotACertificate,
    /// Well formed, and made in a way that is not supported; the text says which.
    #[error("the file cannot be used: {0}")]
    Unsupported(String),
}

/// A private key, with the localKeyID by which it names its certificate.
struct Key {
    key: PrivateKey,
    id: Option<Vec<u8>>,
}

/// Opens a file of at most `shared::rpc::MAX_FILE` bytes. An empty password is as good as none: both the empty and
/// the absent one of PKCS#12 are tried.
///
/// # Errors
/// [`FileError`]
pub fn open(file: &[u8], password: Option<&Password>) -> Result<Credential, FileError> {
    if file.len() > MAX_FILE {
        return Err(FileError::Unsupported(format!("it is larger than {} KiB", MAX_FILE / 1024)));
    }
    let (keys, certificates) = match Kind::of(file) {
        Kind::Pem => from_pem(file, password),
        Kind::Pkcs12 => from_pkcs12(file, password),
        Kind::Certificate => {
            describe(file).map_err(FileError::Damaged)?;
            Ok((Vec::new(), vec![bare(file)]))
        }
        Kind::Bag => Ok((Vec::new(), roots(file).iter().map(|der| bare(der)).collect())),
        Kind::Unknown => Err(FileError::NotACertificate),
    }
    .map_err(|error| match error {
        FileError::WrongPassword if password.is_none_or(|password| password.bytes().is_empty()) => {
            FileError::PasswordNeeded
        }
        other => other,
    })?;
    choose(keys, certificates)
}

enum Kind {
    Pem,
    Pkcs12,
    Certificate,
    Bag,
    Unknown,
}

impl Kind {
    /// By the first bytes: each of these begins with a SEQUENCE, a PFX goes on with its version, a certificate
    /// with another SEQUENCE, a bag with its type. So a file that is cut off is still known for what it was.
    fn of(file: &[u8]) -> Self {
        if pem::is_pem(file) {
            return Self::Pem;
        }
        let header = match file {
            [SEQUENCE, 0x80, ..] => 2,
            [SEQUENCE, long @ 0x81..=0x84, ..] => 2 + usize::from(long & 0x7F),
            [SEQUENCE, ..] => 2,
            _ => return Self::Unknown,
        };
        match file.get(header..).unwrap_or_default() {
            [INTEGER, 1, 3, ..] => Self::Pkcs12,
            [SEQUENCE, ..] => Self::Certificate,
            [OID, ..] => Self::Bag,
            _ => Self::Unknown,
        }
    }
}

type Found = (Vec<Key>, Vec<CertificateBag>);

/// A certificate from a file that says no more about it.
fn bare(der: &[u8]) -> CertificateBag {
    CertificateBag { der: x509::trimmed(der).unwrap_or(der).to_vec(), id: None }
}

fn from_pkcs12(file: &[u8], password: Option<&Password>) -> Result<Found, FileError> {
    let contents = pkcs12::open(file, &encodings(password)?)?;
    let keys = contents.keys.into_iter().map(|bag| {
        let key = private_key::from_pkcs8(&bag.info)?;
        Ok(Key { key, id: bag.id })
    });
    Ok((keys.collect::<Result<_, _>>()?, contents.certificates))
}

fn from_pem(file: &[u8], password: Option<&Password>) -> Result<Found, FileError> {
    let mut work = Work::new();
    let (mut keys, mut certificates) = (Vec::new(), Vec::new());
    for block in pem::blocks(file)? {
        let key = match block.label {
            label if label.ends_with("PRIVATE KEY") && block.has_headers => {
                return Err(FileError::Unsupported(
                    "its key is encrypted in an old way of OpenSSL; `openssl pkcs8 -topk8` makes it readable"
                        .to_owned(),
                ));
            }
            "PRIVATE KEY" => private_key::from_pkcs8(&block.content)?,
            "RSA PRIVATE KEY" => private_key::from_pkcs1(&block.content)?,
            "EC PRIVATE KEY" => private_key::from_sec1(&block.content, None)?,
            "ENCRYPTED PRIVATE KEY" => decrypt_block(&block.content, password, &mut work)?,
            // OpenSSL's trusted certificate has its own data after the certificate.
            "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => {
                certificates.push(bare(&block.content));
                continue;
            }
            "PKCS7" | "CMS" => {
                certificates.extend(roots(&block.content).iter().map(|der| bare(der)));
                continue;
            }
            _ => continue,
        };
        keys.push(Key { key, id: None });
    }
    Ok((keys, certificates))
}

fn decrypt_block(
    content: &[u8],
    password: Option<&Password>,
    work: &mut Work,
) -> Result<PrivateKey, FileError> {
    let malformed = || FileError::Damaged("its encrypted key is malformed".to_owned());
    let info = Reader::new(content).expect(SEQUENCE).ok_or_else(malformed)?;
    for password in encodings(password)? {
        match pkcs12::decrypt_key(info, &password, work) {
            Err(FileError::WrongPassword) => {}
            decrypted => return private_key::from_pkcs8(&decrypted?),
        }
    }
    Err(FileError::WrongPassword)
}

fn unsupported<T>(why: &str) -> Result<T, FileError> {
    Err(FileError::Unsupported(why.to_owned()))
}

/// The largest number of certificates or keys that are compared with each other.
const MAX_ENTRIES: usize = 100;

/// Finds what is meant: the key with its certificate, or the certificate that issued none of the others.
fn choose(mut keys: Vec<Key>, mut certificates: Vec<CertificateBag>) -> Result<Credential, FileError> {
    if certificates.len() > MAX_ENTRIES || keys.len() > MAX_ENTRIES {
        return unsupported("it holds more than 100 certificates or keys");
    }
    // A certificate that cannot be read is passed over, unless it is the only one.
    if let [only] = certificates.as_slice() {
        describe(&only.der).map_err(FileError::Damaged)?;
    }
    certificates.retain(|certificate| describe(&certificate.der).is_ok());
    // Firefox stores a certificate once for each key and chain that it is in.
    let mut seen = HashSet::new();
    certificates.retain(|certificate| seen.insert(certificate.der.clone()));

    let all: Vec<Vec<u8>> = certificates.iter().map(|certificate| certificate.der.clone()).collect();
    let (certificate, private_key) = match (keys.is_empty(), certificates.is_empty()) {
        (true, true) => return Err(FileError::NotACertificate),
        (false, true) => return unsupported("it holds a private key without a certificate"),
        (true, false) => match leaves(&all).as_slice() {
            [leaf] => (*leaf, None),
            _ => {
                return unsupported(
                    "it holds several certificates, and none of them is plainly the one that is meant",
                );
            }
        },
        (false, false) => {
            let (key, certificate) = pair(&keys, &certificates)?;
            (certificate, Some(keys.swap_remove(key).key))
        }
    };
    let certificate = all.get(certificate).cloned().unwrap_or_default();
    Ok(Credential { chain: order_chain(&certificate, &all), certificate, private_key })
}

/// The positions of the one key and the one certificate that belong together. Where several do, those that issue
/// certificates are left out, then those whose localKeyIDs differ.
fn pair(keys: &[Key], certificates: &[CertificateBag]) -> Result<(usize, usize), FileError> {
    let mut pairs = Vec::new();
    for (c, certificate) in certificates.iter().enumerate() {
        let Some(public) = public_key(&certificate.der) else { continue };
        let matching = keys.iter().enumerate().filter(|(_, key)| key.key.matches(&public));
        pairs.extend(matching.map(|(k, key)| Pair {
            positions: (k, c),
            issues: describe(&certificate.der).is_ok_and(|described| described.authority),
            named: key.id.is_some() && key.id == certificate.id,
        }));
    }
    narrow(&mut pairs, |pair| !pair.issues);
    narrow(&mut pairs, |pair| pair.named);
    match (pairs.as_slice(), keys) {
        ([one], _) => Ok(one.positions),
        ([], [_]) => unsupported("its private key belongs to none of its certificates"),
        ([], _) => unsupported("its private keys belong to none of its certificates"),
        (_, [_]) => {
            unsupported("it holds several certificates for its key; export only the one that you want")
        }
        _ => unsupported(
            "it holds several keys with certificates; export the one that you want into a file of its own",
        ),
    }
}

/// A key and a certificate that fit.
struct Pair {
    positions: (usize, usize),
    /// Whether the certificate is an authority's.
    issues: bool,
    /// Whether they have the same localKeyID.
    named: bool,
}

/// Keeps what fits, unless nothing does.
fn narrow(pairs: &mut Vec<Pair>, fits: impl Fn(&Pair) -> bool) {
    if pairs.iter().any(&fits) {
        pairs.retain(fits);
    }
}
