//! What the settings forbid never reaches the card, and settings that change are in force at once.

use std::fs;
use std::sync::Arc;

use agent::policy::Policy;
use card::virt::VirtualReaders;
use shared::ErrorCode;
use shared::config::{CacheMode, Config, LastTry, Place, Places, Source};
use shared::hex::Hex;
use shared::model::{ReaderState, Role};
use shared::rpc::events::{Cause, Change};
use shared::rpc::methods::{
    AgentReload, CardRelease, CertDelete, CertImport, CertInspect, CertList, ConfigShow, DeleteParams, Empty,
    ImportParams, InspectParams, OnCard, PinChange, PinChangeParams, PinList, Select, Status, UnblockFinish,
    UnblockFinishParams, UnblockPuk, UnblockPukParams, UnblockStart, UnblockStartParams, UnblockState,
    UnblockStatus,
};
use shared::secret::{FileText, ResponseText};
use shared::unblock;

use crate::harness::{ADMIN_KEY, CARDS, Events, OTHER, READER, Rig, pin, quiet};

fn rig(change: impl FnOnce(&mut Config)) -> Rig {
    let mut config = quiet();
    change(&mut config);
    Rig::with_policy(Arc::new(VirtualReaders::from_description(CARDS).unwrap()), Policy::fixed(config))
}

/// A file of settings that a test changes.
struct Settings(tempfile::TempDir);

impl Settings {
    fn new() -> Self {
        let settings = Self(tempfile::tempdir().unwrap());
        settings.are("");
        settings
    }

    /// These settings, and that nothing is done when a card comes in.
    fn are(&self, text: &str) {
        let quiet = "insert = [{ do = [\"notice\"] }]\n";
        fs::write(self.0.path().join("config.toml"), format!("{quiet}{text}")).unwrap();
    }

    /// An agent that has read them.
    fn rig(&self) -> Rig {
        let places = Places(vec![(Source::User, Place::File(self.0.path().join("config.toml")))]);
        let readers = Arc::new(VirtualReaders::from_description(CARDS).unwrap());
        Rig::with_policy(readers, Policy::read(places))
    }
}

fn change(current: &str, new: &str, last_try: bool) -> PinChangeParams {
    let (current, new) = (Some(pin(current)), Some(pin(new)));
    PinChangeParams { select: Select::default(), role: Role::USER, current, new, last_try }
}

fn code<T>(result: Result<T, shared::Error>) -> Option<ErrorCode> {
    result.err().map(|error| error.code)
}

#[test]
fn what_is_forbidden_never_reaches_the_card() {
    let rig = rig(|config| {
        config.cert.forbid_import = true;
        config.cert.forbid_delete = true;
        config.unblock.methods = vec![];
        config.pin.last_try = LastTry::Never;
    });
    let card = rig.card("anna");
    card.gids(|gids| gids.set_pin_tries_left(1));
    let mark = card.apdus();
    let file = || FileText::from(&b"MIID"[..]);
    let inspected = rig.call::<CertInspect>(&InspectParams {
        select: Select::default(),
        file: file(),
        password: None,
        slot: None,
    });
    let imported = rig.call::<CertImport>(&ImportParams {
        select: Select::default(),
        file: file(),
        password: None,
        slot: None,
        overwrite: false,
        pin: Some(pin("123456")),
        management_key: None,
        default: false,
        last_try: false,
    });
    let deleted = rig.call::<CertDelete>(&DeleteParams {
        select: Select::default(),
        certificate: "kxc00".into(),
        keep_key: false,
        pin: Some(pin("123456")),
        management_key: None,
        last_try: false,
    });
    let started =
        rig.call::<UnblockStart>(&UnblockStartParams { select: Select::default(), role: Role::USER });
    let puk = rig.call::<UnblockPuk>(&UnblockPukParams {
        select: Select::default(),
        role: Role::USER,
        puk: Some(pin("12345678")),
        new: Some(pin("123456")),
        last_try: true,
    });
    let forbidden = Some(ErrorCode::Forbidden);
    assert_eq!(code(inspected), forbidden);
    assert_eq!(code(imported), forbidden);
    assert_eq!(code(deleted), forbidden);
    assert_eq!(code(started), forbidden);
    assert_eq!(code(puk), forbidden);
    assert_eq!(card.apdus(), mark, "the card was asked");
    // How many tries are left only the card knows.
    assert_eq!(code(rig.call::<PinChange>(&change("123456", "654321", true))), forbidden);
    assert_eq!(card.gids(|gids| gids.pin_tries_left()), Some(1));
}

#[test]
fn the_rules_for_pins_are_shown_and_kept() {
    for (digits_only, longer, shorter, new, end) in [
        (false, false, false, "abc123", None),
        (true, false, false, "abc123", Some(ErrorCode::PinPolicy)),
        (true, false, false, "24680246", None),
        (false, false, false, "12345678901234567", Some(ErrorCode::PinPolicy)),
        (false, false, false, "123", Some(ErrorCode::PinPolicy)),
        // What is only assumed may be exceeded; here the card itself refuses.
        (false, true, false, "12345678901234567", Some(ErrorCode::PinPolicy)),
        (false, false, true, "123", Some(ErrorCode::PinPolicy)),
    ] {
        let rig = rig(|config| {
            config.pin.forbid_letters = digits_only;
            config.pin.allow_longer_than_max = longer;
            config.pin.allow_shorter_than_min = shorter;
        });
        let shown = rig.call::<PinList>(&OnCard::default()).unwrap()[0].policy.clone().unwrap();
        let characters = if digits_only { "Digits" } else { "Ascii" };
        assert_eq!(format!("{:?}", shown.characters), characters);
        assert_eq!((shown.max_length == u8::MAX, shown.min_length == 1), (longer, shorter));
        assert_eq!(
            code(rig.call::<PinChange>(&change("123456", new, false))),
            end,
            "{new} {longer} {shorter}"
        );
        let now = if end.is_none() { new } else { "123456" };
        assert_eq!(rig.card("anna").gids(|gids| gids.pin_is(now.as_bytes())), Some(true), "{new}");
    }
}

#[test]
fn a_challenge_is_given_up_in_time() {
    let rig = rig(|config| config.unblock.challenge_timeout_s = 1);
    let mut events = rig.events();
    let started =
        rig.call::<UnblockStart>(&UnblockStartParams { select: Select::default(), role: Role::USER });
    assert!(started.is_ok(), "{started:?}");
    let gone = events.find_map(|change| match change {
        Change::ChallengeVoid { reason, .. } => Some(reason),
        _ => None,
    });
    assert!(gone.unwrap().contains("longer than the settings"));
    assert!(matches!(rig.call::<UnblockStatus>(&OnCard::default()).unwrap(), UnblockState::Void { .. }));
}

#[test]
fn a_card_is_let_go_of() {
    for whole in [false, true] {
        let rig = rig(|_| {});
        rig.call::<UnblockStart>(&UnblockStartParams { select: Select::default(), role: Role::USER })
            .unwrap();
        let mut events = rig.events();
        if whole {
            rig.call::<AgentReload>(&Empty {}).unwrap();
        } else {
            rig.call::<CardRelease>(&OnCard::default()).unwrap();
        }
        events.find(|change| matches!(change, Change::ChallengeVoid { .. }));
        assert!(rig.call::<CertList>(&OnCard::default()).is_ok());
        // Nothing that was read before is relied on.
        let card = rig.card("anna");
        if whole {
            rig.call::<AgentReload>(&Empty {}).unwrap();
        } else {
            rig.call::<CardRelease>(&OnCard::default()).unwrap();
        }
        let mark = card.apdus();
        rig.call::<CertList>(&OnCard::default()).unwrap();
        assert!(card.apdus() - mark > 2, "the list was kept");
    }
}

#[test]
fn contents_are_kept_only_where_they_may_be() {
    for (mode, most) in [(CacheMode::Insertion, 2), (CacheMode::None, usize::MAX)] {
        let rig = rig(|config| config.cache.mode = mode);
        rig.call::<CertList>(&OnCard::default()).unwrap();
        let card = rig.card("anna");
        let mark = card.apdus();
        rig.call::<CertList>(&OnCard::default()).unwrap();
        let cost = card.apdus() - mark;
        assert!(cost <= most && (mode == CacheMode::Insertion || cost > 2), "{mode:?}: {cost} APDUs");
    }
}

#[test]
fn the_preferred_reader_is_meant() {
    for (preferred, meant) in [(None, false), (Some("Reader 01 00"), true), (Some("Another"), false)] {
        let rig = rig(|config| config.readers.prefer = preferred.map(str::to_owned));
        let mut events = rig.events();
        rig.readers.insert(OTHER, None).unwrap();
        events.find(|change| matches!(change, Change::CardIdentified { reader, .. } if reader == OTHER));
        let card = rig.card("berta");
        let mark = card.apdus();
        let listed = rig.call::<PinList>(&OnCard::default());
        assert_eq!((listed.is_ok(), card.apdus() > mark), (meant, meant), "{preferred:?}");
        assert_eq!(rig.call::<Status>(&Empty {}).unwrap().preferred.as_deref(), preferred);
    }
}

/// A file of settings that changes while the agent runs.
#[test]
fn settings_that_change_are_in_force() {
    let settings = Settings::new();
    let rig = settings.rig();
    let settle = |text: &str| settings.are(text);
    let mut events = rig.events();
    let reload = |events: &mut Events, text: &str| {
        settle(text);
        rig.call::<AgentReload>(&Empty {}).unwrap();
        events.find_map(|change| match change {
            Change::PolicyChanged { problems } => Some(problems),
            _ => None,
        })
    };
    let reader = || rig.call::<Status>(&Empty {}).unwrap().readers.into_iter().find(|r| r.name == READER);

    let problems = reload(&mut events, "[cards]\nallow = [\"00FF\"]\n").unwrap();
    assert!(problems.is_empty());
    let refused = rig.call::<CertList>(&OnCard::default()).unwrap_err();
    assert_eq!(refused.code, ErrorCode::Forbidden);
    assert_eq!(reader().unwrap().state, ReaderState::Forbidden);

    let problems = reload(&mut events, "[cards]\nallow = 7\n").unwrap();
    assert_eq!(problems.len(), 1);
    assert!(problems[0].contains("line 3"), "{problems:?}");
    assert_eq!(
        code(rig.call::<CertList>(&OnCard::default())),
        Some(ErrorCode::Forbidden),
        "the old one stays"
    );
    let shown = rig.call::<ConfigShow>(&Empty {}).unwrap();
    assert_eq!(shown.problems.len(), 1);
    assert_eq!(shown.config.cards.allow, ["00FF"]);

    for allow in ["7d1f93c2", "3B"] {
        reload(&mut events, &format!("[cards]\nallow = [\"{allow}\"]\n"));
        assert!(rig.call::<CertList>(&OnCard::default()).is_ok(), "{allow}");
    }
    reload(&mut events, &format!("[readers]\nignore = [\"{READER}\"]\n"));
    events.find(|change| matches!(change, Change::ReaderRemoved { reader } if reader == READER));
    assert_eq!(code(rig.call::<CertList>(&OnCard::default())), Some(ErrorCode::NoCard));
    reload(&mut events, "");
    events.find(|change| matches!(change, Change::CardIdentified { reader, .. } if reader == READER));
    assert_eq!(reader().unwrap().atr.map(|Hex(atr)| atr.is_empty()), Some(false));
}

/// A policy that changes holds for a challenge that is out, and nothing is sent.
#[test]
fn a_challenge_is_not_answered_when_that_is_forbidden_meanwhile() {
    let settings = Settings::new();
    let rig = settings.rig();
    let settle = |text: &str| settings.are(text);
    let started = rig
        .call::<UnblockStart>(&UnblockStartParams { select: Select::default(), role: Role::USER })
        .unwrap();
    let mut events = rig.events();
    settle("[unblock]\nmethods = [\"puk\"]\n");
    agent::service::settings::reread(&rig.service());
    events.find(|change| matches!(change, Change::PolicyChanged { .. }));
    let card = rig.card("anna");
    let mark = card.apdus();
    let key = unblock::parse_key(ADMIN_KEY.as_bytes()).unwrap();
    let response = unblock::respond(&started.challenge.0, &key, None).unwrap();
    let digits = Hex(response.to_vec()).to_string();
    let finished = rig.call::<UnblockFinish>(&UnblockFinishParams {
        select: Select::default(),
        challenge: None,
        response: ResponseText::from(digits.as_bytes()),
        new: Some(pin("654321")),
    });
    assert_eq!(code(finished), Some(ErrorCode::Forbidden));
    assert_eq!(card.apdus(), mark);
    assert_eq!(card.gids(|gids| gids.pin_is(b"123456")), Some(true));
}

/// Whose hand it was that a card cannot be seen any more.
#[test]
fn what_no_hand_has_moved_says_so() {
    let settings = Settings::new();
    let rig = settings.rig();
    let settle = |text: &str| settings.are(text);
    let mut events = rig.events();
    events.next();
    let cause = |events: &mut Events| {
        events.find_map(|change| match change {
            Change::CardRemoved { cause, .. } => Some(cause),
            _ => None,
        })
    };
    rig.readers.set_usable(READER, false).unwrap();
    assert_eq!(cause(&mut events), Some(Cause::OtherProgram));
    rig.readers.set_usable(READER, true).unwrap();
    events.find(|change| matches!(change, Change::CardIdentified { .. }));
    settle(&format!("[readers]\nignore = [\"{READER}\"]\n"));
    rig.call::<AgentReload>(&Empty {}).unwrap();
    assert_eq!(cause(&mut events), Some(Cause::User));
    settle("");
    rig.call::<AgentReload>(&Empty {}).unwrap();
    events.find(|change| matches!(change, Change::CardIdentified { .. }));
    rig.readers.remove(READER).unwrap();
    assert_eq!(cause(&mut events), Some(Cause::Hardware));
    rig.readers.insert(READER, Some("anna")).unwrap();
    events.find(|change| matches!(change, Change::CardIdentified { .. }));
    rig.readers.set_service(false);
    assert_eq!(cause(&mut events), Some(Cause::Service));
}
