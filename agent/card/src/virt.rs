//! Virtual readers and cards, for demonstration and for tests.
//!
//! [`VirtualReaders`] stands where PC/SC stands and has its manners; [`VirtualCard`] is a handle on one card, with
//! which a test looks into it and makes it fail; [`Gids`] and [`Piv`] are the cards themselves, bytes in and bytes out,
//! written from the notes on them and sharing no code with the edges. A TOML file describes readers and cards (`demo.toml`).

mod asymmetric;
mod card;
mod connection;
mod description;
#[cfg(test)]
mod dialogue;
mod fault;
mod gids;
mod pad;
mod personalise;
mod personalise_piv;
pub mod piv;
mod readers;
mod rsa;
#[cfg(test)]
mod tests;
mod tlv;
pub mod vpcd;

pub use card::VirtualCard;
pub use fault::{Exchange, Fault, FaultKind};
pub use gids::{Gids, Options, Quirks};
pub use pad::Keys;
pub use piv::{Piv, Profile};
pub use readers::VirtualReaders;
