//! The page that Kortti's window shows and that a browser can: one set of files, and the bridge behind it.
//!
//! ```text
//! page ─► window (crate gui) ─► bridge ─► agent's socket
//! page ─► web (kortti-web)   ─►   │
//!                                 └► what the host does itself: texts, the response to a challenge, QR codes, files
//! ```
//!
//! It is a client of the agent's socket like any other, and holds no card code.

pub mod bridge;
pub mod catalogue;
pub mod files;
pub mod listening;
mod options;
pub mod web;

pub use options::Where;
