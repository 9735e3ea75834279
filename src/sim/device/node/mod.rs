//! An IP node: what a host and a router have in common. A router forwards, a host does not; all else is the same code.
//!
//! A frame's road goes down these files: `input` (the card, the IP header, to me or onward), `forward` (a router's
//! decision), `resolve` (ARP and ND), `icmp` (errors and echoes), `output` (the way out: route, fragments, frame).

mod autoconf;
mod forward;
mod icmp;
mod input;
mod jobs;
mod output;
mod processes;
mod resolve;
mod services;
mod sockets;
mod tcp;
mod translate;
mod udp;

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::rc::Rc;
use std::time::Duration;

use crate::base::{MacAddr, Rng, Timestamp};
use crate::sim::frame::{FrameId, FrameRef};
use crate::sim::order::Order;
use crate::sim::outbox::{Device, Outbox, TimerId};
use crate::sim::record::PortId;
use crate::sim::stack::fragment::Reassembly;
use crate::sim::stack::nat::{Nat, NatOptions};
use crate::sim::stack::neighbour::{NeighbourCache, Profile};
use crate::sim::stack::route::{Prefix, Route, RouteSource, RouteTable};
use crate::sim::stack::tcp::Congestion;
use crate::sim::table::Table;

use autoconf::Autoconf;
pub use autoconf::link_local;
use autoconf::{ALL_NODES, ALL_ROUTERS, is_link_local};
use jobs::Jobs;
pub use output::{FragmentPolicy, SendError, Way};
use processes::Processes;
pub use processes::explain_errno;
pub use services::DhcpPool;
use services::Services;
use sockets::Sockets;
use tcp::Tcp;
use translate::HeldSyn;
use udp::UdpSockets;

/// The kinds of alarm, in the upper octet of the timer; the lower ones say which.
const TIMER_NEIGHBOUR: TimerId = 1 << 56;
const TIMER_JOB: TimerId = 2 << 56;
const TIMER_REASSEMBLY: TimerId = 3 << 56;
const TIMER_LOOPBACK: TimerId = 4 << 56;
const TIMER_TCP: TimerId = 5 << 56;
const TIMER_PROCESS: TimerId = 6 << 56;
const TIMER_SERVICE: TimerId = 7 << 56;
const TIMER_HELD_SYN: TimerId = 8 << 56;
const TIMER_AUTOCONF: TimerId = 9 << 56;
const TIMER_KIND: TimerId = 0xff << 56;

/// How long a packet to oneself takes.
const LOOPBACK_DELAY: Duration = Duration::from_micros(5);

/// How an interface is set up.
#[derive(Clone, Debug)]
pub struct Interface {
    /// Its name, such as `eth0`.
    pub name: String,
    /// Its MAC address.
    pub mac: MacAddr,
    /// Its addresses with their prefix lengths.
    pub addresses: Vec<(IpAddr, u8)>,
    /// Largest packet it sends.
    pub mtu: u16,
    /// True if it answers ARP for addresses that it can reach by another interface (RFC 1027).
    pub proxy_arp: bool,
    /// True while a cable is plugged in.
    pub up: bool,
}

impl Interface {
    /// An interface without addresses.
    pub fn new(name: impl Into<String>, mac: MacAddr) -> Interface {
        Interface { name: name.into(), mac, addresses: Vec::new(), mtu: 1500, proxy_arp: false, up: true }
    }

    /// True if the address is one of the interface's own.
    pub fn has(&self, address: IpAddr) -> bool {
        self.addresses.iter().any(|(own, _)| *own == address)
    }

    /// Its first IPv4 address.
    pub fn v4(&self) -> Option<Ipv4Addr> {
        self.addresses.iter().find_map(|(address, _)| match address {
            IpAddr::V4(v4) => Some(*v4),
            IpAddr::V6(_) => None,
        })
    }

    /// The block of addresses on its link that contains `address`.
    pub fn on_link(&self, address: IpAddr) -> Option<Prefix> {
        self.prefixes().find(|prefix| prefix.contains(address))
    }

    fn prefixes(&self) -> impl Iterator<Item = Prefix> + '_ {
        self.addresses.iter().map(|(address, len)| Prefix::new(*address, *len))
    }

    /// True if `address` is the all-ones address of one of its blocks.
    fn is_broadcast(&self, address: IpAddr) -> bool {
        self.prefixes().any(|prefix| prefix.broadcast() == Some(address))
    }

    /// True if an IPv6 address of the interface listens to this group of solicited nodes (RFC 4291 §2.7.1).
    fn listens_to(&self, group: Ipv6Addr) -> bool {
        self.addresses.iter().any(|(own, _)| match own {
            IpAddr::V6(own) => solicited_node(*own) == group,
            IpAddr::V4(_) => false,
        })
    }
}

/// The group at which a neighbour is asked for (RFC 4291 §2.7.1).
pub(super) fn solicited_node(address: Ipv6Addr) -> Ipv6Addr {
    let octets = address.octets();
    let mut group = [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0, 0, 0];
    group[13..].copy_from_slice(&octets[13..]);
    Ipv6Addr::from(group)
}

/// The link-layer group of an IP group (RFC 1112 §6.4, RFC 2464 §7).
pub(super) fn group_mac(group: IpAddr) -> MacAddr {
    match group {
        IpAddr::V4(v4) => {
            let octets = v4.octets();
            MacAddr([0x01, 0x00, 0x5e, octets[1] & 0x7f, octets[2], octets[3]])
        }
        IpAddr::V6(v6) => {
            let octets = v6.octets();
            MacAddr([0x33, 0x33, octets[12], octets[13], octets[14], octets[15]])
        }
    }
}

/// Habits that a scenario may change.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Linux or textbook.
    pub profile: Profile,
    /// True for a router.
    pub forwarding: bool,
    /// True if a router tells senders of shorter ways (ICMP redirect).
    pub redirects: bool,
    /// True if it quotes as much of a packet as fits in 576 octets, false for the header and 8 octets (RFC 792).
    pub long_quotes: bool,
    /// True if echo requests to a broadcast address are answered.
    pub answers_broadcast: bool,
    /// At most one ICMP error a second for each target, as Linux does by default.
    pub limits_errors: bool,
    /// False if it never sends ICMP errors: a "black hole".
    pub sends_errors: bool,
    /// TTL of what it sends.
    pub ttl: u8,
    /// How long a connection stays in TIME-WAIT: twice the maximum segment lifetime; Linux has 60 s.
    pub time_wait: Duration,
    /// How long an acknowledgment may wait for data to go with; Linux has 40 ms.
    pub ack_delay: Duration,
    /// The shortest retransmission time-out of an open connection.
    pub min_rto: Duration,
    /// What keeps a TCP sender from overloading the path.
    pub congestion: Congestion,
    /// Octets that a TCP socket keeps for its program, unless the program says otherwise.
    pub receive_buffer: usize,
    /// True if it tells of each frame how it is wrapped and unwrapped, layer by layer.
    pub shows_layers: bool,
    /// True if it makes its own IPv6 addresses and listens to routers (RFC 4862).
    pub slaac: bool,
    /// True if it tells the networks of its interfaces to whoever listens (RFC 4861 §6.2).
    pub advertises: bool,
    /// Blocks whose addresses it answers for as if they were its own: the rest of the internet.
    pub answers_for: Vec<Prefix>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            profile: Profile::Linux,
            forwarding: false,
            redirects: false,
            long_quotes: true,
            answers_broadcast: true,
            limits_errors: false,
            sends_errors: true,
            ttl: 64,
            time_wait: Duration::from_secs(60),
            ack_delay: Duration::from_millis(40),
            min_rto: Duration::from_millis(200),
            congestion: Congestion::Off,
            receive_buffer: 65_535,
            shows_layers: false,
            slaac: false,
            advertises: false,
            answers_for: Vec::new(),
        }
    }
}

/// A packet to oneself, on its way.
#[derive(Debug)]
struct Looped {
    packet: Vec<u8>,
}

/// Where a packet came from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival {
    /// The interface, and port, it arrived at.
    pub interface: usize,
    /// The frame it was in; 0 if none.
    pub frame: FrameId,
    /// True if the frame was for a group.
    pub link_group: bool,
    /// False for a packet to oneself.
    pub from_wire: bool,
    /// Octets of the largest fragment, if a translator put the packet together: it leaves in pieces no larger.
    pub largest_piece: Option<usize>,
}

impl Arrival {
    fn port(&self) -> PortId {
        PortId(self.interface as u16)
    }
}

/// A host or router.
#[derive(Debug)]
pub struct Node {
    kind: &'static str,
    pub(super) settings: Settings,
    pub(super) interfaces: Vec<Interface>,
    pub(super) routes: RouteTable,
    pub(super) neighbours: NeighbourCache,
    reassembly: Reassembly,
    nat: Option<Box<Nat>>,
    /// SYNs that nobody inside asked for, until they are answered or forgotten.
    held_syns: VecDeque<HeldSyn>,
    services: Option<Box<Services>>,
    autoconf: Autoconf,
    path_mtus: BTreeMap<IpAddr, u16>,
    identification: u16,
    loopback: VecDeque<Looped>,
    error_times: BTreeMap<IpAddr, Timestamp>,
    pub(super) jobs: Jobs,
    udp: UdpSockets,
    tcp: Tcp,
    sockets: Sockets,
    processes: Processes,
    /// Names that programs may use for addresses.
    names: Rc<BTreeMap<String, IpAddr>>,
    pub(super) rng: Rng,
}

impl Node {
    /// A node with these interfaces, one for each port. `kind` is what people call it.
    pub fn new(kind: &'static str, settings: Settings, interfaces: Vec<Interface>, rng: Rng) -> Node {
        let mut node = Node {
            kind,
            neighbours: NeighbourCache::new(settings.profile, rng.fork(1)),
            settings,
            interfaces: Vec::new(),
            routes: RouteTable::default(),
            reassembly: Reassembly::default(),
            nat: None,
            held_syns: VecDeque::new(),
            services: None,
            autoconf: Autoconf::default(),
            path_mtus: BTreeMap::new(),
            identification: rng.fork(2).next_u32() as u16,
            loopback: VecDeque::new(),
            error_times: BTreeMap::new(),
            jobs: Jobs::default(),
            udp: UdpSockets::default(),
            tcp: Tcp::default(),
            sockets: Sockets::default(),
            processes: Processes::default(),
            names: Rc::default(),
            rng,
        };
        for (index, interface) in interfaces.into_iter().enumerate() {
            let addresses = interface.addresses.clone();
            node.interfaces.push(interface);
            for (address, len) in addresses {
                node.add_connected(index, address, len);
            }
        }
        node
    }

    fn add_connected(&mut self, interface: usize, address: IpAddr, len: u8) {
        // Addresses of a link lead to no other one, and every link has the same: they need no route (RFC 4291 §2.5.6).
        if is_link_local(address) {
            return;
        }
        self.routes.add(Route {
            prefix: Prefix::new(address, len),
            via: None,
            interface,
            metric: 0,
            source: RouteSource::Connected,
        });
    }

    /// Gives the node an address, in place of the one it had of that version.
    pub fn set_address(&mut self, interface: usize, address: IpAddr, len: u8) {
        let Some(place) = self.interfaces.get_mut(interface) else { return };
        let stays = |own: IpAddr| own.is_ipv4() != address.is_ipv4() || is_link_local(own);
        place.addresses.retain(|(own, _)| stays(*own));
        place.addresses.push((address, len));
        self.routes.remove(|route| {
            route.interface == interface
                && route.source == RouteSource::Connected
                && route.prefix.network.is_ipv4() == address.is_ipv4()
        });
        self.add_connected(interface, address, len);
    }

    /// Gives the node one address more.
    fn add_address(&mut self, interface: usize, address: IpAddr, len: u8) {
        self.interfaces[interface].addresses.push((address, len));
        self.add_connected(interface, address, len);
    }

    /// Takes an address from the node.
    fn remove_address(&mut self, interface: usize, address: IpAddr) {
        let place = &mut self.interfaces[interface];
        let gone = place.addresses.iter().position(|(own, _)| *own == address);
        let Some((_, len)) = gone.map(|index| place.addresses.remove(index)) else { return };
        let prefix = Prefix::new(address, len);
        let is_covered = place.prefixes().any(|other| other == prefix);
        self.routes.remove(|route| {
            !is_covered
                && route.interface == interface
                && route.source == RouteSource::Connected
                && route.prefix == prefix
        });
    }

    /// Gives an interface another MAC address.
    pub fn set_mac(&mut self, interface: usize, mac: MacAddr) {
        if let Some(place) = self.interfaces.get_mut(interface) {
            place.mac = mac;
        }
    }

    /// Adds a route.
    pub fn add_route(&mut self, route: Route) {
        self.routes.add(route);
    }

    /// Enters a neighbour by hand.
    pub fn add_neighbour(&mut self, interface: usize, address: IpAddr, mac: MacAddr) {
        self.neighbours.insert_permanent(interface, address, mac);
    }

    /// Makes it translate addresses.
    pub fn translate(&mut self, options: NatOptions) {
        self.nat = Some(Box::new(Nat::new(options)));
    }

    /// True if it translates addresses.
    pub fn translates(&self) -> bool {
        self.nat.is_some()
    }

    /// Tells it names that its programs may use for addresses.
    pub fn set_names(&mut self, names: Rc<BTreeMap<String, IpAddr>>) {
        self.names = names;
    }

    /// Its interfaces, one for each port.
    pub fn interfaces(&self) -> &[Interface] {
        &self.interfaces
    }

    /// Its routes.
    pub fn routes(&self) -> &RouteTable {
        &self.routes
    }

    /// Its neighbours.
    pub fn neighbours(&self) -> &NeighbourCache {
        &self.neighbours
    }

    /// True if the address is on one of the node's interfaces: what is sent there never leaves it.
    pub(super) fn is_here(&self, address: IpAddr) -> bool {
        address.is_loopback() || self.interfaces.iter().any(|interface| interface.has(address))
    }

    /// True if the address is the node's own, or one it answers for.
    pub fn is_mine(&self, address: IpAddr) -> bool {
        self.is_here(address) || self.settings.answers_for.iter().any(|prefix| prefix.contains(address))
    }

    fn next_identification(&mut self) -> u32 {
        self.identification = self.identification.wrapping_add(1);
        u32::from(self.identification)
    }

    /// Sets the alarms that the neighbour cache asked for.
    fn set_neighbour_alarms(&mut self, out: &mut Outbox) {
        while let Some((at, slot)) = self.neighbours.take_alarm() {
            let timer = TIMER_NEIGHBOUR | slot as u64;
            if self.neighbours.is_asking(slot) {
                out.wake_at(at, timer);
            } else {
                out.wake_in_background(at, timer);
            }
        }
    }

    /// What comes after everything that happens to the node.
    fn settle(&mut self, now: Timestamp, out: &mut Outbox) {
        // A call may let a segment go, and a segment may let a call return: on until both are at rest.
        while self.run_processes(now, out) | self.poll_connections(now, out) {}
        self.set_neighbour_alarms(out);
    }

    fn run_loopback(&mut self, now: Timestamp, out: &mut Outbox) {
        if let Some(Looped { packet }) = self.loopback.pop_front() {
            let arrival = Arrival { interface: 0, frame: 0, link_group: false, from_wire: false, largest_piece: None };
            self.packet_in(now, &packet, arrival, out);
        }
    }
}

impl Device for Node {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn on_start(&mut self, now: Timestamp, out: &mut Outbox) {
        self.start_services(now, out);
        self.start_autoconf(now, out);
        self.settle(now, out);
    }

    fn on_frame(&mut self, now: Timestamp, port: PortId, frame: &FrameRef, out: &mut Outbox) {
        self.frame_in(now, port, frame, out);
        self.settle(now, out);
    }

    fn on_timer(&mut self, now: Timestamp, timer: TimerId, out: &mut Outbox) {
        let which = timer & !TIMER_KIND;
        match timer & TIMER_KIND {
            TIMER_NEIGHBOUR => self.neighbour_alarm(now, which as usize, out),
            TIMER_JOB => self.job_alarm(now, which, out),
            TIMER_REASSEMBLY => self.reassembly_alarm(now, out),
            TIMER_LOOPBACK => self.run_loopback(now, out),
            TIMER_HELD_SYN => self.held_syn_alarm(now, out),
            TIMER_AUTOCONF => self.autoconf_alarm(now, which, out),
            TIMER_SERVICE => self.service_alarm(now, which, out),
            TIMER_TCP => self.tcp_alarm(now, which as usize, out),
            TIMER_PROCESS => self.wake_process(now, which as usize),
            _ => {}
        }
        self.settle(now, out);
    }

    fn on_link(&mut self, _now: Timestamp, port: PortId, up: bool, _out: &mut Outbox) {
        if let Some(interface) = self.interfaces.get_mut(usize::from(port.0)) {
            interface.up = up;
        }
    }

    fn on_order(&mut self, now: Timestamp, order: &Order, out: &mut Outbox) -> bool {
        let obeyed = self.obey(now, order, out);
        self.settle(now, out);
        obeyed
    }

    fn tables(&self, now: Timestamp) -> Vec<Table> {
        let mut tables = Vec::new();
        let mut neighbours = Table::new("neighbours", "neighbours", &["address", "interface", "MAC address", "state"]);
        for (interface, address, mac, state) in self.neighbours.entries() {
            let mac = if mac == MacAddr::ZERO { "-".to_owned() } else { mac.to_string() };
            let name = self.interfaces[interface].name.clone();
            neighbours.row(vec![address.to_string(), name, mac, state.name().to_owned()]);
        }
        tables.push(neighbours);
        let mut routes = Table::new("routes", "routes", &["destination", "via", "interface", "metric", "source"]);
        for route in self.routes.routes() {
            routes.row(vec![
                route.prefix.to_string(),
                route.via.map_or_else(|| "on the link".to_owned(), |via| via.to_string()),
                self.interfaces[route.interface].name.clone(),
                route.metric.to_string(),
                route.source.name().to_owned(),
            ]);
        }
        tables.push(routes);
        tables.push(self.socket_table());
        tables.extend(self.service_tables(now));
        if let Some(nat) = &self.nat {
            let mut mappings =
                Table::new("translations", "nat", &["protocol", "inside", "outside port", "has spoken to", "kind"]);
            for (protocol, inside, port, peers, is_static) in nat.mappings(now) {
                let peers: Vec<String> = peers.iter().take(4).map(|(ip, port)| format!("{ip}:{port}")).collect();
                mappings.row(vec![
                    match protocol {
                        6 => "tcp".to_owned(),
                        17 => "udp".to_owned(),
                        _ => "icmp".to_owned(),
                    },
                    format!("{}:{}", inside.0, inside.1),
                    port.to_string(),
                    peers.join(" "),
                    if is_static { "forward".to_owned() } else { "dynamic".to_owned() },
                ]);
            }
            tables.push(mappings);
        }
        if !self.path_mtus.is_empty() {
            let mut paths = Table::new("path MTUs", "path-mtu", &["destination", "MTU"]);
            for (address, mtu) in &self.path_mtus {
                paths.row(vec![address.to_string(), mtu.to_string()]);
            }
            tables.push(paths);
        }
        tables
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }

    fn as_any_mut(&mut self) -> Option<&mut dyn std::any::Any> {
        Some(self)
    }
}
