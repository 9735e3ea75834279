//! What kind of address an address is.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::base::MacAddr;

/// The kind of a MAC address: `broadcast`, `spanning-tree`, `ipv4-multicast`, `ipv6-multicast`, `lldp`, `multicast`,
/// `vrrp`, `hsrp`, `documentation`, `local` (chosen by somebody, as virtual machines and telephones do), `universal`.
pub fn of_mac(mac: MacAddr) -> &'static str {
    let octets = mac.octets();
    match octets {
        [0xff, 0xff, 0xff, 0xff, 0xff, 0xff] => "broadcast",
        [0, 0, 0, 0, 0, 0] => "none",
        [0x01, 0x80, 0xc2, 0, 0, 0] => "spanning-tree",
        [0x01, 0x80, 0xc2, 0, 0, 0x0e] => "lldp",
        // RFC 1112 §6.4 and RFC 2464 §7.
        [0x01, 0x00, 0x5e, third, ..] if third & 0x80 == 0 => "ipv4-multicast",
        [0x33, 0x33, ..] => "ipv6-multicast",
        _ if mac.is_group() => "multicast",
        _ if is_virtual_router(mac) => {
            if octets[..3] == [0, 0, 0x5e] {
                "vrrp"
            } else {
                "hsrp"
            }
        }
        // RFC 9542 §2.1.2.
        [0, 0, 0x5e, 0, 0x53, _] => "documentation",
        _ if mac.is_local() => "local",
        _ => "universal",
    }
}

/// True for an address that a group of routers shares, so that one can stand in for another: VRRP and CARP (RFC 9568
/// §7.3), HSRP in both versions, and GLBP.
pub fn is_virtual_router(mac: MacAddr) -> bool {
    matches!(
        mac.octets(),
        [0x00, 0x00, 0x5e, 0x00, 0x01 | 0x02, _]
            | [0x00, 0x00, 0x0c, 0x07, 0xac, _]
            | [0x00, 0x00, 0x0c, 0x9f, 0xf0..=0xff, _]
            | [0x00, 0x05, 0x73, 0xa0, 0x00..=0x0f, _]
            | [0x00, 0x07, 0xb4, 0x00, _, _]
    )
}

/// The kind of an IP address, in the words of `netlab subnet kinds` for those that a capture is full of.
pub fn of_ip(address: IpAddr) -> &'static str {
    match address {
        IpAddr::V4(address) => of_ipv4(address),
        IpAddr::V6(address) => of_ipv6(address),
    }
}

/// True for addresses that no router hands on.
pub fn is_on_link_only(address: IpAddr) -> bool {
    matches!(
        of_ip(address),
        "link-local" | "loopback" | "unspecified" | "this-network" | "this-host" | "limited-broadcast" | "multicast"
    )
}

fn of_ipv4(address: Ipv4Addr) -> &'static str {
    match address.octets() {
        [255, 255, 255, 255] => "limited-broadcast",
        [0, 0, 0, 0] => "this-host",
        [0, ..] => "this-network",
        [127, ..] => "loopback",
        [224..=239, ..] => "multicast",
        [240..=255, ..] => "reserved",
        [169, 254, ..] => "link-local",
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => "private",
        [100, 64..=127, ..] => "shared",
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => "documentation",
        [198, 18 | 19, ..] => "benchmarking",
        _ => "global-unicast",
    }
}

fn of_ipv6(address: Ipv6Addr) -> &'static str {
    let segments = address.segments();
    match segments {
        [0, 0, 0, 0, 0, 0, 0, 0] => "unspecified",
        [0, 0, 0, 0, 0, 0, 0, 1] => "loopback",
        [0, 0, 0, 0, 0, 0xffff, ..] => "ipv4-mapped",
        [0x2001, 0x0db8, ..] | [0x3fff, 0x0000..=0x0fff, ..] => "documentation",
        [0x2001, 0, ..] => "teredo",
        [0x2002, ..] => "6to4",
        [0xff00..=0xffff, ..] => "multicast",
        [0xfe80..=0xfebf, ..] => "link-local",
        [0xfc00..=0xfdff, ..] => "unique-local",
        [0x2000..=0x3fff, ..] => "global-unicast",
        _ => "reserved",
    }
}
