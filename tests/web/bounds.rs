//! Requests that are too large, too slow, too many or none at all: each costs its own connection, and nobody else's.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use harness::programs::Home;
use serde_json::json;

use crate::server::{PATIENCE, Reply, STATUS, Server};

#[test]
fn too_much_is_not_read() {
    let home = Home::new();
    let _agent = home.agent(&["--virtual"]);
    let server = Server::start(&home);
    let page = server.open();
    let head = server.head("POST", "/call");
    let mine = page.credentials();
    // Announced, and in pieces that add up.
    let announced = format!("{head}{mine}Content-Length: 99999999999\r\n\r\n");
    assert_eq!(server.say(announced.as_bytes()).status, 413);
    let mut pieces = format!("{head}{mine}Transfer-Encoding: chunked\r\n\r\n").into_bytes();
    for _ in 0..40 {
        pieces.extend_from_slice(b"10000\r\n");
        pieces.extend_from_slice(&[b' '; 0x10000]);
        pieces.extend_from_slice(b"\r\n");
    }
    assert!([413, 0].contains(&server.say(&pieces).status));
    let long = format!("{head}X-Long: {}\r\n\r\n", "x".repeat(100_000));
    assert!([431, 0].contains(&server.say(long.as_bytes()).status));
    let many = format!("{head}{}\r\n", "X-Many: 1\r\n".repeat(200));
    assert!([431, 0].contains(&server.say(many.as_bytes()).status));
    let path = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(100_000));
    assert!([414, 431, 0].contains(&server.say(path.as_bytes()).status));
    // A length that is none, and two of them.
    for lines in [
        "Content-Length: x\r\n",
        "Content-Length: 2\r\nContent-Length: 3\r\n",
        "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
    ] {
        let reply = server.say(format!("{head}{mine}{lines}\r\n{{}}").as_bytes());
        assert_ne!(reply.status, 200, "{lines:?}: {reply:?}");
    }
    // The largest file that may be imported passes.
    let file = "A".repeat(700_000);
    let answer = page.method(
        "cert.inspect",
        &json!({ "select": { "reader": "Kortti Virtual Reader 00 00" }, "file": file }),
    );
    assert_eq!(answer["error"]["data"]["code"], "bad_file", "{answer}");
}

#[test]
fn what_is_no_request_ends_its_connection_only() {
    let home = Home::new();
    let _agent = home.agent(&["--virtual"]);
    let server = Server::start(&home);
    let page = server.open();
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01"[..],
        b"\r\n\r\n\r\n",
        b"GET\r\n\r\n",
        b"\0\0\0\0",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
    ] {
        let reply = server.say(bytes);
        assert_ne!(reply.status, 200, "{bytes:?}: {reply:?}");
    }
    for body in ["", "null", "[]", "{", "\"", "{\"token\":7}", "\u{1}"] {
        assert_eq!(server.request("POST", "/session", "", body).status, 400, "{body}");
        assert_eq!(server.request("POST", "/events", &page.credentials(), body).status, 400, "{body}");
        let answer = server.request("POST", "/call", &page.credentials(), body).json();
        assert_eq!(answer["error"]["data"]["code"], "bad_request", "{body}");
    }
    assert!(page.method("status", &json!({}))["result"].is_object());
}

#[test]
fn half_a_request_keeps_nobody_waiting() {
    let home = Home::new();
    let _agent = home.agent(&["--virtual"]);
    let server = Server::start(&home);
    let page = server.open();
    let begun = Instant::now();
    let half = |bytes: &str| {
        let mut stream = server.connect();
        stream.write_all(bytes.as_bytes()).unwrap();
        stream
    };
    let head = half("POST /call HTTP/1.1\r\nHost: 127");
    let body =
        half(&format!("{}{}Content-Length: 100\r\n\r\n{{", server.head("POST", "/call"), page.credentials()));
    let silent: Vec<TcpStream> = (0..8).map(|_| server.connect()).collect();
    // Others are served meanwhile, and not when the first of these is closed after five seconds.
    let asked = Instant::now();
    assert!(page.method("status", &json!({}))["result"].is_object());
    assert!(asked.elapsed() < Duration::from_secs(4), "{:?}", asked.elapsed());
    assert!([408, 0].contains(&Reply::read(head).status));
    assert!([408, 0].contains(&Reply::read(body).status));
    for mut stream in silent {
        assert_eq!(stream.read(&mut [0; 16]).unwrap_or(0), 0, "a silent connection is closed");
    }
    assert!(begun.elapsed() < Duration::from_secs(40), "{:?}", begun.elapsed());
}

/// A body in pieces is as good as one with a length.
#[test]
fn a_body_may_come_in_pieces() {
    let home = Home::new();
    let server = Server::start(&home);
    let page = server.open();
    let head = server.head("POST", "/call");
    let mut request = format!("{head}{}Transfer-Encoding: chunked\r\n\r\n", page.credentials()).into_bytes();
    let start = r#"{"jsonrpc":"2.0","id":1,"method":"page.start","params":{}}"#;
    for piece in start.as_bytes().chunks(7).chain([&b" ".repeat(500_000)[..], b"\n"]) {
        request.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
        request.extend_from_slice(piece);
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"0\r\n\r\n");
    assert!(server.say(&request).json()["result"].is_object());
}

#[test]
fn a_crowd_is_turned_away_and_leaves_room_when_it_goes() {
    let home = Home::new();
    let _agent = home.agent(&["--virtual"]);
    let server = Server::start(&home);
    let page = server.open();
    let mut pages = Vec::new();
    let end = Instant::now() + PATIENCE;
    // The connection on which the session was opened may take a place for a moment longer.
    while pages.len() < 32 {
        assert!(Instant::now() < end, "there are only {} places", pages.len());
        pages.extend(page.try_listen(false));
        thread::sleep(Duration::from_millis(1));
    }
    let head = server.head("GET", "/");
    let crowd = (0..100).map(|_| {
        let mut stream = server.connect();
        // Those who are turned away need not have been heard.
        let _ = stream.write_all(format!("{head}\r\n").as_bytes());
        stream
    });
    for stream in crowd.collect::<Vec<_>>() {
        assert_eq!(Reply::read(stream).status, 0);
    }
    drop(pages);
    let end = Instant::now() + PATIENCE;
    // A place is given back in the server's own time.
    while server.request("POST", "/call", &page.credentials(), STATUS).status != 200 {
        assert!(Instant::now() < end, "there is no room");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn several_requests_on_one_connection_are_answered_in_order() {
    let home = Home::new();
    let _agent = home.agent(&["--virtual"]);
    let server = Server::start(&home);
    let page = server.open();
    let one = |id: usize, close: bool| {
        let body = json!({ "jsonrpc": "2.0", "id": id, "method": "status", "params": {} }).to_string();
        let head = server.head("POST", "/call");
        let head = if close { head } else { head.replace("Connection: close\r\n", "") };
        format!("{head}{}Content-Length: {}\r\n\r\n{body}", page.credentials(), body.len())
    };
    let together = one(1, false) + &one(2, false) + &one(3, true);
    let reply = server.say(together.as_bytes());
    let ids: Vec<&str> = reply.body.matches("\"id\":").map(|_| "").collect();
    assert!(ids.len() >= 3, "{reply:?}");
    let at = |id: usize| reply.body.find(&format!("\"id\":{id},")).unwrap();
    assert!(at(1) < at(2) && at(2) < at(3));
}
