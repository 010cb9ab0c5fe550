//! `kortti-web`: serves Kortti's page to the person's browser, for as long as it is open there.

use std::alloc::System;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use page::Where;
use page::web::{self, Opening, Order};
use shared::{Error, ErrorCode, Result, harden};
use zeroizing_alloc::ZeroAlloc;

/// Wipes whatever is freed: a PIN comes through buffers of the HTTP library, which does not.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

/// Serves Kortti's page to your browser, on this machine and to you alone, for as long as it is open there.
#[derive(Debug, Parser)]
#[command(name = "kortti-web", version)]
struct Options {
    #[command(flatten)]
    place: Where,
    /// Print the link on standard output, and open no browser. It is good once, and for two minutes
    #[arg(long)]
    no_open: bool,
    /// After how many seconds without a page it ends
    #[arg(long, hide = true, value_name = "SECONDS", default_value_t = 60)]
    end_after: u64,
}

fn main() -> ExitCode {
    match run(Options::parse()) {
        Ok(why) => {
            eprintln!("{why}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            match error.code {
                // As `kortti` has it for what the policy forbids.
                ErrorCode::Forbidden => ExitCode::from(7),
                _ => ExitCode::FAILURE,
            }
        }
    }
}

fn run(options: Options) -> Result<&'static str> {
    harden::process().map_err(|error| {
        Error::new(ErrorCode::System, format!("The process cannot be protected from being read: {error}."))
    })?;
    web::serve(Order {
        place: options.place.into(),
        opening: if options.no_open { Opening::Printed } else { Opening::Browser },
        end_after: Duration::from_secs(options.end_after),
    })
}
