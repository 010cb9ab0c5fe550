//! Messages to a worker, which whoever sent one can take back as long as it has not been taken out. Taking it back
//! wipes what it carries, so that a PIN does not wait behind a reader that hangs.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

type Envelope<T> = Arc<Mutex<Option<T>>>;

/// Both ends of an inbox.
pub(super) fn inbox<T>() -> (Outbox<T>, Inbox<T>) {
    let (sender, receiver) = channel();
    (Outbox(sender), Inbox(receiver))
}

/// The end of those who ask.
pub(super) struct Outbox<T>(Sender<Envelope<T>>);

impl<T> Clone for Outbox<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Outbox<T> {
    /// Sends a message. When nobody takes messages any more, it is dropped, and with it its way to reply.
    pub(super) fn put(&self, message: T) -> Receipt<T> {
        let envelope = Arc::new(Mutex::new(Some(message)));
        if self.0.send(Arc::clone(&envelope)).is_err() {
            open(&envelope);
        }
        Receipt(envelope)
    }
}

/// For taking a message back.
pub(super) struct Receipt<T>(Envelope<T>);

impl<T> Receipt<T> {
    /// Drops the message, if it is still in the inbox.
    pub(super) fn take_back(&self) {
        open(&self.0);
    }
}

/// The worker's end.
pub(super) struct Inbox<T>(Receiver<Envelope<T>>);

impl<T> Inbox<T> {
    /// The next message; `None` when nobody can send one any more.
    pub(super) fn take(&self) -> Option<T> {
        self.0.iter().find_map(|envelope| open(&envelope))
    }

    /// The next message, if there is one.
    pub(super) fn try_take(&self) -> Result<T, TryRecvError> {
        loop {
            if let Some(message) = open(&self.0.try_recv()?) {
                return Ok(message);
            }
        }
    }

    /// The next message until then.
    pub(super) fn take_until(&self, deadline: Instant) -> Result<T, RecvTimeoutError> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if let Some(message) = open(&self.0.recv_timeout(left)?) {
                return Ok(message);
            }
        }
    }
}

fn open<T>(envelope: &Envelope<T>) -> Option<T> {
    envelope.lock().unwrap_or_else(PoisonError::into_inner).take()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_back_does_not_arrive() {
        let (outbox, inbox) = inbox();
        let payload = Arc::new(());
        let receipt = outbox.put((1, Arc::clone(&payload)));
        outbox.put((2, Arc::clone(&payload)));
        receipt.take_back();
        assert_eq!(Arc::strong_count(&payload), 2, "what was taken back is dropped at once");
        assert_eq!(inbox.try_take().map(|(number, _)| number), Ok(2));
        assert!(inbox.try_take().is_err());
        drop(outbox);
        assert!(inbox.take().is_none());
    }
}
