//! The PIV card inside the Nitrokey 3, as its maker publishes it, inserted into a slot of the virtual reader driver
//! vpcd. A card that we did not write: what Kortti thinks of PIV cards is tested against it.
//!
//! `nitrokey-card PORT [SEED]` inserts a card in the factory's state into the slot that listens on that port of this
//! machine, says `inserted`, and ends when standard input is closed or the reader goes. Everything is in memory. Two
//! cards of the same seed have the same identifier and make the same keys.

// A card that cannot go on fails the test that uses it.
#![allow(clippy::expect_used)]

mod backends;
mod device;
mod vpcd;

use std::io::{self, Read as _};
use std::process::ExitCode;
use std::{panic, thread};

use device::Device;

fn main() -> ExitCode {
    let Some((port, seed)) = arguments() else {
        eprintln!("Usage: nitrokey-card PORT [SEED]");
        return ExitCode::from(2);
    };
    // The firmware panics on some commands, which is not this program's end.
    panic::set_hook(Box::new(|panic| {
        eprintln!("nitrokey-card: the firmware starts again, as it has {panic}");
    }));
    thread::spawn(|| {
        // Whoever started the card holds the other end: it goes with them, however they end.
        io::stdin().read_to_end(&mut Vec::new()).ok();
        std::process::exit(0);
    });
    match vpcd::insert(port).and_then(|stream| {
        println!("inserted");
        vpcd::serve(&stream, &mut Device::new(seed))
    }) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("nitrokey-card: the reader on port {port}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Port and seed of the command line, if it is right.
fn arguments() -> Option<(u16, Option<u64>)> {
    let mut arguments = std::env::args().skip(1);
    let port = arguments.next()?.parse().ok()?;
    let seed = arguments.next().map(|seed| seed.parse()).transpose().ok()?;
    arguments.next().is_none().then_some((port, seed))
}
