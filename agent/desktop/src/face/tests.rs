use shared::config::Notify;
use shared::hex::Hex;
use shared::model::{Expiry, PinChangeReason, Role};
use shared::rpc::events::{Cause, Change};

use super::*;
use crate::action::{Action, Panel};
use crate::samples::{self, R};
use crate::tray::Item;

/// What is known after these changes to one empty reader.
fn after(changes: &[Change]) -> Known {
    let mut known = Known::nothing();
    known.apply(&samples::snapshot(vec![]), 1);
    known.apply(&Change::ReaderAdded { reader: R.into() }, 1);
    changes.iter().for_each(|change| known.apply(change, 1));
    known
}

fn with_card(tries: u8, concerns: Vec<Concern>) -> Known {
    after(&[samples::inserted(), samples::identified(), samples::checked(tries, concerns)])
}

fn unusable(state: ReaderState) -> Known {
    let reason = "It is of no use here.".to_owned();
    after(&[samples::inserted(), Change::CardUnusable { reader: R.into(), state, reason }])
}

fn expiring(days: i32) -> Concern {
    Concern::CertExpiring(Expiry {
        certificate: "kxc00".into(),
        common_name: "Anna Demo".into(),
        not_after: "2026-06-01T00:00:00Z".into(),
        days,
    })
}

fn shown(known: &Known, config: &Config) -> Face {
    face(&View { known, config, locked: &BTreeSet::new(), paused: false, autostart: Some(false) })
}

#[test]
fn six_states() {
    use ReaderState::{Busy, Failed, Forbidden, Mute, NotInitialised, UnknownCard};
    let mut no_reader = after(&[]);
    no_reader.readers.clear();
    let mut no_agent = with_card(0, vec![]);
    no_agent.away = Some("The agent could not be started.".into());
    let down = after(&[Change::ServiceDown { reason: "pcscd does not run. Start it.".into() }]);
    let two = {
        let mut known = with_card(3, vec![]);
        known.readers.push(Reader { name: "Second".into(), ..known.readers[0].clone() });
        known
    };
    let change = Concern::PinChangeRequired { role: Role::USER, reason: PinChangeReason::Expired };
    let low = Concern::LowTries { role: Role::USER, tries_left: 1 };
    let blocked = Concern::PinBlocked { role: Role::ADMIN };
    // On purpose: the agent has no concern about it.
    let mut blocked_puk = with_card(3, vec![]);
    blocked_puk.readers[0].check.as_mut().unwrap().pins.push(samples::pin_status(Role::ADMIN, Some(0)));
    for (known, state, title) in [
        (Known::nothing(), TrayState::NoService, "the agent does not run"),
        (no_agent, TrayState::NoService, "the agent does not run"),
        (down, TrayState::NoService, "no smart card service"),
        (no_reader, TrayState::NoReader, "no reader"),
        (after(&[]), TrayState::Empty, "no card"),
        (after(&[samples::inserted(), samples::removed(Cause::Hardware)]), TrayState::Empty, "no card"),
        (after(&[samples::inserted()]), TrayState::Card, "a card is in"),
        (with_card(3, vec![]), TrayState::Card, "a card is in"),
        (two, TrayState::Card, "2 cards are in"),
        (with_card(3, vec![expiring(12)]), TrayState::Attention, "a card wants attention"),
        (with_card(3, vec![change]), TrayState::Attention, "a card wants attention"),
        (with_card(1, vec![low]), TrayState::Attention, "a card wants attention"),
        (with_card(3, vec![blocked, expiring(1)]), TrayState::Blocked, "a PIN is blocked"),
        (
            with_card(0, vec![Concern::PinBlocked { role: Role::USER }]),
            TrayState::Blocked,
            "a PIN is blocked",
        ),
        (blocked_puk, TrayState::Card, "a card is in"),
        (unusable(UnknownCard), TrayState::Attention, "a card wants attention"),
        (unusable(Mute), TrayState::Attention, "a card wants attention"),
        (unusable(Busy), TrayState::Attention, "a card wants attention"),
        (unusable(Failed), TrayState::Attention, "a card wants attention"),
        (unusable(Forbidden), TrayState::Attention, "a card wants attention"),
        (unusable(NotInitialised), TrayState::Attention, "a card wants attention"),
    ] {
        let face = shown(&known, &Config::default());
        assert_eq!((face.state, face.title.as_str()), (state, title), "{known:?}");
        assert!(face.tooltip.starts_with(&format!("Kortti: {title}")), "{}", face.tooltip);
    }
}

#[test]
fn the_tooltip_says_what_is_where() {
    assert_eq!(
        shown(&with_card(3, vec![]), &Config::default()).tooltip,
        "Kortti: a card is in\nReader 00 00: GIDS card 7D1F93C2…\nPIN: 3 tries left"
    );
    assert_eq!(
        shown(&with_card(3, vec![expiring(12)]), &Config::default()).tooltip,
        "Kortti: a card wants attention\nReader 00 00: GIDS card 7D1F93C2…\nThe certificate Anna Demo expires in 12 days"
    );
    assert_eq!(
        shown(&unusable(ReaderState::UnknownCard), &Config::default()).tooltip,
        "Kortti: a card wants attention\nReader 00 00: It is of no use here. Its answer to reset is 3B00."
    );
    let down = after(&[Change::ServiceDown { reason: "pcscd does not run.\nStart it.".into() }]);
    assert_eq!(
        shown(&down, &Config::default()).tooltip,
        "Kortti: no smart card service\npcscd does not run. Start it."
    );
}

/// The menu as lines, submenus indented; `-` what cannot be chosen, `[x]` and `[ ]` check marks.
fn lines(items: &[Item], depth: usize) -> Vec<String> {
    let indent = "  ".repeat(depth);
    items
        .iter()
        .flat_map(|item| match item {
            Item::Note(words) => vec![format!("{indent}- {words}")],
            Item::Separator => vec![format!("{indent}---")],
            Item::Submenu { label, items } => {
                let mut all = vec![format!("{indent}{label} >")];
                all.extend(lines(items, depth + 1));
                all
            }
            Item::Act { label, enabled, checked, .. } => {
                let mark = checked.map_or("", |is_on| if is_on { "[x] " } else { "[ ] " });
                let off = if *enabled { "" } else { "(off) " };
                vec![format!("{indent}{off}{mark}{label}")]
            }
        })
        .collect()
}

const WHOLE: [&str; 4] = ["[ ] Start with the session", "---", "Information", "Quit"];

/// The lines before what every menu ends with, the notices left out.
fn about_readers(face: &Face) -> Vec<String> {
    let lines = lines(&face.menu, 0);
    assert!(lines.ends_with(&WHOLE.map(str::to_owned)), "{lines:#?}");
    let end = lines.iter().position(|line| line == "Open window").unwrap();
    lines[..end].to_vec()
}

#[test]
fn a_menu_for_each_state() {
    let card = "Reader 00 00 >";
    let verbs = ["  ---", "  Change PIN…", "  Unblock PIN…", "  Certificates…", "  Release the card", "---"];
    let no_verbs = [
        "  ---",
        "  (off) Change PIN…",
        "  (off) Unblock PIN…",
        "  (off) Certificates…",
        "  Release the card",
        "---",
    ];
    let name = ["  - GIDS card", "  - CSN 7D1F93C2A4E05B68"];
    let mut no_reader = after(&[]);
    no_reader.readers.clear();
    for (known, expected) in [
        (Known::nothing(), vec!["- The agent is being started.", "Start the agent", "---"]),
        (
            after(&[Change::ServiceDown { reason: "pcscd does not run.".into() }]),
            vec!["- pcscd does not run.", "---"],
        ),
        (no_reader, vec!["- No reader; connect a smart card reader", "---"]),
        (after(&[]), vec![card, "  - No card; insert one", "---"]),
        (
            after(&[samples::inserted()]),
            [vec![card, "  - A card that is being looked at"], no_verbs.to_vec()].concat(),
        ),
        (
            with_card(3, vec![]),
            [vec![card], name.to_vec(), vec!["  - PIN: 3 tries left"], verbs.to_vec()].concat(),
        ),
        (
            with_card(1, vec![Concern::LowTries { role: Role::USER, tries_left: 1 }, expiring(0)]),
            [
                vec![card],
                name.to_vec(),
                vec![
                    "  - PIN: 1 try left",
                    "  - The PIN has 1 try left",
                    "  - The certificate Anna Demo expires today",
                ],
                verbs.to_vec(),
            ]
            .concat(),
        ),
        (
            with_card(0, vec![Concern::PinBlocked { role: Role::USER }]),
            [
                vec![card],
                name.to_vec(),
                vec!["  - PIN: blocked", "  - The PIN is blocked", "  ---", "  (off) Change PIN…"],
                verbs[2..].to_vec(),
            ]
            .concat(),
        ),
        (
            unusable(ReaderState::UnknownCard),
            [vec![card, "  - It is of no use here. Its answer to reset is 3B00."], no_verbs.to_vec()]
                .concat(),
        ),
    ] {
        assert_eq!(about_readers(&shown(&known, &Config::default())), expected, "{known:?}");
    }
}

/// The action behind a path of labels.
fn action(items: &[Item], path: &[&str]) -> Option<Action> {
    let (first, rest) = path.split_first()?;
    items.iter().find_map(|item| match item {
        Item::Submenu { label, items } if label == first => action(items, rest),
        Item::Act { label, action, .. } if label == first && rest.is_empty() => Some(action.clone()),
        _ => None,
    })
}

#[test]
fn every_entry_asks_for_what_it_says() {
    let menu = shown(&with_card(3, vec![]), &Config::default()).menu;
    let open = |panel| Action::Open { panel, reader: Some(R.into()), card: Some("7D1F93C2A4E05B68".into()) };
    let alone = |panel| Action::Open { panel, reader: None, card: None };
    for (path, expected) in [
        (&[R, "Change PIN…"][..], open(Panel::Pin)),
        (&[R, "Unblock PIN…"], open(Panel::Unblock)),
        (&[R, "Certificates…"], open(Panel::Certificates)),
        (&[R, "Release the card"], Action::Release { reader: R.into() }),
        (&["Open window"], alone(Panel::Overview)),
        (&["Notices", "Pause for an hour"], Action::PauseNotices),
        (&["Notices", "Show notices"], Action::SwitchNotices(false)),
        (&["Notices", "A card comes in"], Action::SwitchKind(shared::config::NoticeKind::CardIn, false)),
        (&["Start with the session"], Action::Autostart(true)),
        (&["Information"], alone(Panel::Information)),
        (&["Quit"], Action::Quit),
    ] {
        assert_eq!(action(&menu, path), Some(expected), "{path:?}");
    }
    let menu = shown(&Known::nothing(), &Config::default()).menu;
    assert_eq!(action(&menu, &["Start the agent"]), Some(Action::StartAgent));
}

#[test]
fn notices_can_be_switched_unless_they_are_locked() {
    let known = after(&[]);
    let config = Config { notify: Notify { card_out: false, ..Notify::default() }, ..Config::default() };
    let locked = BTreeSet::from(["notify.card_out".to_owned(), "notify.pin_blocked".to_owned()]);
    let view = |config, paused| {
        let face = face(&View { known: &known, config, locked: &locked, paused, autostart: None });
        let lines = lines(&face.menu, 0);
        let start = lines.iter().position(|line| line.starts_with("Notices")).unwrap();
        let rest = &lines[start..];
        let end = 1 + rest[1..].iter().position(|line| !line.starts_with("  ")).unwrap();
        rest[..end].to_vec()
    };
    assert_eq!(
        view(&config, false),
        [
            "Notices >",
            "  [x] Show notices",
            "  Pause for an hour",
            "  ---",
            "  [x] A card comes in",
            "  (off) [ ] A card goes out (settled by your administrator)",
            "  [x] A card cannot be used",
            "  [x] A certificate expires soon",
            "  [x] A certificate has expired",
            "  [x] The card expires",
            "  [x] Few tries are left",
            "  (off) [x] A PIN is blocked (settled by your administrator)",
            "  [x] Another program changed a PIN",
            "  [x] A PIN has to be changed",
            "  [x] The device has to be touched",
            "  [x] Another program keeps a card",
        ]
    );
    assert_eq!(view(&config, true)[..3], ["Notices (paused) >", "  [x] Show notices", "  Resume"]);
    let off = Config { notify: Notify { enabled: false, ..Notify::default() }, ..Config::default() };
    assert_eq!(view(&off, true), ["Notices (off) >", "  [ ] Show notices"]);
}

#[test]
fn without_an_autostart_there_is_no_such_entry() {
    let known = after(&[]);
    let config = Config::default();
    let view =
        View { known: &known, config: &config, locked: &BTreeSet::new(), paused: false, autostart: None };
    assert!(!lines(&face(&view).menu, 0).iter().any(|line| line.contains("session")));
}

#[test]
fn hostile_names_stay_short_and_on_their_line() {
    let evil = format!("\u{202E}\x1B[2J\n{}", "<b>A&amp;".repeat(500));
    let mut known = with_card(3, vec![]);
    let slot = &mut known.readers[0];
    slot.name = evil.clone();
    slot.card.as_mut().unwrap().name = evil.clone();
    slot.card.as_mut().unwrap().serial = Some(evil.clone());
    slot.check.as_mut().unwrap().concerns = vec![
        Concern::CertExpiring(Expiry {
            certificate: evil.clone(),
            common_name: evil.clone(),
            not_after: evil.clone(),
            days: 1,
        });
        500
    ];
    known.readers.extend((0..500).map(|number| Reader {
        name: format!("{evil}{number}"),
        state: ReaderState::UnknownCard,
        atr: Some(Hex(vec![0x3B; 33])),
        card: None,
        pin_pad: false,
        detail: Some(evil.clone()),
        check: None,
    }));
    let face = shown(&known, &Config::default());
    assert!(face.tooltip.chars().count() < 4_000, "{}", face.tooltip.chars().count());
    let lines = lines(&face.menu, 0);
    assert!(lines.len() < 400, "{}", lines.len());
    for line in lines.iter().chain(&face.tooltip.lines().map(str::to_owned).collect::<Vec<_>>()) {
        assert!(line.chars().count() < 300, "{line}");
        assert!(!line.contains(['\u{202E}', '\x1B', '\n']), "{line}");
    }
    // What is shown is cut; what is asked for is exact.
    let Item::Submenu { items, .. } = &face.menu[0] else { panic!("{:?}", face.menu[0]) };
    assert!(
        items.iter().any(
            |item| matches!(item, Item::Act { action: Action::Release { reader }, .. } if *reader == evil)
        )
    );
}
