//! The way from a program to the agent.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::rpc::events::Event;
use crate::rpc::methods::{Empty, Hello, HelloParams, Subscribe};
use crate::rpc::{Call, Fault, MAX_LINE, Method, PROTOCOL};
use crate::{Error, ErrorCode, Result, VERSION};

/// A connection to the agent.
pub struct Client {
    stream: BufReader<UnixStream>,
    next_id: u64,
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow, default)]
    result: Option<&'a RawValue>,
    #[serde(default)]
    error: Option<Fault>,
    #[serde(borrow, default)]
    params: Option<&'a RawValue>,
}

fn lost() -> Error {
    Error::new(ErrorCode::NoAgent, "The connection to the agent was lost. Try again.")
}

impl Client {
    /// Connects to the running agent.
    ///
    /// # Errors
    /// [`ErrorCode::NoAgent`] when none runs.
    pub fn connect() -> Result<Self> {
        let none = |_| Error::new(ErrorCode::NoAgent, "No agent runs. Start one with: kortti agent start");
        let directory = std::env::var_os("XDG_RUNTIME_DIR")
            .ok_or_else(|| Error::new(ErrorCode::NoAgent, "XDG_RUNTIME_DIR is not set."))?;
        let stream = UnixStream::connect(PathBuf::from(directory).join("kortti/agent.sock")).map_err(none)?;
        let mut client = Self { stream: BufReader::new(stream), next_id: 1 };
        let hello = HelloParams { client: format!("kortti {VERSION}"), protocol: PROTOCOL };
        client.call::<Hello>(&hello)?;
        Ok(client)
    }

    /// Calls a method and waits for its reply.
    ///
    /// # Errors
    /// What the agent answers, or [`ErrorCode::NoAgent`] when it went away.
    pub fn call<M: Method>(&mut self, params: &M::Params) -> Result<M::Reply> {
        let call = Call { jsonrpc: "2.0", id: self.next_id, method: M::NAME, params };
        self.next_id += 1;
        let mut line = Zeroizing::new(Vec::with_capacity(MAX_LINE));
        serde_json::to_writer(&mut *line, &call).map_err(|_| lost())?;
        line.push(b'\n');
        self.stream.get_mut().write_all(&line).map_err(|_| lost())?;
        let answer = self.line()?;
        let answer: Line<'_> = serde_json::from_str(&answer).map_err(|_| lost())?;
        match (answer.result, answer.error) {
            (_, Some(fault)) => Err(fault.data),
            (Some(result), None) => serde_json::from_str(result.get()).map_err(|_| lost()),
            (None, None) => Err(lost()),
        }
    }

    /// Turns the connection into a stream of events.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub fn subscribe(mut self) -> Result<Events> {
        self.call::<Subscribe>(&Empty {})?;
        Ok(Events(self))
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        let limit = u64::try_from(MAX_LINE).unwrap_or(u64::MAX);
        (&mut self.stream).take(limit).read_line(&mut line).map_err(|_| lost())?;
        if line.ends_with('\n') { Ok(line) } else { Err(lost()) }
    }
}

/// What happens, as it happens.
pub struct Events(Client);

impl Iterator for Events {
    type Item = Result<Event>;

    fn next(&mut self) -> Option<Self::Item> {
        let line = match self.0.line() {
            Ok(line) => line,
            Err(error) => return Some(Err(error)),
        };
        let event = serde_json::from_str::<Line<'_>>(&line).ok().and_then(|line| line.params);
        Some(event.and_then(|event| serde_json::from_str(event.get()).ok()).ok_or_else(lost))
    }
}

/// Connects to the agent; starts one when none runs.
///
/// # Errors
/// [`ErrorCode::NoAgent`] when none can be started.
pub fn connect_or_start() -> Result<Client> {
    match Client::connect() {
        Err(error) if error.code == ErrorCode::NoAgent => start_agent(&[]),
        result => result,
    }
}

/// Starts an agent with these arguments and waits until it answers.
///
/// # Errors
/// [`ErrorCode::NoAgent`] when it cannot be started.
pub fn start_agent(arguments: &[OsString]) -> Result<Client> {
    let beside = std::env::current_exe().ok().map(|path| path.with_file_name("kortti-agent"));
    let program = beside.filter(|path| path.exists()).unwrap_or_else(|| "kortti-agent".into());
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|_| Error::new(ErrorCode::NoAgent, "kortti-agent cannot be started. Is it installed?"))?;
    let start = Instant::now();
    loop {
        match Client::connect() {
            Err(error) if error.code == ErrorCode::NoAgent && start.elapsed() < Duration::from_secs(5) => {
                std::thread::sleep(Duration::from_millis(20));
            }
            result => return result,
        }
    }
}
