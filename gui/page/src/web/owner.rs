//! Whose connection it is. Other users of the machine can open one to 127.0.0.1; the kernel says who did.

use std::fs;
use std::net::SocketAddrV4;

/// Whether the program at the other end of a connection belongs to this user. One that the kernel does not tell of does not: it is in
/// another network namespace, or has gone.
pub(super) fn is_mine(peer: SocketAddrV4, here: SocketAddrV4) -> bool {
    let mine = rustix::process::geteuid().as_raw();
    // A program may have opened a socket of IPv6 for an address of IPv4.
    [("/proc/net/tcp", &address(peer)), ("/proc/net/tcp6", &mapped(peer))].into_iter().any(|(table, from)| {
        let to = if table.ends_with('6') { mapped(here) } else { address(here) };
        fs::read_to_string(table).is_ok_and(|table| owner(&table, from, &to) == Some(mine))
    })
}

/// The uid of the socket from one address to another, in a table of the kernel (proc_pid_net(5): the second column is the local address,
/// the third the remote one, the eighth the uid, the tenth the inode). A socket that its program has closed has no inode, and the table
/// gives it to root whoever it was.
fn owner(table: &str, from: &str, to: &str) -> Option<u32> {
    table.lines().skip(1).find_map(|line| {
        let columns: Vec<&str> = line.split_ascii_whitespace().collect();
        let is_it = columns.get(1) == Some(&from) && columns.get(2) == Some(&to);
        let is_held = columns.get(9).is_some_and(|inode| *inode != "0");
        (is_it && is_held).then(|| columns.get(7)?.parse().ok()).flatten()
    })
}

/// An address as the table has it: the bytes as a number of this machine's order.
fn address(address: SocketAddrV4) -> String {
    format!("{:08X}:{:04X}", u32::from_ne_bytes(address.ip().octets()), address.port())
}

/// The same as an address of IPv6 (RFC 4291 section 2.5.5.2).
fn mapped(address: SocketAddrV4) -> String {
    let word = |bytes| u32::from_ne_bytes(bytes);
    format!(
        "{:08X}{:08X}{:08X}{:08X}:{:04X}",
        0,
        0,
        word([0, 0, 0xFF, 0xFF]),
        word(address.ip().octets()),
        address.port()
    )
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener, TcpStream};

    use super::*;

    #[test]
    fn a_row_of_the_table() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   \
                     0: 0100007F:1F90 0100007F:C001 01 00000000:00000000 00:00000000 00000000  1001        0 1 1\n   \
                     1: 0100007F:C001 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1000        0 2 1\n   \
                     2: 0100007F:C003 0100007F:1F90 05 00000000:00000000 00:00000000 00000000     0        0 0 1\n   3: broken\n";
        assert_eq!(owner(table, "0100007F:C001", "0100007F:1F90"), Some(1000));
        assert_eq!(owner(table, "0100007F:1F90", "0100007F:C001"), Some(1001));
        assert_eq!(owner(table, "0100007F:C002", "0100007F:1F90"), None);
        assert_eq!(owner(table, "0100007F:C003", "0100007F:1F90"), None, "nobody has it any more");
        if cfg!(target_endian = "little") {
            assert_eq!(address(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 8080)), "0100007F:1F90");
            assert_eq!(
                mapped(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 80)),
                "0000000000000000FFFF00000100007F:0050"
            );
        }
    }

    #[test]
    fn my_own_connections_are_mine() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let std::net::SocketAddr::V4(here) = listener.local_addr().unwrap() else { panic!() };
        let plain = TcpStream::connect(here).unwrap();
        let std::net::SocketAddr::V4(peer) = plain.local_addr().unwrap() else { panic!() };
        assert!(is_mine(peer, here));
        let mapped = TcpStream::connect((Ipv4Addr::LOCALHOST.to_ipv6_mapped(), here.port()));
        if let Ok(mapped) = mapped {
            let peer = SocketAddrV4::new(Ipv4Addr::LOCALHOST, mapped.local_addr().unwrap().port());
            assert!(is_mine(peer, here));
        }
        assert!(!is_mine(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 1), here));
    }
}
