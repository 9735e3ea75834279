//! A run of the simulator: its head and its time line here, tables and report in `report`, JSON Lines in `json`.

mod json;
mod report;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr as _;

use super::ladder::wrap;
use super::page::{pad, pad_left};
use super::style::{DIM, HEADING, Paint, severity};
use super::text::{Detail as LineDetail, description};
use super::topology;
use super::words;
use crate::analysis::{Analyzer, Judged, Note, Notes, Severity};
use crate::base::text::harmless;
use crate::base::{MacAddr, Timestamp};
use crate::lang::{Lang, tell};
use crate::packet::{Direction, Meta, Packet, RawPacket};
use crate::sim::device::Node;
use crate::sim::gallery;
use crate::sim::{DeviceId, Engine, EventKind, FrameId, Reason, Record, Scenario, Value};
use crate::wire::LinkType;

pub use json::{json_entry, json_header, json_lines, json_record, json_summary, json_summary_of};
pub use report::{expectations, report, tables};

/// Lines of the time line before it says how many more there are.
pub const MAX_LINES: usize = 400;

/// What each frame says, as the inspector reads it at the port of the box that made it.
#[derive(Debug, Default)]
pub struct Descriptions {
    frames: BTreeMap<FrameId, (String, Vec<Note>)>,
}

impl Descriptions {
    /// Reads every frame where it was made: the inspector looks at one port at a time, as a capture there would. It calls
    /// the packets by the numbers of their frames, as all views do.
    pub fn new(engine: &Engine) -> Descriptions {
        Descriptions::until(engine, Timestamp::from_nanos(u64::MAX))
    }

    /// The same up to a moment.
    pub fn until(engine: &Engine, end: Timestamp) -> Descriptions {
        let mut frames = BTreeMap::new();
        let made_by: BTreeMap<FrameId, DeviceId> =
            engine.records().iter().rev().filter(|r| r.event == EventKind::Sent).map(|r| (r.frame, r.device)).collect();
        for (device, _, tap) in engine.taps() {
            let mut analyzer = Analyzer::new();
            let mut notes = Notes::default();
            for tapped in tap.frames().iter().take_while(|tapped| tapped.at <= end) {
                let bytes = tapped.frame.octets();
                let meta = Meta::new(tapped.frame.id(), tapped.at, LinkType::ETHERNET, bytes.len() as u32);
                let packet = Packet::decode(RawPacket { meta, bytes });
                notes.clear();
                analyzer.observe(&packet, &mut notes);
                let id = tapped.frame.id();
                if tapped.direction == Direction::Inbound
                    || made_by.get(&id) != Some(device)
                    || frames.len() > 20 * MAX_LINES
                {
                    continue;
                }
                let judged = Judged { packet: &packet, notes: &notes.fresh, context: notes.context };
                let (protocol, text) = description(&judged, LineDetail::default());
                let text = if text.starts_with(protocol) { text } else { format!("{protocol} {text}") };
                frames.entry(id).or_insert_with(|| (text, notes.fresh.clone()));
            }
        }
        Descriptions { frames }
    }

    /// What a frame says.
    pub fn of(&self, frame: FrameId) -> Option<String> {
        self.frames.get(&frame).map(|(text, _)| text.clone())
    }

    /// What the inspector concludes of it.
    pub fn notes(&self, frame: FrameId) -> &[Note] {
        self.frames.get(&frame).map_or(&[], |(_, notes)| notes)
    }
}

/// A moment of a run, in milliseconds with the microseconds.
pub fn millis(at: Timestamp) -> String {
    let micros = at.nanos().saturating_add(500) / 1000;
    format!("{}.{:03} ms", micros / 1000, micros % 1000)
}

/// Why something happened, with its rule: `[B4 unknown-unicast]`.
pub fn reason_words(lang: Lang, record: &Record) -> String {
    let rule = record.fact_text("rule").unwrap_or(record.reason.rule());
    match (record.reason, rule) {
        (Reason::None, "") => String::new(),
        (Reason::None, rule) => format!("[{rule}]"),
        (reason, rule) => format!("[{rule}: {}]", lang.say(reason.sentence())),
    }
}

/// Columns of a story that is not broken into lines yet.
const STORY_WIDTH: usize = 100;

/// Title and story of a scenario in another language. Only the built-in ones are translated; a file of the same name tells
/// its own story.
pub fn told(scenario: &Scenario, lang: Lang) -> Option<(&'static str, &'static str)> {
    let is_built_in = gallery::find(&scenario.name).is_some_and(|entry| entry.title() == scenario.title);
    if is_built_in { lang.scenario(&scenario.name) } else { None }
}

/// Title, story and boxes of a scenario.
pub fn head(scenario: &Scenario, engine: &Engine, paint: Paint, out: &mut Vec<u8>) {
    let translated = told(scenario, paint.lang());
    let title = translated.map_or(scenario.title.as_str(), |(title, _)| title);
    out.extend_from_slice(paint.text(&harmless(title), HEADING).as_bytes());
    out.push(b'\n');
    let story = match translated {
        Some((_, story)) => wrap(story, STORY_WIDTH),
        None => scenario.story.trim().lines().map(str::to_owned).collect(),
    };
    for line in story {
        out.extend_from_slice(harmless(&line).trim_end().as_bytes());
        out.push(b'\n');
    }
    out.push(b'\n');
    topology::write(engine, paint, out);
    out.push(b'\n');
}

/// One line of the time line.
struct Line {
    at: Timestamp,
    frame: FrameId,
    place: String,
    text: String,
    notes: String,
    lines: Vec<String>,
}

/// The time line: what happened, in order, in words.
#[derive(Debug)]
pub struct TimeLine<'a> {
    engine: &'a Engine,
    descriptions: &'a Descriptions,
    macs: BTreeMap<MacAddr, String>,
    paint: Paint,
    limit: usize,
}

impl<'a> TimeLine<'a> {
    /// A time line of a run.
    pub fn new(engine: &'a Engine, descriptions: &'a Descriptions, paint: Paint) -> TimeLine<'a> {
        let mut macs = BTreeMap::new();
        for device in engine.devices() {
            if let Some(node) = engine.device(device).as_any().downcast_ref::<Node>() {
                for interface in node.interfaces() {
                    macs.insert(interface.mac, engine.name(device).to_owned());
                }
            }
        }
        TimeLine { engine, descriptions, macs, paint, limit: MAX_LINES }
    }

    /// The same with room for more lines, or fewer.
    pub fn at_most(mut self, lines: usize) -> TimeLine<'a> {
        self.limit = lines;
        self
    }

    /// Appends the lines.
    pub fn write(&self, out: &mut Vec<u8>) {
        let (lines, left_out) = self.lines();
        let lang = self.paint.lang();
        let place_width = lines.iter().map(|line| line.place.width()).max().unwrap_or(0).min(24);
        let frame_width = lines.iter().map(|line| line.frame.to_string().len()).max().unwrap_or(1).max(5);
        let heading = format!(
            "{}  {}  {}  {}",
            pad_left(lang.say("time"), 12),
            pad_left(lang.say("frame"), frame_width),
            pad(lang.say("where"), place_width),
            lang.say("what happens")
        );
        out.extend_from_slice(self.paint.text(&heading, HEADING).as_bytes());
        out.push(b'\n');
        let mut last = None;
        for line in &lines {
            let time = if last == Some(line.at) { String::new() } else { millis(line.at) };
            last = Some(line.at);
            let frame = if line.frame == 0 { String::new() } else { line.frame.to_string() };
            let place = pad(&line.place, place_width);
            let mut text = format!("{time:>12}  {frame:>frame_width$}  {place}  {}", line.text);
            if !line.notes.is_empty() {
                let notes = format!("  · {}", line.notes);
                text.push_str(&self.paint.text(&notes, severity(Severity::Chat)));
            }
            out.extend_from_slice(text.trim_end().as_bytes());
            out.push(b'\n');
            for more in &line.lines {
                let indent = 12 + 2 + frame_width + 2 + place_width + 4;
                let more = format!("{:indent$}{}", "", self.paint.text(more, DIM));
                out.extend_from_slice(more.trim_end().as_bytes());
                out.push(b'\n');
            }
        }
        if left_out > 0 {
            let text = tell!(lang, "… and {} more events; --jsonl shows all, --view report sums up\n", left_out);
            out.extend_from_slice(text.as_bytes());
        }
    }

    fn lines(&self) -> (Vec<Line>, usize) {
        let records = self.engine.records();
        let mut lines: Vec<Line> = Vec::new();
        let mut told: BTreeSet<(DeviceId, String)> = BTreeSet::new();
        let mut explained: BTreeSet<Reason> = BTreeSet::new();
        let mut made: BTreeSet<FrameId> = BTreeSet::new();
        let mut index = 0;
        while index < records.len() && lines.len() < self.limit {
            let record = &records[index];
            index += 1;
            // What one box does with one frame at one moment is one line.
            let mut group = vec![record];
            if record.event == EventKind::Received {
                while let Some(next) = records.get(index)
                    && (next.at, next.device, next.frame) == (record.at, record.device, record.frame)
                    && next.port == record.port
                    && matches!(
                        next.event,
                        EventKind::Learned
                            | EventKind::Moved
                            | EventKind::Flooded
                            | EventKind::Forwarded
                            | EventKind::Filtered
                            | EventKind::Dropped
                            | EventKind::Delivered
                    )
                {
                    group.push(next);
                    index += 1;
                }
            }
            let Some(line) = self.line(&group, &mut made, &mut told, &mut explained) else { continue };
            // Many boxes that do the same with the same frame at the same moment are one line.
            match lines.last_mut() {
                Some(last)
                    if (last.at, last.frame) == (line.at, line.frame)
                        && last.text == line.text
                        && line.frame != 0
                        && line.lines.is_empty() =>
                {
                    if last.place.len() < 40 {
                        let _ = write!(last.place, ", {}", line.place);
                    } else if !last.place.ends_with('…') {
                        last.place.push_str(", …");
                    }
                }
                _ => lines.push(line),
            }
        }
        (lines, records.len() - index)
    }

    fn line(
        &self,
        group: &[&Record],
        made: &mut BTreeSet<FrameId>,
        told: &mut BTreeSet<(DeviceId, String)>,
        explained: &mut BTreeSet<Reason>,
    ) -> Option<Line> {
        let lang = self.paint.lang();
        let record = group[0];
        let name = self.engine.name(record.device).to_owned();
        let mut line = Line {
            at: record.at,
            frame: record.frame,
            place: name,
            text: String::new(),
            notes: String::new(),
            lines: Vec::new(),
        };
        match record.event {
            EventKind::Sent => {
                // Only where a frame is made; the copies that a switch sends are told with its decision.
                if !made.insert(record.frame) {
                    return None;
                }
                let to = self.destination(record);
                line.place = format!("{} → {to}", line.place);
                line.text = harmless(&self.descriptions.of(record.frame).unwrap_or_default()).into_owned();
                if let Some(from) = record.fact_count("from_frame") {
                    line.text.push_str(&tell!(lang, "  (came in frame {})", from));
                }
                if let Some(waits) = record.fact_count("waits_ns") {
                    line.text.push_str(&tell!(
                        lang,
                        "  (waits {} ms for the wire)",
                        format_args!("{:.3}", waits as f64 / 1e6)
                    ));
                }
                let said: Vec<String> = self
                    .descriptions
                    .notes(record.frame)
                    .iter()
                    .map(|note| words::line_beside(self.paint.lang(), note))
                    .collect();
                line.notes = lang.series(&said);
            }
            EventKind::Received => {
                let words: Vec<String> = group[1..].iter().filter_map(|record| self.words(record, explained)).collect();
                line.text = lang.series(&words);
                if line.text.is_empty() {
                    return None;
                }
            }
            EventKind::Route => {
                // The same decision is told once for each destination.
                if !told.insert((record.device, record.text().to_owned())) && record.reason == Reason::None {
                    return None;
                }
                line.text = self.told(record);
                if line.text.is_empty() {
                    line.text = harmless(&reason_words(self.paint.lang(), record)).into_owned();
                }
                line.lines = self.more(record);
            }
            EventKind::Expect => return None,
            _ => {
                line.text = self.words(record, explained)?;
                line.lines = self.more(record);
            }
        }
        Some(line)
    }

    /// What the box itself said, harmless.
    fn told(&self, record: &Record) -> String {
        harmless(&self.paint.lang().retell(record.text())).into_owned()
    }

    fn more(&self, record: &Record) -> Vec<String> {
        record
            .detail()
            .iter()
            .flat_map(|detail| detail.lines.iter().map(|line| harmless(&self.paint.lang().retell(line)).into_owned()))
            .collect()
    }

    fn destination(&self, record: &Record) -> String {
        let tap = record.port.and_then(|port| self.engine.tap_of(record.device, port));
        let tapped = tap.and_then(|tap| tap.frames().iter().find(|tapped| tapped.frame.id() == record.frame));
        let Some(mac) = tapped.and_then(|tapped| MacAddr::from_slice(tapped.frame.octets())) else {
            return "?".to_owned();
        };
        match self.macs.get(&mac) {
            Some(name) => name.clone(),
            None if mac.is_broadcast() => self.paint.lang().say("all").to_owned(),
            None => mac.to_string(),
        }
    }

    /// One event in words, harmless, with the reason in its colour; `None` for what needs none.
    fn words(&self, record: &Record, explained: &mut BTreeSet<Reason>) -> Option<String> {
        let port = record.port.map(|port| harmless(self.engine.port_name(record.device, port))).unwrap_or_default();
        let mac = match record.fact("mac") {
            Some(Value::Mac(mac)) => match self.macs.get(&mac) {
                Some(name) => format!("{mac} ({})", harmless(name)),
                None => mac.to_string(),
            },
            _ => String::new(),
        };
        let lang = self.paint.lang();
        // A reason is explained once and named after that.
        let why = match record.reason == Reason::None || explained.insert(record.reason) {
            true => reason_words(lang, record),
            false => format!("[{}: {}]", record.reason.rule(), record.reason.code()),
        };
        let why = self.paint.text(&harmless(&why), DIM);
        Some(match record.event {
            EventKind::Learned => tell!(lang, "learns: {} is behind port {} {}", mac, port, why),
            EventKind::Moved => {
                let from = record.fact_count("from_port").unwrap_or(0);
                tell!(lang, "{} moved from port {} to port {} {}", mac, from, port, why)
            }
            EventKind::Aged => tell!(lang, "forgets {} {}", mac, why),
            EventKind::Flooded => match record.fact_count("copies") {
                Some(1) => tell!(lang, "floods it to 1 other port {}", why),
                Some(copies) => tell!(lang, "floods it to {} other ports {}", copies, why),
                None => tell!(lang, "repeats it on all other ports {}", why),
            },
            EventKind::Forwarded => {
                tell!(lang, "forwards it to port {} only {}", record.fact_count("to_port").unwrap_or(0), why)
            }
            EventKind::Filtered => tell!(lang, "ignores it {}", why),
            EventKind::Dropped => tell!(lang, "drops it {}", why),
            EventKind::Delivered => match record.reason {
                Reason::Routed => return None,
                _ if !record.text().is_empty() => self.told(record),
                Reason::NoListener => tell!(lang, "takes it in, but {}", why),
                _ => lang.say("takes it in").to_owned(),
            },
            EventKind::Arp
            | EventKind::Route
            | EventKind::Nat
            | EventKind::State
            | EventKind::Call
            | EventKind::Note => match record.text().is_empty() {
                true => why,
                false => self.told(record),
            },
            EventKind::Stp => match record.port {
                Some(_) => tell!(lang, "port {}: {}", port, self.told(record)),
                None => self.told(record),
            },
            EventKind::Sent | EventKind::Received | EventKind::Expect => return None,
        })
    }
}
