use serde_json::json;
use serde_json::value::to_raw_value;
use shared::model::Csn;

use super::*;
use crate::checkup::{End, Lasting};

fn rules(size_kib: u32, keep: u16) -> Rules {
    Rules { enabled: true, size_kib, keep }
}

fn done(reply: &serde_json::Value) -> std::result::Result<Box<RawValue>, Fault> {
    Ok(to_raw_value(reply).unwrap())
}

fn refused(code: ErrorCode, tries_left: Option<u8>) -> std::result::Result<Box<RawValue>, Fault> {
    let data = Error { tries_left, ..Error::new(code, "No.") };
    Err(Fault { code: -32000, message: data.message.clone(), data })
}

fn on(card: u8) -> Request {
    let meant = Meant { reader: Some("R".to_owned()), csn: Some(Csn::new(&[card; 8])), seen: None };
    Request { meant, about: None }
}

fn read(audit: &Audit, limit: u16, card: Option<&str>) -> Vec<AuditRecord> {
    audit.read(&LogParams { limit, card: card.map(str::to_owned) }).unwrap().records
}

fn program(pid: u32) -> Program {
    Program { pid: Some(pid), path: Some("/usr/bin/kortti".to_owned()) }
}

#[test]
fn what_is_written_down() {
    let home = tempfile::tempdir().unwrap();
    let audit = Audit::new(Some(home.path().join("state/kortti")));
    assert_eq!(read(&audit, 10, None), []);
    for (method, reply, about, tries_left) in [
        ("pin.change", done(&json!({ "role": 1, "tries_left": 3 })), None, Some(3)),
        ("cert.move", done(&json!({ "id": "9a", "slot": "9A" })), Some("9a"), None),
        ("cert.import", done(&json!({ "certificate": { "id": "kxc00" }, "chain": [] })), Some("kxc00"), None),
        (
            "cert.generate",
            done(&json!({ "certificate": null, "container": 154, "slot": "9C" })),
            Some("9C"),
            None,
        ),
        ("cert.generate", done(&json!({ "certificate": null, "container": 3 })), Some("3"), None),
        ("pin.tries", done(&json!([{ "role": 1, "tries_left": 5 }])), None, None),
        ("cert.delete", done(&json!({ "orphans": ["x"], "default": null })), None, None),
        ("agent.stop", done(&json!({})), None, None),
        ("pin.change", refused(ErrorCode::WrongPin, Some(2)), None, Some(2)),
    ] {
        audit.record(&rules(1024, 5), method, on(7), &program(4711), &reply);
        let [record] = &read(&audit, 1, None)[..] else { panic!("{method}") };
        let code = reply.err().map(|fault| fault.data.code);
        assert_eq!((record.method.as_str(), record.refused), (method, code));
        assert_eq!((record.about.as_deref(), record.tries_left), (about, tries_left), "{method}");
        assert_eq!((record.reader.as_deref(), &record.csn), (Some("R"), &Some(Csn::new(&[7; 8]))));
        assert_eq!(record.program, program(4711));
    }
    assert_eq!(read(&audit, 1000, None).len(), 9);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(home.path().join("state/kortti/audit.log")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let off = Rules { enabled: false, ..rules(1, 1) };
    audit.record(&off, "agent.stop", on(7), &program(1), &done(&json!({})));
    assert_eq!(read(&audit, 1000, None).len(), 9);
}

/// Nothing that is said in a request is taken for what it is about unless it cannot be a secret.
#[test]
fn what_a_request_is_about() {
    let lasting = |id: &str, sha1: &str| Lasting {
        id: id.to_owned(),
        common_name: String::new(),
        sha1: sha1.repeat(20),
        sha256: "CD".repeat(32),
        end: End { text: String::new(), at: 0 },
        retired: false,
    };
    let seen = Seen {
        time: String::new(),
        pins: Vec::new(),
        marks: Default::default(),
        count: 1,
        certificates: vec![lasting("usr99", "12")],
        expiry: None,
    };
    for (method, params, about_it) in [
        ("pin.change", json!({}), Some("1")),
        ("pin.change", json!({ "role": 2, "current": "123456" }), Some("2")),
        ("unblock.puk", json!({ "role": 4 }), Some("4")),
        ("unblock.finish", json!({ "response": "AA", "role": 9 }), None),
        ("cert.delete", json!({ "certificate": "kxc00" }), Some("kxc00")),
        ("cert.delete", json!({ "certificate": "9d" }), Some("9d")),
        ("cert.delete", json!({ "certificate": "17" }), Some("17")),
        ("cert.delete", json!({ "certificate": "USR99" }), Some("usr99")),
        ("cert.delete", json!({ "certificate": "1212 1212" }), Some("usr99")),
        ("cert.delete", json!({ "certificate": "cd:cd:cd:cd" }), Some("usr99")),
        ("cert.delete", json!({ "certificate": "12121" }), None),
        ("cert.delete", json!({ "certificate": "12345678" }), None),
        ("cert.delete", json!({ "certificate": "1234" }), None),
        ("cert.delete", json!({ "certificate": "kxc0000" }), None),
        ("cert.delete", json!({ "certificate": "0123456789ABCDEFFEDCBA987654321089ABCDEF01234567" }), None),
        ("cert.import", json!({ "slot": "9A", "file": "AAAA", "password": "abc" }), Some("9A")),
        ("cert.import", json!({ "slot": "secret" }), None),
        ("cert.move", json!({ "certificate": "9d", "slot": "82" }), Some("9d")),
        ("card.repair", json!({ "pin": "123" }), None),
    ] {
        let asked: Asked = serde_json::from_value(params.clone()).unwrap();
        assert_eq!(about(method, &asked, Some(&seen)).as_deref(), about_it, "{method} {params}");
    }
}

#[test]
fn requests_that_make_no_sense_are_recorded_without_what_they_say() {
    let registry = Registry::new(true);
    for params in [r#""1234""#, "[]", r#"{"role":"1234"}"#, r#"{"select":"1234"}"#, r#"{"certificate":[]}"#] {
        let params = RawValue::from_string(params.to_owned()).unwrap();
        let request = request(&registry, "pin.change", Some(&params)).unwrap();
        assert!(!request.names_a_card() && request.about.is_none(), "{params}");
    }
    for method in ["cert.list", "pin.list", "card.show", "status", "hello", "virtual.insert", "nonsense", ""]
    {
        assert!(request(&registry, method, None).is_none(), "{method}");
    }
    let known = RECORDED.iter().all(|method| shared::rpc::methods::ALL.contains(method));
    assert!(known && RECORDED.iter().all(|method| request(&registry, method, None).is_some()));
}

#[test]
fn files_move_on_and_are_read_together() {
    let home = tempfile::tempdir().unwrap();
    let audit = Audit::new(Some(home.path().to_owned()));
    for number in 0..60 {
        let card = u8::try_from(number % 3).unwrap();
        audit.record(&rules(1, 50), "agent.stop", on(card), &program(number), &done(&json!({})));
    }
    let files = fs::read_dir(home.path()).unwrap().count();
    assert!(files > 5, "{files}");
    for file in fs::read_dir(home.path()).unwrap() {
        assert!(file.unwrap().metadata().unwrap().len() <= 1024);
    }
    let numbers = |records: Vec<AuditRecord>| -> Vec<u32> {
        records.iter().map(|record| record.program.pid.unwrap()).collect()
    };
    assert_eq!(numbers(read(&audit, 1000, None)), (0..60).collect::<Vec<_>>());
    assert_eq!(numbers(read(&audit, 7, None)), (53..60).collect::<Vec<_>>());
    let of_one = Csn::new(&[1; 8]);
    assert_eq!(numbers(read(&audit, 5, Some(of_one.as_str()))), [46, 49, 52, 55, 58]);
    assert_eq!(
        numbers(read(&audit, 1000, Some("0101 0101"))),
        (0..20).map(|n| 3 * n + 1).collect::<Vec<_>>()
    );
    assert_eq!(read(&audit, 1000, Some("09090909")), []);
    // Fewer are kept from now on, as the settings say; those beyond stay where they are and are read no less.
    fs::remove_file(home.path().join("audit.log")).unwrap();
    assert!(read(&audit, 1000, None).len() > 40, "a file that is missing hides no others");
}

#[test]
fn lines_that_are_none_are_passed_over() {
    let home = tempfile::tempdir().unwrap();
    let audit = Audit::new(Some(home.path().to_owned()));
    let path = home.path().join(NAME);
    audit.record(&rules(1024, 5), "agent.stop", on(1), &program(1), &done(&json!({})));
    let good = fs::read_to_string(&path).unwrap();
    let endless = format!("{}{}\n", "x".repeat(5 << 20), good.trim_end());
    fs::write(&path, format!("\n\0\0\n{{}}\n{endless}{good}\"\u{FFFD}\n[1,2\n{}", &good[..40])).unwrap();
    assert_eq!(read(&audit, 10, None).len(), 1);
    audit.record(&rules(1024, 5), "agent.stop", on(1), &program(2), &done(&json!({})));
    let records = read(&audit, 10, None);
    assert_eq!(records.iter().map(|record| record.program.pid).collect::<Vec<_>>(), [Some(1), Some(2)]);
}

#[test]
fn what_cannot_be_asked() {
    let home = tempfile::tempdir().unwrap();
    let audit = Audit::new(Some(home.path().to_owned()));
    for limit in [0, MOST_RECORDS + 1] {
        let error = audit.read(&LogParams { limit, card: None }).unwrap_err();
        assert_eq!(error.code, ErrorCode::BadRequest);
    }
    let nowhere = Audit::new(None);
    nowhere.record(&rules(1, 1), "agent.stop", on(1), &program(1), &done(&json!({})));
    assert_eq!(nowhere.read(&LogParams { limit: 1, card: None }).unwrap_err().code, ErrorCode::System);
    fs::create_dir(home.path().join(NAME)).unwrap();
    assert_eq!(audit.read(&LogParams { limit: 1, card: None }).unwrap_err().code, ErrorCode::System);
}

/// A path is as long as whoever starts the program wants it.
#[test]
fn a_record_fits_the_smallest_file() {
    let home = tempfile::tempdir().unwrap();
    let audit = Audit::new(Some(home.path().to_owned()));
    let long = Program { pid: Some(1), path: Some("\u{1}".repeat(400)) };
    audit.record(&rules(1, 0), "pin.change", on(1), &long, &refused(ErrorCode::LastTry, Some(1)));
    let [record] = &read(&audit, 10, None)[..] else { panic!() };
    assert_eq!(record.program, Program { pid: Some(1), path: None });
}

#[cfg(unix)]
#[test]
fn what_cannot_be_written_hinders_nobody() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("kortti");
    fs::write(&folder, "").unwrap();
    let audit = Audit::new(Some(folder.clone()));
    for _ in 0..3 {
        audit.record(&rules(1, 1), "agent.stop", on(1), &program(1), &done(&json!({})));
        assert!(*audit.failing.lock().unwrap());
    }
    fs::remove_file(&folder).unwrap();
    audit.record(&rules(1, 1), "agent.stop", on(1), &program(1), &done(&json!({})));
    assert!(!*audit.failing.lock().unwrap());
    assert_eq!(read(&audit, 10, None).len(), 1);
}
