//! Ranges of a stream, and the octets last seen in it.

use smallvec::SmallVec;

use crate::base::limits::MAX_TCP_RANGES;

/// Disjoint, ascending ranges of positions, each up to but not including its end.
#[derive(Clone, Debug, Default)]
pub(super) struct Ranges {
    ranges: SmallVec<[(i64, i64); 2]>,
}

impl Ranges {
    pub fn iter(&self) -> impl Iterator<Item = (i64, i64)> + '_ {
        self.ranges.iter().copied()
    }

    #[cfg(test)]
    pub fn count(&self) -> usize {
        self.ranges.len()
    }

    /// Octets in all of them.
    pub fn len(&self) -> i64 {
        self.iter().map(|(start, end)| end - start).sum()
    }

    /// Octets above `position`.
    pub fn len_above(&self, position: i64) -> i64 {
        self.iter().map(|(start, end)| (end - start.max(position)).max(0)).sum()
    }

    /// Ranges that begin at or above `position`.
    pub fn count_above(&self, position: i64) -> usize {
        self.iter().filter(|(start, _)| *start >= position).count()
    }

    /// True if all of `start..end` is in one of them.
    pub fn contain(&self, start: i64, end: i64) -> bool {
        self.iter().any(|(first, last)| first <= start && end <= last)
    }

    /// Adds `start..end`; true if any of it is new. At the cap the lowest ranges are joined, which keeps the order.
    pub fn add(&mut self, start: i64, end: i64) -> bool {
        if start >= end || self.contain(start, end) {
            return false;
        }
        let first = self.ranges.partition_point(|(_, last)| *last < start);
        let past = self.ranges.partition_point(|(begin, _)| *begin <= end);
        let (mut low, mut high) = (start, end);
        if first < past {
            low = low.min(self.ranges[first].0);
            high = high.max(self.ranges[past - 1].1);
            self.ranges.drain(first..past);
        }
        self.ranges.insert(first, (low, high));
        if self.ranges.len() > MAX_TCP_RANGES {
            let (start, _) = self.ranges.remove(0);
            self.ranges[0].0 = start;
        }
        true
    }

    /// Forgets everything below `position`.
    pub fn forget_below(&mut self, position: i64) {
        self.ranges.retain(|range| {
            range.0 = range.0.max(position);
            range.0 < range.1
        });
    }
}

/// The data last seen in all connections, in one ring: enough to compare a resent segment with the first copy, without
/// any memory of its own for a connection. What is overwritten can no longer be compared, which is no finding.
#[derive(Debug)]
pub(super) struct Contents {
    ring: Vec<u8>,
    /// Octets ever written.
    written: u64,
    len: usize,
}

/// Where data lies in the ring; of a segment without data, anywhere.
pub(super) type Handle = u64;

impl Contents {
    /// A ring of `len` octets, a power of two; its memory is taken as it fills.
    pub fn new(len: usize) -> Contents {
        Contents { ring: Vec::new(), written: 0, len: len.next_power_of_two() }
    }

    /// Keeps `data`.
    pub fn keep(&mut self, data: &[u8]) -> Handle {
        if data.len() > self.len {
            return self.written;
        }
        let at = self.written as usize & (self.len - 1);
        // A piece never wraps around: the rest of the ring is skipped instead.
        if at + data.len() > self.len {
            self.written += (self.len - at) as u64;
            return self.keep(data);
        }
        if self.ring.len() < at + data.len() {
            if self.ring.capacity() < at + data.len() {
                // Doubled like any vector, but never beyond what will be used.
                let capacity = (2 * self.ring.capacity()).max(at + data.len()).max(1 << 16).min(self.len);
                self.ring.reserve_exact(capacity - self.ring.len());
            }
            self.ring.resize(at, 0);
            self.ring.extend_from_slice(data);
        } else {
            self.ring[at..at + data.len()].copy_from_slice(data);
        }
        let handle = self.written;
        self.written += data.len() as u64;
        handle
    }

    /// The `len` octets at `handle + offset`, if they are still there.
    pub fn find(&self, handle: Handle, offset: usize, len: usize) -> Option<&[u8]> {
        let from = handle + offset as u64;
        if self.written.saturating_sub(from) > self.len as u64 || from + len as u64 > self.written {
            return None;
        }
        let at = from as usize & (self.len - 1);
        self.ring.get(at..at + len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_join_where_they_touch_and_know_what_is_new() {
        let mut ranges = Ranges::default();
        assert!(ranges.add(10, 20) && ranges.add(30, 40) && ranges.add(20, 30));
        assert!(!ranges.add(12, 38));
        assert_eq!(ranges.iter().collect::<Vec<_>>(), [(10, 40)]);
        assert!(ranges.add(50, 60) && ranges.contain(51, 60) && !ranges.contain(39, 51));
        ranges.forget_below(55);
        assert_eq!((ranges.len(), ranges.count()), (5, 1));
    }

    #[test]
    fn ranges_stay_bounded() {
        let mut ranges = Ranges::default();
        for step in 0..10 * MAX_TCP_RANGES as i64 {
            ranges.add(step * 10, step * 10 + 1);
        }
        assert_eq!(ranges.count(), MAX_TCP_RANGES);
    }

    #[test]
    fn contents_are_there_until_they_are_overwritten() {
        let mut contents = Contents::new(16);
        let first = contents.keep(b"hello egg");
        assert_eq!(contents.find(first, 6, 3), Some(&b"egg"[..]));
        let second = contents.keep(b"0123456789");
        assert_eq!(contents.find(second, 0, 10), Some(&b"0123456789"[..]));
        assert_eq!(contents.find(first, 0, 5), None);
        assert_eq!(contents.find(second, 5, 6), None);
    }
}
