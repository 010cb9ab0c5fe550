use serde::{Deserialize, Serialize};

use super::Csn;
use crate::error::ErrorCode;

/// A write to a card, or a refusal of one, as it is kept in the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct AuditRecord {
    /// When it was done or refused, RFC 3339 in UTC.
    pub time: String,
    /// The method that was called.
    pub method: String,
    /// The reader, where one was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reader: Option<String>,
    /// The card, where one was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub csn: Option<Csn>,
    /// What it was about: a certificate's id, a slot, the number of a PIN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// Who asked.
    pub program: Program,
    /// Why it was not done; absent when it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<ErrorCode>,
    /// The tries that were left then, where the card told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tries_left: Option<u8>,
}

/// A program that asked for something.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Program {
    /// Its process number, where the system tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// Where its file is, or only its name, where the system tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}
