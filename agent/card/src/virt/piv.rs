//! A virtual PIV card: bytes in, bytes out, in the four dialects of [`Profile`].
//!
//! Written from the notes on PIV (card-piv.md; numbers in brackets are its sections). Shares no code with the edge, so
//! that each is a witness against the other. Where the notes are silent, SP 800-73-4 decides.

mod chaining;
mod command;
mod keys;
mod look;
mod management;
mod metadata;
mod objects;
mod options;
mod pins;
mod slots;
mod status;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};

pub(super) use options::Changes;
pub use options::{Counter, Metadata, Options, Profile};
pub(super) use slots::{Policies, Slot, certificate_object};

use chaining::Chain;
use command::Command;
use management::{ManagementKey, Pending};
use pins::Reference;

use super::tlv;

/// The identifier of the PIV application, version 1.0 (1). The first 9 bytes are what most send.
const APPLICATION_ID: [u8; 11] = [0xA0, 0, 0, 0x03, 0x08, 0, 0, 0x10, 0, 0x01, 0];
/// The shortest part of it that selects the application: the registered provider's identifier.
const PROVIDER: usize = 5;

/// Instructions.
const VERIFY: u8 = 0x20;
const GENERAL_AUTHENTICATE: u8 = 0x87;
const SELECT: u8 = 0xA4;
const GET_RESPONSE: u8 = 0xC0;

/// The factory's values (3).
const FACTORY_PIN: &[u8] = b"123456";
const FACTORY_PUK: &[u8] = b"12345678";

/// What a command leads to: data with 9000, or another status word.
type Answer = Result<Vec<u8>, u16>;

/// The card.
pub struct Piv {
    options: Options,
    serial: u32,
    pin: Reference,
    puk: Reference,
    global_pin: Option<Reference>,
    management: ManagementKey,
    /// What stands in tag 53, or in 7E and 7F61, by the object's identifier. Never empty.
    objects: BTreeMap<u32, Vec<u8>>,
    slots: BTreeMap<u8, Slot>,
    session: Session,
    fixed_random: VecDeque<u8>,
}

/// What a reset, or a SELECT of whatever application, drops.
#[derive(Default)]
struct Session {
    selected: bool,
    /// Whether the management key has been presented.
    managed: bool,
    pending: Pending,
    /// Whether a PIN has been verified since a private key was used, for keys with the PIN policy "always".
    fresh: bool,
    chain: Option<Chain>,
    waiting: Vec<u8>,
}

impl Piv {
    /// A card as the factory makes it: PIN 123456, PUK 12345678, the management key 01 02 .. 08 three times.
    pub fn new(options: Options, serial: u32) -> Self {
        Self {
            pin: Reference::new(FACTORY_PIN, options.pin_tries),
            puk: Reference::new(FACTORY_PUK, options.puk_tries),
            global_pin: None,
            management: ManagementKey::factory(&options),
            objects: BTreeMap::new(),
            slots: BTreeMap::new(),
            session: Session::default(),
            fixed_random: VecDeque::new(),
            serial,
            options,
        }
    }

    /// Takes the power away, or gives it back: nothing that was authenticated, selected or begun remains.
    pub fn reset(&mut self) {
        self.drop_session();
    }

    /// One exchange: a command APDU in; data and status word out.
    pub fn transmit(&mut self, apdu: &[u8]) -> Vec<u8> {
        let answer = Command::parse(apdu, self.options.extended)
            .and_then(|command| Ok((self.receive(&command)?, command.expected)));
        match answer {
            Ok((data, expected)) => self.give(data, expected),
            Err(status) => status.to_be_bytes().to_vec(),
        }
    }

    /// A command whose chain is complete.
    fn process(&mut self, command: &Command<'_>) -> Answer {
        match command.instruction {
            SELECT => self.select(command),
            _ if !self.session.selected => Err(status::INSTRUCTION),
            VERIFY => self.verify(command),
            0x24 => self.change(command),
            0x2C => self.reset_retry_counter(command),
            0x47 => self.generate(command),
            GENERAL_AUTHENTICATE => self.general_authenticate(command),
            0xCB => self.get_data(command),
            0xDB => self.put_data(command),
            0xF7 => self.get_metadata(command),
            vendor if self.options.vendor_commands.contains(&vendor) => self.vendor_command(command),
            _ => Err(status::INSTRUCTION),
        }
    }

    /// Yubico's extensions (5).
    fn vendor_command(&mut self, command: &Command<'_>) -> Answer {
        match command.instruction {
            0xF6 => self.move_key(command),
            0xF8 => Ok(self.serial.to_be_bytes().to_vec()),
            // There is no key in F9 to sign an attestation with.
            0xF9 => Err(status::NOT_SUPPORTED),
            0xFA => self.set_retries(command),
            0xFB => self.reset_application(command),
            0xFD => Ok(self.options.version.to_vec()),
            0xFE => self.import(command),
            0xFF => self.set_management_key(command),
            _ => Err(status::INSTRUCTION),
        }
    }

    /// SELECT by name. Whatever application is asked for, the state is dropped (14).
    fn select(&mut self, command: &Command<'_>) -> Answer {
        if command.p1 != 0x04 {
            return Err(if self.session.selected { status::PARAMETERS } else { status::NOT_FOUND });
        }
        let was_selected = self.session.selected;
        self.drop_session();
        self.session.selected = was_selected;
        if command.data.len() < PROVIDER || !APPLICATION_ID.starts_with(command.data) {
            return Err(status::NOT_FOUND);
        }
        self.session.selected = true;
        Ok(if self.options.application_template { self.application_template() } else { Vec::new() })
    }

    fn application_template(&self) -> Vec<u8> {
        let (provider, extension) = APPLICATION_ID.split_at(PROVIDER);
        let mut content = tlv::object(0x4F, extension);
        content.extend(tlv::object(0x79, &tlv::object(0x4F, provider)));
        if !self.options.label.is_empty() {
            content.extend(tlv::object(0x50, self.options.label.as_bytes()));
        }
        if self.options.lists_algorithms {
            let all = self.options.management_algorithms.iter().chain(&self.options.algorithms);
            let listed: Vec<u8> = all.flat_map(|algorithm| [0x80, 0x01, *algorithm]).collect();
            content.extend(tlv::object(0xAC, &[&listed[..], &[0x06, 0x01, 0x00]].concat()));
        }
        tlv::object(0x61, &content)
    }

    fn drop_session(&mut self) {
        self.session = Session::default();
        for pin in [Some(&mut self.pin), self.global_pin.as_mut()].into_iter().flatten() {
            pin.verified = false;
        }
    }

    /// RESET (5): everything as the factory made it, but for what belongs to no user of the card: the attestation.
    fn reset_application(&mut self, command: &Command<'_>) -> Answer {
        if command.p1p2() != 0 {
            return Err(status::PARAMETERS);
        }
        if self.pin.left > 0 || (self.puk.left > 0 && !self.options.reset_by_pin) {
            return Err(self.options.reset_refused);
        }
        self.pin = Reference::new(FACTORY_PIN, self.options.pin_tries);
        self.puk = Reference::new(FACTORY_PUK, self.options.puk_tries);
        self.management = ManagementKey::factory(&self.options);
        self.objects.retain(|id, _| *id == objects::ATTESTATION);
        self.slots.retain(|slot, _| *slot == slots::ATTESTATION);
        self.session = Session { selected: true, ..Session::default() };
        Ok(Vec::new())
    }

    fn require_management(&self) -> Result<(), u16> {
        if self.session.managed { Ok(()) } else { Err(status::SECURITY) }
    }

    fn random(&mut self, bytes: &mut [u8]) -> Result<(), u16> {
        getrandom::fill(bytes).map_err(|_| status::INTERNAL)?;
        for byte in bytes {
            *byte = self.fixed_random.pop_front().unwrap_or(*byte);
        }
        Ok(())
    }
}
