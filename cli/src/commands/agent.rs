//! `agent`: whether it runs.

use std::ffi::OsString;

use serde::Serialize;
use shared::ErrorCode;
use shared::client::{self, Client};
use shared::rpc::methods::{AgentStop, Empty, Status};

use super::status::status_text;
use crate::args::Agent;
use crate::exit::{Failure, usage};
use crate::output::{Output, note};
use crate::words;

#[derive(Serialize)]
struct Stopped {
    /// Whether there was one to stop.
    stopped: bool,
}

/// `agent …`
pub(super) fn run(verb: Agent, output: Output) -> Result<(), Failure> {
    match verb {
        Agent::Start { r#virtual, headless } => {
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
            start(&arguments, headless, output)
        }
        Agent::Stop => stop(output),
        Agent::Status => show(Client::connect()?, output),
    }
}

fn start(arguments: &[OsString], headless: bool, output: Output) -> Result<(), Failure> {
    let running = match Client::connect() {
        Ok(_) if !arguments.is_empty() => return Err(client::runs_already().into()),
        Err(error) if error.code == ErrorCode::NoAgent => client::start_agent(arguments)?,
        connected => connected?,
    };
    if !headless && in_a_graphical_session() {
        // The agent is of use without it.
        client::start_desktop().unwrap_or_else(|error| note(&error.message));
    }
    show(running, output)
}

/// Whether a tray icon or a notice may have anybody to show it. Elsewhere than on freedesktop systems every session is
/// taken for one.
fn in_a_graphical_session() -> bool {
    // Not the session bus: a login over ssh has one too, and what is started there has no desktop.
    const TOLD_BY: [&str; 2] = ["WAYLAND_DISPLAY", "DISPLAY"];
    cfg!(any(windows, target_os = "macos"))
        || TOLD_BY.iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
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
