//! Somebody who is told how far a long run is. What is told changes nothing in the run.

use std::fmt;
use std::sync::Arc;

use crate::base::Timestamp;

/// After so many events the onlooker is told: often enough to look alive, and too seldom to cost anything.
pub(super) const EVENTS_BETWEEN: u64 = 1 << 15;

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The moment of the simulation.
    pub at: Timestamp,
    /// Events that were processed.
    pub events: u64,
    /// Frames from outside that have entered.
    pub entered: u64,
    /// Frames from outside, those that have entered included; 0 without any.
    pub entering: u64,
}

/// Told how far a run is, now and then.
#[derive(Clone)]
pub struct Onlooker(Arc<dyn Fn(Reached) + Send + Sync>);

impl Onlooker {
    /// An onlooker that calls `told`.
    pub fn new(told: impl Fn(Reached) + Send + Sync + 'static) -> Onlooker {
        Onlooker(Arc::new(told))
    }

    pub(super) fn tell(&self, reached: Reached) {
        (self.0)(reached);
    }
}

impl fmt::Debug for Onlooker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Onlooker")
    }
}
