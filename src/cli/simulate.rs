//! `netlab simulate [SCENARIO]`: a built-in scenario by name, or a file; without one, the list.

use std::io::{self, BufRead as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::drawing::{self, Format};
use super::{Failure, Output};
use crate::analysis::Analyzer;
use crate::base::Timestamp;
use crate::base::text::{count, harmless};
use crate::lang::tell;
use crate::pipeline::{self, Patience};
use crate::render::simulation::{self, Descriptions, TimeLine};
use crate::render::style::{HEADING, Paint};
use crate::render::{html, ledger, storm, table};
use crate::sim::storm::Storm;
use crate::sim::{Run, RunOptions, Scenario, gallery};

use super::print::{PrintOptions, Printer};

/// Arguments of `simulate`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  netlab simulate\n  netlab simulate arp\n  netlab simulate broadcast-storm --view report\n  netlab simulate lab.toml --seed 7 --write out/\n  netlab simulate handshake --tap client.eth0"
)]
pub struct Arguments {
    /// A built-in scenario by its name, or a scenario file (TOML)
    #[arg(value_name = "SCENARIO")]
    scenario: Option<String>,
    /// List the built-in scenarios
    #[arg(long)]
    list: bool,
    /// Print the scenario's file instead of running it
    #[arg(long)]
    show: bool,
    /// Draw the scenario's network instead of running it
    #[arg(long, value_enum, value_name = "FORMAT", conflicts_with_all = ["jsonl", "tap", "view", "step", "show"])]
    format: Option<Format>,
    /// Write the run as one page that needs no network: the network drawn, frames on their way, tables at every moment
    #[arg(long, value_name = "OUT", conflicts_with_all = ["jsonl", "tap", "view", "step", "format", "show"])]
    html: Option<PathBuf>,
    /// Another seed for everything random
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Stop at this moment of the scenario, as in 50ms
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// What to show of the run
    #[arg(long, value_enum, value_name = "VIEW")]
    view: Option<View>,
    /// Go through the events one by one, forwards and backwards
    #[arg(long, conflicts_with_all = ["jsonl", "tap", "view"])]
    step: bool,
    /// Write what passed each port into DIR, one DEVICE.PORT.pcapng for each
    #[arg(long, value_name = "DIR")]
    write: Option<PathBuf>,
    /// Show the packets that passed one port, as the inspector reads them
    #[arg(long, value_name = "DEVICE.PORT")]
    tap: Option<String>,
    /// With --tap and -Y: say what the display filter means, and end
    #[arg(long, requires_all = ["tap", "display_filter"])]
    explain_filter: bool,
    /// Lay this scenario beside the other, after the first action of each: frames, copies alive, MAC moves; repeatable
    #[arg(long, value_name = "SCENARIO")]
    beside: Vec<String>,
    /// Lines of the time line at most
    #[arg(long, value_name = "N")]
    lines: Option<usize>,
    #[command(flatten)]
    print: PrintOptions,
}

/// What is shown of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum View {
    /// What happens, in the order of time
    Packets,
    /// Each frame with its journey, the rules that decided, and its end
    Ledger,
    /// What every box remembers at the end
    Tables,
    /// The sum: copies and their ends, reasons, load of the links, expectations
    Report,
}

pub(super) fn run(arguments: &Arguments, output: &mut Output) -> Result<(), Failure> {
    let Some(name) = arguments.scenario.as_deref().filter(|_| !arguments.list) else {
        return list(arguments.print.jsonl, output);
    };
    let (file_name, text) = find(name)?;
    if arguments.show {
        output.write_all(text.as_bytes())?;
        return Ok(());
    }
    let scenario = Scenario::parse(&file_name, &text).map_err(|error| Failure::Usage(error.to_string()))?;
    let until = match &arguments.until {
        None => None,
        Some(text) => Some(Timestamp::ZERO.after(crate::sim::parse_duration(text).map_err(Failure::Usage)?)),
    };
    let options = RunOptions { seed: arguments.seed, until, ..RunOptions::default() };
    for warning in scenario.warnings() {
        output.complain(&format!("{file_name}: {warning}"));
    }
    if arguments.step {
        return step(&scenario, options, output);
    }
    if let Some(format) = arguments.format {
        let lang = output.lang();
        let title = simulation::told(&scenario, lang).map_or(scenario.title.as_str(), |(title, _)| title);
        drawing::network(format, &scenario.network(&options), title, lang, output.block());
        return Ok(());
    }
    let options = RunOptions { onlooker: output.watch_run(options.until.or(scenario.until)), ..options };
    let (run, film) = match &arguments.html {
        Some(_) => {
            let (run, film) = scenario.film(&options);
            (run, Some(film))
        }
        None => (scenario.run(&options), None),
    };
    if let Some(folder) = &arguments.write {
        write_taps(&run, folder, output)?;
    }
    match (&arguments.html, &film) {
        (Some(path), Some(film)) => {
            let mut page = Vec::new();
            html::simulation(&scenario, &run, film, output.lang(), &mut page);
            let inputs = if name.contains(['/', '.']) { vec![PathBuf::from(name)] } else { Vec::new() };
            drawing::write_page(path, &page, &inputs)?;
        }
        _ => {
            let storms = side_by_side(arguments, &scenario, &file_name)?;
            show(arguments, &scenario, &run, &storms, output)?;
        }
    }
    if let Err(broken) = &run.books {
        return Err(Failure::CouldNot(format!("internal error: {broken}; please report this scenario")));
    }
    let broken = run.outcomes.iter().filter(|outcome| outcome.is_err()).count();
    match broken {
        0 => Ok(()),
        1 => Err(Failure::Unexpected(format!("{file_name}: 1 expectation was not met"))),
        more => Err(Failure::Unexpected(format!("{file_name}: {more} expectations were not met"))),
    }
}

/// The text of a built-in scenario or a file. What looks like a path is one.
fn find(name: &str) -> Result<(String, String), Failure> {
    let looks_like_path = name.contains(['/', '.']) || name == "-";
    if !looks_like_path && let Some(entry) = gallery::find(name) {
        return Ok((entry.name.to_owned(), entry.text.to_owned()));
    }
    let shown = harmless(name).into_owned();
    if !looks_like_path && !Path::new(name).exists() {
        let near = gallery::nearest(name).map_or_else(|| ";".to_owned(), |near| format!(": did you mean '{near}'?"));
        return Err(Failure::Usage(format!("there is no scenario '{shown}'{near} 'netlab simulate' lists them all")));
    }
    if name == "-" {
        let text = io::read_to_string(io::stdin());
        return Ok((shown, text.map_err(|error| Failure::CouldNot(format!("cannot read standard input: {error}")))?));
    }
    match std::fs::read_to_string(name) {
        Ok(text) => Ok((shown, text)),
        Err(error) => Err(Failure::CouldNot(format!("cannot read {shown}: {error}"))),
    }
}

fn list(as_json: bool, output: &mut Output) -> Result<(), Failure> {
    if as_json {
        for entry in gallery::all() {
            let scenario =
                Scenario::parse(entry.name, entry.text).map_err(|error| Failure::CouldNot(error.to_string()))?;
            output.write_all(simulation::json_entry(&scenario).to_string().as_bytes())?;
            output.write_all(b"\n")?;
        }
        return Ok(());
    }
    let paint = output.paint();
    let mut grid = table::Table::new(output.width(), paint, &["scenario", "shows"]).at_most(usize::MAX).whole(&[0]);
    for entry in gallery::all() {
        let title = paint.lang().scenario(entry.name).map_or_else(|| entry.title(), |(title, _)| title.to_owned());
        grid.row([entry.name.to_owned(), title]);
    }
    grid.write(output.block());
    let hint = paint
        .lang()
        .say("\nnetlab simulate NAME runs one; --show prints its file, which is a good start for your own\n");
    output.write_all(hint.as_bytes())?;
    Ok(())
}

/// How many steps a storm is measured in, and how long they are if the scenario has no end.
const STORM_STEPS: usize = 10;
const STORM_STEP: Duration = Duration::from_millis(1);

/// Measures the scenario and those it is laid beside, all over the same time; empty if there are none.
fn side_by_side(arguments: &Arguments, scenario: &Scenario, file_name: &str) -> Result<Vec<Storm>, Failure> {
    let is_report = matches!(arguments.view, None | Some(View::Report)) && arguments.tap.is_none();
    let names = if arguments.beside.is_empty() { &scenario.beside } else { &arguments.beside };
    if names.is_empty() || !is_report {
        return Ok(Vec::new());
    }
    let begins = scenario.actions().iter().map(crate::sim::Action::at).min().unwrap_or(Timestamp::ZERO);
    let step = match scenario.until {
        Some(until) if until > begins => until.since(begins) / STORM_STEPS as u32,
        _ => STORM_STEP,
    };
    let mut storms = vec![Storm::measure(scenario, arguments.seed, step, STORM_STEPS)];
    let folder = Path::new(file_name).parent().unwrap_or_else(|| Path::new(""));
    for name in names {
        // Names in a file are built-in ones or files beside it; names that were typed are as everywhere.
        let beside = folder.join(name);
        let is_beside = arguments.beside.is_empty() && name.ends_with(".toml") && beside.is_relative();
        let (other_name, text) = if is_beside { find(&beside.to_string_lossy())? } else { find(name)? };
        let other = Scenario::parse(&other_name, &text).map_err(|error| Failure::Usage(error.to_string()))?;
        storms.push(Storm::measure(&other, arguments.seed, step, STORM_STEPS));
    }
    Ok(storms)
}

fn show(
    arguments: &Arguments,
    scenario: &Scenario,
    run: &Run,
    storms: &[Storm],
    output: &mut Output,
) -> Result<(), Failure> {
    let paint = output.paint();
    let width = output.width();
    if let Some(end) = &arguments.tap {
        let (device, port) = scenario.port(end).map_err(Failure::Usage)?;
        let mut tap = run.engine.tap_of(device, port).cloned().unwrap_or_default();
        let mut analyzer = Analyzer::new();
        let mut print = arguments.print.clone();
        if print.time.is_none() && print.time_ladder == 0 {
            print.time = Some(super::print::TimeChoice::Relative);
        }
        if let Some(display) = print.display.display()?.filter(|_| arguments.explain_filter) {
            display.explain(output);
            return Ok(());
        }
        let mut printer = Printer::new(&print, output);
        return pipeline::run(&mut tap, None, &mut analyzer, &mut printer, Patience::Hold)
            .map_err(|error| Failure::CouldNot(error.to_string()));
    }
    if arguments.print.jsonl {
        let more: Vec<_> = storms.iter().map(storm::json).collect();
        simulation::json_lines("simulation", scenario, run, &more, output)?;
        return Ok(());
    }
    let mut out = Vec::new();
    let lines = |default: usize| arguments.lines.unwrap_or(default);
    match arguments.view {
        Some(View::Packets) => {
            let descriptions = Descriptions::new(&run.engine);
            TimeLine::new(&run.engine, &descriptions, paint).at_most(lines(simulation::MAX_LINES)).write(&mut out);
        }
        Some(View::Ledger) => ledger::write(&run.engine, &Descriptions::new(&run.engine), paint, &mut out),
        Some(View::Tables) => simulation::tables(&run.engine, width, paint, &mut out),
        Some(View::Report) => simulation::report(scenario, run, width, paint, &mut out),
        None => {
            simulation::head(scenario, &run.engine, paint, &mut out);
            let descriptions = Descriptions::new(&run.engine);
            TimeLine::new(&run.engine, &descriptions, paint).at_most(lines(80)).write(&mut out);
            out.push(b'\n');
            simulation::report(scenario, run, width, paint, &mut out);
        }
    }
    if !storms.is_empty() {
        out.push(b'\n');
        storm::write(storms, width, paint, &mut out);
    }
    output.write_all(&out)?;
    Ok(())
}

/// One file a port, each packet with its direction.
fn write_taps(run: &Run, folder: &Path, output: &mut Output) -> Result<(), Failure> {
    let shown = harmless(&folder.to_string_lossy()).into_owned();
    std::fs::create_dir_all(folder).map_err(|error| Failure::CouldNot(format!("cannot make {shown}: {error}")))?;
    let engine = &run.engine;
    let mut files = 0_u64;
    for (device, port, tap) in engine.taps() {
        if tap.frames().is_empty() {
            continue;
        }
        let name = format!("{}.{}", engine.name(*device), engine.port_name(*device, *port));
        super::tap_file::write(&folder.join(format!("{name}.pcapng")), &name, tap)?;
        files += 1;
    }
    output.complain(&format!("wrote {} into {shown}", count(files, "file")));
    Ok(())
}

/// Goes through the events one by one. The state after any number of events is that of a fresh run stopped there, so
/// going back is going forward again from the start.
fn step(scenario: &Scenario, mut options: RunOptions, output: &mut Output) -> Result<(), Failure> {
    let (paint, lang) = (output.paint(), output.lang());
    let width = output.width();
    let whole = scenario.run(&options);
    let last = whole.engine.processed();
    let mut at = 0u64;
    let mut out = Vec::new();
    simulation::head(scenario, &whole.engine, paint, &mut out);
    out.extend_from_slice(
        tell!(lang, "{} steps. Enter or n: next, b: back, NUMBER: go there, t: tables, q: quit\n", last).as_bytes(),
    );
    output.write_all(&out)?;
    output.flush()?;
    let plain = Paint::new(false).in_language(lang);
    let mut tables_before = state_tables(scenario, &mut options, at, width, plain);
    for line in io::stdin().lock().lines() {
        let line = line.map_err(|error| Failure::CouldNot(format!("cannot read standard input: {error}")))?;
        let from = at;
        match line.trim() {
            "" | "n" => at = (at + 1).min(last),
            "b" => at = at.saturating_sub(1),
            "t" => {
                output.write_all(&tables_before)?;
                output.flush()?;
                continue;
            }
            "q" => break,
            number => match number.parse::<u64>() {
                Ok(number) => at = number.min(last),
                Err(_) => {
                    output.write_all(lang.say("Enter or n, b, a number, t or q\n").as_bytes())?;
                    output.flush()?;
                    continue;
                }
            },
        }
        show_step(scenario, &mut options, (from, at, last), &mut tables_before, output)?;
    }
    Ok(())
}

fn show_step(
    scenario: &Scenario,
    options: &mut RunOptions,
    (from, at, last): (u64, u64, u64),
    tables_before: &mut Vec<u8>,
    output: &mut Output,
) -> Result<(), Failure> {
    let paint = output.paint();
    let width = output.width();
    options.events = at;
    let mut engine = scenario.build(options);
    let until = options.until.or(scenario.until).unwrap_or(Timestamp::from_nanos(u64::MAX));
    let idle = options.until.or(scenario.until).is_none();
    engine.run(until, at.saturating_sub(1), idle);
    let seen = engine.records().len();
    if at > 0 {
        engine.run(until, 1, idle);
    }
    let mut out = Vec::new();
    let lang = paint.lang();
    let heading = tell!(lang, "step {} of {}, {}", at, last, simulation::millis(engine.now()));
    out.extend_from_slice(paint.text(&heading, HEADING).as_bytes());
    out.push(b'\n');
    let descriptions = Descriptions::new(&engine);
    for record in &engine.records()[seen.min(engine.records().len())..] {
        out.extend_from_slice(ledger::event_line(&engine, record, &descriptions, paint).as_bytes());
    }
    let mut tables = Vec::new();
    simulation::tables(&engine, width, Paint::new(false).in_language(lang), &mut tables);
    for (sign, line) in differences(tables_before, &tables) {
        out.extend_from_slice(format!("  {sign} {line}\n").as_bytes());
    }
    if from > at {
        out.extend_from_slice(lang.say("  (gone back)\n").as_bytes());
    }
    *tables_before = tables;
    output.write_all(&out)?;
    output.flush()?;
    Ok(())
}

fn state_tables(scenario: &Scenario, options: &mut RunOptions, events: u64, width: usize, paint: Paint) -> Vec<u8> {
    options.events = events;
    let mut engine = scenario.build(options);
    engine.run(Timestamp::from_nanos(u64::MAX), events, true);
    let mut tables = Vec::new();
    simulation::tables(&engine, width, paint, &mut tables);
    tables
}

/// Lines that went (`-`) and came (`+`).
fn differences(before: &[u8], after: &[u8]) -> Vec<(char, String)> {
    let (before, after) = (String::from_utf8_lossy(before), String::from_utf8_lossy(after));
    let plain = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let (before, after) = (plain(&before), plain(&after));
    let is_rule = |line: &&String| line.starts_with(['─', '═']) || line.is_empty();
    let gone = before.iter().filter(|line| !after.contains(line) && !is_rule(line)).map(|line| ('-', line.clone()));
    let come = after.iter().filter(|line| !before.contains(line) && !is_rule(line)).map(|line| ('+', line.clone()));
    gone.chain(come).collect()
}
