//! Cards that are pulled while they are written to, and cards that somebody else keeps.

use card::virt::{Fault, FaultKind};
use harness::another::Other;
use harness::stack::Stack;
use serde_json::{Value, json};

use crate::cards::{GENERATE, IMPORT, Kind, PIN, PUT, Rig, on_cards};
use crate::witnesses::{ecdsa, make, signs};

on_cards! {
    YUBIKEY_5_7 in yubikey_5_7: a_card_is_pulled_during_an_import a_card_is_pulled_during_a_generation;
    PIVAPPLET in pivapplet: a_card_is_pulled_during_an_import a_card_is_pulled_during_a_generation;
    YUBIKEY_4 in yubikey_4: a_card_is_pulled_during_a_generation;
    PLAIN in plain: a_card_is_pulled_during_a_generation;
}

/// What nobody asked to change is as it was: the certificate in 9A, and its key.
fn nothing_else_is_lost(rig: &Rig, before: &Value) {
    let summary = rig.summary("9A");
    assert_eq!(summary, *before);
    signs(&rig.stack, "9A", &ecdsa("SHA256"), PIN);
    assert_eq!(rig.tries()[0], rig.kind.tries);
}

/// A card with a key and its certificate in 9A.
fn with_a_key(kind: &'static Kind) -> (Rig, Value) {
    let rig = Rig::new(kind);
    rig.writes("cert generate --slot 9A --algorithm p256 --subject CN=anna --overwrite", &[PIN]);
    let before = rig.summary("9A");
    (rig, before)
}

/// Pulls the card at a fault, and repairs it after it was inserted again.
fn pull(rig: &mut Rig, fault: Fault, line: &str, secrets: &[&str]) {
    rig.card().inject(fault);
    let line = rig.line(line);
    let run = rig.stack.kortti(&line, secrets);
    assert!(!run.status.success(), "{line}");
    let message = run.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("The card was removed"), "{message}");
    rig.stack.watch.event("card_removed");
    rig.insert_again();
    let mended = rig.writes("card repair", &[PIN]);
    let findings = rig.stack.ok("card", &[])["findings"].clone();
    assert_eq!(rig.writes("card repair", &[PIN])["mended"], json!([]), "{mended} {findings}");
}

fn a_card_is_pulled_during_an_import(kind: &'static Kind) {
    let (mut rig, before) = with_a_key(kind);
    make(&rig.stack, "mail", "-newkey rsa:2048 -addext keyUsage=keyEncipherment");
    let line = format!("cert import {} --slot 9D --overwrite", rig.stack.path("mail.pfx").display());
    for (instruction, nth, when) in [
        (IMPORT, 1, FaultKind::RemovedBefore),
        (IMPORT, 3, FaultKind::RemovedAfter),
        (PUT, 1, FaultKind::RemovedBefore),
        (PUT, 2, FaultKind::RemovedAfter),
    ] {
        pull(&mut rig, Fault::at_instruction(instruction, nth, when), &line, &["secret", PIN]);
        nothing_else_is_lost(&rig, &before);
    }
    rig.card().clear_faults();
    rig.writes(&line, &["secret", PIN]);
    crate::witnesses::deciphers(&rig.stack, "9D", PIN);
}

fn a_card_is_pulled_during_a_generation(kind: &'static Kind) {
    let (mut rig, before) = with_a_key(kind);
    let line = "cert generate --slot 9C --algorithm p256 --subject CN=signs --overwrite";
    for (instruction, nth, when) in [
        (GENERATE, 1, FaultKind::RemovedBefore),
        (GENERATE, 1, FaultKind::RemovedAfter),
        (PUT, 1, FaultKind::RemovedBefore),
        (PUT, 1, FaultKind::RemovedAfter),
    ] {
        pull(&mut rig, Fault::at_instruction(instruction, nth, when), line, &[PIN]);
        nothing_else_is_lost(&rig, &before);
    }
    rig.card().clear_faults();
    rig.writes(line, &[PIN]);
    signs(&rig.stack, "9C", &ecdsa("SHA256"), PIN);
}

#[test]
fn a_card_that_another_program_keeps_is_busy() {
    let rig = Rig::new(&crate::cards::YUBIKEY_5_7);
    let stack: &Stack = &rig.stack;
    let mark = rig.card().apdus();
    let other = Other::connects(&stack.pcscd, "exclusive");
    let named = format!("another-program ({})", other.pid());
    for line in ["card", "cert list", "pin list"] {
        let error = stack.refused(line, &[], 8, "busy");
        assert!(error["message"].as_str().unwrap().contains(&named), "{error}");
    }
    stack.refused("pin change", &[PIN, "654321"], 8, "busy");
    let generate = "cert generate --slot 9A --algorithm p256 --subject CN=anna";
    stack.refused(&rig.line(generate), &[PIN], 8, "busy");
    assert_eq!(rig.card().apdus(), mark);
    other.ends();
    rig.writes(generate, &[PIN]);
}
