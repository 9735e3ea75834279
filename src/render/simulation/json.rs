//! A run of the simulator for programs: JSON Lines.

use std::io;

use serde_json::{Map, Value as Json, json};

use crate::sim::{Engine, Reason, Record, Run, Scenario, Value};

/// The whole run as JSON Lines: a header, one record an event, `more` records, a summary.
///
/// # Errors
/// When `out` cannot be written.
pub fn json_lines(
    kind: &str,
    scenario: &Scenario,
    run: &Run,
    more: &[Json],
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut line = |value: &Json| {
        serde_json::to_writer(&mut *out, value)?;
        out.write_all(b"\n")
    };
    line(&json_header(kind, scenario, run))?;
    for record in run.engine.records() {
        line(&json_record(&run.engine, record))?;
    }
    more.iter().try_for_each(&mut line)?;
    line(&json_summary(run))
}

/// A built-in scenario in the list of all, as a JSON object.
pub fn json_entry(scenario: &Scenario) -> Json {
    let expectations: Vec<&str> = scenario.expectations().iter().map(|line| line.line.as_str()).collect();
    let mut object = json!({
        "scenario": scenario.name, "title": scenario.title, "story": scenario.story.trim(), "seed": scenario.seed,
        "warnings": scenario.warnings(), "expect": expectations,
    });
    if let Some(until) = scenario.until {
        object["until_ns"] = until.nanos().into();
    }
    object
}

/// The header of JSON Lines.
pub fn json_header(kind: &str, scenario: &Scenario, run: &Run) -> Json {
    json!({"netlab": kind, "version": 1, "scenario": scenario.name, "title": scenario.title, "seed": run.seed,
        "warnings": scenario.warnings()})
}

/// One event as a JSON object.
pub fn json_record(engine: &Engine, record: &Record) -> Json {
    let mut object = Map::new();
    object.insert("at_ns".into(), record.at.nanos().into());
    object.insert("device".into(), engine.name(record.device).into());
    if let Some(port) = record.port {
        object.insert("port".into(), engine.port_name(record.device, port).into());
    }
    object.insert("event".into(), record.event.name().into());
    if record.frame != 0 {
        object.insert("frame".into(), record.frame.into());
    }
    if record.reason != Reason::None {
        object.insert("rule".into(), record.reason.rule().into());
        object.insert("reason".into(), record.reason.code().into());
    }
    if let Some(name) = record.number_name() {
        object.insert(name.to_owned(), record.number.into());
    }
    let Some(detail) = record.detail() else { return object.into() };
    if !detail.text.is_empty() {
        object.insert("text".into(), (*detail.text).into());
    }
    for (name, value) in &detail.facts {
        object.insert((*name).to_owned(), json_value(value));
    }
    if !detail.lines.is_empty() {
        object.insert("lines".into(), detail.lines.iter().map(|line| Json::from(&**line)).collect());
    }
    object.into()
}

fn json_value(value: &Value) -> Json {
    match value {
        Value::Count(number) => (*number).into(),
        Value::Flag(flag) => (*flag).into(),
        Value::Mac(mac) => mac.to_string().into(),
        Value::Ip(address) => address.to_string().into(),
        Value::Text(text) => (**text).into(),
        Value::List(list) => list.iter().map(|text| Json::from(&**text)).collect(),
    }
}

/// The last record: tables and books.
pub fn json_summary(run: &Run) -> Json {
    json_summary_of(&run.engine)
}

/// The same of a network that was not run by a scenario.
pub fn json_summary_of(engine: &Engine) -> Json {
    let books = engine.books();
    let mut tables = Map::new();
    for device in engine.devices() {
        let mut of_device = Map::new();
        for table in engine.device(device).tables(engine.now()) {
            let rows: Vec<Json> = table
                .rows
                .iter()
                .map(|row| {
                    let cells = table.heads.iter().zip(row);
                    // A cell with nothing in it is absent.
                    cells
                        .filter(|(_, cell)| !cell.is_empty())
                        .map(|(head, cell)| (head.replace(' ', "_").to_lowercase(), Json::from(cell.as_str())))
                        .collect::<Map<_, _>>()
                        .into()
                })
                .collect();
            of_device.insert(table.code.to_owned(), rows.into());
        }
        if !of_device.is_empty() {
            tables.insert(engine.name(device).to_owned(), of_device.into());
        }
    }
    json!({
        "event": "summary",
        "at_ns": engine.now().nanos(),
        "tables": tables,
        "conservation": {
            "injected": books.injected, "copies": books.copies, "delivered": books.delivered,
            "filtered": books.filtered, "dropped": books.dropped, "in_flight": books.in_flight,
        },
        "events_not_kept": engine.records_lost(),
    })
}
