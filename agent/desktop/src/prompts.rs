//! Whom to ask for a new PIN, and when to ask again. A pure state machine: it is told what happens and what time it is.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use shared::config::{Config, OnInsert};
use shared::model::{Csn, PinChangeReason, Role};
use shared::rpc::events::{Change, PinEvent};

use crate::action::Panel;
use crate::known::Known;
use crate::open::Place;
use crate::returns::Returns;

/// How long a person who closed the question has peace where it comes back.
const PEACE: Duration = Duration::from_secs(3);

/// A question that was open for less than this was closed by nobody who had read it: what asks does not work, or hands
/// over to another program and ends.
const HASTE: Duration = Duration::from_secs(2);

/// How long such a question stays away.
const LONG_PEACE: Duration = Duration::from_secs(60);

/// What opens by itself.
#[derive(Default)]
pub(crate) struct Prompts {
    /// The questions that are open, or come back, by reader.
    questions: BTreeMap<String, Question>,
    returns: Returns,
    /// The readers whose card came in and is not identified yet.
    fresh: BTreeSet<String>,
}

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
        let is_back = self.returns.hear(change, before);
        match change {
            Change::Snapshot(_) => {
                self.fresh.clear();
                None
            }
            Change::CardInserted { reader, .. } => {
                if !is_back {
                    self.fresh.insert(reader.clone());
                }
                None
            }
            // A card is identified anew when settings change: nothing opens then.
            Change::CardIdentified { reader, card, .. } if self.fresh.remove(reader) => {
                let does = config.on_insert(reader, Some(card));
                let csn = card.csn.as_ref()?;
                does.contains(&OnInsert::Window).then(|| place(Panel::Overview, reader, csn))
            }
            Change::PinChangeRequired { reader, csn, role, reason } => {
                let card = before.reader(reader).and_then(|reader| reader.card.as_ref());
                let is_asked = *reason != PinChangeReason::Factory
                    || config.on_insert(reader, card).contains(&OnInsert::PinChange);
                let is_open =
                    self.questions.get(reader).is_some_and(|open| open.csn == *csn && open.role == *role);
                // Windows and questions change the primary card PIN.
                if !is_asked || is_open || *role != Role::USER {
                    return None;
                }
                let insists = *reason == PinChangeReason::FirstUse && config.pin.forbid_cancel_first_use;
                let question = Question { csn: csn.clone(), role: *role, insists, again_at: None };
                self.questions.insert(reader.clone(), question);
                Some(place(Panel::Pin, reader, csn))
            }
            Change::PinChanged(PinEvent { reader, csn, role, .. })
            | Change::PinUnblocked(PinEvent { reader, csn, role, .. }) => {
                if self.questions.get(reader).is_some_and(|open| open.csn == *csn && open.role == *role) {
                    self.questions.remove(reader);
                }
                None
            }
            Change::CardRemoved { reader, .. } | Change::ReaderRemoved { reader } => {
                self.fresh.remove(reader);
                self.questions.remove(reader);
                None
            }
            _ => None,
        }
    }

    /// A place was closed again that was open for so long, or could not be opened at all: then nothing insists.
    pub(crate) fn closed(&mut self, place: &Place, was_open: Option<Duration>, now: Instant) {
        let Some(reader) = place.reader.as_ref().filter(|_| place.panel == Panel::Pin) else { return };
        let is_its_end =
            |open: &Question| open.again_at.is_none() && place.card.as_deref() == Some(open.csn.as_str());
        match (self.questions.get_mut(reader), was_open) {
            (Some(open), Some(was_open)) if is_its_end(open) && open.insists => {
                open.again_at = Some(now + if was_open < HASTE { LONG_PEACE } else { PEACE });
            }
            (Some(open), _) if is_its_end(open) => drop(self.questions.remove(reader)),
            _ => {}
        }
    }

    /// When [`Prompts::tick`] is to be called.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.questions.values().filter_map(|question| question.again_at).min()
    }

    /// Takes in that time has passed. What is to be opened comes back.
    pub(crate) fn tick(&mut self, now: Instant) -> Vec<Place> {
        let mut due = Vec::new();
        for (reader, question) in &mut self.questions {
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
            let (mut prompts, known) = (Prompts::default(), Known::nothing());
            assert_eq!(prompts.hear(&samples::inserted(), &known, &config), None);
            assert_eq!(prompts.hear(&samples::identified(), &known, &config), opened);
        }
    }

    #[test]
    fn the_window_opens_once_for_a_card_that_comes_in() {
        let config = rule(&[OnInsert::Window]);
        let (mut prompts, mut known) = (Prompts::default(), Known::nothing());
        let mut hear = |change: Change| {
            let place = prompts.hear(&change, &known, &config);
            known.apply(&change, 1);
            place.is_some()
        };
        let added = || Change::ReaderAdded { reader: R.into() };
        let gone = |cause| [samples::removed(cause), Change::ReaderRemoved { reader: R.into() }];
        assert!(!hear(samples::snapshot(vec![])));
        assert!(!hear(added()));
        assert!(!hear(samples::identified()), "it was there before");
        hear(samples::inserted());
        assert!(hear(samples::identified()));
        assert!(!hear(samples::identified()), "the settings have changed");
        gone(Cause::Service).into_iter().for_each(|change| assert!(!hear(change)));
        hear(added());
        hear(samples::inserted());
        assert!(!hear(samples::identified()), "it is back with the service");
        gone(Cause::Hardware).into_iter().for_each(|change| assert!(!hear(change)));
        hear(added());
        hear(samples::inserted());
        assert!(hear(samples::identified()));
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
        let read = Some(HASTE);
        for (name, end, was_open, comes_back) in [
            ("it was closed", None, read, Some(PEACE)),
            ("it was closed at once", None, Some(Duration::ZERO), Some(LONG_PEACE)),
            ("nothing could be opened", None, None, None),
            ("the PIN was changed", Some(changed), read, None),
            ("the card is gone", Some(samples::removed(Cause::Hardware)), read, None),
        ] {
            let mut prompts = Prompts::default();
            assert_eq!(prompts.hear(&first, &known, &config), Some(pin()));
            if let Some(end) = end {
                prompts.hear(&end, &known, &config);
            }
            prompts.closed(&pin(), was_open, now);
            assert_eq!(prompts.deadline(), comes_back.map(|peace| now + peace), "{name}");
            assert_eq!(prompts.tick(now), []);
            let again = prompts.tick(now + LONG_PEACE);
            assert_eq!(again, comes_back.map(|_| pin()).into_iter().collect::<Vec<_>>(), "{name}");
            assert_eq!(prompts.deadline(), None);
        }
        // Where it may be cancelled, once is enough.
        let mut prompts = Prompts::default();
        prompts.hear(&first, &known, &Config::default());
        prompts.closed(&pin(), read, now);
        assert_eq!(prompts.deadline(), None);
    }
}
