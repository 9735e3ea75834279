//! The frames of a capture as they would stand on an Ethernet wire: odd ones are made whole, or listed with a reason
//! (R8).

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::rc::Rc;

use super::Map;
use super::fcs::{self, Stored};
use crate::base::{MacAddr, Timestamp, limits};
use crate::packet::{Direction, Item, PacketSource, RawPacket, Remark, SourceError};
use crate::sim::frame::ETHERNET_HEADER_LEN;
use crate::wire::{self, IssueCode, Layer, LinkType};

/// A frame of a capture, from the destination address on and without its check sequence.
#[derive(Clone, Debug)]
pub struct CapturedFrame {
    /// Its number in the capture, from 1.
    pub number: u64,
    /// When it was captured.
    pub at: Timestamp,
    /// The interface of the capture it came from.
    pub interface: u32,
    /// Which way it went past the capturing host, where the capture knows.
    pub direction: Option<Direction>,
    /// Octets of it that were captured; the rest, up to its length on the wire, is zeros.
    pub captured_len: u32,
    /// True if it had a stored check sequence, which was taken off.
    pub had_fcs: bool,
    /// True if the capture has no MAC addresses for it, so that they were made.
    pub made_macs: bool,
    octets: Rc<[u8]>,
}

impl CapturedFrame {
    /// Its octets.
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// Its octets, to be shared with whoever carries it through the network.
    pub(super) fn shared(&self) -> Rc<[u8]> {
        Rc::clone(&self.octets)
    }

    /// Destination.
    pub fn destination(&self) -> MacAddr {
        MacAddr::from_slice(&self.octets).unwrap_or_default()
    }

    /// Source.
    pub fn source(&self) -> MacAddr {
        MacAddr::from_slice(&self.octets[6..]).unwrap_or_default()
    }

    /// True if fewer octets were captured than there were on the wire.
    pub fn was_cut(&self) -> bool {
        (self.captured_len as usize) < self.octets.len()
    }

    /// What it says.
    pub fn decode(&self) -> wire::Frame<'_> {
        let captured = &self.octets[..(self.captured_len as usize).min(self.octets.len())];
        wire::decode(LinkType::ETHERNET, captured, self.octets.len() as u32)
    }
}

/// Why a packet of a capture cannot stand on an Ethernet wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Odd {
    /// Fewer octets than an Ethernet header.
    Runt,
    /// Its link type has neither MAC addresses nor IP addresses from which they could be made.
    LinkType(u16),
    /// Linux cooked or raw, without an IP address to make MAC addresses from.
    NoAddress,
    /// It never left its host: it went over the loopback interface.
    Loopback,
    /// More frames than are kept.
    TooMany,
}

impl Odd {
    /// The stable name.
    pub const fn code(self) -> &'static str {
        match self {
            Odd::Runt => "runt",
            Odd::LinkType(_) => "link-type",
            Odd::NoAddress => "no-address",
            Odd::Loopback => "loopback",
            Odd::TooMany => "too-many",
        }
    }

    /// The reason in words.
    pub fn sentence(self) -> String {
        match self {
            Odd::Runt => "shorter than an Ethernet header".to_owned(),
            Odd::LinkType(number) => {
                format!("link type {} is not Ethernet and names no sender", LinkType(number).name())
            }
            Odd::NoAddress => "has neither MAC addresses nor IP addresses to make them from".to_owned(),
            Odd::Loopback => "went over the loopback interface: it never was on a wire".to_owned(),
            Odd::TooMany => format!("comes after the {} frames that are kept", limits::MAX_REPLAY_FRAMES),
        }
    }
}

/// A capture, read whole.
#[derive(Debug, Default)]
pub struct Capture {
    /// Its frames, by time; frames of equal time in the order of the file.
    pub frames: Vec<CapturedFrame>,
    /// Packets that cannot be put on a wire: why, how many, and the first of them.
    pub odd: BTreeMap<Odd, (u64, Vec<u64>)>,
    /// What the source said beside its packets.
    pub remarks: Vec<Remark>,
    /// Packets read.
    pub packets: u64,
    /// Pairs of frames whose times ran backwards in the file.
    pub backwards: u64,
    /// Frames whose stored check sequence did not fit them: they were damaged when they were captured.
    pub wrong_fcs: u64,
    /// Frames that should end with a check sequence, as the file says of their interface, and did not.
    pub no_fcs: u64,
}

/// Packets listed by number of one kind.
const LISTED: usize = 20;

/// A packet without MAC addresses, waiting until all that could tell them has been seen.
#[derive(Debug)]
struct Bare {
    index: usize,
    link: LinkType,
    octets: Vec<u8>,
    wire_len: usize,
}

impl Capture {
    /// Reads a source to its end, of which nothing is known but its packets.
    ///
    /// # Errors
    /// Those of the source; what was read before is lost.
    pub fn read(source: &mut dyn PacketSource) -> Result<Capture, SourceError> {
        Capture::read_with(source, &|_| None)
    }

    /// Reads a source to its end. `fcs_len` tells of an interface how many octets of check sequence its frames end with,
    /// where the file says so (`if_fcslen` of a pcapng); where it does not, each frame is looked at.
    ///
    /// # Errors
    /// Those of the source; what was read before is lost.
    pub fn read_with(
        source: &mut dyn PacketSource,
        fcs_len: &dyn Fn(u32) -> Option<u8>,
    ) -> Result<Capture, SourceError> {
        let mut told: Option<(u32, Option<u8>)> = None;
        let mut capture = Capture::default();
        let mut bare = Vec::new();
        let mut last = Timestamp::ZERO;
        let mut octets_kept = 0usize;
        while let Some(item) = source.next_item()? {
            match item {
                Item::Idle => {}
                Item::Remark(remark) => {
                    if capture.remarks.len() < limits::MAX_FINDINGS {
                        capture.remarks.push(remark);
                    }
                }
                Item::Packet(raw) => {
                    capture.packets += 1;
                    capture.backwards += u64::from(raw.meta.at < last);
                    last = raw.meta.at;
                    octets_kept += raw.meta.wire_len as usize;
                    if capture.frames.len() + bare.len() >= limits::MAX_REPLAY_FRAMES
                        || octets_kept > limits::MAX_REPLAY_OCTETS
                    {
                        capture.set_aside(Odd::TooMany, capture.packets);
                        continue;
                    }
                    let fcs_len = match told {
                        Some((interface, len)) if interface == raw.meta.interface => len,
                        _ => {
                            let len = fcs_len(raw.meta.interface);
                            told = Some((raw.meta.interface, len));
                            len
                        }
                    };
                    capture.take(&raw, fcs_len, &mut bare);
                }
            }
        }
        capture.dress(bare);
        // Several files merge by time, then by the order in which they were given.
        capture.frames.sort_by_key(|frame| frame.at);
        Ok(capture)
    }

    fn set_aside(&mut self, odd: Odd, number: u64) {
        let (count, first) = self.odd.entry(odd).or_default();
        *count += 1;
        if first.len() < LISTED {
            first.push(number);
        }
    }

    fn take(&mut self, raw: &RawPacket<'_>, fcs_len: Option<u8>, bare: &mut Vec<Bare>) {
        let number = self.packets;
        match raw.meta.link {
            LinkType::ETHERNET => {
                if raw.bytes.len() < ETHERNET_HEADER_LEN {
                    return self.set_aside(Odd::Runt, number);
                }
                let wire_len = (raw.meta.wire_len as usize).clamp(raw.bytes.len(), limits::MAX_REPLAY_FRAME_LEN);
                let stored = fcs::stored(raw, wire_len, fcs_len);
                self.wrong_fcs += u64::from(stored == Stored::Wrong);
                self.no_fcs += u64::from(stored == Stored::Missing);
                let body = wire_len - stored.len(fcs_len);
                let bytes = &raw.bytes[..raw.bytes.len().min(body)];
                let octets = if body > bytes.len() { zero_filled(bytes, body) } else { Rc::from(bytes) };
                let had_fcs = stored.is_there();
                // Linux gives frames over its loopback interface an Ethernet header of zeros.
                if octets[..12] == [0; 12] {
                    return self.set_aside(Odd::Loopback, number);
                }
                self.push(raw, number, octets, had_fcs);
            }
            LinkType::NULL
            | LinkType::LOOP
            | LinkType::RAW
            | LinkType(12 | 14)
            | LinkType::IPV4
            | LinkType::IPV6
            | LinkType::LINUX_SLL
            | LinkType::LINUX_SLL2 => {
                let wire_len = (raw.meta.wire_len as usize).clamp(raw.bytes.len(), limits::MAX_REPLAY_FRAME_LEN);
                let octets = raw.bytes.to_vec();
                bare.push(Bare { index: self.frames.len(), link: raw.meta.link, octets, wire_len });
                self.push(raw, number, Rc::from(&[][..]), false);
            }
            LinkType(other) => self.set_aside(Odd::LinkType(other), number),
        }
    }

    fn push(&mut self, raw: &RawPacket<'_>, number: u64, octets: Rc<[u8]>, had_fcs: bool) {
        let captured_len = raw.bytes.len().min(octets.len()) as u32;
        self.frames.push(CapturedFrame {
            number,
            at: raw.meta.at,
            interface: raw.meta.interface,
            direction: raw.meta.direction,
            captured_len,
            had_fcs,
            made_macs: false,
            octets,
        });
    }

    /// Gives packets without MAC addresses an Ethernet header.
    fn dress(&mut self, bare: Vec<Bare>) {
        if bare.is_empty() {
            return;
        }
        let mut macs = Macs::default();
        for packet in &bare {
            macs.see(packet);
        }
        let mut keep = vec![true; self.frames.len()];
        for packet in &bare {
            match macs.dress(packet) {
                Ok(octets) => {
                    let frame = &mut self.frames[packet.index];
                    frame.captured_len = octets.len() as u32;
                    let cut = packet.wire_len - packet.octets.len();
                    frame.octets = zero_filled(&octets, octets.len() + cut);
                    frame.made_macs = true;
                }
                Err(odd) => {
                    keep[packet.index] = false;
                    let number = self.frames[packet.index].number;
                    self.set_aside(odd, number);
                }
            }
        }
        let mut keep = keep.into_iter();
        self.frames.retain(|_| keep.next().unwrap_or(true));
    }
}

/// The link-layer group of an IP group (RFC 1112 §6.4, RFC 2464 §7).
pub(super) fn group_mac(group: IpAddr) -> MacAddr {
    match group {
        IpAddr::V4(v4) => {
            let [_, a, b, c] = v4.octets();
            MacAddr([0x01, 0x00, 0x5e, a & 0x7f, b, c])
        }
        IpAddr::V6(v6) => {
            let octets = v6.octets();
            MacAddr([0x33, 0x33, octets[12], octets[13], octets[14], octets[15]])
        }
    }
}

fn zero_filled(bytes: &[u8], len: usize) -> Rc<[u8]> {
    let mut octets = Vec::with_capacity(len);
    octets.extend_from_slice(bytes);
    octets.resize(len, 0);
    octets.into()
}

/// MAC addresses for packets that came without them.
#[derive(Debug, Default)]
struct Macs {
    /// The capturing host, as far as cooked packets name it.
    own: Option<MacAddr>,
    by_address: Map<IpAddr, MacAddr>,
    made: u32,
}

impl Macs {
    fn see(&mut self, packet: &Bare) {
        let frame = wire::decode(packet.link, &packet.octets, packet.octets.len() as u32);
        let Some(Layer::Sll(sll)) = frame.layers().first().map(|located| located.layer) else { return };
        let Some(source) = sll.source().filter(|mac| *mac != MacAddr::ZERO) else { return };
        if sll.packet_type() == 4 {
            self.own.get_or_insert(source);
        }
        let said = frame.arp().and_then(|arp| arp.sender_ip()).map(IpAddr::V4);
        let said = said.or_else(|| frame.ip().map(|ip| ip.source()));
        if let Some(address) = said.filter(|_| self.by_address.len() < limits::MAX_REPLAY_STATIONS) {
            self.by_address.entry(address).or_insert(source);
        }
    }

    fn of(&mut self, address: IpAddr) -> MacAddr {
        let is_all = matches!(address, IpAddr::V4(v4) if v4.is_broadcast());
        if is_all {
            return MacAddr::BROADCAST;
        }
        if address.is_multicast() {
            return group_mac(address);
        }
        if let Some(mac) = self.by_address.get(&address) {
            return *mac;
        }
        self.made += 1;
        let [_, high, middle, low] = self.made.to_be_bytes();
        let mac = MacAddr([0x02, 0x00, 0x00, high, middle, low]);
        if self.by_address.len() < limits::MAX_REPLAY_STATIONS {
            self.by_address.insert(address, mac);
        }
        mac
    }

    fn dress(&mut self, packet: &Bare) -> Result<Vec<u8>, Odd> {
        let frame = wire::decode(packet.link, &packet.octets, packet.octets.len() as u32);
        if frame.issues().iter().any(|issue| matches!(issue.code, IssueCode::Cut)) && frame.layers().is_empty() {
            return Err(Odd::Runt);
        }
        let ends = frame.ip().map(|ip| (ip.source(), ip.destination()));
        if ends.is_some_and(|(source, destination)| source.is_loopback() && destination.is_loopback()) {
            return Err(Odd::Loopback);
        }
        let arp = frame.arp().and_then(|arp| Some((IpAddr::V4(arp.sender_ip()?), IpAddr::V4(arp.target_ip()?))));
        let (source, destination, ether_type, skip) = match frame.layers().first().map(|located| located.layer) {
            Some(Layer::Sll(sll)) => {
                let source = sll.source().filter(|mac| *mac != MacAddr::ZERO);
                let source = match (source, ends.or(arp)) {
                    (Some(mac), _) => mac,
                    (None, Some((source, _))) => self.of(source),
                    (None, None) => return Err(Odd::NoAddress),
                };
                let destination = match (sll.packet_type(), ends.or(arp)) {
                    (1, _) => MacAddr::BROADCAST,
                    (0, _) if self.own.is_some_and(|own| own != source) => self.own.unwrap_or_default(),
                    (_, Some((_, destination))) => self.of(destination),
                    (_, None) => return Err(Odd::NoAddress),
                };
                (source, destination, sll.protocol(), if sll.version() == 1 { 16 } else { 20 })
            }
            _ => {
                let Some((source, destination)) = ends else { return Err(Odd::NoAddress) };
                let ether_type = if source.is_ipv4() { 0x0800 } else { 0x86dd };
                let skip = if matches!(packet.link, LinkType::NULL | LinkType::LOOP) { 4 } else { 0 };
                (self.of(source), self.of(destination), ether_type, skip)
            }
        };
        let mut octets = Vec::with_capacity(ETHERNET_HEADER_LEN + packet.octets.len());
        octets.extend_from_slice(&destination.octets());
        octets.extend_from_slice(&source.octets());
        octets.extend_from_slice(&ether_type.to_be_bytes());
        octets.extend_from_slice(packet.octets.get(skip..).unwrap_or_default());
        Ok(octets)
    }
}
