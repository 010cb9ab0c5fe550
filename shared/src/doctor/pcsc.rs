//! The PC/SC service, who may use it, its drivers and its readers.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::model::{ReaderState, Service};
use crate::words::contents;

use super::{Agent, Check};

/// Where distributions keep pcscd. It is on nobody's PATH on most of them.
const PCSCD: [&str; 2] = ["/usr/sbin/pcscd", "/usr/bin/pcscd"];
/// Where drivers of USB readers are (Debian and Fedora; Arch).
const DRIVERS: [&str; 3] =
    ["/usr/lib/pcsc/drivers", "/usr/lib64/pcsc/drivers", "/usr/lib/pcsc/drivers/serial"];

pub(super) fn checks(agent: &Agent) -> Vec<Check> {
    let mut checks = vec![service(agent)];
    if cfg!(target_os = "linux") {
        // One that answers may be elsewhere, forwarded to here.
        let answers = agent.as_ref().is_ok_and(|(_, status)| status.service == Service::Up);
        checks.push(version(answers));
        checks.push(polkit());
        checks.push(drivers(answers));
    }
    checks.extend(readers(agent));
    checks
}

fn service(agent: &Agent) -> Check {
    let name = "Smart card service";
    match agent {
        Err(_) => Check::note(name, "not known, since the agent cannot be asked"),
        Ok((_, status)) if status.r#virtual => Check::note(name, "not used: this agent has virtual readers"),
        Ok((_, status)) => match &status.service {
            Service::Up => Check::good(name, "answers"),
            Service::Down { reason } => Check::bad(name, "cannot be used", reason.clone()),
        },
    }
}

/// The version of pcscd, by itself: it knows no way to be asked over its socket.
fn version(answers: bool) -> Check {
    let name = "pcscd";
    let Some(program) = PCSCD.into_iter().find(|path| Path::new(path).exists()) else {
        return match answers {
            true => Check::note(name, "not where it usually is"),
            false => Check::bad(name, "not installed", "Install the package pcscd."),
        };
    };
    let said = said_by(Command::new(program).arg("--version")).map(|(_, text)| text).unwrap_or_default();
    match said.lines().next() {
        Some(line) => Check::good(name, line.trim_end_matches('.')),
        None => Check::note(name, "installed; its version is not told"),
    }
}

/// What polkit says of this process. Over ssh and in services the usual rules let nobody use cards.
fn polkit() -> Check {
    let name = "Permission";
    let mut command = Command::new("pkcheck");
    command.args(["--action-id", "org.debian.pcsc-lite.access_pcsc", "--process"]);
    command.arg(std::process::id().to_string());
    match said_by(&mut command) {
        None => Check::note(name, "not asked of polkit: pkcheck is not installed"),
        Some((true, _)) => Check::good(name, "polkit lets you use cards"),
        Some((false, text)) if text.contains("not registered") => {
            Check::good(name, "this pcscd does not ask polkit")
        }
        Some((false, text)) if text.contains("ot authorized") || text.contains("uthorization requires") => {
            Check::bad(
                name,
                "polkit does not let you use cards from here",
                "Use the session at the machine itself. Over ssh and in services a rule for \
             org.debian.pcsc-lite.access_pcsc and access_card has to allow it.",
            )
        }
        Some((false, _)) => Check::note(name, "polkit does not answer"),
    }
}

fn drivers(answers: bool) -> Check {
    let name = "Reader drivers";
    let mut found: Vec<String> = DRIVERS
        .iter()
        .filter_map(|folder| std::fs::read_dir(folder).ok())
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".bundle") || name.ends_with(".so"))
        .map(|name| name.trim_end_matches(".bundle").to_owned())
        .collect();
    found.sort();
    found.dedup();
    if found.is_empty() && answers {
        return Check::note(name, "none where they usually are");
    }
    if found.is_empty() {
        return Check::bad(
            name,
            "none",
            "Install the package libccid, which knows most USB readers and security keys.",
        );
    }
    Check::good(name, found.join(", "))
}

fn readers(agent: &Agent) -> Vec<Check> {
    let name = "Reader";
    let Ok((_, status)) = agent else { return Vec::new() };
    if status.service != Service::Up {
        return Vec::new();
    }
    if status.readers.is_empty() {
        let advice = "Plug one in. If one is plugged in, its driver may be missing, or another program may have it: gpg's \
                      scdaemon uses readers without the service unless its configuration says disable-ccid.";
        return vec![Check::note(name, "none").advising(advice)];
    }
    let check = |reader: &crate::model::Reader| {
        let pad = if reader.pin_pad { ", with keys for the PIN" } else { "" };
        let found = format!("{}{pad}: {}", reader.name, contents(reader));
        match reader.state {
            ReaderState::Empty
            | ReaderState::Identifying
            | ReaderState::Ready
            | ReaderState::NotInitialised => Check::good(name, found),
            ReaderState::UnknownCard | ReaderState::Forbidden => Check::note(name, found),
            ReaderState::Mute => Check::bad(name, found, "Take the card out, turn it, and put it in again."),
            ReaderState::Busy => Check::bad(name, found, "End that program, or wait until it is done."),
            ReaderState::Failed => Check::bad(name, found, "Unplug the reader, and plug it in again."),
        }
    };
    status.readers.iter().map(check).collect()
}

/// Whether a program succeeded, and what it said; `None` when it cannot be started.
fn said_by(command: &mut Command) -> Option<(bool, String)> {
    let output = command.stdin(Stdio::null()).output().ok()?;
    let said = [output.stdout, output.stderr].concat();
    Some((output.status.success(), String::from_utf8_lossy(&said).into_owned()))
}
