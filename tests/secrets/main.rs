//! No secret stays anywhere: not in what the programs print, not in the agent's log at its highest level, not in a
//! file, not in a process list. And nobody of the same user can look into the programs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod canary;
mod job;
mod piv;
mod process;
