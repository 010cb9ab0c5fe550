use crate::harness::Agent;
use crate::values::{CSN, READER};

#[test]
fn the_window_and_the_page_are_opened_where_they_were_asked_for() {
    let echo = r#"for word; do printf '%s|' "$word"; done"#;
    for (name, arguments, handed_over) in [
        ("kortti-gui", &["gui"][..], String::new()),
        (
            "kortti-gui",
            &["gui", "--panel", "unblock", "--reader", READER],
            format!("--panel=unblock|--reader={READER}|"),
        ),
        ("kortti-web", &["web", "--card", CSN], format!("--card={CSN}|")),
        (
            "kortti-web",
            &["web", "--no-open", "--panel=certificates"],
            "--no-open|--panel=certificates|".into(),
        ),
    ] {
        let run = Agent::beside(name, echo).run(arguments, "");
        assert_eq!(run.ended(0, &[]).stdout, handed_over, "{arguments:?}");
    }
}

#[test]
fn how_they_end_is_how_the_command_ends() {
    for code in [1, 7] {
        let run =
            Agent::beside("kortti-web", &format!("echo 'Not here.' >&2; exit {code}")).run(&["web"], "");
        assert_eq!(run.ended(code, &[]).stderr, "Not here.\n", "they say it themselves, once");
    }
    let run = Agent::beside("kortti-gui", "kill -9 $$").run(&["gui"], "");
    assert!(run.ended(1, &[]).stderr.contains("ended unexpectedly"), "{}", run.everything());
    let run = Agent::beside("kortti-agent", "").run(&["gui"], "");
    let words = &run.ended(1, &[]).stderr;
    assert!(words.contains("kortti-gui is not installed"), "{words}");
    let run = Agent::none().run(&["gui", "--panel", "nothing"], "");
    assert!(
        run.ended(2, &[]).stderr.contains("overview, pin, unblock, certificates, information"),
        "{}",
        run.everything()
    );
}
