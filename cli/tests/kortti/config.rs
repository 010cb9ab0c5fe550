use std::fs;

use serde_json::json;

use crate::harness::Agent;
use crate::values::{access, certificate, status};

fn shown() -> serde_json::Value {
    json!({
        "config": {},
        "entries": [
            { "key": "cert.forbid_import", "value": true, "source": "managed", "place": "/etc/kortti/policy.toml",
              "locked": true },
            { "key": "notify.expiring_days", "value": [60, 30], "source": "user", "place": "mine", "locked": false },
            { "key": "tray.visible", "value": true, "source": "default", "locked": false },
        ],
        "problems": [{ "place": "/etc/kortti/config.toml", "line": 3, "reason": "unknown\u{1b} field" }],
        "places": ["/etc/kortti/policy.toml"],
    })
}

#[test]
fn every_setting_says_who_settled_it() {
    let agent = Agent::new([("config.show", Ok(shown()))]);
    let run = agent.run(&["config"], "");
    assert_eq!(
        run.ended(0, &[]).stdout,
        "KEY                   VALUE    SETTLED BY\n\
         cert.forbid_import    true     policy\n                      locked by /etc/kortti/policy.toml\n\
         notify.expiring_days  [60,30]  you\n\
         tray.visible          true     default\n"
    );
    assert!(run.stderr.contains("config.toml, line 3: unknown\\u{1b} field"), "{}", run.stderr);
    let run = agent.run(&["config", "list", "--json"], "");
    assert_eq!(run.ended(0, &[]).json()["entries"][0]["locked"], true);
    assert_eq!(agent.run(&["config", "get", "notify.expiring_days"], "").ended(0, &[]).stdout, "[60,30]\n");
    let run = agent.run(&["config", "get", "notify.expire"], "");
    assert!(run.ended(1, &[]).stderr.contains("notify.expire"));
}

#[test]
fn a_setting_is_changed_without_an_agent() {
    let agent = Agent::none();
    let run = agent.run(&["config", "set", "notify.card_out", "false", "--json"], "");
    assert_eq!(run.ended(0, &[]).json()["value"], false);
    let run = agent.run(&["config", "set", "notify.title.card_in", "Hello"], "");
    assert_eq!(run.ended(0, &[]).stdout, "notify.title.card_in is \"Hello\" now.\n");
    let run = agent.run(&["config", "set", "notify.card_ou", "false"], "");
    assert!(run.ended(2, &[]).stderr.contains("unknown field"), "{}", run.stderr);
    let run = agent.run(&["config", "unset", "notify.title.card_in"], "");
    assert_eq!(run.ended(0, &[]).stdout, "Nobody sets notify.title.card_in now.\n");
    let file = agent.path("config/kortti/config.toml");
    assert_eq!(fs::read_to_string(file).unwrap().trim_end(), "[notify]\ncard_out = false\n\n[notify.title]");
}

#[test]
fn the_default_that_is_replaced_is_named_where_the_settings_say_so() {
    let mut config = json!({ "cert": { "warn_replace_default": true } });
    for (warns, code) in [(true, 130), (false, 0)] {
        config["cert"]["warn_replace_default"] = json!(warns);
        let mut shown = shown();
        shown["config"] = config.clone();
        let mut now = certificate("kxc00", 0);
        now["default"] = json!(true);
        let other = certificate("kxc01", 1);
        let agent = Agent::new([
            ("status", status()),
            ("config.show", Ok(shown)),
            ("cert.list", Ok(json!([now, other]))),
            ("cert.view", Ok(json!({ "summary": other, "fields": null, "chain": [] }))),
            ("card.access", access(3)),
            ("cert.default", Ok(other.clone())),
        ]);
        let mut dialogue = agent.start(&["cert", "default", "kxc01"]);
        if warns {
            dialogue.expect("another certificate takes its place").expect("Go on?").press("n\n");
        } else {
            dialogue.expect("PIN: ").press("123456\n");
        }
        dialogue.finish().ended(code, &["123456"]);
    }
}
