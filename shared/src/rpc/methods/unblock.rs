//! What the methods about unblocking take and give.

use serde::{Deserialize, Serialize};

use super::Select;
use crate::hex::Hex;
use crate::model::{Csn, PinPolicy, Role};
use crate::secret::{Pin, ResponseText};

/// Parameters of [`super::UnblockStart`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct UnblockStartParams {
    /// The card.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<_>", optional))]
    pub select: Select,
    /// Which PIN is to be unblocked; the primary card PIN unless named.
    #[serde(default = "super::pins::user")]
    #[cfg_attr(test, ts(as = "Option<_>", optional))]
    pub role: Role,
}

/// Reply of [`super::UnblockStart`]: what is read out to the administrator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Challenge {
    /// The reader that must keep the card.
    pub reader: String,
    /// The card serial number.
    pub csn: Csn,
    /// Which PIN it is for.
    #[serde(default = "super::pins::user")]
    pub role: Role,
    /// What the new PIN must look like: the card must not be asked while the challenge is out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<PinPolicy>,
    /// The challenge.
    pub challenge: Hex,
    /// Its CRC-16/CCITT-FALSE, four digits.
    pub checksum: String,
    /// When it was taken, RFC 3339 in UTC.
    pub taken: String,
    /// Until when no other program can use the card, RFC 3339 in UTC.
    pub locked_until: String,
}

/// Reply of [`super::UnblockStatus`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum UnblockState {
    /// No procedure was started on this card since the agent runs.
    None,
    /// The challenge can still be answered.
    Good {
        /// The challenge that was given out.
        #[serde(flatten)]
        challenge: Challenge,
        /// Whether other programs are still kept off the card.
        locked: bool,
    },
    /// The challenge is no longer the card's.
    Void {
        /// What happened, in a sentence.
        reason: String,
    },
}

/// Parameters of [`super::UnblockFinish`].
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct UnblockFinishParams {
    /// The card.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<_>", optional))]
    pub select: Select,
    /// The challenge that this is the response to; refused as `challenge_void` when the card's is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenge: Option<Hex>,
    /// The response as typed.
    pub response: ResponseText,
    /// The new PIN; left out where it is typed on the reader.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<Pin>,
}

/// Parameters of [`super::UnblockPuk`].
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct UnblockPukParams {
    /// The card.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<_>", optional))]
    pub select: Select,
    /// Which PIN is to be unblocked; the primary card PIN unless named.
    #[serde(default = "super::pins::user")]
    #[cfg_attr(test, ts(as = "Option<_>", optional))]
    pub role: Role,
    /// The PUK; left out, with the new PIN, where they are typed on the reader.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub puk: Option<Pin>,
    /// The new PIN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<Pin>,
    /// That the PUK's last try may be used.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<_>", optional))]
    pub last_try: bool,
}
