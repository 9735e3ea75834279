//! Random small networks, built both out of network namespaces and in netlab, with the same random deeds in both: the
//! frames that pass every port of every switch must be the same.
//!
//! What is drawn: one to three switches, no to two routers between subnets in a row, IPv4 or IPv6, hosts with right and
//! wrong masks, with right, wrong and no gateways, the MTU of each subnet, a missing route of a router, and whether the
//! first router translates addresses and forwards a port inside. What is done: pings of all sorts, datagrams and
//! connections to closed ports, connections to a program that send something and end, questions for absent hosts, pings
//! of everybody. Left out is what differs by profile and is written down as such: pings of another subnet's broadcast
//! address (the kernel's router answers itself, RFC 2644 lets it drop), neighbours that grow stale (the kernel's timers
//! are stretched), a translator's closed ports (six seconds of silence, RFC 5382) and hairpins (which masquerade lacks).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use netlab::base::{Rng, Timestamp};
use netlab::capture::{self, OpenOptions};
use netlab::packet::{Direction, Item, Packet, PacketSource as _};
use netlab::sim::{RunOptions, Scenario};

use super::canonical::canonical;
use super::lab::{Lab, Speaks};

#[path = "deeds.rs"]
mod deeds;

use deeds::{Deed, PingKind};

/// A host of a network.
#[derive(Debug)]
struct Host {
    name: String,
    subnet: usize,
    address: String,
    len: u8,
    gateway: Option<String>,
    /// True if mask and gateway are right.
    is_healthy: bool,
}

/// A network and what is done in it.
#[derive(Debug)]
pub struct Network {
    seed: u64,
    routers: usize,
    /// Switches of each subnet, in a row.
    switches: Vec<usize>,
    mtus: Vec<u16>,
    is_v6: bool,
    /// Prefix length of every subnet.
    len: u8,
    hosts: Vec<Host>,
    /// The first router does not know the last subnet.
    route_missing: bool,
    /// The first router translates what leaves for the second subnet, and this host inside is reached by its port 8080.
    forward: Option<usize>,
    /// Subject and deed.
    deeds: Vec<(usize, Deed)>,
}

/// Time between two deeds in the simulation: longer than three questions for a neighbour.
const BETWEEN: u64 = 4;

type Lines = BTreeMap<String, Vec<Vec<String>>>;

impl Network {
    /// The network of that number.
    pub fn new(seed: u64) -> Network {
        let mut rng = Rng::new(seed ^ 0x6f72_6163_6c65);
        let is_v6 = rng.percent(30.0);
        let routers = [0, 1, 1, 2, 2][rng.below(5) as usize];
        let subnets = routers + 1;
        let mut switches = vec![1; subnets];
        for _ in 0..rng.below((3 - subnets) as u64 + 1) {
            switches[rng.below(subnets as u64) as usize] += 1;
        }
        // An IPv6 link carries 1280 octets at least.
        let choice = if is_v6 { [1500, 1500, 1400, 1280] } else { [1500, 1500, 1000, 576] };
        let mtus = (0..subnets).map(|_| choice[rng.below(4) as usize]).collect();
        let len = if is_v6 { [64, 80, 96, 112][rng.below(4) as usize] } else { 24 + rng.below(4) as u8 };
        let mut network = Network {
            seed,
            routers,
            switches,
            mtus,
            is_v6,
            len,
            hosts: Vec::new(),
            route_missing: routers == 2 && rng.percent(30.0),
            forward: None,
            deeds: Vec::new(),
        };
        for subnet in 0..subnets {
            for _ in 0..(if subnets == 1 { 3 } else { 1 + rng.below(2) }) {
                network.add_host(subnet, &mut rng);
            }
        }
        if !is_v6 && routers > 0 && rng.percent(40.0) {
            network.forward = network.hosts.iter().position(|host| host.subnet == 0);
        }
        for _ in 0..8 {
            let subject = rng.below(network.hosts.len() as u64) as usize;
            let deed = network.deed(subject, &mut rng);
            network.deeds.push((subject, deed));
        }
        network
    }

    /// What it is, in a few words.
    #[allow(dead_code, reason = "the test does not tell, the chore does")]
    pub fn summary(&self) -> String {
        let version = if self.is_v6 { "IPv6" } else { "IPv4" };
        let nat = if self.forward.is_some() { ", translating" } else { "" };
        let faulty = self.hosts.iter().filter(|host| !host.is_healthy).count();
        format!(
            "{version}, {} switches, {} routers{nat}, {} hosts of which {faulty} badly set up, MTUs {:?}",
            self.switches.iter().sum::<usize>(),
            self.routers,
            self.hosts.len(),
            self.mtus
        )
    }

    fn add_host(&mut self, subnet: usize, rng: &mut Rng) {
        let number = self.hosts.len() as u64 + 1;
        let right_gateway = self.address(subnet, 1 + u64::from(subnet > 0));
        let mut host = Host {
            name: format!("h{number}"),
            subnet,
            address: self.address(subnet, 10 + number),
            len: self.len,
            gateway: (self.routers > 0).then(|| right_gateway.clone()),
            is_healthy: true,
        };
        match rng.below(14) {
            // All of the network seems to be on the link.
            0 => host.len = if self.is_v6 { 48 } else { 16 },
            1 => host.gateway = None,
            2 if self.routers > 0 => host.gateway = Some(self.address(subnet, 9)),
            _ => {}
        }
        host.is_healthy = host.len == self.len && (self.routers == 0 || host.gateway == Some(right_gateway));
        self.hosts.push(host);
    }

    /// An address of a subnet.
    fn address(&self, subnet: usize, number: u64) -> String {
        if self.is_v6 { format!("2001:db8:0:{subnet}::{number:x}") } else { format!("10.0.{subnet}.{number}") }
    }

    fn deed(&self, subject: usize, rng: &mut Rng) -> Deed {
        let own = &self.hosts[subject];
        let other = &self.hosts[(subject + 1 + rng.below(self.hosts.len() as u64 - 1) as usize) % self.hosts.len()];
        let to = other.address.clone();
        let ping = |options| Deed::Ping { to: to.clone(), options };
        // A connection is tried again when nobody answers, for longer than anybody waits here.
        let can_connect = self.can_connect(own, other);
        match rng.below(14) {
            0..=1 => ping(PingKind::Plain),
            2 => ping(PingKind::Ttl(1)),
            3 => ping(PingKind::Ttl(2)),
            4 => ping(PingKind::Large { dont_fragment: false }),
            5 => ping(PingKind::Large { dont_fragment: true }),
            6 => Deed::Udp { to },
            7 if can_connect => Deed::Refused { to },
            8 | 9
                if self
                    .forward
                    .is_some_and(|inside| own.subnet > 0 && own.is_healthy && self.hosts[inside].is_healthy) =>
            {
                Deed::Talk { to: self.address(1, 2), port: 8080, len: 20 }
            }
            8 if can_connect => Deed::Talk { to, port: 80, len: 1 + rng.below(400) as usize },
            9 if can_connect => Deed::Talk { to, port: 80, len: 1000 + rng.below(2000) as usize },
            10 => {
                let absent = self.address(rng.below(self.switches.len() as u64) as usize, 8);
                Deed::Ping { to: absent, options: PingKind::Plain }
            }
            11 if own.len == self.len => Deed::GroupPing { to: self.everybody(own) },
            12 => Deed::Ping {
                to: self.address(rng.below(self.switches.len() as u64) as usize, 2),
                options: PingKind::Plain,
            },
            _ => ping(PingKind::Plain),
        }
    }

    /// True if every packet between two hosts arrives, whoever calls.
    fn can_connect(&self, own: &Host, other: &Host) -> bool {
        let is_translated = self.forward.is_some() && (own.subnet == 0) != (other.subnet == 0);
        let is_reached = !is_translated || own.subnet == 0 || own.subnet == 1;
        own.is_healthy && other.is_healthy && !self.route_missing && is_reached
    }

    fn everybody(&self, host: &Host) -> String {
        match self.is_v6 {
            true => "ff02::1".to_owned(),
            false => format!("10.0.{}.{}", host.subnet, (1u32 << (32 - self.len)) - 1),
        }
    }

    /// The ports of the switches of a subnet: those to hosts, to routers and to the next switch, with what is behind.
    fn cables(&self) -> Vec<(String, String)> {
        let mut cables = Vec::new();
        for (subnet, switches) in self.switches.iter().enumerate() {
            let mut ends = Vec::new();
            ends.extend(self.hosts.iter().filter(|host| host.subnet == subnet).map(|host| format!("{}.e0", host.name)));
            if subnet > 0 {
                ends.push(format!("r{subnet}.e1"));
            }
            if subnet < self.routers {
                ends.push(format!("r{}.e0", subnet + 1));
            }
            let mut ports = vec![0; *switches];
            let mut next = |switch: usize| {
                ports[switch] += 1;
                format!("s{subnet}{switch}.p{}", ports[switch])
            };
            for (index, end) in ends.into_iter().enumerate() {
                let port = next(index % switches);
                cables.push((end, port));
            }
            for switch in 1..*switches {
                let (from, to) = (next(switch - 1), next(switch));
                cables.push((from, to));
            }
        }
        cables
    }

    /// Every switch with its ports.
    fn switch_ports(&self) -> BTreeMap<String, Vec<String>> {
        let mut ports: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (a, b) in self.cables() {
            for (name, port) in [a, b].iter().filter_map(|end| end.split_once('.')) {
                if name.starts_with('s') {
                    ports.entry(name.to_owned()).or_default().push(port.to_owned());
                }
            }
        }
        ports.values_mut().for_each(|ports| ports.sort());
        ports
    }

    fn subnet_of(&self, end: &str) -> usize {
        let (name, port) = end.split_once('.').expect("box.port");
        match name.as_bytes()[0] {
            b's' => usize::from(name.as_bytes()[1] - b'0'),
            b'r' => usize::from(name.as_bytes()[1] - b'0') - usize::from(port == "e0"),
            _ => self.hosts.iter().find(|host| host.name == name).expect("a host").subnet,
        }
    }

    fn mac(&self, end: &str) -> String {
        let (name, port) = end.split_once('.').expect("box.port");
        let octets: Vec<u8> = name.bytes().chain(port.bytes()).collect();
        let tail = |at: usize| octets.get(at).copied().unwrap_or(0);
        format!("02:00:{:02x}:{:02x}:{:02x}:{:02x}", tail(0), tail(1), tail(2), tail(octets.len() - 1))
    }

    /// The routes of a router: blocks with the next router.
    fn routes(&self, router: usize) -> Vec<(String, String)> {
        let mut routes = Vec::new();
        let block = |subnet: usize| format!("{}/{}", self.address(subnet, 0), self.len);
        if self.routers == 2 && router == 1 && !self.route_missing {
            routes.push((block(2), self.address(1, 1)));
        }
        // Nobody outside knows a way to private addresses.
        if self.routers == 2 && router == 2 && self.forward.is_none() {
            routes.push((block(0), self.address(1, 2)));
        }
        routes
    }

    /// Addresses of a router: e1 in the subnet of its own number, e0 in the one before. Where two routers share a
    /// subnet, .2 is the first one's and .1 the second one's.
    fn router_addresses(&self, router: usize) -> [(String, String); 2] {
        let near = self.address(router - 1, 1);
        let far = self.address(router, 2);
        [("e0".to_owned(), near), ("e1".to_owned(), far)]
    }

    /// The network as a scenario file.
    pub fn scenario(&self) -> String {
        let mut text = String::from("title = \"random\"\n");
        let actions: Vec<String> = self
            .deeds
            .iter()
            .enumerate()
            .map(|(index, (subject, deed))| {
                let at = (index as u64 + 1) * BETWEEN;
                format!("'{at}s {} {}'", self.hosts[*subject].name, deed.action(index))
            })
            .chain(self.hosts.iter().map(|host| format!("'0s {} run serve'", host.name)))
            .collect();
        let _ = writeln!(
            text,
            "until = \"{}s\"\nactions = [{}]",
            (self.deeds.len() as u64 + 2) * BETWEEN,
            actions.join(", ")
        );
        for host in &self.hosts {
            let end = format!("{}.e0", host.name);
            let _ = writeln!(text, "[host.{}]\nprofile = \"textbook\"\nlong_quotes = true", host.name);
            if let Some(gateway) = &host.gateway {
                let _ = writeln!(text, "gateway = \"{gateway}\"");
            }
            let (mac, mtu) = (self.mac(&end), self.mtus[host.subnet]);
            let _ = writeln!(
                text,
                "[host.{}.interfaces.e0]\naddress = \"{}/{}\"\nmac = \"{mac}\"\nmtu = {mtu}",
                host.name, host.address, host.len
            );
        }
        for router in 1..=self.routers {
            let routes: Vec<String> =
                self.routes(router).iter().map(|(block, via)| format!("\"{block} via {via}\"")).collect();
            let _ = writeln!(
                text,
                "[router.r{router}]\nprofile = \"textbook\"\nlong_quotes = true\nroutes = [{}]",
                routes.join(", ")
            );
            if let Some(inside) = self.forward.filter(|_| router == 1) {
                let _ = writeln!(
                    text,
                    "nat = {{ outside = \"e1\", mapping = \"address-and-port-dependent\", forwards = [\"tcp 8080 to {}:80\"] }}",
                    self.hosts[inside].address
                );
            }
            for (port, address) in self.router_addresses(router) {
                let end = format!("r{router}.{port}");
                let (mac, mtu) = (self.mac(&end), self.mtus[self.subnet_of(&end)]);
                let _ = writeln!(
                    text,
                    "[router.r{router}.interfaces.{port}]\naddress = \"{address}/{}\"\nmac = \"{mac}\"\nmtu = {mtu}",
                    self.len
                );
            }
        }
        for switch in self.switch_ports().keys() {
            let _ = writeln!(text, "[switch.{switch}]\nprofile = \"linux\"");
        }
        for (a, b) in self.cables() {
            let plain = |end: &str| if end.starts_with('s') { end.replace(".p", ".") } else { end.to_owned() };
            let mtu = self.mtus[self.subnet_of(&a)];
            let _ = writeln!(text, "[[link]]\nbetween = [\"{}\", \"{}\"]\nmtu = {mtu}", plain(&a), plain(&b));
        }
        text.push_str("[program]\n");
        text.push_str(deeds::SERVER);
        for (index, (_, deed)) in self.deeds.iter().enumerate() {
            text.extend(deed.program(index));
        }
        text
    }

    /// The lines of each port and direction in netlab, those of each deed for themselves.
    fn of_the_simulator(&self) -> Lines {
        let text = self.scenario();
        let scenario = Scenario::parse("random", &text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let run = scenario.run(&RunOptions::default());
        assert!(run.books.is_ok(), "{:?}", run.books);
        let mut found = Lines::new();
        for (switch, ports) in self.switch_ports() {
            for port in ports {
                let (device, id) = scenario.port(&format!("{switch}.{}", &port[1..])).expect("a port");
                for (way, direction) in [("in", Direction::Inbound), ("out", Direction::Outbound)] {
                    let mut tap = run.engine.tap_of(device, id).expect("a tap").clone();
                    tap.rewind();
                    let mut groups = vec![Vec::new(); self.deeds.len()];
                    while let Some(item) = tap.next_item().expect("frames") {
                        if let Item::Packet(raw) = item
                            && raw.meta.direction == Some(direction)
                        {
                            let deed = (raw.meta.at.since(Timestamp::ZERO).as_secs() / BETWEEN).saturating_sub(1);
                            groups[(deed as usize).min(self.deeds.len() - 1)].extend(canonical(&Packet::decode(raw)));
                        }
                    }
                    found.insert(format!("{switch}.{port} {way}"), groups);
                }
            }
        }
        found
    }

    /// The first difference between netlab and the kernel, if there is one.
    pub fn difference(&self, folder: &Path) -> Option<String> {
        let (mut ours, mut theirs) = (self.of_the_simulator(), self.of_the_kernel(folder));
        if self.forward.is_some() {
            // A translator says from its near side that a far neighbour does not answer (RFC 1812 §4.3.2.4); the kernel
            // has translated the packet already and says it from the far side.
            let (far, near) = (format!(" {}>10.0.0.", self.address(1, 2)), format!(" {}>10.0.0.", self.address(0, 1)));
            let lines = theirs.values_mut().flatten().flatten().filter(|line| line.ends_with("icmp 3/1"));
            lines.for_each(|line| *line = line.replace(&far, &near));
        }
        let total: usize = theirs.values().flatten().map(Vec::len).sum();
        if total == 0 {
            return Some("the kernel's captures are empty".to_owned());
        }
        for (index, (subject, deed)) in self.deeds.iter().enumerate() {
            for (port, ours) in &mut ours {
                let theirs = &mut theirs.get_mut(port)?[index];
                let ours = &mut ours[index];
                if deed.is_loose() {
                    for lines in [&mut *ours, &mut *theirs] {
                        // When data are acknowledged, and who of many answers first, is left to chance.
                        lines.retain(|line| !deed.is_long_talk() || !line.ends_with(" tcp 10 0"));
                        lines.sort();
                    }
                }
                if ours != theirs {
                    let name = &self.hosts[*subject].name;
                    return Some(format!(
                        "deed {index}, {name}: {deed:?}, at {port}:\nnetlab {ours:#?}\nkernel {theirs:#?}"
                    ));
                }
            }
        }
        None
    }

    fn of_the_kernel(&self, folder: &Path) -> Lines {
        let mut lab = self.namespaces();
        for (switch, ports) in self.switch_ports() {
            for port in ports {
                for way in ["in", "out"] {
                    lab.capture(&switch, &port, way, &folder.join(format!("{switch}.{port}-{way}.pcap")));
                }
            }
        }
        for host in &self.hosts {
            lab.start(&host.name, &deeds::server(self.is_v6));
        }
        lab.wait_for_captures();
        for host in &self.hosts {
            lab.wait_for_listener(&host.name, if self.is_v6 { "tcp6" } else { "tcp" }, 80);
        }
        let mut begins = Vec::new();
        for (index, (subject, deed)) in self.deeds.iter().enumerate() {
            // The kernel tells of missing routes about once a second, whatever the other limits say.
            std::thread::sleep(Duration::from_millis(1100));
            begins.push(std::time::SystemTime::now());
            lab.within(&self.hosts[*subject].name, &deed.shell(index));
        }
        lab.wait_until_at_rest();
        drop(lab);
        let begins: Vec<u64> = begins
            .iter()
            .map(|at| at.duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64))
            .collect();
        let mut found = Lines::new();
        for (switch, ports) in self.switch_ports() {
            for port in ports {
                for way in ["in", "out"] {
                    let file = folder.join(format!("{switch}.{port}-{way}.pcap"));
                    let mut source = capture::open(&[file], &OpenOptions::default()).expect("a capture");
                    let mut groups = vec![Vec::new(); self.deeds.len()];
                    while let Some(item) = source.next_item().expect("packets") {
                        let Item::Packet(raw) = item else { continue };
                        let deed = begins.iter().rposition(|begin| *begin <= raw.meta.at.nanos() + 5_000_000);
                        // What comes before all deeds is the network waking up.
                        if let Some(deed) = deed {
                            groups[deed].extend(canonical(&Packet::decode(raw)));
                        }
                    }
                    found.insert(format!("{switch}.{port} {way}"), groups);
                }
            }
        }
        found
    }

    /// The network out of namespaces.
    fn namespaces(&self) -> Lab {
        let hosts = self.hosts.iter().map(|host| host.name.clone());
        let routers = (1..=self.routers).map(|router| format!("r{router}"));
        let names = hosts.chain(routers).chain(self.switch_ports().into_keys()).collect();
        let speaks = if self.is_v6 { Speaks::V6 } else { Speaks::V4 };
        let lab = Lab::new(&format!("o{}", self.seed), names, speaks);
        for (a, b) in self.cables() {
            let mtu = self.mtus[self.subnet_of(&a)];
            let (a_name, a_port) = a.split_once('.').expect("box.port");
            let (b_name, b_port) = b.split_once('.').expect("box.port");
            lab.cable((a_name, a_port, &self.mac(&a)), (b_name, b_port, &self.mac(&b)), mtu);
        }
        for (switch, ports) in self.switch_ports() {
            lab.bridge(&switch, &ports);
        }
        let version = if self.is_v6 { "-6" } else { "-4" };
        let add = |address: &str, len: u8, port: &str| {
            let options = if self.is_v6 { "nodad" } else { "brd +" };
            format!("ip link set {port} up; ip addr add {address}/{len} {options} dev {port}; ")
        };
        for host in &self.hosts {
            let mut line = add(&host.address, host.len, "e0");
            if let Some(gateway) = &host.gateway {
                let _ = write!(line, "ip {version} route add default via {gateway}");
            }
            lab.within(&host.name, &line);
        }
        for router in 1..=self.routers {
            let mut line = "sysctl -qw net.ipv4.ip_forward=1; sysctl -qw net.ipv6.conf.all.forwarding=1; ".to_owned();
            for (port, address) in self.router_addresses(router) {
                line += &add(&address, self.len, &port);
            }
            for (block, via) in self.routes(router) {
                let _ = write!(line, "ip {version} route add {block} via {via}; ");
            }
            if let Some(inside) = self.forward.filter(|_| router == 1) {
                let _ = write!(
                    line,
                    "printf 'table ip nat {{\\nchain pre {{ type nat hook prerouting priority -100; iifname \"e1\" ip daddr {} tcp dport 8080 dnat to {}:80; }}\\nchain post {{ type nat hook postrouting priority 100; ip saddr {}/{} oifname \"e1\" masquerade; }}\\n}}\\n' | nft -f -",
                    self.address(1, 2),
                    self.hosts[inside].address,
                    self.address(0, 0),
                    self.len
                );
            }
            lab.within(&format!("r{router}"), &line);
        }
        lab
    }
}
