//! What is in a certificate's file (section 5.4), and what its name says (section 5.2).

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;

use super::store::MAX_VALUE;
use crate::error::{Error, Result};
use crate::tlv;

/// The largest certificate: its length is kept in 16 bits.
const MAX_CERTIFICATE: u16 = u16::MAX;

/// A certificate as stored: `01 00`, the length, a zlib stream.
///
/// # Errors
/// [`Error::CardFull`] when it is too large for any GIDS card.
pub(super) fn encode(der: &[u8]) -> Result<Vec<u8>> {
    let full = Error::CardFull("a certificate of that size");
    let Ok(length) = u16::try_from(der.len()) else { return Err(full) };
    let mut bytes = vec![0x01, 0x00];
    bytes.extend_from_slice(&length.to_le_bytes());
    let mut encoder = ZlibEncoder::new(bytes, Compression::best());
    match encoder.write_all(der).and_then(|()| encoder.finish()) {
        Ok(bytes) if bytes.len() <= MAX_VALUE => Ok(bytes),
        _ => Err(full),
    }
}

/// What a file holds, compressed or bare: DER of a certificate, or of a bag of them. What follows it is ignored.
///
/// # Errors
/// A sentence that says what is wrong.
pub(super) fn decode(bytes: &[u8]) -> std::result::Result<Vec<u8>, String> {
    match bytes {
        [] => Err("Its file is empty.".to_owned()),
        [0x01, 0x00, low, high, stream @ ..] => {
            let length = u16::from_le_bytes([*low, *high]);
            inflate(stream).filter(|der| der.len() == usize::from(length)).ok_or_else(damaged)
        }
        [0x30, ..] => {
            let head = match bytes {
                [_, 0x81, ..] => 3,
                [_, 0x82, ..] => 4,
                _ => 2,
            };
            let whole = tlv::header(bytes).and_then(|(_, length)| bytes.get(..head + length));
            whole.map(<[u8]>::to_vec).ok_or_else(damaged)
        }
        _ => Err("Its file holds no certificate.".to_owned()),
    }
}

fn damaged() -> String {
    "Its file was not written to the end. Import it again, or delete it.".to_owned()
}

/// Inflates no more than a certificate can have, whatever the stream says.
fn inflate(stream: &[u8]) -> Option<Vec<u8>> {
    let mut der = Vec::new();
    let limit = u64::from(MAX_CERTIFICATE) + 1;
    ZlibDecoder::new(stream).take(limit).read_to_end(&mut der).ok()?;
    Some(der)
}

/// Which container a certificate's file belongs to, by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FileName {
    /// `ksc`: the certificate of a signature key.
    pub(super) signature: bool,
    /// The container when the number is hexadecimal.
    pub(super) hexadecimal: Option<u8>,
    /// The container when the number is decimal.
    pub(super) decimal: Option<u8>,
}

/// How numbers from 10 on are written on a card: the programs differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notation {
    /// As Gemalto's library does; ours where nothing is known.
    LowerHexadecimal,
    /// As OpenSC does.
    UpperHexadecimal,
    /// As OpenSC's minidriver does.
    Decimal,
}

impl FileName {
    /// Reads a name in lower case; `None` for other files.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let (signature, number) = match (name.strip_prefix("kxc"), name.strip_prefix("ksc")) {
            (Some(number), _) => (false, number),
            (_, Some(number)) => (true, number),
            _ => return None,
        };
        if !(1..=3).contains(&number.len()) || !number.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let hexadecimal = u8::from_str_radix(number, 16).ok().filter(|_| number.len() <= 2);
        let decimal = number.parse().ok();
        (hexadecimal.is_some() || decimal.is_some()).then_some(Self { signature, hexadecimal, decimal })
    }

    /// The containers that it can mean, one or two.
    pub(super) fn candidates(&self) -> impl Iterator<Item = u8> {
        let second = self.decimal.filter(|decimal| Some(*decimal) != self.hexadecimal);
        self.hexadecimal.into_iter().chain(second)
    }
}

/// The name of a certificate's file, as written into the masterfile.
pub(super) fn file_name(container: u8, signature: bool, notation: Notation) -> String {
    let kind = if signature { "ksc" } else { "kxc" };
    match notation {
        Notation::LowerHexadecimal => format!("{kind}{container:02x}"),
        Notation::UpperHexadecimal => format!("{kind}{container:02X}"),
        Notation::Decimal => format!("{kind}{container:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn der(length: u16) -> Vec<u8> {
        let [high, low] = length.to_be_bytes();
        let mut der = vec![0x30, 0x82, high, low];
        der.extend((0..length).map(|n| n.to_le_bytes()[0] ^ n.to_be_bytes()[0]));
        der
    }

    #[test]
    fn there_and_back_with_garbage_behind() {
        for length in [256, 900, 2000, 65_000] {
            let der = der(length);
            let mut stored = encode(&der).unwrap();
            assert!(stored.starts_with(&[0x01, 0x00]));
            assert_eq!(decode(&stored).unwrap(), der);
            stored.extend_from_slice(&[0; 40]);
            assert_eq!(decode(&stored).unwrap(), der);
            let mut bare = der.clone();
            assert_eq!(decode(&bare).unwrap(), der);
            bare.extend_from_slice(b"tail");
            assert_eq!(decode(&bare).unwrap(), der);
        }
    }

    #[test]
    fn any_level_is_read() {
        for level in 0..=9 {
            let mut encoder = ZlibEncoder::new(vec![1, 0, 4, 4], Compression::new(level));
            encoder.write_all(&der(1024)).unwrap();
            assert_eq!(decode(&encoder.finish().unwrap()).unwrap(), der(1024), "{level}");
        }
    }

    #[test]
    fn what_is_torn_or_hostile_is_refused() {
        let whole = encode(&der(900)).unwrap();
        let mut torn = whole.clone();
        torn[240..].fill(0);
        let mut wrong_length = whole.clone();
        wrong_length[2] ^= 1;
        let bomb = {
            let mut encoder = ZlibEncoder::new(vec![1, 0, 0xFF, 0xFF], Compression::best());
            encoder.write_all(&vec![0; 50_000_000]).unwrap();
            encoder.finish().unwrap()
        };
        for bytes in [
            &[][..],
            &[1],
            &[1, 0],
            &[1, 0, 0, 0],
            &[0x30],
            &[0x30, 0x82, 0xFF],
            &[0x30, 0x82, 0x01, 0x00, 7],
            &[0x42; 300],
            &whole[..300],
            &torn,
            &wrong_length,
            &bomb,
        ] {
            assert!(decode(bytes).is_err(), "{:02X?}", &bytes[..bytes.len().min(8)]);
        }
        assert!(encode(&vec![0; 65_536]).is_err());
    }

    #[test]
    fn names() {
        for (name, signature, candidates) in [
            ("kxc00", false, &[0][..]),
            ("ksc09", true, &[9]),
            ("kxc10", false, &[0x10, 10]),
            ("kxc0a", false, &[10]),
            ("kxc1", false, &[1]),
            ("kxc100", false, &[100]),
            ("kxcff", false, &[255]),
            ("kxc999", false, &[]),
            ("kxc", false, &[]),
            ("kxc+1", false, &[]),
            ("kxc0g", false, &[]),
            ("msroots", false, &[]),
        ] {
            let parsed = FileName::parse(name);
            let found: Vec<u8> = parsed.iter().flat_map(FileName::candidates).collect();
            assert_eq!(found, candidates, "{name}");
            assert_eq!(parsed.is_some_and(|parsed| parsed.signature), signature, "{name}");
        }
        for (notation, name) in [
            (Notation::LowerHexadecimal, "kxc0a"),
            (Notation::UpperHexadecimal, "kxc0A"),
            (Notation::Decimal, "kxc10"),
        ] {
            assert_eq!(file_name(10, false, notation), name);
        }
        assert_eq!(file_name(3, true, Notation::Decimal), "ksc03");
    }
}
