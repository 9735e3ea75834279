//! Every built-in scenario: what it expects happens, the books balance, and the same seed gives the same run.

use netlab::sim::{EventKind, Reason, RunOptions, Scenario, gallery};

/// Too long for a test that is not optimised.
const FOR_MEASURING: &[&str] = &["lan-256"];

fn scenario(name: &str) -> Scenario {
    let entry = gallery::find(name).unwrap_or_else(|| panic!("no scenario {name}"));
    Scenario::parse(entry.name, entry.text).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn every_expectation_of_the_gallery_is_met_and_r11_every_copy_is_accounted_for() {
    for entry in gallery::all().iter().filter(|entry| !FOR_MEASURING.contains(&entry.name)) {
        let scenario = scenario(entry.name);
        assert!(!scenario.expectations().is_empty(), "{} expects nothing", entry.name);
        let run = scenario.run(&RunOptions::default());
        for (expectation, outcome) in scenario.expectations().iter().zip(&run.outcomes) {
            let (number, line) = (expectation.number, &expectation.line);
            assert_eq!(outcome, &Ok(()), "{}:{number}: {line}", entry.name);
        }
        let books = run.books.unwrap_or_else(|broken| panic!("{}: {broken}", entry.name));
        assert!(books.holds(), "{}: {books:?}", entry.name);
        // Every end is an event (R11), so the records alone give the same sums.
        let count = |event| run.engine.records().iter().filter(|record| record.event == event).count() as u64;
        assert_eq!(run.engine.records_lost(), 0);
        assert_eq!(count(EventKind::Delivered), books.delivered, "{}", entry.name);
        assert_eq!(count(EventKind::Filtered), books.filtered, "{}", entry.name);
        assert_eq!(count(EventKind::Dropped), books.dropped, "{}", entry.name);
    }
}

#[test]
fn the_same_seed_gives_the_same_run_to_the_octet() {
    for entry in gallery::all().iter().filter(|entry| !entry.name.starts_with("lan-") && entry.name != "udp-limit") {
        let scenario = scenario(entry.name);
        let (one, two) = (scenario.run(&RunOptions::default()), scenario.run(&RunOptions::default()));
        assert_eq!(one.engine.records(), two.engine.records(), "{}", entry.name);
        for ((device, port, first), (_, _, second)) in one.engine.taps().iter().zip(two.engine.taps()) {
            let octets = |tap: &netlab::sim::Tap| {
                tap.frames().iter().map(|tapped| (tapped.at, tapped.frame.octets().to_vec())).collect::<Vec<_>>()
            };
            assert_eq!(octets(first), octets(second), "{} {device:?} {port:?}", entry.name);
        }
    }
}

#[test]
fn s32_one_broadcast_in_a_ring_is_two_copies_for_ever() {
    let scenario = scenario("broadcast-storm");
    // Before the pings begin, which broadcast a question of their own.
    for microseconds in [2_000, 4_000, 5_990] {
        let until = Some(netlab::base::Timestamp::from_nanos(microseconds * 1000));
        let run = scenario.run(&RunOptions { until, ..RunOptions::default() });
        // Frames between two switches circle; all others are on their way to a host.
        let circling =
            run.engine.in_flight().filter(|(device, _)| run.engine.device(*device).kind() == "switch").count();
        assert_eq!(circling, 2, "after {microseconds} µs");
    }
}

#[test]
fn s32_n_hosts_that_broadcast_once_cost_n_times_n_less_one_deliveries() {
    for hosts in [2u64, 5, 17] {
        let text = format!(
            "title = \"load\"\nactions = [\"0ms h* broadcast\"]\n[lan.h]\nhosts = {hosts}\non = \"sw\"\nfirst = \"192.0.2.1/24\"\n[switch.sw]\n"
        );
        let run = Scenario::parse("load", &text).expect("a scenario").run(&RunOptions::default());
        let books = run.books.expect("the books balance");
        assert_eq!(books.delivered, hosts * (hosts - 1));
        assert_eq!(books.copies, hosts * (hosts - 1));
    }
}

#[test]
fn state_after_some_steps_is_that_of_a_fresh_run_stopped_there() {
    let scenario = scenario("subnet-decision");
    let whole = scenario.run(&RunOptions::default());
    let last = whole.engine.processed();
    for events in [0, 1, last / 2, last] {
        let options = RunOptions { events, ..RunOptions::default() };
        let mut stepped = scenario.build(&RunOptions::default());
        for _ in 0..events {
            stepped.run(netlab::base::Timestamp::from_nanos(u64::MAX), 1, true);
        }
        let mut fresh = scenario.build(&options);
        fresh.run(netlab::base::Timestamp::from_nanos(u64::MAX), events, true);
        assert_eq!(stepped.records(), fresh.records());
        for device in fresh.devices() {
            assert_eq!(
                stepped.device(device).tables(stepped.now()),
                fresh.device(device).tables(fresh.now()),
                "after {events} events"
            );
        }
    }
}

#[test]
fn a_broken_expectation_tells_what_happened_instead() {
    let text = gallery::find("arp").expect("arp").text.replace("h1 ping h2 ok", "h1 ping h2 fails");
    let run = Scenario::parse("arp", &text).expect("a scenario").run(&RunOptions::default());
    let broken: Vec<_> = run.outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).collect();
    assert_eq!(broken.len(), 1);
    assert!(broken[0].contains("56 octets from 192.0.2.20"), "{broken:?}");
}

#[test]
fn unknown_keys_and_words_are_refused_with_line_and_hint() {
    let arp = gallery::find("arp").expect("arp").text;
    for (from, to, hint) in [
        ("address = \"192.0.2.20/24\"", "adress = \"192.0.2.20/24\"", "did you mean 'address'?"),
        ("h1 - sw.1", "h1 - sv.1", "did you mean 'sw'?"),
        ("0ms h1 ping h2", "0ms h1 pign h2", "did you mean 'ping'?"),
        ("frames h3 in arp = 1", "frames h3 in apr = 1", "did you mean 'arp'?"),
        ("\"192.0.2.20/24\"", "\"192.0.2.20\"", "write it like 192.0.2.1/24"),
        ("0ms h1", "soon h1", "is not a time"),
    ] {
        let broken = arp.replace(from, to);
        assert_ne!(broken, arp, "{from} is not in the scenario");
        let error = Scenario::parse("arp", &broken).expect_err("must be refused");
        let line = broken.lines().position(|line| line.contains(to)).expect("it is there") + 1;
        assert_eq!(error.line, line, "{error}");
        assert!(error.sentence.contains(hint), "{error}");
    }
}

#[test]
fn reasons_have_codes_that_expectations_can_name() {
    for reason in Reason::all() {
        let text = format!("title = \"t\"\nexpect = [\"drops {} = 0\"]\n[host.h1]\n", reason.code());
        assert!(Scenario::parse("t", &text).is_ok(), "{}", reason.code());
    }
}

#[test]
fn every_scenario_has_its_page() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/scenarios");
    let index = std::fs::read_to_string(folder.join("README.md")).expect("the index");
    for entry in gallery::all() {
        let page = std::fs::read_to_string(folder.join(format!("{}.md", entry.name)));
        let page = page.unwrap_or_else(|error| panic!("{}: {error}", entry.name));
        assert!(page.contains(&entry.title()) && index.contains(&entry.title()), "{}", entry.name);
        // What the page says that the scenario expects, it does expect.
        let scenario = scenario(entry.name);
        for expectation in scenario.expectations() {
            assert!(page.contains(&format!("- `{}`", expectation.line)), "{}: {}", entry.name, expectation.line);
        }
    }
}
