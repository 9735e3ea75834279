//! What the report says of fragmented datagrams, as plain data.

use std::net::IpAddr;

use serde::Serialize;

use super::datagram::Datagram;
use super::policy::{Extent, Policy};
use crate::base::limits::MAX_REPORTED_PIECES;

/// What became of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// All its octets came.
    Complete,
    /// The capture ended first, or the memory for waiting pieces was needed.
    Incomplete,
    /// Pieces overlap in a way that receivers do not accept.
    Overlap,
    /// Pieces contradict each other: other octets for the same place, or two ends.
    Conflict,
    /// It reaches beyond the 65535 octets that an IP packet can have.
    TooLong,
    /// The receiver's timer ran out.
    TimedOut,
}

impl Outcome {
    /// The stable name, as in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Outcome::Complete => "complete",
            Outcome::Incomplete => "incomplete",
            Outcome::Overlap => "overlap",
            Outcome::Conflict => "conflict",
            Outcome::TooLong => "too-long",
            Outcome::TimedOut => "timed-out",
        }
    }
}

/// A fragmented datagram.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FragmentReport {
    /// Its number, from 1, in order of first pieces.
    pub datagram: u64,
    /// Source address.
    pub source: IpAddr,
    /// Destination address.
    pub destination: IpAddr,
    /// Protocol of what it carries (IANA).
    pub protocol: u8,
    /// Ports, if the piece that has them came (rule FR10).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_port: Option<u16>,
    /// See `source_port`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination_port: Option<u16>,
    /// Identification.
    pub identification: u32,
    /// The packets that carried pieces of it.
    pub packets: Vec<u64>,
    /// How many they were, if not all of them are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub packet_count: Option<u64>,
    /// What became of it.
    pub outcome: Outcome,
    /// Octets that it carries behind its IP header; absent if the last piece is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub octets: Option<u64>,
    /// True if a receiver of today hands it on: Linux for IPv4, RFC 8200 for IPv6.
    pub delivered: bool,
    /// Time of the first piece to arrive.
    pub first_ns: u64,
    /// Time of the last.
    pub last_ns: u64,
    /// Octets of IP header in front of each piece, in IPv6 without the 8 of the fragment header.
    pub header_octets: u32,
    /// The pieces in order of arrival; no more than the first 64.
    pub pieces: Vec<PieceReport>,
    /// Exact copies of pieces among the packets.
    pub duplicates: u32,
    /// What no piece covers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub holes: Vec<Stretch>,
    /// Pairs of pieces that share octets.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub overlaps: Vec<OverlapReport>,
    /// What receivers of each kind make of the overlaps.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<PolicyReport>,
    /// The MTU that cut it, guessed from its largest piece (rule FR17).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mtu: Option<u32>,
    /// True if pieces were cut again on the way (rule FR13).
    pub refragmented: bool,
    /// The ICMP message that says the receiver gave up waiting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_exceeded: Option<u64>,
}

/// A piece of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct PieceReport {
    /// The packet that carried it.
    pub packet: u64,
    /// When.
    pub time_ns: u64,
    /// Its first octet in the datagram.
    pub offset: u32,
    /// Its octets.
    pub octets: u32,
    /// True unless it is the last.
    pub more_fragments: bool,
    /// TTL or hop limit of its packet.
    pub hop_limit: u8,
}

/// Octets `from` to `to` of a datagram, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Stretch {
    /// First octet.
    pub from: u32,
    /// Last octet; absent if the end of the datagram is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<u32>,
}

/// Two pieces that share octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct OverlapReport {
    /// The packet of the later piece.
    pub packet: u64,
    /// The packet of the earlier piece.
    pub with: u64,
    /// First octet that both have.
    pub from: u32,
    /// Last octet that both have.
    pub to: u32,
    /// `exact`, `inside`, `around` or `partial`, seen from the later piece.
    pub kind: &'static str,
    /// Whether the octets are the same; absent if some were not captured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub same: Option<bool>,
}

/// What one kind of receiver makes of a datagram with overlaps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PolicyReport {
    /// Its name.
    pub policy: &'static str,
    /// True if it hands the datagram on.
    pub delivered: bool,
    /// Which packet's octets it takes where; empty if it hands nothing on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shares: Vec<ShareReport>,
}

/// Octets that a receiver takes from one piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ShareReport {
    /// First octet.
    pub from: u32,
    /// Last octet.
    pub to: u32,
    /// The packet whose octets they are.
    pub packet: u64,
}

impl Stretch {
    pub(super) fn of(extent: Extent) -> Stretch {
        Stretch { from: extent.start, to: (extent.end != u32::MAX).then(|| extent.end.saturating_sub(1)) }
    }

    /// `1480–2959`, or `from 1480 on`.
    pub fn text(self) -> String {
        match self.to {
            Some(to) => format!("{}–{to}", self.from),
            None => format!("from {} on", self.from),
        }
    }
}

impl FragmentReport {
    pub(super) fn of(datagram: &Datagram, outcome: Outcome, delivered: bool, packets: &[u64]) -> FragmentReport {
        let pieces = datagram.pieces.iter().take(MAX_REPORTED_PIECES);
        let mtu = datagram.largest_piece().filter(|_| !datagram.overlaps_at_all).map(super::arithmetic::mtu_guess);
        FragmentReport {
            datagram: datagram.number,
            source: datagram.key.source,
            destination: datagram.key.destination,
            protocol: datagram.protocol,
            source_port: datagram.ports.map(|ports| ports.0),
            destination_port: datagram.ports.map(|ports| ports.1),
            identification: datagram.key.identification,
            packets: packets.to_vec(),
            packet_count: (datagram.packet_count != packets.len() as u64).then_some(datagram.packet_count),
            outcome,
            octets: datagram.total.map(u64::from),
            delivered,
            first_ns: datagram.first_at.nanos(),
            last_ns: datagram.last_at.nanos(),
            header_octets: datagram.header_len,
            pieces: pieces
                .map(|piece| PieceReport {
                    packet: piece.packet,
                    time_ns: piece.at.nanos(),
                    offset: piece.extent.start,
                    octets: piece.extent.len(),
                    more_fragments: piece.more_fragments,
                    hop_limit: piece.hop_limit,
                })
                .collect(),
            duplicates: datagram.duplicates,
            holes: datagram.holes().into_iter().take(MAX_REPORTED_PIECES).map(Stretch::of).collect(),
            overlaps: datagram
                .overlaps
                .iter()
                .map(|overlap| OverlapReport {
                    packet: overlap.packet,
                    with: overlap.with,
                    from: overlap.shared.start,
                    to: overlap.shared.end - 1,
                    kind: overlap.kind.name(),
                    same: overlap.same,
                })
                .collect(),
            policies: policies(datagram),
            mtu,
            refragmented: datagram.is_refragmented(),
            time_exceeded: datagram.time_exceeded,
        }
    }
}

/// The outcome under each policy; empty if nothing overlaps, or if the pieces do not even agree on the end.
fn policies(datagram: &Datagram) -> Vec<PolicyReport> {
    if !datagram.overlaps_at_all || datagram.tail_conflict || datagram.tangled || datagram.too_long {
        return Vec::new();
    }
    let extents: Vec<Extent> = datagram.pieces.iter().map(|piece| piece.extent).collect();
    let covered = datagram.is_covered();
    Policy::ALL
        .into_iter()
        .map(|policy| {
            let shares = policy.resolve(&extents).unwrap_or_default();
            PolicyReport {
                policy: policy.name(),
                delivered: covered && !shares.is_empty(),
                shares: shares
                    .iter()
                    .take(4 * MAX_REPORTED_PIECES)
                    .map(|share| ShareReport {
                        from: share.start,
                        to: share.end - 1,
                        packet: datagram.pieces[share.piece].packet,
                    })
                    .collect(),
            }
        })
        .collect()
}
