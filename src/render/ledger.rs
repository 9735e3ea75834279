//! The ledger: for each frame where it came from, every port it crossed, which rule decided, and how each copy ended.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::page::pad;
use super::simulation::{Descriptions, millis, reason_words};
use super::style::{DIM, HEADING, Paint};
use super::topology::end;
use crate::lang::{Lang, tell};
use crate::sim::{Engine, EventKind, FrameId, Record};

/// Frames shown before the ledger says how many more there are.
const MAX_FRAMES: usize = 200;
/// Lines shown of one frame: a storm has millions.
const MAX_LINES: usize = 40;

/// Appends the journey of each frame.
pub fn write(engine: &Engine, descriptions: &Descriptions, paint: Paint, out: &mut Vec<u8>) {
    let mut frames: BTreeMap<FrameId, Vec<&Record>> = BTreeMap::new();
    for record in engine.records().iter().filter(|record| record.frame != 0) {
        frames.entry(record.frame).or_default().push(record);
    }
    let lang = paint.lang();
    let count = frames.len();
    for (frame, records) in frames.iter().take(MAX_FRAMES) {
        let from = records.iter().find_map(|record| record.fact_count("from_frame"));
        let born = match from {
            Some(from) => tell!(lang, " (carries what came in frame {})", from),
            None => String::new(),
        };
        let what = descriptions.of(*frame).unwrap_or_default();
        let head = tell!(lang, "frame {}  {}{}\n", frame, what, born);
        paint.begin(out, HEADING);
        out.extend_from_slice(head.trim_end().as_bytes());
        paint.end(out);
        out.push(b'\n');
        let mut lines = 0;
        let mut ends = [0u64; 3];
        for record in records {
            match record.event {
                EventKind::Delivered => ends[0] += 1,
                EventKind::Filtered => ends[1] += 1,
                EventKind::Dropped => ends[2] += 1,
                _ => {}
            }
            lines += 1;
            if lines <= MAX_LINES {
                out.extend_from_slice(line(engine, record, paint).as_bytes());
            }
        }
        if lines > MAX_LINES {
            out.extend_from_slice(tell!(lang, "    … and {} more events\n", lines - MAX_LINES).as_bytes());
        }
        let [delivered, filtered, dropped] = ends;
        let summary = tell!(lang, "    copies: {} delivered, {} filtered, {} dropped", delivered, filtered, dropped);
        out.extend_from_slice(paint.text(summary.trim_end(), DIM).as_bytes());
        out.extend_from_slice(b"\n\n");
    }
    if count > MAX_FRAMES {
        out.extend_from_slice(tell!(lang, "… and {} more frames; --jsonl shows all\n", count - MAX_FRAMES).as_bytes());
    }
}

/// One event: when, where, what, why.
pub(super) fn line(engine: &Engine, record: &Record, paint: Paint) -> String {
    let place = match record.port {
        Some(port) => end(engine, record.device, port),
        None => engine.name(record.device).to_owned(),
    };
    let lang = paint.lang();
    let event = pad(lang.say(record.event.name()), 9);
    let mut line = format!("  {:>12}  {place:<10} {event}", millis(record.at));
    line.push_str(&said(record, lang));
    let why = reason_words(paint.lang(), record);
    if !why.is_empty() {
        let _ = write!(line, " {}", paint.text(&why, DIM));
    }
    line.push('\n');
    line
}

/// What an event says beside its time, its place and its reason; begins with a blank unless it is empty.
pub(super) fn said(record: &Record, lang: Lang) -> String {
    let mut line = String::new();
    let text = record.text();
    if !text.is_empty() {
        let _ = write!(line, " {}", crate::base::text::harmless(&lang.retell(text)));
    }
    if let Some(port) = record.fact_count("to_port") {
        let _ = write!(line, "{}", tell!(lang, " to port {}", port));
    }
    if let Some(copies) = record.fact_count("copies") {
        let _ = write!(line, "{}", tell!(lang, " to {}", lang.count(copies, "port")));
    }
    if let Some(waits) = record.fact_count("waits_ns") {
        let _ = write!(
            line,
            "{}",
            tell!(lang, " after waiting {} ms for the wire", format_args!("{:.3}", waits as f64 / 1e6))
        );
    }
    if let Some(crate::sim::Value::Mac(mac)) = record.fact("mac")
        && matches!(record.event, EventKind::Learned | EventKind::Moved | EventKind::Aged)
    {
        let _ = write!(line, " {mac}");
    }
    line
}

/// One event by itself, with its frame.
pub fn event_line(engine: &Engine, record: &Record, descriptions: &Descriptions, paint: Paint) -> String {
    let lang = paint.lang();
    let mut text = line(engine, record, paint);
    if record.frame != 0 && matches!(record.event, EventKind::Sent | EventKind::Received) {
        let what = descriptions.of(record.frame).unwrap_or_default();
        text = tell!(lang, "{}  frame {}: {}\n", text.trim_end(), record.frame, what);
    }
    for more in record.detail().iter().flat_map(|detail| &detail.lines) {
        let _ = writeln!(text, "{:39}{}", "", paint.text(&crate::base::text::harmless(&lang.retell(more)), DIM));
    }
    text
}
