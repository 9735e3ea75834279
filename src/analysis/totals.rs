//! Packets and octets by stack of layers.

use std::hash::{BuildHasher, Hasher};

use hashbrown::HashTable;
use serde::Serialize;

use crate::base::limits::MAX_STACKS;
use crate::packet::Packet;

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
    stacks: HashTable<Stack>,
}

#[derive(Debug)]
struct Stack {
    hash: u64,
    names: Vec<&'static str>,
    packets: u64,
    octets: u64,
}

impl Totals {
    /// Counts one packet.
    pub fn observe(&mut self, packet: &Packet<'_>) {
        let names = || packet.frame.layers().iter().map(|located| located.layer.name());
        let mut hasher = self.hasher.build_hasher();
        names().for_each(|name| hasher.write(name.as_bytes()));
        let hash = hasher.finish();
        let octets = u64::from(packet.meta.wire_len);
        if let Some(stack) = self.stacks.find_mut(hash, |stack| stack.names.iter().copied().eq(names())) {
            stack.packets += 1;
            stack.octets += octets;
        } else if self.stacks.len() < MAX_STACKS {
            let stack = Stack { hash, names: names().collect(), packets: 1, octets };
            self.stacks.insert_unique(hash, stack, |stack| stack.hash);
        }
    }

    /// What was counted, most packets first, then by name.
    pub fn protocols(&self) -> Vec<ProtocolCount> {
        let mut counts: Vec<ProtocolCount> = self
            .stacks
            .iter()
            .map(|stack| ProtocolCount { path: stack.names.join("/"), packets: stack.packets, octets: stack.octets })
            .collect();
        counts.sort_by(|a, b| b.packets.cmp(&a.packets).then_with(|| a.path.cmp(&b.path)));
        counts
    }
}
