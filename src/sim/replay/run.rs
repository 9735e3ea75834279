//! A replay, whole: places, plan, network, run, comparison (R1 to R12).

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;

use super::Map;
use super::captured::Capture;
use super::compare::{self, Comparison};
use super::giants::Offload;
use super::identity::{Class, Identities};
use super::mapping::{By, MapLine, Mapping, Unmapped, seats};
use super::pace::Pace;
use super::paths;
use super::plan::{Fate, Plan, Planner, Remote};
use super::rewrite::Rewriter;
use crate::base::text::count;
use crate::base::{MacAddr, Timestamp};
use crate::sim::device::{Alive, Node, Player, signature};
use crate::sim::engine::{Engine, Fed, Onlooker, Stopped};
use crate::sim::film::Film;
use crate::sim::ledger::Conservation;
use crate::sim::record::{DeviceId, PortId};
use crate::sim::scenario::{RunOptions, Scenario};
use crate::sim::stack::route::Prefix;

/// How a capture is replayed.
#[derive(Clone, Debug, Default)]
pub struct ReplayOptions {
    /// Lines such as `mac 00:00:5e:00:53:01 -> h1`, besides those of the topology.
    pub map: Vec<String>,
    /// Place the rest in order of appearance.
    pub auto: bool,
    /// What becomes of stations without a place.
    pub unmapped: Unmapped,
    /// Where the capture was taken, as `h1` or `sw.3`; else as the topology says, else a guess.
    pub captured_at: Option<String>,
    /// How time passes.
    pub pace: Pace,
    /// Where packets from beyond a router enter.
    pub remote: Remote,
    /// What becomes of offloaded giants.
    pub offload: Offload,
    /// Replace the addresses of the capture by those of the topology.
    pub rewrite: bool,
    /// Boxes that stay alive, besides those of the topology.
    pub live: Vec<String>,
    /// Subnets that are on the link of the capture.
    pub nets: Vec<Prefix>,
    /// Another seed for what is random in the topology.
    pub seed: Option<u64>,
    /// Record every step of every frame, not only what changes.
    pub every_step: bool,
    /// Watch every port.
    pub tap_all: bool,
    /// Stop at this moment of the simulation.
    pub until: Option<Timestamp>,
    /// Film the run step by step; needs `every_step`.
    pub film: bool,
    /// Who is told how far the run is.
    pub onlooker: Option<Onlooker>,
}

/// Why a capture cannot be replayed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// A map line or a name is wrong.
    #[error("{0}")]
    Usage(String),
    /// Stations have no place in the topology.
    #[error("{0}")]
    Unmapped(String),
}

/// A port where a capture was taken, and true if that is a guess.
pub type Point = ((DeviceId, PortId), bool);

/// A replay that is ready to run, or has run.
#[derive(Debug)]
pub struct Replay {
    /// Who is who.
    pub identities: Identities,
    /// Who is where.
    pub mapping: Mapping,
    /// What enters when and where.
    pub plan: Plan,
    /// The network.
    pub engine: Engine,
    /// Where the capture was taken, and true if that is a guess.
    pub point: Option<Point>,
    /// Boxes that are alive though hosts are mute.
    pub live: BTreeSet<DeviceId>,
    /// What is replaced, with `rewrite`.
    pub rewriter: Option<Rewriter>,
    /// Why the run stopped.
    pub stopped: Stopped,
    /// The books; an error is a mistake of netlab's own (R11).
    pub books: Result<Conservation, String>,
    /// The comparison with the capture, if it is known where it was taken.
    pub comparison: Option<Comparison>,
    /// The seed.
    pub seed: u64,
    /// The film of the run, if one was asked for.
    pub film: Option<Film>,
    wants_film: bool,
    until: Option<Timestamp>,
    last_entry: Timestamp,
}

/// After the last frame has entered, a network that does not come to rest is watched for so long.
const REST: u64 = 1_000_000_000;

impl Replay {
    /// Prepares a replay: places the stations, makes the plan, puts players into the network. Nothing has happened yet.
    ///
    /// # Errors
    /// When a line is wrong, or a station has no place and that is not allowed.
    pub fn prepare(capture: &Capture, scenario: &Scenario, options: &ReplayOptions) -> Result<Replay, ReplayError> {
        let usage = ReplayError::Usage;
        let identities = Identities::of(capture, &options.nets);
        let mut lines = Vec::new();
        for line in &options.map {
            lines.push(MapLine::parse(line, scenario).map_err(usage)?);
        }
        for (number, line) in &scenario.map {
            let parsed = MapLine::parse(line, scenario);
            lines.push(parsed.map_err(|why| ReplayError::Usage(format!("{}:{number}: {why}", scenario.name)))?);
        }
        let seed = options.seed.unwrap_or(scenario.seed);
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
        if options.unmapped == Unmapped::Error && !mapping.unmapped.is_empty() {
            return Err(ReplayError::Unmapped(without_place(&mapping, &identities)));
        }
        let point = find_point(&identities, &mapping, scenario, options)?;
        let mut live: BTreeSet<DeviceId> = scenario.live.iter().copied().collect();
        for name in &options.live {
            live.insert(scenario.names.device(name).map_err(ReplayError::Usage)?);
        }
        for device in engine.devices().filter(|device| engine.device(*device).kind() == "router") {
            let has_station = mapping.places().any(|(_, place)| place.device == device);
            if options.remote == Remote::Origin || !has_station {
                live.insert(device);
            }
        }
        take_over(&mut engine, &identities, &mapping, &live, options.rewrite);
        let rewriter = options.rewrite.then(|| Rewriter::new(&identities, &mapping, &seats(&engine)));
        let planner = Planner {
            engine: &engine,
            capture,
            identities: &identities,
            mapping: &mapping,
            point: point.map(|(point, _)| point),
            pace: options.pace,
            remote: options.remote,
            offload: options.offload,
            rewriter: rewriter.clone(),
        };
        let (mut plan, feed) = planner.plan();
        plan.before_point.retain(|(device, port)| engine.spare(*device, *port));
        cast(&mut engine, &identities, &mapping, &live, &feed, options.rewrite);
        if let Some((point, _)) = point {
            engine.tap(point.0, point.1);
        }
        let last_entry = feed.last().map_or(Timestamp::ZERO, |fed| fed.at);
        engine.feed(feed, plan.next_number);
        Ok(Replay {
            identities,
            mapping,
            plan,
            engine,
            point,
            live,
            rewriter,
            stopped: Stopped::EnoughEvents,
            books: Ok(Conservation::default()),
            comparison: None,
            seed,
            film: None,
            wants_film: options.film,
            until: options.until,
            last_entry,
        })
    }

    /// Runs it to its end and compares.
    pub fn run(&mut self, capture: &Capture) {
        let until = self.until.unwrap_or(self.last_entry.after_nanos(REST));
        if self.wants_film {
            let (film, stopped) = Film::shoot(&mut self.engine, until, true);
            (self.film, self.stopped) = (Some(film), stopped);
        } else {
            self.stopped = self.engine.run(until, u64::MAX, true);
        }
        self.books = self.engine.conservation();
        self.comparison = self
            .point
            .map(|(point, _)| compare::compare(&self.engine, capture, &self.plan, point, self.rewriter.as_ref()));
    }

    /// Runs until the frame at `entry` of the plan has entered and everything before the next one has happened.
    pub fn run_to(&mut self, entry: usize) {
        let next = self.plan.entries.get(entry + 1..).unwrap_or_default();
        let next = next.iter().filter(|entry| entry.fate == Fate::Enters).map(|entry| entry.at).min();
        let until = match next {
            Some(next) => Timestamp::from_nanos(next.nanos().saturating_sub(1)),
            None => self.last_entry.after_nanos(REST),
        };
        self.stopped = self.engine.run(until, u64::MAX, true);
        self.books = self.engine.conservation();
    }

    /// For a frame that the simulation made: the frame of the capture that it carries on. Frames of the capture are
    /// known by their own number.
    pub fn numbers(&self) -> impl Fn(u64) -> Option<u64> + use<> {
        let origins = compare::origins(&self.engine, &self.plan);
        let first_made = self.plan.next_number;
        move |id| origins.get(&id).copied().or((id < first_made).then_some(id))
    }

    /// How many frames of the plan came to this fate.
    pub fn count(&self, is: impl Fn(Fate) -> bool) -> u64 {
        self.plan.entries.iter().filter(|entry| is(entry.fate)).count() as u64
    }
}

fn without_place(mapping: &Mapping, identities: &Identities) -> String {
    let mut text = format!(
        "{} station{} of the capture {} no place in the topology:",
        mapping.unmapped.len(),
        if mapping.unmapped.len() == 1 { "" } else { "s" },
        if mapping.unmapped.len() == 1 { "has" } else { "have" }
    );
    for mac in mapping.unmapped.iter().take(50) {
        let Some(station) = identities.station(*mac) else { continue };
        let addresses: Vec<String> = station.addresses.iter().take(3).map(|seen| seen.address.to_string()).collect();
        text.push_str(&format!(
            "\n  {mac}  {} ({}), {}, first in packet {}",
            addresses.join(" "),
            station.class.name(),
            count(station.sent, "frame"),
            station.first.0
        ));
    }
    if mapping.unmapped.len() > 50 {
        text.push_str(&format!("\n  … and {} more", mapping.unmapped.len() - 50));
    }
    text.push_str(
        "\nSay where they are (--map \"mac … -> h1\"), let netlab place them in order (--auto), or let their frames not \
         enter (--unmapped drop) or enter at the cloud (--unmapped cloud)",
    );
    text
}

fn find_point(
    identities: &Identities,
    mapping: &Mapping,
    scenario: &Scenario,
    options: &ReplayOptions,
) -> Result<Option<Point>, ReplayError> {
    if let Some(end) = &options.captured_at {
        return scenario.port(end).map(|point| Some((point, false))).map_err(ReplayError::Usage);
    }
    if let Some(point) = scenario.captured_at {
        return Ok(Some((point, false)));
    }
    let guess = identities.point.as_ref().and_then(|(mac, _)| mapping.of(*mac));
    Ok(guess.filter(|place| place.by != By::Cloud).map(|place| ((place.device, place.port), true)))
}

/// Boxes that stay alive take over the MAC addresses of the capture, and know the mute ones of their links, who would
/// never answer them.
fn take_over(
    engine: &mut Engine,
    identities: &Identities,
    mapping: &Mapping,
    live: &BTreeSet<DeviceId>,
    rewrite: bool,
) {
    let seats = seats(engine);
    if !rewrite {
        for (mac, place) in mapping.places().filter(|(_, place)| live.contains(&place.device) && !place.speaks_itself) {
            if let Some(node) = node_mut(engine, place.device) {
                node.set_mac(usize::from(place.port.0), mac);
            }
        }
    }
    for device in live {
        for seat in seats.iter().filter(|seat| seat.device == *device) {
            let mut known: Vec<(IpAddr, MacAddr)> = Vec::new();
            for (other, port) in paths::neighbours(engine, (seat.device, seat.port)) {
                if live.contains(&other) {
                    continue;
                }
                let Some(there) = seats.iter().find(|seat| (seat.device, seat.port) == (other, port)) else { continue };
                let taken = mapping.places().find(|(_, place)| (place.device, place.port) == (other, port));
                let mac = match taken {
                    Some((mac, _)) if !rewrite => mac,
                    _ => there.mac,
                };
                known.extend(there.addresses.iter().map(|(address, _)| (*address, mac)));
                // Stations whose addresses are not those of their box.
                if !rewrite {
                    let here = mapping.places().filter(|(_, place)| (place.device, place.port) == (other, port));
                    for station in here.filter_map(|(mac, _)| identities.station(mac)) {
                        known.extend(station.own_addresses(&identities.subnets).map(|own| (own, station.mac)));
                    }
                }
            }
            if let Some(node) = node_mut(engine, *device) {
                for (address, mac) in known {
                    node.add_neighbour(usize::from(seat.port.0), address, mac);
                }
            }
        }
    }
}

fn node_mut(engine: &mut Engine, device: DeviceId) -> Option<&mut Node> {
    engine.device_mut(device).as_any_mut()?.downcast_mut::<Node>()
}

/// Puts players and the living into the network.
fn cast(
    engine: &mut Engine,
    identities: &Identities,
    mapping: &Mapping,
    live: &BTreeSet<DeviceId>,
    feed: &[Fed],
    rewrite: bool,
) {
    let mut by_device: Map<DeviceId, Vec<(MacAddr, PortId)>> = Map::default();
    for (mac, place) in mapping.places() {
        by_device.entry(place.device).or_default().push((mac, place.port));
    }
    for device in engine.devices() {
        let Some(node) = engine.device(device).as_any().downcast_ref::<Node>() else { continue };
        if live.contains(&device) {
            let said = feed.iter().filter(|fed| fed.device == device);
            let mut counts: Map<u64, u32> = Map::default();
            for fed in said {
                *counts.entry(signature(fed.frame.octets())).or_default() += 1;
            }
            let inner = engine.replace(device, Box::new(crate::sim::device::Hub::new(0)));
            engine.replace(device, Box::new(Alive::new(inner, Rc::new(counts))));
            continue;
        }
        let mut macs: Vec<Vec<MacAddr>> = node.interfaces().iter().map(|interface| vec![interface.mac]).collect();
        let mut own: Vec<Ipv4Addr> = node.interfaces().iter().filter_map(|interface| interface.v4()).collect();
        for (mac, port) in by_device.get(&device).into_iter().flatten() {
            if !rewrite && let Some(list) = macs.get_mut(usize::from(port.0)) {
                list.push(*mac);
            }
            if let Some(station) = identities.station(*mac) {
                let is_host = station.class != Class::Router;
                own.extend(station.own_addresses(&identities.subnets).filter_map(|address| match address {
                    IpAddr::V4(v4) if is_host || identities.is_local(address) => Some(v4),
                    _ => None,
                }));
            }
        }
        let inner = engine.replace(device, Box::new(crate::sim::device::Hub::new(0)));
        engine.replace(device, Box::new(Player::new(inner, macs, own)));
    }
}
