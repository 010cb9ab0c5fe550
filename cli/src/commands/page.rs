//! `gui` and `web`: the window and the page in the browser, which are programs of their own.

use std::io::ErrorKind;
use std::process::Command;

use shared::ErrorCode;
use shared::client::program;
use shared::place::{Panel, Place};

use crate::args::Global;
use crate::exit::{Failure, failure};

/// `gui`
pub(super) fn window(panel: Option<Panel>, global: &Global) -> Result<(), Failure> {
    run("kortti-gui", &[], panel, global)
}

/// `web`
pub(super) fn web(panel: Option<Panel>, no_open: bool, global: &Global) -> Result<(), Failure> {
    run("kortti-web", if no_open { &["--no-open"] } else { &[] }, panel, global)
}

/// Runs one of them until it ends. It says itself what goes wrong.
fn run(name: &str, arguments: &[&str], panel: Option<Panel>, global: &Global) -> Result<(), Failure> {
    let place = Place { panel, reader: global.reader.clone(), card: global.card.clone() };
    let mut command = Command::new(program(name));
    command.args(arguments).args(place.arguments());
    let status = command.status().map_err(|error| {
        let why = match error.kind() {
            ErrorKind::NotFound => {
                format!("{name} is not installed: it was found neither beside kortti nor on the PATH.")
            }
            _ => format!("{name} cannot be started: {error}."),
        };
        failure(ErrorCode::System, why)
    })?;
    match status.code().map(u8::try_from) {
        Some(Ok(0)) => Ok(()),
        Some(Ok(code)) => Err(Failure::Ended(code)),
        _ => Err(failure(ErrorCode::System, format!("{name} ended unexpectedly."))),
    }
}
