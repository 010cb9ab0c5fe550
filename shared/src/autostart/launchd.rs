//! A launch agent in the user's library (launchd.plist(5)). What is written takes effect with the next login.

use std::path::PathBuf;

use super::{DESKTOP, Part, Route, State, failed, program, read, remove, write};
use crate::error::Result;

const LABEL: &str = "org.kortti.desktop";

/// The launch agent as it is packaged.
const PACKAGED: &str = include_str!("../../../packaging/launchd/org.kortti.desktop.plist");

const PROGRAM: &str = "<string>/usr/local/bin/kortti-desktop</string>";
const SESSION: &str = "<string>Aqua</string>";

pub(super) fn state() -> Result<State> {
    let file = file()?;
    let text = read(&file)?;
    let headless = text.as_ref().is_some_and(|text| text.contains("<string>--headless</string>"));
    let problem = match (&text, own_text(headless)) {
        (None, _) => None,
        (Some(_), Err(error)) => Some(error.message),
        (Some(text), Ok(expected)) => (*text != expected).then(|| {
            format!(
                "{} was written for another program than this one. Write it anew with: kortti autostart on",
                file.display()
            )
        }),
    };
    let part = Part {
        name: LABEL.into(),
        place: Some(file.display().to_string()),
        own: true,
        enabled: true,
        active: None,
    };
    let parts = text.iter().map(|_| part.clone()).collect();
    Ok(State { on: text.is_some(), headless, route: Route::Launchd, parts, problem })
}

pub(super) fn switch(on: bool, headless: bool) -> Result<()> {
    if on { write(&file()?, &own_text(headless)?) } else { remove(&file()?) }
}

fn file() -> Result<PathBuf> {
    let base = directories::BaseDirs::new();
    let base =
        base.ok_or_else(|| failed("You have no home folder, in which a launch agent could be written."))?;
    Ok(base.home_dir().join("Library/LaunchAgents").join(format!("{LABEL}.plist")))
}

/// The launch agent as it is written for this user.
fn own_text(headless: bool) -> Result<String> {
    let program = program::path(DESKTOP)?.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let mut words = format!("<string>{program}</string>");
    let mut text = PACKAGED.to_owned();
    if headless {
        words.push_str("\n\t\t<string>--headless</string>");
        text = text.replace(SESSION, "<string>Background</string>");
    }
    Ok(text.replace(PROGRAM, &words))
}
