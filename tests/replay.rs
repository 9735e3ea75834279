//! A capture becomes a topology, and goes through one.

use netlab::base::MacAddr;
use netlab::capture::MemorySource;
use netlab::sim::replay::{Capture, Class, Identities, draw};
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
