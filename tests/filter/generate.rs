//! Capture filters made at random from the grammar, always the same for the same seed.

use netlab::base::Rng;

use crate::corpus::{MAC, PORTS, V4, V6};

pub struct Generator {
    pub rng: Rng,
    /// True for links with Ethernet headers.
    pub ethernet: bool,
}

impl Generator {
    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.rng.below(from.len() as u64) as usize]
    }

    fn chance(&mut self, one_in: u64) -> bool {
        self.rng.below(one_in) == 0
    }

    /// A whole filter.
    pub fn filter(&mut self) -> String {
        let terms = 1 + self.rng.below(4);
        let mut text = self.term(0);
        for _ in 1..terms {
            let joint = self.pick(&[" and ", " or ", " && ", " || ", " and not ", " or not "]);
            text.push_str(joint);
            text.push_str(&self.term(0));
        }
        // Now and then something that is not in the language.
        if self.chance(25) {
            let at = self.rng.below(text.len() as u64) as usize;
            let wrong = self.pick(&["and", "(", ")", "=", "host", "1.2", "]", "not", "80", "x", "/", ":"]);
            text.insert_str(at, wrong);
        }
        text
    }

    fn term(&mut self, depth: u32) -> String {
        match self.rng.below(20) {
            0 | 1 if depth < 3 => {
                let joint = self.pick(&[" and ", " or "]);
                let (left, right) = (self.term(depth + 1), self.term(depth + 1));
                format!("({left}{joint}{right})")
            }
            2 if depth < 3 => {
                let not = self.pick(&["not ", "! ", "!"]);
                format!("{not}{}", self.term(depth + 1))
            }
            3..=5 => self.host(),
            6 | 7 => self.net(),
            8..=10 => self.port(),
            11 => self.proto(),
            12..=14 => {
                let protocols = [
                    "ip", "ip6", "arp", "rarp", "tcp", "udp", "icmp", "icmp6", "igmp", "sctp", "pim", "vrrp", "carp",
                    "ah", "esp", "igrp", "stp", "ipx", "netbeui", "iso", "clnp", "esis", "isis", "l1", "l2", "iih",
                    "lsp", "snp", "csnp", "psnp", "atalk", "aarp", "decnet", "lat", "sca", "mopdl", "moprc", "pppoed",
                ];
                self.pick(&protocols).to_owned()
            }
            15 => self.other(),
            16 if self.ethernet || self.chance(6) => self.tunnel(),
            17 => self.geneve(),
            _ => self.comparison(),
        }
    }

    fn side(&mut self) -> &'static str {
        self.pick(&["", "", "src ", "dst ", "src or dst ", "src and dst ", "dst or src ", "dst and src "])
    }

    /// One or more identifiers, in the ways in which they can be listed.
    fn list(&mut self, mut one: impl FnMut(&mut Self) -> String) -> String {
        let first = one(self);
        match self.rng.below(8) {
            0 => format!("({first} or {})", one(self)),
            1 => format!("({first} or not {})", one(self)),
            2 => format!("{first} or {}", one(self)),
            3 => format!("{first} and {}", one(self)),
            4 => format!("({first})"),
            _ => first,
        }
    }

    fn host(&mut self) -> String {
        let side = self.side();
        if (self.ethernet && self.chance(4)) || self.chance(20) {
            let word = if side.is_empty() || self.chance(2) { "host " } else { "" };
            let list = self.list(|g| g.pick(&MAC).to_owned());
            return format!("ether {side}{word}{list}");
        }
        if self.chance(25) {
            return format!("decnet {side}host 1.2");
        }
        if self.chance(4) {
            let proto = self.pick(&["", "ip6 "]);
            let word = if side.is_empty() || self.chance(2) { "host " } else { "" };
            let list = self.list(|g| g.pick(&V6).to_owned());
            return format!("{proto}{side}{word}{list}");
        }
        let proto = self.pick(&["", "", "", "ip ", "arp ", "rarp ", "tcp ", "icmp "]);
        let word = if side.is_empty() || self.chance(2) { "host " } else { "" };
        let list = self.list(|g| g.pick(&[V4[0], V4[1], V4[2], V4[3], "10.1.2.3", "192.0.2"]).to_owned());
        format!("{proto}{side}{word}{list}")
    }

    fn net(&mut self) -> String {
        let proto = self.pick(&["", "", "ip ", "arp "]);
        let side = self.side();
        let nets = [
            "192.0.2",
            "192.0.2.0/24",
            "198.51.100.0/25",
            "10",
            "10.1",
            "192.0.0.0/8",
            "0.0.0.0/0",
            "192.0.2.64/26",
            "192.0.2.0 mask 255.255.255.0",
            "203.0.113.255/32",
            "192.0.2.1/24",
        ];
        if self.chance(4) {
            let list = self.list(|g| {
                g.pick(&["2001:db8::/32", "fe80::/10", "2001:db8::1:0:0/96", "::/0", "2001:db8::1"]).to_owned()
            });
            return format!("{side}net {list}");
        }
        let list = self.list(|g| g.pick(&nets).to_owned());
        format!("{proto}{side}net {list}")
    }

    fn port(&mut self) -> String {
        let proto = self.pick(&["", "", "tcp ", "udp ", "sctp ", "icmp "]);
        let side = self.side();
        if self.chance(4) {
            let list = self.list(|g| g.pick(&["50-90", "0-65535", "443-22", "53", "http-443", "100-40000"]).to_owned());
            return format!("{proto}{side}portrange {list}");
        }
        let list = self.list(|g| {
            if g.chance(5) {
                return g.pick(&["http", "domain", "ssh", "https"]).to_owned();
            }
            PORTS[g.rng.below(PORTS.len() as u64) as usize].to_string()
        });
        format!("{proto}{side}port {list}")
    }

    fn proto(&mut self) -> String {
        let proto = self.pick(&["", "ip ", "ip6 ", "ether ", "iso ", "isis "]);
        let number = match proto {
            "ether " => self.pick(&["0x0800", "0x86dd", "0x88cc", "0x42", "5", "\\arp", "\\ip6", "0xfe", "2054"]),
            "iso " | "isis " => self.pick(&["0x83", "17", "0x81", "18"]),
            _ => self.pick(&["6", "17", "\\tcp", "\\udp", "1", "58", "132", "44", "\\icmp", "300"]),
        };
        if self.chance(3) {
            let number = self.pick(&["6", "17", "\\tcp", "51", "44", "59", "58", "\\ah", "300"]);
            return match self.chance(4) {
                true => format!("{proto}protochain {number} or 17"),
                false => format!("{proto}protochain {number}"),
            };
        }
        if self.chance(4) { format!("{proto}proto {number} or 6") } else { format!("{proto}proto {number}") }
    }

    fn other(&mut self) -> String {
        match self.rng.below(10) {
            0 => self.pick(&["broadcast", "ether broadcast", "ip broadcast"]).to_owned(),
            1 => self.pick(&["multicast", "ether multicast", "ip multicast", "ip6 multicast"]).to_owned(),
            2 => format!("less {}", self.rng.below(120)),
            3 => format!("greater {}", self.rng.below(120)),
            4 => format!("byte {} {} {}", self.rng.below(70), self.pick(&["=", "<", ">"]), self.rng.below(256)),
            5 => self.pick(&["inbound", "outbound", "ifindex 2"]).to_owned(),
            _ => self.comparison(),
        }
    }

    fn tunnel(&mut self) -> String {
        let inner = self.term(1);
        match self.rng.below(7) {
            0 => format!("vlan and {inner}"),
            1 => format!("vlan {} and {inner}", self.pick(&["100", "200", "5", "4095"])),
            2 => format!("vlan and vlan {} and {inner}", self.pick(&["100", "200", "5"])),
            3 => format!(
                "mpls and {}",
                self.pick(&["ip", "ip6", "tcp", "mpls 5 and ip", "host 192.0.2.1", "ip[0] = 0x45"])
            ),
            4 => format!("mpls {}", self.pick(&["4", "5", "1000", "1048575"])),
            5 => format!("pppoes and {inner}"),
            _ => format!("pppoes {} and {inner}", self.pick(&["1", "4", "77"])),
        }
    }

    fn geneve(&mut self) -> String {
        let inner = self.term(1);
        match self.rng.below(7) {
            0 => self.pick(&["geneve", "geneve 5", "geneve 1193046", "geneve 0x1000000", "geneve 16777215"]).to_owned(),
            1 => format!("geneve 5 and {inner}"),
            2 => format!("geneve and geneve and {inner}"),
            3 if self.ethernet => {
                let outer = self.pick(&["vlan", "vlan 5", "mpls", "pppoes", "pppoes 4"]);
                format!("{outer} and geneve and {inner}")
            }
            4 => {
                let outer = self.pick(&["vlan", "vlan 5", "mpls", "pppoes", "vlan and vlan", "mpls 4 and mpls"]);
                format!("geneve and {outer} and {inner}")
            }
            _ => format!("geneve and {inner}"),
        }
    }

    fn comparison(&mut self) -> String {
        let relation = self.pick(&["=", "==", "!=", "<", ">", "<=", ">="]);
        let left = self.value(0);
        let right = if self.chance(3) { self.value(1) } else { self.number() };
        format!("{left} {relation} {right}")
    }

    fn number(&mut self) -> String {
        match self.rng.below(5) {
            0 => self.pick(&["tcp-syn", "icmp-echo", "tcp-ack", "icmp6-echo", "tcp-push"]).to_owned(),
            1 => format!("{:#x}", self.rng.below(256)),
            _ => self.pick(&["0", "1", "2", "6", "17", "64", "69", "80", "128", "443", "2048", "5"]).to_owned(),
        }
    }

    fn load(&mut self, depth: u32) -> String {
        let fixed = [
            "tcp[tcpflags]",
            "tcp[13]",
            "icmp[icmptype]",
            "icmp6[icmp6type]",
            "ip[8]",
            "ip[6:2]",
            "ip6[6]",
            "udp[4:2]",
            "ether[0]",
            "ether[12:2]",
            "arp[6:2]",
            "ip[9]",
            "ip6[40]",
            "tcp[12]",
            "ip[0]",
            "tcp[0:2]",
            "udp[2:2]",
            "ip[2:2]",
            "link[1]",
            "sctp[0:2]",
            "igmp[0]",
            "ip6[4:2]",
            "ip[12:4]",
            "rarp[7]",
            "decnet[2]",
        ];
        if depth < 2 && self.chance(5) {
            let proto = self.pick(&["ip", "tcp", "ether", "udp", "ip6"]);
            let size = self.pick(&["", ":1", ":2", ":4"]);
            let index = self.value(depth + 1);
            return format!("{proto}[{index}{size}]");
        }
        self.pick(&fixed).to_owned()
    }

    fn value(&mut self, depth: u32) -> String {
        match self.rng.below(10) {
            0 if depth < 3 => {
                let operator = self.pick(&["+", "-", "*", "/", "&", "|", "^", "<<", ">>", "%"]);
                let left = self.value(depth + 1);
                let right = match operator {
                    "<<" | ">>" => self.pick(&["1", "2", "8"]).to_owned(),
                    _ => self.value(depth + 1),
                };
                if self.chance(2) {
                    format!("({left} {operator} {right})")
                } else {
                    format!("{left} {operator} {right}")
                }
            }
            1 | 2 => {
                let mask = self.pick(&["0xf", "0x1fff", "3", "(tcp-syn|tcp-ack)", "0xf0", "1", "0xff"]);
                format!("{} & {mask}", self.load(depth))
            }
            3 => "len".to_owned(),
            4 if depth > 0 => self.number(),
            5 if depth > 0 && self.chance(4) => format!("- {}", self.value(depth + 1)),
            _ => self.load(depth),
        }
    }
}
