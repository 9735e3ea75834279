//! The trackers of the link, and what they tell each other: who is there, who has which address, what is for everybody,
//! and which masks follow from that.

use std::net::IpAddr;

use super::arp::Arp;
use super::broadcast::Broadcasts;
use super::flows::Places;
use super::hosts::Hosts;
use super::hosts::masks::Masks;
use super::note::Notes;
use crate::base::MacAddr;
use crate::packet::Packet;
use crate::wire::{ArpOperation, Ipv4, Layer, LayerKind};

/// The trackers of the link.
#[derive(Debug)]
pub(super) struct LinkTrackers {
    pub(super) hosts: Hosts,
    pub(super) arp: Arp,
    pub(super) masks: Masks,
    pub(super) broadcasts: Broadcasts,
    /// The last packets that were asked for what they tell of masks: the next ones of their flows tell nothing new.
    addresses: [u64; 4],
    /// And the machines that their frames were for.
    machines: [u64; 4],
    /// Where the next of them goes, counted on and on.
    next: usize,
}

impl Default for LinkTrackers {
    fn default() -> LinkTrackers {
        LinkTrackers {
            hosts: Hosts::default(),
            arp: Arp::default(),
            masks: Masks::default(),
            broadcasts: Broadcasts::default(),
            addresses: [0; 4],
            // No machine has so long an address.
            machines: [u64::MAX; 4],
            next: 0,
        }
    }
}

impl LinkTrackers {
    /// Takes in a packet that [`LinkTrackers::hosts`] knows of; of a copy, of which they do not, only what frames for
    /// everybody tell (a loop makes copies).
    #[inline]
    pub(super) fn observe(&mut self, packet: &Packet<'_>, is_copy: bool, places: &mut Places, notes: &mut Notes) {
        if !is_copy {
            self.arp.observe(packet, &mut self.hosts, notes);
            self.neighbour(packet);
            self.mask(packet, places);
        }
        self.broadcasts.observe(packet, places, &self.hosts, notes);
    }

    /// The end of the capture.
    pub(super) fn finish(&mut self, notes: &mut Notes) {
        self.arp.finish(&self.hosts, notes);
        self.masks.finish(notes);
    }

    /// What IPv6 neighbours claim: the target of an advertisement is at the address in its option (RFC 4861 §4.4).
    #[inline]
    fn neighbour(&mut self, packet: &Packet<'_>) {
        if !packet.frame.has(LayerKind::Icmpv6) {
            return;
        }
        let Some(icmp) = packet.frame.icmpv6() else { return };
        let bytes = icmp.bytes();
        if icmp.icmp_type() != 136 || packet.frame.ip().is_none_or(|ip| ip.hop_limit() != 255) {
            return;
        }
        let target = bytes.get(8..24).and_then(|octets| octets.first_chunk::<16>());
        // Target link-layer address: type 2, length 1 unit of 8 octets.
        let mac = bytes
            .get(24..32)
            .filter(|option| option[..2] == [2, 1])
            .and_then(|option| MacAddr::from_slice(&option[2..]));
        if let (Some(target), Some(mac)) = (target, mac) {
            self.hosts.claim(mac, IpAddr::from(*target), packet.meta.number);
        }
    }

    fn mask(&mut self, packet: &Packet<'_>, places: &mut Places) {
        if let Some(arp) = packet.frame.arp() {
            let (number, at, vlan) = (packet.meta.number, packet.meta.at, vlan(packet));
            if let (ArpOperation::Request, Some(host), Some(target)) =
                (arp.operation(), arp.sender_ip(), arp.target_ip())
            {
                self.masks.asked_for(vlan, host, target, number, at);
            }
            return;
        }
        let key = match packet.frame.plain_v4() {
            Some(plain) => key(plain.addresses(), plain.destination_mac()),
            None => {
                let (Some(ethernet), Some(ip)) = (packet.frame.outer_ethernet(), outer_ipv4(packet)) else { return };
                let [[a, b, c, d], [e, f, g, h]] = [ip.source().octets(), ip.destination().octets()];
                key([a, b, c, d, e, f, g, h], ethernet.destination())
            }
        };
        let (addresses, machine) = key;
        // Mostly none of these is it, and then their machines need not be looked at.
        let [first, second, third, fourth] = self.addresses;
        if (first == addresses || second == addresses || third == addresses || fourth == addresses)
            && self.was_asked(addresses, machine)
        {
            return;
        }
        (self.addresses[self.next % 4], self.machines[self.next % 4]) = key;
        self.next = self.next.wrapping_add(1);
        // A flow says the same as long as the same is known of the link.
        let known = ((self.arp.changes() + self.hosts.changes()) as u32).wrapping_add(1);
        if places.masks != known || self.masks.is_full() {
            places.masks = known;
            self.conclude(packet);
        }
    }

    #[inline(never)]
    fn was_asked(&self, addresses: u64, machine: u64) -> bool {
        (0..4).any(|index| self.addresses[index] == addresses && self.machines[index] == machine)
    }

    /// What a packet tells of the mask of its source.
    #[inline(never)]
    fn conclude(&mut self, packet: &Packet<'_>) {
        let (Some(ethernet), Some(ip)) = (packet.frame.outer_ethernet(), outer_ipv4(packet)) else { return };
        let (number, at, vlan) = (packet.meta.number, packet.meta.at, vlan(packet));
        let (source, destination) = (ip.source(), ip.destination());
        // Only what the host itself sent: a router hands on packets of others.
        if self.arp.owner(vlan, source) != Some(ethernet.source()) || destination.is_multicast() {
            return;
        }
        if ethernet.destination().is_broadcast() {
            self.masks.broadcast(vlan, source, destination, number, at);
        } else if self.arp.owner(vlan, destination) == Some(ethernet.destination()) {
            self.masks.asked_for(vlan, source, destination, number, at);
        } else if self.hosts.claims_another(ethernet.destination(), IpAddr::V4(destination)) {
            self.masks.through_gateway(vlan, source, destination, number, at);
        }
    }
}

/// Addresses of an IPv4 packet and the machine that its frame is for, as numbers.
#[inline]
fn key(addresses: [u8; 8], destination: MacAddr) -> (u64, u64) {
    let [a, b, c, d, e, f] = destination.octets();
    (u64::from_le_bytes(addresses), u64::from_le_bytes([a, b, c, d, e, f, 0, 0]))
}

fn vlan(packet: &Packet<'_>) -> u16 {
    packet.frame.vlans().last().map_or(0, |vlan| vlan.vid())
}

/// The outermost IPv4 header.
#[inline]
fn outer_ipv4<'a>(packet: &Packet<'a>) -> Option<Ipv4<'a>> {
    let frame = &packet.frame;
    if frame.is_plain() {
        return frame.ipv4();
    }
    frame.layers().iter().find_map(|located| match &located.layer {
        Layer::Ipv4(ip) => Some(*ip),
        _ => None,
    })
}
