//! Which programs have the socket of pcscd open: one of them keeps the card when it is busy.
//!
//! The clients' ends of such connections have no name. So the kernel is asked, by way of sock_diag(7), for the ends
//! that pcscd accepted, which belong to the file of its socket, and for their peers; and /proc tells whose these are.
//! Processes of other users can be seen by root only. Nothing here is an error: what cannot be found out is left out.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::net::netlink::{SOCK_DIAG, SocketAddrNetlink};
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, sendto, socket_with};

/// Where pcscd listens, unless PCSCLITE_CSOCK_NAME says otherwise.
const SOCKET: &str = "/run/pcscd/pcscd.comm";
/// How long the search may take. Whoever waits for it has already waited for the card, and a machine with many processes or
/// little time needs a while.
const PATIENCE: Duration = Duration::from_secs(1);
/// How many programs are named at most.
const MOST: usize = 8;
/// The most characters of a program's name: the kernel keeps 15 bytes.
const LONGEST_NAME: usize = 15;

/// A program that has the service's socket open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Holder {
    /// Its process.
    pub(crate) pid: u32,
    /// Its name, without control characters.
    pub(crate) name: String,
}

/// The other programs that have the service's socket open, by their process numbers.
pub(crate) fn holders() -> Vec<Holder> {
    let until = Instant::now() + PATIENCE;
    let path = std::env::var_os("PCSCLITE_CSOCK_NAME").unwrap_or_else(|| OsString::from(SOCKET));
    let peers = peers_of(&PathBuf::from(path), until).unwrap_or_default();
    if peers.is_empty() { Vec::new() } else { owners(&peers, until) }
}

/// The inodes of the client ends of all connections to the socket at this place.
fn peers_of(path: &Path, until: Instant) -> rustix::io::Result<BTreeSet<u32>> {
    let file = SocketFile::of(path)?;
    let asked =
        socket_with(AddressFamily::NETLINK, SocketType::DGRAM, SocketFlags::CLOEXEC, Some(SOCK_DIAG))?;
    sendto(&asked, &request(), SendFlags::empty(), &SocketAddrNetlink::new(0, 0))?;
    let mut peers = BTreeSet::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(peers);
        }
        set_socket_timeout(&asked, Timeout::Recv, Some(left))?;
        let (length, _) = recv(&asked, &mut buffer[..], RecvFlags::empty())?;
        if !take_messages(buffer.get(..length).unwrap_or_default(), &file, &mut peers) {
            return Ok(peers);
        }
    }
}

/// A socket's file, as sock_diag names it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct SocketFile {
    /// The lower half of the inode number.
    inode: u32,
    /// The device in the kernel's own form.
    device: u32,
}

impl SocketFile {
    fn of(path: &Path) -> rustix::io::Result<Self> {
        let found = rustix::fs::stat(path)?;
        let inode = u32::try_from(found.st_ino & 0xFFFF_FFFF).unwrap_or(0);
        let device = rustix::fs::major(found.st_dev) << 20 | rustix::fs::minor(found.st_dev);
        Ok(Self { inode, device })
    }
}

/// A request for all connected sockets of AF_UNIX, with the files they belong to and their peers
/// (linux/unix_diag.h).
fn request() -> Vec<u8> {
    const SOCK_DIAG_BY_FAMILY: u16 = 20;
    const REQUEST_AND_DUMP: u16 = 0x0301;
    const AF_UNIX: u8 = 1;
    const ESTABLISHED: u32 = 1 << 1;
    const SHOW_FILE_AND_PEER: u32 = 0x02 | 0x04;
    let mut request = Vec::with_capacity(40);
    // struct nlmsghdr: length, type, flags, sequence, port.
    request.extend_from_slice(&40_u32.to_ne_bytes());
    request.extend_from_slice(&SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    request.extend_from_slice(&REQUEST_AND_DUMP.to_ne_bytes());
    request.extend_from_slice(&[0; 8]);
    // struct unix_diag_req: family, protocol, padding, states, inode, what to show, cookie.
    request.extend_from_slice(&[AF_UNIX, 0, 0, 0]);
    request.extend_from_slice(&ESTABLISHED.to_ne_bytes());
    request.extend_from_slice(&0_u32.to_ne_bytes());
    request.extend_from_slice(&SHOW_FILE_AND_PEER.to_ne_bytes());
    request.extend_from_slice(&[0; 8]);
    request
}

/// Takes the peers out of what the kernel said. False when that was all.
fn take_messages(mut messages: &[u8], file: &SocketFile, peers: &mut BTreeSet<u32>) -> bool {
    const SOCK_DIAG_BY_FAMILY: u16 = 20;
    while let Some((kind, message, rest)) = netlink_message(messages) {
        if kind != SOCK_DIAG_BY_FAMILY {
            // The end, or an error.
            return false;
        }
        // struct unix_diag_msg has 16 bytes; what was asked for stands behind it.
        peers.extend(message.get(16..).and_then(|attributes| peer(attributes, file)));
        messages = rest;
    }
    messages.is_empty()
}

/// Type, content, and what follows (struct nlmsghdr).
fn netlink_message(messages: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let length = usize::try_from(u32::from_ne_bytes(*messages.first_chunk()?)).ok()?;
    let kind = u16::from_ne_bytes(*messages.get(4..)?.first_chunk()?);
    Some((kind, messages.get(16..length)?, messages.get(length.next_multiple_of(4)..).unwrap_or_default()))
}

/// The inode of the peer, of a socket that belongs to this file.
fn peer(mut attributes: &[u8], file: &SocketFile) -> Option<u32> {
    const FILE: u16 = 1;
    const PEER: u16 = 2;
    let (mut found, mut is_of_file) = (None, false);
    // struct nlattr: length and type.
    while let Some(length) = attributes.first_chunk().map(|length| usize::from(u16::from_ne_bytes(*length))) {
        let kind = u16::from_ne_bytes(*attributes.get(2..)?.first_chunk()?);
        let value = attributes.get(4..length)?;
        let number = |at: usize| Some(u32::from_ne_bytes(*value.get(at..)?.first_chunk()?));
        match kind {
            FILE => is_of_file = *file == SocketFile { inode: number(0)?, device: number(4)? },
            PEER => found = number(0),
            _ => {}
        }
        attributes = attributes.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    found.filter(|_| is_of_file)
}

/// The processes that have one of these sockets open, without this one.
fn owners(sockets: &BTreeSet<u32>, until: Instant) -> Vec<Holder> {
    let mut found = Vec::new();
    let mut pids: Vec<u32> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|pid| *pid != std::process::id())
        .collect();
    pids.sort_unstable();
    for pid in pids {
        if found.len() == MOST || Instant::now() >= until {
            break;
        }
        if has_one_of(pid, sockets) {
            found.push(Holder { pid, name: name_of(pid) });
        }
    }
    found
}

fn has_one_of(pid: u32, sockets: &BTreeSet<u32>) -> bool {
    let Ok(descriptors) = fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
    descriptors.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok()).any(|target| {
        let inode =
            target.to_str().and_then(|text| text.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok());
        inode.is_some_and(|inode| sockets.contains(&inode))
    })
}

/// The name that the kernel knows a process by. A program can choose it, so it is made safe to show.
fn name_of(pid: u32) -> String {
    let name = fs::read(format!("/proc/{pid}/comm")).unwrap_or_default();
    let name = String::from_utf8_lossy(&name);
    let shown = name.chars().filter(|c| !c.is_control() && !is_directional(*c)).take(LONGEST_NAME);
    let shown = shown.collect::<String>().trim().to_owned();
    if shown.is_empty() { "a program".to_owned() } else { shown }
}

/// Whether a character changes how those after it are shown.
fn is_directional(c: char) -> bool {
    matches!(c, '\u{200E}' | '\u{200F}' | '\u{061C}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::{BufRead as _, BufReader, Write as _};
    use std::os::unix::net::UnixListener;
    use std::process::{Command, Stdio};

    use super::*;

    /// A listening socket at a place of its own, and a shell that connects to it, as a client of pcscd does.
    #[test]
    fn finds_who_is_connected() {
        let directory = tempfile::tempdir().unwrap();
        let place = directory.path().join("pcscd.comm");
        let listener = UnixListener::bind(&place).unwrap();
        let later = || Instant::now() + Duration::from_secs(20);
        assert!(peers_of(&place, later()).unwrap().is_empty());

        let own = std::os::unix::net::UnixStream::connect(&place).unwrap();
        let (_accepted, _) = listener.accept().unwrap();
        let peers = peers_of(&place, later()).unwrap();
        assert_eq!(peers.len(), 1);
        assert_eq!(owners(&peers, later()), [], "this process is no other program");
        assert!(has_one_of(std::process::id(), &peers));

        // A process that has inherited the socket, and says so.
        let inherited = std::os::fd::OwnedFd::from(own.try_clone().unwrap());
        let mut child =
            Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(inherited).spawn();
        let child = child.as_mut().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let mut line = String::new();
        stdin.write_all(b"started\n").unwrap();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(owners(&peers, later()), [Holder { pid: child.id(), name: "cat".to_owned() }]);
        drop(stdin);
        child.wait().unwrap();
        assert_eq!(owners(&peers, later()), []);

        assert_eq!(peers_of(&place, Instant::now()).unwrap().len(), 0, "no time, no answer");
        assert!(peers_of(&directory.path().join("nothing"), later()).is_err());
    }

    #[test]
    fn malformed_messages_end_the_search() {
        let file = SocketFile { inode: 7, device: 1 };
        let attribute = |kind: u16, value: &[u8]| {
            let length = u16::try_from(value.len() + 4).unwrap().to_ne_bytes();
            [&length[..], &kind.to_ne_bytes(), value].concat()
        };
        let message = |kind: u16, attributes: &[u8]| {
            let length = u32::try_from(32 + attributes.len()).unwrap().to_ne_bytes();
            [&length[..], &kind.to_ne_bytes(), &[0; 26], attributes].concat()
        };
        let of_file = attribute(1, &[7_u32.to_ne_bytes(), 1_u32.to_ne_bytes()].concat());
        let of_another = attribute(1, &[8_u32.to_ne_bytes(), 1_u32.to_ne_bytes()].concat());
        let peer = attribute(2, &9_u32.to_ne_bytes());
        let good = message(20, &[of_file.clone(), peer.clone()].concat());
        for (name, bytes, expected, goes_on) in [
            ("a peer", good.clone(), 1, true),
            ("peer first", message(20, &[peer.clone(), of_file.clone()].concat()), 1, true),
            ("another file", message(20, &[of_another, peer.clone()].concat()), 0, true),
            ("no file", message(20, &peer), 0, true),
            ("the end", [good.clone(), message(3, &[])].concat(), 1, false),
            ("an error", message(2, &[]), 0, false),
            ("cut off", good.get(..30).unwrap().to_vec(), 0, false),
            ("an attribute that is too short", message(20, &[3, 0, 1, 0, 0]), 0, true),
            ("an attribute of no length", message(20, &[0; 8]), 0, true),
            ("a length of nothing", vec![0; 16], 0, false),
        ] {
            let mut peers = BTreeSet::new();
            assert_eq!(take_messages(&bytes, &file, &mut peers), goes_on, "{name}");
            assert_eq!(peers.len(), expected, "{name}");
        }
    }
}
