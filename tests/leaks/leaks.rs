//! No secret is left in memory that is given back.
//!
//! An allocator looks through every block before it is freed. What a request with a secret goes through, from the
//! client's line over the socket to the card and back, must have wiped the secret by then. It sees the heap only,
//! not the stack. The virtual cards are looked past: they are no part of the product's way.

#![cfg(test)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::backtrace::Backtrace;
use std::fmt::Write as _;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use agent::Agent;
use agent::policy::Policy;
use agent::service::Service;
use agent::surroundings::Surroundings;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use card::virt::VirtualReaders;
use interprocess::local_socket::Stream;
use serde_json::Value;
use shared::config::Config;
use shared::hex;
use shared::model::{Program, Role};
use shared::rpc::methods::{
    CertImport, ImportParams, PinChange, PinChangeParams, Select, UnblockFinish, UnblockFinishParams,
    UnblockPuk, UnblockPukParams,
};
use shared::rpc::{Call, Method, Request};
use shared::secret::{FileText, KeyText, Password, Pin, ResponseText};
use shared::socket::{self, LineReader, Patience};

struct Searching;

#[global_allocator]
static ALLOCATOR: Searching = Searching;

/// Whether freed blocks are looked through.
static ON: AtomicBool = AtomicBool::new(false);
/// What is looked for.
static SOUGHT: RwLock<Vec<(&'static str, Vec<u8>)>> = RwLock::new(Vec::new());
/// What was found, and where it was freed.
static FOUND: Mutex<Vec<String>> = Mutex::new(Vec::new());

// SAFETY: the system's allocator does all the work. Blocks are zeroed, so that every byte of them can be read.
// `realloc` is the default one, which frees the old block here.
unsafe impl GlobalAlloc for Searching {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller promises.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if ON.load(Ordering::SeqCst) {
            // SAFETY: the block is still ours, has this size, and was zeroed when it was made.
            search(unsafe { std::slice::from_raw_parts(block, layout.size()) });
        }
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(block, layout) }
    }
}

fn search(block: &[u8]) {
    // Somebody is just changing what is looked for: nothing is under way then.
    let Ok(sought) = SOUGHT.try_read() else { return };
    let is_in = |secret: &[u8]| block.windows(secret.len()).any(|window| window == secret);
    for (name, secret) in sought.iter() {
        // One report at a time; what is freed meanwhile by its making is not looked at.
        if is_in(secret) && ON.swap(false, Ordering::SeqCst) {
            let trace = Backtrace::force_capture().to_string();
            let ours = ["card::", "agent::", "shared::", "leaks::"];
            let frames: Vec<&str> = trace
                .lines()
                .map(str::trim)
                .filter(|line| {
                    ours.iter().any(|krate| line.contains(krate)) && !line.contains("leaks::Searching")
                })
                .filter(|line| !line.contains("leaks::search"))
                .take(6)
                .collect();
            if !frames.first().is_some_and(|frame| frame.contains("card::virt::")) {
                let report =
                    format!("{name}, in {} bytes freed by\n    {}", block.len(), frames.join("\n    "));
                if let Ok(mut found) = FOUND.lock() {
                    found.push(report);
                }
            }
            ON.store(true, Ordering::SeqCst);
        }
    }
}

/// Does something, and returns what was found meanwhile.
fn looking_for(secrets: &[(&'static str, &[u8])], act: impl FnOnce()) -> Vec<String> {
    let mut sought: Vec<(&'static str, Vec<u8>)> = Vec::new();
    for (name, secret) in secrets {
        sought.push((name, secret.to_vec()));
        // PKCS#12 wants a password as UTF-16, the higher byte first.
        sought.push((name, secret.iter().flat_map(|byte| [0, *byte]).collect()));
    }
    *SOUGHT.write().unwrap() = sought;
    ON.store(true, Ordering::SeqCst);
    act();
    ON.store(false, Ordering::SeqCst);
    std::mem::take(&mut FOUND.lock().unwrap())
}

const PIN: &str = "pin-4QZ7xW";
const NEW: &str = "new-8RJ2vKd";
const WRONG: &str = "wrg-5TM9bH";
const PUK: &str = "puk-3YD6nF1c";
const PASSWORD: &str = "pfx-6GS1uPq9";
const ADMIN_KEY: &[u8] = b"5BE07A31C4962F8DD81603B9EA7542FC91CD28A4603FE7B5";

const PIV_PIN: &str = "4QZ7xWpi";
const PIV_WRONG: &str = "5TM9bHwr";
const PIV_PUK: &str = "3YD6nF1c";
const PIV_NEW_PUK: &str = "8RJ2vKdn";
const MANAGEMENT_KEY: &str = "9C1E5BE07A31C4962F8DD81603B9EA7542FC91CD28A4603F";

const CARDS: &str = r#"
[[reader]]
name = "Reader 00 00"
card = "anna"
[[reader]]
name = "Reader 01 00"
card = "berta"
[[card]]
name = "anna"
pin = "pin-4QZ7xW"
admin-key = "5BE07A31C4962F8DD81603B9EA7542FC91CD28A4603FE7B5"
cardid = "7D1F93C2A4E05B68B19C3D2E6F804A57"
[[card]]
name = "berta"
pin = "pin-4QZ7xW"
puk = "puk-3YD6nF1c"
admin-key = "5BE07A31C4962F8DD81603B9EA7542FC91CD28A4603FE7B5"
cardid = "C45A0E91D7364B82A05F1C7E93B82D60"
[[reader]]
name = "Reader 02 00"
card = "carl"
[[reader]]
name = "Reader 03 00"
card = "dora"
[[card]]
name = "carl"
kind = "piv"
profile = "yubikey-5.7"
serial = 10203040
pin = "4QZ7xWpi"
puk = "3YD6nF1c"
management-key = "9C1E5BE07A31C4962F8DD81603B9EA7542FC91CD28A4603F"
[[card]]
name = "dora"
kind = "piv"
profile = "yubikey-5.7"
serial = 10203041
pin = "4QZ7xWpi"
puk = "3YD6nF1c"
management-key = "9C1E5BE07A31C4962F8DD81603B9EA7542FC91CD28A4603F"
protected = true
"#;

/// A client and an agent with a socket between them.
struct Rig {
    client: Stream,
    server: Stream,
    lines: LineReader,
    service: Arc<Service>,
}

impl Rig {
    fn new() -> Self {
        let readers = Arc::new(VirtualReaders::from_description(CARDS).unwrap());
        let agent = Agent::start(
            readers.clone(),
            Some(readers),
            Policy::fixed(Config::default()),
            Surroundings::default(),
        )
        .unwrap();
        let service = Arc::clone(agent.service());
        let (client, server) = UnixStream::pair().unwrap();
        let stream = |end: UnixStream| Stream::UdSocket(OwnedFd::from(end).into());
        let mut rig =
            Self { client: stream(client), server: stream(server), lines: LineReader::default(), service };
        for reader in ["Reader 00 00", "Reader 01 00", "Reader 02 00", "Reader 03 00"] {
            while rig
                .value("card.show", &format!(r#"{{"select":{{"reader":"{reader}"}}}}"#))
                .get("pins")
                .is_none()
            {
                std::thread::yield_now();
            }
        }
        rig
    }

    /// What the agent's thread for a client does with the next line.
    fn serve(&mut self) -> Result<String, i32> {
        let patience = Patience { first: None, rest: Duration::from_secs(10) };
        let line = self.lines.next(&self.server, patience).unwrap().unwrap();
        let request: Request<'_> = serde_json::from_slice(line).map_err(|_| -32700)?;
        let result = self.service.dispatch(&Program::default(), &request.method, request.params);
        result.map(|reply| reply.get().to_owned()).map_err(|fault| fault.code)
    }

    fn value(&mut self, method: &str, params: &str) -> Value {
        self.raw(&format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#))
            .map_or(Value::Null, |reply| serde_json::from_str(&reply).unwrap())
    }

    fn raw(&mut self, line: &str) -> Result<String, i32> {
        use std::io::Write as _;
        (&self.client).write_all(line.as_bytes()).unwrap();
        (&self.client).write_all(b"\n").unwrap();
        self.serve()
    }

    fn call<M: Method>(&mut self, params: &M::Params) -> Result<String, i32> {
        let call = Call { jsonrpc: "2.0", id: 1, method: M::NAME, params };
        socket::write_line(&self.client, &call).unwrap();
        self.serve()
    }
}

fn on(reader: &str) -> Select {
    Select { reader: Some(reader.to_owned()), card: None }
}

fn pin(text: &str) -> Pin {
    Pin::from(text.as_bytes())
}

fn change(current: &str, new: &str) -> PinChangeParams {
    PinChangeParams {
        select: on("Reader 00 00"),
        role: Role::USER,
        current: Some(pin(current)),
        new: Some(pin(new)),
        last_try: false,
    }
}

/// A file with a certificate and its key, and 24 bytes of that key.
fn make_pfx() -> (Vec<u8>, Vec<u8>) {
    let directory = tempfile::tempdir().unwrap();
    for line in [
        "req -x509 -newkey rsa:2048 -noenc -days 9 -subj /CN=Canary -keyout new.key -out new.pem".to_owned(),
        format!("pkcs12 -export -inkey new.key -in new.pem -passout pass:{PASSWORD} -out new.pfx"),
        "rsa -in new.key -traditional -outform DER -out key.der".to_owned(),
    ] {
        let output =
            Command::new("openssl").args(line.split(' ')).current_dir(directory.path()).output().unwrap();
        assert!(output.status.success(), "openssl {line}: {}", String::from_utf8_lossy(&output.stderr));
    }
    // RSAPrivateKey (RFC 8017 A.1.2): behind version, modulus and public exponent stands the private one.
    let key = std::fs::read(directory.path().join("key.der")).unwrap();
    (std::fs::read(directory.path().join("new.pfx")).unwrap(), key[307..331].to_vec())
}

/// One test, since there is one allocator: the steps build on each other.
#[test]
fn nothing_is_left_in_freed_memory() {
    let mut rig = Rig::new();
    let mut failures = String::new();
    let mut step = |name: &str, found: Vec<String>| {
        for report in found {
            let _ = writeln!(failures, "{name}: {report}");
        }
    };

    // The search finds what is there: a buffer that grows leaves a copy behind, one that is dropped another.
    let found = looking_for(&[("the PIN", PIN.as_bytes())], || {
        let mut careless = Vec::with_capacity(PIN.len());
        careless.extend_from_slice(PIN.as_bytes());
        careless.extend_from_slice(&[b'.'; 4000]);
        drop(careless);
        drop(std::thread::spawn(|| PIN.to_owned()).join());
    });
    assert!(found.len() >= 3, "the search finds nothing: {found:?}");

    let pins: &[(&str, &[u8])] =
        &[("the PIN", PIN.as_bytes()), ("the new PIN", NEW.as_bytes()), ("a wrong PIN", WRONG.as_bytes())];
    step(
        "a PIN is changed",
        looking_for(pins, || {
            rig.call::<PinChange>(&change(PIN, NEW)).unwrap();
        }),
    );
    step(
        "a wrong PIN",
        looking_for(pins, || {
            assert_eq!(rig.call::<PinChange>(&change(WRONG, PIN)).unwrap_err(), -32000);
        }),
    );
    step(
        "a PIN against the policy",
        looking_for(pins, || {
            assert!(rig.call::<PinChange>(&change(NEW, "pin-4QZ7xWpin-4QZ7xW")).is_err());
        }),
    );
    let lines: Vec<String> = [
        // Escapes, at the beginning and at the end.
        r#"{"current":"new-8RJ2vKd","new":"\u0070in-4QZ7xW"}"#,
        r#"{"current":"pin-4QZ7x\u0057","new":"\u006eew-8RJ2vKd"}"#,
        // Parameters that do not fit. (A secret in the place of something else, a role or the parameters as a whole,
        // stands in serde's description of the error, which nobody sees and nobody can wipe.)
        r#"{"current":["new-8RJ2vKd"],"new":"pin-4QZ7xW"}"#,
        r#"{"current":"new-8RJ2vKd","new":"pin-4QZ7xW","role":true}"#,
        r#"{"current":"new-8RJ2vKd","pin":"pin-4QZ7xW","wrg-5TM9bH":"wrg-5TM9bH"}"#,
        // No JSON.
        r#"{"current":"new-8RJ2vKd","new":"pin-4QZ7xW""#,
        r#"{"current":"new-8RJ2vKd\x","new":"pin-4QZ7xW"}"#,
    ]
    .iter()
    .map(|params| {
        let params = params.replacen('{', r#"{"select":{"reader":"Reader 00 00"},"#, 1);
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"pin.change","params":{params}}}"#)
    })
    .collect();
    step(
        "raw lines",
        looking_for(pins, || {
            let ends: Vec<bool> = lines.iter().map(|line| rig.raw(line).is_ok()).collect();
            assert_eq!(ends, [true, true, false, false, false, false, false]);
        }),
    );
    let long = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{}"}}"#, WRONG.repeat(9000));
    step(
        "a long line",
        looking_for(pins, || {
            std::thread::scope(|scope| {
                let mut client = &rig.client;
                let long = long.as_bytes();
                scope.spawn(move || {
                    use std::io::Write as _;
                    client.write_all(long).unwrap();
                    client.write_all(b"\n").unwrap();
                });
                let patience = Patience { first: None, rest: Duration::from_secs(10) };
                let line = rig.lines.next(&rig.server, patience).unwrap().unwrap();
                let request: Request<'_> = serde_json::from_slice(line).unwrap();
                assert!(rig.service.dispatch(&Program::default(), &request.method, request.params).is_err());
            });
        }),
    );

    // Unblocking: the response is calculated, typed and sent.
    let challenge = rig.value("unblock.start", r#"{"select":{"reader":"Reader 00 00"}}"#);
    let challenge = shared::unblock::parse_challenge(challenge["challenge"].as_str().unwrap()).unwrap();
    let key_bytes: Vec<u8> = shared::unblock::parse_key(ADMIN_KEY).unwrap().bytes().to_vec();
    let expected =
        shared::unblock::respond(&challenge, &shared::unblock::parse_key(ADMIN_KEY).unwrap(), None)
            .unwrap()
            .to_vec();
    let digits: String = expected.iter().map(|byte| format!("{byte:02X}")).collect();
    let sought: &[(&str, &[u8])] = &[
        ("the new PIN", PIN.as_bytes()),
        ("the response", &expected),
        ("the response's digits", digits.as_bytes()),
        ("the admin key", &key_bytes),
        ("the admin key's digits", ADMIN_KEY),
    ];
    step(
        "a response is calculated",
        looking_for(sought, || {
            let key = shared::unblock::parse_key(ADMIN_KEY).unwrap();
            drop(shared::unblock::respond(&challenge, &key, None).unwrap());
        }),
    );
    step(
        "a PIN is unblocked",
        looking_for(sought, || {
            let response = ResponseText::from(digits.as_bytes());
            let params = UnblockFinishParams {
                select: on("Reader 00 00"),
                challenge: None,
                response,
                new: Some(pin(PIN)),
            };
            rig.call::<UnblockFinish>(&params).unwrap();
        }),
    );
    let sought: &[(&str, &[u8])] = &[("the PUK", PUK.as_bytes()), ("the new PIN", NEW.as_bytes())];
    step(
        "a PUK is used",
        looking_for(sought, || {
            let params = UnblockPukParams {
                select: on("Reader 01 00"),
                role: Role::USER,
                puk: Some(pin(PUK)),
                new: Some(pin(NEW)),
                last_try: false,
            };
            rig.call::<UnblockPuk>(&params).unwrap();
        }),
    );

    // A file, with its password and its key.
    let (file, key) = make_pfx();
    let file = STANDARD.encode(file);
    let sought: &[(&str, &[u8])] =
        &[("the PIN", PIN.as_bytes()), ("the password", PASSWORD.as_bytes()), ("the private key", &key)];
    for (name, password, card_pin, goes_well) in [
        ("a file is not opened", WRONG, PIN, false),
        ("a file is not imported", PASSWORD, WRONG, false),
        ("a file is imported", PASSWORD, PIN, true),
    ] {
        step(
            name,
            looking_for(sought, || {
                let params = ImportParams {
                    select: on("Reader 00 00"),
                    file: FileText::from(file.as_bytes()),
                    password: Some(Password::from(password.as_bytes())),
                    slot: None,
                    overwrite: false,
                    pin: Some(pin(card_pin)),
                    management_key: None,
                    default: false,
                    last_try: false,
                };
                assert_eq!(rig.call::<CertImport>(&params).is_ok(), goes_well);
            }),
        );
    }

    // PIV cards: the first wants its management key, the second keeps it for whoever has the PIN.
    let sought: &[(&str, &[u8])] = &[
        ("the PIN", PIV_PIN.as_bytes()),
        ("a wrong PIN", PIV_WRONG.as_bytes()),
        ("the PUK", PIV_PUK.as_bytes()),
        ("the new PUK", PIV_NEW_PUK.as_bytes()),
    ];
    for (name, role, current, new, goes_well) in [
        ("a PUK is changed", Role::ADMIN, PIV_PUK, PIV_NEW_PUK, true),
        ("a wrong PUK", Role::ADMIN, PIV_WRONG, PIV_PUK, false),
        ("a wrong PIN of a PIV card", Role::USER, PIV_WRONG, PIV_PUK, false),
    ] {
        step(
            name,
            looking_for(sought, || {
                let params = PinChangeParams { select: on("Reader 02 00"), role, ..change(current, new) };
                assert_eq!(rig.call::<PinChange>(&params).is_ok(), goes_well);
            }),
        );
    }
    let raw_key: Vec<u8> = hex::decode(MANAGEMENT_KEY.as_bytes()).unwrap();
    let sought: &[(&str, &[u8])] = &[
        ("the PIN", PIV_PIN.as_bytes()),
        ("the password", PASSWORD.as_bytes()),
        ("the private key", &key),
        ("the management key's digits", MANAGEMENT_KEY.as_bytes()),
        ("the management key", &raw_key),
    ];
    for (name, reader, typed, goes_well) in [
        (
            "a wrong management key",
            "Reader 02 00",
            Some("00112233445566778899AABBCCDDEEFF0011223344556677"),
            false,
        ),
        ("a management key is typed", "Reader 02 00", Some(MANAGEMENT_KEY), true),
        ("a management key is kept by the card", "Reader 03 00", None, true),
    ] {
        step(
            name,
            looking_for(sought, || {
                let params = ImportParams {
                    select: on(reader),
                    file: FileText::from(file.as_bytes()),
                    password: Some(Password::from(PASSWORD.as_bytes())),
                    slot: Some("9D".to_owned()),
                    overwrite: false,
                    pin: Some(pin(PIV_PIN)),
                    management_key: typed.map(|digits| KeyText::from(digits.as_bytes())),
                    default: false,
                    last_try: false,
                };
                assert_eq!(rig.call::<CertImport>(&params).is_ok(), goes_well);
            }),
        );
    }
    assert!(failures.is_empty(), "\n{failures}");
}
