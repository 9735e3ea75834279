//! One connection, and the judge that takes in one of its segments.

use smallvec::SmallVec;

use super::bursts::Bursts;
use super::closing::{Closing, OPEN};
use super::half::{Half, Origin};
use super::health::TcpHealth;
use super::offer::Offer;
use super::opening::Opening;
use super::ranges::Contents;
use super::reset::ResetRecord;
use super::segment::{Key, Segment, Socket};
use super::servers::Servers;
use super::state::State;
use super::timers::Timers;
use super::timing;
use super::zeek::History;
use crate::analysis::catalogue::Entry;
use crate::analysis::note::{Fact, Note, Notes};
use crate::base::{Seq, Timestamp};

/// A side of a connection, as an index: the initiator's or the responder's.
pub(super) type Side = usize;
pub(super) const INITIATOR: Side = 0;
pub(super) const RESPONDER: Side = 1;

/// The other side.
pub(super) const fn other(side: Side) -> Side {
    1 - side
}

/// The letter by which lines call a side.
pub(super) const fn letter(side: Side) -> &'static str {
    if side == INITIATOR { "A" } else { "B" }
}

/// What is remembered of one connection. What every segment needs comes first, so that it lies close together.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Connection {
    pub key: Key,
    /// Counted from 0 in the order of first packets.
    pub id: u64,
    pub last_at: Timestamp,
    /// The packet of the accepted reset, or 0.
    pub reset: u64,
    pub odd: Option<Box<Odd>>,
    pub initiator_is_low: bool,
    /// True if a SYN told who the initiator is; else it is guessed from the ports.
    pub roles_seen: bool,
    /// True once the last word on it was said: it is no longer in the index, and no segment reaches it.
    pub is_concluded: bool,
    /// Who sent the accepted reset.
    pub reset_by: u8,
    pub states: [State; 2],
    /// Which of Zeek's letters each side has.
    pub history_bits: [u8; 2],
    /// What the two SYNs offered.
    pub offers: [Offer; 2],
    /// What flows from the initiator, and from the responder.
    pub halves: [Half; 2],
    /// How often each note was said, handshake and close steps not counted.
    pub counts: SmallVec<[(&'static Entry, u32); 1]>,
    pub closing: Option<Box<Closing>>,
    pub first_at: Timestamp,
    pub first_packet: u64,
    pub opening: Opening,
    /// The connection before this one between the same sockets, or [`NO_FORMER`].
    former: u64,
    /// Zeek's letters so far.
    pub history: History,
}

/// No connection.
const NO_FORMER: u64 = u64::MAX;

/// What few connections need.
#[derive(Debug, Default)]
pub(super) struct Odd {
    /// A SYN with another number inside the open connection, until its answer decides what it was.
    pub tentative: Option<Tentative>,
    pub second_answer: Option<(Seq, u64)>,
    pub reset: Option<ResetRecord>,
    /// The latest reset, counted or not: its packet, time, sender and number.
    pub latest_reset: Option<(u64, Timestamp, Side, Seq)>,
    /// A segment that must be answered by a challenge ACK, and who sent it.
    pub challenge: Option<(u64, Side)>,
    pub one_direction_said: bool,
    /// The crossing SYN, whose note waits for the outcome.
    pub crossing: Option<u64>,
    pub syn_acks_from: [bool; 2],
    pub rejected: Option<&'static str>,
}

/// A SYN that may begin a new connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tentative {
    pub packet: u64,
    pub at: Timestamp,
    pub sequence: Seq,
    pub len: u32,
    pub side: Side,
    pub offer: Offer,
}

impl Connection {
    pub fn new(id: u64, key: Key, initiator_is_low: bool, segment: &Segment<'_>) -> Connection {
        Connection {
            key,
            id,
            last_at: segment.at,
            reset: 0,
            odd: None,
            initiator_is_low,
            roles_seen: false,
            is_concluded: false,
            reset_by: 0,
            states: [State::Listen; 2],
            history_bits: [0; 2],
            offers: [Offer::default(); 2],
            halves: [Half::default(), Half::default()],
            counts: SmallVec::new(),
            closing: None,
            first_at: segment.at,
            first_packet: segment.packet,
            opening: Opening::default(),
            former: NO_FORMER,
            history: History::new(),
        }
    }

    /// A connection between sockets that had another one before.
    pub fn after(self, former: u64) -> Connection {
        Connection { former, ..self }
    }

    /// The connection before this one between the same sockets.
    pub fn former(&self) -> Option<u64> {
        Some(self.former).filter(|former| *former != NO_FORMER)
    }

    /// What was seen of the close.
    pub fn closing(&self) -> &Closing {
        self.closing.as_deref().unwrap_or(&OPEN)
    }

    pub fn closing_mut(&mut self) -> &mut Closing {
        self.closing.get_or_insert_with(|| Box::new(OPEN))
    }

    /// Who sent the reset, if there was one.
    pub fn reset_by(&self) -> Side {
        Side::from(self.reset_by)
    }

    pub fn socket(&self, side: Side) -> Socket {
        if (side == INITIATOR) == self.initiator_is_low { self.key.low() } else { self.key.high() }
    }

    pub fn odd(&mut self) -> &mut Odd {
        self.odd.get_or_insert_default()
    }

    /// True if the beginning was seen, so that options are known.
    pub fn start_was_seen(&self) -> bool {
        self.halves[INITIATOR].origin == Origin::Syn && self.halves[RESPONDER].origin == Origin::Syn
            || self.opening.steps().packets[0] != 0
    }

    pub fn state_name(&self, side: Side) -> &'static str {
        self.states[side].name(self.start_was_seen())
    }

    /// Both FINs acknowledged, or an accepted reset.
    pub fn is_closed(&self) -> bool {
        self.reset != 0 || self.halves.iter().all(Half::is_fin_acknowledged)
    }

    /// True unless the SYNs say that one side cannot do SACK.
    pub fn may_sack(&self) -> bool {
        self.offers.iter().all(|offer| !offer.is_known || offer.sack)
    }

    /// The full path's smoothed round trip.
    pub fn round_trip(&self) -> Option<u64> {
        timing::full_path(&self.halves[0].round_trip, &self.halves[1].round_trip)
    }

    pub fn timeout(&self) -> u64 {
        timing::timeout(&self.halves[0].round_trip, &self.halves[1].round_trip)
    }

    /// The largest segment that `side` may send; 536 or 1220 if nothing was said (rule H18), 1460 if unknown.
    pub fn mss(&self, side: Side) -> u32 {
        match self.offers[other(side)] {
            Offer { is_known: false, .. } => 1460,
            Offer { mss: 0, .. } if self.key.is_ipv6() => 1220,
            Offer { mss: 0, .. } => 536,
            Offer { mss, .. } => u32::from(mss),
        }
    }

    pub fn count(&mut self, entry: &'static Entry, by: i32) {
        match self.counts.iter_mut().find(|(counted, _)| std::ptr::eq(*counted, entry)) {
            Some((_, count)) => *count = count.saturating_add_signed(by),
            None if by > 0 => self.counts.push((entry, by as u32)),
            None => {}
        }
    }
}

/// Takes in one segment of a connection. The rules are spread over the files by what they are about.
pub(super) struct Judge<'j> {
    pub connection: &'j mut Connection,
    pub slot: u32,
    pub segment: &'j Segment<'j>,
    /// Who sent it.
    pub from: Side,
    pub notes: &'j mut Notes,
    pub contents: &'j mut Contents,
    pub timers: &'j mut Timers,
    pub health: &'j mut TcpHealth,
    pub servers: &'j mut Servers,
    pub bursts: &'j mut Bursts,
    pub placed: Placed,
    /// True if even ordinary segments go the long way, which tests compare with the short one.
    pub is_thorough: bool,
}

/// What a segment turned out to be, for streams and for the time budget.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Placed {
    /// Where its data belong in its direction, counted from 0; `None` if they do not belong to the stream.
    pub offset: Option<i64>,
    pub is_new_data: bool,
    pub is_resent: bool,
    pub is_timeout: bool,
    pub revealed_gap: bool,
    /// True if it went the short way.
    pub is_ordinary: bool,
    /// The round trip that it shows.
    pub round_trip: Option<u64>,
    /// True if it acknowledges what was never seen: the capture missed that, and the time it took (rule K1).
    pub acknowledged_unseen: bool,
}

impl<'j> Judge<'j> {
    /// A note about this segment.
    pub fn note(&self, entry: &'static Entry) -> Note {
        Note::new(entry, self.segment.packet, self.segment.at).in_connection(self.connection.id)
    }

    /// The same with both ends' states.
    pub fn note_with_states(&self, entry: &'static Entry) -> Note {
        self.note(entry)
            .with("a", Fact::Word(self.connection.state_name(INITIATOR)))
            .with("b", Fact::Word(self.connection.state_name(RESPONDER)))
    }

    pub fn say(&mut self, note: Note) {
        self.connection.count(note.entry, 1);
        self.notes.say(note);
    }

    /// Says a step of the handshake or the close, which the opening and the closing count. The note is made only if
    /// somebody wants it.
    pub fn say_step(&mut self, entry: &'static Entry, make: impl FnOnce(&Judge<'_>) -> Note) {
        if self.notes.wanted.includes(entry) {
            let note = make(self);
            self.notes.say(note);
        }
    }

    /// Counts a note that is frequent in sound connections, and says it if somebody wants it.
    pub fn say_frequent(&mut self, entry: &'static Entry, make: impl FnOnce(Note) -> Note) {
        self.connection.count(entry, 1);
        if self.notes.wanted.includes(entry) {
            let note = make(self.note(entry));
            self.notes.say(note);
        }
    }

    /// The direction this segment's data belong to.
    pub fn sent(&mut self) -> &mut Half {
        &mut self.connection.halves[self.from]
    }

    /// The direction this segment acknowledges.
    pub fn answered(&mut self) -> &mut Half {
        &mut self.connection.halves[other(self.from)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_small() {
        assert!(size_of::<Connection>() <= 784, "{}", size_of::<Connection>());
    }
}
