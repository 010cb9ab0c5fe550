use shared::model::{PinPolicy, PinType};

use super::*;

const NOW: i64 = 1_800_000_000;
const READER: &str = "Reader 00 00";

fn csn() -> Csn {
    Csn::new(&[7; 16])
}

fn pin(role: Role, tries_left: u8) -> PinStatus {
    PinStatus {
        role,
        pin_type: PinType::PrimaryCardPin,
        kind: PinKind::Typed,
        tries_left: Some(tries_left),
        tries_max: Some(3),
        blocked: tries_left == 0,
        policy: None::<PinPolicy>,
        changed_by: vec![role],
        unblocked_by: vec![Role::ADMIN],
    }
}

/// A certificate that ends so many seconds from now.
fn certificate(name: &str, seconds: i64) -> Lasting {
    let at = NOW + seconds;
    let text = OffsetDateTime::from_unix_timestamp(at).unwrap().format(&Rfc3339).unwrap();
    Lasting {
        id: name.to_owned(),
        common_name: format!("{name} of Anna"),
        sha1: format!("{name:0<40}"),
        sha256: format!("{name:0<64}"),
        end: End { text, at },
        retired: false,
    }
}

fn seen() -> Seen {
    Seen {
        time: "2027-01-15T08:00:00Z".to_owned(),
        pins: vec![pin(Role::USER, 3), pin(Role::ADMIN, 3)],
        marks: PinMarks::default(),
        count: 0,
        certificates: Vec::new(),
        expiry: None,
    }
}

/// A card that is judged again and again.
struct Card {
    config: Config,
    asks: bool,
    now: i64,
    memory: Option<Remembered>,
    /// What was of concern at last.
    concerns: Vec<Concern>,
}

impl Card {
    fn new() -> Self {
        Self { config: Config::default(), asks: false, now: NOW, memory: None, concerns: Vec::new() }
    }

    fn judge(&mut self, seen: &Seen, occasion: &Occasion) -> Vec<String> {
        let (csn, before) = (csn(), self.memory.take());
        let verdict = judge(&Case {
            reader: READER,
            csn: &csn,
            seen,
            before: before.as_ref(),
            occasion,
            config: &self.config,
            asks_at_first: self.asks,
            now: self.now,
        });
        // It survives being written down.
        let text = serde_json::to_string(&verdict.remembered).unwrap();
        assert_eq!(serde_json::from_str::<Remembered>(&text).unwrap(), verdict.remembered);
        assert!(verdict.remembered.is_plausible());
        self.memory = Some(verdict.remembered);
        self.concerns = verdict.check.concerns;
        verdict.changes.iter().map(told).collect()
    }

    fn comes_in(&mut self, seen: &Seen) -> Vec<String> {
        self.judge(seen, &Occasion { looked: true, inserted: true, own: None })
    }

    fn own(&mut self, seen: &Seen, set: &[Role]) -> Vec<String> {
        self.judge(seen, &Occasion { looked: true, inserted: false, own: Some(set.to_vec()) })
    }

    fn waits(&mut self, seen: &Seen, seconds: i64) -> Vec<String> {
        self.now += seconds;
        self.judge(seen, &Occasion::default())
    }

    fn concerns(&self) -> Vec<String> {
        self.concerns
            .iter()
            .map(|concern| match concern {
                Concern::PinBlocked { role } => format!("blocked {}", role.0),
                Concern::LowTries { role, tries_left } => format!("low {} {tries_left}", role.0),
                Concern::PinChangeRequired { role, reason } => format!("change {} {reason:?}", role.0),
                Concern::CertExpiring(expiry) => format!("{} {}", expiry.certificate, expiry.days),
                Concern::CardExpiring { days, .. } => format!("card {days}"),
                _ => unreachable!(),
            })
            .collect()
    }
}

fn told(change: &Change) -> String {
    match change {
        Change::PinChanged(event) => format!("changed {}", event.role.0),
        Change::PinUnblocked(event) => format!("unblocked {}", event.role.0),
        Change::PinBlocked(event) => format!("blocked {}", event.role.0),
        Change::LowTries(event) => format!("low {} {}", event.role.0, event.tries_left.unwrap()),
        Change::PinChangeRequired { role, reason, .. } => format!("change {} {reason:?}", role.0),
        Change::CertExpiring(event) => format!("{} in {}", event.expiry.certificate, event.expiry.days),
        Change::CertExpired(event) => format!("{} over {}", event.expiry.certificate, event.expiry.days),
        Change::CardExpiring { days, .. } => format!("card in {days}"),
        other => panic!("{other:?}"),
    }
}

const NOTHING: [&str; 0] = [];

/// The stages of a certificate, with how many seconds are left, what is told then, and what is of concern.
#[test]
fn each_stage_once() {
    let days = |days: i64| days * DAY;
    for (left, said, concern) in [
        (days(61), None, None),
        (days(61) - 1, Some("a in 60"), Some("a 60")),
        (days(30), Some("a in 30"), Some("a 30")),
        (days(11) - 1, Some("a in 10"), Some("a 10")),
        (days(2) - 1, Some("a in 1"), Some("a 1")),
        (0, Some("a in 0"), Some("a 0")),
        (-1, Some("a over -1"), Some("a -1")),
        (-days(800), Some("a over -800"), Some("a -800")),
    ] {
        let mut seen = seen();
        seen.certificates = vec![certificate("a", left)];
        let mut card = Card::new();
        assert_eq!(card.comes_in(&seen), Vec::from_iter(said), "{left}");
        assert_eq!(card.concerns(), Vec::from_iter(concern), "{left}");
        assert_eq!(card.comes_in(&seen), NOTHING, "{left}");
        assert_eq!(card.concerns(), Vec::from_iter(concern), "{left}");
    }
}

#[test]
fn while_a_card_stays_in() {
    let mut seen = seen();
    seen.certificates = vec![certificate("a", 100 * DAY), certificate("b", 70 * DAY)];
    seen.expiry = Some(certificate("", 65 * DAY).end);
    let mut card = Card::new();
    assert_eq!(card.comes_in(&seen), NOTHING);
    let mut all = Vec::new();
    // From one moment to the next, as the thread does.
    while let Some(moment) = next(&seen, card.memory.as_ref().unwrap(), &card.config, card.now) {
        assert_eq!(card.waits(&seen, moment - card.now - 1), NOTHING, "nothing is told before its time");
        let now = card.waits(&seen, 1);
        assert!(!now.is_empty(), "no moment is for nothing");
        all.extend(now);
    }
    assert_eq!(
        all,
        [
            "card in 60",
            "b in 60",
            "card in 30",
            "b in 30",
            "a in 60",
            "card in 10",
            "b in 10",
            "card in 1",
            "card in -1",
            "b in 1",
            "a in 30",
            "b over -1",
            "a in 10",
            "a in 1",
            "a over -1"
        ]
    );
    assert_eq!(card.waits(&seen, 100 * DAY), NOTHING);
}

#[test]
fn stages_that_the_settings_name() {
    let mut seen = seen();
    seen.certificates = vec![certificate("a", 5 * DAY)];
    for (stages, at_first, a_day_later) in [
        (vec![], None, None),
        (vec![4], None, Some("a in 4")),
        (vec![0, 7, 7, 5, 365], Some("a in 5"), None),
        (vec![u16::MAX], Some("a in 5"), None),
    ] {
        let mut card = Card::new();
        card.config.notify.expiring_days.clone_from(&stages);
        assert_eq!(card.comes_in(&seen), Vec::from_iter(at_first), "{stages:?}");
        assert_eq!(card.waits(&seen, DAY), Vec::from_iter(a_day_later), "{stages:?}");
        assert_eq!(card.waits(&seen, 10 * DAY), ["a over -6"], "{stages:?}");
    }
    // Another setting, and a clock that is set back, tell nothing twice.
    let mut card = Card::new();
    assert_eq!(card.comes_in(&seen), ["a in 5"]);
    card.config.notify.expiring_days = vec![60];
    assert_eq!(card.waits(&seen, 0), NOTHING);
    card.config.notify.expiring_days = vec![60, 6, 5];
    assert_eq!(card.waits(&seen, 0), ["a in 5"]);
    assert_eq!(card.waits(&seen, -10 * DAY), NOTHING);
    assert_eq!(card.waits(&seen, 10 * DAY), NOTHING);
}

#[test]
fn one_certificate_in_two_places_and_one_of_old() {
    let mut seen = seen();
    let (expired, soon) = (certificate("a", -DAY), certificate("b", DAY));
    let twice = Lasting { id: "other".to_owned(), ..expired.clone() };
    seen.certificates = vec![
        Lasting { retired: true, ..certificate("old", -DAY) },
        Lasting { retired: true, ..soon },
        expired,
        twice,
    ];
    let mut card = Card::new();
    assert_eq!(
        card.comes_in(&seen),
        ["a over -1", "b in 1"],
        "the end of what is kept to read old mail is no news"
    );
    assert_eq!(next(&seen, card.memory.as_ref().unwrap(), &card.config, NOW), None);
    // Gone and put back: still no news.
    let without = Seen { certificates: Vec::new(), ..seen.clone() };
    assert_eq!(card.comes_in(&without), NOTHING);
    assert_eq!(card.concerns(), NOTHING);
    assert_eq!(card.comes_in(&seen), NOTHING);
    // A renewed one has a time of its own.
    seen.certificates = vec![certificate("c", 20 * DAY)];
    assert_eq!(card.comes_in(&seen), ["c in 20"]);
}

#[test]
fn what_is_remembered_is_bounded() {
    let mut card = Card::new();
    for round in 0..5 {
        let mut seen = seen();
        seen.certificates =
            (0..MOST_CERTIFICATES).map(|number| certificate(&format!("{round}x{number:02}"), DAY)).collect();
        assert_eq!(card.comes_in(&seen).len(), MOST_CERTIFICATES);
        assert_eq!(card.comes_in(&seen), NOTHING);
    }
}

/// What others did, from one look to the next.
#[test]
fn pins_that_others_changed() {
    let tries =
        |user: u8, puk: u8| Seen { pins: vec![pin(Role::USER, user), pin(Role::ADMIN, puk)], ..seen() };
    let counted =
        |counter| Seen { marks: PinMarks { counter: Some(counter), ..PinMarks::default() }, ..seen() };
    let factory = |user, puk| Seen {
        marks: PinMarks { factory: vec![(Role::USER, user), (Role::ADMIN, puk)], ..PinMarks::default() },
        ..seen()
    };
    let given_up =
        Seen { marks: PinMarks { given_up: vec![Role::ADMIN], ..PinMarks::default() }, ..tries(3, 0) };
    for (before, now, at_first, then, concerns) in [
        (tries(3, 3), tries(2, 3), &[][..], &[][..], &[][..]),
        (tries(3, 3), tries(1, 3), &[], &["low 1 1"], &["low 1 1"]),
        (tries(1, 3), tries(1, 3), &["low 1 1"], &[], &["low 1 1"]),
        (tries(3, 3), tries(3, 1), &[], &["low 2 1"], &["low 2 1"]),
        (tries(1, 3), tries(0, 1), &["low 1 1"], &["blocked 1", "low 2 1"], &["blocked 1", "low 2 1"]),
        (tries(1, 0), tries(0, 0), &["low 1 1", "blocked 2"], &["blocked 1"], &["blocked 1", "blocked 2"]),
        (tries(0, 3), tries(0, 3), &["blocked 1"], &[], &["blocked 1"]),
        (tries(0, 3), tries(3, 3), &["blocked 1"], &["unblocked 1"], &[]),
        (tries(0, 3), tries(1, 3), &["blocked 1"], &["unblocked 1", "low 1 1"], &["low 1 1"]),
        (tries(1, 3), tries(3, 3), &["low 1 1"], &[], &[]),
        (given_up.clone(), given_up, &[], &[], &[]),
        (counted(5), counted(5), &[], &[], &[]),
        (counted(5), counted(6), &[], &["changed 1"], &[]),
        (counted(255), counted(0), &[], &["changed 1"], &[]),
        (counted(5), seen(), &[], &[], &[]),
        (seen(), counted(5), &[], &[], &[]),
        (
            factory(true, true),
            factory(false, true),
            &["change 1 Factory", "change 2 Factory"],
            &["changed 1"],
            &["change 2 Factory"],
        ),
        (
            factory(false, false),
            factory(true, false),
            &[],
            &["changed 1", "change 1 Factory"],
            &["change 1 Factory"],
        ),
        (factory(false, false), seen(), &[], &[], &[]),
    ] {
        let mut card = Card::new();
        assert_eq!(card.comes_in(&before), at_first, "{before:?}");
        assert_eq!(card.waits(&before, DAY), NOTHING, "time changes no PIN");
        assert_eq!(card.comes_in(&now), then, "{before:?} {now:?}");
        assert_eq!(card.concerns(), concerns, "{before:?} {now:?}");
        assert_eq!(card.comes_in(&now), NOTHING, "{before:?} {now:?}");
        // The same, by a request to this agent.
        let mut card = Card::new();
        card.comes_in(&before);
        let expected: Vec<&str> = then.iter().copied().filter(|told| told.starts_with("change ")).collect();
        assert_eq!(card.own(&now, &[]), expected, "{before:?} {now:?}");
        assert_eq!(card.concerns(), concerns, "{before:?} {now:?}");
        assert_eq!(card.comes_in(&now), NOTHING, "{before:?} {now:?}");
        // And when it was taken out before that could be looked at.
        let mut card = Card::new();
        card.comes_in(&before);
        card.memory.as_mut().unwrap().touched(&[], NOW);
        let told = card.comes_in(&now);
        assert!(!told.iter().any(|told| told.starts_with("changed") || told.starts_with("un")), "{told:?}");
    }
}

#[test]
fn few_is_what_the_settings_say() {
    let with = |left: u8, max| {
        let pins = vec![PinStatus { tries_max: max, ..pin(Role::USER, left) }];
        Seen { pins, ..seen() }
    };
    for (at, left, max, few) in [
        (1, 1, Some(3), true),
        (1, 2, Some(3), false),
        (2, 2, Some(3), true),
        (0, 1, Some(3), false),
        (3, 3, Some(3), false),
        (1, 1, Some(1), false),
        (255, 200, None, true),
    ] {
        let mut card = Card::new();
        card.config.notify.low_tries_at = at;
        card.comes_in(&with(left, max));
        assert_eq!(!card.concerns().is_empty(), few, "{at} {left} {max:?}");
    }
    let silent = Seen { pins: vec![PinStatus { tries_left: None, ..pin(Role::USER, 3) }], ..seen() };
    assert_eq!(Card::new().comes_in(&silent), NOTHING);
}

#[test]
fn a_card_that_is_new_here() {
    let first = "change 1 FirstUse";
    for (again, then) in [(false, &[][..]), (true, &[first])] {
        let mut card = Card::new();
        card.asks = true;
        card.config.pin.forbid_cancel_first_use = again;
        assert_eq!(card.comes_in(&seen()), [first]);
        assert_eq!(card.waits(&seen(), DAY), NOTHING);
        assert_eq!(card.own(&seen(), &[]), NOTHING, "a wrong PIN changes nothing");
        assert_eq!(card.concerns(), [first]);
        assert_eq!(card.comes_in(&seen()), then);
        assert_eq!(card.own(&seen(), &[Role::ADMIN]), NOTHING);
        assert_eq!(card.concerns(), [first], "the PUK is another one");
        assert_eq!(card.own(&seen(), &[Role::USER]), NOTHING);
        assert_eq!(card.concerns(), NOTHING);
        assert_eq!(card.comes_in(&seen()), NOTHING);
    }
    // A card that was here before the settings asked for it is not new.
    let mut card = Card::new();
    card.comes_in(&seen());
    card.asks = true;
    assert_eq!(card.comes_in(&seen()), NOTHING);
    // Changed by a request before it was looked at for the first time.
    let mut card = Card::new();
    card.asks = true;
    assert_eq!(card.own(&seen(), &[Role::USER]), NOTHING);
    // Changed by another program.
    let counted =
        |counter| Seen { marks: PinMarks { counter: Some(counter), ..PinMarks::default() }, ..seen() };
    let mut card = Card::new();
    card.asks = true;
    assert_eq!(card.comes_in(&counted(1)), [first]);
    assert_eq!(card.comes_in(&counted(2)), ["changed 1"]);
    assert_eq!(card.concerns(), NOTHING);
    // A blocked PIN cannot be changed.
    let mut card = Card::new();
    card.asks = true;
    let blocked = Seen { pins: vec![pin(Role::USER, 0)], ..seen() };
    assert_eq!(card.comes_in(&blocked), ["blocked 1"]);
}

#[test]
fn a_pin_that_is_old() {
    let mut card = Card::new();
    card.config.pin.expires_days = 30;
    assert_eq!(card.comes_in(&seen()), NOTHING);
    let moment = |card: &Card| next(&seen(), card.memory.as_ref().unwrap(), &card.config, card.now);
    assert_eq!(moment(&card), Some(NOW + 30 * DAY));
    assert_eq!(card.waits(&seen(), 30 * DAY - 1), NOTHING);
    assert_eq!(card.waits(&seen(), 1), ["change 1 Expired"]);
    assert_eq!(moment(&card), None);
    assert_eq!(card.comes_in(&seen()), NOTHING, "told once");
    assert_eq!(card.concerns(), ["change 1 Expired"]);
    assert_eq!(card.own(&seen(), &[Role::USER]), NOTHING);
    assert_eq!(card.concerns(), NOTHING);
    assert_eq!(card.waits(&seen(), 30 * DAY), ["change 1 Expired"]);
}

/// Hostile numbers lead to nothing but nonsense.
#[test]
fn the_ends_of_time() {
    for at in [i64::MIN, -1, 0, i64::MAX] {
        let mut seen = seen();
        seen.certificates = vec![Lasting { end: End { text: String::new(), at }, ..certificate("a", 0) }];
        seen.expiry = Some(End { text: String::new(), at });
        for now in [i64::MIN, 0, NOW, i64::MAX] {
            let mut card = Card::new();
            card.config.notify.expiring_days = vec![0, u16::MAX];
            card.config.pin.expires_days = u16::MAX;
            card.now = now;
            card.comes_in(&seen);
            next(&seen, card.memory.as_ref().unwrap(), &card.config, now);
            let remembered = serde_json::json!({ "last_seen": i64::MIN, "card": [at, i32::MIN] });
            card.memory = Some(serde_json::from_value(remembered).unwrap());
            card.comes_in(&seen);
        }
    }
}

#[test]
fn certificates_of_a_list() {
    let listed = |container, slot: Option<&str>| Certificate {
        id: "a".to_owned(),
        container,
        slot: slot.map(str::to_owned),
        container_name: None,
        role: None,
        pin_type: None,
        default: false,
        default_source: None,
        has_key: true,
        damaged: None,
        common_name: "n".repeat(1000),
        issuer_name: String::new(),
        not_before: None,
        not_after: Some("2030-01-01T00:00:00Z".to_owned()),
        key: None,
        usage: Vec::new(),
        sha1: Some(shared::hex::Hex(vec![1])),
        sha256: Some(shared::hex::Hex(vec![0xAB])),
    };
    let damaged = Certificate { not_after: None, sha256: None, ..listed(None, None) };
    for (certificate, retired) in [
        (listed(Some(0x9A), Some("9A")), Some(false)),
        (listed(Some(0x82), Some("82")), Some(true)),
        (listed(Some(0x95), Some("95")), Some(true)),
        // On a card without slots this is a number like any other.
        (listed(Some(0x82), None), Some(false)),
        (listed(None, None), Some(false)),
        (damaged, None),
    ] {
        let found = lasting(&[certificate]);
        assert_eq!(found.first().map(|one| one.retired), retired);
        assert!(found.iter().all(|one| one.sha256 == "AB" && one.end.at == 1_893_456_000));
        assert!(found.iter().all(|one| one.common_name.len() == LONGEST_NAME));
    }
    assert_eq!(lasting(&vec![listed(None, None); 100]).len(), MOST_CERTIFICATES);
}
