//! What lies in a block of the ring: packets with their headers, in the kernel's order. Also puts back what the kernel
//! took off: the outer VLAN tag, and the link header of a cooked capture.
//!
//! ```text
//! block:   version, offset to private | status, number of packets, offset to first packet, …
//! packet:  next offset, seconds, nanoseconds, kept, length, status, mac, net, …   (struct tpacket3_hdr, 48 octets)
//!          family, protocol, interface, hardware type, packet type, address     (struct sockaddr_ll, 20 octets)
//!          headroom … octets of the packet from `mac` on
//! ```

use std::mem::{offset_of, size_of};
use std::ops::Range;

use crate::base::Timestamp;

/// Octets of the SLL2 header (link type LINUX_SLL2).
pub(super) const SLL2_LEN: usize = 20;
/// Octets of a VLAN tag.
pub(super) const VLAN_LEN: usize = 4;

const HEADER_LEN: usize = size_of::<libc::tpacket3_hdr>();
/// The link address follows the header, which is a multiple of the ring's alignment long.
const ADDRESS_AT: usize = HEADER_LEN.next_multiple_of(libc::TPACKET_ALIGNMENT);
const BLOCK_HEADER: usize = offset_of!(libc::tpacket_block_desc, hdr);

/// What begins the octets of packets from the ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// An Ethernet header, into which a VLAN tag may have to be put back.
    Ethernet,
    /// Whatever the interface has, as it is.
    AsIs,
    /// Nothing: a Linux cooked header is made from the link address.
    Cooked,
}

/// A packet found in a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// When the kernel saw it.
    pub at: Timestamp,
    /// Its octets, as a range of the block.
    pub octets: Range<usize>,
    /// Octets it had on the wire.
    pub wire_len: u32,
    /// Kind of hardware of its interface (ARPHRD_ of Linux).
    pub hardware: u16,
    /// 0 to us, 1 broadcast, 2 multicast, 3 to another host, 4 sent by us.
    pub packet_type: u8,
    /// Index of the interface.
    pub interface: u32,
    /// True if the sums of the packet were left to the NIC.
    pub checksum_not_ready: bool,
}

/// The place of the next packet of a block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cursor {
    next: usize,
    left: u32,
}

impl Cursor {
    /// The first packet of `block`.
    pub fn start(block: &[u8]) -> Cursor {
        Cursor {
            next: word(block, BLOCK_HEADER + offset_of!(libc::tpacket_hdr_v1, offset_to_first_pkt)) as usize,
            left: word(block, BLOCK_HEADER + offset_of!(libc::tpacket_hdr_v1, num_pkts)),
        }
    }

    /// The next packet, whole again; at most `snap_len` octets of it. `None` at the end of the block.
    pub fn next(&mut self, block: &mut [u8], framing: Framing, snap_len: u32) -> Option<Found> {
        self.left = self.left.checked_sub(1)?;
        let at = self.next;
        self.next = at + word(block, at + offset_of!(libc::tpacket3_hdr, tp_next_offset)) as usize;
        let header = block.get(at..at + ADDRESS_AT + size_of::<libc::sockaddr_ll>())?;
        let address = &header[ADDRESS_AT..];
        let status = word(header, offset_of!(libc::tpacket3_hdr, tp_status));
        let start = at + usize::from(half(header, offset_of!(libc::tpacket3_hdr, tp_mac)));
        let end = start + word(header, offset_of!(libc::tpacket3_hdr, tp_snaplen)) as usize;
        let mut found = Found {
            at: Timestamp::from_parts(
                word(header, offset_of!(libc::tpacket3_hdr, tp_sec)).into(),
                word(header, offset_of!(libc::tpacket3_hdr, tp_nsec)).into(),
            ),
            octets: start..end,
            wire_len: word(header, offset_of!(libc::tpacket3_hdr, tp_len)),
            hardware: half(address, offset_of!(libc::sockaddr_ll, sll_hatype)),
            packet_type: address[offset_of!(libc::sockaddr_ll, sll_pkttype)],
            interface: word(address, offset_of!(libc::sockaddr_ll, sll_ifindex)),
            checksum_not_ready: status & libc::TP_STATUS_CSUMNOTREADY != 0,
        };
        let tag = (status & libc::TP_STATUS_VLAN_VALID != 0).then(|| vlan_tag(header, status));
        match framing {
            Framing::Ethernet => {
                if let Some(tag) = tag {
                    put_tag_back(block, &mut found, tag);
                }
            }
            Framing::Cooked => put_cooked_header(block, at, &mut found, tag),
            Framing::AsIs => {}
        }
        found.octets.end = found.octets.end.min(found.octets.start + snap_len as usize);
        // The kernel never points outside the block; if it did, the packet would have no octets rather than wrong ones.
        if found.octets.end > block.len() || found.octets.start > found.octets.end {
            found.octets = 0..0;
        }
        Some(found)
    }
}

/// The tag as it was on the wire: identifier and control information (IEEE 802.1Q §9.3).
fn vlan_tag(header: &[u8], status: u32) -> [u8; VLAN_LEN] {
    let variant = offset_of!(libc::tpacket3_hdr, hv1);
    let control = word(header, variant + offset_of!(libc::tpacket_hdr_variant1, tp_vlan_tci)) as u16;
    let identifier = if status & libc::TP_STATUS_VLAN_TPID_VALID != 0 {
        half(header, variant + offset_of!(libc::tpacket_hdr_variant1, tp_vlan_tpid))
    } else {
        0x8100
    };
    let ([a, b], [c, d]) = (identifier.to_be_bytes(), control.to_be_bytes());
    [a, b, c, d]
}

/// Moves the two addresses forward into the headroom and writes the tag behind them.
fn put_tag_back(block: &mut [u8], found: &mut Found, tag: [u8; VLAN_LEN]) {
    let start = found.octets.start;
    let addresses = start..start + 12;
    if found.octets.len() < 12 || addresses.end > block.len() || start < VLAN_LEN {
        return; // Too short a snap length for a tag to have a place.
    }
    block.copy_within(addresses, start - VLAN_LEN);
    block[start + 12 - VLAN_LEN..start + 12].copy_from_slice(&tag);
    found.octets.start -= VLAN_LEN;
    found.wire_len += VLAN_LEN as u32;
}

/// Writes an SLL2 header into the headroom, from the link address that the kernel left at `at`:
/// protocol, reserved, interface index, hardware type, packet type, address length, address.
/// A tag becomes the protocol and the first octets of the payload, as on the wire.
fn put_cooked_header(block: &mut [u8], at: usize, found: &mut Found, tag: Option<[u8; VLAN_LEN]>) {
    let more = SLL2_LEN + tag.map_or(0, |_| VLAN_LEN);
    let Some(start) = found.octets.start.checked_sub(more) else { return };
    if found.octets.start > block.len() {
        return;
    }
    let address_at = at + ADDRESS_AT;
    let address = &block[address_at..address_at + size_of::<libc::sockaddr_ll>()];
    let protocol_at = offset_of!(libc::sockaddr_ll, sll_protocol);
    let mut protocol = [address[protocol_at], address[protocol_at + 1]]; // In network order already.
    let len = address[offset_of!(libc::sockaddr_ll, sll_halen)];
    let mut link_address = [0; 8];
    let link_address_at = offset_of!(libc::sockaddr_ll, sll_addr);
    link_address.copy_from_slice(&address[link_address_at..link_address_at + 8]);
    if let Some([a, b, c, d]) = tag {
        block[start + SLL2_LEN..start + more].copy_from_slice(&[c, d, protocol[0], protocol[1]]);
        protocol = [a, b];
    }
    let header = &mut block[start..start + SLL2_LEN];
    header[0..2].copy_from_slice(&protocol);
    header[2..4].fill(0);
    header[4..8].copy_from_slice(&found.interface.to_be_bytes());
    header[8..10].copy_from_slice(&found.hardware.to_be_bytes());
    header[10] = found.packet_type;
    header[11] = len;
    header[12..20].copy_from_slice(&link_address);
    found.octets.start = start;
    found.wire_len += more as u32;
}

/// A 32-bit number in the machine's own order; zero outside of `bytes`.
fn word(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |four| u32::from_ne_bytes(*four))
}

/// A 16-bit number in the machine's own order; zero outside of `bytes`.
fn half(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |two| u16::from_ne_bytes(*two))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A block with one packet of `octets`, its outer tag taken off by the kernel.
    fn block_with(octets: &[u8], tag: Option<(u16, u16)>) -> Vec<u8> {
        let mut block = vec![0; 4096];
        let at = 48;
        let data = at + 128;
        let put = |block: &mut Vec<u8>, place: usize, value: &[u8]| {
            block[place..place + value.len()].copy_from_slice(value);
        };
        put(&mut block, BLOCK_HEADER + 4, &1u32.to_ne_bytes());
        put(&mut block, BLOCK_HEADER + 8, &(at as u32).to_ne_bytes());
        let len = octets.len() as u32;
        let status = if tag.is_some() { libc::TP_STATUS_VLAN_VALID | libc::TP_STATUS_VLAN_TPID_VALID } else { 0 };
        for (index, value) in [0, 1_700_000_000, 5, len, len + 10, status].into_iter().enumerate() {
            put(&mut block, at + index * 4, &u32::to_ne_bytes(value));
        }
        put(&mut block, at + 24, &128u16.to_ne_bytes());
        if let Some((identifier, control)) = tag {
            put(&mut block, at + 32, &u32::from(control).to_ne_bytes());
            put(&mut block, at + 36, &identifier.to_ne_bytes());
        }
        put(&mut block, at + 48, &[17, 0, 0x08, 0x00, 7, 0, 0, 0, 1, 0, 4, 6, 0, 0, 0x5e, 0, 0x53, 1, 0, 0]);
        put(&mut block, data, octets);
        block
    }

    #[test]
    fn a_packet_has_the_kernels_time_lengths_and_direction() {
        let mut block = block_with(&[1; 60], None);
        let mut cursor = Cursor::start(&block);
        let found = cursor.next(&mut block, Framing::AsIs, 262_144).expect("a packet");
        assert_eq!(found.at, Timestamp::from_parts(1_700_000_000, 5));
        assert_eq!((found.octets.len(), found.wire_len, found.packet_type, found.interface), (60, 70, 4, 7));
        assert_eq!(cursor.next(&mut block, Framing::AsIs, 262_144), None);
    }

    #[test]
    fn a_tag_that_the_kernel_took_off_is_put_back_behind_the_addresses() {
        let mut frame = [[1; 6], [2; 6]].concat();
        frame.extend([0x08, 0x00, 0x45]);
        let mut block = block_with(&frame, Some((0x88a8, 0x6064)));
        let found = Cursor::start(&block).next(&mut block, Framing::Ethernet, 262_144).expect("a packet");
        let mut wanted = [[1; 6], [2; 6]].concat();
        wanted.extend([0x88, 0xa8, 0x60, 0x64, 0x08, 0x00, 0x45]);
        assert_eq!(block[found.octets], wanted);
        assert_eq!(found.wire_len, 15 + 10 + 4);
    }

    #[test]
    fn the_snap_length_holds_for_the_restored_packet() {
        let mut block = block_with(&[9; 60], Some((0x8100, 100)));
        let found = Cursor::start(&block).next(&mut block, Framing::Ethernet, 60).expect("a packet");
        assert_eq!((found.octets.len(), found.wire_len), (60, 74));
    }

    #[test]
    fn a_cooked_packet_names_protocol_interface_and_sender_and_keeps_its_tag() {
        let mut block = block_with(&[0x45, 0x00], None);
        let found = Cursor::start(&block).next(&mut block, Framing::Cooked, 262_144).expect("a packet");
        let header = [8, 0, 0, 0, 0, 0, 0, 7, 0, 1, 4, 6, 0, 0, 0x5e, 0, 0x53, 1, 0, 0, 0x45, 0x00];
        assert_eq!(block[found.octets], header);
        let mut block = block_with(&[0x45, 0x00], Some((0x8100, 100)));
        let found = Cursor::start(&block).next(&mut block, Framing::Cooked, 262_144).expect("a packet");
        assert_eq!(block[found.octets.start..][..2], [0x81, 0x00]);
        assert_eq!(block[found.octets.start + 20..found.octets.end], [0, 100, 0x08, 0x00, 0x45, 0x00]);
    }

    #[test]
    fn offsets_that_point_outside_of_the_block_yield_no_octets() {
        let mut block = block_with(&[1; 60], None);
        block[48 + 12..48 + 16].copy_from_slice(&u32::MAX.to_ne_bytes());
        let found = Cursor::start(&block).next(&mut block, Framing::AsIs, u32::MAX).expect("a packet");
        assert!(found.octets.is_empty());
        let mut short = vec![0xff; 100];
        assert_eq!(Cursor::start(&short).next(&mut short, Framing::Cooked, 100), None);
    }
}
