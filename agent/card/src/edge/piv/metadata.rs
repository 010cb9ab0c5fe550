//! What a card tells of a key, a PIN or a PUK: GET METADATA (card-piv.md 5 and 15).

use shared::model::{KeyAlgorithm, KeyOrigin, ManagementKeyAlgorithm, PinUse, TouchUse};

use super::vendor::Product;
use super::{Piv, algorithm};
use crate::apdu::{Command, Data, StatusWord};
use crate::error::{Error, Result};
use crate::key::PublicKey;
use crate::tlv;

/// Key reference of the management key (SP 800-78-4 table 6-1).
pub(super) const MANAGEMENT_KEY: u8 = 0x9B;

/// What GET METADATA says about one key reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// There is something.
    Known(Metadata),
    /// The card answers, and tells nothing: Nitrokey.
    Unknown,
    /// There is nothing: an empty slot.
    Absent,
    /// The card does not have the command.
    NotSupported,
}

/// What is told; every part may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Metadata {
    /// Tag 01: the algorithm identifier.
    pub(super) algorithm: Option<u8>,
    /// Tag 02, first byte; `None` also for "as usual".
    pub(super) pin_use: Option<PinUse>,
    /// Tag 02, second byte; `None` also for "as usual".
    pub(super) touch_use: Option<TouchUse>,
    /// Tag 03.
    pub(super) origin: Option<KeyOrigin>,
    /// Tag 04.
    pub(super) public_key: Option<PublicKey>,
    /// Tag 05: whether it is the factory's value.
    pub(super) factory: Option<bool>,
    /// Tag 06, first byte: tries after a success.
    pub(super) tries_max: Option<u8>,
    /// Tag 06, second byte: tries left.
    pub(super) tries_left: Option<u8>,
}

/// The numbers that cards give to where a key was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origins {
    /// 1 generated, 2 imported: Yubico's.
    FromOne,
    /// 0 generated, 1 imported: PivApplet's.
    FromZero,
}

impl Metadata {
    /// Reads it. What is malformed counts as missing.
    pub(super) fn parse(bytes: &[u8], origins: Origins) -> Self {
        let first = |tag| tlv::find(bytes, tag).and_then(|value| value.first().copied());
        let second = |tag| tlv::find(bytes, tag).and_then(|value| value.get(1).copied());
        let algorithm = first(0x01);
        let origin = match (first(0x03), origins) {
            (Some(1), Origins::FromOne) | (Some(0), Origins::FromZero) => Some(KeyOrigin::Generated),
            (Some(2), Origins::FromOne) | (Some(1), Origins::FromZero) => Some(KeyOrigin::Imported),
            _ => None,
        };
        let kind = algorithm.and_then(algorithm::of);
        Self {
            algorithm,
            pin_use: first(0x02).and_then(pin_use),
            touch_use: second(0x02).and_then(touch_use),
            origin,
            public_key: kind
                .and_then(|kind| algorithm::public_key(kind, tlv::find(bytes, 0x04).unwrap_or_default())),
            factory: first(0x05).map(|byte| byte != 0),
            tries_max: first(0x06),
            tries_left: second(0x06),
        }
    }

    /// Kind and size of the key.
    pub(super) fn key_algorithm(&self) -> Option<KeyAlgorithm> {
        self.algorithm.and_then(algorithm::of)
    }

    /// The cipher of a management key.
    pub(super) fn cipher(&self) -> Option<ManagementKeyAlgorithm> {
        match self.algorithm? {
            // 00 is how SP 800-78 wrote triple DES first.
            0x00 | 0x03 => Some(ManagementKeyAlgorithm::TripleDes),
            0x08 => Some(ManagementKeyAlgorithm::Aes128),
            0x0A => Some(ManagementKeyAlgorithm::Aes192),
            0x0C => Some(ManagementKeyAlgorithm::Aes256),
            _ => None,
        }
    }
}

fn pin_use(byte: u8) -> Option<PinUse> {
    Some(match byte {
        1 => PinUse::Never,
        2 => PinUse::Once,
        3 => PinUse::Always,
        4 => PinUse::MatchOnce,
        5 => PinUse::MatchAlways,
        _ => return None,
    })
}

fn touch_use(byte: u8) -> Option<TouchUse> {
    Some(match byte {
        1 => TouchUse::Never,
        2 => TouchUse::Always,
        3 => TouchUse::Cached,
        _ => return None,
    })
}

impl Piv<'_> {
    /// GET METADATA of a slot, of the PIN (80), the PUK (81) or the management key (9B). Asks the card once in a
    /// transaction, and no more once it has said that it does not know the command, or has told nothing.
    ///
    /// # Errors
    /// [`Error::Unexpected`]
    pub(super) fn metadata(&mut self, reference: u8) -> Result<Told> {
        let origins = match self.vendor()?.product {
            Product::PivApplet => Origins::FromZero,
            // No GET VERSION, which is older, so no GET METADATA.
            Product::Plain => return Ok(Told::NotSupported),
            _ => Origins::FromOne,
        };
        self.ask_metadata(reference, origins)
    }

    pub(super) fn ask_metadata(&mut self, reference: u8, origins: Origins) -> Result<Told> {
        if let Some(told) = self.tells_nothing.as_ref().or_else(|| self.told.get(&reference)) {
            return Ok(told.clone());
        }
        let response = self.applet.send(&Command {
            name: "GET METADATA",
            instruction: 0xF7,
            parameters: [0x00, reference],
            data: Data::None,
            expects: true,
        })?;
        let told = match response.status {
            StatusWord::OK if response.data.is_empty() => Told::Unknown,
            StatusWord::OK => Told::Known(Metadata::parse(&response.data, origins)),
            // 6A86 is PivApplet's answer (card-piv.md 15).
            StatusWord::NOT_FOUND | StatusWord::FILE_NOT_FOUND | StatusWord(0x6A86) => Told::Absent,
            StatusWord(0x6D00 | 0x6E00) | StatusWord::NOT_SUPPORTED => Told::NotSupported,
            status => return Err(Error::Unexpected { command: "GET METADATA", status: status.0 }),
        };
        if matches!(told, Told::Unknown | Told::NotSupported) {
            self.tells_nothing = Some(told.clone());
        }
        self.told.insert(reference, told.clone());
        Ok(told)
    }

    /// Forgets what was told of a reference, since it has changed.
    pub(super) fn forget_metadata(&mut self, reference: u8) {
        self.told.remove(&reference);
    }
}

#[cfg(test)]
mod tests {
    use shared::model::KeyFamily;

    use super::*;

    fn parse(hex: &str, origins: Origins) -> Metadata {
        Metadata::parse(&shared::hex::decode(hex.replace(' ', "").as_bytes()).unwrap(), origins)
    }

    #[test]
    fn dialects() {
        let point = format!("04 43 86 41 04 {}", "11".repeat(64));
        let yubikey = parse(&format!("01 01 11 02 02 02 01 03 01 01 {point}"), Origins::FromOne);
        assert_eq!(yubikey.key_algorithm(), Some(KeyAlgorithm { family: KeyFamily::Ec, bits: 256 }));
        assert_eq!(yubikey.pin_use, Some(PinUse::Once));
        assert_eq!(yubikey.touch_use, Some(TouchUse::Never));
        assert_eq!(yubikey.origin, Some(KeyOrigin::Generated));
        assert!(yubikey.public_key.is_some());
        let pivapplet = parse(&format!("01 01 11 02 02 03 01 03 01 01 {point}"), Origins::FromZero);
        assert_eq!((pivapplet.pin_use, pivapplet.origin), (Some(PinUse::Always), Some(KeyOrigin::Imported)));
        let pin = parse("01 01 FF 05 01 01 06 02 03 02", Origins::FromOne);
        assert_eq!((pin.factory, pin.tries_max, pin.tries_left), (Some(true), Some(3), Some(2)));
        let management = parse("01 01 0A 02 02 00 01 05 01 00", Origins::FromOne);
        assert_eq!(management.cipher(), Some(ManagementKeyAlgorithm::Aes192));
        assert_eq!((management.factory, management.touch_use), (Some(false), Some(TouchUse::Never)));
        let nitrokey = parse("02 02 01 00", Origins::FromOne);
        assert_eq!((nitrokey.pin_use, nitrokey.touch_use), (Some(PinUse::Never), None));
    }

    #[test]
    fn what_is_malformed_counts_as_missing() {
        let nothing = Metadata::default();
        for hex in
            ["", "01", "01 00", "02 00", "03 01 07", "04 05 86 03 04 11 11", "06 00", "FF FF FF", "05 00"]
        {
            assert_eq!(parse(hex, Origins::FromOne), nothing, "{hex}");
        }
        let half = parse("06 01 03", Origins::FromOne);
        assert_eq!((half.tries_max, half.tries_left), (Some(3), None));
    }
}
