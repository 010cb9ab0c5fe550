//! Notices on Windows and macOS, by the crate `notify-rust`.
//!
//! These systems let a program neither replace nor withdraw what it has shown. What can be done is done: a click on a
//! notice that is out of date asks for nothing.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use notify_rust::{Notification, NotificationResponse, Timeout};

use super::Notice;
use crate::action::Action;
use crate::surface::{Ear, NoticesReport};
use crate::text;

/// Who shows the notices on Windows: it must be registered when the program is installed (AppUserModelID), or they
/// are not shown.
#[cfg(windows)]
const APPLICATION: &str = "Kortti.Desktop";

/// How many notices wait for a click at the same time; a thread waits for each.
const MOST: usize = 16;

/// Longest texts, in characters.
const LONGEST_TITLE: usize = 120;
const LONGEST_BODY: usize = 500;
const LONGEST_LABEL: usize = 60;
/// Most buttons of a toast ("Toast content", actions).
const MOST_BUTTONS: usize = 4;

/// The notices.
pub(crate) struct Toasts {
    shared: Arc<Shared>,
    is_wanted: AtomicBool,
}

struct Shared {
    ear: Arc<Ear>,
    waiting: AtomicUsize,
    shown: AtomicU64,
    /// The number of the newest notice of each key.
    newest: Mutex<HashMap<String, u64>>,
}

impl Toasts {
    /// None are wanted yet.
    pub(crate) fn new(ear: Arc<Ear>) -> Self {
        let shared =
            Shared { ear, waiting: AtomicUsize::new(0), shown: AtomicU64::new(0), newest: Mutex::default() };
        Self { shared: Arc::new(shared), is_wanted: AtomicBool::new(false) }
    }

    /// Whether they are wanted.
    pub(crate) fn want(&self, wanted: bool) {
        self.is_wanted.store(wanted, Ordering::Relaxed);
        if !wanted {
            self.shared.newest().clear();
        }
        let server = std::env::consts::OS.to_owned();
        let works = NoticesReport::Works { server, actions: true };
        self.shared.ear.notices_are(if wanted { works } else { NoticesReport::Off });
    }

    /// Shows one, on a thread that waits for the click.
    pub(crate) fn show(&self, notice: Notice) {
        if !self.is_wanted.load(Ordering::Relaxed) {
            return;
        }
        let number = self.shared.shown.fetch_add(1, Ordering::Relaxed);
        self.shared.newest().insert(notice.key.clone(), number);
        if self.shared.waiting.fetch_add(1, Ordering::Relaxed) >= MOST {
            self.shared.waiting.fetch_sub(1, Ordering::Relaxed);
            tracing::warn!("a notice is not shown: {MOST} wait for an answer already");
            return;
        }
        let shared = Arc::clone(&self.shared);
        let spawned = thread::Builder::new().name("notice".to_owned()).spawn(move || {
            shared.show(&notice, number);
            shared.is_gone(&notice.key, number);
            shared.waiting.fetch_sub(1, Ordering::Relaxed);
        });
        if let Err(error) = spawned {
            self.shared.waiting.fetch_sub(1, Ordering::Relaxed);
            tracing::warn!("a notice is not shown: no thread can be started: {error}");
        }
    }

    /// A click on it means nothing from now on.
    pub(crate) fn forget(&self, key: &str) {
        self.shared.newest().remove(key);
    }
}

impl Shared {
    fn newest(&self) -> MutexGuard<'_, HashMap<String, u64>> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A notice is not on the screen any more.
    fn is_gone(&self, key: &str, number: u64) {
        let mut newest = self.newest();
        if newest.get(key) == Some(&number) {
            newest.remove(key);
        }
    }

    /// Shows a notice, and waits until it is gone.
    fn show(&self, notice: &Notice, number: u64) {
        let mut notification = Notification::new();
        notification
            .appname("Kortti")
            .summary(&text::line(&notice.title, LONGEST_TITLE))
            .body(&text::lines(&notice.body, LONGEST_BODY))
            .timeout(notice.expires.map_or(Timeout::Default, timeout));
        #[cfg(windows)]
        {
            use super::Urgency;
            notification.app_id(APPLICATION).urgency(match notice.urgency {
                Urgency::Low => notify_rust::Urgency::Low,
                Urgency::Normal => notify_rust::Urgency::Normal,
                Urgency::Critical => notify_rust::Urgency::Critical,
            });
        }
        for (at, (label, _)) in notice.actions.iter().take(MOST_BUTTONS).enumerate() {
            notification.action(&at.to_string(), &text::line(label, LONGEST_LABEL));
        }
        let outcome = notification.show().and_then(|handle| {
            handle.wait_for_response(|response: &NotificationResponse| {
                if let Some(action) = chosen(notice, response)
                    && self.newest().get(&notice.key) == Some(&number)
                {
                    self.ear.asked(action.clone());
                }
            })
        });
        if let Err(error) = outcome {
            tracing::warn!(%error, "a notice was not shown");
            self.ear.notices_are(NoticesReport::NoDaemon);
        }
    }
}

fn chosen<'a>(notice: &'a Notice, response: &NotificationResponse) -> Option<&'a Action> {
    match response {
        NotificationResponse::Default => notice.default.as_ref(),
        NotificationResponse::Action(key) => {
            let at = key.parse::<usize>().ok()?;
            notice.actions.get(at).map(|(_, action)| action)
        }
        NotificationResponse::Reply(_) | NotificationResponse::Closed(_) => None,
    }
}

fn timeout(time: Duration) -> Timeout {
    Timeout::Milliseconds(u32::try_from(time.as_millis()).unwrap_or(u32::MAX))
}
