//! Fragments: cutting packets that are too long for a link, and putting the pieces together again at the destination
//! (RFC 791 §3.2, RFC 1122 §3.3.2, RFC 8200 §4.5; overlaps by RFC 5722).

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use super::octets::{FRAGMENT_HEADER, IpHeader, checksum, u16_at};
use crate::base::{Timestamp, limits};
use crate::sim::mutation::{Mutation, made};
use crate::sim::reason::Reason;

/// How long pieces wait for the others: the Linux kernel's 30 s.
pub const REASSEMBLY_TIME: Duration = Duration::from_secs(30);

/// Cuts an IPv4 packet into pieces of at most `mtu` octets. Options go into the first piece only, except those whose
/// copy bit is set. A packet that is a fragment itself is cut again.
pub fn cut_v4(packet: &[u8], header: &IpHeader, mtu: usize) -> Vec<Vec<u8>> {
    let first_header = &packet[..header.header_len];
    let copied = copied_options(&packet[20..header.header_len]);
    let payload = header.payload(packet);
    let mut pieces = Vec::new();
    let mut at = 0;
    while at < payload.len() {
        let mut piece = if at == 0 {
            first_header.to_vec()
        } else {
            let mut piece = first_header[..20].to_vec();
            piece.extend_from_slice(&copied);
            piece
        };
        let room = mtu.saturating_sub(piece.len()) & !7;
        if room == 0 {
            return Vec::new();
        }
        let take = if mtu - piece.len() >= payload.len() - at { payload.len() - at } else { room };
        let last = at + take == payload.len();
        let offset = header.offset as usize + at;
        let more = !last || header.more_fragments;
        piece[0] = 0x40 | (piece.len() / 4) as u8;
        let total = (piece.len() + take) as u16;
        piece[2..4].copy_from_slice(&total.to_be_bytes());
        let offset = if made(Mutation::OffsetWrong) && offset > 0 { offset + 8 } else { offset };
        let bits = (offset / 8) as u16 | if more { 0x2000 } else { 0 };
        piece[6..8].copy_from_slice(&bits.to_be_bytes());
        piece[10..12].copy_from_slice(&[0, 0]);
        let sum = checksum(&piece);
        piece[10..12].copy_from_slice(&sum.to_be_bytes());
        piece.extend_from_slice(&payload[at..at + take]);
        pieces.push(piece);
        at += take;
    }
    pieces
}

fn copied_options(options: &[u8]) -> Vec<u8> {
    let mut copied = Vec::new();
    let mut at = 0;
    while at < options.len() {
        match options[at] {
            0 => break,
            1 => at += 1,
            kind => {
                let len = usize::from(options.get(at + 1).copied().unwrap_or(2)).max(2);
                let end = (at + len).min(options.len());
                if kind & 0x80 != 0 {
                    copied.extend_from_slice(&options[at..end]);
                }
                at = end;
            }
        }
    }
    copied.resize(copied.len().div_ceil(4) * 4, 0);
    copied
}

/// Cuts an IPv6 packet at its source (RFC 8200 §4.5).
pub fn cut_v6(packet: &[u8], header: &IpHeader, mtu: usize, identification: u32) -> Vec<Vec<u8>> {
    let payload = header.payload(packet);
    let room = mtu.saturating_sub(48) & !7;
    if room == 0 {
        return Vec::new();
    }
    let mut pieces = Vec::new();
    for (index, chunk) in payload.chunks(room).enumerate() {
        let offset = index * room;
        let more = offset + chunk.len() < payload.len();
        let mut piece = packet[..40].to_vec();
        piece[4..6].copy_from_slice(&((8 + chunk.len()) as u16).to_be_bytes());
        piece[6] = FRAGMENT_HEADER;
        piece.extend_from_slice(&[header.protocol, 0]);
        piece.extend_from_slice(&(offset as u16 | u16::from(more)).to_be_bytes());
        piece.extend_from_slice(&identification.to_be_bytes());
        piece.extend_from_slice(chunk);
        pieces.push(piece);
    }
    pieces
}

/// Which datagram a fragment belongs to.
pub type DatagramKey = (IpAddr, IpAddr, u8, u32);

#[derive(Debug)]
struct Partial {
    since: Timestamp,
    /// Pieces by offset; none overlaps another.
    pieces: BTreeMap<u32, Vec<u8>>,
    total: Option<u32>,
    /// The header of the first piece.
    header: Option<Vec<u8>>,
    /// The first piece whole, for the ICMP error.
    first: Option<Vec<u8>>,
    octets: usize,
    largest: usize,
}

/// What became of a fragment.
#[derive(Debug)]
pub enum Outcome {
    /// It waits for the others. True if it is the first of its datagram, so that an alarm must be set.
    Waits {
        /// True if an alarm must be set for the datagram.
        is_first_heard: bool,
    },
    /// The datagram is whole.
    Whole {
        /// The packet, as if it had never been cut.
        packet: Vec<u8>,
        /// How many pieces it was made of.
        pieces: usize,
        /// Octets of the largest of them.
        largest: usize,
    },
    /// The fragment is thrown away.
    Refused(Reason),
}

/// Datagrams that wait for their fragments.
#[derive(Debug, Default)]
pub struct Reassembly {
    partial: BTreeMap<DatagramKey, Partial>,
}

impl Reassembly {
    /// Takes in a fragment.
    pub fn take(&mut self, header: &IpHeader, packet: &[u8], now: Timestamp) -> Outcome {
        let key = (header.source, header.destination, header.protocol, header.identification);
        let payload = header.payload(packet);
        let (start, end) = (header.offset, header.offset + payload.len() as u32);
        if header.more_fragments && (payload.is_empty() || !payload.len().is_multiple_of(8)) || end > 65_535 {
            return Outcome::Refused(Reason::BadHeader);
        }
        let is_first_heard = !self.partial.contains_key(&key);
        if is_first_heard && self.partial.len() >= limits::MAX_REASSEMBLIES {
            return Outcome::Refused(Reason::FragmentTableFull);
        }
        let partial = self.partial.entry(key).or_insert_with(|| Partial {
            since: now,
            pieces: BTreeMap::new(),
            total: None,
            header: None,
            first: None,
            octets: 0,
            largest: 0,
        });
        if partial.pieces.get(&start).is_some_and(|piece| piece == payload) {
            return Outcome::Refused(Reason::FragmentDuplicate);
        }
        let before = partial.pieces.range(..=start).next_back().map(|(at, piece)| at + piece.len() as u32);
        let after = partial.pieces.range(start..).next().map(|(at, _)| *at);
        let beyond = partial.total.is_some_and(|total| end > total || (!header.more_fragments && end != total));
        if before.is_some_and(|before| before > start) || after.is_some_and(|after| after < end) || beyond {
            // RFC 5722: nothing of a datagram with overlapping fragments can be trusted.
            self.partial.remove(&key);
            return Outcome::Refused(Reason::FragmentOverlap);
        }
        if !header.more_fragments {
            partial.total = Some(end);
        }
        if start == 0 {
            partial.header = Some(packet[..header.header_len].to_vec());
            partial.first = Some(packet[..header.total_len].to_vec());
        }
        partial.octets += payload.len();
        partial.largest = partial.largest.max(header.total_len);
        partial.pieces.insert(start, payload.to_vec());
        if partial.total != Some(partial.octets as u32) || partial.header.is_none() {
            return Outcome::Waits { is_first_heard };
        }
        match self.partial.remove(&key) {
            Some(partial) => Outcome::Whole {
                pieces: partial.pieces.len(),
                largest: partial.largest,
                packet: whole(partial, header.protocol),
            },
            None => Outcome::Waits { is_first_heard },
        }
    }

    /// Throws away the datagrams that have waited too long; returns each with its first piece, if that came.
    pub fn expire(&mut self, now: Timestamp) -> Vec<(DatagramKey, Option<Vec<u8>>)> {
        let late: Vec<DatagramKey> = self
            .partial
            .iter()
            .filter(|(_, partial)| now.since(partial.since) >= REASSEMBLY_TIME)
            .map(|(key, _)| *key)
            .collect();
        late.into_iter().filter_map(|key| self.partial.remove(&key).map(|partial| (key, partial.first))).collect()
    }

    /// Datagrams that wait.
    pub fn len(&self) -> usize {
        self.partial.len()
    }

    /// True if none waits.
    pub fn is_empty(&self) -> bool {
        self.partial.is_empty()
    }
}

fn whole(partial: Partial, protocol: u8) -> Vec<u8> {
    let mut packet = partial.header.unwrap_or_default();
    if packet[0] >> 4 == 6 {
        packet.truncate(40);
        packet[6] = protocol;
        packet[4..6].copy_from_slice(&(partial.octets as u16).to_be_bytes());
    } else {
        let total = (packet.len() + partial.octets) as u16;
        packet[2..4].copy_from_slice(&total.to_be_bytes());
        let bits = u16_at(&packet, 6) & 0x4000;
        packet[6..8].copy_from_slice(&bits.to_be_bytes());
        packet[10..12].copy_from_slice(&[0, 0]);
        let sum = checksum(&packet);
        packet[10..12].copy_from_slice(&sum.to_be_bytes());
    }
    for piece in partial.pieces.values() {
        packet.extend_from_slice(piece);
    }
    packet
}

#[cfg(test)]
mod tests {
    use super::super::octets::{NewHeader, ip_packet};
    use super::*;

    fn packet(payload: &[u8]) -> Vec<u8> {
        let header = NewHeader {
            source: "192.0.2.1".parse().expect("an address"),
            destination: "192.0.2.2".parse().expect("an address"),
            protocol: 17,
            ttl: 64,
            identification: 7,
            dont_fragment: false,
        };
        ip_packet(&header, payload)
    }

    fn header(packet: &[u8]) -> IpHeader {
        IpHeader::parse(packet).expect("a good header")
    }

    #[test]
    fn s36_1428_octets_over_576_are_572_572_and_324() {
        let packet = packet(&[7; 1408]);
        let pieces = cut_v4(&packet, &header(&packet), 576);
        let shape: Vec<_> = pieces.iter().map(|piece| (piece.len(), header(piece).offset)).collect();
        assert_eq!(shape, [(572, 0), (572, 552), (324, 1104)]);
        assert!(header(&pieces[0]).more_fragments && !header(&pieces[2]).more_fragments);
    }

    #[test]
    fn s36_a_fragment_is_cut_again_and_the_pieces_join_in_any_order() {
        let payload: Vec<u8> = (0..3000u32).map(|number| number as u8).collect();
        let original = packet(&payload);
        let mut pieces = Vec::new();
        for piece in cut_v4(&original, &header(&original), 1500) {
            pieces.extend(cut_v4(&piece, &header(&piece), 576));
        }
        pieces.reverse();
        let mut reassembly = Reassembly::default();
        let last = pieces.pop().expect("pieces");
        for piece in &pieces {
            let outcome = reassembly.take(&header(piece), piece, Timestamp::ZERO);
            assert!(matches!(outcome, Outcome::Waits { .. }));
            let again = reassembly.take(&header(piece), piece, Timestamp::ZERO);
            assert!(matches!(again, Outcome::Refused(Reason::FragmentDuplicate)));
        }
        let Outcome::Whole { packet: whole, .. } = reassembly.take(&header(&last), &last, Timestamp::ZERO) else {
            panic!("not whole");
        };
        assert_eq!(whole, original);
        assert!(reassembly.is_empty());
    }

    #[test]
    fn s36_overlapping_fragments_spoil_the_datagram() {
        let original = packet(&[1; 1000]);
        let pieces = cut_v4(&original, &header(&original), 576);
        let other = packet(&[2; 1000]);
        let wrong = cut_v4(&other, &header(&other), 300).swap_remove(1);
        let mut reassembly = Reassembly::default();
        reassembly.take(&header(&pieces[0]), &pieces[0], Timestamp::ZERO);
        let outcome = reassembly.take(&header(&wrong), &wrong, Timestamp::ZERO);
        assert!(matches!(outcome, Outcome::Refused(Reason::FragmentOverlap)), "{outcome:?}");
        assert!(reassembly.is_empty());
    }

    #[test]
    fn s36_pieces_that_wait_too_long_are_thrown_away_with_their_first() {
        let original = packet(&[1; 1000]);
        let pieces = cut_v4(&original, &header(&original), 576);
        let mut reassembly = Reassembly::default();
        reassembly.take(&header(&pieces[0]), &pieces[0], Timestamp::ZERO);
        assert!(reassembly.expire(Timestamp::from_parts(29, 0)).is_empty());
        let late = reassembly.expire(Timestamp::from_parts(30, 0));
        assert_eq!(late.len(), 1);
        assert_eq!(late[0].1.as_deref(), Some(&pieces[0][..]));
    }

    #[test]
    fn s36_ipv6_is_cut_only_with_a_fragment_header() {
        let header = NewHeader {
            source: "2001:db8::1".parse().expect("an address"),
            destination: "2001:db8::2".parse().expect("an address"),
            protocol: 17,
            ttl: 64,
            identification: 0,
            dont_fragment: true,
        };
        let original = ip_packet(&header, &[5; 3000]);
        let pieces = cut_v6(&original, &IpHeader::parse(&original).expect("a header"), 1280, 99);
        assert!(pieces.iter().all(|piece| piece.len() <= 1280));
        let mut reassembly = Reassembly::default();
        let mut joined = None;
        for piece in &pieces {
            let header = IpHeader::parse(piece).expect("a header");
            if let Outcome::Whole { packet, .. } = reassembly.take(&header, piece, Timestamp::ZERO) {
                joined = Some(packet);
            }
        }
        assert_eq!(joined.as_deref(), Some(&original[..]));
    }
}
