//! PIN, PUK and global PIN: VERIFY, CHANGE REFERENCE DATA, RESET RETRY COUNTER, SET PIN RETRIES (card-piv.md 3).

use zeroize::Zeroizing;

use super::command::Command;
use super::options::{Counter, Options};
use super::{Answer, FACTORY_PIN, FACTORY_PUK, Piv, VERIFY, status};

/// Key references.
const GLOBAL_PIN: u8 = 0x00;
pub(super) const PIN: u8 = 0x80;
pub(super) const PUK: u8 = 0x81;

/// Bytes of a PIN or PUK in a command, padded with FF.
const LENGTH: usize = 8;
/// The shortest PIN, without its padding.
const SHORTEST: usize = 6;

/// A PIN or PUK with its counter.
pub(super) struct Reference {
    /// Padded.
    value: Zeroizing<[u8; LENGTH]>,
    /// Tries left.
    pub left: u8,
    /// Tries after a success.
    pub max: u8,
    /// Whether it has been presented since the session began. Stays false for the PUK.
    pub verified: bool,
}

impl Reference {
    pub(super) fn new(value: &[u8], max: u8) -> Self {
        Self { value: padded(value), left: max, max, verified: false }
    }

    /// Whether this is the value, without its padding. Costs nothing: for the one who looks into the card.
    pub(super) fn is(&self, value: &[u8]) -> bool {
        value.len() <= LENGTH && *self.value == *padded(value)
    }

    /// Sets a value and lets the counter begin anew.
    pub(super) fn set(&mut self, value: &[u8]) {
        self.value = padded(value);
        self.left = self.max;
    }

    fn check(&mut self, value: &[u8]) -> bool {
        let right = self.value.as_slice() == value;
        if right {
            self.left = self.max;
        } else {
            self.left = self.left.saturating_sub(1);
            self.verified = false;
        }
        right
    }
}

/// The first 8 bytes, filled up with FF.
fn padded(value: &[u8]) -> Zeroizing<[u8; LENGTH]> {
    let mut bytes = Zeroizing::new([0xFF; LENGTH]);
    bytes.iter_mut().zip(value).for_each(|(room, byte)| *room = *byte);
    bytes
}

/// A padded value without its padding.
fn unpadded(value: &[u8]) -> &[u8] {
    let end = value.iter().rposition(|byte| *byte != 0xFF).map_or(0, |last| last + 1);
    value.get(..end).unwrap_or(value)
}

/// Whether a value can be a PIN, or with `puk` a PUK, of this card.
fn is_well_formed(options: &Options, puk: bool, value: &[u8]) -> bool {
    if puk && options.puk_binary {
        return true;
    }
    let characters = unpadded(value);
    let digits = if puk { options.puk_digits } else { options.pin_digits };
    characters.len() >= SHORTEST && (!digits || characters.iter().all(u8::is_ascii_digit))
}

/// Whether a value repeats one character, or counts up or down.
fn is_trivial(value: &[u8]) -> bool {
    let steps = |step: u8| {
        unpadded(value).windows(2).all(|pair| matches!(pair, [one, next] if one.wrapping_add(step) == *next))
    };
    steps(0) || steps(1) || steps(0xFF)
}

impl Piv {
    fn reference(&mut self, key_reference: u8) -> Result<&mut Reference, u16> {
        match key_reference {
            PIN => Ok(&mut self.pin),
            PUK => Ok(&mut self.puk),
            GLOBAL_PIN => self.global_pin.as_mut().ok_or(status::NO_REFERENCE),
            _ => Err(status::NO_REFERENCE),
        }
    }

    /// VERIFY; without data the state is asked for, and with P1 = FF ended.
    pub(super) fn verify(&mut self, command: &Command<'_>) -> Answer {
        let log_out = self.options.log_out;
        if command.p2 == PUK {
            return Err(status::NO_REFERENCE);
        }
        let reference = self.reference(command.p2)?;
        match (command.p1, command.data) {
            (0x00, []) => self.query(command.p2),
            (0x00, value) => {
                self.present(command, value)?;
                self.reference(command.p2)?.verified = true;
                self.session.fresh = true;
                Ok(Vec::new())
            }
            (0xFF, []) if log_out => {
                reference.verified = false;
                self.session.fresh = false;
                Ok(Vec::new())
            }
            _ => Err(status::PARAMETERS),
        }
    }

    fn query(&mut self, key_reference: u8) -> Answer {
        let (blocked, never_ok, answer) =
            (self.options.blocked_query, self.options.query_never_ok, self.options.query_answer);
        match self.reference(key_reference)? {
            reference if reference.verified && !never_ok => Ok(Vec::new()),
            _ if answer == status::OK => Ok(Vec::new()),
            _ if answer != 0 => Err(answer),
            reference if reference.left == 0 => Err(blocked),
            reference => Err(status::tries(reference.left)),
        }
    }

    /// Presents a value for the reference of a command: this is where tries are used.
    fn present(&mut self, command: &Command<'_>, value: &[u8]) -> Result<(), u16> {
        let (digits, length) = (self.options.pin_digits, self.options.pin_length_status);
        // RESET RETRY COUNTER names the PIN and presents the PUK.
        let presented = if command.instruction == 0x2C { PUK } else { command.p2 };
        let reference = self.reference(presented)?;
        if value.len() != LENGTH {
            return Err(length);
        }
        if reference.left == 0 {
            return Err(status::BLOCKED);
        }
        if digits && presented != PUK && !is_well_formed(&self.options, false, value) {
            return Err(status::WRONG_DATA);
        }
        let reference = self.reference(presented)?;
        if reference.check(value) {
            return Ok(());
        }
        let left = reference.left;
        if presented != PUK {
            self.session.fresh = false;
        }
        if self.options.erases_keys && self.pin.left == 0 && self.puk.left == 0 {
            self.slots.clear();
        }
        Err(self.wrong(command.instruction, left))
    }

    /// The answer to a wrong value.
    fn wrong(&self, instruction: u8, left: u8) -> u16 {
        match self.options.counter {
            _ if left == 0 && self.options.exhausted_at_once => status::BLOCKED,
            Counter::Told => status::tries(left),
            Counter::OnlyToVerify if instruction == VERIFY => status::tries(left),
            Counter::LowNibble => 0x6300 | u16::from(left.min(0x0F)),
            Counter::OnlyToVerify | Counter::Untold => 0x6300,
        }
    }

    /// CHANGE REFERENCE DATA. The new value is looked at after the old one was found right, so a bad one costs no
    /// try but gives all tries back (11).
    pub(super) fn change(&mut self, command: &Command<'_>) -> Answer {
        if command.p1 != 0 {
            return Err(status::PARAMETERS);
        }
        self.reference(command.p2)?;
        let (old, new) = self.halves(command)?;
        self.present(command, old)?;
        self.check_new(command.p2 == PUK, new)?;
        self.reference(command.p2)?.set(new);
        Ok(Vec::new())
    }

    /// RESET RETRY COUNTER: the PUK and a new PIN.
    pub(super) fn reset_retry_counter(&mut self, command: &Command<'_>) -> Answer {
        if command.p1 != 0 {
            return Err(status::PARAMETERS);
        }
        if command.p2 != PIN {
            return Err(status::NO_REFERENCE);
        }
        let (puk, new) = self.halves(command)?;
        self.present(command, puk)?;
        self.check_new(false, new)?;
        self.pin.set(new);
        self.pin.verified = false;
        self.session.fresh = false;
        Ok(Vec::new())
    }

    /// The old value and the new one.
    fn halves<'c>(&self, command: &Command<'c>) -> Result<(&'c [u8], &'c [u8]), u16> {
        match command.data.split_at_checked(LENGTH) {
            Some((old, new)) if new.len() == LENGTH => Ok((old, new)),
            _ => Err(self.options.pin_length_status),
        }
    }

    fn check_new(&self, puk: bool, value: &[u8]) -> Result<(), u16> {
        if !is_well_formed(&self.options, puk, value) {
            return Err(status::WRONG_DATA);
        }
        if self.options.complexity && is_trivial(value) {
            return Err(status::CONDITIONS);
        }
        Ok(())
    }

    /// SET PIN RETRIES: PIN and PUK fall back to the factory's values (5).
    pub(super) fn set_retries(&mut self, command: &Command<'_>) -> Answer {
        self.require_management()?;
        if !self.pin_verified() {
            return Err(status::SECURITY);
        }
        if command.p1 == 0 || command.p2 == 0 {
            return Err(status::WRONG_DATA);
        }
        self.pin = Reference::new(FACTORY_PIN, command.p1);
        self.puk = Reference::new(FACTORY_PUK, command.p2);
        self.session.fresh = false;
        Ok(Vec::new())
    }
}
