//! The units under a real `systemd --user`, in namespaces of its own: socket activation, readiness, reload, restart,
//! and a sandbox in which cards can still be used.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use harness::programs::Home;

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
    /// Starts one, with the units under `packaging`. `None` for who is not root, and may not make a namespace with
    /// control groups in it.
    fn start() -> Option<Self> {
        if fs::metadata("/proc/self").unwrap().uid() != 0 {
            eprintln!("Only root can start a user manager of its own: not tested.");
            return None;
        }
        let home = Home::of(USER);
        install(&home);
        // Each control group has a file of its own name here, by which it is found when it is to go.
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
        command.current_dir(self.home.path()).stdin(Stdio::null()).output().unwrap()
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

/// The agent's units as they are packaged, but for where the program is, and with virtual cards. A stand-in for
/// `kortti-desktop` that does nothing.
fn install(home: &Home) {
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
    let options = "--virtual --log info --log-to agent.log";
    let text = format!(
        "[Service]\nWorkingDirectory={}\nExecStart=\nExecStart={} {options}\n",
        home.path().display(),
        start.display()
    );
    fs::write(more.join("virtual.conf"), text).unwrap();
    let desktop = programs.join("kortti-desktop");
    fs::write(&desktop, "#!/bin/sh\nexec sleep infinity\n").unwrap();
    fs::set_permissions(&desktop, fs::Permissions::from_mode(0o755)).unwrap();
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
    let Some(manager) = Manager::start() else { return };
    let place = manager.home.path().join("kortti/agent.sock");
    manager.systemctl(&["enable", "--now", SOCKET]);
    assert_eq!(fs::metadata(&place).unwrap().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(place.parent().unwrap()).unwrap().mode() & 0o777, 0o700);
    assert_eq!(manager.property(SERVICE, "ActiveState"), "inactive");

    // The first connection starts the agent, which says when it is ready.
    assert!(manager.kortti(&["status"]).contains("Kortti Virtual Reader 00 00"));
    assert_eq!(manager.property(SERVICE, "ActiveState"), "active");
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
    assert_eq!(manager.property(SERVICE, "ActiveState"), "active");

    // Without its socket there is no agent, and no file is left.
    manager.systemctl(&["stop", SOCKET]);
    assert_eq!(manager.property(SERVICE, "ActiveState"), "inactive");
    assert!(!place.exists());
}
