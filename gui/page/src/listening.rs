//! The agent's events, handed on as they come.

use std::time::Duration;

use shared::Result;
use shared::client::{Client, Events, Heard};

/// After how long without an event the one who listens is asked whether it is still there.
const BREATH: Duration = Duration::from_secs(10);

/// A subscription.
pub struct Listening(Events);

impl Listening {
    /// Subscribes; with `start` at an agent that is started where none runs.
    ///
    /// # Errors
    /// As for [`Client::connect_or_start`].
    pub fn open(start: bool) -> Result<Self> {
        let client = if start { Client::connect_or_start()? } else { Client::connect()? };
        client.subscribe().map(Self)
    }

    /// Hands each event to `take`, as the JSON of its parameters, until the agent ends or `take` says no. Every ten seconds without an
    /// event it gets `None`.
    pub fn run(mut self, mut take: impl FnMut(Option<&str>) -> bool) {
        loop {
            let goes_on = match self.0.hear(BREATH) {
                Ok(Heard::Event(event)) => take(Some(event)),
                Ok(Heard::Nothing) => take(None),
                Ok(Heard::End) | Err(_) => return,
            };
            if !goes_on {
                return;
            }
        }
    }
}
