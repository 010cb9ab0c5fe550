//! The discovery object: which PINs a card has (SP 800-73-4 part 1, section 3.3.2; card-piv.md 2.4).

use crate::tlv;

/// Tag: PIN usage policy.
const PIN_USAGE: u32 = 0x5F2F;

/// What it says of PINs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Discovery {
    /// Whether the card takes its global PIN too.
    pub(super) global_pin: bool,
    /// Whether the global PIN is the one to ask people for.
    pub(super) global_first: bool,
}

impl Discovery {
    /// Reads it. Without one, as on most cards, there is the PIV PIN alone.
    pub(super) fn parse(contents: &[u8]) -> Self {
        let (first, second) = match tlv::find(contents, PIN_USAGE) {
            Some([first, second, ..]) => (*first, *second),
            _ => (0x40, 0x00),
        };
        let global_pin = first & 0x20 != 0;
        Self { global_pin, global_first: global_pin && second == 0x20 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins() {
        let object = |policy: &[u8]| {
            [&[0x4F, 0x0B, 0xA0, 0, 0, 3, 8, 0, 0, 0x10, 0, 1, 0, 0x5F, 0x2F, 2][..], policy].concat()
        };
        for (contents, global_pin, global_first) in [
            (Vec::new(), false, false),
            (object(&[0x40, 0x00]), false, false),
            (object(&[0x40, 0x20]), false, false),
            (object(&[0x60, 0x10]), true, false),
            (object(&[0x60, 0x20]), true, true),
            (object(&[0x60]), false, false),
            (vec![0xFF; 20], false, false),
        ] {
            assert_eq!(
                Discovery::parse(&contents),
                Discovery { global_pin, global_first },
                "{contents:02X?}"
            );
        }
    }
}
