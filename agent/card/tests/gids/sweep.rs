//! Every operation, cut off at every command: the card is as before or as after, or a repair makes it so.

use card::virt::FaultKind;
use card::{Error, NewKey, PinEntry, SmartCard};
use shared::model::{KeyAlgorithm, KeyFamily, Role};

use super::rig::*;

/// An operation on a card with its people.
struct Operation {
    name: &'static str,
    people: &'static [&'static Person],
    act: fn(&mut dyn SmartCard) -> card::Result<()>,
}

fn verify(card: &mut dyn SmartCard) -> card::Result<()> {
    card.verify(Role::USER, PinEntry::Typed(&pin(PIN)))
}

const SMALL: &[&Person] = &[&ANNA, &BO];
/// So many that masterfile and container map no longer fit one command.
const LARGE: &[&Person] = &[&ANNA, &BO, &CARL, &DORA, &EMIL];

const IMPORT: fn(&mut dyn SmartCard) -> card::Result<()> = |card| {
    verify(card)?;
    let mut request = Request::with_key(&FRED);
    request.chain = vec![authority()];
    request.default = true;
    card.import(&request.import()).map(drop)
};
const IMPORT_FIRST: fn(&mut dyn SmartCard) -> card::Result<()> = |card| {
    verify(card)?;
    card.import(&Request::with_key(&FRED).import()).map(drop)
};
const GENERATE: fn(&mut dyn SmartCard) -> card::Result<()> = |card| {
    verify(card)?;
    let algorithm = KeyAlgorithm { family: KeyFamily::Rsa, bits: 1024 };
    card.generate(&NewKey { container: None, algorithm, pin_use: None, touch_use: None, default: true })
        .map(drop)
};
const REPLACE: fn(&mut dyn SmartCard) -> card::Result<()> = |card| {
    verify(card)?;
    card.import(&Request::certificate(&ANNA_RENEWED).import()).map(drop)
};
const DEFAULT: fn(&mut dyn SmartCard) -> card::Result<()> = |card| {
    verify(card)?;
    card.set_default(1)
};
const DELETE_CERTIFICATE: fn(&mut dyn SmartCard) -> card::Result<()> = |card| {
    verify(card)?;
    card.delete_certificate("kxc01")
};
const DELETE: fn(&mut dyn SmartCard) -> card::Result<()> = |card| {
    verify(card)?;
    card.delete_container(0).map(drop)
};
const CHANGE_PIN: fn(&mut dyn SmartCard) -> card::Result<()> =
    |card| card.change_pin(Role::USER, PinEntry::Typed(&pin(PIN)), PinEntry::Typed(&pin("654321")));

const OPERATIONS: [Operation; 15] = [
    Operation { name: "first import", people: &[], act: IMPORT_FIRST },
    Operation { name: "import", people: SMALL, act: IMPORT },
    Operation { name: "import, large card", people: LARGE, act: IMPORT },
    Operation { name: "first key made", people: &[], act: GENERATE },
    Operation { name: "make a key", people: SMALL, act: GENERATE },
    Operation { name: "make a key, large card", people: LARGE, act: GENERATE },
    Operation { name: "replace", people: SMALL, act: REPLACE },
    Operation { name: "replace, large card", people: LARGE, act: REPLACE },
    Operation { name: "default", people: SMALL, act: DEFAULT },
    Operation { name: "default, large card", people: LARGE, act: DEFAULT },
    Operation { name: "delete certificate", people: SMALL, act: DELETE_CERTIFICATE },
    Operation { name: "delete certificate, large card", people: LARGE, act: DELETE_CERTIFICATE },
    Operation { name: "delete", people: SMALL, act: DELETE },
    Operation { name: "delete, large card", people: LARGE, act: DELETE },
    Operation { name: "change PIN", people: SMALL, act: CHANGE_PIN },
];

/// How the runs of one operation ended.
#[derive(Default, Debug)]
struct Tally {
    runs: usize,
    refused_untouched: usize,
    restored_at_once: usize,
    done: usize,
    repaired: usize,
}

#[test]
fn whatever_is_cut_off_is_as_before_or_as_after() {
    for operation in &OPERATIONS {
        let rig = Rig::new(operation.people);
        let before = (shown(&rig.contents()), rig.stored());
        let mark = rig.card.apdus();
        rig.with(operation.act).unwrap();
        let commands = rig.card.apdus() - mark;
        let after = (shown(&rig.contents()), rig.stored());
        let mut tally = Tally::default();
        for nth in 1..=commands {
            for fault in [
                FaultKind::RemovedBefore,
                FaultKind::RemovedAfter,
                FaultKind::Reset,
                FaultKind::Status(0x6F00),
                FaultKind::Status(0x6982),
                FaultKind::Status(0x6A84),
            ] {
                let place = format!("{}, command {nth} of {commands}, {fault:?}", operation.name);
                cut_off(operation, nth, fault, &before, &after, &place, &mut tally);
            }
        }
        println!("{}: {commands} commands, {tally:?}", operation.name);
    }
}

type State = (Vec<String>, Vec<String>);

fn cut_off(
    operation: &Operation,
    nth: usize,
    fault: FaultKind,
    before: &State,
    after: &State,
    place: &str,
    tally: &mut Tally,
) {
    let rig = Rig::new(operation.people);
    let mark = rig.card.apdus();
    rig.fail_at(nth, fault);
    let result = {
        let mut connection = rig.connect();
        let mut transaction = connection.begin().unwrap();
        match card::edge::open(&mut *transaction, None) {
            Ok(mut card) => (operation.act)(&mut *card),
            Err(error) => Err(error),
        }
    };
    let log = rig.card.log_since(mark);
    for (count, name) in
        secrets(&log).into_iter().zip(["VERIFY", "CHANGE", "RESET RETRY COUNTER", "response"])
    {
        assert!(count <= 1, "{place}: {name} was sent {count} times");
    }
    rig.reinsert();
    assert_eq!(rig.tries(), 3, "{place}");
    let old = rig.card.gids(|gids| gids.pin_is(PIN.as_bytes())).unwrap();
    assert!(old || operation.name == "change PIN", "{place}");
    let current = if old { PIN } else { "654321" };

    let contents = rig.contents();
    let now = (shown(&contents), rig.stored());
    tally.runs += 1;
    // A card that is full takes the certificate and leaves its chain out.
    let without_chain = result.is_ok() && fault == FaultKind::Status(0x6A84);
    let whole = now == *before || now == *after;
    match &result {
        Ok(()) => {
            assert!(now.0 == after.0 || without_chain, "{place}: said to be done\n{:#?}", now.0);
            tally.done += 1;
        }
        Err(Error::WriteFailed { restored: true, .. }) => {
            assert_eq!(now, *before, "{place}: said to be as before");
            tally.restored_at_once += 1;
        }
        Err(_) if whole => tally.refused_untouched += 1,
        Err(_) => {}
    }
    if whole {
        assert!(contents.findings.is_empty(), "{place}: {:?}", contents.findings);
        return;
    }
    if without_chain {
        rig.verified(|card| card.repair()).unwrap();
        let contents = rig.contents();
        assert!(contents.findings.is_empty() && shown(&contents) == now.0, "{place}");
        return;
    }
    // What people would miss is found; the file of an abandoned key is seen by a repair only.
    let seen = now.0 == before.0 || now.0 == after.0 || contents.findings.iter().any(|f| f.repair.is_some());
    assert!(seen, "{place}: {:#?}", now.0);
    let seen_under = rig.with(|card| card.freshness().unwrap());
    rig.with(|card| {
        card.verify(Role::USER, PinEntry::Typed(&pin(current))).unwrap();
        card.repair().unwrap_or_else(|error| panic!("{place}: {error}"));
    });
    let contents = rig.contents();
    let mended = (shown(&contents), rig.stored());
    assert!(contents.findings.is_empty(), "{place}: {:?}", contents.findings);
    assert!(
        mended == *before || mended == *after,
        "{place}: {result:?}\nnow {:#?}\nmended {:#?}\nbefore {:#?}",
        now.0,
        mended.0,
        before.0
    );
    if mended.0 != now.0 {
        let fresh = rig.with(|card| card.freshness().unwrap());
        assert_ne!(fresh, seen_under, "{place}: programs would go on with what they have seen");
    }
    tally.repaired += 1;
}

/// A repair that is cut off itself, and begun again.
#[test]
fn a_repair_that_is_cut_off_is_repaired() {
    let mut repairs = 0;
    for operation in OPERATIONS.iter().filter(|operation| operation.people.len() == LARGE.len()) {
        let rig = Rig::new(operation.people);
        let before = (shown(&rig.contents()), rig.stored());
        let mark = rig.card.apdus();
        rig.with(operation.act).unwrap();
        let commands = rig.card.apdus() - mark;
        let after = (shown(&rig.contents()), rig.stored());
        for nth in (20..=commands).step_by(5) {
            let torn = || {
                let rig = Rig::new(operation.people);
                rig.fail_at(nth, FaultKind::RemovedAfter);
                // The last commands take the journal away, once everything is done, and log out.
                assert!(rig.with(operation.act).is_err() || nth + 4 > commands);
                rig.reinsert();
                rig
            };
            let rig = torn();
            let mark = rig.card.apdus();
            rig.verified(|card| card.repair()).unwrap();
            for at in (3..rig.card.apdus() - mark).step_by(3) {
                let rig = torn();
                rig.fail_at(at, FaultKind::RemovedAfter);
                rig.with(|card| verify(card).and_then(|()| card.repair())).unwrap_err();
                rig.reinsert();
                rig.verified(|card| card.repair()).unwrap();
                let now = (shown(&rig.contents()), rig.stored());
                assert!(now == before || now == after, "{}, {nth}, {at}: {:#?}", operation.name, now.0);
                assert!(rig.contents().findings.is_empty());
                assert_eq!(rig.tries(), 3);
                repairs += 1;
            }
        }
    }
    println!("{repairs} repairs cut off");
}
