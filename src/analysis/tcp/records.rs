//! The segments that a direction sent lately, as small as they can be kept: hundreds of thousands of connections keep some.

use std::collections::VecDeque;
use std::ops::Range;

use super::half::SMALL;
use super::ranges::Handle;
use crate::base::Timestamp;
use crate::base::limits::{TCP_HISTORY, TCP_SHORT_HISTORY};

/// A segment that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub start: i64,
    pub end: i64,
    /// First time it was sent, and last time.
    pub packet: u64,
    pub first_at: Timestamp,
    pub at: Timestamp,
    pub content: Handle,
    /// Octets of data that were captured; their content is known.
    pub captured: u32,
    pub timestamp: u32,
    /// The packet that acknowledged it, and when; 0 while nothing did.
    pub acknowledged: u64,
    pub acknowledged_at: Timestamp,
    /// How often it was sent; beyond [`MOST_SENDS`] nobody counts.
    pub sends: u8,
}

/// What stays of the count of sendings.
const MOST_SENDS: u8 = 127;

/// The lower 48 bits of a word: numbers of packets and places in the ring of contents stay below.
const LOW: u64 = (1 << 48) - 1;

/// Set in [`Packed::sends`] if the record does not fit: it stands whole beside the others.
const IS_ELSEWHERE: u8 = 0x80;

/// A [`Record`] that was sent once, in 48 octets: when and by what it was acknowledged as distances, the time in 40 bits
/// of nanoseconds (nine minutes either way), which are spread over three fields.
#[derive(Clone, Copy, Debug)]
struct Packed {
    start: i64,
    first_at: Timestamp,
    /// Place of the content; above it the lowest 16 bits of the time until it was acknowledged.
    content: u64,
    /// Number of the packet; above it the next 16 bits.
    packet: u64,
    len: u32,
    timestamp: u32,
    /// How many packets later it was acknowledged, or 0.
    acknowledged_after: u32,
    /// Octets of it that are no captured data: SYN, FIN, and what a snap length cut off.
    uncaptured: u16,
    /// The highest 8 bits of the time.
    highest: i8,
    sends: u8,
}

impl Packed {
    fn end(&self) -> i64 {
        self.start + i64::from(self.len)
    }

    fn is_elsewhere(&self) -> bool {
        self.sends & IS_ELSEWHERE != 0
    }

    /// Notes the acknowledgment; false if its distance does not fit.
    #[inline]
    fn acknowledge(&mut self, packet: u64, at: Timestamp) -> bool {
        let nanos = at.signed_since(self.first_at);
        let after = packet.wrapping_sub(self.packet & LOW);
        let fits = nanos << 24 >> 24 == nanos && after.wrapping_sub(1) < u64::from(u32::MAX);
        if fits {
            self.acknowledged_after = after as u32;
            self.content = self.content & LOW | (nanos as u64) << 48;
            self.packet = self.packet & LOW | (nanos as u64 >> 16) << 48;
            self.highest = (nanos >> 32) as i8;
        }
        fits
    }

    /// The record in small, or as much of it as is needed to find it.
    #[inline]
    fn of(record: &Record) -> Packed {
        let mut packed = Packed {
            start: record.start,
            first_at: record.first_at,
            content: record.content & LOW,
            packet: record.packet & LOW,
            len: (record.end - record.start) as u32,
            timestamp: record.timestamp,
            acknowledged_after: 0,
            uncaptured: 0,
            highest: 0,
            sends: record.sends.min(MOST_SENDS),
        };
        let uncaptured = u16::try_from(record.end - record.start - i64::from(record.captured));
        packed.uncaptured = uncaptured.unwrap_or(0);
        let fits = uncaptured.is_ok()
            && record.content <= LOW
            && record.packet <= LOW
            && record.at == record.first_at
            && (record.acknowledged == 0 || packed.acknowledge(record.acknowledged, record.acknowledged_at));
        if !fits {
            packed.sends |= IS_ELSEWHERE;
        }
        packed
    }

    /// The whole record, if it is not elsewhere.
    fn whole(&self) -> Record {
        let nanos = self.content >> 48 | (self.packet >> 48) << 16 | (i64::from(self.highest) << 32) as u64;
        let packet = self.packet & LOW;
        let (acknowledged, acknowledged_at) = match self.acknowledged_after {
            0 => (0, Timestamp::ZERO),
            after => (packet + u64::from(after), Timestamp::from_nanos(self.first_at.nanos().wrapping_add(nanos))),
        };
        Record {
            start: self.start,
            end: self.end(),
            packet,
            first_at: self.first_at,
            at: self.first_at,
            content: self.content & LOW,
            captured: self.len - u32::from(self.uncaptured),
            timestamp: self.timestamp,
            acknowledged,
            acknowledged_at,
            sends: self.sends,
        }
    }
}

/// Segments in the order of their positions: those not acknowledged, and some before them.
#[derive(Debug, Default)]
pub(super) struct Records {
    packed: VecDeque<Packed>,
    /// Those that do not fit, in the same order: sent several times, mostly.
    #[allow(clippy::box_collection, reason = "nearly all directions have none, and a pointer is a third of a vector")]
    elsewhere: Option<Box<Vec<Record>>>,
    /// Records at the front that are acknowledged.
    acknowledged: u32,
}

/// What an acknowledgment covers.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Covered {
    /// Whole segments.
    pub segments: u32,
    /// True if some of them were sent more than once.
    pub has_resent: bool,
    /// True if a small one with data was among them.
    pub has_small: bool,
    /// Start, end and time of sending of the last one.
    pub newest: Option<(i64, i64, Timestamp)>,
}

impl Records {
    /// All of them, from the lowest position on.
    pub fn iter(&self) -> impl Iterator<Item = Record> + '_ {
        self.range(0..self.packed.len())
    }

    pub fn range(&self, range: Range<usize>) -> impl Iterator<Item = Record> + '_ {
        self.packed.range(range).map(|packed| self.whole(packed))
    }

    pub fn get(&self, index: usize) -> Option<Record> {
        self.packed.get(index).map(|packed| self.whole(packed))
    }

    pub fn last(&self) -> Option<Record> {
        self.packed.back().map(|packed| self.whole(packed))
    }

    /// Where the first begins.
    pub fn start(&self) -> Option<i64> {
        self.packed.front().map(|packed| packed.start)
    }

    /// The newest one that is acknowledged, together with all before it.
    pub fn newest_acknowledged(&self) -> Option<Record> {
        self.get((self.acknowledged as usize).checked_sub(1)?)
    }

    fn whole(&self, packed: &Packed) -> Record {
        let is_it = |record: &&Record| record.start == packed.start && record.packet & LOW == packed.packet & LOW;
        let found = if packed.is_elsewhere() { self.elsewhere.as_deref() } else { None };
        found.and_then(|records| records.iter().find(is_it)).copied().unwrap_or_else(|| packed.whole())
    }

    /// Adds a segment; beyond `history` of them the oldest acknowledged one is forgotten.
    #[inline]
    pub fn add(&mut self, record: &Record, history: usize) {
        let packed = Packed::of(record);
        let is_last = self.packed.back().is_none_or(|last| last.start <= record.start);
        if is_last && !packed.is_elsewhere() {
            // Room is made before it is needed: otherwise all would be kept in twice the memory.
            self.forget(history, 1);
            self.push(packed);
        } else {
            self.insert(record, history);
        }
    }

    /// The same of one that lies before others, or does not fit.
    #[cold]
    fn insert(&mut self, record: &Record, history: usize) {
        let packed = self.pack(record);
        if self.packed.back().is_none_or(|last| last.start <= record.start) {
            self.forget(history, 1);
            self.push(packed);
            return;
        }
        let place = self.packed.partition_point(|other| other.start < record.start);
        self.packed.insert(place, packed);
        if place < self.acknowledged as usize {
            self.acknowledged += 1;
        }
        self.forget(history, 0);
    }

    /// Adds one behind all others. Where there are many it takes half as much room again, not twice as much.
    #[inline]
    fn push(&mut self, packed: Packed) {
        if self.packed.len() == self.packed.capacity() {
            let more = if self.packed.is_empty() { TCP_SHORT_HISTORY } else { self.packed.len().div_ceil(2) };
            self.packed.reserve_exact(more);
        }
        self.packed.push_back(packed);
    }

    /// Forgets the oldest until `more` have room.
    #[inline]
    fn forget(&mut self, history: usize, more: usize) {
        while self.packed.len() + more > history && self.acknowledged > 0
            || self.packed.len() + more > TCP_HISTORY * 256
        {
            if let Some(packed) = self.packed.pop_front() {
                self.take_away(&packed);
            }
            self.acknowledged = self.acknowledged.saturating_sub(1);
        }
    }

    /// The record in small; if it does not fit, it is put beside the others.
    fn pack(&mut self, record: &Record) -> Packed {
        let packed = Packed::of(record);
        if packed.is_elsewhere() {
            let records = self.elsewhere.get_or_insert_default();
            let place = records.partition_point(|other| other.start < record.start);
            records.insert(place, *record);
        }
        packed
    }

    /// Takes away what stands elsewhere of a record.
    #[inline]
    fn take_away(&mut self, packed: &Packed) {
        if packed.is_elsewhere()
            && let Some(records) = self.elsewhere.as_deref_mut()
        {
            let is_it = |record: &Record| record.start == packed.start && record.packet & LOW == packed.packet & LOW;
            if let Some(place) = records.iter().position(is_it) {
                records.remove(place);
            }
        }
    }

    /// The records that share octets with `start..end`, by their index.
    pub fn overlapping(&self, start: i64, end: i64) -> Range<usize> {
        let first = self.packed.partition_point(|record| record.end() <= start);
        let past = self.packed.partition_point(|record| record.start < end);
        first..past.max(first)
    }

    /// These were sent again.
    pub fn resent(&mut self, range: Range<usize>, at: Timestamp) {
        for index in range {
            let record = self.get(index);
            self.replace(index, record.map(|record| Record { at, sends: record.sends.saturating_add(1), ..record }));
        }
    }

    fn replace(&mut self, index: usize, record: Option<Record>) {
        let (Some(record), Some(packed)) = (record, self.packed.get(index).copied()) else { return };
        self.take_away(&packed);
        let packed = self.pack(&record);
        self.packed[index] = packed;
    }

    /// Everything up to `position` was acknowledged.
    pub fn acknowledge(&mut self, position: i64, packet: u64, at: Timestamp) -> Covered {
        let mut covered = Covered::default();
        let first = self.acknowledged as usize;
        for index in first..self.packed.len() {
            let record = &mut self.packed[index];
            let (start, end) = (record.start, record.end());
            if end > position {
                break;
            }
            let mut sent_at = record.first_at;
            covered.has_resent |= record.sends & !IS_ELSEWHERE != 1;
            covered.has_small |= start > 0 && end - start <= SMALL;
            covered.segments += 1;
            if record.is_elsewhere() || !record.acknowledge(packet, at) {
                let whole = self.get(index);
                sent_at = whole.map_or(sent_at, |record| record.at);
                let whole = whole.map(|record| Record { acknowledged: packet, acknowledged_at: at, ..record });
                self.replace(index, whole);
            }
            covered.newest = Some((start, end, sent_at));
        }
        self.acknowledged += covered.segments;
        covered
    }

    /// The same of the first record alone, which is the SYN.
    pub fn acknowledge_first(&mut self, packet: u64, at: Timestamp) {
        let record = self.get(0).map(|record| Record { acknowledged: packet, acknowledged_at: at, ..record });
        self.replace(0, record);
        self.acknowledged = self.packed.len().min(1) as u32;
    }

    /// Counts those up to `position` as acknowledged, by nobody knows what.
    pub fn count_as_acknowledged(&mut self, position: i64) {
        self.acknowledged = self.packed.iter().take_while(|record| record.end() <= position).count() as u32;
    }

    /// Forgets all. Their memory serves the next ones.
    pub fn clear(&mut self) {
        self.packed.clear();
        self.elsewhere = None;
        self.acknowledged = 0;
    }

    /// Takes over the memory of those of a direction that is forgotten.
    pub fn take_memory(&mut self, former: Records) {
        if former.packed.capacity() <= TCP_HISTORY {
            self.packed = former.packed;
            self.packed.clear();
        }
    }

    /// Something of what is remembered last, to have it near.
    pub fn touch(&self) -> u64 {
        self.packed.back().map_or(0, |record| u64::from(record.len))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A segment of some length at `start`, with what is left to chance.
    fn record(start: i64, len: u32, packet: u64, at: u64, content: u64, captured: u32) -> Record {
        Record {
            start,
            end: start + i64::from(len),
            packet,
            first_at: Timestamp::from_nanos(at),
            at: Timestamp::from_nanos(at),
            content,
            captured,
            timestamp: packet as u32,
            acknowledged: 0,
            acknowledged_at: Timestamp::ZERO,
            sends: 1,
        }
    }

    #[test]
    fn a_record_is_small() {
        assert_eq!(size_of::<Packed>(), 48);
    }

    #[test]
    fn no_more_memory_is_taken_than_the_history_needs() {
        let mut records = Records::default();
        for packet in 1..100 {
            records.add(&record(packet * 10, 10, packet as u64, 5, 0, 10), 4);
            records.acknowledge(packet * 10 + 10, packet as u64 + 1, Timestamp::from_nanos(9));
        }
        assert_eq!((records.packed.len(), records.packed.capacity()), (4, 4));
    }

    /// What the records do, done plainly.
    #[derive(Default)]
    struct Plain {
        records: Vec<Record>,
        acknowledged: usize,
    }

    impl Plain {
        fn add(&mut self, record: Record, history: usize) {
            let place = match self.records.last() {
                Some(last) if last.start > record.start => {
                    self.records.partition_point(|other| other.start < record.start)
                }
                _ => self.records.len(),
            };
            let is_last = place == self.records.len();
            self.records.insert(place, record);
            if !is_last && place < self.acknowledged {
                self.acknowledged += 1;
            }
            while self.records.len() > history && self.acknowledged > 0 {
                self.records.remove(0);
                self.acknowledged -= 1;
            }
        }

        fn acknowledge(&mut self, position: i64, packet: u64, at: Timestamp) -> (u32, bool, Option<Timestamp>) {
            let (mut covered, mut has_resent, mut newest) = (0, false, None);
            for record in &mut self.records[self.acknowledged..] {
                if record.end > position {
                    break;
                }
                (record.acknowledged, record.acknowledged_at) = (packet, at);
                has_resent |= record.sends != 1;
                newest = Some(record.at);
                covered += 1;
            }
            self.acknowledged += covered;
            (covered as u32, has_resent, newest)
        }
    }

    proptest! {
        /// Whatever is remembered comes back as it was, however far its times and numbers lie apart.
        #[test]
        fn records_in_small_say_what_whole_ones_say(
            steps in prop::collection::vec((0..8u8, any::<u64>(), any::<u64>(), 0..70_000u32), 1..80),
        ) {
            let (mut records, mut plain) = (Records::default(), Plain::default());
            let (mut next, mut packet) = (0i64, 1u64);
            for (what, one, two, len) in steps {
                let history = if one % 3 == 0 { 24 } else { 4 };
                // Near and far in time, and in packets.
                let at = if two % 5 == 0 { one } else { 1_700_000_000_000_000_000 + one % 2_000_000_000_000 };
                packet += 1 + if two % 7 == 0 { one % (1 << 41) } else { two % 1000 };
                match what {
                    0..=2 => {
                        let start = if what == 0 { next.saturating_sub((two % 100_000) as i64) } else { next };
                        let captured = if two % 3 == 0 { (one % u64::from(len + 1)) as u32 } else { len };
                        let content = if two % 11 == 0 { one } else { one % (1 << 40) };
                        let new = record(start, len, packet, at, content, captured);
                        records.add(&new, history);
                        plain.add(new, history);
                        next = next.max(start + i64::from(len));
                    }
                    3..=5 => {
                        let position = next - (two % 3 * 1000) as i64;
                        let covered = records.acknowledge(position, packet, Timestamp::from_nanos(at));
                        let (count, has_resent, newest) = plain.acknowledge(position, packet, Timestamp::from_nanos(at));
                        prop_assert_eq!((covered.segments, covered.has_resent), (count, has_resent));
                        prop_assert_eq!(covered.newest.map(|(_, _, at)| at), newest);
                    }
                    6 => {
                        let from = next - (two % 100_000) as i64;
                        let range = records.overlapping(from, from + i64::from(len));
                        for index in range.clone() {
                            plain.records[index].at = Timestamp::from_nanos(at);
                            plain.records[index].sends = plain.records[index].sends.saturating_add(1);
                        }
                        records.resent(range, Timestamp::from_nanos(at));
                    }
                    _ if one % 8 == 0 => {
                        records.clear();
                        plain = Plain::default();
                    }
                    _ => {
                        records.count_as_acknowledged(next);
                        plain.acknowledged = plain.records.iter().take_while(|record| record.end <= next).count();
                    }
                }
                prop_assert_eq!(records.iter().collect::<Vec<_>>(), plain.records.clone());
                prop_assert_eq!(
                    records.newest_acknowledged(),
                    plain.acknowledged.checked_sub(1).and_then(|index| plain.records.get(index)).copied()
                );
                let elsewhere = records.elsewhere.as_deref().map_or(0, Vec::len);
                let marked = records.packed.iter().filter(|packed| packed.is_elsewhere()).count();
                prop_assert_eq!(elsewhere, marked, "nothing stays that no record needs");
            }
        }
    }
}
