//! What Yubico's programs note about PUK and management key: ADMIN DATA and PRINTED (card-piv.md 4.4).

use zeroize::Zeroizing;

use crate::tlv;

/// Tag: ADMIN DATA.
const ADMIN_DATA: u32 = 0x80;
/// Tag in it: flags.
const FLAGS: u32 = 0x81;
/// Tag in it: the salt from which, with the PIN, the key is derived.
const SALT: u32 = 0x82;
/// Flag: the PUK was blocked on purpose.
const PUK_BLOCKED: u8 = 0x01;
/// Flag: the management key is in PRINTED.
const KEY_STORED: u8 = 0x02;
/// Tag: PRINTED as these programs use it.
const PROTECTED: u32 = 0x88;
/// Tag in it: the management key.
const KEY: u32 = 0x89;
/// The longest management key, in bytes.
const MAX_KEY: usize = 32;

/// What ADMIN DATA says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct AdminData {
    /// Somebody, mostly Yubico's minidriver, has blocked the PUK on purpose.
    pub(super) puk_blocked: bool,
    /// The management key is in PRINTED, for whoever has the PIN.
    pub(super) key_stored: bool,
    /// The management key is derived from PIN and salt: the way of old.
    pub(super) key_derived: bool,
}

impl AdminData {
    /// Reads it. What is malformed counts as missing.
    pub(super) fn parse(contents: &[u8]) -> Self {
        let data = tlv::find(contents, ADMIN_DATA).unwrap_or_default();
        let flags = tlv::find(data, FLAGS).and_then(<[u8]>::first).copied().unwrap_or_default();
        let key_stored = flags & KEY_STORED != 0;
        Self {
            puk_blocked: flags & PUK_BLOCKED != 0,
            key_stored,
            key_derived: !key_stored && tlv::find(data, SALT).is_some_and(|salt| salt.len() == 16),
        }
    }
}

/// The management key in PRINTED; `None` when it holds something else.
pub(super) fn stored_key(printed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let key = tlv::find(tlv::find(printed, PROTECTED)?, KEY)?;
    (1..=MAX_KEY).contains(&key.len()).then(|| Zeroizing::new(key.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn admin_data() {
        let salt = [&[0x80, 0x15, 0x81, 1, 0x01, 0x82, 0x10][..], &[5; 16]].concat();
        for (contents, says) in [
            (&[][..], [false; 3]),
            (&[0x80, 3, 0x81, 1, 0x03], [true, true, false]),
            (&[0x80, 3, 0x81, 1, 0x02], [false, true, false]),
            (&[0x80, 9, 0x83, 4, 1, 2, 3, 4, 0x81, 1, 1], [true, false, false]),
            (&salt, [true, false, true]),
            (&[0x80, 2, 0x81, 0], [false; 3]),
            (&[0x80, 9, 0x81, 1, 3], [false; 3]),
            (&[0xFF; 40], [false; 3]),
        ] {
            let AdminData { puk_blocked, key_stored, key_derived } = AdminData::parse(contents);
            assert_eq!([puk_blocked, key_stored, key_derived], says, "{contents:02X?}");
        }
    }

    #[test]
    fn printed() {
        let key = [7; 24];
        let printed = tlv::object(0x88, &tlv::object(0x89, &key));
        assert_eq!(stored_key(&printed).unwrap().as_slice(), key);
        for other in [&[][..], &[0x88, 0], &[0x88, 2, 0x89, 0], &[0x01, 3, b'A', b'n', b'n'], &printed[..20]]
        {
            assert!(stored_key(other).is_none(), "{other:02X?}");
        }
        assert!(stored_key(&tlv::object(0x88, &tlv::object(0x89, &[7; 33]))).is_none());
    }
}
