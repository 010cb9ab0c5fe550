//! The administrator by challenge and response (sections 9.3 and 9.4), and the mark by which a challenge is known
//! to be untouched.
//!
//! A challenge lives until the application is selected again, by whomever. The same SELECT moves the card's
//! current file away. So the file with `cardid` is made the current one before the challenge is taken, and as long
//! as it is, GET DATA without a file still finds `cardid` there, and the challenge stands. GET DATA does not touch
//! a challenge (measured, section 9.3).

use shared::model::{Csn, Role};

use super::Gids;
use super::pins::{check_length, check_role};
use crate::apdu::{Command, Data, StatusWord};
use crate::error::{Error, Result, VoidReason};
use crate::smart_card::{Challenge, PinEntry};
use crate::tlv;

/// P1-P2 of GET DATA: the file that is selected now.
const CURRENT_FILE: u16 = 0x0000;
/// The object with `cardid` on every card that is known. On another one there is no mark.
const CARD_ID: u16 = 0xDF20;
/// Dynamic authentication template.
const TEMPLATE: u32 = 0x7C;
/// In it: the challenge.
const CHALLENGE: u32 = 0x81;
/// In it: the response.
const RESPONSE: u32 = 0x82;
/// Bytes of a response: one block of 3DES, or of AES on cards that have such a key. It has the length of its
/// challenge; longer ones are accepted by GidsApplet when they begin right, so that none is sent.
const RESPONSE_LENGTHS: [usize; 2] = [8, 16];

impl Gids<'_> {
    /// Takes a challenge.
    pub(super) fn take_challenge(&mut self, role: Role) -> Result<Challenge> {
        check_role(role)?;
        let masterfile = self.masterfile()?;
        self.known = Some(Csn::new(&self.card_id()?));
        // The application was selected and no file since. A card that gives out `cardid` now would do so after
        // any other program's SELECT as well: what it answers is no mark.
        let always = self.mark_stands()?;
        self.applet.expect(&Command {
            name: "MANAGE SECURITY ENVIRONMENT",
            instruction: 0x22,
            parameters: [0xC1, 0xA4],
            data: Data::Plain(&[0x83, 0x01, 0x80]),
            expects: false,
        })?;
        if let Some(at) = masterfile.find("", "cardid").filter(|_| !always) {
            // A card that cannot do this keeps no mark, and its challenge is good nevertheless.
            if let Err(error @ Error::Transport(_)) = self.select_file(at.file) {
                return Err(error);
            }
        }
        let response = self.applet.send(&Command {
            name: "GENERAL AUTHENTICATE",
            instruction: 0x87,
            parameters: [0, 0],
            data: Data::Plain(&[0x7C, 0x02, 0x81, 0x00]),
            expects: true,
        })?;
        match response.status {
            StatusWord::OK => {}
            StatusWord(0x6D00) => return Err(Error::NotSupported("this card has no challenge")),
            StatusWord(0x6986) => return Err(Error::NotInitialised),
            status => return Err(Error::Unexpected { command: "GENERAL AUTHENTICATE", status: status.0 }),
        }
        let challenge = tlv::find(&response.data, TEMPLATE).and_then(|inner| tlv::find(inner, CHALLENGE));
        let challenge =
            challenge.filter(|bytes| !bytes.is_empty()).ok_or(Error::Malformed("GENERAL AUTHENTICATE"))?;
        let marked = !always && self.mark_stands()?;
        self.challenged = Some(marked);
        Ok(Challenge { bytes: challenge.to_vec(), marked })
    }

    /// Whether the mark is there. Never remembered, always asked.
    pub(super) fn mark_stands(&mut self) -> Result<bool> {
        let [high, low] = CARD_ID.to_be_bytes();
        let response = match self.get_data(CURRENT_FILE, &[0x5C, 2, high, low]) {
            Ok(response) => response,
            Err(error @ Error::Transport(_)) => return Err(error),
            Err(_) => return Ok(false),
        };
        let found = tlv::find(&response.data, u32::from(CARD_ID)).map(Csn::new);
        Ok(response.status == StatusWord::OK && found.is_some() && found == self.known)
    }

    /// Sends the response, once; then sets the PIN.
    pub(super) fn unblock_with_response(
        &mut self,
        role: Role,
        response: &[u8],
        new: PinEntry<'_>,
    ) -> Result<()> {
        check_role(role)?;
        check_length(new)?;
        if !RESPONSE_LENGTHS.contains(&response.len()) {
            return Err(Error::NotSupported("a response for this card has 8 or 16 bytes"));
        }
        let mut data = zeroize::Zeroizing::new(Vec::with_capacity(response.len() + 8));
        tlv::put_header(&mut data, TEMPLATE, response.len() + 2);
        tlv::put(&mut data, RESPONSE, response);
        self.challenged = None;
        self.logged_in = true;
        let answer = self.applet.send(&Command {
            name: "GENERAL AUTHENTICATE",
            instruction: 0x87,
            parameters: [0, 0],
            data: Data::Sensitive(&data),
            expects: false,
        })?;
        if answer.status != StatusWord::OK {
            self.logged_in = false;
        }
        match answer.status {
            StatusWord::OK => {}
            StatusWord::SECURITY => return Err(Error::WrongResponse { tries_left: None }),
            StatusWord::CONDITIONS => return Err(Error::ChallengeVoid(VoidReason::Disturbed)),
            StatusWord::BLOCKED => return Err(Error::PinBlocked { role: Role::ADMIN }),
            status => {
                return Err(match status.counter() {
                    Some(tries) => {
                        Error::WrongResponse { tries_left: Some(tries).filter(|tries| *tries < 15) }
                    }
                    None => Error::Unexpected { command: "GENERAL AUTHENTICATE", status: status.0 },
                });
            }
        }
        // While the administrator is logged in: afterwards nobody is (section 6).
        self.bump_pins()?;
        self.set_pin_as_administrator(new)
    }
}
