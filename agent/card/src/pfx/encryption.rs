//! Password-based encryption: PBES2 (RFC 8018 6.2), and PKCS#12's own schemes with SHA-1 (RFC 7292 appendix C).

use aes::{Aes128, Aes192, Aes256};
use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt, KeyInit, KeyIvInit, block_padding::Pkcs7};
use des::{TdesEde2, TdesEde3};
use rc2::Rc2;
use sha1::Sha1;
use x509_parser::asn1_rs::{Oid, oid};
use zeroize::Zeroizing;

use super::FileError;
use super::derivation::{self, Hash};
use super::password::{Encoded, Work};
use crate::der::{INTEGER, Reader, SEQUENCE};

const PBES2: &[u8] = &oid!(raw 1.2.840.113549.1.5.13);
const PBKDF2: &[u8] = &oid!(raw 1.2.840.113549.1.5.12);

const SHA1_3DES: &[u8] = &oid!(raw 1.2.840.113549.1.12.1.3);
const SHA1_2DES: &[u8] = &oid!(raw 1.2.840.113549.1.12.1.4);
const SHA1_RC2_128: &[u8] = &oid!(raw 1.2.840.113549.1.12.1.5);
const SHA1_RC2_40: &[u8] = &oid!(raw 1.2.840.113549.1.12.1.6);

const AES_128_CBC: &[u8] = &oid!(raw 2.16.840.1.101.3.4.1.2);
const AES_192_CBC: &[u8] = &oid!(raw 2.16.840.1.101.3.4.1.22);
const AES_256_CBC: &[u8] = &oid!(raw 2.16.840.1.101.3.4.1.42);
const DES_EDE3_CBC: &[u8] = &oid!(raw 1.2.840.113549.3.7);

/// A block cipher in CBC mode.
#[derive(Clone, Copy)]
enum Cipher {
    Aes128,
    Aes192,
    Aes256,
    TripleDes,
    DoubleDes,
    Rc2Bits128,
    Rc2Bits40,
}

impl Cipher {
    /// Of the key, in bytes. For RC2 it is also the effective length (RFC 2268).
    fn key_length(self) -> usize {
        match self {
            Self::Rc2Bits40 => 5,
            Self::Aes128 | Self::DoubleDes | Self::Rc2Bits128 => 16,
            Self::Aes192 | Self::TripleDes => 24,
            Self::Aes256 => 32,
        }
    }

    /// Deciphers in place and takes the padding off. The padding is the only check there is, so a failure means
    /// a wrong password as well as damaged content.
    fn decrypt(self, key: &[u8], iv: &[u8], content: &mut Zeroizing<Vec<u8>>) -> Result<(), FileError> {
        match self {
            Self::Aes128 => cbc::<Aes128>(key, iv, content),
            Self::Aes192 => cbc::<Aes192>(key, iv, content),
            Self::Aes256 => cbc::<Aes256>(key, iv, content),
            Self::TripleDes => cbc::<TdesEde3>(key, iv, content),
            Self::DoubleDes => cbc::<TdesEde2>(key, iv, content),
            Self::Rc2Bits128 | Self::Rc2Bits40 => cbc::<Rc2>(key, iv, content),
        }
    }
}

fn cbc<C: BlockCipherDecrypt + KeyInit>(
    key: &[u8],
    iv: &[u8],
    content: &mut Vec<u8>,
) -> Result<(), FileError> {
    let cipher = cbc::Decryptor::<C>::new_from_slices(key, iv).map_err(|_| damaged())?;
    let length = cipher.decrypt_padded::<Pkcs7>(content).map_err(|_| FileError::WrongPassword)?.len();
    content.truncate(length);
    Ok(())
}

fn damaged() -> FileError {
    FileError::Damaged("the description of its encryption is malformed".to_owned())
}

fn unsupported(what: &str, oid: &[u8]) -> FileError {
    let oid = Oid::new(oid.into()).to_id_string();
    FileError::Unsupported(format!("its {what} ({oid}) is not supported; save it again with a newer program"))
}

/// Deciphers `content` in place. `algorithm` is over the inside of an AlgorithmIdentifier.
///
/// # Errors
/// [`FileError::WrongPassword`] also where the content is damaged: the two cannot be told apart here.
pub(super) fn decrypt(
    mut algorithm: Reader<'_>,
    password: &Encoded,
    work: &mut Work,
    content: &mut Zeroizing<Vec<u8>>,
) -> Result<(), FileError> {
    let scheme = algorithm.oid().ok_or_else(damaged)?;
    let parameters = algorithm.enter(SEQUENCE);
    let cipher = match scheme {
        PBES2 => return pbes2(parameters.ok_or_else(damaged)?, password, work, content),
        SHA1_3DES => Cipher::TripleDes,
        SHA1_2DES => Cipher::DoubleDes,
        SHA1_RC2_128 => Cipher::Rc2Bits128,
        SHA1_RC2_40 => Cipher::Rc2Bits40,
        other => return Err(unsupported("encryption", other)),
    };
    let mut parameters = parameters.ok_or_else(damaged)?;
    let salt = parameters.octets().ok_or_else(damaged)?;
    let iterations = parameters.number().ok_or_else(damaged)?;
    let mut key = Zeroizing::new(vec![0; cipher.key_length()]);
    let mut iv = Zeroizing::new([0; 8]);
    let blocks = if key.len() > 20 { 3 } else { 2 };
    let iterations = work.spend(iterations, blocks)?;
    derivation::pkcs12::<Sha1>(derivation::Purpose::Key, &password.utf16, &salt, iterations, &mut key);
    derivation::pkcs12::<Sha1>(derivation::Purpose::Iv, &password.utf16, &salt, iterations, &mut *iv);
    cipher.decrypt(&key, &*iv, content)
}

/// PBES2-params and PBKDF2-params of RFC 8018 appendix A.
fn pbes2(
    mut parameters: Reader<'_>,
    password: &Encoded,
    work: &mut Work,
    content: &mut Zeroizing<Vec<u8>>,
) -> Result<(), FileError> {
    let mut derivation = parameters.enter(SEQUENCE).ok_or_else(damaged)?;
    let mut encryption = parameters.enter(SEQUENCE).ok_or_else(damaged)?;

    let function = derivation.oid().ok_or_else(damaged)?;
    if function != PBKDF2 {
        return Err(unsupported("key derivation", function));
    }
    let mut pbkdf2 = derivation.enter(SEQUENCE).ok_or_else(damaged)?;
    let salt = pbkdf2.octets().ok_or_else(damaged)?;
    let iterations = pbkdf2.number().ok_or_else(damaged)?;
    // The key length is the cipher's anyway.
    pbkdf2.optional(INTEGER);
    let hash = match pbkdf2.optional(SEQUENCE) {
        None => Hash::Sha1,
        Some(function) => {
            let oid = function.inside().oid().ok_or_else(damaged)?;
            Hash::of_hmac(oid).ok_or_else(|| unsupported("key derivation", oid))?
        }
    };

    let oid = encryption.oid().ok_or_else(damaged)?;
    let cipher = match oid {
        AES_128_CBC => Cipher::Aes128,
        AES_192_CBC => Cipher::Aes192,
        AES_256_CBC => Cipher::Aes256,
        DES_EDE3_CBC => Cipher::TripleDes,
        other => return Err(unsupported("encryption", other)),
    };
    let iv = encryption.octets().ok_or_else(damaged)?;

    let mut key = Zeroizing::new(vec![0; cipher.key_length()]);
    // Each iteration of HMAC is two of the hash.
    let blocks = if key.len() > hash.length() { 4 } else { 2 };
    let iterations = work.spend(iterations, blocks)?;
    hash.pbkdf2(&password.utf8, &salt, iterations, &mut key);
    cipher.decrypt(&key, &iv, content)
}
