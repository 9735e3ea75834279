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
    /// ATM in LLC (RFC 1483, now RFC 2684).
    pub const ATM_RFC1483: LinkType = LinkType(100);
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
            3 => "ax25",
            6 => "token-ring",
            7 => "arcnet",
            8 => "slip",
            9 => "ppp",
            10 => "fddi",
            12 | 14 | 101 => "raw-ip",
            50 => "ppp-hdlc",
            51 => "pppoe",
            99 => "symantec-firewall",
            100 => "atm-rfc1483",
            104 => "cisco-hdlc",
            105 => "ieee802.11",
            106 => "atm-clip",
            107 => "frame-relay",
            108 => "loop",
            109 => "openbsd-enc",
            113 => "linux-sll",
            114 => "localtalk",
            117 => "pflog",
            119 => "prism",
            122 => "ip-over-fibre-channel",
            123 => "sunatm",
            127 => "ieee802.11-radiotap",
            128 => "tzsp",
            129 => "arcnet-linux",
            130..=137 => "juniper",
            138 => "ip-over-ieee1394",
            139 => "mtp2-phdr",
            140 => "mtp2",
            141 => "mtp3",
            142 => "sccp",
            143 => "docsis",
            144 => "linux-irda",
            147..=162 => "user-defined",
            163 => "ieee802.11-avs",
            164 | 167 | 168 | 174 | 178..=181 | 183 | 194 => "juniper",
            165 => "bacnet-mstp",
            166 => "ppp-pppd",
            169 => "gprs-llc",
            170 => "gfp-t",
            171 => "gfp-f",
            175 => "erf-ethernet",
            176 => "erf-pos",
            177 => "linux-lapd",
            182 => "multilink-frame-relay",
            187 => "bluetooth-hci-h4",
            189 => "usb-linux",
            190 => "can20b",
            191 => "ieee802.15.4-linux",
            192 => "ppi",
            193 => "ieee802.16-radio",
            195 => "ieee802.15.4",
            196 => "sita",
            197 => "erf",
            199 => "ipmb",
            201 => "bluetooth-hci-h4-phdr",
            202 => "ax25-kiss",
            203 => "lapd",
            204 => "ppp-dir",
            205 => "cisco-hdlc-dir",
            206 => "frame-relay-dir",
            207 => "lapb-dir",
            209 => "ipmb-linux",
            210 => "flexray",
            212 => "lin",
            215 => "ieee802.15.4-phy",
            216 => "linux-evdev",
            219 => "mpls",
            220 => "usb-linux-mmapped",
            221 => "dect",
            224 => "fibre-channel",
            225 => "fibre-channel-delims",
            226 => "ipnet",
            227 => "can-socketcan",
            228 => "ipv4",
            229 => "ipv6",
            230 => "ieee802.15.4-nofcs",
            231 => "dbus",
            235 => "dvb-ci",
            236 => "mux27010",
            237 => "stanag-5066",
            239 => "nflog",
            240 => "netanalyzer",
            241 => "netanalyzer-transparent",
            242 => "ipoib",
            243 => "mpeg2-ts",
            244 => "ng40",
            245 => "nfc-llcp",
            247 => "infiniband",
            248 => "sctp",
            249 => "usbpcap",
            250 => "rtac-serial",
            251 => "bluetooth-le",
            253 => "netlink",
            254 => "bluetooth-linux-monitor",
            255 => "bluetooth-bredr",
            256 => "bluetooth-le-phdr",
            257 => "profibus",
            258 => "pktap",
            259 => "epon",
            260 => "ipmi-hpm2",
            261 | 262 | 287 => "z-wave",
            263 => "wattstopper",
            264 => "iso14443",
            265 => "rds",
            266 => "usb-darwin",
            268 => "sdlc",
            270 => "loratap",
            271 => "vsock",
            272 => "nordic-ble",
            273 => "docsis31",
            274 => "ethernet-mpacket",
            275 => "displayport-aux",
            276 => "linux-sll2",
            277 => "sercos-monitor",
            278 => "openvizsla",
            279 => "elektrobit",
            280 => "vpp-dispatch",
            281 => "dsa-brcm",
            282 => "dsa-brcm-prepend",
            283 => "ieee802.15.4-tap",
            284 => "dsa",
            285 => "edsa",
            286 => "elee",
            288 | 293..=295 => "usb2",
            289 => "atsc-alp",
            290 => "etw",
            292 => "zboss-ncp",
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
