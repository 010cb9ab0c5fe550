//! ASN.1 elements as slices (X.690): what certificates and files need below their own meaning.
//!
//! Reads DER, and BER with indefinite lengths and constructed strings, in which Firefox (NSS) writes its files.
//! Tags are single bytes, as everything here has; lengths are checked against what is there; nesting is bounded.

use zeroize::Zeroizing;

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const NULL: u8 = 0x05;
pub(crate) const OID: u8 = 0x06;
pub(crate) const UTF8_STRING: u8 = 0x0C;
pub(crate) const PRINTABLE_STRING: u8 = 0x13;
pub(crate) const IA5_STRING: u8 = 0x16;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;
/// `[0]`, constructed.
pub(crate) const CONTEXT_0: u8 = 0xA0;
/// `[1]`, constructed.
pub(crate) const CONTEXT_1: u8 = 0xA1;
/// `[3]`, constructed.
pub(crate) const CONTEXT_3: u8 = 0xA3;

const CONSTRUCTED: u8 = 0x20;

/// How deep elements of indefinite length may nest. Real files need 9.
const DEPTH: u8 = 16;

/// One element.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    /// Without tag, length and end-of-contents.
    pub(crate) content: &'a [u8],
    /// All of it.
    pub(crate) whole: &'a [u8],
}

impl<'a> Element<'a> {
    /// A reader over what is inside.
    pub(crate) fn inside(&self) -> Reader<'a> {
        Reader::new(self.content)
    }

    /// The octets of a string that may be split into segments (X.690 8.7.3), and whose tag may be implicit. In a
    /// buffer that wipes itself and never grows.
    pub(crate) fn octets(&self) -> Option<Zeroizing<Vec<u8>>> {
        let mut out = Zeroizing::new(Vec::with_capacity(self.content.len()));
        self.append_octets(&mut out, DEPTH)?;
        Some(out)
    }

    fn append_octets(&self, out: &mut Vec<u8>, depth: u8) -> Option<()> {
        if self.tag & CONSTRUCTED == 0 {
            out.extend_from_slice(self.content);
            return Some(());
        }
        let depth = depth.checked_sub(1)?;
        let mut inside = self.inside();
        while !inside.is_empty() {
            let segment = inside.next()?;
            (segment.tag & !CONSTRUCTED == OCTET_STRING).then_some(())?;
            segment.append_octets(out, depth)?;
        }
        Some(())
    }
}

/// Walks over elements that stand one after the other. Every method returns `None` on what is malformed or not
/// what was asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next element, whatever it is.
    pub(crate) fn next(&mut self) -> Option<Element<'a>> {
        let (element, rest) = take(self.rest, DEPTH)?;
        self.rest = rest;
        Some(element)
    }

    /// The next element, which must have this tag.
    pub(crate) fn expect(&mut self, tag: u8) -> Option<Element<'a>> {
        self.next().filter(|element| element.tag == tag)
    }

    /// The next element if it has this tag; anything else stays.
    pub(crate) fn optional(&mut self, tag: u8) -> Option<Element<'a>> {
        if self.rest.first() == Some(&tag) { self.next() } else { None }
    }

    /// A reader over the inside of the next element, which must have this tag.
    pub(crate) fn enter(&mut self, tag: u8) -> Option<Self> {
        self.expect(tag).map(|element| element.inside())
    }

    /// The next object identifier, encoded.
    pub(crate) fn oid(&mut self) -> Option<&'a [u8]> {
        self.expect(OID).map(|element| element.content)
    }

    /// The next integer, big-endian without leading zeros; `None` when it is negative. Zero is empty.
    pub(crate) fn unsigned(&mut self) -> Option<&'a [u8]> {
        let bytes = self.expect(INTEGER)?.content;
        if bytes.first()? & 0x80 != 0 {
            return None;
        }
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        bytes.get(zeros..)
    }

    /// The next integer as a number; `None` also when it is larger than 32 bits.
    pub(crate) fn number(&mut self) -> Option<u32> {
        let bytes = self.unsigned()?;
        (bytes.len() <= 4).then(|| bytes.iter().fold(0, |value, byte| value << 8 | u32::from(*byte)))
    }

    /// The octets of the next octet string.
    pub(crate) fn octets(&mut self) -> Option<Zeroizing<Vec<u8>>> {
        self.next().filter(|element| element.tag & !CONSTRUCTED == OCTET_STRING)?.octets()
    }
}

fn take(bytes: &[u8], depth: u8) -> Option<(Element<'_>, &[u8])> {
    let (tag, after_tag) = bytes.split_first()?;
    let (length, body) = take_length(after_tag)?;
    let (content, rest) = match length {
        Some(length) => body.split_at_checked(length)?,
        None if tag & CONSTRUCTED == 0 => return None,
        None => {
            let depth = depth.checked_sub(1)?;
            let mut rest = body;
            loop {
                if let Some(after) = rest.strip_prefix(&[0, 0]) {
                    let length = body.len().checked_sub(rest.len())?;
                    break (body.get(..length)?, after);
                }
                rest = take(rest, depth)?.1;
            }
        }
    };
    let whole = bytes.get(..bytes.len().checked_sub(rest.len())?)?;
    Some((Element { tag: *tag, content, whole }, rest))
}

/// The length, `None` for an indefinite one, and what follows it.
fn take_length(bytes: &[u8]) -> Option<(Option<usize>, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    if *first < 0x80 {
        return Some((Some(usize::from(*first)), rest));
    }
    if *first == 0x80 {
        return Some((None, rest));
    }
    let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7F))?;
    if digits.len() > 4 {
        return None;
    }
    let length = digits.iter().fold(0, |value: u32, byte| value << 8 | u32::from(*byte));
    Some((Some(usize::try_from(length).ok()?), rest))
}

/// The length of the element at the start of `bytes` as its header tells it, whether or not it is all there.
/// `None` for an indefinite length.
pub(crate) fn announced_length(bytes: &[u8]) -> Option<usize> {
    let (length, body) = take_length(bytes.get(1..)?)?;
    length?.checked_add(bytes.len().checked_sub(body.len())?)
}

/// An element in DER.
pub(crate) fn encode(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let mut digits = length.iter().copied().skip_while(|byte| *byte == 0).peekable();
    let mut out = vec![tag];
    match (digits.clone().count(), digits.peek()) {
        (0, _) => out.push(0),
        (1, Some(short @ ..=0x7F)) => out.push(*short),
        (count, _) => {
            out.push(0x80 | u8::try_from(count).unwrap_or_default());
            out.extend(digits);
        }
    }
    out.extend_from_slice(content);
    out
}

/// An INTEGER in DER from big-endian bytes of an unsigned number, which may have leading zeros.
pub(crate) fn unsigned(number: &[u8]) -> Vec<u8> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let digits = number.get(zeros..).unwrap_or_default();
    let sign = digits.first().is_none_or(|first| first & 0x80 != 0);
    encode(INTEGER, &[if sign { &[0][..] } else { &[] }, digits].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definite_lengths() {
        for (length, head) in [
            (0, &[0x04, 0x00][..]),
            (127, &[0x04, 0x7F]),
            (128, &[0x04, 0x81, 0x80]),
            (255, &[0x04, 0x81, 0xFF]),
            (256, &[0x04, 0x82, 0x01, 0x00]),
            (70_000, &[0x04, 0x83, 0x01, 0x11, 0x70]),
        ] {
            let bytes = encode(OCTET_STRING, &vec![0xA5; length]);
            assert!(bytes.starts_with(head), "{length}");
            assert_eq!(announced_length(&bytes), Some(bytes.len()));
            let mut reader = Reader::new(&bytes);
            let element = reader.next().unwrap();
            assert_eq!((element.tag, element.content.len(), element.whole), (0x04, length, &bytes[..]));
            assert!(reader.is_empty() && reader.next().is_none());
        }
    }

    #[test]
    fn indefinite_lengths_and_segments() {
        let bytes = [0x30, 0x80, 0x24, 0x80, 0x04, 1, 7, 0x04, 2, 8, 9, 0, 0, 0x02, 1, 5, 0, 0, 0xFF];
        let mut reader = Reader::new(&bytes);
        let mut inside = reader.enter(SEQUENCE).unwrap();
        assert_eq!(inside.octets().unwrap().as_slice(), [7, 8, 9]);
        assert_eq!(inside.number(), Some(5));
        assert!(inside.is_empty() && !reader.is_empty());
    }

    #[test]
    fn hostile_bytes() {
        for bytes in [
            &[][..],
            &[0x30],
            &[0x30, 0x05, 1],
            &[0x30, 0x80],
            &[0x30, 0x80, 0x00],
            &[0x04, 0x80, 0x00, 0x00],
            &[0x30, 0x85, 0, 0, 0, 0, 0],
            &[0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF],
        ] {
            assert!(Reader::new(bytes).next().is_none(), "{bytes:02X?}");
        }
        let nested: Vec<u8> = [0x30, 0x80].repeat(100_000);
        assert!(Reader::new(&nested).next().is_none());
        for (bytes, number) in [
            (&[0x02, 1, 0x80][..], None),
            (&[0x02, 0], None),
            (&[0x02, 1, 0], Some(0)),
            (&[0x02, 5, 0, 0xFF, 0xFF, 0xFF, 0xFF], Some(u32::MAX)),
            (&[0x02, 5, 1, 0, 0, 0, 0], None),
        ] {
            assert_eq!(Reader::new(bytes).number(), number, "{bytes:02X?}");
        }
    }
}
