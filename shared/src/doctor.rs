//! Everything that has to be there for Kortti to work, each with what to do where it is not: what `kortti doctor` and the page
//! show.
//!
//! What is found can be posted in public: `safe` takes names of people, homes and serial numbers out of it.

mod kortti;
mod pcsc;
mod safe;

use serde::{Deserialize, Serialize};

use self::safe::Safe;
use crate::client::Client;
use crate::error::Error;
use crate::rpc::methods::{Empty, Status, StatusReply};

/// How something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it should be.
    Good,
    /// Neither good nor bad, or a matter of taste.
    Note,
    /// Something does not work.
    Bad,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Check {
    /// What it is called.
    pub name: String,
    /// How it stands.
    pub verdict: Verdict,
    /// What was found.
    pub found: String,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

impl Check {
    fn new(name: &str, verdict: Verdict, found: impl Into<String>) -> Self {
        Self { name: name.to_owned(), verdict, found: found.into(), advice: None }
    }

    /// Something that is as it should be.
    #[must_use]
    pub fn good(name: &str, found: impl Into<String>) -> Self {
        Self::new(name, Verdict::Good, found)
    }

    /// Something that is neither good nor bad.
    #[must_use]
    pub fn note(name: &str, found: impl Into<String>) -> Self {
        Self::new(name, Verdict::Note, found)
    }

    /// Something that does not work, and what to do about it.
    #[must_use]
    pub fn bad(name: &str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { advice: Some(advice.into()), ..Self::new(name, Verdict::Bad, found) }
    }

    fn advising(self, advice: impl Into<String>) -> Self {
        Self { advice: Some(advice.into()), ..self }
    }
}

/// The agent, or why it cannot be asked.
type Agent = Result<(Client, StatusReply), Error>;

/// Looks at everything. Starts the agent where none runs.
#[must_use]
pub fn checks() -> Vec<Check> {
    let mut agent = Client::connect_or_start().and_then(|mut client| {
        let status = client.call::<Status>(&Empty {})?;
        Ok((client, status))
    });
    let mut checks = kortti::versions(&agent);
    checks.extend(pcsc::checks(&agent));
    checks.extend(kortti::checks(&mut agent));
    let safe = Safe::of_this_user();
    for check in &mut checks {
        check.found = safe.text(&check.found);
        check.advice = check.advice.as_deref().map(|advice| safe.text(advice));
    }
    checks
}
