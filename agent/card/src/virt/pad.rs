//! What a virtual reader does beside passing APDUs on: it tells its features and, where it has a pad, lets a person
//! type on it. Written from PC/SC part 10 (version 2.02.09) without a look at who asks, so that a wrong request
//! fails as it would in a reader.

use std::collections::VecDeque;

use zeroize::Zeroizing;

/// Control codes of this reader, as libccid has them on Linux; the first is everybody's.
const GET_FEATURES: u32 = if cfg!(windows) { 0x0031_3520 } else { 0x4200_0D48 };
const VERIFY_PIN: u32 = 0x4233_0006;
const MODIFY_PIN: u32 = 0x4233_0007;
const PROPERTIES: u32 = 0x4233_0012;

/// Answers in the place of the card's.
const TIMED_OUT: u16 = 0x6400;
const CANCELLED: u16 = 0x6401;
const DIFFERENT: u16 = 0x6402;
const LENGTH: u16 = 0x6403;
const REQUEST: u16 = 0x6B80;

/// What the person in front of a virtual reader does when it asks for a PIN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keys {
    /// Types this and confirms it.
    Pin(String),
    /// Presses the key that cancels.
    Cancel,
    /// Nothing, until the reader's patience ends.
    Nothing,
}

impl From<&str> for Keys {
    fn from(pin: &str) -> Self {
        Self::Pin(pin.to_owned())
    }
}

/// What a reader has beside its slot.
pub(super) struct Equipment {
    /// Whether it has a pad.
    pub pin_pad: bool,
    /// The longest data field that it passes on, in bytes.
    pub max_apdu_data: u32,
    /// What will be typed on its pad.
    pub keys: VecDeque<Keys>,
}

/// What comes of a control code.
pub(super) enum Control {
    /// The reader answers it.
    Answer(Vec<u8>),
    /// The reader sends this to the card.
    Send(Zeroizing<Vec<u8>>),
    /// It does not know the code.
    Unknown,
}

impl Equipment {
    pub(super) fn new(pin_pad: bool, max_apdu_data: u32) -> Self {
        Self { pin_pad, max_apdu_data, keys: VecDeque::new() }
    }

    /// Whether an APDU fits through the reader.
    pub(super) fn passes(&self, apdu: &[u8]) -> bool {
        match apdu {
            [_, _, _, _, 0, high, low, ..] => {
                let length = u32::from(u16::from_be_bytes([*high, *low]));
                self.max_apdu_data > 256 && (apdu.len() == 7 || length <= self.max_apdu_data)
            }
            _ => apdu.len() <= 261,
        }
    }

    /// Carries out a control code.
    pub(super) fn control(&mut self, code: u32, data: &[u8]) -> Control {
        let sent = match code {
            GET_FEATURES => return Control::Answer(self.features()),
            PROPERTIES => return Control::Answer(self.properties()),
            VERIFY_PIN if self.pin_pad => self.verify(data),
            MODIFY_PIN if self.pin_pad => self.modify(data),
            _ => return Control::Unknown,
        };
        match sent {
            Ok(command) => Control::Send(command),
            Err(status) => Control::Answer(status.to_be_bytes().to_vec()),
        }
    }

    fn features(&self) -> Vec<u8> {
        let mut codes = vec![(0x12, PROPERTIES)];
        if self.pin_pad {
            codes.extend([(0x06, VERIFY_PIN), (0x07, MODIFY_PIN)]);
        }
        codes.into_iter().flat_map(|(tag, code)| [&[tag, 4][..], &code.to_be_bytes()].concat()).collect()
    }

    fn properties(&self) -> Vec<u8> {
        let mut list = [&[0x0A, 4][..], &self.max_apdu_data.to_le_bytes()].concat();
        if self.pin_pad {
            // Complete by a key only.
            list.extend_from_slice(&[0x02, 1, 0x02]);
        }
        list
    }

    /// PIN_VERIFY_STRUCTURE.
    fn verify(&mut self, request: &[u8]) -> Result<Zeroizing<Vec<u8>>, u16> {
        let [_, _, format, block, length_format, max, min, by, messages, _, _, _, _, _, _, rest @ ..] =
            request
        else {
            return Err(REQUEST);
        };
        let layout = Layout::new(*format, *block, *length_format, [*min, *max], *by, rest)?;
        if !matches!(messages, 0 | 1 | 0xFF) {
            return Err(REQUEST);
        }
        let pin = self.ask(&layout)?;
        layout.fill(&[(0, &pin)])
    }

    /// PIN_MODIFY_STRUCTURE.
    fn modify(&mut self, request: &[u8]) -> Result<Zeroizing<Vec<u8>>, u16> {
        let [_, _, format, block, length_format, old_at, new_at, max, min, confirm, by, messages, rest @ ..] =
            request
        else {
            return Err(REQUEST);
        };
        let [_, _, _, _, _, _, _, _, rest @ ..] = rest else { return Err(REQUEST) };
        let layout = Layout::new(*format, *block, *length_format, [*min, *max], *by, rest)?;
        if !matches!(messages, 0..=3 | 0xFF) || *confirm > 3 {
            return Err(REQUEST);
        }
        let mut pins = Vec::with_capacity(2);
        if confirm & 2 != 0 {
            pins.push((*old_at, self.ask(&layout)?));
        }
        let new = self.ask(&layout)?;
        if confirm & 1 != 0 && *self.ask(&layout)? != *new {
            return Err(DIFFERENT);
        }
        pins.push((*new_at, new));
        let pins: Vec<(u8, &[u8])> = pins.iter().map(|(at, pin)| (*at, &pin[..])).collect();
        layout.fill(&pins)
    }

    /// One entry of the person.
    fn ask(&mut self, layout: &Layout<'_>) -> Result<Zeroizing<Vec<u8>>, u16> {
        match self.keys.pop_front() {
            None | Some(Keys::Nothing) => Err(TIMED_OUT),
            Some(Keys::Cancel) => Err(CANCELLED),
            Some(Keys::Pin(typed)) => {
                let typed = Zeroizing::new(typed.into_bytes());
                if layout.lengths.contains(&typed.len()) { Ok(typed) } else { Err(LENGTH) }
            }
        }
    }
}

/// What both structures say of the command.
struct Layout<'r> {
    /// Bytes of a padded PIN; 0 where it stands as it was typed.
    block: usize,
    /// Where in the data field the blocks begin.
    position: usize,
    lengths: std::ops::RangeInclusive<usize>,
    header: [u8; 4],
    /// What the data field is filled with: Lc and as many bytes, or nothing.
    template: &'r [u8],
}

impl<'r> Layout<'r> {
    /// `rest` begins with ulDataLength.
    fn new(
        format: u8,
        block: u8,
        length_format: u8,
        [min, max]: [u8; 2],
        by: u8,
        rest: &'r [u8],
    ) -> Result<Self, u16> {
        let [a, b, c, d, command @ ..] = rest else { return Err(REQUEST) };
        let [class, instruction, p1, p2, template @ ..] = command else { return Err(REQUEST) };
        let length = usize::try_from(u32::from_le_bytes([*a, *b, *c, *d])).map_err(|_| REQUEST)?;
        // This reader types ASCII to the left, counts in bytes, and puts no length in.
        let understood = format & 0x87 == 0x82 && block & 0xF0 == 0 && length_format == 0 && by == 2;
        if length != command.len() || !understood || min == 0 || min > max {
            return Err(REQUEST);
        }
        Ok(Self {
            block: usize::from(block),
            position: usize::from(format >> 3 & 0x0F),
            lengths: usize::from(min)..=usize::from(max),
            header: [*class, *instruction, *p1, *p2],
            template,
        })
    }

    /// The command with the PINs in it, each at its offset.
    fn fill(&self, pins: &[(u8, &[u8])]) -> Result<Zeroizing<Vec<u8>>, u16> {
        let mut command = Zeroizing::new(Vec::with_capacity(5 + 255));
        command.extend_from_slice(&self.header);
        if self.block == 0 {
            let typed: usize = pins.iter().map(|pin| pin.1.len()).sum();
            match self.template {
                [] => command.push(u8::try_from(typed).map_err(|_| LENGTH)?),
                // As the SPR 532 does it: what stands for Lc stays.
                template => command.extend_from_slice(template),
            }
            for (offset, pin) in pins {
                if *offset != 0 {
                    return Err(REQUEST);
                }
                command.extend_from_slice(pin);
            }
            return Ok(command);
        }
        let [lc, data @ ..] = self.template else { return Err(REQUEST) };
        if usize::from(*lc) != data.len() {
            return Err(REQUEST);
        }
        command.extend_from_slice(self.template);
        for (offset, pin) in pins {
            let start = 5 + self.position + usize::from(*offset);
            let block = command.get_mut(start..start + self.block).ok_or(REQUEST)?;
            block.get_mut(..pin.len()).ok_or(LENGTH)?.copy_from_slice(pin);
        }
        Ok(command)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b' ').collect();
        shared::hex::decode(&digits).unwrap()
    }

    fn outcome(code: u32, request: &[u8], keys: &[Keys]) -> Result<String, u16> {
        let mut reader = Equipment::new(true, 0x1_0000);
        reader.keys.extend(keys.iter().cloned());
        match reader.control(code, request) {
            Control::Send(command) => Ok(shared::hex::Hex(command.to_vec()).to_string()),
            Control::Answer(status) => Err(u16::from_be_bytes([status[0], status[1]])),
            Control::Unknown => panic!("{code:X}"),
        }
    }

    /// VERIFY with a block of 8 bytes, and CHANGE REFERENCE DATA with two.
    const VERIFY: &str = "1E1E 82 08 00 0806 02 01 0904 00 000000 0D000000 0020008008 FFFFFFFFFFFFFFFF";
    const CHANGE: &str = "1E1E 82 08 00 00 08 0806 03 02 03 0904 000102 000000 15000000 0024008010 \
                          FFFFFFFFFFFFFFFF FFFFFFFFFFFFFFFF";

    #[test]
    fn what_reaches_the_card() {
        let pin = |text: &str| Keys::from(text);
        type Row<'r> = (&'r str, u32, &'r str, &'r [Keys], Result<&'r str, u16>);
        let rows: [Row<'_>; 15] = [
            ("padded", VERIFY_PIN, VERIFY, &[pin("123456")], Ok("0020008008313233343536FFFF")),
            (
                "two blocks",
                MODIFY_PIN,
                CHANGE,
                &[pin("123456"), pin("87654321"), pin("87654321")],
                Ok("0024008010313233343536FFFF3837363534333231"),
            ),
            ("too short", VERIFY_PIN, VERIFY, &[pin("12345")], Err(LENGTH)),
            ("too long", VERIFY_PIN, VERIFY, &[pin("123456789")], Err(LENGTH)),
            ("cancelled", VERIFY_PIN, VERIFY, &[Keys::Cancel], Err(CANCELLED)),
            ("nobody there", VERIFY_PIN, VERIFY, &[], Err(TIMED_OUT)),
            ("cancelled later", MODIFY_PIN, CHANGE, &[pin("123456"), Keys::Cancel], Err(CANCELLED)),
            ("too late", MODIFY_PIN, CHANGE, &[pin("123456"), pin("654321"), Keys::Nothing], Err(TIMED_OUT)),
            ("different", MODIFY_PIN, CHANGE, &[pin("123456"), pin("654321"), pin("654322")], Err(DIFFERENT)),
            ("a wrong length", VERIFY_PIN, &VERIFY.replace("0D00", "0C00"), &[pin("123456")], Err(REQUEST)),
            (
                "a big-endian length",
                VERIFY_PIN,
                &VERIFY.replace("0D000000", "0000000D"),
                &[pin("123456")],
                Err(REQUEST),
            ),
            (
                "limits the wrong way round",
                VERIFY_PIN,
                &VERIFY.replace("0806", "0608"),
                &[pin("123456")],
                Err(REQUEST),
            ),
            (
                "a block that does not fit",
                MODIFY_PIN,
                &CHANGE.replace("00 00 08 08", "00 00 0A 08"),
                &[pin("123456"), pin("654321"), pin("654321")],
                Err(REQUEST),
            ),
            (
                "an Lc of 00 stays",
                VERIFY_PIN,
                "1E1E 82 00 00 1004 02 01 0904 00 000000 05000000 0020008000",
                &[pin("1234")],
                Ok("002000800031323334"),
            ),
            ("cut off", VERIFY_PIN, "1E1E 82 08 00 0806 02 01 0904 00 000000 0D00", &[], Err(REQUEST)),
        ];
        for (name, code, request, keys, expected) in rows {
            assert_eq!(outcome(code, &hex(request), keys), expected.map(str::to_owned), "{name}");
        }
    }
}
