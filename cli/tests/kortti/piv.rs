use serde_json::{Value, json};

use crate::harness::{Agent, Finished, Reply, error};
use crate::values::{
    CSN, PIV_CSN, PRINTED, READER, SHA256, access, fields, in_slot, management_key, piv_access, piv_card,
    piv_pins, piv_reader, piv_select, piv_status, reader, status, status_of,
};

const PIN: &str = "135724";
const NEW: &str = "864275";
const PUK: &str = "97531864";
const KEY: &str = "A10203040506070801020304050607080102030405060708";
const REQUEST: &str = "-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n";
const PUBLIC_KEY: &str = "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n";

fn view(slot: &str) -> Reply {
    Ok(json!({ "summary": in_slot(slot), "fields": fields("CN=Aino Virtanen", "30820102"), "chain": [] }))
}

fn plan(overwrites_key: bool) -> Value {
    json!({ "csn": PIV_CSN, "reader": READER, "common_name": "Aino Virtanen", "with_key": true, "chain": [],
            "container": 0x9D, "slot": "9D", "replaces": null, "overwrites_key": overwrites_key })
}

fn place(slot: &str, overwrites_key: bool) -> Reply {
    let replaces = if overwrites_key { json!("Aino Meri") } else { Value::Null };
    Ok(json!({ "csn": PIV_CSN, "reader": READER, "container": u8::from_str_radix(slot, 16).unwrap(),
               "slot": slot, "replaces": replaces, "overwrites_key": overwrites_key }))
}

fn generated(product: &str) -> Reply {
    let mut reply = json!({ "container": 0x9A, "slot": "9A", "public_key": PUBLIC_KEY });
    match product {
        "certificate" => reply["certificate"] = in_slot("9A"),
        "request" => reply["request"] = json!(REQUEST),
        _ => {}
    }
    Ok(reply)
}

/// An agent with a PIV card that can do everything, and this is what a write takes.
fn agent(access: Value) -> Agent {
    let finding = json!({ "place": "9D", "text": "It is torn.", "repair": "Delete it." });
    let mut card = piv_card("container_map");
    card["findings"] = json!([finding]);
    let agent = Agent::new([
        ("status", status_of(&[piv_reader(access["pin_pad"] == true)])),
        ("card.access", Ok(access)),
        ("card.show", Ok(card)),
        ("card.repair", Ok(json!({ "mended": [finding], "remaining": [] }))),
        ("cert.view", view("9D")),
        ("cert.list", Ok(json!([in_slot("9A"), in_slot("9D")]))),
        ("cert.inspect", Ok(plan(false))),
        ("cert.import", Ok(json!({ "certificate": in_slot("9D"), "chain": [] }))),
        ("cert.place", place("9A", false)),
        ("cert.generate", generated("certificate")),
        ("cert.move", Ok(in_slot("9A"))),
        ("cert.default", Ok(in_slot("9D"))),
        ("cert.delete", Ok(json!({ "orphans": ["The key of slot 9D stays."], "default": 0x9A }))),
        ("pin.tries", Ok(piv_pins(Some(5), Some(4)))),
        ("pin.change", Ok(piv_pins(Some(3), None)[0].clone())),
        ("unblock.puk", Ok(piv_pins(Some(3), None)[0].clone())),
    ]);
    std::fs::write(agent.path("mine.p12"), "x").unwrap();
    std::fs::write(agent.path("key"), format!("{KEY}\n")).unwrap();
    agent
}

const GENERATE: &[&str] = &["cert", "generate", "--subject", "CN=Aino Virtanen", "--algorithm", "p256"];

#[test]
fn a_write_asks_for_what_it_takes_and_nothing_else() {
    let writes: [(&[&str], &str, bool); 6] = [
        (&["cert", "import", "mine.p12"], "cert.import", false),
        (&["cert", "default", "9D"], "cert.default", false),
        (&["cert", "delete", "9D", "--yes"], "cert.delete", false),
        (&["cert", "move", "9D", "--to", "83"], "cert.move", false),
        (&["card", "repair"], "card.repair", false),
        // The card signs with the new key, which takes the PIN.
        (GENERATE, "cert.generate", true),
    ];
    let unknown = management_key(None, false);
    let own = management_key(Some(false), false);
    let factory = management_key(Some(true), false);
    let protected = management_key(Some(false), true);
    let file = &["--management-key-file", "key"][..];
    for (arguments, method, signs) in writes {
        for (key, pad, options, input, sent_pin, sent_key, said) in [
            (Value::Null, false, &[][..], vec![PIN], true, None, None),
            (factory.clone(), false, &[], vec![PIN], true, None, Some("everybody knows it")),
            (protected.clone(), false, &[], vec![PIN], true, None, None),
            (own.clone(), false, &[], vec![KEY, PIN], signs, Some(KEY), None),
            (unknown.clone(), false, &[], vec![KEY, PIN], signs, Some(KEY), None),
            (
                unknown.clone(),
                false,
                &[],
                vec!["factory", PIN],
                signs,
                Some("factory"),
                Some("everybody knows it"),
            ),
            (unknown.clone(), false, file, vec![PIN], signs, Some(KEY), None),
            (protected.clone(), false, file, vec![PIN], signs, Some(KEY), None),
            (Value::Null, true, &[], vec![], false, None, Some("Type the PIN on the reader.")),
            (protected.clone(), true, &[], vec![], false, None, Some("Type the PIN on the reader.")),
            (
                own.clone(),
                true,
                &[],
                vec![KEY],
                false,
                Some(KEY),
                signs.then_some("Type the PIN on the reader."),
            ),
        ] {
            let agent = agent(piv_access(&key, pad));
            let mut input = input.join("\n");
            input.push('\n');
            let run = agent.run(&[arguments, options, &["--pin-stdin"]].concat(), &input);
            run.ended(0, &[PIN, KEY]);
            let sent = agent.params(method);
            let label = format!("{arguments:?} {key} {pad} {options:?}\n{}", run.everything());
            assert_eq!(sent.get("pin"), sent_pin.then(|| json!(PIN)).as_ref(), "{label}");
            assert_eq!(sent.get("management_key"), sent_key.map(|key| json!(key)).as_ref(), "{label}");
            for sentence in ["everybody knows it", "Type the PIN on the reader."] {
                assert_eq!(run.stderr.contains(sentence), said == Some(sentence), "{sentence}\n{label}");
            }
            let order = agent.methods();
            let [.., asked, wrote] = order.as_slice() else { panic!("{label}") };
            assert_eq!((asked.as_str(), wrote.as_str()), ("card.access", method), "{label}");
        }
    }
}

#[test]
fn a_management_key_that_cannot_be_one_reaches_nobody() {
    let own = || piv_access(&management_key(Some(false), false), false);
    let delete = &["cert", "delete", "9D", "--yes", "--pin-stdin"][..];
    let gids = access(3).unwrap();
    for (access, options, input, code, said) in [
        (own(), &[][..], &*format!("{PIN}\n{PIN}\n"), 2, "This is no management key"),
        (own(), &[], "A1020304050607080102030405060708010203040506070\n", 2, "This is no management key"),
        (own(), &[], "", 2, "the standard input ended before it"),
        (own(), &["--management-key-file", "none"], PIN, 2, "none is not there."),
        (own(), &["--management-key-file", "mine.p12"], PIN, 2, "This is no management key"),
        (own(), &["--management-key-fd", "99"], PIN, 2, "Descriptor 99 is not there."),
        (own(), &["--management-key-fd", "3", "--management-key-file", "key"], PIN, 2, "cannot be used with"),
        (gids, &["--management-key-file", "key"], PIN, 2, "This card has no management key."),
    ] {
        let agent = agent(access);
        let run = agent.run(&[delete, options].concat(), input);
        assert!(run.ended(code, &[PIN, KEY]).stderr.contains(said), "{said}\n{}", run.everything());
        assert!(!agent.methods().contains(&"cert.delete".to_owned()));
    }
    // What the card says of it is told, and it is not tried again.
    let wrong = Agent::new([
        ("status", piv_status()),
        ("card.access", Ok(own())),
        ("cert.view", view("9D")),
        ("cert.list", Ok(json!([in_slot("9D")]))),
        ("cert.delete", Err(error("wrong_management_key", "Wrong management key."))),
    ]);
    wrong.run(delete, &format!("{KEY}\n{KEY}\n")).ended(5, &[KEY]);
    assert_eq!(wrong.methods().iter().filter(|method| *method == "cert.delete").count(), 1);
}

#[test]
fn a_management_key_at_a_terminal() {
    let agent = agent(piv_access(&management_key(None, false), false));
    let mut dialogue = agent.start(GENERATE);
    dialogue.expect("Management key (hexadecimal digits, or the word factory): ");
    assert_eq!(dialogue.shows_and_signals(), (false, false));
    dialogue.press(KEY).press("\n").expect("3 tries left.\r\n").expect("PIN: ").press(PIN).press("\n");
    dialogue.finish().ended(0, &[PIN, KEY]);
    assert_eq!(agent.params("cert.generate")["management_key"], json!(KEY));

    // Nobody types a key for a card whose PIN is blocked.
    let mut blocked = piv_access(&management_key(None, false), false);
    blocked["pins"] = piv_pins(Some(0), Some(3));
    let agent = self::agent(blocked);
    agent.start(GENERATE).finish().ended(6, &[]);
}

#[test]
fn a_touch_is_asked_for() {
    let mut key = management_key(None, true);
    key["touch"] = json!(true);
    for (key, arguments, touches) in [
        (key, &["cert", "delete", "9D", "--yes"][..], true),
        (management_key(None, true), &["cert", "delete", "9D", "--yes"], false),
        (management_key(None, true), &[GENERATE, &["--touch", "cached"]].concat(), true),
        (management_key(None, true), &[GENERATE, &["--touch", "never"]].concat(), false),
    ] {
        let agent = agent(piv_access(&key, false));
        let run = agent.run(&[arguments, &["--pin-stdin"]].concat(), PIN);
        let said = run.ended(0, &[PIN]).stderr.contains("Touch the device when it blinks.");
        assert_eq!(said, touches, "{}", run.everything());
    }
}

#[test]
fn a_key_is_not_lost_unasked() {
    let import = ["cert", "import", "mine.p12", "--slot", "9D"];
    let losing = |method: &'static str, reply: Reply| {
        let agent = Agent::new([
            ("status", piv_status()),
            ("card.access", Ok(piv_access(&Value::Null, false))),
            (method, reply),
            ("cert.import", Ok(json!({ "certificate": in_slot("9D"), "chain": [] }))),
            ("cert.generate", generated("certificate")),
        ]);
        std::fs::write(agent.path("mine.p12"), "x").unwrap();
        agent
    };
    for (arguments, look, reply, write, lost) in [
        (
            &import[..],
            "cert.inspect",
            Ok(plan(true)),
            "cert.import",
            "A private key is there, or may be, and would be lost",
        ),
        (
            GENERATE,
            "cert.place",
            place("9A", true),
            "cert.generate",
            "It replaces \"Aino Meri\", and the private key",
        ),
    ] {
        let agent = losing(look, reply.clone());
        let run = agent.run(&[arguments, &["--pin-stdin"]].concat(), PIN);
        assert!(run.ended(7, &[PIN]).stderr.contains("--overwrite"), "{}", run.everything());
        assert_eq!(agent.methods(), ["status", look]);
        let run = agent.run(&[arguments, &["--pin-stdin", "--json"]].concat(), PIN);
        assert_eq!(run.ended(7, &[PIN]).json()["error"]["code"], json!("would_overwrite"));

        let run = agent.run(&[arguments, &["--pin-stdin", "--overwrite"]].concat(), PIN);
        assert!(run.ended(0, &[PIN]).stderr.contains(lost), "{}", run.everything());
        assert_eq!(agent.params(write)["overwrite"], json!(true));

        for (answer, goes_on) in [("y\n", true), ("\n", false), ("\x03", false)] {
            let agent = losing(look, reply.clone());
            let mut dialogue = agent.start(arguments);
            dialogue.expect("cannot be brought back. Overwrite it? [y/N] ").press(answer);
            if goes_on {
                dialogue.expect("PIN: ").press(PIN).press("\n");
            }
            dialogue.finish().ended(if goes_on { 0 } else { 130 }, &[PIN]);
            assert_eq!(agent.methods().contains(&write.to_owned()), goes_on);
        }
    }
}

#[test]
fn a_key_that_the_card_does_not_show_is_tried_out_with_the_pin() {
    let mut plan = plan(false);
    plan["wants_pin"] = json!(true);
    let agent = Agent::new([
        ("status", piv_status()),
        ("card.access", Ok(piv_access(&management_key(None, false), false))),
        ("cert.inspect", Ok(plan)),
        ("cert.import", Ok(json!({ "certificate": in_slot("9D"), "chain": [] }))),
    ]);
    std::fs::write(agent.path("mine.p12"), "x").unwrap();
    let run = agent.run(&["cert", "import", "mine.p12", "--pin-stdin"], &format!("{KEY}\n{PIN}\n"));
    run.ended(0, &[PIN, KEY]);
    assert_eq!(agent.params("cert.import")["pin"], json!(PIN));
    assert_eq!(agent.params("cert.import")["management_key"], json!(KEY));
}

#[test]
fn an_import_into_a_slot() {
    let agent = agent(piv_access(&management_key(None, true), false));
    let run = agent.run(&["cert", "import", "mine.p12", "--slot", "9d", "--pin-stdin"], PIN);
    assert_eq!(run.ended(0, &[PIN]).stdout, "Imported: 9D, Aino Virtanen\n");
    assert_eq!(
        run.stderr,
        format!(
            "The certificate \"Aino Virtanen\" with its private key goes to slot 9D of the card {PIV_CSN} in {READER}.\n"
        )
    );
    assert_eq!(agent.params("cert.inspect")["slot"], json!("9d"));
    assert_eq!(agent.params("cert.import")["slot"], json!("9d"));
}

fn generate(agent: &Agent, more: &[&str]) -> Finished {
    agent.run(&[GENERATE, more, &["--pin-stdin"]].concat(), PIN)
}

#[test]
fn keys_are_made() {
    for (more, product, slot, pin, sent) in [
        (&[][..], "certificate", "9A", true, json!({ "days": 365, "default": false })),
        (
            &["--slot", "9A", "--days", "30", "--default"],
            "certificate",
            "9A",
            true,
            json!({ "slot": "9A", "days": 30, "default": true }),
        ),
        (&["--slot", "9E"], "certificate", "9E", false, json!({ "slot": "9E" })),
        (&["--slot", "9E", "--pin-policy", "once"], "certificate", "9E", true, json!({ "pin_use": "once" })),
        (&["--pin-policy", "never"], "certificate", "9A", false, json!({ "pin_use": "never" })),
        (
            &["--pin-policy", "match-always", "--touch", "always"],
            "certificate",
            "9A",
            true,
            json!({ "pin_use": "match_always", "touch_use": "always" }),
        ),
        (
            &["--upn", "aino@example.test", "--email", "a@b.test", "--email", "c@d.test"],
            "certificate",
            "9A",
            true,
            json!({ "alternative_names": [{ "kind": "email", "value": "a@b.test" },
                                       { "kind": "email", "value": "c@d.test" },
                                       { "kind": "upn", "value": "aino@example.test" }] }),
        ),
        (&["--request", "mine.csr"], "request", "9A", true, json!({ "product": "request" })),
    ] {
        let agent = Agent::new([
            ("status", piv_status()),
            ("card.access", Ok(piv_access(&management_key(Some(false), false), false))),
            ("cert.place", place(slot, false)),
            ("cert.generate", generated(product)),
        ]);
        std::fs::write(agent.path("key"), KEY).unwrap();
        let run = generate(&agent, &[&["--management-key-file", "key"], more].concat());
        run.ended(0, &[PIN, KEY]);
        assert_eq!(
            agent.params("cert.place"),
            json!({ "select": piv_select(), "algorithm": { "family": "ec", "bits": 256 },
                    "slot": agent.params("cert.generate")["slot"] })
            .as_object()
            .map(|params| params.clone().into_iter().filter(|(_, value)| !value.is_null()).collect::<Value>())
            .unwrap()
        );
        let params = agent.params("cert.generate");
        assert_eq!(params["subject"], json!("CN=Aino Virtanen"));
        assert_eq!(params.get("pin").is_some(), pin, "{more:?}");
        for (name, value) in sent.as_object().unwrap() {
            assert_eq!(params[name], *value, "{more:?}");
        }
        let plan =
            format!("A new key, EC P-256, is made in slot {slot} of the card {PIV_CSN} in {READER}.\n");
        assert!(run.stderr.starts_with(&plan), "{}", run.everything());
        if product == "request" {
            let text = "Generated: the key in slot 9A\nWritten: mine.csr\nSend it to your authority; \
 import the answer with: kortti cert import FILE\n";
            assert_eq!(run.stdout, text);
            assert_eq!(std::fs::read_to_string(agent.path("mine.csr")).unwrap(), REQUEST);
        } else {
            assert_eq!(run.stdout, "Generated: 9A, Aino Virtanen\n");
        }
    }
}

#[test]
fn how_long_a_key_takes_is_said() {
    for (algorithm, sent, said) in [
        ("rsa1024", json!({ "family": "rsa", "bits": 1024 }), "some seconds"),
        ("rsa2048", json!({ "family": "rsa", "bits": 2048 }), "some seconds"),
        ("rsa3072", json!({ "family": "rsa", "bits": 3072 }), "a minute or more"),
        ("rsa4096", json!({ "family": "rsa", "bits": 4096 }), "a minute or more"),
        ("p384", json!({ "family": "ec", "bits": 384 }), ""),
        ("ed25519", json!({ "family": "ed25519", "bits": 255 }), ""),
    ] {
        let agent = agent(piv_access(&Value::Null, false));
        let arguments = ["cert", "generate", "--subject", "CN=A", "--algorithm", algorithm, "--pin-stdin"];
        let run = agent.run(&arguments, PIN);
        assert!(run.ended(0, &[PIN]).stderr.contains(said), "{}", run.everything());
        assert_eq!(run.stderr.contains("The card makes the key now."), !said.is_empty());
        assert_eq!(agent.params("cert.generate")["algorithm"], sent);
    }
}

#[test]
fn requests_and_public_keys_find_their_place_first() {
    let x25519 = ["cert", "generate", "--algorithm", "x25519", "--pin-stdin"];
    let request = [GENERATE, &["--pin-stdin"]].concat();
    for (arguments, more, code, written, printed) in [
        (&request[..], &["--request", "there"][..], 1, None, ""),
        (&request, &["--request", "there", "--force"], 0, Some(("there", REQUEST)), ""),
        (&request, &["--request", "no/such/folder"], 1, None, ""),
        (&request, &["--request", "-"], 0, None, REQUEST),
        (&request, &["--request", "-", "--json"], 2, None, ""),
        (&request, &["--force"], 2, None, ""),
        (&request, &["--request", "new", "--days", "3"], 2, None, ""),
        (&request, &["--public-key", "new"], 2, None, ""),
        (&x25519, &["--public-key", "new"], 0, Some(("new", PUBLIC_KEY)), ""),
        (&x25519, &["--public-key", "-"], 0, None, PUBLIC_KEY),
        (&x25519, &[], 2, None, ""),
    ] {
        let product = if more.contains(&"--public-key") { "key" } else { "request" };
        let agent = Agent::new([
            ("status", piv_status()),
            ("card.access", Ok(piv_access(&Value::Null, false))),
            ("cert.place", place("9A", false)),
            ("cert.generate", generated(product)),
        ]);
        std::fs::write(
            agent.path("there"),
            "precious, and longer than a request, which is no more than that. ".repeat(9),
        )
        .unwrap();
        let run = agent.run(&[arguments, more].concat(), PIN);
        run.ended(code, &[PIN]);
        assert_eq!(agent.methods().contains(&"cert.generate".to_owned()), code == 0, "{more:?}");
        if code == 0 {
            assert_eq!(agent.params("cert.generate")["product"], json!(product));
        }
        if let Some((file, content)) = written {
            assert_eq!(std::fs::read_to_string(agent.path(file)).unwrap(), content);
        } else {
            assert!(std::fs::read_to_string(agent.path("there")).unwrap().starts_with("precious"));
        }
        if !printed.is_empty() {
            assert_eq!(run.stdout, printed);
            assert!(run.stderr.contains("Generated: the key in slot 9A\n"), "{}", run.everything());
        }
    }
    // What fails leaves no empty file, and what was there as it was.
    for (file, force, left) in [("new", false, None), ("there", true, Some("precious"))] {
        let agent = Agent::new([
            ("status", piv_status()),
            ("card.access", Ok(piv_access(&Value::Null, false))),
            ("cert.place", place("9A", false)),
            ("cert.generate", Err(error("not_touched", "Nobody touched the device."))),
        ]);
        std::fs::write(agent.path("there"), "precious").unwrap();
        let force: &[&str] = if force { &["--force"] } else { &[] };
        generate(&agent, &[&["--request", file], force].concat()).ended(1, &[PIN]);
        assert_eq!(std::fs::read_to_string(agent.path(file)).ok().as_deref(), left);
    }
}

#[test]
fn certificates_and_keys_are_moved() {
    let agent = agent(piv_access(&management_key(None, true), false));
    let run = agent.run(&["cert", "move", "9D", "--to", "8b", "--pin-stdin"], PIN);
    assert_eq!(run.ended(0, &[PIN]).stdout, "Moved: 9A, Aino Virtanen\n");
    let said =
        "The certificate 9D, \"Aino Virtanen\", moves to slot 8b with its key, and its slot becomes free.\n";
    assert_eq!(run.stderr, said);
    // There are two of that thumbprint.
    assert_eq!(
        agent.params("cert.move"),
        json!({ "select": piv_select(), "certificate": "9d", "slot": "8b", "pin": PIN, "last_try": false })
    );
    // A slot with a certificate, and one with nothing but a key.
    for slot in ["9a", "82"] {
        let agent = self::agent(piv_access(&management_key(None, true), false));
        let run = agent.run(&["cert", "move", "9D", "--to", slot, "--pin-stdin"], PIN);
        assert!(run.ended(7, &[PIN]).stderr.contains("is not free."), "{}", run.everything());
        assert!(!agent.methods().contains(&"card.access".to_owned()));
    }
    for (cert, code) in [("82", 0), ("83", 1), ("0A1B2C3D", 1)] {
        let agent = Agent::new([
            ("status", piv_status()),
            ("card.access", Ok(piv_access(&management_key(None, true), false))),
            ("cert.view", Err(error("not_found", "There is no such certificate."))),
            ("card.show", Ok(piv_card("slot_9a"))),
            ("cert.move", Ok(in_slot("9A"))),
        ]);
        let run = agent.run(&["cert", "move", cert, "--to", "83", "--pin-stdin"], PIN);
        run.ended(code, &[PIN]);
        assert_eq!(agent.methods().contains(&"cert.move".to_owned()), code == 0);
        if code == 0 {
            assert!(run.stderr.starts_with("The key in slot 82 moves to slot 83"), "{}", run.everything());
        }
    }
}

#[test]
fn where_the_slot_decides_no_pin_is_asked_for() {
    let agent = |source: &str| {
        Agent::new([
            ("status", piv_status()),
            ("card.access", Ok(piv_access(&management_key(None, true), false))),
            ("cert.view", view("9D")),
            ("cert.list", Ok(json!([in_slot("9D")]))),
            ("card.show", Ok(piv_card(source))),
            ("cert.default", Ok(in_slot("9D"))),
        ])
    };
    let run = agent("slot_9a").run(&["cert", "default", "9D", "--pin-stdin"], PIN);
    assert!(run.ended(10, &[PIN]).stderr.contains("kortti cert move 9D --to 9A"), "{}", run.everything());
    let marked = agent("container_map");
    marked.run(&["cert", "default", "9D", "--pin-stdin"], PIN).ended(0, &[PIN]);
    assert_eq!(marked.params("cert.default")["certificate"], json!(SHA256));
}

#[test]
fn a_deletion_says_what_may_stay() {
    for (arguments, said) in [
        (&["9D"][..], "On a card that cannot delete keys it stays there without a certificate."),
        (&["9D", "--keep-key"], "The private key in slot 9D stays without a certificate."),
    ] {
        let agent = agent(piv_access(&management_key(None, true), false));
        let run = agent.run(&[&["cert", "delete", "--yes", "--pin-stdin"], arguments].concat(), PIN);
        assert!(run.ended(0, &[PIN]).stderr.contains(said), "{}", run.everything());
        assert_eq!(run.stdout, "Deleted.\nThe key of slot 9D stays.\n");
    }
    let agent = Agent::new([
        ("status", piv_status()),
        ("card.access", Ok(piv_access(&management_key(None, true), false))),
        ("cert.view", Err(error("not_found", "There is no such certificate."))),
        ("card.show", Ok(piv_card("slot_9a"))),
        ("cert.delete", Ok(json!({ "orphans": [], "default": null }))),
    ]);
    let run = agent.run(&["cert", "delete", "82", "--yes", "--pin-stdin"], PIN);
    assert!(run.ended(0, &[PIN]).stderr.starts_with("The key in slot 82 is deleted, where the card can."));
    assert_eq!(agent.params("cert.delete")["certificate"], json!("82"));
}

#[test]
fn slots_in_a_list_and_a_view() {
    let mut signature = in_slot("9C");
    signature["pin_type"] = json!("digital_signature");
    let mut open = in_slot("9E");
    open["role"] = json!(0);
    let agent = Agent::new([
        ("status", piv_status()),
        ("cert.list", Ok(json!([in_slot("9A"), signature, open]))),
        ("cert.view", view("9A")),
        ("card.show", Ok(piv_card("slot_9a"))),
    ]);
    let usage = "   digital signature, smart card logon\n";
    assert_eq!(
        agent.run(&["cert", "list"], "").ended(0, &[]).stdout,
        format!(
            "   SLOT  NAME           ISSUER                VALID UNTIL  KEY  PIN\n\
             *  9A    Aino Virtanen  Example Issuing CA 1  9999-12-31   yes  PIN\n{usage}   \
             9C    Aino Virtanen  Example Issuing CA 1  9999-12-31   yes  PIN (always)\n{usage}   \
             9E    Aino Virtanen  Example Issuing CA 1  9999-12-31   yes  none\n{usage}\
             * The default: Windows takes the certificate in slot 9A, whatever else is there.\n"
        )
    );
    assert_eq!(agent.methods(), ["status", "cert.list"]);
    let run = agent.run(&["cert", "view", "9A"], "");
    let text = "ID               9a\n\
                Slot             9A, Authentication\n\
                PIN              1, Primary card PIN\n\
                PIN wanted       before every use\n\
                Touch wanted     unless it was touched in the last 15 seconds\n\
                Default          yes: Windows takes the certificate in slot 9A\n\
                Key on the card  yes\n\
                Key made         on the card\n";
    assert!(run.ended(0, &[]).stdout.starts_with(text), "{}", run.everything());
    let run = agent.run(&["cert", "view", "9A", "--json"], "");
    assert_eq!(run.json()["key"]["touch_use"], json!("cached"));
    assert_eq!(run.json()["summary"]["slot"], json!("9A"));
}

#[test]
fn a_card_in_full() {
    let agent = Agent::new([("status", piv_status()), ("card.show", Ok(piv_card("slot_9a")))]);
    let run = agent.run(&["card"], "");
    let text = "Reader              Test Reader 00\n\
                Card                YubiKey 5.7.1\n\
                Printed number      12345678\n\
                CSN                 00BC614E\n\
                Windows identifier  C2931F7D-E0A4-685B-B19C-3D2E6F804A57\n\
                Answer to reset     3B00\n\
                Management key      AES-192\n                    \
                the factory's, which everybody knows: whoever sets up cards should change it\n\
                If both block       PIN and PUK both blocked: the card erases all its private keys\n\
                Key containers      2 of 24\n\
                Data objects        3\n\
                \n\
                PINs\n\
                ROLE  PIN TYPE          KIND  TRIES LEFT  CHANGED BY  UNBLOCKED BY\n\
                1     Primary card PIN  PIN   3           PIN 1       PUK\n\
                2     Unblock only      PUK   not told    PUK         nobody\n\
                \n\
                Key containers\n   \
                SLOT  NAME            PIN TYPE          KEY       CERTIFICATE\n\
                *  9A    Authentication  Primary card PIN  EC P-256  yes\n   \
                82    Authentication  Primary card PIN  EC P-256  none\n";
    assert!(run.ended(0, &[]).stdout.starts_with(text), "{}", run.everything());
}

#[test]
fn the_global_pin_has_its_name() {
    let mut pins = piv_pins(Some(3), None);
    let mut global = pins[0].clone();
    global["role"] = json!(4);
    global["changed_by"] = json!([4]);
    global["unblocked_by"] = json!([]);
    pins.as_array_mut().unwrap().push(global);
    let mut all = piv_access(&Value::Null, false);
    all["pins"] = pins.clone();
    let agent = Agent::new([
        ("status", piv_status()),
        ("pin.list", Ok(pins)),
        ("card.access", Ok(all)),
        ("pin.change", Ok(piv_pins(Some(3), None)[0].clone())),
    ]);
    let run = agent.run(&["pin", "list"], "");
    assert!(
        run.ended(0, &[])
            .stdout
            .ends_with("4     Primary card PIN  Global PIN  3           Global PIN  nobody\n"),
        "{}",
        run.everything()
    );
    let run = agent.run(&["pin", "policy", "--role", "2"], "");
    let policy = "6 to 8 letters, digits or signs. What is easy to guess is refused.\n";
    assert!(run.ended(0, &[]).stdout.ends_with(policy), "{}", run.everything());
    let mut dialogue = agent.start(&["pin", "change", "--global"]);
    dialogue
        .expect("Current PIN (Global PIN): ")
        .press(PIN)
        .press("\n")
        .expect("New PIN: ")
        .press(NEW)
        .press("\n");
    dialogue.expect("New PIN again: ").press(NEW).press("\n");
    dialogue.finish().ended(0, &[PIN, NEW]);
    assert_eq!(agent.params("pin.change")["role"], json!(4));
}

#[test]
fn a_puk_is_changed() {
    let changed = |role: usize| Ok(piv_pins(Some(3), Some(3))[role - 1].clone());
    for (arguments, role, said) in [
        (&["--puk"][..], 2, "The PUK is changed. 3 tries left.\n"),
        (&["--role", "2"], 2, "The PUK is changed. 3 tries left.\n"),
        (&[], 1, "The PIN is changed. 3 tries left.\n"),
    ] {
        let agent = Agent::new([
            ("status", piv_status()),
            ("card.access", Ok(piv_access(&management_key(Some(true), false), false))),
            ("pin.change", changed(role)),
        ]);
        let run =
            agent.run(&[&["pin", "change", "--pin-stdin"], arguments].concat(), &format!("{PUK}\n{NEW}\n"));
        assert_eq!(run.ended(0, &[PUK, NEW]).stdout, said);
        assert_eq!(
            agent.params("pin.change"),
            json!({ "select": piv_select(), "role": role, "current": PUK, "new": NEW, "last_try": false })
        );
        assert_eq!(run.stderr, "", "the management key has nothing to do with it");
    }
    let agent = agent(piv_access(&Value::Null, false));
    let mut dialogue = agent.start(&["pin", "change", "--puk"]);
    dialogue.expect("Current PUK: ").press(PUK).press("\n").expect("The new PUK: 6 to 8 letters");
    dialogue.expect("New PUK: ").press(NEW).press("\n").expect("New PUK again: ").press(NEW).press("\n");
    dialogue.finish().ended(0, &[PUK, NEW]);
    agent.run(&["pin", "change", "--puk", "--role", "3"], "").ended(2, &[]);
}

#[test]
fn pins_that_are_typed_on_the_reader_are_not_asked_for() {
    let pad = || piv_access(&management_key(Some(false), true), true);
    for (arguments, method, said) in [
        (
            &["pin", "change"][..],
            "pin.change",
            "Type on the reader: the current PIN, then the new one twice.",
        ),
        (
            &["pin", "change", "--puk"],
            "pin.change",
            "Type on the reader: the current PUK, then the new one twice.",
        ),
        (&["unblock", "puk"], "unblock.puk", "Type on the reader: the PUK, then the new PIN twice."),
        (&["cert", "delete", "9D", "--yes"], "cert.delete", "Type the PIN on the reader."),
    ] {
        for at_terminal in [true, false] {
            let agent = agent(pad());
            let run = if at_terminal { agent.start(arguments).finish() } else { agent.run(arguments, "") };
            run.ended(0, &[]);
            let shown = if at_terminal { &run.terminal } else { &run.stderr };
            assert!(shown.contains(said), "{}", run.everything());
            let sent = agent.params(method);
            for name in ["pin", "current", "new", "puk"] {
                assert_eq!(sent.get(name), None, "{arguments:?}");
            }
        }
    }
    let agent = agent(pad());
    let run = agent.run(&["status"], "");
    assert!(run.ended(0, &[]).stdout.contains("PINs are typed on its own keys\n"), "{}", run.everything());
    let cancelled = Agent::new([
        ("status", piv_status()),
        ("card.access", Ok(pad())),
        ("pin.change", Err(error("not_typed", "You cancelled on the reader."))),
    ]);
    cancelled.run(&["pin", "change"], "").ended(130, &[]);
}

#[test]
fn a_challenge_is_answered_with_a_new_pin_from_the_reader() {
    use crate::values::{good_challenge, pin};
    let mut with_pad = reader(READER, CSN);
    with_pad["pin_pad"] = json!(true);
    let agent = Agent::new([
        ("status", status_of(&[with_pad])),
        ("unblock.status", good_challenge()),
        ("unblock.finish", Ok(pin(5))),
    ]);
    let run = agent.run(&["unblock", "finish", "--pin-stdin"], "B0A1674747F4EB87\n");
    assert!(
        run.ended(0, &[]).stderr.contains("Type the new PIN on the reader, twice."),
        "{}",
        run.everything()
    );
    assert_eq!(agent.params("unblock.finish").get("new"), None);
}

#[test]
fn a_piv_card_is_unblocked_with_its_puk() {
    let agent = |pin, puk, erases: bool| {
        let mut access = piv_access(&Value::Null, false);
        access["pins"] = piv_pins(pin, puk);
        access["blocking_erases_keys"] = json!(erases);
        Agent::new([
            ("status", piv_status()),
            ("unblock.status", Ok(json!({ "state": "none" }))),
            ("card.access", Ok(access)),
            ("unblock.puk", Ok(piv_pins(Some(3), puk)[0].clone())),
        ])
    };
    for (pin, said) in [(Some(0), "3 tries left."), (Some(2), "The PIN is not blocked (2 tries left).")] {
        let agent = agent(pin, Some(3), false);
        let mut dialogue = agent.start(&["unblock"]);
        dialogue.expect("This card is unblocked with its PUK; it has no challenge.").expect(said);
        dialogue.expect("PUK: ").press(PUK).press("\n").expect("New PIN: ").press(NEW).press("\n");
        dialogue.expect("New PIN again: ").press(NEW).press("\n");
        let run = dialogue.finish();
        assert_eq!(
            run.ended(0, &[PUK, NEW]).stdout,
            "The PIN is unblocked, and the new one is set. 3 tries left.\n"
        );
        assert_eq!(
            agent.params("unblock.puk"),
            json!({ "select": piv_select(), "role": 1, "puk": PUK, "new": NEW, "last_try": false })
        );
    }
    for (pin, puk, erases, warning) in [
        (
            Some(0),
            Some(1),
            false,
            "A wrong PUK blocks it. Nobody can unblock the PUK then, nor a blocked PIN.",
        ),
        (Some(0), Some(1), true, "This card then erases all its private keys."),
        (Some(2), Some(1), true, "Once the PIN is blocked too, this card erases all its"),
    ] {
        let agent = agent(pin, puk, erases);
        let mut dialogue = agent.start(&["unblock"]);
        dialogue.expect("This is the last try.").expect("[y/N] ").press("\n");
        let run = dialogue.finish();
        let shown = run.terminal.replace("\r\n", " ");
        assert!(shown.contains(warning), "{}", run.everything());
        run.ended(7, &[]);
        let run = agent.run(&["unblock", "puk", "--pin-stdin"], &format!("{PUK}\n{NEW}\n"));
        assert!(run.ended(7, &[PUK, NEW]).stderr.contains("--last-try"), "{}", run.everything());
        assert_eq!(run.stderr.contains("erases all its private keys"), erases, "{}", run.everything());
        assert!(!agent.methods().contains(&"unblock.puk".to_owned()));
        agent
            .run(&["unblock", "puk", "--pin-stdin", "--last-try"], &format!("{PUK}\n{NEW}\n"))
            .ended(0, &[PUK, NEW]);
        assert_eq!(agent.params("unblock.puk")["last_try"], json!(true));
    }
    // The last try of a PIN whose PUK is blocked costs the keys too.
    let run =
        agent(Some(1), Some(0), true).run(&["pin", "change", "--pin-stdin"], &format!("{PIN}\n{NEW}\n"));
    assert!(
        run.ended(7, &[PIN, NEW]).stderr.contains("This card then erases all its"),
        "{}",
        run.everything()
    );

    // A PUK that is blocked unblocks nothing, and is still why there is no challenge.
    let mut access = piv_access(&Value::Null, false);
    access["pins"] = piv_pins(Some(0), Some(0));
    access["pins"][0]["unblocked_by"] = json!([]);
    let dead = Agent::new([
        ("status", piv_status()),
        ("unblock.status", Ok(json!({ "state": "none" }))),
        ("card.access", Ok(access)),
    ]);
    let run = dead.start(&["unblock"]).finish();
    assert!(
        run.ended(6, &[]).stderr.contains("The PUK is blocked, and nobody can unblock it."),
        "{}",
        run.everything()
    );

    let agent = agent(Some(0), Some(3), false);
    for arguments in [&["unblock", "start"][..], &["unblock", "start", "--json"]] {
        let run = agent.run(arguments, "");
        assert!(
            format!("{}{}", run.stdout, run.stderr).contains("kortti unblock puk"),
            "{}",
            run.everything()
        );
        run.ended(10, &[]);
    }
    assert!(!agent.methods().contains(&"unblock.start".to_owned()));
}

#[test]
fn tries_are_set() {
    let tries = ["pin", "tries", "--pin-tries", "5", "--puk-tries", "4", "--pin-stdin"];
    for (key, input, sent_key) in [
        (management_key(Some(true), false), format!("{PIN}\n{PUK}\n"), None),
        (management_key(None, false), format!("{KEY}\n{PIN}\n{PUK}\n"), Some(KEY)),
    ] {
        let agent = agent(piv_access(&key, false));
        let run = agent.run(&tries, &input);
        assert!(
            run.ended(0, &[PIN, PUK, KEY]).stderr.contains("PIN and PUK are set anew"),
            "{}",
            run.everything()
        );
        let mut expected = json!({ "select": piv_select(), "pin_tries": 5, "puk_tries": 4, "pin": PIN, "puk": PUK,
                                   "last_try": false });
        if let Some(key) = sent_key {
            expected["management_key"] = json!(key);
        }
        assert_eq!(agent.params("pin.tries"), expected);
        assert!(run.stdout.contains("2     Unblock only      PUK   4 "), "{}", run.everything());
    }
    for (access, input, code, said) in [
        (access(3).unwrap(), PIN, 10, "no PUK"),
        (piv_access(&Value::Null, true), PIN, 10, "a reader with keys of its own"),
        (piv_access(&Value::Null, false), PIN, 2, "New PUK: the standard input ended before it"),
        (piv_access(&Value::Null, false), "135724\n12345\n", 7, "at least 6 characters"),
    ] {
        let agent = agent(access);
        let run = agent.run(&tries, input);
        assert!(run.ended(code, &[PIN]).stderr.contains(said), "{said}\n{}", run.everything());
        assert!(!agent.methods().contains(&"pin.tries".to_owned()));
    }
    for (pin_tries, puk_tries) in [("0", "3"), ("3", "0"), ("256", "3"), ("x", "3")] {
        let arguments = ["pin", "tries", "--pin-tries", pin_tries, "--puk-tries", puk_tries];
        Agent::none().run(&arguments, "").ended(2, &[]);
    }
}

#[test]
fn a_card_is_named_by_the_number_that_is_printed_on_it() {
    let both = status_of(&[reader("Other", CSN), piv_reader(false)]);
    let agent = Agent::new([("status", both.clone()), ("pin.list", Ok(piv_pins(Some(3), None)))]);
    for number in [PRINTED, PIV_CSN] {
        agent.run(&["pin", "list", "--card", number], "").ended(0, &[]);
        assert_eq!(agent.params("pin.list"), json!({ "select": piv_select() }));
    }
    let mut dialogue = agent.start(&["pin", "list"]);
    dialogue
        .expect("  2  00BC614E (number 12345678) in Test Reader 00\r\n")
        .expect("Its number: ")
        .press("2\n");
    dialogue.finish().ended(0, &[]);
    agent.run(&["readers", "--card", "1234"], "").ended(4, &[]);

    // Events name its CSN only.
    let mut replies = vec![("subscribe", Ok(json!({})))];
    let mut snapshot = both.unwrap();
    snapshot["event"] = json!("snapshot");
    for (sequence, mut event) in (1..).zip([
        snapshot,
        json!({ "event": "key_generated", "reader": READER, "csn": PIV_CSN, "container": 0x9A, "cause": "user" }),
        json!({ "event": "cert_moved", "reader": READER, "csn": PIV_CSN, "certificate": "9A", "cause": "user" }),
        json!({ "event": "pin_failed", "reader": READER, "csn": PIV_CSN, "role": 2, "tries_left": 2, "cause": "user" }),
        json!({ "event": "key_generated", "reader": "Other", "csn": CSN, "container": 3, "cause": "user" }),
        json!({ "event": "agent_stopping" }),
    ]) {
        event["sequence"] = json!(sequence);
        event["time"] = json!("now");
        replies.push(("event", Ok(event)));
    }
    let run = Agent::new(replies).run(&["watch", "--card", PRINTED], "");
    assert_eq!(
        run.ended(0, &[]).stdout,
        "now  Test Reader 00: YubiKey 5.7.1 00BC614E (number 12345678)\n\
         now  Test Reader 00: a key was made in slot 9A of card 00BC614E\n\
         now  Test Reader 00: certificate 9A of card 00BC614E moved here from another slot\n\
         now  Test Reader 00: PUK of card 00BC614E was wrong. 2 tries left.\n\
         now  The agent stops\n"
    );
}

#[test]
fn gids_cards_stay_as_they_are() {
    // No question about a key, a slot or an overwriting.
    let agent = Agent::new([
        ("status", status()),
        ("card.access", access(3)),
        ("cert.place", Err(error("not_supported", "This card cannot do that: it cannot make keys."))),
    ]);
    let run = generate(&agent, &[]);
    assert_eq!(run.ended(10, &[PIN]).stderr, "This card cannot do that: it cannot make keys.\n");
    assert_eq!(agent.methods(), ["status", "cert.place"]);
}
