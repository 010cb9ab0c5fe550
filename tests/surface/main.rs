//! The surface of `kortti-desktop` on real buses: tray, notices and session, with whoever is at their other end
//! coming, going, hanging and lying.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod notices;
mod rest;
mod session;
mod tray;
