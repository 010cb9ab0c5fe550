//! The virtual cards' own reading and writing of BER-TLV: tags of one or two bytes, lengths in the short form, 81
//! and 82. Independent of [`crate::tlv`] on purpose: the card is a witness against the edge.

/// The beginning of an object.
#[derive(Clone, Copy)]
pub(super) struct Header {
    /// One or two bytes.
    pub tag: u16,
    /// Bytes of tag and length.
    pub size: usize,
    /// The announced length of the value.
    pub length: usize,
}

/// Reads tag and length; `None` when they are not complete or in another form.
pub(super) fn header(bytes: &[u8]) -> Option<Header> {
    let (tag, tag_size, rest) = match bytes {
        [first, second, rest @ ..] if first & 0x1F == 0x1F => {
            (u16::from_be_bytes([*first, *second]), 2, rest)
        }
        [first, rest @ ..] if first & 0x1F != 0x1F => (u16::from(*first), 1, rest),
        _ => return None,
    };
    let (length, length_size) = match rest {
        [length @ 0..=0x7F, ..] => (usize::from(*length), 1),
        [0x81, length, ..] => (usize::from(*length), 2),
        [0x82, high, low, ..] => (usize::from(u16::from_be_bytes([*high, *low])), 3),
        _ => return None,
    };
    Some(Header { tag, size: tag_size + length_size, length })
}

/// Splits the first object off: tag, value, and what follows.
pub(super) fn split(bytes: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let header = header(bytes)?;
    let (value, rest) = bytes.get(header.size..)?.split_at_checked(header.length)?;
    Some((header.tag, value, rest))
}

/// The value of an object that is alone in `bytes` and has this tag.
pub(super) fn only(bytes: &[u8], tag: u16) -> Option<&[u8]> {
    split(bytes).filter(|(found, _, rest)| *found == tag && rest.is_empty()).map(|(_, value, _)| value)
}

/// The objects in `bytes`, up to the first that is malformed.
pub(super) fn objects(mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let (tag, value, rest) = split(bytes)?;
        bytes = rest;
        Some((tag, value))
    })
}

/// The value of the first object with this tag.
pub(super) fn find(bytes: &[u8], tag: u16) -> Option<&[u8]> {
    objects(bytes).find(|(found, _)| *found == tag).map(|(_, value)| value)
}

/// An object. A value longer than 65535 bytes is cut: no card holds one.
pub(super) fn object(tag: u16, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
    let mut bytes = Vec::with_capacity(5 + value.len());
    match tag.to_be_bytes() {
        [0, low] => bytes.push(low),
        two => bytes.extend_from_slice(&two),
    }
    match length.to_be_bytes() {
        [0, low @ 0..=0x7F] => bytes.push(low),
        [0, low] => bytes.extend_from_slice(&[0x81, low]),
        [high, low] => bytes.extend_from_slice(&[0x82, high, low]),
    }
    bytes.extend(value.iter().take(usize::from(length)));
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for (tag, length) in
            [(0x53, 0), (0xDF21, 127), (0x7F49, 128), (0x30, 255), (0x82, 256), (0xDF30, 65535)]
        {
            let value = vec![7; length];
            let bytes = object(tag, &value);
            assert_eq!(only(&bytes, tag), Some(&value[..]), "{tag:04X} {length}");
            assert!(length == 0 || split(&bytes[..bytes.len() - 1]).is_none());
        }
    }

    #[test]
    fn malformed() {
        for bytes in [
            &[][..],
            &[0x53],
            &[0x7F],
            &[0x7F, 0x49],
            &[0x53, 0x81],
            &[0x53, 0x82, 1],
            &[0x53, 0x80],
            &[0x53, 0x83, 0, 0, 1, 9],
        ] {
            assert!(split(bytes).is_none(), "{bytes:02X?}");
        }
    }
}
