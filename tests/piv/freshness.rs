//! What a list costs, and that it is never an old one.

use std::thread;
use std::time::{Duration, Instant};

use harness::stack::Stack;

use crate::cards::{Kind, Rig, described, on_cards, slots};
use crate::witnesses::{make, piv_tool, yubico};

on_cards! {
    YUBIKEY_5_7 in yubikey_5_7:
        a_warm_list_is_fresh what_is_written_while_the_card_was_off_is_seen the_first_sight_is_short;
    YUBIKEY_4 in yubikey_4: a_warm_list_is_fresh the_first_sight_is_short;
    PIVAPPLET in pivapplet: a_warm_list_is_fresh the_first_sight_is_short;
    PLAIN in plain:
        a_warm_list_is_fresh what_is_written_while_the_card_was_off_is_seen the_first_sight_is_short;
    NITROKEY in nitrokey: a_warm_list_is_fresh;
}

/// GET RESPONSE
const GET_RESPONSE: u8 = 0xC0;
/// GET DATA
const GET: u8 = 0xCB;
/// GET METADATA
const METADATA: u8 = 0xF7;

/// pcscd switches a card off that nobody has been connected to for 5 seconds.
const SWITCHED_OFF: Duration = Duration::from_secs(20);

/// Another program writes a certificate into 9A.
fn write(rig: &Rig, program: &str, name: &str) {
    match program {
        "yubico-piv-tool" => {
            yubico(&rig.stack, &format!("-a import-certificate -s 9a -i {name}.pem"));
        }
        _ => {
            piv_tool(&rig.stack, &format!("-C 9A -i {name}.pem"));
        }
    }
}

fn shown(rig: &Rig) -> String {
    let names = rig.names();
    assert_eq!(names.len(), 1);
    names[0].1.clone()
}

/// Lists, and returns how many APDUs that took.
fn cost(rig: &Rig, name: &str) -> usize {
    let mark = rig.kind.profile.map(|_| rig.card().apdus());
    assert_eq!(shown(rig), name);
    mark.map_or(0, |mark| rig.card().apdus() - mark)
}

fn a_warm_list_is_fresh(kind: &'static Kind) {
    let rig = Rig::new(kind);
    let programs = if kind.yubico { &["yubico-piv-tool", "piv-tool"][..] } else { &["piv-tool"] };
    let names = ["anna", "berta"];
    for name in names {
        make(&rig.stack, name, "-newkey rsa:2048");
    }
    for program in programs.iter().cycle().take(4) {
        for name in names {
            write(&rig, program, name);
            assert_eq!(shown(&rig), name, "{program} has replaced the certificate");
            for _ in 0..2 {
                let cost = cost(&rig, name);
                assert!(cost <= 2, "a list of a card that is known takes {cost} APDUs");
            }
        }
        // One that only reads does no harm, whatever it leaves behind.
        rig.stack.pcscd.run("pkcs11-tool -O");
        assert_eq!(shown(&rig), names[1]);
    }
}

fn what_is_written_while_the_card_was_off_is_seen(kind: &'static Kind) {
    let rig = Rig::new(kind);
    for name in ["anna", "berta"] {
        make(&rig.stack, name, "-newkey rsa:2048");
        write(&rig, "piv-tool", name);
        assert_eq!(shown(&rig), name);
        assert!(cost(&rig, name) <= 2);
        until_off(&rig);
        assert_eq!(shown(&rig), name, "nobody has written");
        until_off(&rig);
    }
    write(&rig, "piv-tool", "anna");
    assert_eq!(shown(&rig), "anna");
}

/// Waits until the service has switched the card off.
fn until_off(rig: &Rig) {
    let (card, end) = (rig.card(), Instant::now() + SWITCHED_OFF);
    let before = card.resets();
    while card.resets() == before {
        assert!(Instant::now() < end, "the service does not switch the card off");
        thread::sleep(Duration::from_millis(20));
    }
}

/// APDUs for the first list of 2 and of 12 certificates. Each takes two GET RESPONSE with short APDUs, and another one
/// where the card tells its RSA key. Most of the others are questions for what is not there.
fn limits(kind: &Kind) -> [(usize, usize); 2] {
    match kind.profile {
        Some("yubikey-5.7") => [(2, 61), (12, 91)],
        Some("yubikey-4") => [(2, 36), (12, 56)],
        Some("pivapplet") => [(2, 41), (12, 71)],
        _ => [(2, 13), (12, 53)],
    }
}

fn the_first_sight_is_short(kind: &'static Kind) {
    let all = ["9A", "9C", "9D", "9E", "82", "83", "84", "85", "86", "87", "88", "89"];
    let profile = kind.profile.unwrap();
    for (count, limit) in limits(kind) {
        let card = described(profile, &slots(&all[..count]));
        let mut stack = Stack::new();
        stack.insert(0, &card);
        let mark = card.apdus();
        assert_eq!(stack.certificates().len(), count);
        let log = card.log_since(mark);
        let first = log.len();
        let [objects, metadata, rests] = [GET, METADATA, GET_RESPONSE]
            .map(|wanted| log.iter().filter(|apdu| apdu.instruction == wanted).count());
        let mark = card.apdus();
        assert_eq!(stack.certificates().len(), count);
        let warm = card.apdus() - mark;
        println!(
            "{profile}, {count} certificates: {first} APDUs at first sight, of them {objects} GET DATA, {rests} GET \
             RESPONSE, {metadata} GET METADATA; {warm} when known"
        );
        assert!(first <= limit && warm <= 2, "{profile}: {first} and {warm} APDUs");
    }
}
