//! Fragmented datagrams of IPv4 and IPv6 (rules FR1 to FR18): which pieces belong together, what is missing, what
//! overlaps, and the whole datagram for the layers above, once, when its last missing piece comes.
//!
//! Memory is bounded per source and in all: the oldest datagram makes room. Time is that of the capture.

pub mod arithmetic;
mod datagram;
mod policy;
mod report;
mod seen;
mod shapes;
mod words;

use std::collections::VecDeque;
use std::net::IpAddr;

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::bounded::Bounded;
use super::catalogue::fragments as entries;
use super::health::{Trust, Verdict};
use super::note::{Fact, Note, Notes};
use crate::base::Timestamp;
use crate::base::limits::*;
use crate::packet::{Meta, Packet, RawPacket};
use crate::wire::{Frame, LinkType};

use datagram::Datagram;
pub use datagram::OverlapKind;
pub use policy::{Extent, Policy, Share};
pub use report::{FragmentReport, Outcome, OverlapReport, PieceReport, PolicyReport, ShareReport, Stretch};
use seen::{Key, Seen};

/// How long pieces are waited for: 60 s, the least that RFC 1122 §3.3.2 allows and what RFC 8200 §4.5 demands.
pub const TIMER_NS: u64 = 60_000_000_000;
/// How long Linux waits for pieces of IPv4 (`ipfrag_time`).
const LINUX_TIMER_NS: u64 = 30_000_000_000;
/// The largest IPv4 packet, and the largest payload of IPv6.
const MAX_DATAGRAM_LEN: u32 = 65_535;

/// What a packet is to the layers above.
#[derive(Debug)]
pub enum Reassembly {
    /// Not a fragment: hand it on.
    Whole,
    /// A piece; others are missing, or it is of no use.
    Waiting,
    /// The last missing piece: hand on the datagram, at the time of this packet.
    Complete(Assembled),
}

/// A datagram put together from its pieces: one IP packet. Give it back after use, so that its memory is used again.
#[derive(Debug, Default)]
pub struct Assembled {
    bytes: Vec<u8>,
    wire_len: u32,
}

impl Assembled {
    /// The datagram as a packet that begins with its IP header and bears number and time of the completing packet.
    pub fn packet(&self, completing: &Meta) -> Packet<'_> {
        let meta = Meta { link: LinkType::RAW, wire_len: self.wire_len, ..*completing };
        Packet::decode(RawPacket { meta, bytes: &self.bytes })
    }
}

/// How many datagrams ended in which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct OutcomeCounts {
    /// Datagrams that ended; the report describes the first ten thousand.
    pub datagrams: u64,
    /// See [`Outcome`].
    pub complete: u64,
    /// See [`Outcome`].
    pub incomplete: u64,
    /// See [`Outcome`].
    pub overlap: u64,
    /// See [`Outcome`].
    pub conflict: u64,
    /// See [`Outcome`].
    pub too_long: u64,
    /// See [`Outcome`].
    pub timed_out: u64,
    /// Of the incomplete ones: those whose memory was needed for others.
    pub evicted: u64,
    /// Datagrams that the report only counts.
    pub not_listed: u64,
}

/// A datagram that ended, remembered for what may still come of it (rule FR7).
#[derive(Debug)]
struct Closed {
    number: u64,
    first_at: Timestamp,
    /// Its first pieces, with digests of their octets.
    pieces: Box<[(Extent, u64)]>,
    /// Index in the report.
    row: Option<usize>,
}

/// What the waiting pieces of one source take.
#[derive(Debug, Default)]
struct Source {
    datagrams: usize,
    octets: usize,
    /// In order of arrival; those that ended meanwhile are skipped.
    waiting: VecDeque<(Key, u64)>,
}

/// Watches fragments and puts datagrams together.
#[derive(Debug)]
pub struct Fragments {
    open: Bounded<Key, Datagram>,
    closed: Bounded<Key, Closed>,
    sources: HashMap<IpAddr, Source, FixedState>,
    octets: usize,
    started: u64,
    rows: Vec<FragmentReport>,
    listed_packets: usize,
    counts: OutcomeCounts,
    said_full: bool,
    spare: Vec<u8>,
}

impl Default for Fragments {
    fn default() -> Fragments {
        Fragments {
            open: Bounded::new(MAX_OPEN_DATAGRAMS),
            closed: Bounded::new(MAX_CLOSED_DATAGRAMS),
            sources: HashMap::default(),
            octets: 0,
            started: 0,
            rows: Vec::new(),
            listed_packets: 0,
            counts: OutcomeCounts::default(),
            said_full: false,
            spare: Vec::new(),
        }
    }
}

impl Fragments {
    /// Takes in a packet; what it means as a piece of a datagram is added to `notes`.
    #[inline]
    pub fn observe(&mut self, packet: &Packet<'_>, trust: Trust, notes: &mut Notes) -> Reassembly {
        if self.has_nothing_to_do(packet) { Reassembly::Whole } else { self.observe_any(packet, trust, notes) }
    }

    /// True if nothing is to be said of a packet, and nothing waits for what it would tell of the time.
    #[inline]
    pub(super) fn has_nothing_to_do(&self, packet: &Packet<'_>) -> bool {
        let frame = &packet.frame;
        self.open.is_empty() && frame.is_plain() && frame.plain_v4().is_none_or(|plain| !plain.has_reserved_flag())
    }

    #[inline(never)]
    fn observe_any(&mut self, packet: &Packet<'_>, trust: Trust, notes: &mut Notes) -> Reassembly {
        self.expire(packet.meta.at, notes);
        let Some(seen) = seen::find(packet) else {
            shapes::note_whole(packet, notes);
            return Reassembly::Whole;
        };
        shapes::note_flags(packet, &seen, notes);
        if trust.header == Verdict::Bad {
            // The receiver throws it away before it looks at the offset (rule FR14).
            return Reassembly::Waiting;
        }
        if !shapes::has_good_length(packet, &seen, notes) {
            return Reassembly::Waiting;
        }
        shapes::note_tiny(packet, &seen, notes);
        if self.is_late_copy(packet, &seen, notes) {
            return Reassembly::Waiting;
        }
        self.add(packet, &seen, notes)
    }

    /// Takes the memory of a datagram back.
    pub fn give_back(&mut self, assembled: Assembled) {
        self.spare = assembled.bytes;
    }

    /// Links an ICMP "fragment reassembly time exceeded" (type 11 code 1, ICMPv6 type 3 code 1) to the datagram that it
    /// quotes (rule FR6); the datagram's number.
    pub fn time_exceeded(&mut self, quoted: &Frame<'_>, packet: u64) -> Option<u64> {
        let key = seen::quoted_key(quoted)?;
        if let Some(datagram) = self.open.get_mut(&key) {
            datagram.time_exceeded = Some(packet);
            return Some(datagram.number);
        }
        let closed = self.closed.get(&key)?;
        if let Some(row) = closed.row {
            self.rows[row].time_exceeded = Some(packet);
        }
        Some(closed.number)
    }

    /// The end of the capture: what still waits stays incomplete.
    pub fn finish(&mut self, notes: &mut Notes) {
        while let Some((key, datagram)) = self.open.take_oldest() {
            self.leave_source(&key, &datagram);
            let outcome = outcome(&datagram, Outcome::Incomplete);
            if outcome == Outcome::Incomplete {
                notes.say(words::missing(&entries::INCOMPLETE, &datagram));
            }
            self.close(key, datagram, outcome, false);
        }
    }

    /// The datagrams that ended, in that order; the first ten thousand of them.
    pub fn report(&self) -> &[FragmentReport] {
        &self.rows
    }

    /// The datagram that this packet completed, if the report still has room for it.
    pub(super) fn just_completed(&self, packet: u64) -> Option<&FragmentReport> {
        self.rows.last().filter(|row| row.packets.last() == Some(&packet))
    }

    /// Datagrams that wait for pieces.
    pub fn waiting(&self) -> usize {
        self.open.len()
    }

    /// Octets of memory that waiting pieces take.
    pub fn memory(&self) -> usize {
        self.octets
    }

    /// How many ended in which way.
    pub fn counts(&self) -> OutcomeCounts {
        self.counts
    }

    fn add(&mut self, packet: &Packet<'_>, seen: &Seen<'_>, notes: &mut Notes) -> Reassembly {
        if self.open.get(&seen.key).is_none() {
            self.begin(packet, seen, notes);
        }
        let Some(datagram) = self.open.get_mut(&seen.key) else { return Reassembly::Waiting };
        let before = datagram.memory();
        let added = if is_too_long(seen) {
            datagram.too_long = true;
            datagram.packet_count += 1;
            datagram.packets.push(packet.meta.number);
            shapes::note_too_long(packet, seen, datagram.number, notes);
            None
        } else {
            Some(datagram.add(seen, &packet.meta))
        };
        if seen.extent.start == 0 && seen.is_innermost && datagram.ports.is_none() {
            datagram.ports = packet.frame.ports();
        }
        if let Some(added) = added {
            words::note_piece(packet, seen, datagram, added, notes);
        }
        let grown = datagram.memory() - before;
        let number = datagram.number;
        let is_covered = datagram.is_covered();
        self.octets += grown;
        if let Some(source) = self.sources.get_mut(&seen.key.source) {
            source.octets += grown;
        }
        if is_covered {
            return self.complete(packet, seen.key, notes);
        }
        self.make_room(seen.key, number, notes);
        Reassembly::Waiting
    }

    fn begin(&mut self, packet: &Packet<'_>, seen: &Seen<'_>, notes: &mut Notes) {
        if let Some(closed) = self.closed.remove(&seen.key) {
            let elapsed = packet.meta.at.nanos_since(closed.first_at);
            if elapsed <= TIMER_NS && elapsed > 0 {
                shapes::note_reused(packet, seen, closed.number, elapsed, notes);
            }
        }
        self.started += 1;
        let datagram = Datagram::new(self.started, seen, &packet.meta);
        let source = self.sources.entry(seen.key.source).or_default();
        source.datagrams += 1;
        source.waiting.push_back((seen.key, self.started));
        if source.waiting.len() > 2 * source.datagrams + 16 {
            let open = &self.open;
            source.waiting.retain(|(key, number)| {
                *number == self.started || open.get(key).is_some_and(|datagram| datagram.number == *number)
            });
        }
        let crowded = source.datagrams > MAX_OPEN_DATAGRAMS_PER_SOURCE;
        if let Some((key, evicted)) = self.open.insert(seen.key, datagram) {
            self.leave_source(&key, &evicted);
            self.evict(key, evicted, notes);
        }
        if crowded {
            self.evict_oldest_of(seen.key.source, self.started, notes);
        }
    }

    /// Evicts until the octets are within their bounds, sparing the datagram just extended.
    fn make_room(&mut self, key: Key, number: u64, notes: &mut Notes) {
        while self.sources.get(&key.source).is_some_and(|source| source.octets > MAX_FRAGMENT_OCTETS_PER_SOURCE)
            && self.evict_oldest_of(key.source, number, notes)
        {}
        while self.octets > MAX_FRAGMENT_OCTETS {
            match self.open.oldest() {
                Some((oldest, datagram)) if datagram.number != number => {
                    let oldest = *oldest;
                    self.evict_key(oldest, notes);
                }
                _ => break,
            }
        }
    }

    fn evict_oldest_of(&mut self, address: IpAddr, spared: u64, notes: &mut Notes) -> bool {
        while let Some((key, number)) = self.sources.get_mut(&address).and_then(|source| source.waiting.pop_front()) {
            let is_open = self.open.get(&key).is_some_and(|datagram| datagram.number == number);
            if is_open && number != spared {
                self.evict_key(key, notes);
                return true;
            }
            if is_open {
                // Only the spared one is left.
                if let Some(source) = self.sources.get_mut(&address) {
                    source.waiting.push_front((key, number));
                }
                return false;
            }
        }
        false
    }

    fn evict_key(&mut self, key: Key, notes: &mut Notes) {
        if let Some(datagram) = self.open.remove(&key) {
            self.leave_source(&key, &datagram);
            self.evict(key, datagram, notes);
        }
    }

    fn evict(&mut self, key: Key, datagram: Datagram, notes: &mut Notes) {
        self.counts.evicted += 1;
        if !self.said_full {
            self.said_full = true;
            notes.say(words::missing(&entries::EVICTED, &datagram));
        }
        let outcome = outcome(&datagram, Outcome::Incomplete);
        self.close(key, datagram, outcome, false);
    }

    fn expire(&mut self, now: Timestamp, notes: &mut Notes) {
        while let Some((_, oldest)) = self.open.oldest() {
            if now.nanos_since(oldest.first_at) <= TIMER_NS {
                break;
            }
            let Some((key, datagram)) = self.open.take_oldest() else { break };
            self.leave_source(&key, &datagram);
            let outcome = outcome(&datagram, Outcome::TimedOut);
            if outcome == Outcome::TimedOut {
                notes.say(words::missing(&entries::TIMED_OUT, &datagram));
            }
            self.close(key, datagram, outcome, false);
        }
    }

    fn complete(&mut self, packet: &Packet<'_>, key: Key, notes: &mut Notes) -> Reassembly {
        let Some(datagram) = self.open.remove(&key) else { return Reassembly::Waiting };
        self.leave_source(&key, &datagram);
        let is_v6 = key.source.is_ipv6();
        let ecn_fits = datagram.ecn().is_some();
        if !ecn_fits {
            let note = Note::new(&entries::ECN_MIX, packet.meta.number, packet.meta.at);
            notes.say(note.with("datagram", Fact::Count(datagram.number)));
        }
        let refused = datagram.tail_conflict
            || datagram.too_long
            || datagram.partial
            || datagram.overlaps_at_all && is_v6
            || !ecn_fits;
        let mut bytes = std::mem::take(&mut self.spare);
        let wire_len = if refused { None } else { datagram.assemble(&mut bytes) };
        if wire_len.is_some() {
            words::note_complete(packet, &datagram, notes);
        }
        let outcome = outcome(&datagram, if ecn_fits { Outcome::Complete } else { Outcome::Conflict });
        self.close(key, datagram, outcome, wire_len.is_some());
        match wire_len {
            Some(wire_len) => Reassembly::Complete(Assembled { bytes, wire_len }),
            None => {
                self.spare = bytes;
                Reassembly::Waiting
            }
        }
    }

    fn leave_source(&mut self, key: &Key, datagram: &Datagram) {
        self.octets -= datagram.memory();
        if let Some(source) = self.sources.get_mut(&key.source) {
            source.octets -= datagram.memory();
            source.datagrams -= 1;
            if source.datagrams == 0 {
                self.sources.remove(&key.source);
            }
        }
    }

    fn close(&mut self, key: Key, datagram: Datagram, outcome: Outcome, delivered: bool) {
        let counts = &mut self.counts;
        counts.datagrams += 1;
        match outcome {
            Outcome::Complete => counts.complete += 1,
            Outcome::Incomplete => counts.incomplete += 1,
            Outcome::Overlap => counts.overlap += 1,
            Outcome::Conflict => counts.conflict += 1,
            Outcome::TooLong => counts.too_long += 1,
            Outcome::TimedOut => counts.timed_out += 1,
        }
        let room = self.rows.len() < MAX_FRAGMENT_REPORTS && self.listed_packets < MAX_REPORTED_FRAGMENTS;
        let row = room.then(|| {
            self.listed_packets += datagram.packets.len();
            self.rows.push(FragmentReport::of(&datagram, outcome, delivered, &datagram.packets));
            self.rows.len() - 1
        });
        self.counts.not_listed += u64::from(row.is_none());
        let pieces = datagram.digests().take(MAX_CLOSED_PIECES).collect();
        let closed = Closed { number: datagram.number, first_at: datagram.first_at, pieces, row };
        self.closed.insert(key, closed);
    }

    /// True if the piece is a copy of one that a datagram had which ended within the timer (rule FR7).
    fn is_late_copy(&self, packet: &Packet<'_>, seen: &Seen<'_>, notes: &mut Notes) -> bool {
        if self.open.get(&seen.key).is_some() {
            return false;
        }
        let Some(closed) = self.closed.get(&seen.key) else { return false };
        let is_copy = packet.meta.at.nanos_since(closed.first_at) <= TIMER_NS
            && closed
                .pieces
                .iter()
                .any(|(extent, digest)| *extent == seen.extent && *digest == datagram::digest(seen.data));
        if is_copy {
            let note = Note::new(&entries::DUPLICATE_LATE, packet.meta.number, packet.meta.at);
            let mut note = note.with("datagram", Fact::Count(closed.number));
            let packets = closed.row.map_or(&[][..], |row| &self.rows[row].packets);
            if let (Some(first), Some(last)) = (packets.iter().min(), packets.iter().max()) {
                note = note.with("first", Fact::Packet(*first)).with("last", Fact::Packet(*last));
            }
            notes.say(note);
        }
        is_copy
    }
}

/// Digest of the tunnel around the innermost IP packet of a frame, for keys of conversations (rule P7); 0 outside of one.
pub(super) fn tunnel_of(frame: &Frame<'_>) -> u64 {
    seen::tunnel_of(frame)
}

fn is_too_long(seen: &Seen<'_>) -> bool {
    // The length field of IPv4 counts the header, that of IPv6 only what stands behind its 40 octets.
    let in_front = if seen.key.source.is_ipv6() { seen.header.len().saturating_sub(40) } else { seen.header.len() };
    seen.extent.end + in_front as u32 > MAX_DATAGRAM_LEN
}

/// What became of a datagram, if nothing worse happened than `otherwise`.
fn outcome(datagram: &Datagram, otherwise: Outcome) -> Outcome {
    if datagram.too_long {
        Outcome::TooLong
    } else if datagram.tail_conflict || datagram.differs {
        Outcome::Conflict
    } else if datagram.partial || datagram.overlaps_at_all && datagram.key.source.is_ipv6() {
        Outcome::Overlap
    } else {
        otherwise
    }
}

#[cfg(test)]
mod tests;
