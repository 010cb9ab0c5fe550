//! A selected application: long commands go out in a chain, long answers are fetched to their end, and the trace
//! shows no secret.

use zeroize::Zeroizing;

use crate::apdu::{self, Command, Response, StatusWord};
use crate::error::{Error, Result};
use crate::transport::Transaction;

/// The most that one answer may have, all parts together. A card that sends more is broken or hostile.
const MAX_ANSWER: usize = 256 * 1024;

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
        while let Some(waiting) = response.status.waiting() {
            let apdu = Zeroizing::new(vec![LAST, GET_RESPONSE, 0, 0, waiting]);
            let part = self.transmit(command, &apdu)?;
            if part.data.is_empty() && part.status.waiting().is_some()
                || response.data.len() + part.data.len() > MAX_ANSWER
            {
                return Err(Error::Malformed(command.name));
            }
            response.data.extend_from_slice(&part.data);
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
