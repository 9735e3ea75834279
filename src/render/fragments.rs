//! Fragmented datagrams for people: what became of them, their pieces, the sums worked out, and what receivers make of
//! overlaps (rules FR8, FR17, FR18).

use std::net::IpAddr;

use super::number::span;
use super::page::{Sheet, packets};
use crate::analysis::fragments::{FragmentReport, Outcome, OutcomeCounts, PolicyReport, arithmetic};
use crate::lang::{Lang, tell};
use crate::wire::ip_protocol_name;

/// Datagrams in the overview.
const ROWS: usize = 30;
/// Datagrams told in full.
const TOLD: usize = 6;
/// Pieces shown of each of those.
const PIECES: usize = 12;
/// Shares shown of a policy.
const SHARES: usize = 8;

/// Appends the section.
pub fn write(reports: &[FragmentReport], counts: OutcomeCounts, sheet: &mut Sheet<'_>) {
    let lang = sheet.lang();
    if reports.is_empty() {
        return;
    }
    sheet.heading("Fragmented datagrams");
    sheet.say(&tell!(lang, "{}.", overview(counts, lang)));
    let headings = ["#", "from", "to", "protocol", ">id", ">pieces", "packets", ">octets", "outcome"];
    let mut table = sheet.table(&headings).at_most(ROWS);
    for report in reports {
        table.row_with(|| {
            [
                report.datagram.to_string(),
                end(report.source, report.source_port),
                end(report.destination, report.destination_port),
                ip_protocol_name(report.protocol).to_owned(),
                report.identification.to_string(),
                report.packet_count.unwrap_or(report.packets.len() as u64).to_string(),
                packets(&report.packets),
                report.octets.map_or("?".to_owned(), |count| count.to_string()),
                outcome(report, lang),
            ]
        });
    }
    sheet.put(&table);
    // What went wrong is worth more room than what went well.
    let (odd, plain): (Vec<_>, Vec<_>) = reports.iter().partition(|report| is_odd(report));
    for report in odd.into_iter().chain(plain).take(TOLD) {
        tell(report, sheet);
    }
}

fn overview(counts: OutcomeCounts, lang: Lang) -> String {
    let outcomes = [
        (counts.complete, "complete"),
        (counts.timed_out, "given up after 60 s"),
        (counts.incomplete, "incomplete"),
        (counts.overlap, "with overlapping pieces"),
        (counts.conflict, "with pieces that contradict each other"),
        (counts.too_long, "too long"),
    ];
    let outcomes: Vec<String> = outcomes
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| tell!(lang, "{0} {1}", number, lang.say(what)))
        .collect();
    let mut text = tell!(lang, "{}: {}", lang.count(counts.datagrams, "datagram"), lang.list(&outcomes));
    if counts.evicted > 0 {
        text += &tell!(lang, "; {} of the incomplete gave way to newer ones, for too many waited", counts.evicted);
    }
    if counts.not_listed > 0 {
        text += &tell!(lang, "; {} are counted and not listed", counts.not_listed);
    }
    text
}

/// One datagram in full.
fn tell(report: &FragmentReport, sheet: &mut Sheet<'_>) {
    let lang = sheet.lang();
    sheet.heading(&tell!(
        lang,
        "Datagram {}: {} → {}, {}, {}",
        report.datagram,
        end(report.source, report.source_port),
        end(report.destination, report.destination_port),
        lang.count(report.pieces.len() as u64, "piece"),
        lang.say(report.outcome.name())
    ));
    let mut table = sheet.table(&[">packet", ">after", ">offset", ">÷ 8", ">octets", "from–to", "MF", ">hop limit"]);
    table = table.at_most(PIECES);
    for piece in &report.pieces {
        table.row_with(|| {
            [
                piece.packet.to_string(),
                span(piece.time_ns.saturating_sub(report.first_ns)),
                piece.offset.to_string(),
                (piece.offset / 8).to_string(),
                piece.octets.to_string(),
                format!("{}–{}", piece.offset, piece.offset + piece.octets.saturating_sub(1)),
                u8::from(piece.more_fragments).to_string(),
                piece.hop_limit.to_string(),
            ]
        });
    }
    sheet.put(&table);
    for line in arithmetic::lines(report) {
        sheet.say(&lang.retell(&line));
    }
    if report.refragmented {
        sheet.say("The pieces differ in size, so some were cut again on the way.");
    }
    if report.duplicates > 0 {
        sheet.say(&tell!(
            lang,
            "{} of pieces among the packets; receivers ignore them.",
            match report.duplicates {
                1 => lang.say("One exact copy").to_owned(),
                copies => tell!(lang, "{} exact copies", copies),
            }
        ));
    }
    if report.source_port.is_none() && matches!(report.protocol, 6 | 17) {
        sheet.say("Ports unknown: the first piece was not seen.");
    }
    if !report.holes.is_empty() {
        let holes: Vec<String> = report.holes.iter().take(SHARES).map(|hole| hole.text()).collect();
        let more = if report.holes.len() > SHARES { " …" } else { "" };
        sheet.say(&tell!(
            lang,
            "Missing octets: {}{}. One lost piece loses the whole datagram.",
            lang.list(&holes),
            more
        ));
    }
    if let Some(packet) = report.time_exceeded {
        sheet.say(&tell!(lang, "The receiver said in packet {} that it gave up waiting.", packet));
    }
    overlaps(report, sheet);
}

fn overlaps(report: &FragmentReport, sheet: &mut Sheet<'_>) {
    let lang = sheet.lang();
    for overlap in report.overlaps.iter().take(SHARES) {
        let same = match overlap.same {
            Some(true) => "the same octets",
            Some(false) => "other octets",
            None => "octets that were not captured whole",
        };
        let kind = match overlap.kind {
            "exact" => "claims the same place as",
            "inside" => "lies inside",
            "around" => "reaches around",
            _ => "overlaps in part",
        };
        sheet.say(&tell!(
            lang,
            "The piece in packet {} {} the one in packet {}: both have octets {}–{}, with {}.",
            overlap.packet,
            lang.say(kind),
            overlap.with,
            overlap.from,
            overlap.to,
            lang.say(same)
        ));
    }
    if report.policies.is_empty() {
        return;
    }
    sheet.say("What receivers make of it, by the packet whose octets they take:");
    let mut table = sheet.table(&["receiver", "hands it on", "octets of packet"]);
    for policy in &report.policies {
        let verdict = if policy.delivered { "yes" } else { "no" };
        table.row_with(|| {
            [lang.say(receiver(policy.policy)).to_owned(), lang.say(verdict).to_owned(), shares(policy, lang)]
        });
    }
    sheet.put(&table);
}

fn shares(policy: &PolicyReport, lang: Lang) -> String {
    let mut shares: Vec<String> = policy
        .shares
        .iter()
        .take(SHARES)
        .map(|share| tell!(lang, "{}–{} of {}", share.from, share.to, share.packet))
        .collect();
    if policy.shares.len() > SHARES {
        shares.push(tell!(lang, "and {} more", policy.shares.len() - SHARES));
    }
    lang.list(&shares)
}

fn receiver(policy: &str) -> &str {
    match policy {
        "linux-now" => "Linux since 4.19",
        "rfc5722" => "RFC 5722 (IPv6)",
        "first" => "what came first",
        "last" => "what came last (RFC 791)",
        "linux-old" => "Linux before 4.19",
        "bsd" => "BSD",
        "solaris" => "Solaris",
        "windows" => "Windows",
        other => other,
    }
}

fn is_odd(report: &FragmentReport) -> bool {
    report.outcome != Outcome::Complete || !report.overlaps.is_empty() || report.refragmented || report.duplicates > 0
}

fn outcome(report: &FragmentReport, lang: Lang) -> String {
    match report.outcome {
        Outcome::Complete => tell!(lang, "complete after {}", span(report.last_ns - report.first_ns)),
        other => lang.say(other.name()).to_owned(),
    }
}

fn end(address: IpAddr, port: Option<u16>) -> String {
    match (address, port) {
        (address, None) => address.to_string(),
        (IpAddr::V4(address), Some(port)) => format!("{address}:{port}"),
        (IpAddr::V6(address), Some(port)) => format!("[{address}]:{port}"),
    }
}
