//! PINs typed on the reader's own pad: the requests of PC/SC part 10 (version 2.02.09, sections 2.5.2 and 2.5.3) as
//! bytes, and what a pad answers in the place of a card.
//!
//! The reader asks the person, puts what was typed into the command that it was given, and sends that to the card.
//! No program sees the PIN.

use crate::error::PadEnd;
use crate::transport::features::Features;

/// Seconds in which a PIN must be typed.
const PATIENCE: u8 = 60;
/// bmFormatString: units of bytes, position 0 of the data field, justified to the left, ASCII.
const FORMAT: u8 = 0x82;
/// bEntryValidationCondition: the key by which the person says that the PIN is complete.
const BY_KEY: u8 = 0x02;
/// wLangId of the prompts that a reader with a display shows: English (United States), which all of them have.
const LANGUAGE: [u8; 2] = 0x0409_u16.to_le_bytes();
/// Numbers of those prompts: for a PIN, for a new one, for the new one once more.
const PROMPTS: [u8; 3] = [0, 1, 2];
/// bConfirmPIN: the new PIN is asked for twice; and the present one before it.
const CONFIRM: u8 = 0x01;
const ASK_PRESENT: u8 = 0x02;

/// What is typed, and how it stands in the command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// What the person is asked for.
    pub asked: Asked,
    /// The fewest characters of a PIN, at least 1.
    pub min: u8,
    /// The most.
    pub max: u8,
    /// How it stands in the command.
    pub block: Block,
}

/// What a person is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// A PIN, as for VERIFY.
    Pin,
    /// The present PIN or a PUK, then the new PIN twice, as for CHANGE REFERENCE DATA and RESET RETRY COUNTER.
    PinAndNew,
    /// The new PIN twice.
    New,
}

/// How a PIN stands in the data field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Block {
    /// As it was typed, one behind the other; the reader puts Lc in.
    Bare,
    /// Filled up to so many bytes, at most 15, one block behind the other.
    Padded {
        /// Bytes of a block.
        size: u8,
        /// What fills it up.
        with: u8,
    },
}

/// The request for a reader: control code and data. `None` when the reader has no pad for it, or one that takes no
/// PIN of these lengths.
///
/// `header` is CLA, INS, P1 and P2 of the command.
pub fn request(header: [u8; 4], form: &Form, reader: &Features) -> Option<(u32, Vec<u8>)> {
    let code = match form.asked {
        Asked::Pin => reader.verify,
        Asked::PinAndNew | Asked::New => reader.modify,
    }?;
    let min = form.min.max(reader.min_pin.unwrap_or(1)).max(1);
    let max = form.max.min(reader.max_pin.unwrap_or(u8::MAX));
    if min > max {
        return None;
    }
    let block_size = match form.block {
        Block::Bare => 0,
        Block::Padded { size, .. } => Some(size).filter(|size| (max..=15).contains(size))?,
    };
    // PIN length: not put in, its place does not matter.
    let mut request = vec![PATIENCE, PATIENCE, FORMAT, block_size, 0x00];
    let has_present = form.asked == Asked::PinAndNew;
    if form.asked != Asked::Pin {
        // Where the present one and the new one stand. Without padding the reader puts them one behind the other.
        request.extend_from_slice(&[0, if has_present { block_size } else { 0 }]);
    }
    // wPINMaxExtraDigit has the least length in its upper half.
    request.extend_from_slice(&[max, min]);
    let prompts = match form.asked {
        Asked::Pin => 1,
        Asked::PinAndNew => {
            request.push(CONFIRM | ASK_PRESENT);
            3
        }
        Asked::New => {
            request.push(CONFIRM);
            2
        }
    };
    let completed_by = reader.completed_by.filter(|by| by & BY_KEY == 0 && (1..=7).contains(by));
    request.extend_from_slice(&[completed_by.unwrap_or(BY_KEY), prompts]);
    request.extend_from_slice(&LANGUAGE);
    match form.asked {
        Asked::Pin => request.extend_from_slice(&PROMPTS[..1]),
        Asked::PinAndNew => request.extend_from_slice(&PROMPTS),
        // The third is not shown.
        Asked::New => request.extend_from_slice(&[PROMPTS[1], PROMPTS[2], 0]),
    }
    // bTeoPrologue, of which the driver knows more.
    request.extend_from_slice(&[0; 3]);
    let blocks = if has_present { 2 } else { 1 };
    let command = match form.block {
        // Four bytes and no Lc: with an Lc of 00 some readers send it as it is (OpenSC#309).
        Block::Bare => header.to_vec(),
        Block::Padded { size, with } => {
            let length = size * blocks;
            let mut command = header.to_vec();
            command.push(length);
            command.resize(5 + usize::from(length), with);
            command
        }
    };
    request.extend_from_slice(&u32::try_from(command.len()).unwrap_or(0).to_le_bytes());
    request.extend_from_slice(&command);
    Some((code, request))
}

/// What an answer means that is the pad's and not the card's (section 2.5.2, return codes). The card has not been
/// asked then, and no try is used.
pub fn end(status: u16) -> Option<PadEnd> {
    Some(match status {
        0x6400 => PadEnd::TimedOut,
        0x6401 => PadEnd::Cancelled,
        0x6402 => PadEnd::Differ,
        0x6403 => PadEnd::Length,
        0x6B80 => PadEnd::Refused,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;

    const PIV: Block = Block::Padded { size: 8, with: 0xFF };

    fn pad() -> Features {
        Features { verify: Some(6), modify: Some(7), ..Features::default() }
    }

    #[test]
    fn what_a_reader_is_given() {
        // The fields are parted as the specification has them.
        for (name, header, asked, min, max, block, code, expected) in [
            (
                "VERIFY of PIV",
                [0x00, 0x20, 0x00, 0x80],
                Asked::Pin,
                6,
                8,
                PIV,
                6,
                "3C 3C 82 08 00 0806 02 01 0904 00 000000 0D000000 00200080 08 FFFFFFFFFFFFFFFF",
            ),
            (
                "VERIFY of GIDS",
                [0x00, 0x20, 0x00, 0x80],
                Asked::Pin,
                4,
                16,
                Block::Bare,
                6,
                "3C 3C 82 00 00 1004 02 01 0904 00 000000 04000000 00200080",
            ),
            (
                "CHANGE REFERENCE DATA of PIV",
                [0x00, 0x24, 0x00, 0x80],
                Asked::PinAndNew,
                6,
                8,
                PIV,
                7,
                "3C 3C 82 08 00 00 08 0806 03 02 03 0904 00 01 02 000000 15000000 \
                 00240080 10 FFFFFFFFFFFFFFFF FFFFFFFFFFFFFFFF",
            ),
            (
                "a PUK and a new PIN without padding",
                [0x00, 0x2C, 0x00, 0x80],
                Asked::PinAndNew,
                4,
                16,
                Block::Bare,
                7,
                "3C 3C 82 00 00 00 00 1004 03 02 03 0904 00 01 02 000000 04000000 002C0080",
            ),
            (
                "only a new PIN",
                [0x00, 0x2C, 0x02, 0x80],
                Asked::New,
                4,
                16,
                Block::Bare,
                7,
                "3C 3C 82 00 00 00 00 1004 01 02 02 0904 01 02 00 000000 04000000 002C0280",
            ),
        ] {
            let expected: Vec<u8> = expected.bytes().filter(|byte| *byte != b' ').collect();
            let form = Form { asked, min, max, block };
            let expected = (code, shared::hex::decode(&expected).unwrap());
            assert_eq!(request(header, &form, &pad()), Some(expected), "{name}");
        }
    }

    #[test]
    fn what_a_reader_can_take() {
        let form = Form { asked: Asked::Pin, min: 4, max: 16, block: Block::Bare };
        let change = Form { asked: Asked::New, ..form };
        let padded = Form { block: PIV, max: 8, ..form };
        let overlong = Form { block: PIV, ..form };
        let none = Features::default();
        // Lengths, and by what an entry is complete.
        for (reader, form, expected) in [
            (&none, form, None),
            (&pad(), form, Some((4, 16, 2))),
            (&Features { modify: None, ..pad() }, change, None),
            (&Features { min_pin: Some(6), max_pin: Some(8), ..pad() }, form, Some((6, 8, 2))),
            (&Features { min_pin: Some(1), max_pin: Some(99), ..pad() }, form, Some((4, 16, 2))),
            (&Features { max_pin: Some(3), ..pad() }, form, None),
            (&Features { completed_by: Some(7), ..pad() }, form, Some((4, 16, 2))),
            (&Features { completed_by: Some(5), ..pad() }, form, Some((4, 16, 5))),
            (&Features { completed_by: Some(0x88), ..pad() }, form, Some((4, 16, 2))),
            (&pad(), padded, Some((4, 8, 2))),
            (&pad(), overlong, None),
        ] {
            let request = request([0; 4], &form, reader);
            let told = request.map(|(_, request)| (request[6], request[5], request[7]));
            assert_eq!(told, expected, "{reader:?} {form:?}");
        }
    }
}
