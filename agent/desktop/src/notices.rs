//! What a notice says, in plain values. How a platform shows it is in the modules below.

#[cfg(not(any(windows, target_os = "macos")))]
mod freedesktop;
#[cfg(any(windows, target_os = "macos"))]
pub(crate) mod toast;
#[cfg(not(any(windows, target_os = "macos")))]
mod wishes;

#[cfg(not(any(windows, target_os = "macos")))]
pub(crate) use freedesktop::Notices;
#[cfg(not(any(windows, target_os = "macos")))]
pub(crate) use wishes::{Wish, Wishes};

use std::time::Duration;

use crate::action::Action;
use crate::tray::TrayState;

/// How much a notice matters (Desktop Notifications Specification, "Urgency Levels").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// Nice to know.
    Low,
    /// The usual.
    Normal,
    /// Stays until somebody has seen it.
    Critical,
}

/// A notice. Texts may come from a card: the platform makes them harmless.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// What it is about, e.g. a card: it replaces the notice with the same key.
    pub key: String,
    /// Its title, one line.
    pub title: String,
    /// Its text; lines are parted by `\n`. Plain, no markup.
    pub body: String,
    /// How much it matters.
    pub urgency: Urgency,
    /// Its category (Desktop Notifications Specification, "Categories"), e.g. `device.added`.
    pub category: &'static str,
    /// Its icon.
    pub icon: TrayState,
    /// Its buttons, with what each asks for. Not every platform shows them.
    pub actions: Vec<(String, Action)>,
    /// What a click on it asks for.
    pub default: Option<Action>,
    /// How long it is shown; `None` leaves that to the platform.
    pub expires: Option<Duration>,
}
