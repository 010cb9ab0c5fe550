//! What authorises a write: the PIN, and on cards that have one the management key.

use card::{ManagementProof, PinEntry, SmartCard};
use shared::config::PinRules;
use shared::secret::{KeyText, Pin};
use shared::{Error, ErrorCode, Result};
use zeroize::Zeroizing;

use crate::errors::Failure;
use crate::registry::Target;
use crate::service::pins;
use crate::service::touch::Touch;
use crate::worker::Turn;

/// What came with a request.
pub(crate) struct Authority<'p> {
    pin: Option<&'p Pin>,
    key: Option<Key>,
    last_try: bool,
    rules: PinRules,
    /// Whether the PIN is needed beside the management key.
    pin_wanted: bool,
}

/// A management key as typed.
enum Key {
    Factory,
    Raw(Zeroizing<Vec<u8>>),
}

/// The longest management key, AES-256, in bytes (SP 800-78-4 table 6-2).
const MAX_KEY: usize = 32;

impl<'p> Authority<'p> {
    /// Takes in what came with a request, and the rules of this machine for PINs.
    ///
    /// # Errors
    /// [`ErrorCode::BadRequest`] for a management key that cannot be one. Nothing was sent.
    pub(crate) fn of(
        rules: &PinRules,
        pin: Option<&'p Pin>,
        key: Option<&KeyText>,
        last_try: bool,
    ) -> Result<Self> {
        let key = key.map(parse).transpose()?;
        Ok(Self { pin, key, last_try, rules: rules.clone(), pin_wanted: false })
    }

    /// Says whether the PIN is needed even where the management key is enough to write: to use a key that wants it.
    pub(crate) fn pin_wanted(&mut self, wanted: bool) {
        self.pin_wanted = wanted;
    }

    /// Proves to the card whatever it wants before it is written to, if nothing that can be known beforehand speaks
    /// against it: the PIN at most once, then the management key at most once.
    pub(crate) fn prove(
        &self,
        card: &mut dyn SmartCard,
        target: &Target,
        turn: &Turn,
    ) -> std::result::Result<(), Failure> {
        let state = card.management_key()?;
        if state.is_none() && self.key.is_some() {
            let words = "This card has no management key: writing to it takes the PIN. Nothing was sent.";
            return Err(Error::new(ErrorCode::NotSupported, words).into());
        }
        let key_is_enough = state.is_some() && self.key.is_some() && !self.pin_wanted;
        if state.is_some_and(|state| !state.protected && state.factory != Some(true)) && self.key.is_none() {
            return Err(card::Error::ManagementKeyNeeded.into());
        }
        if let (Some(cipher), Some(Key::Raw(bytes))) = (state.and_then(|state| state.algorithm), &self.key)
            && bytes.len() != cipher.key_length()
        {
            let words = format!(
                "The card's management key has {} hexadecimal digits ({cipher}), and this one has {}. Nothing was sent.",
                2 * cipher.key_length(),
                2 * bytes.len()
            );
            return Err(Error::new(ErrorCode::WrongManagementKey, words).into());
        }
        if self.pin.is_some() || !key_is_enough {
            self.present(card, target, turn)?;
        } else {
            pins::confirm(card, target)?;
            if !turn.commit() {
                return Err(pins::left());
            }
        }
        let _touch = Touch::for_management(target, state.as_ref());
        Ok(card.authorise(match &self.key {
            None => ManagementProof::Stored,
            Some(Key::Factory) => ManagementProof::Factory,
            Some(Key::Raw(bytes)) => ManagementProof::Key(bytes),
        })?)
    }

    /// How the primary card PIN gets to the card.
    ///
    /// # Errors
    /// [`ErrorCode::BadRequest`] when it is missing, or came although it is typed on the reader.
    pub(crate) fn pin(&self, target: &Target) -> Result<PinEntry<'p>> {
        pins::entry(self.pin, target.pin_pad)
    }

    /// Presents the primary card PIN.
    fn present(
        &self,
        card: &mut dyn SmartCard,
        target: &Target,
        turn: &Turn,
    ) -> std::result::Result<(), Failure> {
        pins::present(card, target, turn, &self.rules, self.pin(target)?, self.last_try)
    }
}

/// Hexadecimal digits, grouped or not, or the word for the factory's key.
fn parse(text: &KeyText) -> Result<Key> {
    if text.bytes().eq_ignore_ascii_case(b"factory") {
        return Ok(Key::Factory);
    }
    let mut raw = Zeroizing::new(Vec::with_capacity(MAX_KEY));
    let mut high = None;
    for byte in text.bytes().iter().filter(|byte| !matches!(byte, b' ' | b':' | b'-')) {
        let digit =
            char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok()).ok_or_else(bad)?;
        match high.take() {
            None => high = Some(digit),
            Some(_) if raw.len() == MAX_KEY => return Err(bad()),
            Some(high) => raw.push(high << 4 | digit),
        }
    }
    if high.is_some() || !matches!(raw.len(), 16 | 24 | 32) {
        return Err(bad());
    }
    Ok(Key::Raw(raw))
}

fn bad() -> Error {
    Error::new(
        ErrorCode::BadRequest,
        "This cannot be a management key: it has 32, 48 or 64 hexadecimal digits. Nothing was sent.",
    )
}
