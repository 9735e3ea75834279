//! The way in: the card's filter, the IP header, and the question "is it for me?" (RFC 1122 §3.2, RFC 1812 §5.2).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::translate::Translated;
use super::{ALL_NODES, ALL_ROUTERS, Arrival, Node, TIMER_REASSEMBLY, group_mac};
use crate::base::{MacAddr, Timestamp};
use crate::sim::frame::{ETHERNET_HEADER_LEN, FrameRef};
use crate::sim::layers;
use crate::sim::mutation::{Mutation, made};
use crate::sim::outbox::Outbox;
use crate::sim::reason::Reason;
use crate::sim::record::{Detail, EventKind, PortId};
use crate::sim::stack::fragment::{Outcome, REASSEMBLY_TIME};
use crate::sim::stack::octets::{self, ETHER_ARP, ETHER_IPV4, ETHER_IPV6, IpHeader, u16_at};

impl Node {
    /// A frame arrived: the card looks at its check sequence and destination, then the type says who reads on.
    pub(super) fn frame_in(&mut self, now: Timestamp, port: PortId, frame: &FrameRef, out: &mut Outbox) {
        let octets = frame.octets();
        let interface = usize::from(port.0);
        if frame.is_damaged() {
            return out.end(EventKind::Dropped, port, frame, Reason::BadFcs);
        }
        let destination = MacAddr([octets[0], octets[1], octets[2], octets[3], octets[4], octets[5]]);
        if destination != self.interfaces[interface].mac {
            if !destination.is_group() && !made(Mutation::CardOpen) {
                return out.end(EventKind::Filtered, port, frame, Reason::NotMyMac);
            }
            if !destination.is_broadcast() && !self.hears(interface, destination) {
                return out.end(EventKind::Filtered, port, frame, Reason::NotMyGroup);
            }
        }
        let arrival = Arrival {
            interface,
            frame: frame.id(),
            link_group: destination.is_group(),
            from_wire: true,
            largest_piece: None,
        };
        let payload = &octets[ETHERNET_HEADER_LEN..];
        if self.settings.shows_layers {
            let is_mine = IpHeader::parse(payload).is_ok_and(|header| self.is_for_me(&header, arrival));
            out.tell(EventKind::Note, Some(port), frame.id(), Reason::None, || layers::unwrapping(octets, is_mine));
        }
        match u16_at(octets, 12) {
            ETHER_ARP => self.arp_in(now, payload, arrival, out),
            ETHER_IPV4 | ETHER_IPV6 => self.packet_in(now, payload, arrival, out),
            _ => out.end(EventKind::Dropped, port, frame, Reason::UnknownProtocol),
        }
    }

    /// True if the card listens to the group.
    fn hears(&self, index: usize, group: MacAddr) -> bool {
        let all_hosts = group_mac(IpAddr::V4(Ipv4Addr::new(224, 0, 0, 1)));
        group == all_hosts
            || (group == group_mac(IpAddr::V4(Ipv4Addr::new(224, 0, 0, 9))) && self.listens_to_rip())
            || (group.0[..2] == [0x33, 0x33] && self.hears_v6(index, group))
    }

    /// The same for the groups of IPv6: all nodes, all routers, and those of the addresses it has or tries.
    fn hears_v6(&self, index: usize, group: MacAddr) -> bool {
        let interface = &self.interfaces[index];
        let is_of = |address: Ipv6Addr| group == group_mac(IpAddr::V6(super::solicited_node(address)));
        let speaks = self.settings.slaac || interface.addresses.iter().any(|(own, _)| own.is_ipv6());
        (speaks && group == group_mac(IpAddr::V6(ALL_NODES)))
            || (self.settings.advertises && group == group_mac(IpAddr::V6(ALL_ROUTERS)))
            || interface.addresses.iter().any(|(own, _)| matches!(own, IpAddr::V6(own) if is_of(*own)))
            || self.tries(index, is_of)
    }

    /// Ends the copy that a packet came in, if it came in one.
    pub(super) fn finish(&self, event: EventKind, reason: Reason, arrival: Arrival, out: &mut Outbox) {
        if arrival.from_wire {
            out.end_with(event, arrival.port(), arrival.frame, reason, None);
        } else if event == EventKind::Dropped {
            out.note(EventKind::Route, None, 0, reason);
        }
    }

    /// An IP packet arrived, of either version.
    pub(super) fn packet_in(&mut self, now: Timestamp, packet: &[u8], arrival: Arrival, out: &mut Outbox) {
        let header = match IpHeader::parse(packet) {
            Ok(header) => header,
            Err(reason) => return self.finish(EventKind::Dropped, reason, arrival, out),
        };
        let packet = &packet[..header.total_len];
        if arrival.from_wire && self.is_martian(&header, arrival) && !made(Mutation::MartiansPass) {
            return self.finish(EventKind::Dropped, Reason::Martian, arrival, out);
        }
        match self.translate_in(now, packet, &header, arrival, out) {
            Translated::Untouched => {}
            Translated::Done => return,
            Translated::Onward(packet, largest_piece) => {
                let arrival = Arrival { largest_piece, ..arrival };
                let Ok(header) = IpHeader::parse(&packet) else { return };
                // Back to a host inside, or, put together from fragments, once more from the beginning.
                if self.is_mine(header.destination) {
                    return self.packet_in(now, &packet, arrival, out);
                }
                return self.forward(now, &packet, &header, arrival, out);
            }
        }
        if self.is_for_me(&header, arrival) {
            return self.local_in(now, packet, &header, arrival, out);
        }
        if !self.settings.forwarding && !made(Mutation::HostForwards) {
            return self.finish(EventKind::Dropped, Reason::NotForMe, arrival, out);
        }
        if let Err(reason) = self.let_pass(now, packet, &header, arrival) {
            return self.finish(EventKind::Dropped, reason, arrival, out);
        }
        self.forward(now, packet, &header, arrival, out);
    }

    /// A source that no single node elsewhere can have (RFC 1812 §5.3.7). 0.0.0.0 is allowed to those who ask for an
    /// address.
    fn is_martian(&self, header: &IpHeader, arrival: Arrival) -> bool {
        match header.source {
            IpAddr::V4(source) => {
                let first = source.octets()[0];
                (first == 0 && !(source.is_unspecified() && header.protocol == octets::UDP))
                    || first >= 224
                    || first == 127
                    || self.interfaces[arrival.interface].is_broadcast(header.source)
            }
            IpAddr::V6(source) => {
                source.is_multicast()
                    || source.is_loopback()
                    || (source.is_unspecified() && header.protocol != octets::ICMPV6)
            }
        }
    }

    fn is_for_me(&self, header: &IpHeader, arrival: Arrival) -> bool {
        if self.is_mine(header.destination) {
            return true;
        }
        let interface = &self.interfaces[arrival.interface];
        match header.destination {
            IpAddr::V4(destination) => {
                destination.is_broadcast()
                    || interface.is_broadcast(header.destination)
                    || destination == Ipv4Addr::new(224, 0, 0, 1)
                    || (destination == Ipv4Addr::new(224, 0, 0, 9) && self.listens_to_rip())
            }
            IpAddr::V6(destination) => {
                destination == ALL_NODES
                    || (destination == ALL_ROUTERS && self.settings.advertises)
                    || interface.listens_to(destination)
                    || self.tries(arrival.interface, |own| super::solicited_node(own) == destination)
            }
        }
    }

    /// The packet is for this node: pieces are put together, whole packets go up.
    fn local_in(&mut self, now: Timestamp, packet: &[u8], header: &IpHeader, arrival: Arrival, out: &mut Outbox) {
        if !header.is_fragment() {
            return self.deliver(now, packet, header, arrival, out);
        }
        let before = self.reassembly.len();
        match self.reassembly.take(header, packet, now) {
            Outcome::Refused(reason) => self.finish(EventKind::Dropped, reason, arrival, out),
            Outcome::Waits { .. } => {
                if self.reassembly.len() > before {
                    out.wake_at(now.after(REASSEMBLY_TIME), TIMER_REASSEMBLY);
                }
                if arrival.from_wire {
                    let detail = Detail::new(format!(
                        "piece {} to {} of datagram {} waits for the others",
                        header.offset,
                        header.offset as usize + header.total_len - header.header_len,
                        header.identification
                    ));
                    let detail = out.is_recording().then(|| Box::new(detail));
                    out.end_with(EventKind::Delivered, arrival.port(), arrival.frame, Reason::ForMe, detail);
                }
            }
            Outcome::Whole { packet, pieces, .. } => {
                let Ok(header) = IpHeader::parse(&packet) else {
                    return self.finish(EventKind::Dropped, Reason::BadHeader, arrival, out);
                };
                out.tell(EventKind::State, Some(arrival.port()), arrival.frame, Reason::None, || {
                    Detail::new(format!(
                        "datagram {} is whole again: {pieces} fragments, {} octets",
                        header.identification, header.total_len
                    ))
                    .with("reassembled", header.total_len as u64)
                    .with("pieces", pieces as u64)
                });
                self.deliver(now, &packet, &header, arrival, out);
            }
        }
    }

    /// Pieces have waited too long (RFC 1122 §3.3.2): whoever sent the first one is told.
    pub(super) fn reassembly_alarm(&mut self, now: Timestamp, out: &mut Outbox) {
        for (key, first) in self.reassembly.expire(now) {
            out.tell(EventKind::State, None, 0, Reason::FragmentTimeout, || {
                Detail::new(format!("datagram {} from {} never became whole", key.3, key.0)).with("from", key.0)
            });
            if let Some(first) = first
                && let Ok(header) = IpHeader::parse(&first)
            {
                let arrival =
                    Arrival { interface: 0, frame: 0, link_group: false, from_wire: false, largest_piece: None };
                self.complain(now, super::icmp::Complaint::ReassemblyTime, &first, &header, arrival, out);
            }
        }
    }

    /// A whole packet for this node goes to the protocol it is for.
    fn deliver(&mut self, now: Timestamp, packet: &[u8], header: &IpHeader, arrival: Arrival, out: &mut Outbox) {
        let payload = header.payload(packet);
        match header.protocol {
            octets::ICMP if header.source.is_ipv4() => self.icmp_in(now, payload, header, arrival, out),
            octets::ICMPV6 if header.source.is_ipv6() => self.icmpv6_in(now, payload, header, arrival, out),
            octets::UDP => self.udp_in(now, packet, header, arrival, out),
            octets::TCP => self.tcp_in(now, packet, header, arrival, out),
            _ => {
                self.finish(EventKind::Dropped, Reason::UnknownProtocol, arrival, out);
                self.complain(now, super::icmp::Complaint::Protocol, packet, header, arrival, out);
            }
        }
    }
}
