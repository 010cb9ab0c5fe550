//! `kortti`, the companion command: everything a person or a script does with a card, through the agent.
//!
//! `args` is the whole command line, `commands` has one file per noun, `session` finds the agent and the card,
//! `terminal` is the only reader of secrets and the only one that asks, `output` the only one that prints, `exit`
//! says how a run ends. It knows `shared` only: no card and no reader.

#![forbid(unsafe_code)]

mod args;
mod commands;
mod exit;
mod files;
mod output;
mod session;
mod terminal;
mod words;

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};

use crate::args::CommandLine;
use crate::output::Output;

/// Runs the command that the command line of this process names.
pub fn main() -> ExitCode {
    // What the system refuses here is no reason not to serve the person.
    let _ = shared::harden::process();
    let CommandLine { global, command } = CommandLine::parse();
    if let Some(fault) = command.fault(&global) {
        CommandLine::command().error(ErrorKind::ArgumentConflict, fault).exit();
    }
    let output = Output::new(global.json);
    match commands::run(command, &global, output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output.refuse(&failure);
            ExitCode::from(failure.exit_code())
        }
    }
}
