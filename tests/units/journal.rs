//! Where the log goes. The journal's part is played by the test, in a namespace in which it has the journal's place.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Command, Stdio};

use harness::programs::Home;
use harness::wire::Wire;
use serde_json::json;

use crate::{PATIENCE, Started};

/// Starts an agent, asks it something, ends it, and returns what it wrote to standard error.
fn run(home: &Home, mut command: Command) -> String {
    let said = home.path().join("said");
    let stderr = File::options().create(true).append(true).open(&said).unwrap();
    let mut agent = Started::new(command.stdout(Stdio::piped()).stderr(stderr));
    let mut first = String::new();
    let stdout = agent.0.stdout.take().unwrap();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut first).unwrap();
    let words = fs::read_to_string(&said).unwrap();
    assert_eq!(first.trim_end(), shared::client::READY, "{words}");
    Wire::open(home).call("agent.stop", &json!({})).unwrap();
    assert!(agent.end().success());
    fs::read_to_string(&said).unwrap()
}

fn agent(home: &Home, target: Option<&str>) -> Command {
    let mut command = home.program("kortti-agent");
    command.args(["--virtual", "--log", "info"]);
    target.map(|target| command.args(["--log-to", target]));
    command.env_remove("JOURNAL_STREAM");
    command
}

#[test]
fn a_file() {
    let home = Home::new();
    for round in 1..=2 {
        assert_eq!(run(&home, agent(&home, Some("agent-events"))), "");
        let path = home.path().join("agent-events");
        let log = fs::read_to_string(&path).unwrap();
        assert_eq!(log.lines().filter(|line| line.contains("ready")).count(), round, "{log}");
        assert_eq!(log.lines().filter(|line| line.contains("stopping")).count(), round, "{log}");
        assert_eq!(fs::metadata(path).unwrap().mode() & 0o777, 0o600);
    }
}

#[test]
fn standard_error_unless_told_otherwise() {
    for target in [None, Some("stderr")] {
        let home = Home::new();
        let said = run(&home, agent(&home, target));
        assert!(said.contains("ready"), "{said}");
    }
}

#[test]
fn what_cannot_be_written_to_is_named() {
    let home = Home::new();
    symlink("/etc/passwd", home.path().join("link")).unwrap();
    fs::create_dir(home.path().join("folder")).unwrap();
    for target in ["link", "folder", "nowhere/file"] {
        let output = agent(&home, Some(target)).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let words = String::from_utf8(output.stderr).unwrap();
        assert!(words.starts_with(&format!("The log {target} cannot be used: ")), "{words}");
        assert!(words.trim_end().ends_with("Name another with --log-to."), "{words}");
    }
}

/// A name that a reader gives itself cannot make a line of its own.
#[test]
fn an_event_is_a_line() {
    let home = Home::new();
    let cards = "[[reader]]\nname = \"Evil\\n2026-01-01 ERROR forged 00 00\"\n";
    fs::write(home.path().join("cards.toml"), cards).unwrap();
    let mut command = home.program("kortti-agent");
    command.args(["--virtual", "cards.toml", "--log", "trace", "--log-to", "events"]);
    run(&home, command);
    let log = fs::read_to_string(home.path().join("events")).unwrap();
    assert!(
        log.lines().count() > 1
            && log.lines().all(|line| line.starts_with("20") && !line.starts_with("2026-01-01 E")),
        "{log}"
    );
}

/// The agent where `journal`, a socket, is the journal's.
fn beside(journal: &Path, inner: &Command) -> Command {
    let mut command = Command::new("unshare");
    let place = "mount -t tmpfs none /run && mkdir -p /run/systemd/journal && : >/run/systemd/journal/socket && \
                 mount --bind \"$0\" /run/systemd/journal/socket && exec \"$@\"";
    // The user stays who it is to everybody outside, and may mount inside.
    command.args(["--map-root-user", "--mount", "sh", "-c", place]).arg(journal);
    command.arg(inner.get_program()).args(inner.get_args());
    command.env_remove("JOURNAL_STREAM");
    command.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.current_dir(inner.get_current_dir().unwrap());
    command
}

/// The fields of an entry (systemd's Native Journal Protocol): a name, and a value behind `=` or behind its length.
fn fields(mut entry: &[u8]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    while let Some(end) = entry.iter().position(|byte| *byte == b'\n') {
        let line = String::from_utf8(entry[..end].to_vec()).unwrap();
        entry = &entry[end + 1..];
        if let Some((name, value)) = line.split_once('=') {
            found.push((name.to_owned(), value.to_owned()));
        } else {
            let (length, rest) = entry.split_at(8);
            let length = usize::try_from(u64::from_le_bytes(length.try_into().unwrap())).unwrap();
            found.push((line, String::from_utf8(rest[..length].to_vec()).unwrap()));
            entry = &rest[length + 1..];
        }
    }
    found
}

#[test]
fn the_journal() {
    // How the target is named, and how the stream is.
    for (target, stream, is_journal) in [
        (Some("journal"), None, true),
        (None, Some(true), true),
        (None, Some(false), false),
        (Some("stderr"), Some(true), false),
    ] {
        let home = Home::new();
        let place = home.path().join("journal");
        let journal = UnixDatagram::bind(&place).unwrap();
        journal.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut command = beside(&place, &agent(&home, target));
        if let Some(is_it) = stream {
            let said = File::create(home.path().join("said")).unwrap().metadata().unwrap();
            let inode = if is_it { said.ino() } else { said.ino() + 1 };
            command.env("JOURNAL_STREAM", format!("{}:{inode}", said.dev()));
        }
        let said = run(&home, command);
        assert_eq!(said.is_empty(), is_journal, "{target:?} {stream:?}: {said}");
        if !is_journal {
            journal.set_nonblocking(true).unwrap();
            assert!(journal.recv(&mut [0; 16]).is_err());
            continue;
        }
        let mut entry = vec![0; 1 << 16];
        let ready = loop {
            let length = journal.recv(&mut entry).unwrap();
            let fields = fields(&entry[..length]);
            if fields.iter().any(|(name, value)| name == "MESSAGE" && value == "ready") {
                break fields;
            }
        };
        for (name, value) in [
            ("PRIORITY", "5"),
            ("SYSLOG_IDENTIFIER", "kortti-agent"),
            ("TARGET", "agent"),
            ("KORTTI_VERSION", shared::VERSION),
        ] {
            assert!(
                ready.iter().any(|field| field == &(name.to_owned(), value.to_owned())),
                "{name}: {ready:?}"
            );
        }
    }
}

#[test]
fn without_a_journal() {
    let home = Home::new();
    let output = beside(Path::new("/dev/null"), &agent(&home, Some("journal"))).output().unwrap();
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(words.starts_with("The journal cannot be used: "), "{words}");
    // Standard error leads there too, it is said; only nobody takes entries.
    let said = File::create(home.path().join("said")).unwrap().metadata().unwrap();
    let mut command = beside(Path::new("/dev/null"), &agent(&home, None));
    command.env("JOURNAL_STREAM", format!("{}:{}", said.dev(), said.ino()));
    assert!(run(&home, command).contains("ready"));
}
