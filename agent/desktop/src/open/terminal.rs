//! A terminal with `kortti` in it. The command is handed over as separate arguments, never as a line for a shell: the
//! names of readers are not ours.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Place;
use crate::action::Panel;
use shared::programs::Programs;

/// The terminals that are known, by preference, and what stands between their name and a command as separate
/// arguments. (Debian's policy, 11.8.3, asks for `-e` of whatever is the x-terminal-emulator; the other forms are those of
/// the programs' own manuals.)
const TERMINALS: [(&str, &[&str]); 12] = [
    ("xdg-terminal-exec", &[]),
    ("x-terminal-emulator", &["-e"]),
    ("gnome-terminal", &["--wait", "--"]),
    ("kgx", &["--wait", "--"]),
    ("konsole", &["-e"]),
    ("xfce4-terminal", &["--disable-server", "-x"]),
    ("mate-terminal", &["--disable-factory", "-x"]),
    ("kitty", &[]),
    ("alacritty", &["-e"]),
    ("foot", &[]),
    ("wezterm", &["start", "--"]),
    ("xterm", &["-e"]),
];

/// A terminal in which `kortti` shows a place, and which stays open until somebody has read it. `None` where there is
/// no terminal, or no way to hand a command over to it safely.
pub(super) fn command(place: &Place, programs: &Programs) -> Option<Command> {
    let kortti = programs.ours("kortti")?;
    let held = std::env::current_exe().ok()?;
    let mut arguments: Vec<OsString> = vec![held.into(), "hold".into(), "--".into(), kortti.into()];
    arguments.extend(kortti_arguments(place).into_iter().map(Into::into));
    if cfg!(target_os = "macos") {
        // Terminal takes a script or a line for a shell, and neither is safe.
        return None;
    }
    #[cfg(windows)]
    {
        use std::os::windows::process::CommandExt as _;
        // Process Creation Flags: CREATE_NEW_CONSOLE.
        const NEW_CONSOLE: u32 = 0x10;
        let (program, arguments) = arguments.split_first()?;
        let mut command = Command::new(program);
        command.args(arguments).creation_flags(NEW_CONSOLE);
        Some(command)
    }
    #[cfg(not(windows))]
    {
        let (terminal, between) = terminal(programs)?;
        let mut command = Command::new(terminal);
        command.args(between).args(arguments);
        Some(command)
    }
}

/// The terminal that the person prefers, or else the first that is there.
#[cfg_attr(windows, expect(dead_code, reason = "a console needs no terminal there"))]
fn terminal(programs: &Programs) -> Option<(PathBuf, &'static [&'static str])> {
    if !programs.has_display {
        return None;
    }
    let preferred = programs.terminal.as_deref().and_then(|name| programs.find(name));
    if let Some(path) = preferred {
        // What nobody knows takes what xterm takes, as most do.
        let between = path.file_name().and_then(between).unwrap_or(&["-e"]);
        return Some((path, between));
    }
    TERMINALS.iter().find_map(|(name, between)| Some((programs.find(OsStr::new(name))?, *between)))
}

fn between(name: &OsStr) -> Option<&'static [&'static str]> {
    TERMINALS.iter().find(|(known, _)| Path::new(known) == name).map(|(_, between)| *between)
}

/// What `kortti` is asked for.
fn kortti_arguments(place: &Place) -> Vec<String> {
    let verb: &[&str] = match place.panel {
        Panel::Overview if place.reader.is_none() => &["status"],
        Panel::Overview => &["card", "show"],
        Panel::Pin => &["pin", "change"],
        Panel::Unblock => &["unblock"],
        Panel::Certificates => &["cert", "list"],
        Panel::Information => return vec!["info".to_owned()],
    };
    let mut arguments: Vec<String> = verb.iter().map(|word| (*word).to_owned()).collect();
    arguments.extend(place.reader.iter().map(|reader| format!("--reader={reader}")));
    arguments.extend(place.card.iter().map(|card| format!("--card={card}")));
    arguments
}
