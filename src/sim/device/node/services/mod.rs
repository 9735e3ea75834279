//! Services of a node: giving and taking addresses (DHCP), telling and asking for names (DNS), telling routes (RIP).

mod dhcp;
mod dns;
mod rip;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use super::output::FragmentPolicy;
use super::{Arrival, Node, TIMER_SERVICE};
use crate::base::Timestamp;
use crate::sim::outbox::Outbox;
use crate::sim::reason::Reason;
use crate::sim::record::{Detail, EventKind};
use crate::sim::stack::route::Prefix;

pub use dhcp::DhcpPool;
use dhcp::{DhcpClient, DhcpServer};

const DHCP_SERVER_PORT: u16 = 67;
const DHCP_CLIENT_PORT: u16 = 68;
const DNS_PORT: u16 = 53;
/// The port from which a node asks for names.
const RESOLVER_PORT: u16 = 61_053;
const RIP_PORT: u16 = 520;
const RIP_GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 9);
/// How often routers tell each other (RFC 2453 §3.8).
const RIP_UPDATE: Duration = Duration::from_secs(30);

const ALARM_DHCP: u64 = 1;
const ALARM_RIP: u64 = 2;
const ALARM_DNS: u64 = 3;

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
        self.services().server = Some(DhcpServer::new(pool));
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
            DHCP_SERVER_PORT => self.dhcp_asked(now, source, payload, arrival, out),
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
    pub(super) fn service_tables(&self, now: Timestamp) -> Vec<crate::sim::Table> {
        let Some(services) = &self.services else { return Vec::new() };
        let mut tables = Vec::new();
        if let Some(server) = &services.server {
            tables.push(server.table(now));
        }
        tables
    }
}
