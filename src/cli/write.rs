//! `read -w`: packets of captures into another capture.

use std::io;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::Failure;
use super::comments::{CommentLevel, comment};
use super::filters::{Display, Selector};
use super::print::Printer;
use crate::analysis::{Judged, Note, Severity};
use crate::base::limits::MAX_WAITING_COMMENTS;
use crate::capture::{FileSource, Format, Rotation, WriteError, WriteOptions, Writer};
use crate::packet::{Item, RawPacket, Remark, RemarkKind};
use crate::pipeline::{Gate, RunError, Sink};

/// Options of writing.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Writing")]
pub struct Options {
    /// Write the packets to FILE instead of printing them: pcap or pcapng by its suffix; - is standard output
    #[arg(short, long, value_name = "FILE")]
    pub write: Option<PathBuf>,
    /// With -w: the format, whatever the suffix
    #[arg(long, value_enum, requires = "write")]
    pub format: Option<FormatChoice>,
    /// With -w: print the packets too
    #[arg(long = "print", requires = "write")]
    pub print_too: bool,
    /// With -w: begin another file when this one would exceed so many million octets
    #[arg(short = 'C', long, value_name = "MB", requires = "write", value_parser = clap::value_parser!(u32).range(1..))]
    pub file_size: Option<u32>,
    /// With -w: begin another file every so many seconds; its name is a pattern for the time (%H%M%S)
    #[arg(short = 'G', long, value_name = "SECONDS", requires = "write", value_parser = clap::value_parser!(u32).range(1..))]
    pub rotate_every: Option<u32>,
    /// With -C: keep the newest N files; with -G: stop after N files
    #[arg(short = 'W', long, value_name = "N", requires = "write", value_parser = clap::value_parser!(u32).range(1..))]
    pub files: Option<u32>,
    /// With -w to pcapng: add what netlab notes, from this level on, to the comments of the packets
    #[arg(long, value_enum, value_name = "LEVEL", default_value_t = CommentLevel::None, requires = "write")]
    pub comments: CommentLevel,
}

/// The formats that netlab writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FormatChoice {
    /// The format that every program reads; one link type, no comments
    Pcap,
    /// Interfaces, directions, drop counts and comments
    Pcapng,
}

impl Options {
    /// The file to write, if one was asked for. It is none of those that `source` reads.
    pub(super) fn copier(&self, source: &FileSource, count: Option<u64>) -> Result<Option<Copier>, Failure> {
        let Some(target) = &self.write else { return Ok(None) };
        let options = WriteOptions {
            format: self.format.map(|format| match format {
                FormatChoice::Pcap => Format::Pcap,
                FormatChoice::Pcapng => Format::Pcapng,
            }),
            interfaces: source.interfaces(),
            rotation: Rotation {
                octets: self.file_size.map(|megabytes| u64::from(megabytes) * 1_000_000),
                every: self.rotate_every.map(|seconds| Duration::from_secs(seconds.into())),
                files: self.files,
            },
            not_into: source.paths().to_vec(),
            ..WriteOptions::default()
        };
        let writer = Writer::create(target, options).map_err(failure)?;
        let level = if writer.format() == Format::Pcapng { self.comments.severity() } else { None };
        let left = count.unwrap_or(u64::MAX);
        Ok(Some(Copier { writer, level, left, said: Vec::new(), comments: Vec::new(), failure: None }))
    }
}

/// Writes packets with the comments they had, and with netlab's notes if those are wanted.
#[derive(Debug)]
pub(super) struct Copier {
    writer: Writer,
    level: Option<Severity>,
    left: u64,
    /// Comments that the source gave, with the number of their packet.
    said: Vec<(u64, String)>,
    comments: Vec<String>,
    failure: Option<WriteError>,
}

impl Copier {
    /// True if packets must be analyzed for what is written beside them.
    pub(super) fn needs_notes(&self) -> bool {
        self.level.is_some()
    }

    /// Copies packets without looking into them.
    pub(super) fn copy(&mut self, source: &mut FileSource, mut selector: Selector<'_>) -> Result<(), RunError> {
        let takes_all = selector.takes_all();
        source.for_each(|item| match item {
            Item::Packet(raw) => match if takes_all { Gate::Take } else { selector.verdict(&raw) } {
                Gate::Take => self.write(&raw),
                Gate::Leave => ControlFlow::Continue(()),
                Gate::Stop => ControlFlow::Break(()),
            },
            Item::Remark(remark) => {
                self.remark(&remark);
                ControlFlow::Continue(())
            }
            Item::Idle => ControlFlow::Continue(()),
        })?;
        Ok(())
    }

    /// Completes the file.
    pub(super) fn finish(self) -> Result<(), Failure> {
        match self.failure {
            Some(error) => Err(failure(error)),
            None => self.writer.finish().map_err(failure),
        }
    }

    fn packet(&mut self, judged: &Judged<'_, '_>) -> ControlFlow<()> {
        if let Some(level) = self.level {
            let wanted = judged.notes.iter().filter(|note| note.entry.severity >= level);
            self.comments.extend(wanted.map(comment));
        }
        self.write(&RawPacket { meta: judged.packet.meta, bytes: judged.packet.frame.bytes() })
    }

    fn remark(&mut self, remark: &Remark) {
        match (remark.kind, remark.packet) {
            (RemarkKind::Comment, None) => self.writer.comment(&remark.text),
            (RemarkKind::Comment, Some(packet)) if self.said.len() < MAX_WAITING_COMMENTS => {
                self.said.push((packet, remark.text.clone()));
            }
            _ => {}
        }
    }

    #[inline]
    fn write(&mut self, raw: &RawPacket<'_>) -> ControlFlow<()> {
        if self.left > 1 && self.said.is_empty() && self.comments.is_empty() && self.writer.append(raw) {
            self.left -= 1;
            return ControlFlow::Continue(());
        }
        self.write_fully(raw)
    }

    /// Writes a packet with its comments, at the limits too.
    fn write_fully(&mut self, raw: &RawPacket<'_>) -> ControlFlow<()> {
        if self.left == 0 {
            return ControlFlow::Break(());
        }
        self.left -= 1;
        if !self.said.is_empty() {
            // Comments of packets that a filter left out go with them.
            let of_this = self.said.drain(..).filter(|(packet, _)| *packet == raw.meta.number);
            self.comments.splice(0..0, of_this.map(|(_, text)| text));
        }
        let result = self.writer.packet(raw, &self.comments);
        self.comments.clear();
        if let Err(error) = result {
            self.failure.get_or_insert(error);
            return ControlFlow::Break(());
        }
        if self.left == 0 || self.writer.is_full() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// Where analyzed packets go: into the file, and onto standard output if that was asked for.
pub(super) struct CopySink<'a> {
    pub(super) display: Option<Display>,
    pub(super) copier: Copier,
    pub(super) printer: Option<Printer<'a>>,
}

impl Sink for CopySink<'_> {
    fn packet(&mut self, judged: &Judged<'_, '_>) -> io::Result<ControlFlow<()>> {
        if self.display.as_mut().is_some_and(|display| !display.shows(judged)) {
            return Ok(ControlFlow::Continue(()));
        }
        if let Some(printer) = &mut self.printer {
            // Both count to the same number.
            let _ = printer.packet(judged)?;
        }
        Ok(self.copier.packet(judged))
    }

    fn remark(&mut self, remark: &Remark) -> io::Result<()> {
        self.copier.remark(remark);
        self.printer.as_mut().map_or(Ok(()), |printer| printer.remark(remark))
    }

    fn late_note(&mut self, note: &Note) -> io::Result<()> {
        self.printer.as_mut().map_or(Ok(()), |printer| printer.late_note(note))
    }

    fn idle(&mut self) -> io::Result<()> {
        self.printer.as_mut().map_or(Ok(()), Sink::idle)
    }
}

fn failure(error: WriteError) -> Failure {
    if error.is_closed_pipe() { Failure::ClosedPipe } else { Failure::CouldNot(error.to_string()) }
}
