//! What travels from thread to thread: packets with what is said of them, many at a time.

use crate::analysis::{Context, Note, Notes, Passed, Settlement};
use crate::base::limits::{MAX_PARCEL_OCTETS, MAX_PARCEL_PACKETS};
use crate::packet::{Meta, Packet, RawPacket, Remark};

/// What is in a parcel, in order.
#[derive(Default)]
pub(super) enum Thing {
    Packet {
        meta: Meta,
        len: usize,
        said: Said,
        passed: Passed,
    },
    Remark(Remark),
    #[default]
    Idle,
    /// The end of the source. What is left to say is behind everything else.
    End,
}

impl Thing {
    /// A packet of so many octets, of which nothing is said yet.
    #[inline]
    pub fn of(meta: Meta, len: usize) -> Thing {
        Thing::Packet { meta, len, said: Said { fresh: 0, settled: 0 }, passed: Passed::NOTHING }
    }

    /// The octets of the packet, if it is one, which come next in `octets`.
    pub fn octets<'a>(&self, octets: &mut &'a [u8]) -> Option<&'a [u8]> {
        let Thing::Packet { len, .. } = self else { return None };
        let (bytes, rest) = octets.split_at_checked(*len)?;
        *octets = rest;
        Some(bytes)
    }

    /// The packet, if it is one, whose octets come next in `octets`.
    pub fn packet<'a>(&self, octets: &mut &'a [u8]) -> Option<Packet<'a>> {
        let Thing::Packet { meta, .. } = self else { return None };
        let bytes = self.octets(octets)?;
        Some(Packet::decode(RawPacket { meta: *meta, bytes }))
    }
}

/// What is said of a packet: how many of the parcel's next notes and settlements are about it.
#[derive(Clone, Copy, Default)]
pub(super) struct Said {
    pub fresh: u32,
    pub settled: u32,
}

/// Packets with what is said of them.
#[derive(Default)]
pub(super) struct Parcel {
    pub things: Vec<Thing>,
    pub octets: Vec<u8>,
    /// One for each packet, if they are wanted.
    pub contexts: Vec<Context>,
    pub fresh: Vec<Note>,
    pub settled: Vec<Settlement>,
}

impl Parcel {
    pub fn is_full(&self) -> bool {
        self.things.len() >= MAX_PARCEL_PACKETS || self.octets.len() >= MAX_PARCEL_OCTETS
    }
}

/// Moves what was said of one packet behind what was said before; tells how much it was.
#[inline]
pub(super) fn put_in(fresh: &mut Vec<Note>, settled: &mut Vec<Settlement>, notes: &mut Notes) -> Said {
    let said = Said { fresh: notes.fresh.len() as u32, settled: notes.settled.len() as u32 };
    fresh.append(&mut notes.fresh);
    settled.append(&mut notes.settled);
    said
}
