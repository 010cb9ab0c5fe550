//! Who is told what comes from the platform. A report is told when it changes, and said in the log then.

use std::sync::{Mutex, PoisonError};

use super::{Heard, NoticesReport, TrayReport};
use crate::action::Action;

/// The listener, and what it was told last.
pub(crate) struct Ear {
    heard: Box<dyn Fn(Heard) + Send + Sync>,
    told: Mutex<Told>,
}

#[derive(Default)]
struct Told {
    tray: Option<TrayReport>,
    notices: Option<NoticesReport>,
}

impl Ear {
    pub(crate) fn new(heard: impl Fn(Heard) + Send + Sync + 'static) -> Self {
        Self { heard: Box::new(heard), told: Mutex::default() }
    }

    /// Somebody asked for something.
    pub(crate) fn asked(&self, action: Action) {
        self.tell(Heard::Do(action));
    }

    pub(crate) fn tray_is(&self, report: TrayReport) {
        let old = self.told.lock().unwrap_or_else(PoisonError::into_inner).tray.replace(report.clone());
        if old.as_ref() == Some(&report) {
            return;
        }
        match report {
            TrayReport::Shown => tracing::info!("the tray icon is shown"),
            TrayReport::NoHost => tracing::info!("nobody shows tray icons; it appears when somebody does"),
            TrayReport::NoBus => {
                tracing::info!("no session bus, so no tray icon; it appears when there is one");
            }
            TrayReport::Off => tracing::debug!("no tray icon is wanted"),
        }
        self.tell(Heard::TrayIs(report));
    }

    pub(crate) fn notices_are(&self, report: NoticesReport) {
        let old = self.told.lock().unwrap_or_else(PoisonError::into_inner).notices.replace(report.clone());
        if old.as_ref() == Some(&report) {
            return;
        }
        match &report {
            NoticesReport::Works { server, actions } => {
                tracing::info!(server, buttons = actions, "notices are shown");
            }
            NoticesReport::OnDemand => tracing::debug!("the first notice starts a notification daemon"),
            NoticesReport::NoDaemon => {
                tracing::info!("no notification daemon runs; notices wait for one");
            }
            NoticesReport::NoAnswer => tracing::warn!("the notification daemon does not answer"),
            NoticesReport::NoBus => tracing::info!("no session bus, so no notices"),
            NoticesReport::Off => tracing::debug!("no notices are wanted"),
        }
        self.tell(Heard::NoticesAre(report));
    }

    pub(crate) fn tell(&self, heard: Heard) {
        (self.heard)(heard);
    }
}
