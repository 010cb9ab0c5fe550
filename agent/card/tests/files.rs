//! Opens the files under `tests/files`, which other programs made (`make.sh` beside them), and reads their
//! certificates. Then hurts them.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;
use std::path::Path;
use std::time::Duration;

use card::key::Components;
use card::pfx::{Credential, FileError, open};
use card::x509;
use rustix::time::{ClockId, clock_gettime};
use shared::hex::Hex;
use shared::model::{AlternativeName, CertificateFields};
use shared::secret::Password;

fn read(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files").join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn try_open(file: &[u8], password: Option<&str>) -> Result<Credential, FileError> {
    open(file, password.map(|text| Password::from(text.as_bytes())).as_ref())
}

/// A result in one line: key, subject, number of issuers; or the error.
fn line(result: &Result<Credential, FileError>) -> String {
    match result {
        Ok(credential) => {
            let subject = x509::common_name(&credential.certificate).unwrap();
            let key =
                credential.private_key.as_ref().map_or("no key".to_owned(), |key| key.algorithm.to_string());
            format!("{key}, {subject}, {} issuers", credential.chain.len())
        }
        Err(error) => error.to_string(),
    }
}

const ALICE: &str = "RSA 2048, Alice Ääkkönen, 2 issuers";
const ALONE: &str = "RSA 2048, Alice Ääkkönen, 0 issuers";
const PASSWORD_NEEDED: &str = "the file needs a password";
const WRONG_PASSWORD: &str = "the password is wrong";

#[rustfmt::skip]
const FILES: &[(&str, Option<&str>, &str)] = &[
    // OpenSSL 3
    ("openssl3.pfx", Some("secret"), ALICE),
    ("openssl3.pfx", Some("Secret"), WRONG_PASSWORD),
    ("openssl3.pfx", Some("pässwörd"), WRONG_PASSWORD),
    ("openssl3.pfx", Some(""), PASSWORD_NEEDED),
    ("openssl3.pfx", None, PASSWORD_NEEDED),
    ("openssl3-legacy.pfx", Some("secret"), ALICE),
    ("openssl3-legacy.pfx", Some("wrong"), WRONG_PASSWORD),
    ("openssl3-3des.pfx", Some("secret"), ALICE),
    ("openssl3-3des.pfx", None, PASSWORD_NEEDED),
    ("openssl3-2des.pfx", Some("secret"), ALICE),
    ("openssl3-aes128.pfx", Some("secret"), ALICE),
    ("openssl3-pbes2-3des.pfx", Some("secret"), ALICE),
    ("openssl3-rc4.pfx", Some("secret"), "the file cannot be used: its encryption (1.2.840.113549.1.12.1.1) is not \
        supported; save it again with a newer program"),
    ("rsa1024.pfx", Some("secret"), "RSA 1024, RSA 1024, 0 issuers"),
    ("rsa4096.pfx", Some("secret"), "RSA 4096, RSA 4096, 0 issuers"),
    ("p256.pfx", Some("secret"), "EC P-256, EC 256, 0 issuers"),
    ("p384.pfx", Some("secret"), "EC P-384, EC 384, 0 issuers"),
    ("p521.pfx", Some("secret"), "EC P-521, EC 521, 0 issuers"),
    ("brainpool.pfx", Some("secret"), "the file cannot be used: its key is on a curve that is not supported"),
    ("ed25519.pfx", Some("secret"), "Ed25519, Edwards, 0 issuers"),
    // OpenSSL 1
    ("openssl1.pfx", Some("secret"), ALICE),
    ("openssl1.pfx", Some("wrong"), WRONG_PASSWORD),
    ("openssl1-p256.pfx", Some("secret"), "EC P-256, EC 256, 0 issuers"),
    // Windows
    ("windows7.pfx", Some("secret"), ALICE),
    ("windows7.pfx", Some("wrong"), WRONG_PASSWORD),
    ("windows10.pfx", Some("secret"), ALICE),
    // Java
    ("java-rsa.p12", Some("secret"), "RSA 2048, Java rsa, 0 issuers"),
    ("java-rsa.p12", None, PASSWORD_NEEDED),
    ("java-ec.p12", Some("secret"), "EC P-256, Java ec, 0 issuers"),
    ("java-legacy.p12", Some("secret"), "RSA 2048, Java old, 0 issuers"),
    ("java-two-keys.p12", Some("secret"), "the file cannot be used: it holds several keys with certificates; export \
        the one that you want into a file of its own"),
    // NSS
    ("nss.p12", Some("secret"), ALICE),
    ("nss.p12", Some("wrong"), WRONG_PASSWORD),
    ("nss-legacy.p12", Some("secret"), ALICE),
    // Passwords: empty, absent, beyond ASCII, beyond the BMP
    ("empty-password.pfx", None, ALICE),
    ("empty-password.pfx", Some(""), ALICE),
    ("empty-password.pfx", Some("wrong"), WRONG_PASSWORD),
    ("empty-password-3des.pfx", None, ALICE),
    ("absent-password-3des.pfx", None, ALONE),
    ("absent-password-3des.pfx", Some(""), ALONE),
    ("absent-password-3des.pfx", Some("wrong"), WRONG_PASSWORD),
    ("openssl1-plain.pfx", None, ALICE),
    ("umlaut.pfx", Some("pässwörd€"), ALICE),
    ("umlaut.pfx", Some("password"), WRONG_PASSWORD),
    ("umlaut-3des.pfx", Some("pässwörd€"), ALICE),
    ("umlaut-openssl10.pfx", Some("pässwörd"), ALICE),
    ("emoji-3des.pfx", Some("p😀"), ALICE),
    // No MAC, no encryption
    ("no-mac.pfx", Some("secret"), ALICE),
    ("no-mac.pfx", Some("wrong"), WRONG_PASSWORD),
    ("no-mac.pfx", None, PASSWORD_NEEDED),
    ("plain.pfx", None, ALICE),
    ("plain.pfx", Some("anything"), ALICE),
    ("plain-with-mac.pfx", Some("secret"), ALICE),
    ("plain-with-mac.pfx", Some("wrong"), WRONG_PASSWORD),
    // Damaged
    ("truncated.pfx", Some("secret"), "the file is damaged: its outer part is malformed"),
    ("flipped.pfx", Some("secret"), "the file is damaged: its checksum does not fit its content"),
    ("flipped.pfx", Some("wrong"), WRONG_PASSWORD),
    ("flipped-mac.pfx", Some("secret"), "the file is damaged: its checksum does not fit its content"),
    ("flipped-no-mac.pfx", None, "the file is damaged: a bag in it is malformed"),
    ("20-million.pfx", Some("secret"), "the file cannot be used: it asks for 20000000 rounds of key derivation, and at \
        most 1000000 are done"),
    ("truncated.der", None, "the file is damaged: the end of the certificate is missing"),
    ("note.txt", None, "the file is neither a certificate nor a PKCS#12 file"),
    // Halves
    ("key-only.pfx", Some("secret"), "the file cannot be used: it holds a private key without a certificate"),
    ("key-only.pem", None, "the file cannot be used: it holds a private key without a certificate"),
    ("key-only.der", None, "the file is neither a certificate nor a PKCS#12 file"),
    ("renewed.pem", None, "the file cannot be used: it holds several certificates for its key; export only the one that \
        you want"),
    ("certificate-only.pfx", Some("secret"), "no key, Alice Ääkkönen, 0 issuers"),
    ("stranger.pem", None, "the file cannot be used: its private key belongs to none of its certificates"),
    ("two-certificates.pem", None, "the file cannot be used: it holds several certificates, and none of them is \
        plainly the one that is meant"),
    // Certificates
    ("alice.der", None, "no key, Alice Ääkkönen, 0 issuers"),
    ("alice.der", Some("needless"), "no key, Alice Ääkkönen, 0 issuers"),
    ("alice-text.pem", None, "no key, Alice Ääkkönen, 0 issuers"),
    ("chain.pem", None, "no key, Alice Ääkkönen, 2 issuers"),
    ("chain.p7b.pem", None, "no key, Alice Ääkkönen, 2 issuers"),
    ("roots.p7b", None, "no key, Example Issuing, 1 issuers"),
    ("root.der", None, "no key, Example Root, 0 issuers"),
    ("brainpool.der", None, "no key, Brainpool, 0 issuers"),
    ("ed25519.der", None, "no key, Edwards, 0 issuers"),
    // PEM with keys
    ("pkcs8.pem", None, ALICE),
    ("pkcs1.pem", None, ALONE),
    ("sec1.pem", None, "EC P-256, EC 256, 0 issuers"),
    ("encrypted.pem", Some("secret"), ALONE),
    ("encrypted.pem", Some("wrong"), WRONG_PASSWORD),
    ("encrypted.pem", None, PASSWORD_NEEDED),
    ("encrypted-3des.pem", Some("secret"), ALONE),
    ("encrypted-scrypt.pem", Some("secret"), "the file cannot be used: its key derivation (1.3.6.1.4.1.11591.4.11) is \
        not supported; save it again with a newer program"),
    ("encrypted-old.pem", Some("secret"), "the file cannot be used: its key is encrypted in an old way of OpenSSL; \
        `openssl pkcs8 -topk8` makes it readable"),
];

#[test]
fn every_file_is_opened_or_explained() {
    let mut wrong = Vec::new();
    for (name, password, expected) in FILES {
        let result = try_open(&read(name), *password);
        let got = line(&result);
        if got != *expected {
            wrong.push(format!("{name} {password:?}\n  expected {expected}\n  got      {got}"));
        }
        if let Ok(Credential { certificate, private_key: Some(key), .. }) = &result {
            let public = x509::public_key(certificate).unwrap();
            assert!(key.matches(&public), "{name}");
            assert_eq!(key.algorithm, public.algorithm(), "{name}");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_file_that_is_too_large_is_refused() {
    let mut file = read("plain.pfx");
    file.resize(shared::rpc::MAX_FILE, 0);
    assert_eq!(line(&try_open(&file, None)), ALICE);
    file.push(0);
    assert_eq!(line(&try_open(&file, None)), "the file cannot be used: it is larger than 512 KiB");
}

#[test]
fn every_file_is_in_the_table() {
    let mut unused = Vec::new();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let elsewhere = ["make.sh", "forever.der", "hostile.der", "intermediate.der", "p384.der"];
        if !elsewhere.contains(&name.as_str()) && !FILES.iter().any(|(file, ..)| *file == name) {
            unused.push(name);
        }
    }
    assert!(unused.is_empty(), "{unused:?}");
}

#[test]
fn the_same_key_comes_out_of_every_file() {
    let plain = try_open(&read("plain.pfx"), None).unwrap().private_key.unwrap();
    for (name, password, expected) in FILES {
        if *expected == ALICE || *expected == ALONE {
            let key = try_open(&read(name), *password).unwrap().private_key.unwrap();
            assert_eq!(*key.encoded, *plain.encoded, "{name}");
        }
    }
}

#[test]
fn issuers_come_nearest_first() {
    let expected = [read("intermediate.der"), read("root.der")];
    for (name, password) in
        [("openssl1.pfx", Some("secret")), ("chain.p7b.pem", None), ("nss.p12", Some("secret"))]
    {
        assert_eq!(try_open(&read(name), password).unwrap().chain, expected, "{name}");
    }
    let (alice, intermediate, root) = (read("alice.der"), read("intermediate.der"), read("root.der"));
    let stranger = read("p384.der");
    for (leaf, others, chain) in [
        (
            &alice,
            vec![root.clone(), stranger.clone(), intermediate.clone()],
            vec![intermediate.clone(), root.clone()],
        ),
        (&alice, vec![root.clone(), stranger.clone()], vec![]),
        (&alice, vec![alice.clone(), intermediate.clone(), intermediate.clone()], vec![intermediate.clone()]),
        (&intermediate, vec![alice.clone(), root.clone()], vec![root.clone()]),
        (&root, vec![root.clone(), alice.clone()], vec![]),
        (&vec![0x30, 0x00], vec![root.clone()], vec![]),
    ] {
        assert_eq!(x509::order_chain(leaf, &others), chain);
    }
}

#[test]
fn a_key_on_p521_is_known_by_the_point_in_its_file() {
    let key = try_open(&read("p521.pfx"), Some("secret")).unwrap().private_key.unwrap();
    assert!(matches!(key.components(), Some(Components::Ec(value)) if value.len() == 66));
    let stranger = x509::public_key(&read("p384.der")).unwrap();
    assert!(key.public_key().is_some() && !key.matches(&stranger));
}

#[test]
fn the_bag_of_roots_is_the_one_openssl_makes() {
    let bag = read("roots.p7b");
    let roots = x509::roots(&bag);
    assert_eq!(roots, [read("intermediate.der"), read("root.der")]);
    assert_eq!(x509::roots_bag(&roots), bag);
    assert_eq!(x509::roots(&[bag.as_slice(), &[0; 64]].concat()).len(), 2);
    assert!(x509::roots(&x509::roots_bag(&[])).is_empty());
    for rubbish in [&[][..], &[0; 64], &[0xFF; 64], &bag[..bag.len() - 1], &read("alice.der")] {
        assert!(x509::roots(rubbish).is_empty());
    }
}

fn names(list: &[(&str, &str)]) -> Vec<AlternativeName> {
    let name = |(kind, value): &(&str, &str)| AlternativeName {
        kind: (*kind).to_owned(),
        value: (*value).to_owned(),
    };
    list.iter().map(name).collect()
}

#[test]
fn the_fields_of_a_logon_certificate() {
    let der = read("alice.der");
    let fields: CertificateFields = x509::fields(&der).unwrap();
    assert_eq!(fields.version, 3);
    assert_eq!(fields.subject, "CN=Alice Ääkkönen,O=Example\\, Ltd,DC=example,DC=org");
    assert_eq!(fields.issuer, "CN=Example Issuing,O=Example,C=FI");
    assert_eq!(fields.key.to_string(), "RSA 2048");
    assert_eq!(fields.signature_algorithm, "ecdsa-with-SHA256");
    assert_eq!(fields.key_usage, ["digitalSignature", "keyEncipherment"]);
    let usages: Vec<_> =
        fields.extended_key_usage.iter().map(|usage| (usage.oid.as_str(), usage.name.as_deref())).collect();
    assert_eq!(
        usages,
        [
            ("1.3.6.1.4.1.311.20.2.2", Some("Smart card logon")),
            ("1.3.6.1.5.5.7.3.2", Some("TLS client authentication")),
            ("1.3.6.1.5.5.7.3.4", Some("E-mail protection")),
            ("1.2.3.4", None),
        ]
    );
    let mut alternatives = fields.alternative_names.clone();
    alternatives.sort_by_key(|name| format!("{}{}", name.kind, name.value));
    assert_eq!(
        alternatives,
        names(&[
            ("directory", "CN=Alice in a directory"),
            ("dns", "alice.example.org"),
            ("email", "alice@example.org"),
            ("ip", "192.0.2.7"),
            ("ip", "2001:db8::7"),
            ("other", "1.2.3.4=#A003020105"),
            ("registered_id", "1.2.3.4"),
            ("upn", "alice@corp.example.org"),
            ("uri", "https://example.org/alice"),
        ])
    );
    let policies: Vec<_> =
        fields.policies.iter().map(|policy| (policy.oid.as_str(), policy.name.as_deref())).collect();
    assert_eq!(policies, [("2.5.29.32.0", Some("Any policy")), ("1.2.3.4.5", None)]);
    assert_eq!((fields.authority, fields.path_length), (false, None));
    assert_eq!(fields.crl_urls, ["http://crl.example.org/ca.crl"]);
    assert_eq!(fields.authority_urls, ["http://ocsp.example.org", "http://example.org/ca.cer"]);
    assert_eq!(fields.der, Hex(der.clone()));
    assert_eq!((fields.sha1.0.len(), fields.sha256.0.len()), (20, 32));

    let issuer = x509::fields(&read("intermediate.der")).unwrap();
    assert_eq!((issuer.authority, issuer.path_length), (true, Some(0)));
    assert_eq!(issuer.key_usage, ["keyCertSign", "cRLSign"]);
    assert_eq!(fields.authority_key_id, issuer.subject_key_id);
    assert!(fields.subject_key_id.is_some());

    let described = x509::describe(&der).unwrap();
    assert_eq!(described.common_name, "Alice Ääkkönen");
    assert_eq!(described.issuer_name, "Example Issuing");
    assert_eq!(
        described.usage,
        ["Smart card logon", "Client authentication", "E-mail", "1.2.3.4", "Digital signature", "Encryption"]
    );
    assert_eq!((described.not_before, described.not_after), (fields.not_before, fields.not_after));
    assert_eq!((described.key, described.sha256), (fields.key, fields.sha256));
    assert_eq!(x509::issuer_name(&der).as_deref(), Some("Example Issuing"));
}

#[test]
fn unusual_certificates() {
    let forever = x509::fields(&read("forever.der")).unwrap();
    assert_eq!(
        (forever.not_before.as_str(), forever.not_after.as_str()),
        ("2020-01-02T03:04:05Z", "9999-12-31T23:59:59Z")
    );
    assert_eq!(forever.serial.to_string(), "00FE01");
    assert_eq!(x509::common_name(&read("forever.der")).as_deref(), Some("O=No common name"));

    let hostile = read("hostile.der");
    let shown = "\\1B[2J\\1B]0;owned\\07 \\E2\\80\\AEgnp.exe\\0A# ";
    assert_eq!(x509::common_name(&hostile).as_deref(), Some(shown));
    assert_eq!(
        x509::fields(&hostile).unwrap().subject,
        "1.2.3.4.5=#0C07756E6B6E6F776E,CN=\\1B[2J\\1B]0\\;owned\\07 \\E2\\80\\AEgnp.exe\\0A#\\ "
    );

    let key = |name: &str| x509::fields(&read(name)).unwrap().key.to_string();
    assert_eq!(
        [key("p384.der"), key("ed25519.der"), key("brainpool.der")],
        ["EC P-384", "Ed25519", "unknown key"]
    );
}

#[test]
fn padding_after_a_certificate_changes_nothing() {
    let der = read("alice.der");
    for padding in [&[0; 700][..], &[0xFF; 3], b"\r\n"] {
        let padded = [der.as_slice(), padding].concat();
        assert_eq!(x509::fields(&padded), x509::fields(&der));
        assert_eq!(x509::trimmed(&padded), Some(der.as_slice()));
    }
    for (bytes, words) in [
        (&[][..], "this is not a certificate"),
        (b"hello", "this is not a certificate"),
        (&[0x30, 0x03, 1, 2, 3], "the certificate is not well formed"),
        (&der[..der.len() - 1], "the end of the certificate is missing"),
        (&[0x30, 0x83, 0x01, 0x00, 0x00], "the certificate is longer than 65536 bytes"),
    ] {
        assert_eq!(x509::fields(bytes), Err(words.to_owned()));
    }
}

/// Numbers that are the same in every run (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(limit).unwrap()).unwrap()
    }

    /// A copy with up to four changes: a byte overwritten, a stretch doubled or taken out, the end cut off.
    fn hurt(&mut self, original: &[u8]) -> Vec<u8> {
        let mut bytes = original.to_vec();
        for _ in 0..=self.below(3) {
            let at = self.below(bytes.len().max(1));
            let upto = (at + self.below(40)).min(bytes.len());
            match self.below(8) {
                0 => bytes.truncate(at),
                1 => drop(bytes.drain(at..upto)),
                2 => bytes = [&bytes[..upto], &bytes[at..]].concat(),
                _ => {
                    if let Some(byte) = bytes.get_mut(at) {
                        *byte = [0, 0xFF, 0x80, 0x30, *byte ^ 1, self.below(256).try_into().unwrap()]
                            [self.below(6)];
                    }
                }
            }
        }
        bytes
    }
}

#[test]
fn mutated_certificates_are_read_or_refused() {
    let originals = ["alice.der", "intermediate.der", "hostile.der", "forever.der", "ed25519.der", "rsa.p7b"];
    let originals = originals.map(|name| if name == "rsa.p7b" { read("roots.p7b") } else { read(name) });
    let mut numbers = Numbers(0x9E37_79B9_7F4A_7C15);
    let mut readable = 0;
    for round in 0..20_000 {
        let bytes = numbers.hurt(&originals[round % originals.len()]);
        readable += usize::from(x509::fields(&bytes).is_ok());
        let _ = (x509::describe(&bytes), x509::public_key(&bytes), x509::roots(&bytes));
        let _ = x509::order_chain(&bytes, &originals);
    }
    assert!(readable > 1_000 && readable < 19_000, "{readable}");
}

#[test]
fn mutated_files_are_opened_or_refused_quickly() {
    // Files with few iterations, so that the reading is exercised and not the hashing.
    let originals =
        ["plain.pfx", "openssl1-plain.pfx", "alice-text.pem", "sec1.pem", "pkcs8.pem", "roots.p7b"];
    let originals = originals.map(read);
    let mut numbers = Numbers(0x2545_F491_4F6C_DD1D);
    let mut opened = 0;
    for round in 0..7_000 {
        let bytes = numbers.hurt(&originals[round % originals.len()]);
        opened += usize::from(try_open(&bytes, None).is_ok());
    }
    assert!(opened > 100, "{opened}");
    for cut in 0..originals[0].len() {
        assert!(try_open(&originals[0][..cut], None).is_err(), "{cut}");
    }
}

/// An element of ASN.1 in DER, for files that no honest program makes.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let [.., high, middle, low] = content.len().to_be_bytes();
    [&[tag, 0x83, high, middle, low], content].concat()
}

/// How long this thread has been at work. On a busy machine others take most of the time of the clock.
fn worked() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime).try_into().unwrap()
}

#[test]
fn no_file_holds_us_for_long() {
    let oid = |text: &str| element(0x06, &shared::hex::decode(text.as_bytes()).unwrap());
    let pfx = |parts: &[u8], mac: &[u8]| {
        let safe = [oid("2A864886F70D010701"), element(0xA0, &element(0x04, &element(0x30, parts)))].concat();
        element(0x30, &[&[0x02, 1, 3], element(0x30, &safe).as_slice(), mac].concat())
    };
    // PBES2 with PBKDF2-HMAC-SHA512 and a million iterations, over one block.
    let million = [0x02, 3, 0x0F, 0x42, 0x40];
    let prf = element(0x30, &oid("2A864886F70D020B"));
    let kdf =
        [oid("2A864886F70D01050C"), element(0x30, &[&element(0x04, &[1; 8]), &million[..], &prf].concat())]
            .concat();
    let cipher = [oid("60864801650304012A"), element(0x04, &[2; 16])].concat();
    let scheme = [element(0x30, &kdf), element(0x30, &cipher)].concat();
    let algorithm = element(0x30, &[oid("2A864886F70D01050D"), element(0x30, &scheme)].concat());
    let info = [oid("2A864886F70D010701"), algorithm, element(0x80, &[7; 16])].concat();
    let encrypted = element(0x30, &[&[0x02, 1, 0], element(0x30, &info).as_slice()].concat());
    let part = element(0x30, &[oid("2A864886F70D010706"), element(0xA0, &encrypted)].concat());
    // A MAC that is wrong, with a million iterations of SHA-512.
    let digest =
        element(0x30, &[element(0x30, &oid("608648016503040203")), element(0x04, &[3; 64])].concat());
    let mac = element(0x30, &[&digest, &element(0x04, &[4; 8]), &million[..]].concat());

    for (name, file) in [
        ("many parts and a MAC", pfx(&part.repeat(1_000), &mac)),
        ("many parts", pfx(&part.repeat(1_000), &[])),
        ("deep nesting", [0x30, 0x80].repeat(200_000)),
        (
            "deep octet strings",
            pfx(&[], &[]).into_iter().take(20).chain([0x24, 0x80].repeat(100_000)).collect(),
        ),
        ("PEM of many blocks", b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n".repeat(9_000)),
        ("PEM of many certificates", {
            let der = read("forever.der");
            let block = |n: u8| [&der[..20], &[n], &der[21..]].concat();
            x509::roots_bag(&(0..=255).flat_map(|n| [block(n), block(n)]).collect::<Vec<_>>())
        }),
    ] {
        for password in [None, Some("ä")] {
            let start = worked();
            let result = try_open(&file, password);
            let took = worked() - start;
            println!("{name}: {took:?}, {}", line(&result));
            assert!(result.is_err(), "{name}");
            // Measured at 2 s; the rest is for a slow machine.
            assert!(took < Duration::from_secs(20), "{name} took {took:?}");
        }
    }
}
