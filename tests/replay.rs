//! A capture becomes a topology, and goes through one.

use netlab::base::{MacAddr, Timestamp};
use netlab::capture::MemorySource;
use netlab::packet::Meta;
use netlab::sim::replay::{
    Capture, Class, Driven, Identities, Mid, Pace, Remote, Replay, ReplayError, ReplayOptions, Rewriter, draw,
};
use netlab::sim::{RunOptions, Scenario, gallery};
use netlab::wire::LinkType;
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
            assert_eq!(own, std::slice::from_ref(address), "seed {seed}");
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
        // Faults strike a replay again, and a cable that is unplugged in the scenario is whole in its topology.
        let words = ["lose", "loss", "corrupt", "duplicate", "reorder", "jitter", "plug"];
        // In a ring, copies of a frame come by again and again, which a replay makes anew.
        let has_ring = ["broadcast-storm", "broadcast-storm-stp", "broadcast-storm-rstp"].contains(&entry.name);
        if has_ring || words.iter().any(|word| entry.text.contains(word)) {
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

/// What passed a port of a scenario's run.
fn recorded(scenario: &Scenario, end: &str) -> Capture {
    let run = scenario.run(&RunOptions::default());
    let (device, port) = scenario.port(end).expect("a port");
    let tap = run.engine.tap_of(device, port).expect("a tap");
    Capture::read(&mut tap.clone()).expect("a capture")
}

#[test]
fn r9_with_nothing_changed_a_drive_shows_no_difference() {
    let mut conversations = 0;
    for (name, end) in [
        ("handshake", "client"),
        ("teardown", "client"),
        ("teardown-merged", "client"),
        ("length-prefix", "client"),
        ("sticky-sender-nodelay", "client"),
        ("udp", "client"),
    ] {
        let text = gallery::find(name).unwrap_or_else(|| panic!("{name} is in the gallery")).text;
        let scenario = Scenario::parse(name, text).expect("a scenario");
        let capture = recorded(&scenario, end);
        let driven = Driven::run(&capture, &scenario, &ReplayOptions::default(), Mid::Skip).expect("a drive");
        driven.books.expect("the books balance");
        assert!(!driven.talks.is_empty(), "{name}");
        for talk in &driven.talks {
            let (captured, simulated) = (talk.talk.measure, talk.simulated.expect("it was driven"));
            assert_eq!(simulated.segments, captured.segments, "{name}: {talk:?}");
            assert_eq!(simulated.retransmits, captured.retransmits, "{name}");
            assert_eq!(simulated.handshake_nanos, captured.handshake_nanos, "{name}");
            let off = simulated.duration_nanos.abs_diff(captured.duration_nanos);
            assert!(off <= 100_000, "{name}: {off} ns longer or shorter: {talk:?}");
            conversations += 1;
        }
    }
    assert!(conversations >= 6, "{conversations}");
}

#[test]
fn r9_a_delay_of_d_makes_the_handshake_longer_by_2d() {
    let text = gallery::find("handshake").expect("in the gallery").text;
    let scenario = Scenario::parse("handshake", text).expect("a scenario");
    let capture = recorded(&scenario, "client");
    for micros in [100u64, 2_500, 40_000] {
        // A plain link is 500 ns long.
        let delay = micros * 1000 + 500;
        let slow = text.replacen("links = [\"client - server\"]", "", 1)
            + &format!("\n[[link]]\nbetween = [\"client\", \"server\"]\ndelay = \"{delay}ns\"\n");
        let slow = Scenario::parse("slow", &slow).expect(&slow);
        let driven = Driven::run(&capture, &slow, &ReplayOptions::default(), Mid::Skip).expect("a drive");
        let talk = &driven.talks[0];
        let handshake = |measure: netlab::sim::replay::Measure| measure.handshake_nanos.expect("a handshake");
        let grown = handshake(talk.simulated.expect("driven")) - handshake(talk.talk.measure);
        assert_eq!(grown, 2 * micros * 1000);
    }
}

#[test]
fn r9_what_the_new_network_loses_is_sent_again() {
    let text = gallery::find("length-prefix").expect("in the gallery").text;
    let scenario = Scenario::parse("length-prefix", text).expect("a scenario");
    let capture = recorded(&scenario, "client");
    // The fifth frame of the client is its first segment with data, after ARP, SYN and ACK.
    let lossy = text.replacen("links = [\"client - server\"]", "", 1)
        + "\n[[link]]\nbetween = [\"client\", \"server\"]\nthere = { lose = [4] }\n";
    let lossy = Scenario::parse("lossy", &lossy).expect(&lossy);
    let driven = Driven::run(&capture, &lossy, &ReplayOptions::default(), Mid::Skip).expect("a drive");
    let simulated = driven.talks[0].simulated.expect("driven");
    let lost: u64 = driven
        .engine
        .devices()
        .map(|device| driven.engine.deed_count(device, netlab::sim::EventKind::Dropped, netlab::sim::Reason::Lost))
        .sum();
    assert_eq!(lost, 1);
    assert_eq!(simulated.retransmits[0], lost, "{simulated:?}");
}

/// Two stations, one of them with other addresses in the topology: everything is replaced, and right sums stay right.
#[test]
fn r3_rewriting_replaces_addresses_everywhere_and_keeps_sums_right_and_wrong() {
    let (old, new) = (v4("192.0.2.10"), v4("198.51.100.99"));
    let rewriter = Rewriter::of(&[(mac(1), mac(0x71))], &[(old.into(), new.into())]);
    let decode = |octets: &[u8]| {
        let frame = netlab::wire::decode(netlab::wire::LinkType::ETHERNET, octets, octets.len() as u32);
        let sums = [netlab::wire::checksum::ipv4_header(&frame), netlab::wire::checksum::transport(&frame)];
        (sums, frame.ip().map(|ip| (ip.source(), ip.destination())))
    };
    use netlab::wire::checksum::Checksum::{Bad, Good};
    // Both directions.
    let mut there = udp((1, 2), ("192.0.2.10", "192.0.2.20"), 64);
    let len = there.len();
    assert_eq!(rewriter.apply(&mut there, len), 2);
    assert_eq!(&there[6..12], &mac(0x71).octets());
    assert_eq!(decode(&there), ([Good, Good], Some((new.into(), v4("192.0.2.20").into()))));
    let mut back = udp((2, 1), ("192.0.2.20", "192.0.2.10"), 64);
    rewriter.apply(&mut back, len);
    assert_eq!(&back[..6], &mac(0x71).octets());
    assert_eq!(decode(&back).0, [Good, Good]);
    // A wrong sum stays wrong by as much: undoing the change restores every octet.
    let mut wrong = udp((1, 2), ("192.0.2.10", "192.0.2.20"), 64);
    wrong[40] ^= 0x55;
    let before = wrong.clone();
    rewriter.apply(&mut wrong, len);
    assert_eq!(decode(&wrong).0[1], Bad);
    let undo = Rewriter::of(&[(mac(0x71), mac(1))], &[(new.into(), old.into())]);
    undo.apply(&mut wrong, len);
    assert_eq!(wrong, before);
    // ARP bodies.
    let mut arp = arp_request(1, "192.0.2.10", "192.0.2.20");
    assert_eq!(rewriter.apply(&mut arp, 60), 3, "source, sender MAC and sender IP");
    assert_eq!(&arp[22..28], &mac(0x71).octets());
    assert_eq!(&arp[28..32], &new.octets());
    // The packet quoted in an ICMP error.
    let quoted = udp((1, 2), ("192.0.2.10", "192.0.2.20"), 64);
    let error = FrameBuilder::ethernet(mac(2), mac(1))
        .ipv4(Ipv4Fields::new(v4("192.0.2.20"), old))
        .icmp(netlab::wire::build::IcmpFields::new(3, 3, 0))
        .payload(&quoted[14..42])
        .finish();
    let mut error = error;
    let len = error.len();
    assert_eq!(rewriter.apply(&mut error, len), 3, "MAC, destination, and the source in the quote");
    assert_eq!(decode(&error).0, [Good, Good]);
    assert_eq!(&error[14 + 20 + 8 + 12..14 + 20 + 8 + 16], &new.octets());
}

#[test]
fn r8_an_offloaded_giant_is_cut_as_a_card_would_and_arrives_whole() {
    use netlab::wire::build::TcpFields;
    let payload: Vec<u8> = (0..5000u32).map(|index| index as u8).collect();
    let giant = FrameBuilder::ethernet(mac(1), mac(2))
        .ipv4(Ipv4Fields::new(v4("192.0.2.1"), v4("192.0.2.2")))
        .tcp(TcpFields { sequence: 1000, ..TcpFields::new(5000, 80) })
        .payload(&payload)
        .finish();
    let text = "title = \"two\"\nlinks = [\"h1 - sw.1\", \"h2 - sw.2\"]\ncaptured_at = \"h1\"\n[switch.sw]\n[host.h1]\nmac = \"00:00:5e:00:53:01\"\n[host.h2]\nmac = \"00:00:5e:00:53:02\"\n";
    let scenario = Scenario::parse("two", text).expect("a scenario");
    let capture = Capture::read(&mut MemorySource::of_frames([(0, giant)])).expect("a capture");
    let run = |offload| {
        let options = ReplayOptions { offload, tap_all: true, every_step: true, ..ReplayOptions::default() };
        let mut replay = Replay::prepare(&capture, &scenario, &options).expect("places");
        replay.run(&capture);
        let (h2, eth0) = scenario.port("h2").expect("h2");
        let tap = replay.engine.tap_of(h2, eth0).expect("a tap");
        let mut data = Vec::new();
        for tapped in tap.frames() {
            let octets = tapped.frame.octets();
            let frame = netlab::wire::decode(netlab::wire::LinkType::ETHERNET, octets, octets.len() as u32);
            assert_eq!(netlab::wire::checksum::transport(&frame), netlab::wire::checksum::Checksum::Good);
            let tcp = frame.tcp().expect("a segment");
            assert_eq!(tcp.sequence().0 as usize, 1000 + data.len());
            data.extend_from_slice(tcp.payload());
        }
        let drops = replay.engine.deed_count(h2, netlab::sim::EventKind::Dropped, netlab::sim::Reason::TooLong);
        let (h1, _) = scenario.port("h1").expect("h1");
        let at_h1 = replay.engine.deed_count(h1, netlab::sim::EventKind::Dropped, netlab::sim::Reason::TooLong);
        (data, drops + at_h1, replay.comparison.expect("a point").equal)
    };
    assert_eq!(run(netlab::sim::replay::Offload::Split), (payload, 0, 1));
    assert_eq!(run(netlab::sim::replay::Offload::Keep), (Vec::new(), 1, 0));
    assert_eq!(run(netlab::sim::replay::Offload::Drop), (Vec::new(), 0, 0));
}

#[test]
fn r2_whoever_has_no_place_is_listed_and_never_dropped_in_silence() {
    let text = "title = \"one\"\nlinks = [\"h1 - sw.1\", \"h2 - sw.2\"]\n[switch.sw]\n[host.h1]\nmac = \"00:00:5e:00:53:01\"\n[host.h2]\n";
    let scenario = Scenario::parse("one", text).expect("a scenario");
    let frames = [udp((1, 9), ("192.0.2.1", "192.0.2.9"), 64), udp((9, 1), ("192.0.2.9", "192.0.2.1"), 64)];
    let timed = frames.into_iter().enumerate().map(|(index, octets)| (index as u64 * 1000, octets));
    let capture = Capture::read(&mut MemorySource::of_frames(timed)).expect("a capture");
    let error = Replay::prepare(&capture, &scenario, &ReplayOptions::default()).expect_err("no place for 09");
    let sentence = error.to_string();
    assert!(sentence.contains("00:00:5e:00:53:09") && sentence.contains("--auto"), "{sentence}");
    let unmapped = netlab::sim::replay::Unmapped::Drop;
    let dropped = Replay::prepare(&capture, &scenario, &ReplayOptions { unmapped, ..ReplayOptions::default() });
    let dropped = dropped.expect("dropped");
    assert_eq!(dropped.count(|fate| fate == netlab::sim::replay::Fate::Unmapped), 1);
    let auto = ReplayOptions { auto: true, ..ReplayOptions::default() };
    let placed = Replay::prepare(&capture, &scenario, &auto).expect("placed");
    let place = placed.mapping.of(mac(9)).expect("a place");
    assert_eq!(scenario.names.name(place.device), "h2");
    let by_line = ReplayOptions { map: vec!["ip 192.0.2.9 -> h2".to_owned()], ..ReplayOptions::default() };
    assert!(Replay::prepare(&capture, &scenario, &by_line).is_ok());
}

/// A packet from beyond the router starts beyond it, and the router makes the frame of the capture anew.
#[test]
fn r5_from_its_origin_a_packet_becomes_the_captured_frame_to_the_octet() {
    let frames = vec![
        arp_request(1, "192.0.2.10", "192.0.2.1"),
        udp((1, 9), ("192.0.2.10", "203.0.113.5"), 64),
        udp((9, 1), ("203.0.113.5", "192.0.2.10"), 57),
        udp((9, 1), ("203.0.113.77", "192.0.2.10"), 41),
    ];
    let (capture, all) = identities(frames);
    let text = draw(&all, "example", None).text;
    let scenario = Scenario::parse("drawn", &text).expect(&text);
    let options = ReplayOptions { remote: Remote::Origin, every_step: true, ..ReplayOptions::default() };
    let mut replay = Replay::prepare(&capture, &scenario, &options).expect("places");
    replay.run(&capture);
    assert_eq!(replay.plan.entries.iter().filter(|entry| entry.from_origin).count(), 2);
    let comparison = replay.comparison.expect("a point");
    assert_eq!((comparison.equal, comparison.counts), (4, [0; 3]), "{comparison:?}\n{text}");
    assert_eq!(replay.plan.no_way, []);
}

#[test]
fn r6_speed_gaps_and_top_speed() {
    let text = "title = \"two\"\nlinks = [\"h1 - sw.1\", \"h2 - sw.2\"]\ncaptured_at = \"h1\"\n[switch.sw]\n[host.h1]\nmac = \"00:00:5e:00:53:01\"\n[host.h2]\nmac = \"00:00:5e:00:53:02\"\n";
    let scenario = Scenario::parse("two", text).expect("a scenario");
    let frames = (0..3u64).map(|index| (index * 1_000_000, udp((1, 2), ("192.0.2.1", "192.0.2.2"), 64)));
    let capture = Capture::read(&mut MemorySource::of_frames(frames)).expect("a capture");
    let times = |pace: Pace| -> Vec<u64> {
        let replay = Replay::prepare(&capture, &scenario, &ReplayOptions { pace, ..ReplayOptions::default() });
        replay.expect("places").plan.entries.iter().map(|entry| entry.at.nanos()).collect()
    };
    assert_eq!(times(Pace::default()), [0, 1_000_000, 2_000_000]);
    assert_eq!(times(Pace { speed: 4.0, ..Pace::default() }), [0, 250_000, 500_000]);
    let gap_max = Some(std::time::Duration::from_micros(10));
    assert_eq!(times(Pace { gap_max, ..Pace::default() }), [0, 10_000, 20_000]);
    // 84 octets at 100 Mbit/s.
    assert_eq!(times(Pace { top_speed: true, ..Pace::default() }), [0, 6_720, 13_440]);
}

fn two_hosts(extra: &str) -> Scenario {
    let text = format!(
        "title = \"two\"\nlinks = [\"h1 - sw.1\", \"h2 - sw.2\"]\n{extra}\n[switch.sw]\n[host.h1]\naddress = \"192.0.2.1/24\"\nmac = \"00:00:5e:00:53:01\"\n[host.h2]\naddress = \"192.0.2.2/24\"\nmac = \"00:00:5e:00:53:02\"\n"
    );
    Scenario::parse("two", &text).expect(&text)
}

#[test]
fn r8_packets_without_mac_addresses_get_some_and_find_their_box_by_ip() {
    let raw = FrameBuilder::raw()
        .ipv4(Ipv4Fields::new(v4("192.0.2.1"), v4("192.0.2.2")))
        .udp(UdpFields::new(5000, 5001))
        .payload(b"example")
        .finish();
    let mut source = MemorySource::new();
    let meta = Meta::new(1, Timestamp::ZERO, LinkType::RAW, raw.len() as u32);
    source.push_with(meta, &raw);
    // Linux cooked: sent by us, Ethernet, an address of six octets, IPv4.
    let mut cooked = vec![0, 4, 0, 1, 0, 6, 0, 0, 0x5e, 0, 0x53, 1, 0, 0, 0x08, 0x00];
    cooked.extend_from_slice(&raw);
    let meta = Meta::new(2, Timestamp::from_nanos(1000), LinkType::LINUX_SLL, cooked.len() as u32);
    source.push_with(meta, &cooked);
    let capture = Capture::read(&mut source).expect("a capture");
    assert!(capture.frames.iter().all(|frame| frame.made_macs));
    assert_eq!(capture.frames[1].source(), mac(1), "the cooked header names the sender");
    assert_eq!(&capture.frames[0].octets()[14..], &raw[..]);
    let mut replay = Replay::prepare(&capture, &two_hosts("captured_at = \"h1\""), &ReplayOptions::default())
        .expect("equal IP addresses are found");
    replay.run(&capture);
    assert_eq!(replay.comparison.expect("a point").equal, 2);
}

#[test]
fn r8_cut_frames_are_filled_and_stored_check_sequences_taken_off() {
    let whole = udp((1, 2), ("192.0.2.1", "192.0.2.2"), 64);
    let mut source = MemorySource::new();
    source.push_with(Meta::new(1, Timestamp::ZERO, LinkType::ETHERNET, 60), &whole[..40]);
    // The check sequence of IEEE 802.3 §3.2.9, computed bit by bit.
    let mut crc = u32::MAX;
    for octet in &whole {
        crc ^= u32::from(*octet);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    let stored = [whole.clone(), (!crc).to_le_bytes().to_vec()].concat();
    source.push_with(Meta::new(2, Timestamp::from_nanos(9), LinkType::ETHERNET, 64), &stored);
    let mut wrong = stored.clone();
    wrong[63] ^= 1;
    source.push_with(Meta::new(3, Timestamp::from_nanos(19), LinkType::ETHERNET, 64), &wrong);
    source.push_with(Meta::new(4, Timestamp::from_nanos(29), LinkType::ETHERNET, 9), &whole[..9]);
    let capture = Capture::read(&mut source).expect("a capture");
    let [cut, with, without] = &capture.frames[..] else { panic!("{:?}", capture.frames) };
    assert!(cut.was_cut() && cut.octets().len() == 60 && cut.octets()[40..] == [0; 20]);
    assert!(with.had_fcs && with.octets() == whole);
    assert!(!without.had_fcs && without.octets() == wrong);
    assert_eq!(capture.odd.values().map(|(count, first)| (*count, first.clone())).collect::<Vec<_>>(), [(1, vec![4])]);
}

#[test]
fn r8_what_a_mirror_port_saw_twice_enters_once() {
    let numbered = |identification: u16, ttl: u8, macs: (u8, u8)| {
        let ip = Ipv4Fields { identification, ttl, ..Ipv4Fields::new(v4("192.0.2.1"), v4("192.0.2.2")) };
        FrameBuilder::ethernet(mac(macs.0), mac(macs.1))
            .ipv4(ip)
            .udp(UdpFields::new(5000, 5001))
            .payload(b"example of a payload")
            .finish()
    };
    let frames = [
        (0, numbered(7, 64, (1, 2))),
        (400_000, numbered(7, 64, (1, 2))),
        // Another packet, and the first one again but later than a mirror would bring it.
        (500_000, numbered(8, 64, (1, 2))),
        (9_000_000, numbered(7, 64, (1, 2))),
        // The same behind a router that has no place: a copy. Identification 0 says nothing.
        (9_300_000, numbered(7, 63, (9, 2))),
        (20_000_000, numbered(0, 64, (1, 2))),
        (20_100_000, numbered(0, 64, (1, 2))),
    ];
    let capture = Capture::read(&mut MemorySource::of_frames(frames)).expect("a capture");
    let unmapped = netlab::sim::replay::Unmapped::Drop;
    let options = ReplayOptions { unmapped, ..ReplayOptions::default() };
    let replay = Replay::prepare(&capture, &two_hosts("captured_at = \"h1\""), &options).expect("places");
    use netlab::sim::replay::Fate::{Enters, MirrorCopy};
    let fates: Vec<_> = replay.plan.entries.iter().map(|entry| entry.fate).collect();
    assert_eq!(fates, [Enters, MirrorCopy { of: 1 }, Enters, Enters, MirrorCopy { of: 4 }, Enters, Enters]);
}

#[test]
fn r8_a_direction_mark_overrules_the_mac_address_and_the_contradiction_is_said() {
    let mut source = MemorySource::new();
    let octets = udp((2, 1), ("192.0.2.2", "192.0.2.1"), 64);
    let mut meta = Meta::new(1, Timestamp::ZERO, LinkType::ETHERNET, octets.len() as u32);
    meta.direction = Some(netlab::packet::Direction::Outbound);
    source.push_with(meta, &octets);
    let own = udp((1, 2), ("192.0.2.1", "192.0.2.2"), 64);
    let mut meta = Meta::new(2, Timestamp::from_nanos(5), LinkType::ETHERNET, own.len() as u32);
    meta.direction = Some(netlab::packet::Direction::Inbound);
    source.push_with(meta, &own);
    let capture = Capture::read(&mut source).expect("a capture");
    let scenario = two_hosts("captured_at = \"h1\"");
    let replay = Replay::prepare(&capture, &scenario, &ReplayOptions::default()).expect("places");
    assert_eq!(replay.plan.contradictions.len(), 2, "{:?}", replay.plan.contradictions);
    let (h1, eth0) = scenario.port("h1").expect("h1");
    assert_eq!(replay.plan.entries[0].ingress, Some((h1, eth0)));
    assert_eq!(replay.plan.entries[1].fate, netlab::sim::replay::Fate::CameBack);
}

#[test]
fn r7_a_box_that_lives_answers_unless_the_capture_has_the_answer() {
    let ask = arp_request(1, "192.0.2.1", "192.0.2.2");
    let answer = FrameBuilder::ethernet(mac(2), mac(1))
        .arp(ArpFields {
            operation: 2,
            sender_mac: mac(2),
            sender_ip: v4("192.0.2.2"),
            target_mac: mac(1),
            target_ip: v4("192.0.2.1"),
        })
        .padded(60)
        .finish();
    let run = |frames: Vec<(u64, Vec<u8>)>, live: &[&str]| {
        let capture = Capture::read(&mut MemorySource::of_frames(frames)).expect("a capture");
        let live = live.iter().map(|name| (*name).to_owned()).collect();
        let options = ReplayOptions { live, ..ReplayOptions::default() };
        let mut replay = Replay::prepare(&capture, &two_hosts("captured_at = \"h1\""), &options).expect("places");
        replay.run(&capture);
        let comparison = replay.comparison.clone().expect("a point");
        let h2 = replay.engine.find("h2").expect("h2");
        (comparison.equal, comparison.counts[2], replay.engine.device(h2).counter("held-back").unwrap_or(0))
    };
    assert_eq!(run(vec![(0, ask.clone())], &[]), (1, 0, 0), "mute");
    assert_eq!(run(vec![(0, ask.clone())], &["h2"]), (1, 1, 0), "alive: one answer more than captured");
    assert_eq!(run(vec![(0, ask), (50_000, answer)], &["h2"]), (2, 0, 1), "held back, as the capture has it");
}

/// The commands themselves: exit statuses, JSON Lines with the packet numbers of the capture, files for each port.
#[test]
fn r10_the_commands_say_where_every_frame_went() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let netlab = |arguments: &[&str]| {
        let output =
            std::process::Command::new(env!("CARGO_BIN_EXE_netlab")).args(arguments).output().expect("it runs");
        let text = |octets: Vec<u8>| String::from_utf8(octets).expect("text");
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    assert_eq!(netlab(&["simulate", "arp", "--write", &path("ports")]).0, Some(0));
    let capture = path("ports/h1.eth0.pcapng");
    let (status, drawn, _) = netlab(&["topology", &capture]);
    assert_eq!(status, Some(0));
    std::fs::write(folder.path().join("drawn.toml"), drawn).expect("a file");
    let (status, lines, errors) =
        netlab(&["replay", &capture, "--topology", &path("drawn.toml"), "--jsonl", "--write", &path("out")]);
    assert_eq!(status, Some(0), "{errors}");
    assert!(
        lines.starts_with("{\"") && lines.lines().next().is_some_and(|head| head.contains("\"netlab\":\"replay\""))
    );
    let delivered = |number: u64| {
        let wanted = format!("\"frame\":{number},");
        lines.lines().any(|line| line.contains("\"event\":\"delivered\"") && line.contains(&wanted))
    };
    assert!((1..=4).all(delivered), "{lines}");
    let (_, comments, _) = netlab(&["read", "-V", &path("out/h2.eth0.pcapng")]);
    assert!(comments.contains("packet 1 of the capture"), "{comments}");
    // A station without a place is a matter of usage, and is named.
    std::fs::write(folder.path().join("empty.toml"), "title = \"empty\"\n[switch.sw]\n").expect("a file");
    let (status, _, errors) = netlab(&["replay", &capture, "--topology", &path("empty.toml")]);
    assert_eq!(status, Some(2));
    assert!(errors.contains("00:00:5e:00:53:01") && errors.contains("--unmapped drop"), "{errors}");
    let (status, _, errors) = netlab(&["replay", &capture, "--topology", &path("nothing.toml")]);
    assert_eq!(status, Some(1));
    assert!(errors.contains("nothing.toml"), "{errors}");
}
