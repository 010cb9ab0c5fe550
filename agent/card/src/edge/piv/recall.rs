//! Whether anything has changed since the card was last read.
//!
//! PIV cards keep no counter of changes. But a card that was asked for part of a long object keeps the rest for GET
//! RESPONSE, and forgets it as soon as anybody sends anything else, be it a SELECT, or takes its power away (card-piv.md
//! 2.2; ISO 7816-4 5.3.4). So the edge leaves it with such a rest, and looks later whether it is still there, byte for
//! byte. Nobody can have written in between without a command of his own.
//!
//! What could look the same after a write is only a rest of the same object from the same byte on, left by another
//! program. Programs fetch what they ask for; another Kortti does not, which is why the object and the byte are drawn
//! by lot. Where the card cuts its answers where it likes, only the object is.

use super::objects::{ObjectId, get_data};
use super::slot::Slot;
use super::{CHUNK, Piv};
use crate::apdu::{Command, Data, MAX_SHORT_DATA, Response, StatusWord};
use crate::applet::Applet;
use crate::error::{Error, Result};
use crate::smart_card::Freshness;
use crate::transport::Transaction;

/// What a short answer can hold.
const MAX_PART: usize = MAX_SHORT_DATA + 1;
/// The least rest that can be mistaken for nothing else.
const MIN_REST: usize = 64;

/// The mark that a card was left with.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mark {
    /// The object that was asked for.
    id: ObjectId,
    /// How much of it.
    asked: u8,
    /// The second byte of 61xx.
    waiting: u8,
    /// What the card gave.
    part: Vec<u8>,
    /// What comes next.
    rest: Vec<u8>,
}

impl Mark {
    /// The mark that an answer has left; `None` when it has left none.
    fn left_by(id: ObjectId, asked: u8, response: Response, whole: &[u8]) -> Option<Self> {
        let waiting = response.status.waiting()?;
        let rest = whole.strip_prefix(response.data.as_slice())?;
        let next = if waiting == 0 { MAX_PART } else { usize::from(waiting) };
        let rest = rest.get(..next.min(rest.len())).filter(|rest| rest.len() >= MIN_REST)?.to_vec();
        Some(Self { id, asked, waiting, part: response.data, rest })
    }

    fn encode(&self) -> Freshness {
        let mut bytes = self.id.0.to_be_bytes().to_vec();
        bytes.extend_from_slice(&[self.asked, self.waiting]);
        bytes.extend_from_slice(&u16::try_from(self.part.len()).unwrap_or(u16::MAX).to_be_bytes());
        bytes.extend_from_slice(&self.part);
        bytes.extend_from_slice(&self.rest);
        Freshness(bytes)
    }

    fn decode(Freshness(bytes): &Freshness) -> Option<Self> {
        let (id, bytes) = bytes.split_first_chunk()?;
        let ([asked, waiting], bytes) = bytes.split_first_chunk()?;
        let (length, bytes) = bytes.split_first_chunk()?;
        let (part, rest) = bytes.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        Some(Self {
            id: ObjectId(u32::from_be_bytes(*id)),
            asked: *asked,
            waiting: *waiting,
            part: part.to_vec(),
            rest: rest.to_vec(),
        })
    }
}

/// Whether the card still keeps the rest that it was left with; then it is left with the same again. Two APDUs, one
/// when it does not.
///
/// # Errors
/// [`Error::Transport`]
pub(super) fn recall(transaction: &mut dyn Transaction, freshness: &Freshness) -> Result<bool> {
    let Some(mark) = Mark::decode(freshness) else { return Ok(false) };
    let mut applet = Applet::new(transaction, CHUNK);
    let get_response = Command {
        name: "GET RESPONSE",
        instruction: 0xC0,
        parameters: [0, 0],
        data: Data::None,
        expects: true,
    };
    let Some(rest) = answer(applet.send_for_part(&get_response, mark.waiting))? else { return Ok(false) };
    let given = rest.status == StatusWord::OK || rest.status.waiting().is_some();
    if !given || rest.data != mark.rest {
        return Ok(false);
    }
    let tag_list = mark.id.tag_list();
    let Some(part) = answer(applet.send_for_part(&get_data(&tag_list), mark.asked))? else {
        return Ok(false);
    };
    Ok(part.data == mark.part && part.status.waiting() == Some(mark.waiting))
}

/// An answer that makes no sense is that of another application.
fn answer(response: Result<Response>) -> Result<Option<Response>> {
    match response {
        Ok(response) => Ok(Some(response)),
        Err(error @ Error::Transport(_)) => Err(error),
        Err(_) => Ok(None),
    }
}

impl Piv<'_> {
    /// Leaves the card with a mark. One APDU more when somebody is logged in, who would be logged out later, which would
    /// take the mark away; and those of reading a certificate when none was read in this transaction. `None` when no
    /// object that everybody may read is long enough, or the card keeps no rest.
    pub(super) fn leave_mark(&mut self) -> Result<Option<Freshness>> {
        if self.managed || !self.logged_in.is_empty() {
            self.log_out()?;
        }
        for slot in [Slot::AUTHENTICATION, Slot::SIGNATURE, Slot::KEY_MANAGEMENT, Slot::CARD_AUTHENTICATION] {
            if !self.memory.longer_than(MAX_PART + MIN_REST).is_empty() {
                break;
            }
            self.get_if_readable(slot.certificate_object())?;
        }
        let mut lot = [0; 4];
        if getrandom::fill(&mut lot).is_err() {
            return Ok(None);
        }
        let [asked, lot @ ..] = lot;
        let candidates = self.memory.longer_than(MAX_PART + MIN_REST);
        let lot = lot.into_iter().fold(0, |sum, byte| sum << 8 | usize::from(byte));
        let Some((id, whole)) =
            lot.checked_rem(candidates.len()).and_then(|chosen| candidates.get(chosen).copied())
        else {
            return Ok(None);
        };
        let whole = whole.to_vec();
        let tag_list = id.tag_list();
        let response = self.applet.send_for_part(&get_data(&tag_list), asked)?;
        Ok(Mark::left_by(id, asked, response, &whole).map(|mark| mark.encode()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn marks() {
        let whole: Vec<u8> = (0..1000_u16).map(|number| number.to_le_bytes()[0]).collect();
        let id = Slot::AUTHENTICATION.certificate_object();
        for (given, status, rest) in [
            (256, 0x6100, Some(256)),
            (100, 0x6100, Some(256)),
            (0, 0x6140, Some(64)),
            (900, 0x6164, Some(100)),
            (900, 0x6120, None),
            (990, 0x610A, None),
            (1000, 0x9000, None),
            (256, 0x9000, None),
            (0, 0x6C40, None),
        ] {
            let response = Response { data: whole[..given].to_vec(), status: StatusWord(status) };
            let mark = Mark::left_by(id, 7, response, &whole);
            assert_eq!(mark.as_ref().map(|mark| mark.rest.len()), rest, "{given} {status:04X}");
            if let Some(mark) = mark {
                assert_eq!(mark.rest, whole[given..given + mark.rest.len()]);
                assert_eq!(Mark::decode(&mark.encode()), Some(mark));
            }
        }
        let other = Response { data: vec![7; 256], status: StatusWord(0x6100) };
        assert_eq!(Mark::left_by(id, 7, other, &whole), None);
        assert_eq!(Mark::decode(&Freshness(vec![0; 7])), None);
        assert_eq!(Mark::decode(&Freshness(vec![0xFF; 20])), None);
    }
}
