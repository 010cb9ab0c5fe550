//! An agent on virtual readers, and typed calls to it.

use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use agent::Agent;
use agent::policy::Policy;
use agent::registry::Subscription;
use agent::service::Service;
use agent::surroundings::Surroundings;
use card::virt::{VirtualCard, VirtualReaders};
use serde_json::value::to_raw_value;
use shared::Error;
use shared::config::{Config, InsertRule, OnInsert};
use shared::model::Program;
use shared::rpc::Method;
use shared::rpc::events::{Change, Event};
use shared::secret::Pin;

/// A reader's name.
pub(crate) const READER: &str = "Reader 00 00";
/// Another one.
pub(crate) const OTHER: &str = "Reader 01 00";
/// The admin key of the cards.
pub(crate) const ADMIN_KEY: &str = "0123456789ABCDEFFEDCBA987654321089ABCDEF01234567";

pub(crate) const CARDS: &str = r#"
[[reader]]
name = "Reader 00 00"
card = "anna"

[[reader]]
name = "Reader 01 00"
card = "berta"
inserted = false

[[card]]
name = "anna"
pin = "123456"
admin-key = "0123456789ABCDEFFEDCBA987654321089ABCDEF01234567"
cardid = "7D1F93C2A4E05B68B19C3D2E6F804A57"

[[card]]
name = "berta"
pin = "123456"
admin-key = "0123456789ABCDEFFEDCBA987654321089ABCDEF01234567"
cardid = "C45A0E91D7364B82A05F1C7E93B82D60"

[[card]]
name = "with-puk"
pin = "123456"
puk = "87654321"
admin-key = "0123456789ABCDEFFEDCBA987654321089ABCDEF01234567"
cardid = "19E7B3D05C8A4F26907B61D4A2F38C5E"

[[card]]
name = "new"
initialised = false

[[card]]
name = "unknown"
kind = "unknown"
"#;

/// Settings under which nothing is done when a card comes in that a test did not ask for.
pub(crate) fn quiet() -> Config {
    let insert = vec![InsertRule { r#do: vec![OnInsert::Notice], ..InsertRule::default() }];
    Config { insert, ..Config::default() }
}

fn config(unblock_lock: Duration) -> Config {
    let mut config = quiet();
    config.unblock.lock_card_s = u32::try_from(unblock_lock.as_secs()).unwrap();
    config
}

/// An agent, and the readers that it watches.
pub(crate) struct Rig {
    service: Arc<Service>,
    pub(crate) readers: Arc<VirtualReaders>,
}

impl Rig {
    /// With the card `anna` in the first reader, identified.
    pub(crate) fn new() -> Self {
        Self::with_lock(Duration::from_secs(600))
    }

    /// With another time for which a challenge keeps others off.
    pub(crate) fn with_lock(unblock_lock: Duration) -> Self {
        Self::on(Arc::new(VirtualReaders::from_description(CARDS).unwrap()), unblock_lock)
    }

    /// On these readers, in which there is one card.
    pub(crate) fn on(readers: Arc<VirtualReaders>, unblock_lock: Duration) -> Self {
        Self::with_policy(readers, Policy::fixed(config(unblock_lock)))
    }

    /// On these readers, in which there is one card, with these settings.
    pub(crate) fn with_policy(readers: Arc<VirtualReaders>, policy: Policy) -> Self {
        Self::in_surroundings(readers, policy, Surroundings::default())
    }

    /// On these readers, in which there is a card, with these settings and surroundings.
    pub(crate) fn with(readers: Arc<VirtualReaders>, config: Config, surroundings: Surroundings) -> Self {
        Self::in_surroundings(readers, Policy::fixed(config), surroundings)
    }

    /// On these readers, in which there is a card, with settings from anywhere and in these surroundings.
    pub(crate) fn in_surroundings(
        readers: Arc<VirtualReaders>,
        policy: Policy,
        surroundings: Surroundings,
    ) -> Self {
        let agent = Agent::start(readers.clone(), Some(readers.clone()), policy, surroundings).unwrap();
        let rig = Self { service: Arc::clone(agent.service()), readers };
        rig.events().find(|change| matches!(change, Change::CardIdentified { .. }));
        rig
    }

    /// What the requests are made to.
    pub(crate) fn service(&self) -> Arc<Service> {
        Arc::clone(&self.service)
    }

    /// The virtual card of that name.
    pub(crate) fn card(&self, name: &str) -> VirtualCard {
        self.readers.card(name).unwrap()
    }

    /// Calls a method.
    pub(crate) fn call<M: Method>(&self, params: &M::Params) -> Result<M::Reply, Error> {
        self.call_as::<M>(&Program::default(), params)
    }

    /// Calls a method as this program.
    pub(crate) fn call_as<M: Method>(&self, caller: &Program, params: &M::Params) -> Result<M::Reply, Error> {
        let params = to_raw_value(params).unwrap();
        let reply = self.service.dispatch(caller, M::NAME, Some(&params)).map_err(|fault| fault.data)?;
        Ok(serde_json::from_str(reply.get()).unwrap())
    }

    /// A subscription as it is.
    pub(crate) fn subscribe(&self) -> Subscription {
        self.service.registry().subscribe()
    }

    /// What changes from now on, after a snapshot's worth of what is known already.
    pub(crate) fn events(&self) -> Events {
        let subscription = self.subscribe();
        let mut known = Vec::new();
        if let Change::Snapshot(status) = subscription.snapshot.change {
            for reader in status.readers {
                if let Some(card) = reader.card {
                    let (initialised, csn) = (card.csn.is_some(), card.csn.clone());
                    known.push(Change::CardIdentified { reader: reader.name.clone(), card, initialised });
                    if let (Some(csn), Some(check)) = (csn, reader.check) {
                        known.push(Change::CardChecked { reader: reader.name, csn, check: Box::new(check) });
                    }
                }
            }
        }
        Events { known, events: subscription.events }
    }
}

/// A subscription with a limit on patience: a test that waits for what never comes fails.
pub(crate) struct Events {
    known: Vec<Change>,
    events: Receiver<Event>,
}

impl Iterator for Events {
    type Item = Change;

    fn next(&mut self) -> Option<Change> {
        if !self.known.is_empty() {
            return Some(self.known.remove(0));
        }
        let event = self.events.recv_timeout(Duration::from_secs(60));
        Some(event.expect("an event within a minute").change)
    }
}

/// A PIN.
pub(crate) fn pin(text: &str) -> Pin {
    Pin::from(text.as_bytes())
}

/// How many commands with that instruction a card has executed since `mark`.
pub(crate) fn executed(card: &VirtualCard, mark: usize, instruction: u8) -> usize {
    let is_one = |exchange: &&card::virt::Exchange| exchange.instruction == instruction && exchange.executed;
    card.log_since(mark).iter().filter(is_one).count()
}

/// VERIFY
pub(crate) const VERIFY: u8 = 0x20;
/// CHANGE REFERENCE DATA
pub(crate) const CHANGE: u8 = 0x24;
/// GENERAL AUTHENTICATE
pub(crate) const AUTHENTICATE: u8 = 0x87;
/// RESET RETRY COUNTER
pub(crate) const RESET_RETRY: u8 = 0x2C;
