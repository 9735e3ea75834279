//! ICMP: echoes, and errors with the rules about when not to send them (RFC 792, RFC 1122 §3.2.2, RFC 1812 §4.3,
//! RFC 4443).

use std::net::{IpAddr, Ipv4Addr};

use super::output::{FragmentPolicy, SendError};
use super::{Arrival, Node};
use crate::base::Timestamp;
use crate::sim::mutation::{Mutation, made};
use crate::sim::outbox::Outbox;
use crate::sim::reason::Reason;
use crate::sim::record::{Detail, EventKind};
use crate::sim::stack::octets::{
    self, IpHeader, checksum, icmp_message, icmpv6_message, transport_checksum, u16_at, u32_at,
};

/// What a node tells a sender about its packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Complaint {
    NoRoute,
    HostUnreachable,
    Protocol,
    Port,
    TooBig(u32),
    TtlExpired,
    ReassemblyTime,
    Redirect(Ipv4Addr),
    /// A link-local source that would leave its link (IPv6).
    BeyondScope,
}

/// What a node finds out itself about a packet of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LocalError {
    HostUnreachable,
}

/// An ICMP error about a packet that this node had sent, for whoever sent it.
#[derive(Clone, Copy, Debug)]
pub(super) struct ErrorAbout<'a> {
    /// The name of the error number that a program sees.
    pub errno: &'static str,
    /// True if it ends a connection that is being opened; else it is only worth remembering.
    pub is_hard: bool,
    /// What happened, in a few words.
    pub words: &'static str,
    /// Who says so.
    pub from: IpAddr,
    /// The header of the packet it is about.
    pub about: IpHeader,
    /// The quoted octets after that header.
    pub quoted: &'a [u8],
    /// The MTU told by a 3/4 or a packet too big.
    pub mtu: Option<u16>,
    /// True for "TTL expired".
    pub ttl_expired: bool,
}

impl Complaint {
    /// Type and code of ICMP (RFC 792).
    const fn v4(self) -> (u8, u8) {
        match self {
            Complaint::NoRoute => (3, 0),
            Complaint::HostUnreachable => (3, 1),
            Complaint::Protocol => (3, 2),
            Complaint::Port => (3, 3),
            Complaint::TooBig(_) => (3, 4),
            Complaint::Redirect(_) => (5, 1),
            // IPv4 has no such thing; the nearest is "source host isolated".
            Complaint::BeyondScope => (3, 8),
            Complaint::TtlExpired => (11, 0),
            Complaint::ReassemblyTime => (11, 1),
        }
    }

    /// Type and code of ICMPv6 (RFC 4443).
    const fn v6(self) -> (u8, u8) {
        match self {
            Complaint::NoRoute => (1, 0),
            Complaint::BeyondScope => (1, 2),
            Complaint::HostUnreachable => (1, 3),
            Complaint::Port => (1, 4),
            Complaint::TooBig(_) => (2, 0),
            Complaint::TtlExpired => (3, 0),
            Complaint::ReassemblyTime => (3, 1),
            Complaint::Protocol => (4, 1),
            Complaint::Redirect(_) => (137, 0),
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Complaint::NoRoute => "network unreachable",
            Complaint::HostUnreachable => "host unreachable",
            Complaint::Protocol => "protocol unreachable",
            Complaint::Port => "port unreachable",
            Complaint::TooBig(_) => "fragmentation needed",
            Complaint::Redirect(_) => "redirect",
            Complaint::BeyondScope => "beyond scope of source address",
            Complaint::TtlExpired => "TTL expired",
            Complaint::ReassemblyTime => "fragments came too late",
        }
    }
}

impl Node {
    /// Tells the sender of a packet what is wrong with it, unless the rules forbid it.
    pub(super) fn complain(
        &mut self,
        now: Timestamp,
        complaint: Complaint,
        packet: &[u8],
        header: &IpHeader,
        arrival: Arrival,
        out: &mut Outbox,
    ) {
        if let Err(why) = self.may_complain(now, packet, header, arrival) {
            out.tell(EventKind::Note, None, arrival.frame, Reason::None, || {
                Detail::new(format!("no ICMP \"{}\": {why}", complaint.words())).with("icmp_not_sent", why)
            });
            return;
        }
        let Ok(way) = self.choose_way(header.source, self.complaint_source(header, arrival), 0, out) else { return };
        let (source, destination) = (way.source, header.source);
        let (message, protocol) = if destination.is_ipv4() {
            let room = if self.settings.long_quotes { 576 - 28 } else { header.header_len + 8 };
            let rest = match complaint {
                Complaint::TooBig(mtu) => [0, 0, (mtu >> 8) as u8, mtu as u8],
                Complaint::Redirect(gateway) => gateway.octets(),
                _ => [0; 4],
            };
            let (kind, code) = complaint.v4();
            (icmp_message(kind, code, rest, &packet[..packet.len().min(room)]), octets::ICMP)
        } else {
            let rest = match complaint {
                Complaint::TooBig(mtu) => mtu.to_be_bytes(),
                _ => [0; 4],
            };
            let (kind, code) = complaint.v6();
            let quote = &packet[..packet.len().min(1280 - 48)];
            (icmpv6_message(source, destination, kind, code, rest, quote), octets::ICMPV6)
        };
        out.tell(EventKind::Note, None, arrival.frame, Reason::None, || {
            let (kind, code) = if destination.is_ipv4() { complaint.v4() } else { complaint.v6() };
            Detail::new(format!("tells {destination}: {} (ICMP {kind}/{code})", complaint.words()))
                .with("icmp_type", u64::from(kind))
                .with("icmp_code", u64::from(code))
        });
        let ttl = self.settings.ttl;
        let _ = self.send_on(now, &way, protocol, ttl, FragmentPolicy::Allow, &message, out);
    }

    /// Errors come from the address of the interface at which the packet arrived (RFC 1812 §4.3.2.4).
    fn complaint_source(&self, header: &IpHeader, arrival: Arrival) -> Option<IpAddr> {
        if self.is_mine(header.destination) && !self.settings.forwarding {
            return Some(header.destination);
        }
        self.source_on(arrival.interface, header.source)
    }

    /// When no error may be sent (RFC 1122 §3.2.2, RFC 1812 §4.3.2.7, RFC 4443 §2.4).
    fn may_complain(
        &mut self,
        now: Timestamp,
        packet: &[u8],
        header: &IpHeader,
        arrival: Arrival,
    ) -> Result<(), &'static str> {
        if !self.settings.sends_errors {
            return Err("this box is set to stay silent");
        }
        // Only of IPv4: RFC 4443 has no such rule, and Linux complains of every piece.
        if header.offset != 0 && header.source.is_ipv4() {
            return Err("it would be about a fragment other than the first");
        }
        let payload = header.payload(packet);
        let is_error = match header.protocol {
            octets::ICMP => !matches!(payload.first(), Some(0 | 8 | 9 | 10 | 13..=18)),
            // A later piece does not tell what it is a piece of.
            octets::ICMPV6 if header.offset == 0 => payload.first().is_none_or(|kind| *kind < 128),
            _ => false,
        };
        if is_error && !made(Mutation::ErrorAboutError) {
            return Err("it would be about an ICMP error");
        }
        let for_many = match header.destination {
            IpAddr::V4(destination) => destination.is_broadcast() || destination.is_multicast(),
            IpAddr::V6(destination) => destination.is_multicast(),
        };
        let for_many =
            arrival.link_group || for_many || self.interfaces[arrival.interface].is_broadcast(header.destination);
        if for_many && !made(Mutation::ErrorAboutBroadcast) {
            return Err("the packet was for many");
        }
        let single = match header.source {
            IpAddr::V4(source) => {
                let first = source.octets()[0];
                first != 0 && first != 127 && first < 224 && !source.is_broadcast()
            }
            IpAddr::V6(source) => !source.is_unspecified() && !source.is_multicast(),
        };
        if !single || self.interfaces[arrival.interface].is_broadcast(header.source) {
            return Err("its source is not a single host");
        }
        if self.settings.limits_errors {
            let last = self.error_times.get(&header.source).copied();
            if last.is_some_and(|last| now.since(last) < std::time::Duration::from_secs(1)) {
                return Err("one a second for each target is the limit");
            }
            if self.error_times.len() < crate::base::limits::MAX_NEIGHBOURS {
                self.error_times.insert(header.source, now);
            }
        }
        Ok(())
    }

    /// An ICMP message for this node.
    pub(super) fn icmp_in(
        &mut self,
        now: Timestamp,
        message: &[u8],
        header: &IpHeader,
        arrival: Arrival,
        out: &mut Outbox,
    ) {
        if message.len() < 8 || checksum(message) != 0 {
            let reason = if message.len() < 8 { Reason::BadHeader } else { Reason::BadChecksum };
            return self.finish(EventKind::Dropped, reason, arrival, out);
        }
        self.finish(EventKind::Delivered, Reason::ForMe, arrival, out);
        match message[0] {
            8 => {
                let to_many = arrival.link_group || self.interfaces[arrival.interface].is_broadcast(header.destination);
                if to_many && !self.settings.answers_broadcast {
                    return;
                }
                let source = if to_many { None } else { Some(header.destination) };
                let Ok(way) = self.choose_way(header.source, source, 0, out) else { return };
                let rest = [message[4], message[5], message[6], message[7]];
                let answer = icmp_message(0, 0, rest, &message[8..]);
                let ttl = self.settings.ttl;
                let _ = self.send_on(now, &way, octets::ICMP, ttl, FragmentPolicy::Allow, &answer, out);
            }
            0 => self.echo_reply(now, header, u16_at(message, 4), u16_at(message, 6), message.len() - 8, out),
            3 | 11 | 12 => self.icmp_error_in(now, message, header, out),
            _ => {}
        }
    }

    fn icmp_error_in(&mut self, now: Timestamp, message: &[u8], header: &IpHeader, out: &mut Outbox) {
        let Some((about, quoted)) = quoted_v4(&message[8..]) else { return };
        let (errno, is_hard, words) = match (message[0], message[1]) {
            (3, 0) => ("ENETUNREACH", false, "network unreachable"),
            (3, 1) => ("EHOSTUNREACH", false, "host unreachable"),
            (3, 2) => ("ENOPROTOOPT", true, "protocol unreachable"),
            (3, 3) => ("ECONNREFUSED", true, "port unreachable"),
            (3, 4) => ("EMSGSIZE", false, "fragmentation needed"),
            (11, 0) => ("EHOSTUNREACH", false, "TTL expired on the way"),
            (11, _) => ("EHOSTUNREACH", false, "fragments came too late"),
            _ => ("EHOSTUNREACH", false, "destination unreachable"),
        };
        let mtu = (message[0] == 3 && message[1] == 4).then(|| u16_at(message, 6).max(68));
        let ttl_expired = message[0] == 11 && message[1] == 0;
        let from = header.source;
        self.error_in(now, ErrorAbout { errno, is_hard, words, from, about, quoted, mtu, ttl_expired }, out);
    }

    /// An ICMPv6 message for this node.
    pub(super) fn icmpv6_in(
        &mut self,
        now: Timestamp,
        message: &[u8],
        header: &IpHeader,
        arrival: Arrival,
        out: &mut Outbox,
    ) {
        let sum = transport_checksum(header.source, header.destination, octets::ICMPV6, message);
        if message.len() < 8 || sum != 0 {
            let reason = if message.len() < 8 { Reason::BadHeader } else { Reason::BadChecksum };
            return self.finish(EventKind::Dropped, reason, arrival, out);
        }
        self.finish(EventKind::Delivered, Reason::ForMe, arrival, out);
        match message[0] {
            128 => {
                let source = match header.destination.is_multicast() {
                    true => self.source_on(arrival.interface, header.source),
                    false => Some(header.destination),
                };
                let Ok(way) = self.choose_way(header.source, source, 0, out) else { return };
                let rest = [message[4], message[5], message[6], message[7]];
                let answer = icmpv6_message(way.source, header.source, 129, 0, rest, &message[8..]);
                let ttl = self.settings.ttl;
                let _ = self.send_on(now, &way, octets::ICMPV6, ttl, FragmentPolicy::Allow, &answer, out);
            }
            129 => self.echo_reply(now, header, u16_at(message, 4), u16_at(message, 6), message.len() - 8, out),
            133 | 134 => self.router_message(now, message, header, arrival, out),
            135 | 136 => self.neighbour_message(now, message, header, arrival, out),
            1..=4 => {
                let Some((about, quoted)) = quoted_v6(&message[8..]) else { return };
                let (errno, is_hard, words) = match (message[0], message[1]) {
                    (1, 0) => ("ENETUNREACH", false, "no route"),
                    (1, 2) => ("ENETUNREACH", false, "beyond the scope of the source address"),
                    (1, 4) => ("ECONNREFUSED", true, "port unreachable"),
                    (2, _) => ("EMSGSIZE", false, "packet too big"),
                    (3, 0) => ("EHOSTUNREACH", false, "hop limit exceeded on the way"),
                    _ => ("EHOSTUNREACH", false, "destination unreachable"),
                };
                let mtu = (message[0] == 2).then(|| u32_at(message, 4).clamp(1280, 65_535) as u16);
                let ttl_expired = message[0] == 3 && message[1] == 0;
                let from = header.source;
                self.error_in(now, ErrorAbout { errno, is_hard, words, from, about, quoted, mtu, ttl_expired }, out);
            }
            _ => {}
        }
    }

    /// An error about a packet of this node: the path's MTU is remembered, and whoever sent the packet is told.
    fn error_in(&mut self, now: Timestamp, error: ErrorAbout<'_>, out: &mut Outbox) {
        if let Some(mtu) = error.mtu {
            let destination = error.about.destination;
            let known = self.path_mtus.get(&destination).copied();
            if known.is_none_or(|known| mtu < known) && self.path_mtus.len() < crate::base::limits::MAX_NEIGHBOURS {
                self.path_mtus.insert(destination, mtu);
                out.tell(EventKind::State, None, 0, Reason::None, || {
                    Detail::new(format!("remembers: packets to {destination} may have {mtu} octets (path MTU)"))
                        .with("destination", destination)
                        .with("path_mtu", u64::from(mtu))
                });
            }
        }
        match error.about.protocol {
            octets::ICMP | octets::ICMPV6 => self.echo_error(now, &error, out),
            octets::UDP => self.udp_error(now, &error, out),
            octets::TCP => self.tcp_error(now, &error, out),
            _ => {}
        }
    }

    /// A packet of this node could not be sent after all.
    pub(super) fn local_error(&mut self, now: Timestamp, error: LocalError, packet: &[u8], out: &mut Outbox) {
        let Ok(about) = IpHeader::parse(packet) else { return };
        let LocalError::HostUnreachable = error;
        let quoted = about.payload(packet).to_vec();
        let told = ErrorAbout {
            errno: "EHOSTUNREACH",
            is_hard: true,
            words: "host unreachable",
            from: about.source,
            about,
            quoted: &quoted,
            mtu: None,
            ttl_expired: false,
        };
        self.error_in(now, told, out);
    }
}

impl SendError {
    /// The sentence that ping prints.
    pub(super) fn words(self) -> String {
        match self {
            SendError::NoRoute => "network is unreachable: no route".to_owned(),
            SendError::GatewayOffLink => "network is unreachable: the gateway is in no network of mine".to_owned(),
            SendError::NoSource => "no address of mine can be the source".to_owned(),
            SendError::TooBig(mtu) => format!("message too long, mtu={mtu}"),
            SendError::LinkDown => "network is down: the cable is unplugged".to_owned(),
        }
    }
}

/// The quoted header of an IPv4 packet and what follows it; the rest of the packet may be missing.
fn quoted_v4(quote: &[u8]) -> Option<(IpHeader, &[u8])> {
    let header_len = usize::from(quote.first()? & 15) * 4;
    if quote[0] >> 4 != 4 || header_len < 20 || quote.len() < header_len {
        return None;
    }
    let address = |at: usize| IpAddr::V4(Ipv4Addr::new(quote[at], quote[at + 1], quote[at + 2], quote[at + 3]));
    let bits = u16_at(quote, 6);
    let header = IpHeader {
        source: address(12),
        destination: address(16),
        protocol: quote[9],
        ttl: quote[8],
        identification: u32::from(u16_at(quote, 4)),
        dont_fragment: bits & 0x4000 != 0,
        more_fragments: bits & 0x2000 != 0,
        offset: u32::from(bits & 0x1fff) * 8,
        header_len,
        total_len: usize::from(u16_at(quote, 2)),
    };
    Some((header, &quote[header_len..]))
}

fn quoted_v6(quote: &[u8]) -> Option<(IpHeader, &[u8])> {
    if quote.len() < 40 || quote[0] >> 4 != 6 {
        return None;
    }
    let mut whole = quote.to_vec();
    let len = (quote.len() - 40) as u16;
    whole[4..6].copy_from_slice(&len.to_be_bytes());
    let header = IpHeader::parse(&whole).ok()?;
    Some((header, quote.get(header.header_len..)?))
}
