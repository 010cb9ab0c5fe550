//! What the methods about PINs take and give.

use serde::{Deserialize, Serialize};

use super::Select;
use crate::model::Role;
use crate::secret::{KeyText, Pin};

/// Parameters of [`super::PinTries`].
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct TriesParams {
    /// The card.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<_>", optional))]
    pub select: Select,
    /// Tries of the PIN, 1 to 255.
    pub pin_tries: u8,
    /// Tries of the PUK, 1 to 255.
    pub puk_tries: u8,
    /// The present PIN, which stays.
    pub pin: Pin,
    /// The PUK that the card is to have. The present one is not asked for: the management key is.
    pub puk: Pin,
    /// The management key, unless the card keeps it for whoever has the PIN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub management_key: Option<KeyText>,
    /// That the last try may be used.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<_>", optional))]
    pub last_try: bool,
}

/// Parameters of [`super::PinChange`].
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct PinChangeParams {
    /// The card.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<_>", optional))]
    pub select: Select,
    /// Which PIN; the primary card PIN unless named.
    #[serde(default = "user")]
    #[cfg_attr(test, ts(as = "Option<_>", optional))]
    pub role: Role,
    /// The present PIN; left out, with the new one, where they are typed on the reader.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<Pin>,
    /// The new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<Pin>,
    /// That the last try may be used.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<_>", optional))]
    pub last_try: bool,
}

pub(super) fn user() -> Role {
    Role::USER
}
