//! Commands that write, move and use keys (SP 800-73-4 part 2, sections 3.2.4 and 3.3.1; card-piv.md 5).

use shared::model::{KeyAlgorithm, PinUse, TouchUse};

use super::metadata::{Metadata, Told};
use super::slot::Slot;
use super::vendor::Product;
use super::{Piv, algorithm};
use crate::apdu::{Command, Data, Response, StatusWord};
use crate::error::{Error, Result};
use crate::key::{PublicKey, Scheme, Signature};
use crate::tlv;

/// Where MOVE KEY deletes to.
const NOWHERE: u8 = 0xFF;

/// How a key did that was tried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trial {
    /// It is the one.
    Right,
    /// It is another one, or none.
    Wrong,
    /// The card wants the PIN before it lets it be used, or it cannot sign.
    Untold,
}

impl Piv<'_> {
    /// IMPORT ASYMMETRIC KEY. Overwrites without asking.
    ///
    /// # Errors
    /// [`Error::ManagementKeyNeeded`], [`Error::KeyNotSupported`], [`Error::CardFull`], [`Error::Unexpected`].
    pub(super) fn import_key(&mut self, slot: Slot, algorithm: u8, data: &[u8]) -> Result<()> {
        self.forget_key(slot);
        let command = Command {
            name: "IMPORT ASYMMETRIC KEY",
            instruction: 0xFE,
            parameters: [algorithm, slot.reference()],
            data: Data::Sensitive(data),
            expects: false,
        };
        let response = self.applet.send(&command)?;
        refusal(&command, response.status).map_or(Ok(()), Err)
    }

    /// GENERATE ASYMMETRIC KEY PAIR. Overwrites without asking. The policies are as usual for the slot unless given.
    ///
    /// # Errors
    /// As for `import_key`; [`Error::Malformed`] when the card does not show what it has made.
    pub(super) fn generate_key(
        &mut self,
        slot: Slot,
        kind: KeyAlgorithm,
        pin_use: Option<PinUse>,
        touch_use: Option<TouchUse>,
    ) -> Result<PublicKey> {
        self.forget_key(slot);
        let identifier = algorithm::identifier(kind).ok_or_else(|| unknown(kind))?;
        let mut template = tlv::object(0x80, &[identifier]);
        for (tag, policy) in [(0xAA, pin_use.map(pin_policy)), (0xAB, touch_use.map(touch_policy))] {
            policy.iter().for_each(|policy| tlv::put(&mut template, tag, &[*policy]));
        }
        let command = Command {
            name: GENERATE,
            instruction: 0x47,
            parameters: [0x00, slot.reference()],
            data: Data::Plain(&tlv::object(0xAC, &template)),
            expects: true,
        };
        let response = self.applet.send(&command)?;
        if let Some(refusal) = refusal(&command, response.status) {
            return Err(refusal);
        }
        algorithm::public_key(kind, &response.data).ok_or(Error::Malformed(GENERATE))
    }

    /// MOVE KEY, to a slot without a key.
    ///
    /// # Errors
    /// [`Error::ManagementKeyNeeded`], [`Error::NotFound`], [`Error::Unexpected`].
    pub(super) fn move_slot(&mut self, from: Slot, to: Slot) -> Result<()> {
        self.forget_key(to);
        self.move_key_command(from, to.reference())
    }

    /// Deletes a key, with the same command.
    ///
    /// # Errors
    /// As for `move_slot`.
    pub(super) fn delete_key(&mut self, slot: Slot) -> Result<()> {
        self.move_key_command(slot, NOWHERE)
    }

    fn move_key_command(&mut self, from: Slot, to: u8) -> Result<()> {
        self.forget_key(from);
        let response = self.applet.send(&Command {
            name: "MOVE KEY",
            instruction: 0xF6,
            parameters: [to, from.reference()],
            data: Data::None,
            expects: false,
        })?;
        match response.status {
            StatusWord::OK => Ok(()),
            StatusWord::SECURITY => Err(Error::ManagementKeyNeeded),
            StatusWord::NOT_FOUND => Err(Error::NotFound(format!("key in slot {from}"))),
            status => Err(Error::Unexpected { command: "MOVE KEY", status: status.0 }),
        }
    }

    /// GENERAL AUTHENTICATE with the key of a slot: the private-key operation and nothing else.
    ///
    /// # Errors
    /// Those of the transport.
    pub(super) fn use_key(&mut self, slot: Slot, algorithm: u8, input: &[u8]) -> Result<Response> {
        let mut template = vec![0x82, 0x00];
        tlv::put(&mut template, 0x81, input);
        self.applet.send(&Command {
            name: USE,
            instruction: 0x87,
            parameters: [algorithm, slot.reference()],
            data: Data::Plain(&tlv::object(0x7C, &template)),
            expects: true,
        })
    }

    /// Whether the key in a slot is the private half of this one: by what it makes of a random message.
    ///
    /// # Errors
    /// Those of the transport; [`Error::Untouched`].
    pub(super) fn try_key(&mut self, slot: Slot, key: &PublicKey) -> Result<Trial> {
        let mut message = [0; 32];
        getrandom::fill(&mut message)
            .map_err(|_| Error::NotSupported("this machine has no random numbers"))?;
        let input = Scheme::of(key.algorithm()).and_then(|scheme| scheme.input(key, &message));
        let (Some(input), Some(identifier)) = (input, algorithm::identifier(key.algorithm())) else {
            return Ok(Trial::Untold);
        };
        let response = self.use_key(slot, identifier, &input)?;
        Ok(match response.status {
            StatusWord::OK => {
                let signature =
                    answer(&response).and_then(|answer| Signature::verified(key, &message, answer));
                if signature.is_some() { Trial::Right } else { Trial::Wrong }
            }
            StatusWord::CONDITIONS if self.may_want_touch(slot)? => return Err(Error::Untouched),
            StatusWord::SECURITY => Trial::Untold,
            // No key, or one of another algorithm: every card has another word for it, Nitrokey 6400 and 6985.
            _ => Trial::Wrong,
        })
    }

    /// Whether the key of a slot may want the device to be touched.
    ///
    /// # Errors
    /// Those of the transport.
    pub(super) fn may_want_touch(&mut self, slot: Slot) -> Result<bool> {
        Ok(match self.metadata(slot.reference())? {
            Told::Known(Metadata { touch_use: Some(touch), .. }) => touch != TouchUse::Never,
            _ => self.vendor()?.product == Product::YubiKey,
        })
    }

    /// Forgets what was known of the key in a slot, since it is about to change.
    fn forget_key(&mut self, slot: Slot) {
        self.forget_metadata(slot.reference());
        if self.proved.as_ref().is_some_and(|(proved, _)| *proved == slot) {
            self.proved = None;
        }
    }
}

const GENERATE: &str = "GENERATE ASYMMETRIC KEY PAIR";
pub(super) const USE: &str = "GENERAL AUTHENTICATE";

/// What the card made of the input.
pub(super) fn answer(response: &Response) -> Option<&[u8]> {
    tlv::find(tlv::find(&response.data, 0x7C)?, 0x82)
}

/// Why no key was written; `None` when one was.
fn refusal(command: &Command<'_>, status: StatusWord) -> Option<Error> {
    Some(match status {
        StatusWord::OK => return None,
        StatusWord::SECURITY => Error::ManagementKeyNeeded,
        StatusWord::FULL => Error::CardFull("another key"),
        StatusWord::WRONG_DATA | StatusWord::NOT_SUPPORTED | StatusWord(0x6A86 | 0x6D00 | 0x6E00) => {
            Error::KeyNotSupported("it refuses keys of this kind in this slot".to_owned())
        }
        status => Error::Unexpected { command: command.name, status: status.0 },
    })
}

/// What a key of another kind is told.
pub(super) fn unknown(kind: KeyAlgorithm) -> Error {
    Error::KeyNotSupported(format!("PIV cards have no keys of the kind {kind}"))
}

fn pin_policy(pin_use: PinUse) -> u8 {
    match pin_use {
        PinUse::Never => 1,
        PinUse::Once => 2,
        PinUse::Always => 3,
        PinUse::MatchOnce => 4,
        PinUse::MatchAlways => 5,
    }
}

fn touch_policy(touch_use: TouchUse) -> u8 {
    match touch_use {
        TouchUse::Never => 1,
        TouchUse::Always => 2,
        TouchUse::Cached => 3,
    }
}
