//! The arithmetic of an unblock: the checksum that both ends compare, and the response to a challenge.
//!
//! Pure functions, since an administrator calculates a response with neither card nor agent at hand.

use std::fmt;

use aes::{Aes128, Aes192, Aes256};
use cbc::Encryptor;
use cbc::cipher::{BlockModeEncrypt, KeyIvInit, block_padding::NoPadding};
use des::{TdesEde2, TdesEde3};
use zeroize::Zeroizing;

use crate::hex;
use crate::secret::{AdminKey, ResponseText};

/// CRC-16/CCITT-FALSE (polynomial 1021, start FFFF, not reflected): shown as four digits beside a challenge and
/// a response, so that what was read out on the telephone can be compared before it counts.
pub fn checksum(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xFFFF, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x1021 }
        })
    })
}

/// The checksum as it is shown: four upper-case hexadecimal digits.
pub fn checksum_text(bytes: &[u8]) -> String {
    format!("{:04X}", checksum(bytes))
}

/// Which cipher a card's administrator key belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cipher {
    /// Triple DES in CBC mode with a zero initial vector; keys of 16 or 24 bytes, challenges of 8 x n bytes.
    TripleDes,
    /// AES in CBC mode with a zero initial vector; keys of 16, 24 or 32 bytes, challenges of 16 bytes.
    Aes,
}

/// Why no response could be calculated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RespondError {
    /// The challenge is neither 8 x n bytes (triple DES) nor 16 bytes (AES); its length in bytes.
    ChallengeLength(usize),
    /// No cipher has keys of this many bytes.
    KeyLength(usize),
    /// A key of 24 bytes and a challenge of 16 fit both ciphers: the person must say which.
    EitherCipher,
}

impl fmt::Display for RespondError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ChallengeLength(length) => {
                write!(
                    f,
                    "a challenge has 8, 16, 24 or 32 bytes (triple DES) or 16 bytes (AES), not {length}"
                )
            }
            Self::KeyLength(length) => write!(
                f,
                "an admin key has 16 or 24 bytes (triple DES) or 16, 24 or 32 bytes (AES), not {length}"
            ),
            Self::EitherCipher => {
                f.write_str("this key and challenge fit triple DES and AES; say which cipher the card uses")
            }
        }
    }
}

impl std::error::Error for RespondError {}

/// The longest challenge, in bytes.
pub const MAX_CHALLENGE: usize = 32;

/// The cipher that key and challenge lengths (in bytes) leave possible.
///
/// # Errors
/// [`RespondError`] when none or both do.
pub fn cipher_for(key_length: usize, challenge_length: usize) -> Result<Cipher, RespondError> {
    if challenge_length == 0 || !challenge_length.is_multiple_of(8) || challenge_length > MAX_CHALLENGE {
        return Err(RespondError::ChallengeLength(challenge_length));
    }
    match (key_length, challenge_length) {
        (24, 16) => Err(RespondError::EitherCipher),
        (16 | 32, 16) => Ok(Cipher::Aes),
        (16 | 24, _) => Ok(Cipher::TripleDes),
        (32, _) => Err(RespondError::ChallengeLength(challenge_length)),
        _ => Err(RespondError::KeyLength(key_length)),
    }
}

/// The response: the challenge enciphered under the admin key. Weak, repeated and bad-parity DES keys are taken
/// as they are, since cards leave factories with them.
///
/// # Errors
/// [`RespondError`] when the lengths do not fit the cipher.
pub fn respond(
    challenge: &[u8],
    key: &AdminKey,
    cipher: Option<Cipher>,
) -> Result<Zeroizing<Vec<u8>>, RespondError> {
    let key = key.bytes();
    let cipher = match cipher {
        Some(cipher) => cipher,
        None => cipher_for(key.len(), challenge.len())?,
    };
    let fits = match cipher {
        Cipher::TripleDes => !challenge.is_empty() && challenge.len().is_multiple_of(8),
        Cipher::Aes => challenge.len() == 16,
    };
    if !fits || challenge.len() > MAX_CHALLENGE {
        return Err(RespondError::ChallengeLength(challenge.len()));
    }
    match (cipher, key.len()) {
        (Cipher::TripleDes, 16) => encrypt::<Encryptor<TdesEde2>>(key, &[0; 8], challenge),
        (Cipher::TripleDes, 24) => encrypt::<Encryptor<TdesEde3>>(key, &[0; 8], challenge),
        (Cipher::Aes, 16) => encrypt::<Encryptor<Aes128>>(key, &[0; 16], challenge),
        (Cipher::Aes, 24) => encrypt::<Encryptor<Aes192>>(key, &[0; 16], challenge),
        (Cipher::Aes, 32) => encrypt::<Encryptor<Aes256>>(key, &[0; 16], challenge),
        _ => Err(RespondError::KeyLength(key.len())),
    }
}

fn encrypt<C: KeyIvInit + BlockModeEncrypt>(
    key: &[u8],
    iv: &[u8],
    challenge: &[u8],
) -> Result<Zeroizing<Vec<u8>>, RespondError> {
    let cipher = C::new_from_slices(key, iv).map_err(|_| RespondError::KeyLength(key.len()))?;
    let mut response = Zeroizing::new(challenge.to_vec());
    cipher
        .encrypt_padded::<NoPadding>(&mut response, challenge.len())
        .map_err(|_| RespondError::ChallengeLength(challenge.len()))?;
    Ok(response)
}

/// What is wrong with a response as typed; it has not been sent anywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseFault {
    /// A character that is no hexadecimal digit, space or dash.
    NotHexadecimal,
    /// So many digits, where so many (or four more, with the checksum) were expected.
    Length {
        /// Digits typed.
        digits: usize,
        /// Digits expected without a checksum.
        expected: usize,
    },
    /// The checksum typed with it does not fit.
    Checksum,
}

impl fmt::Display for ResponseFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotHexadecimal => f.write_str("only the digits 0 to 9 and A to F belong there"),
            Self::Length { digits, expected } => write!(
                f,
                "it has {digits} digits; it should have {expected}, or {} with the checksum",
                expected + 4
            ),
            Self::Checksum => f.write_str("its checksum does not fit, so a digit is wrong"),
        }
    }
}

impl std::error::Error for ResponseFault {}

/// The response bytes in what was typed: any case, spaces and dashes anywhere, with or without the four digits
/// of its checksum at the end. `length` is the challenge's, in bytes.
///
/// # Errors
/// [`ResponseFault`]: the response must not be sent.
pub fn parse_response(typed: &ResponseText, length: usize) -> Result<Zeroizing<Vec<u8>>, ResponseFault> {
    let expected = length * 2;
    let mut bytes = hex_bytes(typed.bytes()).ok_or(ResponseFault::NotHexadecimal)?;
    let digits = digits(typed.bytes()).count();
    if digits != expected && digits != expected + 4 {
        return Err(ResponseFault::Length { digits, expected });
    }
    let typed_checksum: Vec<u8> = bytes.drain(length..).collect();
    if !typed_checksum.is_empty() && typed_checksum != checksum(&bytes).to_be_bytes() {
        return Err(ResponseFault::Checksum);
    }
    Ok(bytes)
}

/// The bytes of grouped hexadecimal text (spaces and dashes skipped, any case); `None` if it is not such text.
/// Half a byte at the end is dropped: callers check the number of digits.
fn hex_bytes(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut plain = Zeroizing::new(Vec::with_capacity(text.len()));
    plain.extend(digits(text));
    if plain.len() % 2 == 1 {
        plain.pop();
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(plain.len() / 2));
    let even_ok = hex::decode_into(&plain, &mut bytes);
    (even_ok && digits(text).all(|digit| digit.is_ascii_hexdigit())).then_some(bytes)
}

fn digits(text: &[u8]) -> impl Iterator<Item = u8> {
    text.iter().copied().filter(|byte| !byte.is_ascii_whitespace() && *byte != b'-')
}

/// A challenge as typed, with or without its checksum; its length must be a multiple of 8 bytes.
///
/// # Errors
/// [`ResponseFault`], worded for digits that were read out.
pub fn parse_challenge(typed: &str) -> Result<Vec<u8>, ResponseFault> {
    let count = digits(typed.as_bytes()).count();
    let expected = count / 16 * 16;
    if expected == 0 {
        return Err(ResponseFault::Length { digits: count, expected: 16 });
    }
    parse_response(&ResponseText::from(typed.as_bytes()), expected / 2).map(|bytes| bytes.to_vec())
}

/// An admin key as typed: hexadecimal digits, spaces and dashes skipped, any case. `None` when it is not such
/// text or no cipher has keys of that length.
pub fn parse_key(typed: &[u8]) -> Option<AdminKey> {
    let even = digits(typed).count().is_multiple_of(2);
    let bytes = hex_bytes(typed).filter(|bytes| even && matches!(bytes.len(), 16 | 24 | 32))?;
    Some(AdminKey::from(&bytes[..]))
}

/// The name by which a well-known factory key goes, if this is one: a card that still has it is open to anybody.
/// Sources: OpenSC gids-tool, Microsoft sample drivers, PIV default management key (SP 800-73, vendors).
pub fn default_key_name(key: &AdminKey) -> Option<&'static str> {
    const COUNTING: [u8; 8] = [1, 2, 3, 4, 5, 6, 7, 8];
    let key = key.bytes();
    let all = |byte: u8| key.iter().all(|b| *b == byte);
    if all(0) {
        Some("all zero")
    } else if all(0xFF) {
        Some("all FF")
    } else if key.chunks(8).all(|part| part == COUNTING) {
        Some("01 to 08, repeated")
    } else if key.iter().zip(1..).all(|(byte, n)| *byte == n) {
        Some("01, 02, 03 and so on")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(text: &str) -> Vec<u8> {
        hex::decode(text.as_bytes()).unwrap()
    }

    fn key(text: &str) -> AdminKey {
        AdminKey::from(&bytes(text)[..])
    }

    /// card-gids.md 9.6 of the design notes, computed with OpenSSL; CRC check value of the catalogue of CRCs.
    #[test]
    fn checksums() {
        for (input, sum) in [
            (bytes("A892D75601617C5D"), "FDAD"),
            (bytes("B0A1674747F4EB87"), "3BEC"),
            (b"123456789".to_vec(), "29B1"),
        ] {
            assert_eq!(checksum_text(&input), sum);
        }
    }

    /// 8-byte rows: the same notes, checked against OpenSSL and a card applet. 16-byte rows: NIST SP 800-38A F.1
    /// (the first block of ECB is that of CBC under a zero vector), and `openssl enc -des-ede3-cbc -nopad`.
    #[test]
    fn responses() {
        for (key_text, challenge, response) in [
            ("0102030405060708 0102030405060708 0102030405060708", "A892D75601617C5D", "B0A1674747F4EB87"),
            ("0102030405060708 0102030405060708 0102030405060708", "0011223344556677", "26604D88E55BD3E7"),
            ("0102030405060708 0102030405060708", "A892D75601617C5D", "B0A1674747F4EB87"),
            ("000000000000000000000000000000000000000000000000", "A892D75601617C5D", "1951EC3EF81BBABB"),
            ("000000000000000000000000000000000000000000000000", "0011223344556677", "74F4AE777AA431E8"),
            ("0123456789ABCDEFFEDCBA987654321089ABCDEF01234567", "A892D75601617C5D", "2AE8BBC233FCCFB6"),
            ("0123456789ABCDEFFEDCBA987654321089ABCDEF01234567", "0011223344556677", "41153ED6AC30654B"),
            (
                "2b7e151628aed2a6abf7158809cf4f3c",
                "6bc1bee22e409f96e93d7e117393172a",
                "3ad77bb40d7a3660a89ecaf32466ef97",
            ),
            (
                "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
                "6bc1bee22e409f96e93d7e117393172a",
                "f3eed1bdb5d2a03c064b5a7e3db181f8",
            ),
        ] {
            let key = parse_key(key_text.as_bytes()).unwrap();
            assert_eq!(*respond(&bytes(challenge), &key, None).unwrap(), bytes(response), "{key_text}");
        }
        let aes192 = key("8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b");
        let block = bytes("6bc1bee22e409f96e93d7e117393172a");
        assert_eq!(respond(&block, &aes192, None).unwrap_err(), RespondError::EitherCipher);
        assert_eq!(
            *respond(&block, &aes192, Some(Cipher::Aes)).unwrap(),
            bytes("bd334f1d6e45f25ff712a214571fa5cc")
        );
        assert_eq!(respond(&block, &aes192, Some(Cipher::TripleDes)).unwrap().len(), 16);
    }

    #[test]
    fn lengths_that_fit_nothing() {
        use RespondError::{ChallengeLength, KeyLength};
        for (key_length, challenge_length, error) in [
            (24, 0, ChallengeLength(0)),
            (24, 7, ChallengeLength(7)),
            (24, 40, ChallengeLength(40)),
            (23, 8, KeyLength(23)),
            (32, 8, ChallengeLength(8)),
            (0, 8, KeyLength(0)),
        ] {
            let key = AdminKey::from(&vec![9; key_length][..]);
            assert_eq!(respond(&vec![0; challenge_length], &key, None).unwrap_err(), error);
        }
        let key = key("000102030405060708090a0b0c0d0e0f");
        assert_eq!(respond(&[0; 8], &key, Some(Cipher::Aes)).unwrap_err(), ChallengeLength(8));
    }

    #[test]
    fn typed_responses() {
        let good = bytes("B0A1674747F4EB87");
        for (typed, result) in [
            ("B0A1674747F4EB87", Ok(())),
            ("b0a1 6747 47f4 eb87", Ok(())),
            (" B0A1-6747-47F4-EB87-3BEC\n", Ok(())),
            ("B0A1674747F4EB87 3bec", Ok(())),
            ("B0A1674747F4EB87 3bed", Err(ResponseFault::Checksum)),
            ("B0A1674747F4EB8", Err(ResponseFault::Length { digits: 15, expected: 16 })),
            ("B0A1674747F4EB87A", Err(ResponseFault::Length { digits: 17, expected: 16 })),
            ("", Err(ResponseFault::Length { digits: 0, expected: 16 })),
            ("B0A1674747F4EB8G", Err(ResponseFault::NotHexadecimal)),
            ("B0A1674747F4EB87G", Err(ResponseFault::NotHexadecimal)),
        ] {
            let parsed = parse_response(&ResponseText::from(typed.as_bytes()), 8);
            assert_eq!(parsed.map(|bytes| assert_eq!(*bytes, good)), result, "{typed}");
        }
        assert_eq!(parse_challenge("A892 D756 0161 7C5D-FDAD"), Ok(bytes("A892D75601617C5D")));
        assert_eq!(parse_challenge("A892 D756 0161 7C5D FDAE"), Err(ResponseFault::Checksum));
    }

    #[test]
    fn default_keys_are_known() {
        for (text, default) in [
            ("000000000000000000000000000000000000000000000000", true),
            ("010203040506070801020304050607080102030405060708", true),
            ("0102030405060708090a0b0c0d0e0f101112131415161718", true),
            ("0102030405060708090a0b0c0d0e0f10", true),
            ("ffffffffffffffffffffffffffffffff", true),
            ("0123456789ABCDEFFEDCBA987654321089ABCDEF01234567", false),
        ] {
            assert_eq!(default_key_name(&key(text)).is_some(), default, "{text}");
        }
        assert!(parse_key(b"01 02").is_none() && parse_key(b"0102030405060708010203040506070").is_none());
    }
}
