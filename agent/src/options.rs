//! The command line of `kortti-agent`.

use std::path::PathBuf;

use clap::Parser;

use crate::log::Target;

/// Looks after the smart cards of one user, and answers `kortti` and other programs on a local socket.
#[derive(Debug, Parser)]
#[command(name = "kortti-agent", version)]
pub(crate) struct Options {
    /// Use virtual readers and cards instead of PC/SC: those that FILE (TOML) describes, or a demonstration set.
    #[arg(long, value_name = "FILE", num_args = 0..=1)]
    pub r#virtual: Option<Option<PathBuf>>,

    /// How much to log: error, warn, info, debug or trace. Never a secret.
    #[arg(long, value_name = "LEVEL", default_value = "warn")]
    pub log: tracing::Level,

    /// Where to log: stderr, journal, or a file, of which the last 16 MiB are kept. Without it the journal where a
    /// systemd unit runs the agent, and else standard error.
    #[arg(long, value_name = "TARGET")]
    pub log_to: Option<Target>,

    /// Go into the background once the socket can be used.
    #[arg(long, hide = true)]
    pub detached: bool,
}
