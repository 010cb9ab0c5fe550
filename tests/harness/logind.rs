//! A logind with one session: a stand-in on a bus of its own.

use std::io::{PipeReader, PipeWriter, pipe};
use std::sync::{Arc, Mutex};

use zbus::zvariant::{ObjectPath, OwnedFd};
use zbus::{fdo, interface};

use super::bus::{Bell, Bus, Peer};

const NAME: &str = "org.freedesktop.login1";
const PATH: &str = "/org/freedesktop/login1";
const MANAGER: &str = "org.freedesktop.login1.Manager";
const SESSION: &str = "/org/freedesktop/login1/session/_31";

/// A logind on a bus; gone from it when dropped.
pub struct Logind {
    peer: Peer,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    locks: u32,
    refuses: bool,
    /// The other ends of the locks that delay sleep.
    inhibitors: Vec<PipeReader>,
}

struct Manager {
    state: Arc<Mutex<State>>,
    bell: Bell,
}

#[interface(name = "org.freedesktop.login1.Manager")]
impl Manager {
    fn get_session(&self, id: &str) -> fdo::Result<ObjectPath<'static>> {
        assert_eq!(id, "auto");
        Ok(ObjectPath::from_static_str_unchecked(SESSION))
    }

    fn inhibit(&self, what: &str, who: &str, _why: &str, mode: &str) -> OwnedFd {
        assert_eq!((what, who, mode), ("sleep", "Kortti", "delay"));
        let (reader, writer): (PipeReader, PipeWriter) = pipe().unwrap();
        self.state.lock().unwrap().inhibitors.push(reader);
        self.bell.send_modify(|count| *count += 1);
        std::os::fd::OwnedFd::from(writer).into()
    }
}

struct Session {
    state: Arc<Mutex<State>>,
    bell: Bell,
    is_active: bool,
}

#[interface(name = "org.freedesktop.login1.Session")]
impl Session {
    fn lock(&self) -> fdo::Result<()> {
        let mut state = self.state.lock().unwrap();
        if state.refuses {
            return Err(fdo::Error::AccessDenied("not you".to_owned()));
        }
        state.locks += 1;
        drop(state);
        self.bell.send_modify(|count| *count += 1);
        Ok(())
    }

    #[zbus(property)]
    fn active(&self) -> bool {
        self.is_active
    }
}

impl Logind {
    /// One with a session in front.
    ///
    /// # Panics
    /// The bus does not run, or has one.
    pub fn on(bus: &Bus) -> Self {
        let state = Arc::<Mutex<State>>::default();
        let peer = Peer::comes(&bus.address(), Some(NAME), |builder, bell| {
            let manager = Manager { state: Arc::clone(&state), bell: bell.clone() };
            let session = Session { state: Arc::clone(&state), bell: bell.clone(), is_active: true };
            builder.serve_at(PATH, manager)?.serve_at(SESSION, session)
        });
        Self { peer, state }
    }

    /// Says that the machine is about to sleep, or woke up.
    ///
    /// # Panics
    /// The bus is gone.
    pub fn sleeps(&self, sleeps: bool) {
        self.peer.does(async {
            let signal = "PrepareForSleep";
            self.peer.connection().emit_signal(None::<&str>, PATH, MANAGER, signal, &sleeps).await.unwrap();
        });
    }

    /// Brings the session to the front, or another one before it.
    ///
    /// # Panics
    /// The bus is gone.
    pub fn is_active(&self, is_active: bool) {
        self.peer.does(async {
            let server = self.peer.connection().object_server();
            let session = server.interface::<_, Session>(SESSION).await.unwrap();
            let mut inner = session.get_mut().await;
            inner.is_active = is_active;
            inner.active_changed(session.signal_emitter()).await.unwrap();
        });
    }

    /// Refuses to lock from now on.
    ///
    /// # Panics
    /// Never.
    pub fn refuses(&self) {
        self.state.lock().unwrap().refuses = true;
    }

    /// Waits until the session has been locked so often.
    ///
    /// # Panics
    /// It is not.
    #[track_caller]
    pub fn was_locked(&self, times: u32) {
        self.peer.until(|| self.state.lock().unwrap().locks, |locks| (*locks == times).then_some(()));
    }

    /// Waits until somebody delays sleep, and returns what ends when he does no more.
    ///
    /// # Panics
    /// Nobody does.
    #[track_caller]
    pub fn delayed(&self) -> PipeReader {
        self.peer.until(|| self.state.lock().unwrap().inhibitors.len(), |count| (*count > 0).then_some(()));
        self.state.lock().unwrap().inhibitors.remove(0)
    }
}
