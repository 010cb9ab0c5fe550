//! What the tray shows, in plain values. How a platform shows it is in the modules below.

#[cfg(not(any(windows, target_os = "macos")))]
pub(crate) mod item;
#[cfg(any(windows, target_os = "macos"))]
pub(crate) mod native;

use crate::action::Action;

/// The six states, each with an icon that can be told from the others without colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TrayState {
    /// The agent or the smart card service does not run.
    NoService,
    /// No reader is attached.
    NoReader,
    /// Readers, and no card in them.
    Empty,
    /// A card is in, and all is well.
    Card,
    /// Something wants attention: few tries left, a certificate that expires.
    Attention,
    /// A PIN is blocked.
    Blocked,
}

impl TrayState {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::NoService, Self::NoReader, Self::Empty, Self::Card, Self::Attention, Self::Blocked];

    /// The name of its icon in the theme (Icon Naming Specification; symbolic, so that the panel colours it).
    pub fn icon_name(self) -> &'static str {
        match self {
            Self::NoService => "kortti-no-service-symbolic",
            Self::NoReader => "kortti-no-reader-symbolic",
            Self::Empty => "kortti-empty-symbolic",
            Self::Card => "kortti-card-symbolic",
            Self::Attention => "kortti-attention-symbolic",
            Self::Blocked => "kortti-blocked-symbolic",
        }
    }
}

/// An entry of the menu. Texts may come from a card: the platform makes them harmless.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A line that cannot be chosen.
    Note(String),
    /// A line that does something.
    Act {
        /// What it says.
        label: String,
        /// What it asks for.
        action: Action,
        /// Whether it can be chosen now.
        enabled: bool,
        /// Whether it has a check mark; `None` for one that never has.
        checked: Option<bool>,
    },
    /// A menu of its own.
    Submenu {
        /// What it says.
        label: String,
        /// What is in it.
        items: Vec<Item>,
    },
    /// A line between groups.
    Separator,
}

/// All that the tray shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Face {
    /// Which icon.
    pub state: TrayState,
    /// The state in a few words, for those who do not see the icon.
    pub title: String,
    /// What appears beside the pointer; lines are parted by `\n`.
    pub tooltip: String,
    /// The menu.
    pub menu: Vec<Item>,
}
