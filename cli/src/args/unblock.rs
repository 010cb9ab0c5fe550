//! Unblocking: `kortti unblock`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use shared::unblock::Cipher;

use super::{Role, Secrets, Write};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  kortti unblock\n  kortti unblock puk\n  kortti unblock start\n  kortti unblock finish\n  \
                        kortti unblock respond --challenge 'A892 D756 0161 7C5D' --key-file card.key"
)]
pub(crate) struct Unblock {
    /// The PIN, by its role number in `pin list`; 1 unless given
    #[arg(long, value_name = "N")]
    pub role: Option<u8>,
    #[command(subcommand)]
    pub verb: Option<UnblockVerb>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum UnblockVerb {
    /// Take a challenge from the card, to read out to your administrator; or show the one that is out
    Start {
        #[command(flatten)]
        which: Role,
        /// Take another challenge, which makes the one that is out void
        #[arg(long)]
        new: bool,
    },
    /// Show whether the challenge is still good
    Status,
    /// Calculate the response to a challenge, for administrators; needs neither card nor agent
    ///
    /// Secrets, in this order: the admin key in hexadecimal digits.
    Respond(Respond),
    /// Send the response and set the new PIN
    ///
    /// Secrets, in this order: the response, the new PIN. A reader with keys of its own takes the PIN there instead.
    Finish(Secrets),
    /// Unblock with a PUK instead, on cards that have one, as PIV cards do
    ///
    /// Secrets, in this order: the PUK, the new PIN. A reader with keys of its own takes them there instead.
    #[command(
        after_help = "Examples:\n  kortti unblock puk\n  printf '%s\\n' \"$PUK\" \"$NEW\" | kortti unblock puk --pin-stdin"
    )]
    Puk {
        #[command(flatten)]
        which: Role,
        #[command(flatten)]
        write: Write,
    },
    /// Give up the challenge and let go of the card
    Cancel,
}

#[derive(Debug, Args)]
pub(crate) struct Respond {
    /// The challenge in hexadecimal digits, with or without its checksum; asked for unless given
    #[arg(long, value_name = "HEX")]
    pub challenge: Option<String>,
    /// The cipher of the admin key, where the lengths of key and challenge leave both possible
    #[arg(long, value_enum)]
    pub cipher: Option<CipherName>,
    /// A file with the admin key in hexadecimal digits
    #[arg(long, value_name = "FILE", group = "key")]
    pub key_file: Option<PathBuf>,
    /// Read the admin key from this open file descriptor
    #[cfg(unix)]
    #[arg(long, value_name = "N", group = "key")]
    pub key_fd: Option<u32>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum CipherName {
    #[value(name = "3des")]
    TripleDes,
    Aes,
}

impl From<CipherName> for Cipher {
    fn from(name: CipherName) -> Self {
        match name {
            CipherName::TripleDes => Self::TripleDes,
            CipherName::Aes => Self::Aes,
        }
    }
}
