//! Programs that are started when something happens: no shell, the event as one line of JSON on their standard input,
//! a time limit for each and all that it started. A hook is over when its own process ends: what it has left in the
//! background is killed then. What is to go on has to leave the process group, as with `setsid`.
//!
//! They begin in the order of the events. So many run at once and so many events wait; whatever a hook does, the rest
//! of the program does not wait for it.

mod child;

use std::collections::BTreeSet;
use std::process::Child;
use std::sync::mpsc::{Receiver, Sender, SyncSender, TrySendError, channel, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use shared::config::Hook;
use shared::rpc::events::{Change, Event};

use child::Outcome;

/// How many events have their hooks run at the same time.
const AT_ONCE: usize = 16;

/// How many events wait for their turn. What comes on top of that is dropped.
const WAITING: usize = 256;

/// The commands of one event: they run one after the other.
struct Job {
    name: String,
    line: String,
    commands: Vec<Vec<String>>,
    limit: Duration,
}

/// A handle to whoever starts them.
pub(crate) struct Hooks {
    jobs: SyncSender<Job>,
    ended: Receiver<()>,
    running: Running,
}

/// The process groups that run.
#[derive(Clone, Default)]
struct Running(Arc<Mutex<Groups>>);

#[derive(Default)]
struct Groups {
    running: BTreeSet<u32>,
    /// Whether nothing may begin any more.
    is_closed: bool,
}

impl Running {
    /// Starts a command, unless nothing may begin any more. Whoever closes this knows all that has begun.
    fn start(&self, command: &[String], event: &str) -> std::io::Result<Option<Child>> {
        let mut groups = self.lock();
        if groups.is_closed {
            return Ok(None);
        }
        let child = child::start(command, event)?;
        groups.running.insert(child.id());
        Ok(Some(child))
    }

    /// A group is over, whose number is still its own.
    fn is_over(&self, group: u32) {
        self.lock().running.remove(&group);
    }

    /// Lets nothing begin any more, and ends what runs.
    fn close(&self) {
        let mut groups = self.lock();
        groups.is_closed = true;
        groups.running.iter().for_each(|group| child::kill_group(*group));
    }

    fn lock(&self) -> MutexGuard<'_, Groups> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hooks {
    /// Gets ready to start some.
    ///
    /// # Errors
    /// No thread can be started.
    pub(crate) fn start() -> std::io::Result<Self> {
        let (jobs, waiting) = sync_channel(WAITING);
        let (end, ended) = channel();
        let running = Running::default();
        let theirs = running.clone();
        thread::Builder::new().name("hooks".to_owned()).spawn(move || dispatch(&waiting, &theirs, &end))?;
        Ok(Self { jobs, ended, running })
    }

    /// Starts what is configured for an event. Returns at once.
    pub(crate) fn event(&self, event: &Event, hook: &Hook) {
        if hook.on.is_empty() || matches!(event.change, Change::Snapshot(_)) {
            return;
        }
        let Some((name, line)) = named(event) else { return };
        let Some(commands) = hook.on.get(&name).filter(|commands| !commands.is_empty()) else { return };
        let limit = Duration::from_secs(hook.timeout_s.into());
        let job = Job { name, line, commands: commands.clone(), limit };
        if let Err(TrySendError::Full(job) | TrySendError::Disconnected(job)) = self.jobs.try_send(job) {
            tracing::warn!(event = job.name, "too many hooks run, so those of this event are not started");
        }
    }

    /// Lets those that run and wait come to their end, but only so long; then they are ended.
    pub(crate) fn finish(self, patience: Duration) {
        let Self { jobs, ended, running } = self;
        drop(jobs);
        if ended.recv_timeout(patience).is_err() {
            running.close();
        }
    }
}

/// The name of an event, and the line that hooks get.
fn named(event: &Event) -> Option<(String, String)> {
    let value = serde_json::to_value(event).ok()?;
    let name = value.get("event")?.as_str()?.to_owned();
    let mut line = serde_json::to_string(event).ok()?;
    line.push('\n');
    Some((name, line))
}

/// Starts the jobs in their order, each as soon as there is a free place. `end` is told when all are done.
fn dispatch(waiting: &Receiver<Job>, running: &Running, end: &Sender<()>) {
    let (leave, places) = sync_channel(AT_ONCE);
    for _ in 0..AT_ONCE {
        let _ = leave.send(());
    }
    for job in waiting {
        // Somebody leaves in the end: each command has a time limit.
        let _ = places.recv();
        let first = job.commands.first().map(|command| begin(&job, command, running));
        let (done, running) = (leave.clone(), running.clone());
        let work = move || {
            run(&job, first, &running);
            let _ = done.send(());
        };
        if let Err(error) = thread::Builder::new().name("hook".to_owned()).spawn(work) {
            tracing::warn!("a hook cannot be waited for: {error}");
            let _ = leave.send(());
        }
    }
    for _ in 0..AT_ONCE {
        let _ = places.recv();
    }
    let _ = end.send(());
}

/// A command that has begun, and when its time is over; `None` when nothing may begin any more.
type Begun = std::io::Result<Option<(Child, Instant)>>;

fn begin(job: &Job, command: &[String], running: &Running) -> Begun {
    let deadline = Instant::now() + job.limit;
    Ok(running.start(command, &job.name)?.map(|child| (child, deadline)))
}

/// Runs the commands of a job, of which the first has begun.
fn run(job: &Job, mut first: Option<Begun>, running: &Running) {
    for command in &job.commands {
        let outcome = match first.take().unwrap_or_else(|| begin(job, command, running)) {
            Ok(Some((child, deadline))) => child::finish(child, job.line.as_bytes(), deadline, running),
            Ok(None) => return,
            Err(error) => Err(error),
        };
        let (event, program) = (&job.name, command.first());
        match outcome {
            Ok(Outcome::Ended(status)) if status.success() => tracing::debug!(event, program, "a hook ran"),
            Ok(Outcome::Ended(status)) => tracing::warn!(event, program, %status, "a hook failed"),
            Ok(Outcome::TooLong) => {
                tracing::warn!(event, program, limit = ?job.limit, "a hook took too long and was ended");
            }
            Err(error) => tracing::warn!(event, program, "a hook cannot be started: {error}"),
        }
    }
}

#[cfg(test)]
#[path = "hooks/tests.rs"]
mod tests;
