//! The topology that a capture lets one guess, as a file that `simulate` and `replay` take. What is not known for
//! certain is marked.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr};

use super::identity::{Class, Identities, Station};
use crate::base::MacAddr;
use crate::base::text::{count, harmless};
use crate::sim::stack::route::Prefix;

/// What connects the stations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Middle {
    /// A switch, which learns who is where.
    Switch,
    /// A hub, which repeats everything: for captures that saw the frames of others.
    Hub,
}

/// What was drawn.
#[derive(Debug)]
pub struct Drawing {
    /// The file.
    pub text: String,
    /// Stations that found no place in it, with the reason.
    pub left_out: Vec<(MacAddr, &'static str)>,
}

/// The most routers that get a network of their own behind them.
const MAX_ROUTERS: usize = 60;
/// The most ports of the box in the middle.
const MAX_PORTS: usize = 60_000;

struct Drawer<'a> {
    all: &'a Identities,
    hosts: String,
    routers: String,
    links: Vec<(String, &'static str)>,
    map: Vec<String>,
    left_out: Vec<(MacAddr, &'static str)>,
    taken: BTreeSet<IpAddr>,
    given: BTreeSet<Ipv4Addr>,
    names: Vec<(MacAddr, String)>,
}

/// Draws the topology. `middle` is what stands between the stations; without it, a hub if the capture saw frames of
/// others, else a switch.
pub fn draw(all: &Identities, file: &str, middle: Option<Middle>) -> Drawing {
    let middle = middle.unwrap_or(match (&all.point, all.sees_others) {
        (Some(_), false) => Middle::Switch,
        _ => Middle::Hub,
    });
    let mut drawer = Drawer {
        all,
        hosts: String::new(),
        routers: String::new(),
        links: Vec::new(),
        map: Vec::new(),
        left_out: Vec::new(),
        taken: all.stations.iter().flat_map(|station| station.addresses.iter().map(|seen| seen.address)).collect(),
        given: all.arp_addresses().clone(),
        names: Vec::new(),
    };
    let mut numbers = [0u32; 2];
    for station in &all.stations {
        if drawer.links.len() >= MAX_PORTS {
            drawer.left_out.push((station.mac, "there are more stations than a switch has ports"));
            continue;
        }
        match station.class {
            Class::Host | Class::Silent => {
                numbers[0] += 1;
                drawer.host(station, &format!("h{}", numbers[0]));
            }
            Class::Router => {
                numbers[1] += 1;
                let name = if numbers[1] == 1 { "gw".to_owned() } else { format!("gw{}", numbers[1]) };
                drawer.router(station, &name, numbers[1] as usize);
            }
            Class::Switch => drawer.map.push(format!("mac {} -> {{sw}}", station.mac)),
            Class::Group => drawer.left_out.push((station.mac, "a group address cannot be a sender")),
        }
    }
    drawer.finish(file, middle)
}

impl Drawer<'_> {
    fn host(&mut self, station: &Station, name: &str) {
        self.names.push((station.mac, name.to_owned()));
        self.links.push((name.to_owned(), ""));
        let mut addresses: Vec<(String, Option<&'static str>)> = Vec::new();
        for address in station.own_addresses(&self.all.subnets).take(16) {
            addresses.push(self.with_len(address));
        }
        if let Some(address) = station.address_by_others(&self.all.subnets) {
            addresses.push((self.with_len(address).0, Some("guess: packets for this address are given to it")));
        }
        let mut remarks = vec![format!("{} sent, {} received", count(station.sent, "frame"), station.received)];
        if station.class == Class::Silent {
            remarks.push("never speaks in this capture".to_owned());
        }
        if station.made {
            remarks.push("the capture has no MAC addresses: this one is made up".to_owned());
        }
        let guesses: BTreeSet<&str> = addresses.iter().filter_map(|(_, guess)| *guess).collect();
        let _ = writeln!(self.hosts, "\n# {}\n[host.{name}]\nmac = \"{}\"", remarks.join("; "), station.mac);
        if !addresses.is_empty() {
            let _ = write!(self.hosts, "address = {}", list(addresses.iter().map(|(text, _)| text.as_str())));
            let _ = match guesses.first() {
                Some(guess) => writeln!(self.hosts, "  # {guess}"),
                None => writeln!(self.hosts),
            };
        }
        let gateways = self.gateways(station);
        if !gateways.is_empty() {
            let all = list(gateways.iter().map(|(address, _)| address.as_str()));
            let guess = if gateways.iter().any(|(_, guess)| *guess) { "  # guess" } else { "" };
            let _ = writeln!(self.hosts, "gateway = {all}{guess}");
        }
    }

    /// An address with the prefix length of its subnet, and why that length is a guess if it is one.
    fn with_len(&self, address: IpAddr) -> (String, Option<&'static str>) {
        let found = self.all.subnets.iter().find(|subnet| subnet.prefix.contains(address));
        match (found, address) {
            (Some(subnet), _) => {
                let guess = subnet.origin.is_guess().then(|| subnet.origin.sentence());
                (format!("{address}/{}", subnet.prefix.len), guess)
            }
            (None, IpAddr::V6(v6)) if v6.is_unicast_link_local() => (format!("{address}/64"), None),
            (None, IpAddr::V4(v4)) if v4.is_link_local() => (format!("{address}/16"), None),
            (None, IpAddr::V4(_)) => (format!("{address}/32"), Some("guess: on no subnet that was found")),
            (None, IpAddr::V6(_)) => (format!("{address}/128"), Some("guess: on no subnet that was found")),
        }
    }

    /// The first router with an address in one of the station's subnets, for each IP version.
    fn gateways(&mut self, station: &Station) -> Vec<(String, bool)> {
        let mut found = Vec::new();
        let own: Vec<IpAddr> = station.own_addresses(&self.all.subnets).collect();
        for is_v4 in [true, false] {
            let routers = self.all.stations.iter().filter(|station| station.class == Class::Router);
            let on_link = routers.flat_map(|router| router.own_addresses(&self.all.subnets)).find(|address| {
                address.is_ipv4() == is_v4
                    && self.all.subnets.iter().any(|subnet| {
                        subnet.prefix.contains(*address) && own.iter().any(|own| subnet.prefix.contains(*own))
                    })
            });
            if let Some(address) = on_link {
                let is_told = self.all.told_router().map(IpAddr::V4) == Some(address);
                found.push((address.to_string(), !is_told));
            } else if is_v4 && let Some(address) = self.router_guess(&own) {
                found.push((address.to_string(), true));
            }
        }
        found
    }

    /// The address that a router of the subnet was given, or would have, if the capture shows a router without one.
    fn router_guess(&self, own: &[IpAddr]) -> Option<Ipv4Addr> {
        let has_router = self.all.stations.iter().any(|station| station.class == Class::Router);
        let subnet = self.all.subnets.iter().find(|subnet| own.iter().any(|own| subnet.prefix.contains(*own)))?;
        if !has_router || !subnet.prefix.network.is_ipv4() {
            return None;
        }
        if let Some(told) = self.all.told_router().filter(|told| subnet.prefix.contains(IpAddr::V4(*told))) {
            return Some(told);
        }
        self.free_address(subnet.prefix)
    }

    /// The lowest host address of a block that nobody has.
    fn free_address(&self, prefix: Prefix) -> Option<Ipv4Addr> {
        let IpAddr::V4(network) = prefix.network else { return None };
        let last = prefix.broadcast()?;
        (1..u32::MAX)
            .map_while(|offset| u32::from(network).checked_add(offset).map(Ipv4Addr::from))
            .take_while(|address| IpAddr::V4(*address) != last)
            .find(|address| {
                let seen = self.taken.contains(&IpAddr::V4(*address)) || self.given.contains(address);
                !seen
            })
    }

    fn router(&mut self, station: &Station, name: &str, number: usize) {
        self.names.push((station.mac, name.to_owned()));
        self.links.push((format!("{name}.lan"), ""));
        let mut addresses: Vec<(String, bool)> = Vec::new();
        for address in station.own_addresses(&self.all.subnets).take(16) {
            addresses.push((self.with_len(address).0, false));
        }
        if !addresses.iter().any(|(text, _)| text.contains('.')) {
            let subnet = self.all.subnets.iter().find(|subnet| subnet.prefix.network.is_ipv4());
            if let Some(subnet) = subnet.copied() {
                let told = self.all.told_router().filter(|told| subnet.prefix.contains(IpAddr::V4(*told)));
                if let Some(address) = told.or_else(|| self.free_address(subnet.prefix)) {
                    addresses.push((format!("{address}/{}", subnet.prefix.len), told.is_none()));
                }
            }
        }
        let beyond = station.addresses.iter().filter(|seen| !self.all.is_local(seen.address)).count() as u64;
        let beyond = beyond + station.more_addresses;
        let text = &mut self.routers;
        let _ = writeln!(
            text,
            "\n# {}; {} seen behind it",
            station.why,
            match beyond {
                1 => "1 address".to_owned(),
                many => format!("{many} addresses"),
            }
        );
        let _ = writeln!(text, "[router.{name}.interfaces.lan]\nmac = \"{}\"", station.mac);
        if !addresses.is_empty() {
            let guess = if addresses.iter().any(|(_, guess)| *guess) { "  # guess" } else { "" };
            let _ = writeln!(text, "address = {}{guess}", list(addresses.iter().map(|(text, _)| text.as_str())));
        }
        let Some(wan) = self.wan(number) else {
            self.left_out.push((
                station.mac,
                "has no network of its own behind it: too many routers, or no block of addresses is free",
            ));
            return;
        };
        let cloud = if number == 1 { "internet".to_owned() } else { format!("internet{number}") };
        let [inside, outside] = [1, 2].map(|offset| Ipv4Addr::from(u32::from(wan) + offset));
        let text = &mut self.routers;
        let _ = writeln!(text, "\n[router.{name}.interfaces.wan]\naddress = \"{inside}/30\"  # made up");
        let _ = writeln!(text, "\n[router.{name}]\ngateway = \"{outside}\"  # made up");
        let _ = writeln!(text, "\n# stands for everything beyond {name}: it answers for every address");
        let _ = writeln!(text, "[cloud.{cloud}]\naddress = \"{outside}/30\"\ngateway = \"{inside}\"  # made up");
    }

    /// A /30 for the far side of a router, away from everything seen: from the documentation blocks (RFC 5737), or if
    /// those are in use, from the block for measuring networks (RFC 2544).
    fn wan(&self, number: usize) -> Option<Ipv4Addr> {
        if number > MAX_ROUTERS {
            return None;
        }
        let documentation = [[198, 51, 100, 0], [203, 0, 113, 0], [192, 0, 2, 0]].map(Ipv4Addr::from);
        let measuring = (0..=255).map(|third| Ipv4Addr::new(198, 18, third, 0));
        let free = documentation.into_iter().chain(measuring).find(|block| {
            let block = Prefix::new(IpAddr::V4(*block), 24);
            let overlaps = |subnet: Prefix| subnet.contains(block.network) || block.contains(subnet.network);
            !self.taken.iter().any(|address| block.contains(*address))
                && !self.all.subnets.iter().any(|subnet| overlaps(subnet.prefix))
        })?;
        Some(Ipv4Addr::from(u32::from(free) + 4 * (number as u32 - 1)))
    }

    fn finish(mut self, file: &str, middle: Middle) -> Drawing {
        let (table, sw) = match middle {
            Middle::Switch => ("switch", "sw"),
            Middle::Hub => ("hub", "hub"),
        };
        let all = self.all;
        let mut text = String::new();
        let file = harmless(file);
        let _ = writeln!(text, "# What {file} lets one guess of its network. Lines marked 'guess' or 'made up' are");
        let _ = writeln!(text, "# not in the capture: correct them if you know better.");
        for subnet in &all.subnets {
            let _ = writeln!(text, "# subnet {} ({})", subnet.prefix, subnet.origin.sentence());
        }
        for sign in &all.nat {
            let _ = writeln!(text, "# NAT? {sign}");
        }
        if all.not_kept > 0 {
            let _ = writeln!(text, "# {} frames were of MAC addresses beyond those kept", all.not_kept);
        }
        let vlans: BTreeSet<u16> = all.stations.iter().flat_map(|station| station.vlans.iter().copied()).collect();
        let tags: Vec<String> = vlans.iter().filter(|vlan| **vlan != 0).map(u16::to_string).collect();
        if !tags.is_empty() {
            let _ = writeln!(text, "# VLAN tags {} were seen; the {table} here leaves tags alone", tags.join(", "));
        }
        let _ = writeln!(text, "title = {}", quoted(&format!("The network of {file}, as far as the capture shows it")));
        // A switch that speaks to its neighbours speaks out of the port at which the capture was taken.
        let point = all.point.as_ref().and_then(|(mac, why)| Some((self.name_of(*mac)?, why.clone())));
        match (&point, middle) {
            (Some((name, why)), _) => {
                let end = if self.links.iter().any(|(end, _)| *end == format!("{name}.lan")) {
                    format!("{name}.lan")
                } else {
                    name.clone()
                };
                let _ = writeln!(text, "captured_at = \"{end}\"  # guess: {why}");
            }
            (None, Middle::Hub) => {
                let _ =
                    writeln!(text, "captured_at = \"monitor\"  # guess: the capture saw frames between others, so it");
                let _ = writeln!(
                    text,
                    "# was taken on a hub or at a mirror port; a hub is drawn. --middle switch draws a switch."
                );
                let _ = write!(self.hosts, "\n# where the capture was taken\n[host.monitor]\n");
                self.links.push(("monitor".to_owned(), ""));
            }
            (None, Middle::Switch) => {
                let _ = writeln!(text, "# The capture saw frames between others: where it was taken is not known.");
            }
        }
        if point.is_some() && middle == Middle::Hub && all.sees_others {
            let _ = writeln!(
                text,
                "# It saw conversations between others, so a hub is drawn. --middle switch draws a switch."
            );
        }
        if !self.map.is_empty() {
            let port = match point.as_ref().map(|(name, _)| name) {
                Some(name) => {
                    self.links.iter().position(|(end, _)| end.split('.').next() == Some(name)).unwrap_or(0) + 1
                }
                None => self.links.len().max(1),
            };
            let lines: Vec<String> =
                self.map.iter().map(|line| quoted(&line.replace("{sw}", &format!("{sw}.{port}")))).collect();
            let _ = writeln!(text, "map = [{}]  # speaks only to its neighbour: the {table} itself", lines.join(", "));
        }
        if let Some((from, to)) = self.first_talk() {
            let _ = writeln!(text, "actions = [\"0ms {from} ping {to}\"]  # who speaks first in the capture");
        }
        let _ = writeln!(text, "\n[{table}.{sw}]\nports = {}", self.links.len().max(1));
        text.push_str(&self.hosts);
        text.push_str(&self.routers);
        let mtu = all.largest_packet.clamp(1500, 9216);
        // A millisecond at 1 Gbit/s carries 125,000 octets.
        let rate = if all.busiest_millisecond > 115_000 { "10G" } else { "1G" };
        let mtu_line = if mtu > 1500 { format!("\nmtu = {mtu}  # the largest packet seen") } else { String::new() };
        for (index, (end, _)) in self.links.iter().enumerate() {
            let _ = writeln!(
                text,
                "\n[[link]]\nbetween = [\"{end}\", \"{sw}.{}\"]\nrate = \"{rate}\"  # guess{mtu_line}",
                index + 1
            );
        }
        let mut routers = 0;
        for station in all.stations.iter().filter(|station| station.class == Class::Router) {
            routers += 1;
            let Some(name) = self.name_of(station.mac) else { continue };
            if routers > MAX_ROUTERS || !self.routers.contains(&format!("[router.{name}.interfaces.wan]")) {
                continue;
            }
            let cloud = if routers == 1 { "internet".to_owned() } else { format!("internet{routers}") };
            let _ = writeln!(text, "\n[[link]]\nbetween = [\"{name}.wan\", \"{cloud}\"]\nrate = \"{rate}\"  # made up");
        }
        Drawing { text, left_out: self.left_out }
    }

    fn name_of(&self, mac: MacAddr) -> Option<String> {
        self.names.iter().find(|(found, _)| *found == mac).map(|(_, name)| name.clone())
    }

    /// Who speaks first, if the file can let them do it again: the name of the box, and the address it speaks to.
    fn first_talk(&self) -> Option<(String, IpAddr)> {
        let (from, to) = self.all.first_talk?;
        let of = |address: IpAddr| {
            let owner = self.all.stations.iter().find(|station| {
                matches!(station.class, Class::Host | Class::Silent)
                    && station.own_addresses(&self.all.subnets).any(|own| own == address)
            });
            owner.and_then(|station| self.name_of(station.mac))
        };
        let routed = self.routers.contains("[cloud.") && !self.all.is_local(to);
        let from = of(from)?;
        (of(to).is_some() || routed && to.is_ipv4()).then_some((from, to))
    }
}

fn list<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let all: Vec<String> = texts.map(|text| format!("\"{text}\"")).collect();
    match all.as_slice() {
        [only] => only.clone(),
        _ => format!("[{}]", all.join(", ")),
    }
}

/// A text as TOML writes it.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
