//! The address space around the special-purpose blocks. IANA keeps it in registries of their own; these are the parts
//! that mean something to a reader of packets.

use super::{Row, space};
use crate::subnet::Block;

/// What no other IPv4 row says more about.
pub(super) const REST_OF_IPV4: Row = space(
    Block::v4([0, 0, 0, 0], 0),
    "global-unicast",
    "Global unicast",
    "RFC 791 section 2.3",
    "public: assigned by the registries and routed on the internet",
);

/// What no other IPv6 row says more about.
pub(super) const REST_OF_IPV6: Row = space(
    Block::v6([0, 0, 0, 0, 0, 0, 0, 0], 0),
    "unassigned",
    "Reserved by the IETF",
    "RFC 4291 section 4",
    "not assigned to anybody",
);

/// IPv4, the parts before the whole.
pub(super) const IPV4: &[Row] = &[
    space(
        Block::v4([224, 0, 0, 0], 24),
        "multicast",
        "Local Network Control Block",
        "RFC 5771 section 4",
        "a group on one link, such as all hosts (.1), all routers (.2), OSPF (.5), mDNS (.251); no router forwards it",
    ),
    space(
        Block::v4([224, 0, 1, 0], 24),
        "multicast",
        "Internetwork Control Block",
        "RFC 5771 section 5",
        "a group for control traffic that routers forward, such as NTP (.1)",
    ),
    space(
        Block::v4([232, 0, 0, 0], 8),
        "multicast",
        "Source-Specific Multicast Block",
        "RFC 4607 section 1",
        "a group that receivers join together with one source",
    ),
    space(
        Block::v4([233, 252, 0, 0], 24),
        "documentation",
        "MCAST-TEST-NET",
        "RFC 6676 section 2",
        "groups for examples in books and texts; not used on networks",
    ),
    space(
        Block::v4([233, 0, 0, 0], 8),
        "multicast",
        "GLOP Block",
        "RFC 3180 section 2",
        "groups that belong to an autonomous system, whose number is in the middle octets",
    ),
    space(
        Block::v4([239, 0, 0, 0], 8),
        "multicast",
        "Administratively Scoped Block",
        "RFC 2365 section 6",
        "groups for use inside a site, the private addresses of multicast",
    ),
    space(
        Block::v4([224, 0, 0, 0], 4),
        "multicast",
        "Multicast",
        "RFC 5771 section 3",
        "a group of hosts, not a host (class D)",
    ),
    REST_OF_IPV4,
];

/// IPv6, the parts before the whole.
pub(super) const IPV6: &[Row] = &[
    space(
        Block::v6([0, 0, 0, 0, 0, 0, 0, 0], 96),
        "ipv4-compatible",
        "IPv4-compatible Address (deprecated)",
        "RFC 4291 section 2.5.5.1",
        "an IPv4 address behind zeros, once for tunnels; no longer in use",
    ),
    space(
        Block::v6([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10),
        "site-local",
        "Site-Local Unicast (deprecated)",
        "RFC 3879 section 4",
        "once the private addresses of IPv6; use unique local addresses",
    ),
    space(
        Block::v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8),
        "multicast",
        "Multicast",
        "RFC 4291 section 2.7",
        "a group of interfaces, not an interface",
    ),
    space(
        Block::v6([0x2000, 0, 0, 0, 0, 0, 0, 0], 3),
        "global-unicast",
        "Global Unicast",
        "RFC 4291 section 2.4",
        "public: assigned by the registries and routed on the internet",
    ),
    REST_OF_IPV6,
];
