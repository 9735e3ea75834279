//! Frame check sequences that a capture has stored (IEEE 802.3 §3.2.9): they are no part of what a replay sends (R8).

use crate::packet::{Packet, RawPacket};
use crate::sim::frame::ETHERNET_HEADER_LEN;

/// Octets of the check sequence of Ethernet.
const FCS_LEN: usize = 4;

/// What stands at the end of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stored {
    /// No check sequence.
    None,
    /// One that fits.
    Right,
    /// One that does not fit: the frame was damaged.
    Wrong,
    /// One of which the capture cut off a part, so that it says nothing.
    Cut,
    /// The file says that there is one, yet the packet needs these octets itself.
    Missing,
}

impl Stored {
    /// True if octets are to be taken off.
    pub const fn is_there(self) -> bool {
        matches!(self, Stored::Right | Stored::Wrong | Stored::Cut)
    }

    /// How many octets, if the file says `told`.
    pub fn len(self, told: Option<u8>) -> usize {
        if self.is_there() { told.map_or(FCS_LEN, usize::from) } else { 0 }
    }
}

/// What stands at the end of a frame that had `wire_len` octets, given what the file says of its interface.
pub(super) fn stored(raw: &RawPacket<'_>, wire_len: usize, told: Option<u8>) -> Stored {
    let is_whole = wire_len == raw.bytes.len();
    match told.map(usize::from) {
        None if is_whole && ends_with_check_sequence(raw) => Stored::Right,
        None | Some(0) => Stored::None,
        Some(len) if wire_len < ETHERNET_HEADER_LEN + len || needed_by_packet(raw, wire_len, len) => Stored::Missing,
        Some(_) if !is_whole => Stored::Cut,
        Some(FCS_LEN) if !fits(raw.bytes) => Stored::Wrong,
        Some(_) => Stored::Right,
    }
}

/// True if the IP or ARP packet reaches into the last `len` octets, so that they can be no check sequence.
fn needed_by_packet(raw: &RawPacket<'_>, wire_len: usize, len: usize) -> bool {
    // Most frames are IPv4: that is seen without decoding.
    if let Some([0x08, 0x00, 0x45, _, high, low]) = raw.bytes.get(12..18) {
        return usize::from(u16::from_be_bytes([*high, *low])) + ETHERNET_HEADER_LEN + len > wire_len;
    }
    let packet = Packet::decode(*raw);
    let has_ip_or_arp = packet.frame.ip().is_some() || packet.frame.arp().is_some();
    has_ip_or_arp && (packet.frame.trailer_len() as usize) < len
}

/// True if the last four octets are the check sequence of those before, though nobody said that there is one. Only
/// believed of frames with octets behind what their headers account for.
fn ends_with_check_sequence(raw: &RawPacket<'_>) -> bool {
    raw.bytes.len() >= 64 && !needed_by_packet(raw, raw.bytes.len(), FCS_LEN) && fits(raw.bytes)
}

fn fits(octets: &[u8]) -> bool {
    octets.split_last_chunk::<FCS_LEN>().is_some_and(|(body, stored)| crc32(body).to_le_bytes() == *stored)
}

fn crc32(octets: &[u8]) -> u32 {
    const TABLE: [u32; 256] = {
        let mut table = [0u32; 256];
        let mut index = 0;
        while index < 256 {
            let mut crc = index as u32;
            let mut bit = 0;
            while bit < 8 {
                crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
                bit += 1;
            }
            table[index] = crc;
            index += 1;
        }
        table
    };
    !octets.iter().fold(u32::MAX, |crc, octet| crc >> 8 ^ TABLE[(crc as u8 ^ octet) as usize])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r8_the_check_sequence_is_that_of_ieee_802_3() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }
}
