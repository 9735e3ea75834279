//! Spanning tree: configuration, topology change and rapid BPDUs (IEEE 802.1D-2004 §9.3, IEEE 802.1Q §14).
//!
//! ```text
//!  0        2         3      4       5              13             17             25      27
//! +--------+---------+------+-------+--------------+--------------+--------------+-------+------------------
//! | id = 0 | version | type | flags | root bridge  | cost to root | bridge       | port  | age, max age,
//! |        |         |      |       | prio+ext+MAC |              | prio+ext+MAC |       | hello, forward delay
//! +--------+---------+------+-------+--------------+--------------+--------------+-------+------------------
//! ```

use std::fmt;

use super::issue::IssueCode;
use super::layer::{Layer, LayerKind};
use super::walker::{Next, Walker, be16, be32};
use crate::base::MacAddr;

/// A BPDU: 4 octets if it only tells of a topology change, 35 as a configuration, 36 and more as a rapid one.
#[derive(Clone, Copy, Debug)]
pub struct Stp<'a> {
    bytes: &'a [u8],
}

/// The identifier of a bridge: priority in steps of 4096, an extension that is mostly the VLAN, and its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub struct BridgeId {
    pub priority: u16,
    pub extension: u16,
    pub address: MacAddr,
}

impl fmt::Display for BridgeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.priority, self.extension, self.address)
    }
}

impl<'a> Stp<'a> {
    /// The captured octets of the BPDU.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Version: 0 spanning tree, 2 rapid, 3 multiple, 4 shortest path bridging.
    pub fn version(&self) -> u8 {
        self.bytes[2]
    }

    /// Type: 0x00 configuration, 0x80 topology change, 0x02 rapid.
    pub fn bpdu_type(&self) -> u8 {
        self.bytes[3]
    }

    /// True if the BPDU only tells that the topology changed: the fields below are absent.
    pub fn is_topology_change(&self) -> bool {
        self.bpdu_type() == 0x80
    }

    /// Flags: 0x01 topology change, 0x80 its acknowledgment; in rapid BPDUs also 0x02 proposal, 0x0c port role,
    /// 0x10 learning, 0x20 forwarding, 0x40 agreement.
    pub fn flags(&self) -> Option<u8> {
        self.bytes.get(4).copied()
    }

    /// The bridge that the sender takes for the root.
    pub fn root(&self) -> Option<BridgeId> {
        self.bridge_id(5)
    }

    /// Cost of the sender's path to the root.
    pub fn root_path_cost(&self) -> Option<u32> {
        (self.bytes.len() >= 17).then(|| be32(self.bytes, 13))
    }

    /// The sender.
    pub fn bridge(&self) -> Option<BridgeId> {
        self.bridge_id(17)
    }

    /// The sender's port.
    pub fn port(&self) -> Option<u16> {
        (self.bytes.len() >= 27).then(|| be16(self.bytes, 25))
    }

    /// Message age, maximum age, hello time and forward delay, in units of 1/256 s.
    pub fn times(&self) -> Option<[u16; 4]> {
        (self.bytes.len() >= 35).then(|| [27, 29, 31, 33].map(|at| be16(self.bytes, at)))
    }

    fn bridge_id(&self, at: usize) -> Option<BridgeId> {
        let id = self.bytes.get(at..at + 8)?;
        let first = be16(id, 0);
        let address = MacAddr::from_slice(&id[2..])?;
        Some(BridgeId { priority: first & 0xf000, extension: first & 0x0fff, address })
    }
}

pub(super) fn walk(walker: &mut Walker<'_>) -> Next {
    let Some(fixed) = walker.header(LayerKind::Stp, 4) else {
        return Next::Stop;
    };
    if be16(fixed, 0) != 0 {
        // Some other protocol of the group address, such as GARP.
        walker.issue(IssueCode::BadVersion, LayerKind::Stp, 0, usize::from(be16(fixed, 0)), 0);
        return Next::Stop;
    }
    let len = match fixed[3] {
        0x80 => 4,
        0x02 => 36,
        _ => 35,
    };
    if walker.rest().len() < len {
        walker.lacks(LayerKind::Stp, len);
    }
    // What a multiple spanning tree adds, and Cisco's VLAN, stay with the BPDU as far as its frame reaches.
    let bytes = walker.rest();
    walker.push(Layer::Stp(Stp { bytes: &bytes[..bytes.len().min(len)] }), bytes.len().min(len));
    Next::Payload
}
