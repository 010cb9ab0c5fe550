//! What the service manager is told of the agent's state (sd_notify(3)): one datagram to the socket that NOTIFY_SOCKET
//! names. Without one nobody is told, and nothing is lost.
//!
//! The variable stays in the environment: taking it away is unsafe once there are threads, and the agent starts no
//! program that could inherit it.

/// The socket can be used, or is used again after a reload. Tells whether a manager was there to hear it.
pub(crate) fn ready() -> bool {
    send("READY=1\nSTATUS=Watching the readers.")
}

/// A reload begins; [`ready`] ends it.
#[cfg(unix)]
pub(crate) fn reloading() {
    // The manager tells an old message from an answer to its own signal by the time (systemd.service(5), notify-reload).
    #[cfg(target_os = "linux")]
    let since = {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        format!("\nMONOTONIC_USEC={}", now.tv_sec * 1_000_000 + now.tv_nsec / 1000)
    };
    #[cfg(not(target_os = "linux"))]
    let since = "";
    send(&format!("RELOADING=1\nSTATUS=Reloading.{since}"));
}

/// Nothing begins any more, and what is under way is finished.
pub(crate) fn stopping() {
    send("STOPPING=1\nSTATUS=Finishing what is under way.");
}

#[cfg(target_os = "linux")]
fn send(state: &str) -> bool {
    use std::os::linux::net::SocketAddrExt as _;
    use std::os::unix::net::{SocketAddr, UnixDatagram};
    use std::time::Duration;

    /// A manager that does not listen must not keep the agent.
    const PATIENCE: Duration = Duration::from_secs(1);

    let Some(name) = std::env::var_os("NOTIFY_SOCKET").filter(|name| !name.is_empty()) else { return false };
    let address = match name.as_encoded_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name),
        _ => SocketAddr::from_pathname(&name),
    };
    let sent = address.and_then(|address| {
        let socket = UnixDatagram::unbound()?;
        socket.set_write_timeout(Some(PATIENCE))?;
        socket.send_to_addr(state.as_bytes(), &address)
    });
    if let Err(error) = &sent {
        tracing::warn!(%error, "the service manager could not be told");
    }
    sent.is_ok()
}

#[cfg(not(target_os = "linux"))]
fn send(_state: &str) -> bool {
    false
}
