//! `kortti-gui`: Kortti's page in a window of its own.
//!
//! ```text
//! page ─► window.ipc ─► host ─► a thread for each request ─► bridge (crate page) ─► agent's socket
//!   ▲                                      │
//!   └── script ◄── main thread ◄───────────┘
//! ```
//!
//! It is a client of the agent's socket like any other, and holds no card code. One window is open at a time: a second start hands over
//! where it was to open, and ends. Nothing is remembered, and nothing is loaded but the page's own files, which are in the program.

mod clock;
mod handover;
mod host;
mod window;

use std::alloc::System;
use std::process::ExitCode;

use clap::Parser;
use page::Where;
use shared::{Error, ErrorCode, Result, harden};
use zeroizing_alloc::ZeroAlloc;

use handover::{Asked, Start};

/// Wipes whatever is freed: a PIN comes through buffers of the web view's library, which does not.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

/// Opens Kortti's window, or has the one that is open come to the front and show the place.
#[derive(Debug, Parser)]
#[command(name = "kortti-gui", version)]
struct Options {
    #[command(flatten)]
    place: Where,
    /// Let a program that tests the page drive it (WebDriver). It can then see what is typed.
    #[arg(long, hide = true)]
    automation: bool,
    /// Say on standard output how long it took until something could be seen.
    #[arg(long, hide = true)]
    say_painted: bool,
}

fn main() -> ExitCode {
    let Err(error) = run(Options::parse()) else { return ExitCode::SUCCESS };
    eprintln!("{error}");
    ExitCode::FAILURE
}

/// Returns when another window has taken over; with a window of its own the process ends in there.
fn run(options: Options) -> Result<()> {
    clock::begin();
    harden::process().map_err(|error| {
        Error::new(ErrorCode::System, format!("The process cannot be protected from being read: {error}."))
    })?;
    window::has_display()?;
    let asked = Asked { place: options.place.into(), startup: window::startup_id() };
    match handover::begin(&asked)? {
        // It would wait for ever for one that it can drive.
        Start::HandedOver if options.automation => {
            Err(Error::new(ErrorCode::Busy, "Kortti's window is open already: close it first."))
        }
        Start::HandedOver => Ok(()),
        Start::First(alone) => window::open(window::Order {
            place: asked.place,
            alone,
            automation: options.automation,
            say_painted: options.say_painted,
        }),
    }
}
