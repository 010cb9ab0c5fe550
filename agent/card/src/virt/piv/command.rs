//! A command APDU taken apart, short or extended (ISO 7816-4 section 5.1).

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
    /// The data field; of the whole chain once it is complete.
    pub data: &'a [u8],
    /// Le in bytes; 256 or 65536 where it is zero, 256 where it is absent.
    pub expected: usize,
}

impl<'a> Command<'a> {
    /// Takes an APDU apart; extended lengths only if the card knows them.
    pub(super) fn parse(apdu: &'a [u8], extended: bool) -> Result<Self, u16> {
        let [class, instruction, p1, p2, body @ ..] = apdu else { return Err(status::LENGTH) };
        let (data, expected) = match body {
            [0, _, _, ..] if !extended => None,
            [0, length @ ..] if length.len() >= 2 => Self::extended(length),
            _ => Self::short(body),
        }
        .ok_or(status::LENGTH)?;
        Ok(Self { class: *class, instruction: *instruction, p1: *p1, p2: *p2, data, expected })
    }

    fn short(body: &'a [u8]) -> Option<(&'a [u8], usize)> {
        let expected = |le: u8| if le == 0 { 256 } else { usize::from(le) };
        match body {
            [] => Some((&[], 256)),
            [le] => Some((&[], expected(*le))),
            [lc, rest @ ..] => match rest.split_at_checked(usize::from(*lc))? {
                (data, []) => Some((data, 256)),
                (data, [le]) => Some((data, expected(*le))),
                _ => None,
            },
        }
    }

    /// What follows the zero byte that announces extended lengths.
    fn extended(body: &'a [u8]) -> Option<(&'a [u8], usize)> {
        let expected = |le: [u8; 2]| match usize::from(u16::from_be_bytes(le)) {
            0 => 65536,
            le => le,
        };
        let (length, rest) = body.split_first_chunk()?;
        if rest.is_empty() {
            return Some((&[], expected(*length)));
        }
        match rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))? {
            (data, []) => Some((data, 256)),
            (data, [high, low]) => Some((data, expected([*high, *low]))),
            _ => None,
        }
    }

    /// P1 and P2 as one number.
    pub(super) fn p1p2(&self) -> u16 {
        u16::from_be_bytes([self.p1, self.p2])
    }

    /// Whether more commands of a chain follow.
    pub(super) fn more(&self) -> bool {
        self.class & 0x10 != 0
    }

    /// Whether this can be another command of the chain that `other` belongs to.
    pub(super) fn continues(&self, other: [u8; 3]) -> bool {
        [self.instruction, self.p1, self.p2] == other
    }
}
