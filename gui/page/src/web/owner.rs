//! Whose connection it is. Other users of the machine can open one to 127.0.0.1; the kernel says who did.

use std::collections::HashMap;
use std::fs;
use std::net::SocketAddrV4;

/// Which of the programs at the other ends of connections belong to this user. One that the kernel does not tell of does not: it is in
/// another network namespace, or has gone. The tables are read once for all of them, since they are as long as others make them.
pub(super) fn are_mine(peers: &[SocketAddrV4], here: SocketAddrV4) -> Vec<bool> {
    let mine = rustix::process::geteuid().as_raw();
    let plain = owners("/proc/net/tcp", &address(here));
    if peers.iter().all(|peer| plain.get(&address(*peer)) == Some(&mine)) {
        return vec![true; peers.len()];
    }
    // A program may have opened a socket of IPv6 for an address of IPv4.
    let six = owners("/proc/net/tcp6", &mapped(here));
    let is_mine = |peer: &SocketAddrV4| {
        plain.get(&address(*peer)) == Some(&mine) || six.get(&mapped(*peer)) == Some(&mine)
    };
    peers.iter().map(is_mine).collect()
}

fn owners(table: &str, to: &str) -> HashMap<String, u32> {
    fs::read_to_string(table).map(|table| rows(&table, to)).unwrap_or_default()
}

/// The uids of the sockets that are connected to an address, by their own, in a table of the kernel (proc_pid_net(5): the second column is
/// the local address, the third the remote one, the eighth the uid, the tenth the inode). A socket that its program has closed has no
/// inode, and the table gives it to root whoever it was.
fn rows(table: &str, to: &str) -> HashMap<String, u32> {
    let row = |line: &str| {
        let mut columns = line.split_ascii_whitespace().skip(1);
        let from = columns.next()?;
        if columns.next()? != to {
            return None;
        }
        let mut columns = columns.skip(4);
        let uid = columns.next()?.parse().ok()?;
        (columns.nth(1)? != "0").then(|| (from.to_owned(), uid))
    };
    table.lines().skip(1).filter_map(row).collect()
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
        assert_eq!(rows(table, "0100007F:1F90").get("0100007F:C001"), Some(&1000));
        assert_eq!(rows(table, "0100007F:C001").get("0100007F:1F90"), Some(&1001));
        assert_eq!(rows(table, "0100007F:1F90").get("0100007F:C002"), None);
        assert_eq!(rows(table, "0100007F:1F90").get("0100007F:C003"), None, "nobody has it any more");
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
        assert_eq!(are_mine(&[peer], here), [true]);
        let mapped = TcpStream::connect((Ipv4Addr::LOCALHOST.to_ipv6_mapped(), here.port()));
        if let Ok(mapped) = mapped {
            let peer = SocketAddrV4::new(Ipv4Addr::LOCALHOST, mapped.local_addr().unwrap().port());
            assert_eq!(are_mine(&[peer], here), [true]);
        }
        let nobody = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 1);
        assert_eq!(are_mine(&[peer, nobody], here), [true, false]);
    }
}
