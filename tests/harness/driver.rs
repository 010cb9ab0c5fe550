//! `surface-driver`, which does with the surface what a test says, and tells what it hears from it.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::bus::{Bus, PATIENCE};
use super::programs::{Home, programs};

/// A running `surface-driver`, in a home and on buses of its own; killed when dropped.
pub struct Driver {
    home: Home,
    child: Child,
    stdin: Option<ChildStdin>,
    heard: Receiver<String>,
    log: PathBuf,
}

impl Driver {
    /// Starts it with tray and notices on this bus; `None` for an address where nothing is.
    pub fn on(session: Option<&Bus>) -> Self {
        Self::starts(session, None, &json!({"tray": true, "notices": true}))
    }

    /// Starts it with what is wanted.
    ///
    /// # Panics
    /// It cannot be started.
    pub fn starts(session: Option<&Bus>, system: Option<&Bus>, wanted: &Value) -> Self {
        let mut home = Home::new();
        let nowhere = format!("unix:path={}/no-bus", home.path().display());
        let address = |bus: Option<&Bus>| bus.map_or(nowhere.clone(), Bus::address);
        home.set("DBUS_SESSION_BUS_ADDRESS", &address(session));
        home.set("DBUS_SYSTEM_BUS_ADDRESS", &address(system));
        let data = home.path().join("share").display().to_string();
        home.set("XDG_DATA_DIRS", &data);
        Self::in_home(home, wanted)
    }

    /// Starts it in this home.
    ///
    /// # Panics
    /// It cannot be started.
    pub fn in_home(home: Home, wanted: &Value) -> Self {
        let log = home.path().join("driver.log");
        let mut command = home.program("surface-driver");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(File::create(&log).unwrap());
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", programs().join("surface-driver").display()));
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, heard) = channel();
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                // The test may have had enough.
                let _ = sender.send(line);
            }
        });
        let mut driver = Self { stdin: child.stdin.take(), home, child, heard, log };
        driver.does(&json!({"do": "start", "wanted": wanted}));
        driver
    }

    /// Lets it do something.
    ///
    /// # Panics
    /// It has ended.
    pub fn does(&mut self, command: &Value) {
        writeln!(self.stdin.as_mut().unwrap(), "{command}").unwrap();
    }

    /// Waits until it hears this.
    ///
    /// # Panics
    /// It does not, and the message says what it heard instead.
    #[track_caller]
    pub fn hears(&self, awaited: &str) {
        let heard = self.hears_until(awaited);
        assert_eq!(heard.last().map(String::as_str), Some(awaited), "before it: {heard:#?}");
    }

    /// All that it hears up to this, which is the last of it.
    ///
    /// # Panics
    /// It does not come, and the message says what came instead.
    #[track_caller]
    pub fn hears_until(&self, awaited: &str) -> Vec<String> {
        let end = Instant::now() + PATIENCE;
        let mut lines = Vec::new();
        loop {
            match self.heard.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    let is_it = line == awaited;
                    lines.push(line);
                    if is_it {
                        return lines;
                    }
                }
                Err(error) => panic!("{awaited}: {error}; heard instead: {lines:#?}\n{}", self.log()),
            }
        }
    }

    /// The next that it hears.
    ///
    /// # Panics
    /// It hears nothing.
    #[track_caller]
    pub fn hears_next(&self) -> String {
        self.heard.recv_timeout(PATIENCE).expect("something heard")
    }

    /// Makes sure that nothing comes for so long.
    ///
    /// # Panics
    /// Something comes.
    #[track_caller]
    pub fn hears_nothing_for(&self, time: Duration) {
        assert_eq!(self.heard.recv_timeout(time), Err(RecvTimeoutError::Timeout));
    }

    /// Waits for its end after it was told to stop.
    ///
    /// # Panics
    /// It fails.
    #[track_caller]
    pub fn ends(mut self) {
        self.does(&json!({"do": "stop"}));
        drop(self.stdin.take());
        assert!(self.child.wait().unwrap().success());
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

    /// Its home.
    pub fn home(&self) -> &Home {
        &self.home
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // It has ended already if it was told to.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        if thread::panicking() {
            eprintln!("the log of the surface:\n{log}");
        } else {
            assert!(!log.contains("panicked"), "{log}");
        }
    }
}
