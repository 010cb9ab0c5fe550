//! The application property template, a card's answer to SELECT (SP 800-73-4 part 2, section 3.1.1; card-piv.md 1).

use crate::tlv;

/// Tag: the template.
const TEMPLATE: u32 = 0x61;
/// Tag in it: a label for people.
const LABEL: u32 = 0x50;
/// Tag in it: the algorithms.
const ALGORITHMS: u32 = 0xAC;
/// Tag in those: one algorithm identifier.
const ALGORITHM: u32 = 0x80;
/// The longest label that is looked at, in bytes.
const MAX_LABEL: usize = 64;

/// What the card says of itself. Cards may say nothing at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Template {
    /// The label; printable ASCII only.
    pub(super) label: Option<String>,
    /// Algorithm identifiers.
    pub(super) algorithms: Vec<u8>,
}

impl Template {
    /// Reads it. What is malformed counts as missing.
    pub(super) fn parse(bytes: &[u8]) -> Self {
        let template = tlv::find(bytes, TEMPLATE).unwrap_or_default();
        let label = tlv::find(template, LABEL)
            .filter(|label| label.len() <= MAX_LABEL && label.iter().all(|byte| matches!(byte, b' '..=b'~')))
            .and_then(|label| std::str::from_utf8(label).ok());
        let listed = tlv::objects(tlv::find(template, ALGORITHMS).unwrap_or_default());
        let listed = listed.filter(|object| object.tag == ALGORITHM);
        Self {
            label: label.filter(|label| !label.is_empty()).map(str::to_owned),
            algorithms: listed.filter_map(|object| object.value.first().copied()).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates() {
        let yubikey = [0x61, 0x11, 0x4F, 6, 0, 0, 0x10, 0, 1, 0, 0x79, 7, 0x4F, 5, 0xA0, 0, 0, 3, 8];
        let label = tlv::object(0x50, b"PivApplet v0.9.0/REA");
        let listed = [0xAC, 9, 0x80, 1, 0x07, 0x80, 1, 0x11, 6, 1, 0];
        let pivapplet = tlv::object(0x61, &[&yubikey[2..], &label, &listed].concat());
        for (bytes, label, algorithms) in [
            (&yubikey[..], None, &[][..]),
            (&pivapplet, Some("PivApplet v0.9.0/REA"), &[0x07, 0x11]),
            (&[], None, &[]),
            (&pivapplet[..30], None, &[]),
            (&[0x61, 4, 0x50, 2, 0x1B, b'['], None, &[]),
            (&[0x61, 4, 0xAC, 2, 0x80, 0], None, &[]),
        ] {
            let template = Template::parse(bytes);
            assert_eq!(
                (template.label.as_deref(), &template.algorithms[..]),
                (label, algorithms),
                "{bytes:02X?}"
            );
        }
    }
}
