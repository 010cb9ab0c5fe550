//! The card holder unique identifier (SP 800-73-4 part 1, table 9; card-piv.md 2.3), and the identifier in the card
//! capability container.

use time::Date;
use time::macros::format_description;

use crate::tlv;

/// Tag: FASC-N, a number of a federal agency.
const FASC_N: u32 = 0x30;
/// Tag: GUID.
const GUID: u32 = 0x34;
/// Tag: date of expiry.
const EXPIRY: u32 = 0x35;
/// Tag: the issuer's signature.
const SIGNATURE: u32 = 0x3E;
/// Tag: error detection code, always empty.
const ERROR_DETECTION: u32 = 0xFE;
/// Tag in the card capability container: the card's identifier.
const CARD_IDENTIFIER: u32 = 0xF0;

/// A FASC-N that belongs to no agency (9999), as everybody writes it who is none.
const NO_AGENCY: [u8; 25] = [
    0xD4, 0xE7, 0x39, 0xDA, 0x73, 0x9C, 0xED, 0x39, 0xCE, 0x73, 0x9D, 0x83, 0x68, 0x58, 0x21, 0x08, 0x42,
    0x10, 0x84, 0x21, 0xC8, 0x42, 0x10, 0xC3, 0xEB,
];

/// The date of expiry that Yubico's programs write, whoever the card is for.
const NO_EXPIRY: &[u8] = b"20300101";

/// What the object says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Chuid {
    /// The GUID, unless it is missing or all zero.
    pub(super) guid: Option<[u8; 16]>,
    /// Whether an issuer has signed it: then nothing in it may change.
    pub(super) signed: bool,
    /// The last second of the day of expiry, RFC 3339 in UTC, where an issuer has set one.
    pub(super) expiry: Option<String>,
}

impl Chuid {
    /// Reads it. What is malformed counts as missing.
    pub(super) fn parse(contents: &[u8]) -> Self {
        let guid = tlv::find(contents, GUID).and_then(|guid| <[u8; 16]>::try_from(guid).ok());
        let signed = tlv::find(contents, SIGNATURE).is_some_and(|signature| !signature.is_empty());
        // The field is mandatory, so who has no date to set writes one all the same.
        let expiry = tlv::find(contents, EXPIRY).filter(|expiry| signed || *expiry != NO_EXPIRY);
        Self { guid: guid.filter(|guid| *guid != [0; 16]), signed, expiry: expiry.and_then(end_of_day) }
    }
}

/// The last second of a day that is given as YYYYMMDD, RFC 3339 in UTC. Years from 9999 on stand for no end.
fn end_of_day(text: &[u8]) -> Option<String> {
    let is_date = text.len() == 8 && text.iter().all(u8::is_ascii_digit);
    let text = std::str::from_utf8(text).ok().filter(|_| is_date)?;
    let date = Date::parse(text, format_description!("[year][month][day]")).ok()?;
    let date = Some(date).filter(|date| date.year() < 9999)?;
    date.format(format_description!("[year]-[month]-[day]T23:59:59Z")).ok()
}

/// The same object with another GUID; `None` when it is damaged, has no GUID, or is signed.
pub(super) fn with_guid(contents: &[u8], guid: [u8; 16]) -> Option<Vec<u8>> {
    (!Chuid::parse(contents).signed).then_some(())?;
    let mut walk = tlv::objects(contents);
    let mut renewed = Vec::with_capacity(contents.len());
    let mut found = false;
    for object in walk.by_ref() {
        let is_guid = object.tag == GUID && object.value.len() == guid.len();
        tlv::put(&mut renewed, object.tag, if is_guid { &guid } else { object.value });
        found |= is_guid;
    }
    (found && walk.is_complete()).then_some(renewed)
}

/// An object for a card that has none: no agency, this GUID, valid until 2030, not signed. It is what Yubico's
/// programs write.
pub(super) fn template(guid: [u8; 16]) -> Vec<u8> {
    let mut contents = Vec::with_capacity(59);
    tlv::put(&mut contents, FASC_N, &NO_AGENCY);
    tlv::put(&mut contents, GUID, &guid);
    tlv::put(&mut contents, EXPIRY, b"20300101");
    tlv::put(&mut contents, SIGNATURE, &[]);
    tlv::put(&mut contents, ERROR_DETECTION, &[]);
    contents
}

/// The identifier in a card capability container; `None` unless it is one that tells cards apart.
pub(super) fn card_identifier(ccc: &[u8]) -> Option<Vec<u8>> {
    let identifier = tlv::find(ccc, CARD_IDENTIFIER)?;
    // Application, manufacturer and type come first (SP 800-73-4 part 1, table 8); the rest is the card's own.
    let own = identifier.get(7..).filter(|own| own.len() == 14)?;
    own.iter().any(|byte| *byte != own.first().copied().unwrap_or_default()).then(|| own.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template() {
        let contents = template([0xA5; 16]);
        assert_eq!(contents.len(), 59);
        assert_eq!(&contents[29..45], &[0xA5; 16]);
        assert_eq!(Chuid::parse(&contents), Chuid { guid: Some([0xA5; 16]), signed: false, expiry: None });
        assert_eq!(with_guid(&contents, [7; 16]), Some(template([7; 16])));
    }

    #[test]
    fn all_else_is_kept() {
        let guid = [1; 16];
        let mut contents = vec![0xEE, 2, 0, 99, 0x32, 4, 1, 2, 3, 4];
        contents.extend(template(guid));
        contents.extend([0x36, 2, 9, 9]);
        let renewed = with_guid(&contents, [2; 16]).unwrap();
        let differs = contents.iter().zip(&renewed).filter(|(a, b)| a != b).count();
        assert_eq!((renewed.len(), differs), (contents.len(), 16));
    }

    #[test]
    fn what_may_not_change() {
        let signed = [&template([3; 16])[..55], &[0x3E, 3, 1, 2, 3, 0xFE, 0]].concat();
        let expiry = Some("2030-01-01T23:59:59Z".to_owned());
        assert_eq!(Chuid::parse(&signed), Chuid { guid: Some([3; 16]), signed: true, expiry });
        let cut = [&template([3; 16])[..], &[0x35]].concat();
        for contents in [&signed[..], &cut, &[], &[0x34, 3, 1, 2, 3], &[0x30, 1, 1], &[0xFF; 60]] {
            assert_eq!(with_guid(contents, [4; 16]), None, "{contents:02X?}");
        }
        assert_eq!(Chuid::parse(&template([0; 16])).guid, None);
    }

    #[test]
    fn when_a_card_expires() {
        for (date, expiry) in [
            (&b"20310228"[..], Some("2031-02-28T23:59:59Z")),
            (b"20320229", Some("2032-02-29T23:59:59Z")),
            (b"00010101", Some("0001-01-01T23:59:59Z")),
            // What everybody writes who has no date.
            (b"20300101", None),
            (b"99991231", None),
            (b"20310229", None),
            (b"20311301", None),
            (b"20310100", None),
            (b"2031010", None),
            (b"203101011", None),
            (b"+2031010", None),
            (b"2031 1 1", None),
            (b"", None),
            (b"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", None),
            ("2031é11".as_bytes(), None),
            ("203é111".as_bytes(), None),
        ] {
            let mut contents = Vec::new();
            tlv::put(&mut contents, GUID, &[1; 16]);
            tlv::put(&mut contents, EXPIRY, date);
            assert_eq!(Chuid::parse(&contents).expiry.as_deref(), expiry, "{date:02X?}");
        }
    }

    #[test]
    fn capability_container() {
        let own = [9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 1, 2, 3, 4];
        let head = [0xF0, 0x15, 0xA0, 0x00, 0x00, 0x01, 0x16, 0xFF, 0x02];
        let ccc = [&head[..], &own, &[0xF1, 1, 0x21]].concat();
        assert_eq!(card_identifier(&ccc), Some(own.to_vec()));
        for other in [[&head[..], &[0; 14]].concat(), ccc[..20].to_vec(), vec![0xF0, 1, 1], Vec::new()] {
            assert_eq!(card_identifier(&other), None, "{other:02X?}");
        }
    }
}
