//! The session as logind knows it: sleep, coming to the front, and the lock.
//!
//! Where there is no system bus, or no logind on it, all of this is absent, which is normal and said once.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use serde::de::DeserializeOwned;
use tokio::sync::{Notify, watch};
use tokio::time::{sleep, timeout};
use zbus::connection::Builder;
use zbus::message::{Message, Type as MessageType};
use zbus::names::{MemberName, UniqueName};
use zbus::zvariant::{self, ObjectPath, OwnedObjectPath, OwnedValue};
use zbus::{Connection, MessageStream};

use super::bus::{PATIENCE, connect};
use crate::backoff::Backoff;
use crate::surface::{Ear, Heard, SessionReport, Wanted};

/// Longest pause while the system bus is away. It hardly ever goes, and where there is none there never will be one.
const LAST_PAUSE: Duration = Duration::from_secs(60);

const LOGIND: &str = "org.freedesktop.login1";
const MANAGER: &str = "org.freedesktop.login1.Manager";
const MANAGER_PATH: &str = "/org/freedesktop/login1";
const SESSION: &str = "org.freedesktop.login1.Session";
const BUS: &str = "org.freedesktop.DBus";

/// Listens to logind while it is wanted, until `wanted` has no sender any more.
pub(super) async fn keep(mut wanted: watch::Receiver<Wanted>, lock: Arc<Notify>, ear: Arc<Ear>) {
    let mut backoff = Backoff::up_to(LAST_PAUSE);
    loop {
        let mut worked = None;
        let mut nobody = "The lock of the session is not configured, so it was not asked for.".to_owned();
        let mut pause = None;
        if wanted.borrow_and_update().session {
            let end = match connect(Builder::system()).await {
                Ok((connection, stream)) => {
                    worked = Some(Instant::now());
                    match Logind::new(connection, stream, &lock, &ear).listen(&mut wanted).await {
                        Ok(()) => continue,
                        Err(error) => error.to_string(),
                    }
                }
                Err(words) => words,
            };
            tracing::debug!("no system bus: {end}");
            ear.session_is(SessionReport::NoBus);
            nobody = format!(
                "The session cannot be locked: the system bus cannot be reached ({end}). Use a hook that locks the \
                 screen instead."
            );
            pause = Some(backoff.pause(worked, Instant::now()));
        }
        let until = async {
            match pause {
                Some(pause) => sleep(pause).await,
                None => std::future::pending().await,
            }
        };
        let mut until = std::pin::pin!(until);
        loop {
            tokio::select! {
                () = &mut until => break,
                changed = wanted.changed() => match changed {
                    Ok(()) => break,
                    Err(_) => return,
                },
                () = lock.notified() => ear.tell(Heard::LockAsked(Err(nobody.clone()))),
            }
        }
        if wanted.has_changed().is_err() {
            return;
        }
    }
}

/// What is known over one connection.
struct Logind<'a> {
    connection: Connection,
    stream: MessageStream,
    lock: &'a Notify,
    ear: &'a Arc<Ear>,
    /// The unique name of logind.
    owner: Option<String>,
    /// The object of this session.
    session: Option<OwnedObjectPath>,
    is_active: Option<bool>,
    is_asleep: bool,
    /// Keeps the machine awake until we know that it goes to sleep, so that a card that the sleep takes away is not
    /// mistaken for one that was pulled (systemd, "Inhibitor Locks").
    delay: Option<OwnedFd>,
}

impl<'a> Logind<'a> {
    fn new(connection: Connection, stream: MessageStream, lock: &'a Notify, ear: &'a Arc<Ear>) -> Self {
        Self {
            connection,
            stream,
            lock,
            ear,
            owner: None,
            session: None,
            is_active: None,
            is_asleep: false,
            delay: None,
        }
    }

    /// Listens until it is not wanted any more.
    ///
    /// # Errors
    /// The bus is gone.
    async fn listen(mut self, wanted: &mut watch::Receiver<Wanted>) -> zbus::Result<()> {
        let end = self.hear(wanted).await;
        self.wakes();
        end
    }

    async fn hear(&mut self, wanted: &mut watch::Receiver<Wanted>) -> zbus::Result<()> {
        let rules = [
            format!("type='signal',sender='{BUS}',member='NameOwnerChanged',arg0='{LOGIND}'"),
            format!("type='signal',sender='{LOGIND}',path='{MANAGER_PATH}',interface='{MANAGER}'"),
            format!(
                "type='signal',sender='{LOGIND}',path_namespace='{MANAGER_PATH}/session',\
                 member='PropertiesChanged',arg0='{SESSION}'"
            ),
        ];
        for rule in rules {
            self.call::<()>(BUS, "/org/freedesktop/DBus", BUS, "AddMatch", &rule).await?;
        }
        self.find_logind().await?;
        loop {
            tokio::select! {
                message = self.stream.next() => match message {
                    Some(message) => self.read(&message?).await?,
                    None => return Err(zbus::Error::InputOutput(Arc::new(std::io::ErrorKind::BrokenPipe.into()))),
                },
                () = self.lock.notified() => self.lock_session().await,
                changed = wanted.changed() => {
                    if changed.is_err() || !wanted.borrow_and_update().session {
                        return Ok(());
                    }
                }
            }
        }
    }

    async fn read(&mut self, message: &Message) -> zbus::Result<()> {
        let header = message.header();
        let sender = header.sender().map(UniqueName::as_str);
        let member = header.member().map(MemberName::as_str);
        if message.message_type() != MessageType::Signal {
            return Ok(());
        }
        if sender == Some(BUS) {
            if member == Some("NameOwnerChanged") {
                self.find_logind().await?;
            }
            return Ok(());
        }
        // Anybody can send a signal to one connection.
        if sender.is_none() || sender != self.owner.as_deref() {
            return Ok(());
        }
        match member {
            Some("PrepareForSleep") => {
                if let Ok(sleeps) = message.body().deserialize::<bool>() {
                    self.is_asleep = sleeps;
                    self.ear.tell(Heard::Sleeping(sleeps));
                    self.delay = if sleeps { None } else { self.delay_sleep().await };
                }
            }
            Some("SessionNew" | "SessionRemoved") => self.find_session().await,
            Some("PropertiesChanged")
                if header.path().map(ObjectPath::as_str)
                    == self.session.as_ref().map(|path| path.as_str()) =>
            {
                self.look_whether_active().await;
            }
            _ => {}
        }
        Ok(())
    }

    /// Nobody is left who would say that the machine woke up, and it has: this runs.
    fn wakes(&mut self) {
        if std::mem::take(&mut self.is_asleep) {
            self.ear.tell(Heard::Sleeping(false));
        }
    }

    /// Finds out who is logind, starting it if the bus can, and where our session is.
    async fn find_logind(&mut self) -> zbus::Result<()> {
        self.wakes();
        self.delay = None;
        self.session = None;
        let path = "/org/freedesktop/DBus";
        self.owner = match self.call(BUS, path, BUS, "GetNameOwner", &LOGIND).await {
            Ok(owner) => Some(owner),
            Err(zbus::Error::MethodError(..)) => {
                self.ear.session_is(SessionReport::NoLogind);
                None
            }
            Err(error) => return Err(error),
        };
        if self.owner.is_some() {
            self.delay = self.delay_sleep().await;
            self.find_session().await;
        }
        Ok(())
    }

    async fn find_session(&mut self) {
        // The session of this process, or of its user's display if it runs in none (org.freedesktop.login1, "GetSession").
        let found = self.call(LOGIND, MANAGER_PATH, MANAGER, "GetSession", &"auto").await;
        match found {
            Ok(session) => {
                self.session = Some(session);
                self.ear.session_is(SessionReport::Works);
                self.look_whether_active().await;
            }
            Err(error) => {
                tracing::debug!(%error, "logind knows no session of this user");
                self.session = None;
                self.ear.session_is(SessionReport::NoSession);
            }
        }
    }

    async fn look_whether_active(&mut self) {
        let Some(session) = &self.session else { return };
        let arguments = (SESSION, "Active");
        let properties = "org.freedesktop.DBus.Properties";
        let value = self.call::<OwnedValue>(LOGIND, session.as_str(), properties, "Get", &arguments).await;
        let Some(is_active) = value.ok().and_then(|value| bool::try_from(value).ok()) else { return };
        if self.is_active.replace(is_active) != Some(is_active) {
            self.ear.tell(Heard::SessionActive(is_active));
        }
    }

    async fn delay_sleep(&self) -> Option<OwnedFd> {
        let arguments = ("sleep", "Kortti", "To tell a card that was pulled from one that sleeps", "delay");
        match self.call::<zvariant::OwnedFd>(LOGIND, MANAGER_PATH, MANAGER, "Inhibit", &arguments).await {
            Ok(descriptor) => Some(descriptor.into()),
            Err(error) => {
                tracing::debug!(%error, "logind does not delay sleep for us");
                None
            }
        }
    }

    async fn lock_session(&self) {
        let outcome = match &self.session {
            None => {
                Err("logind knows no session of this user, so none can be locked. Use a hook that locks the \
                         screen instead."
                    .to_owned())
            }
            Some(session) => {
                let asked = self.call::<()>(LOGIND, session.as_str(), SESSION, "Lock", &()).await;
                asked.map_err(|error| {
                    format!(
                        "logind does not lock the session: {error}. Use a hook that locks the screen instead."
                    )
                })
            }
        };
        match &outcome {
            Ok(()) => tracing::info!("logind was asked to lock the session"),
            Err(words) => tracing::warn!("{words}"),
        }
        self.ear.tell(Heard::LockAsked(outcome));
    }

    async fn call<T: DeserializeOwned + zvariant::Type>(
        &self,
        destination: &str,
        path: &str,
        interface: &str,
        method: &str,
        arguments: &(impl serde::Serialize + zvariant::DynamicType),
    ) -> zbus::Result<T> {
        let call = self.connection.call_method(Some(destination), path, Some(interface), method, arguments);
        match timeout(PATIENCE, call).await {
            Ok(answer) => answer?.body().deserialize(),
            Err(_) => Err(zbus::Error::InputOutput(Arc::new(std::io::ErrorKind::TimedOut.into()))),
        }
    }
}
