//! The first stage: what can be said of packets without knowing the TCP connections that they belong to.
//!
//! Packets travel from here to [`ByConnection`](super::by_connection::ByConnection) with what that must know of them,
//! [`Passed`]. The two may run on threads of their own, so this stage may be packets ahead.

use super::FORESEEN_PACKETS;
use super::endpoints::Endpoints;
use super::flows::{Counted, Flow, Flows, NOWHERE};
use super::fragments::{Assembled, Fragments, Reassembly};
use super::health::{Health, Trust};
use super::icmp::{self, Icmp};
use super::link::LinkTrackers;
use super::note::Notes;
use super::path_mtu::LargestPackets;
use super::totals::Totals;
use super::udp::Udp;
use crate::base::limits::MAX_NESTED_DATAGRAMS;
use crate::packet::{Packet, Remark};
use crate::wire::LayerKind;

/// The trackers of the first stage.
#[derive(Debug, Default)]
pub(crate) struct ByPacket {
    pub(super) flows: Flows,
    pub(super) health: Health,
    pub(super) link: LinkTrackers,
    pub(super) fragments: Fragments,
    largest: LargestPackets,
    pub(super) totals: Totals,
    pub(super) endpoints: Endpoints,
    pub(super) udp: Udp,
    pub(super) icmp: Icmp,
    /// True if nobody will ask for what only a report shows.
    lines_only: bool,
}

/// What the first stage tells the second of a packet.
#[derive(Debug, Default)]
pub(crate) struct Passed {
    pub(super) standing: Standing,
    /// What few packets need.
    pub(super) beside: Option<Box<Beside>>,
}

/// What a packet is to the stage of connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Standing {
    /// It counts.
    #[default]
    Whole,
    /// Its receiver throws it away, for a checksum is wrong.
    Bad,
    /// It was seen before.
    Copy,
    /// It is a piece of a datagram whose others are missing, or of no use.
    Piece,
}

/// What the second stage must know of few packets.
#[derive(Debug, Default)]
pub(super) struct Beside {
    /// The datagram that this packet completed: its standing is meant.
    pub datagram: Option<Assembled>,
    /// The packet that this ICMP error quotes.
    pub about: Option<u64>,
}

impl Passed {
    /// Nothing is to be known but that the packet counts.
    pub const NOTHING: Passed = Passed { standing: Standing::Whole, beside: None };
}

impl ByPacket {
    /// Trackers that need not count what only a report shows.
    pub(super) fn for_lines() -> ByPacket {
        ByPacket { lines_only: true, ..ByPacket::default() }
    }

    /// Takes in the next packet; what it means is added to `notes`. `least_round_trip` is asked only in doubt: the least
    /// round-trip time of the packet's connection, in nanoseconds, as it was before this packet.
    pub fn observe(
        &mut self,
        packet: &Packet<'_>,
        notes: &mut Notes,
        least_round_trip: impl FnOnce() -> Option<u64>,
    ) -> Passed {
        let flow = self.flows.find(&packet.frame);
        if self.flows.has_pushed_out() {
            self.count_pushed_out();
        }
        let places = self.flows.places(flow);
        let trust = self.health.observe(packet, places, notes, least_round_trip);
        let is_copy = trust.duplicate.is_some();
        let is_found = self.lines_only || places.endpoints[0] != NOWHERE;
        if is_found && !is_copy && self.link.hosts.know(places) && places.count(packet.meta.wire_len) {
            self.link.hosts.hear(packet, places);
        } else {
            self.count(packet, flow, is_copy);
        }
        if !self.lines_only {
            self.endpoints.count_size(packet.meta.wire_len);
        }
        let places = self.flows.places(flow);
        self.link.observe(packet, is_copy, places, notes);
        if is_copy {
            return Passed { standing: Standing::Copy, beside: None };
        }
        self.largest.observe(packet, places);
        if self.fragments.has_nothing_to_do(packet) {
            self.observe_upper(packet, flow, trust, notes)
        } else {
            self.observe_network(packet, flow, trust, 0, notes)
        }
    }

    /// Counts a packet by itself, and looks for what its flow shall remember.
    #[inline(never)]
    fn count(&mut self, packet: &Packet<'_>, flow: Flow, is_copy: bool) {
        // Before numbers of its flow get too large.
        if let Some(counted) = self.flows.take_counted(flow) {
            self.add(&counted);
        }
        let places = self.flows.places(flow);
        if !self.lines_only {
            self.totals.observe(packet);
            self.endpoints.observe(packet, places);
        }
        if !is_copy {
            self.link.hosts.observe(packet, places);
        }
    }

    /// Counts what was counted of flows that are not remembered any more.
    #[inline(never)]
    fn count_pushed_out(&mut self) {
        while let Some(counted) = self.flows.next_pushed_out() {
            self.add(&counted);
        }
    }

    fn add(&mut self, counted: &Counted) {
        self.totals.add(counted);
        self.endpoints.add(counted);
        self.link.hosts.add(counted);
    }

    /// Asks for the memory that packets with these octets, which are the next, will need; a few at a time gain by it. It
    /// changes no verdict.
    pub fn foresee<'a>(&mut self, octets: impl Iterator<Item = &'a [u8]>) {
        let mut flows = [Flow::Other; FORESEEN_PACKETS];
        for (flow, octets) in flows.iter_mut().zip(octets) {
            *flow = self.flows.foresee(octets);
        }
        let known = flows.iter().fold(0, |known, flow| known ^ self.flows.places(*flow).conversation);
        std::hint::black_box(known);
        // Where the flow is known, its conversation is too; those of TCP have none.
        let known = flows.iter().fold(0, |known, flow| known ^ self.udp.touch(self.flows.places(*flow)));
        std::hint::black_box(known);
    }

    /// What lies above the link, of a packet that is not a copy. A datagram that this packet completes is taken in here
    /// again, at the time of this packet; `depth` counts such datagrams within datagrams.
    #[inline(never)]
    fn observe_network(
        &mut self,
        packet: &Packet<'_>,
        flow: Flow,
        trust: Trust,
        depth: usize,
        notes: &mut Notes,
    ) -> Passed {
        match self.fragments.observe(packet, trust, notes) {
            Reassembly::Whole => self.observe_upper(packet, flow, trust, notes),
            Reassembly::Waiting => Passed { standing: Standing::Piece, beside: None },
            Reassembly::Complete(assembled) => {
                if let Some(report) = self.fragments.just_completed(packet.meta.number) {
                    self.largest.datagram(report, packet, notes);
                }
                if depth >= MAX_NESTED_DATAGRAMS {
                    self.fragments.give_back(assembled);
                    return Passed { standing: Standing::Piece, beside: None };
                }
                let mut passed = self.observe_datagram(&assembled.packet(&packet.meta), depth + 1, notes);
                if passed.standing == Standing::Piece {
                    self.fragments.give_back(assembled);
                    return passed;
                }
                // Of datagrams within datagrams the innermost goes on.
                let innermost = &mut passed.beside.get_or_insert_default().datagram;
                match innermost {
                    Some(_) => self.fragments.give_back(assembled),
                    None => *innermost = Some(assembled),
                }
                passed
            }
        }
    }

    /// The same of a datagram that was put together.
    fn observe_datagram(&mut self, datagram: &Packet<'_>, depth: usize, notes: &mut Notes) -> Passed {
        let trust = self.health.judge_datagram(datagram, notes);
        let flow = self.flows.other();
        self.observe_network(datagram, flow, trust, depth, notes)
    }

    /// UDP and ICMP, of a whole packet or of a datagram put together from its fragments.
    #[inline]
    fn observe_upper(&mut self, packet: &Packet<'_>, flow: Flow, trust: Trust, notes: &mut Notes) -> Passed {
        if packet.frame.has(LayerKind::Udp) {
            self.udp.observe(packet, self.flows.places(flow), trust, notes);
        }
        if trust.is_bad() {
            return Passed { standing: Standing::Bad, beside: None };
        }
        let recent = self.health.recent();
        self.icmp.observe(packet, recent, &mut self.fragments, &mut self.udp, notes);
        let is_icmp = packet.frame.has(LayerKind::Icmpv4) || packet.frame.has(LayerKind::Icmpv6);
        let about = if is_icmp { icmp::quoted_packet(packet, recent) } else { None };
        let beside = about.map(|about| Box::new(Beside { about: Some(about), datagram: None }));
        Passed { standing: Standing::Whole, beside }
    }

    /// Takes the memory of what was passed on back.
    #[inline]
    pub fn give_back(&mut self, passed: Passed) {
        if let Some(datagram) = passed.beside.and_then(|beside| beside.datagram) {
            self.fragments.give_back(datagram);
        }
    }

    /// Takes in what the source says beside its packets: lost packets weaken findings.
    pub fn remark(&mut self, remark: &Remark) {
        self.health.remark(remark);
    }

    /// The end of the capture: whatever waited for a later packet is settled now.
    pub fn finish(&mut self, notes: &mut Notes) {
        self.link.finish(notes);
        self.fragments.finish(notes);
        self.icmp.finish(notes);
    }
}
