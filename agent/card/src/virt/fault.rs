//! What a virtual card can be told to do wrong.

use serde::Deserialize;

/// One fault at one APDU; it happens once.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// At which APDU, counted from when the fault was injected: 1 is the next one.
    pub nth: u32,
    /// Counts only APDUs with this instruction byte.
    #[serde(default)]
    pub instruction: Option<u8>,
    /// What happens.
    pub then: FaultKind,
}

impl Fault {
    /// A fault at the nth APDU of any kind.
    pub fn at(nth: u32, then: FaultKind) -> Self {
        Self { nth, instruction: None, then }
    }

    /// A fault at the nth APDU with this instruction byte.
    pub fn at_instruction(instruction: u8, nth: u32, then: FaultKind) -> Self {
        Self { nth, instruction: Some(instruction), then }
    }
}

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// The card is gone before it sees the APDU.
    RemovedBefore,
    /// The card executes the APDU and is gone before its answer is read.
    RemovedAfter,
    /// The card answers this status word and does not execute the APDU.
    Status(u16),
    /// The card answers so many milliseconds later.
    Delay(u64),
    /// Another program resets the card before it sees the APDU.
    Reset,
}

/// An APDU that a card was sent, without its data: they may hold a PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// CLA.
    pub class: u8,
    /// INS.
    pub instruction: u8,
    /// P1 and P2.
    pub parameters: u16,
    /// Bytes of the whole APDU.
    pub length: usize,
    /// Whether the card saw it.
    pub executed: bool,
    /// The status word that was given back, if any was.
    pub status: Option<u16>,
}
