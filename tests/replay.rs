//! A capture becomes a topology, and goes through one.

use netlab::base::MacAddr;
use netlab::capture::MemorySource;
use netlab::sim::replay::{Capture, Class, Identities, Remote, Replay, ReplayError, ReplayOptions, draw};
use netlab::sim::{RunOptions, Scenario, gallery};
use netlab::wire::build::{ArpFields, FrameBuilder, Ipv4Fields, UdpFields};

fn mac(last: u8) -> MacAddr {
    MacAddr([0, 0, 0x5e, 0, 0x53, last])
}

fn v4(text: &str) -> std::net::Ipv4Addr {
    text.parse().expect("an address")
}

/// A UDP packet from one station to another.
fn udp(macs: (u8, u8), ips: (&str, &str), ttl: u8) -> Vec<u8> {
    let ip = Ipv4Fields { ttl, ..Ipv4Fields::new(v4(ips.0), v4(ips.1)) };
    FrameBuilder::ethernet(mac(macs.0), mac(macs.1))
        .ipv4(ip)
        .udp(UdpFields::new(5000, 5001))
        .payload(b"example")
        .padded(60)
        .finish()
}

fn arp_request(from: u8, ip: &str, target: &str) -> Vec<u8> {
    let arp = ArpFields::request(mac(from), v4(ip), v4(target));
    FrameBuilder::ethernet(mac(from), MacAddr::BROADCAST).arp(arp).padded(60).finish()
}

fn identities(frames: Vec<Vec<u8>>) -> (Capture, Identities) {
    let frames = frames.into_iter().enumerate().map(|(index, octets)| (index as u64 * 1000, octets));
    let mut source = MemorySource::of_frames(frames);
    let capture = Capture::read(&mut source).expect("a capture");
    let identities = Identities::of(&capture, &[]);
    (capture, identities)
}

#[test]
fn r1_a_router_is_told_by_the_packets_of_others_that_it_brings() {
    let (_, all) = identities(vec![
        arp_request(1, "192.0.2.10", "192.0.2.1"),
        udp((1, 9), ("192.0.2.10", "203.0.113.5"), 64),
        udp((9, 1), ("203.0.113.5", "192.0.2.10"), 57),
        udp((1, 2), ("192.0.2.10", "192.0.2.20"), 64),
    ]);
    let class = |last: u8| all.station(mac(last)).expect("a station").class;
    assert_eq!((class(1), class(9), class(2)), (Class::Host, Class::Router, Class::Silent));
    let subnets: Vec<String> = all.subnets.iter().map(|subnet| subnet.prefix.to_string()).collect();
    assert_eq!(subnets, ["192.0.2.0/28"]);
    assert_eq!(all.point.as_ref().map(|(mac, _)| *mac), Some(mac(1)), "it is part of every conversation");
}

#[test]
fn r1_the_file_that_is_drawn_runs_and_says_what_is_a_guess() {
    let (_, all) = identities(vec![
        arp_request(1, "192.0.2.10", "192.0.2.1"),
        udp((1, 9), ("192.0.2.10", "203.0.113.5"), 64),
        udp((9, 1), ("203.0.113.5", "192.0.2.10"), 57),
    ]);
    let drawing = draw(&all, "example.pcapng", None);
    assert!(drawing.text.contains("guess"), "{}", drawing.text);
    let scenario = Scenario::parse("drawn", &drawing.text).expect(&drawing.text);
    let run = scenario.run(&RunOptions::default());
    run.books.expect("the books balance");
    // The first conversation of the capture is a ping in the file: it reaches the address beyond the router.
    let answered = run.engine.records().iter().any(|record| record.text().contains("answer"));
    assert!(answered, "{:?}", run.engine.records().iter().map(|record| record.text()).collect::<Vec<_>>());
}

/// Random hosts on a switch, simulated, seen from one of them, and guessed: what is visible from there is right.
#[test]
fn r1_what_is_guessed_from_simulated_networks_is_true() {
    for seed in 1..=12u64 {
        let hosts = 2 + seed % 6;
        let mut text = format!("title = \"random\"\nseed = {seed}\nactions = [");
        for host in 2..=hosts {
            text.push_str(&format!("\"{host}ms h1 ping h{host}\", "));
        }
        text.push_str("\"50ms h1 ping 198.51.100.10\"]\n[switch.sw]\n[router.r]\ninterfaces = { lan = \"192.0.2.1/24\", wan = \"198.51.100.1/24\" }\n[host.far]\naddress = \"198.51.100.10/24\"\ngateway = \"198.51.100.1\"\n");
        for host in 1..=hosts {
            let address = 2 + (host * 37 + seed * 11) % 250;
            text.push_str(&format!("[host.h{host}]\naddress = \"192.0.2.{address}/24\"\ngateway = \"192.0.2.1\"\n"));
        }
        let links: Vec<String> = (1..=hosts).map(|host| format!("\"h{host} - sw\"")).collect();
        let text = text.replacen(
            "title",
            &format!("links = [{}, \"r.lan - sw\", \"r.wan - far\"]\ntitle", links.join(", ")),
            1,
        );
        let scenario = Scenario::parse("random", &text).expect(&text);
        let run = scenario.run(&RunOptions::default());
        let (device, port) = scenario.port("h1").expect("h1");
        let mut tap = run.engine.tap_of(device, port).expect("a tap").clone();
        let capture = Capture::read(&mut tap).expect("a capture");
        let all = Identities::of(&capture, &[]);
        let true_macs: Vec<(String, MacAddr)> = (1..=hosts)
            .map(|host| {
                let device = run.engine.find(&format!("h{host}")).expect("the host");
                let node = run.engine.device(device).as_any().downcast_ref::<netlab::sim::device::Node>();
                let interface = &node.expect("a node").interfaces()[0];
                (interface.addresses[0].0.to_string(), interface.mac)
            })
            .collect();
        for (address, mac) in &true_macs {
            let station = all.station(*mac).expect("every host was pinged");
            assert_eq!(station.class, Class::Host, "seed {seed}");
            let own: Vec<String> = station.own_addresses(&all.subnets).map(|own| own.to_string()).collect();
            assert_eq!(own, [address.clone()], "seed {seed}");
        }
        let routers: Vec<_> = all.stations.iter().filter(|station| station.class == Class::Router).collect();
        assert_eq!(routers.len(), 1, "seed {seed}");
        assert!(routers[0].own_addresses(&all.subnets).any(|own| own.to_string() == "192.0.2.1"), "seed {seed}");
        assert_eq!(all.point.as_ref().map(|(mac, _)| *mac), Some(true_macs[0].1), "seed {seed}");
        let drawn = draw(&all, "random", None).text;
        Scenario::parse("drawn", &drawn).expect(&drawn);
    }
}

/// Whatever passes any port of the gallery can be drawn, and what is drawn can be read.
#[test]
fn r1_every_capture_of_the_gallery_becomes_a_file_that_can_be_read() {
    let mut drawn = 0;
    for entry in gallery::all().iter().filter(|entry| !entry.name.starts_with("lan-")) {
        let scenario = Scenario::parse(entry.name, entry.text).expect("a scenario of the gallery");
        let run = scenario.run(&RunOptions { events: 200_000, ..RunOptions::default() });
        for (_, _, tap) in run.engine.taps() {
            let capture = Capture::read(&mut tap.clone()).expect("a capture");
            let all = Identities::of(&capture, &[]);
            if !all.stations.is_empty() {
                let text = draw(&all, entry.name, None).text;
                Scenario::parse("drawn", &text).expect(&text);
                drawn += 1;
            }
        }
    }
    assert!(drawn > 20);
}

/// Replays what passed a port of a scenario through the topology of that scenario.
fn replay_of(scenario: &Scenario, tap: &netlab::sim::Tap, options: &ReplayOptions) -> Result<Replay, ReplayError> {
    let capture = Capture::read(&mut tap.clone()).expect("a capture");
    let mut replay = Replay::prepare(&capture, scenario, options)?;
    replay.run(&capture);
    replay.books.clone().expect("the books balance");
    Ok(replay)
}

/// What netlab recorded at a port, replayed into the same topology, passes that port again: the same octets at the same
/// time. Every host's port of every scenario without faults is tried.
#[test]
fn r12_a_run_recorded_at_p_and_replayed_is_equal_at_p_times_included() {
    let mut exact = 0;
    let mut skipped = Vec::new();
    for entry in gallery::all().iter().filter(|entry| !entry.name.starts_with("lan-")) {
        let scenario = Scenario::parse(entry.name, entry.text).expect("a scenario of the gallery");
        // Faults strike a replay again, a cable that is unplugged in the scenario is whole in its topology, and a switch
        // with VLANs lengthens frames on its trunks, which back-dating does not know.
        let words = ["lose", "loss", "corrupt", "duplicate", "reorder", "jitter", "plug", "storm", "vlans"];
        if words.iter().any(|word| entry.text.contains(word)) {
            skipped.push(entry.name);
            continue;
        }
        let run = scenario.run(&RunOptions { events: 100_000, ..RunOptions::default() });
        for (device, port, tap) in run.engine.taps().iter().filter(|(_, _, tap)| !tap.frames().is_empty()) {
            let kind = run.engine.device(*device).kind();
            let captured_at = format!("{}.{}", run.engine.name(*device), run.engine.port_name(*device, *port));
            let options = ReplayOptions {
                captured_at: Some(captured_at.clone()),
                every_step: true,
                unmapped: netlab::sim::replay::Unmapped::Drop,
                ..ReplayOptions::default()
            };
            let replay = replay_of(&scenario, tap, &options).expect("every station has its place");
            let comparison = replay.comparison.as_ref().expect("a comparison");
            assert!(
                comparison.is_exact(),
                "{} at {captured_at} ({kind}): {comparison:?}\n{:?}",
                entry.name,
                replay.plan.entries
            );
            exact += 1;
        }
    }
    assert!(exact > 40, "only {exact} ports were tried; skipped {skipped:?}");
}

/// Eight frames between two hosts, captured at one of them. Fed into one port of a switch, as a naive replay does, only
/// what is not for that side gets out; entering at their senders' ports, all arrive on the right side.
#[test]
fn r4_the_bridge_experiment_all_eight_frames_arrive_on_the_right_side() {
    let text = "title = \"bridge\"\nlinks = [\"h1 - sw.1\", \"h2 - sw.2\"]\n[switch.sw]\n[host.h1]\nmac = \"00:00:5e:00:53:01\"\n[host.h2]\nmac = \"00:00:5e:00:53:02\"\n";
    let scenario = Scenario::parse("bridge", text).expect("a scenario");
    let ends = [("192.0.2.1", "192.0.2.2"), ("192.0.2.2", "192.0.2.1")];
    let frames: Vec<Vec<u8>> =
        (0..8).map(|index| if index % 2 == 0 { udp((1, 2), ends[0], 64) } else { udp((2, 1), ends[1], 64) }).collect();
    let timed = || frames.iter().enumerate().map(|(index, octets)| (index as u64 * 1_000_000, octets.clone()));
    let arrived = |engine: &netlab::sim::Engine, host: &str| {
        let device = engine.find(host).expect("the host");
        let tap = engine.tap_of(device, netlab::sim::PortId(0)).expect("a tap");
        let inbound = tap.frames().iter().filter(|tapped| tapped.direction == netlab::packet::Direction::Inbound);
        inbound.count()
    };
    // The naive way: everything comes out of h1.
    let mut naive = scenario.network(&RunOptions::default());
    for (at, octets) in timed() {
        let h1 = naive.find("h1").expect("h1");
        naive.inject(netlab::base::Timestamp::from_nanos(at), h1, netlab::sim::PortId(0), &octets);
    }
    naive.run(netlab::base::Timestamp::from_parts(10, 0), u64::MAX, true);
    assert_eq!((arrived(&naive, "h1"), arrived(&naive, "h2")), (0, 1), "h2's own address was learned behind h1");
    // Each from its sender's port.
    let capture = Capture::read(&mut MemorySource::of_frames(timed())).expect("a capture");
    let options = ReplayOptions { tap_all: true, ..ReplayOptions::default() };
    let mut replay = Replay::prepare(&capture, &scenario, &options).expect("places");
    replay.run(&capture);
    assert_eq!((arrived(&replay.engine, "h1"), arrived(&replay.engine, "h2")), (4, 4));
    assert!(replay.comparison.expect("a guess of the point").is_exact());
}

/// Files below a folder, sorted.
fn files(folder: &std::path::Path, found: &mut Vec<std::path::PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

/// Every capture at hand goes through the network that it lets one guess; no copy of a frame gets lost from the books.
#[test]
fn r11_the_books_balance_for_every_capture_at_hand() {
    let folder = std::env::var_os("NETLAB_CAPTURES").map_or_else(
        || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/captures"),
        std::path::PathBuf::from,
    );
    let mut all = Vec::new();
    files(&folder, &mut all);
    if all.is_empty() {
        assert!(std::env::var_os("NETLAB_REQUIRE_PEERS").is_none(), "no captures in {}", folder.display());
        eprintln!("skipped: no captures in {} (NETLAB_CAPTURES names a folder)", folder.display());
        return;
    }
    let mut replayed = 0;
    for file in &all {
        let Ok(mut source) = netlab::capture::open(&[file], &netlab::capture::OpenOptions::default()) else { continue };
        let Ok(capture) = Capture::read(&mut source) else { continue };
        if capture.frames.is_empty() || capture.frames.len() > 5_000 {
            continue;
        }
        let all = Identities::of(&capture, &[]);
        let drawing = draw(&all, "capture", None);
        let scenario =
            Scenario::parse("drawn", &drawing.text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let has_router = all.stations.iter().any(|station| station.class == Class::Router);
        for remote in [Remote::Edge, Remote::Origin].into_iter().take(if has_router { 2 } else { 1 }) {
            let unmapped = netlab::sim::replay::Unmapped::Drop;
            let options =
                ReplayOptions { remote, unmapped, every_step: capture.frames.len() < 500, ..ReplayOptions::default() };
            let mut replay = Replay::prepare(&capture, &scenario, &options)
                .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            replay.run(&capture);
            let books = replay.books.clone().unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            let entered = replay.count(|fate| fate == netlab::sim::replay::Fate::Enters);
            assert!(books.injected >= entered, "{}: {books:?}, {entered} entered", file.display());
            let odd: u64 = capture.odd.values().map(|(count, _)| count).sum();
            assert_eq!(replay.plan.entries.len() as u64 + odd, capture.packets, "{}", file.display());
        }
        replayed += 1;
    }
    eprintln!("{replayed} captures of {} files were replayed", all.len());
    assert!(replayed > 100 || all.len() < 500, "{replayed}");
}
