//! What the methods about new keys, and about moving keys, take and give.

use serde::{Deserialize, Serialize};

use super::Select;
use crate::model::{AlternativeName, Certificate, Csn, KeyAlgorithm, PinUse, TouchUse};
use crate::secret::{KeyText, Pin};

/// Parameters of [`super::CertPlace`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct PlaceParams {
    /// The card.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<_>", optional))]
    pub select: Select,
    /// Kind and size of the key.
    pub algorithm: KeyAlgorithm,
    /// The slot that was chosen, as `9A`, on cards that have slots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<String>,
}

/// Reply of [`super::CertPlace`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct KeyPlan {
    /// The card.
    pub csn: Csn,
    /// The reader it is in.
    pub reader: String,
    /// The container it would go to.
    pub container: u8,
    /// Its slot, on cards that have slots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<String>,
    /// Common name of the certificate that would be lost, if there is one.
    pub replaces: Option<String>,
    /// Whether another private key would be lost, which the request must allow with `overwrite`.
    #[serde(default)]
    pub overwrites_key: bool,
}

/// What is made of a new key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Product {
    /// A certificate that the key signs itself, on the card.
    #[default]
    Certificate,
    /// A request for a certificate (PKCS#10), to be sent to an authority.
    Request,
    /// Nothing: only its public half comes out.
    Key,
}

/// Parameters of [`super::CertGenerate`].
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct GenerateParams {
    /// The card.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<_>", optional))]
    pub select: Select,
    /// Kind and size of the key.
    pub algorithm: KeyAlgorithm,
    /// The slot that was chosen, as `9A`, on cards that have slots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<String>,
    /// The subject, RFC 4514, such as `CN=Anna Virtanen,O=Example`; for the bare key it means nothing.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<_>", optional))]
    pub subject: String,
    /// Other names of the same person or machine, of the kinds `email`, `dns` and `upn`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alternative_names: Vec<AlternativeName>,
    /// What is made of the key.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<_>", optional))]
    pub product: Product,
    /// How many days the certificate holds, from now; for a request it means nothing.
    #[serde(default = "year")]
    #[cfg_attr(test, ts(as = "Option<_>", optional))]
    pub days: u16,
    /// When the key will want the PIN, on cards that let one choose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin_use: Option<PinUse>,
    /// When the key will want a touch, on cards that let one choose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub touch_use: Option<TouchUse>,
    /// Whether its container becomes the default one.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<_>", optional))]
    pub default: bool,
    /// That a private key which is in the slot may be lost.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<_>", optional))]
    pub overwrite: bool,
    /// The primary card PIN; left out where it is typed on the reader.
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

fn year() -> u16 {
    365
}

/// Reply of [`super::CertGenerate`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct GenerateReply {
    /// The container that the key is in.
    pub container: u8,
    /// Its slot, on cards that have slots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<String>,
    /// The certificate, where one was wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Certificate>,
    /// The request, PEM, where one was wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// The public key: SubjectPublicKeyInfo, PEM.
    pub public_key: String,
}

/// Parameters of [`super::CertMove`].
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct MoveParams {
    /// The card.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<_>", optional))]
    pub select: Select,
    /// As in [`super::CertParams`]; the slot of a key without a certificate is taken too.
    pub certificate: String,
    /// The slot that it is moved to, as `9A`; it must be free.
    pub slot: String,
    /// The primary card PIN, where the card keeps the management key for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<Pin>,
    /// The management key, unless the card keeps it for whoever has the PIN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub management_key: Option<KeyText>,
    /// That the last try may be used.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<_>", optional))]
    pub last_try: bool,
}
