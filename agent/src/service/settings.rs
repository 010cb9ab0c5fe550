//! The settings, how they are read anew, and what the desktop of this session can do.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use serde_json::value::RawValue;
use shared::Result;
use shared::model::Desktop;
use shared::rpc::Fault;
use shared::rpc::events::Change;
use shared::rpc::methods::{ConfigReply, DesktopReport, Empty, OnCard};

use crate::service::{Service, call};

/// What is in force, and who settled it.
pub fn show(service: &Service) -> ConfigReply {
    let loaded = service.policy().now();
    ConfigReply {
        config: loaded.config.clone(),
        entries: loaded.entries.clone(),
        problems: loaded.problems.clone(),
        places: service.policy().places().0.iter().map(|(_, place)| place.to_string()).collect(),
    }
}

/// Reads the settings anew, lets go of every card, and looks at the readers again.
pub fn reload(service: &Service) -> Empty {
    reread(service);
    service.registry().release_all();
    service.readers().look_again();
    // The machine may have slept, or its clock may have been set.
    service.look_at_clock();
    Empty {}
}

/// Reads the settings anew, and tells of it if they have changed.
pub fn reread(service: &Service) {
    let before = service.policy().now();
    let Some(loaded) = service.policy().reload() else { return };
    for problem in &loaded.problems {
        tracing::warn!(%problem, "a configuration was refused");
    }
    let problems = loaded.problems.iter().map(ToString::to_string).collect();
    service.registry().publish(Change::PolicyChanged { problems });
    service.registry().prefer(loaded.config.readers.prefer.clone());
    if loaded.config.cards != before.config.cards {
        service.registry().release_all();
        service.registry().judge_again();
    }
    // Readers may be ignored now, or be wanted again.
    service.readers().look_again();
    // What is known of cards may be worth telling now.
    service.look_at_clock();
}

/// Gives up a challenge that is out, and forgets what was read.
pub fn release(service: &Service, params: &OnCard) -> Result<Empty> {
    let registry = service.registry();
    // The card that is in; one that has gone may have left a challenge behind.
    let found = registry.find(&params.select).map(|target| target.worker);
    let worker = found.or_else(|error| registry.find_challenge(&params.select).map_err(|_| error))?;
    worker.cancel_unblock()?;
    worker.forget();
    Ok(Empty {})
}

/// A connection that may say what the desktop can do. What it said is forgotten when it ends.
pub(crate) struct Reporter<'s> {
    service: &'s Service,
    number: u64,
}

impl<'s> Reporter<'s> {
    pub(crate) fn new(service: &'s Service) -> Self {
        Self { service, number: service.reporters.fetch_add(1, Ordering::Relaxed) }
    }

    /// Whether it has said anything.
    pub(crate) fn has_reported(&self) -> bool {
        self.reports().contains_key(&self.number)
    }

    /// Answers `desktop.report`.
    ///
    /// # Errors
    /// A fault that never quotes the request.
    pub(crate) fn report(&self, params: Option<&RawValue>) -> std::result::Result<Box<RawValue>, Fault> {
        call::<DesktopReport>(params, |desktop: Desktop| {
            self.reports().insert(self.number, desktop);
            Ok(Empty {})
        })
    }

    fn reports(&self) -> std::sync::MutexGuard<'s, std::collections::BTreeMap<u64, Desktop>> {
        self.service.reports.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Reporter<'_> {
    fn drop(&mut self) {
        self.reports().remove(&self.number);
    }
}
