//! Whom to ask for a new PIN, and when to ask again. A pure state machine: it is told what happens and what time it is.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use shared::config::{Config, OnInsert};
use shared::model::{Csn, PinChangeReason, Role};
use shared::rpc::events::{Change, PinEvent};

use crate::action::Panel;
use crate::known::Known;
use crate::open::Place;

/// How long a person who closed the question has peace where it comes back.
const PEACE: Duration = Duration::from_secs(3);

/// The questions that are open, or come back, by reader.
#[derive(Default)]
pub(crate) struct Prompts(BTreeMap<String, Question>);

struct Question {
    csn: Csn,
    role: Role,
    /// Whether it comes back until the PIN is changed.
    insists: bool,
    /// When it does; `None` while it is open.
    again_at: Option<Instant>,
}

impl Prompts {
    /// Takes in a change. `before` is what was known before it. What is to be opened comes back.
    pub(crate) fn hear(&mut self, change: &Change, before: &Known, config: &Config) -> Option<Place> {
        match change {
            Change::CardIdentified { reader, card, .. } => {
                let does = config.on_insert(reader, Some(card));
                let csn = card.csn.as_ref()?;
                does.contains(&OnInsert::Window).then(|| place(Panel::Overview, reader, csn))
            }
            Change::PinChangeRequired { reader, csn, role, reason } => {
                let card = before.reader(reader).and_then(|reader| reader.card.as_ref());
                let is_asked = *reason != PinChangeReason::Factory
                    || config.on_insert(reader, card).contains(&OnInsert::PinChange);
                let is_open = self.0.get(reader).is_some_and(|open| open.csn == *csn && open.role == *role);
                // Windows and questions change the primary card PIN.
                if !is_asked || is_open || *role != Role::USER {
                    return None;
                }
                let insists = *reason == PinChangeReason::FirstUse && config.pin.forbid_cancel_first_use;
                let question = Question { csn: csn.clone(), role: *role, insists, again_at: None };
                self.0.insert(reader.clone(), question);
                Some(place(Panel::Pin, reader, csn))
            }
            Change::PinChanged(PinEvent { reader, csn, role, .. })
            | Change::PinUnblocked(PinEvent { reader, csn, role, .. }) => {
                if self.0.get(reader).is_some_and(|open| open.csn == *csn && open.role == *role) {
                    self.0.remove(reader);
                }
                None
            }
            Change::CardRemoved { reader, .. } | Change::ReaderRemoved { reader } => {
                self.0.remove(reader);
                None
            }
            _ => None,
        }
    }

    /// A place was closed again, or could not be opened at all: then nothing insists.
    pub(crate) fn closed(&mut self, place: &Place, was_opened: bool, now: Instant) {
        let Some(reader) = place.reader.as_ref().filter(|_| place.panel == Panel::Pin) else { return };
        let is_its_end =
            |open: &Question| open.again_at.is_none() && place.card.as_deref() == Some(open.csn.as_str());
        match self.0.get_mut(reader) {
            Some(open) if is_its_end(open) && open.insists && was_opened => open.again_at = Some(now + PEACE),
            Some(open) if is_its_end(open) => drop(self.0.remove(reader)),
            _ => {}
        }
    }

    /// When [`Prompts::tick`] is to be called.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.0.values().filter_map(|question| question.again_at).min()
    }

    /// Takes in that time has passed. What is to be opened comes back.
    pub(crate) fn tick(&mut self, now: Instant) -> Vec<Place> {
        let mut due = Vec::new();
        for (reader, question) in &mut self.0 {
            if question.again_at.is_some_and(|at| at <= now) {
                question.again_at = None;
                due.push(place(Panel::Pin, reader, &question.csn));
            }
        }
        due
    }
}

fn place(panel: Panel, reader: &str, csn: &Csn) -> Place {
    Place { panel, reader: Some(reader.to_owned()), card: Some(csn.to_string()) }
}

#[cfg(test)]
mod tests {
    use shared::config::InsertRule;
    use shared::rpc::events::Cause;

    use super::*;
    use crate::samples::{self, R};

    fn rule(does: &[OnInsert]) -> Config {
        Config {
            insert: vec![InsertRule { r#do: does.to_vec(), ..InsertRule::default() }],
            ..Config::default()
        }
    }

    fn required(reason: PinChangeReason) -> Change {
        Change::PinChangeRequired { reader: R.into(), csn: samples::csn(), role: Role::USER, reason }
    }

    fn pin() -> Place {
        place(Panel::Pin, R, &samples::csn())
    }

    #[test]
    fn the_window_opens_where_a_rule_says_so() {
        for (config, opened) in [
            (Config::default(), None),
            (rule(&[OnInsert::Notice]), None),
            (rule(&[OnInsert::Window]), Some(place(Panel::Overview, R, &samples::csn()))),
        ] {
            let found = Prompts::default().hear(&samples::identified(), &Known::nothing(), &config);
            assert_eq!(found, opened);
        }
    }

    #[test]
    fn a_new_pin_is_asked_for_when_the_agent_says_so() {
        use PinChangeReason::{Expired, Factory, FirstUse};
        for (reason, config, asked) in [
            (FirstUse, rule(&[OnInsert::PinChange]), true),
            (FirstUse, Config::default(), true),
            (Expired, Config::default(), true),
            (Factory, Config::default(), false),
            (Factory, rule(&[OnInsert::PinChange]), true),
        ] {
            let mut prompts = Prompts::default();
            let place = prompts.hear(&required(reason), &Known::nothing(), &config);
            assert_eq!(place, asked.then(pin), "{reason:?}");
            assert_eq!(prompts.hear(&required(reason), &Known::nothing(), &config), None);
        }
    }

    #[test]
    fn the_question_comes_back_until_the_pin_is_changed() {
        let mut config = Config::default();
        config.pin.forbid_cancel_first_use = true;
        let known = Known::nothing();
        let now = Instant::now();
        let first = required(PinChangeReason::FirstUse);
        let changed = Change::PinChanged(samples::pin(Role::USER, None, Cause::User));
        for (name, end, was_opened, comes_back) in [
            ("it was closed", None, true, true),
            ("nothing could be opened", None, false, false),
            ("the PIN was changed", Some(changed), true, false),
            ("the card is gone", Some(samples::removed(Cause::Hardware)), true, false),
        ] {
            let mut prompts = Prompts::default();
            assert_eq!(prompts.hear(&first, &known, &config), Some(pin()));
            if let Some(end) = end {
                prompts.hear(&end, &known, &config);
            }
            prompts.closed(&pin(), was_opened, now);
            assert_eq!(prompts.deadline(), comes_back.then_some(now + PEACE), "{name}");
            assert_eq!(prompts.tick(now), []);
            let again = prompts.tick(now + PEACE);
            assert_eq!(again, comes_back.then(pin).into_iter().collect::<Vec<_>>(), "{name}");
            assert_eq!(prompts.deadline(), None);
        }
        // Where it may be cancelled, once is enough.
        let mut prompts = Prompts::default();
        prompts.hear(&first, &known, &Config::default());
        prompts.closed(&pin(), true, now);
        assert_eq!(prompts.deadline(), None);
    }
}
