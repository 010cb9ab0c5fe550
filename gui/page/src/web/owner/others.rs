//! Whose connection it is. Elsewhere the system does not say it simply: there the token, the cookie and the secret have to do.

use std::net::SocketAddrV4;

/// Which of the programs at the other ends may be this user's.
pub(super) fn are_mine(peers: &[SocketAddrV4], _here: SocketAddrV4) -> Vec<bool> {
    vec![true; peers.len()]
}
