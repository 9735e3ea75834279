//! `netlab replay FILE --topology TOPO.toml`: a capture through a simulated network.

use std::io::{self, BufRead as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::inputs::Inputs;
use super::{Failure, Output, drawing, topology};
use crate::base::Timestamp;
use crate::base::text::{count, harmless};
use crate::capture::{Interface, Interfaces, WriteError, WriteOptions, Writer};
use crate::packet::{Meta, RawPacket};
use crate::render::replay::{self as page, Page};
use crate::render::simulation;
use crate::render::style::{HEADING, Paint};
use crate::sim::replay::{
    Capture, Driven, Fate, Mid, Offload, Pace, Remote, Replay, ReplayError, ReplayOptions, Unmapped,
};
use crate::sim::{Conservation, RunOptions, Scenario, parse_duration};
use crate::wire::LinkType;

/// Frames up to which every step of every frame is recorded by itself.
const MAX_EVERY_STEP: usize = 50_000;

/// Arguments of `replay`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  netlab topology office.pcapng > office.toml\n  netlab replay office.pcapng --topology office.toml\n  netlab replay office.pcapng --topology office.toml --view ledger --frame 17\n  netlab replay office.pcapng --topology lab.toml --auto --rewrite --write out/\n  netlab replay office.pcapng --topology office.toml --captured-at sw.3 --jsonl"
)]
pub struct Arguments {
    /// Capture files (pcap or pcapng, also compressed; - is standard input)
    #[arg(required = true, value_name = "FILE…")]
    files: Vec<String>,
    /// The network, as a scenario file; `netlab topology FILE` guesses one
    #[arg(long, short = 't', value_name = "TOPO.toml")]
    topology: String,
    /// Where a station is: "mac 00:00:5e:00:53:01 -> h1", "ip 192.0.2.7 -> h7", "net 0.0.0.0/0 -> r1.wan"
    #[arg(long, value_name = "LINE")]
    map: Vec<String>,
    /// Place stations that nothing else places in order of appearance
    #[arg(long)]
    auto: bool,
    /// What becomes of frames whose sender has no place
    #[arg(long, value_enum, default_value_t, value_name = "WHAT")]
    unmapped: UnmappedChoice,
    /// Where the capture was taken: its frames are compared with what comes there
    #[arg(long, value_name = "DEVICE.PORT")]
    captured_at: Option<String>,
    /// Replace the MAC and IP addresses of the capture by those of the topology
    #[arg(long)]
    rewrite: bool,
    /// Let this box stay alive: it answers, unless the capture holds the same answer
    #[arg(long, value_name = "DEVICE")]
    live: Vec<String>,
    /// Where packets enter that a router brought from beyond
    #[arg(long, value_enum, default_value_t, value_name = "WHERE")]
    remote: RemoteChoice,
    /// What becomes of TCP segments too long for the link, which a card would have cut
    #[arg(long, value_enum, default_value_t, value_name = "WHAT")]
    offload: OffloadChoice,
    /// So many times as fast
    #[arg(long, default_value_t = 1.0, value_name = "K")]
    speed: f64,
    /// The longest gap between two frames, as in 100ms
    #[arg(long, value_name = "TIME")]
    gap_max: Option<String>,
    /// As fast as the links of the senders allow
    #[arg(long, conflicts_with_all = ["speed", "gap_max"])]
    topspeed: bool,
    /// Frames enter when the file says (as-is), or earlier by their way to where the capture was taken (back-dated)
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    time: TimeChoice,
    /// Drive the conversations anew through live hosts, and say what changed
    #[arg(long, conflicts_with_all = ["step", "view", "frame", "rewrite", "speed", "gap_max", "topspeed", "remote"])]
    drive: bool,
    /// With --drive: TCP connections whose opening was not captured
    #[arg(long, value_enum, default_value_t, value_name = "WHAT", requires = "drive")]
    mid: MidChoice,
    /// Go through the frames one by one, forwards and backwards
    #[arg(long, conflicts_with_all = ["jsonl", "view"])]
    step: bool,
    /// What to show
    #[arg(long, value_enum, default_value_t, value_name = "VIEW")]
    view: View,
    /// Show only this packet of the capture in the ledger
    #[arg(long, value_name = "N")]
    frame: Option<u64>,
    /// One JSON record an event
    #[arg(long)]
    jsonl: bool,
    /// Write what passed each port into DIR, one DEVICE.PORT.pcapng for each, with the packet numbers of the capture
    #[arg(long, value_name = "DIR")]
    write: Option<PathBuf>,
    /// Write the replay as one page that needs no network: the network drawn, frames on their way, tables at every moment
    #[arg(long, value_name = "OUT", conflicts_with_all = ["jsonl", "view", "frame", "step"])]
    html: Option<PathBuf>,
    /// A subnet that is on the link of the capture, as 192.0.2.0/24; may be given several times
    #[arg(long, value_name = "NET")]
    net: Vec<String>,
    /// Another seed for everything random in the topology
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Stop at this moment of the replay, as in 50ms
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
}

/// What becomes of frames without a place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum UnmappedChoice {
    /// Nothing is replayed, and all of them are listed
    #[default]
    Error,
    /// They do not enter
    Drop,
    /// They enter at the first cloud
    Cloud,
}

/// Where packets from beyond a router enter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum RemoteChoice {
    /// At the router's port, as if it had just sent them
    #[default]
    Edge,
    /// Beyond the router, which forwards them itself
    Origin,
}

/// What becomes of offloaded giants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum OffloadChoice {
    /// They are cut into segments
    #[default]
    Split,
    /// They enter as they are, and are dropped where a link cannot carry them
    Keep,
    /// They do not enter
    Drop,
}

/// When frames enter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum TimeChoice {
    /// Earlier by their way to where the capture was taken
    #[default]
    BackDated,
    /// When the file says
    AsIs,
}

/// What is done with connections that the capture joins late.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum MidChoice {
    /// They are not driven
    #[default]
    Skip,
    /// They are opened where the capture begins to show them
    Open,
}

/// What is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum View {
    /// The sum: stations, switches, links, comparison, books
    #[default]
    Report,
    /// Each frame with every port it crossed and its end
    Ledger,
    /// What the boxes remember at the end
    Tables,
    /// What changed in the tables, in the order of time
    Timeline,
}

pub(super) fn run(arguments: &Arguments, output: &mut Output) -> Result<(), Failure> {
    let (name, text) = read_topology(&arguments.topology)?;
    let scenario = Scenario::parse(&name, &text).map_err(|error| Failure::Usage(error.to_string()))?;
    let inputs = Inputs { files: arguments.files.clone(), filter: String::new() };
    let mut options = options(arguments)?;
    let mut source = inputs.open_watched(output)?;
    let capture = topology::read(&mut source)?;
    let file = arguments.files.join(" ");
    if capture.frames.is_empty() {
        return Err(topology::nothing_to_replay(&file, &capture));
    }
    let wants_steps = arguments.jsonl || arguments.step || arguments.view == View::Ledger || arguments.frame.is_some();
    let wants_steps = wants_steps || arguments.html.is_some();
    options.every_step = wants_steps || capture.frames.len() <= MAX_EVERY_STEP;
    if !arguments.step {
        options.onlooker = output.watch_run(None);
    }
    if arguments.drive {
        let mid = if arguments.mid == MidChoice::Open { Mid::Open } else { Mid::Skip };
        drive(arguments, &capture, &scenario, &options, mid, source.paths(), output)?;
        return super::inputs::ended(Ok(()), &source.captures());
    }
    let mut replay = prepare(&capture, &scenario, &options)?;
    if arguments.step {
        return step(&capture, &scenario, &options, output);
    }
    replay.run(&capture);
    if let Some(folder) = &arguments.write {
        write_ports(&capture, &replay, folder, source.paths(), output)?;
    }
    let page = Page {
        file: &file,
        topology: &name,
        capture: &capture,
        replay: &replay,
        width: output.width(),
        paint: output.paint(),
    };
    if let Some(path) = &arguments.html {
        let mut out = Vec::new();
        page.html(&scenario.network(&RunOptions::default()), &mut out);
        drawing::write_page(path, &out, &page_inputs(arguments, source.paths()))?;
    } else if arguments.jsonl {
        page.json_lines(output)?;
    } else {
        let mut out = Vec::new();
        match (arguments.view, arguments.frame) {
            (View::Ledger, frame) | (_, frame @ Some(_)) => page.ledger(frame, &mut out),
            (View::Report, None) => page.report(&mut out),
            (View::Tables, None) => simulation::tables(&replay.engine, page.width, page.paint, &mut out),
            (View::Timeline, None) => page.timeline(usize::MAX, &mut out),
        }
        output.write_all(&out)?;
    }
    output.flush()?;
    let books = std::mem::replace(&mut replay.books, Ok(Conservation::default()));
    // The process ends here: to hand back millions of frames one by one would only take time.
    std::mem::forget((replay, capture));
    if let Err(broken) = books {
        return Err(Failure::CouldNot(format!("internal error: {broken}; please report this capture and topology")));
    }
    super::inputs::ended(Ok(()), &source.captures())
}

fn prepare(capture: &Capture, scenario: &Scenario, options: &ReplayOptions) -> Result<Replay, Failure> {
    Replay::prepare(capture, scenario, options).map_err(|error| match error {
        ReplayError::Usage(sentence) | ReplayError::Unmapped(sentence) => Failure::Usage(sentence),
    })
}

/// What a page must not be written over: the captures and the topology.
fn page_inputs(arguments: &Arguments, captures: &[PathBuf]) -> Vec<PathBuf> {
    captures.iter().cloned().chain([PathBuf::from(&arguments.topology)]).collect()
}

/// Drives the conversations anew.
fn drive(
    arguments: &Arguments,
    capture: &Capture,
    scenario: &Scenario,
    options: &ReplayOptions,
    mid: Mid,
    inputs: &[PathBuf],
    output: &mut Output,
) -> Result<(), Failure> {
    let driven = Driven::run(capture, scenario, options, mid).map_err(|error| Failure::Usage(error.to_string()))?;
    if let Some(folder) = &arguments.write {
        write_driven(&driven, folder, output)?;
    }
    if let Some(path) = &arguments.html {
        let mut out = Vec::new();
        page::drive_html(&driven, &arguments.files.join(" "), scenario, output.lang(), &mut out);
        drawing::write_page(path, &out, &page_inputs(arguments, inputs))?;
    } else if arguments.jsonl {
        page::drive_json(&driven, &arguments.files.join(" "), &scenario.name, output)?;
    } else {
        let mut out = Vec::new();
        page::drive(&driven, output.width(), output.paint(), &mut out);
        output.write_all(&out)?;
    }
    output.flush()?;
    match &driven.books {
        Ok(_) => Ok(()),
        Err(broken) => Err(Failure::CouldNot(format!("internal error: {broken}; please report this capture"))),
    }
}

/// One file a port of a drive.
fn write_driven(driven: &Driven, folder: &Path, output: &mut Output) -> Result<(), Failure> {
    let shown = harmless(&folder.to_string_lossy()).into_owned();
    std::fs::create_dir_all(folder).map_err(|error| Failure::CouldNot(format!("cannot make {shown}: {error}")))?;
    let mut files = 0_u64;
    for (device, port, tap) in driven.engine.taps().iter().filter(|(_, _, tap)| !tap.frames().is_empty()) {
        let name = format!("{}.{}", driven.engine.name(*device), driven.engine.port_name(*device, *port));
        super::tap_file::write(&folder.join(format!("{name}.pcapng")), &name, tap)?;
        files += 1;
    }
    output.complain(&format!("wrote {} into {shown}", count(files, "file")));
    Ok(())
}

fn options(arguments: &Arguments) -> Result<ReplayOptions, Failure> {
    if !(arguments.speed.is_finite() && arguments.speed > 0.0) {
        return Err(Failure::Usage(format!("--speed {}: it is a number above 0, as in 2 or 0.5", arguments.speed)));
    }
    let time = |text: &Option<String>| -> Result<Option<Duration>, Failure> {
        text.as_deref().map(parse_duration).transpose().map_err(Failure::Usage)
    };
    Ok(ReplayOptions {
        map: arguments.map.clone(),
        auto: arguments.auto,
        unmapped: match arguments.unmapped {
            UnmappedChoice::Error => Unmapped::Error,
            UnmappedChoice::Drop => Unmapped::Drop,
            UnmappedChoice::Cloud => Unmapped::Cloud,
        },
        captured_at: arguments.captured_at.clone(),
        pace: Pace {
            speed: arguments.speed,
            gap_max: time(&arguments.gap_max)?,
            top_speed: arguments.topspeed,
            as_is: arguments.time == TimeChoice::AsIs,
        },
        remote: match arguments.remote {
            RemoteChoice::Edge => Remote::Edge,
            RemoteChoice::Origin => Remote::Origin,
        },
        offload: match arguments.offload {
            OffloadChoice::Split => Offload::Split,
            OffloadChoice::Keep => Offload::Keep,
            OffloadChoice::Drop => Offload::Drop,
        },
        rewrite: arguments.rewrite,
        live: arguments.live.clone(),
        nets: topology::nets(&arguments.net)?,
        seed: arguments.seed,
        every_step: false,
        tap_all: arguments.write.is_some() || arguments.html.is_some(),
        film: arguments.html.is_some(),
        until: time(&arguments.until)?.map(|until| Timestamp::ZERO.after(until)),
        onlooker: None,
    })
}

fn read_topology(name: &str) -> Result<(String, String), Failure> {
    let shown = harmless(name).into_owned();
    if name == "-" {
        let text = io::read_to_string(io::stdin());
        return Ok((shown, text.map_err(|error| Failure::CouldNot(format!("cannot read standard input: {error}")))?));
    }
    match std::fs::read_to_string(name) {
        Ok(text) => Ok((shown, text)),
        Err(error) => Err(Failure::CouldNot(format!("cannot read the topology {shown}: {error}"))),
    }
}

/// One file a port. Times are those of the capture again, and comments tell the packet's number there.
fn write_ports(
    capture: &Capture,
    replay: &Replay,
    folder: &Path,
    not_into: &[PathBuf],
    output: &mut Output,
) -> Result<(), Failure> {
    let shown = harmless(&folder.to_string_lossy()).into_owned();
    std::fs::create_dir_all(folder).map_err(|error| Failure::CouldNot(format!("cannot make {shown}: {error}")))?;
    let could_not = |error: WriteError| Failure::CouldNot(error.to_string());
    let engine = &replay.engine;
    let numbers = replay.numbers();
    let epoch = capture.frames.first().map_or(0, |frame| frame.at.nanos());
    let mut files = 0_u64;
    for (device, port, tap) in engine.taps().iter().filter(|(_, _, tap)| !tap.frames().is_empty()) {
        let name = format!("{}.{}", engine.name(*device), engine.port_name(*device, *port));
        let interface = Interface { name: name.clone(), ..Interface::of_link(LinkType::ETHERNET) };
        let options = WriteOptions {
            interfaces: Interfaces::new(vec![interface]),
            not_into: not_into.to_vec(),
            ..WriteOptions::default()
        };
        let mut writer = Writer::create(folder.join(format!("{name}.pcapng")), options).map_err(could_not)?;
        for (index, tapped) in tap.frames().iter().enumerate() {
            let bytes = tapped.frame.octets();
            let at = Timestamp::from_nanos((epoch + tapped.at.nanos()).saturating_sub(replay.plan.lead_nanos));
            let mut meta = Meta::new(index as u64 + 1, at, LinkType::ETHERNET, bytes.len() as u32);
            meta.direction = Some(tapped.direction);
            let id = tapped.frame.id();
            let comment = match numbers(id) {
                Some(number) if number == id => format!("packet {number} of the capture"),
                Some(number) => format!("carries on packet {number} of the capture"),
                None => "made by the simulation".to_owned(),
            };
            writer.packet(&RawPacket { meta, bytes }, &[comment]).map_err(could_not)?;
        }
        writer.finish().map_err(could_not)?;
        files += 1;
    }
    output.complain(&format!("wrote {} into {shown}", count(files, "file")));
    Ok(())
}

/// Frame by frame. The state after any frame is that of a fresh run stopped there, so going back is going forward again
/// from the start.
fn step(capture: &Capture, scenario: &Scenario, options: &ReplayOptions, output: &mut Output) -> Result<(), Failure> {
    let (width, paint) = (output.width(), output.paint());
    let first = prepare(capture, scenario, options)?;
    let entering: Vec<usize> =
        (0..first.plan.entries.len()).filter(|index| first.plan.entries[*index].fate == Fate::Enters).collect();
    let hint = format!(
        "{} frames enter. Enter or n: next, b: back, NUMBER: that packet of the capture, t: tables, q: quit\n",
        entering.len()
    );
    output.write_all(hint.as_bytes())?;
    output.flush()?;
    let mut at = 0usize;
    let mut tables_before = Vec::new();
    simulation::tables(&first.engine, width, Paint::new(false), &mut tables_before);
    for line in io::stdin().lock().lines() {
        let line = line.map_err(|error| Failure::CouldNot(format!("cannot read standard input: {error}")))?;
        match line.trim() {
            "" | "n" => at = (at + 1).min(entering.len()),
            "b" => at = at.saturating_sub(1),
            "q" => break,
            "t" => {
                output.write_all(&tables_before)?;
                output.flush()?;
                continue;
            }
            number => match number.parse::<u64>() {
                Ok(number) => {
                    let found = entering.iter().position(|index| first.plan.entries[*index].number >= number);
                    at = found.map_or(entering.len(), |found| found + 1);
                }
                Err(_) => {
                    output.write_all(b"Enter or n, b, a packet's number, t or q\n")?;
                    output.flush()?;
                    continue;
                }
            },
        }
        let mut replay = prepare(capture, scenario, options)?;
        let mut out = Vec::new();
        if let Some(index) = at.checked_sub(1).map(|at| entering[at]) {
            replay.run_to(index);
            let number = replay.plan.entries[index].number;
            let heading = format!("frame {at} of {}, packet {number} of the capture\n", entering.len());
            out.extend_from_slice(paint.text(&heading, HEADING).as_bytes());
            page::one_frame(&replay, capture, number, paint, &mut out);
        } else {
            out.extend_from_slice(b"before the first frame\n");
        }
        let mut tables = Vec::new();
        simulation::tables(&replay.engine, width, Paint::new(false), &mut tables);
        for (sign, line) in differences(&tables_before, &tables) {
            out.extend_from_slice(format!("  {sign} {line}\n").as_bytes());
        }
        tables_before = tables;
        output.write_all(&out)?;
        output.flush()?;
    }
    Ok(())
}

/// Lines of tables that went (`-`) and came (`+`).
fn differences(before: &[u8], after: &[u8]) -> Vec<(char, String)> {
    let lines = |text: &[u8]| String::from_utf8_lossy(text).lines().map(str::to_owned).collect::<Vec<_>>();
    let (before, after) = (lines(before), lines(after));
    // Ages pass in every row; only what a table says counts.
    let is_rule = |line: &&String| line.starts_with(['─', '═']) || line.is_empty();
    let plain = |line: &str| line.split("   ").filter(|cell| !cell.trim_end().ends_with(" ago")).collect::<String>();
    let has = |list: &[String], line: &str| list.iter().any(|found| plain(found) == plain(line));
    let gone = before.iter().filter(|line| !has(&after, line) && !is_rule(line)).map(|line| ('-', line.clone()));
    let come = after.iter().filter(|line| !has(&before, line) && !is_rule(line)).map(|line| ('+', line.clone()));
    gone.chain(come).collect()
}
