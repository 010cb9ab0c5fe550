//! The session bus: who shows the tray icon and the notices, and what happens when the bus itself goes and comes.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use zbus::connection::Builder;
use zbus::message::{Message, Type as MessageType};
use zbus::{Connection, MessageStream};

use super::bus::{PATIENCE, connect};
use crate::backoff::Backoff;
use crate::notices::{Notices, Wishes};
use crate::surface::{Ear, NoticesReport, TrayReport, Wanted};
use crate::tray::Face;
use crate::tray::item::{self, Panels};

/// Longest pause while the bus stays away. One that is started again is back sooner, and the icon within 2 seconds.
const LAST_PAUSE: Duration = Duration::from_secs(30);

/// Whoever knows the panels (StatusNotifierItem specification).
const WATCHER: &str = "org.kde.StatusNotifierWatcher";

/// Why a conversation with the bus is over.
enum End {
    Lost,
    Unwanted,
    Stop,
}

/// Shows what is wanted whenever there is a bus, until `wanted` has no sender any more.
pub(super) async fn keep(
    mut wanted: watch::Receiver<Wanted>,
    faces: watch::Receiver<Option<Face>>,
    wishes: Arc<Wishes>,
    ear: Arc<Ear>,
) {
    let mut backoff = Backoff::up_to(LAST_PAUSE);
    loop {
        let now = *wanted.borrow_and_update();
        if !now.tray && !now.notices {
            say(&ear, now, TrayReport::Off, NoticesReport::Off);
            wishes.clear();
            if wanted.changed().await.is_err() {
                return;
            }
            continue;
        }
        let mut worked = None;
        let end = match connect(Builder::session()).await {
            Ok((connection, stream)) => {
                worked = Some(std::time::Instant::now());
                let conversation = Conversation {
                    connection,
                    stream,
                    notices: None,
                    tray: None,
                    faces: &faces,
                    wishes: &wishes,
                    ear: &ear,
                };
                conversation.hold(&mut wanted).await
            }
            Err(words) => {
                tracing::debug!(words, "no session bus");
                End::Lost
            }
        };
        match end {
            End::Stop => return,
            End::Unwanted => continue,
            End::Lost => say(&ear, *wanted.borrow(), TrayReport::NoBus, NoticesReport::NoBus),
        }
        tokio::select! {
            () = sleep(backoff.pause(worked, std::time::Instant::now())) => {}
            changed = wanted.changed() => if changed.is_err() { return },
        }
    }
}

/// Says this of what is wanted, and of the rest that it is off.
fn say(ear: &Ear, wanted: Wanted, tray: TrayReport, notices: NoticesReport) {
    ear.tray_is(if wanted.tray { tray } else { TrayReport::Off });
    ear.notices_are(if wanted.notices { notices } else { NoticesReport::Off });
}

/// What goes on over one connection.
struct Conversation<'a> {
    connection: Connection,
    stream: MessageStream,
    notices: Option<Notices>,
    tray: Option<Tray>,
    faces: &'a watch::Receiver<Option<Face>>,
    wishes: &'a Arc<Wishes>,
    ear: &'a Arc<Ear>,
}

/// The task that keeps the icon; it ends when `panels` is dropped.
struct Tray {
    panels: watch::Sender<Panels>,
    task: JoinHandle<()>,
}

impl Conversation<'_> {
    async fn hold(mut self, wanted: &mut watch::Receiver<Wanted>) -> End {
        let end = self.talk(wanted).await;
        self.end_tray().await;
        end
    }

    async fn talk(&mut self, wanted: &mut watch::Receiver<Wanted>) -> End {
        if self.send(watch_panels()).await.is_err() {
            return End::Lost;
        }
        let mut stops = false;
        loop {
            let now = *wanted.borrow_and_update();
            self.show_tray(now.tray).await;
            if self.show_notices(now.notices).await.is_err() {
                return End::Lost;
            }
            if !now.tray && !now.notices && self.notices.as_ref().is_none_or(Notices::is_over) {
                return End::Unwanted;
            }
            // A notice whose answer is still on its way is taken away too, as long as somebody waits for the end.
            if stops && self.notices.as_ref().is_none_or(|notices| !notices.is_closed || notices.is_over()) {
                return End::Stop;
            }
            let late = self.notices.as_ref().and_then(Notices::deadline);
            let late = async {
                match late {
                    Some(deadline) => sleep_until(Instant::from_std(deadline)).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                message = self.stream.next() => match message {
                    Some(Ok(message)) => self.read(&message),
                    Some(Err(_)) | None => return End::Lost,
                },
                () = self.wishes.bell.notified(), if self.notices.is_some() => {
                    self.notices.as_mut().map(Notices::wished);
                }
                () = late => {
                    self.notices.as_mut().map(Notices::late);
                }
                changed = wanted.changed(), if !stops => stops = changed.is_err(),
            }
        }
    }

    fn read(&mut self, message: &Message) {
        if message.message_type() == MessageType::MethodCall {
            return;
        }
        if let Some(notices) = &mut self.notices {
            notices.message(message);
        }
        let is_news = message.header().member().is_some_and(|member| member.as_str() == "NameOwnerChanged");
        let body = message.body();
        let (true, Ok((WATCHER, _, owner)), Some(tray)) =
            (is_news, body.deserialize::<(&str, &str, &str)>(), &self.tray)
        else {
            return;
        };
        tray.panels.send_modify(|panels| {
            panels.changes += 1;
            panels.are_there = !owner.is_empty();
        });
    }

    /// Starts or ends the tray, and waits until its icon is away.
    async fn show_tray(&mut self, wanted: bool) {
        match (wanted, &self.tray) {
            (true, None) => {
                let (panels, news) = watch::channel(Panels::default());
                let task = tokio::spawn(item::keep(self.faces.clone(), news, Arc::clone(self.ear)));
                self.tray = Some(Tray { panels, task });
            }
            (false, _) => {
                self.end_tray().await;
                self.ear.tray_is(TrayReport::Off);
            }
            (true, Some(_)) => {}
        }
    }

    async fn end_tray(&mut self) {
        if let Some(Tray { panels, task }) = self.tray.take() {
            drop(panels);
            // It has a time limit of its own; how it ended does not matter any more.
            let _ = task.await;
        }
    }

    /// Begins or ends to show notices, and sends what they have to say.
    async fn show_notices(&mut self, wanted: bool) -> Result<(), ()> {
        if wanted && self.notices.as_ref().is_none_or(|notices| notices.is_closed) {
            let notices = self.notices.insert(Notices::new(Arc::clone(self.wishes), Arc::clone(self.ear)));
            notices.wished();
        }
        if !wanted {
            if let Some(notices) = self.notices.as_mut().filter(|notices| !notices.is_closed) {
                notices.close();
            }
            self.ear.notices_are(NoticesReport::Off);
        }
        let messages = self.notices.as_mut().map(|notices| std::mem::take(&mut notices.outbox));
        self.send(messages.unwrap_or_default()).await
    }

    async fn send(&self, messages: impl IntoIterator<Item = Message>) -> Result<(), ()> {
        for message in messages {
            match timeout(PATIENCE, self.connection.send(&message)).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) | Err(_) => return Err(()),
            }
        }
        Ok(())
    }
}

fn watch_panels() -> Option<Message> {
    let rule =
        format!("type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',arg0='{WATCHER}'");
    let call = Message::method_call("/org/freedesktop/DBus", "AddMatch").ok()?;
    let call = call.destination("org.freedesktop.DBus").ok()?.interface("org.freedesktop.DBus").ok()?;
    call.build(&rule).ok()
}
