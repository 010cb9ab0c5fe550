//! The agent, as the desktop sees it: one thread reads its events and brings it back when it dies, another asks it.
//! Neither keeps the main thread waiting.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use shared::client::{Client, Events};
use shared::model::Desktop;
use shared::rpc::Method;
use shared::rpc::events::{Change, Event};
use shared::rpc::methods::{ConfigReply, ConfigShow, DesktopReport, Empty};
use shared::{Error, ErrorCode, Result};

use crate::backoff::Backoff;

/// The longest pause where the agent cannot be started, again and again.
const LAST_PAUSE: Duration = Duration::from_secs(60);

/// What the agent's threads tell.
pub(crate) enum News {
    /// The settings that are in force: before the first event, and when they were asked for.
    Settings(Box<ConfigReply>),
    /// Something happened.
    Event(Box<Event>),
    /// The agent cannot be reached, for this reason. It is tried again until it can.
    Away(String),
}

/// Takes what the threads tell.
pub(crate) type Tell = Arc<dyn Fn(News) + Send + Sync>;

/// A handle to both threads.
pub(crate) struct Agent {
    retry: Sender<()>,
    asks: Sender<Ask>,
}

enum Ask {
    Settings,
    Report(Box<Desktop>),
}

impl Agent {
    /// Connects, and starts an agent where none runs.
    ///
    /// # Errors
    /// No thread can be started.
    pub(crate) fn start(tell: &Tell) -> std::io::Result<Self> {
        let (retry, retried) = channel();
        let (asks, asked) = channel();
        let told = Arc::clone(tell);
        thread::Builder::new().name("events".to_owned()).spawn(move || listen(&told, &retried))?;
        let told = Arc::clone(tell);
        thread::Builder::new().name("requests".to_owned()).spawn(move || ask(&told, &asked))?;
        Ok(Self { retry, asks })
    }

    /// Tries again at once when the agent is away.
    pub(crate) fn retry(&self) {
        // The thread ends with the agent only when that was stopped, and then so does this program.
        let _ = self.retry.send(());
    }

    /// Asks for the settings, which come as [`News::Settings`].
    pub(crate) fn ask_settings(&self) {
        let _ = self.asks.send(Ask::Settings);
    }

    /// Tells the agent what this desktop can do. That holds as long as this program lives.
    pub(crate) fn report(&self, desktop: Desktop) {
        let _ = self.asks.send(Ask::Report(Box::new(desktop)));
    }
}

/// Reads events until the agent is stopped.
fn listen(tell: &Tell, retried: &Receiver<()>) {
    let mut backoff = Backoff::up_to(LAST_PAUSE);
    loop {
        let mut worked = None;
        let reason = match connect() {
            Err(error) => error.message,
            Ok((settings, events)) => {
                if let Some(settings) = settings {
                    tell(News::Settings(Box::new(settings)));
                }
                match read(events, tell, &mut worked) {
                    End::Stopped => return,
                    End::Lost(reason) => reason,
                }
            }
        };
        tell(News::Away(reason));
        match retried.recv_timeout(backoff.pause(worked, Instant::now())) {
            Ok(()) => backoff.again(),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// How a stream of events ended.
enum End {
    /// Somebody stopped the agent.
    Stopped,
    /// It is gone, or says what this version does not understand.
    Lost(String),
}

/// Reads events, and says in `worked` when the snapshot came: an agent that gets as far works.
fn read(events: Events, tell: &Tell, worked: &mut Option<Instant>) -> End {
    for event in events {
        match event {
            Ok(event) => {
                worked.get_or_insert_with(Instant::now);
                let is_stopping = matches!(event.change, Change::AgentStopping);
                tell(News::Event(Box::new(event)));
                if is_stopping {
                    return End::Stopped;
                }
            }
            Err(error) if error.code == ErrorCode::ProtocolVersion => return End::Lost(error.message),
            Err(_) => break,
        }
    }
    End::Lost("The agent ended unexpectedly. It is started again.".to_owned())
}

/// The settings, then the events: whoever hears of a card knows already what is to be done about it.
fn connect() -> Result<(Option<ConfigReply>, Events)> {
    let mut client = Client::connect_or_start()?;
    let settings = match client.call::<ConfigShow>(&Empty {}) {
        Ok(settings) => Some(settings),
        Err(error) if error.code == ErrorCode::NoAgent => return Err(error),
        Err(error) => {
            tracing::warn!(%error, "the agent does not tell its settings");
            None
        }
    };
    Ok((settings, client.subscribe()?))
}

/// Asks what is to be asked, over one connection that stays open.
fn ask(tell: &Tell, asked: &Receiver<Ask>) {
    let mut client = None;
    for ask in asked {
        let outcome = match ask {
            Ask::Settings => call::<ConfigShow>(&mut client, &Empty {})
                .map(|settings| tell(News::Settings(Box::new(settings)))),
            Ask::Report(desktop) => call::<DesktopReport>(&mut client, &desktop).map(drop),
        };
        if let Err(error) = outcome {
            // When it is back, everything is asked and told again.
            tracing::debug!(%error, "a request to the agent failed");
        }
    }
}

/// Calls a method that may be called twice, over the connection that is open, or else over a new one.
fn call<M: Method>(client: &mut Option<Client>, params: &M::Params) -> Result<M::Reply> {
    if let Some(open) = client {
        match open.call::<M>(params) {
            Err(Error { code: ErrorCode::NoAgent, .. }) => *client = None,
            answered => return answered,
        }
    }
    client.insert(Client::connect()?).call::<M>(params)
}
