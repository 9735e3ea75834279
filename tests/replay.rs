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
        // A cable that is unplugged in the scenario is whole in its topology. In a ring, copies of a frame come by again
        // and again, which a replay makes anew.
        if !scenario.warnings().is_empty() || entry.name.contains("storm") || entry.text.contains("plug") {
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

/// What the faults of the links did before the point, they did already: they strike a replay only beyond it, and there,
/// with the same seed, the same frames again.
#[test]
fn r6_faults_strike_again_only_beyond_the_point_and_there_the_same_frames() {
    let arrived = |engine: &netlab::sim::Engine, end: &str| -> Vec<(Timestamp, Vec<u8>)> {
        let device = engine.find(end).expect("the host");
        let tap = engine.tap_of(device, netlab::sim::PortId(0)).expect("a tap");
        let inbound = tap.frames().iter().filter(|tapped| tapped.direction == netlab::packet::Direction::Inbound);
        inbound.map(|tapped| (tapped.at, tapped.frame.octets().to_vec())).collect()
    };
    let faults = ["loss = 5", "duplicate = 8", "reorder = 6", "jitter = \"200us\"", "corrupt = 4\nloss = 3"];
    let mut struck = 0;
    for (index, faults) in faults.iter().enumerate() {
        let text = gallery::find("loss").expect("in the gallery").text;
        let text = text.replace(
            "between = [\"client\", \"server\"]\nloss = 5",
            &format!("between = [\"client\", \"server\"]\n{faults}"),
        );
        let text = format!("seed = {}\n{text}", index + 3);
        let text = text
            .replace("drops lost >= 1", "drops lost >= 0")
            .replace("  'client says \"again, as no acknowledgment came\"',\n", "");
        let scenario = Scenario::parse("faults", &text).expect(&text);
        let run = scenario.run(&RunOptions::default());
        let (client, server) = (arrived(&run.engine, "client"), arrived(&run.engine, "server"));
        for end in ["client", "server"] {
            let device = run.engine.find(end).expect("the host");
            let tap = run.engine.tap_of(device, netlab::sim::PortId(0)).expect("a tap");
            let options = ReplayOptions {
                captured_at: Some(end.to_owned()),
                tap_all: true,
                every_step: true,
                ..ReplayOptions::default()
            };
            let replay = replay_of(&scenario, tap, &options).expect("places");
            assert_eq!(replay.plan.before_point.len(), 1, "the way of the other host's frames: {faults}");
            let comparison = replay.comparison.as_ref().expect("a point");
            assert_eq!(comparison.counts, [0; 3], "{faults} at {end}: {comparison:?}");
            // What overtook on its way, or came twice, may come closer than one wire can bring two frames.
            let may_wait = ["duplicate", "reorder", "jitter"].iter().any(|fault| faults.contains(fault));
            assert!(comparison.is_exact() || may_wait, "{faults} at {end}: {comparison:?}");
            // Beyond the point the same frames are struck in the same way, as the seed is the same.
            let (other, before) = if end == "client" { ("server", &server) } else { ("client", &client) };
            let mut again = arrived(&replay.engine, other);
            for (at, _) in &mut again {
                *at = Timestamp::from_nanos(at.nanos() - replay.plan.lead_nanos + tap.frames()[0].at.nanos());
            }
            assert_eq!(again.len(), before.len(), "{faults} at {end}");
            assert!(again == *before, "{faults} at {end}: the same octets at the same time");
            let counters = run.engine.link(device, netlab::sim::PortId(0)).expect("a link").1;
            struck += counters.lost + counters.duplicated + counters.reordered + counters.corrupted;
        }
    }
    assert!(struck > 20, "{struck}");
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
fn r8_a_train_of_datagrams_is_cut_as_long_as_the_others_of_its_conversation() {
    let of_len = |len: usize, ports: (u16, u16), identification: u16| {
        let payload: Vec<u8> = (0..len).map(|index| index as u8).collect();
        let ip = Ipv4Fields { identification, ..Ipv4Fields::new(v4("192.0.2.1"), v4("192.0.2.2")) };
        FrameBuilder::ethernet(mac(1), mac(2)).ipv4(ip).udp(UdpFields::new(ports.0, ports.1)).payload(&payload).finish()
    };
    let ping = FrameBuilder::ethernet(mac(1), mac(2))
        .ipv4(Ipv4Fields::new(v4("192.0.2.1"), v4("192.0.2.2")))
        .icmp(netlab::wire::build::IcmpFields::echo(8, 1, 1))
        .payload(&[7; 3000])
        .finish();
    let frames = [
        (0, of_len(1252, (5000, 443), 1)),
        (1_000_000, of_len(1252 * 3 + 100, (5000, 443), 2)),
        // Of this one nothing tells the length: as long as the link carries. And no card cuts ICMP.
        (2_000_000, of_len(4000, (6000, 443), 9)),
        (3_000_000, ping),
    ];
    let capture = Capture::read(&mut MemorySource::of_frames(frames)).expect("a capture");
    let run = |offload| {
        let options = ReplayOptions { offload, tap_all: true, every_step: true, ..ReplayOptions::default() };
        let mut replay = Replay::prepare(&capture, &two_hosts("captured_at = \"h1\""), &options).expect("places");
        replay.run(&capture);
        replay.books.clone().expect("the books balance");
        let h2 = replay.engine.find("h2").expect("h2");
        let mut lens = Vec::new();
        for tapped in replay.engine.tap_of(h2, netlab::sim::PortId(0)).expect("a tap").frames() {
            let octets = tapped.frame.octets();
            let frame = netlab::wire::decode(LinkType::ETHERNET, octets, octets.len() as u32);
            use netlab::wire::checksum::{Checksum::Good, ipv4_header, transport};
            assert_eq!((ipv4_header(&frame), transport(&frame)), (Good, Good));
            let udp = frame.udp().expect("a datagram");
            assert_eq!(udp.payload_len() as usize, udp.payload().len());
            lens.push((udp.source_port(), udp.payload().len(), frame.ipv4().expect("IPv4").identification()));
        }
        let too_long: u64 = replay
            .engine
            .devices()
            .map(|device| {
                replay.engine.deed_count(device, netlab::sim::EventKind::Dropped, netlab::sim::Reason::TooLong)
            })
            .sum();
        (lens, too_long, replay.plan.split, replay.plan.uncut)
    };
    use netlab::sim::replay::Offload::{Drop, Keep, Split};
    let first = (5000, 1252, 1);
    let cut = [
        first,
        (5000, 1252, 2),
        (5000, 1252, 3),
        (5000, 1252, 4),
        (5000, 100, 5),
        (6000, 1472, 9),
        (6000, 1472, 10),
        (6000, 1056, 11),
    ];
    assert_eq!(run(Split), (cut.to_vec(), 1, 2, 1));
    assert_eq!(run(Keep), (vec![first], 3, 0, 0));
    assert_eq!(run(Drop), (vec![first], 0, 0, 0));
}

#[test]
fn r8_where_the_file_says_how_long_the_check_sequence_is_it_is_believed_but_not_blindly() {
    let whole = udp((1, 2), ("192.0.2.1", "192.0.2.2"), 64);
    let stored = |fits: bool| {
        let mut crc = u32::MAX;
        for octet in &whole {
            crc ^= u32::from(*octet);
            for _ in 0..8 {
                crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
            }
        }
        let crc = if fits { !crc } else { crc };
        [whole.clone(), crc.to_le_bytes().to_vec()].concat()
    };
    let full = {
        // The packet fills the frame: the file must be wrong.
        let mut full = whole.clone();
        let len = (full.len() - 14) as u16;
        full[16..18].copy_from_slice(&len.to_be_bytes());
        full
    };
    let read = |fcs_len: Option<u8>| {
        let mut source = MemorySource::new();
        let frames =
            [stored(true), stored(false), full.clone(), stored(true)[..50].to_vec(), stored(true)[..62].to_vec()];
        for (index, octets) in frames.iter().enumerate() {
            let wire_len = if index >= 3 { 64 } else { octets.len() as u32 };
            source.push_with(
                Meta::new(index as u64 + 1, Timestamp::from_nanos(index as u64), LinkType::ETHERNET, wire_len),
                octets,
            );
        }
        let capture = Capture::read_with(&mut source, &|_| fcs_len).expect("a capture");
        let shape: Vec<_> =
            capture.frames.iter().map(|frame| (frame.had_fcs, frame.octets().len(), frame.captured_len)).collect();
        (shape, capture.wrong_fcs, capture.no_fcs)
    };
    let told = [(true, 60, 60), (true, 60, 60), (false, 60, 60), (true, 60, 50), (true, 60, 60)];
    assert_eq!(read(Some(4)), (told.to_vec(), 1, 1));
    // Told that there is none, netlab looks for none; told nothing, it finds the one that fits.
    let none = [(false, 64, 64), (false, 64, 64), (false, 60, 60), (false, 64, 50), (false, 64, 62)];
    assert_eq!(read(Some(0)), (none.to_vec(), 0, 0));
    let found = [(true, 60, 60), none[1], none[2], none[3], none[4]];
    assert_eq!(read(None), (found.to_vec(), 0, 0));
}

/// The same from a file, whose interface says so.
#[test]
fn r8_the_interface_of_a_pcapng_tells_of_its_check_sequences() {
    use netlab::capture::{Interface, Interfaces, WriteOptions, Writer};
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("fcs.pcapng");
    let interface = Interface { fcs_len: Some(4), ..Interface::of_link(LinkType::ETHERNET) };
    let options = WriteOptions { interfaces: Interfaces::new(vec![interface]), ..WriteOptions::default() };
    let mut writer = Writer::create(&path, options).expect("a file");
    let damaged = [udp((1, 2), ("192.0.2.1", "192.0.2.2"), 64), vec![1, 2, 3, 4]].concat();
    let meta = Meta::new(1, Timestamp::from_nanos(1), LinkType::ETHERNET, damaged.len() as u32);
    writer.packet(&netlab::packet::RawPacket { meta, bytes: &damaged }, &[] as &[&str]).expect("written");
    writer.finish().expect("written");
    let file = path.to_string_lossy().into_owned();
    let netlab = |arguments: &[&str]| {
        let output =
            std::process::Command::new(env!("CARGO_BIN_EXE_netlab")).args(arguments).output().expect("it runs");
        String::from_utf8(output.stdout).expect("text")
    };
    let drawn = folder.path().join("t.toml");
    std::fs::write(&drawn, netlab(&["topology", &file])).expect("a file");
    let text = netlab(&["replay", &file, "-t", &drawn.to_string_lossy()]);
    assert!(text.contains("1 frame had a stored check sequence that does not fit"), "{text}");
    assert!(text.contains("which was taken off"), "{text}");
}

/// The options of R2, R3, R5, R6 and R8 as they are typed.
#[test]
fn r3_r5_r6_r8_the_options_do_at_the_command_line_what_they_say() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let netlab = |arguments: &[&str]| {
        let output =
            std::process::Command::new(env!("CARGO_BIN_EXE_netlab")).args(arguments).output().expect("it runs");
        let text = |octets: Vec<u8>| String::from_utf8(octets).expect("text");
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    assert_eq!(netlab(&["simulate", "router", "--write", &path("ports")]).0, Some(0));
    let capture = path("ports/h1.eth0.pcapng");
    std::fs::write(path("drawn.toml"), netlab(&["topology", &capture]).1).expect("a file");
    let replay = |more: &[&str]| {
        let drawn = path("drawn.toml");
        let arguments = [&["replay", &capture, "-t", &drawn, "--jsonl"], more].concat();
        let (status, text, errors) = netlab(&arguments);
        assert_eq!(status, Some(0), "{more:?}: {errors}");
        let lines: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        lines
    };
    let first_sent = |lines: &[serde_json::Value], frame: u64| {
        let sent = lines.iter().find(|line| line["event"] == "sent" && line["frame"] == frame).expect("it was sent");
        (sent["device"].as_str().expect("a name").to_owned(), sent["at_ns"].as_u64().expect("a time"))
    };
    let plain = replay(&[]);
    let frames = plain.iter().filter_map(|line| line["frame"].as_u64()).max().expect("frames");
    // --speed: everything in half the time; the summary tells the end.
    let span = |lines: &[serde_json::Value]| first_sent(lines, frames).1 - first_sent(lines, 1).1;
    let (whole, half) = (span(&plain), span(&replay(&["--speed", "2"])));
    assert!((half * 2).abs_diff(whole) < whole / 100, "{half} {whole}");
    let capped = span(&replay(&["--gap-max", "1ms"]));
    assert!(capped <= frames * 1_000_000 && capped < whole, "{capped}");
    assert!(span(&replay(&["--topspeed"])) < capped);
    // --remote: what the router brought enters at the router, or beyond it; both come to the same octets at the point.
    let pong = plain
        .iter()
        .find(|line| line["event"] == "delivered" && line["device"] == "h1" && line["frame"].as_u64() > Some(3));
    let pong = pong.and_then(|line| line["frame"].as_u64()).expect("an answer");
    let origin = replay(&["--remote", "origin"]);
    assert_eq!((first_sent(&plain, pong).0.as_str(), first_sent(&origin, pong).0.as_str()), ("gw", "internet"));
    let equal = |lines: &[serde_json::Value]| {
        let comparison = &lines.last().expect("a summary")["comparison"];
        (comparison["equal"].as_u64(), comparison["missing"].as_array().map(Vec::len))
    };
    assert_eq!(equal(&plain), equal(&origin));
    assert_eq!(equal(&plain).1, Some(0));
    // --rewrite: other addresses in the topology, and the comparison is with what was rewritten.
    let other = std::fs::read_to_string(path("drawn.toml")).expect("the file");
    let other =
        other.replace("192.0.2.10/", "192.0.2.77/").replace("mac = \"00:00:5e:00:53:", "mac = \"00:00:5e:00:54:");
    std::fs::write(path("drawn.toml"), other).expect("a file");
    let (_, text, errors) =
        netlab(&["replay", &capture, "-t", &path("drawn.toml"), "--auto", "--rewrite", "--write", &path("out")]);
    assert!(text.contains("addresses replaced (--rewrite)"), "{text}{errors}");
    let (_, written, _) = netlab(&["read", &path("out/h1.eth0.pcapng")]);
    assert!(written.contains("192.0.2.77") && !written.contains("192.0.2.10 "), "{written}");
    for (wrong, word) in
        [("--speed=0", "above 0"), ("--remote=nowhere", "edge, origin"), ("--offload=cut", "split, keep, drop")]
    {
        let (status, _, errors) = netlab(&["replay", &capture, "-t", &path("drawn.toml"), wrong]);
        assert!(status == Some(2) && errors.contains(word), "{wrong}: {errors}");
    }
}

/// The topologies that the documentation shows can be read.
#[test]
fn r1_the_topologies_of_the_documentation_can_be_read() {
    let text = std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/REPLAY.md"));
    let text = text.expect("the page is there");
    let whole = text.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let topologies: Vec<&str> = whole.filter(|toml| toml.contains("[host.")).collect();
    assert_eq!(topologies.len(), 2);
    for toml in topologies {
        let scenario = Scenario::parse("example", toml).unwrap_or_else(|error| panic!("{error}\n{toml}"));
        scenario.run(&RunOptions::default()).books.expect("the books balance");
    }
}

/// Every rule of replays has a test that bears its name.
#[test]
fn r1_to_r12_each_have_a_test() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    files(&root.join("src/sim/replay"), &mut found);
    files(&root.join("tests"), &mut found);
    let of_replays = |path: &std::path::PathBuf| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        path.starts_with(root.join("src")) || name.starts_with("replay")
    };
    let text: String =
        found.iter().filter(|path| of_replays(path)).filter_map(|path| std::fs::read_to_string(path).ok()).collect();
    let lines: Vec<&str> = text.lines().collect();
    for rule in 1..=12 {
        let name = format!("fn r{rule}_");
        let tested = lines.windows(2).any(|two| two[0].trim() == "#[test]" && two[1].trim().starts_with(&name));
        assert!(tested, "R{rule} has no test");
    }
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
