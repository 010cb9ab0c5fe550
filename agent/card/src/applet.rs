//! A selected application: long commands go out in a chain, long answers are fetched to their end, and the trace
//! shows no secret.

use zeroize::Zeroizing;

use crate::apdu::{self, Command, Response, StatusWord};
use crate::error::{Error, Result};
use crate::transport::Transaction;

/// The most that one answer may have, all parts together. A card that sends more is broken or hostile.
const MAX_ANSWER: usize = 256 * 1024;

/// The fewest bytes that the parts of an answer may have on average. No card has a buffer so small; one that
/// deals out its answer byte by byte would keep everybody else waiting for hours.
const MIN_PART: usize = 32;
/// So many parts may be smaller.
const SMALL_PARTS: usize = 16;

/// CLA: no secure messaging, basic channel, last or only command of a chain (ISO 7816-4 table 2).
const LAST: u8 = 0x00;
/// CLA: more commands of the chain follow.
const MORE: u8 = 0x10;
/// INS of GET RESPONSE.
const GET_RESPONSE: u8 = 0xC0;

/// An application on a card, within one transaction.
pub struct Applet<'t> {
    transaction: &'t mut dyn Transaction,
    /// Data bytes of one command in a chain, at most [`apdu::MAX_SHORT_DATA`].
    chunk: usize,
    secret_sent: bool,
}

impl<'t> Applet<'t> {
    /// Speaks to the card of this transaction. Commands with more than `chunk` data bytes are chained.
    pub fn new(transaction: &'t mut dyn Transaction, chunk: usize) -> Self {
        Self { transaction, chunk: chunk.clamp(1, apdu::MAX_SHORT_DATA), secret_sent: false }
    }

    /// Whether a sensitive command has been sent: it may have cost a try, whatever came back.
    pub fn secret_sent(&self) -> bool {
        self.secret_sent
    }

    /// Sends a command and collects the whole answer. Every status word is returned, none is an error here.
    ///
    /// # Errors
    /// [`Error::Transport`], and [`Error::Malformed`] for an answer without a status word or without an end.
    pub fn send(&mut self, command: &Command<'_>) -> Result<Response> {
        let response = self.exchange(command);
        match &response {
            Ok(response) => {
                tracing::trace!(?command, status = ?response.status, bytes = response.data.len());
            }
            Err(error) => tracing::trace!(?command, %error),
        }
        response
    }

    /// As [`Applet::send`], for commands that know no other answer than 9000.
    ///
    /// # Errors
    /// As for `send`, and [`Error::Unexpected`].
    pub fn expect(&mut self, command: &Command<'_>) -> Result<Vec<u8>> {
        let response = self.send(command)?;
        match response.status {
            StatusWord::OK => Ok(response.data),
            status => Err(Error::Unexpected { command: command.name, status: status.0 }),
        }
    }

    fn exchange(&mut self, command: &Command<'_>) -> Result<Response> {
        let data = command.data.bytes();
        let (head, last) = data.split_at(data.len().saturating_sub(1) / self.chunk * self.chunk);
        for part in head.chunks(self.chunk) {
            let apdu = apdu::encode(MORE, command.instruction, command.parameters, part, false);
            let response = self.transmit(command, &apdu)?;
            if response.status != StatusWord::OK {
                return Ok(response);
            }
        }
        let mut apdu = apdu::encode(LAST, command.instruction, command.parameters, last, command.expects);
        let mut response = self.transmit(command, &apdu)?;
        if let Some(exact) = response.status.exact_length().filter(|_| !command.data.is_sensitive()) {
            if command.expects {
                apdu.pop();
            }
            apdu.push(exact);
            response = self.transmit(command, &apdu)?;
        }
        self.fetch_rest(command, response)
    }

    fn fetch_rest(&mut self, command: &Command<'_>, mut response: Response) -> Result<Response> {
        let mut parts = 0;
        while let Some(waiting) = response.status.waiting() {
            parts += 1;
            let apdu = Zeroizing::new(vec![LAST, GET_RESPONSE, 0, 0, waiting]);
            let part = self.transmit(command, &apdu)?;
            response.data.extend_from_slice(&part.data);
            let length = response.data.len();
            if length > MAX_ANSWER || parts > SMALL_PARTS + length / MIN_PART {
                return Err(Error::Malformed(command.name));
            }
            response.status = part.status;
        }
        Ok(response)
    }

    fn transmit(&mut self, command: &Command<'_>, apdu: &[u8]) -> Result<Response> {
        self.secret_sent |= command.data.is_sensitive();
        let mut data = self.transaction.transmit(apdu)?;
        let status = match data.as_slice() {
            [.., sw1, sw2] => StatusWord(u16::from_be_bytes([*sw1, *sw2])),
            _ => return Err(Error::Malformed(command.name)),
        };
        data.truncate(data.len() - 2);
        Ok(Response { data, status })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apdu::Data;
    use crate::transport;

    /// A card with so many bytes to tell, in parts of so many.
    struct Talker {
        left: usize,
        part: usize,
        exchanges: usize,
    }

    impl Transaction for Talker {
        fn transmit(&mut self, _: &[u8]) -> transport::Result<Vec<u8>> {
            self.exchanges += 1;
            let part = self.part.min(self.left);
            self.left -= part;
            let mut answer = vec![7; part];
            answer.extend_from_slice(if self.left > 0 { &[0x61, 0x00] } else { &[0x90, 0x00] });
            Ok(answer)
        }

        fn keep_alive(&mut self) -> transport::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn an_answer_comes_to_its_end() {
        for (bytes, part, whole, most) in [
            (65_000, 256, true, 254),
            (65_000, 61, true, 1066),
            (200, 16, true, 14),
            (MAX_ANSWER, 256, true, 1024),
            (MAX_ANSWER + 1, 256, false, 1025),
            (65_000, 1, false, 20),
            (65_000, 0, false, 20),
            (65_000, 31, false, 600),
        ] {
            let mut card = Talker { left: bytes, part, exchanges: 0 };
            let command =
                Command { name: "X", instruction: 0xCB, parameters: [0; 2], data: Data::None, expects: true };
            let answer = Applet::new(&mut card, 240).send(&command);
            match answer {
                Ok(answer) => assert!(whole && answer.data.len() == bytes, "{bytes} in {part}"),
                Err(error) => assert!(!whole && matches!(error, Error::Malformed("X")), "{bytes} in {part}"),
            }
            assert!(card.exchanges <= most, "{bytes} in {part}: {} exchanges", card.exchanges);
        }
    }
}
