//! PIV cards in the real stack: virtual cards of every profile and the card inside the Nitrokey 3, with OpenSC's and
//! Yubico's programs on the same card. What they write Kortti shows, and what Kortti writes they use.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "piv/cards.rs"]
mod cards;
#[path = "piv/freshness.rs"]
mod freshness;
#[path = "piv/keys.rs"]
mod keys;
#[path = "piv/nitrokey.rs"]
mod nitrokey;
#[path = "piv/pins.rs"]
mod pins;
#[path = "piv/pulled.rs"]
mod pulled;
#[path = "piv/readers.rs"]
mod readers;
#[path = "piv/theirs.rs"]
mod theirs;
#[path = "piv/witnesses.rs"]
mod witnesses;
#[path = "piv/yubikit.rs"]
mod yubikit;
