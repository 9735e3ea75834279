//! A station of a replay: it takes part in the network with the addresses of the capture, hears, and keeps silent (R7).
//! What it "says" are the frames of the capture, which the engine lets enter at its port.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;

use hashbrown::HashMap;

use crate::base::{MacAddr, Timestamp, limits};
use crate::sim::frame::{ETHERNET_HEADER_LEN, FrameRef};
use crate::sim::order::Order;
use crate::sim::outbox::{Device, Out, Outbox, TimerId};
use crate::sim::reason::Reason;
use crate::sim::record::{Detail, EventKind, PortId};
use crate::sim::table::Table;

/// A deaf-mute station: its card filters and its ARP table is kept as a view, but it never sends.
#[derive(Debug)]
pub struct Player {
    /// The box that it stands in for; shows its addresses to those who look.
    inner: Box<dyn Device>,
    /// For each port, the MAC addresses whose frames its card takes in.
    macs: Vec<Vec<MacAddr>>,
    /// The IPv4 addresses of the station, those of the capture and those of the topology.
    own: Vec<Ipv4Addr>,
    arp: BTreeMap<Ipv4Addr, (MacAddr, Timestamp)>,
    delivered: u64,
    for_others: u64,
}

impl Player {
    /// A stand-in for `inner` whose card takes in frames for these addresses.
    pub fn new(inner: Box<dyn Device>, macs: Vec<Vec<MacAddr>>, own: Vec<Ipv4Addr>) -> Player {
        Player { inner, macs, own, arp: BTreeMap::new(), delivered: 0, for_others: 0 }
    }

    /// What its ARP table would hold (RFC 826): whoever is known is updated, and who asks for it is added.
    fn see_arp(&mut self, now: Timestamp, port: PortId, frame: &FrameRef, out: &mut Outbox) {
        let octets = frame.octets();
        // Hardware Ethernet, protocol IPv4, lengths 6 and 4.
        let Some([0, 1, 8, 0, 6, 4, 0, _, body @ ..]) = octets.get(ETHERNET_HEADER_LEN..) else { return };
        let (Some(mac), Some(sender), Some(target)) = (MacAddr::from_slice(body), ipv4(body, 6), ipv4(body, 16)) else {
            return;
        };
        if sender.is_unspecified() || self.own.contains(&sender) {
            return;
        }
        let has_room = self.arp.len() < limits::MAX_NEIGHBOURS;
        let before = match self.arp.get_mut(&sender) {
            Some(entry) => {
                let before = std::mem::replace(entry, (mac, now));
                if before.0 == mac {
                    return;
                }
                Some(before.0)
            }
            None if self.own.contains(&target) && has_room => {
                self.arp.insert(sender, (mac, now));
                None
            }
            None => return,
        };
        out.tell(EventKind::Arp, Some(port), frame.id(), Reason::None, || {
            let text = match before {
                None => format!("learns: {sender} is at {mac}"),
                Some(before) => format!("{sender} moved from {before} to {mac}"),
            };
            Detail::new(text).with("rule", "R7").with("address", IpAddr::V4(sender)).with("mac", mac)
        });
    }
}

fn ipv4(octets: &[u8], at: usize) -> Option<Ipv4Addr> {
    octets.get(at..at + 4)?.first_chunk::<4>().map(|four| Ipv4Addr::from(*four))
}

impl Device for Player {
    fn kind(&self) -> &'static str {
        self.inner.kind()
    }

    fn on_frame(&mut self, now: Timestamp, port: PortId, frame: &FrameRef, out: &mut Outbox) {
        if frame.is_damaged() {
            return out.end(EventKind::Dropped, port, frame, Reason::BadFcs);
        }
        let octets = frame.octets();
        let destination = MacAddr::from_slice(octets).unwrap_or_default();
        let reason = if destination.is_broadcast() {
            Reason::Broadcast
        } else if destination.is_group() {
            Reason::Multicast
        } else if self.macs.get(usize::from(port.0)).is_some_and(|macs| macs.contains(&destination)) {
            Reason::ForMe
        } else {
            return out.end(EventKind::Filtered, port, frame, Reason::NotMyMac);
        };
        if octets[12..14] == [0x08, 0x06] {
            self.see_arp(now, port, frame, out);
        } else if reason == Reason::ForMe
            && octets[12..14] == [0x08, 0x00]
            && ipv4(octets, 30).is_some_and(|to| !self.own.contains(&to))
        {
            self.for_others += 1;
        }
        self.delivered += 1;
        out.end(EventKind::Delivered, port, frame, reason);
    }

    fn tables(&self, _now: Timestamp) -> Vec<Table> {
        let mut arp =
            Table::new("ARP table (as the frames would fill it)", "arp", &["address", "MAC address", "since"]);
        for (address, (mac, at)) in &self.arp {
            let seconds = at.nanos() as f64 / 1e9;
            arp.row(vec![address.to_string(), mac.to_string(), format!("{seconds:.6} s")]);
        }
        vec![arp]
    }

    fn counter(&self, name: &str) -> Option<u64> {
        Some(match name {
            "delivered" => self.delivered,
            "for-others" => self.for_others,
            _ => return None,
        })
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self.inner.as_any()
    }
}

/// What stations said in the capture, by signature, and how often; shared by the boxes that are alive.
pub type Said = Rc<HashMap<u64, u32, foldhash::fast::FixedState>>;

/// A signature of a frame that survives what two tellings of the same thing differ in: identification and header
/// checksum of IPv4, and padding.
pub fn signature(octets: &[u8]) -> u64 {
    use std::hash::{BuildHasher, Hasher};
    let mut hasher = foldhash::fast::FixedState::default().build_hasher();
    let body = &octets[ETHERNET_HEADER_LEN.min(octets.len())..];
    hasher.write(&octets[..octets.len().min(ETHERNET_HEADER_LEN)]);
    match (octets.get(12..14), body) {
        (Some([0x08, 0x06]), _) => hasher.write(&body[..body.len().min(28)]),
        (Some([0x08, 0x00]), [_, _, high, low, ..]) if body.len() >= 20 => {
            let len = usize::from(u16::from_be_bytes([*high, *low])).clamp(20, body.len());
            hasher.write(&body[..4]);
            hasher.write(&body[6..10]);
            hasher.write(&body[12..len]);
        }
        _ => hasher.write(body),
    }
    hasher.finish()
}

/// A box that stays alive in a replay: what it would send and the capture contains too is held back and said (R7).
#[derive(Debug)]
pub struct Alive {
    inner: Box<dyn Device>,
    said: Said,
    held_back: u64,
}

impl Alive {
    /// Lets `inner` live among the frames that the capture has from its station.
    pub fn new(inner: Box<dyn Device>, said: Said) -> Alive {
        Alive { inner, said, held_back: 0 }
    }

    fn hold_back(&mut self, from: usize, out: &mut Outbox) {
        let mut at = from;
        while at < out.left.len() {
            if let Out::Send { port, frame, is_new: true, .. } = &out.left[at]
                && self.said.contains_key(&signature(frame.octets()))
            {
                let port = *port;
                out.left.remove(at);
                self.held_back += 1;
                out.tell(EventKind::Note, Some(port), 0, Reason::None, || {
                    Detail::new("would send what the capture contains already: held back").with("rule", "R7")
                });
                continue;
            }
            at += 1;
        }
    }
}

impl Device for Alive {
    fn kind(&self) -> &'static str {
        self.inner.kind()
    }

    fn on_start(&mut self, now: Timestamp, out: &mut Outbox) {
        let from = out.left.len();
        self.inner.on_start(now, out);
        self.hold_back(from, out);
    }

    fn on_frame(&mut self, now: Timestamp, port: PortId, frame: &FrameRef, out: &mut Outbox) {
        let from = out.left.len();
        self.inner.on_frame(now, port, frame, out);
        self.hold_back(from, out);
    }

    fn on_timer(&mut self, now: Timestamp, timer: TimerId, out: &mut Outbox) {
        let from = out.left.len();
        self.inner.on_timer(now, timer, out);
        self.hold_back(from, out);
    }

    fn on_link(&mut self, now: Timestamp, port: PortId, up: bool, out: &mut Outbox) {
        self.inner.on_link(now, port, up, out);
    }

    fn on_order(&mut self, now: Timestamp, order: &Order, out: &mut Outbox) -> bool {
        self.inner.on_order(now, order, out)
    }

    fn tables(&self, now: Timestamp) -> Vec<Table> {
        self.inner.tables(now)
    }

    fn counter(&self, name: &str) -> Option<u64> {
        match name {
            "held-back" => Some(self.held_back),
            _ => self.inner.counter(name),
        }
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self.inner.as_any()
    }
}
