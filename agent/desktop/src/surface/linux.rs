//! The surface of a freedesktop session.

use std::process::ExitCode;

use super::{Heard, Wanted};
use crate::notices::Notice;
use crate::tray::Face;

/// Runs `work` with a surface. Elsewhere than here the platform keeps the main thread for itself.
pub fn run(
    wanted: Wanted,
    heard: impl Fn(Heard) + Send + Sync + 'static,
    work: impl FnOnce(Surface) -> ExitCode + Send + 'static,
) -> ExitCode {
    work(Surface::start(wanted, heard))
}

/// The platform at work.
pub struct Surface {}

impl Surface {
    /// Starts it. It never fails: what is missing is told to `heard`.
    pub fn start(_wanted: Wanted, _heard: impl Fn(Heard) + Send + Sync + 'static) -> Self {
        Self {}
    }

    /// Shows this in the tray. Returns at once; a later call replaces an earlier one that was not shown yet.
    pub fn show(&self, _face: Face) {}

    /// Shows a notice. Returns at once; the same key replaces the one on the screen.
    pub fn notify(&self, _notice: Notice) {}

    /// Takes a notice away. Returns at once.
    pub fn withdraw(&self, _key: &str) {}

    /// The configuration changed.
    pub fn want(&self, _wanted: Wanted) {}

    /// Asks logind to lock the session. Returns at once; the outcome comes as [`Heard::LockAsked`].
    pub fn lock_session(&self) {}

    /// Takes the icon away and ends.
    pub fn stop(self) {}
}
