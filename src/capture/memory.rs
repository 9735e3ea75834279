//! Packets that are in memory already: for tests and for what was invented rather than captured.

use crate::base::Timestamp;
use crate::packet::{Direction, Item, Meta, PacketSource, RawPacket, Remark, SourceError};
use crate::wire::LinkType;

/// A source over packets in memory, in the order in which they were put in, numbered from 1.
#[derive(Clone, Debug, Default)]
pub struct MemorySource {
    steps: Vec<Stored>,
    octets: Vec<u8>,
    next: usize,
    packets: u64,
}

#[derive(Clone, Debug)]
enum Stored {
    /// A packet and where its octets end; they begin where those of the packet before ended.
    Packet(Meta, usize, usize),
    Remark(Remark),
}

impl MemorySource {
    /// A source without packets.
    pub fn new() -> MemorySource {
        MemorySource::default()
    }

    /// A source of whole Ethernet frames with their times in nanoseconds.
    pub fn of_frames<F: AsRef<[u8]>>(frames: impl IntoIterator<Item = (u64, F)>) -> MemorySource {
        let mut source = MemorySource::new();
        for (nanos, frame) in frames {
            let frame = frame.as_ref();
            source.push(Timestamp::from_nanos(nanos), LinkType::ETHERNET, frame, frame.len() as u32, None);
        }
        source
    }

    /// Adds a packet of which `octets` were kept out of `wire_len`.
    pub fn push(
        &mut self,
        at: Timestamp,
        link: LinkType,
        octets: &[u8],
        wire_len: u32,
        direction: Option<Direction>,
    ) -> &mut MemorySource {
        let mut meta = Meta::new(0, at, link, wire_len);
        meta.direction = direction;
        self.push_with(meta, octets)
    }

    /// Adds a packet with everything that is known of it; its number is given when it comes out.
    pub fn push_with(&mut self, meta: Meta, octets: &[u8]) -> &mut MemorySource {
        let start = self.octets.len();
        self.octets.extend_from_slice(octets);
        self.steps.push(Stored::Packet(meta, start, self.octets.len()));
        self
    }

    /// Adds a remark; one that belongs to a packet gets the number of the packet added after it.
    pub fn remark(&mut self, remark: Remark) -> &mut MemorySource {
        self.steps.push(Stored::Remark(remark));
        self
    }

    /// The packets again from the start.
    pub fn rewind(&mut self) {
        self.next = 0;
        self.packets = 0;
    }
}

impl PacketSource for MemorySource {
    fn next_item(&mut self) -> Result<Option<Item<'_>>, SourceError> {
        let Some(step) = self.steps.get(self.next) else { return Ok(None) };
        self.next += 1;
        Ok(Some(match step {
            Stored::Packet(meta, start, end) => {
                self.packets += 1;
                let meta = Meta { number: self.packets, ..*meta };
                Item::Packet(RawPacket { meta, bytes: &self.octets[*start..*end] })
            }
            Stored::Remark(remark) => {
                let packet = remark.packet.map(|_| self.packets + 1);
                Item::Remark(Remark { packet, ..remark.clone() })
            }
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_out_in_order_numbered_from_one_and_again_after_a_rewind() {
        let mut source = MemorySource::of_frames([(5, vec![1, 2]), (3, vec![]), (9, vec![7])]);
        for _ in 0..2 {
            let mut seen = Vec::new();
            while let Some(item) = source.next_item().expect("memory does not fail") {
                let Item::Packet(raw) = item else { panic!("no remark was put in") };
                seen.push((raw.meta.number, raw.meta.at.nanos(), raw.bytes.to_vec()));
            }
            assert_eq!(seen, [(1, 5, vec![1, 2]), (2, 3, vec![]), (3, 9, vec![7])]);
            source.rewind();
        }
    }
}
