//! The vocabulary that Kortti's programs share, and the wire between them.
//!
//! `model` holds plain values, `config` what people and administrators settle, `secret` the types for what must never be printed, `error` what a person or a
//! script is told, `unblock` the pure arithmetic of a challenge and its response, `rpc` the methods and events,
//! `socket` and `client` the way to the agent, `words` what is said of cards everywhere, `information` and `doctor` what is said of Kortti itself. Nothing here knows a card, a reader library or a window.

pub mod autostart;
pub mod client;
pub mod config;
pub mod detach;
pub mod doctor;
pub mod error;
pub mod harden;
pub mod hex;
pub mod information;
pub mod lock;
pub mod model;
pub mod pem;
pub mod pinentry;
pub mod place;
pub mod private;
pub mod programs;
pub mod rpc;
pub mod secret;
pub mod socket;
#[cfg(test)]
mod types;
pub mod unblock;
pub mod words;

pub use error::{Error, ErrorCode, Result};

/// The version of Kortti, the same for all of its programs.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
