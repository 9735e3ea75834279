//! Scenarios: a topology, what happens in it, and what is expected of it, from one TOML file.
//!
//! [`Scenario::parse`] reads a file strictly: a key or word that it does not know is refused with its line and a hint.
//! [`Scenario::run`] builds the boxes, does the actions, and compares what happened with what was expected.

mod action;
mod build;
mod expect;
mod file;
mod rings;
mod words;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;

use toml::Spanned;

use super::engine::{Engine, Onlooker, Stopped};
use super::film::Film;
use super::ledger::Conservation;
use super::program::Program;
use super::record::{Detail, DeviceId, EventKind, PortId};
use crate::base::{MacAddr, Timestamp};

pub use action::Action;
use build::Blueprint;
pub use expect::Expectation;
use words::did_you_mean;
pub use words::{duration as parse_duration, nearest as nearest_word, quoted};

/// What is wrong with a scenario, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {sentence}")]
pub struct ScenarioError {
    /// The file, or the name of the built-in scenario.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong and what would be right.
    pub sentence: String,
}

impl ScenarioError {
    /// An error at octet `at` of `text`.
    fn at(file: &str, text: &str, at: usize, sentence: impl Into<String>) -> ScenarioError {
        let line = text.as_bytes().iter().take(at).filter(|octet| **octet == b'\n').count() + 1;
        let sentence = crate::base::text::harmless(&sentence.into()).into_owned();
        ScenarioError { file: crate::base::text::harmless(file).into_owned(), line, sentence }
    }
}

/// The boxes and ports of a scenario by their names.
#[derive(Clone, Debug, Default)]
pub struct Names {
    devices: Vec<NamedDevice>,
    by_name: BTreeMap<String, DeviceId>,
    programs: BTreeMap<String, Rc<Program>>,
}

/// A box as the scenario names it.
#[derive(Clone, Debug)]
struct NamedDevice {
    name: String,
    ports: Vec<String>,
    /// The addresses that its name stands for, the first one before the others.
    addresses: Vec<IpAddr>,
    /// The first address of each port.
    of_ports: Vec<Option<IpAddr>>,
    /// True for a box that may have IP addresses: not a switch or a hub.
    is_node: bool,
    macs: Vec<MacAddr>,
}

impl Names {
    fn add(&mut self, device: NamedDevice) -> DeviceId {
        let id = DeviceId(self.devices.len() as u32);
        self.by_name.insert(device.name.clone(), id);
        self.devices.push(device);
        id
    }

    /// The box of that name.
    pub fn device(&self, name: &str) -> Result<DeviceId, String> {
        self.by_name.get(name).copied().ok_or_else(|| {
            let near = did_you_mean(name, self.by_name.keys().map(String::as_str));
            let all: Vec<&str> = self.devices.iter().take(12).map(|device| device.name.as_str()).collect();
            let all = if near.is_empty() { format!("; there are {}", all.join(", ")) } else { near };
            format!("there is no box '{name}'{all}")
        })
    }

    /// The program of that name.
    fn program(&self, name: &str) -> Result<Rc<Program>, String> {
        self.programs.get(name).cloned().ok_or_else(|| {
            let near = did_you_mean(name, self.programs.keys().map(String::as_str));
            format!("there is no program '{name}'{near}")
        })
    }

    /// The box's name.
    pub fn name(&self, device: DeviceId) -> &str {
        &self.devices[device.0 as usize].name
    }

    /// The box without IP addresses, a switch, that has this MAC address.
    pub fn switch_with(&self, mac: MacAddr) -> Option<DeviceId> {
        let found = self.devices.iter().position(|device| !device.is_node && device.macs.contains(&mac));
        found.map(|index| DeviceId(index as u32))
    }

    /// The boxes that a name or a pattern with `*` at its end means.
    fn matching(&self, pattern: &str) -> Result<Vec<DeviceId>, String> {
        let Some(prefix) = pattern.strip_suffix('*') else { return Ok(vec![self.device(pattern)?]) };
        let found: Vec<DeviceId> = (0..self.devices.len() as u32)
            .map(DeviceId)
            .filter(|device| {
                let named = &self.devices[device.0 as usize];
                named.is_node && named.name.starts_with(prefix)
            })
            .collect();
        if found.is_empty() { Err(format!("no host's name begins with '{prefix}'")) } else { Ok(found) }
    }

    /// The port that `box.port` means, or `box` if it has only one.
    fn port(&self, end: &str) -> Result<(DeviceId, PortId), String> {
        let (name, port) = match end.split_once('.') {
            Some((name, port)) => (name, Some(port)),
            None => (end, None),
        };
        let device = self.device(name)?;
        let ports = &self.devices[device.0 as usize].ports;
        let index = match port {
            Some(port) => ports.iter().position(|found| found == port),
            None => (ports.len() == 1).then_some(0),
        };
        let index = index.ok_or_else(|| match port {
            Some(port) => format!("{name} has no port '{port}'; it has {}", ports.join(", ")),
            None => format!("{name} has several ports: say which, as in {name}.{}", ports[0]),
        })?;
        Ok((device, PortId(index as u16)))
    }

    /// The address that a name or an address means: `h2`, `h2.ipv6`, `r.lan`, `192.0.2.7`.
    fn address(&self, text: &str) -> Result<IpAddr, String> {
        if let Ok(address) = text.parse() {
            return Ok(address);
        }
        let (name, which) = text.split_once('.').map_or((text, None), |(name, which)| (name, Some(which)));
        let device = &self.devices[self.device(name)?.0 as usize];
        let found = match which {
            None => device.addresses.first().copied(),
            Some("ipv6") => device.addresses.iter().copied().find(IpAddr::is_ipv6),
            Some("ipv4") => device.addresses.iter().copied().find(IpAddr::is_ipv4),
            Some(port) => {
                let index = device.ports.iter().position(|found| found == port);
                let index = index.ok_or_else(|| format!("{name} has no interface '{port}'"))?;
                device.of_ports.get(index).copied().flatten()
            }
        };
        found.ok_or_else(|| format!("{text} has no address"))
    }

    /// The addresses that the target of a ping means: one, or those of all `others` like the subject.
    fn targets(&self, subject: DeviceId, text: &str) -> Result<Vec<IpAddr>, String> {
        if text != "others" {
            return Ok(vec![self.address(text)?]);
        }
        let own = self.name(subject).trim_end_matches(|c: char| c.is_ascii_digit()).to_owned();
        let others = self.matching(&format!("{own}*"))?;
        let addresses = others.into_iter().filter(|other| *other != subject);
        Ok(addresses.filter_map(|other| self.devices[other.0 as usize].addresses.first().copied()).collect())
    }

    /// The socket that `h2:9000` or `192.0.2.7:9000` means.
    fn socket(&self, text: &str) -> Result<SocketAddr, String> {
        if let Ok(socket) = text.parse() {
            return Ok(socket);
        }
        let (host, port) = text.rsplit_once(':').ok_or_else(|| format!("'{text}' needs a port, as in h2:9000"))?;
        let port = port.parse().map_err(|_| format!("'{port}' is not a port"))?;
        Ok(SocketAddr::new(self.address(host)?, port))
    }

    /// The MAC address that a name or an address means.
    fn mac(&self, text: &str) -> Result<MacAddr, String> {
        if text == "broadcast" {
            return Ok(MacAddr::BROADCAST);
        }
        if let Ok(mac) = text.parse() {
            return Ok(mac);
        }
        let (name, port) = text.split_once('.').map_or((text, None), |(name, port)| (name, Some(port)));
        let device = &self.devices[self.device(name)?.0 as usize];
        let index = port.and_then(|port| device.ports.iter().position(|found| found == port)).unwrap_or(0);
        device.macs.get(index).copied().ok_or_else(|| format!("{text} has no MAC address"))
    }
}

/// How a scenario is run.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// Instead of the scenario's own seed.
    pub seed: Option<u64>,
    /// Instead of the scenario's own end.
    pub until: Option<Timestamp>,
    /// True to keep records of what happens.
    pub recording: bool,
    /// True to watch every port.
    pub tap_all: bool,
    /// Stop after so many events.
    pub events: u64,
    /// Who is told how far the run is.
    pub onlooker: Option<Onlooker>,
}

impl Default for RunOptions {
    fn default() -> RunOptions {
        RunOptions { seed: None, until: None, recording: true, tap_all: true, events: u64::MAX, onlooker: None }
    }
}

/// The longest that a scenario without an end may run.
const LONGEST: Timestamp = Timestamp::from_parts(24 * 3600, 0);

/// A scenario that has been read and makes sense.
#[derive(Debug)]
pub struct Scenario {
    /// The file, or the name of the built-in scenario.
    pub name: String,
    /// One line of what it shows.
    pub title: String,
    /// A few sentences about it.
    pub story: String,
    /// The seed of everything random.
    pub seed: u64,
    /// When it ends, if it says so.
    pub until: Option<Timestamp>,
    /// Where it is best watched.
    pub watch: Vec<(DeviceId, PortId)>,
    /// Scenarios, built-in or beside this file, that its storm is laid beside.
    pub beside: Vec<String>,
    /// For a replay: which station of a capture is which box, as `mac … -> h1`; each with its line.
    pub map: Vec<(usize, String)>,
    /// For a replay: boxes that stay alive.
    pub live: Vec<DeviceId>,
    /// For a replay: where the capture was taken.
    pub captured_at: Option<(DeviceId, PortId)>,
    /// Its boxes and ports.
    pub names: Names,
    blueprint: Blueprint,
    actions: Vec<Action>,
    expectations: Vec<Expectation>,
}

impl Scenario {
    /// Reads a scenario; `name` is what errors call it.
    ///
    /// # Errors
    /// What is wrong, with its line and a way out.
    pub fn parse(name: &str, text: &str) -> Result<Scenario, ScenarioError> {
        let file = file::parse(name, text)?;
        let at = |start: usize, sentence: String| ScenarioError::at(name, text, start, sentence);
        let (blueprint, mut names) = build::blueprint(&file).map_err(|(start, sentence)| at(start, sentence))?;
        for (program_name, code) in &file.program {
            let program = Program::parse(program_name, code.get_ref()).map_err(|error| {
                // The program's first line is the one after the opening quotes, if it is a text of several lines.
                let start = ScenarioError::at(name, text, code.span().start, "").line;
                let first = if text[code.span().start..].starts_with("\"\"\"\n") { start + 1 } else { start };
                let sentence = format!("program '{program_name}': {}", error.sentence);
                ScenarioError { line: first + error.line - 1, ..at(0, sentence) }
            })?;
            names.programs.insert(program_name.clone(), Rc::new(program));
        }
        let until = match &file.until {
            None => None,
            Some(until) => {
                let span = words::duration(until.get_ref()).map_err(|why| at(until.span().start, why))?;
                Some(Timestamp::ZERO.after(span))
            }
        };
        let mut actions = Vec::new();
        for line in &file.actions {
            let parsed = action::parse(line.get_ref(), &names).map_err(|why| at(line.span().start, why))?;
            actions.extend(parsed);
        }
        let mut expectations = Vec::new();
        for line in &file.expect {
            let start = line.span().start;
            let number = ScenarioError::at(name, text, start, "").line;
            let parsed = Expectation::parse(line.get_ref(), number, &names).map_err(|why| at(start, why))?;
            expectations.push(parsed);
        }
        let mut watch = Vec::new();
        for end in &file.watch {
            watch.push(names.port(end.get_ref()).map_err(|why| at(end.span().start, why))?);
        }
        let map = file
            .map
            .iter()
            .map(|line| (ScenarioError::at(name, text, line.span().start, "").line, line.get_ref().clone()));
        let map = map.collect();
        let mut live = Vec::new();
        for box_name in &file.live {
            live.push(names.device(box_name.get_ref()).map_err(|why| at(box_name.span().start, why))?);
        }
        let captured_at = match &file.captured_at {
            None => None,
            Some(end) => Some(names.port(end.get_ref()).map_err(|why| at(end.span().start, why))?),
        };
        Ok(Scenario {
            map,
            live,
            captured_at,
            name: name.to_owned(),
            title: file.title,
            story: file.story,
            seed: file.seed.unwrap_or(1),
            until,
            watch,
            beside: file.beside.into_iter().map(Spanned::into_inner).collect(),
            names,
            blueprint,
            actions,
            expectations,
        })
    }

    /// What it does, in the order of the file.
    pub fn actions(&self) -> &[Action] {
        &self.actions
    }

    /// What it expects, in the order of the file.
    pub fn expectations(&self) -> &[Expectation] {
        &self.expectations
    }

    /// What a reader should know before it is run, each in a sentence.
    pub fn warnings(&self) -> Vec<String> {
        let ring = rings::uncut(&self.blueprint).map(|ring| {
            let mut names: Vec<&str> = ring.iter().map(|index| self.names.name(DeviceId(*index as u32))).collect();
            names.push(names[0]);
            format!(
                "{} is a ring without spanning tree: a broadcast circles in it for ever. Cures: stp = \"rapid\" on its \
                 switches, or one cable less",
                names.join(" – ")
            )
        });
        ring.into_iter().collect()
    }

    /// The port that `box.port` means.
    ///
    /// # Errors
    /// A sentence if there is none.
    pub fn port(&self, end: &str) -> Result<(DeviceId, PortId), String> {
        self.names.port(end)
    }

    /// Builds the boxes alone: nobody is told to do anything.
    pub fn network(&self, options: &RunOptions) -> Engine {
        let seed = options.seed.unwrap_or(self.seed);
        let mut engine = Engine::new(seed, options.recording);
        self.blueprint.build(&mut engine, seed);
        if options.tap_all {
            engine.tap_all();
        }
        if let Some(onlooker) = &options.onlooker {
            engine.watch(onlooker.clone());
        }
        engine
    }

    /// Builds the boxes and schedules the actions; nothing has happened yet.
    pub fn build(&self, options: &RunOptions) -> Engine {
        let mut engine = self.network(options);
        for (device, port) in self.expectations.iter().filter_map(Expectation::watches) {
            engine.tap(device, port);
        }
        for action in &self.actions {
            match action {
                Action::Order { at, device, order } => engine.order(*at, *device, order.clone()),
                Action::Plug { at, device, port, up } => engine.plug(*at, *device, *port, *up),
            }
        }
        engine
    }

    /// Runs it to its end.
    pub fn run(&self, options: &RunOptions) -> Run {
        let mut engine = self.build(options);
        let until = options.until.or(self.until);
        let stopped = engine.run(until.unwrap_or(LONGEST), options.events, until.is_none());
        self.judged(engine, stopped, options)
    }

    /// Runs it to its end, filmed step by step from the beginning on.
    pub fn film(&self, options: &RunOptions) -> (Run, Film) {
        let mut engine = self.build(options);
        let until = options.until.or(self.until);
        let (film, stopped) = Film::shoot(&mut engine, until.unwrap_or(LONGEST), until.is_none());
        (self.judged(engine, stopped, options), film)
    }

    /// Compares what happened with what was expected.
    fn judged(&self, mut engine: Engine, stopped: Stopped, options: &RunOptions) -> Run {
        let books = engine.conservation();
        let mut outcomes = Vec::new();
        for expectation in &self.expectations {
            let outcome = expectation.judge(&engine, &self.names);
            let device = DeviceId(0);
            let detail = Detail::new(expectation.line.as_str())
                .with("line", expectation.number as u64)
                .with("result", if outcome.is_ok() { "met" } else { "broken" });
            let detail = match &outcome {
                Ok(()) => detail,
                Err(instead) => detail.with("instead", instead.as_str()),
            };
            engine.remark(device, EventKind::Expect, detail);
            outcomes.push(outcome);
        }
        Run { engine, seed: options.seed.unwrap_or(self.seed), stopped, books, outcomes }
    }
}

/// A scenario that has been run.
#[derive(Debug)]
pub struct Run {
    /// The boxes as they are at the end, with records and taps.
    pub engine: Engine,
    /// The seed it was run with.
    pub seed: u64,
    /// Why it ended.
    pub stopped: Stopped,
    /// The balance of copies and their ends; an error is a mistake of netlab's own (R11).
    pub books: Result<Conservation, String>,
    /// For each expectation, in order: met, or what happened instead.
    pub outcomes: Vec<Result<(), String>>,
}
