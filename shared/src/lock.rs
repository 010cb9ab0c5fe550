//! One process of a kind per user: a lock file beside the socket, held for as long as the process lives.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write as _;

use crate::private::make_private;
use crate::{Error, ErrorCode, Result, socket};

/// The lock; the system releases it when the process ends, however it ends.
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock in the file of this name, in a directory that only this user can enter.
    ///
    /// # Errors
    /// [`ErrorCode::Busy`] in the words `taken` when another process has it, [`ErrorCode::System`] when the directory is not safe.
    pub fn take(name: &str, taken: &str) -> Result<Self> {
        let directory = socket::directory()?;
        make_private(&directory).map_err(|error| {
            Error::new(ErrorCode::System, format!("{} cannot be used: {error}.", directory.display()))
        })?;
        let path = directory.join(name);
        let failed = |error: &dyn std::fmt::Display| {
            Error::new(ErrorCode::System, format!("{} cannot be used: {error}.", path.display()))
        };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&path).map_err(|error| failed(&error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::new(ErrorCode::Busy, taken));
            }
            Err(TryLockError::Error(error)) => return Err(failed(&error)),
        }
        file.set_len(0)
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .map_err(|error| failed(&error))?;
        Ok(Self { _file: file })
    }
}
