//! One hook: a child process in a group of its own, which ends when its time is over.

use std::io::{self, Write as _};
use std::process::{Child, Command, ExitStatus, Stdio};
#[cfg(unix)]
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::Running;

/// How long a hook that is asked to end may take before it is killed.
#[cfg(unix)]
const LAST_WORDS: Duration = Duration::from_secs(2);

/// How a hook ended.
#[derive(Debug)]
pub(super) enum Outcome {
    /// By itself.
    Ended(ExitStatus),
    /// Its time was over.
    TooLong,
}

/// Starts a command in a group of its own.
///
/// # Errors
/// It cannot be started.
pub(super) fn start(command: &[String], event: &str) -> io::Result<Child> {
    let (program, arguments) = command.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env("KORTTI_EVENT", event)
        .stdin(Stdio::piped())
        // What it has to say it can write to a file of its own.
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.spawn()
}

/// Gives a child its line and waits until it ends, or until the deadline and a little longer. With it ends all that it
/// has left in its group.
///
/// # Errors
/// What the system says when it cannot be waited for.
pub(super) fn finish(
    mut child: Child,
    line: &[u8],
    deadline: Instant,
    running: &Running,
) -> io::Result<Outcome> {
    let group = child.id();
    feed(&mut child, line, deadline);
    wait(&mut child, deadline, || running.is_over(group))
}

/// Ends a group of which the first process is not reaped yet.
#[cfg(unix)]
pub(super) fn kill_group(group: u32) {
    signal(group, rustix::process::Signal::KILL);
}

/// There are no groups there, and a child is ended through its handle.
#[cfg(not(unix))]
pub(super) fn kill_group(_group: u32) {}

#[cfg(unix)]
fn signal(group: u32, signal: rustix::process::Signal) {
    let group = i32::try_from(group).ok().and_then(rustix::process::Pid::from_raw);
    if let Some(group) = group {
        // It may have ended meanwhile.
        let _ = rustix::process::kill_process_group(group, signal);
    }
}

/// Gives the child its line, as far as it reads it before the deadline.
#[cfg(unix)]
fn feed(child: &mut Child, mut line: &[u8], deadline: Instant) {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let Some(mut stdin) = child.stdin.take() else { return };
    // A pipe has room for every usual event, so this hardly ever waits.
    if rustix::io::ioctl_fionbio(&stdin, true).is_err() {
        return;
    }
    while !line.is_empty() {
        match stdin.write(line) {
            Ok(written) => line = line.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let left = deadline.saturating_duration_since(Instant::now());
                let Ok(left) = Timespec::try_from(left) else { return };
                let mut writable = [PollFd::new(&stdin, PollFlags::OUT)];
                if matches!(poll(&mut writable, Some(&left)), Ok(0) | Err(_)) {
                    return;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // It does not want to know.
            Err(_) => return,
        }
    }
}

#[cfg(not(unix))]
fn feed(child: &mut Child, line: &[u8], _deadline: Instant) {
    let Some(mut stdin) = child.stdin.take() else { return };
    let line = line.to_vec();
    // A child that does not read is ended at the deadline, and then this ends too.
    let _ = thread::Builder::new().name("hook input".to_owned()).spawn(move || stdin.write_all(&line));
}

/// Waits for the end, and sees to it after the deadline. `is_over` is called while the number is still the child's.
#[cfg(unix)]
fn wait(child: &mut Child, deadline: Instant, is_over: impl FnOnce()) -> io::Result<Outcome> {
    use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, waitid};
    let group = child.id();
    let (tell, ended) = channel();
    let process = Pid::from_child(child);
    // Another thread sees the end but leaves the process to be reaped, so that its number is not another's when it is
    // signalled.
    let seen = move || {
        let how = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while matches!(waitid(WaitId::Pid(process), how), Err(rustix::io::Errno::INTR)) {}
        let _ = tell.send(());
    };
    if let Err(error) = thread::Builder::new().name("hook end".to_owned()).spawn(seen) {
        signal(group, Signal::KILL);
        is_over();
        child.wait()?;
        return Err(error);
    }
    let has_ended = |patience| ended.recv_timeout(patience) != Err(RecvTimeoutError::Timeout);
    if has_ended(deadline.saturating_duration_since(Instant::now())) {
        // What it has left behind has nobody who limits its time.
        signal(group, Signal::KILL);
        is_over();
        return child.wait().map(Outcome::Ended);
    }
    signal(group, Signal::TERM);
    has_ended(LAST_WORDS);
    // Also what it started and left behind.
    signal(group, Signal::KILL);
    is_over();
    child.wait()?;
    Ok(Outcome::TooLong)
}

#[cfg(not(unix))]
fn wait(child: &mut Child, deadline: Instant, is_over: impl FnOnce()) -> io::Result<Outcome> {
    const LOOK: Duration = Duration::from_millis(50);
    is_over();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Outcome::Ended(status));
        }
        if Instant::now() >= deadline {
            child.kill()?;
            child.wait()?;
            return Ok(Outcome::TooLong);
        }
        thread::sleep(LOOK);
    }
}
