//! The entry in an autostart folder (Desktop Application Autostart Specification): one of the user's hides the one of
//! the same name that is packaged.

use std::path::PathBuf;

use super::{DESKTOP, Part, failed, program, read, remove, write};
use crate::error::Result;

const NAME: &str = "kortti-autostart.desktop";

/// The entry as it is packaged.
const PACKAGED: &str = include_str!("../../../packaging/desktop/kortti-autostart.desktop");

/// What hides the packaged entry.
const HIDDEN: &str = "[Desktop Entry]\nType=Application\nName=Kortti\nHidden=true\n";

/// The entry that counts.
pub(super) struct Entry {
    place: PathBuf,
    text: String,
    own: bool,
}

impl Entry {
    /// Looks for it; `None` when there is none.
    pub(super) fn look() -> Result<Option<Self>> {
        let own = own_file()?;
        if let Some(text) = read(&own)? {
            return Ok(Some(Self { place: own, text, own: true }));
        }
        Ok(packaged()?.map(|(place, text)| Self { place, text, own: false }))
    }

    /// Whether a session starts it. `has_units` tells of one that starts units of systemd, and leaves entries alone
    /// that stand for one.
    pub(super) fn starts(&self, has_units: bool) -> bool {
        let is = |line: &str| self.text.lines().any(|found| found.trim_end() == line);
        let stands_for_unit = has_units && is("X-systemd-skip=true");
        !(stands_for_unit || is("Hidden=true") || is("X-GNOME-Autostart-enabled=false"))
    }

    pub(super) fn part(&self, has_units: bool) -> Part {
        Part {
            name: NAME.into(),
            place: Some(self.place.display().to_string()),
            own: self.own,
            enabled: self.starts(has_units),
            active: None,
        }
    }

    /// What keeps it from starting the program.
    pub(super) fn problem(&self) -> Result<Option<String>> {
        if !self.own {
            return Ok(None);
        }
        match own_text() {
            Ok(expected) if self.text == expected => Ok(None),
            Ok(_) => Ok(Some(format!(
                "{} was written for another program than this one, or by hand. Write it anew with: kortti autostart on",
                self.place.display()
            ))),
            Err(error) => Ok(Some(error.message)),
        }
    }
}

/// Has sessions start the packaged entry, or one that is written here.
pub(super) fn switch_on() -> Result<()> {
    match packaged()? {
        // Whatever the user's own was, a desktop's settings may have made it.
        Some(_) => remove(&own_file()?),
        None => write(&own_file()?, &own_text()?),
    }
}

/// Has no session start any.
pub(super) fn switch_off() -> Result<()> {
    match packaged()? {
        Some(_) => write(&own_file()?, HIDDEN),
        None => remove(&own_file()?),
    }
}

/// Leaves only what is packaged.
pub(super) fn remove_own() -> Result<()> {
    remove(&own_file()?)
}

fn own_file() -> Result<PathBuf> {
    let base = directories::BaseDirs::new();
    let base = base.ok_or_else(|| failed("You have no home folder, in which an entry could be written."))?;
    Ok(base.config_dir().join("autostart").join(NAME))
}

/// The first entry of the system's folders (XDG Base Directory Specification, XDG_CONFIG_DIRS).
fn packaged() -> Result<Option<(PathBuf, String)>> {
    let folders = std::env::var_os("XDG_CONFIG_DIRS").filter(|folders| !folders.is_empty());
    let folders = folders.unwrap_or_else(|| "/etc/xdg".into());
    for folder in std::env::split_paths(&folders).filter(|folder| folder.is_absolute()) {
        let place = folder.join("autostart").join(NAME);
        if let Some(text) = read(&place)? {
            return Ok(Some((place, text)));
        }
    }
    Ok(None)
}

/// The entry as it is written for this user: it names the program where it is, and stands for no unit.
fn own_text() -> Result<String> {
    let program = program::path(DESKTOP)?;
    let lines = PACKAGED.lines().filter(|line| {
        !line.starts_with('#') && *line != "X-systemd-skip=true" && *line != "X-GNOME-HiddenUnderSystemd=true"
    });
    let mut text = String::from("# Written by `kortti autostart on`.\n");
    for line in lines {
        match line.split_once('=') {
            Some(("Exec", _)) => text.push_str(&format!("Exec={}\n", quoted(&program)?)),
            Some(("TryExec", _)) => text.push_str(&format!("TryExec={}\n", escaped(&program))),
            _ => text.extend([line, "\n"]),
        }
    }
    Ok(text)
}

/// A value of type string.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
}

/// A program's path as the first word of Exec: quoted as the specification's chapter on that key has it, and that
/// escaped as every string is.
///
/// # Errors
/// [`ErrorCode::System`](crate::ErrorCode::System) for a percent sign: GLib 2.74 looks for the program without halving
/// it, and then has no such entry.
fn quoted(path: &str) -> Result<String> {
    if path.contains('%') {
        return Err(failed(format!(
            "Not every desktop starts {path}. Move it to a folder without a percent sign."
        )));
    }
    let mut word = String::from("\"");
    for character in path.chars() {
        if matches!(character, '"' | '`' | '$' | '\\') {
            word.push('\\');
        }
        word.push(character);
    }
    word.push('"');
    Ok(escaped(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word() {
        assert_eq!(quoted("/opt/a b/kortti").unwrap(), "\"/opt/a b/kortti\"");
        assert_eq!(quoted(r#"/"$`\"#).unwrap(), r#""/\\"\\$\\`\\\\""#);
        assert!(quoted("/100%/x").unwrap_err().message.contains("without a percent sign"));
    }

    #[test]
    fn which_entries_start() {
        let entry = |text: &str| Entry { place: PathBuf::new(), text: text.into(), own: false };
        for (text, alone, beside_units) in [
            ("[Desktop Entry]\nExec=x\n", true, true),
            (PACKAGED, true, false),
            (HIDDEN, false, false),
            ("[Desktop Entry]\nX-GNOME-Autostart-enabled=false\n", false, false),
        ] {
            assert_eq!(entry(text).starts(false), alone, "{text}");
            assert_eq!(entry(text).starts(true), beside_units, "{text}");
        }
    }
}
