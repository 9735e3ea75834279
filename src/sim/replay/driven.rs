//! Conversations of a capture, driven anew through the live stacks of a topology, and what changed (R9).

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;

use super::Map;
use super::captured::Capture;
use super::identity::{Class, Identities};
use super::mapping::{MapLine, Mapping, Seat, seats};
use super::paths;
use super::run::{ReplayError, ReplayOptions};
use super::script::{self, Part};
use super::talk::{Follower, Measure, Side, Talk, Talks};
use crate::base::Timestamp;
use crate::sim::device::Node;
use crate::sim::engine::{Engine, Stopped};
use crate::sim::film::Film;
use crate::sim::ledger::Conservation;
use crate::sim::order::Order;
use crate::sim::record::{DeviceId, EventKind, PortId, Value};
use crate::sim::scenario::{RunOptions, Scenario};
use crate::wire::{self, LinkType};

/// What is done with TCP connections whose opening the capture does not show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mid {
    /// They are not driven.
    #[default]
    Skip,
    /// They are opened where the capture begins to show them.
    Open,
}

/// A conversation, captured and simulated.
#[derive(Clone, Debug)]
pub struct DrivenTalk {
    /// As captured.
    pub talk: Talk,
    /// The boxes that play initiator and responder.
    pub devices: Option<[DeviceId; 2]>,
    /// Why it was not driven, if it was not.
    pub left_out: Option<&'static str>,
    /// What was measured in the simulation, at the initiator's port.
    pub simulated: Option<Measure>,
    /// Datagrams that a side waited for in vain, and then went on.
    pub given_up: u64,
    /// The error with which a side ended early, and which side.
    pub error: Option<(Side, String)>,
}

/// A drive that is done.
#[derive(Debug)]
pub struct Driven {
    /// The conversations, in the order of their first packets.
    pub talks: Vec<DrivenTalk>,
    /// Conversations beyond those kept.
    pub not_kept: u64,
    /// Datagrams from hosts that had no address yet, which are not driven: nobody could answer them.
    pub without_source: u64,
    /// Datagrams that are not driven because the capture has not all of their fragments.
    pub fragments: u64,
    /// The network at its end.
    pub engine: Engine,
    /// The books (R11).
    pub books: Result<Conservation, String>,
    /// Why it stopped.
    pub stopped: Stopped,
    /// The seed.
    pub seed: u64,
    /// The film of the run, if one was asked for.
    pub film: Option<Film>,
}

/// Where one end of a conversation is in the topology.
#[derive(Clone, Copy, Debug)]
struct Stand {
    device: DeviceId,
    port: PortId,
    address: IpAddr,
}

impl Driven {
    /// Drives the conversations of a capture through a topology.
    ///
    /// # Errors
    /// When a map line is wrong.
    pub fn run(
        capture: &Capture,
        scenario: &Scenario,
        options: &ReplayOptions,
        mid: Mid,
    ) -> Result<Driven, ReplayError> {
        let identities = Identities::of(capture, &options.nets);
        let mut lines = Vec::new();
        for line in options.map.iter().chain(scenario.map.iter().map(|(_, line)| line)) {
            lines.push(MapLine::parse(line, scenario).map_err(ReplayError::Usage)?);
        }
        let run_options = RunOptions {
            seed: options.seed,
            tap_all: options.tap_all,
            onlooker: options.onlooker.clone(),
            ..RunOptions::default()
        };
        let mut engine = scenario.network(&run_options);
        if !options.every_step {
            engine.record_only_changes();
        }
        let mapping = Mapping::new(&identities, &engine, scenario, &lines, options.auto, options.unmapped);
        let stands = Stands { identities: &identities, mapping: &mapping, seats: seats(&engine) };
        let found = Talks::of(capture);
        let mut talks: Vec<DrivenTalk> = Vec::with_capacity(found.talks.len());
        let mut places: Vec<Option<[Stand; 2]>> = Vec::with_capacity(found.talks.len());
        for talk in found.talks {
            let (place, left_out) = match stands.of_talk(&talk) {
                _ if !talk.was_opened && mid == Mid::Skip => (None, Some("its opening was not captured (--mid open)")),
                Some([a, b]) if a.device == b.device && !talk.to_group => (None, Some("both ends are the same box")),
                Some(place) => (Some(place), None),
                None => (None, Some("an end has no place in the topology")),
            };
            places.push(place);
            let devices = place.map(|place| place.map(|stand| stand.device));
            talks.push(DrivenTalk { talk, devices, left_out, simulated: None, given_up: 0, error: None });
        }
        let epoch = capture.frames.first().map_or(Timestamp::ZERO, |frame| frame.at);
        start(&mut engine, &talks, &places, epoch);
        for place in places.iter().flatten() {
            engine.tap(place[0].device, place[0].port);
        }
        let last = capture.frames.last().map_or(Timestamp::ZERO, |frame| frame.at);
        // What takes longer than the capture, by waiting for what was lost, gets its time; programs that wait do not.
        let until = Timestamp::from_nanos(last.nanos_since(epoch)).after_nanos(600_000_000_000);
        let until = options.until.unwrap_or(until);
        let (film, stopped) = if options.film {
            let (film, stopped) = Film::shoot(&mut engine, until, true);
            (Some(film), stopped)
        } else {
            (None, engine.run(until, u64::MAX, true))
        };
        measure(&engine, &mut talks, &places);
        hear(&engine, &mut talks, &places);
        let books = engine.conservation();
        Ok(Driven {
            talks,
            not_kept: found.not_kept,
            without_source: found.without_source,
            fragments: found.fragments,
            engine,
            books,
            stopped,
            seed: options.seed.unwrap_or(scenario.seed),
            film,
        })
    }
}

struct Stands<'a> {
    identities: &'a Identities,
    mapping: &'a Mapping,
    seats: Vec<Seat>,
}

impl Stands<'_> {
    fn of_talk(&self, talk: &Talk) -> Option<[Stand; 2]> {
        let initiator = self.of(talk.ends[0].ip())?;
        match talk.to_group {
            // Nobody in particular receives it: only who says it has a place.
            true => Some([initiator, Stand { address: talk.ends[1].ip(), ..initiator }]),
            false => Some([initiator, self.of(talk.ends[1].ip())?]),
        }
    }

    fn of(&self, address: IpAddr) -> Option<Stand> {
        let stand = |seat: &Seat, address| Stand { device: seat.device, port: seat.port, address };
        let exact = self.seats.iter().find(|seat| seat.addresses.iter().any(|(own, _)| *own == address));
        if let Some(seat) = exact {
            return Some(stand(seat, address));
        }
        // The box on which its station was placed, with the address that the box has.
        let owner = self.identities.stations.iter().find(|station| {
            station.class != Class::Router
                && (station.own_addresses(&self.identities.subnets).any(|own| own == address)
                    || station.address_by_others(&self.identities.subnets) == Some(address))
        });
        if let Some(place) = owner.and_then(|station| self.mapping.of(station.mac)) {
            let seat = self.seats.iter().find(|seat| (seat.device, seat.port) == (place.device, place.port))?;
            let own = seat.addresses.iter().find(|(own, _)| own.is_ipv4() == address.is_ipv4())?;
            return Some(stand(seat, own.0));
        }
        if let Some((device, port)) = self.mapping.net_of(address) {
            let seat = self.seats.iter().find(|seat| (seat.device, seat.port) == (device, port))?;
            if seat.kind == "cloud" {
                return Some(stand(seat, address));
            }
        }
        let beyond = !self.identities.is_local(address) && address.is_ipv4();
        let cloud = self.seats.iter().find(|seat| seat.kind == "cloud").filter(|_| beyond)?;
        Some(stand(cloud, address))
    }
}

/// The box of an initiator, true for TCP, the other end, and the initiator's port.
type Line = (DeviceId, bool, SocketAddr, u16);

/// Which conversation, what was measured of it, and whether it is over.
type Followed = (usize, Follower, bool);

/// Gives every box its programs.
fn start(engine: &mut Engine, talks: &[DrivenTalk], places: &[Option<[Stand; 2]>], epoch: Timestamp) {
    let mut servers: BTreeMap<(DeviceId, SocketAddr), Vec<Part<'_>>> = BTreeMap::new();
    let mut sockets: BTreeMap<(DeviceId, SocketAddr), Vec<Part<'_>>> = BTreeMap::new();
    let mut clients = Vec::new();
    let mut translators: Map<(DeviceId, DeviceId), bool> = Map::default();
    for (driven, place) in talks.iter().zip(places) {
        let Some([initiator, responder]) = place else { continue };
        let talk = &driven.talk;
        let translated = *translators
            .entry((initiator.device, responder.device))
            .or_insert_with(|| is_translated(engine, initiator, responder));
        let own = |stand: &Stand, side: Side| SocketAddr::new(stand.address, talk.ends[side.index()].port());
        let ends = [(initiator, Side::Initiator, responder), (responder, Side::Responder, initiator)];
        let [calls, answers] = ends.map(|(stand, side, other)| {
            let part = Part { talk, side, peer: other.address, translated };
            (stand.device, own(stand, side), part)
        });
        // Where the capture shows a refusal, nobody listens; a group has no responder.
        let is_answered = !talk.was_refused() && !talk.to_group;
        if talk.is_tcp {
            clients.push(calls);
        } else {
            sockets.entry((calls.0, calls.1)).or_default().push(calls.2);
        }
        if is_answered {
            let list = if talk.is_tcp { &mut servers } else { &mut sockets };
            list.entry((answers.0, answers.1)).or_default().push(answers.2);
        }
    }
    let run = |program| Order::Run(Rc::new(program));
    for ((device, own), parts) in &servers {
        engine.order(Timestamp::ZERO, *device, run(script::server(*own, parts, epoch)));
    }
    for ((device, own), parts) in &sockets {
        engine.order(Timestamp::ZERO, *device, run(script::udp(*own, parts, epoch)));
    }
    for (device, own, part) in clients {
        let at = Timestamp::from_nanos(part.talk.first_at.nanos_since(epoch));
        engine.order(at, device, run(script::client(&part, own.ip())));
    }
}

/// True if a router on the shortest way between two boxes translates addresses.
fn is_translated(engine: &Engine, from: &Stand, to: &Stand) -> bool {
    let Some(way) = paths::find(engine, (from.device, from.port), to.device, None, true) else { return false };
    way.routers.iter().any(|(device, _)| {
        let node = engine.device(*device).as_any().downcast_ref::<Node>();
        node.is_some_and(Node::translates)
    })
}

/// Finds in the records what the programs could not do. Their lines are packets of the capture.
fn hear(engine: &Engine, talks: &mut [DrivenTalk], places: &[Option<[Stand; 2]>]) {
    let mut by_packet: Map<u64, usize> = Map::default();
    for (index, driven) in talks.iter().enumerate().filter(|(index, _)| places[*index].is_some()) {
        by_packet.insert(driven.talk.first_packet, index);
        by_packet.extend(driven.talk.turns.iter().map(|turn| (turn.number, index)));
    }
    for record in engine.records().iter().filter(|record| record.event == EventKind::Call) {
        let Some(detail) = record.detail() else { continue };
        let fact = |name: &str| detail.facts.iter().find(|(key, _)| *key == name).map(|(_, value)| value);
        let text = |name: &str| match fact(name) {
            Some(Value::Text(text)) => &**text,
            _ => "",
        };
        let Some(Value::Count(line)) = fact("script_line") else { continue };
        let Some(index) = by_packet.get(line).copied() else { continue };
        let Some(place) = places[index] else { continue };
        let side = if record.device == place[0].device { Side::Initiator } else { Side::Responder };
        let driven = &mut talks[index];
        match text("result") {
            "ok" | "waits" | "" => {}
            "EAGAIN" => driven.given_up += 1,
            errno => drop(driven.error.get_or_insert_with(|| (side, errno.to_owned()))),
        }
    }
}

/// Measures every conversation at the port of its initiator.
fn measure(engine: &Engine, talks: &mut [DrivenTalk], places: &[Option<[Stand; 2]>]) {
    let mut followers: Map<Line, Vec<Followed>> = Map::default();
    let mut taps: Vec<(DeviceId, PortId)> = Vec::new();
    for (index, (driven, place)) in talks.iter().zip(places).enumerate() {
        let Some([initiator, responder]) = place else { continue };
        let there = SocketAddr::new(responder.address, driven.talk.ends[1].port());
        let key = (initiator.device, driven.talk.is_tcp, there, driven.talk.ends[0].port());
        followers.entry(key).or_default().push((index, Follower::default(), false));
        if !taps.contains(&(initiator.device, initiator.port)) {
            taps.push((initiator.device, initiator.port));
        }
    }
    for (device, port) in taps {
        let Some(tap) = engine.tap_of(device, port) else { continue };
        for tapped in tap.frames() {
            let octets = tapped.frame.octets();
            let frame = wire::decode(LinkType::ETHERNET, octets, octets.len() as u32);
            let (Some(ip), Some((source, destination))) = (frame.ip(), frame.ports()) else { continue };
            let tcp = frame.tcp();
            let is_sent = tapped.direction == crate::packet::Direction::Outbound;
            let (there, own, by) = match is_sent {
                true => (SocketAddr::new(ip.destination(), destination), source, Side::Initiator),
                false => (SocketAddr::new(ip.source(), source), destination, Side::Responder),
            };
            let Some(list) = followers.get_mut(&(device, tcp.is_some(), there, own)) else { continue };
            // The same ports again are the next conversation: it begins with a SYN after the one before was over.
            let at = list.iter().rposition(|(_, follower, _)| follower.measure != Measure::default()).unwrap_or(0);
            let opens = tcp.as_ref().is_some_and(|tcp| tcp.flags().syn() && !tcp.flags().ack());
            let at = if opens && list[at].2 && at + 1 < list.len() { at + 1 } else { at };
            let (_, follower, over) = &mut list[at];
            match tcp {
                Some(tcp) => {
                    follower.tcp(tapped.at, by, &tcp);
                    *over |= tcp.flags().fin() || tcp.flags().rst();
                }
                None => follower.udp(tapped.at, by),
            }
        }
    }
    for (index, follower, _) in followers.into_values().flatten() {
        talks[index].simulated = Some(follower.measure);
    }
}
