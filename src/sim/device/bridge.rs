//! A learning bridge, which people call a switch (IEEE 802.1D-2004 clause 7; IEEE 802.1Q-2022 clause 8).
//!
//! A frame's road: [`Bridge::on_frame`] drops what may not be learned from (B1), learns the source (B2), keeps reserved
//! addresses on their link (B3) and forwards, floods or filters (B4). Ageing is B5, and B6 what an unplugged cable does.
//! Spanning tree lives in `stp.rs`; the bridge only asks it which ports may learn and forward.

use std::time::Duration;

use super::fdb::{Entry, FilteringDatabase, Key, Learnt};
use super::stp::{PortState, SpanningTree, StpAction, StpOptions};
use crate::base::{MacAddr, Timestamp};
use crate::sim::frame::{ETHERNET_HEADER_LEN, FrameRef, TAG_LEN};
use crate::sim::mutation::{Mutation, made};
use crate::sim::outbox::{Device, Outbox, TimerId};
use crate::sim::reason::Reason;
use crate::sim::record::{Detail, EventKind, PortId};
use crate::sim::table::Table;

/// Ageing time of IEEE 802.1D-2004 Table 7-5.
pub const DEFAULT_AGEING: Duration = Duration::from_secs(300);
const TIMER_AGEING: TimerId = 1;
const TIMER_SPANNING_TREE: TimerId = 2;

/// Whose habits the bridge has where the standard and the Linux kernel differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BridgeProfile {
    /// The standard: no reserved address is ever relayed.
    #[default]
    Ieee,
    /// Linux: with spanning tree off, 01:80:c2:00:00:00 is relayed.
    Linux,
}

/// Which VLANs a port carries, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VlanRole {
    /// One VLAN, without tags: for hosts.
    Access(u16),
    /// Several VLANs, with tags, the native one without: for other switches and routers.
    Trunk {
        /// The VLAN of frames without a tag.
        native: Option<u16>,
        /// The VLANs carried; all if empty.
        allowed: Vec<u16>,
    },
}

impl VlanRole {
    /// The VLAN of a frame that arrives with this tag, or without one; `None` if it may not enter.
    pub(in crate::sim) fn classify(&self, tag: Option<u16>) -> Option<u16> {
        match (self, tag) {
            (VlanRole::Access(vlan), None | Some(0)) => Some(*vlan),
            (VlanRole::Access(vlan), Some(tag)) => (tag == *vlan).then_some(tag),
            (VlanRole::Trunk { native, .. }, None | Some(0)) => *native,
            (VlanRole::Trunk { .. }, Some(tag)) => self.carries(tag).then_some(tag),
        }
    }

    /// True if frames of a VLAN may leave by the port.
    pub(in crate::sim) fn carries(&self, vlan: u16) -> bool {
        match self {
            VlanRole::Access(access) => *access == vlan,
            VlanRole::Trunk { native, allowed } => {
                allowed.is_empty() || allowed.contains(&vlan) || *native == Some(vlan)
            }
        }
    }

    /// True if they leave with a tag.
    pub(in crate::sim) fn tags(&self, vlan: u16) -> bool {
        matches!(self, VlanRole::Trunk { native, .. } if *native != Some(vlan))
    }
}

/// How a bridge is set up.
#[derive(Clone, Debug)]
pub struct BridgeOptions {
    /// Number of ports.
    pub ports: u16,
    /// Its own address; the one of spanning tree.
    pub mac: MacAddr,
    /// How long an address is remembered.
    pub ageing: Duration,
    /// Most addresses remembered.
    pub table_entries: usize,
    /// Whose habits.
    pub profile: BridgeProfile,
    /// VLANs of the ports, in port order; empty for a bridge that leaves tags alone.
    pub vlans: Vec<VlanRole>,
    /// Spanning tree, if it is on.
    pub stp: Option<StpOptions>,
    /// Largest packet that each port takes in, in port order; what is longer is dropped (B1).
    pub mtus: Vec<u16>,
}

impl BridgeOptions {
    /// A plain bridge: no VLANs, no spanning tree.
    pub fn new(ports: u16) -> BridgeOptions {
        BridgeOptions {
            ports,
            mac: MacAddr([0x02, 0, 0, 0, 0xff, 0]),
            ageing: DEFAULT_AGEING,
            table_entries: 8192,
            profile: BridgeProfile::Ieee,
            vlans: Vec::new(),
            stp: None,
            mtus: Vec::new(),
        }
    }
}

/// What a bridge has counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct BridgeCounters {
    pub received: u64,
    pub learned: u64,
    pub refreshed: u64,
    pub moved: u64,
    pub aged: u64,
    pub not_learned: u64,
    pub forwarded: u64,
    pub flooded_broadcast: u64,
    pub flooded_multicast: u64,
    pub flooded_unknown: u64,
    pub filtered: u64,
    pub dropped: u64,
}

/// A learning bridge.
#[derive(Debug)]
pub struct Bridge {
    options: BridgeOptions,
    fdb: FilteringDatabase,
    states: Vec<PortState>,
    links: Vec<bool>,
    stp: Option<Box<SpanningTree>>,
    ageing_asked: bool,
    counters: BridgeCounters,
}

impl Bridge {
    /// A bridge that knows nobody yet.
    pub fn new(options: BridgeOptions) -> Bridge {
        let ports = usize::from(options.ports);
        let stp = options.stp.clone().map(|stp| Box::new(SpanningTree::new(stp, options.mac, options.ports)));
        let state = if stp.is_some() { PortState::Blocking } else { PortState::Forwarding };
        Bridge {
            fdb: FilteringDatabase::new(options.ageing, options.table_entries),
            states: vec![state; ports],
            links: vec![true; ports],
            stp,
            ageing_asked: false,
            counters: BridgeCounters::default(),
            options,
        }
    }

    /// Enters an address by hand.
    pub fn insert_static(&mut self, vlan: u16, mac: MacAddr, port: PortId) {
        self.fdb.insert_static(Key::new(vlan, &mac.octets()), port);
    }

    /// What was counted.
    pub fn counters(&self) -> BridgeCounters {
        self.counters
    }

    /// The MAC table.
    pub fn entries(&self, now: Timestamp) -> Vec<Entry> {
        self.fdb.entries(now)
    }

    /// Spanning tree, if it is on.
    pub fn spanning_tree(&self) -> Option<&SpanningTree> {
        self.stp.as_deref()
    }

    /// The VLAN of a frame that enters by a port with this tag, or without one; `None` if it may not enter. 0 in a
    /// bridge without VLANs.
    pub fn vlan_of(&self, port: PortId, tag: Option<u16>) -> Option<u16> {
        self.options.vlans.get(usize::from(port.0)).map_or(Some(0), |role| role.classify(tag))
    }

    /// True if frames of a VLAN leave by a port with a tag that the bridge put on.
    pub fn tags_on(&self, port: PortId, vlan: u16) -> bool {
        self.options.vlans.get(usize::from(port.0)).is_some_and(|role| role.tags(vlan))
    }

    /// True if a port is for stations that send and hear frames without tags.
    pub fn is_access(&self, port: PortId) -> bool {
        matches!(self.options.vlans.get(usize::from(port.0)), Some(VlanRole::Access(_)))
    }

    /// The state of a port.
    pub fn port_state(&self, port: PortId) -> PortState {
        self.states[usize::from(port.0)]
    }

    fn learn(&mut self, now: Timestamp, port: PortId, key: Key, frame: &FrameRef, out: &mut Outbox) {
        let learnt = self.fdb.learn(key, port, now);
        let event = match learnt {
            Learnt::Refreshed => {
                self.counters.refreshed += 1;
                return;
            }
            Learnt::Static => return,
            Learnt::New => {
                self.counters.learned += 1;
                self.ask_for_ageing(out);
                EventKind::Learned
            }
            Learnt::Moved { .. } => {
                self.counters.moved += 1;
                EventKind::Moved
            }
            Learnt::Full => {
                self.counters.not_learned += 1;
                return out.tell(EventKind::Note, Some(port), frame.id(), Reason::None, || {
                    Detail::new(format!("the table is full: {} is not learned", key.mac())).with("mac", key.mac())
                });
            }
        };
        let from_port = match learnt {
            Learnt::Moved { from } => from.0 + 1,
            _ => 0,
        };
        out.station(event, port, frame.id(), (key.mac(), key.vlan(), from_port));
    }

    fn ask_for_ageing(&mut self, out: &mut Outbox) {
        if !self.ageing_asked
            && let Some(at) = self.fdb.next_expiry()
        {
            self.ageing_asked = true;
            out.wake_in_background(at, TIMER_AGEING);
        }
    }

    /// Sends a frame of VLAN `vlan` on to the ports of `ports`. `bare` is the frame without its tag.
    fn relay(
        &self,
        frame: &FrameRef,
        tag: Option<u16>,
        vlan: u16,
        ports: impl Iterator<Item = PortId>,
        out: &mut Outbox,
    ) {
        if self.options.vlans.is_empty() {
            return ports.for_each(|port| out.relay(port, frame.clone()));
        }
        let mut bare: Option<FrameRef> = tag.is_none().then(|| frame.clone());
        let mut tagged: Option<FrameRef> = tag.filter(|tag| *tag == vlan).map(|_| frame.clone());
        for port in ports {
            let copy = if self.options.vlans[usize::from(port.0)].tags(vlan) {
                tagged.get_or_insert_with(|| with_tag(frame, tag.is_some(), vlan))
            } else {
                bare.get_or_insert_with(|| without_tag(frame))
            };
            out.relay(port, copy.clone());
        }
    }

    fn may_leave_by(&self, port: PortId, vlan: u16) -> bool {
        let index = usize::from(port.0);
        self.states[index] == PortState::Forwarding
            && self.links[index]
            && self.options.vlans.get(index).is_none_or(|role| role.carries(vlan) || made(Mutation::VlansMixed))
    }

    fn is_reserved(&self, destination: &[u8]) -> bool {
        destination[..5] == [0x01, 0x80, 0xc2, 0, 0]
            && destination[5] <= 0x0f
            && !made(Mutation::ReservedForwarded)
            && !(destination[5] == 0 && self.options.profile == BridgeProfile::Linux && self.stp.is_none())
    }

    fn obey(&mut self, actions: Vec<StpAction>, now: Timestamp, out: &mut Outbox) {
        for action in actions {
            match action {
                StpAction::Send { port, octets } => {
                    out.send(port, &octets);
                }
                StpAction::State { port, state, why } => {
                    let index = usize::from(port.0);
                    if self.states[index] != state {
                        self.states[index] = state;
                        out.tell(EventKind::Stp, Some(port), 0, Reason::None, || {
                            Detail::new(format!("{}: {why}", state.name())).with("state", state.name())
                        });
                    }
                }
                StpAction::Say { port, text } => {
                    out.tell(EventKind::Stp, port, 0, Reason::None, || Detail::new(text));
                }
                StpAction::Flush { port } => {
                    let gone = self.fdb.flush(Some(port));
                    self.say_aged(&gone, out);
                }
                StpAction::Ageing(ageing) => {
                    self.fdb.set_ageing(ageing.unwrap_or(self.options.ageing));
                    let gone = self.fdb.expire(now);
                    self.say_aged(&gone, out);
                    if let Some(at) = self.fdb.next_expiry() {
                        self.ageing_asked = true;
                        out.wake_in_background(at, TIMER_AGEING);
                    }
                }
            }
        }
        if let Some(at) = self.stp.as_ref().and_then(|stp| stp.next_alarm()) {
            out.wake_in_background(at, TIMER_SPANNING_TREE);
        }
    }

    fn say_aged(&mut self, gone: &[Entry], out: &mut Outbox) {
        self.counters.aged += gone.len() as u64;
        for entry in gone {
            out.tell(EventKind::Aged, Some(entry.port), 0, Reason::None, || {
                Detail::default().with("rule", "B5").with("mac", entry.key.mac())
            });
        }
    }
}

/// The VLAN of the frame's 802.1Q tag, if it has one.
fn tag_of(octets: &[u8]) -> Option<u16> {
    match octets.get(12..16) {
        Some([0x81, 0x00, high, low]) => Some(u16::from_be_bytes([high & 0x0f, *low])),
        _ => None,
    }
}

fn with_tag(frame: &FrameRef, has_tag: bool, vlan: u16) -> FrameRef {
    let octets = frame.octets();
    let mut tagged = Vec::with_capacity(octets.len() + TAG_LEN);
    tagged.extend_from_slice(&octets[..12]);
    tagged.extend_from_slice(&[0x81, 0x00]);
    tagged.extend_from_slice(&vlan.to_be_bytes());
    tagged.extend_from_slice(&octets[if has_tag { 16 } else { 12 }..]);
    frame.with_octets(&tagged)
}

fn without_tag(frame: &FrameRef) -> FrameRef {
    let octets = frame.octets();
    let mut bare = Vec::with_capacity(octets.len());
    bare.extend_from_slice(&octets[..12]);
    bare.extend_from_slice(&octets[16..]);
    frame.with_octets(&bare)
}

impl Device for Bridge {
    fn kind(&self) -> &'static str {
        "switch"
    }

    fn on_start(&mut self, now: Timestamp, out: &mut Outbox) {
        if let Some(stp) = &mut self.stp {
            let actions = stp.start(now);
            self.obey(actions, now, out);
        }
    }

    fn on_frame(&mut self, now: Timestamp, port: PortId, frame: &FrameRef, out: &mut Outbox) {
        self.counters.received += 1;
        let octets = frame.octets();
        let index = usize::from(port.0);
        let tag = tag_of(octets);
        let longest = self.options.mtus.get(index).map_or(usize::MAX, |mtu| {
            usize::from(*mtu) + ETHERNET_HEADER_LEN + if tag.is_some() { TAG_LEN } else { 0 }
        });
        // B1: nothing is learned from a frame that is not what its sender sent, or whose source cannot be a sender.
        let bad = if frame.is_damaged() && !made(Mutation::DamageUnnoticed) {
            Some(Reason::BadFcs)
        } else if octets.len() > longest {
            Some(Reason::TooLong)
        } else if (octets[6] & 1 != 0 || octets[6..12] == [0; 6]) && !made(Mutation::BadSourceLearned) {
            Some(Reason::BadSource)
        } else {
            None
        };
        if let Some(reason) = bad {
            self.counters.dropped += 1;
            return out.end(EventKind::Dropped, port, frame, reason);
        }
        let (destination, source) = (&octets[..6], &octets[6..12]);
        // Messages of spanning tree are for the bridge itself, whatever the port's state.
        if self.is_reserved(destination) {
            if destination[5] == 0
                && let Some(stp) = &mut self.stp
            {
                out.end(EventKind::Delivered, port, frame, Reason::Control);
                let actions = stp.on_bpdu(now, port, &octets[ETHERNET_HEADER_LEN..]);
                return self.obey(actions, now, out);
            }
            if self.states[index].learns() {
                self.learn(now, port, Key::new(0, source), frame, out);
            }
            self.counters.filtered += 1;
            return out.end(EventKind::Filtered, port, frame, Reason::Reserved);
        }
        let vlan = match self.options.vlans.get(index) {
            None => 0,
            Some(role) => match role.classify(tag) {
                Some(vlan) => vlan,
                None => {
                    self.counters.filtered += 1;
                    return out.end(EventKind::Filtered, port, frame, Reason::Vlan);
                }
            },
        };
        if self.states[index].learns() {
            self.learn(now, port, Key::new(vlan, source), frame, out);
        }
        if self.states[index] != PortState::Forwarding {
            self.counters.filtered += 1;
            return out.end(EventKind::Filtered, port, frame, Reason::PortState);
        }
        let is_group = destination[0] & 1 != 0;
        let known = if is_group { None } else { self.fdb.look_up(Key::new(vlan, destination), now) };
        let reason = match known {
            Some(to) if to == port && !made(Mutation::SamePortForwarded) => {
                self.counters.filtered += 1;
                return out.end(EventKind::Filtered, port, frame, Reason::SamePort);
            }
            Some(to) => {
                if !self.may_leave_by(to, vlan) {
                    self.counters.filtered += 1;
                    return out.end(EventKind::Filtered, port, frame, Reason::PortState);
                }
                self.counters.forwarded += 1;
                let number = u32::from(to.0) + 1;
                out.note_number(EventKind::Forwarded, port, frame.id(), Reason::KnownUnicast, number);
                return self.relay(frame, tag, vlan, std::iter::once(to), out);
            }
            None if !is_group => {
                self.counters.flooded_unknown += 1;
                Reason::UnknownUnicast
            }
            None if destination == [0xff; 6] => {
                self.counters.flooded_broadcast += 1;
                Reason::Broadcast
            }
            None => {
                self.counters.flooded_multicast += 1;
                Reason::Multicast
            }
        };
        let targets = || {
            (0..self.options.ports)
                .map(PortId)
                .filter(|to| (*to != port || made(Mutation::FloodsBack)) && self.may_leave_by(*to, vlan))
        };
        let copies = targets().count();
        if copies == 0 {
            self.counters.filtered += 1;
            return out.end(EventKind::Filtered, port, frame, Reason::NowhereToGo);
        }
        out.note_number(EventKind::Flooded, port, frame.id(), reason, copies as u32);
        self.relay(frame, tag, vlan, targets(), out);
    }

    fn on_timer(&mut self, now: Timestamp, timer: TimerId, out: &mut Outbox) {
        match timer {
            TIMER_AGEING => {
                self.ageing_asked = false;
                let gone = self.fdb.expire(now);
                self.say_aged(&gone, out);
                self.ask_for_ageing(out);
            }
            _ => {
                if let Some(stp) = &mut self.stp {
                    let actions = stp.on_alarm(now);
                    self.obey(actions, now, out);
                }
            }
        }
    }

    fn on_link(&mut self, now: Timestamp, port: PortId, up: bool, out: &mut Outbox) {
        self.links[usize::from(port.0)] = up;
        if !up && !made(Mutation::NoFlush) {
            let gone = self.fdb.flush(Some(port));
            self.say_aged(&gone, out);
        }
        if let Some(stp) = &mut self.stp {
            let actions = stp.on_link(now, port, up);
            self.obey(actions, now, out);
        }
    }

    fn tables(&self, now: Timestamp) -> Vec<Table> {
        let mut macs = Table::new("MAC addresses", "mac", &["VLAN", "MAC address", "port", "last seen"]);
        for entry in self.fdb.entries(now) {
            let vlan = if entry.key.vlan() == 0 { "-".to_owned() } else { entry.key.vlan().to_string() };
            let age = now.since(entry.seen).as_secs_f64();
            let seen = if entry.is_static { "static".to_owned() } else { format!("{age:.3} s ago") };
            macs.row(vec![vlan, entry.key.mac().to_string(), (entry.port.0 + 1).to_string(), seen]);
        }
        let mut tables = vec![macs];
        if let Some(stp) = &self.stp {
            tables.extend(stp.tables(&self.states));
        }
        tables
    }

    fn counter(&self, name: &str) -> Option<u64> {
        let counters = &self.counters;
        Some(match name {
            "received" => counters.received,
            "learned" => counters.learned,
            "refreshed" => counters.refreshed,
            "moved" => counters.moved,
            "aged" => counters.aged,
            "not-learned" => counters.not_learned,
            "forwarded" => counters.forwarded,
            "flooded" => counters.flooded_broadcast + counters.flooded_multicast + counters.flooded_unknown,
            "filtered" => counters.filtered,
            "dropped" => counters.dropped,
            _ => return None,
        })
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}
