//! What is said of pieces and datagrams, with the evidence.

use crate::analysis::catalogue::{Entry, fragments as entries};
use crate::analysis::note::{Fact, Note, Notes};
use crate::packet::Packet;
use crate::wire::ip_protocol_name;

use super::datagram::{Added, Datagram, Overlap, OverlapKind};
use super::seen::Seen;
use super::{LINUX_TIMER_NS, Stretch};

/// Holes listed in a sentence; the report has them all.
const HOLES_IN_WORDS: usize = 8;
/// Pieces that a note about a datagram cites; the report has them all.
const PIECES_AS_EVIDENCE: usize = 62;

/// Says what a piece is, and what is wrong with it.
pub(super) fn note_piece(packet: &Packet<'_>, seen: &Seen<'_>, datagram: &Datagram, added: Added, notes: &mut Notes) {
    let number = Fact::Count(datagram.number);
    let say = |entry| Note::new(entry, packet.meta.number, packet.meta.at).with("datagram", number.clone());
    let (first, last) = (seen.extent.start, seen.extent.end - 1);
    let mut note = say(&entries::PIECE)
        .with("first", Fact::Count(u64::from(first)))
        .with("last", Fact::Count(u64::from(last)))
        .with("rest", Fact::Word(if seen.more_fragments { "more follow" } else { "the last" }));
    // Where the datagram began is said at each of its pieces (rule FR11); where it ends, nobody knows before it does.
    let since = datagram.packets.iter().copied().min().filter(|since| *since < packet.meta.number);
    if let Some(since) = since {
        note = note.with("since", Fact::Packet(since)).with("number", Fact::Count(packet.meta.number));
    }
    if let Some((source, destination)) = datagram.ports {
        note = note
            .with("transport", Fact::Word(ip_protocol_name(datagram.protocol)))
            .with("source_port", Fact::Count(u64::from(source)))
            .with("destination_port", Fact::Count(u64::from(destination)));
    } else if first != 0 && datagram.pieces.iter().all(|piece| piece.extent.start != 0) {
        note = note.with("unknown", Fact::Word("ports unknown, first piece not seen"));
    }
    let uncaptured = seen.extent.len() - (seen.data.len() as u32).min(seen.extent.len());
    if uncaptured > 0 {
        note = note.with("uncaptured", Fact::Octets(u64::from(uncaptured)));
    }
    notes.say(note);
    match added {
        Added::New => {}
        Added::Duplicate(of) => notes.say(say(&entries::DUPLICATE).with("of", Fact::Packet(of))),
        Added::Overlap(overlap) => notes.say(overlap_note(say, overlap, datagram)),
        Added::Tangled => notes.say(say(&entries::TANGLED)),
        Added::TailConflict(end) => notes.say(
            say(&entries::TAIL_CONFLICT)
                .with("end", Fact::Count(u64::from(end)))
                .with("last", Fact::Count(u64::from(last))),
        ),
    }
}

fn overlap_note(say: impl Fn(&'static Entry) -> Note, overlap: Overlap, datagram: &Datagram) -> Note {
    let entry = if overlap.same == Some(false) { &entries::CONFLICT } else { &entries::OVERLAP };
    let is_v6 = datagram.key.source.is_ipv6();
    let consequence = match overlap.kind {
        OverlapKind::Inside if is_v6 && !datagram.partial => {
            "a receiver by RFC 8200 §4.5 discards the whole datagram, Linux ignores this piece"
        }
        _ if is_v6 => "the receiver discards the whole datagram (RFC 8200 §4.5)",
        OverlapKind::Inside | OverlapKind::Exact if !datagram.partial => "Linux ignores it and keeps what came first",
        _ => "Linux discards the whole datagram",
    };
    let mut note = say(entry)
        .with("with", Fact::Packet(overlap.with))
        .with("first", Fact::Count(u64::from(overlap.shared.start)))
        .with("last", Fact::Count(u64::from(overlap.shared.end - 1)))
        .with("kind", Fact::Word(overlap.kind.name()))
        .with("consequence", Fact::Word(consequence));
    if overlap.same.is_none() {
        note = note.with("contents", Fact::Word("not captured whole, so not compared"));
    }
    note
}

/// Says that a datagram is whole, and what its pieces tell of the path.
pub(super) fn note_complete(packet: &Packet<'_>, datagram: &Datagram, notes: &mut Notes) {
    let at = packet.meta.at;
    let took = at.nanos_since(datagram.first_at);
    let number = Fact::Count(datagram.number);
    let octets = u64::from(datagram.total.unwrap_or(0));
    let lowest = datagram.packets.iter().min().copied().unwrap_or(packet.meta.number);
    let mut note = Note::new(&entries::COMPLETE, packet.meta.number, at)
        .with("datagram", number.clone())
        .with("pieces", Fact::Count(datagram.pieces.len() as u64))
        .with("first", Fact::Packet(lowest))
        .with("number", Fact::Count(packet.meta.number))
        .with("octets", Fact::Octets(octets));
    note = citing(note, datagram, &[lowest, packet.meta.number]);
    if took > LINUX_TIMER_NS && !datagram.key.source.is_ipv6() {
        note = note.with("late", Fact::Nanos(took));
    }
    notes.say(note);
    if datagram.is_refragmented() {
        notes.say(Note::new(&entries::REFRAGMENTED, packet.meta.number, at).with("datagram", number));
    }
}

/// A note about the first piece of a datagram of which others are missing, with the holes.
pub(super) fn missing(entry: &'static Entry, datagram: &Datagram) -> Note {
    let holes = datagram.holes();
    let mut text: Vec<String> = holes.iter().take(HOLES_IN_WORDS).map(|hole| Stretch::of(*hole).text()).collect();
    if holes.len() > HOLES_IN_WORDS {
        text.push(format!("and {} more", holes.len() - HOLES_IN_WORDS));
    }
    let note = Note::new(entry, datagram.first_packet, datagram.first_at)
        .with("datagram", Fact::Count(datagram.number))
        .with("pieces", Fact::Count(datagram.pieces.len() as u64))
        .with("holes", Fact::Text(text.join(", ").into()));
    citing(note, datagram, &[datagram.first_packet])
}

/// The note with the packets of the datagram as evidence, those left out that it names already: so that each piece leads
/// to what became of the whole (rule FR11).
fn citing(mut note: Note, datagram: &Datagram, named: &[u64]) -> Note {
    for packet in datagram.packets.iter().filter(|packet| !named.contains(packet)).take(PIECES_AS_EVIDENCE) {
        note = note.with("piece", Fact::Packet(*packet));
    }
    note
}
