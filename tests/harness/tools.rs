//! Other people's tools on the service's readers: OpenSC's, Yubico's and OpenSSL.

use std::fs;
use std::path::PathBuf;

use super::pcscd::Pcscd;
use super::programs::target;

/// What [`Pcscd::key_works`] signs and enciphers.
const MESSAGE: &[u8] = b"to be signed";

impl Pcscd {
    /// Runs a command line in the service's directory; words are parted by spaces. Returns whether it succeeded,
    /// and all that it said.
    pub fn try_run(&self, line: &str) -> (bool, String) {
        let mut words = line.split_whitespace();
        let name = words.next().unwrap();
        let output = self.client(name).args(words).output().unwrap_or_else(|error| {
            panic!("{name} cannot be started: {error}. packaging/test installs what the tests need.")
        });
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&said).into_owned())
    }

    /// Runs a command line that must succeed, and returns what it said.
    ///
    /// # Panics
    /// It fails.
    #[track_caller]
    pub fn run(&self, line: &str) -> String {
        let (success, said) = self.try_run(line);
        assert!(success, "{line}\n{said}");
        said
    }

    /// Runs a command line that must fail, and returns what it said.
    ///
    /// # Panics
    /// It succeeds.
    #[track_caller]
    pub fn fails(&self, line: &str) -> String {
        let (success, said) = self.try_run(line);
        assert!(!success, "{line}\n{said}");
        said
    }

    /// A file in the service's directory.
    ///
    /// # Panics
    /// It is not there.
    #[track_caller]
    pub fn file(&self, name: &str) -> Vec<u8> {
        fs::read(self.directory().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Makes sure that the key of this PKCS#11 id signs and deciphers, by what OpenSSL makes of its public key.
    ///
    /// # Panics
    /// It does not.
    #[track_caller]
    pub fn key_works(&self, id: &str, pin: &str) {
        fs::write(self.directory().join("message"), MESSAGE).unwrap();
        self.run(&format!("pkcs11-tool --read-object --type pubkey --id {id} -o public.der"));
        for mechanism in ["SHA256-RSA-PKCS", "SHA1-RSA-PKCS"] {
            let digest = mechanism.split('-').next().unwrap();
            self.run(&format!("pkcs11-tool -l -p {pin} --id {id} -s -m {mechanism} -i message -o signature"));
            self.run(&format!(
                "openssl dgst -{digest} -verify public.der -keyform DER -signature signature message"
            ));
        }
        self.run(
            "openssl pkeyutl -encrypt -pubin -keyform DER -inkey public.der -in message -out cryptogram",
        );
        self.run(&format!("pkcs11-tool -l -p {pin} --id {id} --decrypt -m RSA-PKCS -i cryptogram -o plain"));
        assert_eq!(self.file("plain"), MESSAGE);
    }
}

/// The Python that has Yubico's library.
///
/// # Panics
/// packaging/test has not made it.
pub fn yubikit() -> PathBuf {
    let python = target().join("yubikit/bin/python");
    assert!(
        python.exists(),
        "{} is missing. packaging/test makes it: see need_yubikit in packaging/tools.sh.",
        python.display()
    );
    python
}
