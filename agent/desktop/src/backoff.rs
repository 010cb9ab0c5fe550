//! The pauses between attempts to reach what is away: short at first, since most of it comes back soon, and long for
//! what stays away.

use std::time::{Duration, Instant};

/// The first pause after a failure; it doubles at each further one.
const FIRST: Duration = Duration::from_millis(50);

/// The longest pause while it may come back soon, and how long that is.
const BRISK: Duration = Duration::from_secs(1);
const SOON: Duration = Duration::from_secs(60);

/// How long something has to work before its end is the first failure again. What ends sooner may end each time.
const WORKS: Duration = Duration::from_secs(1);

/// The pauses between attempts.
pub(crate) struct Backoff {
    next: Duration,
    last: Duration,
    fails_since: Option<Instant>,
}

impl Backoff {
    /// Pauses of at most `last` for what stays away.
    pub(crate) fn up_to(last: Duration) -> Self {
        Self { next: FIRST, last, fails_since: None }
    }

    /// The pause after an attempt that ended now. `worked` says since when it had worked, if it did.
    pub(crate) fn pause(&mut self, worked: Option<Instant>, now: Instant) -> Duration {
        if worked.is_some_and(|since| now.saturating_duration_since(since) > WORKS) {
            self.again();
        }
        let since = *self.fails_since.get_or_insert(now);
        let is_soon = now.saturating_duration_since(since) < SOON;
        let longest = if is_soon { BRISK.min(self.last) } else { self.last };
        let pause = self.next.min(longest);
        self.next = (pause * 2).min(self.last);
        pause
    }

    /// Something has changed, so that it may come back soon.
    pub(crate) fn again(&mut self) {
        self.next = FIRST;
        self.fails_since = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAST: Duration = Duration::from_secs(30);

    #[test]
    fn what_stays_away_is_asked_for_less_and_less() {
        let mut backoff = Backoff::up_to(LAST);
        let mut now = Instant::now();
        let begin = now;
        let mut pauses = Vec::new();
        while now - begin < Duration::from_secs(200) {
            let pause = backoff.pause(None, now);
            pauses.push(pause);
            // Each attempt takes its time.
            now += pause + Duration::from_secs(5);
        }
        assert_eq!(pauses[..6], [50, 100, 200, 400, 800, 1000].map(Duration::from_millis));
        assert!(pauses.iter().is_sorted(), "{pauses:?}");
        assert_eq!(pauses.last(), Some(&LAST));
        let brisk = pauses.iter().filter(|pause| **pause <= BRISK).count();
        assert!((10..=14).contains(&brisk), "{pauses:?}");
    }

    #[test]
    fn only_what_worked_for_a_while_begins_anew() {
        let mut backoff = Backoff::up_to(LAST);
        let now = Instant::now();
        for pause in [50, 100, 200] {
            assert_eq!(backoff.pause(Some(now), now), Duration::from_millis(pause));
        }
        assert_eq!(backoff.pause(Some(now), now + 2 * WORKS), FIRST);
        assert_eq!(backoff.pause(None, now + 2 * WORKS), 2 * FIRST);
        backoff.again();
        assert_eq!(backoff.pause(None, now + 3 * WORKS), FIRST);
    }
}
