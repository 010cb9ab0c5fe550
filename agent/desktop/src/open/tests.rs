#![cfg(unix)]

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::*;

/// Two folders of programs: those beside this one, and those of the PATH.
struct Folders(tempfile::TempDir);

impl Folders {
    fn new(beside: &[&str], path: &[&str]) -> Self {
        let folders = Self(tempfile::tempdir().unwrap());
        for (folder, names) in [("beside", beside), ("path", path)] {
            fs::create_dir(folders.0.path().join(folder)).unwrap();
            for name in names {
                let file = folders.0.path().join(folder).join(name);
                fs::write(&file, "").unwrap();
                fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
            }
        }
        folders
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    fn programs(&self, terminal: Option<&str>) -> Programs {
        Programs::at(Path::new(&self.path("beside")), Path::new(&self.path("path")), terminal)
    }

    /// The command of the terminal: its program, what comes before ours, and what ours is asked for.
    fn command(&self, place: &Place, terminal: Option<&str>) -> Option<(String, Vec<String>, Vec<String>)> {
        let command = terminal::command(place, &self.programs(terminal))?;
        let text = |text: &OsStr| text.to_str().unwrap().to_owned();
        let arguments: Vec<String> = command.get_args().map(text).collect();
        let ours = std::env::current_exe().unwrap().to_str().unwrap().to_owned();
        let at = arguments.iter().position(|argument| *argument == ours).unwrap();
        assert_eq!(arguments[at + 1..at + 4], ["hold".to_owned(), "--".into(), self.path("beside/kortti")]);
        Some((text(command.get_program()), arguments[..at].to_vec(), arguments[at + 4..].to_vec()))
    }
}

fn place(panel: Panel, reader: Option<&str>, card: Option<&str>) -> Place {
    Place { panel, reader: reader.map(str::to_owned), card: card.map(str::to_owned) }
}

#[test]
fn each_terminal_is_given_the_command_in_its_own_way() {
    for (name, between) in [
        ("xdg-terminal-exec", &[][..]),
        ("x-terminal-emulator", &["-e"]),
        ("gnome-terminal", &["--wait", "--"]),
        ("konsole", &["-e"]),
        ("xfce4-terminal", &["--disable-server", "-x"]),
        ("kitty", &[]),
        ("alacritty", &["-e"]),
        ("foot", &[]),
        ("xterm", &["-e"]),
    ] {
        let folders = Folders::new(&["kortti"], &[name]);
        let (program, before, arguments) = folders.command(&place(Panel::Unblock, None, None), None).unwrap();
        assert_eq!(
            (program, before),
            (folders.path(&format!("path/{name}")), between.iter().map(|s| (*s).into()).collect())
        );
        assert_eq!(arguments, ["unblock"]);
    }
}

#[test]
fn the_preferred_terminal_comes_first() {
    let folders = Folders::new(&["kortti"], &["x-terminal-emulator", "konsole", "strange-terminal"]);
    let there = place(Panel::Overview, None, None);
    for (preferred, program, between) in [
        (Some("konsole"), "konsole", "-e"),
        (Some("strange-terminal"), "strange-terminal", "-e"),
        // One that is not there.
        (Some("kitty"), "x-terminal-emulator", "-e"),
        (None, "x-terminal-emulator", "-e"),
    ] {
        let (found, before, arguments) = folders.command(&there, preferred).unwrap();
        assert_eq!((found, before), (folders.path(&format!("path/{program}")), vec![between.to_owned()]));
        assert_eq!(arguments, ["status"]);
    }
    let absolute = folders.path("path/konsole");
    let (found, ..) = folders.command(&there, Some(&absolute)).unwrap();
    assert_eq!(found, absolute);
}

#[test]
fn names_stay_in_their_arguments() {
    let evil = "--help; $(touch /tmp/x) 'Reader' \"0\"\n";
    let folders = Folders::new(&["kortti"], &["xterm"]);
    let card = Some("7D1F93C2");
    for (panel, verb) in [
        (Panel::Pin, &["pin", "change"][..]),
        (Panel::Unblock, &["unblock"]),
        (Panel::Certificates, &["cert", "list"]),
        (Panel::Overview, &["card", "show"]),
    ] {
        let (.., arguments) = folders.command(&place(panel, Some(evil), card), None).unwrap();
        let mut expected: Vec<String> = verb.iter().map(|word| (*word).to_owned()).collect();
        expected.extend([format!("--reader={evil}"), "--card=7D1F93C2".to_owned()]);
        assert_eq!(arguments, expected);
        let window = place(panel, Some(evil), card).whole().arguments();
        assert_eq!(window[0], format!("--panel={}", panel.name()));
        assert_eq!(window[1..], expected[verb.len()..]);
    }
    let (.., arguments) = folders.command(&place(Panel::Information, Some(evil), card), None).unwrap();
    assert_eq!(arguments, ["info"]);
}

#[test]
fn without_a_display_or_kortti_there_is_no_terminal() {
    let folders = Folders::new(&[], &["xterm"]);
    let there = place(Panel::Overview, None, None);
    assert!(terminal::command(&there, &folders.programs(None)).is_none());
    let folders = Folders::new(&["kortti"], &["xterm"]);
    let mut programs = folders.programs(None);
    programs.has_display = false;
    assert!(terminal::command(&there, &programs).is_none());
}

#[test]
fn programs_are_found_beside_and_on_the_path() {
    let folders = Folders::new(&["kortti-gui"], &["kortti-gui", "pinentry-qt", "pinentry-gnome3", "plain"]);
    fs::set_permissions(folders.path("path/plain"), fs::Permissions::from_mode(0o644)).unwrap();
    fs::create_dir(folders.path("path/folder")).unwrap();
    let programs = folders.programs(None);
    let found = |name: &str| programs.find(OsStr::new(name)).map(|path| path.to_str().unwrap().to_owned());
    assert_eq!(programs.ours("kortti-gui").unwrap().to_str().unwrap(), folders.path("beside/kortti-gui"));
    assert_eq!(programs.ours("kortti"), None);
    assert_eq!(programs.pinentry().unwrap().to_str().unwrap(), folders.path("path/pinentry-gnome3"));
    assert_eq!([found("plain"), found("folder"), found("absent")], [None, None, None]);
}
