//! OpenSC and Kortti take turns with one card: what the one writes the other reads.

use std::fs;

use card::virt::VirtualCard;
use harness::stack::Stack;

use crate::cards::{ADMIN_KEY, DEMO, PIN, anna, block, demo, pin_is, right_response, tries};

const OTHER_KEY: &str = "00112233445566778899AABBCCDDEEFF0011223344556677";
const SERIAL: &str = "000102030405060708090A0B0C0D0E0F";

/// What `gids-tool` tells of the flags of each container.
fn flags(stack: &Stack) -> Vec<String> {
    let said = stack.pcscd.run("gids-tool");
    let flags = said.lines().filter_map(|line| line.split_once("bFlags:"));
    flags.map(|(_, flags)| flags.trim().to_owned()).collect()
}

#[test]
fn opensc_uses_what_kortti_imports() {
    let card = anna();
    let stack = Stack::with(&card);
    stack.make_credential("carl");
    stack.import("carl.pfx", &["secret", PIN]);

    let listed = stack.pcscd.run("pkcs11-tool -O --type cert");
    assert_eq!(listed.matches("Certificate Object").count(), 3, "{listed}");
    assert!(listed.contains("CN=carl"), "{listed}");
    assert_eq!(stack.pcscd.run("pkcs15-tool -c").matches("X.509 Certificate").count(), 3);
    stack.pcscd.run("pkcs11-tool --read-object --type cert --id 02 -o found.der");
    assert_eq!(stack.pcscd.file("found.der"), stack.pcscd.file("carl.cer"));
    stack.pcscd.key_works("02", PIN);

    assert_eq!(flags(&stack), ["Valid container,Default container", "Valid container", "Valid container"]);
    stack.ok("cert default kxc02", &[PIN]);
    assert_eq!(flags(&stack), ["Valid container", "Valid container", "Valid container,Default container"]);

    // The one in the middle goes; the others are untouched, and so are their keys.
    stack.ok("cert delete kxc01 --yes", &[PIN]);
    let listed = stack.pcscd.run("pkcs11-tool -O --type cert");
    assert_eq!(listed.matches("Certificate Object").count(), 2, "{listed}");
    let left = stack.pcscd.run("pkcs15-tool --dump");
    assert!(!left.contains("b8a7e64d-52f0-4c19-8e3b-90d1c6f27a45"), "{left}");
    for id in ["00", "02"] {
        stack.pcscd.key_works(id, PIN);
    }
    assert_eq!(stack.certificates(), ["kxc00", "kxc02"]);
    assert_eq!(tries(&card), 3);
}

#[test]
fn opensc_takes_the_pin_that_kortti_sets() {
    let card = anna();
    let stack = Stack::with(&card);
    stack.ok("pin change", &[PIN, "654321"]);
    stack.pcscd.fails(&format!("pkcs11-tool --login -p {PIN} -O"));
    stack.pcscd.run("pkcs11-tool --login -p 654321 -O");
    for _ in 0..3 {
        stack.pcscd.fails("pkcs15-tool --verify-pin --pin 111111");
    }
    // Kortti learns that somebody else has blocked it.
    assert_eq!(stack.ok("pin list", &[])["pins"][0]["blocked"], true);
    stack.refused("pin change", &["654321", PIN], 6, "pin_blocked");
    let right = right_response(&stack);
    stack.ok("unblock finish", &[&right, "777777"]);
    stack.pcscd.run("pkcs11-tool --login -p 777777 -O");
    stack.pcscd.key_works("00", "777777");
}

#[test]
fn kortti_uses_what_opensc_personalises() {
    let card = demo("new");
    let stack = Stack::with(&card);
    assert_eq!(stack.ok("card", &[])["initialised"], false);
    stack.pcscd.run(&format!("gids-tool -X --admin-key {ADMIN_KEY} --pin {PIN} --serial-number {SERIAL}"));
    // The agent has taken it for an empty card, says that it is another one now, and knows it from then on.
    stack.refused("card", &[], 1, "card_changed");
    assert_eq!(stack.watch.event("card_identified")["card"]["csn"], SERIAL);
    assert_eq!(stack.ok("card", &[])["initialised"], true);
    assert_eq!(stack.certificates(), [""; 0]);
    make_on_card(&stack, "00", "made");
    assert_eq!(stack.certificates().len(), 1);
    let made = stack.ok("cert view 0", &[]);
    assert_eq!(
        (&made["summary"]["common_name"], &made["summary"]["has_key"]),
        (&"made".into(), &true.into())
    );
    stack.make_credential("carl");
    stack.import("carl.pfx", &["secret", PIN]);
    for id in ["00", "01"] {
        stack.pcscd.key_works(id, PIN);
    }
    stack.ok("cert delete 0 --yes", &[PIN]);
    let listed = stack.pcscd.run("pkcs11-tool -O --type cert");
    assert!(!listed.contains("CN=made") && listed.contains("CN=carl"), "{listed}");
    stack.pcscd.key_works("01", PIN);
    assert_eq!(stack.ok("card", &[])["findings"], serde_json::json!([]));
}

/// Makes a key on the card and writes a certificate for it, both with OpenSC.
fn make_on_card(stack: &Stack, id: &str, name: &str) {
    fs::copy(format!("{DEMO}/logon.key"), stack.path("logon.key")).unwrap();
    for line in [
        format!("pkcs11-tool -l -p {PIN} --keypairgen --key-type rsa:2048 --id {id} --label {name}"),
        format!("pkcs11-tool --read-object --type pubkey --id {id} -o public.der"),
        format!("openssl req -new -key logon.key -subj /CN={name} -out request"),
        "openssl rsa -pubin -inform DER -in public.der -out public.pem".to_owned(),
        "openssl x509 -req -in request -force_pubkey public.pem -signkey logon.key -days 9 -outform DER -out made.der"
            .to_owned(),
        format!("pkcs11-tool -l -p {PIN} -w made.der --type cert --id {id} --label {name}"),
    ] {
        stack.pcscd.run(&line);
    }
}

#[test]
fn kortti_sees_what_opensc_changes() {
    let card: VirtualCard = anna();
    let stack = Stack::with(&card);
    assert_eq!(stack.certificates(), ["kxc00", "kxc01"]);
    // Written behind the agent's back, while it thinks that it knows the card.
    make_on_card(&stack, "02", "made");
    assert_eq!(stack.certificates().len(), 3);
    assert_eq!(stack.ok("cert view 2", &[])["fields"]["subject"], "CN=made");
    stack.pcscd.run(&format!("pkcs11-tool -l -p {PIN} --delete-object --type cert --id 02"));
    assert_eq!(stack.certificates(), ["kxc00", "kxc01"]);

    stack.pcscd.run(&format!("pkcs11-tool --change-pin --pin {PIN} --new-pin 876543"));
    stack.refused("pin change", &[PIN, "654321"], 5, "wrong_pin");
    stack.ok("pin change", &["876543", PIN]);

    stack.pcscd.run(&format!("gids-tool -C --admin-key {ADMIN_KEY} --new-admin-key {OTHER_KEY}"));
    block(&card);
    let right_response = stack.ok("unblock start", &[]);
    let old = stack.response(&right_response, ADMIN_KEY);
    stack.refused("unblock finish", &[&old, "654321"], 5, "wrong_response");
    let right_response = stack.ok("unblock start", &[]);
    let new = stack.response(&right_response, OTHER_KEY);
    stack.ok("unblock finish", &[&new, "654321"]);
    assert!(pin_is(&card, "654321"));
    stack.pcscd.run(&format!("gids-tool -U --admin-key {OTHER_KEY} --pin 555555"));
    assert_eq!(stack.ok("pin change", &["555555", PIN])["tries_left"], 3);
}
