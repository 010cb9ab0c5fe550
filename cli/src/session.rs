//! A connection to the agent, and the card that is meant.

use shared::client::{self, Client};
use shared::model::{Reader, ReaderState};
use shared::rpc::Method;
use shared::rpc::methods::{Empty, OnCard, PinList, Select, Status};
use shared::words::card_number;
use shared::{Error, ErrorCode};

use crate::args::Global;
use crate::exit::{Failure, failure};
use crate::terminal::Terminal;

/// What is said of a card that nobody has personalised when a PIN is wanted for it.
const EMPTY: &str = "The card is empty; ask your administrator to initialise it.";

/// A connection to the agent, and which card the command line names.
pub(crate) struct Session {
    client: Client,
    given: Select,
    json: bool,
    /// The readers on whose own keys PINs are typed, when the readers were last looked at.
    pin_pads: Vec<String>,
}

/// What the agent's view of the readers says about the card that is meant.
#[derive(Debug, PartialEq, Eq)]
enum Meant {
    /// This one.
    One(Select),
    /// One of these.
    Several(Vec<Reader>),
    /// None, but one that nobody has personalised.
    Empty,
    /// None yet: the agent must say what is wrong, or look at the card first.
    Unclear,
}

/// What is done about cards that the agent has not identified yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unknown {
    /// Any of them may be the one that is meant.
    Wait,
    /// They have been waited for. A reader that hangs must not keep anybody from the cards in the others.
    PassOver,
}

impl Session {
    /// Connects to the agent, which is started if none runs.
    ///
    /// # Errors
    /// [`ErrorCode::NoAgent`]
    pub(crate) fn open(global: &Global) -> Result<Self, Failure> {
        let given = Select { reader: global.reader.clone(), card: global.card.clone() };
        Ok(Self { client: client::Client::connect_or_start()?, given, json: global.json, pin_pads: vec![] })
    }

    /// Calls a method.
    ///
    /// # Errors
    /// Those of the method.
    pub(crate) fn call<M: Method>(&mut self, params: &M::Params) -> Result<M::Reply, Failure> {
        Ok(self.client.call::<M>(params)?)
    }

    /// Calls a method that proves nothing to the card that is meant. Where several fit, the person at the
    /// terminal chooses, unless JSON is wanted.
    ///
    /// # Errors
    /// Those of the method, and [`ErrorCode::SeveralCards`].
    pub(crate) fn on_card<M: Method>(
        &mut self,
        params: impl Fn(Select) -> M::Params,
    ) -> Result<M::Reply, Failure> {
        let select = match self.look(Unknown::Wait)? {
            Meant::One(select) => select,
            Meant::Several(readers) => {
                let chosen = choose(&readers, self.terminal().as_ref())?;
                // A further call of this run is for the same card, without a further question.
                self.given = chosen.clone();
                chosen
            }
            Meant::Empty | Meant::Unclear => match self.client.call::<M>(&params(self.given.clone())) {
                Err(Error { code: ErrorCode::SeveralCards, .. }) => self.exactly_one()?,
                result => return Ok(result?),
            },
        };
        self.call::<M>(&params(select))
    }

    fn exactly_one(&mut self) -> Result<Select, Failure> {
        match self.look(Unknown::PassOver)? {
            Meant::One(select) => Ok(select),
            Meant::Several(readers) => choose(&readers, self.terminal().as_ref()),
            Meant::Empty | Meant::Unclear => {
                Err(failure(ErrorCode::SeveralCards, "Several cards fit. Name one with --card."))
            }
        }
    }

    /// Reader and serial number of the card that is meant. A PIN that is asked for after this goes to that card
    /// or to none, whatever is inserted meanwhile. `terminal` is where a person can choose, if one may be asked; as
    /// in [`Session::on_card`], not when JSON is wanted.
    ///
    /// # Errors
    /// What keeps the card from being used, and [`ErrorCode::SeveralCards`].
    pub(crate) fn bind(&mut self, terminal: Option<&Terminal>) -> Result<Select, Failure> {
        for unknown in [Unknown::Wait, Unknown::PassOver] {
            match self.look(unknown)? {
                Meant::One(select) => return Ok(select),
                Meant::Several(readers) => return choose(&readers, terminal.filter(|_| !self.json)),
                Meant::Empty => return Err(failure(ErrorCode::NotInitialised, EMPTY)),
                Meant::Unclear => {}
            }
            // The agent waits until it knows the cards, though not for ever, and says what is wrong with them.
            match self.client.call::<PinList>(&OnCard { select: self.given.clone() }) {
                Ok(_) | Err(Error { code: ErrorCode::SeveralCards, .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(failure(ErrorCode::NoCard, "The card could not be identified. Take it out and insert it again."))
    }

    fn look(&mut self, unknown: Unknown) -> Result<Meant, Failure> {
        let status = self.call::<Status>(&Empty {})?;
        let pin_pads = status.readers.iter().filter(|reader| reader.pin_pad);
        self.pin_pads = pin_pads.map(|reader| reader.name.clone()).collect();
        Ok(match (meant(status.readers, &self.given, unknown), status.preferred) {
            (Meant::Several(readers), Some(preferred)) => {
                match readers.iter().find(|reader| reader.name == preferred) {
                    Some(reader) => Meant::One(select(reader)),
                    None => Meant::Several(readers),
                }
            }
            (meant, _) => meant,
        })
    }

    /// Whether PINs are typed on this reader's own keys, as was so when the card was chosen.
    pub(crate) fn has_pin_pad(&self, reader: &str) -> bool {
        self.pin_pads.iter().any(|name| name == reader)
    }

    /// The terminal at which something that is no secret may be asked; none when JSON is wanted.
    pub(crate) fn terminal(&self) -> Option<Terminal> {
        if self.json { None } else { Terminal::open() }
    }
}

/// Whether a reader is the one that is named, or none is.
pub(crate) fn is_named(reader: &Reader, given: &Select) -> bool {
    given.reader.as_ref().is_none_or(|name| *name == reader.name)
        && given.card.as_ref().is_none_or(|text| reader.card.as_ref().is_some_and(|card| card.matches(text)))
}

fn meant(readers: Vec<Reader>, given: &Select, unknown: Unknown) -> Meant {
    let here = |reader: &Reader| given.reader.as_ref().is_none_or(|name| *name == reader.name);
    let identifying = |reader: &Reader| here(reader) && reader.state == ReaderState::Identifying;
    // A card named by its number is the one, whatever the others turn out to be.
    if unknown == Unknown::Wait && given.card.is_none() && readers.iter().any(identifying) {
        return Meant::Unclear;
    }
    let empty = readers.iter().any(|r| is_named(r, given) && r.state == ReaderState::NotInitialised);
    let mut fitting: Vec<Reader> =
        readers.into_iter().filter(|reader| is_named(reader, given) && csn(reader).is_some()).collect();
    if fitting.len() > 1 {
        return Meant::Several(fitting);
    }
    match fitting.pop() {
        Some(reader) => Meant::One(select(&reader)),
        None if empty => Meant::Empty,
        None => Meant::Unclear,
    }
}

fn csn(reader: &Reader) -> Option<&str> {
    Some(reader.card.as_ref()?.csn.as_ref()?.as_str())
}

fn select(reader: &Reader) -> Select {
    Select { reader: Some(reader.name.clone()), card: csn(reader).map(str::to_owned) }
}

fn choose(readers: &[Reader], terminal: Option<&Terminal>) -> Result<Select, Failure> {
    let name = |reader: &Reader| {
        let card = reader.card.as_ref().map(card_number).unwrap_or_default();
        format!("{card} in {}", reader.name)
    };
    let Some(terminal) = terminal else {
        let names: Vec<String> = readers.iter().map(name).collect();
        let message = format!("Several cards fit: {}. Name one with --card or --reader.", names.join("; "));
        return Err(failure(ErrorCode::SeveralCards, message));
    };
    for (number, reader) in (1..).zip(readers) {
        terminal.say(&format!("{number:>3}  {}", name(reader)));
    }
    let answer = terminal.ask("Which card? Its number:")?;
    let chosen = answer.parse::<usize>().ok().and_then(|number| readers.get(number.checked_sub(1)?));
    chosen.map(select).ok_or(Failure::Cancelled)
}

#[cfg(test)]
mod tests {
    use shared::model::{Card, Csn, Edge};

    use super::*;

    fn reader(name: &str, state: ReaderState, csn: Option<u8>) -> Reader {
        let card = (state == ReaderState::Ready || state == ReaderState::NotInitialised).then(|| Card {
            edge: Edge::Gids,
            csn: csn.map(|byte| Csn::new(&[byte; 16])),
            name: "GIDS card".into(),
            serial: csn.map(|byte| format!("10{byte}")),
        });
        Reader { name: name.into(), state, atr: None, card, pin_pad: false, detail: None, check: None }
    }

    #[test]
    fn which_card_is_meant() {
        use ReaderState::{Empty, Identifying, NotInitialised, Ready, UnknownCard};
        use Unknown::{PassOver, Wait};
        let one = |name: &str, byte| {
            let csn = Csn::new(&[byte; 16]).to_string();
            Meant::One(Select { reader: Some(name.into()), card: Some(csn) })
        };
        let a = || reader("A", Ready, Some(0xAA));
        let b = || reader("B", Ready, Some(0xBB));
        let c = |state| reader("C", state, None);
        for (unknown, readers, name, card, expected) in [
            (Wait, vec![], None, None, Meant::Unclear),
            (Wait, vec![c(Empty)], None, None, Meant::Unclear),
            (Wait, vec![c(UnknownCard)], None, None, Meant::Unclear),
            (Wait, vec![c(NotInitialised)], None, None, Meant::Empty),
            (Wait, vec![c(NotInitialised)], Some("C"), None, Meant::Empty),
            (Wait, vec![c(NotInitialised)], Some("D"), None, Meant::Unclear),
            (Wait, vec![c(NotInitialised)], None, Some("AAAAAAAA"), Meant::Unclear),
            (Wait, vec![a(), c(Empty)], None, None, one("A", 0xAA)),
            (Wait, vec![a(), c(NotInitialised)], None, None, one("A", 0xAA)),
            (Wait, vec![a(), c(Identifying)], None, None, Meant::Unclear),
            (Wait, vec![a(), c(Identifying)], Some("A"), None, one("A", 0xAA)),
            (Wait, vec![a(), c(Identifying)], None, Some("aaaaaaaa"), one("A", 0xAA)),
            (PassOver, vec![a(), c(Identifying)], None, None, one("A", 0xAA)),
            (PassOver, vec![a(), b(), c(Identifying)], None, None, Meant::Several(vec![a(), b()])),
            (PassOver, vec![c(Identifying)], None, None, Meant::Unclear),
            (PassOver, vec![a(), c(Identifying)], Some("C"), None, Meant::Unclear),
            (Wait, vec![a(), b()], None, None, Meant::Several(vec![a(), b()])),
            (Wait, vec![a(), b()], Some("B"), None, one("B", 0xBB)),
            (Wait, vec![a(), b()], None, Some("10187"), one("B", 0xBB)),
            (Wait, vec![a(), b()], None, Some("1018"), Meant::Unclear),
            (Wait, vec![a(), b()], None, Some("BBBBBBBB"), one("B", 0xBB)),
            (Wait, vec![a(), b()], Some("A"), Some("BBBBBBBB"), Meant::Unclear),
            (Wait, vec![a()], Some("a"), None, Meant::Unclear),
        ] {
            let given = Select { reader: name.map(str::to_owned), card: card.map(str::to_owned) };
            let label = format!("{unknown:?} {readers:?} {given:?}");
            assert_eq!(meant(readers, &given, unknown), expected, "{label}");
        }
    }

    #[test]
    fn without_a_terminal_the_cards_are_named() {
        let readers = [reader("A", ReaderState::Ready, Some(1)), reader("B", ReaderState::Ready, Some(2))];
        let Err(Failure::Error(error)) = choose(&readers, None) else { panic!("a card was chosen") };
        assert_eq!(error.code, ErrorCode::SeveralCards);
        assert!(error.message.contains("01010101") && error.message.contains("in B"), "{error}");
    }
}
