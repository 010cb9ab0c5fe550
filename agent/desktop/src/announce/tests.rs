use std::time::Duration;

use shared::config::{InsertRule, Notify};
use shared::hex::Hex;
use shared::model::{Edge, PinChangeReason, Service};
use shared::rpc::events::{CertEvent, OnCardEvent};

use super::*;
use crate::action::{Action, Panel};
use crate::samples::{self, R};

/// A desktop that hears events and keeps what is on the screen, as a notification daemon would.
struct Screen {
    announcer: Announcer,
    known: Known,
    config: Config,
    paused: bool,
    notices: BTreeMap<String, Notice>,
    /// How many notices were put on it.
    shown: usize,
}

impl Screen {
    fn new(config: Config) -> Self {
        let mut screen = Self {
            announcer: Announcer::default(),
            known: Known::nothing(),
            config,
            paused: false,
            notices: BTreeMap::new(),
            shown: 0,
        };
        screen.hear(&samples::snapshot(vec![]));
        screen.hear(&Change::ReaderAdded { reader: R.into() });
        screen
    }

    fn with_card(config: Config) -> Self {
        let mut screen = Self::new(config);
        screen.hear_all([samples::inserted(), samples::identified(), samples::checked(3, vec![])]);
        screen
    }

    fn hear(&mut self, change: &Change) {
        let rules = Rules { config: &self.config, paused: self.paused };
        let says = self.announcer.hear(change, &self.known, rules);
        self.known.apply(change, self.config.notify.low_tries_at);
        self.take(says);
    }

    fn hear_all(&mut self, changes: impl IntoIterator<Item = Change>) {
        changes.into_iter().for_each(|change| self.hear(&change));
    }

    /// Other settings are in force.
    fn settle(&mut self, config: Config) {
        let old = std::mem::replace(&mut self.config, config);
        let rules = Rules { config: &self.config, paused: self.paused };
        let says = self.announcer.rules_are(&old, &self.known, rules);
        self.take(says);
    }

    fn take(&mut self, says: Vec<Say>) {
        for say in says {
            match say {
                Say::Show(notice) => {
                    self.shown += 1;
                    self.notices.insert(notice.key.clone(), *notice);
                }
                Say::Withdraw(key) => {
                    assert!(self.notices.remove(&key).is_some(), "{key} was not there");
                }
            }
        }
    }

    /// The titles and texts, by their keys.
    fn texts(&self) -> Vec<String> {
        let notices = self.notices.values();
        notices.map(|notice| format!("{} | {}", notice.title, notice.body)).collect()
    }
}

fn expiry(id: &str, name: &str, days: i32) -> ExpiryEvent {
    ExpiryEvent {
        reader: R.into(),
        csn: samples::csn(),
        expiry: Expiry {
            certificate: id.into(),
            common_name: name.into(),
            not_after: "2026-06-01T00:00:00Z".into(),
            days,
        },
    }
}

fn on_card() -> OnCardEvent {
    OnCardEvent { reader: R.into(), csn: samples::csn(), cause: Cause::User }
}

fn unusable(state: ReaderState) -> Change {
    Change::CardUnusable { reader: R.into(), state, reason: "It is of no use here.".into() }
}

#[test]
fn each_event_has_its_notice() {
    let pin = |tries, cause| samples::pin(Role::USER, tries, cause);
    let required = |reason| Change::PinChangeRequired {
        reader: R.into(),
        csn: samples::csn(),
        role: Role::USER,
        reason,
    };
    let busy = |holders: &[&str]| Change::CardBusy {
        reader: R.into(),
        csn: Some(samples::csn()),
        holders: holders.iter().map(|name| (*name).to_owned()).collect(),
    };
    let card_expiring = |days| Change::CardExpiring {
        reader: R.into(),
        csn: samples::csn(),
        not_after: "2026-06-01".into(),
        days,
    };
    for (change, kind, text, button) in [
        (
            samples::removed(Cause::Hardware),
            NoticeKind::CardOut,
            "Card removed | GIDS card 7D1F93C2… was taken out of Reader 00 00",
            None,
        ),
        (
            unusable(ReaderState::UnknownCard),
            NoticeKind::UnknownCard,
            "Card cannot be used | Reader 00 00: It is of no use here.",
            Some(("Open…", Panel::Overview)),
        ),
        (unusable(ReaderState::Busy), NoticeKind::CardBusy, "Card in use | It is of no use here.", None),
        (
            Change::CertExpiring(expiry("kxc00", "Anna Demo", 30)),
            NoticeKind::CertExpiring,
            "A certificate expires soon | Anna Demo expires in 30 days\nGIDS card 7D1F93C2…",
            Some(("Certificates…", Panel::Certificates)),
        ),
        (
            Change::CertExpired(expiry("kxc00", "Anna Demo", -1)),
            NoticeKind::CertExpired,
            "A certificate has expired | Anna Demo has expired\nGIDS card 7D1F93C2…",
            Some(("Certificates…", Panel::Certificates)),
        ),
        (
            card_expiring(10),
            NoticeKind::CardExpiring,
            "A card expires soon | GIDS card 7D1F93C2… expires in 10 days; ask your administrator for another one",
            None,
        ),
        (
            card_expiring(-1),
            NoticeKind::CardExpiring,
            "A card has expired | GIDS card 7D1F93C2… has expired; ask your administrator for another one",
            None,
        ),
        (
            Change::LowTries(pin(Some(1), Cause::OtherProgram)),
            NoticeKind::LowTries,
            "PIN: 1 try left | The PIN of GIDS card 7D1F93C2… is blocked when it is used up",
            Some(("Change PIN…", Panel::Pin)),
        ),
        (
            Change::PinBlocked(pin(Some(0), Cause::User)),
            NoticeKind::PinBlocked,
            "PIN is blocked | The PIN of GIDS card 7D1F93C2… has no try left",
            Some(("Unblock…", Panel::Unblock)),
        ),
        (
            Change::PinBlocked(samples::pin(Role::ADMIN, Some(0), Cause::User)),
            NoticeKind::PinBlocked,
            "PUK is blocked | The PUK of GIDS card 7D1F93C2… has no try left",
            None,
        ),
        (
            Change::PinBlocked(samples::pin(Role(4), Some(0), Cause::User)),
            NoticeKind::PinBlocked,
            "PIN 4 is blocked | The PIN 4 of GIDS card 7D1F93C2… has no try left",
            None,
        ),
        (
            Change::LowTries(samples::pin(Role::ADMIN, Some(1), Cause::OtherProgram)),
            NoticeKind::LowTries,
            "PUK: 1 try left | The PUK of GIDS card 7D1F93C2… is blocked when it is used up",
            None,
        ),
        (
            Change::PinChangeRequired {
                reader: R.into(),
                csn: samples::csn(),
                role: Role::ADMIN,
                reason: PinChangeReason::Factory,
            },
            NoticeKind::PinChangeRequired,
            "Change the PUK | The PUK of GIDS card 7D1F93C2… has to be changed: it is the one with which such cards \
             leave the factory",
            None,
        ),
        (
            Change::PinChanged(pin(None, Cause::OtherProgram)),
            NoticeKind::PinChanged,
            "PIN was changed | Another program changed the PIN of GIDS card 7D1F93C2…",
            None,
        ),
        (
            Change::PinUnblocked(pin(None, Cause::OtherProgram)),
            NoticeKind::PinChanged,
            "PIN was unblocked | Another program unblocked the PIN of GIDS card 7D1F93C2…",
            None,
        ),
        (
            required(PinChangeReason::FirstUse),
            NoticeKind::PinChangeRequired,
            "Change the PIN | The PIN of GIDS card 7D1F93C2… has to be changed: this card is used here for the first \
             time",
            Some(("Change PIN…", Panel::Pin)),
        ),
        (
            Change::TouchNeeded(on_card()),
            NoticeKind::Touch,
            "Touch the device | GIDS card 7D1F93C2… in Reader 00 00 waits for it",
            None,
        ),
        (busy(&[]), NoticeKind::CardBusy, "Card in use | Another program keeps GIDS card 7D1F93C2…", None),
        (busy(&["gpg"]), NoticeKind::CardBusy, "Card in use | gpg keeps GIDS card 7D1F93C2…", None),
        (
            busy(&["gpg", "scdaemon"]),
            NoticeKind::CardBusy,
            "Card in use | One of these keeps GIDS card 7D1F93C2…: gpg, scdaemon",
            None,
        ),
    ] {
        let mut screen = Screen::with_card(Config::default());
        screen.notices.remove(&format!("card:{R}"));
        screen.hear(&change);
        assert_eq!(screen.texts(), [text], "{change:?}");
        let notice = screen.notices.values().next().unwrap();
        let action = |panel| Action::Open {
            panel,
            reader: Some(R.into()),
            card: Some("7D1F93C2A4E05B68".into()).filter(|_| !matches!(change, Change::CardUnusable { .. })),
        };
        let expected: Vec<_> =
            button.map(|(label, panel)| (label.to_owned(), action(panel))).into_iter().collect();
        assert_eq!(notice.actions, expected, "{change:?}");
        assert!(matches!(notice.default, Some(Action::Open { .. })), "{change:?}");
        // Switched off, it is not shown.
        let off = switched_off(kind);
        let mut screen = Screen::with_card(off);
        screen.notices.clear();
        screen.shown = 0;
        let rules = Rules { config: &screen.config, paused: false };
        let says = screen.announcer.hear(&change, &screen.known, rules);
        assert!(!says.iter().any(|say| matches!(say, Say::Show(_))), "{change:?} {says:?}");
        // Paused, neither.
        let mut screen = Screen::with_card(Config::default());
        screen.paused = true;
        screen.shown = 0;
        screen.hear(&change);
        assert_eq!(screen.shown, 0);
    }
}

/// The configuration with one kind switched off.
fn switched_off(kind: NoticeKind) -> Config {
    let mut notify = serde_json::to_value(Notify::default()).unwrap();
    let key = crate::phrases::key(kind);
    notify[key.strip_prefix("notify.").unwrap()] = false.into();
    Config { notify: serde_json::from_value(notify).unwrap(), ..Config::default() }
}

#[test]
fn a_card_is_told_of_before_it_is_read_and_then_by_name() {
    let mut screen = Screen::new(Config::default());
    for (change, text) in [
        (samples::inserted(), "Card inserted | A card is in Reader 00 00"),
        (samples::identified(), "Card inserted | GIDS card 7D1F93C2… is in Reader 00 00"),
        (samples::checked(3, vec![]), "Card inserted | GIDS card 7D1F93C2…: 2 certificates, 3 tries left"),
        // What happens to it later is not said with that notice.
        (samples::checked(2, vec![]), "Card inserted | GIDS card 7D1F93C2…: 2 certificates, 3 tries left"),
        (
            samples::removed(Cause::Hardware),
            "Card removed | GIDS card 7D1F93C2… was taken out of Reader 00 00",
        ),
        (samples::inserted(), "Card inserted | A card is in Reader 00 00"),
        (unusable(ReaderState::Mute), "Card cannot be used | Reader 00 00: It is of no use here."),
    ] {
        screen.hear(&change);
        assert_eq!(screen.texts(), [text], "{change:?}");
        assert!(screen.notices.contains_key(&format!("card:{R}")));
    }
    assert_eq!(screen.shown, 6);
    screen.hear_all([
        samples::inserted(),
        Change::CardIdentified {
            reader: R.into(),
            card: Card { csn: None, ..samples::card() },
            initialised: false,
        },
    ]);
    assert_eq!(
        screen.texts(),
        ["Card cannot be used | Reader 00 00: GIDS card is empty; ask your administrator."]
    );
}

#[test]
fn a_card_that_was_kept_by_another_program_is_told_of_when_it_is_free() {
    let mut screen = Screen::new(Config::default());
    screen.hear_all([samples::inserted(), unusable(ReaderState::Busy)]);
    assert_eq!(screen.texts().len(), 2);
    screen.hear(&samples::identified());
    assert_eq!(screen.texts(), ["Card inserted | GIDS card 7D1F93C2… is in Reader 00 00"]);
}

#[test]
fn a_card_is_in_use_until_the_agent_has_had_it() {
    let pin = || samples::pin(Role::USER, Some(3), Cause::User);
    let certificate = || CertEvent {
        reader: R.into(),
        csn: samples::csn(),
        certificate: "kxc00".into(),
        cause: Cause::User,
    };
    for change in [
        samples::checked(3, vec![]),
        Change::PinChanged(pin()),
        Change::PinFailed(pin()),
        Change::PinUnblocked(pin()),
        Change::CertImported(certificate()),
        Change::CertDeleted(certificate()),
        Change::DefaultChanged(certificate()),
        Change::ChallengeIssued(on_card()),
    ] {
        let mut screen = Screen::with_card(Config::default());
        screen.hear(&Change::CardBusy { reader: R.into(), csn: None, holders: vec![] });
        assert_eq!(screen.texts().len(), 2);
        screen.hear(&change);
        assert!(!screen.notices.contains_key(&format!("busy:{R}")), "{change:?}");
    }
}

#[test]
fn what_is_switched_on_again_tells_what_still_holds() {
    let mut screen = Screen::with_card(Config::default());
    screen.hear(&samples::checked(0, vec![Concern::PinBlocked { role: Role::USER }]));
    let blocked = "PIN is blocked | The PIN of GIDS card 7D1F93C2… has no try left";
    assert!(screen.texts().contains(&blocked.to_owned()));
    let all_off = Config { notify: Notify { enabled: false, ..Notify::default() }, ..Config::default() };
    for off in [all_off, switched_off(NoticeKind::PinBlocked)] {
        screen.settle(off);
        assert!(!screen.texts().contains(&blocked.to_owned()));
        screen.settle(Config::default());
        assert!(screen.texts().contains(&blocked.to_owned()));
        // What was on all the time is not told again.
        let shown = screen.shown;
        screen.settle(Config::default());
        screen.settle(switched_off(NoticeKind::Touch));
        assert_eq!(screen.shown, shown);
    }
    // Paused, nothing is told.
    screen.settle(switched_off(NoticeKind::PinBlocked));
    screen.paused = true;
    screen.settle(Config::default());
    assert!(!screen.texts().contains(&blocked.to_owned()));
}

#[test]
fn the_rules_on_insertion_decide() {
    use OnInsert::{CheckExpiry, Notice};
    let rule = |kind, r#do: &[OnInsert]| InsertRule { kind, r#do: r#do.to_vec(), ..InsertRule::default() };
    for (rules, at_once, in_the_end) in [
        (vec![], 1, 1),
        (vec![rule(None, &[CheckExpiry])], 0, 0),
        (vec![rule(None, &[Notice])], 1, 1),
        // Nobody knows yet which rule it is.
        (vec![rule(Some(Edge::Piv), &[])], 0, 1),
        (vec![rule(Some(Edge::Gids), &[])], 0, 0),
        (vec![rule(Some(Edge::Gids), &[Notice]), rule(None, &[])], 0, 1),
        (vec![rule(Some(Edge::Piv), &[Notice]), rule(None, &[Notice])], 1, 1),
        (vec![InsertRule { reader: Some("Another".into()), ..rule(None, &[]) }], 1, 1),
    ] {
        let mut screen = Screen::new(Config { insert: rules.clone(), ..Config::default() });
        screen.hear(&samples::inserted());
        assert_eq!(screen.texts().len(), at_once, "{rules:?}");
        screen.hear_all([samples::identified(), samples::checked(3, vec![])]);
        assert_eq!(screen.texts().len(), in_the_end, "{rules:?}");
    }
}

#[test]
fn what_concerns_a_card_goes_with_it() {
    let mut screen = Screen::with_card(Config::default());
    screen.hear_all([
        Change::PinBlocked(samples::pin(Role::USER, Some(0), Cause::User)),
        Change::PinBlocked(samples::pin(Role::ADMIN, Some(0), Cause::User)),
        Change::CertExpiring(expiry("kxc00", "Anna Demo", 30)),
        Change::CardExpiring { reader: R.into(), csn: samples::csn(), not_after: String::new(), days: 1 },
        Change::TouchNeeded(on_card()),
        Change::CardBusy { reader: R.into(), csn: None, holders: vec![] },
    ]);
    assert_eq!(screen.texts().len(), 7);
    screen.hear(&samples::removed(Cause::Hardware));
    assert_eq!(screen.texts().len(), 1, "{:?}", screen.texts());
    // When nobody is told that it went, the notice that it came goes too.
    let mut screen = Screen::with_card(switched_off(NoticeKind::CardOut));
    screen.hear(&samples::removed(Cause::Hardware));
    assert_eq!(screen.texts(), [""; 0]);
    let mut screen = Screen::with_card(Config::default());
    screen.paused = true;
    screen.hear(&samples::removed(Cause::Hardware));
    assert_eq!(screen.texts(), [""; 0]);
}

#[test]
fn one_notice_for_a_pin_and_one_for_all_certificates_of_a_card() {
    let mut screen = Screen::with_card(Config::default());
    screen.notices.clear();
    screen.hear(&Change::LowTries(samples::pin(Role::USER, Some(1), Cause::OtherProgram)));
    screen.hear(&Change::PinBlocked(samples::pin(Role::USER, Some(0), Cause::OtherProgram)));
    assert_eq!(screen.texts(), ["PIN is blocked | The PIN of GIDS card 7D1F93C2… has no try left"]);
    // The agent looks at the card and says the same: that is no news.
    screen.shown = 0;
    screen.hear(&samples::checked(0, vec![Concern::PinBlocked { role: Role::USER }]));
    assert_eq!(screen.shown, 0);
    screen.hear(&Change::PinUnblocked(samples::pin(Role::USER, Some(3), Cause::User)));
    assert_eq!(screen.texts(), [""; 0]);

    for (id, name, days) in [("kxc00", "Anna", 30), ("kxc01", "Bo", 1), ("kxc02", "Cleo", -1)] {
        screen.hear(&Change::CertExpiring(expiry(id, name, days)));
    }
    assert_eq!(
        screen.texts(),
        [
            "3 certificates expire or have expired | Cleo has expired\nBo expires in 1 day\nAnna expires in 30 \
          days\nGIDS card 7D1F93C2…"
        ]
    );
    let deleted = |id: &str| {
        Change::CertDeleted(CertEvent {
            reader: R.into(),
            csn: samples::csn(),
            certificate: id.into(),
            cause: Cause::User,
        })
    };
    screen.hear_all([deleted("kxc02"), deleted("kxc00")]);
    assert_eq!(screen.texts(), ["A certificate expires soon | Bo expires in 1 day\nGIDS card 7D1F93C2…"]);
    screen.hear_all([deleted("kxc01"), deleted("other")]);
    assert_eq!(screen.texts(), [""; 0]);
}

#[test]
fn a_concern_that_is_over_takes_its_notice_along() {
    let mut screen = Screen::with_card(Config::default());
    screen.notices.clear();
    let low = Concern::LowTries { role: Role::USER, tries_left: 1 };
    let change = Concern::PinChangeRequired { role: Role::USER, reason: PinChangeReason::Factory };
    screen.hear(&samples::checked(1, vec![low, change]));
    // The most pressing of one PIN.
    assert_eq!(
        screen.texts(),
        ["PIN: 1 try left | The PIN of GIDS card 7D1F93C2… is blocked when it is used up"]
    );
    screen.hear(&samples::checked(3, vec![]));
    assert_eq!(screen.texts(), [""; 0]);
    // That another program changed it is no concern that would be over.
    screen.hear(&Change::PinChanged(samples::pin(Role::USER, Some(3), Cause::OtherProgram)));
    screen.hear(&samples::checked(3, vec![]));
    assert_eq!(screen.texts().len(), 1);
}

#[test]
fn a_touch_is_waited_for_until_it_is_over() {
    let mut config = Config::default();
    config.notify.duration_s = 5;
    let mut screen = Screen::with_card(config);
    assert_eq!(screen.notices.values().next().unwrap().expires, Some(Duration::from_secs(5)));
    screen.notices.clear();
    screen.hear(&Change::TouchNeeded(on_card()));
    assert_eq!(screen.notices.values().next().unwrap().expires, None);
    screen.hear(&Change::TouchOver(on_card()));
    assert_eq!(screen.texts(), [""; 0]);
}

#[test]
fn a_restart_of_the_service_is_no_news() {
    let gone = [
        samples::removed(Cause::Service),
        Change::ReaderRemoved { reader: R.into() },
        Change::ServiceDown { reason: "pcscd does not run.".into() },
        Change::ServiceUp,
        Change::ReaderAdded { reader: R.into() },
    ];
    let mut screen = Screen::with_card(Config::default());
    screen.shown = 0;
    screen.hear_all(gone.clone());
    screen.hear_all([samples::inserted(), samples::identified(), samples::checked(3, vec![])]);
    assert_eq!((screen.shown, screen.texts()), (0, vec![]));
    // Another card is.
    let mut screen = Screen::with_card(Config::default());
    screen.shown = 0;
    screen.hear_all(gone.clone());
    screen.hear(&Change::CardInserted { reader: R.into(), atr: Hex(vec![0x3B, 1]) });
    assert_eq!(screen.shown, 1);
    // And so is the same card when the reader came back without it.
    let mut screen = Screen::with_card(Config::default());
    screen.shown = 0;
    screen.hear_all(gone);
    screen.hear(&Change::ReaderAdded { reader: "Another".into() });
    screen.hear(&samples::inserted());
    assert_eq!(screen.shown, 1);
}

/// What the agent says of the reader with this card when it is asked.
fn held(tries: u8, concerns: Vec<Concern>) -> Reader {
    let mut known = Known::nothing();
    known.apply(&samples::snapshot(vec![]), 1);
    for change in [
        Change::ReaderAdded { reader: R.into() },
        samples::inserted(),
        samples::identified(),
        samples::checked(tries, concerns),
    ] {
        known.apply(&change, 1);
    }
    known.readers.remove(0)
}

#[test]
fn what_was_there_before_is_not_told_but_for_its_pins() {
    let config = Config::default();
    let rules = Rules { config: &config, paused: false };
    let certificate = Concern::CertExpiring(expiry("kxc00", "Anna", 1).expiry);
    let blocked = Concern::PinBlocked { role: Role::USER };
    for (concerns, notices) in [(vec![certificate], 0), (vec![blocked], 1)] {
        let snapshot = samples::snapshot(vec![held(0, concerns)]);
        let says = Announcer::default().hear(&snapshot, &Known::nothing(), rules);
        assert_eq!(says.len(), notices, "{says:?}");
    }
}

/// The agent has told of an end before anybody listened here, or while notices were paused.
#[test]
fn an_end_that_was_news_before_is_told() {
    let config = Config::default();
    let mut reader = held(
        3,
        vec![
            Concern::CertExpiring(expiry("kxc00", "Anna", 1).expiry),
            Concern::CertExpiring(expiry("kxc01", "Old", -9).expiry),
            Concern::CardExpiring { not_after: String::new(), days: 10 },
        ],
    );
    reader.check.as_mut().unwrap().told = vec!["card".into(), "kxc00".into()];
    let snapshot = samples::snapshot(vec![reader]);
    let texts = |says: Vec<Say>| {
        let shown = says.into_iter().filter_map(|say| match say {
            Say::Show(notice) => Some(notice.body),
            Say::Withdraw(_) => None,
        });
        shown.collect::<Vec<String>>().join(" ")
    };
    let mut announcer = Announcer::default();
    let mut known = Known::nothing();
    let paused = announcer.hear(&snapshot, &known, Rules { config: &config, paused: true });
    assert_eq!(paused, []);
    known.apply(&snapshot, 1);
    let rules = Rules { config: &config, paused: false };
    let late = texts(announcer.goes_on(&known, rules));
    let first = texts(Announcer::default().hear(&snapshot, &Known::nothing(), rules));
    for said in [late, first] {
        assert!(said.contains("Anna") && !said.contains("Old") && said.contains("10 days"), "{said}");
    }
    assert_eq!(announcer.goes_on(&known, rules), [], "it is said once");
}

#[test]
fn a_restart_of_the_agent_tells_what_differs() {
    let other = {
        let mut reader = held(3, vec![]);
        reader.card.as_mut().unwrap().csn = Some(shared::model::Csn::new(&[9; 8]));
        reader
    };
    let none = Reader { state: ReaderState::Empty, atr: None, card: None, check: None, ..held(3, vec![]) };
    for (now, texts) in [
        (vec![held(3, vec![])], vec!["Card inserted | GIDS card 7D1F93C2…: 2 certificates, 3 tries left"]),
        (vec![other], vec!["Card inserted | GIDS card 09090909…: 2 certificates, 3 tries left"]),
        (vec![none], vec![]),
        (vec![], vec![]),
    ] {
        let mut screen = Screen::with_card(Config::default());
        screen.hear(&samples::snapshot(now.clone()));
        assert_eq!(screen.texts(), texts, "{now:?}");
    }
}

#[test]
fn the_administrator_has_the_last_word() {
    let mut config = Config::default();
    let mut say = |kind, title: &str, text: &str| {
        config.notify.title.insert(kind, title.into());
        config.notify.text.insert(kind, text.into());
    };
    say(NoticeKind::LowTries, "Careful!", "{card} in {reader}: {tries} left. Ring 4711 {nobody} {");
    say(NoticeKind::CertExpiring, "{certificate}", "{days} days, {card}");
    say(NoticeKind::CardBusy, "Busy", "{holder} has {card}");
    let mut screen = Screen::with_card(config);
    screen.notices.clear();
    screen.hear(&Change::LowTries(samples::pin(Role::USER, Some(1), Cause::OtherProgram)));
    screen.hear(&Change::CertExpiring(expiry("kxc00", "{card}", 30)));
    screen.hear(&Change::CardBusy { reader: R.into(), csn: None, holders: vec!["gpg".into()] });
    assert_eq!(
        screen.texts(),
        [
            "Busy | gpg has GIDS card 7D1F93C2…",
            "{card} | 30 days, GIDS card 7D1F93C2…",
            "Careful! | GIDS card 7D1F93C2… in Reader 00 00: 1 left. Ring 4711 {nobody} {",
        ]
    );
}

#[test]
fn what_is_switched_off_goes_from_the_screen() {
    let mut screen = Screen::with_card(Config::default());
    screen.hear(&Change::PinBlocked(samples::pin(Role::USER, Some(0), Cause::User)));
    assert_eq!(screen.texts().len(), 2);
    screen.settle(switched_off(NoticeKind::CardIn));
    assert_eq!(screen.texts().len(), 1);
    let says = screen.announcer.end();
    screen.take(says);
    assert_eq!(screen.texts(), [""; 0]);
}

#[test]
fn hostile_names_stay_short() {
    let evil = "\u{202E}<b>{card}\n".repeat(500);
    let mut screen = Screen::new(Config::default());
    screen.hear_all([
        samples::inserted(),
        Change::CardIdentified {
            reader: R.into(),
            card: Card { name: evil.clone(), serial: Some(evil.clone()), ..samples::card() },
            initialised: true,
        },
        samples::checked(3, vec![]),
        unusable(ReaderState::Failed),
        Change::CardUnusable { reader: R.into(), state: ReaderState::Failed, reason: evil.clone() },
        Change::CardBusy { reader: R.into(), csn: None, holders: vec![evil.clone(); 100] },
    ]);
    for number in 0..300 {
        screen.hear(&Change::CertExpiring(expiry(&format!("{evil}{number}"), &evil, number)));
    }
    for notice in screen.notices.values() {
        assert!(notice.title.chars().count() < 100, "{}", notice.title);
        assert!(notice.body.chars().count() < 1_000, "{}", notice.body.chars().count());
        assert!(!notice.body.contains('\u{202E}'));
    }
    assert!(screen.known.service == Service::Up);
}
