//! What went wrong at the card, as a sentence for the person and a code for the script.

use card::transport::Error as TransportError;
use card::{Error as CardError, PadEnd, VoidReason};
use shared::model::{ReaderState, Role};
use shared::{Error, ErrorCode};

/// Why an operation failed: at the card, or decided before the card was asked.
pub enum Failure {
    /// The card or the way to it.
    Card(CardError),
    /// Ourselves.
    Told(Error),
}

impl From<CardError> for Failure {
    fn from(error: CardError) -> Self {
        Self::Card(error)
    }
}

impl From<TransportError> for Failure {
    fn from(error: TransportError) -> Self {
        Self::Card(error.into())
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Told(error)
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Card(error) => card(&error),
            Failure::Told(error) => error,
        }
    }
}

/// A failure of reader, connection or service.
pub(crate) fn transport(error: &TransportError) -> Error {
    use TransportError as T;
    let (code, words) = match error {
        T::ServiceDown => (
            ErrorCode::NoService,
            if cfg!(target_os = "linux") {
                "The smart card service (pcscd) does not run. Install the package pcscd, or start it: \
                 systemctl start pcscd.socket"
            } else {
                "The smart card service does not run."
            },
        ),
        T::PermissionDenied => (
            ErrorCode::Permission,
            "The smart card service refuses you. Over ssh and in services polkit allows nobody unless a rule for \
             org.debian.pcsc-lite.access_pcsc and access_card says so.",
        ),
        T::NoReader => (ErrorCode::NoReader, "The reader is no longer there."),
        T::NoCard => (ErrorCode::NoCard, "There is no card in the reader."),
        T::Removed => (ErrorCode::CardRemoved, "The card was removed."),
        T::Reset => (
            ErrorCode::CardReset,
            "Another program reset the card in the middle. Look at the card before you try again.",
        ),
        T::Busy => return busy(&[]),
        T::Mute => (ErrorCode::Mute, "The card does not answer. Is it the right way round?"),
        T::Cancelled => (ErrorCode::NoService, "The agent is ending."),
        T::Failed(name) => {
            return Error::new(ErrorCode::CardError, format!("The reader failed: {name}. Try again."));
        }
    };
    Error::new(code, words)
}

/// Another program keeps the card; these may be it.
pub(crate) fn busy(holders: &[String]) -> Error {
    let words =
        format!("Another program keeps the card for itself{}. Try again when it is done.", one_of(holders));
    Error::new(ErrorCode::Busy, words)
}

/// Nobody waits any longer for another program to let go of the card; these may be it.
pub(crate) fn given_up(holders: &[String]) -> Error {
    let words = format!(
        "Another program keeps the card{}. Nothing was sent to it; try again when that program is done.",
        one_of(holders)
    );
    Error::new(ErrorCode::Busy, words)
}

/// The end of a sentence that names programs, where there is one to name.
fn one_of(holders: &[String]) -> String {
    match holders {
        [] => String::new(),
        [only] => format!(": {only}"),
        several => format!(", one of these: {}", several.join(", ")),
    }
}

/// A failure of a card's application.
pub(crate) fn card(error: &CardError) -> Error {
    use CardError as C;
    let (code, words) = match error {
        C::Transport(error) => return transport(error),
        C::UnknownCard => {
            (ErrorCode::UnknownCard, "Kortti does not know this kind of card. `kortti info` lists those it knows.".to_owned())
        }
        C::NotInitialised => {
            (ErrorCode::NotInitialised, "The card is empty; ask your administrator to initialise it.".to_owned())
        }
        C::WrongPin { role, tries_left } => return wrong_pin(*role, *tries_left),
        C::PinBlocked { role } => return blocked(*role),
        C::PinRefused => (
            ErrorCode::PinPolicy,
            "The card refuses this as a new PIN, for its length or its characters. The old one is unchanged."
                .to_owned(),
        ),
        C::ManagementKeyNeeded => (
            ErrorCode::ManagementKeyNeeded,
            "Writing to this card needs its management key. Whoever set up the card has it. Nothing was sent."
                .to_owned(),
        ),
        C::WrongManagementKey => (
            ErrorCode::WrongManagementKey,
            "Wrong management key. The card does not count tries of it; nothing was written.".to_owned(),
        ),
        C::Untouched => (
            ErrorCode::NotTouched,
            "Nobody touched the device while it blinked. Try again, and touch it then.".to_owned(),
        ),
        C::PadEnded(end) => return pad_ended(*end),
        C::WrongResponse { tries_left } => {
            let words = "The response was not accepted, and the challenge is used up. Cards allow few wrong \
                         responses: make sure of the admin key, then start again with `kortti unblock`.";
            return Error { tries_left: *tries_left, ..Error::new(ErrorCode::WrongResponse, words) };
        }
        C::ChallengeVoid(reason) => return void(*reason),
        C::NotFound(what) => (ErrorCode::NotFound, format!("There is no {what} on the card.")),
        C::NotSupported(what) => (ErrorCode::NotSupported, format!("This card cannot do that: {what}.")),
        C::NoMatchingKey => (
            ErrorCode::NoMatchingKey,
            "This certificate belongs to no key on the card, or not to the one in the slot that was chosen. Leave the \
             slot out, or import the certificate together with its key, from a .pfx or .p12 file."
                .to_owned(),
        ),
        C::KeyNotSupported(why) => (ErrorCode::NotSupported, format!("The card does not take this key: {why}.")),
        C::CardFull(what) => (
            ErrorCode::CardFull,
            format!("The card has no room for {what}. Delete a certificate that is no longer needed."),
        ),
        C::Damaged(what) => {
            (ErrorCode::Damaged, format!("Damaged on the card: {what}. `kortti card repair` mends what it can."))
        }
        C::Unexpected { command, status } => (
            ErrorCode::CardError,
            format!("The card refused {command} with the status word {status:04X}."),
        ),
        C::Malformed(what) => (ErrorCode::CardError, format!("The card's answer to {what} makes no sense.")),
        C::WriteFailed { cause, restored } => {
            let cause = card(cause);
            let after = if *restored {
                "Everything was put back: the card is as it was."
            } else {
                "It could not be put back: run `kortti card repair`."
            };
            // A card that is full, or has no keys of that size, and is as it was: nobody needs to know that it was
            // tried.
            let code = match cause.code {
                code @ (ErrorCode::CardFull | ErrorCode::NotSupported) if *restored => code,
                _ => ErrorCode::WriteFailed,
            };
            return Error { code, message: format!("{} {after}", cause.message), tries_left: cause.tries_left };
        }
    };
    Error::new(code, words)
}

/// The reader's pad gave no PIN to the card.
fn pad_ended(end: PadEnd) -> Error {
    let (code, words) = match end {
        PadEnd::TimedOut => (ErrorCode::NotTyped, "No PIN was typed on the reader in time. No try was used."),
        PadEnd::Cancelled => (ErrorCode::NotTyped, "You cancelled on the reader. No try was used."),
        PadEnd::Differ => (
            ErrorCode::PinPolicy,
            "The new PIN was typed differently the second time. The old one is unchanged; try again.",
        ),
        PadEnd::Length => (
            ErrorCode::PinPolicy,
            "What was typed on the reader is too short or too long for a PIN. No try was used.",
        ),
        PadEnd::Refused => (
            ErrorCode::NotSupported,
            "The reader cannot take this PIN on its pad. No try was used. Use a reader without a pad.",
        ),
    };
    Error::new(code, words)
}

/// What a reader shows when its card cannot be identified.
pub(crate) fn unusable(error: &CardError) -> ReaderState {
    match error {
        CardError::UnknownCard => ReaderState::UnknownCard,
        CardError::Transport(TransportError::Busy) => ReaderState::Busy,
        CardError::Transport(TransportError::Mute) => ReaderState::Mute,
        _ => ReaderState::Failed,
    }
}

/// The PIN was wrong; for the administrator's role, the PUK.
fn wrong_pin(role: Role, tries_left: Option<u8>) -> Error {
    let (name, then) = match role {
        Role::ADMIN => ("PUK", "Only the card's issuer can help now."),
        Role::GLOBAL => ("global PIN", "Only the card's issuer can help now."),
        _ => ("PIN", "Use `kortti unblock`."),
    };
    let words = match tries_left {
        Some(0) => format!("Wrong {name}. No try is left: the {name} is blocked. {then}"),
        Some(1) => format!("Wrong {name}. One try is left; a further wrong {name} blocks it."),
        Some(tries) => format!("Wrong {name}. {tries} tries are left."),
        None => format!("Wrong {name}. The card does not tell how many tries are left."),
    };
    Error { tries_left, ..Error::new(ErrorCode::WrongPin, words) }
}

/// No try is left.
pub(crate) fn blocked(role: Role) -> Error {
    let words = match role {
        Role::ADMIN => {
            "The card takes no PUK and no response any more: no try is left. Only the card's issuer can help now."
        }
        Role::GLOBAL => "The global PIN is blocked. Only the card's issuer can help now.",
        _ => "The PIN is blocked. Use `kortti unblock`.",
    };
    Error { tries_left: Some(0), ..Error::new(ErrorCode::PinBlocked, words) }
}

/// The challenge cannot be answered any more.
pub(crate) fn void(reason: VoidReason) -> Error {
    let words = format!("{} Nothing was sent. Start again with `kortti unblock`.", void_words(reason));
    Error::new(ErrorCode::ChallengeVoid, words)
}

/// Why it cannot, as a sentence.
pub(crate) fn void_words(reason: VoidReason) -> &'static str {
    match reason {
        VoidReason::None => {
            "There is no challenge: none was taken since the agent was started and the reader was plugged in."
        }
        VoidReason::Removed => "The card was removed after the challenge was taken.",
        VoidReason::Reset => "Another program reset the card after the challenge was taken.",
        VoidReason::Disturbed => "Another program used the card after the challenge was taken.",
        VoidReason::Service => "The smart card service went away after the challenge was taken.",
        VoidReason::Answered => "The challenge has been answered, and the PIN is unblocked.",
        VoidReason::Refused => "The challenge has been used up by a response that did not unblock the card.",
        VoidReason::Cancelled => "The challenge was given up.",
        VoidReason::Expired => {
            "The challenge waited for longer than the settings of this machine allow, and was given up."
        }
    }
}

/// Why a challenge is void after such a failure.
pub(crate) fn void_reason(error: &TransportError) -> VoidReason {
    match error {
        TransportError::Reset => VoidReason::Reset,
        TransportError::ServiceDown | TransportError::PermissionDenied | TransportError::Cancelled => {
            VoidReason::Service
        }
        TransportError::Busy => VoidReason::Disturbed,
        _ => VoidReason::Removed,
    }
}
