//! The boxes of a file: hosts, routers, clouds, switches, and hosts by the dozen.

use std::collections::BTreeMap;
use std::net::IpAddr;

use toml::Spanned;

use super::super::file::{InterfaceTable, LanTable, NodeTable, SwitchTable};
use super::super::words::{duration, rate};
use super::values::{
    address_with_len, addresses, dhcp_pool, fixed_entry, nat_options, numbers, parse_profile, texts, vlan_role,
};
use super::{Builder, NodePlan, Plan, Wrong};
use crate::sim::device::{BridgeOptions, BridgeProfile, Interface, Settings, StpOptions, VlanRole, link_local};
use crate::sim::stack::neighbour::Profile;
use crate::sim::stack::route::Prefix;
use crate::sim::stack::tcp::Congestion;

impl Builder<'_> {
    pub(super) fn node(
        &mut self,
        start: usize,
        kind: &'static str,
        name: &str,
        table: &NodeTable,
    ) -> Result<(), Wrong> {
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
        settings.slaac = table.slaac;
        settings.shows_layers = table.shows_layers;
        settings.advertises = table.advertise;
        if table.advertise && kind != "router" {
            return Err((start, format!("{name} is no router, so it has no networks to advertise")));
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
        if let Some(text) = &table.min_rto {
            let wrong = |why| (text.span().start, why);
            settings.min_rto = duration(text.get_ref()).map_err(wrong)?;
            if !(10..=1000).contains(&settings.min_rto.as_millis()) {
                return Err(wrong(format!("min_rto = \"{}\": it is 10 ms to 1 s", text.get_ref())));
            }
        } else if settings.profile == Profile::Textbook {
            // RFC 6298 §2.4.
            settings.min_rto = std::time::Duration::from_secs(1);
        }
        if let Some(text) = &table.congestion {
            settings.congestion = match text.get_ref().as_str() {
                "off" => Congestion::Off,
                "reno" => Congestion::Reno,
                "cubic" => Congestion::Cubic,
                other => {
                    return Err((text.span().start, format!("congestion = \"{other}\": it is off, reno or cubic")));
                }
            };
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
        if !settings.slaac {
            // Every interface with IPv6 has an address of its link (RFC 4291 §2.1); here it needs no trying.
            for interface in &mut interfaces {
                let (mut speaks, own) = (false, IpAddr::V6(link_local(interface.mac)));
                interface.addresses.iter().for_each(|(address, _)| speaks |= address.is_ipv6() && *address != own);
                if speaks {
                    interface.addresses.push((own, 64));
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

    pub(super) fn interface(&mut self, name: &str, mac: Option<&Spanned<String>>) -> Result<Interface, Wrong> {
        let mac = match mac {
            None => self.macs.next(),
            Some(text) => text
                .get_ref()
                .parse()
                .map_err(|error: crate::base::ParseMacError| (text.span().start, error.to_string()))?,
        };
        Ok(Interface::new(name, mac))
    }

    pub(super) fn switch(&mut self, start: usize, name: &str, table: &SwitchTable) -> Result<(), Wrong> {
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

    pub(super) fn lan(&mut self, start: usize, name: &str, table: &LanTable) -> Result<(), Wrong> {
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
}
