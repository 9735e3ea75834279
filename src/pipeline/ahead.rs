//! The same loop on two processors: one thread reads, decodes and analyzes, and goes ahead of the other, which hands over.
//!
//! What is said of a packet depends only on the packets before it, and the order is kept; so the output is the same, octet
//! by octet. Packets travel in parcels, for handing over each by itself would cost more than it gains.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use super::queue::Queue;
use super::{Patience, RunError, Sink, run};
use crate::analysis::{Analyzer, Context, Note, Notes, Settlement};
use crate::base::limits::{MAX_PARCEL_OCTETS, MAX_PARCEL_PACKETS, MAX_PARCELS};
use crate::packet::{Item, Meta, Packet, PacketSource, RawPacket, Remark, SourceError};

/// Runs `source` to its end like [`run`] without a filter and with [`Patience::Hold`], on two processors if there are two.
///
/// The source is read ahead of `sink`, so this is not for one that waits for its packets, nor for a sink that ends a run
/// before the end of its source: how far the source was read then depends on the machine.
///
/// # Errors
/// As [`run`].
pub fn run_ahead(
    source: &mut (dyn PacketSource + Send),
    analyzer: &mut Analyzer,
    sink: &mut dyn Sink,
) -> Result<(), RunError> {
    if thread::available_parallelism().is_ok_and(|processors| processors.get() < 2) {
        return run(source, None, analyzer, sink, Patience::Hold);
    }
    on_two_threads(source, analyzer, sink)
}

fn on_two_threads(
    source: &mut (dyn PacketSource + Send),
    analyzer: &mut Analyzer,
    sink: &mut dyn Sink,
) -> Result<(), RunError> {
    let (sender, parcels) = sync_channel(MAX_PARCELS);
    let (empty, spare) = sync_channel(MAX_PARCELS + 2);
    let notes_only = sink.takes_notes_only();
    thread::scope(|scope| {
        let ahead = thread::Builder::new().name("analysis".to_owned());
        let packer = Packer { parcel: Parcel::default(), sender, spare, notes_only };
        let ahead = match ahead.spawn_scoped(scope, move || packer.run(source, analyzer)) {
            Ok(ahead) => ahead,
            Err(error) => {
                let sentence = format!("no second thread can be started: {error}");
                return Err(SourceError::caused_by(sentence, error).into());
            }
        };
        let mut queue = Queue::default();
        let mut notes = Notes::default();
        let mut handed = Ok(());
        for mut parcel in &parcels {
            match parcel.unpack(&mut queue, &mut notes, sink) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    handed = Err(error);
                    break;
                }
            }
            // A thread that has ended needs no more parcels.
            let _ = empty.try_send(parcel);
        }
        // Without a receiver the thread ahead stops at its next parcel.
        drop(parcels);
        let broken = match ahead.join() {
            Ok(broken) => broken,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        handed?;
        broken.map_or(Ok(()), |error| Err(error.into()))
    })
}

/// What is in a parcel, in order.
enum Thing {
    Packet {
        meta: Meta,
        len: usize,
        context: Context,
        fresh: usize,
        settled: usize,
    },
    Remark(Remark),
    Idle,
    /// The end of the source; notes that are left follow.
    End,
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

    fn clear(&mut self) {
        self.things.clear();
        self.octets.clear();
        self.fresh.clear();
        self.settled.clear();
    }

    /// Hands over everything; false if the sink wants no more.
    fn unpack(&mut self, queue: &mut Queue, notes: &mut Notes, sink: &mut dyn Sink) -> std::io::Result<bool> {
        let mut fresh = self.fresh.drain(..);
        let mut settled = self.settled.drain(..);
        let mut start = 0;
        for thing in self.things.drain(..) {
            let flow = match thing {
                Thing::Packet { meta, len, context, fresh: notes_len, settled: settled_len } => {
                    notes.clear();
                    notes.context = context;
                    notes.fresh.extend(fresh.by_ref().take(notes_len));
                    notes.settled.extend(settled.by_ref().take(settled_len));
                    let bytes = &self.octets[start..start + len];
                    start += len;
                    queue.packet(&Packet::decode(RawPacket { meta, bytes }), notes, sink)?
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
                    queue.finish(notes, sink)?;
                    return Ok(true);
                }
            };
            if flow.is_break() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The thread ahead: reads, analyzes, and packs what comes out of it.
struct Packer {
    parcel: Parcel,
    sender: SyncSender<Parcel>,
    spare: Receiver<Parcel>,
    notes_only: bool,
}

impl Packer {
    /// Runs to the end of the source, or until nobody takes parcels any more.
    fn run(mut self, source: &mut (dyn PacketSource + Send), analyzer: &mut Analyzer) -> Option<SourceError> {
        let mut notes = Notes::default();
        let broken = loop {
            let thing = match source.next_item() {
                Ok(Some(Item::Packet(raw))) => {
                    notes.clear();
                    let packet = Packet::decode(raw);
                    analyzer.observe(&packet, &mut notes);
                    let (fresh, settled) = (notes.fresh.len(), notes.settled.len());
                    if self.notes_only && fresh + settled == 0 {
                        continue;
                    }
                    let bytes = if self.notes_only { &[] } else { raw.bytes };
                    self.parcel.octets.extend_from_slice(bytes);
                    self.parcel.fresh.append(&mut notes.fresh);
                    self.parcel.settled.append(&mut notes.settled);
                    Thing::Packet { meta: raw.meta, len: bytes.len(), context: notes.context, fresh, settled }
                }
                Ok(Some(Item::Remark(remark))) => {
                    analyzer.remark(&remark);
                    Thing::Remark(remark)
                }
                Ok(Some(Item::Idle)) => Thing::Idle,
                Ok(None) => break None,
                Err(error) => break Some(error),
            };
            self.parcel.things.push(thing);
            if self.parcel.is_full() && !self.send() {
                return None;
            }
        };
        notes.clear();
        analyzer.finish(&mut notes);
        self.parcel.things.push(Thing::End);
        self.parcel.fresh.append(&mut notes.fresh);
        self.parcel.settled.append(&mut notes.settled);
        self.send();
        broken
    }

    /// Sends the parcel off; false if nobody takes it.
    fn send(&mut self) -> bool {
        let mut next = self.spare.try_recv().unwrap_or_default();
        next.clear();
        self.sender.send(std::mem::replace(&mut self.parcel, next)).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use std::io;
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

        fn idle(&mut self) -> io::Result<()> {
            Ok(())
        }

        fn takes_notes_only(&self) -> bool {
            self.notes_only
        }
    }

    #[test]
    fn two_threads_say_the_same_as_one_in_the_same_order() {
        for (notes_only, breaks) in [(false, false), (true, false), (false, true)] {
            let [mut one, mut two] = [(); 2].map(|()| Log { notes_only, ..Log::default() });
            let of_one =
                run(&mut Source::new(5000, breaks), None, &mut Analyzer::new(), &mut one, Patience::Hold).map_err(said);
            let of_two = on_two_threads(&mut Source::new(5000, breaks), &mut Analyzer::new(), &mut two).map_err(said);
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
    fn a_sink_that_has_enough_ends_both_threads() {
        let mut log = Log { most: Some(300), ..Log::default() };
        on_two_threads(&mut Source::new(90_000, true), &mut Analyzer::new(), &mut log)
            .expect("the end was not reached");
        assert_eq!(log.lines.len(), 300);
    }
}
