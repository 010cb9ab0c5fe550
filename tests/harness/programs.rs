//! The two programs as a person starts them: on a private runtime directory, with everything they write kept.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use shared::client::READY;

use crate::wire::Wire;

/// How long anything may take before a test fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where this build's programs are. They are built first, so that a test never runs an old one.
pub fn programs() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let profile = profile();
        let mut build = Command::new(env!("CARGO"));
        // The whole workspace, as the tests themselves: with some of its packages alone, the libraries have other features and
        // are all built again.
        build.args(["build", "--quiet", "--workspace"]);
        if profile.ends_with("release") {
            build.arg("--release");
        }
        build.current_dir(env!("CARGO_MANIFEST_DIR"));
        assert!(build.status().expect("cargo").success(), "the programs do not build");
        profile
    })
}

/// The target folder of this build.
pub fn target() -> PathBuf {
    profile().parent().expect("the target folder").to_owned()
}

fn profile() -> PathBuf {
    let test = std::env::current_exe().expect("the path of this test");
    let profile = test.ancestors().find(|dir| dir.join("build").is_dir() && dir.join("deps").is_dir());
    profile.expect("the target folder").to_owned()
}

/// A user's home with its runtime directory, gone when dropped.
pub struct Home {
    dir: tempfile::TempDir,
    environment: Vec<(String, String)>,
    user: Option<u32>,
    /// Whether its programs see a machine with settings of its own.
    managed: bool,
}

/// Runs `$3` and what follows on a machine whose /etc has what is in `$1` as well; `$2` is room for the overlay.
const MANAGED: &str = r#"
    mount -t overlay overlay -o "lowerdir=/etc,upperdir=$1,workdir=$2" /etc || exit 1
    shift 2
    exec "$@"
"#;

impl Home {
    /// An empty one.
    pub fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o700)).expect("its mode");
        let path = dir.path().display().to_string();
        let environment = ["HOME", "XDG_RUNTIME_DIR", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"];
        let environment = environment.map(|name| (name.to_owned(), path.clone())).to_vec();
        let mut home = Self { dir, environment, user: None, managed: false };
        home.set("XDG_CONFIG_HOME", &format!("{path}/config"));
        home.configure("");
        home
    }

    /// Settles these keys, and that nothing is done when a card comes in that a test did not ask for.
    pub fn configure(&self, config: &str) {
        let quiet = "insert = [{ do = [\"notice\"] }]\n";
        self.configure_alone(&format!("{quiet}{config}"));
    }

    /// Describes a card whose PIN takes so long to change, in `cards.toml`.
    pub fn describe_slow(&self, delay: Duration) {
        let delay = delay.as_millis();
        let card = format!(
            r#"
[[reader]]
name = "Reader 00 00"
card = "slow"

[[card]]
name = "slow"
pin = "123456"
admin-key = "0123456789ABCDEFFEDCBA987654321089ABCDEF01234567"
cardid = "7D1F93C2A4E05B68B19C3D2E6F804A57"

[[card.fault]]
nth = 1
instruction = 0x24
then = {{ delay = {delay} }}
"#
        );
        fs::write(self.path().join("cards.toml"), card).expect("a description");
    }

    /// Settles keys for the whole machine, by its policy and by its own settings: from now on the programs that are
    /// started see an /etc with these files.
    pub fn manage(&mut self, policy: &str, machine: &str) {
        let etc = self.path().join("etc");
        fs::create_dir_all(etc.join("upper/kortti")).expect("a folder");
        fs::create_dir_all(etc.join("work")).expect("a folder");
        for (name, text) in [("policy.toml", policy), ("config.toml", machine)] {
            let path = etc.join("upper/kortti").join(name);
            fs::write(&path, text).expect("a file");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("its mode");
        }
        self.managed = true;
    }

    /// Settles these keys and no others.
    pub fn configure_alone(&self, config: &str) {
        // Written beside and renamed, so that an agent never reads half of it.
        let folder = self.path().join("config/kortti");
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join("config.new"), config).expect("a file");
        fs::rename(folder.join("config.new"), folder.join("config.toml")).expect("a file renamed");
    }

    /// The home of another user, for root to make. It has the programs in it: the folder in which they were built
    /// need not be open to everybody.
    pub fn of(user: u32) -> Self {
        let mut home = Self::new();
        home.set_apart(&["kortti", "kortti-agent"]);
        for theirs in ["", "config", "config/kortti", "config/kortti/config.toml"] {
            chown(home.path().join(theirs), Some(user), Some(user)).expect("root");
        }
        home.user = Some(user);
        home
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Adds a variable to the environment of everything that is started in it.
    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// Puts programs of this build into a folder of its own, where they find no others beside themselves.
    ///
    /// # Panics
    /// They cannot be put there.
    pub fn set_apart(&self, names: &[&str]) {
        let bin = self.path().join("bin");
        fs::create_dir(&bin).expect("a folder for the programs");
        for name in names {
            let (program, apart) = (programs().join(name), bin.join(name));
            // On another file system they have to be copied. Another process does it, as whoever is just being started by another
            // test would have the copy open for writing too, and then it cannot be run.
            let is_there = fs::hard_link(&program, &apart).is_ok()
                || Command::new("cp").args([&program, &apart]).status().is_ok_and(|status| status.success());
            assert!(is_there, "{name} cannot be put into {}", bin.display());
        }
    }

    fn place_of(&self, name: &str) -> PathBuf {
        let apart = self.path().join("bin").join(name);
        if apart.exists() { apart } else { programs().join(name) }
    }

    /// A program of this build in this home.
    pub fn program(&self, name: &str) -> Command {
        let mut command = match self.user {
            None if self.managed => self.on_a_managed_machine(&self.place_of(name)),
            None => Command::new(self.place_of(name)),
            Some(user) => {
                let mut command = Command::new(self.path().join("bin").join(name));
                command.uid(user).gid(user);
                command
            }
        };
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.current_dir(self.path());
        command
    }

    fn on_a_managed_machine(&self, program: &Path) -> Command {
        let mut command = Command::new("unshare");
        if !rustix::process::geteuid().is_root() {
            command.arg("--map-root-user");
        }
        command.args(["--mount", "sh", "-c", MANAGED, "sh"]);
        command.arg(self.path().join("etc/upper")).arg(self.path().join("etc/work")).arg(program);
        command
    }

    /// Starts an agent that logs all it can, and waits until its socket can be used.
    pub fn agent(&self, arguments: &[&str]) -> AgentProcess {
        self.agent_that_logs("trace", arguments)
    }

    /// The same, and waits until it knows the cards: on a busy machine that may take longer than a request waits for it.
    pub fn agent_with_cards(&self, arguments: &[&str]) -> AgentProcess {
        let agent = self.agent(arguments);
        self.knows_its_cards();
        agent
    }

    /// Waits until no card is being identified any more.
    ///
    /// # Panics
    /// One goes on being identified.
    pub fn knows_its_cards(&self) {
        let end = Instant::now() + PATIENCE;
        while self.kortti(&["status", "--json"], &[]).code(0).stdout.contains("\"identifying\"") {
            assert!(Instant::now() < end, "a card goes on being identified");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until an agent that was told to stop has ended: the last that it does is to take its socket away.
    ///
    /// # Panics
    /// It does not end.
    pub fn has_no_agent(&self) {
        let end = Instant::now() + PATIENCE;
        while Wire::place(self).exists() {
            assert!(Instant::now() < end, "the agent does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Starts an agent that logs at this level, and waits until its socket can be used.
    pub fn agent_that_logs(&self, level: &str, arguments: &[&str]) -> AgentProcess {
        let log = self.path().join("agent.log");
        let stderr = File::options().create(true).append(true).open(&log).expect("a log file");
        let mut command = self.program("kortti-agent");
        command.args(["--log", level]).args(arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(stderr).spawn().expect("an agent");
        let stdout = child.stdout.take().expect("its output");
        let mut first = String::new();
        BufReader::new(stdout).read_line(&mut first).expect("its first line");
        let words = fs::read_to_string(&log).unwrap_or_default();
        assert_eq!(first.trim_end(), READY, "the agent did not start: {words}");
        AgentProcess { child, log }
    }

    /// Runs `kortti`, with these lines on its standard input.
    pub fn kortti(&self, arguments: &[&str], lines: &[&str]) -> Run {
        let mut command = self.program("kortti");
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("kortti");
        let mut stdin = child.stdin.take().expect("its input");
        for line in lines {
            // Whether it reads its input is its own business.
            let _ = writeln!(stdin, "{line}");
        }
        drop(stdin);
        let output = child.wait_with_output().expect("its end");
        Run {
            command: arguments.join(" "),
            status: output.status,
            stdout: String::from_utf8(output.stdout).expect("UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }
}

impl Default for Home {
    fn default() -> Self {
        Self::new()
    }
}

/// A running agent; killed when dropped.
pub struct AgentProcess {
    child: Child,
    log: PathBuf,
}

impl AgentProcess {
    /// Its process number.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has logged so far, at the highest level.
    pub fn log(&self) -> String {
        // What it is just writing may end within a character.
        String::from_utf8_lossy(&fs::read(&self.log).expect("its log")).into_owned()
    }

    /// Kills it as a power cut would.
    pub fn kill(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("its end");
    }

    /// Waits for its end.
    pub fn wait(mut self) -> ExitStatus {
        self.child.wait().expect("its end")
    }

    /// Waits for its end, but only so long; `None` when it still runs then.
    pub fn ends_within(&mut self, patience: Duration) -> Option<ExitStatus> {
        let end = Instant::now() + patience;
        loop {
            match self.child.try_wait().expect("its state") {
                None if Instant::now() < end => std::thread::sleep(Duration::from_millis(5)),
                status => return status,
            }
        }
    }

    /// Asks it to end as a session manager does.
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), signal)
            .expect("a running agent");
    }

    /// Bytes of memory that it occupies now (VmRSS).
    pub fn resident(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("its status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
        1024 * line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number")
    }
}

impl Drop for AgentProcess {
    fn drop(&mut self) {
        // One that has ended already cannot be killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let log = fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        if std::thread::panicking() {
            let tail: Vec<&str> = log.lines().rev().take(60).collect();
            eprintln!("the end of the agent's log:");
            tail.iter().rev().for_each(|line| eprintln!("  {line}"));
        } else {
            let panicked = log.lines().find(|line| line.contains("panicked"));
            assert_eq!(panicked, None, "a thread of the agent panicked");
        }
    }
}

/// How a run of `kortti` ended.
#[derive(Debug)]
pub struct Run {
    command: String,
    /// Its end.
    pub status: ExitStatus,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl Run {
    /// Makes sure that it ended with this exit code.
    #[track_caller]
    pub fn code(self, code: i32) -> Self {
        assert_eq!(self.status.code(), Some(code), "kortti {}\n{}{}", self.command, self.stdout, self.stderr);
        self
    }

    /// Its standard output as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}
