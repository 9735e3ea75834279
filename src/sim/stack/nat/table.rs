//! The mappings of a translator: who has which outside port, for how long, and who may come in by it.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use super::packet::Flow;
use super::{End, Filtering};
use crate::base::{Timestamp, limits};
use crate::sim::mutation::{Mutation, made};
use crate::sim::reason::Reason;
use crate::sim::stack::octets::{ICMP, TCP, UDP};

/// A mapping.
#[derive(Debug)]
pub(super) struct Entry {
    pub protocol: u8,
    pub inside: End,
    /// The destination it is for, as far as the mapping depends on it.
    pub scope: (Option<Ipv4Addr>, Option<u16>),
    pub port: u16,
    /// Whom the inside has sent to.
    pub peers: Vec<End>,
    pub used: Timestamp,
    /// TCP: FINs or a reset were seen, so it may go soon.
    pub closing: bool,
    pub established: bool,
    pub is_static: bool,
}

impl Entry {
    /// How long it lives without traffic (RFC 4787 §4.3, RFC 5382 §5, RFC 5508 §3.2).
    fn life(&self) -> Duration {
        match self.protocol {
            _ if self.is_static => Duration::MAX,
            TCP if self.established && !self.closing => life_of(TCP),
            TCP => Duration::from_secs(4 * 60),
            protocol => life_of(protocol),
        }
    }

    pub fn is_alive(&self, now: Timestamp) -> bool {
        self.is_static || now.since(self.used) < self.life()
    }

    pub fn lets_in(&self, source: End, filtering: Filtering) -> bool {
        self.is_static
            || made(Mutation::EverybodyLetIn)
            || self.peers.iter().any(|peer| match filtering {
                Filtering::EndpointIndependent => true,
                Filtering::AddressDependent => peer.0 == source.0,
                Filtering::AddressAndPortDependent => *peer == source,
            })
    }
}

/// How long a flow of a protocol is remembered without traffic.
pub(super) fn life_of(protocol: u8) -> Duration {
    Duration::from_secs(match protocol {
        TCP => 2 * 3600 + 4 * 60,
        UDP => 5 * 60,
        _ => 60,
    })
}

/// All mappings, found by the port outside and by the end inside. The dead stay until there are twice as many as lived
/// when they were last swept out, so that a mapping costs no more however many have come and gone.
#[derive(Debug, Default)]
pub(super) struct Table {
    entries: Vec<Entry>,
    by_port: BTreeMap<(u8, u16), Vec<usize>>,
    by_inside: BTreeMap<(u8, End), Vec<usize>>,
    sweep_at: usize,
}

/// A table that has not reached this is not worth sweeping.
const SMALL: usize = 256;

impl Table {
    /// Enters a mapping and returns its place.
    ///
    /// # Errors
    /// The table is full.
    pub fn insert(&mut self, entry: Entry, now: Timestamp) -> Result<usize, Reason> {
        if self.entries.len() >= self.sweep_at.max(SMALL) || self.entries.len() >= limits::MAX_NAT_MAPPINGS {
            self.sweep(now);
        }
        if self.entries.len() >= limits::MAX_NAT_MAPPINGS {
            return Err(Reason::NatTableFull);
        }
        let index = self.entries.len();
        self.by_port.entry((entry.protocol, entry.port)).or_default().push(index);
        self.by_inside.entry((entry.protocol, entry.inside)).or_default().push(index);
        self.entries.push(entry);
        Ok(index)
    }

    /// How many are kept, dead ones included.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    fn sweep(&mut self, now: Timestamp) {
        let before = self.entries.len();
        self.entries.retain(|entry| entry.is_alive(now));
        self.sweep_at = self.entries.len() * 2;
        if self.entries.len() == before {
            return;
        }
        self.by_port.clear();
        self.by_inside.clear();
        for (index, entry) in self.entries.iter().enumerate() {
            self.by_port.entry((entry.protocol, entry.port)).or_default().push(index);
            self.by_inside.entry((entry.protocol, entry.inside)).or_default().push(index);
        }
    }

    pub fn entry(&mut self, index: usize) -> &mut Entry {
        &mut self.entries[index]
    }

    /// The mappings by a port of the public address that are alive, oldest first.
    pub fn at_port(&self, protocol: u8, port: u16, now: Timestamp) -> impl Iterator<Item = (usize, &Entry)> {
        self.alive(self.by_port.get(&(protocol, port)), now)
    }

    /// The mappings of an end inside that are alive, oldest first.
    pub fn of_inside(&self, protocol: u8, inside: End, now: Timestamp) -> impl Iterator<Item = (usize, &Entry)> {
        self.alive(self.by_inside.get(&(protocol, inside)), now)
    }

    fn alive<'a>(
        &'a self,
        found: Option<&'a Vec<usize>>,
        now: Timestamp,
    ) -> impl Iterator<Item = (usize, &'a Entry)> + 'a {
        let all = found.into_iter().flatten().map(|index| (*index, &self.entries[*index]));
        all.filter(move |(_, entry)| entry.is_alive(now))
    }

    /// All that are alive.
    pub fn iter(&self, now: Timestamp) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.is_alive(now))
    }

    /// The inside port if nobody has it, else the next free one of the same range: well-known or not (RFC 4787 §4.2.2).
    pub fn free_port(&self, flow: &Flow, now: Timestamp) -> Option<u16> {
        let wanted = flow.source.1;
        let (first, last): (u16, u16) = if flow.protocol != ICMP && wanted < 1024 { (1, 1023) } else { (1024, 65_535) };
        let range = u32::from(last) - u32::from(first) + 1;
        let start = u32::from(wanted.max(first)) - u32::from(first);
        (0..range).map(|step| (u32::from(first) + (start + step) % range) as u16).chain([wanted]).find(|port| {
            let is_taken = self.at_port(flow.protocol, *port, now).next().is_some();
            !is_taken && (*port >= first || flow.protocol == ICMP)
        })
    }
}
