//! The socket that the agent is handed, by systemd's own systemd-socket-activate and by hand.

use std::fs::{self, DirBuilder};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::Command;

use harness::programs::{Home, programs};
use harness::wire::Wire;
use serde_json::json;

use crate::{Started, wait_for, wait_until};

/// Where the agent's socket is to be, in a folder that systemd would make.
fn place(home: &Home) -> PathBuf {
    DirBuilder::new().mode(0o700).create(home.path().join("kortti")).unwrap();
    Wire::place(home)
}

/// systemd-socket-activate with these options, and the agent behind it.
fn activate(home: &Home, options: &[&str]) -> Command {
    let mut command = Command::new("systemd-socket-activate");
    let path = home.path().display();
    for name in ["HOME", "XDG_RUNTIME_DIR"] {
        command.arg(format!("--setenv={name}={path}"));
    }
    command.args(options).arg(programs().join("kortti-agent")).arg("--virtual");
    command.stdout(std::process::Stdio::null()).stderr(fs::File::create(home.path().join("said")).unwrap());
    command
}

/// A connection to a socket that is about to be there. A socket that is bound has a name, and refuses whoever comes before
/// it listens.
fn connected(place: &Path) -> UnixStream {
    wait_for("systemd-socket-activate listens", || UnixStream::connect(place).ok())
}

fn inode(path: &Path) -> u64 {
    fs::symlink_metadata(path).unwrap().ino()
}

#[test]
fn it_serves_the_socket_that_it_is_handed_and_leaves_it_there() {
    let home = Home::new();
    let place = place(&home);
    let mut agent = Started::new(&mut activate(&home, &[&format!("--listen={}", place.display())]));
    // The first connection is what starts the agent, and one that it serves.
    let mut first = Wire::over(connected(&place));
    let made = inode(&place);
    let pid = first.call("status", &json!({})).unwrap()["pid"].clone();
    assert_eq!(pid, agent.0.id());
    let mut second = Wire::open(&home);
    assert_eq!(second.call("status", &json!({})).unwrap()["service"]["state"], "up");
    // A second one does not begin, and takes nothing away.
    let other = home.program("kortti-agent").arg("--virtual").output().unwrap();
    assert_eq!(other.status.code(), Some(23));
    assert_eq!(inode(&place), made);

    second.call("agent.stop", &json!({})).unwrap();
    assert!(agent.end().success());
    assert_eq!(inode(&place), made, "the manager's socket was taken away");
}

#[test]
fn a_socket_that_took_the_place_of_its_own_stays() {
    let home = Home::new();
    let mut agent = home.agent(&["--virtual"]);
    let mut wire = Wire::open(&home);
    fs::remove_file(Wire::place(&home)).unwrap();
    let _managers = UnixListener::bind(Wire::place(&home)).unwrap();
    let made = inode(&Wire::place(&home));
    wire.call("agent.stop", &json!({})).unwrap();
    assert!(agent.ends_within(crate::PATIENCE).unwrap().success());
    assert_eq!(inode(&Wire::place(&home)), made);
}

#[test]
fn other_sockets_are_refused_with_words() {
    for (options, why) in [
        (&["--listen={home}/kortti/agent.sock", "--listen={home}/other.sock"][..], "more than one socket"),
        (&["--listen={home}/other.sock"], "a socket in another place than"),
        (&["--datagram", "--listen={home}/kortti/agent.sock"], "what is no stream socket"),
    ] {
        let home = Home::new();
        place(&home);
        let options: Vec<String> = options
            .iter()
            .map(|option| option.replace("{home}", &home.path().display().to_string()))
            .collect();
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        let mut agent = Started::new(&mut activate(&home, &options));
        let listening = home.path().join(options.last().unwrap().rsplit_once("/").unwrap().1);
        let listening = if listening.ends_with("agent.sock") { Wire::place(&home) } else { listening };
        if options.contains(&"--datagram") {
            let caller = UnixDatagram::unbound().unwrap();
            wait_until("systemd-socket-activate has bound", || caller.send_to(b"x", &listening).is_ok());
        } else {
            connected(&listening);
        }
        assert_eq!(agent.end().code(), Some(1));
        let said = fs::read_to_string(home.path().join("said")).unwrap();
        let words = format!("The service manager hands over {why}");
        assert!(
            said.contains(&words) && said.trim_end().ends_with("as kortti-agent.socket has it."),
            "{said}"
        );
    }
}

/// The agent with this descriptor 3, and with what the shell sets beforehand.
fn by_hand(home: &Home, set: &str, third: impl Into<OwnedFd>) -> Command {
    let mut command = Command::new("sh");
    let inner = home.program("kortti-agent");
    command.args(["-c", &format!("{set} exec \"$@\" --virtual 3<&0 0</dev/null"), "sh"]);
    command.arg(inner.get_program());
    command.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.stdin(third.into()).stdout(std::process::Stdio::null());
    command
}

#[test]
fn neither_a_connection_nor_a_file_is_a_socket_that_listens() {
    let home = Home::new();
    let (one, other) = UnixStream::pair().unwrap();
    let file = fs::File::open("/dev/null").unwrap();
    for (third, count, why) in [
        (OwnedFd::from(one), "1", "a socket that does not listen"),
        (OwnedFd::from(file), "1", "what is no stream socket"),
        (OwnedFd::from(other), "one", "LISTEN_FDS is no number"),
    ] {
        let output = by_hand(&home, &format!("LISTEN_PID=$$ LISTEN_FDS={count}"), third).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let words = String::from_utf8(output.stderr).unwrap();
        assert!(words.contains(why), "{words}");
        assert!(!Wire::place(&home).exists());
    }
}

#[test]
fn what_is_meant_for_another_process_is_left_alone() {
    for set in
        ["LISTEN_PID=1 LISTEN_FDS=1", "LISTEN_FDS=1", "LISTEN_PID=$$", "LISTEN_PID=1 LISTEN_FDS=4294967295"]
    {
        let home = Home::new();
        let (one, _other) = UnixStream::pair().unwrap();
        let mut command = by_hand(&home, set, one);
        let mut agent = Started(command.spawn().unwrap());
        wait_until("the agent makes its own socket", || UnixStream::connect(Wire::place(&home)).is_ok());
        Wire::open(&home).call("agent.stop", &json!({})).unwrap();
        assert!(agent.end().success());
        assert!(!Wire::place(&home).exists(), "{set}: its own socket is left");
    }
}
