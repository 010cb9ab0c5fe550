use serde_json::{Value, json};

use crate::harness::{Agent, Reply, error};
use crate::values::{CSN, SHA256, access, certificate, damaged, fields, pin, select, status};

const PIN: &str = "13572468";
const PASSWORD: &str = "sesame-open-42";

fn view() -> Reply {
    Ok(json!({ "summary": certificate("kxc00", 0), "fields": fields("CN=Aino Virtanen", "30820102"),
               "chain": [fields("CN=Example Issuing CA 1", "30830304")] }))
}

fn damaged_view() -> Reply {
    Ok(json!({ "summary": damaged("kxc01"), "fields": null, "chain": [] }))
}

#[test]
fn the_list_fits_a_terminal() {
    let mut hostile = certificate("kxc02", 2);
    hostile["common_name"] = json!("\u{1b}[2JEve\nkxc09  Admin");
    hostile["not_after"] = json!("2020-01-01T00:00:00Z");
    let list = json!([certificate("kxc00", 0), damaged("kxc01"), hostile]);
    let agent = Agent::new([("status", status()), ("cert.list", Ok(list.clone()))]);
    let run = agent.run(&["cert", "list"], "");
    assert_eq!(
        run.ended(0, &[]).stdout,
        "   ID     NAME                        ISSUER                VALID UNTIL         CONTAINER  KEY  PIN\n\
         *  kxc00  Aino Virtanen               Example Issuing CA 1  9999-12-31          0          yes  PIN\n   \
         digital signature, smart card logon\n   \
         kxc01  damaged                                                               none       no   -\n   \
         It is not DER.\n   \
         kxc02  \\u{1b}[2JEve\\nkxc09  Admin  Example Issuing CA 1  expired 2020-01-01  2          yes  PIN\n   \
         digital signature, smart card logon\n"
    );
    assert_eq!(
        agent.run(&["cert", "list", "--json"], "").json(),
        json!({ "schema": 1, "certificates": list })
    );
    let empty = Agent::new([("status", status()), ("cert.list", Ok(json!([])))]);
    assert_eq!(empty.run(&["cert", "list"], "").ended(0, &[]).stdout, "The card holds no certificate.\n");
}

#[test]
fn a_view_shows_every_field() {
    let agent = Agent::new([("status", status()), ("cert.view", view())]);
    let run = agent.run(&["cert", "view", "0"], "");
    for part in [
        "ID               kxc00\n",
        "Subject             CN=Aino Virtanen\n",
        "Also named          upn aino@example.test\n",
        "Extended key usage  smart card logon (1.3.6.1.4.1.311.20.2.2)\n",
        "Valid until         9999-12-31 23:59:59 UTC\n",
        "\nIssuer on the card\nSubject           ",
    ] {
        let found = run.ended(0, &[]).stdout.contains(part);
        assert!(found, "{part}\n{}", run.everything());
    }
    assert_eq!(agent.params("cert.view"), json!({ "select": select(), "certificate": "0" }));
    let mut expected = view().unwrap();
    expected["schema"] = json!(1);
    assert_eq!(agent.run(&["cert", "view", "0", "--json"], "").json(), expected);
    let mut past = view().unwrap();
    past["fields"]["not_after"] = json!("2026-01-01T00:00:00Z");
    past["fields"]["public_key"] = json!("3082".repeat(100));
    let agent = Agent::new([("status", status()), ("cert.view", Ok(past))]);
    let run = agent.run(&["cert", "view", "0"], "");
    let part = "Valid until         2026-01-01 00:00:00 UTC, expired\n";
    assert!(run.ended(0, &[]).stdout.contains(part), "{}", run.everything());
    let agent = Agent::new([("status", status()), ("cert.view", damaged_view())]);
    let run = agent.run(&["cert", "view", "kxc01"], "");
    assert!(run.ended(0, &[]).stdout.contains("It is not DER."), "{}", run.everything());
}

#[test]
fn exports() {
    const PEM: &str = "-----BEGIN CERTIFICATE-----\nMIIBAg==\n-----END CERTIFICATE-----\n";
    const ISSUER: &str = "-----BEGIN CERTIFICATE-----\nMIMDBA==\n-----END CERTIFICATE-----\n";
    let der: &[u8] = &[0x30, 0x82, 1, 2];
    let both = [PEM, ISSUER].concat();
    for (arguments, content) in [
        (&["mine.cer"][..], Some(der)),
        (&["mine.DER"], Some(der)),
        (&["mine.pem"], Some(PEM.as_bytes())),
        (&["mine.crt", "--chain"], Some(both.as_bytes())),
        (&["mine.txt", "--format", "pem"], Some(PEM.as_bytes())),
        (&["mine.pem", "--format", "der"], Some(der)),
        (&["there.pem", "--force"], Some(PEM.as_bytes())),
        (&["there.pem"], None),
        (&["mine.txt"], None),
        (&["mine.cer", "--chain"], None),
        (&["no/such/folder.cer"], None),
    ] {
        let agent = Agent::new([("status", status()), ("cert.view", view())]);
        std::fs::write(agent.path("there.pem"), "longer than a certificate, and precious").unwrap();
        let run = agent.run(&[&["cert", "export", "kxc00"], arguments].concat(), "");
        match content {
            Some(content) => {
                assert_eq!(run.ended(0, &[]).stdout, format!("Written: {}\n", arguments[0]));
                assert_eq!(std::fs::read(agent.path(arguments[0])).unwrap(), content, "{arguments:?}");
            }
            None => {
                assert!(run.code == 1 || run.code == 2, "{}", run.everything());
                let there = std::fs::read_to_string(agent.path("there.pem")).unwrap();
                assert!(there.ends_with("precious"));
            }
        }
    }
    let agent = Agent::new([("status", status()), ("cert.view", view())]);
    assert_eq!(agent.run(&["cert", "export", "0", "-", "--chain"], "").ended(0, &[]).stdout, both);
    agent.run(&["cert", "export", "0", "-", "--json"], "").ended(2, &[]);
    assert_eq!(
        agent.run(&["cert", "export", "0", "a.pem", "--chain", "--json"], "").json(),
        json!({ "schema": 1, "file": "a.pem", "format": "pem", "certificates": 2 })
    );
    let agent = Agent::new([("status", status()), ("cert.view", damaged_view())]);
    agent.run(&["cert", "export", "kxc01", "a.cer"], "").ended(1, &[]);
    assert!(!agent.path("a.cer").exists());
}

fn plan() -> Value {
    json!({ "csn": CSN, "reader": "R", "common_name": "Aino Virtanen", "with_key": true,
            "chain": ["Example Issuing CA 1"], "container": 1, "replaces": "Aino \u{1b}Meri" })
}

#[test]
fn an_import_that_went_elsewhere_is_told() {
    let mut elsewhere = imported().unwrap();
    elsewhere["certificate"] = certificate("kxc02", 2);
    for (reply, told) in [(imported(), false), (Ok(elsewhere), true)] {
        let agent = Agent::new([
            ("status", status()),
            ("cert.inspect", Ok(plan())),
            ("card.access", access(3)),
            ("cert.import", reply),
        ]);
        std::fs::write(agent.path("mine.p12"), "x").unwrap();
        let run = agent.run(&["cert", "import", "mine.p12", "--pin-stdin"], PIN);
        let said = run.ended(0, &[PIN]).stderr.contains("The card was changed meanwhile");
        assert_eq!(said, told, "{}", run.everything());
        assert_eq!(run.stderr.contains("went to container 2, not container 1"), told, "{}", run.everything());
    }
}

fn imported() -> Reply {
    Ok(json!({ "certificate": certificate("kxc01", 1), "chain": ["Example Issuing CA 1"] }))
}

#[test]
fn an_import_looks_before_it_asks() {
    let locked = || Err(error("file_password", "The file needs its password."));
    let mut wrong = error("file_password", "The password of the file is wrong.");
    wrong["tries_left"] = Value::Null;
    let secret = format!("{PASSWORD}\n{PIN}\n");
    for (inspections, input, code, methods) in [
        (vec![Ok(plan())], format!("{PIN}\n"), 0, "status cert.inspect card.access cert.import"),
        (
            vec![locked(), Ok(plan())],
            secret.clone(),
            0,
            "status cert.inspect cert.inspect card.access cert.import",
        ),
        (vec![locked(), Err(wrong)], secret.clone(), 1, "status cert.inspect cert.inspect"),
        (vec![Err(error("bad_file", "No certificate."))], secret.clone(), 1, "status cert.inspect"),
        (vec![Err(error("no_matching_key", "No key."))], secret.clone(), 1, "status cert.inspect"),
        (
            vec![locked(), Ok(plan())],
            format!("{PASSWORD}\n"),
            2,
            "status cert.inspect cert.inspect card.access",
        ),
    ] {
        let passwords = inspections.len() > 1;
        let mut replies = vec![("status", status()), ("card.access", access(3)), ("cert.import", imported())];
        replies.extend(inspections.into_iter().map(|reply| ("cert.inspect", reply)));
        let agent = Agent::new(replies);
        std::fs::write(agent.path("mine.p12"), b"not really one").unwrap();
        let run = agent.run(&["cert", "import", "mine.p12", "--default", "--pin-stdin"], &input);
        run.ended(code, &[PIN, PASSWORD]);
        assert_eq!(agent.methods().join(" "), methods);
        if code == 0 {
            let password = if passwords { json!(PASSWORD) } else { Value::Null };
            assert_eq!(
                agent.params("cert.import"),
                json!({ "select": select(), "file": "bm90IHJlYWxseSBvbmU=", "password": password, "pin": PIN,
                        "overwrite": false, "default": true, "last_try": false })
            );
            assert_eq!(
                run.stderr,
                format!(
                    "The certificate \"Aino Virtanen\" with its private key goes to container 1 of the card {CSN} in R. \
                     It replaces \"Aino \\u{{1b}}Meri\". These of its file go along where the card has room: \
                     \"Example Issuing CA 1\".\n"
                )
            );
            assert_eq!(run.stdout, "Imported: kxc01, Aino Virtanen\nOn the card too: Example Issuing CA 1\n");
        }
    }
}

#[test]
fn a_file_that_cannot_be_one_reaches_nobody() {
    let agent = Agent::new([("status", status())]);
    std::fs::write(agent.path("huge"), vec![0; 512 * 1024 + 1]).unwrap();
    std::fs::write(agent.path("empty"), "").unwrap();
    for (file, said) in [("huge", "too large"), ("empty", "empty"), ("none", "none is not there.")] {
        let run = agent.run(&["cert", "import", file, "--pin-stdin"], PIN);
        assert!(run.ended(1, &[PIN]).stderr.contains(said), "{}", run.everything());
    }
    assert!(agent.methods().is_empty());
}

#[test]
fn an_import_at_a_terminal() {
    let locked = Err(error("file_password", "The file needs its password."));
    let agent = Agent::new([
        ("status", status()),
        ("cert.inspect", locked),
        ("cert.inspect", Ok(plan())),
        ("card.access", access(2)),
        ("cert.import", imported()),
    ]);
    std::fs::write(agent.path("mine.p12"), "x").unwrap();
    let mut dialogue = agent.start(&["cert", "import", "mine.p12"]);
    dialogue.expect("Password of the file: ").press(PASSWORD).press("\n");
    dialogue.expect("2 tries left.").expect("PIN: ").press(PIN).press("\n");
    dialogue.finish().ended(0, &[PIN, PASSWORD]);
}

#[test]
fn a_default() {
    let agent = Agent::new([
        ("status", status()),
        ("cert.view", view()),
        ("cert.list", Ok(json!([certificate("kxc00", 0), damaged("kxc01")]))),
        ("card.access", access(3)),
        ("cert.default", Ok(certificate("kxc00", 0))),
    ]);
    let run = agent.run(&["cert", "default", "0", "--pin-stdin"], PIN);
    assert_eq!(run.ended(0, &[PIN]).stdout, "The default is now kxc00, Aino Virtanen.\n");
    assert_eq!(
        agent.params("cert.default"),
        json!({ "select": select(), "certificate": SHA256, "pin": PIN, "last_try": false })
    );
}

fn deletion() -> Vec<(&'static str, Reply)> {
    let card = json!({
        "reader": "R", "atr": "3B00", "edge": "gids", "csn": CSN, "name": "GIDS card", "windows_id": null,
        "initialised": true, "pins": [pin(3)], "certificates": [], "findings": [],
        "containers": [{ "index": 4, "name": "old key", "role": 1, "pin_type": "primary_card_pin",
                         "default": false, "has_key": true, "algorithm": null, "certificate": null }],
        "space": { "containers_used": 1, "containers_max": null, "files_used": 0, "files_max": null } });
    let reply = json!({ "orphans": ["Mail that was enciphered for it."], "default": 2 });
    let list = json!([certificate("kxc00", 0), damaged("kxc01")]);
    vec![
        ("status", status()),
        ("card.access", access(3)),
        ("card.show", Ok(card)),
        ("cert.list", Ok(list)),
        ("cert.delete", Ok(reply)),
    ]
}

#[test]
fn a_deletion_says_what_it_takes_along() {
    let missing = || Err(error("not_found", "There is no such certificate."));
    for (arguments, view, named, said) in [
        (&["kxc00"][..], view(), Some(SHA256), "Container 0 is deleted with it. Its private key is lost"),
        (&["00FF00FF"], view(), Some(SHA256), "what was enciphered for it can no longer be read."),
        (&["kxc00", "--keep-key"], view(), Some(SHA256), "Container 0 stays without a certificate."),
        (&["kxc01"], damaged_view(), Some("kxc01"), "kxc01, which is damaged, is deleted.\n"),
        (
            &["4"],
            missing(),
            Some("4"),
            "Container 4, old key, is deleted. It has no certificate. Its private key is lost",
        ),
        (&["4", "--keep-key"], missing(), None, "There is no such certificate."),
        (&["5"], missing(), None, "There is no such certificate."),
        (&["kxc07"], missing(), None, "There is no such certificate."),
    ] {
        let mut replies = deletion();
        replies.push(("cert.view", view));
        let agent = Agent::new(replies);
        let run = agent.run(&[&["cert", "delete", "--yes", "--pin-stdin"], arguments].concat(), PIN);
        assert!(run.stderr.contains(said), "{said}\n{}", run.everything());
        match named {
            Some(name) => {
                run.ended(0, &[PIN]);
                let keep_key = arguments.contains(&"--keep-key");
                assert_eq!(
                    agent.params("cert.delete"),
                    json!({ "select": select(), "certificate": name, "keep_key": keep_key, "pin": PIN,
                            "last_try": false })
                );
                assert_eq!(
                    run.stdout,
                    "Deleted.\nMail that was enciphered for it.\nThe default container is now 2.\n"
                );
            }
            None => {
                run.ended(1, &[PIN]);
                assert!(!agent.methods().contains(&"cert.delete".to_owned()));
            }
        }
    }
}

#[test]
fn a_certificate_that_is_there_twice_is_deleted_by_its_name() {
    let mut replies = deletion();
    replies.retain(|(method, _)| *method != "cert.list");
    replies.push(("cert.list", Ok(json!([certificate("kxc00", 0), certificate("kxc01", 1)]))));
    replies.push(("cert.view", view()));
    let agent = Agent::new(replies);
    agent.run(&["cert", "delete", "--yes", "--pin-stdin", "00FF00FF"], PIN).ended(0, &[PIN]);
    assert_eq!(agent.params("cert.delete")["certificate"], json!("kxc00"));
}

#[test]
fn a_deletion_is_asked_about() {
    let agent = Agent::new(deletion());
    let run = agent.run(&["cert", "delete", "kxc00", "--pin-stdin"], PIN);
    assert!(run.ended(2, &[PIN]).stderr.contains("--yes"), "{}", run.everything());
    assert!(agent.methods().is_empty());

    for (answer, goes_on) in [("y", true), ("", false), ("no", false)] {
        let mut replies = deletion();
        replies.push(("cert.view", view()));
        let agent = Agent::new(replies);
        let mut dialogue = agent.start(&["cert", "delete", "kxc00"]);
        dialogue.expect("Delete it? [y/N] ").press(answer).press("\n");
        if goes_on {
            dialogue.expect("3 tries left.").expect("PIN: ").press(PIN).press("\n");
        }
        let run = dialogue.finish();
        run.ended(if goes_on { 0 } else { 130 }, &[PIN]);
        assert!(run.stderr.contains("Its private key is lost"), "{}", run.everything());
        assert_eq!(agent.methods().contains(&"cert.delete".to_owned()), goes_on);
    }
}
