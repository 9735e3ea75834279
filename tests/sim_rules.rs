//! The rules of boxes and links, one small network each; and every reason for a drop is yielded by one of them or by the
//! gallery.

use std::collections::BTreeSet;

use netlab::sim::{Reason, Run, RunOptions, Scenario, gallery};

/// Three hosts on a switch.
const STAR: &str = "links = [\"h1 - sw.1\", \"h2 - sw.2\", \"h3 - sw.3\"]\n[host.h1]\naddress = \"192.0.2.1/24\"\n[host.h2]\naddress = \"192.0.2.2/24\"\n[host.h3]\naddress = \"192.0.2.3/24\"\n";
/// A host, a router, a host.
const ROUTED: &str = "links = [\"h1 - r.a\", \"r.b - h2\"]\n[host.h1]\naddress = \"192.0.2.1/24\"\ngateway = \"192.0.2.254\"\n[host.h2]\naddress = \"198.51.100.1/24\"\ngateway = \"198.51.100.254\"\n[router.r]\ninterfaces = { a = \"192.0.2.254/24\", b = \"198.51.100.254/24\" }\n";

/// Rule, top of the file, boxes. What the rule says stands in the expectations.
const RULES: &[(&str, &str, &str, &str)] = &[
    (
        "b1_a_frame_from_a_group_or_from_nobody_is_dropped",
        "actions = ['0ms h1 frame \"x\" from 01:00:5e:00:00:01', '1ms h1 frame \"x\" from 00:00:00:00:00:00', '2ms h1 frame \"x\"']\nexpect = ['drops bad-source at sw = 2', 'frames h2 in any = 1', 'sw learned = 1']\n",
        STAR,
        "[switch.sw]\n",
    ),
    (
        "b1_a_damaged_frame_is_dropped_and_teaches_nothing",
        "actions = ['0ms h1 frame \"x\" count 5']\nexpect = ['drops bad-fcs at sw = 5', 'sw learned = 0']\n",
        "[host.h1]\naddress = \"192.0.2.1/24\"\n[host.h2]\naddress = \"192.0.2.2/24\"\n[[link]]\nbetween = [\"h1\", \"sw\"]\ncorrupt = 100\n[[link]]\nbetween = [\"h2\", \"sw\"]\n",
        "[switch.sw]\n",
    ),
    (
        "b1_a_frame_longer_than_the_link_may_carry_is_dropped",
        "links = ['h2 - sw']\nactions = ['0ms h1 frame size 1500', '1ms h1 frame size 1501']\nexpect = ['drops too-long = 1', 'frames h2 in any = 1']\n",
        "[host.h1]\naddress = \"192.0.2.1/24\"\n[host.h2]\naddress = \"192.0.2.2/24\"\n[[link]]\nbetween = [\"h1\", \"sw\"]\n",
        "[switch.sw]\n",
    ),
    (
        "b2_an_address_seen_elsewhere_has_moved",
        "actions = ['0ms h1 frame \"x\" from 02:00:00:00:00:77', '1ms h2 frame \"x\" from 02:00:00:00:00:77', '2ms h3 frame \"x\" to 02:00:00:00:00:77']\nexpect = ['sw moved = 1', 'frames h2 in any = 2', 'frames h1 in any = 1']\n",
        STAR,
        "[switch.sw]\n",
    ),
    (
        "b2_an_entry_by_hand_neither_moves_nor_ages",
        "until = '20s'\nactions = ['0ms h1 frame \"x\" from 02:00:00:00:00:77', '15s h2 frame \"x\" to 02:00:00:00:00:77']\nexpect = ['sw moved = 0', 'frames h3 in any = 2', 'frames h1 in any = 0']\n",
        STAR,
        "[switch.sw]\nageing = \"10s\"\nfixed = [\"02:00:00:00:00:77 on 3\"]\n",
    ),
    (
        "b3_reserved_addresses_never_leave_their_link",
        "actions = ['0ms h1 frame \"x\" to 01:80:c2:00:00:00', '1ms h1 frame \"x\" to 01:80:c2:00:00:0e', '2ms h1 frame \"x\" to 01:80:c2:00:00:10']\nexpect = ['drops reserved = 2', 'frames h2 in any = 1']\n",
        STAR,
        "[switch.sw]\n",
    ),
    (
        "b3_linux_without_spanning_tree_relays_the_first_of_them",
        "actions = ['0ms h1 frame \"x\" to 01:80:c2:00:00:00', '1ms h1 frame \"x\" to 01:80:c2:00:00:0e']\nexpect = ['drops reserved = 1', 'frames h2 in any = 1']\n",
        STAR,
        "[switch.sw]\nprofile = \"linux\"\n",
    ),
    (
        "b4_what_is_behind_the_port_of_arrival_is_filtered",
        "links = ['h1 - hub', 'h2 - hub', 'hub - sw.1', 'h3 - sw.2']\nactions = ['0ms h1 ping h2', '10ms h1 ping h2']\nexpect = ['h1 ping h2 ok', 'drops same-port at sw = 5', 'frames h3 in any = 1']\n",
        "[host.h1]\naddress = \"192.0.2.1/24\"\n[host.h2]\naddress = \"192.0.2.2/24\"\n[host.h3]\naddress = \"192.0.2.3/24\"\n[hub.hub]\n",
        "[switch.sw]\n",
    ),
    (
        "b4_with_no_other_port_there_is_nowhere_to_go",
        "links = ['h1 - sw']\nactions = ['0ms h1 frame \"x\"']\nexpect = ['drops nowhere-to-go = 1']\n",
        "[host.h1]\naddress = \"192.0.2.1/24\"\n",
        "[switch.sw]\n",
    ),
    (
        "a_vlan_stays_in_its_ports_and_a_foreign_tag_may_not_enter",
        "actions = ['0ms h1 frame \"x\"', '1ms h1 frame \"x\" vlan 30', '2ms h3 frame \"x\" vlan 10', '3ms h3 frame \"x\" vlan 20']\nexpect = ['drops vlan at sw = 1', 'frames h2 in any = 1', 'frames h2 in tagged = 0', 'frames h1 in any = 1', 'frames h3 in any = 1', 'frames h3 in tagged = 1']\n",
        STAR,
        "[switch.sw]\nvlans = { 1 = \"access 10\", 2 = \"access 20\", 3 = \"trunk allowed 10,20\" }\n",
    ),
    (
        "b5_an_address_is_forgotten_after_its_time_and_a_look_up_does_not_refresh_it",
        "until = '12s'\nactions = ['0ms h1 frame \"x\"', '1ms h2 frame \"x\" to h1', '9s h2 frame \"x\" to h1', '11s h2 frame \"x\" to h1']\nexpect = ['sw aged >= 1', 'frames h3 in any = 2', 'drops unknown-unicast = 0']\n",
        STAR,
        "[switch.sw]\nageing = \"10s\"\n",
    ),
    (
        "b5_a_full_table_learns_no_more_and_floods_on",
        "actions = ['0ms h1 frame \"x\"', '1ms h2 frame \"x\"', '2ms h3 frame \"x\" to h2', '3ms h3 frame \"x\" to h1']\nexpect = ['sw learned = 1', 'sw not-learned = 3', 'frames h1 in any = 3', 'frames h2 in any = 2']\n",
        STAR,
        "[switch.sw]\ntable = 1\n",
    ),
    (
        "b6_an_unplugged_cable_flushes_its_entries",
        "actions = ['0ms h1 frame \"x\"', '1ms unplug sw.1', '2ms h2 frame \"x\" to h1', '3ms h1 frame \"x\"']\nexpect = ['sw aged = 1', 'frames h3 in any = 2', 'drops link-down = 1']\n",
        STAR,
        "[switch.sw]\n",
    ),
    (
        "b7_a_full_queue_drops",
        "links = ['h1 - sw.1', 'h3 - sw.3']\nactions = ['0ms h1 broadcast size 1000', '0ms h3 broadcast size 1000', '0ms h3 broadcast size 1000', '0ms h3 broadcast size 1000']\nexpect = ['drops queue-full at sw >= 1']\n",
        "[host.h1]\naddress = \"192.0.2.1/24\"\n[host.h2]\naddress = \"192.0.2.2/24\"\n[host.h3]\naddress = \"192.0.2.3/24\"\n[[link]]\nbetween = [\"h2\", \"sw.2\"]\nrate = \"1M\"\nqueue = 1\n",
        "[switch.sw]\n",
    ),
    (
        "a_port_without_a_cable_loses_what_it_sends",
        "actions = ['0ms h1 frame \"x\"']\nexpect = ['drops no-link = 1']\n",
        "[host.h1]\naddress = \"192.0.2.1/24\"\n",
        "",
    ),
    (
        "s34_an_unsolicited_reply_changes_nothing_and_a_request_teaches_its_target",
        "actions = ['0ms h1 announce', '10ms h1 ping h2']\nexpect = ['h3 does not know h1', 'h2 knows h1', 'frames h1 out arp-request = 2', 'frames h2 out arp-request = 0']\n",
        STAR,
        "[switch.sw]\n",
    ),
    (
        "s34_three_questions_and_then_the_sender_is_told",
        "actions = ['0ms h1 ping 192.0.2.99']\nexpect = ['h1 ping 192.0.2.99 fails EHOSTUNREACH', 'frames h1 out arp-request = 3', 'drops neighbour-failed at h1 = 1']\n",
        STAR,
        "[switch.sw]\n",
    ),
    (
        "s34_at_most_101_packets_wait_for_a_neighbour",
        "actions = ['0ms h* udp 192.0.2.99:9 \"x\"']\nexpect = ['drops neighbour-failed >= 3']\n",
        STAR,
        "[switch.sw]\n",
    ),
    (
        "s34_three_probes_and_two_announcements",
        "actions = ['0ms h1 probe']\nexpect = ['frames h1 out arp-request = 5', 'h1 says \"probes: does anybody use 192.0.2.1?\"']\n",
        STAR,
        "[switch.sw]\n",
    ),
    (
        "s34_an_address_used_twice_is_noticed_and_defended",
        "actions = ['0ms h2 address 192.0.2.1/24', '1ms h2 announce']\nexpect = ['drops address-conflict at h1 >= 1', 'frames h1 out arp = 1']\n",
        STAR,
        "[switch.sw]\n",
    ),
    (
        "s34_a_proxy_answers_for_who_is_behind_it",
        "links = ['h1 - r.a', 'r.b - h2']\nactions = ['0ms h1 ping h2']\nexpect = ['h1 ping h2 ok', 'r says \"proxy ARP\"', 'h1 routes h2 direct']\n",
        "[host.h1]\naddress = \"192.0.2.1/24\"\n[host.h2]\naddress = \"192.0.2.129/25\"\ngateway = \"192.0.2.254\"\n[router.r]\nproxy_arp = true\ninterfaces = { a = \"192.0.2.100/25\", b = \"192.0.2.254/25\" }\n",
        "",
    ),
    (
        "s35_without_a_route_nothing_is_sent",
        "actions = ['0ms h1 ping 203.0.113.1']\nexpect = ['h1 ping 203.0.113.1 fails ENETUNREACH', 'injected = 0', 'drops no-route at h1 = 1']\n",
        STAR,
        "[switch.sw]\n",
    ),
    (
        "s35_a_gateway_that_is_not_on_the_link_is_said_to_be_wrong",
        "links = ['h1 - h2']\nactions = ['0ms h1 ping 203.0.113.1']\nexpect = ['h1 says \"198.51.100.1, which is in no network of mine\"', 'injected = 0']\n",
        "[host.h1]\naddress = \"192.0.2.1/24\"\ngateway = \"198.51.100.1\"\n[host.h2]\naddress = \"192.0.2.2/24\"\n",
        "",
    ),
    (
        "s35_a_host_does_not_forward",
        "links = ['h1 - h2']\nactions = ['0ms h1 ping 203.0.113.1']\nexpect = ['drops not-for-me at h2 = 1']\n",
        "[host.h1]\naddress = \"192.0.2.1/24\"\ngateway = \"192.0.2.2\"\n[host.h2]\naddress = \"192.0.2.2/24\"\n",
        "",
    ),
    (
        "s35_the_card_ignores_what_is_for_others",
        "actions = ['0ms h1 frame \"x\" to 02:00:00:00:00:99', '1ms h1 frame \"x\" to 01:00:5e:01:02:03', '2ms h1 frame \"x\" to h2']\nexpect = ['drops not-my-mac = 3', 'drops not-my-group = 2', 'drops unknown-protocol at h2 = 1']\n",
        STAR,
        "[switch.sw]\n",
    ),
    (
        "s36_headers_are_checked",
        "actions = ['0ms h1 frame \"E\\x00\" to h2 type 0x0800', '1ms h1 frame \"E\\x00\\x00\\x1c\\x00\\x01\\x00\\x00\\x40\\x11\\x12\\x34\\xc0\\x00\\x02\\x01\\xc0\\x00\\x02\\x02\\x00\\x09\\x00\\x09\\x00\\x08\\x00\\x00\" to h2 type 0x0800']\nexpect = ['drops bad-header at h2 = 1', 'drops bad-checksum at h2 = 1']\n",
        STAR,
        "[switch.sw]\n",
    ),
    (
        "s36_a_source_that_is_no_single_host_is_a_martian",
        "actions = ['0ms h1 frame \"E\\x00\\x00\\x1c\\x00\\x01\\x00\\x00\\x40\\x11\\xd1\\x9a\\x7f\\x00\\x00\\x01\\xc6\\x33\\x64\\x01\\x00\\x09\\x00\\x09\\x00\\x08\\x00\\x00\" to r.a type 0x0800']\nexpect = ['drops martian at r = 1', 'frames h1 in icmp-error = 0']\n",
        ROUTED,
        "",
    ),
    (
        "s36_ttl_1_dies_at_the_router_and_the_error_comes_from_its_near_side",
        "actions = ['0ms h1 ping h2 ttl 1']\nexpect = ['drops ttl-expired at r = 1', 'h1 says \"192.0.2.254 says: TTL expired\"']\n",
        ROUTED,
        "",
    ),
    (
        "s36_no_route_at_the_router_is_told",
        "actions = ['0ms h1 ping 203.0.113.1']\nexpect = ['drops no-route at r = 1', 'h1 says \"network unreachable\"']\n",
        ROUTED,
        "",
    ),
    (
        "s36_nobody_behind_the_last_router_is_told_after_three_questions",
        "actions = ['0ms h1 ping 198.51.100.77']\nexpect = ['frames r.b out arp-request = 3', 'h1 says \"host unreachable\"']\n",
        ROUTED,
        "",
    ),
    (
        "s36_a_directed_broadcast_is_not_forwarded_and_no_error_is_sent",
        "actions = ['0ms h1 ping 198.51.100.255']\nexpect = ['drops directed-broadcast at r = 1', 'frames h1 in icmp-error = 0']\n",
        ROUTED,
        "",
    ),
    (
        "s36_no_error_about_an_error_or_a_broadcast",
        "actions = ['0ms h1 broadcast \"x\"']\nexpect = ['r says \"the packet was for many\"', 'frames h1 in icmp-error = 0']\n",
        ROUTED,
        "",
    ),
    (
        "s36_a_redirect_tells_of_the_shorter_way",
        "links = ['h1 - sw', 'r.a - sw', 'r2 - sw']\nactions = ['0ms h1 ping 203.0.113.1']\nexpect = ['frames h1 in icmp-error >= 1', 'r says \"redirect\"']\n",
        "[host.h1]\naddress = \"192.0.2.1/24\"\ngateway = \"192.0.2.254\"\n[router.r]\nredirects = true\ninterfaces = { a = \"192.0.2.254/24\" }\nroutes = [\"default via 192.0.2.253\"]\n[host.r2]\naddress = \"192.0.2.253/24\"\nanswers_for = [\"203.0.113.0/24\"]\n",
        "[switch.sw]\n",
    ),
    (
        "s36_a_fragment_that_comes_twice_counts_once",
        "actions = ['0ms h1 ping h2 size 5000']\nexpect = ['h1 ping h2 ok', 'drops fragment-duplicate >= 1']\n",
        "[host.h1]\naddress = \"192.0.2.1/24\"\n[host.h2]\naddress = \"192.0.2.2/24\"\n[[link]]\nbetween = [\"h1\", \"h2\"]\nduplicate = 100\n",
        "",
    ),
    (
        "s36_a_packet_for_an_unplugged_link_is_dropped",
        "actions = ['0ms unplug r.b', '1ms h1 ping h2']\nexpect = ['drops link-down at r = 1']\n",
        ROUTED,
        "",
    ),
    (
        "s36_equal_routes_share_the_flows",
        "links = ['h1 - r1.a', 'r1.b - r2.b', 'r1.c - r2.c', 'r2.a - h2']\nactions = ['0ms h1 udp h2:1 \"x\" from 1', '1ms h1 udp h2:2 \"x\" from 2', '2ms h1 udp h2:3 \"x\" from 3', '3ms h1 udp h2:4 \"x\" from 4', '4ms h1 udp h2:5 \"x\" from 5', '5ms h1 udp h2:6 \"x\" from 6']\nexpect = ['frames r1.b out udp >= 1', 'frames r1.c out udp >= 1', 'frames h2 in udp = 6']\n",
        "[host.h1]\naddress = \"192.0.2.1/24\"\ngateway = \"192.0.2.254\"\n[host.h2]\naddress = \"198.51.100.1/24\"\ngateway = \"198.51.100.254\"\n[router.r1]\ninterfaces = { a = \"192.0.2.254/24\", b = \"10.0.1.1/30\", c = \"10.0.2.1/30\" }\nroutes = [\"198.51.100.0/24 via 10.0.1.2\", \"198.51.100.0/24 via 10.0.2.2\"]\n[router.r2]\ninterfaces = { a = \"198.51.100.254/24\", b = \"10.0.1.2/30\", c = \"10.0.2.2/30\" }\nroutes = [\"192.0.2.0/24 via 10.0.1.1\"]\n",
        "",
    ),
    (
        "s38_a_socket_that_nobody_reads_fills_up",
        "links = ['h1 - h2']\nactions = ['0ms h2 run deaf', '1ms h1 udp h2:9 size 60000', '20ms h1 udp h2:9 size 60000', '40ms h1 udp h2:9 size 60000', '60ms h1 udp h2:9 size 60000']\nexpect = ['drops buffer-full at h2 = 1']\n",
        "[host.h1]\naddress = \"192.0.2.1/24\"\n[host.h2]\naddress = \"192.0.2.2/24\"\n[program]\ndeaf = '''\ns = socket(udp)\ns.bind(\"\", 9)\nsleep(1s)\n'''\n",
        "",
    ),
    (
        "ipv6_neighbours_are_found_through_their_group_and_routers_count_hops",
        "links = ['h1 - sw', 'h3 - sw', 'r.a - sw', 'r.b - h2']\nactions = ['0ms h1 ping h3', '10ms h1 ping h2', '20ms h1 ping h2 ttl 1', '30ms h1 ping 2001:db8:9::1', '40ms h1 ping h2 size 3000']\nexpect = ['h1 ping h3 ok', 'drops ttl-expired at r = 1', 'drops no-route at r = 1', 'frames h3 in broadcast = 0', 'frames r.b out fragment = 3', 'h1 says \"3000 octets from 2001:db8:2::1\"']\n",
        "[host.h1]\naddress = \"2001:db8:1::1/64\"\ngateway = \"2001:db8:1::ffff\"\n[host.h2]\naddress = \"2001:db8:2::1/64\"\ngateway = \"2001:db8:2::ffff\"\n[host.h3]\naddress = \"2001:db8:1::3/64\"\n[router.r]\ninterfaces = { a = \"2001:db8:1::ffff/64\", b = \"2001:db8:2::ffff/64\" }\n",
        "[switch.sw]\n",
    ),
    (
        "ipv6_a_packet_too_big_is_told_and_cut_at_its_source",
        "actions = ['0ms h1 ping h2 size 1400', '100ms h1 ping h2 size 1400']\nlinks = ['h1 - r.a']\nexpect = ['drops too-big at r = 1', 'frames h1 out fragment = 2', 'h1 says \"1400 octets from 2001:db8:2::1\"']\n",
        "[host.h1]\naddress = \"2001:db8:1::1/64\"\ngateway = \"2001:db8:1::ffff\"\n[host.h2]\naddress = \"2001:db8:2::1/64\"\ngateway = \"2001:db8:2::ffff\"\n[router.r]\ninterfaces = { a = \"2001:db8:1::ffff/64\", b = \"2001:db8:2::ffff/64\" }\n[[link]]\nbetween = [\"r.b\", \"h2\"]\nmtu = 1280\n",
        "",
    ),
];

fn text_of(rule: &(&str, &str, &str, &str)) -> String {
    let (name, top, boxes, rest) = rule;
    // Links of the boxes come first, as keys must stand before tables.
    let (links, tables) = match boxes.starts_with("links") {
        true => boxes.split_at(boxes.find('\n').map_or(0, |at| at + 1)),
        false => ("", *boxes),
    };
    format!("title = \"{name}\"\n{top}{links}{rest}{tables}")
}

fn run(rule: &(&str, &str, &str, &str)) -> (Scenario, Run) {
    let text = text_of(rule);
    let scenario = Scenario::parse(rule.0, &text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let run = scenario.run(&RunOptions::default());
    (scenario, run)
}

#[test]
fn every_rule_holds() {
    let mut broken = Vec::new();
    for rule in RULES {
        let (scenario, run) = run(rule);
        for (expectation, outcome) in scenario.expectations().iter().zip(&run.outcomes) {
            if let Err(instead) = outcome {
                broken.push(format!("{}: {}: instead {instead}", rule.0, expectation.line));
            }
        }
        if let Err(books) = run.books {
            broken.push(format!("{}: {books}", rule.0));
        }
    }
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn every_reason_is_yielded_by_a_scenario() {
    let mut yielded = BTreeSet::new();
    let mut see = |run: &Run| yielded.extend(run.engine.records().iter().map(|record| record.reason));
    for rule in RULES {
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
