//! Key slots: which there are, what is in one, and under which numbers algorithms go (card-piv.md 2 and 5).

use super::Piv;
use crate::virt::asymmetric::{Key, KeyKind};
use crate::virt::tlv;

/// The slot of the key that signs attestations.
pub(super) const ATTESTATION: u8 = 0xF9;
/// PIN policies (3).
pub(super) const PIN_NEVER: u8 = 1;
pub(super) const PIN_ONCE: u8 = 2;
pub(super) const PIN_ALWAYS: u8 = 3;
/// The touch policy of a key that wants none.
pub(super) const TOUCH_NEVER: u8 = 1;

/// A key with what belongs to it.
pub(in crate::virt) struct Slot {
    pub key: Key,
    pub policies: Policies,
    /// Whether the card made the key itself.
    pub generated: bool,
}

/// When a key wants the PIN and a touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::virt) struct Policies {
    /// 1 never, 2 once, 3 always.
    pub pin: u8,
    /// 1 never, 2 always, 3 cached.
    pub touch: u8,
}

impl Policies {
    /// The policies of a slot whose key asks for none: 9C always wants the PIN, 9E never.
    pub(in crate::virt) fn standard(slot: u8) -> Self {
        let pin = match slot {
            0x9C => PIN_ALWAYS,
            0x9E => PIN_NEVER,
            _ => PIN_ONCE,
        };
        Self { pin, touch: TOUCH_NEVER }
    }
}

/// The number of a key's algorithm; `None` for an RSA key of a size that has none.
pub(super) fn algorithm_of(kind: KeyKind) -> Option<u8> {
    match kind {
        KeyKind::Rsa(1024) => Some(0x06),
        KeyKind::Rsa(2048) => Some(0x07),
        KeyKind::Rsa(3072) => Some(0x05),
        KeyKind::Rsa(4096) => Some(0x16),
        KeyKind::Rsa(_) => None,
        KeyKind::P256 => Some(0x11),
        KeyKind::P384 => Some(0x14),
        KeyKind::Ed25519 => Some(0xE0),
        KeyKind::X25519 => Some(0xE1),
    }
}

/// The kind of key that an algorithm is of.
pub(super) fn kind_of(algorithm: u8) -> Option<KeyKind> {
    let kinds = [KeyKind::Rsa(1024), KeyKind::Rsa(2048), KeyKind::Rsa(3072), KeyKind::Rsa(4096)];
    let curves = [KeyKind::P256, KeyKind::P384, KeyKind::Ed25519, KeyKind::X25519];
    kinds.into_iter().chain(curves).find(|kind| algorithm_of(*kind) == Some(algorithm))
}

/// The object in which a slot's certificate is (2).
pub(in crate::virt) fn certificate_object(slot: u8) -> Option<u32> {
    match slot {
        0x9A => Some(0x5F_C105),
        0x9C => Some(0x5F_C10A),
        0x9D => Some(0x5F_C10B),
        0x9E => Some(0x5F_C101),
        0x82..=0x95 => Some(0x5F_C10D + u32::from(slot - 0x82)),
        ATTESTATION => Some(0x5F_FF01),
        _ => None,
    }
}

/// The public key as GENERATE and GET METADATA give it: 81 modulus and 82 exponent, or 86 point.
pub(super) fn public_key(key: &Key) -> Vec<u8> {
    match key {
        Key::Rsa(key) => [tlv::object(0x81, &key.modulus()), tlv::object(0x82, &key.exponent())].concat(),
        _ => tlv::object(0x86, &key.point().unwrap_or_default()),
    }
}

impl Piv {
    /// Whether the card has this slot.
    pub(in crate::virt) fn has_slot(&self, slot: u8) -> bool {
        match slot {
            0x9A | 0x9C | 0x9D | 0x9E => true,
            0x82..=0x95 => slot <= self.options.last_retired,
            ATTESTATION => self.options.attestation_slot,
            _ => false,
        }
    }

    /// Whether the card takes keys of this kind.
    pub(in crate::virt) fn takes(&self, kind: KeyKind) -> bool {
        algorithm_of(kind).is_some_and(|algorithm| self.options.algorithms.contains(&algorithm))
    }
}
