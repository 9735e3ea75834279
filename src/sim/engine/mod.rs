//! The engine: one queue of events in the order of time, and of scheduling where times are equal. Nothing else moves
//! anything, so the same topology, orders and seed give the same run, to the octet.
//!
//! `queue` holds what will happen, this file lets it happen, `carry` takes what a box left in its outbox to the wires,
//! `observe` keeps the books, the records and the taps, which change nothing and cost nothing where nobody asked for
//! them, and `views` answers questions.

mod carry;
mod observe;
mod onlooker;
mod queue;
mod views;

use super::frame::FrameRef;
use super::link::{Direction, LinkOptions};
use super::order::Order;
use super::outbox::{Device, Outbox};
use super::reason::Reason;
use super::record::{Detail, DeviceId, EventKind, PortId};
use super::tap::Tap;
use crate::base::{Rng, Timestamp};
use crate::packet;

use observe::{Deed, Observer};
use onlooker::EVENTS_BETWEEN;
pub use onlooker::{Onlooker, Reached};
use queue::{Event, EventQueue, Happening};

/// A port of a box and what is plugged into it.
#[derive(Debug)]
struct Port {
    name: Box<str>,
    link: Option<Plugged>,
    tap: Option<usize>,
}

#[derive(Debug)]
struct Plugged {
    peer: DeviceId,
    peer_port: PortId,
    direction: Direction,
}

#[derive(Debug)]
struct Node {
    name: Box<str>,
    device: Box<dyn Device>,
    ports: Box<[Port]>,
    /// How often it did each thing for each reason.
    deeds: Vec<Deed>,
}

/// Why a run of the engine stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// Nothing is left to happen.
    Quiet,
    /// The time was reached.
    TimeIsUp,
    /// The number of events was reached.
    EnoughEvents,
}

/// A network of boxes and links, and its time.
#[derive(Debug)]
pub struct Engine {
    now: Timestamp,
    /// When a box last did something.
    last_deed: Timestamp,
    started: bool,
    processed: u64,
    queue: EventQueue,
    nodes: Vec<Node>,
    outbox: Outbox,
    observer: Observer,
    taps: Vec<(DeviceId, PortId, Tap)>,
    rng: Rng,
    /// Frames that come from outside, in the order of time; those before `fed` have entered.
    feed: Vec<Fed>,
    fed: usize,
    onlooker: Option<Onlooker>,
}

/// A frame from outside the simulation: a box sends it out of a port at a given moment.
#[derive(Clone, Debug)]
pub struct Fed {
    /// When.
    pub at: Timestamp,
    /// Which box.
    pub device: DeviceId,
    /// Out of which port.
    pub port: PortId,
    /// What, with the number by which it is known. It enters as it is; short frames are not padded.
    pub frame: FrameRef,
}

impl Engine {
    /// An empty network. Only if it is `recording` does it keep records; taps and counters work either way.
    pub fn new(seed: u64, recording: bool) -> Engine {
        Engine {
            now: Timestamp::ZERO,
            last_deed: Timestamp::ZERO,
            started: false,
            processed: 0,
            queue: EventQueue::new(),
            nodes: Vec::new(),
            outbox: Outbox::new(recording),
            observer: Observer::new(recording),
            taps: Vec::new(),
            rng: Rng::new(seed),
            feed: Vec::new(),
            fed: 0,
            onlooker: None,
        }
    }

    /// Records only what changes a table or loses a frame. Counts are kept of all else.
    pub fn record_only_changes(&mut self) {
        self.observer.record_only_changes();
    }

    /// Gives the frames that come from outside, sorted by time. At equal times they come before all else. Frames that
    /// boxes make get numbers from `next_frame` on, which must be above all numbers in the feed.
    pub fn feed(&mut self, feed: Vec<Fed>, next_frame: u64) {
        debug_assert!(feed.is_sorted_by_key(|fed| fed.at), "the feed is in the order of time");
        self.feed = feed;
        self.fed = 0;
        self.outbox.number_from(next_frame);
    }

    /// Puts another box in the place of one, with the same ports and cables; returns the one that was there.
    pub fn replace(&mut self, device: DeviceId, other: Box<dyn Device>) -> Box<dyn Device> {
        std::mem::replace(&mut self.nodes[device.0 as usize].device, other)
    }

    /// Puts a box with these ports into the network.
    pub fn add(&mut self, name: &str, device: Box<dyn Device>, ports: impl IntoIterator<Item = String>) -> DeviceId {
        let ports = ports.into_iter().map(|name| Port { name: name.into(), link: None, tap: None }).collect();
        self.nodes.push(Node { name: name.into(), device, ports, deeds: Vec::new() });
        DeviceId(self.nodes.len() as u32 - 1)
    }

    /// Plugs a cable between two ports; `there` holds for frames from `a` to `b`, `back` for the others.
    pub fn connect(&mut self, a: (DeviceId, PortId), b: (DeviceId, PortId), there: LinkOptions, back: LinkOptions) {
        for (from, to, options) in [(a, b, there), (b, a, back)] {
            // Each direction draws from numbers of its own, so that links do not disturb each other's faults.
            let rng = self.rng.fork((u64::from(from.0.0) << 16 | u64::from(from.1.0)) + 1);
            self.nodes[from.0.0 as usize].ports[usize::from(from.1.0)].link =
                Some(Plugged { peer: to.0, peer_port: to.1, direction: Direction::new(options, rng) });
        }
    }

    /// Watches a port.
    pub fn tap(&mut self, device: DeviceId, port: PortId) {
        let place = &mut self.nodes[device.0 as usize].ports[usize::from(port.0)];
        if place.tap.is_none() {
            place.tap = Some(self.taps.len());
            self.taps.push((device, port, Tap::default()));
        }
    }

    /// Watches every port into which a cable is plugged.
    pub fn tap_all(&mut self) {
        for device in 0..self.nodes.len() {
            for port in 0..self.nodes[device].ports.len() {
                if self.nodes[device].ports[port].link.is_some() {
                    self.tap(DeviceId(device as u32), PortId(port as u16));
                }
            }
        }
    }

    /// Tells a box to do something at `at`.
    pub fn order(&mut self, at: Timestamp, device: DeviceId, order: Order) {
        self.schedule(at, device, Happening::Order(Box::new(order)));
    }

    /// Unplugs the cable of a port at `at`, or plugs it in again.
    pub fn plug(&mut self, at: Timestamp, device: DeviceId, port: PortId, up: bool) {
        self.schedule(at, device, Happening::Plug { port, up });
    }

    /// Lets the faults of a link strike no frame that leaves by this port. True if there were any.
    pub fn spare(&mut self, device: DeviceId, port: PortId) -> bool {
        let place = self.nodes[device.0 as usize].ports.get_mut(usize::from(port.0));
        place.and_then(|port| port.link.as_mut()).is_some_and(|link| link.direction.spare())
    }

    /// Sends a frame out of a port of a box as if the box had sent it, at `at`.
    pub fn inject(&mut self, at: Timestamp, device: DeviceId, port: PortId, octets: &[u8]) {
        let order = super::order::InjectOrder { port, octets: octets.to_vec() };
        self.schedule(at, device, Happening::Order(Box::new(Order::Inject(order))));
    }

    fn schedule(&mut self, at: Timestamp, device: DeviceId, happening: Happening) {
        self.queue.push(Event { at: at.max(self.now).nanos(), device, happening });
    }

    fn start(&mut self) {
        if self.started {
            return;
        }
        self.started = true;
        for index in 0..self.nodes.len() {
            self.outbox.begin(self.now);
            self.nodes[index].device.on_start(self.now, &mut self.outbox);
            self.empty_outbox(DeviceId(index as u32), None);
        }
    }

    /// Runs until the moment `until`, that moment included, or until `events` events have been processed. If it shall
    /// `stop_when_idle`, it stops as soon as only background alarms are left.
    pub fn run(&mut self, until: Timestamp, events: u64, stop_when_idle: bool) -> Stopped {
        let last = self.processed.saturating_add(events);
        let stopped = loop {
            let Err(stopped) = self.step(until, last, stop_when_idle) else {
                if self.processed.is_multiple_of(EVENTS_BETWEEN) {
                    self.tell();
                }
                continue;
            };
            break stopped;
        };
        for (_, _, tap) in &mut self.taps {
            tap.sort();
        }
        stopped
    }

    /// Lets somebody be told, now and then, how far a run is.
    pub fn watch(&mut self, onlooker: Onlooker) {
        self.onlooker = Some(onlooker);
    }

    fn tell(&self) {
        if let Some(onlooker) = &self.onlooker {
            let (entered, entering) = (self.fed as u64, self.feed.len() as u64);
            onlooker.tell(Reached { at: self.now, events: self.processed, entered, entering });
        }
    }

    /// Processes one event, as [`Engine::run`] does, unless it is time to stop. Taps are in order only after a run.
    pub(super) fn step(&mut self, until: Timestamp, last: u64, stop_when_idle: bool) -> Result<(), Stopped> {
        self.start();
        let feed_is_over = self.fed == self.feed.len();
        if stop_when_idle && feed_is_over && !self.queue.is_awaiting() {
            return Err(Stopped::Quiet);
        }
        if self.processed >= last {
            return Err(match self.next_at() {
                None => Stopped::Quiet,
                Some(at) if at > until => Stopped::TimeIsUp,
                Some(_) => Stopped::EnoughEvents,
            });
        }
        if !feed_is_over {
            let at = self.feed[self.fed].at;
            if at <= until && self.queue.look_up_next().is_none_or(|next| at.nanos() <= next) {
                self.processed += 1;
                self.enter(at);
                return Ok(());
            }
        }
        match self.queue.pop_until(until.nanos()) {
            Some(event) => {
                self.processed += 1;
                self.now = Timestamp::from_nanos(event.at);
                self.happen(event);
                Ok(())
            }
            None if self.next_at().is_none() => Err(Stopped::Quiet),
            None => Err(Stopped::TimeIsUp),
        }
    }

    /// Lets the next frame of the feed enter.
    fn enter(&mut self, at: Timestamp) {
        let fed = self.feed[self.fed].clone();
        self.fed += 1;
        self.now = at.max(self.now);
        self.last_deed = self.now;
        self.observer.ledger.injected(fed.frame.id());
        self.send(fed.device, fed.port, fed.frame, 0);
    }

    fn happen(&mut self, event: Event) {
        let device = event.device;
        self.outbox.begin(self.now);
        let node = &mut self.nodes[device.0 as usize];
        match event.happening {
            Happening::Frame { port, frame } => {
                let id = frame.id();
                if let Some(tap) = node.ports[usize::from(port.0)].tap {
                    self.taps[tap].2.see(self.now, packet::Direction::Inbound, &frame);
                }
                if self.observer.sees_every_step() {
                    let len = frame.octets().len() as u32;
                    self.observer.step(self.now, device, port, id, EventKind::Received, len);
                }
                node.device.on_frame(self.now, port, &frame, &mut self.outbox);
                self.empty_outbox(device, Some(id));
            }
            Happening::Timer { timer, .. } => {
                node.device.on_timer(self.now, timer, &mut self.outbox);
                self.empty_outbox(device, None);
            }
            Happening::Order(order) => {
                match *order {
                    Order::Inject(inject) => {
                        self.outbox.send(inject.port, &inject.octets);
                    }
                    order => {
                        node.device.on_order(self.now, &order, &mut self.outbox);
                    }
                }
                self.empty_outbox(device, None);
            }
            Happening::Plug { port, up } => self.plug_now(device, port, up),
        }
    }

    fn plug_now(&mut self, device: DeviceId, port: PortId, up: bool) {
        let Some((peer, peer_port)) = self.peer(device, port) else { return };
        for (device, port) in [(device, port), (peer, peer_port)] {
            let node = &mut self.nodes[device.0 as usize];
            if let Some(link) = &mut node.ports[usize::from(port.0)].link {
                link.direction.up = up;
            }
            self.outbox.begin(self.now);
            let text = if up { "cable plugged in" } else { "cable unplugged" };
            self.outbox.tell(EventKind::State, Some(port), 0, Reason::None, || {
                Detail::new(text).with("link", if up { "up" } else { "down" })
            });
            node.device.on_link(self.now, port, up, &mut self.outbox);
            self.empty_outbox(device, None);
        }
    }
}
