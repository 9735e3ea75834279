//! A frame under way: its octets, shared by all copies, and the number that follows it through the network.

use std::rc::Rc;

use smallvec::SmallVec;

/// The number of a frame, from 1 in the order in which frames were made. All copies of a frame share it; a packet that
/// a router puts into a new frame gets a new number.
pub type FrameId = u64;

/// Octets of the shortest Ethernet frame without its check sequence (IEEE 802.3).
pub const MIN_FRAME_LEN: usize = 60;
/// Octets of an Ethernet header.
pub const ETHERNET_HEADER_LEN: usize = 14;
/// Octets of an 802.1Q tag.
pub const TAG_LEN: usize = 4;
/// Octets of frames that live beside their number instead of somewhere else in memory: ARP, pings, acknowledgments.
const NEAR_LEN: usize = 104;

/// One copy of a frame. Cloning it copies no octets, and it is as small as a pointer, as each event carries one.
#[derive(Clone, Debug)]
pub struct FrameRef {
    body: Rc<Body>,
}

/// What all copies share.
#[derive(Debug)]
struct Body {
    id: FrameId,
    damaged: bool,
    octets: Octets,
}

/// Where the octets are.
#[derive(Debug)]
enum Octets {
    Own(SmallVec<[u8; NEAR_LEN]>),
    /// Somebody else holds them too.
    Shared(Rc<[u8]>),
}

impl FrameRef {
    /// A frame of these octets, from the destination address on and without the frame check sequence.
    pub fn new(id: FrameId, octets: &[u8]) -> FrameRef {
        FrameRef::made_of(id, octets, false)
    }

    /// The same, with zeros behind the octets up to the shortest frame there may be.
    pub(super) fn padded(id: FrameId, octets: &[u8]) -> FrameRef {
        let mut octets = SmallVec::from_slice(octets);
        if octets.len() < MIN_FRAME_LEN {
            octets.resize(MIN_FRAME_LEN, 0);
        }
        FrameRef { body: Rc::new(Body { id, damaged: false, octets: Octets::Own(octets) }) }
    }

    fn made_of(id: FrameId, octets: &[u8], damaged: bool) -> FrameRef {
        FrameRef { body: Rc::new(Body { id, damaged, octets: Octets::Own(SmallVec::from_slice(octets)) }) }
    }

    /// A frame whose octets somebody else holds too: none is copied.
    pub fn sharing(id: FrameId, octets: Rc<[u8]>) -> FrameRef {
        FrameRef { body: Rc::new(Body { id, damaged: false, octets: Octets::Shared(octets) }) }
    }

    /// The frame's number.
    pub fn id(&self) -> FrameId {
        self.body.id
    }

    /// Its octets, without the frame check sequence.
    pub fn octets(&self) -> &[u8] {
        match &self.body.octets {
            Octets::Own(octets) => octets,
            Octets::Shared(octets) => octets,
        }
    }

    /// True if the frame check sequence no longer fits: octets changed on the way.
    pub fn is_damaged(&self) -> bool {
        self.body.damaged
    }

    /// The same frame with other octets: a tag was put in or taken out.
    pub fn with_octets(&self, octets: &[u8]) -> FrameRef {
        FrameRef::made_of(self.body.id, octets, self.body.damaged)
    }

    /// The same frame with octets changed by the wire, so that its check sequence no longer fits.
    pub fn damaged(&self, octets: &[u8]) -> FrameRef {
        FrameRef::made_of(self.body.id, octets, true)
    }
}
