//! Routes: the longest matching prefix, and the decision told step by step (RFC 1122 §3.3.1, RFC 1812 §5.2.4.3).

use std::fmt::Write as _;
use std::net::IpAddr;

use crate::sim::mutation::{Mutation, made};

/// A block of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix {
    /// Its first address.
    pub network: IpAddr,
    /// How many leading bits name it.
    pub len: u8,
}

impl Prefix {
    /// The block that contains `address`, with that many leading bits.
    pub fn new(address: IpAddr, len: u8) -> Prefix {
        Prefix { network: mask(address, len), len }
    }

    /// True if the address is in the block.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.network.is_ipv4() == address.is_ipv4() && mask(address, self.len) == self.network
    }

    /// The all-ones address of an IPv4 block of four addresses or more; a /31 and a /32 have none (RFC 3021).
    pub fn broadcast(&self) -> Option<IpAddr> {
        match self.network {
            IpAddr::V4(network) if self.len < 31 => {
                Some(IpAddr::V4((u32::from(network) | u32::MAX.checked_shr(u32::from(self.len)).unwrap_or(0)).into()))
            }
            _ => None,
        }
    }
}

impl std::fmt::Display for Prefix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.network, self.len)
    }
}

/// The address with all but its first `len` bits cleared.
pub fn mask(address: IpAddr, len: u8) -> IpAddr {
    match address {
        IpAddr::V4(v4) => IpAddr::V4((u32::from(v4) & netmask(len)).into()),
        IpAddr::V6(v6) => {
            let bits = u128::MAX.checked_shl(128 - u32::from(len.min(128))).unwrap_or(0);
            IpAddr::V6((u128::from(v6) & bits).into())
        }
    }
}

/// The IPv4 mask of that length.
pub fn netmask(len: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(len.min(32))).unwrap_or(0)
}

/// Where a route came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RouteSource {
    /// The box has an address in the block.
    Connected,
    /// Somebody wrote it into the scenario.
    Static,
    /// A DHCP server told it.
    Dhcp,
    /// Another router told it.
    Rip,
    /// A router advertisement (IPv6) told it.
    Advertised,
}

impl RouteSource {
    /// The name.
    pub const fn name(self) -> &'static str {
        match self {
            RouteSource::Connected => "connected",
            RouteSource::Static => "static",
            RouteSource::Dhcp => "dhcp",
            RouteSource::Rip => "rip",
            RouteSource::Advertised => "router advertisement",
        }
    }
}

/// One route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// Which addresses it is for.
    pub prefix: Prefix,
    /// The gateway; `None` if the block is on the link itself.
    pub via: Option<IpAddr>,
    /// The interface it leaves by.
    pub interface: usize,
    /// The lower is the better among equal prefixes.
    pub metric: u32,
    /// Where it came from.
    pub source: RouteSource,
}

/// The routes of a box, longest prefix first.
#[derive(Clone, Debug, Default)]
pub struct RouteTable {
    routes: Vec<Route>,
}

impl RouteTable {
    /// Adds a route.
    pub fn add(&mut self, route: Route) {
        if self.routes.contains(&route) || self.routes.len() >= crate::base::limits::MAX_ROUTES {
            return;
        }
        let after = |other: &Route| {
            (std::cmp::Reverse(other.prefix.len), other.metric) <= (std::cmp::Reverse(route.prefix.len), route.metric)
        };
        let at = self.routes.iter().position(|other| !after(other)).unwrap_or(self.routes.len());
        self.routes.insert(at, route);
    }

    /// Removes the routes that `which` accepts; true if there were any.
    pub fn remove(&mut self, which: impl Fn(&Route) -> bool) -> bool {
        let before = self.routes.len();
        self.routes.retain(|route| !which(route));
        before != self.routes.len()
    }

    /// All routes, longest prefix first.
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// The best route to an address: the longest prefix, then the lowest metric; among equals the `flow` number chooses,
    /// so that the packets of one flow take one way (equal-cost multipath).
    pub fn look_up(&self, destination: IpAddr, flow: u64) -> Option<&Route> {
        let first = match made(Mutation::ShortestPrefix) {
            true => self.routes.iter().rposition(|route| route.prefix.contains(destination))?,
            false => self.routes.iter().position(|route| route.prefix.contains(destination))?,
        };
        let best = &self.routes[first];
        let equals = self.routes[first..]
            .iter()
            .take_while(|route| (route.prefix, route.metric) == (best.prefix, best.metric))
            .count();
        self.routes.get(first + (flow % equals as u64) as usize)
    }
}

/// A flow's number for the choice among equal routes: the same for all packets of the flow.
pub fn flow_number(source: IpAddr, destination: IpAddr, protocol: u8, ports: (u16, u16)) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    let mut take = |octets: &[u8]| {
        for octet in octets {
            hash = (hash ^ u64::from(*octet)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    for address in [source, destination] {
        match address {
            IpAddr::V4(v4) => take(&v4.octets()),
            IpAddr::V6(v6) => take(&v6.octets()),
        }
    }
    take(&[protocol]);
    take(&ports.0.to_be_bytes());
    take(&ports.1.to_be_bytes());
    hash ^ hash >> 32
}

/// Address and mask in binary, AND-ed: the tutorial's subnet paragraph.
pub fn explain_and(name: &str, address: IpAddr, len: u8) -> Vec<String> {
    let IpAddr::V4(v4) = address else {
        return vec![format!("{name} {address}: its first {len} bits are {}", Prefix::new(address, len))];
    };
    let row = |what: &str, number: u32| {
        let octets = number.to_be_bytes();
        let dotted = std::net::Ipv4Addr::from(number).to_string();
        let [a, b, c, d] = octets;
        format!("{what:<9}{dotted:<16}{a:08b}.{b:08b}.{c:08b}.{d:08b}")
    };
    vec![row(name, v4.into()), row("AND mask", netmask(len)), row("=", u32::from(v4) & netmask(len))]
}

/// The candidates that a router looked through, with the one it chose.
pub fn explain_candidates(table: &RouteTable, destination: IpAddr, chosen: &Route) -> Vec<String> {
    let candidates = table.routes().iter().filter(|route| route.prefix.network.is_ipv4() == destination.is_ipv4());
    candidates
        .map(|route| {
            let mut line = format!("{:<19}", route.prefix.to_string());
            let _ = match route.via {
                Some(via) => write!(line, " via {via}"),
                None => write!(line, " on the link"),
            };
            line.push_str(match () {
                () if route == chosen => "  <- longest match",
                () if route.prefix.contains(destination) => "  matches, but is shorter or costs more",
                () => "  does not match",
            });
            line
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    fn route(network: &str, len: u8, via: Option<&str>, metric: u32) -> Route {
        Route {
            prefix: Prefix::new(ip(network), len),
            via: via.map(ip),
            interface: 0,
            metric,
            source: RouteSource::Static,
        }
    }

    #[test]
    fn s35_the_longest_prefix_wins_and_then_the_lowest_metric() {
        let mut table = RouteTable::default();
        table.add(route("0.0.0.0", 0, Some("192.0.2.1"), 0));
        table.add(route("198.51.100.0", 24, Some("192.0.2.2"), 10));
        table.add(route("198.51.100.0", 24, Some("192.0.2.3"), 5));
        table.add(route("198.51.100.128", 25, Some("192.0.2.4"), 99));
        let via = |to: &str| table.look_up(ip(to), 0).and_then(|route| route.via).map(|via| via.to_string());
        assert_eq!(via("198.51.100.200").as_deref(), Some("192.0.2.4"));
        assert_eq!(via("198.51.100.1").as_deref(), Some("192.0.2.3"));
        assert_eq!(via("203.0.113.9").as_deref(), Some("192.0.2.1"));
        assert_eq!(via("2001:db8::1"), None);
    }

    #[test]
    fn s36_equal_routes_share_the_flows_and_one_flow_takes_one_way() {
        let mut table = RouteTable::default();
        table.add(route("0.0.0.0", 0, Some("192.0.2.1"), 0));
        table.add(route("0.0.0.0", 0, Some("192.0.2.2"), 0));
        let mut taken = [0; 2];
        for port in 0..200 {
            let flow = flow_number(ip("192.0.2.9"), ip("203.0.113.9"), 17, (port, 53));
            let chosen = table.look_up(ip("203.0.113.9"), flow).expect("a route");
            assert_eq!(table.look_up(ip("203.0.113.9"), flow), Some(chosen));
            taken[usize::from(chosen.via == Some(ip("192.0.2.2")))] += 1;
        }
        assert!(taken.iter().all(|count| *count > 50), "{taken:?}");
    }

    #[test]
    fn s35_a_31_has_no_broadcast_and_a_32_only_itself() {
        assert_eq!(Prefix::new(ip("192.0.2.77"), 24).broadcast(), Some(ip("192.0.2.255")));
        assert_eq!(Prefix::new(ip("192.0.2.77"), 0).broadcast(), Some(ip("255.255.255.255")));
        assert_eq!(Prefix::new(ip("192.0.2.77"), 31).broadcast(), None);
        assert!(!Prefix::new(ip("192.0.2.77"), 32).contains(ip("192.0.2.76")));
    }

    #[test]
    fn s35_the_and_is_shown_in_binary() {
        let lines = explain_and("I am", ip("192.0.2.10"), 26);
        assert_eq!(lines[1], "AND mask 255.255.255.192 11111111.11111111.11111111.11000000");
        assert!(lines[2].ends_with("11000000.00000000.00000010.00000000"), "{}", lines[2]);
    }
}
