//! The controlling terminal of a Unix process.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::termios::{
    InputModes, LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
};
use shared::ErrorCode;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use zeroize::Zeroizing;

use super::{Echo, Line, MAX_LINE};
use crate::exit::{Failure, failure};
use crate::words;

/// The character that Ctrl-C sends (ETX).
const CTRL_C: u8 = 3;

/// The controlling terminal.
pub(super) struct Tty {
    file: File,
    signals: &'static Signals,
}

/// The signals that would end this program while the terminal does not show what is typed.
struct Signals {
    /// Readable once one of them came.
    woken: UnixStream,
    /// Whether they do what they always do.
    idle: Arc<AtomicBool>,
}

/// They belong to the process, so they are caught once, however often the terminal is opened.
static SIGNALS: OnceLock<Signals> = OnceLock::new();

impl Signals {
    fn catch() -> io::Result<&'static Self> {
        if let Some(caught) = SIGNALS.get() {
            return Ok(caught);
        }
        let (woken, wake) = UnixStream::pair()?;
        let idle = Arc::new(AtomicBool::new(true));
        for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM] {
            signal_hook::flag::register_conditional_default(signal, Arc::clone(&idle))?;
            signal_hook::low_level::pipe::register(signal, wake.try_clone()?)?;
        }
        Ok(SIGNALS.get_or_init(|| Self { woken, idle }))
    }
}

/// Standard input without the buffer of the standard library, which would keep a copy.
pub(super) fn standard_input() -> io::Result<File> {
    Ok(File::from(io::stdin().as_fd().try_clone_to_owned()?))
}

impl Tty {
    pub(super) fn open() -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open("/dev/tty")?;
        Ok(Self { file, signals: Signals::catch()? })
    }

    /// Its columns, where it tells.
    pub(super) fn width(&self) -> Option<usize> {
        terminal_size::terminal_size_of(&self.file).map(|(width, _)| usize::from(width.0))
    }

    pub(super) fn write(&self, text: &str) -> io::Result<()> {
        (&self.file).write_all(text.as_bytes())
    }

    /// Prompts, and reads the line that is typed.
    pub(super) fn read_line(&self, prompt: &str, echo: Echo) -> Result<Line, Failure> {
        let lost = |error: io::Error| {
            failure(ErrorCode::System, format!("The terminal cannot be used: {}.", words::system(&error)))
        };
        let typing = Typing::start(self, echo).map_err(lost)?;
        self.write(prompt).map_err(lost)?;
        let line = self.line().map_err(lost);
        drop(typing);
        line?.ok_or_else(|| {
            // The cursor still stands behind the prompt.
            let _ = self.write("\n");
            Failure::Cancelled
        })
    }

    /// The line; `None` for one that Ctrl-C, Ctrl-D or a signal ended.
    fn line(&self) -> io::Result<Option<Line>> {
        let mut line = Zeroizing::new(Vec::with_capacity(MAX_LINE));
        let mut chunk = Zeroizing::new([0; MAX_LINE]);
        loop {
            let mut ready =
                [PollFd::new(&self.file, PollFlags::IN), PollFd::new(&self.signals.woken, PollFlags::IN)];
            match poll(&mut ready, None) {
                Err(rustix::io::Errno::INTR) => continue,
                result => result?,
            };
            let [_, woken] = &ready;
            if !woken.revents().is_empty() {
                return Ok(None);
            }
            // Where poll does not know terminals (macOS) it says so at once, and the reading below waits.
            let read = match (&self.file).read(&mut *chunk) {
                Ok(0) => return Ok(Some(line).filter(|line| !line.is_empty())),
                Ok(read) => chunk.get(..read).unwrap_or_default(),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if read.contains(&CTRL_C) {
                return Ok(None);
            }
            if line.len() + read.len() > MAX_LINE {
                return Err(io::Error::other("the line is too long"));
            }
            line.extend_from_slice(read);
            if line.last() == Some(&b'\n') {
                line.pop();
                return Ok(Some(line));
            }
        }
    }
}

/// As long as it lives, the terminal gives lines in which Ctrl-C is a character, and signals wake instead of kill;
/// afterwards all is as it was.
struct Typing<'a> {
    tty: &'a Tty,
    before: Termios,
}

impl<'a> Typing<'a> {
    fn start(tty: &'a Tty, echo: Echo) -> io::Result<Self> {
        let before = tcgetattr(&tty.file)?;
        let mut modes = before.clone();
        // Without ISIG no key sends a signal. Ctrl-C ends the line instead (EOL), so that it is seen at once.
        modes.local_modes.remove(LocalModes::ISIG);
        modes.local_modes.insert(LocalModes::ICANON);
        modes.input_modes.insert(InputModes::ICRNL);
        modes.special_codes[SpecialCodeIndex::VEOL] = CTRL_C;
        match echo {
            Echo::Shown => modes.local_modes.insert(LocalModes::ECHO),
            Echo::Hidden => {
                modes.local_modes.remove(LocalModes::ECHO);
                modes.local_modes.insert(LocalModes::ECHONL);
            }
        }
        let typing = Self { tty, before };
        tty.signals.idle.store(false, Ordering::SeqCst);
        tcsetattr(&tty.file, OptionalActions::Flush, &modes)?;
        Ok(typing)
    }
}

impl Drop for Typing<'_> {
    fn drop(&mut self) {
        // A terminal that is gone shows nothing anyway.
        let _ = tcsetattr(&self.tty.file, OptionalActions::Now, &self.before);
        self.tty.signals.idle.store(true, Ordering::SeqCst);
    }
}
