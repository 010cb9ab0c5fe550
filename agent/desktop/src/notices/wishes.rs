//! What shall be on the screen and is not yet: the newest wish per key, kept until somebody can fulfil it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::Notice;

/// How many wait at most; of more the oldest is forgotten.
const MOST: usize = 64;

/// What becomes of the notice with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    Show(Arc<Notice>),
    /// Shown again, since the daemon went away with the first try. There is no third: it may be what it died of.
    ShowAgain(Arc<Notice>),
    Withdraw,
}

/// The wishes that wait, oldest first.
#[derive(Default)]
pub(crate) struct Wishes {
    waiting: Mutex<VecDeque<(String, Wish)>>,
    /// Rung when a wish has come.
    pub(crate) bell: Notify,
}

impl Wishes {
    /// Takes the place of what was wished for this key.
    pub(crate) fn wish(&self, key: &str, wish: Wish) {
        let mut waiting = self.waiting();
        waiting.retain(|(other, _)| other != key);
        waiting.push_back((key.to_owned(), wish));
        if waiting.len() > MOST {
            waiting.pop_front();
        }
        drop(waiting);
        self.bell.notify_one();
    }

    /// Takes back what could not be fulfilled, unless there is a newer wish for its key.
    pub(crate) fn put_back(&self, key: &str, wish: Wish) {
        let mut waiting = self.waiting();
        if waiting.len() < MOST && !waiting.iter().any(|(other, _)| other == key) {
            waiting.push_front((key.to_owned(), wish));
        }
    }

    /// Takes out the oldest one that fits.
    pub(crate) fn next(&self, fits: impl Fn(&str, &Wish) -> bool) -> Option<(String, Wish)> {
        let mut waiting = self.waiting();
        let at = waiting.iter().position(|(key, wish)| fits(key, wish))?;
        waiting.remove(at)
    }

    /// Whether something waits to be shown.
    pub(crate) fn has_notices(&self) -> bool {
        self.waiting().iter().any(|(_, wish)| *wish != Wish::Withdraw)
    }

    /// Forgets them all.
    pub(crate) fn clear(&self) {
        self.waiting().clear();
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<(String, Wish)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
