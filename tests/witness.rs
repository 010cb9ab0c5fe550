//! A foreign witness: OpenSC's tools, which know nothing of Kortti, against the virtual GIDS card on a real PC/SC
//! service. Where they disagree with the card, the card is wrong.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::Path;

use card::transport::Readers as _;
use card::virt::{VirtualCard, VirtualReaders, vpcd};
use card::x509::issue::{Content, self_signed};
use card::{Import, NewKey, PinEntry};
use harness::pcscd::{Pcscd, READERS};
use shared::model::{KeyAlgorithm, KeyFamily, Role};
use shared::secret::Pin;
use time::{Duration, OffsetDateTime};

const DEMO_KEYS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../agent/card/src/virt/demo");
const ADMIN_KEY: &str = "0123456789ABCDEFFEDCBA987654321089ABCDEF01234567";
const OTHER_KEY: &str = "00112233445566778899AABBCCDDEEFF0011223344556677";

/// A service with a card of the demonstration set in its first slot.
struct Bench {
    card: VirtualCard,
    _inserted: vpcd::Inserted,
    pcscd: Pcscd,
}

impl Bench {
    fn with(name: &str) -> Self {
        let card = VirtualReaders::demo().card(name).unwrap();
        let mut pcscd = Pcscd::start();
        let inserted = pcscd.insert(0, &card);
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

    fn file(&self, name: &str) -> Vec<u8> {
        self.pcscd.file(name)
    }

    fn copy(&self, name: &str) {
        fs::copy(Path::new(DEMO_KEYS).join(name), self.pcscd.directory().join(name)).unwrap();
    }

    fn tries_left(&self) -> u8 {
        self.card.gids(|card| card.pin_tries_left()).unwrap()
    }

    fn pin_is(&self, pin: &str) -> bool {
        self.card.gids(|card| card.pin_is(pin.as_bytes())).unwrap()
    }

    fn object(&self, file: u16, object: u16) -> Option<Vec<u8>> {
        self.card.gids(|card| card.object(file, object)).unwrap()
    }
}

#[test]
fn reads_what_the_demonstration_card_holds() {
    let bench = Bench::with("anna");
    assert!(bench.run("opensc-tool -n").contains("GIDS Smart Card"));
    assert!(bench.run("opensc-tool -a").contains("3b:86:80:01:4b:6f:72:74:74:69:38"));
    let dump = bench.run("pkcs15-tool --dump");
    for line in [
        "Serial number  : 7d1f93c2a4e05b68b19c3d2e6f804a57",
        "Tries left     : 3",
        "Private RSA Key [3f6d2c1a-0b5e-4d7f-9a61-7c2e8f104b93]",
        "Private RSA Key [b8a7e64d-52f0-4c19-8e3b-90d1c6f27a45]",
    ] {
        assert!(dump.contains(line), "{line}\n{dump}");
    }
    let files = bench.run("gids-tool");
    for line in [
        "Found 8 entries in the masterfile",
        "bFlags:                  Valid container,Default container",
        "keyref:               0xb082",
    ] {
        assert!(files.contains(line), "{line}\n{files}");
    }
    for (id, name) in [("00", "logon"), ("01", "mail")] {
        bench.copy(&format!("{name}.pem"));
        bench.run(&format!("openssl x509 -in {name}.pem -outform DER -out expected.der"));
        bench.run(&format!("pkcs11-tool --read-object --type cert --id {id} -o found.der"));
        assert_eq!(bench.file("found.der"), bench.file("expected.der"), "{name}");
        bench.pcscd.key_works(id, "123456");
    }
    assert_eq!(bench.tries_left(), 3);
}

#[test]
fn personalises_a_new_card() {
    let bench = Bench::with("new");
    let serial = "000102030405060708090A0B0C0D0E0F";
    bench.run(&format!("gids-tool -X --admin-key {ADMIN_KEY} --pin 1234567 --serial-number {serial}"));
    bench
        .card
        .gids(|card| {
            assert!(card.is_operational() && card.pin_is(b"1234567"));
            assert_eq!(card.files(), [0xA000, 0xA010, 0xA011, 0xA012, 0xA013, 0xA014, 0xB080]);
            assert_eq!(card.object(0xA012, 0xDF20), Some((0..16).collect()));
        })
        .unwrap();
    // What OpenSC writes is what the card of the demonstration was given.
    let ours = VirtualReaders::demo().card("anna").unwrap();
    let own = ours.gids(|card| card.object(0xA000, 0xDF1F)).flatten().unwrap();
    assert_eq!(bench.object(0xA000, 0xDF1F).unwrap(), own[..141]);
    assert!(bench.run("pkcs15-tool --dump").contains(&serial.to_lowercase()));
    bench.fails(&format!("gids-tool -X --admin-key {ADMIN_KEY} --pin 1234567"));
}

#[test]
fn authenticates_as_administrator() {
    let bench = Bench::with("anna");
    bench.fails(&format!("gids-tool -C --admin-key {OTHER_KEY} --new-admin-key {OTHER_KEY}"));
    bench.run(&format!("gids-tool -C --admin-key {ADMIN_KEY} --new-admin-key {OTHER_KEY}"));
    bench.fails(&format!("gids-tool -U --admin-key {ADMIN_KEY} --pin 555555"));
    assert!(bench.pin_is("123456"));
    bench.card.gids(|card| card.set_pin_tries_left(0)).unwrap();
    bench.fails("pkcs15-tool --verify-pin --pin 123456");
    bench.run(&format!("gids-tool -U --admin-key {OTHER_KEY} --pin 555555"));
    assert!(bench.pin_is("555555"));
    assert_eq!(bench.tries_left(), 3);
    bench.run("pkcs15-tool --verify-pin --pin 555555");
}

#[test]
fn changes_the_pin() {
    let bench = Bench::with("anna");
    bench.fails("pkcs11-tool --change-pin --pin 999999 --new-pin 876543");
    assert_eq!(bench.tries_left(), 2);
    assert!(bench.run("pkcs15-tool --dump").contains("Tries left     : 2"));
    bench.run("pkcs11-tool --change-pin --pin 123456 --new-pin 876543");
    assert!(bench.pin_is("876543"));
    assert_eq!(bench.tries_left(), 3);
    bench.run("pkcs15-tool --change-pin --pin 876543 --new-pin 12345678");
    assert!(bench.pin_is("12345678"));
    for _ in 0..3 {
        bench.fails("pkcs15-tool --verify-pin --pin 111111");
    }
    assert_eq!(bench.tries_left(), 0);
    bench.fails("pkcs15-tool --verify-pin --pin 12345678");
}

#[test]
fn makes_a_key_on_the_card() {
    let bench = Bench::with("anna");
    let said = bench.run("pkcs11-tool -l -p 123456 --keypairgen --key-type rsa:2048 --id 02 --label made");
    assert!(said.contains("RSA 2048 bits"), "{said}");
    bench.pcscd.key_works("02", "123456");
    assert_eq!(bench.object(0xA010, 0xDF23).map(|map| map.len()), Some(3 * 86));
    assert_eq!(bench.object(0xA000, 0xDF20).map(|keys| keys.len()), Some(1 + 3 * 12));

    // A certificate for it, and it is read back.
    bench.copy("logon.key");
    bench.run("openssl req -new -key logon.key -subj /CN=made -out request");
    bench.run("openssl rsa -pubin -inform DER -in public.der -out public.pem");
    bench.run("openssl x509 -req -in request -force_pubkey public.pem -signkey logon.key -days 9 -outform DER -out made.der");
    bench.run("pkcs11-tool -l -p 123456 -w made.der --type cert --id 02 --label made");
    bench.run("pkcs11-tool --read-object --type cert --id 02 -o back.der");
    assert_eq!(bench.file("back.der"), bench.file("made.der"));
}

/// A key that Kortti made, with the certificate that it signed for itself: OpenSC signs and deciphers with it.
#[test]
fn works_with_a_key_that_kortti_made() {
    let readers = VirtualReaders::demo();
    let mut connection = readers.connect("Kortti Virtual Reader 00 00").unwrap();
    let certificate = {
        let mut transaction = connection.begin().unwrap();
        let mut card = card::edge::open(&mut *transaction, None).unwrap();
        let pin = Pin::from(&b"123456"[..]);
        card.verify(Role::USER, PinEntry::Typed(&pin)).unwrap();
        let algorithm = KeyAlgorithm { family: KeyFamily::Rsa, bits: 2048 };
        let new = NewKey { container: None, algorithm, pin_use: None, touch_use: None, default: false };
        let public_key = card.generate(&new).unwrap();
        let subject = "CN=made".parse().unwrap();
        let content = Content::for_client(&subject, &public_key);
        let from = OffsetDateTime::now_utc();
        let unsigned = self_signed(&content, from, from + Duration::days(9)).unwrap();
        let certificate = unsigned.signed(&card.sign(2, unsigned.to_be_signed(), None).unwrap());
        let import = Import {
            certificate: &certificate,
            public_key: &public_key,
            private_key: None,
            chain: &[],
            container: None,
            default: false,
        };
        assert_eq!(card.import(&import).unwrap(), "kxc02");
        certificate
    };
    drop(connection);
    let card = readers.card("anna").unwrap();
    let mut pcscd = Pcscd::start();
    let bench = Bench { _inserted: pcscd.insert(0, &card), card, pcscd };
    bench.pcscd.key_works("02", "123456");
    bench.run("pkcs11-tool --read-object --type cert --id 02 -o made.der");
    assert_eq!(bench.file("made.der"), certificate);
    bench.run("openssl x509 -in made.der -inform DER -out made.pem");
    bench.run("openssl verify -check_ss_sig -CAfile made.pem made.pem");
    bench.run("openssl x509 -in made.pem -noout -pubkey -out expected.pem");
    bench.run("openssl pkey -pubin -in public.der -inform DER -out public.pem");
    assert_eq!(bench.file("public.pem"), bench.file("expected.pem"));
}

#[test]
fn imports_a_key_and_deletes_it() {
    let bench = Bench::with("anna");
    bench.run("openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -subj /CN=imported -days 9 -outform DER -out imported.der");
    bench.run("openssl rsa -in key.pem -traditional -outform DER -out key.der");
    bench.run("pkcs11-tool -l -p 123456 -w key.der --type privkey --id 02 --label imported --usage-sign --usage-decrypt");
    bench.run("pkcs11-tool -l -p 123456 -w imported.der --type cert --id 02 --label imported");
    bench.pcscd.key_works("02", "123456");
    assert!(bench.card.gids(|card| card.files().contains(&0xB083)).unwrap());
    bench.run("pkcs11-tool -l -p 123456 --delete-object --type cert --id 02");
    bench.run("pkcs11-tool -l -p 123456 --delete-object --type privkey --id 02");
    assert!(!bench.card.gids(|card| card.files().contains(&0xB083)).unwrap());
    let left = bench.run("pkcs15-tool --dump");
    assert!(
        !left.contains("[imported]") && left.contains("[b8a7e64d-52f0-4c19-8e3b-90d1c6f27a45]"),
        "{left}"
    );
}

#[test]
fn insertion_removal_and_a_crash_of_the_service() {
    let demo = VirtualReaders::demo();
    let (anna, unknown) = (demo.card("anna").unwrap(), demo.card("unknown").unwrap());
    let mut pcscd = Pcscd::start();
    let cards = |pcscd: &Pcscd| {
        let (_, said) = pcscd.try_run("opensc-tool -l");
        READERS.map(|reader| {
            let line = said.lines().find(|line| line.contains(reader)).unwrap_or_else(|| panic!("{said}"));
            line.contains("Yes")
        })
    };
    assert_eq!(cards(&pcscd), [false, false]);
    let first = pcscd.insert(0, &anna);
    let second = pcscd.insert(1, &unknown);
    assert_eq!(cards(&pcscd), [true, true]);
    pcscd.remove(0, first);
    assert_eq!(cards(&pcscd), [false, true]);

    pcscd.kill();
    pcscd.fails("opensc-tool -a");
    drop(second);
    pcscd.restart();
    assert_eq!(cards(&pcscd), [false, false]);
    let first = pcscd.insert(0, &anna);
    let said = pcscd.run("opensc-tool -n");
    assert!(said.contains("GIDS"), "{said}");
    assert!(first.is_in());
}
