//! The storm meter: a loop, parallel links and a load, and what cures each, measured on the built-in scenarios.

use std::process::Command;
use std::time::Duration;

use netlab::sim::storm::Storm;
use netlab::sim::{Scenario, gallery};

const MILLISECOND: Duration = Duration::from_millis(1);

fn measure(name: &str, step: Duration) -> Storm {
    let entry = gallery::find(name).unwrap_or_else(|| panic!("no scenario {name}"));
    let scenario = Scenario::parse(entry.name, entry.text).unwrap_or_else(|error| panic!("{error}"));
    Storm::measure(&scenario, None, step, 10)
}

#[test]
fn s32_a_loop_keeps_its_copies_alive_and_moves_addresses_in_every_step() {
    let storm = measure("broadcast-storm", MILLISECOND);
    for sample in &storm.samples {
        // Two copies circle; those to hosts that are just on their way come on top.
        assert!(sample.alive >= 2 && sample.moves > 0, "{sample:?}");
    }
    let before_the_pings: Vec<u64> = storm.samples[..5].iter().map(|sample| sample.frames).collect();
    let (least, most) = (before_the_pings.iter().min().unwrap(), before_the_pings.iter().max().unwrap());
    assert!(most - least <= most / 20, "a ring neither grows nor shrinks: {before_the_pings:?}");
    assert_eq!(storm.answered, 0, "no useful traffic passes");
    assert_eq!(storm.pings, 4);
}

#[test]
fn s32_parallel_links_multiply_the_copies_until_they_are_full() {
    // A hop takes about 7 µs, and each frame that comes by one of four cables leaves by the three others.
    let growth = measure("broadcast-storm-parallel", Duration::from_micros(25));
    let alive: Vec<u64> = growth.samples.iter().map(|sample| sample.alive).take(5).collect();
    assert!(alive.windows(2).all(|pair| pair[1] > pair[0]), "{alive:?}");
    assert!(alive[4] >= 10 * alive[0], "{alive:?}");
    let storm = measure("broadcast-storm-parallel", MILLISECOND);
    assert!(storm.full_after().is_some_and(|after| after <= MILLISECOND), "{storm:?}");
    // Eight directions of 100 Mbit/s carry 148.8 frames of 60 octets a millisecond each, and the hosts' three cables.
    let last = storm.samples.last().unwrap();
    assert!((8 * 148..=11 * 149 + 20).contains(&last.frames), "{last:?}");
}

#[test]
fn s32_each_cure_leaves_no_copy_alive_and_lets_pings_pass() {
    for cure in ["stp", "rstp", "loop-vlan", "loop-router", "load-vlan", "router"] {
        let storm = measure(&format!("broadcast-storm-{cure}"), MILLISECOND);
        assert_eq!((storm.alive(), storm.moves_per_second()), (0, 0), "{cure}");
        assert_eq!((storm.answered, storm.pings), (4, 4), "{cure}");
        assert_eq!(storm.full_after(), None, "{cure}");
    }
}

#[test]
fn s32_a_router_or_vlans_divide_the_cost_of_a_load() {
    let load = measure("broadcast-storm-load", MILLISECOND);
    assert_eq!((load.delivered(), load.injected), (50 * 49, 50));
    let broadcasts = |name| measure(name, MILLISECOND).samples[0].delivered;
    assert_eq!(broadcasts("broadcast-storm-load-vlan"), 50 * 24);
    assert_eq!(broadcasts("broadcast-storm-router"), 50 * 25, "24 hosts and the router");
}

#[test]
fn what_is_laid_beside_is_shown_in_one_table_and_in_the_json() {
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_netlab")).args(arguments).output().expect("netlab runs");
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        (String::from_utf8(output.stdout).expect("UTF-8"), String::from_utf8(output.stderr).expect("UTF-8"))
    };
    let (text, warning) = run(&["simulate", "broadcast-storm", "--view", "report"]);
    for row in
        ["broadcast-storm-parallel", "broadcast-storm-stp", "broadcast-storm-loop-router", "broadcast-storm-load"]
    {
        assert!(text.lines().any(|line| line.starts_with(&format!(" {row} "))), "{row}: {text}");
    }
    assert!(warning.contains("sw1 – sw2 – sw3 – sw1 is a ring without spanning tree"), "{warning}");
    let (json, _) = run(&["simulate", "arp", "--beside", "hub", "--jsonl"]);
    let records = json.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
    let storms: Vec<_> = records.filter(|record| record["event"] == "storm").collect();
    let names: Vec<_> = storms.iter().map(|storm| storm["scenario"].as_str().unwrap().to_owned()).collect();
    assert_eq!(names, ["arp", "hub"]);
    assert_eq!(storms[0]["steps"].as_array().unwrap().len(), 10);
}

#[test]
fn the_list_as_json_has_every_scenario_with_what_it_expects() {
    let output =
        Command::new(env!("CARGO_BIN_EXE_netlab")).args(["simulate", "--list", "--jsonl"]).output().expect("it runs");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let listed: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(listed.len(), gallery::all().len());
    for (record, entry) in listed.iter().zip(gallery::all()) {
        assert_eq!(record["scenario"], entry.name);
        assert_eq!(record["title"], entry.title());
        assert!(!record["expect"].as_array().unwrap().is_empty() && record["story"].is_string());
    }
}
