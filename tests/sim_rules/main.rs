//! The rules of boxes and links, one small network each, named after the rule; and every reason for a drop is yielded by one
//! of them or by the gallery. `docs/SIMULATOR_RULES.md` lists them.

use std::collections::BTreeSet;

use netlab::sim::{Reason, Run, RunOptions, Scenario, gallery};

/// A rule: its name, the top of the file, its boxes, and what comes between. What it says stands in the expectations.
type Rule = (&'static str, &'static str, &'static str, &'static str);

/// Three hosts on a switch.
pub const STAR: &str = "links = [\"h1 - sw.1\", \"h2 - sw.2\", \"h3 - sw.3\"]\n[host.h1]\naddress = \"192.0.2.1/24\"\n[host.h2]\naddress = \"192.0.2.2/24\"\n[host.h3]\naddress = \"192.0.2.3/24\"\n";
/// A host, a router, a host.
pub const ROUTED: &str = "links = [\"h1 - r.a\", \"r.b - h2\"]\n[host.h1]\naddress = \"192.0.2.1/24\"\ngateway = \"192.0.2.254\"\n[host.h2]\naddress = \"198.51.100.1/24\"\ngateway = \"198.51.100.254\"\n[router.r]\ninterfaces = { a = \"192.0.2.254/24\", b = \"198.51.100.254/24\" }\n";

/// Rules as tests of their own, and as a list.
macro_rules! rules {
    ($($name:ident { $top:expr, $boxes:expr, $rest:expr $(,)? })*) => {
        pub const RULES: &[Rule] = &[$((stringify!($name), $top, $boxes, $rest),)*];
        $(
            #[test]
            fn $name() {
                let rule = RULES.iter().find(|rule| rule.0 == stringify!($name)).expect("the rule");
                holds(rule);
            }
        )*
    };
}

mod bridge;
mod ip;
mod link;
mod page;
mod transport;
mod tree;

fn all() -> impl Iterator<Item = &'static Rule> {
    [bridge::RULES, ip::RULES, link::RULES, transport::RULES, tree::RULES].into_iter().flatten()
}

fn text_of(rule: &Rule) -> String {
    let (name, top, boxes, rest) = rule;
    // Links of the boxes come first, as keys must stand before tables.
    let (links, tables) = match boxes.starts_with("links") {
        true => boxes.split_at(boxes.find('\n').map_or(0, |at| at + 1)),
        false => ("", *boxes),
    };
    format!("title = \"{name}\"\n{top}{links}{rest}{tables}")
}

fn run(rule: &Rule) -> (Scenario, Run) {
    let text = text_of(rule);
    let scenario = Scenario::parse(rule.0, &text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let run = scenario.run(&RunOptions::default());
    (scenario, run)
}

/// Runs a rule's network and compares what happened with what the rule says.
fn holds(rule: &Rule) {
    let (scenario, run) = run(rule);
    let outcomes = scenario.expectations().iter().zip(&run.outcomes);
    let broken: Vec<String> = outcomes
        .filter_map(|(expectation, outcome)| Some(format!("{}: instead {}", expectation.line, outcome.as_ref().err()?)))
        .collect();
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
    assert!(run.books.is_ok(), "{:?}", run.books);
}

#[test]
fn every_reason_is_yielded_by_a_scenario() {
    let mut yielded = BTreeSet::new();
    let mut see = |run: &Run| yielded.extend(run.engine.records().iter().map(|record| record.reason));
    for rule in all() {
        see(&run(rule).1);
    }
    for entry in gallery::all().iter().filter(|entry| !entry.name.starts_with("lan-")) {
        see(&Scenario::parse(entry.name, entry.text).expect("a scenario").run(&RunOptions::default()));
    }
    // These need thousands of packets or forged ones; the tests beside `stack/fragment.rs`, `stack/nat.rs` and
    // `stack/neighbour.rs` yield them.
    let beside = [Reason::FragmentOverlap, Reason::FragmentTableFull, Reason::NatTableFull, Reason::NeighbourQueueFull];
    let missing: Vec<&str> = Reason::all()
        .filter(|reason| !yielded.contains(reason) && !beside.contains(reason))
        .map(Reason::code)
        .collect();
    assert!(missing.is_empty(), "no scenario yields {missing:?}");
}

/// The octets of all frames that passed a port.
fn frames_at(scenario: &Scenario, run: &Run, end: &str) -> Vec<Vec<u8>> {
    let (device, port) = scenario.port(end).expect("a port");
    let tap = run.engine.tap_of(device, port).expect("a tap");
    tap.frames().iter().map(|tapped| tapped.frame.octets().to_vec()).collect()
}
