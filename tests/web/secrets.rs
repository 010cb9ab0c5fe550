//! Marked secrets that the page sends are nowhere else afterwards.

use std::fs::{self, File};
use std::io::{Read, Seek as _, SeekFrom};
use std::time::{Duration, Instant};

use harness::programs::Home;
use serde_json::json;

use crate::server::{PATIENCE, Server};

const WRONG: &str = "7391046285";
const KEY: &str = "5A7E1C93B0D846F25A7E1C93B0D846F25A7E1C93B0D846F2";

#[test]
fn no_secret_is_left_in_what_is_written_or_said() {
    let home = Home::new();
    let _agent = home.agent(&["--virtual"]);
    let mut server = Server::start(&home);
    let pid = server.child.id();
    let said = {
        let page = server.open();
        let select = json!({ "reader": "Kortti Virtual Reader 00 00" });
        let answers = [
            page.method(
                "pin.change",
                &json!({ "select": select, "role": 1, "current": WRONG, "new": "9182736450" }),
            ),
            page.method("cert.inspect", &json!({ "select": select, "file": "AAAA", "password": WRONG })),
            page.method("page.respond", &json!({ "challenge": "A892D75601617C5D", "admin_key": KEY })),
            page.method("page.respond", &json!({ "challenge": "A892D75601617C5E FDAD", "admin_key": KEY })),
            page.method("pin.change", &json!({ "pin": WRONG, "nonsense": WRONG })),
            page.method(WRONG, &json!({})),
        ];
        for place in ["cmdline", "environ"] {
            let text = fs::read(format!("/proc/{pid}/{place}")).unwrap_or_default();
            let text = String::from_utf8_lossy(&text).into_owned();
            for secret in [&server.token, &page.secret, WRONG, KEY] {
                assert!(!text.contains(secret), "{place}");
            }
        }
        // The method's name is no secret and is repeated.
        answers[..5].iter().map(ToString::to_string).collect::<String>()
    };
    for secret in [WRONG, KEY, "9182736450"] {
        assert!(!said.contains(secret), "{said}");
    }
    for secret in [WRONG, KEY, "9182736450"] {
        forgotten(pid, secret);
    }
    // A core dump or another program of the same user would show its memory.
    let limits = fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
    rustix::process::kill_process(
        rustix::process::Pid::from_child(&server.child),
        rustix::process::Signal::TERM,
    )
    .unwrap();
    let (_, words) = server.ends();
    let files = written(home.path());
    for secret in [WRONG, KEY, "9182736450", &server.token] {
        assert!(!words.contains(secret), "{words}");
        let found = files.iter().find(|(_, text)| text.contains(secret)).map(|(name, _)| name);
        assert_eq!(found, None, "a secret is in a file");
    }
}

/// Waits until a process has a secret nowhere in its memory any more: what is freed is wiped, and a connection frees its buffers at its
/// end, which the other side may see first. Only root can look.
fn forgotten(pid: u32, secret: &str) {
    if !rustix::process::geteuid().is_root() {
        eprintln!("only root can look into the memory of another process: not tried");
        return;
    }
    let end = Instant::now() + PATIENCE;
    while holds(pid, secret.as_bytes()) {
        assert!(Instant::now() < end, "a secret stays in the memory of kortti-web");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn holds(pid: u32, sought: &[u8]) -> bool {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
    let mut memory = File::open(format!("/proc/{pid}/mem")).unwrap();
    let mut looked_at = 0;
    let found = maps.lines().filter(|line| line.contains(" rw-p ")).any(|line| {
        let (from, to) = line.split(' ').next().unwrap().split_once('-').unwrap();
        let [from, to] = [from, to].map(|address| u64::from_str_radix(address, 16).unwrap());
        let mut bytes = Vec::new();
        memory.seek(SeekFrom::Start(from)).unwrap();
        // Some pages cannot be read; what comes before them counts.
        let _ = Read::by_ref(&mut memory).take(to - from).read_to_end(&mut bytes);
        looked_at += bytes.len();
        bytes.windows(sought.len()).any(|window| window == sought)
    });
    assert!(found || looked_at > 100_000, "nothing was looked at");
    found
}

/// Everything that was written below a folder.
fn written(folder: &std::path::Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(written(&path));
        } else if path.is_file() {
            let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
            found.push((path.display().to_string(), text));
        }
    }
    found
}
