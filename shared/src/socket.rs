//! Where the agent's socket is, and the window's; who may be at its other end, and lines on it that are wiped after use.
//!
//! On Unix a socket in a directory of mode 0700; on Windows a named pipe of the current user, with a random name
//! that stands in a file only this user can write. Named pipes know no time limits (interprocess 2.4), so there the
//! limits on idle and half-sent requests rest on the number of connections alone.

use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use interprocess::local_socket::prelude::*;
use interprocess::local_socket::{Listener, ListenerOptions, Name, Stream};
use serde::Serialize;
use zeroize::{Zeroize, Zeroizing};

use crate::error::{Error, ErrorCode, Result};
use crate::rpc::MAX_LINE;

#[cfg(unix)]
mod place {
    use std::path::PathBuf;

    use interprocess::local_socket::{GenericFilePath, ToFsName as _};

    use super::{Door, Error, ErrorCode, Name, Result};

    /// The directory of the sockets and of the lock files: `kortti` in the user's runtime directory
    /// (XDG base directory specification), on macOS in the user's own data directory.
    ///
    /// # Errors
    /// [`ErrorCode::System`] where there is no such directory.
    pub fn directory() -> Result<PathBuf> {
        let base = directories::BaseDirs::new();
        let found = if cfg!(target_os = "macos") {
            base.map(|dirs| dirs.data_local_dir().to_owned())
        } else {
            base.and_then(|dirs| dirs.runtime_dir().map(ToOwned::to_owned))
        };
        found.map(|dir| dir.join("kortti")).ok_or_else(|| {
            Error::new(
                ErrorCode::System,
                "XDG_RUNTIME_DIR is not set, so there is no safe place for the agent's socket. Log in through a \
                 session manager, or set it to a directory that only you can enter.",
            )
        })
    }

    /// The ending of a file that is, or says, where a socket is.
    pub(super) const ENDING: &str = "sock";

    pub(super) fn name(door: Door) -> Result<Name<'static>> {
        door.file()?.to_fs_name::<GenericFilePath>().map_err(|error| door.unusable(&error))
    }
}

#[cfg(windows)]
mod place {
    use std::fs::File;
    use std::io::Read as _;
    use std::path::PathBuf;

    use interprocess::local_socket::{GenericNamespaced, ToNsName as _};

    use super::{Door, Error, ErrorCode, Name, Result, io};
    use crate::hex::Hex;

    /// The directory of the lock files, and of the files that say how the pipes are named.
    ///
    /// # Errors
    /// [`ErrorCode::System`] where the user has no profile.
    pub fn directory() -> Result<PathBuf> {
        directories::BaseDirs::new().map(|dirs| dirs.data_local_dir().join("Kortti")).ok_or_else(|| {
            Error::new(ErrorCode::System, "This user has no local application data directory.")
        })
    }

    /// The ending of a file that says how a pipe is named, and which process serves it.
    pub(super) const ENDING: &str = "pipe";

    /// A name that nobody else can have taken. Pipe names are machine-wide: under one that can be known before,
    /// another user's program could wait for this user's PINs.
    pub(super) fn new_name(door: Door) -> Result<String> {
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(|error| door.unusable(&error))?;
        Ok(format!("kortti-{}-{}", door.of, Hex(random.to_vec())))
    }

    /// Tells this user's programs, who alone can read and write the directory, where this process listens.
    pub(super) fn publish(door: Door, name: &str) -> Result<()> {
        std::fs::write(door.file()?, format!("{name}\n{}\n", std::process::id()))
            .map_err(|error| door.unusable(&error))
    }

    /// The name and the process that the program behind a door published.
    ///
    /// # Errors
    /// [`ErrorCode::NoAgent`] when none did.
    pub(super) fn published(door: Door) -> Result<(String, u32)> {
        let mut text = String::new();
        match File::open(door.file()?).and_then(|file| file.take(256).read_to_string(&mut text)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(door.unusable(&error)),
            _ => parse(&text).ok_or_else(|| door.closed()),
        }
    }

    /// A text that breaks off is one that is just being written.
    fn parse(text: &str) -> Option<(String, u32)> {
        let (name, process) = text.strip_suffix('\n')?.split_once('\n')?;
        Some((name.to_owned(), process.parse().ok()?))
    }

    pub(super) fn name(door: Door, text: &str) -> Result<Name<'static>> {
        text.to_owned().to_ns_name::<GenericNamespaced>().map_err(|error| door.unusable(&error))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn what_is_published() {
            for (text, published) in [
                ("kortti-agent-00FF\n4711\n", Some(("kortti-agent-00FF".to_owned(), 4711))),
                ("kortti-agent-00FF\n47", None),
                ("kortti-agent-00FF\n", None),
                ("kortti-agent-00FF\nx\n", None),
                ("", None),
            ] {
                assert_eq!(parse(text), published, "{text:?}");
            }
            assert_ne!(new_name(Door::AGENT).unwrap(), new_name(Door::AGENT).unwrap());
        }
    }
}

pub use place::directory;

/// A socket, and the program that serves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Door {
    of: &'static str,
}

impl Door {
    /// The agent's.
    pub const AGENT: Self = Self { of: "agent" };
    /// The window's, by which a second start hands over where it was to open.
    pub const WINDOW: Self = Self { of: "window" };

    /// The socket's path; on Windows that of the file which says how the pipe is named.
    ///
    /// # Errors
    /// As for [`directory`].
    pub fn file(self) -> Result<std::path::PathBuf> {
        Ok(directory()?.join(self.of).with_extension(place::ENDING))
    }

    /// Makes the socket, for its owner only. The caller holds the lock of the program, so a socket that is there already is
    /// a dead one and is removed.
    ///
    /// # Errors
    /// [`ErrorCode::System`]
    pub fn listen(self) -> Result<Listener> {
        self.remove()?;
        #[cfg(unix)]
        let options = {
            let options = ListenerOptions::new().name(place::name(self)?);
            // Elsewhere interprocess cannot set a mode before binding, and the directory of mode 0700 is the guard.
            #[cfg(target_os = "linux")]
            let options = {
                use interprocess::os::unix::local_socket::ListenerOptionsExt as _;
                options.mode(0o600)
            };
            options
        };
        #[cfg(windows)]
        let name = place::new_name(self)?;
        #[cfg(windows)]
        let options = {
            use interprocess::os::windows::local_socket::ListenerOptionsExt as _;
            use interprocess::os::windows::security_descriptor::SecurityDescriptor;
            // Nobody over the network; the owner and the system in full; nobody else.
            let rights = widestring::u16cstr!("D:P(D;;GA;;;NU)(A;;GA;;;OW)(A;;GA;;;SY)");
            let descriptor =
                SecurityDescriptor::deserialize(rights).map_err(|error| self.unusable(&error))?;
            ListenerOptions::new().name(place::name(self, &name)?).security_descriptor(descriptor)
        };
        let listener = options.create_sync().map_err(|error| self.unusable(&error))?;
        #[cfg(windows)]
        place::publish(self, &name)?;
        Ok(listener)
    }

    /// Takes away what tells others where the socket is, for a program that ends or begins.
    ///
    /// # Errors
    /// [`ErrorCode::System`]
    pub fn remove(self) -> Result<()> {
        match std::fs::remove_file(self.file()?) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(self.unusable(&error)),
            _ => Ok(()),
        }
    }

    /// Connects to the program.
    ///
    /// # Errors
    /// [`ErrorCode::NoAgent`] when none listens, [`ErrorCode::Permission`] when somebody else's program does.
    pub fn connect(self) -> Result<Stream> {
        #[cfg(unix)]
        let name = place::name(self)?;
        #[cfg(windows)]
        let (name, process) = {
            let (name, process) = place::published(self)?;
            (place::name(self, &name)?, process)
        };
        let stream = Stream::connect(name).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => self.closed(),
            _ => self.unusable(&error),
        })?;
        #[cfg(unix)]
        let is_ours = same_user(&stream);
        // The file may be what a program left that was killed, and its pipe's name another program's by now.
        #[cfg(windows)]
        let is_ours = stream.peer_creds().ok().and_then(|peer| peer.pid()) == Some(process);
        if is_ours {
            Ok(stream)
        } else {
            Err(Error::new(
                ErrorCode::Permission,
                format!("The {}'s socket belongs to another user.", self.of),
            ))
        }
    }

    /// Nobody listens.
    fn closed(self) -> Error {
        let words = match self {
            Self::AGENT => "The agent does not run. Start it with: kortti agent start",
            _ => "The window is not open.",
        };
        Error::new(ErrorCode::NoAgent, words)
    }

    fn unusable(self, error: &dyn std::fmt::Display) -> Error {
        let what = if cfg!(windows) { "pipe" } else { "socket" };
        Error::new(ErrorCode::System, format!("The {}'s {what} cannot be used: {error}.", self.of))
    }
}

/// The agent's socket, as [`Door::file`] has it.
///
/// # Errors
/// As for [`directory`].
pub fn file() -> Result<std::path::PathBuf> {
    Door::AGENT.file()
}

/// Makes the agent's socket, as [`Door::listen`] has it.
///
/// # Errors
/// [`ErrorCode::System`]
pub fn listen() -> Result<Listener> {
    Door::AGENT.listen()
}

/// Removes the agent's socket, as [`Door::remove`] has it.
///
/// # Errors
/// [`ErrorCode::System`]
pub fn remove() -> Result<()> {
    Door::AGENT.remove()
}

/// Connects to the agent, as [`Door::connect`] has it.
///
/// # Errors
/// [`ErrorCode::NoAgent`] when none listens, [`ErrorCode::Permission`] when somebody else's program does.
pub fn connect() -> Result<Stream> {
    Door::AGENT.connect()
}

/// Whether the program that connected belongs to this user. Who cannot be told is somebody else.
pub fn same_user(stream: &Stream) -> bool {
    #[cfg(unix)]
    {
        let mine = rustix::process::geteuid().as_raw();
        stream.peer_creds().ok().and_then(|peer| peer.euid()) == Some(mine)
    }
    #[cfg(windows)]
    {
        // The pipe's access list admits this user only.
        let _ = stream;
        true
    }
}

/// How long each part of a line may take.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Until its first byte; `None` for ever.
    pub first: Option<Duration>,
    /// From its first byte to its end.
    pub rest: Duration,
}

/// Reads lines into one buffer, wiped before the next is read and when dropped. A buffer that grows wipes what it
/// leaves behind.
#[derive(Default)]
pub struct LineReader {
    buffer: Zeroizing<Vec<u8>>,
    filled: usize,
    consumed: usize,
}

const BLOCK: usize = 4096;

impl LineReader {
    /// The next line without its end; `None` at the end of the stream.
    ///
    /// # Errors
    /// `InvalidData` for a line longer than [`MAX_LINE`], `TimedOut` for one that takes longer than `patience`,
    /// `UnexpectedEof` for one that breaks off, and what the stream says.
    pub fn next(&mut self, stream: &Stream, patience: Patience) -> io::Result<Option<&[u8]>> {
        self.drop_consumed();
        let mut searched = 0;
        let mut deadline = (self.filled > 0).then(|| Instant::now() + patience.rest);
        let end = loop {
            let unread = self.buffer.get(searched..self.filled).unwrap_or_default();
            if let Some(position) = unread.iter().position(|byte| *byte == b'\n') {
                break searched + position;
            }
            searched = self.filled;
            if self.filled > MAX_LINE {
                return Err(io::ErrorKind::InvalidData.into());
            }
            let timeout = match deadline {
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Err(io::ErrorKind::TimedOut.into());
                    }
                    Some(left)
                }
                None => patience.first,
            };
            match self.fill(stream, timeout)? {
                0 if self.filled == 0 => return Ok(None),
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                _ => deadline = deadline.or_else(|| Some(Instant::now() + patience.rest)),
            }
        };
        self.consumed = end + 1;
        Ok(self.buffer.get(..end))
    }

    fn drop_consumed(&mut self) {
        self.buffer.copy_within(self.consumed..self.filled, 0);
        let left = self.filled - self.consumed;
        if let Some(stale) = self.buffer.get_mut(left..self.filled) {
            stale.zeroize();
        }
        self.filled = left;
        self.consumed = 0;
    }

    fn fill(&mut self, mut stream: &Stream, timeout: Option<Duration>) -> io::Result<usize> {
        if self.filled == self.buffer.len() {
            // A line of the greatest length and its end, and no byte more, so that a longer one is noticed.
            let length = (self.buffer.len() * 2).clamp(BLOCK, MAX_LINE + 1);
            let mut larger = Zeroizing::new(vec![0; length]);
            for (new, old) in larger.iter_mut().zip(self.buffer.iter()) {
                *new = *old;
            }
            self.buffer = larger;
        }
        if cfg!(unix) {
            stream.set_recv_timeout(timeout)?;
        }
        let space = self.buffer.get_mut(self.filled..).unwrap_or_default();
        let read = loop {
            match stream.read(space) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Err(io::ErrorKind::TimedOut.into());
                }
                read => break read?,
            }
        };
        self.filled += read;
        Ok(read)
    }
}

/// Writes one object as a line, out of a buffer that has its final size from the start and is wiped.
///
/// # Errors
/// `InvalidData` when it cannot be serialised or is longer than [`MAX_LINE`], and what the stream says.
pub fn write_line<T: Serialize>(mut stream: &Stream, object: &T) -> io::Result<()> {
    stream.write_all(&line(object)?)
}

/// The line that [`write_line`] writes.
///
/// # Errors
/// `InvalidData`
pub fn line<T: Serialize>(object: &T) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut length = Length(0);
    serde_json::to_writer(&mut length, object)?;
    if length.0 > MAX_LINE {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut line = Zeroizing::new(Vec::with_capacity(length.0 + 1));
    serde_json::to_writer(&mut *line, object)?;
    line.push(b'\n');
    Ok(line)
}

/// Counts what is written to it.
struct Length(usize);

impl Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
