//! Questions by pinentry, where there is neither a window nor a terminal. The rules are those of the command line: what
//! can be refused here is not sent, the tries are shown before anything is typed, the last one takes a yes, and what was
//! typed once is sent at most once.

mod unblock;

use std::path::Path;
use std::sync::Mutex;

use shared::client::Client;
use shared::model::{PinPolicy, PinStatus, Role};
use shared::rpc::methods::{
    Access, CardAccess, CertList, Empty, OnCard, PinChange, PinChangeParams, Select, Status,
};
use shared::secret::Pin;
use shared::words::{contents, is_blocked, last_try_warning, pin_name, policy_sentence, tries_sentence};
use shared::{Error, ErrorCode};

use super::{Place, Unopened};
use crate::action::Panel;
use crate::phrases;
use crate::text;
use shared::pinentry::{Pinentry, Unanswered};

/// How often a new PIN or a response that does not fit is asked for again. It costs nothing.
const ROUNDS: u8 = 3;

/// How many lines a list may have.
const LINES: usize = 20;

/// One person answers one question at a time.
static ASKING: Mutex<()> = Mutex::new(());

/// Why it did not come to what was asked for.
enum Stop {
    /// Nobody can be asked.
    Pinentry(Unanswered),
    /// The agent, or the card, says no.
    Refused(Error),
}

impl From<Unanswered> for Stop {
    fn from(unanswered: Unanswered) -> Self {
        Self::Pinentry(unanswered)
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

/// Asks or says what belongs to a place.
///
/// # Errors
/// A question is open already, or the pinentry does not work.
pub(super) fn ask(place: &Place, program: &Path) -> Result<(), Unopened> {
    let Ok(_asking) = ASKING.try_lock() else {
        let words = "Another question of Kortti is open. Answer or close that first, then choose this again.";
        return Err(Unopened::Later(words.to_owned()));
    };
    let outcome = Pinentry::start(program).map_err(Stop::from).and_then(|mut pinentry| {
        let outcome = Client::connect().map_err(Stop::from).and_then(|client| {
            let select = Select { reader: place.reader.clone(), card: place.card.clone() };
            let mut dialogue = Dialogue { pinentry: &mut pinentry, client, select };
            match place.panel {
                Panel::Pin => dialogue.change(),
                Panel::Unblock => dialogue.unblock(),
                Panel::Certificates => dialogue.certificates(),
                Panel::Overview => dialogue.overview(),
                Panel::Information => dialogue.information(),
            }
        });
        match outcome {
            Err(Stop::Refused(error)) => pinentry.say(&refusal(&error)).map_err(Stop::from),
            outcome => outcome,
        }
    });
    match outcome {
        Ok(()) | Err(Stop::Pinentry(Unanswered::Cancelled)) => Ok(()),
        Err(Stop::Pinentry(Unanswered::Failed(words))) => Err(Unopened::Failed(words)),
        Err(Stop::Refused(error)) => Err(Unopened::Failed(error.message)),
    }
}

fn refusal(error: &Error) -> String {
    let tries = match error.code {
        ErrorCode::WrongPin | ErrorCode::WrongResponse if error.tries_left.is_some() => {
            format!("\n{}", tries_sentence(error.tries_left))
        }
        _ => String::new(),
    };
    text::lines(&format!("{}{tries}", error.message), 600)
}

/// A person to ask, an agent to tell, and the card that both mean.
struct Dialogue<'a> {
    pinentry: &'a mut Pinentry,
    client: Client,
    select: Select,
}

impl Dialogue<'_> {
    fn access(&mut self) -> Result<Access, Stop> {
        Ok(self.client.call::<CardAccess>(&OnCard { select: self.select.clone() })?)
    }

    /// The card that is meant, in words.
    fn card(&self) -> String {
        let reader = self.select.reader.as_deref().map(phrases::name);
        match reader {
            Some(reader) => format!("The card in {reader}."),
            None => "The card.".to_owned(),
        }
    }

    fn change(&mut self) -> Result<(), Stop> {
        let access = self.access()?;
        let pin = typed(&access.pins, Role::USER)?;
        let last_try = self.may_be_tried(pin, &access)?;
        let (current, new) = if access.pin_pad {
            self.on_the_reader("the current PIN, then the new one twice")?;
            (None, None)
        } else {
            let tries = tries_sentence(pin.tries_left);
            let current = self.pin(&format!("{}\n{tries}", self.card()), "Current PIN:")?;
            (Some(current), Some(self.new_pin(pin.policy.as_ref())?))
        };
        let select = self.select.clone();
        let params = PinChangeParams { select, role: Role::USER, current, new, last_try };
        let pin = self.client.call::<PinChange>(&params)?;
        Ok(self.pinentry.say(&format!("The PIN is changed. {}", tries_sentence(pin.tries_left)))?)
    }

    /// Decides before anything is typed whether a PIN or PUK may be tried. The answer is whether its last try may be
    /// used.
    fn may_be_tried(&mut self, pin: &PinStatus, access: &Access) -> Result<bool, Stop> {
        let name = pin_name(pin);
        if is_blocked(pin) {
            let way = if pin.unblocked_by.is_empty() {
                "and nobody can unblock it. Ask your administrator for another card."
            } else {
                "so it has to be unblocked first."
            };
            return Err(Error::new(ErrorCode::PinBlocked, format!("The {name} is blocked, {way}")).into());
        }
        if pin.tries_left != Some(1) {
            return Ok(false);
        }
        let warning = last_try_warning(pin, access);
        let question =
            format!("{}\n{warning}\nIf you do not know the {name} for certain, say no.", self.card());
        if self.pinentry.yes(&question, "Use the last try", "No")? {
            Ok(true)
        } else {
            Err(Unanswered::Cancelled.into())
        }
    }

    /// Says what is to be typed on a reader with keys of its own, which begins to wait when that was read.
    fn on_the_reader(&mut self, what: &str) -> Result<(), Stop> {
        let question =
            format!("{}\nType on the reader: {what}. The reader waits when you press OK.", self.card());
        if self.pinentry.yes(&question, "OK", "Cancel")? { Ok(()) } else { Err(Unanswered::Cancelled.into()) }
    }

    /// A PIN or PUK that the card has. What nobody typed is asked for again: it is not sent.
    fn pin(&mut self, description: &str, prompt: &str) -> Result<Pin, Stop> {
        let mut fault = None;
        for _ in 0..ROUNDS {
            let pin: Pin = self.pinentry.secret(description, prompt, fault)?;
            if pin.is_empty() {
                fault = Some("Nothing was typed.");
            } else if std::str::from_utf8(pin.bytes()).map_or(true, |text| text.chars().any(char::is_control))
            {
                fault = Some("It holds characters that cannot be part of it.");
            } else {
                return Ok(pin);
            }
        }
        Err(Unanswered::Cancelled.into())
    }

    /// A new PIN that fits the policy, typed twice.
    fn new_pin(&mut self, policy: Option<&PinPolicy>) -> Result<Pin, Stop> {
        let description = match policy {
            Some(policy) => format!("The new PIN: {}", policy_sentence(policy)),
            None => "The new PIN.".to_owned(),
        };
        let mut fault: Option<String> = None;
        for _ in 0..ROUNDS {
            let new: Pin = self.pinentry.secret(&description, "New PIN:", fault.as_deref())?;
            if let Some(Err(violation)) = policy.map(|policy| policy.check(&new)) {
                fault = Some(format!("The new PIN does not fit: {violation}."));
                continue;
            }
            if new.is_empty() {
                fault = Some("Nothing was typed.".to_owned());
                continue;
            }
            let again: Pin = self.pinentry.secret("The same again.", "New PIN again:", None)?;
            if again.bytes() == new.bytes() {
                return Ok(new);
            }
            fault = Some("The two are not the same.".to_owned());
        }
        Err(Error::new(ErrorCode::PinPolicy, "There is no new PIN. Nothing was sent to the card.").into())
    }

    fn certificates(&mut self) -> Result<(), Stop> {
        let list = self.client.call::<CertList>(&OnCard { select: self.select.clone() })?;
        let lines = list.iter().map(|certificate| {
            let place = certificate.slot.as_ref().unwrap_or(&certificate.id);
            let end = certificate.not_after.as_deref().and_then(|end| end.get(..10)).unwrap_or("not known");
            format!("{}: {}, until {end}", phrases::name(place), phrases::name(&certificate.common_name))
        });
        self.list(lines.collect(), "There is no certificate on the card.")
    }

    fn overview(&mut self) -> Result<(), Stop> {
        let status = self.client.call::<Status>(&Empty {})?;
        let lines = status
            .readers
            .iter()
            .map(|reader| format!("{}: {}", phrases::name(&reader.name), contents(reader)));
        self.list(lines.collect(), "There is no reader; connect a smart card reader.")
    }

    fn information(&mut self) -> Result<(), Stop> {
        Ok(self.pinentry.say(&format!("Kortti {}\nMore is said by: kortti info", shared::VERSION))?)
    }

    fn list(&mut self, mut lines: Vec<String>, nothing: &str) -> Result<(), Stop> {
        if let more @ 1.. = lines.len().saturating_sub(LINES) {
            lines.truncate(LINES);
            lines.push(format!("and {more} more"));
        }
        let text = if lines.is_empty() { nothing.to_owned() } else { lines.join("\n") };
        Ok(self.pinentry.say(&text::lines(&text, 900))?)
    }
}

/// The PIN of a role.
fn typed(pins: &[PinStatus], role: Role) -> Result<&PinStatus, Stop> {
    let found = pins.iter().find(|pin| pin.role == role);
    found.ok_or_else(|| Error::new(ErrorCode::NotFound, "The card has no such PIN.").into())
}
