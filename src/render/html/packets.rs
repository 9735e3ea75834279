//! The packets of TCP connections as the page's ladders and graphs need them: for each connection columns of numbers,
//! which take a fifth of the room of objects and are read in a moment.

use std::collections::BTreeMap;

use serde::Serialize;

use super::codes::Codes;
use crate::analysis::{Confidence, Judged, Note};
use crate::base::limits::{MAX_PAGE_PACKETS, MAX_PAGE_PACKETS_OF_CONNECTION};
use crate::base::text::harmless_octets;
use crate::render::ladder::lost_copy;

/// Octets of a segment's data that are shown.
const PREVIEW_LEN: usize = 24;
/// Marks a packet of the initiator in the column of flags.
const FROM_INITIATOR: u32 = 1 << 16;

/// The packets of one connection. Names are short, for there are many.
#[derive(Debug, Default, Serialize)]
struct Columns {
    /// Numbers: the first, then differences.
    n: Vec<i64>,
    /// Nanoseconds since the first packet of the connection: differences.
    t: Vec<i64>,
    /// Flags as on the wire, and 65536 if the initiator sent it.
    f: Vec<u32>,
    /// Relative sequence numbers.
    s: Vec<u32>,
    /// Relative acknowledgment numbers; 0 without ACK.
    k: Vec<u32>,
    /// Windows as they stand.
    w: Vec<u16>,
    /// Octets of data.
    l: Vec<u32>,
    /// States of both ends after it: 32 × initiator + responder, as places in the list of states.
    e: Vec<u16>,
    /// Round trips that packets measured: packet's place and nanoseconds.
    r: Vec<(usize, u64)>,
    /// First octets of data, where they are text: packet's place and text.
    p: Vec<(usize, String)>,
    /// Places of packets that were lost behind the capture point.
    x: Vec<usize>,
    /// Notes: packet's place, code, text, confidence if not certain, rule if not the code's own.
    o: Vec<(usize, usize, String, &'static str, &'static str)>,
    #[serde(skip)]
    last: (u64, u64),
    /// Packets for which there was no room.
    #[serde(skip_serializing_if = "is_zero")]
    left_out: u64,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Collects packets, up to a limit.
#[derive(Debug, Default, Serialize)]
pub(super) struct Packets {
    connections: BTreeMap<u64, Columns>,
    /// Names of states, in order of appearance.
    states: Vec<&'static str>,
    left_out: u64,
    #[serde(skip)]
    count: usize,
    /// Of each packet kept, its number, connection and place there; numbers ascend.
    #[serde(skip)]
    places: Vec<(u64, u64, usize)>,
}

impl Packets {
    /// Takes in a packet, if it belongs to a connection.
    pub(super) fn add(&mut self, judged: &Judged<'_, '_>, codes: &mut Codes) {
        let (Some(connection), Some(tcp)) = (judged.context.connection, judged.packet.frame.tcp()) else { return };
        let meta = &judged.packet.meta;
        let is_full = self.count >= MAX_PAGE_PACKETS;
        if is_full && !self.connections.contains_key(&connection) {
            self.left_out += 1;
            return;
        }
        let state = judged.context.states.map(|(one, two)| 32 * self.state(one) + self.state(two));
        let columns = self.connections.entry(connection).or_default();
        let place = columns.n.len();
        if is_full || place >= MAX_PAGE_PACKETS_OF_CONNECTION {
            columns.left_out += 1;
            self.left_out += 1;
            return;
        }
        self.count += 1;
        self.places.push((meta.number, connection, place));
        let (number, time) = (meta.number, meta.at.nanos());
        let before = if place == 0 { (0, time) } else { columns.last };
        columns.last = (number, time);
        let (own, other) = judged.context.bases.unwrap_or_default();
        let flags = tcp.flags();
        columns.n.push(number.wrapping_sub(before.0) as i64);
        columns.t.push(time.wrapping_sub(before.1) as i64);
        columns.f.push(u32::from(flags.0) | if judged.context.from_initiator { FROM_INITIATOR } else { 0 });
        columns.s.push(tcp.sequence().0.wrapping_sub(own.0));
        columns.k.push(if flags.ack() { tcp.acknowledgment().0.wrapping_sub(other.0) } else { 0 });
        columns.w.push(tcp.window());
        columns.l.push(tcp.payload_len());
        columns.e.push(state.unwrap_or_else(|| columns.e.last().copied().unwrap_or(0)));
        if let Some(round_trip) = judged.context.round_trip {
            columns.r.push((place, round_trip));
        }
        if let Some(text) = preview(tcp.payload()) {
            columns.p.push((place, text));
        }
        for note in judged.notes {
            columns.note(place, note, codes);
        }
        judged.notes.iter().for_each(|note| self.lost(note));
    }

    /// A note about a packet that is here already.
    pub(super) fn late_note(&mut self, note: &Note, codes: &mut Codes) {
        let Ok(index) = self.places.binary_search_by_key(&note.packet, |(number, ..)| *number) else { return };
        let (_, connection, place) = self.places[index];
        if let Some(columns) = self.connections.get_mut(&connection) {
            columns.note(place, note, codes);
        }
        self.lost(note);
    }

    /// Marks the packet that a note says was lost.
    fn lost(&mut self, note: &Note) {
        let Some(number) = lost_copy(note) else { return };
        let Ok(index) = self.places.binary_search_by_key(&number, |(number, ..)| *number) else { return };
        let (_, connection, place) = self.places[index];
        if let Some(columns) = self.connections.get_mut(&connection) {
            columns.x.push(place);
        }
    }

    fn state(&mut self, name: &'static str) -> u16 {
        let found = self.states.iter().position(|state| *state == name);
        found.unwrap_or_else(|| {
            self.states.push(name);
            self.states.len() - 1
        }) as u16
    }
}

impl Columns {
    fn note(&mut self, place: usize, note: &Note, codes: &mut Codes) {
        let confidence = if note.confidence == Confidence::Certain { "" } else { note.confidence.name() };
        let rule = if note.rule == note.entry.rule { "" } else { note.rule };
        self.o.push((place, codes.place(note.entry, note.rule), codes.line(note), confidence, rule));
    }
}

/// The first octets, if they are text that says something.
fn preview(payload: &[u8]) -> Option<String> {
    let first = &payload[..payload.len().min(PREVIEW_LEN)];
    let is_text = first.iter().all(|octet| (0x20..0x7f).contains(octet) || matches!(octet, b'\r' | b'\n' | b'\t'));
    (is_text && !first.is_empty()).then(|| {
        let more = if payload.len() > first.len() { "…" } else { "" };
        format!("{}{more}", harmless_octets(first))
    })
}
