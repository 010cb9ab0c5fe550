//! What opens when somebody asks for a place: the window, or else a terminal with `kortti` in it, or else questions by
//! pinentry.

mod prompts;
mod terminal;

use std::process::{Command, Stdio};
use std::thread;

use shared::{Error, ErrorCode, place};

use crate::action::Panel;
use shared::programs::Programs;

/// A place, and the card that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Which place.
    pub panel: Panel,
    /// The reader's exact name.
    pub reader: Option<String>,
    /// The card's CSN.
    pub card: Option<String>,
}

impl Place {
    /// The same as the window takes it.
    fn whole(&self) -> place::Place {
        place::Place { panel: Some(self.panel), reader: self.reader.clone(), card: self.card.clone() }
    }
}

/// Why a place was not opened; in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unopened {
    /// Another question is open.
    Later(String),
    /// There is nothing that could open it, or it does not work.
    Failed(String),
}

impl Unopened {
    /// What a person is told.
    pub(crate) fn words(&self) -> &str {
        let (Self::Later(words) | Self::Failed(words)) = self;
        words
    }
}

/// Opens a place. Returns at once; `closed` is called when it is closed again, or could not be opened.
///
/// # Errors
/// No thread can be started; then `closed` is not called.
pub(crate) fn open(
    place: Place,
    closed: impl FnOnce(Result<(), Unopened>) + Send + 'static,
) -> std::io::Result<()> {
    let work = move || closed(show(&place, &Programs::of_this_process()));
    thread::Builder::new().name("window".to_owned()).spawn(work).map(drop)
}

/// Opens a place, and waits until it is closed again.
///
/// # Errors
/// [`ErrorCode::System`] when it cannot be opened.
pub(crate) fn here(place: &Place) -> Result<(), Error> {
    show(place, &Programs::of_this_process()).map_err(|why| Error::new(ErrorCode::System, why.words()))
}

/// Opens a place by whatever there is, and waits until it is closed.
fn show(place: &Place, programs: &Programs) -> Result<(), Unopened> {
    if let Some(window) = programs.ours("kortti-gui") {
        return wait(Command::new(&window).args(place.whole().arguments()), "kortti-gui");
    }
    if let Some(mut terminal) = terminal::command(place, programs) {
        return wait(&mut terminal, "the terminal");
    }
    if let Some(program) = programs.pinentry() {
        return prompts::ask(place, &program);
    }
    Err(Unopened::Failed(
        "There is nothing to ask or show it with. Install kortti-gui, a terminal or a graphical pinentry, or use \
         kortti in a console."
            .to_owned(),
    ))
}

/// Runs a program that has a window of its own, and reaps it.
fn wait(command: &mut Command, name: &str) -> Result<(), Unopened> {
    let started = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn();
    let ended = started.and_then(|mut child| child.wait());
    match ended {
        Ok(status) if status.success() => Ok(()),
        // What went wrong in it, it has said itself.
        Ok(status) => {
            tracing::info!(%status, "{name} ended");
            Ok(())
        }
        Err(error) => Err(Unopened::Failed(format!("{name} could not be started: {error}."))),
    }
}

#[cfg(test)]
#[path = "open/tests.rs"]
mod tests;
