//! A run of the simulator at its end, for people: what every box remembers, and the report.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::millis;
use crate::analysis::Severity;
use crate::base::text::harmless;
use crate::lang::tell;
use crate::render::style::{HEADING, Paint, severity};
use crate::render::table::Table as Grid;
use crate::render::topology;
use crate::sim::{DeviceId, Engine, EventKind, Reason, Run, Scenario, Stopped};

/// What every box remembers.
pub fn tables(engine: &Engine, width: usize, paint: Paint, out: &mut Vec<u8>) {
    let lang = paint.lang();
    for device in engine.devices() {
        for table in engine.device(device).tables(engine.now()) {
            if table.rows.is_empty() {
                continue;
            }
            let heading = tell!(lang, "{} of {}", lang.say(table.name), engine.name(device));
            out.extend_from_slice(paint.text(&heading, HEADING).as_bytes());
            out.push(b'\n');
            let mut grid = Grid::new(width, paint, table.heads);
            for row in &table.rows {
                grid.row(row.iter().map(|cell| harmless(&lang.retell(cell)).into_owned()));
            }
            grid.write(out);
            out.push(b'\n');
        }
    }
}

/// The sum of a run: how it ended, the books, reasons, busiest links, expectations.
pub fn report(scenario: &Scenario, run: &Run, width: usize, paint: Paint, out: &mut Vec<u8>) {
    let engine = &run.engine;
    let end = match run.stopped {
        Stopped::Quiet => "when nothing was left to happen",
        Stopped::TimeIsUp => "when its time was up",
        Stopped::EnoughEvents => "after the events that were asked for",
    };
    let books = engine.books();
    let at = if run.stopped == Stopped::Quiet { engine.last_deed() } else { engine.now() };
    let lang = paint.lang();
    let mut text = tell!(lang, "ended at {} {}; seed {}\n", millis(at), lang.say(end), run.seed);
    text.push_str(&tell!(
        lang,
        "{} frames were made; their {} copies: {} delivered, {} filtered, {} dropped, {} still under way\n",
        books.injected,
        books.copies,
        books.delivered,
        books.filtered,
        books.dropped,
        books.in_flight
    ));
    if engine.records_lost() > 0 {
        let _ =
            writeln!(text, "{}", tell!(lang, "{} events were not kept: there were too many", engine.records_lost()));
    }
    out.extend_from_slice(text.as_bytes());
    reasons(engine, width, paint, out);
    busiest(engine, width, paint, out);
    expectations(scenario, run, paint, out);
}

/// Frames by what happened to them and why.
fn reasons(engine: &Engine, width: usize, paint: Paint, out: &mut Vec<u8>) {
    let mut counts: BTreeMap<(EventKind, Reason, DeviceId), u64> = BTreeMap::new();
    for record in engine.records() {
        if matches!(record.event, EventKind::Flooded | EventKind::Filtered | EventKind::Dropped | EventKind::Moved) {
            *counts.entry((record.event, record.reason, record.device)).or_default() += 1;
        }
    }
    if counts.is_empty() {
        return;
    }
    out.push(b'\n');
    let lang = paint.lang();
    let mut grid = Grid::new(width, paint, &["box", "event", ">times", "rule", "why"]).at_most(40);
    for ((event, reason, device), count) in counts {
        grid.row([
            engine.name(device).to_owned(),
            lang.say(event.name()).to_owned(),
            count.to_string(),
            if event == EventKind::Moved { "B2".to_owned() } else { reason.rule().to_owned() },
            if event == EventKind::Moved {
                lang.say("an address was seen on another port than before").to_owned()
            } else {
                lang.say(reason.sentence()).to_owned()
            },
        ]);
    }
    grid.write(out);
}

/// The links that carried most.
fn busiest(engine: &Engine, width: usize, paint: Paint, out: &mut Vec<u8>) {
    let elapsed = engine.last_deed().nanos().max(1);
    let mut rows = Vec::new();
    for device in engine.devices() {
        for port in (0..engine.port_count(device)).map(|port| crate::sim::PortId(port as u16)) {
            let (Some((options, counters)), Some((peer, peer_port))) =
                (engine.link(device, port), engine.peer(device, port))
            else {
                continue;
            };
            if counters.frames > 0 {
                rows.push((counters.busy_nanos, device, port, peer, peer_port, options.rate_bps, *counters));
            }
        }
    }
    rows.sort_by_key(|(busy, device, port, ..)| (std::cmp::Reverse(*busy), *device, *port));
    if rows.is_empty() {
        return;
    }
    out.push(b'\n');
    let heads = ["from", "to", ">frames", ">octets", ">load", ">longest queue", ">queue drops", ">lost"];
    let mut grid = Grid::new(width, paint, &heads).at_most(12);
    for (busy, device, port, peer, peer_port, _, counters) in rows {
        grid.row([
            topology::end(engine, device, port),
            topology::end(engine, peer, peer_port),
            counters.frames.to_string(),
            counters.octets.to_string(),
            format!("{:.1} %", (busy as f64 / elapsed as f64 * 100.0).min(100.0)),
            counters.queue_peak.to_string(),
            counters.queue_drops.to_string(),
            counters.lost.to_string(),
        ]);
    }
    grid.write(out);
}

/// What was expected, and what happened instead.
pub fn expectations(scenario: &Scenario, run: &Run, paint: Paint, out: &mut Vec<u8>) {
    if run.outcomes.is_empty() {
        return;
    }
    let lang = paint.lang();
    out.push(b'\n');
    out.extend_from_slice(paint.text(lang.say("expected"), HEADING).as_bytes());
    out.push(b'\n');
    for (expectation, outcome) in scenario.expectations().iter().zip(&run.outcomes) {
        let line = harmless(&expectation.line);
        let text = match outcome {
            Ok(()) => format!("  {} {line}\n", paint.text("✓", severity(Severity::Chat))),
            Err(instead) => tell!(
                lang,
                "  {} {}\n      line {}: instead {}\n",
                paint.text("✗", severity(Severity::Error)),
                line,
                expectation.number,
                harmless(&lang.retell(instead))
            ),
        };
        out.extend_from_slice(text.as_bytes());
    }
}
