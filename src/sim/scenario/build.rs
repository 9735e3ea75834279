//! From the file to the boxes: everything is resolved once into a blueprint, from which a fresh network is built for
//! each run.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::rc::Rc;

use toml::Spanned;

use super::file::{
    DhcpTable, DirectionTable, File, InterfaceTable, LanTable, LinkTable, NatTable, NodeTable, OneOrMore, SwitchTable,
};
use super::words::{duration, rate};
use super::{NamedDevice, Names};
use crate::base::{MacAddr, Rng};
use crate::sim::device::{
    Bridge, BridgeOptions, BridgeProfile, DhcpPool, Hub, Interface, Node, Settings, StpOptions, VlanRole,
};
use crate::sim::engine::Engine;
use crate::sim::link::LinkOptions;
use crate::sim::outbox::Device;
use crate::sim::record::{DeviceId, PortId};
use crate::sim::stack::nat::{Filtering, Forward, Mapping, NatOptions};
use crate::sim::stack::neighbour::Profile;
use crate::sim::stack::route::{Prefix, Route, RouteSource};

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
        if self.names.device(name).is_ok() {
            return Err((start, format!("there are two boxes named '{name}'")));
        }
        let (addresses, macs) = match &plan {
            Plan::Node(plan) => (
                plan.interfaces.iter().flat_map(|interface| interface.addresses.iter().map(|(own, _)| *own)).collect(),
                plan.interfaces.iter().map(|interface| interface.mac).collect(),
            ),
            Plan::Bridge { options, .. } => (Vec::new(), vec![options.mac]),
            Plan::Hub(_) => (Vec::new(), Vec::new()),
        };
        self.starts.push(start);
        self.boxes.push((name.to_owned(), ports.clone(), plan));
        Ok(self.names.add(NamedDevice { name: name.to_owned(), ports, addresses, macs }))
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

    fn node(&mut self, start: usize, kind: &'static str, name: &str, table: &NodeTable) -> Result<(), Wrong> {
        let mut settings = Settings { forwarding: kind == "router", ..Settings::default() };
        if kind == "cloud" {
            settings.answers_for = vec![Prefix::new(IpAddr::from([0, 0, 0, 0]), 0)];
        }
        if let Some(profile) = &table.profile {
            settings.profile = parse_profile(profile)?;
        }
        if settings.profile == Profile::Textbook {
            settings.long_quotes = false;
        }
        if !table.answers_for.is_empty() {
            settings.answers_for.clear();
        }
        for prefix in &table.answers_for {
            let (address, len) = address_with_len(prefix.get_ref()).map_err(|why| (prefix.span().start, why))?;
            settings.answers_for.push(Prefix::new(address, len));
        }
        settings.ttl = table.ttl.unwrap_or(settings.ttl);
        settings.redirects = table.redirects.unwrap_or(settings.redirects);
        settings.long_quotes = table.long_quotes.unwrap_or(settings.long_quotes);
        settings.answers_broadcast = table.answers_broadcast.unwrap_or(settings.answers_broadcast);
        settings.limits_errors = table.limits_errors.unwrap_or(settings.limits_errors);
        settings.sends_errors = table.sends_errors.unwrap_or(settings.sends_errors);
        for (text, place) in [(&table.time_wait, &mut settings.time_wait), (&table.ack_delay, &mut settings.ack_delay)]
        {
            if let Some(text) = text {
                *place = duration(text.get_ref()).map_err(|why| (text.span().start, why))?;
            }
        }
        settings.receive_buffer = table.receive_buffer.unwrap_or(settings.receive_buffer).clamp(1, 16 << 20);
        let mut interfaces = Vec::new();
        let mut fixed_mtu = Vec::new();
        if table.interfaces.is_empty() {
            let mut interface = self.interface("eth0", table.mac.as_ref())?;
            interface.addresses = addresses(table.address.as_ref())?;
            interface.mtu = table.mtu.unwrap_or(1500);
            interface.proxy_arp = table.proxy_arp;
            fixed_mtu.push(table.mtu.is_some());
            interfaces.push(interface);
        } else {
            if table.address.is_some() || table.mac.is_some() {
                let why = format!("{name} has interfaces: its addresses belong there");
                return Err((start, why));
            }
            let mut ordered: Vec<_> = table.interfaces.iter().collect();
            ordered.sort_by_key(|(_, interface)| interface.span().start);
            for (port, body) in ordered {
                let at = body.span().start;
                match body.get_ref() {
                    InterfaceTable::Address(text) => {
                        let mut interface = self.interface(port, None)?;
                        interface.addresses = vec![address_with_len(text).map_err(|why| (at, why))?];
                        interface.mtu = table.mtu.unwrap_or(1500);
                        interface.proxy_arp = table.proxy_arp;
                        fixed_mtu.push(table.mtu.is_some());
                        interfaces.push(interface);
                    }
                    InterfaceTable::Table(body) => {
                        let mut interface = self.interface(port, body.mac.as_ref())?;
                        interface.addresses = addresses(body.address.as_ref())?;
                        interface.mtu = body.mtu.or(table.mtu).unwrap_or(1500);
                        interface.proxy_arp = body.proxy_arp || table.proxy_arp;
                        fixed_mtu.push(body.mtu.or(table.mtu).is_some());
                        interfaces.push(interface);
                    }
                }
            }
        }
        let ports: Vec<String> = interfaces.iter().map(|interface| interface.name.clone()).collect();
        let nat = match &table.nat {
            None => None,
            Some(nat) => Some(nat_options(nat.get_ref(), &ports).map_err(|why| (nat.span().start, why))?),
        };
        let dhcp = match &table.dhcp {
            None => None,
            Some(pool) => Some(dhcp_pool(pool.get_ref()).map_err(|why| (pool.span().start, why))?),
        };
        let mut zone = BTreeMap::new();
        for (name, list) in &table.zone {
            let mut found = Vec::new();
            for (at, text) in texts(Some(list)) {
                found.push(text.parse().map_err(|_| (at, format!("'{text}' is not an address")))?);
            }
            zone.insert(name.to_ascii_lowercase(), found);
        }
        let dns = match &table.dns {
            None => None,
            Some(text) => {
                let parsed = text.get_ref().parse();
                Some(parsed.map_err(|_| (text.span().start, format!("'{}' is not an address", text.get_ref())))?)
            }
        };
        let plan = NodePlan {
            kind,
            settings,
            interfaces,
            fixed_mtu,
            routes: Vec::new(),
            neighbours: Vec::new(),
            nat,
            dhcp,
            zone,
            dns,
            rip: table.rip,
        };
        let device = self.add(start, name, ports, Plan::Node(Box::new(plan)))?;
        for (at, text) in texts(table.gateway.as_ref()) {
            let address = text.parse().map_err(|_| (at, format!("'{text}' is not an address")))?;
            self.gateways.push((at, device, address));
        }
        for route in &table.routes {
            self.routes.push((route.span().start, device, route.get_ref().clone()));
        }
        for neighbour in &table.neighbours {
            self.neighbours.push((neighbour.span().start, device, neighbour.get_ref().clone()));
        }
        Ok(())
    }

    fn interface(&mut self, name: &str, mac: Option<&Spanned<String>>) -> Result<Interface, Wrong> {
        let mac = match mac {
            None => self.macs.next(),
            Some(text) => text
                .get_ref()
                .parse()
                .map_err(|error: crate::base::ParseMacError| (text.span().start, error.to_string()))?,
        };
        Ok(Interface::new(name, mac))
    }

    fn switch(&mut self, start: usize, name: &str, table: &SwitchTable) -> Result<(), Wrong> {
        let lan_ports: u16 = self
            .file
            .lan
            .values()
            .filter(|lan| lan.get_ref().on.get_ref() == name)
            .map(|lan| lan.get_ref().hosts)
            .sum();
        let ports = table.ports.unwrap_or_else(|| self.ports_in_links(name) + lan_ports).max(1);
        let mut options = BridgeOptions::new(ports);
        options.mac = match &table.mac {
            None => self.macs.next(),
            Some(text) => text
                .get_ref()
                .parse()
                .map_err(|error: crate::base::ParseMacError| (text.span().start, error.to_string()))?,
        };
        if let Some(ageing) = &table.ageing {
            options.ageing = duration(ageing.get_ref()).map_err(|why| (ageing.span().start, why))?;
        }
        if let Some(entries) = table.table {
            options.table_entries = entries;
        }
        if let Some(profile) = &table.profile {
            options.profile = match profile.get_ref().as_str() {
                "ieee" => BridgeProfile::Ieee,
                "linux" => BridgeProfile::Linux,
                other => {
                    return Err((
                        profile.span().start,
                        format!("unknown profile '{other}': a switch is ieee or linux"),
                    ));
                }
            };
        }
        if let Some(stp) = &table.stp {
            let rapid = match stp.get_ref().as_str() {
                "off" => None,
                "classic" => Some(false),
                "rapid" => Some(true),
                other => return Err((stp.span().start, format!("stp = \"{other}\": it is off, classic or rapid"))),
            };
            options.stp = rapid.map(|rapid| {
                let mut stp = StpOptions::new(rapid);
                stp.priority = table.priority.unwrap_or(stp.priority);
                stp.edges = (1..=ports).map(|port| table.edge_ports.contains(&port)).collect();
                stp.costs = vec![StpOptions::cost_of(rapid, 100_000_000); usize::from(ports)];
                stp
            });
        }
        if !table.vlans.is_empty() {
            options.vlans = vec![VlanRole::Access(1); usize::from(ports)];
            for (port, role) in &table.vlans {
                let at = role.span().start;
                let number: u16 = port.parse().unwrap_or(0);
                if number == 0 || number > ports {
                    return Err((at, format!("{name} has no port '{port}'")));
                }
                options.vlans[usize::from(number) - 1] = vlan_role(role.get_ref()).map_err(|why| (at, why))?;
            }
        }
        let mut fixed = Vec::new();
        for entry in &table.fixed {
            fixed.push(fixed_entry(entry.get_ref(), ports).map_err(|why| (entry.span().start, why))?);
        }
        self.add(start, name, numbers(ports), Plan::Bridge { options: Box::new(options), fixed }).map(drop)
    }

    fn lan(&mut self, start: usize, name: &str, table: &LanTable) -> Result<(), Wrong> {
        let (first, len) = address_with_len(table.first.get_ref()).map_err(|why| (table.first.span().start, why))?;
        let IpAddr::V4(first) = first else {
            return Err((table.first.span().start, "the hosts of a lan have IPv4 addresses".to_owned()));
        };
        let profile = table.profile.as_ref().map(parse_profile).transpose()?.unwrap_or_default();
        let rate_bps = match &table.rate {
            None => None,
            Some(text) => Some(rate(text.get_ref()).map_err(|why| (text.span().start, why))?),
        };
        for number in 0..table.hosts {
            let mut interface = self.interface("eth0", None)?;
            let address = IpAddr::V4((u32::from(first) + u32::from(number)).into());
            interface.addresses = vec![(address, len)];
            let plan = NodePlan {
                kind: "host",
                settings: Settings { profile, ..Settings::default() },
                interfaces: vec![interface],
                fixed_mtu: vec![false],
                routes: Vec::new(),
                neighbours: Vec::new(),
                nat: None,
                dhcp: None,
                zone: BTreeMap::new(),
                dns: None,
                rip: false,
            };
            let host = format!("{name}{}", number + 1);
            let device = self.add(start, &host, vec!["eth0".to_owned()], Plan::Node(Box::new(plan)))?;
            if let Some(gateway) = &table.gateway {
                let at = gateway.span().start;
                let address = gateway.get_ref().parse();
                let address = address.map_err(|_| (at, format!("'{}' is not an address", gateway.get_ref())))?;
                self.gateways.push((at, device, address));
            }
            self.lan_links.push((table.on.span().start, host, table.on.get_ref().clone(), rate_bps));
        }
        Ok(())
    }

    /// The number of ports that the links of the file use on a box.
    fn ports_in_links(&self, name: &str) -> u16 {
        let mut numbered = 0;
        let mut plain = 0;
        let mut see = |end: &str| {
            let end = end.trim();
            if end == name {
                plain += 1;
            } else if let Some(port) = end.strip_prefix(name).and_then(|rest| rest.strip_prefix('.')) {
                numbered = numbered.max(port.parse().unwrap_or(0));
            }
        };
        for link in &self.file.links {
            link.get_ref().split(" - ").for_each(&mut see);
        }
        for link in &self.file.link {
            link.get_ref().between.iter().for_each(|end| see(end.get_ref()));
        }
        numbered.max(plain)
    }

    fn links(&mut self) -> Result<(), Wrong> {
        let file = self.file;
        // Ports that are named must not be given to links that name none.
        let named: Vec<&str> = file.links.iter().flat_map(|link| link.get_ref().split(" - ")).collect();
        let tables = file.link.iter().flat_map(|link| link.get_ref().between.iter().map(|end| end.get_ref().as_str()));
        let reserved: BTreeSet<(DeviceId, PortId)> = named
            .into_iter()
            .chain(tables)
            .filter(|end| end.contains('.'))
            .filter_map(|end| self.names.port(end.trim()).ok())
            .collect();
        for link in &file.links {
            let at = link.span().start;
            let Some((a, b)) = link.get_ref().split_once(" - ") else {
                return Err((at, format!("'{}' is not a link: write it like \"h1 - sw.1\"", link.get_ref())));
            };
            let plain = LinkOptions::default();
            self.plug(at, [a.trim(), b.trim()], plain.clone(), plain, &reserved)?;
        }
        for link in &file.link {
            let (at, table) = (link.span().start, link.get_ref());
            let [a, b] = &table.between;
            let (there, back) = link_options(table)?;
            self.plug(at, [a.get_ref(), b.get_ref()], there, back, &reserved)?;
        }
        for (at, host, on, rate_bps) in std::mem::take(&mut self.lan_links) {
            let mut options = LinkOptions::default();
            options.rate_bps = rate_bps.unwrap_or(options.rate_bps);
            self.plug(at, [&host, &on], options.clone(), options, &reserved)?;
        }
        Ok(())
    }

    fn plug(
        &mut self,
        at: usize,
        ends: [&str; 2],
        there: LinkOptions,
        back: LinkOptions,
        reserved: &BTreeSet<(DeviceId, PortId)>,
    ) -> Result<(), Wrong> {
        let mut found = [(DeviceId(0), PortId(0)); 2];
        for (end, place) in ends.iter().zip(&mut found) {
            *place = if end.contains('.') {
                self.names.port(end).map_err(|why| (at, why))?
            } else {
                let device = self.names.device(end).map_err(|why| (at, why))?;
                let count = self.boxes[device.0 as usize].1.len() as u16;
                let free = (0..count).map(|port| (device, PortId(port)));
                let mut free = free.filter(|port| !self.used.contains(port) && !reserved.contains(port));
                free.next().ok_or_else(|| (at, format!("{end} has no free port left")))?
            };
            if !self.used.insert(*place) {
                return Err((at, format!("two cables in one port: {end}")));
            }
        }
        for (device, port) in found {
            let index = usize::from(port.0);
            match &mut self.boxes[device.0 as usize].2 {
                Plan::Node(plan) => {
                    if !plan.fixed_mtu[index] {
                        plan.interfaces[index].mtu = there.mtu;
                    }
                }
                Plan::Bridge { options, .. } => {
                    if let Some(stp) = &mut options.stp {
                        stp.costs[index] = StpOptions::cost_of(stp.rapid, there.rate_bps);
                    }
                }
                Plan::Hub(_) => {}
            }
        }
        self.cables.push(Cable { ends: found, there, back });
        Ok(())
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

fn dhcp_pool(table: &DhcpTable) -> Result<DhcpPool, String> {
    let (IpAddr::V4(first), len) = address_with_len(&table.first)? else {
        return Err("dhcp.first is an IPv4 address with its prefix length".to_owned());
    };
    let address = |text: &Option<String>| match text {
        None => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|_| format!("'{text}' is not an IPv4 address")),
    };
    let lease = table.lease.as_deref().map_or(Ok(std::time::Duration::from_secs(3600)), duration)?;
    let (gateway, dns) = (address(&table.gateway)?, address(&table.dns)?);
    Ok(DhcpPool { first, len, count: table.count.min(65_536), gateway, dns, lease })
}

fn nat_options(table: &NatTable, ports: &[String]) -> Result<NatOptions, String> {
    let outside = ports.iter().position(|port| *port == table.outside);
    let outside = outside.ok_or_else(|| format!("nat.outside = \"{}\": there is no such interface", table.outside))?;
    let kinds = "endpoint-independent, address-dependent or address-and-port-dependent";
    let mapping = match table.mapping.as_deref() {
        None | Some("endpoint-independent") => Mapping::EndpointIndependent,
        Some("address-dependent") => Mapping::AddressDependent,
        Some("address-and-port-dependent") => Mapping::AddressAndPortDependent,
        Some(other) => return Err(format!("nat.mapping = \"{other}\": it is {kinds}")),
    };
    let filtering = match table.filtering.as_deref() {
        None | Some("address-dependent") => Filtering::AddressDependent,
        Some("endpoint-independent") => Filtering::EndpointIndependent,
        Some("address-and-port-dependent") => Filtering::AddressAndPortDependent,
        Some(other) => return Err(format!("nat.filtering = \"{other}\": it is {kinds}")),
    };
    let forwards = table.forwards.iter().map(|text| forward(text)).collect::<Result<_, _>>()?;
    Ok(NatOptions { outside, mapping, filtering, forwards })
}

/// Reads `tcp 8080 to 192.168.1.10:80`.
fn forward(text: &str) -> Result<Forward, String> {
    let fail = || format!("'{text}' is not a forward: write it like \"tcp 8080 to 192.168.1.10:80\"");
    let words: Vec<&str> = text.split_whitespace().collect();
    let [protocol, port, "to", inside] = words.as_slice() else { return Err(fail()) };
    let protocol = match *protocol {
        "tcp" => 6,
        "udp" => 17,
        _ => return Err(fail()),
    };
    let inside: std::net::SocketAddrV4 = inside.parse().map_err(|_| fail())?;
    Ok(Forward { protocol, port: port.parse().map_err(|_| fail())?, inside: *inside.ip(), inside_port: inside.port() })
}

fn numbers(ports: u16) -> Vec<String> {
    (1..=ports).map(|port| port.to_string()).collect()
}

fn parse_profile(text: &Spanned<String>) -> Result<Profile, Wrong> {
    match text.get_ref().as_str() {
        "linux" => Ok(Profile::Linux),
        "textbook" => Ok(Profile::Textbook),
        other => Err((text.span().start, format!("unknown profile '{other}': a host is linux or textbook"))),
    }
}

/// Reads `192.0.2.1/24`.
pub(super) fn address_with_len(text: &str) -> Result<(IpAddr, u8), String> {
    let fail = || format!("'{text}' is not an address with its prefix length: write it like 192.0.2.1/24");
    let (address, len) = text.split_once('/').ok_or_else(fail)?;
    let address: IpAddr = address.parse().map_err(|_| fail())?;
    let len: u8 = len.parse().map_err(|_| fail())?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    if len > most {
        return Err(format!("'{text}': a prefix has at most {most} bits"));
    }
    Ok((address, len))
}

fn addresses(given: Option<&Spanned<OneOrMore>>) -> Result<Vec<(IpAddr, u8)>, Wrong> {
    texts(given).map(|(at, text)| address_with_len(text).map_err(|why| (at, why))).collect()
}

/// The texts of a key with one or more, and where they stand.
fn texts(given: Option<&Spanned<OneOrMore>>) -> impl Iterator<Item = (usize, &String)> {
    given.into_iter().flat_map(|list| list.get_ref().as_slice().iter().map(|text| (list.span().start, text)))
}

/// Reads `198.51.100.0/24 via 192.0.2.2 metric 5`; `default` is 0.0.0.0/0.
fn route(text: &str) -> Result<(Prefix, IpAddr, u32), String> {
    let fail = || format!("'{text}' is not a route: write it like \"198.51.100.0/24 via 192.0.2.2\"");
    let words: Vec<&str> = text.split_whitespace().collect();
    let (prefix, via, metric) = match words.as_slice() {
        [prefix, "via", via] => (prefix, via, 0),
        [prefix, "via", via, "metric", metric] => (prefix, via, metric.parse().map_err(|_| fail())?),
        _ => return Err(fail()),
    };
    let via: IpAddr = via.parse().map_err(|_| fail())?;
    let prefix = match *prefix {
        "default" if via.is_ipv4() => Prefix::new(IpAddr::from([0u8; 4]), 0),
        "default" => Prefix::new(IpAddr::from([0u8; 16]), 0),
        text => {
            let (address, len) = address_with_len(text)?;
            Prefix::new(address, len)
        }
    };
    Ok((prefix, via, metric))
}

/// Reads `access 10`, `trunk`, `trunk native 1 allowed 10,20`.
fn vlan_role(text: &str) -> Result<VlanRole, String> {
    let fail = || format!("'{text}' is not a VLAN role: write \"access 10\" or \"trunk native 1 allowed 10,20\"");
    let number = |text: &str| text.parse::<u16>().ok().filter(|vlan| (1..=4094).contains(vlan)).ok_or_else(fail);
    let words: Vec<&str> = text.split_whitespace().collect();
    match words.as_slice() {
        ["access", vlan] => Ok(VlanRole::Access(number(vlan)?)),
        ["trunk", rest @ ..] => {
            let (mut native, mut allowed) = (None, Vec::new());
            for pair in rest.chunks(2) {
                match pair {
                    ["native", vlan] => native = Some(number(vlan)?),
                    ["allowed", list] => {
                        allowed = list.split(',').map(number).collect::<Result<_, _>>()?;
                    }
                    _ => return Err(fail()),
                }
            }
            Ok(VlanRole::Trunk { native, allowed })
        }
        _ => Err(fail()),
    }
}

/// Reads `00:00:5e:00:53:07 on 3` or `… on 3 vlan 10`.
fn fixed_entry(text: &str, ports: u16) -> Result<(u16, MacAddr, PortId), String> {
    let fail = || format!("'{text}' is not an entry: write it like \"00:00:5e:00:53:07 on 3\"");
    let words: Vec<&str> = text.split_whitespace().collect();
    let (mac, port, vlan) = match words.as_slice() {
        [mac, "on", port] => (mac, port, 0),
        [mac, "on", port, "vlan", vlan] => (mac, port, vlan.parse().map_err(|_| fail())?),
        _ => return Err(fail()),
    };
    let mac = mac.parse().map_err(|error: crate::base::ParseMacError| error.to_string())?;
    let port: u16 = port.parse().map_err(|_| fail())?;
    if port == 0 || port > ports {
        return Err(format!("there is no port {port}"));
    }
    Ok((vlan, mac, PortId(port - 1)))
}

fn link_options(table: &LinkTable) -> Result<(LinkOptions, LinkOptions), Wrong> {
    let time = |text: &Option<Spanned<String>>| match text {
        None => Ok(None),
        Some(text) => duration(text.get_ref()).map(Some).map_err(|why| (text.span().start, why)),
    };
    let speed = |text: &Option<Spanned<String>>| match text {
        None => Ok(None),
        Some(text) => rate(text.get_ref()).map(Some).map_err(|why| (text.span().start, why)),
    };
    let start = table.between[0].span().start;
    let percent = |number: Option<f64>| match number {
        Some(number) if !(0.0..=100.0).contains(&number) => {
            Err((start, format!("{number} is not a chance: it is 0 to 100 (percent)")))
        }
        other => Ok(other),
    };
    let mut both = LinkOptions::default();
    both.rate_bps = speed(&table.rate)?.unwrap_or(both.rate_bps);
    both.delay = time(&table.delay)?.unwrap_or(both.delay);
    both.jitter = time(&table.jitter)?.unwrap_or(both.jitter);
    both.mtu = table.mtu.unwrap_or(both.mtu);
    if both.mtu < 68 {
        return Err((start, "no IPv4 link has an MTU below 68 (RFC 791)".to_owned()));
    }
    both.queue_frames = table.queue.unwrap_or(both.queue_frames);
    both.loss_percent = percent(table.loss)?.unwrap_or(0.0);
    both.duplicate_percent = percent(table.duplicate)?.unwrap_or(0.0);
    both.reorder_percent = percent(table.reorder)?.unwrap_or(0.0);
    both.reorder_delay = time(&table.reorder_delay)?.unwrap_or(both.reorder_delay);
    both.corrupt_percent = percent(table.corrupt)?.unwrap_or(0.0);
    both.lose_frames.clone_from(&table.lose);
    let one = |direction: &Option<DirectionTable>| -> Result<LinkOptions, Wrong> {
        let mut options = both.clone();
        if let Some(direction) = direction {
            options.rate_bps = speed(&direction.rate)?.unwrap_or(options.rate_bps);
            options.delay = time(&direction.delay)?.unwrap_or(options.delay);
            options.jitter = time(&direction.jitter)?.unwrap_or(options.jitter);
            options.queue_frames = direction.queue.unwrap_or(options.queue_frames);
            options.loss_percent = percent(direction.loss)?.unwrap_or(options.loss_percent);
            options.duplicate_percent = percent(direction.duplicate)?.unwrap_or(options.duplicate_percent);
            options.reorder_percent = percent(direction.reorder)?.unwrap_or(options.reorder_percent);
            options.reorder_delay = time(&direction.reorder_delay)?.unwrap_or(options.reorder_delay);
            options.corrupt_percent = percent(direction.corrupt)?.unwrap_or(options.corrupt_percent);
            if let Some(lose) = &direction.lose {
                options.lose_frames.clone_from(lose);
            }
        }
        Ok(options)
    };
    Ok((one(&table.there)?, one(&table.back)?))
}
