//! The session's side of Kortti: what a person sees of the agent without opening anything.
//!
//! ```text
//! agent's socket ─► main thread ─► surface ─► tray, notices, logind        one thread speaks D-Bus
//!                       ▲             │
//!                       └── heard ◄───┘
//! ```
//!
//! It is a client of the agent's socket like any other, and holds no card code.

pub mod action;
mod icons;
pub mod notices;
pub mod surface;
mod text;
pub mod tray;

use std::process::ExitCode;

/// The program.
pub fn main() -> ExitCode {
    ExitCode::SUCCESS
}
