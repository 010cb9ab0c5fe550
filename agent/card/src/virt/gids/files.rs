//! The files of the application, and the commands that make and unmake them.

use zeroize::Zeroizing;

use super::acl::{self, Operation};
use super::command::Command;
use super::{Answer, Gids, Lifecycle, status};
use crate::virt::rsa::RsaKey;
use crate::virt::tlv;

/// The application itself as a file.
pub(super) const APPLICATION: u16 = 0x3FFF;
/// FCI, FCP and FMD of the application (card-gids.md 1.2).
const APPLICATION_FCI: &[u8] = &[
    0x61, 0x12, 0x4F, 0x0B, 0xA0, 0, 0, 0x03, 0x97, 0x42, 0x54, 0x46, 0x59, 0x02, 0x01, 0x73, 0x03, 0x40,
    0x01, 0xC0,
];
const APPLICATION_FCP: &[u8] = &[0x62, 0x08, 0x82, 0x01, 0x38, 0x8C, 0x03, 0x03, 0x30, 0x30];
const APPLICATION_FMD: &[u8] = &[0x64, 0x09, 0x5F, 0x2F, 0x01, 0x60, 0x7F, 0x65, 0x02, 0x80, 0x00];

/// An elementary file.
pub(super) struct File {
    /// Its identifier.
    pub id: u16,
    /// The value of its control parameters, as given to CREATE FILE.
    pub parameters: Vec<u8>,
    /// Whether ACTIVATE FILE has come.
    pub active: bool,
    /// What is in it.
    pub body: Body,
}

/// What a file holds.
pub(super) enum Body {
    /// Data objects, each as a whole TLV. A record of no length is what an ill-timed chain leaves (2).
    Objects(Vec<Vec<u8>>),
    /// At most one key.
    Key(Option<Key>),
}

/// A key.
pub(super) enum Key {
    /// The admin key, triple DES.
    Admin(Zeroizing<[u8; 24]>),
    /// The key of a container.
    Rsa(Box<RsaKey>),
}

impl Gids {
    pub(super) fn file(&self, id: u16) -> Option<&File> {
        self.files.iter().find(|file| file.id == id)
    }

    pub(super) fn file_mut(&mut self, id: u16) -> Option<&mut File> {
        self.files.iter_mut().find(|file| file.id == id)
    }

    /// The access rule of a file. While the card is being personalised, everything is allowed.
    pub(super) fn require(&self, parameters: &[u8], operation: Operation) -> Result<(), u16> {
        let free = self.lifecycle == Lifecycle::Initialisation;
        if free || acl::allows(parameters, operation, self.authenticated()) {
            Ok(())
        } else {
            Err(status::SECURITY)
        }
    }

    fn require_of_application(&self, operation: Operation) -> Result<(), u16> {
        let parameters = tlv::only(APPLICATION_FCP, 0x62).unwrap_or_default();
        self.require(parameters, operation)
    }

    /// What SELECT of the application answers for this P2.
    pub(super) fn describe_application(p2: u8) -> Answer {
        match p2 {
            0x00 => Ok(APPLICATION_FCI.to_vec()),
            0x04 => Ok(APPLICATION_FCP.to_vec()),
            0x08 => Ok(APPLICATION_FMD.to_vec()),
            0x0C => Ok(Vec::new()),
            _ => Err(status::PARAMETERS),
        }
    }

    /// SELECT by file identifier (card-gids.md 1.2).
    pub(super) fn select_file(&mut self, command: &Command<'_>) -> Answer {
        if command.p2 & 0xF3 != 0 {
            return Err(status::PARAMETERS);
        }
        let id = match command.data {
            [] => APPLICATION,
            [high, low] => u16::from_be_bytes([*high, *low]),
            _ => return Err(status::LENGTH),
        };
        if id == APPLICATION {
            self.session.file = None;
            return Self::describe_application(command.p2);
        }
        let file = self.file(id).ok_or(status::FILE_NOT_FOUND)?;
        let answer = match command.p2 {
            0x04 => tlv::object(0x62, &file.parameters),
            0x0C => Vec::new(),
            _ => return Err(status::PARAMETERS),
        };
        self.session.file = Some(id);
        Ok(answer)
    }

    /// CREATE FILE (12, item 4).
    pub(super) fn create(&mut self, command: &Command<'_>) -> Answer {
        if self.lifecycle == Lifecycle::Terminated {
            return Err(status::TERMINATED);
        }
        if command.p1p2() != 0 {
            return Err(status::PARAMETERS);
        }
        if command.data.is_empty() {
            return Err(status::LENGTH);
        }
        self.require_of_application(Operation::Write)?;
        let (0x62 | 0x6F, parameters, []) = tlv::split(command.data).ok_or(status::DATA_INVALID)? else {
            return Err(status::DATA_INVALID);
        };
        let Some([high, low]) = tlv::find(parameters, 0x83) else { return Err(status::DATA_INVALID) };
        let id = u16::from_be_bytes([*high, *low]);
        let body = match tlv::find(parameters, 0x82) {
            Some([0x39, ..]) => Body::Objects(Vec::new()),
            Some([0x18, ..])
                if tlv::find(parameters, 0xA5).is_some_and(|crts| (11..=127).contains(&crts.len())) =>
            {
                Body::Key(None)
            }
            _ => return Err(status::DATA_INVALID),
        };
        if id == APPLICATION || self.file(id).is_some() {
            return Err(status::DATA_INVALID);
        }
        if self.files.len() >= self.options.max_files {
            return Err(status::FULL);
        }
        self.files.push(File { id, parameters: parameters.to_vec(), active: false, body });
        self.session.file = Some(id);
        Ok(Vec::new())
    }

    /// ACTIVATE FILE (12, item 5). Activating the application ends its initialisation.
    pub(super) fn activate(&mut self, command: &Command<'_>) -> Answer {
        if command.p1p2() != 0 {
            return Err(status::PARAMETERS);
        }
        if let Some(file) = self.session.file.and_then(|id| self.file(id)) {
            if file.active {
                self.require(&file.parameters, Operation::Activate)?;
            }
            let id = file.id;
            if let Some(file) = self.file_mut(id) {
                file.active = true;
            }
            return Ok(Vec::new());
        }
        match self.lifecycle {
            Lifecycle::Terminated => return Err(status::TERMINATED),
            Lifecycle::Operational => self.require_of_application(Operation::Activate)?,
            Lifecycle::Initialisation => {
                self.lifecycle = Lifecycle::Operational;
                self.log_out();
            }
        }
        Ok(Vec::new())
    }

    /// DELETE FILE (12, item 7): the selected file, never the application.
    pub(super) fn delete(&mut self, command: &Command<'_>) -> Answer {
        if !command.data.is_empty() {
            return Err(status::LENGTH);
        }
        if command.p1p2() != 0 {
            return Err(status::PARAMETERS);
        }
        let file = self.session.file.and_then(|id| self.file(id)).ok_or(status::NOT_ALLOWED)?;
        self.require(&file.parameters, Operation::Delete)?;
        if !self.options.quirks.delete_without_pin {
            self.require_of_application(Operation::Read)?;
        }
        let id = file.id;
        self.files.retain(|file| file.id != id);
        self.session.file = None;
        Ok(Vec::new())
    }

    /// TERMINATE DF (12, item 7; 13, item 6).
    pub(super) fn terminate(&mut self, command: &Command<'_>) -> Answer {
        if command.p1p2() != 0 {
            return Err(status::PARAMETERS);
        }
        self.require_of_application(Operation::Terminate)?;
        self.lifecycle = Lifecycle::Terminated;
        Ok(Vec::new())
    }
}
