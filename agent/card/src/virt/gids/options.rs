//! What can be chosen about a virtual GIDS card.

use serde::Deserialize;

/// Sizes, limits and habits. The default is what was measured of GidsApplet (card-gids.md 9 and 12).
#[derive(Clone, Debug, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub struct Options {
    /// Tries of the PIN, and of the PUK where there is one; at most 15.
    pub pin_tries: u8,
    /// The shortest PIN, in bytes.
    pub pin_min: usize,
    /// The longest PIN, in bytes.
    pub pin_max: usize,
    /// Whether the card is unblocked with a PUK. It then cannot be unblocked through the admin key.
    pub puk: bool,
    /// Tries of the admin key; without it they are unlimited, as on GidsApplet.
    pub admin_tries: Option<u8>,
    /// Whether a card that counts the admin key's tries tells them (63Cx) or answers 6982.
    pub admin_tries_told: bool,
    /// Files in the application.
    pub max_files: usize,
    /// Data objects in one file.
    pub max_objects: usize,
    /// Bytes that all data objects together may have.
    pub memory: usize,
    /// The largest RSA key, in bits: 2048, or 4096 as in GidsApplet's build for them.
    pub max_key_bits: u64,
    /// Data bytes of one answer, 1 to 256; the rest is fetched with GET RESPONSE.
    pub answer_part: usize,
    /// Below.
    pub quirks: Quirks,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            pin_tries: 3,
            pin_min: 4,
            pin_max: 16,
            puk: false,
            admin_tries: None,
            admin_tries_told: true,
            max_files: 30,
            max_objects: 30,
            memory: 80 * 1024,
            max_key_bits: 2048,
            answer_part: 256,
            quirks: Quirks::default(),
        }
    }
}

/// Habits of GidsApplet that a stricter card would not have. All on by default.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub struct Quirks {
    /// A chained object of less than 240 bytes becomes a record of no length, and the file answers 6F00 from then
    /// on (card-gids.md 2).
    pub small_chain_ruins_file: bool,
    /// Whoever likes may delete a file whose access rule does not speak of deletion.
    pub delete_without_pin: bool,
    /// An empty VERIFY answers 63Cx also after the PIN has been verified.
    pub empty_verify_never_ok: bool,
}

impl Default for Quirks {
    fn default() -> Self {
        Self { small_chain_ruins_file: true, delete_without_pin: true, empty_verify_never_ok: true }
    }
}
