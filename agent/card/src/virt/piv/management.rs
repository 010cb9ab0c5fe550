//! The card management key, 9B: GENERAL AUTHENTICATE in both forms, SET MANAGEMENT KEY (card-piv.md 4).

use aes::{Aes128, Aes192, Aes256};
use des::TdesEde3;
use des::cipher::{Array, BlockCipherEncrypt, KeyInit};
use zeroize::Zeroizing;

use super::command::Command;
use super::options::{AES_128, AES_192, AES_256, Options, TDES};
use super::{Answer, Piv, status};
use crate::virt::tlv;

/// Its key reference.
pub(super) const MANAGEMENT_KEY: u8 = 0x9B;
/// The first 24 bytes of the factory's key are the numbers 1 to 8 three times; longer keys go on so.
const FACTORY: [u8; 8] = [1, 2, 3, 4, 5, 6, 7, 8];

/// The card management key.
pub(super) struct ManagementKey {
    /// 03, 08, 0A or 0C.
    pub algorithm: u8,
    /// As long as the algorithm wants.
    pub key: Zeroizing<Vec<u8>>,
    /// Whether it wants a touch.
    pub touch: bool,
}

/// What the card asked the host for. It waits through any command but SELECT and another GENERAL AUTHENTICATE.
#[derive(Default)]
pub(super) enum Pending {
    /// Nothing.
    #[default]
    Nothing,
    /// To encipher this.
    Challenge(Vec<u8>),
    /// To find this in what it enciphers to.
    Witness(Vec<u8>),
}

/// Bytes of a key.
pub(super) fn key_length(algorithm: u8) -> Option<usize> {
    match algorithm {
        TDES | AES_192 => Some(24),
        AES_128 => Some(16),
        AES_256 => Some(32),
        _ => None,
    }
}

impl ManagementKey {
    pub(super) fn factory(options: &Options) -> Self {
        let algorithm = options.management_algorithms.first().copied().unwrap_or(TDES);
        let length = key_length(algorithm).unwrap_or(24);
        Self {
            algorithm,
            key: Zeroizing::new(FACTORY.into_iter().cycle().take(length).collect()),
            touch: false,
        }
    }

    pub(super) fn is_factory(&self) -> bool {
        self.key.iter().zip(FACTORY.iter().cycle()).all(|(byte, factory)| byte == factory)
    }

    fn block(&self) -> usize {
        if self.algorithm == TDES { 8 } else { 16 }
    }

    /// One block in ECB mode; `None` when it is no block. Weak keys are taken: factory keys are such.
    pub(super) fn encipher(&self, block: &[u8]) -> Option<Vec<u8>> {
        match self.algorithm {
            TDES => encipher_with(&TdesEde3::new_from_slice(&self.key).ok()?, block),
            AES_128 => encipher_with(&Aes128::new_from_slice(&self.key).ok()?, block),
            AES_192 => encipher_with(&Aes192::new_from_slice(&self.key).ok()?, block),
            _ => encipher_with(&Aes256::new_from_slice(&self.key).ok()?, block),
        }
    }
}

fn encipher_with<C: BlockCipherEncrypt>(cipher: &C, block: &[u8]) -> Option<Vec<u8>> {
    let mut block = Array::try_from(block).ok()?;
    cipher.encrypt_block(&mut block);
    Some(block.to_vec())
}

impl Piv {
    /// GENERAL AUTHENTICATE with 9B: the host proves that it has the key, and in the mutual form the card does.
    pub(super) fn authenticate_management(&mut self, command: &Command<'_>) -> Answer {
        // 00 is 3DES, too (SP 800-78-4 table 6-2).
        let algorithm = if command.p1 == 0 { TDES } else { command.p1 };
        if algorithm != self.management.algorithm {
            return Err(self.options.wrong_algorithm);
        }
        let template = tlv::only(command.data, 0x7C).ok_or(status::WRONG_DATA)?;
        let value = |tag| tlv::find(template, tag);
        match (value(0x80), value(0x81), value(0x82)) {
            (None, Some([]), None) => {
                let challenge = self.block_of_random()?;
                let answer = tlv::object(0x7C, &tlv::object(0x81, &challenge));
                self.session.pending = Pending::Challenge(challenge);
                Ok(answer)
            }
            (Some([]), None, None) => {
                let witness = self.block_of_random()?;
                let enciphered = self.management.encipher(&witness).ok_or(status::INTERNAL)?;
                self.session.pending = Pending::Witness(witness);
                Ok(tlv::object(0x7C, &tlv::object(0x80, &enciphered)))
            }
            (None, None, Some(response)) => {
                let Pending::Challenge(challenge) = std::mem::take(&mut self.session.pending) else {
                    return Err(status::CONDITIONS);
                };
                self.admit(self.management.encipher(&challenge).as_deref() == Some(response))?;
                Ok(Vec::new())
            }
            (Some(deciphered), Some(challenge), None | Some([])) => {
                let Pending::Witness(witness) = std::mem::take(&mut self.session.pending) else {
                    return Err(status::CONDITIONS);
                };
                let proof = self.management.encipher(challenge).ok_or(status::WRONG_DATA)?;
                self.admit(witness == deciphered)?;
                Ok(tlv::object(0x7C, &tlv::object(0x82, &proof)))
            }
            _ => Err(status::WRONG_DATA),
        }
    }

    fn admit(&mut self, right: bool) -> Result<(), u16> {
        let touched = !(self.management.touch && self.options.untouched);
        self.session.managed = right && touched;
        match (touched, right) {
            (false, _) => Err(status::SECURITY),
            (true, false) => Err(self.options.wrong_response),
            (true, true) => Ok(()),
        }
    }

    fn block_of_random(&mut self) -> Result<Vec<u8>, u16> {
        let mut block = vec![0; self.management.block()];
        self.random(&mut block)?;
        Ok(block)
    }

    /// SET MANAGEMENT KEY (4.3): algorithm, 9B, length, key.
    pub(super) fn set_management_key(&mut self, command: &Command<'_>) -> Answer {
        self.require_management()?;
        let touch = match (command.p1, command.p2) {
            (0xFF, 0xFF) => false,
            (0xFF, 0xFE) if self.options.management_touch => true,
            _ => return Err(status::PARAMETERS),
        };
        let [algorithm, MANAGEMENT_KEY, length, key @ ..] = command.data else {
            return Err(status::WRONG_DATA);
        };
        let known = self.options.management_algorithms.contains(algorithm);
        if !known || usize::from(*length) != key.len() || key_length(*algorithm) != Some(key.len()) {
            return Err(status::WRONG_DATA);
        }
        self.management = ManagementKey { algorithm: *algorithm, key: Zeroizing::new(key.to_vec()), touch };
        Ok(Vec::new())
    }
}
