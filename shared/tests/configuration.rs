//! `docs/configuration.md` names every setting with its default.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;

use shared::config::{Config, Loaded, NoticeKind, Places, load};

const PAGE: &str = include_str!("../../docs/configuration.md");

#[test]
fn every_setting_is_documented_with_its_default() {
    let mut documented = BTreeMap::new();
    for row in PAGE.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let [keys, defaults, meaning] = cells[..] else { panic!("{row}") };
        assert!(!meaning.is_empty(), "{row}");
        let mut defaults = defaults.split("`, `").map(|default| default.trim_matches('`')).cycle();
        for key in keys.split(", ") {
            documented.insert(key.trim_matches('`').to_owned(), defaults.next().unwrap().to_owned());
        }
    }
    // It has no default, so that it is no row of the list.
    assert_eq!(documented.remove("readers.prefer").as_deref(), Some("none"));
    let known: BTreeMap<String, String> = load(&Places(Vec::new()), &Loaded::default())
        .entries
        .into_iter()
        .map(|entry| (entry.key, entry.value.to_string().replace(',', ", ")))
        .collect();
    assert_eq!(documented, known);
}

#[test]
fn every_kind_of_notice_has_its_switch() {
    let every = Config::default().notify;
    for kind in NoticeKind::ALL {
        let name = serde_json::to_value(kind).unwrap();
        let text = format!("[notify]\n{} = false\n", name.as_str().unwrap());
        let notify = toml::from_str::<Config>(&text).unwrap().notify;
        assert!(every.wants(kind) && !notify.wants(kind), "{text}");
        let others = NoticeKind::ALL.into_iter().filter(|other| *other != kind);
        assert!(others.into_iter().all(|other| notify.wants(other)), "{text}");
    }
}
