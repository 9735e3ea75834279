//! Frames in, final notes and report out.
#![allow(dead_code)]

use std::io;
use std::ops::ControlFlow;

use netlab::analysis::{Analyzer, Context, Judged, Note, Report};
use netlab::base::Timestamp;
use netlab::capture::MemorySource;
use netlab::pipeline::{self, Patience, Sink};
use netlab::wire::LinkType;

use super::talk::Frame;

/// What became of a capture.
pub struct Verdicts {
    /// Final notes, in the order of packets, late ones last.
    pub notes: Vec<Note>,
    pub contexts: Vec<Context>,
    pub report: Report,
}

impl Verdicts {
    pub fn has(&self, packet: u64, code: &str, rule: &str) -> bool {
        self.notes.iter().any(|note| note.packet == packet && note.code() == code && note.rule == rule)
    }

    /// Everything said, for the reader of a failed test.
    pub fn told(&self) -> String {
        let mut notes: Vec<&Note> = self.notes.iter().collect();
        notes.sort_by_key(|note| note.packet);
        notes
            .iter()
            .map(|note| format!("  {:3} {} {} {:?}\n", note.packet, note.code(), note.rule, note.facts))
            .collect()
    }

    /// Code and rule of every note about TCP, by packet, without what depends on addresses and numbers.
    pub fn labels(&self) -> Vec<(u64, &'static str, &'static str)> {
        let mut labels: Vec<_> = self
            .notes
            .iter()
            .filter(|note| note.code().starts_with("tcp-"))
            .map(|note| (note.packet, note.code(), note.rule))
            .collect();
        labels.sort();
        labels
    }
}

#[derive(Default)]
struct Collect {
    notes: Vec<Note>,
    contexts: Vec<Context>,
}

impl Sink for Collect {
    fn packet(&mut self, judged: &Judged<'_, '_>) -> io::Result<ControlFlow<()>> {
        self.notes.extend_from_slice(judged.notes);
        self.contexts.push(judged.context);
        Ok(ControlFlow::Continue(()))
    }

    fn late_note(&mut self, note: &Note) -> io::Result<()> {
        self.notes.push(note.clone());
        Ok(())
    }
}

/// A source of these frames.
pub fn source(link: u16, frames: &[Frame]) -> MemorySource {
    let mut source = MemorySource::new();
    for frame in frames {
        let at = Timestamp::from_nanos(frame.at_us * 1000);
        source.push(at, LinkType(link), &frame.octets, frame.wire_len, None);
    }
    source
}

/// Runs frames through the whole pipeline.
pub fn judge(link: u16, frames: &[Frame]) -> Verdicts {
    let mut collect = Collect::default();
    let mut analyzer = Analyzer::new();
    pipeline::run(&mut source(link, frames), None, &mut analyzer, &mut collect, Patience::Hold)
        .expect("memory can be read and a list be written");
    Verdicts { notes: collect.notes, contexts: collect.contexts, report: analyzer.report() }
}
