//! Commands in several parts, and answers in several parts (card-piv.md 2.2).

use zeroize::Zeroizing;

use super::command::Command;
use super::{Answer, GENERAL_AUTHENTICATE, GET_RESPONSE, Piv, VERIFY, status};

/// The most that a chain may carry: more than the largest object and the largest key need.
const ROOM: usize = 4096;

/// A chain whose last command has not come.
pub(super) struct Chain {
    /// INS, P1, P2.
    head: [u8; 3],
    /// Data collected so far; never grows beyond what it was made for, since it may hold a key.
    buffer: Zeroizing<Vec<u8>>,
}

impl Piv {
    /// A command as it comes: completes chains, and gives out what waits.
    pub(super) fn receive(&mut self, command: &Command<'_>) -> Answer {
        let answer = self.link(command);
        // The parts of one command are one command.
        let goes_on = command.instruction == GENERAL_AUTHENTICATE && command.more();
        if self.options.strict_always && command.instruction != VERIFY && !goes_on {
            self.session.fresh = false;
        }
        answer
    }

    fn link(&mut self, command: &Command<'_>) -> Answer {
        if command.class & 0x0C != 0 {
            return Err(status::SECURE_MESSAGING);
        }
        if command.class & 0xE0 != 0 {
            return Err(status::CLASS);
        }
        let chain = self.session.chain.take();
        if command.instruction == GET_RESPONSE {
            return match std::mem::take(&mut self.session.waiting) {
                waiting if waiting.is_empty() => Err(status::CONDITIONS),
                waiting => Ok(waiting),
            };
        }
        // An answer that nobody fetched is lost with the next command.
        self.session.waiting.clear();
        // What is not the continuation ends the chain, and may begin another one.
        let chain = chain.filter(|chain| command.continues(chain.head));
        if chain.is_none() && !command.more() {
            return self.process(command);
        }
        let mut chain = chain.unwrap_or_else(|| Chain {
            head: [command.instruction, command.p1, command.p2],
            buffer: Zeroizing::new(Vec::with_capacity(ROOM)),
        });
        if chain.buffer.len() + command.data.len() > ROOM {
            return Err(status::LENGTH);
        }
        chain.buffer.extend_from_slice(command.data);
        if !command.more() {
            return self.process(&Command { data: &chain.buffer, ..*command });
        }
        self.session.chain = Some(chain);
        Ok(Vec::new())
    }

    /// Gives out an answer, as much of it as was asked for, and keeps the rest for GET RESPONSE.
    pub(super) fn give(&mut self, mut answer: Vec<u8>, expected: usize) -> Vec<u8> {
        let now = answer.len().min(expected);
        self.session.waiting = answer.split_off(now);
        let status = match self.session.waiting.len() {
            0 => status::OK,
            waiting => 0x6100 | u16::from(u8::try_from(waiting).unwrap_or(0)),
        };
        answer.extend_from_slice(&status.to_be_bytes());
        answer
    }
}
