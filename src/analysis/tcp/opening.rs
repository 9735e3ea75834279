//! How a connection begins (rules H1–H20, C3, C4).

use super::connection::{INITIATOR, Judge, RESPONDER, Side, Tentative};
use super::half::Origin;
use super::offer::Offer;
use super::records::Record;
use super::state::State;
use super::timers::Alarm;
use crate::analysis::catalogue::tcp as says;
use crate::analysis::note::Fact;
use crate::base::Timestamp;
use crate::base::limits::TCP_UNANSWERED_NANOS;

/// How the opening went so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum OpeningKind {
    /// A SYN without an answer, so far.
    #[default]
    Unanswered,
    /// A SYN,ACK without the third step, so far.
    HalfOpen,
    ThreeWay,
    Simultaneous,
    Split,
    Refused,
    Rejected,
    Withdrawn,
    NotCaptured,
}

impl OpeningKind {
    pub const fn name(self) -> &'static str {
        match self {
            OpeningKind::Unanswered => "unanswered",
            OpeningKind::HalfOpen => "half-open",
            OpeningKind::ThreeWay => "three-way",
            OpeningKind::Simultaneous => "simultaneous",
            OpeningKind::Split => "split",
            OpeningKind::Refused => "refused",
            OpeningKind::Rejected => "rejected",
            OpeningKind::Withdrawn => "withdrawn",
            OpeningKind::NotCaptured => "not-captured",
        }
    }
}

/// How the opening went.
#[derive(Debug, Default)]
pub(super) struct Opening {
    pub kind: OpeningKind,
    /// True while it counts as one of its server's half-open connections.
    pub is_half_open: bool,
    steps: Option<Box<Steps>>,
}

impl Opening {
    /// What was seen of its steps.
    pub fn steps(&self) -> &Steps {
        self.steps.as_deref().unwrap_or(&UNSEEN)
    }

    pub fn steps_mut(&mut self) -> &mut Steps {
        self.steps.get_or_insert_default()
    }
}

/// What was seen of the opening. A connection that was open before the first packet has none of it.
#[derive(Debug, Default)]
pub(super) struct Steps {
    /// The packets of its three steps; 0 where none was seen.
    pub packets: [u64; 3],
    pub at: [Timestamp; 3],
    pub syns: u16,
    pub syn_acks: u16,
    pub last_syn_at: Timestamp,
    pub last_syn_ack_at: Timestamp,
    /// Octets of data in the SYN.
    pub syn_data: u32,
}

/// Nothing was seen.
static UNSEEN: Steps = Steps {
    packets: [0; 3],
    at: [Timestamp::ZERO; 3],
    syns: 0,
    syn_acks: 0,
    last_syn_at: Timestamp::ZERO,
    last_syn_ack_at: Timestamp::ZERO,
    syn_data: 0,
};

impl Judge<'_> {
    /// A SYN without ACK.
    pub fn syn(&mut self) {
        let side = self.from;
        let sequence = self.segment.sequence;
        let half = &self.connection.halves[side];
        if half.origin == Origin::Syn && half.base == sequence {
            self.same_syn();
        } else if side == INITIATOR && half.origin == Origin::Unknown && self.connection.opening.steps().packets[0] == 0
        {
            self.first_syn();
        } else if side == RESPONDER
            && half.origin != Origin::Syn
            && matches!(self.connection.states[INITIATOR], State::SynSent)
        {
            self.crossing_syn();
        } else {
            self.tentative_syn();
        }
    }

    fn first_syn(&mut self) {
        let (packet, at) = (self.segment.packet, self.segment.at);
        self.begin_with_syn(INITIATOR);
        let steps = self.connection.opening.steps_mut();
        (steps.packets[0], steps.at[0], steps.last_syn_at, steps.syns) = (packet, at, at, 1);
        steps.syn_data = self.segment.len;
        self.connection.roles_seen = true;
        self.connection.states = [State::SynSent, State::Listen];
        let deadline = at.after_nanos(TCP_UNANSWERED_NANOS);
        self.timers.set(deadline, self.slot, self.connection.id, Alarm::Unanswered);
        self.say_step(&says::HANDSHAKE_1, |judge| {
            let note = judge.note_with_states(&says::HANDSHAKE_1);
            match judge.about_syn() {
                Some(about) => note.with("about", Fact::Word(about)),
                None => note,
            }
        });
        let offer = self.connection.offers[INITIATOR];
        let data = u64::from(self.segment.len);
        if let Some(cookie) = offer.fast_open {
            let what = if cookie == 0 { "asks for a cookie" } else { "uses its cookie" };
            let mut note = self.note(&says::FAST_OPEN).with("what", Fact::Word(what));
            if data > 0 {
                note = note.with("octets", Fact::Octets(data));
            }
            self.say(note);
        } else if data > 0 {
            let note = self.note(&says::DATA_IN_SYN).with("octets", Fact::Octets(data));
            self.say(note);
        }
    }

    /// Numbers and options of `side` as its SYN or SYN,ACK gives them.
    pub(super) fn begin_with_syn(&mut self, side: Side) {
        let segment = self.segment;
        let content = self.contents.keep(segment.payload);
        let half = &mut self.connection.halves[side];
        let max = 1 + i64::from(segment.len);
        if half.origin == Origin::Acknowledged {
            // The other side acknowledged more than this already; its numbers stay.
            half.base = segment.sequence;
            half.origin = Origin::Syn;
            half.max = half.max.max(max);
        } else {
            half.begin(segment.sequence, 0, Origin::Syn);
            half.max = max;
        }
        half.remember(&Record {
            start: 0,
            end: max,
            packet: segment.packet,
            first_at: segment.at,
            at: segment.at,
            content,
            captured: segment.payload.len() as u32,
            timestamp: segment.timestamps.map_or(0, |(value, _)| value),
            acknowledged: 0,
            acknowledged_at: Timestamp::ZERO,
            sends: 1,
        });
        self.connection.offers[side] = Offer::read(segment);
        if segment.len > 0 {
            self.placed.offset = Some(0);
            self.placed.is_new_data = true;
        }
    }

    /// Takes over a SYN that waited for its answer, as the first packet of this new connection.
    pub fn adopt(&mut self, tentative: &Tentative) {
        let connection = &mut *self.connection;
        let half = &mut connection.halves[INITIATOR];
        half.begin(tentative.sequence, 0, Origin::Syn);
        half.max = 1 + i64::from(tentative.len);
        half.packets = 1;
        half.last_packet = tentative.packet;
        connection.offers[INITIATOR] = tentative.offer;
        connection.first_at = tentative.at;
        connection.first_packet = tentative.packet;
        connection.roles_seen = true;
        connection.states = [State::SynSent, State::Listen];
        let steps = connection.opening.steps_mut();
        (steps.packets[0], steps.at[0]) = (tentative.packet, tentative.at);
        (steps.last_syn_at, steps.syns, steps.syn_data) = (tentative.at, 1, tentative.len);
    }

    /// Rules H3 and C4: the SYN that is known already.
    fn same_syn(&mut self) {
        let (side, at) = (self.from, self.segment.at);
        let offer = Offer::read(self.segment);
        let connection = &mut *self.connection;
        let is_open = connection.states[side].is_synchronised() || connection.is_closed();
        if is_open {
            let first = if side == INITIATOR { connection.opening.steps().packets[0] } else { connection.first_packet };
            connection.odd().challenge = Some((self.segment.packet, side));
            let note = self.note(&says::OLD_SYN).with("first", Fact::Packet(first));
            self.say(note);
            return;
        }
        let steps = connection.opening.steps_mut();
        let wait = at.nanos_since(steps.last_syn_at);
        steps.last_syn_at = at;
        steps.syns = steps.syns.saturating_add(1);
        let number = u64::from(steps.syns) - 1;
        let without = connection.offers[side].dropped(offer);
        if offer.is_known {
            connection.offers[side] = offer;
        }
        // Data that the first SYN carried are sent again after the handshake.
        if self.segment.len < connection.opening.steps().syn_data {
            connection.halves[side].rare().refused_up_to = 1 + i64::from(connection.opening.steps().syn_data);
        }
        let mut note = self
            .note(&says::SYN_RETRANSMISSION)
            .with("number", Fact::Count(number))
            .with("wait", Fact::Nanos(wait))
            .with("first", Fact::Packet(self.connection.opening.steps().packets[0]));
        if let Some(without) = without {
            note = note.with("without", Fact::Word(without));
        }
        self.say(note);
    }

    /// Rules H7 and H8: the responder answers the SYN with a SYN of its own; which of the two it is, the SYN,ACKs decide.
    fn crossing_syn(&mut self) {
        let packet = self.segment.packet;
        let acknowledged = (self.connection.halves[RESPONDER].origin == Origin::FirstSeen).then_some(());
        self.begin_with_syn(RESPONDER);
        self.agree_on_options();
        self.connection.states = [State::SynReceived, State::SynReceived];
        self.connection.odd().crossing = Some(packet);
        let opening = &mut self.connection.opening;
        let steps = opening.steps_mut();
        (steps.packets[1], steps.at[1]) = (packet, self.segment.at);
        opening.kind = OpeningKind::Simultaneous;
        if acknowledged.is_some() {
            opening.kind = OpeningKind::Split;
        }
        let syn = self.connection.opening.steps().packets[0];
        let mut note = self.note_with_states(&says::SIMULTANEOUS_OPEN).with("syn", Fact::Packet(syn));
        note.pending = true;
        self.say(note);
    }

    /// Rule H13: a SYN with another number while the connection is open. Its answer decides.
    fn tentative_syn(&mut self) {
        let offer = Offer::read(self.segment);
        let tentative = Tentative {
            packet: self.segment.packet,
            at: self.segment.at,
            sequence: self.segment.sequence,
            len: self.segment.len,
            side: self.from,
            offer,
        };
        let challenge = Some((self.segment.packet, self.from));
        let odd = self.connection.odd();
        let before = odd.tentative.replace(tentative);
        odd.challenge = challenge;
        if let Some(before) = before {
            self.settle(before.packet, &says::HALF_OPEN_PEER, None);
        }
        let mut note = self.note(&says::HALF_OPEN_PEER);
        note.pending = true;
        self.say(note);
    }
}
