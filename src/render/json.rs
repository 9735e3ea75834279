//! JSON Lines: one object a packet, in the shape that `docs/OUTPUT.md` promises. Written by hand, for it runs for every
//! packet; reports go through serde_json.

use std::net::IpAddr;

use super::number::{decimal, ipv4, ipv6, mac};
use super::{Renderer, words};
use crate::analysis::{Judged, Note};
use crate::packet::{Direction, Remark, RemarkKind};
use crate::wire::describe::{self, Value};
use crate::wire::{
    Arp, CutTransport, Frame, Icmpv4, Icmpv6, IpView, Issue, Layer, LayerKind, Located, Tcp, TcpFlags, Udp,
};

/// Prints packets as JSON Lines.
#[derive(Debug, Default)]
pub struct JsonLines;

impl Renderer for JsonLines {
    fn begin(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"netlab\":\"packets\",\"version\":1}\n");
    }

    fn packet(&mut self, judged: &Judged<'_, '_>, out: &mut Vec<u8>) {
        let meta = judged.packet.meta;
        let frame = &judged.packet.frame;
        let mut object = Object::open(out);
        object.number("number", meta.number);
        object.number("time_ns", meta.at.nanos());
        object.number("captured_len", frame.bytes().len() as u64);
        object.number("wire_len", u64::from(meta.wire_len));
        object.word("link", meta.link.name());
        object.number("interface", u64::from(meta.interface));
        match meta.direction {
            Some(Direction::Inbound) => object.word("direction", "in"),
            Some(Direction::Outbound) => object.word("direction", "out"),
            None => {}
        }
        layer_names(frame, object.key("layers"));
        layers(frame, &mut object);
        if let Some(connection) = judged.context.connection {
            object.number("connection", connection);
        }
        if !frame.issues().is_empty() {
            let out = object.key("issues");
            list(out, frame.issues(), issue);
        }
        // The notes come last, so that others can be added.
        if !judged.notes.is_empty() {
            let out = object.key("notes");
            list(out, judged.notes, note);
        }
        object.close();
        out.push(b'\n');
    }

    fn is_free_of_order(&self) -> bool {
        true
    }

    fn add_notes(&mut self, notes: &[Note], has_notes: bool, out: &mut Vec<u8>) {
        let end: &[u8] = if has_notes { b"]}\n" } else { b"}\n" };
        out.truncate(out.len().saturating_sub(end.len()));
        out.extend_from_slice(if has_notes { b"," } else { b",\"notes\":[" });
        for (index, one) in notes.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            note(one, out);
        }
        out.extend_from_slice(b"]}\n");
    }

    fn remark(&mut self, remark: &Remark, out: &mut Vec<u8>) {
        let mut object = Object::open(out);
        object.word(
            "remark",
            match remark.kind {
                RemarkKind::Comment => "comment",
                RemarkKind::Dropped(_) => "dropped",
                RemarkKind::Damage => "damage",
                RemarkKind::Note => "note",
            },
        );
        if let Some(number) = remark.packet {
            object.number("packet", number);
        }
        if let Some(at) = remark.at {
            object.number("time_ns", at.nanos());
        }
        if let RemarkKind::Dropped(count) = remark.kind {
            object.number("dropped", count);
        }
        string(object.key("text"), &remark.text);
        object.close();
        out.push(b'\n');
    }

    fn late_note(&mut self, late: &Note, out: &mut Vec<u8>) {
        let mut object = Object::open(out);
        object.number("correction_of", late.packet);
        note(late, object.key("note"));
        object.close();
        out.push(b'\n');
    }
}

/// An object being written; keys are netlab's own and need no escaping.
struct Object<'a> {
    out: &'a mut Vec<u8>,
    is_empty: bool,
}

impl<'a> Object<'a> {
    fn open(out: &'a mut Vec<u8>) -> Object<'a> {
        out.push(b'{');
        Object { out, is_empty: true }
    }

    fn close(self) {
        self.out.push(b'}');
    }

    fn key(&mut self, key: &str) -> &mut Vec<u8> {
        if !self.is_empty {
            self.out.push(b',');
        }
        self.is_empty = false;
        self.out.push(b'"');
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":");
        self.out
    }

    fn number(&mut self, key: &str, number: u64) {
        decimal(self.key(key), number);
    }

    fn truth(&mut self, key: &str, truth: bool) {
        self.key(key).extend_from_slice(if truth { b"true" } else { b"false" });
    }

    /// A word of netlab's own, which needs no escaping.
    fn word(&mut self, key: &str, word: &str) {
        let out = self.key(key);
        out.push(b'"');
        out.extend_from_slice(word.as_bytes());
        out.push(b'"');
    }

    fn quoted(&mut self, key: &str, write: impl FnOnce(&mut Vec<u8>)) {
        let out = self.key(key);
        out.push(b'"');
        write(out);
        out.push(b'"');
    }

    fn object(&mut self, key: &str, write: impl FnOnce(&mut Object<'_>)) {
        let mut inner = Object::open(self.key(key));
        write(&mut inner);
        inner.close();
    }
}

fn layer_names(frame: &Frame<'_>, out: &mut Vec<u8>) {
    out.push(b'[');
    for (index, located) in frame.layers().iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.push(b'"');
        out.extend_from_slice(located.layer.name().as_bytes());
        out.push(b'"');
    }
    out.push(b']');
}

/// One key a kind of layer, for the innermost of its kind.
fn layers(frame: &Frame<'_>, object: &mut Object<'_>) {
    if let Some(ethernet) = frame.ethernet() {
        object.object("ethernet", |o| {
            o.quoted("source", |out| mac(out, ethernet.source()));
            o.quoted("destination", |out| mac(out, ethernet.destination()));
            o.number(if ethernet.has_len() { "length" } else { "ether_type" }, u64::from(ethernet.type_or_len()));
        });
    }
    if frame.vlans().next().is_some() {
        let out = object.key("vlan");
        out.push(b'[');
        for (index, vlan) in frame.vlans().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            let mut o = Object::open(out);
            o.number("vid", u64::from(vlan.vid()));
            o.number("pcp", u64::from(vlan.pcp()));
            o.close();
        }
        out.push(b']');
    }
    if let Some(arp) = frame.arp() {
        object.object("arp", |o| write_arp(arp, o));
    }
    ip_layers(frame, object);
    transport_layers(frame, object);
    if let Some(located) = frame.layers().last()
        && let Layer::CutHeader(cut) = located.layer
    {
        write_cut_header(frame, located, cut.kind, object);
    }
}

/// Keys of headers that can be cut within their fixed part; the fields have the same names.
const CUT_KEYS: [(LayerKind, &[&str]); 6] = [
    (LayerKind::Ethernet, &["source", "destination", "ether_type", "length"]),
    (LayerKind::Arp, &["operation", "sender_mac", "sender_ip", "target_mac", "target_ip"]),
    (
        LayerKind::Ipv4,
        &[
            "source",
            "destination",
            "protocol",
            "identification",
            "dont_fragment",
            "more_fragments",
            "fragment_offset",
            "ttl",
            "total_length",
        ],
    ),
    (LayerKind::Ipv6, &["source", "destination", "next_header", "hop_limit", "payload_length"]),
    (LayerKind::Icmpv4, &["type", "code"]),
    (LayerKind::Icmpv6, &["type", "code"]),
];

/// What is there of a header whose end was cut off, unless another of its kind was written already.
fn write_cut_header(frame: &Frame<'_>, located: &Located<'_>, kind: LayerKind, object: &mut Object<'_>) {
    let is_written = frame.layers().iter().filter(|layer| layer.layer.kind() == kind).count() > 1;
    let Some((_, keys)) = CUT_KEYS.iter().find(|(cut, _)| *cut == kind && !is_written) else { return };
    object.object(kind.name(), |o| {
        describe::visit(located, &mut |value| {
            let key = value.field.name.rsplit('.').next().unwrap_or_default();
            if !keys.contains(&key) {
                return;
            }
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

/// The innermost of each kind: what a tunnel over UDP carries may be TCP.
fn transport_layers(frame: &Frame<'_>, object: &mut Object<'_>) {
    const KINDS: [LayerKind; 4] = [LayerKind::Icmpv4, LayerKind::Icmpv6, LayerKind::Udp, LayerKind::Tcp];
    let layers = frame.layers();
    for (index, located) in layers.iter().enumerate() {
        let kind = located.layer.kind();
        if !KINDS.contains(&kind) || layers[index + 1..].iter().any(|inner| inner.layer.kind() == kind) {
            continue;
        }
        match located.layer {
            Layer::Icmpv4(icmp) => object.object("icmpv4", |o| write_icmpv4(icmp, o)),
            Layer::Icmpv6(icmp) => object.object("icmpv6", |o| write_icmpv6(icmp, o)),
            Layer::Udp(udp) => object.object("udp", |o| write_udp(udp, o)),
            Layer::Tcp(tcp) => object.object("tcp", |o| write_tcp(tcp, o)),
            Layer::CutTransport(cut) => object.object(kind.name(), |o| write_cut(cut, o)),
            _ => {}
        }
    }
}

fn write_cut(cut: CutTransport<'_>, o: &mut Object<'_>) {
    if let Some((source, destination)) = cut.ports() {
        o.number("source_port", u64::from(source));
        o.number("destination_port", u64::from(destination));
    }
    if let Some(sequence) = cut.sequence() {
        o.number("sequence", u64::from(sequence.0));
    }
    if let Some(acknowledgment) = cut.acknowledgment() {
        o.number("acknowledgment", u64::from(acknowledgment.0));
    }
    if let Some(flags) = cut.flags() {
        write_flags(flags, o);
    }
    if let Some(window) = cut.window() {
        o.number("window", u64::from(window));
    }
}

/// The innermost header of either version: a tunnel may have both.
fn ip_layers(frame: &Frame<'_>, object: &mut Object<'_>) {
    let last = |pick: fn(&Layer<'_>) -> bool| frame.layers().iter().rposition(|located| pick(&located.layer));
    let v4 = last(|layer| matches!(layer, Layer::Ipv4(_)));
    let v6 = last(|layer| matches!(layer, Layer::Ipv6(_)));
    let mut in_order = [v4, v6];
    in_order.sort();
    for index in in_order.into_iter().flatten() {
        match frame.layers()[index].layer {
            Layer::Ipv4(ip) => object.object("ipv4", |o| {
                o.quoted("source", |out| ipv4(out, ip.source()));
                o.quoted("destination", |out| ipv4(out, ip.destination()));
                o.number("protocol", u64::from(ip.protocol()));
                o.number("identification", u64::from(ip.identification()));
                o.truth("dont_fragment", ip.dont_fragment());
                o.truth("more_fragments", ip.more_fragments());
                o.number("fragment_offset", u64::from(ip.fragment_offset()));
                o.number("ttl", u64::from(ip.ttl()));
                o.number("total_length", u64::from(ip.total_length()));
            }),
            Layer::Ipv6(ip) => object.object("ipv6", |o| {
                o.quoted("source", |out| ipv6(out, ip.source()));
                o.quoted("destination", |out| ipv6(out, ip.destination()));
                o.number("next_header", u64::from(ip.next_header()));
                o.number("hop_limit", u64::from(ip.hop_limit()));
                o.number("payload_length", u64::from(ip.payload_length()));
                let fragment = frame.layers()[index..].iter().find_map(|located| match located.layer {
                    Layer::Ipv6Extension(extension) => extension.fragment(),
                    _ => None,
                });
                if let Some(fragment) = fragment {
                    o.object("fragment", |o| {
                        o.number("offset", u64::from(fragment.offset));
                        o.truth("more_fragments", fragment.more_fragments);
                        o.number("identification", u64::from(fragment.identification));
                    });
                }
            }),
            _ => {}
        }
    }
}

fn write_arp(arp: Arp<'_>, o: &mut Object<'_>) {
    o.number("operation", u64::from(arp.operation_number()));
    if let Some(address) = arp.sender_mac() {
        o.quoted("sender_mac", |out| mac(out, address));
    }
    if let Some(address) = arp.sender_ip() {
        o.quoted("sender_ip", |out| ipv4(out, address));
    }
    if let Some(address) = arp.target_mac() {
        o.quoted("target_mac", |out| mac(out, address));
    }
    if let Some(address) = arp.target_ip() {
        o.quoted("target_ip", |out| ipv4(out, address));
    }
}

fn write_icmpv4(icmp: Icmpv4<'_>, o: &mut Object<'_>) {
    o.number("type", u64::from(icmp.icmp_type()));
    o.number("code", u64::from(icmp.code()));
    if let Some((identifier, sequence)) = icmp.echo() {
        o.number("identifier", u64::from(identifier));
        o.number("sequence", u64::from(sequence));
    }
    if let Some(mtu) = icmp.next_hop_mtu() {
        o.number("mtu", u64::from(mtu));
    }
    if let Some(frame) = icmp.quoted() {
        o.object("quoted", |o| quoted(&frame, o));
    }
}

fn write_icmpv6(icmp: Icmpv6<'_>, o: &mut Object<'_>) {
    o.number("type", u64::from(icmp.icmp_type()));
    o.number("code", u64::from(icmp.code()));
    if let Some((identifier, sequence)) = icmp.echo() {
        o.number("identifier", u64::from(identifier));
        o.number("sequence", u64::from(sequence));
    }
    if let Some(mtu) = icmp.packet_too_big_mtu() {
        o.number("mtu", u64::from(mtu));
    }
    if let Some(frame) = icmp.quoted() {
        o.object("quoted", |o| quoted(&frame, o));
    }
}

/// The packet an ICMP error is about: addresses, protocol and ports.
fn quoted(frame: &Frame<'_>, o: &mut Object<'_>) {
    let Some(view) = frame.ip() else { return };
    let address = |out: &mut Vec<u8>, address: IpAddr| super::number::ip(out, address);
    o.quoted("source", |out| address(out, view.source()));
    o.quoted("destination", |out| address(out, view.destination()));
    o.number(
        "protocol",
        u64::from(match view {
            IpView::V4(ip) => ip.protocol(),
            IpView::V6(ip) => ip.next_header(),
        }),
    );
    if let Some((source, destination)) = frame.ports() {
        o.number("source_port", u64::from(source));
        o.number("destination_port", u64::from(destination));
    }
}

fn write_udp(udp: Udp<'_>, o: &mut Object<'_>) {
    o.number("source_port", u64::from(udp.source_port()));
    o.number("destination_port", u64::from(udp.destination_port()));
    o.number("length", u64::from(udp.length()));
}

fn write_tcp(tcp: Tcp<'_>, o: &mut Object<'_>) {
    o.number("source_port", u64::from(tcp.source_port()));
    o.number("destination_port", u64::from(tcp.destination_port()));
    o.number("sequence", u64::from(tcp.sequence().0));
    o.number("acknowledgment", u64::from(tcp.acknowledgment().0));
    write_flags(tcp.flags(), o);
    o.number("window", u64::from(tcp.window()));
    o.number("payload_len", u64::from(tcp.payload_len()));
}

/// The flags by name, from the lowest bit.
fn write_flags(flags: TcpFlags, o: &mut Object<'_>) {
    let out = o.key("flags");
    out.push(b'[');
    let mut is_first = true;
    for (name, bit) in TcpFlags::NAMES {
        if flags.0 & bit != 0 {
            if !is_first {
                out.push(b',');
            }
            is_first = false;
            out.push(b'"');
            out.extend_from_slice(name.as_bytes());
            out.push(b'"');
        }
    }
    out.push(b']');
}

fn list<T>(out: &mut Vec<u8>, items: &[T], write: impl Fn(&T, &mut Vec<u8>)) {
    out.push(b'[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(item, out);
    }
    out.push(b']');
}

fn note(note: &Note, out: &mut Vec<u8>) {
    let mut object = Object::open(out);
    object.word("code", note.code());
    object.word("rule", note.rule);
    object.word("severity", note.entry.severity.name());
    object.word("confidence", note.confidence.name());
    if note.pending {
        object.truth("pending", true);
    }
    string(object.key("text"), &words::line(note));
    object.close();
}

fn issue(issue: &Issue, out: &mut Vec<u8>) {
    let mut object = Object::open(out);
    object.word("code", issue.code.name());
    object.word("layer", issue.layer.name());
    object.number("offset", u64::from(issue.at));
    object.number("needed", u64::from(issue.needed));
    object.number("present", u64::from(issue.present));
    if let Some(kind) = issue.set_by {
        object.word("set_by", kind.name());
    }
    string(object.key("text"), &words::issue(issue));
    object.close();
}

/// Writes plain data as one JSON document, indented, with a line end.
///
/// # Errors
/// When `out` cannot be written: the shape of plain data with text keys cannot fail.
pub fn document(data: &impl serde::Serialize, out: &mut dyn std::io::Write) -> std::io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, data)?;
    out.write_all(b"\n")
}

/// Appends a JSON string.
pub fn string(out: &mut Vec<u8>, text: &str) {
    // serde_json escapes; writing a string into memory cannot fail.
    let _ = serde_json::to_writer(out, text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Context, Entry, Severity};
    use crate::base::Timestamp;
    use crate::packet::{Meta, Packet, RawPacket};
    use crate::wire::LinkType;

    static FIRST: Entry = Entry { code: "one", rule: "X1", severity: Severity::Note, line: "one", explanation: "" };
    static SECOND: Entry = Entry { code: "two", rule: "X2", severity: Severity::Note, line: "two", explanation: "" };

    #[test]
    fn notes_that_come_late_are_in_the_object_of_their_packet() {
        let meta = Meta::new(1, Timestamp::ZERO, LinkType::ETHERNET, 60);
        let packet = Packet::decode(RawPacket { meta, bytes: &[0; 5] });
        let (one, two) = (Note::new(&FIRST, 1, Timestamp::ZERO), Note::new(&SECOND, 1, Timestamp::ZERO));
        for (at_once, late) in [(vec![], vec![&one, &two]), (vec![&one], vec![&two])] {
            let (at_once, late): (Vec<Note>, Vec<Note>) =
                (at_once.into_iter().cloned().collect(), late.into_iter().cloned().collect());
            let mut out = Vec::new();
            let judged = Judged { packet: &packet, notes: &at_once, context: Context::default() };
            JsonLines.packet(&judged, &mut out);
            JsonLines.add_notes(&late, !at_once.is_empty(), &mut out);
            let object: serde_json::Value = serde_json::from_slice(&out).expect("one object");
            let codes: Vec<_> = object["notes"].as_array().expect("a list").iter().map(|note| &note["code"]).collect();
            assert_eq!(codes, ["one", "two"]);
            assert!(object["issues"].is_array());
        }
    }
}
