//! One block described in full, or as a row of a table.

use std::fmt::Display;

use super::{NO_WRAPPING, bits, count, line, remarks, short};
use crate::render::style::{HEADING, Paint};
use crate::render::table::Table;
use crate::subnet::registry::Row;
use crate::subnet::{Description, Family, Ipv6Facts};

/// Columns of the names before the values.
const LABEL: usize = 16;
/// Reverse zones and kinds listed before the rest is only counted.
const LISTED: usize = 8;

/// Appends everything about a block.
pub fn description(description: &Description, paint: Paint, out: &mut Vec<u8>) {
    let block = description.block();
    // An interface, a hexadecimal number: what was typed stands beside what it was read as.
    let title = if description.input.contains(&description.address.to_string()) {
        block.to_string()
    } else {
        format!("{block}  ({})", description.input)
    };
    heading(&title, paint, out);
    bits::and(block, paint, out);
    heading("step by step: a bit of the network is 1 where address and mask both have a 1", paint, out);
    bits::steps(block, paint, out);
    heading("network", paint, out);
    network(description, out);
    heading("kind", paint, out);
    kind(description, out);
    heading("other forms", paint, out);
    forms(description, out);
    if let Some(facts) = &description.ipv6 {
        ipv6(facts, description, paint, out);
    }
    if !description.remarks.is_empty() {
        out.push(b'\n');
        remarks(&description.remarks, out);
    }
}

/// Appends many blocks as a table, a line each.
pub fn summary(descriptions: &[Description], paint: Paint, out: &mut Vec<u8>) {
    let headings = ["address", "network", "first host", "last host", "broadcast", ">usable", "kind"];
    let mut table = Table::new(NO_WRAPPING, paint, &headings).at_most(usize::MAX);
    let or_dash =
        |address: Option<std::net::IpAddr>| address.map_or_else(|| "-".to_owned(), |address| address.to_string());
    for description in descriptions {
        table.row([
            description.address.to_string(),
            description.block().truncated().to_string(),
            or_dash(description.first_host),
            or_dash(description.last_host),
            or_dash(description.broadcast),
            short(description.usable),
            description.kind.to_owned(),
        ]);
    }
    table.write(out);
}

fn heading(text: &str, paint: Paint, out: &mut Vec<u8>) {
    if !out.is_empty() {
        out.push(b'\n');
    }
    line(out, format_args!("{}", paint.text(text, HEADING)));
}

fn value(label: &str, value: impl Display, out: &mut Vec<u8>) {
    line(out, format_args!("  {label:<LABEL$}{value}"));
}

fn network(description: &Description, out: &mut Vec<u8>) {
    let block = description.block();
    value("network", block.truncated(), out);
    if description.family == Family::Ipv4 {
        value("mask", format_args!("{} = /{}", description.netmask, description.prefix_len), out);
        value("wildcard", description.wildcard, out);
    }
    if let (Some(first), Some(last)) = (description.first_host, description.last_host) {
        if first == last {
            value("host", first, out);
        } else {
            value("first host", first, out);
            value("last host", last, out);
        }
    }
    match (description.broadcast, description.family) {
        (Some(broadcast), _) => value("broadcast", broadcast, out),
        (None, Family::Ipv6) => value("broadcast", "none: IPv6 has multicast instead", out),
        (None, Family::Ipv4) if description.first_host.is_some() => value("broadcast", "none", out),
        (None, Family::Ipv4) => {}
    }
    value("addresses", count(description.addresses), out);
    match description.usable {
        usable if usable == description.addresses => value("usable by hosts", "all of them", out),
        usable if description.broadcast.is_some() => {
            let lost = "less the network's own and the broadcast address";
            value("usable by hosts", format_args!("{} ({lost})", usable.grouped()), out);
        }
        usable => value("usable by hosts", usable.grouped(), out),
    }
    if description.host_bits > 0 && description.offset.as_u128() != Some(0) {
        value("this address", format_args!("number {} of the block, from 0", description.offset.grouped()), out);
    }
    let neighbour = |block: Option<crate::subnet::Block>, none: &str| {
        block.map_or_else(|| none.to_owned(), |block| block.to_string())
    };
    if description.prefix_len > 0 {
        value("half of", neighbour(description.supernet, "nothing larger"), out);
        value("block before", neighbour(description.previous, "none: this is the first"), out);
        value("block after", neighbour(description.next, "none: this is the last"), out);
    }
}

fn kind(description: &Description, out: &mut Vec<u8>) {
    match description.registry {
        Some(row) => {
            value("kind", format_args!("{} - {}", description.kind, row.meaning), out);
            let block = if row.block.prefix_len() == 0 { String::new() } else { format!("{}, ", row.block) };
            value("registered as", format_args!("{} ({block}{})", row.name, row.source), out);
            if let Some(special) = row.special {
                if let Some(terminated) = special.terminated {
                    value("", format_args!("no longer in use since {terminated}"), out);
                } else {
                    value("", answers(row), out);
                }
            }
        }
        None => value("kind", "mixed - the block holds addresses of several kinds", out),
    }
    for (index, row) in description.holds.iter().take(LISTED).enumerate() {
        let label = if index == 0 { "holds also" } else { "" };
        value(label, format_args!("{:<22} {}", row.block.to_string(), row.name), out);
    }
    if description.holds.len() > LISTED {
        let more = description.holds.len() - LISTED;
        value(
            "",
            format_args!("… and {more} more; 'netlab subnet kinds {}' lists them", description.block().truncated()),
            out,
        );
    }
    if let Some(class) = description.class {
        let mask = match (description.class_prefix_len, class) {
            (Some(len), _) => format!("which meant /{len}"),
            (None, 'D') => "multicast".to_owned(),
            (None, _) => "reserved".to_owned(),
        };
        value("class", format_args!("{class}, {mask} - history: since 1993 only the mask counts (RFC 1519)"), out);
    }
}

/// What the registry answers, in one line.
fn answers(row: &Row) -> String {
    let Some(special) = row.special else { return String::new() };
    format!(
        "source {}, destination {}, forwardable {}, globally reachable {}",
        special.usable_as_source.word(),
        special.usable_as_destination.word(),
        special.forwardable.word(),
        special.globally_reachable.word()
    )
}

fn forms(description: &Description, out: &mut Vec<u8>) {
    value(
        "hexadecimal",
        format_args!("{}, mask {}", description.hexadecimal.address, description.hexadecimal.netmask),
        out,
    );
    if let Some(octal) = &description.octal {
        value("octal", octal, out);
    }
    value("decimal", description.decimal, out);
    value("PTR name", &description.reverse_name, out);
    let zones = &description.reverse_zones;
    for (index, zone) in zones.iter().take(LISTED).enumerate() {
        let label = match (index, zones.len()) {
            (0, 1) => "reverse zone",
            (0, _) => "reverse zones",
            _ => "",
        };
        let alias = if zone.contains('/') { " (RFC 2317, by CNAMEs in the zone above)" } else { "" };
        value(label, format_args!("{zone}{alias}"), out);
    }
    if zones.len() > LISTED {
        let last = zones.last().map(String::as_str).unwrap_or_default();
        value("", format_args!("… {} in all, to {last}", zones.len()), out);
    }
    if let Some(mac) = description.multicast_mac {
        value("multicast MAC", format_args!("{mac} (shared by 32 groups: only 23 bits fit)"), out);
    }
}

fn ipv6(facts: &Ipv6Facts, description: &Description, paint: Paint, out: &mut Vec<u8>) {
    heading("IPv6", paint, out);
    value("expanded", &facts.expanded, out);
    if let Some(anycast) = facts.subnet_router_anycast {
        value("router anycast", format_args!("{anycast} (RFC 4291 section 2.6.1)"), out);
    }
    if let Some(identifier) = &facts.interface_identifier {
        value("interface ID", identifier, out);
    }
    if let Some(mac) = facts.mac {
        value(
            "made of MAC",
            format_args!("{mac} (modified EUI-64: ff:fe in the middle, the U/L bit turned over)"),
            out,
        );
    }
    if let Some(group) = facts.solicited_node {
        value("solicited-node", format_args!("{group}, where neighbours ask for this address"), out);
    }
    if let Some(mac) = facts.multicast_mac {
        value(if facts.multicast.is_some() { "multicast MAC" } else { "" }, format_args!("on Ethernet {mac}"), out);
    }
    if let Some(fields) = &facts.unique_local {
        let who = if fields.locally_assigned { "chosen by the site" } else { "L bit 0: not defined yet" };
        value("global ID", format_args!("{} ({who}; it should be random)", fields.global_id), out);
        value("subnet ID", &fields.subnet_id, out);
    }
    if let Some(multicast) = &facts.multicast {
        value("scope", format_args!("{} ({})", multicast.scope_name, multicast.scope), out);
        let assigned = if multicast.well_known { "assigned by IANA" } else { "transient" };
        let prefix = if multicast.based_on_prefix { ", made of a unicast prefix (RFC 3306)" } else { "" };
        let rendezvous = if multicast.rendezvous_inside { ", rendezvous point inside (RFC 3956)" } else { "" };
        value("group", format_args!("{assigned}{prefix}{rendezvous}"), out);
    }
    if let Some(inside) = &facts.embedded_ipv4 {
        let network = match inside.network.filter(|_| description.host_bits > 0) {
            Some(network) => format!(", network {network}"),
            None => String::new(),
        };
        value("IPv4 inside", format_args!("{}{network} ({}, {})", inside.address, inside.form, inside.source), out);
        if let (Some(server), Some(port)) = (inside.server, inside.port) {
            value("", format_args!("client's UDP port {port}, server {server}"), out);
        }
    }
}
