//! Finding the neighbour's MAC address: ARP for IPv4 (RFC 826, RFC 5227), Neighbor Discovery for IPv6 (RFC 4861).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Arrival, Node, group_mac, is_link_local, solicited_node};
use crate::base::text::count;
use crate::base::{MacAddr, Timestamp};
use crate::sim::mutation::{Mutation, made};
use crate::sim::outbox::Outbox;
use crate::sim::reason::Reason;
use crate::sim::record::{Detail, EventKind, PortId};
use crate::sim::stack::neighbour::{Todo, Waiting};
use crate::sim::stack::octets::{
    self, ArpMessage, ETHER_ARP, ETHER_IPV6, IpHeader, NewHeader, ethernet, icmpv6_message, ip_packet,
};

impl Node {
    /// An ARP message arrived; the order of the questions is RFC 826's "packet reception".
    pub(super) fn arp_in(&mut self, now: Timestamp, octets: &[u8], arrival: Arrival, out: &mut Outbox) {
        let Some(message) = ArpMessage::parse(octets) else {
            return self.finish(EventKind::Dropped, Reason::UnknownProtocol, arrival, out);
        };
        let interface = arrival.interface;
        let sender = IpAddr::V4(message.sender_ip);
        let target = IpAddr::V4(message.target_ip);
        let is_target = self.interfaces[interface].has(target);
        self.finish(EventKind::Delivered, if is_target { Reason::ForMe } else { Reason::Broadcast }, arrival, out);
        self.dhcp_hears_arp(now, &message, out);
        if self.interfaces[interface].has(sender) && message.sender_mac != self.interfaces[interface].mac {
            return self.address_conflict(now, interface, message, arrival, out);
        }
        // A probe has no sender address, and nothing may be learned from it (RFC 5227 §1.1).
        let mut merged = false;
        let is_known = self.neighbours.knows(interface, sender) || made(Mutation::AnyReplyLearned);
        if !message.sender_ip.is_unspecified() && is_known {
            merged = true;
            self.learn_neighbour(now, sender, message.sender_mac, message.operation == 2, arrival, out);
        }
        let answers_for = is_target || self.is_proxy_for(interface, sender, target);
        if !answers_for {
            return;
        }
        if is_target && !merged && !message.sender_ip.is_unspecified() && !made(Mutation::QuestionTeachesNothing) {
            self.learn_neighbour(now, sender, message.sender_mac, message.operation == 2, arrival, out);
        }
        if message.operation == 1 {
            let mac = self.interfaces[interface].mac;
            let answer = ArpMessage {
                operation: 2,
                sender_mac: mac,
                sender_ip: message.target_ip,
                target_mac: message.sender_mac,
                target_ip: message.sender_ip,
            };
            // A probe comes from nobody's address; who asks is told by his MAC address.
            let asker = match message.sender_ip.is_unspecified() {
                true => message.sender_mac.to_string(),
                false => message.sender_ip.to_string(),
            };
            let proxy = if is_target { "" } else { " (for somebody behind me: proxy ARP, RFC 1027)" };
            out.tell(EventKind::Arp, Some(arrival.port()), out.next_frame(), Reason::None, || {
                Detail::new(format!("answers {asker}: {} is at {mac}{proxy}", message.target_ip))
                    .with("ip", target)
                    .with("mac", mac)
                    .with("operation", "reply")
            });
            let to = if made(Mutation::ReplyToAll) { MacAddr::BROADCAST } else { message.sender_mac };
            let octets = ethernet(to, mac, ETHER_ARP, &answer.octets());
            out.send(arrival.port(), &octets);
        }
    }

    /// True if the node answers for a target that it would reach by another interface.
    fn is_proxy_for(&self, interface: usize, sender: IpAddr, target: IpAddr) -> bool {
        self.interfaces[interface].proxy_arp
            && sender != target
            && self.routes.look_up(target, 0).is_some_and(|route| route.interface != interface)
    }

    /// Takes in a neighbour's address and sends what waited for it.
    pub(super) fn learn_neighbour(
        &mut self,
        now: Timestamp,
        address: IpAddr,
        mac: MacAddr,
        is_answer: bool,
        arrival: Arrival,
        out: &mut Outbox,
    ) {
        let interface = arrival.interface;
        let Some((waiting, old, changed)) = self.neighbours.learn(interface, address, mac, is_answer, now) else {
            return;
        };
        if let Some(after) = changed {
            let state = after.name();
            out.tell(EventKind::Arp, Some(arrival.port()), arrival.frame, Reason::None, || {
                let text = match old {
                    Some(old) => format!("{address} moved from {old} to {mac} ({state})"),
                    None => format!("{address} is at {mac} ({state})"),
                };
                Detail::new(text).with("ip", address).with("mac", mac).with("state", state)
            });
        }
        for Waiting { packet, parent } in waiting {
            self.emit_packet(interface, mac, &packet, parent, out);
        }
    }

    /// Somebody else says that a node's own address is his (RFC 5227 §2.4): it is told, and defended once in 10 s.
    fn address_conflict(
        &mut self,
        now: Timestamp,
        interface: usize,
        message: ArpMessage,
        arrival: Arrival,
        out: &mut Outbox,
    ) {
        let address = message.sender_ip;
        out.tell(EventKind::Arp, Some(arrival.port()), arrival.frame, Reason::AddressConflict, || {
            Detail::new(format!("conflict: {} at {} uses my address {address}", "somebody", message.sender_mac))
                .with("ip", IpAddr::V4(address))
                .with("mac", message.sender_mac)
        });
        let last = self.jobs.last_defence.get(&address).copied();
        if last.is_none_or(|last| now.since(last) >= std::time::Duration::from_secs(10)) {
            self.jobs.last_defence.insert(address, now);
            self.announce_one(interface, address, out);
        }
    }

    /// Asks for the MAC address of a neighbour.
    pub(super) fn ask_neighbour(&mut self, interface: usize, address: IpAddr, at: Option<MacAddr>, out: &mut Outbox) {
        let port = PortId(interface as u16);
        out.tell(EventKind::Arp, Some(port), out.next_frame(), Reason::None, || {
            let text = match at {
                None => format!("asks everybody: who has {address}?"),
                Some(mac) => format!("asks {mac}: do you still have {address}?"),
            };
            Detail::new(text).with("ip", address).with("operation", "request")
        });
        match address {
            IpAddr::V4(target) => {
                let mac = self.interfaces[interface].mac;
                let sender = self.source_on(interface, address);
                let Some(IpAddr::V4(sender_ip)) = sender else { return };
                self.send_arp_question(interface, sender_ip, target, at.unwrap_or(MacAddr::BROADCAST), mac, out);
            }
            IpAddr::V6(target) => self.send_solicitation(interface, target, at, out),
        }
    }

    fn send_arp_question(
        &mut self,
        interface: usize,
        sender_ip: Ipv4Addr,
        target_ip: Ipv4Addr,
        to: MacAddr,
        mac: MacAddr,
        out: &mut Outbox,
    ) {
        let question = ArpMessage { operation: 1, sender_mac: mac, sender_ip, target_mac: MacAddr::ZERO, target_ip };
        out.send(PortId(interface as u16), &ethernet(to, mac, ETHER_ARP, &question.octets()));
    }

    /// Claims an address: sender and target are the same (RFC 5227 §2.3).
    pub(super) fn announce_one(&mut self, interface: usize, address: Ipv4Addr, out: &mut Outbox) {
        let mac = self.interfaces[interface].mac;
        out.tell(EventKind::Arp, Some(PortId(interface as u16)), out.next_frame(), Reason::None, || {
            Detail::new(format!("announces: {address} is mine, at {mac}"))
                .with("ip", IpAddr::V4(address))
                .with("operation", "announcement")
        });
        self.send_arp_question(interface, address, address, MacAddr::BROADCAST, mac, out);
    }

    /// Asks whether somebody has the address, without saying it is one's own (RFC 5227 §2.1.1).
    pub(super) fn probe_one(&mut self, interface: usize, address: Ipv4Addr, out: &mut Outbox) {
        let mac = self.interfaces[interface].mac;
        out.tell(EventKind::Arp, Some(PortId(interface as u16)), out.next_frame(), Reason::None, || {
            Detail::new(format!("probes: does anybody use {address}?"))
                .with("ip", IpAddr::V4(address))
                .with("operation", "probe")
        });
        self.send_arp_question(interface, Ipv4Addr::UNSPECIFIED, address, MacAddr::BROADCAST, mac, out);
    }

    fn send_solicitation(&mut self, interface: usize, target: Ipv6Addr, at: Option<MacAddr>, out: &mut Outbox) {
        let Some(source) = self.solicitation_source(interface, target) else { return };
        let mac = self.interfaces[interface].mac;
        let (to_ip, to_mac) = match at {
            Some(mac) => (IpAddr::V6(target), mac),
            None => {
                let group = IpAddr::V6(solicited_node(target));
                (group, group_mac(group))
            }
        };
        let mut body = target.octets().to_vec();
        body.extend_from_slice(&[1, 1]);
        body.extend_from_slice(&mac.octets());
        let message = icmpv6_message(source, to_ip, 135, 0, [0; 4], &body);
        let packet = ip_packet(&neighbour_header(source, to_ip), &message);
        out.send(PortId(interface as u16), &ethernet(to_mac, mac, ETHER_IPV6, &packet));
    }

    /// The source of the packet that waits for the neighbour if it is this node's own, else the address of the link: of
    /// what is forwarded only the router's own name is worth teaching (RFC 4861 §7.2.2, and Linux).
    fn solicitation_source(&self, interface: usize, target: Ipv6Addr) -> Option<IpAddr> {
        let waiting = self.neighbours.first_waiting(interface, IpAddr::V6(target));
        let of_link = || self.link_local_of(interface).map(IpAddr::V6);
        match waiting.and_then(|waiting| IpHeader::parse(&waiting.packet).ok()) {
            Some(header) if self.interfaces[interface].has(header.source) => Some(header.source),
            Some(_) => of_link().or_else(|| self.source_on(interface, IpAddr::V6(target))),
            None => self.source_on(interface, IpAddr::V6(target)),
        }
    }

    /// A neighbour solicitation or advertisement arrived.
    pub(super) fn neighbour_message(
        &mut self,
        now: Timestamp,
        message: &[u8],
        header: &IpHeader,
        arrival: Arrival,
        out: &mut Outbox,
    ) {
        if message.len() < 24 || header.ttl != 255 {
            return;
        }
        let target: [u8; 16] = message[8..24].try_into().unwrap_or_default();
        let target = Ipv6Addr::from(target);
        let option = |kind: u8| {
            let mut options = &message[24..];
            while let [found, len, ..] = options {
                let octets = usize::from(*len) * 8;
                if octets == 0 || octets > options.len() {
                    break;
                }
                if *found == kind {
                    return MacAddr::from_slice(&options[2..]);
                }
                options = &options[octets..];
            }
            None
        };
        let interface = arrival.interface;
        if self.tries(interface, |own| own == target) {
            // An answer, or somebody who tries the same address: it is not free (RFC 4862 §5.4.3, §5.4.4). Whoever has
            // an address of his own and asks for this one is not asking whether it is free.
            if message[0] == 136 || header.source.is_unspecified() {
                self.is_taken(interface, target, option(2), out);
            }
            return;
        }
        if message[0] == 136 {
            let address = IpAddr::V6(target);
            let solicited = message[4] & 0x40 != 0;
            if let Some(mac) = option(2)
                && self.neighbours.knows(interface, address)
            {
                self.learn_neighbour(now, address, mac, solicited, arrival, out);
            }
            return;
        }
        if !self.interfaces[interface].has(IpAddr::V6(target)) {
            return;
        }
        let mac = self.interfaces[interface].mac;
        let (to, to_mac) = match option(1) {
            Some(asker) if !header.source.is_unspecified() => {
                self.learn_neighbour(now, header.source, asker, false, arrival, out);
                (header.source, asker)
            }
            _ => {
                let all = IpAddr::V6(Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1));
                (all, group_mac(all))
            }
        };
        let flags = if to == header.source { 0x60 } else { 0x20 };
        let router = if self.settings.forwarding { 0x80 } else { 0 };
        let mut body = target.octets().to_vec();
        body.extend_from_slice(&[2, 1]);
        body.extend_from_slice(&mac.octets());
        let source = IpAddr::V6(target);
        let message = icmpv6_message(source, to, 136, 0, [flags | router, 0, 0, 0], &body);
        out.tell(EventKind::Arp, Some(arrival.port()), out.next_frame(), Reason::None, || {
            let asker = if header.source.is_unspecified() { "everybody".to_owned() } else { header.source.to_string() };
            Detail::new(format!("answers {asker}: {target} is at {mac}"))
                .with("ip", source)
                .with("mac", mac)
                .with("operation", "reply")
        });
        let packet = ip_packet(&neighbour_header(source, to), &message);
        out.send(arrival.port(), &ethernet(to_mac, mac, ETHER_IPV6, &packet));
    }

    /// An alarm of the neighbour cache.
    pub(super) fn neighbour_alarm(&mut self, now: Timestamp, slot: usize, out: &mut Outbox) {
        let Some((interface, address, todo)) = self.neighbours.on_alarm(slot, now) else { return };
        match todo {
            Todo::AskAll => self.ask_neighbour(interface, address, None, out),
            Todo::AskAgain(mac) => self.ask_neighbour(interface, address, Some(mac), out),
            Todo::Changed => {
                let state = self.neighbours.state(interface, address).map_or("", |state| state.name());
                out.tell(EventKind::Arp, Some(PortId(interface as u16)), 0, Reason::None, || {
                    Detail::new(format!("{address} is now {state}")).with("ip", address).with("state", state)
                });
            }
            Todo::GiveUp(waiting) => {
                out.tell(EventKind::Arp, Some(PortId(interface as u16)), 0, Reason::NeighbourFailed, || {
                    Detail::new(format!(
                        "nobody answers for {address}: {} cannot be sent",
                        count(waiting.len() as u64, "packet")
                    ))
                    .with("ip", address)
                    .with("state", "FAILED")
                    .with("packets", waiting.len() as u64)
                });
                for Waiting { packet, parent } in waiting {
                    self.unreachable_neighbour(now, &packet, parent, out);
                }
            }
        }
    }

    /// The interface's own address for talking to `peer` on the link.
    pub(super) fn source_on(&self, interface: usize, peer: IpAddr) -> Option<IpAddr> {
        let addresses = &self.interfaces[interface].addresses;
        let same_block =
            addresses.iter().find(|(own, len)| super::Prefix::new(*own, *len).contains(peer)).map(|(own, _)| *own);
        // What stays on the link is said from the address of the link, all else from another one (RFC 6724 §5, rule 2).
        let of_link = is_link_local(peer) || matches!(peer, IpAddr::V6(v6) if v6.segments()[0] & 0xff0f == 0xff02);
        let like_peer = || addresses.iter().map(|(own, _)| *own).filter(|own| own.is_ipv4() == peer.is_ipv4());
        same_block.or_else(|| like_peer().find(|own| is_link_local(*own) == of_link)).or_else(|| like_peer().next())
    }
}

pub(super) fn neighbour_header(source: IpAddr, destination: IpAddr) -> NewHeader {
    NewHeader { source, destination, protocol: octets::ICMPV6, ttl: 255, identification: 0, dont_fragment: true }
}
