//! One connection's octets as they travelled: in each direction the octets in order, and the segments that brought them.

use std::net::SocketAddr;
use std::ops::Range;

use crate::analysis::Judged;
use crate::base::limits::MAX_STREAM_OCTETS;
use crate::base::{Seq, Timestamp};

/// A TCP connection with its octets.
#[derive(Clone, Debug)]
pub struct Conversation {
    /// The connection's number.
    pub id: u64,
    /// Who opened it, or was seen first.
    pub initiator: SocketAddr,
    /// The other side.
    pub responder: SocketAddr,
    /// When its first packet was seen.
    pub first: Timestamp,
    /// When its last packet was seen.
    pub last: Timestamp,
    /// What the initiator sent, and what the responder sent.
    pub flows: [Flow; 2],
}

/// What one side said until the other spoke.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Who.
    pub side: Side,
    /// Which octets of its stream.
    pub range: Range<usize>,
    /// First and last packet.
    pub packets: (u64, u64),
    /// When the first octet passed, and when the last.
    pub times: (Timestamp, Timestamp),
}

/// The directions of a conversation, as indices of [`Conversation::flows`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// What the initiator sends.
    Initiator,
    /// What the responder sends.
    Responder,
}

impl Side {
    /// Both, the initiator first.
    pub const BOTH: [Side; 2] = [Side::Initiator, Side::Responder];

    /// The other one.
    pub const fn other(self) -> Side {
        match self {
            Side::Initiator => Side::Responder,
            Side::Responder => Side::Initiator,
        }
    }

    /// `A` for the initiator, `B` for the responder, as everywhere in netlab's text.
    pub const fn letter(self) -> char {
        match self {
            Side::Initiator => 'A',
            Side::Responder => 'B',
        }
    }
}

/// One direction: the octets from 0, the first that was sent or seen.
#[derive(Clone, Debug, Default)]
pub struct Flow {
    /// The octets; zeros where [`Flow::gaps`] says that they were not captured.
    pub octets: Vec<u8>,
    /// The segments that brought new octets, in the order of the stream.
    pub segments: Vec<Segment>,
    /// Octets that were sent but not captured.
    pub gaps: Vec<Range<usize>>,
    /// True if the stream's first octet is its true beginning: the SYN was seen.
    pub starts_at_syn: bool,
    /// The first FIN: packet and time.
    pub fin: Option<(u64, Timestamp)>,
    /// The first reset: packet and time.
    pub reset: Option<(u64, Timestamp)>,
    /// What the other side acknowledged: octets, packet, time; ascending.
    pub acknowledged: Vec<(usize, u64, Timestamp)>,
    /// Largest segment the receiver said it takes, if its SYN was seen.
    pub mss: Option<u16>,
    /// True if octets beyond the limit were left out.
    pub was_truncated: bool,
    base: Option<Seq>,
    last_offset: i64,
}

/// A segment that brought new octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Its first new octet in the stream.
    pub offset: usize,
    /// How many new octets.
    pub len: usize,
    /// The packet.
    pub packet: u64,
    /// When it passed.
    pub at: Timestamp,
    /// Octets sent before and not yet acknowledged when it passed.
    pub outstanding: usize,
    /// True if it carried PSH.
    pub has_push: bool,
    /// True if it was sent again later: what the receiver got of it first is not known.
    pub was_resent: bool,
}

impl Segment {
    /// Where it lies in the stream.
    pub const fn range(&self) -> Range<usize> {
        self.offset..self.offset + self.len
    }
}

impl Conversation {
    /// What `side` sent.
    pub fn flow(&self, side: Side) -> &Flow {
        &self.flows[side as usize]
    }

    /// The address of `side`.
    pub fn address(&self, side: Side) -> SocketAddr {
        match side {
            Side::Initiator => self.initiator,
            Side::Responder => self.responder,
        }
    }

    /// Every segment of both directions by time, with the side that sent it.
    pub fn in_time(&self) -> Vec<(Side, Segment)> {
        let mut all: Vec<_> = Side::BOTH
            .into_iter()
            .flat_map(|side| self.flow(side).segments.iter().map(move |segment| (side, *segment)))
            .collect();
        all.sort_by_key(|(_, segment)| segment.packet);
        all
    }

    /// The turns of the dialogue, in the order in which they were captured.
    pub fn turns(&self) -> Vec<Turn> {
        let mut turns: Vec<Turn> = Vec::new();
        for (side, segment) in self.in_time() {
            match turns.last_mut() {
                Some(turn) if turn.side == side => {
                    turn.range.start = turn.range.start.min(segment.offset);
                    turn.range.end = turn.range.end.max(segment.range().end);
                    turn.packets.1 = segment.packet;
                    turn.times.1 = segment.at;
                }
                _ => turns.push(Turn {
                    side,
                    range: segment.range(),
                    packets: (segment.packet, segment.packet),
                    times: (segment.at, segment.at),
                }),
            }
        }
        turns
    }

    /// Begins with the first packet of connection `id`; `None` if it is not a TCP packet.
    pub fn begin(id: u64, judged: &Judged<'_, '_>) -> Option<Conversation> {
        let ip = judged.packet.frame.ip()?;
        let (source_port, destination_port) = judged.packet.frame.ports()?;
        let source = SocketAddr::new(ip.source(), source_port);
        let destination = SocketAddr::new(ip.destination(), destination_port);
        let from_initiator = judged.context.from_initiator;
        let (initiator, responder) = if from_initiator { (source, destination) } else { (destination, source) };
        let at = judged.packet.meta.at;
        Some(Conversation { id, initiator, responder, first: at, last: at, flows: Default::default() })
    }

    /// Takes in the next packet of the connection.
    pub fn observe(&mut self, judged: &Judged<'_, '_>) {
        let Some(tcp) = judged.packet.frame.tcp() else { return };
        let meta = judged.packet.meta;
        let side = if judged.context.from_initiator { Side::Initiator } else { Side::Responder };
        self.last = self.last.max(meta.at);
        let flags = tcp.flags();
        if flags.rst() {
            self.flows[side as usize].reset.get_or_insert((meta.number, meta.at));
            return;
        }
        if flags.syn() {
            let flow = &mut self.flows[side as usize];
            flow.base = Some(tcp.sequence().plus(1));
            flow.starts_at_syn = true;
            let mss = tcp.options().and_then(|options| options.maximum_segment_size());
            self.flows[side.other() as usize].mss = mss;
        }
        // A keep-alive's filler octet is not part of the stream (rule D8).
        let is_filler = judged.notes.iter().any(|note| note.code().starts_with("tcp-keep-alive"));
        let is_copy = judged.notes.iter().any(|note| note.code().starts_with("capture-duplicate"));
        if is_copy {
            return;
        }
        if tcp.payload_len() > 0 && !is_filler {
            let sequence = if flags.syn() { tcp.sequence().plus(1) } else { tcp.sequence() };
            let flow = &mut self.flows[side as usize];
            flow.insert(sequence, tcp.payload(), tcp.payload_len() as usize, flags.psh(), meta.number, meta.at);
        }
        if flags.fin() {
            self.flows[side as usize].fin.get_or_insert((meta.number, meta.at));
        }
        if flags.ack() {
            let acked = &mut self.flows[side.other() as usize];
            acked.acknowledge(tcp.acknowledgment(), meta.number, meta.at);
        }
    }
}

impl Flow {
    /// The offset of a sequence number, unwrapped; the first one seen is 0 if the SYN was not.
    fn offset_of(&mut self, sequence: Seq) -> i64 {
        let base = *self.base.get_or_insert(sequence);
        let near = base.plus(self.last_offset as u32);
        self.last_offset + i64::from(sequence.since(near))
    }

    fn insert(&mut self, sequence: Seq, octets: &[u8], len: usize, has_push: bool, packet: u64, at: Timestamp) {
        let offset = self.offset_of(sequence);
        // Far from everything known is not progress but an impossible number; before the beginning is not ours.
        if offset < 0 || offset - self.last_offset > 1 << 30 {
            return;
        }
        let start = offset as usize;
        let end = start.saturating_add(len);
        if end > MAX_STREAM_OCTETS {
            self.was_truncated = true;
            return;
        }
        let known = self.octets.len();
        if end > known {
            self.octets.resize(end, 0);
            if start > known {
                self.gaps.push(known..start);
            }
            let new = start.max(known)..end;
            self.fill(new, start, octets, has_push, packet, at);
            self.last_offset = end as i64;
        }
        // What lies below may fill gaps, which may be split by it; the rest was sent before.
        if start < known {
            for gap in std::mem::take(&mut self.gaps) {
                let new = gap.start.max(start)..gap.end.min(end);
                if new.is_empty() || gap.start >= known {
                    self.gaps.push(gap);
                    continue;
                }
                if gap.start < new.start {
                    self.gaps.push(gap.start..new.start);
                }
                if new.end < gap.end {
                    self.gaps.push(new.end..gap.end);
                }
                self.fill(new, start, octets, has_push, packet, at);
            }
            self.gaps.sort_by_key(|gap| gap.start);
            let first = self.segments.partition_point(|segment| segment.range().end <= start);
            for segment in self.segments[first..].iter_mut().take_while(|segment| segment.offset < end) {
                if segment.packet != packet {
                    segment.was_resent = true;
                }
            }
        }
    }

    /// Puts new octets into their place and remembers the segment; what the capture cut off becomes a gap.
    fn fill(&mut self, new: Range<usize>, start: usize, octets: &[u8], has_push: bool, packet: u64, at: Timestamp) {
        let captured_end = (start + octets.len()).clamp(new.start, new.end);
        self.octets[new.start..captured_end].copy_from_slice(&octets[new.start - start..captured_end - start]);
        if captured_end < new.end {
            self.gaps.push(captured_end..new.end);
        }
        let acknowledged = self.acknowledged.last().map_or(0, |last| last.0);
        let segment = Segment {
            offset: new.start,
            len: new.len(),
            packet,
            at,
            outstanding: new.start.saturating_sub(acknowledged),
            has_push,
            was_resent: false,
        };
        let place = self.segments.partition_point(|other| other.offset <= new.start);
        self.segments.insert(place, segment);
    }

    fn acknowledge(&mut self, acknowledgment: Seq, packet: u64, at: Timestamp) {
        if self.base.is_none() {
            return;
        }
        let offset = self.offset_of(acknowledgment);
        let acked = usize::try_from(offset).unwrap_or(0).min(self.octets.len());
        if acked > self.acknowledged.last().map_or(0, |last| last.0) {
            self.acknowledged.push((acked, packet, at));
        }
    }

    /// When octets up to `offset` were acknowledged, and by which packet.
    pub fn acknowledged_at(&self, offset: usize) -> Option<(u64, Timestamp)> {
        let index = self.acknowledged.partition_point(|(acked, ..)| *acked < offset);
        self.acknowledged.get(index).map(|(_, packet, at)| (*packet, *at))
    }

    /// True if every octet of `range` was captured.
    pub fn is_whole(&self, range: &Range<usize>) -> bool {
        range.end <= self.octets.len() && !self.gaps.iter().any(|gap| gap.start < range.end && range.start < gap.end)
    }

    /// The segments that brought octets of `range`.
    pub fn segments_of(&self, range: &Range<usize>) -> &[Segment] {
        let first = self.segments.partition_point(|segment| segment.range().end <= range.start);
        let len = self.segments[first..].partition_point(|segment| segment.offset < range.end);
        &self.segments[first..first + len]
    }

    /// Runs of octets that were captured without a gap.
    pub fn runs(&self) -> Vec<Range<usize>> {
        let mut runs = Vec::with_capacity(self.gaps.len() + 1);
        let mut start = 0;
        for gap in &self.gaps {
            if gap.start > start {
                runs.push(start..gap.start);
            }
            start = start.max(gap.end);
        }
        if start < self.octets.len() {
            runs.push(start..self.octets.len());
        }
        runs
    }

    /// A flow made by hand: segments of these octets, one every millisecond, each acknowledged before the next.
    pub fn of(pieces: &[&[u8]]) -> Flow {
        let mut flow = Flow { starts_at_syn: true, base: Some(Seq(1)), ..Flow::default() };
        for (index, piece) in pieces.iter().enumerate() {
            let packet = index as u64 * 2 + 1;
            let at = Timestamp::from_nanos(packet * 500_000);
            flow.append(piece, packet, at);
            flow.acknowledge(Seq(1).plus(flow.octets.len() as u32), packet + 1, at.after_nanos(50_000));
        }
        flow
    }

    #[cfg(test)]
    pub(super) fn acknowledge_for_tests(&mut self, offset: u32, packet: u64, at: Timestamp) {
        self.acknowledge(self.base.unwrap_or_default().plus(offset), packet, at);
    }

    /// Adds a segment at the end, for flows made by hand.
    pub fn append(&mut self, octets: &[u8], packet: u64, at: Timestamp) {
        let next = self.base.unwrap_or_default().plus(self.octets.len() as u32);
        self.insert(next, octets, octets.len(), true, packet, at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_in_any_order_give_the_same_stream() {
        let mut flow = Flow { base: Some(Seq(u32::MAX - 2)), ..Flow::default() };
        let base = Seq(u32::MAX - 2);
        let at = Timestamp::ZERO;
        flow.insert(base, b"abc", 3, false, 1, at);
        flow.insert(base.plus(6), b"ghi", 3, false, 2, at);
        assert_eq!((flow.gaps.len(), &flow.gaps[0]), (1, &(3..6)));
        flow.insert(base.plus(2), b"cdef", 4, false, 3, at);
        assert_eq!((flow.octets.as_slice(), flow.gaps.len()), (&b"abcdefghi"[..], 0));
        let ranges: Vec<_> = flow.segments.iter().map(|segment| (segment.packet, segment.range())).collect();
        assert_eq!(ranges, [(1, 0..3), (3, 3..6), (2, 6..9)]);
        assert!(flow.segments[0].was_resent && !flow.segments[2].was_resent);
    }

    #[test]
    fn octets_that_the_capture_cut_off_are_a_gap() {
        let mut flow = Flow { base: Some(Seq(0)), ..Flow::default() };
        flow.insert(Seq(0), b"ab", 5, false, 1, Timestamp::ZERO);
        flow.insert(Seq(5), b"fg", 2, false, 2, Timestamp::ZERO);
        assert_eq!(flow.octets, b"ab\0\0\0fg");
        assert_eq!((flow.gaps.len(), &flow.gaps[0]), (1, &(2..5)));
        assert_eq!(flow.runs(), [0..2, 5..7]);
        assert!(flow.is_whole(&(0..2)) && !flow.is_whole(&(1..3)));
    }

    #[test]
    fn impossible_numbers_are_no_progress() {
        let mut flow = Flow { base: Some(Seq(0)), ..Flow::default() };
        flow.insert(Seq(0), b"ab", 2, false, 1, Timestamp::ZERO);
        flow.insert(Seq(0x7000_0000), b"zz", 2, false, 2, Timestamp::ZERO);
        flow.insert(Seq(u32::MAX), b"z", 1, false, 3, Timestamp::ZERO);
        assert_eq!(flow.octets, b"ab");
    }
}
