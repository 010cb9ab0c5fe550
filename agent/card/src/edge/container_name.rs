//! Names of containers.

use shared::hex::Hex;

use crate::error::{Error, Result};

/// A random GUID, as Windows names its containers (card-gids.md 5.1).
///
/// # Errors
/// [`Error::NotSupported`] on a machine without random numbers.
pub(super) fn random() -> Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| Error::NotSupported("this machine has no random numbers"))?;
    let [a, b, c, d, e, f, version, g, variant, h, tail @ ..] = bytes;
    let groups = [
        vec![a, b, c, d],
        vec![e, f],
        vec![version & 0x0F | 0x40, g],
        vec![variant & 0x3F | 0x80, h],
        tail.to_vec(),
    ];
    Ok(groups.map(|group| Hex(group).to_string().to_lowercase()).join("-"))
}
