//! How time passes in a replay: as in the capture, faster, without long gaps (R6).

use std::time::Duration;

use crate::base::Timestamp;

/// How time passes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// How many times as fast.
    pub speed: f64,
    /// The longest gap between two frames.
    pub gap_max: Option<Duration>,
    /// As fast as the links of the senders allow.
    pub top_speed: bool,
    /// Frames enter at the time of the capture, without regard to the way to where it was taken.
    pub as_is: bool,
}

impl Default for Pace {
    fn default() -> Pace {
        Pace { speed: 1.0, gap_max: None, top_speed: false, as_is: false }
    }
}

/// Turns times of the capture into times of the replay.
#[derive(Debug)]
pub(super) struct Clock {
    pace: Pace,
    last: Option<Timestamp>,
    now: u64,
}

impl Clock {
    pub fn new(pace: Pace) -> Clock {
        Clock { pace, last: None, now: 0 }
    }

    /// The time in the replay of a moment of the capture; moments come in their order.
    pub fn of(&mut self, at: Timestamp) -> u64 {
        let mut gap = self.last.map_or(0, |last| at.nanos_since(last));
        self.last = Some(at);
        if let Some(most) = self.pace.gap_max {
            gap = gap.min(u64::try_from(most.as_nanos()).unwrap_or(u64::MAX));
        }
        // Whole nanoseconds unless a speed is asked for, so that a plain replay is exact.
        if self.pace.speed != 1.0 {
            gap = (gap as f64 / self.pace.speed).round() as u64;
        }
        self.now += gap;
        self.now
    }
}
