//! The main loop: it hears the agent and the platform, decides with the pure parts, and lets others act. It waits for
//! nothing but the next message, and has a timer only while something is due.

mod asked;

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use shared::config::Config;
use shared::rpc::events::{Change, Event};
use shared::rpc::methods::{AgentReload, ConfigReply, Empty};

use crate::agent::{Agent, News, Tell};
use crate::announce::{Announcer, Rules, Say};
use crate::face::{View, face};
use crate::hooks::Hooks;
use crate::known::Known;
use crate::open::{self, Place, Unopened};
use crate::prompts::Prompts;
use crate::removal::Watch;
use crate::report::Report;
use crate::surface::{Heard, NoticesReport, Surface, Wanted};

/// How long hooks have at the end.
const LAST_HOOKS: Duration = Duration::from_secs(5);

/// How long the notices have to go from the screen at the end.
const LAST_NOTICES: Duration = Duration::from_secs(1);

/// What the main loop is told.
pub(crate) enum Message {
    /// By the agent.
    News(News),
    /// By the platform.
    Heard(Heard),
    /// A place is closed again, or could not be opened.
    Closed(Place, Result<(), Unopened>),
    /// Something that was asked for did not come about; in words.
    Failed(String),
    /// Whether the program starts with the session.
    Autostart(bool),
    /// The program is to end.
    #[cfg_attr(not(unix), expect(dead_code, reason = "a process without a console gets no signals there"))]
    Stop,
}

/// Takes messages from any thread.
pub(crate) type Messages = Sender<Message>;

/// All that the loop decides with, and whom it lets act.
pub(crate) struct Conductor {
    headless: bool,
    messages: Messages,
    surface: Surface,
    agent: Agent,
    hooks: Hooks,
    known: Known,
    config: Config,
    settings: Option<Box<ConfigReply>>,
    locked: BTreeSet<String>,
    announcer: Announcer,
    prompts: Prompts,
    /// The places that are open, and since when.
    places: Vec<(Place, Instant)>,
    watch: Watch,
    report: Report,
    paused_until: Option<Instant>,
    starts_with_session: Option<bool>,
    /// Whether something was said that did not come about: it stays on the screen.
    has_complained: bool,
}

/// What the platform is asked for by these settings.
pub(crate) fn wanted(config: &Config, headless: bool) -> Wanted {
    Wanted {
        tray: !headless && config.tray.visible,
        notices: !headless && config.notify.enabled,
        session: true,
    }
}

impl Conductor {
    /// Starts the threads.
    ///
    /// # Errors
    /// One cannot be started.
    pub(crate) fn start(headless: bool, messages: Messages, surface: Surface) -> std::io::Result<Self> {
        let told = messages.clone();
        // Nobody listens any more at the end.
        let tell: Tell = Arc::new(move |news| drop(told.send(Message::News(news))));
        let conductor = Self {
            headless,
            agent: Agent::start(&tell)?,
            hooks: Hooks::start()?,
            messages,
            surface,
            known: Known::nothing(),
            config: Config::default(),
            settings: None,
            locked: BTreeSet::new(),
            announcer: Announcer::default(),
            prompts: Prompts::default(),
            places: vec![],
            watch: Watch::default(),
            report: Report::new(headless),
            paused_until: None,
            starts_with_session: None,
            has_complained: false,
        };
        Ok(conductor)
    }

    /// Works until it is to end.
    pub(crate) fn run(mut self, heard: &Receiver<Message>) -> ExitCode {
        if !self.headless {
            self.autostart(None);
        }
        self.show();
        loop {
            let message = match self.deadline() {
                None => heard.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(deadline) => heard.recv_timeout(deadline.saturating_duration_since(Instant::now())),
            };
            let paused = self.paused_until.is_some();
            match message {
                Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => break,
                Ok(message) => {
                    if !self.take(message) {
                        break;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            self.tick();
            if paused && self.paused_until.is_none() {
                let rules = Rules { config: &self.config, paused: false };
                let says = self.announcer.goes_on(&self.known, rules);
                self.say(says);
            }
            self.show();
        }
        self.clear(heard);
        self.surface.stop();
        self.hooks.finish(LAST_HOOKS);
        ExitCode::SUCCESS
    }

    /// Takes icon and notices away, and waits until that is done, but not for long.
    fn clear(&mut self, heard: &Receiver<Message>) {
        if self.announcer.end().is_empty() && !self.has_complained {
            return;
        }
        self.surface.want(Wanted { tray: false, notices: false, session: false });
        let end = Instant::now() + LAST_NOTICES;
        while let Ok(message) = heard.recv_timeout(end.saturating_duration_since(Instant::now())) {
            if matches!(message, Message::Heard(Heard::NoticesAre(NoticesReport::Off))) {
                return;
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        [self.watch.deadline(), self.prompts.deadline(), self.paused_until].into_iter().flatten().min()
    }

    /// Does what is due.
    fn tick(&mut self) {
        let now = Instant::now();
        if self.paused_until.is_some_and(|end| end <= now) {
            self.paused_until = None;
        }
        if self.watch.tick(&self.config.removal, now) {
            self.lock();
        }
        for place in self.prompts.tick(now) {
            self.open_by_itself(&place);
        }
    }

    /// Takes in a message. Whether the program goes on.
    fn take(&mut self, message: Message) -> bool {
        match message {
            Message::News(News::Settings(settings)) => self.settle(settings),
            Message::News(News::Event(event)) => return self.event(&event),
            Message::News(News::Away(reason)) => {
                if self.known.away.as_ref() != Some(&reason) {
                    tracing::warn!("{reason}");
                }
                self.watch.agent_is_away();
                self.known.away = Some(reason);
            }
            Message::Heard(Heard::Do(action)) => return self.asked(action),
            Message::Heard(heard) => self.hear(&heard),
            Message::Closed(place, outcome) => self.closed(&place, outcome),
            Message::Failed(words) => self.complain(&words),
            Message::Autostart(is_on) => self.starts_with_session = Some(is_on),
            Message::Stop => return false,
        }
        true
    }

    fn settle(&mut self, settings: Box<ConfigReply>) {
        for problem in &settings.problems {
            tracing::warn!("a configuration was refused: {problem}");
        }
        tracing::debug!(places = ?settings.places, "settings are taken in");
        let old = std::mem::replace(&mut self.config, settings.config.clone());
        self.locked =
            settings.entries.iter().filter(|entry| entry.locked).map(|entry| entry.key.clone()).collect();
        self.settings = Some(settings);
        // Before anything is shown: a notice that is not wanted is not kept.
        self.surface.want(wanted(&self.config, self.headless));
        if !self.headless {
            let rules = Rules { config: &self.config, paused: self.paused_until.is_some() };
            let says = self.announcer.rules_are(&old, &self.known, rules);
            self.say(says);
        }
    }

    /// Takes in an event. Whether the program goes on.
    fn event(&mut self, event: &Event) -> bool {
        tracing::debug!(sequence = event.sequence, change = ?event.change);
        let change = &event.change;
        // What a person sees comes first: it is what somebody waits for.
        if !self.headless {
            let rules = Rules { config: &self.config, paused: self.paused_until.is_some() };
            let says = self.announcer.hear(change, &self.known, rules);
            self.say(says);
            if let Some(place) = self.prompts.hear(change, &self.known, &self.config) {
                self.open_by_itself(&place);
            }
        }
        self.known.apply(change, self.config.notify.low_tries_at);
        if self.watch.hear(change, &self.config.removal, Instant::now()) {
            self.lock();
        }
        self.hooks.event(event, &self.config.hook);
        match change {
            Change::Snapshot(_) => self.agent.report(self.report.desktop()),
            Change::PolicyChanged { .. } => self.agent.ask_settings(),
            // Somebody stopped it. Whoever starts it again starts this program too.
            Change::AgentStopping => return false,
            _ => {}
        }
        true
    }

    fn hear(&mut self, heard: &Heard) {
        tracing::debug!(?heard);
        if self.report.hear(heard, self.headless) && self.known.away.is_none() {
            self.agent.report(self.report.desktop());
        }
        match heard {
            Heard::Sleeping(sleeps) => {
                tracing::info!("the machine {}", if *sleeps { "goes to sleep" } else { "woke up" });
                self.watch.sleeping(*sleeps, Instant::now());
                if !sleeps {
                    // What the readers told before the sleep may not be true any more.
                    self.ask("look at the readers again", |agent| {
                        agent.call::<AgentReload>(&Empty {}).map(drop)
                    });
                }
            }
            Heard::LockAsked(Err(words)) => self.complain(words),
            _ => {}
        }
    }

    fn lock(&self) {
        tracing::info!("a card is gone, so the session is locked");
        self.surface.lock_session();
    }

    /// Opens a place that nobody asked for, unless it is open.
    fn open_by_itself(&mut self, place: &Place) {
        if self.places.iter().any(|(open, _)| open == place) {
            tracing::info!(?place, "it is open already");
        } else {
            self.open(place);
        }
    }

    fn open(&mut self, place: &Place) {
        let messages = self.messages.clone();
        let closed = place.clone();
        self.places.push((place.clone(), Instant::now()));
        let opening =
            open::open(place.clone(), move |outcome| drop(messages.send(Message::Closed(closed, outcome))));
        if let Err(error) = opening {
            self.closed(place, Err(Unopened::Failed(format!("No window can be opened: {error}."))));
        }
    }

    fn closed(&mut self, place: &Place, outcome: Result<(), Unopened>) {
        let at = self.places.iter().position(|(open, _)| open == place);
        let since = at.map(|at| self.places.remove(at).1);
        let was_open = match &outcome {
            Ok(()) => Some(since.map_or(Duration::ZERO, |since| since.elapsed())),
            Err(Unopened::Later(_)) => Some(Duration::ZERO),
            Err(Unopened::Failed(_)) => None,
        };
        self.prompts.closed(place, was_open, Instant::now());
        if let Err(why) = outcome {
            self.complain(why.words());
        }
    }

    fn say(&self, says: Vec<Say>) {
        for say in says {
            match say {
                Say::Show(notice) => self.surface.notify(*notice),
                Say::Withdraw(key) => self.surface.withdraw(&key),
            }
        }
    }

    fn show(&self) {
        if self.headless {
            return;
        }
        let view = View {
            known: &self.known,
            config: &self.config,
            locked: &self.locked,
            paused: self.paused_until.is_some(),
            autostart: self.starts_with_session,
        };
        self.surface.show(face(&view));
    }
}
