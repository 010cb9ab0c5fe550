//! A file of lines that grows to a limit, then makes room for the next one: `name`, and before it `name.1` (the
//! youngest) to `name.K`. For the log and whatever else is written line by line and must not fill a disk.
//!
//! The file is this user's alone, and no link is followed to it: whoever may write to its folder could otherwise
//! have another file appended to.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

/// The file that is written now.
#[derive(Debug)]
pub(crate) struct Rotating {
    path: PathBuf,
    most: u64,
    keep: usize,
    file: File,
    length: u64,
}

impl Rotating {
    /// Opens the file to go on at its end, or makes it, of mode 0600, in a folder that is there. None of its files
    /// grows beyond `most` bytes; `keep` full ones are kept beside it.
    ///
    /// # Errors
    /// What the system says, and `InvalidInput` for a path that leads to a link, to another user's file, or to
    /// something that is no file.
    pub(crate) fn open(path: &Path, most: u64, keep: usize) -> io::Result<Self> {
        let (file, length) = open(path)?;
        Ok(Self { path: path.to_owned(), most, keep, file, length })
    }

    /// Writes a line, given without its end, whole or not at all. A file that it does not fit into is kept as
    /// `name.1` first.
    ///
    /// # Errors
    /// `InvalidInput` for a line that no file can hold, and what the system says; the lines before it are still there.
    pub(crate) fn append(&mut self, line: &[u8]) -> io::Result<()> {
        let mut whole = Vec::with_capacity(line.len() + 1);
        whole.extend_from_slice(line);
        whole.push(b'\n');
        let size = u64::try_from(whole.len()).unwrap_or(u64::MAX);
        if size > self.most {
            return Err(refused("a line is longer than the file may be"));
        }
        if self.length.saturating_add(size) > self.most {
            self.rotate()?;
        }
        if let Err(error) = self.file.write_all(&whole) {
            // A disk that is full takes the beginning of a line. What cannot be taken back ends at the next opening.
            let _ = self.file.set_len(self.length);
            return Err(error);
        }
        self.length += size;
        Ok(())
    }

    /// Moves every file one place on. Each step is a rename, so whenever it breaks off no file is torn, and none is
    /// lost but the oldest.
    fn rotate(&mut self) -> io::Result<()> {
        // After a rotation that could not make its new file the others are in their places already.
        if fs::symlink_metadata(&self.path).is_ok() {
            for number in (1..self.keep).rev() {
                match fs::rename(self.older(number), self.older(number + 1)) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
            if self.keep == 0 {
                fs::remove_file(&self.path)?;
            } else {
                fs::rename(&self.path, self.older(1))?;
            }
        }
        (self.file, self.length) = open(&self.path)?;
        Ok(())
    }

    fn older(&self, number: usize) -> PathBuf {
        let mut name = OsString::from(&self.path);
        name.push(format!(".{number}"));
        name.into()
    }
}

/// The file, ready for appending, and its length. A last line that a power cut has torn is ended, so that the next
/// one stands alone.
fn open(path: &Path) -> io::Result<(File, u64)> {
    let mut file = open_no_link(path)?;
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(refused("it is not a file"));
    }
    #[cfg(unix)]
    if std::os::unix::fs::MetadataExt::uid(&found) != rustix::process::geteuid().as_raw() {
        return Err(refused("it is another user's file"));
    }
    let mut length = found.len();
    if length > 0 {
        let mut last = [0];
        file.seek(SeekFrom::Start(length - 1))?;
        file.read_exact(&mut last)?;
        if last != *b"\n" {
            file.write_all(b"\n")?;
            length += 1;
        }
    }
    Ok((file, length))
}

#[cfg(unix)]
fn open_no_link(path: &Path) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags};
    use rustix::io::Errno;

    // Without NONBLOCK a pipe in the file's place would keep the agent waiting for a reader.
    let flags = OFlags::RDWR
        | OFlags::APPEND
        | OFlags::CREATE
        | OFlags::CLOEXEC
        | OFlags::NOFOLLOW
        | OFlags::NONBLOCK
        | OFlags::NOCTTY;
    match rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR) {
        Ok(file) => Ok(file.into()),
        Err(Errno::LOOP) => Err(refused("it is a symbolic link")),
        Err(error) => Err(error.into()),
    }
}

#[cfg(windows)]
fn open_no_link(path: &Path) -> io::Result<File> {
    use std::os::windows::fs::OpenOptionsExt as _;

    /// Opens a link itself instead of what it leads to; it is then found to be no file (`CreateFileW`).
    const FILE_FLAG_OPEN_REPARSE_POINT: u32 = 0x0020_0000;
    let mut options = File::options();
    options.read(true).append(true).create(true).custom_flags(FILE_FLAG_OPEN_REPARSE_POINT);
    options.open(path)
}

fn refused(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, symlink};

    use super::*;

    fn read(folder: &Path, name: &str) -> Option<String> {
        fs::read_to_string(folder.join(name)).ok()
    }

    #[test]
    fn files_move_on_and_the_oldest_goes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let mut log = Rotating::open(&path, 10, 2).unwrap();
        let mut states = Vec::new();
        for line in ["one", "two", "three", "four", "five5", "123456789", "7"] {
            log.append(line.as_bytes()).unwrap();
            states.push(["log", "log.1", "log.2", "log.3"].map(|name| read(folder.path(), name)));
        }
        let state = |now: &str, one: Option<&str>, two: Option<&str>| {
            [Some(now.to_owned()), one.map(Into::into), two.map(Into::into), None]
        };
        assert_eq!(
            states,
            [
                state("one\n", None, None),
                state("one\ntwo\n", None, None),
                state("three\n", Some("one\ntwo\n"), None),
                state("four\n", Some("three\n"), Some("one\ntwo\n")),
                state("five5\n", Some("four\n"), Some("three\n")),
                state("123456789\n", Some("five5\n"), Some("four\n")),
                state("7\n", Some("123456789\n"), Some("five5\n")),
            ]
        );
        for name in ["log", "log.1", "log.2"] {
            assert_eq!(fs::metadata(folder.path().join(name)).unwrap().mode() & 0o777, 0o600, "{name}");
        }
    }

    #[test]
    fn none_need_be_kept() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = Rotating::open(&folder.path().join("log"), 8, 0).unwrap();
        for line in [&b"one"[..], b"two", b"three"] {
            log.append(line).unwrap();
        }
        assert_eq!(read(folder.path(), "log").as_deref(), Some("three\n"));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn it_goes_on_where_it_was() {
        for (before, after) in [("", "new\n"), ("old\n", "old\nnew\n"), ("torn", "torn\nnew\n")] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("log");
            fs::write(&path, before).unwrap();
            Rotating::open(&path, 100, 1).unwrap().append(b"new").unwrap();
            assert_eq!(read(folder.path(), "log").as_deref(), Some(after));
        }
    }

    #[test]
    fn a_line_that_no_file_holds_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let mut log = Rotating::open(&path, 10, 1).unwrap();
        log.append(b"one").unwrap();
        assert_eq!(log.append(&[b'x'; 10]).unwrap_err().kind(), io::ErrorKind::InvalidInput);
        assert_eq!(read(folder.path(), "log").as_deref(), Some("one\n"));
        assert_eq!(read(folder.path(), "log.1"), None);
    }

    #[test]
    fn what_is_in_the_way_of_a_rotation_costs_no_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let mut log = Rotating::open(&path, 8, 1).unwrap();
        log.append(b"first").unwrap();
        // A folder cannot be replaced by a file.
        let obstacle = folder.path().join("log.1");
        fs::create_dir(&obstacle).unwrap();
        for _ in 0..3 {
            log.append(b"second").unwrap_err();
            assert_eq!(read(folder.path(), "log").as_deref(), Some("first\n"));
        }
        fs::remove_dir(&obstacle).unwrap();
        log.append(b"second").unwrap();
        assert_eq!(read(folder.path(), "log").as_deref(), Some("second\n"));
        assert_eq!(read(folder.path(), "log.1").as_deref(), Some("first\n"));
    }

    #[test]
    fn a_rotation_that_broke_off_is_not_begun_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let mut log = Rotating::open(&path, 8, 2).unwrap();
        log.append(b"first").unwrap();
        log.append(b"second").unwrap();
        // As if the new file could not be made.
        fs::rename(folder.path().join("log.1"), folder.path().join("log.2")).unwrap();
        fs::rename(&path, folder.path().join("log.1")).unwrap();
        log.append(b"third").unwrap();
        let left = ["log", "log.1", "log.2"].map(|name| read(folder.path(), name).unwrap());
        assert_eq!(left, ["third\n", "second\n", "first\n"]);
    }

    #[test]
    fn nothing_but_a_file_of_ours_is_written_to() {
        let folder = tempfile::tempdir().unwrap();
        let victim = folder.path().join("victim");
        fs::write(&victim, "mine\n").unwrap();
        let path = folder.path().join("log");
        type Spoil = fn(&Path);
        let rows: [(Spoil, &str); 3] = [
            (|path| symlink(path.with_file_name("victim"), path).unwrap(), "symbolic link"),
            (|path| symlink(path.with_file_name("nothing"), path).unwrap(), "symbolic link"),
            (
                |path| {
                    rustix::fs::mknodat(
                        rustix::fs::CWD,
                        path,
                        rustix::fs::FileType::Fifo,
                        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
                        0,
                    )
                    .unwrap();
                },
                "not a file",
            ),
        ];
        for (spoil, words) in rows {
            spoil(&path);
            let error = Rotating::open(&path, 100, 1).unwrap_err();
            assert!(error.to_string().contains(words), "{error}");
            fs::remove_file(&path).unwrap();
        }
        assert_eq!(fs::read_to_string(&victim).unwrap(), "mine\n");
        assert!(!folder.path().join("nothing").exists());
        if rustix::process::geteuid().is_root() {
            fs::write(&path, "").unwrap();
            std::os::unix::fs::chown(&path, Some(65534), None).unwrap();
            assert!(Rotating::open(&path, 100, 1).is_err());
        }
    }
}
