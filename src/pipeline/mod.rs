//! The loop: source → decode → analyze → sink. `read`, `capture` and `analyze` are this loop with other ends.
//!
//! Some verdicts need later packets (was that retransmission needed?). When reading a file, lines wait in a bounded queue
//! until their verdicts are final; live, they are printed at once and a correction follows.

mod ahead;
mod held_text;
mod queue;

use std::io;
use std::ops::ControlFlow;

use crate::analysis::{Analyzer, Judged, Note, Notes, Wanted};
use crate::packet::{Item, Packet, PacketSource, RawPacket, Remark, SourceError};
pub use ahead::{MovableGate, run_ahead};
use queue::Queue;

/// Where judged packets go.
pub trait Sink {
    /// Takes a packet with everything said about it; `Break` ends the run.
    ///
    /// # Errors
    /// When the output cannot be written.
    fn packet(&mut self, judged: &Judged<'_, '_>) -> io::Result<ControlFlow<()>>;

    /// Takes what the source said beside its packets. Unless a sink has a use for it, nothing happens.
    ///
    /// # Errors
    /// When the output cannot be written.
    fn remark(&mut self, _remark: &Remark) -> io::Result<()> {
        Ok(())
    }

    /// Takes a note about a packet that it has already got. Unless a sink has a use for it, nothing happens.
    ///
    /// # Errors
    /// When the output cannot be written.
    fn late_note(&mut self, _note: &Note) -> io::Result<()> {
        Ok(())
    }

    /// Nothing came for a while: what is waiting in memory should be written out. Nothing is, unless a sink prints.
    ///
    /// # Errors
    /// When the output cannot be written.
    fn idle(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// What it has a use for. With [`Wanted::Findings`] only notes matter: packets of which nothing is said are not handed
    /// over, the others without octets and context.
    fn wanted(&self) -> Wanted {
        Wanted::All
    }

    /// Appends what is printed of a packet whose notes are final to `out`, although packets before it still wait; it comes
    /// back through [`Sink::lines`] in its turn. False, with nothing appended, if the sink wants packets in order only.
    fn line_early(&mut self, _judged: &Judged<'_, '_>, _out: &mut Vec<u8>) -> bool {
        false
    }

    /// Takes what [`Sink::line_early`] appended for one packet or for several in a row; `late` is what was said meanwhile of
    /// the last of them, and `has_notes` tells if anything was said of it before.
    ///
    /// # Errors
    /// When the output cannot be written.
    fn lines(&mut self, _lines: &[u8], _late: &[Note], _has_notes: bool) -> io::Result<()> {
        Ok(())
    }
}

/// What happens to packets whose verdicts are not final.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Patience {
    /// They wait, in order, until their verdicts are final.
    #[default]
    Hold,
    /// They go on at once; corrections follow.
    Live,
}

/// What a filter says of a packet before it is decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// It goes on.
    Take,
    /// It is left out, as if it had not been captured.
    Leave,
    /// It and all after it are left out: the filter makes no sense for them.
    Stop,
}

/// Why a run ended early.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The source cannot go on.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The output cannot be written.
    #[error(transparent)]
    Output(#[from] io::Error),
}

/// Runs `source` to its end: every packet that `gate` takes is decoded, analyzed and handed to `sink`.
///
/// # Errors
/// When the source cannot go on or the output cannot be written; what was judged before has been handed over.
pub fn run(
    source: &mut dyn PacketSource,
    gate: Option<&dyn Fn(&RawPacket<'_>) -> Gate>,
    analyzer: &mut Analyzer,
    sink: &mut dyn Sink,
    patience: Patience,
) -> Result<(), RunError> {
    let mut notes = Notes::for_reader(sink.wanted());
    let mut queue = Queue::new(patience);
    let mut broken = None;
    loop {
        let item = match source.next_item() {
            Ok(Some(item)) => item,
            Ok(None) => break,
            Err(error) => {
                broken = Some(error);
                break;
            }
        };
        let flow = match item {
            Item::Packet(raw) => {
                match gate.map_or(Gate::Take, |gate| gate(&raw)) {
                    Gate::Take => {}
                    Gate::Leave => continue,
                    Gate::Stop => break,
                }
                notes.clear();
                let packet = Packet::decode(raw);
                analyzer.observe(&packet, &mut notes);
                queue.packet(&packet, &mut notes.fresh, &mut notes.settled, notes.context, sink)?
            }
            Item::Remark(remark) => {
                analyzer.remark(&remark);
                queue.remark(remark, sink)?
            }
            Item::Idle => {
                sink.idle()?;
                ControlFlow::Continue(())
            }
        };
        if flow.is_break() {
            return Ok(());
        }
    }
    notes.clear();
    analyzer.finish(&mut notes);
    queue.finish(&mut notes, sink)?;
    broken.map_or(Ok(()), |error| Err(error.into()))
}
