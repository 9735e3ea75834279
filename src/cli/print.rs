//! How packets are printed: the options that `read` and `capture` share, and the sink that they choose.

use std::io::{self, Write as _};
use std::ops::ControlFlow;

use clap::{ArgAction, Args, ValueEnum};
use jiff::tz::TimeZone;

use super::filters::{Display, DisplayOptions};
use super::{Failure, Output};
use crate::analysis::{Analyzer, Judged, Note};
use crate::packet::{Remark, RemarkKind};
use crate::pipeline::Sink;
use crate::render::Renderer;
use crate::render::csv::CsvRows;
use crate::render::detailed::{Detailed, OctetForm, Octets};
use crate::render::fields::{Column, FieldRows};
use crate::render::json::JsonLines;
use crate::render::text::{Detail, Lines};
use crate::render::time::{Clock, TimeStyle};

/// Options of how packets are printed.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Printing")]
pub struct PrintOptions {
    /// The display filter.
    #[command(flatten)]
    pub display: DisplayOptions,
    /// Stop after N packets
    #[arg(short, value_name = "N")]
    pub count: Option<u64>,
    /// More of the headers: TTL, identification, options; repeat for more
    #[arg(short, long, action = ArgAction::Count)]
    pub verbose: u8,
    /// Less: protocol and length only
    #[arg(short, long)]
    pub quiet: bool,
    /// Only what each packet says by itself: no notes, no connections, sequence numbers as on the wire; several times as fast
    #[arg(long)]
    pub plain: bool,
    /// Show the link header: MAC addresses and VLANs
    #[arg(short = 'e', long)]
    pub link_header: bool,
    /// Sequence numbers as on the wire, not relative
    #[arg(short = 'S', long)]
    pub absolute_sequence: bool,
    /// Times: -t none, -tt since 1970, -ttt since the packet before, -tttt with date, -ttttt since the first packet
    #[arg(short = 't', action = ArgAction::Count)]
    pub time_ladder: u8,
    /// How times are printed
    #[arg(long, value_enum, value_name = "STYLE", conflicts_with = "time_ladder")]
    pub time: Option<TimeChoice>,
    /// Nine digits after the second's point, not six
    #[arg(long)]
    pub nano: bool,
    /// Times of day in UTC, not in the local zone
    #[arg(long)]
    pub utc: bool,
    /// No packet numbers in front
    #[arg(long)]
    pub no_number: bool,
    /// Every field of every layer below the line, with its octets and the standard's section
    #[arg(short = 'V', long)]
    pub tree: bool,
    /// The octets below the line, in hexadecimal; -xx with the link header
    #[arg(short = 'x', action = ArgAction::Count)]
    pub hex: u8,
    /// The octets below the line, in hexadecimal and as text; -XX with the link header
    #[arg(short = 'X', action = ArgAction::Count, conflicts_with = "hex")]
    pub hex_and_text: u8,
    /// The octets below the line, as text; -AA with the link header
    #[arg(short = 'A', action = ArgAction::Count, conflicts_with_all = ["hex", "hex_and_text"])]
    pub ascii: u8,
    /// Only these fields of each packet, separated by tabs; names as in the field tree's registry: tcp.source_port,ipv4.ttl
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = column, conflicts_with_all = ["csv", "jsonl"])]
    pub fields: Vec<Column>,
    /// One JSON object a packet
    #[arg(long, conflicts_with = "csv")]
    pub jsonl: bool,
    /// One row of comma-separated values a packet
    #[arg(long)]
    pub csv: bool,
    /// Write out each line at once; packets from a pipe then do not wait for verdicts, and corrections follow
    #[arg(short = 'l', long)]
    pub line_buffered: bool,
    /// Accepted for habit: netlab never looks up names unless asked to
    #[arg(short = 'n', action = ArgAction::Count, hide = true)]
    pub numeric: u8,
}

/// How times are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TimeChoice {
    /// Not at all
    None,
    /// Time of day in the local zone
    Local,
    /// Date and time
    Date,
    /// Seconds since 1970-01-01 UTC
    Epoch,
    /// Since the packet before
    Delta,
    /// Since the first packet
    Relative,
}

impl PrintOptions {
    fn time_style(&self) -> TimeStyle {
        match (self.time, self.time_ladder) {
            (Some(TimeChoice::None), _) | (None, 1) => TimeStyle::None,
            (Some(TimeChoice::Local), _) | (None, 0) => TimeStyle::TimeOfDay,
            (Some(TimeChoice::Epoch), _) | (None, 2) => TimeStyle::Epoch,
            (Some(TimeChoice::Delta), _) | (None, 3) => TimeStyle::Delta,
            (Some(TimeChoice::Date), _) | (None, 4) => TimeStyle::DateTime,
            (Some(TimeChoice::Relative), _) | (None, _) => TimeStyle::Relative,
        }
    }

    /// What looks into the packets for output of this kind.
    pub(super) fn analyzer(&self) -> Analyzer {
        if self.plain { Analyzer::silent() } else { Analyzer::for_lines() }
    }

    /// Refuses a display filter that asks for what `--plain` leaves out.
    pub(super) fn check(&self, display: Option<&Display>) -> Result<(), Failure> {
        if self.plain && display.is_some_and(|display| !display.is_of_octets()) {
            let sentence = "with --plain nothing is known of notes and connections, which the display filter asks for";
            return Err(Failure::Usage(sentence.to_owned()));
        }
        Ok(())
    }

    /// The format that was asked for.
    fn renderer(&self, output: &Output) -> Box<dyn Renderer> {
        if self.jsonl {
            return Box::<JsonLines>::default();
        }
        if self.csv {
            return Box::<CsvRows>::default();
        }
        if !self.fields.is_empty() {
            return Box::new(FieldRows::new(self.fields.clone()));
        }
        let zone = if self.utc { TimeZone::UTC } else { TimeZone::system() };
        let detail = Detail {
            link: self.link_header,
            quiet: self.quiet,
            verbosity: self.verbose,
            absolute_sequence: self.absolute_sequence || self.plain,
            no_number: self.no_number,
        };
        let paint = output.paint();
        let lines = Lines::new(Clock::new(self.time_style(), zone, self.nano), detail, paint);
        let octets = match (self.hex, self.hex_and_text, self.ascii) {
            (0, 0, 0) => None,
            (1.., ..) => Some(Octets { form: OctetForm::Hex, with_link: self.hex > 1 }),
            (_, 1.., _) => Some(Octets { form: OctetForm::HexAndText, with_link: self.hex_and_text > 1 }),
            (.., ascii) => Some(Octets { form: OctetForm::Text, with_link: ascii > 1 }),
        };
        if !self.tree && octets.is_none() {
            return Box::new(lines);
        }
        Box::new(Detailed::new(lines, self.tree, octets, paint))
    }
}

/// Reads the name of a column for clap.
fn column(name: &str) -> Result<Column, String> {
    name.parse()
}

/// Octets of lines that are not worth being copied once more before they are written.
const LARGE: usize = 8 << 10;

/// Prints packets, up to the count that was asked for.
pub(super) struct Printer<'a> {
    display: Option<Display>,
    renderer: Box<dyn Renderer>,
    output: &'a mut Output,
    line_buffered: bool,
    left: u64,
}

impl<'a> Printer<'a> {
    /// A printer of the format that was asked for.
    pub(super) fn new(options: &PrintOptions, output: &'a mut Output) -> Printer<'a> {
        // The command has checked it before.
        let display = options.display.display().ok().flatten();
        let mut renderer = options.renderer(output);
        renderer.begin(output.block());
        let left = options.count.unwrap_or(u64::MAX);
        Printer { display, renderer, line_buffered: options.line_buffered, left, output }
    }

    fn written(&mut self) -> io::Result<()> {
        if self.line_buffered { self.output.flush() } else { self.output.flush_full() }
    }
}

impl Sink for Printer<'_> {
    fn packet(&mut self, judged: &Judged<'_, '_>) -> io::Result<ControlFlow<()>> {
        if self.display.as_mut().is_some_and(|display| !display.shows(judged)) {
            return Ok(ControlFlow::Continue(()));
        }
        if self.left == 0 {
            return Ok(ControlFlow::Break(()));
        }
        if self.left != u64::MAX {
            self.left -= 1;
        }
        self.renderer.packet(judged, self.output.block());
        self.written()?;
        Ok(if self.left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }

    fn remark(&mut self, remark: &Remark) -> io::Result<()> {
        self.renderer.remark(remark, self.output.block());
        if remark.kind == RemarkKind::Damage {
            self.output.damage_is_shown();
        }
        self.written()
    }

    fn late_note(&mut self, note: &Note) -> io::Result<()> {
        if self.display.as_ref().is_some_and(|display| !display.has_shown(note)) {
            return Ok(());
        }
        self.renderer.late_note(note, self.output.block());
        self.written()
    }

    fn idle(&mut self) -> io::Result<()> {
        self.output.flush()
    }

    fn line_early(&mut self, judged: &Judged<'_, '_>, out: &mut Vec<u8>) -> bool {
        let goes = self.display.is_none() && self.left == u64::MAX && self.renderer.is_free_of_order();
        if goes {
            self.renderer.packet(judged, out);
        }
        goes
    }

    fn lines(&mut self, lines: &[u8], late: &[Note], has_notes: bool) -> io::Result<()> {
        if late.is_empty() && lines.len() >= LARGE {
            return self.output.write_through(lines);
        }
        let block = self.output.block();
        block.extend_from_slice(lines);
        if !late.is_empty() {
            self.renderer.add_notes(late, has_notes, block);
        }
        self.written()
    }
}
