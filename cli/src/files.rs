//! Files that are imported and exported.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use shared::ErrorCode;
use shared::rpc::MAX_FILE;
use zeroize::Zeroizing;

use crate::exit::{Failure, failure};
use crate::words;

/// Whether a file that exists may be lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Overwrite {
    Yes,
    No,
}

/// A file as base64. It may hold a private key, so it passes through wiped buffers of full size only.
///
/// # Errors
/// [`ErrorCode::BadFile`] when it is empty or larger than [`MAX_FILE`], [`ErrorCode::System`] when it cannot be read.
pub(crate) fn read_for_import(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let system = |error: std::io::Error| {
        failure(ErrorCode::System, format!("{} {}", path.display(), words::unreadable(&error)))
    };
    let mut file = File::open(path).map_err(system)?;
    let mut bytes = Zeroizing::new(vec![0; MAX_FILE + 1]);
    let mut length = 0;
    while let Some(rest) = bytes.get_mut(length..).filter(|rest| !rest.is_empty()) {
        match file.read(rest) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(system(error)),
        }
    }
    let bad = |what| Err(failure(ErrorCode::BadFile, format!("{} is {what}.", path.display())));
    match length {
        0 => return bad("empty"),
        length if length > MAX_FILE => return bad("too large to hold a certificate"),
        _ => {}
    }
    let mut text = Zeroizing::new(vec![0; length.div_ceil(3) * 4]);
    let content = bytes.get(..length).unwrap_or_default();
    match STANDARD.encode_slice(content, &mut text) {
        Ok(written) => text.truncate(written),
        Err(_) => return bad("too large to hold a certificate"),
    }
    Ok(text)
}

/// Writes a whole file, or leaves none that was not there before.
///
/// # Errors
/// [`ErrorCode::System`] when it exists and must not be overwritten, or cannot be written.
pub(crate) fn write(path: &Path, bytes: &[u8], overwrite: Overwrite) -> Result<(), Failure> {
    Reserved::at(path, overwrite)?.write(bytes)
}

/// A file that can be written. Unless it is, none is left that was not there before, and one that was is as it was.
pub(crate) struct Reserved {
    file: File,
    path: PathBuf,
    /// Whether it is to be removed.
    is_ours: bool,
}

impl Reserved {
    /// Opens a file for writing, or makes one.
    ///
    /// # Errors
    /// As for [`write`].
    pub(crate) fn at(path: &Path, overwrite: Overwrite) -> Result<Self, Failure> {
        let made = OpenOptions::new().write(true).create_new(true).open(path);
        let (file, is_ours) = match made {
            Err(error) if error.kind() == ErrorKind::AlreadyExists && overwrite == Overwrite::Yes => {
                (OpenOptions::new().write(true).open(path), false)
            }
            made => (made, true),
        };
        let file = file.map_err(|error| unwritable(path, &error))?;
        Ok(Self { file, path: path.to_owned(), is_ours })
    }

    /// Writes the whole file.
    ///
    /// # Errors
    /// [`ErrorCode::System`]
    pub(crate) fn write(mut self, bytes: &[u8]) -> Result<(), Failure> {
        // What is no ordinary file, such as a pipe, has no length.
        let had_content = self.file.metadata().is_ok_and(|data| data.is_file() && data.len() > 0);
        let emptied = if had_content { self.file.set_len(0) } else { Ok(()) };
        emptied.and_then(|()| self.file.write_all(bytes)).map_err(|error| unwritable(&self.path, &error))?;
        self.is_ours = false;
        Ok(())
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        if self.is_ours {
            // What failed is told; an empty file that stays is only untidy.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    let name = path.display();
    failure(
        ErrorCode::System,
        match error.kind() {
            ErrorKind::AlreadyExists => {
                format!("{name} exists. Overwrite it with --force, or name another file.")
            }
            ErrorKind::NotFound => format!("{name} cannot be written: its folder is not there."),
            ErrorKind::PermissionDenied => format!("{name} cannot be written: you have no permission."),
            _ => format!("{name} cannot be written: {}.", words::system(error)),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imported_files_have_a_size() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        for (length, fits) in [(0, false), (1, true), (3, true), (MAX_FILE, true), (MAX_FILE + 1, false)] {
            let content = vec![0xA5; length];
            std::fs::write(&path, &content).unwrap();
            let text = read_for_import(&path).ok();
            assert_eq!(text.map(|text| STANDARD.decode(text).unwrap()), fits.then_some(content), "{length}");
        }
        assert!(read_for_import(&directory.path().join("none")).is_err());
        assert!(read_for_import(directory.path()).is_err());
    }

    #[test]
    fn exported_files_spare_what_is_there() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        for (content, overwrite, left) in [
            (&b"first"[..], Overwrite::No, &b"first"[..]),
            (b"next", Overwrite::No, b"first"),
            (b"next", Overwrite::Yes, b"next"),
        ] {
            assert_eq!(write(&path, content, overwrite).is_ok(), content == left);
            assert_eq!(std::fs::read(&path).unwrap(), left);
        }
    }
}
