//! Signatures that a card makes: what it is given to sign, and whether what it answers is right.
//!
//! One scheme for each kind of key, the one that X.509 has for it everywhere. Verifying reveals nothing, so the
//! arithmetic need not be of constant time.

use ed25519_dalek::VerifyingKey;
use num_bigint::BigUint;
use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use sha2::{Digest as _, Sha256, Sha384};
use shared::model::{KeyAlgorithm, KeyFamily};

use super::PublicKey;
use crate::der::{Reader, SEQUENCE, encode, unsigned};

/// The sizes of the RSA moduli that are computed with, in bytes.
const MODULUS: std::ops::RangeInclusive<usize> = 64..=1024;
/// The longest public exponent that is computed with, in bytes; what is in use has three.
const MAX_EXPONENT: usize = 8;

/// DigestInfo with SHA-256, all but the digest (RFC 8017 section 9.2, note 1).
const SHA256_INFO: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00,
    0x04, 0x20,
];

/// How a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 section 8.2).
    RsaPkcs1Sha256,
    /// ECDSA on P-256 with SHA-256 (FIPS 186-5 section 6).
    EcdsaP256Sha256,
    /// ECDSA on P-384 with SHA-384.
    EcdsaP384Sha384,
    /// Ed25519 (RFC 8032 section 5.1).
    Ed25519,
}

impl Scheme {
    /// The scheme for a kind of key; `None` when it cannot sign, as X25519, or is of a kind that nothing here signs
    /// with.
    pub fn of(algorithm: KeyAlgorithm) -> Option<Self> {
        match (algorithm.family, algorithm.bits) {
            (KeyFamily::Rsa, _) => Some(Self::RsaPkcs1Sha256),
            (KeyFamily::Ec, 256) => Some(Self::EcdsaP256Sha256),
            (KeyFamily::Ec, 384) => Some(Self::EcdsaP384Sha384),
            (KeyFamily::Ed25519, _) => Some(Self::Ed25519),
            (KeyFamily::Ec | KeyFamily::X25519 | KeyFamily::Other, _) => None,
        }
    }

    /// What a card is given that does the private-key operation and nothing else: for RSA the padded DigestInfo, as
    /// long as the modulus (RFC 8017 section 9.2); for ECDSA the digest; for Ed25519 the message itself. `None` when
    /// this is not the key's scheme, or its modulus has a size that nobody uses.
    pub fn input(self, key: &PublicKey, message: &[u8]) -> Option<Vec<u8>> {
        match (self, key) {
            (Self::RsaPkcs1Sha256, PublicKey::Rsa { modulus, .. }) if MODULUS.contains(&modulus.len()) => {
                padded(&digest_info(message), modulus.len())
            }
            (Self::RsaPkcs1Sha256, _) => None,
            (Self::EcdsaP256Sha256, _) => Some(Sha256::digest(message).to_vec()),
            (Self::EcdsaP384Sha384, _) => Some(Sha384::digest(message).to_vec()),
            (Self::Ed25519, _) => Some(message.to_vec()),
        }
    }
}

/// A signature that has been verified, in the form in which X.509 carries it: for RSA as long as the modulus, for
/// ECDSA the ECDSA-Sig-Value of RFC 3279 section 2.2.3, for Ed25519 the 64 bytes of RFC 8032.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    bytes: Vec<u8>,
}

impl Signature {
    /// The signature that a card has answered with, when it is this key's over this message. An RSA answer may lack
    /// its leading zeros, and the integers of ECDSA may have some too many: X.509 gets them as they should be.
    pub fn verified(key: &PublicKey, message: &[u8], answer: &[u8]) -> Option<Self> {
        let bytes = match key {
            PublicKey::Rsa { modulus, .. } => {
                let mut bytes = vec![0; modulus.len().checked_sub(answer.len())?];
                bytes.extend_from_slice(answer);
                bytes
            }
            PublicKey::Other { algorithm: KeyAlgorithm { family: KeyFamily::Ec, .. }, .. } => {
                let (r, s) = ecdsa_integers(answer)?;
                encode(SEQUENCE, &[unsigned(r), unsigned(s)].concat())
            }
            PublicKey::Other { .. } => answer.to_vec(),
        };
        verify(key, message, &bytes).then_some(Self { bytes })
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Whether this is the key's signature over the message, by the scheme of its kind. False also for a key that cannot
/// sign.
pub fn verify(key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
    let verified = match (Scheme::of(key.algorithm()), key) {
        (Some(Scheme::RsaPkcs1Sha256), PublicKey::Rsa { modulus, exponent }) => {
            rsa_opened(modulus, exponent, signature)
                .map(|opened| Some(opened) == Scheme::RsaPkcs1Sha256.input(key, message))
        }
        (Some(Scheme::EcdsaP256Sha256), PublicKey::Other { point, .. }) => {
            p256_verifies(point, message, signature)
        }
        (Some(Scheme::EcdsaP384Sha384), PublicKey::Other { point, .. }) => {
            p384_verifies(point, message, signature)
        }
        (Some(Scheme::Ed25519), PublicKey::Other { point, .. }) => {
            ed25519_verifies(point, message, signature)
        }
        _ => None,
    };
    verified == Some(true)
}

/// The DigestInfo of a message with SHA-256: what a card is given that does the padding of RSA itself.
pub fn digest_info(message: &[u8]) -> Vec<u8> {
    [&SHA256_INFO[..], &Sha256::digest(message)].concat()
}

/// EMSA-PKCS1-v1_5 (RFC 8017 section 9.2) to that length.
fn padded(digest_info: &[u8], length: usize) -> Option<Vec<u8>> {
    let filler = length.checked_sub(digest_info.len() + 3).filter(|filler| *filler >= 8)?;
    Some([&[0, 1], vec![0xFF; filler].as_slice(), &[0], digest_info].concat())
}

/// The public-key operation (RFC 8017 section 5.2.2), as long as the modulus.
fn rsa_opened(modulus: &[u8], exponent: &[u8], signature: &[u8]) -> Option<Vec<u8>> {
    let sizes = MODULUS.contains(&modulus.len()) && exponent.len() <= MAX_EXPONENT;
    (sizes && signature.len() == modulus.len()).then_some(())?;
    let (n, e) = (BigUint::from_bytes_be(modulus), BigUint::from_bytes_be(exponent));
    let signature = Some(BigUint::from_bytes_be(signature)).filter(|number| *number < n)?;
    let opened = signature.modpow(&e, &n).to_bytes_be();
    let mut bytes = vec![0; modulus.len().checked_sub(opened.len())?];
    bytes.extend_from_slice(&opened);
    Some(bytes)
}

fn p256_verifies(point: &[u8], message: &[u8], signature: &[u8]) -> Option<bool> {
    let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(point).ok()?;
    let signature = p256::ecdsa::Signature::from_slice(&joined(signature, 32)?).ok()?;
    Some(key.verify_prehash(&Sha256::digest(message), &signature).is_ok())
}

fn p384_verifies(point: &[u8], message: &[u8], signature: &[u8]) -> Option<bool> {
    let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(point).ok()?;
    let signature = p384::ecdsa::Signature::from_slice(&joined(signature, 48)?).ok()?;
    Some(key.verify_prehash(&Sha384::digest(message), &signature).is_ok())
}

/// Strictly: a point of small order, with which one signature is right for many messages, verifies nothing.
fn ed25519_verifies(point: &[u8], message: &[u8], signature: &[u8]) -> Option<bool> {
    let key = VerifyingKey::from_bytes(point.try_into().ok()?).ok()?;
    let signature = ed25519_dalek::Signature::from_slice(signature).ok()?;
    Some(key.verify_strict(message, &signature).is_ok())
}

/// r and s of an ECDSA-Sig-Value, without leading zeros.
fn ecdsa_integers(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut outer = Reader::new(der);
    let mut value = outer.enter(SEQUENCE)?;
    let (r, s) = (value.unsigned()?, value.unsigned()?);
    (value.is_empty() && outer.is_empty()).then_some((r, s))
}

/// r and s one after the other, each as long as the field.
fn joined(der: &[u8], field: usize) -> Option<Vec<u8>> {
    let (r, s) = ecdsa_integers(der)?;
    let mut joined = Vec::with_capacity(2 * field);
    for number in [r, s] {
        joined.resize(joined.len() + field.checked_sub(number.len())?, 0);
        joined.extend_from_slice(number);
    }
    Some(joined)
}
