//! Every reason for which a frame or packet is lost has a scenario that yields exactly it and no other.

use std::collections::BTreeSet;

use netlab::sim::{EventKind, Reason, RunOptions, Scenario, gallery};

/// Two hosts on one cable; a further line describes it.
fn pair(top: &str, link: &str) -> String {
    format!(
        "title = \"pair\"\n{top}\n[host.h1]\naddress = \"192.0.2.1/24\"\n[host.h2]\naddress = \"192.0.2.2/24\"\n[[link]]\nbetween = [\"h1\", \"h2\"]\n{link}\n"
    )
}

/// Two hosts on a switch; a further line describes it.
fn switched(top: &str, switch: &str) -> String {
    format!(
        "title = \"switched\"\nlinks = [\"h1 - sw.1\", \"h2 - sw.2\"]\n{top}\n[switch.sw]\n{switch}\n[host.h1]\naddress = \"192.0.2.1/24\"\n[host.h2]\naddress = \"192.0.2.2/24\"\n"
    )
}

/// Two hosts with a router between them; further lines describe it and the far link.
fn routed(top: &str, router: &str, link: &str) -> String {
    format!(
        "title = \"routed\"\nlinks = [\"h1 - r.a\"]\n{top}\n[host.h1]\naddress = \"192.0.2.1/24\"\ngateway = \"192.0.2.254\"\n[host.h2]\naddress = \"198.51.100.1/24\"\ngateway = \"198.51.100.254\"\n[router.r]\ninterfaces = {{ a = \"192.0.2.254/24\", b = \"198.51.100.254/24\" }}\n{router}\n[[link]]\nbetween = [\"r.b\", \"h2\"]\n{link}\n"
    )
}

/// An action that sends a piece of a datagram from h1 to h2: its identification, its place in octets, whether more
/// follow, and what it carries.
fn piece(identification: u16, offset: u16, more: bool, payload_len: usize) -> String {
    let mut packet = vec![0x45, 0];
    packet.extend_from_slice(&(20 + payload_len as u16).to_be_bytes());
    packet.extend_from_slice(&identification.to_be_bytes());
    packet.extend_from_slice(&((offset / 8) | if more { 0x2000 } else { 0 }).to_be_bytes());
    packet.extend_from_slice(&[64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2]);
    let sum: u32 = packet.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(pair[1])).sum();
    let sum = !((sum & 0xffff) + (sum >> 16)) as u16;
    packet[10..12].copy_from_slice(&sum.to_be_bytes());
    packet.resize(20 + payload_len, 7);
    let text: String = packet.iter().map(|octet| format!("\\x{octet:02x}")).collect();
    format!("'0ms h1 frame \"{text}\" to h2 type 0x0800'")
}

/// The scenario that yields a reason, if one of the size of a test can.
fn scenario_for(reason: Reason) -> Option<String> {
    Some(match reason {
        Reason::SamePort => "title = \"hub\"\nlinks = ['h1 - hub', 'h2 - hub', 'hub - sw.1', 'h3 - sw.2']\nactions = ['0ms h1 ping h2']\n[hub.hub]\n[switch.sw]\n[host.h1]\naddress = \"192.0.2.1/24\"\n[host.h2]\naddress = \"192.0.2.2/24\"\n[host.h3]\naddress = \"192.0.2.3/24\"\n".to_owned(),
        Reason::Reserved => switched("actions = ['0ms h1 frame \"x\" to 01:80:c2:00:00:0e']", ""),
        // The port still listens when the frame comes; the switch's own messages are what `also` allows.
        Reason::PortState => switched("until = '5ms'\nactions = ['1ms h1 ping h2']", "stp = \"classic\""),
        Reason::Vlan => switched(
            "actions = ['0ms h1 frame \"x\" vlan 30']",
            "vlans = { 1 = \"access 10\", 2 = \"access 20\" }",
        ),
        Reason::NowhereToGo => "title = \"alone\"\nlinks = ['h1 - sw']\nactions = ['0ms h1 frame \"x\"']\n[switch.sw]\n[host.h1]\naddress = \"192.0.2.1/24\"\n".to_owned(),
        Reason::NotMyMac => pair("actions = ['0ms h1 frame \"x\" to 02:00:00:00:00:99']", ""),
        Reason::NotMyGroup => pair("actions = ['0ms h1 frame \"x\" to 01:00:5e:01:02:03']", ""),
        Reason::QueueFull => pair("until = '1s'\nactions = ['0ms h1 ping h2 size 20000']", "queue = 2\nrate = \"1M\""),
        Reason::TooLong => "title = \"long\"\nuntil = '1s'\nactions = ['0ms h1 ping h2 size 1400']\n[host.h1]\naddress = \"192.0.2.1/24\"\nmtu = 1500\n[host.h2]\naddress = \"192.0.2.2/24\"\nmtu = 1500\n[[link]]\nbetween = [\"h1\", \"h2\"]\nmtu = 1000\n".to_owned(),
        Reason::Lost => pair("until = '500ms'\nactions = ['0ms h1 ping h2']", "loss = 100"),
        Reason::LinkDown => switched("actions = ['0ms unplug sw.1', '1ms h1 frame \"x\"']", ""),
        Reason::NoLink => "title = \"bare\"\nactions = ['0ms h1 frame \"x\"']\n[host.h1]\naddress = \"192.0.2.1/24\"\n".to_owned(),
        Reason::BadFcs => pair("until = '500ms'\nactions = ['0ms h1 ping h2']", "corrupt = 100"),
        Reason::BadSource => switched("actions = ['0ms h1 frame \"x\" from 01:00:5e:00:00:01']", ""),
        Reason::UnknownProtocol => pair("actions = ['0ms h1 frame \"x\" to h2']", ""),
        Reason::BadHeader => pair("actions = ['0ms h1 frame \"E\\x00\" to h2 type 0x0800']", ""),
        Reason::BadChecksum => pair(
            "actions = ['0ms h1 frame \"E\\x00\\x00\\x1c\\x00\\x01\\x00\\x00\\x40\\x11\\x12\\x34\\xc0\\x00\\x02\\x01\\xc0\\x00\\x02\\x02\\x00\\x09\\x00\\x09\\x00\\x08\\x00\\x00\" to h2 type 0x0800']",
            "",
        ),
        Reason::NotForMe => "title = \"host\"\nlinks = ['h1 - h2']\nactions = ['0ms h1 ping 203.0.113.1']\n[host.h1]\naddress = \"192.0.2.1/24\"\ngateway = \"192.0.2.2\"\n[host.h2]\naddress = \"192.0.2.2/24\"\n".to_owned(),
        Reason::Martian => routed(
            "actions = ['0ms h1 frame \"E\\x00\\x00\\x1c\\x00\\x01\\x00\\x00\\x40\\x11\\xd1\\x9a\\x7f\\x00\\x00\\x01\\xc6\\x33\\x64\\x01\\x00\\x09\\x00\\x09\\x00\\x08\\x00\\x00\" to r.a type 0x0800']",
            "",
            "",
        ),
        Reason::TtlExpired => routed("actions = ['0ms h1 ping h2 ttl 1']", "", ""),
        Reason::NoRoute => pair("actions = ['0ms h1 ping 203.0.113.1']", ""),
        Reason::TooBig => routed("actions = ['0ms h1 ping h2 size 1400 df']", "", "mtu = 576"),
        Reason::DirectedBroadcast => routed("actions = ['0ms h1 ping 198.51.100.255']", "", ""),
        Reason::NeighbourFailed => pair("actions = ['0ms h1 ping 192.0.2.99']", ""),
        Reason::NeighbourQueueFull => pair(
            "until = '900ms'\nactions = ['0ms h1 run many']\n[program]\nmany = '''\ns = socket(udp)\nloop 103:\n    s.sendto(\"x\", \"192.0.2.99\", 9)\n'''",
            "",
        ),
        Reason::NoListener => pair("actions = ['0ms h1 udp h2:9 \"x\"']", ""),
        Reason::BufferFull => pair(
            "until = '500ms'\nactions = ['0ms h2 run deaf', '1ms h1 udp h2:9 size 60000', '20ms h1 udp h2:9 size 60000', '40ms h1 udp h2:9 size 60000', '60ms h1 udp h2:9 size 60000']\n[program]\ndeaf = '''\ns = socket(udp)\ns.bind(\"\", 9)\nsleep(1s)\n'''",
            "",
        ),
        Reason::BacklogFull => gallery::find("backlog").expect("backlog").text.to_owned(),
        Reason::FragmentOverlap => {
            pair(&format!("until = '1s'\nactions = [{}, {}]", piece(1, 0, true, 64), piece(1, 32, true, 64)), "")
        }
        Reason::FragmentDuplicate => pair("until = '1s'\nactions = ['0ms h1 ping h2 size 5000']", "duplicate = 100"),
        Reason::FragmentTimeout => pair(&format!("until = '40s'\nactions = [{}]", piece(1, 0, true, 64)), ""),
        Reason::FragmentTableFull => {
            let pieces: Vec<String> = (1..=257).map(|number| piece(number, 0, true, 64)).collect();
            pair(&format!("until = '1s'\nactions = [{}]", pieces.join(", ")), "queue = 1000")
        }
        Reason::NatNoMapping => {
            routed("actions = ['0ms h2 udp 198.51.100.254:9999 \"x\"']", "nat = { outside = \"b\" }", "")
        }
        Reason::NatFiltered => "title = \"filter\"\nlinks = ['h1 - r.a', 'r.b - sw', 'h2 - sw', 'h3 - sw']\nactions = ['0ms h2 run listen', '1ms h1 udp h2:4000 \"x\" from 5000', '100ms h3 udp 198.51.100.254:5000 \"x\" from 4000']\n[host.h1]\naddress = \"192.0.2.1/24\"\ngateway = \"192.0.2.254\"\n[router.r]\ninterfaces = { a = \"192.0.2.254/24\", b = \"198.51.100.254/24\" }\nnat = { outside = \"b\", filtering = \"address-dependent\" }\n[host.h2]\naddress = \"198.51.100.1/24\"\n[host.h3]\naddress = \"198.51.100.2/24\"\n[switch.sw]\n[program]\nlisten = '''\ns = socket(udp)\ns.bind(\"\", 4000)\ndata, peer = s.recvfrom(9)\nsleep(1s)\n'''\n".to_owned(),
        // Every port of the translator must be taken: the test beside `stack/nat.rs` does it without a network.
        Reason::NatTableFull => return None,
        Reason::AddressConflict => switched("actions = ['0ms h2 address 192.0.2.1/24', '1ms h2 announce']", ""),
        Reason::BeyondScope => "title = \"scope\"\nlinks = ['h1 - r.a', 'r.b - h2']\nactions = ['0ms h1 ping h2']\n[host.h1]\naddress = \"fe80::10/64\"\ngateway = \"fe80::1\"\n[router.r.interfaces.a]\naddress = [\"fe80::1/64\", \"2001:db8:1::1/64\"]\n[router.r.interfaces.b]\naddress = \"2001:db8:2::1/64\"\n[host.h2]\naddress = \"2001:db8:2::10/64\"\ngateway = \"2001:db8:2::1\"\n".to_owned(),
        other => panic!("{} has no scenario", other.code()),
    })
}

/// What cannot be kept out of a scenario.
fn also(reason: Reason) -> &'static [Reason] {
    match reason {
        // Hosts ignore the messages between switches.
        Reason::PortState => &[Reason::NotMyGroup],
        _ => &[],
    }
}

/// True if the reason is one for which something is lost; the others say why it went on.
fn is_loss(reason: Reason) -> bool {
    !matches!(
        reason,
        Reason::None
            | Reason::ForMe
            | Reason::Broadcast
            | Reason::Multicast
            | Reason::KnownUnicast
            | Reason::UnknownUnicast
            | Reason::Repeated
            | Reason::Routed
            | Reason::Control
    )
}

#[test]
fn every_reason_for_a_loss_has_a_scenario_that_yields_exactly_it() {
    let mut wrong = Vec::new();
    for reason in Reason::all().filter(|reason| is_loss(*reason)) {
        let Some(text) = scenario_for(reason) else { continue };
        let scenario = Scenario::parse(reason.code(), &text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let run = scenario.run(&RunOptions::default());
        assert!(run.books.is_ok(), "{}: {:?}", reason.code(), run.books);
        let records = run.engine.records().iter().filter(|record| record.event != EventKind::Expect);
        let seen: BTreeSet<Reason> = records.map(|record| record.reason).filter(|seen| is_loss(*seen)).collect();
        let extra: Vec<&str> = seen
            .iter()
            .filter(|seen| **seen != reason && !also(reason).contains(seen))
            .map(|seen| seen.code())
            .collect();
        if !seen.contains(&reason) || !extra.is_empty() {
            wrong.push(format!("{}: yielded {}, besides {extra:?}", reason.code(), seen.contains(&reason)));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
