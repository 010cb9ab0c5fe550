//! What the agent tells a subscriber: a snapshot first, then what changed.

use serde::{Deserialize, Serialize};

use super::methods::StatusReply;
use crate::hex::Hex;
use crate::model::{Card, CheckUp, Csn, Expiry, PinChangeReason, Role};

/// An event with its place in the stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Event {
    /// One more than that of the event before; a subscriber that sees a gap has missed something.
    pub sequence: u64,
    /// When it happened, RFC 3339 in UTC.
    pub time: String,
    /// What happened.
    #[serde(flatten)]
    pub change: Change,
}

/// Who brought a change about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A request to this agent.
    User,
    /// Another program on this machine.
    OtherProgram,
    /// A hand, a cable, a power cut.
    Hardware,
    /// The PC/SC service, which went away.
    Service,
}

/// What happened. None of it ever holds a PIN, a key or a challenge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Change {
    /// The state that the following events change. Its sequence number is that of the last event it includes.
    Snapshot(Box<StatusReply>),
    /// The PC/SC service can be reached.
    ServiceUp,
    /// The PC/SC service cannot be reached.
    ServiceDown {
        /// What is wrong and what to do.
        reason: String,
    },
    /// A reader appeared.
    ReaderAdded {
        /// Its name.
        reader: String,
    },
    /// A reader disappeared.
    ReaderRemoved {
        /// Its name.
        reader: String,
    },
    /// A card came in. Sent before anything is read from it.
    CardInserted {
        /// The reader.
        reader: String,
        /// The answer to reset.
        atr: Hex,
    },
    /// The card that came in is one Kortti can look after, or one that nobody has initialised.
    CardIdentified {
        /// The reader.
        reader: String,
        /// The card.
        card: Card,
        /// Whether it is personalised.
        initialised: bool,
    },
    /// The card that came in cannot be used.
    CardUnusable {
        /// The reader.
        reader: String,
        /// Why: unknown, mute, busy or failed, as in a reader's state.
        state: crate::model::ReaderState,
        /// A sentence for people.
        reason: String,
    },
    /// A card went out, or can no longer be seen.
    CardRemoved {
        /// The reader.
        reader: String,
        /// The card, if it had been identified.
        csn: Option<Csn>,
        /// A hand; or the PC/SC service, which went away; or another program, whose reset the card did not take well; or
        /// the user, whose settings leave the reader alone. In the last three cases the card may still be in.
        #[serde(default = "hardware")]
        cause: Cause,
    },
    /// A card was looked at: how its PINs stand, and what a person should know.
    CardChecked {
        /// The reader.
        reader: String,
        /// The card.
        csn: Csn,
        /// What was seen.
        check: Box<CheckUp>,
    },
    /// Another program keeps a card that somebody asks for.
    CardBusy {
        /// The reader.
        reader: String,
        /// The card, if it had been identified.
        csn: Option<Csn>,
        /// The programs that may have it, as they are named to people.
        holders: Vec<String>,
    },
    /// Another program reset the card during an operation of ours.
    CardReset {
        /// The reader.
        reader: String,
        /// The card.
        csn: Option<Csn>,
        /// Always another program.
        cause: Cause,
    },
    /// A PIN was changed.
    PinChanged(PinEvent),
    /// A PIN was wrong.
    PinFailed(PinEvent),
    /// A PIN has no try left.
    PinBlocked(PinEvent),
    /// A PIN was unblocked.
    PinUnblocked(PinEvent),
    /// Few tries of a PIN are left, and not because of a request to this agent.
    LowTries(PinEvent),
    /// A PIN has to be changed.
    PinChangeRequired {
        /// The reader.
        reader: String,
        /// The card.
        csn: Csn,
        /// Which PIN.
        role: Role,
        /// Why.
        reason: PinChangeReason,
    },
    /// The device must be touched for an operation to go on.
    TouchNeeded(OnCardEvent),
    /// That operation is over.
    TouchOver(OnCardEvent),
    /// A challenge was taken from the card.
    ChallengeIssued(OnCardEvent),
    /// A challenge is void.
    ChallengeVoid {
        /// The reader.
        reader: String,
        /// The card.
        csn: Csn,
        /// What happened, in a sentence.
        reason: String,
    },
    /// A certificate was written.
    CertImported(CertEvent),
    /// A certificate was deleted.
    CertDeleted(CertEvent),
    /// A certificate, and its key, are in another slot.
    CertMoved(CertEvent),
    /// A key was made on the card. A certificate for it has an event of its own.
    KeyGenerated(KeyEvent),
    /// Another container is the default one.
    DefaultChanged(CertEvent),
    /// A certificate has reached a stage before its end. Told once for each stage.
    CertExpiring(ExpiryEvent),
    /// A certificate has expired. Told once.
    CertExpired(ExpiryEvent),
    /// The card itself has reached a stage before its end, or its end. Told once for each stage.
    CardExpiring {
        /// The reader.
        reader: String,
        /// The card.
        csn: Csn,
        /// Its last day, RFC 3339 in UTC.
        not_after: String,
        /// Whole days left; negative once it has expired.
        days: i32,
    },
    /// The configuration was read anew.
    PolicyChanged {
        /// What was refused of it, with place, line and reason.
        problems: Vec<String>,
    },
    /// What an interrupted write had left was mended.
    CardRepaired(OnCardEvent),
    /// The agent ends; the stream ends after this.
    AgentStopping,
}

fn hardware() -> Cause {
    Cause::Hardware
}

/// An event that concerns a whole card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct OnCardEvent {
    /// The reader.
    pub reader: String,
    /// The card.
    pub csn: Csn,
    /// Who brought it about.
    pub cause: Cause,
}

/// An event that concerns a PIN.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct PinEvent {
    /// The reader.
    pub reader: String,
    /// The card.
    pub csn: Csn,
    /// Which PIN.
    pub role: Role,
    /// Tries left, where the card told.
    pub tries_left: Option<u8>,
    /// Who brought it about.
    pub cause: Cause,
}

/// An event that concerns a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct KeyEvent {
    /// The reader.
    pub reader: String,
    /// The card.
    pub csn: Csn,
    /// The container that the key is in.
    pub container: u8,
    /// Who brought it about.
    pub cause: Cause,
}

/// An event that concerns a certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct CertEvent {
    /// The reader.
    pub reader: String,
    /// The card.
    pub csn: Csn,
    /// The certificate's `id`.
    pub certificate: String,
    /// Who brought it about.
    pub cause: Cause,
}

/// An event that concerns the end of a certificate's validity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ExpiryEvent {
    /// The reader.
    pub reader: String,
    /// The card.
    pub csn: Csn,
    /// Which certificate, and when it ends.
    #[serde(flatten)]
    pub expiry: Expiry,
}

/// The names of all events, as they stand in `event`.
pub const NAMES: &[&str] = &[
    "snapshot",
    "service_up",
    "service_down",
    "reader_added",
    "reader_removed",
    "card_inserted",
    "card_identified",
    "card_unusable",
    "card_removed",
    "card_checked",
    "card_busy",
    "card_reset",
    "pin_changed",
    "pin_failed",
    "pin_blocked",
    "pin_unblocked",
    "low_tries",
    "pin_change_required",
    "touch_needed",
    "touch_over",
    "challenge_issued",
    "challenge_void",
    "cert_imported",
    "cert_deleted",
    "cert_moved",
    "key_generated",
    "default_changed",
    "cert_expiring",
    "cert_expired",
    "card_expiring",
    "policy_changed",
    "card_repaired",
    "agent_stopping",
];
