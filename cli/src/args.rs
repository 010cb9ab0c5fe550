//! The whole command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use shared::model::{self, KeyAlgorithm, KeyFamily, PinUse, TouchUse};
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
    /// The card, by its serial number (CSN), at least the first eight digits of it, or the number printed on it
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
    /// Unblock a PIN; without a verb: the whole way, from challenge or PUK to new PIN
    Unblock(Unblock),
    /// List, view, export, import, make, move and delete certificates
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
    /// Secrets, in this order: the management key (on cards that want one typed), the PIN (unless a management key
    /// was given).
    Repair(CardWrite),
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
    /// Secrets, in this order: the file's password (only if the file has one), the management key (on cards that want
    /// one typed), the PIN (unless a management key was given).
    #[command(
        after_help = "Examples:\n  kortti cert import mine.p12\n  kortti cert import renewed.cer --default\n  \
                            kortti cert import mail.p12 --slot 9D"
    )]
    Import {
        /// The file
        file: PathBuf,
        #[command(flatten)]
        place: Place,
        /// Make its container the default one
        #[arg(long)]
        default: bool,
        #[command(flatten)]
        write: CardWrite,
    },
    /// Make a key on the card, with a certificate signed by itself, or with a request for a certificate
    ///
    /// The private key never leaves the card. A key of the kind x25519 cannot sign, and goes with --public-key only.
    ///
    /// Secrets, in this order: the management key (on cards that want one
    /// typed), the PIN, with which the card signs (unless a management key was given and the key wants no PIN).
    #[command(
        after_help = "Examples:\n  kortti cert generate --slot 9A --subject 'CN=Anna Virtanen,O=Example'\n  \
                            kortti cert generate --slot 9A --algorithm p256 --subject 'CN=Anna' --request anna.csr\n  \
                            kortti cert generate --slot 9D --subject 'CN=Anna' --request - | openssl req -text"
    )]
    Generate(Generate),
    /// Move a certificate and its key to another slot, on cards that can
    ///
    /// Secrets, in this order: the management key (on cards that want one typed), the PIN (unless a management key was
    /// given).
    #[command(after_help = "Examples:\n  kortti cert move 9D --to 9A\n  kortti cert move 9A --to 82")]
    Move {
        #[command(flatten)]
        which: Which,
        /// The slot that it is moved to, such as 9A; it must be free
        #[arg(long, value_name = "SLOT")]
        to: String,
        #[command(flatten)]
        write: CardWrite,
    },
    /// Make a certificate the default one, which Windows logon picks
    ///
    /// Secrets, in this order: the management key (on cards that want one typed), the PIN (unless a management key was
    /// given).
    #[command(after_help = "Examples:\n  kortti cert default kxc01\n  \
                            printf '%s\\n' \"$PIN\" | kortti cert default 1 --pin-stdin")]
    Default {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        write: CardWrite,
    },
    /// Delete a certificate and its private key
    ///
    /// Secrets, in this order: the management key (on cards that want one typed), the PIN (unless a management key was
    /// given).
    #[command(
        after_help = "Examples:\n  kortti cert delete kxc01\n  kortti cert delete kxc01 --keep-key\n  \
                            kortti cert delete 9D\n  \
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
        write: CardWrite,
    },
}

/// Where on the card something goes.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// The slot of a PIV card, such as 9A; the one that fits unless given
    #[arg(long)]
    pub slot: Option<String>,
    /// Allow that a private key which is in the slot is lost
    #[arg(long)]
    pub overwrite: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Generate {
    #[command(flatten)]
    pub place: Place,
    /// Kind and size of the key
    #[arg(long, value_enum, default_value = "rsa2048")]
    pub algorithm: AlgorithmName,
    /// The subject, such as 'CN=Anna Virtanen,O=Example'
    #[arg(long, value_name = "NAME", required_unless_present = "public_key")]
    pub subject: Option<String>,
    /// An e-mail address that the certificate is for; may be given several times
    #[arg(long, value_name = "ADDRESS", conflicts_with = "public_key")]
    pub email: Vec<String>,
    /// A host name that the certificate is for; may be given several times
    #[arg(long, value_name = "NAME", conflicts_with = "public_key")]
    pub dns: Vec<String>,
    /// The user principal name with which its holder logs on to Windows, such as anna@example.org
    #[arg(long, value_name = "NAME", conflicts_with = "public_key")]
    pub upn: Option<String>,
    /// Write a request for a certificate (PKCS#10, PEM) instead of a certificate; - is standard output
    #[arg(long, value_name = "FILE")]
    pub request: Option<PathBuf>,
    /// Make no certificate, and write the public key (PEM); - is standard output
    #[arg(long, value_name = "FILE", conflicts_with_all = ["request", "subject"])]
    pub public_key: Option<PathBuf>,
    /// How many days the certificate is valid, from today
    #[arg(long, value_name = "N", default_value_t = 365, conflicts_with_all = ["request", "public_key"])]
    #[arg(value_parser = clap::value_parser!(u16).range(1..))]
    pub days: u16,
    /// Overwrite a file that exists
    #[arg(long)]
    pub force: bool,
    /// When the key wants the PIN; as usual for the slot unless given
    #[arg(long, value_enum)]
    pub pin_policy: Option<PinUseName>,
    /// When the key wants the device to be touched; never unless given
    #[arg(long, value_enum)]
    pub touch: Option<TouchUseName>,
    /// Make its container the default one
    #[arg(long)]
    pub default: bool,
    #[command(flatten)]
    pub write: CardWrite,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum AlgorithmName {
    Rsa1024,
    Rsa2048,
    Rsa3072,
    Rsa4096,
    P256,
    P384,
    Ed25519,
    X25519,
}

impl From<AlgorithmName> for KeyAlgorithm {
    fn from(name: AlgorithmName) -> Self {
        let (family, bits) = match name {
            AlgorithmName::Rsa1024 => (KeyFamily::Rsa, 1024),
            AlgorithmName::Rsa2048 => (KeyFamily::Rsa, 2048),
            AlgorithmName::Rsa3072 => (KeyFamily::Rsa, 3072),
            AlgorithmName::Rsa4096 => (KeyFamily::Rsa, 4096),
            AlgorithmName::P256 => (KeyFamily::Ec, 256),
            AlgorithmName::P384 => (KeyFamily::Ec, 384),
            AlgorithmName::Ed25519 => (KeyFamily::Ed25519, 255),
            AlgorithmName::X25519 => (KeyFamily::X25519, 255),
        };
        Self { family, bits }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum PinUseName {
    /// Never
    Never,
    /// Once, until the card is reset or another application is used
    Once,
    /// Before every use
    Always,
    /// A finger or the PIN, once
    MatchOnce,
    /// A finger or the PIN, before every use
    MatchAlways,
}

impl From<PinUseName> for PinUse {
    fn from(name: PinUseName) -> Self {
        match name {
            PinUseName::Never => Self::Never,
            PinUseName::Once => Self::Once,
            PinUseName::Always => Self::Always,
            PinUseName::MatchOnce => Self::MatchOnce,
            PinUseName::MatchAlways => Self::MatchAlways,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum TouchUseName {
    /// Never
    Never,
    /// For every use
    Always,
    /// Unless it was touched in the last 15 seconds
    Cached,
}

impl From<TouchUseName> for TouchUse {
    fn from(name: TouchUseName) -> Self {
        match name {
            TouchUseName::Never => Self::Never,
            TouchUseName::Always => Self::Always,
            TouchUseName::Cached => Self::Cached,
        }
    }
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
    /// Its ID in `cert list`, its slot or the number of its container, or the first eight digits or more of a
    /// thumbprint
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

/// What goes with every command that changes what is on a card.
#[derive(Debug, Args)]
pub(crate) struct CardWrite {
    #[command(flatten)]
    pub write: Write,
    #[command(flatten)]
    pub management_key: ManagementKey,
}

/// Where the management key comes from, if it is neither asked for nor read with the other secrets.
#[derive(Debug, Default, Args)]
pub(crate) struct ManagementKey {
    /// A file with the management key in hexadecimal digits, or with the word factory
    #[arg(long, value_name = "FILE", group = "management_key", help_heading = "Secrets")]
    pub management_key_file: Option<PathBuf>,
    /// Read the management key from this open file descriptor
    #[cfg(unix)]
    #[arg(long, value_name = "N", group = "management_key", help_heading = "Secrets")]
    pub management_key_fd: Option<u32>,
}

impl ManagementKey {
    /// Whether an option says where it comes from.
    pub(crate) fn is_given(&self) -> bool {
        #[cfg(unix)]
        if self.management_key_fd.is_some() {
            return true;
        }
        self.management_key_file.is_some()
    }
}

/// What goes with every command that proves a PIN to the card.
#[derive(Debug, Args)]
pub(crate) struct Write {
    #[command(flatten)]
    pub secrets: Secrets,
    /// Allow the use of the last try, at which a wrong PIN or PUK is blocked
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
