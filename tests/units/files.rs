//! The files under `packaging`, as the programs that they are made for read them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use harness::programs::{Home, programs};

fn packaging() -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../packaging")).to_owned()
}

/// The files of a folder of `packaging`.
fn folder(name: &str) -> Vec<PathBuf> {
    let found: Vec<PathBuf> =
        fs::read_dir(packaging().join(name)).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!found.is_empty());
    found
}

/// Runs a witness, and returns all that it says.
#[track_caller]
fn content(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(output.status.success(), "{command:?}\n{said}");
    said
}

/// The units in a folder of their own, with programs that are there: the verifier looks for them.
fn units(home: &Home) -> Vec<PathBuf> {
    let agent = programs().join("kortti-agent").display().to_string();
    let units = folder("systemd").into_iter().map(|unit| {
        let text = fs::read_to_string(&unit).unwrap();
        let text =
            text.replace("/usr/bin/kortti-agent", &agent).replace("/usr/bin/kortti-desktop", "/bin/true");
        let place = home.path().join(unit.file_name().unwrap());
        fs::write(&place, text).unwrap();
        place
    });
    units.collect()
}

#[test]
fn systemd_understands_the_units() {
    let home = Home::new();
    let units = units(&home);
    let mut verify = Command::new("systemd-analyze");
    verify.args(["--user", "verify"]).args(&units);
    verify.env("XDG_RUNTIME_DIR", home.path()).env("HOME", home.path());
    // What is misspelt or meaningless is ignored by systemd, and said.
    assert_eq!(content(&mut verify), "");
    // That it would be.
    let bad = home.path().join("kortti-agent.socket");
    fs::write(&bad, fs::read_to_string(&bad).unwrap().replace("RemoveOnStop", "RemoveAtStop")).unwrap();
    assert!(content(&mut verify).contains("RemoveAtStop"));
}

/// The exposure that systemd computes, out of 10. It counts what only a system service can have, too.
#[test]
fn the_agent_is_exposed_little() {
    let home = Home::new();
    let unit = units(&home).into_iter().find(|unit| unit.ends_with("kortti-agent.service")).unwrap();
    let mut security = Command::new("systemd-analyze");
    let said =
        content(security.args(["security", "--offline=true", "--threshold=60", "--no-pager"]).arg(unit));
    println!("{}", said.lines().last().unwrap_or_default());
    for switched_on in
        ["NoNewPrivileges=", "MemoryDenyWriteExecute=", "RestrictNamespaces=~user", "LockPersonality="]
    {
        let line = said.lines().find(|line| line.contains(switched_on)).unwrap();
        assert!(line.contains('✓'), "{line}");
    }
    for family in ["RestrictAddressFamilies=~AF_(INET|INET6)", "RestrictAddressFamilies=~AF_PACKET"] {
        assert!(said.lines().any(|line| line.contains('✓') && line.contains(family)), "{family}\n{said}");
    }
}

#[test]
fn desktop_entries() {
    for entry in folder("desktop") {
        let said = content(Command::new("desktop-file-validate").arg("--warn-kde").arg(&entry));
        assert_eq!(said, "", "{}", entry.display());
    }
}

#[test]
fn property_lists() {
    let read = "import plistlib,sys,json; print(json.dumps(plistlib.load(open(sys.argv[1],'rb'))))";
    for list in folder("launchd") {
        let said = content(Command::new("/usr/bin/python3").args(["-c", read]).arg(&list));
        let list_says: serde_json::Value = serde_json::from_str(&said).unwrap();
        let label = list_says["Label"].as_str().unwrap();
        assert_eq!(list.file_name().unwrap().to_str().unwrap(), format!("{label}.plist"));
        assert_eq!(list_says["RunAtLoad"], true);
    }
}
