//! What the methods about a card as a whole take and give.

use serde::{Deserialize, Serialize};

use super::Select;
use crate::model::{Finding, ManagementKey, PinStatus};
use crate::secret::{KeyText, Pin};

/// Parameters of [`super::CardRepair`].
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RepairParams {
    /// The card.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<_>", optional))]
    pub select: Select,
    /// The primary card PIN; left out where it is typed on the reader, or where the management key is all it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<Pin>,
    /// The management key, on cards that have one and do not keep it for whoever has the PIN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub management_key: Option<KeyText>,
    /// That the last try may be used.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<_>", optional))]
    pub last_try: bool,
}

/// Reply of [`super::CardRepair`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RepairReply {
    /// What was mended.
    pub mended: Vec<Finding>,
    /// What is still wrong.
    pub remaining: Vec<Finding>,
}

/// Reply of [`super::CardAccess`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Access {
    /// The PINs and other authenticators, each with its tries.
    pub pins: Vec<PinStatus>,
    /// The key that authorises writing beside the PIN, on cards that have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub management_key: Option<ManagementKey>,
    /// Whether the card erases all its private keys once both PIN and PUK are blocked.
    #[serde(default)]
    pub blocking_erases_keys: bool,
    /// Whether PINs are typed on the reader itself.
    #[serde(default)]
    pub pin_pad: bool,
}
