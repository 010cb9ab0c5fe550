//! Where a panel and a notification daemon find the icons, by name.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::tray::TrayState;

/// Where symbolic icons of programs are below a folder of icon themes (Icon Theme Specification).
const PLACE: &str = "hicolor/symbolic/apps";

macro_rules! drawing {
    ($state:literal) => {
        include_bytes!(concat!("../../icons/hicolor/symbolic/apps/kortti-", $state, "-symbolic.svg"))
    };
}

/// The drawing of a state, SVG.
fn drawing(state: TrayState) -> &'static [u8] {
    match state {
        TrayState::NoService => drawing!("no-service"),
        TrayState::NoReader => drawing!("no-reader"),
        TrayState::Empty => drawing!("empty"),
        TrayState::Card => drawing!("card"),
        TrayState::Attention => drawing!("attention"),
        TrayState::Blocked => drawing!("blocked"),
    }
}

/// The folder that a panel must be told to look into: none where the icons are installed, else one of this user that
/// is filled from the program.
pub(crate) fn folder() -> Option<&'static Path> {
    static FOLDER: OnceLock<Option<PathBuf>> = OnceLock::new();
    FOLDER.get_or_init(|| if are_installed() { None } else { unpacked() }).as_deref()
}

/// What a notice calls the icon of a state: its name, or the address of its file where the name says nothing.
pub(crate) fn for_notice(state: TrayState) -> String {
    match folder() {
        None => state.icon_name().to_owned(),
        Some(folder) => address(&file(folder, state)),
    }
}

/// RFC 8089, with what RFC 3986 does not allow in a path escaped.
fn address(file: &Path) -> String {
    let mut address = "file://".to_owned();
    for byte in file.as_os_str().as_bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'~' => address.push(char::from(*byte)),
            byte if byte.is_ascii_alphanumeric() => address.push(char::from(*byte)),
            byte => address.push_str(&format!("%{byte:02X}")),
        }
    }
    address
}

fn file(folder: &Path, state: TrayState) -> PathBuf {
    folder.join(PLACE).join(format!("{}.svg", state.icon_name()))
}

/// XDG Base Directory Specification, and Icon Theme Specification, "Directory Layout".
fn are_installed() -> bool {
    let dirs = std::env::var_os("XDG_DATA_DIRS").filter(|dirs| !dirs.is_empty());
    let dirs = dirs.unwrap_or_else(|| "/usr/local/share:/usr/share".into());
    let has_all =
        |dir: PathBuf| TrayState::ALL.iter().all(|state| file(&dir.join("icons"), *state).is_file());
    std::env::split_paths(&dirs).any(has_all)
}

fn unpacked() -> Option<PathBuf> {
    let folder = match shared::socket::directory() {
        Ok(folder) => folder.join("icons"),
        Err(error) => {
            tracing::warn!("the tray has no icons by name: {error}");
            return None;
        }
    };
    match unpack(&folder) {
        Ok(()) => Some(folder),
        Err(error) => {
            tracing::warn!("the tray has no icons by name: {} cannot be written: {error}", folder.display());
            None
        }
    }
}

fn unpack(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true).mode(0o700).create(folder.join(PLACE))?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    for state in TrayState::ALL {
        let file = file(folder, state);
        // A panel may be reading the old one.
        let new = file.with_extension("new");
        fs::write(&new, drawing(state))?;
        fs::rename(new, file)?;
    }
    Ok(())
}
