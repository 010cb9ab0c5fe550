//! Keys, signatures, certificates and requests, with OpenSSL as the judge.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;
use std::process::Command;

use card::key::{Components, PrivateKey, PublicKey, Scheme, Signature, digest_info, verify};
use card::pfx;
use card::x509::issue::{
    AlternativeName, Content, ExtendedKeyUsage, KeyUsage, Unsigned, request, self_signed,
};
use card::x509::{self, Name};
use shared::model::{KeyAlgorithm, KeyFamily};
use tempfile::TempDir;
use time::macros::datetime;
use zeroize::Zeroizing;

/// A directory in which OpenSSL works.
struct Judge(TempDir);

impl Judge {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    /// Runs OpenSSL with these words; whether it succeeded, and all that it said.
    fn asks(&self, line: &str) -> (bool, String) {
        let mut openssl = Command::new("openssl");
        openssl.args(line.split_whitespace()).current_dir(&self.0);
        let output = openssl.output().unwrap_or_else(|error| panic!("Install the package openssl: {error}"));
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&said).into_owned())
    }

    #[track_caller]
    fn runs(&self, line: &str) -> String {
        let (success, said) = self.asks(line);
        assert!(success, "openssl {line}\n{said}");
        said
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.0.path().join(name), bytes).unwrap();
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.0.path().join(name)).unwrap()
    }

    /// What a card answers to the input, made by OpenSSL: the private-key operation and nothing else.
    fn signs_as_a_card(&self, public: &PublicKey, message: &[u8]) -> Signature {
        let scheme = Scheme::of(public.algorithm()).unwrap();
        self.write("input", &scheme.input(public, message).unwrap());
        let operation = match scheme {
            Scheme::RsaPkcs1Sha256 => "pkeyutl -decrypt -pkeyopt rsa_padding_mode:none",
            Scheme::EcdsaP256Sha256 | Scheme::EcdsaP384Sha384 => "pkeyutl -sign",
            Scheme::Ed25519 => "pkeyutl -sign -rawin",
        };
        self.runs(&format!("{operation} -inkey key.pem -in input -out answer"));
        Signature::verified(public, message, &self.read("answer")).unwrap()
    }

    /// A new key of OpenSSL's, with the certificate from which its public half is read.
    fn make(&self, kind: &Kind) -> (PrivateKey, PublicKey) {
        self.runs(&format!("genpkey {} -out key.pem", kind.genpkey));
        if kind.scheme.is_some() {
            self.runs("req -x509 -key key.pem -subj /CN=Anna -days 9 -out certificate.pem");
        } else {
            // It cannot sign for itself.
            self.runs("genpkey -algorithm ed25519 -out authority.key");
            self.runs("req -x509 -key authority.key -subj /CN=Authority -days 9 -out authority.pem");
            self.runs("pkey -in key.pem -pubout -out public.pem");
            self.runs(
                "x509 -new -force_pubkey public.pem -subj /CN=Anna -CA authority.pem -CAkey authority.key -out certificate.pem",
            );
        }
        let credential =
            pfx::open(&[self.read("key.pem"), self.read("certificate.pem")].concat(), None).unwrap();
        (credential.private_key.unwrap(), x509::public_key(&credential.certificate).unwrap())
    }
}

struct Kind {
    genpkey: &'static str,
    algorithm: &'static str,
    scheme: Option<Scheme>,
    /// What OpenSSL signs and verifies with.
    digest: &'static str,
}

const fn kind(
    genpkey: &'static str,
    algorithm: &'static str,
    scheme: Option<Scheme>,
    digest: &'static str,
) -> Kind {
    Kind { genpkey, algorithm, scheme, digest }
}

const KINDS: [Kind; 7] = [
    kind(
        "-algorithm rsa -pkeyopt rsa_keygen_bits:1024",
        "RSA 1024",
        Some(Scheme::RsaPkcs1Sha256),
        "-rawin -digest sha256",
    ),
    kind(
        "-algorithm rsa -pkeyopt rsa_keygen_bits:2048",
        "RSA 2048",
        Some(Scheme::RsaPkcs1Sha256),
        "-rawin -digest sha256",
    ),
    kind(
        "-algorithm rsa -pkeyopt rsa_keygen_bits:3072",
        "RSA 3072",
        Some(Scheme::RsaPkcs1Sha256),
        "-rawin -digest sha256",
    ),
    kind(
        "-algorithm ec -pkeyopt ec_paramgen_curve:P-256",
        "EC P-256",
        Some(Scheme::EcdsaP256Sha256),
        "-rawin -digest sha256",
    ),
    kind(
        "-algorithm ec -pkeyopt ec_paramgen_curve:P-384",
        "EC P-384",
        Some(Scheme::EcdsaP384Sha384),
        "-rawin -digest sha384",
    ),
    kind("-algorithm ed25519", "Ed25519", Some(Scheme::Ed25519), "-rawin"),
    kind("-algorithm x25519", "X25519", None, ""),
];

const MESSAGE: &[u8] = b"a random block";

#[test]
fn the_public_key_of_every_private_key() {
    for kind in &KINDS {
        let judge = Judge::new();
        let (private, public) = judge.make(kind);
        assert_eq!(private.algorithm.to_string(), kind.algorithm);
        assert_eq!(private.public_key().as_ref(), Some(&public), "{}", kind.algorithm);
        assert!(private.matches(&public));
        let stranger = Judge::new().make(kind).1;
        assert!(!private.matches(&stranger), "{}: somebody else's key", kind.algorithm);
        let components = private.components().unwrap();
        let bytes = usize::from(private.algorithm.bits).div_ceil(8);
        match (components, private.algorithm.family) {
            (Components::Rsa(rsa), KeyFamily::Rsa) => {
                assert_eq!((rsa.modulus.len(), rsa.exponent), (bytes, &[1, 0, 1][..]));
                assert_eq!((rsa.prime1.len(), rsa.prime2.len()), (bytes / 2, bytes / 2));
                for part in [rsa.exponent1, rsa.exponent2, rsa.coefficient] {
                    assert!((bytes / 2 - 2..=bytes / 2).contains(&part.len()));
                }
            }
            (Components::Ec(value), KeyFamily::Ec) => assert_eq!(value.len(), bytes),
            (Components::Curve25519(_), KeyFamily::Ed25519 | KeyFamily::X25519) => {}
            _ => panic!("{}", kind.algorithm),
        }
    }
}

#[test]
fn keys_that_are_none() {
    let key = |family, bits, encoded: &[u8]| {
        let key = PrivateKey {
            algorithm: KeyAlgorithm { family, bits },
            encoded: Zeroizing::new(encoded.to_vec()),
        };
        (key.components().is_some(), key.public_key().is_some())
    };
    let sec1 = |value: &[u8]| {
        let length = u8::try_from(value.len()).unwrap();
        [&[0x30, length + 5, 2, 1, 1, 4, length], value].concat()
    };
    let order =
        shared::hex::decode(b"ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551").unwrap();
    let mut last = order.clone();
    last[31] -= 1;
    for (name, given, expected) in [
        ("the last scalar", key(KeyFamily::Ec, 256, &sec1(&last)), (true, true)),
        ("the order", key(KeyFamily::Ec, 256, &sec1(&order)), (true, false)),
        ("zero", key(KeyFamily::Ec, 256, &sec1(&[0; 32])), (true, false)),
        ("too short", key(KeyFamily::Ec, 256, &sec1(&[7; 31])), (false, false)),
        ("of another curve", key(KeyFamily::Ec, 256, &sec1(&[7; 48])), (false, false)),
        ("P-521 without its point", key(KeyFamily::Ec, 521, &sec1(&[7; 66])), (true, false)),
        ("Ed25519 too short", key(KeyFamily::Ed25519, 255, &[7; 31]), (false, false)),
        ("Ed25519 too long", key(KeyFamily::Ed25519, 255, &[7; 33]), (false, false)),
        ("Ed25519", key(KeyFamily::Ed25519, 255, &[7; 32]), (true, true)),
        ("no RSA key", key(KeyFamily::Rsa, 2048, &[0x30, 0]), (false, false)),
        ("of no kind", key(KeyFamily::Other, 0, &[7; 32]), (false, false)),
    ] {
        assert_eq!(given, expected, "{name}");
    }
}

#[test]
fn signatures_of_openssl_are_verified() {
    for kind in KINDS.iter().filter(|kind| kind.scheme.is_some()) {
        let judge = Judge::new();
        let (_, public) = judge.make(kind);
        judge.write("message", MESSAGE);
        judge.runs(&format!("pkeyutl -sign -inkey key.pem {} -in message -out signature", kind.digest));
        let signature = judge.read("signature");
        let name = kind.algorithm;
        assert_eq!(Scheme::of(public.algorithm()), kind.scheme, "{name}");
        assert!(verify(&public, MESSAGE, &signature), "{name}");
        assert_eq!(Signature::verified(&public, MESSAGE, &signature).unwrap().bytes(), signature, "{name}");

        // No other message, no other key, no other signature.
        assert!(!verify(&public, b"another block", &signature), "{name}");
        assert!(!verify(&Judge::new().make(kind).1, MESSAGE, &signature), "{name}");
        for at in 0..signature.len() {
            let mut flipped = signature.clone();
            flipped[at] ^= 0x04;
            assert!(!verify(&public, MESSAGE, &flipped), "{name}: byte {at}");
            assert!(Signature::verified(&public, MESSAGE, &signature[..at]).is_none(), "{name}: {at} bytes");
        }
        for hostile in [
            &[][..],
            &[0x30, 0],
            &[0x30, 6, 2, 1, 0, 2, 1, 0],
            &[0; 64],
            &[0; 256],
            &[0xFF; 256],
            &[0xFF; 4096],
        ] {
            assert!(
                !verify(&public, MESSAGE, hostile)
                    && Signature::verified(&public, MESSAGE, hostile).is_none()
            );
        }
        let mut longer = signature.clone();
        longer.push(0);
        assert!(Signature::verified(&public, MESSAGE, &longer).is_none(), "{name}");
    }
}

#[test]
fn what_a_card_is_given_becomes_a_signature() {
    for kind in KINDS.iter().filter(|kind| kind.scheme.is_some()) {
        let judge = Judge::new();
        let (_, public) = judge.make(kind);
        let signature = judge.signs_as_a_card(&public, MESSAGE);
        judge.write("signature", signature.bytes());
        judge.write("message", MESSAGE);
        judge.runs(&format!("pkeyutl -verify -inkey key.pem {} -in message -sigfile signature", kind.digest));
        if kind.scheme == Some(Scheme::RsaPkcs1Sha256) {
            // A card that pads itself.
            judge.write("input", &digest_info(MESSAGE));
            judge.runs("pkeyutl -sign -inkey key.pem -pkeyopt rsa_padding_mode:pkcs1 -in input -out padded");
            assert_eq!(judge.read("padded"), signature.bytes());
        }
    }
}

#[test]
fn answers_of_cards_get_the_form_of_x509() {
    // Leading zeros too many in ECDSA, as from cards that copy fields; the signature of RFC 6979 A.2.5, "sample".
    let hex = |text: &str| shared::hex::decode(text.replace(' ', "").as_bytes()).unwrap();
    let point = hex("04 60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6 \
         7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299");
    let r = hex("EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716");
    let s = hex("F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8");
    let public = PublicKey::Other { algorithm: KeyAlgorithm { family: KeyFamily::Ec, bits: 256 }, point };
    let integer = |number: &[u8], zeros: usize| {
        let content = [vec![0; zeros], number.to_vec()].concat();
        [&[2, u8::try_from(content.len()).unwrap()], content.as_slice()].concat()
    };
    let value = |zeros| {
        let inside = [integer(&r, zeros), integer(&s, zeros)].concat();
        [&[0x30, u8::try_from(inside.len()).unwrap()], inside.as_slice()].concat()
    };
    for zeros in [1, 2, 9] {
        let signature = Signature::verified(&public, b"sample", &value(zeros)).unwrap();
        assert_eq!(signature.bytes(), value(1), "{zeros}");
    }
    assert!(Signature::verified(&public, b"sample", &value(0)).is_none(), "negative integers");
    assert!(Signature::verified(&public, b"sample", &[r.as_slice(), &s].concat()).is_none());
}

#[test]
fn keys_that_nothing_is_verified_with() {
    let x25519 = PublicKey::Other {
        algorithm: KeyAlgorithm { family: KeyFamily::X25519, bits: 255 },
        point: vec![9; 32],
    };
    assert_eq!(Scheme::of(x25519.algorithm()), None);
    assert!(!verify(&x25519, MESSAGE, &[0; 64]));
    // Sizes that would cost minutes, and numbers that mean nothing.
    for (modulus, exponent) in [
        (vec![0xFF; 100_000], vec![0xFF; 8]),
        (vec![0xFF; 256], vec![0xFF; 256]),
        (vec![1], vec![3]),
        (vec![], vec![]),
        (vec![0x80; 256], vec![]),
    ] {
        let key = PublicKey::rsa(&modulus, &exponent);
        assert!(!verify(&key, MESSAGE, &vec![0x55; modulus.len()]), "{} bytes", modulus.len());
        assert!(Signature::verified(&key, MESSAGE, &[0x55; 64]).is_none());
    }
    // A point that is not on its curve, and one of small order.
    for point in [vec![4; 65], vec![0; 65], vec![]] {
        let key = PublicKey::Other { algorithm: KeyAlgorithm { family: KeyFamily::Ec, bits: 256 }, point };
        assert!(!verify(&key, MESSAGE, &[0x30, 6, 2, 1, 1, 2, 1, 1]));
    }
    let mut small = vec![0; 32];
    small[0] = 1;
    let key =
        PublicKey::Other { algorithm: KeyAlgorithm { family: KeyFamily::Ed25519, bits: 255 }, point: small };
    let mut forged = vec![0; 64];
    forged[0] = 1;
    assert!(!verify(&key, MESSAGE, &forged));
}

/// Everything that a certificate can say here.
fn full<'a>(subject: &'a Name, public_key: &'a PublicKey, names: &'a [AlternativeName]) -> Content<'a> {
    Content {
        alternative_names: names,
        key_usages: &[KeyUsage::DigitalSignature, KeyUsage::NonRepudiation, KeyUsage::KeyAgreement],
        extended_key_usages: &[
            ExtendedKeyUsage::ClientAuthentication,
            ExtendedKeyUsage::EmailProtection,
            ExtendedKeyUsage::SmartCardLogon,
        ],
        ..Content::for_client(subject, public_key)
    }
}

fn names() -> [AlternativeName; 3] {
    [
        AlternativeName::email("anna@example.org").unwrap(),
        AlternativeName::dns("host-7.example.org").unwrap(),
        AlternativeName::user_principal_name("änna@example.org").unwrap(),
    ]
}

const SUBJECT: &str = "CN=Änna \\+ Virtanen,OU=Sales+serialNumber=7-A,O=Example\\, Inc.,C=fi";

#[test]
fn openssl_takes_the_certificates() {
    let subject: Name = SUBJECT.parse().unwrap();
    for kind in KINDS.iter().filter(|kind| kind.scheme.is_some()) {
        let judge = Judge::new();
        let (_, public) = judge.make(kind);
        let signed = |unsigned: &Unsigned| {
            assert_eq!(Some(unsigned.scheme()), kind.scheme);
            let der = unsigned.signed(&judge.signs_as_a_card(&public, unsigned.to_be_signed()));
            judge.write("made.der", &der);
            judge.runs("x509 -in made.der -outform PEM -out made.pem");
            der
        };
        let (begin, end) = (datetime!(2024-02-29 10:00 +2), datetime!(2051-01-02 03:04:05 UTC));
        let der = signed(&self_signed(&full(&subject, &public, &names()), begin, end).unwrap());
        judge.runs("verify -x509_strict -check_ss_sig -CAfile made.pem made.pem");
        let text = judge.runs("x509 -in made.pem -noout -text -nameopt RFC2253,utf8,-esc_msb");
        for line in [
            "Version: 3 (0x2)",
            "Issuer: CN=Änna \\+ Virtanen,OU=Sales+serialNumber=7-A,O=Example\\, Inc.,C=FI",
            "Not Before: Feb 29 08:00:00 2024 GMT",
            "Not After : Jan  2 03:04:05 2051 GMT",
            "X509v3 Basic Constraints: critical\n                CA:FALSE",
            "X509v3 Key Usage: critical\n                Digital Signature, Non Repudiation, Key Agreement\n",
            "TLS Web Client Authentication, E-mail Protection, Microsoft Smartcard Login",
            "email:anna@example.org, DNS:host-7.example.org, othername: UPN::änna@example.org",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
        let identifier = |name: &str| {
            let text = judge.runs(&format!("x509 -in {name} -noout -ext subjectKeyIdentifier"));
            text.lines().last().unwrap().trim().to_owned()
        };
        assert_eq!(identifier("made.pem"), identifier("certificate.pem"), "as OpenSSL names this key");
        let fields = x509::fields(&der).unwrap();
        assert_eq!(fields.subject, "CN=Änna \\+ Virtanen,serialNumber=7-A+OU=Sales,O=Example\\, Inc.,C=FI");
        assert_eq!(
            (fields.subject == fields.issuer, fields.authority, fields.serial.0.len()),
            (true, false, 16)
        );
        assert_eq!(x509::public_key(&der).as_ref(), Some(&public));

        // As little as there can be, and never the same serial number.
        let small: Name = "CN=Anna".parse().unwrap();
        let (begin, end) = (datetime!(2049-12-31 00:00 UTC), datetime!(2049-12-31 23:59:59 UTC));
        let bare =
            Content { key_usages: &[], extended_key_usages: &[], ..Content::for_client(&small, &public) };
        let again = signed(&self_signed(&bare, begin, end).unwrap());
        judge.runs("verify -x509_strict -check_ss_sig -attime 2524607998 -CAfile made.pem made.pem");
        assert_ne!(x509::fields(&again).unwrap().serial, fields.serial);
    }
}

#[test]
fn openssl_takes_the_requests() {
    let subject: Name = SUBJECT.parse().unwrap();
    for kind in KINDS.iter().filter(|kind| kind.scheme.is_some()) {
        let judge = Judge::new();
        let (_, public) = judge.make(kind);
        judge.runs("pkey -in key.pem -pubout -out expected.pem");
        let made = |content: &Content<'_>| {
            let unsigned = request(content).unwrap();
            let signature = judge.signs_as_a_card(&public, unsigned.to_be_signed());
            judge.write("request.der", &unsigned.signed(&signature));
            judge.runs("req -in request.der -inform DER -verify -noout");
            judge.runs("req -in request.der -inform DER -noout -text -nameopt RFC2253,utf8,-esc_msb")
        };
        let text = made(&full(&subject, &public, &names()));
        for line in [
            "Version: 1 (0x0)",
            "Subject: CN=Änna \\+ Virtanen,OU=Sales+serialNumber=7-A,O=Example\\, Inc.,C=FI",
            "Digital Signature, Non Repudiation, Key Agreement",
            "TLS Web Client Authentication, E-mail Protection, Microsoft Smartcard Login",
            "email:anna@example.org, DNS:host-7.example.org, othername: UPN::änna@example.org",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
        judge.runs("req -in request.der -inform DER -noout -pubkey -out public.pem");
        assert_eq!(judge.read("public.pem"), judge.read("expected.pem"));

        let client = made(&Content::for_client(&subject, &public));
        assert!(client.contains("Digital Signature\n") && client.contains("TLS Web Client Authentication\n"));
        assert!(!client.contains("Alternative"), "{client}");
        let bare =
            Content { key_usages: &[], extended_key_usages: &[], ..Content::for_client(&subject, &public) };
        assert!(!made(&bare).contains("X509v3"));
        // An authority of OpenSSL's issues what was asked for.
        judge.runs("x509 -req -in request.der -inform DER -CA certificate.pem -CAkey key.pem -days 9 -out issued.pem");
        judge.runs("verify -partial_chain -trusted certificate.pem issued.pem");
    }
}

#[test]
fn what_cannot_be_issued_is_said() {
    let subject: Name = "CN=Anna".parse().unwrap();
    let now = datetime!(2025-01-01 00:00 UTC);
    let x25519 = PublicKey::Other {
        algorithm: KeyAlgorithm { family: KeyFamily::X25519, bits: 255 },
        point: vec![9; 32],
    };
    let rsa = PublicKey::rsa(&[0xFF; 256], &[1, 0, 1]);
    let begin = |key, from, to| self_signed(&Content::for_client(&subject, key), from, to).map(drop);
    let no_signature =
        Err("The key cannot sign (X25519), so it can neither have a certificate of its own making nor ask for one."
            .to_owned());
    assert_eq!(begin(&x25519, now, now), no_signature);
    assert_eq!(request(&Content::for_client(&subject, &x25519)).map(drop), no_signature);
    assert!(begin(&rsa, now, now).is_ok());
    assert!(begin(&rsa, now, datetime!(2024-12-31 23:59:59 UTC)).unwrap_err().contains("before it begins"));
    assert!(
        begin(&rsa, datetime!(1949-12-31 23:59:59 UTC), now).unwrap_err().contains("between 1950 and 9999")
    );
    for (name, made) in [
        ("an address without @", AlternativeName::email("anna")),
        ("nobody at a host", AlternativeName::email("@example.org")),
        ("two @", AlternativeName::email("anna@example@org")),
        ("an address with a space", AlternativeName::email("anna v@example.org")),
        ("an address beyond ASCII", AlternativeName::email("änna@example.org")),
        ("an address that is too long", AlternativeName::email(&format!("anna@{}", "x".repeat(250)))),
        ("an empty host", AlternativeName::dns("")),
        ("an empty label", AlternativeName::dns("host..org")),
        ("a hyphen in front", AlternativeName::dns("-host.org")),
        ("a host with a space", AlternativeName::dns("a host")),
        ("a user without a domain", AlternativeName::user_principal_name("anna@")),
        ("a user who steers terminals", AlternativeName::user_principal_name("an\u{1b}na@example.org")),
    ] {
        let said = made.unwrap_err();
        assert!(said.contains(" is no ") && !said.contains('\u{1b}'), "{name}: {said}");
    }
}
