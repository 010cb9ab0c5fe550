//! PC/SC, by the system's own library: libpcsclite, WinSCard or the framework of macOS.
//!
//! The only file that mentions the `pcsc` crate. A blocked PC/SC context blocks every other call on it, so the
//! watch has one of its own and every connection has one of its own. A context that ever answered with an error of
//! the service is thrown away: `SCardIsValidContext` calls it valid even after pcscd was restarted
//! (pcsc-rust#21).

use std::ffi::CString;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ::pcsc::{Context, Disposition, Protocols, Scope, ShareMode, State};

use super::{Card, Error, Presence, ReaderState, Readers, Result, Transaction};

/// After the list of readers changed it is read once more this much later: pcsc-lite does not announce a second
/// reader that appears between reading the list and waiting (PCSC#190).
const SETTLE: Duration = Duration::from_millis(300);

/// Room for the longest response to a short command.
const MAX_RESPONSE: usize = 258;

/// The readers of the PC/SC service.
#[derive(Default)]
pub struct PcscReaders {
    watch: Mutex<Option<Watch>>,
    /// A second handle on the context of the watch, to cancel it with.
    canceller: Mutex<Option<Context>>,
    stopped: AtomicBool,
}

struct Watch {
    context: Context,
    /// The plug-and-play pseudo-reader first, then the readers.
    states: Vec<::pcsc::ReaderState>,
    unsettled: bool,
}

impl PcscReaders {
    /// The readers of this machine. Connects to nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn set_canceller(&self, context: Option<Context>) {
        *self.canceller.lock().unwrap_or_else(PoisonError::into_inner) = context;
    }
}

impl Readers for PcscReaders {
    fn wait(&self, known: &[ReaderState]) -> Result<Vec<ReaderState>> {
        let mut slot = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = slot.take();
        let fresh = kept.is_none();
        let mut watch = kept.map_or_else(Watch::new, Ok)?;
        self.set_canceller(Some(watch.context.clone()));
        let seen = loop {
            if self.stopped.load(Ordering::SeqCst) {
                break Err(Error::Cancelled);
            }
            match watch.look() {
                Ok(seen) if !fresh && seen == known => {}
                decided => break decided,
            }
            if let Err(error) = watch.block() {
                break Err(error);
            }
        };
        if seen.is_ok() {
            *slot = Some(watch);
        } else {
            self.set_canceller(None);
        }
        seen
    }

    fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        if let Some(context) = &*self.canceller.lock().unwrap_or_else(PoisonError::into_inner) {
            // A context that is not waiting refuses this; the flag is looked at before every wait.
            let _ = context.cancel();
        }
    }

    fn connect(&self, reader: &str) -> Result<Box<dyn Card>> {
        let context = Context::establish(Scope::User).map_err(meaning)?;
        let name = CString::new(reader).map_err(|_| Error::NoReader)?;
        let card = context.connect(&name, ShareMode::Shared, Protocols::ANY).map_err(meaning)?;
        Ok(Box::new(PcscCard { context, name, card: Some(card) }))
    }
}

impl Watch {
    fn new() -> Result<Self> {
        let context = Context::establish(Scope::User).map_err(meaning)?;
        let notification = ::pcsc::ReaderState::new(::pcsc::PNP_NOTIFICATION(), State::UNAWARE);
        Ok(Self { context, states: vec![notification], unsettled: false })
    }

    /// The readers as they are now, in the order of their names.
    fn look(&mut self) -> Result<Vec<ReaderState>> {
        let names = match self.context.list_readers_owned() {
            Ok(names) => names,
            Err(::pcsc::Error::NoReadersAvailable) => Vec::new(),
            Err(error) => return Err(meaning(error)),
        };
        let is_notification = |state: &::pcsc::ReaderState| state.name() == ::pcsc::PNP_NOTIFICATION();
        self.states
            .retain(|state| is_notification(state) || names.iter().any(|name| **name == *state.name()));
        for name in names {
            if !self.states.iter().any(|state| state.name() == &*name) {
                self.states.push(::pcsc::ReaderState::new(name, State::UNAWARE));
            }
        }
        if let Some((_, readers @ [_, ..])) = self.states.split_first_mut() {
            tolerate(self.context.get_status_change(Duration::ZERO, readers))?;
        }
        let mut seen: Vec<ReaderState> =
            self.states.iter().filter(|state| !is_notification(state)).filter_map(reader_state).collect();
        seen.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(seen)
    }

    /// Sleeps until the service has something to say.
    fn block(&mut self) -> Result<()> {
        self.states.iter_mut().for_each(::pcsc::ReaderState::sync_current_state);
        let timeout = self.unsettled.then_some(SETTLE);
        tolerate(self.context.get_status_change(timeout, &mut self.states))?;
        self.unsettled = self
            .states
            .first()
            .is_some_and(|notification| notification.event_state().contains(State::CHANGED));
        Ok(())
    }
}

/// A reader that goes during a wait is missing from the next list, and a wait that ran out is no error.
fn tolerate(waited: std::result::Result<(), ::pcsc::Error>) -> Result<()> {
    match waited {
        Ok(()) | Err(::pcsc::Error::Timeout | ::pcsc::Error::UnknownReader) => Ok(()),
        Err(error) => Err(meaning(error)),
    }
}

/// `None` for a reader that is gone.
fn reader_state(state: &::pcsc::ReaderState) -> Option<ReaderState> {
    let flags = state.event_state();
    if flags.intersects(State::UNKNOWN | State::IGNORE) {
        return None;
    }
    let presence = if flags.contains(State::UNAVAILABLE) {
        Presence::Unavailable
    } else if flags.contains(State::MUTE) {
        Presence::Mute
    } else if flags.contains(State::PRESENT) {
        Presence::Card(state.atr().to_vec())
    } else {
        Presence::Empty
    };
    Some(ReaderState {
        name: state.name().to_string_lossy().into_owned(),
        presence,
        generation: state.event_count(),
        exclusive: flags.contains(State::EXCLUSIVE),
    })
}

/// A shared connection.
struct PcscCard {
    context: Context,
    name: CString,
    /// Present until dropped.
    card: Option<::pcsc::Card>,
}

impl PcscCard {
    fn card(&mut self) -> Result<&mut ::pcsc::Card> {
        self.card.as_mut().ok_or(Error::Removed)
    }
}

impl Card for PcscCard {
    fn look(&mut self) -> Result<ReaderState> {
        self.card()?.status2_owned().map_err(meaning)?;
        let mut states = [::pcsc::ReaderState::new(self.name.clone(), State::UNAWARE)];
        tolerate(self.context.get_status_change(Duration::ZERO, &mut states))?;
        states.first().and_then(reader_state).ok_or(Error::NoReader)
    }

    fn begin(&mut self) -> Result<Box<dyn Transaction + '_>> {
        Ok(Box::new(PcscTransaction(self.card()?.transaction().map_err(meaning)?)))
    }

    fn reconnect(&mut self) -> Result<()> {
        self.card()?
            .reconnect(ShareMode::Shared, Protocols::ANY, Disposition::LeaveCard)
            .map(drop)
            .map_err(meaning)
    }
}

impl Drop for PcscCard {
    fn drop(&mut self) {
        let disconnected = self.card.take().map(|card| card.disconnect(Disposition::LeaveCard));
        if let Some(Err((card, _))) = disconnected {
            // Dropping it would try once more, and reset the card.
            std::mem::forget(card);
        }
    }
}

/// Dropping a `pcsc::Transaction` ends it and leaves the card as it is.
struct PcscTransaction<'c>(::pcsc::Transaction<'c>);

impl Transaction for PcscTransaction<'_> {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>> {
        let mut buffer = [0; MAX_RESPONSE];
        self.0.transmit(command, &mut buffer).map(<[u8]>::to_vec).map_err(meaning)
    }

    fn keep_alive(&mut self) -> Result<()> {
        self.0.status2_owned().map(drop).map_err(meaning)
    }
}

fn meaning(error: ::pcsc::Error) -> Error {
    use ::pcsc::Error as E;
    match error {
        E::NoService
        | E::ServiceStopped
        | E::InvalidHandle
        | E::Shutdown
        | E::ServerTooBusy
        | E::CommError
        | E::InternalError => Error::ServiceDown,
        E::SecurityViolation | E::NoAccess => Error::PermissionDenied,
        E::UnknownReader | E::ReaderUnavailable => Error::NoReader,
        E::NoSmartcard => Error::NoCard,
        E::RemovedCard => Error::Removed,
        E::ResetCard => Error::Reset,
        E::SharingViolation => Error::Busy,
        E::UnresponsiveCard | E::UnpoweredCard | E::ProtoMismatch => Error::Mute,
        E::Cancelled | E::SystemCancelled => Error::Cancelled,
        // Sent by pcsc-lite when a card goes during an exchange; the removal itself is announced later.
        E::NotTransacted => Error::Removed,
        other => Error::Failed(other.to_string()),
    }
}
