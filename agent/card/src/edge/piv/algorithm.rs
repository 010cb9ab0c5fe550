//! Algorithm identifiers and public keys as cards write them (SP 800-78-4 table 6-2; card-piv.md 5).

use shared::model::{KeyAlgorithm, KeyFamily};

use crate::key::PublicKey;
use crate::tlv;

const RSA_1024: u8 = 0x06;
const RSA_2048: u8 = 0x07;
const RSA_3072: u8 = 0x05;
const RSA_4096: u8 = 0x16;
const P256: u8 = 0x11;
const P384: u8 = 0x14;
const ED25519: u8 = 0xE0;
const X25519: u8 = 0xE1;

/// Every algorithm with an identifier, and what it is.
const ALGORITHMS: [(u8, KeyFamily, u16); 8] = [
    (RSA_1024, KeyFamily::Rsa, 1024),
    (RSA_2048, KeyFamily::Rsa, 2048),
    (RSA_3072, KeyFamily::Rsa, 3072),
    (RSA_4096, KeyFamily::Rsa, 4096),
    (P256, KeyFamily::Ec, 256),
    (P384, KeyFamily::Ec, 384),
    (ED25519, KeyFamily::Ed25519, 255),
    (X25519, KeyFamily::X25519, 255),
];

/// The algorithm of this identifier; `None` for those that no certificate here has.
pub(super) fn of(identifier: u8) -> Option<KeyAlgorithm> {
    let (_, family, bits) = ALGORITHMS.into_iter().find(|(known, ..)| *known == identifier)?;
    Some(KeyAlgorithm { family, bits })
}

/// The identifier of an algorithm; `None` when PIV has none for it.
pub(super) fn identifier(algorithm: KeyAlgorithm) -> Option<u8> {
    let fits = |known: &(u8, KeyFamily, u16)| (known.1, known.2) == (algorithm.family, algorithm.bits);
    ALGORITHMS.iter().find(|known| fits(known)).map(|known| known.0)
}

/// A public key as GENERATE and GET METADATA give it: `81 n, 82 e` for RSA, `86 point` for the curves, with or
/// without the template 7F49 around them. `None` when the bytes are no key of that algorithm.
pub(super) fn public_key(algorithm: KeyAlgorithm, bytes: &[u8]) -> Option<PublicKey> {
    let key = tlv::find(bytes, 0x7F49).unwrap_or(bytes);
    let length = match (algorithm.family, algorithm.bits) {
        (KeyFamily::Rsa, _) => {
            let key = PublicKey::rsa(tlv::find(key, 0x81)?, tlv::find(key, 0x82)?);
            let PublicKey::Rsa { exponent, .. } = &key else { return None };
            return (key.algorithm() == algorithm && !exponent.is_empty()).then_some(key);
        }
        (KeyFamily::Ec, bits) => 1 + 2 * usize::from(bits.div_ceil(8)),
        (KeyFamily::Ed25519 | KeyFamily::X25519, _) => 32,
        (KeyFamily::Other, _) => return None,
    };
    let point = tlv::find(key, 0x86).filter(|point| point.len() == length)?;
    Some(PublicKey::Other { algorithm, point: point.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_there_and_back() {
        for (identifier_, family, bits) in ALGORITHMS {
            let algorithm = KeyAlgorithm { family, bits };
            assert_eq!(of(identifier_), Some(algorithm));
            assert_eq!(identifier(algorithm), Some(identifier_));
        }
        assert_eq!(of(0x53), None);
        assert_eq!(identifier(KeyAlgorithm { family: KeyFamily::Rsa, bits: 1536 }), None);
    }

    #[test]
    fn keys() {
        let rsa = KeyAlgorithm { family: KeyFamily::Rsa, bits: 1024 };
        let modulus = [&[0x00, 0x80][..], &[7; 127]].concat();
        let bare = [tlv::object(0x81, &modulus), tlv::object(0x82, &[1, 0, 1])].concat();
        let key = public_key(rsa, &bare).unwrap();
        assert_eq!(key, PublicKey::rsa(&modulus, &[1, 0, 1]));
        assert_eq!(public_key(rsa, &tlv::object(0x7F49, &bare)), Some(key));
        let p256 = KeyAlgorithm { family: KeyFamily::Ec, bits: 256 };
        let point = [&[4][..], &[9; 64]].concat();
        assert!(public_key(p256, &tlv::object(0x86, &point)).is_some());
        for (algorithm, bytes) in [
            (KeyAlgorithm { bits: 2048, ..rsa }, bare.clone()),
            (rsa, tlv::object(0x81, &modulus)),
            (rsa, [tlv::object(0x81, &modulus), tlv::object(0x82, &[0])].concat()),
            (rsa, tlv::object(0x86, &point)),
            (p256, tlv::object(0x86, &point[1..])),
            (p256, bare),
            (p256, Vec::new()),
        ] {
            assert_eq!(public_key(algorithm, &bytes), None, "{algorithm} {bytes:02X?}");
        }
    }
}
