//! What a packet is, in few words.

use super::Detail;
use crate::analysis::Judged;
use crate::base::Seq;
use crate::render::number::{decimal, endpoint, hex, hex16, ip, ipv4, mac, spaces};
use crate::render::slate::{Slate, Surface as _};
use crate::wire::app;
use crate::wire::describe::summary;
use crate::wire::{Arp, ArpOperation, Frame, Icmpv4, Icmpv6, IpView, Layer, Located, Tcp, TcpFlags, Udp};

/// The name in the protocol column.
pub(super) fn protocol(frame: &Frame<'_>) -> &'static str {
    match frame.layers().last().map(|located| located.layer) {
        None => "?",
        Some(Layer::Tcp(_)) => "TCP",
        Some(Layer::Udp(_)) => "UDP",
        Some(Layer::CutTransport(cut)) => {
            if cut.protocol == 6 {
                "TCP"
            } else {
                "UDP"
            }
        }
        Some(Layer::Icmpv4(_)) => "ICMP",
        Some(Layer::Icmpv6(_)) => "ICMPv6",
        Some(Layer::Arp(_)) => "ARP",
        Some(Layer::Ipv4(_)) => "IPv4",
        Some(Layer::Ipv6(_) | Layer::Ipv6Extension(_)) => "IPv6",
        Some(Layer::Ethernet(ethernet)) if ethernet.has_len() => "802.3",
        Some(Layer::Ethernet(_)) => "Ether",
        Some(other) => other.name(),
    }
}

/// What the headers say; what they carry is told by [`application`].
pub(super) fn headers(judged: &Judged<'_, '_>, detail: Detail, out: &mut Slate) {
    let frame = &judged.packet.frame;
    if detail.verbosity > 0 {
        network(frame, out);
    }
    if let Some(fragment) = frame.fragment() {
        out.add(b"fragment ");
        hex16(out, fragment.identification as u16);
        out.add(b" octets ");
        decimal(out, u64::from(fragment.offset));
        out.add("–".as_bytes());
        decimal(out, u64::from((fragment.offset + fragment.len).saturating_sub(1)));
        out.add(if fragment.more_fragments { b", more follow " } else { b", the last " });
    }
    match frame.layers().last().map(|located| located.layer) {
        Some(Layer::Tcp(tcp)) => tcp_info(tcp, judged, detail, out),
        Some(Layer::Udp(udp)) => udp_info(udp, out),
        Some(Layer::Icmpv4(icmp)) => icmpv4(icmp, out),
        Some(Layer::Icmpv6(icmp)) => icmpv6(icmp, out),
        Some(Layer::Arp(arp)) => arp_info(arp, out),
        Some(Layer::CutTransport(cut)) => {
            out.add(b"header cut short");
            if let Some(Seq(sequence)) = cut.sequence() {
                out.add(b", seq ");
                decimal(out, u64::from(sequence));
            }
        }
        Some(Layer::Other(other)) => {
            if other.name == "unknown" {
                hex16(out, other.number);
                out.add(b" ");
            }
            length(frame.payload_len(), out);
        }
        Some(layer @ (Layer::Stp(_) | Layer::Igmp(_))) => {
            let mut text = String::new();
            let _ = summary(&layer, &mut text);
            out.add(text.as_bytes());
        }
        _ if frame.fragment().is_none() => length(frame.payload_len(), out),
        _ => {}
    }
}

/// The application at a glance, or the payload itself if it is a short text. `text` is memory to be used again.
pub(super) fn application(frame: &Frame<'_>, detail: Detail, text: &mut String, out: &mut Vec<u8>) {
    const SHORT: usize = 24;
    // A plain frame ends with one of them, and its layers need not be made.
    let is_of_transport =
        || matches!(frame.layers().last(), Some(Located { layer: Layer::Tcp(_) | Layer::Udp(_), .. }));
    if detail.quiet || !frame.is_plain() && !is_of_transport() {
        return;
    }
    let payload = frame.payload();
    if payload.is_empty() {
        return;
    }
    if let Some(protocol) = app::glance(frame, text) {
        out.extend_from_slice(b"  ");
        out.extend_from_slice(protocol.as_bytes());
        if !text.is_empty() {
            out.push(b' ');
            out.extend_from_slice(text.as_bytes());
        }
        return;
    }
    let is_text = |octet: &u8| octet.is_ascii_graphic() || *octet == b' ';
    if payload.len() <= SHORT && payload.len() == frame.payload_len() as usize {
        let text = payload.strip_suffix(b"\n").unwrap_or(payload);
        if !text.is_empty() && text.iter().all(is_text) {
            out.extend_from_slice(b" \"");
            out.extend_from_slice(text);
            out.push(b'"');
        }
    }
}

fn length(len: u32, out: &mut Slate) {
    out.add(b"len ");
    decimal(out, u64::from(len));
}

/// Fields of the IP header, for `-v`.
fn network(frame: &Frame<'_>, out: &mut Slate) {
    match frame.ip() {
        Some(IpView::V4(ip)) => {
            out.add(b"ttl ");
            decimal(out, u64::from(ip.ttl()));
            out.add(b" id ");
            decimal(out, u64::from(ip.identification()));
            if ip.dont_fragment() {
                out.add(b" DF");
            }
            if ip.dscp() != 0 {
                out.add(b" dscp ");
                decimal(out, u64::from(ip.dscp()));
            }
            out.add(b"  ");
        }
        Some(IpView::V6(ip)) => {
            out.add(b"hop limit ");
            decimal(out, u64::from(ip.hop_limit()));
            if ip.flow_label() != 0 {
                out.add(b" flow 0x");
                for octet in &ip.flow_label().to_be_bytes()[1..] {
                    hex(out, *octet);
                }
            }
            out.add(b"  ");
        }
        None => {}
    }
}

/// Columns of the flags and a blank behind them.
const FLAGS_WIDTH: usize = 8;

fn tcp_info(tcp: Tcp<'_>, judged: &Judged<'_, '_>, detail: Detail, out: &mut Slate) {
    let start = out.len();
    flags(tcp.flags(), out);
    if detail.quiet {
        out.add(b" ");
        length(tcp.payload_len(), out);
        return;
    }
    spaces(out, (start + FLAGS_WIDTH).saturating_sub(out.len()).max(1));
    let bases = judged.context.bases.filter(|_| !detail.absolute_sequence);
    let number = |seq: Seq, base: Option<Seq>| base.map_or(seq.0, |base| seq.0.wrapping_sub(base.0));
    out.add(b"seq ");
    decimal(out, u64::from(number(tcp.sequence(), bases.map(|bases| bases.0))));
    if tcp.flags().ack() {
        out.add(b" ack ");
        decimal(out, u64::from(number(tcp.acknowledgment(), bases.map(|bases| bases.1))));
    }
    out.add(b" win ");
    decimal(out, u64::from(tcp.window()));
    out.add(b" ");
    length(tcp.payload_len(), out);
    if tcp.flags().syn() || detail.verbosity > 0 {
        options(tcp, out);
    }
}

/// The flags with the blanks behind them.
#[inline]
pub(super) fn flag_column(found: TcpFlags, out: &mut Slate) {
    // Those that nearly all segments have.
    match found.0 {
        0x010 => return out.add(b"ACK     "),
        0x018 => return out.add(b"PSH,ACK "),
        _ => {}
    }
    let start = out.len();
    flags(found, out);
    spaces(out, (start + FLAGS_WIDTH).saturating_sub(out.len()).max(1));
}

/// The options that a line shows.
pub(super) fn options(tcp: Tcp<'_>, out: &mut Slate) {
    let Some(options) = tcp.options() else { return };
    // One look tells which are there: most segments have no more than timestamps.
    let kinds = options.iter().fold(0_u64, |kinds, (kind, _)| kinds | 1 << kind.min(63));
    let has = |kind: u8| kinds & 1 << kind != 0;
    if has(2)
        && let Some(size) = options.maximum_segment_size()
    {
        out.add(b" mss ");
        decimal(out, u64::from(size));
    }
    if has(3)
        && let Some(shift) = options.window_scale()
    {
        out.add(b" wscale ");
        decimal(out, u64::from(shift));
    }
    if has(4) && options.sack_permitted() {
        out.add(b" sackOK");
    }
    if has(8)
        && let Some((value, echo)) = options.timestamps()
    {
        out.add(b" ts ");
        decimal(out, u64::from(value));
        out.add(b"/");
        decimal(out, u64::from(echo));
    }
    // Fast Open has a kind of its own, and an experimental one.
    if (has(34) || has(63)) && options.fast_open_cookie().is_some() {
        out.add(b" fast-open");
    }
}

/// Flags in the order in which people say them: `SYN,ACK`, `FIN,ACK`, `PSH,ACK`.
fn flags(flags: TcpFlags, out: &mut Slate) {
    let (known, len) = match flags.0 {
        0x010 => (b"ACK    ", 3),
        0x018 => (b"PSH,ACK", 7),
        0x002 => (b"SYN    ", 3),
        0x012 => (b"SYN,ACK", 7),
        0x011 => (b"FIN,ACK", 7),
        0x004 => (b"RST    ", 3),
        0x014 => (b"RST,ACK", 7),
        0x000 => (b"none   ", 4),
        _ => (b"       ", 0),
    };
    out.put(*known, len);
    if len == 0 {
        const ORDER: [(u16, &[u8]); 9] = [
            (0x002, b"SYN"),
            (0x001, b"FIN"),
            (0x004, b"RST"),
            (0x008, b"PSH"),
            (0x010, b"ACK"),
            (0x020, b"URG"),
            (0x040, b"ECE"),
            (0x080, b"CWR"),
            (0x100, b"AE"),
        ];
        let start = out.len();
        for (_, name) in ORDER.iter().filter(|(bit, _)| flags.0 & bit != 0) {
            if out.len() > start {
                out.add(b",");
            }
            out.add(name);
        }
        if out.len() == start {
            out.add(b"reserved");
        }
    }
}

fn udp_info(udp: Udp<'_>, out: &mut Slate) {
    length(udp.payload_len(), out);
    if udp.surplus_len() > 0 {
        out.add(b", then ");
        decimal(out, u64::from(udp.surplus_len()));
        out.add(b" octets beyond its length");
    }
}

fn arp_info(arp: Arp<'_>, out: &mut Slate) {
    match (arp.operation(), arp.sender_ip(), arp.target_ip()) {
        (ArpOperation::Request, Some(sender), Some(target)) => {
            if sender == target {
                out.add(b"announces ");
                ipv4(out, sender);
                return;
            }
            out.add(b"who has ");
            ipv4(out, target);
            if sender.is_unspecified() {
                out.add(b"? (probe)");
            } else {
                out.add(b"? tell ");
                ipv4(out, sender);
            }
        }
        (ArpOperation::Reply, Some(sender), _) => {
            ipv4(out, sender);
            out.add(b" is at ");
            match arp.sender_mac() {
                Some(address) => mac(out, address),
                None => out.add(b"?"),
            }
        }
        _ => {
            out.add(b"operation ");
            decimal(out, u64::from(arp.operation_number()));
        }
    }
}

fn icmpv4(icmp: Icmpv4<'_>, out: &mut Slate) {
    let words: &[u8] = match (icmp.icmp_type(), icmp.code()) {
        (0, _) => b"echo reply",
        (8, _) => b"echo request",
        (3, 0) => b"network unreachable",
        (3, 1) => b"host unreachable",
        (3, 2) => b"protocol unreachable",
        (3, 3) => b"port unreachable",
        (3, 4) => b"fragmentation needed",
        (3, 9 | 10 | 13) => b"administratively prohibited",
        (3, _) => b"destination unreachable",
        (4, _) => b"source quench",
        (5, _) => b"redirect",
        (9, _) => b"router advertisement",
        (10, _) => b"router solicitation",
        (11, 0) => b"TTL exceeded in transit",
        (11, _) => b"reassembly time exceeded",
        (12, _) => b"parameter problem",
        (13, _) => b"timestamp request",
        (14, _) => b"timestamp reply",
        _ => b"",
    };
    named_or_numbers(words, icmp.icmp_type(), icmp.code(), out);
    echo(icmp.echo(), icmp.message_len(), out);
    if let Some(mtu) = icmp.next_hop_mtu() {
        out.add(b", MTU ");
        decimal(out, u64::from(mtu));
    }
    if icmp.is_error() {
        quoted(icmp.quoted(), out);
    }
}

fn icmpv6(icmp: Icmpv6<'_>, out: &mut Slate) {
    let words: &[u8] = match (icmp.icmp_type(), icmp.code()) {
        (128, _) => b"echo request",
        (129, _) => b"echo reply",
        (1, 0) => b"no route to destination",
        (1, 1) => b"administratively prohibited",
        (1, 3) => b"address unreachable",
        (1, 4) => b"port unreachable",
        (1, _) => b"destination unreachable",
        (2, _) => b"packet too big",
        (3, 0) => b"hop limit exceeded in transit",
        (3, _) => b"reassembly time exceeded",
        (4, _) => b"parameter problem",
        (130, _) => b"multicast listener query",
        (131, _) => b"multicast listener report",
        (132, _) => b"multicast listener done",
        (133, _) => b"router solicitation",
        (134, _) => b"router advertisement",
        (135, _) => b"neighbor solicitation",
        (136, _) => b"neighbor advertisement",
        (137, _) => b"redirect",
        (143, _) => b"multicast listener report v2",
        _ => b"",
    };
    named_or_numbers(words, icmp.icmp_type(), icmp.code(), out);
    echo(icmp.echo(), icmp.message_len(), out);
    if matches!(icmp.icmp_type(), 135 | 136)
        && let Some(target) = icmp.bytes().get(8..).and_then(|rest| rest.first_chunk::<16>())
    {
        out.add(if icmp.icmp_type() == 135 { b": who has " } else { b": I have " });
        ip(out, std::net::IpAddr::from(*target));
    }
    if let Some(mtu) = icmp.packet_too_big_mtu() {
        out.add(b", MTU ");
        decimal(out, u64::from(mtu));
    }
    if icmp.is_error() {
        quoted(icmp.quoted(), out);
    }
}

fn named_or_numbers(words: &[u8], icmp_type: u8, code: u8, out: &mut Slate) {
    out.add(words);
    if words.is_empty() {
        out.add(b"type ");
        decimal(out, u64::from(icmp_type));
        out.add(b" code ");
        decimal(out, u64::from(code));
    }
}

fn echo(echo: Option<(u16, u16)>, message_len: u32, out: &mut Slate) {
    if let Some((identifier, sequence)) = echo {
        out.add(b" id ");
        decimal(out, u64::from(identifier));
        out.add(b" seq ");
        decimal(out, u64::from(sequence));
        out.add(b", ");
        length(message_len.saturating_sub(8), out);
    }
}

/// The packet that an ICMP error is about.
fn quoted(frame: Option<Frame<'_>>, out: &mut Slate) {
    let Some(frame) = frame else { return };
    let Some(view) = frame.ip() else { return };
    out.add(b" for ");
    match frame.ports() {
        Some((source, destination)) => {
            out.add(protocol(&frame).as_bytes());
            out.add(b" ");
            endpoint(out, view.source(), source);
            out.add(" → ".as_bytes());
            endpoint(out, view.destination(), destination);
        }
        None => {
            ip(out, view.source());
            out.add(" → ".as_bytes());
            ip(out, view.destination());
        }
    }
}
