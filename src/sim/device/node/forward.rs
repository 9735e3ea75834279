//! A router's decision about a packet that is not for itself (RFC 1812 §5.2 and §5.3): route, TTL, MTU, way out.

use std::net::{IpAddr, Ipv4Addr};

use super::icmp::Complaint;
use super::output::Hop;
use super::translate::Translated;
use super::{Arrival, Node, is_link_local};
use crate::base::Timestamp;
use crate::sim::mutation::{Mutation, made};
use crate::sim::outbox::Outbox;
use crate::sim::reason::Reason;
use crate::sim::record::{Detail, EventKind, PortId};
use crate::sim::stack::octets::{IpHeader, decrement_ttl, u16_at};
use crate::sim::stack::route::{Route, explain_candidates, flow_number};

impl Node {
    /// Forwards a packet, or says why not.
    pub(super) fn forward(
        &mut self,
        now: Timestamp,
        packet: &[u8],
        header: &IpHeader,
        arrival: Arrival,
        out: &mut Outbox,
    ) {
        let destination = header.destination;
        // What a whole link heard is not sent on (RFC 1812 §5.3.4), nor is what must not leave its link.
        if arrival.link_group || destination.is_multicast() || destination == IpAddr::V4(Ipv4Addr::BROADCAST) {
            return self.finish(EventKind::Dropped, Reason::NotForMe, arrival, out);
        }
        if is_link_local(destination) || is_link_local(header.source) {
            self.finish(EventKind::Dropped, Reason::BeyondScope, arrival, out);
            if is_link_local(header.source) && !is_link_local(destination) {
                self.complain(now, Complaint::BeyondScope, packet, header, arrival, out);
            }
            return;
        }
        let Some(route) = self.routes.look_up(destination, flow_of(header, packet)).copied() else {
            self.finish(EventKind::Dropped, Reason::NoRoute, arrival, out);
            return self.complain(now, Complaint::NoRoute, packet, header, arrival, out);
        };
        let is_directed = route.via.is_none() && self.interfaces[route.interface].is_broadcast(destination);
        if is_directed && !made(Mutation::DirectedBroadcastForwarded) {
            return self.finish(EventKind::Dropped, Reason::DirectedBroadcast, arrival, out);
        }
        if header.ttl <= 1 {
            self.finish(EventKind::Dropped, Reason::TtlExpired, arrival, out);
            return self.complain(now, Complaint::TtlExpired, packet, header, arrival, out);
        }
        if !self.interfaces[route.interface].up {
            self.finish(EventKind::Dropped, Reason::LinkDown, arrival, out);
            return self.complain(now, Complaint::NoRoute, packet, header, arrival, out);
        }
        if self.must_gather(header, arrival.interface, route.interface) {
            match self.gather(now, packet, header, arrival, out) {
                Translated::Onward(whole, largest_piece) => {
                    let Ok(header) = IpHeader::parse(&whole) else { return };
                    let arrival = Arrival { largest_piece, ..arrival };
                    if let Err(reason) = self.let_pass(now, &whole, &header, arrival) {
                        return self.finish(EventKind::Dropped, reason, arrival, out);
                    }
                    return self.forward(now, &whole, &header, arrival, out);
                }
                Translated::Done | Translated::Untouched => return,
            }
        }
        let mtu = usize::from(self.interfaces[route.interface].mtu);
        if header.total_len > mtu && header.dont_fragment && !made(Mutation::DontFragmentIgnored) {
            self.finish(EventKind::Dropped, Reason::TooBig, arrival, out);
            return self.complain(now, Complaint::TooBig(mtu as u32), packet, header, arrival, out);
        }
        let mut changed = packet.to_vec();
        if let Err(reason) = self.translate_out(now, &mut changed, route.interface, arrival, out) {
            return self.finish(EventKind::Dropped, reason, arrival, out);
        }
        self.finish(EventKind::Delivered, Reason::Routed, arrival, out);
        out.tell(EventKind::Route, Some(PortId(route.interface as u16)), arrival.frame, Reason::Routed, || {
            self.explain_forwarding(header, &route)
        });
        let hop = route.via.unwrap_or(destination);
        self.maybe_redirect(now, packet, header, arrival, &route, hop, out);
        if !made(Mutation::TtlStays) {
            decrement_ttl(&mut changed);
        }
        let packet = changed;
        self.send_forwarded(now, &route, hop, packet, arrival, out);
    }

    fn send_forwarded(
        &mut self,
        now: Timestamp,
        route: &Route,
        hop: IpAddr,
        packet: Vec<u8>,
        arrival: Arrival,
        out: &mut Outbox,
    ) {
        let mtu = usize::from(self.interfaces[route.interface].mtu);
        let mtu = arrival.largest_piece.map_or(mtu, |piece| piece.min(mtu));
        if packet.len() <= mtu {
            return self.hand_over(now, route.interface, Hop::Neighbour(hop), packet, arrival.frame, out);
        }
        let Ok(header) = IpHeader::parse(&packet) else { return };
        let pieces = self.cut(&packet, &header, mtu);
        self.say_cut(&pieces, packet.len(), mtu, arrival.frame, PortId(route.interface as u16), out);
        for piece in pieces {
            self.hand_over(now, route.interface, Hop::Neighbour(hop), piece, arrival.frame, out);
        }
    }

    fn explain_forwarding(&self, header: &IpHeader, route: &Route) -> Detail {
        let interface = &self.interfaces[route.interface].name;
        let how = match route.via {
            Some(via) => format!("to the next router {via}"),
            None => "directly to it".to_owned(),
        };
        let mut detail = Detail::new(format!(
            "{} by {} leads out of {interface}, {how}; TTL {} becomes {}",
            header.destination,
            route.prefix,
            header.ttl,
            header.ttl - 1
        ))
        .with("destination", header.destination)
        .with("prefix", route.prefix.to_string())
        .with("next_hop", route.via.unwrap_or(header.destination))
        .with("ttl", u64::from(header.ttl) - 1);
        for line in explain_candidates(&self.routes, header.destination, route) {
            detail = detail.line(line);
        }
        detail
    }

    /// The sender could have reached the next router itself (RFC 792, RFC 1812 §5.2.7.2).
    #[expect(clippy::too_many_arguments, reason = "all of them describe the one packet")]
    fn maybe_redirect(
        &mut self,
        now: Timestamp,
        packet: &[u8],
        header: &IpHeader,
        arrival: Arrival,
        route: &Route,
        hop: IpAddr,
        out: &mut Outbox,
    ) {
        if self.settings.redirects
            && arrival.from_wire
            && route.interface == arrival.interface
            && self.interfaces[route.interface].on_link(header.source).is_some()
            && let IpAddr::V4(gateway) = hop
        {
            self.complain(now, Complaint::Redirect(gateway), packet, header, arrival, out);
        }
    }
}

/// The number by which equal routes share flows; fragments have no ports, so all pieces of a datagram go by addresses.
pub(super) fn flow_of(header: &IpHeader, packet: &[u8]) -> u64 {
    let payload = header.payload(packet);
    let ports = match header.protocol {
        6 | 17 if !header.is_fragment() => (u16_at(payload, 0), u16_at(payload, 2)),
        _ => (0, 0),
    };
    flow_number(header.source, header.destination, header.protocol, ports)
}
