//! `netlab analyze FILE --connection N`: one connection as a ladder; `--follow` and `--extract` give its streams.

use std::collections::{HashMap, HashSet};
use std::fs::{File, OpenOptions};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::drawing::Format;
use super::inputs::{self, Inputs};
use super::{Failure, Output};
use crate::analysis::tcp::{Assembly, Chunk, ConnectionReport, Overlap, Written};
use crate::analysis::{Analyzer, Fact, Judged, Note};
use crate::base::limits::{
    MAX_EXTRACTED_RANGES, MAX_EXTRACTED_STREAMS, MAX_LADDER_ROWS, MAX_OPEN_STREAM_FILES, MAX_STREAM_RANGES,
};
use crate::lang::Lang;
use crate::packet::RawPacket;
use crate::pipeline::{self, Gate, Patience, Sink};
use crate::render::ladder::{self, Drawing, Rung, socket};
use crate::render::style::{HEADING, Paint};
use crate::render::{hex, words};

/// What decides which packets are taken in at all.
type Gateway<'g> = &'g dyn Fn(&RawPacket<'_>) -> Gate;

/// Options of `analyze` about single connections.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "One connection")]
pub struct Options {
    /// Show this TCP connection, by its number in the report, as a ladder
    #[arg(long, value_name = "N")]
    pub connection: Option<u64>,
    /// Draw waits to scale
    #[arg(long, requires = "connection")]
    to_scale: bool,
    /// The ladder as a diagram for notes
    #[arg(long, requires = "connection", value_enum, value_name = "FORMAT", conflicts_with_all = ["follow", "json"])]
    format: Option<Format>,
    /// The same as --format mermaid
    #[arg(long, requires = "connection", conflicts_with_all = ["follow", "format", "json"], hide = true)]
    mermaid: bool,
    /// Show what both sides said instead of the ladder
    #[arg(long, requires = "connection", value_enum, value_name = "HOW", num_args = 0..=1, default_missing_value = "text")]
    follow: Option<Follow>,
    /// Write the streams of all connections, or of --connection, into this folder: two files each
    #[arg(long, value_name = "DIR")]
    pub extract: Option<PathBuf>,
    /// Which copy counts of octets that were sent twice
    #[arg(long, value_enum, default_value_t, value_name = "COPY")]
    overlap: Copy,
}

/// How streams are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Follow {
    /// As text, with everything harmful made visible
    Text,
    /// In rows of sixteen octets
    Hex,
    /// The octets themselves
    Raw,
}

/// Which copy counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Copy {
    /// The first
    #[default]
    First,
    /// The last
    Last,
}

impl Copy {
    fn overlap(self) -> Overlap {
        match self {
            Copy::First => Overlap::First,
            Copy::Last => Overlap::Last,
        }
    }
}

/// Shows one connection.
pub(super) fn show(
    options: &Options,
    number: u64,
    as_json: bool,
    inputs: &Inputs,
    gate: Option<Gateway<'_>>,
    output: &mut Output,
) -> Result<(), Failure> {
    let mut source = inputs.open_watched(output)?;
    let mut analyzer = Analyzer::new();
    let mut watch = Watch {
        number,
        rungs: Vec::new(),
        left_out: 0,
        assembly: options.follow.map(|_| Assembly::new(options.overlap.overlap())),
    };
    let result = pipeline::run(&mut source, gate, &mut analyzer, &mut watch, Patience::Hold);
    watch.take_back_resets();
    let report = analyzer.report();
    let Some(connection) = report.connections.iter().find(|connection| connection.id == number) else {
        inputs::ended(result, &source.captures())?;
        let count = report.connections.len();
        return Err(Failure::Usage(match count {
            0 => "the capture has no TCP connection".to_owned(),
            1 => format!("there is no connection {number}: the only one of the capture has number 0"),
            _ => format!("there is no connection {number}: the capture has connections 0 to {}", count - 1),
        }));
    };
    let (width, paint) = (output.width(), output.paint());
    let format = options.format.or(options.mermaid.then_some(Format::Mermaid));
    match (options.follow, &mut watch.assembly) {
        (Some(how), Some(assembly)) => follow(connection, assembly, how, paint, output)?,
        _ if as_json => json(connection, &watch.rungs, output)?,
        _ if format.is_some() => diagram(format, connection, &watch, output.lang(), output.block()),
        _ => {
            let drawing = Drawing { width, paint, to_scale: options.to_scale };
            ladder::text(connection, &watch.rungs, watch.left_out, drawing, output.block());
        }
    }
    output.flush()?;
    inputs::ended(result, &source.captures())
}

/// The ladder to be pasted into notes.
fn diagram(format: Option<Format>, connection: &ConnectionReport, watch: &Watch, lang: Lang, out: &mut Vec<u8>) {
    match format {
        Some(Format::Dot) => ladder::dot(connection, &watch.rungs, watch.left_out, lang, out),
        Some(Format::Svg) => ladder::svg(connection, &watch.rungs, watch.left_out, lang, out),
        _ => ladder::mermaid(connection, &watch.rungs, watch.left_out, lang, out),
    }
}

/// What both sides said, in the order in which it became complete.
fn follow(
    connection: &ConnectionReport,
    assembly: &mut Assembly,
    how: Follow,
    paint: Paint,
    output: &mut Output,
) -> Result<(), Failure> {
    let chunks = assembly.finish();
    let names = [
        format!("A {}", socket(connection.initiator.address, connection.initiator.port)),
        format!("B {}", socket(connection.responder.address, connection.responder.port)),
    ];
    for chunk in &chunks {
        let Chunk { from_initiator, offset, len, packet, is_missing, .. } = *chunk;
        let octets = &assembly.octets(from_initiator)[offset..offset + len];
        if how == Follow::Raw {
            if !is_missing {
                output.write_all(octets)?;
            }
            continue;
        }
        let name = &names[usize::from(!from_initiator)];
        let when = if packet == 0 { "behind a hole".to_owned() } else { format!("packet {packet}") };
        if is_missing {
            let text = format!("{name} at {offset}: [{len} octets not captured]\n");
            output.write_all(text.as_bytes())?;
            continue;
        }
        let head = paint.text(&format!("{name} at {offset}: {len} octets, {when}"), HEADING);
        writeln!(output, "{head}")?;
        let out = output.block();
        match how {
            Follow::Hex => hex::rows(octets, true, out),
            _ => text_lines(octets, out),
        }
        output.flush_full()?;
    }
    for (from_initiator, name) in [(true, &names[0]), (false, &names[1])] {
        let left_out = assembly.left_out(from_initiator);
        if left_out > 0 {
            output.complain(&format!("{name}: {left_out} octets are too many to show; use --extract"));
        }
    }
    Ok(())
}

/// Text line by line, each made harmless; long lines stay long.
fn text_lines(octets: &[u8], out: &mut Vec<u8>) {
    for line in octets.split_inclusive(|octet| *octet == b'\n') {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        out.extend_from_slice(crate::base::text::harmless_octets(line).as_bytes());
        out.push(b'\n');
    }
}

fn json(connection: &ConnectionReport, rungs: &[Rung], out: &mut dyn io::Write) -> io::Result<()> {
    #[derive(Serialize)]
    struct Shape<'a> {
        netlab: &'static str,
        version: u32,
        connection: &'a ConnectionReport,
        packets: Vec<JsonRung<'a>>,
    }
    #[derive(Serialize)]
    struct JsonRung<'a> {
        number: u64,
        time_ns: u64,
        from: &'static str,
        flags: &'a str,
        sequence: u32,
        #[serde(skip_serializing_if = "Option::is_none")]
        acknowledgment: Option<u32>,
        payload_len: u32,
        states: JsonStates,
        notes: Vec<JsonNote>,
    }
    #[derive(Serialize)]
    struct JsonStates {
        initiator: &'static str,
        responder: &'static str,
    }
    #[derive(Serialize)]
    struct JsonNote {
        code: &'static str,
        rule: &'static str,
        severity: &'static str,
        confidence: &'static str,
        text: String,
    }
    let packets = rungs
        .iter()
        .map(|rung| JsonRung {
            number: rung.packet,
            time_ns: rung.at.nanos(),
            from: if rung.from_initiator { "initiator" } else { "responder" },
            flags: &rung.flags,
            sequence: rung.sequence,
            acknowledgment: rung.acknowledgment,
            payload_len: rung.len,
            states: JsonStates { initiator: rung.states.0, responder: rung.states.1 },
            notes: rung
                .notes
                .iter()
                .map(|note| JsonNote {
                    code: note.code(),
                    rule: note.rule,
                    severity: note.entry.severity.name(),
                    confidence: note.confidence.name(),
                    text: words::line(note),
                })
                .collect(),
        })
        .collect();
    crate::render::json::document(&Shape { netlab: "connection", version: 1, connection, packets }, out)
}

/// Collects the segments of one connection.
struct Watch {
    number: u64,
    rungs: Vec<Rung>,
    left_out: u64,
    assembly: Option<Assembly>,
}

/// Octets kept of a segment's data for the ladder.
const PREVIEW_LEN: usize = 32;

impl Sink for Watch {
    fn packet(&mut self, judged: &Judged<'_, '_>) -> io::Result<ControlFlow<()>> {
        let context = &judged.context;
        let Some(tcp) = judged.packet.frame.tcp().filter(|_| context.connection == Some(self.number)) else {
            judged.notes.iter().for_each(|note| self.hear(note));
            return Ok(ControlFlow::Continue(()));
        };
        let meta = &judged.packet.meta;
        if let (Some(assembly), Some(piece)) = (&mut self.assembly, context.piece) {
            assembly.push(context.from_initiator, piece, tcp.payload(), meta.number, meta.at);
            return Ok(ControlFlow::Continue(()));
        }
        if self.rungs.len() >= MAX_LADDER_ROWS {
            self.left_out += 1;
            return Ok(ControlFlow::Continue(()));
        }
        let (base, back) = context.bases.unwrap_or_default();
        let payload = tcp.payload();
        self.rungs.push(Rung {
            packet: meta.number,
            at: meta.at,
            from_initiator: context.from_initiator,
            flags: tcp.flags().names().filter(|name| *name != "PSH").collect::<Vec<_>>().join(","),
            sequence: tcp.sequence().0.wrapping_sub(base.0),
            acknowledgment: tcp.flags().ack().then(|| tcp.acknowledgment().0.wrapping_sub(back.0)),
            len: tcp.payload_len(),
            preview: payload[..payload.len().min(PREVIEW_LEN)].to_vec(),
            states: context.states.unwrap_or(("", "")),
            notes: judged.notes.to_vec(),
        });
        Ok(ControlFlow::Continue(()))
    }

    fn late_note(&mut self, note: &Note) -> io::Result<()> {
        self.hear(note);
        Ok(())
    }
}

impl Watch {
    /// A reset that turned out to be ignored closed nothing: the states of the segments up to the proof are those before.
    fn take_back_resets(&mut self) {
        for index in 1..self.rungs.len() {
            let ignored = self.rungs[index].notes.iter().find(|note| note.code() == "tcp-reset-ignored");
            let Some(Fact::Packet(proof)) = ignored.and_then(|note| note.fact("proof")).cloned() else { continue };
            let before = self.rungs[index - 1].states;
            for rung in self.rungs[index..].iter_mut().take_while(|rung| rung.packet < proof) {
                rung.states = before;
            }
        }
    }

    /// A note about a segment that is on the ladder already.
    fn hear(&mut self, note: &Note) {
        if let Ok(index) = self.rungs.binary_search_by_key(&note.packet, |rung| rung.packet) {
            self.rungs[index].notes.push(note.clone());
        }
    }
}

/// Writes the streams of all connections, or of one, into `folder`.
pub(super) fn extract(
    options: &Options,
    folder: &Path,
    inputs: &Inputs,
    gate: Option<Gateway<'_>>,
    output: &mut Output,
) -> Result<(), Failure> {
    std::fs::create_dir_all(folder)
        .map_err(|error| Failure::CouldNot(format!("cannot make the folder {}: {error}", shown(folder))))?;
    let mut source = inputs.open_watched(output)?;
    let mut analyzer = Analyzer::new();
    let mut files = Streams {
        folder: folder.to_owned(),
        only: options.connection,
        overlap: options.overlap,
        open: HashMap::new(),
        written: HashMap::new(),
        ranges: 0,
        too_many: HashSet::new(),
        turn: 0,
    };
    let result = pipeline::run(&mut source, gate, &mut analyzer, &mut files, Patience::Live);
    let too_many = files.too_many.len();
    let mut streams: Vec<_> = files.written.into_iter().collect();
    streams.sort_by_key(|(key, _)| *key);
    for ((connection, from_initiator), stream) in &streams {
        let name = file_name(*connection, *from_initiator);
        let holes = stream.end - stream.octets;
        let missing =
            if holes > 0 { format!(", {holes} of them not captured and written as zeros") } else { String::new() };
        writeln!(output, "{name}: {} octets{missing}", stream.end)?;
        if stream.known.given_up() > 0 {
            output.complain(&format!(
                "{name}: its holes were too many; {} octets of them stay zeros although they may have come later",
                stream.known.given_up()
            ));
        }
    }
    if too_many > 0 {
        let more = if too_many >= MAX_EXTRACTED_STREAMS { "or more " } else { "" };
        output.complain(&format!(
            "{too_many} {more}streams were not written: {MAX_EXTRACTED_STREAMS} files are enough for one folder; choose \
             some by --filter or --connection N"
        ));
    }
    if streams.is_empty() {
        output.complain("no TCP data: nothing to extract");
    }
    inputs::ended(result, &source.captures())
}

fn shown(path: &Path) -> String {
    crate::base::text::harmless(&path.to_string_lossy()).into_owned()
}

/// Names come from numbers only, never from the capture.
fn file_name(connection: u64, from_initiator: bool) -> String {
    format!("connection-{connection}-{}.bin", if from_initiator { "initiator" } else { "responder" })
}

/// The streams being written. Octets go straight to their place in the file, so that memory stays small; files are
/// opened again when too many are open.
struct Streams {
    folder: PathBuf,
    only: Option<u64>,
    overlap: Copy,
    open: HashMap<(u64, bool), (File, u64)>,
    written: HashMap<(u64, bool), Stream>,
    /// Ranges remembered of all streams together.
    ranges: usize,
    /// Streams that came when there were too many files.
    too_many: HashSet<(u64, bool)>,
    turn: u64,
}

#[derive(Default)]
struct Stream {
    known: Written,
    octets: u64,
    end: u64,
}

impl Streams {
    fn write(&mut self, key: (u64, bool), start: u64, data: &[u8]) -> io::Result<()> {
        if self.written.len() >= MAX_EXTRACTED_STREAMS && !self.written.contains_key(&key) {
            if self.too_many.len() < MAX_EXTRACTED_STREAMS {
                self.too_many.insert(key);
            }
            return Ok(());
        }
        let stream = self.written.entry(key).or_default();
        let is_first = stream.end == 0;
        let end = start + data.len() as u64;
        let before = stream.known.ranges();
        let cap = if self.ranges < MAX_EXTRACTED_RANGES { MAX_STREAM_RANGES } else { before.max(1) };
        let new = stream.known.add(start, end, cap);
        self.ranges = self.ranges + stream.known.ranges() - before;
        stream.octets += new.iter().map(|(low, high)| high - low).sum::<u64>();
        stream.end = stream.end.max(end);
        self.turn += 1;
        if !self.open.contains_key(&key) {
            if self.open.len() >= MAX_OPEN_STREAM_FILES
                && let Some(oldest) = self.open.iter().min_by_key(|(_, (_, turn))| *turn).map(|(key, _)| *key)
            {
                self.open.remove(&oldest);
            }
            let path = self.folder.join(file_name(key.0, key.1));
            let file = OpenOptions::new().write(true).create(true).truncate(is_first).open(path)?;
            self.open.insert(key, (file, self.turn));
        }
        let Some((file, turn)) = self.open.get_mut(&key) else { return Ok(()) };
        *turn = self.turn;
        let parts = if self.overlap == Copy::Last { vec![(start, end)] } else { new };
        for (low, high) in parts {
            file.seek(SeekFrom::Start(low))?;
            file.write_all(&data[(low - start) as usize..(high - start) as usize])?;
        }
        Ok(())
    }
}

impl Sink for Streams {
    fn packet(&mut self, judged: &Judged<'_, '_>) -> io::Result<ControlFlow<()>> {
        let context = &judged.context;
        let (Some(connection), Some(piece), Some(tcp)) = (context.connection, context.piece, judged.packet.frame.tcp())
        else {
            return Ok(ControlFlow::Continue(()));
        };
        if self.only.is_none_or(|only| only == connection) {
            let payload = tcp.payload();
            let skip = (-piece.offset).clamp(0, payload.len() as i64) as usize;
            if payload.len() > skip {
                self.write((connection, context.from_initiator), piece.offset.max(0) as u64, &payload[skip..])?;
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}
