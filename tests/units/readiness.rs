//! What the agent tells the service manager (sd_notify(3)), whose part the test plays.

use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::process::Stdio;

use harness::programs::Home;
use harness::wire::Wire;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::{PATIENCE, Started};

/// The next message, as its assignments.
fn told(manager: &UnixDatagram) -> Vec<(String, String)> {
    let mut message = [0; 4096];
    let length = manager.recv(&mut message).unwrap();
    let message = std::str::from_utf8(&message[..length]).unwrap();
    let parted = message.lines().map(|line| line.split_once('=').unwrap());
    parted.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn value<'a>(told: &'a [(String, String)], name: &str) -> Option<&'a str> {
    told.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
}

/// Microseconds of the clock that the manager compares with (clock_gettime(2), CLOCK_MONOTONIC).
fn now() -> i64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec * 1_000_000 + now.tv_nsec / 1000
}

#[test]
fn ready_reloading_stopping() {
    for is_abstract in [false, true] {
        let home = Home::new();
        let (address, name) = if is_abstract {
            let name = format!("kortti-test{}", home.path().display());
            (SocketAddr::from_abstract_name(&name).unwrap(), format!("@{name}"))
        } else {
            let path = home.path().join("notify");
            (SocketAddr::from_pathname(&path).unwrap(), path.display().to_string())
        };
        let manager = UnixDatagram::bind_addr(&address).unwrap();
        manager.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut command = home.program("kortti-agent");
        command.arg("--virtual").env("NOTIFY_SOCKET", &name).stdout(Stdio::piped());
        let mut agent = Started::new(&mut command);

        let ready = told(&manager);
        assert_eq!(value(&ready, "READY"), Some("1"), "{ready:?}");
        assert_eq!(value(&ready, "STATUS"), Some("Watching the readers."));
        // Ready means that the socket can be used.
        let mut wire = Wire::open(&home);
        home.knows_its_cards();
        let reader = json!({ "select": { "reader": "Kortti Virtual Reader 00 00" } });
        wire.call("unblock.start", &reader).unwrap();
        assert_eq!(wire.call("unblock.status", &reader).unwrap()["state"], "good");

        let pid = Pid::from_child(&agent.0);
        let before = now();
        kill_process(pid, Signal::HUP).unwrap();
        let reloading = told(&manager);
        assert_eq!(value(&reloading, "RELOADING"), Some("1"), "{reloading:?}");
        let since: i64 = value(&reloading, "MONOTONIC_USEC").unwrap().parse().unwrap();
        assert!((before..=now()).contains(&since), "{before} {since}");
        assert_eq!(value(&told(&manager), "READY"), Some("1"));
        let state = wire.call("unblock.status", &reader).unwrap();
        assert_eq!(state["state"], "void", "the card is still kept: {state}");

        kill_process(pid, Signal::TERM).unwrap();
        assert_eq!(value(&told(&manager), "STOPPING"), Some("1"));
        assert!(agent.end().success());
        let mut said = String::new();
        std::io::Read::read_to_string(&mut agent.0.stdout.take().unwrap(), &mut said).unwrap();
        assert_eq!(said, "", "the line for clients would stand in the journal");
    }
}

#[test]
fn a_manager_that_is_gone_or_deaf_keeps_nobody() {
    let home = Home::new();
    let path = home.path().join("notify");
    let deaf = UnixDatagram::bind(&path).unwrap();
    // Its queue is full.
    let filler = UnixDatagram::unbound().unwrap();
    filler.set_nonblocking(true).unwrap();
    while filler.send_to(&[0; 512], &path).is_ok() {}
    for name in [path.to_str().unwrap(), "/nowhere/notify", "relative", "@", "vsock:2:3", "@\u{1}\u{2}"] {
        let home = Home::new();
        let mut command = home.program("kortti-agent");
        command.arg("--virtual").env("NOTIFY_SOCKET", name).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut agent = Started::new(&mut command);
        // Nobody was told, so whoever reads its output is.
        let mut first = String::new();
        let stdout = agent.0.stdout.take().unwrap();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut first).unwrap();
        assert_eq!(first.trim_end(), shared::client::READY, "{name:?}");
        Wire::open(&home).call("agent.stop", &json!({})).unwrap();
        assert!(agent.end().success(), "{name:?}");
    }
    drop(deaf);
}
