//! Keys and certificates that Kortti brings onto a card are used by other people's programs.

use serde_json::json;

use crate::cards::{Kind, PIN, Rig, on_cards};
use crate::witnesses::{deciphers, ecdsa, make, piv_tool, signs, yubico};

on_cards! {
    YUBIKEY_5_7 in yubikey_5_7: keys_are_made_on_the_card keys_are_imported certificates_are_deleted;
    YUBIKEY_4 in yubikey_4: keys_are_made_on_the_card keys_are_imported certificates_are_deleted;
    PIVAPPLET in pivapplet: keys_are_made_on_the_card keys_are_imported certificates_are_deleted;
    PLAIN in plain: keys_are_made_on_the_card no_keys_are_imported;
    NITROKEY in nitrokey: keys_are_made_on_the_card;
}

/// `openssl req` is to make a key for enciphered mail.
const MAIL: &str = "-newkey rsa:2048 -addext keyUsage=keyEncipherment";
/// `openssl req` is to make a key for logon.
const LOGON: &str = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -addext extendedKeyUsage=clientAuth";
/// `openssl req` is to make a key for signatures.
const SIGNATURE: &str = "-newkey ec -pkeyopt ec_paramgen_curve:P-384 -addext keyUsage=digitalSignature";

fn keys_are_made_on_the_card(kind: &'static Kind) {
    let rig = Rig::new(kind);
    let stack = &rig.stack;
    let (curve, hash) = kind.curve;
    // Where the card does not tell which keys it has, any slot might have one that would be lost.
    let place =
        |slot: &str| if kind.tells { format!("--slot {slot}") } else { format!("--slot {slot} --overwrite") };
    for (slot, algorithm, name) in [("9A", "p256", "anna"), ("9C", curve, "signs")] {
        let line = format!("cert generate {} --algorithm {algorithm} --subject CN={name}", place(slot));
        let made = rig.writes(&line, &[PIN]);
        assert_eq!(made["certificate"]["common_name"], name, "{made}");
        assert_eq!(rig.summary(slot)["has_key"], true);
        stack.refused(&rig.line(&line.replace(" --overwrite", "")), &[PIN], 7, "would_overwrite");
    }
    signs(stack, "9A", &ecdsa("SHA256"), PIN);
    signs(stack, "9C", &ecdsa(hash), PIN);

    // The key for enciphered mail gets its certificate from an authority.
    let request = stack.path("mail.csr");
    let line = format!(
        "cert generate {} --algorithm rsa2048 --subject CN=mail,O=Example --request {}",
        place("9D"),
        request.display()
    );
    rig.writes(&line, &[PIN]);
    assert_eq!(rig.names().len(), 2, "a request is no certificate");
    stack.pcscd.run("openssl req -in mail.csr -verify -noout");
    make(stack, "authority", "-newkey rsa:2048");
    stack.pcscd.run(
        "openssl x509 -req -in mail.csr -CA authority.pem -CAkey authority.key -set_serial 7 -days 9 -out mail.pem",
    );
    let chosen = if kind.tells { "" } else { "--slot 9D" };
    let line = format!("cert import {} {chosen}", stack.path("mail.pem").display());
    let imported = rig.writes(&line, &[PIN]);
    assert_eq!(imported["certificate"]["id"], "9d", "{imported}");
    deciphers(stack, "9D", PIN);
    let expected = [("9a", "anna"), ("9c", "signs"), ("9d", "mail")];
    assert_eq!(rig.names(), expected.map(|(id, name)| (id.to_owned(), name.to_owned())));
    let listed = stack.pcscd.run("pkcs11-tool -O --type cert");
    assert!(["anna", "signs", "mail"].iter().all(|name| listed.contains(&format!("CN={name}"))), "{listed}");
    if kind.yubico {
        yubico(stack, &format!("-a verify-pin -P {PIN} -a test-signature -s 9a -i {}", export(&rig, "9A")));
        yubico(stack, &format!("-a verify-pin -P {PIN} -a test-decipher -s 9d -i {}", export(&rig, "9D")));
    }
    // Nothing of it has cost a try.
    assert_eq!(rig.tries()[0], kind.tries);
}

/// The certificate that Kortti shows in a slot, as a file.
fn export(rig: &Rig, slot: &str) -> String {
    let path = rig.stack.path("exported.pem").display().to_string();
    rig.stack.ok(&format!("cert export {slot} {path} --force"), &[]);
    path
}

fn keys_are_imported(kind: &'static Kind) {
    let rig = Rig::new(kind);
    let stack = &rig.stack;
    let overwrite = if kind.tells { "" } else { "--overwrite" };
    for (name, what, chosen, slot) in [
        ("anna", LOGON, "", "9A"),
        ("signs", SIGNATURE, "--slot 9C", "9C"),
        ("mail", MAIL, "", "9D"),
        // The slot for it is taken.
        ("older", MAIL, "", "82"),
    ] {
        make(stack, name, what);
        let line =
            format!("cert import {} {chosen} {overwrite}", stack.path(&format!("{name}.pfx")).display());
        let imported = rig.writes(&line, &["secret", PIN]);
        assert_eq!(imported["certificate"]["id"], slot.to_lowercase(), "{imported}");
        assert_eq!(rig.summary(slot)["common_name"], name);
        assert_eq!(stack.watch.event("cert_imported")["certificate"], slot.to_lowercase());
    }
    signs(stack, "9A", &ecdsa("SHA256"), PIN);
    signs(stack, "9C", &ecdsa("SHA384"), PIN);
    deciphers(stack, "9D", PIN);
    for (slot, action, name) in [
        ("9a", "test-signature", "anna"),
        ("9c", "test-signature", "signs"),
        ("9d", "test-decipher", "mail"),
        // OpenSC looks for retired keys in the key history only, which nobody keeps on these cards.
        ("82", "test-decipher", "older"),
    ] {
        yubico(stack, &format!("-a verify-pin -P {PIN} -a {action} -s {slot} -i {name}.pem"));
        yubico(stack, &format!("-a read-certificate -s {slot} -o read.pem"));
        assert_eq!(certificate(&rig, "read.pem"), certificate(&rig, &format!("{name}.pem")));
    }
    // Another key does not take the place of one that is there without being told to.
    let line = format!("cert import {} --slot 9D", stack.path("older.pfx").display());
    stack.refused(&rig.line(&line), &["secret", PIN], 7, "would_overwrite");
    deciphers(stack, "9D", PIN);
}

/// A file's certificate as OpenSSL writes it.
fn certificate(rig: &Rig, file: &str) -> String {
    rig.stack.pcscd.run(&format!("openssl x509 -in {file}"))
}

/// SP 800-73 has no command for it.
fn no_keys_are_imported(kind: &'static Kind) {
    let rig = Rig::new(kind);
    make(&rig.stack, "anna", LOGON);
    let mark = rig.card().apdus();
    let line = format!("cert import {} --slot 9A --overwrite", rig.stack.path("anna.pfx").display());
    rig.stack.refused(&rig.line(&line), &["secret", PIN], 10, "not_supported");
    assert_eq!((rig.sent(mark, crate::cards::IMPORT), rig.sent(mark, crate::cards::PUT)), (0, 0));
    assert_eq!(rig.names(), []);
}

fn certificates_are_deleted(kind: &'static Kind) {
    let rig = Rig::new(kind);
    let stack = &rig.stack;
    let overwrite = if kind.tells { "" } else { "--overwrite" };
    for (name, what) in [("anna", LOGON), ("mail", MAIL)] {
        make(stack, name, what);
        let line = format!("cert import {} {overwrite}", stack.path(&format!("{name}.pfx")).display());
        rig.writes(&line, &["secret", PIN]);
    }
    rig.writes("cert delete 9A --keep-key --yes", &[PIN]);
    assert_eq!(stack.watch.event("cert_deleted")["certificate"], "9a");
    assert!(!stack.pcscd.run("pkcs11-tool -O --type cert").contains("CN=anna"));
    // The key is still there, and the certificate finds it.
    let chosen = if kind.tells { "" } else { "--slot 9A" };
    rig.writes(&format!("cert import {} {chosen}", stack.path("anna.pem").display()), &[PIN]);
    signs(stack, "9A", &ecdsa("SHA256"), PIN);

    let deleted = rig.writes("cert delete 9D --yes", &[PIN]);
    assert_eq!(rig.names(), [("9a".to_owned(), "anna".to_owned())], "{deleted}");
    // Only the newest firmware can delete the key as well.
    let slots = rig.card().piv(|piv| piv.slots()).unwrap();
    assert_eq!(slots.contains(&0x9D), !kind.moves, "{slots:02X?}");
    assert!(!deleted["orphans"].as_array().unwrap().is_empty(), "{deleted}");
    let said = piv_tool(stack, "--serial");
    assert!(!said.contains("error"), "{said}");
    assert_eq!(stack.ok("cert list", &[])["certificates"][0]["has_key"], json!(true));
}
