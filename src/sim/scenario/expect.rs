//! The lines of `expect`: what a scenario claims, and what happened instead if it did not.
//!
//! ```text
//! h1 ping h2 ok | fails [ERRNO]        an echo request was answered, or was not and why
//! sw learns h1 on 1                    the switch entered h1's MAC address for port 1
//! broadcast h1 reaches h2, h3          exactly these hosts took in h1's broadcasts
//! frames sw.3 [in|out] KIND… = 1       frames at a port, by kind
//! drops ttl-expired [at r] >= 1        frames dropped or filtered for a reason
//! h1 knows h2 | h1 does not know h2    h1's neighbour cache at the end
//! h1 routes h2 direct | via 192.0.2.1  the decision "IP AND mask"
//! sw moved > 100                       a counter of a box
//! copies | injected | delivered | in-flight = 2
//! h1 CALL … RESULT                     a call of a program, and what it returned
//! h1 says "text"                       an event of h1 has these words
//! ```

use std::net::IpAddr;

use super::Names;
use super::words::{Comparison, Word, did_you_mean, split};
use crate::base::MacAddr;
use crate::sim::device::Node;
use crate::sim::engine::Engine;
use crate::sim::reason::Reason;
use crate::sim::record::{Detail, DeviceId, EventKind, PortId, Record, Value};
use crate::sim::tap::Tapped;

/// One line of `expect`.
#[derive(Clone, Debug)]
pub struct Expectation {
    /// The line as it was written.
    pub line: String,
    /// Its line in the file.
    pub number: usize,
    claim: Claim,
}

#[derive(Clone, Debug)]
enum Claim {
    Ping {
        device: DeviceId,
        destination: IpAddr,
        result: PingResult,
    },
    Learns {
        device: DeviceId,
        mac: MacAddr,
        port: PortId,
    },
    Reaches {
        device: DeviceId,
        hosts: Vec<DeviceId>,
    },
    Frames {
        device: DeviceId,
        port: PortId,
        kinds: Vec<Kind>,
        direction: Option<crate::packet::Direction>,
        count: Count,
    },
    Drops {
        reason: Reason,
        device: Option<DeviceId>,
        count: Count,
    },
    Knows {
        device: DeviceId,
        address: IpAddr,
        yes: bool,
    },
    Routes {
        device: DeviceId,
        destination: IpAddr,
        via: Option<IpAddr>,
    },
    Counter {
        device: DeviceId,
        name: String,
        count: Count,
    },
    Books {
        which: &'static str,
        count: Count,
    },
    Call {
        device: DeviceId,
        call: String,
        wanted: Vec<Word>,
    },
    Says {
        device: DeviceId,
        text: String,
    },
    State {
        device: DeviceId,
        state: String,
    },
}

#[derive(Clone, Debug)]
enum PingResult {
    Ok,
    Fails(Option<String>),
}

#[derive(Clone, Copy, Debug)]
struct Count {
    comparison: Comparison,
    wanted: u64,
}

/// What a frame is, for counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Any,
    Arp,
    ArpRequest,
    ArpReply,
    Ipv4,
    Ipv6,
    Icmp,
    IcmpError,
    Udp,
    Tcp,
    Syn,
    Fin,
    Rst,
    Data,
    PureAck,
    Fragment,
    DontFragment,
    Bpdu,
    Broadcast,
    Multicast,
    Tagged,
}

const KINDS: &[(&str, Kind)] = &[
    ("any", Kind::Any),
    ("arp", Kind::Arp),
    ("arp-request", Kind::ArpRequest),
    ("arp-reply", Kind::ArpReply),
    ("ipv4", Kind::Ipv4),
    ("ipv6", Kind::Ipv6),
    ("icmp", Kind::Icmp),
    ("icmp-error", Kind::IcmpError),
    ("udp", Kind::Udp),
    ("tcp", Kind::Tcp),
    ("syn", Kind::Syn),
    ("fin", Kind::Fin),
    ("rst", Kind::Rst),
    ("data", Kind::Data),
    ("pure-ack", Kind::PureAck),
    ("fragment", Kind::Fragment),
    ("df", Kind::DontFragment),
    ("bpdu", Kind::Bpdu),
    ("broadcast", Kind::Broadcast),
    ("multicast", Kind::Multicast),
    ("tagged", Kind::Tagged),
];

impl Kind {
    fn fits(self, octets: &[u8]) -> bool {
        let frame = crate::wire::decode(crate::wire::LinkType::ETHERNET, octets, octets.len() as u32);
        let flags =
            |wanted: u8| frame.tcp().is_some_and(|tcp| tcp.bytes().get(13).is_some_and(|bits| bits & wanted != 0));
        match self {
            Kind::Any => true,
            Kind::Arp => frame.arp().is_some(),
            Kind::ArpRequest => frame.arp().is_some_and(|arp| arp.bytes().get(7) == Some(&1)),
            Kind::ArpReply => frame.arp().is_some_and(|arp| arp.bytes().get(7) == Some(&2)),
            Kind::Ipv4 => frame.ipv4().is_some(),
            Kind::Ipv6 => frame.ipv6().is_some(),
            Kind::Icmp => frame.icmpv4().is_some() || frame.icmpv6().is_some(),
            Kind::IcmpError => {
                frame.icmpv4().is_some_and(|icmp| matches!(icmp.bytes().first(), Some(3 | 5 | 11 | 12)))
                    || frame.icmpv6().is_some_and(|icmp| icmp.bytes().first().is_some_and(|kind| *kind < 128))
            }
            Kind::Udp => frame.udp().is_some(),
            Kind::Tcp => frame.tcp().is_some(),
            Kind::Syn => flags(2),
            Kind::Fin => flags(1),
            Kind::Rst => flags(4),
            Kind::Data => frame.tcp().is_some_and(|tcp| tcp.payload_len() > 0),
            Kind::PureAck => frame.tcp().is_some_and(|tcp| {
                tcp.payload_len() == 0 && tcp.bytes().get(13).is_some_and(|bits| bits & 0x17 == 0x10)
            }),
            Kind::Fragment => frame.fragment().is_some(),
            Kind::DontFragment => frame.ipv4().is_some_and(|ip| ip.bytes().get(6).is_some_and(|bits| bits & 0x40 != 0)),
            Kind::Bpdu => octets.starts_with(&[1, 0x80, 0xc2, 0, 0, 0]),
            Kind::Broadcast => octets.starts_with(&[0xff; 6]),
            Kind::Multicast => octets[0] & 1 != 0 && !octets.starts_with(&[0xff; 6]),
            Kind::Tagged => octets[12..14] == [0x81, 0x00],
        }
    }
}

impl Expectation {
    /// Reads a line.
    pub(super) fn parse(line: &str, number: usize, names: &Names) -> Result<Expectation, String> {
        let words = split(line)?;
        let claim = claim(&words, names)?;
        Ok(Expectation { line: line.to_owned(), number, claim })
    }

    /// The port whose frames it counts.
    pub(super) fn watches(&self) -> Option<(DeviceId, PortId)> {
        match self.claim {
            Claim::Frames { device, port, .. } => Some((device, port)),
            _ => None,
        }
    }

    /// Compares it with what happened.
    ///
    /// # Errors
    /// What happened instead, in a sentence.
    pub fn judge(&self, engine: &Engine, names: &Names) -> Result<(), String> {
        match &self.claim {
            Claim::Ping { device, destination, result } => judge_ping(engine, *device, *destination, result),
            Claim::Learns { device, mac, port } => judge_learns(engine, *device, *mac, *port),
            Claim::Reaches { device, hosts } => judge_reaches(engine, names, *device, hosts),
            Claim::Frames { device, port, kinds, direction, count } => {
                let fits = |tapped: &&Tapped| {
                    direction.is_none_or(|direction| tapped.direction == direction)
                        && kinds.iter().all(|kind| kind.fits(tapped.frame.octets()))
                };
                let tap = engine.tap_of(*device, *port);
                let found = tap.map_or(0, |tap| tap.frames().iter().filter(fits).count() as u64);
                count.judge(found, "such frame", "such frames")
            }
            Claim::Drops { reason, device, count } => {
                let fits = |record: &&Record| {
                    record.reason == *reason
                        && matches!(
                            record.event,
                            EventKind::Dropped
                                | EventKind::Filtered
                                | EventKind::Delivered
                                | EventKind::Route
                                | EventKind::Arp
                                | EventKind::State
                                | EventKind::Nat
                        )
                        && device.is_none_or(|device| record.device == device)
                };
                count.judge(
                    engine.records().iter().filter(fits).count() as u64,
                    "event for that reason",
                    "events for that reason",
                )
            }
            Claim::Knows { device, address, yes } => {
                let node = engine.device(*device).as_any().downcast_ref::<Node>();
                let found = node.and_then(|node| {
                    (0..node.interfaces().len()).find_map(|interface| node.neighbours().mac(interface, *address))
                });
                match (found, yes) {
                    (Some(_), true) | (None, false) => Ok(()),
                    (Some(mac), false) => Err(format!("it knows {address}: {mac}")),
                    (None, true) => Err(format!("{address} is not in its neighbour cache")),
                }
            }
            Claim::Routes { device, destination, via } => judge_routes(engine, *device, *destination, *via),
            Claim::Counter { device, name, count } => {
                let found = engine.device(*device).counter(name).unwrap_or(0);
                count.judge(found, "counted", "counted")
            }
            Claim::Books { which, count } => judge_books(engine, which, *count),
            Claim::Call { device, call, wanted } => judge_call(engine, *device, call, wanted),
            Claim::Says { device, text } => {
                let mut said = engine.records().iter().filter(|record| record.device == *device);
                let fits = |record: &Record| {
                    let in_lines = |detail: &Detail| detail.lines.iter().any(|line| line.contains(text.as_str()));
                    record.text().contains(text.as_str()) || record.detail().is_some_and(|detail| in_lines(&detail))
                };
                if said.any(fits) { Ok(()) } else { Err("it never said so".to_owned()) }
            }
            Claim::State { device, state } => {
                let states: Vec<&str> = engine
                    .records()
                    .iter()
                    .filter(|record| record.device == *device)
                    .filter_map(|record| record.fact_text("state"))
                    .collect();
                if states.contains(&state.as_str()) {
                    Ok(())
                } else {
                    Err(format!(
                        "its states were {}",
                        if states.is_empty() { "none".into() } else { states.join(", ") }
                    ))
                }
            }
        }
    }
}

impl Count {
    fn parse(words: &[Word]) -> Result<Count, String> {
        let [comparison, number] = words else {
            return Err("a count is compared, as in \"= 1\" or \">= 3\"".to_owned());
        };
        let comparison = Comparison::parse(comparison.text())
            .ok_or_else(|| format!("'{}' is not a comparison: =, !=, <, <=, > or >=", comparison.text()))?;
        let wanted = number.text().replace('_', "").parse();
        Ok(Count { comparison, wanted: wanted.map_err(|_| format!("'{}' is not a number", number.text()))? })
    }

    fn judge(self, found: u64, one: &str, many: &str) -> Result<(), String> {
        let what = if found == 1 { one } else { many };
        if self.comparison.holds(found, self.wanted) { Ok(()) } else { Err(format!("{found} {what}")) }
    }
}

fn claim(words: &[Word], names: &Names) -> Result<Claim, String> {
    let texts: Vec<&str> = words.iter().map(Word::text).collect();
    match texts.as_slice() {
        ["broadcast", who, "reaches", hosts @ ..] => {
            let hosts = hosts.iter().flat_map(|hosts| hosts.split(',')).filter(|host| !host.is_empty());
            let hosts = hosts.filter(|host| *host != "nobody").map(|host| names.matching(host));
            let device = names.device(who)?;
            let mut all: Vec<DeviceId> = hosts.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
            all.retain(|host| *host != device);
            Ok(Claim::Reaches { device, hosts: all })
        }
        ["frames", end, rest @ ..] => {
            let (device, port) = names.port(end)?;
            let split_at = rest.len().saturating_sub(2);
            let mut kinds = Vec::new();
            let mut direction = None;
            for word in &rest[..split_at] {
                match *word {
                    "in" => direction = Some(crate::packet::Direction::Inbound),
                    "out" => direction = Some(crate::packet::Direction::Outbound),
                    word => {
                        let kind = KINDS.iter().find(|(name, _)| *name == word).map(|(_, kind)| *kind);
                        kinds.push(kind.ok_or_else(|| {
                            let near = did_you_mean(word, KINDS.iter().map(|(name, _)| *name));
                            format!("unknown kind of frame '{word}'{near}")
                        })?);
                    }
                }
            }
            let count = Count::parse(&words[words.len() - 2..])?;
            Ok(Claim::Frames { device, port, kinds, direction, count })
        }
        ["drops", reason, rest @ ..] => {
            let known = Reason::from_code(reason).ok_or_else(|| {
                let near = did_you_mean(reason, Reason::all().map(Reason::code));
                format!("unknown reason '{reason}'{near}")
            })?;
            let (device, rest) = match rest {
                ["at", device, rest @ ..] => (Some(names.device(device)?), rest),
                rest => (None, rest),
            };
            let count = Count::parse(&words[words.len() - rest.len()..])?;
            Ok(Claim::Drops { reason: known, device, count })
        }
        [which @ ("copies" | "injected" | "delivered" | "filtered" | "dropped" | "in-flight"), _, _] => {
            let which = ["copies", "injected", "delivered", "filtered", "dropped", "in-flight"]
                .into_iter()
                .find(|known| known == which)
                .unwrap_or("copies");
            Ok(Claim::Books { which, count: Count::parse(&words[1..])? })
        }
        [who, rest @ ..] if !rest.is_empty() => claim_about(names.device(who)?, rest, &words[1..], names),
        _ => Err("an expectation says who and what, as in \"h1 ping h2 ok\"".to_owned()),
    }
}

fn claim_about(device: DeviceId, texts: &[&str], words: &[Word], names: &Names) -> Result<Claim, String> {
    match texts {
        ["ping", target, "ok"] => {
            Ok(Claim::Ping { device, destination: names.address(target)?, result: PingResult::Ok })
        }
        ["ping", target, "fails", errno @ ..] => {
            let result = PingResult::Fails(errno.first().map(|errno| (*errno).to_owned()));
            Ok(Claim::Ping { device, destination: names.address(target)?, result })
        }
        ["learns", who, "on", port] => {
            let number: u16 = port.parse().map_err(|_| format!("'{port}' is not a port"))?;
            Ok(Claim::Learns { device, mac: names.mac(who)?, port: PortId(number.saturating_sub(1)) })
        }
        ["knows", who] => Ok(Claim::Knows { device, address: names.address(who)?, yes: true }),
        ["does", "not", "know", who] => Ok(Claim::Knows { device, address: names.address(who)?, yes: false }),
        ["routes", target, "direct"] => Ok(Claim::Routes { device, destination: names.address(target)?, via: None }),
        ["routes", target, "via", via] => {
            Ok(Claim::Routes { device, destination: names.address(target)?, via: Some(names.address(via)?) })
        }
        ["says", text] => Ok(Claim::Says { device, text: (*text).to_owned() }),
        ["state", state] => Ok(Claim::State { device, state: (*state).to_owned() }),
        [name, _, _] if Comparison::parse(texts[1]).is_some() => {
            Ok(Claim::Counter { device, name: (*name).to_owned(), count: Count::parse(&words[1..])? })
        }
        [
            call @ ("socket" | "bind" | "listen" | "accept" | "connect" | "send" | "sendall" | "recv" | "recv_exactly"
            | "sendto" | "recvfrom" | "shutdown" | "close" | "setsockopt" | "print" | "exit" | "lookup"
            | "dhcp"),
            ..,
        ] => Ok(Claim::Call { device, call: (*call).to_owned(), wanted: words[1..].to_vec() }),
        [verb, ..] => {
            let verbs = ["ping", "learns", "knows", "routes", "says", "state", "connect", "recv", "send", "bind"];
            Err(format!("unknown expectation '{verb}'{}", did_you_mean(verb, verbs)))
        }
        [] => Err("an expectation says who and what".to_owned()),
    }
}

fn judge_ping(engine: &Engine, device: DeviceId, destination: IpAddr, wanted: &PingResult) -> Result<(), String> {
    let results: Vec<&Record> = engine
        .records()
        .iter()
        .filter(|record| record.device == device && record.fact_text("call") == Some("ping"))
        .filter(|record| record.fact("destination") == Some(Value::Ip(destination)))
        .collect();
    let Some(last) = results.last() else { return Err("it was never tried, or never ended".to_owned()) };
    let is_reply = |record: &&&Record| record.fact_text("result") == Some("reply");
    match wanted {
        PingResult::Ok => match results.iter().find(|record| !is_reply(record)) {
            None => Ok(()),
            Some(other) => Err(other.text().to_owned()),
        },
        PingResult::Fails(errno) => {
            if let Some(reply) = results.iter().find(is_reply) {
                return Err(reply.text().to_owned());
            }
            match errno {
                Some(errno) if last.fact_text("result") != Some(errno) => Err(last.text().to_owned()),
                _ => Ok(()),
            }
        }
    }
}

fn judge_learns(engine: &Engine, device: DeviceId, mac: MacAddr, port: PortId) -> Result<(), String> {
    let learned = |record: &&Record| {
        record.device == device
            && matches!(record.event, EventKind::Learned | EventKind::Moved)
            && record.fact("mac") == Some(Value::Mac(mac))
    };
    let ports: Vec<u16> =
        engine.records().iter().filter(learned).filter_map(|record| Some(record.port?.0 + 1)).collect();
    if ports.contains(&(port.0 + 1)) {
        return Ok(());
    }
    match ports.first() {
        Some(other) => Err(format!("it learned {mac} on port {other}")),
        None => Err(format!("it never learned {mac}")),
    }
}

fn judge_reaches(engine: &Engine, names: &Names, device: DeviceId, wanted: &[DeviceId]) -> Result<(), String> {
    // The frames that the box sent to everybody, and the nodes that took one in.
    let mut broadcasts: Vec<u64> = Vec::new();
    for (tapped_device, _, tap) in engine.taps() {
        if *tapped_device == device {
            let sent = tap.frames().iter().filter(|tapped| tapped.direction == crate::packet::Direction::Outbound);
            let to_all = sent.filter(|tapped| tapped.frame.octets().starts_with(&[0xff; 6]));
            broadcasts.extend(to_all.map(|tapped| tapped.frame.id()));
        }
    }
    let mut reached: Vec<DeviceId> = engine
        .records()
        .iter()
        .filter(|record| record.event == EventKind::Delivered && broadcasts.contains(&record.frame))
        .map(|record| record.device)
        .filter(|reached| *reached != device)
        .collect();
    reached.sort();
    reached.dedup();
    let mut wanted = wanted.to_vec();
    wanted.sort();
    wanted.dedup();
    if reached == wanted {
        return Ok(());
    }
    let list: Vec<&str> = reached.iter().map(|device| names.name(*device)).collect();
    Err(format!("it reached {}", if list.is_empty() { "nobody".to_owned() } else { list.join(", ") }))
}

fn judge_routes(engine: &Engine, device: DeviceId, destination: IpAddr, wanted: Option<IpAddr>) -> Result<(), String> {
    let decided = engine.records().iter().find(|record| {
        record.device == device
            && record.event == EventKind::Route
            && record.fact("destination") == Some(Value::Ip(destination))
    });
    let Some(decided) = decided else { return Err("it never decided about this address".to_owned()) };
    let found = match decided.fact("next_hop") {
        Some(Value::Ip(hop)) => Some(hop),
        _ => None,
    };
    let fits = match wanted {
        None => found == Some(destination),
        Some(via) => found == Some(via),
    };
    if fits { Ok(()) } else { Err(decided.text().to_owned()) }
}

fn judge_books(engine: &Engine, which: &str, count: Count) -> Result<(), String> {
    let books = engine.books();
    let found = match which {
        "injected" => books.injected,
        "delivered" => books.delivered,
        "filtered" => books.filtered,
        "dropped" => books.dropped,
        "in-flight" => books.in_flight,
        _ => books.copies,
    };
    count.judge(found, which, which)
}

fn judge_call(engine: &Engine, device: DeviceId, call: &str, wanted: &[Word]) -> Result<(), String> {
    let calls: Vec<&Record> = engine
        .records()
        .iter()
        .filter(|record| record.device == device && record.event == EventKind::Call)
        .filter(|record| record.fact_text("call") == Some(call))
        .collect();
    let fits = |record: &&Record| {
        wanted.iter().all(|word| {
            let text = word.text();
            if word.is_text {
                let shown = crate::base::text::harmless_octets(&word.octets);
                return record.fact_text("data") == Some(&*shown);
            }
            record.fact_text("result") == Some(text)
                || record.fact_text("program") == Some(text)
                || record.fact_count("len").is_some_and(|len| len.to_string() == text)
        })
    };
    if calls.iter().any(fits) {
        return Ok(());
    }
    let seen: Vec<&str> = calls.iter().map(|record| record.text()).take(8).collect();
    Err(if seen.is_empty() {
        format!("{call} was never called")
    } else {
        format!("its calls were: {}", seen.join("; "))
    })
}
