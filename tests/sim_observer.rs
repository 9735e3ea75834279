//! Who watches changes nothing: with and without ledger, and with and without taps, the same happens.

use std::sync::{Arc, Mutex};

use netlab::base::Timestamp;
use netlab::sim::{Onlooker, Run, RunOptions, Scenario, gallery};

/// Everything but records and taps.
fn essence(run: &Run) -> Vec<String> {
    let engine = &run.engine;
    let mut all = vec![format!("{} events, {:?}, {:?}", engine.processed(), engine.now(), engine.books())];
    for device in engine.devices() {
        all.push(format!("{} {:?}", engine.name(device), engine.device(device).tables(engine.now())));
        for port in 0..engine.port_count(device) {
            all.push(format!("{:?}", engine.link(device, netlab::sim::PortId(port as u16))));
        }
    }
    all
}

#[test]
fn a_run_without_ledger_and_taps_is_the_same_run() {
    for entry in gallery::all().iter().filter(|entry| !entry.name.starts_with("lan-")) {
        let scenario = Scenario::parse(entry.name, entry.text).unwrap_or_else(|error| panic!("{error}"));
        let watched = scenario.run(&RunOptions::default());
        let quiet = scenario.run(&RunOptions { recording: false, tap_all: false, ..RunOptions::default() });
        assert!(!watched.engine.records().is_empty(), "{}", entry.name);
        assert!(quiet.books.is_ok(), "{}: {:?}", entry.name, quiet.books);
        for (with, without) in essence(&watched).iter().zip(essence(&quiet)) {
            assert_eq!(with, &without, "{}", entry.name);
        }
    }
}

#[test]
fn an_onlooker_is_told_how_far_a_run_is_and_changes_nothing() {
    let scenario = gallery::find("broadcast-storm-parallel").expect("it is built in");
    let scenario = Scenario::parse(scenario.name, scenario.text).unwrap_or_else(|error| panic!("{error}"));
    let told = Arc::new(Mutex::new(Vec::new()));
    let onlooker = Onlooker::new({
        let told = Arc::clone(&told);
        move |reached| told.lock().expect("one thread").push(reached)
    });
    let options = RunOptions { until: Some(Timestamp::from_parts(0, 60_000_000)), ..RunOptions::default() };
    let watched = scenario.run(&RunOptions { onlooker: Some(onlooker), ..options.clone() });
    assert_eq!(essence(&watched), essence(&scenario.run(&options)));
    let told = told.lock().expect("one thread");
    assert_eq!(told.len() as u64, watched.engine.processed() / 32_768, "now and then");
    assert!(told.len() > 1 && told.is_sorted_by_key(|reached| (reached.at, reached.events)), "{told:?}");
    assert!(told.iter().all(|reached| reached.at <= watched.engine.now() && reached.entering == 0));
}

/// Says in the second process that nothing else runs in it.
const ALONE: &str = "NETLAB_TEST_ALONE";

/// What an idle host with its cable costs, by the growth of a process that does nothing else: other tests would take memory and
/// give it back meanwhile.
#[test]
fn an_idle_host_needs_at_most_four_kilobytes() {
    if std::env::var_os(ALONE).is_none() {
        let tests = std::env::current_exe().expect("these tests");
        let mut alone = std::process::Command::new(tests);
        alone.args(["--exact", "an_idle_host_needs_at_most_four_kilobytes", "--nocapture"]).env(ALONE, "1");
        let output = alone.output().expect("they run again");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains("1 passed"), "{said}{}", String::from_utf8_lossy(&output.stderr));
        return assert!(output.status.success());
    }
    let resident = || {
        let status = std::fs::read_to_string("/proc/self/status").ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.trim().trim_end_matches(" kB").parse::<u64>().ok().map(|kibibytes| kibibytes * 1024)
    };
    let hosts = 5_000;
    let text = format!(
        "title = \"idle\"\nuntil = \"1s\"\n[lan.h]\nhosts = {hosts}\non = \"sw\"\nfirst = \"10.0.0.1/16\"\n[switch.sw]\n"
    );
    let scenario = Scenario::parse("idle", &text).unwrap_or_else(|error| panic!("{error}"));
    let Some(before) = resident() else {
        eprintln!("skipped: there is no /proc here");
        return;
    };
    let run = scenario.run(&RunOptions { recording: false, tap_all: false, ..RunOptions::default() });
    let each = resident().map_or(0, |after| after.saturating_sub(before)) / hosts;
    assert_eq!(run.engine.device_count() as u64, hosts + 1);
    assert!((200..=4096).contains(&each), "an idle host needs {each} octets");
}
