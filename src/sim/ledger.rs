//! The ledger: how many copies there were of each frame and how each of them ended (R11).

use super::frame::FrameId;
use super::record::EventKind;

/// The law of R11: copies = delivered + filtered + dropped + in flight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Conservation {
    /// Frames that boxes made and sent.
    pub injected: u64,
    /// Copies that there ever were: one for each frame, and one more for each further port a copy left by.
    pub copies: u64,
    /// Copies that a box took in.
    pub delivered: u64,
    /// Copies that a box rightly ignored.
    pub filtered: u64,
    /// Copies lost for a reason.
    pub dropped: u64,
    /// Copies still on a wire or in a queue when the run ended.
    pub in_flight: u64,
}

impl Conservation {
    /// True if every copy is accounted for.
    pub fn holds(&self) -> bool {
        self.copies == self.delivered + self.filtered + self.dropped + self.in_flight
    }
}

/// Copies and ends of each frame.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger {
    pub sum: Conservation,
    /// Copies and ends by frame number less one; kept only while records are kept.
    each: Vec<(u32, u32)>,
    keep_each: bool,
    /// What broke the law, if anything did.
    pub broken: Option<String>,
}

impl Ledger {
    pub fn new(keep_each: bool) -> Ledger {
        Ledger { keep_each, ..Ledger::default() }
    }

    pub fn injected(&mut self, frame: FrameId) {
        self.sum.injected += 1;
        self.copied(frame, 1);
    }

    pub fn copied(&mut self, frame: FrameId, more: u32) {
        self.sum.copies += u64::from(more);
        if let Some(each) = self.each(frame) {
            each.0 += more;
        }
    }

    pub fn ended(&mut self, event: EventKind, frame: FrameId) {
        match event {
            EventKind::Delivered => self.sum.delivered += 1,
            EventKind::Filtered => self.sum.filtered += 1,
            _ => self.sum.dropped += 1,
        }
        if let Some(each) = self.each(frame) {
            each.1 += 1;
        }
    }

    fn each(&mut self, frame: FrameId) -> Option<&mut (u32, u32)> {
        if !self.keep_each || frame == 0 || frame > crate::base::limits::MAX_SIM_RECORDS as u64 {
            return None;
        }
        let index = frame as usize - 1;
        if index >= self.each.len() {
            self.each.resize(index + 1, (0, 0));
        }
        Some(&mut self.each[index])
    }

    /// Checks the law for the whole run and for each frame, given the frames of all copies still under way.
    pub fn check(&mut self, in_flight: impl Iterator<Item = FrameId>) -> Result<Conservation, String> {
        let mut sum = self.sum;
        let mut flying = vec![0u32; self.each.len()];
        for frame in in_flight {
            sum.in_flight += 1;
            if let Some(count) = flying.get_mut((frame as usize).wrapping_sub(1)) {
                *count += 1;
            }
        }
        if let Some(broken) = &self.broken {
            return Err(broken.clone());
        }
        if !sum.holds() {
            return Err(format!("the books of this run do not balance: {sum:?}"));
        }
        for (index, ((copies, ended), flying)) in self.each.iter().zip(flying).enumerate() {
            if *copies != ended + flying {
                let frame = index + 1;
                return Err(format!(
                    "the books of frame {frame} do not balance: {copies} copies, {ended} ended, {flying} under way"
                ));
            }
        }
        Ok(sum)
    }
}
