//! A hub: repeats every frame on all its other ports, damaged ones too, and remembers nothing (B6).

use crate::base::Timestamp;
use crate::sim::frame::FrameRef;
use crate::sim::outbox::{Device, Outbox};
use crate::sim::reason::Reason;
use crate::sim::record::{EventKind, PortId};

/// A hub with some ports. All hosts behind it hear all frames.
#[derive(Debug)]
pub struct Hub {
    ports: u16,
    repeated: u64,
}

impl Hub {
    /// A hub of that many ports.
    pub fn new(ports: u16) -> Hub {
        Hub { ports, repeated: 0 }
    }
}

impl Device for Hub {
    fn kind(&self) -> &'static str {
        "hub"
    }

    fn on_frame(&mut self, _now: Timestamp, port: PortId, frame: &FrameRef, out: &mut Outbox) {
        self.repeated += 1;
        if self.ports < 2 {
            return out.end(EventKind::Filtered, port, frame, Reason::NowhereToGo);
        }
        out.note(EventKind::Flooded, Some(port), frame.id(), Reason::Repeated);
        for other in (0..self.ports).map(PortId).filter(|other| *other != port) {
            out.relay(other, frame.clone());
        }
    }

    fn counter(&self, name: &str) -> Option<u64> {
        (name == "repeated").then_some(self.repeated)
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}
