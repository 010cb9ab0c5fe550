//! Virtual readers: the seams of [`crate::transport`] over virtual cards, with the manners of PC/SC.
//!
//! One mutex guards all readers and one condition variable tells of every change; a card has its own mutex, so a
//! slow card does not hold up the other readers.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::card::VirtualCard;
use super::connection::Connection;
use super::description;
use super::pad::{Equipment, Keys};
use crate::transport::{Card, Error, Presence, ReaderState, Readers, Result};

/// The longest data field that a virtual reader passes on, in bytes, unless its description says otherwise.
pub(super) const MAX_APDU_DATA: u32 = 0x1_0000;

/// Virtual readers, each of which can hold a virtual card. Clones are handles on the same readers.
#[derive(Clone)]
pub struct VirtualReaders(pub(super) Arc<Shared>);

pub(super) struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

/// All readers and the cards that are described.
pub(super) struct State {
    slots: Vec<Slot>,
    cards: BTreeMap<String, VirtualCard>,
    service: Service,
    /// The next `wait` returns at once: it is the first, or the first after the service came back.
    fresh: bool,
    stopped: bool,
    last_number: u64,
}

pub(super) struct Service {
    pub up: bool,
    /// Counts the times it went down: connections do not survive that.
    pub failures: u64,
}

/// A reader.
pub(super) struct Slot {
    pub name: String,
    pub present: bool,
    pub usable: bool,
    pub card: Option<VirtualCard>,
    /// The card that was in it last, or that is described for it.
    usual: Option<String>,
    pub generation: u32,
    /// The number of the present insertion, different from every other one.
    pub insertion: u64,
    pub resets: u64,
    /// The connections that are open on the present card.
    pub connections: usize,
    /// The connection that has a transaction.
    pub transaction: Option<u64>,
    /// Whether another program keeps the card for itself.
    pub held: bool,
    /// What other programs have the service's socket open, as they are named to people.
    pub holders: Vec<String>,
    /// Whether the reader has stopped answering.
    pub hangs: bool,
    /// What else it can do.
    pub equipment: Equipment,
}

impl Slot {
    pub(super) fn state(&self) -> ReaderState {
        let presence = match &self.card {
            _ if !self.usable => Presence::Unavailable,
            None => Presence::Empty,
            Some(card) if card.is_mute() => Presence::Mute,
            Some(card) => Presence::Card(card.atr().to_vec()),
        };
        ReaderState { name: self.name.clone(), presence, generation: self.generation, exclusive: self.held }
    }

    fn insert(&mut self, card: VirtualCard, insertion: u64) {
        card.reset();
        self.usual = Some(card.name().to_owned());
        self.card = Some(card);
        self.insertion = insertion;
        self.generation = self.generation.wrapping_add(1);
        self.resets = 0;
    }

    pub(super) fn eject(&mut self) {
        if let Some(card) = self.card.take() {
            card.reset();
            self.generation = self.generation.wrapping_add(1);
            self.insertion = 0;
            self.connections = 0;
            self.transaction = None;
            self.held = false;
        }
    }
}

impl State {
    /// A number that nothing has had before.
    pub(super) fn number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    /// A reader that exists.
    pub(super) fn slot(&mut self, name: &str) -> Option<&mut Slot> {
        self.slots.iter_mut().find(|slot| slot.present && slot.name == name)
    }

    pub(super) fn service(&self) -> &Service {
        &self.service
    }

    /// Makes a reader exist.
    fn add(&mut self, name: &str) {
        match self.slots.iter_mut().find(|slot| slot.name == name) {
            Some(slot) => slot.present = true,
            None => self.slots.push(Slot {
                name: name.to_owned(),
                present: true,
                usable: true,
                card: None,
                usual: None,
                generation: 0,
                insertion: 0,
                resets: 0,
                connections: 0,
                transaction: None,
                held: false,
                holders: Vec::new(),
                hangs: false,
                equipment: Equipment::new(false, MAX_APDU_DATA),
            }),
        }
    }

    fn all(&self) -> Vec<ReaderState> {
        self.slots.iter().filter(|slot| slot.present).map(Slot::state).collect()
    }
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the lock back until something has changed.
    pub(super) fn wait<'s>(&self, state: MutexGuard<'s, State>) -> MutexGuard<'s, State> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn tell(&self) {
        self.changed.notify_all();
    }
}

impl VirtualReaders {
    /// Readers of these names, all empty, and no cards.
    pub fn empty(names: &[&str]) -> Self {
        let mut state = State {
            slots: Vec::new(),
            cards: BTreeMap::new(),
            service: Service { up: true, failures: 0 },
            fresh: true,
            stopped: false,
            last_number: 0,
        };
        for name in names {
            state.add(name);
        }
        Self(Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() }))
    }

    /// The readers and cards of a description (TOML; `description.rs` says what can stand in it). Files that
    /// it names are looked for in the current directory.
    ///
    /// # Errors
    /// A sentence that names the line.
    pub fn from_description(toml: &str) -> std::result::Result<Self, String> {
        description::build(toml, &description::files_in(Path::new("")))
    }

    /// As [`VirtualReaders::from_description`], out of a file. Files that it names are looked for beside it.
    ///
    /// # Errors
    /// A sentence that names the line.
    pub fn from_file(path: &Path) -> std::result::Result<Self, String> {
        let toml = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        description::build(&toml, &description::files_in(path.parent().unwrap_or(Path::new(""))))
    }

    /// The demonstration set: two readers, a GIDS card in the first, a PIV card in the second (PIN 123456), and more
    /// cards to insert.
    /// `demo.toml` beside this file describes it.
    pub fn demo() -> Self {
        description::demo()
    }

    /// Changes the state under its lock and tells everybody.
    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.0.lock());
        self.0.tell();
        result
    }

    fn change_slot<T>(
        &self,
        reader: &str,
        change: impl FnOnce(&mut Slot) -> T,
    ) -> std::result::Result<T, String> {
        self.change(|state| match state.slot(reader) {
            Some(slot) => Ok(change(slot)),
            None => Err(format!("There is no reader \"{reader}\".")),
        })
    }

    /// Puts a card into a reader: the named one, or the one that was last in it or is described for it.
    ///
    /// # Errors
    /// A sentence.
    pub fn insert(&self, reader: &str, card: Option<&str>) -> std::result::Result<(), String> {
        self.change(|state| {
            let insertion = state.number();
            let slot = state.slot(reader).ok_or_else(|| format!("There is no reader \"{reader}\"."))?;
            if let Some(inside) = &slot.card {
                return Err(format!(
                    "The reader \"{reader}\" already holds the card \"{}\". Take it out first: kortti virtual remove",
                    inside.name()
                ));
            }
            let name = match card {
                Some(name) => name.to_owned(),
                None => slot.usual.clone().ok_or_else(|| {
                    format!("No card is described for the reader \"{reader}\". Name the card to insert.")
                })?,
            };
            if let Some(other) =
                state.slots.iter().find(|slot| slot.card.as_ref().is_some_and(|c| c.name() == name))
            {
                return Err(format!("The card \"{name}\" is in the reader \"{}\".", other.name));
            }
            let card = state.cards.get(&name).cloned().ok_or_else(|| {
                let known: Vec<&str> = state.cards.keys().map(String::as_str).collect();
                format!("There is no card \"{name}\". There are: {}.", known.join(", "))
            })?;
            if let Some(slot) = state.slot(reader) {
                slot.insert(card, insertion);
            }
            Ok(())
        })
    }

    /// Takes the card out.
    ///
    /// # Errors
    /// A sentence.
    pub fn remove(&self, reader: &str) -> std::result::Result<(), String> {
        let was_there = self.change_slot(reader, |slot| {
            let was_there = slot.card.is_some();
            slot.eject();
            was_there
        })?;
        if was_there { Ok(()) } else { Err(format!("The reader \"{reader}\" is empty.")) }
    }

    /// The names of all cards, in readers or not.
    pub fn cards(&self) -> Vec<String> {
        self.0.lock().cards.keys().cloned().collect()
    }

    /// A handle on a card, in a reader or not.
    pub fn card(&self, name: &str) -> Option<VirtualCard> {
        self.0.lock().cards.get(name).cloned()
    }

    /// Adds a card, in no reader yet; one of the same name is replaced.
    pub fn add_card(&self, card: VirtualCard) {
        self.0.lock().cards.insert(card.name().to_owned(), card);
    }

    pub(super) fn describe_reader(&self, name: &str, usual: Option<&str>, equipment: Equipment) {
        self.change(|state| {
            state.add(name);
            if let Some(slot) = state.slot(name) {
                slot.usual = usual.map(str::to_owned);
                slot.equipment = equipment;
            }
        });
    }

    /// What the person will do, one after the other, when a reader with a pad asks for PINs.
    ///
    /// # Errors
    /// A sentence.
    pub fn type_on_pad(&self, reader: &str, keys: &[Keys]) -> std::result::Result<(), String> {
        self.change_slot(reader, |slot| slot.equipment.keys.extend(keys.iter().cloned()))
    }

    /// What has not been typed of it.
    ///
    /// # Errors
    /// A sentence.
    pub fn left_to_type(&self, reader: &str) -> std::result::Result<usize, String> {
        self.change_slot(reader, |slot| slot.equipment.keys.len())
    }

    /// Plugs a reader in, empty; one that was unplugged keeps counting where it stopped.
    pub fn add_reader(&self, name: &str) {
        self.change(|state| state.add(name));
    }

    /// Unplugs a reader, with the card that is in it.
    ///
    /// # Errors
    /// A sentence.
    pub fn remove_reader(&self, name: &str) -> std::result::Result<(), String> {
        self.change_slot(name, |slot| {
            slot.eject();
            slot.present = false;
        })
    }

    /// Makes a reader unusable, or usable again.
    ///
    /// # Errors
    /// A sentence.
    pub fn set_usable(&self, reader: &str, usable: bool) -> std::result::Result<(), String> {
        self.change_slot(reader, |slot| slot.usable = usable)
    }

    /// Lets another program keep the card in a reader for itself, or let go of it.
    ///
    /// # Errors
    /// A sentence.
    pub fn hold(&self, reader: &str, held: bool) -> std::result::Result<(), String> {
        self.change_slot(reader, |slot| slot.held = held)
    }

    /// What [`Readers::holders`] will say of a reader.
    ///
    /// # Errors
    /// A sentence.
    pub fn set_holders(&self, reader: &str, holders: &[&str]) -> std::result::Result<(), String> {
        let holders = holders.iter().map(|name| (*name).to_owned()).collect();
        self.change_slot(reader, |slot| slot.holders = holders)
    }

    /// Lets another program reset the card in a reader: every connection learns of it.
    ///
    /// # Errors
    /// A sentence.
    pub fn reset(&self, reader: &str) -> std::result::Result<(), String> {
        self.change_slot(reader, |slot| {
            if let Some(card) = &slot.card {
                card.reset();
            }
            slot.resets += 1;
        })
    }

    /// Makes a reader stop answering, or go on: an exchange blocks until then, or until the card goes.
    ///
    /// # Errors
    /// A sentence.
    pub fn hang(&self, reader: &str, hangs: bool) -> std::result::Result<(), String> {
        self.change_slot(reader, |slot| slot.hangs = hangs)
    }

    /// Takes the smart card service down or brings it up again. No connection survives it, and cards lose power.
    pub fn set_service(&self, up: bool) {
        self.change(|state| {
            if state.service.up && !up {
                state.service.failures += 1;
                for slot in &mut state.slots {
                    slot.connections = 0;
                    slot.transaction = None;
                    if let Some(card) = &slot.card {
                        card.reset();
                    }
                }
            }
            state.service.up = up;
        });
    }
}

impl Readers for VirtualReaders {
    fn wait(&self, known: &[ReaderState]) -> Result<Vec<ReaderState>> {
        let mut state = self.0.lock();
        loop {
            if state.stopped {
                return Err(Error::Cancelled);
            }
            if !state.service.up {
                state.fresh = true;
                return Err(Error::ServiceDown);
            }
            let now = state.all();
            if std::mem::take(&mut state.fresh) || now != known {
                return Ok(now);
            }
            state = self.0.wait(state);
        }
    }

    fn stop(&self) {
        self.change(|state| state.stopped = true);
    }

    fn look_again(&self) {
        self.change(|state| state.fresh = true);
    }

    fn connect(&self, reader: &str) -> Result<Box<dyn Card>> {
        let mut state = self.0.lock();
        if !state.service.up {
            return Err(Error::ServiceDown);
        }
        Ok(Box::new(Connection::open(&self.0, &mut state, reader)?))
    }

    fn holders(&self, reader: &str) -> Vec<String> {
        self.0.lock().slot(reader).map_or_else(Vec::new, |slot| slot.holders.clone())
    }
}
