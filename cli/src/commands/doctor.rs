//! `doctor`: everything that has to be there for Kortti to work, each with what to do where it is not.

use serde::Serialize;
use shared::ErrorCode;
use shared::doctor::{self, Check, Verdict};

use crate::exit::{Failure, failure};
use crate::output::{Output, wrap};

#[derive(Serialize)]
struct Report {
    checks: Vec<Check>,
}

/// `doctor`
pub(super) fn run(output: Output) -> Result<(), Failure> {
    let checks = doctor::checks();
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
            let (mark, name) = if number == 0 { (mark, check.name.as_str()) } else { ("", "") };
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
