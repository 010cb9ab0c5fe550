//! Where a panel and a notification daemon find the icons, by name.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::tray::TrayState;

macro_rules! files {
    ($($name:literal),*) => {
        [$(($name, include_bytes!(concat!("../../icons/hicolor/", $name)))),*]
    };
}

/// The drawings by their places in the theme `hicolor` (Icon Theme Specification): symbolic ones, which a panel
/// colours, and those of notices, which have colours of their own.
const FILES: [(&str, &[u8]); 9] = files!(
    "symbolic/apps/kortti-no-service-symbolic.svg",
    "symbolic/apps/kortti-no-reader-symbolic.svg",
    "symbolic/apps/kortti-empty-symbolic.svg",
    "symbolic/apps/kortti-card-symbolic.svg",
    "symbolic/apps/kortti-attention-symbolic.svg",
    "symbolic/apps/kortti-blocked-symbolic.svg",
    "scalable/apps/kortti.svg",
    "scalable/apps/kortti-attention.svg",
    "scalable/apps/kortti-blocked.svg"
);

/// The folder that a panel must be told to look into: none where the icons are installed, else one of this user that
/// is filled from the program.
pub(crate) fn folder() -> Option<&'static Path> {
    static FOLDER: OnceLock<Option<PathBuf>> = OnceLock::new();
    FOLDER.get_or_init(|| if are_installed() { None } else { unpacked() }).as_deref()
}

/// What a notice calls the icon of a state: its name, or the address of its file where the name says nothing.
pub(crate) fn for_notice(state: TrayState) -> String {
    let name = match state {
        TrayState::Attention => "kortti-attention",
        TrayState::Blocked => "kortti-blocked",
        _ => "kortti",
    };
    match folder() {
        None => name.to_owned(),
        Some(folder) => address(&folder.join(format!("hicolor/scalable/apps/{name}.svg"))),
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

/// XDG Base Directory Specification, and Icon Theme Specification, "Directory Layout".
fn are_installed() -> bool {
    let dirs = std::env::var_os("XDG_DATA_DIRS").filter(|dirs| !dirs.is_empty());
    let dirs = dirs.unwrap_or_else(|| "/usr/local/share:/usr/share".into());
    let has_all = |dir: PathBuf| FILES.iter().all(|(name, _)| dir.join("icons/hicolor").join(name).is_file());
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
    for (name, drawing) in FILES {
        let file = folder.join("hicolor").join(name);
        if let Some(above) = file.parent() {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(above)?;
        }
        // A panel may be reading the old one.
        let new = file.with_extension("new");
        fs::write(&new, drawing)?;
        fs::rename(new, file)?;
    }
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
}
