//! What opens where there is no window: a terminal with `kortti` in it, or questions by pinentry.

use harness::bus::Bus;
use harness::desktop::{Desktop, PINENTRY, file, script, session};
use harness::notifier::Notifier;
use harness::panel::Panel;
use harness::programs::Home;

use super::{FIRST, SECOND, insert, remove, use_a_try};

/// Opens a place where there is nothing but a pinentry with these answers. What it was told comes back.
fn asked(home: &Home, place: &str, reader: &str, answers: &[&str]) -> String {
    script(home, "pinentry", PINENTRY);
    std::fs::write(home.path().join("answers"), answers.join("\n") + "\n").unwrap();
    let _ = std::fs::remove_file(home.path().join("told"));
    let output =
        home.program("kortti-desktop").args(["open", place, &format!("--reader={reader}")]).output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words}");
    assert!(!answers.iter().any(|answer| answer.len() > 5 && words.contains(answer)), "{words}");
    std::fs::read_to_string(home.path().join("told")).unwrap()
}

/// A window that only says how it was opened.
const WINDOW: &str = "for word; do printf '%s|' \"$word\"; done >> opened; echo >> opened";

#[test]
fn what_a_card_that_comes_in_opens() {
    let pin = format!("--panel=pin|--reader={FIRST}|--card=7D1F93C2A4E05B68B19C3D2E6F804A57|\n");
    let overview = pin.replace("=pin|", "=overview|");
    let first_use = "[pin]\nforce_change_first_use = true\n";
    for (config, opened) in [
        ("insert = [{ do = [\"window\"] }]\n", &overview),
        ("insert = [{ kind = \"gids\", do = [\"window\"] }]\n", &overview),
        ("insert = [{ do = [\"pin_change\"] }]\n", &pin),
        (first_use, &pin),
    ] {
        let home = session(None, None);
        script(&home, "kortti-gui", WINDOW);
        let _agent = home.agent(&["--virtual"]);
        remove(&home, FIRST);
        remove(&home, SECOND);
        let desktop = Desktop::start(&home, &[]);
        desktop.logs("Snapshot");
        // Not before: the agent remembers the cards that it has looked at.
        desktop.configure(&home, config);
        insert(&home, FIRST, "anna");
        file(&home, "opened", |text| text == opened);
    }
}

#[test]
fn where_it_may_not_be_cancelled_the_question_comes_back_until_the_pin_is_changed() {
    let home = session(None, None);
    // What is closed sooner than a person can read it does not come back soon.
    script(&home, "kortti-gui", &format!("{WINDOW}; exec sleep 2.2"));
    let _agent = home.agent(&["--virtual"]);
    remove(&home, FIRST);
    let desktop = Desktop::start(&home, &[]);
    desktop.logs("Snapshot");
    desktop.configure(&home, "[pin]\nforce_change_first_use = true\nforbid_cancel_first_use = true\n");
    insert(&home, FIRST, "anna");
    file(&home, "opened", |text| text.lines().filter(|line| line.contains(FIRST)).count() >= 2);
    home.kortti(&["pin", "change", "--pin-stdin", "--reader", FIRST], &["123456", "246802"]).code(0);
    desktop.logs("PinChanged");
}

/// How many questions for a secret there were.
fn questions(told: &str) -> usize {
    told.lines().filter(|line| *line == "GETPIN").count()
}

#[track_caller]
fn tries_left(home: &Home, reader: &str) -> u64 {
    let pins = home.kortti(&["pin", "list", "--json", "--reader", reader], &[]).code(0).json();
    pins["pins"][0]["tries_left"].as_u64().unwrap()
}

#[test]
fn a_pin_is_changed() {
    let home = session(None, None);
    let _agent = home.agent_with_cards(&["--virtual"]);
    let told = asked(&home, "pin", FIRST, &["123456", "246%2580", "246%2580"]);
    assert!(told.contains("3 tries left."), "{told}");
    assert!(told.contains("SETDESC The PIN is changed. 3 tries left.\nMESSAGE"), "{told}");
    assert_eq!(questions(&told), 3);
    home.kortti(&["pin", "change", "--pin-stdin", "--reader", FIRST], &["246%80", "123456"]).code(0);
}

#[test]
fn what_does_not_fit_is_not_sent() {
    let home = session(None, None);
    let _agent = home.agent_with_cards(&["--virtual"]);
    for (answers, words, asked_for) in [
        // Nothing typed, and then cancelled.
        (&["", "cancel"][..], "SETERROR Nothing was typed.", 2),
        (&["123456", "12", "246802", "246803", "cancel"], "SETERROR The two are not the same.", 5),
        (&["123456", "12", "1", "2"], "Nothing was sent to the card.", 4),
        (&["cancel"], "Current PIN", 1),
    ] {
        let told = asked(&home, "pin", FIRST, answers);
        assert!(told.contains(words), "{answers:?} {told}");
        assert_eq!(questions(&told), asked_for, "{told}");
        assert!(!told.contains("is changed"), "{told}");
        assert_eq!(tries_left(&home, FIRST), 3);
    }
}

#[test]
fn a_wrong_pin_costs_one_try_and_the_last_one_takes_a_yes() {
    let home = session(None, None);
    let _agent = home.agent_with_cards(&["--virtual"]);
    let told = asked(&home, "pin", FIRST, &["999999", "246802", "246802", "999999", "246802", "246802"]);
    assert_eq!((questions(&told), tries_left(&home, FIRST)), (3, 2), "{told}");
    assert!(told.contains("2 tries left."), "{told}");
    use_a_try(&home, FIRST);
    for answers in [&["no", "999999", "246802", "246802"][..], &["no"]] {
        let told = asked(&home, "pin", FIRST, answers);
        assert!(told.contains("This is the last try. A wrong PIN blocks it."), "{told}");
        assert_eq!((questions(&told), tries_left(&home, FIRST)), (0, 1), "{told}");
    }
    let told = asked(&home, "pin", FIRST, &["yes", "123456", "246802", "246802"]);
    assert!(told.contains("The PIN is changed."), "{told}");
}

#[test]
fn a_blocked_pin_is_unblocked_with_the_puk() {
    let home = session(None, None);
    let _agent = home.agent_with_cards(&["--virtual"]);
    let block = |times| (0..times).for_each(|_| use_a_try(&home, SECOND));
    block(3);
    let told = asked(&home, "pin", SECOND, &["123456"]);
    assert!(told.contains("The PIN is blocked, so it has to be unblocked first."), "{told}");
    assert_eq!(questions(&told), 0);
    let told = asked(&home, "unblock", SECOND, &["12345678", "246802", "246802"]);
    assert!(told.contains("The PIN is unblocked, and the new one is set. 3 tries left."), "{told}");
    // Nobody unblocks by mistake what is not blocked.
    let told = asked(&home, "unblock", SECOND, &["no"]);
    assert!(told.contains("The PIN is not blocked. 3 tries left. Unblock it all the same?"), "{told}");
    assert_eq!(questions(&told), 0);
    let told = asked(&home, "unblock", SECOND, &["yes", "00000000", "246802", "246802"]);
    assert!(told.contains("2 tries left."), "{told}");
}

#[test]
fn a_blocked_pin_is_unblocked_with_a_challenge() {
    let home = session(None, None);
    let _agent = home.agent_with_cards(&["--virtual"]);
    (0..3).for_each(|_| use_a_try(&home, FIRST));
    let started = home.kortti(&["unblock", "start", "--json", "--reader", FIRST], &[]).code(0).json();
    let key = home.path().join("key");
    std::fs::write(&key, "0123456789ABCDEFFEDCBA987654321089ABCDEF01234567").unwrap();
    let respond = [
        "unblock",
        "respond",
        "--json",
        "--challenge",
        started["challenge"].as_str().unwrap(),
        "--key-file",
        key.to_str().unwrap(),
    ];
    let response = home.kortti(&respond, &[]).code(0).json();
    let (digits, checksum) =
        (response["response"].as_str().unwrap(), response["response_checksum"].as_str().unwrap());
    // It is put off, and keeps its challenge.
    let told = asked(&home, "unblock", FIRST, &["cancel", "no"]);
    assert!(told.contains(started["checksum"].as_str().unwrap()), "{told}");
    let answers = ["not one", digits, "no", digits, "yes", "246802", "246802"];
    let told = asked(&home, "unblock", FIRST, &answers);
    assert!(told.contains("SETERROR This is no response"), "{told}");
    assert!(told.contains(&format!("Checksum of the response: {checksum}")), "{told}");
    assert!(told.contains("The PIN is unblocked, and the new one is set."), "{told}");
    // Nobody takes a challenge by mistake, and one that is given up frees the card.
    let told = asked(&home, "unblock", FIRST, &["no"]);
    assert!(told.contains("The PIN is not blocked."), "{told}");
    asked(&home, "unblock", FIRST, &["yes", "cancel", "yes"]);
    let state = home.kortti(&["unblock", "status", "--json", "--reader", FIRST], &[]).code(0).json();
    assert_ne!(state["state"], "good", "{state}");
}

#[test]
fn lists_are_shown_by_pinentry_too() {
    let home = session(None, None);
    let _agent = home.agent_with_cards(&["--virtual"]);
    let told = asked(&home, "certificates", FIRST, &[]);
    assert!(told.contains("kxc00: Anna Demo, until 2036-01-01"), "{told}");
    let told = asked(&home, "overview", FIRST, &[]);
    assert!(told.contains("GIDS card 7D1F93C2"), "{told}");
    assert!(asked(&home, "information", FIRST, &[]).contains("Kortti "));
}

#[test]
fn a_second_question_is_told_to_wait() {
    let bus = Bus::new();
    let (panel, notifier) = (Panel::on(&bus), Notifier::on(&bus));
    let home = session(Some(&bus), None);
    // Nobody answers it until the end.
    script(&home, "pinentry", "echo OK; echo >> asking; cat > /dev/null");
    let _agent = home.agent(&["--virtual"]);
    let desktop = Desktop::start(&home, &[]);
    desktop.logs("NoticesAre(Works");
    panel.until(|look| look.entry(&[FIRST, "GIDS card"]).map(|_| ()));
    panel.clicks(&[FIRST, "Change PIN…"]);
    file(&home, "asking", |text| text == "\n");
    panel.clicks(&[FIRST, "Certificates…"]);
    let (_, shown) = notifier.shows("Kortti");
    assert!(shown.body.starts_with("Another question of Kortti is open."), "{}", shown.body);
    assert_eq!(file(&home, "asking", |_| true), "\n");
}

#[test]
fn a_pinentry_that_fails_is_told_of() {
    let home = session(None, None);
    let _agent = home.agent_with_cards(&["--virtual"]);
    for broken in [
        "exit 1",
        "echo ERR 83886340 no display; cat > /dev/null",
        "echo hello",
        "echo OK; exec head -c 100000 /dev/zero",
        "while :; do echo OK; read line; [ \"$line\" = GETPIN ] && echo 'D 123456' && echo 'D 78'; done",
    ] {
        script(&home, "pinentry", broken);
        let mut command = home.program("kortti-desktop");
        let output = command.args(["open", "pin", &format!("--reader={FIRST}")]).output().unwrap();
        let words = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success());
        assert!(words.starts_with("The pinentry does not work: "), "{broken}: {words}");
        assert_eq!(tries_left(&home, FIRST), 3);
    }
    std::fs::remove_file(home.path().join("path/pinentry")).unwrap();
    let mut command = home.program("kortti-desktop");
    let output = command.args(["open", "pin"]).output().unwrap();
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(words.starts_with("There is nothing to ask or show it with."), "{words}");
}

#[test]
fn a_terminal_shows_what_kortti_says_and_stays_until_it_was_read() {
    let mut home = session(None, None);
    home.set("DISPLAY", ":nowhere");
    script(
        &home,
        "xterm",
        "for word; do printf '%s|' \"$word\"; done > words; echo >> words\nshift\n(sleep 0.1; echo) | \"$@\" > said 2>&1",
    );
    let _agent = home.agent_with_cards(&["--virtual"]);
    let mut command = home.program("kortti-desktop");
    command.args(["open", "certificates", &format!("--reader={FIRST}"), "--card=7D1F93C2"]);
    assert!(command.status().unwrap().success());
    let words = file(&home, "words", |text| text.ends_with("|\n"));
    assert!(words.starts_with("-e|") && words.contains("|hold|--|"), "{words}");
    assert!(words.ends_with(&format!("|cert|list|--reader={FIRST}|--card=7D1F93C2|\n")), "{words}");
    let said = file(&home, "said", |text| text.contains("Press Enter"));
    assert!(said.contains("Anna Demo"), "{said}");
}
