//! PIN, PUK and global PIN: how they stand, verifying, changing, unblocking with the PUK, logging out (SP 800-73-4
//! part 2, section 3.2; card-piv.md 3 and 9).

use shared::model::{PinKind, PinPolicy, PinStatus, PinType, Role};
use shared::secret::Pin;
use zeroize::Zeroizing;

use super::Piv;
use super::admin_data::AdminData;
use super::discovery::Discovery;
use super::metadata::Told;
use super::objects::ObjectId;
use crate::apdu::{Command, Data, Response, StatusWord};
use crate::error::{Error, Result};
use crate::pin_pad::{Asked, Block, Form};
use crate::smart_card::PinEntry;

/// Key reference of the global PIN.
const GLOBAL_PIN: u8 = 0x00;
/// Key reference of the PIN.
pub(super) const PIN: u8 = 0x80;
/// Key reference of the PUK.
pub(super) const PUK: u8 = 0x81;
/// Bytes of a PIN or PUK in a command.
const LENGTH: usize = 8;
/// What fills it up.
const PADDING: u8 = 0xFF;
/// Fewest and most characters that are ever sent.
const CHARACTERS: std::ops::RangeInclusive<usize> = 6..=LENGTH;

const VERIFY: &str = "VERIFY";
const CHANGE: &str = "CHANGE REFERENCE DATA";
const UNBLOCK: &str = "RESET RETRY COUNTER";

/// How a PIN or PUK stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tries {
    left: Option<u8>,
    max: Option<u8>,
}

impl Tries {
    fn blocked(self) -> bool {
        self.left == Some(0)
    }
}

impl Piv<'_> {
    /// The PINs that the card has. Uses no try: counters come from GET METADATA, or for the PINs from a VERIFY without
    /// data. No card tells the PUK's otherwise.
    pub(super) fn pin_states(&mut self) -> Result<Vec<PinStatus>> {
        let vendor = self.vendor()?;
        let discovery = self.get_if_readable(ObjectId::DISCOVERY)?;
        let discovery = Discovery::parse(&discovery.unwrap_or_default());
        let puk = self.puk_tries()?;
        let unblocked_by = match puk {
            Some(puk) if !puk.blocked() => vec![Role::ADMIN],
            _ => Vec::new(),
        };
        let mut all = Vec::new();
        let mut add = |role, pin_type, tries: Tries, policy: PinPolicy, unblocked_by| {
            all.push(PinStatus {
                role,
                pin_type,
                kind: PinKind::Typed,
                tries_left: tries.left,
                tries_max: tries.max,
                blocked: tries.blocked(),
                policy: Some(policy),
                changed_by: vec![role],
                unblocked_by,
            });
        };
        if let Some(pin) = self.pin_tries(PIN)? {
            add(Role::USER, PinType::PrimaryCardPin, pin, vendor.pin_policy(), unblocked_by);
        }
        if let Some(puk) = puk {
            add(Role::ADMIN, PinType::UnblockOnly, puk, vendor.puk_policy(), Vec::new());
        }
        if discovery.global_pin
            && let Some(global) = self.pin_tries(GLOBAL_PIN)?
        {
            add(Role::GLOBAL, PinType::Authentication, global, vendor.pin_policy(), Vec::new());
        }
        Ok(all)
    }

    /// `None` when the card says that it has no such PIN.
    fn pin_tries(&mut self, reference: u8) -> Result<Option<Tries>> {
        if reference != GLOBAL_PIN
            && let Told::Known(metadata) = self.metadata(reference)?
            && let Some(left) = metadata.tries_left
        {
            return Ok(Some(Tries { left: Some(left), max: metadata.tries_max }));
        }
        let mut response = self.applet.send(&verify(reference, Data::None))?;
        // A login hides how many tries are left, and with that the last one: ours, or one that has outlived the SELECT of
        // this transaction, as on a Nitrokey. On other cards selecting the application has ended those of others.
        if response.status == StatusWord::OK {
            self.logged_in.remove(&reference);
            self.verified &= reference != PIN;
            self.applet.send(&log_out(reference))?;
            response = self.applet.send(&verify(reference, Data::None))?;
        }
        let left = what_is_left(response.status, self.vendor()?.counts_in_630x())?;
        Ok(left.map(|left| Tries { left, max: None }))
    }

    /// `None` when the card has no PUK: YubiKey Bio, which is unblocked with a finger. A PUK that was blocked on
    /// purpose, as Yubico's minidriver does on first use, is noted in ADMIN DATA, which counts where the card itself
    /// does not tell.
    fn puk_tries(&mut self) -> Result<Option<Tries>> {
        match self.metadata(PUK)? {
            Told::Known(metadata) if metadata.tries_left.is_some() => {
                return Ok(Some(Tries { left: metadata.tries_left, max: metadata.tries_max }));
            }
            Told::Absent => return Ok(None),
            _ => {}
        }
        let blocked = self.puk_blocked_on_purpose()?;
        Ok(Some(Tries { left: blocked.then_some(0), max: None }))
    }

    /// Whether ADMIN DATA say so.
    pub(super) fn puk_blocked_on_purpose(&mut self) -> Result<bool> {
        if !self.vendor()?.stores_admin_data() {
            return Ok(false);
        }
        let contents = self.get_if_readable(ObjectId::ADMIN_DATA)?;
        Ok(contents.is_some_and(|contents| AdminData::parse(&contents).puk_blocked))
    }

    /// VERIFY, once.
    pub(super) fn verify_pin(&mut self, role: Role, pin: PinEntry<'_>) -> Result<()> {
        let reference = match role {
            Role::USER => PIN,
            Role::GLOBAL => GLOBAL_PIN,
            Role::ADMIN => {
                return Err(Error::NotSupported("the PUK of this card does nothing but unblock it"));
            }
            Role(other) => return Err(Error::NotFound(format!("PIN {other}"))),
        };
        let block = match pin {
            PinEntry::Typed(pin) => Some(padded(pin)?),
            PinEntry::Pad => None,
        };
        // Also when the answer is lost.
        let is_first = self.logged_in.insert(reference);
        let response = match &block {
            Some(block) => self.applet.send(&verify(reference, Data::Sensitive(&**block)))?,
            None => self.enter_on_pad(&verify(reference, Data::None), Asked::Pin)?,
        };
        self.forget_metadata(reference);
        if response.status == StatusWord::OK {
            self.verified |= reference == PIN;
            return Ok(());
        }
        // A Nitrokey that has accepted the PIN before stays verified.
        if is_first {
            self.logged_in.remove(&reference);
        }
        self.verified &= reference != PIN;
        Err(self.refusal(role, reference, VERIFY, response.status)?)
    }

    /// CHANGE REFERENCE DATA, once. Cards look at the new value after the present one was right, or before both: a new
    /// one that they refuse costs no try (card-piv.md 11), and one that can be refused here never gets to them beside
    /// a present one that may be wrong.
    pub(super) fn change_reference_data(
        &mut self,
        role: Role,
        current: PinEntry<'_>,
        new: PinEntry<'_>,
    ) -> Result<()> {
        let vendor = self.vendor()?;
        let (reference, policy) = match role {
            Role::USER => (PIN, vendor.pin_policy()),
            Role::ADMIN => (PUK, vendor.puk_policy()),
            Role::GLOBAL => (GLOBAL_PIN, vendor.pin_policy()),
            Role(other) => return Err(Error::NotFound(format!("PIN {other}"))),
        };
        if reference != PUK {
            // The change verifies it as well (SP 800-73-4 part 2, section 3.2.2).
            self.logged_in.insert(reference);
        }
        let response = self.send_both(CHANGE, [0x24, reference], &policy, current, new)?;
        self.forget_metadata(reference);
        match response.status {
            StatusWord::OK => Ok(()),
            status => Err(self.refusal(role, reference, CHANGE, status)?),
        }
    }

    /// RESET RETRY COUNTER with the PUK, once.
    pub(super) fn unblock_with_puk(
        &mut self,
        role: Role,
        puk: PinEntry<'_>,
        new: PinEntry<'_>,
    ) -> Result<()> {
        match role {
            Role::USER => {}
            Role::GLOBAL => return Err(Error::NotSupported("its PUK unblocks the card's own PIN only")),
            Role::ADMIN => return Err(Error::NotSupported("nothing unblocks its PUK")),
            Role(other) => return Err(Error::NotFound(format!("PIN {other}"))),
        }
        if self.metadata(PUK)? == Told::Absent {
            return Err(NO_PUK);
        }
        let policy = self.vendor()?.pin_policy();
        let response = self.send_both(UNBLOCK, [0x2C, PIN], &policy, puk, new)?;
        self.forget_metadata(PIN);
        self.forget_metadata(PUK);
        match response.status {
            StatusWord::OK => self.confirm_unblocked(),
            StatusWord(0x6D00) => Err(NO_PUK),
            status => Err(self.refusal(Role::ADMIN, PUK, UNBLOCK, status)?),
        }
    }

    /// Looks at the tries, which are all back when the card has done what it said. Verifying the new PIN would tell
    /// more, at the price of a second command with a PIN for what was typed once. A card that does not tell its tries
    /// has nevertheless said that the new PIN is set.
    fn confirm_unblocked(&mut self) -> Result<()> {
        match self.pin_tries(PIN) {
            Ok(Some(tries)) if tries.blocked() => Err(Error::PinBlocked { role: Role::USER }),
            Err(error @ Error::Transport(_)) => Err(error),
            _ => Ok(()),
        }
    }

    /// Sends two PINs or PUKs, the first of which may cost a try.
    fn send_both(
        &mut self,
        name: &'static str,
        [instruction, reference]: [u8; 2],
        policy: &PinPolicy,
        present: PinEntry<'_>,
        new: PinEntry<'_>,
    ) -> Result<Response> {
        let command = |data| Command { name, instruction, parameters: [0, reference], data, expects: false };
        match (present, new) {
            (PinEntry::Typed(present), PinEntry::Typed(new)) => {
                policy.check(new).map_err(|_| Error::PinRefused)?;
                let (present, new) = (padded(present)?, padded(new)?);
                let mut both = Zeroizing::new([PADDING; 2 * LENGTH]);
                both.iter_mut().zip(present.iter().chain(new.iter())).for_each(|(to, from)| *to = *from);
                self.applet.send(&command(Data::Sensitive(&*both)))
            }
            (PinEntry::Pad, PinEntry::Pad) => self.enter_on_pad(&command(Data::None), Asked::PinAndNew),
            _ => Err(Error::NotSupported("both are typed on the reader, or none of them")),
        }
    }

    fn enter_on_pad(&mut self, command: &Command<'_>, asked: Asked) -> Result<Response> {
        let block = Block::Padded { size: 8, with: PADDING };
        self.applet.enter_pin(command, &Form { asked, min: 6, max: 8, block })
    }

    /// What a refusal means. Where the answer does not tell how many tries are left, the card is asked, which uses
    /// none.
    fn refusal(
        &mut self,
        role: Role,
        reference: u8,
        command: &'static str,
        status: StatusWord,
    ) -> Result<Error> {
        let [high, low] = status.0.to_be_bytes();
        Ok(match (status, status.counter()) {
            (_, Some(left)) => Error::WrongPin { role, tries_left: Some(left).filter(|left| *left < 15) },
            (_, None) if high == 0x63 && low <= 0x0F => {
                let told = Some(low).filter(|_| self.vendor().is_ok_and(|vendor| vendor.counts_in_630x()));
                let tries_left = match (told, reference) {
                    (Some(left), _) => Some(left),
                    (None, PUK) => self.puk_tries()?.and_then(|tries| tries.left),
                    (None, _) => self.pin_tries(reference)?.and_then(|tries| tries.left),
                };
                Error::WrongPin { role, tries_left }
            }
            (StatusWord::BLOCKED, _) => Error::PinBlocked { role },
            // 6985 is what YubiKeys say to PINs that are easy to guess.
            (StatusWord::WRONG_DATA | StatusWord::LENGTH, _) => Error::PinRefused,
            (StatusWord::CONDITIONS, _) if command != VERIFY => Error::PinRefused,
            (StatusWord::DATA_INVALID | StatusWord::NOT_FOUND, _) => {
                Error::NotFound(format!("PIN {}", role.0))
            }
            _ => Error::Unexpected { command, status: status.0 },
        })
    }

    /// Ends every login (card-piv.md 3): by the command for it, and by selecting the application anew. That is for cards
    /// that do not know the command, or that take it for a question and answer 9000 while they stay verified, and it is
    /// the only end of a proved management key. A Nitrokey forgets nothing then: its management key stays proved until
    /// it is unplugged.
    pub(super) fn log_out(&mut self) -> Result<()> {
        self.verified = false;
        let mut select = std::mem::take(&mut self.managed);
        for reference in std::mem::take(&mut self.logged_in) {
            select = true;
            self.applet.send(&log_out(reference))?;
        }
        if select {
            super::select_application(&mut self.applet)?;
        }
        Ok(())
    }
}

const NO_PUK: Error = Error::NotSupported("it has no PUK");

fn verify(reference: u8, data: Data<'_>) -> Command<'_> {
    Command { name: VERIFY, instruction: 0x20, parameters: [0, reference], data, expects: false }
}

/// The command that ends a login (SP 800-73-4 part 2, section 3.2.1).
fn log_out(reference: u8) -> Command<'static> {
    Command {
        name: VERIFY,
        instruction: 0x20,
        parameters: [0xFF, reference],
        data: Data::None,
        expects: false,
    }
}

/// A PIN or PUK as it is sent. One that is shorter or longer than any card takes is not.
fn padded(pin: &Pin) -> Result<Zeroizing<[u8; LENGTH]>> {
    let bytes = pin.bytes();
    if !CHARACTERS.contains(&bytes.len()) {
        return Err(Error::PinRefused);
    }
    let mut block = Zeroizing::new([PADDING; LENGTH]);
    block.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    Ok(block)
}

/// What the answer to a VERIFY without data says (known-bugs.md F.1): `None` that there is no such PIN, `Some(None)`
/// that the card does not tell how many tries are left.
///
/// # Errors
/// [`Error::Unexpected`]: who relies on the tries must not take a card that failed to tell them for one that does not
/// count.
fn what_is_left(status: StatusWord, counts_in_630x: bool) -> Result<Option<Option<u8>>> {
    let [high, low] = status.0.to_be_bytes();
    Ok(match (status, status.counter()) {
        // 15 stands for 15 or more.
        (_, Some(left)) => Some(Some(left).filter(|left| *left < 15)),
        (_, None) if high == 0x63 && low <= 0x0F => Some(Some(low).filter(|_| counts_in_630x)),
        (StatusWord::BLOCKED, _) => Some(Some(0)),
        // Verified already, so nothing is said of tries.
        (StatusWord::OK, _) => Some(None),
        // A card that does not know the question.
        (StatusWord::WRONG_DATA | StatusWord::LENGTH | StatusWord::NOT_SUPPORTED | StatusWord(0x6A86), _) => {
            Some(None)
        }
        (StatusWord::DATA_INVALID | StatusWord::NOT_FOUND, _) => None,
        _ => return Err(Error::Unexpected { command: VERIFY, status: status.0 }),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::*;

    /// known-bugs.md F.1, row by row.
    #[test]
    fn what_the_answer_to_a_query_means() {
        for (status, counts, left) in [
            (0x63C3, false, Some(Some(3))),
            (0x63CE, false, Some(Some(14))),
            (0x63C0, false, Some(Some(0))),
            (0x63CF, false, Some(None)),
            (0x9000, false, Some(None)),
            (0x6A80, false, Some(None)),
            (0x6300, false, Some(None)),
            (0x6302, false, Some(None)),
            (0x6302, true, Some(Some(2))),
            (0x6983, false, Some(Some(0))),
            (0x6984, false, None),
            (0x6A88, false, None),
        ] {
            assert_eq!(what_is_left(StatusWord(status), counts).unwrap(), left, "{status:04X}");
        }
        for status in [0x6F00, 0x6982, 0x6D00, 0x6381, 0x6985] {
            assert!(
                matches!(what_is_left(StatusWord(status), true), Err(Error::Unexpected { .. })),
                "{status:04X}"
            );
        }
    }

    #[test]
    fn padding() {
        assert_eq!(*padded(&Pin::from(&b"123456"[..])).unwrap(), *b"123456\xFF\xFF");
        assert_eq!(*padded(&Pin::from(&b"12345678"[..])).unwrap(), *b"12345678");
        for pin in ["", "12345", "123456789"] {
            assert!(matches!(padded(&Pin::from(pin.as_bytes())), Err(Error::PinRefused)), "{pin}");
        }
    }
}
