//! Who is who in a capture: one pass that finds every MAC address, the IP addresses it speaks for, and whether a host,
//! a router or a switch stands behind it (R1).

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

use super::Map;
use super::captured::Capture;
use super::classify::{classify, never_leaves_its_link};
use super::dhcp;
use super::subnets::{self, LocalSubnet};
use crate::base::{MacAddr, Timestamp, limits};
use crate::packet::Direction;
use crate::sim::frame::MIN_FRAME_LEN;
use crate::sim::stack::route::Prefix;
use crate::wire::{ArpOperation, Frame, IpView, Layer};

/// What stands behind a MAC address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// A host: it speaks for itself.
    Host,
    /// A router: it brings packets of others.
    Router,
    /// A switch: it only speaks to its neighbours on the link (spanning tree, LLDP and the like).
    Switch,
    /// Somebody is spoken to who never speaks.
    Silent,
    /// A group address as source, which no sender can have.
    Group,
}

impl Class {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Class::Host => "host",
            Class::Router => "router",
            Class::Switch => "switch",
            Class::Silent => "silent",
            Class::Group => "group",
        }
    }
}

/// An IP address that a station was seen sending from.
#[derive(Clone, Debug)]
pub struct SeenAddress {
    /// The address.
    pub address: IpAddr,
    /// True if the station claimed it by ARP or neighbour discovery: the strongest evidence.
    pub claimed: bool,
    /// Packets from it.
    pub packets: u64,
    /// The first packet of the capture that shows it.
    pub first: u64,
    /// Largest TTL or hop limit of its packets; smaller ones may be those of a trace.
    pub highest_ttl: u8,
    /// Initial TTLs that openings of conversations from it point to: bit 0 is 32, 1 is 64, 2 is 128, 3 is 255.
    pub initial_ttls: u8,
}

impl SeenAddress {
    /// True if its packets have crossed a router: their TTL is none that systems start with (32, 64, 128, 255).
    pub fn has_crossed_routers(&self) -> bool {
        self.packets > 0 && !matches!(self.highest_ttl, 32 | 64 | 128 | 255 | 0..=2)
    }
}

/// A MAC address of the capture.
#[derive(Clone, Debug)]
pub struct Station {
    /// The address.
    pub mac: MacAddr,
    /// What stands behind it.
    pub class: Class,
    /// Why it is taken for that, in a few words.
    pub why: String,
    /// Frames from it, and their octets.
    pub sent: u64,
    /// Octets of those frames.
    pub octets: u64,
    /// Frames addressed to it.
    pub received: u64,
    /// The first frame of or to it, and its time.
    pub first: (u64, Timestamp),
    /// The last frame of or to it, and its time.
    pub last: (u64, Timestamp),
    /// The addresses it was seen sending from, in the order in which they appeared.
    pub addresses: Vec<SeenAddress>,
    /// Addresses beyond those listed.
    pub more_addresses: u64,
    /// VLANs of its frames; 0 stands for frames without a tag.
    pub vlans: BTreeSet<u16>,
    /// True if its MAC address was made, as the capture has none.
    pub made: bool,
    /// Frames to reserved addresses, which never leave their link.
    pub(super) reserved: u64,
    /// Frames shorter than a wire carries: they were captured before the card padded them.
    unpadded: u64,
    /// Frames that the capture marks as sent, or as received.
    outbound: u64,
    /// IP addresses of packets handed to it.
    pub(super) handed: BTreeSet<IpAddr>,
}

impl Station {
    fn new(mac: MacAddr, number: u64, at: Timestamp) -> Station {
        Station {
            mac,
            class: Class::Silent,
            why: String::new(),
            sent: 0,
            octets: 0,
            received: 0,
            first: (number, at),
            last: (number, at),
            addresses: Vec::new(),
            more_addresses: 0,
            vlans: BTreeSet::new(),
            made: false,
            reserved: 0,
            unpadded: 0,
            outbound: 0,
            handed: BTreeSet::new(),
        }
    }

    /// The addresses that are its own: for a router only those on a link of the capture.
    pub fn own_addresses<'a>(&'a self, subnets: &'a [LocalSubnet]) -> impl Iterator<Item = IpAddr> + 'a {
        let is_router = self.class == Class::Router;
        let addresses = self.addresses.iter().filter(move |seen| {
            !is_router || seen.claimed || subnets::is_local(subnets, seen.address) && !seen.has_crossed_routers()
        });
        addresses.map(|seen| seen.address)
    }

    /// For a station that never says its address: the one address of the link to which all its packets go.
    pub fn address_by_others(&self, subnets: &[LocalSubnet]) -> Option<IpAddr> {
        let is_all = |address: &IpAddr| {
            address.is_multicast() || matches!(address, IpAddr::V4(v4) if v4.is_broadcast() || v4.is_unspecified())
        };
        let mut local = self.handed.iter().filter(|address| !is_all(address));
        let only = *local.next()?;
        (local.next().is_none() && self.addresses.is_empty() && subnets::is_local(subnets, only)).then_some(only)
    }

    fn saw(&mut self, address: IpAddr, number: u64) -> Option<&mut SeenAddress> {
        // Most stations have few addresses and use the same one again.
        if let Some(index) = self.addresses.iter().position(|seen| seen.address == address) {
            return Some(&mut self.addresses[index]);
        }
        if self.addresses.len() >= limits::MAX_STATION_ADDRESSES {
            self.more_addresses += 1;
            return None;
        }
        self.addresses.push(SeenAddress {
            address,
            claimed: false,
            packets: 0,
            first: number,
            highest_ttl: 0,
            initial_ttls: 0,
        });
        self.addresses.last_mut()
    }
}

/// Everybody in a capture.
#[derive(Debug, Default)]
pub struct Identities {
    /// The stations, in the order in which they appeared.
    pub stations: Vec<Station>,
    /// The subnets on the link of the capture, with where each is known from.
    pub subnets: Vec<LocalSubnet>,
    /// Signs of address translation, in sentences.
    pub nat: Vec<String>,
    /// The station at which the capture was probably taken, and why.
    pub point: Option<(MacAddr, String)>,
    /// True if the capture saw whole conversations between others, as one sees on a hub or at a mirror port.
    pub sees_others: bool,
    /// Largest IP packet that is not an offloaded giant.
    pub largest_packet: u32,
    /// Most octets within one millisecond.
    pub busiest_millisecond: u64,
    /// The first pair of addresses that speak with each other.
    pub first_talk: Option<(IpAddr, IpAddr)>,
    /// MAC addresses beyond those kept.
    pub not_kept: u64,
    by_mac: Map<MacAddr, usize>,
    arp: BTreeSet<Ipv4Addr>,
    arp_senders: BTreeSet<Ipv4Addr>,
    leases: Vec<dhcp::Lease>,
    /// Frames between two single stations, by the pair, to find who is part of all of them.
    pairs: BTreeMap<(MacAddr, MacAddr), u64>,
    millisecond: (u64, u64),
}

impl Identities {
    /// Looks at every frame of a capture. `nets` are subnets that the user knows to be on the link.
    pub fn of(capture: &Capture, nets: &[Prefix]) -> Identities {
        let mut all = Identities::default();
        for frame in &capture.frames {
            let decoded = frame.decode();
            let (source, destination) = (frame.source(), frame.destination());
            all.see(frame.number, frame.at, source, destination, frame.octets().len(), &decoded);
            if let Some(index) = all.by_mac.get(&source).copied() {
                let station = &mut all.stations[index];
                station.made |= frame.made_macs;
                station.outbound += u64::from(frame.direction == Some(Direction::Outbound));
                station.unpadded += u64::from(frame.octets().len() < MIN_FRAME_LEN && !frame.made_macs);
            }
        }
        all.conclude(nets);
        all
    }

    /// The station with that MAC address.
    pub fn station(&self, mac: MacAddr) -> Option<&Station> {
        self.by_mac.get(&mac).map(|index| &self.stations[*index])
    }

    /// True if the address is on the link of the capture.
    pub fn is_local(&self, address: IpAddr) -> bool {
        subnets::is_local(&self.subnets, address)
    }

    /// The router's address on the link that a DHCP server told.
    pub fn told_router(&self) -> Option<Ipv4Addr> {
        self.leases.iter().find_map(|lease| lease.router)
    }

    /// Every IPv4 address that ARP was about.
    pub fn arp_addresses(&self) -> &BTreeSet<Ipv4Addr> {
        &self.arp
    }

    fn index(&mut self, mac: MacAddr, number: u64, at: Timestamp) -> Option<usize> {
        if let Some(index) = self.by_mac.get(&mac) {
            return Some(*index);
        }
        if self.stations.len() >= limits::MAX_REPLAY_STATIONS {
            self.not_kept += 1;
            return None;
        }
        self.by_mac.insert(mac, self.stations.len());
        self.stations.push(Station::new(mac, number, at));
        Some(self.stations.len() - 1)
    }

    fn see(
        &mut self,
        number: u64,
        at: Timestamp,
        source: MacAddr,
        destination: MacAddr,
        len: usize,
        frame: &Frame<'_>,
    ) {
        let millisecond = at.nanos() / 1_000_000;
        if self.millisecond.0 != millisecond {
            self.millisecond = (millisecond, 0);
        }
        self.millisecond.1 += len as u64;
        self.busiest_millisecond = self.busiest_millisecond.max(self.millisecond.1);
        if let Some(index) = self.index(source, number, at) {
            let station = &mut self.stations[index];
            station.sent += 1;
            station.octets += len as u64;
            station.last = (number, at);
            station.reserved += u64::from(never_leaves_its_link(destination));
            let vid = frame.vlans().next().map_or(0, |vlan| vlan.vid());
            station.vlans.insert(vid);
            self.see_addresses(index, number, frame);
        }
        if !destination.is_group()
            && let Some(index) = self.index(destination, number, at)
        {
            let station = &mut self.stations[index];
            station.received += 1;
            station.last = (number, at);
            if let Some(ip) = frame.ip()
                && station.handed.len() < limits::MAX_STATION_ADDRESSES
            {
                station.handed.insert(ip.destination());
            }
            if source != destination {
                let pair = (source.min(destination), source.max(destination));
                if self.pairs.len() < limits::MAX_REPLAY_STATIONS || self.pairs.contains_key(&pair) {
                    *self.pairs.entry(pair).or_default() += 1;
                }
            }
        }
    }

    fn see_addresses(&mut self, index: usize, number: u64, frame: &Frame<'_>) {
        if let Some(arp) = frame.arp() {
            self.see_arp(index, number, &arp);
            return;
        }
        // The outermost IP header is what the station sent; one inside a tunnel is somebody else's.
        let outer = frame.layers().iter().find_map(|located| match located.layer {
            Layer::Ipv4(ip) => Some(IpView::V4(ip)),
            Layer::Ipv6(ip) => Some(IpView::V6(ip)),
            _ => None,
        });
        let Some(ip) = outer else { return };
        let (source, destination) = (ip.source(), ip.destination());
        let total = ip.total_len();
        let is_giant = frame.tcp().is_some() && total > 1500;
        if !is_giant {
            self.largest_packet = self.largest_packet.max(total);
        }
        if let Some(mss) = frame.tcp().and_then(|tcp| tcp.options()?.maximum_segment_size()) {
            // 8960 is the MSS of jumbo frames; larger ones belong to loopback interfaces.
            if mss <= 8960 {
                self.largest_packet = self.largest_packet.max(u32::from(mss) + 40);
            }
        }
        if self.leases.len() < limits::MAX_REPLAY_STATIONS {
            self.leases.extend(dhcp::lease(frame));
        }
        if source.is_unspecified() || source.is_multicast() || source.is_loopback() {
            return;
        }
        if self.first_talk.is_none() && !destination.is_multicast() && !destination.is_unspecified() {
            let is_all = matches!(destination, IpAddr::V4(v4) if v4.is_broadcast());
            if !is_all {
                self.first_talk = Some((source, destination));
            }
        }
        let claims = match frame.icmpv6() {
            // A neighbour advertisement names its target, a solicitation its asker.
            Some(icmp) if icmp.icmp_type() == 136 => icmp.ndp().and_then(|ndp| ndp.target()).map(IpAddr::V6),
            Some(icmp) if icmp.icmp_type() == 135 => Some(source),
            _ => None,
        };
        let opens = frame.tcp().is_some_and(|tcp| tcp.flags().syn() && !tcp.flags().ack());
        let ttl = ip.hop_limit();
        let station = &mut self.stations[index];
        if let Some(seen) = station.saw(source, number) {
            seen.packets += 1;
            seen.highest_ttl = seen.highest_ttl.max(ttl);
            if opens {
                seen.initial_ttls |= match ttl {
                    0..=32 => 1,
                    33..=64 => 2,
                    65..=128 => 4,
                    _ => 8,
                };
            }
        }
        if let Some(address) = claims
            && let Some(seen) = station.saw(address, number)
        {
            seen.claimed = true;
        }
    }

    fn see_arp(&mut self, index: usize, number: u64, arp: &crate::wire::Arp<'_>) {
        let Some(sender) = arp.sender_ip() else { return };
        if let Some(target) = arp.target_ip().filter(|target| !target.is_unspecified())
            && self.arp.len() < limits::MAX_BINDINGS
        {
            self.arp.insert(target);
        }
        if sender.is_unspecified() {
            return;
        }
        if self.arp.len() < limits::MAX_BINDINGS {
            self.arp.insert(sender);
            self.arp_senders.insert(sender);
        }
        // Who answers for somebody else's MAC address does not claim the IP address for itself.
        let station = &mut self.stations[index];
        let is_own = arp.sender_mac().is_none_or(|mac| mac == station.mac);
        let told = matches!(arp.operation(), ArpOperation::Request | ArpOperation::Reply);
        if is_own
            && told
            && let Some(seen) = station.saw(IpAddr::V4(sender), number)
        {
            seen.claimed = true;
        }
    }

    fn conclude(&mut self, nets: &[Prefix]) {
        self.subnets = subnets::infer(nets, &self.leases, &self.arp, &self.arp_senders, &self.stations);
        for station in &mut self.stations {
            (station.class, station.why) = classify(station, &self.subnets);
        }
        self.nat = self.signs_of_nat();
        self.point = self.guess_point();
        // A single frame between others may have been flooded by a switch that did not know its receiver yet.
        let is_between = |pair: &(MacAddr, MacAddr), mac: MacAddr| pair.0 != mac && pair.1 != mac;
        self.sees_others = match &self.point {
            Some((mac, _)) => self.pairs.iter().any(|(pair, count)| *count > 1 && is_between(pair, *mac)),
            None => !self.pairs.is_empty(),
        };
    }

    fn signs_of_nat(&self) -> Vec<String> {
        let is_private = |address: &IpAddr| matches!(address, IpAddr::V4(v4) if v4.is_private());
        let is_public = |address: &IpAddr| matches!(address, IpAddr::V4(v4) if !v4.is_private() && !v4.is_link_local() && !v4.is_loopback() && !v4.is_multicast() && !v4.is_broadcast());
        let mut signs = Vec::new();
        let private_net = self.subnets.iter().find(|subnet| is_private(&subnet.prefix.network));
        for router in self.stations.iter().filter(|station| station.class == Class::Router) {
            let remote = router.addresses.iter().find(|seen| is_public(&seen.address) && !self.is_local(seen.address));
            if let (Some(net), Some(remote)) = (private_net, remote) {
                signs.push(format!(
                    "hosts of {} have private addresses (RFC 1918), yet {} answers them through {}: beyond it an address \
                     translator must be at work",
                    net.prefix, remote.address, router.mac
                ));
            }
        }
        for station in &self.stations {
            for seen in &station.addresses {
                if seen.initial_ttls.count_ones() > 1 {
                    signs.push(format!(
                        "{} opens connections with TTLs that began at different values: several systems seem to hide \
                         behind this address",
                        seen.address
                    ));
                }
            }
        }
        signs.truncate(16);
        signs
    }

    /// The station that is part of every frame between two single stations: the capture was taken at its card.
    fn guess_point(&self) -> Option<(MacAddr, String)> {
        let mut senders = self.stations.iter().filter(|station| station.outbound > 0);
        if let (Some(sender), None) = (senders.next(), senders.next())
            && sender.outbound == sender.sent
        {
            return Some((sender.mac, "the capture marks its frames as sent by the capturing host".to_owned()));
        }
        let mut pairs = self.pairs.keys();
        let (a, b) = *pairs.next()?;
        let mut possible = vec![a, b];
        for (c, d) in pairs {
            possible.retain(|mac| mac == c || mac == d);
        }
        let station = |mac: &MacAddr| self.station(*mac);
        match possible.as_slice() {
            [] => None,
            [only] => Some((*only, "it is part of every conversation of the capture".to_owned())),
            both => {
                let unpadded: Vec<_> =
                    both.iter().filter(|mac| station(mac).is_some_and(|found| found.unpadded > 0)).collect();
                if let [only] = unpadded.as_slice() {
                    let why = "its short frames are not padded yet: they were captured in the sender".to_owned();
                    return Some((**only, why));
                }
                let hosts: Vec<_> =
                    both.iter().filter(|mac| station(mac).is_some_and(|found| found.class == Class::Host)).collect();
                if let [only] = hosts.as_slice() {
                    return Some((**only, "it is the one host in every conversation of the capture".to_owned()));
                }
                let first = self.stations.iter().find(|station| both.contains(&station.mac))?;
                Some((first.mac, "only two stations speak; it is the first of them".to_owned()))
            }
        }
    }
}
