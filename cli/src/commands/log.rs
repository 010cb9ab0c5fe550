//! `log`: the record of writes to cards, and of refusals of them.

use serde_json::Value;
use shared::model::{AuditRecord, Program};
use shared::rpc::methods::{LogParams, LogRead};
use shared::words::tries_sentence;

use crate::args::Global;
use crate::exit::Failure;
use crate::output::{Output, Row, table};
use crate::session::Session;
use crate::words::moment;

/// `log`
pub(super) fn run(limit: u16, global: &Global, output: Output) -> Result<(), Failure> {
    let params = LogParams { limit, card: global.card.clone() };
    let reply = Session::open(global)?.call::<LogRead>(&params)?;
    output.show(&reply, || {
        if reply.records.is_empty() {
            return "Nothing is recorded.\n".into();
        }
        let rows: Vec<Row> = reply.records.iter().map(row).collect();
        table(&["TIME", "ASKED FOR", "ABOUT", "~OUTCOME", "~CARD", "~PROGRAM"], &rows, output.width)
    })
}

fn row(record: &AuditRecord) -> Row {
    let AuditRecord { time, method, about, csn, program, .. } = record;
    Row::new([
        moment(time),
        method.clone(),
        about.clone().unwrap_or_default(),
        outcome(record),
        csn.as_ref().map(ToString::to_string).unwrap_or_default(),
        name(program),
    ])
}

/// `done`, or why it was not, by the stable name; with the tries that were left then.
fn outcome(record: &AuditRecord) -> String {
    let refused = record.refused.and_then(|code| serde_json::to_value(code).ok());
    let end = match &refused {
        Some(Value::String(code)) => code,
        _ => "done",
    };
    let tries = match record.tries_left {
        None => String::new(),
        Some(0) => "; no try left".into(),
        Some(left) => format!("; {}", tries_sentence(Some(left)).trim_end_matches('.')),
    };
    format!("{end}{tries}")
}

fn name(program: &Program) -> String {
    match (&program.path, program.pid) {
        (Some(path), Some(pid)) => format!("{path} ({pid})"),
        (Some(path), None) => path.clone(),
        (None, Some(pid)) => format!("process {pid}"),
        (None, None) => "not known".into(),
    }
}
