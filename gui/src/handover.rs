//! One window for each user: who starts a second one is handed over to the first, by a socket beside the agent's.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use interprocess::local_socket::traits::ListenerExt as _;
use interprocess::local_socket::{Listener, Stream};
use serde::{Deserialize, Serialize};
use shared::lock::Lock;
use shared::place::Place;
use shared::socket::{self, Door, LineReader, Patience};
use shared::{Error, ErrorCode, Result};

/// How long the other side may take for a line.
const LINE: Duration = Duration::from_secs(2);

/// How long a window that begins or ends is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long it takes until it is looked again whether a window has begun or ended.
const PAUSE: Duration = Duration::from_millis(50);

/// What a start asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Asked {
    /// Where the window opens.
    pub place: Place,
    /// What the desktop gave the program that was started, so that a window may come to the front (Startup Notification Protocol, or
    /// xdg-activation).
    pub startup: Option<String>,
}

/// What the window answers.
#[derive(Serialize, Deserialize)]
struct Taken {}

/// Who shows the place.
pub(crate) enum Start {
    /// This process, which is the only one.
    First(Alone),
    /// Another one, whose window was open.
    HandedOver,
}

/// That no other window of this user can be opened, and where those who try are heard.
pub(crate) struct Alone {
    lock: Lock,
    listener: Listener,
}

/// Becomes the one window, or hands over to it.
///
/// # Errors
/// [`ErrorCode::Busy`] when there is a window that does not answer, [`ErrorCode::System`], [`ErrorCode::Permission`].
pub(crate) fn begin(asked: &Asked) -> Result<Start> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match Lock::take(
            "window.lock",
            "Kortti's window is open and does not answer. Close it, and try again.",
        ) {
            Ok(lock) => return Ok(Start::First(Alone { lock, listener: Door::WINDOW.listen()? })),
            Err(error) if error.code != ErrorCode::Busy => return Err(error),
            Err(busy) => match hand_over(asked) {
                Ok(()) => return Ok(Start::HandedOver),
                Err(error) if error.code == ErrorCode::Permission => return Err(error),
                Err(_) if Instant::now() >= deadline => return Err(busy),
                // It has the lock and does not listen: it begins, or it ends.
                Err(_) => thread::sleep(PAUSE),
            },
        }
    }
}

fn hand_over(asked: &Asked) -> Result<()> {
    let lost =
        |error: io::Error| Error::new(ErrorCode::NoAgent, format!("The window does not answer: {error}."));
    let stream = Door::WINDOW.connect()?;
    socket::write_line(&stream, asked).map_err(lost)?;
    match line::<Taken>(&stream).map_err(lost)? {
        Some(Taken {}) => Ok(()),
        None => Err(lost(io::ErrorKind::UnexpectedEof.into())),
    }
}

/// The one line that is read from a connection.
fn line<T: for<'de> Deserialize<'de>>(stream: &Stream) -> io::Result<Option<T>> {
    let mut lines = LineReader::default();
    let patience = Patience { first: Some(LINE), rest: LINE };
    let Some(line) = lines.next(stream, patience)? else { return Ok(None) };
    Ok(serde_json::from_slice(line).ok())
}

impl Alone {
    /// Hears who tries to open a second window, for as long as the process lives. The lock is to be kept for as long.
    ///
    /// # Errors
    /// No thread can be started.
    pub(crate) fn hear(self, show: impl Fn(Asked) + Send + 'static) -> io::Result<Lock> {
        let Self { lock, listener } = self;
        let listen = move || {
            for stream in listener.incoming() {
                match stream {
                    Ok(stream) => take(&stream, &show),
                    // Without a pause, one that comes at once again would keep a core busy.
                    Err(_) => thread::sleep(PAUSE),
                }
            }
        };
        thread::Builder::new().name("second starts".to_owned()).spawn(listen)?;
        Ok(lock)
    }
}

/// One connection. Nobody else's, since who shows a place to a person could make that person type a PIN for it.
fn take(stream: &Stream, show: &impl Fn(Asked)) {
    if !socket::same_user(stream) {
        return;
    }
    if let Ok(Some(asked)) = line::<Asked>(stream) {
        show(asked);
        // Who has asked may have gone.
        let _ = socket::write_line(stream, &Taken {});
    }
}
