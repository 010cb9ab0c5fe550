//! Where the worker of one reader does its work: one connection and one transaction per operation.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use card::transport::features::Features;
use card::transport::{self, Card as Connection, Transaction};
use card::{Error as CardError, SmartCard, VoidReason, edge};
use shared::config::{CacheMode, Loaded};
use shared::hex::Hex;
use shared::model::{Csn, ReaderState};
use shared::rpc::events::{Cause, Change};
use shared::rpc::methods::UnblockState;
use shared::{Error, ErrorCode, Result};

use super::check::Due;
use super::inbox::Inbox;
use super::{Message, Turn, hold};
use crate::errors::{self, Failure};
use crate::registry::{Found, Registry, Target};
use crate::service::Service;
use crate::service::certificates::Cache;

/// How often an operation is begun that another program's reset interrupts.
pub(super) const ATTEMPTS: usize = 3;

/// What is said of a card that the settings do not allow.
const FORBIDDEN: &str =
    "The policy of this machine does not allow this card. `kortti config` says who settled it.";

/// What the worker of one reader has at hand.
pub(crate) struct Desk {
    pub(super) service: Arc<Service>,
    pub(super) reader: String,
    /// What was read from the card, with what tells whether it still holds.
    pub(crate) cache: Option<Cache>,
    /// What became of the last challenge, and of which card it was; `None` when there was none.
    pub(super) void: Option<(Csn, VoidReason)>,
    /// Whether an operation has the card now.
    pub(super) has_card: Arc<AtomicBool>,
    /// The look at the card that is to be taken once no request waits.
    pub(super) due: Option<Due>,
}

/// Takes note that an operation has the card, until dropped.
struct Having<'d>(&'d AtomicBool);

impl<'d> Having<'d> {
    fn note(has_card: &'d AtomicBool) -> Self {
        has_card.store(true, Ordering::SeqCst);
        Self(has_card)
    }
}

impl Drop for Having<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

impl Desk {
    pub(super) fn new(service: Arc<Service>, reader: &str) -> Self {
        Self {
            service,
            reader: reader.to_owned(),
            cache: None,
            void: None,
            has_card: Arc::default(),
            due: None,
        }
    }

    /// What is known of readers and cards, and who is told of changes.
    pub(crate) fn registry(&self) -> &Registry {
        self.service.registry()
    }

    /// The settings in force.
    pub(crate) fn policy(&self) -> Arc<Loaded> {
        self.service.policy().now()
    }

    /// Does what a message asks. Returns a message that came in meanwhile and is to be handled next.
    pub(super) fn handle(&mut self, message: Message, messages: &Inbox<Message>) -> Option<Message> {
        match message {
            Message::Work(work) => work(Ok(self)),
            Message::Start(start) => return hold::hold(self, &start, messages),
            Message::Status(reply) => {
                let _ = reply.send(Ok(match self.void {
                    None => UnblockState::None,
                    Some((_, reason)) => UnblockState::Void { reason: errors::void_words(reason).to_owned() },
                }));
            }
            Message::Finish(finish) => {
                let reason = self.void.as_ref().map_or(VoidReason::None, |(_, reason)| *reason);
                let _ = finish.reply.send(Err(errors::void(reason)));
            }
            Message::Cancel(_, reply) => {
                let _ = reply.send(Ok(()));
            }
            Message::CardGone | Message::Forget => self.cache = None,
        }
        None
    }

    /// Does something with the card that a request is for, in one transaction.
    ///
    /// After a reset by another program it is done again from SELECT, but never once a secret was sent. `act` must
    /// therefore not write before it has sent its PIN, which no card would allow anyway.
    ///
    /// # Errors
    /// [`ErrorCode::CardRemoved`] when another card is in the reader now, [`ErrorCode::Busy`], and what `act`
    /// returns.
    pub(crate) fn operate<T>(
        &mut self,
        turn: &Turn,
        target: &Target,
        mut act: impl FnMut(&mut dyn SmartCard) -> std::result::Result<T, Failure>,
    ) -> Result<T> {
        let (result, secret_sent) = self.attempts(turn, target, &mut act);
        if secret_sent {
            self.touched(target, &[], false);
        }
        result.map_err(|failure| self.told(failure, target, secret_sent))
    }

    /// Begins again after a reset by another program, and returns whether a secret was sent.
    pub(super) fn attempts<T>(
        &mut self,
        turn: &Turn,
        target: &Target,
        act: &mut impl FnMut(&mut dyn SmartCard) -> std::result::Result<T, Failure>,
    ) -> (std::result::Result<T, Failure>, bool) {
        let mut attempt = 1;
        loop {
            let (result, secret_sent) = self.attempt(turn, target, act);
            let reset = matches!(&result, Err(Failure::Card(error)) if is_reset(error));
            if reset {
                self.reset_by_another(target);
            }
            if !reset || secret_sent || attempt == ATTEMPTS {
                return (result, secret_sent);
            }
            attempt += 1;
        }
    }

    fn reset_by_another(&self, target: &Target) {
        self.registry().publish(Change::CardReset {
            reader: self.reader.clone(),
            csn: target.card.csn.clone(),
            cause: Cause::OtherProgram,
        });
    }

    /// The failure in words. What was sent before the card went is not known to have failed.
    fn told(&mut self, failure: Failure, target: &Target, secret_sent: bool) -> Error {
        let lost = matches!(failure, Failure::Card(CardError::Transport(_)));
        let mut error = self.words(failure);
        if lost && secret_sent {
            error.message.push_str(
                " The PIN had been sent: whether it took effect is not known. Look at the card before you try again.",
            );
        }
        if error.code == ErrorCode::CardChanged {
            self.identify(target.generation);
        }
        error
    }

    /// The failure in words, which name the program that keeps the card, where it can be found out.
    pub(super) fn words(&self, failure: Failure) -> Error {
        match failure {
            Failure::Card(CardError::Transport(transport::Error::Busy)) => {
                let holders = self.service.readers().holders(&self.reader);
                self.registry().card_is_busy(&self.reader, holders.clone());
                errors::busy(&holders)
            }
            failure => failure.into(),
        }
    }

    fn attempt<T>(
        &mut self,
        turn: &Turn,
        target: &Target,
        act: &mut impl FnMut(&mut dyn SmartCard) -> std::result::Result<T, Failure>,
    ) -> (std::result::Result<T, Failure>, bool) {
        let mut secret_sent = false;
        let result = self.transact(turn, target, |transaction| {
            let mut card = edge::open(transaction, Some(target.card.edge))?;
            let result = act(&mut *card);
            secret_sent = card.secret_sent();
            result
        });
        (result, secret_sent)
    }

    /// Does something in one transaction with the card of a request, unless nobody waits for it any more.
    fn transact<T>(
        &self,
        turn: &Turn,
        target: &Target,
        act: impl FnOnce(&mut dyn Transaction) -> std::result::Result<T, Failure>,
    ) -> std::result::Result<T, Failure> {
        let mut connection = self.connect(target)?;
        let mut transaction = connection.begin()?;
        if self.service.is_stopping() {
            return Err(Error::new(ErrorCode::NoAgent, "The agent is ending. Nothing was sent.").into());
        }
        if !turn.begin() {
            return Err(Error::new(ErrorCode::Busy, "Nobody waits for this any more.").into());
        }
        let _having = Having::note(&self.has_card);
        act(&mut *transaction)
    }

    /// What is on the card: as kept, where the card says that this still holds, else read anew and kept.
    pub(crate) fn read(&mut self, turn: &Turn, target: &Target) -> Result<&Cache> {
        if self.policy().config.cache.mode == CacheMode::None {
            self.cache = None;
        }
        let nothing = None::<fn(&mut dyn SmartCard, &Cache) -> std::result::Result<(), Failure>>;
        self.consult(turn, target, nothing).map_err(|failure| self.told(failure, target, false))?;
        self.cache.as_ref().ok_or_else(|| errors::card(&CardError::NotInitialised))
    }

    /// Asks something of a card with its contents at hand, in one transaction. `act` sends no PIN.
    pub(crate) fn ask<T>(
        &mut self,
        turn: &Turn,
        target: &Target,
        act: impl FnMut(&mut dyn SmartCard, &Cache) -> std::result::Result<T, Failure>,
    ) -> Result<T> {
        let answer =
            self.consult(turn, target, Some(act)).map_err(|failure| self.told(failure, target, false))?;
        answer.ok_or_else(|| errors::card(&CardError::NotInitialised))
    }

    /// As [`Desk::ask`], also without anything to ask.
    pub(super) fn consult<T>(
        &mut self,
        turn: &Turn,
        target: &Target,
        mut act: Option<impl FnMut(&mut dyn SmartCard, &Cache) -> std::result::Result<T, Failure>>,
    ) -> std::result::Result<Option<T>, Failure> {
        let mut attempt = 1;
        loop {
            let kept = self.cache.take().filter(|kept| kept.generation == target.generation);
            match self.transact(turn, target, |transaction| consult(transaction, target, kept, act.as_mut()))
            {
                Ok((cache, answer)) => {
                    self.cache = Some(cache);
                    return Ok(answer);
                }
                Err(Failure::Card(error)) if is_reset(&error) && attempt < ATTEMPTS => {
                    self.reset_by_another(target);
                    attempt += 1;
                }
                Err(failure) => return Err(failure),
            }
        }
    }

    /// Connects to the card of a request, and makes sure that it is still that insertion. A reset that happened
    /// before costs nothing; one that happens from now on is an error of the operation.
    pub(super) fn connect(&self, target: &Target) -> std::result::Result<Box<dyn Connection>, Failure> {
        // The settings may have changed since the request found the card.
        if !self.policy().config.allows(&target.atr, target.card.csn.as_ref()) {
            return Err(Error::new(ErrorCode::Forbidden, FORBIDDEN).into());
        }
        let mut connection = self.service.readers().connect(&self.reader)?;
        let look = match connection.look() {
            Err(transport::Error::Reset) => {
                connection.reconnect()?;
                connection.look()?
            }
            look => look?,
        };
        if look.generation == target.generation {
            Ok(connection)
        } else {
            Err(Failure::Told(Error::new(
                ErrorCode::CardRemoved,
                "The card was taken out and a card was put in meanwhile. Nothing was sent; try again.",
            )))
        }
    }

    /// Finds out what came in, and tells the registry.
    pub(super) fn identify(&mut self, generation: u32) {
        let mut found = self.try_identify();
        for _ in 1..ATTEMPTS {
            if !found.as_ref().is_err_and(is_reset) {
                break;
            }
            found = self.try_identify();
        }
        let found = match found {
            Ok((card, atr, _)) if !self.policy().config.allows(&Hex(atr.clone()), card.csn.as_ref()) => {
                Found::Unusable(ReaderState::Forbidden, FORBIDDEN.to_owned())
            }
            Ok((card, _, pin_pad)) => {
                // Another card's challenge is nothing to this one.
                self.void = self.void.take().filter(|(csn, _)| card.csn.as_ref() == Some(csn));
                Found::Card(card, pin_pad)
            }
            Err(error) => {
                let state = errors::unusable(&error);
                Found::Unusable(state, self.words(error.into()).message)
            }
        };
        self.registry().identified(&self.reader, generation, found);
        self.look_at_insertion(generation);
    }

    /// What came in, its answer to reset, and whether its reader has keys of its own for the PIN.
    fn try_identify(&self) -> card::Result<(shared::model::Card, Vec<u8>, bool)> {
        let mut connection = self.service.readers().connect(&self.reader)?;
        let mut transaction = connection.begin()?;
        let card = edge::open(&mut *transaction, None)?.identify()?;
        Ok((card, transaction.atr().to_vec(), Features::read(&mut *transaction).has_pad()))
    }
}

/// One attempt at [`Desk::consult`].
fn consult<T>(
    transaction: &mut dyn Transaction,
    target: &Target,
    kept: Option<Cache>,
    act: Option<&mut impl FnMut(&mut dyn SmartCard, &Cache) -> std::result::Result<T, Failure>>,
) -> std::result::Result<(Cache, Option<T>), Failure> {
    let holds = match kept.as_ref().and_then(|kept| kept.freshness.as_ref()) {
        Some(freshness) => edge::recall(transaction, &target.card, freshness)?,
        None => false,
    };
    let kept = kept.filter(|_| holds);
    let mut cache = match (kept.filter(|_| holds), &act) {
        (Some(kept), None) => return Ok((kept, None)),
        (kept, _) => kept,
    };
    let mut card = edge::open(transaction, Some(target.card.edge))?;
    let mut cache = match cache.take() {
        Some(kept) => kept,
        None => Cache::read(&mut *card, target)?,
    };
    let answer = act.map(|act| act(&mut *card, &cache)).transpose()?;
    cache.freshness = card.freshness()?;
    Ok((cache, answer))
}

pub(super) fn is_reset(error: &CardError) -> bool {
    matches!(error, CardError::Transport(transport::Error::Reset))
}
