//! Files for the person, in the folder for downloads: what a browser would do itself.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use shared::{Error, ErrorCode, Result};

use super::bad_request;

/// Parameters of `page.save`.
#[derive(Deserialize)]
pub(super) struct Params {
    name: String,
    /// Base64.
    content: String,
}

/// Where the file is.
#[derive(Serialize)]
pub(super) struct Saved {
    path: PathBuf,
}

/// How many files of the same name there may be.
const MOST: u32 = 1000;

/// The longest name, in characters.
const LONGEST: usize = 100;

pub(super) fn save(params: &Params) -> Result<Saved> {
    let content = STANDARD
        .decode(&params.content)
        .map_err(|_| bad_request("The file's content was not understood."))?;
    let folder =
        folder().ok_or_else(|| Error::new(ErrorCode::System, "There is no folder to save files in."))?;
    write(&folder, &plain(&params.name), &content).map(|path| Saved { path }).map_err(|error| {
        Error::new(ErrorCode::System, format!("Nothing can be written to {}: {error}.", folder.display()))
    })
}

/// The folder for downloads, or the home where there is none.
fn folder() -> Option<PathBuf> {
    let dirs = directories::UserDirs::new()?;
    Some(dirs.download_dir().filter(|folder| folder.is_dir()).unwrap_or_else(|| dirs.home_dir()).to_owned())
}

/// A name that is nothing but a name: no folder, nothing hidden, nothing that a system treats in a way of its own.
fn plain(name: &str) -> String {
    let allowed = |character: char| character.is_alphanumeric() || matches!(character, '-' | '_' | '.' | ' ');
    let name: String = name.chars().filter(|character| allowed(*character)).take(LONGEST).collect();
    let name = name.trim_matches(['.', ' ']);
    if name.is_empty() || is_device(name) { format!("kortti{name}") } else { name.to_owned() }
}

/// Whether Windows takes a name for a device's, whatever its extension ("Naming Files, Paths, and Namespaces").
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let numbered = ["COM", "LPT"].iter().find_map(|device| stem.strip_prefix(device));
    matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL")
        || numbered.is_some_and(|number| number.chars().count() == 1 && number.chars().all(char::is_numeric))
}

/// Writes a new file; one that is there keeps its name, and the new one gets a number.
fn write(folder: &Path, name: &str, content: &[u8]) -> io::Result<PathBuf> {
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    for number in 1..=MOST {
        let name = match (number, extension) {
            (1, _) => name.to_owned(),
            (number, "") => format!("{stem} ({number})"),
            (number, extension) => format!("{stem} ({number}).{extension}"),
        };
        let path = folder.join(name);
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
            Ok(mut file) => {
                return match file.write_all(content).and_then(|()| file.sync_all()) {
                    Ok(()) => Ok(path),
                    // Half a certificate helps nobody.
                    Err(error) => fs::remove_file(&path).and(Err(error)),
                };
            }
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_only_names() {
        for (name, left) in [
            ("Anna.cer", "Anna.cer"),
            ("../../.ssh/authorized_keys", "sshauthorized_keys"),
            ("C:\\Windows\\x.cer", "CWindowsx.cer"),
            (".bashrc", "bashrc"),
            ("...", "kortti"),
            ("", "kortti"),
            ("a\u{202E}b\n.cer", "ab.cer"),
            ("con.cer", "kortticon.cer"),
            ("LPT1 .tar.gz", "korttiLPT1 .tar.gz"),
            ("Comb.cer", "Comb.cer"),
            ("Ärger-東京.pem", "Ärger-東京.pem"),
        ] {
            assert_eq!(plain(name), left, "{name:?}");
        }
        assert_eq!(plain(&"x".repeat(500)).len(), LONGEST);
    }

    #[test]
    fn nothing_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        for expected in ["a.cer", "a (2).cer", "a (3).cer"] {
            let path = write(folder.path(), "a.cer", expected.as_bytes()).unwrap();
            assert_eq!(path, folder.path().join(expected));
            assert_eq!(fs::read(path).unwrap(), expected.as_bytes());
        }
        assert_eq!(write(folder.path(), "plain", b"").unwrap(), folder.path().join("plain"));
        assert_eq!(write(folder.path(), "plain", b"").unwrap(), folder.path().join("plain (2)"));
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(folder.path().join("elsewhere"), folder.path().join("link.cer"))
                .unwrap();
            assert_eq!(write(folder.path(), "link.cer", b"").unwrap(), folder.path().join("link (2).cer"));
        }
    }
}
