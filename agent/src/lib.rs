//! The background process of Kortti: it watches readers, speaks to cards, and serves a local socket.
//!
//! ```text
//! watcher ─► registry ─► subscribers          one thread waits for readers and cards
//! ipc ─► service ─► worker ─► crate card      a thread per client, a thread per reader
//! ```
//!
//! A client's thread finds the card in the registry and hands the operation to the worker of its reader. Only
//! workers speak to cards; the registry's lock is never held meanwhile.

mod audit;
mod caller;
mod checkup;
mod clock;
mod door;
mod errors;
mod ipc;
mod log;
mod memory;
mod options;
pub mod policy;
pub mod registry;
mod reload;
mod rotating;
pub mod service;
mod service_manager;
pub mod surroundings;
mod watcher;
mod worker;

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use card::transport::Readers;
use card::transport::pcsc::PcscReaders;
use card::virt::VirtualReaders;
use clap::Parser as _;
use shared::config::Places;
use shared::lock::Lock;
use shared::{Error, ErrorCode, Result, detach, harden};

use door::Door;
use options::Options;
use policy::Policy;
use service::Service;
use surroundings::Surroundings;

/// How long a stop waits for operations that are under way: a card must not be left half written, and slow ones
/// need a minute for a key. Nothing begins any more.
const LAST_OPERATIONS: Duration = Duration::from_secs(75);

/// The program.
pub fn main() -> ExitCode {
    let options = Options::parse();
    match log::start(options.log, options.log_to.as_ref()).and_then(|()| run(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            match error.code {
                ErrorCode::Busy => ExitCode::from(shared::client::RUNS_ALREADY),
                _ => ExitCode::FAILURE,
            }
        }
    }
}

fn run(options: &Options) -> Result<()> {
    harden::process().map_err(|error| {
        Error::new(ErrorCode::System, format!("The process cannot be protected from being read: {error}."))
    })?;
    let handed_over = door::handed_over()?;
    let (readers, virtual_readers) = readers(options)?;
    let lock = Lock::take("agent.lock", "An agent of this user runs already.")?;
    let door = Arc::new(Door::open(handed_over)?);
    let policy = Policy::read(Places::of_this_user());
    for problem in &policy.now().problems {
        tracing::warn!(%problem, "a configuration was refused");
    }
    let agent = Agent::start(readers, virtual_readers, policy, Surroundings::of_this_user())?;
    heed_signals(&agent.service)?;
    let reloading = Arc::clone(&agent.service);
    spawn("reload", move || reload::run(&reloading))?;
    let (serving, served) = (Arc::clone(&agent.service), Arc::clone(&door));
    spawn("accept", move || ipc::run(&served.listener, &serving))?;
    tracing::info!(version = shared::VERSION, "ready");
    if !service_manager::ready() {
        // Nobody need listen.
        let _ = writeln!(std::io::stdout(), "{}", shared::client::READY);
    }
    if options.detached {
        detach::process().map_err(|error| {
            Error::new(ErrorCode::System, format!("The agent cannot go into the background: {error}."))
        })?;
    }

    agent.run();
    door.close();
    drop(lock);
    Ok(())
}

/// An agent at work: everything but the socket.
pub struct Agent {
    service: Arc<Service>,
    stopped: Receiver<()>,
}

impl Agent {
    /// Starts to watch these readers; `virtual_readers` are the same ones when they are virtual.
    ///
    /// # Errors
    /// [`ErrorCode::System`] when no thread can be started.
    pub fn start(
        readers: Arc<dyn Readers>,
        virtual_readers: Option<Arc<VirtualReaders>>,
        policy: Policy,
        surroundings: Surroundings,
    ) -> Result<Self> {
        let (stop, stopped) = channel();
        let service = Service::new(readers, virtual_readers, policy, surroundings, stop);
        let watching = Arc::clone(&service);
        spawn("watcher", move || watcher::run(&watching))?;
        let waiting = Arc::clone(&service);
        spawn("clock", move || waiting.watch_clock())?;
        Ok(Self { service, stopped })
    }

    /// What requests are made to.
    pub fn service(&self) -> &Arc<Service> {
        &self.service
    }

    /// Works until somebody asks it to stop, and until what is under way then is done.
    pub fn run(self) {
        // The sender lives as long as the service, so this ends only with a request.
        let _ = self.stopped.recv();
        tracing::info!("stopping");
        service_manager::stopping();
        self.service.finish(LAST_OPERATIONS);
    }
}

type AnyReaders = (Arc<dyn Readers>, Option<Arc<VirtualReaders>>);

fn readers(options: &Options) -> Result<AnyReaders> {
    let virtual_readers = match &options.r#virtual {
        None => return Ok((Arc::new(PcscReaders::new()), None)),
        Some(None) => VirtualReaders::demo(),
        Some(Some(file)) => VirtualReaders::from_file(file).map_err(|words| {
            Error::new(ErrorCode::System, format!("{} describes no virtual readers: {words}", file.display()))
        })?,
    };
    let virtual_readers = Arc::new(virtual_readers);
    Ok((virtual_readers.clone(), Some(virtual_readers)))
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<()> {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map(drop)
        .map_err(|error| Error::new(ErrorCode::System, format!("No thread can be started: {error}.")))
}

/// SIGTERM and SIGINT end the agent; SIGHUP has it reload, as daemons do.
#[cfg(unix)]
fn heed_signals(service: &Arc<Service>) -> Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let failed = |error| Error::new(ErrorCode::System, format!("Signals cannot be received: {error}."));
    let mut signals = signal_hook::iterator::Signals::new([SIGHUP, SIGINT, SIGTERM]).map_err(failed)?;
    let service = Arc::clone(service);
    spawn("signals", move || {
        for signal in signals.forever() {
            if signal == SIGHUP {
                reload(&service);
            } else {
                service.request_stop();
            }
        }
    })
}

#[cfg(windows)]
fn heed_signals(_service: &Arc<Service>) -> Result<()> {
    // A process without a console gets none; `kortti agent stop` ends it.
    Ok(())
}

#[cfg(unix)]
fn reload(service: &Service) {
    tracing::info!("reloading");
    service_manager::reloading();
    service::settings::reload(service);
    service_manager::ready();
}
