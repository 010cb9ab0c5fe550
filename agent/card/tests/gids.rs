//! The GIDS edge against the virtual card: every operation, what it costs, and what is left when it is cut off.

#![cfg(test)]

#[path = "common/answers.rs"]
mod answers;
#[path = "gids/operations.rs"]
mod operations;
#[path = "gids/pad.rs"]
mod pad;
#[path = "gids/pins.rs"]
mod pins;
#[path = "gids/rig.rs"]
mod rig;
#[path = "gids/sweep.rs"]
mod sweep;
