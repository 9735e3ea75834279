//! A capture through a simulated network (R1 to R12 of the rules).
//!
//! [`Capture`] reads any packet source and makes its frames whole; [`Identities`] finds who is who; [`draw`] turns that
//! into a topology. [`Replay`] places the stations in a topology, plans when and where each frame enters, runs the
//! network with stations that keep silent, and compares what comes to where the capture was taken.

/// A table whose order is never seen.
type Map<K, V> = hashbrown::HashMap<K, V, foldhash::fast::FixedState>;

mod captured;
mod classify;
mod compare;
mod copies;
mod dhcp;
mod draw;
mod driven;
mod fcs;
mod giants;
mod identity;
mod mapping;
mod pace;
mod paths;
mod plan;
mod rewrite;
mod run;
mod script;
mod subnets;
mod talk;

pub use captured::{Capture, CapturedFrame, Odd};
pub use compare::{Comparison, Difference};
pub use draw::{Drawing, Middle, draw};
pub use driven::{Driven, DrivenTalk, Mid};
pub use giants::Offload;
pub use identity::{Class, Identities, SeenAddress, Station};
pub use mapping::{By, MapLine, Mapping, Place, Unmapped};
pub use pace::Pace;
pub use plan::{Entry, Fate, Plan, Remote};
pub use rewrite::Rewriter;
pub use run::{Replay, ReplayError, ReplayOptions};
pub use subnets::{LocalSubnet, Origin};
pub use talk::{Measure, Side, Talk};
