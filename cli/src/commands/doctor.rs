//! `doctor`: everything that has to be there for Kortti to work, each with what to do where it is not.
//!
//! What it prints can be posted in public: `safe` takes names of people, homes and serial numbers out of it.

mod kortti;
mod pcsc;
mod safe;

use serde::Serialize;
use shared::client::Client;
use shared::rpc::methods::{Empty, Status, StatusReply};
use shared::{Error, ErrorCode};

use self::safe::Safe;
use crate::exit::{Failure, failure};
use crate::output::{Output, wrap};

/// How something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    /// As it should be.
    Good,
    /// Neither good nor bad, or a matter of taste.
    Note,
    /// Something does not work.
    Bad,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Check {
    name: &'static str,
    verdict: Verdict,
    /// What was found.
    found: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

impl Check {
    fn new(name: &'static str, verdict: Verdict, found: impl Into<String>) -> Self {
        Self { name, verdict, found: found.into(), advice: None }
    }

    fn good(name: &'static str, found: impl Into<String>) -> Self {
        Self::new(name, Verdict::Good, found)
    }

    fn note(name: &'static str, found: impl Into<String>) -> Self {
        Self::new(name, Verdict::Note, found)
    }

    fn bad(name: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { advice: Some(advice.into()), ..Self::new(name, Verdict::Bad, found) }
    }

    fn advising(self, advice: impl Into<String>) -> Self {
        Self { advice: Some(advice.into()), ..self }
    }
}

#[derive(Serialize)]
struct Report {
    checks: Vec<Check>,
}

/// The agent, or why it cannot be asked.
type Agent = Result<(Client, StatusReply), Error>;

/// `doctor`
pub(super) fn run(output: Output) -> Result<(), Failure> {
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
    let bad = checks.iter().filter(|check| check.verdict == Verdict::Bad).count();
    let report = Report { checks };
    output.show(&report, || text(&report.checks, output.width))?;
    match bad {
        0 => Ok(()),
        1 => Err(failure(ErrorCode::System, "One thing needs you.")),
        several => Err(failure(ErrorCode::System, format!("{several} things need you."))),
    }
}

/// A line for each check, and below it what to do.
fn text(checks: &[Check], width: Option<usize>) -> String {
    let indent = checks.iter().map(|check| check.name.chars().count()).max().unwrap_or(0) + 2;
    let room = width.map(|width| width.saturating_sub(indent + MARK));
    let mut text = String::new();
    for check in checks {
        let mark = match check.verdict {
            Verdict::Good => "ok",
            Verdict::Note => "-",
            Verdict::Bad => "BAD",
        };
        let found = crate::output::clean(&check.found);
        let mut lines = wrap(&found, room);
        if let Some(advice) = &check.advice {
            lines.extend(wrap(&crate::output::clean(advice), room));
        }
        for (number, line) in lines.iter().enumerate() {
            let (mark, name) = if number == 0 { (mark, check.name) } else { ("", "") };
            text.push_str(format!("{mark:MARK$}{name:indent$}{line}").trim_end());
            text.push('\n');
        }
    }
    text
}

/// Columns of the mark before each check.
const MARK: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_is_a_line_and_what_to_do_is_below_it() {
        let checks = [
            Check::good("Agent", "0.1.0"),
            Check::bad("Service", "It does not run.", "Install the package pcscd."),
        ];
        assert_eq!(
            text(&checks, Some(34)),
            "ok   Agent    0.1.0\n\
             BAD  Service  It does not run.\n              Install the package\n              pcscd.\n"
        );
    }
}
