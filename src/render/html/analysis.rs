//! The page of an analysis: everything of the report, and each connection to look at.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Shell;
use super::codes::Codes;
use super::packets::Packets;
use super::talks::{TalkData, Talks};
use crate::analysis::arp::{ArpReport, BindingReport, ChangeReport, ProxyReport, QuestionReport, SweepReport};
use crate::analysis::broadcast::BroadcastReport;
use crate::analysis::hosts::HostReport;
use crate::analysis::hosts::masks::MaskReport;
use crate::analysis::icmp::IcmpReport;
use crate::analysis::path_mtu::PathMtuReport;
use crate::analysis::tcp::ConnectionReport;
use crate::analysis::udp::UdpReport;
use crate::analysis::{
    Capture, Endpoint, Finding, FragmentReport, HealthReport, Judged, Note, ProtocolCount, SizeRange,
};
use crate::base::limits::{MAX_PAGE_CONNECTIONS, MAX_PAGE_FINDING_PACKETS, MAX_PAGE_ROWS};
use crate::lang::Lang;
use crate::render::report::Document;

const STYLE: &str = concat!(include_str!("assets/common.css"), include_str!("assets/analysis.css"));
const SCRIPT: &str = concat!(
    include_str!("assets/common.js"),
    include_str!("assets/graphs.js"),
    include_str!("assets/ladder.js"),
    include_str!("assets/messages.js"),
    include_str!("assets/pieces.js"),
    include_str!("assets/connection.js"),
    include_str!("assets/analysis.js"),
);

/// What a page needs besides the report, gathered while the packets pass.
#[derive(Debug, Default)]
pub struct Gathered {
    codes: Codes,
    packets: Packets,
    talks: Talks,
}

impl Gathered {
    /// Nothing yet, for readers of a language.
    pub fn new(lang: Lang) -> Gathered {
        Gathered { codes: Codes::new(lang), ..Gathered::default() }
    }

    /// Takes in a packet.
    pub fn packet(&mut self, judged: &Judged<'_, '_>) {
        self.packets.add(judged, &mut self.codes);
        self.talks.observe(judged);
    }

    /// Takes in a note about a packet that has passed.
    pub fn late_note(&mut self, note: &Note) {
        self.packets.late_note(note, &mut self.codes);
    }
}

/// What the page is made from.
#[derive(Serialize)]
struct Data<'a> {
    netlab: &'static str,
    version: u32,
    captures: &'a [Capture],
    health: HealthReport,
    protocols: &'a [ProtocolCount],
    connections: &'a [ConnectionReport],
    /// Of each connection its first packet's and its last packet's time in nanoseconds since the first packet of all: the
    /// script's numbers are too coarse for nanoseconds since 1970.
    times: Vec<(i64, u64)>,
    endpoints: &'a [Endpoint],
    sizes: &'a [SizeRange],
    arp: Arp<'a>,
    hosts: &'a [HostReport],
    masks: &'a [MaskReport],
    broadcasts: &'a BroadcastReport,
    udp: &'a [UdpReport],
    icmp: &'a IcmpReport,
    path_mtu: &'a [PathMtuReport],
    fragments: &'a [FragmentReport],
    findings: Vec<PageFinding<'a>>,
    remarks: Vec<&'a str>,
    codes: &'a Codes,
    packets: &'a Packets,
    talks: TalkData,
    /// Rows that found no room, by table.
    left_out: BTreeMap<&'static str, usize>,
}

#[derive(Serialize)]
struct Arp<'a> {
    bindings: &'a [BindingReport],
    questions: &'a [QuestionReport],
    changes: &'a [ChangeReport],
    proxies: &'a [ProxyReport],
    sweeps: &'a [SweepReport],
}

/// A finding as the page shows it: its code leads to explanation, severity and rule.
#[derive(Serialize)]
struct PageFinding<'a> {
    code: usize,
    rule: &'static str,
    confidence: &'static str,
    packets: &'a [u64],
    count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection: Option<u64>,
    text: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    weakened_by: Vec<&'static str>,
}

/// Appends the page.
pub fn page(document: &Document<'_>, gathered: &mut Gathered, out: &mut Vec<u8>) {
    let report = document.report;
    let health = &report.health;
    let findings = document.findings.in_order();
    let mut room = Room::default();
    let findings = room.of("findings", &findings, MAX_PAGE_ROWS);
    let findings = findings.iter().map(|finding| self::finding(finding, health, &mut gathered.codes)).collect();
    let lang = gathered.codes.lang();
    let mut retold = health.clone();
    for doubt in &mut retold.doubts {
        doubt.text = lang.retell(&doubt.text).into_owned();
    }
    let first = health.first_ns.unwrap_or(0);
    let connections = room.of("connections", &report.connections, MAX_PAGE_CONNECTIONS);
    let data = Data {
        netlab: "page",
        version: 2,
        captures: &document.captures,
        health: retold,
        protocols: room.rows("protocols", &report.protocols),
        connections,
        times: (connections.iter())
            .map(|one| (one.first_ns.wrapping_sub(first) as i64, one.last_ns.saturating_sub(one.first_ns)))
            .collect(),
        endpoints: room.rows("endpoints", &report.endpoints),
        sizes: &report.sizes,
        arp: arp(&report.arp, &mut room),
        hosts: room.rows("hosts", &report.hosts),
        masks: room.rows("masks", &report.masks),
        broadcasts: &report.broadcasts,
        udp: room.rows("udp", &report.udp),
        icmp: &report.icmp,
        path_mtu: room.rows("path_mtu", &report.path_mtu),
        fragments: room.rows("fragments", &report.fragments),
        findings,
        remarks: document.remarks.iter().take(MAX_PAGE_ROWS).map(|remark| remark.text.as_ref()).collect(),
        codes: &gathered.codes,
        packets: &gathered.packets,
        talks: gathered.talks.finish(lang),
        left_out: room.left_out,
    };
    let title = document.captures.first().map_or("netlab", |capture| capture.file.as_str());
    Shell { title, style: STYLE, script: SCRIPT, markup: b"", lang }.write(&data, out);
}

/// Counts what finds no room.
#[derive(Default)]
struct Room {
    left_out: BTreeMap<&'static str, usize>,
}

impl Room {
    fn of<'a, T>(&mut self, name: &'static str, rows: &'a [T], most: usize) -> &'a [T] {
        if rows.len() > most {
            self.left_out.insert(name, rows.len() - most);
        }
        &rows[..rows.len().min(most)]
    }

    fn rows<'a, T>(&mut self, name: &'static str, rows: &'a [T]) -> &'a [T] {
        self.of(name, rows, MAX_PAGE_ROWS)
    }
}

fn arp<'a>(report: &'a ArpReport, room: &mut Room) -> Arp<'a> {
    Arp {
        bindings: room.rows("bindings", &report.bindings),
        questions: room.rows("questions", &report.questions),
        changes: room.rows("changes", &report.changes),
        proxies: &report.proxies,
        sweeps: &report.sweeps,
    }
}

fn finding<'a>(finding: &'a Finding, health: &HealthReport, codes: &mut Codes) -> PageFinding<'a> {
    let note = &finding.first;
    PageFinding {
        code: codes.place(note.entry, note.rule),
        rule: note.rule,
        confidence: note.confidence.name(),
        packets: &finding.packets[..finding.packets.len().min(MAX_PAGE_FINDING_PACKETS)],
        count: finding.count,
        connection: note.connection,
        text: codes.line(note),
        weakened_by: health.weakening(note.code()).collect(),
    }
}
