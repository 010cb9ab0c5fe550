//! A card that we did not write: the PIV card inside the Nitrokey 3, in a program of its own (`tests/nitrokey-card`).

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use super::pcscd::Pcscd;
use super::programs::target;

/// Its PIN as it leaves the factory.
pub const PIN: &str = "123456";
/// Its PUK as it leaves the factory.
pub const PUK: &str = "12345678";
/// Its management key as it leaves the factory, 3DES.
pub const MANAGEMENT_KEY: &str = "010203040506070801020304050607080102030405060708";

/// A card in the factory's state, in a slot. Dropping it removes it, and nothing is left of it.
pub struct NitrokeyCard {
    process: Child,
}

impl NitrokeyCard {
    /// Inserts one into slot 0 or 1, and returns when the service has noticed.
    ///
    /// # Panics
    /// The program is not built, the slot does not listen, or the service does not notice.
    pub fn insert(pcscd: &mut Pcscd, slot: u16) -> Self {
        pcscd.insert_by(slot, |port| Self::connect(&[&port.to_string()]))
    }

    /// Inserts one into whatever listens for cards on a port of this machine; two of the same seed are the same card.
    ///
    /// # Panics
    /// The program is not built, or nobody listens.
    pub fn insert_at(port: u16, seed: u64) -> Self {
        Self::connect(&[&port.to_string(), &seed.to_string()]).expect("a reader on this port")
    }

    fn connect(arguments: &[&str]) -> Option<Self> {
        let program = program();
        let mut command = Command::new(&program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap_or_else(|error| {
            panic!("{}: {error}. packaging/test builds it from tests/nitrokey-card.", program.display())
        });
        let mut first = String::new();
        let stdout = process.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut first).unwrap();
        let card = Self { process };
        (first == "inserted\n").then_some(card)
    }
}

impl Drop for NitrokeyCard {
    fn drop(&mut self) {
        // The end of its standard input ends it.
        drop(self.process.stdin.take());
        self.process.wait().ok();
    }
}

/// Where `packaging/test` puts the program: in a folder of its own beside the workspace's programs.
fn program() -> PathBuf {
    target().join("nitrokey-card/debug/nitrokey-card")
}
