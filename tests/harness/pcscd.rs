//! A real PC/SC service with two virtual slots: pcscd, with the reader driver vpcd of vsmartcard.
//!
//! pcscd knows one place for its socket, /run/pcscd. Each service here sees a directory of its own there, by way of
//! a mount namespace; clients are told the socket's place in PCSCLITE_CSOCK_NAME.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use card::virt::{VirtualCard, vpcd};
use tempfile::TempDir;

/// The driver of Debian's package vsmartcard-vpcd.
const DRIVER: &str = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so";
/// What pcscd makes of the driver's two slots and the name in its configuration.
pub const READERS: [&str; 2] = ["Virtual PCD 00 00", "Virtual PCD 00 01"];
/// How long anything here may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs pcscd with `$1` in the place of /run/pcscd and the configuration `$2`, until it ends by itself or standard
/// input is closed, be it because the test was killed.
const SCRIPT: &str = r#"
    mkdir -p /run/pcscd && mount --bind "$1" /run/pcscd || exit 1
    exec 3<&0
    pcscd --foreground --info --config "$2" 3<&- &
    pcscd=$!
    { cat <&3; kill -KILL $pcscd; } >/dev/null 2>&1 &
    wait $pcscd
"#;

/// A service of one's own. Dropping it ends it.
pub struct Pcscd {
    directory: TempDir,
    ports: Ports,
    process: Option<Child>,
}

impl Pcscd {
    /// Starts a service and waits until it takes connections.
    ///
    /// # Panics
    /// It does not start. The message says what it needs.
    pub fn start() -> Self {
        for (needed, package) in
            [("/usr/sbin/pcscd", "pcscd"), (DRIVER, "vsmartcard-vpcd"), ("/usr/bin/unshare", "util-linux")]
        {
            assert!(Path::new(needed).exists(), "{needed} is missing: install the package {package}");
        }
        let directory = TempDir::new().unwrap();
        let ports = Ports::take();
        for part in ["run", "conf", "home"] {
            fs::create_dir(directory.path().join(part)).unwrap();
        }
        let port = ports.first;
        fs::write(
            directory.path().join("conf/vpcd"),
            format!("FRIENDLYNAME \"Virtual PCD\"\nDEVICENAME /dev/null:0x{port:X}\nLIBPATH {DRIVER}\nCHANNELID 0x{port:X}\n"),
        )
        .unwrap();
        // What one command has read must not stand in for what the card holds when the next one asks.
        fs::write(
            directory.path().join("opensc.conf"),
            "app default {\n framework pkcs15 {\n use_file_caching = no;\n }\n}\n",
        )
        .unwrap();
        let mut service = Self { directory, ports, process: None };
        service.restart();
        service
    }

    /// The socket, as PCSCLITE_CSOCK_NAME wants it.
    pub fn socket(&self) -> PathBuf {
        self.directory.path().join("run/pcscd.comm")
    }

    /// A place for a test's own files, gone with the service.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Ends the service as a crash would.
    ///
    /// # Panics
    /// It cannot be ended.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            // Closing standard input ends pcscd, see the script.
            drop(process.stdin.take());
            process.wait().unwrap();
        }
    }

    /// Starts the service anew, in the same place with the same slots, after ending it if it runs.
    ///
    /// # Panics
    /// It does not start.
    pub fn restart(&mut self) {
        self.kill();
        for left_over in ["run/pcscd.comm", "run/pcscd.pid"] {
            fs::remove_file(self.directory.path().join(left_over)).ok();
        }
        let log = File::options().create(true).append(true).open(self.log_path()).unwrap();
        let mut unshare = Command::new("unshare");
        if !is_root() {
            unshare.arg("--map-root-user");
        }
        unshare.args(["--mount", "sh", "-c", SCRIPT, "sh"]);
        unshare.arg(self.directory.path().join("run")).arg(self.directory.path().join("conf"));
        unshare.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").stdin(Stdio::piped());
        unshare.stdout(log.try_clone().unwrap()).stderr(log);
        self.process = Some(unshare.spawn().expect("unshare cannot be started"));
        let socket = self.socket();
        self.until("accepts no connection", || UnixStream::connect(&socket).ok());
    }

    /// Inserts a card into slot 0 or 1, and returns when the service has noticed. Dropping what is returned removes
    /// the card.
    ///
    /// # Panics
    /// The slot does not listen, or the service does not notice.
    pub fn insert(&mut self, slot: u16, card: &VirtualCard) -> vpcd::Inserted {
        self.insert_by(slot, |port| vpcd::insert(card, port).ok())
    }

    /// As [`Pcscd::insert`], for a card that `insert` connects to the port that it is given, if somebody listens there.
    ///
    /// # Panics
    /// The slot does not listen, or the service does not notice.
    pub(crate) fn insert_by<T>(&mut self, slot: u16, insert: impl Fn(u16) -> Option<T>) -> T {
        let port = self.ports.first + slot;
        let log = self.log_path();
        // A card that is there before pcscd first looks is no insertion to it, but its answer to reset is told.
        let seen = || count(&log, "Card ATR:");
        let before = seen();
        let inserted = self.until("does not listen for a card", || insert(port));
        self.until("does not notice the card", || (seen() > before).then_some(()));
        inserted
    }

    /// Removes what stands for a card in slot 0 or 1, and returns when the service has noticed.
    ///
    /// # Panics
    /// The service does not notice.
    pub fn remove<T>(&mut self, slot: u16, inserted: T) {
        let log = self.log_path();
        let seen = || count(&log, &format!("Card Removed From {}", READERS[usize::from(slot)]));
        let before = seen();
        drop(inserted);
        self.until("does not notice that the card is gone", || (seen() > before).then_some(()));
    }

    /// A client's command with the environment in which it finds this service, and nothing of the user's.
    pub fn client(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("PCSCLITE_CSOCK_NAME", self.socket());
        command.env("OPENSC_CONF", self.directory.path().join("opensc.conf"));
        command.env("HOME", self.directory.path().join("home"));
        command.env("XDG_CACHE_HOME", self.directory.path().join("home"));
        command.env("LC_ALL", "C").current_dir(self.directory.path()).stdin(Stdio::null());
        command
    }

    /// Waits until the service has said this.
    ///
    /// # Panics
    /// It does not.
    pub fn until_logged(&mut self, text: &str) {
        let log = self.log_path();
        self.until(&format!("does not say \"{text}\""), || (count(&log, text) > 0).then_some(()));
    }

    /// What the service has said so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    fn log_path(&self) -> PathBuf {
        self.directory.path().join("pcscd.log")
    }

    /// Tries until something works, the service ends, or patience does.
    fn until<T>(&mut self, complaint: &str, mut attempt: impl FnMut() -> Option<T>) -> T {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(result) = attempt() {
                return result;
            }
            let gone = self.process.as_mut().is_none_or(|process| process.try_wait().unwrap().is_some());
            assert!(
                !gone && Instant::now() < end,
                "pcscd {}\n{}",
                if gone {
                    "has ended; it needs mount namespaces: run as root, or allow user namespaces"
                } else {
                    complaint
                },
                self.log()
            );
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Pcscd {
    fn drop(&mut self) {
        self.kill();
        if thread::panicking() {
            eprintln!("pcscd said:\n{}", self.log());
        }
    }
}

/// How many lines of the service's log speak of this.
fn count(log: &Path, text: &str) -> usize {
    let log = fs::read(log).unwrap_or_default();
    String::from_utf8_lossy(&log).lines().filter(|line| line.contains(text)).count()
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// Two neighbouring ports that no other test takes: a locked file stands for them.
struct Ports {
    first: u16,
    _lock: File,
}

impl Ports {
    fn take() -> Self {
        let directory = std::env::temp_dir().join("kortti-test-ports");
        fs::create_dir_all(&directory).unwrap();
        // Below the range from which the system gives ports out by itself.
        for first in (20_000..30_000).step_by(2) {
            let lock =
                File::options().create(true).append(true).open(directory.join(first.to_string())).unwrap();
            // Bound to, a port could be inherited by whatever another test is just starting.
            let is_free = |port| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err();
            if lock.try_lock().is_ok() && is_free(first) && is_free(first + 1) {
                return Self { first, _lock: lock };
            }
        }
        panic!("no two neighbouring TCP ports are free between 20000 and 30000");
    }
}
