//! The whole command line.

mod cert;
mod pin;
mod unblock;

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use shared::place::Panel;

use crate::exit;

pub(crate) use cert::{Cert, Export, Format, Generate, Place};
pub(crate) use pin::Pin;
pub(crate) use unblock::{Respond, Unblock, UnblockVerb};

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
        after_help = "Examples:\n  kortti card\n  kortti card show --card 33221100\n  kortti card release\n  kortti card repair"
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
    /// Show and change the settings, and who settled them
    #[command(after_help = "Examples:\n  kortti config\n  kortti config get notify.expiring_days\n  \
                            kortti config set notify.card_out false\n  \
                            kortti config set hook.on.card_removed '[[\"/usr/bin/logger\", \"card removed\"]]'\n  \
                            kortti config unset notify.card_out\n  kortti config reload")]
    Config {
        #[command(subcommand)]
        verb: Option<Config>,
    },
    /// Look at everything that has to be there, and say what to do where it is not
    ///
    /// What it prints can be posted: names of people, homes and serial numbers are taken out of it.
    #[command(after_help = "Examples:\n  kortti doctor\n  kortti doctor --json")]
    Doctor,
    /// Open the window
    ///
    /// If it is open already, it comes to the front. The command ends when the window is closed.
    #[command(
        after_help = "Examples:\n  kortti gui\n  kortti gui --panel unblock --reader 'Kortti Virtual Reader 00 00'"
    )]
    Gui {
        /// Where it opens
        #[arg(long, value_parser = PossibleValuesParser::new(Panel::NAMES).try_map(|name| name.parse::<Panel>()))]
        panel: Option<Panel>,
    },
    /// Open the same page in your browser
    ///
    /// A small server on this machine serves it to you alone, for as long as it is open in the browser. The link is good once.
    #[command(
        after_help = "Examples:\n  kortti web\n  kortti web --panel certificates\n  kortti web --no-open"
    )]
    Web {
        /// Where it opens
        #[arg(long, value_parser = PossibleValuesParser::new(Panel::NAMES).try_map(|name| name.parse::<Panel>()))]
        panel: Option<Panel>,
        /// Print the link, and open no browser
        #[arg(long)]
        no_open: bool,
    },
    /// Print what happens to readers and cards, as it happens
    #[command(
        after_help = "Examples:\n  kortti watch\n  kortti watch --card 33221100\n  kortti watch --json"
    )]
    Watch,
    /// Show the record of writes to cards, and of refusals of them; the newest last
    ///
    /// The agent writes down what was asked for, for which card, by which program, and what came of it. It writes down
    /// no secret.
    #[command(
        after_help = "Examples:\n  kortti log\n  kortti log --limit 1000 --card 33221100\n  kortti log --json"
    )]
    Log {
        /// How many records, from 1 to 1000
        #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=1000))]
        limit: u16,
    },
    /// Show the version, the supported cards and the legal notice
    Info,
    /// Start and stop the agent
    #[command(subcommand)]
    #[command(after_help = "Examples:\n  kortti agent start\n  kortti agent start --virtual\n  \
                            kortti agent start --virtual my-cards.toml\n  kortti agent status\n  kortti agent stop")]
    Agent(Agent),
    /// Have Kortti start with the session, or not
    #[command(subcommand)]
    #[command(after_help = "Examples:\n  kortti autostart on\n  kortti autostart on --headless\n  \
                            kortti autostart status --json\n  kortti autostart off")]
    Autostart(Autostart),
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
    /// Let go of a card: give up a challenge that is out, and forget what was read
    Release,
    /// Mend what an interrupted write left on the card
    ///
    /// Secrets, in this order: the management key (on cards that want one typed), the PIN (unless a management key
    /// was given).
    Repair(CardWrite),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Agent {
    /// Start the agent, unless it runs, and in a graphical session the tray icon and the notices
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
        /// Start the agent alone, also in a graphical session: no tray icon, no notices, no hooks, no lock on removal
        #[arg(long)]
        headless: bool,
    },
    /// Stop the agent, once what it does is done
    Stop,
    /// Show whether the agent runs
    Status,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// List every setting, with who settled it (the default)
    List,
    /// Print the value of one setting
    Get {
        /// Its key, as in the list
        key: String,
    },
    /// Change one setting in your own file
    Set {
        /// Its key, as in the list
        key: String,
        /// Its value, as TOML has it; what is no TOML is taken as text
        value: String,
    },
    /// Take one setting out of your own file
    Unset {
        /// Its key, as in the list
        key: String,
    },
    /// Let the agent read the settings anew, let go of every card and look at the readers again
    Reload,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Autostart {
    /// Have tray, notices and hooks start with the session
    ///
    /// Where systemd looks after you, units are enabled (kortti-agent.socket and kortti-desktop.service), and written to
    /// your configuration unless they are packaged. Elsewhere it is an entry in your autostart folder, a launch agent
    /// or the Run key.
    On {
        /// Without a desktop: hooks and lock on removal only, from the first login on
        ///
        /// On a machine that nobody logs in to, `loginctl enable-linger` makes it start with the machine.
        #[arg(long)]
        headless: bool,
    },
    /// Undo that; what runs goes on until the session ends
    Off,
    /// Show whether Kortti starts, by which way, and what is wrong with it
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
            Self::Log { .. } if global.reader.is_some() => {
                Some("the record is kept by cards: leave --reader out")
            }
            _ if !self.concerns_cards() && (global.reader.is_some() || global.card.is_some()) => {
                Some("this command concerns no card: leave --reader and --card out")
            }
            _ => None,
        }
    }

    fn concerns_cards(&self) -> bool {
        match self {
            Self::Info
            | Self::Agent(_)
            | Self::Config { .. }
            | Self::Autostart(_)
            | Self::Doctor
            | Self::Virtual(_)
            | Self::Completions { .. } => false,
            Self::Unblock(unblock) => !matches!(unblock.verb, Some(UnblockVerb::Respond(_))),
            Self::Status
            | Self::Readers
            | Self::Card { .. }
            | Self::Pin(_)
            | Self::Cert(_)
            | Self::Gui { .. }
            | Self::Web { .. }
            | Self::Watch
            | Self::Log { .. } => true,
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
            ("help autostart", "kortti autostart on --headless"),
            ("help autostart on", "loginctl enable-linger"),
            ("help virtual", "kortti virtual insert"),
            ("help doctor", "kortti doctor --json"),
            ("help watch", "kortti watch --json"),
            ("help gui", "kortti gui --panel unblock"),
            ("help web", "kortti web --no-open"),
            ("help log", "kortti log --limit 1000"),
            ("help config", "kortti config set notify.card_out false"),
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
            ("autostart on --headless", true),
            ("cert export kxc00 -", true),
            ("log --limit 1 --card 33221100 --json", true),
            ("log --limit 0", false),
            ("log --limit 1001", false),
            ("log --reader X", false),
            ("unblock --role 3 start", false),
            ("info --card 33221100", false),
            ("agent start --reader X", false),
            ("unblock respond --card 33221100", false),
            ("autostart", false),
            ("autostart off --headless", false),
            ("autostart on --card 33221100", false),
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
