//! A frame taken apart for the reader: which layer added which octets, from the inside out, and how many of all of them
//! are of use to a program.

use super::record::Detail;
use crate::base::text::count;
use crate::wire::{Frame, Layer, LinkType, decode};

/// One header of a frame.
struct Header {
    name: &'static str,
    len: usize,
    /// What it says that matters for the way.
    says: String,
}

fn headers(frame: &Frame<'_>) -> Vec<Header> {
    let describe = |layer: &Layer<'_>| match layer {
        Layer::Ethernet(ethernet) => (
            "Ethernet",
            format!("{} → {}, type {:#06x}", ethernet.source(), ethernet.destination(), ethernet.type_or_len()),
        ),
        Layer::Vlan(vlan) => ("VLAN tag", format!("VLAN {}", vlan.vid())),
        Layer::Arp(_) => ("ARP", String::new()),
        Layer::Ipv4(ip) => {
            ("IPv4", format!("{} → {}, TTL {}, protocol {}", ip.source(), ip.destination(), ip.ttl(), ip.protocol()))
        }
        Layer::Ipv6(ip) => ("IPv6", format!("{} → {}, hop limit {}", ip.source(), ip.destination(), ip.hop_limit())),
        Layer::Icmpv4(icmp) => ("ICMP", format!("type {}, code {}", icmp.icmp_type(), icmp.code())),
        Layer::Icmpv6(icmp) => ("ICMPv6", format!("type {}, code {}", icmp.icmp_type(), icmp.code())),
        Layer::Udp(udp) => ("UDP", format!("port {} → port {}", udp.source_port(), udp.destination_port())),
        Layer::Tcp(tcp) => (
            "TCP",
            format!(
                "port {} → port {}, sequence number {}",
                tcp.source_port(),
                tcp.destination_port(),
                u32::from_be_bytes([tcp.bytes()[4], tcp.bytes()[5], tcp.bytes()[6], tcp.bytes()[7]])
            ),
        ),
        other => (other.name(), String::new()),
    };
    let all = frame.layers().iter().map(|located| {
        let (name, says) = describe(&located.layer);
        Header { name, len: located.header_len as usize, says }
    });
    all.collect()
}

/// How a frame that a box sends was put together: the data first, then each header around it, and at last the padding
/// that Ethernet needs.
pub(super) fn wrapping(octets: &[u8]) -> Detail {
    let frame = decode(LinkType::ETHERNET, octets, octets.len() as u32);
    let (headers, useful) = (headers(&frame), frame.payload_len() as usize);
    let around: usize = headers.iter().map(|header| header.len).sum();
    let added: Vec<String> = headers.iter().rev().map(|header| format!("{} {}", header.name, header.len)).collect();
    let mut total = useful;
    let mut detail = Detail::new(format!(
        "puts {} of data into {}: {} of {} octets are headers",
        count(useful as u64, "octet"),
        added.join(", "),
        around,
        useful + around
    ))
    .with("data", useful as u64)
    .with("headers", around as u64)
    .line(format!("{:<10} {:>5} {:>7}", "data", "", useful));
    for header in headers.iter().rev() {
        total += header.len;
        detail =
            detail.line(format!("{:<10} {:>5} {total:>7}   {}", header.name, format!("+ {}", header.len), header.says));
    }
    // The shortest frame has 60 octets before its check sequence (IEEE 802.3).
    match 60usize.checked_sub(total) {
        Some(padding) if padding > 0 => {
            detail.line(format!("{:<10} {:>5} {:>7}", "padding", format!("+ {padding}"), 60))
        }
        _ => detail,
    }
}

/// How far a box opens a frame that it received: a router looks at the packet only, whoever is meant at all of it.
pub(super) fn unwrapping(octets: &[u8], is_mine: bool) -> Detail {
    let frame = decode(LinkType::ETHERNET, octets, octets.len() as u32);
    let headers = headers(&frame);
    let taken = |header: &Header| format!("{} {}", header.name, header.len);
    let Some(packet) = headers.iter().position(|header| header.name.starts_with("IP")).filter(|_| !is_mine) else {
        let all: Vec<String> = headers.iter().map(taken).collect();
        return Detail::new(match frame.payload_len() {
            1 => format!("takes off {}: 1 octet of data is left", all.join(", ")),
            left => format!("takes off {}: {left} octets of data are left", all.join(", ")),
        })
        .with("data", u64::from(frame.payload_len()));
    };
    let outer: Vec<String> = headers[..packet].iter().map(taken).collect();
    let inner = &headers[packet];
    Detail::new(format!(
        "takes off {}, reads the {} header ({}) and no further: it is for somebody else",
        outer.join(", "),
        inner.name,
        inner.says
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::MacAddr;
    use crate::sim::stack::octets::{ETHER_IPV4, NewHeader, UDP, ethernet, ip_packet, udp_datagram};

    fn frame(data: &[u8]) -> Vec<u8> {
        let (source, destination) = ("192.0.2.1".parse().expect("IP"), "198.51.100.1".parse().expect("IP"));
        let datagram = udp_datagram((source, 5000), (destination, 9), data);
        let header = NewHeader { source, destination, protocol: UDP, ttl: 64, identification: 1, dont_fragment: true };
        let mut octets =
            ethernet(MacAddr::BROADCAST, MacAddr([2, 0, 0, 0, 0, 1]), ETHER_IPV4, &ip_packet(&header, &datagram));
        octets.resize(octets.len().max(60), 0);
        octets
    }

    #[test]
    fn headers_are_counted_from_the_data_outward() {
        let detail = wrapping(&frame(b"hello"));
        assert_eq!(
            &*detail.text,
            "puts 5 octets of data into UDP 8, IPv4 20, Ethernet 14: 42 of 47 octets are headers"
        );
        let last = detail.lines.last().expect("lines");
        assert!(last.starts_with("padding") && last.ends_with("60"), "{last}");
        let long = wrapping(&frame(&[0; 100]));
        assert!(!long.lines.iter().any(|line| line.starts_with("padding")), "{:?}", long.lines);
    }

    #[test]
    fn a_router_reads_no_further_than_the_packet() {
        assert!(
            unwrapping(&frame(b"hello"), false)
                .text
                .starts_with("takes off Ethernet 14, reads the IPv4 header (192.0.2.1")
        );
        assert_eq!(
            &*unwrapping(&frame(b"hello"), true).text,
            "takes off Ethernet 14, IPv4 20, UDP 8: 5 octets of data are left"
        );
    }
}
