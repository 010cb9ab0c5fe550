//! PEM (RFC 7468): blocks of base64 between lines of dashes, with any text around them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::FileError;

const BEGIN: &str = "-----BEGIN ";
const DASHES: &str = "-----";

/// One block.
pub(super) struct Block<'a> {
    /// Such as `CERTIFICATE`.
    pub(super) label: &'a str,
    /// Wiped, since it may be a key.
    pub(super) content: Zeroizing<Vec<u8>>,
    /// Whether it has the headers of RFC 1421, by which OpenSSL encrypted keys before PKCS#8.
    pub(super) has_headers: bool,
}

/// Whether a file looks like PEM.
pub(super) fn is_pem(file: &[u8]) -> bool {
    file.windows(BEGIN.len()).any(|window| window == BEGIN.as_bytes())
}

/// The blocks of a file, in its order.
///
/// # Errors
/// [`FileError::Damaged`] when a block has no end or is no base64.
pub(super) fn blocks(file: &[u8]) -> Result<Vec<Block<'_>>, FileError> {
    // Text around the blocks may be in any encoding, the blocks are ASCII: look at each line by itself.
    let mut lines =
        file.split(|byte| matches!(byte, b'\n' | b'\r')).map(|line| std::str::from_utf8(line).unwrap_or(""));
    let mut blocks = Vec::new();
    let mut text = Zeroizing::new(Vec::with_capacity(file.len()));
    while let Some(line) = lines.next() {
        let Some(label) = line.trim().strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(DASHES)) else {
            continue;
        };
        text.clear();
        let mut has_headers = false;
        loop {
            let line = lines
                .next()
                .ok_or_else(|| FileError::Damaged(format!("the end of {label} is missing")))?
                .trim();
            if let Some(end) = line.strip_prefix("-----END ") {
                if end.strip_suffix(DASHES) != Some(label) {
                    return Err(FileError::Damaged(format!("{label} ends as something else")));
                }
                break;
            }
            if line.contains(':') {
                has_headers = true;
            } else {
                text.extend(line.bytes().filter(|byte| !byte.is_ascii_whitespace()));
            }
        }
        let mut content = Zeroizing::new(vec![0; text.len() / 4 * 3 + 3]);
        let length = match STANDARD.decode_slice(text.as_slice(), &mut content) {
            Ok(length) => length,
            Err(_) if has_headers => 0,
            Err(_) => return Err(FileError::Damaged(format!("{label} is no base64"))),
        };
        content.truncate(length);
        blocks.push(Block { label, content, has_headers });
    }
    Ok(blocks)
}
