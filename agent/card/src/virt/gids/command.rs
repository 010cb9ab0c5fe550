//! A short command APDU taken apart (ISO 7816-4 section 5.1).

use super::status;

/// A command as the card sees it.
#[derive(Clone, Copy)]
pub(super) struct Command<'a> {
    /// CLA.
    pub class: u8,
    /// INS.
    pub instruction: u8,
    /// P1.
    pub p1: u8,
    /// P2.
    pub p2: u8,
    /// The data field.
    pub data: &'a [u8],
    /// Le in bytes; 256 where it is 00 or absent.
    pub expected: usize,
}

impl<'a> Command<'a> {
    /// Takes an APDU apart. Extended lengths are refused: the card knows short APDUs only.
    pub(super) fn parse(apdu: &'a [u8]) -> Result<Self, u16> {
        let [class, instruction, p1, p2, body @ ..] = apdu else { return Err(status::LENGTH) };
        let (data, le): (&[u8], u8) = match body {
            [] => (&[], 0),
            [le] => (&[], *le),
            [0, ..] => return Err(status::LENGTH),
            [lc, rest @ ..] => match rest.split_at_checked(usize::from(*lc)) {
                Some((data, [])) => (data, 0),
                Some((data, [le])) => (data, *le),
                _ => return Err(status::LENGTH),
            },
        };
        let expected = if le == 0 { 256 } else { usize::from(le) };
        Ok(Self { class: *class, instruction: *instruction, p1: *p1, p2: *p2, data, expected })
    }

    /// P1 and P2 as one number.
    pub(super) fn p1p2(&self) -> u16 {
        u16::from_be_bytes([self.p1, self.p2])
    }

    /// Whether more commands of a chain follow.
    pub(super) fn more(&self) -> bool {
        self.class & 0x10 != 0
    }
}
