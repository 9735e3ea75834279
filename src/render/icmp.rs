//! Pings, ICMP errors and the MTU of paths for people.

use super::number::span;
use super::page::Sheet;
use crate::analysis::icmp::IcmpReport;
use crate::analysis::path_mtu::PathMtuReport;
use crate::lang::tell;

/// Rows of each table.
const ROWS: usize = 25;

/// Appends the sections.
pub fn write(icmp: &IcmpReport, sheet: &mut Sheet<'_>) {
    let lang = sheet.lang();
    if !icmp.pings.is_empty() {
        sheet.heading("Pings");
        let headings = ["from", "to", ">sent", ">answered", ">lost", ">loss", ">least", ">mean", ">most", ">first"];
        let mut table = sheet.table(&headings).at_most(ROWS);
        for ping in &icmp.pings {
            let time = |time: Option<u64>| time.map_or(String::new(), span);
            let twice = if ping.duplicates > 0 { format!(" (+{})", ping.duplicates) } else { String::new() };
            table.row_with(|| {
                [
                    ping.source.to_string(),
                    ping.destination.to_string(),
                    ping.sent.to_string(),
                    format!("{}{twice}", ping.answered),
                    ping.lost.to_string(),
                    format!("{:.1} %", ping.loss * 100.0),
                    time(ping.least_rtt_ns),
                    time(ping.mean_rtt_ns),
                    time(ping.most_rtt_ns),
                    ping.first_packet.to_string(),
                ]
            });
        }
        sheet.put(&table);
    }
    if !icmp.errors.is_empty() {
        sheet.heading("ICMP errors, and the packets that they quote");
        let mut table = sheet.table(&["from", "says", "about", ">packets", ">first", ">about packet"]).at_most(ROWS);
        for error in &icmp.errors {
            table.row_with(|| {
                [
                    error.from.to_string(),
                    lang.say(error.meaning).to_owned(),
                    error.quoted.map_or(String::new(), |flow| flow.text()),
                    error.packets.to_string(),
                    error.first_packet.to_string(),
                    error.about_packet.map_or(String::new(), |packet| packet.to_string()),
                ]
            });
        }
        sheet.put(&table);
    }
}

/// Appends what routers told of the MTU of paths, and what came of it (rules M1 and M2).
pub fn write_path_mtu(words: &[PathMtuReport], sheet: &mut Sheet<'_>) {
    let lang = sheet.lang();
    if words.is_empty() {
        return;
    }
    sheet.heading("The MTU of paths");
    for word in words.iter().take(ROWS) {
        let mtu = match word.mtu {
            0 => lang.say("does not say what fits").to_owned(),
            mtu => tell!(lang, "says that {} octets fit", mtu),
        };
        let effect = match (word.effect, word.obeyed_after_ns) {
            ("obeyed", Some(after)) => tell!(lang, "the sender obeyed after {}", span(after)),
            ("obeyed", None) => lang.say("the sender obeyed").to_owned(),
            ("ignored", _) => lang.say("the sender sent the same size again").to_owned(),
            ("unfit", _) => lang.say("it does not fit what is under way in that flow: stale, or forged").to_owned(),
            ("implausible", _) => lang.say("no link carries so little").to_owned(),
            _ => lang.say("what came of it was not captured").to_owned(),
        };
        sheet.say(&tell!(
            lang,
            "Packet {}: {} {}, after a packet of {} octets of {}; {}.",
            word.packet,
            word.by,
            mtu,
            word.size,
            word.flow.text(),
            effect
        ));
    }
    if words.len() > ROWS {
        sheet.say(&tell!(lang, "… and {} more.", lang.count((words.len() - ROWS) as u64, "message")));
    }
}
