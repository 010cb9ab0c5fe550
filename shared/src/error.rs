//! What a person or a script is told when something did not happen.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A result whose error can be sent over the socket.
pub type Result<T> = std::result::Result<T, Error>;

/// The stable name of a failure. Scripts decide by it; it never changes its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorCode {
    /// The request is not one this program understands: JSON, method, parameters.
    BadRequest,
    /// The agent cannot be reached or started.
    NoAgent,
    /// Agent and client speak different versions of the protocol.
    ProtocolVersion,
    /// The PC/SC service does not run.
    NoService,
    /// This user may not use the PC/SC service or the card.
    Permission,
    /// No reader is there, or none of the name given.
    NoReader,
    /// No card is there, or none of the serial number given.
    NoCard,
    /// Several cards fit; one must be named.
    SeveralCards,
    /// The card is of no kind that Kortti knows.
    UnknownCard,
    /// Nobody has personalised the card yet.
    NotInitialised,
    /// The card does not answer.
    Mute,
    /// Another program uses the card, or an unblock procedure holds it.
    Busy,
    /// The card was removed meanwhile.
    CardRemoved,
    /// Another program reset the card meanwhile.
    CardReset,
    /// Another program changed the card meanwhile.
    CardChanged,
    /// The PIN or PUK was wrong; a try was used.
    WrongPin,
    /// No try is left.
    PinBlocked,
    /// Only one try is left and nobody said that it may be used. Nothing was sent.
    LastTry,
    /// Writing needs the card's management key, which was not given. Nothing was sent.
    ManagementKeyNeeded,
    /// The management key was wrong.
    WrongManagementKey,
    /// A key of the card would be lost, and nobody said that it may be. Nothing was sent.
    WouldOverwrite,
    /// Nobody touched the device in time.
    NotTouched,
    /// The policy of this machine does not allow it. Nothing was sent.
    Forbidden,
    /// The new PIN does not fit the policy. Nothing was sent.
    PinPolicy,
    /// Nobody typed the PIN on the reader's pad, or somebody cancelled there. No try was used.
    NotTyped,
    /// The response was wrong; the challenge is used up.
    WrongResponse,
    /// The response is not well formed or its checksum does not fit. Nothing was sent.
    BadResponse,
    /// The challenge is no longer the card's. Nothing was sent.
    ChallengeVoid,
    /// The file is damaged or of no kind that Kortti reads.
    BadFile,
    /// The file's password is wrong or missing.
    FilePassword,
    /// No key on the card belongs to the certificate.
    NoMatchingKey,
    /// No such certificate, container or PIN on the card.
    NotFound,
    /// The card has no room.
    CardFull,
    /// The card, or this edge of it, cannot do that.
    NotSupported,
    /// What the card holds is damaged.
    Damaged,
    /// The write failed; `message` says whether the card is as before.
    WriteFailed,
    /// The card answered something unexpected.
    CardError,
    /// The operating system refused a file, a terminal or a process.
    System,
}

/// A failure: a stable code, a sentence that says what to do next, and the tries left where a PIN is concerned.
/// It never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Error {
    /// The stable name.
    pub code: ErrorCode,
    /// A sentence for people.
    pub message: String,
    /// Tries left of the PIN concerned, where the card told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tries_left: Option<u8>,
}

impl Error {
    /// A failure without a count of tries.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), tries_left: None }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
