//! One thread per reader, which alone speaks to the card in it.
//!
//! A reader that hangs, or a program that does not let go of its card, stops this one thread. Whoever waits for it
//! is told so in time, and then what had not begun never begins, and no secret is sent any more.

mod check;
mod desk;
mod hold;
mod inbox;
mod turn;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use card::transport::Readers;
use shared::hex::Hex;
use shared::model::{PinStatus, Role};
use shared::rpc::events::Change;
use shared::rpc::methods::{Challenge, UnblockState};
use shared::secret::{Pin, ResponseText};
use shared::{Error, ErrorCode, Result};

pub(crate) use desk::Desk;
pub(crate) use turn::Turn;

use crate::errors;
use crate::registry::Target;
use crate::service::Service;
use inbox::{Inbox, Outbox, inbox};

/// How long an operation may wait for the card: for an operation of ours before it, or another program's.
const BEGIN: Duration = Duration::from_secs(10);
/// How long an operation may take once it has the card. Slow cards need a minute for a key.
const RUN: Duration = Duration::from_secs(180);

/// The handle on a reader's thread. The thread ends when the last handle is dropped.
#[derive(Clone)]
pub(crate) struct Worker {
    outbox: Outbox<Message>,
    /// Whoever is told what happens; it holds this handle.
    service: Weak<Service>,
    readers: Arc<dyn Readers>,
    reader: Arc<str>,
    /// Whether an operation of ours has the card now.
    has_card: Arc<AtomicBool>,
}

type Work = Box<dyn FnOnce(Result<&mut Desk>) + Send>;

enum Message {
    /// An operation that has the card for itself, or learns why it cannot have it.
    Work(Work),
    Start(Start),
    Status(SyncSender<Result<UnblockState>>),
    Finish(Finish),
    Cancel(Turn, SyncSender<Result<()>>),
    CardGone,
    Forget,
}

/// A request for a challenge.
struct Start {
    target: Target,
    role: Role,
    turn: Turn,
    reply: SyncSender<Result<Challenge>>,
}

/// A response to a challenge, and the PIN that is to be set.
struct Finish {
    answer: Answer,
    turn: Turn,
    reply: SyncSender<Result<PinStatus>>,
}

/// What a person says to a challenge.
pub(crate) struct Answer {
    /// The challenge that was answered, where it is said.
    pub challenge: Option<Hex>,
    /// The response as typed.
    pub response: ResponseText,
    /// The new PIN; `None` where it is typed on the reader.
    pub new: Option<Pin>,
}

impl Worker {
    /// Starts the thread of a reader.
    pub(crate) fn start(service: Arc<Service>, reader: &str) -> Self {
        let (outbox, inbox) = inbox();
        let readers = Arc::clone(service.readers());
        let told = Arc::downgrade(&service);
        let desk = Desk::new(service, reader);
        let has_card = Arc::clone(&desk.has_card);
        let named = thread::Builder::new().name(format!("reader {reader}"));
        if let Err(error) = named.spawn(move || run(desk, &inbox)) {
            // Requests for this reader are then answered as for one that is gone.
            tracing::error!(reader, %error, "no thread for the reader");
        }
        Self { outbox, service: told, readers, reader: reader.into(), has_card }
    }

    /// Does something with the card.
    ///
    /// # Errors
    /// What `work` returns, and [`ErrorCode::Busy`] when its turn does not come in time: then it is never done.
    pub(crate) fn ask<T: Send + 'static>(
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
    pub(crate) fn identify(&self, generation: u32) {
        let work: Work = Box::new(move |desk| {
            if let Ok(desk) = desk {
                desk.identify(generation);
            }
        });
        self.outbox.put(Message::Work(work));
    }

    /// Gives up a challenge, if one is out, and forgets what was read. Returns at once.
    pub(crate) fn give_up(&self) {
        let (nobody, _) = sync_channel(1);
        self.outbox.put(Message::Cancel(Turn::default(), nobody));
        self.forget();
    }

    /// Forgets what was read from the card.
    pub(crate) fn forget(&self) {
        self.outbox.put(Message::Forget);
    }

    /// Takes note that something has happened after which what was put off may be done.
    pub(crate) fn go_on(&self) {
        self.outbox.put(Message::Work(Box::new(|_| ())));
    }

    /// Tells every subscriber.
    pub(crate) fn publish(&self, change: Change) {
        if let Some(service) = self.service.upgrade() {
            service.registry().publish(change);
        }
    }

    /// Takes note that the card is gone, and with it a challenge.
    pub(crate) fn card_is_gone(&self) {
        self.outbox.put(Message::CardGone);
    }

    /// Takes a challenge from the card and keeps the card.
    ///
    /// # Errors
    /// Those of the card, and [`ErrorCode::Busy`].
    pub(crate) fn start_unblock(&self, target: Target, role: Role) -> Result<Challenge> {
        self.send(|turn, reply| Message::Start(Start { target, role, turn, reply }))
    }

    /// How the challenge stands.
    ///
    /// # Errors
    /// [`ErrorCode::Busy`] while another program does not let the card be asked.
    pub(crate) fn unblock_status(&self) -> Result<UnblockState> {
        self.send(|_, reply| Message::Status(reply))
    }

    /// Answers the challenge.
    ///
    /// # Errors
    /// [`ErrorCode::ChallengeVoid`], [`ErrorCode::BadResponse`] and [`ErrorCode::PinPolicy`] before anything is
    /// sent, [`ErrorCode::WrongResponse`] after.
    pub(crate) fn finish_unblock(&self, answer: Answer) -> Result<PinStatus> {
        self.send(|turn, reply| Message::Finish(Finish { answer, turn, reply }))
    }

    /// Gives the challenge up.
    ///
    /// # Errors
    /// [`ErrorCode::Busy`]
    pub(crate) fn cancel_unblock(&self) -> Result<()> {
        self.send(Message::Cancel)
    }

    fn send<T>(&self, message: impl FnOnce(Turn, SyncSender<Result<T>>) -> Message) -> Result<T> {
        let (reply, answer) = sync_channel(1);
        let turn = Turn::default();
        let receipt = self.outbox.put(message(turn.clone(), reply));
        match answer.recv_timeout(BEGIN) {
            Ok(result) => return result,
            Err(RecvTimeoutError::Disconnected) => return Err(broken_off()),
            Err(RecvTimeoutError::Timeout) => {}
        }
        if turn.give_up() {
            // With it goes the PIN that it carries.
            receipt.take_back();
            if self.has_card.load(Ordering::SeqCst) {
                let words = "Kortti is busy with this card: an operation that was asked for before is not done, or \
                             somebody types on the reader. Nothing was sent; try again when that is done.";
                return Err(Error::new(ErrorCode::Busy, words));
            }
            let holders = self.readers.holders(&self.reader);
            if let Some(service) = self.service.upgrade() {
                service.registry().card_is_busy(&self.reader, holders.clone());
            }
            return Err(errors::given_up(&holders));
        }
        match answer.recv_timeout(RUN) {
            Ok(result) => result,
            Err(RecvTimeoutError::Disconnected) => Err(broken_off()),
            Err(RecvTimeoutError::Timeout) if turn.leave() => Err(Error::new(
                ErrorCode::Mute,
                "The card does not answer. No PIN was sent, and none will be: unplug the reader, plug it in again, and \
                 try again.",
            )),
            Err(RecvTimeoutError::Timeout) => Err(Error::new(
                ErrorCode::Mute,
                "The card does not answer. What became of the operation is not known: unplug the reader, plug it in \
                 again, and look at the card before you try again.",
            )),
        }
    }
}

fn broken_off() -> Error {
    Error::new(
        ErrorCode::NoReader,
        "The reader went away, or the operation broke off. Look at the card before you try again.",
    )
}

fn run(mut desk: Desk, messages: &Inbox<Message>) {
    let service = Arc::clone(&desk.service);
    let mut next = messages.take();
    while let Some(message) = next.take() {
        // Counted, so that an ending agent waits for a card to be let go of.
        let running = service.work();
        // A card's bytes must not be able to end the thread, whatever they find.
        let outcome = catch_unwind(AssertUnwindSafe(|| desk.handle(message, messages)));
        let follows = outcome.unwrap_or_else(|_| {
            tracing::error!("an operation panicked");
            None
        });
        desk.may_look();
        drop(running);
        next = follows.or_else(|| next_message(&mut desk, messages));
    }
}

/// The next message. Until there is one, what can wait is done.
fn next_message(desk: &mut Desk, messages: &Inbox<Message>) -> Option<Message> {
    let service = Arc::clone(&desk.service);
    while desk.has_to_look() {
        match messages.try_take() {
            Ok(message) => return Some(message),
            Err(TryRecvError::Disconnected) => return None,
            Err(TryRecvError::Empty) => {}
        }
        let running = service.work();
        if catch_unwind(AssertUnwindSafe(|| desk.look())).is_err() {
            tracing::error!("a look at a card panicked");
        }
        drop(running);
    }
    messages.take()
}
