//! The real stack: `kortti`, `kortti-agent`, pcscd with the reader driver vpcd, and the virtual GIDS card behind it.
//! Other programs use the same card meanwhile: OpenSC's tools, and `another-program`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "real/cards.rs"]
mod cards;
#[path = "real/commands.rs"]
mod commands;
#[path = "real/opensc.rs"]
mod opensc;
#[path = "real/others.rs"]
mod others;
#[path = "real/readers.rs"]
mod readers;
#[path = "real/rest.rs"]
mod rest;
#[path = "real/service.rs"]
mod service;
