//! The layers of a packet as JSON.

use super::object::{Object, key};
use crate::render::number::{ip, ipv4, ipv6, mac};
use crate::render::slate::Surface;
use crate::wire::describe::{self, Value};
use crate::wire::{Arp, CutTransport, Frame, Icmpv4, Icmpv6, IpView, Layer, LayerKind, Located, Tcp, TcpFlags, Udp};

/// One key a kind of layer, for the innermost of its kind, without the tags of VLANs. A slate has room for all of them.
pub(super) fn write(frame: &Frame<'_>, object: &mut Object<'_, impl Surface>) {
    if let Some(arp) = frame.arp() {
        object.object(key!("arp"), |o| write_arp(arp, o));
    }
    ip_layers(frame, object);
    transport_layers(frame, object);
    if let Some(located) = frame.layers().last()
        && let Layer::CutHeader(cut) = located.layer
    {
        write_cut_header(frame, located, cut.kind, object);
    }
}

/// The innermost Ethernet header.
pub(super) fn write_ethernet(frame: &Frame<'_>, object: &mut Object<'_, impl Surface>) {
    let Some(ethernet) = frame.ethernet() else { return };
    object.object(key!("ethernet"), |o| {
        o.quoted(key!("source"), |out| mac(out, ethernet.source()));
        o.quoted(key!("destination"), |out| mac(out, ethernet.destination()));
        o.number(if ethernet.has_len() { key!("length") } else { key!("ether_type") }, ethernet.type_or_len());
    });
}

/// The tags of VLANs, outermost first.
pub(super) fn write_vlans(frame: &Frame<'_>, object: &mut Object<'_, impl Surface>) {
    let out = object.key(key!("vlan"));
    for (index, vlan) in frame.vlans().enumerate() {
        out.add(if index == 0 { b"[" } else { b"," });
        let mut o = Object::open(out);
        o.number(key!("vid"), vlan.vid());
        o.number(key!("pcp"), vlan.pcp());
        o.close();
    }
    out.add(b"]");
}

/// Names of fields with their keys.
macro_rules! keys {
    ($($name:literal),*) => { [$(($name, key!($name))),*] };
}

/// Keys of headers that can be cut within their fixed part; the fields have the same names.
const CUT_KEYS: [(LayerKind, &[(&str, &str)]); 6] = [
    (LayerKind::Ethernet, &keys!["source", "destination", "ether_type", "length"]),
    (LayerKind::Arp, &keys!["operation", "sender_mac", "sender_ip", "target_mac", "target_ip"]),
    (
        LayerKind::Ipv4,
        &keys![
            "source",
            "destination",
            "protocol",
            "identification",
            "dont_fragment",
            "more_fragments",
            "fragment_offset",
            "ttl",
            "total_length"
        ],
    ),
    (LayerKind::Ipv6, &keys!["source", "destination", "next_header", "hop_limit", "payload_length"]),
    (LayerKind::Icmpv4, &keys!["type", "code"]),
    (LayerKind::Icmpv6, &keys!["type", "code"]),
];

/// What is there of a header whose end was cut off, unless another of its kind was written already.
fn write_cut_header(frame: &Frame<'_>, located: &Located<'_>, kind: LayerKind, object: &mut Object<'_, impl Surface>) {
    let is_written = frame.layers().iter().filter(|layer| layer.layer.kind() == kind).count() > 1;
    let Some((_, keys)) = CUT_KEYS.iter().find(|(cut, _)| *cut == kind && !is_written) else { return };
    object.object(kind_key(kind), |o| {
        describe::visit(located, &mut |value| {
            let name = value.field.name.rsplit('.').next();
            let Some((_, key)) = keys.iter().find(|(known, _)| Some(*known) == name) else { return };
            match value.value {
                Value::Unsigned(number) => o.number(key, number),
                Value::Boolean(truth) => o.truth(key, truth),
                Value::Mac(address) => o.quoted(key, |out| mac(out, address)),
                Value::Ipv4(address) => o.quoted(key, |out| ipv4(out, address)),
                Value::Ipv6(address) => o.quoted(key, |out| ipv6(out, address)),
                Value::Octets(_) | Value::Text(_) => {}
            }
        });
    });
}

/// The key of a layer that can be cut.
fn kind_key(kind: LayerKind) -> &'static str {
    match kind {
        LayerKind::Ethernet => key!("ethernet"),
        LayerKind::Arp => key!("arp"),
        LayerKind::Ipv4 => key!("ipv4"),
        LayerKind::Ipv6 => key!("ipv6"),
        LayerKind::Icmpv4 => key!("icmpv4"),
        LayerKind::Icmpv6 => key!("icmpv6"),
        LayerKind::Tcp => key!("tcp"),
        _ => key!("udp"),
    }
}

/// The innermost of each kind: what a tunnel over UDP carries may be TCP.
fn transport_layers(frame: &Frame<'_>, object: &mut Object<'_, impl Surface>) {
    for (index, located) in frame.layers().iter().enumerate() {
        let is_last = |kind| frame.layers()[index + 1..].iter().all(|inner| inner.layer.kind() != kind);
        match located.layer {
            Layer::Icmpv4(icmp) if is_last(LayerKind::Icmpv4) => {
                object.object(key!("icmpv4"), |o| write_icmpv4(icmp, o));
            }
            Layer::Icmpv6(icmp) if is_last(LayerKind::Icmpv6) => {
                object.object(key!("icmpv6"), |o| write_icmpv6(icmp, o));
            }
            Layer::Udp(udp) if is_last(LayerKind::Udp) => object.object(key!("udp"), |o| write_udp(udp, o)),
            Layer::Tcp(tcp) if is_last(LayerKind::Tcp) => object.object(key!("tcp"), |o| write_tcp(tcp, o)),
            Layer::CutTransport(cut) if is_last(located.layer.kind()) => {
                object.object(kind_key(located.layer.kind()), |o| write_cut(cut, o));
            }
            _ => {}
        }
    }
}

fn write_cut(cut: CutTransport<'_>, o: &mut Object<'_, impl Surface>) {
    if let Some((source, destination)) = cut.ports() {
        o.number(key!("source_port"), source);
        o.number(key!("destination_port"), destination);
    }
    if let Some(sequence) = cut.sequence() {
        o.number(key!("sequence"), sequence.0);
    }
    if let Some(acknowledgment) = cut.acknowledgment() {
        o.number(key!("acknowledgment"), acknowledgment.0);
    }
    if let Some(flags) = cut.flags() {
        write_flags(flags, o);
    }
    if let Some(window) = cut.window() {
        o.number(key!("window"), window);
    }
}

/// The innermost header of either version: a tunnel may have both.
fn ip_layers(frame: &Frame<'_>, object: &mut Object<'_, impl Surface>) {
    let last = |kind, pick: fn(&Layer<'_>) -> bool| {
        let place = || frame.layers().iter().rposition(|located| pick(&located.layer));
        if frame.has(kind) { place() } else { None }
    };
    let v4 = last(LayerKind::Ipv4, |layer| matches!(layer, Layer::Ipv4(_)));
    let v6 = last(LayerKind::Ipv6, |layer| matches!(layer, Layer::Ipv6(_)));
    for index in [v4.min(v6), v4.max(v6)].into_iter().flatten() {
        match frame.layers()[index].layer {
            Layer::Ipv4(ip) => object.object(key!("ipv4"), |o| {
                o.quoted(key!("source"), |out| ipv4(out, ip.source()));
                o.quoted(key!("destination"), |out| ipv4(out, ip.destination()));
                o.number(key!("protocol"), ip.protocol());
                o.number(key!("identification"), ip.identification());
                o.truth(key!("dont_fragment"), ip.dont_fragment());
                o.truth(key!("more_fragments"), ip.more_fragments());
                o.number(key!("fragment_offset"), ip.fragment_offset());
                o.number(key!("ttl"), ip.ttl());
                o.number(key!("total_length"), ip.total_length());
            }),
            Layer::Ipv6(ip) => object.object(key!("ipv6"), |o| {
                o.quoted(key!("source"), |out| ipv6(out, ip.source()));
                o.quoted(key!("destination"), |out| ipv6(out, ip.destination()));
                o.number(key!("next_header"), ip.next_header());
                o.number(key!("hop_limit"), ip.hop_limit());
                o.number(key!("payload_length"), ip.payload_length());
                let fragment = frame.layers()[index..].iter().find_map(|located| match located.layer {
                    Layer::Ipv6Extension(extension) => extension.fragment(),
                    _ => None,
                });
                if let Some(fragment) = fragment {
                    o.object(key!("fragment"), |o| {
                        o.number(key!("offset"), fragment.offset);
                        o.truth(key!("more_fragments"), fragment.more_fragments);
                        o.number(key!("identification"), fragment.identification);
                    });
                }
            }),
            _ => {}
        }
    }
}

fn write_arp(arp: Arp<'_>, o: &mut Object<'_, impl Surface>) {
    o.number(key!("operation"), arp.operation_number());
    if let Some(address) = arp.sender_mac() {
        o.quoted(key!("sender_mac"), |out| mac(out, address));
    }
    if let Some(address) = arp.sender_ip() {
        o.quoted(key!("sender_ip"), |out| ipv4(out, address));
    }
    if let Some(address) = arp.target_mac() {
        o.quoted(key!("target_mac"), |out| mac(out, address));
    }
    if let Some(address) = arp.target_ip() {
        o.quoted(key!("target_ip"), |out| ipv4(out, address));
    }
}

fn write_icmpv4(icmp: Icmpv4<'_>, o: &mut Object<'_, impl Surface>) {
    o.number(key!("type"), icmp.icmp_type());
    o.number(key!("code"), icmp.code());
    if let Some((identifier, sequence)) = icmp.echo() {
        o.number(key!("identifier"), identifier);
        o.number(key!("sequence"), sequence);
    }
    if let Some(mtu) = icmp.next_hop_mtu() {
        o.number(key!("mtu"), mtu);
    }
    if let Some(frame) = icmp.quoted() {
        o.object(key!("quoted"), |o| quoted(&frame, o));
    }
}

fn write_icmpv6(icmp: Icmpv6<'_>, o: &mut Object<'_, impl Surface>) {
    o.number(key!("type"), icmp.icmp_type());
    o.number(key!("code"), icmp.code());
    if let Some((identifier, sequence)) = icmp.echo() {
        o.number(key!("identifier"), identifier);
        o.number(key!("sequence"), sequence);
    }
    if let Some(mtu) = icmp.packet_too_big_mtu() {
        o.number(key!("mtu"), mtu);
    }
    if let Some(frame) = icmp.quoted() {
        o.object(key!("quoted"), |o| quoted(&frame, o));
    }
}

/// The packet an ICMP error is about: addresses, protocol and ports.
fn quoted(frame: &Frame<'_>, o: &mut Object<'_, impl Surface>) {
    let Some(view) = frame.ip() else { return };
    o.quoted(key!("source"), |out| ip(out, view.source()));
    o.quoted(key!("destination"), |out| ip(out, view.destination()));
    o.number(
        key!("protocol"),
        match view {
            IpView::V4(ip) => ip.protocol(),
            IpView::V6(ip) => ip.next_header(),
        },
    );
    if let Some((source, destination)) = frame.ports() {
        o.number(key!("source_port"), source);
        o.number(key!("destination_port"), destination);
    }
}

fn write_udp(udp: Udp<'_>, o: &mut Object<'_, impl Surface>) {
    o.number(key!("source_port"), udp.source_port());
    o.number(key!("destination_port"), udp.destination_port());
    o.number(key!("length"), udp.length());
}

fn write_tcp(tcp: Tcp<'_>, o: &mut Object<'_, impl Surface>) {
    o.number(key!("source_port"), tcp.source_port());
    o.number(key!("destination_port"), tcp.destination_port());
    o.number(key!("sequence"), tcp.sequence().0);
    o.number(key!("acknowledgment"), tcp.acknowledgment().0);
    write_flags(tcp.flags(), o);
    o.number(key!("window"), tcp.window());
    o.number(key!("payload_len"), tcp.payload_len());
}

/// The flags by name, from the lowest bit.
pub(super) fn write_flags(flags: TcpFlags, o: &mut Object<'_, impl Surface>) {
    let out = o.key(key!("flags"));
    match flags.0 {
        // Nearly all segments have one of these.
        0x010 => return out.add(br#"["ACK"]"#),
        0x018 => return out.add(br#"["PSH","ACK"]"#),
        0x002 => return out.add(br#"["SYN"]"#),
        0x012 => return out.add(br#"["SYN","ACK"]"#),
        0x011 => return out.add(br#"["FIN","ACK"]"#),
        _ => out.add(b"["),
    }
    for (index, name) in flags.names().enumerate() {
        out.add(if index == 0 { b"\"" } else { b",\"" });
        out.add(name.as_bytes());
        out.add(b"\"");
    }
    out.add(b"]");
}
