//! The PIV edge against the virtual card: every operation, what it costs, and what is left when it is cut off.

#![cfg(test)]

#[path = "common/answers.rs"]
mod answers;
#[path = "piv/freshness.rs"]
mod freshness;
#[path = "piv/hostile.rs"]
mod hostile;
#[path = "piv/operations.rs"]
mod operations;
#[path = "piv/pins.rs"]
mod pins;
#[path = "piv/reading.rs"]
mod reading;
#[path = "piv/rig.rs"]
mod rig;
#[path = "piv/sweep.rs"]
mod sweep;
#[path = "piv/tries.rs"]
mod tries;
