//! Questions about a network and its run.

use super::super::ledger::Conservation;
use super::super::link::{LinkCounters, LinkOptions};
use super::super::outbox::Device;
use super::super::reason::Reason;
use super::super::record::{Detail, DeviceId, EventKind, More, PortId, Record};
use super::super::tap::Tap;
use super::Engine;
use crate::base::Timestamp;

impl Engine {
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
        due.into_iter().chain(self.queue.next_at().map(Timestamp::from_nanos)).min()
    }

    /// Everything that happened, if the engine is recording.
    pub fn records(&self) -> &[Record] {
        self.observer.records()
    }

    /// Records that were not kept, because there were too many.
    pub fn records_lost(&self) -> u64 {
        self.observer.records_lost()
    }

    /// How often a box did something for a reason.
    pub fn deed_count(&self, device: DeviceId, event: EventKind, reason: Reason) -> u64 {
        self.nodes.get(device.0 as usize).map_or(0, |node| super::observe::counted(&node.deeds, event, reason))
    }

    /// Frames that carry on what came in another one: each with that other one, in the order in which they were made.
    pub fn parents(&self) -> &[(u64, u64)] {
        self.observer.parents()
    }

    /// Adds a record from outside the boxes: an expectation and what became of it.
    pub fn remark(&mut self, device: DeviceId, event: EventKind, detail: Detail) {
        let more = More::Detail(Box::new(detail));
        let at = self.now;
        let reason = Reason::None;
        self.observer.record(Record { at, frame: 0, more, number: 0, device, port: None, event, reason });
    }

    /// Copies and their ends so far.
    ///
    /// # Errors
    /// When a copy is not accounted for (R11): a mistake of netlab's own, in a sentence.
    pub fn conservation(&mut self) -> Result<Conservation, String> {
        let flying = self.queue.frames().map(|(_, frame)| frame.id());
        self.observer.ledger.check(flying)
    }

    /// The same balance without the check of each frame.
    pub fn books(&self) -> Conservation {
        Conservation { in_flight: self.queue.frames().count() as u64, ..self.observer.ledger.sum }
    }

    /// Where each copy that is under way will arrive.
    pub fn in_flight(&self) -> impl Iterator<Item = (DeviceId, u64)> + '_ {
        self.queue.frames().map(|(device, frame)| (device, frame.id()))
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
