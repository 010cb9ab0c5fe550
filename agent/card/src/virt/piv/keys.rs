//! Keys: generate, import, move, delete, use (card-piv.md 5).

use super::command::Command;
use super::management::MANAGEMENT_KEY;
use super::slots::{self, PIN_ALWAYS, PIN_NEVER, Policies, Slot, TOUCH_NEVER};
use super::{Answer, Piv, status};
use crate::virt::asymmetric::{Key, KeyKind};
use crate::virt::rsa::RsaKey;
use crate::virt::tlv;

impl Piv {
    /// GENERATE ASYMMETRIC KEY PAIR. Overwrites without asking.
    pub(super) fn generate(&mut self, command: &Command<'_>) -> Answer {
        self.require_management()?;
        if command.p1 != 0 || !self.has_slot(command.p2) {
            return Err(status::PARAMETERS);
        }
        let template = tlv::only(command.data, 0xAC).ok_or(status::WRONG_DATA)?;
        let Some([algorithm]) = tlv::find(template, 0x80) else { return Err(status::WRONG_DATA) };
        let kind = self.kind(*algorithm).ok_or(status::WRONG_DATA)?;
        let policies = self.asked_policies(command.p2, template)?;
        let key = Key::generate(kind).map_err(|_| status::INTERNAL)?;
        let answer = tlv::object(0x7F49, &slots::public_key(&key));
        self.slots.insert(command.p2, Slot { key, policies, generated: true });
        Ok(answer)
    }

    /// IMPORT ASYMMETRIC KEY. Overwrites without asking.
    pub(super) fn import(&mut self, command: &Command<'_>) -> Answer {
        self.require_management()?;
        let kind = self.kind(command.p1).ok_or(status::WRONG_DATA)?;
        if !self.has_slot(command.p2) {
            return Err(status::PARAMETERS);
        }
        let part = |tag| tlv::find(command.data, tag);
        let key = match kind {
            KeyKind::Rsa(_) if self.options.nitrokey_import && command.p2 != 0x9A => {
                return Err(status::NOT_SUPPORTED);
            }
            KeyKind::Rsa(bits) => self.rsa(bits, command.data).map(|key| Key::Rsa(Box::new(key))),
            KeyKind::P256 | KeyKind::P384 => part(0x06).and_then(|secret| Key::from_secret(kind, secret)),
            KeyKind::Ed25519 => part(0x07).and_then(|seed| Key::from_secret(kind, seed)),
            KeyKind::X25519 => part(0x08).and_then(|secret| Key::from_secret(kind, secret)),
        };
        let key = key.ok_or(status::WRONG_DATA)?;
        let policies = self.asked_policies(command.p2, command.data)?;
        self.slots.insert(command.p2, Slot { key, policies, generated: false });
        Ok(Vec::new())
    }

    /// An RSA key out of its parts. Each prime has half the modulus' length; zeros on the left do not count.
    fn rsa(&self, bits: u64, data: &[u8]) -> Option<RsaKey> {
        let part = |tag| tlv::find(data, tag);
        let (p, q) = (part(0x01)?, part(0x02)?);
        let key = if self.options.nitrokey_import {
            RsaKey::from_primes(p, q, part(0x03)?)
        } else {
            // The exponent is not sent: the card takes 65537 for granted.
            RsaKey::from_parts(p, q, part(0x03)?, part(0x04)?, part(0x05)?)
        };
        key.filter(|key| key.bits() == bits)
    }

    fn kind(&self, algorithm: u8) -> Option<KeyKind> {
        slots::kind_of(algorithm).filter(|kind| self.takes(*kind))
    }

    /// The policies that a new key asks for (tags AA and AB).
    fn asked_policies(&self, slot: u8, data: &[u8]) -> Result<Policies, u16> {
        let mut policies = Policies::standard(slot);
        for (tag, policy) in [(0xAA, &mut policies.pin), (0xAB, &mut policies.touch)] {
            match tlv::find(data, tag) {
                None | Some([0]) => {}
                Some([asked @ 1..=3]) if self.options.policies => *policy = *asked,
                Some(_) => return Err(status::WRONG_DATA),
            }
        }
        Ok(policies)
    }

    /// MOVE KEY; to FF deletes.
    pub(super) fn move_key(&mut self, command: &Command<'_>) -> Answer {
        self.require_management()?;
        let (to, from) = (command.p1, command.p2);
        let may_hold = to == 0xFF || (self.has_slot(to) && to != slots::ATTESTATION);
        // An attestation key can be deleted, but not moved.
        let may_go = self.has_slot(from) && (from != slots::ATTESTATION || to == 0xFF);
        if !may_hold || !may_go || to == from {
            return Err(status::PARAMETERS);
        }
        let slot = self.slots.remove(&from).ok_or(status::NO_REFERENCE)?;
        if to != 0xFF {
            self.slots.insert(to, slot);
        }
        Ok(Vec::new())
    }

    /// GENERAL AUTHENTICATE; `data` are those of the whole chain.
    pub(super) fn general_authenticate(&mut self, command: &Command<'_>) -> Answer {
        if command.p2 == MANAGEMENT_KEY {
            return self.authenticate_management(command);
        }
        if !self.has_slot(command.p2) {
            return Err(status::PARAMETERS);
        }
        let slot = self.slots.get(&command.p2).ok_or(status::NO_REFERENCE)?;
        if slots::algorithm_of(slot.key.kind()) != Some(command.p1) {
            return Err(self.options.wrong_algorithm);
        }
        self.require_policies(slot.policies)?;
        let template = tlv::only(command.data, 0x7C).ok_or(status::WRONG_DATA)?;
        let asked = tlv::find(template, 0x82).is_some_and(<[u8]>::is_empty);
        let output = match (tlv::find(template, 0x81), tlv::find(template, 0x85)) {
            (Some(input), None) if asked => slot.key.sign(input),
            (None, Some(point)) if asked => slot.key.agree(point).map(|secret| secret.to_vec()),
            _ => None,
        };
        let output = output.ok_or(status::WRONG_DATA)?;
        // SP 800-73 wants VERIFY before every use of 9C. YubiKey and PivApplet take the use of any private key for
        // the end of that VERIFY, and nothing else.
        self.session.fresh = false;
        Ok(tlv::object(0x7C, &tlv::object(0x82, &output)))
    }

    fn require_policies(&self, policies: Policies) -> Result<(), u16> {
        let with_pin = match policies.pin {
            PIN_NEVER => true,
            PIN_ALWAYS => self.pin_verified() && self.session.fresh,
            _ => self.pin_verified(),
        };
        let with_touch = policies.touch == TOUCH_NEVER || !self.options.untouched;
        if with_pin && with_touch { Ok(()) } else { Err(status::SECURITY) }
    }
}
