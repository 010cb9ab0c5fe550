//! The whole command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use shared::unblock::Cipher;

use crate::exit;

/// Looks after smart cards: their PINs, blocked PINs and certificates.
#[derive(Debug, Parser)]
#[command(name = "kortti", version, max_term_width = 100)]
#[command(after_help = format!("{NOTES}\n\n{}", exit::help()))]
pub(crate) struct CommandLine {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// What goes with every command.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// The reader that holds the card, by its exact name
    #[arg(long, global = true, value_name = "NAME", help_heading = "Which card")]
    pub reader: Option<String>,
    /// The card, by its serial number or at least the first eight digits of it
    #[arg(long, global = true, value_name = "CSN", help_heading = "Which card")]
    pub card: Option<String>,
    /// Print one JSON object, or one per line; it has "error" when something did not happen
    #[arg(long, global = true, help_heading = "Output")]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show the agent, the readers and what is in them
    Status,
    /// List the readers
    Readers,
    /// Show or repair a card
    #[command(
        after_help = "Examples:\n  kortti card\n  kortti card show --card 33221100\n  kortti card repair"
    )]
    Card {
        #[command(subcommand)]
        verb: Option<Card>,
    },
    /// List and change PINs
    #[command(subcommand)]
    Pin(Pin),
    /// Unblock a PIN; without a verb: the whole way, from challenge to new PIN
    Unblock(Unblock),
    /// List, view, export, import and delete certificates
    #[command(subcommand)]
    Cert(Cert),
    /// Print what happens to readers and cards, as it happens
    #[command(
        after_help = "Examples:\n  kortti watch\n  kortti watch --card 33221100\n  kortti watch --json"
    )]
    Watch,
    /// Show the version, the supported cards and the legal notice
    Info,
    /// Start and stop the agent
    #[command(subcommand)]
    #[command(after_help = "Examples:\n  kortti agent start\n  kortti agent start --virtual\n  \
                            kortti agent start --virtual my-cards.toml\n  kortti agent status\n  kortti agent stop")]
    Agent(Agent),
    /// Insert and remove the cards of an agent that was started with --virtual
    #[command(subcommand)]
    #[command(after_help = "Examples:\n  kortti virtual insert 'Kortti Virtual Reader 01 00'\n  \
                            kortti virtual insert 'Kortti Virtual Reader 00 00' damaged\n  \
                            kortti virtual remove 'Kortti Virtual Reader 00 00'")]
    Virtual(Virtual),
    /// Print the completions for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Card {
    /// Show everything about a card, each PIN with its tries left (the default)
    Show,
    /// Mend what an interrupted write left on the card
    ///
    /// Secrets, in this order: the PIN.
    Repair(Write),
}

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
    /// Secrets, in this order: the current PIN, the new PIN.
    #[command(after_help = "Examples:\n  kortti pin change\n  kortti pin change --role 3\n  \
                            printf '%s\\n' \"$OLD\" \"$NEW\" | kortti pin change --pin-stdin")]
    Change {
        #[command(flatten)]
        which: Role,
        #[command(flatten)]
        write: Write,
    },
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  kortti unblock\n  kortti unblock start\n  kortti unblock finish\n  \
                        kortti unblock respond --challenge 'A892 D756 0161 7C5D' --key-file card.key")]
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
    /// Secrets, in this order: the response, the new PIN.
    Finish(Secrets),
    /// Unblock with a PUK instead, on cards that have one
    ///
    /// Secrets, in this order: the PUK, the new PIN.
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

#[derive(Debug, Subcommand)]
pub(crate) enum Cert {
    /// List the certificates; * marks the default one
    #[command(after_help = "Examples:\n  kortti cert list\n  kortti cert list --json")]
    List,
    /// Show every field of a certificate, and its chain
    #[command(after_help = "Examples:\n  kortti cert view kxc00\n  kortti cert view 0 --json")]
    View {
        #[command(flatten)]
        which: Which,
    },
    /// Write a certificate to a file; the private key never leaves the card
    #[command(after_help = "Examples:\n  kortti cert export kxc00 mine.cer\n  \
                            kortti cert export 0 chain.pem --chain\n  kortti cert export 0 - | openssl x509 -text")]
    Export(Export),
    /// Import a certificate (.cer, .der, .crt, .pem) or a certificate with its key (.pfx, .p12)
    ///
    /// Secrets, in this order: the file's password (only if the file has one), the PIN.
    #[command(
        after_help = "Examples:\n  kortti cert import mine.p12\n  kortti cert import renewed.cer --default"
    )]
    Import {
        /// The file
        file: PathBuf,
        /// Make its container the default one
        #[arg(long)]
        default: bool,
        #[command(flatten)]
        write: Write,
    },
    /// Make a certificate the default one, which Windows logon picks
    ///
    /// Secrets, in this order: the PIN.
    #[command(after_help = "Examples:\n  kortti cert default kxc01\n  \
                            printf '%s\\n' \"$PIN\" | kortti cert default 1 --pin-stdin")]
    Default {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        write: Write,
    },
    /// Delete a certificate and its private key
    ///
    /// Secrets, in this order: the PIN.
    #[command(
        after_help = "Examples:\n  kortti cert delete kxc01\n  kortti cert delete kxc01 --keep-key\n  \
                            printf '%s\\n' \"$PIN\" | kortti cert delete 1 --yes --pin-stdin"
    )]
    Delete {
        #[command(flatten)]
        which: Which,
        /// Keep container and private key, and delete the certificate only
        #[arg(long)]
        keep_key: bool,
        /// Do not ask whether it is really meant
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        write: Write,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    #[command(flatten)]
    pub which: Which,
    /// Where to; - is standard output
    pub file: PathBuf,
    /// Unless given, .cer and .der files are DER, .pem and .crt files and standard output are PEM
    #[arg(long, value_enum)]
    pub format: Option<Format>,
    /// Append the issuers that the card holds (PEM only)
    #[arg(long)]
    pub chain: bool,
    /// Overwrite a file that exists
    #[arg(long)]
    pub force: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Der,
    Pem,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Agent {
    /// Start the agent, unless it runs
    Start {
        /// Use virtual readers and cards: those that FILE describes, or a demonstration set without FILE
        ///
        /// FILE is TOML. The comments in agent/card/src/virt/demo.toml, in Kortti's source, describe its format;
        /// that file is the demonstration set, whose PIN and admin key it names.
        #[arg(long, value_name = "FILE", num_args = 0..=1)]
        #[expect(
            clippy::option_option,
            reason = "the form in which clap tells a missing FILE from a missing flag"
        )]
        r#virtual: Option<Option<PathBuf>>,
    },
    /// Stop the agent, once what it does is done
    Stop,
    /// Show whether the agent runs
    Status,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Virtual {
    /// Put a virtual card into a virtual reader
    Insert {
        /// The virtual reader
        reader_name: String,
        /// The card, by its name in the description; the one that was last in the reader unless given
        card_name: Option<String>,
    },
    /// Take the card out of a virtual reader
    Remove {
        /// The virtual reader
        reader_name: String,
    },
}

/// Which certificate.
#[derive(Debug, Args)]
pub(crate) struct Which {
    /// Its ID in `cert list`, the number of its container, or at least the first eight digits of a thumbprint
    pub cert: String,
}

/// Which PIN.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Role {
    /// The PIN, by its role number in `pin list`
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub role: u8,
}

/// Where secrets come from: the terminal unless told otherwise. With either option no question is asked, so what
/// needs a yes needs its own option too.
#[derive(Debug, Default, Args)]
pub(crate) struct Secrets {
    /// Read the secrets from standard input, one per line
    #[arg(long, group = "source", help_heading = "Secrets")]
    pub pin_stdin: bool,
    /// Read the secrets from this open file descriptor, one per line
    #[cfg(unix)]
    #[arg(long, value_name = "N", group = "source", help_heading = "Secrets")]
    pub pin_fd: Option<u32>,
}

/// What goes with every command that proves a PIN to the card.
#[derive(Debug, Args)]
pub(crate) struct Write {
    #[command(flatten)]
    pub secrets: Secrets,
    /// Allow the use of the last try, after which a wrong PIN blocks the card
    #[arg(long, help_heading = "Secrets")]
    pub last_try: bool,
}

impl Command {
    /// What the definition above takes although it means nothing.
    pub(crate) fn fault(&self, global: &Global) -> Option<&'static str> {
        match self {
            Self::Unblock(Unblock { role: Some(_), verb: Some(_) }) => Some("--role belongs behind the verb"),
            _ if !self.concerns_cards() && (global.reader.is_some() || global.card.is_some()) => {
                Some("this command concerns no card: leave --reader and --card out")
            }
            _ => None,
        }
    }

    fn concerns_cards(&self) -> bool {
        match self {
            Self::Info | Self::Agent(_) | Self::Virtual(_) | Self::Completions { .. } => false,
            Self::Unblock(unblock) => !matches!(unblock.verb, Some(UnblockVerb::Respond(_))),
            Self::Status | Self::Readers | Self::Card { .. } | Self::Pin(_) | Self::Cert(_) | Self::Watch => {
                true
            }
        }
    }
}

const NOTES: &str = "Examples:
  kortti status
  kortti card
  kortti pin change
  kortti unblock
  kortti cert list --json

Secrets are asked for on the terminal, which does not show them, or read with --pin-stdin or
--pin-fd, one per line, in the order that the help of the command names. They are never taken
from an argument or from the environment. One run uses at most one try of a PIN.";

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::CommandLine;

    #[test]
    fn the_definition_is_sound() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn help_by_a_command() {
        for (line, part) in [
            ("help", "Examples:"),
            ("help unblock", "kortti unblock finish"),
            ("help unblock start", "--new"),
            ("help cert import", "kortti cert import mine.p12"),
            ("help cert export", "kortti cert export kxc00"),
            ("help cert delete", "kortti cert delete kxc01"),
            ("help cert default", "kortti cert default kxc01"),
            ("help cert list", "kortti cert list --json"),
            ("help cert view", "kortti cert view kxc00"),
            ("help card", "kortti card repair"),
            ("help agent", "kortti agent start --virtual"),
            ("help agent start", "agent/card/src/virt/demo.toml"),
            ("help virtual", "kortti virtual insert"),
            ("help watch", "kortti watch --json"),
        ] {
            let words = std::iter::once("kortti").chain(line.split(' '));
            let help = CommandLine::try_parse_from(words).unwrap_err();
            assert_eq!(help.exit_code(), 0, "{line}");
            assert!(help.to_string().contains(part), "{line}\n{help}");
        }
    }

    #[test]
    fn what_is_taken_and_what_is_not() {
        for (line, taken) in [
            ("card", true),
            ("card show --json", true),
            ("--reader X pin list --card 33221100", true),
            ("unblock --role 3", true),
            ("unblock start --role 3", true),
            ("unblock start --new", true),
            ("unblock --json --reader X status", true),
            ("pin change --pin-stdin --last-try", true),
            ("agent start --virtual", true),
            ("agent start --virtual cards.toml", true),
            ("cert export kxc00 -", true),
            ("unblock --role 3 start", false),
            ("info --card 33221100", false),
            ("agent start --reader X", false),
            ("unblock respond --card 33221100", false),
            ("pin", false),
            ("pin change 1234", false),
            ("pin change --role one", false),
            ("unblock respond --key 00", false),
            #[cfg(unix)]
            ("pin change --pin-stdin --pin-fd 3", false),
            #[cfg(unix)]
            ("unblock respond --key-file F --key-fd 3", false),
        ] {
            let words = std::iter::once("kortti").chain(line.split(' '));
            let parsed = CommandLine::try_parse_from(words).ok();
            let sound = parsed.is_some_and(|line| line.command.fault(&line.global).is_none());
            assert_eq!(sound, taken, "{line}");
        }
    }
}
