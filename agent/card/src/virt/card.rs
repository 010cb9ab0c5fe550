//! A virtual card as a thing to hold: put into readers, told to fail, looked into by tests.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::fault::{Exchange, Fault, FaultKind};
use super::gids::Gids;
use super::piv::Piv;

/// How many exchanges the log of a card remembers.
const LOG: usize = 4096;

/// A virtual card. Clones are handles on the same card.
#[derive(Clone)]
pub struct VirtualCard(Arc<Shared>);

struct Shared {
    name: String,
    atr: Vec<u8>,
    state: Mutex<State>,
}

struct State {
    chip: Chip,
    faults: Vec<Fault>,
    delay: Duration,
    log: VecDeque<Exchange>,
    seen: usize,
    resets: usize,
    intruder: Option<Intruder>,
}

/// What another program does with the card when it gets the chance.
type Intruder = Box<dyn FnOnce(&VirtualCard) + Send>;

/// What is in the plastic.
pub(super) enum Chip {
    /// A GIDS card.
    Gids(Box<Gids>),
    /// A PIV card.
    Piv(Box<Piv>),
    /// A card of no kind that anybody knows: it finds no application and knows no instruction.
    Unknown,
    /// Something without an answer to reset.
    Mute,
}

/// How an exchange went.
pub(super) enum Outcome {
    /// Data and status word.
    Answer(Vec<u8>),
    /// The card is gone.
    Removed,
    /// Another program has reset the card.
    Reset,
}

impl VirtualCard {
    pub(super) fn new(name: &str, atr: &[u8], chip: Chip) -> Self {
        Self(Arc::new(Shared {
            name: name.to_owned(),
            atr: atr.to_vec(),
            state: Mutex::new(State {
                chip,
                faults: Vec::new(),
                delay: Duration::ZERO,
                log: VecDeque::new(),
                seen: 0,
                resets: 0,
                intruder: None,
            }),
        }))
    }

    /// A GIDS card with this answer to reset.
    pub fn gids_card(name: &str, atr: &[u8], card: Gids) -> Self {
        Self::new(name, atr, Chip::Gids(Box::new(card)))
    }

    /// A PIV card with this answer to reset ([`super::Profile::atr`] knows those of real ones).
    pub fn piv_card(name: &str, atr: &[u8], card: Piv) -> Self {
        Self::new(name, atr, Chip::Piv(Box::new(card)))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Its name in the description.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Its answer to reset.
    pub fn atr(&self) -> &[u8] {
        &self.0.atr
    }

    pub(super) fn is_mute(&self) -> bool {
        matches!(self.state().chip, Chip::Mute)
    }

    /// Looks into a GIDS card, or changes it behind everybody's back. `None` when it is none.
    pub fn gids<T>(&self, look: impl FnOnce(&mut Gids) -> T) -> Option<T> {
        match &mut self.state().chip {
            Chip::Gids(card) => Some(look(card)),
            Chip::Piv(_) | Chip::Unknown | Chip::Mute => None,
        }
    }

    /// Looks into a PIV card, or changes it behind everybody's back. `None` when it is none.
    pub fn piv<T>(&self, look: impl FnOnce(&mut Piv) -> T) -> Option<T> {
        match &mut self.state().chip {
            Chip::Piv(card) => Some(look(card)),
            Chip::Gids(_) | Chip::Unknown | Chip::Mute => None,
        }
    }

    /// Power off and on again.
    pub fn reset(&self) {
        let mut state = self.state();
        state.chip.reset();
        state.resets += 1;
    }

    /// How often it was reset, switched on or switched off.
    pub fn resets(&self) -> usize {
        self.state().resets
    }

    /// Sends an APDU as another program would: faults, delays and the log do not apply.
    pub fn transmit_as_other(&self, apdu: &[u8]) -> Vec<u8> {
        self.state().chip.transmit(apdu)
    }

    /// Runs `other` once, when the next transaction on the card begins and before it sends anything: so another
    /// program gets at the card between two transactions.
    pub fn before_next_transaction(&self, other: impl FnOnce(&VirtualCard) + Send + 'static) {
        self.state().intruder = Some(Box::new(other));
    }

    pub(super) fn let_intruder_in(&self) {
        let intruder = self.state().intruder.take();
        if let Some(intruder) = intruder {
            intruder(self);
        }
    }

    /// Adds a fault to those that wait.
    pub fn inject(&self, fault: Fault) {
        self.state().faults.push(fault);
    }

    /// Forgets the faults that have not happened.
    pub fn clear_faults(&self) {
        self.state().faults.clear();
    }

    /// Makes every answer so much slower.
    pub fn set_delay(&self, delay: Duration) {
        self.state().delay = delay;
    }

    /// How many APDUs have been sent to the card, executed or not.
    pub fn apdus(&self) -> usize {
        self.state().seen
    }

    /// The exchanges since [`VirtualCard::apdus`] told `mark`, as far back as the log goes (4096).
    pub fn log_since(&self, mark: usize) -> Vec<Exchange> {
        let state = self.state();
        let wanted = state.seen.saturating_sub(mark);
        let known = state.log.len();
        state.log.iter().skip(known.saturating_sub(wanted)).copied().collect()
    }

    /// One exchange as a reader carries it out.
    pub(super) fn exchange(&self, apdu: &[u8]) -> Outcome {
        let (fault, delay) = {
            let mut state = self.state();
            (state.next_fault(apdu), state.delay)
        };
        let delay = match fault {
            Some(FaultKind::Delay(milliseconds)) => delay + Duration::from_millis(milliseconds),
            _ => delay,
        };
        if !delay.is_zero() {
            thread::sleep(delay);
        }
        let mut state = self.state();
        let executed = matches!(fault, None | Some(FaultKind::Delay(_) | FaultKind::RemovedAfter));
        let answer = match fault {
            Some(FaultKind::Status(status)) => status.to_be_bytes().to_vec(),
            _ if executed => state.chip.transmit(apdu),
            _ => Vec::new(),
        };
        let outcome = match fault {
            Some(FaultKind::RemovedBefore | FaultKind::RemovedAfter) => Outcome::Removed,
            Some(FaultKind::Reset) => {
                state.chip.reset();
                Outcome::Reset
            }
            _ => Outcome::Answer(answer),
        };
        state.record(apdu, executed, &outcome);
        outcome
    }
}

impl fmt::Debug for VirtualCard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VirtualCard({})", self.name())
    }
}

impl State {
    /// Counts the APDU off all faults, and takes out the first that is due.
    fn next_fault(&mut self, apdu: &[u8]) -> Option<FaultKind> {
        for fault in &mut self.faults {
            if fault.instruction.is_none() || fault.instruction.as_ref() == apdu.get(1) {
                fault.nth = fault.nth.saturating_sub(1);
            }
        }
        let due = self.faults.iter().position(|fault| fault.nth == 0)?;
        Some(self.faults.remove(due).then)
    }

    fn record(&mut self, apdu: &[u8], executed: bool, outcome: &Outcome) {
        let byte = |index: usize| apdu.get(index).copied().unwrap_or(0);
        let status = match outcome {
            Outcome::Answer(answer) => answer.last_chunk().map(|status| u16::from_be_bytes(*status)),
            Outcome::Removed | Outcome::Reset => None,
        };
        if self.log.len() == LOG {
            self.log.pop_front();
        }
        self.log.push_back(Exchange {
            class: byte(0),
            instruction: byte(1),
            parameters: u16::from_be_bytes([byte(2), byte(3)]),
            length: apdu.len(),
            executed,
            status,
        });
        self.seen += 1;
    }
}

impl Chip {
    fn transmit(&mut self, apdu: &[u8]) -> Vec<u8> {
        match self {
            Self::Gids(card) => card.transmit(apdu),
            Self::Piv(card) => card.transmit(apdu),
            Self::Unknown if apdu.get(1) == Some(&0xA4) => vec![0x6A, 0x82],
            Self::Unknown | Self::Mute => vec![0x6D, 0x00],
        }
    }

    fn reset(&mut self) {
        match self {
            Self::Gids(card) => card.reset(),
            Self::Piv(card) => card.reset(),
            Self::Unknown | Self::Mute => {}
        }
    }
}
