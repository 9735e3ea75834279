//! `netlab analyze FILE… [FILTER…]`: the report.

use std::io::{self, Write as _};
use std::ops::ControlFlow;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::connection;
use super::drawing;
use super::filters::{Chosen, Display, DisplayOptions, FileFilterOptions};
use super::inputs::{self, Inputs};
use super::{Failure, Output};
use crate::analysis::{Analyzer, Findings, Judged, Note, Severity, Wanted};
use crate::packet::{RawPacket, Remark};
use crate::pipeline::{self, Gate, MovableGate, Patience, Sink};
use crate::render::html;
use crate::render::report::{self, Document};
use crate::render::table::MAX_ROWS;

/// Arguments of `analyze`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  netlab analyze session.pcapng\n  netlab analyze --json monday.pcap tuesday.pcap\n  netlab analyze big.pcap -Y 'tcp.connection in {3 7}'"
)]
pub struct Arguments {
    /// Capture files (pcap or pcapng, also compressed; - is standard input), then a filter in tcpdump's language
    #[arg(required = true, value_name = "FILE… [FILTER]")]
    words: Vec<String>,
    #[command(flatten)]
    filters: FileFilterOptions,
    /// Report only on packets for which this holds, as if there were no others; in Wireshark's manner, with the notes and
    /// connection numbers of the whole capture
    #[arg(short = 'Y', long, value_name = "EXPR", help_heading = "Filters")]
    display_filter: Option<String>,
    /// The report as one JSON document
    #[arg(long)]
    json: bool,
    /// Write the report as one page that needs no network: tables to sort, ladders, time–sequence graphs
    #[arg(long, value_name = "OUT", conflicts_with = "json")]
    html: Option<PathBuf>,
    /// End with status 5 if there is a finding of this level or above
    #[arg(long, value_enum, value_name = "LEVEL")]
    fail_on: Option<Level>,
    /// Zeek's state and history letters beside each connection
    #[arg(long)]
    zeek: bool,
    #[command(flatten)]
    one: connection::Options,
}

/// A filter that any thread may ask.
type SharedGate<'g> = &'g (dyn Fn(&RawPacket<'_>) -> Gate + Sync);

/// Levels of findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Level {
    /// Something went wrong and was repaired
    Warning,
    /// Something is broken or hostile
    Error,
}

pub(super) fn run(arguments: &Arguments, output: &mut Output) -> Result<(), Failure> {
    let inputs = Inputs::split(&arguments.words);
    let filter = arguments.filters.common.capture_filter(&inputs.filter)?;
    let display = DisplayOptions { display_filter: arguments.display_filter.clone() }.display()?;
    if arguments.filters.asks_about_the_filter() {
        return arguments.filters.answer(&filter, display.as_ref(), &mut inputs.open()?, output);
    }
    let of_filter = |raw: &RawPacket<'_>| filter.gate(raw);
    let of_filter: Option<SharedGate<'_>> = if filter.is_empty() { None } else { Some(&of_filter) };
    let chosen = display
        .as_ref()
        .map(|display| choose(display, &inputs, of_filter.map(|gate| gate as _), output))
        .transpose()?
        .flatten();
    let of_display = |raw: &RawPacket<'_>| match (of_filter.map_or(Gate::Take, |gate| gate(raw)), &chosen, &display) {
        (Gate::Take, Some(chosen), _) if !chosen.has(raw.meta.number) => Gate::Leave,
        (Gate::Take, None, Some(display)) if !display.takes(raw) => Gate::Leave,
        (verdict, ..) => verdict,
    };
    let shared = if display.is_some() { Some(&of_display as SharedGate<'_>) } else { of_filter };
    let gate = shared.map(|gate| gate as &dyn Fn(&RawPacket<'_>) -> Gate);
    if let Some(folder) = &arguments.one.extract {
        connection::extract(&arguments.one, folder, &inputs, gate, output)?;
        return filter.ended();
    }
    if let Some(number) = arguments.one.connection {
        connection::show(&arguments.one, number, arguments.json, &inputs, gate, output)?;
        return filter.ended();
    }
    let mut source = inputs.open_watched(output)?;
    // A table shows its first rows only: hundreds of thousands of connections need not be remembered for it.
    let is_text = arguments.html.is_none() && !arguments.json;
    let mut analyzer = if is_text { Analyzer::listing(MAX_ROWS as u64) } else { Analyzer::new() };
    let mut gathered =
        Gathered { page: arguments.html.is_some().then(|| html::Gathered::new(output.lang())), ..Gathered::default() };
    let result = if source.is_all_there() {
        let mut movable = shared.map(|gate| move |raw: &RawPacket<'_>| gate(raw));
        let movable = movable.as_mut().map(|gate| gate as MovableGate<'_>);
        pipeline::run_ahead(&mut source, movable, &mut analyzer, &mut gathered)
    } else {
        pipeline::run(&mut source, gate, &mut analyzer, &mut gathered, Patience::Hold)
    };
    filter.ended()?;
    let analysis = analyzer.into_report();
    let document = Document {
        captures: inputs::captures(&source.captures()),
        report: &analysis,
        findings: &gathered.findings,
        remarks: &gathered.remarks,
        with_zeek: arguments.zeek,
    };
    if let (Some(path), Some(gathered)) = (&arguments.html, &mut gathered.page) {
        let mut page = Vec::new();
        html::page(&document, gathered, &mut page);
        drawing::write_page(path, &page, source.paths())?;
    } else if arguments.json {
        report::json(&document, output)?;
    } else {
        let (width, paint) = (output.width(), output.paint());
        report::text(&document, width, paint, output.block());
        output.damage_is_shown();
    }
    output.flush()?;
    inputs::ended(result, &source.captures())?;
    check(arguments.fail_on, &gathered.findings)
}

/// The packets that a display filter chooses, where that is known only after an analysis of all; else `None`.
fn choose(
    display: &Display,
    inputs: &Inputs,
    gate: Option<&dyn Fn(&RawPacket<'_>) -> Gate>,
    output: &mut Output,
) -> Result<Option<Chosen>, Failure> {
    if display.is_of_octets() {
        return Ok(None);
    }
    if inputs.files.iter().any(|file| file == "-") {
        return Err(Failure::Usage(
            "a display filter that asks for notes or connections needs the capture twice, and standard input can be read only once; write it to a file first: netlab read - -w FILE"
                .to_owned(),
        ));
    }
    Chosen::by(display, &mut inputs.open_watched(output)?, gate).map(Some)
}

/// The promise of `--fail-on`.
fn check(level: Option<Level>, findings: &Findings) -> Result<(), Failure> {
    let level = match level {
        None => return Ok(()),
        Some(Level::Warning) => Severity::Warning,
        Some(Level::Error) => Severity::Error,
    };
    let bad = findings.in_order().iter().filter(|finding| finding.first.entry.severity >= level).count();
    if bad == 0 {
        return Ok(());
    }
    Err(Failure::Unexpected(match bad {
        1 => format!("1 finding is of level {} or above", level.name()),
        _ => format!("{bad} findings are of level {} or above", level.name()),
    }))
}

/// Collects what is said while the packets pass.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) findings: Findings,
    pub(super) remarks: Vec<Remark>,
    /// What a page needs, if one is made.
    page: Option<html::Gathered>,
}

impl Sink for Gathered {
    fn packet(&mut self, judged: &Judged<'_, '_>) -> io::Result<ControlFlow<()>> {
        judged.notes.iter().for_each(|note| self.findings.add(note));
        if let Some(page) = &mut self.page {
            page.packet(judged);
        }
        Ok(ControlFlow::Continue(()))
    }

    fn remark(&mut self, remark: &Remark) -> io::Result<()> {
        if self.remarks.len() < crate::base::limits::MAX_FINDINGS {
            self.remarks.push(remark.clone());
        }
        Ok(())
    }

    fn late_note(&mut self, note: &Note) -> io::Result<()> {
        self.findings.add(note);
        if let Some(page) = &mut self.page {
            page.late_note(note);
        }
        Ok(())
    }

    fn wanted(&self) -> Wanted {
        if self.page.is_some() { Wanted::All } else { Wanted::Findings }
    }
}
