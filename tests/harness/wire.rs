//! The agent's socket as a program that knows nothing of the crate `shared` speaks to it: bytes in, lines out.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use crate::programs::Home;

/// How long a line may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection to the agent of a home.
pub struct Wire {
    lines: BufReader<UnixStream>,
}

impl Wire {
    /// Where the socket is.
    pub fn place(home: &Home) -> PathBuf {
        home.path().join("kortti/agent.sock")
    }

    /// Connects.
    ///
    /// # Panics
    /// Nobody listens.
    pub fn open(home: &Home) -> Self {
        Self::over(UnixStream::connect(Self::place(home)).expect("a connection to the agent"))
    }

    /// Speaks over a connection that was made already.
    ///
    /// # Panics
    /// It takes no time limit.
    pub fn over(stream: UnixStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).expect("a time limit");
        stream.set_write_timeout(Some(PATIENCE)).expect("a time limit");
        Self { lines: BufReader::new(stream) }
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// The agent has closed the connection.
    pub fn send(&self, bytes: &[u8]) -> io::Result<()> {
        self.lines.get_ref().write_all(bytes)
    }

    /// Sends a request without waiting for its answer.
    ///
    /// # Errors
    /// The agent has closed the connection.
    pub fn request(&self, id: u64, method: &str, params: &Value) -> io::Result<()> {
        let request = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        self.send(format!("{request}\n").as_bytes())
    }

    /// The next line; `None` when the agent has closed the connection.
    ///
    /// # Panics
    /// Nothing comes.
    pub fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        match self.lines.read_line(&mut line) {
            Ok(0) => None,
            Ok(_) => Some(line),
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => None,
            Err(error) => panic!("no line comes: {error}"),
        }
    }

    /// The next line as JSON.
    ///
    /// # Panics
    /// There is none, or it is no JSON.
    pub fn json(&mut self) -> Value {
        let line = self.line().expect("a line");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    /// Calls a method: its result, or the `data` of its error.
    ///
    /// # Errors
    /// What the agent says.
    ///
    /// # Panics
    /// It says nothing that is JSON-RPC.
    pub fn call(&mut self, method: &str, params: &Value) -> Result<Value, Value> {
        self.request(1, method, params).expect("a request sent");
        let mut answer = self.json();
        assert_eq!((&answer["jsonrpc"], &answer["id"]), (&json!("2.0"), &json!(1)), "{answer}");
        match answer.get_mut("result") {
            Some(result) => Ok(result.take()),
            None => Err(answer["error"]["data"].take()),
        }
    }

    /// Turns the connection into a stream of events, and takes its snapshot.
    ///
    /// # Panics
    /// No snapshot comes.
    pub fn subscribe(&mut self) -> Value {
        self.call("subscribe", &json!({})).expect("a subscription");
        let snapshot = self.event();
        assert_eq!(snapshot["event"], "snapshot", "{snapshot}");
        snapshot
    }

    /// The next event.
    ///
    /// # Panics
    /// None comes.
    pub fn event(&mut self) -> Value {
        let mut notification = self.json();
        assert_eq!(notification["method"], "event", "{notification}");
        notification["params"].take()
    }

    /// Ends the sending direction: the agent sees the end of the requests.
    ///
    /// # Panics
    /// The connection is gone.
    pub fn end_requests(&self) {
        self.lines.get_ref().shutdown(std::net::Shutdown::Write).expect("an open connection");
    }
}
