//! Octets in tcpdump's manner: `-x` and `-X` in rows of sixteen, `-A` as text.

use crate::wire::{Frame, Layer};

const HEX: &[u8; 16] = b"0123456789abcdef";
/// Octets of one row.
const ROW: usize = 16;

/// Where the network packet begins: what `-x`, `-X` and `-A` show; `-xx` and `-XX` show the link header too.
pub fn network_start(frame: &Frame<'_>) -> usize {
    let is_link = |layer: &Layer<'_>| {
        matches!(
            layer,
            Layer::Ethernet(_) | Layer::Vlan(_) | Layer::Llc(_) | Layer::Sll(_) | Layer::Loopback(_) | Layer::Ppp(_)
        )
    };
    let last = frame.layers().iter().take_while(|located| is_link(&located.layer)).last();
    last.map_or(0, |located| (located.start + located.header_len) as usize)
}

/// Appends rows of sixteen octets with their offset, each row after a tab, with the text beside them if `with_text`.
pub fn rows(octets: &[u8], with_text: bool, out: &mut Vec<u8>) {
    for (index, row) in octets.chunks(ROW).enumerate() {
        let offset = index * ROW;
        out.extend_from_slice(b"\t0x");
        let digits = if offset > 0xffff { 8 } else { 4 };
        for digit in (0..digits).rev() {
            out.push(HEX[offset >> (digit * 4) & 15]);
        }
        out.extend_from_slice(b": ");
        let begin = out.len();
        for (at, octet) in row.iter().enumerate() {
            if at % 2 == 0 {
                out.push(b' ');
            }
            out.push(HEX[usize::from(octet >> 4)]);
            out.push(HEX[usize::from(octet & 15)]);
        }
        if with_text {
            out.resize(begin + ROW / 2 * 5 + 2, b' ');
            out.extend(row.iter().map(|octet| if octet.is_ascii_graphic() { *octet } else { b'.' }));
        }
        out.push(b'\n');
    }
}

/// Appends octets as text: line breaks, tabs and spaces stay, whatever could move the cursor otherwise becomes a point.
pub fn text(octets: &[u8], out: &mut Vec<u8>) {
    for (at, octet) in octets.iter().enumerate() {
        match octet {
            // A carriage return before a line break says nothing.
            b'\r' if octets.get(at + 1) == Some(&b'\n') => {}
            b'\n' | b'\t' | b' ' => out.push(*octet),
            octet if octet.is_ascii_graphic() => out.push(*octet),
            _ => out.push(b'.'),
        }
    }
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::MacAddr;
    use crate::wire::build::{FrameBuilder, Ipv4Fields, UdpFields};
    use crate::wire::{LinkType, decode};

    fn rows_of(octets: &[u8], with_text: bool) -> String {
        let mut out = Vec::new();
        rows(octets, with_text, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_row_has_its_offset_eight_pairs_and_the_text() {
        let octets: Vec<u8> = (0x30..0x43).collect();
        assert_eq!(
            rows_of(&octets, true),
            "\t0x0000:  3031 3233 3435 3637 3839 3a3b 3c3d 3e3f  0123456789:;<=>?\n\
             \t0x0010:  4041 42                                  @AB\n"
        );
        assert_eq!(rows_of(&octets[..3], false), "\t0x0000:  3031 32\n");
        assert_eq!(rows_of(&[], true), "");
    }

    #[test]
    fn what_is_no_letter_becomes_a_point() {
        assert!(rows_of(b"\x1b[31m \xff", true).ends_with("  .[31m..\n"));
        let mut out = Vec::new();
        text(b"GET /\r\n\x1b[2J\xc3\xa9 x\r", &mut out);
        assert_eq!(out, b"GET /\n.[2J.. x.\n");
    }

    #[test]
    fn the_network_packet_begins_behind_tags_and_llc() {
        let (a, b) = (MacAddr([0, 0, 0x5e, 0, 0x53, 1]), MacAddr([0, 0, 0x5e, 0, 0x53, 2]));
        let ip = || Ipv4Fields::new([192, 0, 2, 1], [192, 0, 2, 2]);
        let start = |link, octets: &[u8]| network_start(&decode(link, octets, octets.len() as u32));
        let tagged = FrameBuilder::ethernet(a, b).vlan(1).vlan(2).ipv4(ip()).udp(UdpFields::new(1, 2)).finish();
        assert_eq!(start(LinkType::ETHERNET, &tagged), 22);
        let llc = FrameBuilder::ethernet(a, b).llc(0x42).payload(&[0; 35]).finish();
        assert_eq!(start(LinkType::ETHERNET, &llc), 17);
        assert_eq!(start(LinkType::RAW, &tagged[22..]), 0);
    }
}
