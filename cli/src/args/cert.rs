//! Certificates and keys: `kortti cert`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use shared::model::{KeyAlgorithm, KeyFamily, PinUse, TouchUse};

use super::{CardWrite, Which};

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
    /// one typed), the PIN (unless a management key was given and the card shows its keys).
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
