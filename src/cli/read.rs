//! `netlab read FILE [FILTER…]`: one annotated line a packet.

use std::cell::RefCell;
use std::io::{self, Write as _};
use std::mem::ManuallyDrop;
use std::ops::ControlFlow;

use clap::Args;

use super::filters::{Display, FileFilterOptions, Selector};
use super::inputs::{self, Inputs};
use super::print::{PrintOptions, Printer};
use super::write::{self, Copier, CopySink};
use super::{Failure, Output};
use crate::analysis::{Analyzer, Judged};
use crate::capture::FileSource;
use crate::packet::{Item, RawPacket};
use crate::pipeline::{self, Gate, MovableGate, Patience, RunError, Sink};

/// Arguments of `read`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  netlab read session.pcapng\n  netlab read session.pcapng tcp port 80 or 443\n  netlab read session.pcapng -Y 'tcp.port in {80 443} and note.severity >= warning'\n  netlab read -ttttt -e session.pcap.gz\n  netlab read a.pcap b.pcapng -w both.pcapng\n  tcpdump -w - | netlab read -"
)]
pub struct Arguments {
    /// Capture files (pcap or pcapng, also compressed; - is standard input), then a filter in tcpdump's language
    #[arg(required = true, value_name = "FILE [FILTER]")]
    words: Vec<String>,
    /// Print only how many packets there are
    #[arg(long = "count", conflicts_with_all = ["write", "jsonl", "csv"])]
    only_count: bool,
    #[command(flatten)]
    filters: FileFilterOptions,
    #[command(flatten)]
    write: write::Options,
    #[command(flatten)]
    print: PrintOptions,
}

pub(super) fn run(arguments: &Arguments, output: &mut Output) -> Result<(), Failure> {
    let inputs = Inputs::split(&arguments.words);
    let filter = arguments.filters.common.capture_filter(&inputs.filter)?;
    let display = arguments.print.display.display()?;
    arguments.print.check(display.as_ref())?;
    // Lines show by themselves how far the reading is.
    let prints = !arguments.only_count && (arguments.write.write.is_none() || arguments.write.print_too);
    let mut source = if prints || arguments.print.quiet { inputs.open()? } else { inputs.open_watched(output)? };
    if arguments.filters.asks_about_the_filter() {
        return arguments.filters.answer(&filter, display.as_ref(), &mut source, output);
    }
    let copier = arguments.write.copier(&source, arguments.print.count)?;
    // A display filter that needs no analysis works like a capture filter where no packet is printed.
    let (at_gate, display) = match display {
        Some(display) if display.is_of_octets() && !prints => (Some(display), None),
        display => (None, display),
    };
    let mut selector = Selector::new(&filter, at_gate.as_ref());
    let (result, written) = if arguments.only_count {
        let limit = arguments.print.count.unwrap_or(u64::MAX);
        let (result, count) = count(&mut source, selector, display, limit);
        filter.ended()?;
        writeln!(output, "{count} packet{}", if count == 1 { "" } else { "s" })?;
        (result, Ok(()))
    } else {
        match copier {
            Some(mut copier) if !copier.needs_notes() && !arguments.write.print_too && display.is_none() => {
                (copier.copy(&mut source, selector), copier.finish())
            }
            copier => {
                let takes_all = selector.takes_all();
                let mut gate = |raw: &RawPacket<'_>| selector.verdict(raw);
                let gate: Option<MovableGate<'_>> = if takes_all { None } else { Some(&mut gate) };
                let at_once = !source.is_all_there() && (arguments.print.line_buffered || output.is_terminal());
                judge(arguments, &mut source, gate, copier, display, at_once, output)
            }
        }
    };
    filter.ended()?;
    written?;
    inputs::ended(result, &source.captures())
}

/// Analyzes packets and prints or writes them, or both. `at_once`: somebody watches packets that are still coming, so each
/// line is written when its packet is there, and what later packets prove follows.
fn judge(
    arguments: &Arguments,
    source: &mut FileSource,
    gate: Option<MovableGate<'_>>,
    copier: Option<Copier>,
    display: Option<Display>,
    at_once: bool,
    output: &mut Output,
) -> (Result<(), RunError>, Result<(), Failure>) {
    // The run ends the command. What the analyzer remembers of every connection need not be given back piece by piece.
    let mut analyzer = ManuallyDrop::new(arguments.print.analyzer());
    let print = PrintOptions { line_buffered: at_once || arguments.print.line_buffered, ..arguments.print.clone() };
    let Some(copier) = copier else {
        let mut printer = Printer::new(&print, output);
        let patience = if at_once { Patience::Live } else { Patience::Hold };
        return (pass(arguments, source, gate, &mut analyzer, &mut printer, patience), Ok(()));
    };
    let printer = arguments.write.print_too.then(|| Printer::new(&print, output));
    let mut sink = CopySink { display, copier, printer };
    // Notes are written beside their packets, so they have to be final.
    let result = pass(arguments, source, gate, &mut analyzer, &mut sink, Patience::Hold);
    (result, sink.copier.finish())
}

/// Runs `source` through `analyzer` into `sink`, on several processors where that makes no difference.
fn pass(
    arguments: &Arguments,
    source: &mut FileSource,
    gate: Option<MovableGate<'_>>,
    analyzer: &mut Analyzer,
    sink: &mut dyn Sink,
    patience: Patience,
) -> Result<(), RunError> {
    // With a count the run ends somewhere, and what is damaged behind that must not be met.
    if arguments.print.count.is_none() && source.is_all_there() {
        return pipeline::run_ahead(source, gate, analyzer, sink);
    }
    let gate = gate.map(RefCell::new);
    let gate = gate.as_ref().map(|gate| |raw: &RawPacket<'_>| gate.borrow_mut()(raw));
    pipeline::run(source, gate.as_ref().map(|gate| gate as _), analyzer, sink, patience)
}

/// Counts packets, up to a limit; they are looked into only if a display filter needs that.
fn count(
    source: &mut FileSource,
    mut selector: Selector<'_>,
    display: Option<Display>,
    limit: u64,
) -> (Result<(), RunError>, u64) {
    if let Some(display) = display {
        let selector = RefCell::new(selector);
        let gate = |raw: &RawPacket<'_>| selector.borrow_mut().verdict(raw);
        let mut counter = Counter { display, count: 0, limit };
        let result = pipeline::run(source, Some(&gate), &mut Analyzer::for_lines(), &mut counter, Patience::Hold);
        return (result, counter.count);
    }
    if limit == 0 {
        return (Ok(()), 0);
    }
    let mut count = 0;
    let takes_all = selector.takes_all();
    let result = source.for_each(|item| {
        let Item::Packet(raw) = item else { return ControlFlow::Continue(()) };
        let verdict = if takes_all { Gate::Take } else { selector.verdict(&raw) };
        // Added and not branched upon: which packets are taken cannot be foretold.
        count += u64::from(verdict == Gate::Take);
        if count >= limit || verdict == Gate::Stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    (result.map_err(RunError::from), count)
}

/// Counts the packets that a display filter shows.
struct Counter {
    display: Display,
    count: u64,
    limit: u64,
}

impl Sink for Counter {
    fn packet(&mut self, judged: &Judged<'_, '_>) -> io::Result<ControlFlow<()>> {
        self.count += u64::from(self.display.shows(judged));
        Ok(if self.count < self.limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    }
}
