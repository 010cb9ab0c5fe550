//! BER-TLV objects of ISO/IEC 7816-4 (5.2.2): tags of up to three bytes, lengths of up to 65535.

/// One object: tag and value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Object<'a> {
    /// The tag's bytes as a big-endian number, such as 0x7F49.
    pub tag: u32,
    /// The value.
    pub value: &'a [u8],
}

/// Walks over the objects that stand one after the other in `bytes`. Ends at the first that is malformed or cut
/// off: [`Objects::is_complete`] tells.
pub fn objects(bytes: &[u8]) -> Objects<'_> {
    Objects { rest: bytes }
}

/// See [`objects`].
#[derive(Clone, Debug)]
pub struct Objects<'a> {
    rest: &'a [u8],
}

impl Objects<'_> {
    /// Whether every byte so far belonged to a well-formed object. Ask at the end.
    pub fn is_complete(&self) -> bool {
        self.rest.is_empty()
    }
}

impl<'a> Iterator for Objects<'a> {
    type Item = Object<'a>;

    fn next(&mut self) -> Option<Object<'a>> {
        let (tag, rest) = take_tag(self.rest)?;
        let (length, rest) = take_length(rest)?;
        let (value, rest) = rest.split_at_checked(length)?;
        self.rest = rest;
        Some(Object { tag, value })
    }
}

/// The value of the first object with that tag, at the top level of `bytes`.
pub fn find(bytes: &[u8], tag: u32) -> Option<&[u8]> {
    objects(bytes).find(|object| object.tag == tag).map(|object| object.value)
}

/// The tag number of the first object and its length as announced, even when the value is cut off: for telling a
/// torn object from rubbish.
pub fn header(bytes: &[u8]) -> Option<(u32, usize)> {
    let (tag, rest) = take_tag(bytes)?;
    let (length, _) = take_length(rest)?;
    Some((tag, length))
}

fn take_tag(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (first, mut rest) = bytes.split_first()?;
    let mut tag = u32::from(*first);
    if first & 0x1F == 0x1F {
        for position in 0.. {
            let (next, after) = rest.split_first()?;
            tag = tag << 8 | u32::from(*next);
            rest = after;
            if next & 0x80 == 0 {
                break;
            }
            if position == 1 {
                return None;
            }
        }
    }
    Some((tag, rest))
}

fn take_length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    match bytes {
        [length @ 0..=0x7F, rest @ ..] | [0x81, length, rest @ ..] => Some((usize::from(*length), rest)),
        [0x82, high, low, rest @ ..] => Some((usize::from(u16::from_be_bytes([*high, *low])), rest)),
        _ => None,
    }
}

/// Appends an object. `value` has at most 65535 bytes; a longer one is cut, so check before.
pub fn put(out: &mut Vec<u8>, tag: u32, value: &[u8]) {
    put_header(out, tag, value.len());
    out.extend_from_slice(value);
}

/// Appends the tag and length of an object whose value of `length` bytes the caller appends.
pub fn put_header(out: &mut Vec<u8>, tag: u32, length: usize) {
    let bytes = tag.to_be_bytes();
    let leading = bytes.iter().take(3).take_while(|byte| **byte == 0).count();
    out.extend(bytes.iter().skip(leading));
    let [high, low] = u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes();
    match (high, low) {
        (0, 0..=0x7F) => out.push(low),
        (0, _) => out.extend_from_slice(&[0x81, low]),
        _ => out.extend_from_slice(&[0x82, high, low]),
    }
}

/// One object as bytes.
pub fn object(tag: u32, value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len() + 6);
    put(&mut out, tag, value);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for (tag, length, head) in [
            (0x81, 0, &[0x81, 0x00][..]),
            (0x81, 127, &[0x81, 0x7F]),
            (0xDF22, 128, &[0xDF, 0x22, 0x81, 0x80]),
            (0x7F49, 255, &[0x7F, 0x49, 0x81, 0xFF]),
            (0x5FC105, 256, &[0x5F, 0xC1, 0x05, 0x82, 0x01, 0x00]),
            (0x53, 65535, &[0x53, 0x82, 0xFF, 0xFF]),
        ] {
            let value = vec![0xA5; length];
            let bytes = object(tag, &value);
            assert!(bytes.starts_with(head), "{tag:X}");
            assert_eq!(bytes.len(), head.len() + length);
            let mut walk = objects(&bytes);
            assert_eq!(walk.next(), Some(Object { tag, value: &value }));
            assert!(walk.next().is_none() && walk.is_complete());
            assert_eq!(header(&bytes), Some((tag, length)));
        }
    }

    #[test]
    fn hostile_bytes_end_the_walk() {
        for bytes in [
            &[0xDF][..],
            &[0x9F, 0x80],
            &[0x9F, 0x80, 0x80, 0x80, 0x01, 0x00],
            &[0x81],
            &[0x81, 0x80, 0x00],
            &[0x81, 0x05, 0, 0, 0, 0],
            &[0x81, 0x82, 0xFF],
            &[0x81, 0x83, 0, 0, 1, 0],
            &[0x81, 0x84, 0xFF, 0xFF, 0xFF, 0xFF],
        ] {
            let mut walk = objects(bytes);
            assert!(walk.next().is_none() && !walk.is_complete(), "{bytes:02X?}");
        }
        assert_eq!(find(&[0x83, 1, 7, 0x81, 2, 8, 9, 0x82], 0x81), Some(&[8, 9][..]));
        assert_eq!(find(&[0x83, 1, 7], 0x81), None);
    }
}
