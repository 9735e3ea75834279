//! The interfaces of this host, as far as capturing needs to know them.

use std::fs;
use std::io;
use std::net::IpAddr;
use std::os::fd::AsFd as _;
use std::path::Path;

use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};
use pnet::datalink;

use super::live::{hardware, mtu};
use crate::base::MacAddr;
use crate::wire::LinkType;

/// The name that stands for all interfaces together.
pub const ANY: &str = "any";

/// A network interface of this host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nic {
    /// Its name.
    pub name: String,
    /// Its index, from 1; 0 stands for all interfaces together.
    pub index: u32,
    /// Up, without a link, or down.
    pub state: State,
    /// True for the interface that leads back to the host itself.
    pub is_loopback: bool,
    /// What its packets begin with when they are captured.
    pub link: LinkType,
    /// Its MAC address, if it has one.
    pub mac: Option<MacAddr>,
    /// Its addresses with their prefix lengths.
    pub addresses: Vec<(IpAddr, u8)>,
    /// Octets of the largest IP packet it takes.
    pub mtu: Option<u32>,
}

/// Whether an interface can carry packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Switched on and linked.
    Up,
    /// Switched on, but without a cable or a peer.
    NoLink,
    /// Switched off.
    Down,
}

impl Nic {
    /// Packets that the NIC has lost since it exists, because it or its driver had no room for them; `None` where the
    /// system does not tell. Only asked of the network namespace whose devices are seen below `/sys`.
    pub(super) fn lost(&self) -> Option<u64> {
        let folder = Path::new("/sys/class/net").join(&self.name);
        let number = |file: &str| fs::read_to_string(folder.join(file)).ok()?.trim().parse::<u64>().ok();
        if self.index == 0 || number("ifindex")? != u64::from(self.index) {
            return None;
        }
        Some(number("statistics/rx_missed_errors")? + number("statistics/rx_fifo_errors")?)
    }
}

impl State {
    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            State::Up => "up",
            State::NoLink => "no-link",
            State::Down => "down",
        }
    }
}

/// The interfaces of this host (of its network namespace), in order of their indexes.
///
/// # Errors
/// When the kernel does not tell them.
pub fn interfaces() -> io::Result<Vec<Nic>> {
    let any_socket = socket(AddressFamily::Inet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None)
        .or_else(|_| socket(AddressFamily::Unix, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None))?;
    let mut list: Vec<Nic> = Vec::new();
    for found in datalink::interfaces() {
        let addresses = found.ips.iter().map(|network| (network.ip(), network.prefix()));
        // An alias such as `eth0:1` is a label of an address, not an interface.
        if let Some(known) = list.iter_mut().find(|known| known.index == found.index) {
            known.addresses.extend(addresses);
            continue;
        }
        // Gone meanwhile, if the kernel does not know it any more.
        let Ok(hardware) = hardware(any_socket.as_fd(), &found.name) else { continue };
        list.push(Nic {
            index: found.index,
            state: match (found.is_up(), found.is_lower_up()) {
                (true, true) => State::Up,
                (true, false) => State::NoLink,
                (false, _) => State::Down,
            },
            is_loopback: found.is_loopback(),
            link: link_type(hardware),
            mac: found.mac.filter(|_| has_mac(hardware)).map(|mac| MacAddr(mac.octets())),
            addresses: addresses.collect(),
            mtu: mtu(any_socket.as_fd(), &found.name).ok(),
            name: found.name,
        });
    }
    list.sort_by_key(|interface| interface.index);
    Ok(list)
}

/// All interfaces together, captured with a Linux cooked header.
pub fn any() -> Nic {
    Nic {
        name: ANY.to_owned(),
        index: 0,
        state: State::Up,
        is_loopback: false,
        link: LinkType::LINUX_SLL2,
        mac: None,
        addresses: Vec::new(),
        mtu: None,
    }
}

/// The interface to take when none was named: the first that is up, has an address and is not the loopback; if there is
/// none, the first that is up.
pub fn most_likely(list: &[Nic]) -> Option<&Nic> {
    let rank =
        |interface: &&Nic| (interface.state == State::Up, !interface.is_loopback, !interface.addresses.is_empty());
    // The first of the best: `max_by_key` would give the last.
    list.iter().rev().max_by_key(rank).filter(|interface| interface.state != State::Down)
}

/// The name in `list` that is spelled most like `name`, if any is near enough to be meant.
pub fn nearest<'a>(list: &'a [Nic], name: &str) -> Option<&'a str> {
    let meant = |other: &&str| crate::base::text::distance(other, name) <= 1 + name.chars().count() / 4;
    list.iter()
        .map(|interface| interface.name.as_str())
        .filter(meant)
        .min_by_key(|other| crate::base::text::distance(other, name))
}

/// What packets of an interface begin with, by its kind of hardware (ARPHRD_ of Linux). Kinds without a link type of
/// their own are captured with a Linux cooked header.
fn link_type(hardware: u16) -> LinkType {
    match hardware {
        libc::ARPHRD_ETHER | libc::ARPHRD_LOOPBACK => LinkType::ETHERNET,
        // 519 is ARPHRD_RAWIP, which libc does not name.
        519 | libc::ARPHRD_TUNNEL | libc::ARPHRD_TUNNEL6 | libc::ARPHRD_SIT | libc::ARPHRD_NONE => LinkType::RAW,
        libc::ARPHRD_IEEE80211 => LinkType(105),
        libc::ARPHRD_IEEE80211_PRISM => LinkType(119),
        libc::ARPHRD_IEEE80211_RADIOTAP => LinkType(127),
        _ => LinkType::LINUX_SLL2,
    }
}

/// True for kinds of hardware whose link addresses are MAC addresses.
fn has_mac(hardware: u16) -> bool {
    use libc::{ARPHRD_ETHER, ARPHRD_IEEE80211, ARPHRD_IEEE80211_PRISM, ARPHRD_IEEE80211_RADIOTAP, ARPHRD_LOOPBACK};
    [ARPHRD_ETHER, ARPHRD_LOOPBACK, ARPHRD_IEEE80211, ARPHRD_IEEE80211_PRISM, ARPHRD_IEEE80211_RADIOTAP]
        .contains(&hardware)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interface(name: &str, state: State, is_loopback: bool, has_address: bool) -> Nic {
        let addresses = if has_address { vec![(IpAddr::from([192, 0, 2, 1]), 24)] } else { vec![] };
        Nic { name: name.to_owned(), state, is_loopback, addresses, ..any() }
    }

    #[test]
    fn the_loopback_of_this_host_is_listed_with_its_link_type_and_mtu() {
        let list = interfaces().expect("the kernel tells its interfaces");
        let loopback = list.iter().find(|interface| interface.is_loopback).expect("a loopback interface");
        assert_eq!(loopback.link, LinkType::ETHERNET);
        assert!(loopback.mtu.is_some_and(|mtu| mtu >= 1280));
        assert!(loopback.index > 0);
        assert!(loopback.lost().is_none_or(|lost| lost == 0), "a loopback interface has room for everything");
    }

    #[test]
    fn without_a_name_the_first_that_can_carry_packets_is_taken() {
        let list = [
            interface("lo", State::Up, true, true),
            interface("eth0", State::Down, false, false),
            interface("eth1", State::Up, false, true),
            interface("eth2", State::Up, false, true),
        ];
        assert_eq!(most_likely(&list).map(|found| found.name.as_str()), Some("eth1"));
        assert_eq!(most_likely(&list[..2]).map(|found| found.name.as_str()), Some("lo"));
        assert_eq!(most_likely(&list[1..2]), None);
    }

    #[test]
    fn the_nearest_name_is_proposed_only_if_it_is_near() {
        let list: Vec<_> = ["lo", "eth0", "wlp3s0"].map(|name| interface(name, State::Up, false, true)).into();
        assert_eq!(nearest(&list, "eht0"), Some("eth0"));
        assert_eq!(nearest(&list, "eth1"), Some("eth0"));
        assert_eq!(nearest(&list, "wlp2s0"), Some("wlp3s0"));
        assert_eq!(nearest(&list, "docker0"), None);
    }
}
