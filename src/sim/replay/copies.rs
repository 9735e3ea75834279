//! Copies that a mirror port makes: the same packet seen twice within a millisecond (R8).

use std::hash::{BuildHasher, Hasher};

use super::Map;
use super::captured::{Capture, CapturedFrame};
use crate::base::limits;
use crate::sim::frame::ETHERNET_HEADER_LEN;

/// How long after a packet a copy of it can come.
const WITHIN_NANOS: u64 = 1_000_000;

/// A packet that was seen before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copy {
    /// Index of the frame that was seen first.
    pub of: usize,
    /// True if the MAC addresses are equal too; else a router stood between.
    pub same_link: bool,
}

/// For each frame: the earlier one that it is a copy of.
pub(super) fn find(capture: &Capture) -> Map<usize, Copy> {
    let mut copies = Map::default();
    let mut recent: Map<u64, usize> = Map::default();
    for (index, frame) in capture.frames.iter().enumerate() {
        let Some(signature) = signature(frame) else { continue };
        if recent.len() >= limits::RECENT_REPLAY_FRAMES {
            recent.retain(|_, index| frame.at.nanos_since(capture.frames[*index].at) <= WITHIN_NANOS);
            // A full table means more than these many packets in a millisecond: the oldest half is enough to forget.
            if recent.len() >= limits::RECENT_REPLAY_FRAMES {
                recent.clear();
            }
        }
        if let Some(first) = recent.insert(signature, index) {
            let earlier = &capture.frames[first];
            if frame.at.nanos_since(earlier.at) <= WITHIN_NANOS && same_packet(earlier, frame) {
                let same_link = earlier.octets()[..12] == frame.octets()[..12];
                copies.insert(index, Copy { of: first, same_link });
            }
        }
    }
    copies
}

/// What a router leaves alone of an IPv4 packet, for those with an identification that tells them apart.
fn parts(frame: &CapturedFrame) -> Option<(&[u8], &[u8], &[u8])> {
    let octets = frame.octets();
    if octets.get(12..14)? != [0x08, 0x00] || frame.was_cut() {
        return None;
    }
    let ip = &octets[ETHERNET_HEADER_LEN..];
    // Identification 0 is what many systems give to every packet that may not be fragmented.
    if ip.len() < 20 || ip[4..6] == [0, 0] {
        return None;
    }
    let len = usize::from(u16::from_be_bytes([ip[2], ip[3]])).clamp(20, ip.len());
    Some((&ip[..8], &ip[9..10], &ip[12..len]))
}

fn signature(frame: &CapturedFrame) -> Option<u64> {
    let (head, protocol, rest) = parts(frame)?;
    let mut hasher = foldhash::fast::FixedState::default().build_hasher();
    hasher.write(head);
    hasher.write(protocol);
    // The first octets tell nearly all packets apart; those that remain are compared in full.
    hasher.write(&rest[..rest.len().min(48)]);
    Some(hasher.finish())
}

fn same_packet(a: &CapturedFrame, b: &CapturedFrame) -> bool {
    match (parts(a), parts(b)) {
        (Some(a), Some(b)) => a == b,
        _ => false,
    }
}
