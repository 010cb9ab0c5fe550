//! Kortti itself: its versions, its socket, its settings, and what the desktop offers it.

use crate::ErrorCode;
use crate::model::{Part, PartState};
use crate::rpc::methods::{ConfigShow, Empty};
use crate::{autostart, socket};

use super::{Agent, Check};

/// Who is asked.
pub(super) fn versions(agent: &Agent) -> Vec<Check> {
    let kortti = format!("{} on {} ({})", crate::VERSION, system(), std::env::consts::ARCH);
    let name = "Agent";
    let agent = match agent {
        Ok((_, status)) if status.version != crate::VERSION => Check::bad(
            name,
            format!("{}, another version than kortti's", status.version),
            "Restart it: kortti agent stop; kortti agent start",
        ),
        Ok((_, status)) if status.r#virtual => {
            Check::note(name, format!("{}, on virtual readers and cards", status.version))
        }
        Ok((_, status)) => Check::good(name, status.version.clone()),
        Err(error) if error.code == ErrorCode::ProtocolVersion => {
            Check::bad(name, "of another version", error.message.clone())
        }
        Err(error) => Check::bad(name, "cannot be asked", error.message.clone()),
    };
    vec![Check::good("kortti", kortti), agent]
}

/// The name of the operating system as it gives it itself.
fn system() -> String {
    let about = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    let name = about.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    name.map_or_else(|| std::env::consts::OS.to_owned(), |name| name.trim_matches('"').to_owned())
}

/// Everything about Kortti that can be in the way.
pub(super) fn checks(agent: &mut Agent) -> Vec<Check> {
    let mut checks = vec![place()];
    checks.extend(settings(agent));
    checks.extend(desktop(agent));
    checks.push(starts());
    checks
}

/// The folder of the socket.
fn place() -> Check {
    let name = "Socket";
    match socket::directory() {
        Err(error) => Check::bad(name, "has no place", error.message),
        Ok(directory) => {
            #[cfg(unix)]
            {
                use std::os::unix::fs::MetadataExt as _;
                match std::fs::symlink_metadata(&directory) {
                    Ok(found) if found.is_dir() && found.mode() & 0o077 == 0 => {
                        Check::good(name, directory.display().to_string())
                    }
                    Ok(_) => Check::bad(
                        name,
                        format!("{} is not yours alone", directory.display()),
                        "Remove it, and start the agent: kortti agent start",
                    ),
                    Err(_) => Check::note(name, format!("{} is not there yet", directory.display())),
                }
            }
            #[cfg(windows)]
            Check::good(name, directory.display().to_string())
        }
    }
}

fn settings(agent: &mut Agent) -> Vec<Check> {
    let name = "Settings";
    let Ok((client, _)) = agent else { return Vec::new() };
    match client.call::<ConfigShow>(&Empty {}) {
        Err(error) => vec![Check::bad(name, "cannot be read", error.message)],
        Ok(shown) if shown.problems.is_empty() => {
            let set = shown.entries.iter().filter(|entry| entry.place.is_some()).count();
            let locked = shown.entries.iter().filter(|entry| entry.locked).count();
            vec![Check::good(name, format!("{set} set, {locked} of them locked"))]
        }
        Ok(shown) => shown
            .problems
            .iter()
            .map(|problem| {
                let found = format!("refused: {problem}");
                Check::bad(name, found, "Mend the file. What it said before is in force until then.")
            })
            .collect(),
    }
}

fn desktop(agent: &Agent) -> Vec<Check> {
    let Ok((_, status)) = agent else { return Vec::new() };
    let Some(desktop) = &status.desktop else {
        let advice = "For the icon and notices start it: kortti agent start. To have it in every session: kortti autostart on";
        return vec![Check::note("Desktop program", "does not run").advising(advice)];
    };
    let check = |name: &'static str, part: &Part| match part.state {
        PartState::Works => Check::good(name, part.detail.clone()),
        PartState::Missing | PartState::Off => Check::note(name, part.detail.clone()),
    };
    vec![check("Tray", &desktop.tray), check("Notices", &desktop.notices), check("Session", &desktop.session)]
}

fn starts() -> Check {
    let name = "Autostart";
    match autostart::state() {
        Err(error) => Check::bad(name, "cannot be told", error.message),
        Ok(state) => {
            let check = match (state.on, state.problem) {
                (_, Some(problem)) => return Check::bad(name, "does not work", problem),
                (true, None) => Check::good(name, "on"),
                (false, None) => Check::note(name, "off").advising("Switch it on with: kortti autostart on"),
            };
            if state.headless { Check { found: "on, without a desktop".into(), ..check } } else { check }
        }
    }
}
