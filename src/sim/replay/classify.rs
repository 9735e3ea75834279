//! Host, router, switch or silent: what the frames of a station tell (R1).

use std::net::IpAddr;

use super::identity::{Class, Station};
use super::subnets::{self, LocalSubnet};
use crate::base::MacAddr;

/// Addresses whose frames no switch passes on: those of IEEE 802.1D, and the discovery protocols of Cisco.
pub(super) fn never_leaves_its_link(destination: MacAddr) -> bool {
    destination.is_reserved() || matches!(destination.0, [0x01, 0x00, 0x0c, 0xcc, 0xcc, 0xcc..=0xcd])
}

/// What a station is, and why it is taken for that.
pub(super) fn classify(station: &Station, subnets: &[LocalSubnet]) -> (Class, String) {
    if station.mac.is_group() {
        return (Class::Group, "a group address cannot be a sender".to_owned());
    }
    if station.sent == 0 {
        return (Class::Silent, "is spoken to and never speaks".to_owned());
    }
    if station.made {
        // A capture without MAC addresses does not show who stands between: every address is a station of its own.
        return (Class::Host, "the capture has no MAC addresses".to_owned());
    }
    if station.reserved == station.sent {
        return (Class::Switch, "only speaks to its neighbour on the link".to_owned());
    }
    let is_remote = |address: IpAddr| !subnets::is_local(subnets, address);
    let remote: Vec<_> = station.addresses.iter().filter(|seen| is_remote(seen.address)).collect();
    let handed = station.handed.iter().find(|address| {
        let is_all = matches!(address, IpAddr::V4(v4) if v4.is_broadcast());
        !address.is_multicast() && !is_all && is_remote(**address)
    });
    if remote.len() >= 2 {
        return (Class::Router, format!("sends packets from {} addresses beyond the link", remote.len()));
    }
    if let Some(crossed) = remote.iter().find(|seen| seen.has_crossed_routers()) {
        let why = format!("brings packets of {} whose TTL ({}) has been lowered", crossed.address, crossed.highest_ttl);
        return (Class::Router, why);
    }
    let has_own = station.addresses.iter().any(|seen| seen.claimed && !is_remote(seen.address));
    if let Some(other) = remote.iter().find(|seen| has_own && !seen.claimed) {
        return (Class::Router, format!("has an address on the link, and brings packets of {}", other.address));
    }
    let own = station.addresses.iter().any(|seen| Some(&seen.address) == handed);
    match handed {
        Some(handed) if !own => (Class::Router, format!("is given packets for {handed} beyond the link")),
        _ => (Class::Host, String::new()),
    }
}
