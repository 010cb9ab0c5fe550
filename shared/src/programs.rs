//! Where programs are: beside this one, or in the folders of the PATH.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// The pinentries that have a window of their own, by preference; the first is what the system or its administrator
/// chose.
const PINENTRIES: [&str; 8] = [
    "pinentry",
    "pinentry-gnome3",
    "pinentry-gtk",
    "pinentry-gtk-2",
    "pinentry-qt",
    "pinentry-qt5",
    "pinentry-x11",
    "pinentry-mac",
];

/// Where to look.
pub struct Programs {
    beside: Option<PathBuf>,
    path: Vec<PathBuf>,
    /// The terminal that the person prefers, from the environment.
    pub terminal: Option<OsString>,
    /// Whether there is a display for windows.
    pub has_display: bool,
}

impl Programs {
    /// As this process finds them.
    pub fn of_this_process() -> Self {
        let beside = env::current_exe().ok().and_then(|program| program.parent().map(Path::to_owned));
        let is_set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
        Self {
            beside,
            path: env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default(),
            terminal: env::var_os("TERMINAL").filter(|name| !name.is_empty()),
            has_display: cfg!(any(windows, target_os = "macos"))
                || ["WAYLAND_DISPLAY", "DISPLAY"].into_iter().any(is_set),
        }
    }

    /// Beside here and on this path only.
    pub fn at(beside: &Path, path: &Path, terminal: Option<&str>) -> Self {
        Self {
            beside: Some(beside.to_owned()),
            path: vec![path.to_owned()],
            terminal: terminal.map(Into::into),
            has_display: true,
        }
    }

    /// A program of Kortti's.
    pub fn ours(&self, name: &str) -> Option<PathBuf> {
        let name = format!("{name}{}", env::consts::EXE_SUFFIX);
        let beside = self.beside.as_ref().map(|folder| folder.join(&name)).filter(|path| can_run(path));
        beside.or_else(|| self.find(OsStr::new(&name)))
    }

    /// A program on the PATH, or the one that a path names.
    pub fn find(&self, name: &OsStr) -> Option<PathBuf> {
        if Path::new(name).components().count() > 1 {
            return Some(PathBuf::from(name)).filter(|path| can_run(path));
        }
        self.path
            .iter()
            .filter(|folder| folder.is_absolute())
            .map(|folder| folder.join(name))
            .find(|path| can_run(path))
    }

    /// A pinentry.
    pub fn pinentry(&self) -> Option<PathBuf> {
        PINENTRIES.iter().find_map(|name| self.find(OsStr::new(name)))
    }
}

fn can_run(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
    }
    #[cfg(not(unix))]
    path.is_file()
}
