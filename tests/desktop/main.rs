//! `kortti-desktop` with an agent of virtual cards, on real buses: what a person sees in the panel and on the screen, what
//! opens when something is chosen, hooks, the lock, and how it lives and ends.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod hooks;
mod life;
mod notices;
mod prompts;
mod removal;
mod tray;

use std::time::Duration;

use harness::programs::Home;
use harness::wire::Wire;
use serde_json::json;

/// The readers of the demonstration set. A GIDS card is in the first, a YubiKey in the second.
const FIRST: &str = "Kortti Virtual Reader 00 00";
const SECOND: &str = "Kortti Virtual Reader 01 00";

/// Between two looks at what is not told of by an event.
const PAUSE: Duration = Duration::from_millis(20);

/// Puts a card of the demonstration set into a reader.
#[track_caller]
fn insert(home: &Home, reader: &str, card: &str) {
    Wire::open(home).call("virtual.insert", &json!({ "reader": reader, "card": card })).unwrap();
}

/// Takes the card out of a reader.
#[track_caller]
fn remove(home: &Home, reader: &str) {
    let mut wire = Wire::open(home);
    wire.subscribe();
    Wire::open(home).call("virtual.remove", &json!({ "reader": reader })).unwrap();
    // From now on whoever begins to listen hears nothing of it.
    while wire.event()["event"] != "card_removed" {}
}

/// Uses up a try of the PIN of the card in a reader.
#[track_caller]
fn use_a_try(home: &Home, reader: &str) {
    let params = json!({
        "select": { "reader": reader },
        "current": "999999",
        "new": "135790",
        "last_try": true,
    });
    Wire::open(home).call("pin.change", &params).unwrap_err();
}
