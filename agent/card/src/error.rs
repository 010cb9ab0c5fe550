use shared::model::Role;

use crate::transport;

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a card did not do what was asked. A variant exists where somebody acts on it; sentences for people are
/// made by the agent.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The reader, the service or the connection.
    #[error(transparent)]
    Transport(#[from] transport::Error),
    /// No application on the card is one we know.
    #[error("the card is of no known kind")]
    UnknownCard,
    /// Nobody has personalised the card.
    #[error("the card is not initialised")]
    NotInitialised,
    /// The PIN or PUK was wrong, and a try is gone.
    #[error("wrong PIN")]
    WrongPin {
        /// Whose.
        role: Role,
        /// As the card told it.
        tries_left: Option<u8>,
    },
    /// No try is left.
    #[error("the PIN is blocked")]
    PinBlocked {
        /// Whose.
        role: Role,
    },
    /// The card refused a new PIN for its length or characters. No try was used.
    #[error("the card refuses this as a new PIN")]
    PinRefused,
    /// Writing needs the management key, and there is none that Kortti could use without being given it.
    #[error("the management key is needed")]
    ManagementKeyNeeded,
    /// The management key was wrong, or of another length or cipher than the card's.
    #[error("wrong management key")]
    WrongManagementKey,
    /// Nobody touched the card in time.
    #[error("the card was not touched")]
    Untouched,
    /// The reader's pad gave no PIN to the card. No try was used.
    #[error("the reader's pad: {0:?}")]
    PadEnded(PadEnd),
    /// The response was wrong, and the challenge is used up.
    #[error("wrong response")]
    WrongResponse {
        /// As the card told it.
        tries_left: Option<u8>,
    },
    /// There is no challenge, or it is no longer the card's.
    #[error("the challenge is void")]
    ChallengeVoid(VoidReason),
    /// There is no such PIN, certificate or container.
    #[error("{0} is not on the card")]
    NotFound(String),
    /// The card or its edge cannot do that.
    #[error("not supported: {0}")]
    NotSupported(&'static str),
    /// The card has no key for this certificate.
    #[error("no key on the card belongs to the certificate")]
    NoMatchingKey,
    /// The card does not take keys of this kind; the text says which it takes.
    #[error("the card does not take this key: {0}")]
    KeyNotSupported(String),
    /// No room; the text says for what.
    #[error("the card has no room for {0}")]
    CardFull(&'static str),
    /// Something on the card is damaged; the text names it.
    #[error("{0} is damaged")]
    Damaged(String),
    /// The card answered with a status word that this command does not explain.
    #[error("the card answered {status:04X} to {command}")]
    Unexpected {
        /// The command's name in ISO 7816-4.
        command: &'static str,
        /// SW1 and SW2.
        status: u16,
    },
    /// The card's answer is not well formed; the text names the part.
    #[error("the card's answer to {0} is malformed")]
    Malformed(&'static str),
    /// A write did not come to its end.
    #[error("{cause}; {}", if *.restored { "the card is as it was" } else { "the card needs repair" })]
    WriteFailed {
        /// What went wrong.
        cause: Box<Error>,
        /// Whether everything was put back.
        restored: bool,
    },
}

/// Why a reader's pad gave no PIN to the card (PC/SC part 10, section 2.5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PadEnd {
    /// Nobody typed in time.
    TimedOut,
    /// The person pressed the key for that.
    Cancelled,
    /// The new PIN was typed differently the second time.
    Differ,
    /// What was typed is too short or too long.
    Length,
    /// The reader does not do what it was asked for.
    Refused,
}

/// Why a challenge is void.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VoidReason {
    /// None was taken, or the agent was restarted since.
    None,
    /// The card was removed.
    Removed,
    /// Another program reset the card.
    Reset,
    /// Another program used the card.
    Disturbed,
    /// The PC/SC service went away.
    Service,
    /// The right response was given to it.
    Answered,
    /// A response was sent that did not unblock the card.
    Refused,
    /// It was given up.
    Cancelled,
    /// It waited for longer than the settings allow.
    Expired,
}
