//! What Kortti is, and which cards it supports: what `kortti info` and the page show.

use serde::Serialize;

/// What Kortti is.
#[derive(Clone, Copy, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Information {
    /// The version.
    pub version: &'static str,
    /// The version of the protocol.
    pub protocol: u32,
    /// The cards that are supported, each with what it cannot do.
    pub supported_cards: &'static [&'static str],
    /// The licence.
    pub licence: &'static str,
    /// The legal notice.
    pub notice: &'static str,
}

/// This version.
pub const INFORMATION: Information = Information {
    version: crate::VERSION,
    protocol: crate::rpc::PROTOCOL,
    supported_cards: &[
        "GIDS: cards with a Generic Identity Device Specification 2.0 application. Its keys are RSA keys.",
        "PIV: cards with a NIST SP 800-73 application. They have a PUK and no challenge. In particular:",
        "YubiKey 5: everything. Before firmware 5.7 a key cannot be moved or deleted, only overwritten; before 5.3 the \
         card does not tell the tries of its PUK.",
        "YubiKey 4: as YubiKey 5 before 5.3.",
        "Nitrokey 3: a key can be imported into slot 9A only, and neither moved nor deleted. It does not tell the tries \
         of its PUK.",
        "PivApplet: a key can be neither moved nor deleted. It has the retired slots 82 to 8C only. It erases all keys \
         once both PIN and PUK are blocked.",
        "Other PIV cards: certificates and PINs. They import no keys, and tell neither the tries of their PUK nor what \
         a key wants.",
    ],
    licence: "MIT OR Apache-2.0",
    notice: "Kortti comes without any warranty, to the extent that the law permits. A card counts the wrong tries \
             of each PIN by itself. At the last one the PIN blocks, and no program can undo that.",
};
