//! The socket's directory, its owner, and one agent per user.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use harness::programs::{AgentProcess, Home};
use harness::wire::Wire;
use serde_json::json;

/// Somebody else: the overflow user, whom every Linux system has.
const STRANGER: u32 = 65534;

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

/// Whether a program has said no: it was neither content, nor killed, nor did it panic (101).
fn said_no(status: ExitStatus) -> bool {
    status.code().is_some_and(|code| code != 0 && code != 101)
}

/// Runs an agent that is to refuse its place, and returns its words.
#[track_caller]
fn refused(command: &mut Command) -> String {
    let output = command.args(["--virtual"]).output().unwrap();
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(said_no(output.status), "{words}");
    assert!(output.stdout.is_empty());
    assert!(!words.contains("panicked") && words.trim().ends_with('.'), "{words}");
    words
}

#[test]
fn directory_and_socket_are_the_users_own() {
    for before in [None, Some(0o777), Some(0o750), Some(0o701)] {
        let home = Home::new();
        let directory = home.path().join("kortti");
        if let Some(before) = before {
            fs::create_dir(&directory).unwrap();
            fs::set_permissions(&directory, fs::Permissions::from_mode(before)).unwrap();
        }
        let _agent = home.agent(&["--virtual"]);
        assert_eq!(mode(&directory), 0o700, "{before:?}");
        let socket = fs::symlink_metadata(Wire::place(&home)).unwrap();
        assert!(socket.file_type().is_socket());
        assert_eq!(socket.mode() & 0o777, 0o600);
        assert_eq!(mode(&directory.join("agent.lock")), 0o600);
        let me = fs::metadata("/proc/self").unwrap().uid();
        for path in [&directory, &Wire::place(&home), &directory.join("agent.lock")] {
            assert_eq!(fs::symlink_metadata(path).unwrap().uid(), me, "{}", path.display());
        }
    }
}

#[test]
fn a_directory_that_is_not_ours_is_refused() {
    type Spoil = fn(&Path);
    let rows: [(&str, Spoil); 4] = [
        ("a symbolic link", |place| {
            let elsewhere = place.with_file_name("elsewhere");
            fs::create_dir(&elsewhere).unwrap();
            fs::set_permissions(&elsewhere, fs::Permissions::from_mode(0o700)).unwrap();
            symlink(elsewhere, place).unwrap();
        }),
        ("a link to nothing", |place| symlink(place.with_file_name("nothing"), place).unwrap()),
        ("a file", |place| fs::write(place, "").unwrap()),
        ("another user's", |place| {
            fs::create_dir(place).unwrap();
            fs::set_permissions(place, fs::Permissions::from_mode(0o777)).unwrap();
            if is_root() {
                chown(place, Some(STRANGER), None).unwrap();
            } else {
                // Only root can give a directory away; anybody can name a lock that is none.
                fs::create_dir(place.join("agent.lock")).unwrap();
            }
        }),
    ];
    for (name, spoil) in rows {
        let home = Home::new();
        let place = home.path().join("kortti");
        spoil(&place);
        let words = refused(&mut home.program("kortti-agent"));
        assert!(words.contains("kortti cannot be used") || words.contains("agent.lock"), "{name}: {words}");
        let left: Vec<_> = fs::read_dir(&place).into_iter().flatten().flatten().collect();
        assert!(left.iter().all(|entry| entry.file_name() != "agent.sock"), "{name}");
    }
}

#[test]
fn without_a_runtime_directory_there_is_no_socket() {
    let home = Home::new();
    for value in [None, Some(""), Some("relative")] {
        let set = |mut command: Command| {
            match value {
                None => command.env_remove("XDG_RUNTIME_DIR"),
                Some(value) => command.env("XDG_RUNTIME_DIR", value),
            };
            command
        };
        let words = refused(&mut set(home.program("kortti-agent")));
        assert!(words.contains("XDG_RUNTIME_DIR is not set"), "{value:?}: {words}");
        let output = set(home.program("kortti")).arg("status").stdin(Stdio::null()).output().unwrap();
        let words = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{value:?}: {words}");
        assert!(words.contains("XDG_RUNTIME_DIR is not set"), "{value:?}: {words}");
    }
    let mut gone = home.program("kortti-agent");
    refused(gone.env("XDG_RUNTIME_DIR", home.path().join("gone")));
}

/// The agent runs as somebody else, and root, who may open any file, is a stranger to it; and it to root.
#[test]
fn other_users_are_turned_away() {
    if !is_root() {
        // Nobody else can become two users.
        eprintln!("not looked at: this needs root");
        return;
    }
    let home = Home::of(STRANGER);
    let agent = home.agent(&["--virtual"]);
    home.kortti(&["status"], &[]).code(0);

    let mut wire = Wire::open(&home);
    let _ = wire.request(1, "hello", &json!({ "client": "a stranger", "protocol": 1 }));
    assert_eq!(wire.line(), None);
    assert!(agent.log().contains("a connection of another user was refused"));
    let mut kortti = home.program("kortti");
    let output = kortti.uid(0).gid(0).arg("status").output().unwrap();
    let words = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(11), "{words}");
    assert!(words.contains("belongs to another user"), "{words}");

    // The other way round: the directory keeps him out, and if it did not, the agent would.
    let own = Home::new();
    let _agent = own.agent(&["--virtual"]);
    let stranger = |home: &Home| {
        let mut command = Command::new(home.path().join("bin/kortti"));
        command.uid(STRANGER).gid(STRANGER).env("XDG_RUNTIME_DIR", own.path()).current_dir("/");
        let output = command.args(["agent", "status"]).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, words) = stranger(&home);
    assert!(code == Some(1) && words.contains("Permission denied"), "{code:?} {words}");
    for path in [own.path(), &own.path().join("kortti"), &Wire::place(&own)] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
    }
    let (code, words) = stranger(&home);
    assert!(code == Some(11) && words.contains("belongs to another user"), "{code:?} {words}");
    // `kortti` would not have spoken anyway; who does is not answered.
    let mut perl = Command::new("perl");
    perl.uid(STRANGER).gid(STRANGER).current_dir("/").arg("-e").arg(
        "use IO::Socket::UNIX; $SIG{PIPE} = 'IGNORE'; my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die $!; \
         $s->syswrite(qq({\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\"}\\n)); my $n = $s->sysread(my $b, 99); \
         print 'connected, then ', $n ? $b : 'nothing'",
    );
    let output = perl.arg(Wire::place(&own)).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "connected, then nothing");
    own.kortti(&["status"], &[]).code(0);
}

#[test]
fn of_two_that_start_at_once_one_lives() {
    let home = Home::new();
    for round in 0..20 {
        let start = || {
            let mut command = home.program("kortti-agent");
            command.arg("--virtual").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        };
        let mut agents = [start(), start()];
        let says_ready = |agent: &mut Child| {
            let mut line = String::new();
            BufReader::new(agent.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
            line == "ready\n"
        };
        let ready = agents.each_mut().map(says_ready);
        assert_eq!(ready.iter().filter(|ready| **ready).count(), 1, "round {round}");
        let [first, second] = agents;
        let (mut lives, loser) = if ready[0] { (first, second) } else { (second, first) };
        let output = loser.wait_with_output().unwrap();
        let words = String::from_utf8(output.stderr).unwrap();
        assert!(said_no(output.status), "{words}");
        assert_eq!(words, "An agent of this user runs already.\n");
        let status = Wire::open(&home).call("status", &json!({})).unwrap();
        assert_eq!(status["pid"], lives.id(), "round {round}");
        // Killed, it leaves its socket behind for the next round.
        lives.kill().unwrap();
        lives.wait().unwrap();
        assert!(Wire::place(&home).exists());
    }
}

#[test]
fn what_a_dead_agent_left_is_in_nobodys_way() {
    let home = Home::new();
    home.agent(&["--virtual"]).kill();
    assert!(Wire::place(&home).exists() && home.path().join("kortti/agent.lock").exists());
    home.kortti(&["agent", "status"], &[]).code(3);
    let agent: AgentProcess = home.agent(&["--virtual"]);
    home.kortti(&["agent", "status"], &[]).code(0);
    agent.kill();
    // Something that is no agent but listens: it has no lock, so it is not one of ours.
    fs::remove_file(Wire::place(&home)).unwrap();
    let squatter = UnixListener::bind(Wire::place(&home)).unwrap();
    let _agent = home.agent(&["--virtual"]);
    home.kortti(&["agent", "status"], &[]).code(0);
    squatter.set_nonblocking(true).unwrap();
    assert!(squatter.accept().is_err(), "nobody spoke to the old socket");
}

/// A second agent that is refused leaves the first one's socket alone.
#[test]
fn the_loser_takes_nothing_away() {
    let home = Home::new();
    let mut agent = home.agent(&["--virtual"]);
    for _ in 0..3 {
        refused(&mut home.program("kortti-agent"));
        home.kortti(&["agent", "status"], &[]).code(0);
    }
    agent.terminate();
    assert_eq!(agent.ends_within(Duration::from_secs(60)).and_then(|status| status.code()), Some(0));
    assert!(!Wire::place(&home).exists());
}
