//! What is in a certificate's object (SP 800-73-4 part 1, table 39; card-piv.md 2.1).

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::{GzDecoder, ZlibDecoder};
use flate2::write::GzEncoder;

use crate::error::{Error, Result};
use crate::tlv;
use crate::x509;

/// Tag: the certificate, bare or compressed.
const CERTIFICATE: u32 = 0x70;
/// Tag: CertInfo, whose lowest bit says that the certificate is compressed.
const CERT_INFO: u32 = 0x71;
/// Tag: error detection code, always empty.
const ERROR_DETECTION: u32 = 0xFE;

/// The certificate in an object: DER, `None` when the object is there and holds none (`70 00`).
///
/// How it is packed is seen from its first bytes and not from CertInfo, whose bits programs have numbered from both
/// ends: DER begins with 30, gzip with 1F 8B, zlib with 78, and Net iD puts 01 00 and the length before its zlib.
///
/// # Errors
/// A sentence that says what is wrong.
pub(super) fn decode(contents: &[u8]) -> std::result::Result<Option<Vec<u8>>, String> {
    let packed = match tlv::find(contents, CERTIFICATE) {
        Some(packed) => packed,
        // Without the tag around it: what some old programs have written.
        None if contents.first() == Some(&0x30) => contents,
        None if contents.is_empty() => return Ok(None),
        None => return Err("Its object holds no certificate.".to_owned()),
    };
    if packed.is_empty() {
        return Ok(None);
    }
    unpack(packed).map(Some)
}

/// A certificate, or a bag of them, as stored in any of the forms: DER without what follows it.
///
/// # Errors
/// A sentence that says what is wrong.
pub(super) fn unpack(packed: &[u8]) -> std::result::Result<Vec<u8>, String> {
    let unpacked = match packed {
        [0x30, ..] => Some(packed.to_vec()),
        [0x1F, 0x8B, ..] => inflate(GzDecoder::new(packed)),
        [0x78, ..] => inflate(ZlibDecoder::new(packed)),
        [0x01, 0x00, _, _, stream @ ..] => inflate(ZlibDecoder::new(stream)),
        _ => return Err("Its object holds no certificate.".to_owned()),
    };
    unpacked
        .as_deref()
        .and_then(x509::trimmed)
        .map(<[u8]>::to_vec)
        .ok_or_else(|| "Its object was not written to the end. Import it again, or delete it.".to_owned())
}

/// Inflates no more than a certificate may have, whatever the stream says.
fn inflate(stream: impl Read) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(x509::MAX_CERTIFICATE).ok()?.checked_add(1)?;
    stream.take(limit).read_to_end(&mut bytes).ok()?;
    (bytes.len() <= x509::MAX_CERTIFICATE).then_some(bytes)
}

/// An object with this certificate, of at most `limit` bytes. It is compressed only when it does not fit otherwise:
/// bare ones are read by every program.
///
/// # Errors
/// [`Error::CardFull`] when it does not fit even so.
pub(super) fn encode(der: &[u8], limit: usize) -> Result<Vec<u8>> {
    let full = || Error::CardFull("a certificate of that size");
    let bare = object(der, 0x00);
    if der.len() <= usize::from(u16::MAX) && bare.len() <= limit {
        return Ok(bare);
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let gzip = encoder.write_all(der).and_then(|()| encoder.finish()).map_err(|_| full())?;
    let packed = object(&gzip, 0x01);
    if der.len() <= x509::MAX_CERTIFICATE && gzip.len() <= usize::from(u16::MAX) && packed.len() <= limit {
        Ok(packed)
    } else {
        Err(full())
    }
}

fn object(certificate: &[u8], cert_info: u8) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(certificate.len() + 9);
    tlv::put(&mut bytes, CERTIFICATE, certificate);
    tlv::put(&mut bytes, CERT_INFO, &[cert_info]);
    tlv::put(&mut bytes, ERROR_DETECTION, &[]);
    bytes
}

#[cfg(test)]
mod tests {
    use flate2::write::ZlibEncoder;

    use super::*;

    /// Something that looks like DER and does not compress away.
    fn der(length: u16) -> Vec<u8> {
        let [high, low] = length.to_be_bytes();
        let mut der = vec![0x30, 0x82, high, low];
        let mut state = 1u32;
        der.extend((0..length).map(|n| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            if n % 4 == 0 { state.to_be_bytes()[0] } else { 0x55 }
        }));
        der
    }

    fn zlib(prefix: &[u8], bytes: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(prefix.to_vec(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn every_form_is_read() {
        let der = der(1500);
        let padded = [&der[..], &[0xFF; 7]].concat();
        let [low, high, ..] = 1504_u32.to_le_bytes();
        for (name, packed) in [
            ("bare", der.clone()),
            ("with padding", padded.clone()),
            ("gzip", gzip(&der)),
            ("gzip with padding behind", [gzip(&der), vec![0; 9]].concat()),
            ("gzip of padded", gzip(&padded)),
            ("zlib", zlib(&[], &der)),
            ("Net iD", zlib(&[1, 0, low, high], &der)),
        ] {
            let certificate = tlv::object(0x70, &packed);
            let parts = [certificate, vec![0x71, 1, 1], vec![0x72, 2, 5, 5], vec![0xFE, 0]];
            for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 0, 3, 2], [2, 3, 0, 1]] {
                let contents = order.map(|part| parts[part].clone()).concat();
                assert_eq!(decode(&contents).as_ref(), Ok(&Some(der.clone())), "{name} {order:?}");
            }
            assert_eq!(decode(&parts[0]).as_ref(), Ok(&Some(der.clone())), "{name} alone");
        }
        assert_eq!(decode(&der).unwrap(), Some(der));
    }

    #[test]
    fn empty_objects() {
        for contents in [&[][..], &[0x70, 0x00], &[0x70, 0, 0x71, 1, 0, 0xFE, 0], &[0x71, 1, 0, 0x70, 0]] {
            assert_eq!(decode(contents), Ok(None), "{contents:02X?}");
        }
    }

    #[test]
    fn what_is_torn_or_hostile_is_refused() {
        let whole = tlv::object(0x70, &gzip(&der(900)));
        let bomb = |bytes: &[u8]| tlv::object(0x70, bytes);
        let zeros = vec![0; 50_000_000];
        let endless_name = [&[0x1F, 0x8B, 8, 8, 0, 0, 0, 0, 0, 3][..], &[b'a'; 60_000]].concat();
        for contents in [
            vec![0x53],
            vec![0x42; 300],
            vec![0x70, 1, 0x30],
            vec![0x70, 4, 0x30, 0x82, 0xFF, 0xFF],
            vec![0x70, 2, 1, 0],
            vec![0x70, 4, 1, 0, 9, 9],
            vec![0x70, 2, 0x1F, 0x8B],
            vec![0x70, 1, 0x78],
            whole[..400].to_vec(),
            tlv::object(0x70, &whole[4..300]),
            bomb(&gzip(&zeros)[..48_000]),
            bomb(&zlib(&[], &zeros)[..48_000]),
            bomb(&endless_name),
        ] {
            assert!(decode(&contents).is_err(), "{:02X?}", &contents[..contents.len().min(8)]);
        }
    }

    #[test]
    fn compressed_only_when_it_must() {
        let der = der(4000);
        let bare = encode(&der, 4013).unwrap();
        assert_eq!(bare.len(), 4013);
        assert!(bare.ends_with(&[0x71, 1, 0, 0xFE, 0]));
        let packed = encode(&der, 4012).unwrap();
        assert!(packed.len() < 3072 && packed.ends_with(&[0x71, 1, 1, 0xFE, 0]));
        for stored in [bare, packed] {
            assert_eq!(decode(&stored).unwrap(), Some(der.clone()));
        }
        assert!(matches!(encode(&der, 500), Err(Error::CardFull(_))));
        assert!(matches!(encode(&vec![0x30; 70_000], usize::MAX), Err(Error::CardFull(_))));
    }
}
