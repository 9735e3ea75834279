//! One block described in full, or as a row of a table.

use std::fmt::Display;

use super::{NO_WRAPPING, bits, count, line, remarks, short};
use crate::lang::{Lang, tell};
use crate::render::page::pad;
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
    let lang = paint.lang();
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
    network(description, lang, out);
    heading("kind", paint, out);
    kind(description, lang, out);
    heading("other forms", paint, out);
    forms(description, lang, out);
    if let Some(facts) = &description.ipv6 {
        ipv6(facts, description, paint, out);
    }
    if !description.remarks.is_empty() {
        out.push(b'\n');
        remarks(&description.remarks, paint, out);
    }
}

/// Appends many blocks as a table, a line each.
pub fn summary(descriptions: &[Description], paint: Paint, out: &mut Vec<u8>) {
    let lang = paint.lang();
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
            lang.say(description.kind).to_owned(),
        ]);
    }
    table.write(out);
}

fn heading(text: &str, paint: Paint, out: &mut Vec<u8>) {
    let text = paint.lang().say(text);
    if !out.is_empty() {
        out.push(b'\n');
    }
    line(out, format_args!("{}", paint.text(text, HEADING)));
}

fn value(label: &str, value: impl Display, lang: Lang, out: &mut Vec<u8>) {
    let label = pad(if label.is_empty() { label } else { lang.say(label) }, LABEL);
    line(out, format_args!("  {label}{value}"));
}

fn network(description: &Description, lang: Lang, out: &mut Vec<u8>) {
    let block = description.block();
    value("network", block.truncated(), lang, out);
    if description.family == Family::Ipv4 {
        value("mask", format_args!("{} = /{}", description.netmask, description.prefix_len), lang, out);
        value("wildcard", description.wildcard, lang, out);
    }
    if let (Some(first), Some(last)) = (description.first_host, description.last_host) {
        if first == last {
            value("host", first, lang, out);
        } else {
            value("first host", first, lang, out);
            value("last host", last, lang, out);
        }
    }
    match (description.broadcast, description.family) {
        (Some(broadcast), _) => value("broadcast", broadcast, lang, out),
        (None, Family::Ipv6) => value("broadcast", lang.say("none: IPv6 has multicast instead"), lang, out),
        (None, Family::Ipv4) if description.first_host.is_some() => value("broadcast", lang.say("none"), lang, out),
        (None, Family::Ipv4) => {}
    }
    value("addresses", count(description.addresses), lang, out);
    match description.usable {
        usable if usable == description.addresses => value("usable by hosts", lang.say("all of them"), lang, out),
        usable if description.broadcast.is_some() => {
            let lost = lang.say("less the network's own and the broadcast address");
            value("usable by hosts", tell!(lang, "{} ({})", usable.grouped(), lost), lang, out);
        }
        usable => value("usable by hosts", usable.grouped(), lang, out),
    }
    if description.host_bits > 0 && description.offset.as_u128() != Some(0) {
        value("this address", tell!(lang, "number {} of the block, from 0", description.offset.grouped()), lang, out);
    }
    let neighbour = |block: Option<crate::subnet::Block>, none: &str| {
        block.map_or_else(|| lang.say(none).to_owned(), |block| block.to_string())
    };
    if description.prefix_len > 0 {
        value("half of", neighbour(description.supernet, "nothing larger"), lang, out);
        value("block before", neighbour(description.previous, "none: this is the first"), lang, out);
        value("block after", neighbour(description.next, "none: this is the last"), lang, out);
    }
}

fn kind(description: &Description, lang: Lang, out: &mut Vec<u8>) {
    match description.registry {
        Some(row) => {
            value("kind", format_args!("{} - {}", lang.say(description.kind), lang.say(row.meaning)), lang, out);
            let block = if row.block.prefix_len() == 0 { String::new() } else { format!("{}, ", row.block) };
            value("registered as", format_args!("{} ({block}{})", row.name, row.source), lang, out);
            if let Some(special) = row.special {
                if let Some(terminated) = special.terminated {
                    value("", tell!(lang, "no longer in use since {}", terminated), lang, out);
                } else {
                    value("", answers(row, lang), lang, out);
                }
            }
        }
        None => value("kind", lang.say("mixed - the block holds addresses of several kinds"), lang, out),
    }
    for (index, row) in description.holds.iter().take(LISTED).enumerate() {
        let label = if index == 0 { "holds also" } else { "" };
        value(label, format_args!("{:<22} {}", row.block.to_string(), row.name), lang, out);
    }
    if description.holds.len() > LISTED {
        let more = description.holds.len() - LISTED;
        value(
            "",
            tell!(lang, "… and {} more; 'netlab subnet kinds {}' lists them", more, description.block().truncated()),
            lang,
            out,
        );
    }
    if let Some(class) = description.class {
        let mask = match (description.class_prefix_len, class) {
            (Some(len), _) => tell!(lang, "which meant /{}", len),
            (None, 'D') => lang.say("multicast").to_owned(),
            (None, _) => lang.say("reserved").to_owned(),
        };
        value(
            "class",
            tell!(lang, "{}, {} - history: since 1993 only the mask counts (RFC 1519)", class, mask),
            lang,
            out,
        );
    }
}

/// What the registry answers, in one line.
fn answers(row: &Row, lang: Lang) -> String {
    let Some(special) = row.special else { return String::new() };
    tell!(
        lang,
        "source {}, destination {}, forwardable {}, globally reachable {}",
        lang.say(special.usable_as_source.word()),
        lang.say(special.usable_as_destination.word()),
        lang.say(special.forwardable.word()),
        lang.say(special.globally_reachable.word())
    )
}

fn forms(description: &Description, lang: Lang, out: &mut Vec<u8>) {
    value(
        "hexadecimal",
        tell!(lang, "{}, mask {}", description.hexadecimal.address, description.hexadecimal.netmask),
        lang,
        out,
    );
    if let Some(octal) = &description.octal {
        value("octal", octal, lang, out);
    }
    value("decimal", description.decimal, lang, out);
    value("PTR name", &description.reverse_name, lang, out);
    let zones = &description.reverse_zones;
    for (index, zone) in zones.iter().take(LISTED).enumerate() {
        let label = match (index, zones.len()) {
            (0, 1) => "reverse zone",
            (0, _) => "reverse zones",
            _ => "",
        };
        let alias = if zone.contains('/') { lang.say(" (RFC 2317, by CNAMEs in the zone above)") } else { "" };
        value(label, format_args!("{zone}{alias}"), lang, out);
    }
    if zones.len() > LISTED {
        let last = zones.last().map(String::as_str).unwrap_or_default();
        value("", tell!(lang, "… {} in all, to {}", zones.len(), last), lang, out);
    }
    if let Some(mac) = description.multicast_mac {
        value("multicast MAC", tell!(lang, "{} (shared by 32 groups: only 23 bits fit)", mac), lang, out);
    }
}

fn ipv6(facts: &Ipv6Facts, description: &Description, paint: Paint, out: &mut Vec<u8>) {
    let lang = paint.lang();
    heading("IPv6", paint, out);
    value("expanded", &facts.expanded, lang, out);
    if let Some(anycast) = facts.subnet_router_anycast {
        value("router anycast", format_args!("{anycast} (RFC 4291 section 2.6.1)"), lang, out);
    }
    if let Some(identifier) = &facts.interface_identifier {
        value("interface ID", identifier, lang, out);
    }
    if let Some(mac) = facts.mac {
        value(
            "made of MAC",
            tell!(lang, "{} (modified EUI-64: ff:fe in the middle, the U/L bit turned over)", mac),
            lang,
            out,
        );
    }
    if let Some(group) = facts.solicited_node {
        value("solicited-node", tell!(lang, "{}, where neighbours ask for this address", group), lang, out);
    }
    if let Some(mac) = facts.multicast_mac {
        value(
            if facts.multicast.is_some() { "multicast MAC" } else { "" },
            tell!(lang, "on Ethernet {}", mac),
            lang,
            out,
        );
    }
    if let Some(fields) = &facts.unique_local {
        let who = if fields.locally_assigned { "chosen by the site" } else { "L bit 0: not defined yet" };
        value("global ID", tell!(lang, "{} ({}; it should be random)", fields.global_id, lang.say(who)), lang, out);
        value("subnet ID", &fields.subnet_id, lang, out);
    }
    if let Some(multicast) = &facts.multicast {
        value("scope", format_args!("{} ({})", multicast.scope_name, multicast.scope), lang, out);
        let assigned = if multicast.well_known { "assigned by IANA" } else { "transient" };
        let prefix = if multicast.based_on_prefix { ", made of a unicast prefix (RFC 3306)" } else { "" };
        let rendezvous = if multicast.rendezvous_inside { ", rendezvous point inside (RFC 3956)" } else { "" };
        value("group", format_args!("{}{}{}", lang.say(assigned), lang.say(prefix), lang.say(rendezvous)), lang, out);
    }
    if let Some(inside) = &facts.embedded_ipv4 {
        let network = match inside.network.filter(|_| description.host_bits > 0) {
            Some(network) => tell!(lang, ", network {}", network),
            None => String::new(),
        };
        value(
            "IPv4 inside",
            format_args!("{}{network} ({}, {})", inside.address, inside.form, inside.source),
            lang,
            out,
        );
        if let (Some(server), Some(port)) = (inside.server, inside.port) {
            value("", tell!(lang, "client's UDP port {}, server {}", port, server), lang, out);
        }
    }
}
