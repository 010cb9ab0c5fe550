//! PC/SC, by the system's own library: libpcsclite, WinSCard or the framework of macOS.
//!
//! The only file that mentions the `pcsc` crate. A blocked PC/SC context blocks every other call on it, so the
//! watch has one of its own and every connection has one of its own. A context that ever answered with an error of
//! the service is thrown away: `SCardIsValidContext` calls it valid even after pcscd was restarted
//! (pcsc-rust#21).

#[cfg(target_os = "linux")]
mod holders;

use std::ffi::{CStr, CString};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use ::pcsc::{Context, Disposition, Protocols, Scope, ShareMode, State};
use zeroize::Zeroizing;

use super::{Card, Error, Presence, ReaderState, Readers, Result, Transaction};

/// After the list of readers changed it is read once more this much later: pcsc-lite does not announce a second
/// reader that appears between reading the list and waiting (PCSC#190).
const SETTLE: Duration = Duration::from_millis(300);

/// So long after an exchange that failed a removal may be announced: with vpcd pcsc-lite does so after 0.4 seconds, on a
/// machine with nothing else to do.
const REMOVAL_NOTICE: Duration = Duration::from_secs(3);

/// Room for the longest response to a short command.
const MAX_RESPONSE: usize = 258;
/// Room for the longest response to an extended command (ISO 7816-4 section 5.1).
const MAX_EXTENDED_RESPONSE: usize = 65_536 + 2;
/// Room for what a driver answers to a control code.
const MAX_CONTROL: usize = 4096;

/// The readers of the PC/SC service.
#[derive(Default)]
pub struct PcscReaders {
    watch: Mutex<Option<Watch>>,
    /// A second handle on the context of the watch, to cancel it with.
    canceller: Mutex<Option<Context>>,
    stopped: AtomicBool,
    /// Whether the next look is told whatever it shows.
    again: AtomicBool,
}

struct Watch {
    context: Context,
    /// The plug-and-play pseudo-reader first, then the readers of which the service tells.
    states: Vec<::pcsc::ReaderState>,
    /// Readers that are listed and of which the service tells nothing: this session may not see them. A wait for
    /// them would end at once, again and again (pcsc-sharp#116).
    withheld: Vec<CString>,
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
                Ok(seen) if !fresh && seen == known && !self.again.swap(false, Ordering::SeqCst) => {}
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
        self.look_again();
    }

    fn look_again(&self) {
        self.again.store(true, Ordering::SeqCst);
        if let Some(context) = &*self.canceller.lock().unwrap_or_else(PoisonError::into_inner) {
            // A context that is not waiting refuses this; the flags are looked at before every wait.
            let _ = context.cancel();
        }
    }

    fn connect(&self, reader: &str) -> Result<Box<dyn Card>> {
        let context = Context::establish(Scope::User).map_err(meaning)?;
        let name = CString::new(reader).map_err(|_| Error::NoReader)?;
        let card = context.connect(&name, ShareMode::Shared, Protocols::ANY).map_err(meaning)?;
        Ok(Box::new(PcscCard { context, name, card: Some(card) }))
    }

    /// Those that use the service, for whichever reader: it does not tell more, and other platforms tell nothing.
    fn holders(&self, _reader: &str) -> Vec<String> {
        #[cfg(target_os = "linux")]
        return holders::holders()
            .into_iter()
            .map(|holder| format!("{} ({})", holder.name, holder.pid))
            .collect();
        #[cfg(not(target_os = "linux"))]
        Vec::new()
    }
}

impl Watch {
    fn new() -> Result<Self> {
        let context = Context::establish(Scope::User).map_err(meaning)?;
        let notification = ::pcsc::ReaderState::new(::pcsc::PNP_NOTIFICATION(), State::UNAWARE);
        Ok(Self { context, states: vec![notification], withheld: Vec::new(), unsettled: false })
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
        self.update()?;
        let mut seen: Vec<ReaderState> =
            self.states.iter().filter(|state| !is_notification(state)).filter_map(reader_state).collect();
        seen.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(seen)
    }

    /// Asks for the states of the readers. Takes out those that the service does not tell: when one of them is
    /// asked for, it tells nothing of the others either.
    fn update(&mut self) -> Result<()> {
        let Some((_, readers @ [_, ..])) = self.states.split_first_mut() else { return Ok(()) };
        let mut withheld = Vec::new();
        match self.context.get_status_change(Duration::ZERO, readers) {
            Err(::pcsc::Error::UnknownReader) => {
                for state in readers {
                    match self.context.get_status_change(Duration::ZERO, std::slice::from_mut(state)) {
                        Err(::pcsc::Error::UnknownReader) => withheld.push(state.name().to_owned()),
                        answer => tolerate(answer)?,
                    }
                }
            }
            answer => tolerate(answer)?,
        }
        self.states.retain(|state| !withheld.iter().any(|name| **name == *state.name()));
        // It may also have gone between the list and the question, or be there in a moment.
        self.unsettled |= withheld != self.withheld;
        self.withheld = withheld;
        Ok(())
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

/// A reader that goes during a wait is missing from the next look, and a wait that ran out is no error.
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
        let card = self.card.as_mut().ok_or(Error::Removed)?;
        let transaction = card.transaction().map_err(meaning)?;
        let mut begun = PcscTransaction {
            transaction,
            context: &self.context,
            name: &self.name,
            generation: None,
            atr: Vec::new(),
        };
        if let Ok(Some(seen)) = begun.look(Duration::ZERO, &mut begun.unseen()) {
            begun.generation = Some(seen.generation);
            if let Presence::Card(atr) = seen.presence {
                begun.atr = atr;
            }
        }
        Ok(Box::new(begun))
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
        if let Some(Err((card, error))) = disconnected {
            // Dropping it tries once more, and would reset the card if that succeeded. It cannot where there is
            // nothing behind the handle any more; then the context goes with it. In every other case the context,
            // a socket and a thread of the service, is the price for leaving the card alone.
            if !handle_is_dead(error) {
                tracing::warn!(%error, reader = ?self.name, "a connection to a card could not be ended");
                std::mem::forget(card);
            }
        }
    }
}

/// Whether no command can reach a card by this handle again: the service that gave it out is gone, does not know
/// it (any more), or has lost the reader.
fn handle_is_dead(error: ::pcsc::Error) -> bool {
    use ::pcsc::Error as E;
    matches!(
        error,
        E::InvalidHandle | E::NoService | E::ServiceStopped | E::ReaderUnavailable | E::UnknownReader
    )
}

/// Dropping a `pcsc::Transaction` ends it and leaves the card as it is.
struct PcscTransaction<'c> {
    transaction: ::pcsc::Transaction<'c>,
    context: &'c Context,
    name: &'c CStr,
    /// The reader's count of insertions and removals at the beginning.
    generation: Option<u32>,
    /// The answer to reset at the beginning.
    atr: Vec<u8>,
}

impl PcscTransaction<'_> {
    /// The state of a reader that has not been looked at.
    fn unseen(&self) -> [::pcsc::ReaderState; 1] {
        [::pcsc::ReaderState::new(self.name.to_owned(), State::UNAWARE)]
    }

    /// The reader with the card in it, as soon as the state differs from what it was or the time is over; `None`
    /// when the reader is empty or gone.
    fn look(&self, timeout: Duration, states: &mut [::pcsc::ReaderState; 1]) -> Result<Option<ReaderState>> {
        match self.context.get_status_change(timeout, states) {
            Err(::pcsc::Error::UnknownReader) => return Ok(None),
            answer => tolerate(answer)?,
        }
        let [state] = states;
        state.sync_current_state();
        Ok(reader_state(state).filter(|seen| seen.presence != Presence::Empty))
    }

    /// Why an exchange failed in the reader. pcsc-lite gives the same answer for a fault and for a card that is
    /// gone, and announces the removal later.
    fn untransacted(&self) -> Error {
        let until = Instant::now() + REMOVAL_NOTICE;
        let (mut states, mut left) = (self.unseen(), Duration::ZERO);
        loop {
            match self.look(left, &mut states) {
                Err(error) => return error,
                Ok(None) => return Error::Removed,
                Ok(Some(now)) if self.generation.is_some_and(|begun| begun != now.generation) => {
                    return Error::Removed;
                }
                Ok(Some(_)) => left = until.saturating_duration_since(Instant::now()),
            }
            if left.is_zero() {
                return meaning(::pcsc::Error::NotTransacted);
            }
        }
    }
}

impl Transaction for PcscTransaction<'_> {
    fn atr(&self) -> &[u8] {
        &self.atr
    }

    fn control(&mut self, code: u32, data: &[u8]) -> Result<Vec<u8>> {
        let mut buffer = [0; MAX_CONTROL];
        // PC/SC's DWORD is wider on Linux than elsewhere.
        let code = ::pcsc::ffi::DWORD::from(code);
        match self.transaction.control(code, data, &mut buffer) {
            Ok(answer) => Ok(answer.to_vec()),
            // Without data it was a question to the driver, and some drivers answer so what they do not know.
            Err(::pcsc::Error::NotTransacted) if !data.is_empty() => Err(self.untransacted()),
            Err(error) => Err(meaning(error)),
        }
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>> {
        // A length of 00 in the place of Lc, and more behind it, announces an extended length.
        let is_extended = matches!(command, [_, _, _, _, 0x00, _, ..]);
        // An answer may hold a management key.
        let mut buffer =
            Zeroizing::new(vec![0; if is_extended { MAX_EXTENDED_RESPONSE } else { MAX_RESPONSE }]);
        match self.transaction.transmit(command, &mut buffer) {
            Ok(answer) if answer.len() >= 2 => Ok(answer.to_vec()),
            // Without a status word it is no answer: that is what vpcd says when the card goes.
            Ok(_) | Err(::pcsc::Error::NotTransacted) => Err(self.untransacted()),
            Err(error) => Err(meaning(error)),
        }
    }

    fn keep_alive(&mut self) -> Result<()> {
        self.transaction.status2_owned().map(drop).map_err(meaning)
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
        other => Error::Failed(other.to_string()),
    }
}
