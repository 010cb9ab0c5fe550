//! Notices as the Desktop Notifications Specification 1.2 has them: who shows them, and what is on the screen.
//!
//! Nothing here waits. What is to be sent is put into `outbox`; answers and signals are handed in by the one who
//! reads the connection, in the order in which the bus sent them. So an action is never taken for one of the notice
//! that was there before, and a daemon that does not answer holds nothing up.

mod call;

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use zbus::message::{Header, Message};
use zbus::names::{MemberName, UniqueName};

use self::call::{BUS, Buttons, NAME};
use super::Notice;
use super::wishes::{Wish, Wishes};
use crate::action::Action;
use crate::surface::{Ear, NoticesReport};
use crate::text;

/// How long an answer may take. After it the next notice of the same key goes out as a new one.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many calls may be without an answer.
const MOST_CALLS: usize = 32;
/// How many notices are remembered as being on the screen.
const MOST_SLOTS: usize = 256;

/// All about notices on one connection to the bus.
pub(crate) struct Notices {
    wishes: Arc<Wishes>,
    ear: Arc<Ear>,
    daemon: Daemon,
    slots: HashMap<String, Slot>,
    calls: HashMap<NonZeroU32, Call>,
    /// Whether a wish came since a daemon was last asked to start.
    fresh: bool,
    /// Makes the keys of the buttons unique.
    shown: u64,
    pub(crate) is_closed: bool,
    /// What is to be sent.
    pub(crate) outbox: Vec<Message>,
}

/// Who shows notices.
enum Daemon {
    /// Nobody; the bus has been asked to start one, or has not.
    Absent { starting: bool },
    /// It has been asked what it can do.
    Asked { owner: String, until: Option<Instant>, server: Option<String>, abilities: Option<Abilities> },
    /// It is known.
    Known { owner: String, server: String, abilities: Abilities },
}

/// What a daemon says that it can do (`GetCapabilities`).
#[derive(Clone, Copy, Default)]
struct Abilities {
    actions: bool,
    markup: bool,
}

/// The notice of one key.
#[derive(Default)]
struct Slot {
    /// Its number on the screen; 0 when it is not there.
    id: u32,
    buttons: Buttons,
    /// Until when an answer is waited for that says that the next one is there.
    pending: Option<Instant>,
}

/// What a call without an answer was for.
enum Call {
    Owner,
    Activatable,
    Start,
    Server,
    Capabilities,
    Notify {
        key: String,
        buttons: Buttons,
        wish: Wish,
    },
    /// A notice whose answer did not come in time, and which nobody wants any more.
    Unwanted,
}

impl Notices {
    /// Asks the bus who shows notices. What is wished for waits until that is known.
    pub(crate) fn new(wishes: Arc<Wishes>, ear: Arc<Ear>) -> Self {
        let mut notices = Self {
            wishes,
            ear,
            daemon: Daemon::Absent { starting: false },
            slots: HashMap::new(),
            calls: HashMap::new(),
            fresh: false,
            shown: 0,
            is_closed: false,
            outbox: Vec::new(),
        };
        notices.outbox.extend(call::watch());
        notices.call(Call::Owner, call::to_bus("GetNameOwner", &NAME));
        notices
    }

    /// A wish has come.
    pub(crate) fn wished(&mut self) {
        self.fresh = true;
        self.fulfil();
    }

    /// Nobody wants notices any more: takes everything from the screen, also what only comes there now.
    pub(crate) fn close(&mut self) {
        self.is_closed = true;
        self.wishes.clear();
        for call in self.calls.values_mut().filter(|call| matches!(call, Call::Notify { .. })) {
            *call = Call::Unwanted;
        }
        let ids: Vec<u32> = self.slots.values().map(|slot| slot.id).filter(|id| *id != 0).collect();
        for id in ids {
            self.withdraw(id);
        }
        self.slots.clear();
    }

    /// Whether it was closed, and nothing can come to the screen any more.
    pub(crate) fn is_over(&self) -> bool {
        self.is_closed && !self.calls.values().any(|call| matches!(call, Call::Unwanted))
    }

    /// When to call [`Notices::late`], if no answer comes before.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let asked = match &self.daemon {
            Daemon::Asked { until, .. } => *until,
            _ => None,
        };
        self.slots.values().filter_map(|slot| slot.pending).chain(asked).min()
    }

    /// An answer has not come in time.
    pub(crate) fn late(&mut self) {
        let now = Instant::now();
        let mut silent = false;
        if let Daemon::Asked { until, .. } = &mut self.daemon {
            silent = until.take_if(|until| *until <= now).is_some();
        }
        for slot in self.slots.values_mut() {
            silent |= slot.pending.take_if(|until| *until <= now).is_some();
        }
        if silent {
            self.say(NoticesReport::NoAnswer);
        }
        self.fulfil();
    }

    /// A message has come that is not a call.
    pub(crate) fn message(&mut self, message: &Message) {
        let header = message.header();
        let from_bus = header.sender().is_some_and(|sender| sender.as_str() == BUS);
        if let Some(serial) = header.reply_serial() {
            if let Some(call) = self.calls.remove(&serial) {
                self.answered(call, message, from_bus);
            }
        } else if from_bus {
            if let Some(owner) = call::new_owner(message) {
                self.owner_is(owner);
            }
        } else if self.is_daemon(&header) {
            self.signal(message, &header);
        }
        self.fulfil();
    }

    fn answered(&mut self, call: Call, message: &Message, from_bus: bool) {
        let failure = call::failure(message);
        match call {
            Call::Owner => match message.body().deserialize::<String>() {
                Ok(owner) if failure.is_none() => self.owner_is(Some(owner)),
                _ => self.owner_is(None),
            },
            Call::Activatable => {
                if !matches!(self.daemon, Daemon::Absent { .. }) {
                    return;
                }
                let names = message.body().deserialize::<Vec<String>>().unwrap_or_default();
                let listed = failure.is_none() && names.iter().any(|name| name == NAME);
                self.say(if listed { NoticesReport::OnDemand } else { NoticesReport::NoDaemon });
            }
            Call::Start => {
                if let (Daemon::Absent { starting }, Some(words)) = (&mut self.daemon, failure) {
                    *starting = false;
                    tracing::debug!(words, "no notification daemon can be started");
                    self.say(NoticesReport::NoDaemon);
                }
            }
            Call::Server => {
                let names = message.body().deserialize::<(String, String, String, String)>();
                let name = names.map(|(name, _, version, _)| text::line(&format!("{name} {version}"), 80));
                if let Daemon::Asked { server, .. } = &mut self.daemon {
                    *server = Some(name.unwrap_or_else(|_| "unknown".to_owned()));
                }
                self.get_to_know();
            }
            Call::Capabilities => {
                let able = message.body().deserialize::<Vec<String>>().unwrap_or_default();
                let can = |name: &str| able.iter().any(|ability| ability == name);
                if let Daemon::Asked { abilities, .. } = &mut self.daemon {
                    *abilities = Some(Abilities { actions: can("actions"), markup: can("body-markup") });
                }
                self.get_to_know();
            }
            Call::Notify { key, buttons, wish } => match failure {
                None => {
                    let slot = self.slots.entry(key).or_default();
                    *slot = Slot { id: message.body().deserialize().unwrap_or(0), buttons, pending: None };
                    self.report();
                }
                // The bus answers for a daemon that is gone.
                Some(_) if from_bus => {
                    self.once_more(&key, wish);
                    self.owner_is(None);
                }
                Some(words) => {
                    tracing::warn!(words, "the notification daemon refused a notice");
                    if let Some(slot) = self.slots.get_mut(&key) {
                        slot.pending = None;
                    }
                }
            },
            Call::Unwanted => self.withdraw(message.body().deserialize().unwrap_or(0)),
        }
    }

    /// The owner of the daemon's name changed, or the bus has told who it is.
    fn owner_is(&mut self, owner: Option<String>) {
        let known = match &self.daemon {
            Daemon::Absent { .. } => None,
            Daemon::Asked { owner, .. } | Daemon::Known { owner, .. } => Some(owner),
        };
        if owner.is_some() && known == owner.as_ref() {
            return;
        }
        self.slots.clear();
        for (_, call) in std::mem::take(&mut self.calls) {
            if let Call::Notify { key, wish, .. } = call {
                self.once_more(&key, wish);
            }
        }
        let Some(owner) = owner else {
            self.daemon = Daemon::Absent { starting: false };
            self.call(Call::Activatable, call::to_bus("ListActivatableNames", &()));
            return;
        };
        self.call(Call::Server, call::to_daemon(&owner, "GetServerInformation", &()));
        self.call(Call::Capabilities, call::to_daemon(&owner, "GetCapabilities", &()));
        let until = Some(Instant::now() + PATIENCE);
        self.daemon = Daemon::Asked { owner, until, server: None, abilities: None };
    }

    /// Once it has answered everything.
    fn get_to_know(&mut self) {
        if let Daemon::Asked { owner, server: Some(server), abilities: Some(abilities), .. } = &self.daemon {
            let (owner, server, abilities) = (owner.clone(), server.clone(), *abilities);
            self.daemon = Daemon::Known { owner, server, abilities };
            self.report();
        }
    }

    fn say(&self, report: NoticesReport) {
        if !self.is_closed {
            self.ear.notices_are(report);
        }
    }

    fn report(&self) {
        if let Daemon::Known { server, abilities, .. } = &self.daemon {
            let works = NoticesReport::Works { server: server.clone(), actions: abilities.actions };
            self.say(works);
        }
    }

    /// What the daemon tells of a notice: somebody chose an action, or it is gone.
    fn signal(&mut self, message: &Message, header: &Header<'_>) {
        match header.member().map(MemberName::as_str) {
            Some("ActionInvoked") => {
                let Ok((id, chosen)) = message.body().deserialize::<(u32, String)>() else { return };
                let slot = self.slots.values().find(|slot| slot.id == id && id != 0);
                if let Some(action) = slot.and_then(|slot| slot.buttons.get(&chosen)) {
                    self.ear.asked(action.clone());
                }
            }
            Some("NotificationClosed") => {
                let Ok((id, _reason)) = message.body().deserialize::<(u32, u32)>() else { return };
                for slot in self.slots.values_mut().filter(|slot| slot.id == id) {
                    slot.id = 0;
                    slot.buttons.clear();
                }
            }
            _ => {}
        }
    }

    /// Sends what can be sent now.
    fn fulfil(&mut self) {
        self.slots.retain(|_, slot| slot.id != 0 || slot.pending.is_some());
        let Daemon::Known { owner, abilities, .. } = &self.daemon else {
            // There is nothing on the screen that could be taken away.
            while self.wishes.next(|_, wish| *wish == Wish::Withdraw).is_some() {}
            let absent = matches!(self.daemon, Daemon::Absent { starting: false });
            if absent && std::mem::take(&mut self.fresh) && self.wishes.has_notices() {
                self.daemon = Daemon::Absent { starting: true };
                self.call(Call::Start, call::to_bus("StartServiceByName", &(NAME, 0_u32)));
            }
            return;
        };
        let (owner, abilities) = (owner.clone(), *abilities);
        self.fresh = false;
        while self.calls.len() < MOST_CALLS {
            let slots = &self.slots;
            let idle = |key: &str| slots.get(key).is_none_or(|slot| slot.pending.is_none());
            let Some((key, wish)) = self.wishes.next(|key, _| idle(key)) else { break };
            match &wish {
                Wish::Withdraw => {
                    self.disown(&key);
                    if let Some(slot) = self.slots.remove(&key) {
                        self.withdraw(slot.id);
                    }
                }
                Wish::Show(notice) | Wish::ShowAgain(notice) => {
                    let notice = Arc::clone(notice);
                    self.show(&owner, abilities, key, &notice, wish);
                }
            }
        }
    }

    fn show(&mut self, owner: &str, abilities: Abilities, key: String, notice: &Notice, wish: Wish) {
        if self.slots.len() >= MOST_SLOTS {
            // They stay where they are, and are neither replaced nor withdrawn.
            self.slots.retain(|_, slot| slot.pending.is_some());
        }
        self.disown(&key);
        self.shown += 1;
        let slot = self.slots.entry(key.clone()).or_default();
        let buttons = call::buttons(notice, self.shown, abilities);
        let message = call::notify(owner, slot.id, notice, self.shown, abilities);
        slot.pending = message.is_some().then(|| Instant::now() + PATIENCE);
        self.call(Call::Notify { key, buttons, wish }, message);
    }

    /// What was given up for this key is not wanted any more, should it still appear.
    fn disown(&mut self, about: &str) {
        for call in self.calls.values_mut() {
            if matches!(call, Call::Notify { key, .. } if key == about) {
                *call = Call::Unwanted;
            }
        }
    }

    fn withdraw(&mut self, id: u32) {
        if let (Daemon::Known { owner, .. }, true) = (&self.daemon, id != 0) {
            // Whether it was still there is of no interest.
            self.outbox.extend(call::to_daemon(owner, "CloseNotification", &id));
        }
    }

    fn once_more(&self, key: &str, wish: Wish) {
        if let Wish::Show(notice) = wish {
            self.wishes.put_back(key, Wish::ShowAgain(notice));
        }
    }

    fn call(&mut self, call: Call, message: Option<Message>) {
        if let Some(message) = message {
            self.calls.insert(message.primary_header().serial_num(), call);
            self.outbox.push(message);
        }
    }

    /// Only what the daemon itself says counts: anybody can send a signal to one connection.
    fn is_daemon(&self, header: &Header<'_>) -> bool {
        let sender = header.sender().map(UniqueName::as_str);
        match &self.daemon {
            Daemon::Absent { .. } => false,
            Daemon::Asked { owner, .. } | Daemon::Known { owner, .. } => sender == Some(owner),
        }
    }
}
