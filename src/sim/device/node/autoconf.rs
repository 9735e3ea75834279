//! How an IPv6 node gets its addresses by itself (RFC 4862): an address of the link made of the MAC address, tried for
//! duplicates before it is used, then the networks that a router tells of (RFC 4861 §6), each with an address of the
//! same making. Routers that are told to advertise answer whoever asks, and tell everybody now and then.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use super::resolve::neighbour_header;
use super::{Arrival, Node, TIMER_AUTOCONF, group_mac, solicited_node};
use crate::base::{MacAddr, Timestamp, limits};
use crate::sim::outbox::Outbox;
use crate::sim::reason::Reason;
use crate::sim::record::{Detail, EventKind, PortId};
use crate::sim::stack::octets::{ETHER_IPV6, IpHeader, ethernet, icmpv6_message, ip_packet, u16_at, u32_at};
use crate::sim::stack::route::{Prefix, Route, RouteSource};

/// A node waits up to so long before its first message, so that a whole network does not speak at once (RFC 4862 §5.4.2).
const MAX_FIRST_DELAY: u64 = 1_000_000_000;
/// How long an answer to the test for duplicates is waited for (RFC 4861 §10, RETRANS_TIMER).
const TEST_TIME: Duration = Duration::from_secs(1);
/// Routers are asked for three times, 4 s apart (RFC 4861 §10).
const MAX_SOLICITATIONS: u8 = 3;
const SOLICITATION_INTERVAL: Duration = Duration::from_secs(4);
/// A router answers after up to half a second, and tells unasked every 200 to 600 s (RFC 4861 §6.2.1, §6.2.6).
const MAX_ANSWER_DELAY: u64 = 500_000_000;
const LEAST_INTERVAL: u64 = 200;
const MOST_INTERVAL: u64 = 600;
/// What a router tells of itself and its networks (RFC 4861 §6.2.1).
const ROUTER_LIFETIME: u16 = 1800;
const VALID_LIFETIME: u32 = 2_592_000;
const PREFERRED_LIFETIME: u32 = 604_800;

/// All nodes and all routers of a link (RFC 4291 §2.7.1).
pub(super) const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
pub(super) const ALL_ROUTERS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 2);

const ALARM_BEGIN: u64 = 1 << 32;
const ALARM_TESTED: u64 = 2 << 32;
const ALARM_SOLICIT: u64 = 3 << 32;
const ALARM_ANSWER: u64 = 4 << 32;
const ALARM_TELL: u64 = 5 << 32;
const ALARM_EXPIRE: u64 = 6 << 32;
const ALARM_KIND: u64 = 0xff << 32;

/// An address that is being tried.
#[derive(Clone, Copy, Debug)]
struct Tentative {
    interface: usize,
    address: Ipv6Addr,
    len: u8,
    /// When it may be used if nobody objects.
    due: Timestamp,
}

/// What a router told, until when.
#[derive(Clone, Copy, Debug)]
struct Told {
    interface: usize,
    what: Heard,
    until: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Heard {
    /// An address in one of its networks.
    Address(Ipv6Addr),
    /// A router itself.
    Router(Ipv6Addr),
}

/// Addresses that a node makes itself, and what it knows of routers.
#[derive(Debug, Default)]
pub(super) struct Autoconf {
    tentative: Vec<Tentative>,
    told: Vec<Told>,
    /// Routers asked for, by interface.
    solicited: Vec<u8>,
    /// True for an interface on which an answer to a solicitation is about to be sent.
    answering: Vec<bool>,
}

/// The address of the link that a MAC address makes (RFC 4291 §2.5.6, appendix A).
pub fn link_local(mac: MacAddr) -> Ipv6Addr {
    with_mac(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), mac)
}

/// True for an address that means something on its own link only.
pub(super) fn is_link_local(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(v6) if v6.segments()[0] & 0xffc0 == 0xfe80)
}

/// A network of 64 bits and the modified EUI-64 of a MAC address.
fn with_mac(network: Ipv6Addr, mac: MacAddr) -> Ipv6Addr {
    let mut octets = network.octets();
    let [a, b, c, d, e, f] = mac.octets();
    octets[8..].copy_from_slice(&[a ^ 2, b, c, 0xff, 0xfe, d, e, f]);
    Ipv6Addr::from(octets)
}

impl Node {
    pub(super) fn start_autoconf(&mut self, now: Timestamp, out: &mut Outbox) {
        let interfaces = self.interfaces.len();
        self.autoconf.solicited = vec![0; interfaces];
        self.autoconf.answering = vec![false; interfaces];
        for interface in 0..interfaces {
            if self.settings.slaac {
                let wait = self.rng.below(MAX_FIRST_DELAY);
                out.wake_at(now.after_nanos(wait), TIMER_AUTOCONF | ALARM_BEGIN | interface as u64);
            }
            if self.settings.advertises {
                self.next_telling(now, interface, out);
            }
        }
    }

    fn next_telling(&mut self, now: Timestamp, interface: usize, out: &mut Outbox) {
        let wait = Duration::from_secs(LEAST_INTERVAL + self.rng.below(MOST_INTERVAL - LEAST_INTERVAL));
        out.wake_in_background(now.after(wait), TIMER_AUTOCONF | ALARM_TELL | interface as u64);
    }

    pub(super) fn autoconf_alarm(&mut self, now: Timestamp, which: u64, out: &mut Outbox) {
        let interface = (which & 0xffff_ffff) as usize;
        match which & ALARM_KIND {
            ALARM_BEGIN => {
                let address = link_local(self.interfaces[interface].mac);
                self.try_address(now, interface, address, 64, out);
            }
            ALARM_TESTED => self.adopt_addresses(now, out),
            ALARM_SOLICIT => self.solicit_routers(now, interface, out),
            ALARM_ANSWER => {
                self.autoconf.answering[interface] = false;
                self.advertise(interface, out);
            }
            ALARM_TELL => {
                self.advertise(interface, out);
                self.next_telling(now, interface, out);
            }
            _ => self.forget_told(now, out),
        }
    }

    /// True if the interface listens for an address that it may get.
    pub(super) fn tries(&self, interface: usize, fits: impl Fn(Ipv6Addr) -> bool) -> bool {
        self.autoconf.tentative.iter().any(|tentative| tentative.interface == interface && fits(tentative.address))
    }

    /// Asks whether anybody has an address before it is used (duplicate address detection, RFC 4862 §5.4): a
    /// solicitation from nobody.
    fn try_address(&mut self, now: Timestamp, interface: usize, address: Ipv6Addr, len: u8, out: &mut Outbox) {
        let is_known =
            self.interfaces[interface].has(IpAddr::V6(address)) || self.tries(interface, |own| own == address);
        if is_known || self.autoconf.tentative.len() >= limits::MAX_OWN_ADDRESSES {
            return;
        }
        let due = now.after(TEST_TIME);
        self.autoconf.tentative.push(Tentative { interface, address, len, due });
        let port = PortId(interface as u16);
        out.tell(EventKind::Arp, Some(port), out.next_frame(), Reason::None, || {
            Detail::new(format!("tries {address}: does anybody use it?"))
                .with("ip", IpAddr::V6(address))
                .with("operation", "probe")
        });
        let (nobody, group) = (IpAddr::V6(Ipv6Addr::UNSPECIFIED), IpAddr::V6(solicited_node(address)));
        let message = icmpv6_message(nobody, group, 135, 0, [0; 4], &address.octets());
        self.send_icmpv6(interface, nobody, group, &message, out);
        out.wake_at(due, TIMER_AUTOCONF | ALARM_TESTED);
    }

    fn send_icmpv6(&self, interface: usize, source: IpAddr, to: IpAddr, message: &[u8], out: &mut Outbox) {
        let packet = ip_packet(&neighbour_header(source, to), message);
        let mac = self.interfaces[interface].mac;
        out.send(PortId(interface as u16), &ethernet(group_mac(to), mac, ETHER_IPV6, &packet));
    }

    /// Nobody objected: the addresses that were tried long enough are the node's own.
    fn adopt_addresses(&mut self, now: Timestamp, out: &mut Outbox) {
        let (ripe, rest): (Vec<Tentative>, Vec<Tentative>) =
            self.autoconf.tentative.drain(..).partition(|tentative| tentative.due <= now);
        self.autoconf.tentative = rest;
        for Tentative { interface, address, len, .. } in ripe {
            self.add_address(interface, IpAddr::V6(address), len);
            out.tell(EventKind::State, Some(PortId(interface as u16)), 0, Reason::None, || {
                Detail::new(format!("IPv6: has {address}/{len}")).with("ip", IpAddr::V6(address))
            });
            if is_link_local(IpAddr::V6(address)) {
                self.solicit_routers(now, interface, out);
            }
        }
    }

    /// Somebody has the address that is being tried, or tries it too.
    pub(super) fn is_taken(&mut self, interface: usize, address: Ipv6Addr, by: Option<MacAddr>, out: &mut Outbox) {
        let before = self.autoconf.tentative.len();
        self.autoconf.tentative.retain(|own| own.interface != interface || own.address != address);
        if self.autoconf.tentative.len() == before {
            return;
        }
        out.tell(EventKind::State, Some(PortId(interface as u16)), 0, Reason::AddressConflict, || {
            let detail = match by {
                Some(by) => Detail::new(format!("IPv6: cannot have {address}, as {by} uses it")).with("mac", by),
                None => Detail::new(format!("IPv6: cannot have {address}, as somebody else tries it too")),
            };
            detail.with("ip", IpAddr::V6(address))
        });
    }

    /// Asks for routers (RFC 4861 §6.3.7).
    fn solicit_routers(&mut self, now: Timestamp, interface: usize, out: &mut Outbox) {
        let has_router = self
            .autoconf
            .told
            .iter()
            .any(|told| told.interface == interface && matches!(told.what, Heard::Router(_)) && told.until > now);
        if has_router || self.settings.forwarding || self.autoconf.solicited[interface] >= MAX_SOLICITATIONS {
            return;
        }
        let mac = self.interfaces[interface].mac;
        let Some(source) = self.link_local_of(interface) else { return };
        self.autoconf.solicited[interface] += 1;
        out.tell(EventKind::Arp, Some(PortId(interface as u16)), out.next_frame(), Reason::None, || {
            Detail::new("asks for routers").with("operation", "router-solicitation")
        });
        let (source, group) = (IpAddr::V6(source), IpAddr::V6(ALL_ROUTERS));
        let body = [&[1, 1], mac.octets().as_slice()].concat();
        let message = icmpv6_message(source, group, 133, 0, [0; 4], &body);
        self.send_icmpv6(interface, source, group, &message, out);
        out.wake_at(now.after(SOLICITATION_INTERVAL), TIMER_AUTOCONF | ALARM_SOLICIT | interface as u64);
    }

    pub(super) fn link_local_of(&self, interface: usize) -> Option<Ipv6Addr> {
        self.interfaces[interface].addresses.iter().find_map(|(own, _)| match own {
            IpAddr::V6(own) if is_link_local(IpAddr::V6(*own)) => Some(*own),
            _ => None,
        })
    }

    /// Tells of the networks of an interface (RFC 4861 §6.2.3).
    fn advertise(&mut self, interface: usize, out: &mut Outbox) {
        let Some(source) = self.link_local_of(interface) else { return };
        let place = &self.interfaces[interface];
        // From such a network hosts make addresses, which takes 64 bits for the host (RFC 4862 §5.5.3).
        let networks: Vec<Prefix> =
            place.prefixes().filter(|block| block.network.is_ipv6() && !is_link_local(block.network)).collect();
        let mut body = vec![0; 8];
        body.extend_from_slice(&[1, 1]);
        body.extend_from_slice(&place.mac.octets());
        body.extend_from_slice(&[5, 1, 0, 0]);
        body.extend_from_slice(&u32::from(place.mtu).to_be_bytes());
        for Prefix { network, len } in &networks {
            let IpAddr::V6(network) = network else { continue };
            // On the link, and for addresses if 64 bits are left for them.
            body.extend_from_slice(&[3, 4, *len, if *len == 64 { 0xc0 } else { 0x80 }]);
            body.extend_from_slice(&VALID_LIFETIME.to_be_bytes());
            body.extend_from_slice(&PREFERRED_LIFETIME.to_be_bytes());
            body.extend_from_slice(&[0; 4]);
            body.extend_from_slice(&network.octets());
        }
        let port = PortId(interface as u16);
        out.tell(EventKind::Arp, Some(port), out.next_frame(), Reason::None, || {
            let shown: Vec<String> = networks.iter().map(Prefix::to_string).collect();
            Detail::new(format!("tells everybody: I am a router, the network here is {}", shown.join(", ")))
                .with("operation", "router-advertisement")
        });
        let [high, low] = ROUTER_LIFETIME.to_be_bytes();
        let (source, group) = (IpAddr::V6(source), IpAddr::V6(ALL_NODES));
        let message = icmpv6_message(source, group, 134, 0, [64, 0, high, low], &body);
        self.send_icmpv6(interface, source, group, &message, out);
    }

    /// A router solicitation or advertisement arrived.
    pub(super) fn router_message(
        &mut self,
        now: Timestamp,
        message: &[u8],
        header: &IpHeader,
        arrival: Arrival,
        out: &mut Outbox,
    ) {
        if header.ttl != 255 || message[1] != 0 {
            return;
        }
        let interface = arrival.interface;
        match message[0] {
            133 if self.settings.advertises && !self.autoconf.answering[interface] => {
                self.autoconf.answering[interface] = true;
                let wait = self.rng.below(MAX_ANSWER_DELAY);
                out.wake_at(now.after_nanos(wait), TIMER_AUTOCONF | ALARM_ANSWER | interface as u64);
            }
            134 if self.settings.slaac && message.len() >= 16 && is_link_local(header.source) => {
                self.router_told(now, message, header, arrival, out);
            }
            _ => {}
        }
    }

    fn router_told(&mut self, now: Timestamp, message: &[u8], header: &IpHeader, arrival: Arrival, out: &mut Outbox) {
        let interface = arrival.interface;
        let IpAddr::V6(router) = header.source else { return };
        let any = Prefix::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), 0);
        let is_this = |route: &Route| {
            route.source == RouteSource::Advertised && route.via == Some(header.source) && route.interface == interface
        };
        let lifetime = u16_at(message, 6);
        let known = self.routes.routes().iter().any(&is_this);
        if lifetime == 0 {
            self.routes.remove(is_this);
            self.autoconf.told.retain(|told| told.what != Heard::Router(router));
        } else {
            if !known {
                let via = Some(header.source);
                self.routes.add(Route { prefix: any, via, interface, metric: 0, source: RouteSource::Advertised });
                out.tell(EventKind::State, Some(arrival.port()), arrival.frame, Reason::None, || {
                    Detail::new(format!("IPv6: the way out is by {router}")).with("gateway", header.source)
                });
            }
            self.remember(now, interface, Heard::Router(router), u32::from(lifetime), out);
        }
        let mut options = &message[16..];
        while let [kind, units, ..] = options {
            let len = usize::from(*units) * 8;
            if len == 0 || len > options.len() {
                break;
            }
            let option = &options[..len];
            options = &options[len..];
            match (kind, len) {
                (1, 8) => {
                    if let Some(mac) = MacAddr::from_slice(&option[2..]) {
                        self.learn_neighbour(now, header.source, mac, false, arrival, out);
                    }
                }
                (5, 8) => {
                    // Never below what every IPv6 link carries, nor above the link's own.
                    let mtu = u32_at(option, 4);
                    let own = u32::from(self.interfaces[interface].mtu);
                    if (1280..own).contains(&mtu) {
                        self.interfaces[interface].mtu = mtu as u16;
                    }
                }
                (3, 32) if option[2] == 64 && option[3] & 0x40 != 0 => {
                    let network = <[u8; 16]>::try_from(&option[16..32]).map(Ipv6Addr::from);
                    let valid = u32_at(option, 4);
                    if let Ok(network) = network
                        && !is_link_local(IpAddr::V6(network))
                        && !network.is_multicast()
                        && valid > 0
                    {
                        let address = with_mac(network, self.interfaces[interface].mac);
                        self.remember(now, interface, Heard::Address(address), valid, out);
                        self.try_address(now, interface, address, 64, out);
                    }
                }
                _ => {}
            }
        }
    }

    fn remember(&mut self, now: Timestamp, interface: usize, what: Heard, seconds: u32, out: &mut Outbox) {
        let until = now.after(Duration::from_secs(u64::from(seconds)));
        let told = &mut self.autoconf.told;
        match told.iter().position(|told| told.interface == interface && told.what == what) {
            Some(index) => told[index].until = until,
            None if told.len() < limits::MAX_OWN_ADDRESSES => told.push(Told { interface, what, until }),
            None => return,
        }
        out.wake_in_background(until, TIMER_AUTOCONF | ALARM_EXPIRE);
    }

    /// What nobody told again in time is no longer so.
    fn forget_told(&mut self, now: Timestamp, out: &mut Outbox) {
        let (gone, kept): (Vec<Told>, Vec<Told>) = self.autoconf.told.drain(..).partition(|told| told.until <= now);
        self.autoconf.told = kept;
        for Told { interface, what, .. } in gone {
            let text = match what {
                Heard::Address(address) => {
                    self.remove_address(interface, IpAddr::V6(address));
                    format!("IPv6: {address} is no longer valid")
                }
                Heard::Router(router) => {
                    let via = Some(IpAddr::V6(router));
                    self.routes.remove(|route| {
                        route.source == RouteSource::Advertised && route.via == via && route.interface == interface
                    });
                    format!("IPv6: {router} has not been heard of for too long")
                }
            };
            out.tell(EventKind::State, Some(PortId(interface as u16)), 0, Reason::None, || Detail::new(text));
        }
    }
}
