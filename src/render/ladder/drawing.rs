//! The ladder as a drawing (SVG).

use std::fmt::Write as _;

use super::notations::{label, lost};
use super::{Rung, socket, span_since, wrap};
use crate::analysis::Severity;
use crate::analysis::tcp::ConnectionReport;
use crate::base::Timestamp;
use crate::base::text::harmless;
use crate::lang::{Lang, tell};
use crate::render::html::escape;
use crate::render::words;

/// Where the uprights stand, and the width of the whole.
const A: i32 = 270;
/// See [`A`].
const B: i32 = 690;
/// See [`A`].
const WIDTH: i32 = 960;
/// From one segment to the next, and from one line of a note to the next.
const ROW: i32 = 34;
/// See [`ROW`].
const LINE: i32 = 16;
/// Columns of a note's line.
const NOTE_WIDTH: usize = 66;

const STYLE: &str = "<style>text{font:13px system-ui,sans-serif;fill:#1d2327}.dim{fill:#5c666e}.state{font-weight:600;font-size:11px}\
.up{stroke:#b9c1c7;stroke-width:2}.a{stroke:#1558b0;fill:#1558b0}.b{stroke:#a34700;fill:#a34700}\
.again{stroke:#c2185b;fill:#c2185b}.arrow{stroke-width:1.6}.say{font-size:12px}.chat{fill:#1f7a34}.note{fill:#1558b0}\
.warning{fill:#8a5a00}.error{fill:#b3261e}</style>";

/// Appends the ladder of a connection; `left_out` rungs were too many to keep.
pub fn svg(report: &ConnectionReport, rungs: &[Rung], left_out: u64, lang: Lang, out: &mut Vec<u8>) {
    let mut body = String::new();
    let first = rungs.first().map_or(Timestamp::ZERO, |rung| rung.at);
    let lost = lost(rungs);
    let mut states = ("", "");
    let mut y = 66;
    for rung in rungs {
        let is_lost = lost.binary_search(&rung.packet).is_ok();
        let is_again = rung.notes.iter().any(|note| super::LOSSES.contains(&note.code()));
        let class = match (is_again, rung.from_initiator) {
            (true, _) => "again",
            (false, true) => "a",
            (false, false) => "b",
        };
        let _ = write!(
            body,
            "<text class=\"dim\" x=\"44\" y=\"{y}\" text-anchor=\"end\">{}</text><text class=\"dim\" x=\"128\" y=\"{y}\" text-anchor=\"end\">{}</text>",
            rung.packet,
            escaped(&span_since(rung.at, first))
        );
        for (x, anchor, before, now) in
            [(A - 10, "end", states.0, rung.states.0), (B + 10, "start", states.1, rung.states.1)]
        {
            if before != now {
                let _ = write!(
                    body,
                    "<text class=\"state\" x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\">{}</text>",
                    escaped(now)
                );
            }
        }
        states = rung.states;
        let middle = (A + B) / 2;
        let _ = write!(body, "<text x=\"{middle}\" y=\"{y}\" text-anchor=\"middle\">{}</text>", escaped(&label(rung)));
        arrow(rung.from_initiator, is_lost, class, y + 8, &mut body);
        y += ROW;
        for note in &rung.notes {
            let severity = match note.entry.severity {
                Severity::Chat => "chat",
                Severity::Note => "note",
                Severity::Warning => "warning",
                Severity::Error => "error",
            };
            for line in wrap(&format!("{} [{}]", words::line_in(lang, note), note.rule), NOTE_WIDTH) {
                let x = A + 12;
                let _ =
                    write!(body, "<text class=\"say {severity}\" x=\"{x}\" y=\"{}\">{}</text>", y - 6, escaped(&line));
                y += LINE;
            }
        }
    }
    if left_out > 0 {
        let _ = write!(
            body,
            "<text class=\"dim\" x=\"{}\" y=\"{y}\">{}</text>",
            A + 12,
            tell!(lang, "… and {} more packets", left_out)
        );
        y += ROW;
    }
    let [a, b] = [report.initiator, report.responder].map(|end| escaped(&socket(end.address, end.port)));
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{y}\" viewBox=\"0 0 {WIDTH} {y}\" role=\"img\">\
         <title>{}</title>{STYLE}<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>",
        tell!(lang, "connection {}: {} to {}", report.id, a, b)
    );
    for (x, letter, name) in [(A, 'A', &a), (B, 'B', &b)] {
        let _ = write!(
            text,
            "<text x=\"{x}\" y=\"24\" text-anchor=\"middle\">{letter} {name}</text><line class=\"up\" x1=\"{x}\" x2=\"{x}\" y1=\"34\" y2=\"{}\"/>",
            y - 14
        );
    }
    text.push_str(&body);
    text.push_str("</svg>\n");
    out.extend_from_slice(text.as_bytes());
}

fn arrow(to_b: bool, is_lost: bool, class: &str, y: i32, body: &mut String) {
    let (from, to) = if to_b { (A, B) } else { (B, A) };
    let back = if to_b { -1 } else { 1 };
    let stop = if is_lost { from + (to - from) * 3 / 4 } else { to };
    let dashes = if is_lost { " stroke-dasharray=\"5 4\"" } else { "" };
    let _ = write!(body, "<line class=\"arrow {class}\" x1=\"{from}\" x2=\"{stop}\" y1=\"{y}\" y2=\"{y}\"{dashes}/>");
    let tip = if is_lost {
        format!("M{} {}l10 10m0 -10l-10 10", stop - 5, y - 5)
    } else {
        format!("M{stop} {y}l{} -4v8z", 9 * back)
    };
    let _ = write!(body, "<path class=\"arrow {class}\" d=\"{tip}\"/>");
}

fn escaped(text: &str) -> String {
    let mut out = Vec::new();
    escape(&harmless(text), &mut out);
    String::from_utf8_lossy(&out).into_owned()
}
