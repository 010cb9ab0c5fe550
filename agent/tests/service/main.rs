//! The service on virtual cards, in process: requests in, replies and events out.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod audit;
mod challenge;
mod checkup;
mod events;
mod harness;
mod pad;
mod piv;
mod policy;
mod refusals;
mod sharing;
