//! Nothing of the tutorial is missing: each of its lessons, in the order in which it is taught, has a scenario that shows
//! it, and lines of that scenario's expectations that hold what the lesson says.

use std::collections::BTreeMap;

use netlab::sim::{Run, RunOptions, Scenario, gallery};

/// A lesson, the scenario that shows it, and what of its expectations is the lesson.
const LESSONS: &[(&str, &str, &[&str])] = &[
    // The link.
    (
        "ARP through a switch: a question to all, an answer to one",
        "arp",
        &[
            "broadcast h1 reaches h2, h3",
            "frames h1 out arp-request = 1",
            "h1 knows h2",
            "h2 knows h1",
            "h3 does not know h1",
        ],
    ),
    (
        "a switch learns, floods what it does not know, forwards what it knows",
        "unicast",
        &["sw learned = 2", "sw flooded = 1", "sw forwarded = 9", "frames h3 in any = 1"],
    ),
    ("a hub knows nothing, and the cards filter", "hub", &["frames h3 in any = 10", "drops not-my-mac at h3 = 9"]),
    (
        "a broadcast goes to all, each answer to one",
        "broadcast",
        &["broadcast h1 reaches h2, h3, h4, h5", "frames h1 in icmp = 4", "frames h5 in icmp = 1"],
    ),
    ("a storm by load: N × (N − 1) deliveries", "broadcast-storm-load", &["injected = 50", "delivered = 2450"]),
    (
        "a storm by a loop: copies that never die, addresses that jump",
        "broadcast-storm",
        &["in-flight >= 2", "sw1 moved > 200"],
    ),
    ("spanning tree cuts the loop", "broadcast-storm-stp", &["drops port-state >= 1", "h2 ping h3 ok"]),
    ("a router ends the broadcast", "broadcast-storm-router", &["frames a1 in broadcast = 24", "a1 ping b1 ok"]),
    // Addresses and the way.
    (
        "IP AND mask: the same network, or the gateway",
        "subnet-decision",
        &[
            "h1 routes h2 direct",
            "h1 routes far via 192.0.2.1",
            "h1 says \"both give 192.0.2.0: the same network\"",
            "h1 says \"192.0.2.128 is not 192.0.2.0: another network\"",
            "wrong ping far fails EHOSTUNREACH",
        ],
    ),
    (
        "a router: new frame, one hop less, the longest prefix of all that fit",
        "router",
        &[
            "h1 says \"TTL 62\"",
            "drops ttl-expired at r1 = 1",
            "r1 says \"10.20.0.0/16        via 198.51.100.2  <- longest match\"",
        ],
    ),
    (
        "encapsulation, layer by layer",
        "encapsulation",
        &[
            "client says \"puts 5 octets of data into TCP 20, IPv4 20, Ethernet 14: 54 of 59 octets are headers\"",
            "server says \"takes off Ethernet 14, IPv4 20, TCP 20: 5 octets of data are left\"",
        ],
    ),
    (
        "private addresses behind a public one, and a door for a server",
        "nat",
        &[
            "server says \"from 203.0.113.1:5001\"",
            "server recv visit \"hello from home\"",
            "drops nat-no-mapping at home = 1",
        ],
    ),
    // Ports and connections.
    (
        "a port belongs to one: the second bind fails",
        "port-in-use",
        &[
            "server bind first ok",
            "server bind second EADDRINUSE",
            "server bind datagrams ok",
            "server bind elsewhere ok",
        ],
    ),
    ("one machine talks to itself", "loopback", &["client recv \"pong\"", "injected = 0"]),
    (
        "the three-way handshake, with the numbers of both sides",
        "handshake",
        &[
            "frames client out syn = 1",
            "frames client in syn = 1",
            "client state ESTABLISHED",
            "server state ESTABLISHED",
        ],
    ),
    (
        "the four-way close",
        "teardown",
        &[
            "client state FIN-WAIT-1",
            "client state FIN-WAIT-2",
            "client state TIME-WAIT",
            "server state CLOSE-WAIT",
            "server state LAST-ACK",
        ],
    ),
    ("the close in three segments", "teardown-merged", &["client state TIME-WAIT", "frames client in pure-ack <= 1"]),
    ("the half-close", "half-close", &["server recv \"\"", "client recv \"late news\""]),
    (
        "a process that dies sends a FIN",
        "process-death",
        &["client exit killed", "server recv \"\"", "frames client out fin = 1"],
    ),
    (
        "refused, reset, broken pipe",
        "reset",
        &["client connect refused ECONNREFUSED", "client recv unread ECONNRESET", "client send broken EPIPE"],
    ),
    (
        "\"address already in use\", and its cure",
        "time-wait",
        &["server bind EADDRINUSE", "server state TIME-WAIT", "server bind careful2 ok"],
    ),
    // Messages.
    (
        "UDP needs no connection and no server",
        "udp",
        &[
            "server recvfrom \"hello\"",
            "server recvfrom \"egg\"",
            "client recv nobody ECONNREFUSED",
            "frames client out syn = 0",
        ],
    ),
    ("small sends glued together by Nagle", "sticky-sender", &["frames client out data = 2", "server recv \"twotre\""]),
    (
        "TCP_NODELAY sends them one by one, and they are glued all the same",
        "sticky-sender-nodelay",
        &["frames client out data = 3", "server recv \"onetwotre\""],
    ),
    (
        "glued and cut by the receiver",
        "sticky-receiver",
        &["server recv glued \"helloegg\"", "server recv cut \"he\"", "server recv cut \"llo egg\""],
    ),
    ("the cure: the length first", "length-prefix", &["server recv_exactly \"hello\"", "server recv_exactly \"egg\""]),
    ("a header that says more: length, JSON, body", "json-header", &["server recv_exactly 3000"]),
    (
        "an MTU that is too small, DF clear: fragments",
        "mtu-fragments",
        &["frames h2 out fragment = 3", "h2 says \"whole again: 3 fragments\""],
    ),
    (
        "an MTU that is too small, DF set: path MTU",
        "pmtud",
        &["drops too-big at r = 1", "h1 says \"may have 576 octets\""],
    ),
    (
        "65,507 octets are the most of a datagram",
        "udp-limit",
        &["server says \"whole again: 45 fragments, 65535 octets\""],
    ),
    (
        "an empty datagram arrives, an empty send does not",
        "empty-message",
        &["frames client out data = 0", "client recv silent EAGAIN", "server recvfrom datagrams \"\""],
    ),
    ("send takes a part, sendall takes all", "sendall", &["client send 20000", "client sendall ok"]),
    (
        "the challenge that only the key can answer",
        "hmac",
        &["client recv right \"WELCOME\"", "server print \"refused\"", "client recv ignorant 32"],
    ),
    ("a server that serves one after the other", "socketserver", &["client2 connect ok", "client3 recv \"FIRST\""]),
    ("a server with a thread for each", "socketserver-threaded", &["client3 recv \"FIRST\"", "server accept ok"]),
];

#[test]
fn every_lesson_has_a_scenario_whose_expectations_hold_what_it_says() {
    let mut runs: BTreeMap<&str, (Scenario, Run)> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (lesson, name, lines) in LESSONS {
        let Some(entry) = gallery::find(name) else {
            wrong.push(format!("{lesson}: there is no scenario {name}"));
            continue;
        };
        let (scenario, run) = runs.entry(name).or_insert_with(|| {
            let scenario = Scenario::parse(entry.name, entry.text).unwrap_or_else(|error| panic!("{error}"));
            let run = scenario.run(&RunOptions::default());
            (scenario, run)
        });
        assert!(!lines.is_empty(), "{lesson}");
        for line in *lines {
            let place = scenario.expectations().iter().position(|expectation| expectation.line == *line);
            match place.map(|place| &run.outcomes[place]) {
                None => wrong.push(format!("{lesson}: {name} does not expect {line}")),
                Some(Err(instead)) => wrong.push(format!("{lesson}: {name}: {line}: instead {instead}")),
                Some(Ok(())) => {}
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_numbers_of_the_handshake_count_on_from_each_other() {
    let entry = gallery::find("handshake").expect("the scenario");
    let scenario = Scenario::parse(entry.name, entry.text).expect("a scenario");
    let run = scenario.run(&RunOptions::default());
    let (device, port) = scenario.port("client.eth0").expect("a port");
    let frames = run.engine.tap_of(device, port).expect("a tap").frames();
    let numbers = |octets: &[u8]| {
        let number = |at: usize| u32::from_be_bytes([octets[at], octets[at + 1], octets[at + 2], octets[at + 3]]);
        // Ethernet 14 and IPv4 20 octets stand before the segment.
        (number(38), number(42), octets[47] & 0x3f)
    };
    let segments = frames.iter().map(|tapped| tapped.frame.octets()).filter(|octets| octets[12..14] == [8, 0]);
    let first: Vec<_> = segments.take(3).map(numbers).collect();
    let [(x, _, 0x02), (y, to_x, 0x12), (next_x, to_y, 0x10)] = first[..] else { panic!("{first:x?}") };
    assert_eq!((to_x, next_x, to_y), (x.wrapping_add(1), x.wrapping_add(1), y.wrapping_add(1)));
}

/// Scenarios that go beyond the tutorial: each must be wanted for something, so that the gallery does not grow by itself.
const BEYOND: &[(&str, &str)] = &[
    ("broadcast-storm-parallel", "a storm that multiplies"),
    ("broadcast-storm-rstp", "a cure beside the others"),
    ("broadcast-storm-loop-vlan", "a cure beside the others"),
    ("broadcast-storm-loop-router", "a cure beside the others"),
    ("broadcast-storm-load-vlan", "a cure beside the others"),
    ("broadcast-storm-vlan", "a cure beside the others"),
    ("pmtud-tcp", "path MTU as TCP meets it"),
    ("pmtud-black-hole", "path MTU without its messages"),
    ("rip", "routes that routers tell each other"),
    ("ipv6", "IPv6 where IPv4 is"),
    ("slaac", "IPv6 where IPv4 has DHCP"),
    ("dhcp-dns", "where an address and a name come from"),
    ("dhcp-lease", "what becomes of an address"),
    ("nat-kinds", "mapping and filtering"),
    ("nat-simultaneous-open", "how both sides of translators meet"),
    ("kernel", "the judge"),
    ("simultaneous-open", "all ways to open"),
    ("simultaneous-close", "all ways to close"),
    ("backlog", "what waits to be accepted"),
    ("loss", "what reliability costs"),
    ("congestion", "how much is under way"),
    ("lan-64", "for measuring"),
    ("lan-256", "for measuring"),
];

#[test]
fn every_scenario_is_a_lesson_or_goes_beyond_one() {
    let known = |name: &str| {
        LESSONS.iter().any(|(_, lesson, _)| *lesson == name) || BEYOND.iter().any(|(beyond, _)| *beyond == name)
    };
    let unknown: Vec<_> = gallery::all().iter().filter(|entry| !known(entry.name)).map(|entry| entry.name).collect();
    assert!(unknown.is_empty(), "{unknown:?} stand in neither list");
    for (name, _) in BEYOND {
        assert!(gallery::find(name).is_some(), "there is no scenario {name}");
    }
}
