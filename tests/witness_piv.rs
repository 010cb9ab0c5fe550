//! Foreign witnesses: Yubico's and OpenSC's tools, which know nothing of Kortti, against the virtual PIV cards on a real
//! PC/SC service. Where they disagree with the card, the card is wrong.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::Path;

use card::virt::{VirtualCard, VirtualReaders, vpcd};
use harness::pcscd::Pcscd;

const DEMO_KEYS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../agent/card/src/virt/demo");
/// The script for Yubico's library.
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/witness_yubikit.py");
/// The factory's management key, and another one.
const FACTORY_KEY: &str = "010203040506070801020304050607080102030405060708";
const OTHER_KEY: &str = "0F1E2D3C4B5A69788796A5B4C3D2E1F00112233445566778";

/// A service with a card in its first slot.
struct Bench {
    card: VirtualCard,
    _inserted: vpcd::Inserted,
    pcscd: Pcscd,
}

impl Bench {
    /// With a card of the demonstration set.
    fn with(name: &str) -> Self {
        Self::around(VirtualReaders::demo().card(name).unwrap())
    }

    /// With a card as the factory makes it, but for the management key's algorithm: OpenSC, and Yubico's tool in
    /// Debian 12, know 3DES only.
    fn factory(profile: &str) -> Self {
        let text = format!(
            "[[card]]\nname = \"new\"\nkind = \"piv\"\nprofile = \"{profile}\"\nserial = 7654321\n\
             management-algorithm = \"3des\"\nmanagement-key = \"{FACTORY_KEY}\"\n"
        );
        Self::around(VirtualReaders::from_description(&text).unwrap().card("new").unwrap())
    }

    fn around(card: VirtualCard) -> Self {
        let mut pcscd = Pcscd::start();
        let inserted = pcscd.insert(0, &card);
        fs::write(pcscd.directory().join("message"), "to be signed").unwrap();
        Self { card, _inserted: inserted, pcscd }
    }

    #[track_caller]
    fn run(&self, line: &str) -> String {
        self.pcscd.run(line)
    }

    #[track_caller]
    fn fails(&self, line: &str) -> String {
        self.pcscd.fails(line)
    }

    /// yubico-piv-tool, which looks for a reader with the name of a YubiKey if it is not told otherwise.
    #[track_caller]
    fn tool(&self, arguments: &str) -> String {
        self.run(&format!("yubico-piv-tool -r Virtual {arguments}"))
    }

    #[track_caller]
    fn tool_fails(&self, arguments: &str) -> String {
        self.fails(&format!("yubico-piv-tool -r Virtual {arguments}"))
    }

    /// A scenario of the script with Yubico's library.
    #[track_caller]
    fn yubikit(&self, scenario: &str) {
        self.run(&format!("{} {SCRIPT} {scenario}", harness::tools::yubikit().display()));
    }

    fn copy(&self, name: &str) {
        fs::copy(Path::new(DEMO_KEYS).join(name), self.pcscd.directory().join(name)).unwrap();
    }

    fn tries(&self) -> (u8, u8) {
        self.card.piv(|card| (card.pin_tries_left(), card.puk_tries_left())).unwrap()
    }

    /// Writes the public key of a slot on a NIST curve to `public.pem`. `said` explains why there might be none.
    #[track_caller]
    fn show(&self, slot: u8, said: &str) {
        let key = self.card.piv(|card| card.public_key(slot)).unwrap().unwrap_or_else(|| panic!("{said}"));
        // SubjectPublicKeyInfo up to the point (RFC 5480): its length, id-ecPublicKey, the curve, the bit string.
        let head: &[u8] = match key.as_slice() {
            [0x86, 65, ..] => {
                b"\x30\x59\x30\x13\x06\x07\x2A\x86\x48\xCE\x3D\x02\x01\x06\x08\x2A\x86\x48\xCE\x3D\x03\x01\x07\x03\x42\x00"
            }
            _ => b"\x30\x76\x30\x10\x06\x07\x2A\x86\x48\xCE\x3D\x02\x01\x06\x05\x2B\x81\x04\x00\x22\x03\x62\x00",
        };
        let point = key.get(2..).unwrap_or_default();
        fs::write(self.pcscd.directory().join("public.der"), [head, point].concat()).unwrap();
        self.run("openssl pkey -pubin -inform DER -in public.der -out public.pem");
    }

    /// Makes a certificate `made.pem` for the key `public.pem`.
    fn certify(&self) {
        self.run("openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -subj /CN=ca -days 9 -out ca.pem");
        self.run("openssl req -new -key ca.key -subj /CN=made -out request");
        self.run("openssl x509 -req -in request -force_pubkey public.pem -CA ca.pem -CAkey ca.key -days 9 -out made.pem");
    }

    /// Signs by PKCS#11, and lets OpenSSL verify with the certificate.
    #[track_caller]
    fn signs(&self, mechanism_and_key: &str, digest: &str, certificate: &str) {
        let format = "--signature-format openssl";
        self.run(&format!("pkcs11-tool -s -m {mechanism_and_key} -i message -o signature {format}"));
        self.run(&format!("openssl x509 -in {certificate} -pubkey -noout -out public.pem"));
        self.run(&format!("openssl dgst -{digest} -verify public.pem -signature signature message"));
    }

    fn pin_is(&self, pin: &str) -> bool {
        self.card.piv(|card| card.pin_is(pin.as_bytes())).unwrap()
    }
}

/// Profiles that Yubico's tool can manage.
const YUBICO: [&str; 3] = ["yubikey-5.7", "yubikey-4", "pivapplet"];

#[test]
fn shows_what_the_demonstration_card_holds() {
    let bench = Bench::with("erik");
    let status = bench.tool("-a status");
    for line in [
        "Version:\t5.7.1",
        "Serial Number:\t20250611",
        "CHUID:\t3019d4e739da739ced39ce739d836858210842108421c84210c3eb34105d0e3b7c91a84f26b3d47e1c60f9a258",
        "CCC:\tf015a000000116ff025d0e3b7c91a84f26b3d47e1c60f9f101",
        "Slot 9a:",
        "\tAlgorithm:\tECCP256",
        "Slot 9c:",
        "\tAlgorithm:\tECCP384",
        "CN=Erik Sandell",
        "PIN tries left:\t3",
    ] {
        assert!(status.contains(line), "{line}\n{status}");
    }
    assert!(bench.run("opensc-tool -n").contains("Personal Identity Verification Card"));
    assert!(bench.run("piv-tool -n").contains("Personal Identity Verification Card"));
    bench.copy("ca2.pem");
    // The third one is compressed, which OpenSC knows how to undo.
    for (id, name) in [("01", "logon"), ("02", "signature"), ("03", "encryption")] {
        bench.copy(&format!("erik-{name}.pem"));
        bench.run(&format!("openssl x509 -in erik-{name}.pem -outform DER -out expected.der"));
        bench.run(&format!("pkcs11-tool --read-object --type cert --id {id} -o found.der"));
        assert_eq!(bench.pcscd.file("found.der"), bench.pcscd.file("expected.der"), "{name}");
        bench.run(&format!("openssl verify -CAfile ca2.pem erik-{name}.pem"));
    }
    let (logon, signature) = ("ECDSA-SHA256 --id 01 -l -p 123456", "ECDSA-SHA384 --id 02 -l -p 123456");
    bench.signs(logon, "sha256", "erik-logon.pem");
    // PKCS#11 asks for the PIN again before each use of this key.
    bench.run(&format!(
        "pkcs11-tool --login-type user --pin 123456 -l -s -m {} -i message -o signature \
         --signature-format openssl",
        signature.replace(" -l -p 123456", "")
    ));
    bench.run("openssl x509 -in erik-signature.pem -pubkey -noout -out public.pem");
    bench.run("openssl dgst -sha384 -verify public.pem -signature signature message");
    bench.run("openssl x509 -in erik-encryption.pem -pubkey -noout -out public.pem");
    bench.run("openssl pkeyutl -encrypt -pubin -inkey public.pem -in message -out cryptogram");
    bench.run("pkcs11-tool -l -p 123456 --id 03 --decrypt -m RSA-PKCS -i cryptogram -o plain");
    assert_eq!(bench.pcscd.file("plain"), b"to be signed");
    assert_eq!(bench.tries(), (3, 3));
}

#[test]
fn changes_and_unblocks_pins() {
    for profile in YUBICO {
        let bench = Bench::factory(profile);
        let (most, _) = bench.tries();
        bench.tool_fails("-a verify-pin -P 999999");
        assert_eq!(bench.tries(), (most - 1, 3), "{profile}");
        assert!(bench.tool("-a status").contains(&format!("PIN tries left:\t{}", most - 1)));
        bench.tool("-a verify-pin -P 123456");
        assert_eq!(bench.tries(), (most, 3));
        bench.tool_fails("-a change-pin -P 999999 -N 654321");
        bench.tool("-a change-pin -P 123456 -N 654321");
        assert!(bench.pin_is("654321"));
        bench.tool_fails("-a change-puk -P 99999999 -N 87654321");
        assert_eq!(bench.tries(), (most, 2));
        bench.tool("-a change-puk -P 12345678 -N 87654321");
        for _ in 0..most {
            bench.tool_fails("-a verify-pin -P 999999");
        }
        assert!(bench.tool_fails("-a verify-pin -P 654321").contains("locked"), "{profile}");
        bench.tool_fails("-a unblock-pin -P 12345678 -N 135790");
        bench.tool("-a unblock-pin -P 87654321 -N 135790");
        assert!(bench.pin_is("135790"));
        assert_eq!(bench.tries(), (most, 3));

        bench.card.piv(|card| card.set_pin_tries_left(1)).unwrap();
        bench.tool("-a verify-pin -P 135790 -a pin-retries --pin-retries 7 --puk-retries 9");
        assert!(bench.pin_is("123456"));
        assert_eq!(bench.tries(), (7, 9));
        bench.tool_fails("-a reset");
        bench.card.piv(|card| (card.set_pin_tries_left(0), card.set_puk_tries_left(0))).unwrap();
        bench.tool("-a reset");
        assert_eq!(bench.tries(), (most, 3), "{profile}");
    }
    let bench = Bench::factory("plain");
    bench.run("pkcs11-tool --change-pin --pin 123456 --new-pin 654321");
    assert!(bench.pin_is("654321"));
    bench.fails("pkcs11-tool -l --pin 123456 --test");
    assert_eq!(bench.tries(), (2, 3));
}

#[test]
fn makes_keys_and_certificates() {
    for profile in YUBICO {
        let bench = Bench::factory(profile);
        bench.tool("-a generate -s 9a -A RSA2048 -o public.pem");
        // Version 2.2 of the tool with OpenSSL 3 signs no certificates (yubico-piv-tool issue 388).
        bench.certify();
        bench.tool("-a import-certificate -s 9a -i made.pem");
        bench.tool("-a read-certificate -s 9a -o back.pem");
        assert_eq!(bench.pcscd.file("back.pem"), bench.pcscd.file("made.pem"), "{profile}");
        bench.run("openssl verify -CAfile ca.pem back.pem");
        bench.tool("-a verify-pin -P 123456 -a test-signature -s 9a -i made.pem");
        bench.tool("-a verify-pin -P 123456 -a test-decipher -s 9a -i made.pem");
        // In a slot that wants the PIN each time, and one that never does.
        for (slot, pin, algorithm) in [
            ("9c", "-a verify-pin -P 123456", "ECCP384"),
            ("9e", "", "ECCP256"),
            ("82", "-a verify-pin -P 123456", "ECCP256"),
        ] {
            bench.tool(&format!("-a generate -s {slot} -A {algorithm} -o public.pem"));
            bench.certify();
            bench.tool(&format!("-a import-certificate -s {slot} -i made.pem"));
            bench.tool(&format!("{pin} -a test-signature -s {slot} -i made.pem"));
            bench.tool(&format!("-a read-certificate -s {slot} -o back.pem"));
            assert_eq!(bench.pcscd.file("back.pem"), bench.pcscd.file("made.pem"), "{profile} {slot}");
        }
        bench.tool_fails("-a test-signature -s 9c -i made.pem");
        bench.tool("-a delete-certificate -s 9a");
        bench.tool_fails("-a read-certificate -s 9a");
        bench.tool("-a set-chuid -a set-ccc");
        let status = bench.tool("-a status");
        assert!(
            !status.contains("Slot 9a") && status.contains("CHUID:\t3019") && status.contains("CCC:\tf015")
        );
        bench.tool_fails("-a attest -s 9a");
        // An object larger than one APDU, and into the open.
        fs::write(bench.pcscd.directory().join("object"), [0x5A; 2000]).unwrap();
        bench.tool("-a write-object --id 0x5fc106 -f binary -i object");
        bench.tool("-a read-object --id 0x5fc106 -f binary -o back");
        assert_eq!(bench.pcscd.file("back"), [0x5A; 2000]);
    }
}

#[test]
fn imports_keys() {
    for profile in YUBICO {
        let bench = Bench::factory(profile);
        for (slot, new, id) in [
            ("9a", "rsa:2048", "01"),
            ("9d", "rsa:1024", "03"),
            ("9e", "ec -pkeyopt ec_paramgen_curve:P-256", "04"),
            ("82", "ec -pkeyopt ec_paramgen_curve:P-384", "05"),
        ] {
            bench.run(&format!(
                "openssl req -x509 -newkey {new} -nodes -keyout key.pem -subj /CN=imported -days 9 -out made.pem"
            ));
            bench.tool(&format!("-a import-key -s {slot} -i key.pem --pin-policy once"));
            bench.tool(&format!("-a import-certificate -s {slot} -i made.pem"));
            bench.tool(&format!("-a verify-pin -P 123456 -a test-signature -s {slot} -i made.pem"));
            // OpenSC looks into a retired slot only if there is a key history object.
            match slot {
                "9a" => bench.signs(&format!("SHA256-RSA-PKCS --id {id} -l -p 123456"), "sha256", "made.pem"),
                "9e" => bench.signs(&format!("ECDSA-SHA256 --id {id} -l -p 123456"), "sha256", "made.pem"),
                _ => {}
            }
        }
        let bundle = "openssl pkcs12 -export -inkey key.pem -in made.pem -passout pass:word -out made.p12";
        bench.run(&format!("{bundle} -keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -macalg sha1"));
        bench.tool("-a import-key -a import-certificate -s 9c -K PKCS12 -p word -i made.p12");
        bench.tool("-a verify-pin -P 123456 -a test-signature -s 9c -i made.pem");
    }
    let plain = Bench::factory("plain");
    plain.run("openssl genrsa -traditional -out key.pem 2048");
    plain.tool_fails("-a import-key -s 9a -i key.pem");
    assert_eq!(plain.card.piv(|card| card.slots()), Some(vec![]));
}

#[test]
fn takes_another_management_key() {
    for profile in YUBICO {
        let bench = Bench::factory(profile);
        bench.tool_fails(&format!("-k{OTHER_KEY} -a set-ccc"));
        bench.tool(&format!("-a set-mgm-key -n {OTHER_KEY}"));
        bench.tool_fails(&format!("-k{FACTORY_KEY} -a set-ccc"));
        bench.tool(&format!("-k{OTHER_KEY} -a set-ccc"));
        let key: Option<String> =
            bench.card.piv(|card| card.management_key().iter().map(|byte| format!("{byte:02X}")).collect());
        assert_eq!(key.as_deref(), Some(OTHER_KEY), "{profile}");
    }
}

/// What OpenSC alone can do. Version 0.23 fails by itself when it is to authenticate in the form that is not mutual (OpenSC
/// issue 2658), and when it is to show the key that the card has made (issue 3156), but not before the card has made it; and its exit code is
/// not 0 although a certificate has been written. So what counts here is what the card holds.
#[test]
fn opensc_issues_a_plain_card() {
    let bench = Bench::factory("plain");
    let key: Vec<String> =
        FACTORY_KEY.as_bytes().chunks(2).map(|byte| String::from_utf8_lossy(byte).into_owned()).collect();
    let management_key = bench.pcscd.directory().join("management.key");
    fs::write(&management_key, key.join(":")).unwrap();
    let piv_tool = "env PIV_EXT_AUTH_KEY=management.key piv-tool -A M:9B:03";
    for (slot, algorithm, id) in [("9A", "11", "01"), ("9E", "14", "04")] {
        let (_, said) = bench.pcscd.try_run(&format!("{piv_tool} -G {slot}:{algorithm} -o shown.der"));
        bench.show(u8::from_str_radix(slot, 16).unwrap(), &said);
        bench.certify();
        bench.pcscd.try_run(&format!("{piv_tool} -C {slot} -i made.pem"));
        bench.run(&format!("pkcs11-tool --read-object --type cert --id {id} -o back.der"));
        bench.run("openssl x509 -in made.pem -outform DER -out made.der");
        assert_eq!(bench.pcscd.file("back.der"), bench.pcscd.file("made.der"), "{slot}");
        bench.signs(&format!("ECDSA-SHA256 --id {id} -l -p 123456"), "sha256", "made.pem");
    }
    fs::write(&management_key, key.join(":").replace("08", "10")).unwrap();
    bench.fails(&format!("{piv_tool} -G 9C:11 -o shown.der"));
    assert_eq!(bench.card.piv(|card| card.slots()), Some(vec![0x9A, 0x9E]));
}

/// Yubico's library, over extended APDUs (USB) and over chains of short ones (NFC).
#[test]
fn yubikit_agrees() {
    let demonstration = Bench::with("erik");
    for name in ["logon", "signature", "encryption"] {
        demonstration.copy(&format!("erik-{name}.pem"));
    }
    demonstration.yubikit("demonstration yubikey-5.7 USB");
    for scenario in ["pins", "keys", "certificates", "management"] {
        for (profile, transports) in [
            ("yubikey-5.7", &["USB", "NFC"][..]),
            ("yubikey-4", &["USB", "NFC"]),
            // Which knows no extended APDUs.
            ("pivapplet", &["NFC"]),
        ] {
            for transport in transports {
                let text = format!(
                    "[[card]]\nname = \"new\"\nkind = \"piv\"\nprofile = \"{profile}\"\nserial = 1\n"
                );
                let readers = VirtualReaders::from_description(&text).unwrap();
                Bench::around(readers.card("new").unwrap())
                    .yubikit(&format!("{scenario} {profile} {transport}"));
            }
        }
    }
}
