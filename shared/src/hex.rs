//! Hexadecimal text: upper case when written, forgiving about case and grouping when read.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// Bytes that travel and are shown as upper-case hexadecimal text. Never for a secret: it can be printed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(test, derive(ts_rs::TS), ts(type = "string"))]
pub struct Hex(pub Vec<u8>);

impl fmt::Display for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
    }
}

impl fmt::Debug for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        decode(text.as_bytes()).map(Hex).ok_or_else(|| D::Error::custom("not hexadecimal text"))
    }
}

/// The bytes that hexadecimal text stands for: any case, an even number of digits, nothing else.
pub fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 2);
    decode_into(text, &mut bytes).then_some(bytes)
}

/// As [`decode`], appended to a buffer of the caller's choosing (one that wipes itself, for instance).
/// Returns false, with the buffer in an undefined but valid state, when the text is not hexadecimal.
pub fn decode_into(text: &[u8], bytes: &mut Vec<u8>) -> bool {
    let pairs = text.chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return false;
    }
    for pair in pairs {
        let [high, low] = pair else { return false };
        let (Some(high), Some(low)) = (digit(*high), digit(*low)) else { return false };
        bytes.push(high << 4 | low);
    }
    true
}

fn digit(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        b'A'..=b'F' => Some(character - b'A' + 10),
        _ => None,
    }
}

/// Upper-case digits in groups of `group` characters, as a challenge is read out: `A892 D756 0161 7C5D`.
pub fn grouped(bytes: &[u8], group: usize) -> String {
    let digits: Vec<char> = Hex(bytes.to_vec()).to_string().chars().collect();
    let groups: Vec<String> = digits.chunks(group.max(1)).map(|part| part.iter().collect()).collect();
    groups.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_bytes() {
        for (text, bytes) in [
            ("", Some(vec![])),
            ("00", Some(vec![0])),
            ("aBcD", Some(vec![0xAB, 0xCD])),
            ("abc", None),
            ("0g", None),
            ("0 1 ", None),
        ] {
            assert_eq!(decode(text.as_bytes()), bytes, "{text}");
        }
        assert_eq!(Hex(vec![0x0A, 0xFF]).to_string(), "0AFF");
        assert_eq!(grouped(&[0xA8, 0x92, 0xD7, 0x56, 0x01], 4), "A892 D756 01");
    }
}
