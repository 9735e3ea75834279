//! Taps: where the simulator is watched. A tap sits on one port and is one more source of packets, so that decoding and
//! analysis cannot tell a captured frame from an invented one.

use super::frame::FrameRef;
use crate::base::Timestamp;
use crate::packet::{Direction, Item, Meta, PacketSource, RawPacket, SourceError};
use crate::wire::LinkType;

/// A frame that passed a tap.
#[derive(Clone, Debug)]
pub struct Tapped {
    /// When its first bit left the port, or its last bit arrived.
    pub at: Timestamp,
    /// Which way it went, as the box behind the port sees it.
    pub direction: Direction,
    /// The frame.
    pub frame: FrameRef,
}

/// Everything that passed one port, in the order of time.
#[derive(Clone, Debug, Default)]
pub struct Tap {
    passed: Vec<Tapped>,
    lost: u64,
    next: usize,
}

impl Tap {
    /// Keeps a frame that passes.
    pub(super) fn see(&mut self, at: Timestamp, direction: Direction, frame: &FrameRef) {
        if self.passed.len() >= crate::base::limits::MAX_TAPPED_FRAMES {
            self.lost += 1;
            return;
        }
        self.passed.push(Tapped { at, direction, frame: frame.clone() });
    }

    /// Puts frames in the order of their times: a frame that waited for the wire was noted before it left.
    pub(super) fn sort(&mut self) {
        self.passed.sort_by_key(|tapped| tapped.at);
    }

    /// All frames, in the order of time.
    pub fn frames(&self) -> &[Tapped] {
        &self.passed
    }

    /// Frames that passed but were not kept, because there were too many.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// Begins again at the first frame.
    pub fn rewind(&mut self) {
        self.next = 0;
    }
}

impl PacketSource for Tap {
    fn next_item(&mut self) -> Result<Option<Item<'_>>, SourceError> {
        let Some(tapped) = self.passed.get(self.next) else { return Ok(None) };
        self.next += 1;
        let bytes = tapped.frame.octets();
        let mut meta = Meta::new(self.next as u64, tapped.at, LinkType::ETHERNET, bytes.len() as u32);
        meta.direction = Some(tapped.direction);
        Ok(Some(Item::Packet(RawPacket { meta, bytes })))
    }
}
