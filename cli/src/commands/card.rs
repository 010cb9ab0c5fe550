//! `card`: everything about one card, and the mending of what an interrupted write left.

use shared::model::{CardDetails, Container, Finding, Role};
use shared::rpc::methods::{CardRelease, CardRepair, CardShow, OnCard, RepairParams, RepairReply, Select};
use time::OffsetDateTime;

use super::access::{self, Authority, Wants};
use super::{cert, pin};
use crate::args::{self, Global};
use crate::exit::Failure;
use crate::output::{Output, Row, clean, fields, table, wrap};
use crate::session::Session;
use crate::terminal::Secrets;
use crate::words;

/// `card …`
pub(super) fn run(verb: Option<args::Card>, global: &Global, output: Output) -> Result<(), Failure> {
    match verb {
        None | Some(args::Card::Show) => {
            let card = Session::open(global)?.on_card::<CardShow>(|select| OnCard { select })?;
            output.show(&card, || card_text(&card, output.width, OffsetDateTime::now_utc()))
        }
        Some(args::Card::Release) => {
            // It speaks to no card, so it need not wait until one is known.
            let select = Select { reader: global.reader.clone(), card: global.card.clone() };
            let reply = Session::open(global)?.call::<CardRelease>(&OnCard { select })?;
            output.show(reply, || "Kortti has let go of the card.\n".to_owned())
        }
        Some(args::Card::Repair(write)) => repair(&write, global, output),
    }
}

fn repair(write: &args::CardWrite, global: &Global, output: Output) -> Result<(), Failure> {
    let mut secrets = Secrets::open(&write.write.secrets)?;
    let mut session = Session::open(global)?;
    let select = session.bind(secrets.terminal())?;
    let card = session.call::<CardShow>(&OnCard { select: select.clone() })?;
    if card.findings.iter().all(|finding| finding.repair.is_none()) {
        let reply = RepairReply { mended: vec![], remaining: card.findings };
        return output.show(&reply, || repair_text(&reply, output.width));
    }
    if let Some(terminal) = secrets.terminal() {
        for finding in &card.findings {
            terminal.say(&finding_line(finding));
        }
    }
    let Authority { pin, management_key, last_try } =
        access::authorise(&mut session, &select, write, &mut secrets, Wants::default())?;
    let reply = session.call::<CardRepair>(&RepairParams { select, pin, management_key, last_try })?;
    output.show(&reply, || repair_text(&reply, output.width))
}

fn repair_text(reply: &RepairReply, width: Option<usize>) -> String {
    if reply.mended.is_empty() && reply.remaining.is_empty() {
        return "Nothing is wrong with the card.\n".into();
    }
    let mended = reply.mended.iter().map(|finding| format!("Mended: {}: {}", finding.place, finding.text));
    let remaining = reply.remaining.iter().map(|finding| format!("Still wrong: {}", finding_line(finding)));
    let lines: Vec<String> = mended.chain(remaining).flat_map(|line| wrap(&clean(&line), width)).collect();
    lines.join("\n") + "\n"
}

fn finding_line(finding: &Finding) -> String {
    let Finding { place, text, repair } = finding;
    match (repair, certificate_at(place)) {
        (Some(repair), _) => format!("{place}: {text} Repair: {repair}"),
        (None, Some(id)) => {
            format!("{place}: {text} Delete it: kortti cert delete {id}, or import it again.")
        }
        (None, None) => format!("{place}: {text}"),
    }
}

/// The ID of the certificate that a finding is about, if it is about one: those in slots, and the files of `mscp` whose
/// names begin with the kind of their key (Microsoft minidriver specification, "Container certificates").
fn certificate_at(place: &str) -> Option<&str> {
    let in_file = place.strip_prefix("mscp/").filter(|id| id.starts_with("kxc") || id.starts_with("ksc"));
    in_file.or_else(|| place.strip_prefix("slot "))
}

fn card_text(card: &CardDetails, width: Option<usize>, now: OffsetDateTime) -> String {
    let csn = card.card.csn.as_ref();
    let used =
        |used: u16, max: Option<u16>| max.map_or_else(|| used.to_string(), |max| format!("{used} of {max}"));
    let mut list = vec![
        ("Reader", vec![card.reader.clone()]),
        ("Card", vec![card.card.name.clone()]),
        ("Printed number", card.card.serial.iter().cloned().collect()),
        ("CSN", csn.map(ToString::to_string).into_iter().collect()),
        ("Windows identifier", card.windows_id.iter().cloned().collect()),
        ("Answer to reset", vec![card.atr.to_string()]),
    ];
    if !card.initialised {
        list.push(("State", vec!["empty; ask your administrator".into()]));
        return fields(&list, width);
    }
    if let Some(key) = &card.management_key {
        list.push(("Management key", words::management_key(key)));
    }
    if card.blocking_erases_keys {
        list.push((
            "If both block",
            vec!["PIN and PUK both blocked: the card erases all its private keys".into()],
        ));
    }
    list.push(("Key containers", vec![used(card.space.containers_used, card.space.containers_max)]));
    list.push(("Data objects", vec![used(card.space.files_used, card.space.files_max)]));
    let mut text = fields(&list, width);
    let mut part = |title: &str, body: String| text.push_str(&format!("\n{title}\n{body}"));
    part("PINs", pin::pins_table(&card.pins, width));
    if !card.containers.is_empty() {
        part("Key containers", containers_table(&card.containers, width));
    }
    if !card.certificates.is_empty() {
        part("Certificates", cert::certificates_text(&card.certificates, width, now));
    }
    if !card.findings.is_empty() {
        let lines: Vec<String> =
            card.findings.iter().flat_map(|finding| wrap(&clean(&finding_line(finding)), width)).collect();
        // Where a repair can do nothing it is not offered.
        let mends = card.findings.iter().any(|finding| finding.repair.is_some());
        let title = if mends { "Findings (see: kortti card repair)" } else { "Findings" };
        part(title, lines.join("\n") + "\n");
    }
    text
}

fn containers_table(containers: &[Container], width: Option<usize>) -> String {
    let slots = containers.iter().any(|container| container.slot.is_some());
    let rows: Vec<Row> = containers
        .iter()
        .map(|container| {
            Row::new([
                if container.default { "*".into() } else { String::new() },
                container.slot.clone().unwrap_or_else(|| container.index.to_string()),
                container.name.clone(),
                if container.role == Role::EVERYONE { "none".into() } else { container.pin_type.to_string() },
                if container.has_key {
                    container.algorithm.map_or_else(|| "yes".into(), |algorithm| algorithm.to_string())
                } else {
                    "missing".into()
                },
                match &container.certificate {
                    Some(_) if slots => "yes".into(),
                    certificate => certificate.clone().unwrap_or_else(|| "none".into()),
                },
            ])
        })
        .collect();
    let place = if slots { "SLOT" } else { "CONTAINER" };
    table(&["", place, "~NAME", "PIN TYPE", "KEY", "CERTIFICATE"], &rows, width)
}

#[cfg(test)]
mod tests {
    use shared::hex::Hex;
    use shared::model::{Card, Csn, Edge, Space};
    use time::macros::datetime;

    use super::*;

    #[test]
    fn an_empty_card_and_a_damaged_one() {
        let mut card = CardDetails {
            reader: "R".into(),
            atr: Hex(vec![0x3B]),
            card: Card { edge: Edge::Gids, csn: None, name: "GIDS card".into(), serial: None },
            windows_id: None,
            initialised: false,
            pins: vec![],
            management_key: None,
            blocking_erases_keys: false,
            default_source: None,
            containers: vec![],
            certificates: vec![],
            space: Space { containers_used: 1, containers_max: Some(10), files_used: 3, files_max: None },
            findings: vec![],
        };
        let now = datetime!(2026-05-04 12:00 UTC);
        assert_eq!(
            card_text(&card, None, now),
            "Reader           R\nCard             GIDS card\nAnswer to reset  3B\n\
             State            empty; ask your administrator\n"
        );
        card.initialised = true;
        card.card.csn = Some(Csn::new(&[1]));
        card.findings = vec![
            Finding {
                place: "mscp/kxc00".into(),
                text: "It is torn.".into(),
                repair: Some("Delete it.".into()),
            },
            Finding { place: "cmapfile".into(), text: "It\u{1b}is short.".into(), repair: None },
        ];
        let text = card_text(&card, None, now);
        for part in [
            "Key containers   1 of 10\n",
            "Data objects     3\n",
            "mscp/kxc00: It is torn. Repair: Delete it.\n",
            "cmapfile: It\\u{1b}is short.\n",
            "\nFindings (see: kortti card repair)\n",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
        for (place, text, line) in [
            (
                "slot 9D",
                "It has no key.",
                "slot 9D: It has no key. Delete it: kortti cert delete 9D, or import it again.",
            ),
            ("the PIN", "It is the factory's. Change it.", "the PIN: It is the factory's. Change it."),
        ] {
            let finding = Finding { place: place.into(), text: text.into(), repair: None };
            assert_eq!(finding_line(&finding), line);
        }
        let damaged = Finding { place: "mscp/ksc01".into(), text: "It is damaged.".into(), repair: None };
        card.findings = vec![damaged];
        let text = card_text(&card, Some(40), now);
        let end = "\nFindings\nmscp/ksc01: It is damaged. Delete it:\nkortti cert delete ksc01, or import it\nagain.\n";
        assert!(text.ends_with(end), "{text}");
        let reply = RepairReply { mended: vec![], remaining: card.findings };
        assert_eq!(
            repair_text(&reply, None),
            "Still wrong: mscp/ksc01: It is damaged. Delete it: kortti cert delete ksc01, or import it again.\n"
        );
    }
}
