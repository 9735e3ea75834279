//! The same loop on several processors: one thread reads and judges packets by themselves, one judges them by their
//! connections, one hands over; each goes ahead of the next. Without analysis there are two.
//!
//! What is said of a packet depends only on the packets before it, and the order is kept; so the output is the same, octet
//! by octet. Packets travel in parcels, for handing over each by itself would cost more than it gains. A parcel is filled
//! by the first thread, what is said is put in by the first and the second, and the third empties it and sends it back.

mod connections;
mod parcel;
mod reading;

use std::cell::RefCell;
use std::io;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, Scope, ScopedJoinHandle};

use super::queue::Queue;
use super::{Gate, Patience, RunError, Sink, run};
use crate::analysis::{Analyzer, Notes, Wanted};
use crate::base::limits::MAX_PARCELS;
use crate::packet::{Packet, PacketSource, RawPacket, SourceError};
use parcel::{Parcel, Thing};
use reading::{Order, Reading};

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
    let (to_judge, orders) = sync_channel(MAX_PARCELS);
    let (to_sink, judged) = sync_channel(MAX_PARCELS);
    let (emptied, empty) = sync_channel(2 * MAX_PARCELS);
    let wanted = sink.wanted();
    let (by_packet, by_connection) = analyzer.stages().unzip();
    let reading =
        Reading { parcel: Parcel::default(), by_packet, by_connection: None, wanted, orders: to_judge, empty };
    thread::scope(|scope| {
        let reading = spawn(scope, "reading", move || reading.run(source, gate))?;
        let (judging, handed) = match by_connection {
            None => {
                let parcels = orders.into_iter().filter_map(Order::into_parcel);
                (None, hand_over(sink, parcels, &emptied))
            }
            Some(by_connection) => {
                let again = emptied.clone();
                let judging = spawn(scope, "connections", move || {
                    connections::run(by_connection, wanted, &orders, &to_sink, &again);
                })?;
                (Some(judging), hand_over(sink, judged.into_iter(), &emptied))
            }
        };
        // Nobody takes parcels any more: the threads ahead stop at their next.
        drop(emptied);
        let broken = join(reading);
        judging.into_iter().for_each(join);
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

/// The third thread, the caller's own: hands over what comes, until the end or until the sink has enough.
fn hand_over(
    sink: &mut dyn Sink,
    judged: impl Iterator<Item = Parcel>,
    emptied: &SyncSender<Parcel>,
) -> io::Result<()> {
    let mut queue = Queue::default();
    let notes_only = sink.wanted() == Wanted::Findings;
    for mut parcel in judged {
        let Parcel { things, octets, contexts, fresh, settled } = &mut parcel;
        let (mut notes_from, mut settled_from, mut start) = (0, 0, 0);
        let mut contexts_left = contexts.iter();
        for thing in things.drain(..) {
            let flow = match thing {
                Thing::Packet { meta, len, said, .. } => {
                    let bytes = if notes_only { &[] } else { &octets[start..start + len] };
                    start += len;
                    let packet = Packet::decode(RawPacket { meta, bytes });
                    let (notes_to, settled_to) =
                        (notes_from + said.fresh as usize, settled_from + said.settled as usize);
                    let notes = &mut fresh[notes_from..notes_to];
                    let verdicts = &mut settled[settled_from..settled_to];
                    (notes_from, settled_from) = (notes_to, settled_to);
                    let context = contexts_left.next().copied().unwrap_or_default();
                    queue.packet(&packet, notes, verdicts, context, sink)?
                }
                Thing::Remark(remark) => queue.remark(remark, sink)?,
                Thing::Idle => {
                    sink.idle()?;
                    continue;
                }
                Thing::End => {
                    let mut notes = Notes::default();
                    notes.fresh.extend(fresh.drain(notes_from..));
                    notes.settled.extend(settled.drain(settled_from..));
                    return queue.finish(&mut notes, sink);
                }
            };
            if flow.is_break() {
                return Ok(());
            }
        }
        fresh.clear();
        settled.clear();
        contexts.clear();
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
    use crate::analysis::{Judged, Note};
    use crate::base::{MacAddr, Timestamp};
    use crate::packet::{Item, Meta, Remark, RemarkKind};
    use crate::wire::build::{FrameBuilder, Ipv4Fields, TcpFields, TcpOption};
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
            // Some alone, then hundreds in a row, are copies of the one before; only their connection tells it.
            let is_copy = number.is_multiple_of(600) || (96_200..97_100).contains(&number) && number.is_multiple_of(2);
            if is_copy && self.bytes.len() > 100 {
                let at = Timestamp::from_nanos((number - 1) * 1_000_000 + 20_000);
                let meta = Meta::new(number, at, LinkType::ETHERNET, self.bytes.len() as u32);
                return Ok(Some(Item::Packet(RawPacket { meta, bytes: &self.bytes })));
            }
            let tcp = TcpFields { sequence: 100 * place, flags: TcpFlags::ACK, ..TcpFields::new(40_000 + client, 80) };
            let tcp = tcp.option(TcpOption::Timestamps(step, 1));
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
            let copies = one.lines.iter().filter(|line| line.contains("capture-duplicate")).count();
            assert!(notes_only || copies > 300, "{copies} copies: hardly a connection is asked for");
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
