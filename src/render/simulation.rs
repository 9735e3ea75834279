//! A run of the simulator for people and for programs: the time line, the tables, the report, JSON Lines.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io;

use unicode_width::UnicodeWidthStr as _;

use serde_json::{Map, Value as Json, json};

use super::ladder::wrap;
use super::page::{pad, pad_left};
use super::style::{DIM, HEADING, Paint, severity};
use super::table::Table as Grid;
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
use crate::sim::{DeviceId, Engine, EventKind, FrameId, Reason, Record, Run, Scenario, Stopped, Value};
use crate::wire::LinkType;

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

/// What every box remembers.
pub fn tables(engine: &Engine, width: usize, paint: Paint, out: &mut Vec<u8>) {
    let lang = paint.lang();
    for device in engine.devices() {
        for table in engine.device(device).tables(engine.now()) {
            if table.rows.is_empty() {
                continue;
            }
            let heading = tell!(lang, "{} of {}", lang.say(table.name), engine.name(device));
            out.extend_from_slice(paint.text(&heading, HEADING).as_bytes());
            out.push(b'\n');
            let mut grid = Grid::new(width, paint, table.heads);
            for row in &table.rows {
                grid.row(row.iter().map(|cell| harmless(&lang.retell(cell)).into_owned()));
            }
            grid.write(out);
            out.push(b'\n');
        }
    }
}

/// The sum of a run: how it ended, the books, reasons, busiest links, expectations.
pub fn report(scenario: &Scenario, run: &Run, width: usize, paint: Paint, out: &mut Vec<u8>) {
    let engine = &run.engine;
    let end = match run.stopped {
        Stopped::Quiet => "when nothing was left to happen",
        Stopped::TimeIsUp => "when its time was up",
        Stopped::EnoughEvents => "after the events that were asked for",
    };
    let books = engine.books();
    let at = if run.stopped == Stopped::Quiet { engine.last_deed() } else { engine.now() };
    let lang = paint.lang();
    let mut text = tell!(lang, "ended at {} {}; seed {}\n", millis(at), lang.say(end), run.seed);
    text.push_str(&tell!(
        lang,
        "{} frames were made; their {} copies: {} delivered, {} filtered, {} dropped, {} still under way\n",
        books.injected,
        books.copies,
        books.delivered,
        books.filtered,
        books.dropped,
        books.in_flight
    ));
    if engine.records_lost() > 0 {
        let _ =
            writeln!(text, "{}", tell!(lang, "{} events were not kept: there were too many", engine.records_lost()));
    }
    out.extend_from_slice(text.as_bytes());
    reasons(engine, width, paint, out);
    busiest(engine, width, paint, out);
    expectations(scenario, run, paint, out);
}

/// Frames by what happened to them and why.
fn reasons(engine: &Engine, width: usize, paint: Paint, out: &mut Vec<u8>) {
    let mut counts: BTreeMap<(EventKind, Reason, DeviceId), u64> = BTreeMap::new();
    for record in engine.records() {
        if matches!(record.event, EventKind::Flooded | EventKind::Filtered | EventKind::Dropped | EventKind::Moved) {
            *counts.entry((record.event, record.reason, record.device)).or_default() += 1;
        }
    }
    if counts.is_empty() {
        return;
    }
    out.push(b'\n');
    let lang = paint.lang();
    let mut grid = Grid::new(width, paint, &["box", "event", ">times", "rule", "why"]).at_most(40);
    for ((event, reason, device), count) in counts {
        grid.row([
            engine.name(device).to_owned(),
            lang.say(event.name()).to_owned(),
            count.to_string(),
            if event == EventKind::Moved { "B2".to_owned() } else { reason.rule().to_owned() },
            if event == EventKind::Moved {
                lang.say("an address was seen on another port than before").to_owned()
            } else {
                lang.say(reason.sentence()).to_owned()
            },
        ]);
    }
    grid.write(out);
}

/// The links that carried most.
fn busiest(engine: &Engine, width: usize, paint: Paint, out: &mut Vec<u8>) {
    let elapsed = engine.last_deed().nanos().max(1);
    let mut rows = Vec::new();
    for device in engine.devices() {
        for port in (0..engine.port_count(device)).map(|port| crate::sim::PortId(port as u16)) {
            let (Some((options, counters)), Some((peer, peer_port))) =
                (engine.link(device, port), engine.peer(device, port))
            else {
                continue;
            };
            if counters.frames > 0 {
                rows.push((counters.busy_nanos, device, port, peer, peer_port, options.rate_bps, *counters));
            }
        }
    }
    rows.sort_by_key(|(busy, device, port, ..)| (std::cmp::Reverse(*busy), *device, *port));
    if rows.is_empty() {
        return;
    }
    out.push(b'\n');
    let heads = ["from", "to", ">frames", ">octets", ">load", ">longest queue", ">queue drops", ">lost"];
    let mut grid = Grid::new(width, paint, &heads).at_most(12);
    for (busy, device, port, peer, peer_port, _, counters) in rows {
        grid.row([
            topology::end(engine, device, port),
            topology::end(engine, peer, peer_port),
            counters.frames.to_string(),
            counters.octets.to_string(),
            format!("{:.1} %", (busy as f64 / elapsed as f64 * 100.0).min(100.0)),
            counters.queue_peak.to_string(),
            counters.queue_drops.to_string(),
            counters.lost.to_string(),
        ]);
    }
    grid.write(out);
}

/// What was expected, and what happened instead.
pub fn expectations(scenario: &Scenario, run: &Run, paint: Paint, out: &mut Vec<u8>) {
    if run.outcomes.is_empty() {
        return;
    }
    let lang = paint.lang();
    out.push(b'\n');
    out.extend_from_slice(paint.text(lang.say("expected"), HEADING).as_bytes());
    out.push(b'\n');
    for (expectation, outcome) in scenario.expectations().iter().zip(&run.outcomes) {
        let line = harmless(&expectation.line);
        let text = match outcome {
            Ok(()) => format!("  {} {line}\n", paint.text("✓", severity(Severity::Chat))),
            Err(instead) => tell!(
                lang,
                "  {} {}\n      line {}: instead {}\n",
                paint.text("✗", severity(Severity::Error)),
                line,
                expectation.number,
                harmless(&lang.retell(instead))
            ),
        };
        out.extend_from_slice(text.as_bytes());
    }
}

/// The whole run as JSON Lines: a header, one record an event, `more` records, a summary.
///
/// # Errors
/// When `out` cannot be written.
pub fn json_lines(
    kind: &str,
    scenario: &Scenario,
    run: &Run,
    more: &[Json],
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut line = |value: &Json| {
        serde_json::to_writer(&mut *out, value)?;
        out.write_all(b"\n")
    };
    line(&json_header(kind, scenario, run))?;
    for record in run.engine.records() {
        line(&json_record(&run.engine, record))?;
    }
    more.iter().try_for_each(&mut line)?;
    line(&json_summary(run))
}

/// A built-in scenario in the list of all, as a JSON object.
pub fn json_entry(scenario: &Scenario) -> Json {
    let expectations: Vec<&str> = scenario.expectations().iter().map(|line| line.line.as_str()).collect();
    let mut object = json!({
        "scenario": scenario.name, "title": scenario.title, "story": scenario.story.trim(), "seed": scenario.seed,
        "warnings": scenario.warnings(), "expect": expectations,
    });
    if let Some(until) = scenario.until {
        object["until_ns"] = until.nanos().into();
    }
    object
}

/// The header of JSON Lines.
pub fn json_header(kind: &str, scenario: &Scenario, run: &Run) -> Json {
    json!({"netlab": kind, "version": 1, "scenario": scenario.name, "title": scenario.title, "seed": run.seed,
        "warnings": scenario.warnings()})
}

/// One event as a JSON object.
pub fn json_record(engine: &Engine, record: &Record) -> Json {
    let mut object = Map::new();
    object.insert("at_ns".into(), record.at.nanos().into());
    object.insert("device".into(), engine.name(record.device).into());
    if let Some(port) = record.port {
        object.insert("port".into(), engine.port_name(record.device, port).into());
    }
    object.insert("event".into(), record.event.name().into());
    if record.frame != 0 {
        object.insert("frame".into(), record.frame.into());
    }
    if record.reason != Reason::None {
        object.insert("rule".into(), record.reason.rule().into());
        object.insert("reason".into(), record.reason.code().into());
    }
    if let Some(name) = record.number_name() {
        object.insert(name.to_owned(), record.number.into());
    }
    let Some(detail) = record.detail() else { return object.into() };
    if !detail.text.is_empty() {
        object.insert("text".into(), (*detail.text).into());
    }
    for (name, value) in &detail.facts {
        object.insert((*name).to_owned(), json_value(value));
    }
    if !detail.lines.is_empty() {
        object.insert("lines".into(), detail.lines.iter().map(|line| Json::from(&**line)).collect());
    }
    object.into()
}

fn json_value(value: &Value) -> Json {
    match value {
        Value::Count(number) => (*number).into(),
        Value::Flag(flag) => (*flag).into(),
        Value::Mac(mac) => mac.to_string().into(),
        Value::Ip(address) => address.to_string().into(),
        Value::Text(text) => (**text).into(),
        Value::List(list) => list.iter().map(|text| Json::from(&**text)).collect(),
    }
}

/// The last record: tables and books.
pub fn json_summary(run: &Run) -> Json {
    json_summary_of(&run.engine)
}

/// The same of a network that was not run by a scenario.
pub fn json_summary_of(engine: &Engine) -> Json {
    let books = engine.books();
    let mut tables = Map::new();
    for device in engine.devices() {
        let mut of_device = Map::new();
        for table in engine.device(device).tables(engine.now()) {
            let rows: Vec<Json> = table
                .rows
                .iter()
                .map(|row| {
                    let cells = table.heads.iter().zip(row);
                    // A cell with nothing in it is absent.
                    cells
                        .filter(|(_, cell)| !cell.is_empty())
                        .map(|(head, cell)| (head.replace(' ', "_").to_lowercase(), Json::from(cell.as_str())))
                        .collect::<Map<_, _>>()
                        .into()
                })
                .collect();
            of_device.insert(table.code.to_owned(), rows.into());
        }
        if !of_device.is_empty() {
            tables.insert(engine.name(device).to_owned(), of_device.into());
        }
    }
    json!({
        "event": "summary",
        "at_ns": engine.now().nanos(),
        "tables": tables,
        "conservation": {
            "injected": books.injected, "copies": books.copies, "delivered": books.delivered,
            "filtered": books.filtered, "dropped": books.dropped, "in_flight": books.in_flight,
        },
        "events_not_kept": engine.records_lost(),
    })
}
