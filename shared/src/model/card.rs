use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Certificate, CheckUp, Container, ManagementKey, PinStatus};
use crate::hex::{self, Hex};

/// A card serial number: upper-case hexadecimal digits. On GIDS the 16 bytes of the file `cardid`;
/// on PIV the device's serial number (4 bytes) where it has a real one, else the 16 bytes of the GUID in its CHUID.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Csn(String);

impl Csn {
    /// The serial number that these bytes stand for.
    pub fn new(bytes: &[u8]) -> Self {
        Self(Hex(bytes.to_vec()).to_string())
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form in which Windows tools show 16 bytes: GUID text, whose first three groups are little-endian.
    /// `None` for serial numbers of another length.
    pub fn guid(&self) -> Option<String> {
        let bytes: [u8; 16] = hex::decode(self.0.as_bytes())?.try_into().ok()?;
        let [a, b, c, d, e, f, g, h, tail @ ..] = bytes;
        let groups = [vec![d, c, b, a], vec![f, e], vec![h, g], tail[..2].to_vec(), tail[2..].to_vec()];
        Some(groups.map(|group| Hex(group).to_string()).join("-"))
    }

    /// Whether a person who typed `text` means this card: the digits or the GUID form, in any case, with or
    /// without spaces and braces; or at least the first eight digits.
    pub fn matches(&self, text: &str) -> bool {
        let typed: String = text
            .chars()
            .filter(|c| !c.is_whitespace() && !matches!(c, '{' | '}'))
            .collect::<String>()
            .to_uppercase();
        self.0 == typed
            || (typed.len() >= 8 && self.0.starts_with(&typed))
            || self.guid().is_some_and(|guid| guid == typed)
    }
}

impl fmt::Display for Csn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The command set that a card speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Edge {
    /// Generic Identity Device Specification.
    Gids,
    /// Personal Identity Verification, NIST SP 800-73, with the extensions of its makers.
    Piv,
}

impl fmt::Display for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gids => "GIDS",
            Self::Piv => "PIV",
        })
    }
}

/// What tells one card from another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Card {
    /// The command set it speaks.
    pub edge: Edge,
    /// Its serial number; absent as long as the card is not initialised.
    pub csn: Option<Csn>,
    /// What to call it on screen, such as `GIDS card` or `YubiKey 5.7.1`.
    pub name: String,
    /// The serial number as printed on the device, in decimal digits, where that differs from the CSN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
}

impl Card {
    /// Whether a person who typed `text` means this card: by its CSN as [`Csn::matches`] has it, or by the whole
    /// serial number that is printed on it.
    pub fn matches(&self, text: &str) -> bool {
        self.csn.as_ref().is_some_and(|csn| csn.matches(text))
            || self.serial.as_deref().is_some_and(|serial| serial == text.trim())
    }
}

/// What a reader holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum ReaderState {
    /// No card.
    Empty,
    /// A card that is being looked at for the first time.
    Identifying,
    /// A card that Kortti can look after.
    Ready,
    /// A card of a known kind that nobody has personalised yet.
    NotInitialised,
    /// A card of no kind that Kortti knows.
    UnknownCard,
    /// A card that does not answer: upside down, or broken.
    Mute,
    /// A card that another program keeps for itself.
    Busy,
    /// A card that answered something impossible, or a reader that fails.
    Failed,
    /// A card that the policy of this machine does not allow.
    Forbidden,
}

/// A reader and what is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Reader {
    /// The name that PC/SC gives it; exact, and unique on this machine.
    pub name: String,
    /// What it holds.
    pub state: ReaderState,
    /// The card's answer to reset, whenever there is a card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub atr: Option<Hex>,
    /// The card, once identified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<Card>,
    /// Whether PINs are typed on the reader itself. A request then leaves them out.
    #[serde(default)]
    pub pin_pad: bool,
    /// A sentence for people when the state needs one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What the last look at the card showed, once there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<CheckUp>,
}

impl Reader {
    /// A reader without a card.
    pub fn empty(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            state: ReaderState::Empty,
            atr: None,
            card: None,
            pin_pad: false,
            detail: None,
            check: None,
        }
    }
}

/// The PC/SC service as the agent sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Service {
    /// Readers and cards are watched.
    Up,
    /// It does not run, or refuses; `reason` says in words what to do.
    Down {
        /// What is wrong and what to do about it.
        reason: String,
    },
}

/// Everything there is to know about one card without a PIN.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct CardDetails {
    /// The reader it is in.
    pub reader: String,
    /// Its answer to reset.
    pub atr: Hex,
    /// Kind, serial number and name.
    #[serde(flatten)]
    pub card: Card,
    /// The identifier by which Windows knows the card, as Windows tools show it. On PIV it may change with the
    /// certificates.
    pub windows_id: Option<String>,
    /// Whether it is personalised; if not, the lists below are empty.
    pub initialised: bool,
    /// Its PINs and other authenticators, each with its tries.
    pub pins: Vec<PinStatus>,
    /// The key that authorises writing beside the PIN, on cards that have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub management_key: Option<ManagementKey>,
    /// Whether the card erases all its private keys once both PIN and PUK are blocked.
    #[serde(default)]
    pub blocking_erases_keys: bool,
    /// What decides which container is the default one; absent where nothing does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_source: Option<DefaultSource>,
    /// Its private keys.
    pub containers: Vec<Container>,
    /// Its certificates.
    pub certificates: Vec<Certificate>,
    /// How full it is.
    pub space: Space,
    /// What is wrong with its contents, if anything.
    pub findings: Vec<Finding>,
}

/// What decides which container is the default one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum DefaultSource {
    /// A mark in the card's container map: `cmapfile` on GIDS, MSCMAP on PIV.
    ContainerMap,
    /// The slot: Windows takes the certificate in 9A, whatever else is on the card.
    #[serde(rename = "slot_9a")]
    Slot9A,
}

/// How many of the card's places are taken. `None` where the card does not tell and the model is not known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Space {
    /// Key containers in use.
    pub containers_used: u16,
    /// Key containers the card can hold.
    pub containers_max: Option<u16>,
    /// Data objects in use beside the keys.
    pub files_used: u16,
    /// Data objects the card can hold.
    pub files_max: Option<u16>,
}

/// Something on the card that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Finding {
    /// Which part of the card is meant, in the card's own names, such as `mscp/kxc00`.
    pub place: String,
    /// What is wrong, in a sentence.
    pub text: String,
    /// What `card repair` will do about it; absent when it can do nothing without losing data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repair: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_is_found_by_every_form_of_its_serial_number() {
        let csn = Csn::new(&[
            0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF,
        ]);
        assert_eq!(csn.guid().as_deref(), Some("00112233-4455-6677-8899-AABBCCDDEEFF"));
        for (text, fits) in [
            ("3322110055447766 8899aabbccddeeff", true),
            ("{00112233-4455-6677-8899-aabbccddeeff}", true),
            ("33221100", true),
            ("3322110", false),
            ("00112233", false),
            ("", false),
        ] {
            assert_eq!(csn.matches(text), fits, "{text}");
        }
        assert_eq!(Csn::new(&[1, 2]).guid(), None);
    }
}
