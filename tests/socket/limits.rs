//! How long a line may be, how long it may take, and how many may be connected.

use std::thread;
use std::time::{Duration, Instant};

use harness::programs::Home;
use harness::wire::Wire;
use serde_json::json;
use shared::rpc::MAX_LINE;

const CONNECTIONS: usize = 64;

#[test]
fn a_line_has_a_length() {
    let home = Home::new();
    let _agent = home.agent(&["--virtual"]);
    let request = |length: usize| {
        let head = r#"{"jsonrpc":"2.0","id":1,"method":"status","padding":""#;
        format!("{head}{}\"}}\n", "x".repeat(length - head.len() - 2)).into_bytes()
    };
    let mut wire = Wire::open(&home);
    for length in [4095, 4096, 4097, MAX_LINE] {
        wire.send(&request(length)).unwrap();
        assert!(wire.json().get("result").is_some(), "{length}");
    }
    for long in [request(MAX_LINE + 4096), request(3 * MAX_LINE), b"x".repeat(2 * MAX_LINE)] {
        let mut wire = Wire::open(&home);
        // The agent may close the connection before all of it is sent.
        let _ = wire.send(&long);
        let answer = wire.json();
        assert_eq!(answer["error"]["code"], -32600, "{answer}");
        assert_eq!(answer["error"]["data"]["code"], "bad_request");
        assert!(answer["id"].is_null());
        assert_eq!(wire.line(), None);
    }
    assert!(wire.call("status", &json!({})).is_ok(), "the others go on");
}

#[test]
fn a_request_has_a_time() {
    let home = Home::new();
    let _agent = home.agent(&["--virtual"]);
    let half = br#"{"jsonrpc":"2.0","id":1,"method":"stat"#;
    // Sent once, sent bit by bit, and left lying behind a whole one.
    let at_once = |wire: &mut Wire| wire.send(half).unwrap();
    let bit_by_bit = |wire: &mut Wire| {
        while wire.send(b" ").is_ok() {
            thread::sleep(Duration::from_millis(200));
        }
    };
    let behind_another = |wire: &mut Wire| {
        let whole = b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\"}\n";
        wire.send(&[&whole[..], half].concat()).unwrap();
        assert!(wire.json().get("result").is_some());
    };
    let ways: [&(dyn Fn(&mut Wire) + Sync); 3] = [&at_once, &bit_by_bit, &behind_another];
    thread::scope(|scope| {
        for way in ways {
            scope.spawn(|| {
                let mut wire = Wire::open(&home);
                let begun = Instant::now();
                way(&mut wire);
                assert_eq!(wire.line(), None);
                let took = begun.elapsed();
                assert!(took > Duration::from_secs(9) && took < Duration::from_secs(60), "{took:?}");
            });
        }
        // Whoever reads no answers is let go of too, and holds up nobody.
        scope.spawn(|| {
            let wire = Wire::open(&home);
            let begun = Instant::now();
            while wire.request(1, "card.show", &json!({})).is_ok() {}
            let took = begun.elapsed();
            assert!(took > Duration::from_secs(4) && took < Duration::from_secs(60), "{took:?}");
        });
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(3) {
            assert!(Wire::open(&home).call("status", &json!({})).is_ok());
        }
    });
}

#[test]
fn so_many_may_be_connected() {
    let home = Home::new();
    let _agent = home.agent(&["--virtual"]);
    let mut wires: Vec<Wire> = (0..CONNECTIONS).map(|_| Wire::open(&home)).collect();
    for wire in &mut wires {
        assert!(wire.call("status", &json!({})).is_ok());
    }
    for _ in 0..3 {
        let mut one_too_many = Wire::open(&home);
        let told = one_too_many.json();
        assert_eq!(told["error"]["data"]["code"], "busy", "{told}");
        assert!(told["id"].is_null());
        assert_eq!(one_too_many.line(), None);
    }
    for _ in 0..10 {
        home.kortti(&["status"], &[]).code(8);
    }
    for wire in &mut wires {
        assert!(wire.call("status", &json!({})).is_ok());
    }
    drop(wires.pop());
    // The agent notices in its own time that somebody has gone.
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let mut next = Wire::open(&home);
        let _ = next.request(7, "status", &json!({}));
        match next.json()["id"].as_u64() {
            Some(7) => break,
            _ => assert!(Instant::now() < end, "the place was not given back"),
        }
    }
}
