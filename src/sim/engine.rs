//! The engine: one queue of events in the order of time, and of scheduling where times are equal. Nothing else moves
//! anything, so the same topology, orders and seed give the same run, to the octet.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::frame::{ETHERNET_HEADER_LEN, FrameRef, TAG_LEN};
use super::ledger::{Conservation, Ledger};
use super::link::{Direction, LinkCounters, LinkOptions, Verdict};
use super::order::Order;
use super::outbox::{Device, Out, Outbox, TimerId};
use super::reason::Reason;
use super::record::{Detail, DeviceId, EventKind, PortId, Record, Value};
use super::tap::{Tap, Tapped};
use crate::base::{Rng, Timestamp, limits};
use crate::packet;

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
    ports: Vec<Port>,
}

/// Something that will happen.
#[derive(Debug)]
struct Event {
    at: Timestamp,
    /// Order of scheduling; decides between equal times.
    sequence: u64,
    device: DeviceId,
    happening: Happening,
}

#[derive(Debug)]
enum Happening {
    Frame { port: PortId, frame: FrameRef },
    Timer { timer: TimerId, background: bool },
    Order(Box<Order>),
    Plug { port: PortId, up: bool },
}

impl Happening {
    /// False for alarms that alone do not keep a run going: the ageing of a table, the next hello.
    fn is_awaited(&self) -> bool {
        !matches!(self, Happening::Timer { background: true, .. })
    }
}

impl PartialEq for Event {
    fn eq(&self, other: &Event) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Event {}

impl PartialOrd for Event {
    fn partial_cmp(&self, other: &Event) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Event {
    /// The earliest event is the greatest, as `BinaryHeap` gives the greatest first.
    fn cmp(&self, other: &Event) -> Ordering {
        (other.at, other.sequence).cmp(&(self.at, self.sequence))
    }
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
    sequence: u64,
    processed: u64,
    /// Events in the queue that are worth waiting for.
    awaited: u64,
    queue: BinaryHeap<Event>,
    nodes: Vec<Node>,
    outbox: Outbox,
    ledger: Ledger,
    records: Vec<Record>,
    records_lost: u64,
    recording: bool,
    taps: Vec<(DeviceId, PortId, Tap)>,
    rng: Rng,
    /// Frames that come from outside, in the order of time; those before `fed` have entered.
    feed: Vec<Fed>,
    fed: usize,
    /// True if only what changes a table or loses a frame is recorded, not every step of every frame.
    only_changes: bool,
    /// How often each box did each thing for each reason.
    deeds: Vec<[[u64; Reason::COUNT]; EventKind::ALL.len()]>,
    /// Frames that carry on what came in another one.
    parents: Vec<(u64, u64)>,
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
            sequence: 0,
            processed: 0,
            awaited: 0,
            queue: BinaryHeap::new(),
            nodes: Vec::new(),
            outbox: Outbox::new(recording),
            ledger: Ledger::new(recording),
            records: Vec::new(),
            records_lost: 0,
            recording,
            taps: Vec::new(),
            rng: Rng::new(seed),
            feed: Vec::new(),
            fed: 0,
            only_changes: false,
            deeds: Vec::new(),
            parents: Vec::new(),
        }
    }

    /// Records only what changes a table or loses a frame. Counts are kept of all else.
    pub fn record_only_changes(&mut self) {
        self.only_changes = true;
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
        self.nodes.push(Node { name: name.into(), device, ports });
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
        debug_assert!(at >= self.now, "time runs forward");
        self.sequence += 1;
        self.awaited += u64::from(happening.is_awaited());
        self.queue.push(Event { at: at.max(self.now), sequence: self.sequence, device, happening });
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
            let Err(stopped) = self.step(until, last, stop_when_idle) else { continue };
            break stopped;
        };
        for (_, _, tap) in &mut self.taps {
            tap.sort();
        }
        stopped
    }

    /// Processes one event, as [`Engine::run`] does, unless it is time to stop. Taps are in order only after a run.
    pub(super) fn step(&mut self, until: Timestamp, last: u64, stop_when_idle: bool) -> Result<(), Stopped> {
        self.start();
        if stop_when_idle && self.awaited == 0 && self.fed == self.feed.len() {
            return Err(Stopped::Quiet);
        }
        let due = self.feed.get(self.fed).map(|fed| fed.at);
        let next = self.queue.peek().map(|event| event.at);
        match due.into_iter().chain(next).min() {
            None => return Err(Stopped::Quiet),
            Some(at) if at > until => return Err(Stopped::TimeIsUp),
            Some(_) if self.processed >= last => return Err(Stopped::EnoughEvents),
            Some(_) => {}
        }
        if let Some(at) = due
            && next.is_none_or(|next| at <= next)
        {
            self.processed += 1;
            self.enter(at);
        } else if let Some(event) = self.queue.pop() {
            self.processed += 1;
            self.awaited -= u64::from(event.happening.is_awaited());
            self.now = event.at;
            self.happen(event);
        }
        Ok(())
    }

    /// Lets the next frame of the feed enter.
    fn enter(&mut self, at: Timestamp) {
        let fed = self.feed[self.fed].clone();
        self.fed += 1;
        self.now = at.max(self.now);
        self.last_deed = self.now;
        self.ledger.injected(fed.frame.id());
        self.send(fed.device, fed.port, fed.frame, 0);
    }

    fn happen(&mut self, event: Event) {
        let device = event.device;
        self.outbox.begin(self.now);
        let node = &mut self.nodes[device.0 as usize];
        match event.happening {
            Happening::Frame { port, frame } => {
                let place = &node.ports[usize::from(port.0)];
                if let Some(tap) = place.tap {
                    let tapped = Tapped { at: self.now, direction: packet::Direction::Inbound, frame: frame.clone() };
                    self.taps[tap].2.push(tapped);
                }
                if self.recording && !self.only_changes {
                    let (id, len) = (frame.id(), frame.octets().len() as u32);
                    self.record_number(device, Some(port), id, (EventKind::Received, Reason::None, len), None);
                }
                let node = &mut self.nodes[device.0 as usize];
                node.device.on_frame(self.now, port, &frame, &mut self.outbox);
                self.empty_outbox(device, Some(frame.id()));
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

    /// Takes out what a box left; `arrived` is the frame whose copy it was given.
    fn empty_outbox(&mut self, device: DeviceId, arrived: Option<u64>) {
        let mut left = std::mem::take(&mut self.outbox.left);
        if !left.is_empty() {
            self.last_deed = self.now;
        }
        let mut relayed = 0u32;
        for out in left.drain(..) {
            match out {
                Out::Send { port, frame, is_new, parent } => {
                    if is_new {
                        if parent != 0 {
                            self.parents.push((frame.id(), parent));
                        }
                        self.ledger.injected(frame.id());
                    } else {
                        relayed += 1;
                    }
                    self.send(device, port, frame, parent);
                }
                Out::Wake { at, timer, background } => {
                    self.schedule(at.max(self.now), device, Happening::Timer { timer, background });
                }
                Out::Deed { event, port, frame, reason, number, detail } => {
                    if event.ends_a_copy() {
                        self.count_end(event, frame);
                    }
                    self.count_deed(device, event, reason);
                    if self.recording {
                        self.record_number(device, port, frame, (event, reason, number), detail);
                    }
                }
            }
        }
        self.outbox.left = left;
        let Some(frame) = arrived else {
            if relayed > 0 || self.outbox.ends > 0 {
                self.break_books(device, 0);
            }
            return;
        };
        // The copy that arrived must have ended or gone on; whatever is more than that one is a new copy.
        match (relayed + self.outbox.ends).checked_sub(1) {
            Some(0) => {}
            Some(more) => self.ledger.copied(frame, more),
            None => self.break_books(device, frame),
        }
    }

    fn break_books(&mut self, device: DeviceId, frame: u64) {
        let name = &self.nodes[device.0 as usize].name;
        let text = format!("{name} neither sent frame {frame} on nor said its end");
        self.ledger.broken.get_or_insert(text);
    }

    fn count_deed(&mut self, device: DeviceId, event: EventKind, reason: Reason) {
        let index = device.0 as usize;
        if index >= self.deeds.len() {
            self.deeds.resize(self.nodes.len(), [[0; Reason::COUNT]; EventKind::ALL.len()]);
        }
        self.deeds[index][event as usize][reason as usize] += 1;
    }

    fn count_end(&mut self, event: EventKind, frame: u64) {
        match event {
            EventKind::Delivered => self.ledger.sum.delivered += 1,
            EventKind::Filtered => self.ledger.sum.filtered += 1,
            _ => self.ledger.sum.dropped += 1,
        }
        self.ledger.ended(frame);
    }

    /// Takes one copy of a frame from a port to the wire.
    fn send(&mut self, device: DeviceId, port: PortId, frame: FrameRef, parent: u64) {
        let node = &mut self.nodes[device.0 as usize];
        let Some(Port { link: Some(plugged), tap, .. }) = node.ports.get_mut(usize::from(port.0)) else {
            return self.drop_at(device, port, &frame, Reason::NoLink);
        };
        let len = frame.octets().len();
        let link = &mut plugged.direction;
        if !link.up {
            return self.drop_at(device, port, &frame, Reason::LinkDown);
        }
        if len > usize::from(link.options.mtu) + ETHERNET_HEADER_LEN
            && len > usize::from(link.options.mtu) + ETHERNET_HEADER_LEN + tags_len(frame.octets())
        {
            return self.drop_at(device, port, &frame, Reason::TooLong);
        }
        let (peer, peer_port, tap) = (plugged.peer, plugged.peer_port, *tap);
        match link.carry(self.now.nanos(), len) {
            Verdict::QueueFull => self.drop_at(device, port, &frame, Reason::QueueFull),
            Verdict::Lost { leaves_at } => {
                self.note_sent(device, port, &frame, parent, (leaves_at, tap));
                self.drop_at(device, port, &frame, Reason::Lost);
            }
            Verdict::Arrives { leaves_at, at, again_at, flipped_bit } => {
                self.note_sent(device, port, &frame, parent, (leaves_at, tap));
                let frame = match flipped_bit {
                    None => frame,
                    Some(bit) => {
                        let mut octets = frame.octets().to_vec();
                        octets[bit as usize / 8] ^= 1 << (bit % 8);
                        frame.damaged(&octets)
                    }
                };
                if let Some(again) = again_at {
                    self.ledger.copied(frame.id(), 1);
                    let happening = Happening::Frame { port: peer_port, frame: frame.clone() };
                    self.schedule(Timestamp::from_nanos(again), peer, happening);
                }
                self.schedule(Timestamp::from_nanos(at), peer, Happening::Frame { port: peer_port, frame });
            }
        }
    }

    fn note_sent(
        &mut self,
        device: DeviceId,
        port: PortId,
        frame: &FrameRef,
        parent: u64,
        (leaves_at, tap): (u64, Option<usize>),
    ) {
        if let Some(tap) = tap {
            let at = Timestamp::from_nanos(leaves_at);
            let tapped = Tapped { at, direction: packet::Direction::Outbound, frame: frame.clone() };
            self.taps[tap].2.push(tapped);
        }
        if self.recording && !self.only_changes {
            let waits = leaves_at - self.now.nanos();
            let mut detail = (waits > 0).then(|| Box::new(Detail::default().with("waits_ns", waits)));
            if parent != 0 {
                detail.get_or_insert_default().facts.push(("from_frame", Value::Count(parent)));
            }
            self.record(device, Some(port), frame.id(), EventKind::Sent, Reason::None, detail);
        }
    }

    fn drop_at(&mut self, device: DeviceId, port: PortId, frame: &FrameRef, reason: Reason) {
        self.count_end(EventKind::Dropped, frame.id());
        self.count_deed(device, EventKind::Dropped, reason);
        if self.recording {
            self.record(device, Some(port), frame.id(), EventKind::Dropped, reason, None);
        }
    }

    fn record(
        &mut self,
        device: DeviceId,
        port: Option<PortId>,
        frame: u64,
        event: EventKind,
        reason: Reason,
        detail: Option<Box<Detail>>,
    ) {
        self.record_number(device, port, frame, (event, reason, 0), detail);
    }

    fn record_number(
        &mut self,
        device: DeviceId,
        port: Option<PortId>,
        frame: u64,
        (event, reason, number): (EventKind, Reason, u32),
        detail: Option<Box<Detail>>,
    ) {
        if self.only_changes && event.is_of_every_frame() {
            return;
        }
        if self.records.len() >= limits::MAX_SIM_RECORDS {
            self.records_lost += 1;
            return;
        }
        self.records.push(Record { at: self.now, frame, detail, number, device, port, event, reason });
    }

    /// The moment that the run has reached.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// When a box last did something: the end of what there is to see of a run that became quiet.
    pub fn last_deed(&self) -> Timestamp {
        self.last_deed
    }

    /// Events processed so far.
    pub fn processed(&self) -> u64 {
        self.processed
    }

    /// When the next event is due.
    pub fn next_at(&self) -> Option<Timestamp> {
        let due = self.feed.get(self.fed).map(|fed| fed.at);
        due.into_iter().chain(self.queue.peek().map(|event| event.at)).min()
    }

    /// Everything that happened, if the engine is recording.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// Records that were not kept, because there were too many.
    pub fn records_lost(&self) -> u64 {
        self.records_lost
    }

    /// How often a box did something for a reason.
    pub fn deed_count(&self, device: DeviceId, event: EventKind, reason: Reason) -> u64 {
        self.deeds.get(device.0 as usize).map_or(0, |deeds| deeds[event as usize][reason as usize])
    }

    /// Frames that carry on what came in another one: each with that other one, in the order in which they were made.
    pub fn parents(&self) -> &[(u64, u64)] {
        &self.parents
    }

    /// Adds a record from outside the boxes: an expectation and what became of it.
    pub fn remark(&mut self, device: DeviceId, event: EventKind, detail: Detail) {
        self.record(device, None, 0, event, Reason::None, Some(Box::new(detail)));
    }

    /// Copies and their ends so far.
    ///
    /// # Errors
    /// When a copy is not accounted for (R11): a mistake of netlab's own, in a sentence.
    pub fn conservation(&mut self) -> Result<Conservation, String> {
        let flying = self.queue.iter().filter_map(|event| match &event.happening {
            Happening::Frame { frame, .. } => Some(frame.id()),
            _ => None,
        });
        self.ledger.check(flying)
    }

    /// The same balance without the check of each frame.
    pub fn books(&self) -> Conservation {
        let flying = self.queue.iter().filter(|event| matches!(event.happening, Happening::Frame { .. })).count();
        Conservation { in_flight: flying as u64, ..self.ledger.sum }
    }

    /// Where each copy that is under way will arrive.
    pub fn in_flight(&self) -> impl Iterator<Item = (DeviceId, u64)> + '_ {
        self.queue.iter().filter_map(|event| match &event.happening {
            Happening::Frame { frame, .. } => Some((event.device, frame.id())),
            _ => None,
        })
    }

    /// Number of boxes.
    pub fn device_count(&self) -> usize {
        self.nodes.len()
    }

    /// All boxes.
    pub fn devices(&self) -> impl Iterator<Item = DeviceId> + use<> {
        (0..self.nodes.len() as u32).map(DeviceId)
    }

    /// The box of that name.
    pub fn find(&self, name: &str) -> Option<DeviceId> {
        self.nodes.iter().position(|node| &*node.name == name).map(|index| DeviceId(index as u32))
    }

    /// The port of that name on a box.
    pub fn find_port(&self, device: DeviceId, name: &str) -> Option<PortId> {
        let ports = &self.nodes[device.0 as usize].ports;
        ports.iter().position(|port| &*port.name == name).map(|index| PortId(index as u16))
    }

    /// A box's name.
    pub fn name(&self, device: DeviceId) -> &str {
        &self.nodes[device.0 as usize].name
    }

    /// A port's name.
    pub fn port_name(&self, device: DeviceId, port: PortId) -> &str {
        self.nodes[device.0 as usize].ports.get(usize::from(port.0)).map_or("?", |port| &port.name)
    }

    /// Ports of a box.
    pub fn port_count(&self, device: DeviceId) -> usize {
        self.nodes[device.0 as usize].ports.len()
    }

    /// The box itself.
    pub fn device(&self, device: DeviceId) -> &dyn Device {
        &*self.nodes[device.0 as usize].device
    }

    /// The box itself, to set it up.
    pub fn device_mut(&mut self, device: DeviceId) -> &mut dyn Device {
        &mut *self.nodes[device.0 as usize].device
    }

    /// What is at the other end of the cable.
    pub fn peer(&self, device: DeviceId, port: PortId) -> Option<(DeviceId, PortId)> {
        let link = self.nodes[device.0 as usize].ports.get(usize::from(port.0))?.link.as_ref()?;
        Some((link.peer, link.peer_port))
    }

    /// What the link carries from this port on, and what it has carried.
    pub fn link(&self, device: DeviceId, port: PortId) -> Option<(&LinkOptions, &LinkCounters)> {
        let link = self.nodes[device.0 as usize].ports.get(usize::from(port.0))?.link.as_ref()?;
        Some((&link.direction.options, &link.direction.counters))
    }

    /// The taps, in the order in which they were set.
    pub fn taps(&self) -> &[(DeviceId, PortId, Tap)] {
        &self.taps
    }

    /// The frames that passed a port that is watched.
    pub fn tap_of(&self, device: DeviceId, port: PortId) -> Option<&Tap> {
        let tap = self.nodes[device.0 as usize].ports.get(usize::from(port.0))?.tap?;
        Some(&self.taps[tap].2)
    }
}

/// Octets of the VLAN tags of a frame.
fn tags_len(octets: &[u8]) -> usize {
    let mut len = 0;
    while matches!(octets.get(12 + len..14 + len), Some([0x81, 0x00] | [0x88, 0xa8])) {
        len += TAG_LEN;
    }
    len
}
