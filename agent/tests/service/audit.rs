//! Writes and refusals of them are recorded: who asked for what, and what came of it.

use std::fs;
use std::sync::Arc;

use agent::surroundings::Surroundings;
use card::virt::VirtualReaders;
use serde_json::value::RawValue;
use shared::ErrorCode;
use shared::config::Config;
use shared::model::{AuditRecord, Program, Role};
use shared::rpc::methods::{
    AgentStop, CertDelete, CertList, DeleteParams, Empty, LogParams, LogRead, OnCard, PinChange,
    PinChangeParams, PinList, Select, UnblockCancel,
};

use crate::challenge::{finish, response, start};
use crate::harness::{CARDS, READER, Rig, pin};

const CSN: &str = "7D1F93C2A4E05B68B19C3D2E6F804A57";

/// An agent that keeps a record in this folder, in files of one KiB.
fn rig(folder: &tempfile::TempDir) -> Rig {
    let readers = Arc::new(VirtualReaders::from_description(CARDS).unwrap());
    let mut config = Config::default();
    config.audit.size_kib = 1;
    config.audit.keep = 100;
    let surroundings = Surroundings { state: Some(folder.path().to_owned()), ..Surroundings::default() };
    Rig::with(readers, config, surroundings)
}

fn read(rig: &Rig, limit: u16) -> Vec<AuditRecord> {
    rig.call::<LogRead>(&LogParams { limit, card: None }).unwrap().records
}

fn change(current: &str, new: &str) -> PinChangeParams {
    PinChangeParams {
        select: Select::default(),
        role: Role::USER,
        current: Some(pin(current)),
        new: Some(pin(new)),
        last_try: false,
    }
}

#[test]
fn what_several_programs_asked_for() {
    let home = tempfile::tempdir().unwrap();
    let rig = rig(&home);
    let program =
        |pid: u32| Program { pid: Some(pid), path: Some(format!("/opt/program number {pid}\u{1b}[31m")) };
    let last = || read(&rig, 1).pop().unwrap();
    rig.call_as::<PinChange>(&program(1), &change("123456", "654321")).unwrap();
    let record = last();
    assert_eq!((record.method.as_str(), record.refused, record.tries_left), ("pin.change", None, Some(3)));
    assert_eq!((record.reader.as_deref(), record.csn.unwrap().as_str()), (Some(READER), CSN));
    assert_eq!((record.about.as_deref(), record.program), (Some("1"), program(1)));
    rig.call_as::<PinChange>(&program(2), &change("999999", "123456")).unwrap_err();
    let record = last();
    assert_eq!((record.refused, record.tries_left), (Some(ErrorCode::WrongPin), Some(2)));
    assert_eq!(record.program, program(2));
    // Refused without the card.
    let params = PinChangeParams { role: Role(9), ..change("123456", "654321") };
    rig.call_as::<PinChange>(&program(3), &params).unwrap_err();
    assert_eq!((last().refused, last().about.as_deref()), (Some(ErrorCode::NotFound), Some("9")));
    let nowhere = Select { reader: Some("None".to_owned()), card: None };
    rig.call_as::<PinChange>(&program(3), &PinChangeParams { select: nowhere, ..change("1", "2") })
        .unwrap_err();
    let record = last();
    assert_eq!((record.refused, record.reader, record.csn), (Some(ErrorCode::NoReader), None, None));
    let nonsense = RawValue::from_string(r#"{"current":["123456"],"role":"135790"}"#.to_owned()).unwrap();
    rig.service().dispatch(&program(4), "pin.change", Some(&nonsense)).unwrap_err();
    assert_eq!((last().refused, last().about), (Some(ErrorCode::BadRequest), None));
    // A challenge, with the card that it is of although it has gone.
    let answer = response(&start(&rig));
    assert_eq!(last().method, "unblock.start");
    finish(&rig, &answer, "123456").unwrap();
    assert_eq!((last().method.as_str(), last().refused), ("unblock.finish", None));
    start(&rig);
    let mut events = rig.events();
    rig.readers.remove(READER).unwrap();
    events.find(|change| matches!(change, shared::rpc::events::Change::ChallengeVoid { .. }));
    finish(&rig, &answer, "123456").unwrap_err();
    let record = last();
    assert_eq!(record.refused, Some(ErrorCode::ChallengeVoid));
    assert_eq!((record.reader.as_deref(), record.csn.unwrap().as_str()), (Some(READER), CSN));
    rig.call::<UnblockCancel>(&OnCard::default()).unwrap();
    rig.call::<AgentStop>(&Empty {}).unwrap();
    assert_eq!((last().method.as_str(), last().reader), ("agent.stop", None));
    // What only looks is not recorded.
    let before = read(&rig, 1000);
    rig.call::<PinList>(&OnCard::default()).unwrap_err();
    rig.call::<CertList>(&OnCard::default()).unwrap_err();
    assert_eq!(read(&rig, 1000), before);
    // Several files, and in none of them what was typed.
    let mut names = Vec::new();
    for file in fs::read_dir(home.path()).unwrap() {
        let file = file.unwrap();
        let text = fs::read_to_string(file.path()).unwrap();
        for secret in ["123456", "654321", "999999", "135790", &answer, &answer.replace(' ', "")] {
            assert!(!text.contains(secret), "{secret} stands in {text}");
        }
        names.push(file.file_name().into_string().unwrap());
    }
    assert!(names.iter().filter(|name| name.starts_with("audit.log")).count() > 1, "{names:?}");
}

/// What was deleted is named, also when it was called by something else than its name.
#[test]
fn a_certificate_by_its_name() {
    let home = tempfile::tempdir().unwrap();
    let surroundings = Surroundings { state: Some(home.path().to_owned()), ..Surroundings::default() };
    let rig = Rig::with(Arc::new(VirtualReaders::demo()), Config::default(), surroundings);
    let mut events = rig.events();
    let reader = "Kortti Virtual Reader 00 00";
    events.find(|change| {
        matches!(change, shared::rpc::events::Change::CardChecked { reader: there, .. } if there == reader)
    });
    let select = Select { reader: Some(reader.to_owned()), card: None };
    let listed = rig.call::<CertList>(&OnCard { select: select.clone() }).unwrap();
    let sha1 = listed[1].sha1.clone().unwrap().to_string();
    let delete = |certificate: &str, pin_text: &str| DeleteParams {
        select: select.clone(),
        certificate: certificate.to_owned(),
        keep_key: false,
        pin: Some(pin(pin_text)),
        management_key: None,
        last_try: false,
    };
    rig.call::<CertDelete>(&delete("12345678", "999999")).unwrap_err();
    rig.call::<CertDelete>(&delete(&sha1[..10], "123456")).unwrap();
    let records = read(&rig, 10);
    let shown: Vec<_> = records.iter().map(|record| (record.about.as_deref(), record.refused)).collect();
    assert_eq!(shown, [(None, Some(ErrorCode::NotFound)), (Some("kxc01"), None)]);
}

/// A disk that takes nothing hinders no operation.
#[test]
fn a_record_that_cannot_be_kept() {
    let home = tempfile::tempdir().unwrap();
    let rig = rig(&home);
    fs::create_dir(home.path().join("audit.log")).unwrap();
    rig.call::<PinChange>(&change("123456", "654321")).unwrap();
    assert_eq!(rig.card("anna").gids(|gids| gids.pin_is(b"654321")), Some(true));
    assert_eq!(rig.call::<LogRead>(&LogParams { limit: 1, card: None }).unwrap_err().code, ErrorCode::System);
}
