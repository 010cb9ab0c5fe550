//! Yubico's library for its YubiKeys and Kortti, on the same card.

use harness::stack::Stack;
use serde_json::{Value, json};

use crate::cards::{PIN, PUK, Rig, YUBIKEY_5_7, card};
use crate::witnesses::{make, yubikit};

/// The management key as YubiKeys with AES leave the factory.
const FACTORY_KEY: &str = "key:010203040506070801020304050607080102030405060708";

/// A YubiKey as it leaves the factory, AES-192 and all, with a CHUID.
fn factory() -> card::virt::VirtualCard {
    card("profile = 'yubikey-5.7'\nserial = 7203145\nguid = '0C94E2B7A81D4F3695D07B2E6C1FA853'")
}

/// The thumbprint of what Kortti shows in a slot.
fn shown(stack: &Stack, slot: &str) -> Value {
    stack.ok(&format!("cert view {slot}"), &[])["summary"]["sha256"].clone()
}

#[test]
fn what_it_writes_is_shown() {
    let card = factory();
    let stack = Stack::with(&card);
    make(&stack, "anna", "-newkey ec -pkeyopt ec_paramgen_curve:P-256");
    make(&stack, "berta", "-newkey ec -pkeyopt ec_paramgen_curve:P-256");
    yubikit(&stack, &[FACTORY_KEY, "put:9A:anna.pem", "put:83:berta.pem", "generate:9C:ED25519:made.pub"]);
    assert_eq!(stack.certificates(), ["9a", "83"]);
    let told = &yubikit(&stack, &["certificates"])[0];
    assert_eq!(*told, json!({ "9A": shown(&stack, "9A"), "83": shown(&stack, "83") }));
    let card = stack.ok("card", &[]);
    let containers = card["containers"].as_array().unwrap();
    let made = containers.iter().find(|container| container["slot"] == "9C").unwrap();
    assert_eq!((&made["algorithm"]["family"], &made["certificate"]), (&json!("ed25519"), &Value::Null));
    // And replaced.
    yubikit(&stack, &[FACTORY_KEY, "put:9A:berta.pem"]);
    assert_eq!(shown(&stack, "9A"), shown(&stack, "83"));
}

#[test]
fn what_kortti_writes_it_reads_and_uses() {
    let card = factory();
    let stack = Stack::with(&card);
    for (name, kind) in [
        ("anna", "-newkey ec -pkeyopt ec_paramgen_curve:P-384"),
        ("erik", "-newkey ed25519"),
        ("mail", "-newkey rsa:2048"),
    ] {
        make(&stack, name, kind);
    }
    // The card says that its management key is the factory's, so the PIN is all that is asked for.
    for (slot, name) in [("9A", "anna"), ("9C", "erik"), ("9D", "mail")] {
        let line = format!("cert import {} --slot {slot}", stack.path(&format!("{name}.pfx")).display());
        stack.ok(&line, &["secret", PIN]);
    }
    stack.ok("cert generate --slot 82 --algorithm ed25519 --subject CN=made", &[PIN]);
    let pin = format!("pin:{PIN}");
    let told = yubikit(
        &stack,
        &[
            "certificates",
            "metadata:9A",
            "metadata:9C",
            "metadata:82",
            &pin,
            "signs:9A:anna.pem",
            &pin,
            "signs:9C:erik.pem",
            "signs:9D:mail.pem",
        ],
    );
    for slot in ["9A", "9C", "9D", "82"] {
        assert_eq!(told[0][slot], shown(&stack, slot), "{slot}");
    }
    for (metadata, kind, generated) in [(1, "ECCP384", false), (2, "ED25519", false), (3, "ED25519", true)] {
        assert_eq!(told[metadata]["kind"], kind);
        assert_eq!(told[metadata]["generated"], generated);
    }
    for signed in [5, 7, 8] {
        assert_eq!(told[signed], true, "{told:?}");
    }
    stack.ok("cert move 82 --to 83", &[PIN]);
    let told = &yubikit(&stack, &["certificates", "metadata:83"]);
    assert_eq!((told[0].get("82"), &told[0]["83"]), (None, &shown(&stack, "83")));
    assert_eq!(told[1]["generated"], true);
}

#[test]
fn the_container_map_names_the_certificate() {
    let card = card(
        "profile = 'yubikey-5.7'\nserial = 7203145\nguid = '0C94E2B7A81D4F3695D07B2E6C1FA853'\nmscmap = true",
    );
    let stack = Stack::with(&card);
    make(&stack, "anna", "-newkey rsa:2048");
    make(&stack, "mail", "-newkey rsa:2048");
    for (slot, name) in [("9A", "anna"), ("9D", "mail")] {
        let line = format!("cert import {} --slot {slot}", stack.path(&format!("{name}.pfx")).display());
        stack.ok(&line, &["secret", PIN]);
    }
    stack.ok("cert default 9D", &[PIN]);
    let map = yubikit(&stack, &["object:5FFF10"])[0].as_str().unwrap().to_owned();
    for slot in ["9A", "9D"] {
        let thumbprint = stack.ok(&format!("cert view {slot}"), &[])["summary"]["sha1"].clone();
        assert!(map.contains(thumbprint.as_str().unwrap()), "{slot}: {map}");
    }
    assert_eq!(stack.ok("cert view 9D", &[])["summary"]["default"], true);
}

#[test]
fn a_management_key_that_it_has_protected_takes_the_pin_alone() {
    let card = factory();
    let stack = Stack::with(&card);
    let pin = format!("pin:{PIN}");
    assert_eq!(yubikit(&stack, &[&pin, FACTORY_KEY, "protect"])[2], true);
    make(&stack, "anna", "-newkey ec -pkeyopt ec_paramgen_curve:P-256");
    let line = format!("cert import {}", stack.path("anna.pfx").display());
    stack.refused(&line, &["secret", "111111"], 5, "wrong_pin");
    stack.ok(&format!("{line} --slot 9A"), &["secret", PIN]);
    stack.ok("cert generate --slot 9C --algorithm p256 --subject CN=signs", &[PIN]);
    stack.ok("cert delete 9A --keep-key --yes", &[PIN]);
    let told = &yubikit(&stack, &["certificates"])[0];
    assert_eq!(*told, json!({ "9C": shown(&stack, "9C") }));
    // The factory's key opens it no more.
    std::fs::write(stack.path("factory.key"), "factory").unwrap();
    let delete = format!(
        "cert delete 9C --keep-key --yes --management-key-file {}",
        stack.path("factory.key").display()
    );
    stack.refused(&delete, &[PIN], 5, "wrong_management_key");
    assert_eq!(stack.certificates(), ["9c"]);
}

#[test]
fn pins_are_the_same() {
    let rig = Rig::new(&YUBIKEY_5_7);
    let stack = &rig.stack;
    yubikit(stack, &[&format!("change_pin:{PIN}:654321"), &format!("change_puk:{PUK}:87654321")]);
    stack.ok("pin change", &["654321", "765432"]);
    stack.ok("pin change --puk", &["87654321", "11223344"]);
    stack.refused("pin change", &["111111", "654321"], 5, "wrong_pin");
    let told = yubikit(stack, &["tries", "pin:765432", "tries", "unblock:11223344:888888"]);
    assert_eq!((&told[0], &told[2]), (&json!(2), &json!(3)));
    assert_eq!(stack.ok("pin change", &["888888", PIN])["tries_left"], 3);
}
