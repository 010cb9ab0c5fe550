//! What a person asked for in the menu or with a notice. What takes time is done on threads of its own.

use std::thread;
use std::time::{Duration, Instant};

use shared::client::Client;
use shared::config::{self, Loaded, Places};
use shared::rpc::methods::{AgentReload, AgentStop, CardRelease, Empty, OnCard, Select};
use shared::{Error, ErrorCode, autostart};

use super::{Conductor, Message, wanted};
use crate::action::Action;
use crate::notices::{Notice, Urgency};
use crate::open::Place;
use crate::phrases;
use crate::tray::TrayState;

/// How long a pause is.
const PAUSE: Duration = Duration::from_secs(60 * 60);

impl Conductor {
    /// Does it. Whether the program goes on.
    pub(super) fn asked(&mut self, action: Action) -> bool {
        tracing::info!(?action, "somebody asked for something");
        match action {
            Action::Open { panel, reader, card } => self.open(&Place { panel, reader, card }),
            Action::Release { reader } => self.ask("let go of the card", move |agent| {
                let select = Select { reader: Some(reader), card: None };
                agent.call::<CardRelease>(&OnCard { select }).map(drop)
            }),
            Action::PauseNotices => self.paused_until = Some(Instant::now() + PAUSE),
            Action::ResumeNotices => self.paused_until = None,
            Action::SwitchNotices(is_on) => self.set("notify.enabled", is_on),
            Action::SwitchKind(kind, is_on) => self.set(&phrases::key(kind), is_on),
            Action::Autostart(is_on) => self.autostart(Some(is_on)),
            Action::StartAgent => self.agent.retry(),
            Action::Reload => {
                self.ask("read the settings again", |agent| agent.call::<AgentReload>(&Empty {}).map(drop));
            }
            Action::Quit => return self.quit(),
        }
        true
    }

    /// Stops the agent, whose last event ends this program too.
    fn quit(&mut self) -> bool {
        if self.known.away.is_some() {
            return false;
        }
        self.ask("stop", |agent| agent.call::<AgentStop>(&Empty {}).map(drop));
        true
    }

    /// Has the agent asked for something, however long that takes.
    pub(super) fn ask(
        &mut self,
        what: &'static str,
        ask: impl FnOnce(&mut Client) -> shared::Result<()> + Send + 'static,
    ) {
        let messages = self.messages.clone();
        let work = move || {
            if let Err(error) = Client::connect().and_then(|mut agent| ask(&mut agent)) {
                let words = format!("The agent did not {what}: {error}");
                // Nobody listens any more at the end.
                let _ = messages.send(Message::Failed(words));
            }
        };
        if let Err(error) = thread::Builder::new().name("asking".to_owned()).spawn(work) {
            self.complain(&format!("The agent could not be asked to {what}: {error}."));
        }
    }

    /// Finds out whether the program starts with the session, after it was switched on or off where that is asked for.
    pub(super) fn autostart(&mut self, switch: Option<bool>) {
        let messages = self.messages.clone();
        let work = move || {
            let state = match switch {
                Some(is_on) => autostart::switch(is_on, false),
                None => autostart::state(),
            };
            let message = match state {
                Ok(state) => Message::Autostart(state.on),
                Err(error) => Message::Failed(error.message),
            };
            let _ = messages.send(message);
        };
        if let Err(error) = thread::Builder::new().name("autostart".to_owned()).spawn(work) {
            self.complain(&format!("Whether Kortti starts with the session cannot be told: {error}."));
        }
    }

    /// Switches a setting in the person's own file. The agent sees that and says so, and then it is in force.
    fn set(&mut self, key: &str, is_on: bool) {
        let outcome = Places::own_file()
            .ok_or_else(|| {
                Error::new(ErrorCode::System, "You have no home folder, so no settings of your own.")
            })
            .and_then(|file| {
                let mut loaded = Loaded::of(self.config.clone());
                loaded.entries = self.settings.as_ref().map(|s| s.entries.clone()).unwrap_or_default();
                config::set(&file, &loaded, key, &is_on.to_string())
            });
        if let Err(error) = outcome {
            self.complain(&error.message);
        }
    }

    /// Says that something did not come about.
    pub(super) fn complain(&mut self, words: &str) {
        tracing::warn!("{words}");
        if !wanted(&self.config, self.headless).notices {
            return;
        }
        self.has_complained = true;
        self.surface.notify(Notice {
            key: "kortti".to_owned(),
            title: "Kortti".to_owned(),
            body: words.to_owned(),
            urgency: Urgency::Normal,
            category: "device.error",
            icon: TrayState::Attention,
            actions: vec![],
            default: None,
            expires: None,
        });
    }
}
