//! Checksums of the packets that come most, in one go over their octets.

use super::{Checksum, of_layer};
use crate::wire::frame::Frame;
use crate::wire::layer::Layer;

/// The verdicts on the IPv4 header and on TCP or UDP of a plain frame; `None` for other frames.
#[inline]
pub(super) fn of_packet(frame: &Frame<'_>) -> Option<(Checksum, Checksum)> {
    if !frame.is_plain() {
        return None;
    }
    let [_, network, transport] = frame.layers().first_chunk::<3>()?;
    // Source and destination lie side by side in both headers; IPv6 has no sum of its own.
    let (header, addresses, payload, payload_len) = match &network.layer {
        Layer::Ipv4(ip) => {
            let octets = ip.bytes().first_chunk::<20>()?;
            let header = if is_good(sum_of(octets)) { Checksum::Good } else { Checksum::Bad };
            (header, sum_of(octets.last_chunk::<8>()?), ip.payload(), ip.payload_len())
        }
        Layer::Ipv6(ip) => (Checksum::Absent, sum_of(ip.bytes().last_chunk::<32>()?), ip.payload(), ip.payload_len()),
        _ => return None,
    };
    let (protocol, len) = match &transport.layer {
        Layer::Tcp(_) => (6, payload_len),
        Layer::Udp(udp) if udp.checksum() == 0 => return Some((header, Checksum::Absent)),
        Layer::Udp(udp) => (17, u32::from(udp.length())),
        _ => return None,
    };
    // A packet of which not all was captured is not judged, nor is a part of it.
    if payload.len() as u64 != u64::from(payload_len) {
        return Some((header, of_layer(frame, 2)?));
    }
    let octets = payload.get(..len as usize)?;
    let numbers = u64::from(u16::from_le_bytes([0, protocol])) + u64::from(u32::from_le_bytes(len.to_be_bytes()));
    if is_good(plus(plus(sum_of(octets), addresses), numbers)) {
        return Some((header, Checksum::Good));
    }
    // Wrong, or left to the card.
    Some((header, of_layer(frame, 2)?))
}

/// True if the words that were summed, their checksum among them, come to all ones (RFC 1071 §1).
#[inline]
fn is_good(sum: u64) -> bool {
    // Carries that come round make of 2^16 what 1 is: all sums of one rest are the same.
    sum != 0 && sum.is_multiple_of(0xffff)
}

/// The ones' complement sum of the words of some octets, an odd one at the end filled up with zero: in any width and order
/// of octets the same (RFC 1071 §2). Two sums of 64-bit words side by side keep processors busy.
#[inline]
pub(super) fn sum_of(octets: &[u8]) -> u64 {
    let (pieces, rest) = octets.as_chunks::<64>();
    let (mut even, mut odd) = (0, 0);
    for piece in pieces {
        for pair in piece.as_chunks::<16>().0 {
            let [low, high] = *pair.as_chunks::<8>().0 else { continue };
            even = plus(even, u64::from_le_bytes(low));
            odd = plus(odd, u64::from_le_bytes(high));
        }
    }
    let mut sum = plus(even, odd);
    let (words, rest) = rest.as_chunks::<8>();
    for word in words {
        sum = plus(sum, u64::from_le_bytes(*word));
    }
    if rest.is_empty() {
        return sum;
    }
    let last = match octets.last_chunk::<8>() {
        // Some of these were summed already: they are shifted out.
        Some(last) => u64::from_le_bytes(*last) >> (64 - 8 * rest.len()),
        None => rest.iter().rev().fold(0, |word, octet| word << 8 | u64::from(*octet)),
    };
    plus(sum, last)
}

/// The sum with the carry brought round, so that it never overflows.
#[inline]
fn plus(one: u64, other: u64) -> u64 {
    let (sum, carry) = one.overflowing_add(other);
    sum + u64::from(carry)
}
