//! Unblocking: with the PUK on cards that have one, else with a challenge that is read out and the response that is
//! told. Between the two nothing here asks the card anything, since that could make the challenge void.

use shared::hex::grouped;
use shared::model::Role;
use shared::rpc::methods::{
    Access, Challenge, Empty, OnCard, Select, Status, UnblockCancel, UnblockFinish, UnblockFinishParams,
    UnblockPuk, UnblockPukParams, UnblockStart, UnblockStartParams, UnblockState, UnblockStatus,
};
use shared::secret::ResponseText;
use shared::unblock::{checksum_text, parse_response};
use shared::words::{is_blocked, puk_of, tries_sentence};

use super::{Dialogue, ROUNDS, Stop, typed};
use shared::pinentry::Unanswered;

impl Dialogue<'_> {
    /// Gives the primary card PIN a new value without the old one.
    pub(super) fn unblock(&mut self) -> Result<(), Stop> {
        let state = self.client.call::<UnblockStatus>(&OnCard { select: self.select.clone() })?;
        let challenge = match state {
            UnblockState::Good { challenge, .. } if challenge.role == Role::USER => challenge,
            _ => {
                let access = self.access()?;
                if puk_of(&access.pins, Role::USER).is_some() {
                    return self.puk(&access);
                }
                let question = "Take a challenge all the same? The card is then kept for it.";
                self.is_meant(&access, question, "Take a challenge")?;
                let params = UnblockStartParams { select: self.select.clone(), role: Role::USER };
                self.client.call::<UnblockStart>(&params)?
            }
        };
        match self.answer(&challenge) {
            Err(Stop::Pinentry(Unanswered::Cancelled)) => self.left_behind(&challenge),
            outcome => outcome,
        }
    }

    /// A challenge keeps the card from everybody else, and a PUK has few tries, so nobody uses one by mistake.
    fn is_meant(&mut self, access: &Access, question: &str, yes: &str) -> Result<(), Stop> {
        let pin = typed(&access.pins, Role::USER)?;
        let question =
            format!("{}\nThe PIN is not blocked. {} {question}", self.card(), tries_sentence(pin.tries_left));
        if is_blocked(pin) || self.pinentry.yes(&question, yes, "No")? {
            Ok(())
        } else {
            Err(Unanswered::Cancelled.into())
        }
    }

    fn puk(&mut self, access: &Access) -> Result<(), Stop> {
        self.is_meant(access, "Unblock it all the same? That uses the PUK.", "Unblock it")?;
        let blocked = typed(&access.pins, Role::USER)?;
        let puk = puk_of(&access.pins, Role::USER).map_or_else(|| typed(&access.pins, Role::ADMIN), Ok)?;
        let last_try = self.may_be_tried(puk, access)?;
        let (typed_puk, new) = if access.pin_pad {
            self.on_the_reader("the PUK, then the new PIN twice")?;
            (None, None)
        } else {
            let description =
                format!("{}\nIt is unblocked with its PUK. {}", self.card(), tries_sentence(puk.tries_left));
            (Some(self.pin(&description, "PUK:")?), Some(self.new_pin(blocked.policy.as_ref())?))
        };
        let select = self.select.clone();
        let params = UnblockPukParams { select, role: Role::USER, puk: typed_puk, new, last_try };
        let pin = self.client.call::<UnblockPuk>(&params)?;
        self.done(pin.tries_left)
    }

    fn answer(&mut self, challenge: &Challenge) -> Result<(), Stop> {
        let shown = format!(
            "CSN: {}\nChallenge: {}\nChecksum: {}",
            challenge.csn,
            grouped(&challenge.challenge.0, 4),
            challenge.checksum
        );
        self.pinentry.say(&format!(
            "Read these to your administrator, and leave the card in.\n\n{shown}\n\nThen go on to type the response."
        ))?;
        let response = self.response(challenge, &shown)?;
        // Answered without the card.
        let readers = self.client.call::<Status>(&Empty {})?.readers;
        let has_pad = readers.iter().any(|reader| reader.name == challenge.reader && reader.pin_pad);
        let new = if has_pad {
            self.on_the_reader("the new PIN, twice")?;
            None
        } else {
            Some(self.new_pin(challenge.policy.as_ref())?)
        };
        let select = select(challenge);
        let params =
            UnblockFinishParams { select, challenge: Some(challenge.challenge.clone()), response, new };
        let pin = self.client.call::<UnblockFinish>(&params)?;
        self.done(pin.tries_left)
    }

    /// A well-formed response of which the person has compared the checksum: a mistyped one would cost a try of the
    /// admin key.
    fn response(&mut self, challenge: &Challenge, shown: &str) -> Result<ResponseText, Stop> {
        let mut fault: Option<String> = None;
        for _ in 0..ROUNDS {
            let typed: ResponseText = self.pinentry.secret(shown, "Response:", fault.as_deref())?;
            match parse_response(&typed, challenge.challenge.0.len()) {
                Err(error) => fault = Some(format!("This is no response: {error}.")),
                Ok(bytes) => {
                    let question = format!(
                        "Checksum of the response: {}\nHas your administrator the same?",
                        checksum_text(&bytes)
                    );
                    if self.pinentry.yes(&question, "Yes", "No, type it again")? {
                        return Ok(typed);
                    }
                    fault = None;
                }
            }
        }
        Err(Unanswered::Cancelled.into())
    }

    /// What becomes of a challenge that nobody answers now.
    fn left_behind(&mut self, challenge: &Challenge) -> Result<(), Stop> {
        let question = "The challenge stays good while the card stays in, and keeps the card from other programs for \
                        some minutes. Give it up, which frees the card?";
        if self.pinentry.yes(question, "Give it up", "Keep it")? {
            self.client.call::<UnblockCancel>(&OnCard { select: select(challenge) })?;
        }
        Ok(())
    }

    fn done(&mut self, tries_left: Option<u8>) -> Result<(), Stop> {
        let tries = tries_sentence(tries_left);
        Ok(self.pinentry.say(&format!("The PIN is unblocked, and the new one is set. {tries}"))?)
    }
}

fn select(challenge: &Challenge) -> Select {
    Select { reader: Some(challenge.reader.clone()), card: Some(challenge.csn.to_string()) }
}
