//! Messages between bridges: configuration, topology change and rapid configuration (IEEE 802.1D-2004 clause 9).
//!
//! ```text
//! 802.3 length | LLC 42 42 03 | protocol 00 00 | version | type | flags | root 8 | cost 4 | bridge 8 | port 2
//! | message age 2 | max age 2 | hello 2 | forward delay 2 | (rapid: version 1 length 00)
//! ```
//! Times are in 256ths of a second.

use std::time::Duration;

use crate::base::MacAddr;

/// Where messages between bridges go (IEEE 802.1D-2004 Table 7-10).
pub const BRIDGE_GROUP: MacAddr = MacAddr([0x01, 0x80, 0xc2, 0, 0, 0]);

/// A bridge's identifier: priority, then address; the lower is the better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BridgeId(pub u64);

impl BridgeId {
    /// The identifier of the bridge with that priority and address.
    pub fn new(priority: u16, mac: MacAddr) -> BridgeId {
        let mut number = u64::from(priority);
        for octet in mac.octets() {
            number = number << 8 | u64::from(octet);
        }
        BridgeId(number)
    }
}

impl std::fmt::Display for BridgeId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let octets = self.0.to_be_bytes();
        let mac = MacAddr([octets[2], octets[3], octets[4], octets[5], octets[6], octets[7]]);
        write!(f, "{}/{mac}", self.0 >> 48)
    }
}

/// What spanning tree compares, best first: root, cost to it, sender, sender's port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Vector {
    /// The root that the sender believes in.
    pub root: BridgeId,
    /// What the sender's way to it costs.
    pub cost: u32,
    /// The sender.
    pub bridge: BridgeId,
    /// Its port: priority and number.
    pub port: u16,
}

/// The flags of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Flags {
    pub topology_change: bool,
    pub proposal: bool,
    /// 0 unknown, 1 alternate or backup, 2 root, 3 designated.
    pub role: u8,
    pub learning: bool,
    pub forwarding: bool,
    pub agreement: bool,
    pub topology_change_acknowledged: bool,
}

/// A message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bpdu {
    /// What the sender knows of the tree.
    Config {
        /// True for the messages of rapid spanning tree.
        rapid: bool,
        /// Its flags.
        flags: Flags,
        /// What it says.
        vector: Vector,
        /// How old the root's word is.
        message_age: Duration,
        /// How old it may become.
        max_age: Duration,
        /// How often the root speaks.
        hello: Duration,
        /// How long a port listens, and learns.
        forward_delay: Duration,
    },
    /// Something changed; told towards the root.
    TopologyChange,
}

impl Bpdu {
    /// Reads a message, from the LLC header on; `None` if it is not one.
    pub fn parse(octets: &[u8]) -> Option<Bpdu> {
        let body = octets.strip_prefix(&[0x42, 0x42, 0x03, 0, 0])?;
        match body {
            [_, 0x80, ..] => Some(Bpdu::TopologyChange),
            [version, kind @ (0x00 | 0x02), ..] if body.len() >= 33 => {
                let long = |at: usize| u64::from_be_bytes(body[at..at + 8].try_into().unwrap_or_default());
                let word = |at: usize| u32::from_be_bytes(body[at..at + 4].try_into().unwrap_or_default());
                let short = |at: usize| u16::from_be_bytes([body[at], body[at + 1]]);
                let time = |at: usize| Duration::from_nanos(u64::from(short(at)) * 1_000_000_000 / 256);
                let bits = body[2];
                Some(Bpdu::Config {
                    rapid: *version >= 2 && *kind == 2,
                    flags: Flags {
                        topology_change: bits & 1 != 0,
                        proposal: bits & 2 != 0,
                        role: bits >> 2 & 3,
                        learning: bits & 16 != 0,
                        forwarding: bits & 32 != 0,
                        agreement: bits & 64 != 0,
                        topology_change_acknowledged: bits & 128 != 0,
                    },
                    vector: Vector {
                        root: BridgeId(long(3)),
                        cost: word(11),
                        bridge: BridgeId(long(15)),
                        port: short(23),
                    },
                    message_age: time(25),
                    max_age: time(27),
                    hello: time(29),
                    forward_delay: time(31),
                })
            }
            _ => None,
        }
    }

    /// The whole frame, from the destination address on, sent by the port with address `source`.
    pub fn frame(&self, source: MacAddr) -> Vec<u8> {
        let mut body = vec![0x42, 0x42, 0x03, 0, 0];
        match self {
            Bpdu::TopologyChange => body.extend_from_slice(&[0, 0x80]),
            Bpdu::Config { rapid, flags, vector, message_age, max_age, hello, forward_delay } => {
                body.extend_from_slice(if *rapid { &[2, 2] } else { &[0, 0] });
                body.push(
                    u8::from(flags.topology_change)
                        | u8::from(flags.proposal) << 1
                        | (flags.role & 3) << 2
                        | u8::from(flags.learning) << 4
                        | u8::from(flags.forwarding) << 5
                        | u8::from(flags.agreement) << 6
                        | u8::from(flags.topology_change_acknowledged) << 7,
                );
                body.extend_from_slice(&vector.root.0.to_be_bytes());
                body.extend_from_slice(&vector.cost.to_be_bytes());
                body.extend_from_slice(&vector.bridge.0.to_be_bytes());
                body.extend_from_slice(&vector.port.to_be_bytes());
                for time in [message_age, max_age, hello, forward_delay] {
                    let ticks = (time.as_nanos() * 256 / 1_000_000_000).min(0xffff) as u16;
                    body.extend_from_slice(&ticks.to_be_bytes());
                }
                if *rapid {
                    body.push(0);
                }
            }
        }
        let mut frame = Vec::with_capacity(64);
        frame.extend_from_slice(&BRIDGE_GROUP.octets());
        frame.extend_from_slice(&source.octets());
        frame.extend_from_slice(&(body.len() as u16).to_be_bytes());
        frame.extend_from_slice(&body);
        frame
    }
}
