//! Packets and octets by stack of layers.

use std::hash::{BuildHasher, Hasher};

use hashbrown::HashTable;
use serde::Serialize;

use super::flows::{Counted, Flows};
use crate::base::limits::MAX_STACKS;
use crate::packet::Packet;
use crate::wire::LayerKind;

/// One stack of layers and what was counted of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProtocolCount {
    /// Layer names from the outermost, joined by `/`.
    pub path: String,
    /// Packets whose layers are exactly these.
    pub packets: u64,
    /// Their octets on the wire.
    pub octets: u64,
}

/// Counts packets by their stack of layers.
#[derive(Debug, Default)]
pub struct Totals {
    hasher: foldhash::fast::FixedState,
    index: HashTable<u32>,
    stacks: Vec<Stack>,
    /// The last stacks by the kinds of their layers, and their places in `stacks`.
    recent: [(u64, u32); 8],
    /// The stacks of plain frames: IPv4 or IPv6, TCP or UDP.
    plain: [Option<u32>; 4],
}

#[derive(Debug)]
struct Stack {
    hash: u64,
    names: Vec<&'static str>,
    packets: u64,
    octets: u64,
}

impl Stack {
    fn count(&mut self, octets: u64) {
        self.add(1, octets);
    }

    fn add(&mut self, packets: u64, octets: u64) {
        self.packets += packets;
        self.octets += octets;
    }
}

/// Which of the stacks of plain frames.
fn plain(is_v6: bool, is_udp: bool) -> usize {
    usize::from(is_v6) * 2 + usize::from(is_udp)
}

/// The kinds of all layers as one number; `None` if there are too many, or some have names beyond their kind.
fn kinds(packet: &Packet<'_>) -> Option<u64> {
    const MOST: usize = 12;
    let (frame, layers) = (&packet.frame, packet.frame.layers());
    if layers.is_empty() || layers.len() > MOST || frame.has(LayerKind::Other) || frame.has(LayerKind::Ipv6Extension) {
        return None;
    }
    Some(layers.iter().fold(0, |kinds, located| kinds << 5 | located.layer.kind() as u64))
}

impl Totals {
    /// Counts one packet.
    pub(super) fn observe(&mut self, packet: &Packet<'_>) {
        let (frame, octets) = (&packet.frame, u64::from(packet.meta.wire_len));
        if !frame.is_plain() {
            self.count(packet);
            return;
        }
        let plain = plain(frame.has(LayerKind::Ipv6), frame.has(LayerKind::Udp));
        if self.plain[plain].is_none() {
            self.plain[plain] = self.find(packet);
        }
        if let Some(stack) = self.plain[plain].and_then(|index| self.stacks.get_mut(index as usize)) {
            stack.count(octets);
        }
    }

    /// Counts what was counted of a flow, of which one packet was counted by itself.
    pub(super) fn add(&mut self, counted: &Counted) {
        if let Some(index) = self.plain[plain(counted.is_v6, counted.is_udp)] {
            self.stacks[index as usize].add(counted.packets, counted.octets);
        }
    }

    /// Counts one whose layers may be any.
    #[inline(never)]
    fn count(&mut self, packet: &Packet<'_>) {
        let octets = u64::from(packet.meta.wire_len);
        let kinds = kinds(packet);
        let recent = kinds.map(|kinds| (kinds, (kinds ^ kinds >> 5) as usize % 8));
        if let Some((kinds, place)) = recent
            && let (known, index) = self.recent[place]
            && known == kinds
        {
            self.stacks[index as usize].count(octets);
            return;
        }
        let Some(index) = self.find(packet) else { return };
        self.stacks[index as usize].count(octets);
        if let Some((kinds, place)) = recent {
            self.recent[place] = (kinds, index);
        }
    }

    /// Where the stack of a packet is counted; `None` if there is no room for it.
    #[inline(never)]
    fn find(&mut self, packet: &Packet<'_>) -> Option<u32> {
        let names = || packet.frame.layers().iter().map(|located| located.layer.name());
        let mut hasher = self.hasher.build_hasher();
        names().for_each(|name| hasher.write(name.as_bytes()));
        let hash = hasher.finish();
        let stacks = &self.stacks;
        let is_it = |index: &u32| stacks[*index as usize].names.iter().copied().eq(names());
        match self.index.find(hash, is_it) {
            Some(index) => Some(*index),
            None if self.stacks.len() < MAX_STACKS => {
                let index = self.stacks.len() as u32;
                self.stacks.push(Stack { hash, names: names().collect(), packets: 0, octets: 0 });
                let stacks = &self.stacks;
                self.index.insert_unique(hash, index, |index| stacks[*index as usize].hash);
                Some(index)
            }
            None => None,
        }
    }

    /// What was counted, most packets first, then by name, with what flows still know alone.
    pub(super) fn protocols(&self, flows: &Flows) -> Vec<ProtocolCount> {
        let mut counts: Vec<ProtocolCount> = self
            .stacks
            .iter()
            .map(|stack| ProtocolCount { path: stack.names.join("/"), packets: stack.packets, octets: stack.octets })
            .collect();
        for counted in flows.counted() {
            if let Some(index) = self.plain[plain(counted.is_v6, counted.is_udp)] {
                counts[index as usize].packets += counted.packets;
                counts[index as usize].octets += counted.octets;
            }
        }
        counts.sort_by(|a, b| b.packets.cmp(&a.packets).then_with(|| a.path.cmp(&b.path)));
        counts
    }
}
