//! What a box is, and the outbox through which it speaks: frames, alarms and records; it never calls its neighbour.

use std::fmt;
use std::time::Duration;

use super::frame::{FrameId, FrameRef};
use super::order::Order;
use super::reason::Reason;
use super::record::{Detail, EventKind, More, PortId};
use super::table::Table;
use crate::base::{MacAddr, Timestamp};

/// What a box calls its own alarm; it comes back with the alarm.
pub type TimerId = u64;

/// A box: host, hub, bridge, router. It is told what happens to it and answers into the outbox.
///
/// For every frame it is given it must either send that frame on ([`Outbox::relay`]) or say its end ([`Outbox::end`]);
/// the engine holds it to that (R11).
pub trait Device: fmt::Debug {
    /// What kind of box it is, in one word.
    fn kind(&self) -> &'static str;

    /// The scenario begins.
    fn on_start(&mut self, _now: Timestamp, _out: &mut Outbox) {}

    /// A frame has fully arrived at `port`.
    fn on_frame(&mut self, now: Timestamp, port: PortId, frame: &FrameRef, out: &mut Outbox);

    /// An alarm that the box asked for with [`Outbox::wake_at`].
    fn on_timer(&mut self, _now: Timestamp, _timer: TimerId, _out: &mut Outbox) {}

    /// The cable of `port` was plugged in or unplugged.
    fn on_link(&mut self, _now: Timestamp, _port: PortId, _up: bool, _out: &mut Outbox) {}

    /// The scenario tells the box to do something. Returns false if it cannot.
    fn on_order(&mut self, _now: Timestamp, _order: &Order, _out: &mut Outbox) -> bool {
        false
    }

    /// What the box remembers at this moment.
    fn tables(&self, _now: Timestamp) -> Vec<Table> {
        Vec::new()
    }

    /// A count that the box keeps, such as `moved`; `None` if it keeps none of that name.
    fn counter(&self, _name: &str) -> Option<u64> {
        None
    }

    /// The box as what it is, for tests and for orders that need it.
    fn as_any(&self) -> &dyn std::any::Any;

    /// The same to set it up, for boxes that allow it.
    fn as_any_mut(&mut self) -> Option<&mut dyn std::any::Any> {
        None
    }
}

/// One thing left in the outbox.
#[derive(Debug)]
pub(super) enum Out {
    Send { port: PortId, frame: FrameRef, is_new: bool, parent: FrameId },
    Wake { at: Timestamp, timer: TimerId, background: bool },
    Deed { event: EventKind, port: Option<PortId>, frame: FrameId, reason: Reason, number: u32, more: More },
}

/// Where a box leaves what it does.
#[derive(Debug)]
pub struct Outbox {
    pub(super) left: Vec<Out>,
    pub(super) ends: u32,
    next_frame: FrameId,
    recording: bool,
    now: Timestamp,
}

impl Outbox {
    /// An empty outbox. If it is not `recording`, deeds other than the ends of frames are not kept.
    pub(super) fn new(recording: bool) -> Outbox {
        Outbox { left: Vec::with_capacity(64), ends: 0, next_frame: 1, recording, now: Timestamp::ZERO }
    }

    /// Frames made from now on get numbers from `next` on.
    pub(super) fn number_from(&mut self, next: FrameId) {
        self.next_frame = self.next_frame.max(next);
    }

    pub(super) fn begin(&mut self, now: Timestamp) {
        self.now = now;
        self.ends = 0;
    }

    /// Sends a frame of the box's own making; returns its number. Short frames are padded to 60 octets (IEEE 802.3).
    pub fn send(&mut self, port: PortId, octets: &[u8]) -> FrameId {
        self.send_from(port, octets, 0)
    }

    /// The same for a frame whose content came in frame `parent`.
    pub fn send_from(&mut self, port: PortId, octets: &[u8], parent: FrameId) -> FrameId {
        let id = self.next_frame;
        self.next_frame += 1;
        self.left.push(Out::Send { port, frame: FrameRef::padded(id, octets), is_new: true, parent });
        id
    }

    /// Sends on a frame that arrived: one more copy of it.
    pub fn relay(&mut self, port: PortId, frame: FrameRef) {
        self.left.push(Out::Send { port, frame, is_new: false, parent: 0 });
    }

    /// The number that the next frame sent with [`Outbox::send`] will get.
    pub fn next_frame(&self) -> FrameId {
        self.next_frame
    }

    /// Asks for an alarm.
    pub fn wake_at(&mut self, at: Timestamp, timer: TimerId) {
        self.left.push(Out::Wake { at, timer, background: false });
    }

    /// Asks for an alarm that alone does not keep a run going: the ageing of a table, the next hello.
    pub fn wake_in_background(&mut self, at: Timestamp, timer: TimerId) {
        self.left.push(Out::Wake { at, timer, background: true });
    }

    /// Asks for an alarm after a while.
    pub fn wake_after(&mut self, after: Duration, timer: TimerId) {
        self.wake_at(self.now.after(after), timer);
    }

    /// True if somebody wants to read what happens; text that nobody reads need not be made.
    pub fn is_recording(&self) -> bool {
        self.recording
    }

    /// Says the end of the frame that arrived: `Delivered`, `Filtered` or `Dropped`, and why.
    pub fn end(&mut self, event: EventKind, port: PortId, frame: &FrameRef, reason: Reason) {
        self.end_with(event, port, frame.id(), reason, None);
    }

    /// The same with more to say about it.
    pub fn end_with(
        &mut self,
        event: EventKind,
        port: PortId,
        frame: FrameId,
        reason: Reason,
        detail: Option<Box<Detail>>,
    ) {
        debug_assert!(event.ends_a_copy());
        let more = detail.map_or(More::None, More::Detail);
        self.ends += 1;
        self.left.push(Out::Deed { event, port: Some(port), frame, reason, number: 0, more });
    }

    /// Records a deed about a frame (0: about none).
    pub fn note(&mut self, event: EventKind, port: Option<PortId>, frame: FrameId, reason: Reason) {
        debug_assert!(!event.ends_a_copy());
        if self.recording {
            self.left.push(Out::Deed { event, port, frame, reason, number: 0, more: More::None });
        }
    }

    /// The same with the one number that the event has.
    pub fn note_number(&mut self, event: EventKind, port: PortId, frame: FrameId, reason: Reason, number: u32) {
        if self.recording {
            self.left.push(Out::Deed { event, port: Some(port), frame, reason, number, more: More::None });
        }
    }

    /// The same with a detail, which is only made if somebody reads it.
    pub fn tell(
        &mut self,
        event: EventKind,
        port: Option<PortId>,
        frame: FrameId,
        reason: Reason,
        detail: impl FnOnce() -> Detail,
    ) {
        debug_assert!(!event.ends_a_copy());
        if self.recording {
            let more = More::Detail(Box::new(detail()));
            self.left.push(Out::Deed { event, port, frame, reason, number: 0, more });
        }
    }

    /// Records that a bridge saw an address: in which VLAN, and behind which port it was before, from 1; 0 if none.
    pub(super) fn station(
        &mut self,
        event: EventKind,
        port: PortId,
        frame: FrameId,
        (mac, vlan, from_port): (MacAddr, u16, u16),
    ) {
        if self.recording {
            let more = More::Station { mac, vlan, from_port };
            self.left.push(Out::Deed { event, port: Some(port), frame, reason: Reason::None, number: 0, more });
        }
    }
}
