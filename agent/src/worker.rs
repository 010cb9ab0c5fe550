//! One thread per reader, which alone speaks to the card in it.
//!
//! A reader that hangs, or a program that does not let go of its card, stops this one thread; whoever waits for it
//! is told so in time, and what had not begun by then never begins.

mod desk;
mod hold;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::thread;
use std::time::Duration;

use shared::model::{PinStatus, Role};
use shared::rpc::methods::{Challenge, UnblockState};
use shared::secret::{Pin, ResponseText};
use shared::{Error, ErrorCode, Result};

pub(crate) use desk::Desk;

use crate::registry::Target;
use crate::service::Service;

/// How long an operation may wait for the card: for an operation of ours before it, or another program's.
const BEGIN: Duration = Duration::from_secs(10);
/// How long an operation may take once it has the card. Slow cards need a minute for a key.
const RUN: Duration = Duration::from_secs(180);

/// The handle on a reader's thread. The thread ends when the last handle is dropped.
#[derive(Clone)]
pub struct Worker {
    inbox: Sender<Message>,
}

type Work = Box<dyn FnOnce(Result<&mut Desk>) + Send>;

enum Message {
    /// An operation that has the card for itself, or learns why it cannot have it.
    Work(Work),
    Start(Start),
    Status(SyncSender<Result<UnblockState>>),
    Finish(Finish),
    Cancel(SyncSender<Result<()>>),
    CardGone,
}

/// A request for a challenge.
struct Start {
    target: Target,
    role: Role,
    turn: Turn,
    reply: SyncSender<Result<Challenge>>,
}

/// A response to the challenge, and the PIN that is to be set.
struct Finish {
    response: ResponseText,
    new: Pin,
    turn: Turn,
    reply: SyncSender<Result<PinStatus>>,
}

impl Worker {
    /// Starts the thread of a reader.
    pub fn start(service: Arc<Service>, reader: &str) -> Self {
        let (inbox, messages) = channel();
        let desk = Desk::new(service, reader);
        let named = thread::Builder::new().name(format!("reader {reader}"));
        if let Err(error) = named.spawn(move || run(desk, &messages)) {
            // Requests for this reader are then answered as for one that is gone.
            tracing::error!(reader, %error, "no thread for the reader");
        }
        Self { inbox }
    }

    /// Does something with the card.
    ///
    /// # Errors
    /// What `work` returns, and [`ErrorCode::Busy`] when its turn does not come in time: then it is never done.
    pub fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Desk, &Turn) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.send(|turn, reply| {
            Message::Work(Box::new(move |desk| {
                let result = desk.and_then(|desk| work(desk, &turn));
                let _ = reply.send(result);
            }))
        })
    }

    /// Looks at the card that came in as `generation` and reports to the registry. Returns at once.
    pub fn identify(&self, generation: u32) {
        let work: Work = Box::new(move |desk| {
            if let Ok(desk) = desk {
                desk.identify(generation);
            }
        });
        let _ = self.inbox.send(Message::Work(work));
    }

    /// Takes note that the card is gone, and with it a challenge.
    pub fn card_is_gone(&self) {
        let _ = self.inbox.send(Message::CardGone);
    }

    /// Takes a challenge from the card and keeps the card.
    ///
    /// # Errors
    /// Those of the card, and [`ErrorCode::Busy`].
    pub fn start_unblock(&self, target: Target, role: Role) -> Result<Challenge> {
        self.send(|turn, reply| Message::Start(Start { target, role, turn, reply }))
    }

    /// How the challenge stands.
    ///
    /// # Errors
    /// [`ErrorCode::Busy`] while another program does not let the card be asked.
    pub fn unblock_status(&self) -> Result<UnblockState> {
        self.send(|_, reply| Message::Status(reply))
    }

    /// Answers the challenge.
    ///
    /// # Errors
    /// [`ErrorCode::ChallengeVoid`], [`ErrorCode::BadResponse`] and [`ErrorCode::PinPolicy`] before anything is
    /// sent, [`ErrorCode::WrongResponse`] after.
    pub fn finish_unblock(&self, response: ResponseText, new: Pin) -> Result<PinStatus> {
        self.send(|turn, reply| Message::Finish(Finish { response, new, turn, reply }))
    }

    /// Gives the challenge up.
    ///
    /// # Errors
    /// [`ErrorCode::Busy`]
    pub fn cancel_unblock(&self) -> Result<()> {
        self.send(|_, reply| Message::Cancel(reply))
    }

    fn send<T>(&self, message: impl FnOnce(Turn, SyncSender<Result<T>>) -> Message) -> Result<T> {
        let (reply, answer) = sync_channel(1);
        let turn = Turn::default();
        self.inbox.send(message(turn.clone(), reply)).map_err(|_| gone())?;
        match answer.recv_timeout(BEGIN) {
            Ok(result) => result,
            Err(RecvTimeoutError::Timeout) if turn.give_up() => Err(Error::new(
                ErrorCode::Busy,
                "Another program keeps the card. Nothing was sent to it; try again when that program is done.",
            )),
            Err(RecvTimeoutError::Timeout) => answer.recv_timeout(RUN).unwrap_or_else(|_| Err(stuck())),
            Err(RecvTimeoutError::Disconnected) => Err(gone()),
        }
    }
}

fn gone() -> Error {
    Error::new(ErrorCode::NoReader, "The reader is no longer there.")
}

fn stuck() -> Error {
    Error::new(
        ErrorCode::Mute,
        "The card does not answer. What became of the operation is not known: unplug the reader, plug it in again, \
         and look at the card before you try again.",
    )
}

/// Whose move it is: the worker begins, or the one who asked gives up, never both.
#[derive(Clone, Default)]
pub struct Turn(Arc<AtomicU8>);

const WAITING: u8 = 0;
const BEGUN: u8 = 1;
const GIVEN_UP: u8 = 2;

impl Turn {
    /// The worker has the card and is about to use it. False when nobody waits any more.
    pub fn begin(&self) -> bool {
        self.0
            .compare_exchange(WAITING, BEGUN, Ordering::SeqCst, Ordering::SeqCst)
            .map_or_else(|found| found == BEGUN, |_| true)
    }

    fn give_up(&self) -> bool {
        self.0.compare_exchange(WAITING, GIVEN_UP, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }
}

fn run(mut desk: Desk, messages: &Receiver<Message>) {
    let mut next = messages.recv().ok();
    let service = Arc::clone(&desk.service);
    while let Some(message) = next.take() {
        // Counted, so that an ending agent waits for a card to be let go of.
        let _running = service.work();
        // A card's bytes must not be able to end the thread, whatever they find.
        let outcome = catch_unwind(AssertUnwindSafe(|| desk.handle(message, messages)));
        let follows = outcome.unwrap_or_else(|_| {
            tracing::error!("an operation panicked");
            None
        });
        next = follows.or_else(|| messages.recv().ok());
    }
}
