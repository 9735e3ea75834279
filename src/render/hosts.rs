//! The machines of the link for people: who is there, who has which address, and which masks they probably have.

use super::number::octets;
use super::page::Sheet;
use crate::analysis::broadcast::BroadcastReport;
use crate::analysis::hosts::HostReport;
use crate::analysis::hosts::masks::MaskReport;
use crate::lang::tell;

/// Machines shown.
const ROWS: usize = 30;
/// Addresses shown of one of them.
const ADDRESSES: usize = 4;

/// Appends the table of machines. Groups and broadcast have a section of their own.
pub fn write(hosts: &[HostReport], sheet: &mut Sheet<'_>) {
    let machines: Vec<&HostReport> = hosts.iter().filter(|host| !host.mac.is_group() && host.kind != "none").collect();
    if machines.is_empty() {
        return;
    }
    let lang = sheet.lang();
    sheet.heading("Machines of the link");
    let mut table = sheet.table(&["MAC address", "vendor", "addresses", ">sent", ">octets", ">received", ">octets"]);
    table = table.at_most(ROWS);
    for host in machines {
        let mut addresses: Vec<String> = host
            .addresses
            .iter()
            .take(ADDRESSES)
            .map(|address| match address.kind {
                "global-unicast" => address.address.to_string(),
                kind => format!("{} ({})", address.address, lang.say(kind)),
            })
            .collect();
        if host.addresses.len() > ADDRESSES {
            addresses.push(tell!(lang, "and {} more", host.addresses.len() - ADDRESSES));
        }
        if host.router {
            addresses.push(tell!(lang, "router for {}", lang.count(host.sources, "address")));
        }
        let vendor = match (host.vendor, host.kind) {
            (_, "vrrp" | "hsrp") => tell!(lang, "shared by routers ({})", host.kind),
            (Some(vendor), _) => vendor.to_owned(),
            (None, "local") => lang.say("chosen locally").to_owned(),
            (None, _) => String::new(),
        };
        table.row([
            host.mac.to_string(),
            vendor,
            lang.list(&addresses),
            host.packets_sent.to_string(),
            octets(host.octets_sent),
            host.packets_received.to_string(),
            octets(host.octets_received),
        ]);
    }
    sheet.put(&table);
}

/// Appends what is known of masks (rule N4).
pub fn write_masks(masks: &[MaskReport], sheet: &mut Sheet<'_>) {
    // One side alone says little: a host that asked for its neighbour may have any mask that holds both.
    let (known, vague): (Vec<&MaskReport>, Vec<&MaskReport>) = masks.iter().partition(|mask| {
        mask.disagrees || mask.broadcast.is_some() || mask.asked_for.is_some() && mask.through_gateway.is_some()
    });
    if known.is_empty() {
        return;
    }
    let lang = sheet.lang();
    sheet.heading("Masks that the hosts probably have");
    if !vague.is_empty() {
        sheet.say(&tell!(lang, "Of {} more, too little was seen to tell.", lang.count(vague.len() as u64, "host")));
    }
    let mut table = sheet.table(&["host", "mask", "because", ""]).at_most(ROWS);
    for mask in known {
        let mut reasons = Vec::new();
        if let Some(asked) = mask.asked_for {
            reasons.push(tell!(lang, "sends to {} itself (packet {})", asked.address, asked.packet));
        }
        if let Some(through) = mask.through_gateway {
            reasons.push(tell!(lang, "sends to {} through a gateway (packet {})", through.address, through.packet));
        }
        if let Some(broadcast) = mask.broadcast {
            reasons.push(tell!(lang, "broadcasts to {} (packet {})", broadcast.address, broadcast.packet));
        }
        let verdict = if mask.disagrees { "disagrees with its neighbours" } else { "" };
        table.row([mask.address.to_string(), mask.range(), lang.series(&reasons), lang.say(verdict).to_owned()]);
    }
    sheet.put(&table);
}

/// Appends what is known of frames for everybody (rules L6 and L7).
pub fn write_broadcasts(report: &BroadcastReport, sheet: &mut Sheet<'_>) {
    if report.frames == 0 && report.flooded.is_empty() {
        return;
    }
    let lang = sheet.lang();
    sheet.heading("Frames for everybody");
    sheet.say(&tell!(
        lang,
        "{} to broadcast and multicast addresses, {}; {} a second on average, at most {} in one second.",
        lang.count(report.frames, "frame"),
        octets(report.octets),
        format_args!("{:.1}", report.mean_per_second),
        report.peak_per_second
    ));
    for storm in &report.storms {
        sheet.say(&tell!(lang, "A loop: the frame of packet {} from {} came {} times up to packet {}; every copy is the same octet by octet. \
             One frame sent became {}.", storm.first_packet, storm.source, storm.copies, storm.last_packet, storm.factor));
    }
    for flood in &report.flooded {
        sheet.say(&tell!(
            lang,
            "{} for {} from packet {} on, which sends nothing here: the switch does not know where it is.",
            lang.count(flood.frames, "frame"),
            flood.destination,
            flood.packet
        ));
    }
}
