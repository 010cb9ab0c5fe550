//! How a bus is reached: within a time limit, and again and again, with pauses, while it is away.

use std::time::{Duration, Instant};

use tokio::time::timeout;
use zbus::connection::Builder;
use zbus::{Connection, MessageStream};

/// How long a bus, or somebody on it, may take to answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// The first pause after a failure; it doubles at each further one.
const FIRST: Duration = Duration::from_millis(50);

/// The pauses between attempts.
pub(super) struct Backoff {
    next: Duration,
    last: Duration,
    began: Instant,
}

impl Backoff {
    /// Pauses of at most `last`.
    pub(super) fn up_to(last: Duration) -> Self {
        Self { next: FIRST, last, began: Instant::now() }
    }

    /// An attempt begins.
    pub(super) fn attempt(&mut self) {
        self.began = Instant::now();
    }

    /// The pause after the attempt, which failed, or whose connection was lost.
    pub(super) fn pause(&mut self) -> Duration {
        if self.began.elapsed() > self.last {
            self.next = FIRST;
        }
        let pause = self.next;
        self.next = (pause * 2).min(self.last);
        pause
    }
}

/// Connects, and returns all that comes over the connection. The error is in words.
pub(super) async fn connect(
    builder: zbus::Result<Builder<'_>>,
) -> Result<(Connection, MessageStream), String> {
    let connecting = async { builder?.build().await };
    match timeout(PATIENCE, connecting).await {
        Ok(Ok(connection)) => Ok((connection.clone(), MessageStream::from(connection))),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("it does not answer".to_owned()),
    }
}
