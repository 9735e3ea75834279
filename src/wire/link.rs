//! Link types: what the octets of a capture begin with.

/// A link type by its number in pcap and pcapng files (tcpdump.org, "Link-layer header types").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkType(pub u16);

impl LinkType {
    /// BSD loopback: a 4-octet address family in the byte order of the host.
    pub const NULL: LinkType = LinkType(0);
    /// Ethernet (IEEE 802.3), from the destination address on.
    pub const ETHERNET: LinkType = LinkType(1);
    /// PPP, with or without address and control.
    pub const PPP: LinkType = LinkType(9);
    /// PPP in HDLC-like framing, or Cisco HDLC.
    pub const PPP_HDLC: LinkType = LinkType(50);
    /// PPPoE session packets from the PPPoE header on.
    pub const PPPOE: LinkType = LinkType(51);
    /// IPv4 or IPv6, told apart by the version field.
    pub const RAW: LinkType = LinkType(101);
    /// Cisco HDLC.
    pub const CISCO_HDLC: LinkType = LinkType(104);
    /// OpenBSD loopback: as NULL, but in network byte order.
    pub const LOOP: LinkType = LinkType(108);
    /// Linux "cooked" capture, first version.
    pub const LINUX_SLL: LinkType = LinkType(113);
    /// MPLS, from the first label on.
    pub const MPLS: LinkType = LinkType(219);
    /// IPv4 alone.
    pub const IPV4: LinkType = LinkType(228);
    /// IPv6 alone.
    pub const IPV6: LinkType = LinkType(229);
    /// Linux "cooked" capture, second version, which names the interface.
    pub const LINUX_SLL2: LinkType = LinkType(276);

    /// The name printed and put into JSON, such as `ethernet`; `None` for types that netlab does not know by name.
    pub const fn known_name(self) -> Option<&'static str> {
        Some(match self.0 {
            0 => "null",
            1 => "ethernet",
            7 => "arcnet",
            9 => "ppp",
            12 | 14 | 101 => "raw-ip",
            50 => "ppp-hdlc",
            51 => "pppoe",
            104 => "cisco-hdlc",
            105 => "ieee802.11",
            107 => "frame-relay",
            108 => "loop",
            113 => "linux-sll",
            119 => "prism",
            127 => "ieee802.11-radiotap",
            129 => "arcnet-linux",
            140 => "mtp2",
            141 => "mtp3",
            147..=162 => "user-defined",
            163 => "ieee802.11-avs",
            165 => "bacnet-mstp",
            187 => "bluetooth-hci-h4",
            189 => "usb-linux",
            192 => "ppi",
            195 => "ieee802.15.4",
            201 => "bluetooth-hci-h4-phdr",
            220 => "usb-linux-mmapped",
            228 => "ipv4",
            229 => "ipv6",
            239 => "nflog",
            249 => "usbpcap",
            253 => "netlink",
            276 => "linux-sll2",
            _ => return None,
        })
    }

    /// The name, or `unknown`.
    pub const fn name(self) -> &'static str {
        match self.known_name() {
            Some(name) => name,
            None => "unknown",
        }
    }
}
