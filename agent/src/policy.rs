//! What this agent may do and for how long.

use std::time::Duration;

/// The policy in force.
#[derive(Clone, Debug)]
pub struct Policy {
    /// How long other programs are kept off a card whose challenge is out.
    pub unblock_lock: Duration,
    /// Whether a PIV card gets a new identifier after its certificates changed, which is what makes Windows look at
    /// them again.
    pub renew_identifier: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self { unblock_lock: Duration::from_secs(600), renew_identifier: true }
    }
}
