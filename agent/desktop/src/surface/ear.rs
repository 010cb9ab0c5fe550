//! Who is told what comes from the platform. A report is told when it changes, and said in the log then. That a part is
//! missing is a warning once: it may come and go with each session.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Heard, NoticesReport, SessionReport, TrayReport};
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
    #[cfg_attr(any(windows, target_os = "macos"), expect(dead_code, reason = "there is no logind there"))]
    session: Option<SessionReport>,
    /// The parts that were said to be missing.
    missed: BTreeSet<&'static str>,
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
        let old = self.told().tray.replace(report.clone());
        if old.as_ref() == Some(&report) {
            return;
        }
        match report {
            TrayReport::Shown => tracing::info!("the tray icon is shown"),
            TrayReport::NoHost => {
                self.misses("tray", "nobody shows tray icons; it appears when somebody does");
            }
            TrayReport::NoBus => {
                self.misses("tray", "no session bus, so no tray icon; it appears when there is one");
            }
            TrayReport::Off => tracing::debug!("no tray icon is wanted"),
        }
        self.tell(Heard::TrayIs(report));
    }

    pub(crate) fn notices_are(&self, report: NoticesReport) {
        let old = self.told().notices.replace(report.clone());
        if old.as_ref() == Some(&report) {
            return;
        }
        match &report {
            NoticesReport::Works { server, actions } => {
                tracing::info!(server, buttons = actions, "notices are shown");
            }
            NoticesReport::OnDemand => tracing::debug!("the first notice starts a notification daemon"),
            NoticesReport::NoDaemon => {
                self.misses("notices", "no notification daemon runs; notices wait for one");
            }
            NoticesReport::NoAnswer => self.misses("notices", "the notification daemon does not answer"),
            NoticesReport::NoBus => {
                self.misses("notices", "no session bus, so no notices; they appear when there is one");
            }
            NoticesReport::Off => tracing::debug!("no notices are wanted"),
        }
        self.tell(Heard::NoticesAre(report));
    }

    #[cfg(not(any(windows, target_os = "macos")))]
    pub(crate) fn session_is(&self, report: SessionReport) {
        let old = self.told().session.replace(report.clone());
        if old.as_ref() == Some(&report) {
            return;
        }
        match &report {
            SessionReport::Works => tracing::info!("logind tells of sleep, and locks the session"),
            SessionReport::NoSession => {
                self.misses("session", "logind knows no session of this user, so none can be locked");
            }
            SessionReport::NoLogind => {
                let words = "no logind on the system bus, so no news of sleep and no lock of the session";
                self.misses("session", words);
            }
            SessionReport::NoBus => {
                self.misses("session", "no system bus, so no news of sleep and no lock of the session");
            }
        }
        self.tell(Heard::SessionIs(report));
    }

    fn misses(&self, part: &'static str, words: &str) {
        if self.told().missed.insert(part) {
            tracing::warn!("{words}");
        } else {
            tracing::debug!("{words}");
        }
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn tell(&self, heard: Heard) {
        (self.heard)(heard);
    }
}
