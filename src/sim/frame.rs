//! A frame under way: its octets, shared by all copies, and the number that follows it through the network.

use std::rc::Rc;

/// The number of a frame, from 1 in the order in which frames were made. All copies of a frame share it; a packet that
/// a router puts into a new frame gets a new number.
pub type FrameId = u64;

/// Octets of the shortest Ethernet frame without its check sequence (IEEE 802.3).
pub const MIN_FRAME_LEN: usize = 60;
/// Octets of an Ethernet header.
pub const ETHERNET_HEADER_LEN: usize = 14;
/// Octets of an 802.1Q tag.
pub const TAG_LEN: usize = 4;

/// One copy of a frame. Cloning it copies no octets.
#[derive(Clone, Debug)]
pub struct FrameRef {
    octets: Rc<[u8]>,
    id: FrameId,
    damaged: bool,
}

impl FrameRef {
    /// A frame of these octets, from the destination address on and without the frame check sequence.
    pub fn new(id: FrameId, octets: &[u8]) -> FrameRef {
        FrameRef { octets: Rc::from(octets), id, damaged: false }
    }

    /// A frame whose octets somebody else holds too: none is copied.
    pub fn sharing(id: FrameId, octets: Rc<[u8]>) -> FrameRef {
        FrameRef { octets, id, damaged: false }
    }

    /// The frame's number.
    pub fn id(&self) -> FrameId {
        self.id
    }

    /// Its octets, without the frame check sequence.
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// True if the frame check sequence no longer fits: octets changed on the way.
    pub fn is_damaged(&self) -> bool {
        self.damaged
    }

    /// The same frame with other octets: a tag was put in or taken out.
    pub fn with_octets(&self, octets: &[u8]) -> FrameRef {
        FrameRef { octets: Rc::from(octets), id: self.id, damaged: self.damaged }
    }

    /// The same frame with octets changed by the wire, so that its check sequence no longer fits.
    pub fn damaged(&self, octets: &[u8]) -> FrameRef {
        FrameRef { octets: Rc::from(octets), id: self.id, damaged: true }
    }
}
