//! Which program is at the other end of a connection.

use interprocess::local_socket::Stream;
use interprocess::local_socket::prelude::*;
use shared::model::Program;

/// The longest path that is kept, in characters.
#[cfg(target_os = "linux")]
const LONGEST: usize = 400;

/// The program that has connected, as far as the system tells.
pub(crate) fn of(stream: &Stream) -> Program {
    let pid = stream.peer_creds().ok().and_then(|peer| peer.pid()).and_then(|pid| u32::try_from(pid).ok());
    Program { pid, path: pid.and_then(path) }
}

/// Where the program's file is. Of a program that nobody may look into, as `kortti` is, the kernel tells the name only.
#[cfg(target_os = "linux")]
fn path(pid: u32) -> Option<String> {
    let process = std::path::PathBuf::from(format!("/proc/{pid}"));
    let file = std::fs::read_link(process.join("exe")).map(|path| path.to_string_lossy().into_owned());
    let name = || std::fs::read(process.join("comm")).map(|name| String::from_utf8_lossy(&name).into_owned());
    let text = file.or_else(|_| name()).ok()?;
    Some(text.trim_end_matches('\n').chars().take(LONGEST).collect())
}

/// No crate tells it without unsafe code.
#[cfg(not(target_os = "linux"))]
fn path(_pid: u32) -> Option<String> {
    None
}
