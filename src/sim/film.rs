//! A run watched step by step: what happened when, which frames were on which link meanwhile, and what every box
//! remembered at each moment. Long runs are filmed from their beginning up to a limit, and run on unfilmed.

use std::collections::VecDeque;
use std::ops::Range;

use super::engine::{Engine, Stopped};
use super::frame::FrameId;
use super::reason::Reason;
use super::record::{DeviceId, EventKind, PortId};
use super::table::Table;
use crate::base::Timestamp;
use crate::base::limits::{MAX_FILM_RECORDS, MAX_FILM_ROWS};

/// A port of a box.
type End = (DeviceId, PortId);

/// One event of the engine of which something was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilmStep {
    /// When.
    pub at: Timestamp,
    /// What happened: places in [`Engine::records`].
    pub records: Range<usize>,
}

/// One copy of a frame on its way over one link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// Which frame.
    pub frame: FrameId,
    /// From which port.
    pub from: End,
    /// To which port.
    pub to: End,
    /// The step from which on it is on the link.
    pub leaves: usize,
    /// The step at which it arrives; `None` if the film ends before.
    pub arrives: Option<usize>,
    /// True if the link loses it.
    pub is_lost: bool,
}

/// What a box remembers from a step on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The step after which the tables are so; 0 is before the first.
    pub step: usize,
    /// Which box.
    pub device: DeviceId,
    /// Its tables. Ages are left out, as they change all the time.
    pub tables: Vec<Table>,
}

/// A run, or its beginning, step by step. Steps count from 1; 0 is the moment before the first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Film {
    /// The steps, in the order of time.
    pub steps: Vec<FilmStep>,
    /// Every way over a link, in the order of departure.
    pub hops: Vec<Hop>,
    /// Every change of a table, in the order of steps.
    pub snapshots: Vec<Snapshot>,
    /// True if the run went on after the last step.
    pub was_cut: bool,
}

impl Film {
    /// Runs `engine` to its end as [`Engine::run`] does and films the beginning.
    pub fn shoot(engine: &mut Engine, until: Timestamp, stop_when_idle: bool) -> (Film, Stopped) {
        let mut film = Film::default();
        let mut rows = 0;
        let mut newest: Vec<Option<usize>> = vec![None; engine.device_count()];
        for device in engine.devices() {
            rows += film.snap(engine, device, 0, &mut newest);
        }
        let stopped = loop {
            if engine.records().len() >= MAX_FILM_RECORDS || rows >= MAX_FILM_ROWS {
                let before = engine.processed();
                let stopped = engine.run(until, u64::MAX, stop_when_idle);
                film.was_cut = engine.processed() > before;
                break stopped;
            }
            let first = engine.records().len();
            if let Err(stopped) = engine.step(until, u64::MAX, stop_when_idle) {
                // Brings the taps into order.
                engine.run(until, 0, stop_when_idle);
                break stopped;
            }
            let records = first..engine.records().len();
            if records.is_empty() {
                continue;
            }
            let mut touched: Vec<DeviceId> = engine.records()[records.clone()].iter().map(|one| one.device).collect();
            touched.sort_unstable();
            touched.dedup();
            film.steps.push(FilmStep { at: engine.now(), records });
            for device in touched {
                rows += film.snap(engine, device, film.steps.len(), &mut newest);
            }
        };
        film.hops = film.find_hops(engine);
        (film, stopped)
    }

    /// Remembers the tables of a box if they changed; returns how many rows that took. `newest` is each box's last snapshot.
    fn snap(&mut self, engine: &Engine, device: DeviceId, step: usize, newest: &mut [Option<usize>]) -> usize {
        let mut tables = engine.device(device).tables(engine.now());
        for cell in tables.iter_mut().flat_map(|table| table.rows.iter_mut().flatten()) {
            if cell.ends_with(" ago") {
                cell.clear();
            }
        }
        tables.retain(|table| !table.rows.is_empty());
        let last = newest[device.0 as usize].map(|index| &self.snapshots[index]);
        if last.map_or(tables.is_empty(), |last| last.tables == tables) {
            return 0;
        }
        let rows = tables.iter().map(|table| table.rows.len()).sum();
        newest[device.0 as usize] = Some(self.snapshots.len());
        self.snapshots.push(Snapshot { step, device, tables });
        rows
    }

    /// Every way of a frame over a link: from where it was sent to where the other end received it.
    fn find_hops(&self, engine: &Engine) -> Vec<Hop> {
        let mut hops: Vec<Hop> = Vec::new();
        // Of each port the hops that are on their way to it: copies of a frame arrive in the order of their departure.
        let mut waiting: std::collections::BTreeMap<(End, FrameId), VecDeque<usize>> = Default::default();
        let mut last: std::collections::BTreeMap<(End, FrameId), usize> = Default::default();
        for (index, step) in self.steps.iter().enumerate() {
            let number = index + 1;
            for record in &engine.records()[step.records.clone()] {
                let Some(port) = record.port else { continue };
                let here = (record.device, port);
                match record.event {
                    EventKind::Sent => {
                        let Some(to) = engine.peer(record.device, port) else { continue };
                        let waits = record.fact_count("waits_ns").unwrap_or(0);
                        let leaves = self.step_from(step.at.after_nanos(waits), number);
                        waiting.entry((to, record.frame)).or_default().push_back(hops.len());
                        let (frame, from) = (record.frame, here);
                        hops.push(Hop { frame, from, to, leaves, arrives: None, is_lost: false });
                    }
                    EventKind::Dropped if record.reason == Reason::Lost => {
                        let Some(to) = engine.peer(record.device, port) else { continue };
                        // The one sent just before is the one that the link lost.
                        if let Some(lost) = waiting.get_mut(&(to, record.frame)).and_then(VecDeque::pop_back) {
                            hops[lost].is_lost = true;
                            hops[lost].arrives = Some(hops[lost].leaves + 1);
                        }
                    }
                    EventKind::Received => {
                        let key = (here, record.frame);
                        if let Some(arrived) = waiting.get_mut(&key).and_then(VecDeque::pop_front) {
                            hops[arrived].arrives = Some(number.max(hops[arrived].leaves + 1));
                            last.insert(key, arrived);
                        } else if let Some(first) = last.get(&key) {
                            // The link doubled it.
                            let again = Hop { arrives: Some(number), ..hops[*first].clone() };
                            hops.push(again);
                        }
                    }
                    _ => {}
                }
            }
        }
        hops
    }

    /// The first step at `at` or later, but not before step `least`.
    fn step_from(&self, at: Timestamp, least: usize) -> usize {
        (self.steps.partition_point(|step| step.at < at) + 1).max(least)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::{RunOptions, Scenario, gallery};

    fn filmed(name: &str) -> (crate::sim::Run, Film) {
        let entry = gallery::find(name).expect("a built-in scenario");
        let scenario = Scenario::parse(entry.name, entry.text).expect("it parses");
        scenario.film(&RunOptions::default())
    }

    #[test]
    fn a_filmed_run_is_the_same_run() {
        for name in ["arp", "loss", "nat"] {
            let entry = gallery::find(name).expect("a built-in scenario");
            let scenario = Scenario::parse(entry.name, entry.text).expect("it parses");
            let plain = scenario.run(&RunOptions::default());
            let (run, film) = filmed(name);
            assert_eq!(plain.engine.records(), run.engine.records(), "{name}");
            assert_eq!(plain.outcomes, run.outcomes);
            assert!(!film.was_cut);
            let told: usize = film.steps.iter().map(|step| step.records.len()).sum();
            assert_eq!(told + run.outcomes.len(), run.engine.records().len(), "every record is in one step");
            for (device, _, tap) in run.engine.taps() {
                assert!(tap.frames().is_sorted_by_key(|tapped| tapped.at), "{device:?}");
            }
        }
    }

    #[test]
    fn every_frame_that_is_received_came_over_a_link() {
        let (run, film) = filmed("arp");
        let received = run.engine.records().iter().filter(|record| record.event == EventKind::Received).count();
        assert_eq!(film.hops.iter().filter(|hop| hop.arrives.is_some()).count(), received);
        for hop in &film.hops {
            assert_eq!(run.engine.peer(hop.from.0, hop.from.1), Some(hop.to));
            assert!(hop.arrives.is_none_or(|arrives| arrives > hop.leaves));
        }
    }

    #[test]
    fn what_a_link_loses_does_not_arrive() {
        let (run, film) = filmed("loss");
        let lost = run.engine.records().iter().filter(|record| record.reason == Reason::Lost).count();
        assert!(lost > 0);
        assert_eq!(film.hops.iter().filter(|hop| hop.is_lost).count(), lost);
    }

    #[test]
    fn tables_change_when_a_switch_learns() {
        let (run, film) = filmed("arp");
        let switch = run.engine.find("sw").expect("a switch");
        let rows: Vec<usize> = film
            .snapshots
            .iter()
            .filter(|snapshot| snapshot.device == switch)
            .map(|snapshot| snapshot.tables.iter().map(|table| table.rows.len()).sum())
            .collect();
        assert_eq!(rows, [1, 2], "one address, then two");
    }

    #[test]
    fn a_storm_is_filmed_from_its_beginning() {
        let (run, film) = filmed("broadcast-storm");
        assert!(film.was_cut);
        assert!(film.steps.last().expect("steps").records.end >= MAX_FILM_RECORDS);
        assert!(run.engine.records().len() > MAX_FILM_RECORDS);
    }
}
