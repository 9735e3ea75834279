//! `netlab why FILE PACKET`: everything concluded about one packet.

use std::io;
use std::ops::ControlFlow;

use clap::Args;
use jiff::tz::TimeZone;

use super::inputs::{self, Inputs};
use super::{Failure, Output};
use crate::analysis::{Analyzer, Context, Fact, Judged, Note};
use crate::base::limits::MAX_FINDINGS;
use crate::pipeline::{self, Patience, Sink};
use crate::render::Renderer as _;
use crate::render::text::{Detail, Lines};
use crate::render::time::{Clock, TimeStyle};
use crate::render::why::{self, Question};
use crate::wire::Layer;

/// Arguments of `why`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  netlab why session.pcapng 47")]
pub struct Arguments {
    /// Capture file (pcap or pcapng, also compressed; - is standard input)
    file: String,
    /// Number of the packet, counted from 1 as read prints it
    packet: u64,
}

pub(super) fn run(arguments: &Arguments, output: &mut Output) -> Result<(), Failure> {
    let inputs = Inputs::split(std::slice::from_ref(&arguments.file));
    let mut source = inputs.open_watched(output)?;
    let mut analyzer = Analyzer::new();
    let paint = output.paint();
    let mut witness = Witness {
        number: arguments.packet,
        lines: Lines::new(Clock::new(TimeStyle::TimeOfDay, TimeZone::system(), false), Detail::default(), paint),
        line: None,
        context: Context::default(),
        ordinary: None,
        notes: Vec::new(),
        elsewhere: Vec::new(),
        seen: 0,
    };
    let result = pipeline::run(&mut source, None, &mut analyzer, &mut witness, Patience::Hold);
    let Some(line) = &witness.line else {
        inputs::ended(result, &source.captures())?;
        let (packet, seen) = (arguments.packet, witness.seen);
        return Err(Failure::Usage(format!("there is no packet {packet}: the capture has packets 1 to {seen}")));
    };
    let question = Question {
        line,
        context: witness.context,
        notes: &witness.notes,
        elsewhere: &witness.elsewhere,
        ordinary: witness.ordinary,
    };
    why::text(&question, output.width(), paint, output.block());
    inputs::ended(result, &source.captures())
}

/// Remembers what concerns one packet.
struct Witness {
    number: u64,
    lines: Lines,
    line: Option<Vec<u8>>,
    context: Context,
    ordinary: Option<(&'static str, &'static str)>,
    notes: Vec<Note>,
    elsewhere: Vec<Note>,
    seen: u64,
}

impl Witness {
    fn hear(&mut self, note: &Note) {
        if note.packet == self.number {
            self.notes.push(note.clone());
        } else if self.elsewhere.len() < MAX_FINDINGS
            && note.facts.iter().any(|(_, fact)| *fact == Fact::Packet(self.number))
        {
            self.elsewhere.push(note.clone());
        }
    }
}

impl Sink for Witness {
    fn packet(&mut self, judged: &Judged<'_, '_>) -> io::Result<ControlFlow<()>> {
        self.seen = self.seen.max(judged.packet.meta.number);
        judged.notes.iter().for_each(|note| self.hear(note));
        if judged.packet.meta.number == self.number {
            let mut line = Vec::new();
            self.lines.packet(&Judged { packet: judged.packet, notes: &[], context: judged.context }, &mut line);
            self.line = Some(line);
            self.context = judged.context;
            self.ordinary = match judged.packet.frame.transport() {
                Some(Layer::Tcp(tcp)) if tcp.payload_len() > 0 => {
                    Some(("D11", "new data at the next number, inside the window: nothing is wrong with it"))
                }
                Some(Layer::Tcp(_)) => Some(("D1", "an acknowledgment at the next number: nothing is wrong with it")),
                _ => None,
            };
        }
        Ok(ControlFlow::Continue(()))
    }

    fn late_note(&mut self, note: &Note) -> io::Result<()> {
        self.hear(note);
        Ok(())
    }
}
