//! Two witnesses: what the simulated boxes did, and what the inspector concluded from the frames that passed a port, agree.

use netlab::analysis::{Analyzer, Notes};
use netlab::packet::{Direction, Item, Packet, PacketSource};
use netlab::sim::{EventKind, Record, Run, RunOptions, Scenario, gallery};

fn run(name: &str) -> (Scenario, Run) {
    let entry = gallery::find(name).unwrap_or_else(|| panic!("no scenario {name}"));
    let scenario = Scenario::parse(entry.name, entry.text).unwrap_or_else(|error| panic!("{error}"));
    let run = scenario.run(&RunOptions::default());
    (scenario, run)
}

/// The codes of everything the inspector said of the frames at a port.
fn codes(scenario: &Scenario, run: &Run, port: &str) -> Vec<&'static str> {
    let (device, port) = scenario.port(port).expect("a port");
    let mut tap = run.engine.tap_of(device, port).expect("a tap").clone();
    tap.rewind();
    let mut analyzer = Analyzer::new();
    let mut notes = Notes::default();
    let mut codes = Vec::new();
    while let Some(item) = tap.next_item().expect("a tap does not fail") {
        if let Item::Packet(raw) = item {
            notes.clear();
            analyzer.observe(&Packet::decode(raw), &mut notes);
            codes.extend(notes.fresh.iter().map(|note| note.code()));
        }
    }
    notes.clear();
    analyzer.finish(&mut notes);
    codes.extend(notes.fresh.iter().map(|note| note.code()));
    codes
}

fn records<'a>(run: &'a Run, name: &str, fits: impl Fn(&Record) -> bool) -> Vec<&'a Record> {
    let device = run.engine.find(name).expect("the box");
    run.engine.records().iter().filter(|record| record.device == device && fits(record)).collect()
}

fn states<'a>(run: &'a Run, name: &str) -> Vec<&'a str> {
    records(run, name, |record| record.event == EventKind::State).iter().filter_map(|r| r.fact_text("state")).collect()
}

#[test]
fn the_handshake_that_the_hosts_made_is_the_one_that_was_seen() {
    let (scenario, run) = run("handshake");
    let seen = codes(&scenario, &run, "client.eth0");
    for code in ["tcp-handshake-1", "tcp-handshake-2", "tcp-handshake-3"] {
        assert_eq!(seen.iter().filter(|found| **found == code).count(), 1, "{code}: {seen:?}");
    }
    assert!(states(&run, "client").contains(&"ESTABLISHED") && states(&run, "server").contains(&"ESTABLISHED"));
}

#[test]
fn the_first_to_close_is_in_time_wait_for_both_witnesses() {
    let (scenario, run) = run("teardown");
    let seen = codes(&scenario, &run, "client.eth0");
    for code in ["tcp-close-1", "tcp-close-2", "tcp-close-3", "tcp-close-4"] {
        assert_eq!(seen.iter().filter(|found| **found == code).count(), 1, "{code}: {seen:?}");
    }
    assert!(states(&run, "client").contains(&"TIME-WAIT") && !states(&run, "server").contains(&"TIME-WAIT"));
}

#[test]
fn every_segment_that_was_sent_again_is_seen_as_such_and_the_stream_arrives_whole() {
    for seed in 1..6 {
        let entry = gallery::find("loss").expect("the scenario");
        let scenario = Scenario::parse(entry.name, entry.text).expect("a scenario");
        let run = scenario.run(&RunOptions { seed: Some(seed), ..RunOptions::default() });
        let again = records(&run, "client", |record| record.fact_count("retransmission").is_some()).len();
        let seen = codes(&scenario, &run, "client.eth0");
        let resent = |code: &&&str| code.contains("retransmission") || **code == "tcp-tail-loss-probe";
        assert_eq!(seen.iter().filter(resent).count(), again, "seed {seed}: {seen:?}");
        let whole = records(&run, "server", |record| {
            record.fact_text("call") == Some("recv_exactly") && record.fact_count("len") == Some(100_000)
        });
        assert_eq!(whole.len(), 1, "seed {seed}: the stream did not arrive whole");
    }
}

#[test]
fn a_stream_arrives_whole_through_loss_reordering_duplicates_and_damage() {
    let faults = "loss = 3\nreorder = 5\nreorder_delay = \"2ms\"\nduplicate = 3\ncorrupt = 2\n";
    let text = gallery::find("loss").expect("the scenario").text.replace("loss = 5\n", faults);
    assert!(text.contains("corrupt"));
    for seed in 1..6 {
        let scenario = Scenario::parse("faults", &text).expect("a scenario");
        let run = scenario.run(&RunOptions { seed: Some(seed), ..RunOptions::default() });
        let sent = "0123456789".repeat(25) + "012345";
        let whole = records(&run, "server", |record| {
            record.fact_text("call") == Some("recv_exactly")
                && record.fact_count("len") == Some(100_000)
                && record.fact_text("data") == Some(&sent)
        });
        assert_eq!(whole.len(), 1, "seed {seed}");
        assert!(run.books.is_ok(), "seed {seed}: {:?}", run.books);
    }
}

#[test]
fn what_was_lost_on_the_wire_is_missing_at_the_other_end_and_nothing_else() {
    let (scenario, run) = run("loss");
    let passed = |port: &str, direction| {
        let (device, port) = scenario.port(port).expect("a port");
        let frames = run.engine.tap_of(device, port).expect("a tap").frames();
        frames.iter().filter(|tapped| tapped.direction == direction).map(|tapped| tapped.frame.id()).collect::<Vec<_>>()
    };
    let lost: Vec<u64> = records(&run, "client", |record| record.event == EventKind::Dropped)
        .iter()
        .map(|record| record.frame)
        .collect();
    let mut arrived = passed("client.eth0", Direction::Outbound);
    arrived.retain(|frame| !lost.contains(frame));
    assert!(!lost.is_empty());
    assert_eq!(passed("server.eth0", Direction::Inbound), arrived);
}

#[test]
fn arp_questions_and_answers_are_counted_alike() {
    let (scenario, run) = run("arp");
    let report = {
        let (device, port) = scenario.port("sw.1").expect("a port");
        let mut tap = run.engine.tap_of(device, port).expect("a tap").clone();
        tap.rewind();
        let mut analyzer = Analyzer::new();
        let mut notes = Notes::default();
        while let Some(Item::Packet(raw)) = tap.next_item().expect("a tap does not fail") {
            analyzer.observe(&Packet::decode(raw), &mut notes);
        }
        analyzer.report()
    };
    let arp: u64 = report.protocols.iter().filter(|count| count.path.contains("arp")).map(|count| count.packets).sum();
    let asked = records(&run, "h1", |record| record.fact_text("operation") == Some("request")).len();
    let answered = records(&run, "h2", |record| record.fact_text("operation") == Some("reply")).len();
    assert_eq!(arp as usize, asked + answered);
}

/// h1 pings h2 a hundred times, 10 ms apart, over a cable with these faults.
fn pings(keys: &str, seed: u64) -> (Scenario, Run) {
    let text = format!(
        "title = \"pings\"\nactions = ['0ms h1 ping h2 count 100 interval 10ms']\n[host.h1]\naddress = \"192.0.2.1/24\"\nneighbours = ['192.0.2.2 at h2']\n[host.h2]\naddress = \"192.0.2.2/24\"\nneighbours = ['192.0.2.1 at h1']\n[[link]]\nbetween = [\"h1\", \"h2\"]\n{keys}"
    );
    let scenario = Scenario::parse("pings", &text).unwrap_or_else(|error| panic!("{error}"));
    let run = scenario.run(&RunOptions { seed: Some(seed), ..RunOptions::default() });
    (scenario, run)
}

/// How often the faults of the cable struck, both directions together: lost, duplicated.
fn struck(run: &Run) -> (u64, u64) {
    let counters = ["h1", "h2"].map(|name| {
        let device = run.engine.find(name).expect("the box");
        *run.engine.link(device, netlab::sim::PortId(0)).expect("a cable").1
    });
    (counters[0].lost + counters[1].lost, counters[0].duplicated + counters[1].duplicated)
}

#[test]
fn every_echo_that_was_lost_on_the_way_is_missed_by_the_inspector() {
    for seed in 1..9 {
        let (scenario, run) = pings("loss = 6\n", seed);
        let (lost, _) = struck(&run);
        let seen = codes(&scenario, &run, "h1.eth0");
        let count = |code| seen.iter().filter(|found| **found == code).count() as u64;
        assert!(lost > 0, "seed {seed}");
        // A request or its answer is lost, never both, so each loss is one echo without an answer.
        assert_eq!((count("icmp-echo-lost"), count("icmp-echo-answer")), (lost, 100 - lost), "seed {seed}");
    }
}

#[test]
fn every_echo_that_was_doubled_on_the_way_is_seen_as_such() {
    for seed in 1..9 {
        // Only the way back: a request that comes twice is answered twice as well.
        let (scenario, run) = pings("back = { duplicate = 10 }\n", seed);
        let (_, doubled) = struck(&run);
        let seen = codes(&scenario, &run, "h1.eth0");
        // The same octets twice within microseconds may as well be a capture that took one frame twice, and are called so.
        let names = ["icmp-echo-duplicate", "capture-duplicate"];
        let found = seen.iter().filter(|code| names.contains(code)).count() as u64;
        assert!(doubled > 0, "seed {seed}");
        assert_eq!(found, doubled, "seed {seed}");
    }
}

#[test]
fn the_delay_that_was_set_is_the_delay_that_is_measured() {
    for delay in [1u64, 7, 40] {
        let (scenario, run) = pings(&format!("delay = \"{delay}ms\"\n"), 1);
        let (device, port) = scenario.port("h1.eth0").expect("a port");
        // Two ways, and two times (98 + 24) octets on a wire of 100 Mbit/s.
        let expected = 2 * (delay * 1_000_000 + (98 + 24) * 80);
        let told = records(&run, "h1", |record| record.fact_count("rtt_ns") == Some(expected)).len();
        assert_eq!(told, 100, "{delay} ms");
        let mut tap = run.engine.tap_of(device, port).expect("a tap").clone();
        tap.rewind();
        let mut analyzer = Analyzer::new();
        let (mut notes, mut measured) = (Notes::default(), 0);
        while let Some(Item::Packet(raw)) = tap.next_item().expect("a tap does not fail") {
            notes.clear();
            analyzer.observe(&Packet::decode(raw), &mut notes);
            let answers = notes.fresh.iter().filter(|note| note.code() == "icmp-echo-answer");
            measured += answers.filter(|note| format!("{:?}", note.facts).contains(&expected.to_string())).count();
        }
        assert_eq!(measured, 100, "{delay} ms");
    }
}

#[test]
fn every_segment_that_was_overtaken_on_the_way_is_seen_as_such() {
    let faults = "delay = \"20ms\"\nthere = { reorder = 15, reorder_delay = \"15ms\", delay = \"20ms\" }\n";
    let text = format!(
        "title = \"overtaking\"\nactions = ['0ms server run server', '1ms client run client']\n[host.client]\naddress = \"192.0.2.1/24\"\nneighbours = ['192.0.2.2 at server']\n[host.server]\naddress = \"192.0.2.2/24\"\nneighbours = ['192.0.2.1 at client']\n[[link]]\nbetween = [\"client\", \"server\"]\n{faults}[program]\nserver = \"\"\"\ns = socket(tcp)\ns.bind(\\\"\\\", 80)\ns.listen(1)\nc = s.accept()\nx = c.recv_exactly(600)\nc.close()\n\"\"\"\nclient = \"\"\"\ns = socket(tcp)\ns.setsockopt(TCP_NODELAY, 1)\ns.connect(\\\"server\\\", 80)\nsleep(100ms)\nloop 60:\n    s.send(\\\"0123456789\\\")\n    sleep(10ms)\nx = s.recv(1)\ns.close()\n\"\"\"\n"
    );
    let mut total = 0;
    for seed in 1..9 {
        let scenario = Scenario::parse("overtaking", &text).unwrap_or_else(|error| panic!("{error}"));
        let run = scenario.run(&RunOptions { seed: Some(seed), ..RunOptions::default() });
        let (device, port) = scenario.port("server.eth0").expect("a port");
        // Frames are numbered as they are sent: one that comes after a later one was overtaken.
        let (mut highest, mut overtaken) = (0, 0);
        for tapped in run.engine.tap_of(device, port).expect("a tap").frames() {
            if tapped.direction == Direction::Inbound {
                overtaken += usize::from(tapped.frame.id() < highest);
                highest = highest.max(tapped.frame.id());
            }
        }
        let client = run.engine.find("client").expect("the box");
        let held = run.engine.link(client, netlab::sim::PortId(0)).expect("a cable").1.reordered as usize;
        assert!(overtaken > 0 && overtaken <= held, "seed {seed}: {overtaken} of {held}");
        let seen = codes(&scenario, &run, "server.eth0");
        let found = seen.iter().filter(|code| **code == "tcp-out-of-order").count();
        assert_eq!(found, overtaken, "seed {seed}: {seen:?}");
        assert!(!seen.iter().any(|code| code.contains("retransmission")), "seed {seed}: {seen:?}");
        total += overtaken;
    }
    assert!(total > 40, "{total}");
}
