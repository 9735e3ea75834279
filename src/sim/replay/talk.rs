//! Conversations of a capture as scripts: who opens, who says how much when, who closes (R9).

use std::net::SocketAddr;

use super::Map;
use super::captured::Capture;
use crate::base::{Timestamp, limits};
use crate::wire::{Frame, Tcp};

/// One of the two sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Who opened the connection, or spoke first.
    Initiator,
    /// The other.
    Responder,
}

impl Side {
    pub(super) const fn index(self) -> usize {
        match self {
            Side::Initiator => 0,
            Side::Responder => 1,
        }
    }

    pub(super) const fn other(self) -> Side {
        match self {
            Side::Initiator => Side::Responder,
            Side::Responder => Side::Initiator,
        }
    }
}

/// What a side does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// It says so many octets; of UDP, a datagram.
    Say(u64),
    /// It has said all.
    Close,
    /// It breaks off.
    Reset,
}

/// A deed at a moment, as seen where the capture was taken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    pub by: Side,
    pub at: Timestamp,
    pub deed: Deed,
}

/// What can be measured of a conversation, in the capture and in the simulation alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Measure {
    /// Segments or datagrams of the initiator and of the responder.
    pub segments: [u64; 2],
    /// Segments that bring nothing new, by the same.
    pub retransmits: [u64; 2],
    /// From the first SYN to the acknowledgment of the answer.
    pub handshake_nanos: Option<u64>,
    /// From the first packet to the last.
    pub duration_nanos: u64,
}

/// Follows one conversation packet by packet.
#[derive(Clone, Debug, Default)]
pub(super) struct Follower {
    pub measure: Measure,
    first: Option<Timestamp>,
    syn: Option<Timestamp>,
    syn_ack: Option<Timestamp>,
    /// The acknowledgment that completes the handshake.
    pub opened: Option<Timestamp>,
    /// Round trips from here to the initiator and to the responder.
    pub rtt: [u64; 2],
    /// The next new sequence number of each side.
    next: [Option<u32>; 2],
    largest: [u64; 2],
}

impl Follower {
    /// Takes a segment; returns how many new octets it brings and whether a FIN among them is new.
    pub fn tcp(&mut self, at: Timestamp, by: Side, tcp: &Tcp<'_>) -> (u64, bool) {
        let side = by.index();
        let flags = tcp.flags();
        let first = *self.first.get_or_insert(at);
        self.measure.segments[side] += 1;
        self.measure.duration_nanos = at.nanos_since(first);
        let len = u64::from(tcp.payload_len());
        match (by, flags.syn(), flags.ack()) {
            (Side::Initiator, true, false) => {
                self.syn.get_or_insert(at);
                // A later SYN is nearer to its answer: the round trip is measured from there.
                self.rtt[1] = 0;
                self.syn_ack = None;
            }
            (Side::Responder, true, true) if self.syn_ack.is_none() => {
                self.syn_ack = Some(at);
                self.rtt[1] = self.syn.map_or(0, |syn| at.nanos_since(syn));
            }
            (Side::Initiator, false, true) if self.opened.is_none() => {
                if let (Some(syn), Some(answer)) = (self.syn, self.syn_ack) {
                    self.opened = Some(at);
                    self.rtt[0] = at.nanos_since(answer);
                    self.measure.handshake_nanos = Some(at.nanos_since(syn));
                }
            }
            _ => {}
        }
        let occupied = tcp.sequence_len();
        if occupied == 0 {
            return (0, false);
        }
        let start = tcp.sequence().0;
        let end = start.wrapping_add(occupied);
        let next = *self.next[side].get_or_insert(start);
        let fresh = end.wrapping_sub(next) as i32;
        if fresh <= 0 {
            self.measure.retransmits[side] += 1;
            return (0, false);
        }
        self.next[side] = Some(end);
        self.largest[side] = self.largest[side].max(len);
        let without_flags = (fresh as u64).min(occupied.into()).saturating_sub(u64::from(flags.syn()));
        let octets = without_flags.saturating_sub(u64::from(flags.fin())).min(len);
        (octets, flags.fin())
    }

    /// True if the responder answered the SYN by a reset and never by a SYN of its own.
    pub fn was_refused(&self) -> bool {
        self.syn.is_some() && self.syn_ack.is_none() && self.measure.segments[1] > 0
    }

    pub fn udp(&mut self, at: Timestamp, by: Side) {
        let first = *self.first.get_or_insert(at);
        self.measure.segments[by.index()] += 1;
        self.measure.duration_nanos = at.nanos_since(first);
    }
}

/// One conversation of the capture.
#[derive(Clone, Debug)]
pub struct Talk {
    /// True for TCP, false for UDP.
    pub is_tcp: bool,
    /// Initiator and responder.
    pub ends: [SocketAddr; 2],
    /// The number of its first packet.
    pub first_packet: u64,
    /// When that was.
    pub first_at: Timestamp,
    /// True if its SYN was seen.
    pub was_opened: bool,
    /// What was measured in the capture.
    pub measure: Measure,
    pub(super) follower: Follower,
    pub(super) turns: Vec<Turn>,
    /// The segment before, by side: whether it was as large as they come, so that the next one continues it.
    continues: [bool; 2],
    over: [bool; 2],
}

/// Who speaks with whom, from the frames of a capture.
#[derive(Debug, Default)]
pub(super) struct Talks {
    pub talks: Vec<Talk>,
    open: Map<(bool, SocketAddr, SocketAddr), usize>,
    /// Conversations beyond those kept.
    pub not_kept: u64,
    /// Datagrams to groups and to everybody, which nobody in particular receives.
    pub to_groups: u64,
}

impl Talks {
    pub fn of(capture: &Capture) -> Talks {
        let mut talks = Talks::default();
        for frame in &capture.frames {
            let decoded = frame.decode();
            talks.see(frame.number, frame.at, &decoded);
        }
        for talk in &mut talks.talks {
            talk.measure = talk.follower.measure;
            if !talk.is_tcp {
                // UDP has no handshake to measure the way by: the quickest answer counts as the round trip.
                let answers =
                    talk.turns.windows(2).filter(|two| two[0].by != two[1].by && two[1].by == Side::Responder);
                let gaps = answers.map(|two| two[1].at.nanos_since(two[0].at));
                talk.follower.rtt[1] = gaps.min().unwrap_or(0);
            }
        }
        talks
    }

    fn see(&mut self, number: u64, at: Timestamp, frame: &Frame<'_>) {
        let (Some(ip), Some((source_port, destination_port))) = (frame.ip(), frame.ports()) else { return };
        let source = SocketAddr::new(ip.source(), source_port);
        let destination = SocketAddr::new(ip.destination(), destination_port);
        if let Some(tcp) = frame.tcp() {
            let flags = tcp.flags();
            let opens = flags.syn() && !flags.ack();
            let Some((index, by)) = self.find(true, source, destination, opens, number, at) else { return };
            self.talks[index].tcp(at, by, &tcp);
        } else if let Some(udp) = frame.udp() {
            let is_all = matches!(destination.ip(), std::net::IpAddr::V4(v4) if v4.is_broadcast());
            if destination.ip().is_multicast() || is_all || source.ip().is_unspecified() {
                self.to_groups += 1;
                return;
            }
            let Some((index, by)) = self.find(false, source, destination, false, number, at) else { return };
            let talk = &mut self.talks[index];
            talk.follower.udp(at, by);
            talk.turns.push(Turn { by, at, deed: Deed::Say(u64::from(udp.payload_len())) });
        }
    }

    fn find(
        &mut self,
        is_tcp: bool,
        source: SocketAddr,
        destination: SocketAddr,
        opens: bool,
        number: u64,
        at: Timestamp,
    ) -> Option<(usize, Side)> {
        let there = (is_tcp, source, destination);
        if let Some(index) = self.open.get(&there) {
            let talk = &self.talks[*index];
            // The same ports again after the end are another connection; a SYN while it lives is a retransmission.
            let is_new = opens && (talk.over != [false; 2] || !talk.was_opened);
            if !is_new {
                return Some((*index, Side::Initiator));
            }
        } else if let Some(index) = self.open.get(&(is_tcp, destination, source))
            && !(opens && self.talks[*index].over != [false; 2])
        {
            return Some((*index, Side::Responder));
        }
        if self.talks.len() >= limits::MAX_DRIVEN_TALKS {
            self.not_kept += 1;
            return None;
        }
        self.open.remove(&(is_tcp, destination, source));
        self.open.insert(there, self.talks.len());
        self.talks.push(Talk {
            is_tcp,
            ends: [source, destination],
            first_packet: number,
            first_at: at,
            was_opened: opens || !is_tcp,
            measure: Measure::default(),
            follower: Follower::default(),
            turns: Vec::new(),
            continues: [false; 2],
            over: [false; 2],
        });
        Some((self.talks.len() - 1, Side::Initiator))
    }
}

impl Talk {
    fn tcp(&mut self, at: Timestamp, by: Side, tcp: &Tcp<'_>) {
        let largest_before = self.follower.largest[by.index()];
        let (octets, ends) = self.follower.tcp(at, by, tcp);
        let side = by.index();
        if octets > 0 {
            // What follows a segment as large as they come was very likely said in the same breath.
            let last = self.turns.last_mut().filter(|last| last.by == by && self.continues[side]);
            match last.map(|last| &mut last.deed) {
                Some(Deed::Say(said)) => *said += octets,
                _ => self.turns.push(Turn { by, at, deed: Deed::Say(octets) }),
            }
            let is_large = octets >= 536 && octets >= largest_before;
            self.continues[side] = is_large && !tcp.flags().fin();
        }
        if ends && !self.over[side] {
            self.over[side] = true;
            self.turns.push(Turn { by, at, deed: Deed::Close });
        }
        if tcp.flags().rst() {
            let is_first = !self.turns.iter().any(|turn| turn.deed == Deed::Reset);
            if is_first && self.over != [true; 2] {
                self.turns.push(Turn { by, at, deed: Deed::Reset });
            }
            self.over = [true; 2];
        }
    }
}
