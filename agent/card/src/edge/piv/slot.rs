//! Slots: places for a key and its certificate (SP 800-73-4 part 1, tables 3 and 4b; card-piv.md 2).

use std::fmt;

/// A slot, by its key reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Slot(u8);

impl Slot {
    /// PIV authentication: the one that Windows logon takes.
    pub(super) const AUTHENTICATION: Self = Self(0x9A);
    /// Digital signature, which wants the PIN before every use.
    pub(super) const SIGNATURE: Self = Self(0x9C);
    /// Key management, for enciphered mail.
    pub(super) const KEY_MANAGEMENT: Self = Self(0x9D);
    /// Card authentication, which wants no PIN.
    pub(super) const CARD_AUTHENTICATION: Self = Self(0x9E);
    /// Attestation on a YubiKey; read-only for us.
    pub(super) const ATTESTATION: Self = Self(0xF9);

    /// The slots in the order in which people see them: the four of the standard, then those for retired keys.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        [Self::AUTHENTICATION, Self::SIGNATURE, Self::KEY_MANAGEMENT, Self::CARD_AUTHENTICATION]
            .into_iter()
            .chain(Self::retired())
    }

    /// The twenty slots for retired key management keys.
    pub(super) fn retired() -> impl Iterator<Item = Self> {
        (0x82..=0x95).map(Self)
    }

    /// The slot of this key reference.
    pub(super) fn of(reference: u8) -> Option<Self> {
        matches!(reference, 0x82..=0x95 | 0x9A | 0x9C | 0x9D | 0x9E | 0xF9).then_some(Self(reference))
    }

    /// Its key reference.
    pub(super) fn reference(self) -> u8 {
        self.0
    }

    /// The data object that holds its certificate.
    pub(super) fn certificate_object(self) -> [u8; 3] {
        let last = match self.0 {
            0x9A => 0x05,
            0x9C => 0x0A,
            0x9D => 0x0B,
            0x9E => 0x01,
            retired @ 0x82..=0x95 => 0x0D + (retired - 0x82),
            _ => return [0x5F, 0xFF, 0x01],
        };
        [0x5F, 0xC1, last]
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02X}", self.0)
    }
}
