//! By inotify itself: a library that watches everything that happens in a folder wakes the agent at every look that any
//! program takes at a file in /etc, and at rest nothing of ours wakes.

use std::ffi::OsString;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};

use super::spots;

/// So long nothing more happens before a file is read: an editor writes in several steps.
const SETTLE: Duration = Duration::from_millis(50);
/// A file that is written to all the time is read all the same.
const AT_MOST: Duration = Duration::from_secs(1);

/// Calls `changed` once everything is watched, and after each change. Returns only when it cannot go on.
///
/// # Errors
/// What the system says, when it lets nothing be watched.
pub(super) fn watch(files: &[PathBuf], mut changed: impl FnMut()) -> io::Result<()> {
    loop {
        // Made anew after each change: which folders are there may have changed too.
        let watch = Watch::on(files)?;
        changed();
        watch.wait()?;
        watch.settle()?;
    }
}

struct Watch {
    inotify: OwnedFd,
    /// Names that matter, by the number of the folder's watch.
    names: Vec<(i32, OsString)>,
}

impl Watch {
    fn on(files: &[PathBuf]) -> io::Result<Self> {
        let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        let mut names = Vec::new();
        for spot in spots(files) {
            let mut what = WatchFlags::MOVED_TO
                | WatchFlags::DELETE_SELF
                | WatchFlags::MOVE_SELF
                | WatchFlags::ONLYDIR
                | WatchFlags::MASK_ADD;
            what |= if spot.is_file {
                WatchFlags::CLOSE_WRITE | WatchFlags::MOVED_FROM | WatchFlags::DELETE | WatchFlags::ATTRIB
            } else {
                WatchFlags::CREATE
            };
            match inotify::add_watch(&inotify, &spot.folder, what) {
                Ok(number) => names.push((number, spot.name)),
                Err(error) => {
                    tracing::warn!(%error, folder = %spot.folder.display(), "changes in this folder are not noticed");
                }
            }
        }
        Ok(Self { inotify, names })
    }

    /// Sleeps until something happens that matters.
    fn wait(&self) -> io::Result<()> {
        loop {
            self.poll(None)?;
            if self.read()? {
                return Ok(());
            }
        }
    }

    /// Lets what happens now come to its end.
    fn settle(&self) -> io::Result<()> {
        let end = Instant::now() + AT_MOST;
        while Instant::now() < end && self.poll(Some(SETTLE))? {
            self.read()?;
        }
        Ok(())
    }

    /// Whether there is something to read in this time.
    fn poll(&self, patience: Option<Duration>) -> io::Result<bool> {
        let patience = patience.map(|time| Timespec::try_from(time).unwrap_or_default());
        let mut ready = [PollFd::new(&self.inotify, PollFlags::IN)];
        match poll(&mut ready, patience.as_ref()) {
            Ok(count) => Ok(count > 0),
            Err(rustix::io::Errno::INTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes what has happened. Whether any of it matters.
    fn read(&self) -> io::Result<bool> {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut events = Reader::new(&self.inotify, &mut buffer);
        let mut matters = false;
        loop {
            match events.next() {
                Ok(event) => {
                    let happened = event.events();
                    let lost = ReadFlags::QUEUE_OVERFLOW | ReadFlags::IGNORED;
                    let moved = ReadFlags::DELETE_SELF | ReadFlags::MOVE_SELF;
                    let named = event.file_name().is_some_and(|name| {
                        let is_it = |(number, wanted): &(i32, OsString)| {
                            *number == event.wd() && wanted.as_bytes() == name.to_bytes()
                        };
                        self.names.iter().any(is_it)
                    });
                    matters |= named || happened.intersects(lost | moved);
                }
                Err(rustix::io::Errno::WOULDBLOCK) => return Ok(matters),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}
