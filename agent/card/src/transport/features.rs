//! What a reader can do beside passing APDUs on, as its driver tells it: PC/SC part 10 (version 2.02.09).
//!
//! Part 10 also knows pseudo-APDUs (PPDU) for drivers without control codes. They are not used: a reader that does
//! not know them passes them on to the card.

use super::Transaction;

/// CM_IOCTL_GET_FEATURE_REQUEST, as SCARD_CTL_CODE(3400) of the platform (part 10, section 2.2): on Windows
/// CTL_CODE of the device type 0x31.
const GET_FEATURE_REQUEST: u32 = if cfg!(windows) { 0x31 << 16 | 3400 << 2 } else { 0x4200_0000 + 3400 };

/// Features (section 2.3).
const VERIFY_PIN_DIRECT: u8 = 0x06;
const MODIFY_PIN_DIRECT: u8 = 0x07;
const IFD_PIN_PROPERTIES: u8 = 0x0A;
const GET_TLV_PROPERTIES: u8 = 0x12;

/// Properties (section 2.6.14). Their numbers are little-endian, the control codes of features big-endian.
const ENTRY_VALIDATION: u8 = 0x02;
const MIN_PIN_SIZE: u8 = 0x06;
const MAX_PIN_SIZE: u8 = 0x07;
const MAX_APDU_DATA_SIZE: u8 = 0x0A;
const ID_VENDOR: u8 = 0x0B;
const ID_PRODUCT: u8 = 0x0C;

/// USB vendor and product of readers whose pad must not be used (libccid's list, which older drivers and other
/// platforms do not have).
const NO_PAD: [(u16, u16); 9] = [
    // They say that they have a pad, and have none: OMNIKEY 1021, 3021 and 3121; 6121; the generic HID chip; Cherry
    // xx44; Fujitsu D323.
    (0x076B, 0x3031),
    (0x076B, 0x6632),
    (0x076B, 0x3A21),
    (0x046A, 0x00A7),
    (0x0BF8, 0x1024),
    // They show the host what was typed, which is what a pad is there to prevent: two HP keyboards, a Fujitsu one,
    // C3PO LTC31.
    (0x03F0, 0x1024),
    (0x03F0, 0x0036),
    (0x0BF8, 0x1017),
    (0x0783, 0x0006),
];

/// What a reader can do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Features {
    /// The control code by which a person is asked for a PIN on the reader's pad.
    pub verify: Option<u32>,
    /// The control code by which a person is asked for a new PIN there.
    pub modify: Option<u32>,
    /// The longest data field of an APDU, in bytes; `None` when the driver does not tell: then 256.
    pub max_apdu_data: Option<u32>,
    /// The fewest characters that the pad takes for a PIN.
    pub min_pin: Option<u8>,
    /// The most.
    pub max_pin: Option<u8>,
    /// By what the pad knows that a PIN is complete: 01 its greatest length, 02 a key, 04 a pause; bits.
    pub completed_by: Option<u8>,
}

impl Features {
    /// Asks the driver. Nothing reaches the card. Every error and every answer that makes no sense means that the
    /// reader can do nothing special.
    pub fn read(transaction: &mut dyn Transaction) -> Self {
        Self::try_read(transaction).unwrap_or_default()
    }

    fn try_read(transaction: &mut dyn Transaction) -> Option<Self> {
        let list = transaction.control(GET_FEATURE_REQUEST, &[]).ok()?;
        let codes = entries(&list)?;
        let code = |feature| match value(&codes, feature) {
            Some(code) => <[u8; 4]>::try_from(code).ok().map(u32::from_be_bytes).map(Some),
            None => Some(None),
        };
        let mut features =
            Self { verify: code(VERIFY_PIN_DIRECT)?, modify: code(MODIFY_PIN_DIRECT)?, ..Self::default() };
        if let Some(code) = code(GET_TLV_PROPERTIES)? {
            features.take_properties(&transaction.control(code, &[]).ok()?)?;
        }
        // wLcdLayout (2 bytes), bEntryValidationCondition, bTimeOut2 (section 2.5.6).
        if features.has_pad()
            && features.completed_by.is_none()
            && let Some(code) = code(IFD_PIN_PROPERTIES)?
            && let [_, _, by, ..] = transaction.control(code, &[]).ok()?[..]
        {
            features.completed_by = Some(by);
        }
        Some(features)
    }

    fn take_properties(&mut self, list: &[u8]) -> Option<()> {
        let properties = entries(list)?;
        let number = |tag| {
            let bytes = value(&properties, tag).filter(|bytes| bytes.len() <= 4)?;
            Some(bytes.iter().rev().fold(0, |number, byte| number << 8 | u32::from(*byte)))
        };
        // Drivers that do not know a size of PINs say 0.
        let byte = |tag| number(tag).and_then(|number| u8::try_from(number).ok()).filter(|byte| *byte > 0);
        let half = |tag| number(tag).and_then(|number| u16::try_from(number).ok());
        self.max_apdu_data = number(MAX_APDU_DATA_SIZE);
        self.min_pin = byte(MIN_PIN_SIZE);
        self.max_pin = byte(MAX_PIN_SIZE);
        self.completed_by = byte(ENTRY_VALIDATION);
        if let (Some(vendor), Some(product)) = (half(ID_VENDOR), half(ID_PRODUCT))
            && NO_PAD.contains(&(vendor, product))
        {
            self.verify = None;
            self.modify = None;
        }
        Some(())
    }

    /// Whether PINs are typed on the reader: those that the card has and new ones. A reader on which only the former
    /// can be typed would leave nobody a way to change them.
    pub fn has_pad(&self) -> bool {
        self.verify.is_some() && self.modify.is_some()
    }

    /// Whether the reader passes on a data field of so many bytes, to the card or from it. Some drivers say 65535
    /// where they mean 65536.
    pub fn passes(&self, bytes: usize) -> bool {
        let most =
            self.max_apdu_data.map_or(256, |most| if most == 0xFFFF { 0x1_0000 } else { most.max(256) });
        u32::try_from(bytes).is_ok_and(|bytes| bytes <= most)
    }
}

/// A list of tag (1 byte), length (1 byte) and value, whole or not at all.
fn entries(mut list: &[u8]) -> Option<Vec<(u8, &[u8])>> {
    let mut entries = Vec::new();
    while let [tag, length, rest @ ..] = list {
        let (value, rest) = rest.split_at_checked(usize::from(*length))?;
        entries.push((*tag, value));
        list = rest;
    }
    list.is_empty().then_some(entries)
}

fn value<'a>(entries: &[(u8, &'a [u8])], tag: u8) -> Option<&'a [u8]> {
    entries.iter().find(|entry| entry.0 == tag).map(|entry| entry.1)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic)]

    use super::*;
    use crate::transport::{Error, Result};

    /// A driver that answers its features, and its properties to the code 0xC0DE12.
    struct Driver<'d> {
        features: Option<&'d [u8]>,
        properties: Option<&'d [u8]>,
    }

    impl Transaction for Driver<'_> {
        fn atr(&self) -> &[u8] {
            &[]
        }

        fn control(&mut self, code: u32, data: &[u8]) -> Result<Vec<u8>> {
            assert!(data.is_empty());
            let answer = match code {
                0x4200_0D48 | 0x0031_3520 => self.features,
                0x00C0_DE0A => Some(&[0x10, 0x02, 0x07, 0x00][..]),
                0x00C0_DE12 => self.properties,
                _ => panic!("{code:X}"),
            };
            answer.map(<[u8]>::to_vec).ok_or(Error::Failed("SCARD_E_UNSUPPORTED_FEATURE".to_owned()))
        }

        fn transmit(&mut self, _: &[u8]) -> Result<Vec<u8>> {
            panic!("the card must not be asked")
        }

        fn keep_alive(&mut self) -> Result<()> {
            Ok(())
        }
    }

    const ALL: &[u8] = b"\x06\x04\x00\xC0\xDE\x06\x07\x04\x00\xC0\xDE\x07\x12\x04\x00\xC0\xDE\x12\x0A\x04\x00\xC0\xDE\x0A\x13\x04\x00\xC0\xDE\x13";

    fn read(features: Option<&[u8]>, properties: Option<&[u8]>) -> Features {
        Features::read(&mut Driver { features, properties })
    }

    #[test]
    fn what_a_driver_tells() {
        let none = Features::default();
        let pad = Features { verify: Some(0xC0_DE06), modify: Some(0xC0_DE07), ..Features::default() };
        let seven = Some(7);
        type Row = (&'static str, Option<&'static [u8]>, Option<&'static [u8]>, Features);
        let rows: [Row; 13] = [
            ("a driver without features", None, None, none.clone()),
            ("an empty list", Some(b""), None, none.clone()),
            ("no properties are told", Some(ALL), None, none.clone()),
            (
                "properties without a pad",
                Some(b"\x12\x04\x00\xC0\xDE\x12"),
                Some(b"\x0A\x04\x00\x00\x01\x00"),
                Features { max_apdu_data: Some(0x1_0000), ..none.clone() },
            ),
            ("a pad, and no word of properties", Some(&ALL[..12]), None, pad.clone()),
            (
                "a pad",
                Some(ALL),
                Some(b"\x06\x01\x04\x07\x01\x08\x02\x01\x02\x0B\x02\xE6\x08\x0C\x02\x78\x34"),
                Features { min_pin: Some(4), max_pin: Some(8), completed_by: Some(2), ..pad.clone() },
            ),
            (
                "sizes of 0 are none",
                Some(ALL),
                Some(b"\x06\x01\x00\x07\x01\x00\x0A\x04\xFF\xFF\x00\x00"),
                Features { max_apdu_data: Some(0xFFFF), completed_by: seven, ..pad.clone() },
            ),
            ("OMNIKEY 3x21 has no pad", Some(ALL), Some(b"\x0B\x02\x6B\x07\x0C\x02\x31\x30"), none.clone()),
            (
                "another OMNIKEY may",
                Some(ALL),
                Some(b"\x0B\x02\x6B\x07\x0C\x02\x21\x38"),
                Features { completed_by: seven, ..pad.clone() },
            ),
            ("a list that is cut off", Some(&ALL[..11]), None, none.clone()),
            ("a code of 3 bytes", Some(b"\x06\x03\x00\xC0\xDE"), None, none.clone()),
            ("properties that are cut off", Some(ALL), Some(b"\x06\x01\x04\x07\x09\x08"), none.clone()),
            (
                "a firmware's name is skipped",
                Some(ALL),
                Some(b"\x08\x05ABCDE\x07\x01\x10"),
                Features { max_pin: Some(16), completed_by: seven, ..pad.clone() },
            ),
        ];
        for (name, features, properties, expected) in rows {
            assert_eq!(read(features, properties), expected, "{name}");
        }
    }

    #[test]
    fn how_much_passes() {
        for (told, bytes, passes) in [
            (None, 256, true),
            (None, 257, false),
            (Some(0), 256, true),
            (Some(0), 257, false),
            (Some(261), 261, true),
            (Some(261), 262, false),
            (Some(0xFFFF), 0x1_0000, true),
            (Some(0x1_0000), 0x1_0000, true),
            (Some(0x1_0000), 0x1_0001, false),
        ] {
            let features = Features { max_apdu_data: told, ..Features::default() };
            assert_eq!(features.passes(bytes), passes, "{told:?} {bytes}");
        }
    }
}
