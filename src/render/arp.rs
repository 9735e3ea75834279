//! ARP for people: who has which address, who asked for whom, and what moved (rules L1 to L5).

use super::number::span;
use super::page::Sheet;
use crate::analysis::arp::{ArpReport, ChangeKind};
use crate::lang::tell;

/// Rows of each table.
const ROWS: usize = 40;

/// Appends the section.
pub fn write(arp: &ArpReport, sheet: &mut Sheet<'_>) {
    let counts = arp.counts;
    if counts.requests + counts.replies + counts.other == 0 {
        return;
    }
    let lang = sheet.lang();
    sheet.heading("ARP: who has which address");
    let mut said = vec![lang.count(counts.requests, "question"), lang.count(counts.replies, "answer")];
    let mut add = |number: u64, noun: &str| {
        if number > 0 {
            said.push(lang.count(number, noun));
        }
    };
    add(counts.probes, "probe");
    add(counts.announcements, "announcement");
    add(counts.gratuitous_replies, "gratuitous answer");
    if counts.unasked_replies > 0 {
        said.push(tell!(lang, "{} to no question in the capture", counts.unasked_replies));
    }
    sheet.say(&tell!(lang, "{}.", lang.list(&said)));
    let has_vlan = arp.bindings.iter().any(|binding| binding.vlan != 0);
    let mut table = sheet.table(&["address", "is at", "vendor", "VLAN", ">packets", ">first", ">last"]).at_most(ROWS);
    for binding in &arp.bindings {
        table.row_with(|| {
            [
                binding.address.to_string(),
                binding.mac.to_string(),
                binding.vendor.unwrap_or_default().to_owned(),
                if has_vlan { binding.vlan.to_string() } else { "–".to_owned() },
                binding.packets.to_string(),
                binding.first_packet.to_string(),
                binding.last_packet.to_string(),
            ]
        });
    }
    sheet.put(&table);
    questions(arp, sheet);
    for change in &arp.changes {
        let what = match change.kind {
            ChangeKind::Moved => "moved; what follows does not tell why",
            ChangeKind::VirtualRouter => "moved within a group of routers (VRRP, HSRP and the like)",
            ChangeKind::FailOver => "went over: the former machine was not heard again",
            ChangeKind::Conflict => "is claimed by both: a conflict, or one of them pretends",
            ChangeKind::Spoofing => "was moved in the eyes of one host that had not asked: ARP spoofing",
        };
        let flips = if change.flips > 0 {
            tell!(lang, ", and back and forth {}", lang.count(change.flips, "time"))
        } else {
            String::new()
        };
        sheet.say(&tell!(
            lang,
            "{} {}: from {} to {} in packet {}{}.",
            change.address,
            lang.say(what),
            change.from,
            change.to,
            change.packet,
            flips
        ));
    }
    for proxy in &arp.proxies {
        let addresses: Vec<String> = proxy.addresses.iter().map(ToString::to_string).collect();
        sheet.say(&tell!(lang, "{} answers for others, a proxy: {}.", proxy.mac, lang.list(&addresses)));
    }
    for sweep in &arp.sweeps {
        sheet.say(&tell!(
            lang,
            "{} ({}) asked for {} different addresses in {}, up to packet {}: a sweep.",
            sweep.mac,
            sweep.address,
            sweep.addresses,
            span(sweep.last_ns.saturating_sub(sweep.first_ns)),
            sweep.last_packet
        ));
    }
}

fn questions(arp: &ArpReport, sheet: &mut Sheet<'_>) {
    let lang = sheet.lang();
    let mut table = sheet.table(&["asked by", "for", ">asked", ">answered", "by", ">quickest", ">slowest", ">first"]);
    table = table.at_most(ROWS);
    for question in &arp.questions {
        let latency = |latency: Option<u64>| latency.map_or(String::new(), span);
        let nobody = || if question.asker.is_unspecified() { "–".to_owned() } else { lang.say("nobody").to_owned() };
        table.row_with(|| {
            [
                if question.asker.is_unspecified() {
                    tell!(lang, "{} (probe)", question.asker_mac)
                } else {
                    question.asker.to_string()
                },
                question.target.to_string(),
                question.asked.to_string(),
                question.answered.to_string(),
                question.answered_by.map_or_else(nobody, |mac| mac.to_string()),
                latency(question.least_latency_ns),
                latency(question.most_latency_ns),
                question.first_packet.to_string(),
            ]
        });
    }
    sheet.put(&table);
}
