//! `kortti` as people and scripts meet it: the program itself, with a scripted stand-in for the agent on one side
//! and a pipe or a terminal on the other.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says by a panic what is wrong"
)]

/// The stand-in for the agent, and the two ways to run the program.
mod harness;
mod log;
/// The values that the stand-in answers with.
mod values;

/// Whether Kortti starts with the session, with a stand-in for systemctl.
mod autostart;
/// Certificates: list, view, export, import, default, delete.
mod cert;
/// Settings: who settled them, and how they are changed.
mod config;
/// Everything that has to be there, and what to do where it is not.
mod doctor;
/// The window and the page in the browser, which are programs of their own.
mod page;
/// PINs: change, policy, what is refused before anything is sent.
mod pin;
/// What is different on PIV cards, and on readers with keys of their own: slots, PUKs, management keys, new keys.
mod piv;
/// Exit codes, JSON, hostile names, closed pipes, the agent itself.
mod program;
/// What the terminal shows and what it does not.
mod terminal;
/// From a challenge to a new PIN, and the administrator's part.
mod unblock;
/// The stream of events.
mod watch;
