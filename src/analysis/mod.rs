//! What the packets mean: (state, packet) → (state, notes). No clock, no input or output, no failure.
//!
//! [`Analyzer::observe`] hands each packet to the trackers, one file each, in the order of the layers. They leave
//! [`Note`]s about it, and at the end [`Analyzer::report`] collects what they counted as plain data. Every kind of note
//! has its entry in the [`catalogue`]; text is made from it only when somebody wants to read it.

pub mod arp;
mod bounded;
pub mod broadcast;
mod by_connection;
mod by_packet;
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

pub(crate) use by_connection::ByConnection;
pub(crate) use by_packet::{ByPacket, Passed};

use crate::packet::{Packet, Remark};

/// Everything netlab remembers of the packets so far.
///
/// What it remembers is in two stages, which `pipeline::run_ahead` runs on two threads.
#[derive(Debug, Default)]
pub struct Analyzer {
    by_packet: ByPacket,
    by_connection: ByConnection,
    is_silent: bool,
}

impl Analyzer {
    /// An analyzer that has seen nothing.
    pub fn new() -> Analyzer {
        Analyzer::default()
    }

    /// An analyzer whose [`Analyzer::into_report`] lists the first `most` TCP connections and counts the others, and which
    /// remembers no more of those than it must. It says the same of every packet.
    pub fn listing(most: u64) -> Analyzer {
        Analyzer { by_connection: ByConnection::listing(most), ..Analyzer::default() }
    }

    /// An analyzer for output packet by packet: it says the same of every packet, but remembers less of what is over, and
    /// does not count what only a report shows. Its [`Analyzer::report`] is not complete.
    pub fn for_lines() -> Analyzer {
        Analyzer { by_packet: ByPacket::for_lines(), by_connection: ByConnection::listing(0), ..Analyzer::default() }
    }

    /// An analyzer that looks at no packet and says nothing: for output of what each packet says by itself.
    pub fn silent() -> Analyzer {
        Analyzer { is_silent: true, ..Analyzer::default() }
    }

    /// Its stages; `None` if it looks at no packet.
    pub(crate) fn stages(&mut self) -> Option<(&mut ByPacket, &mut ByConnection)> {
        (!self.is_silent).then_some((&mut self.by_packet, &mut self.by_connection))
    }

    /// Takes in the next packet; what it means is added to `notes`.
    pub fn observe(&mut self, packet: &Packet<'_>, notes: &mut Notes) {
        let Some((by_packet, by_connection)) = self.stages() else { return };
        let passed = by_packet.observe(packet, notes, || by_connection.least_round_trip(packet));
        by_connection.observe(packet, &passed, notes);
        by_packet.give_back(passed);
    }

    /// Takes in what the source says beside its packets: lost packets weaken findings.
    pub fn remark(&mut self, remark: &Remark) {
        self.by_packet.remark(remark);
    }

    /// The end of the capture: whatever waited for a later packet is settled now.
    pub fn finish(&mut self, notes: &mut Notes) {
        self.by_packet.finish(notes);
        self.by_connection.finish(notes);
    }

    /// Everything counted and concluded so far.
    pub fn report(&self) -> Report {
        Report {
            connections: self.by_connection.tcp.connections(),
            ..self.without_connections(self.by_connection.tcp.health())
        }
    }

    /// The same at the end: the memory of each connection is given back as soon as it is reported.
    pub fn into_report(mut self) -> Report {
        let health = self.by_connection.tcp.health();
        let (connections, more_connections) = self.by_connection.tcp.take_connections();
        Report { connections, more_connections, ..self.without_connections(health) }
    }

    fn without_connections(&self, tcp: tcp::TcpHealth) -> Report {
        let ByPacket { flows, health, link, fragments, totals, endpoints, udp, icmp, .. } = &self.by_packet;
        Report {
            health: health.report(&tcp),
            protocols: totals.protocols(flows),
            endpoints: endpoints.endpoints(flows),
            sizes: endpoints.sizes(),
            arp: link.arp.report(),
            hosts: link.hosts.report(flows),
            masks: link.masks.report(),
            broadcasts: link.broadcasts.report(),
            udp: udp.report(),
            icmp: icmp.report(),
            path_mtu: self.by_connection.path_mtu.report().to_vec(),
            fragments: fragments.report().to_vec(),
            fragment_counts: fragments.counts(),
            connections: Vec::new(),
            more_connections: 0,
            tcp_health: tcp,
        }
    }
}
