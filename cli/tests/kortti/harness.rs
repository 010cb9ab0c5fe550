use std::collections::{HashMap, VecDeque};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Termios, Winsize, tcgetattr, tcsetwinsize};
use serde_json::{Value, json};
use tempfile::TempDir;

const DEADLINE: Duration = Duration::from_secs(60);

/// What the stand-in answers to a method: a result, or the `data` of an error.
pub(crate) type Reply = Result<Value, Value>;

#[derive(Default)]
struct Script {
    replies: HashMap<String, VecDeque<Reply>>,
    calls: Vec<(String, Value)>,
}

/// A stand-in for the agent: answers what it was told to, in order per method, the last answer again and again;
/// keeps what it was asked.
pub(crate) struct Agent {
    directory: TempDir,
    script: Arc<Mutex<Script>>,
    stop: Arc<AtomicBool>,
    listener: Mutex<Option<JoinHandle<()>>>,
    program: PathBuf,
}

impl Agent {
    /// A directory in which no agent runs.
    pub(crate) fn none() -> Self {
        let directory = tempfile::tempdir().unwrap();
        DirBuilder::new().mode(0o700).create(directory.path().join("kortti")).unwrap();
        Self {
            directory,
            script: Arc::default(),
            stop: Arc::default(),
            listener: Mutex::default(),
            program: env!("CARGO_BIN_EXE_kortti").into(),
        }
    }

    /// A directory in which no agent runs, and this shell script is what `kortti` starts as one.
    pub(crate) fn to_be_started(script: &str) -> Self {
        Self::beside("kortti-agent", script)
    }

    /// A directory in which no agent runs, and this shell script is the program of this name beside `kortti`.
    pub(crate) fn beside(name: &str, script: &str) -> Self {
        let mut agent = Self::none();
        agent.program = agent.path("kortti-itself");
        install(&agent.program, &std::fs::read(env!("CARGO_BIN_EXE_kortti")).unwrap());
        install(&agent.path(name), format!("#!/bin/sh\n{script}\n").as_bytes());
        agent
    }

    /// An agent with these answers beside `hello`.
    pub(crate) fn new(replies: impl IntoIterator<Item = (&'static str, Reply)>) -> Self {
        let agent = Self::none();
        agent.listen(replies);
        agent
    }

    /// From now on there is an agent with these answers beside `hello`.
    pub(crate) fn listen(&self, replies: impl IntoIterator<Item = (&'static str, Reply)>) {
        {
            let mut script = self.script.lock().unwrap();
            let hello = ("hello", Ok(json!({ "version": "0.1.0", "protocol": 1 })));
            for (method, reply) in std::iter::once(hello).chain(replies) {
                script.replies.entry(method.to_owned()).or_default().push_back(reply);
            }
        }
        let listener = UnixListener::bind(self.socket()).unwrap();
        let (script, stop) = (Arc::clone(&self.script), Arc::clone(&self.stop));
        *self.listener.lock().unwrap() = Some(std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                if stop.load(Ordering::SeqCst) {
                    break;
                }
                serve(stream, &script);
            }
        }));
    }

    fn socket(&self) -> PathBuf {
        self.directory.path().join("kortti/agent.sock")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The methods that were called, `hello` left out.
    pub(crate) fn methods(&self) -> Vec<String> {
        let script = self.script.lock().unwrap();
        script
            .calls
            .iter()
            .map(|(method, _)| method.clone())
            .filter(|method| !["hello", "config.show"].contains(&method.as_str()))
            .collect()
    }

    /// The parameters of the last call of a method.
    pub(crate) fn params(&self, method: &str) -> Value {
        let script = self.script.lock().unwrap();
        let call = script.calls.iter().rev().find(|(name, _)| name == method);
        call.unwrap_or_else(|| panic!("{method} was not called")).1.clone()
    }

    fn command(&self, prefix: &[&str], arguments: &[&str]) -> Command {
        // A session of its own, so that the terminal of whoever runs the tests is out of reach.
        let mut command = Command::new("setsid");
        command.args(prefix).arg(&self.program).args(arguments);
        command
            .env_clear()
            .env("PATH", "/nonexistent:/usr/bin:/bin")
            .env("XDG_RUNTIME_DIR", self.directory.path())
            .env("XDG_CONFIG_HOME", self.directory.path().join("config"));
        command.current_dir(self.directory.path());
        command
    }

    /// Runs the program without a terminal.
    pub(crate) fn run(&self, arguments: &[&str], input: &str) -> Finished {
        self.run_by(&[], arguments, input)
    }

    /// Runs the program as an argument of another command.
    pub(crate) fn run_by(&self, prefix: &[&str], arguments: &[&str], input: &str) -> Finished {
        let mut child = self
            .command(prefix, arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A program that refuses before it reads closes the pipe; that is no fault of the test.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        finish(child, String::new())
    }

    /// Starts the program at a terminal.
    pub(crate) fn start(&self, arguments: &[&str]) -> Dialogue {
        let pty = Pty::new();
        let child = self
            .command(&["--ctty"], arguments)
            .stdin(pty.terminal())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Dialogue { child: Some(child), pty, seen: String::new(), read: 0 }
    }

    /// Starts the program without a terminal and leaves it running.
    pub(crate) fn spawn(&self, arguments: &[&str]) -> Running {
        let child = self.command(&[], arguments).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        Running { _deadline: Deadline::of(&child), child }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let listener = self.listener.lock().unwrap().take();
        if let Some(listener) = listener {
            let woken = UnixStream::connect(self.socket());
            if woken.is_ok() {
                listener.join().unwrap();
            }
        }
    }
}

/// Writes a program. Another process does it: while this one has a program open for writing, a child that another
/// test is just starting has it open too, and then it cannot be run.
pub(crate) fn install(path: &Path, content: &[u8]) {
    let mut child =
        Command::new("install").arg("/dev/stdin").arg(path).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(content).unwrap();
    assert!(child.wait().unwrap().success());
}

/// A pipe with a name, through which a program tells that it has come somewhere.
pub(crate) struct Told(File);

impl Told {
    pub(crate) fn at(path: &Path) -> Self {
        assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
        // Open for writing too, so that nobody waits for anybody to open it.
        Self(OpenOptions::new().read(true).write(true).open(path).unwrap())
    }

    pub(crate) fn wait(&self) {
        let mut ready = [PollFd::new(&self.0, PollFlags::IN)];
        let deadline = Timespec::try_from(DEADLINE).unwrap();
        assert_eq!(poll(&mut ready, Some(&deadline)).unwrap(), 1, "nothing was told");
    }
}

/// Answers one client until it goes. A `subscribe` is followed by the events that the script has for `event`, and
/// then by silence for as long as the client stays; an error among them ends the connection.
fn serve(stream: UnixStream, script: &Mutex<Script>) {
    let mut writer = stream.try_clone().unwrap();
    for line in BufReader::new(stream).lines() {
        let Ok(line) = line else { return };
        let request: Value = serde_json::from_str(&line).unwrap();
        let method = request["method"].as_str().unwrap().to_owned();
        let reply = {
            let mut script = script.lock().unwrap();
            script.calls.push((method.clone(), request["params"].clone()));
            take(&mut script, &method)
                .unwrap_or_else(|| Err(error("bad_request", &format!("No script: {method}"))))
        };
        let answer = match reply {
            Ok(result) => json!({ "jsonrpc": "2.0", "id": request["id"], "result": result }),
            Err(data) => {
                let fault = json!({ "code": -32000, "message": data["message"], "data": data });
                json!({ "jsonrpc": "2.0", "id": request["id"], "error": fault })
            }
        };
        if writeln!(writer, "{answer}").is_err() {
            return;
        }
        if method == "subscribe" {
            let events = script.lock().unwrap().replies.remove("event").unwrap_or_default();
            for event in events {
                // As if the agent had died.
                let Ok(event) = event else { return };
                let line = json!({ "jsonrpc": "2.0", "method": "event", "params": event });
                if writeln!(writer, "{line}").is_err() {
                    return;
                }
            }
        }
    }
}

fn take(script: &mut Script, method: &str) -> Option<Reply> {
    if method == "config.show" && !script.replies.contains_key(method) {
        let config = shared::config::Config::default();
        return Some(Ok(json!({ "config": config, "entries": [], "problems": [], "places": [] })));
    }
    let replies = script.replies.get_mut(method)?;
    if replies.len() > 1 { replies.pop_front() } else { replies.front().cloned() }
}

/// The `data` of an error.
pub(crate) fn error(code: &str, message: &str) -> Value {
    json!({ "code": code, "message": message })
}

/// How a run ended.
pub(crate) struct Finished {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// What stood on the terminal.
    pub(crate) terminal: String,
}

impl Finished {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}", self.everything()))
    }

    pub(crate) fn everything(&self) -> String {
        let Self { code, stdout, stderr, terminal } = self;
        format!("exit {code}\n--- stdout\n{stdout}\n--- stderr\n{stderr}\n--- terminal\n{terminal}")
    }

    /// Fails if the exit code is another one, or a secret stands anywhere.
    pub(crate) fn ended(&self, code: i32, secrets: &[&str]) -> &Self {
        let everything = self.everything();
        assert_eq!(self.code, code, "{everything}");
        for secret in secrets {
            assert!(!everything.contains(secret), "{secret} was shown\n{everything}");
        }
        self
    }
}

/// Kills a program that does not end, so that its test fails instead of waiting for ever. Drop it once the program
/// has ended.
struct Deadline(Option<Sender<()>>, Option<JoinHandle<()>>);

impl Deadline {
    fn of(child: &Child) -> Self {
        let (ended, end) = channel();
        let id = child.id();
        let watcher = std::thread::spawn(move || {
            if end.recv_timeout(DEADLINE) == Err(RecvTimeoutError::Timeout) {
                signal(id, "KILL");
            }
        });
        Self(Some(ended), Some(watcher))
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        drop(self.0.take());
        if let Some(watcher) = self.1.take() {
            let _ = watcher.join();
        }
    }
}

fn finish(mut child: Child, terminal: String) -> Finished {
    let _deadline = Deadline::of(&child);
    let mut stdout = child.stdout.take().unwrap();
    let mut stderr = child.stderr.take().unwrap();
    let errors = std::thread::spawn(move || {
        let mut text = String::new();
        stderr.read_to_string(&mut text).unwrap();
        text
    });
    let mut text = String::new();
    stdout.read_to_string(&mut text).unwrap();
    let status = child.wait().unwrap();
    let code = status.code().unwrap_or_else(|| panic!("{status}"));
    Finished { code, stdout: text, stderr: errors.join().unwrap(), terminal }
}

/// A program that runs without a terminal; killed at the end, if it still runs.
pub(crate) struct Running {
    pub(crate) child: Child,
    _deadline: Deadline,
}

impl Running {
    pub(crate) fn line(&mut self, reader: &mut impl BufRead) -> String {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        line
    }

    pub(crate) fn signal(&self, name: &str) {
        signal(self.child.id(), name);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn signal(id: u32, name: &str) {
    let status = Command::new("kill").args(["-s", name, &id.to_string()]).status().unwrap();
    assert!(status.success());
}

/// A pseudo-terminal. The test keeps the far end open, so that nothing is lost when the program ends.
struct Pty {
    near: OwnedFd,
    far: File,
}

impl Pty {
    fn new() -> Self {
        let near = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&near).unwrap();
        unlockpt(&near).unwrap();
        let name = ptsname(&near, Vec::new()).unwrap().into_string().unwrap();
        let far = {
            use std::os::unix::fs::OpenOptionsExt;
            let flags = i32::try_from(rustix::fs::OFlags::NOCTTY.bits()).unwrap();
            OpenOptions::new().read(true).write(true).custom_flags(flags).open(Path::new(&name)).unwrap()
        };
        tcsetwinsize(&near, Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        Self { near, far }
    }

    fn terminal(&self) -> Stdio {
        self.far.try_clone().unwrap().into()
    }

    fn modes(&self) -> Termios {
        tcgetattr(&self.far).unwrap()
    }
}

/// A program at a terminal.
pub(crate) struct Dialogue {
    child: Option<Child>,
    pty: Pty,
    seen: String,
    read: usize,
}

impl Dialogue {
    /// Waits until this stands on the terminal, after what was waited for before.
    pub(crate) fn expect(&mut self, text: &str) -> &mut Self {
        let end = Instant::now() + DEADLINE;
        loop {
            if let Some(at) = self.seen[self.read..].find(text) {
                self.read += at + text.len();
                return self;
            }
            let left = end.saturating_duration_since(Instant::now());
            assert!(self.pump(left), "{text:?} did not come; there was {:?}", self.seen);
        }
    }

    /// Reads what the terminal has, waiting so long for it; false when there was nothing.
    fn pump(&mut self, patience: Duration) -> bool {
        let mut ready = [PollFd::from_borrowed_fd(self.pty.near.as_fd(), PollFlags::IN)];
        let patience = Timespec::try_from(patience).unwrap();
        if poll(&mut ready, Some(&patience)).unwrap() == 0 {
            return false;
        }
        let mut bytes = [0; 1024];
        let read = rustix::io::read(&self.pty.near, &mut bytes).unwrap();
        self.seen.push_str(std::str::from_utf8(&bytes[..read]).unwrap());
        true
    }

    /// Types at the terminal, which must be at a prompt.
    pub(crate) fn press(&mut self, keys: &str) -> &mut Self {
        let mut keys = keys.as_bytes();
        while !keys.is_empty() {
            let written = rustix::io::write(&self.pty.near, keys).unwrap();
            keys = &keys[written..];
        }
        self
    }

    /// Whether the terminal shows what is typed now, and whether its keys send signals.
    pub(crate) fn shows_and_signals(&self) -> (bool, bool) {
        let modes = self.pty.modes().local_modes;
        (modes.contains(LocalModes::ECHO), modes.contains(LocalModes::ISIG))
    }

    pub(crate) fn signal(&mut self, name: &str) -> &mut Self {
        signal(self.child.as_ref().unwrap().id(), name);
        self
    }

    /// Waits for the end.
    pub(crate) fn finish(&mut self) -> Finished {
        let mut finished = finish(self.child.take().unwrap(), String::new());
        while self.pump(Duration::ZERO) {}
        finished.terminal = std::mem::take(&mut self.seen);
        self.read = 0;
        assert_eq!(self.shows_and_signals(), (true, true), "the terminal is not as it was");
        finished
    }
}

impl Drop for Dialogue {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
