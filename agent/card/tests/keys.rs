//! Keys, signatures, certificates and requests, with OpenSSL as the judge.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;
use std::process::Command;

use card::key::{Components, PrivateKey, PublicKey, Scheme, Signature, digest_info, verify};
use card::pfx;
use card::x509;
use shared::model::{KeyAlgorithm, KeyFamily};
use tempfile::TempDir;
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

/// What a card makes of the input, made by OpenSSL: the private-key operation and nothing else.
#[test]
fn what_a_card_is_given_becomes_a_signature() {
    for kind in KINDS.iter().filter(|kind| kind.scheme.is_some()) {
        let judge = Judge::new();
        let (_, public) = judge.make(kind);
        let scheme = kind.scheme.unwrap();
        judge.write("input", &scheme.input(&public, MESSAGE).unwrap());
        let operation = match scheme {
            Scheme::RsaPkcs1Sha256 => "pkeyutl -decrypt -pkeyopt rsa_padding_mode:none",
            Scheme::EcdsaP256Sha256 | Scheme::EcdsaP384Sha384 => "pkeyutl -sign",
            Scheme::Ed25519 => "pkeyutl -sign -rawin",
        };
        judge.runs(&format!("{operation} -inkey key.pem -in input -out answer"));
        let answer = judge.read("answer");
        let signature = Signature::verified(&public, MESSAGE, &answer).unwrap();
        judge.write("signature", signature.bytes());
        judge.write("message", MESSAGE);
        judge.runs(&format!("pkeyutl -verify -inkey key.pem {} -in message -sigfile signature", kind.digest));
        if scheme == Scheme::RsaPkcs1Sha256 {
            // A card that pads itself.
            judge.write("input", &digest_info(MESSAGE));
            judge.runs("pkeyutl -sign -inkey key.pem -pkeyopt rsa_padding_mode:pkcs1 -in input -out padded");
            assert_eq!(judge.read("padded"), answer);
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
