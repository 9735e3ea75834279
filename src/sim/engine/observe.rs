//! The observer: the books, the records and the counts of deeds. It changes nothing in a run; what nobody asked for is
//! not kept and costs a comparison.

use super::super::frame::FrameId;
use super::super::ledger::Ledger;
use super::super::reason::Reason;
use super::super::record::{DeviceId, EventKind, More, PortId, Record};
use crate::base::{Timestamp, limits};

/// How much is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Recording {
    Nothing,
    /// What changes a table or loses a frame.
    Changes,
    /// Every step of every frame.
    Steps,
}

/// Everything that is kept of a run besides the boxes and the taps.
#[derive(Debug)]
pub(super) struct Observer {
    recording: Recording,
    pub ledger: Ledger,
    records: Vec<Record>,
    records_lost: u64,
    /// Frames that carry on what came in another one.
    parents: Vec<(FrameId, FrameId)>,
}

impl Observer {
    pub fn new(recording: bool) -> Observer {
        Observer {
            recording: if recording { Recording::Steps } else { Recording::Nothing },
            ledger: Ledger::new(recording),
            records: Vec::new(),
            records_lost: 0,
            parents: Vec::new(),
        }
    }

    pub fn record_only_changes(&mut self) {
        self.recording = self.recording.min(Recording::Changes);
    }

    /// True if anything is recorded.
    pub fn is_recording(&self) -> bool {
        self.recording != Recording::Nothing
    }

    /// True if the steps that every frame takes are recorded.
    pub fn sees_every_step(&self) -> bool {
        self.recording == Recording::Steps
    }

    /// A box made a frame, which may carry on what came in another one.
    pub fn made(&mut self, frame: FrameId, parent: FrameId) {
        if parent != 0 && self.is_recording() {
            self.parents.push((frame, parent));
        }
        self.ledger.injected(frame);
    }

    /// Records a step of a frame.
    pub fn step(
        &mut self,
        at: Timestamp,
        device: DeviceId,
        port: PortId,
        frame: FrameId,
        event: EventKind,
        number: u32,
    ) {
        let (more, port, reason) = (More::None, Some(port), Reason::None);
        self.record(Record { at, frame, more, number, device, port, event, reason });
    }

    /// Records anything.
    pub fn record(&mut self, record: Record) {
        if self.recording == Recording::Changes && record.event.is_of_every_frame() {
            return;
        }
        if self.records.len() >= limits::MAX_SIM_RECORDS {
            self.records_lost += 1;
            return;
        }
        self.records.push(record);
    }

    pub fn records(&self) -> &[Record] {
        &self.records
    }

    pub fn records_lost(&self) -> u64 {
        self.records_lost
    }

    pub fn parents(&self) -> &[(FrameId, FrameId)] {
        &self.parents
    }
}

/// How often a box did one thing for one reason. A box does few things, so a short list is smaller than a table and not
/// slower.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deed {
    event: EventKind,
    reason: Reason,
    count: u64,
}

/// Counts one more.
pub(super) fn count(deeds: &mut Vec<Deed>, event: EventKind, reason: Reason) {
    match deeds.iter_mut().find(|deed| deed.event == event && deed.reason == reason) {
        Some(deed) => deed.count += 1,
        None => deeds.push(Deed { event, reason, count: 1 }),
    }
}

/// How many were counted.
pub(super) fn counted(deeds: &[Deed], event: EventKind, reason: Reason) -> u64 {
    deeds.iter().find(|deed| deed.event == event && deed.reason == reason).map_or(0, |deed| deed.count)
}
