//! A password as the algorithms take it, and the work that they may do with it.

use shared::secret::Password;
use zeroize::Zeroizing;

use super::FileError;

/// The two forms of a password.
pub(super) struct Encoded {
    /// For PBES2 (RFC 8018): UTF-8.
    pub(super) utf8: Zeroizing<Vec<u8>>,
    /// For PKCS#12's own derivation (RFC 7292 B.1): UTF-16, big-endian, with a terminating zero. An absent
    /// password is no bytes at all, an empty one is the zero alone.
    pub(super) utf16: Zeroizing<Vec<u8>>,
}

impl Encoded {
    fn new(utf8: &[u8], units: impl Iterator<Item = u16>) -> Self {
        let mut own = Self {
            utf8: Zeroizing::new(Vec::with_capacity(utf8.len())),
            utf16: Zeroizing::new(Vec::with_capacity(2 * utf8.len() + 2)),
        };
        own.utf8.extend_from_slice(utf8);
        for unit in units.chain([0]) {
            own.utf16.extend_from_slice(&unit.to_be_bytes());
        }
        own
    }

    /// No password.
    fn absent() -> Self {
        Self { utf8: Zeroizing::default(), utf16: Zeroizing::default() }
    }
}

/// The encodings to try, most likely first. Where nothing was typed: empty and absent. OpenSSL before 1.1 made a
/// 16-bit unit of each byte, so a password beyond ASCII has that form too.
pub(super) fn encodings(password: Option<&Password>) -> Result<Vec<Encoded>, FileError> {
    let bytes = password.map_or(&[][..], Password::bytes);
    let text = std::str::from_utf8(bytes).map_err(|_| FileError::WrongPassword)?;
    let mut encodings = vec![Encoded::new(bytes, text.encode_utf16())];
    if text.is_empty() {
        encodings.push(Encoded::absent());
    } else if !text.is_ascii() {
        encodings.push(Encoded::new(bytes, bytes.iter().copied().map(u16::from)));
    }
    Ok(encodings)
}

/// The largest iteration count that one derivation may ask for.
const MAX_ITERATIONS: u32 = 1_000_000;

/// The work that opening one file may cost, in iterations of a hash, over all of its parts and all encodings of its
/// password. It bounds the time that a hostile file takes to about two seconds. What Windows, OpenSSL and Java
/// make needs a hundredth of it, what Firefox makes about half.
const MAX_WORK: u32 = 5_000_000;

/// What is left of the work.
pub(super) struct Work(u32);

impl Work {
    pub(super) fn new() -> Self {
        Self(MAX_WORK)
    }

    /// Before a derivation of `blocks` blocks of hash. A count of zero is taken as one.
    pub(super) fn spend(&mut self, iterations: u32, blocks: u32) -> Result<u32, FileError> {
        if iterations > MAX_ITERATIONS {
            return Err(FileError::Unsupported(format!(
                "it asks for {iterations} rounds of key derivation, and at most {MAX_ITERATIONS} are done"
            )));
        }
        let iterations = iterations.max(1);
        let left = self.0.checked_sub(iterations.saturating_mul(blocks));
        self.0 =
            left.ok_or(FileError::Unsupported("it asks for too much key derivation in all".to_owned()))?;
        Ok(iterations)
    }
}
