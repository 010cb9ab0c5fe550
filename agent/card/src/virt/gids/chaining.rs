//! Commands in several parts, and answers in several parts (card-gids.md 2).

use zeroize::Zeroizing;

use super::command::Command;
use super::files::APPLICATION;
use super::{Answer, Gids, status};

/// Instructions that may be chained.
const GENERATE: u8 = 0x47;
const PERFORM: u8 = 0x2A;
const PUT_DATA: u8 = 0xDB;

/// Room for the data of a chained cryptogram: more than the largest key needs.
const OPERATION_BUFFER: usize = 1220;

/// A chain whose last command has not come.
pub(super) struct Chain {
    instruction: u8,
    p1p2: u16,
    /// Data collected so far; never grows beyond what it was made for, since it may hold a key.
    buffer: Zeroizing<Vec<u8>>,
    /// How far an object has been written.
    part: Part,
}

/// Where in an object a command of PUT DATA stands.
#[derive(Clone, Copy)]
pub(super) enum Part {
    /// At its beginning.
    First,
    /// After so many bytes.
    Next {
        /// The object.
        tag: u16,
        /// Bytes, with tag and length.
        written: usize,
    },
}

impl Gids {
    /// Whether the command may come now: while a chain is open, only its own continuation may.
    pub(super) fn check_chain(&self, command: &Command<'_>) -> Result<(), u16> {
        let chainable = matches!(command.instruction, GENERATE | PERFORM | PUT_DATA);
        match &self.session.chain {
            None if command.more() && !chainable => Err(status::CHAINING),
            None => Ok(()),
            Some(_) if !chainable => Err(status::CHAINING),
            Some(chain) if (chain.instruction, chain.p1p2) != (command.instruction, command.p1p2()) => {
                Err(status::OTHER_CHAIN)
            }
            Some(_) => Ok(()),
        }
    }

    /// Carries out a command that may be chained. A link that was refused leaves the chain open: only its last
    /// command, a SELECT of the application or a reset ends it.
    pub(super) fn chained(&mut self, command: &Command<'_>) -> Answer {
        let mut chain = self.session.chain.take().unwrap_or_else(|| Chain {
            instruction: command.instruction,
            p1p2: command.p1p2(),
            buffer: Zeroizing::new(Vec::new()),
            part: Part::First,
        });
        let answer = self.link(command, &mut chain);
        if command.more() {
            self.session.chain = Some(chain);
        }
        answer
    }

    fn link(&mut self, command: &Command<'_>, chain: &mut Chain) -> Answer {
        if command.instruction == PUT_DATA && command.p1p2() != APPLICATION {
            chain.part = self.put_object(command, chain.part)?;
            return Ok(Vec::new());
        }
        let room = if command.instruction == PUT_DATA { self.key_buffer() } else { OPERATION_BUFFER };
        if chain.buffer.capacity() == 0 {
            chain.buffer.reserve_exact(room);
        }
        if chain.buffer.len() + command.data.len() > room {
            return Err(status::FULL);
        }
        chain.buffer.extend_from_slice(command.data);
        if command.more() {
            return Ok(Vec::new());
        }
        match command.instruction {
            PUT_DATA => self.put_key(&chain.buffer),
            GENERATE => self.generate(command, &chain.buffer),
            _ => self.perform_security_operation(command, &chain.buffer),
        }
    }

    /// Gives out an answer, as much of it as was asked for, and keeps the rest for GET RESPONSE.
    pub(super) fn give(&mut self, mut answer: Vec<u8>, expected: usize) -> Vec<u8> {
        let now = answer.len().min(expected).min(self.options.answer_part.clamp(1, 256));
        self.session.waiting = answer.split_off(now);
        let status = match self.session.waiting.len() {
            0 => status::OK,
            waiting => 0x6100 | u16::from(u8::try_from(waiting).unwrap_or(0)),
        };
        answer.extend_from_slice(&status.to_be_bytes());
        answer
    }
}
