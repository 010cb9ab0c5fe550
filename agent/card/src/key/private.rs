//! Private keys out of files: the numbers in them, and the public keys that belong to them.

use std::fmt;

use ed25519_dalek::SigningKey;
use p256::elliptic_curve::sec1::ToSec1Point as _;
use shared::model::{KeyAlgorithm, KeyFamily};
use x25519_dalek::StaticSecret;
use zeroize::Zeroizing;

use super::PublicKey;
use crate::der::{BIT_STRING, CONTEXT_0, CONTEXT_1, OCTET_STRING, OID, Reader, SEQUENCE};

/// A private key out of a file: wiped on drop, never printed.
pub struct PrivateKey {
    /// Kind and size.
    pub algorithm: KeyAlgorithm,
    /// For RSA the RSAPrivateKey of RFC 8017 A.1.2, DER; for EC the ECPrivateKey of RFC 5915, DER; for Ed25519
    /// and X25519 the 32 bytes of RFC 8410.
    pub encoded: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({}, not shown)", self.algorithm)
    }
}

/// What a private key consists of. Borrowed from the key, so it is wiped with it.
pub enum Components<'k> {
    /// The numbers of an RSA key.
    Rsa(RsaComponents<'k>),
    /// The private value of an EC key, big-endian, exactly as long as the field: 32 bytes for P-256, 48 for P-384,
    /// 66 for P-521.
    Ec(&'k [u8]),
    /// The 32 bytes of an Ed25519 or X25519 key (RFC 8410 section 7).
    Curve25519(&'k [u8; 32]),
}

/// The numbers of an RSA private key, big-endian without leading zeros, none longer than the modulus.
pub struct RsaComponents<'k> {
    /// n
    pub modulus: &'k [u8],
    /// e
    pub exponent: &'k [u8],
    /// p
    pub prime1: &'k [u8],
    /// q
    pub prime2: &'k [u8],
    /// d mod (p-1)
    pub exponent1: &'k [u8],
    /// d mod (q-1)
    pub exponent2: &'k [u8],
    /// 1/q mod p
    pub coefficient: &'k [u8],
}

impl PrivateKey {
    /// The numbers that a card takes; `None` when the bytes are no key of the kind that `algorithm` says.
    pub fn components(&self) -> Option<Components<'_>> {
        match self.algorithm.family {
            KeyFamily::Rsa => read_rsa_private_key(&self.encoded).map(Components::Rsa),
            KeyFamily::Ec => {
                let value = read_ec_private_key(&self.encoded)?.value;
                let fits = value.len() == usize::from(self.algorithm.bits).div_ceil(8);
                fits.then_some(Components::Ec(value))
            }
            KeyFamily::Ed25519 | KeyFamily::X25519 => {
                self.encoded.as_slice().try_into().ok().map(Components::Curve25519)
            }
            KeyFamily::Other => None,
        }
    }

    /// The public key that belongs to it: for RSA modulus and exponent, for the curves computed from the private
    /// value. A key on P-521, which is not computed on, has the point that its file gives. `None` where there is
    /// none, and for a private value that the curve does not have.
    pub fn public_key(&self) -> Option<PublicKey> {
        let point = match (self.components()?, self.algorithm) {
            (Components::Rsa(rsa), _) => return Some(PublicKey::rsa(rsa.modulus, rsa.exponent)),
            (Components::Ec(value), KeyAlgorithm { bits: 256, .. }) => {
                p256::SecretKey::from_slice(value).ok()?.public_key().to_sec1_point(false).as_bytes().to_vec()
            }
            (Components::Ec(value), KeyAlgorithm { bits: 384, .. }) => {
                p384::SecretKey::from_slice(value).ok()?.public_key().to_sec1_point(false).as_bytes().to_vec()
            }
            (Components::Ec(_), _) => read_ec_private_key(&self.encoded)?.point?.to_vec(),
            (Components::Curve25519(value), KeyAlgorithm { family: KeyFamily::X25519, .. }) => {
                x25519_dalek::PublicKey::from(&StaticSecret::from(*value)).to_bytes().to_vec()
            }
            (Components::Curve25519(value), _) => {
                SigningKey::from_bytes(value).verifying_key().to_bytes().to_vec()
            }
        };
        Some(PublicKey::Other { algorithm: self.algorithm, point })
    }

    /// Whether this is the private key of a public one. A key on P-521 whose file does not give its point matches
    /// every key on that curve.
    pub fn matches(&self, public: &PublicKey) -> bool {
        let p521 = KeyAlgorithm { family: KeyFamily::Ec, bits: 521 };
        match self.public_key() {
            Some(own) => own == *public,
            None => self.algorithm == p521 && public.algorithm() == p521,
        }
    }
}

/// RSAPrivateKey of RFC 8017 A.1.2: version 0, two primes, nothing after them.
pub(crate) fn read_rsa_private_key(der: &[u8]) -> Option<RsaComponents<'_>> {
    let mut outer = Reader::new(der);
    let mut key = outer.enter(SEQUENCE)?;
    (key.number()? == 0).then_some(())?;
    let mut integer = || key.unsigned().filter(|number| !number.is_empty());
    let (modulus, exponent, private_exponent) = (integer()?, integer()?, integer()?);
    let parts = RsaComponents {
        modulus,
        exponent,
        prime1: integer()?,
        prime2: integer()?,
        exponent1: integer()?,
        exponent2: integer()?,
        coefficient: integer()?,
    };
    let others = [
        exponent,
        private_exponent,
        parts.prime1,
        parts.prime2,
        parts.exponent1,
        parts.exponent2,
        parts.coefficient,
    ];
    let bounded = others.iter().all(|number| number.len() <= modulus.len());
    (key.is_empty() && outer.is_empty() && bounded).then_some(parts)
}

/// What is in an ECPrivateKey.
pub(crate) struct EcPrivateKey<'a> {
    pub(crate) value: &'a [u8],
    /// The curve, encoded OID, where the key itself says it.
    pub(crate) curve: Option<&'a [u8]>,
    /// The public point, where given.
    point: Option<&'a [u8]>,
}

/// ECPrivateKey of RFC 5915.
pub(crate) fn read_ec_private_key(der: &[u8]) -> Option<EcPrivateKey<'_>> {
    let mut key = Reader::new(der).enter(SEQUENCE)?;
    (key.number()? == 1).then_some(())?;
    let value = key.expect(OCTET_STRING)?.content;
    let curve = match key.optional(CONTEXT_0) {
        Some(parameters) => Some(parameters.inside().expect(OID)?.content),
        None => None,
    };
    let point = match key.optional(CONTEXT_1) {
        Some(public) => Some(public.inside().expect(BIT_STRING)?.content.strip_prefix(&[0])?),
        None => None,
    };
    Some(EcPrivateKey { value, curve, point })
}
