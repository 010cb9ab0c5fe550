//! Linux and its like: units where systemd looks after the user and the desktop starts its units, and else an entry.

use super::entry::{self, Entry};
use super::systemd::Manager;
use super::{Route, State, failed};
use crate::error::Result;

pub(super) fn state() -> Result<State> {
    let manager = Manager::look();
    let entry = Entry::look()?;
    let has_units = manager.as_ref().is_some_and(Manager::has_session);
    let mut parts = manager.as_ref().map(Manager::parts).transpose()?.unwrap_or_default();
    parts.extend(entry.as_ref().map(|entry| entry.part(has_units)));

    let by_entry = entry.as_ref().filter(|entry| entry.starts(has_units));
    let by_unit = manager.as_ref().filter(|manager| manager.has_desktop() || manager.has_headless());
    let headless = by_unit.is_some_and(Manager::has_headless);
    // The tray's unit waits for a target that this desktop may never reach.
    let waits = headless || starts_units(manager.as_ref());
    let (route, problem) = match (by_unit, by_entry) {
        (Some(manager), _) if waits => (Route::Systemd, manager.problem()?),
        (_, Some(entry)) => (Route::DesktopEntry, entry.problem()?),
        (Some(_), None) => (
            Route::Systemd,
            Some(
                "This desktop does not start kortti-desktop.service, as it does not reach graphical-session.target. \
                 Have an entry made for it, in this session, with: kortti autostart on"
                    .to_owned(),
            ),
        ),
        (None, None) if starts_units(manager.as_ref()) => (Route::Systemd, None),
        (None, None) => (Route::DesktopEntry, None),
    };
    Ok(State { on: by_unit.is_some() || by_entry.is_some(), headless, route, parts, problem })
}

pub(super) fn switch(on: bool, headless: bool) -> Result<()> {
    let mut manager = Manager::look();
    let starts_units = starts_units(manager.as_ref());
    match (&mut manager, on) {
        (None, true) if headless => Err(failed(
            "No systemd looks after you here, so nothing can start Kortti without a desktop. Start \
             `kortti-desktop --headless` where you start your other programs.",
        )),
        (Some(manager), true) if headless || starts_units => {
            manager.switch_on(headless)?;
            // One of them is enough.
            entry::remove_own()
        }
        (manager, true) => {
            entry::switch_on()?;
            manager.as_mut().map_or(Ok(()), Manager::switch_on_agent)
        }
        (manager, false) => {
            manager.as_mut().map_or(Ok(()), Manager::switch_off)?;
            entry::switch_off()
        }
    }
}

/// Whether the units start with this user's sessions: there is a manager, and if this is a graphical session, it is
/// one that tells the manager. From elsewhere (ssh, a console) it cannot be seen, and is taken to be so.
fn starts_units(manager: Option<&Manager>) -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_graphical = is_set("DISPLAY") || is_set("WAYLAND_DISPLAY");
    manager.is_some_and(|manager| manager.has_session() || !is_graphical)
}
