//! `kortti watch --json`, read as it comes: how a test waits for what happens.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::programs::Home;

/// How long an event may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running `kortti watch --json`; killed when dropped.
pub struct Watch {
    child: Child,
    events: Mutex<Events>,
}

struct Events {
    queue: Receiver<Value>,
    /// The number of the last event; none may be missing after it.
    last: Option<u64>,
}

impl Home {
    /// Watches the agent that runs. What happens from now on is told: the snapshot has come.
    pub fn watch(&self) -> Watch {
        let mut command = self.program("kortti");
        command.args(["watch", "--json"]).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("kortti watch");
        let stdout = BufReader::new(child.stdout.take().expect("its output"));
        let (sender, queue) = channel();
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                // The test may have had enough.
                let _ = sender.send(serde_json::from_str(&line).expect("a line of JSON"));
            }
        });
        let watch = Watch { child, events: Mutex::new(Events { queue, last: None }) };
        watch.event("snapshot");
        watch
    }
}

impl Watch {
    /// The next event that fits. Those before it are gone then.
    ///
    /// # Panics
    /// It does not come, and the message says what came instead; or an event is missing.
    #[track_caller]
    pub fn until(&self, fits: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + PATIENCE;
        let mut others = Vec::new();
        loop {
            match self.next(end) {
                Ok(event) if fits(&event) => return event,
                Ok(event) => others.push(event.to_string()),
                Err(error) => panic!("{error}; what came instead:\n{}", others.join("\n")),
            }
        }
    }

    /// The next event of this name.
    ///
    /// # Panics
    /// As for [`Watch::until`].
    #[track_caller]
    pub fn event(&self, name: &str) -> Value {
        self.until(|event| event["event"] == name)
    }

    /// Waits for the end of the program, which comes with the agent's.
    ///
    /// # Panics
    /// It does not come.
    #[track_caller]
    pub fn ended(&self) {
        let end = Instant::now() + PATIENCE;
        loop {
            match self.next(end) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => panic!("the agent does not end"),
            }
        }
    }

    #[track_caller]
    fn next(&self, end: Instant) -> Result<Value, RecvTimeoutError> {
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        let event = events.queue.recv_timeout(end.saturating_duration_since(Instant::now()))?;
        let number = event["sequence"].as_u64();
        let last = std::mem::replace(&mut events.last, number);
        assert!(last.is_none_or(|last| number == Some(last + 1)), "an event is missing before {event}");
        Ok(event)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // It may have ended with the agent.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
