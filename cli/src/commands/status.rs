//! `status`, `readers`: the agent's view, without speaking to any card.

use serde::Serialize;
use shared::ErrorCode;
use shared::model::{Part, PartState, Reader, Service};
use shared::rpc::methods::{Empty, Select, Status, StatusReply};
use shared::words::contents;

use crate::args::Global;
use crate::exit::{Failure, failure};
use crate::output::{Output, fields};
use crate::session::{Session, is_named};
use crate::words;

#[derive(Serialize)]
struct Readers<'a> {
    readers: &'a [Reader],
}

/// `status`
pub(super) fn status(global: &Global, output: Output) -> Result<(), Failure> {
    let status = look(global)?;
    output.show(&status, || status_text(&status, output.width))
}

/// `readers`
pub(super) fn readers(global: &Global, output: Output) -> Result<(), Failure> {
    let status = look(global)?;
    if let Service::Down { reason } = status.service {
        return Err(failure(ErrorCode::NoService, reason));
    }
    output
        .show(Readers { readers: &status.readers }, || fields(&readers_fields(&status.readers), output.width))
}

/// The agent's view of the readers that the command line names.
fn look(global: &Global) -> Result<StatusReply, Failure> {
    let mut status = Session::open(global)?.call::<Status>(&Empty {})?;
    let given = Select { reader: global.reader.clone(), card: global.card.clone() };
    status.readers.retain(|reader| is_named(reader, &given));
    if status.readers.is_empty() {
        if let Some(card) = &global.card {
            let message =
                format!("No card with the serial number {card} is in a reader. `kortti readers` lists them.");
            return Err(failure(ErrorCode::NoCard, message));
        }
        if let Some(reader) = &global.reader {
            let message = format!("There is no reader named {reader}. `kortti readers` lists them.");
            return Err(failure(ErrorCode::NoReader, message));
        }
    }
    Ok(status)
}

/// What `status` shows.
pub(super) fn status_text(status: &StatusReply, width: Option<usize>) -> String {
    let kind = if status.r#virtual { ", virtual readers and cards" } else { "" };
    let service = match &status.service {
        Service::Up => "up".into(),
        Service::Down { reason } => reason.clone(),
    };
    let mut list = vec![
        ("Agent", vec![format!("{}, process {}{kind}", status.version, status.pid)]),
        ("Service", vec![service]),
    ];
    if status.service == Service::Up {
        list.extend(readers_fields(&status.readers));
    }
    if let Some(desktop) = &status.desktop {
        let part = |part: &Part| {
            vec![match part.state {
                PartState::Works => part.detail.clone(),
                PartState::Missing => format!("missing: {}", part.detail),
                PartState::Off => format!("off: {}", part.detail),
            }]
        };
        list.push(("Tray", part(&desktop.tray)));
        list.push(("Notices", part(&desktop.notices)));
        list.push(("Session", part(&desktop.session)));
    }
    fields(&list, width)
}

fn readers_fields(readers: &[Reader]) -> Vec<(&'static str, Vec<String>)> {
    if readers.is_empty() {
        return vec![("Reader", vec!["none; connect a smart card reader".into()])];
    }
    let lines = |reader: &Reader| {
        let mut lines = vec![reader.name.clone(), contents(reader)];
        if reader.pin_pad {
            lines.push("PINs are typed on its own keys".into());
        }
        let concerns = reader.check.iter().flat_map(|check| &check.concerns);
        lines.extend(concerns.map(words::concern));
        lines
    };
    readers.iter().map(|reader| ("Reader", lines(reader))).collect()
}

#[cfg(test)]
mod tests {
    use shared::model::Desktop;

    use super::*;

    #[test]
    fn status_in_words() {
        let mut status = StatusReply {
            version: "0.1.0".into(),
            pid: 7,
            r#virtual: true,
            service: Service::Up,
            readers: vec![],
            preferred: None,
            desktop: None,
        };
        assert_eq!(
            status_text(&status, None),
            "Agent    0.1.0, process 7, virtual readers and cards\nService  up\nReader   none; connect a \
             smart card reader\n"
        );
        status.service = Service::Down { reason: "It does not run.\nStart pcscd.".into() };
        status.r#virtual = false;
        assert_eq!(
            status_text(&status, None),
            "Agent    0.1.0, process 7\nService  It does not run.\\nStart pcscd.\n"
        );
        let part = |state, detail: &str| Part { state, detail: detail.into() };
        status.service = Service::Up;
        status.desktop = Some(Desktop {
            tray: part(PartState::Missing, "nobody shows icons"),
            notices: part(PartState::Off, "switched off"),
            session: part(PartState::Works, "logind"),
        });
        assert_eq!(
            status_text(&status, None),
            "Agent    0.1.0, process 7\nService  up\nReader   none; connect a smart card reader\nTray     missing: nobody \
             shows icons\nNotices  off: switched off\nSession  logind\n"
        );
    }
}
