//! What the methods about certificates take and give.

use serde::{Deserialize, Serialize};

use super::Select;
use crate::model::{Certificate, Csn};
use crate::secret::{FileText, KeyText, Password, Pin};

/// Parameters that name a certificate.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct CertParams {
    /// The card.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<_>", optional))]
    pub select: Select,
    /// Its `id`, its container's number, or the first eight or more digits of its SHA-1 or SHA-256 thumbprint.
    pub certificate: String,
}

/// Parameters of [`super::CertInspect`].
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct InspectParams {
    /// The card.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<_>", optional))]
    pub select: Select,
    /// The file, base64.
    pub file: FileText,
    /// Its password; absent for files that have none, and to learn whether one is needed.
    #[serde(default)]
    #[cfg_attr(test, ts(optional = nullable))]
    pub password: Option<Password>,
    /// The slot that was chosen, as `9A`, on cards that have slots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<String>,
}

/// Reply of [`super::CertInspect`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ImportPlan {
    /// The card.
    pub csn: Csn,
    /// The reader it is in.
    pub reader: String,
    /// Common name of the certificate that would be imported.
    pub common_name: String,
    /// Whether a private key comes with it.
    pub with_key: bool,
    /// Other certificates of the file; the card keeps those it has room and a place for.
    pub chain: Vec<String>,
    /// The container it would go to.
    pub container: u8,
    /// Its slot, on cards that have slots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<String>,
    /// Common name of the certificate that it would replace, if there is one.
    pub replaces: Option<String>,
    /// Whether another private key would be lost, which the import must allow with `overwrite`.
    #[serde(default)]
    pub overwrites_key: bool,
    /// Whether the card wants the PIN beside the management key, since it does not show its keys and a new one is
    /// tried out.
    #[serde(default)]
    pub wants_pin: bool,
}

/// Parameters of [`super::CertImport`].
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ImportParams {
    /// The card.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<_>", optional))]
    pub select: Select,
    /// The file, base64.
    pub file: FileText,
    /// Its password, if it has one.
    #[serde(default)]
    #[cfg_attr(test, ts(optional = nullable))]
    pub password: Option<Password>,
    /// The slot that was chosen, as `9A`, on cards that have slots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<String>,
    /// That a private key which is in the slot may be lost.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<_>", optional))]
    pub overwrite: bool,
    /// The primary card PIN; left out where it is typed on the reader, or where the management key is all it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<Pin>,
    /// The management key, on cards that have one and do not keep it for whoever has the PIN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub management_key: Option<KeyText>,
    /// Whether its container becomes the default one.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<_>", optional))]
    pub default: bool,
    /// That the last try may be used.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<_>", optional))]
    pub last_try: bool,
}

/// Reply of [`super::CertImport`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ImportReply {
    /// The certificate as it now stands on the card.
    pub certificate: Certificate,
    /// Common names of the file's other certificates that are now on the card too.
    pub chain: Vec<String>,
}

/// Parameters of [`super::CertDefault`].
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct CertWriteParams {
    /// The card.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<_>", optional))]
    pub select: Select,
    /// As in [`CertParams`].
    pub certificate: String,
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

/// Parameters of [`super::CertDelete`].
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct DeleteParams {
    /// The card.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<_>", optional))]
    pub select: Select,
    /// As in [`CertParams`]; the number of a container without a certificate is taken too.
    pub certificate: String,
    /// Whether container and key stay, and only the certificate goes.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<_>", optional))]
    pub keep_key: bool,
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

/// Reply of [`super::CertDelete`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct DeleteReply {
    /// What is orphaned by it, in sentences: a key without a certificate, what was enciphered for a deleted key.
    pub orphans: Vec<String>,
    /// The container that is the default one now, if there is one.
    pub default: Option<u8>,
}
