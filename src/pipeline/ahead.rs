//! The same loop on several processors: one thread reads, one decodes and analyzes, one hands over; each goes ahead of the
//! next. Without analysis there are two.
//!
//! What is said of a packet depends only on the packets before it, and the order is kept; so the output is the same, octet
//! by octet. Packets travel in parcels, for handing over each by itself would cost more than it gains. A parcel is filled
//! by the first thread, what is said is put in by the second, and the third empties it and sends it back.

use std::cell::RefCell;
use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, Scope, ScopedJoinHandle};

use smallvec::SmallVec;

use super::queue::Queue;
use super::{Gate, Patience, RunError, Sink, run};
use crate::analysis::{Analyzer, Context, FORESEEN_PACKETS, Note, Notes, Settlement, Wanted};
use crate::base::limits::{MAX_PARCEL_OCTETS, MAX_PARCEL_PACKETS, MAX_PARCELS};
use crate::packet::{Item, Meta, Packet, PacketSource, RawPacket, Remark, SourceError};

/// A filter that may be asked on another thread.
pub type MovableGate<'g> = &'g mut (dyn FnMut(&RawPacket<'_>) -> Gate + Send);

/// Runs `source` to its end like [`run`] with [`Patience::Hold`], on several processors if there are more than one.
///
/// The source is read ahead of `sink`, so this is not for one that waits for its packets, nor for a sink that ends a run
/// before the end of its source: how far the source was read then depends on the machine.
///
/// # Errors
/// As [`run`].
pub fn run_ahead(
    source: &mut (dyn PacketSource + Send),
    gate: Option<MovableGate<'_>>,
    analyzer: &mut Analyzer,
    sink: &mut dyn Sink,
) -> Result<(), RunError> {
    if thread::available_parallelism().is_ok_and(|processors| processors.get() >= 2) {
        return on_threads(source, gate, analyzer, sink);
    }
    match gate.map(RefCell::new) {
        None => run(source, None, analyzer, sink, Patience::Hold),
        Some(gate) => {
            let gate = |raw: &RawPacket<'_>| gate.borrow_mut()(raw);
            run(source, Some(&gate), analyzer, sink, Patience::Hold)
        }
    }
}

fn on_threads(
    source: &mut (dyn PacketSource + Send),
    gate: Option<MovableGate<'_>>,
    analyzer: &mut Analyzer,
    sink: &mut dyn Sink,
) -> Result<(), RunError> {
    let (to_analysis, read) = sync_channel(MAX_PARCELS);
    let (to_sink, analyzed) = sync_channel(MAX_PARCELS);
    let (emptied, empty) = sync_channel(2 * MAX_PARCELS);
    let wanted = sink.wanted();
    thread::scope(|scope| {
        let reading = spawn(scope, "reading", move || fill(source, gate, &to_analysis, &empty))?;
        let (analysis, parcels) = if analyzer.is_silent() {
            (None, read)
        } else {
            let emptied = emptied.clone();
            let work = move || analyze(analyzer, wanted, &read, &to_sink, &emptied);
            (Some(spawn(scope, "analysis", work)?), analyzed)
        };
        let handed = hand_over(sink, &parcels, &emptied);
        // Nobody takes parcels any more: the threads ahead stop at their next.
        drop((parcels, emptied));
        let broken = join(reading);
        analysis.into_iter().for_each(join);
        handed?;
        broken.map_or(Ok(()), |error| Err(error.into()))
    })
}

fn spawn<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    name: &str,
    work: impl FnOnce() -> T + Send + 'scope,
) -> Result<ScopedJoinHandle<'scope, T>, SourceError> {
    thread::Builder::new().name(name.to_owned()).spawn_scoped(scope, work).map_err(|error| {
        let sentence =
            format!("the system allows no more threads ({error}); with one processor (taskset 1) none is needed");
        SourceError::caused_by(sentence, error)
    })
}

fn join<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// What is in a parcel, in order.
enum Thing {
    Packet {
        meta: Meta,
        len: usize,
        said: Said,
    },
    Remark(Remark),
    Idle,
    /// The end of the source. What is left to say is behind everything else.
    End,
}

impl Thing {
    /// The packet, if it is one, whose octets come next in `octets`.
    fn packet<'a>(&self, octets: &mut &'a [u8]) -> Option<Packet<'a>> {
        let Thing::Packet { meta, len, .. } = self else { return None };
        let (bytes, rest) = octets.split_at_checked(*len)?;
        *octets = rest;
        Some(Packet::decode(RawPacket { meta: *meta, bytes }))
    }
}

/// What is said of a packet: how many of the parcel's next notes and settlements are about it.
#[derive(Clone, Copy, Default)]
struct Said {
    context: Context,
    fresh: usize,
    settled: usize,
}

/// Packets with what is said of them.
#[derive(Default)]
struct Parcel {
    things: Vec<Thing>,
    octets: Vec<u8>,
    fresh: Vec<Note>,
    settled: Vec<Settlement>,
}

impl Parcel {
    fn is_full(&self) -> bool {
        self.things.len() >= MAX_PARCEL_PACKETS || self.octets.len() >= MAX_PARCEL_OCTETS
    }
}

/// The first thread: packs what `source` yields, to its end or until nobody takes parcels any more.
fn fill(
    source: &mut (dyn PacketSource + Send),
    mut gate: Option<MovableGate<'_>>,
    full: &SyncSender<Parcel>,
    empty: &Receiver<Parcel>,
) -> Option<SourceError> {
    let mut parcel = Parcel::default();
    let broken = loop {
        let thing = match source.next_item() {
            Ok(Some(Item::Packet(raw))) => {
                match gate.as_mut().map_or(Gate::Take, |gate| gate(&raw)) {
                    Gate::Take => {}
                    Gate::Leave => continue,
                    Gate::Stop => break None,
                }
                parcel.octets.extend_from_slice(raw.bytes);
                Thing::Packet { meta: raw.meta, len: raw.bytes.len(), said: Said::default() }
            }
            Ok(Some(Item::Remark(remark))) => Thing::Remark(remark),
            Ok(Some(Item::Idle)) => Thing::Idle,
            Ok(None) => break None,
            Err(error) => break Some(error),
        };
        parcel.things.push(thing);
        if parcel.is_full() {
            let next = empty.try_recv().unwrap_or_default();
            if full.send(std::mem::replace(&mut parcel, next)).is_err() {
                return None;
            }
        }
    };
    parcel.things.push(Thing::End);
    // Whoever takes nothing any more needs no end either.
    let _ = full.send(parcel);
    broken
}

/// The second thread: puts in what there is to say of each packet. What is worth no word of findings goes back at once.
fn analyze(
    analyzer: &mut Analyzer,
    wanted: Wanted,
    full: &Receiver<Parcel>,
    analyzed: &SyncSender<Parcel>,
    emptied: &SyncSender<Parcel>,
) {
    let mut notes = Notes::for_reader(wanted);
    for mut parcel in full {
        let mut octets = parcel.octets.as_slice();
        for things in parcel.things.chunks_mut(FORESEEN_PACKETS) {
            let packets: SmallVec<[Packet<'_>; FORESEEN_PACKETS]> =
                things.iter().filter_map(|thing| thing.packet(&mut octets)).collect();
            analyzer.foresee(&packets);
            let mut packets = packets.iter();
            for thing in things {
                match thing {
                    Thing::Packet { said, .. } => {
                        let Some(packet) = packets.next() else { break };
                        notes.clear();
                        analyzer.observe(packet, &mut notes);
                        *said = Said { context: notes.context, fresh: notes.fresh.len(), settled: notes.settled.len() };
                    }
                    Thing::Remark(remark) => {
                        analyzer.remark(remark);
                        continue;
                    }
                    Thing::Idle => continue,
                    Thing::End => {
                        notes.clear();
                        analyzer.finish(&mut notes);
                    }
                }
                parcel.fresh.append(&mut notes.fresh);
                parcel.settled.append(&mut notes.settled);
            }
        }
        if wanted == Wanted::Findings {
            parcel
                .things
                .retain(|thing| !matches!(thing, Thing::Packet { said: Said { fresh: 0, settled: 0, .. }, .. }));
        }
        if parcel.things.is_empty() {
            // There is nothing to hand over, and nobody need be woken for it.
            parcel.octets.clear();
            let _ = emptied.try_send(parcel);
        } else if analyzed.send(parcel).is_err() {
            return;
        }
    }
}

/// The third thread, the caller's own: hands over what comes, until the end or until the sink has enough.
fn hand_over(sink: &mut dyn Sink, analyzed: &Receiver<Parcel>, emptied: &SyncSender<Parcel>) -> io::Result<()> {
    let mut queue = Queue::default();
    let mut notes = Notes::default();
    let notes_only = sink.wanted() == Wanted::Findings;
    for mut parcel in analyzed {
        let Parcel { things, octets, fresh, settled } = &mut parcel;
        let (mut fresh, mut settled) = (fresh.drain(..), settled.drain(..));
        let mut start = 0;
        for thing in things.drain(..) {
            let flow = match thing {
                Thing::Packet { meta, len, said } => {
                    notes.clear();
                    notes.context = said.context;
                    // Those of a packet that waits stay where they are, so no room is taken for more.
                    notes.fresh.reserve_exact(said.fresh);
                    notes.fresh.extend(fresh.by_ref().take(said.fresh));
                    notes.settled.extend(settled.by_ref().take(said.settled));
                    let bytes = if notes_only { &[] } else { &octets[start..start + len] };
                    start += len;
                    queue.packet(&Packet::decode(RawPacket { meta, bytes }), &mut notes, sink)?
                }
                Thing::Remark(remark) => queue.remark(remark, sink)?,
                Thing::Idle => {
                    sink.idle()?;
                    continue;
                }
                Thing::End => {
                    notes.clear();
                    notes.fresh.extend(fresh.by_ref());
                    notes.settled.extend(settled.by_ref());
                    return queue.finish(&mut notes, sink);
                }
            };
            if flow.is_break() {
                return Ok(());
            }
        }
        drop((fresh, settled));
        octets.clear();
        // A source that has ended needs no more parcels.
        let _ = emptied.try_send(parcel);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use super::*;
    use crate::analysis::Judged;
    use crate::base::{MacAddr, Timestamp};
    use crate::packet::RemarkKind;
    use crate::wire::build::{FrameBuilder, Ipv4Fields, TcpFields};
    use crate::wire::{LinkType, TcpFlags};

    /// Many connections at once, with data that comes late or again, so that verdicts wait and settle.
    struct Source {
        left: u32,
        bytes: Vec<u8>,
        breaks: bool,
    }

    impl Source {
        fn new(packets: u32, breaks: bool) -> Source {
            Source { left: packets, bytes: Vec::new(), breaks }
        }
    }

    impl PacketSource for Source {
        fn next_item(&mut self) -> Result<Option<Item<'_>>, SourceError> {
            if self.left == 0 {
                return if self.breaks { Err(SourceError::new("the disk is gone")) } else { Ok(None) };
            }
            self.left -= 1;
            let number = u64::from(100_000 - self.left);
            if number.is_multiple_of(37) {
                let text = format!("before {number}");
                return Ok(Some(Item::Remark(Remark { packet: None, at: None, kind: RemarkKind::Comment, text })));
            }
            let (client, step) = ((number % 11) as u16, (number / 11) as u32);
            let (a, b) = (MacAddr([0, 0, 0x5e, 0, 0x53, 1]), MacAddr([0, 0, 0x5e, 0, 0x53, 2]));
            // Every seventh segment comes two places late, every ninth again.
            let place = if step.is_multiple_of(7) { step + 2 } else { step - u32::from(step.is_multiple_of(9)) };
            let tcp = TcpFields { sequence: 100 * place, flags: TcpFlags::ACK, ..TcpFields::new(40_000 + client, 80) };
            let ip = Ipv4Fields::new([192, 0, 2, 1], [198, 51, 100, 2]);
            self.bytes = FrameBuilder::ethernet(a, b).ipv4(ip).tcp(tcp).payload(&[b'x'; 100]).finish();
            let at = Timestamp::from_nanos(number * 1_000_000);
            let meta = Meta::new(number, at, LinkType::ETHERNET, self.bytes.len() as u32);
            Ok(Some(Item::Packet(RawPacket { meta, bytes: &self.bytes })))
        }
    }

    #[derive(Default)]
    struct Log {
        lines: Vec<String>,
        most: Option<usize>,
        notes_only: bool,
    }

    impl Sink for Log {
        fn packet(&mut self, judged: &Judged<'_, '_>) -> io::Result<ControlFlow<()>> {
            let octets = if self.notes_only { 0 } else { judged.packet.frame.bytes().len() };
            let said = (judged.packet.meta, octets, judged.context, judged.notes);
            self.lines.push(format!("{said:?}"));
            let is_enough = self.most.is_some_and(|most| self.lines.len() >= most);
            Ok(if is_enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        }

        fn remark(&mut self, remark: &Remark) -> io::Result<()> {
            self.lines.push(remark.text.clone());
            Ok(())
        }

        fn late_note(&mut self, note: &Note) -> io::Result<()> {
            self.lines.push(format!("late {note:?}"));
            Ok(())
        }

        fn wanted(&self) -> Wanted {
            if self.notes_only { Wanted::Findings } else { Wanted::All }
        }
    }

    #[test]
    fn several_threads_say_the_same_as_one_in_the_same_order() {
        for (notes_only, breaks) in [(false, false), (true, false), (false, true)] {
            let [mut one, mut two] = [(); 2].map(|()| Log { notes_only, ..Log::default() });
            let of_one =
                run(&mut Source::new(5000, breaks), None, &mut Analyzer::new(), &mut one, Patience::Hold).map_err(said);
            let of_two = on_threads(&mut Source::new(5000, breaks), None, &mut Analyzer::new(), &mut two).map_err(said);
            assert_eq!(of_one, of_two);
            assert_eq!(of_one.is_err(), breaks);
            assert!(one.lines.iter().any(|line| line.contains("tcp-retransmission")), "nothing to wait for");
            assert_eq!(one.lines, two.lines);
        }
    }

    fn said(error: RunError) -> String {
        error.to_string()
    }

    #[test]
    fn a_sink_that_has_enough_ends_all_threads() {
        let mut log = Log { most: Some(300), ..Log::default() };
        on_threads(&mut Source::new(90_000, true), None, &mut Analyzer::new(), &mut log)
            .expect("the end was not reached");
        assert_eq!(log.lines.len(), 300);
    }

    #[test]
    fn a_filter_leaves_out_and_stops_as_on_one_thread() {
        let verdict = |raw: &RawPacket<'_>| match raw.meta.number {
            number if number > 98_000 => Gate::Stop,
            number if number.is_multiple_of(3) => Gate::Leave,
            _ => Gate::Take,
        };
        let (mut one, mut two) = (Log::default(), Log::default());
        run(&mut Source::new(5000, true), Some(&verdict), &mut Analyzer::new(), &mut one, Patience::Hold)
            .expect("the end was not reached");
        on_threads(&mut Source::new(5000, true), Some(&mut { verdict }), &mut Analyzer::new(), &mut two)
            .expect("the end was not reached");
        assert!(one.lines.len() > 1000);
        assert_eq!(one.lines, two.lines);
    }
}
