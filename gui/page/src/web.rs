//! The page in a browser: a small server on this machine, for one person and one session.
//!
//! Whoever can open a connection to 127.0.0.1 is not trusted for that: not other users of the machine, and not other pages in the
//! person's own browser. `owner` settles the first, `gate` and `session` the second.

mod body;
mod gate;
mod link;
#[cfg_attr(not(target_os = "linux"), path = "web/owner/others.rs")]
mod owner;
mod server;
mod session;

use std::time::Duration;

use shared::config::{self, Loaded, Places};
use shared::{Error, ErrorCode, Result};

use shared::place::Place;

pub use link::Opening;

/// How the server is started.
#[derive(Clone, Debug)]
pub struct Order {
    /// Where the page opens.
    pub place: Place,
    /// Who opens the link.
    pub opening: Opening,
    /// After how long without a page the server ends.
    pub end_after: Duration,
}

/// Serves the page until it has been closed for a while. Returns why it ended, in a sentence.
///
/// # Errors
/// [`ErrorCode::Forbidden`] where the settings do not allow the page or come to forbid it, [`ErrorCode::System`] where the system refuses a port or a file.
pub fn serve(order: Order) -> Result<&'static str> {
    if !is_allowed() {
        return Err(forbidden());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| refused(&error))?;
    let end = runtime.block_on(server::run(order));
    // What still waits for the agent does not keep anybody.
    runtime.shutdown_background();
    end
}

/// Whether the settings, as they are now, allow the page.
fn is_allowed() -> bool {
    config::load(&Places::of_this_user(), &Loaded::default()).config.web.allowed
}

fn forbidden() -> Error {
    let words = "The settings of this machine do not allow the page in a browser. `kortti config` says who settled it; \
                 the window is there all the same: kortti gui";
    Error::new(ErrorCode::Forbidden, words)
}

fn refused(error: &std::io::Error) -> Error {
    Error::new(ErrorCode::System, format!("The page cannot be served: {error}."))
}
