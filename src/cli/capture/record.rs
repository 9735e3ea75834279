//! `-w`: packets into a file, with netlab's notes beside them.

use std::time::Duration;

use super::Arguments;
use crate::analysis::{Judged, Note, Severity};
use crate::base::Timestamp;
use crate::capture::live::Live;
use crate::capture::{Format, Rotation, WriteError, WriteOptions, Writer};
use crate::cli::Failure;
use crate::cli::comments::comment;
use crate::packet::{Item, PacketSource as _, RawPacket, Remark, RemarkKind, SourceError};

/// Writes packets into the file that was asked for.
#[derive(Debug)]
pub(super) struct Recorder {
    writer: Writer,
    level: Option<Severity>,
    flush_each: bool,
    /// What is to be said beside the next packet: losses, and later verdicts on packets that are already written.
    waiting: Vec<String>,
    comments: Vec<String>,
    failure: Option<WriteError>,
}

impl Recorder {
    /// Makes the file of `-w`, if one was asked for.
    pub fn create(arguments: &Arguments, live: &Live) -> Result<Option<Recorder>, Failure> {
        let Some(target) = &arguments.write else { return Ok(None) };
        let options = WriteOptions {
            snaplen: live.snap_len(),
            interfaces: live.interfaces().clone(),
            rotation: Rotation {
                octets: arguments.file_size.map(|megabytes| u64::from(megabytes) * 1_000_000),
                every: arguments.rotate_every.map(|seconds| Duration::from_secs(seconds.into())),
                files: arguments.files,
            },
            ..WriteOptions::default()
        };
        let mut writer = Writer::create(target, options).map_err(failed)?;
        let level = match (writer.format(), arguments.comments) {
            (Format::Pcapng, level) => level.severity(),
            (Format::Pcap, _) => None,
        };
        if arguments.rotate_every.is_none() {
            // A reader at the other end of a pipe learns at once that there is a capture.
            writer.begin(Timestamp::ZERO).map_err(failed)?;
        }
        Ok(Some(Recorder {
            writer,
            level,
            flush_each: arguments.packet_buffered,
            waiting: Vec::new(),
            comments: Vec::new(),
            failure: None,
        }))
    }

    /// True if packets must be analyzed for what is written beside them.
    pub fn needs_notes(&self) -> bool {
        self.level.is_some()
    }

    /// Copies packets into the file without looking into them, for as long as they come.
    pub fn copy(&mut self, live: &mut Live) -> Result<(), SourceError> {
        while let Some(item) = live.next_item()? {
            match item {
                Item::Packet(raw) if !self.write(&raw) => break,
                Item::Packet(_) => {}
                Item::Remark(remark) => {
                    super::tell(&remark);
                    self.remark(&remark);
                }
                Item::Idle if !self.idle() => break,
                Item::Idle => {}
            }
        }
        Ok(())
    }

    /// Writes a packet with what was noted about it; false if nothing more can or shall be written.
    pub fn packet(&mut self, judged: &Judged<'_, '_>) -> bool {
        if let Some(level) = self.level
            && judged.notes.iter().any(|note| note.entry.severity >= level)
        {
            let wanted = judged.notes.iter().filter(|note| note.entry.severity >= level);
            self.comments.extend(wanted.map(comment));
        }
        self.write(&RawPacket { meta: judged.packet.meta, bytes: judged.packet.frame.bytes() })
    }

    /// A verdict on a packet that is already in the file is told beside the next one.
    pub fn late_note(&mut self, note: &Note) {
        if self.level.is_some_and(|level| note.entry.severity >= level) {
            self.wait(format!("about packet {}: {}", note.packet, comment(note)));
        }
    }

    pub fn remark(&mut self, remark: &Remark) {
        if matches!(remark.kind, RemarkKind::Dropped(_) | RemarkKind::Note) && self.writer.format() == Format::Pcapng {
            self.wait(format!("before this packet: {}", remark.text));
        }
    }

    /// No packet waits: what was captured goes into the file, so that somebody may look into it meanwhile. False if
    /// nothing more can be written.
    pub fn idle(&mut self) -> bool {
        let result = self.writer.flush();
        self.keep(result)
    }

    /// Completes the file.
    pub fn finish(self) -> Result<(), Failure> {
        let result = match self.failure {
            Some(failure) => Err(failure),
            None => self.writer.finish(),
        };
        result.map_err(failed)
    }

    fn write(&mut self, raw: &RawPacket<'_>) -> bool {
        if !self.waiting.is_empty() {
            self.comments.splice(0..0, self.waiting.drain(..));
        }
        let mut result = self.writer.packet(raw, &self.comments);
        self.comments.clear();
        if self.flush_each && result.is_ok() {
            result = self.writer.flush();
        }
        self.keep(result) && !self.writer.is_full()
    }

    fn wait(&mut self, text: String) {
        // One packet cannot carry any number of comments; what does not fit is still told on the terminal.
        if self.waiting.len() < crate::base::limits::MAX_WAITING_COMMENTS {
            self.waiting.push(text);
        }
    }

    fn keep(&mut self, result: Result<(), WriteError>) -> bool {
        match result {
            Ok(()) => self.failure.is_none(),
            Err(error) => {
                self.failure.get_or_insert(error);
                false
            }
        }
    }
}

/// That nobody reads any more is no failure.
fn failed(error: WriteError) -> Failure {
    if error.is_closed_pipe() { Failure::ClosedPipe } else { Failure::CouldNot(error.to_string()) }
}
