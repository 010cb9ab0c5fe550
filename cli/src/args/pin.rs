//! PINs: `kortti pin`.

use clap::{Args, Subcommand};
use shared::model::{self};

use super::{CardWrite, Write};

#[derive(Debug, Subcommand)]
pub(crate) enum Pin {
    /// List the PINs and how many tries each has left
    List,
    /// Show what a new PIN must look like
    Policy {
        /// The PIN, by its role number in `pin list`; all of them unless given
        #[arg(long, value_name = "N")]
        role: Option<u8>,
    },
    /// Change a PIN
    ///
    /// Secrets, in this order: the current PIN, the new PIN. For --puk: the current PUK, the new PUK. A reader with
    /// keys of its own takes them there instead.
    #[command(
        after_help = "Examples:\n  kortti pin change\n  kortti pin change --role 3\n  kortti pin change --puk\n  \
                            printf '%s\\n' \"$OLD\" \"$NEW\" | kortti pin change --pin-stdin"
    )]
    Change {
        #[command(flatten)]
        which: ChangedPin,
        #[command(flatten)]
        write: Write,
    },
    /// Set how many tries PIN and PUK have, on cards that can; both are set anew by it
    ///
    /// Secrets, in this order: the management key (on cards that want one typed), the present PIN, which stays, and
    /// the PUK that the card is to have, which may be another one than before.
    #[command(after_help = "Examples:\n  kortti pin tries --pin-tries 5 --puk-tries 5")]
    Tries {
        /// Tries of the PIN
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..))]
        pin_tries: u8,
        /// Tries of the PUK
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..))]
        puk_tries: u8,
        #[command(flatten)]
        write: CardWrite,
    },
}

/// Which PIN is changed.
#[derive(Clone, Copy, Debug, Args)]
#[group(id = "changed", multiple = false)]
pub(crate) struct ChangedPin {
    /// The PIN, by its role number in `pin list`; 1 unless given
    #[arg(long, value_name = "N")]
    role: Option<u8>,
    /// The PUK of a PIV card: the same as --role 2
    #[arg(long)]
    puk: bool,
    /// The global PIN of a PIV card: the same as --role 4
    #[arg(long)]
    global: bool,
}

impl ChangedPin {
    /// Its role.
    pub(crate) fn role(self) -> model::Role {
        match self {
            Self { puk: true, .. } => model::Role::ADMIN,
            Self { global: true, .. } => model::Role::GLOBAL,
            Self { role, .. } => role.map_or(model::Role::USER, model::Role),
        }
    }
}
