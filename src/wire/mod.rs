//! Octets become views, descriptions become octets.
//!
//! In comes what was captured and its link type; out goes a [`Frame`]: the layers that could be read, each a view that
//! borrows its octets, the innermost payload, and the issues met on the way. Nothing here fails or panics, knows the
//! time, or knows what a packet *means*.
//!
//! The walk is in `decode.rs` and goes down one protocol file after another; etherparse reads options,
//! extension headers, ICMP bodies and checksums.

pub mod app;
pub mod build;
pub mod checksum;
mod decode;
pub mod describe;
mod frame;
mod issue;
mod layer;
mod link;
mod registry;
mod walker;

mod arp;
mod ethernet;
mod icmp;
mod igmp;
mod ipv4;
mod ipv6;
mod llc;
mod ndp;
mod other;
mod plain;
mod ppp;
mod stp;
mod tcp;
mod tcp_options;
mod tunnel;
mod udp;
mod vlan;

pub use arp::{Arp, ArpOperation};
pub use decode::decode;
pub(crate) use decode::{plain, walk};
pub use ethernet::{Ethernet, Loopback, Sll};
pub use frame::{Frame, IpFragment, IpView};
pub use icmp::{Icmpv4, Icmpv6};
pub use igmp::{Igmp, IgmpRecord, IgmpRecords};
pub use ipv4::Ipv4;
pub use ipv6::{Ipv6, Ipv6Extension, Ipv6ExtensionKind};
pub use issue::{Issue, IssueCode};
pub use layer::{Layer, LayerKind, Located};
pub use link::LinkType;
pub use llc::Llc;
pub use ndp::{Ndp, NdpOption, NdpOptions};
pub use other::{CutHeader, CutTransport, Other, Registry};
pub use plain::PlainV4;
pub use ppp::{Ppp, Pppoe};
pub use registry::{ether_type_name, ip_protocol_name};
pub use stp::{BridgeId, Stp};
pub use tcp::{Tcp, TcpFlags};
pub use tcp_options::{SackBlocks, TcpOptions};
pub use tunnel::{Geneve, Gre, Mpls, Vxlan};
pub use udp::Udp;
pub use vlan::Vlan;
