//! The session's side of Kortti: what a person sees of the agent without opening anything.
//!
//! ```text
//! agent's socket ─► main thread ─► surface ─► tray, notices, logind        one thread speaks D-Bus
//!                       ▲             │
//!                       └── heard ◄───┘
//! ```
//!
//! It is a client of the agent's socket like any other, and holds no card code.

pub mod action;
mod agent;
mod announce;
mod backoff;
mod conductor;
mod face;
mod hold;
mod hooks;
mod icons;
mod known;
pub mod notices;
mod open;
mod options;
mod phrases;
mod prompts;
mod removal;
mod report;
mod returns;
#[cfg(test)]
mod samples;
pub mod surface;
mod text;
pub mod tray;

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::mpsc::channel;

use clap::Parser as _;
use shared::config::Config;
use shared::lock::Lock;
use shared::{Error, ErrorCode, Result, detach, harden};

use conductor::{Conductor, Message, Messages, wanted};
use options::{Options, Verb};

/// The program.
pub fn main() -> ExitCode {
    let options = Options::parse();
    if let Some(Verb::Hold { command }) = &options.verb {
        return hold::run(command);
    }
    tracing_subscriber::fmt()
        .with_max_level(options.log)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
    match run(options) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error}");
            match error.code {
                ErrorCode::Busy => ExitCode::from(shared::client::RUNS_ALREADY),
                _ => ExitCode::FAILURE,
            }
        }
    }
}

fn run(options: Options) -> Result<ExitCode> {
    let system =
        |what: &str, error: &std::io::Error| Error::new(ErrorCode::System, format!("{what}: {error}."));
    harden::process().map_err(|error| system("The process cannot be protected from being read", &error))?;
    if let Some(Verb::Open { panel, reader, card }) = options.verb {
        return open::here(&open::Place { panel, reader, card }).map(|()| ExitCode::SUCCESS);
    }
    let lock = Lock::take("desktop.lock", "kortti-desktop of this user runs already.")?;
    let (messages, heard) = channel();
    stop_on_signals(&messages).map_err(|error| system("Signals cannot be received", &error))?;
    // Nobody need listen.
    let _ = writeln!(std::io::stdout(), "{}", shared::client::READY);
    if options.detached {
        detach::process().map_err(|error| system("The program cannot go into the background", &error))?;
    }
    let headless = options.headless;
    let telling = messages.clone();
    let code = surface::run(
        wanted(&Config::default(), headless),
        move |what| drop(telling.send(Message::Heard(what))),
        move |surface| match Conductor::start(headless, messages, surface) {
            Ok(conductor) => conductor.run(&heard),
            Err(error) => {
                tracing::error!("no thread can be started: {error}");
                ExitCode::FAILURE
            }
        },
    );
    drop(lock);
    Ok(code)
}

#[cfg(unix)]
fn stop_on_signals(messages: &Messages) -> std::io::Result<()> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM])?;
    let messages = messages.clone();
    let wait = move || signals.forever().for_each(|_| drop(messages.send(Message::Stop)));
    std::thread::Builder::new().name("signals".to_owned()).spawn(wait).map(drop)
}

#[cfg(not(unix))]
fn stop_on_signals(_messages: &Messages) -> std::io::Result<()> {
    // A process without a console gets none; Quit in the menu and `kortti agent stop` end it.
    Ok(())
}
