//! A virtual card behind a real PC/SC service: the card's side of vpcd, the virtual reader driver of vsmartcard.
//!
//! vpcd listens on TCP; the card connects, which is its insertion. Every message is a length of two bytes,
//! big-endian, and as many bytes. A message of one byte from vpcd is a control command, any other an APDU.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::card::{Outcome, VirtualCard};

/// How long the connection to a listening vpcd may take.
const CONNECT: Duration = Duration::from_secs(5);

/// Control commands.
const POWER_OFF: u8 = 0;
const POWER_ON: u8 = 1;
const RESET: u8 = 2;
const GET_ATR: u8 = 4;

/// A card inserted into a slot of vpcd. Dropping it removes the card.
pub struct Inserted {
    stream: TcpStream,
    thread: Option<JoinHandle<()>>,
}

/// Inserts a card into the slot that listens on this port of this machine.
///
/// # Errors
/// Nobody listens there.
pub fn insert(card: &VirtualCard, port: u16) -> io::Result<Inserted> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let stream = TcpStream::connect_timeout(&address, CONNECT)?;
    stream.set_nodelay(true)?;
    let (card, served) = (card.clone(), stream.try_clone()?);
    let thread = thread::Builder::new().name(format!("vpcd {port}")).spawn(move || {
        // The end of the connection, by either side, is a removal and no error.
        if let Err(error) = serve(&card, &served) {
            tracing::debug!(card = card.name(), %error, "the virtual card left vpcd");
        }
        card.reset();
        // The other end of `stream` holds the connection open otherwise.
        served.shutdown(Shutdown::Both).ok();
    })?;
    Ok(Inserted { stream, thread: Some(thread) })
}

impl Inserted {
    /// Whether the card is still in: neither side has closed the connection.
    pub fn is_in(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }
}

impl Drop for Inserted {
    fn drop(&mut self) {
        self.stream.shutdown(Shutdown::Both).ok();
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

fn serve(card: &VirtualCard, mut stream: &TcpStream) -> io::Result<()> {
    loop {
        let message = receive(stream)?;
        let answer = match message[..] {
            [POWER_OFF | POWER_ON | RESET] => {
                card.reset();
                continue;
            }
            [GET_ATR] => card.atr().to_vec(),
            [] | [_] => continue,
            _ => match card.exchange(&message) {
                Outcome::Answer(answer) => answer,
                // vpcd cannot tell of a reset; what the host notices is that no application is selected any more.
                Outcome::Reset => vec![0x6D, 0x00],
                Outcome::Removed => return Ok(()),
            },
        };
        let length = u16::try_from(answer.len()).map_err(|_| io::ErrorKind::InvalidData)?;
        stream.write_all(&[&length.to_be_bytes()[..], &answer].concat())?;
    }
}

fn receive(mut stream: &TcpStream) -> io::Result<zeroize::Zeroizing<Vec<u8>>> {
    acknowledge_at_once(stream)?;
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut message = zeroize::Zeroizing::new(vec![0; usize::from(u16::from_be_bytes(length))]);
    acknowledge_at_once(stream)?;
    stream.read_exact(&mut message)?;
    Ok(message)
}

/// vpcd sends length and data in two segments and waits for the first to be acknowledged: without this, which
/// holds for one read only, an APDU takes 44 ms.
#[cfg(target_os = "linux")]
fn acknowledge_at_once(stream: &TcpStream) -> io::Result<()> {
    Ok(rustix::net::sockopt::set_tcp_quickack(stream, true)?)
}

#[cfg(not(target_os = "linux"))]
fn acknowledge_at_once(_stream: &TcpStream) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;
    use crate::virt::{Fault, FaultKind, VirtualReaders};

    const SELECT: &[u8] = &[0x00, 0xA4, 0x04, 0x00, 0x09, 0xA0, 0, 0, 0x03, 0x97, 0x42, 0x54, 0x46, 0x59];
    const VERIFY: &[u8] = b"\x00\x20\x00\x80\x06123456";

    fn send(mut stream: &TcpStream, message: &[u8]) {
        let length = u16::try_from(message.len()).unwrap();
        stream.write_all(&[&length.to_be_bytes()[..], message].concat()).unwrap();
    }

    /// vpcd's side of the dialogue.
    fn ask(stream: &TcpStream, message: &[u8]) -> Vec<u8> {
        send(stream, message);
        receive(stream).unwrap().to_vec()
    }

    #[test]
    fn speaks_to_vpcd() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let card = VirtualReaders::demo().card("anna").unwrap();
        let port = listener.local_addr().unwrap().port();
        let inserted = insert(&card, port).unwrap();
        let (vpcd, _) = listener.accept().unwrap();
        assert_eq!(ask(&vpcd, &[GET_ATR]), card.atr());
        send(&vpcd, &[POWER_ON]);
        assert!(ask(&vpcd, SELECT).ends_with(&[0x90, 0x00]));
        assert_eq!(ask(&vpcd, VERIFY), [0x90, 0x00]);
        // Control commands have no answer; what they did shows in the next one.
        for control in [RESET, POWER_OFF] {
            send(&vpcd, &[control]);
            assert_eq!(ask(&vpcd, VERIFY), [0x6D, 0x00]);
            assert!(ask(&vpcd, SELECT).ends_with(&[0x90, 0x00]));
            assert_eq!(ask(&vpcd, VERIFY), [0x90, 0x00]);
        }
        assert!(inserted.is_in());

        // The card goes in the middle of an exchange.
        card.inject(Fault::at(1, FaultKind::RemovedAfter));
        send(&vpcd, SELECT);
        assert!(receive(&vpcd).is_err());
        drop(inserted);
        // And when its handle does.
        let inserted = insert(&card, port).unwrap();
        let (vpcd, _) = listener.accept().unwrap();
        assert_eq!(ask(&vpcd, &[GET_ATR]), card.atr());
        drop(inserted);
        assert!(receive(&vpcd).is_err());
    }
}
