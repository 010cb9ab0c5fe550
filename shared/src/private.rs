//! Folders that nobody but this user can enter.

use std::fs;
use std::io;
use std::path::Path;

/// Makes the folder, or makes sure that it is a folder of this user which nobody else can enter.
///
/// # Errors
/// What the system says, and `PermissionDenied` for what is no folder of this user.
pub fn make_private(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
        match fs::DirBuilder::new().mode(0o700).create(folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        let found = fs::symlink_metadata(folder)?;
        if !found.is_dir() || found.uid() != rustix::process::geteuid().as_raw() {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is not a directory of yours"));
        }
        if found.mode() & 0o077 != 0 {
            fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
        }
    }
    #[cfg(windows)]
    fs::create_dir_all(folder)?;
    Ok(())
}
