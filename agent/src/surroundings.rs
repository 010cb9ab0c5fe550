//! What an agent finds around it beside readers and settings: a place for what it keeps, and what time it is.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use shared::private::make_private;
use time::OffsetDateTime;

/// Says what time it is.
pub type Clock = Box<dyn Fn() -> OffsetDateTime + Send + Sync>;

/// See the module.
pub struct Surroundings {
    /// The folder for what is remembered of cards and for the record of writes. Without one cards are remembered for as
    /// long as the agent lives, and nothing is recorded.
    pub state: Option<PathBuf>,
    /// The clock.
    pub now: Clock,
}

impl Default for Surroundings {
    /// No folder, and the system's clock.
    fn default() -> Self {
        Self { state: None, now: Box::new(OffsetDateTime::now_utc) }
    }
}

impl Surroundings {
    /// Those of this user: `kortti` in the folder for state (XDG base directory specification), elsewhere in the data of
    /// the user that stay on this machine.
    pub(crate) fn of_this_user() -> Self {
        let state = directories::BaseDirs::new().map(|base| {
            let folder = base.state_dir().unwrap_or_else(|| base.data_local_dir());
            folder.join(if cfg!(windows) { "Kortti" } else { "kortti" })
        });
        Self { state, ..Self::default() }
    }
}

/// Makes the folder for state, and those above it that are missing.
///
/// # Errors
/// As for [`make_private`].
pub(crate) fn make_state(folder: &Path) -> io::Result<()> {
    if let Some(above) = folder.parent() {
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.recursive(true).create(above)?;
    }
    make_private(folder)
}
