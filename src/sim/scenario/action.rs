//! The lines of `actions`: when, who, what.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use super::Names;
use super::words::{Word, did_you_mean, duration, split};
use crate::base::Timestamp;
use crate::sim::order::{FrameOrder, Order, PingOrder, UdpOrder};
use crate::sim::record::{DeviceId, PortId};

/// Something that the scenario does.
#[derive(Clone, Debug)]
pub enum Action {
    /// A box is told to do something.
    Order {
        /// When.
        at: Timestamp,
        /// Who.
        device: DeviceId,
        /// What.
        order: Order,
    },
    /// A cable is unplugged or plugged in.
    Plug {
        /// When.
        at: Timestamp,
        /// Of which box.
        device: DeviceId,
        /// Of which port.
        port: PortId,
        /// True to plug in.
        up: bool,
    },
}

impl Action {
    /// When it is done.
    pub fn at(&self) -> Timestamp {
        match self {
            Action::Order { at, .. } | Action::Plug { at, .. } => *at,
        }
    }
}

/// The verbs of boxes.
const VERBS: &[&str] = &[
    "dhcp",
    "release",
    "lookup",
    "run",
    "kill",
    "ping",
    "trace",
    "resolve",
    "announce",
    "probe",
    "udp",
    "broadcast",
    "frame",
    "flush",
    "address",
];

/// Reads one line; a subject such as `h*` makes one action for each box it fits.
pub(super) fn parse(line: &str, names: &Names) -> Result<Vec<Action>, String> {
    let words = split(line)?;
    let [when, rest @ ..] = words.as_slice() else {
        return Err("an action begins with a time, as in \"10ms h1 ping h2\"".to_owned());
    };
    let at = Timestamp::ZERO.after(duration(when.text())?);
    match rest {
        [verb, end] if !verb.is_text && matches!(verb.text(), "unplug" | "plug") => {
            let (device, port) = names.port(end.text())?;
            Ok(vec![Action::Plug { at, device, port, up: verb.text() == "plug" }])
        }
        [subject, verb, rest @ ..] => {
            let subjects = names.matching(subject.text())?;
            let mut actions = Vec::new();
            let count = subjects.len() as u32;
            for (number, device) in subjects.into_iter().enumerate() {
                let mut arguments = Arguments { words: rest, names, spread: Duration::ZERO };
                let orders = order(device, verb.text(), &mut arguments)?;
                // Many boxes with many targets: one target after the other, the boxes evenly within that time.
                let spread = arguments.spread;
                for (target, order) in orders.into_iter().enumerate() {
                    let at = at.after(spread * target as u32).after(spread * number as u32 / count);
                    actions.push(Action::Order { at, device, order });
                }
                if let Some(left) = arguments.words.first() {
                    return Err(format!("'{}' is too much after '{}'", left.text(), verb.text()));
                }
            }
            Ok(actions)
        }
        _ => Err("an action says when, who and what, as in \"10ms h1 ping h2\"".to_owned()),
    }
}

/// The words after the verb.
struct Arguments<'a> {
    words: &'a [Word],
    names: &'a Names,
    /// Time between the targets of one box.
    spread: Duration,
}

impl<'a> Arguments<'a> {
    fn next(&mut self, what: &str) -> Result<&'a Word, String> {
        let (first, rest) = self.words.split_first().ok_or_else(|| format!("{what} is missing at the end"))?;
        self.words = rest;
        Ok(first)
    }

    fn is_at_text(&self) -> bool {
        self.words.first().is_some_and(|word| word.is_text)
    }

    fn number(&mut self, what: &str, most: u64) -> Result<u64, String> {
        let word = self.next(what)?.text();
        let digits = word.strip_prefix("0x").map_or_else(|| word.parse().ok(), |hex| u64::from_str_radix(hex, 16).ok());
        digits.filter(|number| *number <= most).ok_or_else(|| format!("'{word}' is not {what} (0 to {most})"))
    }

    /// `option` and its value, in any order, until the words end.
    fn options(
        &mut self,
        known: &[&str],
        mut set: impl FnMut(&str, &mut Self) -> Result<(), String>,
    ) -> Result<(), String> {
        while let Some(word) = self.words.first() {
            let name = word.text();
            if word.is_text || !known.contains(&name) {
                let near = did_you_mean(name, known.iter().copied());
                return Err(format!("unknown word '{name}'{near}; known here are {}", known.join(", ")));
            }
            self.words = &self.words[1..];
            set(name, self)?;
        }
        Ok(())
    }
}

fn order(device: DeviceId, verb: &str, arguments: &mut Arguments<'_>) -> Result<Vec<Order>, String> {
    Ok(match verb {
        "ping" => {
            let targets = arguments.names.targets(device, arguments.next("whom to ping")?.text())?;
            ping(targets, arguments)?
        }
        "trace" => {
            let destination = arguments.names.address(arguments.next("whom to trace")?.text())?;
            let mut max_hops = 30;
            arguments.options(&["hops"], |_, arguments| {
                max_hops = arguments.number("a number of hops", 255)? as u8;
                Ok(())
            })?;
            vec![Order::Trace { destination, max_hops }]
        }
        "resolve" => vec![Order::Resolve(arguments.names.address(arguments.next("whom to ask for")?.text())?)],
        "run" => vec![Order::Run(arguments.names.program(arguments.next("a program")?.text())?)],
        "kill" => vec![Order::Kill(arguments.names.program(arguments.next("a program")?.text())?.name.clone())],
        "dhcp" => vec![Order::Dhcp],
        "release" => vec![Order::Release],
        "lookup" => vec![Order::Lookup(arguments.next("a name")?.text().into())],
        "announce" => vec![Order::Announce],
        "probe" => vec![Order::Probe],
        "flush" => vec![Order::FlushNeighbours],
        "address" => {
            let word = arguments.next("an address with its prefix length")?.text();
            let (address, len) = super::build::address_with_len(word)?;
            vec![Order::SetAddress(address, len)]
        }
        "udp" => {
            let destination = arguments.names.socket(arguments.next("where to send, as in h2:9000")?.text())?;
            udp(destination, arguments)?
        }
        "broadcast" => udp(SocketAddr::new(IpAddr::V4(Ipv4Addr::BROADCAST), 9), arguments)?,
        "frame" => frame(arguments)?,
        _ => {
            let near = did_you_mean(verb, VERBS.iter().copied());
            return Err(format!("unknown action '{verb}'{near}; known are {}", VERBS.join(", ")));
        }
    })
}

fn ping(targets: Vec<IpAddr>, arguments: &mut Arguments<'_>) -> Result<Vec<Order>, String> {
    let mut template = PingOrder {
        destination: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        count: 1,
        interval: Duration::from_secs(1),
        payload_len: 56,
        ttl: 64,
        dont_fragment: None,
    };
    let mut ttl = None;
    arguments.options(&["count", "interval", "size", "ttl", "df", "nodf", "spread"], |name, arguments| {
        match name {
            "count" => template.count = arguments.number("a count", 65_535)? as u32,
            "interval" => template.interval = duration(arguments.next("a time")?.text())?,
            "size" => template.payload_len = arguments.number("a number of octets", 65_507)? as usize,
            "ttl" => ttl = Some(arguments.number("a TTL", 255)? as u8),
            "spread" => arguments.spread = duration(arguments.next("a time")?.text())?,
            name => template.dont_fragment = Some(name == "df"),
        }
        Ok(())
    })?;
    // What is for a group stays on the link unless somebody wants more (RFC 1112 §6.1, RFC 3493 §5.2).
    let ttl_for = |target: &IpAddr| ttl.unwrap_or(if target.is_multicast() { 1 } else { 64 });
    let order = |destination| PingOrder { destination, ttl: ttl_for(&destination), ..template.clone() };
    Ok(targets.into_iter().map(|destination| Order::Ping(order(destination))).collect())
}

fn udp(destination: SocketAddr, arguments: &mut Arguments<'_>) -> Result<Vec<Order>, String> {
    let mut order = UdpOrder { destination, source_port: 0, payload: Vec::new(), dont_fragment: false };
    if arguments.is_at_text() {
        order.payload = arguments.next("a text")?.octets.clone();
    }
    arguments.options(&["from", "size", "df"], |name, arguments| {
        match name {
            "from" => order.source_port = arguments.number("a port", 65_535)? as u16,
            "size" => order.payload = filler(arguments.number("a number of octets", 100_000)? as usize),
            _ => order.dont_fragment = true,
        }
        Ok(())
    })?;
    Ok(vec![Order::SendUdp(order)])
}

fn frame(arguments: &mut Arguments<'_>) -> Result<Vec<Order>, String> {
    let mut order = FrameOrder {
        destination: crate::base::MacAddr::BROADCAST,
        source: None,
        // The first of the numbers that IEEE 802 set aside for experiments.
        ether_type: 0x88b5,
        vlan: None,
        payload: Vec::new(),
        count: 1,
        interval: Duration::from_millis(1),
    };
    if arguments.is_at_text() {
        order.payload = arguments.next("a text")?.octets.clone();
    }
    arguments.options(&["to", "from", "type", "vlan", "size", "count", "interval"], |name, arguments| {
        match name {
            "to" => order.destination = arguments.names.mac(arguments.next("a MAC address")?.text())?,
            "from" => order.source = Some(arguments.names.mac(arguments.next("a MAC address")?.text())?),
            "type" => order.ether_type = arguments.number("an EtherType", 65_535)? as u16,
            "vlan" => order.vlan = Some(arguments.number("a VLAN", 4094)? as u16),
            "size" => order.payload = filler(arguments.number("a number of octets", 9_000)? as usize),
            "count" => order.count = arguments.number("a count", 10_000_000)? as u32,
            _ => order.interval = duration(arguments.next("a time")?.text())?,
        }
        Ok(())
    })?;
    Ok(vec![Order::SendFrame(order)])
}

/// Octets that can be told apart: 0, 1, 2 …
fn filler(len: usize) -> Vec<u8> {
    (0..len).map(|number| number as u8).collect()
}
