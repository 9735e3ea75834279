//! What was found out about the flows of a moment ago.
//!
//! The packets of a flow come again and again, and nearly every tracker looks up who sent them to whom. Where it found
//! that, it notes here, so that the next packet of the same flow costs one comparison of its addresses and ports instead
//! of a search in each of their tables. Nothing rests on this: what is not here, or was pushed out by another flow, is
//! looked up again.

use super::digest;
use crate::base::limits::{LEAST_FLOWS, MAX_FLOWS};
use crate::wire::Frame;

/// No place yet.
pub(super) const NOWHERE: u32 = u32::MAX;

/// Where the trackers have what belongs to a flow, one direction of it.
#[derive(Clone, Copy, Debug)]
pub struct Places {
    /// Source and destination among the end points.
    pub(super) endpoints: [u32; 2],
    /// The machines that sent and received the frames.
    pub(super) hosts: [u32; 2],
    /// A bit for every kind of checksum of which the sender is known to have had a right one.
    pub(super) good_sums: u32,
    /// The largest packet of the source; a hint.
    pub(super) largest: u32,
    /// The UDP conversation; a hint.
    pub(super) conversation: u32,
    /// What was known of the link when the flow last told something of masks; 0 if it never did.
    pub(super) masks: u32,
}

impl Default for Places {
    #[inline]
    fn default() -> Places {
        Places {
            endpoints: [NOWHERE; 2],
            hosts: [NOWHERE; 2],
            good_sums: 0,
            largest: NOWHERE,
            conversation: NOWHERE,
            masks: 0,
        }
    }
}

/// Which flow a packet belongs to, until the next packet is looked up.
#[derive(Clone, Copy, Debug)]
pub(super) enum Flow {
    /// One that is not remembered.
    Other,
    /// One over IPv4.
    V4(usize),
    /// One over IPv6.
    V6(usize),
}

/// The flows of plain frames (see [`Frame::is_plain`]).
#[derive(Debug, Default)]
pub(super) struct Flows {
    /// Both MAC addresses and the EtherType (some octets twice), the addresses, the ports and the protocol.
    v4: Table<4>,
    v6: Table<7>,
    other: Places,
}

impl Flows {
    /// The flow of a frame.
    #[inline]
    pub(super) fn find(&mut self, frame: &Frame<'_>) -> Flow {
        let flow = match key(frame) {
            Some(Key::V4(key)) => self.v4.find(key).map(Flow::V4),
            Some(Key::V6(key)) => self.v6.find(key).map(Flow::V6),
            None => None,
        };
        flow.unwrap_or_else(|| self.other())
    }

    /// The flow of what is no plain frame, of which nothing is remembered.
    #[inline]
    pub(super) fn other(&mut self) -> Flow {
        self.other = Places::default();
        Flow::Other
    }

    /// The places of a flow.
    #[inline]
    pub(super) fn places(&mut self, flow: Flow) -> &mut Places {
        let places = match flow {
            Flow::Other => None,
            Flow::V4(slot) => self.v4.slots.get_mut(slot).map(|slot| &mut slot.places),
            Flow::V6(slot) => self.v6.slots.get_mut(slot).map(|slot| &mut slot.places),
        };
        places.unwrap_or(&mut self.other)
    }

    /// Something from where the flow of a frame is, if it is known: what is asked for here is at hand when it is needed.
    #[inline]
    pub(super) fn touch(&self, frame: &Frame<'_>) -> u32 {
        let slot = match key(frame) {
            Some(Key::V4(key)) => self.v4.slots.get(self.v4.index(&key)).map(|slot| slot.places.good_sums),
            Some(Key::V6(key)) => self.v6.slots.get(self.v6.index(&key)).map(|slot| slot.places.good_sums),
            None => None,
        };
        slot.unwrap_or_default()
    }
}

/// What all packets of a flow have in common.
enum Key {
    V4([u64; 4]),
    V6([u64; 7]),
}

#[inline]
fn key(frame: &Frame<'_>) -> Option<Key> {
    if let Some(plain) = frame.plain_v4() {
        let octets = plain.octets();
        let protocol_and_ports = word(octets, 34) << 32 | u64::from(plain.protocol());
        return Some(Key::V4([word(octets, 0), word(octets, 6), word(octets, 26), protocol_and_ports]));
    }
    if !frame.is_plain() {
        return None;
    }
    let octets = frame.bytes().first_chunk::<62>()?;
    let [first, second, third, fourth] = [22, 30, 38, 46].map(|at| word(octets, at));
    let protocol_and_ports = word(octets, 54) << 32 | u64::from(octets[20]);
    Some(Key::V6([word(octets, 0), word(octets, 6), first, second, third, fourth, protocol_and_ports]))
}

/// Eight octets as a number in which the first are the lowest.
#[inline]
fn word(octets: &[u8], at: usize) -> u64 {
    octets.get(at..).and_then(|octets| octets.first_chunk()).map_or(0, |octets| u64::from_le_bytes(*octets))
}

/// Flows by key, each in the one slot where it may be: a newer one pushes it out, and the table grows with their number.
#[derive(Debug)]
struct Table<const WORDS: usize> {
    slots: Vec<Slot<WORDS>>,
    /// How many flows found no place of theirs.
    strangers: usize,
}

/// One of IPv4 fills a line of the processor's cache, so that a look at it is one look at memory.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Slot<const WORDS: usize> {
    key: [u64; WORDS],
    places: Places,
}

impl<const WORDS: usize> Default for Table<WORDS> {
    fn default() -> Table<WORDS> {
        Table { slots: Vec::new(), strangers: 0 }
    }
}

impl<const WORDS: usize> Table<WORDS> {
    /// The slot of the flow with this key; `None` before there are any.
    #[inline]
    fn find(&mut self, key: [u64; WORDS]) -> Option<usize> {
        let index = self.index(&key);
        match self.slots.get(index) {
            Some(slot) if slot.key == key => Some(index),
            _ => self.place(key),
        }
    }

    /// Where a flow may be.
    #[inline]
    fn index(&self, key: &[u64; WORDS]) -> usize {
        let (pairs, odd) = key.as_chunks::<2>();
        let before = odd.first().copied().unwrap_or(0);
        let digest = pairs.iter().fold(before, |digest, [one, other]| digest::pair(digest, *one, *other));
        digest as usize & self.slots.len().wrapping_sub(1)
    }

    /// Gives a slot to a flow that has none.
    #[inline(never)]
    fn place(&mut self, key: [u64; WORDS]) -> Option<usize> {
        let len = self.slots.len();
        if self.strangers >= len / 2 && len < MAX_FLOWS {
            // No frame has a key of zeros, for its EtherType is in it.
            let empty = Slot { key: [0; WORDS], places: Places::default() };
            let before = std::mem::take(&mut self.slots);
            self.slots = vec![empty; (len * 4).clamp(LEAST_FLOWS, MAX_FLOWS)];
            for slot in before.into_iter().filter(|slot| slot.key != [0; WORDS]) {
                let index = self.index(&slot.key);
                self.slots[index] = slot;
            }
        }
        self.strangers = self.strangers.saturating_add(1);
        let index = self.index(&key);
        *self.slots.get_mut(index)? = Slot { key, places: Places::default() };
        Some(index)
    }
}

#[cfg(test)]
mod tests;
