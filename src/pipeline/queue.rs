//! Packets that wait in order until what is said of them is final.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::ops::ControlFlow;

use super::held_text::HeldText;
use super::{Patience, Sink};
use crate::analysis::{Context, Judged, Note, Notes, Settlement, Wanted};
use crate::base::limits::{MAX_HELD_OCTETS, MAX_HELD_PACKETS};
use crate::packet::{Meta, Packet, RawPacket, Remark};

/// Packets and remarks that wait behind a verdict.
#[derive(Debug, Default)]
pub(super) struct Queue {
    patience: Patience,
    held: VecDeque<Held>,
    octets: usize,
    /// Packets that were handed over. Their memory serves the next ones: in a capture of many connections something
    /// nearly always waits, and every packet goes through the queue.
    #[expect(clippy::vec_box, reason = "the boxes themselves are used again")]
    spare: Vec<Box<HeldPacket>>,
    /// Lines that are printed as soon as it is their turn, one after another.
    text: HeldText,
    /// What was said of those lines since, by the numbers of their packets.
    late: BTreeMap<u64, Vec<Note>>,
}

/// A packet of more octets than this takes its memory with it when it leaves the queue.
const MAX_SPARE_LEN: usize = 4096;

/// Thousands of these wait, and each packet is one: small is quick.
#[derive(Debug)]
enum Held {
    /// A packet, its number, and how many of its notes are not final: what the queue asks for without looking further.
    Packet(Box<HeldPacket>, u64, u32),
    /// A packet of which the line is all that is still needed.
    Line(HeldLine),
    Remark(Box<Remark>),
}

#[derive(Clone, Copy, Debug)]
struct HeldLine {
    number: u64,
    len: u32,
    has_notes: bool,
    /// True if something was said of it since.
    has_late: bool,
}

#[derive(Debug)]
struct HeldPacket {
    meta: Meta,
    bytes: Vec<u8>,
    notes: Vec<Note>,
    context: Context,
}

impl Held {
    fn is_final(&self) -> bool {
        match self {
            Held::Packet(_, _, pending) => *pending == 0,
            Held::Line(_) | Held::Remark(_) => true,
        }
    }

    fn len(&self) -> usize {
        match self {
            Held::Packet(packet, ..) => packet.bytes.len(),
            Held::Line(line) => line.len as usize,
            Held::Remark(remark) => remark.text.len(),
        }
    }

    fn number(&self) -> Option<u64> {
        match self {
            Held::Packet(_, number, _) => Some(*number),
            Held::Line(line) => Some(line.number),
            Held::Remark(_) => None,
        }
    }
}

/// What a sink answers.
pub(super) type Flow = io::Result<ControlFlow<()>>;

impl Queue {
    /// An empty queue.
    pub(super) fn new(patience: Patience) -> Queue {
        Queue { patience, ..Queue::default() }
    }

    /// Takes a packet with what was said when it was observed. The notes stay where they are, unless they have to wait.
    pub(super) fn packet(
        &mut self,
        packet: &Packet<'_>,
        fresh: &mut [Note],
        settled: &mut [Settlement],
        context: Context,
        sink: &mut dyn Sink,
    ) -> Flow {
        let number = packet.meta.number;
        let (mut pending, mut has_late) = (0, false);
        for note in fresh.iter() {
            pending += u32::from(note.pending);
            has_late |= note.packet != number;
        }
        if !settled.is_empty() || has_late {
            self.settle(settled, sink)?;
            if has_late {
                let (late, mut own): (Vec<Note>, Vec<Note>) =
                    fresh.iter_mut().map(moved).partition(|note| note.packet != number);
                late.into_iter().try_for_each(|note| self.late_note(note, sink))?;
                if self.release(false, sink)?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
                return self.packet(packet, &mut own, &mut [], context, sink);
            }
            if self.release(false, sink)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        let notes_only = sink.wanted() == Wanted::Findings;
        if notes_only && fresh.is_empty() {
            return Ok(ControlFlow::Continue(()));
        }
        let judged = Judged { packet, notes: fresh, context };
        if self.patience != Patience::Hold || self.held.is_empty() && pending == 0 {
            return sink.packet(&judged);
        }
        if pending == 0 {
            let text = self.text.end();
            let start = text.len();
            if sink.line_early(&judged, text) {
                let (len, has_notes) = ((text.len() - start) as u32, !fresh.is_empty());
                self.push(Held::Line(HeldLine { number, len, has_notes, has_late: false }));
                return self.shorten(sink);
            }
        }
        let mut held = match self.spare.pop() {
            Some(spare) => spare,
            None => Box::new(HeldPacket { meta: packet.meta, bytes: Vec::new(), notes: Vec::new(), context }),
        };
        held.meta = packet.meta;
        held.context = context;
        if !notes_only {
            held.bytes.extend_from_slice(packet.frame.bytes());
        }
        // Those of a packet that waits stay where they are, so no room is taken for more.
        held.notes.reserve_exact(fresh.len());
        held.notes.extend(fresh.iter_mut().map(moved));
        self.push(Held::Packet(held, number, pending));
        self.shorten(sink)
    }

    pub(super) fn remark(&mut self, remark: Remark, sink: &mut dyn Sink) -> Flow {
        if self.held.is_empty() {
            sink.remark(&remark)?;
        } else {
            self.push(Held::Remark(Box::new(remark)));
        }
        Ok(ControlFlow::Continue(()))
    }

    pub(super) fn finish(&mut self, notes: &mut Notes, sink: &mut dyn Sink) -> io::Result<()> {
        self.settle(&mut notes.settled, sink)?;
        notes.settled.clear();
        for note in std::mem::take(&mut notes.fresh) {
            self.late_note(note, sink)?;
        }
        self.release(true, sink).map(drop)
    }

    fn push(&mut self, held: Held) {
        self.octets += held.len();
        self.held.push_back(held);
    }

    fn is_too_long(&self) -> bool {
        self.held.len() > MAX_HELD_PACKETS || self.octets > MAX_HELD_OCTETS
    }

    /// After something was put behind a front that is not final: hands over the front if the queue is too long.
    #[inline]
    fn shorten(&mut self, sink: &mut dyn Sink) -> Flow {
        if self.is_too_long() { self.release(false, sink) } else { Ok(ControlFlow::Continue(())) }
    }

    /// Hands over the front of the queue as far as it is final, or too long, or all of it.
    fn release(&mut self, all: bool, sink: &mut dyn Sink) -> Flow {
        while let Some(front) = self.held.front() {
            if !(all || front.is_final() || self.is_too_long()) {
                break;
            }
            let Some(front) = self.held.pop_front() else { break };
            self.octets -= front.len();
            match front {
                Held::Line(line) => self.release_lines(line, sink)?,
                Held::Remark(remark) => sink.remark(&remark)?,
                Held::Packet(mut held, ..) => {
                    let flow = {
                        let packet = Packet::decode(RawPacket { meta: held.meta, bytes: &held.bytes });
                        let judged = Judged { packet: &packet, notes: &held.notes, context: held.context };
                        sink.packet(&judged)?
                    };
                    if flow.is_break() {
                        return Ok(flow);
                    }
                    if held.bytes.capacity() <= MAX_SPARE_LEN {
                        held.bytes.clear();
                        held.notes.clear();
                        self.spare.push(held);
                    }
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Hands over a line that has left the queue, and those that follow it directly.
    fn release_lines(&mut self, first: HeldLine, sink: &mut dyn Sink) -> io::Result<()> {
        let text = self.text.front();
        let (mut last, mut len, mut count) = (first, first.len as usize, 0);
        for held in &self.held {
            let Held::Line(line) = held else { break };
            if last.has_late || len >= text.len() {
                break;
            }
            last = *line;
            len += last.len as usize;
            count += 1;
        }
        self.held.drain(..count);
        self.octets -= len - first.len as usize;
        let late = if last.has_late { self.late.remove(&last.number).unwrap_or_default() } else { Vec::new() };
        sink.lines(&text[..len], &late, last.has_notes)?;
        self.text.take(len);
        Ok(())
    }

    /// Applies final verdicts to the packets that wait for them.
    fn settle(&mut self, settled: &mut [Settlement], sink: &mut dyn Sink) -> io::Result<()> {
        for Settlement { packet, entry, becomes } in settled {
            match (self.find(*packet), becomes.take()) {
                (Some(Held::Packet(held, _, pending)), becomes) => {
                    if let Some(note) =
                        held.notes.iter_mut().find(|note| note.pending && std::ptr::eq(note.entry, *entry))
                    {
                        match becomes {
                            Some(becomes) => *note = becomes,
                            None => note.pending = false,
                        }
                        *pending -= u32::from(!note.pending);
                    }
                }
                (Some(Held::Line(line)), Some(note)) => {
                    line.has_late = true;
                    self.late.entry(*packet).or_default().push(note);
                }
                (_, Some(note)) => sink.late_note(&note)?,
                (_, None) => {}
            }
        }
        Ok(())
    }

    fn late_note(&mut self, note: Note, sink: &mut dyn Sink) -> io::Result<()> {
        match self.find(note.packet) {
            Some(Held::Packet(held, _, pending)) => {
                *pending += u32::from(note.pending);
                held.notes.push(note);
            }
            Some(Held::Line(line)) => {
                line.has_late = true;
                self.late.entry(note.packet).or_default().push(note);
            }
            _ => sink.late_note(&note)?,
        }
        Ok(())
    }

    /// The waiting packet of that number; numbers ascend in the queue.
    fn find(&mut self, number: u64) -> Option<&mut Held> {
        if self.held.iter().rev().find_map(Held::number).is_none_or(|last| number > last) {
            return None;
        }
        // Mostly every packet is here, and its number tells its place: one look, where a search looks at many.
        let first = self.held.front().and_then(Held::number).unwrap_or(0);
        let place = number.checked_sub(first).and_then(|place| usize::try_from(place).ok()).unwrap_or(usize::MAX);
        if self.held.get(place).is_some_and(|held| held.number() == Some(number)) {
            return self.held.get_mut(place);
        }
        // Remarks are rare, so a step over them costs nothing; the search itself is by halves.
        let (mut low, mut high) = (0, self.held.len());
        while low < high {
            let middle = (low + high) / 2;
            let mut probe = middle;
            while probe < high && self.held[probe].number().is_none() {
                probe += 1;
            }
            if probe == high || self.held[probe].number().is_some_and(|found| found > number) {
                high = middle;
            } else if self.held[probe].number() == Some(number) {
                low = probe;
                break;
            } else {
                low = probe + 1;
            }
        }
        self.held.get_mut(low).filter(|held| held.number() == Some(number))
    }
}

/// Takes a note out of memory that is emptied anyhow.
fn moved(note: &mut Note) -> Note {
    std::mem::replace(note, Note::new(note.entry, note.packet, note.at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Confidence, Entry, Severity};
    use crate::base::Timestamp;
    use crate::packet::RemarkKind;
    use crate::wire::LinkType;

    static GUESS: Entry = Entry { code: "guess", rule: "X", severity: Severity::Note, line: "guess", explanation: "" };
    static PROOF: Entry = Entry { code: "proof", rule: "X", severity: Severity::Note, line: "proof", explanation: "" };

    #[derive(Default)]
    struct Log(Vec<String>);

    impl Sink for Log {
        fn packet(&mut self, judged: &Judged<'_, '_>) -> io::Result<ControlFlow<()>> {
            let codes: Vec<_> = judged.notes.iter().map(|note| note.code()).collect();
            self.0.push(format!("{} {}", judged.packet.meta.number, codes.join(",")));
            Ok(ControlFlow::Continue(()))
        }

        fn remark(&mut self, remark: &Remark) -> io::Result<()> {
            self.0.push(format!("remark {}", remark.text));
            Ok(())
        }

        fn late_note(&mut self, note: &Note) -> io::Result<()> {
            self.0.push(format!("late {} {}", note.packet, note.code()));
            Ok(())
        }
    }

    fn put(queue: &mut Queue, packet: &Packet<'_>, notes: &mut Notes, sink: &mut dyn Sink) -> Flow {
        queue.packet(packet, &mut notes.fresh, &mut notes.settled, notes.context, sink)
    }

    fn step(queue: &mut Queue, number: u64, notes: &mut Notes, log: &mut Log) {
        let meta = Meta::new(number, Timestamp::ZERO, LinkType::ETHERNET, 1);
        let packet = Packet::decode(RawPacket { meta, bytes: &[0] });
        assert!(put(queue, &packet, notes, log).expect("the log takes all").is_continue());
        notes.clear();
    }

    fn pending(number: u64) -> Note {
        let mut note = Note::new(&GUESS, number, Timestamp::ZERO).sure(Confidence::Probable);
        note.pending = true;
        note
    }

    #[test]
    fn packets_wait_in_order_behind_a_pending_verdict() {
        let (mut queue, mut notes, mut log) = (Queue::default(), Notes::default(), Log::default());
        step(&mut queue, 1, &mut notes, &mut log);
        notes.say(pending(2));
        step(&mut queue, 2, &mut notes, &mut log);
        let remark = Remark { packet: None, at: None, kind: RemarkKind::Comment, text: "c".into() };
        assert!(queue.remark(remark, &mut log).expect("the log takes all").is_continue());
        step(&mut queue, 3, &mut notes, &mut log);
        assert_eq!(log.0, ["1 "]);
        let becomes = Some(Note::new(&PROOF, 2, Timestamp::ZERO));
        notes.settled.push(Settlement { packet: 2, entry: &GUESS, becomes });
        step(&mut queue, 4, &mut notes, &mut log);
        assert_eq!(log.0, ["1 ", "2 proof", "remark c", "3 ", "4 "]);
    }

    #[test]
    fn a_sink_of_notes_gets_only_packets_of_which_something_is_said() {
        struct NotesOnly(Log);
        impl Sink for NotesOnly {
            fn packet(&mut self, judged: &Judged<'_, '_>) -> io::Result<ControlFlow<()>> {
                self.0.packet(judged)
            }
            fn remark(&mut self, remark: &Remark) -> io::Result<()> {
                self.0.remark(remark)
            }
            fn late_note(&mut self, note: &Note) -> io::Result<()> {
                self.0.late_note(note)
            }
            fn wanted(&self) -> Wanted {
                Wanted::Findings
            }
        }
        let (mut queue, mut notes, mut sink) = (Queue::default(), Notes::default(), NotesOnly(Log::default()));
        for number in 1..=4 {
            let meta = Meta::new(number, Timestamp::ZERO, LinkType::ETHERNET, 1);
            let packet = Packet::decode(RawPacket { meta, bytes: &[0] });
            if number == 2 {
                notes.say(pending(2));
            }
            if number == 4 {
                let becomes = Some(Note::new(&PROOF, 2, Timestamp::ZERO));
                notes.settled.push(Settlement { packet: 2, entry: &GUESS, becomes });
            }
            assert!(put(&mut queue, &packet, &mut notes, &mut sink).expect("the log takes all").is_continue());
            notes.clear();
        }
        queue.finish(&mut notes, &mut sink).expect("the log takes all");
        assert_eq!(sink.0.0, ["2 proof"]);
    }

    #[test]
    fn live_a_correction_follows_its_packet() {
        let mut queue = Queue { patience: Patience::Live, ..Queue::default() };
        let (mut notes, mut log) = (Notes::default(), Log::default());
        notes.say(pending(1));
        step(&mut queue, 1, &mut notes, &mut log);
        let becomes = Some(Note::new(&PROOF, 1, Timestamp::ZERO));
        notes.settled.push(Settlement { packet: 1, entry: &GUESS, becomes });
        step(&mut queue, 2, &mut notes, &mut log);
        assert_eq!(log.0, ["1 guess", "late 1 proof", "2 "]);
    }

    #[test]
    fn lines_made_early_come_in_order_with_what_was_said_of_them_since() {
        #[derive(Default)]
        struct Early(Log);
        impl Sink for Early {
            fn packet(&mut self, judged: &Judged<'_, '_>) -> io::Result<ControlFlow<()>> {
                self.0.packet(judged)
            }
            fn remark(&mut self, remark: &Remark) -> io::Result<()> {
                self.0.remark(remark)
            }
            fn late_note(&mut self, note: &Note) -> io::Result<()> {
                self.0.late_note(note)
            }
            fn line_early(&mut self, judged: &Judged<'_, '_>, out: &mut Vec<u8>) -> bool {
                out.extend_from_slice(format!("early {};", judged.packet.meta.number).as_bytes());
                true
            }
            fn lines(&mut self, lines: &[u8], late: &[Note], has_notes: bool) -> io::Result<()> {
                assert!(!has_notes);
                let late: String = late.iter().map(Note::code).collect();
                self.0.0.push(format!("{}{late}", String::from_utf8_lossy(lines)));
                Ok(())
            }
        }
        let (mut queue, mut notes, mut sink) = (Queue::default(), Notes::default(), Early::default());
        for number in 1..=7u64 {
            let meta = Meta::new(number, Timestamp::ZERO, LinkType::ETHERNET, 1);
            let packet = Packet::decode(RawPacket { meta, bytes: &[0] });
            match number {
                1 | 5 => notes.say(pending(number)),
                4 => notes.say(Note::new(&PROOF, 3, Timestamp::ZERO)),
                7 => notes.settled.extend([1, 5].map(|packet| Settlement { packet, entry: &GUESS, becomes: None })),
                _ => {}
            }
            assert!(put(&mut queue, &packet, &mut notes, &mut sink).expect("the log takes all").is_continue());
            notes.clear();
        }
        queue.finish(&mut notes, &mut sink).expect("the log takes all");
        assert_eq!(sink.0.0, ["1 guess", "early 2;early 3;proof", "early 4;", "5 guess", "early 6;", "7 "]);
        assert_eq!((queue.octets, queue.text.len()), (0, 0));
    }

    #[test]
    fn the_queue_is_bounded_and_the_end_empties_it() {
        let (mut queue, mut notes, mut log) = (Queue::default(), Notes::default(), Log::default());
        for number in 1..=(MAX_HELD_PACKETS as u64 + 2) {
            notes.say(pending(number));
            step(&mut queue, number, &mut notes, &mut log);
        }
        assert_eq!(log.0, ["1 guess", "2 guess"]);
        queue.finish(&mut notes, &mut log).expect("the log takes all");
        assert_eq!(log.0.len(), MAX_HELD_PACKETS + 2);
    }
}
