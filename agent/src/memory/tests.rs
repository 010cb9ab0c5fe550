use std::sync::Arc;

use super::*;

fn csn(number: u16) -> Csn {
    Csn::new(&number.to_be_bytes())
}

fn card(last_seen: i64) -> Remembered {
    serde_json::from_value(serde_json::json!({ "last_seen": last_seen })).unwrap()
}

#[test]
fn it_is_there_again() {
    let home = tempfile::tempdir().unwrap();
    // Folders that are missing are made.
    let folder = home.path().join("state/kortti");
    let mut memory = Memory::open(Some(&folder));
    assert!(!folder.exists(), "who remembers nothing writes nothing");
    memory.put(&csn(1), card(5));
    memory.put(&csn(2), card(6));
    let again = Memory::open(Some(&folder));
    assert_eq!((again.get(&csn(1)), again.get(&csn(2))), (Some(&card(5)), Some(&card(6))));
    assert_eq!(again.get(&csn(3)), None);
    #[cfg(unix)]
    for (path, mode) in [(&folder, 0o700), (&folder.join(NAME), 0o600)] {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, mode, "{}", path.display());
    }
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    // What has not changed is not written.
    fs::remove_file(folder.join(NAME)).unwrap();
    memory.put(&csn(2), card(6));
    assert!(!folder.join(NAME).exists());
}

#[test]
fn the_oldest_is_forgotten() {
    let mut memory = Memory::open(None);
    for number in 0..1000 {
        memory.put(&csn(number), card(i64::from(number)));
        assert!(memory.get(&csn(number)).is_some());
    }
    assert_eq!(memory.cards.len(), MOST_CARDS);
    assert!(memory.get(&csn(499)).is_none() && memory.get(&csn(500)).is_some());
    // One that seems older than all the others, since the clock was wrong.
    memory.put(&csn(7), card(i64::MIN));
    assert!(memory.get(&csn(7)).is_some() && memory.get(&csn(500)).is_none());
    let home = tempfile::tempdir().unwrap();
    write(home.path(), &(0..600).map(|number| (csn(number), card(number.into()))).collect()).unwrap();
    let read = Memory::open(Some(home.path()));
    assert_eq!(read.cards.len(), MOST_CARDS);
    assert!(read.get(&csn(99)).is_none() && read.get(&csn(100)).is_some());
}

/// As much as may be remembered can be read again.
#[test]
fn the_largest_file() {
    let mut certificates = BTreeMap::new();
    for number in 0..crate::checkup::MOST_CERTIFICATES {
        certificates.insert(format!("{number:064X}"), i32::MIN);
    }
    let text = serde_json::json!({ "last_seen": i64::MIN, "certificates": certificates });
    let largest: Remembered = serde_json::from_value(text).unwrap();
    assert!(largest.is_plausible());
    let cards: BTreeMap<Csn, Remembered> =
        (0..500_u128).map(|number| (Csn::new(&number.to_be_bytes()), largest.clone())).collect();
    let home = tempfile::tempdir().unwrap();
    write(home.path(), &cards).unwrap();
    assert_eq!(Memory::open(Some(home.path())).cards, cards);
}

#[test]
fn what_makes_no_sense_is_put_aside() {
    let long = format!("{{\"cards\":{{}}{}}}", " ".repeat(5 << 20));
    let deep = "[".repeat(200_000);
    let many: Vec<String> = (0..65).map(|number| format!("\"{number:064X}\":1")).collect();
    let many = format!(r#"{{"cards":{{"07":{{"certificates":{{{}}}}}}}}}"#, many.join(","));
    for (text, kept) in [
        (r#"{"cards":{"07":{}}}"#, true),
        (r#"{"cards":{"07":{"what":1,"last_seen":-5}},"more":[]}"#, true),
        (r#"{"cards":{"07":{"last_seen":9223372036854775807,"card":[-9223372036854775808,5]}}}"#, true),
        ("", false),
        ("{}", false),
        ("null", false),
        ("\0\0\0\0", false),
        ("\u{FEFF}{\"cards\":{}}", false),
        (r#"{"cards":{"07":{"last_seen":9223372036854775808}}}"#, false),
        (r#"{"cards":{"07":{"last_seen":"5"}}}"#, false),
        (r#"{"cards":{"../../evil":{}}}"#, false),
        (r#"{"cards":{"":{}}}"#, false),
        (r#"{"cards":{"000000000000000000000000000000000":{}}}"#, false),
        (r#"{"cards":{"07":{"certificates":{"short":1}}}}"#, false),
        (r#"{"cards":{"07":{"set":{"1":1,"2":1,"3":1,"4":1,"5":1,"6":1,"7":1,"8":1,"9":1}}}}"#, false),
        (r#"{"cards":{"07":{"set":{"256":1}}}}"#, false),
        (r#"{"cards":{"07":"#, false),
        (&many, false),
        (&long, false),
        (&deep, false),
    ] {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join(NAME);
        fs::write(&path, text).unwrap();
        let mut memory = Memory::open(Some(home.path()));
        let shown: String = text.chars().take(80).collect();
        assert_eq!(memory.get(&Csn::new(&[7])).is_some(), kept, "{shown}");
        assert_eq!(path.exists(), kept, "{shown}");
        let aside = home.path().join("cards.json.broken");
        assert_eq!(fs::read(&aside).ok().as_deref(), (!kept).then_some(text.as_bytes()), "{shown}");
        memory.put(&csn(1), card(1));
        assert!(Memory::open(Some(home.path())).get(&csn(1)).is_some(), "{shown}");
    }
}

#[cfg(unix)]
#[test]
fn what_cannot_be_written_is_remembered_all_the_same() {
    use std::os::unix::fs::symlink;
    type Spoil = fn(&Path);
    let rows: [(&str, Spoil); 5] = [
        ("a file is where the folder should be", |folder| fs::write(folder, "").unwrap()),
        ("the folder is a link", |folder| symlink("/", folder).unwrap()),
        ("the folder is a link to nothing", |folder| symlink("/nonexistent", folder).unwrap()),
        ("a folder is where the file should be", |folder| fs::create_dir_all(folder.join(NAME)).unwrap()),
        ("a folder is where the new file should be", |folder| {
            fs::create_dir_all(folder.join("cards.json.new/full")).unwrap();
        }),
    ];
    for (row, spoil) in rows {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("kortti");
        spoil(&folder);
        let mut memory = Memory::open(Some(&folder));
        // A folder in the file's place is put aside like everything else that is no file.
        let aside = folder.join("cards.json.broken").is_dir();
        memory.put(&csn(1), card(1));
        memory.put(&csn(2), card(2));
        assert!(memory.get(&csn(1)).is_some() && memory.get(&csn(2)).is_some(), "{row}");
        assert_eq!(memory.failing, !aside, "{row}");
    }
}

/// A link in the place of the file that is written beside leads nowhere.
#[cfg(unix)]
#[test]
fn no_link_is_followed() {
    let home = tempfile::tempdir().unwrap();
    let victim = home.path().join("victim");
    fs::write(&victim, "mine").unwrap();
    let folder = home.path().join("kortti");
    fs::create_dir(&folder).unwrap();
    std::os::unix::fs::symlink(&victim, folder.join("cards.json.new")).unwrap();
    Memory::open(Some(&folder)).put(&csn(1), card(1));
    assert_eq!(fs::read_to_string(&victim).unwrap(), "mine");
    assert!(Memory::open(Some(&folder)).get(&csn(1)).is_some());
}

/// Whoever reads while others write finds one whole file or another.
#[test]
fn it_is_written_whole() {
    let home = Arc::new(tempfile::tempdir().unwrap());
    let mut memory = Memory::open(Some(home.path()));
    memory.put(&csn(0), card(0));
    let reading = Arc::clone(&home);
    let reader = std::thread::spawn(move || {
        for _ in 0..200 {
            assert!(try_read(&reading.path().join(NAME)).unwrap().contains_key(&csn(0)));
        }
    });
    for number in 1.. {
        memory.put(&csn(number), card(i64::from(number)));
        if reader.is_finished() {
            break;
        }
    }
    reader.join().unwrap();
}
