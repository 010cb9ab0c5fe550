//! Every operation, cut off at every command: nothing is lost but what was given up, and the card is as before, as
//! after, or what is left is seen and mended.

use card::virt::FaultKind;
use card::{Error, NewKey, SmartCard};
use shared::model::{KeyAlgorithm, KeyFamily};

use super::rig::*;

/// An operation on a card.
struct Operation {
    name: &'static str,
    profile: &'static str,
    people: &'static [(u8, &'static Person)],
    extra: &'static str,
    act: fn(&mut dyn SmartCard) -> card::Result<()>,
    /// The slot whose key comes or goes with it. Between its steps that slot may have a key and no certificate.
    slot: u8,
    /// Whether the key that was in it was given up.
    given_up: bool,
}

const YUBIKEY: &str = "yubikey-5.7";
const YUBIKEY_4: &str = "yubikey-4";
const PIVAPPLET: &str = "pivapplet";
const PLAIN: &str = "plain";
const MAP: &str = "mscmap = true";

type Act = fn(&mut dyn SmartCard) -> card::Result<()>;

const IMPORT: Act = |card| {
    authorise(card)?;
    let mut request = Request::with_key(&KARIN).into_slot(0x9D);
    request.chain = vec![authority()];
    card.import(&request.import()).map(drop)
};
const IMPORT_AS_DEFAULT: Act = |card| {
    authorise(card)?;
    let mut request = Request::with_key(&KARIN).into_slot(0x9D);
    request.default = true;
    card.import(&request.import()).map(drop)
};
const OVERWRITE: Act = |card| {
    authorise(card)?;
    card.import(&Request::with_key(&KARIN).into_slot(0x9A).import()).map(drop)
};
const REPLACE: Act = |card| {
    authorise(card)?;
    card.import(&Request::certificate(&ANNA_RENEWED).import()).map(drop)
};
const GENERATE: Act = |card| {
    authorise(card)?;
    card.generate(&new_key(0x9D)).map(drop)
};
const REGENERATE: Act = |card| {
    authorise(card)?;
    card.generate(&new_key(0x9A)).map(drop)
};
const DEFAULT: Act = |card| {
    authorise(card)?;
    card.set_default(0x9C)
};
const DELETE_CERTIFICATE: Act = |card| {
    authorise(card)?;
    card.delete_certificate("9a")
};
const DELETE: Act = |card| {
    authorise(card)?;
    card.delete_container(0x9A).map(drop)
};
const MOVE: Act = |card| {
    authorise(card)?;
    card.move_key(0x9A, 0x82)
};
const RENEW: Act = |card| {
    authorise(card)?;
    card.renew_identifier()
};

fn new_key(slot: u8) -> NewKey {
    NewKey {
        container: Some(slot),
        algorithm: KeyAlgorithm { family: KeyFamily::Ec, bits: 256 },
        pin_use: None,
        touch_use: None,
        default: false,
    }
}

const TWO: &[(u8, &Person)] = &[(0x9A, &NILS), (0x9C, &ANNA)];

#[rustfmt::skip]
const OPERATIONS: [Operation; 25] = [
    Operation { name: "import", profile: YUBIKEY, people: TWO, extra: "", act: IMPORT, slot: 0x9D, given_up: false },
    Operation { name: "import", profile: YUBIKEY, people: TWO, extra: MAP, act: IMPORT_AS_DEFAULT, slot: 0x9D, given_up: false },
    Operation { name: "import", profile: YUBIKEY_4, people: TWO, extra: "", act: IMPORT, slot: 0x9D, given_up: false },
    Operation { name: "import", profile: YUBIKEY_4, people: TWO, extra: MAP, act: IMPORT_AS_DEFAULT, slot: 0x9D, given_up: false },
    Operation { name: "import", profile: PIVAPPLET, people: TWO, extra: "", act: IMPORT, slot: 0x9D, given_up: false },
    Operation { name: "overwrite", profile: YUBIKEY, people: TWO, extra: MAP, act: OVERWRITE, slot: 0x9A, given_up: true },
    Operation { name: "overwrite", profile: YUBIKEY_4, people: TWO, extra: "", act: OVERWRITE, slot: 0x9A, given_up: true },
    Operation { name: "overwrite", profile: PIVAPPLET, people: TWO, extra: "", act: OVERWRITE, slot: 0x9A, given_up: true },
    Operation { name: "replace", profile: YUBIKEY, people: TWO, extra: MAP, act: REPLACE, slot: 0x9C, given_up: false },
    Operation { name: "replace", profile: YUBIKEY_4, people: TWO, extra: "", act: REPLACE, slot: 0x9C, given_up: false },
    Operation { name: "replace", profile: PLAIN, people: TWO, extra: "", act: REPLACE, slot: 0x9C, given_up: false },
    Operation { name: "generate", profile: YUBIKEY, people: TWO, extra: "", act: GENERATE, slot: 0x9D, given_up: false },
    Operation { name: "generate", profile: PLAIN, people: TWO, extra: "", act: GENERATE, slot: 0x9D, given_up: false },
    Operation { name: "generate anew", profile: YUBIKEY, people: TWO, extra: MAP, act: REGENERATE, slot: 0x9A, given_up: true },
    Operation { name: "generate anew", profile: PIVAPPLET, people: TWO, extra: "", act: REGENERATE, slot: 0x9A, given_up: true },
    Operation { name: "default", profile: YUBIKEY, people: TWO, extra: MAP, act: DEFAULT, slot: 0x9C, given_up: false },
    Operation { name: "delete certificate", profile: YUBIKEY, people: TWO, extra: MAP, act: DELETE_CERTIFICATE, slot: 0x9A, given_up: false },
    Operation { name: "delete certificate", profile: PLAIN, people: TWO, extra: "", act: DELETE_CERTIFICATE, slot: 0x9A, given_up: false },
    Operation { name: "delete", profile: YUBIKEY, people: TWO, extra: "", act: DELETE, slot: 0x9A, given_up: true },
    Operation { name: "delete", profile: YUBIKEY, people: TWO, extra: MAP, act: DELETE, slot: 0x9A, given_up: true },
    Operation { name: "delete", profile: YUBIKEY_4, people: TWO, extra: "", act: DELETE, slot: 0x9A, given_up: true },
    Operation { name: "delete", profile: PIVAPPLET, people: TWO, extra: "", act: DELETE, slot: 0x9A, given_up: true },
    Operation { name: "move", profile: YUBIKEY, people: TWO, extra: "", act: MOVE, slot: 0x9A, given_up: false },
    Operation { name: "move", profile: YUBIKEY, people: TWO, extra: MAP, act: MOVE, slot: 0x9A, given_up: false },
    Operation { name: "renew identifier", profile: PIVAPPLET, people: TWO, extra: "", act: RENEW, slot: 0x9A, given_up: false },
];

const FAULTS: [FaultKind; 6] = [
    FaultKind::RemovedBefore,
    FaultKind::RemovedAfter,
    FaultKind::Reset,
    FaultKind::Status(0x6F00),
    FaultKind::Status(0x6982),
    FaultKind::Status(0x6A84),
];

/// How the runs of one operation ended.
#[derive(Default, Debug)]
struct Tally {
    runs: usize,
    done: usize,
    as_before: usize,
    restored_at_once: usize,
    as_after: usize,
    mended: usize,
    key_alone: usize,
}

impl Operation {
    fn rig(&self) -> Rig {
        Rig::with_people(self.profile, self.people, self.extra)
    }

    fn makes_keys(&self) -> bool {
        self.name.starts_with("generate")
    }

    /// As the agent does it: a card that is taken for another one is left alone.
    fn run(&self, rig: &Rig) -> card::Result<()> {
        rig.attempt(|card| {
            let serial = card.identify()?.csn.ok_or(Error::NotInitialised)?;
            let known = if [YUBIKEY, PIVAPPLET].contains(&self.profile) { "00BC614E" } else { GUID };
            if serial.as_str() == known { (self.act)(card) } else { Err(Error::UnknownCard) }
        })
    }

    /// Everything on the card, but what is random.
    fn state(&self, rig: &Rig) -> Vec<String> {
        let mut all = rig.stored(Some(self.slot).filter(|_| self.makes_keys()));
        if self.name == "renew identifier" {
            all.retain(|line| !line.starts_with("object 5FC102"));
        }
        all
    }
}

#[test]
fn whatever_is_cut_off_loses_nothing() {
    for operation in &OPERATIONS {
        let rig = operation.rig();
        let before = operation.state(&rig);
        let mark = rig.card.apdus();
        operation.run(&rig).unwrap_or_else(|error| panic!("{}: {error}", operation.name));
        let commands = rig.card.apdus() - mark;
        let after = operation.state(&rig);
        let mut tally = Tally::default();
        for nth in 1..=commands {
            for fault in FAULTS {
                let place = format!(
                    "{} on {}, {}, command {nth} of {commands}, {fault:?}",
                    operation.name, operation.profile, operation.extra
                );
                cut_off(operation, nth, fault, &before, &after, &place, &mut tally);
            }
        }
        println!(
            "{} on {} {}: {commands} commands, {tally:?}",
            operation.name, operation.profile, operation.extra
        );
    }
}

fn cut_off(
    operation: &Operation,
    nth: usize,
    fault: FaultKind,
    before: &[String],
    after: &[String],
    place: &str,
    tally: &mut Tally,
) {
    let rig = operation.rig();
    let mark = rig.card.apdus();
    rig.fail_at(nth, fault);
    let result = operation.run(&rig);
    for (count, name) in
        secrets(&rig.card.log_since(mark)).into_iter().zip(["VERIFY", "CHANGE", "RESET", "answer", "key"])
    {
        assert!(count <= 1, "{place}: {name} was sent {count} times");
    }
    rig.reinsert();
    assert_eq!(rig.tries(), if operation.profile == PIVAPPLET { (5, 3) } else { (3, 3) }, "{place}");
    assert!(rig.piv(|piv| piv.pin_is(PIN.as_bytes()) && piv.puk_is(PUK.as_bytes())), "{place}");

    let now = operation.state(&rig);
    tally.runs += 1;
    tally.done += usize::from(result.is_ok());
    match &result {
        Ok(()) => assert_eq!(now, after, "{place}: said to be done"),
        Err(Error::WriteFailed { restored: true, .. }) => {
            assert_eq!(now, before, "{place}: said to be as before");
            tally.restored_at_once += 1;
        }
        // What was not said to be written was not, unless the card has gone.
        Err(Error::Transport(_)) | Err(Error::WriteFailed { restored: false, .. }) => {}
        Err(error) => assert_eq!(now, before, "{place}: {error}"),
    }
    // Nothing that belongs to anybody else is touched.
    for line in before.iter().filter(|line| after.contains(line)) {
        assert!(now.contains(line) || line.contains("5FFF1"), "{place}: {line} is gone");
    }
    // A key is not lost unless it was given up.
    if !operation.given_up && operation.name != "move" {
        let keys = before.iter().filter(|line| line.starts_with("key "));
        for key in keys {
            assert!(now.contains(key), "{place}: {key}");
        }
    }
    if now == before {
        tally.as_before += 1;
    } else if now == after {
        tally.as_after += 1;
    } else {
        finish(operation, &rig, before, after, place, tally);
    }
}

/// What is left is mended, or is a key without its certificate in the slot that it was about; and doing it again does
/// it.
fn finish(
    operation: &Operation,
    rig: &Rig,
    before: &[String],
    after: &[String],
    place: &str,
    tally: &mut Tally,
) {
    let contents = rig.contents();
    let mended = rig.authorised(|card| card.repair().unwrap_or_else(|error| panic!("{place}: {error}")));
    let seen = contents.findings.iter().filter(|finding| finding.repair.is_some()).count();
    assert_eq!(mended.is_empty(), seen == 0, "{place}: {mended:?} {:?}", contents.findings);
    let now = operation.state(rig);
    let left: Vec<_> =
        rig.contents().findings.into_iter().filter(|finding| finding.repair.is_some()).collect();
    assert!(left.is_empty(), "{place}: {left:?}");
    if now == before || now == after {
        tally.mended += 1;
        return;
    }
    // The map may say of the default what it said before.
    let beside_map = |state: &[String]| -> Vec<String> {
        state.iter().filter(|line| !line.starts_with("object 5FFF10")).cloned().collect()
    };
    if beside_map(&now) == beside_map(after) || beside_map(&now) == beside_map(before) {
        tally.mended += 1;
    } else {
        let slot = operation.slot;
        assert!(rig.piv(|piv| piv.public_key(slot).is_some()), "{place}: the slot is empty\n{now:#?}");
        let id = format!("{slot:02x}");
        assert!(rig.contents().certificates.iter().all(|stored| stored.id != id), "{place}: {now:#?}");
        tally.key_alone += 1;
    }
    if matches!(operation.run(rig), Err(Error::NotFound(_))) {
        assert!(operation.name.starts_with("delete") || operation.name == "move", "{place}");
    }
    assert_eq!(beside_map(&operation.state(rig)), beside_map(after), "{place}: done again");
}

/// A repair that is cut off itself, and begun again.
#[test]
fn a_repair_that_is_cut_off_is_repaired() {
    let operation = Operation { people: TWO, ..OPERATIONS[23] };
    let rig = operation.rig();
    let mark = rig.card.apdus();
    operation.run(&rig).unwrap();
    let commands = rig.card.apdus() - mark;
    let after = operation.state(&rig);
    let before = operation.state(&operation.rig());
    let mut repairs = 0;
    for nth in 1..=commands {
        let torn = || {
            let rig = operation.rig();
            rig.fail_at(nth, FaultKind::RemovedAfter);
            let _ = operation.run(&rig);
            rig.reinsert();
            rig
        };
        let rig = torn();
        if [&before, &after].contains(&&operation.state(&rig)) {
            continue;
        }
        let mark = rig.card.apdus();
        rig.authorised(|card| card.repair()).unwrap();
        let mended = operation.state(&rig);
        for at in 2..=rig.card.apdus() - mark {
            let rig = torn();
            rig.fail_at(at, FaultKind::RemovedAfter);
            let _ = rig.attempt(|card| authorise(card).and_then(|()| card.repair()));
            rig.reinsert();
            rig.authorised(|card| card.repair()).unwrap();
            assert_eq!(operation.state(&rig), mended, "{nth}, {at}");
            assert_eq!(rig.tries(), (3, 3));
            repairs += 1;
        }
    }
    assert!(repairs > 0);
    println!("{repairs} repairs cut off");
}
