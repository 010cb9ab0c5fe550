//! The units, by way of `systemctl --user`.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use super::{DESKTOP, Part, failed, program, read, remove, write};
use crate::error::{ErrorCode, Result};
use crate::socket;

const SOCKET_UNIT: &str = "kortti-agent.socket";
const AGENT_UNIT: &str = "kortti-agent.service";
const DESKTOP_UNIT: &str = "kortti-desktop.service";
const HEADLESS_UNIT: &str = "kortti-desktop-headless.service";

/// The target that a desktop reaches once it is there, if it knows systemd (systemd.special(7)).
const SESSION: &str = "graphical-session.target";

/// The units as they are packaged.
const PACKAGED: [(&str, &str); 4] = [
    (SOCKET_UNIT, include_str!("../../../packaging/systemd/kortti-agent.socket")),
    (AGENT_UNIT, include_str!("../../../packaging/systemd/kortti-agent.service")),
    (DESKTOP_UNIT, include_str!("../../../packaging/systemd/kortti-desktop.service")),
    (HEADLESS_UNIT, include_str!("../../../packaging/systemd/kortti-desktop-headless.service")),
];

/// The first line of a unit that was written here, and may be overwritten and removed here.
const MARK: &str = "# Written by `kortti autostart on`, and removed by `kortti autostart off`.";

/// How long systemctl may take. It waits for what it starts.
const PATIENCE: Duration = Duration::from_secs(30);

/// A unit as the manager knows it.
struct Unit {
    name: String,
    file: Option<PathBuf>,
    file_state: String,
    load_state: String,
    active_state: String,
}

impl Unit {
    fn is_enabled(&self) -> bool {
        matches!(self.file_state.as_str(), "enabled" | "enabled-runtime")
    }

    fn is_active(&self) -> bool {
        matches!(self.active_state.as_str(), "active" | "activating" | "reloading")
    }

    /// Whether it was written here.
    fn is_own(&self) -> Result<bool> {
        let text = self.file.as_deref().map(read).transpose()?.flatten();
        Ok(text.is_some_and(|text| text.starts_with(MARK)))
    }
}

/// The manager of the user's units, and what it knows of ours.
pub(super) struct Manager {
    units: Vec<Unit>,
    has_session: bool,
}

impl Manager {
    /// Asks it; `None` when there is none.
    pub(super) fn look() -> Option<Self> {
        let mut arguments =
            vec!["show", "--property=Id,LoadState,FragmentPath,UnitFileState,ActiveState", "--"];
        arguments.extend(PACKAGED.map(|(name, _)| name));
        arguments.push(SESSION);
        let output = systemctl(&arguments).ok().filter(|output| output.status.success())?;
        let text = String::from_utf8(output.stdout).ok()?;
        let mut units: Vec<Unit> = text.split("\n\n").filter_map(unit).collect();
        let session = units.iter().position(|unit| unit.name == SESSION)?;
        let has_session = units.remove(session).is_active();
        Some(Self { units, has_session })
    }

    /// Whether there is a graphical session that starts units.
    pub(super) fn has_session(&self) -> bool {
        self.has_session
    }

    /// Whether the tray's unit is enabled.
    pub(super) fn has_desktop(&self) -> bool {
        self.is_enabled(DESKTOP_UNIT)
    }

    /// Whether the unit without a tray is enabled.
    pub(super) fn has_headless(&self) -> bool {
        self.is_enabled(HEADLESS_UNIT)
    }

    fn unit(&self, name: &str) -> Option<&Unit> {
        self.units.iter().find(|unit| unit.name == name)
    }

    fn is_enabled(&self, name: &str) -> bool {
        self.unit(name).is_some_and(Unit::is_enabled)
    }

    fn is_active(&self, name: &str) -> bool {
        self.unit(name).is_some_and(Unit::is_active)
    }

    /// The units that are there.
    pub(super) fn parts(&self) -> Result<Vec<Part>> {
        let there = self.units.iter().filter(|unit| unit.file.is_some() || unit.is_active());
        let parts = there.map(|unit| {
            Ok(Part {
                name: unit.name.clone(),
                place: unit.file.as_ref().map(|file| file.display().to_string()),
                own: unit.is_own()?,
                // The agent comes with its socket.
                enabled: unit.is_enabled() || unit.name == AGENT_UNIT && self.is_enabled(SOCKET_UNIT),
                active: Some(unit.is_active()),
            })
        });
        parts.collect()
    }

    /// What is wrong with those that are enabled.
    pub(super) fn problem(&self) -> Result<Option<String>> {
        if let Some(unit) = self.units.iter().find(|unit| unit.active_state == "failed") {
            let name = &unit.name;
            return Ok(Some(format!("{name} has failed. See why with: journalctl --user --unit {name}")));
        }
        for unit in &self.units {
            if !unit.is_own()? {
                continue;
            }
            let expected = match own_text(&unit.name) {
                Ok(expected) => expected,
                Err(error) => return Ok(Some(error.message)),
            };
            if unit.file.as_deref().map(read).transpose()?.flatten() != Some(expected) {
                let name = &unit.name;
                return Ok(Some(format!(
                    "{name} was written for other programs than these. Write it anew with: kortti autostart on"
                )));
            }
        }
        Ok(None)
    }

    /// Has the agent's socket and the unit of the desktop's side start with the session, and starts them now where
    /// that harms nobody.
    pub(super) fn switch_on(&mut self, headless: bool) -> Result<()> {
        let (wanted, other) =
            if headless { (HEADLESS_UNIT, DESKTOP_UNIT) } else { (DESKTOP_UNIT, HEADLESS_UNIT) };
        self.install(&[SOCKET_UNIT, AGENT_UNIT, wanted])?;
        self.switch_units_off(&[other])?;
        told(&["enable", SOCKET_UNIT, wanted])?;
        self.start_socket()?;
        if headless || self.has_session {
            told(&["start", wanted])?;
        }
        Ok(())
    }

    /// Has the agent's socket start with the session, and nothing else.
    pub(super) fn switch_on_agent(&mut self) -> Result<()> {
        self.install(&[SOCKET_UNIT, AGENT_UNIT])?;
        self.switch_units_off(&[DESKTOP_UNIT, HEADLESS_UNIT])?;
        told(&["enable", SOCKET_UNIT])?;
        self.start_socket()
    }

    /// Undoes all that.
    pub(super) fn switch_off(&mut self) -> Result<()> {
        self.switch_units_off(&PACKAGED.map(|(name, _)| name))
    }

    /// systemd would take the socket's place from an agent that was started otherwise, and nobody would reach it any
    /// more. There the unit begins with the next session.
    fn start_socket(&self) -> Result<()> {
        let is_free = matches!(socket::connect(), Err(error) if error.code == ErrorCode::NoAgent);
        if self.is_active(SOCKET_UNIT) || !is_free {
            return Ok(());
        }
        told(&["start", SOCKET_UNIT])
    }

    /// Writes those of the units that nobody else has provided.
    fn install(&mut self, names: &[&str]) -> Result<()> {
        let masked: Vec<&str> = names.iter().copied().filter(|name| self.is_masked(name)).collect();
        if !masked.is_empty() {
            told(&[&["unmask"], &masked[..]].concat())?;
            self.look_again()?;
        }
        let mut is_changed = false;
        for name in names {
            let unit = self.unit(name);
            if unit.is_some_and(|unit| unit.file.is_some()) && !unit.map_or(Ok(false), Unit::is_own)? {
                continue;
            }
            write(&own_file(name)?, &own_text(name)?)?;
            is_changed = true;
        }
        if is_changed {
            told(&["daemon-reload"])?;
        }
        Ok(())
    }

    /// Has these start no more, and removes those that were written here.
    fn switch_units_off(&mut self, names: &[&str]) -> Result<()> {
        let enabled = |manager: &Self| -> Vec<String> {
            let them = names.iter().filter(|name| manager.is_enabled(name));
            them.map(|name| (*name).to_owned()).collect()
        };
        for verb in ["disable", "mask"] {
            // What an administrator has enabled for everybody is still enabled when it has been disabled.
            let units = enabled(self);
            if !units.is_empty() {
                let mut arguments = vec![verb];
                arguments.extend(units.iter().map(String::as_str));
                told(&arguments)?;
                self.look_again()?;
            }
        }
        let mut is_changed = false;
        for name in names {
            let file = own_file(name)?;
            if read_own(&file)? {
                remove(&file)?;
                is_changed = true;
            }
        }
        if is_changed {
            told(&["daemon-reload"])?;
        }
        Ok(())
    }

    fn is_masked(&self, name: &str) -> bool {
        self.unit(name).is_some_and(|unit| unit.load_state == "masked")
    }

    fn look_again(&mut self) -> Result<()> {
        *self = Self::look().ok_or_else(|| failed("systemd does not answer any more. Try again."))?;
        Ok(())
    }
}

/// A unit out of a paragraph of `systemctl show`.
fn unit(text: &str) -> Option<Unit> {
    let value = |name: &str| {
        let found = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        found.map(ToOwned::to_owned)
    };
    // A masked one is a link to nothing.
    let load_state = value("LoadState")?;
    let file = value("FragmentPath").filter(|path| !path.is_empty() && load_state != "masked");
    Some(Unit {
        name: value("Id")?,
        file: file.map(PathBuf::from),
        file_state: value("UnitFileState").unwrap_or_default(),
        active_state: value("ActiveState")?,
        load_state,
    })
}

/// Where a unit of this user stands.
fn own_file(name: &str) -> Result<PathBuf> {
    let base = directories::BaseDirs::new();
    let base = base.ok_or_else(|| failed("You have no home folder, in which a unit could be written."))?;
    Ok(base.config_dir().join("systemd/user").join(name))
}

fn read_own(file: &Path) -> Result<bool> {
    // A masked unit is a link to a device without end.
    if !file.is_file() {
        return Ok(false);
    }
    Ok(read(file)?.is_some_and(|text| text.starts_with(MARK)))
}

/// A unit as it is written for this user.
fn own_text(name: &str) -> Result<String> {
    let packaged = PACKAGED.iter().find(|(packaged, _)| *packaged == name);
    let (_, text) = packaged.ok_or_else(|| failed(format!("There is no unit {name}.")))?;
    let mut own = format!("{MARK}\n\n{text}");
    for program in ["kortti-agent", DESKTOP] {
        let packaged = format!("ExecStart=/usr/bin/{program}");
        if own.contains(&packaged) {
            own = own.replace(&packaged, &format!("ExecStart={}", quoted(&program::path(program)?)?));
        }
    }
    Ok(own)
}

/// A program's path as the first word of ExecStart (systemd.service(5), command lines).
///
/// # Errors
/// [`ErrorCode::System`] for characters that systemd refuses there, quoted or not.
fn quoted(path: &str) -> Result<String> {
    if path.contains(['"', '\'', '\\']) {
        return Err(failed(format!(
            "systemd starts no program from {path}. Move it to a folder without quotes."
        )));
    }
    Ok(format!("\"{}\"", path.replace('%', "%%")))
}

/// Runs systemctl, which must be content.
fn told(arguments: &[&str]) -> Result<()> {
    let command = || format!("systemctl --user {}", arguments.join(" "));
    let output =
        systemctl(arguments).map_err(|error| failed(format!("{} did not run: {error}.", command())))?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    Err(failed(format!("{} failed: {}", command(), words.trim())))
}

fn systemctl(arguments: &[&str]) -> io::Result<Output> {
    let mut command = Command::new("systemctl");
    command.args(["--user", "--no-pager", "--no-ask-password"]).args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let end = Instant::now() + PATIENCE;
    // Its few lines fit into the pipes, so they need not be read before it has ended.
    while child.try_wait()?.is_none() {
        if Instant::now() >= end {
            child.kill()?;
            child.wait()?;
            return Err(io::ErrorKind::TimedOut.into());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    child.wait_with_output()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word() {
        assert_eq!(quoted("/opt/a b/100%/$z").unwrap(), r#""/opt/a b/100%%/$z""#);
        for bad in ["/a\"", "/'a'", "/a\\b"] {
            assert!(quoted(bad).unwrap_err().message.contains("without quotes"));
        }
    }

    #[test]
    fn what_systemctl_shows() {
        let shown = unit(
            "Id=a.socket\nLoadState=loaded\nActiveState=active\nFragmentPath=/x/a.socket\nUnitFileState=enabled",
        );
        let shown = shown.unwrap();
        assert!(shown.is_enabled() && shown.is_active());
        assert_eq!(shown.file.unwrap(), Path::new("/x/a.socket"));
        let absent =
            unit("Id=a.socket\nLoadState=not-found\nActiveState=inactive\nFragmentPath=\nUnitFileState=")
                .unwrap();
        assert!(!absent.is_enabled() && !absent.is_active() && absent.file.is_none());
        let masked = unit(
            "Id=a.socket\nLoadState=masked\nActiveState=inactive\nFragmentPath=/x/a.socket\nUnitFileState=masked",
        );
        assert!(masked.unwrap().file.is_none());
        assert!(unit("").is_none());
    }

    #[test]
    fn every_unit_that_starts_a_program_names_one_that_is_replaced() {
        for (name, text) in PACKAGED {
            let starts: Vec<&str> = text.lines().filter(|line| line.starts_with("ExecStart=")).collect();
            let known = ["ExecStart=/usr/bin/kortti-agent", "ExecStart=/usr/bin/kortti-desktop"];
            assert!(starts.iter().all(|line| known.iter().any(|known| line.starts_with(known))), "{name}");
            assert_eq!(starts.len(), usize::from(name.ends_with(".service")), "{name}");
        }
    }
}
