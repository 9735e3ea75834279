//! Services of a node: giving and taking addresses (DHCP), telling and asking for names (DNS), telling routes (RIP).

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use super::output::FragmentPolicy;
use super::{Arrival, Node, TIMER_SERVICE};
use crate::base::{MacAddr, Timestamp, limits};
use crate::sim::outbox::Outbox;
use crate::sim::reason::Reason;
use crate::sim::record::{Detail, EventKind};
use crate::sim::stack::dhcp::{self, DhcpMessage};
use crate::sim::stack::dns;
use crate::sim::stack::octets::{u16_at, u32_at};
use crate::sim::stack::route::{Prefix, Route, RouteSource, netmask};

const DHCP_SERVER_PORT: u16 = 67;
const DHCP_CLIENT_PORT: u16 = 68;
const DNS_PORT: u16 = 53;
/// The port from which a node asks for names.
const RESOLVER_PORT: u16 = 61_053;
const RIP_PORT: u16 = 520;
const RIP_GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 9);
/// RIP's infinity, and its times (RFC 2453 §3.6, §3.8).
const UNREACHABLE: u32 = 16;
const RIP_UPDATE: Duration = Duration::from_secs(30);
const RIP_TIMEOUT: Duration = Duration::from_secs(180);

const ALARM_DHCP: u64 = 1;
const ALARM_RIP: u64 = 2;
const ALARM_DNS: u64 = 3;

/// Addresses that a node gives out.
#[derive(Clone, Debug)]
pub struct DhcpPool {
    /// The first address.
    pub first: Ipv4Addr,
    /// Its prefix length.
    pub len: u8,
    /// How many there are.
    pub count: u32,
    /// The gateway told to clients.
    pub gateway: Option<Ipv4Addr>,
    /// The DNS server told to clients.
    pub dns: Option<Ipv4Addr>,
    /// How long an address may be used.
    pub lease: Duration,
}

#[derive(Debug)]
struct DhcpServer {
    pool: DhcpPool,
    leases: BTreeMap<MacAddr, Ipv4Addr>,
}

#[derive(Debug, Default)]
struct DhcpClient {
    exchange: u32,
    tries: u32,
    is_bound: bool,
}

/// What is known of a name.
#[derive(Clone, Debug)]
enum Answer {
    Asked { id: u16, tries: u32 },
    Known(Vec<IpAddr>),
}

/// The services of a node.
#[derive(Debug, Default)]
pub(super) struct Services {
    server: Option<DhcpServer>,
    client: Option<DhcpClient>,
    zone: BTreeMap<String, Vec<IpAddr>>,
    resolver: Option<IpAddr>,
    answers: BTreeMap<String, Answer>,
    rip: bool,
    /// When each route was last heard.
    heard: BTreeMap<Prefix, Timestamp>,
}

impl Node {
    fn services(&mut self) -> &mut Services {
        self.services.get_or_insert_default()
    }

    /// Makes it give out addresses.
    pub fn serve_dhcp(&mut self, pool: DhcpPool) {
        self.services().server = Some(DhcpServer { pool, leases: BTreeMap::new() });
    }

    /// Makes it answer questions for names.
    pub fn serve_names(&mut self, zone: BTreeMap<String, Vec<IpAddr>>) {
        self.services().zone = zone;
    }

    /// Tells it whom to ask for names.
    pub fn ask_for_names(&mut self, server: IpAddr) {
        self.services().resolver = Some(server);
    }

    /// Makes it exchange routes with its neighbours.
    pub fn speak_rip(&mut self) {
        self.services().rip = true;
    }

    /// True if it exchanges routes.
    pub(super) fn listens_to_rip(&self) -> bool {
        self.services.as_ref().is_some_and(|services| services.rip)
    }

    pub(super) fn start_services(&mut self, now: Timestamp, out: &mut Outbox) {
        if self.listens_to_rip() {
            let wait = self.rng.below(500_000_000);
            out.wake_in_background(now.after_nanos(wait), TIMER_SERVICE | ALARM_RIP);
        }
    }

    pub(super) fn service_alarm(&mut self, now: Timestamp, which: u64, out: &mut Outbox) {
        match which {
            ALARM_DHCP => self.dhcp_alarm(now, out),
            ALARM_RIP => {
                self.expire_rip(now, out);
                self.send_rip(now, out);
                out.wake_in_background(now.after(RIP_UPDATE), TIMER_SERVICE | ALARM_RIP);
            }
            _ => self.dns_alarm(now, out),
        }
    }

    /// A datagram for a service. True if a service took it.
    pub(super) fn service_in(
        &mut self,
        now: Timestamp,
        source: SocketAddr,
        port: u16,
        payload: &[u8],
        arrival: Arrival,
        out: &mut Outbox,
    ) -> bool {
        let Some(services) = &self.services else { return false };
        let takes = match port {
            DHCP_SERVER_PORT => services.server.is_some(),
            DHCP_CLIENT_PORT => services.client.is_some(),
            DNS_PORT => !services.zone.is_empty(),
            RESOLVER_PORT => services.resolver.is_some(),
            RIP_PORT => services.rip,
            _ => false,
        };
        if !takes {
            return false;
        }
        self.finish(EventKind::Delivered, Reason::ForMe, arrival, out);
        match port {
            DHCP_SERVER_PORT => self.dhcp_asked(now, payload, arrival, out),
            DHCP_CLIENT_PORT => self.dhcp_answered(now, payload, out),
            DNS_PORT => self.dns_asked(now, source, payload, out),
            RESOLVER_PORT => self.dns_answered(payload, out),
            _ => self.rip_heard(now, source.ip(), payload, arrival, out),
        }
        true
    }

    fn say(&self, text: String, out: &mut Outbox) {
        out.tell(EventKind::State, None, 0, Reason::None, || Detail::new(text));
    }

    // ---- DHCP ----

    fn dhcp_asked(&mut self, now: Timestamp, payload: &[u8], arrival: Arrival, out: &mut Outbox) {
        let Some(message) = DhcpMessage::parse(payload).filter(|message| message.is_request) else { return };
        let own = self.interfaces[arrival.interface].v4();
        let Some(server) = self.services().server.as_mut() else { return };
        let pool = server.pool.clone();
        let lease = server.leases.get(&message.client).copied().or_else(|| {
            let all = (0..pool.count).map(|number| Ipv4Addr::from(u32::from(pool.first).wrapping_add(number)));
            let taken: Vec<Ipv4Addr> = server.leases.values().copied().collect();
            let free = all.into_iter().find(|address| !taken.contains(address))?;
            server.leases.insert(message.client, free);
            Some(free)
        });
        let Some(address) = lease else {
            return self.say(format!("DHCP: no address is left for {}", message.client), out);
        };
        let wanted = message.wanted.or(message.has);
        let kind = match message.kind {
            dhcp::DISCOVER => dhcp::OFFER,
            dhcp::REQUEST if wanted == Some(address) && message.server.is_none_or(|named| Some(named) == own) => {
                dhcp::ACK
            }
            dhcp::REQUEST => dhcp::NAK,
            _ => return,
        };
        let words = match kind {
            dhcp::OFFER => "offers",
            dhcp::ACK => "gives",
            _ => "refuses",
        };
        self.say(format!("DHCP: {words} {address} to {}", message.client), out);
        let answer = DhcpMessage {
            is_request: false,
            kind,
            exchange: message.exchange,
            client: message.client,
            given: (kind != dhcp::NAK).then_some(address),
            server: own,
            mask: Some(Ipv4Addr::from(netmask(pool.len))),
            router: pool.gateway.or(own),
            dns: pool.dns,
            lease_seconds: Some(pool.lease.as_secs() as u32),
            ..DhcpMessage::default()
        };
        self.send_service(now, own.map(IpAddr::V4), DHCP_SERVER_PORT, to_all(DHCP_CLIENT_PORT), &answer.octets(), out);
    }

    /// Begins to ask for an address.
    pub(super) fn ask_for_address(&mut self, now: Timestamp, out: &mut Outbox) {
        let exchange = self.rng.next_u32();
        self.services().client = Some(DhcpClient { exchange, tries: 0, is_bound: false });
        self.dhcp_alarm(now, out);
    }

    fn dhcp_alarm(&mut self, now: Timestamp, out: &mut Outbox) {
        let client_mac = self.interfaces[0].mac;
        let own = self.interfaces[0].v4();
        let Some(client) = self.services().client.as_mut() else { return };
        let exchange = client.exchange;
        if client.is_bound {
            // Half of the lease is over: ask whether the address may be kept (RFC 2131 §4.4.5).
            let message = DhcpMessage {
                is_request: true,
                kind: dhcp::REQUEST,
                exchange,
                client: client_mac,
                has: own,
                ..DhcpMessage::default()
            };
            let source = own.map(IpAddr::V4);
            return self.send_service(now, source, DHCP_CLIENT_PORT, to_all(DHCP_SERVER_PORT), &message.octets(), out);
        }
        client.tries += 1;
        if client.tries > 4 {
            return self.say("DHCP: nobody gives an address".to_owned(), out);
        }
        // 4, 8, 16 s (RFC 2131 §4.1).
        out.wake_at(now.after(Duration::from_secs(2 << client.tries)), TIMER_SERVICE | ALARM_DHCP);
        let message = DhcpMessage {
            is_request: true,
            kind: dhcp::DISCOVER,
            exchange,
            client: client_mac,
            ..DhcpMessage::default()
        };
        self.say("DHCP: asks everybody for an address".to_owned(), out);
        let nobody = Some(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        self.send_service(now, nobody, DHCP_CLIENT_PORT, to_all(DHCP_SERVER_PORT), &message.octets(), out);
    }

    fn dhcp_answered(&mut self, now: Timestamp, payload: &[u8], out: &mut Outbox) {
        let mac = self.interfaces[0].mac;
        let Some(message) = DhcpMessage::parse(payload) else { return };
        let Some(client) = self.services().client.as_mut() else { return };
        if message.is_request || message.client != mac || message.exchange != client.exchange {
            return;
        }
        match (message.kind, message.given) {
            (dhcp::OFFER, Some(given)) if !client.is_bound => {
                self.say(format!("DHCP: wants {given}"), out);
                let request = DhcpMessage {
                    is_request: true,
                    kind: dhcp::REQUEST,
                    given: None,
                    wanted: Some(given),
                    mask: None,
                    router: None,
                    dns: None,
                    lease_seconds: None,
                    ..message
                };
                let nobody = Some(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
                self.send_service(now, nobody, DHCP_CLIENT_PORT, to_all(DHCP_SERVER_PORT), &request.octets(), out);
            }
            (dhcp::ACK, Some(given)) => {
                client.is_bound = true;
                let len = message.mask.map_or(24, |mask| u32::from(mask).leading_ones() as u8);
                let seconds = message.lease_seconds.unwrap_or(3600);
                self.set_address(0, IpAddr::V4(given), len);
                if let Some(router) = message.router {
                    self.routes.remove(|route| route.source == RouteSource::Dhcp);
                    let prefix = Prefix::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
                    let via = Some(IpAddr::V4(router));
                    self.routes.add(Route { prefix, via, interface: 0, metric: 0, source: RouteSource::Dhcp });
                }
                if let Some(server) = message.dns {
                    self.services().resolver = Some(IpAddr::V4(server));
                }
                self.say(format!("DHCP: has {given}/{len} for {seconds} s"), out);
                let half = now.after(Duration::from_secs(u64::from(seconds) / 2));
                out.wake_in_background(half, TIMER_SERVICE | ALARM_DHCP);
            }
            (dhcp::NAK, _) => {
                self.say("DHCP: was refused, and begins again".to_owned(), out);
                self.ask_for_address(now, out);
            }
            _ => {}
        }
    }

    // ---- DNS ----

    fn dns_asked(&mut self, now: Timestamp, source: SocketAddr, payload: &[u8], out: &mut Outbox) {
        let Some((_, name)) = dns::read_question(payload) else { return };
        let addresses = self.services().zone.get(&name).cloned().unwrap_or_default();
        let shown: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
        let words = if shown.is_empty() { "there is no such name".to_owned() } else { shown.join(", ") };
        self.say(format!("DNS: {} asks for {}: {words}", source.ip(), crate::base::text::harmless(&name)), out);
        if let Some(answer) = dns::answer(payload, &addresses) {
            self.send_service(now, None, DNS_PORT, source, &answer, out);
        }
    }

    /// The addresses of a name, if they are known: `Ok(None)` while the question is under way.
    pub(super) fn look_up_name(
        &mut self,
        now: Timestamp,
        name: &str,
        out: &mut Outbox,
    ) -> Result<Option<IpAddr>, String> {
        let name = name.to_ascii_lowercase();
        let Some(server) = self.services().resolver else {
            return Err(format!("EAI_AGAIN: no DNS server is known to ask for '{name}'"));
        };
        match self.services().answers.get(&name) {
            Some(Answer::Known(addresses)) => match addresses.first() {
                Some(address) => return Ok(Some(*address)),
                None => return Err(format!("EAI_NONAME: there is no '{name}'")),
            },
            Some(Answer::Asked { .. }) => return Ok(None),
            None => {}
        }
        if self.services().answers.len() >= limits::MAX_NAMES {
            return Err("EAI_MEMORY: too many names".to_owned());
        }
        let id = self.rng.next_u32() as u16;
        self.services().answers.insert(name.clone(), Answer::Asked { id, tries: 1 });
        self.say(format!("DNS: asks {server} for {name}"), out);
        let question = dns::question(id, &name);
        self.send_service(now, None, RESOLVER_PORT, SocketAddr::new(server, DNS_PORT), &question, out);
        out.wake_at(now.after(Duration::from_secs(5)), TIMER_SERVICE | ALARM_DNS);
        Ok(None)
    }

    fn dns_answered(&mut self, payload: &[u8], out: &mut Outbox) {
        let Some((id, name, addresses)) = dns::read_answer(payload) else { return };
        let asked = matches!(self.services().answers.get(&name), Some(Answer::Asked { id: asked, .. }) if *asked == id);
        if !asked {
            return;
        }
        let shown: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
        let words = if shown.is_empty() { "does not exist".to_owned() } else { format!("is {}", shown.join(", ")) };
        out.tell(EventKind::Call, None, 0, Reason::None, || {
            Detail::new(format!("DNS: {name} {words}"))
                .with("call", "lookup")
                .with("result", if shown.is_empty() { "EAI_NONAME" } else { "ok" })
                .with("data", shown.join(", "))
        });
        self.services().answers.insert(name, Answer::Known(addresses));
    }

    /// Questions that were not answered within 5 s are asked once more, then given up.
    fn dns_alarm(&mut self, now: Timestamp, out: &mut Outbox) {
        let Some(server) = self.services().resolver else { return };
        let open: Vec<(String, u16, u32)> = self
            .services()
            .answers
            .iter()
            .filter_map(|(name, answer)| match answer {
                Answer::Asked { id, tries } => Some((name.clone(), *id, *tries)),
                Answer::Known(_) => None,
            })
            .collect();
        for (name, id, tries) in open {
            if tries >= 2 {
                self.services().answers.insert(name.clone(), Answer::Known(Vec::new()));
                self.say(format!("DNS: {server} does not answer for {name}"), out);
                continue;
            }
            self.services().answers.insert(name.clone(), Answer::Asked { id, tries: tries + 1 });
            self.send_service(
                now,
                None,
                RESOLVER_PORT,
                SocketAddr::new(server, DNS_PORT),
                &dns::question(id, &name),
                out,
            );
            out.wake_at(now.after(Duration::from_secs(5)), TIMER_SERVICE | ALARM_DNS);
        }
    }

    // ---- RIP (RFC 2453) ----

    /// Tells every neighbour what is reached through this node. What was learned from a link is told there as
    /// unreachable (split horizon with poisoned reverse, §3.4.3).
    fn send_rip(&mut self, now: Timestamp, out: &mut Outbox) {
        for interface in 0..self.interfaces.len() {
            let Some(own) = self.interfaces[interface].v4() else { continue };
            let mut entries: Vec<(Prefix, u32)> = Vec::new();
            for route in self.routes.routes() {
                if !route.prefix.network.is_ipv4() || entries.iter().any(|(prefix, _)| *prefix == route.prefix) {
                    continue;
                }
                let metric = match route.source {
                    RouteSource::Rip if route.interface == interface => UNREACHABLE,
                    RouteSource::Rip => route.metric,
                    _ => 1,
                };
                entries.push((route.prefix, metric));
            }
            // A message has room for 25 entries (§3.6).
            for chunk in entries.chunks(25) {
                let mut message = vec![2, 2, 0, 0];
                for (prefix, metric) in chunk {
                    let IpAddr::V4(network) = prefix.network else { continue };
                    message.extend_from_slice(&[0, 2, 0, 0]);
                    message.extend_from_slice(&network.octets());
                    message.extend_from_slice(&netmask(prefix.len).to_be_bytes());
                    message.extend_from_slice(&[0; 4]);
                    message.extend_from_slice(&metric.to_be_bytes());
                }
                let group = SocketAddr::new(IpAddr::V4(RIP_GROUP), RIP_PORT);
                self.send_service(now, Some(IpAddr::V4(own)), RIP_PORT, group, &message, out);
            }
        }
    }

    fn rip_heard(&mut self, now: Timestamp, from: IpAddr, payload: &[u8], arrival: Arrival, out: &mut Outbox) {
        if payload.first() != Some(&2) || self.interfaces[arrival.interface].on_link(from).is_none() {
            return;
        }
        let mut changed = false;
        for entry in payload.get(4..).unwrap_or_default().chunks_exact(20) {
            if u16_at(entry, 0) != 2 {
                continue;
            }
            let network = IpAddr::V4(Ipv4Addr::from(u32_at(entry, 4)));
            let prefix = Prefix::new(network, u32_at(entry, 8).leading_ones() as u8);
            let metric = u32_at(entry, 16).saturating_add(1).min(UNREACHABLE);
            changed |= self.rip_entry(now, prefix, metric, from, arrival, out);
        }
        if changed {
            self.send_rip(now, out);
        }
    }

    fn rip_entry(
        &mut self,
        now: Timestamp,
        prefix: Prefix,
        metric: u32,
        from: IpAddr,
        arrival: Arrival,
        out: &mut Outbox,
    ) -> bool {
        let known = self.routes.routes().iter().find(|route| route.prefix == prefix).copied();
        if known.is_some_and(|route| route.source != RouteSource::Rip) {
            return false;
        }
        let same_teller = known.is_some_and(|route| route.via == Some(from));
        if same_teller {
            self.services().heard.insert(prefix, now);
        }
        let better = known.is_none_or(|route| metric < route.metric);
        let worse = same_teller && known.is_some_and(|route| metric > route.metric);
        if !(better && metric < UNREACHABLE || worse) {
            return false;
        }
        self.routes.remove(|route| route.prefix == prefix && route.source == RouteSource::Rip);
        if metric >= UNREACHABLE {
            self.say(format!("RIP: {prefix} can no longer be reached through {from}"), out);
            return true;
        }
        let interface = arrival.interface;
        self.routes.add(Route { prefix, via: Some(from), interface, metric, source: RouteSource::Rip });
        self.services().heard.insert(prefix, now);
        self.say(format!("RIP: {prefix} is reached through {from}, {metric} hops"), out);
        true
    }

    /// Routes that nobody told for 180 s are gone (§3.8).
    fn expire_rip(&mut self, now: Timestamp, out: &mut Outbox) {
        let late: Vec<Prefix> = self
            .services()
            .heard
            .iter()
            .filter(|(_, heard)| now.since(**heard) >= RIP_TIMEOUT)
            .map(|(prefix, _)| *prefix)
            .collect();
        for prefix in late {
            self.services().heard.remove(&prefix);
            if self.routes.remove(|route| route.prefix == prefix && route.source == RouteSource::Rip) {
                self.say(format!("RIP: nobody told of {prefix} for 180 s"), out);
            }
        }
    }

    fn send_service(
        &mut self,
        now: Timestamp,
        source: Option<IpAddr>,
        port: u16,
        destination: SocketAddr,
        payload: &[u8],
        out: &mut Outbox,
    ) {
        // A service has nobody to tell when it cannot send; the decision is on record.
        let _ = self.send_datagram(now, (source, port), destination, payload, FragmentPolicy::Want, out);
    }

    /// What the services remember.
    pub(super) fn service_tables(&self) -> Vec<crate::sim::Table> {
        let Some(services) = &self.services else { return Vec::new() };
        let mut tables = Vec::new();
        if let Some(server) = &services.server {
            let mut leases = crate::sim::Table::new("addresses given out", "leases", &["client", "address"]);
            for (mac, address) in &server.leases {
                leases.row(vec![mac.to_string(), address.to_string()]);
            }
            tables.push(leases);
        }
        tables
    }
}

fn to_all(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::BROADCAST), port)
}
