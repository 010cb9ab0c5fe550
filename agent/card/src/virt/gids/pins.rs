//! PIN and PUK: VERIFY, CHANGE REFERENCE DATA, RESET RETRY COUNTER (card-gids.md 9.2 and 12, item 2).

use zeroize::Zeroizing;

use super::command::Command;
use super::{Answer, Gids, Lifecycle, status};
use crate::virt::tlv;

/// A PIN or PUK with its counter.
pub(super) struct Reference {
    value: Option<Zeroizing<Vec<u8>>>,
    /// Tries left.
    pub left: u8,
    /// Tries after a success.
    pub max: u8,
    /// Whether it has been presented since the last reset or log-out.
    pub verified: bool,
}

impl Reference {
    pub(super) fn new(max: u8) -> Self {
        Self { value: None, left: max, max, verified: false }
    }

    /// Whether this is the value. Costs nothing: for the one who looks into the card from outside.
    pub(super) fn is(&self, value: &[u8]) -> bool {
        self.value.as_ref().is_some_and(|own| own.as_slice() == value)
    }

    /// Whether it has a value.
    pub(super) fn is_set(&self) -> bool {
        self.value.is_some()
    }

    fn length(&self) -> usize {
        self.value.as_ref().map_or(0, |value| value.len())
    }

    fn check(&mut self, value: &[u8]) -> Result<(), u16> {
        self.not_blocked()?;
        self.verified = self.is(value);
        if self.verified {
            self.left = self.max;
            return Ok(());
        }
        self.left -= 1;
        Err(status::tries(self.left))
    }

    fn not_blocked(&self) -> Result<(), u16> {
        if self.left == 0 { Err(status::BLOCKED) } else { Ok(()) }
    }

    fn set(&mut self, value: &[u8]) {
        self.value = Some(Zeroizing::new(value.to_vec()));
        self.left = self.max;
    }
}

impl Gids {
    /// VERIFY. 00, the global PIN, is the same as 80, the application's.
    pub(super) fn verify(&mut self, command: &Command<'_>) -> Answer {
        if command.p1 != 0 {
            return Err(status::PARAMETERS);
        }
        match command.p2 {
            0x82 => {
                self.log_out();
                return Ok(Vec::new());
            }
            0x80 | 0x00 => {}
            _ => return Err(status::NOT_FOUND),
        }
        let initialising = self.lifecycle == Lifecycle::Initialisation;
        let lengths = self.pin_lengths();
        let told = self.pin.verified && !self.options.quirks.empty_verify_never_ok;
        match command.data {
            [] if initialising => Ok(Vec::new()),
            data => {
                self.pin.not_blocked()?;
                match data {
                    [] if told => Ok(Vec::new()),
                    data if !lengths.contains(&data.len()) => Err(status::tries(self.pin.left)),
                    data => self.pin.check(data).map(|()| Vec::new()),
                }
            }
        }
    }

    /// CHANGE REFERENCE DATA. With P1 = 00 the data are old and new value with nothing between: they are parted at
    /// the length of the stored value.
    pub(super) fn change(&mut self, command: &Command<'_>) -> Answer {
        let initialising = self.lifecycle == Lifecycle::Initialisation;
        let lengths = self.pin_lengths();
        let is_puk = match command.p2 {
            0x80 | 0x00 => false,
            0x81 if self.options.puk => true,
            _ => return Err(status::NOT_FOUND),
        };
        let reference = if is_puk { &mut self.puk } else { &mut self.pin };
        match command.p1 {
            0x00 => {
                let new = Self::present(reference, command.data, &lengths)?;
                if !lengths.contains(&new.len()) {
                    return Err(status::LENGTH);
                }
                reference.set(new);
            }
            0x01 => {
                if !initialising && (is_puk || !reference.verified) {
                    return Err(status::SECURITY);
                }
                if !lengths.contains(&command.data.len()) {
                    return Err(status::LENGTH);
                }
                reference.set(command.data);
                reference.verified = false;
            }
            _ => return Err(status::PARAMETERS),
        }
        Ok(Vec::new())
    }

    /// Presents the old value at the start of the data and returns what follows it.
    fn present<'d>(
        reference: &mut Reference,
        data: &'d [u8],
        lengths: &std::ops::RangeInclusive<usize>,
    ) -> Result<&'d [u8], u16> {
        reference.not_blocked()?;
        if !(2 * lengths.start()..=2 * lengths.end()).contains(&data.len()) {
            return Err(status::tries(reference.left));
        }
        let (old, new) = data.split_at_checked(reference.length()).unwrap_or((data, &[]));
        reference.check(old)?;
        Ok(new)
    }

    /// RESET RETRY COUNTER: after the admin key, or with the PUK on a card that has one.
    pub(super) fn reset_retry_counter(&mut self, command: &Command<'_>) -> Answer {
        if self.lifecycle == Lifecycle::Initialisation {
            return Err(status::NOT_ALLOWED);
        }
        let by_puk = self.options.puk;
        if command.p1 != if by_puk { 0x00 } else { 0x02 } {
            return Err(status::PARAMETERS);
        }
        if command.p2 != 0x80 {
            return Err(status::NOT_FOUND);
        }
        let lengths = self.pin_lengths();
        let new = if by_puk {
            Self::present(&mut self.puk, command.data, &lengths)?
        } else if self.authenticated().admin {
            command.data
        } else {
            return Err(status::SECURITY);
        };
        if !lengths.contains(&new.len()) {
            return Err(status::LENGTH);
        }
        self.pin.set(new);
        self.log_out();
        Ok(Vec::new())
    }

    /// The status objects 7F71 to 7F73: tries left and tries at most.
    pub(super) fn pin_status(&self, object: u16) -> Answer {
        let (tag, reference) = match object {
            // GidsApplet has one PIN and answers for the global one with it.
            0x7F71 | 0x7F72 => (0x7F71, &self.pin),
            0x7F73 if self.options.puk => (0x7F73, &self.puk),
            0x7F73 => return Err(status::NOT_FOUND),
            _ => return Err(status::DATA_INVALID),
        };
        Ok(tlv::object(tag, &[0x97, 0x01, reference.left, 0x93, 0x01, reference.max]))
    }

    fn pin_lengths(&self) -> std::ops::RangeInclusive<usize> {
        self.options.pin_min..=self.options.pin_max
    }
}
