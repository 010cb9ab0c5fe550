//! A card that is kept because a challenge waits in it.
//!
//! The challenge lives in the card until anything disturbs it, so the connection is kept, for the time of the
//! policy with a transaction that keeps other programs off, and after that without. The application is not
//! selected again, which would end the challenge; a mark that the edge left on the card tells whether another
//! program has come between.

use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use card::transport::{Card as Connection, Transaction};
use card::{Error as CardError, UnblockProof, VoidReason, edge};
use shared::config::UnblockMethod;
use shared::model::{Card, PinKind, PinStatus, Role};
use shared::rpc::events::Change;
use shared::rpc::methods::{Challenge, UnblockState};
use shared::unblock::{checksum_text, parse_response};
use shared::{Error, ErrorCode, Result};

use super::desk::{ATTEMPTS, Desk, is_reset};
use super::inbox::Inbox;
use super::{Answer, Finish, Message, Start};
use crate::clock;
use crate::errors::{self, Failure};
use crate::service::{pins, rules};

/// Windows ends a transaction that is idle for 5 seconds and resets the card (SCardBeginTransaction).
const KEEP_ALIVE: Option<Duration> = if cfg!(windows) { Some(Duration::from_secs(2)) } else { None };

/// The challenge that is out.
struct Held {
    card: Card,
    /// Whether its reader has keys of its own.
    pin_pad: bool,
    /// What was given out, with the PIN it is for and that PIN's policy.
    challenge: Challenge,
    /// Whether the card can tell that nothing has come between. If not, only the transaction vouches for it.
    marked: bool,
}

/// Until when a challenge may wait: with a transaction, and at all.
#[derive(Clone, Copy)]
struct Deadlines {
    unlocked: Instant,
    given_up: Option<Instant>,
}

/// How a part of the procedure ended.
enum End {
    /// The challenge is void.
    Void(VoidReason),
    /// The time for which other programs are kept off is over.
    Unlocked,
    /// Somebody asked for another challenge.
    Again(Box<Start>),
}

/// Takes a challenge and keeps the card until it is answered or void. Returns a message to handle next.
pub(super) fn hold(desk: &mut Desk, start: &Start, messages: &Inbox<Message>) -> Option<Message> {
    let mut attempt = 1;
    loop {
        match keep(desk, start, messages) {
            Ok(next) => return next,
            Err(Failure::Card(error)) if is_reset(&error) && attempt < ATTEMPTS => attempt += 1,
            Err(failure) => {
                let _ = start.reply.send(Err(desk.words(failure)));
                return None;
            }
        }
    }
}

/// One attempt. An error means that no challenge was given out.
fn keep(
    desk: &mut Desk,
    start: &Start,
    messages: &Inbox<Message>,
) -> std::result::Result<Option<Message>, Failure> {
    let mut connection = desk.connect(&start.target)?;
    let mut transaction = connection.begin()?;
    if desk.service.is_stopping() || !start.turn.begin() {
        return Ok(None);
    }
    let rules = desk.policy().config.unblock.clone();
    let seconds = |seconds: u32| Duration::from_secs(seconds.into());
    let timeout = (rules.challenge_timeout_s > 0).then(|| seconds(rules.challenge_timeout_s));
    let lock = seconds(rules.lock_card_s).min(timeout.unwrap_or(Duration::MAX));
    let deadlines = Deadlines {
        unlocked: Instant::now() + lock,
        given_up: timeout.map(|timeout| Instant::now() + timeout),
    };
    let held = take(&mut *transaction, start, lock)?;
    desk.void = None;
    desk.registry().challenge_is_out(&desk.reader, &held.challenge.csn);
    let _ = start.reply.send(Ok(held.challenge.clone()));
    let end = locked(desk, &held, &mut *transaction, deadlines, messages);
    drop(transaction);
    let end = match end {
        End::Unlocked => shared(desk, &held, &mut *connection, deadlines, messages),
        end => end,
    };
    let (reason, next) = match end {
        End::Void(reason) => (reason, None),
        End::Again(start) => (VoidReason::Cancelled, Some(Message::Start(*start))),
        // The second part ends with one of the others only.
        End::Unlocked => (VoidReason::Removed, None),
    };
    desk.void = Some((held.challenge.csn.clone(), reason));
    desk.cache = None;
    match reason {
        VoidReason::Answered => desk.touched(&start.target, &[held.challenge.role], false),
        VoidReason::Refused => desk.touched(&start.target, &[], false),
        _ => {}
    }
    if reason != VoidReason::Answered {
        desk.registry().publish(Change::ChallengeVoid {
            reader: desk.reader.clone(),
            csn: held.challenge.csn.clone(),
            reason: errors::void_words(reason).to_owned(),
        });
    }
    Ok(next)
}

/// Takes the challenge.
fn take(
    transaction: &mut dyn Transaction,
    start: &Start,
    lock: Duration,
) -> std::result::Result<Held, Failure> {
    let mut card = edge::open(transaction, Some(start.target.card.edge))?;
    let identity = pins::confirm(&mut *card, &start.target)?;
    let csn = identity.csn.clone().ok_or(CardError::NotInitialised)?;
    let pins = card.pins()?;
    if pins.iter().any(|pin| pin.role == Role::ADMIN && pin.kind == PinKind::Typed) {
        // Such a card takes no response, so the administrator need not be called.
        let words = "This card has a PUK, and is unblocked with it: kortti unblock puk";
        return Err(Error::new(ErrorCode::NotSupported, words).into());
    }
    let policy = pins::find(&pins, start.role)?.policy.clone();
    let card::Challenge { bytes: challenge, marked } = card.challenge(start.role)?;
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
    Ok(Held { card: identity, pin_pad: start.target.pin_pad, challenge, marked })
}

/// The first part: the transaction keeps other programs off.
fn locked(
    desk: &Desk,
    held: &Held,
    transaction: &mut dyn Transaction,
    deadlines: Deadlines,
    messages: &Inbox<Message>,
) -> End {
    let until = deadlines.unlocked;
    loop {
        let deadline = KEEP_ALIVE.map_or(until, |pause| until.min(Instant::now() + pause));
        let message = match messages.take_until(deadline) {
            Ok(message) => message,
            Err(RecvTimeoutError::Disconnected) => return End::Void(VoidReason::Removed),
            Err(RecvTimeoutError::Timeout) if Instant::now() >= until => return End::Unlocked,
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
fn shared(
    desk: &Desk,
    held: &Held,
    connection: &mut dyn Connection,
    deadlines: Deadlines,
    messages: &Inbox<Message>,
) -> End {
    loop {
        let message = match deadlines.given_up {
            None => messages.take(),
            Some(end) => match messages.take_until(end) {
                Ok(message) => Some(message),
                Err(RecvTimeoutError::Timeout) => return End::Void(VoidReason::Expired),
                Err(RecvTimeoutError::Disconnected) => None,
            },
        };
        let Some(message) = message else { return End::Void(VoidReason::Removed) };
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
        Message::Forget => None,
        Message::Start(start) if start.role != held.challenge.role => {
            let words = "An unblock of another PIN is going on. Finish it, or give it up with `kortti unblock cancel`.";
            let _ = start.reply.send(Err(Error::new(ErrorCode::Busy, words)));
            None
        }
        Message::Start(start) => start.turn.begin().then(|| End::Again(Box::new(start))),
        Message::Cancel(turn, reply) => {
            let cancelled = turn.begin();
            let _ = reply.send(Ok(()));
            cancelled.then_some(End::Void(VoidReason::Cancelled))
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
    let Answer { challenge, response, new } = &finish.answer;
    if challenge.as_ref().is_some_and(|answered| *answered != held.challenge.challenge) {
        let words = "This is the response to another challenge than the one the card waits with. Nothing was sent. \
                     Use the response to the newest challenge, or get a new one.";
        return (Err(Error::new(ErrorCode::ChallengeVoid, words)), None);
    }
    let response = match parse_response(response, held.challenge.challenge.0.len()) {
        Ok(response) => response,
        Err(fault) => {
            let words = format!(
                "This cannot be the response: {fault}. Nothing was sent; the challenge is still good."
            );
            return (Err(Error::new(ErrorCode::BadResponse, words)), None);
        }
    };
    let new = match pins::entry(new.as_ref(), held.pin_pad) {
        Ok(new) => new,
        Err(error) => return (Err(error), None),
    };
    if let Err(error) = rules::unblock(&desk.policy().config, UnblockMethod::Challenge) {
        return (Err(error), None);
    }
    if let Err(error) = pins::fits(held.challenge.policy.as_ref(), &desk.policy().config.pin, new) {
        return (Err(error), None);
    }
    if let Some(reason) = void(held, transaction, locked) {
        return (Err(errors::void(reason)), Some(End::Void(reason)));
    }
    if !finish.turn.commit() {
        return (Err(Error::new(ErrorCode::Busy, "Nobody waits for this any more.")), None);
    }
    let role = held.challenge.role;
    let mut card = edge::resume(transaction, &held.card);
    let (result, reason) = match card.unblock(role, UnblockProof::Response(&response), new) {
        Ok(()) => {
            let status = pins::after_setting(&mut *card, role, held.challenge.policy.clone());
            let event = pins::event(&held.challenge.reader, &held.challenge.csn, &status);
            desk.registry().publish(Change::PinUnblocked(event));
            (Ok(status), VoidReason::Answered)
        }
        Err(error) => (Err(pins::response_refused(&error)), VoidReason::Refused),
    };
    (result, Some(End::Void(reason)))
}
