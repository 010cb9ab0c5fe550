//! What other people's programs write is shown.

use std::fs;

use serde_json::json;

use crate::cards::{Kind, PIN, Rig, on_cards};
use crate::witnesses::{deciphers, ecdsa, make, piv_tool, signs, yubico};

on_cards! {
    YUBIKEY_5_7 in yubikey_5_7: yubico_writes opensc_writes;
    YUBIKEY_4 in yubikey_4: yubico_writes opensc_writes;
    PIVAPPLET in pivapplet: yubico_writes opensc_writes;
    PLAIN in plain: opensc_writes;
    NITROKEY in nitrokey: opensc_writes;
}

/// A management key that is not the factory's.
const OTHER_KEY: &str = "0123456789ABCDEFFEDCBA987654321089ABCDEF01234567";

fn yubico_writes(kind: &'static Kind) {
    let rig = Rig::new(kind);
    let stack = &rig.stack;
    assert_eq!(rig.names(), []);
    for (slot, algorithm, name) in [("9a", "ECCP256", "made"), ("9d", "RSA2048", "mail")] {
        yubico(stack, &format!("-a generate -s {slot} -A {algorithm} -o {name}.pub"));
        yubico(
            stack,
            &format!(
                "-a verify-pin -P {PIN} -a selfsign-certificate -s {slot} -S /CN={name}/ -i {name}.pub -o {name}.pem"
            ),
        );
        yubico(stack, &format!("-a import-certificate -s {slot} -i {name}.pem"));
    }
    make(stack, "brought", "-newkey rsa:2048");
    yubico(stack, "-a import-key -a import-certificate -s 9c -K PKCS12 -p secret -i brought.pfx");
    let expected = [("9a", "made"), ("9c", "brought"), ("9d", "mail")];
    assert_eq!(rig.names(), expected.map(|(id, name)| (id.to_owned(), name.to_owned())));
    for (slot, key) in [
        ("9A", json!({ "family": "ec", "bits": 256 })),
        ("9C", json!({ "family": "rsa", "bits": 2048 })),
        ("9D", json!({ "family": "rsa", "bits": 2048 })),
    ] {
        let summary = rig.summary(slot);
        assert_eq!((&summary["key"], &summary["has_key"]), (&key, &json!(true)), "{slot}");
    }
    let view = stack.ok("cert view 9C", &[]);
    stack.pcscd.run("openssl x509 -in brought.pem -outform DER -out brought.der");
    let der: String = stack.pcscd.file("brought.der").iter().map(|byte| format!("{byte:02X}")).collect();
    assert_eq!(view["fields"]["der"], der);
    signs(stack, "9A", &ecdsa("SHA256"), PIN);
    deciphers(stack, "9D", PIN);

    yubico(stack, &format!("-a set-mgm-key -n {OTHER_KEY}"));
    let delete = "cert delete 9C --keep-key --yes";
    stack.refused(&rig.line(delete), &[PIN], 5, "wrong_management_key");
    fs::write(stack.path("management.key"), OTHER_KEY).unwrap();
    rig.writes(delete, &[PIN]);
    assert_eq!(rig.names().len(), 2);
}

fn opensc_writes(kind: &'static Kind) {
    let rig = Rig::new(kind);
    let stack = &rig.stack;
    for name in ["first", "second"] {
        make(stack, name, "-newkey rsa:2048");
        piv_tool(stack, &format!("-C 9A -i {name}.pem"));
        assert_eq!(rig.names(), [("9a".to_owned(), name.to_owned())]);
    }
    piv_tool(stack, "-C 9D -i first.pem");
    assert_eq!(rig.names().len(), 2);
    assert_eq!(stack.ok("cert view 9D", &[])["fields"]["subject"], "CN=first");
    if kind.tells {
        // It is a certificate without its key, and said to be.
        assert_eq!(rig.summary("9A")["has_key"], false);
        let findings = stack.ok("card", &[])["findings"].to_string();
        assert!(findings.contains("slot 9A") && findings.contains("slot 9D"), "{findings}");
    }
    rig.writes("cert delete 9D --keep-key --yes", &[PIN]);
    assert!(!stack.pcscd.run("pkcs11-tool -O --type cert").contains("CN=first"));
}
