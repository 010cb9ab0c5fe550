//! What is said before another certificate becomes the default one, where the settings ask for it.

use shared::rpc::methods::{CertList, ConfigShow, Empty, OnCard, Select};

use crate::exit::Failure;
use crate::output::note;
use crate::session::Session;
use crate::terminal::Secrets;

/// Says which certificate is the default one now, and asks whoever can be asked whether that may change.
///
/// # Errors
/// [`Failure::Cancelled`], and those of the agent.
pub(in crate::commands) fn warn(
    session: &mut Session,
    select: &Select,
    chosen: Option<&str>,
    secrets: &Secrets,
) -> Result<(), Failure> {
    if !session.call::<ConfigShow>(&Empty {})?.config.cert.warn_replace_default {
        return Ok(());
    }
    let listed = session.call::<CertList>(&OnCard { select: select.clone() })?;
    let Some(now) =
        listed.iter().find(|certificate| certificate.default && Some(certificate.id.as_str()) != chosen)
    else {
        return Ok(());
    };
    let words = format!("The default is {} now, and another certificate takes its place.", now.common_name);
    let Some(terminal) = secrets.terminal() else {
        note(&words);
        return Ok(());
    };
    terminal.say(&words);
    if terminal.yes("Go on?")? { Ok(()) } else { Err(Failure::Cancelled) }
}
