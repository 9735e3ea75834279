//! The simulator: boxes, links, and what happens to every frame, with the rule that decided.
//!
//! In comes a scenario (boxes, links, what they are told to do, what is expected); out come records, tables and taps.
//! [`Engine`] keeps one queue of events in the order of time. A box ([`Device`]) is told of frames and alarms and
//! answers into its [`Outbox`]. A [`Tap`] on a port is one more packet source, so that nothing behind it can tell a
//! simulated frame from a captured one.
//!
//! Deliberately absent: the clock (time comes from the queue), chance (numbers come from the seed), files, and the
//! inspector's trackers: what the boxes did and what the inspector concludes are two independent witnesses.

pub mod device;
mod engine;
mod film;
mod frame;
pub mod gallery;
mod layers;
mod ledger;
mod link;
mod mutation;
#[cfg(test)]
mod mutation_tests;
mod order;
mod outbox;
pub mod program;
mod reason;
mod record;
pub mod replay;
mod scenario;
pub mod stack;
pub mod storm;
mod table;
mod tap;

pub use engine::{Engine, Fed, Onlooker, Reached, Stopped};
pub use film::{Film, FilmStep, Hop, Snapshot};
pub use frame::{ETHERNET_HEADER_LEN, FrameId, FrameRef, MIN_FRAME_LEN, TAG_LEN};
pub use ledger::Conservation;
pub use link::{LinkCounters, LinkOptions, WIRE_OVERHEAD_LEN};
pub use order::{FrameOrder, InjectOrder, Order, PingOrder, UdpOrder};
pub use outbox::{Device, Outbox, TimerId};
pub use reason::Reason;
pub use record::{Detail, DeviceId, EventKind, PortId, Record, Value};
pub use scenario::{
    Action, Expectation, Names, Run, RunOptions, Scenario, ScenarioError, nearest_word, parse_duration,
};
pub use table::Table;
pub use tap::{Tap, Tapped};

#[cfg(test)]
mod engine_tests;
