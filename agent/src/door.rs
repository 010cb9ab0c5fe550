//! The socket that the agent serves: one that the service manager has made and hands over (sd_listen_fds(3)), or one
//! of its own.

use interprocess::local_socket::Listener;
use shared::{Result, socket};

/// The socket.
pub(crate) struct Door {
    /// Where connections arrive.
    pub(crate) listener: Listener,
    #[cfg(unix)]
    made: Option<Identity>,
}

/// What tells a file from another one of the same name: device and inode.
#[cfg(unix)]
type Identity = (u64, u64);

impl Door {
    /// Takes the socket that was handed over, or makes one; the caller holds the agent's lock.
    ///
    /// # Errors
    /// [`ErrorCode::System`](shared::ErrorCode::System)
    #[cfg(unix)]
    pub(crate) fn open(handed_over: Option<Listener>) -> Result<Self> {
        match handed_over {
            Some(listener) => Ok(Self { listener, made: None }),
            None => Ok(Self { listener: socket::listen()?, made: identity() }),
        }
    }

    /// Takes away what tells others where the socket is. Not what belongs to a service manager: it goes on listening
    /// there, and its socket may have taken the place of ours meanwhile.
    #[cfg(unix)]
    pub(crate) fn close(&self) {
        if self.made.is_some() && self.made == identity() {
            // The next agent removes what is left.
            let _ = socket::remove();
        }
    }

    /// Makes a socket; the caller holds the agent's lock.
    ///
    /// # Errors
    /// [`ErrorCode::System`](shared::ErrorCode::System)
    #[cfg(windows)]
    pub(crate) fn open(_handed_over: Option<Listener>) -> Result<Self> {
        Ok(Self { listener: socket::listen()? })
    }

    /// Takes away what tells others where the socket is.
    #[cfg(windows)]
    pub(crate) fn close(&self) {
        // The next agent removes what is left.
        let _ = socket::remove();
    }
}

/// The file in the socket's place.
#[cfg(unix)]
fn identity() -> Option<Identity> {
    use std::os::unix::fs::MetadataExt as _;
    let found = std::fs::symlink_metadata(socket::file().ok()?).ok()?;
    Some((found.dev(), found.ino()))
}

/// The socket that a service manager has opened for this process; `None` when none has.
///
/// The variables that name it stay in the environment: to take them away is unsafe, and the agent starts no program
/// that could inherit them.
///
/// # Errors
/// [`ErrorCode::System`](shared::ErrorCode::System) when what was handed over is not the agent's socket and it alone.
#[cfg(unix)]
pub(crate) fn handed_over() -> Result<Option<Listener>> {
    use interprocess::os::unix::uds_local_socket;
    use rustix::net::SocketType;
    use rustix::net::sockopt::socket_type;
    use shared::{Error, ErrorCode};

    let refused = |why: &str| {
        Error::new(
            ErrorCode::System,
            format!("The service manager hands over {why}. Its unit must be as kortti-agent.socket has it."),
        )
    };
    let sockets =
        sd_listen_fds::get().map_err(|_| refused("something, and LISTEN_PID or LISTEN_FDS is no number"))?;
    let socket = match <[_; 1]>::try_from(sockets) {
        Ok([(_, socket)]) => socket.into_std(),
        Err(none) if none.is_empty() => return Ok(None),
        Err(_) => return Err(refused("more than one socket")),
    };
    if !matches!(socket_type(&socket), Ok(SocketType::STREAM)) {
        return Err(refused("what is no stream socket"));
    }
    let listener = std::os::unix::net::UnixListener::from(socket);
    if !listens(&listener) {
        return Err(refused("a socket that does not listen"));
    }
    let place = listener.local_addr().ok();
    let place = place.as_ref().and_then(std::os::unix::net::SocketAddr::as_pathname);
    let expected = socket::file()?;
    if place != Some(expected.as_path()) {
        let expected = expected.display();
        return Err(refused(&format!(
            "a socket in another place than {expected}, where the agent is looked for"
        )));
    }
    // A thread of its own waits for connections.
    listener
        .set_nonblocking(false)
        .map_err(|error| refused(&format!("a socket that cannot be used ({error})")))?;
    let listener: uds_local_socket::Listener = std::os::fd::OwnedFd::from(listener).into();
    Ok(Some(listener.into()))
}

#[cfg(all(unix, not(target_os = "macos")))]
fn listens(socket: &std::os::unix::net::UnixListener) -> bool {
    matches!(rustix::net::sockopt::socket_acceptconn(socket), Ok(true))
}

/// macOS does not say so by way of `rustix`; one that does not listen fails at the first connection instead.
#[cfg(target_os = "macos")]
fn listens(_socket: &std::os::unix::net::UnixListener) -> bool {
    true
}

/// No service manager of Windows hands over sockets.
///
/// # Errors
/// None.
#[cfg(windows)]
pub(crate) fn handed_over() -> Result<Option<Listener>> {
    Ok(None)
}
