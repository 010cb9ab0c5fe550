//! The PIV card inside the Nitrokey 3, behind a real PC/SC service: other people's tools see it, so the rig is right
//! and what Kortti sees on it is the card.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use harness::nitrokey::{NitrokeyCard, PIN};
use harness::pcscd::Pcscd;
#[test]
fn try_it() {
    let mut pcscd = Pcscd::start();
    let _card = NitrokeyCard::insert(&mut pcscd, 0);
    for line in std::fs::read_to_string("/tmp/lines").unwrap().lines() {
        let (ok, said) = pcscd.try_run(line);
        println!("=== {line}: {ok}\n{said}");
    }
    let _ = PIN;
}
