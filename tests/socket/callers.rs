//! The record of writes names the program that asked.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use harness::programs::Home;
use serde_json::Value;

/// The overflow user, whom every Linux system has: nothing is closed to root, so somebody else must run the programs.
const USER: u32 = 65534;

#[test]
fn who_asked() {
    let root = fs::metadata("/proc/self").unwrap().uid() == 0;
    let home = if root { Home::of(USER) } else { Home::new() };
    let _agent = home.agent_with_cards(&["--virtual"]);
    let change = ["pin", "change", "--pin-stdin", "--reader", "Kortti Virtual Reader 00 00"];
    home.kortti(&change, &["999999", "654321"]).code(5);
    home.kortti(&change, &["123456", "654321"]).code(0);
    let log = home.kortti(&["log", "--json"], &[]).code(0).json();
    let records = log["records"].as_array().unwrap();
    let refused: Vec<&Value> = records.iter().map(|record| &record["refused"]).collect();
    assert_eq!(refused, [&Value::from("wrong_pin"), &Value::Null]);
    for record in records {
        // Nobody of the same user may look into `kortti`, so the kernel tells its name and no more.
        assert_eq!(record["program"]["path"], "kortti", "{record}");
        assert!(record["program"]["pid"].as_u64().is_some_and(|pid| pid > 1), "{record}");
        assert_eq!(record["csn"], "7D1F93C2A4E05B68B19C3D2E6F804A57");
    }
    let folder = home.path().join("kortti");
    for name in ["audit.log", "agent.lock"] {
        let found = fs::metadata(folder.join(name)).unwrap();
        assert_eq!(found.mode() & 0o777, 0o600, "{name}");
    }
}
