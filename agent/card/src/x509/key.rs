//! SubjectPublicKeyInfo (RFC 5280 4.1.2.7) as a key that can be compared, and back.

use shared::model::{KeyAlgorithm, KeyFamily};
use x509_parser::asn1_rs::oid;
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::der::{BIT_STRING, NULL, OID, Reader, SEQUENCE, encode, unsigned};
use crate::key::PublicKey;

pub(crate) const RSA_ENCRYPTION: &[u8] = &oid!(raw 1.2.840.113549.1.1.1);
pub(crate) const RSASSA_PSS: &[u8] = &oid!(raw 1.2.840.113549.1.1.10);
pub(crate) const EC_PUBLIC_KEY: &[u8] = &oid!(raw 1.2.840.10045.2.1);
pub(crate) const X25519: &[u8] = &oid!(raw 1.3.101.110);
pub(crate) const ED25519: &[u8] = &oid!(raw 1.3.101.112);

const P256: &[u8] = &oid!(raw 1.2.840.10045.3.1.7);
const P384: &[u8] = &oid!(raw 1.3.132.0.34);
const P521: &[u8] = &oid!(raw 1.3.132.0.35);

/// The algorithm of a named curve, by its object identifier. Curves that are not NIST's have no name of ours.
pub(crate) fn curve(oid: &[u8]) -> KeyAlgorithm {
    let (family, bits) = match oid {
        P256 => (KeyFamily::Ec, 256),
        P384 => (KeyFamily::Ec, 384),
        P521 => (KeyFamily::Ec, 521),
        _ => (KeyFamily::Other, 0),
    };
    KeyAlgorithm { family, bits }
}

/// A key that is marked as RSA and is none counts as of another kind, with its bits as they stand.
pub(super) fn of(info: &SubjectPublicKeyInfo<'_>) -> PublicKey {
    let bits = info.subject_public_key.data.as_ref();
    let other = |family, size| PublicKey::Other {
        algorithm: KeyAlgorithm { family, bits: size },
        point: bits.to_vec(),
    };
    match info.algorithm.algorithm.as_bytes() {
        RSA_ENCRYPTION | RSASSA_PSS => rsa(bits).unwrap_or_else(|| other(KeyFamily::Other, 0)),
        EC_PUBLIC_KEY => {
            let named = info.algorithm.parameters.as_ref().and_then(|parameters| parameters.as_oid().ok());
            let algorithm = curve(named.as_ref().map_or(&[][..], |oid| oid.as_bytes()));
            PublicKey::Other { algorithm, point: bits.to_vec() }
        }
        ED25519 => other(KeyFamily::Ed25519, 255),
        X25519 => other(KeyFamily::X25519, 255),
        _ => other(KeyFamily::Other, 0),
    }
}

/// RSAPublicKey of RFC 8017 A.1.1.
fn rsa(der: &[u8]) -> Option<PublicKey> {
    let mut key = Reader::new(der).enter(SEQUENCE)?;
    let (modulus, exponent) = (key.unsigned()?, key.unsigned()?);
    (!modulus.is_empty() && !exponent.is_empty()).then(|| PublicKey::rsa(modulus, exponent))
}

/// subjectPublicKey: what is in the bit string.
pub(super) fn bits(key: &PublicKey) -> Vec<u8> {
    match key {
        PublicKey::Rsa { modulus, exponent } => {
            encode(SEQUENCE, &[unsigned(modulus), unsigned(exponent)].concat())
        }
        PublicKey::Other { point, .. } => point.clone(),
    }
}

/// SubjectPublicKeyInfo in DER (RFC 3279 section 2.3, RFC 5480, RFC 8410); `None` for a kind without a name.
pub(super) fn info(key: &PublicKey) -> Option<Vec<u8>> {
    let KeyAlgorithm { family, bits: size } = key.algorithm();
    let algorithm = match (family, size) {
        (KeyFamily::Rsa, _) => [encode(OID, RSA_ENCRYPTION), encode(NULL, &[])].concat(),
        (KeyFamily::Ec, 256) => [encode(OID, EC_PUBLIC_KEY), encode(OID, P256)].concat(),
        (KeyFamily::Ec, 384) => [encode(OID, EC_PUBLIC_KEY), encode(OID, P384)].concat(),
        (KeyFamily::Ec, 521) => [encode(OID, EC_PUBLIC_KEY), encode(OID, P521)].concat(),
        (KeyFamily::Ed25519, _) => encode(OID, ED25519),
        (KeyFamily::X25519, _) => encode(OID, X25519),
        (KeyFamily::Ec | KeyFamily::Other, _) => return None,
    };
    let bit_string = encode(BIT_STRING, &[&[0], bits(key).as_slice()].concat());
    Some(encode(SEQUENCE, &[encode(SEQUENCE, &algorithm), bit_string].concat()))
}
