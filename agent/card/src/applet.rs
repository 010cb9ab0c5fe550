//! A selected application: long commands go out in a chain or with an extended length, long answers are fetched to
//! their end, PINs are typed on the reader, and the trace shows no secret.

use zeroize::{Zeroize as _, Zeroizing};

use crate::apdu::{self, Command, Response, StatusWord};
use crate::atr;
use crate::error::{Error, Result};
use crate::pin_pad::{self, Form};
use crate::transport::Transaction;
use crate::transport::features::Features;

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
    /// Whether card and reader pass extended lengths; no length is then beyond them.
    extended: bool,
    /// What the reader can do, once it has been asked.
    features: Option<Features>,
    secret_sent: bool,
}

impl<'t> Applet<'t> {
    /// Speaks to the card of this transaction. Commands with more than `chunk` data bytes are chained.
    pub fn new(transaction: &'t mut dyn Transaction, chunk: usize) -> Self {
        Self {
            transaction,
            chunk: chunk.clamp(1, apdu::MAX_SHORT_DATA),
            extended: false,
            features: None,
            secret_sent: false,
        }
    }

    /// Uses extended lengths from now on, if the card says in its answer to reset that it knows them and the
    /// reader's driver that it passes them on in their full length. A long command then goes out at once, and a long
    /// answer comes at once. Asks the driver and not the card.
    pub fn allow_extended(&mut self) {
        self.extended =
            atr::allows_extended(self.transaction.atr()) && self.features().passes(apdu::MAX_EXTENDED_ANSWER);
    }

    /// What the reader can do beside passing commands on. Asks its driver once.
    pub fn features(&mut self) -> &Features {
        let transaction = &mut *self.transaction;
        self.features.get_or_insert_with(|| Features::read(transaction))
    }

    /// Lets a person type a PIN on the reader's pad, which puts it into this command and sends it to the card. Takes
    /// as long as the person does. `command` has no data of its own; its PIN is in no memory of this machine.
    ///
    /// # Errors
    /// [`Error::PadEnded`] when the reader sent nothing to the card, [`Error::NotSupported`] when it has no such pad,
    /// and those of [`Applet::send`].
    pub fn enter_pin(&mut self, command: &Command<'_>, form: &Form) -> Result<Response> {
        let [p1, p2] = command.parameters;
        let header = [LAST, command.instruction, p1, p2];
        let (code, request) = pin_pad::request(header, form, self.features())
            .ok_or(Error::NotSupported("the reader has no pad for this PIN"))?;
        self.secret_sent = true;
        let answer = self.transaction.control(code, &request).map_err(Error::from);
        let response = answer.and_then(|answer| response(command, answer));
        match &response {
            Ok(response) => tracing::trace!(?command, status = ?response.status, "typed on the reader"),
            Err(error) => tracing::trace!(?command, %error, "typed on the reader"),
        }
        let response = response?;
        match pin_pad::end(response.status.0) {
            Some(end) => Err(Error::PadEnded(end)),
            None => Ok(response),
        }
    }

    /// The card's answer to reset. Empty when the reader did not tell.
    pub fn atr(&self) -> &[u8] {
        self.transaction.atr()
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

    /// One exchange, in short form: of a long answer the first part, of at most `expected` bytes (0 stands for 256).
    /// What the card keeps for GET RESPONSE stays with it.
    ///
    /// # Errors
    /// As for `send`.
    pub fn send_for_part(&mut self, command: &Command<'_>, expected: u8) -> Result<Response> {
        let mut apdu =
            apdu::encode(LAST, command.instruction, command.parameters, command.data.bytes(), false);
        apdu.push(expected);
        let response = self.transmit(command, &apdu)?;
        tracing::trace!(?command, status = ?response.status, bytes = response.data.len());
        Ok(response)
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
        if self.extended
            && let Some(response) = self.exchange_extended(command)?
        {
            return self.fetch_rest(command, response);
        }
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

    /// One command of extended length, where that spares others. `None` where it does not, and when the card does
    /// not take it after all: then nothing has happened, and it is sent short.
    fn exchange_extended(&mut self, command: &Command<'_>) -> Result<Option<Response>> {
        let data = command.data.bytes();
        if data.len() > apdu::MAX_EXTENDED_DATA || !(command.expects || data.len() > self.chunk) {
            return Ok(None);
        }
        let apdu =
            apdu::encode_extended(LAST, command.instruction, command.parameters, data, command.expects);
        let response = self.transmit(command, &apdu)?;
        let is_short = data.len() <= apdu::MAX_SHORT_DATA;
        if response.status == StatusWord::LENGTH && !command.data.is_sensitive() {
            self.extended = false;
            return Ok(None);
        }
        // With 6Cxx the card wants a length that a short command can say.
        let again = response.status.exact_length().is_some() && is_short && !command.data.is_sensitive();
        Ok(Some(response).filter(|_| !again))
    }

    fn fetch_rest(&mut self, command: &Command<'_>, mut response: Response) -> Result<Response> {
        let mut parts = 0;
        while let Some(waiting) = response.status.waiting() {
            parts += 1;
            let apdu = Zeroizing::new(vec![LAST, GET_RESPONSE, 0, 0, waiting]);
            let part = self.transmit(command, &apdu)?;
            append(&mut response.data, part.data);
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
        response(command, self.transaction.transmit(apdu)?)
    }
}

/// Puts the next part of an answer behind the others. An answer may hold a management key, so that nothing of it is
/// left in memory that was given back.
fn append(whole: &mut Vec<u8>, mut part: Vec<u8>) {
    if whole.capacity() - whole.len() < part.len() {
        let mut wider = Vec::with_capacity(2 * (whole.len() + part.len()));
        wider.extend_from_slice(whole);
        whole.zeroize();
        *whole = wider;
    }
    whole.extend_from_slice(&part);
    part.zeroize();
}

/// Parts the status word from the data.
fn response(command: &Command<'_>, mut answer: Vec<u8>) -> Result<Response> {
    let status = match answer.as_slice() {
        [.., sw1, sw2] => StatusWord(u16::from_be_bytes([*sw1, *sw2])),
        _ => return Err(Error::Malformed(command.name)),
    };
    answer.truncate(answer.len() - 2);
    Ok(Response { data: answer, status })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::*;
    use crate::apdu::Data;
    use crate::pin_pad::{Asked, Block};
    use crate::transport;

    /// A card with so many bytes to tell, in parts of so many.
    struct Talker {
        left: usize,
        part: usize,
        exchanges: usize,
    }

    impl Transaction for Talker {
        fn atr(&self) -> &[u8] {
            &[]
        }

        fn control(&mut self, _: u32, _: &[u8]) -> transport::Result<Vec<u8>> {
            Err(transport::Error::Failed("SCARD_E_UNSUPPORTED_FEATURE".to_owned()))
        }

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

    /// A YubiKey 5's answer to reset.
    const EXTENDED: &[u8] = b"\x3B\xFD\x13\x00\x00\x81\x31\xFE\x15\x80\x73\xC0\x21\xC0\x57YubiKey\x40";
    /// Properties of a reader: its greatest data field.
    const LONG: &[u8] = b"\x0A\x04\x00\x00\x01\x00";
    const SHORT: &[u8] = b"\x0A\x04\x05\x01\x00\x00";

    /// A card and a reader that answer what they are told to. Keeps the lengths of the APDUs.
    struct Told {
        atr: &'static [u8],
        properties: &'static [u8],
        pad_answers: &'static [u8],
        answer: fn(&[u8]) -> Vec<u8>,
        lengths: Vec<usize>,
        driver_asked: usize,
    }

    impl Told {
        fn new(atr: &'static [u8], properties: &'static [u8], answer: fn(&[u8]) -> Vec<u8>) -> Self {
            Self { atr, properties, pad_answers: &[], answer, lengths: Vec::new(), driver_asked: 0 }
        }
    }

    impl Transaction for Told {
        fn atr(&self) -> &[u8] {
            self.atr
        }

        fn control(&mut self, code: u32, _: &[u8]) -> transport::Result<Vec<u8>> {
            self.driver_asked += 1;
            Ok(match code {
                18 => self.properties.to_vec(),
                6 | 7 => self.pad_answers.to_vec(),
                _ => b"\x06\x04\x00\x00\x00\x06\x07\x04\x00\x00\x00\x07\x12\x04\x00\x00\x00\x12".to_vec(),
            })
        }

        fn transmit(&mut self, command: &[u8]) -> transport::Result<Vec<u8>> {
            self.lengths.push(command.len());
            Ok((self.answer)(command))
        }

        fn keep_alive(&mut self) -> transport::Result<()> {
            Ok(())
        }
    }

    fn command(data: Data<'_>, expects: bool) -> Command<'_> {
        Command { name: "X", instruction: 0xCB, parameters: [0x3F, 0xFF], data, expects }
    }

    #[test]
    fn extended_lengths_where_card_and_reader_have_them() {
        fn ok(_: &[u8]) -> Vec<u8> {
            vec![0x90, 0x00]
        }
        fn whole(command: &[u8]) -> Vec<u8> {
            let is_extended = command.get(4) == Some(&0) && command.len() > 5;
            let mut answer = vec![7; if is_extended { 3000 } else { 256 }];
            answer.extend_from_slice(if is_extended { &[0x90, 0x00] } else { &[0x61, 0x00] });
            answer
        }
        fn refuses(command: &[u8]) -> Vec<u8> {
            let is_extended = command.get(4) == Some(&0) && command.len() > 5;
            if is_extended { vec![0x67, 0x00] } else { vec![0x90, 0x00] }
        }
        fn exact(command: &[u8]) -> Vec<u8> {
            if command.last() == Some(&3) { vec![1, 2, 3, 0x90, 0x00] } else { vec![0x6C, 0x03] }
        }
        let long = [9; 300];
        type Row<'r> =
            (&'r str, &'static [u8], &'static [u8], fn(&[u8]) -> Vec<u8>, Command<'r>, &'r [usize], usize);
        let rows: [Row<'_>; 10] = [
            ("a read", EXTENDED, LONG, whole, command(Data::Plain(&[1; 5]), true), &[14], 3000),
            ("a read without data", EXTENDED, LONG, whole, command(Data::None, true), &[7], 3000),
            ("a write", EXTENDED, LONG, ok, command(Data::Plain(&long), false), &[307], 0),
            ("a secret", EXTENDED, LONG, ok, command(Data::Sensitive(&long), false), &[307], 0),
            (
                "a short command stays short",
                EXTENDED,
                LONG,
                ok,
                command(Data::Plain(&[1; 5]), false),
                &[10],
                0,
            ),
            ("a reader that cannot", EXTENDED, SHORT, ok, command(Data::Plain(&long), false), &[260, 50], 0),
            (
                "a card that cannot",
                &[0x3B, 0x00],
                LONG,
                ok,
                command(Data::Plain(&long), false),
                &[260, 50],
                0,
            ),
            (
                "a card that will not",
                EXTENDED,
                LONG,
                refuses,
                command(Data::Plain(&long), true),
                &[309, 260, 51],
                0,
            ),
            (
                "a card that will not have a secret again",
                EXTENDED,
                LONG,
                refuses,
                command(Data::Sensitive(&long), false),
                &[307],
                0,
            ),
            (
                "a card that wants it exact",
                EXTENDED,
                LONG,
                exact,
                command(Data::Plain(&[1; 5]), true),
                &[14, 11, 11],
                3,
            ),
        ];
        for (name, atr, properties, answer, command, lengths, bytes) in rows {
            let mut told = Told::new(atr, properties, answer);
            let mut applet = Applet::new(&mut told, 255);
            applet.allow_extended();
            assert_eq!(applet.send(&command).unwrap().data.len(), bytes, "{name}");
            assert_eq!(applet.secret_sent(), command.data.is_sensitive(), "{name}");
            assert_eq!(told.lengths, lengths, "{name}");
        }
        // Once refused, it is not tried again; and the driver is asked once.
        let mut told = Told::new(EXTENDED, LONG, refuses);
        let mut applet = Applet::new(&mut told, 255);
        applet.allow_extended();
        for _ in 0..2 {
            applet.expect(&command(Data::None, true)).unwrap();
            applet.features();
        }
        assert_eq!((told.lengths, told.driver_asked), (vec![7, 5, 5], 2));
    }

    #[test]
    fn what_comes_from_a_pad() {
        let form = Form { asked: Asked::Pin, min: 4, max: 8, block: Block::Bare };
        for (answers, expected) in [
            (&[0x90, 0x00][..], Ok(0x9000)),
            (&[0x63, 0xC2], Ok(0x63C2)),
            (&[0x69, 0x83], Ok(0x6983)),
            (&[0x64, 0x00], Err("PadEnded(TimedOut)")),
            (&[0x64, 0x01], Err("PadEnded(Cancelled)")),
            (&[0x64, 0x02], Err("PadEnded(Differ)")),
            (&[0x64, 0x03], Err("PadEnded(Length)")),
            (&[0x6B, 0x80], Err("PadEnded(Refused)")),
            (&[], Err("Malformed(\"X\")")),
        ] {
            let mut told = Told {
                pad_answers: answers,
                ..Told::new(EXTENDED, SHORT, |_| panic!("software sends nothing"))
            };
            let mut applet = Applet::new(&mut told, 255);
            let entered = applet.enter_pin(&command(Data::None, false), &form);
            assert!(applet.secret_sent());
            let entered = entered.map(|response| response.status.0).map_err(|error| format!("{error:?}"));
            assert_eq!(entered, expected.map_err(str::to_owned));
        }
        let mut told = Talker { left: 0, part: 0, exchanges: 0 };
        let mut applet = Applet::new(&mut told, 255);
        let entered = applet.enter_pin(&command(Data::None, false), &form);
        assert!(matches!(entered, Err(Error::NotSupported(_))) && !applet.secret_sent());
    }
}
