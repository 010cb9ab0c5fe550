//! A reader with keys of its own: no request carries a PIN, and what the person does there is told in words.

use std::sync::Arc;
use std::time::Duration;

use card::virt::{Keys, VirtualReaders};
use shared::ErrorCode;
use shared::model::Role;
use shared::rpc::events::Change;
use shared::rpc::methods::{Empty, PinChange, PinChangeParams, Select, Status, UnblockPuk, UnblockPukParams};

use crate::harness::{CHANGE, READER, Rig, VERIFY, executed, pin};

const READERS: &str = r#"
[[reader]]
name = "Reader 00 00"
card = "anna"
pin-pad = true

[[card]]
name = "anna"
pin = "123456"
puk = "87654321"
admin-key = "0123456789ABCDEFFEDCBA987654321089ABCDEF01234567"
cardid = "7D1F93C2A4E05B68B19C3D2E6F804A57"
"#;

fn rig() -> Rig {
    Rig::on(Arc::new(VirtualReaders::from_description(READERS).unwrap()), Duration::ZERO)
}

fn change(typed: bool) -> PinChangeParams {
    let typed = |text| typed.then(|| pin(text));
    PinChangeParams {
        select: Select::default(),
        role: Role::USER,
        current: typed("123456"),
        new: typed("654321"),
        last_try: false,
    }
}

#[test]
fn a_reader_says_that_it_has_keys() {
    let status = rig().call::<Status>(&Empty {}).unwrap();
    assert!(status.readers[0].pin_pad);
    let status = Rig::new().call::<Status>(&Empty {}).unwrap();
    assert!(status.readers.iter().all(|reader| !reader.pin_pad));
}

#[test]
fn a_pin_that_is_sent_all_the_same_goes_nowhere() {
    let rig = rig();
    let card = rig.card("anna");
    let mark = card.apdus();
    assert_eq!(rig.call::<PinChange>(&change(true)).unwrap_err().code, ErrorCode::BadRequest);
    assert_eq!(card.apdus(), mark);
    // And where there are no keys, it must come with the request.
    let without = Rig::new();
    assert_eq!(without.call::<PinChange>(&change(false)).unwrap_err().code, ErrorCode::BadRequest);
}

#[test]
fn what_a_person_does_there() {
    let (right, wrong, new) = (Keys::from("123456"), Keys::from("111111"), Keys::from("654321"));
    let other = Keys::from("654322");
    for (tries, typed, end, left, verifies, changes) in [
        (3, vec![right.clone(), new.clone(), new.clone()], None, 3, 1, 1),
        (3, vec![wrong.clone()], Some(ErrorCode::WrongPin), 2, 1, 0),
        (3, vec![Keys::Cancel], Some(ErrorCode::NotTyped), 3, 0, 0),
        (3, vec![Keys::Nothing], Some(ErrorCode::NotTyped), 3, 0, 0),
        (3, vec![right.clone(), new.clone(), other], Some(ErrorCode::PinPolicy), 3, 1, 0),
        (3, vec![Keys::from("123")], Some(ErrorCode::PinPolicy), 3, 0, 0),
        // What can be decided before does not even ask for a PIN.
        (1, vec![right.clone()], Some(ErrorCode::LastTry), 1, 0, 0),
        (0, vec![right.clone()], Some(ErrorCode::PinBlocked), 0, 0, 0),
    ] {
        let rig = rig();
        let card = rig.card("anna");
        card.gids(|gids| gids.set_pin_tries_left(tries));
        rig.readers.type_on_pad(READER, &typed).unwrap();
        let mut events = rig.events();
        let mark = card.apdus();
        let changed = rig.call::<PinChange>(&change(false));
        assert_eq!(changed.as_ref().err().map(|error| error.code), end, "{typed:?} {changed:?}");
        assert_eq!(card.gids(|gids| gids.pin_tries_left()), Some(left), "{typed:?}");
        let now: &[u8] = if end.is_none() { b"654321" } else { b"123456" };
        assert_eq!(card.gids(|gids| gids.pin_is(now)), Some(true), "{typed:?}");
        // Logging out is a VERIFY with another reference.
        let is_verify = |e: &&card::virt::Exchange| e.instruction == VERIFY && e.parameters == 0x0080;
        assert_eq!(card.log_since(mark).iter().filter(is_verify).count(), verifies, "{typed:?}");
        assert_eq!(executed(&card, mark, CHANGE), changes, "{typed:?}");
        let untouched = matches!(end, Some(ErrorCode::LastTry | ErrorCode::PinBlocked));
        let left_to_type = if untouched { typed.len() } else { 0 };
        assert_eq!(rig.readers.left_to_type(READER), Ok(left_to_type), "{typed:?}");
        if end == Some(ErrorCode::WrongPin) {
            events.find(|change| matches!(change, Change::PinFailed(failed) if failed.tries_left == Some(2)));
        }
    }
}

#[test]
fn unblocking_there() {
    let (puk, new) = (Keys::from("87654321"), Keys::from("2468"));
    let request = UnblockPukParams {
        select: Select::default(),
        role: Role::USER,
        puk: None,
        new: None,
        last_try: false,
    };
    for (typed, end) in [
        (vec![puk.clone(), new.clone(), new.clone()], None),
        (vec![puk, Keys::Cancel], Some(ErrorCode::NotTyped)),
        (vec![new.clone(), new.clone(), new], Some(ErrorCode::WrongPin)),
    ] {
        let rig = rig();
        let card = rig.card("anna");
        card.gids(|gids| gids.set_pin_tries_left(0));
        rig.readers.type_on_pad(READER, &typed).unwrap();
        let unblocked = rig.call::<UnblockPuk>(&request);
        assert_eq!(unblocked.as_ref().err().map(|error| error.code), end, "{typed:?} {unblocked:?}");
        assert_eq!(card.gids(|gids| gids.pin_is(b"2468")), Some(end.is_none()), "{typed:?}");
    }
}
