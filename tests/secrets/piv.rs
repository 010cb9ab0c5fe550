//! The same for PIV cards: PIN and PUK, management keys that are typed, read from a file or an open file, or kept on
//! the card, and private keys that are imported.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::canary::{Canary, digits, search};
use crate::job::{Job, files, listed};

/// PIN and PUK that leave the factory.
const FIRST: [&str; 2] = ["123456", "12345678"];
const PIN: &str = "pn-4QZ7x";
const WRONG_PIN: &str = "wn-5TM9b";
const PUK: &str = "pk-3YD6n";
const NEW_PUK: &str = "nk-8RJ2v";
const WRONG_PUK: &str = "wk-9BK1s";
const PASSWORD: &str = "pfx-6GS1uPq9";
/// The key of the card that wants it typed.
const TYPED_KEY: &str = "5BE07A31C4962F8DD81603B9EA7542FC91CD28A4603FE7B5";
/// The key of the card that keeps it behind the PIN.
const KEPT_KEY: &str = "A7D1C0F2386B94E5D30E81B67F2C4A99E85701CB62DD3F14";
const WRONG_KEY: &str = "19F38C2E57B4A6D0E7C1904B3FD862A58D06B27EF5C34918";
/// Keys have an even number of digits.
const NO_KEY: &str = "C8E15A903D7FB264F0A1";

const TYPED: &str = "Reader 00 00";
const KEPT: &str = "Reader 01 00";

fn description() -> String {
    format!(
        r#"
        [[reader]]
        name = "{TYPED}"
        card = "typed"
        [[reader]]
        name = "{KEPT}"
        card = "kept"
        [[card]]
        name = "typed"
        kind = "piv"
        profile = "yubikey-4"
        guid = "A82C47F1E05B4D93867B21C4F39D0E65"
        management-key = "{TYPED_KEY}"
        [[card]]
        name = "kept"
        kind = "piv"
        profile = "yubikey-5.7"
        serial = 7203145
        guid = "0C94E2B7A81D4F3695D07B2E6C1FA853"
        management-key = "{KEPT_KEY}"
        protected = true
        "#
    )
}

/// Makes `NAME.pfx` of such a key, and returns its parts that are secret: 24 bytes of each.
fn make_pfx(directory: &Path, name: &str, kind: &str) -> Vec<Vec<u8>> {
    let openssl = |line: &str| {
        let output =
            Command::new("openssl").args(line.split_whitespace()).current_dir(directory).output().unwrap();
        assert!(output.status.success(), "openssl {line}: {}", String::from_utf8_lossy(&output.stderr));
    };
    openssl(&format!("req -x509 {kind} -noenc -days 9 -subj /CN={name} -keyout new.key -out new.pem"));
    openssl(&format!("pkcs12 -export -inkey new.key -in new.pem -passout pass:{PASSWORD} -out {name}.pfx"));
    openssl("pkey -in new.key -traditional -outform DER -out key.der");
    let key = fs::read(directory.join("key.der")).unwrap();
    for name in ["new.key", "new.pem", "key.der"] {
        fs::remove_file(directory.join(name)).unwrap();
    }
    let parts = parts(&key);
    // RSA: version, modulus, public exponent (RFC 8017 A.1.2). Curves: version (RFC 5915 section 3).
    let secret = if parts.len() > 8 { &parts[3..8] } else { &parts[1..2] };
    // The first bytes may be zero, or be left out with the sign.
    secret.iter().map(|part| part[4..28].to_vec()).collect()
}

/// The values in a DER sequence.
fn parts(sequence: &[u8]) -> Vec<Vec<u8>> {
    let (mut rest, mut parts) = (value(sequence).0, Vec::new());
    while !rest.is_empty() {
        let (part, after) = value(rest);
        parts.push(part.to_vec());
        rest = after;
    }
    parts
}

/// The value of the first DER element, and what follows it.
fn value(bytes: &[u8]) -> (&[u8], &[u8]) {
    let (length, rest) = match bytes[1] {
        long if long > 0x80 => {
            let (length, rest) = bytes[2..].split_at(usize::from(long & 0x7F));
            (length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)), rest)
        }
        short => (usize::from(short), &bytes[2..]),
    };
    rest.split_at(length)
}

/// Runs a command with the management key in an open file.
fn with_open_key(job: &Job, line: &str) {
    let mut command = job.home.program("kortti");
    command.args(["--reader", TYPED]).args(line.split(' ')).args(["--management-key-fd", "0"]);
    command.stdin(fs::File::open(job.home.path().join("typed.key")).unwrap());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    job.keep(line, [output.stdout, output.stderr].concat());
}

#[test]
fn nothing_is_left_of_the_secrets_of_piv_cards() {
    let job = Job::new(&description());
    for (name, key) in [("typed.key", TYPED_KEY), ("wrong.key", WRONG_KEY), ("no.key", NO_KEY)] {
        fs::write(job.home.path().join(name), key).unwrap();
    }
    let rsa = make_pfx(job.home.path(), "rsa", "-newkey rsa:2048");
    let curve = make_pfx(job.home.path(), "curve", "-newkey ec -pkeyopt ec_paramgen_curve:P-256");
    let typed = |line: &str, secrets: &[&str], code| job.run_in(TYPED, line, secrets, code);
    let kept = |line: &str, secrets: &[&str], code| job.run_in(KEPT, line, secrets, code);

    for reader in [TYPED, KEPT] {
        for (line, secrets, code) in [
            ("pin change --pin-stdin", [FIRST[0], PIN], 0),
            ("pin change --puk --pin-stdin", [WRONG_PUK, PUK], 5),
            ("pin change --puk --pin-stdin", [FIRST[1], PUK], 0),
            ("pin change --pin-stdin", [WRONG_PIN, PIN], 5),
            ("unblock puk --pin-stdin", [WRONG_PUK, PIN], 5),
            ("unblock puk --pin-stdin", [PUK, PIN], 0),
        ] {
            job.run_in(reader, line, &secrets, code);
        }
    }

    // The management key: mistyped, wrong and right; typed, in a file, in an open file.
    let import = "cert import rsa.pfx --slot 9D --overwrite --pin-stdin";
    typed(import, &[PASSWORD, NO_KEY, PIN], 2);
    typed(import, &[PASSWORD, WRONG_KEY, PIN], 5);
    typed(import, &[PASSWORD, TYPED_KEY, WRONG_PIN], 5);
    typed(import, &[PASSWORD, TYPED_KEY, PIN], 0);
    let import = "cert import curve.pfx --slot 9A --overwrite --pin-stdin --management-key-file";
    typed(&format!("{import} no.key"), &[PASSWORD, PIN], 2);
    typed(&format!("{import} wrong.key"), &[PASSWORD, PIN], 5);
    typed(&format!("{import} typed.key"), &[PASSWORD, PIN], 0);
    let generate = "cert generate --slot 9C --algorithm p256 --subject CN=made --overwrite --pin-stdin";
    typed(generate, &[WRONG_KEY, PIN], 5);
    typed(generate, &[TYPED_KEY, PIN], 0);
    with_open_key(&job, "cert delete 9D --keep-key --yes");
    typed("cert delete 9A --yes --pin-stdin", &[TYPED_KEY], 0);

    // The card's own, which comes with the PIN.
    for name in ["rsa", "curve"] {
        kept(&format!("cert import {name}.pfx --pin-stdin --slot 9A --overwrite"), &[PASSWORD, WRONG_PIN], 5);
        kept(&format!("cert import {name}.pfx --pin-stdin --slot 9A --overwrite"), &[PASSWORD, PIN], 0);
    }
    kept("cert generate --slot 9C --algorithm p256 --subject CN=made --pin-stdin", &[PIN], 0);
    kept("cert move 9C --to 82 --pin-stdin", &[PIN], 0);
    kept("pin tries --pin-tries 5 --puk-tries 6 --pin-stdin", &[PIN, NEW_PUK], 0);
    kept("cert delete 82 --yes --pin-stdin", &[PIN], 0);
    kept("card --json", &[], 0);

    let mut places = Vec::new();
    listed(job.agent.pid(), &mut places);
    let log = job.agent.log();
    for step in [
        "VERIFY",
        "CHANGE REFERENCE DATA",
        "RESET RETRY COUNTER",
        "GENERAL AUTHENTICATE",
        "IMPORT ASYMMETRIC KEY",
        "MOVE KEY",
        "SET PIN RETRIES",
        "PUT DATA",
        "GET DATA",
    ] {
        assert!(log.contains(step), "the log is not at its highest level, or the job left {step} out");
    }
    let (home, said) = job.end();
    places.extend(said);
    let own = ["cards.toml", "typed.key", "wrong.key", "no.key", "rsa.pfx", "curve.pfx"];
    files(home.path(), &own, &mut places);
    let mut canaries = vec![
        Canary::text("the PIN", PIN),
        Canary::text("a wrong PIN", WRONG_PIN),
        Canary::text("the PUK", PUK),
        Canary::text("the new PUK", NEW_PUK),
        Canary::text("a wrong PUK", WRONG_PUK),
        Canary::text("the password", PASSWORD),
        Canary::bytes("the management key that is typed", &digits(TYPED_KEY)),
        Canary::bytes("the management key that the card keeps", &digits(KEPT_KEY)),
        Canary::bytes("a wrong management key", &digits(WRONG_KEY)),
        Canary::bytes("what is no management key", &digits(NO_KEY)),
    ];
    assert_eq!((rsa.len(), curve.len()), (5, 1));
    canaries.extend(rsa.iter().map(|part| Canary::bytes("a part of the RSA key", part)));
    canaries.extend(curve.iter().map(|part| Canary::bytes("the key on a curve", part)));
    search(&places, &canaries);
    // What is no secret is found where it should be, so the search was in the right places.
    let serial = Canary::text("the card's printed number", "7203145");
    let csn = || Canary::bytes("the card's number", &digits("A82C47F1E05B4D93867B21C4F39D0E65"));
    let places_of = [
        (serial, "card --json"),
        (csn(), "agent.log"),
        (csn(), "audit.log"),
        (csn(), "cards.json"),
        (csn(), "kortti log"),
    ];
    for (canary, name) in places_of {
        let mut named = places.iter().filter(|(place, _)| place.contains(name));
        assert!(named.any(|(_, place)| canary.found_in(place).is_some()), "{} in {name}", canary.name);
    }
}
