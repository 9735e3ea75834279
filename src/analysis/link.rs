//! The trackers of the link, and what they tell each other: who is there, who has which address, what is for everybody,
//! and which masks follow from that.

use std::net::{IpAddr, Ipv4Addr};

use super::arp::Arp;
use super::broadcast::Broadcasts;
use super::hosts::Hosts;
use super::hosts::masks::Masks;
use super::note::Notes;
use crate::base::MacAddr;
use crate::packet::Packet;
use crate::wire::{ArpOperation, Layer, LayerKind};

/// The trackers of the link.
#[derive(Debug, Default)]
pub(super) struct LinkTrackers {
    pub(super) hosts: Hosts,
    pub(super) arp: Arp,
    pub(super) masks: Masks,
    pub(super) broadcasts: Broadcasts,
    /// The last packets that were asked for what they tell of masks: the next ones of their flows tell nothing new.
    last: [Option<(Ipv4Addr, Ipv4Addr, MacAddr)>; 4],
}

impl LinkTrackers {
    /// Takes in a packet; of a copy, only what frames for everybody tell (a loop makes copies).
    pub(super) fn observe(&mut self, packet: &Packet<'_>, is_copy: bool, notes: &mut Notes) {
        if !is_copy {
            self.hosts.observe(packet);
            self.arp.observe(packet, &mut self.hosts, notes);
            self.neighbour(packet);
            self.mask(packet);
        }
        self.broadcasts.observe(packet, &self.hosts, notes);
    }

    /// The end of the capture.
    pub(super) fn finish(&mut self, notes: &mut Notes) {
        self.arp.finish(&self.hosts, notes);
        self.masks.finish(notes);
    }

    /// What IPv6 neighbours claim: the target of an advertisement is at the address in its option (RFC 4861 §4.4).
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

    fn mask(&mut self, packet: &Packet<'_>) {
        let (number, at) = (packet.meta.number, packet.meta.at);
        let vlan = packet.frame.vlans().last().map_or(0, |vlan| vlan.vid());
        if let Some(arp) = packet.frame.arp() {
            if let (ArpOperation::Request, Some(host), Some(target)) =
                (arp.operation(), arp.sender_ip(), arp.target_ip())
            {
                self.masks.asked_for(vlan, host, target, number, at);
            }
            return;
        }
        let (Some(ethernet), Some(ip)) = (packet.frame.outer_ethernet(), outer_ipv4(packet)) else { return };
        let (source, destination) = (ip.0, ip.1);
        let key = (source, destination, ethernet.destination());
        if self.last.contains(&Some(key)) {
            return;
        }
        self.last.rotate_right(1);
        self.last[0] = Some(key);
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

/// Source and destination of the outermost IPv4 header.
fn outer_ipv4(packet: &Packet<'_>) -> Option<(Ipv4Addr, Ipv4Addr)> {
    packet.frame.layers().iter().find_map(|located| match located.layer {
        Layer::Ipv4(ip) => Some((ip.source(), ip.destination())),
        _ => None,
    })
}
