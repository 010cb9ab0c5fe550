//! A connection to a virtual card, and a transaction on it.

use std::sync::{Arc, MutexGuard};

use super::card::{Outcome, VirtualCard};
use super::pad::Control;
use super::readers::{Shared, Slot, State};
use crate::transport::{Card, Error, ReaderState, Result, Transaction};

/// A connection. What it is connected to is one insertion of one card: when the card goes, it is dead for ever,
/// even if the same card comes back.
pub(super) struct Connection {
    shared: Arc<Shared>,
    reader: String,
    card: VirtualCard,
    /// Its own number, by which a transaction knows its owner.
    number: u64,
    insertion: u64,
    resets: u64,
    failures: u64,
}

impl Connection {
    /// Connects; `state` is the locked state of `shared`.
    pub(super) fn open(shared: &Arc<Shared>, state: &mut State, reader: &str) -> Result<Self> {
        let number = state.number();
        let failures = state.service().failures;
        let slot = state.slot(reader).ok_or(Error::NoReader)?;
        if !slot.usable {
            return Err(Error::Failed("SCARD_E_READER_UNAVAILABLE".to_owned()));
        }
        let card = slot.card.clone().ok_or(Error::NoCard)?;
        if card.is_mute() {
            return Err(Error::Mute);
        }
        if slot.held {
            return Err(Error::Busy);
        }
        slot.connections += 1;
        Ok(Self {
            shared: Arc::clone(shared),
            reader: reader.to_owned(),
            card,
            number,
            insertion: slot.insertion,
            resets: slot.resets,
            failures,
        })
    }

    /// The reader, if it still holds what this connection was made to.
    fn slot<'s>(&self, state: &'s mut State) -> Result<&'s mut Slot> {
        if !state.service().up || state.service().failures != self.failures {
            return Err(Error::ServiceDown);
        }
        let insertion = self.insertion;
        state.slot(&self.reader).filter(|slot| slot.insertion == insertion).ok_or(Error::Removed)
    }

    /// As `slot`, and nobody has reset the card since this connection took note.
    fn undisturbed<'s>(&self, state: &'s mut State) -> Result<&'s mut Slot> {
        let resets = self.resets;
        let slot = self.slot(state)?;
        if slot.resets == resets { Ok(slot) } else { Err(Error::Reset) }
    }

    /// Waits while a condition holds of the reader.
    fn wait_while(&self, busy: impl Fn(&Slot) -> bool) -> Result<MutexGuard<'_, State>> {
        let mut state = self.shared.lock();
        while busy(self.undisturbed(&mut state)?) {
            state = self.shared.wait(state);
        }
        Ok(state)
    }
}

impl Card for Connection {
    fn look(&mut self) -> Result<ReaderState> {
        Ok(self.undisturbed(&mut self.shared.lock())?.state())
    }

    fn begin(&mut self) -> Result<Box<dyn Transaction + '_>> {
        let mut state = self.wait_while(|slot| slot.transaction.is_some())?;
        let slot = self.undisturbed(&mut state)?;
        if slot.held {
            return Err(Error::Busy);
        }
        slot.transaction = Some(self.number);
        drop(state);
        let transaction = Exclusive(self);
        transaction.0.card.let_intruder_in();
        transaction.0.undisturbed(&mut transaction.0.shared.lock())?;
        Ok(Box::new(transaction))
    }

    fn reconnect(&mut self) -> Result<()> {
        let mut state = self.shared.lock();
        let slot = self.slot(&mut state)?;
        if slot.held {
            return Err(Error::Busy);
        }
        let resets = slot.resets;
        drop(state);
        self.resets = resets;
        Ok(())
    }
}

impl Drop for Connection {
    /// When the last connection goes, the service takes the power from the card (pcscd within a second, Windows
    /// too): a challenge does not outlive its connection.
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        if let Ok(slot) = self.slot(&mut state) {
            slot.connections = slot.connections.saturating_sub(1);
            if slot.connections == 0 {
                self.card.reset();
            }
        }
    }
}

/// The transaction of a connection.
struct Exclusive<'c>(&'c mut Connection);

impl Transaction for Exclusive<'_> {
    fn atr(&self) -> &[u8] {
        self.0.card.atr()
    }

    fn control(&mut self, code: u32, data: &[u8]) -> Result<Vec<u8>> {
        let control = {
            let mut state = self.0.wait_while(|slot| slot.hangs)?;
            self.0.undisturbed(&mut state)?.equipment.control(code, data)
        };
        match control {
            Control::Answer(answer) => Ok(answer),
            Control::Send(command) => self.exchange(&command),
            Control::Unknown => Err(Error::Failed("SCARD_E_UNSUPPORTED_FEATURE".to_owned())),
        }
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>> {
        {
            let mut state = self.0.wait_while(|slot| slot.hangs)?;
            if !self.0.undisturbed(&mut state)?.equipment.passes(command) {
                return Err(Error::Failed("SCARD_E_INVALID_PARAMETER".to_owned()));
            }
        }
        self.exchange(command)
    }

    fn keep_alive(&mut self) -> Result<()> {
        self.0.undisturbed(&mut self.0.shared.lock()).map(drop)
    }
}

impl Exclusive<'_> {
    /// One exchange with the card.
    fn exchange(&mut self, command: &[u8]) -> Result<Vec<u8>> {
        let connection = &*self.0;
        let outcome = connection.card.exchange(command);
        let mut state = connection.shared.lock();
        let slot = connection.undisturbed(&mut state)?;
        let answer = match outcome {
            Outcome::Answer(answer) => return Ok(answer),
            Outcome::Removed => {
                slot.eject();
                Err(Error::Removed)
            }
            Outcome::Reset => {
                slot.resets += 1;
                Err(Error::Reset)
            }
        };
        connection.shared.tell();
        answer
    }
}

impl Drop for Exclusive<'_> {
    fn drop(&mut self) {
        let mut state = self.0.shared.lock();
        if let Ok(slot) = self.0.slot(&mut state)
            && slot.transaction == Some(self.0.number)
        {
            slot.transaction = None;
        }
        self.0.shared.tell();
    }
}
