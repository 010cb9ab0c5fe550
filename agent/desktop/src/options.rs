//! The command line of `kortti-desktop`.

use std::ffi::OsString;

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{Parser, Subcommand};
use shared::place::Panel;

/// Shows the tray icon and the notices of Kortti, asks for what a card wants, starts hooks, and locks the session when
/// a card goes.
#[derive(Debug, Parser)]
#[command(name = "kortti-desktop", version, args_conflicts_with_subcommands = true)]
pub(crate) struct Options {
    /// Do hooks and the lock on removal only: no tray icon, no notices, no prompts, and no display is touched.
    #[arg(long)]
    pub headless: bool,

    /// How much to write to standard error: error, warn, info, debug or trace. Never a secret.
    #[arg(long, value_name = "LEVEL", default_value = "warn")]
    pub log: tracing::Level,

    /// Go into the background once it is ready.
    #[arg(long, hide = true)]
    pub detached: bool,

    #[command(subcommand)]
    pub verb: Option<Verb>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Open the window at a place; or a terminal, or questions by pinentry, where there is no window
    Open {
        /// The place
        #[arg(value_parser = PossibleValuesParser::new(Panel::NAMES).try_map(|name| name.parse::<Panel>()))]
        panel: Panel,
        /// The reader that it is about, by its exact name
        #[arg(long, value_name = "NAME")]
        reader: Option<String>,
        /// The card that it is about, by its serial number (CSN)
        #[arg(long, value_name = "CSN")]
        card: Option<String>,
    },
    /// Run a command in this terminal, and keep the window open until somebody has read what it said.
    #[command(hide = true)]
    Hold {
        /// The program and its arguments.
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<OsString>,
    },
}
