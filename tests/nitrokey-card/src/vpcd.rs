//! The card's side of vpcd, the virtual reader driver of vsmartcard: vpcd listens on TCP, and the card connects, which
//! is its insertion. Every message is a length of two bytes, big-endian, and as many bytes. A message of one byte from
//! vpcd is a control command, any other an APDU.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::device::{ATR, Device, Running};

/// Control commands.
const POWER_OFF: u8 = 0;
const POWER_ON: u8 = 1;
const RESET: u8 = 2;
const GET_ATR: u8 = 4;

/// Status word 6F00 (ISO 7816-4 section 5.1.3): no precise diagnosis.
const BROKEN: [u8; 2] = [0x6F, 0x00];

/// Connects to the slot of vpcd that listens on this port of this machine.
pub(crate) fn insert(port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Answers until the reader goes.
pub(crate) fn serve(stream: &TcpStream, device: &mut Device) -> io::Result<()> {
    loop {
        // The firmware panics on some commands. The real device then stands still until it is plugged in anew; here
        // it says so and starts again by itself, with all that is in its flash memory.
        match device.start(|running| catch_unwind(AssertUnwindSafe(|| answer(stream, running)))) {
            Ok(Err(error)) if error.kind() == ErrorKind::UnexpectedEof => return Ok(()),
            Ok(ended) => return ended,
            Err(_) => send(stream, &BROKEN)?,
        }
    }
}

fn answer(stream: &TcpStream, running: &mut Running<'_>) -> io::Result<()> {
    loop {
        let message = receive(stream)?;
        match message[..] {
            // As in the real device, whose CCID driver (usbd-ccid, `pipe.rs`) answers these by itself: the application
            // is not told, and stays selected, verified and authenticated.
            [POWER_OFF | POWER_ON | RESET] => {}
            [GET_ATR] => send(stream, &ATR)?,
            [] | [_] => {}
            _ => send(stream, &running.exchange(&message))?,
        }
    }
}

fn send(mut stream: &TcpStream, answer: &[u8]) -> io::Result<()> {
    let length = u16::try_from(answer.len()).map_err(|_| ErrorKind::InvalidData)?;
    stream.write_all(&[&length.to_be_bytes()[..], answer].concat())
}

fn receive(mut stream: &TcpStream) -> io::Result<Vec<u8>> {
    acknowledge_at_once(stream)?;
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
    acknowledge_at_once(stream)?;
    stream.read_exact(&mut message)?;
    Ok(message)
}

/// vpcd sends length and data in two segments and waits for the first to be acknowledged: without this, which holds
/// for one read only, an APDU takes 44 ms.
fn acknowledge_at_once(stream: &TcpStream) -> io::Result<()> {
    Ok(rustix::net::sockopt::set_tcp_quickack(stream, true)?)
}
