//! What this agent may do and for how long.

use std::time::Duration;

/// The policy in force.
#[derive(Clone, Debug)]
pub struct Policy {
    /// How long other programs are kept off a card whose challenge is out.
    pub unblock_lock: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self { unblock_lock: Duration::from_secs(600) }
    }
}
