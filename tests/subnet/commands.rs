//! The commands as they are typed.

use serde_json::json;

use crate::tool::{json, json_lines, refusal, run, run_with, text};

#[test]
fn the_and_is_shown_in_bits_with_the_border_and_step_by_step() {
    let shown = text("192.168.1.130/26");
    let picture = "\
192.168.1.130/26
  address  192.168.1.130    11000000.10101000.00000001.10|000010
  mask     255.255.255.192  11111111.11111111.11111111.11|000000
  AND                       ------------------------------------
  network  192.168.1.128    11000000.10101000.00000001.10|000000
                                         26 network bits | 6 host bits
";
    assert!(shown.starts_with(picture), "{shown}");
    let step = "octet 4  130 10|000010 AND 192 11|000000 = 128 10|000000  the border: 2 bits kept, 6 cleared";
    assert!(shown.contains(step), "{shown}");
    assert!(shown.lines().all(|line| line == line.trim_end()), "no blanks at ends of lines");
}

#[test]
fn the_json_of_a_block_has_the_promised_keys() {
    let block = json("192.168.1.10/24");
    let promised = json!({
        "input": "192.168.1.10/24", "address": "192.168.1.10", "prefix_len": 24, "netmask": "255.255.255.0",
        "wildcard": "0.0.0.255", "network": "192.168.1.0", "broadcast": "192.168.1.255", "first_host": "192.168.1.1",
        "last_host": "192.168.1.254", "addresses": "256", "usable": "254", "kind": "private", "class": "C",
        "reverse_zones": ["1.168.192.in-addr.arpa"],
    });
    for (key, value) in promised.as_object().expect("an object") {
        assert_eq!(&block[key], value, "{key}");
    }
    assert_eq!(block["binary"]["network"], "11000000101010000000000100000000");
}

#[test]
fn nothing_absent_is_written_as_null_or_as_an_empty_text() {
    for block in [
        "10.0.0.0/31",
        "::1",
        "fe80::1/64",
        "ff02::1",
        "0.0.0.0/0",
        "::/0",
        "224.0.0.1",
        "2001::1",
        "2002:c000:201::/48",
    ] {
        let line = run(&format!("{block} --json")).stdout;
        assert!(!line.contains("null") && !line.contains("\"\"") && !line.contains("[]"), "{line}");
    }
}

#[test]
fn address_and_mask_may_be_two_words() {
    assert_eq!(json("192.168.1.10 255.255.255.0")["prefix_len"], 24);
    assert_eq!(json("192.168.1.10 /24")["prefix_len"], 24);
    assert!(refusal("192.168.1.10/24 255.255.0.0").contains("second one"));
    assert!(refusal("10.0.0.1 192.0.2.7").contains("several addresses"));
    assert_eq!(json_lines("10.0.0.1/8 10.0.0.2/8 10.0.0.3/8").len(), 3);
}

#[test]
fn lines_of_standard_input_are_answered_and_bad_ones_are_named() {
    let input = "10.0.0.1/24\n\n# a remark\n192.0.2.1 255.255.255.128 # office\nnonsense here now\n2001:db8::1/48\n";
    let run = run_with("- --json", input);
    assert_eq!(run.status, 2);
    assert_eq!(run.stdout.lines().count(), 3);
    assert!(run.stderr.contains("standard input, line 5"), "{}", run.stderr);
    assert!(run.stderr.contains("one input was refused"), "{}", run.stderr);
    let good = run_with("- --table", "10.0.0.1/24\r\n192.0.2.1/25\r\n");
    assert_eq!(good.status, 0, "{}", good.stderr);
    assert!(good.stdout.contains("10.0.0.0/24") && good.stdout.contains("192.0.2.0/25"), "{}", good.stdout);
    assert_eq!(run_with("-", "").status, 2, "nothing at all");
    let long = run_with("-", &"1".repeat(10_000));
    assert!(long.status == 2 && long.stderr.contains("longer than"), "{}", long.stderr);
}

#[test]
fn the_loopback_interface_is_an_input() {
    let run = run("lo --json");
    if run.stderr.contains("neither an address nor an interface") || run.stderr.contains("has no address") {
        eprintln!("skipped: this machine has no loopback interface with an address");
        return;
    }
    assert_eq!(run.status, 0, "{}", run.stderr);
    assert!(run.stdout.contains("\"input\":\"lo\"") && run.stdout.contains("\"kind\":\"loopback\""), "{}", run.stdout);
}

#[test]
fn names_that_are_nothing_are_refused_with_what_was_meant() {
    assert!(refusal("splt").contains("did you mean split?"));
    assert!(refusal("no-such-interface0").contains("neither an address nor an interface"));
}

#[test]
fn n3_same_says_where_the_packet_goes_and_why() {
    let direct = text("same 192.168.1.10 192.168.1.20 --mask 24 --gateway 192.168.1.1");
    assert!(direct.contains("both ANDs give 192.168.1.0/24: the same network"), "{direct}");
    assert!(direct.contains("ARP for 192.168.1.20 directly"), "{direct}");
    let routed = text("same 192.168.1.10 192.168.2.20 --mask 255.255.255.0 --gateway 192.168.1.1");
    assert!(routed.contains("192.168.2.0/24 is not 192.168.1.0/24"), "{routed}");
    assert!(routed.contains("ARP for the gateway 192.168.1.1"), "{routed}");
    assert!(routed.contains("11000000.10101000.00000010|00010100"), "{routed}");
    assert!(
        refusal("same 192.168.1.10 192.168.2.20 --mask 24 --gateway 192.168.2.1")
            .contains("not in 192.168.1.10's network")
    );
    assert!(
        refusal("same 192.168.1.10/24 192.168.2.20 --gateway 192.168.1.1/24").contains("did you mean 192.168.1.1?")
    );
    assert!(refusal("same 192.168.1.10 192.168.2.20").contains("mask of 192.168.1.10 is missing"));
    let answer = json("same 192.168.1.10/24 192.168.2.20 --gateway 192.168.1.1");
    assert_eq!((&answer["next_hop"], &answer["ask_for"]), (&json!("gateway"), &json!("192.168.1.1")));
    assert_eq!(answer["same_network"], false);
}

#[test]
fn split_cuts_by_length_by_number_and_by_hosts() {
    let networks = |arguments: &str| -> Vec<String> {
        json_lines(arguments).iter().map(|row| row["network"].as_str().expect("text").to_owned()).collect()
    };
    let quarters = ["192.0.2.0/26", "192.0.2.64/26", "192.0.2.128/26", "192.0.2.192/26"];
    for arguments in [
        "split 192.0.2.0/24 26",
        "split 192.0.2.0/24 /26",
        "split 192.0.2.0/24 255.255.255.192",
        "split 192.0.2.0/24 --parts 4",
        "split 192.0.2.0/24 --parts 3",
        "split 192.0.2.0/24 --hosts 62",
    ] {
        assert_eq!(networks(arguments), quarters, "{arguments}");
    }
    assert!(text("split 192.0.2.0/24 --parts 3").contains("3 became 4"));
    assert!(text("split ::/0 128 --limit 2").contains("340,282,366,920,938,463,463,374,607,431,768,211,454 more"));
    assert_eq!(json_lines("split 10.0.0.0/8 22 --limit 0").len(), 1 << 14);
    assert!(refusal("split 192.0.2.0/24 23").contains("smaller than the whole"));
    assert!(refusal("split 192.0.2.0/24 --hosts 500").contains("254 hosts"));
    assert!(refusal("split 192.0.2.0/31 --parts 4").contains("too few"));
}

#[test]
fn next_gives_the_blocks_that_follow() {
    let rows = json_lines("next 192.0.2.64/26 2");
    assert_eq!((&rows[0]["network"], &rows[1]["network"]), (&json!("192.0.2.128/26"), &json!("192.0.2.192/26")));
    assert!(text("next 255.255.255.0/25 5").contains("only 1 follow"));
    assert!(refusal("next 255.255.255.128/25").contains("last block"));
    assert!(refusal("next ::/0").contains("last block"));
}

#[test]
fn plan_takes_names_lengths_and_blocks_in_use() {
    let plan = json("plan 192.0.2.0/24 office=100,link=/30,lab=20 --taken 192.0.2.0/26");
    let rows: Vec<_> =
        plan["subnets"].as_array().expect("rows").iter().map(|row| (&row["name"], &row["block"])).collect();
    assert_eq!(
        rows,
        [
            (&json!("lab"), &json!("192.0.2.64/27")),
            (&json!("link"), &json!("192.0.2.96/30")),
            (&json!("office"), &json!("192.0.2.128/25"))
        ]
    );
    assert!(text("plan 100,50,20").contains("10.0.0.0/24 is the smallest that would do"));
    assert!(refusal("plan 192.0.2.0/24 100,100,50").contains("192.0.2.0/23"));
    assert!(refusal("plan 192.0.2.0/24 many").contains("no number of hosts"));
    assert!(refusal("plan 192.0.2.0/24").contains("no sizes"));
    assert_eq!(json("plan 192.0.2.0/31 2 --point-to-point")["free"], "0");
}

#[test]
fn sets_are_merged_subtracted_and_compared() {
    assert_eq!(
        json("merge 192.0.2.0/25 192.0.2.128/25 2001:db8::/33 2001:db8:8000::/33")["blocks"],
        json!(["192.0.2.0/24", "2001:db8::/32"])
    );
    assert_eq!(json("range 192.0.2.1 192.0.2.4")["blocks"], json!(["192.0.2.1/32", "192.0.2.2/31", "192.0.2.4/32"]));
    assert_eq!(json("range 192.0.2.1-192.0.2.4"), json("range 192.0.2.1+4"));
    assert_eq!(json("range 192.0.2.0/24")["ranges"], json!([{"first": "192.0.2.0", "last": "192.0.2.255"}]));
    assert_eq!(json("subtract 192.0.2.0/24 192.0.2.64/26")["blocks"], json!(["192.0.2.0/26", "192.0.2.128/25"]));
    assert_eq!(json("subtract 192.0.2.0/24 192.0.2.0/24")["addresses"], "0");
    let rows = json_lines("contains 10.0.0.0/8 10.1.2.3 11.0.0.0/8 10.0.0.0/7");
    let answers: Vec<_> = rows.iter().map(|row| (row["contained"].as_bool(), row["overlaps"].as_bool())).collect();
    assert_eq!(answers, [(Some(true), Some(true)), (Some(false), Some(false)), (Some(false), Some(true))]);
    let pair = json("overlap 10.0.0.0/8 10.1.0.0/16");
    assert_eq!((&pair["relation"], &pair["common"]), (&json!("holds"), &json!(["10.1.0.0/16"])));
    assert!(text("overlap 10.0.0.0/8 11.0.0.0/8").contains("no address in common"));
    let merged = run_with("merge - --json", "10.0.0.0/25, 10.0.0.128/25\n10.0.1.0/24 # next\n");
    assert!(merged.stdout.contains("[\"10.0.0.0/23\"]"), "{}", merged.stdout);
    assert!(refusal("range 192.0.2.9 192.0.2.1").contains("backwards"));
    assert!(refusal("overlap 10.0.0.0/8").contains("two blocks"));
}

#[test]
fn identifiers_are_made_of_mac_addresses_and_mac_addresses_found_in_them() {
    let block = json("2001:db8::/64 --mac 00:00:5e:00:53:01");
    assert_eq!(block["address"], "2001:db8::200:5eff:fe00:5301");
    assert_eq!(block["ipv6"]["mac"], "00:00:5e:00:53:01");
    assert_eq!(block["ipv6"]["solicited_node"], "ff02::1:ff00:5301");
    assert!(refusal("192.0.2.0/24 --mac 00:00:5e:00:53:01").contains("IPv4"));
    assert!(refusal("2001:db8::/48 --mac 00:00:5e:00:53:01").contains("2001:db8::/64"));
    assert!(refusal("2001:db8::/64 --mac 01:00:5e:00:00:01").contains("group"));
}

#[test]
fn tunnels_and_groups_show_what_is_inside() {
    let teredo = json("2001:0:c000:201:0:e7fa:3fff:fdfe");
    let inside = &teredo["ipv6"]["embedded_ipv4"];
    assert_eq!((&inside["form"], &inside["address"]), (&json!("teredo"), &json!("192.0.2.1")), "stored inverted");
    assert_eq!((&inside["server"], &inside["port"]), (&json!("192.0.2.1"), &json!(0x1805)));
    let tunnel = json("2002:c000:201::/48");
    assert_eq!(tunnel["ipv6"]["embedded_ipv4"]["network"], "192.0.2.1/32");
    assert_eq!(json("64:ff9b::c000:201")["ipv6"]["embedded_ipv4"]["address"], "192.0.2.1");
    let group = json("ff05::1:3");
    assert_eq!(group["ipv6"]["multicast"]["scope_name"], "site-local");
    assert_eq!(group["ipv6"]["multicast_mac"], "33:33:00:01:00:03");
    assert_eq!(json("224.0.0.251")["multicast_mac"], "01:00:5e:00:00:fb");
    assert!(json("224.0.0.0/4").get("first_host").is_none());
}

#[test]
fn kinds_of_an_address_are_listed_from_the_nearest_on() {
    let kinds = json("kinds 192.0.0.9");
    let around: Vec<_> = kinds["around"].as_array().expect("rows").iter().map(|row| row["block"].as_str()).collect();
    assert_eq!(around, [Some("192.0.0.9/32"), Some("192.0.0.0/24"), Some("0.0.0.0/0")]);
    assert_eq!(json("0.0.0.0/0")["kind"], "mixed");
    assert_eq!(json("10.1.2.3/4")["kind"], "private", "the address's own");
    assert_eq!(json("8.8.8.0/24")["kind"], "global-unicast");
    assert_eq!(json("192.0.0.0/24")["kind"], "protocol-assignments", "of the whole block, not of its first address");
}

#[test]
fn random_blocks_are_repeatable_and_private() {
    assert_eq!(text("random 24 --seed 7"), text("random 24 --seed 7"));
    let block = json("random 22");
    assert_eq!(json(block["network"].as_str().expect("text"))["kind"], "private");
    let local = json("random -6");
    assert_eq!(json(local["network"].as_str().expect("text"))["kind"], "unique-local");
    assert!(refusal("random 4").contains("/8 to /32"));
    assert!(refusal("random 32 -6").contains("/48"));
}

#[test]
fn colours_change_nothing_but_colours() {
    let plain = text("192.168.1.130/26 --color never");
    let coloured = text("192.168.1.130/26 --color always");
    let mut without = String::new();
    let mut rest = coloured.as_str();
    while let Some(start) = rest.find('\x1b') {
        without.push_str(&rest[..start]);
        let end = rest[start..].find('m').expect("the end of a colour");
        rest = &rest[start + end + 1..];
    }
    without.push_str(rest);
    assert_ne!(plain, coloured);
    assert_eq!(plain, without);
}

#[test]
fn the_examples_of_the_documentation_are_what_the_program_prints() {
    let page = include_str!("../../docs/SUBNET.md");
    let mut examples = 0;
    for example in page.split("```console\n$ netlab subnet ").skip(1) {
        let (example, _) = example.split_once("```").expect("the end of the example");
        let (arguments, printed) = example.split_once('\n').expect("a command");
        let run = run(arguments);
        assert_eq!(run.stdout + &run.stderr, printed, "{arguments}");
        examples += 1;
    }
    assert!(examples >= 10, "{examples} examples");
}
