//! Hooks, as they are configured.

use harness::desktop::{Desktop, file, script, session};

use super::{FIRST, insert, remove};

#[test]
fn hooks_run_without_a_desktop() {
    let home = session(None, None);
    script(&home, "on-event", "{ printf '%s ' \"$KORTTI_EVENT\" \"$@\"; cat; } >> heard");
    home.configure(
        "[hook.on]\ncard_removed = [[\"on-event\", \"a b\"]]\ncard_identified = [[\"on-event\", \"$HOME;\"]]\n",
    );
    let _agent = home.agent(&["--virtual"]);
    let desktop = Desktop::start(&home, &["--headless"]);
    desktop.logs("Snapshot");
    remove(&home, FIRST);
    let heard = file(&home, "heard", |text| text.ends_with('\n'));
    assert!(heard.starts_with("card_removed a b {"), "{heard}");
    assert!(heard.contains("\"csn\":\"7D1F93C2A4E05B68B19C3D2E6F804A57\""), "{heard}");
    insert(&home, FIRST, "anna");
    let heard = file(&home, "heard", |text| text.lines().count() == 2 && text.ends_with('\n'));
    assert!(heard.contains("\ncard_identified $HOME; {"), "{heard}");
    assert!(!home.path().join("kortti/desktop.sock").exists());
}
