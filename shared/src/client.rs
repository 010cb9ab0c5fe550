//! A typed client of the agent: one call per method, and the event stream as an iterator.

use std::ffi::OsString;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use interprocess::local_socket::Stream;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::VERSION;
use crate::error::{Error, ErrorCode, Result};
use crate::rpc::events::Event;
use crate::rpc::methods::{Empty, Hello, HelloParams, Subscribe};
use crate::rpc::{Answer, Call, Method, Notification, PROTOCOL};
use crate::socket::{self, LineReader, Patience};

/// How long an answer may take. Longer than the agent's own limit on an operation, so that its words are heard.
const ANSWER: Duration = Duration::from_secs(240);

/// A connection to the agent.
pub struct Client {
    stream: Stream,
    lines: LineReader,
    id: u64,
}

impl Client {
    /// Connects to the agent that runs, and agrees on the protocol.
    ///
    /// # Errors
    /// [`ErrorCode::NoAgent`], [`ErrorCode::Permission`], [`ErrorCode::ProtocolVersion`].
    pub fn connect() -> Result<Self> {
        let mut client = Self { stream: socket::connect()?, lines: LineReader::default(), id: 0 };
        let hello = HelloParams { client: format!("kortti {VERSION}"), protocol: PROTOCOL };
        client.call::<Hello>(&hello)?;
        Ok(client)
    }

    /// Connects to the agent, and starts one first when none runs.
    ///
    /// # Errors
    /// As for [`Client::connect`], and [`ErrorCode::NoAgent`] when none can be started.
    pub fn connect_or_start() -> Result<Self> {
        match Self::connect() {
            Err(error) if error.code == ErrorCode::NoAgent => start_agent(&[]),
            connected => connected,
        }
    }

    /// Calls a method and waits for its reply.
    ///
    /// # Errors
    /// What the agent says, and [`ErrorCode::NoAgent`] when it goes away.
    pub fn call<M: Method>(&mut self, params: &M::Params) -> Result<M::Reply> {
        self.exchange(M::NAME, params)
    }

    fn exchange<R: DeserializeOwned>(
        &mut self,
        method: &str,
        params: &(impl Serialize + ?Sized),
    ) -> Result<R> {
        self.id += 1;
        let call = Call { jsonrpc: "2.0", id: self.id, method, params: &params };
        match socket::write_line(&self.stream, &call) {
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                return Err(Error::new(ErrorCode::BadRequest, "The request is too large."));
            }
            // An agent that has closed the connection has said before why.
            Ok(()) | Err(_) => {}
        }
        let patience = Patience { first: Some(ANSWER), rest: ANSWER };
        let line = self.lines.next(&self.stream, patience).map_err(|_| lost())?.ok_or_else(lost)?;
        let answer: Answer<'_, R> = serde_json::from_slice(line).map_err(|_| {
            Error::new(
                ErrorCode::ProtocolVersion,
                "The agent's answer was not understood: restart the agent.",
            )
        })?;
        match (answer.result, answer.error) {
            (_, Some(fault)) => Err(fault.data),
            (Some(reply), None) => Ok(reply),
            (None, None) => Err(lost()),
        }
    }

    /// Calls a method by its name, for a program that hands on what others ask: parameters and reply stay as they are.
    ///
    /// # Errors
    /// As for [`Client::call`].
    pub fn forward(&mut self, method: &str, params: &RawValue) -> Result<Box<RawValue>> {
        self.exchange(method, params)
    }

    /// Turns the connection into the event stream, which begins with a snapshot.
    ///
    /// # Errors
    /// As for [`Client::call`].
    pub fn subscribe(mut self) -> Result<Events> {
        self.call::<Subscribe>(&Empty {})?;
        Ok(Events { stream: self.stream, lines: self.lines })
    }
}

/// The events of the agent, as they happen. Ends with the agent.
pub struct Events {
    stream: Stream,
    lines: LineReader,
}

/// What came within a time.
pub enum Heard<'e> {
    /// An event, as the JSON of its parameters.
    Event(&'e str),
    /// Nothing.
    Nothing,
    /// The agent has ended.
    End,
}

impl Events {
    /// Waits so long for the next event, which stays as it is. On Windows it waits until there is one.
    ///
    /// # Errors
    /// [`ErrorCode::NoAgent`] when the connection breaks, [`ErrorCode::ProtocolVersion`].
    pub fn hear(&mut self, wait: Duration) -> Result<Heard<'_>> {
        let patience = Patience { first: Some(wait), rest: ANSWER };
        match self.lines.next(&self.stream, patience) {
            Ok(None) => Ok(Heard::End),
            Ok(Some(line)) => {
                let event = serde_json::from_slice::<Notification<'_, &RawValue>>(line);
                event
                    .map(|notification| Heard::Event(notification.params.get()))
                    .map_err(|_| not_understood())
            }
            Err(error) if error.kind() == io::ErrorKind::TimedOut => Ok(Heard::Nothing),
            Err(_) => Err(lost()),
        }
    }
}

impl Iterator for Events {
    type Item = Result<Event>;

    fn next(&mut self) -> Option<Self::Item> {
        let patience = Patience { first: None, rest: ANSWER };
        match self.lines.next(&self.stream, patience) {
            Ok(None) => None,
            Ok(Some(line)) => {
                let event = serde_json::from_slice::<Notification<'_, Event>>(line);
                Some(event.map(|notification| notification.params).map_err(|_| not_understood()))
            }
            Err(_) => Some(Err(lost())),
        }
    }
}

fn not_understood() -> Error {
    Error::new(ErrorCode::ProtocolVersion, "An event was not understood: restart the agent.")
}

fn lost() -> Error {
    Error::new(
        ErrorCode::NoAgent,
        "The connection to the agent was lost. What became of the request is not known; look at the card before \
         you try again.",
    )
}

/// The line that an agent prints to its standard output once its socket can be used.
pub const READY: &str = "ready";

/// The exit code of a program of which another one of this user is at work.
pub const RUNS_ALREADY: u8 = 23;

/// How long an agent that runs already is waited for, and how long until another one is started instead: the one
/// at work may be just beginning, or just ending.
const OTHER: Duration = Duration::from_secs(5);
const OTHER_TURN: Duration = Duration::from_secs(1);
/// The pause between two attempts at a socket that another process is about to make.
const OTHER_PAUSE: Duration = Duration::from_millis(20);

/// Starts an agent in the background, with these further arguments, and connects to it. When another program
/// starts one at the same moment, that one is used; unless there are arguments, which it may not have been given.
///
/// # Errors
/// [`ErrorCode::NoAgent`] with the agent's own words, [`ErrorCode::BadRequest`] for arguments that come too late.
pub fn start_agent(arguments: &[OsString]) -> Result<Client> {
    let given_up = Instant::now() + OTHER;
    loop {
        if launch("kortti-agent", arguments).map_err(not_started)? == Launched::Ready {
            return Client::connect();
        }
        if let Some(client) = connect_to_other()? {
            return if arguments.is_empty() { Ok(client) } else { Err(runs_already()) };
        }
        if Instant::now() >= given_up {
            return Err(not_started("one runs already, but it does not answer."));
        }
    }
}

/// The refusal of arguments for an agent that has been started without them.
#[must_use]
pub fn runs_already() -> Error {
    Error::new(ErrorCode::BadRequest, "An agent runs already. Stop it first with: kortti agent stop")
}

/// Connects to an agent that another program started, as soon as it can be; `None` when that takes too long.
fn connect_to_other() -> Result<Option<Client>> {
    let end = Instant::now() + OTHER_TURN;
    loop {
        match Client::connect() {
            Err(error) if error.code != ErrorCode::NoAgent => return Err(error),
            Err(_) if Instant::now() >= end => return Ok(None),
            Err(_) => thread::sleep(OTHER_PAUSE),
            Ok(client) => return Ok(Some(client)),
        }
    }
}

#[derive(PartialEq, Eq)]
enum Launched {
    /// Its socket can be used.
    Ready,
    /// It has ended, as there is another one.
    RunsAlready,
}

/// Starts the desktop program in the background, unless one runs.
///
/// # Errors
/// [`ErrorCode::System`] with its own words.
pub fn start_desktop() -> Result<()> {
    let failed =
        |why| Error::new(ErrorCode::System, format!("The desktop program could not be started: {why}"));
    launch("kortti-desktop", &[]).map(drop).map_err(failed)
}

/// Starts a program of Kortti's, and waits until it says that it is ready. The error is in words.
fn launch(name: &str, arguments: &[OsString]) -> std::result::Result<Launched, String> {
    let failed = |error: io::Error| error.to_string();
    // It outlives whatever the caller keeps open: a file with PINs, somebody's lock, a directory.
    #[cfg(unix)]
    close_fds::set_fds_cloexec(3, &[]);
    let mut child = Command::new(program(name))
        .arg("--detached")
        .args(arguments)
        .current_dir("/")
        // What a service manager has for the caller is not for the agent.
        .env_remove("NOTIFY_SOCKET")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => format!("{name} was found neither beside kortti nor on the PATH."),
            _ => error.to_string(),
        })?;
    if let Some(stdout) = child.stdout.take() {
        let mut stdout = BufReader::new(stdout);
        let mut first = String::new();
        stdout.read_line(&mut first).map_err(failed)?;
        if first.trim_end() == READY {
            // On Unix a detached program lets go of its streams last, once it is in a session of its own.
            if cfg!(unix) {
                stdout.read_to_string(&mut first).map_err(failed)?;
            }
            return Ok(Launched::Ready);
        }
    }
    let words = child.stderr.take().map(io::read_to_string).transpose().map_err(failed)?;
    if child.wait().map_err(failed)?.code() == Some(RUNS_ALREADY.into()) {
        return Ok(Launched::RunsAlready);
    }
    Err(words.unwrap_or_default().trim().to_owned())
}

fn not_started(why: impl std::fmt::Display) -> Error {
    Error::new(ErrorCode::NoAgent, format!("The agent could not be started: {why}"))
}

/// A program of Kortti's: the one beside the running program, or the one on the PATH.
pub fn program(name: &str) -> PathBuf {
    let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    let beside = std::env::current_exe().ok().map(|program| program.with_file_name(&name));
    beside.filter(|program| program.is_file()).unwrap_or_else(|| name.into())
}
