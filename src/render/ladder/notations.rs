//! The ladder in the languages of Mermaid and of Graphviz, to be pasted into notes.

use std::fmt::Write as _;

use super::{Rung, lost_copy, socket, span_since};
use crate::analysis::tcp::ConnectionReport;
use crate::base::Timestamp;
use crate::lang::{Lang, tell};
use crate::render::topology::{entities, quoted};
use crate::render::words;

/// Flags and numbers of a segment: `SYN seq 0 ack 1 len 5`.
pub(super) fn label(rung: &Rung) -> String {
    let mut label = format!("{} seq {}", rung.flags, rung.sequence);
    if let Some(acknowledgment) = rung.acknowledgment {
        let _ = write!(label, " ack {acknowledgment}");
    }
    if rung.len > 0 {
        let _ = write!(label, " len {}", rung.len);
    }
    label
}

/// Packets that were lost behind the capture point, ascending.
pub(super) fn lost(rungs: &[Rung]) -> Vec<u64> {
    let mut lost: Vec<u64> = rungs.iter().flat_map(|rung| &rung.notes).filter_map(lost_copy).collect();
    lost.sort_unstable();
    lost
}

/// Appends the ladder as a sequence diagram in Mermaid's language.
pub fn mermaid(report: &ConnectionReport, rungs: &[Rung], left_out: u64, lang: Lang, out: &mut Vec<u8>) {
    let [a, b] = [report.initiator, report.responder];
    let mut text = String::from("sequenceDiagram\n");
    let _ = writeln!(text, "    participant A as A {}", socket(a.address, a.port));
    let _ = writeln!(text, "    participant B as B {}", socket(b.address, b.port));
    let first = rungs.first().map_or(Timestamp::ZERO, |rung| rung.at);
    let lost = lost(rungs);
    let mut states = ("", "");
    for rung in rungs {
        let is_lost = lost.binary_search(&rung.packet).is_ok();
        let arrow = match (rung.from_initiator, is_lost) {
            (true, false) => "A->>B",
            (false, false) => "B->>A",
            (true, true) => "A-xB",
            (false, true) => "B-xA",
        };
        let _ = writeln!(text, "    {arrow}: {} {} ({})", rung.packet, label(rung), span_since(rung.at, first));
        for (side, before, now) in [("left of A", states.0, rung.states.0), ("right of B", states.1, rung.states.1)] {
            if before != now && !now.is_empty() {
                let _ = writeln!(text, "    Note {side}: {now}");
            }
        }
        states = rung.states;
        for note in &rung.notes {
            let _ = writeln!(text, "    Note over A,B: {}", entities(&words::line_in(lang, note)));
        }
    }
    if left_out > 0 {
        let _ = writeln!(text, "    Note over A,B: {}", tell!(lang, "… and {} more packets", left_out));
    }
    out.extend_from_slice(text.as_bytes());
}

/// Appends the ladder in Graphviz's language: two uprights of points, and arrows between them.
pub fn dot(report: &ConnectionReport, rungs: &[Rung], left_out: u64, lang: Lang, out: &mut Vec<u8>) {
    let [a, b] = [report.initiator, report.responder];
    let mut text = String::from("digraph ladder {\n");
    text.push_str("  node [shape=point, fontname=\"sans-serif\"]; edge [fontname=\"sans-serif\", fontsize=10];\n");
    text.push_str("  ranksep=0.3; nodesep=4;\n");
    for (name, end) in [("a", a), ("b", b)] {
        let title = format!("{} {}", name.to_uppercase(), socket(end.address, end.port));
        let _ = writeln!(text, "  {name}0 [shape=box, label={}];", quoted(&title));
    }
    text.push_str("  { rank=same; a0; b0; }\n");
    let first = rungs.first().map_or(Timestamp::ZERO, |rung| rung.at);
    let lost = lost(rungs);
    let mut states = ("", "");
    for (index, rung) in rungs.iter().enumerate() {
        let place = index + 1;
        for (name, before, now) in [("a", states.0, rung.states.0), ("b", states.1, rung.states.1)] {
            let state = if before == now { "" } else { now };
            let _ = writeln!(text, "  {name}{place} [xlabel={}];", quoted(state));
            let _ = writeln!(text, "  {name}{index} -> {name}{place} [dir=none, color=gray, weight=100];");
        }
        states = rung.states;
        let notes: String = rung.notes.iter().map(|note| format!("\n{}", words::line_in(lang, note))).collect();
        let said = format!("{} {} ({}){notes}", rung.packet, label(rung), span_since(rung.at, first));
        let lines: Vec<String> = said.lines().map(|line| quoted(line).trim_matches('"').to_owned()).collect();
        let (from, to) = if rung.from_initiator { ("a", "b") } else { ("b", "a") };
        let style = if lost.binary_search(&rung.packet).is_ok() { ", style=dashed, arrowhead=teetee" } else { "" };
        let _ = writeln!(text, "  {{ rank=same; a{place}; b{place}; }}");
        let _ = writeln!(
            text,
            "  {from}{place} -> {to}{place} [constraint=false, label=\"{}\"{style}];",
            lines.join("\\n")
        );
    }
    if left_out > 0 {
        let _ =
            writeln!(text, "  more [shape=plaintext, label=\"{}\"];", tell!(lang, "… and {} more packets", left_out));
    }
    text.push_str("}\n");
    out.extend_from_slice(text.as_bytes());
}
