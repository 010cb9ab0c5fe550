//! A notification daemon: a stand-in that remembers what it shows, and a person in front of it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use zbus::object_server::ResponseDispatchNotifier;
use zbus::zvariant::OwnedValue;
use zbus::{fdo, interface};

use super::bus::{Bell, Bus, Peer};

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";

/// A notification daemon on a bus; gone from it when dropped.
pub struct Notifier {
    peer: Peer,
    screen: Arc<Mutex<Screen>>,
}

/// What it shows, and what it was asked.
#[derive(Clone, Debug, Default)]
pub struct Screen {
    /// The notices on the screen, by their numbers.
    pub shown: BTreeMap<u32, Shown>,
    /// How many notices it was asked to show, replacements included.
    pub asked: u32,
    /// When each of them came.
    pub arrivals: Vec<Arrival>,
    /// The numbers that it was asked to take away.
    pub withdrawn: Vec<u32>,
    capabilities: Vec<String>,
    hangs: Hangs,
    last: u32,
    /// Withdrawn as soon as the answer was out.
    early: BTreeSet<u32>,
}

/// A request to show a notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// When it came, since the epoch.
    pub time: Duration,
    /// The program that it came from, as it names itself.
    pub program: String,
    /// Its title.
    pub title: String,
}

/// What it does not answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hangs {
    /// It answers everything.
    #[default]
    Never,
    /// It shows the next notice, and never says so; it answers for those after it.
    Once,
    /// It shows the next notice, and says so when [`Notifier::recovers`].
    ForAWhile,
    /// It answers nothing.
    Always,
    /// It refuses notices.
    Refuses,
}

/// A notice on the screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// The icon.
    pub icon: String,
    /// The title.
    pub title: String,
    /// The text, as it came.
    pub body: String,
    /// Keys and labels of its actions.
    pub actions: Vec<(String, String)>,
    /// The hints that are used.
    pub urgency: Option<u8>,
    /// See above.
    pub category: Option<String>,
    /// See above.
    pub desktop_entry: Option<String>,
    /// Milliseconds; -1 leaves it to the daemon.
    pub expires: i32,
}

struct Daemon {
    screen: Arc<Mutex<Screen>>,
    bell: Bell,
}

impl Daemon {
    fn ring(&self) {
        self.bell.send_modify(|count| *count += 1);
    }

    async fn may_hang(&self) {
        if self.screen.lock().unwrap().hangs == Hangs::Always {
            std::future::pending::<()>().await;
        }
    }
}

#[interface(name = "org.freedesktop.Notifications")]
impl Daemon {
    async fn get_capabilities(&self) -> Vec<String> {
        self.may_hang().await;
        self.screen.lock().unwrap().capabilities.clone()
    }

    async fn get_server_information(&self) -> (&str, &str, &str, &str) {
        self.may_hang().await;
        ("stand-in", "Kortti", "1.0", "1.2")
    }

    #[allow(clippy::too_many_arguments)]
    async fn notify(
        &self,
        program: String,
        replaces: u32,
        icon: String,
        title: String,
        body: String,
        actions: Vec<String>,
        mut hints: HashMap<String, OwnedValue>,
        expires: i32,
    ) -> fdo::Result<ResponseDispatchNotifier<u32>> {
        let mut news = self.bell.subscribe();
        let (id, hangs, shown) = {
            let mut screen = self.screen.lock().unwrap();
            screen.asked += 1;
            let time = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            screen.arrivals.push(Arrival { time, program, title: title.clone() });
            let hangs = screen.hangs;
            if hangs == Hangs::Once {
                screen.hangs = Hangs::Never;
            }
            let id = if screen.shown.contains_key(&replaces) { replaces } else { screen.last + 1 };
            screen.early.remove(&id);
            screen.last = screen.last.max(id);
            let mut hint = |name: &str| hints.remove(name).and_then(|value| String::try_from(value).ok());
            let (category, desktop_entry) = (hint("category"), hint("desktop-entry"));
            let actions = actions.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect();
            let urgency = hints.remove("urgency").map(|value| u8::try_from(value).unwrap());
            let shown = Shown { icon, title, body, actions, urgency, category, desktop_entry, expires };
            if matches!(hangs, Hangs::Once | Hangs::ForAWhile) {
                screen.shown.insert(id, shown.clone());
            }
            (id, hangs, shown)
        };
        self.ring();
        match hangs {
            Hangs::Once | Hangs::Always => std::future::pending().await,
            Hangs::ForAWhile => {
                while self.screen.lock().unwrap().hangs == Hangs::ForAWhile {
                    news.changed().await.unwrap();
                }
            }
            Hangs::Never => {}
            Hangs::Refuses => return Err(fdo::Error::LimitsExceeded("enough".to_owned())),
        }
        // Nobody can press a button before the answer is on its way.
        let (answer, answered) = ResponseDispatchNotifier::new(id);
        let (screen, bell) = (Arc::clone(&self.screen), self.bell.clone());
        tokio::spawn(async move {
            answered.await;
            let mut screen = screen.lock().unwrap();
            if !screen.early.remove(&id) && hangs == Hangs::Never {
                screen.shown.insert(id, shown);
            }
            drop(screen);
            bell.send_modify(|count| *count += 1);
        });
        Ok(answer)
    }

    fn close_notification(&self, id: u32) {
        let mut screen = self.screen.lock().unwrap();
        if screen.shown.remove(&id).is_none() {
            screen.early.insert(id);
        }
        screen.withdrawn.push(id);
        drop(screen);
        self.ring();
    }
}

impl Notifier {
    /// One that can do all that is used.
    pub fn on(bus: &Bus) -> Self {
        Self::that_can(bus, &["actions", "body", "body-markup"])
    }

    /// One that can do no more than this.
    pub fn that_can(bus: &Bus, capabilities: &[&str]) -> Self {
        Self::that_hangs(bus, capabilities, Hangs::Never)
    }

    /// One that can do this, and does not answer that.
    ///
    /// # Panics
    /// The bus does not run, or has a daemon.
    pub fn that_hangs(bus: &Bus, capabilities: &[&str], hangs: Hangs) -> Self {
        let capabilities = capabilities.iter().map(|name| (*name).to_owned()).collect();
        let screen = Arc::new(Mutex::new(Screen { capabilities, hangs, ..Screen::default() }));
        let peer = Peer::comes(&bus.address(), Some(NAME), |builder, bell| {
            builder.serve_at(PATH, Daemon { screen: Arc::clone(&screen), bell: bell.clone() })
        });
        Self { peer, screen }
    }

    /// What it does not answer from now on.
    ///
    /// # Panics
    /// Never.
    pub fn hangs(&self, hangs: Hangs) {
        self.screen.lock().unwrap().hangs = hangs;
    }

    /// Answers what it did not, and everything from now on.
    ///
    /// # Panics
    /// Never.
    pub fn recovers(&self) {
        self.hangs(Hangs::Never);
        self.peer.does(async {
            let server = self.peer.connection().object_server().interface::<_, Daemon>(PATH).await.unwrap();
            server.get().await.ring();
        });
    }

    /// Waits until there is something to see.
    ///
    /// # Panics
    /// There is nothing in time.
    #[track_caller]
    pub fn until<T>(&self, fits: impl Fn(&Screen) -> Option<T>) -> T {
        self.peer.until(|| self.screen.lock().unwrap().clone(), fits)
    }

    /// Waits until a notice with this title is on the screen, and returns its number and all that is on it.
    ///
    /// # Panics
    /// It does not come.
    #[track_caller]
    pub fn shows(&self, title: &str) -> (u32, Shown) {
        self.until(|screen| {
            let mut all = screen.shown.iter();
            all.find(|(_, shown)| shown.title == title).map(|(id, shown)| (*id, shown.clone()))
        })
    }

    /// Waits until nothing is on the screen.
    ///
    /// # Panics
    /// Something stays.
    #[track_caller]
    pub fn is_empty(&self) {
        self.until(|screen| screen.shown.is_empty().then_some(()));
    }

    /// Presses the button with this label; `None` clicks on the notice.
    ///
    /// # Panics
    /// There is no such notice or button.
    #[track_caller]
    pub fn presses(&self, id: u32, label: Option<&str>) {
        let shown = self.screen.lock().unwrap().shown.get(&id).cloned().expect("the notice");
        let mut actions = shown.actions.iter();
        let pressed = match label {
            Some(label) => actions.find(|(_, other)| other == label),
            None => actions.find(|(key, _)| key == "default"),
        };
        self.invokes(id, &pressed.expect("the button").0);
    }

    /// Says that somebody chose this.
    ///
    /// # Panics
    /// The bus is gone.
    pub fn invokes(&self, id: u32, key: &str) {
        self.emits("ActionInvoked", &(id, key));
    }

    /// Takes a notice away as a person does.
    ///
    /// # Panics
    /// The bus is gone.
    pub fn closes(&self, id: u32) {
        self.screen.lock().unwrap().shown.remove(&id);
        // 2: dismissed by the user (Desktop Notifications Specification).
        self.emits("NotificationClosed", &(id, 2_u32));
    }

    fn emits(&self, signal: &str, arguments: &(impl serde::Serialize + zbus::zvariant::DynamicType)) {
        self.peer.does(async {
            self.peer.connection().emit_signal(None::<&str>, PATH, NAME, signal, arguments).await.unwrap();
        });
    }

    /// What is on the screen now.
    ///
    /// # Panics
    /// Never.
    pub fn screen(&self) -> Screen {
        self.screen.lock().unwrap().clone()
    }
}
