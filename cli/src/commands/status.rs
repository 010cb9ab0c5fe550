//! `status`, `readers`: the agent's view, without speaking to any card.

use serde::Serialize;
use shared::ErrorCode;
use shared::model::{Reader, ReaderState, Service};
use shared::rpc::methods::{Empty, Select, Status, StatusReply};

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
        lines
    };
    readers.iter().map(|reader| ("Reader", lines(reader))).collect()
}

/// What is in a reader, in words: the agent's own where it says what is wrong.
pub(super) fn contents(reader: &Reader) -> String {
    let name = reader.card.as_ref().map_or("a card", |card| card.name.as_str());
    if let Some(detail) = &reader.detail {
        let atr = reader.atr.as_ref().filter(|_| reader.state == ReaderState::UnknownCard);
        return match atr {
            Some(atr) => format!("{detail} Its answer to reset is {atr}."),
            None => detail.clone(),
        };
    }
    match reader.state {
        ReaderState::Empty => "no card; insert one".into(),
        ReaderState::Identifying => "a card that is being looked at".into(),
        ReaderState::Ready => {
            let number = reader.card.as_ref().map(words::card_number).unwrap_or_default();
            format!("{name} {number}").trim_end().to_owned()
        }
        ReaderState::NotInitialised => format!("{name} that is empty; ask your administrator"),
        ReaderState::UnknownCard => {
            let atr = reader.atr.as_ref().map(|atr| format!("; its answer to reset is {atr}"));
            format!("a card that is not supported{}", atr.unwrap_or_default())
        }
        ReaderState::Mute => "a card that does not answer; is it the right way round?".into(),
        ReaderState::Busy => "a card that another program keeps for itself".into(),
        ReaderState::Failed => "a card that cannot be used".into(),
        ReaderState::Forbidden => "a card that the policy of this machine does not allow".into(),
    }
}

#[cfg(test)]
mod tests {
    use shared::hex::Hex;
    use shared::model::{Card, Csn, Edge};

    use super::*;

    #[test]
    fn what_is_in_a_reader() {
        use ReaderState as S;
        let card =
            |csn: Option<Csn>| Some(Card { edge: Edge::Gids, csn, name: "GIDS card".into(), serial: None });
        for (state, card, detail, words) in [
            (S::Empty, None, None, "no card; insert one"),
            (S::Ready, card(Some(Csn::new(&[1, 2]))), None, "GIDS card 0102"),
            (S::NotInitialised, card(None), None, "GIDS card that is empty; ask your administrator"),
            (S::UnknownCard, None, None, "a card that is not supported; its answer to reset is 3B00"),
            (S::Busy, None, None, "a card that another program keeps for itself"),
            (S::Busy, None, Some("It is gpg-agent."), "It is gpg-agent."),
            (S::Mute, None, None, "a card that does not answer; is it the right way round?"),
            (S::Mute, None, Some("Is it the right way round?"), "Is it the right way round?"),
            (S::UnknownCard, None, Some("Not known."), "Not known. Its answer to reset is 3B00."),
        ] {
            let atr = Some(Hex(vec![0x3B, 0]));
            let reader = Reader {
                name: "R".into(),
                state,
                atr,
                card,
                pin_pad: false,
                detail: detail.map(str::to_owned),
                check: None,
            };
            assert_eq!(contents(&reader), words);
        }
    }

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
    }
}
