//! What hosts of a random network do, as lines of a scenario and as lines of shell.

/// What a host does.
#[derive(Debug)]
pub enum Deed {
    /// One echo request.
    Ping { to: String, options: PingKind },
    /// One echo request to everybody on the link.
    GroupPing { to: String },
    /// A datagram to a port where nobody listens.
    Udp { to: String },
    /// A connection to a port where nobody listens.
    Refused { to: String },
    /// A connection to a program, with so many octets for it, closed by the caller first. Nagle's rule is off: the kernel
    /// holds back only a small segment after a small one (Minshall), netlab any small one (RFC 1122 §4.2.3.4).
    Talk { to: String, port: u16, len: usize },
}

/// How an echo request is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PingKind {
    Plain,
    Ttl(u8),
    Large { dont_fragment: bool },
}

impl Deed {
    /// True if what is said at once by several, or how data and acknowledgments interleave, is left to chance.
    pub fn is_loose(&self) -> bool {
        matches!(self, Deed::GroupPing { .. }) || self.is_long_talk()
    }

    /// True if the octets need more than one segment on any link.
    pub fn is_long_talk(&self) -> bool {
        matches!(self, Deed::Talk { len, .. } if *len > 500)
    }

    /// The deed as an action of a scenario.
    pub fn action(&self, index: usize) -> String {
        match self {
            Deed::Ping { to, options } => {
                let options = match options {
                    PingKind::Plain => String::new(),
                    PingKind::Ttl(ttl) => format!(" ttl {ttl}"),
                    PingKind::Large { dont_fragment: true } => " size 1400 df".to_owned(),
                    PingKind::Large { dont_fragment: false } => " size 1400 nodf".to_owned(),
                };
                format!("ping {to}{options}")
            }
            Deed::GroupPing { to } => format!("ping {to}"),
            Deed::Udp { to } => format!("udp {}:4000 \"x\" from {}", bracketed(to), 5100 + index),
            Deed::Refused { .. } | Deed::Talk { .. } => format!("run tcp{index}"),
        }
    }

    /// The program that the action runs, if it runs one.
    pub fn program(&self, index: usize) -> Option<String> {
        let begin = format!("tcp{index} = '''\ns = socket(tcp)\ns.bind(\"\", {})\n", 50_000 + index);
        match self {
            Deed::Refused { to } => Some(format!("{begin}s.connect(\"{to}\", 81)\n'''\n")),
            Deed::Talk { to, port, len } => Some(format!(
                "{begin}s.setsockopt(TCP_NODELAY, 1)\ns.connect(\"{to}\", {port})\nsleep(100ms)\ns.sendall(repeat(\"x\", {len}))\nsleep(900ms)\ns.shutdown(SHUT_WR)\nx = s.recv(1)\ns.close()\n'''\n"
            )),
            _ => None,
        }
    }

    /// The deed as a line of shell.
    pub fn shell(&self, index: usize) -> String {
        match self {
            Deed::Ping { to, options } => {
                let options = match options {
                    PingKind::Plain => String::new(),
                    PingKind::Ttl(ttl) => format!("-t{ttl}"),
                    PingKind::Large { dont_fragment: true } => "-M do -s 1400".to_owned(),
                    PingKind::Large { dont_fragment: false } => "-M dont -s 1400".to_owned(),
                };
                // Until after the third question for an absent neighbour.
                format!("ping -q -c1 -W4 {options} {to}")
            }
            Deed::GroupPing { to } if to.contains(':') => format!("ping -q -c1 -W1 {to}%e0"),
            Deed::GroupPing { to } => format!("ping -q -b -c1 -W1 {to}"),
            Deed::Udp { to } => python(&format!(
                "import socket,time\ns=socket.socket(socket.{},socket.SOCK_DGRAM)\ns.bind(('',{}))\ns.sendto(b'x',('{to}',4000))\ntime.sleep(3.4)",
                family(to),
                5100 + index
            )),
            Deed::Refused { to } => python(&format!(
                "import socket\ns=socket.socket(socket.{})\ns.bind(('',{}))\ntry: s.connect(('{to}',81))\nexcept OSError: pass",
                family(to),
                50_000 + index
            )),
            Deed::Talk { to, port, len } => python(&format!(
                "import socket,time\ns=socket.socket(socket.{})\ns.settimeout(60)\ns.setsockopt(6,1,1)\ns.bind(('',{}))\ns.connect(('{to}',{port}))\ntime.sleep(.1)\ns.sendall(b'x'*{len})\ntime.sleep(.9)\ns.shutdown(1)\ns.recv(1)\ns.close()",
                family(to),
                50_000 + index
            )),
        }
    }
}

/// The program that listens on port 80 of every host in a scenario. It waits before it closes, so that the FIN is
/// acknowledged by itself however busy the machine is.
pub const SERVER: &str = "serve = '''\ns = socket(tcp)\ns.bind(\"\", 80)\ns.listen(5)\nloop:\n    c = s.accept()\n    loop:\n        data = c.recv(4000)\n        if data == \"\":\n            break\n    sleep(250ms)\n    c.close()\n'''\n";

/// The same for the shell.
pub fn server(is_v6: bool) -> String {
    python(&format!(
        "import socket,time\ns=socket.socket(socket.{})\ns.setsockopt(socket.SOL_SOCKET,socket.SO_REUSEADDR,1)\ns.bind(('',80))\ns.listen(5)\nwhile True:\n  c,_=s.accept()\n  while c.recv(4000): pass\n  time.sleep(.25)\n  c.close()",
        if is_v6 { "AF_INET6" } else { "AF_INET" }
    ))
}

fn python(program: &str) -> String {
    format!("python3 -c \"{program}\"")
}

fn family(address: &str) -> &'static str {
    if address.contains(':') { "AF_INET6" } else { "AF_INET" }
}

fn bracketed(address: &str) -> String {
    if address.contains(':') { format!("[{address}]") } else { address.to_owned() }
}
