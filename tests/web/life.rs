//! When the page is there, and when it is not any more.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use harness::desktop::{file, script};
use harness::programs::Home;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::server::{PATIENCE, Server, next_event};

const READER: &str = "Kortti Virtual Reader 00 00";
/// Between two requests of a page that is used.
const PAUSE: Duration = Duration::from_millis(50);

#[test]
fn it_ends_when_the_page_has_been_closed_for_a_while() {
    let home = Home::new();
    let _agent = home.agent(&["--virtual"]);
    let mut server = Server::start_with(&home, &["--end-after", "4"]);
    {
        let page = server.open();
        let mut events = page.listen();
        next_event(&mut events, "snapshot");
        // A page that is reloaded is away for a moment.
        drop(events);
        let mut events = page.listen();
        next_event(&mut events, "snapshot");
        // What keeps it is the open page, not how long ago somebody asked for something.
        let end = Instant::now() + Duration::from_secs(5);
        while Instant::now() < end {
            assert!(page.method("page.start", &json!({}))["result"].is_object());
            thread::sleep(PAUSE);
        }
    }
    let (status, words) = server.ends();
    assert!(status.success() && words.contains("The page is closed."), "{words}");
}

#[test]
fn it_ends_when_it_is_asked_to() {
    let home = Home::new();
    for signal in [Signal::TERM, Signal::INT] {
        let mut server = Server::start(&home);
        kill_process(Pid::from_child(&server.child), signal).unwrap();
        let (status, words) = server.ends();
        assert!(status.success() && words.contains("asked to end"), "{words}");
    }
}

#[test]
fn events_come_and_the_agent_may_go_and_come_back() {
    let home = Home::new();
    let agent = home.agent_with_cards(&["--virtual"]);
    let server = Server::start(&home);
    let page = server.open();
    let mut events = page.listen();
    let snapshot = next_event(&mut events, "snapshot");
    assert_eq!(snapshot["readers"][0]["name"], READER);
    home.kortti(&["virtual", "remove", READER], &[]).code(0);
    assert_eq!(next_event(&mut events, "card_removed")["reader"], READER);
    drop(agent);
    let mut rest = String::new();
    while events.read_line(&mut rest).unwrap() > 0 {}
    assert_eq!(page.method("status", &json!({}))["error"]["data"]["code"], "no_agent");
    let refused =
        server.request("POST", "/events", &page.credentials(), &json!({ "start": false }).to_string());
    assert_eq!(refused.json()["error"]["data"]["code"], "no_agent");
    // The texts are there without it.
    assert_eq!(page.method("page.start", &json!({}))["result"]["host"], "web");
    let _agent = home.agent(&["--virtual"]);
    assert!(page.method("status", &json!({}))["result"].is_object());
    next_event(&mut page.listen(), "snapshot");
}

#[test]
fn the_page_can_start_the_agent() {
    let home = Home::new();
    let server = Server::start(&home);
    let page = server.open();
    assert_eq!(page.method("status", &json!({}))["error"]["data"]["code"], "no_agent");
    let _ended = Started(&home);
    let mut events = page.listen_to(true);
    next_event(&mut events, "snapshot");
    assert!(page.method("status", &json!({}))["result"].is_object());
    home.kortti(&["agent", "status"], &[]).code(0);
}

/// Ends the agent that a program started in the background.
struct Started<'h>(&'h Home);

impl Drop for Started<'_> {
    fn drop(&mut self) {
        self.0.kortti(&["agent", "stop"], &[]);
    }
}

#[test]
fn a_page_that_looks_for_an_agent_is_open() {
    let home = Home::new();
    let mut server = Server::start_with(&home, &["--end-after", "4"]);
    {
        let page = server.open();
        let end = Instant::now() + Duration::from_secs(6);
        while Instant::now() < end {
            let refused = server.request("POST", "/events", &page.credentials(), r#"{"start":false}"#);
            assert_eq!(refused.json()["error"]["data"]["code"], "no_agent");
            thread::sleep(PAUSE);
        }
    }
    let (status, words) = server.ends();
    assert!(status.success() && words.contains("The page is closed."), "{words}");
}

#[test]
fn the_policy_can_forbid_it() {
    let mut home = Home::new();
    home.manage("[web]\nallowed = false\n", "");
    for (program, arguments) in [("kortti-web", &["--no-open"][..]), ("kortti", &["web", "--no-open"])] {
        let output = home.program(program).args(arguments).stdin(Stdio::null()).output().unwrap();
        let words = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(7), "{words}");
        assert!(words.contains("do not allow") && output.stdout.is_empty(), "{words}");
    }
}

/// Settings that come to forbid the page while it is open.
#[test]
fn a_policy_that_comes_to_forbid_it_closes_it() {
    for agent in [true, false] {
        let home = Home::new();
        let _agent = agent.then(|| home.agent(&["--virtual"]));
        let mut server = Server::start(&home);
        let credentials = {
            let page = server.open();
            let mut events = agent.then(|| page.listen());
            if let Some(events) = &mut events {
                next_event(events, "snapshot");
            }
            assert!(page.method("page.start", &json!({}))["result"].is_object());
            home.configure("[web]\nallowed = false\n");
            if let Some(events) = &mut events {
                // A page that does nothing but listen is closed too.
                let (mut rest, end) = (String::new(), Instant::now() + PATIENCE);
                while events.read_line(&mut rest).unwrap_or(0) > 0 {
                    assert!(Instant::now() < end, "the page is still open");
                }
            }
            page.credentials()
        };
        if !agent {
            let start = r#"{"jsonrpc":"2.0","id":1,"method":"page.start","params":{}}"#;
            let reply = server.request("POST", "/call", &credentials, start);
            assert_eq!((reply.status, reply.body.as_str()), (401, ""), "{reply:?}");
        }
        let (status, words) = server.ends();
        assert_eq!(status.code(), Some(7), "{words}");
        assert!(words.contains("do not allow"), "{words}");
    }
}

/// A page that no one opened yet is not opened against the settings either.
#[test]
fn a_session_is_not_opened_against_the_settings() {
    let home = Home::new();
    let mut server = Server::start(&home);
    home.configure("[web]\nallowed = false\n");
    assert_eq!(server.trade(&server.token).status, 401);
    assert_eq!(server.ends().0.code(), Some(7));
}

#[test]
fn the_link_is_in_no_argument_and_its_file_is_nobody_elses() {
    let mut home = Home::new();
    // A browser that keeps what it was started with, and a copy of what it was led to.
    script(
        &home,
        "xdg-open",
        "echo \"$@\" > arguments; cp \"${1#file://}\" page; stat -c %a \"${1#file://}\" > mode; mv mode opened",
    );
    let path = format!("{}/path:/usr/bin:/bin", home.path().display());
    home.set("PATH", &path);
    let child = home
        .program("kortti-web")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    file(&home, "opened", |text| text.trim() == "600");
    let arguments = fs::read_to_string(home.path().join("arguments")).unwrap();
    let name = arguments.trim().strip_prefix("file://").unwrap().to_owned();
    assert!(!arguments.contains("token"), "{arguments}");
    let folder = fs::metadata(home.path().join("kortti")).unwrap();
    assert_eq!(folder.permissions().mode() & 0o777, 0o700);
    let page = fs::read_to_string(home.path().join("page")).unwrap();
    let link = page.split_once("url=").unwrap().1.split('"').next().unwrap();
    let (origin, token) = link.split_once("/#token=").unwrap();
    let port: u16 = origin.strip_prefix("http://127.0.0.1:").unwrap().parse().unwrap();
    for place in ["cmdline", "environ"] {
        let text = fs::read(format!("/proc/{}/{place}", child.id())).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&text).contains(token), "{place}");
    }
    // Once it was used there is no file any more.
    let mut browser = Server { child, port, token: token.to_owned() };
    browser.open();
    let end = Instant::now() + PATIENCE;
    while fs::exists(&name).unwrap() {
        assert!(Instant::now() < end, "{name} is still there");
        thread::sleep(PAUSE);
    }
    kill_process(Pid::from_child(&browser.child), Signal::TERM).unwrap();
    let (_, words) = browser.ends();
    assert!(!words.contains(token), "{words}");
}

#[test]
fn a_browser_that_cannot_be_started_is_told_of() {
    let mut home = Home::new();
    script(&home, "xdg-open", "exit 3");
    let path = format!("{}/path:/usr/bin:/bin", home.path().display());
    let folder = home.path().join("kortti");
    for (path, told_on_stderr) in [(path.as_str(), true), ("/nowhere", false)] {
        home.set("PATH", path);
        let mut command = home.program("kortti-web");
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut server = Server { child: child.unwrap(), port: 0, token: String::new() };
        let mut words = String::new();
        if told_on_stderr {
            let stderr = server.child.stderr.as_mut().unwrap();
            BufReader::new(stderr).read_line(&mut words).unwrap();
            assert!(words.contains("No browser opened the page"), "{words}");
        } else {
            let stdout = server.child.stdout.as_mut().unwrap();
            BufReader::new(stdout).read_line(&mut words).unwrap();
            assert!(words.contains("No browser can be started"), "{words}");
        }
        let links = || {
            let names = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name());
            names.filter(|name| name.to_string_lossy().starts_with("web-")).count()
        };
        assert_eq!(links(), 1);
        kill_process(Pid::from_child(&server.child), Signal::TERM).unwrap();
        server.ends();
        assert_eq!(links(), 0, "a link that nobody used goes with its server");
    }
}

#[test]
fn each_start_has_a_port_and_a_token_of_its_own() {
    let home = Home::new();
    let (one, other) = (Server::start(&home), Server::start(&home));
    assert_ne!(one.port, other.port);
    assert_ne!(one.token, other.token);
    assert_eq!(one.token.len(), 64);
    assert_eq!(other.trade(&one.token).status, 403);
}
