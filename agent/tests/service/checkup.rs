//! What is found out about a card without being asked: when it came in, after requests, and while time passes.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use agent::policy::Policy;
use agent::surroundings::Surroundings;
use card::transport::Readers as _;
use card::virt::{Fault, FaultKind, VirtualReaders};
use shared::ErrorCode;
use shared::config::{CacheMode, Config, InsertRule, OnInsert, Place, Places, Source};
use shared::model::{CheckUp, Concern, PinChangeReason, PinCharacters, Role};
use shared::rpc::events::{Cause, Change};
use shared::rpc::methods::{
    AgentReload, CertDelete, CertGenerate, CertList, DeleteParams, Empty, GenerateParams, OnCard, PinChange,
    PinChangeParams, PinList, PinTries, Product, Select, Status, TriesParams, UnblockPuk, UnblockPukParams,
};
use shared::secret::KeyText;
use time::OffsetDateTime;
use time::macros::datetime;

use crate::challenge::{finish, response, start};
use crate::harness::{ADMIN_KEY, CARDS, Events, OTHER, READER, Rig, VERIFY, pin};

/// A certificate that ends on 2036-01-01 and one that ended on 2026-07-01.
const ANNA: &str = "anna";
const DAY: i64 = 86_400;

/// A clock that a test sets.
#[derive(Clone)]
struct Time(Arc<AtomicI64>);

impl Time {
    fn at(time: OffsetDateTime) -> Self {
        Self(Arc::new(AtomicI64::new(time.unix_timestamp())))
    }

    fn add(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }

    fn surroundings(&self, state: Option<&Path>) -> Surroundings {
        let time = self.clone();
        Surroundings {
            state: state.map(Path::to_owned),
            now: Box::new(move || {
                OffsetDateTime::from_unix_timestamp(time.0.load(Ordering::SeqCst)).unwrap()
            }),
        }
    }
}

/// The names of the demonstration's readers.
const DEMO: &str = "Kortti Virtual Reader 00 00";
const DEMO_PIV: &str = "Kortti Virtual Reader 01 00";

/// An agent on the cards of the harness, with the settings that nobody has changed.
fn rig() -> Rig {
    rig_of(CARDS, Config::default())
}

fn rig_of(cards: &str, config: Config) -> Rig {
    let readers = Arc::new(VirtualReaders::from_description(cards).unwrap());
    Rig::with(readers, config, Surroundings::default())
}

/// What the next look at the card in a reader shows, or the last one that was taken already.
fn checked(events: &mut Events, wanted: &str) -> CheckUp {
    let looked = events.find_map(|change| match change {
        Change::CardChecked { reader, check, .. } if reader == wanted => Some(*check),
        _ => None,
    });
    looked.unwrap()
}

/// What is told until the card in this reader has been looked at, and with it.
fn told_with_check(events: &mut Events, wanted: &str, mark: &dyn Fn(&Change) -> bool) -> Vec<Change> {
    let mut told = Vec::new();
    let mut looked = false;
    for change in events {
        looked |= matches!(&change, Change::CardChecked { reader, .. } if reader == wanted);
        let is_last = mark(&change);
        told.push(change);
        if looked && is_last {
            break;
        }
    }
    told
}

/// Puts a card into a reader that is empty. Returns what is told with the look at it.
fn put_in(rig: &Rig, reader: &str) -> Vec<Change> {
    let mut events = rig.events();
    rig.readers.insert(reader, None).unwrap();
    let check = checked(&mut events, reader);
    // What the look brought is told with it, so before this.
    rig.readers.add_reader("a mark");
    let is_mark = |change: &Change| matches!(change, Change::ReaderAdded { reader } if reader == "a mark");
    let mut told: Vec<Change> = events.by_ref().take_while(|change| !is_mark(change)).collect();
    // Whatever happens in other readers meanwhile.
    told.retain(|change| serde_json::to_value(change).unwrap()["reader"] == reader);
    rig.readers.remove_reader("a mark").unwrap();
    events.find(|change| matches!(change, Change::ReaderRemoved { .. }));
    let status = rig.call::<Status>(&Empty {}).unwrap();
    let shown = status.readers.iter().find(|shown| shown.name == reader).unwrap();
    assert_eq!(shown.check.as_ref(), Some(&check));
    told
}

/// The same with the card that is in it.
fn put_in_again(rig: &Rig, reader: &str) -> Vec<Change> {
    take_out(rig, reader);
    put_in(rig, reader)
}

fn take_out(rig: &Rig, wanted: &str) {
    let mut events = rig.events();
    rig.readers.remove(wanted).unwrap();
    events.find(|change| matches!(change, Change::CardRemoved { reader, .. } if reader == wanted));
}

/// What happens after the last look at the card in a reader.
fn events_after_check(rig: &Rig, reader: &str) -> Events {
    let mut events = rig.events();
    checked(&mut events, reader);
    events
}

fn change(current: &str, new: &str) -> PinChangeParams {
    PinChangeParams {
        select: Select { reader: Some(READER.to_owned()), card: None },
        role: Role::USER,
        current: Some(pin(current)),
        new: Some(pin(new)),
        last_try: true,
    }
}

fn on(reader: &str) -> OnCard {
    OnCard { select: Select { reader: Some(reader.to_owned()), card: None } }
}

#[test]
fn a_card_that_comes_in_is_looked_at() {
    let rig = rig();
    let mut events = rig.events();
    let order: Vec<Change> = {
        rig.readers.insert(OTHER, None).unwrap();
        told_with_check(&mut events, OTHER, &|_| true)
    };
    let of_other: Vec<&str> = order
        .iter()
        .filter_map(|change| match change {
            Change::CardInserted { reader, .. } if reader == OTHER => Some("inserted"),
            Change::CardIdentified { reader, .. } if reader == OTHER => Some("identified"),
            Change::CardChecked { reader, .. } if reader == OTHER => Some("checked"),
            _ => None,
        })
        .collect();
    assert_eq!(of_other, ["inserted", "identified", "checked"]);
    let status = rig.call::<Status>(&Empty {}).unwrap();
    let check = status.readers[1].check.clone().unwrap();
    assert_eq!((check.pins[0].tries_left, check.certificates, check.concerns.len()), (Some(3), 0, 0));
    // The list is warm, and at rest nothing is asked.
    let card = rig.card("berta");
    let mark = card.apdus();
    rig.call::<CertList>(&on(OTHER)).unwrap();
    assert_eq!(card.apdus(), mark + 2);
    rig.call::<Status>(&Empty {}).unwrap();
    rig.service().look_at_clock();
    assert_eq!(card.apdus(), mark + 2);
    rig.readers.remove(OTHER).unwrap();
    events.find(|change| matches!(change, Change::CardRemoved { .. }));
    assert_eq!(rig.call::<Status>(&Empty {}).unwrap().readers[1].check, None);
}

#[test]
fn only_where_the_settings_say_so() {
    let rule = |card: &str, act: OnInsert| InsertRule {
        card: Some(card.to_owned()),
        r#do: vec![act],
        ..InsertRule::default()
    };
    let config = Config {
        insert: vec![rule("C45A0E91", OnInsert::CheckExpiry), rule("7D1F93C2", OnInsert::Notice)],
        ..Config::default()
    };
    let rig = rig_of(CARDS, config);
    let mut events = rig.events();
    rig.readers.insert(OTHER, None).unwrap();
    checked(&mut events, OTHER);
    let status = rig.call::<Status>(&Empty {}).unwrap();
    assert_eq!(status.readers[0].check, None);
    // A card that nobody looks after is not looked at after a request either.
    let mark = rig.card(ANNA).apdus();
    rig.call::<PinList>(&on(READER)).unwrap();
    let list = rig.card(ANNA).apdus() - mark;
    rig.call::<PinChange>(&change("999999", "654321")).unwrap_err();
    let mark = rig.card(ANNA).apdus();
    rig.call::<PinList>(&on(READER)).unwrap();
    assert_eq!(rig.card(ANNA).apdus() - mark, list);
    // What is no card to look after is left alone.
    rig.readers.remove(OTHER).unwrap();
    rig.readers.insert(OTHER, Some("new")).unwrap();
    events.find(|change| matches!(change, Change::CardIdentified { initialised: false, .. }));
}

#[test]
fn stages_are_told_once_and_for_all() {
    let home = tempfile::tempdir().unwrap();
    let time = Time::at(datetime!(2035-10-31 12:00 UTC));
    let card = {
        let readers = Arc::new(VirtualReaders::demo());
        let rig = Rig::with(readers, Config::default(), time.surroundings(Some(home.path())));
        let mut events = rig.events();
        let check = checked(&mut events, DEMO);
        let [Concern::CertExpiring(expired)] = &check.concerns[..] else { panic!("{check:?}") };
        assert_eq!((expired.certificate.as_str(), expired.days), ("kxc01", -3410));
        assert_eq!((check.certificates, check.time.as_str()), (2, "2035-10-31T12:00:00.000Z"));
        let card = rig.card(ANNA);
        let mark = card.apdus();
        // 61 and a half days become 60 and a half.
        time.add(DAY);
        rig.service().look_at_clock();
        let told = events.find(|change| matches!(change, Change::CertExpiring(_))).unwrap();
        let Change::CertExpiring(event) = told else { unreachable!() };
        assert_eq!((event.reader.as_str(), event.expiry.days), (DEMO, 60));
        assert_eq!(
            (event.expiry.certificate.as_str(), event.expiry.common_name.as_str()),
            ("kxc00", "Anna Demo")
        );
        assert_eq!(event.expiry.not_after, "2036-01-01T00:00:00Z");
        assert_eq!(card.apdus(), mark);
        let status = rig.call::<Status>(&Empty {}).unwrap();
        assert_eq!(status.readers[0].check.as_ref().unwrap().concerns.len(), 2);
        assert_eq!(put_in_again(&rig, DEMO).len(), 0, "told once");
        let mut events = events_after_check(&rig, DEMO);
        time.add(31 * DAY);
        rig.service().look_at_clock();
        events
            .find(|change| matches!(change, Change::CertExpiring(event) if event.expiry.days == 29))
            .unwrap();
        assert_eq!(put_in_again(&rig, DEMO), []);
        rig.readers.remove(DEMO).unwrap();
        card
    };
    // Another agent, later.
    let readers = Arc::new(VirtualReaders::demo());
    readers.remove(DEMO).unwrap();
    readers.add_card(card);
    let rig = Rig::with(readers, Config::default(), time.surroundings(Some(home.path())));
    assert_eq!(put_in(&rig, DEMO), [], "told before");
    let mut events = events_after_check(&rig, DEMO);
    time.add(40 * DAY);
    rig.service().look_at_clock();
    let is_end = |change: &Change| matches!(change, Change::CertExpiring(_) | Change::CertExpired(_));
    let next = events.find(is_end).unwrap();
    assert!(matches!(&next, Change::CertExpired(event) if event.expiry.certificate == "kxc00"), "{next:?}");
}

/// Other settings are looked at when they are read, also for cards that are in.
#[test]
fn other_settings() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("config.toml");
    fs::write(&file, "[notify]\nexpiring_days = []\n").unwrap();
    let places = Places(vec![(Source::User, Place::File(file.clone()))]);
    let time = Time::at(datetime!(2035-12-01 12:00 UTC));
    let readers = Arc::new(VirtualReaders::demo());
    let rig = Rig::in_surroundings(readers, Policy::read(places), time.surroundings(None));
    let mut events = events_after_check(&rig, DEMO);
    let mark = rig.card(ANNA).apdus();
    fs::write(&file, "[notify]\nexpiring_days = [45]\n").unwrap();
    rig.call::<AgentReload>(&Empty {}).unwrap();
    let told = events.find(|change| matches!(change, Change::CertExpiring(_))).unwrap();
    assert!(matches!(&told, Change::CertExpiring(event) if event.expiry.days == 30), "{told:?}");
    assert_eq!(rig.card(ANNA).apdus(), mark);
}

/// Where nothing may be kept of a card, a list is read anew after the look as well.
#[test]
fn a_look_keeps_nothing_where_nothing_may_be_kept() {
    let mut config = Config::default();
    config.cache.mode = CacheMode::None;
    config.pin.forbid_letters = true;
    let rig = rig_of(CARDS, config);
    let check = checked(&mut rig.events(), READER);
    let policy = check.pins[0].policy.clone().unwrap();
    assert_eq!(policy.characters, PinCharacters::Digits, "as the settings have it");
    let mark = rig.card(ANNA).apdus();
    rig.call::<CertList>(&on(READER)).unwrap();
    assert!(rig.card(ANNA).apdus() > mark + 2);
}

/// The thread that waits for the next stage wakes up for it, and speaks to no card.
#[test]
fn time_passes_by_itself() {
    let readers = Arc::new(VirtualReaders::demo());
    let begun = Instant::now();
    // Five seconds before 61 days are left no more: until then the first look is over.
    let from = datetime!(2035-10-31 23:59:56 UTC);
    let now = move || from + begun.elapsed();
    let surroundings = Surroundings { state: None, now: Box::new(now) };
    let rig = Rig::with(readers, Config::default(), surroundings);
    let mut events = rig.events();
    checked(&mut events, DEMO);
    let mark = rig.card(ANNA).apdus();
    events.find(|change| matches!(change, Change::CertExpiring(event) if event.expiry.days == 60)).unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(5), "not before its time");
    assert_eq!(rig.card(ANNA).apdus(), mark);
}

/// A card that was changed elsewhere, between two insertions here.
#[test]
fn what_other_programs_did() {
    let piv = format!(
        "[[reader]]\nname = \"{READER}\"\ncard = \"erik\"\n[[card]]\nname = \"erik\"\nkind = \"piv\"\n\
         profile = \"yubikey-5.7\"\nserial = 11223344\npin = \"735182\"\npuk = \"48151623\"\n"
    );
    for (cards, name) in [(CARDS, "anna"), (&piv, "erik")] {
        let rig = rig_of(cards, Config::default());
        checked(&mut rig.events(), READER);
        assert_eq!(put_in_again(&rig, READER), [], "{name}");
        let card = rig.card(name);
        let tries = |left: u8| {
            card.gids(|gids| gids.set_pin_tries_left(left));
            card.piv(|piv| piv.set_pin_tries_left(left));
        };
        let told = |role: Role, tries_left: u8| shared::rpc::events::PinEvent {
            reader: READER.to_owned(),
            csn: rig.call::<Status>(&Empty {}).unwrap().readers[0].card.clone().unwrap().csn.unwrap(),
            role,
            tries_left: Some(tries_left),
            cause: Cause::OtherProgram,
        };
        tries(1);
        assert_eq!(put_in_again(&rig, READER), [Change::LowTries(told(Role::USER, 1))], "{name}");
        assert_eq!(put_in_again(&rig, READER), [], "{name}");
        tries(0);
        assert_eq!(put_in_again(&rig, READER), [Change::PinBlocked(told(Role::USER, 0))], "{name}");
        tries(3);
        assert_eq!(put_in_again(&rig, READER), [Change::PinUnblocked(told(Role::USER, 3))], "{name}");
        // A PIN that another program has changed, as cards of this kind tell.
        let select = match name {
            "anna" => &[0, 0xA4, 4, 0, 9, 0xA0, 0, 0, 3, 0x97, 0x42, 0x54, 0x46, 0x59][..],
            _ => &[0, 0xA4, 4, 0, 5, 0xA0, 0, 0, 3, 8],
        };
        card.transmit_as_other(select);
        match name {
            "anna" => {
                let counters = card.gids(|gids| gids.object(0xA010, 0xDF22)).unwrap().unwrap();
                let moved = [&counters[..1], &[counters[1].wrapping_add(1)], &counters[2..]].concat();
                card.gids(|gids| gids.set_object(0xA010, 0xDF22, Some(&moved))).unwrap().unwrap();
            }
            _ => {
                let both = b"\x00\x24\x00\x80\x10735182\xFF\xFF123456\xFF\xFF";
                assert_eq!(card.transmit_as_other(both), [0x90, 0x00]);
            }
        }
        let changed = put_in_again(&rig, READER);
        assert_eq!(changed[0], Change::PinChanged(told(Role::USER, 3)), "{name}");
        let factory: Vec<_> = changed[1..].iter().collect();
        match name {
            "anna" => assert!(factory.is_empty(), "{factory:?}"),
            _ => assert!(
                matches!(factory[..], [Change::PinChangeRequired { reason: PinChangeReason::Factory, .. }]),
                "{factory:?}"
            ),
        }
        assert_eq!(put_in_again(&rig, READER), [], "{name}");
    }
}

/// What requests to this agent do is told as theirs, and the look at the card is brought up to date.
#[test]
fn what_requests_did() {
    let rig = rig();
    let card = rig.card(ANNA);
    let left = |events: &mut Events| checked(events, READER).pins[0].tries_left;
    let mut events = events_after_check(&rig, READER);
    let mark = card.apdus();
    rig.call::<PinChange>(&change("999999", "654321")).unwrap_err();
    assert_eq!(left(&mut events), Some(2));
    rig.call::<PinChange>(&change("123456", "654321")).unwrap();
    assert_eq!(left(&mut events), Some(3));
    // Logging out is a VERIFY with another reference.
    let verifies =
        card.log_since(mark).iter().filter(|e| e.instruction == VERIFY && e.parameters == 0x80).count();
    assert_eq!(verifies, 2, "one for each PIN that was typed");
    assert_eq!(put_in_again(&rig, READER), []);
    let mut events = events_after_check(&rig, READER);
    for tries in [2, 1, 0] {
        rig.call::<PinChange>(&change("999999", "123456")).unwrap_err();
        assert_eq!(left(&mut events), Some(tries));
    }
    let blocked = rig.call::<Status>(&Empty {}).unwrap().readers[0].check.clone().unwrap();
    assert_eq!(blocked.concerns, [Concern::PinBlocked { role: Role::USER }]);
    assert_eq!(put_in_again(&rig, READER), [], "whoever typed it was told");
    let mut events = events_after_check(&rig, READER);
    let answer = response(&start(&rig));
    finish(&rig, &answer, "123456").unwrap();
    assert_eq!(left(&mut events), Some(3));
    assert_eq!(put_in_again(&rig, READER), []);
}

/// A card that goes before it can be looked at again: nobody else is blamed for what a request did.
#[test]
fn a_card_that_goes_at_once() {
    for nth in 1.. {
        let rig = rig();
        let card = rig.card(ANNA);
        let mut events = events_after_check(&rig, READER);
        card.inject(Fault::at(nth, FaultKind::RemovedAfter));
        // Whatever came of it.
        let _ = rig.call::<PinChange>(&change("123456", "654321"));
        let ends =
            |change: &Change| matches!(change, Change::CardRemoved { .. } | Change::CardChecked { .. });
        let stays = matches!(events.find(ends), Some(Change::CardChecked { .. }));
        if stays {
            assert!(nth > 10, "a change and a look take more exchanges than that");
            break;
        }
        assert_eq!(put_in(&rig, READER), [], "gone after APDU {nth}");
    }
}

#[test]
fn writes_bring_it_up_to_date() {
    let cards = format!(
        "[[reader]]\nname = \"{READER}\"\ncard = \"erik\"\n[[card]]\nname = \"erik\"\nkind = \"piv\"\n\
         profile = \"yubikey-5.7\"\nserial = 11223344\npin = \"735182\"\npuk = \"48151623\"\n"
    );
    let rig = rig_of(&cards, Config::default());
    let mut events = rig.events();
    let check = checked(&mut events, READER);
    assert_eq!((check.certificates, check.concerns), (0, vec![]));
    // Another program that is connected too, without which the card would lose its power after each operation.
    let _other = rig.readers.connect(READER).unwrap();
    let generate = GenerateParams {
        select: Select::default(),
        algorithm: shared::model::KeyAlgorithm { family: shared::model::KeyFamily::Ec, bits: 256 },
        slot: Some("9a".to_owned()),
        // A certificate of a length at which a card can tell that nothing has changed.
        subject: format!("CN=Erik Lind,O={},OU={}", "o".repeat(60), "u".repeat(60)),
        alternative_names: Vec::new(),
        product: Product::Certificate,
        days: 9,
        pin_use: None,
        touch_use: None,
        default: false,
        overwrite: false,
        pin: Some(pin("735182")),
        management_key: None,
        last_try: false,
    };
    rig.call::<CertGenerate>(&generate).unwrap();
    let told = told_with_check(&mut events, READER, &|change| matches!(change, Change::CertExpiring(_)));
    assert!(matches!(told.last(), Some(Change::CertExpiring(event)) if event.expiry.certificate == "9a"));
    let mark = rig.card("erik").apdus();
    assert_eq!(rig.call::<CertList>(&OnCard::default()).unwrap().len(), 1);
    assert!(rig.card("erik").apdus() <= mark + 2, "the list is warm");
    // With the management key alone.
    let delete = DeleteParams {
        select: Select::default(),
        certificate: "9a".to_owned(),
        keep_key: false,
        pin: None,
        management_key: Some(KeyText::from(&b"factory"[..])),
        last_try: false,
    };
    rig.call::<CertDelete>(&delete).unwrap();
    assert_eq!(checked(&mut events, READER).certificates, 0);
    // PIN and PUK are set: nobody else has done it.
    let tries = TriesParams {
        select: Select::default(),
        pin_tries: 5,
        puk_tries: 4,
        pin: pin("735182"),
        puk: pin("48151623"),
        management_key: None,
        last_try: false,
    };
    rig.call::<PinTries>(&tries).unwrap();
    assert_eq!(checked(&mut events, READER).pins[0].tries_left, Some(5));
    let puk = UnblockPukParams {
        select: Select::default(),
        role: Role::USER,
        puk: Some(pin("48151623")),
        new: Some(pin("123456")),
        last_try: false,
    };
    rig.call::<UnblockPuk>(&puk).unwrap();
    let told = told_with_check(&mut events, READER, &|change| {
        matches!(change, Change::PinChangeRequired { role: Role::USER, reason: PinChangeReason::Factory, .. })
    });
    let others = told.iter().any(|change| {
        matches!(change, Change::PinChanged(event) | Change::PinUnblocked(event) if event.cause == Cause::OtherProgram)
    });
    assert!(!others, "{told:?}");
    assert_eq!(put_in_again(&rig, READER), []);
}

#[test]
fn a_card_that_is_new_in_this_machine() {
    let home = tempfile::tempdir().unwrap();
    let rule = InsertRule { r#do: vec![OnInsert::Notice, OnInsert::PinChange], ..InsertRule::default() };
    let config = Config { insert: vec![rule], ..Config::default() };
    let time = Time::at(datetime!(2030-01-01 12:00 UTC));
    let readers = Arc::new(VirtualReaders::from_description(CARDS).unwrap());
    let rig = Rig::with(readers, config, time.surroundings(Some(home.path())));
    let mut events = rig.events();
    checked(&mut events, READER);
    rig.readers.insert(OTHER, None).unwrap();
    let required = |change: &Change| matches!(change, Change::PinChangeRequired { reader, reason: PinChangeReason::FirstUse, .. } if reader == OTHER);
    events.find(required).unwrap();
    assert_eq!(put_in_again(&rig, OTHER), [], "asked once");
    let params = PinChangeParams { select: on(OTHER).select, ..change("123456", "654321") };
    let mut events = events_after_check(&rig, OTHER);
    rig.call::<PinChange>(&params).unwrap();
    assert_eq!(checked(&mut events, OTHER).concerns, []);
    let text = fs::read_to_string(home.path().join("cards.json")).unwrap();
    assert!(text.contains("7D1F93C2A4E05B68B19C3D2E6F804A57") && !text.contains("654321"), "{text}");
}

/// What is remembered is broken, or cannot be written: the card is looked at all the same.
#[test]
fn a_file_that_makes_no_sense() {
    type Spoil = fn(&Path);
    let rows: [Spoil; 4] = [
        |folder| fs::write(folder.join("cards.json"), "{\"cards\":{\"").unwrap(),
        |folder| fs::write(folder.join("cards.json"), vec![b'['; 8 << 20]).unwrap(),
        |folder| fs::create_dir_all(folder.join("cards.json.new/full")).unwrap(),
        |folder| {
            fs::remove_dir(folder).unwrap();
            fs::write(folder, "").unwrap();
        },
    ];
    for spoil in rows {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("kortti");
        fs::create_dir(&folder).unwrap();
        spoil(&folder);
        let time = Time::at(datetime!(2035-12-30 12:00 UTC));
        let readers = Arc::new(VirtualReaders::demo());
        let rig = Rig::with(readers, Config::default(), time.surroundings(Some(&folder)));
        checked(&mut rig.events(), DEMO);
        assert_eq!(put_in_again(&rig, DEMO), [], "it is remembered all the same");
    }
}

/// A program that keeps the card when it is to be looked at: the look is taken when it lets go.
#[test]
fn a_look_that_has_to_wait() {
    let rig = rig();
    let mut events = rig.events();
    checked(&mut events, READER);
    let readers = rig.readers.clone();
    rig.card("berta").before_next_transaction(move |_| readers.hold(OTHER, true).unwrap());
    rig.readers.insert(OTHER, None).unwrap();
    events.find(|change| matches!(change, Change::CardIdentified { reader, .. } if reader == OTHER));
    assert_eq!(rig.call::<PinList>(&on(OTHER)).unwrap_err().code, ErrorCode::Busy);
    assert_eq!(rig.call::<Status>(&Empty {}).unwrap().readers[1].check, None);
    // The watcher has seen by then that somebody has the card.
    rig.readers.add_reader("a mark");
    events.find(|change| matches!(change, Change::ReaderAdded { .. }));
    rig.readers.hold(OTHER, false).unwrap();
    checked(&mut events, OTHER);
}

/// A device that must be touched: a person is told before and after, whether or not somebody touched it.
#[test]
fn touches() {
    for (untouched, touch_use, end) in [
        (false, None, None),
        (true, None, Some(ErrorCode::NotTouched)),
        (false, Some(shared::model::TouchUse::Cached), None),
    ] {
        let management = touch_use.is_none();
        let cards = format!(
            "[[reader]]\nname = \"{READER}\"\ncard = \"erik\"\n[[card]]\nname = \"erik\"\nkind = \"piv\"\n\
             profile = \"yubikey-5.7\"\nserial = 11223344\nmanagement-touch = {management}\n\
             management-key = \"{ADMIN_KEY}\"\noptions = {{ untouched = {untouched} }}\n"
        );
        let rig = rig_of(&cards, Config::default());
        let mut events = rig.events();
        checked(&mut events, READER);
        let generate = GenerateParams {
            select: Select::default(),
            algorithm: shared::model::KeyAlgorithm { family: shared::model::KeyFamily::Ec, bits: 256 },
            slot: Some("9a".to_owned()),
            subject: "CN=Erik Lind".to_owned(),
            alternative_names: Vec::new(),
            product: Product::Certificate,
            days: 365,
            pin_use: None,
            touch_use,
            default: false,
            overwrite: false,
            pin: Some(pin("123456")),
            management_key: Some(KeyText::from(ADMIN_KEY.as_bytes())),
            last_try: false,
        };
        let made = rig.call::<CertGenerate>(&generate);
        assert_eq!(made.as_ref().err().map(|error| error.code), end, "{made:?}");
        let told = told_with_check(&mut events, READER, &|_| true);
        let touches: Vec<bool> = told
            .iter()
            .filter_map(|change| match change {
                Change::TouchNeeded(_) => Some(true),
                Change::TouchOver(_) => Some(false),
                _ => None,
            })
            .collect();
        assert_eq!(touches, [true, false], "{untouched} {touch_use:?}");
    }
    // A card that wants no touch is not waited for.
    let rig = Rig::with(Arc::new(VirtualReaders::demo()), Config::default(), Surroundings::default());
    let mut events = rig.events();
    checked(&mut events, DEMO_PIV);
    let delete = DeleteParams {
        select: on(DEMO_PIV).select,
        certificate: "9d".to_owned(),
        keep_key: true,
        pin: Some(pin("123456")),
        management_key: None,
        last_try: false,
    };
    rig.call::<CertDelete>(&delete).unwrap();
    let told = told_with_check(&mut events, DEMO_PIV, &|_| true);
    assert!(!told.iter().any(|change| matches!(change, Change::TouchNeeded(_) | Change::TouchOver(_))));
}
