//! The platform behind one handle: the tray, the notices, and the session.

mod ear;
#[cfg(not(any(windows, target_os = "macos")))]
mod linux;
#[cfg(any(windows, target_os = "macos"))]
mod native;

#[cfg(not(any(windows, target_os = "macos")))]
pub use linux::{Surface, run};
#[cfg(any(windows, target_os = "macos"))]
pub use native::{Surface, run};

pub(crate) use ear::Ear;

use crate::action::Action;

/// What comes from the platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Somebody asked for this, in the menu or with a notice.
    Do(Action),
    /// What became of the tray.
    TrayIs(TrayReport),
    /// What became of the notices.
    NoticesAre(NoticesReport),
    /// The machine is about to sleep (`true`), or woke up.
    Sleeping(bool),
    /// The session came to the front, or went behind another one.
    SessionActive(bool),
    /// What became of the link to the session manager.
    SessionIs(SessionReport),
    /// What became of [`Surface::lock_session`]; the words say what went wrong, and what to do.
    LockAsked(Result<(), String>),
}

/// Whether the tray is shown. Each change is told once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrayReport {
    /// A panel has the icon.
    Shown,
    /// Nobody shows tray icons yet. The icon appears by itself when somebody does.
    NoHost,
    /// There is no session bus. The icon appears by itself when there is one.
    NoBus,
    /// It is not wanted.
    Off,
}

/// Whether notices are shown. Each change is told once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoticesReport {
    /// A notification daemon runs.
    Works {
        /// Its name and version.
        server: String,
        /// Whether it can show buttons.
        actions: bool,
    },
    /// None runs, but the bus starts one when there is something to show.
    OnDemand,
    /// None runs, and none can be started. What cannot be shown waits for one.
    NoDaemon,
    /// One runs and does not answer.
    NoAnswer,
    /// There is no session bus.
    NoBus,
    /// They are not wanted.
    Off,
}

/// Whether the session manager (logind) tells of sleep and can lock the session. Each change is told once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionReport {
    /// It does.
    Works,
    /// It tells of sleep, and knows no session of this user that could be locked.
    NoSession,
    /// None is on the system bus.
    NoLogind,
    /// There is no system bus.
    NoBus,
}

/// What the configuration asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The tray icon.
    pub tray: bool,
    /// The notices.
    pub notices: bool,
    /// News of sleep and of the session, and the lock (logind).
    pub session: bool,
}
