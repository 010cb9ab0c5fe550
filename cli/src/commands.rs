//! The commands, one file per noun.

mod access;
mod agent;
mod autostart;
mod card;
mod cert;
mod config;
mod doctor;
mod generate;
mod info;
mod log;
mod page;
mod pin;
mod status;
mod unblock;
mod r#virtual;
mod watch;

use clap::CommandFactory;

use crate::args::{Command, CommandLine, Global};
use crate::exit::{Failure, usage};
use crate::output::{Output, print};

/// Runs one command.
///
/// # Errors
/// Why nothing came of it.
pub(crate) fn run(command: Command, global: &Global, output: Output) -> Result<(), Failure> {
    if let Some(card) = &global.card {
        tells_cards_apart(card)?;
    }
    match command {
        Command::Status => status::status(global, output),
        Command::Readers => status::readers(global, output),
        Command::Card { verb } => card::run(verb, global, output),
        Command::Pin(verb) => pin::run(verb, global, output),
        Command::Unblock(unblock) => unblock::run(unblock, global, output),
        Command::Cert(verb) => cert::run(verb, global, output),
        Command::Config { verb } => config::run(verb, global, output),
        Command::Doctor => doctor::run(output),
        Command::Gui { panel } => page::window(panel, global),
        Command::Web { panel, no_open } => page::web(panel, no_open, global),
        Command::Watch => watch::run(global, output),
        Command::Log { limit } => log::run(limit, global, output),
        Command::Info => info::run(output),
        Command::Agent(verb) => agent::run(verb, output),
        Command::Autostart(verb) => autostart::run(&verb, output),
        Command::Virtual(verb) => r#virtual::run(verb, global, output),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut CommandLine::command(), "kortti", &mut script);
            print(&script)
        }
    }
}

/// Refuses too few digits of a card serial number; spaces, braces and hyphens are none. Decimal digits may be the whole
/// number that is printed on a card, however few they are.
fn tells_cards_apart(card: &str) -> Result<(), Failure> {
    let printed = card.trim();
    let may_be_printed = !printed.is_empty() && printed.bytes().all(|byte| byte.is_ascii_digit());
    if !may_be_printed && card.chars().filter(char::is_ascii_hexdigit).count() < 8 {
        return Err(usage(format!("--card {card} is too short: give at least eight digits.")));
    }
    Ok(())
}
