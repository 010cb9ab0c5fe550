//! Private keys as IMPORT ASYMMETRIC KEY takes them (card-piv.md 5). No card in sight.

use shared::model::KeyFamily;
use zeroize::Zeroizing;

use super::vendor::ImportForm;
use crate::key::{Components, PrivateKey};
use crate::tlv;

/// The public exponent that cards take for granted: 65537.
const EXPONENT: [u8; 3] = [1, 0, 1];

/// A key that cards do not take, in words.
pub(super) type Refusal = &'static str;

/// The data of the command, in one buffer that never grows.
///
/// # Errors
/// What is wrong with the key, in words.
pub(super) fn key_data(key: &PrivateKey, form: ImportForm) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    match key.components().ok_or("its numbers do not fit together")? {
        Components::Rsa(rsa) => {
            if rsa.exponent != EXPONENT {
                return Err("cards take RSA keys with the exponent 65537 only");
            }
            let half = rsa.modulus.len().div_ceil(2);
            let primes = [rsa.prime1, rsa.prime2];
            if primes.iter().any(|prime| prime.len() != half) {
                return Err("cards take RSA keys whose two primes have the same size only");
            }
            match form {
                ImportForm::None => Err("this card takes no keys"),
                ImportForm::Standard => {
                    padded(&[rsa.prime1, rsa.prime2, rsa.exponent1, rsa.exponent2, rsa.coefficient], half)
                }
                ImportForm::Nitrokey => {
                    let mut data = Zeroizing::new(Vec::with_capacity(2 * (half + HEADER) + HEADER + 3));
                    tlv::put(&mut data, 0x01, rsa.prime1);
                    tlv::put(&mut data, 0x02, rsa.prime2);
                    tlv::put(&mut data, 0x03, rsa.exponent);
                    Ok(data)
                }
            }
        }
        _ if form != ImportForm::Standard => Err("this card takes RSA keys only"),
        Components::Ec(value) => Ok(single(0x06, value)),
        Components::Curve25519(value) if key.algorithm.family == KeyFamily::X25519 => Ok(single(0x08, value)),
        Components::Curve25519(value) => Ok(single(0x07, value)),
    }
}

/// The most bytes that tag and length have here.
const HEADER: usize = 4;

fn single(tag: u32, value: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut data = Zeroizing::new(Vec::with_capacity(value.len() + HEADER));
    tlv::put(&mut data, tag, value);
    data
}

/// Tags 01, 02 and so on, each with `length` bytes, filled up with zeros on the left.
fn padded(numbers: &[&[u8]], length: usize) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    let mut data = Zeroizing::new(Vec::with_capacity(numbers.len() * (length + HEADER)));
    for (tag, number) in (0x01..).zip(numbers) {
        let zeros = length.checked_sub(number.len()).ok_or("its numbers do not fit together")?;
        tlv::put_header(&mut data, tag, length);
        data.extend(std::iter::repeat_n(0, zeros));
        data.extend_from_slice(number);
    }
    Ok(data)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use shared::model::KeyAlgorithm;

    use super::*;

    /// Tags of ASN.1.
    const INTEGER: u32 = 0x02;
    const OCTET_STRING: u32 = 0x04;
    const SEQUENCE: u32 = 0x30;

    fn key(family: KeyFamily, bits: u16, encoded: Vec<u8>) -> PrivateKey {
        PrivateKey { algorithm: KeyAlgorithm { family, bits }, encoded: Zeroizing::new(encoded) }
    }

    /// An RSAPrivateKey with a modulus of eight bytes and these numbers after it: e, d, p, q, dP, dQ, qInv.
    fn rsa(numbers: [&[u8]; 7]) -> PrivateKey {
        let numbers = [&[&[0][..], &[0x7F; 8]][..], &numbers].concat();
        let integers: Vec<u8> = numbers.iter().flat_map(|number| tlv::object(INTEGER, number)).collect();
        key(KeyFamily::Rsa, 63, tlv::object(SEQUENCE, &integers))
    }

    #[test]
    fn rsa_keys() {
        let e = &[1, 0, 1][..];
        let good = rsa([e, &[9], &[1, 2, 3, 4], &[5, 6, 7, 8], &[9, 10, 11, 12], &[13], &[14, 15]]);
        let data = key_data(&good, ImportForm::Standard).unwrap();
        assert_eq!(
            *data,
            [
                &[1, 4, 1, 2, 3, 4][..],
                &[2, 4, 5, 6, 7, 8],
                &[3, 4, 9, 10, 11, 12],
                &[4, 4, 0, 0, 0, 13],
                &[5, 4, 0, 0, 14, 15]
            ]
            .concat()
        );
        assert!(data.capacity() >= 5 * 8);
        assert_eq!(
            *key_data(&good, ImportForm::Nitrokey).unwrap(),
            [1, 4, 1, 2, 3, 4, 2, 4, 5, 6, 7, 8, 3, 3, 1, 0, 1]
        );
        for bad in [
            rsa([&[3], &[9], &[1, 2, 3, 4], &[5, 6, 7, 8], &[9], &[13], &[14]]),
            rsa([e, &[9], &[1, 2, 3, 4], &[6, 7, 8], &[9], &[13], &[14]]),
            rsa([e, &[9], &[1, 2, 3, 4], &[5, 6, 7, 8], &[1, 2, 3, 4, 5], &[13], &[14]]),
        ] {
            assert!(key_data(&bad, ImportForm::Standard).is_err());
        }
    }

    #[test]
    fn curves() {
        let value = [7; 32];
        let ec =
            tlv::object(SEQUENCE, &[tlv::object(INTEGER, &[1]), tlv::object(OCTET_STRING, &value)].concat());
        for (key, tag) in [
            (key(KeyFamily::Ec, 256, ec), 6),
            (key(KeyFamily::Ed25519, 255, value.to_vec()), 7),
            (key(KeyFamily::X25519, 255, value.to_vec()), 8),
        ] {
            assert_eq!(*key_data(&key, ImportForm::Standard).unwrap(), [&[tag, 32][..], &value].concat());
        }
        assert!(key_data(&key(KeyFamily::Ec, 384, vec![0x30, 0]), ImportForm::Standard).is_err());
    }
}
