//! Signing with a key of the card (SP 800-73-4 part 2, section 3.2.4; card-piv.md 5 and 14).

use shared::model::{PinUse, Role};

use super::keys::{USE, answer, unknown};
use super::metadata::{Metadata, Told};
use super::place::SlotKey;
use super::slot::Slot;
use super::{Piv, algorithm};
use crate::apdu::{Response, StatusWord};
use crate::error::{Error, Result};
use crate::key::{Scheme, Signature};
use crate::smart_card::PinEntry;

impl Piv<'_> {
    /// Signs, and checks the signature.
    pub(super) fn sign_with(
        &mut self,
        container: u8,
        message: &[u8],
        pin: Option<PinEntry<'_>>,
    ) -> Result<Signature> {
        let slot = self.chosen(container)?;
        let key = match self.slot_key(slot)? {
            SlotKey::Known(key) | SlotKey::Presumed(key) => key,
            SlotKey::None => return Err(Error::NotFound(format!("key in slot {slot}"))),
            SlotKey::Hidden | SlotKey::Unknown => {
                return Err(Error::NotSupported(
                    "it does not show which key is there, and no certificate tells",
                ));
            }
        };
        let kind = key.algorithm();
        let identifier = algorithm::identifier(kind).ok_or_else(|| unknown(kind))?;
        let input = Scheme::of(kind).and_then(|scheme| scheme.input(&key, message));
        let input = input.ok_or_else(|| Error::KeyNotSupported(format!("{kind} cannot sign")))?;
        let response = self.use_key_with_pin(slot, identifier, &input, pin)?;
        let signature = answer(&response).and_then(|answer| Signature::verified(&key, message, answer));
        signature.ok_or(Error::Malformed(USE))
    }

    /// Uses a key, with VERIFY directly before it where the key wants that, and once more where the card has
    /// forgotten that the PIN was verified: never both, and only a PIN that it has accepted in this transaction.
    fn use_key_with_pin(
        &mut self,
        slot: Slot,
        identifier: u8,
        input: &[u8],
        pin: Option<PinEntry<'_>>,
    ) -> Result<Response> {
        let told = match self.metadata(slot.reference())? {
            Told::Known(metadata) => metadata,
            Told::Unknown | Told::Absent | Told::NotSupported => Metadata::default(),
        };
        // As the standard has it (SP 800-73-4 part 1, table 4b) where the card does not tell.
        let pin_use = told.pin_use.unwrap_or(match slot {
            Slot::SIGNATURE => PinUse::Always,
            Slot::CARD_AUTHENTICATION => PinUse::Never,
            _ => PinUse::Once,
        });
        let mut again = pin.filter(|_| self.verified && pin_use != PinUse::Never);
        if matches!(pin_use, PinUse::Always | PinUse::MatchAlways)
            && let Some(pin) = again.take()
        {
            self.verify_pin(Role::USER, pin)?;
        }
        let mut response = self.use_key(slot, identifier, input)?;
        if response.status == StatusWord::SECURITY
            && let Some(pin) = again
        {
            self.verify_pin(Role::USER, pin)?;
            response = self.use_key(slot, identifier, input)?;
        }
        // Whoever has not verified the PIN is not told of a touch that nothing asked for.
        let touch = self.may_want_touch(slot)? && (self.verified || pin_use == PinUse::Never);
        match response.status {
            StatusWord::OK => Ok(response),
            StatusWord::SECURITY | StatusWord::CONDITIONS if touch => Err(Error::Untouched),
            status => Err(Error::Unexpected { command: USE, status: status.0 }),
        }
    }
}
