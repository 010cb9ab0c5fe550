//! Command and response APDUs of ISO 7816-4, and what status words mean to everybody.

use std::fmt;

use zeroize::Zeroizing;

/// A command APDU before encoding. Printing it shows the data only when they are no secret.
pub struct Command<'a> {
    /// Its name in ISO 7816-4, for errors and traces.
    pub name: &'static str,
    /// INS.
    pub instruction: u8,
    /// P1 and P2.
    pub parameters: [u8; 2],
    /// The command data field; of any length, chaining is the applet's business.
    pub data: Data<'a>,
    /// Whether response data are expected (Le = 00: as much as there is).
    pub expects: bool,
}

/// A command data field.
#[derive(Clone, Copy)]
pub enum Data<'a> {
    /// None.
    None,
    /// Bytes that a trace may show.
    Plain(&'a [u8]),
    /// Bytes that carry a PIN, a key or a response to a challenge.
    Sensitive(&'a [u8]),
}

impl<'a> Data<'a> {
    /// The bytes.
    pub fn bytes(self) -> &'a [u8] {
        match self {
            Self::None => &[],
            Self::Plain(bytes) | Self::Sensitive(bytes) => bytes,
        }
    }

    /// Whether a trace must hide them.
    pub fn is_sensitive(self) -> bool {
        matches!(self, Self::Sensitive(_))
    }
}

/// The largest command data field of a short APDU.
pub const MAX_SHORT_DATA: usize = 255;

/// The largest command data field of an extended APDU.
pub const MAX_EXTENDED_DATA: usize = 65_535;
/// The most response data that a command of extended length can ask for.
pub const MAX_EXTENDED_ANSWER: usize = 65_536;

/// Encodes one short APDU into a buffer that is wiped on drop. `data` has at most [`MAX_SHORT_DATA`] bytes.
pub fn encode(
    class: u8,
    instruction: u8,
    parameters: [u8; 2],
    data: &[u8],
    expects: bool,
) -> Zeroizing<Vec<u8>> {
    let mut apdu = Zeroizing::new(Vec::with_capacity(6 + MAX_SHORT_DATA));
    apdu.extend_from_slice(&[class, instruction, parameters[0], parameters[1]]);
    if let Ok(length @ 1..) = u8::try_from(data.len()) {
        apdu.push(length);
        apdu.extend_from_slice(data);
    }
    if expects {
        apdu.push(0);
    }
    apdu
}

/// Encodes one APDU with extended lengths (section 5.1) into a buffer that is wiped on drop. `data` has at most
/// [`MAX_EXTENDED_DATA`] bytes. Where data are expected, it is as much as there is: Le = 0000.
pub fn encode_extended(
    class: u8,
    instruction: u8,
    parameters: [u8; 2],
    data: &[u8],
    expects: bool,
) -> Zeroizing<Vec<u8>> {
    let mut apdu = Zeroizing::new(Vec::with_capacity(9 + data.len()));
    // The 00 says that the lengths have two bytes; it stands once, before the first of them.
    apdu.extend_from_slice(&[class, instruction, parameters[0], parameters[1], 0]);
    if let Ok(length @ 1..) = u16::try_from(data.len()) {
        apdu.extend_from_slice(&length.to_be_bytes());
        apdu.extend_from_slice(data);
    }
    if expects {
        apdu.extend_from_slice(&[0, 0]);
    }
    apdu
}

impl fmt::Debug for Command<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [p1, p2] = self.parameters;
        write!(f, "{} {:02X} {p1:02X}{p2:02X}", self.name, self.instruction)?;
        match self.data {
            Data::None => Ok(()),
            Data::Plain(bytes) => write!(f, " {}", shared::hex::Hex(bytes.to_vec())),
            Data::Sensitive(_) => f.write_str(" (data not shown)"),
        }
    }
}

/// SW1 and SW2.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct StatusWord(pub u16);

impl StatusWord {
    /// Done.
    pub const OK: Self = Self(0x9000);
    /// Security status not satisfied.
    pub const SECURITY: Self = Self(0x6982);
    /// Authentication method blocked.
    pub const BLOCKED: Self = Self(0x6983);
    /// Reference data not usable.
    pub const DATA_INVALID: Self = Self(0x6984);
    /// Conditions of use not satisfied.
    pub const CONDITIONS: Self = Self(0x6985);
    /// Incorrect parameters in the data field.
    pub const WRONG_DATA: Self = Self(0x6A80);
    /// Function not supported.
    pub const NOT_SUPPORTED: Self = Self(0x6A81);
    /// File or application not found.
    pub const FILE_NOT_FOUND: Self = Self(0x6A82);
    /// Not enough memory in the file.
    pub const FULL: Self = Self(0x6A84);
    /// Referenced data not found.
    pub const NOT_FOUND: Self = Self(0x6A88);
    /// Wrong length.
    pub const LENGTH: Self = Self(0x6700);

    /// The counter in 63Cx (ISO 7816-4 table 6): for a verification, the tries left.
    pub fn counter(self) -> Option<u8> {
        let [high, low] = self.0.to_be_bytes();
        (high == 0x63 && low & 0xF0 == 0xC0).then_some(low & 0x0F)
    }

    /// Bytes that wait for GET RESPONSE: 61xx, where 00 stands for 256 or more.
    pub fn waiting(self) -> Option<u8> {
        let [high, low] = self.0.to_be_bytes();
        (high == 0x61).then_some(low)
    }

    /// The exact Le that the card wants: 6Cxx.
    pub fn exact_length(self) -> Option<u8> {
        let [high, low] = self.0.to_be_bytes();
        (high == 0x6C).then_some(low)
    }
}

impl fmt::Debug for StatusWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04X}", self.0)
    }
}

/// A response: data and status word.
#[derive(Debug)]
pub struct Response {
    /// Response data field, all parts of a chain together.
    pub data: Vec<u8>,
    /// The last status word.
    pub status: StatusWord,
}
