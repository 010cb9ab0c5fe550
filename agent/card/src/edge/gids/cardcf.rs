//! The counters by which programs notice that a card has changed (section 6).

use super::Gids;
use super::store::{Address, MASTERFILE, USUAL_CARDCF};
use crate::error::{Error, Result};
use crate::smart_card::Freshness;

/// What changes, so that its counter has to move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bump {
    /// A PIN.
    Pins,
    /// Files only.
    Files,
    /// Containers, and with them files.
    Containers,
}

/// The counters after a change. Version, and what other programs keep behind the counters, stay as they are; a
/// file that is too short is filled up.
pub(super) fn bumped(cardcf: &[u8], bump: Bump) -> Vec<u8> {
    let mut bytes = cardcf.to_vec();
    if bytes.len() < 6 {
        bytes.resize(6, 0);
    }
    if let [_, pins, c0, c1, f0, f1, ..] = bytes.as_mut_slice() {
        let next = |low: &mut u8, high: &mut u8| {
            [*low, *high] = u16::from_le_bytes([*low, *high]).wrapping_add(1).to_le_bytes();
        };
        match bump {
            Bump::Pins => *pins = pins.wrapping_add(1),
            Bump::Files => next(f0, f1),
            Bump::Containers => {
                next(c0, c1);
                next(f0, f1);
            }
        }
    }
    bytes
}

/// The counters of containers and files, as they stand in the file.
pub(super) fn counters(cardcf: &[u8]) -> Option<[u8; 4]> {
    match cardcf {
        [_, _, counters @ ..] => counters.first_chunk().copied(),
        _ => None,
    }
}

impl Gids<'_> {
    /// The file `cardcf` with the place where it was found; the place is part of the answer so that two of them can
    /// never be confused.
    pub(super) fn read_freshness(&mut self) -> Result<Freshness> {
        if let Some((at, value)) = self.find_cardcf()? {
            let place = [at.file.to_be_bytes(), at.object.to_be_bytes()].concat();
            return Ok(Freshness([place, value].concat()));
        }
        // Without the file nobody can tell what has changed: never the same twice.
        let mut unique = [0; 16];
        getrandom::fill(&mut unique).map_err(|_| Error::Damaged("cardcf".to_owned()))?;
        Ok(Freshness(unique.to_vec()))
    }

    /// The counter that moves when a PIN is set.
    pub(super) fn pin_counter(&mut self) -> Result<Option<u8>> {
        let found = match self.find_cardcf() {
            Err(error @ Error::Transport(_)) => return Err(error),
            // A card without a directory has nobody who counts.
            found => found.unwrap_or_default(),
        };
        Ok(found.and_then(|(_, value)| value.get(1).copied()))
    }

    /// The file `cardcf`, and where it is. Only a card that keeps it at no usual place is asked for its masterfile.
    fn find_cardcf(&mut self) -> Result<Option<(Address, Vec<u8>)>> {
        if !self.memory.has(MASTERFILE)
            && let Some(value) = self.cardcf_at(USUAL_CARDCF)?
        {
            return Ok(Some((USUAL_CARDCF, value)));
        }
        let Some(at) = self.masterfile()?.find("", "cardcf") else { return Ok(None) };
        Ok(self.cardcf_at(at)?.map(|value| (at, value)))
    }

    fn cardcf_at(&mut self, at: Address) -> Result<Option<Vec<u8>>> {
        let value = self.try_read(at)?.unwrap_or_default();
        Ok(value.filter(|value| counters(value).is_some()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_move_and_wrap_and_the_tail_stays() {
        for (before, bump, after) in [
            (&[0, 1, 2, 0, 5, 0][..], Bump::Pins, &[0, 2, 2, 0, 5, 0][..]),
            (&[0, 1, 2, 0, 5, 0], Bump::Files, &[0, 1, 2, 0, 6, 0]),
            (&[0, 1, 2, 0, 5, 0], Bump::Containers, &[0, 1, 3, 0, 6, 0]),
            (&[1, 0xFF, 0xFF, 0xFF, 0xFF, 0x00], Bump::Pins, &[1, 0, 0xFF, 0xFF, 0xFF, 0x00]),
            (&[1, 0xFF, 0xFF, 0xFF, 0xFF, 0x00], Bump::Containers, &[1, 0xFF, 0, 0, 0, 1]),
            (&[0, 0, 0, 0, 0, 0, 9, 8, 7, 6], Bump::Files, &[0, 0, 0, 0, 1, 0, 9, 8, 7, 6]),
            (&[], Bump::Files, &[0, 0, 0, 0, 1, 0]),
        ] {
            assert_eq!(bumped(before, bump), after, "{before:?} {bump:?}");
        }
        assert_eq!(counters(&[0, 1, 2, 0, 5, 0, 9]), Some([2, 0, 5, 0]));
        assert_eq!(counters(&[0, 1, 2, 0, 5]), None);
    }
}
