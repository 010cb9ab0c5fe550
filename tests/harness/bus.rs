//! A bus of D-Bus for one test, and a place on it for a stand-in.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::watch;
use zbus::Connection;
use zbus::connection::Builder;

/// How long anything on a bus may take before the test fails.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A `dbus-daemon` with a configuration, a socket and services of its own; killed when dropped.
pub struct Bus {
    dir: tempfile::TempDir,
    child: Option<Child>,
}

impl Bus {
    /// Starts one on which nobody is.
    ///
    /// # Panics
    /// There is no `dbus-daemon`.
    pub fn new() -> Self {
        let mut bus = Self::down();
        bus.start();
        bus
    }

    /// One that does not run yet.
    ///
    /// # Panics
    /// No file can be written.
    pub fn down() -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        fs::create_dir(dir.path().join("services")).expect("a directory for services");
        let configuration = format!(
            r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
             "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
            <busconfig>
              <type>session</type>
              <listen>unix:path={0}/socket</listen>
              <servicedir>{0}/services</servicedir>
              <policy context="default">
                <allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
              </policy>
            </busconfig>"#,
            dir.path().display()
        );
        fs::write(dir.path().join("bus.conf"), configuration).expect("a configuration");
        Self { dir, child: None }
    }

    /// Starts it, at the same address as before.
    ///
    /// # Panics
    /// It does not start.
    pub fn start(&mut self) {
        let mut daemon = Command::new("dbus-daemon");
        daemon.arg(format!("--config-file={}", self.dir.path().join("bus.conf").display()));
        daemon.args(["--nofork", "--nopidfile", "--nosyslog", "--print-address=1"]);
        let mut child = daemon.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap_or_else(|error| {
            panic!("dbus-daemon cannot be started: {error}. packaging/test installs what the tests need.")
        });
        let mut address = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut address).unwrap();
        assert!(address.starts_with("unix:"), "the bus did not start");
        self.child = Some(child);
    }

    /// Kills it, and takes its socket away.
    ///
    /// # Panics
    /// It does not run.
    pub fn kill(&mut self) {
        let mut child = self.child.take().expect("a running bus");
        child.kill().unwrap();
        child.wait().unwrap();
        fs::remove_file(self.socket()).unwrap();
    }

    /// Its address, whether it runs or not.
    pub fn address(&self) -> String {
        format!("unix:path={}", self.socket().display())
    }

    /// Lets the bus start a program for whoever asks for this name.
    ///
    /// # Panics
    /// No file can be written.
    pub fn offers(&self, name: &str, program: &Path, arguments: &str) {
        let service = format!("[D-BUS Service]\nName={name}\nExec={} {arguments}\n", program.display());
        fs::write(self.dir.path().join(format!("services/{name}.service")), service).unwrap();
    }

    fn socket(&self) -> PathBuf {
        self.dir.path().join("socket")
    }
}

impl Default for Bus {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // It has ended if the test killed it otherwise.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Somebody on a bus, with a thread that answers for him; gone from it when dropped.
pub struct Peer {
    runtime: Option<Runtime>,
    connection: Option<Connection>,
    news: watch::Receiver<u64>,
}

/// Rung by a stand-in whenever it has seen something.
pub type Bell = watch::Sender<u64>;

impl Peer {
    /// Comes to the bus. `serve` says what it offers there, before it has the name.
    ///
    /// # Panics
    /// The bus does not run, or the name is taken.
    pub fn comes(
        address: &str,
        name: Option<&str>,
        serve: impl for<'a> FnOnce(Builder<'a>, &Bell) -> zbus::Result<Builder<'a>>,
    ) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (bell, news) = watch::channel(0);
        let connection = runtime.block_on(within(async {
            let mut builder = serve(Builder::address(address).unwrap(), &bell).unwrap();
            if let Some(name) = name {
                builder = builder.name(name).unwrap();
            }
            builder.build().await.unwrap()
        }));
        Self { runtime: Some(runtime), connection: Some(connection), news }
    }

    /// Its connection.
    pub fn connection(&self) -> &Connection {
        self.connection.as_ref().unwrap()
    }

    /// Does something, within the time.
    ///
    /// # Panics
    /// It takes too long.
    #[track_caller]
    pub fn does<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.as_ref().unwrap().block_on(within(work))
    }

    /// Goes on doing something, as long as it is there.
    pub fn goes_on(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.runtime.as_ref().unwrap().spawn(work);
    }

    /// Looks, and looks again whenever there is news, until there is something to see.
    ///
    /// # Panics
    /// Nothing comes, and the message says what was seen last.
    #[track_caller]
    pub fn until<T, S: std::fmt::Debug>(
        &self,
        mut look: impl FnMut() -> S,
        fits: impl Fn(&S) -> Option<T>,
    ) -> T {
        let end = std::time::Instant::now() + PATIENCE;
        let mut news = self.news.clone();
        loop {
            news.borrow_and_update();
            let seen = look();
            if let Some(found) = fits(&seen) {
                return found;
            }
            let left = end.saturating_duration_since(std::time::Instant::now());
            let changed = self
                .runtime
                .as_ref()
                .unwrap()
                .block_on(async { tokio::time::timeout(left, news.changed()).await });
            assert!(matches!(changed, Ok(Ok(()))), "what was waited for did not come; last seen: {seen:#?}");
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let (runtime, connection) = (self.runtime.take().unwrap(), self.connection.take().unwrap());
        // The bus may be gone already.
        let _ = runtime.block_on(async { tokio::time::timeout(PATIENCE, connection.close()).await });
        runtime.shutdown_background();
    }
}

async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, work).await.expect("an answer on the bus in time")
}
