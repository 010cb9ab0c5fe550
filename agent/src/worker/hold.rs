//! A card that is kept because a challenge waits in it.
//!
//! The challenge lives in the card until anything disturbs it, so the connection is kept, for the time of the
//! policy with a transaction that keeps other programs off, and after that without. The application is not
//! selected again, which would end the challenge; a mark that the edge left on the card tells whether another
//! program has come between.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use card::transport::{Card as Connection, Transaction};
use card::{Error as CardError, UnblockProof, VoidReason, edge};
use shared::model::{Card, PinStatus};
use shared::rpc::events::Change;
use shared::rpc::methods::{Challenge, UnblockState};
use shared::unblock::{checksum_text, parse_response};
use shared::{Error, ErrorCode, Result};

use super::desk::Desk;
use super::{Finish, Message, Start};
use crate::service::pins;
use crate::{clock, errors};

/// Windows ends a transaction that is idle for 5 seconds and resets the card (SCardBeginTransaction).
const KEEP_ALIVE: Option<Duration> = if cfg!(windows) { Some(Duration::from_secs(2)) } else { None };

/// The challenge that is out.
struct Held {
    card: Card,
    /// What was given out, with the PIN it is for and that PIN's policy.
    challenge: Challenge,
    /// Whether the card can tell that nothing has come between. If not, only the transaction vouches for it.
    marked: bool,
}

/// How a part of the procedure ended.
enum End {
    /// The challenge is void.
    Void(VoidReason),
    /// The time for which other programs are kept off is over.
    Unlocked,
    /// Somebody asked for another challenge.
    Again(Start),
    /// Nobody can ask any more.
    Abandoned,
}

/// Takes a challenge and keeps the card until it is answered or void. Returns a message to handle next.
pub(super) fn hold(desk: &mut Desk, start: &Start, messages: &Receiver<Message>) -> Option<Message> {
    let mut connection = match desk.connect(&start.target) {
        Ok(connection) => connection,
        Err(failure) => {
            let _ = start.reply.send(Err(failure.into()));
            return None;
        }
    };
    let mut held = None;
    let end = match connection.begin() {
        Err(error) => {
            let _ = start.reply.send(Err(errors::transport(&error)));
            return None;
        }
        Ok(mut transaction) => {
            if !start.turn.begin() {
                return None;
            }
            let lock = desk.service.policy().unblock_lock;
            let until = Instant::now() + lock;
            match take(&mut *transaction, start, lock) {
                Err(error) => {
                    let _ = start.reply.send(Err(error));
                    return None;
                }
                Ok(taken) => {
                    let taken = held.insert(taken);
                    desk.void = None;
                    desk.registry().challenge_is_out(&desk.reader, &taken.challenge.csn);
                    let _ = start.reply.send(Ok(taken.challenge.clone()));
                    locked(desk, taken, &mut *transaction, until, messages)
                }
            }
        }
    };
    let held = held?;
    let end = match end {
        End::Unlocked => shared(desk, &held, &mut *connection, messages),
        end => end,
    };
    let (reason, next) = match end {
        End::Void(reason) => (reason, None),
        End::Again(start) => (VoidReason::Cancelled, Some(Message::Start(start))),
        End::Unlocked | End::Abandoned => (VoidReason::Removed, None),
    };
    desk.void = Some(reason);
    desk.cache = None;
    if reason != VoidReason::Used {
        desk.registry().publish(Change::ChallengeVoid {
            reader: desk.reader.clone(),
            csn: held.challenge.csn.clone(),
            reason: errors::void_words(reason).to_owned(),
        });
    }
    next
}

/// Takes the challenge.
fn take(transaction: &mut dyn Transaction, start: &Start, lock: Duration) -> Result<Held> {
    let told = |error: CardError| errors::card(&error);
    let mut card = edge::open(transaction).map_err(told)?;
    let identity = pins::confirm(&mut *card, &start.target)?;
    let csn = identity.csn.clone().ok_or_else(|| errors::card(&CardError::NotInitialised))?;
    let pins = card.pins().map_err(told)?;
    let policy = pins::find(&pins, start.role)?.policy.clone();
    let card::Challenge { bytes: challenge, marked } = card.challenge(start.role).map_err(told)?;
    let challenge = Challenge {
        reader: start.target.reader.clone(),
        csn,
        role: start.role,
        policy,
        checksum: checksum_text(&challenge),
        challenge: shared::hex::Hex(challenge),
        taken: clock::now(),
        locked_until: clock::after(lock),
    };
    Ok(Held { card: identity, challenge, marked })
}

/// The first part: the transaction keeps other programs off.
fn locked(
    desk: &Desk,
    held: &Held,
    transaction: &mut dyn Transaction,
    until: Instant,
    messages: &Receiver<Message>,
) -> End {
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let message = match messages.recv_timeout(KEEP_ALIVE.map_or(left, |pause| pause.min(left))) {
            Ok(message) => message,
            Err(RecvTimeoutError::Disconnected) => return End::Abandoned,
            Err(RecvTimeoutError::Timeout) if left.is_zero() => return End::Unlocked,
            Err(RecvTimeoutError::Timeout) => match transaction.keep_alive() {
                Ok(()) => continue,
                Err(error) => return End::Void(errors::void_reason(&error)),
            },
        };
        if let Some(end) = answer(desk, held, message, true, |act| act(transaction)) {
            return end;
        }
    }
}

/// The second part: others may use the card, and whether they did is looked at before anything is sent.
fn shared(desk: &Desk, held: &Held, connection: &mut dyn Connection, messages: &Receiver<Message>) -> End {
    loop {
        let Ok(message) = messages.recv() else { return End::Abandoned };
        let with_transaction =
            |act: &mut dyn FnMut(&mut dyn Transaction) -> Option<End>| match connection.begin() {
                Ok(mut transaction) => act(&mut *transaction),
                Err(error) => Some(End::Void(errors::void_reason(&error))),
            };
        if let Some(end) = answer(desk, held, message, false, with_transaction) {
            return end;
        }
    }
}

/// Answers one message; `Some` when the procedure is over with it.
fn answer(
    desk: &Desk,
    held: &Held,
    message: Message,
    locked: bool,
    mut with_transaction: impl FnMut(&mut dyn FnMut(&mut dyn Transaction) -> Option<End>) -> Option<End>,
) -> Option<End> {
    match message {
        Message::Work(work) => {
            work(Err(Error::new(
                ErrorCode::Busy,
                "An unblock is going on with this card. Finish it, or give it up with `kortti unblock cancel`.",
            )));
            None
        }
        Message::CardGone => Some(End::Void(VoidReason::Removed)),
        Message::Start(start) => Some(End::Again(start)),
        Message::Cancel(reply) => {
            let _ = reply.send(Ok(()));
            Some(End::Void(VoidReason::Cancelled))
        }
        Message::Status(reply) => {
            let end = with_transaction(&mut |transaction| void(held, transaction, locked).map(End::Void));
            let _ = reply.send(Ok(match end {
                Some(End::Void(reason)) => {
                    UnblockState::Void { reason: errors::void_words(reason).to_owned() }
                }
                _ => UnblockState::Good { challenge: held.challenge.clone(), locked },
            }));
            end
        }
        Message::Finish(finish) => {
            let mut result = None;
            let end = with_transaction(&mut |transaction| {
                if !finish.turn.begin() {
                    return None;
                }
                let (outcome, end) = respond(desk, held, transaction, &finish, locked);
                result = Some(outcome);
                end
            });
            let reason = match end {
                Some(End::Void(reason)) => reason,
                _ => VoidReason::None,
            };
            let _ = finish.reply.send(result.unwrap_or_else(|| Err(errors::void(reason))));
            end
        }
    }
}

/// Why the challenge is void, if it is. Does not touch it.
fn void(held: &Held, transaction: &mut dyn Transaction, locked: bool) -> Option<VoidReason> {
    if let Err(error) = transaction.keep_alive() {
        return Some(errors::void_reason(&error));
    }
    if !held.marked {
        return (!locked).then_some(VoidReason::Disturbed);
    }
    match edge::resume(transaction, &held.card).challenge_stands() {
        Ok(true) => None,
        Ok(false) => Some(VoidReason::Disturbed),
        Err(CardError::Transport(error)) => Some(errors::void_reason(&error)),
        Err(_) => Some(VoidReason::Disturbed),
    }
}

/// Sends the response, once, if everything that can be decided before speaks for it.
fn respond(
    desk: &Desk,
    held: &Held,
    transaction: &mut dyn Transaction,
    finish: &Finish,
    locked: bool,
) -> (Result<PinStatus>, Option<End>) {
    let response = match parse_response(&finish.response, held.challenge.challenge.0.len()) {
        Ok(response) => response,
        Err(fault) => {
            let words = format!(
                "This cannot be the response: {fault}. Nothing was sent; the challenge is still good."
            );
            return (Err(Error::new(ErrorCode::BadResponse, words)), None);
        }
    };
    if let Err(error) = pins::fits(held.challenge.policy.as_ref(), &finish.new) {
        return (Err(error), None);
    }
    if let Some(reason) = void(held, transaction, locked) {
        return (Err(errors::void(reason)), Some(End::Void(reason)));
    }
    let mut card = edge::resume(transaction, &held.card);
    let unblocked = card.unblock(held.challenge.role, UnblockProof::Response(&response), &finish.new);
    let result = unblocked.and_then(|()| card.pins());
    let registry = desk.registry();
    let result = match result {
        Ok(pins) => pins::find(&pins, held.challenge.role).cloned().inspect(|status| {
            registry.publish(Change::PinUnblocked(pins::event(
                &held.challenge.reader,
                &held.challenge.csn,
                status,
            )));
        }),
        Err(error) => Err(errors::card(&error)),
    };
    (result, Some(End::Void(VoidReason::Used)))
}
