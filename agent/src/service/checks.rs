//! What a person should know of the cards that are in: judged when a card was looked at and when time has passed, told
//! once, and remembered.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use shared::config::{Config, OnInsert};
use shared::model::{Card, Csn, Role};
use time::OffsetDateTime;

use crate::checkup::{self, Case, Occasion, Seen, Verdict};
use crate::clock;
use crate::memory::Memory;
use crate::registry::{Known, Target};
use crate::service::Service;
use crate::surroundings::{Clock, Surroundings};

/// The longest sleep, in seconds. A system that counts in smaller numbers must not end it at once.
const LONGEST_SLEEP: i64 = 366 * 86_400;

/// What is remembered of cards, and who waits for time to pass.
pub(crate) struct Checks {
    memory: Mutex<Memory>,
    now: Clock,
    /// Whether there is something new to wait for.
    news: Mutex<bool>,
    woken: Condvar,
}

impl Checks {
    pub(super) fn new(surroundings: Surroundings) -> Self {
        let Surroundings { state, now } = surroundings;
        let memory = Mutex::new(Memory::open(state.as_deref()));
        Self { memory, now, news: Mutex::default(), woken: Condvar::new() }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> OffsetDateTime {
        (self.now)()
    }

    /// What time it is, as it goes over the wire.
    pub(crate) fn time(&self) -> String {
        clock::text(self.now())
    }

    /// Takes note that a request tried a PIN of a card or wrote to it, and set these PINs, before that can be looked at:
    /// the card may go first.
    pub(crate) fn touched(&self, csn: &Csn, set: &[Role]) {
        let now = self.now().unix_timestamp();
        let mut memory = self.memory();
        if let Some(mut remembered) = memory.get(csn).cloned() {
            remembered.touched(set, now);
            memory.put(csn, remembered);
        }
    }

    pub(super) fn wake(&self) {
        *self.news.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.woken.notify_all();
    }

    /// Waits until then, or until there is something new.
    fn sleep(&self, until: Option<i64>) {
        let news = self.news.lock().unwrap_or_else(PoisonError::into_inner);
        let nothing_new = |news: &mut bool| !*news;
        let mut news = match until {
            None => self.woken.wait_while(news, nothing_new).unwrap_or_else(PoisonError::into_inner),
            Some(moment) => {
                let now = self.now();
                let left = moment.saturating_sub(now.unix_timestamp()).clamp(0, LONGEST_SLEEP);
                let left = Duration::from_secs(left.unsigned_abs())
                    .saturating_sub(Duration::from_nanos(now.nanosecond().into()));
                let waited = self.woken.wait_timeout_while(news, left, nothing_new);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
        };
        *news = false;
    }
}

/// Whether a card that comes in is looked at without being asked for.
pub(crate) fn is_wanted(config: &Config, reader: &str, card: &Card) -> bool {
    let rule = config.on_insert(reader, Some(card));
    rule.contains(&OnInsert::CheckExpiry) || asks_at_first(config, rule) || config.pin.expires_days > 0
}

fn asks_at_first(config: &Config, rule: &[OnInsert]) -> bool {
    config.pin.force_change_first_use || rule.contains(&OnInsert::PinChange)
}

impl Service {
    /// Takes in what a look at a card showed.
    pub(crate) fn looked(&self, target: &Target, seen: Seen, occasion: &Occasion) {
        let (reader, generation) = (target.reader.clone(), target.generation);
        let known = Known { reader, generation, card: target.card.clone(), seen: Arc::new(seen) };
        self.judge(&known, occasion);
        self.checks.wake();
    }

    /// Looks at the clock, which may have been set or have gone on while the machine slept, and at the settings: what
    /// they make of the cards that are in is told. No card is spoken to.
    pub fn look_at_clock(&self) {
        self.checks.wake();
    }

    /// Waits for time to pass until the agent ends.
    pub(crate) fn watch_clock(&self) {
        while !self.is_stopping() {
            let known = self.registry().known();
            known.iter().for_each(|known| self.judge(known, &Occasion::default()));
            self.checks.sleep(known.iter().filter_map(|known| self.next(known)).min());
        }
    }

    /// The next time at which a card must be judged again.
    fn next(&self, known: &Known) -> Option<i64> {
        let memory = self.checks.memory();
        let remembered = memory.get(known.card.csn.as_ref()?)?;
        checkup::next(
            &known.seen,
            remembered,
            &self.policy().now().config,
            self.checks.now().unix_timestamp(),
        )
    }

    fn judge(&self, known: &Known, occasion: &Occasion) {
        let Some(csn) = &known.card.csn else { return };
        let loaded = self.policy().now();
        let rule = loaded.config.on_insert(&known.reader, Some(&known.card));
        // Held until it is told, so that nobody else tells the same.
        let mut memory = self.checks.memory();
        let Verdict { changes, check, remembered } = checkup::judge(&Case {
            reader: &known.reader,
            csn,
            seen: &known.seen,
            before: memory.get(csn),
            occasion,
            config: &loaded.config,
            asks_at_first: asks_at_first(&loaded.config, rule),
            now: self.checks.now().unix_timestamp(),
        });
        // A card that has gone meanwhile is told of when it comes in again.
        if self.registry().checked(known, check, changes, occasion.looked) {
            memory.put(csn, remembered);
        }
    }
}
