use std::fmt;

use serde::{Deserialize, Serialize};

use crate::secret::Pin;

/// The number of an authenticator in the minidriver model (PIN_ID): 1 user, 2 administrator, 3 to 7 further PINs
/// that guard key containers only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Role(pub u8);

impl Role {
    /// ROLE_EVERYONE: no authentication.
    pub const EVERYONE: Self = Self(0);
    /// ROLE_USER, the primary card PIN.
    pub const USER: Self = Self(1);
    /// ROLE_ADMIN, the administrator.
    pub const ADMIN: Self = Self(2);
    /// The global PIN of a PIV card, which other applications of the card take too (SP 800-73-4 part 1, table 4b).
    pub const GLOBAL: Self = Self(4);
}

/// What an authenticator is for (SECRET_PURPOSE of the minidriver model).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum PinType {
    /// AuthenticationPin
    Authentication,
    /// DigitalSignaturePin
    DigitalSignature,
    /// EncryptionPin
    Encryption,
    /// NonRepudiationPin
    NonRepudiation,
    /// AdministratorPin
    Administrator,
    /// PrimaryCardPin
    PrimaryCardPin,
    /// UnblockOnlyPin
    UnblockOnly,
}

impl fmt::Display for PinType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Authentication => "Authentication",
            Self::DigitalSignature => "Digital signature",
            Self::Encryption => "Encryption",
            Self::NonRepudiation => "Non-repudiation",
            Self::Administrator => "Administrator",
            Self::PrimaryCardPin => "Primary card PIN",
            Self::UnblockOnly => "Unblock only",
        })
    }
}

/// How a person proves to hold an authenticator (SECRET_TYPE of the minidriver model).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum PinKind {
    /// AlphaNumericPinType: characters that are typed.
    Typed,
    /// ChallengeResponsePinType: a challenge enciphered under a key.
    ChallengeResponse,
}

/// One authenticator of a card and how it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct PinStatus {
    /// Its number.
    pub role: Role,
    /// What it is for.
    pub pin_type: PinType,
    /// How it is proved.
    pub kind: PinKind,
    /// Tries left before it blocks; `None` where the card does not tell.
    pub tries_left: Option<u8>,
    /// Tries it has after a success; `None` where the card does not tell.
    pub tries_max: Option<u8>,
    /// True when the card says that no try is left.
    pub blocked: bool,
    /// What a new value must look like; `None` for a key.
    pub policy: Option<PinPolicy>,
    /// Who may change it.
    pub changed_by: Vec<Role>,
    /// Who may unblock it; empty when nobody can.
    pub unblocked_by: Vec<Role>,
}

/// Which characters a PIN may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum PinCharacters {
    /// 0 to 9.
    Digits,
    /// The printable characters of ASCII, the space among them.
    Ascii,
}

/// Where a policy was learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum PolicySource {
    /// The card publishes it.
    Card,
    /// The card does not publish one: it is what cards of this kind are known to take.
    Assumed,
}

/// What a card demands of a PIN.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct PinPolicy {
    /// Fewest bytes.
    pub min_length: u8,
    /// Most bytes.
    pub max_length: u8,
    /// Allowed characters.
    pub characters: PinCharacters,
    /// Whether values that are easy to guess are refused; absent where the card may and does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complexity: Option<bool>,
    /// Where this was learned.
    pub source: PolicySource,
}

/// The key of a PIV card that authorises writing (key reference 9B of SP 800-78, the card management key).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ManagementKey {
    /// Its cipher; absent where the card does not tell.
    pub algorithm: Option<ManagementKeyAlgorithm>,
    /// Whether it is the factory's, which everybody knows; absent where the card does not tell.
    pub factory: Option<bool>,
    /// Whether the card keeps it for whoever has the PIN, so that nobody needs to type it.
    pub protected: bool,
    /// Whether it wants the device to be touched; absent where the card does not tell.
    pub touch: Option<bool>,
}

/// The cipher of a management key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum ManagementKeyAlgorithm {
    /// Three-key triple DES, 24 bytes.
    #[serde(rename = "3des")]
    TripleDes,
    /// AES with 16 bytes.
    #[serde(rename = "aes_128")]
    Aes128,
    /// AES with 24 bytes.
    #[serde(rename = "aes_192")]
    Aes192,
    /// AES with 32 bytes.
    #[serde(rename = "aes_256")]
    Aes256,
}

impl ManagementKeyAlgorithm {
    /// How long a key for it is, in bytes (SP 800-78-4 table 6-2).
    pub fn key_length(self) -> usize {
        match self {
            Self::Aes128 => 16,
            Self::TripleDes | Self::Aes192 => 24,
            Self::Aes256 => 32,
        }
    }
}

impl fmt::Display for ManagementKeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TripleDes => "3DES",
            Self::Aes128 => "AES-128",
            Self::Aes192 => "AES-192",
            Self::Aes256 => "AES-256",
        })
    }
}

/// Why a PIN does not fit a policy; `Display` is a sentence for people and never holds the PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyViolation {
    /// Fewer bytes than the minimum named.
    TooShort(u8),
    /// More bytes than the maximum named.
    TooLong(u8),
    /// A character outside the allowed set.
    Character(PinCharacters),
}

impl fmt::Display for PolicyViolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort(min) => write!(f, "it needs at least {min} characters"),
            Self::TooLong(max) => write!(f, "it may have at most {max} characters"),
            Self::Character(PinCharacters::Digits) => f.write_str("only the digits 0 to 9 are allowed"),
            Self::Character(PinCharacters::Ascii) => {
                f.write_str("only letters A to Z, digits, space and the usual signs are allowed")
            }
        }
    }
}

impl PinPolicy {
    /// Whether the card will take this as a PIN, decided here so that a refusal costs no try.
    pub fn check(&self, pin: &Pin) -> Result<(), PolicyViolation> {
        let bytes = pin.bytes();
        if bytes.len() < usize::from(self.min_length) {
            return Err(PolicyViolation::TooShort(self.min_length));
        }
        if bytes.len() > usize::from(self.max_length) {
            return Err(PolicyViolation::TooLong(self.max_length));
        }
        let allowed = |byte: &u8| match self.characters {
            PinCharacters::Digits => byte.is_ascii_digit(),
            PinCharacters::Ascii => matches!(byte, b' '..=b'~'),
        };
        if bytes.iter().all(allowed) { Ok(()) } else { Err(PolicyViolation::Character(self.characters)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policy() {
        let digits = PinPolicy {
            min_length: 6,
            max_length: 8,
            characters: PinCharacters::Digits,
            complexity: None,
            source: PolicySource::Card,
        };
        let ascii = PinPolicy { min_length: 4, characters: PinCharacters::Ascii, ..digits.clone() };
        for (policy, pin, verdict) in [
            (&digits, "123456", Ok(())),
            (&digits, "12345", Err(PolicyViolation::TooShort(6))),
            (&digits, "123456789", Err(PolicyViolation::TooLong(8))),
            (&digits, "12345a", Err(PolicyViolation::Character(PinCharacters::Digits))),
            (&ascii, "a b~", Ok(())),
            (&ascii, "grün", Err(PolicyViolation::Character(PinCharacters::Ascii))),
            (&ascii, "\t234", Err(PolicyViolation::Character(PinCharacters::Ascii))),
            (&ascii, "", Err(PolicyViolation::TooShort(4))),
        ] {
            assert_eq!(policy.check(&Pin::from(pin.as_bytes())), verdict, "{pin}");
        }
    }
}
