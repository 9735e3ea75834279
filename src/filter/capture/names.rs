//! Names of services, protocols, types and flags.
//!
//! The tables are facts of the IANA registries (service names and port numbers, protocol numbers, ICMP and ICMPv6
//! types). As with tcpdump, the services and protocols of the user's own system win where they are known.

use std::fs;

/// Which transports a service name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ServiceTransport {
    Tcp,
    Udp,
    /// TCP, UDP and whatever else has ports.
    Any,
}

/// Names of services and protocols.
#[derive(Clone, Debug, Default)]
pub struct Names {
    services: Vec<(Box<str>, u16, Transports)>,
    protocols: Vec<(Box<str>, u8)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transports {
    Tcp,
    Udp,
}

impl Names {
    /// The names that netlab itself knows.
    pub fn builtin() -> Names {
        Names::default()
    }

    /// The names in this system's `/etc/services` and `/etc/protocols` (what is missing there, netlab itself knows).
    pub fn system() -> Names {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        Names::from_text(&read("/etc/services"), &read("/etc/protocols"))
    }

    /// The names in the text of files like `/etc/services` and `/etc/protocols`.
    pub fn from_text(services: &str, protocols: &str) -> Names {
        let mut names = Names::default();
        for (number, all) in lines(services) {
            let Some((port, transport)) = number.split_once('/') else { continue };
            let transport = match transport {
                "tcp" => Transports::Tcp,
                "udp" => Transports::Udp,
                _ => continue,
            };
            if let Ok(port) = port.parse() {
                names.services.extend(all.map(|name| (name.into(), port, transport)));
            }
        }
        for (number, all) in lines(protocols) {
            if let Ok(number) = number.parse() {
                names.protocols.extend(all.map(|name| (name.into(), number)));
            }
        }
        names
    }

    /// Port and transports of a service.
    pub(super) fn service(&self, name: &str) -> Option<(u16, ServiceTransport)> {
        let own = |transport| {
            let mut found = self.services.iter().filter(|(known, _, of)| &**known == name && *of == transport);
            found.next().map(|(_, port, _)| *port)
        };
        match (own(Transports::Tcp), own(Transports::Udp)) {
            (Some(tcp), Some(udp)) if tcp == udp => return Some((tcp, ServiceTransport::Any)),
            (Some(tcp), _) => return Some((tcp, ServiceTransport::Tcp)),
            (None, Some(udp)) => return Some((udp, ServiceTransport::Udp)),
            (None, None) => {}
        }
        SERVICES.iter().find(|(known, ..)| *known == name).map(|(_, port, transport)| (*port, *transport))
    }

    /// Number of an IP protocol.
    pub(super) fn protocol(&self, name: &str) -> Option<u8> {
        let own = self.protocols.iter().find(|(known, _)| &**known == name).map(|(_, number)| *number);
        let same = |known: &str| known.eq_ignore_ascii_case(name);
        own.or_else(|| IP_PROTOCOLS.iter().find(|(known, _)| same(known)).map(|(_, number)| *number))
    }

    /// All service names, for suggestions.
    pub(super) fn services(&self) -> impl Iterator<Item = &str> {
        self.services.iter().map(|(name, ..)| &**name).chain(SERVICES.iter().map(|(name, ..)| *name))
    }
}

/// The lines `name number alias… # comment` of a file: the number, and the name with its aliases.
fn lines(text: &str) -> impl Iterator<Item = (&str, impl Iterator<Item = &str>)> {
    text.lines().filter_map(|line| {
        let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
        let name = words.next()?;
        let number = words.next()?;
        Some((number, std::iter::once(name).chain(words)))
    })
}

/// The name of a service at a port, for explanations.
pub(super) fn service_at(port: u16) -> Option<&'static str> {
    SERVICES.iter().find(|(_, number, _)| *number == port).map(|(name, ..)| *name)
}

/// The value of a named offset, type or flag.
pub(super) fn constant(name: &str) -> Option<u32> {
    CONSTANTS.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
}

/// The names of offsets, types and flags, for suggestions.
pub(super) fn constants() -> impl Iterator<Item = &'static str> {
    CONSTANTS.iter().map(|(name, _)| *name)
}

/// Number of a protocol after `ether proto`: an EtherType, or the service access point of an LLC header.
pub(super) fn link_protocol(name: &str) -> Option<u16> {
    LINK_PROTOCOLS.iter().find(|(known, _)| *known == name).map(|(_, number)| *number)
}

/// Number of a protocol after `iso proto`.
pub(super) fn iso_protocol(name: &str) -> Option<u16> {
    match name {
        "clnp" => Some(0x81),
        "esis" => Some(0x82),
        "isis" => Some(0x83),
        _ => None,
    }
}

const LINK_PROTOCOLS: &[(&str, u16)] = &[
    ("ip", 0x0800),
    ("ip6", 0x86dd),
    ("arp", 0x0806),
    ("rarp", 0x8035),
    ("aarp", 0x80f3),
    ("atalk", 0x809b),
    ("decnet", 0x6003),
    ("lat", 0x6004),
    ("loopback", 0x9000),
    ("mopdl", 0x6001),
    ("moprc", 0x6002),
    ("sca", 0x6007),
    ("iso", 0xfe),
    ("stp", 0x42),
    ("ipx", 0xe0),
    ("netbeui", 0xf0),
];

const CONSTANTS: &[(&str, u32)] = &[
    ("icmptype", 0),
    ("icmpcode", 1),
    ("icmp-echoreply", 0),
    ("icmp-unreach", 3),
    ("icmp-sourcequench", 4),
    ("icmp-redirect", 5),
    ("icmp-echo", 8),
    ("icmp-routeradvert", 9),
    ("icmp-routersolicit", 10),
    ("icmp-timxceed", 11),
    ("icmp-paramprob", 12),
    ("icmp-tstamp", 13),
    ("icmp-tstampreply", 14),
    ("icmp-ireq", 15),
    ("icmp-ireqreply", 16),
    ("icmp-maskreq", 17),
    ("icmp-maskreply", 18),
    ("icmp6type", 0),
    ("icmp6code", 1),
    ("icmp6-destinationunreach", 1),
    // libpcap's spelling for years; it stays in old scripts.
    ("icmp6-destinationrunreach", 1),
    ("icmp6-packettoobig", 2),
    ("icmp6-timeexceeded", 3),
    ("icmp6-parameterproblem", 4),
    ("icmp6-echo", 128),
    ("icmp6-echoreply", 129),
    ("icmp6-multicastlistenerquery", 130),
    ("icmp6-multicastlistenerreportv1", 131),
    ("icmp6-multicastlistenerdone", 132),
    ("icmp6-routersolicit", 133),
    ("icmp6-routeradvert", 134),
    ("icmp6-neighborsolicit", 135),
    ("icmp6-neighboradvert", 136),
    ("icmp6-redirect", 137),
    ("icmp6-routerrenum", 138),
    ("icmp6-nodeinformationquery", 139),
    ("icmp6-nodeinformationresponse", 140),
    ("icmp6-ineighbordiscoverysolicit", 141),
    ("icmp6-ineighbordiscoveryadvert", 142),
    ("icmp6-multicastlistenerreportv2", 143),
    ("icmp6-homeagentdiscoveryrequest", 144),
    ("icmp6-homeagentdiscoveryreply", 145),
    ("icmp6-mobileprefixsolicit", 146),
    ("icmp6-mobileprefixadvert", 147),
    ("icmp6-certpathsolicit", 148),
    ("icmp6-certpathadvert", 149),
    ("icmp6-multicastrouteradvert", 151),
    ("icmp6-multicastroutersolicit", 152),
    ("icmp6-multicastroutertermination", 153),
    ("tcpflags", 13),
    ("tcp-fin", 0x01),
    ("tcp-syn", 0x02),
    ("tcp-rst", 0x04),
    ("tcp-push", 0x08),
    ("tcp-ack", 0x10),
    ("tcp-urg", 0x20),
    ("tcp-ece", 0x40),
    ("tcp-cwr", 0x80),
];

const IP_PROTOCOLS: &[(&str, u8)] = &[
    ("ip", 0),
    ("icmp", 1),
    ("igmp", 2),
    ("ggp", 3),
    ("ipencap", 4),
    ("st", 5),
    ("tcp", 6),
    ("egp", 8),
    ("igp", 9),
    ("pup", 12),
    ("udp", 17),
    ("hmp", 20),
    ("xns-idp", 22),
    ("rdp", 27),
    ("iso-tp4", 29),
    ("dccp", 33),
    ("xtp", 36),
    ("ddp", 37),
    ("idpr-cmtp", 38),
    ("ipv6", 41),
    ("ipv6-route", 43),
    ("ipv6-frag", 44),
    ("idrp", 45),
    ("rsvp", 46),
    ("gre", 47),
    ("esp", 50),
    ("ah", 51),
    ("skip", 57),
    ("ipv6-icmp", 58),
    ("icmp6", 58),
    ("ipv6-nonxt", 59),
    ("ipv6-opts", 60),
    ("rspf", 73),
    ("vmtp", 81),
    ("eigrp", 88),
    ("ospf", 89),
    ("ax.25", 93),
    ("ipip", 94),
    ("etherip", 97),
    ("encap", 98),
    ("pim", 103),
    ("ipcomp", 108),
    ("vrrp", 112),
    ("l2tp", 115),
    ("isis", 124),
    ("sctp", 132),
    ("fc", 133),
    ("mobility-header", 135),
    ("udplite", 136),
    ("mpls-in-ip", 137),
    ("manet", 138),
    ("hip", 139),
    ("shim6", 140),
    ("wesp", 141),
    ("rohc", 142),
    ("ethernet", 143),
];

use ServiceTransport::{Any, Tcp, Udp};

/// Service names and ports registered with IANA that people filter for.
const SERVICES: &[(&str, u16, ServiceTransport)] = &[
    ("tcpmux", 1, Tcp),
    ("echo", 7, Any),
    ("discard", 9, Any),
    ("systat", 11, Tcp),
    ("daytime", 13, Any),
    ("qotd", 17, Tcp),
    ("chargen", 19, Any),
    ("ftp-data", 20, Tcp),
    ("ftp", 21, Tcp),
    ("ssh", 22, Tcp),
    ("telnet", 23, Tcp),
    ("smtp", 25, Tcp),
    ("time", 37, Any),
    ("whois", 43, Tcp),
    ("nicname", 43, Tcp),
    ("tacacs", 49, Any),
    ("domain", 53, Any),
    ("bootps", 67, Udp),
    ("bootpc", 68, Udp),
    ("tftp", 69, Udp),
    ("gopher", 70, Tcp),
    ("finger", 79, Tcp),
    ("http", 80, Tcp),
    ("www", 80, Tcp),
    ("kerberos", 88, Any),
    ("iso-tsap", 102, Tcp),
    ("pop3", 110, Tcp),
    ("sunrpc", 111, Any),
    ("auth", 113, Tcp),
    ("ident", 113, Tcp),
    ("nntp", 119, Tcp),
    ("ntp", 123, Udp),
    ("epmap", 135, Any),
    ("netbios-ns", 137, Udp),
    ("netbios-dgm", 138, Udp),
    ("netbios-ssn", 139, Tcp),
    ("imap", 143, Tcp),
    ("imap2", 143, Tcp),
    ("snmp", 161, Any),
    ("snmptrap", 162, Any),
    ("snmp-trap", 162, Any),
    ("xdmcp", 177, Udp),
    ("bgp", 179, Tcp),
    ("irc", 194, Any),
    ("ipx", 213, Udp),
    ("ptp-event", 319, Udp),
    ("ptp-general", 320, Udp),
    ("ldap", 389, Any),
    ("svrloc", 427, Any),
    ("https", 443, Any),
    ("snpp", 444, Tcp),
    ("microsoft-ds", 445, Any),
    ("kpasswd", 464, Any),
    ("submissions", 465, Tcp),
    ("isakmp", 500, Udp),
    ("exec", 512, Tcp),
    ("biff", 512, Udp),
    ("login", 513, Tcp),
    ("who", 513, Udp),
    ("shell", 514, Tcp),
    ("syslog", 514, Udp),
    ("printer", 515, Tcp),
    ("talk", 517, Udp),
    ("ntalk", 518, Udp),
    ("route", 520, Udp),
    ("ripng", 521, Udp),
    ("dhcpv6-client", 546, Udp),
    ("dhcpv6-server", 547, Udp),
    ("rtsp", 554, Any),
    ("nntps", 563, Tcp),
    ("submission", 587, Tcp),
    ("ipp", 631, Any),
    ("ldaps", 636, Any),
    ("ldp", 646, Any),
    ("tinc", 655, Any),
    ("domain-s", 853, Any),
    ("rsync", 873, Tcp),
    ("ftps-data", 989, Tcp),
    ("ftps", 990, Tcp),
    ("telnets", 992, Tcp),
    ("imaps", 993, Tcp),
    ("pop3s", 995, Tcp),
    ("socks", 1080, Tcp),
    ("openvpn", 1194, Any),
    ("ms-sql-s", 1433, Tcp),
    ("ms-sql-m", 1434, Udp),
    ("l2f", 1701, Udp),
    ("pptp", 1723, Tcp),
    ("radius", 1812, Any),
    ("radius-acct", 1813, Any),
    ("mqtt", 1883, Tcp),
    ("ssdp", 1900, Udp),
    ("hsrp", 1985, Udp),
    ("nfs", 2049, Any),
    ("gtp-control", 2123, Udp),
    ("gtp-user", 2152, Udp),
    ("iscsi-target", 3260, Tcp),
    ("mysql", 3306, Tcp),
    ("ms-wbt-server", 3389, Any),
    ("stun", 3478, Any),
    ("diameter", 3868, Tcp),
    ("svn", 3690, Tcp),
    ("epmd", 4369, Tcp),
    ("ipsec-nat-t", 4500, Udp),
    ("vxlan", 4789, Udp),
    ("sip", 5060, Any),
    ("sips", 5061, Any),
    ("xmpp-client", 5222, Tcp),
    ("xmpp-server", 5269, Tcp),
    ("mdns", 5353, Udp),
    ("llmnr", 5355, Any),
    ("postgresql", 5432, Tcp),
    ("amqps", 5671, Tcp),
    ("amqp", 5672, Tcp),
    ("coap", 5683, Udp),
    ("coaps", 5684, Udp),
    ("rfb", 5900, Tcp),
    ("x11", 6000, Tcp),
    ("geneve", 6081, Udp),
    ("redis", 6379, Tcp),
    ("sflow", 6343, Udp),
    ("ircs-u", 6697, Tcp),
    ("http-alt", 8080, Any),
    ("secure-mqtt", 8883, Tcp),
    ("git", 9418, Tcp),
    ("zabbix-agent", 10050, Tcp),
    ("zabbix-trapper", 10051, Tcp),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_users_own_services_win() {
        let names = Names::from_text(
            "http 80/tcp www # WorldWideWeb\nodd 7777/udp\nhttp-alt 8888/tcp\nhttp-alt 8888/udp\nbroken\n",
            "tcp 6 TCP # transmission\nmine 200 MINE\n",
        );
        assert_eq!(names.service("www"), Some((80, ServiceTransport::Tcp)));
        assert_eq!(names.service("odd"), Some((7777, ServiceTransport::Udp)));
        assert_eq!(names.service("http-alt"), Some((8888, ServiceTransport::Any)));
        assert_eq!(names.service("mdns"), Some((5353, ServiceTransport::Udp)));
        assert_eq!(names.service("no-such"), None);
        assert_eq!(names.protocol("MINE"), Some(200));
        assert_eq!(names.protocol("ospf"), Some(89));
    }
}
