use std::process::{Command, Stdio};

use serde_json::json;

use crate::harness::{Agent, Told, error};
use crate::values::{CSN, READER, access, pin, pins, reader, status, status_of};

#[test]
fn without_an_agent() {
    let agent = Agent::none();
    for (arguments, code) in [
        (&["agent", "status"][..], 3),
        (&["agent", "stop"], 0),
        (&["info"], 0),
        (&["--help"], 0),
        (&["--version"], 0),
        (&["completions", "bash"], 0),
        (&["info", "--card", CSN], 2),
        (&["help"], 0),
        (&["help", "cert", "import"], 0),
        (&["card", "--card", "332211A"], 2),
        (&["no-such-command"], 2),
        (&[], 2),
    ] {
        let run = agent.run(arguments, "");
        run.ended(code, &[]);
        assert_eq!(run.stdout.is_empty(), code != 0, "{}", run.everything());
    }
    for short in ["332211A", "", "{33-22-11-0}"] {
        let run = agent.run(&["watch", "--json", "--card", short], "");
        assert_eq!(run.ended(2, &[]).json()["error"]["code"], json!("bad_request"));
        let said = run.json()["error"]["message"].as_str().unwrap().contains("at least eight digits");
        assert!(said, "{}", run.everything());
    }
    let run = agent.run(&["agent", "status", "--json"], "");
    assert_eq!(run.ended(3, &[]).json()["error"]["code"], json!("no_agent"));
    assert_eq!(agent.run(&["agent", "stop", "--json"], "").json(), json!({ "schema": 1, "stopped": false }));
}

#[test]
fn of_two_that_start_the_agent_the_second_uses_the_firsts() {
    for (arguments, code) in [
        (&["readers"][..], 0),
        (&["agent", "start"], 0),
        // What was asked for is not what runs.
        (&["agent", "start", "--virtual"], 2),
    ] {
        let agent = Agent::to_be_started("echo >$XDG_RUNTIME_DIR/tried; exit 23");
        let tried = Told::at(&agent.path("tried"));
        std::thread::scope(|scope| {
            let run = scope.spawn(|| agent.run(arguments, ""));
            tried.wait();
            agent.listen([("status", status())]);
            run.join().unwrap().ended(code, &[]);
        });
    }
}

#[test]
fn an_agent_that_does_not_start_is_not_waited_for_for_ever() {
    for (script, said) in [
        ("echo 'No space.' >&2; exit 1", "The agent could not be started: No space.\n"),
        ("exit 23", "The agent could not be started: one runs already, but it does not answer.\n"),
    ] {
        let run = Agent::to_be_started(script).run(&["readers"], "");
        assert_eq!(run.ended(3, &[]).stderr, said);
    }
}

#[test]
fn an_agent_keeps_nothing_of_whoever_started_it() {
    let script = "where=$PWD; cd \"$XDG_RUNTIME_DIR\"; echo \"$where\" >where; [ -e /proc/$$/fd/7 ] && echo 7 >inherited; echo >begun; exit 23";
    let agent = Agent::to_be_started(script);
    let begun = Told::at(&agent.path("begun"));
    std::fs::write(agent.path("pin"), "1357\n2468\n").unwrap();
    std::thread::scope(|scope| {
        // The secrets come by a descriptor that the agent must not have, and kortti must not lose.
        let run = scope.spawn(|| {
            let prefix = ["sh", "-c", "exec \"$@\" 7<pin", "sh"];
            agent.run_by(&prefix, &["pin", "change", "--pin-fd", "7"], "")
        });
        begun.wait();
        agent.listen([
            ("status", status()),
            ("pin.list", pins(3)),
            ("card.access", access(3)),
            ("pin.change", Ok(pin(5))),
        ]);
        run.join().unwrap().ended(0, &["1357", "2468"]);
    });
    assert_eq!(agent.params("pin.change")["new"], json!("2468"));
    assert_eq!(std::fs::read_to_string(agent.path("where")).unwrap(), "/\n");
    assert!(!agent.path("inherited").exists(), "the agent has the descriptor of the PIN");
}

#[test]
fn the_help_has_the_exit_codes() {
    let help = Agent::none().run(&["--help"], "").stdout;
    for part in ["  0  done\n", "  9  the challenge is void\n", "130  cancelled", "kortti pin change\n"] {
        assert!(help.contains(part), "{part}\n{help}");
    }
    assert!(help.lines().all(|line| line.chars().count() <= 100), "{help}");
}

#[test]
fn every_failure_has_its_code_and_its_object() {
    for (name, code) in [
        ("no_service", 4),
        ("permission", 11),
        ("no_card", 4),
        ("several_cards", 2),
        ("unknown_card", 10),
        ("not_initialised", 10),
        ("busy", 8),
        ("card_removed", 4),
        ("challenge_void", 9),
        ("card_error", 1),
    ] {
        let agent = Agent::new([("status", status()), ("pin.list", Err(error(name, "It is \u{1b}so.")))]);
        let run = agent.run(&["pin", "list"], "");
        assert_eq!(run.ended(code, &[]).stderr, "It is \\u{1b}so.\n");
        assert_eq!(run.stdout, "");
        let run = agent.run(&["pin", "list", "--json"], "");
        let object = json!({ "schema": 1, "error": error(name, "It is \u{1b}so.") });
        assert_eq!(run.ended(code, &[]).json(), object);
        assert_eq!(run.stderr, "");
    }
}

#[test]
fn status_and_readers() {
    let readers = [reader("Evil\u{1b}]0;x\u{7}", "AABBCCDD"), reader(READER, CSN)];
    let agent = Agent::new([("status", status_of(&readers))]);
    let run = agent.run(&["status"], "");
    assert_eq!(
        run.ended(0, &[]).stdout,
        format!(
            "Agent    0.1.0, process 7\nService  up\nReader   Evil\\u{{1b}}]0;x\\u{{7}}\n         GIDS card AABBCCDD\n\
             Reader   {READER}\n         GIDS card {CSN}\n"
        )
    );
    let mut expected = status_of(&readers).unwrap();
    expected["schema"] = json!(1);
    assert_eq!(agent.run(&["--json", "status"], "").json(), expected);
    let run = agent.run(&["readers", "--reader", READER, "--json"], "");
    assert_eq!(run.json(), json!({ "schema": 1, "readers": [readers[1]] }));
    let run = agent.run(&["readers", "--reader", "Test"], "");
    let said = "There is no reader named Test. `kortti readers` lists them.\n";
    assert_eq!(run.ended(4, &[]).stderr, said);
    agent.run(&["status", "--card", "00000000"], "").ended(4, &[]);
    agent.run(&["agent", "start"], "").ended(0, &[]);
    agent.run(&["agent", "start", "--virtual"], "").ended(2, &[]);
    assert_eq!(agent.methods().last().map(String::as_str), Some("status"), "an agent was started or stopped");
}

#[test]
fn a_card_that_is_looked_at_is_waited_for() {
    let unclear = status_of(&[json!({ "name": READER, "state": "identifying" })]);
    let agent = Agent::new([
        ("status", unclear),
        ("status", status()),
        ("pin.list", pins(3)),
        ("card.access", access(3)),
        ("pin.change", Ok(pin(5))),
    ]);
    agent.run(&["pin", "change", "--pin-stdin"], "1357\n2468\n").ended(0, &[]);
    assert_eq!(agent.methods(), ["status", "pin.list", "status", "card.access", "pin.change"]);
    assert_eq!(agent.params("pin.change")["select"], json!({ "reader": READER, "card": CSN }));

    // What never becomes clear gets no PIN.
    let agent = Agent::new([
        ("status", status_of(&[])),
        ("pin.list", pins(3)),
        ("card.access", access(3)),
        ("pin.change", Ok(pin(5))),
    ]);
    agent.run(&["pin", "change", "--pin-stdin"], "1357\n2468\n").ended(4, &[]);
    assert!(!agent.methods().contains(&"pin.change".to_owned()));
}

#[test]
fn a_reader_that_hangs_keeps_nobody_from_the_other_cards() {
    let hangs = || json!({ "name": "Hangs", "state": "identifying" });
    let replies = |readers| {
        [("status", readers), ("pin.list", pins(3)), ("card.access", access(3)), ("pin.change", Ok(pin(5)))]
    };

    // The agent waits for it once, in pin.list; then the only usable card is the one.
    let agent = Agent::new(replies(status_of(&[hangs(), reader(READER, CSN)])));
    agent.run(&["pin", "change", "--pin-stdin"], "1357\n2468\n").ended(0, &[]);
    assert_eq!(agent.methods(), ["status", "pin.list", "status", "card.access", "pin.change"]);
    assert_eq!(agent.params("pin.change")["select"], json!({ "reader": READER, "card": CSN }));

    // Of several usable ones none is guessed.
    let several = status_of(&[hangs(), reader(READER, CSN), reader("Other", "AABBCCDD")]);
    let agent = Agent::new(replies(several.clone()));
    let run = agent.run(&["pin", "change", "--pin-stdin"], "1357\n2468\n");
    let named = format!("{CSN} in {READER}; AABBCCDD in Other");
    assert!(run.ended(2, &[]).stderr.contains(&named), "{}", run.everything());
    let agent = Agent::new([("status", several), ("pin.list", Err(error("several_cards", "Several.")))]);
    let run = agent.run(&["pin", "list"], "");
    assert!(run.ended(2, &[]).stderr.contains(&named), "{}", run.everything());
}

#[test]
fn a_card_and_its_repair() {
    let finding = json!({ "place": "mscp/kxc00", "text": "It is torn.", "repair": "Delete it." });
    let card = |findings| {
        json!({ "reader": READER, "atr": "3B00", "edge": "gids", "csn": CSN, "name": "GIDS card",
                "windows_id": "00112233-4455-6677-8899-AABBCCDDEEFF", "initialised": true, "pins": [pin(3)],
                "containers": [], "certificates": [], "findings": findings,
                "space": { "containers_used": 0, "containers_max": 10, "files_used": 0, "files_max": null } })
    };
    let agent = Agent::new([
        ("status", status()),
        ("card.show", Ok(card(json!([finding])))),
        ("card.access", access(3)),
        ("card.repair", Ok(json!({ "mended": [finding], "remaining": [] }))),
    ]);
    for arguments in [&["card"][..], &["card", "show"]] {
        let run = agent.run(arguments, "");
        let text = &run.ended(0, &[]).stdout;
        assert!(
            text.contains("3 of 5") && text.contains("mscp/kxc00: It is torn. Repair: Delete it."),
            "{text}"
        );
    }
    let run = agent.run(&["card", "repair", "--pin-stdin"], "13572468\n");
    assert_eq!(run.ended(0, &["13572468"]).stdout, "Mended: mscp/kxc00: It is torn.\n");
    assert_eq!(agent.params("card.repair")["pin"], json!("13572468"));

    // Nothing to mend: no PIN is taken.
    let agent = Agent::new([("status", status()), ("card.show", Ok(card(json!([]))))]);
    let run = agent.run(&["card", "repair", "--pin-stdin"], "");
    assert_eq!(run.ended(0, &[]).stdout, "Nothing is wrong with the card.\n");
}

#[test]
fn virtual_cards() {
    let agent = Agent::new([("virtual.insert", Ok(json!({}))), ("virtual.remove", Ok(json!({})))]);
    agent.run(&["virtual", "insert", "Virtual 1", "blocked"], "").ended(0, &[]);
    assert_eq!(agent.params("virtual.insert"), json!({ "reader": "Virtual 1", "card": "blocked" }));
    agent.run(&["virtual", "remove", "Virtual 1"], "").ended(0, &[]);
    assert_eq!(agent.params("virtual.remove"), json!({ "reader": "Virtual 1" }));
}

#[test]
fn a_closed_pipe_is_no_failure() {
    let agent = Agent::new([("status", status()), ("pin.list", pins(3))]);
    for arguments in [&["info"][..], &["pin", "list"], &["pin", "list", "--json"], &["completions", "zsh"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = Command::new(env!("CARGO_BIN_EXE_kortti"))
            .args(arguments)
            .env("XDG_RUNTIME_DIR", agent.path(""))
            .stdin(Stdio::null())
            .stdout(writer)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert!(output.stderr.is_empty(), "{output:?}");
    }
}
