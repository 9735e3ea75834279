//! What happened: one record an event, in time order. Everything that is shown of a run is made from these.

use std::borrow::Cow;
use std::net::IpAddr;

use super::frame::FrameId;
use super::reason::Reason;
use crate::base::{MacAddr, Timestamp};

/// A box of the topology, by its place in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeviceId(pub u32);

/// A port of a box, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PortId(pub u16);

/// The kinds of event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum EventKind {
    Sent,
    Received,
    Learned,
    Moved,
    Aged,
    Flooded,
    Forwarded,
    Filtered,
    Dropped,
    Delivered,
    Arp,
    Route,
    Nat,
    State,
    Call,
    Stp,
    Expect,
    Note,
}

impl EventKind {
    /// Every kind, in the order in which they are listed to people.
    pub const ALL: [EventKind; 18] = [
        EventKind::Sent,
        EventKind::Received,
        EventKind::Learned,
        EventKind::Moved,
        EventKind::Aged,
        EventKind::Flooded,
        EventKind::Forwarded,
        EventKind::Filtered,
        EventKind::Dropped,
        EventKind::Delivered,
        EventKind::Arp,
        EventKind::Route,
        EventKind::Nat,
        EventKind::State,
        EventKind::Call,
        EventKind::Stp,
        EventKind::Expect,
        EventKind::Note,
    ];

    /// The stable name, as in `event` of the JSON.
    pub const fn name(self) -> &'static str {
        match self {
            EventKind::Sent => "sent",
            EventKind::Received => "received",
            EventKind::Learned => "learned",
            EventKind::Moved => "moved",
            EventKind::Aged => "aged",
            EventKind::Flooded => "flooded",
            EventKind::Forwarded => "forwarded",
            EventKind::Filtered => "filtered",
            EventKind::Dropped => "dropped",
            EventKind::Delivered => "delivered",
            EventKind::Arp => "arp",
            EventKind::Route => "route",
            EventKind::Nat => "nat",
            EventKind::State => "state",
            EventKind::Call => "call",
            EventKind::Stp => "stp",
            EventKind::Expect => "expect",
            EventKind::Note => "note",
        }
    }

    /// True for the steps that every frame takes, false for what changes a table or is rare.
    pub const fn is_of_every_frame(self) -> bool {
        matches!(
            self,
            EventKind::Sent
                | EventKind::Received
                | EventKind::Flooded
                | EventKind::Forwarded
                | EventKind::Filtered
                | EventKind::Delivered
                | EventKind::Route
        )
    }

    /// True if this event is the end of one copy of a frame.
    pub const fn ends_a_copy(self) -> bool {
        matches!(self, EventKind::Delivered | EventKind::Filtered | EventKind::Dropped)
    }
}

/// A number, an address or a text that belongs to an event.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A plain number.
    Count(u64),
    /// A yes or no.
    Flag(bool),
    /// A MAC address.
    Mac(MacAddr),
    /// An IP address.
    Ip(IpAddr),
    /// A text of netlab's own, or of a program in a scenario.
    Text(Box<str>),
    /// Several texts.
    List(Vec<Box<str>>),
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Text(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::Text(text.into())
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Value {
        Value::Count(number)
    }
}

impl From<MacAddr> for Value {
    fn from(mac: MacAddr) -> Value {
        Value::Mac(mac)
    }
}

impl From<IpAddr> for Value {
    fn from(address: IpAddr) -> Value {
        Value::Ip(address)
    }
}

/// What an event says beyond its kind, frame and reason.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Detail {
    /// One line for people; may be empty.
    pub text: Box<str>,
    /// More lines for people who ask: the calculation behind a decision.
    pub lines: Vec<Box<str>>,
    /// The same by name, for programs.
    pub facts: Vec<(&'static str, Value)>,
}

impl Detail {
    /// A detail of one line.
    pub fn new(text: impl Into<Box<str>>) -> Detail {
        Detail { text: text.into(), ..Detail::default() }
    }

    /// The same with one more fact.
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Detail {
        self.facts.push((name, value.into()));
        self
    }

    /// The same with one more line of explanation.
    pub fn line(mut self, line: impl Into<Box<str>>) -> Detail {
        self.lines.push(line.into());
        self
    }

    /// The fact of that name.
    pub fn fact(&self, name: &str) -> Option<&Value> {
        self.facts.iter().find(|(found, _)| *found == name).map(|(_, value)| value)
    }
}

/// More about an event. What most frames give rise to is kept in a few octets and becomes a [`Detail`] only for who reads
/// it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum More {
    /// Nothing.
    #[default]
    None,
    /// A frame waits so long for the wire, in nanoseconds.
    Waits(u64),
    /// The frame carries on what came in this one.
    FromFrame(FrameId),
    /// A bridge saw an address; VLAN and the port it was behind before are 0 if there are none.
    Station { mac: MacAddr, vlan: u16, from_port: u16 },
    /// Anything else.
    Detail(Box<Detail>),
}

impl More {
    /// What a frame's leaving says: how long it waits for the wire, and what it carries on.
    pub fn of_sending(waits: u64, parent: FrameId) -> More {
        match (waits, parent) {
            (0, 0) => More::None,
            (waits, 0) => More::Waits(waits),
            (0, parent) => More::FromFrame(parent),
            _ => {
                let detail = Detail::default().with("waits_ns", waits).with("from_frame", parent);
                More::Detail(Box::new(detail))
            }
        }
    }

    /// The same in full.
    fn detail(&self) -> Option<Cow<'_, Detail>> {
        let detail = match self {
            More::None => return None,
            More::Detail(detail) => return Some(Cow::Borrowed(detail)),
            More::Waits(waits) => Detail::default().with("waits_ns", *waits),
            More::FromFrame(parent) => Detail::default().with("from_frame", *parent),
            More::Station { mac, vlan, from_port } => {
                let mut detail = Detail::default().with("rule", "B2").with("mac", *mac);
                if *vlan != 0 {
                    detail = detail.with("vlan", u64::from(*vlan));
                }
                if *from_port != 0 {
                    detail = detail.with("from_port", u64::from(*from_port));
                }
                detail
            }
        };
        Some(Cow::Owned(detail))
    }
}

/// One event of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// When, from the start of the scenario.
    pub at: Timestamp,
    /// Which frame it is about; 0 if none.
    pub frame: FrameId,
    /// More about it.
    pub(super) more: More,
    /// The one number that most events have, so that they need no detail: how many copies were flooded, the port that a
    /// frame was forwarded to (from 1), the octets of a frame received. 0 if there is none.
    pub number: u32,
    /// Which box it happened in.
    pub device: DeviceId,
    /// At which of its ports, if at one.
    pub port: Option<PortId>,
    /// What happened.
    pub event: EventKind,
    /// Why.
    pub reason: Reason,
}

impl Record {
    /// The line for people; empty if there is none.
    pub fn text(&self) -> &str {
        match &self.more {
            More::Detail(detail) => &detail.text,
            _ => "",
        }
    }

    /// More about it, if there is more.
    pub fn detail(&self) -> Option<Cow<'_, Detail>> {
        self.more.detail()
    }

    /// The fact of that name.
    pub fn fact(&self, name: &str) -> Option<Value> {
        match (&self.more, name) {
            (More::None, _) => None,
            (More::Detail(detail), _) => detail.fact(name).cloned(),
            (More::Station { mac, .. }, "mac") => Some(Value::Mac(*mac)),
            (more, _) => more.detail()?.fact(name).cloned(),
        }
    }

    /// What the record's number counts, if it has one.
    pub fn number_name(&self) -> Option<&'static str> {
        match self.event {
            _ if self.number == 0 => None,
            EventKind::Flooded => Some("copies"),
            EventKind::Forwarded => Some("to_port"),
            EventKind::Received => Some("len"),
            _ => None,
        }
    }

    /// The text of the fact of that name.
    pub fn fact_text(&self, name: &str) -> Option<&str> {
        match (&self.more, name) {
            (More::Detail(detail), _) => match detail.fact(name)? {
                Value::Text(text) => Some(text),
                _ => None,
            },
            (More::Station { .. }, "rule") => Some("B2"),
            _ => None,
        }
    }

    /// The number of the fact of that name.
    pub fn fact_count(&self, name: &str) -> Option<u64> {
        if self.number_name() == Some(name) {
            return Some(u64::from(self.number));
        }
        match self.fact(name)? {
            Value::Count(number) => Some(number),
            _ => None,
        }
    }
}
