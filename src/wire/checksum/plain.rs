//! Checksums of the packets that come most, in one go over their octets.

use super::{Checksum, of_layer};
use crate::wire::frame::Frame;
use crate::wire::layer::LayerKind;
use crate::wire::plain;

/// The verdicts on the IPv4 header and on TCP or UDP of a plain frame; `None` for other frames.
#[inline(always)]
pub(super) fn of_packet(frame: &Frame<'_>) -> Option<(Checksum, Checksum)> {
    if !frame.is_plain() {
        return None;
    }
    let bytes = frame.bytes();
    // IPv6 has no sum of its own.
    let (header, addresses, transport) = if frame.has(LayerKind::Ipv6) {
        (Checksum::Absent, 22, 54)
    } else {
        let header = sum_of_header(bytes.get(14..34)?.first_chunk()?);
        (if is_good(header) { Checksum::Good } else { Checksum::Bad }, 26, 34)
    };
    let ip_end = plain::ip_end(frame);
    let (protocol, end) = if frame.has(LayerKind::Tcp) {
        (6, ip_end)
    } else {
        let fields = bytes.get(transport + 4..)?.first_chunk::<4>()?;
        if fields[2..] == [0, 0] {
            return Some((header, Checksum::Absent));
        }
        (17, transport + usize::from(u16::from_be_bytes([fields[0], fields[1]])))
    };
    // A packet of which not all was captured is not judged, nor is a part of it.
    if ip_end > bytes.len() {
        return Some((header, of_layer(frame, 2)?));
    }
    // Source and destination lie side by side in both headers, and what they are summed with comes right behind them.
    let octets = bytes.get(addresses..end)?;
    let len = (end - transport) as u32;
    let numbers = u64::from(u16::from_le_bytes([0, protocol])) + u64::from(u32::from_le_bytes(len.to_be_bytes()));
    if is_good(plus(sum_of(octets), numbers)) {
        return Some((header, Checksum::Good));
    }
    // Wrong, or left to the card.
    Some((header, of_layer(frame, 2)?))
}

/// The sum of an IPv4 header without options.
#[inline]
fn sum_of_header(octets: &[u8; 20]) -> u64 {
    octets.as_chunks::<4>().0.iter().map(|word| u64::from(u32::from_le_bytes(*word))).sum()
}

/// True if the words that were summed, their checksum among them, come to all ones (RFC 1071 §1).
#[inline]
fn is_good(sum: u64) -> bool {
    // Carries that come round make of 2^16 what 1 is: all sums of one rest are the same.
    sum != 0 && sum.is_multiple_of(0xffff)
}

/// The ones' complement sum of the words of some octets, an odd one at the end filled up with zero: in any width and order
/// of octets the same (RFC 1071 §2). The carry of one word goes into the next, which costs processors nothing.
#[inline]
pub(super) fn sum_of(octets: &[u8]) -> u64 {
    let (pieces, rest) = octets.as_chunks::<64>();
    let mut sum = 0;
    for piece in pieces {
        sum = plus_all(sum, piece.as_chunks::<8>().0);
    }
    let (pieces, rest) = rest.as_chunks::<32>();
    for piece in pieces {
        sum = plus_all(sum, piece.as_chunks::<8>().0);
    }
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

/// The sum with all of these words.
#[inline]
fn plus_all(sum: u64, words: &[[u8; 8]]) -> u64 {
    let (sum, carry) = words.iter().fold((sum, false), |(sum, carry), word| {
        let (sum, first) = sum.overflowing_add(u64::from_le_bytes(*word));
        let (sum, second) = sum.overflowing_add(u64::from(carry));
        (sum, first | second)
    });
    // All ones with a carry come only of all ones and a word of all ones with a carry: never, for the first has none.
    sum + u64::from(carry)
}

/// The sum with the carry brought round, so that it never overflows.
#[inline]
fn plus(one: u64, other: u64) -> u64 {
    let (sum, carry) = one.overflowing_add(other);
    sum + u64::from(carry)
}
