//! `agent`: whether it runs.

use std::ffi::OsString;

use serde::Serialize;
use shared::ErrorCode;
use shared::client::{self, Client};
use shared::rpc::methods::{AgentStop, Empty, Status};

use super::status::status_text;
use crate::args::Agent;
use crate::exit::{Failure, usage};
use crate::output::Output;
use crate::words;

#[derive(Serialize)]
struct Stopped {
    /// Whether there was one to stop.
    stopped: bool,
}

/// `agent …`
pub(super) fn run(verb: Agent, output: Output) -> Result<(), Failure> {
    match verb {
        Agent::Start { r#virtual } => {
            let arguments = match &r#virtual {
                None => vec![],
                Some(None) => vec![OsString::from("--virtual")],
                Some(Some(file)) => {
                    let unusable = |error: std::io::Error| {
                        usage(format!("{} is no file: {}.", file.display(), words::system(&error)))
                    };
                    vec!["--virtual".into(), std::path::absolute(file).map_err(unusable)?.into()]
                }
            };
            start(&arguments, output)
        }
        Agent::Stop => stop(output),
        Agent::Status => show(Client::connect()?, output),
    }
}

fn start(arguments: &[OsString], output: Output) -> Result<(), Failure> {
    match Client::connect() {
        Ok(_) if !arguments.is_empty() => Err(client::runs_already().into()),
        Ok(running) => show(running, output),
        Err(error) if error.code == ErrorCode::NoAgent => show(client::start_agent(arguments)?, output),
        Err(error) => Err(error.into()),
    }
}

fn stop(output: Output) -> Result<(), Failure> {
    let stopped = match Client::connect() {
        Ok(mut client) => {
            client.call::<AgentStop>(&Empty {})?;
            true
        }
        Err(error) if error.code == ErrorCode::NoAgent => false,
        Err(error) => return Err(error.into()),
    };
    let text = if stopped { "The agent stops.\n" } else { "The agent does not run.\n" };
    output.show(Stopped { stopped }, || text.into())
}

fn show(mut client: Client, output: Output) -> Result<(), Failure> {
    let status = client.call::<Status>(&Empty {})?;
    output.show(&status, || status_text(&status, output.width))
}
