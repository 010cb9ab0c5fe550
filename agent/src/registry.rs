//! What the agent knows of service, readers and cards, and who is told when it changes.
//!
//! One lock, never held while a card is spoken to. Changes are published under it, so that a snapshot and the
//! changes after it fit together; publishing never waits for a subscriber.

mod checks;
mod slot;
mod target;

use std::collections::BTreeMap;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use card::transport::{Presence, ReaderState as Seen};
use shared::hex::Hex;
use shared::model::{Csn, Reader, ReaderState, Service};
use shared::rpc::events::{Cause, Change, Event, OnCardEvent};
use shared::rpc::methods::{Select, StatusReply};
use shared::{Error, ErrorCode, Result};

pub(crate) use checks::{Known, Meant};
pub use target::Subscription;
pub(crate) use target::{Found, Target};

use crate::worker::Worker;
use crate::{checkup, clock};

/// Events that a subscriber may lag behind before it is cut off.
const QUEUE: usize = 256;

/// How long requests wait for a card that came in to be identified.
const IDENTIFY: Duration = Duration::from_secs(5);

/// See the module.
pub struct Registry {
    state: Mutex<State>,
    changed: Condvar,
    /// Whether readers and cards are virtual.
    is_virtual: bool,
}

struct State {
    service: Service,
    /// Whether the watcher has seen the readers, or that it cannot.
    looked: bool,
    slots: BTreeMap<String, Slot>,
    sequence: u64,
    subscribers: Vec<(u64, SyncSender<Event>)>,
    subscriptions: u64,
    /// The reader that is meant when several have a card and none is named.
    preferred: Option<String>,
}

struct Slot {
    seen: Seen,
    view: Reader,
    worker: Worker,
    /// Until when requests wait for the card that is being identified.
    identified_by: Option<Instant>,
    /// The card from which this reader's last challenge was taken; it may have gone since.
    challenged: Option<Csn>,
    /// What the last look at the card showed.
    known: Option<Arc<checkup::Seen>>,
}

impl Registry {
    /// Nothing is known yet; the service counts as down until it has been seen.
    pub(crate) fn new(is_virtual: bool) -> Self {
        let service = Service::Down { reason: "It has not answered yet.".to_owned() };
        let state = State {
            service,
            looked: false,
            slots: BTreeMap::new(),
            sequence: 0,
            subscribers: Vec::new(),
            subscriptions: 0,
            preferred: None,
        };
        Self { state: Mutex::new(state), changed: Condvar::new(), is_virtual }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state once the watcher has looked for the first time, which takes it a moment after the start.
    fn lock_looked(&self) -> MutexGuard<'_, State> {
        let not_yet = |state: &mut State| !state.looked;
        let waited = self.changed.wait_timeout_while(self.lock(), IDENTIFY, not_yet);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// Tells every subscriber.
    pub(crate) fn publish(&self, change: Change) {
        self.lock().publish(change);
    }

    /// The state as of now.
    pub fn status(&self) -> StatusReply {
        self.snapshot(&self.lock_looked())
    }

    fn snapshot(&self, state: &State) -> StatusReply {
        StatusReply {
            version: shared::VERSION.to_owned(),
            pid: std::process::id(),
            r#virtual: self.is_virtual,
            service: state.service.clone(),
            readers: state.slots.values().map(|slot| slot.view.clone()).collect(),
            preferred: state.preferred.clone(),
            desktop: None,
        }
    }

    /// A snapshot, and a queue of everything that changes after it. The queue ends when it is not emptied in time.
    pub fn subscribe(&self) -> Subscription {
        let (sender, events) = sync_channel(QUEUE);
        let mut state = self.lock();
        let change = Change::Snapshot(Box::new(self.snapshot(&state)));
        let snapshot = Event { sequence: state.sequence, time: clock::now(), change };
        state.subscriptions += 1;
        let number = state.subscriptions;
        state.subscribers.push((number, sender));
        Subscription { number, snapshot, events }
    }

    /// Ends a subscription's queue.
    pub fn unsubscribe(&self, number: u64) {
        self.lock().subscribers.retain(|(subscriber, _)| *subscriber != number);
    }

    /// Takes in what the watcher saw, of which the settings want some readers to be left alone. `new_worker` makes the
    /// worker of a reader that appeared.
    pub(crate) fn readers_are(&self, seen: &[Seen], ignored: &[String], new_worker: impl Fn(&str) -> Worker) {
        let seen: Vec<&Seen> = seen.iter().filter(|reader| !ignored.contains(&reader.name)).collect();
        let mut state = self.lock();
        state.looked = true;
        if state.service != Service::Up {
            state.service = Service::Up;
            state.publish(Change::ServiceUp);
        }
        let gone: Vec<String> =
            state.slots.keys().filter(|name| seen.iter().all(|s| s.name != **name)).cloned().collect();
        for name in gone {
            // No hand has touched a reader that nobody looks at any more.
            let cause = if ignored.contains(&name) { Cause::User } else { Cause::Hardware };
            state.remove_reader(&name, cause);
        }
        for now in seen {
            let before = state.slots.get(&now.name).map(|slot| slot.seen.clone());
            if before.is_none() {
                state.add_reader(now, new_worker(&now.name));
            } else if before.as_ref() != Some(now) {
                state.update_reader(now);
            }
        }
        drop(state);
        self.changed.notify_all();
    }

    /// Takes in that the service cannot be reached.
    pub(crate) fn service_is_down(&self, reason: String) {
        let mut state = self.lock();
        state.looked = true;
        let down = Service::Down { reason: reason.clone() };
        if state.service != down {
            for name in state.slots.keys().cloned().collect::<Vec<_>>() {
                state.remove_reader(&name, Cause::Service);
            }
            state.service = down;
            state.publish(Change::ServiceDown { reason });
        }
        drop(state);
        self.changed.notify_all();
    }

    /// Takes in what a worker found out about the card that came in as `generation`.
    pub(crate) fn identified(&self, reader: &str, generation: u32, found: Found) {
        let mut state = self.lock();
        if let Some(slot) = state.slots.get_mut(reader).filter(|slot| slot.seen.generation == generation) {
            let (card, pin_pad, reader_state, detail) = match found {
                Found::Card(card, pin_pad) => {
                    let personalised = card.csn.is_some();
                    let state = if personalised { ReaderState::Ready } else { ReaderState::NotInitialised };
                    (Some(card), pin_pad, state, None)
                }
                Found::Unusable(state, reason) => (None, false, state, Some(reason)),
            };
            if slot.view.card != card {
                slot.known = None;
            }
            let check = slot.view.check.clone().filter(|_| slot.known.is_some());
            let view = Reader { state: reader_state, card, pin_pad, detail, check, ..slot.view.clone() };
            slot.identified_by = None;
            if slot.view != view {
                slot.view = view;
                let change = match (&slot.view.card, &slot.view.detail) {
                    (Some(card), _) => Change::CardIdentified {
                        reader: reader.to_owned(),
                        card: card.clone(),
                        initialised: card.csn.is_some(),
                    },
                    (None, reason) => Change::CardUnusable {
                        reader: reader.to_owned(),
                        state: reader_state,
                        reason: reason.clone().unwrap_or_default(),
                    },
                };
                state.publish(change);
            }
        }
        drop(state);
        self.changed.notify_all();
    }

    /// Tells that another program keeps the card in a reader, when somebody wants it; these may be it.
    pub(crate) fn card_is_busy(&self, reader: &str, holders: Vec<String>) {
        let mut state = self.lock();
        let csn = state.slots.get(reader).and_then(|slot| slot.view.card.clone()).and_then(|card| card.csn);
        state.publish(Change::CardBusy { reader: reader.to_owned(), csn, holders });
    }

    /// Takes in that a challenge was taken from a card.
    pub(crate) fn challenge_is_out(&self, reader: &str, csn: &Csn) {
        let mut state = self.lock();
        if let Some(slot) = state.slots.get_mut(reader) {
            slot.challenged = Some(csn.clone());
        }
        state.publish(Change::ChallengeIssued(OnCardEvent {
            reader: reader.to_owned(),
            csn: csn.clone(),
            cause: Cause::User,
        }));
    }

    /// The worker of the reader in which a challenge is out, or was. It is found also when its card is gone, so
    /// that a person learns what became of it.
    ///
    /// # Errors
    /// As for [`Registry::find`].
    pub(crate) fn find_challenge(&self, select: &Select) -> Result<Worker> {
        let found: Vec<Worker> = self
            .lock()
            .slots
            .values()
            .filter(|slot| select.reader.as_ref().is_none_or(|reader| *reader == slot.view.name))
            .filter(|slot| {
                let challenged = slot.challenged.as_ref();
                challenged.is_some_and(|csn| select.card.as_ref().is_none_or(|text| csn.matches(text)))
            })
            .map(|slot| slot.worker.clone())
            .collect();
        match found.as_slice() {
            [worker] => Ok(worker.clone()),
            _ => self.find(select).map(|target| target.worker),
        }
    }

    /// Gives up every challenge, and lets every worker end once it has done what it was asked.
    pub(crate) fn let_go(&self) {
        let slots = std::mem::take(&mut self.lock().slots);
        slots.values().for_each(|slot| slot.worker.card_is_gone());
    }

    /// Takes in which reader is meant when several have a card and none is named.
    pub(crate) fn prefer(&self, reader: Option<String>) {
        self.lock().preferred = reader;
    }

    /// Gives up every challenge, forgets what was read, and looks again at cards that could not be used.
    pub(crate) fn release_all(&self) {
        for slot in self.lock().slots.values_mut() {
            slot.worker.give_up();
            slot.look_again();
        }
    }

    /// Identifies every card again: whether it may be used is judged then.
    pub(crate) fn judge_again(&self) {
        let mut state = self.lock();
        let cards = state.slots.values_mut().filter(|slot| matches!(slot.seen.presence, Presence::Card(_)));
        cards.for_each(Slot::identify);
    }

    /// The card that a request means. Waits a moment for cards that are just being identified, and looks again at
    /// those that could not be: what kept them may have passed.
    ///
    /// # Errors
    /// [`ErrorCode::NoService`], [`ErrorCode::NoReader`], [`ErrorCode::NoCard`], [`ErrorCode::SeveralCards`], and
    /// what the reader's state says when the one reader meant holds nothing usable.
    pub(crate) fn find(&self, select: &Select) -> Result<Target> {
        let mut state = self.lock_looked();
        state.named(select).for_each(Slot::look_again);
        loop {
            // A reader that hangs is waited for once, not by every request.
            let waiting = state.named(select).filter_map(|slot| slot.identified_by).max();
            let left = waiting.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            match left.filter(|left| !left.is_zero()) {
                None => return state.find(select),
                Some(left) => {
                    let woken = self.changed.wait_timeout(state, left);
                    state = woken.unwrap_or_else(PoisonError::into_inner).0;
                }
            }
        }
    }
}

impl State {
    /// The readers that a request may mean.
    fn named(&mut self, select: &Select) -> impl Iterator<Item = &mut Slot> {
        let named = select.reader.clone();
        let slots = self.slots.values_mut();
        slots.filter(move |slot| named.as_ref().is_none_or(|name| *name == slot.view.name))
    }

    fn publish(&mut self, change: Change) {
        self.sequence += 1;
        let event = Event { sequence: self.sequence, time: clock::now(), change };
        tracing::debug!(sequence = event.sequence, change = ?event.change);
        self.subscribers.retain(|(_, subscriber)| subscriber.try_send(event.clone()).is_ok());
    }

    fn add_reader(&mut self, now: &Seen, worker: Worker) {
        let name = now.name.clone();
        self.publish(Change::ReaderAdded { reader: name.clone() });
        let view = Reader::empty(&name);
        let seen = Seen { presence: Presence::Empty, ..now.clone() };
        self.slots
            .insert(name, Slot { seen, view, worker, identified_by: None, challenged: None, known: None });
        self.card_is(now);
    }

    fn remove_reader(&mut self, name: &str, cause: Cause) {
        self.card_is_gone(name, cause);
        self.slots.remove(name);
        self.publish(Change::ReaderRemoved { reader: name.to_owned() });
    }

    fn update_reader(&mut self, now: &Seen) {
        let Some(slot) = self.slots.get_mut(&now.name) else { return };
        if slot.seen.generation != now.generation || slot.seen.presence != now.presence {
            // Without having been moved a card changes its answer to reset, or does not answer any more, when another
            // program has reset it.
            let moved = slot.seen.generation != now.generation || now.presence == Presence::Empty;
            self.card_is_gone(&now.name, if moved { Cause::Hardware } else { Cause::OtherProgram });
            self.card_is(now);
        } else {
            let released = slot.seen.exclusive && !now.exclusive;
            slot.seen = now.clone();
            if released {
                slot.look_again();
                slot.worker.go_on();
            }
        }
    }

    fn card_is_gone(&mut self, name: &str, cause: Cause) {
        let Some(slot) = self.slots.get_mut(name) else { return };
        slot.worker.card_is_gone();
        slot.identified_by = None;
        slot.known = None;
        if slot.view.atr.is_some() || slot.view.state == ReaderState::Mute {
            let csn = slot.view.card.take().and_then(|card| card.csn);
            slot.view = Reader::empty(name);
            self.publish(Change::CardRemoved { reader: name.to_owned(), csn, cause });
        }
    }

    fn card_is(&mut self, now: &Seen) {
        let Some(slot) = self.slots.get_mut(&now.name) else { return };
        slot.seen = now.clone();
        let reader = now.name.clone();
        let change = match &now.presence {
            Presence::Empty => {
                slot.view.state = ReaderState::Empty;
                slot.view.detail = None;
                return;
            }
            Presence::Card(atr) => {
                slot.view.atr = Some(Hex(atr.clone()));
                slot.identify();
                Change::CardInserted { reader, atr: Hex(atr.clone()) }
            }
            Presence::Mute => {
                let reason = "The card does not answer. Is it the right way round?".to_owned();
                slot.view.state = ReaderState::Mute;
                slot.view.detail = Some(reason.clone());
                Change::CardUnusable { reader, state: ReaderState::Mute, reason }
            }
            Presence::Unavailable => {
                let reason = "The reader cannot be used. Unplug it and plug it in again.".to_owned();
                slot.view.state = ReaderState::Failed;
                slot.view.detail = Some(reason.clone());
                Change::CardUnusable { reader, state: ReaderState::Failed, reason }
            }
        };
        self.publish(change);
    }

    fn find(&mut self, select: &Select) -> Result<Target> {
        if let Service::Down { reason } = &self.service {
            return Err(Error::new(ErrorCode::NoService, reason.clone()));
        }
        let preferred = self.preferred.clone();
        let named: Vec<&Slot> = self.named(select).map(|slot| &*slot).collect();
        if named.is_empty() {
            return Err(Error::new(
                ErrorCode::NoReader,
                match &select.reader {
                    Some(name) => format!("There is no reader named {name}. `kortti readers` lists them."),
                    None => "No smart card reader is connected.".to_owned(),
                },
            ));
        }
        let fitting: Vec<Target> = named.iter().filter_map(|slot| slot.target(select)).collect();
        let preferred = fitting.iter().find(|target| preferred.as_ref() == Some(&target.reader));
        match (fitting.as_slice(), named.as_slice()) {
            ([target], _) => Ok(target.clone()),
            ([], [slot]) if select.card.is_none() => Err(slot.unusable()),
            ([], slots) => Err(match (&select.card, slots.iter().find(|slot| slot.view.detail.is_some())) {
                (Some(csn), _) => Error::new(
                    ErrorCode::NoCard,
                    format!(
                        "No card with the serial number {csn} is in a reader. `kortti readers` lists them."
                    ),
                ),
                (None, Some(slot)) => slot.unusable(),
                (None, None) => Error::new(ErrorCode::NoCard, "Insert a card."),
            }),
            _ => preferred.cloned().ok_or_else(|| {
                Error::new(
                    ErrorCode::SeveralCards,
                    "Several cards are in the readers. Say which one, by --reader or --card.",
                )
            }),
        }
    }
}
