//! Whether Kortti starts with the session: told, switched on and switched off.
//!
//! With a systemd that looks after the user it is units, and elsewhere under Linux an XDG autostart entry; a launch
//! agent on macOS; the Run key on Windows. Packaged units and entries are used where they are; else copies of them
//! are written for this user, which name the programs where they really are.

#[cfg(all(unix, not(target_os = "macos")))]
mod entry;
#[cfg(all(unix, not(target_os = "macos")))]
#[path = "autostart/freedesktop.rs"]
mod platform;
#[cfg(target_os = "macos")]
#[path = "autostart/launchd.rs"]
mod platform;
#[cfg(windows)]
#[path = "autostart/run_key.rs"]
mod platform;
mod program;
#[cfg(all(unix, not(target_os = "macos")))]
mod systemd;

#[cfg(unix)]
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorCode, Result};

/// The program that starts with the session. It connects to the agent, and starts it where nothing else does.
const DESKTOP: &str = "kortti-desktop";

/// Whether Kortti starts with the session, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Whether it starts.
    pub on: bool,
    /// Whether it does without tray and notices.
    pub headless: bool,
    /// The way it starts; while it is off, the way it would.
    pub route: Route,
    /// What there is of it: units, entries, values.
    pub parts: Vec<Part>,
    /// What keeps it from starting although it is on, and what to do, in sentences.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// What starts Kortti.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// Units of the systemd that looks after the user.
    Systemd,
    /// An entry in an autostart folder (Desktop Application Autostart Specification).
    DesktopEntry,
    /// A launch agent of macOS.
    Launchd,
    /// A value of the Run key in the registry of Windows.
    RunKey,
}

/// A unit, an entry or a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// The file or the key that it stands in, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Whether [`switch`] has written it; another one belongs to a package or to an administrator.
    pub own: bool,
    /// Whether it takes effect when a session begins.
    pub enabled: bool,
    /// Whether it is in effect now, where somebody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
}

/// How it is.
///
/// # Errors
/// [`ErrorCode::System`] for what cannot be read.
pub fn state() -> Result<State> {
    platform::state()
}

/// Switches it on, with or without tray, or off, and tells how it is then. What runs goes on until the session ends;
/// what is switched on begins at once where that is possible.
///
/// # Errors
/// [`ErrorCode::System`] when a program, a folder or the system's manager is in the way.
pub fn switch(on: bool, headless: bool) -> Result<State> {
    platform::switch(on, headless)?;
    platform::state()
}

fn failed(message: impl Into<String>) -> Error {
    Error::new(ErrorCode::System, message)
}

/// Writes a file as a whole, so that nobody reads half of it, and makes its folder.
#[cfg(unix)]
fn write(path: &Path, text: &str) -> Result<()> {
    let unwritable =
        |error: std::io::Error| failed(format!("{} cannot be written: {error}.", path.display()));
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(unwritable)?;
    }
    std::fs::write(&new, text).and_then(|()| std::fs::rename(&new, path)).map_err(unwritable)
}

/// Removes a file, unless it is gone already.
#[cfg(unix)]
fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(failed(format!("{} cannot be removed: {error}.", path.display())))
        }
        _ => Ok(()),
    }
}

/// The text of a file; `None` when there is none.
#[cfg(unix)]
fn read(path: &Path) -> Result<Option<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(format!("{} cannot be read: {error}.", path.display()))),
    }
}
