//! What `topology` guesses of random simulated networks that are seen from one point, against what is true there.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

use netlab::base::{MacAddr, Rng};
use netlab::packet::Direction;
use netlab::sim::device::Node;
use netlab::sim::replay::{Capture, Class, Identities, Replay, ReplayOptions, Unmapped, draw};
use netlab::sim::stack::route::Prefix;
use netlab::sim::{Engine, RunOptions, Scenario};
use netlab::wire::{self, LinkType};

/// A network with several LANs around routers; `h1` on the first LAN is where the capture is taken.
struct World {
    text: String,
    lan: Prefix,
    routers_on_lan: usize,
    translates: bool,
}

/// An address of a block, by its place.
fn host(block: Prefix, place: u32) -> Ipv4Addr {
    let IpAddr::V4(network) = block.network else { unreachable!("IPv4") };
    Ipv4Addr::from(u32::from(network) + place)
}

fn world(seed: u64) -> World {
    let mut rng = Rng::new(seed);
    let translates = rng.below(3) == 0;
    let len = 24 + rng.below(4) as u8;
    // With a translator the LAN is private; without one every address can be answered from everywhere.
    let network: IpAddr = if translates { "192.168.7.0" } else { "192.0.2.0" }.parse().expect("an address");
    let lan = Prefix::new(network, len);
    let places = (1u32 << (32 - len)) - 2;
    let mut free: Vec<u32> = (1..=places).collect();
    let mut take = |rng: &mut Rng| free.remove(rng.below(free.len() as u64) as usize);
    let switches = 1 + rng.below(3) as usize;
    let hosts = 2 + rng.below(5) as usize;
    let routers_on_lan = if translates { 1 } else { 1 + rng.below(2) as usize };
    let (mut boxes, mut links, mut actions) = (String::new(), Vec::new(), Vec::new());
    for switch in 1..=switches {
        let kind = if rng.below(4) == 0 { "hub" } else { "switch" };
        boxes.push_str(&format!("[{kind}.sw{switch}]\n"));
        if switch > 1 {
            links.push(format!("sw{} - sw{switch}", switch - 1));
        }
    }
    let gateways: Vec<Ipv4Addr> = (0..routers_on_lan).map(|_| host(lan, take(&mut rng))).collect();
    let far = ["198.51.100.0", "203.0.113.0"].map(|text| Prefix::new(text.parse().expect("an address"), 25));
    for (index, gateway) in gateways.iter().enumerate() {
        let (number, block) = (index + 1, far[index]);
        // The last LAN may be one router farther away.
        let deep = rng.below(2) == 0;
        let wan = host(block, 1);
        let nat = if translates { "nat = { outside = \"wan\" }\n" } else { "" };
        boxes.push_str(&format!(
            "[router.r{number}]\ninterfaces = {{ lan = \"{gateway}/{len}\", wan = \"{wan}/25\" }}\n{nat}"
        ));
        links.push(format!("r{number}.lan - sw{}", 1 + rng.below(switches as u64)));
        links.push(format!("r{number}.wan - far{number}"));
        boxes.push_str(&format!("[switch.far{number}]\n"));
        for other in 1..=2 {
            let address = host(block, 10 + other);
            boxes.push_str(&format!("[host.f{number}x{other}]\naddress = \"{address}/25\"\ngateway = \"{wan}\"\n"));
            links.push(format!("f{number}x{other} - far{number}"));
        }
        if deep && !translates {
            let beyond = format!("10.{number}.0");
            boxes.push_str(&format!(
                "[router.d{number}]\ninterfaces = {{ a = \"{}/25\", b = \"{beyond}.1/24\" }}\ngateway = \"{wan}\"\n[host.g{number}]\naddress = \"{beyond}.9/24\"\ngateway = \"{beyond}.1\"\n",
                host(block, 2)
            ));
            boxes = boxes.replace(
                &format!("[router.r{number}]\n"),
                &format!("[router.r{number}]\nroutes = [\"{beyond}.0/24 via {}\"]\n", host(block, 2)),
            );
            links.push(format!("d{number}.a - far{number}"));
            links.push(format!("d{number}.b - g{number}"));
        }
        let names: Vec<String> = [1, 2].iter().map(|other| format!("f{number}x{other}")).collect();
        for name in names.into_iter().chain((deep && !translates).then(|| format!("g{number}"))) {
            actions.push(format!("{}ms h1 ping {name}", 200 + actions.len() * 20));
        }
    }
    for number in 1..=hosts {
        let address = host(lan, take(&mut rng));
        let mut routes = String::new();
        if routers_on_lan > 1 {
            routes = format!("routes = [\"203.0.113.0/25 via {0}\", \"10.2.0.0/24 via {0}\"]\n", gateways[1]);
        }
        boxes.push_str(&format!(
            "[host.h{number}]\naddress = \"{address}/{len}\"\ngateway = \"{}\"\n{routes}",
            gateways[0]
        ));
        links.push(format!("h{number} - sw{}", 1 + rng.below(switches as u64)));
        if number > 1 {
            let (from, to) = if rng.below(2) == 0 {
                ("h1".into(), format!("h{number}"))
            } else {
                (format!("h{number}"), "h1".into())
            };
            actions.push(format!("{}ms {from} ping {to}", 5 * number));
        }
        if number > 2 {
            // Something that h1 sees only the question of.
            actions.push(format!("{}ms h{number} ping h2", 100 + 5 * number));
        }
    }
    let quoted = |list: &[String]| list.iter().map(|one| format!("\"{one}\"")).collect::<Vec<_>>().join(", ");
    let text = format!(
        "title = \"random\"\nseed = {seed}\nlinks = [{}]\nactions = [{}]\n{boxes}",
        quoted(&links),
        quoted(&actions)
    );
    World { text, lan, routers_on_lan, translates }
}

/// The boxes of a network by MAC address: name, kind, and addresses.
fn truth(engine: &Engine) -> BTreeMap<MacAddr, (String, &'static str, Vec<IpAddr>)> {
    let mut all = BTreeMap::new();
    for device in engine.devices() {
        let Some(node) = engine.device(device).as_any().downcast_ref::<Node>() else { continue };
        for interface in node.interfaces() {
            let addresses = interface.addresses.iter().map(|(address, _)| *address).collect();
            let name = engine.name(device).to_owned();
            all.insert(interface.mac, (name, engine.device(device).kind(), addresses));
        }
    }
    all
}

#[test]
fn r1_of_random_networks_what_can_be_seen_from_one_point_is_guessed_right() {
    let (mut translators, mut several_routers, mut deep) = (0, 0, 0);
    for seed in 1..=60u64 {
        let world = world(seed);
        let scenario = Scenario::parse("random", &world.text).unwrap_or_else(|error| panic!("{error}\n{}", world.text));
        let run = scenario.run(&RunOptions::default());
        run.books.as_ref().expect("the books balance");
        let point = scenario.port("h1").expect("h1");
        let mut tap = run.engine.tap_of(point.0, point.1).expect("a tap").clone();
        // What the frames show: who sends, and with which address.
        let mut senders: BTreeMap<MacAddr, BTreeSet<IpAddr>> = BTreeMap::new();
        let mut claimed: BTreeSet<IpAddr> = BTreeSet::new();
        for tapped in tap.frames() {
            let octets = tapped.frame.octets();
            let frame = wire::decode(LinkType::ETHERNET, octets, octets.len() as u32);
            let source = MacAddr::from_slice(&octets[6..]).expect("a source");
            let own = senders.entry(source).or_default();
            match (frame.arp().and_then(|arp| arp.sender_ip()), frame.ip()) {
                (Some(address), _) => {
                    claimed.insert(address.into());
                    own.insert(address.into());
                }
                (None, Some(ip)) => drop(own.insert(ip.source())),
                _ => {}
            }
        }
        let sent = tap.frames().iter().any(|tapped| tapped.direction == Direction::Outbound);
        assert!(sent, "seed {seed}: h1 speaks\n{}", world.text);
        let truth = truth(&run.engine);
        let capture = Capture::read(&mut tap).expect("a capture");
        let all = Identities::of(&capture, &[]);

        // Hosts and routers: who sent a frame that was seen, and nobody else, each for what it is.
        let found: BTreeSet<MacAddr> =
            all.stations.iter().filter(|found| found.sent > 0).map(|found| found.mac).collect();
        assert_eq!(found, senders.keys().copied().collect(), "seed {seed}");
        let mut routers = BTreeSet::new();
        for station in &all.stations {
            let (name, kind, addresses) =
                truth.get(&station.mac).unwrap_or_else(|| panic!("seed {seed}: {}", station.mac));
            let class = if *kind == "router" { Class::Router } else { Class::Host };
            if station.sent > 0 {
                assert_eq!(station.class, class, "seed {seed}: {name}: {}\n{}", station.why, world.text);
            }
            // Addresses on the link are those of the box; a router's are not those it brings packets of.
            let own: BTreeSet<IpAddr> = station.own_addresses(&all.subnets).collect();
            assert!(
                own.iter().all(|own| addresses.contains(own)),
                "seed {seed}: {name} has {own:?}, not {addresses:?}"
            );
            let shown = addresses.iter().filter(|address| claimed.contains(address));
            assert!(
                shown.clone().all(|address| own.contains(address)),
                "seed {seed}: {name} lacks one of {addresses:?}"
            );
            if class == Class::Router {
                routers.insert(name.clone());
                deep += usize::from(station.addresses.iter().any(|seen| seen.address.to_string().starts_with("10.")));
            }
        }
        assert_eq!(routers.len(), world.routers_on_lan, "seed {seed}: {routers:?}");
        several_routers += usize::from(routers.len() > 1);

        // The subnet: a guess that says so, never wider than the true one (to the /29 that two addresses need), and with
        // every address on the link in it.
        assert_eq!(all.subnets.len(), 1, "seed {seed}: {:?}", all.subnets);
        let guess = all.subnets[0];
        assert!(guess.origin.is_guess(), "seed {seed}");
        assert!(guess.prefix.len >= world.lan.len, "seed {seed}: {} of {}", guess.prefix, world.lan);
        assert!(world.lan.contains(guess.prefix.network), "seed {seed}: {} of {}", guess.prefix, world.lan);
        assert!(claimed.iter().all(|address| guess.prefix.contains(*address)), "seed {seed}");

        // Translation is suspected where there is one, and only there.
        assert_eq!(!all.nat.is_empty(), world.translates, "seed {seed}: {:?}", all.nat);
        translators += usize::from(world.translates);

        // The point, the gateway, and the file.
        assert_eq!(all.point.as_ref().map(|(mac, _)| truth[mac].0.as_str()), Some("h1"), "seed {seed}");
        let drawing = draw(&all, "random", None);
        assert_eq!(drawing.left_out, [], "seed {seed}");
        let drawn = Scenario::parse("drawn", &drawing.text).unwrap_or_else(|error| panic!("{error}\n{}", drawing.text));
        for line in drawing.text.lines().filter(|line| line.starts_with("gateway") || line.starts_with("captured_at")) {
            assert!(line.contains("guess") || line.contains("made up"), "seed {seed}: {line}");
        }
        let gateway = drawing.text.lines().find(|line| line.starts_with("gateway = ") && line.ends_with("# guess"));
        let gateway = gateway.expect("the hosts have one").split('"').nth(1).expect("an address");
        let owner = truth.values().find(|(_, _, addresses)| addresses.iter().any(|own| own.to_string() == gateway));
        assert_eq!(owner.map(|(_, kind, _)| *kind), Some("router"), "seed {seed}: {gateway}");

        // And through the network that was guessed, the capture comes to its point as it was, to the octet.
        let options = ReplayOptions { unmapped: Unmapped::Error, ..ReplayOptions::default() };
        let mut replay = Replay::prepare(&capture, &drawn, &options).expect("everybody has a place");
        replay.run(&capture);
        replay.books.as_ref().expect("the books balance");
        let comparison = replay.comparison.as_ref().expect("a point");
        assert_eq!((comparison.equal, comparison.counts), (comparison.expected, [0; 3]), "seed {seed}: {comparison:?}");
    }
    assert!(translators > 8 && several_routers > 8 && deep > 5, "{translators} {several_routers} {deep}");
}

/// From outside, a translator hides who is behind it: the guess knows one box with one address.
#[test]
fn r1_from_outside_of_a_translator_nobody_behind_it_is_seen() {
    for seed in (1..=60u64).filter(|seed| world(*seed).translates) {
        let scenario = Scenario::parse("random", &world(seed).text).expect("a scenario");
        let run = scenario.run(&RunOptions::default());
        let (device, port) = scenario.port("f1x1").expect("a host outside");
        let mut tap = run.engine.tap_of(device, port).expect("a tap").clone();
        let capture = Capture::read(&mut tap).expect("a capture");
        let all = Identities::of(&capture, &[]);
        let truth = truth(&run.engine);
        let names: BTreeSet<&str> = all.stations.iter().map(|station| truth[&station.mac].0.as_str()).collect();
        assert!(names.is_subset(&BTreeSet::from(["f1x1", "f1x2", "r1"])), "seed {seed}: {names:?}");
        assert!(names.contains("r1"), "seed {seed}");
        for station in &all.stations {
            assert!(
                station.addresses.iter().all(|seen| !seen.address.to_string().starts_with("192.168")),
                "seed {seed}"
            );
        }
        let text = draw(&all, "random", None).text;
        Scenario::parse("drawn", &text).expect(&text);
    }
}
