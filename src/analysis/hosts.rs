//! The machines of a link: their MAC addresses, who made them, the IP addresses behind them, and who is a router.

pub mod kinds;
pub mod masks;
pub mod vendor;

use std::net::IpAddr;

use hashbrown::{HashMap, HashSet};
use serde::Serialize;
use smallvec::SmallVec;

use super::flows::{Counted, Flows, NO_HOST, Places};
use crate::base::limits::{MAX_ADDRESSES_PER_HOST, MAX_HOST_SOURCES, MAX_HOSTS};
use crate::base::{MacAddr, Timestamp};
use crate::packet::Packet;
use crate::wire::Layer;

/// A MAC address and what is known of the machine behind it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HostReport {
    /// The address.
    pub mac: MacAddr,
    /// What kind of address: `universal`, `local`, `virtual-router`, `multicast`, `broadcast` …
    pub kind: &'static str,
    /// Who made the card, by the IEEE registry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor: Option<&'static str>,
    /// IP addresses that it uses itself: claimed by ARP or neighbour discovery, or sent from.
    pub addresses: Vec<AddressReport>,
    /// Addresses of others whose packets it handed on; true makes it a router.
    pub router: bool,
    /// How many addresses sent through it, itself included; more than are listed above if it is a router.
    pub sources: u64,
    /// Frames it sent.
    pub packets_sent: u64,
    /// Their octets.
    pub octets_sent: u64,
    /// Frames sent to it.
    pub packets_received: u64,
    /// Their octets.
    pub octets_received: u64,
    /// The first frame from or to it.
    pub first_packet: u64,
    /// The last one.
    pub last_packet: u64,
}

/// An IP address of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct AddressReport {
    /// The address.
    pub address: IpAddr,
    /// What kind: `private`, `documentation`, `link-local`, `global-unicast` …
    pub kind: &'static str,
}

#[derive(Debug)]
struct Host {
    mac: MacAddr,
    /// Claimed by ARP or neighbour discovery.
    claimed: SmallVec<[IpAddr; 2]>,
    /// Sources of its IP packets that nobody claimed.
    used: SmallVec<[IpAddr; 2]>,
    sources: u64,
    last_source: Option<IpAddr>,
    packets_sent: u64,
    octets_sent: u64,
    packets_received: u64,
    octets_received: u64,
    first_packet: u64,
    last_packet: u64,
    last_sent: Option<Timestamp>,
}

/// Watches who sends to whom on the link.
#[derive(Debug, Default)]
pub struct Hosts {
    index: HashMap<MacAddr, u32, foldhash::fast::RandomState>,
    hosts: Vec<Host>,
    /// Source and destination of the last frame: the next one often has the same.
    recent: [(MacAddr, u32); 2],
    /// Machines and the addresses that sent from or through them.
    sources: HashSet<(u32, u128), foldhash::fast::RandomState>,
    claims: u64,
    left_out: u64,
}

impl Hosts {
    /// True if of a packet of the flow with these places no more need be known than when it came; it is counted with its
    /// flow then. What a flow tells of its source is told once, as long as that can be kept.
    #[inline]
    pub(super) fn know(&self, places: &Places) -> bool {
        places.hosts[0] != NO_HOST && self.sources.len() < MAX_HOST_SOURCES
    }

    /// Takes in when such a packet came.
    #[inline]
    pub(super) fn hear(&mut self, packet: &Packet<'_>, places: &Places) {
        let ([sender, receiver], number) = (places.hosts, packet.meta.number);
        if let Some(host) = self.hosts.get_mut(usize::from(receiver)) {
            host.last_packet = number;
        }
        if let Some(host) = self.hosts.get_mut(usize::from(sender)) {
            host.last_packet = number;
            host.last_sent = Some(packet.meta.at);
        }
    }

    /// Counts what was counted of a flow whose machines are known.
    pub(super) fn add(&mut self, counted: &Counted) {
        let [sender, receiver] = counted.hosts.map(usize::from);
        if let Some(host) = self.hosts.get_mut(receiver) {
            host.packets_received += counted.packets;
            host.octets_received += counted.octets;
        }
        if let Some(host) = self.hosts.get_mut(sender) {
            host.packets_sent += counted.packets;
            host.octets_sent += counted.octets;
        }
    }

    /// Takes in a packet whose machines have to be looked for.
    pub(super) fn observe(&mut self, packet: &Packet<'_>, places: &mut Places) {
        let frame = &packet.frame;
        let (source, destination) = match frame.outer_ethernet() {
            Some(ethernet) => (Some(ethernet.source()), Some(ethernet.destination())),
            None => match frame.layers().first().map(|located| located.layer) {
                Some(Layer::Sll(sll)) => (sll.source(), None),
                _ => return,
            },
        };
        let octets = u64::from(packet.meta.wire_len);
        let number = packet.meta.number;
        let receiver = destination.and_then(|mac| self.find(mac, number, 1));
        if let Some(index) = receiver {
            self.hosts[index].received(octets, number);
        }
        let sender = source.and_then(|mac| self.find(mac, number, 0));
        if let (Some(sender), Some(receiver)) = (sender, receiver) {
            places.hosts = [sender as u16, receiver as u16];
        }
        if let Some(index) = sender {
            let host = &mut self.hosts[index];
            host.sent(octets, number, packet.meta.at);
            // The outermost IP header is the one that this link carries.
            let ip = frame.outer_ip().map(|ip| ip.source());
            if let Some(ip) = ip
                && host.last_source != Some(ip)
            {
                host.last_source = Some(ip);
                self.uses(index, ip);
            }
        }
    }

    /// Takes in that `mac` claims `address` as its own, by ARP or neighbour discovery.
    pub fn claim(&mut self, mac: MacAddr, address: IpAddr, packet: u64) {
        let Some(index) = self.find(mac, packet, 0) else { return };
        let host = &mut self.hosts[index];
        if !host.claimed.contains(&address) && host.claimed.len() < MAX_ADDRESSES_PER_HOST {
            host.claimed.push(address);
            self.claims += 1;
            if let Some(at) = host.used.iter().position(|used| *used == address) {
                host.used.remove(at);
            }
        }
    }

    /// True if `mac` hands on packets of others: more addresses send through it than it claims for itself.
    pub fn is_router(&self, mac: MacAddr) -> bool {
        self.index.get(&mac).is_some_and(|index| self.hosts[*index as usize].is_router())
    }

    /// True if `mac` claims addresses, and `address` is none of them: packets for that go through it, not to it.
    pub fn claims_another(&self, mac: MacAddr, address: IpAddr) -> bool {
        self.index.get(&mac).is_some_and(|index| {
            let host = &self.hosts[*index as usize];
            host.claimed.iter().any(IpAddr::is_ipv4) && !host.claimed.contains(&address)
        })
    }

    /// How often a machine was found to have an address that it was not known to have.
    pub fn changes(&self) -> u64 {
        self.claims
    }

    /// When `mac` sent its last frame.
    pub fn last_sent(&self, mac: MacAddr) -> Option<Timestamp> {
        self.hosts[*self.index.get(&mac)? as usize].last_sent
    }

    /// True if `mac`, the receiver of a frame whose places these are, has sent frames.
    #[inline]
    pub fn has_sent(&self, mac: MacAddr, places: &Places) -> bool {
        let known = self.hosts.get(usize::from(places.hosts[1]));
        known.or_else(|| self.host(mac)).is_some_and(|host| host.last_sent.is_some())
    }

    #[inline(never)]
    fn host(&self, mac: MacAddr) -> Option<&Host> {
        // The machines of the last frame are asked for most.
        let recent = self.recent.iter().find(|(known, _)| *known == mac).map(|(_, index)| *index);
        let index = recent.or_else(|| self.index.get(&mac).copied())?;
        self.hosts.get(index as usize).filter(|host| host.mac == mac)
    }

    /// MAC addresses for which there was no more room.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// All machines in order of their first frame, with what flows still know alone.
    pub(super) fn report(&self, flows: &Flows) -> Vec<HostReport> {
        let mut reports: Vec<HostReport> = self.hosts.iter().map(Host::report).collect();
        for counted in flows.counted() {
            let [sender, receiver] = counted.hosts.map(usize::from);
            if let Some(host) = reports.get_mut(receiver) {
                host.packets_received += counted.packets;
                host.octets_received += counted.octets;
            }
            if let Some(host) = reports.get_mut(sender) {
                host.packets_sent += counted.packets;
                host.octets_sent += counted.octets;
            }
        }
        reports
    }

    /// A machine sent from `address`, its own or, if it is a router, another's.
    fn uses(&mut self, index: usize, address: IpAddr) {
        let host = &mut self.hosts[index];
        let bits = match address {
            IpAddr::V4(v4) => u128::from(v4.to_bits()) | 0xffff_0000_0000,
            IpAddr::V6(v6) => v6.to_bits(),
        };
        let key = (index as u32, bits);
        if self.sources.contains(&key) || address.is_unspecified() || host.claimed.contains(&address) {
            return;
        }
        if self.sources.len() < MAX_HOST_SOURCES {
            self.sources.insert(key);
        } else if host.used.contains(&address) {
            return;
        }
        host.sources += 1;
        if host.used.len() < MAX_ADDRESSES_PER_HOST {
            host.used.push(address);
        }
    }

    fn find(&mut self, mac: MacAddr, packet: u64, side: usize) -> Option<usize> {
        for (known, index) in self.recent {
            if known == mac && self.hosts.get(index as usize).is_some_and(|host| host.mac == mac) {
                return Some(index as usize);
            }
        }
        let index = match self.index.get(&mac) {
            Some(index) => *index,
            None if self.hosts.len() < MAX_HOSTS => {
                let index = self.hosts.len() as u32;
                self.index.insert(mac, index);
                self.hosts.push(Host::new(mac, packet));
                index
            }
            None => {
                self.left_out += 1;
                return None;
            }
        };
        self.recent[side] = (mac, index);
        Some(index as usize)
    }
}

impl Host {
    fn new(mac: MacAddr, packet: u64) -> Host {
        Host {
            mac,
            claimed: SmallVec::new(),
            used: SmallVec::new(),
            sources: 0,
            last_source: None,
            packets_sent: 0,
            octets_sent: 0,
            packets_received: 0,
            octets_received: 0,
            first_packet: packet,
            last_packet: packet,
            last_sent: None,
        }
    }

    fn received(&mut self, octets: u64, packet: u64) {
        self.packets_received += 1;
        self.octets_received += octets;
        self.last_packet = packet;
    }

    fn sent(&mut self, octets: u64, packet: u64, at: Timestamp) {
        self.packets_sent += 1;
        self.octets_sent += octets;
        self.last_packet = packet;
        self.last_sent = Some(at);
    }

    /// With a claim known, a routable address that it does not claim is somebody else's. Without one, several addresses
    /// of one family that are not all of one link are.
    fn is_router(&self) -> bool {
        let foreign = |address: &&IpAddr| !kinds::is_on_link_only(**address);
        let mut v4 = self.used.iter().filter(foreign).filter(|address| address.is_ipv4());
        if self.claimed.iter().any(IpAddr::is_ipv4) { v4.next().is_some() } else { v4.count() > 2 }
    }

    fn report(&self) -> HostReport {
        let router = self.is_router();
        let own = self.claimed.iter().chain(self.used.iter().filter(|_| !router));
        HostReport {
            mac: self.mac,
            kind: kinds::of_mac(self.mac),
            vendor: vendor::of(self.mac),
            addresses: own.map(|address| AddressReport { address: *address, kind: kinds::of_ip(*address) }).collect(),
            router,
            sources: self.sources.max(self.used.len() as u64),
            packets_sent: self.packets_sent,
            octets_sent: self.octets_sent,
            packets_received: self.packets_received,
            octets_received: self.octets_received,
            first_packet: self.first_packet,
            last_packet: self.last_packet,
        }
    }
}

#[cfg(test)]
mod tests;
