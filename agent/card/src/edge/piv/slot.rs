//! Slots: places for a key and its certificate (SP 800-73-4 part 1, tables 3 and 4b; card-piv.md 2).

use std::fmt;

use super::objects::ObjectId;

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

    /// The slot that the standard or a tool writes so, such as `9A` or `9a`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        (text.len() == 2).then_some(())?;
        u8::from_str_radix(text, 16).ok().and_then(Self::of)
    }

    /// The data object that holds its certificate.
    pub(super) fn certificate_object(self) -> ObjectId {
        ObjectId(match self.0 {
            0x9A => 0x5F_C105,
            0x9C => 0x5F_C10A,
            0x9D => 0x5F_C10B,
            0x9E => 0x5F_C101,
            retired @ 0x82..=0x95 => 0x5F_C10D + u32::from(retired - 0x82),
            _ => 0x5F_FF01,
        })
    }

    /// Whether it is for a retired key management key.
    pub(super) fn is_retired(self) -> bool {
        matches!(self.0, 0x82..=0x95)
    }

    /// The name by which people call it (SP 800-73-4 part 1, table 4b).
    pub(super) fn name(self) -> String {
        match self.0 {
            0x9A => "PIV Authentication".to_owned(),
            0x9C => "Digital Signature".to_owned(),
            0x9D => "Key Management".to_owned(),
            0x9E => "Card Authentication".to_owned(),
            0xF9 => "Attestation".to_owned(),
            // 1 to 20
            _ => format!("Retired {}", self.0.saturating_sub(0x81)),
        }
    }

    /// The `id` of its certificate, as the trait has it.
    pub(super) fn certificate_id(self) -> String {
        format!("{:02x}", self.0)
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02X}", self.0)
    }
}
