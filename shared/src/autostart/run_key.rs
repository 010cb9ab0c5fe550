//! A value of the Run key in the user's part of the registry, and what the Task Manager keeps beside it.

use windows_registry::CURRENT_USER;

use super::{DESKTOP, Part, Route, State, failed, program};
use crate::error::{Error, Result};

const RUN: &str = r"Software\Microsoft\Windows\CurrentVersion\Run";
const VALUE: &str = "Kortti";

/// Where the Task Manager keeps what a person has disabled there: a value of the same name whose first byte is odd.
/// Microsoft does not document it.
const APPROVED: &str = r"Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run";

pub(super) fn state() -> Result<State> {
    let command = CURRENT_USER.open(RUN).and_then(|key| key.get_string(VALUE)).ok();
    let headless = command.as_ref().is_some_and(|command| command.ends_with(" --headless"));
    let approved = CURRENT_USER.open(APPROVED).and_then(|key| key.get_value(VALUE)).ok();
    let is_disabled = approved.is_some_and(|value| value.first().is_some_and(|byte| byte & 1 == 1));
    let problem = match (&command, own_command(headless)) {
        (None, _) => None,
        (Some(_), Err(error)) => Some(error.message),
        (Some(command), Ok(expected)) => (*command != expected).then(|| {
            "The Run key names another program than this one. Write it anew with: kortti autostart on"
                .to_owned()
        }),
    };
    let parts = command.iter().map(|_| Part {
        name: VALUE.into(),
        place: Some(format!(r"HKEY_CURRENT_USER\{RUN}")),
        own: true,
        enabled: !is_disabled,
        active: None,
    });
    Ok(State {
        on: command.is_some() && !is_disabled,
        headless,
        route: Route::RunKey,
        parts: parts.collect(),
        problem,
    })
}

pub(super) fn switch(on: bool, headless: bool) -> Result<()> {
    let run = CURRENT_USER.create(RUN).map_err(unwritable)?;
    if !on {
        return match run.get_value(VALUE) {
            Ok(_) => run.remove_value(VALUE).map_err(unwritable),
            Err(_) => Ok(()),
        };
    }
    run.set_string(VALUE, own_command(headless)?).map_err(unwritable)?;
    if let Ok(approved) = CURRENT_USER.create(APPROVED) {
        // Mostly there is none.
        let _ = approved.remove_value(VALUE);
    }
    Ok(())
}

fn unwritable(error: impl std::fmt::Display) -> Error {
    failed(format!("The Run key of the registry cannot be written: {error}."))
}

/// The command line. A path of Windows holds no quotation mark.
fn own_command(headless: bool) -> Result<String> {
    let program = program::path(DESKTOP)?;
    Ok(if headless { format!("\"{program}\" --headless") } else { format!("\"{program}\"") })
}
