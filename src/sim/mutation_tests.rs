//! A mutation of any one rule is caught: each is made in a scenario that holds without it, and the scenario's expectations
//! or its books must notice.

use super::mutation::{Mutation, with};
use super::{RunOptions, Scenario, gallery};

const STAR: &str = "[host.h1]\naddress = \"192.0.2.1/24\"\n[host.h2]\naddress = \"192.0.2.2/24\"\n[host.h3]\naddress = \"192.0.2.3/24\"\n";
const STAR_LINKS: &str = "links = [\"h1 - sw.1\", \"h2 - sw.2\", \"h3 - sw.3\"]\n";
const ROUTED: &str = "[host.h1]\naddress = \"192.0.2.1/24\"\ngateway = \"192.0.2.254\"\n[host.h2]\naddress = \"198.51.100.1/24\"\ngateway = \"198.51.100.254\"\n[router.r]\ninterfaces = { a = \"192.0.2.254/24\", b = \"198.51.100.254/24\" }\n";

/// Three hosts on a switch with these further lines of the switch.
fn star(top: &str, switch: &str) -> String {
    format!("title = \"star\"\n{top}\n{STAR_LINKS}[switch.sw]\n{switch}\n{STAR}")
}

/// A host, a router, a host; the far link may have more to it.
fn routed(top: &str, far: &str) -> String {
    format!("title = \"routed\"\n{top}\nlinks = ['h1 - r.a']\n{ROUTED}[[link]]\nbetween = [\"r.b\", \"h2\"]\n{far}\n")
}

/// The scenario in which a mutation is made.
fn scenario_for(mutation: Mutation) -> String {
    match mutation {
        Mutation::BadSourceLearned => star(
            "actions = ['0ms h1 frame \"x\" from 01:00:5e:00:00:01']\nexpect = ['drops bad-source at sw = 1', 'sw learned = 0']",
            "",
        ),
        Mutation::DamageUnnoticed => format!(
            "title = \"damage\"\nactions = ['0ms h1 frame \"x\" count 5']\nexpect = ['drops bad-fcs at sw = 5', 'sw learned = 0']\n[switch.sw]\n{STAR}[[link]]\nbetween = [\"h1\", \"sw.1\"]\ncorrupt = 100\n[[link]]\nbetween = [\"h2\", \"sw.2\"]\n"
        ),
        Mutation::NothingLearned | Mutation::ReplyToAll => built_in("arp"),
        Mutation::NothingMoves => star(
            "actions = ['0ms h1 frame \"x\" from 02:00:00:00:00:77', '1ms h2 frame \"x\" from 02:00:00:00:00:77', '2ms h3 frame \"x\" to 02:00:00:00:00:77']\nexpect = ['sw moved = 1', 'frames h2 in any = 2', 'frames h1 in any = 1']",
            "",
        ),
        Mutation::ReservedForwarded => star(
            "actions = ['0ms h1 frame \"x\" to 01:80:c2:00:00:0e']\nexpect = ['drops reserved = 1', 'frames h2 in any = 0']",
            "",
        ),
        Mutation::FloodsBack => built_in("broadcast"),
        Mutation::SamePortForwarded => format!(
            "title = \"hub\"\nlinks = ['h1 - hub', 'h2 - hub', 'hub - sw.1', 'h3 - sw.2']\nactions = ['0ms h1 ping h2']\nexpect = ['h1 ping h2 ok', 'drops same-port at sw >= 1', 'frames h1 in icmp = 1']\n[hub.hub]\n[switch.sw]\n{STAR}"
        ),
        Mutation::AgeingIgnored => star(
            "until = '12s'\nactions = ['0ms h1 frame \"x\"', '1ms h2 frame \"x\" to h1', '11s h2 frame \"x\" to h1']\nexpect = ['sw aged >= 1', 'frames h3 in any = 2']",
            "ageing = \"10s\"",
        ),
        Mutation::NoFlush => star(
            "actions = ['0ms h1 frame \"x\"', '1ms unplug sw.1', '2ms h2 frame \"x\" to h1']\nexpect = ['sw aged = 1', 'frames h3 in any = 2']",
            "",
        ),
        Mutation::QueueWithoutEnd => format!(
            "title = \"queue\"\nlinks = ['h1 - sw.1', 'h3 - sw.3']\nactions = ['0ms h1 broadcast size 1000', '0ms h3 broadcast size 1000', '0ms h3 broadcast size 1000', '0ms h3 broadcast size 1000']\nexpect = ['drops queue-full at sw >= 1']\n[switch.sw]\n{STAR}[[link]]\nbetween = [\"h2\", \"sw.2\"]\nrate = \"1M\"\nqueue = 1\n"
        ),
        Mutation::VlansMixed => star(
            "actions = ['0ms h1 frame \"x\"']\nexpect = ['frames h2 in any = 0', 'frames h3 in any = 1']",
            "vlans = { 1 = \"access 10\", 2 = \"access 20\", 3 = \"access 10\" }",
        ),
        // A reply for a stranger: operation 2 from h1 to h2, which never asked.
        Mutation::AnyReplyLearned => star(
            "actions = ['0ms h1 frame \"\\x00\\x01\\x08\\x00\\x06\\x04\\x00\\x02\\x02\\x00\\x00\\x00\\x00\\x77\\xc0\\x00\\x02\\x4d\\x00\\x00\\x00\\x00\\x00\\x00\\xc0\\x00\\x02\\x09\" type 0x0806']\nexpect = ['h2 does not know 192.0.2.77']",
            "",
        ),
        Mutation::QuestionTeachesNothing => star(
            "actions = ['0ms h1 ping h2']\nexpect = ['h2 knows h1', 'frames h2 out arp-request = 0']",
            "",
        ),
        Mutation::FourQuestions => star(
            "actions = ['0ms h1 ping 192.0.2.99']\nexpect = ['frames h1 out arp-request = 3']",
            "",
        ),
        Mutation::MaskIgnored => built_in("subnet-decision"),
        Mutation::CardOpen => star(
            "actions = ['0ms h1 frame \"x\" to 02:00:00:00:00:99']\nexpect = ['drops not-my-mac = 2']",
            "",
        ),
        Mutation::HostForwards => "title = \"host\"\nlinks = ['h1 - h2']\nactions = ['0ms h1 ping 203.0.113.1']\nexpect = ['drops not-for-me at h2 = 1']\n[host.h1]\naddress = \"192.0.2.1/24\"\ngateway = \"192.0.2.2\"\n[host.h2]\naddress = \"192.0.2.2/24\"\n".to_owned(),
        Mutation::ShortestPrefix => "title = \"prefix\"\nlinks = ['h1 - sw', 'r1 - sw', 'r2 - sw']\nactions = ['0ms h1 ping 203.0.113.200']\nexpect = ['h1 routes 203.0.113.200 via 192.0.2.253', 'h1 ping 203.0.113.200 ok']\n[switch.sw]\n[host.h1]\naddress = \"192.0.2.1/24\"\nroutes = [\"203.0.113.0/24 via 192.0.2.254\", \"203.0.113.128/25 via 192.0.2.253\"]\n[host.r1]\naddress = \"192.0.2.254/24\"\n[host.r2]\naddress = \"192.0.2.253/24\"\nanswers_for = [\"203.0.113.0/24\"]\n".to_owned(),
        Mutation::TtlStays => routed(
            "actions = ['0ms h1 ping h2 ttl 64']\nexpect = ['h1 says \"TTL 63\"']",
            "",
        ),
        Mutation::DontFragmentIgnored => {
            routed("actions = ['0ms h1 ping h2 size 1400 df']\nexpect = ['drops too-big at r = 1']", "mtu = 576")
        }
        Mutation::OffsetWrong => {
            routed("actions = ['0ms h1 ping h2 size 1400 nodf']\nexpect = ['h1 ping h2 ok']", "mtu = 576")
        }
        // An echo error that dies of its TTL at the router: type 11, TTL 1, to an address behind it.
        Mutation::ErrorAboutError => routed(
            &format!("actions = ['0ms h1 frame \"{}\" to r.a type 0x0800']\nexpect = ['drops ttl-expired at r = 1', 'frames h1 in icmp-error = 0']", error_with_ttl_1()),
            "",
        ),
        Mutation::ErrorAboutBroadcast => {
            routed("actions = ['0ms h1 broadcast \"x\"']\nexpect = ['frames h1 in icmp-error = 0', 'drops no-listener at r = 1']", "")
        }
        Mutation::DirectedBroadcastForwarded => {
            routed("actions = ['0ms h1 ping 198.51.100.255']\nexpect = ['drops directed-broadcast at r = 1']", "")
        }
        Mutation::MartiansPass => routed(
            "actions = ['0ms h1 frame \"E\\x00\\x00\\x1c\\x00\\x01\\x00\\x00\\x40\\x11\\xd1\\x9a\\x7f\\x00\\x00\\x01\\xc6\\x33\\x64\\x01\\x00\\x09\\x00\\x09\\x00\\x08\\x00\\x00\" to r.a type 0x0800']\nexpect = ['drops martian at r = 1']",
            "",
        ),
        Mutation::ChecksumUnnoticed => star(
            "actions = ['0ms h1 frame \"E\\x00\\x00\\x1c\\x00\\x01\\x00\\x00\\x40\\x11\\x12\\x34\\xc0\\x00\\x02\\x01\\xc0\\x00\\x02\\x02\\x00\\x09\\x00\\x09\\x00\\x08\\x00\\x00\" to h2 type 0x0800']\nexpect = ['drops bad-checksum at h2 = 1']",
            "",
        ),
        Mutation::EverybodyLetIn => built_in("nat-kinds"),
        Mutation::CopyOffTheBooks => "title = \"twice\"\nactions = ['0ms h1 frame \"x\"']\nexpect = ['frames h2 in any = 2']\n[host.h1]\naddress = \"192.0.2.1/24\"\n[host.h2]\naddress = \"192.0.2.2/24\"\n[[link]]\nbetween = [\"h1\", \"h2\"]\nduplicate = 100\n".to_owned(),
    }
}

fn built_in(name: &str) -> String {
    gallery::find(name).unwrap_or_else(|| panic!("no scenario {name}")).text.to_owned()
}

/// An ICMP error from 192.0.2.1 to 198.51.100.1 with TTL 1, in the escapes of a scenario.
fn error_with_ttl_1() -> String {
    let mut packet = vec![0x45, 0, 0, 28, 0, 1, 0, 0, 1, 1, 0, 0, 192, 0, 2, 1, 198, 51, 100, 1];
    let sum = super::stack::octets::checksum(&packet);
    packet[10..12].copy_from_slice(&sum.to_be_bytes());
    packet.extend_from_slice(&[11, 0, 0xf4, 0xff, 0, 0, 0, 0]);
    packet.iter().map(|octet| format!("\\x{octet:02x}")).collect()
}

/// What does not hold.
fn complaints(name: &str, text: &str) -> Vec<String> {
    let scenario = Scenario::parse(name, text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert!(!scenario.expectations().is_empty());
    // A mutation may go on for ever, as a flood to the port of arrival does.
    let run = scenario.run(&RunOptions { events: 20_000, ..RunOptions::default() });
    let broken = run.outcomes.iter().filter_map(|outcome| outcome.clone().err());
    broken.chain(run.books.err()).collect()
}

#[test]
fn a_mutation_of_any_one_rule_is_caught() {
    let mut survivors = Vec::new();
    for mutation in Mutation::ALL {
        let (name, text) = (format!("{mutation:?}"), scenario_for(mutation));
        let without = with(None, || complaints(&name, &text));
        assert!(without.is_empty(), "{name} does not hold by itself: {without:?}");
        if with(Some(mutation), || complaints(&name, &text)).is_empty() {
            survivors.push(name);
        }
    }
    assert!(survivors.is_empty(), "nobody noticed {survivors:?}");
}
