//! Where the log goes: standard error, the journal of systemd, or a file. No secret is ever given to it.

use std::convert::Infallible;
use std::io::{self, Write};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Mutex;

use shared::{Error, ErrorCode, Result};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::layer::{Layer, SubscriberExt as _};
use tracing_subscriber::registry::Registry;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::rotating::Rotating;

/// Most bytes of a log file, and how many full ones are kept beside it.
const FILE: u64 = 4 << 20;
const KEPT: usize = 3;

/// Where the log goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Stderr,
    Journal,
    File(PathBuf),
}

impl FromStr for Target {
    type Err = Infallible;

    fn from_str(text: &str) -> std::result::Result<Self, Infallible> {
        Ok(match text {
            "stderr" => Self::Stderr,
            "journal" => Self::Journal,
            file => Self::File(file.into()),
        })
    }
}

/// Starts the log. Without a target it goes to the journal where standard error does so already, with its fields and
/// levels then, and else to standard error.
///
/// # Errors
/// [`ErrorCode::System`] for a target that cannot be used.
pub(crate) fn start(level: tracing::Level, target: Option<&Target>) -> Result<()> {
    match target {
        Some(Target::Stderr) => start_with(level, lines().with_writer(io::stderr)),
        Some(Target::Journal) => match journal() {
            Ok(journal) => start_with(level, journal),
            Err(error) => return Err(unusable("The journal", &error)),
        },
        Some(Target::File(path)) => {
            let file = Rotating::open(path, FILE, KEPT)
                .map_err(|error| unusable(&format!("The log {}", path.display()), &error))?;
            start_with(level, lines().with_writer(Mutex::new(Lines(file))));
        }
        None => match stderr_is_journal().then(journal) {
            Some(Ok(journal)) => start_with(level, journal),
            // Standard error leads to the same place, only without the fields.
            None | Some(Err(_)) => start_with(level, lines().with_writer(io::stderr)),
        },
    }
    Ok(())
}

fn start_with(level: tracing::Level, layer: impl Layer<Registry> + Send + Sync) {
    tracing_subscriber::registry().with(layer.with_filter(LevelFilter::from_level(level))).init();
}

fn lines() -> tracing_subscriber::fmt::Layer<Registry> {
    tracing_subscriber::fmt::layer().with_ansi(false)
}

fn unusable(what: &str, error: &io::Error) -> Error {
    Error::new(ErrorCode::System, format!("{what} cannot be used: {error}. Name another with --log-to."))
}

/// Events with their fields as fields of the journal's entries.
#[cfg(target_os = "linux")]
fn journal() -> io::Result<tracing_journald::Layer> {
    Ok(tracing_journald::layer()?.with_field_prefix(Some("KORTTI".into())))
}

#[cfg(not(target_os = "linux"))]
fn journal() -> io::Result<tracing_subscriber::layer::Identity> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "only Linux has one"))
}

/// Whether what JOURNAL_STREAM names is what standard error is: a program that was started by another may have
/// inherited the variable and not the stream (systemd.exec(5)).
#[cfg(target_os = "linux")]
fn stderr_is_journal() -> bool {
    let stream = std::env::var("JOURNAL_STREAM").ok();
    let named = stream.as_deref().and_then(|stream| stream.split_once(':'));
    let found = rustix::fs::fstat(io::stderr()).ok();
    let (Some((device, inode)), Some(found)) = (named, found) else { return false };
    device.parse() == Ok(found.st_dev) && inode.parse() == Ok(found.st_ino)
}

#[cfg(not(target_os = "linux"))]
fn stderr_is_journal() -> bool {
    false
}

/// A file that takes one event per write.
struct Lines(Rotating);

impl Write for Lines {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        // What a reader or a card calls itself may have line ends in it, and must not look like an event.
        let mut line = event.strip_suffix(b"\n").unwrap_or(event).to_vec();
        line.iter_mut().filter(|byte| byte.is_ascii_control()).for_each(|byte| *byte = b' ');
        self.0.append(&line)?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
