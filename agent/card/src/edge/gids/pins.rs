//! PINs: how they stand, verifying, changing, unblocking with a PUK, logging out (sections 9.1 and 9.2).

use shared::model::{PinCharacters, PinKind, PinPolicy, PinStatus, PinType, PolicySource, Role};
use shared::secret::Pin;
use zeroize::Zeroizing;

use super::cardcf::{Bump, bumped};
use super::keys::APPLICATION;
use super::{Gids, select_application};
use crate::apdu::{Command, Data, StatusWord};
use crate::error::{Error, Result};
use crate::pin_pad::{Asked, Block, Form};
use crate::smart_card::PinEntry;
use crate::tlv;

/// Reference of the PIN.
const PIN: u8 = 0x80;
/// The reference that stands for logging out.
const LOG_OUT: u8 = 0x82;
/// Object: state of the PIN.
const PIN_STATE: u16 = 0x7F71;
/// Object: state of the PUK, on cards that have one.
const PUK_STATE: u16 = 0x7F73;
/// Characters of a PIN that cards are assumed to take: GidsApplet's limits (section 9.1).
const MIN_PIN: u8 = 4;
const MAX_PIN: u8 = 16;
/// The command's name.
const RESET_RETRY_COUNTER: &str = "RESET RETRY COUNTER";
/// More than any card takes; two of them fit into one command.
const MAX_LENGTH: usize = 127;

/// What a card tells of a PIN or PUK.
struct Tries {
    left: Option<u8>,
    max: Option<u8>,
}

impl Gids<'_> {
    /// The PIN, and who is there to unblock it: the administrator's key, or the PUK where there is one.
    pub(super) fn pin_states(&mut self) -> Result<Vec<PinStatus>> {
        let user = self.tries(PIN_STATE)?.unwrap_or(Tries { left: None, max: None });
        let puk = self.tries(PUK_STATE)?;
        let (pin_type, kind, policy) = match puk {
            Some(_) => (PinType::UnblockOnly, PinKind::Typed, Some(assumed_policy())),
            None => (PinType::Administrator, PinKind::ChallengeResponse, None),
        };
        let admin = puk.unwrap_or(Tries { left: None, max: None });
        Ok(vec![
            PinStatus {
                role: Role::USER,
                pin_type: PinType::PrimaryCardPin,
                kind: PinKind::Typed,
                tries_left: user.left,
                tries_max: user.max,
                blocked: user.left == Some(0),
                policy: Some(assumed_policy()),
                changed_by: vec![Role::USER],
                unblocked_by: vec![Role::ADMIN],
            },
            PinStatus {
                role: Role::ADMIN,
                pin_type,
                kind,
                tries_left: admin.left,
                tries_max: admin.max,
                blocked: admin.left == Some(0),
                policy,
                changed_by: vec![Role::ADMIN],
                unblocked_by: Vec::new(),
            },
        ])
    }

    /// `None` when the card says that it has no such object. Every other answer is an error: who relies on the
    /// tries must not take a card that failed to tell them for one that does not count.
    ///
    /// # Errors
    /// [`Error::Unexpected`], and [`Error::Malformed`] for a state without the tries left.
    fn tries(&mut self, object: u16) -> Result<Option<Tries>> {
        let [high, low] = object.to_be_bytes();
        let response = self.get_data(APPLICATION, &[0x5C, 2, high, low])?;
        match response.status {
            StatusWord::OK => {}
            StatusWord::NOT_FOUND | StatusWord::FILE_NOT_FOUND | StatusWord(0x6A86) => return Ok(None),
            // What GidsApplet says to a name that it does not know (section 12, item 8). It knows the PIN's.
            StatusWord::DATA_INVALID if object == PUK_STATE => return Ok(None),
            status => return Err(Error::Unexpected { command: "GET DATA", status: status.0 }),
        }
        let state = tlv::find(&response.data, u32::from(object)).unwrap_or(&response.data);
        let byte = |tag| match tlv::find(state, tag) {
            Some([byte]) => Some(*byte),
            _ => None,
        };
        let left = byte(0x97).or_else(|| byte(0x9F17)).ok_or(Error::Malformed("GET DATA"))?;
        Ok(Some(Tries { left: Some(left), max: byte(0x93) }))
    }

    /// VERIFY, once.
    pub(super) fn verify_pin(&mut self, role: Role, pin: PinEntry<'_>) -> Result<()> {
        check_role(role)?;
        check_length(pin)?;
        self.logged_in = true;
        let status = self.present("VERIFY", 0x20, 0x00, pin, Asked::Pin)?;
        if status == StatusWord::OK {
            return Ok(());
        }
        self.logged_in = false;
        Err(match status {
            StatusWord::LENGTH | StatusWord::WRONG_DATA => Error::PinRefused,
            status => wrong(role, "VERIFY", status),
        })
    }

    /// VERIFY of the current PIN, and only when that was right CHANGE REFERENCE DATA with the same: the card
    /// takes old and new as one string and splits it by the length of the PIN it has, so that a wrong old one
    /// could set a new PIN which nobody typed (section 9.2). On the reader the old one would have to be typed a second
    /// time, and could be wrong then: there the other form is used, which takes the new one alone after VERIFY.
    pub(super) fn verify_and_change(
        &mut self,
        role: Role,
        current: PinEntry<'_>,
        new: PinEntry<'_>,
    ) -> Result<()> {
        check_role(role)?;
        check_length(new)?;
        self.verify_pin(role, current)?;
        self.bump_pins()?;
        let name = "CHANGE REFERENCE DATA";
        let status = match (current, new) {
            (PinEntry::Typed(current), PinEntry::Typed(new)) => {
                let both = joined(current, new);
                self.applet.send(&command(name, 0x24, 0x00, Data::Sensitive(&both)))?.status
            }
            _ => self.present(name, 0x24, 0x01, new, Asked::New)?,
        };
        match status {
            StatusWord::OK => Ok(()),
            // The current PIN has just been accepted, so a counter in the answer (63Cx) speaks of the lengths:
            // GidsApplet gives it without counting. 6985 is what cards with a history of PINs say.
            StatusWord::LENGTH | StatusWord::WRONG_DATA | StatusWord::CONDITIONS => Err(Error::PinRefused),
            status if status.counter().is_some() => Err(Error::PinRefused),
            StatusWord(0x6A86) => Err(Error::NotSupported("it takes no new PIN from the reader")),
            status => Err(wrong(role, name, status)),
        }
    }

    /// Sends a command that carries one PIN, or lets that be typed on the reader.
    fn present(
        &mut self,
        name: &'static str,
        instruction: u8,
        mode: u8,
        pin: PinEntry<'_>,
        asked: Asked,
    ) -> Result<StatusWord> {
        let response = match pin {
            PinEntry::Typed(pin) => {
                self.applet.send(&command(name, instruction, mode, Data::Sensitive(pin.bytes())))
            }
            PinEntry::Pad => {
                self.applet.enter_pin(&command(name, instruction, mode, Data::None), &form(asked))
            }
        };
        Ok(response?.status)
    }

    /// RESET RETRY COUNTER with a PUK, in its ISO form. Nothing is sent to a card that shows no PUK.
    pub(super) fn unblock_with_puk(
        &mut self,
        role: Role,
        puk: PinEntry<'_>,
        new: PinEntry<'_>,
    ) -> Result<()> {
        check_role(role)?;
        check_length(puk)?;
        check_length(new)?;
        let Some(before) = self.tries(PUK_STATE)? else {
            return Err(Error::NotSupported(
                "this card has no PUK; it is unblocked with its administrator key",
            ));
        };
        let status = match (puk, new) {
            (PinEntry::Typed(puk), PinEntry::Typed(new)) => {
                let both = joined(puk, new);
                self.applet.send(&command(RESET_RETRY_COUNTER, 0x2C, 0x00, Data::Sensitive(&both)))?.status
            }
            (PinEntry::Pad, PinEntry::Pad) => {
                self.present(RESET_RETRY_COUNTER, 0x2C, 0x00, PinEntry::Pad, Asked::PinAndNew)?
            }
            _ => return Err(Error::NotSupported("PUK and PIN must be typed in the same place")),
        };
        match status {
            StatusWord::OK => self.confirm_unblocked(),
            StatusWord::LENGTH | StatusWord::WRONG_DATA => Err(Error::PinRefused),
            // No try is gone: the card has not come to the PUK, since both together are too long or too short for it.
            status if before.left.is_some() && status.counter() == before.left => Err(Error::PinRefused),
            status => Err(wrong(Role::ADMIN, RESET_RETRY_COUNTER, status)),
        }
    }

    /// RESET RETRY COUNTER as the administrator, whose response has just been accepted.
    pub(super) fn set_pin_as_administrator(&mut self, new: PinEntry<'_>) -> Result<()> {
        match self.present(RESET_RETRY_COUNTER, 0x2C, 0x02, new, Asked::New)? {
            StatusWord::OK => self.confirm_unblocked(),
            StatusWord::LENGTH | StatusWord::WRONG_DATA => Err(Error::PinRefused),
            status => Err(Error::Unexpected { command: RESET_RETRY_COUNTER, status: status.0 }),
        }
    }

    /// Looks at the tries, which are all back when the card has done what it said. Verifying the new PIN would
    /// tell more, at the price of a second command with a PIN for what was typed once. A card that does not tell
    /// its tries now has nevertheless said that the new PIN is set.
    fn confirm_unblocked(&mut self) -> Result<()> {
        match self.tries(PIN_STATE) {
            Ok(Some(Tries { left: Some(0), .. })) => Err(Error::PinBlocked { role: Role::USER }),
            Err(error @ Error::Transport(_)) => Err(error),
            _ => Ok(()),
        }
    }

    /// Tells other programs that a PIN changes, before it does (section 6). Whoever is refused a counter still
    /// wants the PIN changed, and programs that rely on it will at worst ask for the PIN once more: a refusal
    /// by the card is ignored, and only the loss of the card ends the matter.
    pub(super) fn bump_pins(&mut self) -> Result<()> {
        match self.try_to_bump_pins() {
            Err(error @ Error::Transport(_)) => Err(error),
            _ => Ok(()),
        }
    }

    fn try_to_bump_pins(&mut self) -> Result<()> {
        let Some(at) = self.masterfile()?.find("", "cardcf") else { return Ok(()) };
        let cardcf = self.read(at)?.unwrap_or_default();
        self.put(at, &bumped(&cardcf, Bump::Pins))
    }

    /// Ends every login (section 9.1). A card that does not know the command is selected anew, which does the
    /// same.
    pub(super) fn log_out(&mut self) -> Result<()> {
        self.logged_in = false;
        let response = self.applet.send(&Command {
            name: "VERIFY",
            instruction: 0x20,
            parameters: [0, LOG_OUT],
            data: Data::None,
            expects: false,
        })?;
        if response.status != StatusWord::OK {
            select_application(&mut self.applet)?;
        }
        Ok(())
    }
}

/// A command about the PIN.
fn command<'d>(name: &'static str, instruction: u8, mode: u8, data: Data<'d>) -> Command<'d> {
    Command { name, instruction, parameters: [mode, PIN], data, expects: false }
}

/// How PINs are typed on the reader: as they are, without padding.
fn form(asked: Asked) -> Form {
    Form { asked, min: MIN_PIN, max: MAX_PIN, block: Block::Bare }
}

/// No GIDS card publishes a policy; these are the limits of GidsApplet (section 9.1).
fn assumed_policy() -> PinPolicy {
    PinPolicy {
        min_length: MIN_PIN,
        max_length: MAX_PIN,
        characters: PinCharacters::Ascii,
        complexity: None,
        source: PolicySource::Assumed,
    }
}

/// There is one PIN. The administrator has a key, which is neither typed nor changed here.
pub(super) fn check_role(role: Role) -> Result<()> {
    match role {
        Role::USER => Ok(()),
        Role::ADMIN => Err(Error::NotSupported("the administrator's key of this card is not a PIN")),
        Role(other) => Err(Error::NotFound(format!("PIN {other}"))),
    }
}

/// An empty PIN never reaches a card, where it would be a query; nor one so long that it would be chained.
/// What is typed on the reader is for the reader to measure.
pub(super) fn check_length(pin: PinEntry<'_>) -> Result<()> {
    match pin {
        PinEntry::Typed(pin) if pin.is_empty() || pin.bytes().len() > MAX_LENGTH => Err(Error::PinRefused),
        PinEntry::Typed(_) | PinEntry::Pad => Ok(()),
    }
}

fn joined(first: &Pin, second: &Pin) -> Zeroizing<Vec<u8>> {
    let mut both = Zeroizing::new(Vec::with_capacity(first.bytes().len() + second.bytes().len()));
    both.extend_from_slice(first.bytes());
    both.extend_from_slice(second.bytes());
    both
}

/// What a refusal of a PIN or PUK means. 63CF stands for fifteen or more.
pub(super) fn wrong(role: Role, command: &'static str, status: StatusWord) -> Error {
    match (status, status.counter()) {
        (_, Some(tries)) => Error::WrongPin { role, tries_left: Some(tries).filter(|tries| *tries < 15) },
        (StatusWord::BLOCKED, _) => Error::PinBlocked { role },
        (StatusWord::DATA_INVALID | StatusWord::NOT_FOUND, _) => Error::NotFound(format!("PIN {}", role.0)),
        _ => Error::Unexpected { command, status: status.0 },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_refusal_means() {
        for (status, meaning) in [
            (0x63C2, "WrongPin { role: Role(1), tries_left: Some(2) }"),
            (0x63C0, "WrongPin { role: Role(1), tries_left: Some(0) }"),
            (0x63CF, "WrongPin { role: Role(1), tries_left: None }"),
            (0x6983, "PinBlocked { role: Role(1) }"),
            (0x6A88, "NotFound(\"PIN 1\")"),
            (0x6984, "NotFound(\"PIN 1\")"),
            (0x6F00, "Unexpected { command: \"VERIFY\", status: 28416 }"),
            (0x6302, "Unexpected { command: \"VERIFY\", status: 25346 }"),
        ] {
            assert_eq!(format!("{:?}", wrong(Role::USER, "VERIFY", StatusWord(status))), meaning);
        }
    }
}
