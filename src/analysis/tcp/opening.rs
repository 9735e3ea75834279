//! How a connection begins (rules H1–H20, C3, C4).

use super::connection::{INITIATOR, Judge, RESPONDER, Side, Tentative, letter, other};
use super::half::{Origin, Record};
use super::segment::Segment;
use super::state::State;
use super::timers::Alarm;
use crate::analysis::catalogue::tcp as says;
use crate::analysis::note::{Confidence, Fact};
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

/// What was seen of the opening.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Opening {
    pub kind: OpeningKind,
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

/// What a SYN offers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Offer {
    /// True if the SYN was seen with its options.
    pub is_known: bool,
    /// 0 if not announced.
    pub mss: u16,
    pub scale: Option<u8>,
    pub sack: bool,
    pub timestamps: bool,
    pub fast_open: Option<u8>,
    /// ECE, CWR and AE, as bits 0, 1 and 2.
    pub ecn: u8,
}

impl Offer {
    fn read(segment: &Segment<'_>) -> Offer {
        let ecn =
            u8::from(segment.flags.ece()) | u8::from(segment.flags.cwr()) << 1 | u8::from(segment.flags.ae()) << 2;
        let Some(options) = segment.options else { return Offer { ecn, ..Offer::default() } };
        Offer {
            is_known: true,
            mss: options.maximum_segment_size().unwrap_or(0),
            scale: options.window_scale(),
            sack: options.sack_permitted(),
            timestamps: options.timestamps().is_some(),
            fast_open: options.fast_open_cookie().map(|cookie| cookie.len() as u8),
            ecn,
        }
    }

    /// The options that `self` has and `later` lacks.
    fn dropped(self, later: Offer) -> Option<&'static str> {
        match () {
            () if !later.is_known => None,
            () if self.fast_open.is_some() && later.fast_open.is_none() => Some("Fast Open"),
            () if self.ecn != 0 && later.ecn == 0 => Some("ECN"),
            () if self.timestamps && !later.timestamps => Some("timestamps"),
            () if self.scale.is_some() && later.scale.is_none() => Some("window scale"),
            () if self.sack && !later.sack => Some("SACK"),
            () => None,
        }
    }
}

impl Judge<'_> {
    /// A SYN without ACK.
    pub fn syn(&mut self) {
        let side = self.from;
        let sequence = self.segment.sequence;
        let half = &self.connection.halves[side];
        if half.origin == Origin::Syn && half.base == sequence {
            self.same_syn();
        } else if side == INITIATOR && half.origin == Origin::Unknown && self.connection.opening.packets[0] == 0 {
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
        let opening = &mut self.connection.opening;
        (opening.packets[0], opening.at[0], opening.last_syn_at, opening.syns) = (packet, at, at, 1);
        opening.syn_data = self.segment.len;
        self.connection.roles_seen = true;
        self.connection.states = [State::SynSent, State::Listen];
        let deadline = at.after_nanos(TCP_UNANSWERED_NANOS);
        self.timers.set(deadline, self.slot, self.connection.id, Alarm::Unanswered);
        let mut note = self.note_with_states(&says::HANDSHAKE_1);
        if let Some(about) = self.about_syn() {
            note = note.with("about", Fact::Word(about));
        }
        self.say_step(note);
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

    /// What is worth a word in a SYN's options (rules H18, H19).
    fn about_syn(&self) -> Option<&'static str> {
        let offer = self.connection.offers[self.from];
        let full = if self.connection.key.high.ip().is_ipv6() { 1440 } else { 1460 };
        match (offer.mss, offer.ecn) {
            _ if !offer.is_known => Some("options not captured"),
            (0, _) => Some("no MSS announced"),
            (mss, _) if mss == full - 8 => Some("MSS as of a PPPoE link (guess)"),
            (mss, _) if mss < full && mss >= 1400 - 20 => Some("MSS as of a tunnel (guess)"),
            (mss, _) if mss < full && (536..=1360).contains(&mss) => {
                Some("MSS clamped on the way or small MTU (guess)")
            }
            (_, 0b011) if !self.segment.flags.ack() => Some("asks for ECN"),
            (_, ecn) if ecn & 0b100 != 0 => Some("asks for accurate ECN"),
            (_, 0b001) if self.segment.flags.ack() => Some("agrees to ECN"),
            _ => None,
        }
    }

    /// Numbers and options of `side` as its SYN or SYN,ACK gives them.
    fn begin_with_syn(&mut self, side: Side) {
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
        half.remember(Record {
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
        half.last_at = tentative.at;
        connection.offers[INITIATOR] = tentative.offer;
        connection.first_at = tentative.at;
        connection.first_packet = tentative.packet;
        connection.roles_seen = true;
        connection.states = [State::SynSent, State::Listen];
        let opening = &mut connection.opening;
        (opening.packets[0], opening.at[0]) = (tentative.packet, tentative.at);
        (opening.last_syn_at, opening.syns, opening.syn_data) = (tentative.at, 1, tentative.len);
    }

    /// Rules H3 and C4: the SYN that is known already.
    fn same_syn(&mut self) {
        let (side, at) = (self.from, self.segment.at);
        let offer = Offer::read(self.segment);
        let connection = &mut *self.connection;
        let is_open = connection.states[side].is_synchronised() || connection.is_closed();
        if is_open {
            let first = if side == INITIATOR { connection.opening.packets[0] } else { connection.first_packet };
            connection.odd().challenge = Some((self.segment.packet, side));
            let note = self.note(&says::OLD_SYN).with("first", Fact::Packet(first));
            self.say(note);
            return;
        }
        let opening = &mut connection.opening;
        let wait = at.nanos_since(opening.last_syn_at);
        opening.last_syn_at = at;
        opening.syns = opening.syns.saturating_add(1);
        let number = u64::from(opening.syns) - 1;
        let without = connection.offers[side].dropped(offer);
        if offer.is_known {
            connection.offers[side] = offer;
        }
        // Data that the first SYN carried are sent again after the handshake.
        if self.segment.len < connection.opening.syn_data {
            connection.halves[side].rare().refused_up_to = 1 + i64::from(connection.opening.syn_data);
        }
        let mut note = self
            .note(&says::SYN_RETRANSMISSION)
            .with("number", Fact::Count(number))
            .with("wait", Fact::Nanos(wait))
            .with("first", Fact::Packet(self.connection.opening.packets[0]));
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
        (opening.packets[1], opening.at[1]) = (packet, self.segment.at);
        opening.kind = OpeningKind::Simultaneous;
        if acknowledged.is_some() {
            opening.kind = OpeningKind::Split;
        }
        let syn = self.connection.opening.packets[0];
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

    /// A SYN,ACK.
    pub fn syn_ack(&mut self) {
        let side = self.from;
        let sequence = self.segment.sequence;
        let [first, second] = &self.connection.halves;
        if side == RESPONDER && first.origin == Origin::Unknown && second.origin == Origin::Unknown {
            self.syn_ack_without_syn();
            return;
        }
        if first.origin == Origin::Syn
            && second.origin == Origin::Syn
            && self.connection.odd.as_deref().is_some_and(|odd| odd.crossing.is_some())
            && self.connection.halves[side].base == sequence
        {
            self.crossing_syn_ack();
            return;
        }
        if side == INITIATOR || first.origin != Origin::Syn {
            // A SYN,ACK from the wrong side, or into a connection whose beginning is unknown: answered by a challenge.
            let packet = self.segment.packet;
            self.connection.odd().challenge = Some((packet, side));
            let note = self.note(&says::HALF_OPEN_PEER);
            self.say(note);
            return;
        }
        let acknowledged = first.position(self.segment.acknowledgment);
        let known = second.origin == Origin::Syn;
        if known && second.base == sequence {
            self.same_syn_ack();
        } else if acknowledged < 1 || acknowledged > first.max {
            let expected = first.base.plus(1);
            let note = self
                .note(&says::WRONG_SYN_ACK)
                .with("acknowledged", Fact::Seq(self.segment.acknowledgment))
                .with("expected", Fact::Seq(expected));
            self.say(note);
        } else if known {
            let first = self.connection.opening.packets[1];
            self.connection.odd().second_answer = Some((sequence, self.segment.packet));
            let note = self.note(&says::SECOND_ANSWER).with("first", Fact::Packet(first));
            self.say(note);
        } else {
            self.first_syn_ack(acknowledged);
        }
    }

    fn first_syn_ack(&mut self, acknowledged: i64) {
        let (packet, at, window) = (self.segment.packet, self.segment.at, self.segment.window);
        self.begin_with_syn(RESPONDER);
        let offered = self.connection.offers[INITIATOR];
        let answer = self.connection.offers[RESPONDER];
        self.agree_on_options();
        let connection = &mut *self.connection;
        connection.states = [State::Established, State::SynReceived];
        let opening = &mut connection.opening;
        let rtt = at.nanos_since(opening.at[0]);
        (opening.packets[1], opening.at[1], opening.last_syn_ack_at) = (packet, at, at);
        opening.kind = OpeningKind::HalfOpen;
        opening.syn_acks = 1;
        let was_sent_once = opening.syns == 1;
        let syn_data = i64::from(opening.syn_data);
        let half = &mut connection.halves[INITIATOR];
        half.una = acknowledged;
        half.has_una = true;
        (half.una_packet, half.una_at) = (packet, at);
        (half.raw_window, half.window, half.has_window) = (window, u32::from(window), true);
        half.edge = acknowledged + i64::from(window);
        if let Some(record) = half.records.front_mut() {
            (record.acknowledged, record.acknowledged_at) = (packet, at);
        }
        half.acknowledged_records = half.records.len().min(1) as u32;
        if was_sent_once {
            half.round_trip.sample(rtt);
            half.round_trip.from_handshake = true;
        }
        let refused = syn_data > 0 && acknowledged == 1;
        if refused {
            half.rare().refused_up_to = 1 + syn_data;
            half.max = 1;
            half.records.clear();
            half.acknowledged_records = 0;
        }
        let mut note = self.note_with_states(&says::HANDSHAKE_2);
        if was_sent_once {
            note = note.with("rtt", Fact::Nanos(rtt));
        }
        if let Some(about) = self.about_syn() {
            note = note.with("about", Fact::Word(about));
        }
        self.say_step(note);
        let fast_open = match (offered.fast_open, syn_data, acknowledged) {
            (Some(cookie), 1.., acknowledged) if cookie > 0 && acknowledged > 1 => {
                Some("the data in the SYN were accepted")
            }
            (Some(cookie), 1.., _) if cookie > 0 => Some("the data in the SYN were refused and must be sent again"),
            _ if answer.fast_open.is_some_and(|cookie| cookie > 0) => Some("a cookie was granted"),
            _ => None,
        };
        if let Some(what) = fast_open {
            let note = self.note(&says::FAST_OPEN).with("what", Fact::Word(what));
            self.say(note);
        }
        let unasked = match () {
            () if !offered.is_known || !answer.is_known => None,
            () if answer.scale.is_some() && offered.scale.is_none() => Some("a window scale"),
            () if answer.sack && !offered.sack => Some("SACK"),
            () if answer.timestamps && !offered.timestamps => Some("timestamps"),
            () => None,
        };
        if let Some(option) = unasked {
            let note = self.note(&says::ODD_OPTION).with("option", Fact::Word(option));
            self.say(note);
        }
    }

    /// Window scale counts only if both SYNs carry it; above 14 it is 14 (rule H18, RFC 7323 §2.3).
    fn agree_on_options(&mut self) {
        let connection = &mut *self.connection;
        let [one, two] = connection.offers;
        for side in [INITIATOR, RESPONDER] {
            connection.halves[side].mss = connection.offers[other(side)].mss;
            connection.halves[side].shift = match (one.scale, two.scale) {
                (Some(_), Some(_)) => connection.offers[side].scale.map(|shift| shift.min(14)),
                // One SYN without a scale is enough to know that there is none.
                _ if one.is_known && one.scale.is_none() || two.is_known && two.scale.is_none() => Some(0),
                _ => None,
            };
        }
    }

    /// Rule H17: the SYN itself was not captured, but its answer was.
    fn syn_ack_without_syn(&mut self) {
        self.begin_with_syn(RESPONDER);
        let connection = &mut *self.connection;
        let half = &mut connection.halves[INITIATOR];
        half.begin(self.segment.acknowledgment, 1, Origin::Acknowledged);
        half.has_una = true;
        (half.raw_window, half.has_window) = (self.segment.window, true);
        half.edge = 1 + i64::from(self.segment.window);
        half.window = u32::from(self.segment.window);
        connection.roles_seen = true;
        connection.states = [State::Established, State::SynReceived];
        let opening = &mut connection.opening;
        opening.kind = OpeningKind::NotCaptured;
        (opening.packets[1], opening.at[1]) = (self.segment.packet, self.segment.at);
        (opening.last_syn_ack_at, opening.syn_acks) = (self.segment.at, 1);
        // Without a scale in this SYN,ACK there is none in the connection; with one, the SYN must have offered its own,
        // which is not known.
        if connection.offers[RESPONDER].is_known {
            match connection.offers[RESPONDER].scale {
                None => connection.halves.iter_mut().for_each(|half| half.shift = Some(0)),
                Some(shift) => connection.halves[RESPONDER].shift = Some(shift.min(14)),
            }
        }
        let note =
            self.note_with_states(&says::HANDSHAKE_2).by_rule("H17").with("about", Fact::Word("SYN not captured"));
        self.say_step(note);
    }

    fn same_syn_ack(&mut self) {
        let at = self.segment.at;
        let opening = &mut self.connection.opening;
        let wait = at.nanos_since(opening.last_syn_ack_at);
        opening.last_syn_ack_at = at;
        opening.syn_acks = opening.syn_acks.saturating_add(1);
        let (number, step) = (u64::from(opening.syn_acks) - 1, opening.packets[2]);
        let mut note = self
            .note(&says::SYN_ACK_RETRANSMISSION)
            .with("number", Fact::Count(number))
            .with("wait", Fact::Nanos(wait))
            .with("first", Fact::Packet(self.connection.opening.packets[1]));
        if step != 0 {
            note = note.with("step", Fact::Packet(step));
        }
        self.say(note);
    }

    /// The SYN,ACKs after two crossing SYNs repeat the first numbers by design.
    fn crossing_syn_ack(&mut self) {
        let side = self.from;
        let odd = self.connection.odd();
        if odd.syn_acks_from[side] {
            self.same_syn_ack();
            return;
        }
        odd.syn_acks_from[side] = true;
        let both = odd.syn_acks_from == [true, true];
        self.connection.states[other(side)] = self.connection.states[other(side)].syn_acknowledged();
        let opening = &mut self.connection.opening;
        if opening.packets[2] == 0 {
            (opening.packets[2], opening.at[2], opening.last_syn_ack_at) =
                (self.segment.packet, self.segment.at, self.segment.at);
        }
        opening.syn_acks += 1;
        self.take_handshake_acknowledgment();
        if both {
            self.settle_crossing(OpeningKind::Simultaneous);
        }
        let note = self.note_with_states(&says::HANDSHAKE_3).by_rule("H7");
        self.say_step(note);
    }

    /// The acknowledgment and window of a SYN,ACK, or of a handshake's third step.
    fn take_handshake_acknowledgment(&mut self) {
        let (packet, at) = (self.segment.packet, self.segment.at);
        let (acknowledgment, window) = (self.segment.acknowledgment, self.segment.window);
        let half = self.answered();
        let position = half.position(acknowledgment).clamp(0, half.max);
        half.una = half.una.max(position);
        half.has_una = true;
        (half.una_packet, half.una_at) = (packet, at);
        (half.raw_window, half.window, half.has_window) = (window, u32::from(window), true);
        half.edge = half.edge.max(half.una + i64::from(window));
    }

    fn settle_crossing(&mut self, kind: OpeningKind) {
        let opening = &mut self.connection.opening;
        opening.kind = kind;
        let (syn, at) = (opening.packets[0], opening.at[1]);
        let Some(crossing) = self.connection.odd.as_deref_mut().and_then(|odd| odd.crossing.take()) else { return };
        let becomes = (kind == OpeningKind::Split).then(|| {
            let mut note = self.note(&says::SPLIT_HANDSHAKE).with("syn", Fact::Packet(crossing));
            (note.packet, note.at) = (crossing, at);
            note.with("first", Fact::Packet(syn))
        });
        self.settle(crossing, &says::SIMULTANEOUS_OPEN, becomes);
    }

    /// A segment without SYN while the handshake is not complete. True if it belongs to another connection and must
    /// not be taken into this one's account.
    pub fn third_step(&mut self) -> bool {
        let connection = &*self.connection;
        if connection.states[RESPONDER] != State::SynReceived && connection.states[INITIATOR] != State::SynReceived {
            return connection.states[INITIATOR] == State::SynSent && self.before_syn_ack();
        }
        self.complete();
        false
    }

    fn complete(&mut self) -> bool {
        let connection = &*self.connection;
        if connection.odd.as_deref().is_some_and(|odd| odd.crossing.is_some()) {
            return self.end_of_crossing();
        }
        if self.from != INITIATOR || !self.segment.flags.ack() {
            return false;
        }
        self.take_second_answer();
        let responder = &self.connection.halves[RESPONDER];
        let acknowledged = responder.position(self.segment.acknowledgment);
        if acknowledged < 1 || acknowledged > responder.max {
            return false;
        }
        let (packet, at, len) = (self.segment.packet, self.segment.at, self.segment.len);
        let initiator = &self.connection.halves[INITIATOR];
        let is_next = initiator.position(self.segment.sequence) == initiator.max
            || initiator.position(self.segment.sequence) == 1;
        self.connection.states[RESPONDER] = State::Established;
        let opening = &mut self.connection.opening;
        (opening.packets[2], opening.at[2]) = (packet, at);
        if opening.kind == OpeningKind::HalfOpen {
            opening.kind = OpeningKind::ThreeWay;
        }
        let [first_at, second_at, _] = opening.at;
        let were_sent_once = opening.syns == 1 && opening.syn_acks == 1;
        if were_sent_once && len == 0 {
            let half = &mut self.connection.halves[RESPONDER];
            half.round_trip.sample(at.nanos_since(second_at));
            half.round_trip.from_handshake = true;
        }
        if !is_next {
            let note = self.note(&says::HANDSHAKE_COMPLETED).with("proof", Fact::Packet(packet));
            self.say(note);
            return false;
        }
        let mut note = self.note_with_states(&says::HANDSHAKE_3);
        if were_sent_once && len == 0 {
            note = note.with("rtt", Fact::Nanos(at.nanos_since(first_at)));
        }
        if len > 0 {
            // Merged with the data, or a bare ACK before it was not captured: nothing tells.
            note = note.by_rule("H2").with("octets", Fact::Octets(u64::from(len)));
        }
        self.say_step(note);
        true
    }

    /// Rule H6: if the client acknowledges the second answer, that one wins.
    fn take_second_answer(&mut self) {
        let acknowledgment = self.segment.acknowledgment;
        let Some((sequence, packet)) = self.connection.odd.as_deref_mut().and_then(|odd| odd.second_answer) else {
            return;
        };
        if acknowledgment == sequence.plus(1) {
            let half = &mut self.connection.halves[RESPONDER];
            half.begin(sequence, 0, Origin::Syn);
            half.max = 1;
            half.records.clear();
            half.acknowledged_records = 0;
            self.connection.opening.packets[1] = packet;
        }
        self.connection.odd().second_answer = None;
    }

    /// After crossing SYNs: an ACK from the side that sent no SYN,ACK shows the split handshake.
    fn end_of_crossing(&mut self) -> bool {
        if !self.segment.flags.ack() {
            return false;
        }
        let side = self.from;
        let odd = self.connection.odd();
        let from = odd.syn_acks_from;
        if !from[INITIATOR] && !from[RESPONDER] {
            return false;
        }
        let kind = if from[other(side)] && !from[side] && side == RESPONDER {
            OpeningKind::Split
        } else {
            OpeningKind::Simultaneous
        };
        self.connection.states = [State::Established; 2];
        self.settle_crossing(kind);
        let rule = if kind == OpeningKind::Split { "H8" } else { "H7" };
        let note = self.note_with_states(&says::HANDSHAKE_3).by_rule(rule);
        self.say_step(note);
        true
    }

    /// Something without SYN after a SYN, before any SYN,ACK was seen.
    fn before_syn_ack(&mut self) -> bool {
        if !self.segment.flags.ack() {
            return true;
        }
        if self.from == INITIATOR {
            // Rule H2: only a SYN,ACK can have made the initiator go on, so it was sent and not captured.
            self.complete_unseen();
            return false;
        }
        let initiator = &self.connection.halves[INITIATOR];
        let acknowledged = initiator.position(self.segment.acknowledgment);
        if (1..=initiator.max).contains(&acknowledged) && self.segment.is_bare_ack() {
            // Rule H8: the server may acknowledge the SYN before it sends its own.
            if self.connection.halves[RESPONDER].origin == Origin::Unknown {
                let sequence = self.segment.sequence;
                self.connection.halves[RESPONDER].begin(sequence, 0, Origin::FirstSeen);
            }
            return true;
        }
        if (1..=initiator.max).contains(&acknowledged) {
            self.complete_unseen();
            return false;
        }
        // Rule H13: this side still believes in an older connection between the same sockets.
        let syn = self.connection.opening.packets[0];
        let note = self.note(&says::CHALLENGE_ACK).by_rule("H13").with("challenged", Fact::Packet(syn));
        self.say(note);
        true
    }

    /// Rule H2 where even the SYN,ACK is missing.
    fn complete_unseen(&mut self) {
        let (packet, at) = (self.segment.packet, self.segment.at);
        self.connection.states = [State::Established; 2];
        let opening = &mut self.connection.opening;
        opening.kind = OpeningKind::ThreeWay;
        (opening.packets[2], opening.at[2]) = (packet, at);
        let note = self.note(&says::HANDSHAKE_COMPLETED).with("proof", Fact::Packet(packet));
        self.say(note);
    }

    /// Rule H17: the connection was open before the first packet.
    pub fn begin_midway(&mut self) {
        self.connection.opening.kind = OpeningKind::NotCaptured;
        self.connection.states = [State::Established; 2];
        let note =
            self.note(&says::START_NOT_CAPTURED).sure(Confidence::Certain).with("guess", Fact::Word(letter(self.from)));
        self.say(note);
    }
}
