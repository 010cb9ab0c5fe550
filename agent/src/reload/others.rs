//! By the library `notify`, on systems without inotify.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use notify::{RecursiveMode, Watcher as _};

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
    let (sender, changes) = channel();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // An error may stand for a change.
        if !event.is_ok_and(|event| event.kind.is_access()) {
            let _ = sender.send(());
        }
    })
    .map_err(io::Error::other)?;
    let mut watched = BTreeSet::new();
    loop {
        let wanted: BTreeSet<PathBuf> = spots(files).into_iter().map(|spot| spot.folder).collect();
        for folder in watched.difference(&wanted) {
            let _ = watcher.unwatch(folder);
        }
        for folder in &wanted {
            if let Err(error) = watcher.watch(folder, RecursiveMode::NonRecursive) {
                tracing::warn!(%error, folder = %folder.display(), "changes in this folder are not noticed");
            }
        }
        watched = wanted;
        changed();
        if changes.recv().is_err() {
            return Ok(());
        }
        let end = Instant::now() + AT_MOST;
        while Instant::now() < end && changes.recv_timeout(SETTLE).is_ok() {}
    }
}
