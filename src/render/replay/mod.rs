//! A capture that went through a simulated network: the report for people, the ledger of each frame, JSON Lines.

mod drive;
mod film;
mod journeys;
mod json;
mod oddities;
mod report;
mod stations;

pub use drive::{drive, drive_json};
pub use film::drive_html;
pub use journeys::one_frame;
pub use stations::{odd, stations};

use super::style::Paint;
use crate::lang::{Lang, tell};
use crate::sim::replay::{Capture, Replay};

/// A replay to be shown.
#[derive(Debug)]
pub struct Page<'a> {
    /// The capture's file.
    pub file: &'a str,
    /// The topology's file.
    pub topology: &'a str,
    /// The capture.
    pub capture: &'a Capture,
    /// What became of it.
    pub replay: &'a Replay,
    /// Columns.
    pub width: usize,
    /// Colours, or none.
    pub paint: Paint,
}

/// The first of some numbers: `3, 7, 9 and 40 more`.
fn some_numbers(numbers: &[u64], most: usize, lang: Lang) -> String {
    let shown: Vec<String> = numbers.iter().take(most).map(u64::to_string).collect();
    match numbers.len().saturating_sub(most) {
        0 => shown.join(", "),
        more => tell!(lang, "{} and {} more", shown.join(", "), more),
    }
}

/// A span in nanoseconds as people read it, with its sign: `+1.230 µs`.
fn span(nanos: i64) -> String {
    let sign = if nanos < 0 { "−" } else { "+" };
    let size = nanos.unsigned_abs() as f64;
    match nanos.unsigned_abs() {
        0 => "0".to_owned(),
        1..=999 => format!("{sign}{size} ns"),
        1_000..=999_999 => format!("{sign}{:.3} µs", size / 1e3),
        1_000_000..=999_999_999 => format!("{sign}{:.3} ms", size / 1e6),
        _ => format!("{sign}{:.3} s", size / 1e9),
    }
}
