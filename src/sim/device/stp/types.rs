//! The words of spanning tree: states, roles, set-up, and what a bridge shall do.

use std::time::Duration;

use crate::sim::record::PortId;

/// What a port may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortState {
    /// Neither learn nor forward.
    Blocking,
    /// The same, on the way to forwarding.
    Listening,
    /// Learn, not yet forward.
    Learning,
    /// Both.
    Forwarding,
}

impl PortState {
    /// True if addresses are learned from frames that arrive.
    pub const fn learns(self) -> bool {
        matches!(self, PortState::Learning | PortState::Forwarding)
    }

    /// The name of the state.
    pub const fn name(self) -> &'static str {
        match self {
            PortState::Blocking => "blocking",
            PortState::Listening => "listening",
            PortState::Learning => "learning",
            PortState::Forwarding => "forwarding",
        }
    }
}

/// What a port is in the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The way to the root.
    Root,
    /// The way to the root for the segment behind it.
    Designated,
    /// Another way to the root, kept in reserve.
    Alternate,
    /// Another port of this bridge serves the segment.
    Backup,
    /// No cable.
    Disabled,
}

impl Role {
    /// The name of the role.
    pub const fn name(self) -> &'static str {
        match self {
            Role::Root => "root port",
            Role::Designated => "designated",
            Role::Alternate => "alternate",
            Role::Backup => "backup",
            Role::Disabled => "disabled",
        }
    }
}

/// How spanning tree is set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StpOptions {
    /// True for rapid spanning tree.
    pub rapid: bool,
    /// The bridge's priority; the lowest becomes root.
    pub priority: u16,
    /// Time between two messages of the root.
    pub hello: Duration,
    /// How old the root's word may become.
    pub max_age: Duration,
    /// How long a port listens, and learns.
    pub forward_delay: Duration,
    /// What each port's link costs, in port order.
    pub costs: Vec<u32>,
    /// Ports where only hosts are, in port order: they forward at once.
    pub edges: Vec<bool>,
}

impl StpOptions {
    /// The usual values (IEEE 802.1D-2004 Table 17-1).
    pub fn new(rapid: bool) -> StpOptions {
        StpOptions {
            rapid,
            priority: 32768,
            hello: Duration::from_secs(2),
            max_age: Duration::from_secs(20),
            forward_delay: Duration::from_secs(15),
            costs: Vec::new(),
            edges: Vec::new(),
        }
    }

    /// What a link of that rate costs (802.1D-1998 Table 8-5 for classic, 802.1D-2004 Table 17-3 for rapid).
    pub fn cost_of(rapid: bool, rate_bps: u64) -> u32 {
        let megabits = (rate_bps / 1_000_000).max(1);
        match (rapid, megabits) {
            (true, _) => (20_000_000 / megabits).clamp(1, 200_000_000) as u32,
            (false, ..=10) => 100,
            (false, ..=100) => 19,
            (false, ..=1000) => 4,
            (false, _) => 2,
        }
    }
}

/// What the bridge shall do.
#[derive(Debug)]
pub enum StpAction {
    /// Send this frame.
    Send {
        /// Out of this port.
        port: PortId,
        /// The frame.
        octets: Vec<u8>,
    },
    /// Put a port into a state.
    State {
        /// The port.
        port: PortId,
        /// The state.
        state: PortState,
        /// Why, for people.
        why: String,
    },
    /// Tell people something.
    Say {
        /// About this port, or the whole bridge.
        port: Option<PortId>,
        /// What.
        text: String,
    },
    /// Forget what was learned behind a port.
    Flush {
        /// The port.
        port: PortId,
    },
    /// Let addresses age this fast; `None` as usual.
    Ageing(Option<Duration>),
}
