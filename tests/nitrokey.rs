//! The PIV card inside the Nitrokey 3, a card that we did not write: that it answers as its page says, and that other
//! people's tools can work with it behind a real PC/SC service. So what Kortti finds on it is the card and not the rig.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::Duration;

use harness::nitrokey::{MANAGEMENT_KEY, NitrokeyCard, PIN, PUK};
use harness::pcscd::{Pcscd, READERS};

const PAGE: &str = include_str!("nitrokey-card/README.md");
/// The seed of the card that the page was made with.
const SEED: u64 = 1;
/// How long it may think about one command.
const PATIENCE: Duration = Duration::from_secs(60);
/// vpcd's control command for a reset.
const RESET: &[u8] = &[2];

/// A kind of key, as GENERATE ASYMMETRIC KEY PAIR has it (SP 800-73-4 part 2 section 3.3.2).
struct Kind {
    algorithm: &'static str,
    /// Where modulus or point are in the answer, behind tags and lengths.
    place: std::ops::Range<usize>,
    /// What is around them in a SubjectPublicKeyInfo (RFC 5280 section 4.1).
    before: &'static str,
    after: &'static str,
}

const RSA_2048: Kind = Kind {
    algorithm: "07",
    place: 9..9 + 256,
    before: "30 82 01 22 30 0D 06 09 2A 86 48 86 F7 0D 01 01 01 05 00 03 82 01 0F 00 30 82 01 0A 02 82 01 01 00",
    after: "02 03 01 00 01",
};
const P_256: Kind = Kind {
    algorithm: "11",
    place: 5..5 + 65,
    before: "30 59 30 13 06 07 2A 86 48 CE 3D 02 01 06 08 2A 86 48 CE 3D 03 01 07 03 42 00",
    after: "",
};

#[test]
fn it_answers_as_its_page_says() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let _card = NitrokeyCard::insert_at(listener.local_addr().unwrap().port(), SEED);
    let (mut vpcd, _) = listener.accept().unwrap();
    vpcd.set_read_timeout(Some(PATIENCE)).unwrap();
    let (_, dialogue) = PAGE.split_once("## Dialogue").unwrap();
    let mut asked = 0;
    for row in dialogue.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| what ")) {
        let cells: Vec<&str> =
            row.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`')).collect();
        match cells[1..] {
            ["", ""] => {}
            ["(reset)", ""] => send(&mut vpcd, RESET),
            [command, answer] => {
                send(&mut vpcd, &bytes(command));
                let found = receive(&mut vpcd);
                let is_right = match answer.strip_suffix("..") {
                    None => found == bytes(answer),
                    Some(start) => found.starts_with(&bytes(start)) && found.len() > bytes(start).len(),
                };
                assert!(is_right, "{row}\n{found:02X?}");
                asked += 1;
            }
            _ => panic!("{row}"),
        }
    }
    assert!(asked > 100);
}

/// Bytes in the page's notation.
fn bytes(text: &str) -> Vec<u8> {
    let repeated = text.split_whitespace().flat_map(|word| {
        let (byte, times) = word.split_once('*').unwrap_or((word, "1"));
        vec![u8::from_str_radix(byte, 16).unwrap(); times.parse().unwrap()]
    });
    repeated.collect()
}

/// vpcd's side of the dialogue.
fn send(vpcd: &mut TcpStream, message: &[u8]) {
    let length = u16::try_from(message.len()).unwrap();
    vpcd.write_all(&[&length.to_be_bytes()[..], message].concat()).unwrap();
}

fn receive(vpcd: &mut TcpStream) -> Vec<u8> {
    let mut length = [0; 2];
    vpcd.read_exact(&mut length).unwrap();
    let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
    vpcd.read_exact(&mut message).unwrap();
    message
}

/// Runs OpenSC's piv-tool with the management key, and returns whether it succeeded and what it said.
fn administer(pcscd: &Pcscd, action: &str) -> (bool, String) {
    let key: Vec<String> =
        MANAGEMENT_KEY.as_bytes().chunks(2).map(|byte| String::from_utf8_lossy(byte).into()).collect();
    fs::write(pcscd.directory().join("management.key"), key.join(":")).unwrap();
    pcscd.try_run(&format!("env PIV_EXT_AUTH_KEY=management.key piv-tool -A M:9B:03 {action}"))
}

/// Makes a key in a slot and writes a certificate for it, both with piv-tool: `NAME.pem` and `NAME.der`, and in
/// `NAME.pub` the public key that the card has told.
fn make_credential(pcscd: &Pcscd, slot: &str, kind: &Kind, name: &str) {
    let (success, said) =
        administer(pcscd, &format!("-s 00:47:00:{slot}:05:AC:03:80:01:{}:00", kind.algorithm));
    assert!(success, "{said}");
    // Lines of 16 bytes in hexadecimal, each with its text after it.
    let (_, dump) = said.split_once("SW2=0x00):\n").unwrap_or_else(|| panic!("{said}"));
    let lines = dump.lines().take_while(|line| !line.starts_with("Using"));
    let answer: Vec<u8> = lines.flat_map(|line| bytes(&line[..48])).collect();
    let key = [&bytes(kind.before)[..], &answer[kind.place.clone()], &bytes(kind.after)].concat();
    fs::write(pcscd.directory().join(format!("{name}.key")), key).unwrap();
    for line in [
        "openssl genrsa -out other.pem 2048".to_owned(),
        format!("openssl pkey -pubin -inform DER -in {name}.key -out {name}.pub"),
        format!("openssl req -new -key other.pem -subj /CN={name} -out request"),
        format!(
            "openssl x509 -req -in request -force_pubkey {name}.pub -signkey other.pem -days 9 -out {name}.pem"
        ),
        format!("openssl x509 -in {name}.pem -outform DER -out {name}.der"),
    ] {
        pcscd.run(&line);
    }
    // It ends with 1 also when the card has taken the certificate: what is read back decides.
    administer(pcscd, &format!("-C {slot} -i {name}.pem"));
}

#[test]
fn other_peoples_tools_make_and_use_credentials() {
    let mut pcscd = Pcscd::start();
    let _card = NitrokeyCard::insert(&mut pcscd, 0);
    assert!(pcscd.run("piv-tool -n").contains("Personal Identity Verification Card"));
    assert!(!pcscd.run("pkcs11-tool -O --type cert").contains("Certificate Object"));
    fs::write(pcscd.directory().join("message"), "to be signed").unwrap();

    make_credential(&pcscd, "9A", &RSA_2048, "anna");
    make_credential(&pcscd, "9C", &P_256, "signs");
    assert_eq!(pcscd.run("pkcs11-tool -O --type cert").matches("Certificate Object").count(), 2);
    for (id, name) in [("01", "anna"), ("02", "signs")] {
        pcscd.run(&format!("pkcs11-tool --read-object --type cert --id {id} -o read.der"));
        assert_eq!(pcscd.file("read.der"), pcscd.file(&format!("{name}.der")));
    }
    for (id, name, mechanism) in
        [("01", "anna", "SHA256-RSA-PKCS"), ("02", "signs", "ECDSA-SHA256 --signature-format openssl")]
    {
        pcscd.run(&format!("pkcs11-tool -l -p {PIN} --id {id} -s -m {mechanism} -i message -o signature"));
        pcscd.run(&format!("openssl dgst -sha256 -verify {name}.pub -signature signature message"));
    }
    pcscd.key_works("01", PIN);
}

#[test]
fn other_peoples_tools_change_and_unblock_the_pin() {
    let mut pcscd = Pcscd::start();
    let _card = NitrokeyCard::insert(&mut pcscd, 0);
    pcscd.run(&format!("pkcs11-tool --change-pin --pin {PIN} --new-pin 654321"));
    for _ in 0..3 {
        pcscd.fails("pkcs15-tool --verify-pin --pin 111111");
    }
    pcscd.fails("pkcs15-tool --verify-pin --pin 654321");
    pcscd.run(&format!("pkcs15-tool --change-pin --auth-id 02 --pin {PUK} --new-pin 87654321"));
    pcscd.fails(&format!("pkcs15-tool --unblock-pin --auth-id 01 --puk {PUK} --new-pin 777777"));
    pcscd.run("pkcs15-tool --unblock-pin --auth-id 01 --puk 87654321 --new-pin 777777");
    pcscd.run("pkcs15-tool --verify-pin --pin 777777");
}

#[test]
fn each_is_a_card_of_its_own_and_leaves_nothing() {
    let mut pcscd = Pcscd::start();
    let first = NitrokeyCard::insert(&mut pcscd, 0);
    let _second = NitrokeyCard::insert(&mut pcscd, 1);
    let serial = |pcscd: &Pcscd, slot: usize| {
        let output = pcscd.client("piv-tool").args(["--reader", READERS[slot], "--serial"]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let before = [serial(&pcscd, 0), serial(&pcscd, 1)];
    assert_ne!(before[0], before[1]);
    pcscd.remove(0, first);
    let _third = NitrokeyCard::insert(&mut pcscd, 0);
    assert_ne!(serial(&pcscd, 0), before[0]);
    assert_eq!(serial(&pcscd, 1), before[1]);
}
