//! One datagram in the making: the pieces that came, what they cover, and how they overlap.

use std::hash::BuildHasher;
use std::ops::Range;

use foldhash::fast::FixedState;

use super::policy::{Extent, RunVerdict, Runs};
use super::seen::{Key, Seen};
use crate::base::Timestamp;
use crate::base::limits::{MAX_COMPARISONS_PER_DATAGRAM, MAX_OVERLAPS_PER_DATAGRAM, MAX_PIECES_PER_DATAGRAM};
use crate::packet::Meta;
use crate::wire::IpView;

/// A piece that came, in order of arrival.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) extent: Extent,
    pub(super) packet: u64,
    pub(super) at: Timestamp,
    pub(super) more_fragments: bool,
    pub(super) hop_limit: u8,
    /// Its captured octets in [`Datagram::data`].
    data: Range<usize>,
}

/// How two pieces share octets (rule FR8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OverlapKind {
    /// The same octets of the datagram.
    Exact,
    /// The later piece lies inside the earlier one.
    Inside,
    /// The later piece reaches around the earlier one.
    Around,
    /// Each has octets that the other has not.
    Partial,
}

impl OverlapKind {
    /// The word for it in output.
    pub const fn name(self) -> &'static str {
        match self {
            OverlapKind::Exact => "exact",
            OverlapKind::Inside => "inside",
            OverlapKind::Around => "around",
            OverlapKind::Partial => "partial",
        }
    }
}

/// A pair of pieces that share octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Overlap {
    /// Packet of the later piece.
    pub(super) packet: u64,
    /// Packet of the earlier piece.
    pub(super) with: u64,
    /// The octets in both.
    pub(super) shared: Extent,
    pub(super) kind: OverlapKind,
    /// True if they are the same in both; `None` if some were not captured.
    pub(super) same: Option<bool>,
}

/// What became of a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Added {
    /// Its octets are new.
    New,
    /// An exact copy of the piece in this packet.
    Duplicate(u64),
    /// It overlaps; the worst pair that was found.
    Overlap(Overlap),
    /// It overlaps, and so much did before that pieces are not compared any more.
    Tangled,
    /// It gives the datagram a second end, or has octets beyond its end. This was the end before.
    TailConflict(u32),
}

/// A datagram of which pieces are missing.
#[derive(Debug)]
pub(super) struct Datagram {
    pub(super) number: u64,
    pub(super) key: Key,
    pub(super) first_packet: u64,
    pub(super) first_at: Timestamp,
    pub(super) last_at: Timestamp,
    /// The first of its packets, and how many there were.
    pub(super) packets: Vec<u64>,
    pub(super) packet_count: u64,
    pub(super) pieces: Vec<Piece>,
    pub(super) duplicates: u32,
    pub(super) overlaps: Vec<Overlap>,
    pub(super) total: Option<u32>,
    pub(super) protocol: u8,
    pub(super) ports: Option<(u16, u16)>,
    pub(super) header_len: u32,
    /// Worst findings so far.
    pub(super) tail_conflict: bool,
    pub(super) too_long: bool,
    pub(super) differs: bool,
    pub(super) overlaps_at_all: bool,
    pub(super) partial: bool,
    pub(super) tangled: bool,
    pub(super) time_exceeded: Option<u64>,
    /// Bit n is set if a piece had ECN n (RFC 3168).
    ecn_seen: u8,
    header: Vec<u8>,
    next_header_at: usize,
    data: Vec<u8>,
    /// Sorted, disjoint, and neighbours joined.
    covered: Vec<Extent>,
    covered_len: u32,
    runs: Runs,
    comparisons: u32,
}

impl Datagram {
    pub(super) fn new(number: u64, seen: &Seen<'_>, meta: &Meta) -> Datagram {
        Datagram {
            number,
            key: seen.key,
            first_packet: meta.number,
            first_at: meta.at,
            last_at: meta.at,
            packets: Vec::new(),
            packet_count: 0,
            pieces: Vec::new(),
            duplicates: 0,
            overlaps: Vec::new(),
            total: None,
            protocol: seen.protocol,
            ports: None,
            header_len: seen.header.len() as u32,
            tail_conflict: false,
            too_long: false,
            differs: false,
            overlaps_at_all: false,
            partial: false,
            tangled: false,
            time_exceeded: None,
            ecn_seen: 0,
            header: Vec::new(),
            next_header_at: 0,
            data: Vec::new(),
            covered: Vec::new(),
            covered_len: 0,
            runs: Runs::default(),
            comparisons: 0,
        }
    }

    /// Octets of memory that its pieces take.
    pub(super) fn memory(&self) -> usize {
        self.data.len() + self.header.len() + self.pieces.len() * size_of::<Piece>() + self.packets.len() * 8
    }

    /// Takes in a piece.
    pub(super) fn add(&mut self, seen: &Seen<'_>, meta: &Meta) -> Added {
        self.last_at = self.last_at.max(meta.at);
        self.packet_count += 1;
        if self.packets.len() < MAX_PIECES_PER_DATAGRAM {
            self.packets.push(meta.number);
        }
        self.ecn_seen |= 1 << ecn(seen.ip);
        let extent = seen.extent;
        if let Some(conflict) = self.check_end(seen) {
            self.tail_conflict = true;
            return Added::TailConflict(conflict);
        }
        if extent.start == 0 && self.header.is_empty() {
            self.header.extend_from_slice(seen.header);
            self.next_header_at = seen.next_header_at;
            self.header_len = seen.header.len() as u32;
            self.protocol = seen.protocol;
        }
        let touches = self.touches(extent);
        let added = if touches { self.compare(seen, meta) } else { Added::New };
        match added {
            Added::Duplicate(_) => {
                self.duplicates += 1;
                return added;
            }
            Added::Tangled => return added,
            Added::Overlap(overlap) => {
                self.overlaps_at_all = true;
                self.differs |= overlap.same == Some(false);
            }
            Added::New | Added::TailConflict(_) => {}
        }
        if self.runs.add(extent) == RunVerdict::Overlap {
            self.partial = true;
        }
        let data = self.data.len()..self.data.len() + seen.data.len();
        self.data.extend_from_slice(seen.data);
        self.pieces.push(Piece {
            extent,
            packet: meta.number,
            at: meta.at,
            more_fragments: seen.more_fragments,
            hop_limit: seen.ip.hop_limit(),
            data,
        });
        self.cover(extent);
        added
    }

    /// True if every octet up to the end is there.
    pub(super) fn is_covered(&self) -> bool {
        self.total.is_some_and(|total| self.covered_len >= total)
    }

    /// The stretches that no piece covers; the last one is open if the end is not known.
    pub(super) fn holes(&self) -> Vec<Extent> {
        let mut holes = Vec::new();
        let mut at = 0;
        for covered in &self.covered {
            if covered.start > at {
                holes.push(Extent { start: at, end: covered.start });
            }
            at = at.max(covered.end);
        }
        match self.total {
            Some(total) if at < total => holes.push(Extent { start: at, end: total }),
            Some(_) => {}
            // The end itself is missing: nobody knows where it is.
            None => holes.push(Extent { start: at, end: u32::MAX }),
        }
        holes
    }

    /// The congestion mark of the whole (RFC 3168 §5.3): `None` if the pieces contradict each other, in which case the
    /// receiver drops the datagram.
    pub(super) fn ecn(&self) -> Option<u8> {
        let (not_capable, experienced) = (self.ecn_seen & 1 != 0, self.ecn_seen & 8 != 0);
        match (not_capable, experienced) {
            (true, true) => None,
            (false, true) => Some(3),
            (true, false) => Some(0),
            (false, false) => Some(if self.ecn_seen & 4 != 0 { 2 } else { 1 }),
        }
    }

    /// Octets of the largest IP packet among the pieces that are not the last.
    pub(super) fn largest_piece(&self) -> Option<u32> {
        let fragment_header = if self.key.source.is_ipv6() { 8 } else { 0 };
        let inner = self.pieces.iter().filter(|piece| piece.more_fragments).map(|piece| piece.extent.len()).max()?;
        Some(inner + self.header_len + fragment_header)
    }

    /// True if pieces other than the last differ in length: a piece was cut once more on the way (rule FR13).
    pub(super) fn is_refragmented(&self) -> bool {
        let mut lens = self.pieces.iter().filter(|piece| piece.more_fragments).map(|piece| piece.extent.len());
        let first = lens.next();
        !self.overlaps_at_all && lens.any(|len| Some(len) != first)
    }

    /// Where its pieces lie, with digests of their octets, in order of arrival.
    pub(super) fn digests(&self) -> impl Iterator<Item = (Extent, u64)> {
        self.pieces.iter().map(|piece| (piece.extent, digest(&self.data[piece.data.clone()])))
    }

    /// Puts the datagram together as one IP packet into `out`: the first piece's header with lengths and checksum
    /// mended, then the octets, each from the piece that came first with it. Returns the octets that the packet has; of
    /// those, `out` has the ones up to the first that was not captured. `None` if the pieces make no packet.
    pub(super) fn assemble(&self, out: &mut Vec<u8>) -> Option<u32> {
        let total = self.total?;
        out.clear();
        out.extend_from_slice(&self.header);
        let at = out.len();
        let packet_len = at as u32 + total;
        match self.key.source.is_ipv6() {
            false => self.mend_ipv4(out, packet_len)?,
            true => self.mend_ipv6(out, packet_len)?,
        }
        out.resize(at + total as usize, 0);
        let mut captured = total;
        for piece in self.pieces.iter().rev() {
            let data = &self.data[piece.data.clone()];
            let Some(room) = out[at..].get_mut(piece.extent.start as usize..) else { continue };
            let len = data.len().min(room.len());
            room[..len].copy_from_slice(&data[..len]);
            if (data.len() as u32) < piece.extent.len() {
                captured = captured.min(piece.extent.start + data.len() as u32);
            }
        }
        out.truncate(at + captured as usize);
        Some(packet_len)
    }

    fn mend_ipv4(&self, header: &mut [u8], packet_len: u32) -> Option<()> {
        if header.len() < 20 {
            return None;
        }
        header[1] = (header[1] & !3) | self.ecn().unwrap_or(0);
        header[2..4].copy_from_slice(&u16::try_from(packet_len).ok()?.to_be_bytes());
        // No longer a piece: MF and offset go, DF stays.
        header[6] &= 0x40;
        header[7] = 0;
        header[10..12].fill(0);
        let sum = header_sum(header);
        header[10..12].copy_from_slice(&sum.to_be_bytes());
        Some(())
    }

    fn mend_ipv6(&self, header: &mut [u8], packet_len: u32) -> Option<()> {
        if header.len() < 40 {
            return None;
        }
        header[1] = (header[1] & !0x30) | (self.ecn().unwrap_or(0) << 4);
        header[4..6].copy_from_slice(&u16::try_from(packet_len - 40).ok()?.to_be_bytes());
        *header.get_mut(self.next_header_at)? = self.protocol;
        Some(())
    }

    /// The end that this piece contradicts, if it does (rule FR5).
    fn check_end(&mut self, seen: &Seen<'_>) -> Option<u32> {
        let end = seen.extent.end;
        if let Some(total) = self.total {
            let conflict = if seen.more_fragments { end > total } else { end != total };
            return conflict.then_some(total);
        }
        if seen.more_fragments {
            return None;
        }
        let reached = self.covered.last().map_or(0, |covered| covered.end);
        if reached > end {
            return Some(reached);
        }
        self.total = Some(end);
        None
    }

    fn touches(&self, extent: Extent) -> bool {
        let at = self.covered.partition_point(|covered| covered.end <= extent.start);
        self.covered.get(at).is_some_and(|covered| covered.start < extent.end)
    }

    fn cover(&mut self, extent: Extent) {
        let from = self.covered.partition_point(|covered| covered.end < extent.start);
        let to = self.covered.partition_point(|covered| covered.start <= extent.end);
        let mut joined = extent;
        for covered in &self.covered[from..to] {
            joined.start = joined.start.min(covered.start);
            joined.end = joined.end.max(covered.end);
            self.covered_len -= covered.len();
        }
        self.covered_len += joined.len();
        self.covered.splice(from..to, [joined]);
    }

    /// Compares a piece with those that it overlaps. How much is compared is limited per datagram: whoever sends more
    /// overlaps than that gets no better answer than "overlaps".
    fn compare(&mut self, seen: &Seen<'_>, meta: &Meta) -> Added {
        let cost = self.pieces.len() as u32;
        if self.tangled
            || self.comparisons + cost > MAX_COMPARISONS_PER_DATAGRAM
            || self.pieces.len() >= MAX_PIECES_PER_DATAGRAM
        {
            self.tangled = true;
            self.overlaps_at_all = true;
            self.partial = true;
            return Added::Tangled;
        }
        self.comparisons += cost;
        let mut worst: Option<Overlap> = None;
        for index in 0..self.pieces.len() {
            let piece = &self.pieces[index];
            let shared = piece.extent.and(seen.extent);
            if shared.is_empty() {
                continue;
            }
            let same = self.same(piece, seen, shared);
            if piece.extent == seen.extent && same != Some(false) {
                return Added::Duplicate(piece.packet);
            }
            let kind = kind(piece.extent, seen.extent);
            let overlap = Overlap { packet: meta.number, with: piece.packet, shared, kind, same };
            if self.overlaps.len() < MAX_OVERLAPS_PER_DATAGRAM {
                self.overlaps.push(overlap);
            }
            let weight = |overlap: &Overlap| (overlap.same == Some(false), overlap.kind == OverlapKind::Partial);
            if worst.is_none_or(|worst| weight(&overlap) > weight(&worst)) {
                worst = Some(overlap);
            }
        }
        worst.map_or(Added::New, Added::Overlap)
    }

    fn same(&self, piece: &Piece, seen: &Seen<'_>, shared: Extent) -> Option<bool> {
        let old = &self.data[piece.data.clone()];
        let part = |data: &'_ [u8], start: u32| -> Option<Range<usize>> {
            let from = (shared.start - start) as usize;
            let range = from..from + shared.len() as usize;
            (range.end <= data.len()).then_some(range)
        };
        let (old_part, new_part) = (part(old, piece.extent.start)?, part(seen.data, seen.extent.start)?);
        Some(old[old_part] == seen.data[new_part])
    }
}

fn kind(old: Extent, new: Extent) -> OverlapKind {
    let inside = |inner: Extent, outer: Extent| outer.start <= inner.start && inner.end <= outer.end;
    if old == new {
        OverlapKind::Exact
    } else if inside(new, old) {
        OverlapKind::Inside
    } else if inside(old, new) {
        OverlapKind::Around
    } else {
        OverlapKind::Partial
    }
}

/// A digest of a piece's octets.
pub(super) fn digest(data: &[u8]) -> u64 {
    FixedState::default().hash_one(data)
}

/// The Internet checksum (RFC 1071) of a header whose checksum field is zero.
fn header_sum(header: &[u8]) -> u16 {
    let mut sum: u32 =
        header.chunks(2).map(|pair| (u32::from(pair[0]) << 8) | u32::from(*pair.get(1).unwrap_or(&0))).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

fn ecn(ip: IpView<'_>) -> u8 {
    match ip {
        IpView::V4(ip) => ip.ecn(),
        IpView::V6(ip) => ip.ecn(),
    }
}
