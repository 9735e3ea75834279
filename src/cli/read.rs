//! `netlab read FILE [FILTER…]`: one annotated line a packet.

use clap::Args;

use super::filters::FileFilterOptions;
use super::inputs::{self, Inputs};
use super::print::{PrintOptions, Printer};
use super::write::{self, CopySink};
use super::{Failure, Output};
use crate::analysis::Analyzer;
use crate::packet::RawPacket;
use crate::pipeline::{self, Gate, Patience};

/// Arguments of `read`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  netlab read session.pcapng\n  netlab read session.pcapng tcp port 80 or 443\n  netlab read session.pcapng -Y 'tcp.port in {80 443} and note.severity >= warning'\n  netlab read -ttttt -e session.pcap.gz\n  netlab read a.pcap b.pcapng -w both.pcapng\n  tcpdump -w - | netlab read -"
)]
pub struct Arguments {
    /// Capture files (pcap or pcapng, also compressed; - is standard input), then a filter in tcpdump's language
    #[arg(required = true, value_name = "FILE [FILTER]")]
    words: Vec<String>,
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
    let mut source = inputs.open()?;
    if arguments.filters.asks_about_the_filter() {
        return arguments.filters.answer(&filter, &mut source, output);
    }
    let copier = arguments.write.copier(&source, arguments.print.count)?;
    let gate = |raw: &RawPacket<'_>| filter.gate(raw);
    let gate: Option<&dyn Fn(&RawPacket<'_>) -> Gate> = if filter.is_empty() { None } else { Some(&gate) };
    let mut analyzer = Analyzer::new();
    let (result, written) = match copier {
        None => {
            let mut printer = Printer::new(&arguments.print, output);
            (pipeline::run(&mut source, gate, &mut analyzer, &mut printer, Patience::Hold), Ok(()))
        }
        Some(mut copier) if !copier.needs_notes() && !arguments.write.print_too && display.is_none() => {
            (copier.copy(&mut source, gate), copier.finish())
        }
        Some(copier) => {
            let printer = arguments.write.print_too.then(|| Printer::new(&arguments.print, output));
            let mut sink = CopySink { display, copier, printer };
            let result = pipeline::run(&mut source, gate, &mut analyzer, &mut sink, Patience::Hold);
            (result, sink.copier.finish())
        }
    };
    filter.ended()?;
    written?;
    inputs::ended(result, &source.captures())
}
