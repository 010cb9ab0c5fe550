//! Which notices an event brings, changes or takes away. It keeps what was put on the screen, so that what concerns a
//! card goes with the card, and so that the same words about a PIN are not said twice.

mod draft;

use std::collections::BTreeMap;

use shared::config::{Config, NoticeKind, OnInsert};
use shared::model::{Card, CheckUp, Concern, Expiry, Reader, ReaderState, Role};
use shared::rpc::events::{Cause, Change, ExpiryEvent, PinEvent};
use shared::rpc::methods::StatusReply;

use crate::known::Known;
use crate::notices::Notice;
use crate::returns::Returns;
use draft::{Draft, Subject};

/// What becomes of a notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Say {
    /// It is shown, in place of the one with the same key.
    Show(Box<Notice>),
    /// The one with this key is taken away.
    Withdraw(String),
}

/// What is settled about notices.
#[derive(Clone, Copy)]
pub(crate) struct Rules<'a> {
    /// What is in force.
    pub config: &'a Config,
    /// Whether notices are paused.
    pub paused: bool,
}

/// What was put on the screen.
#[derive(Default)]
pub(crate) struct Announcer {
    shown: BTreeMap<String, (NoticeKind, Notice)>,
    /// By reader, how much of the card in it has been told.
    visits: BTreeMap<String, Visit>,
    /// Nobody has to be told of a card that is back.
    returns: Returns,
    /// Whether a snapshot has come: the cards in the first one were there before us.
    has_begun: bool,
}

/// What has been told of the card in a reader.
#[derive(Default)]
struct Visit {
    /// Whether the notice that it came in is to go on to say what is on it.
    grows: bool,
    /// The certificates whose end was told of, by their ids.
    expiring: BTreeMap<String, Expiry>,
}

impl Announcer {
    /// Takes in a change. `before` is what was known before it.
    pub(crate) fn hear(&mut self, change: &Change, before: &Known, rules: Rules<'_>) -> Vec<Say> {
        let mut says = Says { rules, list: vec![] };
        let subject = |reader: &str| Subject::of(before.reader(reader), reader);
        let is_back = self.returns.hear(change, before);
        if let Some(reader) = reader_whose_card_is_free(change) {
            self.withdraw(&draft::busy_key(reader), &mut says);
        }
        match change {
            Change::Snapshot(status) => self.snapshot(status, before, &mut says),
            Change::CardInserted { reader, .. } => self.inserted(reader, is_back, &mut says),
            Change::CardIdentified { reader, card, initialised } => {
                self.identified(reader, card, *initialised, &mut says);
            }
            Change::CardUnusable { reader, state, reason } => {
                let subject = Subject::of(None, reader);
                let draft = match state {
                    ReaderState::Busy => Draft::busy(&subject, &[], Some(reason)),
                    _ => Draft::unusable(&subject, reason),
                };
                self.show(&draft, &mut says);
            }
            Change::CardRemoved { reader, cause: Cause::Service, .. } => {
                self.forget(reader, None, &mut says);
            }
            Change::CardRemoved { reader, .. } => {
                let draft = Draft::card_out(&subject(reader));
                self.forget(reader, Some(&draft.key), &mut says);
                self.replace(&draft, &mut says);
            }
            Change::CardChecked { reader, check, .. } => self.checked(&subject(reader), check, &mut says),
            Change::CardBusy { reader, holders, .. } => {
                self.show(&Draft::busy(&subject(reader), holders, None), &mut says);
            }
            Change::PinBlocked(PinEvent { reader, role, .. }) => {
                self.show_once(&Draft::pin_blocked(&subject(reader), *role), &mut says);
            }
            Change::LowTries(PinEvent { reader, role, tries_left: Some(left), .. }) => {
                self.show_once(&Draft::low_tries(&subject(reader), *role, *left), &mut says);
            }
            Change::PinChanged(event) | Change::PinUnblocked(event) => {
                let is_unblocked = matches!(change, Change::PinUnblocked(_));
                let draft = Draft::pin_changed(&subject(&event.reader), event.role, is_unblocked);
                if event.cause == Cause::OtherProgram {
                    self.replace(&draft, &mut says);
                } else {
                    self.withdraw(&draft.key, &mut says);
                }
            }
            Change::PinChangeRequired { reader, role, reason, .. } => {
                self.show_once(&Draft::pin_change(&subject(reader), *role, *reason), &mut says);
            }
            Change::TouchNeeded(event) => self.show(&Draft::touch(&subject(&event.reader)), &mut says),
            Change::TouchOver(event) => {
                self.withdraw(&Draft::touch(&subject(&event.reader)).key, &mut says);
            }
            Change::CertExpiring(event) | Change::CertExpired(event) => {
                let ExpiryEvent { reader, expiry, .. } = event;
                let visit = self.visits.entry(reader.clone()).or_default();
                visit.expiring.insert(expiry.certificate.clone(), expiry.clone());
                self.tell_expiring(&subject(reader), &mut says);
            }
            Change::CertDeleted(event) => {
                let visit = self.visits.get_mut(&event.reader);
                if visit.is_some_and(|visit| visit.expiring.remove(&event.certificate).is_some()) {
                    self.tell_expiring(&subject(&event.reader), &mut says);
                }
            }
            Change::CardExpiring { reader, days, .. } => {
                self.show(&Draft::card_expiring(&subject(reader), *days), &mut says);
            }
            _ => {}
        }
        says.list
    }

    /// Takes in that other rules are in force than those of `old`: what is not wanted goes, and what is wanted now and
    /// still holds is told.
    pub(crate) fn rules_are(&mut self, old: &Config, known: &Known, rules: Rules<'_>) -> Vec<Say> {
        let notify = &rules.config.notify;
        let unwanted = self.shown.iter().filter(|(_, (kind, _))| !notify.wants(*kind));
        let keys: Vec<String> = unwanted.map(|(key, _)| key.clone()).collect();
        keys.iter().for_each(|key| drop(self.shown.remove(key)));
        let mut says: Vec<Say> = keys.into_iter().map(Say::Withdraw).collect();
        if NoticeKind::ALL.iter().any(|kind| notify.wants(*kind) && !old.notify.wants(*kind)) {
            says.extend(self.goes_on(known, rules));
        }
        says
    }

    /// Takes everything away.
    pub(crate) fn end(&mut self) -> Vec<Say> {
        std::mem::take(&mut self.shown).into_keys().map(Say::Withdraw).collect()
    }

    /// The cards that were there when the program began have been told of, except for their PINs: that one is blocked is
    /// told until it is not. When the agent was away meanwhile, what differs is told as if it had happened now.
    fn snapshot(&mut self, status: &StatusReply, before: &Known, says: &mut Says<'_>) {
        let is_first = !std::mem::replace(&mut self.has_begun, true);
        for old in &before.readers {
            let now = status.readers.iter().find(|reader| reader.name == old.name);
            if now.is_none_or(|now| !is_same_card(now, old)) {
                self.forget(&old.name, None, says);
            }
        }
        for reader in &status.readers {
            if before.reader(&reader.name).is_some_and(|old| is_same_card(old, reader)) {
                continue;
            }
            let subject = Subject::of(Some(reader), &reader.name);
            if let (false, Some(card)) = (is_first, &reader.card) {
                self.inserted(&reader.name, false, says);
                self.identified(&reader.name, card, card.csn.is_some(), says);
            }
            if let Some(check) = &reader.check {
                self.checked(&subject, check, says);
                self.ends(&subject, check, says);
            }
        }
    }

    /// Tells of the ends that were news when nobody listened here.
    fn ends(&mut self, subject: &Subject, check: &CheckUp, says: &mut Says<'_>) {
        let is_news = |what: &str| check.told.iter().any(|told| told == what);
        for concern in &check.concerns {
            match concern {
                Concern::CertExpiring(expiry) if is_news(&expiry.certificate) => {
                    let visit = self.visits.entry(subject.reader.clone()).or_default();
                    visit.expiring.insert(expiry.certificate.clone(), expiry.clone());
                }
                Concern::CardExpiring { days, .. } if is_news(CheckUp::CARD) => {
                    self.show_once(&Draft::card_expiring(subject, *days), says);
                }
                _ => {}
            }
        }
        self.tell_expiring(subject, says);
    }

    /// Tells what was not told while notices were paused or off, and still holds.
    pub(crate) fn goes_on(&mut self, known: &Known, rules: Rules<'_>) -> Vec<Say> {
        let mut says = Says { rules, list: vec![] };
        for reader in &known.readers {
            let subject = Subject::of(Some(reader), &reader.name);
            if let Some(check) = &reader.check {
                self.checked(&subject, check, &mut says);
                self.ends(&subject, check, &mut says);
            }
        }
        says.list
    }

    /// A card came in: told at once, before anybody knows which.
    fn inserted(&mut self, reader: &str, is_back: bool, says: &mut Says<'_>) {
        let draft = Draft::card_in(&Subject::of(None, reader), None);
        self.forget(reader, Some(&draft.key), says);
        if !is_back && is_noticed_for_certain(says.rules.config, reader) {
            self.replace(&draft, says);
        } else {
            self.withdraw(&draft.key, says);
        }
        self.visits.insert(reader.to_owned(), Visit { grows: !is_back, ..Visit::default() });
    }

    fn identified(&mut self, reader: &str, card: &Card, initialised: bool, says: &mut Says<'_>) {
        let subject = Subject::named(card, reader);
        self.withdraw(&draft::busy_key(reader), says);
        let visit = self.visits.entry(reader.to_owned()).or_default();
        if !visit.grows {
            return;
        }
        visit.grows =
            initialised && says.rules.config.on_insert(reader, Some(card)).contains(&OnInsert::Notice);
        let draft = Draft::card_in(&subject, None);
        if visit.grows {
            self.show(&draft, says);
        } else if initialised {
            self.withdraw(&draft.key, says);
        } else {
            self.show(&Draft::empty(&subject), says);
        }
    }

    fn checked(&mut self, subject: &Subject, check: &CheckUp, says: &mut Says<'_>) {
        let visit = self.visits.entry(subject.reader.clone()).or_default();
        if std::mem::take(&mut visit.grows) {
            self.show(&Draft::card_in(subject, Some(check)), says);
        }
        let mut told: Vec<Role> = Vec::new();
        for concern in &check.concerns {
            let (role, draft) = match concern {
                Concern::PinBlocked { role } => (*role, Draft::pin_blocked(subject, *role)),
                Concern::LowTries { role, tries_left } => {
                    (*role, Draft::low_tries(subject, *role, *tries_left))
                }
                Concern::PinChangeRequired { role, reason } => {
                    (*role, Draft::pin_change(subject, *role, *reason))
                }
                _ => continue,
            };
            // The most pressing comes first, and there is one notice per PIN.
            if !told.contains(&role) {
                told.push(role);
                self.show_once(&draft, says);
            }
        }
        let is_over = |(key, (kind, _)): &(&String, &(NoticeKind, Notice))| {
            let is_state =
                matches!(kind, NoticeKind::PinBlocked | NoticeKind::LowTries | NoticeKind::PinChangeRequired);
            is_state
                && draft::reader_of(key) == Some(&subject.reader)
                && !told.iter().any(|role| draft::pin_key(&subject.reader, *role) == **key)
        };
        let over: Vec<String> = self.shown.iter().filter(is_over).map(|(key, _)| key.clone()).collect();
        over.iter().for_each(|key| self.withdraw(key, says));
    }

    /// Says in one notice which certificates of a card end.
    fn tell_expiring(&mut self, subject: &Subject, says: &mut Says<'_>) {
        let notify = &says.rules.config.notify;
        let visit = self.visits.get(&subject.reader);
        let expiring: Vec<&Expiry> = visit
            .into_iter()
            .flat_map(|visit| visit.expiring.values())
            .filter(|expiry| notify.wants(draft::kind_of(expiry)))
            .collect();
        match Draft::expiring(subject, &expiring) {
            Some(draft) => self.show_once(&draft, says),
            None => self.withdraw(&draft::expiry_key(&subject.reader), says),
        }
    }

    fn show(&mut self, draft: &Draft, says: &mut Says<'_>) {
        let Rules { config, paused } = says.rules;
        if !paused && config.notify.wants(draft.kind) {
            let (kind, notice) = (draft.kind, draft.worded(&config.notify));
            self.shown.insert(notice.key.clone(), (kind, notice.clone()));
            says.list.push(Say::Show(Box::new(notice)));
        }
    }

    /// Shows it unless it was said already, in these words, and still holds.
    fn show_once(&mut self, draft: &Draft, says: &mut Says<'_>) {
        let is_shown = self
            .shown
            .get(&draft.key)
            .is_some_and(|(_, old)| *old == draft.worded(&says.rules.config.notify));
        if !is_shown {
            self.show(draft, says);
        }
    }

    /// Shows it in place of what is not true any more, which goes in any case.
    fn replace(&mut self, draft: &Draft, says: &mut Says<'_>) {
        if says.rules.paused || !says.rules.config.notify.wants(draft.kind) {
            self.withdraw(&draft.key, says);
        } else {
            self.show(draft, says);
        }
    }

    fn withdraw(&mut self, key: &str, says: &mut Says<'_>) {
        if self.shown.remove(key).is_some() {
            says.list.push(Say::Withdraw(key.to_owned()));
        }
    }

    /// Takes away all that concerns the card in a reader, except for the notice with this key.
    fn forget(&mut self, reader: &str, except: Option<&str>, says: &mut Says<'_>) {
        self.visits.remove(reader);
        let is_meant = |key: &&String| draft::reader_of(key) == Some(reader) && Some(key.as_str()) != except;
        let keys: Vec<String> = self.shown.keys().filter(is_meant).cloned().collect();
        keys.iter().for_each(|key| self.withdraw(key, says));
    }
}

/// What is said, and the rules by which.
struct Says<'a> {
    rules: Rules<'a>,
    list: Vec<Say>,
}

/// The reader whose card no other program keeps: the agent has just had it.
fn reader_whose_card_is_free(change: &Change) -> Option<&String> {
    match change {
        Change::CardChecked { reader, .. } => Some(reader),
        Change::PinChanged(event)
        | Change::PinFailed(event)
        | Change::PinBlocked(event)
        | Change::PinUnblocked(event) => Some(&event.reader),
        Change::CertImported(event)
        | Change::CertDeleted(event)
        | Change::CertMoved(event)
        | Change::DefaultChanged(event) => Some(&event.reader),
        Change::KeyGenerated(event) => Some(&event.reader),
        Change::ChallengeIssued(event) | Change::CardRepaired(event) => Some(&event.reader),
        _ => None,
    }
}

/// Whether both readers hold the same card, or none. A card of which nobody knows the number is told by its answer to
/// reset.
fn is_same_card(a: &Reader, b: &Reader) -> bool {
    let csn = |reader: &Reader| reader.card.as_ref().and_then(|card| card.csn.clone());
    match (csn(a), csn(b)) {
        (Some(a), Some(b)) => a == b,
        _ => a.atr == b.atr && (a.state == ReaderState::Empty) == (b.state == ReaderState::Empty),
    }
}

/// Whether a card in this reader is told of whatever it turns out to be, so that it can be told before that is known.
fn is_noticed_for_certain(config: &Config, reader: &str) -> bool {
    for rule in config.insert.iter().filter(|rule| rule.reader.as_ref().is_none_or(|name| name == reader)) {
        if !rule.r#do.contains(&OnInsert::Notice) {
            return false;
        }
        if rule.card.is_none() && rule.kind.is_none() {
            return true;
        }
    }
    true
}

#[cfg(test)]
#[path = "announce/tests.rs"]
mod tests;
