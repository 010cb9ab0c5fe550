//! Notices when a file of the settings changes.
//!
//! Not the files are watched but the folders that they are in, or would be in: an editor replaces a file, and a file
//! that is not there yet cannot be watched.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use notify::{RecursiveMode, Watcher as _};
use shared::config::Place;

use crate::service::{Service, settings};

/// So long nothing more happens before a file is read: an editor writes in several steps.
const SETTLE: Duration = Duration::from_millis(50);

/// Watches until the process ends. That files cannot be watched is told once; `kortti config reload` and SIGHUP read them
/// all the same.
pub(crate) fn run(service: &Arc<Service>) {
    let files: Vec<PathBuf> = service
        .policy()
        .places()
        .0
        .iter()
        .filter_map(|(_, place)| match place {
            Place::File(path) | Place::PropertyList(path) => Some(path.clone()),
            Place::Registry(_) => None,
        })
        .collect();
    let (sender, changes) = channel();
    let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // An overflow or an error may stand for a change.
        if event.is_ok_and(|event| event.kind.is_access()) {
            return;
        }
        let _ = sender.send(());
    });
    let mut watcher = match watcher {
        Ok(watcher) => watcher,
        Err(error) => {
            tracing::warn!(%error, "changes of the configuration are not noticed; reload it after one");
            return;
        }
    };
    let mut watched = BTreeSet::new();
    watch(&mut watcher, &mut watched, &files);
    // Something may have changed between the reading at the start and now.
    settings::reread(service);
    while changes.recv().is_ok() {
        settle(&changes);
        watch(&mut watcher, &mut watched, &files);
        settings::reread(service);
    }
}

fn settle(changes: &Receiver<()>) {
    while changes.recv_timeout(SETTLE).is_ok() {}
}

/// Watches the nearest folder that is there of each file, and no other one.
fn watch(watcher: &mut notify::RecommendedWatcher, watched: &mut BTreeSet<PathBuf>, files: &[PathBuf]) {
    let wanted: BTreeSet<PathBuf> = files
        .iter()
        .filter_map(|file| file.ancestors().skip(1).find(|folder| folder.is_dir()).map(Path::to_owned))
        .collect();
    for folder in watched.difference(&wanted) {
        let _ = watcher.unwatch(folder);
    }
    // Asked for again also where it is watched already: it may be another folder of the same name by now.
    for folder in &wanted {
        if let Err(error) = watcher.watch(folder, RecursiveMode::NonRecursive) {
            tracing::warn!(%error, folder = %folder.display(), "changes in this folder are not noticed");
        }
    }
    *watched = wanted;
}
