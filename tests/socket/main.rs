//! The agent's socket from outside: where it is, who may speak, in which form, how long, how many, and how it ends.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod callers;
mod limits;
mod mutations;
mod place;
mod requests;
mod stopping;
mod subscribers;
