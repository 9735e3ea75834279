//! One line for one layer: what its headline in the field tree says.

use std::fmt;

use crate::base::text::harmless_octets;
use crate::wire::describe::names;
use crate::wire::registry::{ether_type_name, ip_protocol_name, ppp_protocol_name};
use crate::wire::{Arp, Layer};

/// Writes what a layer says in one line without its name, such as `192.0.2.1 → 192.0.2.2, tcp, TTL 64`; harmless to
/// print, and empty for a layer known by name only.
///
/// # Errors
/// Those of `out`.
pub fn summary(layer: &Layer<'_>, out: &mut dyn fmt::Write) -> fmt::Result {
    match layer {
        Layer::Ethernet(ethernet) if ethernet.has_len() => {
            let len = ethernet.type_or_len();
            write!(out, "{} → {}, {len} octets of LLC", ethernet.source(), ethernet.destination())
        }
        Layer::Ethernet(ethernet) => {
            let name = ether_type_name(ethernet.type_or_len());
            write!(out, "{} → {}, {name}", ethernet.source(), ethernet.destination())
        }
        Layer::Sll(sll) => {
            out.write_str(names::sll_packet_type(u64::from(sll.packet_type())))?;
            match sll.source() {
                Some(source) => write!(out, ", from {source}, {}", ether_type_name(sll.protocol())),
                None => write!(out, ", {}", ether_type_name(sll.protocol())),
            }
        }
        Layer::Loopback(loopback) => write!(out, "address family {}", loopback.family),
        Layer::Vlan(vlan) => write!(out, "VLAN {}, priority {}", vlan.vid(), vlan.pcp()),
        Layer::Llc(llc) => match llc.snap() {
            Some((organization, protocol)) => write!(out, "SNAP {organization:06x}, protocol {protocol:#06x}"),
            None => write!(out, "{:#04x} → {:#04x}, {}", llc.ssap(), llc.dsap(), names::llc_control(llc.control())),
        },
        Layer::Stp(stp) => match (stp.root(), stp.root_path_cost(), stp.bridge()) {
            (Some(root), Some(cost), Some(bridge)) => write!(out, "root {root}, cost {cost}, from {bridge}"),
            _ => out.write_str(names::stp_type(u64::from(stp.bpdu_type()))),
        },
        Layer::Pppoe(pppoe) => {
            write!(out, "session {:#06x}, {}", pppoe.session_id(), names::pppoe_code(u64::from(pppoe.code())))
        }
        Layer::Ppp(ppp) => out.write_str(ppp_protocol_name(ppp.protocol)),
        Layer::Mpls(mpls) => write!(out, "label {}, TTL {}", mpls.label(), mpls.ttl()),
        Layer::Arp(arp) => summary_of_arp(arp, out),
        Layer::Ipv4(ip) => {
            write!(
                out,
                "{} → {}, {}, TTL {}",
                ip.source(),
                ip.destination(),
                ip_protocol_name(ip.protocol()),
                ip.ttl()
            )?;
            if ip.is_fragment() {
                let more = if ip.more_fragments() { "more follow" } else { "the last" };
                write!(out, ", fragment at {}, {more}", ip.fragment_offset())?;
            }
            Ok(())
        }
        Layer::Ipv6(ip) => {
            write!(out, "{} → {}, hop limit {}", ip.source(), ip.destination(), ip.hop_limit())
        }
        Layer::Ipv6Extension(extension) => match extension.fragment() {
            Some(fragment) => {
                let more = if fragment.more_fragments { "more follow" } else { "the last" };
                write!(out, "fragment at {}, {more}", fragment.offset)
            }
            None => write!(out, "{} octets", extension.bytes().len()),
        },
        Layer::Icmpv4(icmp) => {
            named(out, names::icmpv4_type(u64::from(icmp.icmp_type())), icmp.icmp_type())?;
            let code = names::icmpv4_code(icmp.icmp_type(), icmp.code());
            tail(out, code, icmp.echo())
        }
        Layer::Icmpv6(icmp) => {
            named(out, names::icmpv6_type(u64::from(icmp.icmp_type())), icmp.icmp_type())?;
            let code = names::icmpv6_code(icmp.icmp_type(), icmp.code());
            tail(out, code, icmp.echo())?;
            icmp.ndp().and_then(|ndp| ndp.target()).map_or(Ok(()), |target| write!(out, " for {target}"))
        }
        Layer::Igmp(igmp) => {
            named(out, names::igmp_type(u64::from(igmp.igmp_type())), igmp.igmp_type())?;
            igmp.group().map_or(Ok(()), |group| write!(out, " of {group}"))
        }
        Layer::Udp(udp) => {
            write!(out, "{} → {}, {}", udp.source_port(), udp.destination_port(), Octets(udp.payload_len()))
        }
        Layer::Tcp(tcp) => {
            write!(out, "{} → {}", tcp.source_port(), tcp.destination_port())?;
            let mut separator = " ";
            for name in tcp.flags().names() {
                write!(out, "{separator}{name}")?;
                separator = "+";
            }
            write!(out, ", sequence {}", tcp.sequence().0)?;
            if tcp.flags().ack() {
                write!(out, ", acknowledges {}", tcp.acknowledgment().0)?;
            }
            write!(out, ", {}", Octets(tcp.payload_len()))
        }
        Layer::CutTransport(cut) => match cut.ports() {
            Some((source, destination)) => write!(out, "{source} → {destination}, header cut"),
            None => out.write_str("header cut"),
        },
        Layer::Gre(gre) => {
            write!(out, "version {}, {}", gre.version(), ether_type_name(gre.protocol_type()))?;
            gre.key().map_or(Ok(()), |key| write!(out, ", key {key:#x}"))
        }
        Layer::Vxlan(vxlan) => write!(out, "network {}", vxlan.vni()),
        Layer::Geneve(geneve) => write!(out, "network {}, {}", geneve.vni(), ether_type_name(geneve.protocol_type())),
        Layer::CutHeader(_) => out.write_str("header cut"),
        Layer::Other(_) => Ok(()),
    }
}

struct Octets(u32);

impl fmt::Display for Octets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("no data"),
            1 => f.write_str("1 octet of data"),
            len => write!(f, "{len} octets of data"),
        }
    }
}

fn named(out: &mut dyn fmt::Write, name: &str, number: u8) -> fmt::Result {
    if name.is_empty() { write!(out, "type {number}") } else { out.write_str(name) }
}

fn tail(out: &mut dyn fmt::Write, code: &str, echo: Option<(u16, u16)>) -> fmt::Result {
    if !code.is_empty() {
        write!(out, ": {code}")?;
    }
    echo.map_or(Ok(()), |(identifier, sequence)| write!(out, ", identifier {identifier}, sequence {sequence}"))
}

fn summary_of_arp(arp: &Arp<'_>, out: &mut dyn fmt::Write) -> fmt::Result {
    match (arp.operation_number(), arp.sender_ip(), arp.target_ip(), arp.sender_mac()) {
        (1, Some(sender), Some(target), _) => write!(out, "who has {target}? tell {sender}"),
        (2, Some(sender), _, Some(mac)) => write!(out, "{sender} is at {mac}"),
        (operation, ..) => match names::arp_operation(u64::from(operation)) {
            "" => write!(out, "operation {operation}"),
            name => {
                write!(out, "{name} of protocol {}", harmless_octets(ether_type_name(arp.protocol_type()).as_bytes()))
            }
        },
    }
}
