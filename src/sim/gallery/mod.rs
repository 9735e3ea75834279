//! The built-in scenarios: each a file that a user could have written, with what it expects.

use super::scenario::nearest_word;

/// A built-in scenario.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// What people type.
    pub name: &'static str,
    /// Its file.
    pub text: &'static str,
}

impl Entry {
    /// The title that its file gives.
    pub fn title(&self) -> String {
        let line = self.text.lines().find_map(|line| line.strip_prefix("title = \""));
        line.and_then(|line| line.strip_suffix('"')).unwrap_or(self.name).replace("\\\"", "\"")
    }
}

macro_rules! gallery {
    ($($name:literal)*) => {
        const ENTRIES: &[Entry] = &[$(Entry { name: $name, text: include_str!(concat!($name, ".toml")) },)*];
    };
}

gallery! {
    "arp"
    "unicast"
    "hub"
    "broadcast"
    "subnet-decision"
    "router"
    "encapsulation"
    "broadcast-storm"
    "broadcast-storm-parallel"
    "broadcast-storm-stp"
    "broadcast-storm-rstp"
    "broadcast-storm-loop-vlan"
    "broadcast-storm-loop-router"
    "broadcast-storm-load"
    "broadcast-storm-load-vlan"
    "broadcast-storm-vlan"
    "broadcast-storm-router"
    "mtu-fragments"
    "pmtud"
    "pmtud-tcp"
    "pmtud-black-hole"
    "rip"
    "ipv6"
    "slaac"
    "dhcp-dns"
    "dhcp-lease"
    "nat"
    "nat-kinds"
    "nat-simultaneous-open"
    "kernel"
    "handshake"
    "simultaneous-open"
    "teardown"
    "teardown-merged"
    "simultaneous-close"
    "half-close"
    "reset"
    "time-wait"
    "port-in-use"
    "loopback"
    "process-death"
    "udp"
    "udp-limit"
    "empty-message"
    "sticky-sender"
    "sticky-sender-nodelay"
    "sticky-receiver"
    "length-prefix"
    "json-header"
    "hmac"
    "sendall"
    "socketserver"
    "socketserver-threaded"
    "backlog"
    "loss"
    "congestion"
    "lan-64"
    "lan-256"
}

/// All built-in scenarios, in the order in which a reader of the tutorial meets them.
pub fn all() -> &'static [Entry] {
    ENTRIES
}

/// The scenario of that name.
pub fn find(name: &str) -> Option<&'static Entry> {
    ENTRIES.iter().find(|entry| entry.name == name)
}

/// The name that was probably meant.
pub fn nearest(name: &str) -> Option<&'static str> {
    nearest_word(name, ENTRIES.iter().map(|entry| entry.name))
}
