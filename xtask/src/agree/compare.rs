//! One packet, field by field.

use serde_json::Value;

use super::tshark::Row;

/// A field in which the two programs differ; what is absent is `-`.
#[derive(Clone, Debug)]
pub(super) struct Difference {
    pub(super) field: &'static str,
    pub(super) ours: String,
    pub(super) theirs: String,
}

/// tshark's words for the layers that both programs read, and netlab's.
const LAYERS: &[(&str, &str)] = &[
    ("eth", "ethernet"),
    ("sll", "linux-sll"),
    ("null", "loopback"),
    ("vlan", "vlan"),
    ("ieee8021ad", "vlan"),
    ("llc", "llc"),
    ("stp", "stp"),
    ("pppoes", "pppoe"),
    ("pppoed", "pppoe"),
    ("ppp", "ppp"),
    ("mpls", "mpls"),
    ("arp", "arp"),
    ("ip", "ipv4"),
    ("ipv6", "ipv6"),
    ("ipv6.hopopts", "ipv6-hop-by-hop"),
    ("ipv6.routing", "ipv6-routing"),
    ("ipv6.fraghdr", "ipv6-fragment"),
    ("ipv6.dstopts", "ipv6-destination-options"),
    ("ah", "ah"),
    ("mipv6", "ipv6-mobility"),
    ("icmp", "icmpv4"),
    ("icmpv6", "icmpv6"),
    ("igmp", "igmp"),
    ("udp", "udp"),
    ("tcp", "tcp"),
    ("gre", "gre"),
    ("vxlan", "vxlan"),
    ("geneve", "geneve"),
];

/// Words of tshark's that name no layer, or one that netlab steps over.
const STEPPED_OVER: &[&str] =
    &["ethertype", "erspan", "etherip", "pwmcw", "pwethheuristic", "pwethcw", "pwethnocw", "chdlc", "pwach", "raw"];

/// The layers that both read, by netlab's name: up to an ICMP error, whose quoted packet is not a layer, and up to a
/// protocol that netlab knows by name only. Labels and tags of one kind in a row count once.
fn their_layers(theirs: &Row) -> Vec<&'static str> {
    let mut layers = Vec::new();
    for word in theirs.protocols() {
        match LAYERS.iter().find(|(name, _)| *name == word) {
            Some((_, name)) => {
                layers.push(*name);
                if matches!(*name, "icmpv4" | "icmpv6" | "igmp" | "stp" | "arp") {
                    break;
                }
            }
            None if STEPPED_OVER.contains(&word) => {}
            None => break,
        }
    }
    layers
}

/// Id and priority of the first `count` tags, outermost first: tshark has other fields for a provider's tags.
fn vlans_of(theirs: &Row, count: usize) -> Vec<(Option<&String>, Option<&String>)> {
    let (mut customer, mut provider) = (0, 0);
    let words = theirs.protocols();
    let tags = words.iter().filter(|word| matches!(**word, "vlan" | "ieee8021ad")).take(count);
    tags.map(|word| {
        let (id, priority, index) = if *word == "vlan" {
            ("vlan.id", "vlan.priority", &mut customer)
        } else {
            ("ieee8021ad.id", "ieee8021ad.priority", &mut provider)
        };
        *index += 1;
        (theirs.all(id).get(*index - 1), theirs.all(priority).get(*index - 1))
    })
    .collect()
}

fn our_layers(ours: &Value) -> Vec<&str> {
    let names = ours["layers"].as_array().map(Vec::as_slice).unwrap_or_default();
    names.iter().filter_map(Value::as_str).filter(|name| LAYERS.iter().any(|(_, ours)| ours == name)).collect()
}

/// Compares a packet; gives the number of fields that one or the other has, and those that differ.
pub(super) fn packet(theirs: &Row, ours: &Value) -> (u64, Vec<Difference>) {
    let mut fields = Fields { count: 0, differences: Vec::new() };
    let their_layers = their_layers(theirs);
    fields.number("captured_len", ours.get("captured_len"), theirs.all("frame.cap_len").first(), 1);
    fields.number("wire_len", ours.get("wire_len"), theirs.all("frame.len").first(), 1);
    let joined = |mut layers: Vec<&str>| {
        // tshark shows a stack of labels as one layer.
        layers.dedup_by(|a, b| a == b && *a == "mpls");
        layers.join("/")
    };
    fields.text("layers", Some(joined(our_layers(ours))), Some(joined(their_layers.clone())));
    // The outer of two Ethernet headers without a type between them is Cisco's inter-switch link, with fields of its own.
    let is_link = theirs.protocols().starts_with(&["eth", "eth"]);
    let last = |layer: &str, field: &str| {
        let hidden = usize::from(is_link && layer == "ethernet");
        let count = their_layers.iter().filter(|name| **name == layer).count().saturating_sub(hidden);
        count.checked_sub(1).and_then(|index| theirs.all(field).get(index))
    };

    let ethernet = &ours["ethernet"];
    fields.address("ethernet.source", &ethernet["source"], last("ethernet", "eth.src"));
    fields.address("ethernet.destination", &ethernet["destination"], last("ethernet", "eth.dst"));
    if their_layers.iter().filter(|name| **name == "ethernet").count() == 1 {
        fields.number("ethernet.ether_type", ethernet.get("ether_type"), theirs.all("eth.type").first(), 1);
        let is_length = theirs.all("eth.type").is_empty();
        let length = theirs.all("eth.len").first().filter(|_| is_length);
        fields.number("ethernet.length", ethernet.get("length"), length, 1);
    }
    let vlans = ours["vlan"].as_array().map(Vec::as_slice).unwrap_or_default();
    let their_vlans = vlans_of(theirs, their_layers.iter().filter(|name| **name == "vlan").count());
    for index in 0..vlans.len().max(their_vlans.len()) {
        let vlan = vlans.get(index);
        let (vid, pcp) = their_vlans.get(index).copied().unwrap_or_default();
        fields.number("vlan.vid", vlan.and_then(|vlan| vlan.get("vid")), vid, 1);
        fields.number("vlan.pcp", vlan.and_then(|vlan| vlan.get("pcp")), pcp, 1);
    }
    let arp = &ours["arp"];
    fields.number("arp.operation", arp.get("operation"), last("arp", "arp.opcode"), 1);
    fields.address("arp.sender_mac", &arp["sender_mac"], last("arp", "arp.src.hw_mac"));
    fields.address("arp.sender_ip", &arp["sender_ip"], last("arp", "arp.src.proto_ipv4"));
    fields.address("arp.target_mac", &arp["target_mac"], last("arp", "arp.dst.hw_mac"));
    fields.address("arp.target_ip", &arp["target_ip"], last("arp", "arp.dst.proto_ipv4"));

    let ip = &ours["ipv4"];
    fields.address("ipv4.source", &ip["source"], last("ipv4", "ip.src"));
    fields.address("ipv4.destination", &ip["destination"], last("ipv4", "ip.dst"));
    for (name, key, field, unit) in [
        ("ipv4.protocol", "protocol", "ip.proto", 1),
        ("ipv4.identification", "identification", "ip.id", 1),
        ("ipv4.dont_fragment", "dont_fragment", "ip.flags.df", 1),
        ("ipv4.more_fragments", "more_fragments", "ip.flags.mf", 1),
        ("ipv4.fragment_offset", "fragment_offset", "ip.frag_offset", 8),
        ("ipv4.ttl", "ttl", "ip.ttl", 1),
        ("ipv4.total_length", "total_length", "ip.len", 1),
    ] {
        fields.number(name, ip.get(key), last("ipv4", field), unit);
    }
    let ip = &ours["ipv6"];
    fields.address("ipv6.source", &ip["source"], last("ipv6", "ipv6.src"));
    fields.address("ipv6.destination", &ip["destination"], last("ipv6", "ipv6.dst"));
    for (name, key, field) in [
        ("ipv6.next_header", "next_header", "ipv6.nxt"),
        ("ipv6.hop_limit", "hop_limit", "ipv6.hlim"),
        ("ipv6.payload_length", "payload_length", "ipv6.plen"),
    ] {
        fields.number(name, ip.get(key), last("ipv6", field), 1);
    }
    let fragment = &ip["fragment"];
    for (name, key, field, unit) in [
        ("ipv6.fragment.offset", "offset", "ipv6.fraghdr.offset", 8),
        ("ipv6.fragment.more_fragments", "more_fragments", "ipv6.fraghdr.more", 1),
        ("ipv6.fragment.identification", "identification", "ipv6.fraghdr.ident", 1),
    ] {
        fields.number(name, fragment.get(key), last("ipv6-fragment", field), unit);
    }

    let icmp = &ours["icmpv4"];
    for (name, key, field) in [
        ("icmpv4.type", "type", "icmp.type"),
        ("icmpv4.code", "code", "icmp.code"),
        ("icmpv4.identifier", "identifier", "icmp.ident"),
        ("icmpv4.sequence", "sequence", "icmp.seq"),
        ("icmpv4.mtu", "mtu", "icmp.mtu"),
    ] {
        // tshark's are also those of quoted messages and of other types, which have the same fields there.
        let is_of_echo = matches!(last("icmpv4", "icmp.type").map(String::as_str), Some("0" | "8"));
        let theirs = last("icmpv4", field).filter(|_| is_of_echo || !matches!(key, "identifier" | "sequence"));
        fields.number(name, icmp.get(key), theirs, 1);
    }
    let icmp = &ours["icmpv6"];
    for (name, key, field) in [
        ("icmpv6.type", "type", "icmpv6.type"),
        ("icmpv6.code", "code", "icmpv6.code"),
        ("icmpv6.identifier", "identifier", "icmpv6.echo.identifier"),
        ("icmpv6.sequence", "sequence", "icmpv6.echo.sequence_number"),
        ("icmpv6.mtu", "mtu", "icmpv6.mtu"),
    ] {
        let is_of_echo = matches!(last("icmpv6", "icmpv6.type").map(String::as_str), Some("128" | "129"));
        let theirs = last("icmpv6", field).filter(|_| is_of_echo || !matches!(key, "identifier" | "sequence"));
        fields.number(name, icmp.get(key), theirs, 1);
    }
    let udp = &ours["udp"];
    for (name, key, field) in [
        ("udp.source_port", "source_port", "udp.srcport"),
        ("udp.destination_port", "destination_port", "udp.dstport"),
        ("udp.length", "length", "udp.length"),
    ] {
        fields.number(name, udp.get(key), last("udp", field), 1);
    }
    let tcp = &ours["tcp"];
    for (name, key, field) in [
        ("tcp.source_port", "source_port", "tcp.srcport"),
        ("tcp.destination_port", "destination_port", "tcp.dstport"),
        ("tcp.sequence", "sequence", "tcp.seq_raw"),
        ("tcp.acknowledgment", "acknowledgment", "tcp.ack_raw"),
        ("tcp.window", "window", "tcp.window_size_value"),
        ("tcp.payload_len", "payload_len", "tcp.len"),
    ] {
        fields.number(name, tcp.get(key), last("tcp", field), 1);
    }
    let our_flags = tcp.get("flags").and_then(Value::as_array).map(|names| {
        names.iter().filter_map(Value::as_str).fold(0_u64, |flags, name| {
            let bit = netlab::wire::TcpFlags::NAMES.iter().find(|(known, _)| *known == name).map_or(0, |(_, bit)| *bit);
            flags | u64::from(bit)
        })
    });
    let their_flags = last("tcp", "tcp.flags").and_then(|text| parse(text)).map(|flags| flags & 0x1ff);
    let text = |flags: Option<u64>| flags.map(|flags| format!("{flags:#05x}"));
    fields.text("tcp.flags", text(our_flags), text(their_flags));
    (fields.count, fields.differences)
}

struct Fields {
    count: u64,
    differences: Vec<Difference>,
}

impl Fields {
    fn text(&mut self, field: &'static str, ours: Option<String>, theirs: Option<String>) {
        if ours.is_none() && theirs.is_none() {
            return;
        }
        self.count += 1;
        if ours != theirs {
            let text = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
            self.differences.push(Difference { field, ours: text(ours), theirs: text(theirs) });
        }
    }

    fn address(&mut self, field: &'static str, ours: &Value, theirs: Option<&String>) {
        self.text(field, ours.as_str().map(str::to_owned), theirs.cloned());
    }

    /// Numbers, and truth values as 0 and 1; tshark's are in units of `unit`.
    fn number(&mut self, field: &'static str, ours: Option<&Value>, theirs: Option<&String>, unit: u64) {
        let ours = ours.and_then(|value| value.as_u64().or_else(|| value.as_bool().map(u64::from)));
        let theirs = theirs.and_then(|text| parse(text)).map(|number| number * unit);
        self.text(field, ours.map(|number| number.to_string()), theirs.map(|number| number.to_string()));
    }
}

/// A number of tshark's: decimal or `0x…`.
fn parse(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}
