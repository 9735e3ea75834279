//! Names of fields: the registry's own, Wireshark's for the well-known ones, and those of what is not in the octets.

use super::Needs;
use super::types::Kind;
use crate::wire::LayerKind;
use crate::wire::describe::{self, Field, FieldKind};

/// Where values come from.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// Fields of layers; several where a name stands for both directions.
    Fields(Vec<&'static Field>),
    /// Something of the capture record, or of what netlab says.
    Other(Pseudo),
    /// The octets of a protocol.
    Protocol(Protocol),
}

/// What a packet has beside its fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pseudo {
    Number,
    TimeNs,
    CapturedLen,
    WireLen,
    Interface,
    Link,
    Connection,
    NoteCode,
    NoteRule,
    NoteSeverity,
    NoteConfidence,
    /// The innermost payload.
    Payload,
    /// The payload of TCP, or of UDP.
    TcpPayload,
    UdpPayload,
}

/// A protocol that a packet can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Frame,
    Kind(LayerKind),
    /// A layer of this name.
    Named(&'static str),
    /// Any IPv6 extension header or protocol known by name only.
    AnyOf(&'static [&'static str]),
}

impl Source {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Source::Fields(fields) => fields.first().map_or(Kind::Number, |field| match field.kind {
                FieldKind::Unsigned => Kind::Number,
                FieldKind::Boolean => Kind::Flag,
                FieldKind::Mac => Kind::Mac,
                FieldKind::Ipv4 => Kind::V4,
                FieldKind::Ipv6 => Kind::V6,
                FieldKind::Octets => Kind::Octets,
                FieldKind::Text => Kind::Text,
            }),
            Source::Other(pseudo) => match pseudo {
                Pseudo::Link | Pseudo::NoteCode | Pseudo::NoteRule | Pseudo::NoteConfidence => Kind::Text,
                Pseudo::NoteSeverity => Kind::Severity,
                Pseudo::Payload | Pseudo::TcpPayload | Pseudo::UdpPayload => Kind::Octets,
                _ => Kind::Number,
            },
            Source::Protocol(_) => Kind::Protocol,
        }
    }

    pub(super) fn is_flag(&self) -> bool {
        self.kind() == Kind::Flag
    }

    pub(super) fn needs(&self) -> Needs {
        match self {
            Source::Other(Pseudo::Connection) => Needs { notes: false, conversation: true },
            Source::Other(Pseudo::NoteCode | Pseudo::NoteRule | Pseudo::NoteSeverity | Pseudo::NoteConfidence) => {
                Needs { notes: true, conversation: false }
            }
            _ => Needs::default(),
        }
    }
}

/// The source of a name.
pub(super) fn find(name: &str) -> Option<Source> {
    if let Some((_, pseudo)) = PSEUDO.iter().find(|(known, _)| *known == name) {
        return Some(Source::Other(*pseudo));
    }
    if let Some((_, protocol)) = PROTOCOLS.iter().find(|(known, _)| *known == name) {
        return Some(Source::Protocol(*protocol));
    }
    if let Some((_, fields)) = ALIASES.iter().find(|(known, _)| *known == name) {
        let fields: Vec<&'static Field> = fields.iter().filter_map(|field| describe::find(field)).collect();
        return (!fields.is_empty()).then_some(Source::Fields(fields));
    }
    if let Some(field) = describe::find(name) {
        return Some(Source::Fields(vec![field]));
    }
    // Protocols that are known by name only.
    other_protocols().find(|known| *known == name).map(|known| Source::Protocol(Protocol::Named(known)))
}

/// Every name.
pub(super) fn all() -> impl Iterator<Item = &'static str> {
    let pseudo = PSEUDO.iter().map(|(name, _)| *name);
    let aliases = ALIASES.iter().map(|(name, _)| *name);
    let protocols = PROTOCOLS.iter().map(|(name, _)| *name);
    describe::all().map(|field| field.name).chain(pseudo).chain(aliases).chain(protocols).chain(other_protocols())
}

/// Protocols of the number registries, which may be layers known by name only.
fn other_protocols() -> impl Iterator<Item = &'static str> {
    let ip = (0..=255).map(crate::wire::ip_protocol_name);
    let types = ETHER_TYPES.iter().map(|number| crate::wire::ether_type_name(*number));
    ip.chain(types).filter(|name| *name != "unknown")
}

const ETHER_TYPES: &[u16] = &[
    0x0842, 0x2000, 0x8035, 0x8808, 0x8809, 0x8863, 0x8864, 0x887b, 0x888e, 0x88cc, 0x88e5, 0x88f7, 0x8902, 0x8906,
    0x8914, 0x9000,
];

const PSEUDO: &[(&str, Pseudo)] = &[
    ("number", Pseudo::Number),
    ("time_ns", Pseudo::TimeNs),
    ("captured_len", Pseudo::CapturedLen),
    ("wire_len", Pseudo::WireLen),
    ("interface", Pseudo::Interface),
    ("link", Pseudo::Link),
    ("connection", Pseudo::Connection),
    ("tcp.connection", Pseudo::Connection),
    ("note", Pseudo::NoteCode),
    ("note.code", Pseudo::NoteCode),
    ("note.rule", Pseudo::NoteRule),
    ("note.severity", Pseudo::NoteSeverity),
    ("note.confidence", Pseudo::NoteConfidence),
    ("payload", Pseudo::Payload),
    ("frame.number", Pseudo::Number),
    ("frame.len", Pseudo::WireLen),
    ("frame.cap_len", Pseudo::CapturedLen),
    ("frame.interface_id", Pseudo::Interface),
    ("tcp.stream", Pseudo::Connection),
    ("tcp.payload", Pseudo::TcpPayload),
    ("udp.payload", Pseudo::UdpPayload),
];

const PROTOCOLS: &[(&str, Protocol)] = &[
    ("frame", Protocol::Frame),
    ("ethernet", Protocol::Kind(LayerKind::Ethernet)),
    ("eth", Protocol::Kind(LayerKind::Ethernet)),
    ("linux_sll", Protocol::Kind(LayerKind::Sll)),
    ("sll", Protocol::Kind(LayerKind::Sll)),
    ("loopback", Protocol::Kind(LayerKind::Loopback)),
    ("null", Protocol::Kind(LayerKind::Loopback)),
    ("vlan", Protocol::Kind(LayerKind::Vlan)),
    ("llc", Protocol::Kind(LayerKind::Llc)),
    ("stp", Protocol::Kind(LayerKind::Stp)),
    ("pppoe", Protocol::AnyOf(&["pppoe", "pppoe-discovery"])),
    ("ppp", Protocol::Kind(LayerKind::Ppp)),
    ("mpls", Protocol::Kind(LayerKind::Mpls)),
    ("arp", Protocol::Kind(LayerKind::Arp)),
    ("ip", Protocol::Kind(LayerKind::Ipv4)),
    ("ipv4", Protocol::Kind(LayerKind::Ipv4)),
    ("ipv6", Protocol::Kind(LayerKind::Ipv6)),
    ("ipv6.extension", Protocol::Kind(LayerKind::Ipv6Extension)),
    ("ipv6.fraghdr", Protocol::Named("ipv6-fragment")),
    ("icmp", Protocol::Kind(LayerKind::Icmpv4)),
    ("icmpv4", Protocol::Kind(LayerKind::Icmpv4)),
    ("icmpv6", Protocol::Kind(LayerKind::Icmpv6)),
    ("igmp", Protocol::Kind(LayerKind::Igmp)),
    ("udp", Protocol::Kind(LayerKind::Udp)),
    ("tcp", Protocol::Kind(LayerKind::Tcp)),
    ("gre", Protocol::Kind(LayerKind::Gre)),
    ("vxlan", Protocol::Kind(LayerKind::Vxlan)),
    ("geneve", Protocol::Kind(LayerKind::Geneve)),
];

/// Wireshark's names of well-known fields, and names for both directions.
const ALIASES: &[(&str, &[&str])] = &[
    ("eth.src", &["ethernet.source"]),
    ("eth.dst", &["ethernet.destination"]),
    ("eth.addr", &["ethernet.source", "ethernet.destination"]),
    ("ethernet.address", &["ethernet.source", "ethernet.destination"]),
    ("eth.type", &["ethernet.ether_type"]),
    ("eth.len", &["ethernet.length"]),
    ("vlan.id", &["vlan.vid"]),
    ("vlan.priority", &["vlan.pcp"]),
    ("vlan.dei", &["vlan.drop_eligible"]),
    ("vlan.etype", &["vlan.ether_type"]),
    ("llc.oui", &["llc.snap.organization"]),
    ("llc.type", &["llc.snap.protocol"]),
    ("sll.etype", &["linux_sll.protocol"]),
    ("sll.pkttype", &["linux_sll.packet_type"]),
    ("sll.hatype", &["linux_sll.hardware_type"]),
    ("arp.opcode", &["arp.operation"]),
    ("arp.hw.type", &["arp.hardware_type"]),
    ("arp.hw.size", &["arp.hardware_len"]),
    ("arp.proto.type", &["arp.protocol_type"]),
    ("arp.proto.size", &["arp.protocol_len"]),
    ("arp.src.proto_ipv4", &["arp.sender_ip"]),
    ("arp.dst.proto_ipv4", &["arp.target_ip"]),
    ("arp.src.hw_mac", &["arp.sender_mac"]),
    ("arp.dst.hw_mac", &["arp.target_mac"]),
    ("ip.addr", &["ipv4.source", "ipv4.destination"]),
    ("ipv4.address", &["ipv4.source", "ipv4.destination"]),
    ("ip.src", &["ipv4.source"]),
    ("ip.dst", &["ipv4.destination"]),
    ("ip.version", &["ipv4.version"]),
    ("ip.hdr_len", &["ipv4.header_length"]),
    ("ip.dsfield.dscp", &["ipv4.dscp"]),
    ("ip.dsfield.ecn", &["ipv4.ecn"]),
    ("ip.len", &["ipv4.total_length"]),
    ("ip.id", &["ipv4.identification"]),
    ("ip.flags.rb", &["ipv4.reserved_flag"]),
    ("ip.flags.df", &["ipv4.dont_fragment"]),
    ("ip.flags.mf", &["ipv4.more_fragments"]),
    ("ip.frag_offset", &["ipv4.fragment_offset"]),
    ("ip.ttl", &["ipv4.ttl"]),
    ("ip.proto", &["ipv4.protocol"]),
    ("ip.checksum", &["ipv4.checksum"]),
    ("ipv6.addr", &["ipv6.source", "ipv6.destination"]),
    ("ipv6.address", &["ipv6.source", "ipv6.destination"]),
    ("ipv6.src", &["ipv6.source"]),
    ("ipv6.dst", &["ipv6.destination"]),
    ("ipv6.nxt", &["ipv6.next_header"]),
    ("ipv6.plen", &["ipv6.payload_length"]),
    ("ipv6.hlim", &["ipv6.hop_limit"]),
    ("ipv6.flow", &["ipv6.flow_label"]),
    ("ipv6.fraghdr.offset", &["ipv6.fragment.offset"]),
    ("ipv6.fraghdr.more", &["ipv6.fragment.more_fragments"]),
    ("ipv6.fraghdr.ident", &["ipv6.fragment.identification"]),
    ("icmp.type", &["icmpv4.type"]),
    ("icmp.code", &["icmpv4.code"]),
    ("icmp.checksum", &["icmpv4.checksum"]),
    ("icmp.ident", &["icmpv4.identifier"]),
    ("icmp.seq", &["icmpv4.sequence"]),
    ("icmp.mtu", &["icmpv4.next_hop_mtu"]),
    ("icmpv6.echo.identifier", &["icmpv6.identifier"]),
    ("icmpv6.echo.sequence_number", &["icmpv6.sequence"]),
    ("igmp.maddr", &["igmp.group"]),
    ("udp.srcport", &["udp.source_port"]),
    ("udp.dstport", &["udp.destination_port"]),
    ("udp.port", &["udp.source_port", "udp.destination_port"]),
    ("tcp.srcport", &["tcp.source_port"]),
    ("tcp.dstport", &["tcp.destination_port"]),
    ("tcp.port", &["tcp.source_port", "tcp.destination_port"]),
    ("tcp.seq_raw", &["tcp.sequence"]),
    ("tcp.ack_raw", &["tcp.acknowledgment"]),
    ("tcp.hdr_len", &["tcp.header_length"]),
    ("tcp.len", &["tcp.payload_len"]),
    ("tcp.flags.reset", &["tcp.flags.rst"]),
    ("tcp.flags.push", &["tcp.flags.psh"]),
    ("tcp.window_size_value", &["tcp.window"]),
    ("tcp.options.mss_val", &["tcp.option.mss"]),
    ("tcp.options.wscale.shift", &["tcp.option.window_scale"]),
    ("tcp.options.timestamp.tsval", &["tcp.option.timestamp"]),
    ("tcp.options.timestamp.tsecr", &["tcp.option.timestamp_echo"]),
    ("tcp.options.sack_le", &["tcp.option.sack_left"]),
    ("tcp.options.sack_re", &["tcp.option.sack_right"]),
    ("tcp.option_kind", &["tcp.option.kind"]),
    ("pppoe.session_id", &["pppoe.session_id"]),
    ("mpls.exp", &["mpls.traffic_class"]),
    ("gre.proto", &["gre.protocol_type"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_alias_names_fields_of_one_type() {
        for (alias, fields) in ALIASES {
            let kinds: Vec<_> =
                fields.iter().map(|field| describe::find(field).unwrap_or_else(|| panic!("{field}")).kind).collect();
            assert!(kinds.iter().all(|kind| *kind == kinds[0]), "{alias}");
        }
    }
}
