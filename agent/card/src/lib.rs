//! Everything that speaks to a smart card, and the virtual cards.
//!
//! ```text
//! transport   bytes to and from a card in a reader: PC/SC, virtual, a recorded dialogue
//!   apdu      commands, responses and status words of ISO 7816-4; tlv: its BER-TLV objects; atr: the answer to reset;
//!             pin_pad: PINs typed on the reader
//!     applet  a selected application: chaining, extended lengths, 61xx, 6Cxx, the masked trace
//!       edge  the command set of one kind of card, as a SmartCard
//! key         keys and signatures as values; der: their bytes
//!   x509, pfx certificates and files
//! virt        virtual readers and cards; shares nothing with the edges
//! ```
//!
//! Imports go up this list only. Nothing here knows an agent, a policy or a socket.

pub mod apdu;
pub mod applet;
pub mod atr;
pub mod edge;
pub mod key;
pub mod pfx;
pub mod pin_pad;
pub mod tlv;
pub mod transport;
pub mod virt;
pub mod x509;

mod der;
mod error;
mod smart_card;

pub use error::{Error, PadEnd, Result, VoidReason};
pub use smart_card::{
    Challenge, Change, Contents, Freshness, Import, ManagementProof, NewKey, PinEntry, PinMarks, Placement,
    Removed, SmartCard, StoredCertificate, UnblockProof,
};
