//! What is the Nitrokey's own: one slot for imported keys, in a form of its own, and contents from the factory.

use serde_json::json;

use crate::cards::{NITROKEY, PIN, Rig};
use crate::witnesses::{deciphers, make, signs};

#[test]
fn what_the_factory_has_put_on_it_is_shown() {
    let rig = Rig::new(&NITROKEY);
    let card = rig.stack.ok("card", &[]);
    assert_eq!(card["name"], "Nitrokey");
    let containers = card["containers"].as_array().unwrap();
    assert!(containers.iter().any(|container| container["slot"] == "9E"), "{card}");
    assert_eq!(rig.tries(), [json!(3), json!(null)], "the card does not tell how the PUK stands");
    // The same card after it was pulled is another one, since nothing is left of it; the agent says so.
    let csn = card["csn"].as_str().unwrap().to_owned();
    let mut stack = rig.stack;
    assert_eq!(stack.remove(0)["csn"], csn);
    assert_ne!(stack.insert_nitrokey(0)["card"]["csn"], csn);
}

#[test]
fn keys_are_imported_into_9a_and_nowhere_else() {
    let rig = Rig::new(&NITROKEY);
    let stack = &rig.stack;
    make(stack, "anna", "-newkey rsa:2048 -addext extendedKeyUsage=clientAuth");
    make(stack, "curve", "-newkey ec -pkeyopt ec_paramgen_curve:P-256");
    let import = |name: &str, options: &str| {
        rig.line(&format!("cert import {} {options}", stack.path(&format!("{name}.pfx")).display()))
    };
    for (name, slot) in [("anna", "9C"), ("anna", "9D"), ("anna", "82"), ("curve", "9A")] {
        let line = import(name, &format!("--slot {slot} --overwrite"));
        let error = stack.refused(&line, &["secret", PIN], 10, "not_supported");
        assert!(!error["message"].as_str().unwrap().is_empty());
    }
    // Nothing of that was sent: there still is no key that could sign, nor a certificate.
    assert_eq!(rig.names(), []);
    let imported = stack.ok(&import("anna", "--slot 9A --overwrite"), &["secret", PIN]);
    assert_eq!(imported["certificate"]["id"], "9a");
    signs(stack, "9A", "SHA256-RSA-PKCS", PIN);
    deciphers(stack, "9A", PIN);
    // A certificate of the same key comes back to it.
    rig.writes("cert delete 9A --keep-key --yes", &[PIN]);
    assert_eq!(rig.names(), []);
    rig.writes(&format!("cert import {} --slot 9A", stack.path("anna.pem").display()), &[PIN]);
    signs(stack, "9A", "SHA256-RSA-PKCS", PIN);
    // Windows takes 9A, and nothing else can be made the default one.
    assert_eq!(rig.summary("9A")["default"], true);
    rig.writes("cert generate --slot 9C --algorithm p256 --subject CN=signs --overwrite", &[PIN]);
    stack.refused(&rig.line("cert default 9C"), &[PIN], 10, "not_supported");
    stack.refused(&rig.line("cert move 9C --to 9D"), &[PIN], 10, "not_supported");
}

#[test]
fn rsa_keys_are_made_in_the_slots_of_the_standard() {
    let rig = Rig::new(&NITROKEY);
    rig.writes("cert generate --slot 9A --algorithm rsa2048 --subject CN=anna --overwrite", &[PIN]);
    signs(&rig.stack, "9A", "SHA256-RSA-PKCS", PIN);
    deciphers(&rig.stack, "9A", PIN);
    let deleted = rig.writes("cert delete 9A --yes", &[PIN]);
    assert!(!deleted["orphans"].as_array().unwrap().is_empty(), "the key stays: {deleted}");
    assert_eq!(rig.names(), []);
}
