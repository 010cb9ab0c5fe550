//! A virtual GIDS card: bytes in, bytes out, faithful to what was measured of GidsApplet with its quirks.
//!
//! Written from the notes on GIDS (card-gids.md; numbers in brackets are its sections). Shares no code with the
//! edge, so that each is a witness against the other. Where the notes are silent, ISO 7816-4 decides.

mod acl;
mod admin;
mod chaining;
mod command;
mod files;
mod keys;
mod objects;
mod options;
mod pins;
mod status;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

pub use options::{Options, Quirks};

use acl::Authenticated;
use admin::Admin;
use chaining::Chain;
use command::Command;
use files::{Body, File};
use keys::Chosen;
use pins::Reference;

use super::tlv;

/// The identifier of the GIDS application on GidsApplet: the 9 bytes that are sent, revision 2.1 (1.1).
const APPLICATION_ID: [u8; 11] = [0xA0, 0, 0, 0x03, 0x97, 0x42, 0x54, 0x46, 0x59, 0x02, 0x01];
/// The card manager, which every Java Card has beside its applets.
const CARD_MANAGER_ID: [u8; 8] = [0xA0, 0, 0, 0x01, 0x51, 0, 0, 0];

/// SELECT.
const SELECT: u8 = 0xA4;

/// What a command leads to: data with 9000, or another status word.
type Answer = Result<Vec<u8>, u16>;

/// The card.
pub struct Gids {
    options: Options,
    lifecycle: Lifecycle,
    pin: Reference,
    puk: Reference,
    admin_left: Option<u8>,
    files: Vec<File>,
    session: Session,
    fixed_random: VecDeque<u8>,
}

/// Where the application stands in its life (12).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lifecycle {
    /// As made: everything is allowed.
    Initialisation,
    /// Personalised.
    Operational,
    /// For ever out of use.
    Terminated,
}

/// What a reset, or a SELECT of the application, drops.
#[derive(Default)]
struct Session {
    selected: bool,
    /// The selected file; the application itself without one.
    file: Option<u16>,
    admin: Admin,
    key: Option<Chosen>,
    chain: Option<Chain>,
    waiting: Vec<u8>,
}

impl Gids {
    /// A card as the factory makes it, before personalisation.
    pub fn new(options: Options) -> Self {
        let tries = options.pin_tries.clamp(1, 15);
        Self {
            lifecycle: Lifecycle::Initialisation,
            pin: Reference::new(tries),
            puk: Reference::new(tries),
            admin_left: options.admin_tries,
            files: Vec::new(),
            session: Session::default(),
            fixed_random: VecDeque::new(),
            options,
        }
    }

    /// Takes the power away, or gives it back: nothing that was authenticated, selected or begun remains.
    pub fn reset(&mut self) {
        self.drop_session();
    }

    /// One exchange: a command APDU in; data and status word out.
    pub fn transmit(&mut self, apdu: &[u8]) -> Vec<u8> {
        let answer = Command::parse(apdu).and_then(|command| Ok((self.process(&command)?, command.expected)));
        match answer {
            Ok((data, expected)) => self.give(data, expected),
            Err(status) => status.to_be_bytes().to_vec(),
        }
    }

    fn process(&mut self, command: &Command<'_>) -> Answer {
        if command.class & 0x0C != 0 {
            return Err(status::SECURE_MESSAGING);
        }
        if command.class & 0xE0 != 0 {
            return Err(status::CLASS);
        }
        if (command.instruction, command.p1) == (SELECT, 0x04)
            && !command.more()
            && let Some(answer) = self.select_application(command)
        {
            return answer;
        }
        if !self.session.selected {
            return Err(if command.instruction == SELECT {
                status::FILE_NOT_FOUND
            } else {
                status::INSTRUCTION
            });
        }
        self.check_chain(command)?;
        if command.instruction == 0xC0 {
            return self.get_response(command);
        }
        self.session.waiting.clear();
        match command.instruction {
            0x20 => self.verify(command),
            0x22 => self.manage_security_environment(command),
            0x24 => self.change(command),
            0x2A | 0x47 | 0xDB => self.chained(command),
            0x2C => self.reset_retry_counter(command),
            0x44 => self.activate(command),
            0x87 => self.general_authenticate(command),
            SELECT => self.select(command),
            0xCB => self.get_data(command),
            0xE0 => self.create(command),
            0xE4 => self.delete(command),
            0xE6 => self.terminate(command),
            _ => Err(status::INSTRUCTION),
        }
    }

    /// SELECT by name as the card's own system sees it, before any applet does: the applet that was selected is
    /// deselected and forgets everything. `None` when no applet has that name; the selected applet then gets it.
    fn select_application(&mut self, command: &Command<'_>) -> Option<Answer> {
        let name = command.data;
        // GidsApplet answers to any part of its name.
        if !name.is_empty() && APPLICATION_ID.windows(name.len()).any(|part| part == name) {
            self.drop_session();
            self.session.selected = true;
            Some(Self::describe_application(command.p2))
        } else if CARD_MANAGER_ID.starts_with(name) {
            self.drop_session();
            Some(Ok(tlv::object(0x6F, &tlv::object(0x84, &CARD_MANAGER_ID))))
        } else {
            None
        }
    }

    fn select(&mut self, command: &Command<'_>) -> Answer {
        match command.p1 {
            0x00 => self.select_file(command),
            0x04 => Err(status::FILE_NOT_FOUND),
            _ => Err(status::PARAMETERS),
        }
    }

    fn get_response(&mut self, command: &Command<'_>) -> Answer {
        if command.p1p2() != 0 {
            return Err(status::PARAMETERS);
        }
        match std::mem::take(&mut self.session.waiting) {
            waiting if waiting.is_empty() => Err(status::CONDITIONS),
            waiting => Ok(waiting),
        }
    }

    fn authenticated(&self) -> Authenticated {
        let admin = matches!(self.session.admin, Admin::Authenticated);
        Authenticated { user: self.pin.verified, admin }
    }

    fn drop_session(&mut self) {
        self.session = Session::default();
        self.log_out();
    }

    /// Ends every authentication and voids a challenge. The chosen key stays chosen.
    fn log_out(&mut self) {
        self.pin.verified = false;
        self.puk.verified = false;
        self.session.admin = Admin::None;
    }

    fn random<const N: usize>(&mut self) -> Result<[u8; N], u16> {
        let mut bytes = [0; N];
        getrandom::fill(&mut bytes).map_err(|_| status::INTERNAL)?;
        for byte in &mut bytes {
            *byte = self.fixed_random.pop_front().unwrap_or(*byte);
        }
        Ok(bytes)
    }
}

/// What a test may see and do that no card lets anybody.
impl Gids {
    /// The next random bytes that the card takes are these.
    pub fn fix_random(&mut self, bytes: &[u8]) {
        self.fixed_random.extend(bytes);
    }

    /// Whether this is the PIN. Uses no try.
    pub fn pin_is(&self, pin: &[u8]) -> bool {
        self.pin.is(pin)
    }

    /// Tries that the PIN has left.
    pub fn pin_tries_left(&self) -> u8 {
        self.pin.left
    }

    /// Tries that the PUK has left; `None` on a card without one.
    pub fn puk_tries_left(&self) -> Option<u8> {
        self.puk.is_set().then_some(self.puk.left)
    }

    /// Tries that the admin key has left; `None` where they are not counted.
    pub fn admin_tries_left(&self) -> Option<u8> {
        self.admin_left
    }

    /// Whether the PIN counts as verified now.
    pub fn pin_verified(&self) -> bool {
        self.pin.verified
    }

    /// Whether the administrator counts as authenticated now.
    pub fn admin_authenticated(&self) -> bool {
        self.authenticated().admin
    }

    /// Whether the card has been personalised.
    pub fn is_operational(&self) -> bool {
        self.lifecycle == Lifecycle::Operational
    }

    /// The identifiers of all files, in their order.
    pub fn files(&self) -> Vec<u16> {
        self.files.iter().map(|file| file.id).collect()
    }

    /// All data objects: file, object, value. A record of no length is left out.
    pub fn objects(&self) -> Vec<(u16, u16, Vec<u8>)> {
        let mut found = Vec::new();
        for file in &self.files {
            let Body::Objects(records) = &file.body else { continue };
            let objects = records.iter().filter_map(|record| tlv::split(record));
            found.extend(objects.map(|(tag, value, _)| (file.id, tag, value.to_vec())));
        }
        found
    }

    /// The value of one data object.
    pub fn object(&self, file: u16, object: u16) -> Option<Vec<u8>> {
        self.objects()
            .into_iter()
            .find(|(id, tag, _)| (*id, *tag) == (file, object))
            .map(|(_, _, value)| value)
    }

    /// Writes a data object past every rule but the limits; with `None` removes it.
    ///
    /// # Errors
    /// The status word that a full card answers.
    pub fn set_object(&mut self, file: u16, object: u16, value: Option<&[u8]>) -> Result<(), u16> {
        match value {
            Some(value) => self.replace(file, object, tlv::object(object, value)),
            None => {
                self.remove(file, object);
                Ok(())
            }
        }
    }

    /// Sets the tries that the PIN has left.
    pub fn set_pin_tries_left(&mut self, left: u8) {
        self.pin.left = left.min(15);
    }
}
