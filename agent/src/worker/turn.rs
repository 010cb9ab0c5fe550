//! Whose move it is: one atomic word between the worker and the one who waits for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// Settles what a worker may still do for somebody whose patience has an end. Clones speak of the same turn.
#[derive(Clone, Default)]
pub(crate) struct Turn(Arc<AtomicU8>);

/// The operation waits for the card.
const WAITING: u8 = 0;
/// The worker has the card and has sent no secret.
const BEGUN: u8 = 1;
/// The worker sends a secret, or has: the outcome counts, whoever waits for it.
const COMMITTED: u8 = 2;
/// Nobody waits any more: nothing may begin, and no secret may be sent.
const LEFT: u8 = 3;

impl Turn {
    /// The worker has the card and is about to use it. False when nobody waits any more.
    pub(crate) fn begin(&self) -> bool {
        self.move_on(WAITING, BEGUN) || matches!(self.0.load(Ordering::SeqCst), BEGUN | COMMITTED)
    }

    /// The worker is about to send a secret. False when nobody waits any more.
    pub(crate) fn commit(&self) -> bool {
        self.move_on(BEGUN, COMMITTED) || self.0.load(Ordering::SeqCst) == COMMITTED
    }

    /// Nobody waits for the operation to begin. False when it has begun.
    pub(crate) fn give_up(&self) -> bool {
        self.move_on(WAITING, LEFT)
    }

    /// Nobody waits for the operation to end. False when a secret may have been sent.
    pub(crate) fn leave(&self) -> bool {
        self.move_on(BEGUN, LEFT) || self.give_up()
    }

    fn move_on(&self, from: u8, to: u8) -> bool {
        self.0.compare_exchange(from, to, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_left_is_not_done() {
        let turn = Turn::default();
        assert!(turn.give_up() && !turn.begin() && !turn.commit());
        let turn = Turn::default();
        assert!(turn.begin() && turn.begin() && !turn.give_up());
        assert!(turn.leave() && !turn.commit() && !turn.begin());
        let turn = Turn::default();
        assert!(turn.begin() && turn.commit() && !turn.leave() && turn.commit() && turn.begin());
    }
}
