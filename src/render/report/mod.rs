//! The report of a capture: for people as text and tables, for scripts as one JSON document.

mod findings;
mod sections;

use serde::Serialize;

use super::page::Sheet;
use super::style::Paint;
use super::{arp, fragments, health, hosts, icmp, udp, words};
use crate::analysis::{Capture, Finding, Findings, HealthReport, Report};
use crate::packet::Remark;

/// Everything that a report tells.
#[derive(Debug)]
pub struct Document<'a> {
    /// The captures it is about.
    pub captures: Vec<Capture>,
    /// What was counted and concluded.
    pub report: &'a Report,
    /// What matters.
    pub findings: &'a Findings,
    /// What the captures say beside their packets.
    pub remarks: &'a [Remark],
    /// True to show Zeek's letters beside connections.
    pub with_zeek: bool,
}

/// Appends the report for people, in lines of at most `width` columns.
pub fn text(document: &Document<'_>, width: usize, paint: Paint, out: &mut Vec<u8>) {
    let mut page = sections::Page { width, paint, out };
    page.captures(&document.captures);
    let report = document.report;
    let mut sheet = Sheet { width, paint, out: &mut *page.out };
    health::write(&report.health, &mut sheet);
    page.findings(&document.findings.in_order(), &report.health);
    page.protocols(&document.report.protocols);
    page.connections(report, document.with_zeek);
    page.endpoints(&document.report.endpoints);
    let mut sheet = Sheet { width, paint, out: &mut *page.out };
    hosts::write(&report.hosts, &mut sheet);
    arp::write(&report.arp, &mut sheet);
    hosts::write_masks(&report.masks, &mut sheet);
    hosts::write_broadcasts(&report.broadcasts, &mut sheet);
    udp::write(&report.udp, &mut sheet);
    icmp::write(&report.icmp, &mut sheet);
    icmp::write_path_mtu(&report.path_mtu, &mut sheet);
    fragments::write(&report.fragments, report.fragment_counts, &mut sheet);
    page.sizes(&document.report.sizes);
    page.remarks(document.remarks);
}

/// Writes the report as one JSON document.
///
/// # Errors
/// When `out` cannot be written.
pub fn json(document: &Document<'_>, out: &mut dyn std::io::Write) -> std::io::Result<()> {
    #[derive(Serialize)]
    struct Shape<'a> {
        netlab: &'static str,
        version: u32,
        captures: &'a [Capture],
        #[serde(flatten)]
        report: &'a Report,
        findings: Vec<JsonFinding<'a>>,
    }
    let shape = Shape {
        netlab: "report",
        version: 1,
        captures: &document.captures,
        report: document.report,
        findings: {
            let health = &document.report.health;
            document.findings.in_order().into_iter().map(|finding| JsonFinding::of(finding, health)).collect()
        },
    };
    super::json::document(&shape, out)
}

/// A finding in the shape of the JSON.
#[derive(Serialize)]
pub(in crate::render) struct JsonFinding<'a> {
    code: &'static str,
    rule: &'static str,
    severity: &'static str,
    confidence: &'static str,
    packets: &'a [u64],
    count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection: Option<u64>,
    text: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    weakened_by: Vec<&'static str>,
}

impl<'a> JsonFinding<'a> {
    pub(in crate::render) fn of(finding: &'a Finding, health: &HealthReport) -> JsonFinding<'a> {
        let note = &finding.first;
        JsonFinding {
            code: note.code(),
            rule: note.rule,
            severity: note.entry.severity.name(),
            confidence: note.confidence.name(),
            packets: &finding.packets,
            count: finding.count,
            connection: note.connection,
            text: words::line(note),
            weakened_by: health.weakening(note.code()).collect(),
        }
    }
}
