//! Data objects: GET DATA and PUT DATA (SP 800-73-4 part 2, sections 3.1.2 and 3.3.2; card-piv.md 2).

use std::collections::BTreeMap;
use std::fmt;

use zeroize::Zeroizing;

use super::Piv;
use crate::apdu::{Command, Data, StatusWord};
use crate::error::{Error, Result};
use crate::tlv;

/// P1 and P2 of both commands: the application's own directory.
const CURRENT: [u8; 2] = [0x3F, 0xFF];
/// Tag of a list of tags.
const TAG_LIST: u32 = 0x5C;
/// Tag of what an object holds.
const CONTENTS: u32 = 0x53;

/// The most that an object can hold: its length is a 16-bit number here, and no card has half of that.
pub(super) const MAX_CONTENTS: usize = 0xFFF0;

/// The tag of a data object (card-piv.md 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ObjectId(pub(super) u32);

impl ObjectId {
    /// Card capability container.
    pub(super) const CCC: Self = Self(0x5F_C107);
    /// Card holder unique identifier.
    pub(super) const CHUID: Self = Self(0x5F_C102);
    /// Printed information; Yubico's programs keep the management key there. Wants the PIN.
    pub(super) const PRINTED: Self = Self(0x5F_C109);
    /// Which PINs there are. The only one whose contents have a tag of their own.
    pub(super) const DISCOVERY: Self = Self(0x7E);
    /// How many retired keys there are.
    pub(super) const KEY_HISTORY: Self = Self(0x5F_C10C);
    /// Yubico's notes on PUK and management key.
    pub(super) const ADMIN_DATA: Self = Self(0x5F_FF00);
    /// The container map of Yubico's minidriver (MSCMAP).
    pub(super) const CONTAINER_MAP: Self = Self(0x5F_FF10);

    /// The pages of the trusted roots (MSROOTS), in their order.
    pub(super) fn roots() -> impl Iterator<Item = Self> {
        (0x5F_FF11..=0x5F_FF15).map(Self)
    }

    /// The tag under which the card gives out the contents.
    fn outer(self) -> u32 {
        if self == Self::DISCOVERY { self.0 } else { CONTENTS }
    }

    /// As GET DATA and PUT DATA begin: `5C`, its length, the tag.
    pub(super) fn tag_list(self) -> Vec<u8> {
        let bytes = self.0.to_be_bytes();
        let leading = bytes.iter().take_while(|byte| **byte == 0).count();
        tlv::object(TAG_LIST, bytes.get(leading..).unwrap_or_default())
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02X}", self.0)
    }
}

/// What a card says to GET DATA.
pub(super) enum Read {
    /// What is in the object; perhaps nothing.
    Contents(Zeroizing<Vec<u8>>),
    /// The card has no such object, or never will.
    Absent,
    /// Only whoever has verified the PIN may read it.
    PinNeeded,
}

/// Objects as read in this transaction.
#[derive(Default)]
pub(super) struct Memory(BTreeMap<ObjectId, Option<Answer>>);

/// An object that is there.
struct Answer {
    /// All that the card gave out.
    whole: Vec<u8>,
    /// What is in the object.
    contents: Vec<u8>,
}

impl Memory {
    /// The answers that are longer than so many bytes.
    pub(super) fn longer_than(&self, length: usize) -> Vec<(ObjectId, &[u8])> {
        let known = self.0.iter().filter_map(|(id, answer)| Some((*id, answer.as_ref()?.whole.as_slice())));
        known.filter(|(_, whole)| whole.len() > length).collect()
    }
}

impl Piv<'_> {
    /// What is in an object that everybody may read; `None` when there is no such object, or when it is empty
    /// (`53 00`, which is what CanoKey keeps of a deleted one). Asks the card once in a transaction.
    ///
    /// # Errors
    /// [`Error::Unexpected`], also for an object that wants the PIN (6982); [`Error::Malformed`].
    pub(super) fn get(&mut self, id: ObjectId) -> Result<Option<Vec<u8>>> {
        if let Some(known) = self.memory.0.get(&id) {
            return Ok(known.as_ref().map(|answer| answer.contents.clone()));
        }
        let answer = match self.get_data(id)? {
            (StatusWord::OK, data) => {
                let contents = contents(id, &data)?.map(<[u8]>::to_vec);
                contents
                    .filter(|contents| !contents.is_empty())
                    .map(|contents| Answer { whole: data, contents })
            }
            (status, _) if is_absent(status) => None,
            (status, _) => return Err(Error::Unexpected { command: "GET DATA", status: status.0 }),
        };
        let contents = answer.as_ref().map(|answer| answer.contents.clone());
        self.memory.0.insert(id, answer);
        Ok(contents)
    }

    /// The same, for what nothing else depends on: what the card does not give out counts as absent.
    ///
    /// # Errors
    /// [`Error::Transport`]
    pub(super) fn get_if_readable(&mut self, id: ObjectId) -> Result<Option<Vec<u8>>> {
        match self.get(id) {
            Err(Error::Unexpected { .. } | Error::Malformed(_)) => Ok(None),
            contents => contents,
        }
    }

    /// GET DATA, past the memory: what may hold a secret is not kept.
    ///
    /// # Errors
    /// [`Error::Unexpected`], [`Error::Malformed`].
    pub(super) fn read(&mut self, id: ObjectId) -> Result<Read> {
        match self.get_data(id)? {
            (StatusWord::OK, data) => {
                let data = Zeroizing::new(data);
                let contents = contents(id, &data)?.map(|contents| Zeroizing::new(contents.to_vec()));
                Ok(contents.map_or(Read::Absent, Read::Contents))
            }
            (status, _) if is_absent(status) => Ok(Read::Absent),
            (StatusWord::SECURITY, _) => Ok(Read::PinNeeded),
            (status, _) => Err(Error::Unexpected { command: "GET DATA", status: status.0 }),
        }
    }

    fn get_data(&mut self, id: ObjectId) -> Result<(StatusWord, Vec<u8>)> {
        let tag_list = id.tag_list();
        let response = self.applet.send(&get_data(&tag_list))?;
        Ok((response.status, response.data))
    }

    /// Fills an object; with nothing, deletes it (card-piv.md 5.1). Afterwards [`Piv::get`] asks the card again.
    ///
    /// # Errors
    /// [`Error::ManagementKeyNeeded`] when nobody has authorised it; [`Error::NotSupported`] when the card does not
    /// store that object; [`Error::CardFull`]; [`Error::Unexpected`].
    pub(super) fn put(&mut self, id: ObjectId, contents: &[u8]) -> Result<()> {
        if contents.len() > MAX_CONTENTS {
            return Err(Error::CardFull("an object of that size"));
        }
        self.memory.0.remove(&id);
        let mut data = id.tag_list();
        tlv::put(&mut data, CONTENTS, contents);
        let response = self.applet.send(&Command {
            name: "PUT DATA",
            instruction: 0xDB,
            parameters: CURRENT,
            data: Data::Plain(&data),
            expects: false,
        })?;
        match response.status {
            StatusWord::OK => Ok(()),
            StatusWord::SECURITY => Err(Error::ManagementKeyNeeded),
            StatusWord::FULL => Err(Error::CardFull("an object of that size")),
            StatusWord::WRONG_DATA | StatusWord::NOT_SUPPORTED | StatusWord::FILE_NOT_FOUND => {
                Err(Error::NotSupported("it does not store that object"))
            }
            status => Err(Error::Unexpected { command: "PUT DATA", status: status.0 }),
        }
    }
}

/// GET DATA of one object.
pub(super) fn get_data(tag_list: &[u8]) -> Command<'_> {
    Command {
        name: "GET DATA",
        instruction: 0xCB,
        parameters: CURRENT,
        data: Data::Plain(tag_list),
        expects: true,
    }
}

/// What is in an object, of the card's whole answer; `None` when that is empty.
fn contents(id: ObjectId, answer: &[u8]) -> Result<Option<&[u8]>> {
    if answer.is_empty() {
        return Ok(None);
    }
    tlv::find(answer, id.outer()).map(Some).ok_or(Error::Malformed("GET DATA"))
}

/// 6A80 is Nitrokey's answer to objects of Yubico's, 6A81 PivApplet's (card-piv.md 2).
fn is_absent(status: StatusWord) -> bool {
    let absent = [
        StatusWord::FILE_NOT_FOUND,
        StatusWord::WRONG_DATA,
        StatusWord::NOT_SUPPORTED,
        StatusWord::NOT_FOUND,
    ];
    absent.contains(&status)
}
