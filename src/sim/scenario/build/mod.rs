//! From the file to the boxes: everything is resolved once into a blueprint, from which a fresh network is built for
//! each run.

mod boxes;
mod links;
mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::rc::Rc;

use toml::Spanned;

use super::file::{File, InterfaceTable, LanTable, NodeTable, SwitchTable};
use super::{NamedDevice, Names};
use crate::base::{MacAddr, Rng};
use crate::sim::device::{Bridge, BridgeOptions, DhcpPool, Hub, Interface, Node, Settings, VlanRole, link_local};
use crate::sim::engine::Engine;
use crate::sim::link::LinkOptions;
use crate::sim::outbox::Device;
use crate::sim::record::{DeviceId, PortId};
use crate::sim::stack::nat::NatOptions;
use crate::sim::stack::route::{Prefix, Route, RouteSource};

pub(super) use values::address_with_len;
use values::{numbers, route};

/// Where in the file, and what is wrong.
type Wrong = (usize, String);

/// All boxes and cables.
#[derive(Debug, Default)]
pub(super) struct Blueprint {
    boxes: Vec<(String, Vec<String>, Plan)>,
    cables: Vec<Cable>,
}

#[derive(Debug)]
enum Plan {
    Node(Box<NodePlan>),
    Bridge { options: Box<BridgeOptions>, fixed: Vec<(u16, MacAddr, PortId)> },
    Hub(u16),
}

#[derive(Debug)]
struct NodePlan {
    kind: &'static str,
    settings: Settings,
    interfaces: Vec<Interface>,
    /// True where the file gave the MTU, so that the link does not.
    fixed_mtu: Vec<bool>,
    routes: Vec<Route>,
    neighbours: Vec<(usize, IpAddr, MacAddr)>,
    nat: Option<NatOptions>,
    dhcp: Option<DhcpPool>,
    zone: BTreeMap<String, Vec<IpAddr>>,
    dns: Option<IpAddr>,
    rip: bool,
}

#[derive(Debug)]
struct Cable {
    ends: [(DeviceId, PortId); 2],
    there: LinkOptions,
    back: LinkOptions,
}

impl Blueprint {
    /// Builds the boxes and plugs in the cables.
    pub fn build(&self, engine: &mut Engine, seed: u64) {
        let rng = Rng::new(seed ^ 0x6e65_746c_6162);
        let mut names = BTreeMap::new();
        for (name, _, plan) in &self.boxes {
            if let Plan::Node(plan) = plan
                && let Some((address, _)) = plan.interfaces.iter().flat_map(|interface| &interface.addresses).next()
            {
                names.insert(name.clone(), *address);
            }
        }
        let names = Rc::new(names);
        for (index, (name, ports, plan)) in self.boxes.iter().enumerate() {
            let device: Box<dyn Device> = match plan {
                Plan::Hub(ports) => Box::new(Hub::new(*ports)),
                Plan::Bridge { options, fixed } => {
                    let mut bridge = Bridge::new((**options).clone());
                    for (vlan, mac, port) in fixed {
                        bridge.insert_static(*vlan, *mac, *port);
                    }
                    Box::new(bridge)
                }
                Plan::Node(plan) => {
                    let mut node = plan.build(rng.fork(index as u64 + 1));
                    node.set_names(names.clone());
                    Box::new(node)
                }
            };
            engine.add(name, device, ports.iter().cloned());
        }
        for cable in &self.cables {
            engine.connect(cable.ends[0], cable.ends[1], cable.there.clone(), cable.back.clone());
        }
    }
}

/// A box that repeats frames without looking at IP.
#[derive(Debug)]
pub(super) enum Segment<'a> {
    Bridge(&'a BridgeOptions),
    Hub,
}

impl Blueprint {
    /// Number of boxes.
    pub fn len(&self) -> usize {
        self.boxes.len()
    }

    /// What a box is on layer 2; `None` for those that frames end at.
    pub fn segment(&self, device: usize) -> Option<Segment<'_>> {
        match &self.boxes.get(device)?.2 {
            Plan::Node(_) => None,
            Plan::Bridge { options, .. } => Some(Segment::Bridge(options)),
            Plan::Hub(_) => Some(Segment::Hub),
        }
    }

    /// The boxes and ports that each cable joins.
    pub fn cable_ends(&self) -> impl Iterator<Item = [(usize, usize); 2]> + '_ {
        self.cables.iter().map(|cable| cable.ends.map(|(device, port)| (device.0 as usize, usize::from(port.0))))
    }

    /// Every VLAN that a port of a switch is set up for.
    pub fn vlans(&self) -> impl Iterator<Item = u16> + '_ {
        let bridges = (0..self.len()).filter_map(|device| match self.segment(device) {
            Some(Segment::Bridge(options)) => Some(options),
            _ => None,
        });
        bridges.flat_map(|options| &options.vlans).flat_map(|role| match role {
            VlanRole::Access(vlan) => vec![*vlan],
            VlanRole::Trunk { native, allowed } => native.iter().chain(allowed).copied().collect(),
        })
    }
}

impl NodePlan {
    fn build(&self, rng: Rng) -> Node {
        let mut node = Node::new(self.kind, self.settings.clone(), self.interfaces.clone(), rng);
        for route in &self.routes {
            node.add_route(*route);
        }
        for (interface, address, mac) in &self.neighbours {
            node.add_neighbour(*interface, *address, *mac);
        }
        if let Some(nat) = &self.nat {
            node.translate(nat.clone());
        }
        if let Some(pool) = &self.dhcp {
            node.serve_dhcp(pool.clone());
        }
        if !self.zone.is_empty() {
            node.serve_names(self.zone.clone());
        }
        if let Some(server) = self.dns {
            node.ask_for_names(server);
        }
        if self.rip {
            node.speak_rip();
        }
        node
    }
}

/// Hands out MAC addresses: those for documentation first (RFC 9542), local ones when they are used up.
#[derive(Default)]
struct Macs {
    given: u32,
    taken: BTreeSet<MacAddr>,
}

impl Macs {
    fn next(&mut self) -> MacAddr {
        loop {
            self.given += 1;
            let [_, high, middle, low] = self.given.to_be_bytes();
            let mac = match self.given {
                1..=255 => MacAddr([0, 0, 0x5e, 0, 0x53, low]),
                _ => MacAddr([2, 0, 0, high, middle, low]),
            };
            if self.taken.insert(mac) {
                return mac;
            }
        }
    }
}

/// Something of the file, in the order in which it stands there.
enum Part<'a> {
    Node(&'static str, &'a str, &'a NodeTable),
    Switch(&'a str, &'a SwitchTable),
    Hub(&'a str, Option<u16>),
    Lan(&'a str, &'a LanTable),
}

/// Resolves a file.
pub(super) fn blueprint(file: &File) -> Result<(Blueprint, Names), Wrong> {
    let mut parts: Vec<(usize, Part<'_>)> = Vec::new();
    for (kind, tables) in [("host", &file.host), ("router", &file.router), ("cloud", &file.cloud)] {
        parts.extend(tables.iter().map(|(name, table)| (table.span().start, Part::Node(kind, name, table.get_ref()))));
    }
    parts.extend(file.switch.iter().map(|(name, table)| (table.span().start, Part::Switch(name, table.get_ref()))));
    parts.extend(file.hub.iter().map(|(name, table)| (table.span().start, Part::Hub(name, table.get_ref().ports))));
    parts.extend(file.lan.iter().map(|(name, table)| (table.span().start, Part::Lan(name, table.get_ref()))));
    parts.sort_by_key(|(start, _)| *start);
    let mut macs = Macs::default();
    for (start, part) in &parts {
        reserve_macs(part, &mut macs).map_err(|why| (*start, why))?;
    }
    let mut builder = Builder { macs, file, ..Builder::default_for(file) };
    for (start, part) in parts {
        builder.part(start, part)?;
    }
    builder.links()?;
    builder.finish()
}

/// The addresses that the file gave an interface; that of the link, which came by itself, is not what a name stands for.
fn named_addresses(interface: &Interface) -> impl Iterator<Item = IpAddr> {
    let of_link = IpAddr::V6(link_local(interface.mac));
    let is_only_one = interface.addresses.len() == 1;
    interface.addresses.iter().map(|(own, _)| *own).filter(move |own| is_only_one || *own != of_link)
}

fn reserve_macs(part: &Part<'_>, macs: &mut Macs) -> Result<(), String> {
    let mut given: Vec<&Spanned<String>> = Vec::new();
    match part {
        Part::Node(_, _, table) => {
            given.extend(&table.mac);
            for interface in table.interfaces.values() {
                if let InterfaceTable::Table(body) = interface.get_ref() {
                    given.extend(&body.mac);
                }
            }
        }
        Part::Switch(_, table) => given.extend(&table.mac),
        Part::Hub(..) | Part::Lan(..) => {}
    }
    for text in given {
        macs.taken.insert(text.get_ref().parse().map_err(|error: crate::base::ParseMacError| error.to_string())?);
    }
    Ok(())
}

struct Builder<'a> {
    file: &'a File,
    macs: Macs,
    names: Names,
    boxes: Vec<(String, Vec<String>, Plan)>,
    starts: Vec<usize>,
    cables: Vec<Cable>,
    used: BTreeSet<(DeviceId, PortId)>,
    /// Links of lans, to be plugged in when all boxes are there.
    lan_links: Vec<(usize, String, String, Option<u64>)>,
    gateways: Vec<(usize, DeviceId, IpAddr)>,
    routes: Vec<(usize, DeviceId, String)>,
    neighbours: Vec<(usize, DeviceId, String)>,
}

impl<'a> Builder<'a> {
    fn default_for(file: &'a File) -> Builder<'a> {
        Builder {
            file,
            macs: Macs::default(),
            names: Names::default(),
            boxes: Vec::new(),
            starts: Vec::new(),
            cables: Vec::new(),
            used: BTreeSet::new(),
            lan_links: Vec::new(),
            gateways: Vec::new(),
            routes: Vec::new(),
            neighbours: Vec::new(),
        }
    }

    fn add(&mut self, start: usize, name: &str, ports: Vec<String>, plan: Plan) -> Result<DeviceId, Wrong> {
        if name.is_empty() || name.contains(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_'))) {
            return Err((start, format!("'{name}' is not a good name: use letters, digits, - and _")));
        }
        if self.names.by_name.contains_key(name) {
            return Err((start, format!("there are two boxes named '{name}'")));
        }
        let (addresses, of_ports, macs) = match &plan {
            Plan::Node(plan) => (
                plan.interfaces.iter().flat_map(named_addresses).collect(),
                plan.interfaces.iter().map(|interface| named_addresses(interface).next()).collect(),
                plan.interfaces.iter().map(|interface| interface.mac).collect(),
            ),
            Plan::Bridge { options, .. } => (Vec::new(), Vec::new(), vec![options.mac]),
            Plan::Hub(_) => (Vec::new(), Vec::new(), Vec::new()),
        };
        let is_node = matches!(plan, Plan::Node(_));
        self.starts.push(start);
        self.boxes.push((name.to_owned(), ports.clone(), plan));
        Ok(self.names.add(NamedDevice { name: name.to_owned(), ports, addresses, of_ports, is_node, macs }))
    }

    fn part(&mut self, start: usize, part: Part<'_>) -> Result<(), Wrong> {
        match part {
            Part::Node(kind, name, table) => self.node(start, kind, name, table),
            Part::Switch(name, table) => self.switch(start, name, table),
            Part::Hub(name, ports) => {
                let ports = ports.unwrap_or_else(|| self.ports_in_links(name)).max(1);
                self.add(start, name, numbers(ports), Plan::Hub(ports)).map(drop)
            }
            Part::Lan(name, table) => self.lan(start, name, table),
        }
    }

    fn finish(mut self) -> Result<(Blueprint, Names), Wrong> {
        for (_, device, via) in std::mem::take(&mut self.gateways) {
            let any = if via.is_ipv4() { IpAddr::from([0u8; 4]) } else { IpAddr::from([0u8; 16]) };
            self.add_route(device, Prefix::new(any, 0), via, 0);
        }
        for (at, device, text) in std::mem::take(&mut self.routes) {
            let (prefix, via, metric) = route(&text).map_err(|why| (at, why))?;
            self.add_route(device, prefix, via, metric);
        }
        for (at, device, text) in std::mem::take(&mut self.neighbours) {
            let Some((address, mac)) = text.split_once(" at ") else {
                return Err((at, format!("'{text}' is not a neighbour: write it like \"192.0.2.7 at h7\"")));
            };
            let address: IpAddr = address.parse().map_err(|_| (at, format!("'{address}' is not an address")))?;
            let mac = self.names.mac(mac).map_err(|why| (at, why))?;
            if let Plan::Node(plan) = &mut self.boxes[device.0 as usize].2 {
                let on = plan.interfaces.iter().position(|interface| interface.on_link(address).is_some());
                plan.neighbours.push((on.unwrap_or(0), address, mac));
            }
        }
        Ok((Blueprint { boxes: self.boxes, cables: self.cables }, self.names))
    }

    /// Adds a route; a gateway that is on no link is kept, as the box will say so when it is used.
    fn add_route(&mut self, device: DeviceId, prefix: Prefix, via: IpAddr, metric: u32) {
        if let Plan::Node(plan) = &mut self.boxes[device.0 as usize].2 {
            let on = plan.interfaces.iter().position(|interface| interface.on_link(via).is_some());
            let (interface, source) = (on.unwrap_or(0), RouteSource::Static);
            plan.routes.push(Route { prefix, via: Some(via), interface, metric, source });
        }
    }
}
