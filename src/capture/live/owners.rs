//! Which process at this host owns a conversation: the kernel's tables of sockets name an inode, and the open files of a
//! process name it too (proc(5)). Of other users' processes the kernel tells only the user, unless one is root.

use std::collections::HashMap;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

use nix::unistd::{Uid, User};

/// Transports whose sockets the kernel lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

/// A socket of the kernel's tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Socket {
    transport: Transport,
    local: SocketAddr,
    remote: SocketAddr,
    user: u32,
    inode: u64,
}

/// The sockets of this network namespace and the processes that hold them, as they were at one moment.
#[derive(Debug, Default)]
pub struct SocketOwners {
    sockets: Vec<Socket>,
    /// Inode → process, of the processes whose files may be seen.
    processes: HashMap<u64, String>,
}

impl SocketOwners {
    /// Reads the tables; what cannot be read is left out.
    pub fn read() -> SocketOwners {
        SocketOwners { sockets: sockets(Path::new("/proc/net")), processes: processes(Path::new("/proc")) }
    }

    /// Who owns the conversation between `a` and `b`: `curl (1234)`, or `user www-data` where only that is told. Both,
    /// separated by ↔, if both ends are at this host. `None` if neither is, or it is over.
    pub fn owner(&self, transport: Transport, a: SocketAddr, b: SocketAddr) -> Option<String> {
        let sides = [self.of_side(transport, a, b), self.of_side(transport, b, a)];
        match sides {
            [Some(a), Some(b)] => Some(format!("{a} ↔ {b}")),
            [one, other] => one.or(other),
        }
    }

    fn of_side(&self, transport: Transport, local: SocketAddr, remote: SocketAddr) -> Option<String> {
        // A connected socket names both ends; one of UDP need not, and may listen on every address.
        let fit = |socket: &&Socket| {
            let exact = socket.local == local && socket.remote == remote;
            let is_any = |address: SocketAddr| address.ip().is_unspecified();
            let open = transport == Transport::Udp
                && is_any(socket.remote)
                && socket.local.port() == local.port()
                && (socket.local.ip() == local.ip() || is_any(socket.local));
            socket.transport == transport && (exact || open)
        };
        let mut fitting: Vec<&Socket> = self.sockets.iter().filter(fit).collect();
        fitting.sort_by_key(|socket| (socket.remote.ip().is_unspecified(), socket.local.ip().is_unspecified()));
        // An unconnected socket on every address belongs to this host only if the address does, which others tell.
        let socket =
            fitting.first().filter(|socket| !socket.local.ip().is_unspecified() || self.is_here(local.ip()))?;
        // What is in TIME-WAIT belongs to no process any more.
        if socket.inode == 0 {
            return None;
        }
        if let Some(process) = self.processes.get(&socket.inode) {
            return Some(process.clone());
        }
        let name = User::from_uid(Uid::from_raw(socket.user)).ok().flatten().map(|user| user.name);
        Some(format!("user {}", name.unwrap_or_else(|| socket.user.to_string())))
    }

    /// True if `address` is one of this host's.
    fn is_here(&self, address: IpAddr) -> bool {
        address.is_loopback()
            || nix::ifaddrs::getifaddrs().is_ok_and(|mut addresses| {
                addresses.any(|found| {
                    found.address.is_some_and(|storage| {
                        let v4 = storage.as_sockaddr_in().map(|found| IpAddr::V4(found.ip()));
                        let v6 = storage.as_sockaddr_in6().map(|found| IpAddr::V6(found.ip()));
                        v4.or(v6) == Some(address)
                    })
                })
            })
    }
}

fn sockets(folder: &Path) -> Vec<Socket> {
    let mut found = Vec::new();
    for (file, transport) in
        [("tcp", Transport::Tcp), ("tcp6", Transport::Tcp), ("udp", Transport::Udp), ("udp6", Transport::Udp)]
    {
        let table = fs::read_to_string(folder.join(file)).unwrap_or_default();
        found.extend(table.lines().skip(1).filter_map(|line| socket(line, transport)));
    }
    found
}

/// One line of a table: `sl local_address rem_address st tx:rx tr:tm retrnsmt uid timeout inode …`.
fn socket(line: &str, transport: Transport) -> Option<Socket> {
    let mut words = line.split_ascii_whitespace();
    let local = address(words.nth(1)?)?;
    let remote = address(words.next()?)?;
    let user = words.nth(4)?.parse().ok()?;
    let inode = words.nth(1)?.parse().ok()?;
    Some(Socket { transport, local, remote, user, inode })
}

/// `0100007F:1F90`: the address in words of 32 bits, each in the machine's own order, and the port as a number.
fn address(text: &str) -> Option<SocketAddr> {
    let (address, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let word = |at: usize| u32::from_str_radix(address.get(at..at + 8)?, 16).ok().map(u32::to_ne_bytes);
    let ip = match address.len() {
        8 => IpAddr::V4(Ipv4Addr::from(word(0)?)),
        32 => {
            let mut octets = [0; 16];
            for (index, chunk) in octets.chunks_mut(4).enumerate() {
                chunk.copy_from_slice(&word(index * 8)?);
            }
            // A socket of IPv6 that carries IPv4 has the addresses of IPv4 on the wire.
            Ipv6Addr::from(octets).to_canonical()
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

/// Inodes of sockets that processes hold, with the process: its name and number.
fn processes(proc: &Path) -> HashMap<u64, String> {
    let mut found = HashMap::new();
    for entry in fs::read_dir(proc).into_iter().flatten().flatten() {
        let number = entry.file_name();
        let Some(number) = number.to_str().filter(|name| name.bytes().all(|octet| octet.is_ascii_digit())) else {
            continue;
        };
        let Ok(files) = fs::read_dir(entry.path().join("fd")) else { continue };
        let mut name = None;
        for file in files.flatten() {
            let Ok(target) = fs::read_link(file.path()) else { continue };
            let inode = target.to_str().and_then(|text| text.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok());
            let Some(inode) = inode else { continue };
            let name = name.get_or_insert_with(|| {
                let comm = fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
                format!("{} ({number})", comm.trim_end())
            });
            // Children share the files of their parents; the process that was there first is named.
            found.entry(inode).or_insert_with(|| name.clone());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream, UdpSocket};

    use super::*;

    #[test]
    fn lines_of_the_kernels_tables_are_read() {
        let line = format!(
            "   0: {:08X}:1F90 {:08X}:C350 01 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0 20 4 30 10 -1",
            u32::from_ne_bytes([192, 0, 2, 1]),
            u32::from_ne_bytes([192, 0, 2, 2]),
        );
        let socket = socket(&line, Transport::Tcp).expect("a socket");
        assert_eq!(socket.local, "192.0.2.1:8080".parse().expect("an address"));
        assert_eq!(socket.remote, "192.0.2.2:50000".parse().expect("an address"));
        assert_eq!((socket.user, socket.inode), (1000, 4711));
        let words = [[0; 4], [0; 4], [0, 0, 0xff, 0xff], [192, 0, 2, 1]].map(u32::from_ne_bytes);
        let mapped: String = words.iter().map(|word| format!("{word:08X}")).collect();
        assert_eq!(address(&format!("{mapped}:0050")), Some("192.0.2.1:80".parse().expect("an address")));
        assert_eq!(address("nonsense"), None);
    }

    #[test]
    fn both_ends_of_a_connection_of_this_process_are_found() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let client = TcpStream::connect(listener.local_addr().expect("bound")).expect("connects");
        let _server = listener.accept().expect("accepts");
        let (a, b) = (client.local_addr().expect("bound"), client.peer_addr().expect("connected"));
        let owners = SocketOwners::read();
        let owner = owners.owner(Transport::Tcp, a, b).expect("both are here");
        assert!(owner.contains(" ↔ ") && owner.matches(&format!("({})", std::process::id())).count() == 2, "{owner}");
        assert_eq!(owners.owner(Transport::Tcp, a, "203.0.113.9:9".parse().expect("an address")), None);
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let here = socket.local_addr().expect("bound");
        let owner = SocketOwners::read().owner(Transport::Udp, "192.0.2.7:53".parse().expect("an address"), here);
        assert!(owner.is_some_and(|owner| owner.contains(&std::process::id().to_string())));
    }
}
