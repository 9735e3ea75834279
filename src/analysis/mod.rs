//! What the packets mean: (state, packet) → (state, notes). No clock, no input or output, no failure.
//!
//! [`Analyzer::observe`] hands each packet to the trackers, one file each, in the order of the layers. They leave
//! [`Note`]s about it, and at the end [`Analyzer::report`] collects what they counted as plain data. Every kind of note
//! has its entry in the [`catalogue`]; text is made from it only when somebody wants to read it.

pub mod catalogue;
mod note;
mod report;
mod totals;

pub use catalogue::Entry;
pub use note::{Confidence, Context, Fact, Judged, Note, Notes, Settlement, Severity};
pub use report::Report;
pub use totals::{ProtocolCount, Totals};

use crate::packet::{Packet, Remark};

/// Everything netlab remembers of the packets so far.
#[derive(Debug, Default)]
pub struct Analyzer {
    totals: Totals,
}

impl Analyzer {
    /// An analyzer that has seen nothing.
    pub fn new() -> Analyzer {
        Analyzer::default()
    }

    /// Takes in the next packet; what it means is added to `notes`.
    pub fn observe(&mut self, packet: &Packet<'_>, _notes: &mut Notes) {
        self.totals.observe(packet);
    }

    /// Takes in what the source said beside its packets.
    pub fn remark(&mut self, _remark: &Remark) {}

    /// The end of the capture: whatever waited for a later packet is settled now.
    pub fn finish(&mut self, _notes: &mut Notes) {}

    /// Everything counted and concluded so far.
    pub fn report(&self) -> Report {
        Report { protocols: self.totals.protocols() }
    }
}
