//! The page in the browser, attacked: other pages, other users, requests that are too large, too slow or no requests. What it is for, and how
//! it looks, is tried in real browsers (`tests/page`).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod bounds;
mod doors;
mod life;
mod pinentry;
mod secrets;
mod server;
