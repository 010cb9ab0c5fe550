//! `autostart`: whether Kortti starts with the session.

use shared::autostart::{self, Part, Route, State};

use crate::args::Autostart;
use crate::exit::Failure;
use crate::output::{Output, fields, note};

/// `autostart …`
pub(super) fn run(verb: &Autostart, output: Output) -> Result<(), Failure> {
    let state = match verb {
        Autostart::On { headless } => autostart::switch(true, *headless)?,
        Autostart::Off => autostart::switch(false, false)?,
        Autostart::Status => autostart::state()?,
    };
    output.show(&state, || text(&state, output.width))?;
    if let Some(problem) = state.problem.as_deref().filter(|_| !output.json) {
        note(problem);
    }
    Ok(())
}

fn text(state: &State, width: Option<usize>) -> String {
    let on = match (state.on, state.headless) {
        (false, _) => "off",
        (true, false) => "on",
        (true, true) => "on, without a desktop",
    };
    let by = match state.route {
        Route::Systemd => "units of systemd",
        Route::DesktopEntry => "an entry in the autostart folder",
        Route::Launchd => "a launch agent",
        Route::RunKey => "the Run key",
    };
    let mut list = vec![("Autostart", vec![on.to_owned()]), ("By", vec![by.to_owned()])];
    list.extend(state.parts.iter().map(|part| (part.name.as_str(), part_text(part))));
    fields(&list, width)
}

fn part_text(part: &Part) -> Vec<String> {
    let mut words = vec![if part.enabled { "enabled" } else { "not enabled" }];
    words.extend(part.active.map(|active| if active { "active" } else { "not active" }));
    if !part.own {
        words.push("packaged");
    }
    [words.join(", ")].into_iter().chain(part.place.clone()).collect()
}
