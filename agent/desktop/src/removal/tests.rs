use shared::hex::Hex;

use super::*;
use crate::known::Known;
use crate::samples::{self, R};

/// What happens in a story, at a second of it, or nothing but time.
enum Step {
    Hear(Change),
    AgentAway,
    Sleep(bool),
    Wait,
}

use Step::{AgentAway, Hear, Sleep, Wait};

fn rules(cards: &[&str]) -> Removal {
    Removal { action: RemovalAction::Lock, cards: cards.iter().map(|card| (*card).to_owned()).collect() }
}

/// The seconds at which the session was locked. Deadlines are kept as the main loop keeps them.
fn locks(rules: &Removal, story: impl IntoIterator<Item = (u64, Step)>) -> Vec<u64> {
    let start = Instant::now();
    let mut watch = Watch::default();
    let mut locks = Vec::new();
    for (second, step) in story {
        let now = start + Duration::from_secs(second);
        while let Some(deadline) = watch.deadline().filter(|deadline| *deadline <= now) {
            if watch.tick(rules, deadline) {
                locks.push((deadline - start).as_secs());
            }
        }
        let is_locked = match step {
            Hear(change) => watch.hear(&change, rules, now),
            AgentAway => {
                watch.agent_is_away();
                false
            }
            Sleep(sleeps) => {
                watch.sleeping(sleeps, now);
                false
            }
            Wait => false,
        };
        if is_locked {
            locks.push(second);
        }
    }
    locks
}

/// A card has been in since the beginning, then this happens.
fn with_card(rules: &Removal, story: impl IntoIterator<Item = (u64, Step)>) -> Vec<u64> {
    let begin = [
        (0, Hear(samples::snapshot(vec![]))),
        (0, Hear(Change::ReaderAdded { reader: R.into() })),
        (0, Hear(samples::inserted())),
        (0, Hear(samples::identified())),
    ];
    locks(rules, begin.into_iter().chain(story))
}

fn other() -> Change {
    let csn = Some(Csn::new(&[9; 8]));
    Change::CardIdentified { reader: R.into(), card: Card { csn, ..samples::card() }, initialised: true }
}

fn down() -> Change {
    Change::ServiceDown { reason: "pcscd does not run.".into() }
}

fn unusable(state: ReaderState) -> Change {
    Change::CardUnusable { reader: R.into(), state, reason: "It is of no use now.".into() }
}

fn removed_unidentified(cause: Cause) -> Change {
    Change::CardRemoved { reader: R.into(), csn: None, cause }
}

fn reader(card: Option<Card>) -> Reader {
    let mut known = Known::nothing();
    known.apply(&samples::snapshot(vec![]), 1);
    known.apply(&Change::ReaderAdded { reader: R.into() }, 1);
    if let Some(card) = card {
        known.apply(&samples::inserted(), 1);
        known.apply(&Change::CardIdentified { reader: R.into(), card, initialised: true }, 1);
    }
    known.readers.remove(0)
}

#[test]
fn a_hand_takes_the_card_out() {
    for (rules, locked) in [
        (rules(&[]), vec![5]),
        (rules(&["7D1F93C2"]), vec![5]),
        (rules(&["7d1f 93c2 a4e0 5b68"]), vec![5]),
        (rules(&["09090909"]), vec![]),
        (Removal { action: RemovalAction::None, cards: vec![] }, vec![]),
    ] {
        let removed = || (5, Hear(samples::removed(Cause::Hardware)));
        assert_eq!(with_card(&rules, [removed(), (60, Wait)]), locked, "{rules:?}");
        // Another card, or the same, does not undo it.
        let story = [removed(), (6, Hear(samples::inserted())), (6, Hear(samples::identified())), (60, Wait)];
        assert_eq!(with_card(&rules, story), locked, "{rules:?}");
    }
}

#[test]
fn a_reader_is_unplugged_with_the_card_in_it() {
    let story = [
        (5, Hear(samples::removed(Cause::Hardware))),
        (5, Hear(Change::ReaderRemoved { reader: R.into() })),
        (60, Wait),
    ];
    assert_eq!(with_card(&rules(&[]), story), [5]);
}

#[test]
fn a_reset_by_another_program_takes_no_card_away() {
    let reset = Change::CardReset { reader: R.into(), csn: Some(samples::csn()), cause: Cause::OtherProgram };
    assert_eq!(with_card(&rules(&[]), [(5, Hear(reset)), (60, Wait)]), [0; 0]);
}

#[test]
fn another_program_makes_the_card_change() {
    let gone = || (5, Hear(samples::removed(Cause::OtherProgram)));
    for (name, rest, locked) in [
        ("it is mute from now on", vec![(5, Hear(unusable(ReaderState::Mute))), (60, Wait)], vec![]),
        (
            "it answers in another way",
            vec![(5, Hear(samples::inserted())), (30, Hear(samples::identified())), (60, Wait)],
            vec![],
        ),
        (
            "it was mute, and then a hand took it out",
            vec![
                (5, Hear(unusable(ReaderState::Mute))),
                (30, Hear(removed_unidentified(Cause::Hardware))),
                (60, Wait),
            ],
            vec![40],
        ),
        ("it does not come back", vec![(60, Wait)], vec![15]),
    ] {
        let story = [vec![gone()], rest].concat_steps();
        assert_eq!(with_card(&rules(&["7D1F93C2"]), story), locked, "{name}");
    }
}

#[test]
fn settings_hide_the_reader() {
    let hidden = || {
        vec![
            (5, Hear(samples::removed(Cause::User))),
            (5, Hear(Change::ReaderRemoved { reader: R.into() })),
            (5, Hear(Change::PolicyChanged { problems: vec![] })),
        ]
    };
    assert_eq!(with_card(&rules(&[]), [hidden(), vec![(60, Wait)]].concat_steps()), [0; 0]);
    // And nobody misses it when the service was restarted long after.
    let later = vec![(100, Hear(down())), (101, Hear(Change::ServiceUp)), (200, Wait)];
    assert_eq!(with_card(&rules(&[]), [hidden(), later].concat_steps()), [0; 0]);
}

#[test]
fn a_card_that_nobody_identified() {
    let begin = || {
        [
            (0, Hear(samples::snapshot(vec![reader(None)]))),
            (1, Hear(samples::inserted())),
            (2, Hear(Change::CardRemoved { reader: R.into(), csn: None, cause: Cause::Hardware })),
        ]
    };
    assert_eq!(locks(&rules(&[]), begin()), [2]);
    assert_eq!(locks(&rules(&["7D1F93C2"]), begin()), [0; 0]);
    // It is told by its reader when the service was away.
    let story = |is_back: bool| {
        let mut story = vec![
            (0, Hear(samples::snapshot(vec![reader(None)]))),
            (1, Hear(samples::inserted())),
            (2, Hear(Change::CardRemoved { reader: R.into(), csn: None, cause: Cause::Service })),
            (2, Hear(down())),
            (3, Hear(Change::ServiceUp)),
        ];
        if is_back {
            story.push((3, Hear(Change::CardInserted { reader: R.into(), atr: Hex(vec![0x3B]) })));
        }
        story.push((60, Wait));
        story
    };
    assert_eq!(locks(&rules(&[]), story(true)), [0; 0]);
    assert_eq!(locks(&rules(&[]), story(false)), [13]);
}

#[test]
fn the_service_is_restarted() {
    let gone = || {
        vec![
            (5, Hear(samples::removed(Cause::Service))),
            (5, Hear(Change::ReaderRemoved { reader: R.into() })),
            (5, Hear(down())),
        ]
    };
    // However long it is away.
    assert_eq!(with_card(&rules(&[]), [gone(), vec![(3600, Wait)]].concat_steps()), [0; 0]);
    let back = |second| {
        vec![
            (second, Hear(Change::ServiceUp)),
            (second, Hear(Change::ReaderAdded { reader: R.into() })),
            (second, Hear(samples::inserted())),
        ]
    };
    for (name, rest, locked) in [
        ("the card is back", vec![(101, Hear(samples::identified())), (200, Wait)], vec![]),
        ("it takes its time", vec![(109, Hear(samples::identified())), (200, Wait)], vec![]),
        ("it is another one", vec![(101, Hear(other())), (200, Wait)], vec![111]),
        ("another program keeps it", vec![(103, Hear(unusable(ReaderState::Busy))), (200, Wait)], vec![]),
        (
            "another program keeps it for long",
            vec![(103, Hear(unusable(ReaderState::Busy))), (180, Hear(samples::identified())), (200, Wait)],
            vec![],
        ),
        (
            "nobody knows that card",
            vec![(103, Hear(unusable(ReaderState::UnknownCard))), (200, Wait)],
            vec![113],
        ),
        (
            "it goes before it was identified, without a hand",
            vec![(150, Hear(removed_unidentified(Cause::OtherProgram))), (200, Wait)],
            vec![160],
        ),
        ("it is just being looked at", vec![(200, Wait)], vec![]),
        (
            "the service goes again while it is waited for",
            vec![
                (105, Hear(down())),
                (300, Hear(Change::ServiceUp)),
                (301, Hear(samples::identified())),
                (400, Wait),
            ],
            vec![],
        ),
        (
            "it is back, and then a hand takes it out",
            vec![
                (101, Hear(samples::identified())),
                (150, Hear(samples::removed(Cause::Hardware))),
                (200, Wait),
            ],
            vec![150],
        ),
    ] {
        assert_eq!(with_card(&rules(&[]), [gone(), back(100), rest].concat_steps()), locked, "{name}");
    }
    let story = [gone(), vec![(100, Hear(Change::ServiceUp)), (200, Wait)]].concat_steps();
    assert_eq!(with_card(&rules(&[]), story), [110], "it was pulled meanwhile");
    // A hand takes out what was not identified: the named card has its time to come into the reader again.
    let pulled = vec![(150, Hear(removed_unidentified(Cause::Hardware))), (200, Wait)];
    let story = [gone(), back(100), pulled].concat_steps();
    assert_eq!(with_card(&rules(&["7D1F93C2"]), story), [160]);
    let story = [gone(), vec![(100, Hear(Change::ServiceUp)), (200, Wait)]].concat_steps();
    assert_eq!(with_card(&rules(&["09090909"]), story), [0; 0]);
}

#[test]
fn the_machine_sleeps() {
    for (name, story, locked) in [
        (
            "the card is back when it wakes",
            vec![
                (10, Sleep(true)),
                (10, Hear(samples::removed(Cause::Hardware))),
                (5000, Sleep(false)),
                (5001, Hear(samples::inserted())),
                (5002, Hear(samples::identified())),
                (6000, Wait),
            ],
            vec![],
        ),
        (
            "it was pulled meanwhile",
            vec![
                (10, Sleep(true)),
                (10, Hear(samples::removed(Cause::Hardware))),
                (5000, Sleep(false)),
                (6000, Wait),
            ],
            vec![5010],
        ),
        (
            "its removal is told after waking, and it comes back",
            vec![
                (10, Sleep(true)),
                (5000, Sleep(false)),
                (5001, Hear(samples::removed(Cause::Hardware))),
                (5003, Hear(samples::inserted())),
                (5004, Hear(samples::identified())),
                (6000, Wait),
            ],
            vec![],
        ),
        (
            "its removal is told after waking, and it does not come back",
            vec![
                (10, Sleep(true)),
                (5000, Sleep(false)),
                (5001, Hear(samples::removed(Cause::Hardware))),
                (6000, Wait),
            ],
            vec![5011],
        ),
        (
            "a hand takes it out long after waking",
            vec![
                (10, Sleep(true)),
                (5000, Sleep(false)),
                (5020, Hear(samples::removed(Cause::Hardware))),
                (6000, Wait),
            ],
            vec![5020],
        ),
        (
            "it sleeps again before the card had its time",
            vec![
                (10, Sleep(true)),
                (10, Hear(samples::removed(Cause::Hardware))),
                (5000, Sleep(false)),
                (5005, Sleep(true)),
                (9000, Sleep(false)),
                (9001, Hear(samples::identified())),
                (9999, Wait),
            ],
            vec![],
        ),
        (
            "the service is down when it wakes",
            vec![
                (10, Sleep(true)),
                (10, Hear(samples::removed(Cause::Service))),
                (10, Hear(down())),
                (5000, Sleep(false)),
                (5100, Hear(Change::ServiceUp)),
                (5101, Hear(samples::identified())),
                (6000, Wait),
            ],
            vec![],
        ),
    ] {
        assert_eq!(with_card(&rules(&[]), story), locked, "{name}");
    }
}

#[test]
fn the_agent_is_restarted() {
    let unseen = Reader { card: None, state: ReaderState::Identifying, ..reader(Some(samples::card())) };
    let mut service_down = samples::snapshot(vec![]);
    if let Change::Snapshot(status) = &mut service_down {
        status.service = Service::Down { reason: "pcscd does not run.".into() };
    }
    for (name, story, locked) in [
        ("it stays away", vec![(5, AgentAway), (3600, Wait)], vec![]),
        (
            "the card is still in",
            vec![
                (5, AgentAway),
                (6, Hear(samples::snapshot(vec![reader(Some(samples::card()))]))),
                (60, Wait),
            ],
            vec![],
        ),
        (
            "the card is just being looked at",
            vec![
                (5, AgentAway),
                (6, Hear(samples::snapshot(vec![unseen]))),
                (7, Hear(samples::identified())),
                (60, Wait),
            ],
            vec![],
        ),
        (
            "the card was pulled meanwhile",
            vec![(5, AgentAway), (6, Hear(samples::snapshot(vec![reader(None)]))), (60, Wait)],
            vec![16],
        ),
        (
            "the service is down too",
            vec![
                (5, AgentAway),
                (6, Hear(service_down)),
                (60, Hear(Change::ServiceUp)),
                (61, Hear(samples::identified())),
                (99, Wait),
            ],
            vec![],
        ),
        (
            "it goes again before the card had its time",
            vec![
                (5, AgentAway),
                (6, Hear(samples::snapshot(vec![]))),
                (7, AgentAway),
                (60, Hear(samples::snapshot(vec![reader(Some(samples::card()))]))),
                (99, Wait),
            ],
            vec![],
        ),
    ] {
        assert_eq!(with_card(&rules(&[]), story), locked, "{name}");
    }
}

#[test]
fn two_cards_that_are_missing_lock_once_each() {
    let second = Change::CardInserted { reader: "Second".into(), atr: Hex(vec![0x3B]) };
    let story = [(1, Hear(second)), (5, AgentAway), (6, Hear(samples::snapshot(vec![]))), (60, Wait)];
    assert_eq!(with_card(&rules(&[]), story), [16]);
}

/// Steps are not to be cloned.
trait ConcatSteps {
    fn concat_steps(self) -> Vec<(u64, Step)>;
}

impl<const N: usize> ConcatSteps for [Vec<(u64, Step)>; N] {
    fn concat_steps(self) -> Vec<(u64, Step)> {
        self.into_iter().flatten().collect()
    }
}
