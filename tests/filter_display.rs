//! Display filters against `tshark -Y`, for the names that both know.

#[path = "filter/corpus.rs"]
#[allow(dead_code)]
mod corpus;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use corpus::{Head, Packet};
use netlab::analysis::{Context, Judged};
use netlab::base::Timestamp;
use netlab::filter::display::DisplayFilter;
use netlab::packet::{self, Meta, RawPacket};
use netlab::wire::LinkType;

/// Filters in both languages. Each is tried as it is and negated.
const FILTERS: &[&str] = &[
    "ip.addr == 192.0.2.1 and tcp.port in {80, 443}",
    "ip.src != 192.0.2.77",
    "tcp.port != 80",
    "tcp.flags.syn == 1 and tcp.flags.ack == 0",
    "eth.dst[0:3] == 01:00:5e or vlan.id == 100",
    "ipv6.addr == 2001:db8::/32 or arp.opcode == 2",
    "udp.srcport < 1000 && udp.length > 20",
    "ip or tcp and udp",
    "frame contains 61:61:61:61 or frame.len < 60",
    "ip.frag_offset > 0 or ip.flags.mf == 1",
    "not ip and not ipv6",
    "tcp.srcport == tcp.dstport or udp.srcport == udp.dstport",
    // From here on only when many filters are asked for.
    "eth.src == 00:00:5e:00:53:02",
    "eth.addr == ff:ff:ff:ff:ff:ff",
    "eth.type == 0x0806",
    "vlan",
    "vlan.id in {5..150}",
    "vlan.id != 100",
    "vlan.priority == 3",
    "arp.src.proto_ipv4 == 192.0.2.0/24",
    "ip.ttl > 64",
    "ip.ttl in {1, 64}",
    "ip.proto == 6",
    "ip.len < 40",
    "ip.dsfield.dscp == 46",
    "ip.hdr_len > 20",
    "ip.flags.df == True",
    "ip.dst > 192.0.2.1",
    "ip.addr != 192.0.2.0/24",
    "ip.src == ip.dst",
    "ipv6.nxt == 44",
    "ipv6.hlim == 64 and ipv6.plen > 40",
    "ipv6.src == fe80::5",
    "ipv6.fraghdr.offset > 0",
    "tcp.dstport == 22 or tcp.srcport == 22",
    "tcp.flags.fin == 1 || tcp.flags.reset == 1",
    "tcp.flags & 0x12 == 0x12",
    "tcp.flags.push",
    // Of fragments Wireshark does not say how long the segment is.
    "tcp.len > 10 and ip.flags.mf == 0",
    "tcp.window_size_value == 65535",
    "tcp.hdr_len == 20",
    "udp.port == 53",
    "any udp.port < 100",
    "all tcp.port < 1000",
    "tcp.port ~= 80",
    "tcp.port === 80",
    "icmp.type == 8",
    "icmp.type in {0, 8} and icmp.code == 0",
    "icmpv6.type == 128",
    "igmp",
    "icmp",
    "udp[0:2] == 00:35",
    "ip[8] == 40",
    "eth.src[0] == 00",
    "eth.src[3-5] == 00:53:01",
    "tcp contains 61:61",
    "count(ip.addr) == 2",
    "frame.number > 300 and frame.number < 400",
    "mpls",
];

#[test]
fn display_filters_show_what_tshark_shows() {
    if Command::new("tshark").arg("--version").output().is_err() {
        assert!(std::env::var_os("NETLAB_REQUIRE_PEERS").is_none(), "tshark is required and not installed");
        eprintln!("skipped: tshark is not installed");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let mut packets = corpus::whole(5, Head::Ethernet, 900);
    // Wireshark has other names for the fields of service tags (802.1ad), netlab has not.
    packets.retain(|packet| !packet.bytes.windows(2).any(|pair| pair == [0x88, 0xa8]));
    let file = folder.path().join("in.pcap");
    std::fs::write(&file, corpus::pcap(1, &packets)).expect("written");
    let many = std::env::var_os("NETLAB_FILTERS").is_some();
    let filters = if many { FILTERS } else { &FILTERS[..12] };
    let mut failures = Vec::new();
    for filter in filters {
        for filter in [(*filter).to_owned(), format!("not ({filter})")] {
            if !many && filter.starts_with("not (") {
                continue;
            }
            let (ours, theirs) = (ours(&filter, &packets), theirs(&filter, &file));
            if ours != theirs {
                let odd: Vec<_> = ours.symmetric_difference(&theirs).take(3).collect();
                let octets: Vec<_> =
                    odd.iter().map(|at| format!("{:02x?}", packets[**at as usize - 1].bytes)).collect();
                failures.push(format!("{filter}: {} here, {} there; {odd:?} {octets:?}", ours.len(), theirs.len()));
            }
        }
    }
    assert!(failures.is_empty(), "{} of {} differ:\n{}", failures.len(), filters.len(), failures.join("\n"));
}

fn ours(filter: &str, packets: &[Packet]) -> BTreeSet<u64> {
    let filter = DisplayFilter::parse(filter).unwrap_or_else(|error| panic!("{filter}: {error}"));
    let numbered = packets.iter().enumerate().map(|(at, packet)| (at as u64 + 1, packet));
    numbered
        .filter(|(number, packet)| {
            let meta = Meta::new(*number, Timestamp::ZERO, LinkType::ETHERNET, packet.wire_len);
            let decoded = packet::Packet::decode(RawPacket { meta, bytes: &packet.bytes });
            filter.matches(&Judged { packet: &decoded, notes: &[], context: Context::default() })
        })
        .map(|(number, _)| number)
        .collect()
}

fn theirs(filter: &str, file: &Path) -> BTreeSet<u64> {
    let whole_packets = ["ip.defragment:FALSE", "ipv6.defragment:FALSE", "tcp.desegment_tcp_streams:FALSE"];
    let output = Command::new("tshark")
        .args(["-n", "-Y", filter, "-T", "fields", "-e", "frame.number", "-r"])
        .arg(file)
        .args(whole_packets.iter().flat_map(|setting| ["-o", setting]))
        .output()
        .expect("tshark runs");
    assert!(output.status.success(), "{filter}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).lines().map(|line| line.trim().parse().expect("a number")).collect()
}
