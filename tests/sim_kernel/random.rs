//! Random small networks, built both out of network namespaces and in netlab, with the same random deeds in both: the
//! frames that pass every port of every switch must be the same.
//!
//! What is drawn: one to three switches, no to two routers between subnets in a row, hosts with right and wrong masks,
//! with right, wrong and no gateways, the MTU of each subnet, and a missing route of a router. What is done: pings of
//! all sorts, datagrams to closed ports, connections to closed ports, questions for absent hosts, broadcasts. Left out
//! is what differs by profile and is written down as such: pings of another subnet's broadcast address (the kernel's
//! router answers itself, RFC 2644 lets it drop) and neighbours that grow stale (the kernel's timers are stretched).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use netlab::base::{Rng, Timestamp};
use netlab::capture::{self, OpenOptions};
use netlab::packet::{Direction, Item, Packet, PacketSource as _};
use netlab::sim::{RunOptions, Scenario};

use super::canonical::canonical;

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

/// What a host does.
#[derive(Debug)]
enum Deed {
    Ping { to: String, options: PingKind },
    Udp { to: String },
    Tcp { to: String },
    BroadcastPing { to: String },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PingKind {
    Plain,
    Ttl(u8),
    Large { dont_fragment: bool },
}

/// A network and what is done in it.
#[derive(Debug)]
pub struct Network {
    routers: usize,
    /// Switches of each subnet, in a row.
    switches: Vec<usize>,
    mtus: Vec<u16>,
    len: u8,
    hosts: Vec<Host>,
    /// The first router does not know the last subnet.
    route_missing: bool,
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
        let routers = rng.below(3) as usize;
        let subnets = routers + 1;
        let mut switches = vec![1; subnets];
        for _ in 0..rng.below((3 - subnets) as u64 + 1) {
            switches[rng.below(subnets as u64) as usize] += 1;
        }
        let mtus = (0..subnets).map(|_| [1500, 1500, 1000, 576][rng.below(4) as usize]).collect();
        let len = 24 + rng.below(4) as u8;
        let mut hosts = Vec::new();
        for subnet in 0..subnets {
            for _ in 0..(if subnets == 1 { 3 } else { 1 + rng.below(2) }) {
                let number = hosts.len() + 1;
                let mut host = Host {
                    name: format!("h{number}"),
                    subnet,
                    address: format!("10.0.{subnet}.{}", 10 + number),
                    len,
                    gateway: (routers > 0).then(|| format!("10.0.{subnet}.{}", 1 + u8::from(subnet > 0))),
                    is_healthy: true,
                };
                match rng.below(8) {
                    // The whole of 10.0/16 seems to be on the link.
                    0 => host.len = 16,
                    1 => host.gateway = None,
                    2 if routers > 0 => host.gateway = Some(format!("10.0.{subnet}.9")),
                    _ => {}
                }
                host.is_healthy = host.len == len && host.gateway.as_ref().is_none_or(|way| !way.ends_with(".9"));
                host.is_healthy &= routers == 0 || host.gateway.is_some();
                hosts.push(host);
            }
        }
        let mut network = Network {
            routers,
            switches,
            mtus,
            len,
            hosts,
            route_missing: routers == 2 && rng.percent(30.0),
            deeds: Vec::new(),
        };
        for _ in 0..8 {
            let subject = rng.below(network.hosts.len() as u64) as usize;
            let deed = network.deed(subject, &mut rng);
            network.deeds.push((subject, deed));
        }
        network
    }

    fn deed(&self, subject: usize, rng: &mut Rng) -> Deed {
        let own = &self.hosts[subject];
        let other = &self.hosts[(subject + 1 + rng.below(self.hosts.len() as u64 - 1) as usize) % self.hosts.len()];
        let to = other.address.clone();
        let ping = |options| Deed::Ping { to: to.clone(), options };
        match rng.below(11) {
            0..=2 => ping(PingKind::Plain),
            3 => ping(PingKind::Ttl(1)),
            4 => ping(PingKind::Ttl(2)),
            5 => ping(PingKind::Large { dont_fragment: false }),
            6 => ping(PingKind::Large { dont_fragment: true }),
            7 => Deed::Udp { to },
            // A connection is tried again when nobody answers, for longer than anybody waits here.
            8 if own.is_healthy && other.is_healthy && !self.route_missing => Deed::Tcp { to },
            9 => {
                Deed::Ping { to: format!("10.0.{}.8", rng.below(self.switches.len() as u64)), options: PingKind::Plain }
            }
            10 if own.len == self.len => Deed::BroadcastPing { to: self.broadcast(own) },
            _ => ping(PingKind::Plain),
        }
    }

    fn broadcast(&self, host: &Host) -> String {
        format!("10.0.{}.{}", host.subnet, (1u32 << (32 - self.len)) - 1)
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
        let block = |subnet: usize| format!("10.0.{subnet}.0/{}", self.len);
        if self.routers == 2 && router == 1 && !self.route_missing {
            routes.push((block(2), "10.0.1.1".to_owned()));
        }
        if self.routers == 2 && router == 2 {
            routes.push((block(0), "10.0.1.2".to_owned()));
        }
        routes
    }

    /// Addresses of a router: e1 in the subnet of its own number, e0 in the one before. Where two routers share a
    /// subnet, .2 is the first one's and .1 the second one's.
    fn router_addresses(&self, router: usize) -> [(String, String); 2] {
        let near = format!("10.0.{}.1", router - 1);
        let far = format!("10.0.{router}.2");
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
                let name = &self.hosts[*subject].name;
                match deed {
                    Deed::Ping { to, options } => {
                        let options = match options {
                            PingKind::Plain => String::new(),
                            PingKind::Ttl(ttl) => format!(" ttl {ttl}"),
                            PingKind::Large { dont_fragment: true } => " size 1400 df".to_owned(),
                            PingKind::Large { dont_fragment: false } => " size 1400 nodf".to_owned(),
                        };
                        format!("'{at}s {name} ping {to}{options}'")
                    }
                    Deed::BroadcastPing { to } => format!("'{at}s {name} ping {to}'"),
                    Deed::Udp { to } => format!("'{at}s {name} udp {to}:4000 \"x\" from 5000'"),
                    Deed::Tcp { .. } => format!("'{at}s {name} run tcp{index}'"),
                }
            })
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
        let tcp: Vec<(usize, &String)> = self
            .deeds
            .iter()
            .enumerate()
            .filter_map(|(index, (_, deed))| match deed {
                Deed::Tcp { to } => Some((index, to)),
                _ => None,
            })
            .collect();
        if !tcp.is_empty() {
            text.push_str("[program]\n");
            for (index, to) in tcp {
                let port = 50_000 + index;
                let _ = writeln!(
                    text,
                    "tcp{index} = '''\ns = socket(tcp)\ns.bind(\"\", {port})\ns.connect(\"{to}\", 81)\n'''"
                );
            }
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
        let total: usize = theirs.values().flatten().map(Vec::len).sum();
        if total == 0 {
            return Some("the kernel's captures are empty".to_owned());
        }
        for (index, (subject, deed)) in self.deeds.iter().enumerate() {
            for (port, ours) in &mut ours {
                let theirs = &mut theirs.get_mut(port)?[index];
                let ours = &mut ours[index];
                if matches!(deed, Deed::BroadcastPing { .. }) {
                    // Who answers first is left to chance.
                    ours.sort();
                    theirs.sort();
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
        let mut lab = Lab::new(self);
        lab.build(self);
        for (switch, ports) in self.switch_ports() {
            for port in ports {
                for way in ["in", "out"] {
                    let file = folder.join(format!("{switch}.{port}-{way}.pcap"));
                    let line = format!("tcpdump --immediate-mode -U -n -i {port} -Q {way} -w {}", file.display());
                    lab.start(&switch, &line);
                }
            }
        }
        std::thread::sleep(Duration::from_millis(1500));
        let mut begins = Vec::new();
        for (index, (subject, deed)) in self.deeds.iter().enumerate() {
            // The kernel tells of missing routes about once a second, whatever the other limits say.
            std::thread::sleep(Duration::from_millis(1100));
            begins.push(std::time::SystemTime::now());
            lab.within(&self.hosts[*subject].name, &deed.shell(index));
        }
        std::thread::sleep(Duration::from_millis(500));
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
                        groups[deed.unwrap_or(0)].extend(canonical(&Packet::decode(raw)));
                    }
                    found.insert(format!("{switch}.{port} {way}"), groups);
                }
            }
        }
        found
    }
}

impl Deed {
    /// The same as a line of shell.
    fn shell(&self, index: usize) -> String {
        match self {
            Deed::Ping { to, options } => {
                let options = match options {
                    PingKind::Plain => String::new(),
                    PingKind::Ttl(ttl) => format!("-t{ttl}"),
                    PingKind::Large { dont_fragment: true } => "-M do -s 1400".to_owned(),
                    PingKind::Large { dont_fragment: false } => "-M dont -s 1400".to_owned(),
                };
                // Until after the third question for an absent neighbour.
                format!("ping -q -c1 -W4 {options} {to}")
            }
            Deed::BroadcastPing { to } => format!("ping -q -b -c1 -W1 {to}"),
            Deed::Udp { to } => format!(
                "python3 -c \"import socket,time;s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM);s.bind(('',5000));s.sendto(b'x',('{to}',4000));time.sleep(3.4)\""
            ),
            Deed::Tcp { to } => format!(
                "python3 -c \"import socket\ns=socket.socket();s.bind(('',{}))\ntry: s.connect(('{to}',81))\nexcept OSError: pass\"",
                50_000 + index
            ),
        }
    }
}

/// Namespaces of this network alone; they go with it.
struct Lab {
    prefix: String,
    names: Vec<String>,
    children: Vec<Child>,
}

impl Lab {
    fn new(network: &Network) -> Lab {
        let hosts = network.hosts.iter().map(|host| host.name.clone());
        let routers = (1..=network.routers).map(|router| format!("r{router}"));
        let names = hosts.chain(routers).chain(network.switch_ports().into_keys()).collect();
        let lab = Lab { prefix: format!("nlo{}x", std::process::id()), names, children: Vec::new() };
        for name in &lab.names {
            let made = Command::new("ip").args(["netns", "add", &lab.ns(name)]).status();
            assert!(made.is_ok_and(|status| status.success()), "cannot make a namespace");
            lab.within(name, &quiet());
        }
        lab
    }

    fn ns(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    fn command(&self, name: &str, line: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.ns(name), "sh", "-c", line]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// Runs lines of shell in a namespace; some of them fail on purpose.
    fn within(&self, name: &str, line: &str) {
        self.command(name, line).status().expect("sh runs");
    }

    fn start(&mut self, name: &str, line: &str) {
        let child = self.command(name, &format!("exec {line}")).spawn().expect("sh runs");
        self.children.push(child);
    }

    fn build(&self, network: &Network) {
        for (a, b) in network.cables() {
            let mtu = network.mtus[network.subnet_of(&a)];
            let (a_name, a_port) = a.split_once('.').expect("box.port");
            let (b_name, b_port) = b.split_once('.').expect("box.port");
            let (a_mac, b_mac) = (network.mac(&a), network.mac(&b));
            self.within(
                a_name,
                &format!(
                    "ip link add {a_port} address {a_mac} mtu {mtu} type veth peer name {b_port} address {b_mac} mtu {mtu} netns {}",
                    self.ns(b_name)
                ),
            );
            for (name, port) in [(a_name, a_port), (b_name, b_port)] {
                self.within(
                    name,
                    &format!(
                        "ip link set {port} multicast off; ethtool -K {port} tx off rx off tso off gso off gro off tx-udp-segmentation off; sysctl -qw net.ipv4.neigh.{port}.base_reachable_time_ms=600000 net.ipv4.neigh.{port}.delay_first_probe_time=600 net.ipv4.neigh.{port}.locktime=0"
                    ),
                );
            }
        }
        for (switch, ports) in network.switch_ports() {
            let mut line = "ip link add br0 type bridge stp_state 0 mcast_snooping 0 mcast_querier 0; ".to_owned();
            for port in ports {
                let _ = write!(line, "ip link set {port} master br0; ip link set {port} up; ");
            }
            line.push_str("ip link set br0 up");
            self.within(&switch, &line);
        }
        for host in &network.hosts {
            let mut line = format!("ip addr add {}/{} brd + dev e0; ip link set e0 up; ", host.address, host.len);
            if let Some(gateway) = &host.gateway {
                let _ = write!(line, "ip route add default via {gateway}");
            }
            self.within(&host.name, &line);
        }
        for router in 1..=network.routers {
            let mut line = "sysctl -qw net.ipv4.ip_forward=1; ".to_owned();
            for (port, address) in network.router_addresses(router) {
                let _ = write!(line, "ip addr add {address}/{} brd + dev {port}; ip link set {port} up; ", network.len);
            }
            for (block, via) in network.routes(router) {
                let _ = write!(line, "ip route add {block} via {via}; ");
            }
            self.within(&format!("r{router}"), &line);
        }
    }
}

/// Switches off what the kernel sends on its own account, as one line of shell.
fn quiet() -> String {
    let settings = [
        "net.ipv6.conf.all.disable_ipv6=1",
        "net.ipv6.conf.default.disable_ipv6=1",
        "net.ipv4.conf.all.rp_filter=0",
        "net.ipv4.conf.default.rp_filter=0",
        "net.ipv4.conf.all.send_redirects=0",
        "net.ipv4.conf.default.send_redirects=0",
        "net.ipv4.conf.all.arp_ignore=1",
        "net.ipv4.conf.all.arp_announce=2",
        "net.ipv4.icmp_ratelimit=0",
        "net.ipv4.icmp_msgs_per_sec=100000",
        "net.ipv4.icmp_msgs_burst=100000",
        "net.ipv4.icmp_echo_ignore_broadcasts=0",
        "net.ipv4.tcp_timestamps=0",
        "net.ipv4.tcp_no_metrics_save=1",
    ];
    let lines: Vec<String> = settings.iter().map(|setting| format!("sysctl -qw {setting}")).collect();
    format!("ip link set lo up; {}", lines.join("; "))
}

impl Drop for Lab {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
        for name in &self.names {
            let _ = Command::new("ip").args(["netns", "del", &self.ns(name)]).status();
        }
    }
}
