//! The whole job with marked secrets, successes and refusals, and then the search for them.

use std::cell::RefCell;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use harness::programs::{AgentProcess, Home};
use harness::wire::Wire;
use serde_json::{Value, json};
use shared::rpc::MAX_LINE;

use crate::canary::{Canary, digits, search};

/// What the card has before; it stands in the description, so it is no canary.
const FIRST: &str = "123456";
const PIN: &str = "pin-4QZ7xW";
const NEW: &str = "new-8RJ2vKd";
const WRONG: &str = "wrg-5TM9bH";
const TOO_LONG: &str = "much-too-long-2VX8cN";
const NOT_ASCII: &str = "grün-6LW4eY";
const PUK: &str = "puk-3YD6nF1c";
const WRONG_PUK: &str = "kup-9BK1sG5j";
const PASSWORD: &str = "pfx-6GS1uPq9";
const WRONG_PASSWORD: &str = "xfp-2HC7aRt4";
const ADMIN_KEY: &str = "5BE07A31C4962F8DD81603B9EA7542FC91CD28A4603FE7B5";
/// Well formed, and not the answer to any challenge that is likely to come.
const WRONG_RESPONSE: &str = "A6D3 19F0 8C2E 57B4";
/// Well formed but for its checksum.
const BAD_RESPONSE: &str = "C8E1 5A90 3D7F B264 0000";

const DEMO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../agent/card/src/virt/demo");
const READER: &str = "Reader 00 00";
const PUK_READER: &str = "Reader 01 00";

fn description() -> String {
    format!(
        r#"
        [[reader]]
        name = "{READER}"
        card = "anna"
        [[reader]]
        name = "{PUK_READER}"
        card = "berta"
        [[card]]
        name = "anna"
        pin = "{FIRST}"
        admin-key = "{ADMIN_KEY}"
        cardid = "7D1F93C2A4E05B68B19C3D2E6F804A57"
        [[card.container]]
        name = "3f6d2c1a-0b5e-4d7f-9a61-7c2e8f104b93"
        key = "{DEMO}/logon.key"
        certificate = "{DEMO}/logon.pem"
        default = true
        [[card]]
        name = "berta"
        pin = "{FIRST}"
        puk = "{PUK}"
        admin-key = "{ADMIN_KEY}"
        cardid = "C45A0E91D7364B82A05F1C7E93B82D60"
        "#
    )
}

/// An agent that does the job, and everything that was said meanwhile.
pub(crate) struct Job {
    pub(crate) home: Home,
    pub(crate) agent: AgentProcess,
    said: RefCell<Vec<(String, Vec<u8>)>>,
}

impl Job {
    /// On these virtual cards, which the agent looks after as nobody has told it not to.
    pub(crate) fn new(description: &str) -> Self {
        let home = Home::new();
        home.configure_alone("");
        fs::write(home.path().join("cards.toml"), description).unwrap();
        let agent = home.agent_with_cards(&["--virtual", "cards.toml"]);
        Self { home, agent, said: RefCell::default() }
    }

    pub(crate) fn keep(&self, who: &str, said: impl Into<Vec<u8>>) {
        self.said.borrow_mut().push((who.to_owned(), said.into()));
    }

    #[track_caller]
    fn run(&self, line: &str, secrets: &[&str], code: i32) -> String {
        self.run_in(if line.contains("puk") { PUK_READER } else { READER }, line, secrets, code)
    }

    /// Runs a command with these lines on its standard input, once for people and, where it changes nothing, once
    /// for programs.
    #[track_caller]
    pub(crate) fn run_in(&self, reader: &str, line: &str, secrets: &[&str], code: i32) -> String {
        let mut arguments = vec!["--reader", reader];
        arguments.extend(line.split(' '));
        let is_refused = code != 0;
        let run = self.home.kortti(&arguments, secrets).code(code);
        self.keep(line, run.stdout.clone());
        self.keep(line, run.stderr);
        // What is refused before it costs anything is refused again.
        if is_refused && code != 5 {
            arguments.push("--json");
            let run = self.home.kortti(&arguments, secrets).code(code);
            assert!(run.stdout.contains("\"error\""), "{}", run.stdout);
            self.keep(line, run.stdout);
            self.keep(line, run.stderr);
        }
        run.stdout
    }

    /// Reads the record of writes, ends the agent, and returns all that was said.
    pub(crate) fn end(self) -> (Home, Vec<(String, Vec<u8>)>) {
        for arguments in [&["log", "--limit", "1000"][..], &["log", "--limit", "1000", "--json"]] {
            let run = self.home.kortti(arguments, &[]).code(0);
            self.keep("kortti log", run.stdout);
        }
        let Self { home, mut agent, said } = self;
        agent.terminate();
        agent.ends_within(std::time::Duration::from_secs(60)).unwrap();
        (home, said.into_inner())
    }

    /// Takes a challenge and has its response calculated, which is printed: that is what it is for.
    fn response(&self) -> String {
        let run = self.home.kortti(&["unblock", "start", "--json", "--reader", READER], &[]).code(0);
        let challenge = run.json()["challenge"].as_str().unwrap().to_owned();
        let respond = ["unblock", "respond", "--json", "--challenge", &challenge, "--key-file", "admin.key"];
        let run = self.home.kortti(&respond, &[]).code(0);
        self.keep("unblock respond, standard error", run.stderr.clone());
        let response = run.json()["response"].as_str().unwrap().to_owned();
        let rest = run.stdout.replace(&response, "");
        assert_ne!(rest, run.stdout);
        self.keep("unblock respond, but for the response", rest);
        response
    }

    /// Sends bytes that are no good request, and keeps what comes back until the agent has answered `lines` lines
    /// or closes the connection.
    fn raw(&self, bytes: &[u8], lines: usize) {
        let mut wire = Wire::open(&self.home);
        let _ = wire.send(bytes);
        for _ in 0..lines {
            let line = wire.line().expect("an answer");
            assert!(line.contains("\"error\""), "{line}");
            self.keep("the socket", line);
        }
    }
}

/// A file with a certificate and its key, and 24 bytes of that key.
fn make_pfx(directory: &Path) -> Vec<u8> {
    let openssl = |line: &str| {
        let output = Command::new("openssl").args(line.split(' ')).current_dir(directory).output().unwrap();
        assert!(output.status.success(), "openssl {line}: {}", String::from_utf8_lossy(&output.stderr));
    };
    openssl("req -x509 -newkey rsa:2048 -noenc -days 9 -subj /CN=Canary -keyout new.key -out new.pem");
    openssl(&format!("pkcs12 -export -inkey new.key -in new.pem -passout pass:{PASSWORD} -out new.pfx"));
    openssl("rsa -in new.key -traditional -outform DER -out key.der");
    let mut damaged = fs::read(directory.join("new.pfx")).unwrap();
    damaged.truncate(1500);
    fs::write(directory.join("damaged.pfx"), damaged).unwrap();
    // RSAPrivateKey (RFC 8017 A.1.2): behind version, modulus and public exponent stands the private one.
    let key = fs::read(directory.join("key.der")).unwrap();
    let private = key[277..].get(30..54).unwrap().to_vec();
    for name in ["new.key", "new.pem", "key.der"] {
        fs::remove_file(directory.join(name)).unwrap();
    }
    private
}

/// All the files of a home but those that the test itself has written.
pub(crate) fn files(directory: &Path, own: &[&str], found: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(directory).unwrap().flatten() {
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            files(&entry.path(), own, found);
        } else if kind.is_file() && !own.iter().any(|name| entry.file_name() == *name) {
            found.push((entry.path().display().to_string(), fs::read(entry.path()).unwrap()));
        }
    }
}

/// What a process list shows of a process.
pub(crate) fn listed(pid: u32, found: &mut Vec<(String, Vec<u8>)>) {
    for what in ["cmdline", "environ", "comm", "status"] {
        let path = format!("/proc/{pid}/{what}");
        // Who is not root may not read the environment of a process that is guarded like this one.
        if let Ok(shown) = fs::read(&path) {
            found.push((path, shown));
        }
    }
}

/// A command that has been given its first secret and waits for the next.
fn halfway(home: &Home) -> Child {
    let mut command = home.program("kortti");
    command.args(["--reader", READER, "pin", "change", "--pin-stdin"]);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    writeln!(child.stdin.as_mut().unwrap(), "{PIN}").unwrap();
    child
}

fn malformed(job: &Job) {
    let line = |text: String| format!("{text}\n").into_bytes();
    let call = |method: &str, params: &str| {
        line(format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#))
    };
    for bytes in [
        // No JSON, no request, no such method.
        line(PIN.into()),
        line(format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"pin.change","params":{{"current":"{PIN}","new":"{NEW}"}}"#
        )),
        line(format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"pin.change","params":{{"current":"{PIN}","new":{NEW}}}}}"#
        )),
        line(format!(
            r#"{{"jsonrpc":"2.0","method":"pin.change","params":{{"current":"{PIN}","new":"{NEW}"}}}}"#
        )),
        line(format!(r#"[{{"jsonrpc":"2.0","id":1,"method":"pin.change","params":{{"current":"{PIN}"}}}}]"#)),
        line(format!(r#"{{"jsonrpc":"{PIN}","id":1,"method":"pin.change"}}"#)),
        call(PIN, &format!(r#"{{"current":"{PIN}"}}"#)),
        // Types that do not fit.
        call("pin.change", &format!(r#""{PIN}""#)),
        call("pin.change", &format!(r#"{{"current":["{PIN}"],"new":"{NEW}"}}"#)),
        call("pin.change", &format!(r#"{{"current":{{"pin":"{PIN}"}},"new":"{NEW}"}}"#)),
        call("pin.change", &format!(r#"{{"current":"{PIN}","new":"{NEW}","role":"{PIN}"}}"#)),
        call("pin.change", &format!(r#"{{"current":"{PIN}","new":"{NEW}","last_try":"{NEW}"}}"#)),
        call("pin.change", &format!(r#"{{"current":"{PIN}\ud800","new":"{NEW}"}}"#)),
        call("pin.change", &format!(r#"{{"current":"{PIN}"}}"#)),
        call("pin.change", &format!(r#"{{"select":"{PIN}","current":"{PIN}","new":"{NEW}"}}"#)),
        call("unblock.finish", &format!(r#"{{"response":["{WRONG_RESPONSE}"],"new":"{NEW}"}}"#)),
        call("unblock.puk", &format!(r#"{{"puk":"{PUK}","new":"{NEW}","role":"{PUK}"}}"#)),
        call("cert.import", &format!(r#"{{"file":"{NEW}","password":["{PASSWORD}"],"pin":"{PIN}"}}"#)),
        // Well formed, and refused.
        call("pin.change", &format!(r#"{{"select":{{"reader":"None"}},"current":"{PIN}","new":"{NEW}"}}"#)),
        call(
            "pin.change",
            &format!(r#"{{"role":7,"select":{{"reader":"{READER}"}},"current":"{PIN}","new":"{NEW}"}}"#),
        ),
        call(
            "pin.change",
            &format!(r#"{{"select":{{"reader":"{READER}"}},"current":"{PIN}","new":"{TOO_LONG}"}}"#),
        ),
        call(
            "pin.change",
            &format!(r#"{{"select":{{"reader":"{READER}"}},"current":"{TOO_LONG}","new":"{NEW}"}}"#),
        ),
        call(
            "pin.change",
            &format!(r#"{{"select":{{"reader":"{READER}"}},"current":"{PIN}","new":"{NOT_ASCII}"}}"#),
        ),
        call(
            "pin.change",
            &format!(r#"{{"select":{{"reader":"{READER}"}},"current":"{PIN}","new":"{PIN}"}}"#),
        ),
        call(
            "cert.inspect",
            &format!(r#"{{"select":{{"reader":"{READER}"}},"file":"{PASSWORD}","password":"{PASSWORD}"}}"#),
        ),
        call(
            "unblock.finish",
            &format!(r#"{{"select":{{"reader":"{READER}"}},"response":"{ADMIN_KEY}","new":"{NEW}"}}"#),
        ),
        // Too long.
        format!("{}{PIN}\n", PIN.repeat(MAX_LINE / PIN.len())).into_bytes(),
    ] {
        job.raw(&bytes, 1);
    }
    // Broken off, and followed by rubbish.
    job.raw(
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"pin.change","params":{{"current":"{PIN}"#).as_bytes(),
        0,
    );
    job.raw(format!("{PIN}\n{NEW}\n\0{WRONG}\n").as_bytes(), 3);
}

#[test]
fn nothing_is_left_of_any_secret() {
    let job = Job::new(&description());
    let mut watch = job.home.program("kortti");
    let mut watch = watch.args(["watch", "--json"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut events = BufReader::new(watch.stdout.take().unwrap());
    let mut watched = String::new();
    events.read_line(&mut watched).unwrap();
    fs::write(job.home.path().join("admin.key"), ADMIN_KEY).unwrap();
    let private_key = make_pfx(job.home.path());
    let mut places = Vec::new();
    let change = "pin change --pin-stdin";

    // PINs: changed, refused by policy, wrong, wrong up to the last try, blocked.
    job.run(change, &[FIRST, PIN], 0);
    job.run(change, &[PIN, TOO_LONG], 7);
    job.run(change, &[PIN, NOT_ASCII], 7);
    job.run(change, &[TOO_LONG, NEW], 5);
    job.run(change, &[PIN], 2);
    job.run("pin change", &[PIN, NEW], 2);
    let child = halfway(&job.home);
    listed(child.id(), &mut places);
    assert!(!places.is_empty());
    let output = child.wait_with_output().unwrap();
    job.keep("a change that ends halfway", [output.stdout, output.stderr].concat());
    malformed(&job);
    job.run(change, &[WRONG, NEW], 5);
    job.run(change, &[WRONG, NEW], 5);
    job.run(change, &[WRONG, NEW], 7);
    job.run("pin change --pin-stdin --last-try", &[WRONG, NEW], 5);
    job.run(change, &[PIN, NEW], 6);

    // Unblocking: given up, with a mistyped response, a wrong one, one to a challenge that is void, and the right one.
    let unused = job.response();
    job.run("unblock cancel", &[], 0);
    job.run("unblock finish --pin-stdin", &[&unused, NEW], 9);
    let first = job.response();
    job.run("unblock finish --pin-stdin", &[BAD_RESPONSE, NEW], 7);
    job.run("unblock finish --pin-stdin", &[&first, TOO_LONG], 7);
    job.run("unblock finish --pin-stdin", &[WRONG_RESPONSE, NEW], 5);
    job.run("unblock finish --pin-stdin", &[&first, NEW], 9);
    let second = job.response();
    job.run("unblock finish --pin-stdin", &[&second, NEW], 0);
    job.run("unblock puk --pin-stdin", &[WRONG_PUK, NEW], 5);
    job.run("unblock puk --pin-stdin", &[PUK, TOO_LONG], 7);
    job.run("unblock puk --pin-stdin", &[PUK, NEW], 0);

    // Files: a wrong password, a damaged file, a wrong PIN, and what goes well.
    let import = "cert import new.pfx --pin-stdin";
    job.run(import, &[WRONG_PASSWORD, NEW], 1);
    job.run("cert import damaged.pfx --pin-stdin", &[PASSWORD, NEW], 1);
    job.run(import, &[PASSWORD, TOO_LONG], 5);
    job.run(import, &[PASSWORD, WRONG], 5);
    job.run(import, &[PASSWORD, NEW], 0);
    let listed_certificates = job.run("cert list --json", &[], 0);
    let list: Value = serde_json::from_str(&listed_certificates).unwrap();
    let imported = list["certificates"].as_array().unwrap().iter().find(|one| one["common_name"] == "Canary");
    let id = imported.unwrap()["id"].as_str().unwrap().to_owned();
    job.run(&format!("cert default {id} --pin-stdin"), &[WRONG, NEW], 5);
    job.run(&format!("cert default {id} --pin-stdin"), &[NEW], 0);
    // `kortti` asks for no PIN where nothing is to be mended; the agent takes one all the same.
    job.run("card repair --pin-stdin", &[WRONG], 0);
    for (pin, end) in [(WRONG, "error"), (NEW, "result")] {
        let params = json!({ "select": { "reader": READER }, "pin": pin });
        let mut wire = Wire::open(&job.home);
        wire.request(1, "card.repair", &params).unwrap();
        let line = wire.line().unwrap();
        assert!(line.contains(end), "{line}");
        job.keep("card.repair", line);
    }
    job.run(&format!("cert view {id}"), &[], 0);
    job.run(&format!("cert export {id} out.pem"), &[], 0);
    job.run(&format!("cert delete {id} --yes --pin-stdin"), &[WRONG], 5);
    job.run(&format!("cert delete {id} --yes --pin-stdin"), &[NEW], 0);
    job.run("card --json", &[], 0);

    listed(job.agent.pid(), &mut places);
    listed(watch.id(), &mut places);
    let log = job.agent.log();
    for step in ["VERIFY", "CHANGE REFERENCE DATA", "PUT DATA", "GENERAL AUTHENTICATE", "RESET RETRY COUNTER"]
    {
        assert!(log.contains(step), "the log is not at its highest level, or the job left {step} out");
    }
    let (home, said) = job.end();
    events.read_to_string(&mut watched).unwrap();
    watch.wait().unwrap();
    for event in [
        "pin_changed",
        "pin_failed",
        "pin_blocked",
        "pin_unblocked",
        "challenge_void",
        "cert_deleted",
        "card_checked",
        "cert_expiring",
    ] {
        assert!(watched.contains(event), "{event} was not watched:\n{watched}");
    }
    places.push(("kortti watch".into(), watched.into()));
    places.extend(said);
    files(home.path(), &["cards.toml", "admin.key", "new.pfx", "damaged.pfx"], &mut places);

    let canaries = [
        Canary::text("the PIN", PIN),
        Canary::text("the new PIN", NEW),
        Canary::text("a wrong PIN", WRONG),
        Canary::text("a PIN that is too long", TOO_LONG),
        Canary::text("a PIN that is not ASCII", NOT_ASCII),
        Canary::text("the PUK", PUK),
        Canary::text("a wrong PUK", WRONG_PUK),
        Canary::text("the password", PASSWORD),
        Canary::text("a wrong password", WRONG_PASSWORD),
        Canary::bytes("the admin key", &digits(ADMIN_KEY)),
        Canary::bytes("a wrong response", &digits(WRONG_RESPONSE)),
        Canary::bytes("a mistyped response", &digits(BAD_RESPONSE)),
        Canary::bytes("the unused response", &digits(&unused)),
        Canary::bytes("the first response", &digits(&first)),
        Canary::bytes("the second response", &digits(&second)),
        Canary::bytes("the private key", &private_key),
    ];
    search(&places, &canaries);
    // What is no secret is found where it should be, so the search was in the right places.
    let csn = Canary::bytes("the card's number", &digits("7D1F93C2A4E05B68B19C3D2E6F804A57"));
    for name in [
        "agent.log",
        "kortti watch",
        "card --json",
        "unblock respond",
        "audit.log",
        "cards.json",
        "kortti log",
    ] {
        let mut named = places.iter().filter(|(place, _)| place.contains(name)).peekable();
        assert!(named.peek().is_some(), "{name} was not searched");
        assert!(name == "unblock respond" || named.any(|(_, place)| csn.found_in(place).is_some()), "{name}");
    }
}
