//! How a run ends: the exit code of every failure, decided here and nowhere else.

use shared::ErrorCode;

/// Why a command did not do what it was told.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It could not.
    Error(shared::Error),
    /// The person said no, or pressed Ctrl-C at a question.
    Cancelled,
    /// Whoever read the output has gone: no failure of ours.
    OutputClosed,
    /// Another program that was started for it ended with this code, and has said why itself.
    Ended(u8),
}

impl From<shared::Error> for Failure {
    fn from(error: shared::Error) -> Self {
        Self::Error(error)
    }
}

/// A failure found by this program.
pub(crate) fn failure(code: ErrorCode, message: impl Into<String>) -> Failure {
    Failure::Error(shared::Error::new(code, message))
}

/// A failure found in the command line or what came with it.
pub(crate) fn usage(message: impl Into<String>) -> Failure {
    failure(ErrorCode::BadRequest, message)
}

/// The exit code of a run that was cancelled, as shells have it for an interrupt.
pub(crate) const CANCELLED: u8 = 130;

impl Failure {
    /// The exit code.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Error(error) => exit_code(error.code),
            Self::Cancelled => CANCELLED,
            Self::OutputClosed => 0,
            Self::Ended(code) => *code,
        }
    }
}

fn exit_code(code: ErrorCode) -> u8 {
    use ErrorCode as E;
    match code {
        E::BadRequest | E::SeveralCards => 2,
        E::NoAgent | E::ProtocolVersion => 3,
        E::NoService | E::NoReader | E::NoCard | E::CardRemoved => 4,
        E::WrongPin | E::WrongManagementKey | E::WrongResponse => 5,
        E::PinBlocked => 6,
        E::LastTry
        | E::Forbidden
        | E::PinPolicy
        | E::BadResponse
        | E::ManagementKeyNeeded
        | E::WouldOverwrite => 7,
        E::Busy => 8,
        E::ChallengeVoid => 9,
        E::UnknownCard | E::NotInitialised | E::NotSupported => 10,
        E::Permission => 11,
        E::NotTyped => CANCELLED,
        E::Mute
        | E::CardReset
        | E::CardChanged
        | E::BadFile
        | E::FilePassword
        | E::NotTouched
        | E::NoMatchingKey
        | E::NotFound
        | E::CardFull
        | E::Damaged
        | E::WriteFailed
        | E::CardError
        | E::System => 1,
        // A code of a later agent.
        _ => 1,
    }
}

/// Every exit code and what it says.
const TABLE: &[(u8, &str)] = &[
    (0, "done"),
    (1, "failure"),
    (2, "usage: the command line, or several cards fit and none was named"),
    (3, "the agent cannot be reached"),
    (4, "no reader, no card or no smart card service"),
    (5, "wrong PIN, PUK, response or management key"),
    (6, "the PIN is blocked"),
    (
        7,
        "refused before anything was sent: policy, last try, mistyped response, no management key,\n       \
         a private key that would be lost",
    ),
    (8, "another program uses the card"),
    (9, "the challenge is void"),
    (10, "this card does not support it"),
    (11, "no permission"),
    (CANCELLED, "cancelled, at the terminal or on the keys of the reader"),
];

/// The table as `--help` shows it.
pub(crate) fn help() -> String {
    let lines: String = TABLE.iter().map(|(code, meaning)| format!("\n  {code:>3}  {meaning}")).collect();
    format!("Exit codes:{lines}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const CODES: &[(&str, u8)] = &[
        ("bad_request", 2),
        ("no_agent", 3),
        ("protocol_version", 3),
        ("no_service", 4),
        ("permission", 11),
        ("no_reader", 4),
        ("no_card", 4),
        ("several_cards", 2),
        ("unknown_card", 10),
        ("not_initialised", 10),
        ("mute", 1),
        ("busy", 8),
        ("card_removed", 4),
        ("card_reset", 1),
        ("card_changed", 1),
        ("wrong_pin", 5),
        ("pin_blocked", 6),
        ("last_try", 7),
        ("management_key_needed", 7),
        ("wrong_management_key", 5),
        ("would_overwrite", 7),
        ("not_touched", 1),
        ("forbidden", 7),
        ("pin_policy", 7),
        ("not_typed", 130),
        ("wrong_response", 5),
        ("bad_response", 7),
        ("challenge_void", 9),
        ("bad_file", 1),
        ("file_password", 1),
        ("no_matching_key", 1),
        ("not_found", 1),
        ("card_full", 1),
        ("not_supported", 10),
        ("damaged", 1),
        ("write_failed", 1),
        ("card_error", 1),
        ("system", 1),
    ];

    #[test]
    fn every_error_code_has_its_exit_code() {
        for (name, code) in CODES {
            let error: ErrorCode = serde_json::from_value((*name).into()).unwrap();
            assert_eq!(exit_code(error), *code, "{name}");
            assert!(TABLE.iter().any(|(listed, _)| listed == code), "{code} is not in the help");
        }
        assert_eq!(Failure::Cancelled.exit_code(), 130);
        assert_eq!(Failure::OutputClosed.exit_code(), 0);
    }

    #[test]
    fn the_page_of_the_protocol_says_the_same() {
        let page = include_str!("../../docs/protocol.md");
        let mut told = BTreeSet::new();
        for row in page.lines().filter(|line| line.starts_with("| `")) {
            let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
            let [names, _, code] = cells.as_slice() else { continue };
            let Ok(code) = code.parse::<u8>() else { continue };
            told.extend(names.split(", ").map(|name| (name.trim_matches('`').to_owned(), code)));
        }
        assert_eq!(told, CODES.iter().map(|(name, code)| ((*name).to_owned(), *code)).collect());
    }

    /// The enumeration cannot be walked, so its source is: a code that is added there must be added here.
    #[test]
    fn the_table_is_complete() {
        let source = include_str!("../../shared/src/error.rs");
        let (_, rest) = source.split_once("pub enum ErrorCode {").unwrap();
        let (variants, _) = rest.split_once("\n}").unwrap();
        let names: BTreeSet<String> = variants
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with("//") && !line.starts_with('#'))
            .map(|line| {
                let name = line.trim_end_matches(',');
                name.char_indices().fold(String::new(), |mut snake, (at, letter)| {
                    if letter.is_uppercase() && at > 0 {
                        snake.push('_');
                    }
                    snake.push(letter.to_ascii_lowercase());
                    snake
                })
            })
            .collect();
        assert_eq!(names, CODES.iter().map(|(name, _)| (*name).to_owned()).collect());
    }
}
