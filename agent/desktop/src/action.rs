//! What a person can ask for, from the menu or from a notice.

use shared::config::NoticeKind;
pub use shared::place::Panel;

/// What a person asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Open the window at a place.
    Open {
        /// Which place.
        panel: Panel,
        /// The reader that it is about.
        reader: Option<String>,
        /// The CSN of the card that it is about.
        card: Option<String>,
    },
    /// Let go of the card in this reader.
    Release {
        /// The reader's name.
        reader: String,
    },
    /// No notices for an hour.
    PauseNotices,
    /// Notices again, before the hour is over.
    ResumeNotices,
    /// Notices on or off, until it is said otherwise.
    SwitchNotices(bool),
    /// Notices of this kind on or off, until it is said otherwise.
    SwitchKind(NoticeKind, bool),
    /// Start with the session, or not.
    Autostart(bool),
    /// Start the agent, which does not run.
    StartAgent,
    /// Read the configuration again.
    Reload,
    /// End the program.
    Quit,
}
