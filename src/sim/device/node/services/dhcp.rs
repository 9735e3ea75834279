//! Giving out addresses and asking for one (RFC 2131).
//!
//! ```text
//! client                                        server
//!   SELECTING ── DISCOVER, to everybody ────────▶  keeps an address for it
//!             ◀─────────────────────────── OFFER ──
//!   REQUESTING ─ REQUEST, to everybody ─────────▶  gives it for the time of the lease
//!             ◀───────────────────────────── ACK ──
//!   PROBING      does anybody use it? (ARP)        yes: DECLINE, and the server keeps it back
//!   BOUND        … half of the lease
//!   RENEWING ─── REQUEST, to the server ────────▶  gives it for as long again
//!   REBINDING ── REQUEST, to everybody, from ⅞ of the lease on
//!                RELEASE when it is no longer wanted
//! ```

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use super::super::{Arrival, Node, TIMER_SERVICE};
use super::{ALARM_DHCP, DHCP_CLIENT_PORT, DHCP_SERVER_PORT};
use crate::base::{MacAddr, Timestamp};
use crate::sim::outbox::Outbox;
use crate::sim::reason::Reason;
use crate::sim::record::{Detail, EventKind};
use crate::sim::stack::dhcp::{self, DhcpMessage};
use crate::sim::stack::octets::ArpMessage;
use crate::sim::stack::route::{Prefix, Route, RouteSource, netmask};
use crate::sim::table::Table;

/// How long an address that was offered is kept for the one who asked.
const OFFER_LIFE: Duration = Duration::from_secs(60);
/// How long an address that somebody else uses is kept back.
const DECLINED_LIFE: Duration = Duration::from_secs(3600);
/// How long a client listens for an answer to its probe before it uses an address.
const PROBE_WAIT: Duration = Duration::from_millis(500);
/// How long a client waits after it declined an address (RFC 2131 §3.1.5).
const AFTER_DECLINE: Duration = Duration::from_secs(10);
/// A renewal is tried again no sooner (RFC 2131 §4.4.5).
const LEAST_RENEWAL_WAIT: Duration = Duration::from_secs(60);
/// Questions without an answer before a client gives up.
const MAX_TRIES: u32 = 4;

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

/// Who has an address of the pool, and how long.
#[derive(Clone, Copy, Debug)]
struct Lease {
    client: MacAddr,
    until: Timestamp,
    /// False while it is only offered.
    is_bound: bool,
    /// True if somebody uses it who did not get it here.
    is_declined: bool,
}

/// The server's book: each address of the pool has at most one line.
#[derive(Debug)]
pub(super) struct DhcpServer {
    pool: DhcpPool,
    leases: BTreeMap<Ipv4Addr, Lease>,
    by_client: BTreeMap<MacAddr, Ipv4Addr>,
}

impl DhcpServer {
    pub fn new(pool: DhcpPool) -> DhcpServer {
        DhcpServer { pool, leases: BTreeMap::new(), by_client: BTreeMap::new() }
    }

    /// The address for a client: the one it had, else one that nobody ever had, else one whose lease has run out
    /// (RFC 2131 §4.3.1).
    fn address_for(&self, client: MacAddr, now: Timestamp) -> Option<Ipv4Addr> {
        let may_have = |lease: &Lease| (lease.client == client && !lease.is_declined) || lease.until <= now;
        if let Some(address) = self.by_client.get(&client)
            && self.leases.get(address).is_some_and(may_have)
        {
            return Some(*address);
        }
        let pool = (0..self.pool.count).map(|number| Ipv4Addr::from(u32::from(self.pool.first).wrapping_add(number)));
        let fresh = pool.clone().find(|address| !self.leases.contains_key(address));
        fresh.or_else(|| pool.into_iter().find(|address| self.leases.get(address).is_some_and(may_have)))
    }

    fn enter(&mut self, address: Ipv4Addr, lease: Lease) {
        if let Some(old) = self.leases.insert(address, lease)
            && old.client != lease.client
        {
            self.by_client.remove(&old.client);
        }
        self.by_client.insert(lease.client, address);
    }

    /// The line of a client, if it is about that address.
    fn lease_of(&mut self, client: MacAddr, address: Ipv4Addr) -> Option<&mut Lease> {
        self.leases.get_mut(&address).filter(|lease| lease.client == client)
    }

    pub fn table(&self, now: Timestamp) -> Table {
        let mut table = Table::new("DHCP leases", "leases", &["client", "address", "state"]);
        for (address, lease) in &self.leases {
            let state = match lease {
                Lease { is_declined: true, .. } => "in use by somebody else",
                _ if lease.until <= now => "free again",
                Lease { is_bound: true, .. } => "given",
                _ => "offered",
            };
            table.row(vec![lease.client.to_string(), address.to_string(), state.to_owned()]);
        }
        table
    }
}

/// How far a client has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Selecting,
    Requesting,
    Probing,
    Bound,
    Renewing,
    Rebinding,
    /// After an address was declined, or given back.
    Waiting,
}

/// What a server gave.
#[derive(Clone, Copy, Debug)]
struct Given {
    address: Ipv4Addr,
    len: u8,
    server: Option<Ipv4Addr>,
    router: Option<Ipv4Addr>,
    dns: Option<Ipv4Addr>,
    seconds: u32,
}

#[derive(Debug, Default)]
pub(super) struct DhcpClient {
    exchange: u32,
    tries: u32,
    phase: Phase,
    given: Option<Given>,
    /// When the lease was asked for: it runs from there (RFC 2131 §4.4.1).
    asked_at: Timestamp,
    /// When the alarm that counts is due; others are old ones.
    due: Timestamp,
}

impl Node {
    // ---- the server ----

    pub(super) fn dhcp_asked(
        &mut self,
        now: Timestamp,
        source: SocketAddr,
        payload: &[u8],
        arrival: Arrival,
        out: &mut Outbox,
    ) {
        let Some(message) = DhcpMessage::parse(payload).filter(|message| message.is_request) else { return };
        let own = self.interfaces[arrival.interface].v4();
        let is_named = message.server.is_none_or(|named| Some(named) == own);
        let Some(server) = self.services().server.as_mut() else { return };
        let client = message.client;
        match message.kind {
            dhcp::RELEASE if is_named => {
                let Some(address) = message.has else { return };
                if let Some(lease) = server.lease_of(client, address) {
                    // The line stays, so that the client gets the same address when it comes again.
                    lease.until = now;
                    self.say(format!("DHCP: {client} gives {address} back"), out);
                }
                return;
            }
            dhcp::DECLINE if is_named => {
                let Some(address) = message.wanted else { return };
                if let Some(lease) = server.lease_of(client, address) {
                    lease.is_declined = true;
                    lease.until = now.after(DECLINED_LIFE);
                    self.say(format!("DHCP: {client} says that {address} is in use: it is kept back"), out);
                }
                return;
            }
            dhcp::REQUEST if !is_named => {
                // It took what another server offered (RFC 2131 §3.1 step 4).
                let offered = server.by_client.get(&client).copied();
                if let Some(lease) = offered.and_then(|address| server.lease_of(client, address)) {
                    lease.until = now;
                }
                return;
            }
            dhcp::DISCOVER | dhcp::REQUEST => {}
            _ => return,
        }
        let pool = server.pool.clone();
        let Some(address) = server.address_for(client, now) else {
            return self.say(format!("DHCP: no address is left for {client}"), out);
        };
        let kind = match message.kind {
            dhcp::DISCOVER => dhcp::OFFER,
            _ if message.wanted.or(message.has) == Some(address) => dhcp::ACK,
            _ => dhcp::NAK,
        };
        let life = if kind == dhcp::ACK { pool.lease } else { OFFER_LIFE };
        if kind != dhcp::NAK {
            let lease = Lease { client, until: now.after(life), is_bound: kind == dhcp::ACK, is_declined: false };
            server.enter(address, lease);
        }
        let words = match kind {
            dhcp::OFFER => "offers",
            dhcp::ACK => "gives",
            _ => "refuses",
        };
        self.say(format!("DHCP: {words} {address} to {client}"), out);
        let answer = DhcpMessage {
            is_request: false,
            kind,
            exchange: message.exchange,
            client,
            given: (kind != dhcp::NAK).then_some(address),
            server: own,
            mask: Some(Ipv4Addr::from(netmask(pool.len))),
            router: pool.gateway.or(own),
            dns: pool.dns,
            lease_seconds: Some(pool.lease.as_secs() as u32),
            ..DhcpMessage::default()
        };
        // Whoever has an address is answered there (RFC 2131 §4.1).
        let to = match message.has {
            Some(address) if kind == dhcp::ACK && source.ip() == IpAddr::V4(address) => {
                SocketAddr::new(IpAddr::V4(address), DHCP_CLIENT_PORT)
            }
            _ => to_all(DHCP_CLIENT_PORT),
        };
        self.send_service(now, own.map(IpAddr::V4), DHCP_SERVER_PORT, to, &answer.octets(), out);
    }

    // ---- the client ----

    /// Begins to ask for an address.
    pub(in crate::sim::device::node) fn ask_for_address(&mut self, now: Timestamp, out: &mut Outbox) {
        let exchange = self.rng.next_u32();
        self.services().client = Some(DhcpClient { exchange, due: now, ..DhcpClient::default() });
        self.dhcp_alarm(now, out);
    }

    /// Gives the address back (RFC 2131 §4.4.6).
    pub(in crate::sim::device::node) fn release_address(&mut self, now: Timestamp, out: &mut Outbox) {
        let Some((client, given)) =
            self.services().client.as_ref().and_then(|client| Some((client.exchange, client.given?)))
        else {
            return self.say("DHCP: has no address to give back".to_owned(), out);
        };
        self.say(format!("DHCP: gives {} back", given.address), out);
        let message = DhcpMessage {
            exchange: client,
            has: Some(given.address),
            server: given.server,
            ..self.dhcp_message(dhcp::RELEASE)
        };
        let to = given
            .server
            .map_or(to_all(DHCP_SERVER_PORT), |server| SocketAddr::new(IpAddr::V4(server), DHCP_SERVER_PORT));
        let source = Some(IpAddr::V4(given.address));
        self.send_service(now, source, DHCP_CLIENT_PORT, to, &message.octets(), out);
        self.lose_address(given);
        if let Some(client) = self.services().client.as_mut() {
            *client = DhcpClient { phase: Phase::Waiting, ..DhcpClient::default() };
        }
    }

    fn lose_address(&mut self, given: Given) {
        self.remove_address(0, IpAddr::V4(given.address));
        self.routes.remove(|route| route.source == RouteSource::Dhcp);
    }

    fn dhcp_message(&self, kind: u8) -> DhcpMessage {
        DhcpMessage { is_request: true, kind, client: self.interfaces[0].mac, ..DhcpMessage::default() }
    }

    fn set_dhcp_alarm(&mut self, at: Timestamp, is_awaited: bool, out: &mut Outbox) {
        if let Some(client) = self.services().client.as_mut() {
            client.due = at;
        }
        let timer = TIMER_SERVICE | ALARM_DHCP;
        if is_awaited { out.wake_at(at, timer) } else { out.wake_in_background(at, timer) }
    }

    pub(super) fn dhcp_alarm(&mut self, now: Timestamp, out: &mut Outbox) {
        let Some(client) = self.services().client.as_mut().filter(|client| client.due == now) else { return };
        let (phase, given) = (client.phase, client.given);
        match (phase, given) {
            (Phase::Selecting | Phase::Requesting, _) => {
                client.phase = Phase::Selecting;
                client.given = None;
                client.tries += 1;
                let (exchange, tries) = (client.exchange, client.tries);
                if tries > MAX_TRIES {
                    return self.say("DHCP: nobody gives an address".to_owned(), out);
                }
                // 4, 8, 16 s (RFC 2131 §4.1).
                self.set_dhcp_alarm(now.after(Duration::from_secs(2 << tries)), true, out);
                self.say("DHCP: asks everybody for an address".to_owned(), out);
                let message = DhcpMessage { exchange, ..self.dhcp_message(dhcp::DISCOVER) };
                self.dhcp_to_all(now, None, &message, out);
            }
            (Phase::Probing, Some(given)) => self.use_address(given, out),
            (Phase::Bound | Phase::Renewing | Phase::Rebinding, Some(given)) => self.renew(now, given, out),
            _ => self.ask_for_address(now, out),
        }
    }

    fn dhcp_to_all(&mut self, now: Timestamp, source: Option<Ipv4Addr>, message: &DhcpMessage, out: &mut Outbox) {
        let source = Some(IpAddr::V4(source.unwrap_or(Ipv4Addr::UNSPECIFIED)));
        self.send_service(now, source, DHCP_CLIENT_PORT, to_all(DHCP_SERVER_PORT), &message.octets(), out);
    }

    /// From half of the lease on the server is asked, from seven eighths on everybody, and at the end the address is
    /// given up (RFC 2131 §4.4.5).
    fn renew(&mut self, now: Timestamp, given: Given, out: &mut Outbox) {
        let Some(client) = self.services().client.as_mut() else { return };
        let lease = Duration::from_secs(u64::from(given.seconds));
        let end = client.asked_at.after(lease);
        let rebind = client.asked_at.after(lease / 8 * 7);
        if now >= end {
            self.lose_address(given);
            self.say(format!("DHCP: the lease of {} has run out", given.address), out);
            return self.ask_for_address(now, out);
        }
        let exchange = client.exchange;
        let next = if now >= rebind { end } else { rebind };
        client.phase = if now >= rebind { Phase::Rebinding } else { Phase::Renewing };
        // Half of the time that is left, but a minute at least, and never beyond the next phase.
        let half = Duration::from_nanos(next.nanos_since(now) / 2).max(LEAST_RENEWAL_WAIT);
        let again = now.after(half).min(next);
        self.set_dhcp_alarm(again, false, out);
        let message = DhcpMessage { exchange, has: Some(given.address), ..self.dhcp_message(dhcp::REQUEST) };
        match given.server {
            Some(server) if now < rebind => {
                self.say(format!("DHCP: asks {server} to keep {}", given.address), out);
                let (source, to) = (IpAddr::V4(given.address), SocketAddr::new(IpAddr::V4(server), DHCP_SERVER_PORT));
                self.send_service(now, Some(source), DHCP_CLIENT_PORT, to, &message.octets(), out);
            }
            _ => {
                self.say(format!("DHCP: asks everybody to keep {}", given.address), out);
                self.dhcp_to_all(now, Some(given.address), &message, out);
            }
        }
    }

    pub(super) fn dhcp_answered(&mut self, now: Timestamp, payload: &[u8], out: &mut Outbox) {
        let mac = self.interfaces[0].mac;
        let Some(message) = DhcpMessage::parse(payload) else { return };
        let Some(client) = self.services().client.as_mut() else { return };
        if message.is_request || message.client != mac || message.exchange != client.exchange {
            return;
        }
        match (message.kind, client.phase, message.given) {
            (dhcp::OFFER, Phase::Selecting, Some(offered)) => {
                client.phase = Phase::Requesting;
                client.asked_at = now;
                let wait = now.after(Duration::from_secs(2 << client.tries));
                self.set_dhcp_alarm(wait, true, out);
                self.say(format!("DHCP: wants {offered}"), out);
                let request = DhcpMessage {
                    exchange: message.exchange,
                    wanted: Some(offered),
                    server: message.server,
                    ..self.dhcp_message(dhcp::REQUEST)
                };
                self.dhcp_to_all(now, None, &request, out);
            }
            (dhcp::ACK, Phase::Requesting, Some(address)) => {
                let given = Given {
                    address,
                    len: message.mask.map_or(24, |mask| u32::from(mask).leading_ones() as u8),
                    server: message.server,
                    router: message.router,
                    dns: message.dns,
                    seconds: message.lease_seconds.unwrap_or(3600),
                };
                client.phase = Phase::Probing;
                client.given = Some(given);
                self.set_dhcp_alarm(now.after(PROBE_WAIT), true, out);
                // "The client SHOULD perform a check on the suggested address" (RFC 2131 §4.4.1).
                self.probe_one(0, address, out);
            }
            (dhcp::ACK, Phase::Renewing | Phase::Rebinding, Some(address)) => {
                client.phase = Phase::Bound;
                client.asked_at = now;
                if let Some(given) = &mut client.given {
                    given.seconds = message.lease_seconds.unwrap_or(given.seconds);
                    let half = now.after(Duration::from_secs(u64::from(given.seconds)) / 2);
                    let seconds = given.seconds;
                    self.set_dhcp_alarm(half, false, out);
                    self.say(format!("DHCP: keeps {address} for another {seconds} s"), out);
                }
            }
            (dhcp::NAK, Phase::Requesting | Phase::Renewing | Phase::Rebinding, _) => {
                let given = client.given;
                self.say("DHCP: was refused, and begins again".to_owned(), out);
                if let Some(given) = given {
                    self.lose_address(given);
                }
                self.ask_for_address(now, out);
            }
            _ => {}
        }
    }

    /// Nobody answered the probe: the address is the client's.
    fn use_address(&mut self, given: Given, out: &mut Outbox) {
        let Given { address, len, seconds, .. } = given;
        let Some(client) = self.services().client.as_mut() else { return };
        client.phase = Phase::Bound;
        let half = client.asked_at.after(Duration::from_secs(u64::from(seconds)) / 2);
        self.set_dhcp_alarm(half, false, out);
        self.set_address(0, IpAddr::V4(address), len);
        if let Some(router) = given.router {
            self.routes.remove(|route| route.source == RouteSource::Dhcp);
            let prefix = Prefix::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
            let via = Some(IpAddr::V4(router));
            self.routes.add(Route { prefix, via, interface: 0, metric: 0, source: RouteSource::Dhcp });
        }
        if let Some(server) = given.dns {
            self.services().resolver = Some(IpAddr::V4(server));
        }
        self.say(format!("DHCP: has {address}/{len} for {seconds} s"), out);
    }

    /// Hears an ARP message while an address is being probed: if somebody has it, it is declined (RFC 2131 §3.1.5).
    pub(in crate::sim::device::node) fn dhcp_hears_arp(
        &mut self,
        now: Timestamp,
        message: &ArpMessage,
        out: &mut Outbox,
    ) {
        let mac = self.interfaces[0].mac;
        let client = self.services.as_ref().and_then(|services| services.client.as_ref());
        let Some(client) = client.filter(|client| client.phase == Phase::Probing) else { return };
        let exchange = client.exchange;
        let Some(given) = client.given else { return };
        let is_probe = message.sender_ip.is_unspecified() && message.target_ip == given.address;
        if message.sender_mac == mac || !(message.sender_ip == given.address || is_probe) {
            return;
        }
        let (address, other) = (given.address, message.sender_mac);
        out.tell(EventKind::State, None, 0, Reason::AddressConflict, || {
            Detail::new(format!("DHCP: declines {address}, as {other} uses it"))
                .with("ip", IpAddr::V4(address))
                .with("mac", other)
        });
        let decline =
            DhcpMessage { exchange, wanted: Some(address), server: given.server, ..self.dhcp_message(dhcp::DECLINE) };
        self.dhcp_to_all(now, None, &decline, out);
        if let Some(client) = self.services().client.as_mut() {
            *client = DhcpClient { phase: Phase::Waiting, ..DhcpClient::default() };
        }
        self.set_dhcp_alarm(now.after(AFTER_DECLINE), true, out);
    }
}

fn to_all(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::BROADCAST), port)
}
