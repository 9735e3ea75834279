//! When and where each frame of the capture enters: at its sender's port, at the time at which it must have left there
//! to be seen when it was seen (R4, R5, R6).

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::Map;
use super::captured::{Capture, CapturedFrame};
use super::copies;
use super::giants::{self, DatagramLens, Offload};
use super::identity::Identities;
use super::mapping::{Mapping, Place, Seat, seats};
use super::pace::{Clock, Pace};
use super::paths::{self, Way};
use super::rewrite::Rewriter;
use crate::base::{MacAddr, Timestamp};
use crate::packet::Direction;
use crate::sim::device::Bridge;
use crate::sim::engine::{Engine, Fed};
use crate::sim::frame::FrameRef;
use crate::sim::record::{DeviceId, PortId};
use crate::sim::stack::octets::update_checksum;
use crate::wire::Frame;

/// Where packets enter that a router brings from beyond.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Remote {
    /// At the router's port, as if it had just sent them.
    #[default]
    Edge,
    /// At the cloud or host beyond the router, which then forwards them itself.
    Origin,
}

/// What becomes of a frame of the capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It enters.
    Enters,
    /// It is a copy of an earlier frame that the mirror port made: evidence, not input.
    MirrorCopy {
        /// The number of that frame.
        of: u64,
    },
    /// The simulated switch sends such messages itself.
    OfSwitch,
    /// Its sender has no place in the topology.
    Unmapped,
    /// It is an offloaded giant, and those were to be dropped.
    Giant,
    /// The capture says it was received, yet its sender is the capturing host.
    CameBack,
}

/// One frame of the capture in the plan.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Its number in the capture.
    pub number: u64,
    /// Index of it in the capture.
    pub index: usize,
    /// What becomes of it.
    pub fate: Fate,
    /// Where it enters.
    pub ingress: Option<(DeviceId, PortId)>,
    /// When it enters.
    pub at: Timestamp,
    /// When it should pass the point where the capture was taken.
    pub expected: Timestamp,
    /// The first frame number of its pieces, if it was cut, and how many there are.
    pub pieces: Option<(u64, u32)>,
    /// True if it starts beyond a router, which makes the frame of the capture anew.
    pub from_origin: bool,
}

/// The whole plan.
#[derive(Debug, Default)]
pub struct Plan {
    /// Each frame of the capture.
    pub entries: Vec<Entry>,
    /// Where the capture says another sender than the MAC address does (R8), in sentences with the frame's number.
    pub contradictions: Vec<(u64, String)>,
    /// How many there are.
    pub contradiction_count: u64,
    /// Packets that should start beyond a router and could not, with the reason.
    pub not_from_origin: BTreeMap<&'static str, u64>,
    /// Time by which everything is later than in the capture, so that the first frame can leave its sender in time.
    pub lead_nanos: u64,
    /// Frames whose time was moved to keep the order of their sender.
    pub moved: u64,
    /// Numbers from here on are given to frames that the simulation makes.
    pub next_number: u64,
    /// Frames that were cut into pieces.
    pub split: u64,
    /// Frames longer than a link may carry that no card cuts.
    pub uncut: u64,
    /// Ports on the ways from the senders to the point where the capture was taken. Their faults strike no more: what was
    /// seen at the point had arrived there.
    pub before_point: BTreeSet<(DeviceId, PortId)>,
    /// Senders from which no way leads to the point where the capture was taken.
    pub no_way: Vec<(DeviceId, PortId)>,
    /// Values replaced, with `--rewrite`.
    pub rewritten: u64,
}

/// What the plan is made from.
#[derive(Debug)]
pub(super) struct Planner<'a> {
    pub engine: &'a Engine,
    pub capture: &'a Capture,
    pub identities: &'a Identities,
    pub mapping: &'a Mapping,
    pub point: Option<(DeviceId, PortId)>,
    pub pace: Pace,
    pub remote: Remote,
    pub offload: Offload,
    pub rewriter: Option<Rewriter>,
}

/// Where a packet from beyond a router starts.
#[derive(Clone, Debug)]
struct Origin {
    seat: (DeviceId, PortId),
    mac: MacAddr,
    way: Way,
}

impl Planner<'_> {
    /// Makes the plan, and the frames in the order in which they enter.
    pub fn plan(mut self) -> (Plan, Vec<Fed>) {
        let copies = copies::find(self.capture);
        let entries = Vec::with_capacity(self.capture.frames.len());
        let mut plan = Plan { entries, next_number: self.capture.packets + 1, ..Plan::default() };
        let mut rewriter = self.rewriter.take();
        let seats = seats(self.engine);
        let mut ways: Map<(DeviceId, PortId), Option<Way>> = Map::default();
        let mut origins: Map<(DeviceId, IpAddr), Option<Origin>> = Map::default();
        let mut feed: Vec<(i64, u32, Fed)> = Vec::with_capacity(self.capture.frames.len());
        let mut clock = Clock::new(self.pace);
        let mut lens: Option<DatagramLens> = None;
        for (index, frame) in self.capture.frames.iter().enumerate() {
            let shown = clock.of(frame.at);
            let mut entry = Entry {
                number: frame.number,
                index,
                fate: Fate::Enters,
                ingress: None,
                at: Timestamp::ZERO,
                expected: Timestamp::from_nanos(shown),
                pieces: None,
                from_origin: false,
            };
            let place = self.mapping.of(frame.source()).copied();
            let copy = copies.get(&index).copied().filter(|copy| {
                // A router that the capture saw on both sides made a new frame, which is no copy of the mirror port.
                let by_router = place.is_some_and(|place| self.engine.device(place.device).kind() == "router");
                let hop = !copy.same_link && by_router && self.remote == Remote::Edge;
                !hop && plan.entries[copy.of].fate == Fate::Enters
            });
            entry.fate = match (copy, place) {
                (Some(copy), _) => Fate::MirrorCopy { of: self.capture.frames[copy.of].number },
                (None, Some(place)) if place.speaks_itself => Fate::OfSwitch,
                (None, None) => Fate::Unmapped,
                (None, Some(_)) => Fate::Enters,
            };
            let (Fate::Enters, Some(place)) = (entry.fate, place) else {
                plan.entries.push(entry);
                continue;
            };
            let mut ingress = (place.device, place.port);
            if let Some(fate) = self.direction(frame, &mut ingress, &mut plan) {
                entry.fate = fate;
                plan.entries.push(entry);
                continue;
            }
            // Octets other than those of the capture; nearly all frames have none.
            let mut other: Option<Vec<u8>> = None;
            if let Some(rewriter) = &mut rewriter {
                let mut changed = frame.octets().to_vec();
                plan.rewritten += rewriter.apply(&mut changed, frame.captured_len as usize);
                other = Some(changed);
            }
            if self.remote == Remote::Origin {
                let octets = other.as_deref().unwrap_or(frame.octets());
                if let Some((origin, changed)) =
                    self.starting_beyond(frame, octets, place, &seats, &mut origins, &mut plan)
                {
                    ingress = origin.seat;
                    entry.from_origin = true;
                    other = Some(changed);
                }
            }
            if let Some(changed) = self.as_its_sender_sent(other.as_deref().unwrap_or(frame.octets()), ingress) {
                other = Some(changed);
            }
            let octets = other.as_deref().unwrap_or(frame.octets());
            entry.ingress = Some(ingress);
            let mtu = self.engine.link(ingress.0, ingress.1).map_or(u16::MAX, |(options, _)| options.mtu);
            let pieces = match giants::is_too_long(octets, mtu) {
                true if self.offload == Offload::Drop => {
                    entry.fate = Fate::Giant;
                    plan.entries.push(entry);
                    continue;
                }
                true if self.offload == Offload::Split => {
                    let capture = self.capture;
                    let mut usual =
                        |frame: &Frame<'_>| lens.get_or_insert_with(|| DatagramLens::of(capture, mtu)).usual(frame);
                    let pieces = giants::split(octets, mtu, &mut usual);
                    plan.uncut += u64::from(pieces.is_none());
                    pieces
                }
                _ => None,
            };
            let way = match self.point {
                None => None,
                Some(point) => ways
                    .entry(ingress)
                    .or_insert_with(|| {
                        let way = self.way_to(ingress, point);
                        if way.is_none() {
                            plan.no_way.push(ingress);
                        }
                        plan.before_point.extend(way.iter().flat_map(|way| way.ports.iter().copied()));
                        way
                    })
                    .as_ref()
                    .filter(|_| !self.pace.as_is),
            };
            let last_len = pieces.as_ref().and_then(|pieces| pieces.last()).map_or(octets.len(), Vec::len);
            let at = shown as i64 - way.map_or(0, |way| way.unloaded_nanos(last_len) as i64);
            let fed = |frame: FrameRef| Fed { at: Timestamp::ZERO, device: ingress.0, port: ingress.1, frame };
            let entry_index = plan.entries.len() as u32;
            match pieces {
                None => {
                    let whole = match other {
                        None => FrameRef::sharing(frame.number, frame.shared()),
                        Some(octets) => FrameRef::new(frame.number, &octets),
                    };
                    feed.push((at, entry_index, fed(whole)));
                }
                Some(pieces) => {
                    plan.split += 1;
                    entry.pieces = Some((plan.next_number, pieces.len() as u32));
                    for piece in &pieces {
                        feed.push((at, entry_index, fed(FrameRef::new(plan.next_number, piece))));
                        plan.next_number += 1;
                    }
                }
            }
            plan.entries.push(entry);
        }
        self.settle(&mut plan, &mut feed);
        (plan, feed.into_iter().map(|(_, _, fed)| fed).collect())
    }

    fn way_to(&self, from: (DeviceId, PortId), point: (DeviceId, PortId)) -> Option<Way> {
        if from.0 == point.0 {
            return Some(Way::default());
        }
        // A switch is passed by whatever crosses it; a host or router hears only what comes to the port.
        let into = match self.engine.device(point.0).kind() {
            "switch" | "hub" => None,
            _ => Some(point.1),
        };
        let through = self.remote == Remote::Origin;
        paths::find(self.engine, from, point.0, into, through).or_else(|| match through {
            // The point may lie behind the router's own port: what leaves there was made by the router.
            true => paths::find(self.engine, from, point.0, None, true),
            false => None,
        })
    }

    /// A switch with VLANs puts tags on and takes them off; where the capture was taken on its other side, the frame is
    /// given back the form in which its sender sent it.
    fn as_its_sender_sent(&self, octets: &[u8], ingress: (DeviceId, PortId)) -> Option<Vec<u8>> {
        let (device, port) = self.engine.peer(ingress.0, ingress.1)?;
        let bridge = self.engine.device(device).as_any().downcast_ref::<Bridge>()?;
        let tag = match octets.get(12..16) {
            Some([0x81, 0x00, high, low]) => Some(u16::from_be_bytes([high & 0x0f, *low])),
            _ => None,
        };
        match tag {
            Some(tag) if bridge.is_access(port) && bridge.vlan_of(port, Some(tag)) == Some(tag) => {
                Some([&octets[..12], &octets[16..]].concat())
            }
            None if bridge.vlan_of(port, None).is_none() => {
                let vlan = self.vlan_at_point()?;
                let tag = [0x81, 0x00, (vlan >> 8) as u8, vlan as u8];
                bridge.tags_on(port, vlan).then(|| [&octets[..12], &tag, &octets[12..]].concat())
            }
            _ => None,
        }
    }

    /// The VLAN of the access port where the capture was taken.
    fn vlan_at_point(&self) -> Option<u16> {
        let point = self.point?;
        let own = self.engine.device(point.0).as_any().downcast_ref::<Bridge>().map(|bridge| (bridge, point.1));
        let (bridge, port) = match own {
            Some(own) => own,
            None => {
                let (device, port) = self.engine.peer(point.0, point.1)?;
                (self.engine.device(device).as_any().downcast_ref::<Bridge>()?, port)
            }
        };
        bridge.vlan_of(port, None).filter(|vlan| *vlan != 0)
    }

    /// What the capture itself says of the direction overrules the MAC address (R8).
    fn direction(&self, frame: &CapturedFrame, ingress: &mut (DeviceId, PortId), plan: &mut Plan) -> Option<Fate> {
        let point = self.point?;
        if matches!(self.engine.device(point.0).kind(), "switch" | "hub") {
            // At a switch, "sent" only says that the frame left by that port.
            return None;
        }
        let mut contradict = |sentence: String| {
            plan.contradiction_count += 1;
            if plan.contradictions.len() < 100 {
                plan.contradictions.push((frame.number, sentence));
            }
        };
        match frame.direction? {
            Direction::Outbound if ingress.0 != point.0 => {
                let name = self.engine.name(point.0);
                contradict(format!(
                    "the capture says it was sent at {name}, yet its source {} is {}: it enters at {name}",
                    frame.source(),
                    self.engine.name(ingress.0)
                ));
                *ingress = point;
                None
            }
            Direction::Inbound if *ingress == point => {
                contradict(format!(
                    "the capture says it was received, yet its source {} is {} itself: it does not enter",
                    frame.source(),
                    self.engine.name(point.0)
                ));
                Some(Fate::CameBack)
            }
            _ => None,
        }
    }

    /// Starts a packet beyond the router that brought it: on the far link, with a TTL that the routers will lower to
    /// what was captured (R5).
    fn starting_beyond(
        &self,
        frame: &CapturedFrame,
        octets: &[u8],
        place: Place,
        seats: &[Seat],
        origins: &mut Map<(DeviceId, IpAddr), Option<Origin>>,
        plan: &mut Plan,
    ) -> Option<(Origin, Vec<u8>)> {
        if self.engine.device(place.device).kind() != "router" {
            return None;
        }
        let source = match octets.get(12..14)? {
            [0x08, 0x00] => IpAddr::V4(<[u8; 4]>::try_from(octets.get(26..30)?).ok()?.into()),
            [0x86, 0xdd] => IpAddr::V6(<[u8; 16]>::try_from(octets.get(22..38)?).ok()?.into()),
            _ => return None,
        };
        let own = seats.iter().any(|seat| seat.device == place.device && seat.addresses.iter().any(|a| a.0 == source));
        let claimed = self
            .identities
            .station(frame.source())
            .is_some_and(|station| station.addresses.iter().any(|seen| seen.address == source && seen.claimed));
        if own || claimed || self.identities.is_local(source) || frame.destination().is_group() {
            return None;
        }
        let found = origins.entry((place.device, source)).or_insert_with(|| self.origin(source, place, seats));
        let Some(origin) = found.clone() else {
            *plan.not_from_origin.entry("there is no cloud beyond the router").or_default() += 1;
            return None;
        };
        let hops = origin.way.routers.len() as u32;
        let (first, entered) = *origin.way.routers.first()?;
        let to = seats.iter().find(|seat| (seat.device, seat.port) == (first, entered))?.mac;
        let ttl_at = if source.is_ipv4() { 22 } else { 21 };
        let ttl = u32::from(octets[ttl_at]) + hops;
        let Ok(ttl) = u8::try_from(ttl) else {
            *plan.not_from_origin.entry("its TTL cannot have been higher").or_default() += 1;
            return None;
        };
        let mut changed = octets.to_vec();
        changed[..6].copy_from_slice(&to.octets());
        changed[6..12].copy_from_slice(&origin.mac.octets());
        if source.is_ipv4() {
            let old = [changed[22], changed[23]];
            let stored = u16::from_be_bytes([changed[24], changed[25]]);
            let sum = update_checksum(stored, &old, &[ttl, old[1]]);
            changed[24..26].copy_from_slice(&sum.to_be_bytes());
        }
        changed[ttl_at] = ttl;
        Some((origin, changed))
    }

    fn origin(&self, source: IpAddr, place: Place, seats: &[Seat]) -> Option<Origin> {
        let by_net = self.mapping.net_of(source).map(|(device, port)| match self.engine.device(device).kind() {
            // `-> r1.wan` means whatever is at the other end of that cable.
            "router" => self.engine.peer(device, port).unwrap_or((device, port)),
            _ => (device, port),
        });
        let owner = seats.iter().find(|seat| seat.kind != "router" && seat.addresses.iter().any(|a| a.0 == source));
        let owner = owner.map(|seat| (seat.device, seat.port));
        let clouds = seats.iter().filter(|seat| seat.kind == "cloud").map(|seat| (seat.device, seat.port));
        let into_lan = |way: &Way| {
            // The packet must come into the router by another port than the one it leaves by.
            way.routers.last().is_some_and(|(_, entered)| *entered != place.port)
        };
        by_net.into_iter().chain(owner).chain(clouds).find_map(|seat| {
            // One link beyond the router, so that the router itself counts among those crossed.
            let neighbour = paths::neighbours(self.engine, (place.device, place.port)).into_iter().next();
            let behind = neighbour.or_else(|| self.engine.peer(place.device, place.port))?;
            let way = paths::find(self.engine, seat, behind.0, Some(behind.1), true).filter(into_lan)?;
            way.routers.iter().any(|(device, _)| *device == place.device).then_some(())?;
            let mac = seats.iter().find(|found| (found.device, found.port) == seat)?.mac;
            Some(Origin { seat, mac, way })
        })
    }

    /// Moves everything so that nothing leaves before the start, keeps the order of each sender, and sorts.
    fn settle(&self, plan: &mut Plan, feed: &mut [(i64, u32, Fed)]) {
        let earliest = feed.iter().map(|(at, ..)| *at).min().unwrap_or(0);
        plan.lead_nanos = earliest.min(0).unsigned_abs();
        let mut free: Map<(DeviceId, PortId), u64> = Map::default();
        let mut last = 0u64;
        for (at, entry, fed) in feed.iter_mut() {
            let sender = (fed.device, fed.port);
            let mut when = (*at + plan.lead_nanos as i64).max(0) as u64;
            let before = free.get(&sender).copied().unwrap_or(0);
            if self.pace.top_speed {
                when = before.max(last);
                last = when;
                let wire = self
                    .engine
                    .link(fed.device, fed.port)
                    .map_or(0, |(link, _)| link.wire_nanos(fed.frame.octets().len()));
                free.insert(sender, when + wire);
            } else {
                if when < before {
                    plan.moved += 1;
                    when = before;
                }
                free.insert(sender, when);
            }
            fed.at = Timestamp::from_nanos(when);
            plan.entries[*entry as usize].at = fed.at;
        }
        for entry in &mut plan.entries {
            entry.expected = entry.expected.after_nanos(plan.lead_nanos);
        }
        feed.sort_by_key(|(_, _, fed)| fed.at);
    }
}
