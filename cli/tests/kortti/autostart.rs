use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{Told, install};

/// A stand-in for systemctl: units are enabled and active where a file says so, packaged in a folder of their own or
/// written by the user, and every call is kept.
const SYSTEMCTL: &str = r#"#!/bin/sh
shift 3 # --user --no-pager --no-ask-password
echo "$*" >>"$HOME/calls"
verb=$1
shift
case $verb in
show)
    [ -e "$HOME/no-manager" ] && { echo "Failed to connect to bus: No medium found" >&2; exit 1; }
    while [ "$1" != -- ]; do shift; done
    shift
    for unit in "$@"; do
        file=$XDG_CONFIG_HOME/systemd/user/$unit
        [ -e "$file" ] || file=$HOME/packaged/$unit
        load=loaded state=disabled active=inactive
        [ -e "$file" ] || { load=not-found state= file=; }
        [ -e "$HOME/enabled.$unit" ] && state=enabled
        [ -e "$HOME/global.$unit" ] && state=enabled
        [ -e "$HOME/masked.$unit" ] && { load=masked; state=masked; }
        [ -e "$HOME/active.$unit" ] && active=$(cat "$HOME/active.$unit")
        printf 'Id=%s\nLoadState=%s\nFragmentPath=%s\nUnitFileState=%s\nActiveState=%s\n\n' \
            "$unit" $load "$file" "$state" "$active"
    done ;;
enable) for unit in "$@"; do : >"$HOME/enabled.$unit"; done ;;
disable) for unit in "$@"; do rm -f "$HOME/enabled.$unit"; done ;;
mask) for unit in "$@"; do : >"$HOME/masked.$unit"; done ;;
unmask) for unit in "$@"; do rm -f "$HOME/masked.$unit"; done ;;
start)
    [ -e "$HOME/fail" ] && { echo "Job failed." >&2; exit 1; }
    for unit in "$@"; do echo active >"$HOME/active.$unit"; done ;;
daemon-reload) ;;
*) exit 9 ;;
esac
"#;

/// A person's home, with the programs in a folder of their own.
struct Home {
    directory: TempDir,
    variables: Vec<(&'static str, String)>,
}

impl Home {
    /// One whom systemd looks after.
    fn new() -> Self {
        let home = Self { directory: tempfile::tempdir().unwrap(), variables: Vec::new() };
        for folder in ["programs", "config", "runtime", "packaged", "system/autostart"] {
            fs::create_dir_all(home.path(folder)).unwrap();
        }
        install(&home.path("programs/kortti"), &fs::read(env!("CARGO_BIN_EXE_kortti")).unwrap());
        for program in ["kortti-agent", "kortti-desktop"] {
            home.program(program, "#!/bin/sh\n");
        }
        home.program("systemctl", SYSTEMCTL);
        home
    }

    /// One whom no systemd looks after.
    fn without_systemd() -> Self {
        let home = Self::new();
        home.touch("no-manager");
        home
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn touch(&self, name: &str) {
        fs::write(self.path(name), "").unwrap();
    }

    fn program(&self, name: &str, script: &str) {
        install(&self.path("programs").join(name), script.as_bytes());
    }

    fn package_entry(&self) {
        let packaged = concat!(env!("CARGO_MANIFEST_DIR"), "/../packaging/desktop/kortti-autostart.desktop");
        fs::copy(packaged, self.path("system/autostart/kortti-autostart.desktop")).unwrap();
    }

    fn entry(&self) -> PathBuf {
        self.path("config/autostart/kortti-autostart.desktop")
    }

    /// Runs `kortti autostart …`.
    fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let mut command = Command::new(self.path("programs/kortti"));
        command.arg("autostart").args(arguments).env_clear();
        command.env("PATH", format!("{}:/usr/bin:/bin", self.path("programs").display()));
        command.env("HOME", self.directory.path()).env("XDG_CONFIG_HOME", self.path("config"));
        command.env("XDG_RUNTIME_DIR", self.path("runtime")).env("XDG_CONFIG_DIRS", self.path("system"));
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        let output = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }

    /// Runs it with --json, and with success.
    #[track_caller]
    fn state(&self, arguments: &[&str]) -> Value {
        let (code, stdout, stderr) = self.run(&[arguments, &["--json"]].concat());
        assert_eq!((code, stderr.as_str()), (0, ""), "{stdout}");
        serde_json::from_str(&stdout).unwrap()
    }

    /// What systemctl was called with since the last look, but for what changes nothing.
    fn calls(&self) -> Vec<String> {
        let calls = fs::read_to_string(self.path("calls")).unwrap_or_default();
        fs::write(self.path("calls"), "").unwrap();
        calls.lines().filter(|call| !call.starts_with("show")).map(ToOwned::to_owned).collect()
    }

    /// The units of the user's own.
    fn units(&self) -> Vec<String> {
        let found = fs::read_dir(self.path("config/systemd/user")).into_iter().flatten();
        let mut units: Vec<String> =
            found.map(|unit| unit.unwrap().file_name().into_string().unwrap()).collect();
        units.sort();
        units
    }
}

const SOCKET: &str = "kortti-agent.socket";
const AGENT: &str = "kortti-agent.service";
const DESKTOP: &str = "kortti-desktop.service";

#[test]
fn units_are_written_enabled_and_taken_away() {
    let home = Home::new();
    let state = home.state(&["on"]);
    assert_eq!((&state["on"], &state["route"]), (&json!(true), &json!("systemd")));
    assert_eq!(home.units(), [AGENT, SOCKET, DESKTOP]);
    let enable = format!("enable {SOCKET} {DESKTOP}");
    assert_eq!(home.calls(), ["daemon-reload", &enable, &format!("start {SOCKET}")]);
    let unit = fs::read_to_string(home.path("config/systemd/user").join(DESKTOP)).unwrap();
    let start = format!("ExecStart=\"{}\"\n", home.path("programs/kortti-desktop").display());
    assert!(unit.contains(&start), "{unit}");

    // Again: nothing else comes of it. In a session the tray is started.
    fs::write(home.path("active.graphical-session.target"), "active").unwrap();
    home.state(&["on"]);
    assert_eq!(home.calls().last().unwrap(), &format!("start {DESKTOP}"));

    let (code, stdout, stderr) = home.run(&["status"]);
    assert_eq!((code, stderr.as_str()), (0, ""));
    assert!(
        stdout.starts_with("Autostart               on\nBy                      units of systemd\n"),
        "{stdout}"
    );
    assert!(stdout.contains("kortti-desktop.service  enabled, active\n"), "{stdout}");

    home.calls();
    let state = home.state(&["off"]);
    assert_eq!(state["on"], false);
    assert_eq!(home.calls(), [format!("disable {SOCKET} {DESKTOP}"), "daemon-reload".into()]);
    assert_eq!(home.units(), Vec::<String>::new());
    home.state(&["off"]);
    assert_eq!(home.calls(), Vec::<String>::new());
}

#[test]
fn what_others_have_provided_is_only_switched() {
    let home = Home::new();
    for unit in [SOCKET, AGENT, DESKTOP] {
        home.touch(&format!("packaged/{unit}"));
        // Enabled for everybody, as packages have it.
        home.touch(&format!("global.{unit}"));
    }
    let state = home.state(&["status"]);
    assert_eq!((&state["on"], &state["parts"][0]["own"]), (&json!(true), &json!(false)));
    assert_eq!(home.state(&["off"])["on"], false);
    assert!(home.calls().contains(&format!("mask {SOCKET} {AGENT} {DESKTOP}")));
    assert_eq!(home.state(&["on"])["on"], true);
    assert_eq!(home.calls()[0], format!("unmask {SOCKET} {AGENT} {DESKTOP}"));
    assert_eq!(home.units(), Vec::<String>::new());

    // A person's own unit is as good as a packaged one.
    let home = Home::new();
    fs::create_dir_all(home.path("config/systemd/user")).unwrap();
    fs::write(home.path("config/systemd/user").join(DESKTOP), "[Service]\nExecStart=/opt/mine\n").unwrap();
    home.state(&["on"]);
    home.state(&["off"]);
    assert_eq!(home.units(), [DESKTOP]);
}

#[test]
fn what_is_wrong_is_said() {
    let home = Home::new();
    home.state(&["on"]);
    fs::write(home.path("active.kortti-agent.service"), "failed").unwrap();
    let (code, _, stderr) = home.run(&["status"]);
    let words =
        "kortti-agent.service has failed. See why with: journalctl --user --unit kortti-agent.service\n";
    assert_eq!((code, stderr.as_str()), (0, words));
    fs::remove_file(home.path("active.kortti-agent.service")).unwrap();

    fs::rename(home.path("programs/kortti-desktop"), home.path("kortti-desktop")).unwrap();
    let problem = home.state(&["status"])["problem"].as_str().unwrap().to_owned();
    assert!(problem.starts_with("kortti-desktop was found neither beside"), "{problem}");
    let (code, _, stderr) = Home::run(&home, &["on"]);
    assert_eq!((code, stderr), (1, problem + "\n"));
    fs::create_dir(home.path("elsewhere")).unwrap();
    fs::rename(home.path("kortti-desktop"), home.path("elsewhere/kortti-desktop")).unwrap();
    let mut home = home;
    let path =
        format!("{}:{}:/usr/bin:/bin", home.path("programs").display(), home.path("elsewhere").display());
    home.variables.push(("PATH", path));
    assert!(home.state(&["status"])["problem"].as_str().unwrap().contains("for other programs than these"));
    assert_eq!(home.state(&["on"]).get("problem"), None);

    home.touch("fail");
    fs::remove_file(home.path("active.kortti-agent.socket")).unwrap();
    let (code, _, stderr) = home.run(&["on"]);
    assert_eq!(code, 1);
    assert_eq!(stderr, "systemctl --user start kortti-agent.socket failed: Job failed.\n");
}

#[test]
fn a_desktop_that_starts_no_units() {
    for variable in ["DISPLAY", "WAYLAND_DISPLAY"] {
        let mut home = Home::new();
        home.state(&["on"]);
        home.variables.push((variable, ":9".into()));
        let (_, stdout, stderr) = home.run(&["status"]);
        assert!(stderr.contains("does not reach graphical-session.target"), "{stdout}{stderr}");
        let state = home.state(&["on"]);
        assert_eq!((&state["route"], state.get("problem")), (&json!("desktop_entry"), None));
        // The agent's socket stays.
        assert_eq!(home.units(), [AGENT, SOCKET]);
        assert!(home.entry().exists());
        // Back on a desktop that does, the entry goes.
        fs::write(home.path("active.graphical-session.target"), "active").unwrap();
        assert_eq!(home.state(&["on"])["route"], "systemd");
        assert!(!home.entry().exists());
    }
}

#[test]
fn an_entry_where_no_systemd_is() {
    let home = Home::without_systemd();
    let off = json!({ "schema": 1, "on": false, "headless": false, "route": "desktop_entry", "parts": [] });
    assert_eq!(home.state(&["status"]), off);
    let state = home.state(&["on"]);
    let place = home.entry().display().to_string();
    let part = json!({ "name": "kortti-autostart.desktop", "place": place, "own": true, "enabled": true });
    assert_eq!(
        state,
        json!({ "schema": 1, "on": true, "headless": false, "route": "desktop_entry", "parts": [part] })
    );
    let text = fs::read_to_string(home.entry()).unwrap();
    let program = home.path("programs/kortti-desktop").display().to_string();
    assert!(text.contains(&format!("Exec=\"{program}\"\nTryExec={program}\n")), "{text}");
    assert!(!text.contains("systemd"), "{text}");

    // A person has switched it off in the desktop's settings.
    fs::write(home.entry(), text.replace("NoDisplay=true", "Hidden=true")).unwrap();
    assert_eq!(home.state(&["status"])["on"], false);
    assert_eq!(home.state(&["on"])["on"], true);
    fs::write(home.entry(), text.replace("kortti-desktop", "other")).unwrap();
    assert!(home.state(&["status"])["problem"].as_str().unwrap().contains("for another program"));

    assert_eq!(home.state(&["off"]), off);
    assert!(!home.entry().exists());

    let (code, _, stderr) = home.run(&["on", "--headless"]);
    assert_eq!(code, 1);
    assert!(stderr.contains("kortti-desktop --headless"), "{stderr}");
    assert!(!home.entry().exists());
}

#[test]
fn a_packaged_entry_is_hidden_and_shown() {
    let home = Home::without_systemd();
    home.package_entry();
    let state = home.state(&["status"]);
    assert_eq!((&state["on"], &state["parts"][0]["own"]), (&json!(true), &json!(false)));
    let state = home.state(&["off"]);
    assert_eq!((&state["on"], &state["parts"][0]["enabled"]), (&json!(false), &json!(false)));
    assert!(fs::read_to_string(home.entry()).unwrap().contains("Hidden=true"));
    assert_eq!(home.state(&["on"])["on"], true);
    assert!(!home.entry().exists());

    // Where units are started it stands for one, and starts nothing.
    fs::remove_file(home.path("no-manager")).unwrap();
    fs::write(home.path("active.graphical-session.target"), "active").unwrap();
    assert_eq!(home.state(&["status"])["on"], false);
}

/// GLib reads the entry as desktops do, and starts the program out of a folder whose name wants quoting.
#[test]
fn the_entry_as_glib_reads_it() {
    let home = Home::without_systemd();
    let odd = home.path("all \"of\" $HOME `x` \\ ü");
    fs::rename(home.path("programs"), &odd).unwrap();
    std::os::unix::fs::symlink(&odd, home.path("programs")).unwrap();
    home.program("kortti-desktop", "#!/bin/sh\nprintf %s \"$0\" >\"$PLACE\"; echo >\"$PLACE.told\"\n");
    let told = Told::at(&home.path("started.told"));
    home.state(&["on"]);
    let script = "import sys; from gi.repository import Gio; \
                  Gio.DesktopAppInfo.new_from_filename(sys.argv[1]).launch([], None)";
    let started = home.path("started");
    let mut launch = Command::new("/usr/bin/python3");
    launch.args(["-c", script]).arg(home.entry()).env("PLACE", &started);
    let output = launch.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    told.wait();
    assert_eq!(Path::new(&fs::read_to_string(started).unwrap()), odd.join("kortti-desktop"));
    let output = Command::new("desktop-file-validate").arg(home.entry()).output().unwrap();
    assert!(
        output.status.success() && output.stdout.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
}
