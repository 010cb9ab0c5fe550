//! The units under a real `systemd --user`, in namespaces of its own: socket activation, readiness, reload, restart,
//! a sandbox in which cards can still be used, and `kortti autostart`.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use card::virt::VirtualReaders;
use harness::pcscd::{Pcscd, READERS};
use harness::programs::{Home, programs};
use serde_json::{Value, json};

use crate::{Started, wait_until};

/// Who logs in: the overflow user, whom every Linux system has.
const USER: u32 = 65534;

/// A user's service manager; it ends, and all that it has started, with this value.
struct Manager {
    home: Home,
    namespace: Started,
    process: u32,
}

impl Manager {
    /// Starts one in a home that was `prepared`. `None` for who is not root, and may not make a namespace with control
    /// groups in it.
    fn start(prepare: impl FnOnce(&Home)) -> Option<Self> {
        if fs::metadata("/proc/self").unwrap().uid() != 0 {
            eprintln!("Only root can start a user manager of its own: not tested.");
            return None;
        }
        let home = Home::of(USER);
        let desktop = home.path().join("bin/kortti-desktop");
        fs::write(&desktop, "#!/bin/sh\nexec sleep infinity\n").unwrap();
        fs::set_permissions(&desktop, fs::Permissions::from_mode(0o755)).unwrap();
        prepare(&home);
        let script = r#"
            set -e
            while umount -l /sys/fs/cgroup 2>/dev/null; do :; done
            mount -t cgroup2 cgroup2 /sys/fs/cgroup
            group=/sys/fs/cgroup/$GROUP
            mkdir "$group" "$group/init"
            chown -R "$WHO:$WHO" "$group"
            echo $$ >"$group/init/cgroup.procs"
            # What sd_booted(3) asks for.
            mount -t tmpfs tmpfs /run
            mkdir -p /run/systemd/system
            setpriv --reuid "$WHO" --regid "$WHO" --clear-groups --inh-caps=-all /lib/systemd/systemd --user
        "#;
        let mut command = Command::new("unshare");
        command.args([
            "--mount",
            "--cgroup",
            "--pid",
            "--fork",
            "--kill-child",
            "--mount-proc",
            "sh",
            "-c",
            script,
        ]);
        let program = home.program("kortti");
        command.env_clear().env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin");
        command.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.env("WHO", USER.to_string()).env("GROUP", group(&home));
        command.current_dir(home.path());
        command.stdout(Stdio::null()).stderr(fs::File::create(home.path().join("manager.log")).unwrap());
        let namespace = Started::new(&mut command);
        let children = format!("/proc/{0}/task/{0}/children", namespace.0.id());
        let mut process = 0;
        wait_until("the namespace begins", || {
            let first = fs::read_to_string(&children).unwrap_or_default();
            process = first.split_whitespace().next().and_then(|pid| pid.parse().ok()).unwrap_or_default();
            process != 0
        });
        let place = home.path().join("systemd/private");
        wait_until("the manager listens", || place.exists());
        let manager = Self { home, namespace, process };
        wait_until("the manager has begun", || {
            manager.run("systemctl", &["--user", "show"]).status.success()
        });
        manager.systemctl(&["daemon-reload"]);
        Some(manager)
    }

    /// Runs a program as the user, where the manager is.
    fn run(&self, program: &str, arguments: &[&str]) -> Output {
        self.run_with(&[], program, arguments)
    }

    fn run_with(&self, variables: &[(&str, &str)], program: &str, arguments: &[&str]) -> Output {
        self.command(variables, program, arguments).stdin(Stdio::null()).output().unwrap()
    }

    fn command(&self, variables: &[(&str, &str)], program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--mount", "--cgroup", "--pid", "--target", &self.process.to_string()]);
        command.args([
            "setpriv",
            "--reuid",
            &USER.to_string(),
            "--regid",
            &USER.to_string(),
            "--clear-groups",
        ]);
        command.arg("--inh-caps=-all").arg(program).args(arguments);
        let inner = self.home.program("kortti");
        command.env_clear().env("PATH", "/usr/bin:/bin");
        command.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.envs(variables.iter().copied()).current_dir(self.home.path());
        command
    }

    #[track_caller]
    fn systemctl(&self, arguments: &[&str]) -> String {
        let output = self.run("systemctl", &[&["--user", "--no-pager"], arguments].concat());
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(output.status.success(), "{arguments:?}: {said}\n{}", self.log());
        said
    }

    /// A property of a unit.
    #[track_caller]
    fn property(&self, unit: &str, name: &str) -> String {
        self.systemctl(&["show", "--property", name, "--value", unit]).trim().to_owned()
    }

    #[track_caller]
    fn kortti(&self, arguments: &[&str]) -> String {
        let program = self.home.path().join("bin/kortti");
        let output = self.run(program.to_str().unwrap(), arguments);
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(output.status.success(), "{arguments:?}: {said}\n{}", self.log());
        said
    }

    fn log(&self) -> String {
        let read = |name| fs::read_to_string(self.home.path().join(name)).unwrap_or_default();
        read("manager.log") + &read("agent.log")
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        let _ = self.namespace.0.kill();
        let _ = self.namespace.0.wait();
        // The kernel empties the groups a moment after the last process.
        let script = r#"
            while umount -l /sys/fs/cgroup 2>/dev/null; do :; done
            mount -t cgroup2 cgroup2 /sys/fs/cgroup && cd /sys/fs/cgroup || exit
            for try in 1 2 3 4 5 6 7 8 9 10; do
                find "$GROUP" -depth -type d -exec rmdir {} + 2>/dev/null
                [ -d "$GROUP" ] || exit 0
                sleep 0.1
            done
        "#;
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", script]).env("GROUP", group(&self.home));
        let _ = command.status();
    }
}

/// The name of the control group: this home's.
fn group(home: &Home) -> String {
    format!("kortti{}", home.path().file_name().unwrap().to_str().unwrap())
}

/// The agent's units as they are packaged, but for where the program is, and with virtual cards.
fn install(home: &Home) {
    install_with(home, "--virtual", "");
}

/// The same with these options, and with these further settings.
fn install_with(home: &Home, options: &str, settings: &str) {
    let packaging = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../packaging/systemd"));
    let programs = home.path().join("bin");
    let units = home.path().join("config/systemd/user");
    fs::create_dir_all(&units).unwrap();
    for unit in ["kortti-agent.socket", "kortti-agent.service"] {
        let text = fs::read_to_string(packaging.join(unit)).unwrap();
        fs::write(units.join(unit), text.replace("/usr/bin", programs.to_str().unwrap())).unwrap();
    }
    let more = units.join("kortti-agent.service.d");
    fs::create_dir(&more).unwrap();
    let start = programs.join("kortti-agent");
    let options = format!("{options} --log info --log-to agent.log");
    let text = format!(
        "[Service]\n{settings}WorkingDirectory={}\nExecStart=\nExecStart={} {options}\n",
        home.path().display(),
        start.display()
    );
    fs::write(more.join("virtual.conf"), text).unwrap();
    chown(home.path().join("config"), Some(USER), Some(USER)).unwrap();
    chown(home.path().join("config/systemd"), Some(USER), Some(USER)).unwrap();
    for folder in [&units, &more] {
        chown(folder, Some(USER), Some(USER)).unwrap();
    }
}

const SERVICE: &str = "kortti-agent.service";
const SOCKET: &str = "kortti-agent.socket";

#[test]
fn from_the_first_connection_to_the_last() {
    let Some(manager) = Manager::start(install) else { return };
    let place = manager.home.path().join("kortti/agent.sock");
    manager.systemctl(&["enable", "--now", SOCKET]);
    assert_eq!(fs::metadata(&place).unwrap().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(place.parent().unwrap()).unwrap().mode() & 0o777, 0o700);
    assert_eq!(manager.property(SERVICE, "ActiveState"), "inactive");

    // The first connection starts the agent, which says when it is ready.
    assert!(manager.kortti(&["status"]).contains("Kortti Virtual Reader 00 00"));
    wait_until("the agent is ready", || manager.property(SERVICE, "ActiveState") == "active");
    assert_eq!(manager.property(SERVICE, "StatusText"), "Watching the readers.");
    let first = manager.property(SERVICE, "MainPID");

    // The sandbox is there, and cards are used in it.
    let process = format!("/proc/{}/root/proc/{first}/status", manager.process);
    let status = fs::read_to_string(&process).unwrap();
    for line in ["NoNewPrivs:\t1", "Seccomp:\t2", "Umask:\t0077"] {
        assert!(status.contains(line), "{line}\n{status}");
    }
    assert!(manager.kortti(&["cert", "list", "--reader", "Kortti Virtual Reader 00 00"]).contains("kxc00"));
    let challenge = manager.kortti(&["unblock", "start", "--reader", "Kortti Virtual Reader 00 00"]);
    assert!(challenge.contains("Challenge"), "{challenge}");

    // A reload lets go of the card and keeps the process.
    manager.systemctl(&["reload", SERVICE]);
    wait_until("the reload ends", || manager.property(SERVICE, "SubState") == "running");
    assert_eq!(manager.property(SERVICE, "MainPID"), first);
    wait_until("the card is let go of", || {
        let said =
            manager.kortti(&["unblock", "status", "--json", "--reader", "Kortti Virtual Reader 00 00"]);
        said.contains("void")
    });

    // One that dies is replaced behind the same socket.
    manager.systemctl(&["kill", "--signal=KILL", SERVICE]);
    wait_until("another agent", || {
        let now = manager.property(SERVICE, "MainPID");
        now != first && now != "0" && manager.property(SERVICE, "ActiveState") == "active"
    });
    manager.kortti(&["status"]);

    // One that is stopped leaves the socket, and comes back when it is needed.
    manager.systemctl(&["stop", SERVICE]);
    assert_eq!(manager.property(SERVICE, "Result"), "success");
    assert_eq!(manager.property(SOCKET, "ActiveState"), "active");
    manager.kortti(&["status"]);
    wait_until("the agent is ready", || manager.property(SERVICE, "ActiveState") == "active");

    // Without its socket there is no agent, and no file is left.
    manager.systemctl(&["stop", SOCKET]);
    assert_eq!(manager.property(SERVICE, "ActiveState"), "inactive");
    assert!(!place.exists());
}

/// The sandbox keeps the agent neither from the cards of a real service nor from seeing who holds one.
#[test]
fn cards_of_a_real_service() {
    let mut service = Pcscd::start();
    for folder in [service.directory().to_owned(), service.directory().join("run")] {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let socket = format!("PCSCLITE_CSOCK_NAME={}", service.socket().display());
    let started = Manager::start(|home| {
        install_with(home, "", &format!("Environment={socket}\n"));
        fs::copy(programs().join("another-program"), home.path().join("bin/another-program")).unwrap();
    });
    let Some(manager) = started else { return };
    let card = VirtualReaders::demo().card("anna").unwrap();
    let _inserted = service.insert(0, &card);
    manager.systemctl(&["start", SOCKET]);
    assert!(manager.kortti(&["cert", "list"]).contains("kxc00"));

    let other = manager.home.path().join("bin/another-program");
    let (name, place) = socket.split_once('=').unwrap();
    let mut other = manager.command(&[(name, place)], other.to_str().unwrap(), &[READERS[0], "exclusive"]);
    let mut other = Started(other.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap());
    let mut answer = String::new();
    BufReader::new(other.0.stdout.take().unwrap()).read_line(&mut answer).unwrap();
    assert_eq!(answer, "done\n");
    let kortti = manager.home.path().join("bin/kortti");
    let refused = manager.run(kortti.to_str().unwrap(), &["cert", "list"]);
    let words = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(8), "{words}");
    assert!(words.contains("another-program ("), "{words}");
    drop(other.0.stdin.take());
    assert!(other.end().success());
}

/// `kortti autostart`, which finds nothing wrong.
fn autostart(manager: &Manager, variables: &[(&str, &str)], arguments: &[&str]) -> Value {
    let state = autostart_of(manager, variables, arguments);
    assert_eq!(state.get("problem"), None, "{state}");
    state
}

fn autostart_of(manager: &Manager, variables: &[(&str, &str)], arguments: &[&str]) -> Value {
    let program = manager.home.path().join("bin/kortti");
    let arguments = [&["autostart", "--json"], arguments].concat();
    let output = manager.run_with(variables, program.to_str().unwrap(), &arguments);
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{arguments:?}: {said}\n{}", manager.log());
    serde_json::from_str(&said).unwrap()
}

/// Whether a part is there, its own, enabled and active.
fn part(state: &Value, name: &str) -> Option<(bool, bool, Option<bool>)> {
    let found = state["parts"].as_array().unwrap().iter().find(|part| part["name"] == name)?;
    let is = |key: &str| found[key].as_bool();
    Some((is("own").unwrap(), is("enabled").unwrap(), is("active")))
}

const DESKTOP: &str = "kortti-desktop.service";
const HEADLESS: &str = "kortti-desktop-headless.service";
const ENTRY: &str = "kortti-autostart.desktop";

/// A desktop that reaches graphical-session.target, as systemd.special(7) tells it to, and the programs in a folder of
/// this name.
fn a_desktop(home: &Home, folder: &str) {
    fs::rename(home.path().join("bin"), home.path().join(folder)).unwrap();
    // Where the harness expects the programs.
    std::os::unix::fs::symlink(folder, home.path().join("bin")).unwrap();
    let units = home.path().join("config/systemd/user");
    fs::create_dir_all(&units).unwrap();
    let text = "[Unit]\nBindsTo=graphical-session.target\n";
    fs::write(units.join("desktop.target"), text).unwrap();
    for folder in [units.parent().unwrap(), &units] {
        chown(folder, Some(USER), Some(USER)).unwrap();
    }
}

#[test]
fn autostart_by_units() {
    let Some(manager) = Manager::start(|home| a_desktop(home, "b in $x")) else { return };
    let units = manager.home.path().join("config/systemd/user");
    let state = autostart(&manager, &[], &["status"]);
    assert_eq!(
        state,
        json!({ "schema": 1, "on": false, "headless": false, "route": "systemd", "parts": [] })
    );

    // Without a session only the socket begins at once.
    let state = autostart(&manager, &[], &["on"]);
    assert_eq!(
        (&state["on"], &state["headless"], &state["route"]),
        (&json!(true), &json!(false), &json!("systemd"))
    );
    assert_eq!(part(&state, SOCKET), Some((true, true, Some(true))), "{state}");
    assert_eq!(part(&state, DESKTOP), Some((true, true, Some(false))), "{state}");
    assert_eq!(part(&state, HEADLESS), None);
    // Its program is found, whatever its folder is called, and an agent answers.
    assert!(manager.kortti(&["status"]).contains("Agent"));
    wait_until("the agent is ready", || manager.property(SERVICE, "ActiveState") == "active");

    // The tray comes and goes with the session.
    manager.systemctl(&["start", "desktop.target"]);
    wait_until("the tray", || manager.property(DESKTOP, "ActiveState") == "active");
    assert_eq!(autostart(&manager, &[("DISPLAY", ":7")], &["on"])["route"], "systemd");
    manager.systemctl(&["stop", "desktop.target"]);
    wait_until("the tray is gone", || manager.property(DESKTOP, "ActiveState") == "inactive");

    // A desktop that knows no systemd gets an entry, and the agent its socket all the same.
    let other = [("DISPLAY", ":7")];
    let state = autostart_of(&manager, &other, &["status"]);
    assert!(state["problem"].as_str().unwrap().contains("graphical-session.target"), "{state}");
    let state = autostart(&manager, &other, &["on"]);
    assert_eq!((&state["on"], &state["route"]), (&json!(true), &json!("desktop_entry")));
    assert_eq!(part(&state, ENTRY), Some((true, true, None)));
    assert_eq!(part(&state, SOCKET), Some((true, true, Some(true))));
    assert_eq!(part(&state, DESKTOP), None);
    assert!(manager.home.path().join("config/autostart").join(ENTRY).exists());

    let state = autostart(&manager, &other, &["off"]);
    assert_eq!((&state["on"], part(&state, ENTRY)), (&json!(false), None));
    assert_eq!(fs::read_dir(&units).unwrap().count(), 1, "more is left than the desktop's own");
    // What runs goes on.
    assert_eq!(part(&state, SOCKET), Some((false, false, Some(true))), "{state}");
    manager.kortti(&["status"]);
}

#[test]
fn autostart_without_a_desktop() {
    let Some(manager) = Manager::start(|home| a_desktop(home, "b in 100% %t $x")) else { return };
    let state = autostart(&manager, &[], &["on", "--headless"]);
    assert_eq!(
        (&state["on"], &state["headless"], &state["route"]),
        (&json!(true), &json!(true), &json!("systemd"))
    );
    assert_eq!(part(&state, HEADLESS), Some((true, true, Some(true))));
    let process = manager.property(HEADLESS, "MainPID");
    let line = fs::read(format!("/proc/{}/root/proc/{process}/cmdline", manager.process)).unwrap();
    assert!(!line.is_empty());
    // With one it is the other unit.
    manager.systemctl(&["start", "desktop.target"]);
    let state = autostart(&manager, &[], &["on"]);
    assert_eq!((&state["headless"], part(&state, DESKTOP)), (&json!(false), Some((true, true, Some(true)))));
    wait_until("the other one has ended", || manager.property(HEADLESS, "ActiveState") == "inactive");
    autostart(&manager, &[], &["off"]);
}

/// An agent that a client has started keeps its socket.
#[test]
fn autostart_beside_an_agent_that_runs() {
    let Some(manager) = Manager::start(|home| a_desktop(home, "b")) else { return };
    manager.kortti(&["agent", "start", "--virtual"]);
    let state = autostart(&manager, &[], &["on"]);
    assert_eq!(part(&state, SOCKET), Some((true, true, Some(false))), "{state}");
    assert!(manager.kortti(&["status"]).contains("Kortti Virtual Reader 00 00"));
    manager.kortti(&["agent", "stop"]);
}

/// Units that somebody else has provided are enabled and disabled, and not touched.
#[test]
fn autostart_with_packaged_units() {
    let prepare = |home: &Home| {
        a_desktop(home, "b");
        let packaging = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../packaging/systemd"));
        for unit in fs::read_dir(packaging).unwrap().map(|unit| unit.unwrap().path()) {
            fs::copy(&unit, home.path().join("config/systemd/user").join(unit.file_name().unwrap())).unwrap();
        }
    };
    let Some(manager) = Manager::start(prepare) else { return };
    let files = || {
        let units = fs::read_dir(manager.home.path().join("config/systemd/user")).unwrap();
        let files = units.map(|unit| unit.unwrap().path()).filter(|path| path.is_file());
        files.map(|path| (path.clone(), fs::read(path).unwrap())).collect::<BTreeMap<_, _>>()
    };
    let before = files();
    let state = autostart(&manager, &[], &["on"]);
    assert_eq!(part(&state, DESKTOP), Some((false, true, Some(false))));
    assert_eq!(files(), before);
    let state = autostart(&manager, &[], &["off"]);
    assert_eq!((&state["on"], part(&state, DESKTOP)), (&json!(false), Some((false, false, Some(false)))));
    assert_eq!(files(), before);
}
