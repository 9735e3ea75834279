//! Spanning tree, classic and rapid: which ports of a bridge may forward so that no loop is left
//! (IEEE 802.1D-1998 clause 8; IEEE 802.1D-2004 clause 17).
//!
//! Every bridge believes in the best root it has heard of. Its *root port* is the cheapest way there; on each segment
//! one bridge has the *designated port*; all other ports block. Classic ports wait twice the forward delay before they
//! forward; rapid ones ask the other side (proposal, agreement) and wait only if nobody answers.
//!
//! Not followed: port role "disputed", migration between the two kinds on one segment, more than one tree.

mod send;
mod types;

use std::time::Duration;

use super::bpdu::{Bpdu, BridgeId, Flags, Vector};
use crate::base::{MacAddr, Timestamp};
use crate::sim::record::PortId;
use crate::sim::table::Table;

pub use types::{PortState, Role, StpAction, StpOptions};

#[derive(Clone, Copy, Debug)]
struct Heard {
    vector: Vector,
    message_age: Duration,
    expires: Timestamp,
}

#[derive(Debug)]
struct Port {
    up: bool,
    cost: u32,
    edge: bool,
    /// The best word heard on the segment, if a better bridge than this one is there.
    heard: Option<Heard>,
    role: Role,
    state: PortState,
    /// When the port goes one state further.
    advance_at: Option<Timestamp>,
    /// Rapid: when a port on which nobody speaks counts as an edge.
    edge_at: Option<Timestamp>,
    proposing: bool,
    agreed: bool,
    /// Rapid: until when messages carry the topology change flag.
    changing_until: Timestamp,
    acknowledge_change: bool,
}

/// The part of a bridge that speaks spanning tree.
#[derive(Debug)]
pub struct SpanningTree {
    options: StpOptions,
    mac: MacAddr,
    id: BridgeId,
    ports: Vec<Port>,
    root: BridgeId,
    root_cost: u32,
    root_port: Option<usize>,
    hello_at: Timestamp,
    /// Classic, at the root: until when its messages carry the topology change flag.
    root_changing_until: Timestamp,
    /// Classic, elsewhere: a change is to be told to the root until somebody acknowledges.
    telling: bool,
    shortened: bool,
    actions: Vec<StpAction>,
}

impl SpanningTree {
    /// Spanning tree of a bridge that believes itself the root.
    pub fn new(options: StpOptions, mac: MacAddr, ports: u16) -> SpanningTree {
        let id = BridgeId::new(options.priority, mac);
        let ports = (0..usize::from(ports))
            .map(|index| Port {
                up: true,
                cost: options.costs.get(index).copied().unwrap_or(StpOptions::cost_of(options.rapid, 100_000_000)),
                edge: options.edges.get(index).copied().unwrap_or(false),
                heard: None,
                role: Role::Disabled,
                state: PortState::Blocking,
                advance_at: None,
                edge_at: None,
                proposing: false,
                agreed: false,
                changing_until: Timestamp::ZERO,
                acknowledge_change: false,
            })
            .collect();
        SpanningTree {
            mac,
            id,
            ports,
            root: id,
            root_cost: 0,
            root_port: None,
            hello_at: Timestamp::ZERO,
            root_changing_until: Timestamp::ZERO,
            telling: false,
            shortened: false,
            actions: Vec::new(),
            options,
        }
    }

    /// The root that the bridge believes in.
    pub fn root(&self) -> BridgeId {
        self.root
    }

    /// True if the bridge believes itself the root.
    pub fn is_root(&self) -> bool {
        self.root == self.id
    }

    /// The role of a port.
    pub fn role(&self, port: PortId) -> Role {
        self.ports[usize::from(port.0)].role
    }

    /// Begins: every port is designated until somebody better is heard.
    pub fn start(&mut self, now: Timestamp) -> Vec<StpAction> {
        self.elect(now);
        self.send_hellos(now);
        std::mem::take(&mut self.actions)
    }

    /// A message arrived, from the LLC header on.
    pub fn on_bpdu(&mut self, now: Timestamp, port: PortId, octets: &[u8]) -> Vec<StpAction> {
        let index = usize::from(port.0);
        match Bpdu::parse(octets) {
            None => {}
            Some(Bpdu::TopologyChange) if self.ports[index].role == Role::Designated => {
                self.ports[index].acknowledge_change = true;
                self.changed(now, "a bridge below told of a change");
                self.send_config(now, index);
            }
            Some(Bpdu::TopologyChange) => {}
            Some(Bpdu::Config { flags, vector, message_age, max_age, .. }) => {
                self.ports[index].edge = false;
                self.ports[index].edge_at = None;
                self.hear(now, index, flags, vector, message_age, max_age);
            }
        }
        std::mem::take(&mut self.actions)
    }

    fn hear(
        &mut self,
        now: Timestamp,
        index: usize,
        flags: Flags,
        vector: Vector,
        message_age: Duration,
        max_age: Duration,
    ) {
        if message_age >= max_age {
            return;
        }
        let rapid = self.options.rapid;
        let own = self.designated_vector(index);
        // A designated bridge may take back what it said; anybody else must be better.
        let same_speaker = self.ports[index]
            .heard
            .is_some_and(|heard| (heard.vector.bridge, heard.vector.port) == (vector.bridge, vector.port));
        let better = vector < self.ports[index].heard.map_or(own, |heard| heard.vector);
        if rapid && flags.agreement && self.ports[index].role == Role::Designated && vector.root == self.root {
            self.agree(now, index);
        }
        if !(better || same_speaker) {
            if self.ports[index].role == Role::Designated && vector > own {
                // Somebody believes in worse than this bridge knows.
                self.send_config(now, index);
            }
            return;
        }
        let life = if rapid { self.options.hello * 3 } else { max_age - message_age };
        self.ports[index].heard = Some(Heard { vector, message_age, expires: now.after(life) });
        if better {
            self.ports[index].agreed = false;
            self.ports[index].proposing = false;
        }
        let role = self.ports[index].role;
        self.elect(now);
        let is_root_port = self.root_port == Some(index);
        if rapid {
            if flags.topology_change {
                self.changed_behind(now, index);
            }
            if flags.proposal && is_root_port {
                self.synchronise(now);
                self.set_state(index, PortState::Forwarding, "the root port forwards: all others are in step");
            }
            if flags.proposal && matches!(self.ports[index].role, Role::Root | Role::Alternate | Role::Backup) {
                self.send_rapid(now, index, true);
            }
            // A port that becomes designated proposes at once: whoever took back a better word is waiting for it.
            if better || role != self.ports[index].role {
                self.send_hellos(now);
            }
        } else if is_root_port {
            if flags.topology_change_acknowledged {
                self.telling = false;
            }
            if flags.topology_change != self.shortened {
                self.shortened = flags.topology_change;
                let ageing = flags.topology_change.then_some(self.options.forward_delay);
                self.actions.push(StpAction::Ageing(ageing));
            }
            self.root_changing_until = if flags.topology_change { Timestamp::from_nanos(u64::MAX) } else { now };
            for other in 0..self.ports.len() {
                if self.ports[other].role == Role::Designated {
                    self.send_config(now, other);
                }
            }
        }
    }

    /// Rapid: before a new root port forwards, no other port may forward to bridges that have not agreed.
    fn synchronise(&mut self, now: Timestamp) {
        for index in 0..self.ports.len() {
            let port = &mut self.ports[index];
            if port.role == Role::Designated && !port.edge && !port.agreed && port.state != PortState::Blocking {
                port.proposing = true;
                port.advance_at = Some(now.after(self.options.forward_delay));
                self.set_state(index, PortState::Blocking, "waits until the bridge behind it agrees");
            }
        }
    }

    fn agree(&mut self, now: Timestamp, index: usize) {
        self.ports[index].agreed = true;
        self.ports[index].proposing = false;
        if self.ports[index].state != PortState::Forwarding {
            self.ports[index].advance_at = None;
            self.set_state(index, PortState::Forwarding, "the bridge behind it agreed");
            self.changed_behind_own(now, index);
        }
    }

    /// What this bridge would say on a port.
    fn designated_vector(&self, index: usize) -> Vector {
        Vector { root: self.root, cost: self.root_cost, bridge: self.id, port: port_number(index) }
    }

    /// Chooses root, root port and the roles of all ports from what was heard.
    fn elect(&mut self, now: Timestamp) {
        let old_root = self.root;
        let way = |(index, port): (usize, &Port)| {
            let heard = port.heard.filter(|heard| port.up && heard.vector.bridge != self.id)?;
            let Vector { root, cost, bridge, port: sender } = heard.vector;
            Some((Vector { root, cost: cost + port.cost, bridge, port: sender }, port_number(index), index))
        };
        let best = self.ports.iter().enumerate().filter_map(way).min();
        match best.filter(|(vector, ..)| vector.root < self.id) {
            Some((vector, _, index)) => {
                (self.root, self.root_cost, self.root_port) = (vector.root, vector.cost, Some(index));
            }
            None => (self.root, self.root_cost, self.root_port) = (self.id, 0, None),
        }
        if self.root != old_root {
            let text = if self.is_root() {
                "this bridge is the root: no better one is heard".to_owned()
            } else {
                format!("the root is {}, at cost {}", self.root, self.root_cost)
            };
            self.actions.push(StpAction::Say { port: None, text });
        }
        for index in 0..self.ports.len() {
            let own = self.designated_vector(index);
            let port = &self.ports[index];
            let role = match port.heard {
                _ if !port.up => Role::Disabled,
                _ if self.root_port == Some(index) => Role::Root,
                Some(heard) if heard.vector < own && heard.vector.bridge == self.id => Role::Backup,
                Some(heard) if heard.vector < own => Role::Alternate,
                _ => Role::Designated,
            };
            self.set_role(now, index, role);
        }
    }

    fn set_role(&mut self, now: Timestamp, index: usize, role: Role) {
        if role == Role::Designated && self.ports[index].role != Role::Designated {
            self.ports[index].heard = None;
        }
        if self.ports[index].role == role {
            return;
        }
        let old = std::mem::replace(&mut self.ports[index].role, role);
        let rapid = self.options.rapid;
        let delay = self.options.forward_delay;
        match role {
            Role::Alternate | Role::Backup | Role::Disabled => {
                let was_forwarding = self.ports[index].state == PortState::Forwarding;
                self.ports[index].advance_at = None;
                self.ports[index].agreed = false;
                let why = match role {
                    Role::Disabled => "no cable",
                    Role::Backup => "another port of this bridge serves the segment",
                    _ => "another way to the root is better",
                };
                self.set_state(index, PortState::Blocking, why);
                if was_forwarding && !rapid {
                    self.changed(now, "a port stopped forwarding");
                }
            }
            Role::Root | Role::Designated => {
                if self.ports[index].state == PortState::Forwarding {
                    return;
                }
                if rapid && role == Role::Root {
                    // No old root port is left forwarding, so the new one may (802.1D-2004 §17.10).
                    self.set_state(index, PortState::Forwarding, "the best way to the root; no other one forwards");
                    self.ports[index].advance_at = None;
                    return self.changed_behind_own(now, index);
                }
                if rapid && self.ports[index].edge {
                    return self.set_state(index, PortState::Forwarding, "an edge port: only hosts are there");
                }
                if rapid {
                    self.ports[index].proposing = true;
                    self.ports[index].edge_at = (old == Role::Disabled).then(|| now.after(Duration::from_secs(3)));
                    self.ports[index].advance_at = Some(now.after(delay));
                    return;
                }
                if self.ports[index].state == PortState::Blocking {
                    self.ports[index].advance_at = Some(now.after(delay));
                    self.set_state(index, PortState::Listening, role.name());
                }
            }
        }
    }

    fn set_state(&mut self, index: usize, state: PortState, why: &str) {
        if self.ports[index].state == state {
            return;
        }
        self.ports[index].state = state;
        self.actions.push(StpAction::State { port: PortId(index as u16), state, why: why.to_owned() });
    }

    /// When the next timer is due.
    pub fn next_alarm(&self) -> Option<Timestamp> {
        let timers = self.ports.iter().flat_map(|port| {
            [port.advance_at, port.edge_at, port.heard.filter(|_| port.up).map(|heard| heard.expires)]
        });
        timers.flatten().chain([self.hello_at]).min()
    }

    /// A timer is due.
    pub fn on_alarm(&mut self, now: Timestamp) -> Vec<StpAction> {
        let mut aged = false;
        for index in 0..self.ports.len() {
            if self.ports[index].heard.is_some_and(|heard| heard.expires <= now) {
                self.ports[index].heard = None;
                aged = true;
                let text = "nothing was heard of the root for too long".to_owned();
                self.actions.push(StpAction::Say { port: Some(PortId(index as u16)), text });
            }
        }
        if aged {
            let was_root = self.is_root();
            self.elect(now);
            if self.options.rapid || !was_root {
                self.send_hellos(now);
            }
        }
        for index in 0..self.ports.len() {
            if self.ports[index].edge_at.is_some_and(|at| at <= now) {
                self.ports[index].edge_at = None;
                self.ports[index].edge = true;
                self.ports[index].advance_at = None;
                self.set_state(index, PortState::Forwarding, "no bridge spoke for 3 s: only hosts are there");
            }
            if self.ports[index].advance_at.is_some_and(|at| at <= now) {
                self.advance(now, index);
            }
        }
        if !self.options.rapid && self.is_root() && self.shortened && now >= self.root_changing_until {
            self.shortened = false;
            self.actions.push(StpAction::Ageing(None));
        }
        if self.hello_at <= now {
            if self.telling {
                self.tell_root();
            }
            self.send_hellos(now);
        }
        std::mem::take(&mut self.actions)
    }

    fn advance(&mut self, now: Timestamp, index: usize) {
        let (next, why) = match self.ports[index].state {
            PortState::Blocking | PortState::Listening => (PortState::Learning, "the forward delay is over"),
            PortState::Learning | PortState::Forwarding => {
                (PortState::Forwarding, "the forward delay is over a second time")
            }
        };
        self.ports[index].advance_at = (next == PortState::Learning).then(|| now.after(self.options.forward_delay));
        self.set_state(index, next, why);
        if next == PortState::Forwarding {
            if self.options.rapid {
                self.changed_behind_own(now, index);
            } else {
                self.changed(now, "a port began to forward");
            }
        }
    }

    /// A cable was plugged in or unplugged.
    pub fn on_link(&mut self, now: Timestamp, port: PortId, up: bool) -> Vec<StpAction> {
        let index = usize::from(port.0);
        self.ports[index].up = up;
        self.ports[index].heard = None;
        self.ports[index].agreed = false;
        if up {
            self.ports[index].role = Role::Disabled;
        }
        let was_root = self.is_root();
        self.elect(now);
        if self.options.rapid || self.is_root() || was_root {
            self.send_hellos(now);
        }
        std::mem::take(&mut self.actions)
    }

    /// The tree as this bridge sees it.
    pub fn tables(&self, states: &[PortState]) -> Vec<Table> {
        let mut tree =
            Table::new("spanning tree", "stp", &["port", "role", "state", "cost", "root", "designated bridge"]);
        for (index, port) in self.ports.iter().enumerate() {
            let designated = port.heard.map_or(self.id, |heard| heard.vector.bridge);
            tree.row(vec![
                (index + 1).to_string(),
                port.role.name().to_owned(),
                states[index].name().to_owned(),
                port.cost.to_string(),
                self.root.to_string(),
                designated.to_string(),
            ]);
        }
        vec![tree]
    }
}

fn port_number(index: usize) -> u16 {
    0x8000 | (index as u16 + 1)
}
