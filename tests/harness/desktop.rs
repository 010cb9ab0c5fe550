//! `kortti-desktop` as a session starts it: with an agent of virtual cards, on buses of its own.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};
use shared::client::READY;

use super::bus::{Bus, PATIENCE};
use super::programs::{Home, programs};

/// A home whose programs find nothing but this session: these buses, and the programs that a test puts on the path. There is no
/// window but the one that a test puts there.
///
/// # Panics
/// No folder can be made.
pub fn session(session: Option<&Bus>, system: Option<&Bus>) -> Home {
    let mut home = Home::new();
    let nowhere = format!("unix:path={}/no-bus", home.path().display());
    let address = |bus: Option<&Bus>| bus.map_or(nowhere.clone(), Bus::address);
    home.set("DBUS_SESSION_BUS_ADDRESS", &address(session));
    home.set("DBUS_SYSTEM_BUS_ADDRESS", &address(system));
    home.set_apart(&["kortti", "kortti-agent", "kortti-desktop"]);
    let bin = home.path().join("path");
    fs::create_dir(&bin).expect("a folder");
    let data = home.path().join("share").display().to_string();
    home.set("XDG_DATA_DIRS", &data);
    home.set("PATH", &bin.display().to_string());
    for name in ["DISPLAY", "WAYLAND_DISPLAY", "TERMINAL"] {
        home.set(name, "");
    }
    home
}

/// Puts a shell script on the path of a home.
///
/// # Panics
/// It cannot be written.
pub fn script(home: &Home, name: &str, text: &str) {
    let path = home.path().join("path").join(name);
    let folder = home.path().display();
    fs::create_dir_all(home.path().join("path")).expect("a folder");
    install(&path, format!("#!/bin/sh\nPATH=/usr/bin:/bin\ncd '{folder}' || exit 1\n{text}\n").as_bytes());
}

/// A pinentry that answers from the file `answers`, a line for each question, and keeps what it was told in `told`.
pub const PINENTRY: &str = r#"
exec 3< answers
echo 'OK Pleased to meet you'
while IFS= read -r line; do
    printf '%s\n' "$line" >> told
    case $line in
        GETPIN)
            IFS= read -r answer <&3 || answer=cancel
            case $answer in
                cancel) echo 'ERR 83886179 Operation cancelled <Pinentry>' ;;
                '') echo OK ;;
                *) printf 'S PASSWORD_FROM_CACHE\nD %s\nOK\n' "$answer" ;;
            esac ;;
        CONFIRM)
            IFS= read -r answer <&3 || answer=no
            if [ "$answer" = yes ]; then echo OK; else echo 'ERR 83886194 Not confirmed <Pinentry>'; fi ;;
        *) echo OK ;;
    esac
done
"#;

/// Writes a program. Another process does it: while this one has a program open for writing, a child that another
/// test is just starting has it open too, and then it cannot be run.
fn install(path: &Path, content: &[u8]) {
    let mut command = Command::new("install");
    let mut child = command.arg("/dev/stdin").arg(path).stdin(Stdio::piped()).spawn().expect("install");
    let mut stdin = child.stdin.take().expect("its input");
    stdin.write_all(content).expect("a program");
    drop(stdin);
    assert!(child.wait().expect("its end").success());
}

/// Waits until a file of a home has a text that fits.
///
/// # Panics
/// It does not, and the message says what it has.
#[track_caller]
pub fn file(home: &Home, name: &str, fits: impl Fn(&str) -> bool) -> String {
    let path = home.path().join(name);
    let end = Instant::now() + PATIENCE;
    loop {
        let text = fs::read_to_string(&path).unwrap_or_default();
        if fits(&text) {
            return text;
        }
        assert!(Instant::now() < end, "{name}: {text}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// A running `kortti-desktop`; killed when dropped.
pub struct Desktop {
    child: Child,
    log: PathBuf,
}

impl Desktop {
    /// Starts it in a home, and waits until it is ready.
    ///
    /// # Panics
    /// It does not start.
    pub fn start(home: &Home, arguments: &[&str]) -> Self {
        Self::start_that_logs(home, "debug", arguments)
    }

    /// The same, with this level of its log.
    ///
    /// # Panics
    /// It does not start.
    pub fn start_that_logs(home: &Home, level: &str, arguments: &[&str]) -> Self {
        Self::run(home, home.program("kortti-desktop"), level, arguments)
    }

    /// Starts it where the agent that it starts itself has the virtual cards of this description, a file of the home.
    ///
    /// # Panics
    /// It does not start.
    pub fn start_beside_virtual(home: &Home, description: &str, arguments: &[&str]) -> Self {
        let own = programs();
        let program = home.path().join("path/kortti-desktop");
        install(&program, &fs::read(own.join("kortti-desktop")).expect("kortti-desktop"));
        let agent = own.join("kortti-agent").display().to_string();
        script(home, "kortti-agent", &format!("exec '{agent}' --virtual '{description}' \"$@\""));
        let mut command = home.program("kortti-desktop");
        let environment: Vec<_> = command
            .get_envs()
            .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
            .collect();
        command = Command::new(program);
        command.envs(environment).current_dir(home.path());
        Self::run(home, command, "debug", arguments)
    }

    fn run(home: &Home, mut command: Command, level: &str, arguments: &[&str]) -> Self {
        let log = home.path().join("desktop.log");
        let stderr = File::options().create(true).append(true).open(&log).expect("a log file");
        command.args(["--log", level]).args(arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(stderr).spawn().expect("kortti-desktop");
        let mut first = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut first).expect("a line");
        assert_eq!(first.trim_end(), READY, "{}", fs::read_to_string(&log).unwrap_or_default());
        Self { child, log }
    }

    /// Its process number.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has logged so far.
    ///
    /// # Panics
    /// Its log cannot be read.
    pub fn log(&self) -> String {
        // What it is just writing may end within a character.
        String::from_utf8_lossy(&fs::read(&self.log).expect("its log")).into_owned()
    }

    /// Waits until it has logged this.
    ///
    /// # Panics
    /// It does not.
    #[track_caller]
    pub fn logs(&self, words: &str) {
        self.logs_times(words, 1);
    }

    /// Waits until it has logged this so often.
    ///
    /// # Panics
    /// It does not.
    #[track_caller]
    pub fn logs_times(&self, words: &str, times: usize) {
        let end = Instant::now() + PATIENCE;
        while self.log().matches(words).count() < times {
            assert!(Instant::now() < end, "{words}\n{}", self.log());
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Settles these keys and no others, and waits until it has taken them in.
    ///
    /// # Panics
    /// It does not.
    #[track_caller]
    pub fn configure(&self, home: &Home, config: &str) {
        let taken = || self.log().matches("settings are taken in").count();
        let before = taken();
        home.configure_alone(config);
        let end = Instant::now() + PATIENCE;
        while taken() == before {
            assert!(Instant::now() < end, "{}", self.log());
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Asks it to end as a session manager does.
    ///
    /// # Panics
    /// It has ended.
    pub fn terminate(&self) {
        rustix::process::kill_process(Pid::from_child(&self.child), Signal::TERM).expect("a running program");
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// It does not end in time.
    #[track_caller]
    pub fn ends(mut self) -> ExitStatus {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("its state") {
                return status;
            }
            assert!(Instant::now() < end, "it still runs\n{}", self.log());
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        // It has ended already if it was told to.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        if thread::panicking() {
            let tail: Vec<&str> = log.lines().rev().take(40).collect();
            eprintln!("the end of the desktop's log:");
            tail.iter().rev().for_each(|line| eprintln!("  {line}"));
        } else {
            assert!(!log.contains("panicked"), "{log}");
        }
    }
}
