//! The service on virtual cards, in process: requests in, replies and events out.

mod challenge;
mod events;
mod harness;
mod refusals;
mod sharing;
