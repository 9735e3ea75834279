//! Ways through the topology: how long a frame takes to the point where the capture was taken, and which routers stand
//! between (R5, R6).

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::sim::device::Bridge;
use crate::sim::engine::Engine;
use crate::sim::frame::TAG_LEN;
use crate::sim::link::LinkOptions;
use crate::sim::record::{DeviceId, PortId};

/// One way: the links in the order in which a frame takes them, and the routers it crosses.
#[derive(Clone, Debug, Default)]
pub(super) struct Way {
    /// Each link, and true if a frame that its sender sent without a VLAN tag has one there.
    links: Vec<(LinkOptions, bool)>,
    /// The port out of which the frame goes into each of them.
    pub ports: Vec<(DeviceId, PortId)>,
    /// Routers crossed, each with the port at which the frame enters.
    pub routers: Vec<(DeviceId, PortId)>,
}

impl Way {
    /// How long a frame of `len` octets takes if it never waits.
    pub fn unloaded_nanos(&self, len: usize) -> u64 {
        let on = |link: &LinkOptions, tag: usize| link.wire_nanos(len + tag) + nanos(link.delay);
        self.links.iter().map(|(link, tagged)| on(link, if *tagged { TAG_LEN } else { 0 })).sum()
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// The shortest way, by number of links, from a port to a box (if `port` is given, into that port). Switches and hubs
/// pass frames on, and routers too if `through_routers`.
pub(super) fn find(
    engine: &Engine,
    from: (DeviceId, PortId),
    to: DeviceId,
    port: Option<PortId>,
    through_routers: bool,
) -> Option<Way> {
    let mut before: BTreeMap<DeviceId, (DeviceId, PortId, PortId)> = BTreeMap::new();
    let mut queue = VecDeque::new();
    let first = engine.peer(from.0, from.1)?;
    let arrives = |device: DeviceId, at: PortId| device == to && port.is_none_or(|port| port == at);
    before.insert(first.0, (from.0, from.1, first.1));
    if arrives(first.0, first.1) {
        return Some(trace(engine, &before, first.0, from.0));
    }
    queue.push_back(first.0);
    while let Some(device) = queue.pop_front() {
        let passes = match engine.device(device).kind() {
            "switch" | "hub" => true,
            "router" => through_routers,
            _ => false,
        };
        if !passes {
            continue;
        }
        for own in (0..engine.port_count(device)).map(|port| PortId(port as u16)) {
            let Some((peer, peer_port)) = engine.peer(device, own) else { continue };
            if peer == from.0 || before.contains_key(&peer) {
                continue;
            }
            if peer == to && !arrives(peer, peer_port) {
                continue;
            }
            before.insert(peer, (device, own, peer_port));
            if peer == to {
                return Some(trace(engine, &before, peer, from.0));
            }
            queue.push_back(peer);
        }
    }
    None
}

fn trace(
    engine: &Engine,
    before: &BTreeMap<DeviceId, (DeviceId, PortId, PortId)>,
    to: DeviceId,
    from: DeviceId,
) -> Way {
    let mut way = Way::default();
    let mut at = to;
    let mut hops: Vec<(DeviceId, Option<PortId>, PortId)> = Vec::new();
    while let Some((device, port, _)) = before.get(&at) {
        let entered = before.get(device).filter(|_| *device != from).map(|(_, _, entered)| *entered);
        hops.push((*device, entered, *port));
        if *device != from
            && engine.device(*device).kind() == "router"
            && let Some((_, _, entered)) = before.get(device)
        {
            way.routers.push((*device, *entered));
        }
        if *device == from {
            break;
        }
        at = *device;
    }
    let (mut vlan, mut tagged) = (None, false);
    for (device, entered, port) in hops.into_iter().rev() {
        match (engine.device(device).as_any().downcast_ref::<Bridge>(), entered) {
            (Some(bridge), Some(entered)) => {
                vlan = vlan.or_else(|| bridge.vlan_of(entered, None));
                tagged = vlan.is_some_and(|vlan| bridge.tags_on(port, vlan));
            }
            _ if engine.device(device).kind() == "hub" => {}
            _ => (vlan, tagged) = (None, false),
        }
        if let Some((options, _)) = engine.link(device, port) {
            way.links.push((options.clone(), tagged));
            way.ports.push((device, port));
        }
    }
    way.routers.reverse();
    way
}

/// All ports of hosts, routers and clouds on the same link as a port: what a broadcast from it reaches.
pub(super) fn neighbours(engine: &Engine, from: (DeviceId, PortId)) -> Vec<(DeviceId, PortId)> {
    let mut found = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    let mut queue: VecDeque<(DeviceId, PortId)> = engine.peer(from.0, from.1).into_iter().collect();
    while let Some((device, port)) = queue.pop_front() {
        if !matches!(engine.device(device).kind(), "switch" | "hub") {
            if (device, port) != from {
                found.push((device, port));
            }
            continue;
        }
        if !seen.insert(device) {
            continue;
        }
        for own in (0..engine.port_count(device)).map(|port| PortId(port as u16)).filter(|own| *own != port) {
            queue.extend(engine.peer(device, own));
        }
    }
    found
}
