//! The administrator: GENERAL AUTHENTICATE with the admin key, external and mutual (card-gids.md 9.3).

use des::TdesEde3;
use des::cipher::{Array, BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use zeroize::Zeroizing;

use super::command::Command;
use super::files::{Body, Key};
use super::keys::{ADMIN_KEY, Chosen, key_file};
use super::{Answer, Gids, Lifecycle, status};
use crate::virt::tlv;

/// How far the administrator has come. A challenge lives until anything of the kind in 9.3 ends it.
#[derive(Default)]
pub(super) enum Admin {
    /// Not at all.
    #[default]
    None,
    /// A challenge of 8 bytes waits for its response.
    Challenge([u8; 8]),
    /// Mutual: the host's random bytes and the card's.
    Mutual([u8; 16], [u8; 16]),
    /// Authenticated.
    Authenticated,
}

/// Bytes of a mutual authentication: two times 16 random bytes, 7 of key material and the end mark 80.
const MUTUAL: usize = 40;

impl Gids {
    /// GENERAL AUTHENTICATE (12, item 3).
    pub(super) fn general_authenticate(&mut self, command: &Command<'_>) -> Answer {
        if self.lifecycle == Lifecycle::Initialisation {
            return Err(status::NOT_ALLOWED);
        }
        if command.p1p2() != 0 {
            return Err(status::PARAMETERS);
        }
        let template = tlv::only(command.data, 0x7C).ok_or(status::DATA_INVALID)?;
        match tlv::split(template).ok_or(status::DATA_INVALID)? {
            (0x81, [], []) => {
                let challenge = self.random()?;
                self.session.admin = Admin::Challenge(challenge);
                Ok(tlv::object(0x7C, &tlv::object(0x81, &challenge)))
            }
            (0x81, host, []) => {
                let host = host.try_into().map_err(|_| status::DATA_INVALID)?;
                let own: [u8; 16] = self.random()?;
                self.session.admin = Admin::Mutual(host, own);
                Ok(tlv::object(0x7C, &tlv::object(0x81, &own)))
            }
            (0x82, response, []) => self.respond(response),
            _ => Err(status::DATA_INVALID),
        }
    }

    fn respond(&mut self, response: &[u8]) -> Answer {
        if !matches!(self.session.admin, Admin::Challenge(_) | Admin::Mutual(..)) {
            return Err(status::CONDITIONS);
        }
        if response.len() > MUTUAL {
            return Err(status::DATA_INVALID);
        }
        if response.is_empty() || !response.len().is_multiple_of(8) || self.session.key != Some(Chosen::Admin)
        {
            return Err(status::INTERNAL);
        }
        if self.admin_left == Some(0) {
            return Err(status::BLOCKED);
        }
        let key = self.admin_key().ok_or(status::INTERNAL)?;
        let plain = decrypt(&key, response);
        let answer = match std::mem::take(&mut self.session.admin) {
            // Further blocks are not looked at: so does the applet.
            Admin::Challenge(challenge) => plain.starts_with(&challenge).then(Vec::new),
            Admin::Mutual(host, own) => {
                let expected = [own, host].concat();
                if plain.len() == MUTUAL && plain.starts_with(&expected) {
                    let material: [u8; 7] = self.random()?;
                    let plain = Zeroizing::new([&host[..], &own, &material, &[0x80]].concat());
                    Some(tlv::object(0x7C, &tlv::object(0x82, &encrypt(&key, &plain))))
                } else {
                    None
                }
            }
            Admin::None | Admin::Authenticated => None,
        };
        match answer {
            Some(answer) => {
                self.session.admin = Admin::Authenticated;
                self.admin_left = self.options.admin_tries;
                Ok(answer)
            }
            None => Err(self.count_wrong_response()),
        }
    }

    fn count_wrong_response(&mut self) -> u16 {
        match &mut self.admin_left {
            Some(left) => {
                *left -= 1;
                if self.options.admin_tries_told { status::tries(*left) } else { status::SECURITY }
            }
            None => status::SECURITY,
        }
    }

    fn admin_key(&self) -> Option<Zeroizing<[u8; 24]>> {
        match &self.file(key_file(ADMIN_KEY))?.body {
            Body::Key(Some(Key::Admin(key))) => Some(key.clone()),
            _ => None,
        }
    }
}

/// Triple DES in CBC mode with a zero initial vector. Weak keys are taken: factory keys are such.
fn encrypt(key: &[u8; 24], plain: &[u8]) -> Vec<u8> {
    let cipher = TdesEde3::new(&Array::from(*key));
    let mut previous = [0_u8; 8];
    let mut output = Vec::with_capacity(plain.len());
    for block in plain.chunks_exact(8) {
        let mut mixed = Array::from(previous);
        mixed.iter_mut().zip(block).for_each(|(mixed, byte)| *mixed ^= byte);
        cipher.encrypt_block(&mut mixed);
        previous = mixed.into();
        output.extend_from_slice(&previous);
    }
    output
}

fn decrypt(key: &[u8; 24], cryptogram: &[u8]) -> Zeroizing<Vec<u8>> {
    let cipher = TdesEde3::new(&Array::from(*key));
    let mut previous = [0_u8; 8];
    let mut output = Zeroizing::new(Vec::with_capacity(cryptogram.len()));
    for block in cryptogram.chunks_exact(8) {
        let Ok(block) = <[u8; 8]>::try_from(block) else { break };
        let mut plain = Array::from(block);
        cipher.decrypt_block(&mut plain);
        output.extend(plain.iter().zip(previous).map(|(byte, mix)| byte ^ mix));
        previous = block;
    }
    output
}
