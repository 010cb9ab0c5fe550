use serde::{Deserialize, Serialize};

use super::{PinStatus, Role};

/// What a look at a card showed: how its PINs stand, and what a person should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct CheckUp {
    /// When it was, RFC 3339 in UTC.
    pub time: String,
    /// The PINs and how they stand.
    pub pins: Vec<PinStatus>,
    /// How many certificates are on the card.
    pub certificates: u16,
    /// What a person should know, the most pressing first.
    pub concerns: Vec<Concern>,
    /// Of what reaches its end, what was told by an event since the card came in: certificates by their `id`, the card
    /// itself as `card`. Who begins to listen after that may tell it too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub told: Vec<String>,
}

impl CheckUp {
    /// What stands in `told` for the card itself.
    pub const CARD: &str = "card";
}

/// Something about a card that a person should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "concern", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Concern {
    /// No try of a PIN is left.
    PinBlocked {
        /// Which PIN.
        role: Role,
    },
    /// Few tries of a PIN are left.
    LowTries {
        /// Which PIN.
        role: Role,
        /// How many.
        tries_left: u8,
    },
    /// A PIN has to be changed.
    PinChangeRequired {
        /// Which PIN.
        role: Role,
        /// Why.
        reason: PinChangeReason,
    },
    /// A certificate expires soon, or has expired.
    CertExpiring(Expiry),
    /// The card itself expires soon, or has expired (the CHUID of a PIV card says when).
    CardExpiring {
        /// Its last day, RFC 3339 in UTC.
        not_after: String,
        /// Whole days left; negative once it has expired.
        days: i32,
    },
}

/// When a certificate ends that ends soon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Expiry {
    /// The certificate's `id`.
    pub certificate: String,
    /// Its subject's common name.
    pub common_name: String,
    /// Last second of validity, RFC 3339 in UTC.
    pub not_after: String,
    /// Whole days left; negative once it has expired.
    pub days: i32,
}

/// Why a PIN has to be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum PinChangeReason {
    /// It is the one with which such cards leave the factory.
    Factory,
    /// The card has not been in this machine before, and the policy asks for a new PIN then.
    FirstUse,
    /// It has been the same for longer than the policy allows.
    Expired,
}
