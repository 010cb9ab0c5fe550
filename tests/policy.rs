//! The settings from the file to the card: a managed policy over a person's own file, a file that breaks while the agent
//! runs, and two users of one machine.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;

use harness::programs::{Home, Run};
use rustix::process::Signal;
use serde_json::Value;

const POLICY: &str = "/etc/kortti/policy.toml";
const MACHINE: &str = "/etc/kortti/config.toml";
/// Somebody else: the overflow user, whom every Linux system has.
const STRANGER: u32 = 65534;
const CARD: &str = "7D1F93C2A4E05B68B19C3D2E6F804A57";

#[track_caller]
fn refused(run: Run, name: &str) -> String {
    let error = run.code(7).json()["error"].clone();
    assert_eq!(error["code"], name, "{error}");
    error["message"].as_str().unwrap().to_owned()
}

fn entry(home: &Home, key: &str) -> Value {
    let shown = home.kortti(&["config", "--json"], &[]).code(0).json();
    let entries = shown["entries"].as_array().unwrap().clone();
    entries.into_iter().find(|entry| entry["key"] == key).unwrap_or_else(|| panic!("no {key}"))
}

#[test]
fn a_managed_policy_forbids_and_says_who_settled_it() {
    let mut home = Home::new();
    home.configure("[cert]\nforbid_import = false\nforbid_delete = false\n[tray]\nvisible = false\n");
    home.manage(
        "[cert]\nforbid_import = true\nforbid_delete = true\n[unblock]\ncalculate_response_visible = false\n",
        "[cert]\nforbid_delete = false\n[notify]\ncard_out = false\n",
    );
    let _agent = home.agent_with_cards(&["--virtual"]);
    let before = home.kortti(&["cert", "list", "--json", "--card", CARD], &[]).code(0).json();

    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../agent/card/tests/files/openssl3.pfx");
    let import = ["cert", "import", file, "--pin-stdin", "--json", "--card", CARD];
    assert!(refused(home.kortti(&import, &["secret", "123456"]), "forbidden").contains("import"));
    let delete = ["cert", "delete", "kxc00", "--yes", "--pin-stdin", "--json", "--card", CARD];
    assert!(refused(home.kortti(&delete, &["123456"]), "forbidden").contains("delete"));
    fs::write(home.path().join("key"), "0123456789ABCDEFFEDCBA987654321089ABCDEF01234567").unwrap();
    let respond = ["unblock", "respond", "--challenge", "A892D75601617C5D", "--key-file", "key", "--json"];
    assert!(refused(home.kortti(&respond, &[]), "forbidden").contains("calculated"));
    let after = home.kortti(&["cert", "list", "--json", "--card", CARD], &[]).code(0).json();
    assert_eq!(before, after);

    for (key, value, source, place, locked) in [
        ("cert.forbid_import", true, "managed", Some(POLICY), true),
        ("cert.forbid_delete", true, "managed", Some(POLICY), true),
        ("notify.card_out", false, "system", Some(MACHINE), true),
        ("notify.card_in", true, "default", None, false),
    ] {
        let entry = entry(&home, key);
        assert_eq!(entry["value"], value, "{entry}");
        assert_eq!(entry["source"], source, "{entry}");
        assert_eq!(entry["place"].as_str(), place, "{entry}");
        assert_eq!(entry["locked"], locked, "{entry}");
    }
    assert_eq!(entry(&home, "tray.visible")["source"], "user");
    let words = home.kortti(&["config"], &[]).code(0).stdout;
    assert!(words.contains(&format!("locked by {POLICY}")), "{words}");

    // A locked key cannot be changed, another one can, and the agent notices by itself.
    for key in ["cert.forbid_import", "notify.card_out"] {
        let set = home.kortti(&["config", "set", key, "true", "--json"], &[]);
        assert!(refused(set, "forbidden").contains("/etc/kortti/"), "{key}");
    }
    let watch = home.watch();
    home.kortti(&["config", "set", "tray.visible", "true"], &[]).code(0);
    assert_eq!(watch.event("policy_changed")["problems"], Value::Array(vec![]));
    assert_eq!(entry(&home, "tray.visible")["value"], true);
    home.kortti(&["config", "set", "tray.visible", "7", "--json"], &[]).code(2);
    home.kortti(&["config", "set", "tray.invisible", "true", "--json"], &[]).code(2);
    home.kortti(&["config", "unset", "tray.visible"], &[]).code(0);
    watch.event("policy_changed");
    assert_eq!(home.kortti(&["config", "get", "tray.visible"], &[]).code(0).stdout, "true\n");
}

#[test]
fn what_is_not_the_administrators_is_no_policy() {
    let mut home = Home::new();
    home.manage("[cert]\nforbid_import = true\n", "");
    let policy = home.path().join("etc/upper/kortti/policy.toml");
    fs::set_permissions(&policy, std::os::unix::fs::PermissionsExt::from_mode(0o666)).unwrap();
    let agent = home.agent(&["--virtual"]);
    let shown = home.kortti(&["config", "--json"], &[]).code(0).json();
    assert_eq!(shown["problems"][0]["place"], POLICY);
    assert!(shown["problems"][0]["reason"].as_str().unwrap().contains("root"), "{shown}");
    assert_eq!(entry(&home, "cert.forbid_import")["value"], false);
    assert!(agent.log().contains("a configuration was refused"));
}

#[test]
fn a_file_that_breaks_while_the_agent_runs() {
    let home = Home::new();
    home.configure("[cert]\nforbid_import = true\n");
    let _agent = home.agent(&["--virtual"]);
    let watch = home.watch();
    home.configure("[cert]\nforbid_import = perhaps\n");
    let problems = watch.event("policy_changed")["problems"].clone();
    let problem = problems[0].as_str().unwrap();
    assert!(problem.contains("config.toml, line 3: "), "{problem}");
    assert_eq!(entry(&home, "cert.forbid_import")["value"], true, "the old one stays in force");
    let listed = home.kortti(&["config"], &[]).code(0);
    assert!(listed.stderr.contains("line 3"), "{}", listed.stderr);
    // It is not written to while it cannot be read.
    home.kortti(&["config", "set", "tray.visible", "false", "--json"], &[]).code(2);
    home.configure("[cert]\nforbid_import = false\n");
    assert_eq!(watch.event("policy_changed")["problems"], Value::Array(vec![]));
    assert_eq!(entry(&home, "cert.forbid_import")["value"], false);
}

#[test]
fn a_folder_that_comes_later_is_noticed() {
    let home = Home::new();
    fs::remove_dir_all(home.path().join("config")).unwrap();
    let _agent = home.agent(&["--virtual"]);
    let watch = home.watch();
    home.configure("[tray]\nvisible = false\n");
    watch.event("policy_changed");
    assert_eq!(entry(&home, "tray.visible")["value"], false);
    home.configure("[tray]\nvisible = true\n");
    watch.event("policy_changed");
    assert_eq!(entry(&home, "tray.visible")["value"], true);
}

/// SIGHUP reads the settings and lets go of the card.
#[test]
fn a_hangup_lets_go_of_the_card() {
    let home = Home::new();
    let agent = home.agent_with_cards(&["--virtual"]);
    let watch = home.watch();
    home.kortti(&["unblock", "start", "--card", CARD], &[]).code(0);
    watch.event("challenge_issued");
    agent.signal(Signal::HUP);
    watch.event("challenge_void");
    home.kortti(&["cert", "list", "--card", CARD], &[]).code(0);
    home.kortti(&["unblock", "start", "--card", CARD], &[]).code(0);
    home.kortti(&["config", "reload"], &[]).code(0);
    watch.event("challenge_void");
    drop(agent);
}

/// Each of two users has an agent and settings of their own.
#[test]
fn two_users() {
    if !rustix::process::geteuid().is_root() {
        // Only root can start programs of somebody else; packaging/test says who runs it.
        return;
    }
    let mine = Home::new();
    mine.configure("[cert]\nforbid_import = true\n");
    let theirs = Home::of(STRANGER);
    theirs.configure("[cert]\nforbid_delete = true\n");
    let _my_agent = mine.agent(&["--virtual"]);
    let _their_agent = theirs.agent(&["--virtual"]);
    for (home, import, delete) in [(&mine, true, false), (&theirs, false, true)] {
        assert_eq!(entry(home, "cert.forbid_import")["value"], import);
        assert_eq!(entry(home, "cert.forbid_delete")["value"], delete);
    }
    let shown = theirs.kortti(&["config", "--json"], &[]).code(0).json();
    assert!(!shown.to_string().contains(mine.path().to_str().unwrap()));
}
