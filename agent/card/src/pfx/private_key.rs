//! Private keys: PKCS#8 (RFC 5958), PKCS#1 (RFC 8017 A.1.2), SEC1 (RFC 5915) and RFC 8410, in DER.

use shared::model::{KeyAlgorithm, KeyFamily};
use x509_parser::asn1_rs::Oid;
use zeroize::Zeroizing;

use super::FileError;
use crate::der::{OCTET_STRING, OID, Reader, SEQUENCE};
use crate::key::{PrivateKey, PublicKey, read_ec_private_key, read_rsa_private_key};
use crate::x509::{EC_PUBLIC_KEY, ED25519, RSA_ENCRYPTION, RSASSA_PSS, X25519, curve};

fn damaged() -> FileError {
    FileError::Damaged("its private key is malformed".to_owned())
}

fn copied(algorithm: KeyAlgorithm, secret: &[u8]) -> PrivateKey {
    let mut encoded = Zeroizing::new(Vec::with_capacity(secret.len()));
    encoded.extend_from_slice(secret);
    PrivateKey { algorithm, encoded }
}

/// PrivateKeyInfo of PKCS#8, whose wrapping comes off.
pub(super) fn from_pkcs8(info: &[u8]) -> Result<PrivateKey, FileError> {
    let mut info = Reader::new(info).enter(SEQUENCE).ok_or_else(damaged)?;
    info.number().filter(|version| *version <= 1).ok_or_else(damaged)?;
    let mut algorithm = info.enter(SEQUENCE).ok_or_else(damaged)?;
    let kind = algorithm.oid().ok_or_else(damaged)?;
    let key = info.octets().ok_or_else(damaged)?;
    match kind {
        RSA_ENCRYPTION | RSASSA_PSS => from_pkcs1(&key),
        EC_PUBLIC_KEY => from_sec1(&key, algorithm.optional(OID).map(|curve| curve.content)),
        ED25519 => from_rfc8410(&key, KeyFamily::Ed25519),
        X25519 => from_rfc8410(&key, KeyFamily::X25519),
        other => {
            let oid = Oid::new(other.into()).to_id_string();
            Err(FileError::Unsupported(format!("its private key is of a kind ({oid}) that is not supported")))
        }
    }
}

/// RSAPrivateKey.
pub(super) fn from_pkcs1(der: &[u8]) -> Result<PrivateKey, FileError> {
    let Some(parts) = read_rsa_private_key(der) else {
        let version = Reader::new(der).enter(SEQUENCE).and_then(|mut key| key.number());
        return Err(match version {
            Some(1) => FileError::Unsupported("its RSA key has more than two primes".to_owned()),
            _ => damaged(),
        });
    };
    Ok(copied(PublicKey::rsa(parts.modulus, parts.exponent).algorithm(), der))
}

/// ECPrivateKey, on the curve that its container names or that it names itself.
pub(super) fn from_sec1(der: &[u8], named: Option<&[u8]>) -> Result<PrivateKey, FileError> {
    let key = read_ec_private_key(der).ok_or_else(damaged)?;
    let algorithm = named.or(key.curve).map_or(curve(&[]), curve);
    if algorithm.family != KeyFamily::Ec {
        return Err(FileError::Unsupported("its key is on a curve that is not supported".to_owned()));
    }
    if key.value.len() != usize::from(algorithm.bits).div_ceil(8) {
        return Err(damaged());
    }
    Ok(copied(algorithm, der))
}

/// CurvePrivateKey (RFC 8410 section 7): an octet string of 32 bytes.
fn from_rfc8410(der: &[u8], family: KeyFamily) -> Result<PrivateKey, FileError> {
    let key =
        Reader::new(der).expect(OCTET_STRING).filter(|key| key.content.len() == 32).ok_or_else(damaged)?;
    Ok(copied(KeyAlgorithm { family, bits: 255 }, key.content))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::der::{BIT_STRING, CONTEXT_0, CONTEXT_1, INTEGER, encode};

    /// A private key with these integers.
    fn pkcs1(numbers: &[u8]) -> Vec<u8> {
        let integers: Vec<u8> = numbers.iter().flat_map(|number| encode(INTEGER, &[*number])).collect();
        encode(SEQUENCE, &integers)
    }

    #[test]
    fn rsa_keys() {
        let good = pkcs1(&[0, 77, 5, 53, 11, 7, 3, 5, 8]);
        let multi_prime = FileError::Unsupported("its RSA key has more than two primes".to_owned());
        for (der, expected) in [
            (good.clone(), Ok(())),
            (pkcs1(&[1, 77, 5, 53, 11, 7, 3, 5, 8]), Err(multi_prime)),
            (pkcs1(&[2, 77, 5, 53, 11, 7, 3, 5, 8]), Err(damaged())),
            (pkcs1(&[0, 77, 5, 53, 11, 7, 3, 5]), Err(damaged())),
            (pkcs1(&[0, 77, 5, 53, 11, 7, 3, 5, 8, 9]), Err(damaged())),
            (pkcs1(&[0, 77, 5, 53, 0, 7, 3, 5, 8]), Err(damaged())),
            (pkcs1(&[0, 0xF7, 5, 53, 11, 7, 3, 5, 8]), Err(damaged())),
            ([good.as_slice(), &[0]].concat(), Err(damaged())),
            (Vec::new(), Err(damaged())),
        ] {
            assert_eq!(from_pkcs1(&der).map(|_| ()), expected, "{der:02X?}");
        }
        let key = from_pkcs1(&good).unwrap();
        assert!(key.matches(&PublicKey::rsa(&[0, 77], &[5])));
        assert!(!key.matches(&PublicKey::rsa(&[77], &[3])));
        assert!(!key.matches(&PublicKey::rsa(&[78], &[5])));
        assert!(!format!("{key:?}").contains("77"));
    }

    #[test]
    fn ec_keys() {
        const P256: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07];
        let sec1 = |length: usize, rest: &[u8]| {
            let head = [encode(INTEGER, &[1]), encode(OCTET_STRING, &vec![7; length])].concat();
            encode(SEQUENCE, &[&head, rest].concat())
        };
        let named = encode(CONTEXT_0, &encode(OID, P256));
        let point = encode(CONTEXT_1, &encode(BIT_STRING, &[0, 4, 9]));
        for (der, container) in [
            (sec1(32, &[]), Some(P256)),
            (sec1(32, &point), Some(P256)),
            (sec1(32, &[named.as_slice(), &point].concat()), None),
        ] {
            let key = from_sec1(&der, container).unwrap();
            assert_eq!(key.algorithm.to_string(), "EC P-256");
            // What the file says of the public point is not asked.
            let Some(PublicKey::Other { point, .. }) = key.public_key() else { panic!() };
            assert_eq!((point.len(), point[0]), (65, 4), "{der:02X?}");
        }
        assert_eq!(from_sec1(&sec1(31, &[]), Some(P256)).unwrap_err(), damaged());
        assert!(matches!(from_sec1(&sec1(32, &[]), None), Err(FileError::Unsupported(_))));
        assert_eq!(from_sec1(&[0x30, 0], Some(P256)).unwrap_err(), damaged());
    }
}
