//! Every command, once and more, on a card behind a real service.

use std::fs;

use card::virt::{Fault, FaultKind};
use harness::pcscd::{Pcscd, READERS};
use harness::stack::{Stack, home_of};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::cards::{
    ADMIN_KEY, ANNA, AUTHENTICATE, BERTA, CHANGE, DEMO, PIN, PUK, PUT, RESET_RETRY, VERIFY, anna, berta,
    block, pin_is, right_response, sent, tries, with_puk,
};

#[test]
fn what_is_there_is_shown() {
    let stack = Stack::with(&anna());
    let status = stack.ok("status", &[]);
    assert_eq!((&status["schema"], &status["virtual"]), (&json!(1), &json!(false)));
    assert_eq!(status["service"]["state"], "up");
    assert_eq!(status["pid"], stack.agent());
    for reader in [&status["readers"], &stack.ok("readers", &[])["readers"]] {
        assert_eq!(reader.as_array().unwrap().len(), 2);
        assert_eq!(reader[0]["name"], READERS[0]);
        assert_eq!(reader[0]["state"], "ready");
        assert_eq!(reader[0]["atr"], "3B8680014B6F7274746938");
        assert_eq!(reader[0]["card"]["csn"], ANNA);
        assert_eq!((&reader[1]["name"], &reader[1]["state"]), (&json!(READERS[1]), &json!("empty")));
    }
    let card = stack.ok("card", &[]);
    assert_eq!(card["windows_id"], "C2931F7D-E0A4-685B-B19C-3D2E6F804A57");
    assert_eq!(card["containers"].as_array().unwrap().len(), 2);
    assert_eq!(card["findings"], json!([]));
    let pins = stack.ok("pin list", &[]);
    assert_eq!(pins["pins"], card["pins"]);
    assert_eq!((&pins["pins"][0]["tries_left"], &pins["pins"][0]["role"]), (&json!(3), &json!(1)));
    let policy = stack.ok("pin policy", &[]);
    assert_eq!(policy["policies"][0]["policy"], pins["pins"][0]["policy"]);
    let list = stack.ok("cert list", &[]);
    assert_eq!(list["certificates"], card["certificates"]);
    let names: Vec<_> = list["certificates"].as_array().unwrap().iter().map(|c| &c["common_name"]).collect();
    assert_eq!(stack.certificates(), ["kxc00", "kxc01"]);
    let view = stack.ok("cert view 0", &[]);
    assert_eq!(view["summary"]["common_name"], *names[0]);
    assert_eq!(view["fields"]["subject"], "O=Kortti Demo,CN=Anna Demo");
    assert_eq!(view["chain"].as_array().unwrap().len(), 1, "the authority is on the card");
    assert_eq!(stack.ok("info", &[])["version"], status["version"]);
    assert_eq!(stack.ok("agent status", &[]), status);
    // For people the same commands say something, and nothing goes wrong.
    for line in
        ["status", "readers", "card", "pin list", "pin policy", "cert list", "cert view kxc01", "info"]
    {
        let words: Vec<&str> = line.split(' ').collect();
        assert!(stack.home.kortti(&words, &[]).code(0).stdout.lines().count() > 1, "{line}");
    }
}

#[test]
fn an_export_is_the_certificate() {
    let stack = Stack::with(&anna());
    for (file, options, certificates) in
        [("mine.cer", "", 1), ("mine.pem", "", 1), ("chain.pem", "--chain", 2)]
    {
        let line = format!("cert export kxc00 {} {options}", stack.path(file).display());
        assert_eq!(stack.ok(&line, &[])["certificates"], certificates);
        stack.refused(&line, &[], 1, "system");
        assert!(stack.kortti(&format!("{line} --force"), &[]).status.success(), "{file}");
    }
    let expected = stack.pcscd.run(&format!("openssl x509 -in {DEMO}/logon.pem -outform PEM"));
    assert_eq!(stack.pcscd.run("openssl x509 -in mine.cer -outform PEM"), expected);
    assert_eq!(String::from_utf8(stack.pcscd.file("mine.pem")).unwrap(), expected);
    assert_eq!(stack.home.kortti(&["cert", "export", "0", "-"], &[]).code(0).stdout, expected);
    stack
        .pcscd
        .run(&format!("openssl verify -no_check_time -CAfile {DEMO}/ca.pem -untrusted chain.pem mine.pem"));
}

#[test]
fn a_pin_is_changed() {
    let card = anna();
    let stack = Stack::with(&card);
    assert_eq!(stack.refused("pin change", &["111111", "654321"], 5, "wrong_pin")["tries_left"], 2);
    assert_eq!(stack.watch.event("pin_failed")["tries_left"], 2);
    for new in ["123", "12345678901234567"] {
        stack.refused("pin change", &[PIN, new], 7, "pin_policy");
    }
    assert_eq!(tries(&card), 2);
    assert_eq!(stack.ok("pin change", &[PIN, "654321"])["tries_left"], 3);
    stack.watch.event("pin_changed");
    assert!(pin_is(&card, "654321"));

    // The last try is used by nobody who does not say so.
    card.gids(|gids| gids.set_pin_tries_left(1));
    let mark = card.apdus();
    stack.refused("pin change", &["111111", "777777"], 7, "last_try");
    assert_eq!(sent(&card, mark, VERIFY), 0);
    stack.refused("pin change --last-try", &["111111", "777777"], 5, "wrong_pin");
    stack.watch.event("pin_blocked");
    stack.refused("pin change --last-try", &["654321", "777777"], 6, "pin_blocked");
    assert_eq!((sent(&card, mark, VERIFY), sent(&card, mark, CHANGE)), (1, 0));
    assert!(pin_is(&card, "654321"));
}

#[test]
fn a_pin_is_unblocked_by_challenge_and_response() {
    let card = anna();
    let stack = Stack::with(&card);
    block(&card);
    assert_eq!(stack.ok("unblock status", &[])["state"], "none");
    stack.refused("unblock finish", &["0000000000000000", "654321"], 9, "challenge_void");

    let challenge = stack.ok("unblock start", &[]);
    assert_eq!((&challenge["reader"], &challenge["csn"]), (&json!(READERS[0]), &json!(ANNA)));
    stack.watch.event("challenge_issued");
    assert_eq!(stack.ok("unblock status", &[])["challenge"], challenge["challenge"]);
    stack.refused("cert list", &[], 8, "busy");
    let mark = card.apdus();
    stack.refused("unblock finish", &["0000", "654321"], 7, "bad_response");
    stack.refused("unblock finish", &["0000000000000000", "123"], 7, "pin_policy");
    assert_eq!(sent(&card, mark, AUTHENTICATE), 0);
    let right = stack.response(&challenge, ADMIN_KEY);
    assert_eq!(stack.ok("unblock finish", &[&right, "654321"])["tries_left"], 3);
    stack.watch.event("pin_unblocked");
    assert_eq!((sent(&card, mark, AUTHENTICATE), sent(&card, mark, RESET_RETRY)), (1, 1));
    assert!(pin_is(&card, "654321") && tries(&card) == 3);
    assert!(!card.gids(|gids| gids.admin_authenticated()).unwrap());

    // A wrong response uses the challenge up, and so does giving it up.
    right_response(&stack);
    stack.refused("unblock finish", &["0000000000000000", "777777"], 5, "wrong_response");
    stack.refused("unblock finish", &[&right, "777777"], 9, "challenge_void");
    let right = right_response(&stack);
    stack.ok("unblock cancel", &[]);
    stack.watch.event("challenge_void");
    let mark = card.apdus();
    stack.refused("unblock finish", &[&right, "777777"], 9, "challenge_void");
    assert_eq!(card.apdus(), mark);
    assert!(pin_is(&card, "654321"));
    stack.ok("cert list", &[]);
}

#[test]
fn a_pin_is_unblocked_by_puk() {
    let card = with_puk();
    let stack = Stack::with(&card);
    block(&card);
    assert_eq!(stack.ok("pin list", &[])["pins"][1]["pin_type"], "unblock_only");
    assert_eq!(stack.refused("unblock puk", &["11111111", "654321"], 5, "wrong_pin")["tries_left"], 2);
    assert_eq!(card.gids(|gids| gids.puk_tries_left()).unwrap(), Some(2));
    assert_eq!(stack.ok("unblock puk", &[PUK, "654321"])["tries_left"], 3);
    assert!(pin_is(&card, "654321"));
    assert_eq!(stack.watch.event("pin_unblocked")["csn"], BERTA);
    // The card has no administrator whom a challenge could be read to.
    let mark = card.apdus();
    assert_eq!(stack.kortti("unblock start", &[]).code(10).json()["error"]["code"], "not_supported");
    assert_eq!(sent(&card, mark, RESET_RETRY), 0);
    let other = Stack::with(&anna());
    other.refused("unblock puk", &[PUK, "654321"], 10, "not_supported");
}

#[test]
fn certificates_come_and_go() {
    let card = anna();
    let stack = Stack::with(&card);
    let before = stack.ok("card", &[]);
    stack.make_credential("carl");

    let file = stack.path("carl.pfx");
    let import = format!("cert import {}", file.display());
    stack.refused(&import, &["wrong", PIN], 1, "file_password");
    stack.refused(&import, &["secret", "111111"], 5, "wrong_pin");
    assert_eq!(stack.import("carl.pfx", &["secret", PIN])["certificate"]["id"], "kxc02");
    assert_eq!(stack.watch.event("cert_imported")["certificate"], "kxc02");
    assert_eq!(tries(&card), 3);

    // The same certificate in other clothes goes to the key that it belongs to.
    let delete = stack.ok("cert delete kxc02 --keep-key --yes", &[PIN]);
    assert_eq!((&delete["orphans"].as_array().unwrap().len(), &delete["default"]), (&1, &json!(0)));
    for name in ["carl.cer", "carl.pem"] {
        let imported = stack.import(name, &[PIN]);
        assert_eq!(imported["certificate"]["container"], 2, "{name}");
        stack.ok("cert delete kxc02 --keep-key --yes", &[PIN]);
        assert_eq!(stack.watch.event("cert_deleted")["certificate"], "kxc02");
    }
    stack.make_credential("dora");
    stack.refused(&format!("cert import {}", stack.path("dora.cer").display()), &[PIN], 1, "no_matching_key");
    fs::write(stack.path("no.cer"), "no certificate").unwrap();
    stack.refused(&format!("cert import {}", stack.path("no.cer").display()), &[PIN], 1, "bad_file");

    stack.import("carl.pem", &[PIN]);
    assert_eq!(stack.ok("cert default kxc02", &[PIN])["default"], true);
    assert_eq!(stack.watch.event("default_changed")["certificate"], "kxc02");
    stack.refused("cert default kxc07", &[PIN], 1, "not_found");

    // Without a yes nothing is deleted; with one, everything is as it was.
    stack.refused("cert delete kxc02", &[PIN], 2, "bad_request");
    assert_eq!(stack.ok("cert delete kxc02 --yes", &[PIN])["default"], 0);
    assert_eq!(stack.ok("card", &[]), before);
    assert_eq!(stack.certificates(), ["kxc00", "kxc01"]);
}

/// The card is pulled at every PUT DATA of an import in turn; a repair makes it whole again.
#[test]
fn a_card_that_was_pulled_is_repaired() {
    let card = anna();
    let mut stack = Stack::with(&card);
    let before = stack.ok("card", &[]);
    stack.make_credential("carl");
    let import = format!("cert import {}", stack.path("carl.pfx").display());
    let mut repaired = 0;
    for nth in [1, 4, 9, 12] {
        card.inject(Fault::at_instruction(PUT, nth, FaultKind::RemovedAfter));
        let run = stack.kortti(&import, &["secret", PIN]);
        assert!(!run.status.success(), "pulled at PUT DATA {nth}");
        stack.watch.event("card_removed");
        stack.insert(0, &card);
        let torn = stack.ok("card", &[]);
        let mended = stack.ok("card repair", &[PIN]);
        assert_eq!(mended["remaining"], json!([]), "pulled at PUT DATA {nth}");
        if torn["findings"] != json!([]) {
            assert_eq!(stack.watch.event("card_repaired")["csn"], ANNA);
            repaired += 1;
        }
        assert_eq!(stack.ok("card", &[])["certificates"], before["certificates"]);
        assert_eq!(stack.ok("card repair", &[PIN])["mended"], json!([]));
        assert!(stack.pcscd.run("pkcs15-tool -c").contains("b8a7e64d-52f0-4c19-8e3b-90d1c6f27a45"));
    }
    assert!(repaired > 0, "no pull left anything to mend");
    assert_eq!(tries(&card), 3);
    card.clear_faults();
    stack.import("carl.pfx", &["secret", PIN]);
    stack.pcscd.key_works("02", PIN);
}

/// An agent that nobody waits for ends with this value.
struct Detached(i32);

impl Drop for Detached {
    fn drop(&mut self) {
        // It has been told to stop, unless the test failed before.
        let _ = Pid::from_raw(self.0).map(|pid| kill_process(pid, Signal::KILL));
    }
}

#[test]
fn the_agent_starts_and_stops() {
    let mut pcscd = Pcscd::start();
    let _inserted = pcscd.insert(0, &berta());
    let home = home_of(&pcscd);
    home.kortti(&["agent", "status"], &[]).code(3);
    assert_eq!(home.kortti(&["agent", "stop", "--json"], &[]).code(0).json()["stopped"], false);
    for start in [&["agent", "start", "--json"][..], &["status", "--json"]] {
        let status = home.kortti(start, &[]).code(0).json();
        let pid = i32::try_from(status["pid"].as_i64().unwrap()).unwrap();
        let _guard = Detached(pid);
        let watch = home.watch();
        home.knows_its_cards();
        // Started again it is the same one, and it knows the card.
        assert_eq!(home.kortti(&["agent", "start", "--json"], &[]).code(0).json()["pid"], pid);
        assert_eq!(home.kortti(&["card", "--json"], &[]).code(0).json()["csn"], BERTA);
        assert_eq!(home.kortti(&["agent", "stop", "--json"], &[]).code(0).json()["stopped"], true);
        watch.event("agent_stopping");
        watch.ended();
        home.has_no_agent();
    }
}
