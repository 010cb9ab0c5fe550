//! Keys: generate, import, public part, choose, use (card-gids.md 8 and 9.5).

use zeroize::Zeroizing;

use super::acl::Operation;
use super::command::Command;
use super::files::{Body, File, Key};
use super::{Answer, Gids, status};
use crate::virt::rsa::RsaKey;
use crate::virt::tlv;

/// The reference of the admin key. It shares its number with the PIN, and has nothing else to do with it.
pub(super) const ADMIN_KEY: u8 = 0x80;
/// Control reference templates: authentication, digital signature, confidentiality (ISO 7816-4 section 10.3.3).
const TEMPLATE_AUTHENTICATION: u8 = 0xA4;
const TEMPLATE_SIGNATURE: u8 = 0xB6;
const TEMPLATE_CONFIDENTIALITY: u8 = 0xB8;

/// The file of a key reference.
pub(super) fn key_file(reference: u8) -> u16 {
    u16::from_be_bytes([0xB0, reference])
}

/// What MANAGE SECURITY ENVIRONMENT has chosen.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Chosen {
    /// The admin key.
    Admin,
    /// A container's key for signing, with an algorithm of 8.1.
    Sign { reference: u8, algorithm: u8 },
    /// A container's key for deciphering.
    Decipher { reference: u8, algorithm: u8 },
}

impl Gids {
    /// An active key file that may be used so.
    fn key(&self, reference: u8, operation: Operation) -> Result<&File, u16> {
        let file = self.file(key_file(reference)).ok_or(status::DATA_INVALID)?;
        if !matches!(file.body, Body::Key(_)) {
            return Err(status::DATA_INVALID);
        }
        if !file.active {
            return Err(status::CONDITIONS);
        }
        self.require(&file.parameters, operation)?;
        Ok(file)
    }

    fn rsa(&self, reference: u8) -> Option<&RsaKey> {
        match &self.file(key_file(reference))?.body {
            Body::Key(Some(Key::Rsa(key))) => Some(key),
            _ => None,
        }
    }

    fn store(&mut self, reference: u8, key: Key) {
        if let Some(file) = self.file_mut(key_file(reference)) {
            file.body = Body::Key(Some(key));
        }
    }

    /// GENERATE ASYMMETRIC KEY PAIR (8.3); `data` are those of the whole chain.
    pub(super) fn generate(&mut self, command: &Command<'_>, data: &[u8]) -> Answer {
        if command.p1p2() != 0 {
            return Err(status::PARAMETERS);
        }
        let template = tlv::only(data, 0xAC).ok_or(status::DATA_INVALID)?;
        let (Some([algorithm]), Some([reference])) = (tlv::find(template, 0x80), tlv::find(template, 0x83))
        else {
            return Err(status::DATA_INVALID);
        };
        self.key(*reference, Operation::Generate)?;
        let bits = match algorithm {
            0x06 => 1024,
            0x07 => 2048,
            0x08 => 3072,
            0x09 => 4096,
            _ => return Err(status::NOT_SUPPORTED),
        };
        if bits > self.options.max_key_bits {
            return Err(status::NOT_SUPPORTED);
        }
        let key = RsaKey::generate(bits).map_err(|_| status::INTERNAL)?;
        let answer = public_part(&key);
        self.store(*reference, Key::Rsa(Box::new(key)));
        Ok(answer)
    }

    /// GET DATA 3FFF with `70 08 84 01 kid A5 03 7F 49 80` (8.5).
    pub(super) fn public_key(&self, reference: u8) -> Answer {
        self.key(reference, Operation::Read)?;
        self.rsa(reference).map(public_part).ok_or(status::INTERNAL)
    }

    /// PUT DATA 3FFF: PUT KEY (8.4) and the admin key (9.5); `data` are those of the whole chain.
    pub(super) fn put_key(&mut self, data: &[u8]) -> Answer {
        let template = tlv::only(data, 0x70).ok_or(status::DATA_INVALID)?;
        let (0x84, [reference], rest) = tlv::split(template).ok_or(status::DATA_INVALID)? else {
            return Err(status::DATA_INVALID);
        };
        let parts = tlv::only(rest, 0xA5).ok_or(status::DATA_INVALID)?;
        let file = self.key(*reference, Operation::Write)?;
        // 84 says under which key the new one is enciphered; only 00, none, is supported.
        if tlv::find(parts, 0x84).is_some_and(|transport_key| transport_key != [0]) {
            return Err(status::NOT_SUPPORTED);
        }
        let value = tlv::find(parts, 0x87).ok_or(status::DATA_INVALID)?;
        let for_admin = is_symmetric(file);
        let key = match tlv::find(parts, 0x83) {
            None | Some([0x01]) if for_admin => {
                let value = value.try_into().map_err(|_| status::DATA_INVALID)?;
                Key::Admin(Zeroizing::new(value))
            }
            Some([0x02]) if !for_admin => {
                let key = RsaKey::from_pkcs1(value).ok_or(status::DATA_INVALID)?;
                if !matches!(key.bits(), 1024 | 2048 | 3072 | 4096) || key.bits() > self.options.max_key_bits
                {
                    return Err(status::NOT_SUPPORTED);
                }
                Key::Rsa(Box::new(key))
            }
            _ => return Err(status::DATA_INVALID),
        };
        self.store(*reference, key);
        Ok(Vec::new())
    }

    /// The most that a chain of PUT KEY may carry (8.4).
    pub(super) fn key_buffer(&self) -> usize {
        if self.options.max_key_bits > 2048 { 2372 } else { 1220 }
    }

    /// MANAGE SECURITY ENVIRONMENT (8.6, 9.3).
    pub(super) fn manage_security_environment(&mut self, command: &Command<'_>) -> Answer {
        let value = |tag| match tlv::find(command.data, tag) {
            Some([value]) => Some(*value),
            _ => None,
        };
        let reference = value(0x83).or_else(|| value(0x84));
        let chosen = match (command.p1, command.p2) {
            (0xF3, _) => return Err(status::DATA_INVALID),
            (0x81 | 0xC1 | 0x41, TEMPLATE_AUTHENTICATION) => {
                let reference = reference.ok_or(status::DATA_INVALID)?;
                self.key(reference, Operation::Use)?;
                if reference != ADMIN_KEY {
                    return Err(status::DATA_INVALID);
                }
                Chosen::Admin
            }
            (0x41 | 0xC1, template @ (TEMPLATE_SIGNATURE | TEMPLATE_CONFIDENTIALITY)) => {
                let reference = reference.ok_or(status::DATA_INVALID)?;
                let algorithm = value(0x80).ok_or(status::DATA_INVALID)?;
                let file = self.key(reference, Operation::Use)?;
                if !has_algorithm(file, template, algorithm) {
                    return Err(status::DATA_INVALID);
                }
                match template {
                    TEMPLATE_SIGNATURE => Chosen::Sign { reference, algorithm },
                    _ => Chosen::Decipher { reference, algorithm },
                }
            }
            _ => return Err(status::PARAMETERS),
        };
        self.session.key = Some(chosen);
        Ok(Vec::new())
    }

    /// PERFORM SECURITY OPERATION (8.6); `data` are those of the whole chain. Whether the PIN has been verified was
    /// asked when the key was chosen, and is not asked again.
    pub(super) fn perform_security_operation(&mut self, command: &Command<'_>, data: &[u8]) -> Answer {
        match (command.p1p2(), self.session.key) {
            (0x9E9A, Some(Chosen::Sign { reference, algorithm })) => {
                let key = self.rsa(reference).ok_or(status::INTERNAL)?;
                match algorithm & 0xF0 {
                    0x10 if data.len() == key.size() => key.private(data).ok_or(status::WRONG_DATA),
                    0x10 => Err(status::LENGTH),
                    0x50 => key.sign_pkcs1(data).ok_or(status::LENGTH),
                    _ => Err(status::NOT_SUPPORTED),
                }
            }
            (0x8086, Some(Chosen::Decipher { reference, algorithm })) => {
                let key = self.rsa(reference).ok_or(status::INTERNAL)?;
                if data.len() != key.size() {
                    return Err(status::LENGTH);
                }
                match algorithm & 0xF0 {
                    0x00 => key.private(data).ok_or(status::WRONG_DATA),
                    0x40 => key.decipher_pkcs1(data).ok_or(status::WRONG_DATA),
                    _ => Err(status::NOT_SUPPORTED),
                }
            }
            (0x9E9A | 0x8086, _) => Err(status::CONDITIONS),
            _ => Err(status::PARAMETERS),
        }
    }
}

/// Whether a key file is meant for a symmetric key: its template for authentication says so.
fn is_symmetric(file: &File) -> bool {
    templates(file).any(|(tag, _)| tag == u16::from(TEMPLATE_AUTHENTICATION))
}

fn has_algorithm(file: &File, template: u8, algorithm: u8) -> bool {
    templates(file)
        .any(|(tag, value)| tag == u16::from(template) && tlv::find(value, 0x80) == Some(&[algorithm]))
}

/// The control reference templates of a key file (tag A5).
fn templates(file: &File) -> impl Iterator<Item = (u16, &[u8])> {
    tlv::objects(tlv::find(&file.parameters, 0xA5).unwrap_or_default())
}

/// 7F49 with modulus and exponent. The exponent always has three bytes: so the applet writes it.
fn public_part(key: &RsaKey) -> Vec<u8> {
    let own = key.exponent();
    let mut exponent = vec![0; 3_usize.saturating_sub(own.len())];
    exponent.extend(own.iter().skip(own.len().saturating_sub(3)));
    let parts = [tlv::object(0x81, &key.modulus()), tlv::object(0x82, &exponent)];
    tlv::object(0x7F49, &parts.concat())
}
