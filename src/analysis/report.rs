//! The report: plain data, in the shape that `docs/OUTPUT.md` promises.

use serde::Serialize;

use super::arp::ArpReport;
use super::broadcast::BroadcastReport;
use super::endpoints::{Endpoint, SizeRange};
use super::fragments::{FragmentReport, OutcomeCounts};
use super::health::HealthReport;
use super::hosts::HostReport;
use super::hosts::masks::MaskReport;
use super::icmp::IcmpReport;
use super::path_mtu::PathMtuReport;
use super::tcp::{ConnectionReport, TcpHealth};
use super::totals::ProtocolCount;
use super::udp::UdpReport;

/// Everything concluded from a capture.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// How far the capture can be believed.
    pub health: HealthReport,
    /// Packets and octets by stack of layers, most packets first.
    pub protocols: Vec<ProtocolCount>,
    /// TCP connections, in the order of their first packets.
    pub connections: Vec<ConnectionReport>,
    /// What TCP tells of the capture's soundness.
    pub tcp_health: TcpHealth,
    /// Packets and octets by address, most octets first.
    pub endpoints: Vec<Endpoint>,
    /// Packets and octets by size.
    pub sizes: Vec<SizeRange>,
    /// What ARP told: who has which address, who asked, what moved.
    pub arp: ArpReport,
    /// The machines of the link in order of their first frame.
    pub hosts: Vec<HostReport>,
    /// The masks that hosts probably have.
    pub masks: Vec<MaskReport>,
    /// Frames for everybody, storms and flooding.
    pub broadcasts: BroadcastReport,
    /// UDP conversations in order of their first datagrams.
    pub udp: Vec<UdpReport>,
    /// Pings, and errors with the flows that they quote.
    pub icmp: IcmpReport,
    /// What routers told of the MTU of paths, and what came of it.
    pub path_mtu: Vec<PathMtuReport>,
    /// Fragmented datagrams in the order in which they ended.
    pub fragments: Vec<FragmentReport>,
    /// How many of them ended in which way.
    pub fragment_counts: OutcomeCounts,
    /// How many connections more there were, which were not to be listed.
    #[serde(skip)]
    pub more_connections: usize,
}

/// One capture that a report is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Capture {
    /// The file as it was named, or the interface.
    pub file: String,
    /// Packets read.
    pub packets: u64,
    /// Their octets on the wire.
    pub octets: u64,
    /// Time of the earliest packet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_ns: Option<u64>,
    /// Time of the latest packet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_ns: Option<u64>,
    /// Link types, in order of appearance.
    pub links: Vec<&'static str>,
    /// Packets of which fewer octets were kept than there were on the wire.
    pub cut: u64,
    /// Packets that the capturing side lost, as far as it is known.
    pub dropped: u64,
    /// Where and how the file is damaged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub damage: Option<String>,
}
