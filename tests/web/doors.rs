//! Who is let in: one page, from one origin, of one user.

use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use harness::programs::{AgentProcess, Home, programs};
use serde_json::json;

use crate::server::{PATIENCE, Reply, STATUS, Server};

/// Somebody else: the overflow user, whom every Linux system has.
const STRANGER: u32 = 65534;

#[test]
fn other_hosts_and_other_pages_are_refused() {
    let home = Home::new();
    let _agent = home.agent(&["--virtual"]);
    let server = Server::start(&home);
    let page = server.open();
    let (port, mine) = (server.port, page.credentials());
    let good = server.head("POST", "/call");
    let say = |head: &str| {
        let request = format!("{head}{mine}Content-Length: {}\r\n\r\n{STATUS}", STATUS.len());
        server.say(request.as_bytes())
    };
    assert_eq!(say(&good).status, 200);
    let host = format!("Host: 127.0.0.1:{port}\r\n");
    let origin = format!("Origin: http://127.0.0.1:{port}\r\n");
    let referer = format!("Referer: http://127.0.0.1:{port}/\r\n");
    let json_type = "Content-Type: application/json\r\n";
    for (from, to, status) in [
        (host.as_str(), String::new(), 421),
        (&host, format!("Host: localhost:{port}\r\n"), 421),
        (&host, format!("Host: 127.evil.example:{port}\r\n"), 421),
        (&host, format!("Host: 127.0.0.1.evil.example:{port}\r\n"), 421),
        (&host, format!("Host: evil.example:{port}\r\n"), 421),
        (&host, "Host: 127.0.0.1\r\n".into(), 421),
        (&host, format!("{host}{host}"), 421),
        (&origin, String::new(), 403),
        (&origin, "Origin: http://evil.example\r\n".into(), 403),
        (&origin, "Origin: null\r\n".into(), 403),
        (&origin, format!("Origin: http://127.0.0.1:{}\r\n", port - 1), 403),
        (&origin, format!("Origin: http://127.0.0.1:{port}.evil.example\r\n"), 403),
        (&origin, format!("Origin: http://localhost:{port}\r\n"), 403),
        (&referer, String::new(), 403),
        (&referer, "Referer: \r\n".into(), 403),
        (&referer, "Referer: http://evil.example/\r\n".into(), 403),
        (&referer, format!("Referer: http://evil.example/http://127.0.0.1:{port}/\r\n"), 403),
        (&referer, format!("Referer: http://127.0.0.1:{port}@evil.example/\r\n"), 403),
        (&referer, format!("Referer: http://127.0.0.1:{}/\r\n", port - 1), 403),
        (&referer, format!("Referer: http://localhost:{port}/\r\n"), 403),
        (&referer, format!("{referer}Referer: http://evil.example/\r\n"), 403),
        (&origin, referer.clone(), 403),
        (json_type, String::new(), 415),
        (json_type, "Content-Type: text/plain\r\n".into(), 415),
        (json_type, "Content-Type: application/x-www-form-urlencoded\r\n".into(), 415),
        (json_type, "Content-Type: application/json; charset=utf-8\r\n".into(), 415),
    ] {
        let reply = say(&good.replace(from, &to));
        assert_eq!(reply.status, status, "{to:?}: {reply:?}");
        assert!(!reply.body.contains("readers"), "{reply:?}");
    }
    for method in ["PUT", "DELETE", "PATCH", "HEAD", "TRACE", "CONNECT"] {
        let reply = say(&good.replace("POST", method));
        assert!([400, 405, 421].contains(&reply.status), "{method}: {reply:?}");
    }
    // A session is no sooner opened for somebody else, and no event told.
    let session = json!({ "token": server.token }).to_string();
    for (path, body) in [("/session", session.as_str()), ("/events", r#"{"start":false}"#)] {
        for to in ["", "Referer: http://evil.example/\r\n"] {
            let head = server.head("POST", path).replace(&referer, to);
            let request = format!("{head}{mine}Content-Length: {}\r\n\r\n{body}", body.len());
            assert_eq!(server.say(request.as_bytes()).status, 403, "{path} {to:?}");
        }
    }
    // What a browser asks before it lets a foreign page send JSON, or a header of its own.
    let preflight = good.replace("POST", "OPTIONS")
        + "Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: x-kortti\r\n";
    for head in [preflight.clone(), preflight.replace(&origin, "Origin: http://evil.example\r\n")] {
        let reply = say(&head);
        assert!([403, 405].contains(&reply.status), "{reply:?}");
        assert!(!reply.headers.iter().any(|(name, _)| name.starts_with("access-control")), "{reply:?}");
    }
}

#[test]
fn neither_cookie_nor_secret_is_enough_by_itself() {
    let home = Home::new();
    let _agent = home.agent(&["--virtual"]);
    let server = Server::start(&home);
    let (cookie, secret) = {
        let page = server.open();
        (page.cookie, page.secret)
    };
    let other = Server::start(&home);
    let foreign = other.open();
    for (lines, status) in [
        (String::new(), 401),
        (format!("Cookie: {cookie}\r\n"), 401),
        (format!("X-Kortti: {secret}\r\n"), 401),
        (format!("Cookie: {cookie}\r\nX-Kortti: {cookie}\r\n"), 401),
        (format!("Cookie: {}\r\nX-Kortti: {secret}\r\n", foreign.cookie), 401),
        (foreign.credentials(), 401),
        (format!("Cookie: {cookie}\r\nX-Kortti: {secret}\r\nX-Kortti: {secret}\r\n"), 401),
        (format!("Cookie: a=b; {cookie}\r\nX-Kortti: {secret}\r\n"), 200),
    ] {
        for path in ["/call", "/events"] {
            let body = if path == "/call" { STATUS } else { "{}" };
            let reply = server.request("POST", path, &lines, body);
            let expected = if path == "/events" && status == 200 { 400 } else { status };
            assert_eq!(reply.status, expected, "{path} {lines:?}: {reply:?}");
        }
    }
}

#[test]
fn a_link_that_was_used_twice_ends_everything() {
    let home = Home::new();
    let _agent = home.agent(&["--virtual"]);
    let mut server = Server::start(&home);
    for wrong in ["", "0", &"0".repeat(64), &format!("{}0", server.token)] {
        assert_eq!(server.trade(wrong).status, 403);
    }
    let credentials = server.open().credentials();
    assert_eq!(server.trade("guessed").status, 403);
    assert_eq!(server.request("POST", "/call", &credentials, STATUS).status, 200, "a guess disturbs nobody");
    let token = server.token.clone();
    assert_eq!(server.trade(&token).status, 403);
    let (status, words) = server.ends();
    assert!(status.success() && words.contains("a second time"), "{words}");
}

/// A home whose card takes so many milliseconds for a change of its PIN.
fn slow_home(delay: u32) -> Home {
    let home = Home::new();
    home.describe_slow(Duration::from_millis(delay.into()));
    home
}

/// Has the page change the PIN, and something else happen once the card has been sent the old one. The status of the answer (0 for none),
/// and the answer.
fn change_meanwhile(server: &Server, agent: &AgentProcess, meanwhile: impl FnOnce(&str)) -> Reply {
    let credentials = server.open().credentials();
    let change = json!({ "jsonrpc": "2.0", "id": 1, "method": "pin.change",
        "params": { "select": { "reader": "Reader 00 00" }, "role": 1, "current": "123456", "new": "654321" } });
    thread::scope(|scope| {
        let changed = scope.spawn(|| server.request("POST", "/call", &credentials, &change.to_string()));
        let end = Instant::now() + PATIENCE;
        while !agent.log().contains("VERIFY") {
            assert!(Instant::now() < end, "the card is not asked");
            thread::sleep(Duration::from_millis(5));
        }
        meanwhile(&credentials);
        changed.join().unwrap()
    })
}

#[test]
fn what_is_being_done_is_answered_before_the_end() {
    let home = slow_home(1500);
    let agent = home.agent_with_cards(&["--virtual", "cards.toml"]);
    let mut server = Server::start(&home);
    let begun = Instant::now();
    let reply = change_meanwhile(&server, &agent, |credentials| {
        assert_eq!(server.trade(&server.token).status, 403);
        // Whoever has the link gets nothing more done, and neither does the page.
        assert!([0, 401].contains(&server.request("POST", "/call", credentials, STATUS).status));
    });
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.json()["result"]["tries_left"], 3, "{reply:?}");
    assert!(begun.elapsed() > Duration::from_millis(1500), "the card was not slow");
    let (status, words) = server.ends();
    assert!(status.success() && words.contains("a second time"), "{words}");
}

#[test]
fn nothing_keeps_the_server_for_long_once_somebody_else_has_the_link() {
    let home = slow_home(60_000);
    let agent = home.agent_with_cards(&["--virtual", "cards.toml"]);
    let mut server = Server::start(&home);
    let mut betrayed = None;
    let reply = change_meanwhile(&server, &agent, |_| {
        assert_eq!(server.trade(&server.token).status, 403);
        betrayed = Some(Instant::now());
    });
    assert_eq!(reply.status, 0, "{reply:?}");
    let (status, words) = server.ends();
    assert!(status.success() && words.contains("a second time"), "{words}");
    assert!(betrayed.unwrap().elapsed() < Duration::from_secs(40), "{betrayed:?}");
    agent.kill();
}

#[test]
fn other_users_of_the_machine_get_nothing() {
    let home = Home::new();
    let server = Server::start(&home);
    if !rustix::process::geteuid().is_root() {
        eprintln!("only root can be somebody else: not tried");
        return;
    }
    assert!(visit(&server, None).starts_with("HTTP/1.1 200"));
    assert_eq!(visit(&server, Some(STRANGER)), "", "not a byte");
    assert!(visit(&server, None).starts_with("HTTP/1.1 200"), "and others go on");
    // Root is another user too, for a server that is not root's.
    let theirs = Home::of(STRANGER);
    let copied = Command::new("install")
        .args(["-m", "755"])
        .args([programs().join("kortti-web"), theirs.path().join("bin")])
        .status();
    assert!(copied.unwrap().success());
    let server = Server::start(&theirs);
    assert!(visit(&server, Some(STRANGER)).starts_with("HTTP/1.1 200"));
    assert_eq!(visit(&server, None), "", "not a byte");
}

/// What a program gets that asks for the page, as this user or as another one.
fn visit(server: &Server, user: Option<u32>) -> String {
    let script = format!(
        "exec 3<>/dev/tcp/127.0.0.1/{port} && printf 'GET / HTTP/1.1\\r\\nHost: 127.0.0.1:{port}\\r\\nConnection: close\\r\\n\\r\\n' >&3; cat <&3",
        port = server.port
    );
    let mut command = Command::new("bash");
    command.args(["-c", &script]).stdin(Stdio::null()).stderr(Stdio::null()).current_dir("/");
    if let Some(user) = user {
        command.uid(user).gid(user);
    }
    String::from_utf8(command.output().unwrap().stdout).unwrap()
}

#[test]
fn what_everybody_is_told_frames_and_caches_nothing() {
    let home = Home::new();
    let server = Server::start(&home);
    for (path, status) in [("/", 200), ("/js/main.js", 200), ("/nothing", 404), ("/call", 404)] {
        let reply = server.request("GET", path, "", "");
        assert_eq!(reply.status, status, "{path}");
        for (name, value) in [
            ("x-frame-options", "DENY"),
            ("x-content-type-options", "nosniff"),
            ("cache-control", "no-store"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
        ] {
            assert_eq!(reply.header(name), Some(value), "{path} {name}");
        }
        let policy = reply.header("content-security-policy").unwrap();
        for part in [
            "default-src 'none'",
            "frame-ancestors 'none'",
            "form-action 'none'",
            "script-src 'self'",
            "require-trusted-types-for 'script'",
        ] {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert!(!reply.headers.iter().any(|(name, _)| name.starts_with("access-control")), "{reply:?}");
    }
}

#[test]
fn no_path_leads_out_of_the_page() {
    let home = Home::new();
    let server = Server::start(&home);
    for path in [
        "/../../../../etc/passwd",
        "/js/../../../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/..%2f..%2fetc/passwd",
        "//etc/passwd",
        "/text/en.ftl",
        "/index.html%00.js",
        "/?x",
        "/js",
    ] {
        let reply = server.request("GET", path, "", "");
        assert_eq!(reply.status, 404, "{path}: {reply:?}");
    }
    let port = server.port;
    // Nobody is a proxy here, and a host that stands in the address is not the one that was looked at.
    for (target, status) in [
        (format!("http://127.0.0.1:{port}/"), 421),
        (format!("http://evil.example:{port}/"), 421),
        ("*".into(), 404),
    ] {
        let request = format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
        let reply = server.say(request.as_bytes());
        assert_eq!((reply.status, reply.body.as_str()), (status, ""), "{target}");
    }
}

#[test]
fn the_page_cannot_do_what_is_not_its_business() {
    let home = Home::new();
    let _agent = home.agent(&["--virtual"]);
    let server = Server::start(&home);
    let page = server.open();
    for method in [
        "agent.stop",
        "agent.reload",
        "virtual.remove",
        "desktop.report",
        "subscribe",
        "cert.generate",
        "page.save",
    ] {
        let answer = page.method(method, &json!({ "name": "x", "content": "" }));
        assert_eq!(answer["error"]["data"]["code"], "bad_request", "{method}: {answer}");
    }
    assert_eq!(page.method("status", &json!({}))["result"]["readers"].as_array().unwrap().len(), 2);
}
