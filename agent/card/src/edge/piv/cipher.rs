//! The ciphers of the management key: one block at a time, ECB (SP 800-78-4 table 6-2; card-piv.md 4).

use aes::{Aes128, Aes192, Aes256};
use des::TdesEde3;
use des::cipher::{Array, BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use shared::model::ManagementKeyAlgorithm::{self as Algorithm, TripleDes};
use zeroize::Zeroizing;

/// Bytes of a block.
pub(super) fn block_length(algorithm: Algorithm) -> usize {
    if algorithm == TripleDes { 8 } else { 16 }
}

/// Enciphers one block; `None` when key or block have another length. Weak keys are taken: the factory's is one.
pub(super) fn encipher(algorithm: Algorithm, key: &[u8], block: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    fn with<C: KeyInit + BlockCipherEncrypt>(key: &[u8], block: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let mut own = Zeroizing::new(block.to_vec());
        let block = <&mut Array<u8, C::BlockSize>>::try_from(own.as_mut_slice()).ok()?;
        C::new_from_slice(key).ok()?.encrypt_block(block);
        Some(own)
    }
    match algorithm {
        TripleDes => with::<TdesEde3>(key, block),
        Algorithm::Aes128 => with::<Aes128>(key, block),
        Algorithm::Aes192 => with::<Aes192>(key, block),
        Algorithm::Aes256 => with::<Aes256>(key, block),
    }
}

/// Deciphers one block; `None` when key or block have another length.
pub(super) fn decipher(algorithm: Algorithm, key: &[u8], block: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    fn with<C: KeyInit + BlockCipherDecrypt>(key: &[u8], block: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let mut own = Zeroizing::new(block.to_vec());
        let block = <&mut Array<u8, C::BlockSize>>::try_from(own.as_mut_slice()).ok()?;
        C::new_from_slice(key).ok()?.decrypt_block(block);
        Some(own)
    }
    match algorithm {
        TripleDes => with::<TdesEde3>(key, block),
        Algorithm::Aes128 => with::<Aes128>(key, block),
        Algorithm::Aes192 => with::<Aes192>(key, block),
        Algorithm::Aes256 => with::<Aes256>(key, block),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use shared::hex;

    use super::*;

    /// The vectors of card-piv.md 13 and 4.2, computed with OpenSSL.
    #[test]
    fn known_answers() {
        use Algorithm::{Aes128, Aes192, Aes256};
        let factory = "010203040506070801020304050607080102030405060708";
        let counted = "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F";
        let block = "00112233445566778899AABBCCDDEEFF";
        for (algorithm, key, deciphered, enciphered) in [
            (TripleDes, factory, "A892D75601617C5D", "B0A1674747F4EB87"),
            (TripleDes, factory, "5CC6E75B1F663325", "A892D75601617C5D"),
            (Aes192, factory, block, "C53C74BB02939C2FD3D923078F3E757D"),
            (Aes192, factory, "23D1A49981411AFF4BF3186DD7B6D2C7", block),
            (Aes128, &counted[..32], "101112131415161718191A1B1C1D1E1F", "07FEEF74E1D5036E900EEE118E949293"),
            (Aes256, counted, block, "8EA2B7CA516745BFEAFC49904B496089"),
        ] {
            let [key, deciphered, enciphered] =
                [key, deciphered, enciphered].map(|digits| hex::decode(digits.as_bytes()).unwrap());
            assert_eq!(*encipher(algorithm, &key, &deciphered).unwrap(), enciphered, "{algorithm}");
            assert_eq!(*decipher(algorithm, &key, &enciphered).unwrap(), deciphered, "{algorithm}");
            assert_eq!((algorithm.key_length(), block_length(algorithm)), (key.len(), enciphered.len()));
            assert!(encipher(algorithm, &key, &enciphered[1..]).is_none());
            assert!(decipher(algorithm, &key[1..], &enciphered).is_none());
        }
    }
}
