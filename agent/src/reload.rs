//! Notices when a file of the settings changes.
//!
//! Not the files are watched but the folders that they are in, or would be in: an editor replaces a file, and a file
//! that is not there yet cannot be watched.

#[cfg(target_os = "linux")]
mod inotify;
#[cfg(not(target_os = "linux"))]
mod others;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use shared::config::Place;

#[cfg(target_os = "linux")]
use self::inotify as platform;
#[cfg(not(target_os = "linux"))]
use self::others as platform;

use crate::service::{Service, settings};

/// Watches until the process ends. That files cannot be watched is told once; `kortti config reload` and SIGHUP read them
/// all the same.
pub(crate) fn run(service: &Arc<Service>) {
    let files: Vec<PathBuf> = service
        .policy()
        .places()
        .0
        .iter()
        .filter_map(|(_, place)| match place {
            Place::File(path) | Place::PropertyList(path) => Some(path.clone()),
            Place::Registry(_) => None,
        })
        .collect();
    if let Err(error) = platform::watch(&files, || settings::reread(service)) {
        tracing::warn!(%error, "changes of the settings are not noticed; reload them after one: kortti config reload");
    }
}

/// A folder in which something may happen to a file, and the name there that it would happen to.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Spot {
    folder: PathBuf,
    /// The file itself, or the first of the folders above it that is not there.
    name: std::ffi::OsString,
    /// Whether it is the file itself.
    is_file: bool,
}

/// Where to look for a change of these files. One that is a link may change at its own place and where it leads.
fn spots(files: &[PathBuf]) -> Vec<Spot> {
    let real = files.iter().filter_map(|file| std::fs::canonicalize(file).ok());
    let mut spots: Vec<Spot> = files.iter().cloned().chain(real).filter_map(|file| spot(&file)).collect();
    spots.dedup();
    spots
}

fn spot(file: &Path) -> Option<Spot> {
    let mut below = file;
    while let Some(folder) = below.parent() {
        if folder.is_dir() {
            let name = below.file_name()?.to_owned();
            return Some(Spot { folder: folder.to_owned(), name, is_file: below == file });
        }
        below = folder;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_folder_that_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let spot = |name: &str, is_file| Spot { folder: path.to_owned(), name: name.into(), is_file };
        for (file, expected) in
            [("config.toml", spot("config.toml", true)), ("kortti/more/config.toml", spot("kortti", false))]
        {
            assert_eq!(spots(&[path.join(file)]), [expected], "{file}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_watched_at_both_ends() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().canonicalize().unwrap();
        std::fs::create_dir(path.join("dotfiles")).unwrap();
        std::fs::write(path.join("dotfiles/real.toml"), "").unwrap();
        std::os::unix::fs::symlink(path.join("dotfiles/real.toml"), path.join("config.toml")).unwrap();
        let names: Vec<_> = spots(&[path.join("config.toml")]).into_iter().map(|spot| spot.name).collect();
        assert_eq!(names, ["config.toml", "real.toml"]);
    }
}
