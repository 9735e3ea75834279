//! The storm meter: what a network does in the first moments after its broadcasts, step by step, so that a loop, a load
//! and their cures can be laid side by side.
//!
//! It runs a scenario of its own accord, from the first action on, and counts at even steps. It changes nothing.

use std::time::Duration;

use super::engine::Engine;
use super::order::Order;
use super::record::PortId;
use super::scenario::{Action, RunOptions, Scenario};
use crate::base::Timestamp;

/// What was counted within one step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StormSample {
    /// Frames put on wires, each direction of each link for itself.
    pub frames: u64,
    /// Copies that hosts and routers took in.
    pub delivered: u64,
    /// Addresses that jumped from one port of a switch to another.
    pub moves: u64,
    /// Copies under way when the step ended.
    pub alive: u64,
    /// Share of the step for which the busiest direction of a link was asked to carry, in thousandths; above 1000 frames
    /// queue up.
    pub load_permille: u64,
}

/// What a network did in a stretch of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Storm {
    /// The scenario's name and title.
    pub name: String,
    /// Its title.
    pub title: String,
    /// When its first action happens; the steps count from here.
    pub begins: Timestamp,
    /// How long a step is.
    pub step: Duration,
    /// The steps in order.
    pub samples: Vec<StormSample>,
    /// Frames that boxes made in all steps together; everything else are copies of them.
    pub injected: u64,
    /// Copies in all steps together.
    pub copies: u64,
    /// Echo requests that the scenario asks for in these steps: the useful traffic.
    pub pings: u64,
    /// Those that were answered within these steps.
    pub answered: u64,
}

impl Storm {
    /// Runs a scenario from its first action on for `steps` steps.
    pub fn measure(scenario: &Scenario, seed: Option<u64>, step: Duration, steps: usize) -> Storm {
        let begins = scenario.actions().iter().map(Action::at).min().unwrap_or(Timestamp::ZERO);
        let ends = begins.after(step * steps as u32);
        let mut engine = scenario.build(&RunOptions { seed, tap_all: false, ..RunOptions::default() });
        engine.record_only_changes();
        if begins > Timestamp::ZERO {
            engine.run(Timestamp::from_nanos(begins.nanos() - 1), u64::MAX, false);
        }
        let first = Reading::of(&engine);
        let mut samples = Vec::with_capacity(steps);
        let mut before = first.clone();
        for number in 1..=steps {
            engine.run(begins.after(step * number as u32), u64::MAX, false);
            let after = Reading::of(&engine);
            let busiest = after.busy.iter().zip(&before.busy).map(|(after, before)| after - before).max();
            samples.push(StormSample {
                frames: after.frames - before.frames,
                delivered: after.delivered - before.delivered,
                moves: after.moves - before.moves,
                alive: engine.books().in_flight,
                load_permille: busiest.unwrap_or(0) * 1000 / (step.as_nanos() as u64).max(1),
            });
            before = after;
        }
        let answers = engine.records().iter().filter(|record| {
            record.at >= begins
                && record.fact_text("call") == Some("ping")
                && record.fact_text("result") == Some("reply")
        });
        Storm {
            name: scenario.name.clone(),
            title: scenario.title.clone(),
            begins,
            step,
            samples,
            injected: before.injected - first.injected,
            copies: before.copies - first.copies,
            pings: scenario.actions().iter().map(|action| pings(action, begins, ends)).sum(),
            answered: answers.count() as u64,
        }
    }

    /// How much of the useful traffic still got through, in percent; `None` if the scenario asks for none.
    pub fn useful_percent(&self) -> Option<f64> {
        (self.pings > 0).then(|| self.answered as f64 * 100.0 / self.pings as f64)
    }

    /// Most frames put on wires within one step.
    pub fn most_frames(&self) -> u64 {
        self.samples.iter().map(|sample| sample.frames).max().unwrap_or(0)
    }

    /// Copies under way at the end.
    pub fn alive(&self) -> u64 {
        self.samples.last().map_or(0, |sample| sample.alive)
    }

    /// Copies that were taken in.
    pub fn delivered(&self) -> u64 {
        self.samples.iter().map(|sample| sample.delivered).sum()
    }

    /// How often a second an address jumped between ports, over all steps.
    pub fn moves_per_second(&self) -> u64 {
        let moves: u64 = self.samples.iter().map(|sample| sample.moves).sum();
        let nanos = self.step.as_nanos() as u64 * self.samples.len() as u64;
        moves * 1_000_000_000 / nanos.max(1)
    }

    /// The end of the first step in which a link had more to carry than it can.
    pub fn full_after(&self) -> Option<Duration> {
        let full = self.samples.iter().position(|sample| sample.load_permille >= 1000)?;
        Some(self.step * (full as u32 + 1))
    }
}

/// Echo requests that an action sends within a stretch of time.
fn pings(action: &Action, begins: Timestamp, ends: Timestamp) -> u64 {
    let Action::Order { at, order: Order::Ping(ping), .. } = action else { return 0 };
    let sent = (0..ping.count).map(|number| at.after(ping.interval * number));
    sent.filter(|at| (begins..ends).contains(at)).count() as u64
}

/// Counters of a network at one moment.
#[derive(Clone, Debug)]
struct Reading {
    frames: u64,
    injected: u64,
    copies: u64,
    delivered: u64,
    moves: u64,
    /// Time that each direction of each link was occupied.
    busy: Vec<u64>,
}

impl Reading {
    fn of(engine: &Engine) -> Reading {
        let books = engine.books();
        let (mut frames, mut moves, mut busy) = (0, 0, Vec::new());
        for device in engine.devices() {
            moves += engine.device(device).counter("moved").unwrap_or(0);
            for port in 0..engine.port_count(device) {
                if let Some((_, counters)) = engine.link(device, PortId(port as u16)) {
                    frames += counters.frames;
                    busy.push(counters.busy_nanos);
                }
            }
        }
        let (injected, copies, delivered) = (books.injected, books.copies, books.delivered);
        Reading { frames, injected, copies, delivered, moves, busy }
    }
}
