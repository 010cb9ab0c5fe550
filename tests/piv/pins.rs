//! PIN and PUK are the same for everybody: what others change, block and unblock, and what Kortti does.

use serde_json::json;

use crate::cards::{CHANGE, Kind, PIN, PUK, RESET_RETRY, Rig, VERIFY, on_cards};
use crate::witnesses::{pin_is, wrong_pin, yubico, yubico_fails};

on_cards! {
    YUBIKEY_5_7 in yubikey_5_7:
        others_change_them kortti_changes_them others_block_the_pin wrong_entries_cost_one_try_each;
    YUBIKEY_4 in yubikey_4:
        others_change_them kortti_changes_them others_block_the_pin wrong_entries_cost_one_try_each;
    PIVAPPLET in pivapplet:
        others_change_them kortti_changes_them others_block_the_pin wrong_entries_cost_one_try_each;
    PLAIN in plain:
        others_change_them kortti_changes_them others_block_the_pin wrong_entries_cost_one_try_each;
    NITROKEY in nitrokey:
        others_change_them kortti_changes_them others_block_the_pin wrong_entries_cost_one_try_each;
}

const NEW_PIN: &str = "654321";
const NEW_PUK: &str = "87654321";

fn others_change_them(kind: &'static Kind) {
    let rig = Rig::new(kind);
    let stack = &rig.stack;
    if kind.yubico {
        yubico(stack, &format!("-a change-pin -P {PIN} -N {NEW_PIN}"));
        yubico(stack, &format!("-a change-puk -P {PUK} -N {NEW_PUK}"));
    } else {
        stack.pcscd.run(&format!("pkcs11-tool --change-pin --pin {PIN} --new-pin {NEW_PIN}"));
        stack.pcscd.run(&format!("pkcs15-tool --change-pin --auth-id 02 --pin {PUK} --new-pin {NEW_PUK}"));
    }
    stack.refused("pin change", &[PIN, "777777"], 5, "wrong_pin");
    assert_eq!(stack.ok("pin change", &[NEW_PIN, "777777"])["tries_left"], kind.tries);
    pin_is(stack, "777777");
    stack.refused("pin change --puk", &[PUK, "11223344"], 5, "wrong_pin");
    stack.ok("pin change --puk", &[NEW_PUK, "11223344"]);
    stack.ok("unblock puk", &["11223344", "888888"]);
    pin_is(stack, "888888");
}

fn kortti_changes_them(kind: &'static Kind) {
    let rig = Rig::new(kind);
    let stack = &rig.stack;
    stack.ok("pin change", &[PIN, NEW_PIN]);
    assert_eq!(stack.watch.event("pin_changed")["role"], 1);
    pin_is(stack, NEW_PIN);
    stack.ok("pin change --puk", &[PUK, NEW_PUK]);
    assert_eq!(stack.watch.event("pin_changed")["role"], 2);
    if kind.yubico {
        yubico_fails(stack, &format!("-a unblock-pin -P {PUK} -N 777777"));
        yubico(stack, &format!("-a unblock-pin -P {NEW_PUK} -N 777777"));
        yubico(stack, "-a verify-pin -P 777777");
    } else {
        stack.pcscd.fails(&format!("pkcs15-tool --unblock-pin --auth-id 01 --puk {PUK} --new-pin 777777"));
        stack.pcscd.run(&format!("pkcs15-tool --unblock-pin --auth-id 01 --puk {NEW_PUK} --new-pin 777777"));
    }
    pin_is(stack, "777777");
    assert_eq!(rig.tries()[0], kind.tries);
}

fn others_block_the_pin(kind: &'static Kind) {
    let rig = Rig::new(kind);
    let stack = &rig.stack;
    for _ in 0..kind.tries {
        wrong_pin(stack);
    }
    let pins = stack.ok("pin list", &[]);
    assert_eq!((&pins["pins"][0]["blocked"], &pins["pins"][0]["unblocked_by"]), (&json!(true), &json!([2])));
    stack.refused("pin change", &[PIN, NEW_PIN], 6, "pin_blocked");
    // A PIV card has no challenge that an administrator could answer.
    stack.refused("unblock start", &[], 10, "not_supported");
    stack.refused("unblock puk", &["99999999", NEW_PIN], 5, "wrong_pin");
    assert_eq!(stack.ok("unblock puk", &[PUK, NEW_PIN])["tries_left"], kind.tries);
    assert_eq!(stack.watch.event("pin_unblocked")["role"], 1);
    pin_is(stack, NEW_PIN);
    if kind.yubico {
        yubico(stack, &format!("-a verify-pin -P {NEW_PIN}"));
    }
}

fn wrong_entries_cost_one_try_each(kind: &'static Kind) {
    let rig = Rig::new(kind);
    let stack = &rig.stack;
    // What cannot be right is not sent.
    stack.refused("pin change", &[PIN, "12345"], 7, "pin_policy");
    stack.refused("pin change", &[PIN, "123456789"], 7, "pin_policy");
    assert_eq!(rig.tries()[0], kind.tries);
    for left in (1..kind.tries).rev() {
        let error = stack.refused("pin change", &["111111", NEW_PIN], 5, "wrong_pin");
        assert_eq!(error["tries_left"], left);
        let failed = stack.watch.event("pin_failed");
        assert_eq!((&failed["role"], &failed["tries_left"]), (&json!(1), &json!(left)));
        assert_eq!(rig.tries()[0], left);
    }
    // The last try is used by nobody who does not say so.
    let mark = kind.profile.map(|_| rig.card().apdus());
    let sent = |instruction| mark.map_or(0, |mark| rig.sent(mark, instruction));
    stack.refused("pin change", &[PIN, NEW_PIN], 7, "last_try");
    stack.refused(&rig.line("cert default 9A"), &[PIN], 1, "not_found");
    assert_eq!((sent(VERIFY), sent(CHANGE), rig.tries()[0].clone()), (0, 0, json!(1)));
    stack.refused("pin change --last-try", &["111111", NEW_PIN], 5, "wrong_pin");
    assert_eq!(stack.watch.event("pin_blocked")["role"], 1);
    assert_eq!(rig.tries()[0], 0);
    let spent = sent(VERIFY) + sent(CHANGE);
    stack.refused("pin change --last-try", &[PIN, NEW_PIN], 6, "pin_blocked");
    assert_eq!(sent(VERIFY) + sent(CHANGE), spent);
    stack.ok("unblock puk", &[PUK, NEW_PIN]);
    assert_eq!((sent(RESET_RETRY), rig.tries()[0].clone()), (usize::from(mark.is_some()), json!(kind.tries)));
    pin_is(stack, NEW_PIN);
}
