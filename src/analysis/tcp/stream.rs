//! Streams put together again, octet for octet.
//!
//! The tracker says of each segment where its data belong ([`StreamPiece`]); what does not belong to the stream (the
//! filler of a keep-alive, text in a reset, copies, data with wrong sums) has no place. [`Assembly`] keeps the first copy
//! of each octet, or the last, and hands out what is complete in order.

use crate::base::Timestamp;
use crate::base::limits::MAX_TCP_STREAM_LEN;

/// Where a segment's data belong in their direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamPiece {
    /// Position of the first octet, from 0; negative for data from before the first segment seen.
    pub offset: i64,
    /// Octets, as the headers say.
    pub len: u32,
    /// True if some of them were not seen before.
    pub is_new: bool,
}

/// Which copy of octets that were sent twice is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overlap {
    /// The first: what a receiver keeps that had it already.
    #[default]
    First,
    /// The last.
    Last,
}

/// A part of a stream that became complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// True if the initiator sent it.
    pub from_initiator: bool,
    /// Where it begins in its direction.
    pub offset: usize,
    /// Octets of it.
    pub len: usize,
    /// The packet that completed it; 0 for what stayed behind a hole to the end.
    pub packet: u64,
    /// When that was captured.
    pub at: Timestamp,
    /// True if these octets were not captured: there is nothing to show but their number.
    pub is_missing: bool,
}

/// Both directions of a connection in the making.
#[derive(Debug, Default)]
pub struct Assembly {
    overlap: Overlap,
    directions: [Direction; 2],
    chunks: Vec<Chunk>,
}

#[derive(Debug, Default)]
struct Direction {
    octets: Vec<u8>,
    known: Known,
    /// Everything below is complete and handed out.
    next: usize,
    /// Octets that did not fit.
    left_out: u64,
    last_at: Timestamp,
}

/// Which octets are known, in full: unlike the tracker's ranges, never joined over a hole.
#[derive(Debug, Default)]
struct Known {
    ranges: std::collections::BTreeMap<usize, usize>,
}

impl Known {
    /// Adds `start..end`; the parts that are new.
    fn add(&mut self, start: usize, end: usize) -> Vec<(usize, usize)> {
        let mut new = Vec::new();
        let (mut low, mut high) = (start, end);
        let mut at = start;
        let touching: Vec<(usize, usize)> = self
            .ranges
            .range(..=end)
            .rev()
            .take_while(|(_, last)| **last >= start)
            .map(|(first, last)| (*first, *last))
            .collect();
        for (first, last) in touching.into_iter().rev() {
            if at < first {
                new.push((at, first.min(end)));
            }
            at = at.max(last);
            low = low.min(first);
            high = high.max(last);
            self.ranges.remove(&first);
        }
        if at < end {
            new.push((at, end));
        }
        self.ranges.insert(low, high);
        new
    }

    /// The end of the range that contains `position`, or `position`.
    fn reach(&self, position: usize) -> usize {
        self.ranges.range(..=position).next_back().map_or(position, |(_, last)| (*last).max(position))
    }
}

impl Assembly {
    /// An assembly that keeps the copies that `overlap` says.
    pub fn new(overlap: Overlap) -> Assembly {
        Assembly { overlap, ..Assembly::default() }
    }

    /// Takes in the captured `data` of a segment; fewer octets than `piece.len` if it was cut.
    pub fn push(&mut self, from_initiator: bool, piece: StreamPiece, data: &[u8], packet: u64, at: Timestamp) {
        let direction = &mut self.directions[usize::from(!from_initiator)];
        direction.last_at = at;
        let skip = (-piece.offset).clamp(0, data.len() as i64) as usize;
        let data = &data[skip..];
        let Ok(start) = usize::try_from(piece.offset.max(0)) else { return };
        let end = start.saturating_add(data.len());
        if end > MAX_TCP_STREAM_LEN {
            direction.left_out += data.len() as u64;
            return;
        }
        if data.is_empty() {
            return;
        }
        if direction.octets.len() < end {
            direction.octets.resize(end, 0);
        }
        let new = direction.known.add(start, end);
        match self.overlap {
            Overlap::Last => direction.octets[start..end].copy_from_slice(data),
            Overlap::First => {
                for (low, high) in new {
                    direction.octets[low..high].copy_from_slice(&data[low - start..high - start]);
                }
            }
        }
        let reach = direction.known.reach(direction.next);
        if reach > direction.next {
            let chunk = Chunk {
                from_initiator,
                offset: direction.next,
                len: reach - direction.next,
                packet,
                at,
                is_missing: false,
            };
            direction.next = reach;
            self.chunks.push(chunk);
        }
    }

    /// Everything in the order in which it became complete; what stayed behind holes follows, the holes named.
    pub fn finish(&mut self) -> Vec<Chunk> {
        let mut chunks = std::mem::take(&mut self.chunks);
        for (side, direction) in self.directions.iter_mut().enumerate() {
            let from_initiator = side == 0;
            let mut piece = |offset, len, is_missing| {
                chunks.push(Chunk { from_initiator, offset, len, packet: 0, at: direction.last_at, is_missing });
            };
            let mut at = direction.next;
            for (first, last) in direction.known.ranges.range(direction.next..) {
                if *first > at {
                    piece(at, first - at, true);
                }
                piece(*first, last - first, false);
                at = *last;
            }
            direction.next = at;
        }
        chunks
    }

    /// The octets of a direction, holes as zeros.
    pub fn octets(&self, from_initiator: bool) -> &[u8] {
        &self.directions[usize::from(!from_initiator)].octets
    }

    /// Octets of a direction that were too many to keep.
    pub fn left_out(&self, from_initiator: bool) -> u64 {
        self.directions[usize::from(!from_initiator)].left_out
    }
}

/// Which octets of a stream are in a file already: what [`Assembly`] is for streams that are too large for memory.
#[derive(Debug, Default)]
pub struct Written {
    known: Known,
    given_up: u64,
}

impl Written {
    /// Notes `start..end` as written; the parts of it that were not before. Beyond `cap` ranges the lowest hole counts as
    /// filled: whatever should still come for it is not written.
    pub fn add(&mut self, start: u64, end: u64, cap: usize) -> Vec<(u64, u64)> {
        let new = self.known.add(start as usize, end as usize);
        while self.known.ranges.len() > cap.max(1) {
            let Some((first, low)) = self.known.ranges.pop_first() else { break };
            let Some((second, last)) = self.known.ranges.pop_first() else { break };
            self.given_up += (second - low) as u64;
            self.known.ranges.insert(first, last);
        }
        new.into_iter().map(|(low, high)| (low as u64, high as u64)).collect()
    }

    /// Ranges remembered.
    pub fn ranges(&self) -> usize {
        self.known.ranges.len()
    }

    /// Octets of holes that are not waited for any more.
    pub fn given_up(&self) -> u64 {
        self.given_up
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(offset: i64, len: usize) -> StreamPiece {
        StreamPiece { offset, len: len as u32, is_new: true }
    }

    fn told(assembly: &mut Assembly) -> Vec<(u64, String)> {
        let chunks = assembly.finish();
        chunks
            .iter()
            .map(|chunk| {
                let octets = &assembly.octets(chunk.from_initiator)[chunk.offset..chunk.offset + chunk.len];
                let text = String::from_utf8_lossy(octets).into_owned();
                (chunk.packet, if chunk.is_missing { format!("[{}]", chunk.len) } else { text })
            })
            .collect()
    }

    #[test]
    fn what_is_late_waits_for_what_is_missing() {
        let mut assembly = Assembly::new(Overlap::First);
        for (packet, offset, data) in [(1, 0, "hel"), (2, 5, " eg"), (3, 3, "lo"), (4, 8, "g")] {
            assembly.push(true, piece(offset, data.len()), data.as_bytes(), packet, Timestamp::ZERO);
        }
        assert_eq!(told(&mut assembly), [(1, "hel".into()), (3, "lo eg".into()), (4, "g".into())]);
    }

    #[test]
    fn the_first_copy_wins_or_the_last() {
        for (overlap, expected) in [(Overlap::First, "abcdEF"), (Overlap::Last, "abXYEF")] {
            let mut assembly = Assembly::new(overlap);
            assembly.push(true, piece(0, 4), b"abcd", 1, Timestamp::ZERO);
            assembly.push(true, piece(2, 4), b"XYEF", 2, Timestamp::ZERO);
            assembly.finish();
            assert_eq!(assembly.octets(true), expected.as_bytes());
        }
    }

    #[test]
    fn a_hole_at_the_end_is_named_and_octets_from_before_the_beginning_are_left_out() {
        let mut assembly = Assembly::new(Overlap::First);
        assembly.push(false, piece(-2, 4), b"xyab", 1, Timestamp::ZERO);
        assembly.push(false, piece(5, 2), b"fg", 2, Timestamp::ZERO);
        assert_eq!(told(&mut assembly), [(1, "ab".into()), (0, "[3]".into()), (0, "fg".into())]);
    }

    #[test]
    fn a_cut_segment_leaves_a_hole() {
        let mut assembly = Assembly::new(Overlap::First);
        assembly.push(true, StreamPiece { offset: 0, len: 10, is_new: true }, b"abc", 1, Timestamp::ZERO);
        assembly.push(true, piece(10, 2), b"kl", 2, Timestamp::ZERO);
        assert_eq!(told(&mut assembly), [(1, "abc".into()), (0, "[7]".into()), (0, "kl".into())]);
    }

    #[test]
    fn too_many_holes_are_given_up_from_the_lowest_and_counted() {
        let mut written = Written::default();
        for number in 0..4 {
            assert_eq!(written.add(number * 10, number * 10 + 5, 3), [(number * 10, number * 10 + 5)]);
        }
        assert_eq!((written.ranges(), written.given_up()), (3, 5));
        assert!(written.add(5, 10, 3).is_empty(), "nothing is written there any more");
        assert_eq!(written.add(15, 20, 3), [(15, 20)]);
    }
}
