use serde::{Deserialize, Serialize};

/// What the desktop program can do in this session, as it says itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Desktop {
    /// The icon in the panel.
    pub tray: Part,
    /// Notices.
    pub notices: Part,
    /// What tells of sleep and of the session, and locks it.
    pub session: Part,
}

/// How a part of the desktop stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Part {
    /// In a word.
    pub state: PartState,
    /// What it is, or what is missing and what to do, in words.
    pub detail: String,
}

/// How a part of the desktop stands, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum PartState {
    /// It works.
    Works,
    /// Nothing on this desktop offers it; it begins to work as soon as something does.
    Missing,
    /// It is switched off.
    Off,
}
