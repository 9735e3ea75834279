//! What numbers in headers stand for. Facts of the IANA and IEEE registries, in netlab's words.

macro_rules! names {
    ($($(#[$doc:meta])* $function:ident { $($number:pat => $name:literal,)* })*) => {
        $($(#[$doc])* pub(super) fn $function(number: u64) -> &'static str {
            match number {
                $($number => $name,)*
                _ => "",
            }
        })*
    };
}

names! {
    hardware_type { 1 => "Ethernet", 6 => "IEEE 802", 7 => "ARCNET", 15 => "frame relay", 24 => "IEEE 1394",
        32 => "InfiniBand", 512 => "PPP", 768 => "IP tunnel", 772 => "loopback", 776 => "IPv6-in-IPv4",
        778 => "GRE", 801..=803 => "IEEE 802.11", 824 => "netlink", 65534 => "no link header", }
    sll_packet_type { 0 => "to us", 1 => "broadcast", 2 => "multicast", 3 => "to another host", 4 => "sent by us", }
    stp_version { 0 => "spanning tree", 2 => "rapid spanning tree", 3 => "multiple spanning trees",
        4 => "shortest path bridging", }
    stp_type { 0 => "configuration", 0x80 => "topology change", 2 => "rapid configuration", }
    stp_role { 0 => "unknown", 1 => "alternate or backup", 2 => "root", 3 => "designated", }
    arp_operation { 1 => "request", 2 => "reply", 3 => "reverse request", 4 => "reverse reply", 8 => "inverse request",
        9 => "inverse reply", 10 => "NAK", }
    dscp { 0 => "default", 8 => "CS1", 16 => "CS2", 24 => "CS3", 32 => "CS4", 40 => "CS5", 48 => "CS6", 56 => "CS7",
        10 => "AF11", 12 => "AF12", 14 => "AF13", 18 => "AF21", 20 => "AF22", 22 => "AF23", 26 => "AF31",
        28 => "AF32", 30 => "AF33", 34 => "AF41", 36 => "AF42", 38 => "AF43", 44 => "voice admit",
        46 => "expedited forwarding", 1 => "lower effort", }
    ecn { 0 => "not capable", 1 => "capable, ECT(1)", 2 => "capable, ECT(0)", 3 => "congestion experienced", }
    ipv4_option { 0 => "end of list", 1 => "no operation", 7 => "record route", 68 => "timestamp",
        130 => "security", 131 => "loose source route", 134 => "CIPSO", 136 => "stream id",
        137 => "strict source route", 148 => "router alert", }
    ipv6_option { 0 => "one octet of padding", 1 => "padding", 5 => "router alert", 0x07 => "CALIPSO",
        0x22 | 0x23 | 0x63 => "RPL", 0x26 => "quick start", 0x30 => "path MTU", 0x31 => "in-situ OAM",
        0x04 => "tunnel encapsulation limit", 0xc2 => "jumbo payload", 0xc9 => "home address", }
    routing_type { 0 => "source route, deprecated by RFC 5095", 2 => "mobility", 3 => "RPL source route",
        4 => "segment routing", }
    icmpv4_type { 0 => "echo reply", 3 => "destination unreachable", 4 => "source quench", 5 => "redirect",
        8 => "echo request", 9 => "router advertisement", 10 => "router solicitation", 11 => "time exceeded",
        12 => "parameter problem", 13 => "timestamp request", 14 => "timestamp reply", 15 => "information request",
        16 => "information reply", 17 => "address mask request", 18 => "address mask reply",
        42 => "extended echo request", 43 => "extended echo reply", }
    icmpv6_type { 1 => "destination unreachable", 2 => "packet too big", 3 => "time exceeded", 4 => "parameter problem",
        128 => "echo request", 129 => "echo reply", 130 => "multicast listener query", 131 => "multicast listener report",
        132 => "multicast listener done", 133 => "router solicitation", 134 => "router advertisement",
        135 => "neighbor solicitation", 136 => "neighbor advertisement", 137 => "redirect",
        143 => "multicast listener report v2", 151 => "multicast router advertisement",
        155 => "RPL control", 160 => "extended echo request", 161 => "extended echo reply", }
    ndp_option { 1 => "source link-layer address", 2 => "target link-layer address", 3 => "prefix",
        4 => "redirected packet", 5 => "MTU", 14 => "nonce", 24 => "route", 25 => "recursive DNS servers",
        31 => "DNS search list", 37 => "captive portal", 38 => "PREF64", }
    igmp_type { 0x11 => "membership query", 0x12 => "membership report v1", 0x13 => "DVMRP", 0x14 => "PIM v1",
        0x16 => "membership report v2", 0x17 => "leave group", 0x1e => "multicast traceroute reply",
        0x1f => "multicast traceroute", 0x22 => "membership report v3", }
    igmp_record { 1 => "is including", 2 => "is excluding", 3 => "changes to including", 4 => "changes to excluding",
        5 => "allows new sources", 6 => "blocks old sources", }
    tcp_option { 0 => "end of list", 1 => "no operation", 2 => "maximum segment size", 3 => "window scale",
        4 => "SACK permitted", 5 => "SACK", 8 => "timestamps", 19 => "MD5 signature", 27 => "quick start",
        28 => "user time-out", 29 => "authentication (TCP-AO)", 30 => "multipath TCP", 34 => "Fast Open",
        172 | 174 => "accurate ECN", 253 | 254 => "experiment", }
    pppoe_code { 0 => "session", 0x09 => "PADI, discovery initiation", 0x07 => "PADO, offer", 0x19 => "PADR, request",
        0x65 => "PADS, session confirmation", 0xa7 => "PADT, termination", }
    mpls_label { 0 => "IPv4 explicit null", 1 => "router alert", 2 => "IPv6 explicit null", 3 => "implicit null",
        7 => "entropy label indicator", 13 => "generic associated channel", 14 => "OAM alert", }
    snap_organization { 0 => "EtherType", 0x00_00f8 => "EtherType over 802.5", 0x00_000c => "Cisco",
        0x00_80c2 => "IEEE 802.1", 0x08_0007 => "Apple", }
}

/// What a code of ICMP for IPv4 stands for; it depends on the type.
pub(super) fn icmpv4_code(icmp_type: u8, code: u8) -> &'static str {
    match (icmp_type, code) {
        (3, 0) => "network unreachable",
        (3, 1) => "host unreachable",
        (3, 2) => "protocol unreachable",
        (3, 3) => "port unreachable",
        (3, 4) => "fragmentation needed and DF set",
        (3, 5) => "source route failed",
        (3, 6) => "destination network unknown",
        (3, 7) => "destination host unknown",
        (3, 9) => "network administratively prohibited",
        (3, 10) => "host administratively prohibited",
        (3, 11) => "network unreachable for this type of service",
        (3, 12) => "host unreachable for this type of service",
        (3, 13) => "communication administratively prohibited",
        (5, 0) => "for the network",
        (5, 1) => "for the host",
        (11, 0) => "TTL reached 0 on the way",
        (11, 1) => "fragments did not arrive in time",
        (12, 0) => "the pointer tells where",
        (12, 1) => "an option is missing",
        (12, 2) => "bad length",
        _ => "",
    }
}

/// What a code of ICMPv6 stands for; it depends on the type.
pub(super) fn icmpv6_code(icmp_type: u8, code: u8) -> &'static str {
    match (icmp_type, code) {
        (1, 0) => "no route to the destination",
        (1, 1) => "administratively prohibited",
        (1, 2) => "beyond the scope of the source address",
        (1, 3) => "address unreachable",
        (1, 4) => "port unreachable",
        (1, 5) => "source address failed policy",
        (1, 6) => "route rejected",
        (3, 0) => "hop limit reached 0 on the way",
        (3, 1) => "fragments did not arrive in time",
        (4, 0) => "erroneous header field",
        (4, 1) => "unknown next header",
        (4, 2) => "unknown IPv6 option",
        _ => "",
    }
}

/// The kind of an LLC control field (IEEE 802.2 §5.2).
pub(super) fn llc_control(control: u16) -> &'static str {
    match control & 3 {
        3 => match control & !0x10 & 0xff {
            0x03 => "unnumbered information",
            0x0f => "disconnected mode",
            0x43 => "disconnect",
            0x63 => "unnumbered acknowledgment",
            0x6f => "set asynchronous balanced mode",
            0x87 => "frame reject",
            0xaf => "exchange identification",
            0xe3 => "test",
            _ => "unnumbered",
        },
        1 => "supervisory",
        _ => "information",
    }
}
