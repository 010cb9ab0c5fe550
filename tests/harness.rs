//! What the tests of the doors share.
//!
//! Whatever is started here lives in a directory of its own, on a socket of its own, and ends with the value that
//! stands for it.

// A harness that cannot go on fails the test that uses it, on the spot.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "harness/another.rs"]
pub mod another;
#[path = "harness/bus.rs"]
pub mod bus;
#[path = "harness/desktop.rs"]
pub mod desktop;
#[path = "harness/display.rs"]
pub mod display;
#[path = "harness/driver.rs"]
pub mod driver;
#[path = "harness/logind.rs"]
pub mod logind;
#[path = "harness/nitrokey.rs"]
pub mod nitrokey;
#[path = "harness/notifier.rs"]
pub mod notifier;
#[path = "harness/panel.rs"]
pub mod panel;
#[path = "harness/pcscd.rs"]
pub mod pcscd;
#[path = "harness/programs.rs"]
pub mod programs;
#[path = "harness/stack.rs"]
pub mod stack;
#[path = "harness/tools.rs"]
pub mod tools;
#[path = "harness/watch.rs"]
pub mod watch;
#[path = "harness/wire.rs"]
pub mod wire;
