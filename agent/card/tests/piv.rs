//! The PIV edge against the virtual card: every operation, what it costs, and what is left when it is cut off.

#![cfg(test)]

#[path = "piv/operations.rs"]
mod operations;
#[path = "piv/rig.rs"]
mod rig;
#[path = "piv/sweep.rs"]
mod sweep;
