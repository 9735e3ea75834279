//! What the simulation brings to the point where the capture was taken, against what was captured there (R6, R10, R12).

use super::Map;
use super::captured::Capture;
use super::plan::{Fate, Plan};
use super::rewrite::Rewriter;
use crate::base::limits;
use crate::sim::engine::Engine;
use crate::sim::record::{DeviceId, PortId};

/// One frame that differs.
#[derive(Clone, Debug)]
pub struct Difference {
    /// Its number in the capture; 0 for one that the simulation made.
    pub number: u64,
    /// What differs, in words.
    pub what: String,
}

/// The comparison.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// Where.
    pub point: Option<(DeviceId, PortId)>,
    /// Frames of the capture that entered, and so should be seen there.
    pub expected: u64,
    /// Of those, the ones seen there with the same octets.
    pub equal: u64,
    /// Seen there with other octets.
    pub different: Vec<Difference>,
    /// Never seen there.
    pub missing: Vec<Difference>,
    /// Seen there, and not in the capture.
    pub extra: Vec<Difference>,
    /// How many there are of these three, should the lists be cut short.
    pub counts: [u64; 3],
    /// Frames that arrived exactly when they were captured.
    pub on_time: u64,
    /// The earliest and the latest against the capture, in nanoseconds.
    pub residual: (i64, i64),
    /// The mean of all residuals, without sign.
    pub mean_residual: f64,
    /// The frame that was latest.
    pub latest: u64,
    /// Messages of switches in the capture, and of those the ones that the simulated switches sent too.
    pub of_switches: (u64, u64),
}

impl Comparison {
    /// True if octets and times are those of the capture.
    pub fn is_exact(&self) -> bool {
        self.counts == [0; 3] && self.equal == self.expected && self.on_time == self.expected
    }

    fn differs(&mut self, kind: usize, number: u64, what: impl Into<String>) {
        self.counts[kind] += 1;
        let list = match kind {
            0 => &mut self.different,
            1 => &mut self.missing,
            _ => &mut self.extra,
        };
        if list.len() < limits::MAX_DIFFERENCES {
            list.push(Difference { number, what: what.into() });
        }
    }
}

/// For frames that the simulation made: the frame of the capture that they carry on.
pub(super) fn origins(engine: &Engine, plan: &Plan) -> Map<u64, u64> {
    let mut origins: Map<u64, u64> = Map::default();
    for entry in &plan.entries {
        if let Some((first, count)) = entry.pieces {
            for piece in 0..u64::from(count) {
                origins.insert(first + piece, entry.number);
            }
        }
    }
    let first_made = plan.next_number;
    for (made, parent) in engine.parents() {
        let number = if *parent < first_made { origins.get(parent).or(Some(parent)) } else { origins.get(parent) };
        if let Some(number) = number.copied() {
            origins.insert(*made, number);
        }
    }
    origins
}

/// Frames of the capture that the point has yet to see, by number.
struct Waiting {
    /// For each number, from 1: the place in the plan, and how many pieces are still to come.
    left: Vec<(u32, u32)>,
    count: u64,
}

impl Waiting {
    fn new(capture: &Capture, plan: &Plan) -> Waiting {
        let mut waiting = Waiting { left: vec![(0, 0); capture.packets as usize + 1], count: 0 };
        for (index, entry) in plan.entries.iter().enumerate().filter(|(_, entry)| entry.fate == Fate::Enters) {
            waiting.left[entry.number as usize] = (index as u32, entry.pieces.map_or(1, |(_, count)| count));
            waiting.count += 1;
        }
        waiting
    }

    /// The frame of that number, or a piece of it, came: its place in the plan, and true if that was all of it.
    /// `None` if nothing of that number is waited for.
    fn came(&mut self, number: u64) -> Option<(usize, bool)> {
        let (index, left) = self.left.get_mut(number as usize).filter(|(_, left)| *left > 0)?;
        *left -= 1;
        Some((*index as usize, *left == 0))
    }

    /// The numbers of those that never came whole.
    fn numbers(&self) -> impl Iterator<Item = u64> + '_ {
        self.left.iter().enumerate().filter(|(_, (_, left))| *left > 0).map(|(number, _)| number as u64)
    }
}

pub(super) fn compare(
    engine: &Engine,
    capture: &Capture,
    plan: &Plan,
    point: (DeviceId, PortId),
    rewriter: Option<&Rewriter>,
) -> Comparison {
    let mut comparison = Comparison { point: Some(point), ..Comparison::default() };
    let Some(tap) = engine.tap_of(point.0, point.1) else { return comparison };
    let origins = origins(engine, plan);
    let mut waiting = Waiting::new(capture, plan);
    comparison.expected = waiting.count;
    let mut of_switches: Map<&[u8], u64> = Map::default();
    for entry in plan.entries.iter().filter(|entry| entry.fate == Fate::OfSwitch) {
        *of_switches.entry(capture.frames[entry.index].octets()).or_default() += 1;
        comparison.of_switches.0 += 1;
    }
    let (mut residuals, mut seen) = (0u128, 0u64);
    for tapped in tap.frames() {
        let id = tapped.frame.id();
        let number = if id < plan.next_number {
            origins.get(&id).copied().unwrap_or(id)
        } else {
            origins.get(&id).copied().unwrap_or(0)
        };
        let Some((index, is_whole)) = waiting.came(number) else {
            if number == 0
                && let Some(count) = of_switches.get_mut(tapped.frame.octets()).filter(|count| **count > 0)
            {
                *count -= 1;
                comparison.of_switches.1 += 1;
                continue;
            }
            let what = match number {
                0 => "made by the simulation itself".to_owned(),
                _ => "passes the point once more than in the capture".to_owned(),
            };
            comparison.differs(2, number, what);
            continue;
        };
        if !is_whole {
            continue;
        }
        let entry = &plan.entries[index];
        let captured = &capture.frames[entry.index];
        let residual = tapped.at.signed_since(entry.expected);
        seen += 1;
        residuals += u128::from(residual.unsigned_abs());
        comparison.on_time += u64::from(residual == 0);
        if seen == 1 {
            comparison.residual = (residual, residual);
            comparison.latest = number;
        }
        if residual > comparison.residual.1 {
            comparison.latest = number;
        }
        comparison.residual.0 = comparison.residual.0.min(residual);
        comparison.residual.1 = comparison.residual.1.max(residual);
        if entry.pieces.is_some() {
            comparison.equal += 1;
            continue;
        }
        let changed = rewriter.map(|rewriter| {
            let mut octets = captured.octets().to_vec();
            rewriter.apply(&mut octets, captured.captured_len as usize);
            octets
        });
        let wanted = changed.as_deref().unwrap_or(captured.octets());
        let found = tapped.frame.octets();
        if found == wanted {
            comparison.equal += 1;
        } else {
            comparison.differs(0, number, first_difference(wanted, found));
        }
    }
    for number in waiting.numbers() {
        comparison.differs(1, number, "");
    }
    if seen > 0 {
        comparison.mean_residual = residuals as f64 / seen as f64;
    }
    comparison
}

fn first_difference(wanted: &[u8], found: &[u8]) -> String {
    let at = wanted.iter().zip(found).position(|(a, b)| a != b);
    match at {
        Some(at) => {
            let count = wanted.iter().zip(found).filter(|(a, b)| a != b).count();
            let more = if wanted.len() == found.len() {
                String::new()
            } else {
                format!(", and {} octets instead of {}", found.len(), wanted.len())
            };
            format!(
                "{count} octet{} differ, the first at {at}: captured {:#04x}, simulated {:#04x}{more}",
                if count == 1 { "" } else { "s" },
                wanted[at],
                found[at]
            )
        }
        None => format!("{} octets instead of {}", found.len(), wanted.len()),
    }
}
