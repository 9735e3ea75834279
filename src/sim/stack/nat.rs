//! Network address translation: many private addresses behind one public one (RFC 3022; what it must and must not do:
//! RFC 4787 for UDP, RFC 5382 for TCP, RFC 5508 for ICMP).

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use super::octets::{ICMP, IpHeader, TCP, UDP, u16_at, update_checksum};
use crate::base::{Timestamp, limits};
use crate::sim::mutation::{Mutation, made};
use crate::sim::reason::Reason;

/// Whether one inside address and port keeps its outside port for every destination (RFC 4787 §4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mapping {
    /// For every destination.
    #[default]
    EndpointIndependent,
    /// A port for each destination address.
    AddressDependent,
    /// A port for each destination address and port; Linux masquerade is near to this.
    AddressAndPortDependent,
}

/// From whom packets are let in through a mapping (RFC 4787 §5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Filtering {
    /// From anybody.
    EndpointIndependent,
    /// From addresses that the inside has sent to.
    #[default]
    AddressDependent,
    /// From addresses and ports that the inside has sent to.
    AddressAndPortDependent,
}

/// A port of the public address that leads to a host inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forward {
    /// TCP or UDP.
    pub protocol: u8,
    /// The public port.
    pub port: u16,
    /// The host.
    pub inside: Ipv4Addr,
    /// Its port.
    pub inside_port: u16,
}

/// How translation is set up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NatOptions {
    /// The interface with the public address.
    pub outside: usize,
    /// Whether ports are kept over destinations.
    pub mapping: Mapping,
    /// Who is let in.
    pub filtering: Filtering,
    /// Ports that lead inside.
    pub forwards: Vec<Forward>,
}

/// One end of a flow: address and port, or address and ICMP identifier.
type End = (Ipv4Addr, u16);

#[derive(Debug)]
struct Entry {
    protocol: u8,
    inside: End,
    /// The destination it is for, as far as the mapping depends on it.
    scope: (Option<Ipv4Addr>, Option<u16>),
    port: u16,
    /// Whom the inside has sent to.
    peers: Vec<End>,
    used: Timestamp,
    /// TCP: FINs or a reset were seen, so it may go soon.
    closing: bool,
    established: bool,
    is_static: bool,
}

impl Entry {
    /// How long it lives without traffic (RFC 4787 §4.3, RFC 5382 §5, RFC 5508 §3.2).
    fn life(&self) -> Duration {
        match self.protocol {
            _ if self.is_static => Duration::MAX,
            TCP if self.established && !self.closing => Duration::from_secs(2 * 3600 + 4 * 60),
            TCP => Duration::from_secs(4 * 60),
            UDP => Duration::from_secs(5 * 60),
            _ => Duration::from_secs(60),
        }
    }
}

impl Entry {
    fn lets_in(&self, source: End, filtering: Filtering) -> bool {
        self.is_static
            || made(Mutation::EverybodyLetIn)
            || self.peers.iter().any(|peer| match filtering {
                Filtering::EndpointIndependent => true,
                Filtering::AddressDependent => peer.0 == source.0,
                Filtering::AddressAndPortDependent => *peer == source,
            })
    }
}

/// What translation changed, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The end before.
    pub from: End,
    /// The end after.
    pub to: End,
    /// True if the mapping is new.
    pub is_new: bool,
}

/// A translator.
#[derive(Debug)]
pub struct Nat {
    /// How it is set up.
    pub options: NatOptions,
    entries: Vec<Entry>,
    /// Entry by protocol and outside port.
    by_port: BTreeMap<(u8, u16), Vec<usize>>,
}

/// What a packet says that matters for translation.
#[derive(Clone, Copy)]
struct Flow {
    protocol: u8,
    source: End,
    destination: End,
    syn: bool,
    closes: bool,
}

impl Nat {
    /// A translator without mappings but those of its forwards.
    pub fn new(options: NatOptions) -> Nat {
        let mut nat = Nat { entries: Vec::new(), by_port: BTreeMap::new(), options };
        for forward in nat.options.forwards.clone() {
            nat.insert(Entry {
                protocol: forward.protocol,
                inside: (forward.inside, forward.inside_port),
                scope: (None, None),
                port: forward.port,
                peers: Vec::new(),
                used: Timestamp::ZERO,
                closing: false,
                established: true,
                is_static: true,
            });
        }
        nat
    }

    fn insert(&mut self, entry: Entry) -> usize {
        self.by_port.entry((entry.protocol, entry.port)).or_default().push(self.entries.len());
        self.entries.push(entry);
        self.entries.len() - 1
    }

    fn is_alive(entry: &Entry, now: Timestamp) -> bool {
        now.since(entry.used) < entry.life() || entry.is_static
    }

    /// Translates the source of a packet that leaves for the outside. `public` is the outside address.
    ///
    /// # Errors
    /// The reason to drop it.
    pub fn outbound(
        &mut self,
        packet: &mut [u8],
        header: &IpHeader,
        public: Ipv4Addr,
        now: Timestamp,
    ) -> Result<Option<Changed>, Reason> {
        if is_icmp_error(packet, header) {
            return Ok(self.error_outbound(packet, header, public, now));
        }
        let Some(flow) = flow_of(packet, header) else { return Ok(None) };
        let (index, is_new) = self.mapping_for(&flow, now)?;
        let entry = &mut self.entries[index];
        entry.used = now;
        entry.closing |= flow.closes;
        if flow.syn {
            entry.closing = false;
        }
        if entry.peers.len() < limits::MAX_NAT_PEERS && !entry.peers.contains(&flow.destination) {
            entry.peers.push(flow.destination);
        }
        let to = (public, entry.port);
        rewrite(packet, header, Side::Source, to);
        Ok(Some(Changed { from: flow.source, to, is_new }))
    }

    /// The mapping of a flow that leaves: an old one, or a new one with a port as like the inside one as can be had.
    fn mapping_for(&mut self, flow: &Flow, now: Timestamp) -> Result<(usize, bool), Reason> {
        let scope = match self.options.mapping {
            Mapping::EndpointIndependent => (None, None),
            Mapping::AddressDependent => (Some(flow.destination.0), None),
            Mapping::AddressAndPortDependent => (Some(flow.destination.0), Some(flow.destination.1)),
        };
        let found = self.entries.iter().position(|entry| {
            entry.protocol == flow.protocol
                && entry.inside == flow.source
                && (entry.scope == scope || entry.is_static)
                && Nat::is_alive(entry, now)
        });
        if let Some(index) = found {
            return Ok((index, false));
        }
        if self.entries.len() >= limits::MAX_NAT_MAPPINGS {
            return Err(Reason::NatTableFull);
        }
        let port = self.free_port(flow, now).ok_or(Reason::NatTableFull)?;
        let entry = Entry {
            protocol: flow.protocol,
            inside: flow.source,
            scope,
            port,
            peers: Vec::new(),
            used: now,
            closing: false,
            established: false,
            is_static: false,
        };
        Ok((self.insert(entry), true))
    }

    /// The inside port if nobody has it, else the next free one of the same range: well-known or not (RFC 4787 §4.2.2).
    fn free_port(&self, flow: &Flow, now: Timestamp) -> Option<u16> {
        let wanted = flow.source.1;
        let (first, last): (u16, u16) = if flow.protocol != ICMP && wanted < 1024 { (1, 1023) } else { (1024, 65_535) };
        let range = u32::from(last) - u32::from(first) + 1;
        let start = u32::from(wanted.max(first)) - u32::from(first);
        (0..range).map(|step| (u32::from(first) + (start + step) % range) as u16).chain([wanted]).find(|port| {
            let taken = self.by_port.get(&(flow.protocol, *port));
            !taken.is_some_and(|entries| entries.iter().any(|index| Nat::is_alive(&self.entries[*index], now)))
                && (*port >= first || flow.protocol == ICMP)
        })
    }

    /// Translates the destination of a packet that came from the outside for the public address.
    ///
    /// # Errors
    /// The reason not to let it in.
    pub fn inbound(&mut self, packet: &mut [u8], header: &IpHeader, now: Timestamp) -> Result<Changed, Reason> {
        if is_icmp_error(packet, header) {
            return self.error_inbound(packet, header, now);
        }
        let flow = flow_of(packet, header).ok_or(Reason::NatNoMapping)?;
        let candidates = self.by_port.get(&(flow.protocol, flow.destination.1)).ok_or(Reason::NatNoMapping)?;
        let alive: Vec<usize> =
            candidates.iter().copied().filter(|index| Nat::is_alive(&self.entries[*index], now)).collect();
        if alive.is_empty() {
            return Err(Reason::NatNoMapping);
        }
        let filtering = self.options.filtering;
        let index = alive.into_iter().find(|index| self.entries[*index].lets_in(flow.source, filtering));
        let index = index.ok_or(Reason::NatFiltered)?;
        let entry = &mut self.entries[index];
        if !entry.is_static {
            entry.used = now;
        }
        entry.established = true;
        entry.closing |= flow.closes;
        let to = entry.inside;
        rewrite(packet, header, Side::Destination, to);
        Ok(Changed { from: flow.destination, to, is_new: false })
    }

    /// An ICMP error from the outside about a packet that was translated on its way out: the packet quoted in it is
    /// translated back, and the error goes to whoever sent it (RFC 5508 §4).
    fn error_inbound(&mut self, packet: &mut [u8], header: &IpHeader, now: Timestamp) -> Result<Changed, Reason> {
        let (at, quoted) = quoted(packet, header).ok_or(Reason::NatNoMapping)?;
        let port = quoted.source_port;
        let candidates = self.by_port.get(&(quoted.protocol, port)).ok_or(Reason::NatNoMapping)?;
        let index = candidates.iter().copied().find(|index| Nat::is_alive(&self.entries[*index], now));
        let inside = self.entries[index.ok_or(Reason::NatNoMapping)?].inside;
        let from = (quoted.source, port);
        rewrite_quoted(&mut packet[at..], quoted.header_len, quoted.protocol, Side::Source, inside);
        rewrite_address(packet, Side::Destination, inside.0);
        mend_icmp(packet, header);
        Ok(Changed { from, to: inside, is_new: false })
    }

    /// An ICMP error from the inside about a packet that was let in: the quoted destination becomes the public one again.
    fn error_outbound(
        &mut self,
        packet: &mut [u8],
        header: &IpHeader,
        public: Ipv4Addr,
        now: Timestamp,
    ) -> Option<Changed> {
        let (at, quoted) = quoted(packet, header)?;
        let inside = (quoted.destination, quoted.destination_port);
        let entry = self
            .entries
            .iter()
            .find(|entry| entry.protocol == quoted.protocol && entry.inside == inside && Nat::is_alive(entry, now))?;
        let to = (public, entry.port);
        rewrite_quoted(&mut packet[at..], quoted.header_len, quoted.protocol, Side::Destination, to);
        rewrite_address(packet, Side::Source, public);
        mend_icmp(packet, header);
        Some(Changed { from: inside, to, is_new: false })
    }

    /// True if a packet from the outside would be let in.
    pub fn lets_in(&self, packet: &[u8], header: &IpHeader, now: Timestamp) -> bool {
        let Some(flow) = flow_of(packet, header) else { return false };
        let entries = self.by_port.get(&(flow.protocol, flow.destination.1)).into_iter().flatten();
        let mut alive = entries.map(|index| &self.entries[*index]).filter(|entry| Nat::is_alive(entry, now));
        alive.any(|entry| entry.lets_in(flow.source, self.options.filtering))
    }

    /// True if a host inside is reached by this port of the public address.
    pub fn leads_inside(&self, packet: &[u8], header: &IpHeader, now: Timestamp) -> bool {
        flow_of(packet, header).is_some_and(|flow| {
            self.by_port
                .get(&(flow.protocol, flow.destination.1))
                .is_some_and(|entries| entries.iter().any(|index| Nat::is_alive(&self.entries[*index], now)))
        })
    }

    /// The mappings that are alive: protocol, inside, outside port, peers, and whether somebody wrote it.
    pub fn mappings(&self, now: Timestamp) -> impl Iterator<Item = (u8, End, u16, &[End], bool)> + '_ {
        let alive = self.entries.iter().filter(move |entry| Nat::is_alive(entry, now));
        alive.map(|entry| (entry.protocol, entry.inside, entry.port, entry.peers.as_slice(), entry.is_static))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Source,
    Destination,
}

fn v4(address: IpAddr) -> Option<Ipv4Addr> {
    match address {
        IpAddr::V4(v4) => Some(v4),
        IpAddr::V6(_) => None,
    }
}

fn flow_of(packet: &[u8], header: &IpHeader) -> Option<Flow> {
    let payload = header.payload(packet);
    let (source, destination) = (v4(header.source)?, v4(header.destination)?);
    if payload.len() < 8 || header.offset != 0 {
        return None;
    }
    let (ports, syn, closes) = match header.protocol {
        UDP => ((u16_at(payload, 0), u16_at(payload, 2)), false, false),
        TCP => {
            let flags = payload.get(13).copied().unwrap_or(0);
            ((u16_at(payload, 0), u16_at(payload, 2)), flags & 2 != 0, flags & 5 != 0)
        }
        // Echo requests and replies have one identifier, which stands for the port of the inside.
        ICMP if matches!(payload[0], 0 | 8) => ((u16_at(payload, 4), u16_at(payload, 4)), false, false),
        _ => return None,
    };
    Some(Flow {
        protocol: header.protocol,
        source: (source, ports.0),
        destination: (destination, ports.1),
        syn,
        closes,
    })
}

fn is_icmp_error(packet: &[u8], header: &IpHeader) -> bool {
    header.protocol == ICMP && matches!(header.payload(packet).first(), Some(3 | 4 | 5 | 11 | 12))
}

struct Quoted {
    source: Ipv4Addr,
    destination: Ipv4Addr,
    protocol: u8,
    source_port: u16,
    destination_port: u16,
    header_len: usize,
}

/// The packet quoted in an ICMP error, and where it begins.
fn quoted(packet: &[u8], header: &IpHeader) -> Option<(usize, Quoted)> {
    let at = header.header_len + 8;
    let quote = packet.get(at..)?;
    let header_len = usize::from(quote.first()? & 15) * 4;
    if quote.len() < header_len + 8 || header_len < 20 {
        return None;
    }
    let address = |at: usize| Ipv4Addr::new(quote[at], quote[at + 1], quote[at + 2], quote[at + 3]);
    let protocol = quote[9];
    let (source_port, destination_port) = match protocol {
        ICMP => (u16_at(quote, header_len + 4), u16_at(quote, header_len + 4)),
        _ => (u16_at(quote, header_len), u16_at(quote, header_len + 2)),
    };
    Some((
        at,
        Quoted { source: address(12), destination: address(16), protocol, source_port, destination_port, header_len },
    ))
}

/// Puts another address and port into a packet and mends its checksums without looking at the rest (RFC 1624).
fn rewrite(packet: &mut [u8], header: &IpHeader, side: Side, to: End) {
    let old_address = rewrite_address(packet, side, to.0);
    let payload = &mut packet[header.header_len..];
    let port_at = match (header.protocol, side) {
        (ICMP, _) => 4,
        (_, Side::Source) => 0,
        (_, Side::Destination) => 2,
    };
    let old_port = [payload[port_at], payload[port_at + 1]];
    payload[port_at..port_at + 2].copy_from_slice(&to.1.to_be_bytes());
    let sum_at = match header.protocol {
        UDP => 6,
        TCP => 16,
        _ => 2,
    };
    if payload.len() < sum_at + 2 {
        return;
    }
    let stored = u16_at(payload, sum_at);
    // A UDP checksum of 0 says that there is none, and stays so (RFC 3022 §4.1).
    if header.protocol == UDP && stored == 0 {
        return;
    }
    let mut sum = update_checksum(stored, &old_port, &to.1.to_be_bytes());
    if header.protocol != ICMP {
        sum = update_checksum(sum, &old_address, &to.0.octets());
    }
    if header.protocol == UDP && sum == 0 {
        sum = 0xffff;
    }
    payload[sum_at..sum_at + 2].copy_from_slice(&sum.to_be_bytes());
}

/// Puts another address into an IP header; returns the old one.
fn rewrite_address(packet: &mut [u8], side: Side, to: Ipv4Addr) -> [u8; 4] {
    let at = if side == Side::Source { 12 } else { 16 };
    let old = [packet[at], packet[at + 1], packet[at + 2], packet[at + 3]];
    packet[at..at + 4].copy_from_slice(&to.octets());
    let sum = update_checksum(u16_at(packet, 10), &old, &to.octets());
    packet[10..12].copy_from_slice(&sum.to_be_bytes());
    old
}

/// The same inside of a quoted packet, whose transport checksum is left as it was if it is not there.
fn rewrite_quoted(quote: &mut [u8], header_len: usize, protocol: u8, side: Side, to: End) {
    rewrite_address(quote, side, to.0);
    let port_at = header_len
        + match (protocol, side) {
            (ICMP, _) => 4,
            (_, Side::Source) => 0,
            (_, Side::Destination) => 2,
        };
    quote[port_at..port_at + 2].copy_from_slice(&to.1.to_be_bytes());
}

/// Computes the checksum of an ICMP message anew.
fn mend_icmp(packet: &mut [u8], header: &IpHeader) {
    let message = &mut packet[header.header_len..header.total_len];
    message[2..4].copy_from_slice(&[0, 0]);
    let sum = super::octets::checksum(message);
    message[2..4].copy_from_slice(&sum.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::super::octets::{NewHeader, checksum, ip_packet, transport_checksum, udp_datagram};
    use super::*;

    const PUBLIC: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 1);
    const FAR: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 7);

    fn inside(last: u8) -> Ipv4Addr {
        Ipv4Addr::new(192, 168, 1, last)
    }

    fn udp(source: End, destination: End) -> Vec<u8> {
        let (from, to) = (IpAddr::V4(source.0), IpAddr::V4(destination.0));
        let datagram = udp_datagram((from, source.1), (to, destination.1), b"hello");
        let header =
            NewHeader { source: from, destination: to, protocol: UDP, ttl: 64, identification: 1, dont_fragment: true };
        ip_packet(&header, &datagram)
    }

    fn header(packet: &[u8]) -> IpHeader {
        IpHeader::parse(packet).expect("a good header")
    }

    fn out(nat: &mut Nat, source: End, destination: End, at: u64) -> u16 {
        let mut packet = udp(source, destination);
        let parsed = header(&packet);
        nat.outbound(&mut packet, &parsed, PUBLIC, Timestamp::from_parts(at, 0)).expect("a mapping");
        let after = header(&packet);
        assert_eq!(after.source, IpAddr::V4(PUBLIC));
        assert_eq!(checksum(&packet[..20]), 0, "the IP checksum fits");
        let sum = transport_checksum(after.source, after.destination, UDP, after.payload(&packet));
        assert_eq!(sum, 0, "the UDP checksum fits");
        u16_at(after.payload(&packet), 0)
    }

    fn back(nat: &mut Nat, source: End, port: u16, at: u64) -> Result<End, Reason> {
        let mut packet = udp(source, (PUBLIC, port));
        let parsed = header(&packet);
        nat.inbound(&mut packet, &parsed, Timestamp::from_parts(at, 0))?;
        let after = header(&packet);
        let sum = transport_checksum(after.source, after.destination, UDP, after.payload(&packet));
        assert_eq!(sum, 0, "the UDP checksum fits");
        let IpAddr::V4(destination) = after.destination else { panic!("IPv4") };
        Ok((destination, u16_at(after.payload(&packet), 2)))
    }

    #[test]
    fn s37_a_free_port_is_kept_and_a_taken_one_changed_in_its_range() {
        let mut nat = Nat::new(NatOptions::default());
        assert_eq!(out(&mut nat, (inside(2), 5001), (FAR, 53), 0), 5001);
        let second = out(&mut nat, (inside(3), 5001), (FAR, 53), 0);
        assert!(second != 5001 && second >= 1024, "{second}");
        let low = out(&mut nat, (inside(2), 500), (FAR, 500), 0);
        let other_low = out(&mut nat, (inside(3), 500), (FAR, 500), 0);
        assert!(low == 500 && other_low != 500 && other_low < 1024, "{other_low}");
        assert_eq!(back(&mut nat, (FAR, 53), 5001, 1), Ok((inside(2), 5001)));
        assert_eq!(back(&mut nat, (FAR, 53), second, 1), Ok((inside(3), 5001)));
    }

    #[test]
    fn s37_mapping_kinds_keep_the_port_for_all_or_for_one_destination() {
        for (mapping, same) in [
            (Mapping::EndpointIndependent, [true, true]),
            (Mapping::AddressDependent, [true, false]),
            (Mapping::AddressAndPortDependent, [false, false]),
        ] {
            let mut nat = Nat::new(NatOptions { mapping, ..NatOptions::default() });
            let first = out(&mut nat, (inside(2), 5001), (FAR, 53), 0);
            let other_port = out(&mut nat, (inside(2), 5001), (FAR, 54), 0);
            let other_address = out(&mut nat, (inside(2), 5001), (Ipv4Addr::new(198, 51, 100, 8), 53), 0);
            assert_eq!([other_port == first, other_address == first], same, "{mapping:?}");
        }
    }

    #[test]
    fn s37_filtering_kinds_let_in_anybody_or_only_known_senders() {
        let stranger = Ipv4Addr::new(198, 51, 100, 99);
        for (filtering, other_port, other_address) in [
            (Filtering::EndpointIndependent, true, true),
            (Filtering::AddressDependent, true, false),
            (Filtering::AddressAndPortDependent, false, false),
        ] {
            let mut nat = Nat::new(NatOptions { filtering, ..NatOptions::default() });
            let port = out(&mut nat, (inside(2), 5001), (FAR, 53), 0);
            assert!(back(&mut nat, (FAR, 53), port, 1).is_ok());
            assert_eq!(back(&mut nat, (FAR, 54), port, 1).is_ok(), other_port, "{filtering:?}");
            let strange = back(&mut nat, (stranger, 53), port, 1);
            assert_eq!(strange.is_ok(), other_address, "{filtering:?}");
            assert!(other_address || strange == Err(Reason::NatFiltered));
        }
        let mut nat = Nat::new(NatOptions::default());
        assert_eq!(back(&mut nat, (FAR, 53), 5001, 0), Err(Reason::NatNoMapping));
    }

    #[test]
    fn s37_a_udp_mapping_lives_five_minutes_after_its_last_use() {
        let mut nat = Nat::new(NatOptions::default());
        let port = out(&mut nat, (inside(2), 5001), (FAR, 53), 0);
        assert!(back(&mut nat, (FAR, 53), port, 299).is_ok());
        out(&mut nat, (inside(2), 5001), (FAR, 53), 500);
        assert!(back(&mut nat, (FAR, 53), port, 799).is_ok());
        assert_eq!(back(&mut nat, (FAR, 53), port, 1100), Err(Reason::NatNoMapping));
    }

    #[test]
    fn s37_a_forwarded_port_leads_inside_for_anybody() {
        let forward = Forward { protocol: UDP, port: 8080, inside: inside(9), inside_port: 80 };
        let mut nat = Nat::new(NatOptions { forwards: vec![forward], ..NatOptions::default() });
        assert_eq!(back(&mut nat, (FAR, 4711), 8080, 100_000), Ok((inside(9), 80)));
        assert_eq!(out(&mut nat, (inside(9), 80), (FAR, 4711), 100_001), 8080, "and its answers go out by it");
    }

    /// A TCP segment of 20 octets with these flags.
    fn tcp(source: End, destination: End, flags: u8) -> Vec<u8> {
        let (from, to) = (IpAddr::V4(source.0), IpAddr::V4(destination.0));
        let mut segment = [source.1.to_be_bytes(), destination.1.to_be_bytes()].concat();
        segment.extend_from_slice(&[0, 0, 0, 1, 0, 0, 0, 0, 0x50, flags, 1, 0, 0, 0, 0, 0]);
        let sum = transport_checksum(from, to, TCP, &segment);
        segment[16..18].copy_from_slice(&sum.to_be_bytes());
        let header =
            NewHeader { source: from, destination: to, protocol: TCP, ttl: 64, identification: 1, dont_fragment: true };
        ip_packet(&header, &segment)
    }

    fn send_tcp(nat: &mut Nat, flags: u8, at: u64) {
        let mut packet = tcp((inside(2), 5001), (FAR, 80), flags);
        let parsed = header(&packet);
        nat.outbound(&mut packet, &parsed, PUBLIC, Timestamp::from_parts(at, 0)).expect("a mapping");
    }

    fn answer_tcp(nat: &mut Nat, flags: u8, at: u64) -> Result<(), Reason> {
        let mut packet = tcp((FAR, 80), (PUBLIC, 5001), flags);
        let parsed = header(&packet);
        nat.inbound(&mut packet, &parsed, Timestamp::from_parts(at, 0)).map(drop)?;
        let after = header(&packet);
        assert_eq!(transport_checksum(after.source, after.destination, TCP, after.payload(&packet)), 0);
        Ok(())
    }

    #[test]
    fn s37_a_tcp_mapping_lives_two_hours_and_four_minutes_open_and_four_minutes_opening_or_closing() {
        let mut nat = Nat::new(NatOptions::default());
        send_tcp(&mut nat, 2, 0);
        assert!(answer_tcp(&mut nat, 0x12, 239).is_ok(), "the SYN waits for its answer for 4 min");
        assert!(answer_tcp(&mut nat, 0x10, 239 + 7439).is_ok(), "open, it lives for 2 h 4 min");
        assert!(answer_tcp(&mut nat, 0x11, 239 + 7439 + 1).is_ok(), "a FIN");
        assert_eq!(answer_tcp(&mut nat, 0x10, 239 + 7440 + 240), Err(Reason::NatNoMapping), "closing, for 4 min");
        let mut nat = Nat::new(NatOptions::default());
        send_tcp(&mut nat, 2, 0);
        assert_eq!(answer_tcp(&mut nat, 0x12, 240), Err(Reason::NatNoMapping));
    }

    #[test]
    fn s37_an_echo_mapping_lives_a_minute() {
        let echo = |kind: u8, source: Ipv4Addr, destination: Ipv4Addr, identifier: u16| {
            let [high, low] = identifier.to_be_bytes();
            let message = super::super::octets::icmp_message(kind, 0, [high, low, 0, 1], b"x");
            let (source, destination) = (IpAddr::V4(source), IpAddr::V4(destination));
            let header =
                NewHeader { source, destination, protocol: ICMP, ttl: 64, identification: 1, dont_fragment: false };
            ip_packet(&header, &message)
        };
        let mut nat = Nat::new(NatOptions::default());
        for last in [2, 3] {
            let mut packet = echo(8, inside(last), FAR, 7777);
            let parsed = header(&packet);
            nat.outbound(&mut packet, &parsed, PUBLIC, Timestamp::ZERO).expect("a mapping");
            let identifier = u16_at(header(&packet).payload(&packet), 4);
            assert_eq!(identifier == 7777, last == 2, "the second host gets another identifier");
            for (at, lives) in [(59, true), (60 + 59, false)] {
                let mut answer = echo(0, FAR, PUBLIC, identifier);
                let parsed = header(&answer);
                let result = nat.inbound(&mut answer, &parsed, Timestamp::from_parts(at, 0));
                assert_eq!(result.is_ok(), lives, "after {at} s: {result:?}");
            }
        }
    }

    #[test]
    fn s37_a_udp_checksum_of_zero_stays_zero() {
        let mut nat = Nat::new(NatOptions::default());
        let mut packet = udp((inside(2), 5001), (FAR, 53));
        packet[26..28].copy_from_slice(&[0, 0]);
        let parsed = header(&packet);
        nat.outbound(&mut packet, &parsed, PUBLIC, Timestamp::ZERO).expect("a mapping");
        assert_eq!(u16_at(&packet, 26), 0);
        assert_eq!(checksum(&packet[..20]), 0);
    }

    #[test]
    fn s37_an_icmp_error_is_translated_with_the_packet_that_it_quotes() {
        let mut nat = Nat::new(NatOptions::default());
        let mut packet = udp((inside(2), 5001), (FAR, 4000));
        let parsed = header(&packet);
        nat.outbound(&mut packet, &parsed, PUBLIC, Timestamp::ZERO).expect("a mapping");
        let message = super::super::octets::icmp_message(3, 3, [0; 4], &packet);
        let error = NewHeader {
            source: IpAddr::V4(FAR),
            destination: IpAddr::V4(PUBLIC),
            protocol: ICMP,
            ttl: 64,
            identification: 2,
            dont_fragment: false,
        };
        let mut error = ip_packet(&error, &message);
        let parsed = header(&error);
        nat.inbound(&mut error, &parsed, Timestamp::ZERO).expect("translated");
        let after = header(&error);
        assert_eq!(after.destination, IpAddr::V4(inside(2)));
        assert_eq!(checksum(after.payload(&error)), 0);
        let quote = &after.payload(&error)[8..];
        assert_eq!(&quote[12..16], &inside(2).octets());
        assert_eq!(checksum(&quote[..20]), 0, "the quoted header's checksum fits");
    }
}
