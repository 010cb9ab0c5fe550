//! Reads every example of `docs/protocol.md` with the types that the programs use.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use shared::rpc::events::{Event, NAMES};
use shared::rpc::methods::*;
use shared::rpc::{Fault, Method, Notification};

const PAGE: &str = include_str!("../../docs/protocol.md");

/// The text of the fenced block with that label after `heading`.
fn block<'p>(page: &'p str, heading: &str, label: &str) -> &'p str {
    let section = page.split_once(heading).unwrap_or_else(|| panic!("no {heading}")).1;
    let fence = format!("```json {label}\n");
    let text = section.split_once(&fence).unwrap_or_else(|| panic!("no {label} after {heading}")).1;
    text.split_once("\n```").unwrap().0
}

/// What is read and written again says the same: no field is unknown, none is missing.
fn same<T: Serialize>(text: &str, read: &T) {
    let page: Value = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_value(read).unwrap(), page, "{text}");
}

fn method<M: Method>() -> &'static str
where
    M::Reply: DeserializeOwned,
{
    let heading = format!("### `{}`\n", M::NAME);
    let params = block(PAGE, &heading, "params");
    same(params, &serde_json::from_str::<M::Params>(params).unwrap());
    let reply = block(PAGE, &heading, "reply");
    same(reply, &serde_json::from_str::<M::Reply>(reply).unwrap());
    M::NAME
}

#[test]
fn every_method_is_documented() {
    let documented = [
        method::<Hello>(),
        method::<Status>(),
        method::<Subscribe>(),
        method::<CardShow>(),
        method::<CardAccess>(),
        method::<CardRelease>(),
        method::<CardRepair>(),
        method::<PinList>(),
        method::<PinChange>(),
        method::<PinTries>(),
        method::<UnblockStart>(),
        method::<UnblockStatus>(),
        method::<UnblockFinish>(),
        method::<UnblockCancel>(),
        method::<UnblockPuk>(),
        method::<CertList>(),
        method::<CertView>(),
        method::<CertInspect>(),
        method::<CertImport>(),
        method::<CertPlace>(),
        method::<CertGenerate>(),
        method::<CertMove>(),
        method::<CertDefault>(),
        method::<CertDelete>(),
        method::<ConfigShow>(),
        method::<DesktopReport>(),
        method::<AgentReload>(),
        method::<AgentStop>(),
        method::<LogRead>(),
        method::<VirtualInsert>(),
        method::<VirtualRemove>(),
    ];
    assert_eq!(BTreeSet::from(documented), ALL.iter().copied().collect());
    let piv = block(PAGE, "### `card.show`\n", "piv");
    same(piv, &serde_json::from_str::<<CardShow as Method>::Reply>(piv).unwrap());
}

#[test]
fn events_and_errors_are_documented() {
    let mut sequence = 40;
    let mut named = Vec::new();
    for line in block(PAGE, "## Events", "events").lines() {
        let notification: Notification<'_, Event> = serde_json::from_str(line).unwrap();
        assert_eq!(notification.params.sequence, sequence, "{line}");
        same(line, &notification);
        sequence += 1;
        let page: Value = serde_json::from_str(line).unwrap();
        named.push(page["params"]["event"].as_str().unwrap().to_owned());
    }
    assert_eq!(sequence, 40 + 33, "one example for each kind of event");
    assert_eq!(named, NAMES, "the names of all events");
    let error = block(PAGE, "## Errors", "error");
    same(error, &serde_json::from_str::<Fault>(error).unwrap());
}

/// The settings as the page of the protocol shows them. They are all there, each at its default.
#[test]
fn the_settings_are_documented() {
    let heading = "### `config.show`\n";
    let reply = block(PAGE, heading, "reply");
    let reply: <ConfigShow as Method>::Reply = serde_json::from_str(reply).unwrap();
    let mut expected = shared::config::Config::default();
    expected.cert.forbid_import = true;
    assert_eq!(reply.config, expected);
}
