//! The surface of a freedesktop session. One thread speaks D-Bus; nothing that is asked of it waits for it.

mod bus;
mod logind;
mod session_bus;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use tokio::sync::{Notify, watch};

use super::{Ear, Heard, NoticesReport, TrayReport, Wanted};
use crate::notices::{Notice, Wish, Wishes};
use crate::tray::Face;

/// How long the end may take. What then still hangs ends with the process.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Runs `work` with a surface. Elsewhere than here the platform keeps the main thread for itself.
pub fn run(
    wanted: Wanted,
    heard: impl Fn(Heard) + Send + Sync + 'static,
    work: impl FnOnce(Surface) -> ExitCode + Send + 'static,
) -> ExitCode {
    work(Surface::start(wanted, heard))
}

/// The platform at work. It ends when this is dropped.
pub struct Surface {
    wanted: watch::Sender<Wanted>,
    face: watch::Sender<Option<Face>>,
    wishes: Arc<Wishes>,
    lock: Arc<Notify>,
    ended: Receiver<()>,
}

/// What the thread listens to.
struct Controls {
    wanted: watch::Receiver<Wanted>,
    face: watch::Receiver<Option<Face>>,
    wishes: Arc<Wishes>,
    lock: Arc<Notify>,
    ear: Arc<Ear>,
}

impl Surface {
    /// Starts it. It never fails: what is missing is told to `heard`.
    pub fn start(wanted: Wanted, heard: impl Fn(Heard) + Send + Sync + 'static) -> Self {
        let ear = Arc::new(Ear::new(heard));
        let (wishes, lock) = (Arc::<Wishes>::default(), Arc::<Notify>::default());
        let (wanted, wanted_receiver) = watch::channel(wanted);
        let (face, face_receiver) = watch::channel(None);
        let (end, ended) = channel();
        let controls = Controls {
            wanted: wanted_receiver,
            face: face_receiver,
            wishes: Arc::clone(&wishes),
            lock: Arc::clone(&lock),
            ear: Arc::clone(&ear),
        };
        let bus = move || {
            let outcome = tokio::runtime::Builder::new_current_thread().enable_all().build();
            match outcome {
                Ok(runtime) => runtime.block_on(speak(controls)),
                Err(error) => is_impossible(&controls.ear, &error),
            }
            // Nobody waits for it, unless it is stopped.
            let _ = end.send(());
        };
        if let Err(error) = thread::Builder::new().name("bus".to_owned()).spawn(bus) {
            is_impossible(&ear, &error);
        }
        Self { wanted, face, wishes, lock, ended }
    }

    /// Shows this in the tray. Returns at once; a later call replaces an earlier one that was not shown yet.
    pub fn show(&self, face: Face) {
        self.face.send_if_modified(|shown| {
            let is_new = shown.as_ref() != Some(&face);
            *shown = Some(face);
            is_new
        });
    }

    /// Shows a notice. Returns at once; the same key replaces the one on the screen. Without a notification daemon
    /// it waits for one, until it is withdrawn.
    pub fn notify(&self, notice: Notice) {
        if self.wanted.borrow().notices {
            let key = notice.key.clone();
            self.wishes.wish(&key, Wish::Show(Arc::new(notice)));
        }
    }

    /// Takes a notice away. Returns at once.
    pub fn withdraw(&self, key: &str) {
        self.wishes.wish(key, Wish::Withdraw);
    }

    /// The configuration changed.
    pub fn want(&self, wanted: Wanted) {
        self.wanted.send_replace(wanted);
    }

    /// Asks logind to lock the session. Returns at once; the outcome comes as [`Heard::LockAsked`].
    pub fn lock_session(&self) {
        self.lock.notify_one();
    }

    /// Takes the icon away and ends.
    pub fn stop(self) {
        let Self { wanted, face, ended, .. } = self;
        drop((wanted, face));
        // Too late is as good as never: the bus takes the icon away when the process is gone.
        let _ = ended.recv_timeout(LAST_WORDS);
    }
}

async fn speak(controls: Controls) {
    let Controls { wanted, face, wishes, lock, ear } = controls;
    tokio::join!(
        session_bus::keep(wanted.clone(), face, wishes, Arc::clone(&ear)),
        logind::keep(wanted, lock, ear)
    );
}

fn is_impossible(ear: &Ear, error: &std::io::Error) {
    tracing::error!("no thread for the desktop's services can be started: {error}");
    ear.tray_is(TrayReport::NoBus);
    ear.notices_are(NoticesReport::NoBus);
}
