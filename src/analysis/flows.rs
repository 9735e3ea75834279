//! What was found out about the flows of a moment ago.
//!
//! The packets of a flow come again and again, and nearly every tracker looks up who sent them to whom. Where it found
//! that, it notes here, so that the next packet of the same flow costs one comparison of its addresses and ports instead
//! of a search in each of their tables. Packets are even counted here, and what was counted of a flow is handed on when
//! another pushes it out ([`Flows::next_pushed_out`]) or when somebody asks for it ([`Flows::counted`]).
//!
//! Nothing else rests on this: what is not here is looked up again.

use super::digest;
use crate::base::limits::{LEAST_FLOWS, MAX_FLOWS, MAX_HOSTS};
use crate::wire::Frame;

/// No place yet.
pub(super) const NOWHERE: u32 = u32::MAX;
/// The same of a machine.
pub(super) const NO_HOST: u16 = u16::MAX;
const _: () = assert!(MAX_HOSTS < NO_HOST as usize, "machines have to fit their places");

/// Where the trackers have what belongs to a flow, one direction of it.
#[derive(Clone, Copy, Debug)]
pub struct Places {
    /// Source and destination among the end points.
    pub(super) endpoints: [u32; 2],
    /// The largest packet of the source; a hint.
    pub(super) largest: u32,
    /// The UDP conversation; a hint.
    pub(super) conversation: u32,
    /// What was known of the link when the flow last told something of masks; 0 if it never did.
    pub(super) masks: u32,
    count: Count,
    /// The machines that sent and received the frames.
    pub(super) hosts: [u16; 2],
    /// A bit for every kind of checksum of which the sender is known to have had a right one.
    pub(super) good_sums: u8,
}

/// Packets and octets of a flow that only the flow knows of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub packets: u32,
    pub octets: u32,
}

/// What was counted of a flow, and where it belongs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted {
    pub endpoints: [u32; 2],
    pub hosts: [u16; 2],
    pub is_v6: bool,
    pub is_udp: bool,
    pub packets: u64,
    pub octets: u64,
}

impl Default for Places {
    #[inline]
    fn default() -> Places {
        Places {
            endpoints: [NOWHERE; 2],
            largest: NOWHERE,
            conversation: NOWHERE,
            masks: 0,
            count: Count::default(),
            hosts: [NO_HOST; 2],
            good_sums: 0,
        }
    }
}

impl Places {
    /// Counts a packet with its flow; false, and nothing is counted, if no more can be.
    #[inline]
    pub(super) fn count(&mut self, octets: u32) -> bool {
        let packets = self.count.packets.checked_add(1);
        let octets = self.count.octets.checked_add(octets);
        let (Some(packets), Some(octets)) = (packets, octets) else { return false };
        self.count = Count { packets, octets };
        true
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
    v4: Table<V4_WORDS>,
    v6: Table<V6_WORDS>,
    other: Places,
}

/// Both MAC addresses, the protocol, the addresses and the ports.
const V4_WORDS: usize = 3 + 1 + 2 + 1;
const V6_WORDS: usize = 3 + 1 + 8 + 1;
/// Where the protocol stands in a key.
const PROTOCOL: usize = 3;
const UDP: u32 = 17;

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

    /// Where the flow of these octets is, if they are a plain frame, and if it is known: [`Flows::places`] may be those of
    /// another flow. Good for looking ahead, before a packet is decoded.
    #[inline]
    pub(super) fn foresee(&self, octets: &[u8]) -> Flow {
        let Some(beginning) = octets.first_chunk::<42>() else { return Flow::Other };
        match [beginning[12], beginning[13]] {
            [0x08, 0x00] => Flow::V4(self.v4.index(&key_v4(beginning))),
            [0x86, 0xdd] => match octets.first_chunk() {
                Some(beginning) => Flow::V6(self.v6.index(&key_v6(beginning))),
                None => Flow::Other,
            },
            _ => Flow::Other,
        }
    }

    /// True if there are flows that were pushed out and of which something was counted.
    #[inline]
    pub(super) fn has_pushed_out(&self) -> bool {
        !self.v4.pushed_out.is_empty() || !self.v6.pushed_out.is_empty()
    }

    /// What was counted of the next of these.
    pub(super) fn next_pushed_out(&mut self) -> Option<Counted> {
        let v4 = self.v4.pushed_out.pop().map(|slot| slot.counted(false));
        v4.or_else(|| self.v6.pushed_out.pop().map(|slot| slot.counted(true)))
    }

    /// What was counted of a flow, which forgets it.
    pub(super) fn take_counted(&mut self, flow: Flow) -> Option<Counted> {
        let counted = match flow {
            Flow::Other => return None,
            Flow::V4(slot) => self.v4.slots.get(slot)?.counted(false),
            Flow::V6(slot) => self.v6.slots.get(slot)?.counted(true),
        };
        self.places(flow).count = Count::default();
        Some(counted)
    }

    /// What was counted of the flows that are here.
    pub(super) fn counted(&self) -> impl Iterator<Item = Counted> {
        let v4 = self.v4.slots.iter().map(|slot| slot.counted(false));
        let v6 = self.v6.slots.iter().map(|slot| slot.counted(true));
        v4.chain(v6).filter(|counted| counted.packets > 0)
    }
}

/// What all packets of a flow have in common.
enum Key {
    V4([u32; V4_WORDS]),
    V6([u32; V6_WORDS]),
}

#[inline]
fn key(frame: &Frame<'_>) -> Option<Key> {
    if let Some(plain) = frame.plain_v4() {
        return Some(Key::V4(key_v4(plain.octets())));
    }
    if !frame.is_plain() {
        return None;
    }
    Some(Key::V6(key_v6(frame.bytes().first_chunk()?)))
}

/// The key of a plain frame over IPv4 that begins so.
#[inline]
fn key_v4(octets: &[u8; 42]) -> [u32; V4_WORDS] {
    let word = |at: usize| word(octets, at);
    [word(0), word(4), word(8), u32::from(octets[23]), word(26), word(30), word(34)]
}

/// The same over IPv6.
#[inline]
fn key_v6(octets: &[u8; 62]) -> [u32; V6_WORDS] {
    let word = |at: usize| word(octets, at);
    let [a, b, c, d, e, f, g, h] = [22, 26, 30, 34, 38, 42, 46, 50].map(word);
    [word(0), word(4), word(8), u32::from(octets[20]), a, b, c, d, e, f, g, h, word(54)]
}

/// Four octets as a number.
#[inline]
fn word(octets: &[u8], at: usize) -> u32 {
    octets.get(at..).and_then(|octets| octets.first_chunk()).map_or(0, |octets| u32::from_le_bytes(*octets))
}

/// Flows by key, each in the one slot where it may be: a newer one pushes it out. The table grows with their number, as
/// long as many find no place.
#[derive(Debug)]
struct Table<const WORDS: usize> {
    slots: Vec<Slot<WORDS>>,
    /// Flows of which something was counted, and that have no slot any more.
    pushed_out: Vec<Slot<WORDS>>,
    /// How often a flow was looked for, and how often it had to be given a slot, of late.
    looked_for: usize,
    strangers: usize,
}

/// One of IPv4 fills a line of the processor's cache, so that a look at it is one look at memory.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Slot<const WORDS: usize> {
    key: [u32; WORDS],
    places: Places,
}

const _: () = assert!(size_of::<Slot<V4_WORDS>>() == 64, "a flow fills a line");

impl<const WORDS: usize> Slot<WORDS> {
    fn counted(&self, is_v6: bool) -> Counted {
        let Places { endpoints, hosts, count, .. } = self.places;
        let (packets, octets) = (u64::from(count.packets), u64::from(count.octets));
        Counted { endpoints, hosts, is_v6, is_udp: self.key[PROTOCOL] == UDP, packets, octets }
    }
}

impl<const WORDS: usize> Default for Table<WORDS> {
    fn default() -> Table<WORDS> {
        Table { slots: Vec::new(), pushed_out: Vec::new(), looked_for: 0, strangers: 0 }
    }
}

impl<const WORDS: usize> Table<WORDS> {
    /// As many as fit where [`MAX_FLOWS`] of IPv4 do.
    const MOST: usize = MAX_FLOWS * size_of::<Slot<V4_WORDS>>() / size_of::<Slot<WORDS>>();

    /// The slot of the flow with this key; `None` before there are any.
    #[inline]
    fn find(&mut self, key: [u32; WORDS]) -> Option<usize> {
        self.looked_for += 1;
        let index = self.index(&key);
        match self.slots.get(index) {
            Some(slot) if slot.key == key => Some(index),
            _ => self.place(key),
        }
    }

    /// Where a flow may be.
    #[inline]
    fn index(&self, key: &[u32; WORDS]) -> usize {
        let pair = |one: u32, other: u32| u64::from(one) | u64::from(other) << 32;
        let (fours, rest) = key.as_chunks::<4>();
        let four = |digest, [a, b, c, d]: &[u32; 4]| digest::pair(digest, pair(*a, *b), pair(*c, *d));
        let digest = fours.iter().fold(0, four);
        let digest = match rest {
            [] => digest,
            [a] => digest::pair(digest, u64::from(*a), 0),
            [a, b] => digest::pair(digest, pair(*a, *b), 0),
            [a, b, c, ..] => digest::pair(digest, pair(*a, *b), u64::from(*c)),
        };
        digest as usize & self.slots.len().wrapping_sub(1)
    }

    /// Gives a slot to a flow that has none.
    #[inline(never)]
    fn place(&mut self, key: [u32; WORDS]) -> Option<usize> {
        self.strangers += 1;
        if self.strangers > self.slots.len() / 2 {
            // Where one packet in four finds no place, flows push each other out, or they come and go.
            if self.strangers * 4 >= self.looked_for && self.slots.len() < Self::MOST {
                self.grow();
            }
            (self.looked_for, self.strangers) = (0, 0);
        }
        let index = self.index(&key);
        let slot = self.slots.get_mut(index)?;
        let before = std::mem::replace(slot, Slot { key, places: Places::default() });
        if before.places.count.packets > 0 {
            self.pushed_out.push(before);
        }
        Some(index)
    }

    fn grow(&mut self) {
        // No flow has a key of zeros, for its protocol is in it.
        let empty = Slot { key: [0; WORDS], places: Places::default() };
        let before = std::mem::take(&mut self.slots);
        // Both are powers of two, so no two flows meet that had slots of their own.
        self.slots = vec![empty; (before.len() * 4).clamp(LEAST_FLOWS, Self::MOST)];
        for slot in before.into_iter().filter(|slot| slot.key != [0; WORDS]) {
            let index = self.index(&slot.key);
            self.slots[index] = slot;
        }
    }
}

#[cfg(test)]
mod tests;
