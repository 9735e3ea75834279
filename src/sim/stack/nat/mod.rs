//! Network address translation: many private addresses behind one public one (RFC 3022; what it must and must not do:
//! RFC 4787 for UDP, RFC 5382 for TCP, RFC 5508 for ICMP).

mod packet;
mod table;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use super::octets::{ICMP, IpHeader};
use crate::base::{Timestamp, limits};
use crate::sim::reason::Reason;

use packet::{Flow, Side, flow_of, is_icmp_error, mend_icmp, quoted, rewrite, rewrite_address, rewrite_quoted};
use table::{Entry, Table, life_of};

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
    table: Table,
    /// Flows that came from outside to an address inside, protocol, inside and outside end: their answers go back as
    /// they are, since nobody outside would know them otherwise. Linux does the same.
    passed: BTreeMap<(u8, End, End), Timestamp>,
}

impl Nat {
    /// A translator without mappings but those of its forwards.
    pub fn new(options: NatOptions) -> Nat {
        let mut nat = Nat { table: Table::default(), passed: BTreeMap::new(), options };
        for forward in nat.options.forwards.clone() {
            let entry = Entry {
                protocol: forward.protocol,
                inside: (forward.inside, forward.inside_port),
                scope: (None, None),
                port: forward.port,
                peers: Vec::new(),
                used: Timestamp::ZERO,
                closing: false,
                established: true,
                is_static: true,
            };
            // A file has fewer forwards than the table has room for.
            let _ = nat.table.insert(entry, Timestamp::ZERO);
        }
        nat
    }

    /// Remembers a packet that came from outside for an address inside, so that its answers are not translated.
    ///
    /// # Errors
    /// Too many such flows are remembered already.
    pub fn let_pass(&mut self, packet: &[u8], header: &IpHeader, now: Timestamp) -> Result<(), Reason> {
        let Some(flow) = flow_of(packet, header).filter(|flow| !flow.is_reply) else { return Ok(()) };
        let key = (flow.protocol, flow.destination, flow.source);
        if self.passed.len() >= limits::MAX_NAT_MAPPINGS && !self.passed.contains_key(&key) {
            self.passed.retain(|(protocol, _, _), used| now.since(*used) < life_of(*protocol));
            if self.passed.len() >= limits::MAX_NAT_MAPPINGS {
                return Err(Reason::NatTableFull);
            }
        }
        self.passed.insert(key, now);
        Ok(())
    }

    fn has_passed(&self, protocol: u8, inside: End, outside: End, now: Timestamp) -> bool {
        self.passed.get(&(protocol, inside, outside)).is_some_and(|used| now.since(*used) < life_of(protocol))
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
        let may_answer = flow.protocol != ICMP || flow.is_reply;
        if may_answer && self.has_passed(flow.protocol, flow.source, flow.destination, now) {
            self.passed.insert((flow.protocol, flow.source, flow.destination), now);
            return Ok(None);
        }
        let (index, is_new) = self.mapping_for(&flow, now)?;
        let entry = self.table.entry(index);
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
        let mut mappings = self.table.of_inside(flow.protocol, flow.source, now);
        if let Some((index, _)) = mappings.find(|(_, entry)| entry.scope == scope || entry.is_static) {
            return Ok((index, false));
        }
        drop(mappings);
        let port = self.table.free_port(flow, now).ok_or(Reason::NatTableFull)?;
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
        Ok((self.table.insert(entry, now)?, true))
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
        let mut why = Reason::NatNoMapping;
        let found = self.table.at_port(flow.protocol, flow.destination.1, now).find(|(_, entry)| {
            why = Reason::NatFiltered;
            entry.lets_in(flow.source, self.options.filtering)
        });
        let Some((index, _)) = found else { return Err(why) };
        let entry = self.table.entry(index);
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
        let found = self.table.at_port(quoted.protocol, port, now).next();
        let inside = found.ok_or(Reason::NatNoMapping)?.1.inside;
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
        if self.has_passed(quoted.protocol, inside, (quoted.source, quoted.source_port), now) {
            return None;
        }
        let (_, entry) = self.table.of_inside(quoted.protocol, inside, now).next()?;
        let to = (public, entry.port);
        rewrite_quoted(&mut packet[at..], quoted.header_len, quoted.protocol, Side::Destination, to);
        rewrite_address(packet, Side::Source, public);
        mend_icmp(packet, header);
        Some(Changed { from: inside, to, is_new: false })
    }

    /// Puts the inside source back into a packet that has been translated. False if no mapping did it.
    pub fn undo(&self, packet: &mut [u8], header: &IpHeader, now: Timestamp) -> bool {
        let Some(flow) = flow_of(packet, header) else { return false };
        let Some((_, entry)) = self.table.at_port(flow.protocol, flow.source.1, now).next() else { return false };
        rewrite(packet, header, Side::Source, entry.inside);
        true
    }

    /// True if a packet from the outside would be let in.
    pub fn lets_in(&self, packet: &[u8], header: &IpHeader, now: Timestamp) -> bool {
        let Some(flow) = flow_of(packet, header) else { return false };
        let mut alive = self.table.at_port(flow.protocol, flow.destination.1, now);
        alive.any(|(_, entry)| entry.lets_in(flow.source, self.options.filtering))
    }

    /// True if a host inside is reached by this port of the public address.
    pub fn leads_inside(&self, packet: &[u8], header: &IpHeader, now: Timestamp) -> bool {
        flow_of(packet, header)
            .is_some_and(|flow| self.table.at_port(flow.protocol, flow.destination.1, now).next().is_some())
    }

    /// The mappings that are alive: protocol, inside, outside port, peers, and whether somebody wrote it.
    pub fn mappings(&self, now: Timestamp) -> impl Iterator<Item = (u8, End, u16, &[End], bool)> + '_ {
        let alive = self.table.iter(now);
        alive.map(|entry| (entry.protocol, entry.inside, entry.port, entry.peers.as_slice(), entry.is_static))
    }
}
