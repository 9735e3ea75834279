//! What the packets mean: (state, packet) → (state, notes). No clock, no input or output, no failure.
//!
//! [`Analyzer::observe`] hands each packet to the trackers, one file each, in the order of the layers. They leave
//! [`Note`]s about it, and at the end [`Analyzer::report`] collects what they counted as plain data. Every kind of note
//! has its entry in the [`catalogue`]; text is made from it only when somebody wants to read it.

pub mod arp;
mod bounded;
pub mod broadcast;
pub mod catalogue;
mod digest;
pub mod duplicates;
mod endpoints;
mod findings;
mod flows;
pub mod fragments;
pub mod health;
pub mod hosts;
pub mod icmp;
mod link;
pub mod messages;
mod note;
pub mod path_mtu;
mod report;
pub mod tcp;
mod totals;
pub mod udp;

pub use bounded::Bounded;
pub use catalogue::Entry;
pub use duplicates::{Duplicate, DuplicateKind};
pub use endpoints::{Endpoint, Endpoints, SizeRange};
pub use findings::{Finding, Findings};
pub use fragments::{FragmentReport, Fragments, Reassembly};
pub use health::{Health, HealthReport, Trust, Verdict};
pub use note::{Confidence, Context, Fact, Judged, Note, Notes, Settlement, Severity, Wanted};
pub use report::{Capture, Report};
pub(crate) use tcp::FORESEEN_PACKETS;
pub use totals::{ProtocolCount, Totals};

use flows::{Flow, Flows};

use crate::base::limits::MAX_NESTED_DATAGRAMS;
use crate::packet::{Packet, Remark};
use crate::wire::LayerKind;

/// Everything netlab remembers of the packets so far.
#[derive(Debug, Default)]
pub struct Analyzer {
    flows: Flows,
    health: Health,
    link: link::LinkTrackers,
    fragments: Fragments,
    totals: Totals,
    endpoints: Endpoints,
    tcp: tcp::TcpTracker,
    udp: udp::Udp,
    icmp: icmp::Icmp,
    path_mtu: path_mtu::PathMtu,
    purpose: Purpose,
}

/// What an analyzer is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Purpose {
    /// Notes, and a report at the end.
    #[default]
    Report,
    /// Notes only.
    Lines,
    /// Nothing.
    Silence,
}

impl Analyzer {
    /// An analyzer that has seen nothing.
    pub fn new() -> Analyzer {
        Analyzer::default()
    }

    /// An analyzer whose [`Analyzer::into_report`] lists the first `most` TCP connections and counts the others, and which
    /// remembers no more of those than it must. It says the same of every packet.
    pub fn listing(most: u64) -> Analyzer {
        Analyzer { tcp: tcp::TcpTracker::listing(most), ..Analyzer::default() }
    }

    /// An analyzer for output packet by packet: it says the same of every packet, but remembers less of what is over, and
    /// does not count what only a report shows. Its [`Analyzer::report`] is not complete.
    pub fn for_lines() -> Analyzer {
        Analyzer { purpose: Purpose::Lines, tcp: tcp::TcpTracker::listing(0), ..Analyzer::default() }
    }

    /// An analyzer that looks at no packet and says nothing: for output of what each packet says by itself.
    pub fn silent() -> Analyzer {
        Analyzer { purpose: Purpose::Silence, ..Analyzer::default() }
    }

    /// True if it looks at no packet.
    pub fn is_silent(&self) -> bool {
        self.purpose == Purpose::Silence
    }

    /// Takes in the next packet; what it means is added to `notes`.
    pub fn observe(&mut self, packet: &Packet<'_>, notes: &mut Notes) {
        if self.is_silent() {
            return;
        }
        let flow = self.flows.find(&packet.frame);
        let places = self.flows.places(flow);
        let trust = self.health.observe(packet, places, notes, || self.tcp.least_round_trip(packet));
        if self.purpose == Purpose::Report {
            self.totals.observe(packet);
            self.endpoints.observe(packet, places);
        }
        self.link.observe(packet, trust.duplicate.is_some(), places, notes);
        if trust.duplicate.is_some() {
            self.tcp.recognise(packet, notes);
            return;
        }
        self.path_mtu.observe_len(packet, places, notes);
        if self.fragments.has_nothing_to_do(packet) {
            self.observe_upper(packet, flow, trust, notes);
        } else {
            self.observe_network(packet, flow, trust, 0, notes);
        }
    }

    /// Asks for the memory that these packets, which are the next, will need; a few at a time gain by it. It changes no
    /// verdict.
    pub fn foresee(&mut self, packets: &[Packet<'_>]) {
        if !self.is_silent() {
            let flows = packets.iter().map(|packet| self.flows.touch(&packet.frame));
            std::hint::black_box(flows.fold(0, u32::wrapping_add));
            self.tcp.foresee(packets);
        }
    }

    /// What lies above the link, of a packet that is not a copy. A datagram that this packet completes is taken in here
    /// again, at the time of this packet; `depth` counts such datagrams within datagrams.
    #[inline(never)]
    fn observe_network(&mut self, packet: &Packet<'_>, flow: Flow, trust: Trust, depth: usize, notes: &mut Notes) {
        match self.fragments.observe(packet, trust, notes) {
            Reassembly::Whole => self.observe_upper(packet, flow, trust, notes),
            Reassembly::Waiting => {}
            Reassembly::Complete(assembled) => {
                if let Some(report) = self.fragments.just_completed(packet.meta.number) {
                    self.path_mtu.datagram(report, packet, notes);
                }
                if depth < MAX_NESTED_DATAGRAMS {
                    let datagram = assembled.packet(&packet.meta);
                    let trust = self.health.judge_datagram(&datagram, notes);
                    let flow = self.flows.other();
                    self.observe_network(&datagram, flow, trust, depth + 1, notes);
                }
                self.fragments.give_back(assembled);
            }
        }
    }

    /// Transport and ICMP, of a whole packet or of a datagram put together from its fragments.
    #[inline]
    fn observe_upper(&mut self, packet: &Packet<'_>, flow: Flow, trust: Trust, notes: &mut Notes) {
        self.tcp.observe(packet, trust, notes);
        if packet.frame.has(LayerKind::Udp) {
            self.udp.observe(packet, self.flows.places(flow), trust, notes);
        }
        if trust.is_bad() {
            return;
        }
        let recent = self.health.recent();
        self.icmp.observe(packet, recent, &mut self.fragments, &mut self.udp, notes);
        self.path_mtu.observe(packet, recent, &self.tcp, notes);
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
        self.tcp.finish(notes);
    }

    /// Everything counted and concluded so far.
    pub fn report(&self) -> Report {
        Report { connections: self.tcp.connections(), ..self.without_connections(self.tcp.health()) }
    }

    /// The same at the end: the memory of each connection is given back as soon as it is reported.
    pub fn into_report(mut self) -> Report {
        let health = self.tcp.health();
        let (connections, more_connections) = self.tcp.take_connections();
        Report { connections, more_connections, ..self.without_connections(health) }
    }

    fn without_connections(&self, tcp: tcp::TcpHealth) -> Report {
        Report {
            health: self.health.report(&tcp),
            protocols: self.totals.protocols(),
            endpoints: self.endpoints.endpoints(),
            sizes: self.endpoints.sizes(),
            arp: self.link.arp.report(),
            hosts: self.link.hosts.report(),
            masks: self.link.masks.report(),
            broadcasts: self.link.broadcasts.report(),
            udp: self.udp.report(),
            icmp: self.icmp.report(),
            path_mtu: self.path_mtu.report().to_vec(),
            fragments: self.fragments.report().to_vec(),
            fragment_counts: self.fragments.counts(),
            connections: Vec::new(),
            more_connections: 0,
            tcp_health: tcp,
        }
    }
}
