//! What a scenario tells a box to do.

use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use super::program::Program;
use super::record::PortId;
use crate::base::MacAddr;

/// Something that a box is told to do.
#[derive(Clone, Debug)]
pub enum Order {
    /// Send ICMP echo requests.
    Ping(PingOrder),
    /// Find the way to an address: echo requests with growing TTL.
    Trace {
        /// Where to.
        destination: IpAddr,
        /// The largest TTL tried.
        max_hops: u8,
    },
    /// Ask for the MAC address of a neighbour.
    Resolve(IpAddr),
    /// Claim one's own addresses (RFC 5227 §2.3).
    Announce,
    /// Ask whether somebody else uses one's own address (RFC 5227 §2.1).
    Probe,
    /// Send one UDP datagram.
    SendUdp(UdpOrder),
    /// Send a frame as it is.
    SendFrame(FrameOrder),
    /// Run a program.
    Run(Rc<Program>),
    /// End a program at once, as the death of its process would.
    Kill(Rc<str>),
    /// Ask a DHCP server for an address.
    Dhcp,
    /// Give the address back.
    Release,
    /// Ask a DNS server for the address of a name.
    Lookup(Box<str>),
    /// Forget all neighbours.
    FlushNeighbours,
    /// Set an address of the box anew.
    SetAddress(IpAddr, u8),
    /// Send octets out of a port; the engine does it, whatever the box is.
    Inject(InjectOrder),
}

/// A frame to send out of a port, octet by octet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InjectOrder {
    /// The port.
    pub port: PortId,
    /// The frame, without its check sequence.
    pub octets: Vec<u8>,
}

/// Echo requests to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PingOrder {
    /// Where to.
    pub destination: IpAddr,
    /// How many.
    pub count: u32,
    /// Time between two.
    pub interval: Duration,
    /// Octets after the ICMP header.
    pub payload_len: usize,
    /// TTL or hop limit.
    pub ttl: u8,
    /// True to forbid fragments, false to allow them; `None` forbids them if it fits the first link.
    pub dont_fragment: Option<bool>,
}

/// A datagram to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UdpOrder {
    /// Where to.
    pub destination: SocketAddr,
    /// Source port; 0 lets the box choose.
    pub source_port: u16,
    /// What it carries.
    pub payload: Vec<u8>,
    /// True to forbid fragments.
    pub dont_fragment: bool,
}

/// A frame to send as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameOrder {
    /// Destination; broadcast unless said otherwise.
    pub destination: MacAddr,
    /// Source; the box's own unless said otherwise.
    pub source: Option<MacAddr>,
    /// EtherType.
    pub ether_type: u16,
    /// VLAN tag, if one shall be there.
    pub vlan: Option<u16>,
    /// What follows the header.
    pub payload: Vec<u8>,
    /// How many of it.
    pub count: u32,
    /// Time between two.
    pub interval: Duration,
}
