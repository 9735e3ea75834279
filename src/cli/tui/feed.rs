//! What a screen remembers of a capture: the last packets, the conversations, the findings, the rates. All of it is
//! bounded, and cheap to copy, so that a paused screen can keep a picture of its own.

use std::collections::VecDeque;
use std::sync::Arc;

use super::conversations::Conversations;
use crate::analysis::{Context, Judged, Note, Severity};
use crate::base::Timestamp;
use crate::base::limits::{MAX_SCREEN_FINDINGS, MAX_SCREEN_OCTETS, MAX_SCREEN_PACKETS, MAX_SCREEN_SECONDS};
use crate::filter::display::DisplayFilter;
use crate::packet::{Meta, Packet, RawPacket};

/// A packet that can be looked at.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) meta: Meta,
    bytes: Box<[u8]>,
    pub(super) notes: Vec<Note>,
    context: Context,
}

impl Seen {
    fn new(judged: &Judged<'_, '_>) -> Seen {
        let packet = judged.packet;
        Seen {
            meta: packet.meta,
            bytes: packet.frame.bytes().into(),
            notes: judged.notes.to_vec(),
            context: judged.context,
        }
    }

    /// Decodes it again, for `look`.
    pub(super) fn judged<T>(&self, look: impl FnOnce(&Judged<'_, '_>) -> T) -> T {
        let packet = Packet::decode(RawPacket { meta: self.meta, bytes: &self.bytes });
        look(&Judged { packet: &packet, notes: &self.notes, context: self.context })
    }

    fn passes(&self, filter: Option<&DisplayFilter>) -> bool {
        filter.is_none_or(|filter| self.judged(|judged| filter.matches(judged)))
    }
}

/// A kind of trouble in one conversation.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// The newest note of its kind.
    pub(super) note: Note,
    /// How often it was said.
    pub(super) count: u64,
}

/// Packets and octets of each of the last seconds, the newest last.
#[derive(Clone, Debug, Default)]
pub(super) struct Rates {
    seconds: VecDeque<(u64, u64)>,
    last: Option<u64>,
}

impl Rates {
    /// Time has come to `at`.
    pub(super) fn advance(&mut self, at: Timestamp) {
        let second = at.seconds();
        let new = match self.last {
            None => 1,
            // Packets of different processors may be a little out of order.
            Some(last) => second.saturating_sub(last).min(MAX_SCREEN_SECONDS as u64),
        };
        self.last = Some(self.last.map_or(second, |last| last.max(second)));
        for _ in 0..new {
            if self.seconds.len() >= MAX_SCREEN_SECONDS {
                self.seconds.pop_front();
            }
            self.seconds.push_back((0, 0));
        }
    }

    fn add(&mut self, at: Timestamp, octets: u64) {
        self.advance(at);
        if let Some((packets, sum)) = self.seconds.back_mut() {
            *packets += 1;
            *sum += octets;
        }
    }

    /// Packets of each second, the oldest first.
    pub(super) fn packets(&self) -> impl DoubleEndedIterator<Item = u64> + '_ {
        self.seconds.iter().map(|(packets, _)| *packets)
    }

    /// Packets and octets of the last second that is over.
    pub(super) fn now(&self) -> (u64, u64) {
        self.seconds.iter().rev().nth(1).copied().unwrap_or_default()
    }
}

/// What a screen remembers.
#[derive(Clone, Debug, Default)]
pub(super) struct Feed {
    packets: VecDeque<Arc<Seen>>,
    octets_kept: usize,
    /// Numbers of the packets that the display filter shows, ascending.
    shown: VecDeque<u64>,
    /// Conversations, newest last.
    pub(super) conversations: Conversations,
    /// Findings, the one said last at the end.
    pub(super) findings: VecDeque<Arc<Found>>,
    /// How much came when.
    pub(super) rates: Rates,
    /// Packets so far.
    pub(super) count: u64,
    /// Their octets on the wire.
    pub(super) octets: u64,
    /// Packets that the kernel lost.
    pub(super) dropped: u64,
}

impl Feed {
    /// Takes in a packet.
    pub(super) fn packet(&mut self, judged: &Judged<'_, '_>, filter: Option<&DisplayFilter>) {
        let meta = judged.packet.meta;
        self.count += 1;
        self.octets += u64::from(meta.wire_len);
        self.rates.add(meta.at, u64::from(meta.wire_len));
        self.conversations.packet(judged);
        judged.notes.iter().for_each(|note| self.find(note));
        let seen = Seen::new(judged);
        if seen.passes(filter) {
            self.shown.push_back(meta.number);
        }
        self.octets_kept += seen.bytes.len();
        self.packets.push_back(Arc::new(seen));
        while self.packets.len() > MAX_SCREEN_PACKETS || self.octets_kept > MAX_SCREEN_OCTETS {
            let Some(oldest) = self.packets.pop_front() else { break };
            self.octets_kept -= oldest.bytes.len();
            if self.shown.front() == Some(&oldest.meta.number) {
                self.shown.pop_front();
            }
        }
    }

    /// Takes in what is said of an earlier packet; what was provisional gives way to it.
    pub(super) fn late_note(&mut self, note: &Note, filter: Option<&DisplayFilter>) {
        self.conversations.note(note);
        self.find(note);
        let Ok(index) = self.packets.binary_search_by_key(&note.packet, |seen| seen.meta.number) else { return };
        let seen = Arc::make_mut(&mut self.packets[index]);
        seen.notes.retain(|earlier| !earlier.pending);
        seen.notes.push(note.clone());
        let passes = seen.passes(filter);
        match (self.shown.binary_search(&note.packet), passes) {
            (Ok(at), false) => drop(self.shown.remove(at)),
            (Err(at), true) => self.shown.insert(at, note.packet),
            _ => {}
        }
    }

    fn find(&mut self, note: &Note) {
        if note.entry.severity < Severity::Warning {
            return;
        }
        let is_same =
            |found: &Arc<Found>| std::ptr::eq(found.note.entry, note.entry) && found.note.connection == note.connection;
        let count = match self.findings.iter().rposition(is_same).and_then(|at| self.findings.remove(at)) {
            Some(before) => before.count + 1,
            None => 1,
        };
        if self.findings.len() >= MAX_SCREEN_FINDINGS {
            self.findings.pop_front();
        }
        self.findings.push_back(Arc::new(Found { note: note.clone(), count }));
    }

    /// Applies another display filter to what is remembered.
    pub(super) fn show(&mut self, filter: Option<&DisplayFilter>) {
        self.shown = self.packets.iter().filter(|seen| seen.passes(filter)).map(|seen| seen.meta.number).collect();
    }

    /// Numbers of the packets to list, ascending.
    pub(super) fn shown(&self) -> &VecDeque<u64> {
        &self.shown
    }

    /// The packet of that number, if it is remembered.
    pub(super) fn seen(&self, number: u64) -> Option<&Arc<Seen>> {
        let index = self.packets.binary_search_by_key(&number, |seen| seen.meta.number).ok()?;
        self.packets.get(index)
    }

    /// The oldest packet that is remembered.
    pub(super) fn oldest(&self) -> Option<u64> {
        self.packets.front().map(|seen| seen.meta.number)
    }
}
