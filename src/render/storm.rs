//! Storms side by side: one row a network, its growth drawn step by step on a scale that all share.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::style::{DIM, HEADING, Paint};
use super::table::Table as Grid;
use crate::base::text::harmless;
use crate::lang::{Lang, tell};
use crate::sim::gallery;
use crate::sim::storm::Storm;

/// Bars from little to much.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Appends the table of all networks and the curve of the first one.
pub fn write(storms: &[Storm], width: usize, paint: Paint, out: &mut Vec<u8>) {
    let Some(first) = storms.first() else { return };
    let lang = paint.lang();
    let step = span(first.step);
    let all = span(first.step * first.samples.len() as u32);
    let heading = tell!(lang, "side by side: what the first {} after the first action cost each network", all);
    out.extend_from_slice(paint.text(&heading, HEADING).as_bytes());
    out.push(b'\n');
    let most = storms.iter().map(Storm::most_frames).max().unwrap_or(0);
    let per_step = format!(">{}", tell!(lang, "frames per {}, most", step));
    let heads = [
        "network",
        "growth",
        per_step.as_str(),
        ">copies alive at the end",
        ">copies taken in",
        ">MAC moves a second",
        ">a link is full after",
        ">pings answered",
    ];
    let mut grid = Grid::new(width, paint, &heads).whole(&[0, 1]);
    for storm in storms {
        grid.row([
            harmless(&storm.name).into_owned(),
            storm.samples.iter().map(|sample| bar(sample.frames, most)).collect(),
            storm.most_frames().to_string(),
            storm.alive().to_string(),
            storm.delivered().to_string(),
            storm.moves_per_second().to_string(),
            storm.full_after().map_or_else(|| lang.say("never").to_owned(), span),
            storm.useful_percent().map_or_else(
                || "-".to_owned(),
                |share| format!("{} ({share:.0} %)", tell!(lang, "{0} of {1}", storm.answered, storm.pings)),
            ),
        ]);
    }
    grid.write(out);
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{}",
        tell!(
            lang,
            "growth: one bar for each {}, each step of the bar about {} times the one below; the highest is {} frames",
            step,
            format_args!("{:.1}", factor(most)),
            most
        )
    );
    for storm in storms {
        let _ = writeln!(text, "  {}: {}", harmless(&storm.name), harmless(&title(storm, lang)));
    }
    out.extend_from_slice(paint.text(&text, DIM).as_bytes());
    out.push(b'\n');
    curve(first, &step, width, paint, out);
}

/// The first network's frames, step by step.
fn curve(storm: &Storm, step: &str, width: usize, paint: Paint, out: &mut Vec<u8>) {
    let lang = paint.lang();
    let heading = tell!(lang, "{}: frames on all links in each {}", harmless(&storm.name), step);
    out.extend_from_slice(paint.text(&heading, HEADING).as_bytes());
    out.push(b'\n');
    let most = storm.most_frames().max(1);
    let room = width.saturating_sub(44).clamp(10, 60) as u64;
    for (number, sample) in storm.samples.iter().enumerate() {
        let after = span(storm.step * (number as u32 + 1));
        let drawn = "█".repeat((sample.frames * room).div_ceil(most) as usize);
        let frames = sample.frames;
        let line = tell!(
            lang,
            "{}  {} {} frames, {} copies alive\n",
            format_args!("{:>8}", after),
            drawn,
            frames,
            sample.alive
        );
        out.extend_from_slice(line.as_bytes());
    }
}

/// The title of a network; those of the gallery have translations.
fn title(storm: &Storm, lang: Lang) -> String {
    let is_built_in = gallery::find(&storm.name).is_some_and(|entry| entry.title() == storm.title);
    let translated = if is_built_in { lang.scenario(&storm.name) } else { None };
    translated.map_or_else(|| storm.title.clone(), |(title, _)| title.to_owned())
}

/// A span of time as short as it is: `1 ms`.
fn span(span: Duration) -> String {
    let text = format!("{span:?}");
    let unit = text.find(|c: char| c.is_alphabetic()).unwrap_or(text.len());
    format!("{} {}", &text[..unit], &text[unit..])
}

/// One bar on a scale of powers, as a storm grows by multiplication; blank for nothing.
fn bar(frames: u64, most: u64) -> char {
    if frames == 0 {
        return '·';
    }
    let share = (frames as f64).ln() / (most.max(2) as f64).ln();
    BARS[((share * 8.0) as usize).min(7)]
}

/// How many times more a bar stands for than the one that is one step lower.
fn factor(most: u64) -> f64 {
    (most.max(2) as f64).powf(1.0 / 8.0)
}

/// One network as a JSON object.
pub fn json(storm: &Storm) -> Json {
    let samples = storm.samples.iter().map(|sample| {
        json!({
            "frames": sample.frames, "delivered": sample.delivered, "mac_moves": sample.moves,
            "copies_alive": sample.alive, "load_percent": sample.load_permille as f64 / 10.0,
        })
    });
    let mut object = json!({
        "event": "storm",
        "scenario": storm.name,
        "title": storm.title,
        "begins_ns": storm.begins.nanos(),
        "step_ns": storm.step.as_nanos() as u64,
        "steps": samples.collect::<Vec<_>>(),
        "injected": storm.injected,
        "copies": storm.copies,
        "most_frames": storm.most_frames(),
        "copies_alive": storm.alive(),
        "delivered": storm.delivered(),
        "mac_moves_per_second": storm.moves_per_second(),
        "pings": storm.pings,
        "pings_answered": storm.answered,
    });
    // Absent is absent: a link that is never full, a network that nobody uses.
    if let Some(after) = storm.full_after() {
        object["full_after_ns"] = json!(after.as_nanos() as u64);
    }
    if let Some(share) = storm.useful_percent() {
        object["useful_percent"] = json!(share);
    }
    object
}
